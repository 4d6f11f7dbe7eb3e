"""How good forecast distributions were: pinball loss, calibration, bias, RMSSE, non-randomised PIT. Pure functions.

Everything is scored on total demand over a horizon, of series with demand and change before the origin.
"""

import numpy as np
import numpy.typing as npt

from domain.counts import cdf

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEVELS: Floats = np.array([0.5, 0.8, 0.9, 0.95, 0.99])
DECILES = 10


def scored(past: Floats, known: Bools) -> Bools:
    """Which series count: demand and a change before the origin, shape (series,). past, known: (series, periods)."""
    wanted = (known & (past > 0)).any(axis=1)
    counts: Bools = wanted & (np.nan_to_num(mean_change(past, known)) > 0)
    return counts


def mean_change(past: Floats, known: Bools) -> Floats:
    """mean |y_t − y_{t−1}| over neighbouring known periods, units, shape (series,); NaN where there are none."""
    return _mean_of_changes(np.abs(np.diff(past, axis=1)), known)


def pinball(demand: Floats, quantiles: Floats, levels: Floats = LEVELS) -> Floats:
    """max(q·e, (q − 1)·e) with e = demand − quantile, units; demand (series,), the others (series, levels)."""
    error = demand[:, None] - quantiles
    loss: Floats = np.maximum(levels * error, (levels - 1) * error)
    return loss


def scaled_pinball_loss(
    demand: Floats, quantiles: Floats, scale: Floats, horizon: int, levels: Floats = LEVELS
) -> Floats:
    """Mean pinball loss over levels / (horizon · scale), of every series; scale: `mean_change` before the origin."""
    loss: Floats = pinball(demand, quantiles, levels).mean(axis=1) / (horizon * scale)
    return loss


def weighted_pinball_loss(demand: Floats, quantiles: Floats, levels: Floats = LEVELS) -> Floats:
    """2 · Σ pinball loss / Σ demand, shape (levels,); NaN where nothing was wanted."""
    total = demand.sum()
    loss: Floats = 2 * pinball(demand, quantiles, levels).sum(axis=0) / (total if total > 0 else np.nan)
    return loss


def below(demand: Floats, quantiles: Floats) -> Floats:
    """Share of demands under the quantile, shape (levels,): calibrated if at most the level."""
    share: Floats = (demand[:, None] < quantiles).mean(axis=0)
    return share


def covered(demand: Floats, quantiles: Floats) -> Floats:
    """Share of demands at most the quantile, shape (levels,): calibrated if at least the level."""
    share: Floats = (demand[:, None] <= quantiles).mean(axis=0)
    return share


def bias(demand: Floats, mean: Floats) -> float:
    """Σ (mean − demand) / Σ demand; NaN where nothing was wanted."""
    total = float(demand.sum())
    return float((mean - demand).sum()) / total if total > 0 else float("nan")


def rmsse(future: Floats, mean: Floats, past: Floats, known: Bools) -> Floats:
    """Root mean squared scaled error of every series (Makridakis, Spiliotis & Assimakopoulos 2022).

    √( mean (y − m)² / mean (y_t − y_{t−1})² before the origin ). future, mean: (series, horizon); past, known:
    (series, periods). NaN where no two neighbouring periods are known.
    """
    squares = ((future - mean) ** 2).mean(axis=1)
    changes = _mean_of_changes(np.diff(past, axis=1) ** 2, known)
    error: Floats = np.sqrt(np.divide(squares, changes, out=np.full(len(past), np.nan), where=changes > 0))
    return error


def pit_deciles(demand: Floats, mean: Floats, variance: Floats) -> Floats:
    """Mass of the non-randomised PIT in each decile, shape (10,): 0.1 everywhere if calibrated.

    F̄(u) is the mean over series of 0 for u ≤ P(y − 1), 1 for u ≥ P(y), linear between, P the law of `domain.counts`
    with this mean and variance (Czado, Gneiting & Held 2009, equation 2).
    """
    low, high = cdf(mean, variance, demand - 1), cdf(mean, variance, demand)
    u = np.linspace(0.0, 1.0, DECILES + 1)
    width = (high - low)[:, None]
    inside = np.divide(u - low[:, None], width, out=(u >= high[:, None]).astype(np.float64), where=width > 0)
    mass: Floats = np.diff(np.clip(inside, 0.0, 1.0).mean(axis=0))
    return mass


def _mean_of_changes(changes: Floats, known: Bools) -> Floats:
    both = known[:, 1:] & known[:, :-1]
    number = both.sum(axis=1)
    total = np.where(both, changes, 0.0).sum(axis=1)
    mean: Floats = np.divide(total, number, out=np.full(len(changes), np.nan), where=number > 0)
    return mean
