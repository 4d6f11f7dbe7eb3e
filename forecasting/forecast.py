"""History → Forecast: the demand of every part × region and week ahead, and the shares of the repair points."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, week_starts
from domain.forecast import Forecast
from domain.network import Network
from forecasting.exposure import exposures
from forecasting.history import read_history
from forecasting.installed_base.wandering import wandering
from forecasting.methods import SURVIVORS
from forecasting.mix import Methods
from forecasting.overrides import overridden
from forecasting.quality_of_parts import quality_exceptions, quality_signals
from forecasting.selection import blended, select
from forecasting.shares import point_shares
from forecasting.trials import network_trials

Floats = npt.NDArray[np.float64]

WEEKS_PER_MONTH = 365.25 / 12 / DAYS_PER_WEEK
NOTHING = 1e-6  # units over the horizon below which a leaf is left out


@dataclass(frozen=True)
class Forecasting:
    """A forecast and how it came about.

    methods: what made it. basis: what every leaf was counted against (part, region, basis). signals: parts that fail
    above their category, as exceptions of a plan.
    """

    forecast: Forecast
    methods: Methods
    basis: pd.DataFrame
    signals: pd.DataFrame


def forecast(network: Network, weeks: int, lead_weeks: int, methods: Methods | None = None) -> Forecasting:
    """Forecast of `weeks` weeks, judged over the replenishment lead time of `lead_weeks`.

    Exposure is the expected failures of the installed base, or time where no sales are known, times declared events.
    Methods are chosen by trials at earlier origins unless they are given. A planner's override replaces the mean of its
    days. Raises ValueError unless weeks and lead_weeks are ≥ 1.
    """
    if weeks < 1 or lead_weeks < 1:
        raise ValueError("weeks and lead_weeks must be at least 1")
    history = read_history(network, weeks)
    bounds = np.append(week_starts(network.settings.as_of, weeks), week_starts(network.settings.as_of, weeks + 1)[-1])
    bounds[0] = np.datetime64(network.settings.as_of, "D") + 1  # the days before week 1 go into it
    period_weeks = WEEKS_PER_MONTH if network.settings.history_bucket == "month" else 1.0
    lead = max(1, round(lead_weeks / period_weeks))
    methods = methods or select(network_trials(network, history, lead), SURVIVORS, lead)
    exposure = exposures(network, history, bounds)
    period = np.floor((np.arange(weeks) + 0.5) / period_weeks).astype(np.int64)  # in which the middle of a week lies
    ahead: Floats = np.add.reduceat(exposure.future, np.flatnonzero(np.diff(period, prepend=-1)), axis=1)
    law = blended(methods, SURVIVORS, history.class_names, history.series(exposure.past), ahead)
    rate = np.divide(law.mean, ahead, out=np.zeros_like(ahead), where=ahead > 0)
    mean, overrides = overridden(network, history, rate[:, period] * exposure.future, bounds)
    discount, drift = wandering(mean, law.rate_shape, law.discount ** (1.0 / period_weeks), law.drift, exposure.wander)
    keep = mean.sum(axis=1) >= NOTHING
    share_leaf, share_site, share = point_shares(network, history, law.batch_index, law.discount)
    kept = keep[share_leaf]
    made = Forecast(
        as_of=network.settings.as_of,
        part=history.part[keep],
        region=history.region[keep],
        mean=mean[keep],
        batch_index=law.batch_index[keep],
        rate_shape=law.rate_shape[keep],
        discount=discount[keep],
        drift=drift[keep],
        share_leaf=(np.cumsum(keep) - 1)[share_leaf[kept]],
        share_site=share_site[kept],
        share=share[kept],
        overrides=overrides,
    )
    basis = pd.DataFrame({"part": made.part, "region": made.region, "basis": exposure.basis[keep]})
    return Forecasting(made, methods, basis, quality_exceptions(network, quality_signals(network, history)))
