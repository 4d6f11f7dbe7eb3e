"""One small network and one plan of it for the tests of the console."""

import shutil
from pathlib import Path

import pytest

from storage.network_writing import write_tables
from tests.cli.console import Answer, zapas
from tests.networks import tiny_tables


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """The tiny network as a folder."""
    write_tables(*tiny_tables(), tmp_path / "network")
    return tmp_path / "network"


@pytest.fixture(scope="session")
def planning(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Answer]:
    """A plan folder of the tiny network and what `zapas plan` said; nobody changes it."""
    folder = tmp_path_factory.mktemp("planned")
    write_tables(*tiny_tables(), folder / "network")
    return folder / "plan", zapas("plan", folder / "network", "--out", folder / "plan")


@pytest.fixture
def plan(planning: tuple[Path, Answer], tmp_path: Path) -> Path:
    """A plan folder of the test's own."""
    shutil.copytree(planning[0], tmp_path / "plan")
    return tmp_path / "plan"
