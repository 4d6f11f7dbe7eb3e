"""What the service reads, each function inside one reading transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, or_, select

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
    run = tables.plan_run
    query = select(run.c.id, run.c.snapshot, run.c.as_of, run.c.currency).order_by(run.c.id.desc()).limit(1)
    row = connection.execute(query).first()
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
    return connection.execute(select(tables.site.c.site).where(tables.site.c.site == site)).first() is not None


def has_part(connection: Connection, part: str) -> bool:
    """Whether the network has the part."""
    return connection.execute(select(tables.part.c.part).where(tables.part.c.part == part)).first() is not None


def promising_facts(connection: Connection, run: PlanRun, part: str, site: str) -> Facts:
    """Everything promising must know to answer for one part at one site: its chain, their supply and commitments."""
    chain = _chain(connection, part, run.as_of)

    def rows(table: Table, *columns: str) -> list[tuple[Any, ...]]:
        query = select(*(table.c[name] for name in columns)).where(table.c.part.in_(chain))
        return [tuple(row) for row in connection.execute(query.order_by(*table.primary_key))]

    sites = {row.site: Site(*row) for row in connection.execute(_SITES)}
    parts = {row[0]: Part(*row) for row in rows(tables.part, *_PART)}
    return Facts(
        as_of=run.as_of,
        parts=tuple(parts[name] for name in chain),
        sites=sites,
        lanes=_lanes(connection, site, sites),
        duties=tuple(Duty(*row) for row in connection.execute(_DUTIES)),
        stock=tuple(Stock(*row) for row in rows(tables.stock, "part", "site", "condition", "on_hand", "expires")),
        inbound=tuple(
            Inbound(*row)
            for row in rows(tables.inbound, "order", "part", "site", "quantity", "expected", "status", "sd_days")
        ),
        shipments=tuple(Shipment(*row) for row in rows(tables.shipment, *_SHIPMENT)),
        purchases=tuple(
            Purchase(*row)
            for row in rows(tables.purchase_order, "order", "part", "site", "quantity", "expected", "sd_days")
        ),
        allocations=tuple(Allocated(*row) for row in rows(tables.allocation, *_ALLOCATION)),
        repair_orders=tuple(
            RepairOrder(*row)
            for row in rows(tables.repair_order, "repair_order", "part", "site", "quantity", "due", "priority")
        ),
    )


_SITES = select(tables.site.c.site, tables.site.c.kind, tables.site.c.country, tables.site.c.depot)
_DUTIES = select(
    *(tables.duty.c[name] for name in ("country", "hs_prefix", "origin_country", "duty_rate", "vat_rate"))
).order_by(tables.duty.c.line)
_PART = ("part", "unit_cost", "weight_kg", "volume_l", "dangerous_goods", "hs_code", "hub", "supplier")
_SHIPMENT = ("shipment", "part", "origin", "site", "quantity", "departs", "arrives", "sd_days")
_ALLOCATION = ("part", "from_site", "to_site", "quantity", "for_repair_order", "ships_on", "arrives_on")


def _chain(connection: Connection, part: str, as_of: date) -> tuple[str, ...]:
    """The interchangeability chain, following substitutes of substitutes until nothing new turns up."""
    table, found = tables.substitute, set[Substitute]()
    chain: tuple[str, ...] = (part,)
    asked: set[str] = set()
    while new := set(chain) - asked:
        query = select(table.c.part, table.c.substitute, table.c.two_way, table.c.since)
        rows = connection.execute(query.where(or_(table.c.part.in_(new), table.c.substitute.in_(new))))
        found |= {Substitute(*row) for row in rows}
        asked |= new
        chain = interchangeability_chain(part, found, as_of)
    return chain


def _lanes(connection: Connection, site: str, sites: dict[str, Site]) -> tuple[Lane, ...]:
    """Lanes that end at the site or at its depot."""
    table = tables.lane
    ends = {site, sites[site].depot or site}
    rows = connection.execute(select(table).where(table.c.destination.in_(ends)).order_by(table.c.lane)).mappings()
    return tuple(Lane(**{**row, "departures": departure_weekdays(row["departures"])}) for row in rows)
