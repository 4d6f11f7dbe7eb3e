"""plan.xlsx: Today, Orders, Consignments, Transfers, Stock up to, Exceptions, Changes; what matters comes first."""

import pandas as pd

from domain.network import Network
from domain.plan import Plan
from reports import words
from reports.changes import COLUMNS as CHANGE_COLUMNS
from reports.summary import Summary, cost_lines
from reports.tables import (
    consignments,
    good_stock,
    named,
    plan_frames,
    shipment_lines,
    until_week,
)
from reports.workbook import Column, Figure, Line, Page, Sheet, workbook

MOST_ROWS = 20_000
"""Rows of a sheet: more than a person reads, and few enough that the largest plan is written in seconds."""
MOST_CONSIGNMENTS = 100
NEAR_WEEKS = 8
"""Weeks of shipments and purchases told line by line when those of all weeks are more than MOST_ROWS."""

_PART = (Column("part", "Part", width=16), Column("name", "Name", width=28))
_HIDDEN = (Column("key", "key", hidden=True), Column("version", "version", hidden=True))
_REASON = Column("reason", "Why", width=90)


def plan_xlsx(brief: Summary, network: Network, plan: Plan) -> bytes:
    """The workbook; `brief` is the plan's summary. Same input, same bytes.

    Hidden columns `key` and `version` (snapshot of the data) identify every row when a sheet comes back.
    """
    frames = plan_frames(plan)
    tables = (
        _orders(network, frames["purchase_orders"]),
        _consignments(network, frames["shipments"]),
        _transfers(network, frames["allocations"]),
        _stock_up_to(network, frames["targets"]),
        _exceptions(network, frames["exceptions"]),
        _changes(network, brief.changes),
    )
    return workbook([_today(brief, network, frames["shipments"], tables), *tables], network.settings.as_of)


def _today(brief: Summary, network: Network, shipments: pd.DataFrame, tables: tuple[Sheet, ...]) -> Page:
    """The first sheet: what to do, what leaves, what is promised, what it costs, what the other sheets hold."""
    soon = consignments(shipment_lines(network, until_week(network, shipments, "departs", 2)))
    leaving: list[Line] = [
        (
            f"{words.day(row['departs'], brief.as_of)}: {row['lane']}",
            Figure(row["pieces"], "count"),
            Figure(row["kg"], "number"),
            Figure(row["cost"], "money"),
        )
        for row in soon.head(MOST_CONSIGNMENTS).to_dict("records")
    ]
    if len(soon) > len(leaving):
        leaving.append((f"And {len(soon) - len(leaving):,} more, see sheet Consignments.",))
    verdict = {None: "", True: "kept", False: "below"}
    service: list[Line] = [
        (f"{group.group}: {group.target}", Figure(group.promised, "share"), verdict[group.met])
        for group in brief.service
    ]
    money: list[Line] = [(said, Figure(amount, "money")) for _, said, amount in cost_lines(brief.cost)]
    blocks: tuple[list[Line], ...] = (
        [("What to do today", "", "", ""), *((line,) for line in brief.today)],
        [
            ("Consignments of the next two weeks", "Pieces", "kg", f"Cost, {brief.currency}"),
            *(leaving or [("No consignment leaves.",)]),
        ],
        [
            (f"Repairs that find their part on the shelf, next {brief.horizon_weeks} weeks", "Promised", "", ""),
            *(service or [("No demand is expected.",)]),
        ],
        [
            (f"Money, next {brief.horizon_weeks} weeks", brief.currency, "", ""),
            *money,
            ("Total", Figure(brief.cost.total, "money")),
        ],
        [("How sure are we", "", "", ""), *((line,) for line in brief.certainty)],
        [
            ("In this file", "Rows", "", ""),
            *((f"{table.name}: {table.note}".rstrip(": "), Figure(len(table.frame), "count")) for table in tables),
        ],
        [
            ("Where the numbers come from", "", "", ""),
            (f"Data as of {brief.as_of.isoformat()}, planned by Zapas {brief.version}.",),
            (f"Snapshot {brief.snapshot or 'without a name'}.",),
            *((line,) for line in brief.assumptions),
        ],
    )
    return Page("Today", blocks, (64, 14, 12, 14))


def _orders(network: Network, purchase_orders: pd.DataFrame) -> Sheet:
    frame, note = _near(network, purchase_orders, "order_on", "purchase_orders.parquet", "Nothing to order.")
    frame = named(network, frame).assign(key=frame["order"] + " " + frame["part"])
    frame = frame.assign(supplier=frame["supplier"].replace("", "the market"))
    frame = frame.sort_values(["order_on", "value", "key"], ascending=[True, False, True])
    columns = (
        Column("order_on", "Order on", "date"),
        Column("supplier", "Supplier"),
        *_PART,
        Column("quantity", "Quantity, pieces", "count"),
        Column("value", f"Value, {network.settings.currency}", "money"),
        Column("expected", "At the hub on", "date"),
        Column("order", "Order", width=22),
        _REASON,
    )
    return _sheet("Orders", columns, frame, note, network)


def _consignments(network: Network, shipments: pd.DataFrame) -> Sheet:
    frame, note = _near(network, shipments, "departs", "shipments.parquet", "Nothing leaves the hub.")
    lines = shipment_lines(network, frame)
    lines = lines.assign(name=lines["name"].fillna(""), key=lines["shipment"] + " " + lines["part"])
    lines = lines.sort_values(["departs", "lane", "value", "key"], ascending=[True, True, False, True])
    columns = (
        Column("departs", "Leaves", "date"),
        Column("arrives", "Arrives", "date"),
        Column("lane", "Lane", width=20),
        Column("mode", "By", width=9),
        Column("origin", "From"),
        Column("destination", "To"),
        *_PART,
        Column("quantity", "Quantity, pieces", "count"),
        Column("kg", "Weight, kg", "number"),
        Column("m3", "Volume, m³", "number"),
        Column("cost", f"Freight, duty, handling, {network.settings.currency}", "money"),
        Column("consignment", "Consignment", width=28),
        _REASON,
    )
    return _sheet("Consignments", columns, lines, note, network)


def _transfers(network: Network, allocations: pd.DataFrame) -> Sheet:
    frame = named(network, allocations).assign(_shelf=allocations["for_repair_order"] == "")
    way = frame["from_site"] + " " + frame["to_site"]
    frame = frame.assign(key=frame["part"] + " " + way + " " + frame["for_repair_order"])
    frame = frame.sort_values(["_shelf", "ships_on", "from_site", "to_site", "key"])
    columns = (
        Column("ships_on", "Leaves", "date"),
        Column("arrives_on", "Arrives", "date"),
        Column("from_site", "From"),
        Column("to_site", "To"),
        *_PART,
        Column("quantity", "Quantity, pieces", "count"),
        Column("for_repair_order", "For repair"),
        _REASON,
    )
    note = "" if len(frame) else "Nothing to move between sites today."
    return _sheet("Transfers", columns, frame, note or _left_out(len(frame), "allocations.parquet"), network)


def _stock_up_to(network: Network, targets: pd.DataFrame) -> Sheet:
    """Where most money is missing comes first."""
    at = ["part", "site"]
    under_way = network.inbound.rename(columns={"destination": "site"}).groupby(at)["quantity"].sum()
    frame = targets.join(good_stock(network).set_index(at)["on_hand"], on=at).join(under_way.rename("under_way"), on=at)
    frame = frame.fillna({"on_hand": 0, "under_way": 0}).astype({"on_hand": "int64", "under_way": "int64"})
    missing = (frame["base_stock"] - frame["on_hand"] - frame["under_way"]).clip(lower=0)
    price = frame["part"].map(network.parts.set_index("part")["unit_cost"])
    frame = frame.assign(missing=missing, money=missing * price)
    frame = frame.sort_values(["money", "part", "site", "group"], ascending=[False, True, True, True])
    note = "" if len(frame) else "No part has demand."
    note = note or _left_out(len(frame), "targets.parquet")
    frame = named(network, frame.head(MOST_ROWS))
    frame = frame.assign(key=frame["part"] + " " + frame["site"] + " " + frame["group"])
    frame = frame.assign(group=frame["group"].replace("", "(behind the points)"))
    currency = network.settings.currency
    columns = (
        *_PART,
        Column("site", "Site"),
        Column("group", "Service group", width=22),
        Column("base_stock", "Stock up to, pieces", "count"),
        Column("on_hand", "On the shelf, pieces", "count"),
        Column("under_way", "Under way here, pieces", "count"),
        Column("missing", "Missing, pieces", "count"),
        Column("money", f"Missing, {currency}", "money"),
        Column("fill_rate", "Repairs that find their part, stock in place", "share", 16),
        Column("promised", "The same, coming weeks", "share", 14),
        Column("expected_backorders", "Devices waiting on an average day", "number", 14),
        Column("mean_wait_days", "Average wait, days", "number"),
        Column("value_of_next_unit", f"One more saves, {currency} a year", "money"),
    )
    return _sheet("Stock up to", columns, frame, note, network)


def _exceptions(network: Network, exceptions: pd.DataFrame) -> Sheet:
    frame = named(network, exceptions).assign(kind=[words.kind(kind) for kind in exceptions["kind"]])
    frame = frame.assign(key=exceptions["kind"] + " " + frame["part"] + " " + frame["site"])
    columns = (
        Column("money_at_risk", f"At risk, {network.settings.currency}", "money"),
        Column("kind", "Kind", width=18),
        *_PART,
        Column("site", "Site"),
        Column("says", "What", width=90),
    )
    note = "" if len(frame) else "Nothing needs a person's look."
    return _sheet("Exceptions", columns, frame, note or _left_out(len(frame), "exceptions.parquet"), network)


def _changes(network: Network, changes: pd.DataFrame | None) -> Sheet:
    currency = network.settings.currency
    columns = (
        Column("what", "What", width=16),
        Column("change", "Change", width=10),
        *_PART,
        Column("where_before", "Where before", width=18),
        Column("where_now", "Where now", width=18),
        Column("date_before", "Date before", "date"),
        Column("date_now", "Date now", "date"),
        Column("quantity_before", "Before, pieces", "count"),
        Column("quantity_now", "Now, pieces", "count"),
        Column("money", f"Now less before, {currency}", "money"),
        _REASON,
    )
    if changes is None:
        nothing = pd.DataFrame(columns=[*CHANGE_COLUMNS, "key"], dtype=object)
        return _sheet("Changes", columns, nothing, "There is no earlier plan to compare with.", network)
    place = changes["where_now"].where(changes["where_now"] != "", changes["where_before"])
    frame = changes.assign(key=changes["what"] + " " + changes["part"] + " " + place)
    note = "" if len(frame) else "Nothing has changed."
    return _sheet("Changes", columns, frame, note or _left_out(len(frame), "the plans' Parquet files"), network)


def _near(network: Network, lines: pd.DataFrame, date: str, file: str, nothing: str) -> tuple[pd.DataFrame, str]:
    """The lines of weeks 1..T, of NEAR_WEEKS when they are too many; and what must be said about the rest."""
    horizon = network.settings.horizon_weeks
    every = until_week(network, lines, date, horizon)
    if every.empty:
        return every, nothing
    if len(every) <= MOST_ROWS:
        return every, f"Weeks 1 to {horizon}."
    near = until_week(network, every, date, NEAR_WEEKS).sort_values(date, kind="stable").head(MOST_ROWS)
    left = words.count(len(every) - len(near), "line")
    return near, f"Weeks 1 to {NEAR_WEEKS} of {horizon}: {left} left out here, they are in {file}."


def _left_out(rows: int, file: str) -> str:
    left = rows - MOST_ROWS
    return f"The first {MOST_ROWS:,} rows: {words.count(left, 'row')} left out here, in {file}." if left > 0 else ""


def _sheet(name: str, columns: tuple[Column, ...], frame: pd.DataFrame, note: str, network: Network) -> Sheet:
    shown = frame.head(MOST_ROWS).assign(version=network.snapshot)
    return Sheet(name, (*columns, *_HIDDEN), shown, note)
