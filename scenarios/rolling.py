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
from simulation.referee.position import table_of
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


def opening(network: Network, targets: StockTargets) -> Network:
    """The network on the day it opens: repair points have their base stock, depots and hubs nothing, nothing is under
    way, broken or asked for.

    Stock of the past is the same for whoever orders from now on, and lies about for years: it would hide what differs.
    """
    kind = targets.table["site"].map(network.site_of["kind"])
    shelves = targets.table[(kind == "repair_point") & (targets.table["base_stock"] > 0)]
    columns = {name: shelves[name].to_numpy() for name in ("site", "part")}
    stock = table_of("stock", **columns, condition="good", on_hand=shelves["base_stock"].to_numpy(np.int64))
    empty = {name: getattr(network, name).iloc[:0] for name in ("inbound", "repair_orders")}
    return replace(network, stock=stock, **empty)


def without_shared_limits(network: Network) -> Network:
    """The network without the rules that a reorder policy of single depots knows nothing of: budgets, capacities,
    storage, minimum order values, frozen weeks, churn."""
    free = replace(network.settings, budget_per_period=None, frozen_weeks=0, churn_cost=0.0)
    return replace(
        network,
        settings=free,
        budgets=network.budgets.iloc[:0],
        lanes=network.lanes.assign(capacity_kg_per_week=np.nan, capacity_m3_per_week=np.nan),
        sites=network.sites.assign(storage_m3=np.nan),
        suppliers=network.suppliers.assign(minimum_order_value=0.0),
    )
