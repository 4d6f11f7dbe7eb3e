"""Rules of sense that stock targets keep on any system; `make accept` tries them on many more."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.forecast import Forecast
from domain.network import Network
from domain.service import FillRate, MeanWait, ServiceTarget, WithinDays
from optimizer.targets import stock_targets
from optimizer.targets.best_stock import best_stock
from optimizer.targets.hub import owe
from optimizer.targets.performance import performance
from optimizer.targets.prices import find_prices
from optimizer.targets.response import PricedStock
from optimizer.targets.system import System
from optimizer.targets.two_echelons import HUB, TwoEchelons
from tests.optimizer.targets.cases import Floats, echelons, system
from tests.optimizer.targets.networks import PARTS, demand, lane, part, two_regions

Rule = Callable[[np.random.Generator], str]
"""Tries one random system; says how it broke the rule, or nothing."""


def broken(rule: Rule, seed: int) -> str:
    """What a rule says of the system of a seed; an error is a violation too."""
    try:
        return rule(np.random.default_rng(seed))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def random_targets(rng: np.random.Generator) -> dict[str, ServiceTarget]:
    """A fill rate, a mean wait and a share within days, none of them easy or impossible."""
    return {
        "fill": FillRate(float(rng.uniform(0.5, 0.95))),
        "wait": MeanWait(float(rng.uniform(0.3, 4.0))),
        "within": WithinDays(float(rng.choice([1.0, 3.0])), float(rng.uniform(0.5, 0.95))),
    }


def tightened(target: ServiceTarget, by: float) -> ServiceTarget:
    """The same promise with what may fall short of it cut to 1 − `by`."""
    match target:
        case FillRate(share):
            return FillRate(1.0 - (1.0 - share) * (1.0 - by))
        case MeanWait(days):
            return MeanWait(days * (1.0 - by))
        case WithinDays(days, share):
            return WithinDays(days, 1.0 - (1.0 - share) * (1.0 - by))
    raise TypeError(f"{target} promises nothing")


def stock_money(of: System, stock: PricedStock) -> Floats:
    """What the stock of every group costs to hold, money per week (groups,); no depot serves two groups."""
    e = of.echelons
    at_points = np.bincount(of.group, e.points["holding"] * stock.point_stock, len(of.targets))
    of_leaf = of.group[e.leaves["first"]]
    return np.asarray(at_points + np.bincount(of_leaf, e.leaves["holding"] * stock.depot_stock, len(of.targets)))


def higher_service(rng: np.random.Generator) -> str:
    """A tighter promise never lowers its group's stock money, and moves no stock of other groups."""
    of = system(rng, random_targets(rng), leaves=int(rng.integers(3, 10)), points=3)
    group = int(rng.integers(len(of.targets)))
    name = list(of.targets)[group]
    tighter = replace(of, targets=of.targets | {name: tightened(of.targets[name], float(rng.uniform(0.02, 0.5)))})
    before, after = (stock_money(each, find_prices(each)) for each in (of, tighter))
    if after[group] < before[group] * (1.0 - 1e-9):
        return f"{name}: {before[group]} a week, and {after[group]} with more service"
    moved = np.delete(after - before, group)
    return f"other groups moved by {moved}" if np.abs(moved).max() > 1e-9 else ""


def random_part(rng: np.random.Generator, twins: bool = False) -> TwoEchelons:
    """One part behind one depot, slow to moderate, every feature at random; `twins`: the first two points are alike."""
    point = [
        {
            "demand": rng.gamma(1.0, 0.4) + 1e-3,
            "courier_weeks": rng.uniform(0.0, 1.0),
            "holding": rng.uniform(0.5, 2.0),
            "line": rng.choice([0.0, 0.3]),
        }
        for _ in range(int(rng.integers(2, 6)))
    ]
    if twins:
        point[1] = point[0]
    return echelons(
        *point,
        rate_shape=rng.choice([np.inf, 0.5, 5.0]),
        lead_weeks=rng.uniform(0.5, 9.0),
        lead_variance=rng.choice([0.0, 0.6]),
        batch_index=rng.choice([1.0, 1.6]),
        holding=rng.uniform(0.3, 1.5),
        line=rng.choice([0.0, 0.3]),
    )


def least_cost(e: TwoEchelons, price: float) -> float:
    """Holding, lines and waiting a week at the stock of least cost."""
    depot, point = np.zeros(1, np.int64), np.zeros(len(e.points), np.int64)
    best_stock(e, np.full(len(point), price), np.ones(1, bool), False, depot, point, np.zeros(len(point)))
    at_depot = e.leaves["holding"] * depot + e.leaves["line"] * (depot > 0)
    at_points = e.points["holding"] * point + e.points["line"] * (point > 0)
    waiting = performance(e, depot, point).backorders.sum()
    return float(at_depot.sum() + at_points.sum() + price * waiting)


def merged_twins(rng: np.random.Generator) -> str:
    """At the same price of waiting one shelf for two identical points never costs more than their two."""
    e, price = random_part(rng, twins=True), float(np.exp(rng.uniform(0.0, 5.0)))
    points = e.points[1:].copy()
    points["demand"][0] *= 2.0
    leaves = e.leaves.copy()
    leaves["last"] = len(points)
    apart, together = least_cost(e, price), least_cost(e._replace(leaves=leaves, points=points), price)
    return f"{apart} a week apart, {together} together" if together > apart * (1.0 + 1e-9) else ""


def longer_lead(rng: np.random.Generator) -> str:
    """With the same stock a longer way to the depot, to a point, or to the hub never lowers backorders."""
    e = random_part(rng)
    depot = np.array([int(rng.poisson(float(e.points["demand"].sum() * e.leaves["lead_weeks"][0])))])
    point = rng.integers(0, 4, len(e.points))
    hubs = np.zeros(1, HUB)
    hubs["last"], hubs["lot"] = 1, rng.choice([1, 5, 40])
    hubs["lead_weeks"], hubs["lead_variance"] = rng.uniform(0.5, 5.0), 0.3
    hub_stock = rng.integers(0, 6, 1)
    weeks = rng.uniform(0.05, 3.0)
    leaves, points, later = e.leaves.copy(), e.points.copy(), hubs.copy()
    leaves["lead_weeks"] += weeks
    points["courier_weeks"][0] += weeks
    later["lead_weeks"] += weeks
    behind = e._replace(owed=owe(e, hubs, hub_stock))
    slower = {
        "depot": behind._replace(leaves=leaves),
        "point": behind._replace(points=points),
        "hub": e._replace(owed=owe(e, later, hub_stock)),
    }
    before = performance(behind, depot, point).backorders.sum()
    for where, longer in slower.items():
        after = performance(longer, depot, point).backorders.sum()
        if after < before * (1.0 - 1e-9):
            return f"{weeks} weeks longer to the {where}: {before} units waiting, then {after}"
    return ""


def no_demand(rng: np.random.Generator) -> str:
    """Parts and points nobody asks at keep nothing, whatever the others are promised."""
    of = system(rng, random_targets(rng), leaves=int(rng.integers(3, 10)), points=3)
    points = of.echelons.points.copy()
    points["demand"][rng.random(len(points)) < 0.3] = 0.0
    points["demand"][of.leaf == int(rng.integers(len(of.part)))] = 0.0
    of = replace(of, echelons=of.echelons._replace(points=points))
    stock = find_prices(of)
    idle = np.bincount(of.leaf, points["demand"], len(of.part)) == 0.0
    kept = stock.point_stock[points["demand"] == 0.0].sum() + stock.depot_stock[idle].sum()
    return f"{kept} units where nobody asks" if kept else ""


def odd_network(rng: np.random.Generator) -> tuple[Network, Forecast]:
    """Two regions with what a planner may well enter: nothing, at once, after months, dear, in lots of a million."""
    holding, line, lines = (float(rng.choice(some)) for some in ((0.02, 0.25, 5.0), (0.0, 0.0, 9.0), (0, 1, np.nan)))
    days, sd = float(rng.choice([0.0, 30.0, 90.0])), float(rng.choice([0.0, 0.0, 30.0]))
    ways = [("HUB", "D1"), ("HUB", "D2"), ("D1", "A1"), ("D1", "A2"), ("D2", "B1"), ("D2", "B2")]
    promise: dict[str, float] = [
        {"fill_rate": 0.9999}, {"fill_rate": 1e-4}, {"mean_wait_days": 1e-3}, {"mean_wait_days": 1e4},
        {"within_days": 0.0, "share": 0.9}, {"within_days": 400.0, "share": 0.99}, {"backorder_cost_per_day": 1e-6},
        {"backorder_cost_per_day": 1e6},
    ][rng.integers(8)]  # fmt: skip
    base = two_regions()
    sites = base.sites.assign(holding_rate_per_year=holding, line_cost_per_year=line, max_lines=lines)
    network = two_regions(
        lanes=[
            lane(a, b, "road", days if a == "HUB" else min(days, 3.0), 1.0, transit_days_sd=sd if a == "HUB" else 0.0)
            for a, b in ways[: int(rng.choice([0, 2, 6, 6, 6]))]
        ],
        suppliers=[{"supplier": "S1", "site": "HUB", "lead_time_days": float(rng.choice([0.0, 20.0, 120.0]))}],
        parts=[
            part(
                name,
                float(rng.choice([0.5, 20.0, 1e6])),
                part_class=str(rng.choice(["screen", "other"])),
                moq=int(rng.choice([1, 1, 20, 10**6])),
                supplier=str(rng.choice(["S1", ""])),
            )
            for name in PARTS
        ],
        service=[{"group": "screens", "part_class": "screen"} | promise, {"group": "none", "brand": "x", **promise}],
    )
    weekly = {(name, region): float(rng.choice([0.0, 1e-6, 0.1, 1.0])) for name in PARTS for region in ("R1", "R2")}
    chosen = [key for key in weekly if rng.random() < 0.7] or [("p1", "R1")]
    forecast = demand({key: weekly[key] for key in chosen})
    shape, index = (rng.choice(some, len(chosen)) for some in ((0.7, 5.0, 1e9, np.inf), (1.0, 1.3, 3.0)))
    return replace(network, sites=sites), replace(forecast, rate_shape=shape, batch_index=index)


NEVER_NEGATIVE = ["base_stock", "fill_rate", "expected_backorders", "mean_wait_days", "pipeline"]


def whole_and_finite(rng: np.random.Generator) -> str:
    """Stock is integers ≥ 0 and every figure finite and sensible on any odd network: hardly any wait or any, no lines,
    no lanes, no suppliers or slow ones, lots of a million."""
    found = stock_targets(*odd_network(rng))
    table = found.table
    if table["base_stock"].dtype != np.int64:
        return f"stock is {table['base_stock'].dtype}"
    wrong = [name for name in NEVER_NEGATIVE if not (table[name] >= 0).all()]
    wrong += [name for name in (*NEVER_NEGATIVE, "value_of_next_unit") if not np.isfinite(table[name]).all()]
    last = table.loc[table["base_stock"] > 0, "value_of_last_unit"]
    wrong += ["value_of_last_unit"] if not np.isfinite(last).all() else []
    wrong += ["fill_rate"] if (table["fill_rate"] > 1.0 + 1e-9).any() else []
    wrong += [group for group, price in found.waiting_price.items() if not 0.0 <= price < np.inf]
    return f"negative, not finite or above one: {', '.join(wrong)}" if wrong else ""


RULES: dict[str, Rule] = {
    "higher service never lowers its group's stock money": higher_service,
    "a longer lead time never lowers backorders": longer_lead,
    "merging two identical points never costs more": merged_twins,
    "zero demand gets zero stock": no_demand,
    "odd networks get integers, lead time zero included": whole_and_finite,
}
EXAMPLES = dict(zip(RULES, (3, 60, 30, 6, 12), strict=True))


@pytest.mark.parametrize("name", RULES)
def test_rules_hold_on_any_system(name: str) -> None:
    """No random system breaks the rule."""

    @given(st.integers(0, 1_000_000))
    @settings(max_examples=EXAMPLES[name], deadline=None)
    def holds(seed: int) -> None:
        assert not broken(RULES[name], seed)

    holds()
