"""Real hard disks: the next interval's failures per model, from earlier intervals only."""

import os
from pathlib import Path

import pytest

from benchmarks.forecasting.backblaze import coverage, intervals

REAL = os.environ.get("ZAPAS_REAL_DATA", "")


@pytest.mark.skipif(not REAL, reason="needs ZAPAS_REAL_DATA")
def test_the_next_failures_of_each_disk_model_are_foreseen() -> None:
    """In the 80 % interval at least 70 % of the time, strictly inside at most 90 %."""
    found = coverage(*intervals(Path(REAL)))
    assert found.intervals >= 100
    assert found.covered >= 0.70
    assert found.inside <= 0.90
