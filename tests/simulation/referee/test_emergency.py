"""Laterals, express and today's broken units, by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from simulation.referee.board import AT_ONCE, HUB, PLANNED, SHIP, Board, Demands
from simulation.referee.case import Case, case_of
from simulation.referee.money import costs, prices_of
from simulation.referee.referee import from_law, replicate, rules_of
from storage.network_folder import network_from_tables
from tests.networks import tiny_tables
from tests.simulation.referee.boards import board, empty_plan, played, rules

DEPOT, HERE, THERE = 1, 2, 3
EVERY_DAY, WEDNESDAY = 0b1111111, 0b0000100


def two_points(lots: list[tuple[int, int]], **changes: Any) -> Board:
    """One depot with two points; a lateral of 1.5 days and express of 4 days lead to the first. lots: site, units."""
    site, units = (np.array(column, np.int64) for column in zip(*lots, strict=True))
    plain: dict[str, Any] = {
        "unlimited": np.zeros(1, bool),
        "way_start": np.array([0, 2, 2]),
        "way_source": np.array([THERE, HUB]),
        "way_days": np.array([1.5, 4.0]),
        "way_sd": np.zeros(2),
        "way_weekdays": np.array([EVERY_DAY, EVERY_DAY]),
        "lot_start": np.array([0, len(lots)]),
        "lot_site": site,
        "lot_quantity": units,
        "lot_expires": np.full(len(lots), np.inf),
        "lot_voyage": np.full(len(lots), AT_ONCE),
    }
    return board(1, 2, **(plain | changes))


def asked(*rows: tuple[float, int]) -> Demands:
    """Demands of one unit: time, site."""
    time, site = (np.array(column) for column in zip(*rows, strict=True))
    one = np.ones(len(rows), np.int64)
    start = np.array([0, len(rows)])
    return Demands(start, time.astype(float), site - HERE, site, one, 3 * one, one.astype(bool), np.arange(len(rows)))


def test_a_repair_its_region_cannot_help_is_helped_by_a_lateral_then_by_express() -> None:
    """Two units at the other point, of which one has a use there: the first repair gets a lateral, the second express,
    and the unit kept is there for its own."""
    table = two_points([(HUB, 9), (THERE, 2)], base_stock=np.array([0, 0]))
    demands = asked((1.0, THERE), (2.0, HERE), (3.0, HERE))
    out = played(table, demands, rules(40.0, laterals=True, express=True, check=True))
    assert out.last.tolist() == [0.0, 1.5, 4.0]
    assert out.helped.tolist() == [1, 1]
    assert out.local.tolist() == [1, 1, 0]
    assert out.lost.tolist() == [0]
    assert out.on_hand_hub.tolist() == [8]


@pytest.mark.parametrize(
    ("laterals", "express", "waits"), [(False, False, 38.0), (False, True, 4.0), (True, False, 1.5)]
)
def test_emergencies_are_only_what_the_rules_allow(laterals: bool, express: bool, waits: float) -> None:
    """The same board without one, or without both: then a repair waits to the end."""
    table = two_points([(HUB, 9), (THERE, 1)])
    out = played(table, asked((2.0, HERE)), rules(40.0, laterals=laterals, express=express))
    assert out.last.tolist() == [waits]


def test_a_way_waits_for_its_weekday() -> None:
    """Asked on Tuesday noon, it leaves as Wednesday begins; asked on Wednesday noon, at once."""
    table = two_points([(HUB, 9), (THERE, 2)], way_weekdays=np.array([WEDNESDAY, EVERY_DAY]))
    out = played(table, asked((1.5, HERE), (2.5, HERE)), rules(40.0, laterals=True, express=True))
    assert out.last.tolist() == [2.0, 1.5]


def test_nothing_is_sent_where_the_region_gets_something_anyway() -> None:
    """A consignment is under way to the depot: the repair waits for it and its courier, and the hub keeps its unit."""
    table = two_points([(HUB, 9), (DEPOT, 1)], lot_voyage=np.array([AT_ONCE, 0]))
    out = played(table, asked((2.0, HERE)), rules(40.0, laterals=True, express=True), np.array([10.0]))
    assert out.last.tolist() == [10.0]
    assert out.helped.tolist() == [0, 0]


def test_what_came_by_express_comes_off_the_next_planned_line() -> None:
    """Planned three with two expected; one more was wanted and came by express: the line brings three, not four."""
    table = two_points(
        [(HUB, 9)],
        order_start=np.array([0, 1]),
        order_time=np.array([14.0]),
        order_kind=np.array([SHIP]),
        order_leaf=np.array([0]),
        order_voyage=np.array([0]),
        order_rule=np.array([PLANNED]),
        order_level=np.array([3.0]),
    )
    out = played(table, asked((2.0, HERE)), rules(40.0, express=True, check=True), np.array([20.0]))
    assert out.last.tolist() == [4.0]
    assert out.moved.tolist() == [3]
    assert out.lost.tolist() == [0]


def test_a_waiting_repair_gets_express_as_soon_as_the_hub_has_something() -> None:
    """The hub is empty until day 9."""
    table = two_points([(HUB, 1)], lot_voyage=np.array([0]))
    out = played(table, asked((2.0, HERE)), rules(40.0, express=True), np.array([9.0]))
    assert out.last.tolist() == [11.0]


@pytest.mark.parametrize("defectives", [True, False])
def test_broken_units_of_today_are_as_good_as_new_after_the_bench(defectives: bool) -> None:
    """Five days on the bench at the depot, two more from the point; each repaired by its yield, here 1."""
    table = board(
        1,
        repair_days=np.array([5.0]),
        repair_yield=np.ones(1),
        defective_start=np.array([0, 2]),
        defective_site=np.array([DEPOT, HERE]),
        defective_units=np.array([1, 2]),
    )
    demands = asked((0.5, HERE), (0.6, HERE), (20.0, HERE))
    out = played(table, demands, rules(40.0, defectives=defectives, check=True))
    assert out.repaired.tolist() == [3 * defectives]
    assert out.last.tolist() == ([6.5, 8.4, 2.0] if defectives else [39.5, 39.4, 20.0])
    assert out.lost.tolist() == [0]


def test_half_of_them_are_repaired_at_a_yield_of_a_half() -> None:
    """A thousand copies."""
    table = board(
        1000,
        repair_days=np.ones(1000),
        repair_yield=np.full(1000, 0.5),
        defective_start=np.arange(1001),
        defective_site=np.full(1000, DEPOT),
        defective_units=np.full(1000, 10),
    )
    nothing = Demands(np.zeros(1001, np.int64), *(np.zeros(0, kind) for kind in (float, int, int, int, int, bool, int)))
    repaired = played(table, nothing, rules(9.0, defectives=True)).repaired
    assert abs(repaired.mean() - 5.0) < 4 * np.sqrt(2.5 / 1000)


def tiny_case() -> Case:
    """The tiny network with a lateral and express to P11, where two units of `0001` are wanted today; nobody forecasts
    or plans anything."""
    tables, settings = tiny_tables()
    columns = "origin destination mode transit_days cost_per_kg minimum_charge cost_per_consignment dangerous_goods"
    more = [("P12", "P11", "courier", 1, 3.0, 4.0, 0.0, True), ("HUB", "P11", "express", 4, 20.0, 0.0, 10.0, False)]
    lanes = pd.concat([tables["lanes"], pd.DataFrame(more, columns=columns.split())], ignore_index=True)
    stock = [("HUB", "0001", "good", 5), ("P12", "0001", "good", 1), ("P12", "0001", "defective", 7)]
    repairs = [("RO-1", "0001", "P11", 2, "2025-07-02", 1, "X1"), ("RO-2", "22E1", "P11", 1, "2025-07-02", 1, "X1")]
    tables |= {
        "lanes": lanes,
        "stock": pd.DataFrame(stock, columns=["site", "part", "condition", "on_hand"]),
        "repair_orders": pd.DataFrame(repairs, columns=list(tables["repair_orders"])),
    }
    del tables["inbound"]
    network = network_from_tables(tables, settings)[0]
    return case_of(network, empty_plan(network), weeks=4, emergencies=True)


def test_emergencies_of_a_network_are_its_lanes_to_points_and_cost_what_these_cost() -> None:
    """0.3 kg: the lateral costs its minimum of 4; express 6 + 10 + 5 % duty on 66. Dangerous goods may not fly, and
    have no other point to come from."""
    case = tiny_case()
    assert case.network.lanes["mode"].iloc[case.ways["lane"]].tolist() == ["courier", "express"]
    rule = rules_of(case, laterals=True, express=True, check=True)
    demands, arrives, out = replicate(case, from_law(case), rule, 1, 0)
    assert out.helped.tolist() == [1, 1]
    assert out.last.tolist() == [4.0, 7.0 * case.end_weeks]
    assert (out.lost == 0).all()
    assert costs(case, prices_of(case), demands, out, arrives)["emergency"] == pytest.approx(
        4.0 + 6.0 + 10.0 + 0.05 * 66
    )
    assert case.board.defective_units.tolist() == [7]
