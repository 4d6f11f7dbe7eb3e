"""How long all but one in twenty wait: the 95th percentile of the wait at depots and repair points, compiled."""

from math import ceil

import numba as nb
import numpy as np

from domain.calendar import DAYS_PER_WEEK
from domain.threads import in_threads, kernel
from optimizer.targets.performance import served_within, ships_at_once
from optimizer.targets.two_echelons import ROWS, Floats, Ints, Record, TwoEchelons, at_nodes, depot_demand

LEVEL = 0.95
_FAR = 4.0  # standard deviations of the lead time after which whatever was ordered has come


@nb.njit(cache=True, error_model="numpy")
def _depot_days(leaf: Record, theta: Floats, weight: Floats, owed: Floats, demand: float, stock: int) -> int:
    """Least days within which the depot ships LEVEL of its units."""
    law, short = np.empty((ROWS, len(theta))), np.empty((2, len(theta)))
    low, high = -1, int(ceil(DAYS_PER_WEEK * (leaf.lead_weeks + _FAR * np.sqrt(leaf.lead_variance))))
    while high - low > 1:
        days = (low + high) // 2
        weeks = max(leaf.lead_weeks - days / DAYS_PER_WEEK, 0.0)
        if ships_at_once(leaf, theta, weight, owed, demand, weeks, stock, law, short) >= LEVEL:
            high = days
        else:
            low = days
    return high


@nb.njit(cache=True, error_model="numpy")
def _point_days(e: TwoEchelons, i: int, p: int, demand: float, depot_stock: int, stock: int, longest: int) -> int:
    """Least days within which the point serves LEVEL of its units; `longest` is enough for certain."""
    leaf = e.leaves[i]
    theta, weight, owed = at_nodes(e, i)
    low, high, points = -1, longest, e.points[leaf.first : leaf.last]
    while high - low > 1:
        days = (low + high) // 2
        window = days / DAYS_PER_WEEK
        if (
            served_within(leaf, points, p - leaf.first, theta, weight, owed, demand, window, depot_stock, stock, False)
            >= LEVEL
        ):
            high = days
        else:
            low = days
    return high


@kernel
def _waits(
    first: int,
    last: int,
    e: TwoEchelons,
    depot_stock: Ints,
    point_stock: Ints,
    fill: Floats,
    depot_days: Ints,
    point_days: Ints,
) -> None:
    for i in range(first, last):
        leaf = e.leaves[i]
        theta, weight, owed = at_nodes(e, i)
        demand = depot_demand(e.points[leaf.first : leaf.last])
        depot_days[i] = _depot_days(leaf, theta, weight, owed, demand, depot_stock[i])
        for p in range(leaf.first, leaf.last):
            if fill[p] >= LEVEL:
                continue
            point_days[p] = depot_days[i] + int(ceil(DAYS_PER_WEEK * e.points[p].courier_weeks - 1e-9))
            if point_stock[p] > 0:
                point_days[p] = _point_days(e, i, p, demand, depot_stock[i], point_stock[p], point_days[p])


def waits(e: TwoEchelons, depot_stock: Ints, point_stock: Ints, fill: Floats) -> tuple[Ints, Ints]:
    """Whole days within which 19 of 20 units are there, at depots (leaves,) and points (points,).

    fill: share of units served at once, (points,); where it is LEVEL nobody counts as waiting. Without stock of its own
    a point waits for the depot and the courier; longer than the lead time with four standard deviations nobody waits.
    """
    depot_days, point_days = np.zeros(len(e.leaves), np.int64), np.zeros(len(e.points), np.int64)
    in_threads(_waits, len(e.leaves), e, depot_stock, point_stock, fill, depot_days, point_days)
    return depot_days, point_days
