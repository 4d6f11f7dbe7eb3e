"""The best premium of a concave bound: where the tangents of both sides meet, the next is tried (Kelley 1960)."""

import numba as nb
import numpy as np

from optimizer.replenishment.program.facts import Floats

_TOLERANCE = 1e-5  # of a part's bound: what another premium may at most add

# What is known: a premium below the best with its bound and slope, one above, the next step, the best bound.
_LOW, _LOW_BOUND, _LOW_SLOPE, _HIGH, _HIGH_BOUND, _HIGH_SLOPE, _STEP, _BEST = range(8)


@nb.njit(cache=True, error_model="numpy")
def new_search(unit_cost: float) -> Floats:
    """Nothing tried yet; the first step is a twentieth of the unit cost."""
    search = np.full(8, np.nan)
    search[_STEP], search[_BEST] = 0.05 * unit_cost + 1e-6, -np.inf
    return search


@nb.njit(cache=True, error_model="numpy")
def next_trial(search: Floats, premium: float, bound: float, slope: float, lowest: float) -> float:
    """The premium to try after this one, not below `lowest`; NaN where none promises a better bound."""
    search[_BEST] = max(search[_BEST], bound)
    if slope == 0 or (slope < 0 and premium <= lowest):
        return np.nan
    if slope > 0:
        search[_LOW], search[_LOW_BOUND], search[_LOW_SLOPE] = premium, bound, slope
    else:
        search[_HIGH], search[_HIGH_BOUND], search[_HIGH_SLOPE] = premium, bound, slope
    step: float = search[_STEP]
    search[_STEP] = 4.0 * step
    if np.isnan(search[_HIGH]):
        return premium + step
    if np.isnan(search[_LOW]):
        return max(premium - step, lowest)
    low, high = search[_LOW], search[_HIGH]
    meeting = search[_HIGH_BOUND] - search[_LOW_BOUND] + search[_LOW_SLOPE] * low - search[_HIGH_SLOPE] * high
    meeting /= search[_LOW_SLOPE] - search[_HIGH_SLOPE]
    promise = search[_LOW_BOUND] + search[_LOW_SLOPE] * (meeting - low)
    if promise - search[_BEST] <= _TOLERANCE * abs(search[_BEST]) or not low < meeting < high:
        return np.nan
    return float(meeting)
