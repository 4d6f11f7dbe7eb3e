"""The lines of the forecasting issue, tiny: what they measure is right, and they must not rot."""

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.acceptance import forecasting
from benchmarks.acceptance.line import Bench, Figure, NotMeasuredError
from benchmarks.forecasting.scale import choose, exponent, forecast, scale, weekly_demand, write_panel
from benchmarks.machine import Spent

ROOT = Path(__file__).parents[2]


def panel_of_months(seed: int) -> pd.DataFrame:
    """Forty series of 30 months, zeros written down."""
    demand = np.random.default_rng(seed).poisson(2.0, (40, 30))
    months = pd.date_range("2020-01-01", periods=30, freq="MS").strftime("%Y-%m-%d")
    rows = {"series": np.repeat([f"{row:02d}" for row in range(40)], 30), "period": np.tile(months, 40)}
    return pd.DataFrame(rows).assign(quantity=demand.ravel())


def figures(found: object) -> dict[str, Figure]:
    """The figures of a line by name."""
    assert hasattr(found, "__iter__")
    return {one.what: one for one in found if isinstance(one, Figure)}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Real data that are none: two small panels with the names of the real ones, no judge beside them."""
    data = tmp_path / "data"
    data.mkdir()
    for seed, name in enumerate(forecasting.PANELS):
        with gzip.open(data / f"{name}.csv.gz", "wt") as file:
            panel_of_months(seed).to_csv(file, index=False)
    folder = tmp_path / "line"
    folder.mkdir()
    return Bench(ROOT, folder, data)


def test_calibration_is_measured_of_what_the_console_writes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each level has both limits; quantiles are whole, in order and unmoved by the end."""
    monkeypatch.setattr(forecasting, "PANELS", {"auto": (3, 0.5)})
    found = figures(forecasting.calibration(bench))
    assert found["quantiles changed by zeros in the end"].value == 0
    assert found["auto: series"].value == 40
    assert all(found[name].kept for name in found if name.startswith("quantiles"))
    assert sum(name.startswith(("below", "covered")) and found[name].limited for name in found) == 8
    assert all(0.5 < found[name].value <= 1 for name in found if name.startswith("covered"))


def test_outcomes_leave_out_what_the_judge_leaves_out() -> None:
    """A series with a gap, one without demand and one without change before the end are not judged; totals are."""
    history = panel_of_months(1).astype({"quantity": float})
    history.loc[history["series"] == "01", "quantity"] = 0.0
    history.loc[history["series"] == "02", "quantity"] = 5.0
    history = history[(history["series"] != "03") | (history["period"] != "2021-05-01")]
    names = sorted(history["series"].unique())
    long = pd.DataFrame(
        [(name, level, 10 * k) for name in names for k, level in enumerate((0.5, 0.9))],
        columns=["series", "quantile", "value"],
    )
    demand, quantiles = forecasting.outcomes(history, long, 3)
    assert len(demand) == 37
    first = history[history["series"] == "00"].sort_values("period")["quantity"].iloc[-3:].sum()
    assert demand[0] == first
    assert quantiles.tolist() == [[0, 10]] * 37


def test_the_judge_beside_the_data_is_asked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its figure stands beside the product's own."""
    monkeypatch.setattr(forecasting, "PANELS", {"auto": (3, 0.5)})
    assert bench.real_data is not None
    (bench.real_data.parent / "score_backtest.py").write_text("print('missing: 0')\nprint('SPL: 0.123')\n")
    found = figures(forecasting.loss(bench))
    assert 0 < found["auto: scaled pinball loss"].value < 1
    assert found["auto: the judge's"].value == 0.123
    assert found["series without a forecast"].kept


@pytest.mark.parametrize("line", [forecasting.loss, forecasting.calibration, forecasting.life, forecasting.backblaze])
def test_lines_of_real_data_fail_without_it(tmp_path: Path, line: object) -> None:
    """Unlike a test, acceptance is not skipped."""
    assert callable(line)
    with pytest.raises(NotMeasuredError, match="no real data"):
        list(line(Bench(ROOT, tmp_path, None)))


def test_simulated_lines_measure_everything_they_ask(tmp_path: Path) -> None:
    """Few triangles, part of a demo, few runs: every limit is there, and rates keep theirs."""
    where = Bench(ROOT, tmp_path, None)
    assert sum(one.limited for one in figures(forecasting.triangles(where, runs=2)).values()) == 3
    assert figures(forecasting.unmet(where, every=12))["gained by counting unmet demand"].kept
    signals = figures(forecasting.quality_signals(where, runs=2, parts=40, years=2))
    assert sum(one.limited for one in signals.values()) == 3


def test_methods_chosen_in_one_process_forecast_in_another(tmp_path: Path) -> None:
    """A small panel through files: methods.json names methods that are known, quantiles are ordered, one per series."""
    write_panel(tmp_path / "panel.parquet", series=60, weeks=40)
    choose(tmp_path / "panel.parquet", 4, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "methods.json").read_text())["lead"] == 4
    forecast(tmp_path / "panel.parquet", 4, tmp_path / "out")
    quantiles = pd.read_parquet(tmp_path / "out" / "quantiles.parquet").set_index("series").to_numpy()
    assert quantiles.shape == (60, 5)
    assert (np.diff(quantiles, axis=1) >= 0).all()


def test_scale_is_measured_at_several_sizes(tmp_path: Path) -> None:
    """Every figure is there, and a panel this small is far within the limits of seconds and memory."""
    found = figures(scale(Bench(ROOT, tmp_path, None), series=40, weeks=30, lead=3, parts=(2, 1)))
    assert sum(one.limited for one in found.values()) == 6
    assert found["memory forecasting"].kept
    assert found["methods chosen"].kept


def test_the_exponent_is_that_of_a_power() -> None:
    """Seconds proportional to size to the power 1.5 give 1.5."""
    sizes = [100, 200, 400]
    assert exponent(sizes, [Spent(0.01 * size**1.5, 0, "", 0) for size in sizes]) == pytest.approx(1.5)


def test_demand_is_the_same_for_the_same_seed_and_mostly_slow() -> None:
    """Same draws, whole units, between half and nine tenths of the weeks without demand."""
    one, other = (weekly_demand(np.random.default_rng(5), 300, 60) for _ in range(2))
    assert (one == other).all()
    assert (one == np.round(one)).all()
    assert 0.5 < (one == 0).mean() < 0.9
