"""A plain LightGBM quantile model as a competent planner would write it, to be compared with: lag windows only.

Five models, one per level, learn total demand over the horizon from what came before, pooled over all series and
origins. Demand and lags are divided by the series' mean absolute change, so that the loss it minimises is the one it
is judged by. Parameters are LightGBM's defaults but for a slower rate with more trees.
"""

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from forecasting.scores import LEVELS
from forecasting.series import Series

Floats = npt.NDArray[np.float64]

WINDOWS = (0.5, 1.0, 2.0, 4.0, 8.0)  # lengths of the lag windows, in horizons
EXAMPLES = 100_000  # at most
PARAMETERS = {"objective": "quantile", "learning_rate": 0.05, "seed": 1, "deterministic": True, "verbose": -1}
TREES = 200


def quantile_peer(history: Series, horizon: int) -> Floats:
    """Quantiles of total demand over the `horizon` after the history, units, whole, shape (series, levels).

    Gaps count as no demand. A history too short for one example gives zeros.
    """
    counts = np.where(history.exposure > 0, history.counts, 0.0)
    rows, ahead, scales = [], [], []
    latest = history.periods - horizon
    for origin in range(latest, min(horizon, latest // 2), -1):
        x, scale = _lags(counts[:, :origin], horizon)
        use = scale > 0
        rows.append(x[use])
        ahead.append(counts[use, origin : origin + horizon].sum(axis=1) / scale[use])
        scales.append(scale[use])
    found = np.zeros((len(counts), len(LEVELS)))
    now, scale = _lags(counts, horizon)
    use = scale > 0
    if not sum(map(len, ahead)) or not use.any():
        return found
    x, y = np.concatenate(rows), np.concatenate(ahead)
    every = slice(None, None, -(-len(y) // EXAMPLES))
    data = lgb.Dataset(x[every], y[every], params=PARAMETERS, free_raw_data=False)
    for level, alpha in enumerate(LEVELS):
        model = lgb.train({**PARAMETERS, "alpha": float(alpha)}, data, TREES)
        found[use, level] = np.asarray(model.predict(now[use])) * scale[use]
    rounded: Floats = np.sort(np.maximum(np.round(found), 0.0), axis=1)
    return rounded


def _lags(past: Floats, horizon: int) -> tuple[Floats, Floats]:
    """Demand per period in windows before the origin over the mean absolute change, and that change; by series."""
    scale = np.abs(np.diff(past, axis=1)).mean(axis=1) if past.shape[1] > 1 else np.zeros(len(past))
    lengths = [max(1, round(window * horizon)) for window in WINDOWS]
    rates = [past[:, -length:].mean(axis=1) for length in lengths] + [past.mean(axis=1), past[:, -1]]
    x: Floats = np.column_stack(rates) / np.where(scale > 0, scale, 1.0)[:, None]
    return x, scale
