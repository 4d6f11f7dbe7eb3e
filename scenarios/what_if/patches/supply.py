"""Patches of supply: a supplier late or shut, a part recalled, owners who pool their stock."""

import numpy as np

from scenarios.what_if.patches.change import Change, Delay, Write, rows_where, written
from scenarios.what_if.patches.choose import ALL, PARTS, PERIOD, events, ids, named, parts_of, period
from scenarios.what_if.patches.kind import Argument, Kind, Request, Unfit

_NOT_LEFT = ("ordered", "confirmed")


def _late(request: Request) -> list[Change]:
    network, sellers, days = request.network, _suppliers(request), request.number("days")
    rows = rows_where(network.suppliers["supplier"].isin(sellers))
    longer = network.suppliers["lead_time_days"].to_numpy(float)[rows] + days
    supplier = network.inbound["part"].map(network.parts.set_index("part")["supplier"])
    bought = (network.inbound["origin"] == "") & (network.inbound["lane"] == "")
    waiting = bought & supplier.isin(sellers) & network.inbound["status"].isin(_NOT_LEFT)
    return [Write("suppliers", "lead_time_days", rows, longer), Delay(rows_where(waiting), days)]


def _shut(request: Request) -> list[Change]:
    return [events("shutdown", [f"supplier:{name}" for name in _suppliers(request)], period(request))]


def _suppliers(request: Request) -> list[str]:
    every = ids(request.network, "supplier")
    if not every:
        raise Unfit("supplier", "this network has no suppliers: its origins never run out")
    return every if request.text("supplier") == ALL else [named(request, "supplier", "supplier")]


def _recalled(request: Request) -> list[Change]:
    stock = request.network.stock
    rows = rows_where(stock["part"].isin(parts_of(request)) & (stock["condition"] == "good"))
    if not len(rows):
        raise Unfit("", "none of these parts is in stock")
    return [written("stock", "condition", rows, "quarantine")]


def _pooled(request: Request) -> list[Change]:
    network = request.network
    if not ((network.sites["owner"] != "").any() or (network.stock["owner"] != "").any()):
        raise Unfit("", "no site and no stock has an owner: one company holds it all already")
    owner = request.text("owner")
    return [written(table, "owner", np.arange(len(getattr(network, table))), owner) for table in ("sites", "stock")]


_SUPPLIER = Argument("supplier", "the supplier, largest or all", of="supplier", required=True)

KINDS = (
    Kind(
        "supplier_late",
        "A supplier that takes more days; orders it has not sent yet come later too.",
        (_SUPPLIER, Argument("days", "how many days longer", "number", "days", required=True, above=0, most=365)),
        "{supplier: largest, days: 14}",
        _late,
    ),
    Kind(
        "supplier_shut",
        "A supplier that takes no orders and delivers nothing for a time.",
        (_SUPPLIER, *PERIOD),
        "{supplier: largest, from_week: 2, weeks: 6}",
        _shut,
    ),
    Kind(
        "part_recalled",
        "Good stock of the parts that fit every condition goes into quarantine, wherever it lies.",
        PARTS,
        "{part_class: battery, supplier: largest}",
        _recalled,
        some_of=tuple(one.name for one in PARTS),
    ),
    Kind(
        "pooling",
        "All sites and stock become one owner's, so that everybody may use them.",
        (Argument("owner", "the one owner, none if not given"),),
        "{}",
        _pooled,
    ),
)
