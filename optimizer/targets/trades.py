"""Trades of units between the leaves of a system: every leaf has a menu of stocks, and leaves move along theirs.

Given the depot's stock points are independent, so what every site of a leaf costs and uses up with some units more or
less says it of all of them together. A menu holds a leaf's stocks undominated in cost and use (multiple choice
knapsack: Sinha & Zoltners 1979); trades stop when no two leaves together can be cheaper within what may be used up.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, product
from math import comb
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from optimizer.targets.response import PricedStock
from optimizer.targets.system import System

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SMALL, THREE = 16, 6  # leaves up to which any stock near is tried, and up to which three of them trade at once
MOVES = 1500  # combinations of moves at the points of one leaf
TRADES = 10  # times all pairs of leaves are gone through
ROUNDING = 1e-11  # share of a cost or an allowance that is left to rounding


@dataclass(frozen=True)
class Neighbours:
    """What the sites of some leaves cost and use up with every shift of their stock by −radius..radius units.

    depot_cost, depot_use: shape (leaves, depot shifts). point_cost, point_use: shape (points, depot shifts, point
    shifts), as is point_wait, what waiting is worth beyond the cost. Costs are inf where the stock cannot be.
    resource: what a point's use counts against, −1 nothing, (points,).
    """

    depot_cost: Floats
    depot_use: Floats
    point_cost: Floats
    point_use: Floats
    point_wait: Floats
    resource: Ints


class Room(NamedTuple):
    """What moves may use up in all: of the resource, and of money per week by which cost plus waiting may rise."""

    use: float
    rise: float


def of_leaves(system: System, stock: PricedStock, rows: Ints) -> tuple[System, PricedStock]:
    """The system of these leaves alone (rows sorted, without repeats), and their stock.

    What the hubs owe the depots is as it stands; the tables of the hubs stay whole, and which parts repairs need
    together is left out.
    """
    e = system.echelons
    size = e.leaves["last"][rows] - e.leaves["first"][rows]
    points = points_of(system, rows)
    by_leaf = {name: column[rows] for name, column in e._asdict().items() if name != "points"}
    leaves = by_leaf["leaves"]
    leaves["last"] = np.cumsum(size)
    leaves["first"] = leaves["last"] - size
    part = replace(
        system,
        echelons=e._replace(**by_leaf | {"leaves": leaves, "points": e.points[points]}),
        rate_shape=system.rate_shape[rows],
        part=system.part[rows],
        depot=system.depot[rows],
        leaf=np.repeat(np.arange(len(rows)), size),
        site=system.site[points],
        group=system.group[points],
        line_limit=system.line_limit[points],
        repairs=None,
    )
    return part, replace(stock, depot_stock=stock.depot_stock[rows], point_stock=stock.point_stock[points])


def trade(part: System, near: Neighbours, resource: int, room: Room, stock: PricedStock) -> tuple[Ints, Ints, Room]:
    """Stock of the leaves when no two of them (of THREE leaves, three) trade with profit, and what `room` is left.

    No leaf uses more of another resource than before.
    """
    radius = near.depot_cost.shape[1] // 2
    first, last = part.echelons.leaves["first"], part.echelons.leaves["last"]
    moves = {n: _moves(n, radius) for n in np.unique(last - first).tolist()}
    menus = [
        _menu(
            near.depot_cost[i], near.depot_use[i], near.point_cost[own], near.point_use[own], near.point_wait[own],
            near.resource[own], resource, moves[own.stop - own.start],
        )
        for i, own in enumerate(map(slice, first, last))
    ]  # fmt: skip
    order = _by_size(np.array([menu[2] for menu in menus]))
    menus = [menus[i] for i in order]
    start = np.concatenate([[0], np.cumsum([len(menu[0]) for menu in menus])]).astype(np.int64)
    menu, option = np.concatenate([menu[0] for menu in menus]), np.concatenate([menu[1] for menu in menus])
    choice, left, rise = _exchange(
        start, menu, np.array([menu[2] for menu in menus]), max(room.use, 0.0), room.rise, len(menus) <= THREE
    )
    depot, point = stock.depot_stock.copy(), stock.point_stock.copy()
    for at in np.flatnonzero(choice >= 0):
        i = order[at]
        of_leaf = moves[last[i] - first[i]]
        shift, move = divmod(int(option[choice[at]]), len(of_leaf))
        depot[i] += shift - radius
        point[first[i] : last[i]] += of_leaf[move] - radius
    return depot, point, Room(left if room.use >= 0.0 else room.use, rise)


def _by_size(now: Floats) -> Ints:
    """Leaves by what they cost and use, dearest first: an order that does not depend on what they are called."""
    digits = np.char.mod("%.9e", now)  # sums over points may differ in the last bits
    return np.lexsort(-digits.astype(float).T[::-1]).astype(np.int64)


def shifted(stock: PricedStock, radius: int) -> Iterator[tuple[int, int, PricedStock]]:
    """The stock with every depot shifted alike and every point alike: shift of depots and points, never below 0."""
    for a, c in product(range(2 * radius + 1), repeat=2):
        depot = np.maximum(stock.depot_stock + (a - radius), 0)
        point = np.maximum(stock.point_stock + (c - radius), 0)
        yield a, c, replace(stock, depot_stock=depot, point_stock=point)


def barred(near: Neighbours, stock: PricedStock, may_open: Bools) -> Neighbours:
    """Infinite cost for stock below 0 and for lines that may not be opened; changes `near`."""
    shift = np.arange(near.depot_cost.shape[1]) - near.depot_cost.shape[1] // 2
    near.depot_cost[stock.depot_stock[:, None] + shift < 0] = np.inf
    point = stock.point_stock[:, None] + shift
    impossible = (point < 0) | ((point > 0) & ~may_open[:, None])
    near.point_cost[np.broadcast_to(impossible[:, None, :], near.point_cost.shape)] = np.inf
    return near


@cache
def _moves(points: int, radius: int) -> Ints:
    """Shifts of the points of a leaf (moves, points), 0..2·radius, where `radius` is as before: any of them move at
    once, or as many as give at most MOVES combinations, but one."""
    others = [shift for shift in range(2 * radius + 1) if shift != radius]
    moves = [np.full((1, points), radius, np.int64)]
    for together in range(1, points + 1):
        more = comb(points, together) * len(others) ** together
        if together > 1 and sum(map(len, moves)) + more > MOVES:
            break
        some = np.full((more, points), radius, np.int64)
        for row, (at, shifts) in enumerate(
            product(combinations(range(points), together), product(others, repeat=together))
        ):
            some[row, list(at)] = shifts
        moves.append(some)
    return np.concatenate(moves)


def with_leaves(system: System, stock: PricedStock, rows: Ints, depot: Ints, point: Ints) -> PricedStock:
    """The stock with these leaves' replaced: what `of_leaves` took out, put back."""
    depot_stock, point_stock = stock.depot_stock.copy(), stock.point_stock.copy()
    depot_stock[rows], point_stock[points_of(system, rows)] = depot, point
    return replace(stock, depot_stock=depot_stock, point_stock=point_stock)


def points_of(system: System, rows: Ints) -> Ints:
    """Rows of the points of these leaves."""
    first, last = system.echelons.leaves["first"][rows], system.echelons.leaves["last"][rows]
    before = np.cumsum(last - first) - (last - first)
    points: Ints = np.arange(int((last - first).sum())) + np.repeat(first - before, last - first)
    return points


def same(a: PricedStock, b: PricedStock) -> bool:
    """Whether two stocks are equal everywhere."""
    return bool((a.depot_stock == b.depot_stock).all() and (a.point_stock == b.point_stock).all())


@nb.njit(cache=True)
def _menu(
    depot_cost: Floats,
    depot_use: Floats,
    point_cost: Floats,
    point_use: Floats,
    point_wait: Floats,
    resource: Ints,
    of: int,
    moves: Ints,
) -> tuple[Floats, Ints, Floats]:
    """Undominated options of a leaf by growing use and falling cost: rows of cost, use, cost plus waiting; their number
    (depot shift × moves + move); the row of the stock as it is. What uses more of another resource is left out."""
    radius, points = len(depot_cost) // 2, len(point_cost)
    option = np.empty((len(depot_cost) * len(moves), 3))
    most = resource.max() + 1
    before, other = np.zeros(most + 1), np.zeros(most + 1)  # the last is that of resource −1
    for p in range(points):
        before[resource[p]] += point_use[p, radius, radius]
    for a in range(len(depot_cost)):
        for m in range(len(moves)):
            cost, wait = depot_cost[a], 0.0
            other[:] = 0.0
            for p in range(points):
                cost += point_cost[p, a, moves[m, p]]
                wait += point_wait[p, a, moves[m, p]]
                other[resource[p]] += point_use[p, a, moves[m, p]]
            use = depot_use[a]
            for r in range(most):
                if r == of:
                    use += other[r]
                elif other[r] > before[r]:
                    cost = np.inf
            row = a * len(moves) + m
            option[row, 0], option[row, 1], option[row, 2] = cost, use, cost + wait
    now = option[radius * len(moves)].copy()
    order = np.argsort(option[:, 1], kind="mergesort")
    kept, least = 0, np.inf
    for row in order:
        if option[row, 0] < least * (1.0 - ROUNDING):
            if kept > 0 and option[order[kept - 1], 1] == option[row, 1]:
                kept -= 1
            least = option[row, 0]
            order[kept] = row
            kept += 1
    chosen = order[:kept].copy()
    return option[chosen], chosen, now


@nb.njit(cache=True)
def _cheapest_pair(
    mine: Floats, yours: Floats, use: float, priced: float, below: float
) -> tuple[float, float, int, int]:
    """Cost, use and rows of two menus that cost less than `below` and least of all with no more use and priced cost.

    Rows −1 if there are none. With growing use of the one the other's cheapest row only moves up. Of pairs that cost
    the same the one of least use: rounding must not choose.
    """
    best, used, at, other_at, other = below, np.inf, -1, -1, len(yours) - 1
    same = ROUNDING * abs(below)
    for row in range(len(mine)):
        while other >= 0 and mine[row, 1] + yours[other, 1] > use:
            other -= 1
        if other < 0:
            break
        cost, together = mine[row, 0] + yours[other, 0], mine[row, 1] + yours[other, 1]
        better = cost < best - same or (cost <= best + same and together < used) if at >= 0 else cost < below
        if better and mine[row, 2] + yours[other, 2] <= priced:
            best, used, at, other_at = cost, together, row, other
    return best, used, at, other_at


@nb.njit(cache=True)
def _exchange(
    start: Ints, menu: Floats, now: Floats, slack: float, rise: float, thirds: bool
) -> tuple[Ints, float, float]:
    """Row of `menu` chosen by every leaf (−1: as it is) when no two leaves (`thirds`: three) can be cheaper together,
    with slack and rise left. Leaf i has the rows start[i]..start[i + 1] − 1."""
    leaves, now, stay = len(now), now.copy(), np.zeros((1, 3))
    choice = np.full(leaves, -1)
    for _ in range(TRADES):
        changed = False
        for i in range(leaves):
            for j in range(i, leaves):
                for k in range(j, leaves if thirds and j > i else j + 1):
                    together = now[i].copy()
                    if j > i:
                        together += now[j]
                    if k > j:
                        together += now[k]
                    mine, yours = menu[start[i] : start[i + 1]], menu[start[j] : start[j + 1]] if j > i else stay
                    third = menu[start[k] : start[k + 1]] if k > j else stay
                    best, used, rows = together[0] - ROUNDING * abs(together[0]), np.inf, (-1, -1, -1)
                    same, below = ROUNDING * abs(together[0]), best
                    for row in range(len(third)):
                        use, priced = together[1] + slack - third[row, 1], together[2] + rise - third[row, 2]
                        most = (best + same if rows[0] >= 0 else below) - third[row, 0]
                        cost, taken, at, other_at = _cheapest_pair(mine, yours, use, priced, most)
                        cost, taken = cost + third[row, 0], taken + third[row, 1]
                        if at >= 0 and (rows[0] < 0 or cost < best - same or taken < used):
                            best, used, rows = cost, taken, (at, other_at, row)
                    if rows[0] < 0:
                        continue
                    changed = True
                    slack, rise = slack + together[1], rise + together[2]
                    for leaf, row, moved in ((i, rows[0], True), (j, rows[1], j > i), (k, rows[2], k > j)):
                        if moved:
                            choice[leaf], now[leaf] = start[leaf] + row, menu[start[leaf] + row]
                            slack, rise = slack - now[leaf, 1], rise - now[leaf, 2]
        if not changed:
            break
    return choice, slack, rise
