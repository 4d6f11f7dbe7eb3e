"""A leaf's program: a shortest path over arrival slots whose state is what has been shipped so far (MODEL 3)."""

import numba as nb
import numpy as np

from optimizer.replenishment.program.facts import Counts, Facts, Floats, Ints


@nb.njit(cache=True)
def leaf_values(facts: Facts, leaf: int, price: Floats, room: Ints, value: Floats, before: Counts) -> None:
    """Least money to have shipped x units in all, into `value`; `before[k, x]`: units shipped before slot k.

    f_k(x) = Ĝ_k(x) + min(f_{k−1}(x), K + u_k·x + min_{x−room ≤ y<x}(f_{k−1}(y) − u_k·y)) with the line cost K and the
    slot's price u_k: a running minimum where there is room for all, else a queue of rising values.
    """
    columns = facts.cap[leaf] + 1
    table = facts.values[facts.offset[leaf] : facts.offset[leaf + 1]].reshape((facts.weeks + 1, columns))
    value[:] = np.inf
    value[0] = table[0, 0]
    queue, queued = np.empty(columns, np.int64), np.empty(columns)
    for k in range(1, facts.weeks + 1):
        if price[k] == np.inf:
            for x in range(columns):
                value[x] += table[k, x]
                before[k, x] = x
        elif room[k] >= columns:
            _ship_freely(facts.line_cost, price[k], table[k], value, before[k])
        else:
            _ship_within(facts.line_cost, price[k], room[k], table[k], value, before[k], queue, queued)


@nb.njit(cache=True)
def _ship_freely(line_cost: float, price: float, cost: Floats, value: Floats, before: Counts) -> None:
    lowest, at = np.inf, 0
    for x in range(len(cost)):
        old = value[x]
        step = line_cost + price * x + lowest
        if step < old:
            value[x], before[x] = step + cost[x], at
        else:
            value[x], before[x] = old + cost[x], x
        if old - price * x < lowest:
            lowest, at = old - price * x, x


@nb.njit(cache=True)
def _ship_within(
    line_cost: float, price: float, room: int, cost: Floats, value: Floats, before: Counts, queue: Ints, queued: Floats
) -> None:
    head = tail = 0
    for x in range(len(cost)):
        old = value[x]
        while head < tail and queue[head] < x - room:
            head += 1
        before[x] = x
        value[x] = old + cost[x]
        if head < tail:
            step = line_cost + price * x + queued[head]
            if step < old:
                value[x] = step + cost[x]
                before[x] = queue[head]
        new = old - price * x
        while head < tail and queued[tail - 1] > new:
            tail -= 1
        queue[tail], queued[tail] = x, new
        tail += 1


@nb.njit(cache=True)
def trace(before: Counts, units: int, path: Counts) -> None:
    """Write what arrives in each slot on the way to `units` in all into `path`."""
    x = units
    path[0] = 0
    for k in range(len(path) - 1, 0, -1):
        path[k] = x - before[k, x]
        x = before[k, x]


@nb.njit(cache=True)
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


@nb.njit(cache=True)
def split(choice: Counts, units: int) -> Ints:
    """The units of each leaf when all have `units` together."""
    own = np.zeros(len(choice), np.int64)
    for n in range(len(choice) - 1, -1, -1):
        own[n] = choice[n, units]
        units -= own[n]
    return own
