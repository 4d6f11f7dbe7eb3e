"""Peaks and shutdowns ahead in plain words: what stands still, by when to order and ship, what the plan moves ahead."""

from datetime import date

import pandas as pd

from reports import words
from scenarios.what_if.calendar import Ahead, CalendarAhead

_FEW = 3
_LEAST = 0.5  # pieces or money worth a word


def calendar_lines(found: CalendarAhead) -> list[str]:
    """The calendar for people, for each happening a heading sentence and what follows from it."""
    if not found.ahead:
        return [f"No peak and no shutdown is declared until {words.day(found.until, found.as_of)}."]
    return [line for one in found.ahead for line in _lines(one, found)]


def calendar_table(found: CalendarAhead) -> pd.DataFrame:
    """A row per happening and lane or supplier: title, start, what, last day in time, next day after."""
    frames = []
    for one in found.ahead:
        lanes = one.lanes.rename(columns={"lane": "what", "last_departure": "last", "next_departure": "next"})
        suppliers = one.suppliers.rename(columns={"supplier": "what", "last_order": "last", "next_order": "next"})
        both = [frame[["what", "last", "next"]] for frame in (lanes, suppliers) if len(frame)]
        frames += [frame.assign(title=one.what.title, start=pd.Timestamp(one.what.start)) for frame in both]
    columns = ["title", "start", "what", "last", "next"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def _lines(one: Ahead, found: CalendarAhead) -> list[str]:
    heading = _peak(one, found) if one.what.kind == "peak" else _shutdown(one, found)
    return [heading, *_departures(one, found.as_of), *_orders(one, found.as_of), *_moved(one, found)]


def _peak(one: Ahead, found: CalendarAhead) -> str:
    what, pieces = one.what, float(one.extra["pieces"].sum())
    where = words.listed([_place(name) for name in what.applies_to], _FEW)
    lift = words.percent(what.factor - 1)
    span = f"from {words.day(what.start, found.as_of)} to {words.day(what.end, found.as_of)}"
    if pieces < _LEAST:
        return f"{what.title} lifts {where} by {lift} {span}; the weeks planned need no more parts for it."
    by_depot = one.extra.groupby("depot")["pieces"].sum().sort_values(ascending=False, kind="stable")
    most = words.listed([f"{depot} {words.number(round(units, 1))}" for depot, units in by_depot.items()], _FEW)
    money = words.money(float(one.extra["money"].sum()), found.currency)
    return f"{what.title} lifts {where} by {lift} {span}: {_pieces(pieces)} more ({money}), {most}."


def _shutdown(one: Ahead, found: CalendarAhead) -> str:
    what = one.what
    places = words.listed([_place(name) for name in what.applies_to], _FEW)
    sentence = f"{what.title} shuts {places} from {words.day(what.start, found.as_of)} for {_length(what.days)}"
    last = one.suppliers["last_order"] if len(one.suppliers) else one.orders["order_by"]
    if last.notna().any():
        sentence += f": order by {words.day(last.min(), found.as_of)}"
        if last.min() != last.max():
            sentence += f" from the slowest supplier, by {words.day(last.max(), found.as_of)} from the quickest"
    elif len(last):
        sentence += ": what is ordered now no longer comes before it"
    return f"{sentence}."


def _departures(one: Ahead, near: date) -> list[str]:
    """The last departures by mode, earliest and latest of its lanes."""
    what, told = one.what, []
    for mode, lanes in one.lanes.groupby("mode", sort=True):
        last = lanes["last_departure"].dropna()
        if last.empty:
            told.append(f"  By {mode} nothing leaves in time any more.")
            continue
        says = "Last departure by" if what.kind == "shutdown" else "To be there in time, ship by"
        line = f"  {says} {mode}: {_span(last, near)}"
        sure = lanes["sure_departure"].dropna()
        if len(sure) and sure.min() < last.min():
            line += f", in 19 of 20 cases {_span(sure, near)}"
        after = lanes["next_departure"].dropna()
        told.append(f"{line}; the next {_span(after, near)}." if len(after) else f"{line}.")
    return told


def _orders(one: Ahead, near: date) -> list[str]:
    """Order days for the last departures, by mode."""
    mode = one.lanes.set_index("lane")["mode"]
    days = one.orders.assign(mode=one.orders["lane"].map(mode)).dropna(subset=["order_by"])
    said = [f"{name} {_span(rows['order_by'], near)}" for name, rows in days.groupby("mode", sort=True)]
    return [f"  To catch them, order by: {'; '.join(said)}."] if said else []


def _moved(one: Ahead, found: CalendarAhead) -> list[str]:
    """What the plan brings forward, and what that costs."""
    if one.moved is None or one.bought is None or one.cost is None or one.cost_range is None:
        return ["  It begins after the weeks that are planned."] if one.cost is None and one.moved is None else []
    pieces, money = float(one.moved["pieces"].sum()), float(one.moved["money"].sum())
    told = "  The plan brings nothing forward for it"
    if pieces >= _LEAST:
        told = (
            f"  The plan brings {_pieces(pieces)} forward ({words.money(money, found.currency)}): {_by_mode(one.moved)}"
        )
    bought = float(one.bought["pieces"].sum())
    told += f", and orders {_pieces(bought)} earlier" if bought >= _LEAST else ""
    low, high = (words.money(end, found.currency) for end in one.cost_range)
    about = f"it costs about {words.money(one.cost, found.currency)} in all" if one.cost >= _LEAST else "no cost shows"
    return [f"{told}; {about} (proved: {low} to {high})."]


def _by_mode(moved: pd.DataFrame) -> str:
    """`16 more by road, 5 fewer by air`: what leaves by each mode before it begins, against a plan without it."""
    by_mode = moved.groupby("mode")["pieces"].sum().sort_values(ascending=False, kind="stable")
    said = [f"{words.number(abs(n))} {'more' if n > 0 else 'fewer'} by {mode}" for mode, n in by_mode.items() if n]
    return words.listed(said, len(said))


def _place(applies_to: str) -> str:
    kind, _, name = applies_to.partition(":")
    if kind == "all":
        return "everything"
    return name.replace("_", " ") if kind in ("site", "supplier") else f"{kind} {name.replace('_', ' ')}"


def _span(days: "pd.Series[pd.Timestamp]", near: date) -> str:
    first, last = words.day(days.min(), near), words.day(days.max(), near)
    return first if first == last else f"{first} to {last}"


def _length(days: int) -> str:
    return words.count(days // 7, "week") if days % 7 == 0 else words.count(days, "day")


def _pieces(units: float) -> str:
    return words.pieces(round(units, 1) if units < 10 else round(units))
