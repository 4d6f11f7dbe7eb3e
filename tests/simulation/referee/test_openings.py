"""Shutdowns in a play, by hand."""

from typing import Any

import numpy as np

from simulation.referee.board import HUB, NEVER_SHUT, Demands, Ints
from simulation.referee.openings import first_open
from tests.simulation.referee.boards import board, played, rules, stocked
from tests.simulation.referee.test_emergency import DEPOT, HERE, THERE, asked, two_points

DAYS = 40


def shut(first: int, last: int) -> Ints:
    """Opening days of what is shut from one day to another."""
    closed = np.zeros(DAYS, bool)
    closed[first : last + 1] = True
    return np.array([first_open(closed)])


def one_point(**changes: Any) -> Demands:
    """One unit asked at the only point on day 3."""
    none = np.zeros(1, np.int64)
    return Demands(
        start=np.array([0, 1]), time=np.array([3.0]), point=none, site=none + 2, quantity=none + 1, priority=none + 3,
        asked=np.ones(1, bool), ticket=none,
    )._replace(**changes)  # fmt: skip


def wait(**changes: Any) -> float:
    """Days until the unit is there: one on the depot's shelf, a courier of two days."""
    none = {"depot_opens": np.array([-1]), "point_opens": np.array([-1]), "courier_opens": np.array([-1])}
    table = board(1, **stocked(1, DEPOT, 1), **(none | changes))
    return float(played(table, one_point(), rules(float(DAYS), check=True)).last[0])


def test_the_first_open_day_follows_a_shutdown_and_lies_beyond_the_last_where_none_does() -> None:
    """Shut on days 1 and 2 of 5, and from day 4 on."""
    assert first_open(np.array([False, True, True, False, True])).tolist() == [0, 3, 3, 3, 5]


def test_nothing_leaves_a_depot_and_nothing_arrives_at_a_point_that_is_shut() -> None:
    """A depot shut on days 2 to 9 sends on day 10; a point or a lane shut then makes the unit wait under way."""
    assert wait() == 2.0
    assert wait(opens=shut(2, 9), depot_opens=np.zeros(1, np.int64)) == 10.0 + 2.0 - 3.0
    assert wait(opens=shut(4, 9), depot_opens=np.zeros(1, np.int64)) == 2.0
    assert wait(opens=shut(2, 9), courier_opens=np.zeros(1, np.int64)) == 10.0 + 2.0 - 3.0
    assert wait(opens=shut(2, 9), point_opens=np.zeros(1, np.int64)) == 10.0 - 3.0


def test_a_shut_depot_does_not_keep_others_from_helping_and_a_shut_way_does_not_help() -> None:
    """The depot is shut with the unit in it: the other point sends its own; with that way shut too, express comes;
    with both shut, the depot's own courier once it opens."""
    lots = [(HUB, 1), (DEPOT, 1), (THERE, 1)]
    closures: dict[str, Any] = {
        "base_stock": np.zeros(2, np.int64),
        "opens": shut(0, 30),
        "depot_opens": np.zeros(1, np.int64),
        "point_opens": np.full(2, NEVER_SHUT),
        "courier_opens": np.full(2, NEVER_SHUT),
        "way_opens": np.full(2, NEVER_SHUT),
    }
    emergency = rules(float(DAYS), laterals=True, express=True, check=True)
    demand = asked((3.0, HERE))
    out = played(two_points(lots, **closures), demand, emergency)
    assert out.last.tolist() == [1.5]
    assert out.found.tolist() == [1]
    out = played(two_points(lots, **(closures | {"way_opens": np.array([0, NEVER_SHUT])})), demand, emergency)
    assert out.last.tolist() == [4.0]
    assert out.found.tolist() == [0]
    out = played(two_points(lots, **(closures | {"way_opens": np.array([0, 0])})), demand, emergency)
    assert out.last.tolist() == [31.0 + 2.0 - 3.0]
    assert out.lost.tolist() == [0]
