"""A planner's quantity per week replaces the system's mean on its days."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.network import Network
from forecasting.events import days_within
from forecasting.history import History

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]


def overridden(network: Network, history: History, mean: Floats, bounds: Days) -> Floats:
    """Means in which the planner's quantity per week holds on the days of an override; the latest written wins."""
    rows = network.overrides.sort_values(["created", "part", "region", "start", "end"], kind="stable")
    leaves = pd.MultiIndex.from_arrays([history.part, history.region])
    leaf = leaves.get_indexer(pd.MultiIndex.from_arrays([rows["part"], rows["region"]]))
    starts, ends = rows["start"].to_numpy("datetime64[D]"), rows["end"].to_numpy("datetime64[D]") + 1
    days = np.diff(bounds).astype(np.float64)
    result = mean.copy()
    for row, start, end, per_week in zip(leaf, starts, ends, rows["quantity_per_week"], strict=True):
        if row >= 0:
            share = days_within(bounds, start, end) / days
            result[row] += share * (per_week * days / DAYS_PER_WEEK - result[row])
    return result
