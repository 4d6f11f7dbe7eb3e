"""Availability to promise: the formula, who goes first, what never counts, and that no unit is promised twice."""

import random
from dataclasses import replace
from datetime import date, timedelta
from itertools import accumulate
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.pegging import (
    Allocated,
    Duty,
    Facts,
    Inbound,
    Lane,
    Part,
    Purchase,
    RepairOrder,
    Shipment,
    Site,
    Stock,
    Substitute,
    interchangeability_chain,
    pegged,
)
from domain.promising import Promise, Request, duty_rates, promise, ranked_options
from domain.supply import Ledger, Position, available_to_promise

AS_OF = date(2025, 6, 29)  # a Sunday; week 1 begins the day after
ANY_DAY = tuple(range(7))


def day(number: int) -> date:
    return AS_OF + timedelta(days=number)


def site(name: str, kind: str, country: str, depot: str) -> Site:
    return Site(name, kind, country, depot)


SITES = {
    one.site: one
    for one in (
        site("HUB", "origin", "CN", ""),
        site("D1", "depot", "RU", "D1"),
        site("D2", "depot", "KZ", "D2"),
        site("P11", "repair_point", "RU", "D1"),
        site("P12", "repair_point", "RU", "D1"),
    )
}


def lane(origin: str, destination: str, mode: str, days: float, sd: float = 0.0, rate: float = 1.0) -> Lane:
    return Lane(
        lane=f"{origin}-{destination}-{mode}",
        origin=origin,
        destination=destination,
        mode=mode,
        lead_days=days,
        lead_days_sd=sd,
        cost_per_kg=rate,
        volumetric_kg_per_m3=0.0,
        minimum_charge=0.0,
        cost_per_consignment=0.0,
        consignment_kg=None,
        insurance_rate=0.0,
        departures=ANY_DAY,
        dangerous_goods=True,
    )


LANES = (
    lane("D1", "P11", "courier", 1, rate=2.0),
    lane("D1", "P12", "courier", 2, rate=2.0),
    lane("P12", "P11", "courier", 1, rate=3.0),
    lane("D2", "D1", "road", 6, sd=1.0, rate=1.0),
    lane("HUB", "P11", "express", 5, sd=1.0, rate=20.0),
    lane("HUB", "D1", "sea", 38, sd=4.0, rate=0.5),
)
SCREEN = Part("0001", 60.0, 0.5, 0.8, False, "852412", "HUB", "S1")
FACTS = Facts(as_of=AS_OF, parts=(SCREEN,), sites=SITES, lanes=LANES)


def good(where: str, quantity: int, part: str = "0001", condition: str = "good") -> Stock:
    return Stock(part, where, condition, quantity, None)


def sources(answer: Promise) -> list[tuple[str, str, int, int]]:
    """(source, site, quantity, days until available) of every option, best first."""
    return [
        (one.supply.source, one.supply.site, one.quantity, (one.available_on - AS_OF).days) for one in answer.options
    ]


events = st.lists(st.tuples(st.integers(0, 30).map(day), st.integers(0, 5)), max_size=6)


@given(events, events, st.integers(0, 30).map(day))
def test_available_to_promise_is_what_leaves_every_later_balance_whole(
    supply: list[tuple[date, int]], owed: list[tuple[date, int]], on: date
) -> None:
    """ATP(t) is the largest promise for t after which no balance from t on is negative (or the debt there already)."""
    atp = available_to_promise(supply, owed, on)

    def least(extra: int) -> int:
        days = sorted({on, *(d for d, _ in supply), *(d for d, _ in owed)})
        return min(
            sum(q for d, q in supply if d <= until) - sum(q for d, q in owed if d <= until) - extra
            for until in days
            if until >= on
        )

    assert least(atp) == 0


def test_stock_at_the_point_goes_first_then_the_depot_the_neighbour_and_the_hub() -> None:
    """Without a date the ranking is by day: here now, then by courier, then laterals, transfers and express."""
    stock = (good("HUB", 9), good("D2", 4), good("D1", 3), good("P12", 2), good("P11", 1))
    answer = promise(replace(FACTS, stock=stock), Request("P11", 2))
    assert sources(answer) == [
        ("on_hand", "P11", 1, 0),
        ("transfer", "D1", 2, 1),
        ("transfer", "P12", 2, 1),
        ("transfer", "HUB", 2, 7),
        ("transfer", "D2", 2, 9),
    ]
    assert answer.confirmation == "full"
    assert [(line.supply.site, line.quantity) for line in answer.lines] == [("P11", 1), ("D1", 1)]
    assert [line.cost for line in answer.lines] == [0.0, pytest.approx(1 * 0.5 * 2.0)]


def test_with_a_date_the_cheapest_in_time_goes_first() -> None:
    """Express is not paid when the slower transfer is in time with the promised probability."""
    facts = replace(FACTS, stock=(good("HUB", 1), good("D2", 1)))
    relaxed = promise(facts, Request("P11", 1, need_by=day(20)))
    pressed = promise(facts, Request("P11", 1, need_by=day(7)))
    assert [one.supply.site for one in relaxed.options] == ["D2", "HUB"]
    assert [one.supply.site for one in pressed.options] == ["HUB", "D2"]
    assert pressed.options[0].probability == pytest.approx(NormalDist(5, 1).cdf(7))
    assert pressed.options[1].probability == pytest.approx(NormalDist(7, 1).cdf(7))


@pytest.mark.parametrize("condition", ["defective", "quarantine"])
def test_only_good_stock_counts(condition: str) -> None:
    """Defective and quarantined units are never promised, nor is good stock past its date."""
    expired = Stock("0001", "P11", "good", 5, expires=AS_OF)
    facts = replace(FACTS, stock=(good("P11", 5, condition=condition), expired))
    assert promise(facts, Request("P11", 1)) == Promise("none", (), 0.0, ())


def test_inbound_is_promised_with_the_uncertainty_of_its_lane() -> None:
    """The date promised is the 95 % quantile of arrival at the depot plus the courier's day."""
    order = Inbound("PO-7", "0001", "D1", 3, day(10), "shipped", sd_days=2.0)
    answer = promise(replace(FACTS, inbound=(order,)), Request("P11", 5))
    assert sources(answer) == [("inbound", "D1", 3, 15)]  # 10 + 1 + 1.645 · 2 = 14.3
    assert answer.confirmation == "partial"


def test_late_inbound_keeps_counting_from_week_1() -> None:
    """An expected date in the past is re-estimated, not trusted and not forgotten."""
    order = Inbound("PO-1", "0001", "D1", 1, day(-5), "customs", sd_days=0.0)
    assert sources(promise(replace(FACTS, inbound=(order,)), Request("D1", 1))) == [("inbound", "D1", 1, 1)]


def test_what_nobody_confirmed_is_marked_planned() -> None:
    """Orders without confirmation, planned shipments and planned purchases are never promised without that mark."""
    facts = replace(
        FACTS,
        inbound=(Inbound("PO-9", "0001", "D1", 1, day(4), "ordered", 0.0),),
        stock=(good("HUB", 1),),
        shipments=(Shipment("S-1", "0001", "HUB", "D1", 1, day(2), day(40), 0.0),),
        purchases=(Purchase("B-1", "0001", "HUB", 1, day(15), 0.0),),
    )
    marked = {(one.supply.reference, one.supply.source) for one in promise(facts, Request("P11", 4)).options}
    assert marked == {
        ("inbound PO-9", "planned"),
        ("stock", "transfer"),
        ("shipment S-1", "planned"),
        ("purchase B-1", "planned"),
    }


def test_a_planned_shipment_and_the_hub_stock_it_will_take_are_one_unit() -> None:
    """One unit at the hub serves either the express or the planned shipment, never both."""
    facts = replace(
        FACTS, stock=(good("HUB", 1),), shipments=(Shipment("S-1", "0001", "HUB", "D1", 1, day(2), day(40), 0.0),)
    )
    answer = promise(facts, Request("P11", 2))
    assert len(answer.options) == 2
    assert [(line.supply.source, line.quantity) for line in answer.lines] == [("transfer", 1)]
    assert answer.confirmation == "partial"


def test_allocations_are_commitments_where_they_leave_and_supply_on_the_shelf_they_fill() -> None:
    """What the plan gave away today cannot be promised at its source; a fill-up can be promised at its shelf."""
    given_away = (
        Allocated("0001", "D1", "P11", 1, "RO-1", day(0), day(1)),
        Allocated("0001", "D1", "P12", 1, "", day(0), day(2)),
    )
    order = RepairOrder("RO-1", "0001", "P11", 1, day(1), 1)
    facts = replace(FACTS, stock=(good("D1", 3),), allocations=given_away, repair_orders=(order,))
    assert sources(promise(facts, Request("D1", 9))) == [("on_hand", "D1", 1, 0)]
    assert sources(promise(facts, Request("P12", 9))) == [("transfer", "P12", 1, 2), ("transfer", "D1", 1, 2)]


def test_an_open_repair_order_keeps_the_stock_and_the_shipment_it_waits_for() -> None:
    """Orders without allocation hold their point's stock, then their depot's, then the first planned shipment."""
    orders = (
        RepairOrder("RO-1", "0001", "P11", 1, day(3), 2),
        RepairOrder("RO-2", "0001", "P11", 1, day(3), 3),
        RepairOrder("RO-3", "0001", "P11", 1, day(9), 4),
    )
    facts = replace(
        FACTS,
        stock=(good("P11", 1), good("D1", 1), good("HUB", 3)),
        shipments=(Shipment("S-1", "0001", "HUB", "D1", 2, day(2), day(40), 0.0),),
        repair_orders=orders,
    )
    assert sources(promise(facts, Request("P11", 9))) == [
        ("transfer", "HUB", 2, 7),  # the third is pegged to S-1 for RO-3
        ("planned", "D1", 1, 41),
    ]


def test_an_order_in_default_keeps_the_unit_its_shipment_will_take_even_if_the_hub_gets_it_late() -> None:
    """The shipment leaves today, the hub's only unit comes tomorrow: that unit is the order's, not a later caller's."""
    facts = replace(
        FACTS,
        inbound=(Inbound("PO-1", "0001", "HUB", 1, day(1), "confirmed", 0.0),),
        shipments=(Shipment("S-1", "0001", "HUB", "D1", 1, day(0), day(30), 0.0),),
        repair_orders=(RepairOrder("RO-1", "0001", "D1", 1, day(0), 1),),
    )
    assert promise(facts, Request("P11", 1)).options == ()
    assert sources(promise(replace(facts, repair_orders=()), Request("P11", 1))) == [("inbound", "HUB", 1, 8)]


def test_substitutes_serve_along_the_chain_and_after_the_part_itself() -> None:
    """A substitute's substitute counts, one-way pairs only in their direction, pairs not yet valid not at all."""
    rows = (
        Substitute("0001", "0002", two_way=False, since=None),
        Substitute("0003", "0002", two_way=True, since=AS_OF),
        Substitute("0004", "0001", two_way=False, since=None),
        Substitute("0001", "0005", two_way=False, since=day(1)),
    )
    assert interchangeability_chain("0001", rows, AS_OF) == ("0001", "0002", "0003")
    parts = (SCREEN, replace(SCREEN, part="0002"))
    facts = replace(FACTS, parts=parts, stock=(good("P11", 1), good("P11", 1, part="0002")))
    assert [one.part for one in promise(facts, Request("P11", 2)).lines] == ["0001", "0002"]


def test_dangerous_goods_take_only_lanes_that_may_carry_them() -> None:
    """A lane without permission is no route for a dangerous part."""
    facts = replace(
        FACTS,
        parts=(replace(SCREEN, dangerous_goods=True),),
        lanes=tuple(replace(one, dangerous_goods=one.mode == "courier") for one in LANES),
        stock=(good("HUB", 5), good("D1", 1)),
    )
    assert sources(promise(facts, Request("P11", 5))) == [("transfer", "D1", 1, 1)]


def test_a_unit_waits_for_the_next_departure() -> None:
    """A lane that leaves on Thursdays only costs the days until Thursday."""
    thursday = replace(LANES[0], departures=(3,))
    facts = replace(FACTS, lanes=(thursday,), stock=(good("D1", 1),))
    assert sources(promise(facts, Request("P11", 1))) == [("transfer", "D1", 1, 5)]


def test_a_part_without_supplier_never_runs_out_at_its_hub() -> None:
    """The origin's stock of such a part is no limit."""
    facts = replace(FACTS, parts=(replace(SCREEN, supplier=""),))
    assert promise(facts, Request("P11", 100_000)).confirmation == "full"


def test_moving_costs_freight_insurance_consignments_and_duty() -> None:
    """Cost by hand: 2 units of 0.5 kg by express across a border."""
    express = replace(
        lane("HUB", "P11", "express", 5, rate=20.0),
        volumetric_kg_per_m3=1000.0,  # 0.8 l count as 0.8 kg
        insurance_rate=0.01,
        cost_per_consignment=7.0,
        consignment_kg=1.0,
    )
    facts = replace(FACTS, lanes=(express,), stock=(good("HUB", 2),), duties=(Duty("RU", "85", "", 0.05, 0.2),))
    freight = 2 * 0.8 * 20.0 + 0.01 * 120.0
    duty = 0.05 * (120.0 + freight)
    (option,) = promise(facts, Request("P11", 2)).options
    assert option.cost == pytest.approx(freight + 2 * 7.0 + duty + 0.2 * (120.0 + freight + duty))


def test_the_longest_prefix_wins_and_then_the_row_that_names_the_origin() -> None:
    """Duty rows are matched as the duties table says; within a country there is none."""
    rows = (Duty("RU", "", "", 0.5, 0), Duty("RU", "85", "", 0.1, 0), Duty("RU", "85", "CN", 0.2, 0.3))
    assert duty_rates(rows, "8524", SITES["HUB"], SITES["D1"]) == (0.2, 0.3)
    assert duty_rates(rows, "9999", SITES["D2"], SITES["D1"]) == (0.5, 0)
    assert duty_rates(rows, "8524", SITES["D1"], SITES["P11"]) == (0.0, 0.0)


places = st.sampled_from(sorted(SITES))
points = st.sampled_from(["D1", "P11", "P12"])
days = st.integers(-3, 40).map(day)
units = st.integers(1, 4)


@st.composite
def networks(draw: st.DrawFn) -> Facts:
    """Facts with anything anywhere, overdrawn ones included."""

    def rows(build: Any, *fields: st.SearchStrategy[Any]) -> tuple[Any, ...]:
        drawn = draw(st.lists(st.tuples(*fields), max_size=4))
        return tuple(build(f"N{number}", *row) for number, row in enumerate(drawn))

    return replace(
        FACTS,
        stock=rows(lambda _, where, q: good(where, q), places, units),
        inbound=rows(
            lambda n, where, q, on, status: Inbound(n, "0001", where, q, on, status, 1.0),
            places,
            units,
            days,
            st.sampled_from(["ordered", "confirmed", "shipped"]),
        ),
        shipments=rows(
            lambda n, where, q, on, lead: Shipment(n, "0001", "HUB", where, q, on, on + timedelta(days=lead), 1.0),
            st.sampled_from(["D1", "D2"]),
            units,
            days,
            st.integers(1, 30),
        ),
        purchases=rows(lambda n, q, on: Purchase(n, "0001", "HUB", q, on, 1.0), units, days),
        allocations=rows(
            lambda n, a, b, q, order, on: Allocated("0001", a, b, q, order, on, on + timedelta(days=1)),
            places,
            points,
            units,
            st.sampled_from(["", "N0", "N1"]),
            days,
        ),
        repair_orders=rows(
            lambda n, where, q, on, p: RepairOrder(n, "0001", where, q, on, p), points, units, days, st.integers(1, 5)
        ),
    )


def balances(position: Position, firm_only: bool) -> dict[date, int]:
    """Supply less commitments at the end of every day, counted plainly."""
    horizon = [day(number) for number in range(90)]
    supply = [one for one in position.supply if not (firm_only and one.planned)]
    owed = [one for one in position.commitments if not (firm_only and one.planned)]
    change = [
        sum(s.quantity for s in supply if max(s.on, AS_OF) == now)
        - sum(c.quantity for c in owed if max(c.on, AS_OF) == now)
        for now in horizon
    ]
    return dict(zip(horizon, accumulate(change), strict=True))


@settings(max_examples=150, deadline=None)
@given(networks(), st.lists(st.tuples(points, units, st.none() | days), min_size=1, max_size=4))
def test_nothing_is_promised_twice(facts: Facts, requests: list[tuple[str, int, date | None]]) -> None:
    """Promises in any order never overdraw a position, nor take what an earlier commitment or the hub's own needs."""
    before = ledger = pegged(facts)
    for where, quantity, need_by in requests:
        for option in ranked_options(facts, ledger, Request(where, quantity, need_by)):
            taken = min(option.quantity, ledger.room(option.supply))
            if taken > 0:
                ledger = ledger.take(option.supply, taken)
    for key, position in ledger.positions.items():
        start = before.position(*key)
        for firm_only in (True, False):
            was, now = balances(start, firm_only), balances(position, firm_only)
            assert all(now[on] >= 0 or now[on] == was[on] for on in now)
        promised = Position(
            tuple(one for one in position.supply if one.planned),
            tuple(one for one in position.commitments if one.planned),
        )
        assert min(balances(promised, firm_only=False).values()) >= 0
    for shipment in facts.shipments:
        pegs = ledger.position("0001", "HUB").commitments
        reference = f"shipment {shipment.shipment}"
        assert sum(one.quantity for one in pegs if one.reference == reference) <= shipment.quantity


@settings(max_examples=60, deadline=None)
@given(networks(), points, units, st.none() | days, st.randoms(use_true_random=False))
def test_shuffled_facts_give_the_same_promise(
    facts: Facts, where: str, quantity: int, need_by: date | None, order: random.Random
) -> None:
    """The order of rows changes no option and no line."""
    tables = ("stock", "inbound", "shipments", "purchases", "allocations", "repair_orders", "lanes")
    rows: dict[str, Any] = {
        name: tuple(order.sample(getattr(facts, name), len(getattr(facts, name)))) for name in tables
    }
    shuffled = replace(facts, **rows)
    request = Request(where, quantity, need_by)
    assert promise(shuffled, request) == promise(facts, request)


@settings(max_examples=100, deadline=None)
@given(networks(), points, units)
def test_an_option_keeps_its_date_with_the_promised_probability(facts: Facts, where: str, quantity: int) -> None:
    """Asked for exactly the day it promises, every option is on time with at least 95 %; a day earlier with less."""
    for option in promise(facts, Request(where, quantity)).options:
        again = promise(facts, Request(where, quantity, need_by=option.available_on))
        same = next(one for one in again.options if (one.supply, one.route) == (option.supply, option.route))
        assert same.probability >= 0.95 - 1e-9
        assert same.quantity == option.quantity


def test_an_empty_ledger_gives_nothing() -> None:
    """A position nobody knows of promises no unit."""
    assert Ledger().position("0001", "P11").firm(AS_OF) == 0
    assert Ledger().position("0001", "P11").planned(AS_OF) == 0
