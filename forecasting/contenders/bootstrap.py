"""Demand over the lead time sampled from the series' own past: its windows, and the bootstrap of Willemain et al."""

import numba as nb
import numpy as np
import numpy.typing as npt

from domain.threads import in_threads, kernel
from forecasting.contenders.spread import law_of_samples
from forecasting.law import DemandLaw
from forecasting.series import Series

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

REPLICATIONS = 1000
STARTED = 1.0 / 6.0  # added to every count of transitions (Mosteller & Tukey 1977)


def empirical_windows(history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
    """Mean and variance of demand in all windows of `lead` periods of the past, overlapping ones too.

    A history shorter than two windows is cut into windows half its length. Raises ValueError as `law_of_samples`.
    """
    history.require_future(future_exposure, lead)
    rate, overdispersion = np.zeros((2, len(history)))
    in_threads(_windows, len(history), *_arrays(history), lead, rate, overdispersion)
    return law_of_samples(rate, overdispersion, history, future_exposure, lead)


def willemain(history: Series, future_exposure: Floats, lead: int, seed: int = 0) -> DemandLaw:
    """Bootstrap of demand over the lead time by Willemain, Smart & Schwarz (2004).

    Demand and no demand follow each other as a two-state Markov chain from the last state; a period with demand takes a
    past one's size X at random, jittered to 1 + ⌊X + z√X⌋ (X itself where that is not positive), z standard normal.
    Sizes are per exposure. All series share the random numbers of `seed`, so their order does not matter. Raises
    ValueError as `law_of_samples`.
    """
    history.require_future(future_exposure, lead)
    rng = np.random.default_rng(seed)
    periods = max(min(lead, future_exposure.shape[1]), 1)
    uniform, normal = rng.random((REPLICATIONS, periods, 2)), rng.standard_normal((REPLICATIONS, periods))
    ahead = np.ones((len(history), periods))
    some = future_exposure[:, :periods].sum(axis=1) > 0
    ahead[some] = future_exposure[some, :periods]
    rate, overdispersion = np.zeros((2, len(history)))
    in_threads(_bootstrap, len(history), *_arrays(history), ahead, uniform, normal, rate, overdispersion, few=1)
    return law_of_samples(rate, overdispersion, history, future_exposure, lead)


def _arrays(history: Series) -> tuple[Floats, Floats, Bools]:
    """Counts, exposure and evidence row by row in memory: a loop is compiled for one layout only."""
    counts, exposure = np.ascontiguousarray(history.counts), np.ascontiguousarray(history.exposure)
    return counts, exposure, np.ascontiguousarray(history.evidence())


@kernel
def _windows(
    first: int, last: int, counts: Floats, exposure: Floats, evidence: Bools, lead: int, rate: Floats, ratio: Floats
) -> None:
    """Units per exposure of all windows, and Σ(y − λe)²/Σλe over them, unbiased; 0 without evidence."""
    for row in range(first, last):
        known = np.flatnonzero(evidence[row])
        length = max(1, min(lead, len(known) // 2))
        windows = len(known) - length + 1
        if len(known) == 0:
            continue
        units, weeks = np.zeros(windows), np.zeros(windows)
        for window in range(windows):
            for period in known[window : window + length]:
                units[window] += counts[row, period]
                weeks[window] += exposure[row, period]
        rate[row] = units.sum() / weeks.sum()
        mean = rate[row] * weeks.sum()
        apart = windows / length  # windows that share no period
        if mean > 0.0 and apart > 1.0:
            ratio[row] = ((units - rate[row] * weeks) ** 2).sum() / mean * apart / (apart - 1.0)


@kernel
def _bootstrap(
    first: int,
    last: int,
    counts: Floats,
    exposure: Floats,
    evidence: Bools,
    ahead: Floats,
    uniform: Floats,
    normal: Floats,
    rate: Floats,
    ratio: Floats,
) -> None:
    """Units per exposure and variance over mean of sampled totals, shape (series,); 0 without demand in the past."""
    for row in range(first, last):
        sizes, stays, state = _chain(counts[row], exposure[row], evidence[row])
        if len(sizes) == 0:
            continue
        totals = np.zeros(len(uniform))
        for replication in range(len(uniform)):
            at = state
            for u in range(ahead.shape[1]):
                at = 1 if uniform[replication, u, 0] < stays[at] else 0
                if at == 1 and ahead[row, u] > 0.0:
                    x = sizes[int(uniform[replication, u, 1] * len(sizes))] * ahead[row, u]
                    jittered = 1.0 + np.floor(x + normal[replication, u] * np.sqrt(x))
                    totals[replication] += jittered if jittered > 0.0 else x
        mean = totals.mean()
        rate[row] = mean / ahead[row].sum()
        if mean > 0.0:
            ratio[row] = totals.var() / mean


@nb.njit(cache=True)
def _chain(counts: Floats, exposure: Floats, evidence: Bools) -> tuple[Floats, Floats, int]:
    """Past sizes per exposure, P(demand | last state without, with demand), and the last state; gaps are closed up."""
    known = np.flatnonzero(evidence)
    sizes = np.zeros(len(known))
    wanted, state = 0, 0
    moves = np.full((2, 2), STARTED)
    for at, period in enumerate(known):
        now = 1 if counts[period] > 0.0 else 0
        if now:
            sizes[wanted] = counts[period] / exposure[period]
            wanted += 1
        if at:
            moves[state, now] += 1.0
        state = now
    return sizes[:wanted], moves[:, 1] / (moves[:, 0] + moves[:, 1]), state
