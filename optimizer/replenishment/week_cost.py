"""Cost tables: what it costs when a leaf's cumulative shipments through slot k are X units (MODEL 3, week cost).

Table entry [k, X] = Ĝ_k(X) = Σ_t ρ_t(k)·G_t(X), the end terms being part of G_K. Rows k = 0..K, columns X = 0..cap.
"""

from math import ceil, floor

import numba as nb
import numpy as np
import numpy.typing as npt

from domain.counts import pmf, quantile_one, start
from domain.threads import in_threads, kernel
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.shelf_money import StockedPoints, add_weekly_money, shelves_and_waiting

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_FAR_TAIL = 1.0 - 1e-7
_NO_BACKORDERS = 1e-9  # units at a depot that count as none


class CostTables:
    """Flat tables of all leaves: leaf n is `values[offset[n]:offset[n+1]]` as (K + 1, cap[n] + 1).

    stock: where the depot's room is limited, expected units there at the end of week t when X units have come, from
    `stock_offset[n]` on as (K + 1, cap[n] + 1); −1: not kept.
    """

    def __init__(self, instance: Instance) -> None:
        leaves = instance.leaves
        self.cap = np.zeros(len(leaves.net_stock), np.int64)
        window = (leaves.late_mean, leaves.window_mean, leaves.window_variance)
        in_threads(_caps, len(self.cap), leaves.net_stock, leaves.inbound, *window, self.cap)
        earlier = instance.earlier  # units no week needs may still be sent rather than change a line
        self.cap += np.bincount(_leaf_of(earlier.start), earlier.units, len(self.cap)).astype(np.int64)
        size = (self.cap + 1) * (instance.weeks + 1)
        self.offset = np.concatenate([[0], np.cumsum(size)])
        self.values = np.zeros(self.offset[-1])
        limited = np.isfinite(instance.coupling.storage)[leaves.depot] & (instance.parts.litres[leaves.part] > 0)
        self.stock_offset = np.where(limited, np.cumsum(size * limited) - size, -1)
        self.stock = np.zeros(int((size * limited).sum()))
        in_threads(
            _fill, len(self.cap), self.values, self.offset, self.cap, self.stock, self.stock_offset,
            instance.slot_law, leaves.depot,
            leaves.net_stock, leaves.inbound, leaves.late_mean, leaves.window_mean, leaves.window_variance,
            leaves.weekly_mean, leaves.batch_index, leaves.kappa, leaves.landed, leaves.lead_weeks, leaves.holding,
            instance.parts.credit[leaves.part], _bare_points(instance), _stocked_points(instance),
        )  # fmt: skip

    def of(self, leaf: int) -> Floats:
        """The table of one leaf, (K + 1, cap + 1)."""
        return self.values[self.offset[leaf] : self.offset[leaf + 1]].reshape(-1, int(self.cap[leaf]) + 1)


def _leaf_of(start: Ints) -> Ints:
    """Leaf of every row of a table sliced by leaf."""
    return np.repeat(np.arange(len(start) - 1), np.diff(start))


@kernel
def _caps(
    begin: int, end: int, net_stock: Floats, inbound: Floats, late_mean: Floats, window_mean: Floats,
    window_variance: Floats, cap: Ints,
) -> None:  # fmt: skip
    """Write the most units worth shipping to each leaf: beyond it no week has a shortage to prevent (tail 1e-7)."""
    for n in range(begin, end):
        for t in range(inbound.shape[1]):
            far = quantile_one(window_mean[n, t], window_variance[n, t], _FAR_TAIL)
            need = int(ceil(far + late_mean[n, t] - net_stock[n] - inbound[n, t]))
            cap[n] = max(cap[n], need)


@nb.njit(cache=True, error_model="numpy")
def on_hand_table(first: float, columns: int, mean: float, variance: float, out: Floats) -> None:
    """out[x] = E[(first + x − D)⁺] for x = 0..columns − 1 and D of these moments; linear between integers."""
    n = int(floor(first))
    part = first - n
    low = start(mean, variance)
    ratio = variance / mean if variance > mean > 0.0 else 1.0
    step, growth = mean / ratio, 1.0 - 1.0 / ratio  # P(D = n + 1) = P(D = n)·(step + growth·n) / (n + 1)
    below = cumulative = probability = 0.0  # E[(n − D)⁺], P(D ≤ n), P(D = n)
    if n >= low:
        target, n = n, low
        probability = cumulative = pmf(mean, variance, low)
        while n < target:
            below += cumulative
            probability *= (step + growth * n) / (n + 1.0)
            cumulative = min(cumulative + probability, 1.0)
            n += 1
    for x in range(columns):
        out[x] = below + part * cumulative
        below += cumulative
        probability = pmf(mean, variance, low) if n + 1 == low else probability * ((step + growth * n) / (n + 1.0))
        cumulative = min(cumulative + probability, 1.0)
        n += 1


def _bare_points(instance: Instance) -> Floats:
    """Sums over each leaf's points without stock, whose waiting is their whole pipeline, (leaves, 4).

    Σ f, Σ f·c, Σ b·f, Σ b·f·c with share f, courier weeks c, price of waiting b.
    """
    points, leaf = instance.points, _leaf_of(instance.leaves.point_start)
    bare = points.base_stock == 0
    weights = (points.share, points.share * points.courier_weeks)
    columns = [*weights, *(weight * points.waiting for weight in weights)]
    leaves = len(instance.leaves.part)
    sums = [np.bincount(leaf[bare], column[bare], minlength=leaves) for column in columns]
    return np.column_stack(sums).astype(float)  # numpy counts nothing in whole numbers


def _stocked_points(instance: Instance) -> StockedPoints:
    points, leaf = instance.points, _leaf_of(instance.leaves.point_start)
    rows = np.flatnonzero(points.base_stock > 0)
    rows = rows[np.lexsort((points.courier_weeks[rows], leaf[rows]))]
    return StockedPoints(
        np.searchsorted(leaf[rows], np.arange(len(instance.leaves.part) + 1)),
        points.share[rows],
        points.base_stock[rows],
        points.courier_weeks[rows],
        points.holding[rows],
        points.waiting[rows],
    )


@kernel
def _fill(
    begin: int, end: int, values: Floats, offset: Ints, cap: Ints, stock: Floats, stock_offset: Ints, slot_law: Floats,
    depot: Ints, net_stock: Floats, inbound: Floats, late_mean: Floats, window_mean: Floats, window_variance: Floats,
    weekly_mean: Floats, psi: Floats, kappa: Floats, landed: Floats, lead_weeks: Floats, holding: Floats,
    credit: Floats, bare: Floats, points: StockedPoints,
) -> None:  # fmt: skip
    weeks = inbound.shape[1]
    for n in range(begin, end):
        columns = cap[n] + 1
        on_hand = np.empty((weeks, columns))
        state, demand, backorders = np.empty(weeks + 1, np.int64), np.empty(on_hand.size), np.empty(on_hand.size)
        count = 0  # states that differ: each week's X until the depot owes nothing
        for t in range(weeks):
            z = net_stock[n] + inbound[n, t] - late_mean[n, t]
            on_hand_table(z, columns, window_mean[n, t], window_variance[n, t], on_hand[t])
            state[t] = count
            for x in range(columns):
                short = on_hand[t, x] - (z + x) + window_mean[n, t]
                demand[count], backorders[count] = weekly_mean[n, t], short if short > _NO_BACKORDERS else 0.0
                count += 1
                if short <= _NO_BACKORDERS:
                    break
        state[weeks] = count
        money = np.empty(count)
        for i in range(count):
            money[i] = bare[n, 3] * demand[i] + bare[n, 2] * backorders[i]
        add_weekly_money(points, n, psi[n], kappa[n], demand[:count], backorders[:count], money)
        at_end = _end_money(points, n, psi[n], kappa[n], landed[n], lead_weeks[n], credit[n], bare[n],
                            weekly_mean[n, weeks - 1], backorders[state[weeks - 1] : count])  # fmt: skip

        table = values[offset[n] : offset[n + 1]].reshape((weeks + 1, columns))
        cost = np.empty(columns)
        for t in range(weeks):
            last = state[t + 1] - 1
            for x in range(columns):
                cost[x] = holding[n] * on_hand[t, x] + money[min(state[t] + x, last)]
                if t == weeks - 1:
                    cost[x] += credit[n] * (x - on_hand[t, x]) + at_end[min(x, last - state[t])]
            for k in np.flatnonzero(slot_law[depot[n], t + 1]):
                for x in range(columns):
                    table[k, x] += slot_law[depot[n], t + 1, k] * cost[x]
            if stock_offset[n] >= 0:
                row = stock_offset[n] + (t + 1) * columns
                stock[row : row + columns] = on_hand[t]


@nb.njit(cache=True, error_model="numpy")
def _end_money(
    points: StockedPoints, n: int, psi: float, kappa: float, landed: float, lead_weeks: float, credit: float,
    bare: Floats, demand: float, backorders: Floats,
) -> Floats:  # fmt: skip
    """Serving those who wait at the end, less the credit for what lies on shelves then, for each of `backorders`."""
    first, last = points.start[n], points.start[n + 1]
    money, short = np.empty(len(backorders)), np.empty(max(last - first, 1))
    for x in range(len(backorders)):
        _, waited, shelf, waiting = shelves_and_waiting(
            backorders[x], demand, psi, kappa, first, last,
            points.share, points.base_stock, points.courier_weeks, points.holding, points.waiting, short,
        )  # fmt: skip
        waited += bare[3] * demand + bare[2] * backorders[x]
        waiting += bare[1] * demand + bare[0] * backorders[x]
        money[x] = landed * waiting + lead_weeks * waited - credit * shelf
    return money
