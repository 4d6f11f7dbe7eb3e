"""Order lines that differ from the plan published before (decision 0003, churn)."""

from collections import Counter, defaultdict
from datetime import date, timedelta

from domain.plan import PreviousPlan

from .calendar import Calendar, first_monday
from .frames import as_date, rows
from .orders import Shipment

Line = tuple[str, str, date]


def both_publish(calendar: Calendar, as_of: date, day: date) -> bool:
    """Whether a day lies within weeks 1..T of this plan and of one made on `as_of`."""
    return all(
        monday <= day < monday + timedelta(days=7 * calendar.horizon)
        for monday in (calendar.monday, first_monday(as_of))
    )


def published(calendar: Calendar, previous: PreviousPlan) -> Counter[Line]:
    """Units of the previous plan by line, where both plans publish."""
    before = Counter[Line]()
    for row in rows(previous.shipments):
        line = str(row.part), str(row.lane), as_date(row.departs)
        if row.quantity and both_publish(calendar, previous.as_of, line[2]):
            before[line] += int(row.quantity)
    return before


def changed_lines(calendar: Calendar, shipments: list[Shipment], previous: PreviousPlan) -> list[Line]:
    """Part, lane and day of departure of every line that both plans publish with different quantities, 0 included."""
    now, before = defaultdict[Line, float](float), published(calendar, previous)
    for line in shipments:
        if both_publish(calendar, previous.as_of, line.departs):
            now[line.part, line.lane, line.departs] += line.quantity
    return sorted(key for key in now.keys() | before.keys() if now[key] != before[key])
