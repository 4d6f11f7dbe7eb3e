"""Repairs that need several parts: which they are, and the share of them done within so many days."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from domain.network import Network
from domain.service import FillRate, MeanWait, ServiceTarget, WithinDays
from optimizer.targets.goals import Goal
from optimizer.targets.local_search import kept_cost
from optimizer.targets.performance import performance
from optimizer.targets.prices import find_prices
from optimizer.targets.repairs import Repairs
from optimizer.targets.response import PricedStock
from optimizer.targets.system import System, build_system, every
from tests.optimizer.targets.cases import full_hubs, system
from tests.optimizer.targets.networks import PARTS, POINTS, demand, two_regions
from tests.random_networks import AS_OF

WITHIN = {"group": "all", "within_days": 3.0, "share": 0.9}


def repairs(*kits: tuple[float, tuple[int, ...]]) -> Repairs:
    """Repairs of these weights and points."""
    sizes = np.array([len(points) for _, points in kits], np.int64)
    start = np.cumsum(sizes) - sizes
    weight = np.array([weight for weight, _ in kits], float)
    return Repairs(start, np.array([row for _, points in kits for row in points]), weight, np.ones(len(kits)))


def as_dict(found: Repairs) -> dict[tuple[int, ...], float]:
    """Weight of every parts list, by its points."""
    kits = [tuple(points.tolist()) for points in np.split(found.point, found.start[1:])]
    assert len(set(kits)) == len(kits)
    return dict(zip(kits, found.weight.tolist(), strict=True))


def pairs(of: System, weight: float = 1.0) -> Repairs:
    """Every repair needs the parts of two leaves that follow each other, at one of their sites."""
    sites = int(of.echelons.leaves["last"][0])
    rows = np.flatnonzero(of.leaf % 2 == 0)
    at = of.echelons.points["demand"]
    return repairs(*((weight * float(at[row] + at[row + sites]), (row, row + sites)) for row in rows.tolist()))


def some_pairs(of: System, alone: float, together: float) -> Repairs:
    """Every point by itself, and the pairs, at these multiples of their demand."""
    demand = of.echelons.points["demand"].tolist()
    kits = {(row,): alone * units for row, units in enumerate(demand)} | as_dict(pairs(of, together))
    return repairs(*((weight, points) for points, weight in kits.items()))


def share_done(of: System, stock: PricedStock, group: int = 0) -> float:
    """Share of the group's repairs with all parts within its days, one repair after the other."""
    target = list(of.targets.values())[group]
    assert isinstance(target, WithinDays)
    assert of.repairs is not None
    window = np.full(len(of.leaf), target.days / 7)
    there = performance(of.echelons, stock.depot_stock, stock.point_stock, window).fill
    done = total = 0.0
    for points, weight in as_dict(of.repairs).items():
        if any(of.group[row] == group for row in points):
            done += weight * float(np.prod([there[row] for row in points]))
            total += weight
    return done / total


def test_a_repair_is_late_when_any_of_its_parts_is() -> None:
    """1 − the product of the shares, weighted by repairs a week, by hand."""
    of = repairs((2.0, (0,)), (1.0, (0, 1)), (0.5, (0, 1, 2)))
    late = 2.0 * 0.1 + 1.0 * (1 - 0.9 * 0.8) + 0.5 * (1 - 0.9 * 0.8 * 0.5)
    assert of.late(np.array([0.9, 0.8, 0.5])) == pytest.approx(late, abs=1e-15)


@pytest.mark.parametrize("in_time", [(0.9, 0.8, 0.5), (0.0, 0.8, 0.5), (0.0, 0.3, 0.0), (1.0, 1.0, 1.0)])
def test_a_unit_weighs_the_repairs_it_makes_late(in_time: tuple[float, ...]) -> None:
    """`late` is linear in each point's share, so its weight is the difference of two values, with zeros too."""
    of = repairs((2.0, (0,)), (1.0, (0, 1)), (0.5, (0, 1, 2)), (0.7, (1, 2)))
    for row, weight in enumerate(of.unit_weight(np.array(in_time))):
        none, all_ = np.array(in_time), np.array(in_time)
        none[row], all_[row] = 0.0, 1.0
        assert weight == pytest.approx(of.late(none) - of.late(all_), abs=1e-14)


def naive_repairs(network: Network, of: System, promised: npt.NDArray[np.bool_]) -> dict[tuple[int, ...], float]:
    """The same parts lists and weights, ticket by ticket."""
    row_of = {(of.part[leaf], site): row for row, (leaf, site) in enumerate(zip(of.leaf, of.site, strict=True))}
    recent = network.usage[network.usage["date"] > pd.Timestamp(AS_OF - timedelta(weeks=52))]
    lines: Counter[tuple[str, str, int]] = Counter()
    for part, site, ticket, quantity in recent[["part", "site", "ticket", "quantity"]].itertuples(index=False):
        if (part, site) in row_of:
            lines[ticket, site, row_of[part, site]] += quantity
    kits: Counter[tuple[int, ...]] = Counter()
    used: Counter[int] = Counter()
    tickets: dict[tuple[str, str], list[int]] = defaultdict(list)
    for (ticket, site, at), units in lines.items():
        if units > 0:
            used[at] += units
            tickets[ticket, site].append(at)
            if ticket == "":
                kits[(at,)] += units
    for (ticket, _), points in tickets.items():
        if ticket:
            kits[tuple(sorted(points))] += 1
    rate = of.echelons.points["demand"].tolist()
    found = {kit: seen * float(np.mean([rate[p] / used[p] for p in kit])) for kit, seen in kits.items()}
    found |= {(row,): rate[row] for row in range(len(rate)) if promised[row] and used[row] == 0}
    return {kit: weight for kit, weight in found.items() if any(promised[row] for row in kit)}


def used_at_random(rng: np.random.Generator, rows: int) -> list[dict[str, Any]]:
    """Usage of known and unknown parts, with and without ticket, some of it corrected or too old to count."""
    sites = [site for region in POINTS.values() for site in region]
    return [
        {
            "date": pd.Timestamp(AS_OF - timedelta(days=int(rng.integers(0, 500)))),
            "site": str(rng.choice(sites)),
            "part": str(rng.choice([*PARTS[:2], "p4"])),
            "ticket": str(rng.choice(["", "t1", "t2", "t3", "t4", "t5", "t6"])),
            "kind": str(rng.choice(["used", "unmet"])),
            "quantity": int(rng.choice([1, 1, 2, -1])),
        }
        for _ in range(rows)
    ]


FORECAST = demand({("p1", "R1"): 1.0, ("p1", "R2"): 0.5, ("p2", "R1"): 2.0, ("p2", "R2"): 0.3, ("p3", "R1"): 0.2})


@pytest.mark.parametrize(("seed", "rows"), [(1, 300), (2, 80), (3, 20), (4, 0)])
def test_parts_lists_are_those_of_last_years_tickets(seed: int, rows: int) -> None:
    """Vectorised as ticket by ticket: lists of distinct parts, at the forecast's demand; all usage may be missing."""
    usage = used_at_random(np.random.default_rng(seed), rows)
    screens = {"group": "screens", "part_class": "screen", "within_days": 3.0, "share": 0.9}
    network = two_regions(usage=usage, service=[screens])
    of = build_system(network, FORECAST)
    assert of.repairs is not None
    found, expected = as_dict(of.repairs), naive_repairs(network, of, of.group == 0)
    assert found.keys() == expected.keys()
    assert max(map(len, found)) == (2 if rows else 1)
    for kit, weight in expected.items():
        assert found[kit] == pytest.approx(weight, rel=1e-12)


def test_shuffled_usage_changes_nothing() -> None:
    """The rows of the history in another order give the same bytes."""
    usage = used_at_random(np.random.default_rng(5), 200)
    network = two_regions(usage=usage, service=[WITHIN])
    shuffled = replace(network, usage=network.usage.sample(frac=1.0, random_state=1))
    one, other = (build_system(each, FORECAST).repairs for each in (network, shuffled))
    assert one is not None
    assert other is not None
    assert all(vars(one)[name].tobytes() == vars(other)[name].tobytes() for name in vars(one))


def test_without_such_a_promise_no_repairs_are_looked_up() -> None:
    """Fill rates and waits are of units: the history is not read."""
    assert build_system(two_regions(usage=used_at_random(np.random.default_rng(6), 9)), FORECAST).repairs is None


def test_repairs_of_one_part_are_units() -> None:
    """When every repair needs one part, the stock is that of units served within days."""
    of = system(np.random.default_rng(3), {"g": WithinDays(3.0, 0.9)}, leaves=20)
    at = of.echelons.points["demand"]
    alone = replace(of, repairs=repairs(*((float(at[row]), (row,)) for row in range(len(at)))))
    units, repaired = find_prices(of), find_prices(alone)
    np.testing.assert_array_equal(repaired.point_stock, units.point_stock)
    np.testing.assert_array_equal(repaired.depot_stock, units.depot_stock)


@pytest.mark.parametrize(("leaves", "share", "near"), [(60, 0.9, 0.004), (60, 0.6, 0.004), (6, 0.8, 0.01)])
def test_the_share_of_repairs_is_kept(leaves: int, share: float, near: float) -> None:
    """Repairs of two parts: at least their share is done within the days, hardly more, for more money than of one."""
    of = system(np.random.default_rng(4), {"g": WithinDays(2.0, share)}, leaves=leaves)
    both = replace(of, repairs=pairs(of))
    stock = find_prices(both)
    assert share <= share_done(both, stock) <= share + near
    assert kept_cost(both, stock) > kept_cost(of, find_prices(of))


@pytest.mark.parametrize("leaves", [60, 8])
def test_parts_of_other_groups_are_waited_for_too(leaves: int) -> None:
    """A repair with a part of another group, or another window, is done when that is there; all targets are kept."""
    targets: dict[str, ServiceTarget] = {
        "a": WithinDays(2.0, 0.8), "b": FillRate(0.7), "c": WithinDays(5.0, 0.9), "d": MeanWait(2.0),
    }  # fmt: skip
    of = system(np.random.default_rng(7), targets, leaves=leaves)
    of = replace(of, repairs=some_pairs(of, 1.0, 0.2))
    stock = find_prices(of)
    assert share_done(of, stock, 0) >= 0.8
    assert share_done(of, stock, 2) >= 0.9
    goal = Goal.of(of)
    assert (goal.residual(of, stock)[[1, 3]] >= 0.0).all()
    assert [promise.elsewhere.sum() for promise in goal.promises] == [leaves // 4 * 4] * 2


def test_what_another_group_gives_up_is_taken_back() -> None:
    """Units one group can spare make repairs of another late: they stay where repairs would fall below their share."""
    targets: dict[str, ServiceTarget] = {"a": WithinDays(2.0, 0.5), "b": FillRate(0.5)}
    of = system(np.random.default_rng(2), targets, leaves=40)
    of = replace(of, repairs=some_pairs(of, 0.2, 1.0))
    stock = find_prices(of)
    assert 0.5 <= share_done(of, stock) <= 0.504
    assert Goal.of(of).residual(of, stock)[1] >= 0.0


def test_the_stock_of_a_tiny_system_is_nearly_the_cheapest() -> None:
    """Two parts of one point, every stock tried: the search keeps the promise at no more than 8 % above the least."""
    ratios = []
    for seed in range(6):
        of = system(np.random.default_rng(seed), {"g": WithinDays(2.0, 0.85)}, leaves=2, points=1)
        of.echelons.points["demand"][:] = np.clip(of.echelons.points["demand"], 0.1, 0.6)
        alone, both = of.echelons.points["demand"].tolist(), 0.3
        of = replace(of, repairs=repairs((alone[0], (0,)), (alone[1], (1,)), (both, (0, 1))))
        stock = find_prices(of)
        assert share_done(of, stock) >= 0.85
        goal, least = Goal.of(of), np.inf
        for units in product(range(8), range(5), repeat=2):
            tried = replace(stock, depot_stock=np.array(units[::2]), point_stock=np.array(units[1::2]))
            cost = kept_cost(of, tried)
            if cost < least and goal.residual(of, tried)[0] >= 0.0:
                least = cost
        ratios.append(kept_cost(of, stock) / least)
    assert max(ratios) <= 1.08
    assert np.mean(ratios) <= 1.01


def test_a_sample_of_parts_stands_for_all_its_repairs() -> None:
    """Samples share out the repairs, and where parts are alike each has the share of late repairs of the whole."""
    of = repairs((2.0, (0, 1)), (1.0, (0, 1, 2)), (0.5, (2,)), (0.7, (1, 3)))
    samples = [of.sampled(np.array(rows), 4) for rows in ([0, 2], [1, 3])]
    assert sum(part.weight.sum() for part in samples) == pytest.approx(4.2)
    assert sum(part.late(np.full(2, 0.8)) for part in samples) == pytest.approx(of.late(np.full(4, 0.8)))
    same = of.sampled(np.arange(4), 4)
    assert as_dict(same) == as_dict(of)
    assert (same.power == 1.0).all()
    in_time, step = np.array([0.9, 0.6]), np.array([1e-7, 0.0])
    slope = (samples[0].late(in_time - step) - samples[0].late(in_time + step)) / 2e-7
    assert samples[0].unit_weight(in_time)[0] == pytest.approx(slope, rel=1e-6)


def test_a_sample_of_a_system_samples_its_repairs() -> None:
    """Every second part takes its repairs with it."""
    of = system(np.random.default_rng(8), {"g": WithinDays(2.0, 0.8)}, leaves=6, points=2)
    of = replace(of, **full_hubs(6), repairs=pairs(of))
    sample = every(of, 2).repairs
    assert of.repairs is not None
    assert sample is not None
    assert sample.weight.sum() == pytest.approx(of.repairs.weight.sum() / 2)
    assert (sample.power == 2.0).all()
    np.testing.assert_array_equal(sample.point, np.arange(6))
