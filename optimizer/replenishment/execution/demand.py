"""Demand of a leaf over a window of days when its rate is uncertain and may drift (MODEL 1)."""

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from domain.calendar import DAYS_PER_WEEK
from optimizer.replenishment.instance.arrays import Leaves

Floats = npt.NDArray[np.float64]


class Demand(NamedTuple):
    """Demand by leaf. weekly: mean units of weeks 1..K, (leaves, K); batch_index ψ, (leaves,).

    kappa: relative variance of today's rate, (leaves,); growth: that of week w's rate over today's, (leaves, K).
    """

    weekly: Floats
    batch_index: Floats
    kappa: Floats
    growth: Floats


class Window(NamedTuple):
    """Demand between two days. mean: units; kappa: relative variance its uncertain rate adds.

    bias: whoever asks on the last day met (1 + bias) times the mean, times of high demand having more customers.
    """

    mean: float
    kappa: float
    bias: float


def demand_of(leaves: Leaves) -> Demand:
    """κ of week w is κ·δ^(−ω·w): evidence on a drifting rate is discounted (Harvey & Fernandes 1989)."""
    week = np.arange(1, leaves.weekly_mean.shape[1] + 1)
    growth = leaves.discount[:, None] ** (-leaves.drift[:, None] * week)
    return Demand(leaves.weekly_mean, leaves.batch_index, leaves.kappa, growth)


@nb.njit(cache=True)
def window_mean(demand: Demand, n: int, first: float, last: float) -> float:
    """Mean demand of leaf n between two days, units."""
    total = 0.0
    weekly = demand.weekly[n]
    week = max(int(first // DAYS_PER_WEEK), 0)
    while week < len(weekly) and DAYS_PER_WEEK * week < last:
        total += weekly[week] * _days_within(week, first, last) / DAYS_PER_WEEK
        week += 1
    return total


@nb.njit(cache=True)
def window(demand: Demand, n: int, first: float, last: float) -> Window:
    """Demand of leaf n between two days: κ·Σ_u Σ_v e_u e_v g_min(u,v) / (Σ e_u)², e_u its mean in week u (MODEL 1)."""
    total = pairs = run = 0.0
    weekly, growth, kappa = demand.weekly[n], demand.growth[n], demand.kappa[n]
    week = max(int(first // DAYS_PER_WEEK), 0)
    while week < len(weekly) and DAYS_PER_WEEK * week < last:
        e = weekly[week] * _days_within(week, first, last) / DAYS_PER_WEEK
        pairs += growth[week] * e * e + 2.0 * e * run
        run += growth[week] * e
        total += e
        week += 1
    if total <= 0.0:
        return Window(0.0, kappa, kappa)
    return Window(total, kappa * pairs / (total * total), kappa * run / total)


@nb.njit(cache=True, inline="always")
def _days_within(week: int, first: float, last: float) -> float:
    return max(min(last, DAYS_PER_WEEK * (week + 1.0)) - max(first, DAYS_PER_WEEK * float(week)), 0.0)
