"""The usual point forecasts of intermittent demand, by statsforecast, with a law around each.

Every method sees units per exposure, gaps closed up: what is seasonal or grows with the installed base is in exposure.
Importing this module takes seconds; only what runs contenders does.
"""

from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from statsforecast.models import (
    ADIDA,
    IMAPA,
    TSB,
    AutoETS,
    CrostonSBA,
    SimpleExponentialSmoothingOptimized,
)

from forecasting.contenders.spread import fitted_law
from forecasting.law import DemandLaw
from forecasting.series import Contender, Series

Floats = npt.NDArray[np.float64]

TSB_DEMAND, TSB_PROBABILITY = 0.1, 0.05  # smoothing constants, within the range of Teunter, Syntetos & Babai (2011)
SMOOTH_ZEROS = 0.1  # greatest share of periods without demand of a smooth series
SMOOTH_PERIODS = 12  # least number of periods from which states can be told
TREND_LIMIT = 2.0  # a trend is not carried beyond this multiple of the greatest rate seen


class Model(Protocol):
    """A model of statsforecast."""

    def forecast(self, y: Floats, h: int) -> dict[str, Any]:
        """Mean of `h` periods after `y`, under "mean"."""


def sba(history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
    """Croston's method with the correction of Syntetos & Boylan (2005)."""
    return fitted_law(partial(_each, CrostonSBA()), history, future_exposure, lead)


def tsb(history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
    """Teunter, Syntetos & Babai (2011): the probability of demand falls while there is none."""
    return fitted_law(partial(_each, TSB(TSB_DEMAND, TSB_PROBABILITY)), history, future_exposure, lead)


def adida(history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
    """Aggregate, smooth, disaggregate (Nikolopoulos et al. 2011)."""
    return fitted_law(partial(_each, ADIDA()), history, future_exposure, lead)


def imapa(history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
    """Mean of smoothed forecasts over many levels of aggregation (Petropoulos & Kourentzes 2015)."""
    return fitted_law(partial(_each, IMAPA()), history, future_exposure, lead)


def ses(history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
    """Simple exponential smoothing with the constant that fits best (Brown 1959)."""
    return fitted_law(partial(_each, SimpleExponentialSmoothingOptimized()), history, future_exposure, lead)


def auto_ets(history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
    """Exponential smoothing by AICc (Hyndman et al. 2002) for smooth series, the simple kind for others."""
    return fitted_law(_smooth_or_simple, history, future_exposure, lead)


POINT_METHODS: dict[str, Contender] = {
    "SBA": sba,
    "TSB": tsb,
    "ADIDA": adida,
    "IMAPA": imapa,
    "SES": ses,
    "AutoETS": auto_ets,
}


def _each(model: Model, history: Series, ahead: int) -> Floats:
    """Units per exposure by `model`, the same in every period ahead, shape (series, ahead); NaN without evidence."""
    rates = np.full((len(history), 1), np.nan)
    for row, past in enumerate(_past_rates(history)):
        if len(past):
            rates[row] = model.forecast(past, 1)["mean"]
    return np.repeat(rates, ahead, axis=1)


def _smooth_or_simple(history: Series, ahead: int) -> Floats:
    """Units per exposure of every period ahead, shape (series, ahead); NaN without evidence."""
    simple, states = SimpleExponentialSmoothingOptimized(), AutoETS(season_length=1, model="ZZN")
    rates = np.full((len(history), ahead), np.nan)
    for row, past in enumerate(_past_rates(history)):
        smooth = len(past) >= SMOOTH_PERIODS and (past == 0).mean() <= SMOOTH_ZEROS and np.ptp(past) > 0
        if smooth:
            rates[row] = np.clip(states.forecast(past, ahead)["mean"], 0.0, TREND_LIMIT * past.max())
        elif len(past):
            rates[row] = simple.forecast(past, 1)["mean"]
    return rates


def _past_rates(history: Series) -> list[Floats]:
    """Units per exposure of the periods that are evidence, for each series."""
    evidence = history.evidence()
    rates = np.divide(history.counts, history.exposure, out=np.zeros(history.counts.shape), where=evidence)
    return [row[known] for row, known in zip(rates, evidence, strict=True)]
