"""What points that help each other achieve with a stock, and the stock of least cost; compiled, cluster by cluster.

Kranenburg & van Houtum (2009), "A new partial pooling structure for spare parts networks", EJOR 199: every point is an
Erlang-loss system, the demand it cannot serve flows over to the sources of its list in turn, and the loads are iterated
to a fixed point. Added here: a demand nobody can serve may wait at its point (a backorder), so that a point's pipeline
is a birth-death chain between Erlang's and Poisson's; and lists may differ from point to point. With u_j the chance
that point j is out, R_i the point i and its sources, θ_i the chance that all of R_i are out:

    load of j in stock     a_j = T_j (λ_j + Σ_i λ_i α_ij / (1 − u_j))
    load of j once out     s_j = T_j λ_j θ_j / u_j: its own demand nobody else can serve; 0 if express comes for it
    chance to be out       u_j = P(N_j ≥ S_j),  n·p_n = a_j p_(n−1) for n ≤ S_j,  s_j p_(n−1) beyond
    all out                θ_i = pooled^w · (Π_{j ∈ R_i} u_j)^(1−w)
    served by a lateral    α_ij ∝ (Π of u before j in i's list) (1 − u_j),  Σ_j α_ij = u_i − θ_i

`pooled` is the same chain for all of R_i as one shelf; w the share of its load that may use every point of R_i: full
pooling of equal lead times is exact where nobody waits (Erlang B of the whole), overflow alone is independence.
"""

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from domain.threads import in_threads, kernel
from optimizer.targets.laterals.network import LateralNetwork, SharedPoints, Ways

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ROUNDS = 200
PRECISION = 1e-8  # of the chances, at which the loads count as settled
NEVER = 1e-7  # chance of a stock-out too small to hold a unit against
SURE = 1e-9  # relative saving below which two stocks cost the same


class Sharing(NamedTuple):
    """What a stock achieves with the help of others.

    Points, shape (points,): stock (units), served (share of demand from its own shelf), unserved (share for which
    nobody has stock: by_express of it, or it waits for the depot), by_express (bool), waiting (units that wait for the
    depot on an average day), cost (money per week, waiting priced). Ways: given, share of the asking point's demand.
    """

    stock: Ints
    served: Floats
    unserved: Floats
    by_express: Bools
    waiting: Floats
    cost: Floats
    given: Floats


class _Found(NamedTuple):
    """What one cluster's stock achieves: out, unserved, waiting, cost by member; given by way of the cluster."""

    out: Floats
    unserved: Floats
    waiting: Floats
    by_express: Bools
    cost: Floats
    given: Floats


class _Cluster(NamedTuple):
    """The points of one cluster: their numbers inside it are 0..n − 1; reach[i, j]: j serves i; covers: R_i ⊆ R_k."""

    points: SharedPoints
    first: Ints
    source: Ints
    lateral_cost: Floats
    reach: Bools
    covers: Bools


@nb.njit(cache=True)
def _chain(stock: int, load: float, beyond: float) -> tuple[float, float]:
    """P(N ≥ stock) and E[(N − stock)⁺] of the birth-death chain of load `load` below `stock` and `beyond` from it on.

    beyond = 0 is Erlang's loss formula (by its recursion), beyond = load a Poisson pipeline.
    """
    if stock > 0 and load <= 0.0:
        return 0.0, 0.0
    erlang = 1.0
    for n in range(1, stock + 1):
        erlang = load * erlang / (n + load * erlang)
    tail, late, term, n = 0.0, 0.0, 1.0, 0
    while term > 1e-17 * (1.0 + tail) or stock + n < beyond:
        tail += term
        late += n * term
        n += 1
        term *= beyond / (stock + n)
    whole = 1.0 / erlang - 1.0 + tail if stock > 0 else tail
    return tail / whole, late / whole


@nb.njit(cache=True)
def _alone(points: SharedPoints, p: int, stock: int) -> tuple[float, float, float, bool]:
    """Chance to be out, units waiting, cost per week and whether express is the cheaper way out, without laterals."""
    load = points.demand[p] * points.lead_weeks[p]
    kept = points.holding[p] * stock + (points.line[p] if stock > 0 else 0.0)
    out, late = _chain(stock, load, load)
    wait = points.price[p] * late
    if points.express_money[p] < np.inf:
        lost, _ = _chain(stock, load, 0.0)
        express = points.demand[p] * lost * (points.express_money[p] + points.price[p] * points.express_weeks[p])
        if express < wait:
            return lost, 0.0, kept + express, True
    return out, late, kept + wait, False


@nb.njit(cache=True)
def _best_alone(points: SharedPoints, p: int) -> int:
    """Stock of least cost of a point by itself: all are tried that cost no more to hold than the best found."""
    best, best_stock, stock = np.inf, 0, 0
    while points.holding[p] * stock + (points.line[p] if stock > 0 else 0.0) < best:
        out, _, cost, _ = _alone(points, p, stock)
        if cost < best * (1.0 - SURE):
            best, best_stock = cost, stock
        if out < NEVER:
            break
        stock += 1
    return best_stock


@nb.njit(cache=True)
def _overflow(c: _Cluster, out: Floats, unserved: Floats, given: Floats) -> None:
    """α: the list of every point in turn, scaled so that own shelf, laterals and the unserved are all there is."""
    for i in range(len(out)):
        left, total = out[i], 0.0
        for w in range(c.first[i], c.first[i + 1]):
            given[w] = left * (1.0 - out[c.source[w]])
            total += given[w]
            left *= out[c.source[w]]
        scale = max(out[i] - unserved[i], 0.0) / total if total > 0.0 else 0.0
        for w in range(c.first[i], c.first[i + 1]):
            given[w] *= scale


@nb.njit(cache=True)
def _service_weeks(c: _Cluster, i: int, out: Floats, given: Floats) -> float:
    """Mean lead time of the points that serve i."""
    served = 1.0 - out[i]
    weeks = served * c.points.lead_weeks[i]
    for w in range(c.first[i], c.first[i + 1]):
        served += given[w]
        weeks += given[w] * c.points.lead_weeks[c.source[w]]
    mean: float = weeks / served if served > 1e-12 else c.points.lead_weeks[i]
    return mean


@nb.njit(cache=True)
def _all_out(c: _Cluster, i: int, stock: Ints, express: Bools, out: Floats, unserved: Floats, weeks: Floats) -> float:
    """θ_i between one pooled shelf and independence (see the module's first lines)."""
    units, holders, independent = 0, 0, 1.0
    for j in range(len(out)):
        if c.reach[i, j]:
            units += stock[j]
            holders += stock[j] > 0
            independent *= out[j]
    if holders <= 1 or c.first[i] == c.first[i + 1]:
        return independent
    load, beyond, everywhere = 0.0, 0.0, 0.0
    for k in range(len(out)):
        rate = c.points.demand[k]
        if c.reach[i, k]:
            load += rate * weeks[k]
            everywhere += rate * weeks[k] if c.covers[i, k] else 0.0
            if not express[k] and out[k] > 0.0:
                beyond += rate * c.points.lead_weeks[k] * unserved[k] / out[k]
            continue
        left = out[k]
        for w in range(c.first[k], c.first[k + 1]):
            if c.reach[i, c.source[w]]:
                load += rate * left * c.points.lead_weeks[c.source[w]]
                break
            left *= out[c.source[w]]
    if load <= 0.0 or independent <= 0.0:
        return independent
    pooled, _ = _chain(units, load, beyond)
    share = everywhere / load
    both: float = pooled**share * independent ** (1.0 - share)
    return both


@nb.njit(cache=True)
def _evaluate(c: _Cluster, stock: Ints, f: _Found) -> float:
    """What `stock` achieves in the cluster, into `f`; returns its cost per week."""
    n, points = len(stock), c.points
    load, weeks = np.empty(n), np.empty(n)
    for j in range(n):
        f.out[j], f.waiting[j], f.cost[j], f.by_express[j] = _alone(points, j, stock[j])
        f.unserved[j] = f.out[j]
    for _ in range(ROUNDS):
        for j in range(n):
            load[j] = points.demand[j] * points.lead_weeks[j]
        _overflow(c, f.out, f.unserved, f.given)
        for i in range(n):
            weeks[i] = _service_weeks(c, i, f.out, f.given)
            for w in range(c.first[i], c.first[i + 1]):
                j = c.source[w]
                if f.given[w] > 0.0:
                    load[j] += points.demand[i] * f.given[w] / (1.0 - f.out[j]) * points.lead_weeks[j]
        moved = 0.0
        for i in range(n):
            theta = min(_all_out(c, i, stock, f.by_express, f.out, f.unserved, weeks), f.out[i])
            moved = max(moved, abs(theta - f.unserved[i]))
            f.unserved[i] = 0.5 * (f.unserved[i] + theta)
        for j in range(n):
            waits = 0.0 if f.by_express[j] or f.out[j] <= 0.0 else f.unserved[j] / f.out[j]
            out, f.waiting[j] = _chain(stock[j], load[j], points.demand[j] * points.lead_weeks[j] * waits)
            moved = max(moved, abs(out - f.out[j]))
            f.out[j] = 0.5 * (f.out[j] + out)
        if moved < PRECISION:
            break
    _overflow(c, f.out, f.unserved, f.given)
    return _cost(c, stock, f)


@nb.njit(cache=True)
def _cost(c: _Cluster, stock: Ints, f: _Found) -> float:
    """Holding, lines, laterals and waiting of every point, money per week, into `f.cost`; returns the sum."""
    total, points = 0.0, c.points
    for i in range(len(stock)):
        cost = points.holding[i] * stock[i] + (points.line[i] if stock[i] > 0 else 0.0)
        if f.by_express[i]:
            express = points.express_money[i] + points.price[i] * points.express_weeks[i]
            cost += points.demand[i] * f.unserved[i] * express
        else:
            cost += points.price[i] * f.waiting[i]
        for w in range(c.first[i], c.first[i + 1]):
            cost += points.demand[i] * f.given[w] * c.lateral_cost[w]
        f.cost[i] = cost
        total += cost
    return total


@nb.njit(cache=True)
def _moved(c: _Cluster, stock: Ints, drop: int, add: int, f: _Found) -> float:
    """Cost per week with one unit less at `drop` and one more at `add`; −1 for none."""
    for j, units in ((drop, -1), (add, 1)):
        if j >= 0:
            stock[j] += units
    cost: float = _evaluate(c, stock, f)
    for j, units in ((drop, -1), (add, 1)):
        if j >= 0:
            stock[j] -= units
    return cost


@nb.njit(cache=True)
def _improve(c: _Cluster, stock: Ints, f: _Found) -> float:
    """Add the unit that saves most until none saves; then take off or move single units, and add again."""
    best = _evaluate(c, stock, f)
    while True:
        drop, add, found = -1, -1, best * (1.0 - SURE)
        for j in range(len(stock)):
            cost = _moved(c, stock, -1, j, f)
            if cost < found:
                add, found = j, cost
        if add < 0:
            for i in range(len(stock)):
                for j in range(-1, len(stock) if stock[i] > 0 else -1):
                    cost = _moved(c, stock, i, j, f) if i != j else np.inf
                    if cost < found:
                        drop, add, found = i, j, cost
        if drop < 0 and add < 0:
            return best
        best = found
        if add >= 0:
            stock[add] += 1
        if drop >= 0:
            stock[drop] -= 1


@nb.njit(cache=True)
def _cluster(points: SharedPoints, ways: Ways, first_way: Ints, members: Ints) -> tuple[_Cluster, Ints]:
    """The cluster of these points, in ascending order, and the rows of its ways."""
    n, count = len(members), 0
    for i in range(n):
        count += first_way[members[i] + 1] - first_way[members[i]]
    first, source, row = np.zeros(n + 1, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    cost, reach, covers = np.empty(count), np.zeros((n, n), np.bool_), np.ones((n, n), np.bool_)
    at = 0
    for i in range(n):
        reach[i, i] = True
        for w in range(first_way[members[i]], first_way[members[i] + 1]):
            row[at], source[at] = w, np.searchsorted(members, ways.source[w])
            cost[at] = ways.money[w] + points.price[members[i]] * ways.weeks[w]
            reach[i, source[at]] = True
            at += 1
        first[i + 1] = at
    for i in range(n):
        for k in range(n):
            for j in range(n):
                if reach[i, j] and not reach[k, j]:
                    covers[i, k] = False
    own = SharedPoints(
        points.demand[members],
        points.lead_weeks[members],
        points.price[members],
        points.holding[members],
        points.line[members],
        points.express_money[members],
        points.express_weeks[members],
    )
    return _Cluster(own, first, source, cost, reach, covers), row


@nb.njit(cache=True)
def _solve(points: SharedPoints, ways: Ways, first_way: Ints, members: Ints, given_stock: bool, out: Sharing) -> None:
    """One cluster: its best stock (or the given one) and what that achieves, into the rows of `out`.

    The search starts from nothing and from what each point would keep by itself; if not helping each other costs less
    than the best of them, nobody does.
    """
    c, row = _cluster(points, ways, first_way, members)
    n = len(members)
    f = _Found(np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n, np.bool_), np.zeros(n), np.zeros(len(row)))
    stock = out.stock[members]
    share = len(row) > 0
    if not given_stock:
        separate, apart = np.empty(n, np.int64), 0.0
        for j in range(n):
            separate[j] = _best_alone(c.points, j)
            apart += _alone(c.points, j, separate[j])[2]
        stock = separate
        if share:
            from_nothing, from_apart = np.zeros(n, np.int64), separate.copy()
            one, other = _improve(c, from_nothing, f), _improve(c, from_apart, f)
            share = min(one, other) < apart
            if share:
                stock = from_nothing if one < other else from_apart
    if share:
        _evaluate(c, stock, f)
    else:
        for j in range(n):
            f.out[j], f.waiting[j], f.cost[j], f.by_express[j] = _alone(c.points, j, stock[j])
            f.unserved[j] = f.out[j]
        f.given[:] = 0.0
    for j in range(n):
        p = members[j]
        out.stock[p], out.served[p], out.unserved[p] = stock[j], 1.0 - f.out[j], f.unserved[j]
        out.by_express[p], out.waiting[p], out.cost[p] = f.by_express[j], f.waiting[j], f.cost[j]
    for w in range(len(row)):
        out.given[row[w]] = f.given[w]


@kernel
def _solve_all(
    begin: int, end: int, points: SharedPoints, ways: Ways, members: Ints, first: Ints, first_way: Ints,
    given_stock: bool, out: Sharing,
) -> None:  # fmt: skip
    for i in range(begin, end):
        _solve(points, ways, first_way, members[first[i] : first[i + 1]], given_stock, out)


def evaluate(network: LateralNetwork, stock: Ints) -> Sharing:
    """What `stock` (points,) achieves when the points help each other by the ways of the network."""
    return _run(network, stock.astype(np.int64), given_stock=True)


def best_shared_stock(network: LateralNetwork) -> Sharing:
    """The stock of least holding, line, lateral, express and waiting cost, and what it achieves.

    A cluster for which helping each other does not pay keeps what each of its points keeps by itself.
    """
    return _run(network, np.zeros(len(network.points.demand), np.int64), given_stock=False)


def _run(network: LateralNetwork, stock: Ints, given_stock: bool) -> Sharing:
    points = len(stock)
    out = Sharing(
        stock=stock.copy(),
        served=np.zeros(points),
        unserved=np.zeros(points),
        by_express=np.zeros(points, bool),
        waiting=np.zeros(points),
        cost=np.zeros(points),
        given=np.zeros(len(network.ways.asks)),
    )
    of = (network.points, network.ways, network.members, network.first, network.first_way)
    in_threads(_solve_all, len(network.first) - 1, *of, given_stock, out)
    return out
