"""Departures, arrivals and order days under weekdays and shutdowns (decision 0003, "Calendar")."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from domain.departures import departures, inner_weeks, shutdowns, supplier_calendar
from domain.logistics import supply_lanes
from domain.network import Network, Settings
from tests.judge.calendar import Calendar
from tests.judge.frames import rows
from tests.one_part import Row, day
from tests.random_networks import AS_OF, network_of, random_network

WEEKS = 4


def build(lane: Row | None = None, *closed: tuple[str, date, date], kind: str = "shutdown") -> Network:
    """Hub in CN, depot D1 in RU (region R1), one lane of 6.5 + 2 days; closed: applies to, first day, last day."""
    usual: Row = {"lane": "AIR", "origin": "HUB", "destination": "D1", "mode": "air"}
    usual |= {"transit_days": 6.5, "customs_days": 2.0, "cost_per_kg": 5.0, "departures": "Tue Fri"}
    return network_of(
        Settings(as_of=AS_OF, currency="USD", horizon_weeks=2),
        sites=[
            {"site": "HUB", "kind": "origin", "country": "CN"},
            {"site": "D1", "kind": "depot", "country": "RU", "region": "R1"},
        ],
        lanes=[usual | (lane or {})],
        suppliers=[{"supplier": "S1", "lead_time_days": 8.0}],
        events=[
            {"event": str(n), "kind": kind, "applies_to": who, "start": first, "end": last}
            for n, (who, first, last) in enumerate(closed)
        ],
    )


def timetable(network: Network, weeks: int = WEEKS) -> dict[int, tuple[date, date, int]]:
    """Departure, arrival and slot of the only lane by week."""
    supply = supply_lanes(network)
    frame = departures(network, supply.lanes, supply.lead_days, weeks)
    assert (frame["lane"] == 0).all()
    return {row.week: (row.departs.date(), row.arrives.date(), row.slot) for row in rows(frame)}


def test_a_lane_leaves_once_a_week_on_its_first_weekday() -> None:
    """Tuesdays of every week, never Fridays too; the lead of 8.5 days counts as 9, so arrival is on Thursday."""
    expected = {week: (day(week, 1), day(week + 1, 3), week + 1) for week in range(1, WEEKS + 1)}
    assert timetable(build()) == expected


def test_a_lane_without_weekdays_leaves_on_monday() -> None:
    """Any day means the first day of the week."""
    assert [row[0] for row in timetable(build({"departures": ""})).values()] == [day(w) for w in range(1, WEEKS + 1)]


@pytest.mark.parametrize("who", ["all", "lane:AIR", "site:HUB", "country:CN", "region:"])
def test_a_shut_lane_or_origin_leaves_on_its_next_weekday(who: str) -> None:
    """Shut from Monday to Thursday of week 2, it leaves on that Friday; both ends of a shutdown are inclusive."""
    table = timetable(build(None, (who, day(2), day(2, 3))))
    assert table[2][0] == day(2, 4)
    assert table[3][0] == day(3, 1)


def test_a_week_shut_on_all_weekdays_has_no_departure() -> None:
    """Closed from Tuesday to Friday of week 2, nothing leaves in week 2."""
    assert list(timetable(build(None, ("country:CN", day(2, 1), day(2, 4))))) == [1, 3, 4]


@pytest.mark.parametrize("who", ["all", "lane:AIR", "site:D1", "country:RU", "region:R1"])
def test_an_arrival_waits_for_the_end_of_a_shutdown(who: str) -> None:
    """Due on Thursday of week 2 while lane or destination is shut until Sunday: it is there on Monday, in slot 3."""
    assert timetable(build(None, (who, day(2, 3), day(2, 6))))[1] == (day(1, 1), day(3), 3)


def test_an_arrival_passes_shutdowns_that_follow_each_other() -> None:
    """The depot's break is followed by the lane's: the first day open for both counts."""
    network = build(None, ("site:D1", day(2, 3), day(2, 4)), ("lane:AIR", day(2, 5), day(3, 1)))
    assert timetable(network)[1][1:] == (day(3, 2), 3)


@pytest.mark.parametrize("who", ["lane:SEA", "site:D2", "country:KZ", "supplier:S1", "category:AIR"])
def test_a_shutdown_of_others_changes_nothing(who: str) -> None:
    """Only what it applies to is shut."""
    assert timetable(build(None, (who, day(1), day(4, 6)))) == timetable(build())


def test_only_shutdowns_shut() -> None:
    """A holiday or a promotion changes demand, not the timetable."""
    network = build(None, ("all", day(1), day(4, 6)), kind="holiday")
    assert timetable(network) == timetable(build())
    assert shutdowns(network).applies_to == ()


def test_no_departures_at_all_is_an_empty_table() -> None:
    """A year shut gives no row and no error."""
    assert timetable(build(None, ("all", day(1) - timedelta(days=30), day(50)))) == {}


def test_a_supplier_takes_orders_on_open_mondays_only() -> None:
    """Shut on the Monday of week 2 and when week 1's order is due: no order in week 2, receipt after the break."""
    network = build(None, ("supplier:S1", day(2), day(2, 2)))
    expected, is_open = supplier_calendar(network, "S1", 8, WEEKS)
    assert is_open.tolist() == [True, False, True, True]
    assert expected.astype(object).tolist() == [day(2, 3), day(3, 1), day(4, 1), day(5, 1)]


def test_a_part_without_supplier_is_there_on_the_day_it_is_bought() -> None:
    """Lead time 0; only a shutdown of everything closes the market, even one of a supplier without name."""
    network = build(None, ("supplier:", day(1), day(1)), ("supplier:S1", day(2), day(2)), ("all", day(3), day(3, 4)))
    expected, is_open = supplier_calendar(network, "", 0, WEEKS)
    assert is_open.tolist() == [True, True, False, True]
    assert expected.astype(object).tolist() == [day(1), day(2), day(3, 5), day(4)]


@pytest.mark.parametrize(("lane_days", "supplier_days", "weeks"), [(7, 7.0, 5), (8, 7.0, 6), (8, 7.1, 7), (0, 0.0, 3)])
def test_the_inner_horizon_reaches_past_the_longest_leads(lane_days: int, supplier_days: float, weeks: int) -> None:
    """K = T + ceil(longest lane / 7) + ceil(longest supplier lead / 7) + 1, T = 2."""
    network = build()
    suppliers = network.suppliers.assign(lead_time_days=supplier_days)
    longest = np.array([0, lane_days], dtype=np.int64)
    assert inner_weeks(replace(network, suppliers=suppliers), longest) == weeks


def test_the_inner_horizon_needs_neither_lanes_nor_suppliers() -> None:
    """Without any, K = T + 1."""
    network = build()
    none = replace(network, suppliers=network.suppliers.iloc[:0])
    assert inner_weeks(none, np.zeros(0, np.int64)) == 3


@pytest.mark.parametrize("seed", range(12))
def test_the_timetable_is_the_outsiders(seed: int) -> None:
    """Every departure, arrival, slot and order day of a random network equals what decision 0003 says word for word."""
    network = random_network(seed).network
    supply, calendar = supply_lanes(network), Calendar(network)
    weeks = inner_weeks(network, supply.lead_days)
    assert weeks == calendar.weeks
    frame = departures(network, supply.lanes, supply.lead_days, weeks)
    found = {
        (supply.lanes["lane"][row.lane], row.week): (row.departs.date(), row.arrives.date(), row.slot)
        for row in rows(frame)
    }
    expected = {}
    for lane in calendar.supply_lanes:
        for week in range(1, weeks + 1):
            departs = calendar.departure(lane, week)
            if departs is not None:
                arrives = calendar.arrival(lane, departs)
                expected[lane, week] = departs, arrives, calendar.week(arrives)
    assert found == expected
    for supplier, lead in (("S1", calendar.supplier_days["S1"]), ("", 0)):
        receipts, is_open = supplier_calendar(network, supplier, lead, weeks)
        mondays = [calendar.start(week) for week in range(1, weeks + 1)]
        assert is_open.tolist() == [calendar.may_order(supplier, monday) for monday in mondays]
        assert receipts.astype(object).tolist() == [calendar.receipt(supplier, monday) for monday in mondays]
