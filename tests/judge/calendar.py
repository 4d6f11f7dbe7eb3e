"""Weeks, departures, arrivals and order days, read from decision 0003 alone."""

from datetime import date, timedelta
from math import ceil

from domain.network import Network

from .frames import as_date, rows

_WEEKDAY = {"Mon": 0, "Tue": 1, "Wed": 2, "Thu": 3, "Fri": 4, "Sat": 5, "Sun": 6}
_DAY = timedelta(days=1)


def first_monday(as_of: date) -> date:
    """The first day of week 1: the first Monday after `as_of`."""
    return as_of + timedelta(days=7 - as_of.weekday())


class Calendar:
    """Which days are open for whom; weeks count from 1, the first Monday after `as_of`."""

    def __init__(self, network: Network) -> None:
        self.monday = first_monday(network.settings.as_of)
        self.horizon = network.settings.horizon_weeks
        self.frozen = network.settings.frozen_weeks
        self.site = {row.site: row for row in rows(network.sites)}
        self.lane = {row.lane: row for row in rows(network.lanes)}
        self.lead_days: dict[str, int] = {
            row.lane: ceil(row.transit_days + row.customs_days) for row in rows(network.lanes)
        }
        self.supplier_days: dict[str, int] = {row.supplier: ceil(row.lead_time_days) for row in rows(network.suppliers)}
        self.supply_lanes = [
            row.lane
            for row in rows(network.lanes)
            if self.site[row.origin].kind == "origin" and self.site[row.destination].kind == "depot"
        ]
        longest_lane = max((self.lead_days[lane] for lane in self.supply_lanes), default=0)
        longest_supplier = max(self.supplier_days.values(), default=0)
        self.weeks = self.horizon + ceil(longest_lane / 7) + ceil(longest_supplier / 7) + 1
        self._shut: dict[str, list[tuple[date, date]]] = {}
        for event in rows(network.events):
            if event.kind == "shutdown":
                interval = (as_date(event.start), as_date(event.end))
                self._shut.setdefault(event.applies_to, []).append(interval)

    def week(self, day: date) -> int:
        """The week of a day; 0 or less before week 1."""
        return (day - self.monday).days // 7 + 1

    def start(self, week: int) -> date:
        """The Monday of a week."""
        return self.monday + timedelta(days=7 * (week - 1))

    def due_week(self, expected: object) -> int:
        """The week in which frozen inbound arrives: what is late or due before week 1 comes in week 1."""
        return max(self.week(as_date(expected)), 1)

    def site_names(self, site: str) -> tuple[str, ...]:
        """The words by which a shutdown may mean this site."""
        row = self.site[site]
        return f"site:{site}", f"country:{row.country}", f"region:{row.region}"

    def shut(self, day: date, *names: str) -> bool:
        """Whether a shutdown of everything or of one of the names covers the day."""
        return any(start <= day <= end for name in ("all", *names) for start, end in self._shut.get(name, ()))

    def departure(self, lane: str, week: int) -> date | None:
        """The lane's only departure of a week: the first of its weekdays on which lane and origin are open."""
        row = self.lane[lane]
        weekdays = {_WEEKDAY[word] for word in row.departures.split()} or set(range(7))
        for offset in sorted(weekdays):
            day = self.start(week) + offset * _DAY
            if not self.shut(day, f"lane:{lane}", *self.site_names(row.origin)):
                return day
        return None

    def arrival(self, lane: str, departs: date) -> date:
        """Lead days after departure, moved to the first day on which lane and destination are open."""
        names = (f"lane:{lane}", *self.site_names(self.lane[lane].destination))
        return self._open(departs + self.lead_days[lane] * _DAY, names)

    def may_order(self, supplier: str, monday: date) -> bool:
        """Whether a purchase can be placed on a Monday; a part without supplier knows only a shutdown of all."""
        return not self.shut(monday, *_supplier_names(supplier))

    def receipt(self, supplier: str, ordered: date) -> date:
        """When a purchase is at its hub: lead days later, moved to a day on which the supplier is open."""
        return self._open(ordered + self.supplier_days.get(supplier, 0) * _DAY, _supplier_names(supplier))

    def _open(self, day: date, names: tuple[str, ...]) -> date:
        while self.shut(day, *names):
            day += _DAY
        return day


def _supplier_names(supplier: str) -> tuple[str, ...]:
    return (f"supplier:{supplier}",) if supplier else ()
