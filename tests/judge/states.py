"""Expected stock and waiting of a leaf in a week, given its cumulative shipments (decision 0003, "Week cost")."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .laws import Floats, backorders, left
from .leaves import Ints, Leaves

_LEAVES_AT_ONCE = 300


@dataclass(frozen=True)
class States:
    """What cumulative shipments X mean in week t, one row per state.

    depot, shelves: expected units on hand; holding, shortage: money for the week; late: money were week t the last.
    """

    depot: Floats
    shelves: Floats
    holding: Floats
    shortage: Floats
    late: Floats


def evaluate(leaves: Leaves, leaf: Ints, week: Ints, shipped: Floats) -> States:
    """States of `leaf` in `week` (1-based) with `shipped` units arrived so far, all shape (states,)."""
    t = week - 1
    mean = leaves.recent_mean[leaf, t]
    net = leaves.net[leaf, t] + shipped
    on_hand = left(mean, leaves.recent_variance[leaf, t], net)
    short = np.maximum(on_hand - net + mean, 0.0)

    points = leaves.points
    first = np.searchsorted(points.leaf, leaf)
    count = np.searchsorted(points.leaf, leaf, side="right") - first
    state = np.repeat(np.arange(len(leaf)), count)
    point = np.arange(len(state)) - np.repeat(np.cumsum(count) - count, count) + first[state]
    rate = points.share[point] * leaves.weekly_mean[leaf, t][state]
    pipeline = rate * points.courier_days[point] / 7.0 + points.share[point] * short[state]
    variance = leaves.batch_index[leaf][state] * pipeline + leaves.kappa[leaf][state] * pipeline**2
    stock = points.stock_up_to[point]
    waiting = backorders(pipeline, variance, stock)
    shelf = stock - pipeline + waiting

    def add(values: Floats) -> Floats:
        return np.bincount(state, weights=values, minlength=len(leaf)).astype(np.float64)

    return States(
        depot=on_hand,
        shelves=add(shelf),
        holding=leaves.holding[leaf] * on_hand + add(points.holding[point] * shelf),
        shortage=add(points.price[point] * waiting),
        late=add(points.late_price[point] * waiting),
    )


@dataclass(frozen=True)
class Outlook:
    """Expectations of a plan: money and units of every leaf at the end of each week, shape (leaves, K).

    late: the end charge of the last week's backorders, shape (leaves,).
    """

    holding: Floats
    shortage: Floats
    depot: Floats
    shelves: Floats
    late: Floats


def outlook(leaves: Leaves, shipped: Floats) -> Outlook:
    """Averages over which slot is the last one in; `shipped` is X_k, shape (leaves, K + 1), k = 0..K."""
    number, weeks = leaves.net.shape
    result = Outlook(
        holding=np.zeros((number, weeks)),
        shortage=np.zeros((number, weeks)),
        depot=np.zeros((number, weeks)),
        shelves=np.zeros((number, weeks)),
        late=np.zeros(number),
    )
    for leaf, week, units, weight in _mixtures(leaves, shipped):
        states = evaluate(leaves, leaf, week, units)
        np.add.at(result.holding, (leaf, week - 1), weight * states.holding)
        np.add.at(result.shortage, (leaf, week - 1), weight * states.shortage)
        np.add.at(result.depot, (leaf, week - 1), weight * states.depot)
        np.add.at(result.shelves, (leaf, week - 1), weight * states.shelves)
        np.add.at(result.late, leaf, np.where(week == weeks, weight * states.late, 0.0))
    return result


def _mixtures(leaves: Leaves, shipped: Floats) -> Iterator[tuple[Ints, Ints, Floats, Floats]]:
    """(leaf, week, X, probability) of all states, a block of leaves at a time; slots of equal X are one state."""
    number, weeks = leaves.net.shape
    for start in range(0, number, _LEAVES_AT_ONCE):
        block = np.arange(start, min(start + _LEAVES_AT_ONCE, number))
        level = shipped[block]
        new = np.concatenate([np.ones((len(block), 1), bool), level[:, 1:] != level[:, :-1]], axis=1)
        run = np.cumsum(new, axis=1) - 1
        rho = np.stack([leaves.rho[leaf] for leaf in block])
        weight = np.zeros((len(block), weeks, weeks + 1))
        height = np.zeros((len(block), weeks + 1))
        every = np.arange(len(block))
        for k in range(weeks + 1):
            weight[every, :, run[:, k]] += rho[:, :, k]
            height[every, run[:, k]] = level[:, k]
        row, t, state = np.nonzero(weight > 0.0)
        yield block[row], t + 1, height[row, state], weight[row, t, state]
