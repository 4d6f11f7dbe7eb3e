"""History → Forecast: the demand of every part × region and week ahead, and the shares of the repair points."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, week_starts
from domain.forecast import Forecast
from domain.network import Network
from forecasting.events import days_within, event_factors
from forecasting.gamma_poisson import gamma_poisson
from forecasting.history import History, read_history
from forecasting.shares import point_shares

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]

WEEKS_PER_MONTH = 365.25 / 12 / DAYS_PER_WEEK
NOTHING = 1e-6  # units over the horizon below which a leaf is left out


def forecast(network: Network, weeks: int, lead_weeks: int) -> Forecast:
    """Forecast of `weeks` weeks, judged over the replenishment lead time of `lead_weeks`.

    Exposure is time (1 per week), times declared events; a planner's override replaces the mean of its days. Raises
    ValueError unless both are ≥ 1.
    """
    if weeks < 1 or lead_weeks < 1:
        raise ValueError("weeks and lead_weeks must be at least 1")
    history = read_history(network, weeks)
    bounds = np.append(week_starts(network.settings.as_of, weeks), week_starts(network.settings.as_of, weeks + 1)[-1])
    bounds[0] = np.datetime64(network.settings.as_of, "D") + 1  # the days before week 1 go into it
    period_weeks = WEEKS_PER_MONTH if network.settings.history_bucket == "month" else 1.0
    law = gamma_poisson(
        counts=history.counts,
        exposure=history.period_weeks * event_factors(network, history, history.bounds),
        starts=history.starts,
        classes=history.classes,
        future_exposure=_weeks_wanted(history, bounds) * event_factors(network, history, bounds),
        lead=max(1, round(lead_weeks / period_weeks)),
    )
    mean = _overridden(network, history, law.mean, bounds)
    keep = mean.sum(axis=1) >= NOTHING
    share_leaf, share_site, share = point_shares(network, history, law.batch_index, law.discount)
    kept = keep[share_leaf]
    return Forecast(
        as_of=network.settings.as_of,
        part=history.part[keep],
        region=history.region[keep],
        mean=mean[keep],
        batch_index=law.batch_index[keep],
        rate_shape=law.rate_shape[keep],
        discount=law.discount[keep] ** (1.0 / period_weeks),
        drift=law.drift[keep],
        share_leaf=(np.cumsum(keep) - 1)[share_leaf[kept]],
        share_site=share_site[kept],
        share=share[kept],
    )


def _weeks_wanted(history: History, bounds: Days) -> Floats:
    """Weeks of every period ahead in which the part is on sale and supported, shape (leaves, weeks)."""
    first = np.maximum(bounds[:-1], history.on_sale[:, None])
    after = np.minimum(bounds[1:], (history.retires + 1)[:, None])
    return np.clip((after - first).astype(np.float64), 0, None) / DAYS_PER_WEEK


def _overridden(network: Network, history: History, mean: Floats, bounds: Days) -> Floats:
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
