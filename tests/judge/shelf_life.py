"""How much may be at a region without outliving its shelf life (decision 0003, shelf life)."""

import numpy as np
import pandas as pd

from .calendar import Calendar
from .laws import Floats, quantile
from .leaves import Leaves, demand_moments, weekly_means
from .prices import Prices

_SOLD_IN_TIME = 0.9  # probability with which the last unit is wanted before it expires


def most_shipped(forecast: pd.DataFrame, calendar: Calendar, prices: Prices, leaves: Leaves) -> Floats:
    """Most units shipped with slot ≤ k where anything arrives in slot k, shape (leaves, K + 1); infinity is no limit.

    O + A_k ≤ the 90 % quantile of D(1..k + ⌊shelf_life_days / 7⌋), demand in full uncertainty, cut at the last week of
    the forecast.
    """
    life = np.array([prices.part[part].shelf_life_days for part, _ in leaves.key], dtype=np.float64)
    most = np.full((len(life), calendar.weeks + 1), np.inf)
    if np.isnan(life).all():
        return most
    mean, law = weekly_means(forecast, calendar, None)
    weeks = mean.shape[1]
    whole, variance = demand_moments(mean.to_numpy(dtype=np.float64), law, np.full(len(mean), weeks))
    for leaf in np.flatnonzero(~np.isnan(life)):
        until = np.minimum(np.arange(1, calendar.weeks + 1) + int(life[leaf] // 7), weeks) - 1
        wanted = quantile(whole[leaf, until], variance[leaf, until], _SOLD_IN_TIME)
        most[leaf, 1:] = wanted - leaves.position[leaf]
    return most


def too_old(leaves: Leaves, most: Floats, arrived: Floats) -> list[str]:
    """Slots in which something arrives although it will not all be wanted in time, in words.

    most: of `most_shipped`; arrived: X_k, shape (leaves, K + 1).
    """
    brings = np.diff(arrived, axis=1, prepend=0.0) > 0.0
    words = []
    for leaf, slot in np.argwhere(brings & (arrived > most + 1e-6)):
        (part, region), here = leaves.key[leaf], leaves.position[leaf, slot - 1]
        words.append(
            f"{part} in {region}, week {slot}: {here + arrived[leaf, slot]:g} units are there, only "
            f"{here + most[leaf, slot]:g} are wanted before they expire"
        )
    return words
