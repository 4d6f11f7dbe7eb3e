"""The service over the tiny plan, asked through ASGI."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from storage.database.load import load
from storage.plan_folder import write_plan
from tests.plans import tiny_frames, tiny_network, tiny_plan


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny plan on disk."""
    out = tmp_path_factory.mktemp("tiny") / "plan"
    write_plan(out, tiny_plan(), tiny_frames(), {}, tiny_network())
    return out


@pytest.fixture(scope="session")
def sqlite_url(tiny: Path) -> str:
    """A SQLite database that holds the tiny plan."""
    url = f"sqlite:///{tiny.with_name('zapas.db')}"
    load(tiny, url)
    return url


@pytest.fixture
def client(sqlite_url: str) -> Iterator[TestClient]:
    """A caller of the service over SQLite."""
    with TestClient(create_app(sqlite_url), raise_server_exceptions=False) as caller:
        yield caller
