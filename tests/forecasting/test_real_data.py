"""The first model on real demand, when it is at hand."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from domain import counts as laws
from forecasting.gamma_poisson import gamma_poisson
from forecasting.series import Series
from forecasting.windows import drift_growth

HORIZON = 6
LEVELS = np.array([0.5, 0.8, 0.9, 0.95, 0.99])


@pytest.mark.skipif("ZAPAS_REAL_DATA" not in os.environ, reason="no real data")
def test_car_parts_are_forecast_better_than_by_the_usual_methods(
    record_property: Callable[[str, object], None],
) -> None:
    """Scaled pinball loss of the last six months of Hyndman's car parts, nothing tuned on them, is at most 0.2336:
    the best of empirical windows, bootstrap, Croston SBA, TSB, ADIDA, IMAPA and SES."""
    panel = pd.read_csv(Path(os.environ["ZAPAS_REAL_DATA"]) / "carparts.csv.gz", dtype={"series": str})
    wide = panel.pivot(index="series", columns="period", values="quantity").dropna().to_numpy(np.float64)
    past, future = wide[:, :-HORIZON], wide[:, -HORIZON:].sum(axis=1)
    first = np.where(past.any(axis=1), (past > 0).argmax(axis=1), past.shape[1])
    starts = np.where((first == 0) | (first == past.shape[1]), 0, first + 1)
    history = Series(past, np.ones_like(past), starts, np.zeros((len(past), 1), np.int64), season=12)
    law = gamma_poisson(history, np.ones((len(past), HORIZON)), HORIZON)
    growth = drift_growth(law.mean, np.array([0, HORIZON]), HORIZON, law.discount**law.drift)[0]
    mean = law.mean.sum(axis=1)
    variance = law.batch_index * mean + growth / law.rate_shape * mean**2
    error = future[:, None] - laws.quantile(mean[:, None], variance[:, None], LEVELS)
    pinball = np.maximum(LEVELS * error, (LEVELS - 1) * error).mean(axis=1)
    scale = np.abs(np.diff(past, axis=1)).mean(axis=1)
    known = past.any(axis=1) & (scale > 0)
    loss = float((pinball[known] / (HORIZON * scale[known])).mean())
    record_property("scaled_pinball_loss", loss)
    assert loss <= 0.2336
