"""The demo networks through the console, as a user runs them: time, memory, gaps, and what the demo itself promises."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.machine import Spent, spend, watch
from domain.network import Network
from domain.service import group_of, service_targets
from storage.network_folder import read_network

from .line import Bench, Figure

GB = 1e9
HALF_YEAR, YEAR = pd.Timedelta(days=182), pd.Timedelta(days=364)
_OURS = ("MAKE", "MFLAGS", "VIRTUAL_ENV", "PYTHON", "PIP_NO_", "NUMBA_", "COVERAGE")


def zapas(bench: Bench, *arguments: str | Path) -> Spent:
    """A console command of this checkout. Raises CommandError."""
    return spend([bench.root / ".venv/bin/zapas", *arguments], bench.root)


def plan_json(out: Path) -> dict[str, Any]:
    """plan.json of a plan folder."""
    found: dict[str, Any] = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    return found


def places_of(bench: Bench, size: str, seed: int = 1) -> tuple[Path, Path]:
    """Where a demo network and its plan are kept for all lines of a run."""
    place = bench.folder.parent / f"demo-{size}-{seed}"
    return place / "network", place / "plan"


def planned(bench: Bench, size: str, seed: int = 1) -> tuple[Path, Path]:
    """Folders of a demo network and its plan, made once in a run."""
    folder, out = places_of(bench, size, seed)
    if not (out / "plan.json").is_file():
        zapas(bench, "demo", folder, "--size", size, "--seed", str(seed))
        zapas(bench, "plan", folder, "--out", out)
    return folder, out


def fresh_clone(bench: Bench) -> Iterator[Figure | str]:
    """Clone what is committed, then `make demo` twice and `make test`, with no package kept from an earlier install."""
    clone = bench.folder / "zapas"
    spend(["git", "clone", "--quiet", bench.root, clone], bench.folder)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    clean |= {"PIP_NO_CACHE_DIR": "1"}
    first = spend(["make", "demo"], clone, clean)
    yield Figure("first make demo", first.seconds, "s", at_most=240)
    yield Figure("gap", 100 * plan_json(clone / "build/demo/plan")["gap"], "%", at_most=5)
    again = spend(["make", "demo"], clone, clean)
    yield Figure("second make demo", again.seconds, "s", at_most=25)
    tests = watch(["make", "test"], clone, clean)
    yield Figure("make test", tests.seconds, "s", at_most=600)
    yield Figure("its exit code", tests.exit_code, at_most=0, at_least=0)
    yield f"make test ended: {tests.last_words}"
    if "ZAPAS_REAL_DATA" not in clean:
        yield "the tests on real data were skipped: no real data"


def wisetech(bench: Bench) -> Iterator[Figure | str]:
    """Generate and plan the wisetech demo, then count what the demo promises."""
    folder, out = places_of(bench, "wisetech")
    made = zapas(bench, "demo", folder, "--size", "wisetech")
    yield Figure("generated", made.seconds, "s", at_most=60)
    planned = zapas(bench, "plan", folder, "--out", out)
    yield Figure("planned", planned.seconds, "s", at_most=180)
    yield Figure("memory generating", made.peak_bytes / GB, "GB")
    yield Figure("memory planning", planned.peak_bytes / GB, "GB", at_most=6)
    plan = plan_json(out)
    yield Figure("gap", 100 * plan["gap"], "%", at_most=1)
    yield Figure("gap of controllable cost", 100 * plan["gap_controllable"], "%", at_most=8)
    yield Figure("gap at zero prices − gap", plan["gap_at_zero_prices"] - plan["gap"], at_least=0.0005)
    yield f"seconds by step: {', '.join(f'{step} {seconds:.0f}' for step, seconds in plan['seconds'].items())}"
    network, _ = read_network(folder)
    yield from promises(network, plan, demands_of_a_group=5000)
    leaves = pd.read_parquet(out / "forecast.parquet", columns=["part", "region", "mean"])
    wanted = leaves[leaves["mean"] > 0].drop_duplicates(["part", "region"])
    yield Figure("part × depots with expected demand", len(wanted), at_least=50_000)
    kinds = network.sites["kind"].value_counts()
    yield Figure("parts", len(network.parts), at_least=20_000, at_most=20_000)
    yield Figure("models", len(network.models), at_least=5000, at_most=5000)
    yield Figure("brands", network.models["brand"].nunique(), at_least=350, at_most=350)
    yield Figure("repair points", kinds["repair_point"], at_least=80, at_most=80)
    yield Figure("usage rows", len(network.usage), at_least=1_000_000)


def small(bench: Bench) -> Iterator[Figure | str]:
    """Generate and plan the small demo, then count what the demo promises."""
    folder, out = bench.folder / "network", bench.folder / "plan"
    zapas(bench, "demo", folder, "--size", "small")
    planned = zapas(bench, "plan", folder, "--out", out)
    plan = plan_json(out)
    yield Figure("planned", planned.seconds, "s")
    yield Figure("memory planning", planned.peak_bytes / GB, "GB")
    yield Figure("gap", 100 * plan["gap"], "%", at_most=5)
    network, _ = read_network(folder)
    yield from promises(network, plan, demands_of_a_group=1)
    yield Figure("usage rows", len(network.usage), at_least=30_000)


def promises(network: Network, plan: dict[str, Any], demands_of_a_group: int) -> Iterator[Figure]:
    """What every demo promises of its network, at the plan: limits that bind, dangerous goods, lots, service groups."""
    yield Figure("budget binds in", 100 * plan["binding"]["budget"], "% of periods", at_least=50)
    yield Figure("capacity binds on", 100 * plan["binding"]["lane_capacity"], "% of lane-weeks", at_least=10)
    parts, usage = network.parts, network.usage
    yield Figure("dangerous goods", round(100 * parts["dangerous_goods"].mean(), 6), "%", at_least=14.5, at_most=15.5)
    today = pd.Timestamp(network.settings.as_of)
    lately = usage[usage["date"] > today - HALF_YEAR].groupby("part")["quantity"].sum()
    moq = parts.set_index("part")["moq"]
    large = (moq > 1) & (moq > lately.reindex(moq.index, fill_value=0))
    yield Figure("MOQ above the last half year's demand", 100 * large.mean(), "% of parts", at_least=20)
    demands = usage[(usage["date"] > today - YEAR) & (usage["quantity"] > 0)]
    group = group_of(network, demands["part"].to_numpy(object), demands["site"].to_numpy(object))
    count = np.bincount(group, minlength=len(service_targets(network)))
    what = f"service groups of ≥ {demands_of_a_group:,} demands a year"
    yield Figure(what, int((count >= demands_of_a_group).sum()), at_least=3)
