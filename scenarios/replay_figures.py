"""What a replay says: the company's own past and ours side by side, as JSON and in words."""

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, first_week
from domain.logistics import supply_lanes
from domain.network import Network
from domain.service import group_of, service_targets
from simulation.referee.board import SHIP
from simulation.referee.company import KNOWN_KINDS, Books, Opening, company_cost, place_of, stock_value
from simulation.referee.money import costs, prices_of
from simulation.referee.position import with_position
from simulation.referee.replay import Orders, Past, Replay
from simulation.referee.verdict import Tally, tally_service, tally_stock, verdict

Figures = dict[str, Any]

_KINDS_SAY = {
    "purchase": "purchases",
    "freight": "freight",
    "consignment": "consignment charges",
    "duty": "duty",
    "order_line": "order lines",
    "holding": "capital in stock",
    "end": "stock used up",
}


def replay_json(network: Network, past: Past, books: Books, before: Opening, orders: Orders, found: Replay) -> Figures:
    """Everything `zapas replay --json` prints but how often was planned; what is not known is null. One history has no
    interval."""
    first = first_week(past.eve.settings.as_of)
    return {
        "from": first.isoformat(),
        "until": (first + timedelta(days=DAYS_PER_WEEK * past.weeks - 1)).isoformat(),
        "weeks": past.weeks,
        "currency": network.settings.currency,
        "repairs": int(_repairs(past).nunique()),
        "asked": int(past.demand["quantity"].sum()),
        "ours": _ours(network, past, orders, found),
        "company": _company(network, past, books, before),
        "stock_value_start": _value(network, before.stock),
        "intervals": None,
        "says": _says(network, past, books, before),
    }


def _ours(network: Network, past: Past, orders: Orders, found: Replay) -> Figures:
    played, tally, case = found.played, Tally(), found.case
    tally_service(tally, case, found.demands, played.at_once, played.local, played.last)
    tally_stock(tally, case, played)
    tally.add(**costs(case, prices_of(case), found.demands, played, found.arrives))
    said = verdict(tally, case.rows.groups)
    figures = {name: _known(interval.value) for name, interval in said.figures.items()}
    cost = {kind: _known(interval.value) for kind, interval in said.cost.items()}
    asked = found.demands.asked & (found.demands.time < found.until)
    pieces = found.demands.quantity[asked]
    end = with_position(network, past, found)
    sent = case.orders["kind"].to_numpy() == SHIP
    return {
        "service": {name: interval.value for name, interval in said.service.items()},
        "fill_rate": figures["fill_rate"],
        "served_at_all": _share(pieces.sum() - found.played.left[asked].sum(), pieces.sum()),
        "repairs_without_wait": figures["repairs_without_wait"],
        "days_waiting_for_parts": figures["days_waiting_for_parts"],
        "wait_days_p95": figures["wait_days_p95"],
        "cost": cost,
        "comparable_cost": sum(cost[kind] for kind in KNOWN_KINDS),
        "stock_value_end": _value(network, end.stock),
        "under_way_end": _value(network, end.inbound.rename(columns={"destination": "site", "quantity": "on_hand"})),
        "purchase_orders": len(orders.purchase_orders),
        "pieces_bought": int(orders.purchase_orders["quantity"].sum()),
        "shipments": int((played.moved[sent] > 0).sum()),
        "pieces_shipped": int(played.moved[sent].sum()),
    }


def _company(network: Network, past: Past, books: Books, before: Opening) -> Figures:
    demand, names = past.demand, list(service_targets(network))
    group = np.array(names, dtype=object)[group_of(network, _column(demand, "part"), _column(demand, "site"))]
    by_group = demand.groupby(group)[["used", "quantity"]].sum()
    whole = (demand["used"] == demand["quantity"]).groupby(_repairs(past)).all()
    served = _share(demand["used"].sum(), demand["quantity"].sum())
    eve = pd.Timestamp(past.eve.settings.as_of)
    last = eve + timedelta(days=DAYS_PER_WEEK * past.weeks)
    cost = company_cost(network, books, before, eve, past.weeks) if before.known else None
    bought, sent = (frame[(frame["left"] > eve) & (frame["left"] <= last)] for frame in (books.bought, books.sent))
    return {
        "service": {name: _share(row["used"], row["quantity"]) for name, row in by_group.iterrows()},
        "fill_rate": None,
        "served_at_all": served,
        "repairs_without_wait": None,
        "repairs_served": _share(whole.sum(), len(whole)),
        "days_waiting_for_parts": None,
        "wait_days_p95": None,
        "cost": cost,
        "comparable_cost": None if cost is None else sum(cost[kind] for kind in KNOWN_KINDS),
        "stock_value_end": _company_end(network, books, before, last),
        "purchase_orders": len(bought) if before.known else None,
        "pieces_bought": int(bought["quantity"].sum()) if before.known else None,
        "shipments": len(sent) if before.known else None,
        "pieces_shipped": int(sent["quantity"].sum()) if before.known else None,
    }


def _repairs(past: Past) -> "pd.Series[str]":
    return past.demand["site"] + " " + past.demand["ticket"]


def _column(frame: pd.DataFrame, name: str) -> "np.ndarray[Any, np.dtype[np.object_]]":
    return frame[name].to_numpy(object)


def _known(figure: float) -> float | None:
    """None for what no repair asked for."""
    return figure if np.isfinite(figure) else None


def _share(some: float, whole: float) -> float | None:
    return float(some / whole) if whole else None


def _value(network: Network, lies: pd.DataFrame) -> float:
    """Money in pieces `on_hand`: unit cost at a hub, landed cost elsewhere."""
    value = stock_value(network, supply_lanes(network), lies["part"], lies["site"])
    return float((lies["on_hand"].to_numpy(float) * value).sum())


def _company_end(network: Network, books: Books, before: Opening, last: pd.Timestamp) -> float | None:
    """The company's own stock on the last day: today's where that is today, else by its books."""
    if last >= pd.Timestamp(network.settings.as_of) - timedelta(days=DAYS_PER_WEEK - 1):
        return _value(network, network.stock[network.stock["condition"] == "good"])
    if not before.known:
        return None
    moved = books.movements[books.movements["day"] <= last].rename(columns={"place": "site", "quantity": "on_hand"})
    lies = before.stock.assign(site=before.stock["site"].map(place_of(network)))
    columns = ["part", "site", "on_hand"]
    return _value(network, pd.concat([lies[columns], moved[columns]], ignore_index=True))


def _says(network: Network, past: Past, books: Books, before: Opening) -> list[str]:
    """What had to be assumed, the gravest first."""
    eve = past.eve.settings.as_of
    told = []
    if not before.known:
        told.append(
            f"There are no receipts since {eve}: the stock of that day is not known. It is taken to be today's. What "
            "the company spent is not known; service only can be compared."
        )
    if before.missing:
        told.append(
            f"More arrived since {eve} than usage and today's stock explain: {before.missing:,} pieces below zero are "
            "taken as none in stock."
        )
    if books.uncosted:
        told.append(f"{books.uncosted:,} pieces of the company came by ways that no lane explains; no freight is set.")
    told += [
        "The company's share counts every piece it used, sooner or later; ours served at once only what was there.",
        f"Prices, lanes, suppliers and service groups are today's; models sold after {eve} count as its plan of sales.",
        "Nothing was open on the first day, and no defectives come back repaired; waiting, couriers and repairs of the "
        "company are not known in money.",
    ]
    if network.settings.frozen_weeks:
        told.append("Each plan decides on its own first weeks: frozen_weeks is taken as 0.")
    return told


def lines(found: Figures) -> list[str]:
    """The replay for people: a table of ours and the company's, then what was assumed."""
    ours, own = found["ours"], found["company"]
    money = found["currency"]
    rows: list[tuple[str, str, str]] = [
        ("", "ours", "company"),
        ("pieces served at once", _percent(ours["fill_rate"]), "not known"),
        ("pieces served, at once or later", _percent(ours["served_at_all"]), _percent(own["served_at_all"])),
        ("by group, ours at once, the company's at all:", "", ""),
        *(
            (f"  {name}", _percent(share), _percent(own["service"].get(name)))
            for name, share in ours["service"].items()
        ),
        ("repairs that found all parts", _percent(ours["repairs_without_wait"]), _percent(own["repairs_served"])),
        ("days a repair waited for parts", _days(ours["days_waiting_for_parts"]), "not known"),
        ("  longer in one case of 20 than", _days(ours["wait_days_p95"]), "not known"),
    ]
    theirs = own["cost"] or {}
    rows += [
        (f"{says}, {money}", _money(ours["cost"][kind]), _money(theirs.get(kind))) for kind, says in _KINDS_SAY.items()
    ]
    rows += [
        (f"together, {money}", _money(ours["comparable_cost"]), _money(own["comparable_cost"])),
        (f"couriers, {money}", _money(ours["cost"]["courier"]), _money(None)),
        (f"stock at the end, {money}", _money(ours["stock_value_end"]), _money(own["stock_value_end"])),
        ("purchase orders", _number(ours["purchase_orders"]), _number(own["purchase_orders"])),
        ("lines shipped from the hub", _number(ours["shipments"]), _number(own["shipments"])),
        ("pieces shipped", _number(ours["pieces_shipped"]), _number(own["pieces_shipped"])),
    ]
    width = max(len(row[0]) for row in rows)
    head = (
        f"{found['from']} to {found['until']}, {found['weeks']} weeks, planned {found['plans']} times: "
        f"{found['repairs']:,} repairs asked for {found['asked']:,} pieces. "
        f"Stock at the beginning: {_money(found['stock_value_start'])} {money}."
    )
    table = [f"{name:{width}}  {mine:>14}  {other:>14}" for name, mine, other in rows]
    return [head, "", *table, "", *found["says"], "One history has no interval: another year would differ."]


def _percent(share: float | None) -> str:
    return "not known" if share is None else f"{share:.1%}"


def _days(days: float | None) -> str:
    return "not known" if days is None else f"{days:.1f}"


def _money(amount: float | None) -> str:
    return "not known" if amount is None else f"{amount:,.0f}"


def _number(count: int | None) -> str:
    return "not known" if count is None else f"{count:,}"
