"""VARI-METRIC for a depot and the points it serves, compiled: best base stock given prices, and what stock achieves.

Sherbrooke (1968) METRIC; Slay (1984), Graves (1985) and Sherbrooke (1986) VARI-METRIC. Given the rate factor Θ = θ,
with λ_d = Σ(1−r_p)λ_p and f_p = (1−r_p)λ_p / λ_d:

    depot pipeline    E N = θλ_d L          Var N = ψθλ_d L + (θλ_d)² Var L       L: lead time plus wait for departure
    point pipeline    E N_p = θm_p + f_p EBO_d      m_p = λ_p (r_p T_p + (1−r_p) L_p)
                      Var N_p = ψθm_p + f_p(1−f_p) EBO_d + f_p² VBO_d

Each law is the negative binomial (or Poisson) of these two moments; results are averages over the nodes of Θ.
"""

from math import exp, log1p
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from domain.counts import pmf, start

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Records = npt.NDArray[np.void]

# Rows of a scratch array that steps the laws of all nodes from one count to the next.
_MEAN, _VARIANCE, _A, _B, _FIRST, _PROBABILITY, _CDF = range(7)
_ROWS = 7
_POISSON = 1e-9  # relative excess of the variance below which a law is Poisson
_CERTAIN = 1e-6  # chance of a stock-out too small to hold a unit against, however little that unit costs


LEAF = np.dtype(
    [
        ("first", np.int64),  # its points are rows first..last − 1 of the point table
        ("last", np.int64),
        ("lead_weeks", np.float64),  # mean of lead time plus wait for a departure
        ("lead_variance", np.float64),  # weeks²
        ("batch_index", np.float64),  # ψ ≥ 1
        ("holding", np.float64),  # at the depot, money per unit and week
        ("line", np.float64),  # keeping the part number at the depot, money per week
    ],
    align=True,
)
POINT = np.dtype(
    [
        ("demand", np.float64),  # λ_p, units per week
        ("local_share", np.float64),  # r_p
        ("repair_weeks", np.float64),  # T_p
        ("courier_weeks", np.float64),  # L_p
        ("holding", np.float64),
        ("line", np.float64),  # inf: the point may not keep the part
        ("at_depot", np.int64),  # 1: users of parts at the depot itself, which pays one line cost for both shelves
    ],
    align=True,
)


class TwoEchelons(NamedTuple):
    """All leaves (part × region) at once: tables of LEAF and POINT, and Gauss nodes of Θ with their weights.

    theta, weight: shape (leaves, nodes); a known rate has the single node 1 of weight 1, standing first.
    """

    leaves: Records
    points: Records
    theta: Floats
    weight: Floats


class Performance(NamedTuple):
    """What a stock achieves. Points: fill (share of units served within the window), backorders (units waiting on an
    average day), out (P(N_p > S_p)). Leaves: depot_fill (share of units the depot ships at once), depot_backorders."""

    fill: Floats
    backorders: Floats
    out: Floats
    depot_fill: Floats
    depot_backorders: Floats


def rate_nodes(rate_shape: Floats, count: int = 5) -> tuple[Floats, Floats]:
    """Gauss nodes and weights of Θ ~ Gamma(a, a), each of shape (leaves, count) (Golub & Welsch 1969, Laguerre).

    Weights times nodes are the size-biased weights of Gamma(a + 1, a). An infinite shape has one node, 1, of weight 1.
    """
    shape, k = rate_shape[:, None], np.arange(count)
    finite = np.isfinite(shape)
    a = np.where(finite, shape, 1.0)
    jacobi = np.zeros((len(rate_shape), count, count))
    jacobi[:, k, k] = (2 * k + a) / a
    jacobi[:, k[:-1], k[1:]] = jacobi[:, k[1:], k[:-1]] = np.sqrt(k[1:] * (k[1:] + a - 1)) / a
    theta, vectors = np.linalg.eigh(jacobi)
    weight = vectors[:, 0, :] ** 2
    return np.where(finite, theta, 1.0), np.where(finite, weight, (k == 0).astype(float))


@nb.njit(cache=True)
def _fit(law: Floats, k: int, mean: float, variance: float) -> None:
    """Law of node k at count 0: pₙ = pₙ₋₁ (a + b/n) (Panjer 1981), from the first count worth adding up."""
    excess = max(variance - mean, 0.0)
    over = excess > _POISSON * mean
    size = mean * mean / excess if over else 0.0
    law[_MEAN, k], law[_VARIANCE, k] = mean, mean + excess
    law[_A, k] = excess / variance if over else 0.0
    law[_B, k] = (size - 1.0) * excess / variance if over else mean
    law[_FIRST, k] = start(mean, variance)
    law[_PROBABILITY, k] = 0.0
    if law[_FIRST, k] == 0.0:
        law[_PROBABILITY, k] = exp(-size * log1p(excess / mean)) if over else exp(-mean)
    law[_CDF, k] = law[_PROBABILITY, k]


@nb.njit(cache=True)
def _step(law: Floats, k: int, n: int) -> None:
    """Move node k from count n − 1 to n."""
    first = law[_FIRST, k]
    if n > first:
        law[_PROBABILITY, k] *= law[_A, k] + law[_B, k] / n
        law[_CDF, k] += law[_PROBABILITY, k]
    elif n == first:
        law[_PROBABILITY, k] = pmf(law[_MEAN, k], law[_VARIANCE, k], n)
        law[_CDF, k] = law[_PROBABILITY, k]


@nb.njit(cache=True)
def _depot_demand(points: Records) -> float:
    """λ_d = Σ(1−r_p)λ_p, units per week."""
    total: float = 0.0
    for p in range(len(points)):
        total += (1.0 - points[p].local_share) * points[p].demand
    return total


@nb.njit(cache=True)
def _own_pipeline(point: np.void, window: float) -> float:
    """m_p of the units that will still be under way `window` weeks from now."""
    repair: float = max(point.repair_weeks - window, 0.0)
    courier: float = max(point.courier_weeks - window, 0.0)
    pipeline: float = point.demand * (point.local_share * repair + (1.0 - point.local_share) * courier)
    return pipeline


@nb.njit(cache=True)
def _fit_depot(leaf: np.void, theta: Floats, demand: float, lead_weeks: float, law: Floats, short: Floats) -> None:
    """The depot's pipeline in every node; `short` becomes EBO_d and E[B_d²] of an empty depot."""
    for k in range(law.shape[1]):
        rate = theta[k] * demand
        mean = rate * lead_weeks
        variance = leaf.batch_index * mean + rate * rate * leaf.lead_variance if mean > 0.0 else 0.0
        _fit(law, k, mean, variance)
        short[0, k] = mean
        short[1, k] = variance + mean * mean


@nb.njit(cache=True)
def _add_depot_unit(law: Floats, short: Floats, stock: int) -> None:
    """Move EBO_d and E[B_d²] from `stock` to `stock` + 1: (x−1)⁺ = x − 1 and (x−1)² = x² − 2x + 1 for x ≥ 1."""
    for k in range(law.shape[1]):
        out = max(1.0 - law[_CDF, k], 0.0)
        short[1, k] = max(short[1, k] - 2.0 * short[0, k] + out, 0.0)
        short[0, k] = max(short[0, k] - out, 0.0)
        _step(law, k, stock + 1)


@nb.njit(cache=True)
def _fit_point(
    own: float, share: float, batch_index: float, metric: bool, theta: Floats, short: Floats, law: Floats
) -> None:
    """A point's pipeline in every node: `own` m_p units of its own, and its `share` f_p of the depot's backorders.

    METRIC (Sherbrooke 1968) takes the depot's backorders for Poisson: VBO_d = EBO_d.
    """
    for k in range(law.shape[1]):
        mean = theta[k] * own
        waiting = short[0, k]
        spread = waiting if metric else max(short[1, k] - waiting * waiting, 0.0)
        variance = batch_index * mean + share * (1.0 - share) * waiting + share * share * spread
        _fit(law, k, mean + share * waiting, variance)


@nb.njit(cache=True)
def _best_at_point(law: Floats, weight: Floats, price: float, holding: float, line: float) -> tuple[int, float]:
    """Base stock of least holding, line and waiting cost, and that cost: raise S while price·P(N > S) > holding.

    The line cost is paid from the first unit on, so the best S > 0 is compared with 0.
    """
    waiting = 0.0
    out = 0.0
    for k in range(law.shape[1]):
        waiting += weight[k] * law[_MEAN, k]
        out += weight[k] * (1.0 - law[_CDF, k])
    empty = price * waiting
    if empty <= line:
        return 0, empty
    enough = max(holding / price, _CERTAIN)
    stock = 0
    while out > enough:
        waiting -= out
        stock += 1
        out = 0.0
        for k in range(law.shape[1]):
            _step(law, k, stock)
            out += weight[k] * (1.0 - law[_CDF, k])
    cost = price * waiting + holding * stock + line
    if stock == 0 or empty <= cost:
        return 0, empty
    return stock, cost


@nb.njit(cache=True)
def _scan(
    leaf: np.void, points: Records, price: Floats, theta: Floats, weight: Floats, metric: bool, point_stock: Ints
) -> int:
    """Best depot stock of one leaf, every one tried that could be best; the points' best stock goes to `point_stock`.

    Stops where holding at the depot alone costs more than is still to gain: points never wait less than behind a
    depot that is never out.
    """
    count, nodes = len(points), len(theta)
    demand = _depot_demand(points)
    depot, law = np.empty((_ROWS, nodes)), np.empty((_ROWS, nodes))
    short = np.zeros((2, nodes))
    own, share, candidate = np.empty(count), np.empty(count), np.zeros(count, np.int64)
    still = np.zeros(count + 1)  # least cost of the points from here on
    for p in range(count - 1, -1, -1):
        own[p] = _own_pipeline(points[p], 0.0)
        share[p] = (1.0 - points[p].local_share) * points[p].demand / demand if demand > 0.0 else 0.0
        _fit_point(own[p], share[p], leaf.batch_index, metric, theta, short, law)
        line = 0.0 if points[p].at_depot == 1 else points[p].line
        still[p] = still[p + 1] + _best_at_point(law, weight, price[p], points[p].holding, line)[1]

    _fit_depot(leaf, theta, demand, leaf.lead_weeks, depot, short)
    best, best_stock, stock = np.inf, 0, 0
    while True:
        cost = leaf.holding * stock + (leaf.line if stock > 0 else 0.0)
        p = 0
        while p < count and cost + still[p] < best:
            _fit_point(own[p], share[p], leaf.batch_index, metric, theta, short, law)
            line = 0.0 if points[p].at_depot == 1 and stock > 0 else points[p].line
            candidate[p], added = _best_at_point(law, weight, price[p], points[p].holding, line)
            cost += added
            p += 1
        if p == count and cost < best:
            best, best_stock = cost, stock
            point_stock[:] = candidate
        stock += 1
        if leaf.holding * stock + leaf.line + still[0] >= best or short[0].max() <= _CERTAIN * _CERTAIN:
            return best_stock
        _add_depot_unit(depot, short, stock - 1)


@nb.njit(cache=True, parallel=True)
def best_stock(
    e: TwoEchelons, price: Floats, active: Bools, metric: bool, depot_stock: Ints, point_stock: Ints
) -> None:
    """Write the stock of least cost into `depot_stock` (leaves,) and `point_stock` (points,) for the `active` leaves.

    Cost per week = holding and line cost at depot and points + Σ_p price_p · EBO_p, price (points,) in money per unit
    waiting per week. Given the prices every leaf, and given the depot's stock every point, stands alone (MODEL 2).
    `metric`: METRIC instead of VARI-METRIC.
    """
    for i in nb.prange(len(e.leaves)):
        if active[i]:
            leaf = e.leaves[i]
            own = slice(leaf.first, leaf.last)
            nodes = 1 if e.weight[i, 0] == 1.0 else e.weight.shape[1]
            depot_stock[i] = _scan(
                leaf, e.points[own], price[own], e.theta[i, :nodes], e.weight[i, :nodes], metric, point_stock[own]
            )


@nb.njit(cache=True)
def _served(law: Floats, k: int, stock: int, q: float) -> tuple[float, float]:
    """Share of units filled from `stock` in node k, E[(1 − q^(S−N))⁺], and E[(N − S)⁺]; leaves the law at S.

    The j-th unit of a batch is filled if N ≤ S − j, and j is geometric with ratio q (`domain.counts.fill_rate`).
    """
    waiting = law[_MEAN, k]
    behind = 0.0  # Σ_{n<s} P(N = n) q^(s−n): stock enough, were it not for the units of the batch before this one
    below = 0.0
    for s in range(1, stock + 1):
        waiting -= 1.0 - law[_CDF, k]
        behind = q * (behind + law[_PROBABILITY, k])
        below = law[_CDF, k]
        _step(law, k, s)
    return max(min(below, 1.0) - behind, 0.0), max(waiting, 0.0)


@nb.njit(cache=True)
def _ships_at_once(
    leaf: np.void, theta: Floats, weight: Floats, demand: float, weeks: float, stock: int, law: Floats, short: Floats
) -> float:
    """Share of units the depot ships at once with a lead time of `weeks`; leaves its backorder moments in `short`."""
    q = (leaf.batch_index - 1.0) / (leaf.batch_index + 1.0)
    _fit_depot(leaf, theta, demand, weeks, law, short)
    fill: float = 0.0
    for k in range(len(theta)):
        fill += weight[k] * theta[k] * _served(law, k, stock, q)[0]
    _fit_depot(leaf, theta, demand, weeks, law, short)
    for s in range(stock):
        _add_depot_unit(law, short, s)
    return fill


@nb.njit(cache=True)
def _served_within(
    leaf: np.void,
    point: np.void,
    theta: Floats,
    weight: Floats,
    demand: float,
    window: float,
    depot_stock: int,
    stock: int,
    metric: bool,
) -> float:
    """P(wait ≤ `window` weeks): see `performance`."""
    law, short = np.empty((_ROWS, len(theta))), np.empty((2, len(theta)))
    q = (leaf.batch_index - 1.0) / (leaf.batch_index + 1.0)
    share = (1.0 - point.local_share) * point.demand / demand if demand > 0.0 else 0.0
    ahead = window - point.courier_weeks
    lead = max(leaf.lead_weeks - max(ahead, 0.0), 0.0)
    from_depot = _ships_at_once(leaf, theta, weight, demand, lead, depot_stock, law, short)
    _fit_point(_own_pipeline(point, window), share, leaf.batch_index, metric, theta, short, law)
    fill: float = (1.0 - point.local_share) * q**stock * from_depot if ahead >= 0.0 else 0.0
    for k in range(len(theta)):
        fill += weight[k] * theta[k] * _served(law, k, stock, q)[0]
    return fill


@nb.njit(cache=True, parallel=True)
def _perform(
    e: TwoEchelons, depot_stock: Ints, point_stock: Ints, window: Floats, metric: bool, out: Performance
) -> None:
    for i in nb.prange(len(e.leaves)):
        leaf = e.leaves[i]
        points = e.points[leaf.first : leaf.last]
        nodes = 1 if e.weight[i, 0] == 1.0 else e.weight.shape[1]
        theta, weight = e.theta[i, :nodes], e.weight[i, :nodes]
        q = (leaf.batch_index - 1.0) / (leaf.batch_index + 1.0)
        demand = _depot_demand(points)
        law, short = np.empty((_ROWS, nodes)), np.empty((2, nodes))
        out.depot_fill[i] = _ships_at_once(leaf, theta, weight, demand, leaf.lead_weeks, depot_stock[i], law, short)
        out.depot_backorders[i] = np.sum(weight * short[0])
        for j in range(len(points)):
            p = leaf.first + j
            share = (1.0 - points[j].local_share) * points[j].demand / demand if demand > 0.0 else 0.0
            _fit_point(_own_pipeline(points[j], 0.0), share, leaf.batch_index, metric, theta, short, law)
            for k in range(nodes):
                fill, waiting = _served(law, k, point_stock[p], q)
                out.fill[p] += weight[k] * theta[k] * fill
                out.backorders[p] += weight[k] * waiting
                out.out[p] += weight[k] * max(1.0 - law[_CDF, k], 0.0)
            if window[p] > 0.0 or points[j].courier_weeks <= 0.0:
                out.fill[p] = _served_within(
                    leaf, points[j], theta, weight, demand, window[p], depot_stock[i], point_stock[p], metric
                )


def performance(
    e: TwoEchelons, depot_stock: Ints, point_stock: Ints, window_weeks: Floats | None = None, metric: bool = False
) -> Performance:
    """What `depot_stock` (leaves,) and `point_stock` (points,) achieve in the long run.

    `window_weeks` (points,): fill counts units served within so long, P(wait ≤ w). What will still be under way w
    weeks from now must leave room, N_p(w) ≤ S_p − j; units beyond the shelf (j > S_p) come straight from the depot if
    the courier brings them in time, as it always does at the depot itself.
    """
    points, leaves = len(e.points), len(e.leaves)
    out = Performance(
        fill=np.zeros(points),
        backorders=np.zeros(points),
        out=np.zeros(points),
        depot_fill=np.zeros(leaves),
        depot_backorders=np.zeros(leaves),
    )
    _perform(e, depot_stock, point_stock, np.zeros(points) if window_weeks is None else window_weeks, metric, out)
    return out
