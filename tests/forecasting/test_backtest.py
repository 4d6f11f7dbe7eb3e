"""Backtests: what is scored is what plans are made of, and the future is not seen."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.backtest import MIX, Backtest, backtest
from forecasting.contenders.bootstrap import willemain
from forecasting.exposure import exposures
from forecasting.history import read_history
from forecasting.methods import SURVIVORS
from forecasting.scores import LEVELS
from forecasting.series import Floats, Series
from scenarios.pipeline import lead_weeks
from storage.network_folder import read_network
from tests.forecasting.panels import LEAD, counts, panel
from tests.scenarios.folders import planned

AS_OF = date(2025, 6, 29)  # a Sunday


@pytest.fixture(scope="module")
def made() -> Floats:
    """400 series of 44 weeks, each wanted in its first week."""
    found = counts(series=400)
    found[:, 0] = np.maximum(found[:, 0], 1.0)
    return found


def judge(history: Series, future: Series | None) -> Backtest:
    """The backtest of the survivors with one method beside."""
    return backtest(history, future, LEAD, ("other",), SURVIVORS, {"Willemain": willemain})


def split(history: Series) -> tuple[Series, Series]:
    """What is known a lead before the end, and the lead."""
    future = replace(
        history,
        counts=history.counts[:, -LEAD:],
        exposure=history.exposure[:, -LEAD:],
        starts=np.zeros(len(history), np.int64),
    )
    return history.until(history.periods - LEAD), future


@pytest.fixture(scope="module")
def result(made: Floats) -> Backtest:
    """The backtest of the panel at its default origin."""
    return judge(*split(panel(made)))


def test_every_method_and_the_mix_are_scored(result: Backtest) -> None:
    """A row per method, the mix last; quantiles whole and never falling; below a quantile at most what is up to it."""
    assert result.scores["method"].tolist() == [*SURVIVORS, "Willemain", MIX]
    assert (result.scores["series"] == 400).all()
    assert result.quantiles.shape == (400, len(LEVELS))
    assert np.issubdtype(result.quantiles.dtype, np.integer)
    assert (np.diff(result.quantiles, axis=1) >= 0).all()
    for level in (50, 80, 90, 95, 99):
        assert (result.scores[f"below_{level}"] <= result.scores[f"covered_{level}"]).all()
    mix = result.scores.set_index("method").loc[MIX]
    assert mix["scaled_pinball_loss"] < result.scores.set_index("method").at["Willemain", "scaled_pinball_loss"]
    assert mix["covered_95"] >= 0.93


def test_the_future_is_not_seen(made: Floats, result: Backtest) -> None:
    """Zeros written over the lead after the origin change no quantile and no mix; an unknown future is not scored."""
    blank = made.copy()
    blank[:, -LEAD:] = 0.0
    found = judge(split(panel(blank))[0], None)
    np.testing.assert_array_equal(found.quantiles, result.quantiles)
    assert found.methods.mixes == result.methods.mixes
    assert found.scores.empty


@pytest.fixture(scope="module")
def folder(made: Floats, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The panel as a planned network: one region, no sales, every part used by weeks up to a Sunday."""
    part, week = np.nonzero(made)
    monday = pd.Timestamp(AS_OF - timedelta(days=7 * made.shape[1] - 1))
    names = np.array([f"{i:04d}" for i in range(len(made))], object)
    usage = {"date": monday + pd.to_timedelta(7 * week, unit="D"), "site": "P1", "part": names[part]}
    tables = {
        "sites": pd.DataFrame(
            [("HUB", "origin", "CN", ""), ("D1", "depot", "RU", "R1"), ("P1", "repair_point", "RU", "R1")],
            columns=["site", "kind", "country", "region"],
        ),
        "lanes": pd.DataFrame(
            [("HUB", "D1", "air", 7 * (LEAD - 1), 5.0), ("D1", "P1", "courier", 1, 1.0)],
            columns=["origin", "destination", "mode", "transit_days", "cost_per_kg"],
        ),
        "parts": pd.DataFrame({"part": names, "unit_cost": 20.0, "weight_kg": 0.2, "part_class": "other"}),
        "usage": pd.DataFrame(usage | {"quantity": made[part, week].astype(int)}),
        "stock": pd.DataFrame([("D1", "0001", 3)], columns=["site", "part", "on_hand"]),
    }
    place = tmp_path_factory.mktemp("panel")
    planned((tables, {"as_of": AS_OF.isoformat(), "currency": "USD", "horizon_weeks": 6}), place)
    return place


def test_what_is_scored_is_what_the_optimizer_receives(folder: Path) -> None:
    """The quantiles a backtest scores are, to the unit, those of the forecast that a plan at that origin is made of."""
    network, _ = read_network(folder / "network")
    assert lead_weeks(network) == LEAD
    history = read_history(network, 1)
    exposure = exposures(network, history, history.bounds[-2:])
    assert (exposure.basis == "time").all()
    scored = judge(history.series(exposure.past), None)
    table = pd.read_parquet(folder / "plan" / "forecast.parquet")
    at_lead = table[table["week"] == np.sort(table["week"].unique())[LEAD - 1]]
    assert at_lead["part"].tolist() == history.part.tolist()
    received = at_lead[["q50", "q80", "q90", "q95", "q99"]].to_numpy()
    np.testing.assert_array_equal(received, scored.quantiles)
    assert "boosted" in scored.methods.used


def test_a_backtest_of_nothing() -> None:
    """No series, or none that can be judged, is no error: quantiles of zero, and scores that say nothing."""
    none = panel(np.zeros((0, 20)))
    assert judge(*split(none)).quantiles.shape == (0, len(LEVELS))
    silent = judge(*split(panel(np.zeros((5, 20)))))
    assert (silent.quantiles[:, 0] == 0).all()
    assert (silent.scores["series"] == 0).all()
    assert silent.scores["scaled_pinball_loss"].isna().all()
