"""What a base stock achieves in the long run: fill rate, devices waiting, service within a window, compiled."""

from typing import NamedTuple

import numba as nb
import numpy as np

from domain.threads import in_threads, kernel
from optimizer.targets.two_echelons import (
    CDF,
    MEAN,
    PROBABILITY,
    ROWS,
    Floats,
    Ints,
    Record,
    Records,
    TwoEchelons,
    add_depot_unit,
    at_nodes,
    depot_demand,
    exact_units,
    fit_depot,
    fit_point,
    lean,
    own_pipeline,
    share_of,
    step,
)


class Performance(NamedTuple):
    """What a stock achieves. Points: fill (share of units served within the window), backorders (units waiting on an
    average day), out (P(N_p > S_p)), pipeline (mean units under way or owed). Leaves: depot_fill (share of units the
    depot ships at once), depot_backorders, depot_pipeline."""

    fill: Floats
    backorders: Floats
    out: Floats
    pipeline: Floats
    depot_fill: Floats
    depot_backorders: Floats
    depot_pipeline: Floats


@lean
def _served(law: Floats, k: int, stock: int, q: float) -> tuple[float, float]:
    """Share of units filled from `stock` in node k, E[(1 − q^(S−N))⁺], and E[(N − S)⁺]; leaves the law at S.

    The j-th unit of a batch is filled if N ≤ S − j, and j is geometric with ratio q (`domain.counts.fill_rate`).
    """
    waiting = law[MEAN, k]
    behind = 0.0  # Σ_{n<s} P(N = n) q^(s−n): stock enough, were it not for the units of the batch before this one
    below = 0.0
    for s in range(1, stock + 1):
        waiting -= 1.0 - law[CDF, k]
        behind = q * (behind + law[PROBABILITY, k])
        below = law[CDF, k]
        step(law, k, s)
    return max(min(below, 1.0) - behind, 0.0), max(waiting, 0.0)


@nb.njit(cache=True, error_model="numpy")
def ships_at_once(
    leaf: Record,
    theta: Floats,
    weight: Floats,
    owed: Floats,
    demand: float,
    weeks: float,
    stock: int,
    law: Floats,
    short: Floats,
) -> float:
    """Share of units the depot ships at once with a lead time of `weeks`; leaves its backorder moments in `short`."""
    q = (leaf.batch_index - 1.0) / (leaf.batch_index + 1.0)
    fit_depot(leaf, theta, owed, demand, weeks, law, short)
    fill: float = 0.0
    for k in range(len(theta)):
        fill += weight[k] * theta[k] * _served(law, k, stock, q)[0]
    fit_depot(leaf, theta, owed, demand, weeks, law, short)
    for s in range(stock):
        add_depot_unit(law, short, s)
    return fill


@nb.njit(cache=True, error_model="numpy")
def served_within(
    leaf: Record,
    points: Records,
    at: int,
    theta: Floats,
    weight: Floats,
    owed: Floats,
    demand: float,
    window: float,
    depot_stock: int,
    stock: int,
    metric: bool,
) -> float:
    """P(wait ≤ `window` weeks) at the point in row `at` of the leaf's: see `performance`."""
    point = points[at]
    units = exact_units(leaf, points, metric, theta, owed, demand)
    law, short = np.empty((ROWS + units, len(theta))), np.empty((2 + units, len(theta)))
    q = (leaf.batch_index - 1.0) / (leaf.batch_index + 1.0)
    share = share_of(point, demand)
    ahead = window - point.courier_weeks
    lead = max(leaf.lead_weeks - max(ahead, 0.0), 0.0)
    from_depot = ships_at_once(leaf, theta, weight, owed, demand, lead, depot_stock, law, short)
    fit_point(own_pipeline(point, window), share, leaf.batch_index, metric, theta, short, law)
    fill: float = (1.0 - point.local_share) * q**stock * from_depot if ahead >= 0.0 else 0.0
    for k in range(len(theta)):
        fill += weight[k] * theta[k] * _served(law, k, stock, q)[0]
    return fill


@nb.njit(cache=True, error_model="numpy")
def _perform_leaf(
    e: TwoEchelons, i: int, depot_stock: int, point_stock: Ints, window: Floats, metric: bool, out: Performance
) -> None:
    leaf = e.leaves[i]
    points = e.points[leaf.first : leaf.last]
    theta, weight, owed = at_nodes(e, i)
    nodes = len(theta)
    q = (leaf.batch_index - 1.0) / (leaf.batch_index + 1.0)
    demand = depot_demand(points)
    units = exact_units(leaf, points, metric, theta, owed, demand)
    law, short = np.empty((ROWS + units, nodes)), np.empty((2 + units, nodes))
    out.depot_fill[i] = ships_at_once(leaf, theta, weight, owed, demand, leaf.lead_weeks, depot_stock, law, short)
    out.depot_backorders[i] = np.sum(weight * short[0])
    out.depot_pipeline[i] = demand * leaf.lead_weeks + np.sum(weight * owed[0])
    for j in range(len(points)):
        p = leaf.first + j
        fit_point(
            own_pipeline(points[j], 0.0), share_of(points[j], demand), leaf.batch_index, metric, theta, short, law
        )
        for k in range(nodes):
            out.pipeline[p] += weight[k] * law[MEAN, k]
            fill, waiting = _served(law, k, point_stock[p], q)
            out.fill[p] += weight[k] * theta[k] * fill
            out.backorders[p] += weight[k] * waiting
            out.out[p] += weight[k] * max(1.0 - law[CDF, k], 0.0)
        if window[p] > 0.0 or points[j].courier_weeks <= 0.0:
            out.fill[p] = served_within(
                leaf, points, j, theta, weight, owed, demand, window[p], depot_stock, point_stock[p], metric
            )


@kernel
def _perform(
    first: int,
    last: int,
    e: TwoEchelons,
    depot_stock: Ints,
    point_stock: Ints,
    window: Floats,
    metric: bool,
    out: Performance,
) -> None:
    for i in range(first, last):
        _perform_leaf(e, i, depot_stock[i], point_stock, window, metric, out)


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
        pipeline=np.zeros(points),
        depot_fill=np.zeros(leaves),
        depot_backorders=np.zeros(leaves),
        depot_pipeline=np.zeros(leaves),
    )
    window = np.zeros(points) if window_weeks is None else window_weeks
    in_threads(_perform, leaves, e, depot_stock, point_stock, window, metric, out)
    return out
