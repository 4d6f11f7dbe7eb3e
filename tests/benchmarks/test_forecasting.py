"""The contest of forecasting methods, tiny."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.forecasting.__main__ import main
from benchmarks.forecasting.peer import quantile_peer
from benchmarks.forecasting.table import BESIDE, PEER, DataSet, contest, demo_panel
from forecasting.methods import SURVIVORS
from forecasting.scores import LEVELS
from tests.forecasting.panels import LEAD, counts, panel


@pytest.fixture(scope="module")
def demo() -> DataSet:
    """Every sixtieth part of the small demo by weeks."""
    return DataSet("demo", demo_panel(every=60), 8)


def test_the_contest_prints_and_draws(demo: DataSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One table with a row per method and a chart; a name that is no data set, or too long a way back, is refused."""
    assert main(["--back", "2"], [demo], tmp_path) == 0
    out = capsys.readouterr().out
    rows = [line.split("|")[1].strip() for line in out.splitlines() if line.startswith("| ")][1:]
    assert set(rows) == {*SURVIVORS, *BESIDE, PEER, "mix"}
    assert "<svg" in (tmp_path / "losses.svg").read_text(encoding="utf-8")
    assert main(["--only", "nothing"], [demo], tmp_path) == 1
    assert main(["--back", "13"], [demo], tmp_path) == 1


def test_what_comes_after_the_origin_is_only_scored(demo: DataSet) -> None:
    """Twice the demand after the origin changes what is scored, and no method's mean: bias moves alike."""
    doubled = demo.panel.quantity.copy()
    doubled[:, -demo.horizon :] *= 2
    one = contest(demo, 1).set_index("method")["bias"].dropna()
    two = contest(replace(demo, panel=replace(demo.panel, quantity=doubled)), 1).set_index("method")["bias"].dropna()
    pd.testing.assert_series_equal((1 + two) * 2, 1 + one)


def test_the_demo_as_a_panel_holds_all_its_demand(demo: DataSet) -> None:
    """Weeks are whole Mondays without gaps; every series has a class and some demand."""
    found = demo.panel
    assert set(np.diff(found.periods).astype(int)) == {7}
    assert len(found.part_class) == len(found.series) == len(found.quantity)
    assert not pd.isna(found.part_class).any()
    assert (np.diff([hash(name) for name in found.series]) != 0).all()


def test_the_peer_is_a_fair_one() -> None:
    """On panels it can learn from, the plain quantile model is nearly calibrated at the median and at 95 %."""
    made = counts(series=200, periods=48)
    found = quantile_peer(panel(made[:, :-LEAD]), LEAD)
    demand = made[:, -LEAD:].sum(axis=1)
    for level in (0, 3):
        below, covered = (demand < found[:, level]).mean(), (demand <= found[:, level]).mean()
        assert below - 0.08 <= LEVELS[level] <= covered + 0.08
    assert (quantile_peer(panel(np.ones((3, 2))), LEAD) == 0).all()
