"""Local search: single units and pairs of them moved, until no such move makes the stock cheaper.

A price of waiting moves whole steps of stock at once, and it prices waiting where a group may be promised fill, so the
stock it leads to is not the cheapest that keeps the target. Units are taken from where they are missed least, and the
leaves of a group trade (`trades`).
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from optimizer.targets.goals import Goal, InTime
from optimizer.targets.performance import Performance
from optimizer.targets.response import PricedStock
from optimizer.targets.system import System
from optimizer.targets.trades import (
    ROUNDING,
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
Bools = npt.NDArray[np.bool_]

SMALL_ROUNDS, ROUNDS = 20, 2
EXAMINED = 25  # leaves of a group, those that cost most to keep, between which units are traded
LUMPS = 1.0  # weekly holding costs of a group's dearest unit by which kept cost plus waiting may rise


def local_search(system: System, stock: PricedStock) -> PricedStock:
    """A stock of lower kept cost (holding and lines a week) with which every group still keeps its target.

    Where waiting has a given price, of lower kept cost plus waiting. A group that misses its target does not fall
    further behind. In systems of more than SMALL leaves the number of leaves and rounds is bounded.
    """
    goal = Goal.of(system)
    small = len(system.part) <= SMALL
    radius, rounds = (4, SMALL_ROUNDS) if small else (1, ROUNDS)
    now = goal.achieved(system, stock)
    in_time = goal.in_time(system, stock, now)
    if not small:
        trimmed = _trimmed(system, goal, stock, now, in_time)
        now = goal.achieved(system, trimmed)
        stock, in_time = _taken_back(system, goal, stock, trimmed, in_time, goal.in_time(system, trimmed, now))
    slack = _less_rounding(goal, goal.slack(system, now, in_time))
    rise = np.where(slack > 0.0, np.inf, 0.0) if small else _lumps(system)  # who misses a target gets no worse
    room = [Room(*each) for each in zip(slack.tolist(), rise.tolist(), strict=True)]
    for _ in range(rounds):
        before = stock
        for group in range(len(system.targets)):
            rows = _dearest_leaves(system, stock, system.leaf[system.group == group])
            if len(rows) == 0:
                continue
            stock, in_time, room[group] = _traded(system, goal, stock, in_time, rows, group, room[group], radius)
        if same(stock, before):
            break
    return stock


def kept_cost(system: System, stock: PricedStock) -> float:
    """Holding and line costs at depots and points, money per week; users at a depot share its line."""
    depot, point = sites_kept_cost(system, stock.depot_stock, stock.point_stock)
    return float(depot.sum() + point.sum())


def _traded(
    system: System,
    goal: Goal,
    stock: PricedStock,
    in_time: InTime,
    rows: Ints,
    group: int,
    room: Room,
    radius: int,
) -> tuple[PricedStock, InTime, Room]:
    """The stock after a group's trades between these leaves, what its repairs then wait for, and the room left.

    Trades count repairs to first order and those of their own group: exact for one leaf and one group alone. Where
    repairs of a promise come out late, trades are tried again nearer by, then between fewer leaves.
    """
    slack = goal.repair_slack(in_time)
    for promise, use in zip(goal.promises, slack.tolist(), strict=True):
        if promise.group == group:
            room = room._replace(use=use - ROUNDING * float(goal.allowed[group] * goal.demand[group]))
    part, chosen = of_leaves(system, stock, rows)
    weight = goal.unit_weight(system, in_time)[points_of(system, rows)]
    depot, point, left = trade(part, _kept_neighbours(goal, part, chosen, radius, weight), group, room, chosen)
    moved = with_leaves(system, stock, rows, depot, point)
    then = _in_time_after(system, goal, stock, moved, in_time)
    if (goal.repair_slack(then) >= np.minimum(slack, 0.0)).all():
        return moved, then, left
    if radius > 1:
        return _traded(system, goal, stock, in_time, rows, group, room, radius // 2)
    if len(rows) > 1:
        for some in np.array_split(rows, 2):
            stock, in_time, room = _traded(system, goal, stock, in_time, some, group, room, radius)
    return stock, in_time, room


def _in_time_after(system: System, goal: Goal, before: PricedStock, after: PricedStock, in_time: InTime) -> InTime:
    """`in_time` with the leaves whose stock changed computed anew."""
    if not goal.promises:
        return in_time
    changed = before.depot_stock != after.depot_stock
    changed[system.leaf[before.point_stock != after.point_stock]] = True
    rows = np.flatnonzero(changed)
    if len(rows) == 0:
        return in_time
    part, chosen = of_leaves(system, after, rows)
    points = points_of(system, rows)
    anew = goal.in_time(part, chosen, goal.achieved(part, chosen), points)
    then = tuple(each.copy() for each in in_time)
    for each, values in zip(then, anew, strict=True):
        each[points] = values
    return then


def _taken_back(
    system: System, goal: Goal, before: PricedStock, after: PricedStock, in_time: InTime, then: InTime
) -> tuple[PricedStock, InTime]:
    """`after` with the fewest leaves as `before` that keep the repairs promised, and what its repairs wait for.

    Leaves go back by what repairs lose for the money saved. `after` has nowhere more stock, so that none is harmed.
    """
    back = np.zeros(len(system.part), bool)
    saved = np.add(*_sums(system, before)) - np.add(*_sums(system, after))
    for at, promise in enumerate(goal.promises):
        least = min(float(goal.repair_slack(in_time)[at]), 0.0)
        lost = promise.repairs.unit_weight(then[at]) * (in_time[at] - then[at])
        by_leaf = np.bincount(system.leaf, lost, len(back))
        order = np.argsort(-by_leaf / np.maximum(saved, 1e-12), kind="stable")
        few, many = -1, int((by_leaf > 0.0).sum())
        while many - few > 1:  # `many` leaves are enough, `few` are not
            middle = (few + many) // 2
            tried = back.copy()
            tried[order[:middle]] = True
            enough = goal.repair_slack(_mixed(tried[system.leaf], in_time, then))[at] >= least
            few, many = (few, middle) if enough else (middle, many)
        back[order[:many]] = True
    depot = np.where(back, before.depot_stock, after.depot_stock)
    point = np.where(back[system.leaf], before.point_stock, after.point_stock)
    return replace(after, depot_stock=depot, point_stock=point), _mixed(back[system.leaf], in_time, then)


def _mixed(back: Bools, in_time: InTime, then: InTime) -> InTime:
    return tuple(np.where(back, old, new) for old, new in zip(in_time, then, strict=True))


def _kept_neighbours(goal: Goal, part: System, stock: PricedStock, radius: int, weight: Floats) -> Neighbours:
    """Cost: holding, lines, and waiting where it has a given price; use: the group's shortfall."""
    width = 2 * radius + 1
    point_cost, point_use, point_wait = np.zeros((3, len(part.group), width, width))
    fixed = goal.is_fixed[part.group]
    depot_cost = np.empty((len(part.part), width))
    for a, c, other in shifted(stock, radius):
        achieved = goal.achieved(part, other)
        depot_cost[:, a], at_points = sites_kept_cost(part, other.depot_stock, other.point_stock)
        waiting = stock.price[part.group] * achieved.backorders
        point_cost[:, a, c] = at_points + np.where(fixed, waiting, 0.0)
        point_wait[:, a, c] = np.where(fixed, 0.0, waiting)
        point_use[:, a, c] = np.where(fixed, 0.0, goal.shortfall(part, achieved, weight))
    may_open = (stock.point_stock > 0) | np.isinf(part.line_limit)
    near = Neighbours(depot_cost, np.zeros_like(depot_cost), point_cost, point_use, point_wait, part.group)
    return barred(near, stock, may_open)


def sites_kept_cost(system: System, depot_stock: Ints, point_stock: Ints) -> tuple[Floats, Floats]:
    """Holding and line cost a week of every depot and every point."""
    leaves, points = system.echelons.leaves, system.echelons.points
    at_depot = leaves["holding"] * depot_stock + np.where(depot_stock > 0, leaves["line"], 0.0)
    shared = (points["at_depot"] == 1) & (depot_stock > 0)[system.leaf]
    line = np.where((point_stock > 0) & ~shared, points["line"], 0.0)
    return np.asarray(at_depot, float), np.asarray(points["holding"] * point_stock + line, float)


def _less_rounding(goal: Goal, slack: Floats) -> Floats:
    """Slack less what is left to rounding."""
    return slack - ROUNDING * np.where(goal.is_fixed, 0.0, goal.allowed * goal.demand)


def _lumps(system: System) -> Floats:
    """How far each group's kept cost plus waiting may rise over what its price leads to, money per week.

    With one target for a group, what its price misses is as much as one leaf's lump, be the group of a thousand leaves
    (Shapley & Folkman; Aubin & Ekeland 1976). More than that is not an integer gap: the fill rate alone does not ask
    how long those wait who are not served at once, and dear parts would be left to wait to the end.
    """
    dearest = np.zeros(len(system.targets))
    points, at_depot = system.echelons.points["holding"], system.echelons.leaves["holding"][system.leaf]
    np.maximum.at(dearest, system.group, np.maximum(points, at_depot))
    return LUMPS * dearest


def _dearest_leaves(system: System, stock: PricedStock, leaves: Ints) -> Ints:
    """Of these leaves the EXAMINED that cost most to keep, in order."""
    leaves = np.unique(leaves)
    if len(leaves) <= EXAMINED:
        return leaves
    depot, point = sites_kept_cost(system, stock.depot_stock, stock.point_stock)
    cost = (depot + np.bincount(system.leaf, point, len(depot)))[leaves]
    return np.sort(leaves[np.argsort(-cost, kind="stable")[:EXAMINED]])


def _trimmed(system: System, goal: Goal, stock: PricedStock, now: Performance, in_time: InTime) -> PricedStock:
    """Take single units from points or from their depot, least waiting per money first, while targets are kept.

    A leaf gives units from its depot or from its points, whichever comes first: their losses would not add up. Repairs
    lose less than the sum, but those of one group may need the parts of another.
    """
    one_less = replace(stock, point_stock=np.maximum(stock.point_stock - 1, 0))
    without = replace(stock, depot_stock=np.maximum(stock.depot_stock - 1, 0))
    less, below = (goal.achieved(system, each) for each in (one_less, without))
    weight = goal.unit_weight(system, in_time)
    short, short_less, short_below = (goal.shortfall(system, each, weight) for each in (now, less, below))
    leaves = len(stock.depot_stock)
    slack = _less_rounding(goal, goal.slack(system, now, in_time))
    kept, kept_less = (sites_kept_cost(system, each.depot_stock, each.point_stock) for each in (stock, one_less))
    saved_below = np.add(*_sums(system, stock)) - np.add(*_sums(system, without))
    group = np.concatenate([system.group, _only_group(system)])
    loss, waiting = (
        np.concatenate([at_points, np.bincount(system.leaf, at_leaf, leaves)])
        for at_points, at_leaf in (
            (short_less - short, short_below - short),
            (stock.price[system.group] * (less.backorders - now.backorders),
             stock.price[system.group] * (below.backorders - now.backorders)),
        )
    )  # fmt: skip
    saved = np.concatenate([kept[1] - kept_less[1], saved_below])
    leaf = np.concatenate([system.leaf, np.arange(leaves)])
    has_unit = np.concatenate([stock.point_stock, stock.depot_stock]) > 0
    rate = np.divide(waiting, saved, out=np.full(len(saved), np.inf), where=(saved > 0) & has_unit)
    best = np.full(leaves, np.inf)
    np.minimum.at(best, system.leaf, rate[: len(system.leaf)])
    from_depot = rate[len(system.leaf) :] < best
    is_depot = np.arange(len(leaf)) >= len(system.leaf)
    rows = np.flatnonzero((group >= 0) & np.isfinite(rate) & (is_depot == from_depot[leaf]) & (slack[group] > 0))
    rows = rows[np.lexsort((rate[rows], group[rows]))]
    units = np.concatenate([stock.point_stock, stock.depot_stock])
    for each in np.unique(group[rows]):
        of_group = rows[group[rows] == each]
        units[of_group[np.cumsum(np.maximum(loss[of_group], 0.0)) <= slack[each]]] -= 1
    return replace(stock, point_stock=units[: len(system.leaf)], depot_stock=units[len(system.leaf) :])


def _sums(system: System, stock: PricedStock) -> tuple[Floats, Floats]:
    depot, point = sites_kept_cost(system, stock.depot_stock, stock.point_stock)
    return depot, np.bincount(system.leaf, point, len(depot)).astype(float)


def _only_group(system: System) -> Ints:
    """The group of all points of a leaf, −1 where they belong to several."""
    least, most = np.full(len(system.part), len(system.targets)), np.full(len(system.part), -1)
    np.minimum.at(least, system.leaf, system.group)
    np.maximum.at(most, system.leaf, system.group)
    return np.where(least == most, most, -1)
