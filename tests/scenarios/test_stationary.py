"""The stationary fill rate of the targets beside the one that is played."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from domain.forecast import Forecast
from domain.network import Network
from optimizer.targets import stock_targets
from optimizer.targets.system import build_system
from scenarios.stationary import at_rate_of, stationary
from tests.optimizer.targets.networks import demand, part, two_regions

PARTS = [f"p{number}" for number in range(1, 9)]
POINT_TOLERANCE = 0.01


def network() -> Network:
    """Two regions and eight parts, half of them screens, whose hub never runs out; couriers are the fastest way."""
    parts = [part(name, 5.0, supplier="", part_class=("screen", "other")[row % 2]) for row, name in enumerate(PARTS)]
    found = two_regions(parts=parts, stock=[])
    return replace(found, lanes=found.lanes[found.lanes["lane"] != "D1-A1-road"].reset_index(drop=True))


def forecast() -> Forecast:
    """Demand that falls from week to week, batches and an uncertain, drifting rate."""
    found = demand({(name, region): 0.4 + 0.4 * row for row, name in enumerate(PARTS) for region in ("R1", "R2")})
    fall = np.linspace(1.6, 0.4, found.weeks)
    shape = 3.0 * found.rate_shape
    return replace(
        found, mean=found.mean * fall, rate_shape=shape, discount=0.95 * found.discount, drift=1.0 + found.drift
    )


def test_base_stock_in_place_achieves_the_stationary_fill_rate() -> None:
    """Every group within ± 1 point of its promise, at an interval narrower than that; its demand was played."""
    targets = stock_targets(network(), forecast()).table
    found = stationary(network(), forecast(), targets, replications=600, weeks=80).set_index("group")
    assert list(found.index) == ["screens", "default"]
    assert found["promised"].to_numpy() == pytest.approx([0.95, 0.9], abs=0.02)
    assert (found["high"] - found["low"] < POINT_TOLERANCE).all()
    assert ((found["achieved"] - found["promised"]).abs() < POINT_TOLERANCE).all(), found
    assert (found["demands"] > 10_000).all()


def test_a_leaf_is_played_at_the_rate_of_its_target() -> None:
    """The forecast that is played has one week, the engine's rate at every point, and no drift."""
    system = build_system(network(), forecast())
    flat = at_rate_of(system, network(), forecast())
    np.testing.assert_allclose(flat.share * flat.mean[flat.share_leaf, 0], system.echelons.points["demand"])
    assert flat.weeks == 1
    assert not flat.drift.any()
    assert (flat.rate_shape == 15.0).all()


def test_a_point_without_a_promise_is_an_error() -> None:
    """Targets of another plan are refused by name."""
    targets = stock_targets(network(), forecast()).table
    missing = targets[(targets["part"] != "p3") | (targets["site"] != "B1")]
    with pytest.raises(ValueError, match="no fill rate for part p3 at B1"):
        stationary(network(), forecast(), missing, replications=1, weeks=4)


def test_the_order_of_the_rows_changes_nothing() -> None:
    """Shuffled targets give the same table."""
    targets = stock_targets(network(), forecast()).table
    plain, shuffled = (
        stationary(network(), forecast(), some, replications=2, weeks=10)
        for some in (targets, targets.sample(frac=1.0, random_state=3))
    )
    pd.testing.assert_frame_equal(plain, shuffled)
