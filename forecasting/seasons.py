"""Seasonal indices per class of parts, as far as the years agree on them; they multiply exposure (MODEL 1).

The log of a class's demand per exposure is followed by a parabola in time; what is left differs between the phases of a
year and, within a phase, between years. One-way analysis of variance says how much of the former is season:

    index = exp(B·mean of the phase),   B = σ²/(σ² + MSW/R),   σ² = max(0, (MSB − MSW)/R)

with R years, mean squares MSB between and MSW within phases (Searle, Casella & McCulloch 1992, ch. 3): the best linear
predictor of a random phase effect. Two whole years are needed.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from forecasting.law import DemandLaw
from forecasting.series import Contender, Series

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PHASES = 12  # a year of more periods is cut into this many phases
YEARS = 2
ENOUGH = 20.0  # units per phase and year below which a class has the season of all parts together


def seasonal(contender: Contender) -> Contender:
    """The same method with seasonal exposure, learnt from the history it is given."""

    def with_seasons(history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
        index = seasonal_indices(history, history.periods + future_exposure.shape[1])
        if index is None:
            return contender(history, future_exposure, lead)
        of = history.classes[:, 0]
        past, future = index[:, : history.periods][of], index[:, history.periods :][of]
        return contender(replace(history, exposure=history.exposure * past), future_exposure * future, lead)

    return with_seasons


def seasonal_indices(history: Series, periods: int) -> Floats | None:
    """Index of every class of `classes[:, 0]` and of periods 0..`periods` − 1, shape (classes, periods).

    None where there is no season to learn: no year, fewer than two of them, or years that do not agree.
    """
    years = history.periods // history.season
    if history.season < 2 or years < YEARS or len(history) == 0:
        return None
    phases = min(history.season, PHASES)
    phase = np.arange(periods) % history.season * phases // history.season
    known = slice(history.periods - years * history.season, history.periods)
    exposure = np.where(history.evidence(), history.exposure, 0.0)[:, known]
    units = np.where(exposure > 0, history.counts[:, known], 0.0)
    of = history.classes[:, 0]
    whole = _log_indices(units.sum(axis=0), exposure.sum(axis=0), phase[known], phases, years)
    logs = np.tile(whole, (int(of.max()) + 1, 1))
    for code in range(len(logs)):
        mine = of == code
        if units[mine].sum() >= ENOUGH * phases * years:
            logs[code] = _log_indices(units[mine].sum(axis=0), exposure[mine].sum(axis=0), phase[known], phases, years)
    if not logs.any():
        return None
    index = np.exp(logs)
    index /= index.mean(axis=1, keepdims=True)
    return np.asarray(index[:, phase])


def _log_indices(units: Floats, exposure: Floats, phase: Ints, phases: int, years: int) -> Floats:
    """Log index of every phase, shape (phases,), of one class's totals over whole years, shape (periods,)."""
    cell = np.arange(len(phase)) // (len(phase) // years) * phases + phase
    total, weight = np.bincount(cell, units, years * phases), np.bincount(cell, exposure, years * phases)
    if (total <= 0).any() or (weight <= 0).any():
        return np.zeros(phases)
    time = np.linspace(-1.0, 1.0, years * phases)
    log_rate = np.log(total / weight)
    parabola = np.polynomial.polynomial.polyfit(time, log_rate, 2)
    left = (log_rate - np.polynomial.polynomial.polyval(time, parabola)).reshape(years, phases)
    mean = left.mean(axis=0)
    between = years * mean @ mean / (phases - 1)
    within = ((left - mean) ** 2).sum() / (phases * (years - 1))
    season = max(0.0, (between - within) / years)
    return np.asarray(mean * (season / (season + within / years) if season > 0 else 0.0))
