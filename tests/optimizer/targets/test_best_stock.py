"""The scan finds the stock of least cost."""

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from optimizer.targets.best_stock import best_stock, scan
from optimizer.targets.performance import performance
from optimizer.targets.two_echelons import TwoEchelons
from tests.optimizer.targets.cases import echelons, integers, naive_backorders, random_case

Stock = tuple[int, tuple[int, ...]]


def found(e: TwoEchelons, price: float | npt.NDArray[np.float64]) -> Stock:
    """The engine's choice for the first leaf."""
    depot, point = np.zeros(len(e.leaves), np.int64), np.zeros(len(e.points), np.int64)
    prices = np.broadcast_to(np.asarray(price, float), (len(e.points),)).copy()
    best_stock(e, prices, np.ones(len(e.leaves), bool), False, depot, point, np.zeros(len(e.points)))
    return int(depot[0]), tuple(point.tolist())


@pytest.mark.parametrize("seed", range(12))
def test_the_choice_is_that_of_enumeration(seed: int) -> None:
    """One part, two points: of all stocks of depot and points, costed in plain scipy, the choice is the cheapest."""
    rng = np.random.default_rng(seed)
    e, price = random_case(rng), float(np.exp(rng.uniform(0.5, 3.0)))
    choice = found(e, price)
    most = max(*choice[1], 3) + 2
    costs = {}
    for depot in range(max(choice[0] + 3, 6)):
        waiting = [naive_backorders(e, depot, (stock, stock)) for stock in range(most)]  # points stand alone given it
        for point in product(range(most), repeat=2):
            backorders = sum(waiting[stock][p] for p, stock in enumerate(point))
            costs[depot, point] = kept(e, depot, point) + price * backorders
    assert choice == min(costs, key=lambda stock: costs[stock])


def kept(e: TwoEchelons, depot: int, point: tuple[int, ...]) -> float:
    """Holding and lines a week, in plain Python."""
    leaf, points = e.leaves[0], e.points
    at_points = sum(points["holding"][p] * s + points["line"][p] * (s > 0) for p, s in enumerate(point))
    return float(leaf["holding"] * depot + leaf["line"] * (depot > 0) + at_points)


@given(st.integers(0, 10_000), st.floats(0.5, 50))
@settings(max_examples=15, deadline=None)
def test_no_depot_stock_is_passed_over(seed: int, price: float) -> None:
    """Cost is not convex in the depot's stock: with the points at their best for each, none beats the choice."""
    e = random_case(np.random.default_rng(seed), points=3)
    depot, point = found(e, price)
    best = engine_cost(e, price, depot, integers(*point))
    for other in range(depot + 12):
        for stock in (np.array(point), best_points(e, price, other)):
            assert engine_cost(e, price, other, stock) >= best * (1 - 5e-3)


def engine_cost(e: TwoEchelons, price: float, depot: int, point: npt.NDArray[np.int64]) -> float:
    waiting = performance(e, integers(depot), point).backorders.sum()
    return float(kept(e, depot, tuple(point)) + price * waiting)


def best_points(e: TwoEchelons, price: float, depot: int) -> npt.NDArray[np.int64]:
    """Each point's best stock behind this depot, by trying 0..15."""
    tried = [performance(e, integers(depot), np.full(len(e.points), s)).backorders for s in range(16)]
    holding = [e.points["holding"] * s + e.points["line"] * (s > 0) for s in range(16)]
    best: npt.NDArray[np.int64] = (price * np.array(tried) + np.array(holding)).argmin(axis=0).astype(np.int64)
    return best


@given(st.floats(0.05, 30), st.floats(1.5, 500))
@settings(max_examples=60, deadline=None)
def test_a_single_site_is_a_newsvendor(pipeline: float, price: float) -> None:
    """One point behind a depot that is never out keeps the smallest S with P(N > S) ≤ h/b ."""
    e = echelons({"demand": pipeline, "courier_weeks": 1.0}, lead_weeks=0.0)
    depot, (stock,) = found(e, price)
    assert depot == 0
    assert stock == stats.poisson.isf(1.0 / price, pipeline)


def test_zero_demand_keeps_nothing() -> None:
    """Where nobody asks, nothing is kept, at any price; the neighbour with demand is served."""
    depot, point = found(echelons({"demand": 0.0}, {"demand": 0.0}), 1e6)
    assert (depot, point) == (0, (0, 0))
    _, point = found(echelons({"demand": 0.0}, {"demand": 1.0}), 1e3)
    assert point[0] == 0 < point[1]


def test_without_a_price_nothing_is_kept() -> None:
    """At price 0 waiting is free."""
    assert found(echelons({}, {}), 0.0) == (0, (0, 0))


def test_units_that_cost_nothing_end_somewhere() -> None:
    """A free unit is kept only until a stock-out is one in a million."""
    depot, (point,) = found(echelons({"holding": 0.0}, holding=0.0), 5.0)
    assert stats.poisson.sf(depot + point, 0.3 * 6.5) < 1e-5
    assert depot + point < 40


@given(st.floats(0.1, 1000))
@settings(max_examples=30, deadline=None)
def test_scaling_money_changes_nothing(scale: float) -> None:
    """Prices and costs in another currency lead to the same stock."""
    e = random_case(np.random.default_rng(5), points=3)
    leaves, points = e.leaves.copy(), e.points.copy()
    for table in (leaves, points):
        table["holding"] *= scale
        table["line"] *= scale
    assert found(e._replace(leaves=leaves, points=points), 30.0 * scale) == found(e, 30.0)


def test_scaling_time_changes_nothing() -> None:
    """Half the demand over twice the time is the same pipeline."""
    slow = echelons({"demand": 0.2, "courier_weeks": 2.0}, {"demand": 0.1, "courier_weeks": 2.0}, lead_weeks=10.0)
    fast = echelons({"demand": 0.4, "courier_weeks": 1.0}, {"demand": 0.2, "courier_weeks": 1.0}, lead_weeks=5.0)
    assert found(slow, 20.0) == found(fast, 20.0)


def test_a_slow_mover_ends_at_the_depot() -> None:
    """When the depot is a day away and a line at a point costs money, the unit waits at the depot for all of them."""
    points = [{"demand": 0.01, "courier_weeks": 1 / 7, "line": 0.05}] * 8
    depot, point = found(echelons(*points), 20.0)
    assert depot > 0
    assert point == (0,) * 8


def test_a_line_is_opened_only_for_what_it_saves() -> None:
    """The line cost is paid from the first unit on: S = 0 is compared with the best S above, not only with 1."""
    point = {"demand": 3.0, "courier_weeks": 2.0}
    free = echelons(point, lead_weeks=0.0)
    without = found(free, 10.0)[1][0]
    saved = engine_cost(free, 10.0, 0, integers(0)) - engine_cost(free, 10.0, 0, integers(without))
    assert found(echelons(point | {"line": saved * 0.99}, lead_weeks=0.0), 10.0)[1][0] == without
    assert found(echelons(point | {"line": saved * 1.01}, lead_weeks=0.0), 10.0)[1][0] == 0


def test_every_group_pays_its_own_price() -> None:
    """Points of one leaf may have different prices: the dearer waiting keeps the higher stock."""
    _, (cheap, dear) = found(echelons({"demand": 1.0}, {"demand": 1.0}), np.array([2.0, 200.0]))
    assert cheap < dear


@pytest.mark.parametrize("seed", range(8))
def test_the_cost_found_is_that_of_what_is_achieved(seed: int) -> None:
    """Of two points or of eight, with stock at the depot or where that is too dear: one law for search and figures."""
    rng = np.random.default_rng(seed)
    e = random_case(rng, points=2 if seed % 2 else 8)
    e.leaves["holding"] *= 1e-3 if seed < 4 else 1e3
    e.leaves["batch_index"] = 1.0
    leaf, points, price = e.leaves[0], e.points, np.full(len(e.points), 12.0)
    stock, value = np.zeros(len(points), np.int64), np.zeros(len(points))
    nodes = 1 if e.weight[0, 0] == 1.0 else 5
    depot, cost = scan(
        leaf, points, price, e.theta[0, :nodes], e.weight[0, :nodes], e.owed[0, :, :nodes], False, stock, value
    )
    assert (depot == 0) == (seed >= 4)
    assert cost == pytest.approx(engine_cost(e, 12.0, depot, stock), rel=1e-9)
