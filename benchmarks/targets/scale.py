"""Prices of waiting of 20,000 parts at 83 sites: seconds, and how often faster than numpy goes through the same scan.

    python -m benchmarks.targets.scale [--parts N]

The system is made of arrays, without tables: part × depot with demand (lognormal, a unit in ten weeks in the middle, a
few of them fifty a week), rates known well or hardly at all, mostly single units, ways of 2 to 8 weeks that leave
weekly, half of the points with a cost of keeping a part number. Twenty groups: classes of parts, some near the hub and
some elsewhere, promised a fill rate, a mean wait or a share within days.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.acceptance.line import Figure
from benchmarks.machine import machine_facts
from domain.service import FillRate, MeanWait, ServiceTarget, WithinDays
from optimizer.targets.best_stock import best_stock
from optimizer.targets.goals import Goal
from optimizer.targets.prices import find_prices, with_hubs
from optimizer.targets.response import PricedStock
from optimizer.targets.stationary import targets_of
from optimizer.targets.system import System, every
from optimizer.targets.two_echelons import HUB, LEAF, POINT, Floats, Ints, Records, TwoEchelons, rate_nodes

PARTS, DEPOTS, POINTS, GROUPS = 20_000, 3, 80, 20
DEMANDED = 0.9625  # of part × depot pairs: 2.9 depots a part
SAMPLE = 500  # the peer goes through every 500th part
WEEKS_PER_YEAR, REVIEW = 52.0, 0.5  # weeks a consignment waits for its departure on average


def system(parts: int, suppliers: bool, seed: int = 1) -> System:
    """So many parts at DEPOTS depots and POINTS points; `suppliers`: hubs wait weeks for what they buy in lots."""
    rng = np.random.default_rng(seed)
    pair = np.flatnonzero(rng.random(parts * DEPOTS) < DEMANDED)
    part, depot = np.divmod(pair, DEPOTS)
    home = np.arange(POINTS) % DEPOTS
    behind = [np.flatnonzero(home == number) for number in range(DEPOTS)]
    size = np.bincount(home, minlength=DEPOTS)[depot]
    last = np.cumsum(size)
    leaf = np.repeat(np.arange(len(pair)), size)
    site = np.concatenate(behind)[np.arange(last[-1]) - np.repeat(last - size - _first(behind)[depot], size)]

    unit_cost = np.exp(rng.normal(2.1, 1.4, parts))
    leaves = np.zeros(len(pair), LEAF)
    leaves["first"], leaves["last"] = last - size, last
    leaves["lead_weeks"] = (np.array([1.3, 4.2, 6.9]) + REVIEW)[depot] + rng.choice([0.0, 0.3, 3.4], len(pair))
    leaves["lead_variance"] = rng.uniform(0.2, 0.65, len(pair))
    leaves["batch_index"] = np.where(rng.random(len(pair)) < 0.9, 1.0, rng.uniform(1.0, 2.0, len(pair)))
    leaves["holding"] = 0.25 / WEEKS_PER_YEAR * (unit_cost * rng.uniform(1.02, 1.3, parts))[part]
    points = np.zeros(last[-1], POINT)
    of_leaf = np.exp(np.log(0.1) + rng.normal(0.0, 0.75, parts)[part] + rng.normal(0.0, 1.1, len(pair)))
    share = rng.gamma(9.0, 1.0, len(points)) * rng.choice([0.5, 1.0, 2.0], POINTS)[site]
    points["demand"] = (of_leaf / np.bincount(leaf, share))[leaf] * share
    points["courier_weeks"] = rng.choice([1.0, 2.0, 3.0, 4.0], POINTS)[site] / 7.0
    points["holding"] = 1.03 * leaves["holding"][leaf]
    points["line"] = np.where(np.arange(POINTS) % 2 == 0, 1.5 / WEEKS_PER_YEAR, 0.0)[site]
    rate_shape = np.clip(rng.gamma(0.8, 12.0, len(pair)), 0.3, 500.0)
    kind = rng.integers(0, GROUPS // 2, parts)
    hubs = _hubs(rng, parts, np.searchsorted(part, np.arange(parts + 1)), unit_cost, suppliers)
    return System(
        hubs=hubs,
        hub=np.full(parts, "HUB", dtype=object),
        hub_stock=np.zeros(parts, np.int64),
        echelons=TwoEchelons.behind_full_hub(leaves, points, *rate_nodes(rate_shape)),
        part=_names("P", parts)[part],
        depot=_names("D", DEPOTS)[depot],
        rate_shape=rate_shape,
        leaf=leaf,
        site=_names("Q", POINTS)[site],
        group=2 * kind[part][leaf] + (depot == 0)[leaf],
        line_limit=np.full(len(points), np.inf),
        targets={f"G{number:02d}": _target(number) for number in range(GROUPS)},
    )


def _hubs(rng: np.random.Generator, parts: int, first: Ints, unit_cost: Floats, suppliers: bool) -> Records:
    hubs = np.zeros(parts, HUB)
    hubs["first"], hubs["last"] = first[:-1], first[1:]
    hubs["lot"] = rng.choice([1, 2, 5, 10, 50], parts, p=[0.45, 0.2, 0.2, 0.1, 0.05]) if suppliers else 1
    hubs["lead_weeks"] = rng.uniform(1.5, 4.5, parts) if suppliers else 0.0
    hubs["lead_variance"] = 0.35 if suppliers else 0.0
    hubs["holding"] = 0.12 / WEEKS_PER_YEAR * unit_cost
    return hubs


def _first(behind: list[Ints]) -> Ints:
    """Where each depot's points begin when all stand in a row."""
    return np.cumsum([0, *map(len, behind)])[:-1]


def _names(letter: str, count: int) -> Any:
    return np.array([f"{letter}{number:05d}" for number in range(count)], dtype=object)


def _target(number: int) -> ServiceTarget:
    """Of twenty groups fourteen are promised a fill rate, three a mean wait and three a share within days."""
    if number % 7 == 5:
        return MeanWait(0.5 + 0.25 * (number // 7))
    if number % 7 == 6:
        return WithinDays(3.0, 0.9 + 0.02 * (number // 7))
    return FillRate((0.7, 0.8, 0.9, 0.95, 0.6)[number % 7])


@dataclass(frozen=True)
class Took:
    """What a step gave, and the wall and processor seconds it took."""

    result: Any
    wall: float
    cpu: float


def took(step: Callable[..., Any], *arguments: Any) -> Took:
    """Do it and look at the clocks."""
    wall, cpu = perf_counter(), process_time()
    result = step(*arguments)
    return Took(result, perf_counter() - wall, process_time() - cpu)


def missed(of: System, stock: PricedStock) -> int:
    """Groups whose target the stock does not keep."""
    goal = Goal.of(of)
    return int((goal.residual(of, stock) < -1e-9)[~goal.is_fixed].sum())


def speed(parts: int = PARTS, seconds: float = 10.0) -> Iterator[Figure | str]:
    """Hubs placed and prices found as for a plan, without suppliers and with them, all compiled before; the peer."""
    for suppliers in (False, True):
        _planned(system(40, suppliers))
    of = system(parts, suppliers=False)
    yield Figure("parts", len(of.hubs), at_least=parts)
    yield Figure("sites", DEPOTS + POINTS, at_least=83)
    yield Figure("groups bisected", int((~Goal.of(of).is_fixed).sum()), at_least=GROUPS)
    yield f"{len(of.part):,} parts × depots, {len(of.site):,} parts × points"
    found = took(_planned, of)
    yield Figure("prices and stock found", found.wall, "s", at_most=seconds)
    yield Figure("processor time", found.cpu, "s")
    yield Figure("groups that miss their target", missed(*found.result), at_most=0)
    yield from against_numpy(*found.result)
    made = took(targets_of, *found.result)
    yield Figure("table of targets made", made.wall, "s")
    del of, found, made
    found = took(_planned, system(parts, suppliers=True))
    yield Figure("with suppliers, hubs placed too", found.wall, "s")
    yield Figure("processor time", found.cpu, "s")
    yield Figure("groups that miss their target", missed(*found.result), at_most=0)


def _planned(of: System) -> tuple[System, PricedStock]:
    placed, near = with_hubs(of)
    return placed, find_prices(placed, near)


def against_numpy(of: System, stock: PricedStock) -> Iterator[Figure | str]:
    """One scan of all leaves at these prices, and the peer's on a sample: seconds, and whose stock is cheaper."""
    price = stock.price[of.group]
    ours = took(_scanned, of.echelons, price)
    sample = every(of, min(SAMPLE, max(len(of.hubs) // 4, 1)))
    e, price = sample.echelons, stock.price[sample.group]
    theirs = took(lambda: sum(best_by_numpy(e, row, price) for row in range(len(e.leaves))))
    depot, point, _ = _scanned(e, price)
    cost = sum(cost_by_numpy(e, row, price, int(depot[row]), point) for row in range(len(e.leaves)))
    whole = theirs.wall * len(of.part) / len(sample.part)
    yield (
        f"the peer scans depot stock for the same laws in numpy, one leaf after the other: all points, nodes of Θ and "
        f"counts as one array, Panjer's recursion as a cumulative product; {len(sample.part)} leaves measured"
    )
    yield Figure("one scan of all leaves", ours.wall, "s")
    yield Figure("the peer's, extrapolated", whole, "s")
    yield Figure("times faster", whole / ours.wall)
    yield Figure("cost of our stock over the peer's", 100.0 * (cost / theirs.result - 1.0), "%", at_most=0.5)


def _scanned(e: TwoEchelons, price: Floats) -> tuple[Ints, Ints, Floats]:
    stock = np.zeros(len(e.leaves), np.int64), np.zeros(len(e.points), np.int64), np.zeros(len(e.points))
    best_stock(e, price, np.ones(len(e.leaves), bool), False, *stock)
    return stock


def best_by_numpy(e: TwoEchelons, row: int, price: Floats) -> float:
    """Least cost of a leaf: depot stock 0, 1, … until holding alone, over points that never wait, costs more."""
    leaf, best, depot = e.leaves[row], np.inf, 0
    own = slice(leaf["first"], leaf["last"])
    short = _short(e, row)
    never = _points(e, row, price[own], np.zeros(e.theta.shape[1]), np.zeros(e.theta.shape[1]), paid=True).sum()
    while leaf["holding"] * depot + never < best and depot < len(short[0]):
        waiting = _points(e, row, price[own], short[0][depot], short[1][depot], paid=depot > 0)
        best = min(best, leaf["holding"] * depot + leaf["line"] * (depot > 0) + float(waiting.sum()))
        depot += 1
    return float(best)


def cost_by_numpy(e: TwoEchelons, row: int, price: Floats, depot: int, point_stock: Ints) -> float:
    """Cost of a leaf with this stock, by the peer's laws."""
    leaf = e.leaves[row]
    own = slice(leaf["first"], leaf["last"])
    mean, spread = (table[min(depot, len(table) - 1)] for table in _short(e, row))
    at_points = _points(e, row, price[own], mean, spread, depot > 0, point_stock[own])
    return float(leaf["holding"] * depot + leaf["line"] * (depot > 0) + at_points.sum())


def _short(e: TwoEchelons, row: int) -> tuple[Floats, Floats]:
    """Mean and variance of the depot's backorders by stock and node, (stocks, nodes), to where none are left."""
    leaf = e.leaves[row]
    rate = e.theta[row] * e.points["demand"][leaf["first"] : leaf["last"]].sum()
    mean = rate * leaf["lead_weeks"] + e.owed[row, 0]
    variance = leaf["batch_index"] * rate * leaf["lead_weeks"] + e.owed[row, 1] + rate**2 * leaf["lead_variance"]
    out = 1.0 - _cdf(mean, variance, int((mean + 12.0 * np.sqrt(variance)).max()) + 12)
    short = np.concatenate([mean[None, :], np.maximum(mean - np.cumsum(out.T, axis=0), 0.0)])
    square = np.cumsum((2.0 * short[:-1] - out.T)[::-1], axis=0)[::-1]  # E[B²] falls by 2·E B − P(N > S) a unit
    return short[:-1], np.maximum(square - short[:-1] ** 2, 0.0)


def _points(
    e: TwoEchelons, row: int, price: Floats, short: Floats, spread: Floats, paid: bool, stock: Ints | None = None
) -> Floats:
    """Cost of a leaf's points behind a depot with backorders of this mean and variance, by node; `stock` at its best
    where it is not given. paid: the depot pays the line of its own users."""
    points, theta = e.points[e.leaves[row]["first"] : e.leaves[row]["last"]], e.theta[row]
    share = (points["demand"] / points["demand"].sum())[:, None]
    own = theta[None, :] * (points["demand"] * points["courier_weeks"])[:, None]
    mean = own + share * short
    variance = e.leaves[row]["batch_index"] * (own + share * (1.0 - share) * short) + share**2 * spread
    longest = int((mean + 10.0 * np.sqrt(variance)).max()) + 10
    waiting = (mean @ e.weight[row])[:, None] - np.pad(
        np.cumsum(np.einsum("pkn,k->pn", 1.0 - _cdf(mean, variance, longest), e.weight[row]), axis=1), ((0, 0), (1, 0))
    )
    units = np.arange(waiting.shape[1])
    line = np.where((points["at_depot"] == 1) & paid, 0.0, points["line"])
    cost = price[:, None] * waiting + points["holding"][:, None] * units + np.where(units > 0, line[:, None], 0.0)
    found: Floats = cost.min(axis=1) if stock is None else cost[np.arange(len(cost)), stock]
    return found


def _cdf(mean: Floats, variance: Floats, longest: int) -> Floats:
    """P(N ≤ n), n = 0..longest, of negative binomials (Poisson where variance = mean), any shape + (counts,)."""
    excess = np.maximum(variance - mean, 1e-9 * mean + 1e-300)
    size = mean * mean / excess
    ratio = np.where(mean > 0.0, excess / (mean + excess), 0.0)[..., None]
    n = np.arange(1, longest + 1)
    empty = np.exp(-np.where(mean > 0.0, size * np.log1p(excess / np.maximum(mean, 1e-300)), 0.0))[..., None]
    steps = np.concatenate([empty, ratio * (1.0 + (size[..., None] - 1.0) / n)], axis=-1)
    found: Floats = np.minimum(np.cumsum(np.cumprod(steps, axis=-1), axis=-1), 1.0)
    return found


def main(arguments: list[str]) -> int:
    """Measure and print. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.targets.scale", description=__doc__)
    parser.add_argument("--parts", type=int, default=PARTS)
    chosen = parser.parse_args(arguments)
    print(", ".join(f"{name} {value}" for name, value in machine_facts().items()))
    for found in speed(chosen.parts):
        print(found, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
