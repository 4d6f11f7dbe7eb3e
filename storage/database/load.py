"""Publish a plan folder: every table of the database is replaced in one transaction."""

from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psycopg
from sqlalchemy import Connection, Float, Table, delete, insert, text
from sqlalchemy.exc import DBAPIError

from domain.problems import ZapasError
from storage.database import tables
from storage.database.engine import open_engine, writing
from storage.database.schema import upgrade
from storage.plan_folder import PlanFolder, read_plan

CHUNK_ROWS = 10_000


def load(out: Path, url: str) -> int:
    """Publish the plan in folder `out` to the database at `url` and return the number of its plan run.

    The schema is brought up to date first. Readers see the plan that was there until the whole new one is. Raises
    ZapasError for a damaged folder, a plan that names unknown parts or sites, and a database that cannot be written.
    """
    plan = read_plan(out)
    frames = _frames(plan)
    _refuse_damage(plan, frames)
    engine = open_engine(url, create=True)
    try:
        upgrade(engine)
        with writing(engine) as connection:
            _wait_for_other_loads(connection)
            for table in reversed(_LOADED):
                connection.execute(delete(table))
            for table in _LOADED:
                _insert(connection, table, frames[table.name])
            _refresh_statistics(connection)
            run = insert(tables.plan_run).values(
                snapshot=plan.json["snapshot"],
                as_of=plan.as_of,
                currency=plan.settings["currency"],
                plan=plan.json,
            )
            number: int = connection.execute(run.returning(tables.plan_run.c.id)).scalar_one()
            return number
    except (DBAPIError, psycopg.Error) as error:
        raise ZapasError(f"The database did not take the plan: {_first_line(error)}.") from error
    finally:
        engine.dispose()


_LOADED = [table for table in tables.metadata.sorted_tables if table is not tables.plan_run]


def _frames(plan: PlanFolder) -> dict[str, pd.DataFrame]:
    """The rows of every table, by its name, sorted so that equal plans get equal lines."""
    lanes = plan.fact("lanes")
    lanes["lead_days"] = lanes["transit_days"] + lanes["customs_days"]
    lanes["lead_days_sd"] = np.hypot(lanes["transit_days_sd"], lanes["customs_days_sd"])
    sites, parts, duties = plan.fact("sites"), plan.fact("parts"), plan.fact("duties")
    depots = sites.loc[sites["kind"] == "depot"].set_index("region")["site"]
    served = sites["kind"] != "origin"
    sites["depot"] = sites["region"].map(depots).where(served, "").fillna("")
    duties["vat_rate"] = duties["vat_rate"].where(~duties["vat_recoverable"], 0.0)

    by_lane = lanes.set_index("lane")
    shipments, inbound = plan.frame("shipments"), plan.fact("inbound").rename(columns={"destination": "site"})
    shipments["origin"] = shipments["lane"].map(by_lane["origin"])
    shipments["site"] = shipments["lane"].map(by_lane["destination"])
    for frame in (shipments, inbound):
        frame["sd_days"] = frame["lane"].map(by_lane["lead_days_sd"]).fillna(0.0)
    purchases, suppliers = plan.frame("purchase_orders"), plan.fact("suppliers").set_index("supplier")
    purchases["site"] = purchases["part"].map(parts.set_index("part")["hub"])
    purchases["sd_days"] = purchases["supplier"].map(suppliers["lead_time_days_sd"]).fillna(0.0)

    return {
        "site": sites,
        "part": parts,
        "lane": lanes,
        "duty": _lines(duties, "country", "hs_prefix", "origin_country"),
        "substitute": _lines(plan.fact("substitutes"), "part", "substitute"),
        "stock": _lines(plan.fact("stock"), "part", "site", "condition", "owner", "expires"),
        "inbound": _lines(inbound, "part", "order"),
        "repair_order": _lines(plan.fact("repair_orders"), "repair_order", "part"),
        "target": _lines(plan.frame("targets"), "part", "site"),
        "shipment": _lines(shipments, "departs", "lane", "part", "shipment"),
        "purchase_order": _lines(purchases, "order_on", "supplier", "part", "order"),
        "allocation": _lines(plan.frame("allocations"), "part", "from_site", "to_site", "for_repair_order"),
        "plan_exception": _lines(plan.frame("exceptions"), "kind", "part", "site"),
    }


def _lines(frame: pd.DataFrame, *key: str) -> pd.DataFrame:
    return frame.sort_values(list(key), kind="stable").assign(line=np.arange(1, len(frame) + 1))


def _refuse_damage(plan: PlanFolder, frames: dict[str, pd.DataFrame]) -> None:
    """Every part and site named anywhere is one the network has, and every number that must be there is one."""
    for table in _LOADED:
        for column in table.columns:
            values = frames[table.name][column.name]
            if isinstance(column.type, Float) and not column.nullable and not np.isfinite(values).all():
                raise ZapasError(f"{plan.path}: {table.name} has a {column.name} that is no number.")
            for key in column.foreign_keys:
                other, other_column = key.target_fullname.split(".")
                named = values.replace("", None).dropna()
                unknown = named[~named.isin(frames[other][other_column])]
                if len(unknown):
                    says = f"{table.name} names the {other} “{unknown.iloc[0]}”, which the network lacks"
                    raise ZapasError(f"{plan.path}: {says}.")


def _insert(connection: Connection, table: Table, frame: pd.DataFrame) -> None:
    """Every row of `frame`: COPY on PostgreSQL, executemany elsewhere; empty cells of nullable columns become NULL."""
    columns = list(table.columns)
    values = [_values(frame[column.name], bool(column.nullable)) for column in columns]
    rows = zip(*values, strict=True)
    if connection.dialect.name == "postgresql":
        quote = connection.dialect.identifier_preparer.quote
        names = ", ".join(quote(column.name) for column in columns)
        cursor: Any = connection.connection.cursor()
        with cursor, cursor.copy(f"COPY {quote(table.name)} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        names_of = [column.name for column in columns]
        for chunk in _chunks([dict(zip(names_of, row, strict=True)) for row in rows]):
            connection.execute(insert(table), chunk)


def _values(column: pd.Series, nullable: bool) -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(column):
        return [None if pd.isna(day) else day.date() for day in column]
    if not nullable:
        return column.tolist()
    if pd.api.types.is_float_dtype(column):
        return [value if isfinite(value) else None for value in column.tolist()]
    return [value or None for value in column.tolist()]


def _chunks(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for first in range(0, len(rows), CHUNK_ROWS):
        yield rows[first : first + CHUNK_ROWS]


def _wait_for_other_loads(connection: Connection) -> None:
    """Two loads go one after the other; readers are not held up. (SQLite's write lock does the same.)"""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE plan_run IN SHARE ROW EXCLUSIVE MODE"))


def _refresh_statistics(connection: Connection) -> None:
    """PostgreSQL plans its queries by statistics that are worth nothing after every row has been replaced."""
    if connection.dialect.name == "postgresql":
        quote = connection.dialect.identifier_preparer.quote
        connection.execute(text(f"ANALYZE {', '.join(quote(table.name) for table in _LOADED)}"))


def _first_line(error: DBAPIError | psycopg.Error) -> str:
    lines = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()
    return lines[0].rstrip(".") if lines else "it gives no reason"
