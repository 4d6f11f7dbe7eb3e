"""Stock targets: textbook figures, exact laws, enumeration, the referee, rules of sense, and what it takes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.targets.alliance import PARTS as ALLIANCE
from benchmarks.targets.alliance import alliance
from benchmarks.targets.judged import Play, exact_law, judged
from benchmarks.targets.scale import PARTS, speed
from domain.calendar import DAYS_PER_WEEK
from domain.service import BackorderCost
from optimizer.targets import stock_targets
from optimizer.targets.bound import kept_cost_bound, waiting_bound
from optimizer.targets.prices import find_prices
from scenarios.simulate import plan_to_judge
from scenarios.stationary import stationary
from storage.network_folder import read_network
from storage.plan_folder import read_plan
from tests.optimizer.targets.test_local_search import KINDS, LEVELS, least_kept_cost, tiny_system
from tests.optimizer.targets.test_rules import EXAMPLES, RULES, broken

from . import optimality
from .demos import planned
from .line import Bench, Figure, NotMeasuredError
from .robustness import pytest_counts

SYSTEMS, JUDGED = 300, 100
SEEDS, REPLICATIONS, WEEKS = (1, 2, 3), 180, 52
MORE = 20  # times the examples of the tests
PLAYED = ("group", "promised", "achieved", "low", "high")
EQUAL = 1e-9  # share of a cost that is left to rounding
KETTELLE = "tests/optimizer/targets/test_kettelle.py"


def published(bench: Bench) -> Iterator[Figure | str]:
    """Sherbrooke's five bases, then Kettelle's four parts against their enumerated sequence, by its tests."""
    if bench.real_data is None:
        raise NotMeasuredError("no real data")
    yield from optimality.metric(bench)
    yield "Kettelle's four parts: the optimal sequence by enumeration of 10,000 allocations"
    yield from pytest_counts(bench, KETTELLE)


def exact(bench: Bench, systems: int = SYSTEMS) -> Iterator[Figure | str]:
    """Backorders and fill rates of random depots and points against Simon's exact law, METRIC's beside them."""
    found = exact_law(systems, seed=1)
    yield Figure("random systems", systems, at_least=systems)
    yield Figure("Σ|ΔEBO| / ΣEBO", 100 * found["error"], "%", at_most=1)
    yield Figure("METRIC's", 100 * found["error_of_metric"], "%")
    yield Figure("points where the two differ by > 0.1 %", found["differ"], at_least=1)
    yield Figure("METRIC nearer at", found["metric_nearer"], "of them", at_most=0)
    yield Figure("mean error of the fill rate", found["fill_error_points"], "points", at_most=0.5)


def played(bench: Bench, systems: int = JUDGED, play: Play | None = None) -> Iterator[Figure | str]:
    """The same against the referee with batches, random lead times and uncertain rates."""
    found = judged(systems, seed=1, play=play)
    yield Figure("random systems", systems, at_least=systems)
    yield Figure("|ΔEBO| beyond the referee's interval / ΣEBO", 100 * found["beyond"], "%", at_most=3)
    yield Figure("Σ|ΔEBO| / ΣEBO", 100 * found["error"], "%")
    yield Figure("half-width of the referee", 100 * found["half_width"], "% of ΣEBO")
    yield Figure("Σ ΔEBO / ΣEBO", 100 * found["bias"], "%")
    yield Figure("mean error of the fill rate", found["fill_error_points"], "points")


def tiny(bench: Bench, systems: int = SYSTEMS) -> Iterator[Figure | str]:
    """Tiny systems of the four kinds of target in turn: cost and both bounds against all stocks enumerated.

    The bound of waiting is compared with the least of holding, lines and waiting at the price the target led to.
    """
    above: dict[str, list[float]] = {kind: [] for kind in KINDS}
    over, unknown, cheaper = [], 0, 0
    for seed in range(systems):
        if seed and seed % 50 == 0:
            bench.tell(f"  so far    {seed} systems")
        kind = KINDS[seed % len(KINDS)]
        of = tiny_system(np.random.default_rng(seed), kind)
        stock, best = find_prices(of), least_kept_cost(of)
        kept, waiting = kept_cost_bound(of, stock), waiting_bound(of, stock)
        priced = replace(of, targets={"g": BackorderCost(float(stock.price[0]) / DAYS_PER_WEEK)})
        with_waiting = least_kept_cost(priced)
        over += [kept.lower_bound - best, waiting.lower_bound - with_waiting]
        if not np.isfinite(best) or max(stock.depot_stock.max(), stock.point_stock.max()) >= LEVELS:
            unknown += 1  # the optimum may lie beyond what is enumerated
            continue
        cheaper += kept.cost < best * (1.0 - EQUAL)
        above[kind].append(kept.cost / best - 1.0 if best > 0.0 else float(kept.cost > 0.0))
    excess = np.concatenate(list(above.values()))
    yield Figure("systems compared with their optimum", len(excess), at_least=0.95 * systems)
    yield Figure("more units wanted than enumerated", unknown, "systems")
    yield Figure("average cost above the optimum", 100 * float(excess.mean()), "%", at_most=1)
    yield Figure("worst", 100 * float(excess.max()), "%", at_most=8)
    yield "average by target: " + ", ".join(f"{kind} {100 * np.mean(each):.2g} %" for kind, each in above.items())
    yield Figure("the optimum itself", 100 * float(np.mean(excess < EQUAL)), "% of systems")
    yield Figure("stocks cheaper than the optimum", cheaper, at_most=0)
    yield Figure("bounds above the optimum", int(np.sum(np.array(over) > EQUAL)), f"of {len(over)}", at_most=0)


def kept(
    bench: Bench, seeds: Sequence[int] = SEEDS, replications: int = REPLICATIONS, weeks: int = WEEKS
) -> Iterator[Figure | str]:
    """Fill rates of the small demos' targets, at the forecast of their plans, against the referee from base stock."""
    for seed in seeds:
        folder, out = planned(bench, "small", seed)
        network, _ = read_network(folder)
        forecast = plan_to_judge(network, read_plan(out)).forecast
        targets = stock_targets(network, forecast).table
        found = stationary(network, forecast, targets, replications, weeks)
        yield Figure(f"demo {seed}: groups", len(found), at_least=3)
        for group, *shares in zip(*(found[name].tolist() for name in PLAYED), strict=True):
            promised, achieved, low, high = (100 * share for share in shares)
            width = (high - low) / 2
            yield f"{group} promised {promised:.2f} %, achieved {achieved:.2f} ± {width:.2f}"
            yield Figure("achieved − promised", achieved - promised, "points", at_most=1, at_least=-1)
            yield Figure("half-width", width, "points", at_most=0.3)


def fast(bench: Bench, parts: int = PARTS) -> Iterator[Figure | str]:
    """Prices of twenty groups, without suppliers and with them."""
    yield from speed(parts)


def memory(bench: Bench, parts: int = ALLIANCE) -> Iterator[Figure | str]:
    """The alliance's network and its targets, each in a process of its own: ten minutes at full size."""
    yield from alliance(bench.folder, parts)


def rules(bench: Bench, more: int = MORE) -> Iterator[Figure | str]:
    """Every rule of the tests on `more` times their random systems."""
    for name, rule in RULES.items():
        seeds = range(more * EXAMPLES[name])
        found = [(seed, said) for seed in seeds if (said := broken(rule, seed))]
        yield Figure(f"{name}: systems", len(seeds), at_least=len(seeds))
        yield Figure("violations", len(found), at_most=0)
        yield from (f"seed {seed}: {said}" for seed, said in found[:3])
