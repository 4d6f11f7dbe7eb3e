"""The referee's benchmark, tiny: it must not rot."""

import pytest

from benchmarks.referee.speed import measure


def test_the_engine_and_the_plain_model_are_measured_on_the_same_network() -> None:
    """Both are timed, and compiled code is not slower."""
    found = measure(parts=40, weeks=20, simpy_parts=3)
    assert 0 < found["engine_us"] < found["simpy_us"]
    assert found["times_faster"] == pytest.approx(found["simpy_us"] / found["engine_us"])
