"""The engine's own rules: nothing is lost, nothing depends on the machine, and who comes first."""

from typing import Any

import numba as nb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.referee.board import (
    AT_ONCE,
    BASE_STOCK,
    CATCH_UP,
    HUB,
    PLANNED,
    PURCHASE,
    SHIP,
    Board,
    Demands,
    Floats,
    Ints,
    Played,
)
from tests.simulation.referee.boards import board, played, poisson, rules, shipping, stocked, weekly_days

DEPOT, POINT = 1, 2
WEEKS = 12


def demand_of(*rows: tuple[float, int, int, int, bool]) -> Demands:
    """Demands of one part: time, site code, quantity, priority, new."""
    time, site, quantity, priority, asked = (np.array(column) for column in zip(*rows, strict=True))
    return Demands(
        start=np.array([0, len(rows)]),
        time=time.astype(float),
        point=site - 2,
        site=site,
        quantity=quantity,
        priority=priority,
        asked=asked.astype(bool),
        ticket=np.arange(len(rows)),
    )


def orders(*rows: tuple[float, int, int, float]) -> dict[str, Any]:
    """Orders of one part: time, kind, rule, level; the n-th is voyage n."""
    time, kind, rule, level = (np.array(column) for column in zip(*rows, strict=True))
    return {
        "order_start": np.array([0, len(rows)]),
        "order_time": time.astype(float),
        "order_kind": kind,
        "order_leaf": np.where(kind == SHIP, 0, -1),
        "order_voyage": np.arange(len(rows)),
        "order_rule": rule,
        "order_level": level.astype(float),
    }


def whole_network(seed: int) -> tuple[Board, Demands, Floats]:
    """Twelve parts with everything at once: scarce hub, lots with dates, suppliers, lots of Q, repairs, open orders."""
    rng = np.random.default_rng(seed)
    copies, points, weeks = 12, 3, np.arange(WEEKS)
    number = 2 * WEEKS
    table = board(
        copies,
        points,
        base_stock=rng.integers(0, 4, copies * points),
        depot_stock=rng.integers(0, 9, copies),
        courier_days=rng.uniform(0.0, 4.0, copies * points),
        courier_days_sd=rng.uniform(0.0, 2.0, copies * points),
        unlimited=rng.random(copies) < 0.3,
        moq=rng.integers(1, 8, copies),
        order_multiple=rng.integers(1, 4, copies),
        life_days=np.where(rng.random(copies) < 0.5, rng.uniform(5.0, 60.0, copies), np.inf),
        return_rate=rng.random(copies),
        repair_yield=rng.random(copies),
        repair_days=rng.uniform(0.0, 20.0, copies),
        defective_start=np.arange(copies + 1) * 2,
        defective_site=np.tile([DEPOT, POINT], copies),
        defective_units=rng.integers(0, 6, 2 * copies),
        way_start=np.arange(copies * points + 1) * 2,
        way_source=np.tile([POINT + 1, HUB, POINT + 2, HUB, POINT, HUB], copies),
        way_days=rng.uniform(0.0, 9.0, 2 * copies * points),
        way_sd=rng.uniform(0.0, 2.0, 2 * copies * points),
        way_weekdays=rng.integers(1, 128, 2 * copies * points),
        lot_start=np.arange(copies + 1) * 4,
        lot_site=np.tile([HUB, DEPOT, POINT, POINT + 2], copies),
        lot_quantity=rng.integers(1, 20, 4 * copies),
        lot_expires=np.where(rng.random(4 * copies) < 0.3, rng.uniform(1.0, 80.0, 4 * copies), np.inf),
        lot_voyage=rng.choice([AT_ONCE, 0, 1], 4 * copies),
        order_start=np.arange(copies + 1) * number,
        order_time=np.tile(np.repeat(7.0 * weeks, 2), copies),
        order_kind=np.tile([PURCHASE, SHIP], copies * WEEKS),
        order_leaf=np.tile([-1, 0], copies * WEEKS),
        order_voyage=np.tile(np.arange(number), copies),
        order_lane=rng.integers(0, 2, copies * number),
        order_rule=np.where(
            np.tile([False, True], copies * WEEKS) & (rng.random(copies * number) < 0.3),
            CATCH_UP,
            np.repeat(rng.choice([PLANNED, BASE_STOCK], copies), number),
        ),
        order_level=np.tile(np.repeat(3.0 * weeks, 2), copies) - rng.uniform(0.0, 9.0, copies * number),
    )
    demands = poisson(copies, WEEKS, float(rng.uniform(1.0, 8.0)), points, psi=1.5, a=2.0, seed=seed)
    demands = demands._replace(priority=rng.integers(1, 6, len(demands.time)))
    return table, demands, np.repeat(7.0 * weeks, 2) + np.sort(rng.uniform(0.0, 40.0, number))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.sampled_from([np.inf, 3.0, 20.0]), st.booleans(), st.booleans())
def test_every_unit_is_accounted_for_at_every_event(
    seed: int, fifo: bool, patience: float, laterals: bool, express: bool
) -> None:
    """Received = used + on hand + moving + scrapped, lot by lot, after each event of a network that does everything."""
    table, demands, due = whole_network(seed)
    rule = rules(7.0 * WEEKS, fifo=fifo, defectives=True, patience_days=patience, check=True)
    rule = rule._replace(laterals=laterals, express=express)
    out = played(table, demands, rule, due, seed)
    assert (out.lost == 0).all()
    assert (out.events > WEEKS).all()
    part = np.repeat(np.arange(12), np.diff(demands.start))
    inside = demands.time < 7.0 * WEEKS
    served = np.bincount(part, demands.quantity - out.left, 12)
    assert (served == out.used).all()
    assert (out.at_once <= demands.quantity - out.left)[inside].all()
    assert (out.counted_wait <= out.waited + 1e-9).all()


def test_what_lies_where_at_the_end_is_all_that_came_and_was_not_used() -> None:
    """Stock + inbound + bought + repaired = used + scrapped + on hand + by courier + consignments under way."""
    end, by_courier = 40.0, 0

    def by_part(row_start: Ints, units: Ints) -> Ints:
        return np.bincount(np.repeat(np.arange(12), np.diff(row_start)), units, 12).astype(np.int64)

    for seed in range(5):
        table, demands, due = whole_network(seed)
        out = played(table, demands, rules(end, defectives=True), due, seed)
        received = by_part(table.lot_start, table.lot_quantity) + out.bought + out.repaired
        at_home = out.on_hand_hub + out.on_hand_depot + by_part(table.point_start, out.on_hand_point + out.on_way)
        late = (table.lot_voyage != AT_ONCE) & (due[table.lot_voyage] >= end)
        under_way = by_part(table.lot_start, table.lot_quantity * late)
        under_way += by_part(table.order_start, out.moved * (due[table.order_voyage] >= end))
        assert (received == out.used + out.scrapped + at_home + under_way).all()
        assert min(at_home.sum(), under_way.sum()) > 0
        by_courier += out.on_way.sum()
    assert by_courier > 0


def test_the_same_seed_gives_the_same_answer_on_one_core_and_two() -> None:
    """Every part has streams of its own, so threads change nothing."""
    results: list[Played] = []
    before = nb.get_num_threads()
    try:
        for threads in (1, min(2, before)):
            nb.set_num_threads(threads)
            table, demands, due = whole_network(7)
            rule = rules(7.0 * WEEKS, defectives=True, laterals=True, express=True)
            results.append(played(table, demands, rule, due))
    finally:
        nb.set_num_threads(before)
    for one, two in zip(*results, strict=True):
        assert (one == two).all()


def test_counting_the_check_changes_nothing() -> None:
    """The proof of conservation only looks."""
    table, demands, due = whole_network(11)
    one, two = (played(table, demands, rules(84.0, defectives=True, check=check), due) for check in (False, True))
    assert (one.last == two.last).all()
    assert one.lost.tolist() == [-1] * 12


def test_in_shortage_waiting_repairs_come_before_shelves_by_priority_then_age() -> None:
    """One unit a week for: a shelf of 1 (asked first), a repair of priority 5, one of priority 3, one of priority 1."""
    table = board(
        1,
        points=4,
        base_stock=np.array([1, 0, 0, 0]),
        courier_days=np.full(4, 1.0),
        depot_stock=np.zeros(1, np.int64),
        **orders(*((7.0 * week, SHIP, PLANNED, week + 1.0) for week in range(4))),
    )
    demands = demand_of((0.0, 3, 1, 5, False), (0.0, 4, 1, 3, False), (0.0, 5, 1, 1, False))
    out = played(table, demands, rules(70.0, fifo=False), np.array([2.0, 9.0, 16.0, 23.0]))
    assert out.last.tolist() == [17.0, 10.0, 3.0]
    first_come = played(table, demands, rules(70.0, fifo=True), np.array([2.0, 9.0, 16.0, 23.0]))
    assert first_come.last.tolist() == [10.0, 17.0, 24.0]
    assert first_come.shelf_days[0] == 67.0
    assert out.shelf_days[0] == 46.0


def test_an_order_of_the_plan_follows_what_was_really_wanted() -> None:
    """Shipped = planned cumulative + actual − expected demand, not less than nothing, and what the hub holds."""
    table = board(
        1,
        courier_days=np.zeros(1),
        unlimited=np.zeros(1, bool),
        **(stocked(1, HUB, 12)),
        **orders((0.0, SHIP, PLANNED, 4.0), (7.0, SHIP, PLANNED, 8.0 - 3.0), (14.0, SHIP, PLANNED, 12.0 - 6.0)),
    )
    demands = demand_of((3.0, POINT, 5, 3, True), (8.0, POINT, 4, 3, True))
    out = played(table, demands, rules(70.0), np.array([5.0, 12.0, 19.0]))
    assert out.moved.tolist() == [4, 6, 2]  # 4; 5 + 5 − 4; 6 + 9 − 10 = 5, but the hub has 2 left
    assert out.last.tolist() == [9.0, 4.0]


def test_purchases_keep_moq_and_multiples_and_arrive_when_their_supplier_delivers() -> None:
    """An order for 5 with MOQ 4 and multiples of 3 is 7; it can leave with the departure after it arrived."""
    table = board(
        1,
        courier_days=np.zeros(1),
        unlimited=np.zeros(1, bool),
        moq=np.array([4]),
        order_multiple=np.array([3]),
        **orders((0.0, PURCHASE, PLANNED, 5.0), (7.0, SHIP, PLANNED, 6.0), (14.0, SHIP, PLANNED, 6.0)),
    )
    out = played(table, demand_of((0.5, POINT, 0, 3, True)), rules(70.0), np.array([9.5, 8.0, 15.0]))
    assert out.moved.tolist() == [7, 0, 6]
    assert out.bought.tolist() == [7]
    assert out.hub_days.tolist() == [7 * 4.5 + 1 * 56.0]


def test_what_a_late_supplier_held_back_leaves_with_the_next_departure_of_its_lane() -> None:
    """Due the day before the departure of day 14, three days late: the planned eight leave on day 21, not with the next
    planned line, which needs no more than its own."""
    table = board(
        1,
        courier_days=np.zeros(1),
        unlimited=np.zeros(1, bool),
        **orders(
            (0.0, PURCHASE, PLANNED, 10.0),
            (14.0, SHIP, PLANNED, 8.0),
            (21.0, SHIP, CATCH_UP, 0.0),
            (28.0, SHIP, CATCH_UP, 0.0),
            (70.0, SHIP, PLANNED, 10.0),
        ),
    )
    due = np.array([13.0, 20.0, 27.0, 34.0, 76.0])
    on_time, late = (played(table, demand_of((0.5, POINT, 0, 3, True)), rules(90.0), due + day) for day in (0, 3))
    assert on_time.moved.tolist() == [10, 8, 0, 0, 2]
    assert late.moved.tolist() == [10, 0, 8, 0, 2]


def test_of_what_the_hub_owes_the_line_planned_first_goes_first() -> None:
    """Five of twelve units come: the depot planned on day 7 gets them, though that of day 8 departs before it; the rest
    comes with the next lot. What is owed by one lane does not leave by another."""
    rows = [
        (7.0, 1, 0, PLANNED, 6.0),
        (8.0, 0, 0, PLANNED, 6.0),
        (15.0, 0, 0, CATCH_UP, 0.0),
        (16.0, 1, 1, CATCH_UP, 0.0),
        (17.0, 1, 0, CATCH_UP, 0.0),
        (24.0, 0, 0, CATCH_UP, 0.0),
        (25.0, 1, 0, CATCH_UP, 0.0),
    ]
    time, leaf, lane, rule, level = (np.array(column) for column in zip(*rows, strict=True))
    table = board(
        1,
        leaf_start=np.array([0, 2]),
        point_start=np.array([0, 1, 2]),
        depot_stock=np.zeros(2, np.int64),
        base_stock=np.zeros(2, np.int64),
        courier_days=np.zeros(2),
        courier_days_sd=np.zeros(2),
        unlimited=np.zeros(1, bool),
        lot_start=np.array([0, 2]),
        lot_site=np.array([HUB, HUB]),
        lot_quantity=np.array([5, 20]),
        lot_expires=np.full(2, np.inf),
        lot_voyage=np.array([0, 1]),
        order_start=np.array([0, len(rows)]),
        order_time=time,
        order_kind=np.full(len(rows), SHIP),
        order_leaf=leaf,
        order_lane=lane,
        order_voyage=np.full(len(rows), 2),
        order_rule=rule,
        order_level=level,
    )
    out = played(table, demand_of((0.5, 3, 0, 3, True)), rules(60.0, check=True), np.array([10.0, 20.0, 30.0]))
    assert out.moved.tolist() == [0, 0, 0, 0, 5, 6, 1]


def test_a_case_that_has_waited_its_patience_leaves_without_its_part() -> None:
    """Nothing ever comes: each case waits exactly its patience, and its request goes with it."""
    table = board(1)
    demands = demand_of((1.0, POINT, 2, 3, True), (4.0, POINT, 1, 3, True))
    out = played(table, demands, rules(70.0, patience_days=10.0))
    assert out.left.tolist() == [2, 1]
    assert out.waited.tolist() == [20.0, 10.0]
    assert np.isinf(out.last).all()


def test_what_reaches_the_end_of_its_shelf_life_is_scrapped_and_asked_for_again() -> None:
    """A shelf of 2 from day 0 with a life of 10 days: scrapped on day 10, replaced by the depot's later lot."""
    table = board(
        1,
        base_stock=np.array([2]),
        lot_start=np.array([0, 2]),
        lot_site=np.array([POINT, DEPOT]),
        lot_quantity=np.array([2, 5]),
        lot_expires=np.array([10.0, 50.0]),
        lot_voyage=np.array([AT_ONCE, AT_ONCE]),
    )
    out = played(table, demand_of((11.0, POINT, 1, 3, True)), rules(40.0))
    assert out.scrapped.tolist() == [2]
    assert out.last.tolist() == [1.0]  # two are on their way since day 10, two days by courier
    assert out.shelf_days[0] == pytest.approx(2 * 10.0 + 1 * 1.0 + 2 * 27.0)
    assert out.local.tolist() == [1]


def test_stock_grows_old_where_it_lies() -> None:
    """Σ age × units × days of one unit that lies 20 days is 200; sold on day 10 it is 50."""
    for sold, age in ((30.0, 200.0), (10.0, 50.0)):
        table = board(1, **stocked(1, POINT, 1))
        out = played(table, demand_of((sold, POINT, 1, 3, True)), rules(20.0))
        assert out.age_days.tolist() == [age]


@pytest.mark.parametrize("points", [1, 4])
def test_more_stock_never_serves_less(points: int) -> None:
    """On the same draws a depot with one unit more to begin with fills no demand later in total."""
    waited = []
    for stock in (5, 6, 9):
        table = board(
            30,
            points,
            base_stock=np.ones(30 * points, np.int64),
            depot_stock=np.full(30, stock),
            **stocked(30, DEPOT, stock),
            **shipping(30, weekly_days(40)),
        )
        out = played(table, poisson(30, 40, 3.0, points), rules(280.0), weekly_days(40) + 12.0)
        waited.append(out.waited.sum())
    assert waited[0] > waited[1] > waited[2]
