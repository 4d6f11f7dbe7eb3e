"""From tables to the engine's arrays: lead times, rates and costs by hand."""

import numpy as np
import pytest

from optimizer.targets.lead_law import realised_lead
from optimizer.targets.system import build_system
from tests.optimizer.targets.networks import WEEKS, demand, lane, part, two_regions


def test_the_ordinary_lane_gives_lead_time_and_cost() -> None:
    """Sea is cheapest with its capital: 35 days (sd 5: deviations of transit and customs add in squares) as realised by
    ships that do not overtake, and the wait for a weekly departure."""
    e = build_system(two_regions(), demand({("p1", "R1"): 1.0})).echelons
    days, variance = realised_lead(35.0, 5.0, 7.0)
    assert e.leaves["lead_weeks"][0] == pytest.approx((days + 3.5) / 7)
    assert e.leaves["lead_variance"][0] == pytest.approx((variance + 49 / 12) / 49)
    assert e.leaves["holding"][0] == pytest.approx(0.2 / 52 * 21.0)
    np.testing.assert_allclose(e.points["holding"], np.array([0.3, 0.25]) / 52 * 21.0)
    np.testing.assert_allclose(e.points["line"], [0.0, 0.05])


def test_the_hub_waits_for_its_supplier_and_buys_in_lots() -> None:
    """21 days (sd 2) and the wait for a weekly ordering day; it buys 5 at least; a part without supplier is never
    out."""
    parts = [part("p1", 20.0, moq=5, order_multiple=4), part("p2", 5.0, supplier="")]
    of = build_system(two_regions(parts=parts), demand({("p1", "R1"): 1.0, ("p1", "R2"): 1.0, ("p2", "R1"): 1.0}))
    days, variance = realised_lead(21.0, 2.0, 7.0)
    assert of.hub.tolist() == ["HUB", "HUB"]
    assert of.hubs["lead_weeks"].tolist() == pytest.approx([(days + 3.5) / 7, 0.0])
    assert of.hubs["lead_variance"].tolist() == pytest.approx([(variance + 49 / 12) / 49, 0.0])
    assert of.hubs["lot"].tolist() == [5, 1]
    assert list(zip(of.hubs["first"], of.hubs["last"], strict=True)) == [(0, 2), (2, 3)]


def test_a_point_no_lane_reaches_is_planned_all_the_same() -> None:
    """It is given the longest courier time of the network."""
    lanes = [
        lane("HUB", "D1", "sea", 30, 1.0),
        lane("D1", "A1", "courier", 2, 1.0),
        lane("D2", "B1", "courier", 5, 1.0),
    ]
    e = build_system(two_regions(lanes=lanes), demand({("p1", "R1"): 1.0})).echelons
    np.testing.assert_allclose(e.points["courier_weeks"], np.array([2, 5]) / 7)


def test_a_part_no_lane_may_carry_is_planned_all_the_same() -> None:
    """Dangerous goods no lane takes: the slowest lane's days, the purchase price: its stock can be shared."""
    parts = [part("p1", 20.0, dangerous_goods=True), part("p2", 5.0), part("p3", 1.0)]
    e = build_system(two_regions(parts=parts), demand({("p1", "R1"): 1.0})).echelons
    assert e.leaves["lead_weeks"][0] == pytest.approx((35 + 3.5) / 7)
    assert e.leaves["holding"][0] == pytest.approx(0.2 / 52 * 20.0)


def test_the_rate_is_that_of_the_quarter_after_the_lead_time() -> None:
    """What ends before today's shipments arrive is not stocked, what begins then is; 35 + 7 days are six weeks."""
    weekly = np.zeros((1, WEEKS))
    weekly[0, :6] = 100.0
    weekly[0, 6:19] = 2.0
    weekly[0, 19:] = 50.0
    e = build_system(two_regions(), demand({("p1", "R1"): 1.0}, mean=weekly)).echelons
    np.testing.assert_allclose(e.points["demand"], [1.5, 0.5])


def test_a_short_forecast_gives_its_last_weeks() -> None:
    """With 15 weeks the last 13 are taken, with 4 all of them."""
    for weeks, expected in ((15, 9.0), (4, 2.5)):
        mean = np.arange(1.0, weeks + 1)[None, :]
        e = build_system(two_regions(), demand({("p1", "R1"): 1.0}, mean=mean)).echelons
        assert e.points["demand"].sum() == pytest.approx(expected)


def test_leaves_and_points_without_demand_are_left_out() -> None:
    """Only rows with demand are planned, sorted by part, region and site."""
    of = build_system(two_regions(), demand({("p2", "R1"): 0.0, ("p1", "R2"): 1.0, ("p3", "R1"): 2.0}))
    assert of.part.tolist() == ["p1", "p3"]
    assert of.depot.tolist() == ["D2", "D1"]
    assert of.site.tolist() == ["B1", "B2", "A1", "A2"]
    assert of.leaf.tolist() == [0, 0, 1, 1]
