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
            scores.append(_scores(name, contender(history, ahead, horizon), history, future, horizon))
        scores.append(_scores(MIX, law, history, future, horizon))
    return Backtest(quantile_table(*law.moments(horizon), LEVELS), methods, pd.DataFrame(scores))


def _scores(name: str, law: DemandLaw, history: Series, future: Series, horizon: int) -> dict[str, object]:
    """Scores of one method over series with demand and change before the origin and no gap after it."""
    known = history.exposure > 0
    rows = scored(history.counts, known) & (future.exposure > 0).all(axis=1)
    mean, variance = (moment[rows] for moment in law.moments(horizon))
    demand = future.counts[rows].sum(axis=1)
    quantiles = quantile_table(mean, variance, LEVELS).astype(np.float64)
    scale = mean_change(history.counts, known)[rows]
    pit = pit_deciles(demand, mean, variance) if rows.any() else np.full(10, np.nan)
    return {
        "method": name,
        "series": int(rows.sum()),
        "scaled_pinball_loss": float(scaled_pinball_loss(demand, quantiles, scale, horizon).mean())
        if rows.any()
        else np.nan,
        "bias": bias(demand, mean),
        "pit_distance": float(np.abs(pit - 0.1).max()),
        **_by_level("pinball", weighted_pinball_loss(demand, quantiles)),
        **_by_level("below", below(demand, quantiles)),
        **_by_level("covered", covered(demand, quantiles)),
    }


def _by_level(name: str, values: Floats) -> dict[str, float]:
    return {f"{name}_{round(100 * level)}": float(value) for level, value in zip(LEVELS, values, strict=True)}
