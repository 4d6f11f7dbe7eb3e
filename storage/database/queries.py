"""What the service reads, each function inside one reading transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Table,
    bindparam,
    literal,
    null,
    or_,
    select,
)

from domain.calendar import departure_weekdays
from domain.pegging import (
    Allocated,
    Duty,
    Facts,
    Inbound,
    Lane,
    Part,
    Purchase,
    RepairOrder,
    Shipment,
    Site,
    Stock,
    Substitute,
    interchangeability_chain,
)
from storage.database import tables


@dataclass(frozen=True)
class PlanRun:
    """The plan being served: what every answer rests on."""

    id: int
    snapshot: str
    as_of: date
    currency: str


def published(connection: Connection) -> PlanRun | None:
    """The plan loaded last, None before the first."""
    row = connection.execute(_PUBLISHED).first()
    return PlanRun(*row) if row else None


def page(
    connection: Connection, table: Table, where: dict[str, str], after: int | str | None, limit: int
) -> Sequence[RowMapping]:
    """Rows of `table` in the order of its key, from behind `after`; `where` wants columns equal to values.

    The key "from_site|to_site" wants either column to be equal.
    """
    (key,) = table.primary_key
    query = select(table).order_by(key).limit(limit)
    for names, value in where.items():
        query = query.where(or_(*(table.c[name] == value for name in names.split("|"))))
    if after is not None:
        query = query.where(key > after)
    return connection.execute(query).mappings().all()


def has_site(connection: Connection, site: str) -> bool:
    """Whether the network has the site."""
    return connection.execute(_HAS_SITE, {"site": site}).first() is not None


def has_part(connection: Connection, part: str) -> bool:
    """Whether the network has the part."""
    return connection.execute(_HAS_PART, {"part": part}).first() is not None


def promising_facts(connection: Connection, run: PlanRun, part: str, site: str) -> Facts:
    """Everything promising must know to answer for one part at one site: its chain, their supply and commitments."""
    chain = _chain(connection, part, run.as_of)

    def rows(query: Select[Any]) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in connection.execute(query, {"parts": chain})]

    sites = {row.site: Site(*row) for row in connection.execute(_SITES)}
    parts = {row[0]: Part(*row) for row in rows(_PARTS)}
    return Facts(
        as_of=run.as_of,
        parts=tuple(parts[name] for name in chain),
        sites=sites,
        lanes=_lanes(connection, site, sites),
        duties=tuple(Duty(*row) for row in connection.execute(_DUTIES)),
        stock=tuple(Stock(*row) for row in rows(_STOCK)),
        inbound=tuple(Inbound(*row) for row in rows(_INBOUND)),
        shipments=tuple(Shipment(*row) for row in rows(_SHIPMENTS)),
        purchases=tuple(Purchase(*row) for row in rows(_PURCHASES)),
        allocations=tuple(Allocated(*row) for row in rows(_ALLOCATIONS)),
        repair_orders=tuple(RepairOrder(*row) for row in rows(_REPAIR_ORDERS)),
    )


def _chain(connection: Connection, part: str, as_of: date) -> tuple[str, ...]:
    """The interchangeability chain, following substitutes of substitutes until nothing new turns up."""
    found = set[Substitute]()
    chain: tuple[str, ...] = (part,)
    asked: set[str] = set()
    while new := set(chain) - asked:
        found |= {Substitute(*row) for row in connection.execute(_SUBSTITUTES, {"parts": sorted(new)})}
        asked |= new
        chain = interchangeability_chain(part, found, as_of)
    return chain


def _lanes(connection: Connection, site: str, sites: dict[str, Site]) -> tuple[Lane, ...]:
    """Lanes that end at the site or at its depot."""
    ends = {site, sites[site].depot or site}
    rows = connection.execute(_LANES, {"sites": sorted(ends)}).mappings()
    return tuple(Lane(**{**row, "departures": departure_weekdays(row["departures"])}) for row in rows)


def _select(table: Table, columns: str) -> Select[Any]:
    """Columns in the order of the domain's fields. Statements are built once: building costs more than running."""
    return select(*(table.c[name] for name in columns.split())).order_by(*table.primary_key)


def _of_parts(table: Table, columns: str) -> Select[Any]:
    return _select(table, columns).where(table.c.part.in_(bindparam("parts", expanding=True)))


_PUBLISHED = (
    _select(tables.plan_run, "id snapshot as_of currency").order_by(None).order_by(tables.plan_run.c.id.desc()).limit(1)
)
_HAS_SITE = select(tables.site.c.site).where(tables.site.c.site == bindparam("site"))
_HAS_PART = select(tables.part.c.part).where(tables.part.c.part == bindparam("part"))
_SITES = _select(tables.site, "site kind country depot")
_DUTIES = _select(tables.duty, "country hs_prefix origin_country duty_rate vat_rate")
_LANES = select(tables.lane).where(tables.lane.c.destination.in_(bindparam("sites", expanding=True)))
_SUBSTITUTES = _select(tables.substitute, "part substitute two_way since").where(
    or_(
        tables.substitute.c.part.in_(bindparam("parts", expanding=True)),
        tables.substitute.c.substitute.in_(bindparam("parts", expanding=True)),
    )
)
_PARTS = _of_parts(tables.part, "part unit_cost weight_kg volume_l dangerous_goods hs_code hub supplier")
_STOCK = _of_parts(tables.stock, "part site condition on_hand expires")
_INBOUND = _of_parts(tables.inbound, "order part site quantity expected status sd_days")
_SHIPMENTS = _of_parts(tables.shipment, "shipment part origin site quantity departs arrives sd_days")
_PURCHASES = _of_parts(tables.purchase_order, "order part site quantity expected sd_days")
_ALLOCATIONS = _of_parts(tables.allocation, "part from_site to_site quantity for_repair_order ships_on arrives_on")
_REPAIR_ORDERS = _of_parts(tables.repair_order, "repair_order part site quantity due priority")


def replenishment_orders(
    connection: Connection, where: dict[str, str], after: tuple[str, int] | None, limit: int
) -> list[RowMapping]:
    """Proposed purchases, then shipments, from behind the (kind, line) `after`; columns are the same for both."""
    found: list[RowMapping] = []
    for kind, table, columns in _ORDERS:
        if after is None or after[0] <= kind:
            query = select(literal(kind).label("kind"), table.c.line, *columns).order_by(table.c.line)
            for name, value in where.items():
                query = query.where(table.c[name] == value)
            if after is not None and after[0] == kind:
                query = query.where(table.c.line > after[1])
            found += connection.execute(query.limit(limit - len(found))).mappings()
    return found


def _common(table: Table) -> list[Column[Any]]:
    return [table.c[name] for name in ("part", "quantity", "site", "reason")]


_ORDERS: tuple[tuple[str, Table, list[ColumnElement[Any]]], ...] = (
    (
        "purchase",
        tables.purchase_order,
        [
            *_common(tables.purchase_order),
            tables.purchase_order.c.order,
            tables.purchase_order.c.supplier,
            null().label("lane"),
            tables.purchase_order.c.order_on.label("starts_on"),
            tables.purchase_order.c.expected.label("expected_on"),
            tables.purchase_order.c.value,
        ],
    ),
    (
        "shipment",
        tables.shipment,
        [
            *_common(tables.shipment),
            tables.shipment.c.shipment.label("order"),
            null().label("supplier"),
            tables.shipment.c.lane,
            tables.shipment.c.departs.label("starts_on"),
            tables.shipment.c.arrives.label("expected_on"),
            tables.shipment.c.cost.label("value"),
        ],
    ),
)
