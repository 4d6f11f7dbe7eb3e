"""The read-only routes: each opens one reading transaction and calls the same functions as everything else."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection, Engine, RowMapping, Table

from api.models import (
    Allocation,
    Availability,
    AvailabilityQuery,
    Health,
    Line,
    Page,
    PageQuery,
    Part,
    PartSiteQuery,
    Readiness,
    ReplenishmentOrder,
    Site,
    SitesQuery,
    Stock,
)
from api.paging import Key, decode, encode
from api.problems import Unavailable, Unknown
from domain.promising import PROMISE_LEVEL, Option, promise
from domain.promising import Request as Need
from storage.database import tables
from storage.database.engine import reading
from storage.database.queries import (
    PlanRun,
    has_part,
    has_site,
    page,
    promising_facts,
    published,
    replenishment_orders,
)
from storage.database.schema import is_current

router = APIRouter()


@contextmanager
def _published_plan(request: Request) -> Iterator[tuple[Connection, PlanRun]]:
    """A reading transaction and the plan it sees. Raises Unavailable before the first plan is loaded."""
    engine: Engine = request.app.state.engine
    with reading(engine) as connection:
        run = published(connection)
        if run is None:
            raise Unavailable("no_plan", "No plan has been published yet; load one.")
        yield connection, run


def _grounds(run: PlanRun) -> dict[str, Any]:
    return {"as_of": run.as_of, "plan_run": {"id": run.id, "snapshot": run.snapshot}}


def _known(connection: Connection, part: str | None, site: str | None) -> dict[str, str]:
    """The filter of those that are given. Raises Unknown for a part or site the network does not have."""
    if part is not None and not has_part(connection, part):
        raise Unknown("part", part)
    if site is not None and not has_site(connection, site):
        raise Unknown("site", site)
    return {name: value for name, value in (("part", part), ("site", site)) if value is not None}


@router.get("/healthz", tags=["operations"], summary="Whether the process answers", operation_id="get_health")
def health() -> Health:
    """Answers without looking at the database."""
    return Health(status="ok")


@router.get("/readyz", tags=["operations"], summary="Whether plans can be served", operation_id="get_readiness")
def readiness(request: Request) -> Readiness:
    """Answers 503 until the database is reached, has the schema of this version and a published plan."""
    with _published_plan(request) as (connection, run):
        if not is_current(connection):
            raise Unavailable("other_schema", "The database is not of this version; upgrade it.")
        return Readiness.model_validate({"status": "ready", **_grounds(run)})


@router.get(
    "/v1/availability",
    tags=["repair network"],
    summary="From where a part can be had, when, how surely and at what cost",
    operation_id="get_availability",
)
def availability(request: Request, need: Annotated[AvailabilityQuery, Query()]) -> Availability:
    """Everything committed to earlier needs is left alone; quarantined and defective units never count."""
    with _published_plan(request) as (connection, run):
        _known(connection, need.part, need.site)
        facts = promising_facts(connection, run, need.part, need.site)
    answer = promise(facts, Need(need.site, need.quantity, need.need_by))
    in_time = all(need.need_by is None or line.available_on <= need.need_by for line in answer.lines)
    return Availability.model_validate(
        {
            **_grounds(run),
            **need.model_dump(),
            "currency": run.currency,
            "promise_level": PROMISE_LEVEL,
            "confirmation": answer.confirmation,
            "on_time": answer.confirmation == "full" and in_time,
            "probability": round(answer.probability, 4),
            "lines": [_line(one) for one in answer.lines],
            "options": [_line(one) for one in answer.options],
        }
    )


def _line(option: Option) -> Line:
    return Line(
        site=option.supply.site,
        part=option.part,
        quantity=option.quantity,
        available_at=option.available_on,
        source=option.supply.source,
        probability=round(option.probability, 4),
        cost=round(option.cost, 2),
        lanes=[lane.lane for lane in option.route],
        trail=option.supply.reference,
    )


@router.get("/v1/sites", tags=["network"], summary="Hubs, depots and repair points", operation_id="list_sites")
def sites(request: Request, query: Annotated[SitesQuery, Query()]) -> Page[Site]:
    """In the order of their ids."""
    with _published_plan(request) as (connection, run):
        where: dict[str, str] = {"kind": query.kind} if query.kind else {}
        return Page[Site].model_validate(_page(connection, run, tables.site, where, query))


@router.get("/v1/parts", tags=["network"], summary="Part numbers", operation_id="list_parts")
def parts(request: Request, query: Annotated[PageQuery, Query()]) -> Page[Part]:
    """In the order of their ids."""
    with _published_plan(request) as (connection, run):
        return Page[Part].model_validate(_page(connection, run, tables.part, {}, query))


@router.get("/v1/stock", tags=["repair network"], summary="What lies where", operation_id="list_stock")
def stock(request: Request, query: Annotated[PartSiteQuery, Query()]) -> Page[Stock]:
    """As counted at `as_of`; what of it may be promised, availability says."""
    with _published_plan(request) as (connection, run):
        where = _known(connection, query.part, query.site)
        return Page[Stock].model_validate(_page(connection, run, tables.stock, where, query))


@router.get(
    "/v1/allocations", tags=["repair network"], summary="Who gets today's stock", operation_id="list_allocations"
)
def allocations(request: Request, query: Annotated[PartSiteQuery, Query()]) -> Page[Allocation]:
    """With a site: what it sends and what it gets."""
    with _published_plan(request) as (connection, run):
        where = _known(connection, query.part, query.site)
        if "site" in where:
            where["from_site|to_site"] = where.pop("site")
        return Page[Allocation].model_validate(_page(connection, run, tables.allocation, where, query))


@router.get(
    "/v1/replenishment-orders",
    tags=["procurement"],
    summary="What the plan proposes to buy and to ship",
    operation_id="list_replenishment_orders",
)
def orders(request: Request, query: Annotated[PartSiteQuery, Query()]) -> Page[ReplenishmentOrder]:
    """Purchases by day of ordering, then shipments by day of leaving; with a site, those that go there."""
    with _published_plan(request) as (connection, run):
        where = _known(connection, query.part, query.site)

        def rows(after: Key | None, limit: int) -> Sequence[RowMapping]:
            place = None if after is None else (_KINDS[int(after) % 2], int(after) // 2)
            return replenishment_orders(connection, where, place, limit)

        def key(row: RowMapping) -> Key:
            return int(row["line"]) * 2 + _KINDS.index(row["kind"])

        found = _listing(run, "replenishment-orders", where, query, rows, key, int)
        found["items"] = [{**row, "currency": run.currency} for row in found["items"]]
        return Page[ReplenishmentOrder].model_validate(found)


_KINDS = ("purchase", "shipment")


def _page(
    connection: Connection, run: PlanRun, table: Table, where: dict[str, str], query: PageQuery
) -> dict[str, Any]:
    (column,) = table.primary_key

    def rows(after: Key | None, limit: int) -> Sequence[RowMapping]:
        return page(connection, table, where, after, limit)

    return _listing(run, table.name, where, query, rows, lambda row: row[column.name], column.type.python_type)


def _listing(
    run: PlanRun,
    name: str,
    where: dict[str, str],
    query: PageQuery,
    rows: Callable[[Key | None, int], Sequence[RowMapping]],
    key: Callable[[RowMapping], Key],
    kind: type[Key],
) -> dict[str, Any]:
    """One page: one row more than asked for tells whether there is another."""
    listing = "&".join([name, *(f"{column}={value}" for column, value in sorted(where.items()))])
    found = rows(decode(query.cursor, run.id, listing, kind), query.limit + 1)
    more = len(found) > query.limit
    items = found[: query.limit]
    return {
        **_grounds(run),
        "items": list(items),
        "next_cursor": encode(run.id, listing, key(items[-1])) if more else None,
    }
