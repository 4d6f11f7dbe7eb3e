"""Cost tables: what it costs when a leaf's cumulative shipments through slot k are X units (MODEL 3, week cost).

Table entry [k, X] = Ĝ_k(X) = Σ_t ρ_t(k)·G_t(X), the end terms being part of G_K. Rows k = 0..K, columns X = 0..cap.
"""

from math import ceil, exp, floor, log1p

import numba as nb
import numpy as np
import numpy.typing as npt

from domain.counts import cdf_and_backorders, next_pmf, pmf, quantile_one, start
from domain.threads import in_threads, kernel
from optimizer.replenishment.instance import Instance, Points

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_FAR_TAIL = 1.0 - 1e-7
_NO_BACKORDERS = 1e-9  # units at a depot that count as none
_SMALL_STOCK, _SMALL_MEAN = 64, 100.0


class CostTables:
    """Flat tables of all leaves: leaf n is `values[offset[n]:offset[n+1]]` as (K + 1, cap[n] + 1).

    stock: where the depot's room is limited, expected units there at the end of week t when X units have come, from
    `stock_offset[n]` on as (K + 1, cap[n] + 1); −1: not kept.
    """

    def __init__(self, instance: Instance) -> None:
        leaves, points = instance.leaves, instance.points
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
        leaf = _leaf_of(leaves.point_start)
        stocked = points.base_stock > 0
        in_threads(
            _fill, len(self.cap), self.values, self.offset, self.cap, self.stock, self.stock_offset,
            instance.slot_law, leaves.depot,
            leaves.net_stock, leaves.inbound, leaves.late_mean, leaves.window_mean, leaves.window_variance,
            leaves.weekly_mean, leaves.batch_index, leaves.kappa, leaves.landed, leaves.lead_weeks, leaves.holding,
            instance.parts.credit[leaves.part], _bare_points(leaf, points.share, points, len(self.cap)),
            np.searchsorted(leaf[stocked], np.arange(len(self.cap) + 1)), points.share[stocked],
            points.base_stock[stocked], points.courier_weeks[stocked], points.holding[stocked],
            points.waiting[stocked],
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


@nb.njit(cache=True)
def on_hand_table(first: float, columns: int, mean: float, variance: float, out: Floats) -> None:
    """out[x] = E[(first + x − D)⁺] for x = 0..columns − 1 and D of these moments; linear between integers."""
    n = int(floor(first))
    part = first - n
    low = start(mean, variance)
    below = cumulative = probability = 0.0  # E[(n − D)⁺], P(D ≤ n), P(D = n)
    if n >= low:
        target, n = n, low
        probability = cumulative = pmf(mean, variance, low)
        while n < target:
            below += cumulative
            probability = next_pmf(mean, variance, n, probability)
            cumulative = min(cumulative + probability, 1.0)
            n += 1
    for x in range(columns):
        out[x] = below + part * cumulative
        below += cumulative
        probability = pmf(mean, variance, low) if n + 1 == low else next_pmf(mean, variance, n, probability)
        cumulative = min(cumulative + probability, 1.0)
        n += 1


@nb.njit(cache=True)
def _waiting_units(mean: float, psi: float, kappa: float, stock: int) -> float:
    """EBO of a point: the law of `domain.counts`, its negative binomial written out for the small stocks of a point."""
    excess = psi - 1.0 + kappa * mean
    if stock == 0 or mean <= 0.0:
        return max(mean, 0.0)
    if stock > _SMALL_STOCK or mean > _SMALL_MEAN or excess <= 1e-9:
        return cdf_and_backorders(mean, mean * (1.0 + excess), stock)[1]
    shape, ratio = mean / excess, excess / (1.0 + excess)
    probability = exp(-shape * log1p(excess))
    left = stock * probability
    for n in range(1, stock):
        probability *= ratio * (shape + n - 1.0) / n
        left += (stock - n) * probability
    return max(mean - stock + left, 0.0)


@nb.njit(cache=True)
def shelves_and_waiting(
    backorders: float, weekly_mean: float, psi: float, kappa: float, first: int, last: int,
    share: Floats, base_stock: Ints, courier_weeks: Floats, holding: Floats, waiting: Floats,
    per_point: Floats,
) -> tuple[float, float, float, float]:  # fmt: skip
    """(holding money, waiting money, units on shelves, units waiting) per week at the points of one leaf.

    Pipeline of point p: mean λ_p·c_p + f_p·E[x⁻], variance ψμ + κμ² (MODEL 3). `per_point` receives EBO_p.
    """
    held = waited = shelf_units = waiting_units = 0.0
    for p in range(first, last):
        mean = share[p] * (weekly_mean * courier_weeks[p] + backorders)
        short = _waiting_units(mean, psi, kappa, base_stock[p])
        shelf = base_stock[p] - mean + short
        per_point[p - first] = short
        held += holding[p] * shelf
        waited += waiting[p] * short
        shelf_units += shelf
        waiting_units += short
    return held, waited, shelf_units, waiting_units


def _bare_points(leaf: Ints, share: Floats, points: Points, leaves: int) -> Floats:
    """Sums over each leaf's points without stock, whose waiting is their whole pipeline, (leaves, 4).

    Σ f, Σ f·c, Σ b·f, Σ b·f·c with share f, courier weeks c, price of waiting b.
    """
    bare = points.base_stock == 0
    weights = (share, share * points.courier_weeks)
    columns = [*weights, *(weight * points.waiting for weight in weights)]
    return np.column_stack([np.bincount(leaf[bare], column[bare], minlength=leaves) for column in columns])


@kernel
def _fill(
    begin: int, end: int, values: Floats, offset: Ints, cap: Ints, stock: Floats, stock_offset: Ints, slot_law: Floats,
    depot: Ints, net_stock: Floats, inbound: Floats, late_mean: Floats, window_mean: Floats, window_variance: Floats,
    weekly_mean: Floats, psi: Floats, kappa: Floats, landed: Floats, lead_weeks: Floats, holding: Floats,
    credit: Floats, bare: Floats, point_start: Ints, share: Floats, base_stock: Ints, courier_weeks: Floats,
    point_holding: Floats, waiting: Floats,
) -> None:  # fmt: skip
    weeks = inbound.shape[1]
    for n in range(begin, end):
        columns = cap[n] + 1
        table = values[offset[n] : offset[n + 1]].reshape((weeks + 1, columns))
        law = slot_law[depot[n]]
        on_hand, short = np.empty(columns), np.empty(max(point_start[n + 1] - point_start[n], 1))
        for t in range(1, weeks + 1):
            z = net_stock[n] + inbound[n, t - 1] - late_mean[n, t - 1]
            demand = weekly_mean[n, t - 1]
            slots = np.flatnonzero(law[t])
            on_hand_table(z, columns, window_mean[n, t - 1], window_variance[n, t - 1], on_hand)
            if stock_offset[n] >= 0:
                stock[stock_offset[n] + t * columns : stock_offset[n] + (t + 1) * columns] = on_hand
            last_backorders = -1.0
            held = waited = shelf = late = 0.0
            for x in range(columns):
                backorders = on_hand[x] - (z + x) + window_mean[n, t - 1]
                backorders = backorders if backorders > _NO_BACKORDERS else 0.0
                if backorders != last_backorders:
                    last_backorders = backorders
                    held, waited, shelf, _ = shelves_and_waiting(
                        backorders, demand, psi[n], kappa[n], point_start[n], point_start[n + 1],
                        share, base_stock, courier_weeks, point_holding, waiting, short,
                    )  # fmt: skip
                    waited += bare[n, 3] * demand + bare[n, 2] * backorders
                    if t == weeks:
                        late = landed[n] * (bare[n, 1] * demand + bare[n, 0] * backorders)
                        late += lead_weeks[n] * (bare[n, 3] * demand + bare[n, 2] * backorders)
                        for p in range(point_start[n], point_start[n + 1]):
                            late += (landed[n] + waiting[p] * lead_weeks[n]) * short[p - point_start[n]]
                cost = holding[n] * on_hand[x] + held + waited
                if t == weeks:
                    cost += credit[n] * (x - on_hand[x] - shelf) + late
                for k in slots:
                    table[k, x] += law[t, k] * cost
