"""Connections and transactions: one place opens them, business code never commits."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from domain.problems import ZapasError

POOL_SIZE = 8
"""Connections of one process, and requests it works on at once."""

BUSY_TIMEOUT_MS = 5_000
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", f"busy_timeout = {BUSY_TIMEOUT_MS}")
_BEGIN = "zapas_begin"


def open_engine(url: str, *, create: bool = False) -> Engine:
    """An engine for `sqlite:///FILE` or `postgresql://…`; a missing SQLite file is made only with `create`.

    Raises ZapasError in one sentence for an address that cannot be meant.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        _check_file(address, create)
    engine = create_engine(address, pool_size=POOL_SIZE, max_overflow=0, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One read-only transaction over one snapshot: a plan loaded meanwhile is not seen, not even in part."""
    options: dict[str, Any] = {}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that commits at the end; on SQLite it takes the write lock at once instead of failing later."""
    with engine.connect().execution_options(**{_BEGIN: "BEGIN IMMEDIATE"}) as connection, connection.begin():
        yield connection


def _address(url: str) -> URL:
    try:
        address = make_url(url)
        backend = address.get_backend_name()
        if backend in ("postgresql", "postgres"):
            return address.set(drivername="postgresql+psycopg")
        if backend == "sqlite":
            return address.set(drivername="sqlite+pysqlite")
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise ZapasError(_NO_ADDRESS) from error
    raise ZapasError(_NO_ADDRESS)


_NO_ADDRESS = "The database address must be sqlite:///FILE or postgresql://USER@HOST/NAME."


def _check_file(address: URL, create: bool) -> None:
    if not address.database or address.database == ":memory:":
        raise ZapasError("The database address sqlite:/// needs a file name.")
    file = Path(address.database)
    if not file.exists() and not create:
        raise ZapasError(f"{file}: there is no database; load a plan first.")
    if not file.absolute().parent.is_dir():
        raise ZapasError(f"{file.parent}: there is no such folder for the database.")


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver would begin by itself, and deferred
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))
