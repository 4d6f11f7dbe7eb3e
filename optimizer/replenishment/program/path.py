"""A leaf's program: a shortest path over arrival slots whose state is what has been shipped so far (MODEL 3)."""

from typing import NamedTuple

import numba as nb
import numpy as np

from optimizer.replenishment.program.facts import Counts, Floats, Ints


class Way(NamedTuple):
    """What one leaf pays by slot 0..K: money per unit, units with room, most units in all after a shipment.

    unsent, changed, earlier_units, earlier_price: what leaving the earlier plan adds (see `Slots`), empty without it.
    """

    price: Floats
    room: Ints
    most: Ints
    unsent: Floats
    changed: Floats
    earlier_units: Ints
    earlier_price: Floats


@nb.njit(cache=True, error_model="numpy")
def leaf_values(line_cost: float, cost: Floats, way: Way, value: Floats, before: Counts) -> None:
    """Least money to have shipped x units in all, into `value`; `before[k, x]`: units shipped before slot k.

    f_k(x) = Ĝ_k(x) + min(f_{k−1}(x), K + u_k·x + min_{x−room ≤ y<x}(f_{k−1}(y) − u_k·y)) with the line cost K and the
    slot's price u_k: a running minimum where there is room for all, else a queue of rising values. cost: Ĝ, (K + 1,
    units + 1). A line as in the earlier plan is one more way, marked by −1 − units in `before`.
    """
    columns = cost.shape[1]
    value[:] = np.inf
    value[0] = cost[0, 0]
    queue, queued, old = np.empty(columns, np.int64), np.empty(columns), np.empty(columns)
    for k in range(1, len(cost)):
        changing = len(way.changed) > 0
        if changing:
            old[:] = value
        line = line_cost + (way.changed[k] - way.unsent[k] if changing else 0.0)
        if way.price[k] == np.inf:
            for x in range(columns):
                before[k, x] = x
        elif way.room[k] >= columns:
            _ship_freely(line, way.price[k], way.most[k], value, before[k])
        else:
            _ship_within(line, way.price[k], way.room[k], way.most[k], value, before[k], queue, queued)
        if changing:
            value[:columns] += way.unsent[k]
            units = way.earlier_units[k]
            if units > 0 and way.earlier_price[k] < np.inf:
                as_before = line_cost + way.earlier_price[k] * units
                for x in range(units, min(columns, way.most[k] + 1)):
                    if old[x - units] + as_before < value[x]:
                        value[x], before[k, x] = old[x - units] + as_before, -1 - (x - units)
        for x in range(columns):
            value[x] += cost[k, x]


@nb.njit(cache=True, error_model="numpy")
def _ship_freely(line_cost: float, price: float, most: int, value: Floats, before: Counts) -> None:
    lowest, at = np.inf, 0
    for x in range(len(value)):
        old = value[x]
        step = line_cost + price * x + lowest
        if step < old and x <= most:
            value[x], before[x] = step, at
        else:
            before[x] = x
        if old - price * x < lowest:
            lowest, at = old - price * x, x


@nb.njit(cache=True, error_model="numpy")
def _ship_within(
    line_cost: float, price: float, room: int, most: int, value: Floats, before: Counts, queue: Ints, queued: Floats
) -> None:
    head = tail = 0
    for x in range(len(value)):
        old = value[x]
        while head < tail and queue[head] < x - room:
            head += 1
        before[x] = x
        if head < tail and x <= most:
            step = line_cost + price * x + queued[head]
            if step < old:
                value[x] = step
                before[x] = queue[head]
        new = old - price * x
        while head < tail and queued[tail - 1] > new:
            tail -= 1
        queue[tail], queued[tail] = x, new
        tail += 1


@nb.njit(cache=True, error_model="numpy")
def trace(before: Counts, units: int, earlier_from: Ints, path: Counts, chosen: Counts) -> None:
    """Write what arrives in each slot on the way to `units` in all into `path`; a line as before goes as before."""
    x = units
    path[0] = 0
    for k in range(len(path) - 1, 0, -1):
        y = before[k, x]
        if y < 0:
            y = -1 - y
            chosen[k] = earlier_from[k]
        path[k] = x - y
        x = y


@nb.njit(cache=True, error_model="numpy")
def combine(value: Floats, columns: Ints, most: int, choice: Counts) -> Floats:
    """Least money of all leaves by units in all, 0..most; `choice[n, u]`: units of leaf n when n + 1 leaves have u.

    The (min, +) convolution of the leaves' values.
    """
    total = np.zeros(1)
    for n in range(len(columns)):
        size = min(len(total) + columns[n] - 1, most + 1)
        more = np.full(size, np.inf)
        for x in range(min(columns[n], size)):
            own = value[n, x]
            for u in range(min(len(total), size - x)):
                if total[u] + own < more[u + x]:
                    more[u + x] = total[u] + own
                    choice[n, u + x] = x
        total = more
    return total


@nb.njit(cache=True, error_model="numpy")
def split(choice: Counts, units: int) -> Ints:
    """The units of each leaf when all have `units` together."""
    own = np.zeros(len(choice), np.int64)
    for n in range(len(choice) - 1, -1, -1):
        own[n] = choice[n, units]
        units -= own[n]
    return own
