"""The referee's benchmark, tiny: it must not rot."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.acceptance.line import Bench, Figure
from benchmarks.acceptance.referee import closed_forms, promised_by_part
from benchmarks.referee.speed import measure
from tests.simulation.referee.test_single_mode import PARTS, WEEKS, case


def test_the_engine_and_the_plain_model_are_measured_on_the_same_network() -> None:
    """Both are timed, and compiled code is not slower."""
    found = measure(parts=40, weeks=20, simpy_parts=3)
    assert 0 < found["engine_us"] < found["simpy_us"]
    assert found["times_faster"] == pytest.approx(found["simpy_us"] / found["engine_us"])


def test_closed_forms_are_compared_at_any_size(tmp_path: Path) -> None:
    """A fiftieth of a million events each: every limit is kept."""
    figures = [one for one in closed_forms(Bench(tmp_path, tmp_path, None), size=0.02) if isinstance(one, Figure)]
    assert len(figures) == 3
    assert all(figure.limited and figure.kept for figure in figures)


def test_a_part_promises_what_its_points_do_by_their_expected_demand() -> None:
    """Points that expect six and four of ten in two regions; a point without a promise leaves its part without one."""
    made = case()
    targets = made.plan.targets.assign(promised=np.tile([0.9, 0.4, 0.8, 0.3], PARTS))
    expected = 0.5 * (0.6 * 0.9 + 0.4 * 0.4) + 0.5 * (0.6 * 0.8 + 0.4 * 0.3)
    assert promised_by_part(made, targets) == pytest.approx(np.full(PARTS, expected))
    assert made.weeks == WEEKS
    targets.loc[5, "promised"] = np.nan
    assert np.flatnonzero(np.isnan(promised_by_part(made, targets))).tolist() == [1]
