"""What if: scenarios through the console, the rules they keep, a lost depot, candidate depots."""

import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.machine import spend, watch
from domain.network import Network
from scenarios.what_if.comparison import compare
from scenarios.what_if.patches import patched
from scenarios.what_if.reading import library, read_scenarios, titles
from scenarios.what_if.siting import siting
from storage.network_folder import read_network

from .demos import plan_json, planned, zapas
from .line import Bench, Figure
from .robustness import contents, differing

MEASURED = 12  # scenarios in ninety seconds
KILLED_AFTER = 25.0  # seconds into a set
_ANNOUNCED, _SURPRISE = "singles-day", "singles-day-surprise"
_BROKEN = """patches:
  dear: {exchange_rate: {currency: XXX, factor: 1.25}}
  shut: {lane_closed: {mode: rocket, from_week: 3, weeks: 4}}
  odd: {tariff_on: {add: 0.1}}
scenarios:
  one: [dear, shut, absent]
  two: [odd]
"""
_PROBLEMS = {2: "XXX", 3: "rocket", 4: "tariff_on", 6: "absent"}  # line: what is wrong there


def scenarios(bench: Bench) -> Iterator[Figure | str]:
    """Twelve scenarios of the library, planned and played, against the clock; the rest of the library; then again."""
    network, plan = planned(bench, "small")
    out = bench.folder / "what-if"
    first = list(library())[:MEASURED]
    spent = _run(bench, network, plan, out, first)
    yield Figure(f"{len(first)} scenarios planned, played and compared in", spent.seconds, "s", at_most=90)
    everything = _run(bench, network, plan, out, list(library()))
    yield Figure("scenarios of the library that ran", len(_compared(out)), at_least=len(titles()))
    yield Figure("  the others in", everything.seconds, "s")
    again = _run(bench, network, plan, out, list(library()))
    yield Figure("  all again, nothing left to do", again.seconds, "s")
    found = {one["name"]: one for one in _compared(out)}
    told, surprised = (found[name]["total"]["scenario"] for name in (_ANNOUNCED, _SURPRISE))
    yield Figure("the surge unannounced costs more than announced by", surprised - told, "USD", at_least=0)
    bound = plan_json(plan)["lower_bound"]
    closed = plan_json(out / "air-closed")["cost"]["total"]
    yield Figure("cost with the air lanes closed above the bound with them open", closed - bound, "USD", at_least=0)


def empty_and_order(bench: Bench) -> Iterator[Figure | str]:
    """A scenario of no patches against the base plan, byte by byte; every pair of patches in both orders."""
    folder, plan = planned(bench, "small")
    out, file = bench.folder / "what-if", bench.folder / "nothing.yaml"
    file.write_text("scenarios:\n  nothing: []\n", encoding="utf-8")
    _run(bench, folder, plan, out, [str(file)])
    ours = {name: content for name, content in contents(out / "nothing").items() if name in contents(plan)}
    yield Figure("files of the base plan", len(contents(plan)), at_least=10)
    yield Figure(
        "  that an empty scenario's plan lacks or has otherwise", len(differing(contents(plan), ours)), at_most=0
    )
    network, _ = read_network(folder)
    patches = {
        str(patch.arguments) + patch.kind: patch
        for one in read_scenarios(list(library()), network)
        for patch in one.patches
    }
    yield from _orders(network, list(patches.values()))


def _orders(network: Network, patches: list[Any]) -> Iterator[Figure | str]:
    differ, refused, pairs = 0, 0, 0
    for number, one in enumerate(patches):
        for other in patches[:number]:
            pairs += 1
            results = []
            for order in ((one, other), (other, one)):
                try:
                    results.append(patched(network, order).snapshot)
                except Exception as error:
                    results.append(type(error).__name__)
            refused += not results[0].isalnum() or results[0].startswith("Bad")
            differ += results[0] != results[1]
    yield Figure("pairs of patches tried in both orders", pairs, at_least=100)
    yield Figure("  refused as clashing, whichever comes first", refused)
    yield Figure("  that come out otherwise in the other order", differ, at_most=0)


def killed_and_broken(bench: Bench) -> Iterator[Figure | str]:
    """A set killed on the way goes on; a broken file names every problem with its line."""
    network, plan = planned(bench, "small")
    out, names = bench.folder / "what-if", list(library())[:MEASURED]
    command: list[str | Path] = [
        bench.root / ".venv/bin/zapas",
        "scenario",
        "run",
        network,
        *names,
        "--plan",
        plan,
        "--out",
        out,
    ]
    killed = watch(command, bench.root, stop=(KILLED_AFTER, signal.SIGKILL))
    yield Figure("exit code of the killed set", killed.exit_code, at_most=-1)
    before = {
        name: (out / name / "plan.json").stat().st_mtime_ns for name in names if (out / name / "plan.json").is_file()
    }
    yield Figure("scenarios done when it was killed", len(before), at_least=1)
    _run(bench, network, plan, out, names)
    kept = sum((out / name / "plan.json").stat().st_mtime_ns == at for name, at in before.items())
    yield Figure("  of them made again by the next run", len(before) - kept, at_most=0)
    yield Figure("scenarios at the end", len(_compared(out)), at_least=len(names))
    file = bench.folder / "broken.yaml"
    file.write_text(_BROKEN, encoding="utf-8")
    done = watch(
        [bench.root / ".venv/bin/zapas", "scenario", "run", network, file, "--out", bench.folder / "no"], bench.root
    )
    yield Figure("a broken file: exit code", done.exit_code, at_least=2, at_most=2)
    named = [
        line for line in done.said.splitlines() for at, wrong in _PROBLEMS.items() if f"{at}" in line and wrong in line
    ]
    yield Figure("  problems named with their line", len(named), at_least=len(_PROBLEMS))
    yield from (f"  {line.strip()}" for line in named)


def lost_depot(bench: Bench, seeds: tuple[int, ...] = (1, 2)) -> Iterator[Figure | str]:
    """Each depot of a demo lost for four weeks: units that lie elsewhere, in hand within 48 hours."""
    for seed in seeds:
        folder, plan = planned(bench, "small", seed)
        network, _ = read_network(folder)
        for depot in network.sites.loc[network.sites["kind"] == "depot", "site"]:
            said = zapas(bench, "depot-lost", folder, "--plan", plan, "--depot", depot, "--json").said
            found = json.loads(said[said.index("{") :])  # progress comes before
            share = found["answered"]["of_found"]
            if share is None:
                yield f"demo {seed}, {depot}: nothing lies where a quick lane leads from"
                continue
            what = f"demo {seed}, {depot}: of what lies elsewhere, in hand within 48 hours"
            yield Figure(what, 100 * share["value"], "%", at_least=100 * found["promised"])
            yield Figure("  of all units asked", 100 * found["answered"]["in_time"]["value"], "%")
            yield Figure("  unanswered", 100 * found["unanswered"]["in_time"]["value"], "%")


def candidates(bench: Bench) -> Iterator[Figure | str]:
    """The small demo with every depot in question: full plans of the choice and of every single swap."""
    folder, _ = planned(bench, "small")
    found = siting(with_candidates(read_network(folder)[0]), tell=bench.tell).json()
    yield f"changes: {', '.join(one['change'] + ' ' + one['site'] for one in found['changes']) or 'none'}"
    yield Figure("saved a year by full plans", found["saves"], found["currency"], at_least=0)
    yield Figure("full plans made", found["plans"])
    yield Figure("single swaps planned in full", len(found["swaps"]), at_least=4)
    costs = [one["more"] for one in found["swaps"] if one["more"] is not None]  # the others cannot serve every point
    yield Figure("  the cheapest of them costs more by", float(np.min(costs)), found["currency"], at_least=0)


def with_candidates(network: Network, rent: float = 3_000.0) -> Network:
    """The network with every depot in question at this rent a year; each may serve the others' points, but dearer.

    By couriers of four days more at four times the money of those there are.
    """
    sites, lanes = network.sites, network.lanes
    depots = sites.loc[sites["kind"] == "depot", "site"]
    points = sites.loc[sites["kind"] == "repair_point", "site"]
    couriers = lanes[lanes["origin"].isin(depots) & lanes["destination"].isin(points)]
    known = set(zip(couriers["origin"], couriers["destination"], strict=True))
    more = []
    for depot in depots:
        others = couriers[[(depot, point) not in known for point in couriers["destination"]]]
        others = others.drop_duplicates("destination").assign(
            origin=depot,
            transit_days=lambda rows: rows["transit_days"] + 4,
            cost_per_kg=lambda rows: rows["cost_per_kg"] * 4,
        )
        more.append(others.assign(lane=others["origin"] + "-" + others["destination"] + "-" + others["mode"]))
    rents = sites["opening_cost_per_year"].where(sites["kind"] != "depot", rent)
    return replace(
        network, sites=sites.assign(opening_cost_per_year=rents), lanes=pd.concat([lanes, *more], ignore_index=True)
    )


def one_of_wisetech(bench: Bench) -> Iterator[Figure | str]:
    """One scenario of wisetech, announced, planned from the base plan, beside that plan; both by the console."""
    folder, plan = planned(bench, "wisetech")
    base = plan_json(plan)["seconds"]["total"]
    yield Figure("the plan", base, "s")
    for name in ("rouble-20", "air-closed"):
        out = bench.folder / name
        spent = spend(
            [bench.root / ".venv/bin/zapas", "scenario", "run", folder, name, "--plan", plan, "--out", out,
             "--replications", "2", "--crossed", "0"], bench.root,
        )  # fmt: skip
        own = plan_json(out / name)["seconds"]["total"]
        yield Figure(f"{name}: its plan ÷ the plan", own / base, at_most=1.2)
        yield Figure("  the whole command, two plays of each included", spent.seconds, "s")


def _run(bench: Bench, network: Path, plan: Path, out: Path, named: list[str]) -> Any:
    return zapas(bench, "scenario", "run", network, *named, "--plan", plan, "--out", out)


def _compared(out: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = compare(out).json()["scenarios"]
    return found
