"""What a year costs by point and depot, against a plain loop; and the lines a depot's stock cost follows."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.counts import expected_backorders
from domain.network import Network
from optimizer.siting import SitingProblem, aggregate, choose
from optimizer.siting.aggregate import _envelope
from tests.optimizer.siting.networks import candidate_tables, network_of
from tests.optimizer.targets.networks import demand

PRICE = {"default": 30.0, "screens": 30.0, "batteries": 30.0}


def small(**site: float) -> Network:
    """D3 beside D1, with what a test changes of its site."""
    tables, settings = candidate_tables(["0001"], {"D3": ("D1", 50.0, ["P11", "P12"])})
    at = tables["sites"]["site"] == "D3"
    tables["sites"] = tables["sites"].assign(**{name: np.where(at, value, np.nan) for name, value in site.items()})
    return network_of((tables, settings))


def problem_of(network: Network) -> SitingProblem:
    """Its problem for two pieces a week in R1 and one in R2, three quarters at the first point."""
    forecast = demand({("0001", "R1"): 2.0, ("0001", "R2"): 1.0}, as_of=network.settings.as_of)
    names = {"A1": "P11", "A2": "P12", "B1": "P21", "B2": "P22"}
    sites = np.array([names[name] for name in forecast.share_site], dtype=object)
    return aggregate(network, replace(forecast, share_site=sites), PRICE)


def test_points_stay_or_go_to_a_candidate() -> None:
    """A point's ways are its depot and the candidates with a lane to it; open depots do not change points."""
    problem = problem_of(small())
    ways = {(problem.point[p], problem.depot[d]) for p, d in zip(problem.way_point, problem.way_depot, strict=True)}
    assert ways == {("P11", "D1"), ("P11", "D3"), ("P12", "D1"), ("P12", "D3"), ("P21", "D2"), ("P22", "D2")}
    assert list(problem.candidate) == [False, False, True]
    assert problem.load == pytest.approx([78.0, 26.0, 39.0, 13.0])


def test_a_way_costs_supply_last_leg_and_shelf() -> None:
    """P11 by D1: landed cost beyond the unit, capital under way, courier, and the best level of its shelf by search."""
    problem = problem_of(small())
    way = int(
        np.flatnonzero((problem.point[problem.way_point] == "P11") & (problem.depot[problem.way_depot] == "D1"))[0]
    )
    freight = 0.30 * 8.0
    duty = 0.05 * (60 + freight)
    landed = 60 + freight + duty
    unit = freight + duty + landed * 0.25 / 52 * 7 / 7 + 0.30 * 1.5
    weekly = 1.5
    mean = weekly * 1 / 7
    moments = mean, 1.2 * mean + mean**2 / 5
    holding = landed * 0.25 / 52
    shelf = min(
        holding * (stock - mean + float(expected_backorders(*moments, stock)))
        + 30.0 * float(expected_backorders(*moments, stock))
        for stock in range(20)
    )
    assert problem.money[way] == pytest.approx(52 * (weekly * unit + shelf))


def test_a_candidate_no_lane_supplies_is_not_opened() -> None:
    """Without a lane from the hub everything waits: a free depot is not worth having."""
    tables, settings = candidate_tables(["0001"], {"D3": ("D1", 0.0, ["P11", "P12"])})
    lanes = tables["lanes"]
    tables["lanes"] = lanes[~((lanes["origin"] == "HUB") & (lanes["destination"] == "D3"))]
    _, opened = choose(problem_of(network_of((tables, settings))))
    assert not opened[2]


def test_room_limits_the_load() -> None:
    """A candidate of a litre of room may serve nearly nobody, one of a thousand cubic metres everybody."""
    assert problem_of(small(storage_m3=0.001)).most[2] < 26.0
    assert problem_of(small(storage_m3=1000.0)).most[2] == np.inf


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=8))
def test_lines_lie_on_or_above_the_cost(money: list[float]) -> None:
    """The least of the lines is at least the cost at every load, the cost itself at the largest, and slopes fall."""
    loads = np.concatenate([[0.0], np.geomspace(1, 100, len(money))]) if len(money) > 1 else np.array([0.0, 100.0])
    cost = np.concatenate([[0.0], money])
    lines = _envelope(loads, cost)
    least = np.array([min(fixed + slope * load for fixed, slope in lines) for load in loads])
    assert (least >= cost - 1e-6).all()
    assert least[-1] == pytest.approx(cost[-1], abs=1e-6)
    assert all(first[1] >= last[1] - 1e-9 for first, last in pairwise(lines))


def test_pooling_saves_stock() -> None:
    """Twice the load of a depot costs less than twice the stock, for safety stock and lots are concave in it."""
    problem = problem_of(small())
    one, two = problem.stock_cost(0, 50.0), problem.stock_cost(0, 100.0)
    assert 0 < one < two < 2 * one
