"""The plan as it is meant to be used: made anew every week from where everything is then (MODEL 3), for the referee."""

from dataclasses import replace

import numpy as np
import pandas as pd

from domain.departures import inner_weeks
from domain.forecast import Forecast
from domain.logistics import supply_lanes
from domain.network import Network
from domain.plan import StockTargets
from optimizer.replenishment import Params, replenish
from simulation.referee.rolling import Decide


def later(forecast: Forecast, gone: int, weeks: int) -> Forecast:
    """What was forecast, seen `gone` weeks later: the same weeks ahead under their new numbers, `weeks` of them.

    Beyond its end the last mean holds, as for the referee. Nothing is learnt.
    """
    at = np.minimum(gone + np.arange(weeks), forecast.weeks - 1)
    as_of = (pd.Timestamp(forecast.as_of) + pd.Timedelta(weeks=gone)).date()
    return replace(forecast, as_of=as_of, mean=np.ascontiguousarray(forecast.mean[:, at]))


def replanning(forecast: Forecast, targets: StockTargets, params: Params | None = None) -> Decide:
    """Decides by a new replenishment plan, with the same stock targets and prices of waiting."""

    def decide(network: Network, week: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        weeks = inner_weeks(network, supply_lanes(network).lead_days)
        made = replenish(network, later(forecast, week, weeks), targets, params)
        return made.shipments, made.purchase_orders

    return decide
