"""How a peak or shutdown ahead is told."""

from datetime import date

import pandas as pd

from reports.calendar_ahead import calendar_lines
from scenarios.what_if.calendar import Ahead, CalendarAhead, Happening

FESTIVAL = Happening("Spring festival", "shutdown", date(2026, 2, 2), date(2026, 2, 15), 1.0, ("supplier:S1",), ("e",))


def told(moved: list[tuple[str, int]] | None, cost: float | None, last_order: str = "2026-01-12") -> list[str]:
    """The lines of the festival with these pieces by mode before it, more than without it."""
    dates = {"last_order": [pd.Timestamp(last_order) if last_order else pd.NaT], "next_order": [pd.NaT]}
    lanes = pd.DataFrame(columns=["lane", "mode", "last_departure", "sure_departure", "next_departure"])
    pieces = (
        None if moved is None else pd.DataFrame(moved, columns=["mode", "pieces"]).assign(money=lambda f: f["pieces"])
    )
    one = Ahead(
        what=FESTIVAL,
        lanes=lanes,
        suppliers=pd.DataFrame({"supplier": ["S1"], **dates}),
        orders=pd.DataFrame(columns=["supplier", "lane", "order_by"]),
        extra=pd.DataFrame(columns=["depot", "part_class", "pieces", "money"]),
        moved=pieces,
        bought=None if moved is None else pd.DataFrame({"pieces": [30]}),
        cost=cost,
        cost_range=None if cost is None else (cost - 5.0, cost + 5.0),
    )
    return calendar_lines(CalendarAhead(date(2026, 1, 4), date(2026, 6, 1), "USD", (one,)))


def test_the_heading_says_what_is_shut_and_by_when_to_order() -> None:
    """Who is shut, from when, how long, and the last order day; if it is past, that is said."""
    assert told(None, None)[0] == "Spring festival shuts S1 from Mon 2 Feb for 2 weeks: order by Mon 12 Jan."
    assert told(None, None, "")[0].endswith("for 2 weeks: what is ordered now no longer comes before it.")
    assert told(None, None)[-1] == "  It begins after the weeks that are planned."


def test_what_is_moved_is_told_by_mode_with_its_cost() -> None:
    """Modes that send more and fewer add up to the pieces told, and the cost has its range."""
    assert told([("rail", 1240), ("air", -20)], 410.0)[-1] == (
        "  The plan brings 1,220 pieces forward ($1,220): 1,240 more by rail and 20 fewer by air, and orders 30 pieces "
        "earlier; it costs about $410 in all (proved: $405 to $415)."
    )
    assert told([], -2.0)[-1] == (
        "  The plan brings nothing forward for it, and orders 30 pieces earlier; no cost shows "
        "(proved: −$7.00 to $3.00)."
    )
