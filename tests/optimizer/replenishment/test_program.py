"""Part programs against every plan of a tiny part: the bound is never above the cheapest, and equal where it should."""

from dataclasses import dataclass, replace
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
import pytest

from tests.judge.calendar import Calendar
from tests.one_part import SETTINGS, Row, build, day, purchases, shipments
from tests.optimizer.replenishment.cases import arrays, judged, one_leaf
from tests.random_networks import Case

MOST = 4  # units tried on each departure
MONDAYS = (day(1), day(2), day(3))
SETTINGS_TRIED = [(0.25, 300.0, 0.0), (0.25, 300.0, 60.0), (0.4, 40.0, 4.0)]


def tiny(mean: float, price: float, line_cost: float, hub: int = 0, part: Row | None = None) -> Case:
    """K = 4 weeks, departures on the Mondays of weeks 1..3; no supplier, so a purchase leaves the day it is made."""
    network = build(
        replace(SETTINGS, order_line_cost=line_cost),
        lane={"minimum_charge": 0.0, "cost_per_consignment": 0.0},
        part={"supplier": ""} | (part or {}),
        suppliers=[],
        stock=[{"site": "HUB", "part": "A", "on_hand": hub}] if hub else [],
    )
    assert Calendar(network).weeks == 4
    return one_leaf(network, mean, price)


@dataclass(frozen=True)
class EveryPlan:
    """sent: all shipments tried, (plans, 3). moved: the judge's cost of each had nothing been bought, (plans,).

    bought: what a unit bought on each Monday adds, (3,). held: what a unit at the hub adds. Both are linear in units.
    """

    sent: "np.ndarray[tuple[int, int], np.dtype[np.int64]]"
    moved: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    bought: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    held: float

    def cheapest(self, hub: int, lots: tuple[int, ...], weeks: int = 3) -> float:
        """The least cost over all shipments and purchases of these lot sizes on the first Mondays, served in time."""
        best = np.inf
        gone = self.sent.cumsum(axis=1)
        for bought in product(*(lots if week < weeks else (0,) for week in range(3))):
            served = (gone <= hub + np.cumsum(bought)[None, :]).all(axis=1)
            best = min(best, float(self.moved[served].min(initial=np.inf) + np.dot(bought, self.bought)))
        return best + hub * self.held


@cache
def every_plan(mean: float, price: float, line_cost: float) -> EveryPlan:
    """All plans of up to MOST units on each departure, judged."""
    case = tiny(mean, price, line_cost)

    def total(case: Case, sent: tuple[int, ...], bought_in: int = 0) -> float:
        lines: list[Row] = [{"departs": on, "quantity": units} for on, units in zip(MONDAYS, sent, strict=True)]
        on = MONDAYS[bought_in - 1]
        orders: list[Row] = [{"order_on": on, "expected": on, "supplier": ""}] if bought_in else []
        sent_lines = [line for line in lines if line["quantity"] > 0]
        return judged(case, shipments(*sent_lines), purchases(*orders)).cost["total"]

    sent = list(product(range(MOST + 1), repeat=3))
    moved = np.array([total(case, plan) for plan in sent])
    bought = np.array([total(case, (0, 0, 0), week) for week in (1, 2, 3)]) - moved[0]
    stocked = total(tiny(mean, price, line_cost, hub=1), (0, 0, 0))
    return EveryPlan(np.array(sent), moved, bought, float(stocked - moved[0]))


def priced(case: Case) -> tuple[float, float]:
    """(true cost, bound) of the only part, priced as if nothing were shared."""
    plans = arrays(case).at_zero_prices()
    return float(plans.cost[0]), float(plans.bound[0])


@pytest.mark.parametrize("setting", SETTINGS_TRIED)
def test_where_nothing_couples_the_bound_is_the_cheapest_of_all_plans(setting: tuple[float, float, float]) -> None:
    """One leaf, no stock at the hub, single units: a shortest path finds the optimum, and its bound equals it."""
    best = every_plan(*setting).cheapest(0, tuple(range(2 * MOST + 1)))
    cost, bound = priced(tiny(*setting))
    assert cost == pytest.approx(best, rel=1e-9)
    assert bound == pytest.approx(best, rel=1e-9)
    nothing = every_plan(*setting).moved[0]
    assert best < nothing - 10.0  # there was something to decide


def test_a_dear_line_is_sent_less_often() -> None:
    """With 60 money a line the part is sent in fewer, larger shipments than with lines for free."""
    settings = replace(SETTINGS, horizon_weeks=12)
    free, dear = (
        arrays(one_leaf(build(replace(settings, order_line_cost=line)), mean=2.0)).at_zero_prices()
        for line in (0.0, 60.0)
    )
    assert len(dear.units) < len(free.units)
    assert dear.units.max() > free.units.max()


@pytest.mark.parametrize("setting", SETTINGS_TRIED)
@pytest.mark.parametrize(("hub", "weeks"), [(1, 3), (2, 3), (1, 1), (3, 1), (2, 0), (7, 0)])
def test_scarce_stock_at_the_hub_is_priced_not_forgotten(
    setting: tuple[float, float, float], hub: int, weeks: int
) -> None:
    """Bound ≤ cheapest ≤ cost where the hub holds a few units and later purchases are free, ended early or gone."""
    last = pd.NaT if weeks == 3 else pd.Timestamp(day(weeks))
    best = every_plan(*setting).cheapest(hub, tuple(range(MOST + 1)), weeks)
    cost, bound = priced(tiny(*setting, hub=hub, part={"last_order_by": last}))
    assert bound <= best + 1e-6
    assert best <= cost + 1e-6
    assert bound >= 0.9 * best


@pytest.mark.parametrize("setting", SETTINGS_TRIED)
@pytest.mark.parametrize(("moq", "multiple"), [(1, 3), (2, 1), (3, 1), (3, 2), (5, 1), (6, 4), (10, 1), (40, 1)])
def test_minimum_orders_are_bounded_by_branches(setting: tuple[float, float, float], moq: int, multiple: int) -> None:
    """Bound ≤ cheapest ≤ cost for minimum orders and multiples of every size, with an empty and a nearly empty hub."""
    least = -(-moq // multiple) * multiple
    for hub in (0, 1):
        best = every_plan(*setting).cheapest(hub, (0, *(least + n * multiple for n in range(3))))
        cost, bound = priced(tiny(*setting, hub=hub, part={"moq": moq, "order_multiple": multiple}))
        assert bound <= best + 1e-6
        assert best <= cost + 1e-6


def test_a_minimum_order_nobody_wants_in_full_is_charged_in_the_bound() -> None:
    """With 40 units as the minimum the bound is nearer to the optimum than that of single units."""
    setting = SETTINGS_TRIED[0]
    best = every_plan(*setting).cheapest(0, (0, 40))
    single, minimum = (priced(tiny(*setting, part={"moq": moq}))[1] for moq in (1, 40))
    assert best - minimum < 0.5 * (best - single)
