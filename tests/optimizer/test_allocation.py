"""Who gets today's stock: the rules, each on a network of one part and five sites."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.network import Network
from domain.plan import Allocation, StockTargets
from domain.schemas import ARTEFACTS
from optimizer.allocation import allocate
from tests.optimizer.allocation_networks import TODAY, Case, Order, decision_of
from tests.random_networks import random_network


def allocated(case: Case) -> Allocation:
    return allocate(case.network(), case.targets(), case.forecast())


def rows(case: Case) -> dict[tuple[str, str, str], int]:
    """Pieces by (from, to, repair order)."""
    return dict(decision_of(allocated(case)))


def day(number: int) -> pd.Timestamp:
    return pd.Timestamp(TODAY + timedelta(days=number))


def test_own_shelf_serves_an_order_without_transport() -> None:
    """A part on the point's own shelf serves its repair order at once, and the depot fills the shelf again."""
    found = allocated(Case(stock={"A": 1, "D1": 3}, base_stock={"A": 1}, orders={"RO": Order("A", due=-12)}))
    order = found.table[found.table["for_repair_order"] == "RO"].iloc[0]
    assert (order["from_site"], order["to_site"], order["ships_on"], order["arrives_on"]) == ("A", "A", day(0), day(0))
    assert "12 days overdue" in order["reason"]
    assert "the shelf of A" in order["reason"]
    assert dict(decision_of(found))["D1", "A", ""] == 1


def test_nearest_stock_serves_an_order() -> None:
    """An order takes its depot's stock, without it a neighbour's, then another depot's, then express from the hub."""
    waiting = {"RO": Order("A", priority=1)}
    stock = {"D1": 1, "B": 1, "D2": 1, "HUB": 1}
    givers = []
    while stock:
        ((giver, _, _),) = rows(Case(stock=stock, orders=waiting))
        givers.append(giver)
        del stock[giver]
    assert givers == ["D1", "B", "D2", "HUB"]


def test_an_order_that_can_wait_takes_no_dear_way() -> None:
    """With its due date after the next delivery, an order waits for it rather than fly express."""
    stock = {"HUB": 5}
    assert rows(Case(stock=stock, orders={"RO": Order("A", due=0)})) == {("HUB", "A", "RO"): 1}
    assert rows(Case(stock=stock, orders={"RO": Order("A", due=30)})) == {}


@pytest.mark.parametrize("urgent", [0, 1, 2])
def test_the_urgent_order_goes_first(urgent: int) -> None:
    """One piece for three equal orders goes to the one of highest priority."""
    orders = {f"RO-{n}": Order("B", priority=1 if n == urgent else 3) for n in range(3)}
    assert rows(Case(stock={"D1": 1}, orders=orders)) == {("D1", "B", f"RO-{urgent}"): 1}


@pytest.mark.parametrize("older", [0, 1])
def test_the_older_of_equal_orders_goes_first(older: int) -> None:
    """Of two overdue orders of one priority the one overdue longer is served."""
    orders = {f"RO-{n}": Order("B", due=-9 if n == older else -2) for n in range(2)}
    assert rows(Case(stock={"D1": 1}, orders=orders)) == {("D1", "B", f"RO-{older}"): 1}


@pytest.mark.parametrize("priority", [1, 2, 3, 4, 5])
def test_an_open_order_goes_before_a_shelf(priority: int) -> None:
    """The last piece serves a waiting repair, whatever its priority, and not a shelf that will surely be asked."""
    case = Case(stock={"D1": 1}, base_stock={"A": 3}, demand={"A": 9.0, "B": 9.0, "C": 9.0})
    case = replace(case, orders={"RO": Order("A", priority=priority)}, without=(("HUB", "A"), ("D2", "D1")))
    assert rows(case) == {("D1", "A", "RO"): 1}


def test_shelves_are_filled_up_to_base_stock_and_the_rest_stays() -> None:
    """With plenty at the depot each point gets exactly what it lacks."""
    case = Case(stock={"D1": 50, "A": 1, "B": 4}, base_stock={"A": 3, "B": 3, "C": 1})
    assert rows(case) == {("D1", "A", ""): 2}


def test_shortage_equalises_the_probability_of_running_out() -> None:
    """In shortage each piece goes where it is likeliest to be wanted: no single swap lowers the larger probability."""
    demand = {"A": 2.0, "B": 0.5, "C": 0.5}
    case = Case(stock={"D1": 6}, base_stock={"A": 8, "B": 8}, demand=demand)
    found = allocated(case)
    given = {to: units for (_, to, _), units in decision_of(found)}
    assert given["A"] + given["B"] == 6
    assert given["A"] > given["B"] > 0
    wanted = {site: last_piece_wanted(demand[site], days) for site, days in (("A", 21), ("B", 22))}
    assert wanted["A"](given["A"]) >= wanted["B"](given["B"] + 1) - 0.01
    assert wanted["B"](given["B"]) >= wanted["A"](given["A"] + 1) - 0.01


def last_piece_wanted(per_week: float, days: int) -> Any:
    """Probability that the n-th piece is wanted within so many days, as a function of n, counted term by term."""
    mean = per_week * days / 7
    return lambda n: 1.0 - sum(np.exp(-mean) * mean**k / float(np.prod(np.arange(1, k + 1))) for k in range(n))


def test_a_shelf_takes_only_what_is_too_much_elsewhere() -> None:
    """A neighbour fills a shelf from beyond its own base stock, never from below."""
    demand = {"A": 0.1, "B": 3.0, "C": 0.5}
    assert rows(Case(stock={"A": 3}, base_stock={"A": 1, "B": 4}, demand=demand)) == {("A", "B", ""): 2}
    for orders in ({}, {"RO": Order("C", due=60)}):
        assert rows(Case(stock={"A": 1}, base_stock={"A": 1, "B": 4}, demand=demand, orders=orders)) == {}


def test_a_depot_keeps_its_own_stock_from_shelves_of_others() -> None:
    """What a depot holds behind its points does not fill another region's shelves; what is beyond it does."""
    demand = {"A": 0.1, "B": 3.0, "C": 0.5}
    case = Case(stock={"D2": 3}, base_stock={"B": 4, "D2": 2}, demand=demand)
    assert rows(case) == {("D2", "B", ""): 1}


def test_a_shelf_may_be_stripped_for_a_waiting_repair() -> None:
    """For another point's urgent order a point gives even what it is to hold."""
    case = Case(stock={"A": 1}, base_stock={"A": 1}, orders={"RO": Order("B", priority=1)})
    assert rows(case) == {("A", "B", "RO"): 1}


def test_a_depot_keeps_what_its_own_points_need() -> None:
    """Another region's order gets a depot's stock only beyond the needs of its own points."""
    orders = {"RO": Order("B", priority=1)}
    assert rows(Case(stock={"D2": 1}, base_stock={"C": 1}, orders=orders)) == {("D2", "C", ""): 1}
    assert rows(Case(stock={"D2": 2}, base_stock={"C": 1}, orders=orders))["D2", "B", "RO"] == 1


def test_a_need_the_next_delivery_serves_takes_nothing_dear() -> None:
    """An order is left to an inbound piece that comes soon, and only pieces that come are counted on."""
    one = {"RO-1": Order("A", priority=3)}
    assert rows(Case(stock={"HUB": 9}, orders=one, inbound=(("D1", 1, 1),))) == {}
    two = one | {"RO-2": Order("A", priority=1)}
    assert rows(Case(stock={"HUB": 9}, orders=two, inbound=(("D1", 1, 1),))) == {("HUB", "A", "RO-1"): 1}


def test_what_nothing_serves_is_charged_and_said() -> None:
    """Orders without stock end as one exception per part and site: pieces, money and the day of the next delivery."""
    orders = {"RO-1": Order("B", quantity=2, priority=3), "RO-2": Order("B", priority=1, due=2)}
    found = allocated(Case(orders=orders, without=(("HUB", "A"),)))
    assert len(found.table) == 0
    (row,) = found.exceptions.to_dict("records")
    days, per_day = 22, 2.0  # 20 to the depot, 2 by courier; 14 a week
    assert row["money_at_risk"] == pytest.approx(per_day * (2 * days + 4 * (days - 2)))
    assert (row["part"], row["site"]) == ("X", "B")
    for words in ("3 short of X", "RO-1, RO-2", str(day(days).date()), "248.00 USD", "no depot or point has it"):
        assert words in row["says"]


def test_a_substitute_at_hand_is_named_and_not_sent() -> None:
    """The exception names a substitute lying at the depot; nothing is exchanged by itself."""
    more: dict[str, list[dict[str, Any]]] = {
        "parts": [{"part": "Y", "unit_cost": 40.0, "supplier": "S"}],
        "substitutes": [{"part": "X", "substitute": "Y"}],
        "stock": [{"site": "D1", "part": "Y", "on_hand": 4}],
    }
    found = allocated(Case(orders={"RO": Order("A", priority=1)}, more=more))
    assert len(found.table) == 0
    assert "Substitute: 4 of Y at D1." in found.exceptions["says"][0]


def test_expired_defective_and_quarantined_stock_is_never_sent() -> None:
    """Only good stock that has not expired serves a need."""
    bad = [
        {"site": "D1", "part": "X", "condition": "defective", "on_hand": 3},
        {"site": "D1", "part": "X", "condition": "quarantine", "on_hand": 3},
        {"site": "D1", "part": "X", "condition": "good", "expires": date(2024, 3, 6), "on_hand": 3},
    ]
    assert rows(Case(orders={"RO": Order("A")}, more={"stock": bad})) == {}


def test_dangerous_goods_take_only_lanes_that_carry_them() -> None:
    """A dangerous part leaves the depot on the lane that may carry it, and not at all without one."""
    case = Case(stock={"D1": 1}, orders={"RO": Order("A")})
    network = case.network()
    network = replace(network, parts=network.parts.assign(dangerous_goods=True))
    assert len(allocate(network, case.targets(), case.forecast()).table) == 0
    lanes = network.lanes.assign(dangerous_goods=network.lanes["lane"] == "D1-A")
    assert len(allocate(replace(network, lanes=lanes), case.targets(), case.forecast()).table) == 1


def test_ships_on_the_next_departure_and_not_during_a_shutdown() -> None:
    """Transport leaves on the lane's first weekday on which it is open, and arrives after its days."""
    case = Case(stock={"D1": 1}, orders={"RO": Order("B")}, without=(("HUB", "A"),))
    network = case.network()
    lanes = network.lanes.assign(departures="Wed Sat", customs_days=0.5)
    shut = {"event": "E", "kind": "shutdown", "applies_to": "site:D1", "start": TODAY, "end": TODAY + timedelta(days=3)}
    dates = []
    for events in ([], [shut]):
        closed = Case(more={"events": events}).network().events
        found = allocate(replace(network, lanes=lanes, events=closed), case.targets(), case.forecast()).table
        dates.append((found["ships_on"][0], found["arrives_on"][0]))
    saturday, wednesday = pd.Timestamp("2024-03-09"), pd.Timestamp("2024-03-13")
    three = pd.Timedelta(days=3)  # two on the way and half a day in customs
    assert dates == [(saturday, saturday + three), (wednesday, wednesday + three)]


def test_the_minimum_charge_is_shared_only_by_what_travels_together() -> None:
    """A lateral too dear for one piece is not taken; the depot's courier carries its minimum over all it takes."""
    case = Case(stock={"A": 1}, orders={"RO": Order("B", priority=5)}, without=(("D2", "D1"),))
    network = case.network()
    assert len(allocate(network, case.targets(), case.forecast()).table) == 1
    dear = network.lanes.assign(minimum_charge=np.where(network.lanes["lane"] == "A-B", 500.0, 0.0))
    assert len(allocate(replace(network, lanes=dear), case.targets(), case.forecast()).table) == 0


def test_duty_on_a_border_between_depots_counts() -> None:
    """A transfer that pays duty once more is dearer, and one that costs more than waiting is left."""
    case = Case(stock={"D2": 1}, orders={"RO": Order("A", priority=3)}, without=(("HUB", "A"), ("B", "A")))
    network = case.network()
    abroad = network.sites["region"] == "R2"
    network = replace(network, sites=network.sites.assign(country=network.sites["country"].where(~abroad, "KZ")))
    assert len(allocate(network, case.targets(), case.forecast()).table) == 1
    duties = Case(more={"duties": [{"country": "RU", "hs_prefix": "", "duty_rate": 0.9}]}).network().duties
    assert len(allocate(replace(network, duties=duties), case.targets(), case.forecast()).table) == 0


def test_reasons_say_what_happens_without() -> None:
    """A shelf's reason gives its stock, its target, the next delivery and the probability of running out."""
    found = allocated(Case(stock={"D1": 9}, base_stock={"A": 2}, demand={"A": 1.0, "B": 0.5, "C": 0.5}))
    empty, filled = (round(100 * last_piece_wanted(1.0, 21)(n)) for n in (1, 3))
    assert found.table["reason"].tolist() == [
        f"Shelf of A holds 0 of 2; left so, a repair finds it empty before the next delivery on {day(21).date()} "
        f"with {empty} % probability; with 2 more it is {filled} %."
    ]


def test_the_next_delivery_is_the_one_that_fills_the_gap() -> None:
    """Inbound orders end the wait of a region's shelves only when together they bring what it is short of."""
    case = Case(stock={"D1": 1}, base_stock={"A": 3})
    for inbound, days in (((), 21), ((("D1", 3, 1),), 21), ((("D1", 3, 1), ("D1", 9, 1)), 10), ((("D1", 3, 2),), 4)):
        reason = allocated(replace(case, inbound=inbound)).table["reason"][0]
        assert f"next delivery on {day(days).date()}" in reason


def test_nothing_needed_gives_empty_tables_of_the_right_columns() -> None:
    """Without orders and targets both tables are empty and still what a plan folder declares."""
    found = allocated(Case(stock={"D1": 5}))
    for name, frame in (("allocations", found.table), ("exceptions", found.exceptions)):
        assert len(frame) == 0
        ARTEFACTS[name].validate(frame)


def test_an_unknown_site_is_an_error() -> None:
    """A target for a site the network does not have is refused by name."""
    case = Case(base_stock={"A": 1})
    table = case.targets().table.assign(site="Z9")
    with pytest.raises(ValueError, match="site Z9 is not in the network"):
        allocate(case.network(), StockTargets(table, {"default": 1.0}), case.forecast())


def problem_of(seed: int) -> tuple[Network, StockTargets, Any]:
    case = random_network(seed)
    return case.network, StockTargets(case.targets, case.waiting_price), case.forecast


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_nothing_is_given_twice(seed: int) -> None:
    """No site gives more than its good stock, no order gets more than it asks, no shelf more than its base stock."""
    network, targets, forecast = problem_of(seed)
    found = allocate(network, targets, forecast)
    table = ARTEFACTS["allocations"].validate(found.table)
    ARTEFACTS["exceptions"].validate(found.exceptions)
    stock = network.stock[network.stock["condition"] == "good"].groupby(["part", "site"])["on_hand"].sum()
    endless = network.parts.loc[network.parts["supplier"] == "", "part"]
    left = stock.to_dict()
    for row in table.itertuples():
        if not (row.from_site == "HUB" and row.part in set(endless)):
            left[row.part, row.from_site] -= row.quantity
    assert min(left.values(), default=0) >= 0
    orders = network.repair_orders.set_index(["repair_order", "part"])["quantity"]
    got = table[table["for_repair_order"] != ""].groupby(["for_repair_order", "part"])["quantity"].sum()
    assert (got <= orders.reindex(got.index)).all()
    aim = targets.table.set_index(["part", "site"])["base_stock"].to_dict()
    for row in table[table["for_repair_order"] == ""].itertuples():
        left[row.part, row.to_site] = left.get((row.part, row.to_site), 0) + row.quantity
        assert left[row.part, row.to_site] <= aim[row.part, row.to_site]
    assert not table.duplicated(["part", "from_site", "to_site", "for_repair_order"]).any()
    assert (table["arrives_on"] >= table["ships_on"]).all()
    assert (table["ships_on"] > pd.Timestamp(network.settings.as_of)).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(seed: int, chance: Any) -> None:
    """Shuffled tables give the same allocation, reasons and all."""
    network, targets, forecast = problem_of(seed)
    names = ("sites", "lanes", "parts", "stock", "inbound", "repair_orders", "duties", "events")
    mixed = {
        name: getattr(network, name).sample(frac=1.0, random_state=chance.randrange(1000), ignore_index=True)
        for name in names
    }
    shuffled = StockTargets(targets.table.sample(frac=1.0, random_state=1, ignore_index=True), targets.waiting_price)
    one, other = allocate(network, targets, forecast), allocate(replace(network, **mixed), shuffled, forecast)
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.exceptions, other.exceptions)
