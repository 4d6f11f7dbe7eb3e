"""Intervals: whole replications are drawn again."""

import numpy as np
import pytest

from simulation.referee.verdict import Tally, ratio_interval


def test_the_interval_of_a_ratio_covers_the_truth_as_often_as_it_says() -> None:
    """Replications of different size and fill: 95 % intervals of 20 hold the true ratio in 90 to 98 of 100 cases."""
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(400):
        size = rng.poisson(200, 20).astype(float)
        fill = rng.beta(80, 20, 20)
        found = ratio_interval(size * fill, size)
        hits += found.low <= 0.8 <= found.high
    assert 0.90 <= hits / 400 <= 0.98


def test_equal_replications_leave_no_doubt_and_one_leaves_all() -> None:
    """No spread, no interval; a single replication says nothing about spread."""
    same = ratio_interval(np.full(9, 3.0), np.full(9, 4.0))
    assert (same.value, same.low, same.high) == (0.75, 0.75, 0.75)
    assert ratio_interval(np.array([3.0]), np.array([4.0])).half_width == np.inf


def test_a_ratio_is_of_sums_not_a_mean_of_ratios() -> None:
    """10 of 10 and 0 of 90 are 10 %, not 50 %."""
    tally = Tally()
    tally.add(served=10, asked=10)
    tally.add(served=0, asked=90)
    assert tally.ratio("served", "asked").value == pytest.approx(0.1)
