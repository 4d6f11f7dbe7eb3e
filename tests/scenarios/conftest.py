"""One plan of a slice of the small demo for all tests that only read it."""

from pathlib import Path

import pytest

from simulation.demo import generate
from storage.parquet_folder import write_frames
from tests.scenarios.folders import planned, slice_of_demo


@pytest.fixture(scope="session")
def slice_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every 20th part of the small demo: network, plan and truth; nobody changes it."""
    folder = tmp_path_factory.mktemp("slice")
    planned(slice_of_demo(20), folder)
    write_frames(generate("small", seed=1).truth, folder / "network.truth")
    return folder
