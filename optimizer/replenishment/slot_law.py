"""Random lead times of a lane that does not overtake: which arrival slot was the last one in (MODEL 3)."""

from math import erf, sqrt

import numpy as np
import numpy.typing as npt

EARLIEST, LATEST = -2, 4  # weeks a slot may come before or after its nominal week


def delay_law(sd_weeks: float) -> npt.NDArray[np.float64]:
    """P(delay = EARLIEST..LATEST weeks): the rounded normal of mean 0, cut off and renormalised, shape (7,)."""
    delays = np.arange(EARLIEST, LATEST + 1)
    if sd_weeks <= 0:
        return np.asarray(delays == 0, dtype=float)
    below = np.array([0.5 * (1 + erf(edge / (sd_weeks * sqrt(2)))) for edge in np.append(delays - 0.5, LATEST + 0.5)])
    probability = np.diff(below)
    law: npt.NDArray[np.float64] = probability / probability.sum()
    return law


def slot_law(sd_weeks: float, weeks: int) -> npt.NDArray[np.float64]:
    """ρ_t(k) = P(slot k is the last one in by the end of week t), shape (weeks + 1, weeks + 1), rows add up to 1.

    Slot k arrives in week k + delay, but never before slot k − 1: ρ_t(k) = Π_{j≤k} F(t − j) − Π_{j≤k+1} F(t − j).
    Row and column 0 stand for "before week 1" and "none yet".
    """
    cumulative = np.concatenate([[0.0], np.cumsum(delay_law(sd_weeks))])
    cumulative[-1] = 1.0
    t, j = np.arange(weeks + 1)[:, None], np.arange(1, weeks + 1)[None, :]
    in_by = cumulative[np.clip(t - j - EARLIEST + 1, 0, LATEST - EARLIEST + 1)]
    all_in = np.concatenate([np.ones((weeks + 1, 1)), np.cumprod(in_by, axis=1), np.zeros((weeks + 1, 1))], axis=1)
    law: npt.NDArray[np.float64] = all_in[:, :-1] - all_in[:, 1:]
    return law
