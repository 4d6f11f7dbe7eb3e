"""What stock targets achieve, what more or less money would do, what to buy next: in words and as a workbook."""

from typing import Any

import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.logistics import WEEKS_PER_YEAR
from domain.service import BackorderCost, FillRate, MeanWait, ServiceTarget, WithinDays
from reports import words
from reports.frontier_chart import ALL
from reports.workbook import Column, Sheet, workbook
from scenarios.stock_study import StockStudy

MOST_PURCHASES = 15

Row = dict[Any, Any]


def lines(found: StockStudy) -> list[str]:
    """The study for people, a line each: today's targets, money against service, the budget, what to buy."""
    if found.groups.empty:
        return ["No demand is expected, so nothing needs stock."]
    told = [*_stock(found), "", *_service(found), "", *_proof(found), "", *_frontier(found)]
    if found.budgeted is not None:
        told += ["", *_budget(found, found.budgeted)]
    if found.purchases is not None:
        told += ["", *_purchases(found, found.purchases)]
    return told


def study_xlsx(found: StockStudy) -> bytes:
    """The study as a workbook; text stays text. Same study, same bytes."""
    sheets = [_groups_sheet(found, "Service groups", found.groups), _frontier_sheet(found)]
    if found.budgeted is not None:
        sheets.append(_groups_sheet(found, "With the budget", found.budgeted))
    if found.purchases is not None:
        sheets.append(_purchases_sheet(found, found.purchases))
    return workbook(sheets, found.as_of)


def _stock(found: StockStudy) -> list[str]:
    whole = found.groups.iloc[-1]
    total = found.hub_money + found.depot_money + found.point_money
    places = ((found.hub_money, "hubs"), (found.depot_money, "depots"), (found.point_money, "repair points"))
    where = [f"{words.money(amount, found.currency)} at {place}" for amount, place in places]
    return [
        f"The plan of {words.day(found.as_of, found.as_of)} {found.as_of.year} stocks up to "
        f"{words.money(total, found.currency)} at purchase prices: {words.listed(where)}.",
        f"Stock at depots and repair points costs {words.money(whole['kept_cost_a_year'], found.currency)} a year to "
        f"keep; with it in place {_shelf(whole)} of repairs find their part on the shelf and "
        f"{_devices(whole['devices_waiting'])}.",
    ]


def _service(found: StockStudy) -> list[str]:
    head = ["", "promised", "with this stock", "on the shelf", "devices waiting", "stock", "a year", "a day of waiting"]
    rows = [
        [
            _name(row),
            _promised(found, row),
            _achieved(found, row),
            _shelf(row),
            words.number(row["devices_waiting"]),
            words.money(row["stock_money"], found.currency),
            words.money(row["kept_cost_a_year"], found.currency),
            "" if row["group"] == "" else words.money(row["price"] / DAYS_PER_WEEK, found.currency),
        ]
        for row in _rows(found.groups)
    ]
    return [
        "In the long run, with all stock in place (stock: at depots and repair points; a day of waiting: what the plan "
        "pays for a device not to wait a day):",
        *_table(head, rows, left=3),
    ]


def _proof(found: StockStudy) -> list[str]:
    said = words.gap(found.bound.gap).replace("no plan", "no stock").replace("another plan", "another stock")
    return [
        f"Keeping this stock and letting devices wait, at these prices, costs "
        f"{words.money(found.bound.cost * WEEKS_PER_YEAR, found.currency)} a year: {said}. That is proven for the "
        "stock at depots and points behind the hubs as they stand; the limits on part numbers at a site are left out "
        "of it."
    ]


def _frontier(found: StockStudy) -> list[str]:
    whole = found.frontier[found.frontier["group"] == ""]
    now = whole[whole["planned"]].iloc[0]
    head = ["stock", "against now", "on the shelf", "average wait, days", "a year"]
    rows = [
        [
            words.money(row["stock_money"], found.currency),
            "now" if row["planned"] else words.more_money(row["stock_money"] - now["stock_money"], found.currency),
            _shelf(row),
            words.number(row["mean_wait_days"]),
            words.money(row["kept_cost_a_year"], found.currency),
        ]
        for row in _rows(whole)
    ]
    return [
        "Money against service at depots and repair points: the stock of least cost when waiting is priced lower or "
        "higher, all groups together:",
        *_table(head, rows),
        *steps(found.frontier, found.currency),
    ]


def steps(frontier: pd.DataFrame, currency: str) -> list[str]:
    """What a little more and a little less stock than the plan's would do, a sentence each."""
    whole = frontier[frontier["group"] == ""]
    now = whole[whole["planned"]].iloc[0]
    more = whole[whole["stock_money"] > now["stock_money"]].head(1)
    less = whole[whole["stock_money"] < now["stock_money"]].tail(1)
    return [
        f"With {words.money(abs(row['stock_money'] - now['stock_money']), currency)} {how} in stock {_shelf(row)} "
        f"instead of {_shelf(now)} of repairs find their part on the shelf."
        for how, found in (("more", more), ("less", less))
        for row in _rows(found)
    ]


def _budget(found: StockStudy, budgeted: pd.DataFrame) -> list[str]:
    assert found.budget is not None
    today = {row["group"]: row for row in _rows(found.groups)}
    head = ["", "promised", "today's targets", "the budget", "on the shelf today", "with the budget", "stock"]
    rows = [
        [
            _name(row),
            _promised(found, row),
            _achieved(found, today[row["group"]]),
            _achieved(found, row),
            _shelf(today[row["group"]]),
            _shelf(row),
            words.money(row["stock_money"], found.currency),
        ]
        for row in _rows(budgeted)
    ]
    now, then = today[""], budgeted.iloc[-1]
    budget, of_today = (words.money(amount, found.currency) for amount in (found.budget, now["stock_money"]))
    return [
        f"The best service for {budget} of stock at depots and repair points, hubs as they stand; today's targets keep "
        f"{of_today} there:",
        *_table(head, rows, left=4),
        f"On an average day {words.number(then['devices_waiting'])} instead of {words.number(now['devices_waiting'])} "
        f"devices wait; keeping the stock costs {words.money(then['kept_cost_a_year'], found.currency)} instead of "
        f"{words.money(now['kept_cost_a_year'], found.currency)} a year.",
    ]


def _purchases(found: StockStudy, purchases: pd.DataFrame) -> list[str]:
    assert found.buy is not None
    money = words.money(found.buy, found.currency)
    if purchases.empty:
        return [f"For {money} nothing more is worth buying: what is on hand or on its way is enough."]
    each = purchases.groupby(["part", "name", "site", "at_hub"], as_index=False).agg(
        units=("units", "sum"), money=("money", "sum"), fewer=("devices_fewer", "sum"), saved=("saved_a_year", "sum")
    )
    each = each.sort_values(["saved", "part", "site"], ascending=[False, True, True])
    shown = each.head(MOST_PURCHASES)
    head = ["part", "", "for", "pieces", "money", "devices waiting less", "saves a year", "at the hub"]
    rows = [
        [
            row["part"],
            words.shortened(row["name"], 30),
            row["site"],
            words.number(row["units"]),
            words.money(row["money"], found.currency),
            words.number(row["fewer"]),
            words.money(row["saved"], found.currency),
            words.number(row["at_hub"]),
        ]
        for row in _rows(shown)
    ]
    left = len(each) - len(shown)
    return [
        f"What to buy next for {money}, from what is on hand and on its way today, what saves most first:",
        *_table(head, rows, left=3),
        *([f"and {words.count(left, 'more part and depot', 'more parts and depots')}."] if left else []),
        f"In all {words.pieces(int(each['units'].sum()))} for {words.money(each['money'].sum(), found.currency)} would "
        f"save {words.money(each['saved'].sum(), found.currency)} of waiting a year, "
        f"{words.number(each['fewer'].sum())} devices waiting less on an average day.",
        *_worth(found, purchases),
    ]


def _worth(found: StockStudy, purchases: pd.DataFrame) -> list[str]:
    """How much of the money saves more than it costs to keep what it buys, and what the list does not know."""
    pays = purchases["saved_a_year"] > purchases["kept_a_year"]
    money = words.money(purchases.loc[pays, "money"].sum(), found.currency)
    worth = "All of it" if pays.all() else f"{money} of it" if pays.any() else "None of it"
    hub = " What is at the hub already need only be sent." if (purchases["at_hub"] > 0).any() else ""
    return [f"{worth} saves more waiting than keeping it costs. Suppliers' minimum orders are not counted.{hub}"]


def _groups_sheet(found: StockStudy, name: str, groups: pd.DataFrame) -> Sheet:
    frame = groups.assign(
        promised=[_promised(found, row) for row in _rows(groups)],
        achieved=[_achieved(found, row) for row in _rows(groups)],
        group=[_name(row) for row in _rows(groups)],
        price=groups.get("price", pd.Series(dtype=float)) / DAYS_PER_WEEK,
    ).reindex(columns=[*groups.columns, "promised"])
    money = found.currency
    columns = (
        Column("group", "Service group", width=24),
        Column("promised", "Promised", width=26),
        Column("achieved", "In the long run, stock in place", width=26),
        Column("fill_rate", "Repairs that find their part", "share"),
        Column("mean_wait_days", "Average wait, days", "number"),
        Column("devices_waiting", "Devices waiting on an average day", "number", 14),
        Column("demand", "Pieces asked a year", "number"),
        Column("stock_money", f"Stock at depots and points, {money}", "money", 16),
        Column("kept_cost_a_year", f"Keeping it, {money} a year", "money"),
        Column("waiting_cost_a_year", f"Waiting, {money} a year", "money"),
        Column("price", f"A day of waiting, {money}", "money"),
    )
    return _sheet(name, columns, frame, "No demand is expected.")


def _frontier_sheet(found: StockStudy) -> Sheet:
    frame = found.frontier.assign(
        group=[_name(row) for row in _rows(found.frontier)],
        now=["now" if row["planned"] else "" for row in _rows(found.frontier)],
    )
    money = found.currency
    columns = (
        Column("group", "Service group", width=24),
        Column("stock_money", f"Stock at depots and points, {money}", "money", 16),
        Column("fill_rate", "Repairs that find their part", "share"),
        Column("mean_wait_days", "Average wait, days", "number"),
        Column("kept_cost_a_year", f"Keeping it, {money} a year", "money"),
        Column("now", "Today's targets", width=10),
    )
    return _sheet("Money against service", columns, frame, "No demand is expected.")


def _purchases_sheet(found: StockStudy, purchases: pd.DataFrame) -> Sheet:
    money = found.currency
    columns = (
        Column("part", "Part", width=16),
        Column("name", "Name", width=28),
        Column("site", "For depot"),
        Column("units", "Pieces", "count"),
        Column("money", f"Value, {money}", "money"),
        Column("cumulative_money", f"Value so far, {money}", "money"),
        Column("devices_fewer", "Devices waiting less on an average day", "number", 14),
        Column("saved_a_year", f"Saves, {money} a year", "money"),
        Column("kept_a_year", f"Keeping it, {money} a year", "money"),
        Column("at_hub", "At the hub already, pieces", "count"),
    )
    return _sheet("Buy next", columns, purchases, "Nothing more is worth buying.")


def _sheet(name: str, columns: tuple[Column, ...], frame: pd.DataFrame, nothing: str) -> Sheet:
    return Sheet(name, columns, frame.reindex(columns=[one.name for one in columns]), "" if len(frame) else nothing)


def _promised(found: StockStudy, row: Row) -> str:
    """The group's target, as short as a table wants it."""
    return "" if row["group"] == "" else _short(found.targets[row["group"]], found.currency)


def _short(target: ServiceTarget, currency: str) -> str:
    match target:
        case FillRate(share):
            return f"{words.percent(share)} on the shelf"
        case MeanWait(days):
            return f"{words.number(days)} days' wait"
        case WithinDays(days, share):
            return f"{words.percent(share)} within {words.number(days)} days"
        case BackorderCost(per_day):
            return f"{words.money(per_day, currency)} a day waiting"


def _achieved(found: StockStudy, row: Row) -> str:
    """What the group gets in the measure of its target, and whether that is enough."""
    if row["group"] == "" or row["met"] is None:
        return ""
    wait = isinstance(found.targets[row["group"]], MeanWait)
    said = f"{words.number(row['achieved'])} days" if wait else words.percent(row["achieved"])
    return f"{said}, {'kept' if row['met'] else 'below'}"


def _name(row: Row) -> str:
    return words.shortened(str(row["group"]), 30) if row["group"] else ALL


def _shelf(row: "Row | pd.Series[Any]") -> str:
    return words.percent(row["fill_rate"])


def _devices(waiting: float) -> str:
    return f"{words.number(waiting)} devices wait on an average day"


def _table(head: list[str], rows: list[list[str]], left: int = 0) -> list[str]:
    """Columns under their heads, the first `left` of them aligned left; heads break into lines of a word or two."""
    broken = [_broken(text, max((len(row[n]) for row in rows), default=0)) for n, text in enumerate(head)]
    height = max(map(len, broken))
    heads = [[([""] * (height - len(text)) + text)[line] for text in broken] for line in range(height)]
    width = [max(len(row[n]) for row in [*heads, *rows]) for n in range(len(head))]
    lines = [zip(row, width, strict=True) for row in [*heads, *rows]]
    cells = [[text.ljust(w) if n < left else text.rjust(w) for n, (text, w) in enumerate(line)] for line in lines]
    return ["  ".join(["", *line]).rstrip() for line in cells]


def _broken(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` characters, or of one word where that is longer."""
    told: list[str] = [""]
    for word in text.split(" "):
        if told[-1] and len(told[-1]) + 1 + len(word) > max(width, 8):
            told.append(word)
        else:
            told[-1] = f"{told[-1]} {word}".strip()
    return told


def _rows(frame: pd.DataFrame) -> list[Row]:
    return frame.to_dict("records")
