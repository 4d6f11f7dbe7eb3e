"""What to buy next: units ranked by what they save a year per money, from what is there to beyond.

A leaf's least waiting with n units, wherever in the region they lie, made convex in n: taken in order of saving per
money over all leaves, every prefix is the least waiting for its money (Fox 1966; Sherbrooke 1968).
"""

import numba as nb
import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.logistics import WEEKS_PER_YEAR
from optimizer.targets.response import PricedStock
from optimizer.targets.system import System
from optimizer.targets.two_echelons import (
    CDF,
    MEAN,
    ROWS,
    Record,
    Records,
    TwoEchelons,
    add_depot_unit,
    at_nodes,
    depot_demand,
    exact_units,
    fit_depot,
    fit_point,
    own_pipeline,
    share_of,
    step,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST = 0.01  # of its value: a unit that saves less a year is not listed
COLUMNS = ["part", "site", "units", "money", "saved_a_year", "value_per_money", "cumulative_money"]


def buy_list(
    system: System, stock: PricedStock, on_hand: Ints, unit_value: Floats, money: float = np.inf, least: float = LEAST
) -> pd.DataFrame:
    """Ranked purchases for the depots until `money` is spent: COLUMNS, units that belong together in one row.

    on_hand: units in the region or on their way to it, unit_value: money per unit, shape (leaves,). saved_a_year:
    waiting at the prices of `stock`, money; value_per_money: that per money spent, falling. What saves less than
    `least` of its value a year is left out. Lines cost nothing here; a point that may not keep the part gets none.
    """
    e = system.echelons
    floor = np.maximum(least * unit_value / WEEKS_PER_YEAR, 1e-12)
    leaf, units, saved = _next_units(e, stock.price[system.group], np.maximum(on_hand, 0), floor)
    spent, saved = units * unit_value[leaf], saved * WEEKS_PER_YEAR
    rate = np.divide(saved, spent, out=np.full(len(saved), np.inf), where=spent > 0.0)
    order = np.argsort(-rate, kind="stable")
    order = order[np.cumsum(spent[order]) <= money]
    leaf = leaf[order]
    table = pd.DataFrame(
        {
            "part": system.part[leaf],
            "site": system.depot[leaf],
            "units": units[order],
            "money": spent[order],
            "saved_a_year": saved[order],
            "value_per_money": rate[order],
            "cumulative_money": np.cumsum(spent[order]),
        }
    )
    return table[COLUMNS]


@nb.njit(cache=True, error_model="numpy")
def _least_waiting(
    leaf: Record, points: Records, price: Floats, theta: Floats, weight: Floats, owed: Floats, floor: float
) -> Floats:
    """Least Σ price · EBO of a leaf with n = 0, 1, … units in all, while one at a point saves `floor` a week or more.

    Every depot stock is tried. Given it a point's EBO is convex in its stock, so units go where they save most.
    """
    nodes, demand = len(theta), depot_demand(points)
    units = exact_units(leaf, points, False, theta, owed, demand)
    law, point_law, short = np.empty((ROWS, nodes)), np.empty((ROWS + units, nodes)), np.empty((2 + units, nodes))
    fit_depot(leaf, theta, owed, demand, leaf.lead_weeks, law, short)
    dearest = price.max() if len(price) > 0 else 0.0
    least, gains = np.full(16, np.inf), np.empty(16)
    most, depot = 0, 0
    while True:
        waiting, count = 0.0, 0
        for p in range(len(points)):
            own, share = own_pipeline(points[p], 0.0), share_of(points[p], demand)
            fit_point(own, share, leaf.batch_index, False, theta, short, point_law)
            waiting += price[p] * np.sum(weight * point_law[MEAN])
            gain = price[p] * np.sum(weight * (1.0 - point_law[CDF]))
            stock = 0
            while gain >= floor and points[p].line < np.inf:
                if count == len(gains):
                    gains = np.concatenate((gains, np.empty(count)))
                gains[count] = gain
                count, stock = count + 1, stock + 1
                for k in range(nodes):
                    step(point_law, k, stock)
                gain = price[p] * np.sum(weight * (1.0 - point_law[CDF]))
        while depot + count >= len(least):
            least = np.concatenate((least, np.full(len(least), np.inf)))
        most = max(most, depot + count)
        ordered = np.sort(gains[:count])
        least[depot] = min(least[depot], waiting)
        for n in range(count):
            waiting -= ordered[count - 1 - n]
            least[depot + n + 1] = min(least[depot + n + 1], waiting)
        if dearest * np.sum(weight * short[0]) < floor:
            return least[: most + 1]
        add_depot_unit(law, short, depot)
        depot += 1


@nb.njit(cache=True)
def _hull(cost: Floats, first: int, floor: float) -> Ints:
    """Corners of the lower convex hull of cost[first:], as far as a unit saves `floor` or more."""
    corner, count = np.empty(max(len(cost) - first, 1), np.int64), 0
    for n in range(first, len(cost)):
        while count > 1:
            a, b = corner[count - 2], corner[count - 1]
            if (cost[a] - cost[b]) * (n - a) > (cost[a] - cost[n]) * (b - a):
                break
            count -= 1
        corner[count] = n
        count += 1
    while count > 1 and cost[corner[count - 2]] - cost[corner[count - 1]] < floor * (
        corner[count - 1] - corner[count - 2]
    ):
        count -= 1
    return corner[:count].copy()


@nb.njit(cache=True)
def _next_units(e: TwoEchelons, price: Floats, on_hand: Ints, floor: Floats) -> tuple[Ints, Ints, Floats]:
    """Leaf, units and waiting saved a week of every edge of the leaves' convex hulls from `on_hand` on."""
    leaf, units, saved, count = np.empty(1024, np.int64), np.empty(1024, np.int64), np.empty(1024), 0
    for i in range(len(e.leaves)):
        first, last = e.leaves[i].first, e.leaves[i].last
        theta, weight, owed = at_nodes(e, i)
        cost = _least_waiting(e.leaves[i], e.points[first:last], price[first:last], theta, weight, owed, floor[i])
        corner = _hull(cost, on_hand[i], floor[i])
        for c in range(len(corner) - 1):
            if count == len(leaf):
                leaf, units = np.concatenate((leaf, leaf)), np.concatenate((units, units))
                saved = np.concatenate((saved, saved))
            leaf[count], units[count] = i, corner[c + 1] - corner[c]
            saved[count] = cost[corner[c]] - cost[corner[c + 1]]
            count += 1
    return leaf[:count].copy(), units[:count].copy(), saved[:count].copy()
