"""The stock targets of a network: base stock of every part at hub, depots and repair points, and what it achieves."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.forecast import Forecast
from domain.logistics import WEEKS_PER_YEAR
from domain.network import Network
from domain.plan import StockTargets
from optimizer.targets.hub import hub_service
from optimizer.targets.performance import Performance, performance
from optimizer.targets.prices import find_prices, with_hub_stock, with_hubs
from optimizer.targets.response import PricedStock
from optimizer.targets.stay import Previous, settle, settle_hubs, since, stays
from optimizer.targets.system import System, build_system
from optimizer.targets.waits import waits

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]
Columns = dict[str, npt.NDArray[Any]]


def stock_targets(network: Network, forecast: Forecast, previous: Previous | None = None) -> StockTargets:
    """Base stock that keeps every service group's promise at least cost of holding and placement (MODEL 2).

    Points have their own base stock and the group they belong to; those of depot and hub, behind the points, have group
    "". A depot whose own users need parts has both rows: theirs is part of the shelf kept back for them. A hub has rows
    for parts whose supplier takes time: it buys a lot when stock and orders fall below its base stock. What does not
    pay to change is left as the `previous` targets have it, where the settings ask for that.
    """
    system, near = with_hubs(build_system(network, forecast))
    settings = network.settings
    earlier = previous if stays(settings) else None
    if earlier:
        system = settle_hubs(system, near, earlier, settings)
    stock = find_prices(system, near)
    if earlier:
        stock = settle(system, stock, earlier, settings)
    targets = targets_of(system, stock)
    targets.table["since"] = since(targets.table, earlier, settings)
    return targets


def targets_of(system: System, stock: PricedStock) -> StockTargets:
    """The table of a system's stock, sorted by part, site and group."""
    now = performance(system.echelons, stock.depot_stock, stock.point_stock)
    days = waits(system.echelons, stock.depot_stock, stock.point_stock, now.fill)
    levels = [_points(system, stock, now, days[1]), _depots(system, stock, now, days[0]), _hubs(system, stock, now)]
    del now, days
    order = np.lexsort([_rank([level[name] for level in levels]) for name in ("group", "site", "part")])
    columns = {}
    for name in list(levels[0]):  # one by one: a network of 14 million rows is not to be held three times
        columns[name] = np.concatenate([level.pop(name) for level in levels])[order]
    prices = {group: float(price) for group, price in zip(system.targets, stock.price, strict=True)}
    return StockTargets(pd.DataFrame(columns, copy=False), prices)


def _points(system: System, stock: PricedStock, now: Performance, wait_95: Ints) -> Columns:
    e, price = system.echelons, stock.price[system.group]
    less = performance(e, stock.depot_stock, np.maximum(stock.point_stock - 1, 0)).backorders - now.backorders
    only_line = np.where(stock.point_stock == 1, e.points["line"], 0.0)
    new_line = np.where(stock.point_stock == 0, e.points["line"], 0.0)
    return {
        "part": system.part[system.leaf],
        "site": system.site,
        "group": np.array(list(system.targets), dtype=object)[system.group],
        "base_stock": stock.point_stock,
        "fill_rate": now.fill,
        "promised": np.full(len(system.site), np.nan),
        "expected_backorders": now.backorders,
        "mean_wait_days": now.backorders / e.points["demand"] * DAYS_PER_WEEK,
        "wait_95_days": wait_95.astype(float),
        "pipeline": now.pipeline,
        "value_of_last_unit": _of_last(price * less - e.points["holding"] - only_line, stock.point_stock),
        "value_of_next_unit": (price * now.out - e.points["holding"] - new_line) * WEEKS_PER_YEAR,
    }


def _depots(system: System, stock: PricedStock, now: Performance, wait_95: Ints) -> Columns:
    e, leaves = system.echelons, len(system.part)

    def waiting(depot_stock: Ints) -> Floats:
        other = performance(e, depot_stock, stock.point_stock)
        saved = stock.price[system.group] * (other.backorders - now.backorders)
        return np.bincount(system.leaf, saved, leaves).astype(float)

    only_line = np.where(stock.depot_stock == 1, e.leaves["line"], 0.0)
    new_line = np.where(stock.depot_stock == 0, e.leaves["line"], 0.0)
    demand = np.bincount(system.leaf, (1.0 - e.points["local_share"]) * e.points["demand"], leaves)
    last = waiting(np.maximum(stock.depot_stock - 1, 0)) - e.leaves["holding"] - only_line
    return {
        "part": system.part,
        "site": system.depot,
        "group": np.full(leaves, "", dtype=object),
        "base_stock": stock.depot_stock,
        "fill_rate": now.depot_fill,
        "promised": np.full(leaves, np.nan),
        "expected_backorders": now.depot_backorders,
        "mean_wait_days": now.depot_backorders / demand * DAYS_PER_WEEK,
        "wait_95_days": wait_95.astype(float),
        "pipeline": now.depot_pipeline,
        "value_of_last_unit": _of_last(last, stock.depot_stock),
        "value_of_next_unit": (-waiting(stock.depot_stock + 1) - e.leaves["holding"] - new_line) * WEEKS_PER_YEAR,
    }


def _hubs(system: System, stock: PricedStock, now: Performance) -> Columns:
    hubs, parts = system.hubs, len(system.hubs)

    def waiting(hub_stock: Ints) -> Floats:
        other = with_hub_stock(system, hub_stock)
        found = performance(other.echelons, stock.depot_stock, stock.point_stock)
        saved = stock.price[system.group] * (found.backorders - now.backorders)
        return np.bincount(system.part_of_leaf[system.leaf], saved, parts).astype(float)

    served = hub_service(system.echelons, hubs, system.hub_stock)
    only_line = np.where(system.hub_stock == 1, hubs["line"], 0.0)
    new_line = np.where(system.hub_stock == 0, hubs["line"], 0.0)
    last = waiting(np.maximum(system.hub_stock - 1, 0)) - hubs["holding"] - only_line
    rows = {
        "part": system.part[hubs["first"]],
        "site": system.hub,
        "group": np.full(parts, "", dtype=object),
        "base_stock": system.hub_stock,
        "fill_rate": served[:, 2],
        "promised": np.full(parts, np.nan),
        "expected_backorders": served[:, 1],
        "mean_wait_days": served[:, 1] / served[:, 0] * DAYS_PER_WEEK,
        "wait_95_days": np.full(parts, np.nan),
        "pipeline": served[:, 0] * hubs["lead_weeks"],
        "value_of_last_unit": _of_last(last, system.hub_stock),
        "value_of_next_unit": (-waiting(system.hub_stock + 1) - hubs["holding"] - new_line) * WEEKS_PER_YEAR,
    }
    return {name: column[hubs["lead_weeks"] > 0.0] for name, column in rows.items()}


def _of_last(value: Floats, stock: Ints) -> Floats:
    """Money a week of the last unit, as money a year; NaN where there is none."""
    return np.where(stock > 0, value * WEEKS_PER_YEAR, np.nan)


def _rank(ids: list[Objects]) -> Ints:
    """Place of each id among the sorted distinct ones: half a million ids sort ten times faster as numbers."""
    return pd.factorize(np.concatenate(ids), sort=True)[0].astype(np.int64)
