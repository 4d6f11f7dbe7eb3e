"""The problems measured: the small demo, or so many of its parts with limits in proportion."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from domain.forecast import Forecast
from domain.network import Network
from domain.plan import StockTargets
from optimizer.replenishment.instance import Instance, build_instance
from scenarios.pipeline import STEPS, Planning, run_step
from simulation.demo import generate
from storage.network_folder import network_from_tables

_LIMITS = ("capacity_kg_per_week", "capacity_m3_per_week", "minimum_charge", "cost_per_consignment", "consignment_kg")


@dataclass(frozen=True)
class Problem:
    """What replenishment takes."""

    network: Network
    forecast: Forecast
    targets: StockTargets

    def instance(self) -> Instance:
        """The same as arrays."""
        return build_instance(self.network, self.forecast, self.targets)


def small_demo(seed: int = 1) -> Problem:
    """The small demo with its forecast and stock targets."""
    demo = generate("small", seed=seed)
    network, _ = network_from_tables(demo.tables, demo.settings)
    planning = Planning(network)
    for step in STEPS[:2]:
        planning = run_step(step, planning, lambda text: None)
    if planning.forecast is None or planning.targets is None:
        raise ValueError("the pipeline no longer begins with forecast and targets")
    return Problem(network, planning.forecast, planning.targets)


def part_of(problem: Problem, parts: int) -> Problem:
    """So many parts, evenly spread over all by the value of their demand; limits shrink as demand does.

    The budget is cut to the parts' share of the value, what a lane carries and what a consignment holds and costs to
    their share of the weight wanted at its destination: a consignment is as full as it was. No limit falls below one
    unit of the heaviest or bulkiest part, nor the budget below the dearest minimum order: else some could never move.
    """
    network, forecast = problem.network, problem.forecast
    part = network.parts.set_index("part")
    wanted = forecast.mean.sum(axis=1)
    value = wanted * part["unit_cost"].reindex(forecast.part).to_numpy(float)
    names, of = np.unique(forecast.part.astype(str), return_inverse=True)
    by_value = names[np.lexsort((names, np.bincount(of, value)))]
    chosen = set(by_value[(np.arange(parts) * len(names) + len(names) // 2) // parts])
    mine = np.isin(forecast.part.astype(str), list(chosen))
    depot = np.array([network.depot_of_region[region] for region in forecast.region], dtype=object)
    kg = wanted * part["weight_kg"].reindex(forecast.part).to_numpy(float)
    return Problem(
        _shrunk(network.with_parts(chosen), float(value[mine].sum() / value.sum()), _shares(depot, kg, mine)),
        _forecast_of(forecast, mine),
        replace(problem.targets, table=problem.targets.table[problem.targets.table["part"].isin(chosen)]),
    )


def _shares(
    depot: npt.NDArray[np.object_], kg: npt.NDArray[np.float64], mine: npt.NDArray[np.bool_]
) -> dict[str, float]:
    return {site: float(kg[mine & (depot == site)].sum() / kg[depot == site].sum()) for site in sorted(set(depot))}


def _shrunk(network: Network, money: float, weight: dict[str, float]) -> Network:
    share = network.lanes["destination"].map(weight).fillna(1.0).to_numpy(float)
    parts, settings = network.parts, network.settings
    lanes = network.lanes.assign(**{name: network.lanes[name] * share for name in _LIMITS})
    for column, unit in (
        ("capacity_kg_per_week", parts["weight_kg"]),
        ("capacity_m3_per_week", parts["volume_l"] / 1000),
    ):
        lanes[column] = lanes[column].clip(lower=float(unit.max()) * (1 + 1e-9))
    orders = np.maximum(parts["moq"], parts["order_multiple"]) * parts["unit_cost"]
    budget, least = settings.budget_per_period, float(orders.max())
    return replace(
        network,
        lanes=lanes,
        budgets=network.budgets.assign(amount=(network.budgets["amount"] * money).clip(lower=least)),
        settings=replace(settings, budget_per_period=None if budget is None else max(budget * money, least)),
    )


def _forecast_of(forecast: Forecast, mine: npt.NDArray[np.bool_]) -> Forecast:
    row = np.cumsum(mine) - 1
    shares = mine[forecast.share_leaf]
    rows = {name: getattr(forecast, name)[mine] for name in _BY_LEAF}
    points = {name: getattr(forecast, name)[shares] for name in ("share_site", "share")}
    return replace(forecast, share_leaf=row[forecast.share_leaf[shares]], **rows, **points)


_BY_LEAF = ("part", "region", "mean", "batch_index", "rate_shape", "discount", "drift")
