"""Exposure: what demand is counted against, in past periods and coming weeks (MODEL 1)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.calendar import DAYS_PER_WEEK
from domain.network import Network
from forecasting.events import event_factors
from forecasting.history import History

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Exposure:
    """Exposure ≥ 0 of every leaf: past, shape (leaves, periods); future, shape (leaves, weeks)."""

    past: Floats
    future: Floats


def exposures(network: Network, history: History, bounds: Days) -> Exposure:
    """Weeks in which a part may be wanted, times declared events; bounds: first day of each week ahead and the end."""
    return Exposure(
        past=history.period_weeks * event_factors(network, history, history.bounds),
        future=_weeks_wanted(history, bounds) * event_factors(network, history, bounds),
    )


def _weeks_wanted(history: History, bounds: Days) -> Floats:
    """Weeks of every period ahead in which the part is on sale and supported, shape (leaves, weeks)."""
    first = np.maximum(bounds[:-1], history.on_sale[:, None])
    after = np.minimum(bounds[1:], (history.retires + 1)[:, None])
    return np.clip((after - first).astype(np.float64), 0, None) / DAYS_PER_WEEK
