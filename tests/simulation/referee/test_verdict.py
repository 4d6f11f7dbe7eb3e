"""Intervals: whole replications are drawn again."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from simulation.referee.board import Demands
from simulation.referee.case import Case
from simulation.referee.verdict import Tally, ratio_interval, service_by_part, tally_service


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


def test_a_repair_waits_for_its_last_part_and_one_that_left_counts_apart() -> None:
    """Three repairs: two parts after 0 and 4 days, one part at once, one that gave up; what was asked before the first
    week or after the last is no demand of these weeks."""
    case = SimpleNamespace(
        weeks=2, rows=SimpleNamespace(groups=("all",), points=pd.DataFrame({"group": np.zeros(3, np.int64)}))
    )
    rows = 6
    demands = Demands(
        start=np.array([0, rows]),
        time=np.array([0.0, 1.0, 1.0, 3.0, 5.0, 14.5]),
        point=np.array([0, 0, 1, 2, 2, 0]),
        site=np.zeros(rows, np.int64),
        quantity=np.array([9, 1, 2, 1, 1, 5]),
        priority=np.full(rows, 3),
        asked=np.array([False, True, True, True, True, True]),
        ticket=np.array([8, 3, 3, 0, 5, 2]),
    )
    at_once, local = np.array([0, 1, 0, 1, 0, 5]), np.array([0, 1, 2, 1, 0, 5])
    tally = Tally()
    tally_service(tally, cast(Case, case), demands, at_once, local, np.array([9.0, 0.0, 4.0, 0.0, np.inf, 0.0]))
    told = {name: numbers[0] for name, numbers in tally.sums.items()}
    assert (told["asked"], told["served"], told["local"]) == (5, 2, 4)
    assert (told["repairs"], told["of_several"], told["without_wait"]) == (3, 1, 1)
    assert (told["given_up"], told["ended"], told["wait"]) == (1, 2, 4.0)


def test_units_of_each_part_are_those_asked_for_within_the_weeks() -> None:
    """Three parts, the second never asked for; an open repair order and a demand of week 3 of 2 do not count."""
    case = SimpleNamespace(weeks=2)
    rows = 5
    demands = Demands(
        start=np.array([0, 3, 3, rows]),
        time=np.array([0.0, 2.0, 9.0, 13.9, 14.0]),
        point=np.zeros(rows, np.int64),
        site=np.zeros(rows, np.int64),
        quantity=np.array([4, 2, 3, 1, 8]),
        priority=np.full(rows, 3),
        asked=np.array([False, True, True, True, True]),
        ticket=np.arange(rows),
    )
    asked, served = service_by_part(cast(Case, case), demands, np.array([4, 2, 1, 0, 8]))
    assert asked.tolist() == [5, 0, 1]
    assert served.tolist() == [3, 0, 0]
