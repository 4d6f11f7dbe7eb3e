"""The points of a leaf in one week: what serves each alone, what the depot owes it, and what its customers find."""

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from domain.calendar import DAYS_PER_WEEK
from domain.counts import cdf_and_backorders, pmf, start
from optimizer.replenishment.execution.demand import Demand, window
from optimizer.replenishment.execution.expected import Execution

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MOST = 60  # units of base stock beyond which a point's law is cut: its backlog is then all but normal


class Points(NamedTuple):
    """Points in leaf order, (points,), `start` the first of each leaf, (leaves + 1,). Units, days, money per week."""

    start: Ints
    share: Floats
    base_stock: Ints
    net_stock: Floats
    courier_days: Floats
    holding: Floats
    waiting: Floats


class LeafPoints(NamedTuple):
    """Points of one leaf and what is found of them week by week, (points,).

    excess, lack: units above and below base stock today. stocked, bare: rows of the points that have, or lack today,
    anything, and of the others. active: P(the excess is used up by now). left: units of it
    expected to be left. alone: P(a customer is served from the point's own stock of today). claim: share of the depot's
    demand. load: expected units of the b the depot owes; spread_on: their law, (points, units). backlog: law of the
    units the depot owes the point in an average time and as a customer meets it, (2, points, units); owed: their mean.
    """

    share: Floats
    base_stock: Ints
    net_stock: Floats
    courier_days: Floats
    holding: Floats
    waiting: Floats
    excess: Floats
    lack: Floats
    stocked: Ints
    bare: Ints
    active: Floats
    left: Floats
    alone: Floats
    claim: Floats
    load: Floats
    owed: Floats
    spread_on: Floats
    backlog: Floats


@nb.njit(cache=True)
def points_of(points: Points, n: int) -> LeafPoints:
    """The points of leaf n before any week."""
    here = slice(points.start[n], points.start[n + 1])
    count = points.start[n + 1] - points.start[n]
    most = 0
    excess = np.empty(count)
    for p in range(count):
        excess[p] = points.net_stock[here][p] - points.base_stock[here][p]
        most = max(most, min(points.base_stock[here][p], _MOST))
    lack = np.maximum(-excess, 0.0)
    stocked = (points.base_stock[here] > 0) | (lack > 0.0)
    return LeafPoints(
        points.share[here], points.base_stock[here], points.net_stock[here], points.courier_days[here],
        points.holding[here], points.waiting[here], excess, lack,
        np.flatnonzero(stocked), np.flatnonzero(~stocked), np.ones(count), np.zeros(count),
        np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count),
        np.zeros((count, most + 1)), np.zeros((2, count, most + 1)),
    )  # fmt: skip


@nb.njit(cache=True)
def first_in_line(batch_index: float) -> float:
    """q of the geometric law of a unit's place in its batch, P(j) = (1 − q)·q^(j−1) (MODEL 2)."""
    return (batch_index - 1.0) / (batch_index + 1.0)


@nb.njit(cache=True, error_model="numpy")
def use_own_stock(points: LeafPoints, demand: Demand, n: int, time: float) -> tuple[float, float]:
    """(units left, share of demand that reaches the depot): stock above base stock serves its point alone until used.

    Until the first courier could come, whatever lies at a point does.
    """
    so_far = window(demand, n, 0.0, time)
    psi, q = demand.batch_index[n], first_in_line(demand.batch_index[n])
    met, met_kappa = so_far.mean * (1.0 + so_far.bias), so_far.kappa / (1.0 + so_far.kappa)
    share, excess, courier_days, net_stock = points.share, points.excess, points.courier_days, points.net_stock
    active, left, alone, claim = points.active, points.left, points.alone, points.claim
    remaining = reaching = 0.0
    for p in range(len(share)):
        active[p], left[p], alone[p] = 1.0, 0.0, 0.0
        if excess[p] > 0.0:
            mean = share[p] * so_far.mean
            variance = psi * mean + so_far.kappa * mean**2
            lasting, beyond = cdf_and_backorders(mean, variance, int(excess[p]))
            active[p] = 1.0 - lasting
            left[p] = excess[p] - mean + beyond
        if excess[p] > 0.0 or time < courier_days[p]:
            mean = share[p] * met
            alone[p] = fill_of(mean, psi * mean + met_kappa * mean**2, q, int(max(net_stock[p], 0.0)))
        remaining += left[p]
        reaching += share[p] * active[p]
    claim[:] = 0.0
    if reaching > 0.0:
        claim[:] = share * active / reaching
    return remaining, reaching


@nb.njit(cache=True, error_model="numpy")
def fill_of(mean: float, variance: float, q: float, stock: int) -> float:
    """Share of units served from `stock` when the pipeline has these moments."""
    fill = probability = cumulative = 0.0
    first = start(mean, variance) if mean > 0.0 else 0
    step, growth = _recursion(mean, variance)
    for n in range(stock):
        probability, cumulative = _next(mean, variance, step, growth, n, first, probability, cumulative)
        fill = q * fill + (1.0 - q) * cumulative
    return fill


@nb.njit(cache=True, error_model="numpy")
def write_fill(mean: float, variance: float, q: float, fill: Floats, backorders: Floats) -> None:
    """fill[s]: share of units served at once from stock s = 0, 1, … of pipeline N; backorders[s] = E[(N − s)⁺].

    The j-th unit of a batch is served if N ≤ s − j, P(j) = (1 − q)·q^(j−1): fill[s] = q·fill[s−1] + (1−q)·P(N ≤ s−1).
    """
    fill[0], backorders[0] = 0.0, max(mean, 0.0)
    first = start(mean, variance) if mean > 0.0 else 0
    step, growth = _recursion(mean, variance)
    probability = cumulative = below = 0.0  # P(N = s), P(N ≤ s), E[(s − N)⁺]
    for s in range(1, len(fill)):
        probability, cumulative = _next(mean, variance, step, growth, s - 1, first, probability, cumulative)
        below += cumulative
        fill[s] = q * fill[s - 1] + (1.0 - q) * cumulative
        backorders[s] = max(mean - s + below, 0.0)


@nb.njit(cache=True, inline="always")
def _recursion(mean: float, variance: float) -> tuple[float, float]:
    """(a, b) of P(N = n + 1) = P(N = n)·(a + b·n) / (n + 1), for variance ≥ mean."""
    if mean <= 0.0 or variance <= mean:
        return mean, 0.0
    return mean * mean / variance, 1.0 - mean / variance


@nb.njit(cache=True, error_model="numpy", inline="always")
def _next(
    mean: float, variance: float, step: float, growth: float, n: int, first: int, probability: float, cumulative: float
) -> tuple[float, float]:
    """(P(N = n), P(N ≤ n)) from those of n − 1; below `first` there is nothing."""
    if mean <= 0.0:
        return 0.0, 1.0
    if n < first:
        return 0.0, 0.0
    if n == first or variance < mean * (1.0 - 1e-9):
        probability = pmf(mean, variance, n)
    else:
        probability *= (step + growth * (n - 1)) / n
    return probability, min(cumulative + probability, 1.0)


@nb.njit(cache=True, error_model="numpy")
def find(
    points: LeafPoints, demand: Demand, n: int, e: int, time: float, first: int, fill: Floats, backorders: Floats,
    result: Execution,
) -> None:  # fmt: skip
    """Add what the middle of week e holds for the points of leaf n, the first of all points being `first`.

    Their pipelines are the courier's demand and what is owed them. A customer meets the size-biased law of the rate,
    of mean (1 + κ) and relative variance κ/(1 + κ) (MODEL 2).
    """
    weekly, psi, kappa = demand.weekly[n, e], demand.batch_index[n], demand.kappa[n] * demand.growth[n, e]
    asked, served_units, waited = result.asked, result.served, result.waited
    holding, price = points.holding, points.waiting
    on_shelves = waiting_units = held = shortage = 0.0
    share, courier_days, base_stock, owed = points.share, points.courier_days, points.base_stock, points.owed
    excess, active, left, alone, backlog = points.excess, points.active, points.left, points.alone, points.backlog
    q, counted = first_in_line(psi), backlog.shape[2] - 1
    for p in range(len(share)):
        stock, last = base_stock[p], min(base_stock[p], counted)
        mean = share[p] * weekly * min(courier_days[p], time) / DAYS_PER_WEEK
        below = served = 0.0
        if last > 0:
            write_fill(mean, psi * mean + kappa * mean * mean, q, fill[: last + 1], backorders[: last + 1])
            for m in range(last):
                below += backlog[0, p, m] * (last - m - mean + backorders[last - m])
            met = mean * (1.0 + kappa)
            write_fill(met, psi * met + kappa / (1.0 + kappa) * met * met, q, fill[: last + 1], backorders[: last + 1])
            for m in range(last):
                served += backlog[1, p, m] * fill[last - m]
        pipeline = mean + owed[p]
        shelf, waiting = below, max(pipeline - stock + below, 0.0)
        if excess[p] > 0.0:
            shelf = left[p] + active[p] * below + (1.0 - active[p]) * stock
            waiting = active[p] * max(pipeline / max(active[p], 1e-9) - stock + below, 0.0)
            served = alone[p] + (1.0 - alone[p]) * served
        if time < courier_days[p]:
            served = alone[p]
        units = share[p] * weekly
        asked[first + p] += units
        served_units[first + p] += units * served
        waited[first + p] += waiting
        on_shelves += shelf
        waiting_units += waiting
        held += holding[p] * shelf
        shortage += price[p] * waiting
    result.shelf[n, e] += on_shelves
    result.waiting[n, e] += waiting_units
    result.holding[n, e] += held
    result.shortage[n, e] += shortage
