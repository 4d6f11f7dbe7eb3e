"""Money of a leaf's points: against enumeration, and the series against the sum over points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.replenishment.shelf_money import StockedPoints, add_weekly_money, shelves_and_waiting
from tests.optimizer.replenishment.cases import probabilities


@settings(deadline=None)  # the first example compiles
@given(
    st.floats(0.0, 8.0), st.floats(0.0, 4.0), st.floats(1.0, 3.0), st.floats(0.0, 1.0),
    st.lists(st.tuples(st.floats(0.0, 1.0), st.integers(0, 5), st.floats(0.0, 2.0)), min_size=1, max_size=4),
)  # fmt: skip
def test_shelves_and_waiting_are_a_loop_over_points(
    backorders: float, weekly: float, psi: float, kappa: float, points: list[tuple[float, int, float]]
) -> None:
    """A pipeline has mean λc + f·E[x⁻]: what is beyond the base stock waits, what is below is on the shelf."""
    held = waited = shelves = waiting = 0.0
    for share, stock, courier in points:
        mean = share * (weekly * courier + backorders)
        law = probabilities(mean, psi * mean + kappa * mean**2) if mean > 1e-12 else np.eye(2000)[0]
        short = float(law @ np.maximum(np.arange(2000) - stock, 0.0))
        held += 0.7 * (stock - mean + short)
        waited += 3.0 * short
        shelves += stock - mean + short
        waiting += short
    share_, stock_, courier_ = (np.array(column, dtype=float) for column in zip(*points, strict=True))
    same, each = np.ones(len(points)), np.empty(len(points))
    found = shelves_and_waiting(
        backorders, weekly, psi, kappa, 0, len(points), share_, stock_.astype(np.int64), courier_,
        0.7 * same, 3.0 * same, each,
    )  # fmt: skip
    assert found == pytest.approx((held, waited, shelves, waiting), rel=1e-7, abs=1e-7)
    assert each.sum() == pytest.approx(waiting, rel=1e-7, abs=1e-7)


@settings(deadline=None, max_examples=60)  # the first example compiles
@given(
    st.floats(0.1, 60.0), st.floats(1.0, 3.0), st.floats(-3.0, 2.0), st.integers(2, 300),
    st.lists(st.tuples(st.floats(0.001, 1.0), st.integers(1, 9), st.integers(0, 2)), min_size=1, max_size=6),
)  # fmt: skip
def test_a_series_over_states_is_the_sum_over_points(
    most: float, psi: float, log_kappa: float, states: int, points: list[tuple[float, int, int]]
) -> None:
    """Whatever the demand, the backorders and the couriers, the series is the points' sum but for rounding."""
    points = sorted(points, key=lambda point: point[2])
    share, base_stock, courier = (np.array(column, dtype=float) for column in zip(*points, strict=True))
    rng = np.random.default_rng(states)
    weekly, backorders = 3.0 * rng.random(states), most * rng.random(states)
    base, kappa, first = base_stock.astype(np.int64), 10.0**log_kappa, np.array([0, len(points)])
    holding, waiting, each = 0.1 * rng.random(len(points)), rng.random(len(points)), np.empty(len(points))
    found = np.zeros(states)
    leaf = StockedPoints(first, share, base, courier / 7.0, holding, waiting)
    add_weekly_money(leaf, 0, psi, kappa, weekly, backorders, found)
    money = [
        sum(
            shelves_and_waiting(
                backorders[i], weekly[i], psi, kappa, 0, len(points), share, base, courier / 7.0, holding, waiting, each
            )[:2]
        )
        for i in range(states)
    ]
    np.testing.assert_allclose(found, money, rtol=1e-13, atol=1e-13 * max(money))
