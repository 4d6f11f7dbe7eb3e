"""What service costs: the efficient frontier of money against waiting, and the best stock for a given money."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.logistics import WEEKS_PER_YEAR
from optimizer.targets.local_search import sites_kept_cost
from optimizer.targets.performance import performance
from optimizer.targets.prices import CHEAPEST, DEAREST
from optimizer.targets.response import PricedStock, respond
from optimizer.targets.system import System
from optimizer.targets.trades import (
    SMALL,
    Neighbours,
    Room,
    barred,
    of_leaves,
    points_of,
    same,
    shifted,
    trade,
    with_leaves,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HALVINGS = 25  # of a budget's multiplier, to a millionth: only units at the very margin are undecided
FILLING, ROUNDS = 20, 10  # rounds in which what is left of a budget buys units, and in which leaves trade
EXAMINED = 200  # leaves between which units are traded within a budget
COLUMNS = ["group", "price", "stock_money", "kept_cost_a_year", "fill_rate", "mean_wait_days", "waiting_cost_a_year"]
COLUMNS += ["planned"]


@dataclass(frozen=True)
class UnitValue:
    """Money a unit ties up at every depot (leaves,) and at every point (points,)."""

    depot: Floats
    point: Floats

    def of(self, stock: PricedStock) -> float:
        return float(self.depot @ stock.depot_stock + self.point @ stock.point_stock)

    def of_leaves(self, system: System, rows: Ints) -> "UnitValue":
        return UnitValue(self.depot[rows], self.point[points_of(system, rows)])


def frontier(system: System, stock: PricedStock, multiples: Sequence[float], value: UnitValue) -> pd.DataFrame:
    """Efficient stocks, and `stock` itself: rows by group ("" all) and by multiple of its prices, sorted so.

    Each is cheapest in holding, lines and waiting at its prices, so no other has less of both kept cost and waiting; at
    multiple 1 `stock` stands, which keeps what is promised. A group's rows are its own frontier too, for groups whose
    points share no depot; the depot's stock counts by share of its demand. Columns COLUMNS: price per unit waiting per
    week ("": the multiple), money, shares of units, days; planned: whether it is `stock`.
    """
    if len(system.part) == 0:
        return pd.DataFrame(columns=COLUMNS)
    found = []
    for multiple in multiples:
        own = multiple == 1.0
        at = stock if own else respond(system, multiple * stock.price, None)
        found.append(row_per_group(system, at, multiple, value).assign(planned=own))
    return pd.concat(found)[COLUMNS].sort_values(["group", "price"], kind="stable", ignore_index=True)


def with_budget(system: System, price: Floats, money: float, value: UnitValue) -> PricedStock:
    """The stock of least expected waiting, weighted by `price` (groups,), that ties up at most `money`.

    The multiplier of all prices is bisected against the value of units (Fox 1966), what is left buys the units that
    save most per money, and leaves trade within the budget. Holding and lines count nothing; lines that may not be
    kept stay closed. Money 0 or less buys nothing.
    """
    relative = _relative(system, price)
    valued = _valued(system, value)
    stock = PricedStock(relative, np.zeros(len(system.part), np.int64), np.zeros(len(system.site), np.int64))
    if money <= 0.0 or len(system.part) == 0 or not relative.any():
        return stock
    known = np.concatenate([value.depot, value.point])
    low, high = np.log(CHEAPEST * known.min()), np.log(DEAREST * known.max())
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        tried = respond(valued, np.exp(middle) * relative, None)
        if value.of(tried) <= money:
            low, stock = middle, tried
        else:
            high = middle
    stock = _filled(valued, replace(stock, price=relative), money, value)
    return _traded(valued, stock, money, value)


def _relative(system: System, price: Floats) -> Floats:
    """Prices with mean 1 over the demand; all 1 where none is above 0."""
    demand = np.bincount(system.group, system.echelons.points["demand"], len(price))
    mean = float(price @ demand) / float(demand.sum()) if demand.sum() > 0 else 0.0
    return price / mean if mean > 0.0 else np.ones(len(price))


def _valued(system: System, value: UnitValue) -> System:
    """The system in which a unit's holding is its value, and lines are free where they may be kept."""
    e = system.echelons
    leaves, points = e.leaves.copy(), e.points.copy()
    leaves["holding"], points["holding"] = value.depot, value.point
    leaves["line"], points["line"] = 0.0, np.where(np.isinf(points["line"]), np.inf, 0.0)
    return replace(system, echelons=e._replace(leaves=leaves, points=points))


def _filled(system: System, stock: PricedStock, money: float, value: UnitValue) -> PricedStock:
    """Units that save most waiting per money while any fits; a leaf gets one a round, so that savings add up."""
    for _ in range(FILLING):
        more = replace(stock, point_stock=stock.point_stock + 1)
        deeper = replace(stock, depot_stock=stock.depot_stock + 1)
        now, at_points, at_depots = (_waiting(system, each) for each in (stock, more, deeper))
        saved = np.concatenate([np.bincount(system.leaf, now - at_depots, len(system.part)), now - at_points])
        closed = np.isinf(system.echelons.points["line"])
        closed |= (stock.point_stock == 0) & np.isfinite(system.line_limit)
        saved[len(system.part) :][closed] = 0.0
        cost = np.concatenate([value.depot, value.point])
        leaf = np.concatenate([np.arange(len(system.part)), system.leaf])
        left = money - value.of(stock)
        rows = np.flatnonzero((saved > 0.0) & (cost <= left))
        rows = rows[np.argsort(-saved[rows] / np.maximum(cost[rows], 1e-300), kind="stable")]
        rows = rows[np.sort(np.unique(leaf[rows], return_index=True)[1])]
        bought = rows[np.cumsum(cost[rows]) <= left]
        if len(bought) == 0:
            return stock
        units = np.concatenate([stock.depot_stock, stock.point_stock])
        units[bought] += 1
        stock = replace(stock, depot_stock=units[: len(system.part)], point_stock=units[len(system.part) :])
    return stock


def _traded(system: System, stock: PricedStock, money: float, value: UnitValue) -> PricedStock:
    """Trades within the budget between the EXAMINED leaves that wait most, until none saves waiting."""
    radius = 3 if len(system.part) <= SMALL else 1
    rows = np.arange(len(system.part))
    if len(rows) > EXAMINED:
        waiting = np.bincount(system.leaf, _waiting(system, stock), len(rows))
        rows = np.sort(np.argsort(-waiting, kind="stable")[:EXAMINED])
    own = value.of_leaves(system, rows)
    for _ in range(ROUNDS):
        part, chosen = of_leaves(system, stock, rows)
        near = _neighbours(part, chosen, own, radius)
        room = Room(money - value.of(stock), np.inf)
        before, (depot, point, _) = stock, trade(part, near, 0, room, chosen)
        stock = with_leaves(system, stock, rows, depot, point)
        if same(stock, before):
            break
    return stock


def _neighbours(part: System, stock: PricedStock, value: UnitValue, radius: int) -> Neighbours:
    """Cost: waiting at its price; use: the money tied up."""
    width = 2 * radius + 1
    point_cost, point_use = np.zeros((2, len(part.site), width, width))
    depot_use = np.zeros((len(part.part), width))
    for a, c, other in shifted(stock, radius):
        depot_use[:, a] = value.depot * other.depot_stock
        point_use[:, a, c] = value.point * other.point_stock
        point_cost[:, a, c] = _waiting(part, other)
    resource = np.zeros(len(part.site), np.int64)
    may_open = np.isinf(part.line_limit) & np.isfinite(part.echelons.points["line"])
    near = Neighbours(np.zeros_like(depot_use), depot_use, point_cost, point_use, np.zeros_like(point_cost), resource)
    return barred(near, stock, may_open | (stock.point_stock > 0))


def _waiting(system: System, stock: PricedStock) -> Floats:
    """Waiting at its price, money per week by point."""
    achieved = performance(system.echelons, stock.depot_stock, stock.point_stock)
    return np.asarray(stock.price[system.group] * achieved.backorders, float)


def row_per_group(system: System, stock: PricedStock, multiplier: float, value: UnitValue) -> pd.DataFrame:
    """COLUMNS but `planned` of the whole system, then of every group with demand."""
    e = system.echelons
    achieved = performance(e, stock.depot_stock, stock.point_stock)
    to_depot = (1.0 - e.points["local_share"]) * e.points["demand"]
    of_leaf = np.bincount(system.leaf, to_depot, len(system.part))[system.leaf]
    share = np.divide(to_depot, of_leaf, out=np.zeros(len(to_depot)), where=of_leaf > 0.0)
    depot_kept, point_kept = sites_kept_cost(system, stock.depot_stock, stock.point_stock)
    by_point = pd.DataFrame(
        {
            "demand": e.points["demand"],
            "stock_money": value.point * stock.point_stock + share * (value.depot * stock.depot_stock)[system.leaf],
            "kept_cost_a_year": WEEKS_PER_YEAR * (point_kept + share * depot_kept[system.leaf]),
            "served": e.points["demand"] * achieved.fill,
            "waiting": achieved.backorders,
            "waiting_cost_a_year": WEEKS_PER_YEAR * stock.price[system.group] * achieved.backorders,
        }
    )
    names = np.array(list(system.targets), dtype=object)
    by_group = by_point.groupby(system.group).sum()
    by_group.insert(0, "price", stock.price[by_group.index])
    by_group.insert(0, "group", names[by_group.index])
    whole = by_point.sum().to_frame().T.assign(group="", price=multiplier)
    table = pd.concat([whole, by_group], ignore_index=True)
    table["fill_rate"] = table["served"] / table["demand"]
    table["mean_wait_days"] = DAYS_PER_WEEK * table["waiting"] / table["demand"]
    return table[COLUMNS[:-1]]
