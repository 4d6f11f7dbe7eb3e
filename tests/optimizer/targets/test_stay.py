"""Targets that stay: held where a change does not pay, lines for a while, promises always."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from domain.network import Settings
from domain.service import BackorderCost, FillRate, MeanWait, ServiceTarget, WithinDays
from optimizer.targets import stock_targets
from optimizer.targets.goals import Goal
from optimizer.targets.prices import find_prices
from optimizer.targets.response import PricedStock
from optimizer.targets.stay import Previous, settle, since
from optimizer.targets.system import TARGET_WEEKS, System
from tests.optimizer.targets.cases import system
from tests.optimizer.targets.networks import demand, two_regions

Ints = npt.NDArray[np.int64]
TODAY = date(2025, 6, 29)
GROUPS: dict[str, ServiceTarget] = {
    "a": FillRate(0.9),
    "b": MeanWait(1.0),
    "c": BackorderCost(0.5),
    "d": WithinDays(2.0, 0.95),
}


def settings(change_cost: float = 0.0, stay_weeks: int = 0, as_of: date = TODAY) -> Settings:
    return Settings(as_of=as_of, currency="USD", target_change_cost=change_cost, minimum_stay_weeks=stay_weeks)


def previous(of: System, depot: Ints, point: Ints, weeks_ago: float = 1.0) -> Previous:
    """The targets of a plan a week ago that kept so much; `since` says when its part numbers came or went."""
    points = pd.DataFrame({"part": of.part[of.leaf], "site": of.site, "group": "a", "base_stock": point})
    depots = pd.DataFrame({"part": of.part, "site": of.depot, "group": "", "base_stock": depot})
    table = pd.concat([points, depots], ignore_index=True)
    begun = pd.Timestamp(TODAY) - pd.Timedelta(days=7 * weeks_ago)
    return Previous(table.assign(since=begun).sample(frac=1, random_state=1), TODAY - timedelta(7))


def meets(of: System, stock: PricedStock) -> bool:
    goal = Goal.of(of)
    return bool((goal.is_fixed | (goal.residual(of, stock) >= -1e-8)).all())


def with_demand(of: System, factor: "float | npt.NDArray[np.float64]") -> System:
    points = of.echelons.points.copy()
    points["demand"] *= factor
    return replace(of, echelons=of.echelons._replace(points=points))


def changed(one: PricedStock, other: PricedStock) -> int:
    return int((one.depot_stock != other.depot_stock).sum() + (one.point_stock != other.point_stock).sum())


@examples(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), change_cost=st.sampled_from([0.3, 3.0]), stay_weeks=st.sampled_from([0, 8]))
def test_what_has_settled_stays_while_nothing_changes(seed: int, change_cost: float, stay_weeks: int) -> None:
    """Integers, promises and room kept; planned again with the same inputs the targets do not change."""
    rng = np.random.default_rng(seed)
    of = system(rng, GROUPS, leaves=20, points=3)
    if seed % 2:
        of = replace(of, line_limit=np.full(len(of.leaf), 14.0))
    new = find_prices(of)
    depot = np.maximum(new.depot_stock + rng.integers(-2, 3, len(new.depot_stock)), 0)
    point = np.maximum(new.point_stock + rng.integers(-2, 3, len(new.point_stock)), 0)
    asked = settings(change_cost, stay_weeks)
    once = settle(of, new, previous(of, depot, point), asked)
    assert once.depot_stock.dtype == once.point_stock.dtype == np.int64
    assert min(once.depot_stock.min(), once.point_stock.min()) >= 0
    assert meets(of, once) or not meets(of, new)
    assert seed % 2 == 0 or pd.Series(once.point_stock > 0).groupby(of.site).sum().max() <= 14
    twice = settle(of, new, previous(of, once.depot_stock, once.point_stock), asked)
    assert changed(once, twice) == 0


def test_a_change_is_made_only_where_it_saves_its_cost() -> None:
    """At a given price of waiting a point changes where that saves its cost in a quarter, one at a time."""
    of = system(np.random.default_rng(4), {"c": BackorderCost(0.5)}, leaves=12, points=3)
    new = find_prices(of)
    before = np.maximum(new.point_stock + np.resize([1, -1, 0, 2], len(new.point_stock)), 0)
    for cost in (0.05, 0.5, 5.0):
        found = settle(of, new, previous(of, new.depot_stock, before), settings(cost))
        for row in np.flatnonzero(before != new.point_stock):
            held = new.point_stock.copy()
            held[row] = before[row]
            saved = priced(of, replace(new, point_stock=held)) - priced(of, new)
            assert found.point_stock[row] == (new.point_stock[row] if TARGET_WEEKS * saved > cost else before[row])


def priced(of: System, stock: PricedStock) -> float:
    """Holding, lines and waiting, money per week."""
    e, waiting = of.echelons, Goal.of(of).achieved(of, stock).backorders
    lines = e.leaves["line"] @ (stock.depot_stock > 0) + e.points["line"] @ (stock.point_stock > 0)
    kept = e.leaves["holding"] @ stock.depot_stock + e.points["holding"] @ stock.point_stock
    return float(kept + lines + stock.price[of.group] @ waiting)


def test_changes_dear_beyond_measure_are_made_for_a_promise_only() -> None:
    """Nothing changes while the earlier stock meets every target; when demand rises, no more than brings it back."""
    of = system(np.random.default_rng(1), {"a": FillRate(0.9), "b": FillRate(0.95)}, leaves=40)
    old = find_prices(of)
    dear = settings(1e12)
    less = with_demand(of, 0.97)
    kept = previous(of, old.depot_stock, old.point_stock)
    assert changed(settle(less, find_prices(less), kept, dear), old) == 0
    more = with_demand(of, 1.06)
    new = find_prices(more)
    assert not meets(more, old)
    found = settle(more, new, kept, dear)
    assert meets(more, found)
    assert 0 < changed(found, old) < 0.75 * changed(new, old)


def test_a_wobble_of_demand_leaves_targets_alone() -> None:
    """Demand ±3 % for ten weeks: a price on changes takes away nine of ten, at less than 1 % more cost."""
    rng = np.random.default_rng(7)
    of = system(rng, {"a": FillRate(0.9), "b": MeanWait(1.0)}, leaves=60)
    price = 26 * float(np.median(of.echelons.points["holding"]))  # half a year of a median unit's holding
    free = held = find_prices(of)
    changes, cost = np.zeros(2, int), np.zeros(2)
    for _ in range(10):
        now = with_demand(of, rng.uniform(0.97, 1.03, len(of.leaf)))
        new = find_prices(now)
        settled = settle(now, new, previous(of, held.depot_stock, held.point_stock), settings(price))
        changes += changed(new, free), changed(settled, held)
        cost += priced(now, new), priced(now, settled)
        free, held = new, settled
        assert meets(now, settled)
    assert 0 < 10 * changes[1] < changes[0]
    assert cost[1] < 1.01 * cost[0]


def test_a_line_stays_for_its_time() -> None:
    """A part number kept for less than the minimum stay keeps one unit though none would pay; after it, it goes."""
    of = system(np.random.default_rng(2), {"c": BackorderCost(0.01)}, leaves=10)
    new = find_prices(of)
    before = np.full(len(new.point_stock), 3)
    gone = new.point_stock == 0
    assert gone.any()
    held = settle(of, new, previous(of, new.depot_stock, before, weeks_ago=5), settings(stay_weeks=6))
    assert (held.point_stock[gone] == 1).all()
    assert (held.point_stock[~gone] == new.point_stock[~gone]).all()
    over = settle(of, new, previous(of, new.depot_stock, before, weeks_ago=6), settings(stay_weeks=6))
    assert changed(over, new) == 0


def test_room_goes_before_a_stay() -> None:
    """Where the site may keep only so many part numbers, those that have to stay leave room for those that pay."""
    of = system(np.random.default_rng(3), {"c": BackorderCost(0.5)}, leaves=12)
    of = replace(of, line_limit=np.full(len(of.leaf), 4.0))
    new = find_prices(of)
    before = (np.random.default_rng(0).random(len(of.leaf)) < 0.5).astype(np.int64)
    held = settle(of, new, previous(of, new.depot_stock, before), settings(2.0, stay_weeks=8))
    lines = pd.Series(held.point_stock > 0).groupby(of.site).sum()
    assert (lines <= 4).all()
    assert changed(held, new) > 0


def test_a_line_that_left_stays_away_unless_waiting_for_it_is_dear() -> None:
    """It comes back before its time where what that saves until then exceeds the cost of a change, otherwise not."""
    of = system(np.random.default_rng(5), {"c": BackorderCost(0.5)}, leaves=10)
    new = find_prices(of)
    none = np.zeros_like(new.point_stock)
    before = previous(of, new.depot_stock, none, weeks_ago=1)
    held = settle(of, new, before, settings(0.4, stay_weeks=5))
    wanted = np.flatnonzero(new.point_stock)
    without = [replace(new, point_stock=np.where(np.arange(len(none)) == row, 0, new.point_stock)) for row in wanted]
    saved = np.array([priced(of, stock) - priced(of, new) for stock in without])
    assert 0 < (4 * saved > 0.4).sum() < len(wanted)
    assert ((held.point_stock[wanted] > 0) == (4 * saved > 0.4)).all()


def test_the_day_a_line_came_or_went_is_carried_on() -> None:
    """Kept on: the old day; new or gone: today; never there: none; a plan that does not say: its own day."""
    keys = pd.DataFrame({"part": list("ABCDE"), "site": "P", "group": "a"})
    old = keys[:4].assign(base_stock=[1, 2, 0, 0], since=pd.to_datetime(["2025-01-01", "NaT", "NaT", "2025-02-02"]))
    now = keys.assign(base_stock=[2, 0, 1, 0, 1])
    told = since(now, Previous(old, date(2025, 6, 22)), settings(1.0))
    assert list(told.astype("M8[D]").astype(str)) == [
        "2025-01-01",
        "2025-06-29",
        "2025-06-29",
        "2025-02-02",
        "2025-06-29",
    ]
    same = since(
        keys.assign(base_stock=[1, 2, 0, 0, 0]), Previous(old.drop(columns="since"), date(2025, 6, 22)), settings(1.0)
    )
    assert list(same.astype("M8[D]").astype(str)) == ["2025-06-22", "2025-06-22", "NaT", "NaT", "NaT"]
    assert np.isnat(since(now, Previous(old, TODAY), settings())).all()


def test_from_end_to_end() -> None:
    """A plan handed the one before keeps its stock, hubs too; without the settings the earlier plan is not read."""
    network = two_regions()
    weekly = {(part, region): 0.8 for part in ("p1", "p2", "p3") for region in ("R1", "R2")}
    careful = replace(network, settings=replace(network.settings, target_change_cost=1e6))
    old = stock_targets(careful, demand(weekly)).table
    assert (old["since"].notna() == (old["base_stock"] > 0)).all()
    less = demand(dict.fromkeys(weekly, 0.7))
    before = Previous(old, network.settings.as_of)
    free, held = stock_targets(network, less, before).table, stock_targets(careful, less, before).table
    assert free["since"].isna().all()
    assert (free["base_stock"] != old["base_stock"]).any()
    pd.testing.assert_series_equal(held["base_stock"], old["base_stock"])
    pd.testing.assert_series_equal(held["since"], old["since"])


def test_the_critical_part_is_promised_more() -> None:
    """Two parts alike but for their criticality: the group of the critical one has the higher promise and keeps it."""
    service = [{"group": "critical", "criticality": "high", "fill_rate": 0.98}]
    network = two_regions(service=service)
    parts = network.parts.assign(criticality=["high", "", ""], unit_cost=10.0)
    targets = stock_targets(replace(network, parts=parts), demand({("p1", "R1"): 0.8, ("p2", "R1"): 0.8})).table
    points = targets[targets["group"] != ""]
    assert points["group"].tolist() == ["critical", "critical", "default", "default"]
    critical, other = (points["fill_rate"].to_numpy(float).reshape(2, 2) * [0.75, 0.25]).sum(axis=1)
    assert critical >= 0.98 > other
    stock = targets.groupby("part")["base_stock"].sum()
    assert stock["p1"] > stock["p2"]
