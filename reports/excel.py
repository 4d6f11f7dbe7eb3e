"""plan.xlsx: a planner's morning, then what buyer, forwarder and depots need; what matters comes first."""

import pandas as pd

from domain.network import Network
from domain.plan import Plan
from reports import words
from reports.changes import COLUMNS as CHANGE_COLUMNS
from reports.procurement import consignment_lines, consignments, order_lines, payments, supplier_orders
from reports.rule_prices import NO_RULE_COSTS, RULES, dearest_rules
from reports.summary import Summary, cost_lines
from reports.tables import (
    good_stock,
    named,
    plan_frames,
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
    frames, horizon = plan_frames(plan), network.settings.horizon_weeks
    orders = supplier_orders(network, until_week(network, frames["purchase_orders"], "order_on", horizon))
    sent = consignments(network, until_week(network, frames["shipments"], "departs", horizon))
    rules = dearest_rules(network, frames["rule_prices"])
    tables = (
        _orders(network, frames["purchase_orders"], orders),
        _consignments(network, sent),
        _packing_list(network, frames["shipments"]),
        _payments(network, orders, sent),
        _rules(network, rules, len(frames["rule_prices"])),
        _transfers(network, frames["allocations"]),
        _stock_up_to(network, frames["targets"]),
        _exceptions(network, frames["exceptions"]),
        _changes(network, brief.changes),
    )
    soon = until_week(network, sent, "departs", 2)
    return workbook([_today(brief, soon, rules, tables), *tables], network.settings.as_of)


def _today(brief: Summary, soon: pd.DataFrame, rules: pd.DataFrame, tables: tuple[Sheet, ...]) -> Page:
    """The first sheet: what to do, what leaves, what is promised, what it costs, what the other sheets hold."""
    leaving: list[Line] = [
        (
            f"{words.day(row['departs'], brief.as_of)}: {row['lane']}",
            Figure(row["pieces"], "count"),
            Figure(row["kg"], "measure"),
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
    dearest: list[Line] = [
        (row["says"], "", "", Figure(row["hundredth"], "money"))
        for row in rules.groupby("rule", sort=False).head(1).to_dict("records")
    ]
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
        [
            ("What the rules cost, and what 1 % more saves", "", "", brief.currency),
            *(dearest or [(NO_RULE_COSTS,)]),
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


def _orders(network: Network, purchase_orders: pd.DataFrame, orders: pd.DataFrame) -> Sheet:
    """A bold row for each supplier, day and currency with its totals in columns of their own, its lines under it."""
    frame, note = _near(network, purchase_orders, "order_on", "purchase_orders.parquet", "Nothing to order.")
    lines = named(network, order_lines(network, frame)).assign(head=False, key=frame["order"] + " " + frame["part"])
    one, currency = ["order_on", "supplier", "currency"], network.settings.currency
    heads = orders.merge(lines[one].drop_duplicates(), on=one)
    heads = heads.rename(columns={"value": "order_value", "amount": "order_amount"}).assign(
        head=True,
        part="",
        name=[f"{words.count(n, 'line')}, {words.pieces(units)}" for n, units in heads[["lines", "units"]].to_numpy()],
        missing=heads["missing"].where(heads["minimum"] > 0),
        reason=[
            _minimum_said(least, short, currency) for least, short in heads[["minimum", "missing"]].to_numpy(float)
        ],
        key=heads["order"],
    )
    lines = lines.merge(heads[[*one, "order_value"]].rename(columns={"order_value": "_size"}), on=one)
    rows = pd.concat([heads.assign(_size=heads["order_value"]), lines], ignore_index=True)
    by = ["order_on", "_size", "supplier", "currency", "head", "value", "key"]
    rows = rows.sort_values(by, ascending=[True, False, True, True, False, False, True])
    columns = (
        Column("order_on", "Order on", "date"),
        Column("supplier", "Supplier"),
        *_PART,
        Column("quantity", "Quantity, pieces", "count"),
        Column("value", f"Value, {currency}", "money"),
        Column("amount", "Value, currency of the order", "money"),
        Column("currency", "Currency of the order", width=11),
        Column("order_value", f"Order in all, {currency}", "money"),
        Column("order_amount", "Order in all, currency of the order", "money"),
        Column("missing", f"Missing to the supplier's minimum, {currency}", "money", 16),
        Column("expected", "At the hub on", "date"),
        Column("order", "Order", width=22),
        _REASON,
    )
    return _sheet("Orders", columns, rows.replace({"supplier": {"": "the market"}}), note, network, heads="head")


def _minimum_said(minimum: float, missing: float, currency: str) -> str:
    if missing > 0:
        return f"{words.money(missing, currency)} missing to the minimum order of {words.money(minimum, currency)}."
    return f"The minimum order of {words.money(minimum, currency)} is reached." if minimum > 0 else ""


def _consignments(network: Network, sent: pd.DataFrame) -> Sheet:
    """A row for each lane and day: what a forwarder must know to quote, book and insure it."""
    currency = network.settings.currency
    columns = (
        Column("departs", "Leaves", "date"),
        Column("arrives", "Arrives", "date"),
        Column("lane", "Lane", width=20),
        Column("mode", "By", width=9),
        Column("origin", "From", width=10),
        Column("destination", "To", width=10),
        Column("number", "Consign-ments", "count"),
        Column("lines", "Lines", "count", 8),
        Column("pieces", "Pieces", "count", 8),
        Column("cartons", "Cartons", "count", 8),
        Column("kg", "Weight, kg", "measure"),
        Column("m3", "Volume, m³", "measure"),
        Column("chargeable_kg", "Charged weight, kg", "measure"),
        Column("dangerous_pieces", "Of these dangerous: pieces", "count", 12),
        Column("dangerous_cartons", "Dangerous: cartons of their own", "count", 12),
        Column("dangerous_kg", "Dangerous: kg", "measure", 11),
        Column("value", f"Value to insure, {currency}", "money"),
        Column("insurance", f"Insurance, {currency}", "money"),
        Column("carriage", f"Carriage, {currency}", "money"),
        Column("shortfall", f"Up to the minimum charge, {currency}", "money"),
        Column("charges", f"Consignment charges, {currency}", "money"),
        Column("duty", f"Duty and tax not recovered, {currency}", "money"),
        Column("cost", f"In all, {currency}", "money"),
    )
    note = f"Weeks 1 to {network.settings.horizon_weeks}." if len(sent) else "Nothing leaves the hub."
    return _sheet("Consignments", columns, sent.assign(key=sent["consignment"]), note, network)


def _packing_list(network: Network, shipments: pd.DataFrame) -> Sheet:
    frame, note = _near(network, shipments, "departs", "shipments.parquet", "Nothing leaves the hub.")
    lines = consignment_lines(network, frame)
    lines = lines.assign(
        name=lines["name"].fillna(""),
        key=lines["shipment"] + " " + lines["part"],
        goods=lines["dangerous_goods"].map({True: "dangerous", False: ""}).astype(object),
    )
    by = ["departs", "lane", "dangerous_goods", "value", "key"]
    lines = lines.sort_values(by, ascending=[True, True, True, False, True])
    columns = (
        Column("departs", "Leaves", "date"),
        Column("arrives", "Arrives", "date"),
        Column("lane", "Lane", width=20),
        Column("mode", "By", width=9),
        Column("origin", "From"),
        Column("destination", "To"),
        *_PART,
        Column("quantity", "Quantity, pieces", "count"),
        Column("kg", "Weight, kg", "measure"),
        Column("m3", "Volume, m³", "measure"),
        Column("goods", "Goods", width=11),
        Column("cost", f"Freight, duty, handling, {network.settings.currency}", "money"),
        Column("consignment", "Consignment", width=28),
        _REASON,
    )
    return _sheet("Packing list", columns, lines, note, network)


def _payments(network: Network, orders: pd.DataFrame, sent: pd.DataFrame) -> Sheet:
    due, currency = payments(network, orders, sent), network.settings.currency
    columns = (
        Column("week", "Week of", "date"),
        Column("currency", "Currency", width=10),
        Column("goods", "Parts, when ordered", "money"),
        Column("freight", "Freight and insurance, when it leaves", "money", 16),
        Column("consignment", "Consignment charges, when it leaves", "money", 16),
        Column("duty", "Duty and tax, when it arrives", "money", 16),
        Column("amount", "In all, in this currency", "money"),
        Column("value", f"The same in {currency}", "money"),
    )
    note = "Nothing has to be paid."
    if len(due):
        each = [words.money(amount, str(name)) for name, amount in due.groupby("currency")["amount"].sum().items()]
        note = (
            f"Of what is ordered and sent in weeks 1 to {network.settings.horizon_weeks}: {words.listed(each, 99)}, "
            f"together {words.money(float(due['value'].sum()), currency)}. Terms of payment are not known: all is paid "
            f"on the day; tax that is recovered is left out."
        )
    key = due["week"].dt.strftime("%Y-%m-%d") + " " + due["currency"]
    return _sheet("Payments", columns, due.assign(key=key), note, network)


def _rules(network: Network, dear: pd.DataFrame, limits: int) -> Sheet:
    currency = network.settings.currency
    columns = (
        Column("says", "In words", width=72),
        Column("hundredth", f"1 % more saves, {currency}", "money"),
        Column("said", "Rule", width=22),
        Column("place", "Lane or depot", width=20),
        Column("start", "From", "date"),
        Column("limit", "Limit", "number", 12),
        Column("used", "Used", "number", 12),
        Column("unit", "Unit", width=8),
    )
    note = NO_RULE_COSTS
    if len(dear):
        note = (
            f"Of {words.count(limits, 'limit')} these hold the plan back in the coming weeks, the dearest "
            f"first. Savings are those of a small change."
        )
    key = dear["rule"] + " " + dear["place"] + " " + dear["start"].dt.strftime("%Y-%m-%d")
    dear = dear.assign(said=dear["rule"].replace(RULES), key=key)
    return _sheet("What the rules cost", columns, dear, note, network)


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


def _sheet(
    name: str, columns: tuple[Column, ...], frame: pd.DataFrame, note: str, network: Network, heads: str = ""
) -> Sheet:
    shown = (frame if heads else frame.head(MOST_ROWS)).assign(version=network.snapshot)
    return Sheet(name, (*columns, *_HIDDEN), shown, note, heads)
