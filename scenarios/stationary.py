"""What the targets claim for the long run, beside what the referee plays when base stock is in place."""

from dataclasses import replace

import numpy as np
import pandas as pd

from domain.forecast import Forecast
from domain.network import Network
from optimizer.targets.system import System, build_system
from scenarios.pipeline import Tell
from simulation.referee.stationary import Steady, long_run, settle


def stationary(
    network: Network,
    forecast: Forecast,
    targets: pd.DataFrame,
    replications: int,
    weeks: int,
    seed: int = 1,
    *,
    fifo: bool = False,
    tell: Tell = lambda text: None,
) -> pd.DataFrame:
    """Stationary fill rate by service group, promised by `targets` (table of `StockTargets`) and played.

    Columns group, promised, achieved, low, high (95 % interval), demands (units played). Each leaf is played at the
    rate its target was computed for, `weeks` weeks after a warm-up, its Θ drawn once a replication. fifo: as `settle`.
    """
    system = build_system(network, forecast)
    run = long_run(network, at_rate_of(system, network, forecast), targets, weeks)
    return beside(system, targets, settle(run, replications, seed, fifo, tell))


def at_rate_of(system: System, network: Network, forecast: Forecast) -> Forecast:
    """The forecast of one week whose leaves, points, rates and laws are those of the engine."""
    region = network.site_of["region"].reindex(system.depot).to_numpy(object)
    demand = system.echelons.points["demand"]
    total = np.bincount(system.leaf, demand, len(system.part)).astype(float)
    return replace(
        forecast,
        part=system.part,
        region=region,
        mean=total[:, None],
        batch_index=system.echelons.leaves["batch_index"].copy(),
        rate_shape=system.rate_shape,
        discount=np.ones(len(region)),
        drift=np.zeros(len(region)),
        share_leaf=system.leaf,
        share_site=system.site,
        share=demand / total[system.leaf],
    )


def beside(system: System, targets: pd.DataFrame, steady: Steady) -> pd.DataFrame:
    """Promised and achieved by group; the promise is weighted by the rates of the engine."""
    table = targets[targets["group"] != ""].set_index(["part", "site"])["fill_rate"]
    of_point = pd.MultiIndex.from_arrays([system.part[system.leaf], system.site])
    fill, demand = table.reindex(of_point).to_numpy(float), system.echelons.points["demand"]
    if np.isnan(fill).any():
        part, site = of_point[np.flatnonzero(np.isnan(fill))[0]]
        raise ValueError(f"the targets have no fill rate for part {part} at {site}, which has demand")
    groups = len(system.targets)
    weight = np.bincount(system.group, demand, groups)
    promised = np.divide(np.bincount(system.group, demand * fill, groups), weight, where=weight > 0, out=0.0 * weight)
    rows = [
        {
            "group": name,
            "promised": promised[row],
            "achieved": steady.service[name].value,
            "low": steady.service[name].low,
            "high": steady.service[name].high,
            "demands": steady.asked[name],
        }
        for row, name in enumerate(system.targets)
        if name in steady.service
    ]
    return pd.DataFrame(rows, columns=["group", "promised", "achieved", "low", "high", "demands"])
