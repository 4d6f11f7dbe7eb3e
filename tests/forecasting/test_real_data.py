"""Forecasts of real demand, when it is at hand: better than what a planner could pick, and calibrated.

The last periods are held out: nothing was chosen by them.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forecasting.backtest import backtest, law_scores
from forecasting.gamma_poisson import gamma_poisson
from forecasting.methods import SURVIVORS
from scenarios.backtest import known_future, known_series
from storage.panel import read_panel

Record = Callable[[str, object], None]

real = pytest.mark.skipif("ZAPAS_REAL_DATA" not in os.environ, reason="no real data")
HELD_OUT = [("carparts.csv.gz", 6, 0.208), ("auto.csv.gz", 3, 0.172)]


@real
def test_the_core_model_beats_the_usual_methods_on_car_parts(record_property: Record) -> None:
    """Scaled pinball loss of the gamma–Poisson over the last six months of Hyndman's car parts is at most 0.2336: the
    best of empirical windows, bootstrap, Croston SBA, TSB, ADIDA, IMAPA and SES."""
    panel = read_panel(Path(os.environ["ZAPAS_REAL_DATA"]) / "carparts.csv.gz")
    origin = len(panel.periods) - 6
    history, future = known_series(panel.until(origin), 12), known_future(panel, origin, 6)
    scores = law_scores("core", gamma_poisson(history, np.ones((len(history), 6)), 6), history, future, 6)
    record_property("scaled_pinball_loss", scores["scaled_pinball_loss"])
    assert float(str(scores["scaled_pinball_loss"])) <= 0.2336


@real
@pytest.mark.accept
@pytest.mark.parametrize(("file", "horizon", "limit"), HELD_OUT)
def test_the_mix_on_what_was_held_out(file: str, horizon: int, limit: float, record_property: Record) -> None:
    """The mix chosen at earlier origins keeps the loss asked for, and is calibrated: below ≤ q + 0.02, covered ≥ q −
    0.02 at .8 .9 .95 .99, no decile of the PIT off by more than 0.03."""
    panel = read_panel(Path(os.environ["ZAPAS_REAL_DATA"]) / file)
    origin = len(panel.periods) - horizon
    history, future = known_series(panel.until(origin), panel.season), known_future(panel, origin, horizon)
    found = backtest(history, future, horizon, ("other",), SURVIVORS, {})
    mix = found.scores.set_index("method").loc["mix"]
    record_property("scaled_pinball_loss", mix["scaled_pinball_loss"])
    assert mix["scaled_pinball_loss"] <= limit
    assert mix["pit_distance"] <= 0.03
    for level in (80, 90, 95, 99):
        assert mix[f"below_{level}"] <= level / 100 + 0.02
        assert mix[f"covered_{level}"] >= level / 100 - 0.02
