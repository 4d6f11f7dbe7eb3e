"""Replenishment against the same problem as a mixed-integer program, and parts' programs against exact optima."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.car_parts import car_parts_network
from benchmarks.replenishment.exact_parts import EQUAL, PARTS, samples
from benchmarks.replenishment.instances import Problem, small_demo
from benchmarks.replenishment.limits import SITUATIONS
from benchmarks.replenishment.race import OURS, race
from benchmarks.replenishment.race import PARTS as RACED
from benchmarks.replenishment.scale import PARTS as GROWING
from benchmarks.replenishment.scale import alliance, scale
from benchmarks.replenishment.single_mode import PLAN, READINGS, Contest, farthest, of_folders, saved
from benchmarks.replenishment.steady import (
    Change,
    change,
    enlarged,
    in_the_books,
    one_more_repair,
    plan_of,
    repairs,
    with_rooms,
)
from benchmarks.replenishment.steady import planned as planned_again
from benchmarks.replenishment.table import compared
from benchmarks.replenishment.wisetech import wisetech as wisetech_parts
from domain.network import Network
from storage.network_writing import write_tables

from .demos import plan_json, planned, zapas
from .line import Bench, Figure
from .robustness import contents, differing

SEEDS = (1, 2, 3, 4, 5)
JUDGED, UNEQUAL = "one mode a depot", 0.005  # the peer of the line; fill rates within half a point are equal
SECONDS_EACH = 5.0  # at most, for the exact optimum of a part


def peer(
    bench: Bench, parts: Sequence[int] = RACED, seconds: float | None = None, demo: Problem | None = None
) -> Iterator[Figure | str]:
    """Cost, bound and seconds of the decomposition and of each solver on the same parts of the small demo."""
    cheaper, sooner, over = 0, 0, 0
    for frame in race(demo or small_demo(), parts, seconds, tell=bench.tell):
        found = compared(frame).set_index("planner")
        number, ours, others = int(found["parts"].iloc[0]), found.loc[OURS], found.drop(index=OURS)
        best = others["cost"].min()
        cheaper += not ours["cost"] > best * (1 + EQUAL)
        sooner += bool((ours["seconds"] <= others["seconds"] + others["written"]).all())
        over += int((found["bound"] > found["cost"].min() * (1 + EQUAL)).sum())
        yield f"{number} parts: " + "; ".join(
            f"{name} {row['cost']:,.0f}, bound {row['bound']:,.0f}, {row['seconds'] + row['written']:.1f} s"
            for name, row in found.iterrows()
        )
        yield Figure(f"{number} parts: our cost above the best bound", 100 * float(ours["above"]), "%")
    yield Figure("sizes measured", len(parts), at_least=len(RACED))
    yield Figure("sizes at which no solver finds a cheaper plan", cheaper)
    yield Figure("sizes at which no solver is sooner done", sooner)
    yield Figure("bounds above a plan somebody found", over, at_most=0)


def exact_parts(bench: Bench, parts: int = PARTS, seconds: float = SECONDS_EACH) -> Iterator[Figure | str]:
    """Plan and bound of single parts' programs against what HiGHS proves of each part alone."""
    for name, found in samples(parts, seconds, bench.tell):
        yield name
        yield from found.lines()
        yield Figure("parts compared", len(found.part), at_least=parts if name.startswith("Parts") else 1)
        yield Figure("optimum proven", int(found.proven.sum()), "of them", at_least=0.5 * len(found.part))
        yield Figure("plan above the best seen, on average", 100 * float(found.excess.mean()), "%")
        yield Figure("worst", 100 * float(found.excess.max()), "%")
        yield Figure("bound below the best seen, on average", 100 * float(found.shortfall.mean()), "%")
        yield Figure("bounds above a plan somebody found", found.bounds_above, at_most=0)


def single_mode(
    bench: Bench, seeds: Sequence[int] = SEEDS, plays: int = 3, car_parts: int = 300
) -> Iterator[Figure | str]:
    """Logistics cost of the plan made anew every week against single-mode (s, nQ) at its fill rates, all plays of all
    demos together; then the car-parts network (`car_parts` of its parts), where the real data are."""
    contests = []
    for seed in seeds:
        contests.append(of_folders(*planned(bench, "small", seed), plays, tell=bench.tell))
        yield f"demo {seed}: {_contest(contests[-1])}"
    for reading, words in READINGS.items():
        share, judged = saved(contests, reading), reading == JUDGED
        least = (22, 18, 100 * UNEQUAL) if judged else (None, None, None)
        yield Figure(f"saved against {words}", 100 * share.value, "%", at_least=least[0])
        yield Figure("  lower end of its 95 % interval", 100 * share.low, "%", at_least=least[1])
        yield Figure("  farthest fill rate of a group", 100 * farthest(contests, reading), "points", at_most=least[2])
    if bench.real_data is None:
        yield "car parts: not played, ZAPAS_REAL_DATA is not set"
        return
    folder, out = bench.folder / "car_parts", bench.folder / "car_parts_plan"
    tables, settings = car_parts_network(bench.real_data, car_parts)
    write_tables(tables, settings, folder)
    zapas(bench, "plan", folder, "--out", out)
    yield f"{car_parts} car parts: {_contest(of_folders(folder, out, plays, tell=bench.tell))}"


def scaling(bench: Bench, sizes: Sequence[int] = GROWING) -> Iterator[Figure | str]:
    """Seconds, gap and memory of networks of these sizes, and how seconds grow with the parts."""
    yield from scale(bench.folder, sizes)


def industrial(bench: Bench) -> Iterator[Figure | str]:
    """The alliance: seconds, gap and memory, step by step."""
    yield from alliance(bench.folder)


def _contest(found: Contest) -> str:
    ours = found.logistics(PLAN).mean()
    others = ", ".join(
        f"{words} {found.logistics(reading).mean():,.0f} ({100 * saved([found], reading).value:+.1f} % saved)"
        for reading, words in READINGS.items()
    )
    return f"logistics cost of the plan {ours:,.0f}; {others}"


def limits(
    bench: Bench, demo: Problem | None = None, situations: Sequence[str] = tuple(SITUATIONS)
) -> Iterator[Figure | str]:
    """The small demo where something stops supply: always a plan, with waiting charged and an exception that says why;
    one of them through the console."""
    problem, told = demo or small_demo(), 0
    for name in situations:
        change_of, kind = SITUATIONS[name]
        plan = plan_of(planned_again(problem, change_of(problem.network)))
        found = plan.exceptions[plan.exceptions["kind"] == kind]
        told += len(found) > 0 and plan.cost.shortage > 0 and plan.lower_bound <= plan.cost.total
        says = found["says"].iloc[0] if len(found) else "nothing is said"
        yield f"{name}: shortage {plan.cost.shortage:,.0f}; {says}"
    yield Figure("situations with a plan, its shortage priced and said", told, at_least=len(situations))
    folder, out = bench.folder / "network", bench.folder / "plan"
    zapas(bench, "demo", folder, "--size", "small")
    settings = folder / "network.toml"
    text = settings.read_text(encoding="utf-8").splitlines()
    poor = ["budget_per_period = 0" if line.startswith("budget_per_period") else line for line in text]
    settings.write_text("\n".join(poor) + "\n", encoding="utf-8")
    done = zapas(bench, "plan", folder, "--out", out)
    yield Figure("zapas plan with a budget of 0: exit code", done.exit_code, at_most=0, at_least=0)
    yield Figure("purchase value", plan_json(out)["cost"]["purchase"], at_most=0)
    sheet = pd.read_excel(out / "plan.xlsx", sheet_name="Exceptions", header=None, engine="calamine").to_numpy().ravel()
    yield Figure("lines in plan.xlsx that say so", sum("the budget is 0" in str(cell) for cell in sheet), at_least=1)


def steady(bench: Bench, demo: Problem | None = None, number: int = 10, console: bool = True) -> Iterator[Figure | str]:
    """The same data again; one repair order more; more of a limit (`number` repairs and enlargements)."""
    if console:
        yield from _again(bench)
    problem = demo or small_demo()
    books = in_the_books(problem)
    yield from _with_repairs(problem, books, number, "changes cost nothing")
    dear = replace(books, settings=replace(books.settings, churn_cost=2 * books.settings.order_line_cost))
    yield from _with_repairs(problem, dear, number, "a change costs two order lines")
    yield from _enlargements(problem, number)


def _again(bench: Bench) -> Iterator[Figure | str]:
    """The small demo planned into another folder; then, where changes cost, a week's plan made again over itself."""
    network, out = planned(bench, "small")
    zapas(bench, "plan", network, "--out", bench.folder / "again")
    one, other = contents(out), contents(bench.folder / "again")
    yield Figure(f"planned again: files that differ, of {len(one)}", len(differing(one, other)), at_most=0)
    folder, plan = bench.folder / "network", bench.folder / "plan"
    shutil.copytree(network, folder)
    settings, repair_orders = folder / "network.toml", folder / "repair_orders.csv"
    settings.write_text("churn_cost = 1.6\n" + settings.read_text(encoding="utf-8"), encoding="utf-8")
    zapas(bench, "plan", folder, "--out", plan)
    rows = pd.read_csv(repair_orders, dtype=str, keep_default_na=False)
    more = pd.concat([rows, rows.iloc[:1].assign(repair_order="one more")], ignore_index=True)
    more.to_csv(repair_orders, index=False)
    tables = []
    for _ in range(2):
        zapas(bench, "plan", folder, "--out", plan)
        tables.append({name: content for name, content in contents(plan).items() if name.endswith(".parquet")})
    what = "where changes cost, planned again over itself: tables that differ"
    yield Figure(what, len(differing(*tables)), at_most=0)
    yield Figure("  of them compared with the plan before", float("earlier_shipments.parquet" in tables[1]), at_least=1)


def _with_repairs(problem: Problem, network: Network, number: int, words: str) -> Iterator[Figure | str]:
    """What one repair order more changes in the plan of a network whose first weeks are frozen."""
    before = plan_of(planned_again(problem, network))
    if network.settings.churn_cost > 0:  # as published once changes cost: the plan before it was made of these data
        before = plan_of(planned_again(problem, network, before))
    lines = f"{len(before.shipments):,} shipment lines and {len(before.purchase_orders):,} purchases"
    yield f"{words}: {lines}, those of the first two weeks approved and inbound"
    found: list[Change] = []
    for part, site in repairs(problem, number):
        made = plan_of(planned_again(problem, one_more_repair(network, part, site), before))
        found.append(change(network, before, made))
    for what, counts in (
        ("shipment lines", [one.shipments for one in found]),
        ("purchases", [one.purchases for one in found]),
    ):
        mean, middle, worst = np.mean(counts), np.median(counts), max(counts)
        yield Figure(f"  one repair more: {what} changed, on average", float(mean))
        yield f"  half of the repairs change at most {middle:,.0f} {what}, the worst {worst:,}"
    yield Figure("  new lines in frozen weeks", sum(one.frozen for one in found), at_most=0)


def _enlargements(problem: Problem, number: int, seed: int = 6) -> Iterator[Figure | str]:
    """More of some limit: the bound is never above a plan found with less, and how the reported bound moves."""
    narrow = with_rooms(problem.network)
    less = plan_of(planned_again(problem, narrow))
    rng, above, rises = np.random.default_rng(seed), 0, []
    for _ in range(number):
        what, wide = enlarged(narrow, rng)
        more = plan_of(planned_again(problem, wide))
        above += more.lower_bound > less.cost.total
        rises.append(more.lower_bound / less.lower_bound - 1)
        yield f"{what}: bound {100 * rises[-1]:+.4f} %, cost {100 * (more.cost.total / less.cost.total - 1):+.3f} %"
    yield Figure("more capacity: bounds above the plan found with less", above, at_most=0)
    yield Figure("  reported bounds that rose", sum(rise > 1e-9 for rise in rises))
    yield Figure(
        "  by at most, the search for prices ending short of the best", 100 * max(0.0, *rises), "%", at_most=0.05
    )


def wisetech(bench: Bench) -> Iterator[Figure | str]:
    """20,000 parts with the rules that come per unit, then with every rule; memory of the process."""
    yield from wisetech_parts(bench.folder / "wisetech")
