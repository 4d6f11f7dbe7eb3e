"""The price of waiting found for each group keeps its target and no more."""

from dataclasses import replace

import numpy as np
import pytest

from domain.service import BackorderCost, FillRate, MeanWait, ServiceTarget, WithinDays
from optimizer.targets.local_search import kept_cost
from optimizer.targets.performance import Performance, performance
from optimizer.targets.prices import find_prices
from optimizer.targets.response import PricedStock, respond
from optimizer.targets.system import System, every
from tests.optimizer.targets.cases import system


def achieved(of: System, stock: PricedStock, group: int = 0, days: float = 0.0) -> tuple[float, float]:
    """Share of the group's units served within `days`, and its mean wait in days (Little)."""
    window = np.full(len(of.group), days / 7)
    now: Performance = performance(of.echelons, stock.depot_stock, stock.point_stock, window)
    demand = np.where(of.group == group, of.echelons.points["demand"], 0.0)
    waiting = now.backorders[of.group == group].sum()
    return float(now.fill @ demand / demand.sum()), float(7 * waiting / demand.sum())


def money(of: System, stock: PricedStock) -> float:
    """Value of all stock, in its holding cost a week."""
    e = of.echelons
    return float(e.leaves["holding"] @ stock.depot_stock + e.points["holding"] @ stock.point_stock)


@pytest.mark.parametrize("share", [0.3, 0.8, 0.95, 0.99])
def test_a_fill_rate_is_kept_and_not_much_more(share: float) -> None:
    """The demand-weighted stationary fill rate of the group lies between its target and a unit's worth above."""
    of = system(np.random.default_rng(1), {"g": FillRate(share)})
    assert share <= achieved(of, find_prices(of))[0] <= share + 0.004


@pytest.mark.parametrize("days", [0.2, 1.0, 4.0])
def test_a_mean_wait_is_kept(days: float) -> None:
    """Mean wait EBO/λ of the group is at most its target and near it."""
    of = system(np.random.default_rng(2), {"g": MeanWait(days)})
    assert 0.93 * days <= achieved(of, find_prices(of))[1] <= days + 1e-9


@pytest.mark.parametrize(("days", "share"), [(1.0, 0.9), (3.0, 0.95), (10.0, 0.97)])
def test_a_share_within_days_is_kept(days: float, share: float) -> None:
    """P(wait ≤ days) over the group's units is at least its share and near it."""
    of = system(np.random.default_rng(3), {"g": WithinDays(days, share)})
    assert share <= achieved(of, find_prices(of), days=days)[0] <= share + 0.004


def test_more_days_need_less_stock() -> None:
    """The same share within more days costs less."""
    of = system(np.random.default_rng(3), {"g": FillRate(0.9)})
    cost = [money(of, find_prices(replace(of, targets={"g": WithinDays(days, 0.9)}))) for days in (0.0, 2.0, 5.0)]
    assert cost[0] > cost[1] > cost[2]
    assert cost[0] == money(of, find_prices(of))


def test_a_given_price_is_taken_as_it_is() -> None:
    """backorder_cost_per_day is seven times that a week, and the stock is the best at that price."""
    of = system(np.random.default_rng(4), {"g": BackorderCost(1.5)})
    stock = find_prices(of)
    assert stock.price.tolist() == [10.5]
    best = respond(of, np.array([10.5]), None)
    np.testing.assert_array_equal(stock.point_stock, best.point_stock)
    np.testing.assert_array_equal(stock.depot_stock, best.depot_stock)


def test_every_group_keeps_its_own_target() -> None:
    """Four groups with four kinds of target are met at once."""
    targets: dict[str, ServiceTarget] = {
        "a": FillRate(0.95), "b": MeanWait(1.0), "c": WithinDays(2, 0.9), "d": BackorderCost(2.0),
    }  # fmt: skip
    of = system(np.random.default_rng(5), targets, leaves=120)
    stock = find_prices(of)
    assert achieved(of, stock, 0)[0] >= 0.95
    assert achieved(of, stock, 1)[1] <= 1.0
    assert achieved(of, stock, 2, days=2)[0] >= 0.9
    assert stock.price[3] == 14.0
    assert (stock.price > 0).all()


def test_groups_that_share_their_depot_are_all_kept() -> None:
    """Points of one leaf in different groups move each other through the depot; both targets hold in the end."""
    of = system(np.random.default_rng(6), {"a": FillRate(0.97), "b": FillRate(0.6)})
    of = replace(of, group=np.arange(len(of.group)) % 2)
    stock = find_prices(of)
    assert 0.97 <= achieved(of, stock, 0)[0] <= 0.975
    assert 0.6 <= achieved(of, stock, 1)[0] <= 0.61
    assert stock.price[0] > stock.price[1]


def test_higher_service_never_lowers_the_stock_money() -> None:
    """Step by step up to 99 % the group's stock costs more, and so does waiting."""
    of = system(np.random.default_rng(7), {"g": FillRate(0.5)})
    stocks = [find_prices(replace(of, targets={"g": FillRate(share)})) for share in (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)]
    cost = [money(of, stock) for stock in stocks]
    price = [float(stock.price[0]) for stock in stocks]
    assert cost == sorted(cost)
    assert price == sorted(price)


def test_a_small_group_is_not_overstocked() -> None:
    """Ten equal points flip together at one price; the local search keeps the target at a lower cost."""
    of = system(np.random.default_rng(8), {"g": FillRate(0.5)}, leaves=1, points=10)
    for column, value in (("demand", 0.2), ("courier_weeks", 0.4), ("line", 0.0)):
        of.echelons.points[column] = value
    stock = find_prices(of)
    flipped = respond(of, stock.price, None)
    assert len(set(flipped.point_stock.tolist())) == 1
    assert achieved(of, stock)[0] >= 0.5
    assert kept_cost(of, stock) < kept_cost(of, flipped)


def test_a_group_nobody_belongs_to_has_price_zero() -> None:
    """Without demand there is nothing to wait for."""
    of = system(np.random.default_rng(10), {"g": FillRate(0.9)})
    stock = find_prices(replace(of, targets={"g": FillRate(0.9), "empty": FillRate(0.99)}))
    assert stock.price[1] == 0.0
    assert stock.price[0] > 0.0


def test_an_impossible_target_ends_at_the_dearest_price() -> None:
    """A fill rate of one is never reached; the search ends, honestly below it."""
    of = system(np.random.default_rng(11), {"g": FillRate(1.0)}, leaves=10)
    assert 0.999 < achieved(of, find_prices(of))[0] < 1.0


def test_a_target_met_without_stock_needs_none() -> None:
    """A mean wait longer than any wait asks for no stock at all."""
    of = system(np.random.default_rng(12), {"g": MeanWait(500.0)}, leaves=10)
    stock = find_prices(of)
    assert stock.depot_stock.sum() == stock.point_stock.sum() == 0


def test_a_site_keeps_no_more_lines_than_it_may() -> None:
    """The lines of highest value stay; the group's target is kept by the other sites and the depot's stock."""
    of = system(np.random.default_rng(13), {"g": FillRate(0.8)})
    free = find_prices(of)
    at_q0 = of.site == "Q0"
    lines = int((free.point_stock[at_q0] > 0).sum())
    limited = replace(of, line_limit=np.where(at_q0, lines // 2, np.inf))
    stock = find_prices(limited)
    assert (stock.point_stock[at_q0] > 0).sum() == lines // 2
    assert achieved(of, stock)[0] >= 0.8
    demand = of.echelons.points["demand"][at_q0]
    assert demand[stock.point_stock[at_q0] > 0].mean() > demand[stock.point_stock[at_q0] == 0].mean()


def test_only_leaves_whose_price_moved_are_solved_again() -> None:
    """Solving only what changed gives the same stock as solving all."""
    of = system(np.random.default_rng(14), {"a": FillRate(0.9), "b": FillRate(0.8)})
    before = respond(of, np.array([1.0, 1.0]), None)
    after, anew = (respond(of, np.array([1.0, 9.0]), known) for known in (before, None))
    np.testing.assert_array_equal(after.point_stock, anew.point_stock)
    np.testing.assert_array_equal(after.depot_stock, anew.depot_stock)
    assert (after.point_stock >= before.point_stock).mean() > 0.9
    assert after.point_stock.sum() > before.point_stock.sum()


def test_a_sample_is_a_system_of_its_own() -> None:
    """Every third part alone chooses the stock it chooses among all, and which parts they are has nothing to do with
    their order."""
    of = system(np.random.default_rng(15), {"g": FillRate(0.9)}, leaves=20)
    sample = every(of, 3)
    whole, part = respond(of, np.array([3.0]), None), respond(sample, np.array([3.0]), None)
    rows = np.flatnonzero(np.isin(of.part, sample.part))
    assert len(rows) == 7
    np.testing.assert_array_equal(part.depot_stock, whole.depot_stock[rows])
    np.testing.assert_array_equal(part.point_stock, whole.point_stock[np.isin(of.leaf, rows)])
    assert set(every(replace(of, part=of.part[::-1].copy()), 3).part) == set(of.part[::-1][rows])


def test_the_same_prices_come_back() -> None:
    """Same input, same prices and stock, to the last bit."""
    of = system(np.random.default_rng(16), {"g": FillRate(0.9)})
    first, second = find_prices(of), find_prices(of)
    assert first.price.tobytes() == second.price.tobytes()
    assert first.point_stock.tobytes() == second.point_stock.tobytes()
