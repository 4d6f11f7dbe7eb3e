"""What a plan's stock targets achieve and cost, what more or less money would do, and what to buy next."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.forecast import Forecast
from domain.logistics import WEEKS_PER_YEAR
from domain.network import Network
from domain.plan import StockTargets
from domain.problems import ZapasError
from domain.service import BackorderCost, ServiceTarget
from optimizer.targets.bound import Bound, waiting_bound
from optimizer.targets.buy_list import buy_list
from optimizer.targets.frontier import UnitValue, row_per_group, with_budget
from optimizer.targets.frontier import frontier as efficient
from optimizer.targets.goals import Goal, by_group
from optimizer.targets.prices import with_hub_stock
from optimizer.targets.response import PricedStock
from optimizer.targets.system import System, build_system
from scenarios.pipeline import Tell
from scenarios.simulate import plan_to_judge
from storage.network_folder import read_network
from storage.plan_folder import read_plan

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MULTIPLES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 0.7, 1.0, 1.4, 2.0, 3.0, 4.5, 8.0)
"""Of the plan's prices of waiting, at which the frontier is drawn; at 1 stands the plan's own stock."""
CLASSES = (1, 3, 12, 52)
"""Pieces a year that divide slow movers from fast ones."""
DAYS_A_YEAR = DAYS_PER_WEEK * WEEKS_PER_YEAR
_CLASS_NAMES = [
    f"up to {CLASSES[0]} a year",
    *(f"{low} to {high} a year" for low, high in pairwise(CLASSES)),
    f"over {CLASSES[-1]} a year",
]
_KEPT = 2e-3  # relative shortfall beyond the promise that nobody sees


@dataclass(frozen=True)
class PlannedStock:
    """A plan's stock as the optimizer knows it, with the purchase value of a unit at every depot and point.

    The hubs of the system keep what the plan gives them.
    """

    system: System
    stock: PricedStock
    value: UnitValue


@dataclass(frozen=True)
class StockStudy:
    """What stock does; money in `currency` at purchase value, shares of units, service in the long run.

    hub_money, depot_money, point_money: the plan's base stock. bound: cost a week of its stock at depots and points and
    of waiting at the prices, against the least of any. groups: a row for each group with demand, then "" for all:
    group, demand (units a year), price (money per device waiting a week), achieved (share or days, as the group's
    target is meant; NaN where it is a price), met (None there), fill_rate, mean_wait_days, devices_waiting, stock_money
    (depots and points; a depot's by share of its demand), kept_cost_a_year, waiting_cost_a_year.
    frontier: group, price (of "" the multiple of the plan's prices), stock_money, kept_cost_a_year, fill_rate,
    mean_wait_days, waiting_cost_a_year, planned (the plan's own stock). budgeted: as groups, with at most `budget` at
    depots and points. purchases: part, name, site (depot), units, money, devices_fewer (waiting on an average day),
    saved_a_year (waiting), kept_a_year (what keeping the units at the depot costs), cumulative_money, at_hub (units
    there or on their way there), ranked by what they save per money, for `buy`. What was not asked for is None.
    """

    currency: str
    as_of: date
    targets: dict[str, ServiceTarget]
    hub_money: float
    depot_money: float
    point_money: float
    bound: Bound
    groups: pd.DataFrame
    frontier: pd.DataFrame
    budget: float | None = None
    budgeted: pd.DataFrame | None = None
    buy: float | None = None
    purchases: pd.DataFrame | None = None

    def json(self) -> dict[str, Any]:
        """The same as plain values; what is not known is None."""
        told: dict[str, Any] = {"currency": self.currency, "as_of": self.as_of.isoformat()}
        told |= {"stock": {"hub": self.hub_money, "depot": self.depot_money, "point": self.point_money}}
        told |= {"cost_a_week": self.bound.cost, "lower_bound": self.bound.lower_bound, "gap": self.bound.gap}
        told |= {"budget": self.budget, "buy": self.buy}
        for name in ("groups", "frontier", "budgeted", "purchases"):
            frame = getattr(self, name)
            told[name] = None if frame is None else _plain(frame)
        return told


def stock_study(
    directory: Path,
    out: Path,
    *,
    budget: float | None = None,
    buy: float | None = None,
    tell: Tell = lambda text: None,
) -> StockStudy:
    """Study the stock targets of plan `out` of network `directory`, at the plan's forecast and prices of waiting.

    Raises ZapasError when the plan was not made for this network, or money to spend is negative.
    """
    for name, money in (("budget", budget), ("buy", buy)):
        if money is not None and not (isfinite(money) and money >= 0.0):
            raise ZapasError(f"--{name} {money:g}: give an amount of money, 0 or more.")
    tell("Reading the network and the plan")
    network, folder = read_network(directory)[0], read_plan(out)
    unknown = set(folder.fact("parts")["part"]) - set(network.parts["part"])
    if unknown or folder.as_of != network.settings.as_of:
        why = f"it knows part {min(unknown)}" if unknown else f"it is of {folder.as_of}, not {network.settings.as_of}"
        raise ZapasError(f"{out}: this plan was not made for this network, {why}.")
    plan = plan_to_judge(network, folder)
    table = folder.frame("targets", ["part", "site", "group", "base_stock"])
    return studied(network, plan.forecast, StockTargets(table, plan.waiting_price), budget=budget, buy=buy, tell=tell)


def studied(
    network: Network,
    forecast: Forecast,
    targets: StockTargets,
    *,
    budget: float | None = None,
    buy: float | None = None,
    tell: Tell = lambda text: None,
) -> StockStudy:
    """Study stock targets of a forecast; `targets.table` needs part, site, group and base_stock.

    Raises ZapasError when they are not of this network and forecast.
    """
    tell("Setting up the stock of the plan")
    planned = planned_stock(network, forecast, targets)
    system, stock, value = planned.system, planned.stock, planned.value
    tell("Proving how far the stock is from the best")
    bound = waiting_bound(system, stock)
    tell("Drawing money against service")
    traded = frontier(planned)
    budgeted = None
    if budget is not None:
        tell("Looking for the best stock for the budget")
        best = with_budget(system, stock.price, budget, value)
        budgeted = _by_group(planned, PricedStock(stock.price, best.depot_stock, best.point_stock))
    purchases = None
    if buy is not None:
        tell("Ranking what to buy")
        purchases = _purchases(network, planned, buy)
    return StockStudy(
        currency=network.settings.currency,
        as_of=network.settings.as_of,
        targets=system.targets,
        hub_money=float(_unit_cost(network, system.part[system.hubs["first"]]) @ system.hub_stock),
        depot_money=float(value.depot @ stock.depot_stock),
        point_money=float(value.point @ stock.point_stock),
        bound=bound,
        groups=_by_group(planned, stock),
        frontier=traded,
        budget=budget,
        budgeted=budgeted,
        buy=buy,
        purchases=purchases,
    )


def planned_stock(network: Network, forecast: Forecast, targets: StockTargets) -> PlannedStock:
    """The base stocks of a table of targets behind its hubs, at its prices.

    Raises ZapasError when a group with demand has no price or a place with demand has no target.
    """
    system = build_system(network, forecast)
    names, price = list(system.targets), targets.waiting_price
    unpriced = [names[group] for group in np.unique(system.group) if names[group] not in price]
    if unpriced:
        raise ZapasError(f"The plan has no price of waiting for service group {unpriced[0]}; plan again.")
    behind = targets.table["group"].astype(str) == ""
    points, others = (
        targets.table[rows].astype({"part": str, "site": str}).set_index(["part", "site"])["base_stock"]
        for rows in (~behind, behind)
    )
    of_hub = system.part[system.hubs["first"]]
    hub_stock = np.zeros(len(of_hub), np.int64)
    buys = system.hubs["lead_weeks"] > 0.0  # the others are never out and keep nothing
    hub_stock[buys] = _base_stock(others, of_hub[buys], system.hub[buys])
    stock = PricedStock(
        np.array([price.get(name, 0.0) for name in names], float),
        _base_stock(others, system.part, system.depot),
        _base_stock(points, system.part[system.leaf], system.site),
    )
    cost = _unit_cost(network, system.part)
    return PlannedStock(with_hub_stock(system, hub_stock), stock, UnitValue(cost, cost[system.leaf]))


def frontier(planned: PlannedStock) -> pd.DataFrame:
    """Efficient stocks at MULTIPLES of the plan's prices and the plan's own, behind the hubs as they stand."""
    return efficient(planned.system, planned.stock, MULTIPLES, planned.value)


def by_demand(planned: PlannedStock) -> pd.DataFrame:
    """Where stock lies, by the pieces a year that a part is asked for in a region: how slow movers differ.

    wanted (a class of CLASSES), places (parts × regions), points_with_stock (share of their repair points), at_points,
    at_depots, at_hub (shares of the pieces stocked up to; a hub's by share of its demand), days (how long the pieces
    last in the mean).
    """
    system, stock = planned.system, planned.stock
    demand = np.bincount(system.leaf, system.echelons.points["demand"], len(system.part)) * WEEKS_PER_YEAR
    of_part = np.bincount(system.part_of_leaf, demand, len(system.hubs))
    places = pd.DataFrame(
        {
            "wanted": pd.cut(demand, [0.0, *CLASSES, np.inf], labels=_CLASS_NAMES),
            "demand": demand,
            "points": np.bincount(system.leaf, minlength=len(demand)),
            "with_stock": np.bincount(system.leaf[stock.point_stock > 0], minlength=len(demand)),
            "at_points": np.bincount(system.leaf, stock.point_stock, len(demand)),
            "at_depots": stock.depot_stock,
            "at_hub": system.hub_stock[system.part_of_leaf] * demand / of_part[system.part_of_leaf],
        }
    )
    sums = places.groupby("wanted", observed=True).sum()
    pieces = sums[["at_points", "at_depots", "at_hub"]]
    table = pieces.div(pieces.sum(axis=1), axis=0).assign(days=DAYS_A_YEAR * pieces.sum(axis=1) / sums["demand"])
    table.insert(0, "points_with_stock", sums["with_stock"] / sums["points"])
    table.insert(0, "places", places.groupby("wanted", observed=True).size())
    return table.reset_index()


def _by_group(planned: PlannedStock, stock: PricedStock) -> pd.DataFrame:
    """`StockStudy.groups` of any stock behind the plan's hubs."""
    system, goal = planned.system, Goal.of(planned.system)
    if len(system.part) == 0:
        return pd.DataFrame(columns=["group", "demand", "price", "achieved", "met", "fill_rate", "stock_money"])
    residual = goal.residual(system, stock)  # log(allowed / shortfall)
    short = np.maximum(goal.allowed, 1e-9) * np.exp(-residual)
    demand = by_group(system, system.echelons.points["demand"]) * WEEKS_PER_YEAR
    aimed = [not isinstance(target, BackorderCost) for target in system.targets.values()]
    of_group = pd.DataFrame(
        {
            "demand": demand,
            "achieved": np.where(aimed, np.where(goal.by_wait, short * DAYS_PER_WEEK, 1.0 - short), np.nan),
            "met": [bool(one >= -_KEPT) if known else None for one, known in zip(residual, aimed, strict=True)],
        },
        index=pd.Index(list(system.targets), name="group"),
    )
    whole = {"demand": demand.sum(), "achieved": np.nan, "met": None}
    of_group = pd.concat([of_group.astype(object), pd.DataFrame([whole], index=[""], dtype=object)])
    rows = row_per_group(system, stock, np.nan, planned.value).join(of_group, on="group")
    rows = rows.astype({"demand": float, "achieved": float})
    rows["devices_waiting"] = rows["mean_wait_days"] * rows["demand"] / (WEEKS_PER_YEAR * DAYS_PER_WEEK)
    return pd.concat([rows[rows["group"] != ""], rows[rows["group"] == ""]], ignore_index=True)


def _purchases(network: Network, planned: PlannedStock, money: float) -> pd.DataFrame:
    """What to buy next from what every region has or awaits, units of one part and depot that follow each other in one
    row.

    A part's price of waiting in a region is its groups' mean by demand: it turns money saved into devices.
    """
    system, price = planned.system, planned.stock.price[planned.system.group]
    sites = network.site_of
    region = sites["region"].reindex(pd.Index(system.depot)).to_numpy(object)
    there = _units_there(network)
    of_region = there.assign(region=there["site"].map(sites["region"])).groupby(["part", "region"])["units"].sum()
    on_hand = _looked_up(of_region, system.part, region)
    ranked = buy_list(system, planned.stock, on_hand, planned.value.depot, money)
    demand = system.echelons.points["demand"]
    dearness = np.bincount(system.leaf, price * demand, len(system.part)) / np.bincount(system.leaf, demand)
    leaf = pd.MultiIndex.from_arrays([system.part, system.depot])
    row = leaf.get_indexer(pd.MultiIndex.from_frame(ranked[["part", "site"]]))
    ranked["devices_fewer"] = ranked["saved_a_year"] / (WEEKS_PER_YEAR * dearness[row])
    ranked["kept_a_year"] = WEEKS_PER_YEAR * ranked["units"] * system.echelons.leaves["holding"][row]
    run = (ranked[["part", "site"]] != ranked[["part", "site"]].shift()).any(axis=1).cumsum()
    sums = {name: (name, "sum") for name in ("units", "money", "devices_fewer", "saved_a_year", "kept_a_year")}
    kept = {name: (name, "last") for name in ("part", "site", "cumulative_money")}
    rows = ranked.groupby(run, sort=True).agg(**kept, **sums).reset_index(drop=True)
    at_hub = there[there["site"].map(sites["kind"]) == "origin"].groupby("part")["units"].sum()
    rows["at_hub"] = rows["part"].map(at_hub).fillna(0).astype(np.int64)
    rows["name"] = rows["part"].map(network.parts.set_index("part")["name"]).fillna("")
    return rows[["part", "name", "site", *sums, "cumulative_money", "at_hub"]]


def _units_there(network: Network) -> pd.DataFrame:
    """Good units on the shelves that do not expire before today, and frozen orders on their way: part, site, units."""
    stock = network.stock
    kept = (stock["condition"] == "good") & ~(stock["expires"] < pd.Timestamp(network.settings.as_of))
    shelves = stock.loc[kept, ["part", "site", "on_hand"]].rename(columns={"on_hand": "units"})
    way = network.inbound[["part", "destination", "quantity"]]
    return pd.concat([shelves, way.rename(columns={"destination": "site", "quantity": "units"})], ignore_index=True)


def _base_stock(of_place: "pd.Series[int]", part: Any, site: Any) -> Ints:
    """Base stock by part and site. Raises ZapasError where there is none."""
    key = pd.MultiIndex.from_arrays([part, site])
    found = of_place.reindex(key).to_numpy(float)
    if np.isnan(found).any():
        missing = key[np.isnan(found)][0]
        raise ZapasError(
            f"The plan has no stock target for part {missing[0]} at {missing[1]}, which has demand; plan again."
        )
    return found.astype(np.int64)


def _looked_up(units: "pd.Series[int]", part: Any, where: Any) -> Ints:
    found = units.reindex(pd.MultiIndex.from_arrays([part, where])).to_numpy(float)
    return np.nan_to_num(found).astype(np.int64)


def _unit_cost(network: Network, part: Any) -> Floats:
    return network.parts.set_index("part")["unit_cost"].reindex(pd.Index(part)).to_numpy(float)


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(column): None if pd.isna(value) else value for column, value in row.items()}
        for row in frame.to_dict("records")
    ]
