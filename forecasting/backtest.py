"""How good would the forecasts have been? Rolling origins of a panel, every method and the mix scored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.counts import quantile_table
from forecasting.law import DemandLaw
from forecasting.mix import Methods
from forecasting.scores import (
    LEVELS,
    below,
    bias,
    covered,
    mean_change,
    pit_deciles,
    scaled_pinball_loss,
    scored,
    weighted_pinball_loss,
)
from forecasting.selection import blended, select
from forecasting.series import Contender, Series
from forecasting.trials import panel_trials

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Tell = Callable[[str], None]

MIX = "mix"


@dataclass(frozen=True)
class Backtest:
    """Quantiles of total demand over the horizon, shape (series, levels), of the mix; the methods it consists of, and
    a row of scores per method (empty where the future is not known)."""

    quantiles: Ints
    methods: Methods
    scores: pd.DataFrame


def backtest(
    history: Series,
    future: Series | None,
    horizon: int,
    names: Sequence[str],
    mixed: Mapping[str, Contender],
    beside: Mapping[str, Contender],
    tell: Tell = lambda text: None,
) -> Backtest:
    """Forecast the `horizon` after `history`, and score it against `future`, which nothing else sees.

    names: of the classes in `history.classes[:, 0]`. mixed: methods to select from; beside: methods only scored.
    """
    tell("Choosing the methods")
    methods = select(panel_trials(history, names, horizon), mixed, horizon)
    ahead = np.ones((len(history), horizon))
    tell("Forecasting with the mix")
    law = blended(methods, mixed, names, history, ahead)
    scores = []
    if future is not None:
        for name, contender in {**mixed, **beside}.items():
            tell(f"Scoring {name}")
            scores.append(law_scores(name, contender(history, ahead, horizon), history, future, horizon))
        scores.append(law_scores(MIX, law, history, future, horizon))
    return Backtest(quantile_table(*law.moments(horizon), LEVELS), methods, pd.DataFrame(scores))


def law_scores(name: str, law: DemandLaw, history: Series, future: Series, horizon: int) -> dict[str, object]:
    """Scores of a law: those of its quantiles, bias, and how far the PIT's worst decile is off 0.1."""
    rows = judged(history, future)
    total, spread = law.moments(horizon)
    demand, mean, variance = future.counts[rows].sum(axis=1), total[rows], spread[rows]
    pit = pit_deciles(demand, mean, variance) if rows.any() else np.full(10, np.nan)
    return {
        **quantile_scores(name, quantile_table(total, spread, LEVELS), history, future, horizon),
        "bias": bias(demand, mean),
        "pit_distance": float(np.abs(pit - 0.1).max()),
    }


def quantile_scores(
    name: str, quantiles: npt.NDArray[np.integer | np.floating], history: Series, future: Series, horizon: int
) -> dict[str, object]:
    """Scores of quantiles of total demand, shape (series, levels), over the series that are judged."""
    rows = judged(history, future)
    demand, found = future.counts[rows].sum(axis=1), quantiles[rows].astype(np.float64)
    scale = mean_change(history.counts, history.exposure > 0)[rows]
    some, nothing = rows.any(), np.full(len(LEVELS), np.nan)
    return {
        "method": name,
        "series": int(rows.sum()),
        "scaled_pinball_loss": float(scaled_pinball_loss(demand, found, scale, horizon).mean()) if some else np.nan,
        **_by_level("pinball", weighted_pinball_loss(demand, found)),
        **_by_level("below", below(demand, found) if some else nothing),
        **_by_level("covered", covered(demand, found) if some else nothing),
    }


def judged(history: Series, future: Series) -> npt.NDArray[np.bool_]:
    """Series with demand and change before the origin and no gap after it, shape (series,)."""
    rows: npt.NDArray[np.bool_] = scored(history.counts, history.exposure > 0) & (future.exposure > 0).all(axis=1)
    return rows


def _by_level(name: str, values: Floats) -> dict[str, float]:
    return {f"{name}_{round(100 * level)}": float(value) for level, value in zip(LEVELS, values, strict=True)}
