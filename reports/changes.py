"""What changed between two plans: order lines added, removed, moved, of another quantity; with money and reasons."""

from datetime import date
from typing import Any

import pandas as pd

from domain.calendar import first_week
from domain.network import Network
from reports import words
from reports.tables import DEMAND_WEEKS, Frames, named, week_end
from reports.target_changes import moved_targets, target_reasons

ORDER, SHIPMENT, TARGET = "purchase order", "shipment", "stock up to"
CHANGES = ("added", "removed", "moved", "changed")
COLUMNS = (
    "what", "change", "part", "name", "where_before", "where_now", "date_before", "date_now", "quantity_before",
    "quantity_now", "money", "reason",
)  # fmt: skip
_LINE = ["what", "part", "place", "where", "date", "quantity", "money", "reason"]


def diff(network: Network, old: Frames, new: Frames) -> pd.DataFrame:
    """What differs in weeks 1..T of the new plan, the most money first.

    `network` is that of the new plan; lines of the old plan before its week 1 have been placed and do not count.
    Columns COLUMNS: `what` is purchase order, shipment or stock up to; `change` one of CHANGES; `where` supplier, lane
    or site; quantities in pieces, 0 where there is no line; `money` now less before, in the network's currency
    (purchase value, cost of the shipment, purchase price of the stock). Lines are compared by part, where and day, not
    by number; those left over of one part and supplier or depot are paired in order of date and count as moved. Frames
    that hold a `forecast` and a `waiting_price` lend them to the reasons.
    """
    targets = moved_targets(old["targets"], new["targets"])
    before, now = (
        _lines(network, {**frames, "targets": rows}) for frames, rows in zip((old, new), targets, strict=True)
    )
    key = ["what", "part", "place", "where", "date"]
    both = before.merge(now, on=key, how="outer", suffixes=("_before", "_now"), indicator=True)
    same = both[both["_merge"] == "both"]
    same = same[same["quantity_before"] != same["quantity_now"]]
    same = same.assign(date_before=same["date"], date_now=same["date"], change="changed")
    same = same.assign(where_before=same["where"], where_now=same["where"])
    moved = _paired(_side(both, "left_only", "before"), _side(both, "right_only", "now"))
    found = pd.concat([frame for frame in (same, moved) if len(frame)] or [same], ignore_index=True)
    return _finished(network, found, _causes(old, new), target_reasons(network, old, new))


def totals(changes: pd.DataFrame) -> pd.DataFrame:
    """Lines and money by `what` and `change`, in the order of a sentence; only what occurs."""
    order = {word: place for place, word in enumerate((ORDER, SHIPMENT, TARGET, *CHANGES))}
    grouped = changes.groupby(["what", "change"], as_index=False).agg(lines=("part", "size"), money=("money", "sum"))
    return grouped.sort_values(["what", "change"], key=lambda words: words.map(order), ignore_index=True)


def sentences(changes: pd.DataFrame, currency: str, near: date, most: int = 20) -> list[str]:
    """The first `most` changes in words, and how many are left out; dates of another year than `near` show theirs."""
    if changes.empty:
        return ["Nothing has changed."]
    lines = [_sentence(row, currency, near) for row in changes.head(most).to_dict("records")]
    left = len(changes) - len(lines)
    return [*lines, f"And {words.count(left, 'smaller change')}."] if left else lines


def _lines(network: Network, frames: Frames) -> pd.DataFrame:
    """Lines of one plan in one shape, added up over what cannot be told apart: _LINE."""
    destination = network.lanes.set_index("lane")["destination"]
    unit_cost = network.parts.set_index("part")["unit_cost"]
    orders, shipments, targets = frames["purchase_orders"], frames["shipments"], frames["targets"]
    orders = orders.assign(
        what=ORDER, place=orders["supplier"], where=orders["supplier"], date=orders["order_on"], money=orders["value"]
    )
    shipments = shipments.assign(
        what=SHIPMENT,
        place=shipments["lane"].map(destination).fillna(shipments["lane"]),
        where=shipments["lane"],
        date=shipments["departs"],
        money=shipments["cost"],
    )
    targets = targets[targets["base_stock"] > 0]
    targets = targets.assign(
        what=TARGET,
        place=targets["site"],
        where=targets["site"],
        date=pd.Timestamp(network.settings.as_of),
        quantity=targets["base_stock"],
        money=targets["base_stock"] * targets["part"].map(unit_cost),
        reason="",
    )
    start, end = pd.Timestamp(first_week(network.settings.as_of)), week_end(network, network.settings.horizon_weeks)
    dated = [frame[(frame["date"] >= start) & (frame["date"] < end)] for frame in (orders, shipments)]
    every = pd.concat([frame[_LINE] for frame in (*dated, targets) if len(frame)] or [targets[_LINE]])
    grouped = every.groupby(["what", "part", "place", "where", "date"], as_index=False)
    return grouped.agg({"quantity": "sum", "money": "sum", "reason": "first"})


def _side(both: pd.DataFrame, which: str, suffix: str) -> pd.DataFrame:
    """Lines that only one plan has, numbered by date within what they can be paired with."""
    own = {f"{name}_{suffix}": both[f"{name}_{suffix}"] for name in ("quantity", "money", "reason")}
    own |= {f"where_{suffix}": both["where"], f"date_{suffix}": both["date"]}
    side = both[["what", "part", "place"]].assign(**own)[both["_merge"] == which]
    side = side.sort_values(["what", "part", "place", f"date_{suffix}", f"where_{suffix}"])
    return side.assign(number=side.groupby(["what", "part", "place"]).cumcount())


def _paired(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    pairs = before.merge(now, on=["what", "part", "place", "number"], how="outer", indicator=True)
    change = pairs["_merge"].map({"both": "moved", "left_only": "removed", "right_only": "added"}).astype(str)
    return pairs.assign(change=change)


def _finished(
    network: Network, found: pd.DataFrame, causes: "pd.Series[str]", of_targets: pd.DataFrame
) -> pd.DataFrame:
    undated = found["what"] == TARGET
    at_site = found[["part", "place"]].merge(
        of_targets, how="left", left_on=["part", "place"], right_on=["part", "site"]
    )
    cause = found["part"].map(causes).where(~undated, at_site["reason"].set_axis(found.index)).fillna("")
    own = found["reason_now"].fillna("").where(~undated, "").str.rstrip(".")
    glue = pd.Series(
        ["; " if a and b else "" for a, b in zip(own, cause, strict=True)], index=found.index, dtype=object
    )
    found = found.assign(
        money=found["money_now"].fillna(0.0) - found["money_before"].fillna(0.0),
        reason=own + glue + cause,
        **{name: found[name].fillna("") for name in ("where_before", "where_now")},
        **{name: found[name].fillna(0).astype("int64") for name in ("quantity_before", "quantity_now")},
        **{name: found[name].where(~undated) for name in ("date_before", "date_now")},
    )
    found = named(network, found).assign(_size=lambda rows: rows["money"].abs().round(6))
    key = ["_size", "what", "part", "where_now", "where_before", "date_now", "date_before"]
    return found.sort_values(key, ascending=[False] + [True] * 6, ignore_index=True)[list(COLUMNS)]


def _causes(old: Frames, new: Frames) -> "pd.Series[str]":
    """Why a part's lines may have changed, by part: its demand and its stock up to, before and now."""
    demand = pd.DataFrame({"before": _demand(old), "now": _demand(new)})
    stock = pd.DataFrame({"before": _stock_up_to(old), "now": _stock_up_to(new)}).fillna(0.0)
    said: dict[str, list[str]] = {}
    for table, phrase in ((demand, f"demand of {DEMAND_WEEKS} weeks"), (stock, "stock up to")):
        for part, before, now in table.dropna().itertuples(name=None):
            if words.number(before) != words.number(now):
                said.setdefault(part, []).append(f"{phrase} {words.number(before)} → {words.number(now)}")
    return pd.Series({part: ", ".join(phrases) for part, phrases in said.items()}, dtype=object)


def _demand(frames: Frames) -> "pd.Series[float]":
    if "forecast" not in frames:
        return pd.Series(dtype=float)
    forecast = frames["forecast"]
    weeks = sorted(forecast["week"].unique())[:DEMAND_WEEKS]
    return forecast[forecast["week"].isin(weeks)].groupby("part")["mean"].sum()


def _stock_up_to(frames: Frames) -> "pd.Series[float]":
    return frames["targets"].groupby("part")["base_stock"].sum().astype(float)


def _sentence(row: dict[Any, Any], currency: str, near: date) -> str:
    part = f"{row['part']} {words.shortened(row['name'])}".strip()
    cost = words.more_money(row["money"], currency)
    why = f" Why: {row['reason']}." if row["reason"] else ""
    if row["what"] == TARGET:
        site = row["where_now"] or row["where_before"]
        return f"Stock {part} at {site} up to {row['quantity_now']:,}, was {row['quantity_before']:,} ({cost}).{why}"
    now = _line(row, "now", near)
    before = _line(row, "before", near)
    head = f"{words.kind(row['what'])} of {part}"
    match row["change"]:
        case "added":
            return f"{head}: new, {now} ({cost}).{why}"
        case "removed":
            return f"{head}: no longer, {before} ({cost}).{why}"
        case _:
            return f"{head}: {now}, was {before} ({cost}).{why}"


def _line(row: dict[Any, Any], which: str, near: date) -> str:
    quantity, where, when = row[f"quantity_{which}"], row[f"where_{which}"], row[f"date_{which}"]
    by = f" {'from' if row['what'] == ORDER else 'by'} {where}" if where else ""
    return f"{words.pieces(quantity)}{by} on {words.day(when, near)}" if pd.notna(when) else ""
