"""Consignments: in order, honest about the past, closed on holidays."""

import numpy as np
import pytest

from simulation.referee.lead_times import LeadTimeLaws, Voyages, draw_arrivals, gamma_days
from tests.simulation.referee.boards import arrivals, weekly_days

LAWS = LeadTimeLaws(np.array([[10.0, 4.0], [30.0, 0.0]]), np.array([[3.0, 2.0], [8.0, 0.0]]))
ALWAYS_OPEN = np.zeros((2, 0), np.int64)


def test_no_consignment_of_a_lane_overtakes_another() -> None:
    """Arrivals of a lane never decrease; two lanes do not wait for each other."""
    departs = np.concatenate([weekly_days(200), weekly_days(200)])
    lanes = Voyages(np.repeat([0, 1], 200), departs, -1.0, ALWAYS_OPEN)
    due = draw_arrivals(lanes, LAWS, np.random.default_rng(1))
    assert (np.diff(due[:200]) >= 0).all()
    assert (np.diff(due[200:]) >= 0).all()
    assert due[200] < due[199]
    assert (due >= departs).all()


def test_the_sum_of_transit_and_customs_has_their_mean_and_variance() -> None:
    """Days are gamma-distributed with what the lanes table says; without spread they are the mean."""
    days = gamma_days(np.tile(LAWS.mean, (100_000, 1)), np.tile(LAWS.sd, (100_000, 1)), np.random.default_rng(2))
    both = days.reshape(100_000, 2, 2).sum(axis=2)
    assert both.mean(axis=0) == pytest.approx([14.0, 30.0], rel=0.01)
    assert both.var(axis=0) == pytest.approx([13.0, 64.0], rel=0.02)
    assert (days[1::2, 1] == 0).all()


def test_what_left_in_the_past_and_is_not_here_arrives_later_than_today() -> None:
    """A consignment under way is known not to have arrived; one overdue beyond belief arrives at once."""
    departs = np.array([-400.0, -12.0, -3.0, 4.0])
    lane = Voyages(np.zeros(4, np.int64), departs, -1.0, ALWAYS_OPEN)
    draws = np.array([draw_arrivals(lane, LAWS, np.random.default_rng(seed)) for seed in range(3000)])
    assert (draws >= -1.0).all()
    assert draws[:, 0] == pytest.approx(-1.0)
    unconditional = gamma_days(
        np.tile(LAWS.mean[0], (400_000, 1)), np.tile(LAWS.sd[0], (400_000, 1)), np.random.default_rng(9)
    )
    late = unconditional.sum(axis=1)
    assert draws[:, 1].mean() == pytest.approx(late[late > 11.0].mean() - 12.0, rel=0.02)


def test_nothing_arrives_on_a_closed_day() -> None:
    """An arrival on a closed day waits for the first open one, and so does everything behind it."""
    opens = np.arange(60)
    opens[10:15] = 15
    lane = Voyages(np.zeros(3, np.int64), np.array([0.0, 4.0, 20.0]), -1.0, opens[None, :])
    fixed = LeadTimeLaws(np.array([[11.0, 0.5]]), np.zeros((1, 2)))
    assert draw_arrivals(lane, fixed, np.random.default_rng(1)).tolist() == [15.0, 15.5, 31.5]


def test_the_same_seed_draws_the_same_arrivals() -> None:
    """Randomness is an argument."""
    assert (arrivals(weekly_days(50), 20.0, 6.0, 5) == arrivals(weekly_days(50), 20.0, 6.0, 5)).all()
    assert (arrivals(weekly_days(50), 20.0, 6.0, 5) != arrivals(weekly_days(50), 20.0, 6.0, 6)).any()
