"""How plans and bounds answer when the problem changes: capacity, money, stock, weeks that are frozen."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.replenishment import Params
from tests.every_rule import every_rule_network
from tests.one_part import LANE, SETTINGS, Row, build, day, free_hub
from tests.optimizer.replenishment.cases import BY_PROGRAMS, arrays, judged, one_leaf, planned
from tests.oracle import optimum
from tests.random_networks import Case, random_network

EIGHT_WEEKS = replace(SETTINGS, horizon_weeks=8)
BOTH = pytest.mark.parametrize("params", [Params(), BY_PROGRAMS], ids=["exact", "programs"])
LIMITED = (3, 14, 21, 26, 36)  # networks whose limits may bind, quick to prove optimal
PLAIN_LANE: Row = {"minimum_charge": 0.0, "cost_per_consignment": 0.0}


def with_tables(case: Case, **changes: Any) -> Case:
    """The case with other settings or tables."""
    return replace(case, network=replace(case.network, **changes))


def wider(case: Case) -> Case:
    """Half as much again on every lane and in every period."""
    network = case.network
    lanes = network.lanes.assign(
        capacity_kg_per_week=network.lanes["capacity_kg_per_week"] * 1.5,
        capacity_m3_per_week=network.lanes["capacity_m3_per_week"] * 1.5,
    )
    usual = network.settings.budget_per_period
    settings = replace(network.settings, budget_per_period=None if usual is None else usual * 1.5)
    budgets = network.budgets.assign(amount=network.budgets["amount"] * 1.5)
    return with_tables(case, lanes=lanes, settings=settings, budgets=budgets)


@pytest.mark.parametrize("seed", LIMITED)
def test_more_room_never_costs_more(seed: int) -> None:
    """The optimum falls or stays, and so does what the wider bound may claim: it is below the narrow plan's cost."""
    narrow = random_network(seed)
    wide = wider(narrow)
    assert optimum(wide).total <= optimum(narrow).total + 1e-6
    for params in (Params(), BY_PROGRAMS):
        assert planned(wide, params).lower_bound <= planned(narrow, params).cost.total + 1e-6
    assert arrays(wide).at_zero_prices().bound.sum() == pytest.approx(arrays(narrow).at_zero_prices().bound.sum())


MORE = ("budget", "lanes", "storage")


def with_more(case: Case, what: str, factor: float) -> Case:
    """The case with so many times the money, the room on lanes, or the room at depots."""
    network = case.network
    if what == "lanes":
        limits = ("capacity_kg_per_week", "capacity_m3_per_week")
        return with_tables(case, lanes=network.lanes.assign(**{name: network.lanes[name] * factor for name in limits}))
    if what == "storage":
        return with_tables(case, sites=network.sites.assign(storage_m3=network.sites["storage_m3"] * factor))
    usual = network.settings.budget_per_period
    money = replace(network.settings, budget_per_period=None if usual is None else usual * factor)
    return with_tables(case, settings=money, budgets=network.budgets.assign(amount=network.budgets["amount"] * factor))


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 400),
    what=st.sampled_from(MORE),
    factor=st.floats(1.0, 3.0),
    price=st.floats(0.0, 50.0),
)
def test_at_the_same_prices_more_room_never_raises_the_bound(seed: int, what: str, factor: float, price: float) -> None:
    """With every rule on, whatever prices are charged: more of a limit leaves what the prices prove or lowers it."""
    case = every_rule_network(seed)
    bounds = []
    for here in (arrays(case), arrays(with_more(case, what, factor))):
        prices = np.full(len(here.rows.limit), price)
        plans = here.programs.price(here.rows.terms(here.instance, prices))
        bounds.append(float(plans.bound.sum() - prices @ here.rows.limit))
    assert bounds[1] <= bounds[0] + 1e-6 * max(1.0, abs(bounds[0]))


@settings(max_examples=4, deadline=None, derandomize=True)
@given(seed=st.integers(0, 400), what=st.sampled_from(MORE), factor=st.floats(1.0, 3.0))
def test_a_bound_with_more_room_is_below_every_plan_with_less(seed: int, what: str, factor: float) -> None:
    """A plan within the limits keeps the wider ones too: the bound of the wider network is at most its cost."""
    case = every_rule_network(seed)
    assert planned(with_more(case, what, factor), BY_PROGRAMS).lower_bound <= planned(
        case, BY_PROGRAMS
    ).objective.total * (1 + 1e-9)


def scaled(case: Case, factor: float) -> Case:
    """The same problem in another money."""
    network, money = case.network, replace(case.network.settings)
    usual = money.budget_per_period
    settings = replace(
        money,
        order_line_cost=money.order_line_cost * factor,
        budget_per_period=None if usual is None else usual * factor,
    )
    prices = ["cost_per_kg", "minimum_charge", "cost_per_consignment"]
    changed = with_tables(
        case,
        settings=settings,
        lanes=network.lanes.assign(**{name: network.lanes[name] * factor for name in prices}),
        parts=network.parts.assign(unit_cost=network.parts["unit_cost"] * factor),
        budgets=network.budgets.assign(amount=network.budgets["amount"] * factor),
    )
    return replace(changed, waiting_price={group: price * factor for group, price in case.waiting_price.items()})


@BOTH
@pytest.mark.parametrize("seed", [3, 7, 14, 26, 43])
def test_twice_the_money_costs_twice_as_much(seed: int, params: Params) -> None:
    """With every price, budget and waiting price doubled the plan costs twice as much and the bound is doubled."""
    case = random_network(seed)
    once, twice = planned(case, params), planned(scaled(case, 2.0), params)
    tight = 1e-9 if params == BY_PROGRAMS else 2e-3  # the exact model stops at a gap of 0.1 %
    assert twice.cost.total == pytest.approx(2.0 * once.cost.total, rel=tight)
    assert twice.lower_bound == pytest.approx(2.0 * once.lower_bound, rel=tight)
    assert twice.bound_at_zero_prices == pytest.approx(2.0 * once.bound_at_zero_prices, rel=1e-9)


@pytest.mark.parametrize("capacity_kg", [4.0, 7.0, 100.0])
def test_a_lane_split_in_two_changes_no_bound_at_equal_prices(capacity_kg: float) -> None:
    """Two lanes of half the room each: priced alike, they bound exactly what the whole lane bounds at that price.

    Unequal prices help no part's bound, so the best bounds are equal too, and none exceeds a plan of the whole lane.
    Plans may cost more, for a unit cannot be split over both halves; without a limit they cost the same.
    """
    settings = replace(EIGHT_WEEKS, order_line_cost=0.0)
    whole = LANE | PLAIN_LANE | {"capacity_kg_per_week": capacity_kg}
    halves = [whole | {"lane": name, "capacity_kg_per_week": capacity_kg / 2} for name in ("AIR", "AIR2")]
    cases = [one_leaf(build(settings, lanes=lanes), 1.5) for lanes in ([whole], halves)]
    for price in (0.0, 0.5, 5.0, 50.0):
        bounds = []
        for here in map(arrays, cases):
            prices = np.full(len(here.rows.limit), price)
            plans = here.programs.price(here.rows.terms(here.instance, prices))
            bounds.append(float(plans.bound.sum() - prices @ here.rows.limit))
        assert bounds[1] == pytest.approx(bounds[0], rel=1e-9)
    one, two = (planned(case, BY_PROGRAMS) for case in cases)
    assert two.bound_at_zero_prices == pytest.approx(one.bound_at_zero_prices, rel=1e-12)
    assert two.lower_bound <= one.cost.total + 1e-6
    assert one.lower_bound <= two.cost.total + 1e-6
    assert capacity_kg < 100.0 or two.cost.total == pytest.approx(one.cost.total)


def test_more_stock_never_costs_more_in_the_bound() -> None:
    """Where holding at the hub is free, each unit more there lowers the bound or leaves it (to the prices' precision).

    A unit left over is credited in full. From the first unit on: an empty hub has a longer window of uncertain demand.
    """
    bounds = [
        arrays(
            one_leaf(build(EIGHT_WEEKS, sites=free_hub(), stock=[{"site": "HUB", "part": "A", "on_hand": units}]), 1.0)
        )
        .at_zero_prices()
        .bound[0]
        for units in range(1, 14)
    ]
    assert (np.diff(bounds) <= 1e-4 * bounds[0]).all()
    assert bounds[-1] < bounds[0] - 50.0


@BOTH
@pytest.mark.parametrize("frozen", [1, 2, 4])
def test_frozen_weeks_take_no_new_lines(frozen: int, params: Params) -> None:
    """Nothing new leaves or is ordered in weeks 1..frozen, only after them."""
    stock = [{"site": "HUB", "part": "A", "on_hand": 2}]
    case = one_leaf(build(replace(EIGHT_WEEKS, frozen_weeks=frozen), stock=stock), 1.0)
    found = planned(case, params)
    first = pd.Timestamp(day(frozen + 1))
    assert len(found.shipments) > 0
    assert found.shipments["departs"].min() >= first
    assert found.purchase_orders["order_on"].min() >= first
    assert judged(case, found.shipments, found.purchase_orders).broken == []
