"""The referee: closed forms, conservation, a plain model, speed; and what it says of the plans of demos 1 to 5."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from benchmarks.machine import spend
from benchmarks.referee.speed import measure
from domain.logistics import WEEKS_PER_YEAR
from reports.html import with_simulated
from reports.promise import sentences_of
from scenarios.simulate import DemandSource, plan_to_judge, simulate
from simulation.referee.board import Floats
from simulation.referee.case import Case, case_of
from simulation.referee.referee import from_law, replicate, rules_of
from simulation.referee.verdict import ratio_interval, service_by_part
from storage.network_folder import read_network
from storage.plan_folder import read_plan
from tests.simulation.referee import closed_forms as forms
from tests.simulation.referee.boards import played, rules
from tests.simulation.referee.test_engine import WEEKS, whole_network

from .demos import GB, plan_json, planned, zapas
from .line import Bench, Figure
from .robustness import pytest_counts

SEEDS = (1, 2, 3, 4, 5)
HALF_WIDTH, MOST_PLAYS, PLAYS = 0.005, 400, 20
MANY_OF_A_GROUP, MANY_OF_A_PART = 5000, 100
MILLION = 1_000_000
ORACLE = "tests/simulation/referee/test_oracle.py"


def closed_forms(bench: Bench, size: float = 1.0) -> Iterator[Figure | str]:
    """Each closed form at `size` million events or more; the intervals hold all of them at once (Bonferroni)."""

    def copies(at_a_million: int) -> int:
        return max(int(at_a_million * size), 12)  # of fewer the spread is hardly known

    found = (
        forms.palm(copies(240)),
        forms.in_order(runs=copies(40), copies=100),
        forms.newsvendor(copies(60_000), a=np.inf),
        forms.newsvendor(copies(60_000), a=2.0),
        *forms.base_stock(copies(4000), a=np.inf),
        *forms.base_stock(copies(4000), a=4.0),
        *(forms.reorder(*row, copies=copies(100)) for row in forms.PUBLISHED),
        forms.two_echelons(copies(200)),
    )
    wide = float(norm.isf(0.5 * 0.05 / len(found)))
    for one in found:
        yield f"{one.what} {one.found:.5g} ± {wide * one.error:.2g}, exact {one.exact:.5g}"
    yield Figure("closed forms compared", len(found), at_least=1)
    yield Figure("farthest from the exact figure", max(one.distance for one in found) / wide, "half-widths", at_most=1)
    yield Figure("fewest events of one", min(one.events for one in found), at_least=MILLION * size)


def conservation(bench: Bench, networks: int = 300, plays: int = 3) -> Iterator[Figure | str]:
    """Random networks and the small demo, each with everything that moves or ends a unit; the same on one thread."""
    events = lost = 0
    for seed in range(networks):
        table, demands, due = whole_network(seed)
        rule = rules(
            7.0 * WEEKS, fifo=seed % 2 == 0, defectives=True, patience_days=(np.inf, 9.0)[seed % 2], check=True
        )
        out = played(table, demands, rule._replace(laterals=True, express=True), due, seed)
        events, lost = events + int(out.events.sum()), lost + int(abs(out.lost).sum())
    yield Figure("events of random networks", events, at_least=1)
    yield Figure("units lost or found", lost, at_most=0)
    folder, out_folder = planned(bench, "small")
    case = _case(folder, out_folder, emergencies=True)
    rule = rules_of(case, patience_days=60.0, check=True, laterals=True, express=True)
    seen = [replicate(case, from_law(case), rule, 1, play)[2] for play in range(plays)]
    yield Figure("events of the small demo", sum(int(one.events.sum()) for one in seen), at_least=1)
    yield Figure("units lost or found there", sum(int(abs(one.lost).sum()) for one in seen), at_most=0)
    said = [_simulate_on(bench, folder, out_folder, threads) for threads in (1, 2)]
    yield Figure("bytes of the answer on one thread", len(said[0]), at_least=1)
    yield Figure("answers on one and two threads that differ", int(said[0] != said[1]), at_most=0)


def _simulate_on(bench: Bench, folder: Path, out: Path, threads: int) -> str:
    command: list[str | Path] = ["simulate", folder, "--plan", out, "--replications", str(PLAYS), "--json"]
    environment = {**os.environ, "NUMBA_NUM_THREADS": str(threads)}
    return spend([bench.root / ".venv/bin/zapas", *command], bench.root, environment).said


def plain_model(bench: Bench, parts: int = 2000, simpy_parts: int = 40) -> Iterator[Figure | str]:
    """The tests against SimPy, then the time of an event of both on one network, in one run."""
    yield from pytest_counts(bench, ORACLE)
    found = measure(parts=parts, weeks=52, simpy_parts=simpy_parts)
    yield Figure("an event of the engine", found["engine_us"], "µs")
    yield Figure("an event of SimPy", found["simpy_us"], "µs")
    yield Figure("times faster", found["times_faster"], at_least=100)


def wisetech_played(bench: Bench, weeks: int = 52) -> Iterator[Figure | str]:
    """`zapas simulate` of the wisetech plan in a process of its own, after one that leaves the compiled engine."""
    folder, out = planned(bench, "wisetech")
    command: list[str | Path] = ["simulate", folder, "--plan", out, "--json", "--replications"]
    zapas(bench, *command, "2", "--weeks", "1")
    spent = zapas(bench, *command, str(PLAYS), "--weeks", str(weeks))
    yield Figure(f"{weeks} weeks played {PLAYS} times", spent.seconds, "s", at_most=60)
    yield Figure("memory", spent.peak_bytes / GB, "GB", at_most=3)


def promise_kept(bench: Bench, seeds: Sequence[int] = SEEDS) -> Iterator[Figure | str]:
    """Promised and achieved of every group and part, demand from the plan's forecast, and from the hidden truth."""
    for seed in seeds:
        folder, out = planned(bench, "small", seed)
        drawn, true = (_judged(folder, out, demand) for demand in (DemandSource.forecast, DemandSource.truth))
        yield f"demo {seed}: {'; '.join(_of_group(name, drawn, true) for name in drawn['service'])}"
        for found, what, most in ((drawn, "the promise", 1), (true, "it on the hidden truth", 3)):
            years = found["weeks"] / WEEKS_PER_YEAR
            large = [row for row in found["service"].values() if row["asked"] / years >= MANY_OF_A_GROUP]
            yield f"demo {seed}: {found['replications']} plays"
            yield Figure(f"groups of ≥ {MANY_OF_A_GROUP:,} demands a year", len(large), at_least=1)
            width = max(50 * (row["high"] - row["low"]) for row in found["service"].values())
            yield Figure("widest half-width", width, "points", at_most=100 * HALF_WIDTH)
            worst = max((100 * (row["achieved"] - row["promised"]) for row in large), key=abs)
            yield Figure(f"farthest from {what}", worst, "points", at_most=most, at_least=-most)
        held = parts_kept(folder, out)
        yield Figure(f"parts with ≥ {MANY_OF_A_PART} demands in {PLAYS} plays", held.judged, at_least=1)
        yield Figure("their promise inside their 95 % interval", 100 * held.share, "%", at_least=85)


def _of_group(name: str, drawn: dict[str, Any], true: dict[str, Any]) -> str:
    row, other = drawn["service"][name], true["service"].get(name)
    truth = "" if other is None else f", on the hidden truth {100 * other['achieved']:.1f}"
    width = 50 * (row["high"] - row["low"])
    return f"{name} promised {100 * row['promised']:.1f} %, achieved {100 * row['achieved']:.1f} ± {width:.1f}{truth}"


@cache
def _judged(folder: Path, out: Path, demand: DemandSource = DemandSource.forecast) -> dict[str, Any]:
    """What `zapas simulate --half-width 0.005` answers; asked once for all lines."""
    return simulate(folder, out, MOST_PLAYS, demand=demand, half_width=HALF_WIDTH)


def _case(folder: Path, out: Path, emergencies: bool = False) -> Case:
    network, _ = read_network(folder)
    plan = plan_to_judge(network, read_plan(out))
    return case_of(network, plan, network.settings.horizon_weeks, emergencies=emergencies)


@dataclass(frozen=True)
class PartsKept:
    """Parts asked for often enough to be judged, and the share of them whose promise lies in their interval."""

    judged: int
    share: float


def parts_kept(folder: Path, out: Path, plays: int = PLAYS, many: int = MANY_OF_A_PART) -> PartsKept:
    """The promise of each part against its own fill rate over `plays`."""
    case = _case(folder, out)
    draw, rule = from_law(case), rules_of(case)
    every = []
    for play in range(plays):
        demands, _, result = replicate(case, draw, rule, 1, play)
        every.append(service_by_part(case, demands, result.at_once))
    asked, served = (np.array(units, float) for units in zip(*every, strict=True))
    promise = promised_by_part(case, read_plan(out).frame("targets"))
    often = np.flatnonzero(asked.sum(axis=0) >= many)
    inside = 0
    for row in often:
        found = ratio_interval(served[:, row], asked[:, row])
        inside += found.low <= promise[row] <= found.high
    return PartsKept(len(often), inside / max(len(often), 1))


def promised_by_part(case: Case, targets: pd.DataFrame) -> Floats:
    """The plan's promise for each part: of its points by their expected demand in weeks 1..T, (parts,)."""
    forecast = case.plan.forecast
    expected = forecast.mean[:, : case.weeks].sum(axis=1)[forecast.share_leaf] * forecast.share
    points = pd.DataFrame({"part": forecast.part[forecast.share_leaf], "site": forecast.share_site, "units": expected})
    points = points.merge(targets[["part", "site", "promised"]], on=["part", "site"], how="left", validate="1:1")
    points = points[points["units"] > 0]
    row, parts = case.rows.part_row(points["part"]), len(case.rows.parts)
    units = points["units"].to_numpy(float)
    with np.errstate(invalid="ignore"):  # a part nobody expects promises nothing
        return np.bincount(row, units * points["promised"].to_numpy(float), parts) / np.bincount(row, units, parts)


def cost_predicted(bench: Bench, seeds: Sequence[int] = SEEDS) -> Iterator[Figure | str]:
    """Holding and shortage of plan.json against the referee's, demand from the forecast."""
    for seed in seeds:
        folder, out = planned(bench, "small", seed)
        cost, found = plan_json(out)["cost"], _judged(folder, out)["cost"]
        ours, theirs = (money["holding"] + money["shortage"] for money in (cost, found))
        for kind in ("holding", "shortage"):
            yield f"demo {seed}: {kind} predicted {cost[kind]:,.0f}, played {found[kind]:,.0f}"
        what = f"demo {seed}: holding + shortage predicted over played"
        yield Figure(what, 100 * (ours / theirs - 1), "%", at_most=10, at_least=-10)


def status_quo(bench: Bench, seeds: Sequence[int] = SEEDS) -> Iterator[Figure | str]:
    """Turnaround of a repair and its cost: every part by express after the fault, and with the plan; and whether the
    report says so."""
    for seed in seeds:
        folder, out = planned(bench, "small", seed)
        plan = _judged(folder, out)
        without = plan["status_quo"]
        yield Figure(f"demo {seed}: turnaround by express", without["turnaround_days"], "days", at_least=18, at_most=24)
        yield Figure("with the plan", plan["turnaround_days"], "days", at_most=5)
        cost = [policy["cost"]["per_repair"] for policy in (without, plan)]
        yield f"demo {seed}: {cost[0]:.2f} a repair by express, {cost[1]:.2f} with the plan, waiting priced in both"
    folder, out = planned(bench, "small", seeds[0])
    copy = bench.folder / "plan"
    copytree(out, copy)
    found = simulate(folder, copy, 4, retold=with_simulated)
    report = " ".join(unescape((copy / "report.html").read_text(encoding="utf-8")).split())
    said = [" ".join(one.split()) for one in sentences_of(found, read_plan(copy).settings["currency"])]
    yield Figure("sentences about turnaround and cost", len(said), at_least=1)
    yield Figure("of them not in report.html", sum(sentence not in report for sentence in said), at_most=0)
