"""History → Forecast: the demand of every part × region and week ahead, and the shares of the repair points."""

import numpy as np

from domain.calendar import week_starts
from domain.forecast import Forecast
from domain.network import Network
from forecasting.exposure import exposures
from forecasting.gamma_poisson import gamma_poisson
from forecasting.history import read_history
from forecasting.overrides import overridden
from forecasting.series import Series
from forecasting.shares import point_shares

WEEKS_PER_MONTH = 365.25 / 12 / 7
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
    exposure = exposures(network, history, bounds)
    past = Series(history.counts, exposure.past, history.starts, history.classes)
    law = gamma_poisson(past, exposure.future, max(1, round(lead_weeks / period_weeks)))
    mean, overrides = overridden(network, history, law.mean, bounds)
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
        overrides=overrides,
    )
