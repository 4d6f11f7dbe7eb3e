"""The hub, third echelon: how much of a part it keeps, and what it owes the depots meanwhile; compiled.

Given Θ = θ of one leaf, the units on order at the hub's supplier have, with λ_l the rate of leaf l and κ_l its relative
variance, L the supplier's lead time plus the wait for an ordering day,

    E N = Λ L      Var N = Ψ L + K L² + (Λ² + K) Var L      Λ = θλ + Σ λ_l   Ψ = θψλ + Σ ψ_l λ_l   K = Σ κ_l λ_l²

sums over the other leaves. Lots of Q keep the inventory position uniform on S..S + Q − 1. Of the hub's backorders B a
leaf is owed its share f = θλ / Λ: mean f E B, variance ψ f(1−f) E B + f² Var B (Graves 1985, one echelon further up).
"""

import numba as nb
import numpy as np

from domain.counts import next_pmf, pmf, start
from domain.threads import in_threads, kernel
from optimizer.targets.best_stock import scan
from optimizer.targets.two_echelons import Floats, Ints, Record, Records, TwoEchelons, at_nodes, depot_demand, lean

NEAR = 0.99  # a hub stock that could save less than this leaves untried is not looked for
_FINE = 100  # stocks nearer to each other than 1/100 of them are taken to cost the same
_NONE_OWED = 1e-3  # share of the pipeline: beyond it more stock at the hub changes nothing


@lean
def backorders(mean: float, variance: float, stock: int, lot: int) -> tuple[float, float, float]:
    """E B, E[B²] and P(a unit leaves at once) over inventory positions uniform on stock..stock + lot − 1."""
    below = below_squared = at_once = 0.0
    n = start(mean, variance)
    end = stock + lot - 1
    probability = pmf(mean, variance, n) if mean > 0.0 else 1.0
    while n < end:
        low, high = max(stock - n, 1), end - n
        below += probability * (high * (high + 1.0) - (low - 1.0) * low) / 2.0
        below_squared += probability * (_squares(high) - _squares(low - 1))
        at_once += probability * (high - low + 1.0)
        if mean <= 0.0 or (n > mean and probability < 1e-18):
            break
        probability = next_pmf(mean, variance, n, probability)
        n += 1
    gap = mean - (stock + end) / 2.0  # E[N − position]
    spread = variance + gap * gap + (lot * lot - 1.0) / 12.0
    return max(gap + below / lot, 0.0), max(spread - below_squared / lot, 0.0), min(at_once / lot, 1.0)


@lean
def _squares(n: int) -> float:
    return n * (n + 1.0) * (2.0 * n + 1.0) / 6.0


@nb.njit(cache=True, error_model="numpy")
def _sums(e: TwoEchelons, hub: Record) -> Floats:
    """λ, ψλ and κλ² of every leaf of a part, and their totals in the last row."""
    rows = np.zeros((hub.last - hub.first + 1, 3))
    for i in range(hub.first, hub.last):
        demand = depot_demand(e.points[e.leaves[i].first : e.leaves[i].last])
        kappa = np.sum(e.weight[i] * e.theta[i] ** 2) - 1.0
        rows[i - hub.first] = demand, e.leaves[i].batch_index * demand, max(kappa, 0.0) * demand * demand
    rows[-1] = rows[:-1].sum(axis=0)
    return rows


@lean
def _pipeline(hub: Record, rate: float, noise: float, unsure: float) -> tuple[float, float]:
    """E N and Var N from Λ, Ψ and K (see the module's first lines)."""
    weeks = hub.lead_weeks
    variance: float = noise * weeks + unsure * weeks**2 + (rate * rate + unsure) * hub.lead_variance
    return rate * weeks, variance


@nb.njit(cache=True, error_model="numpy")
def _owe(e: TwoEchelons, hub: Record, sums: Floats, stock: int, owed: Floats) -> None:
    """Write what the hub owes each depot when it keeps `stock`, in every node, into `owed` (leaves, 2, nodes)."""
    own = len(sums) - 1
    for j in range(own):
        index = e.leaves[hub.first + j].batch_index
        for k in range(e.theta.shape[1]):
            more = e.theta[hub.first + j, k] - 1.0
            rate = sums[own, 0] + more * sums[j, 0]
            noise, unsure = sums[own, 1] + more * sums[j, 1], sums[own, 2] - sums[j, 2]
            mean, variance = _pipeline(hub, rate, noise, unsure)
            share = (1.0 + more) * sums[j, 0] / rate if rate > 0.0 else 0.0
            short, square, _ = backorders(mean, variance, stock, hub.lot)
            owed[j, 0, k] = share * short
            owed[j, 1, k] = index * share * (1.0 - share) * short + share * share * max(square - short * short, 0.0)


@nb.njit(cache=True, error_model="numpy")
def _behind(
    e: TwoEchelons, hub: Record, price: Floats, owed: Floats, enough: float, point_stock: Ints, value: Floats
) -> float:
    """Least cost of a part's depots and points, or a lower bound once that is `enough`; the last two are scratch."""
    cost: float = 0.0
    for i in range(hub.first, hub.last):
        leaf = e.leaves[i]
        own = slice(leaf.first, leaf.last)
        theta, weight, _ = at_nodes(e, i)
        late = owed[i - hub.first, :, : len(theta)]
        _, added = scan(leaf, e.points[own], price[own], theta, weight, late, False, point_stock[own], value[own])
        cost += added
        if cost >= enough:
            return cost
    return cost


@nb.njit(cache=True, error_model="numpy")
def _most(hub: Record, mean: float, variance: float, affordable: float) -> int:
    """The most stock worth trying: what is affordable, and no more than leaves next to nothing owed."""
    low, high = -1, 1
    while high < affordable and backorders(mean, variance, high, hub.lot)[0] > _NONE_OWED * mean:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if middle < affordable and backorders(mean, variance, middle, hub.lot)[0] > _NONE_OWED * mean:
            low = middle
        else:
            high = middle
    return max(high, 0)


@nb.njit(cache=True, error_model="numpy")
def _place(e: TwoEchelons, hub: Record, price: Floats, point_stock: Ints, value: Floats, owed: Floats) -> int:
    """The hub stock of least cost of one part, as good as any to within NEAR; depots and points adapt.

    Like the scan of a depot's stock: what lies behind the hub does not cost more when the hub keeps more.
    """
    sums = _sums(e, hub)
    mean, variance = _pipeline(hub, sums[-1, 0], sums[-1, 1], sums[-1, 2])
    owed[:] = 0.0
    never = _behind(e, hub, price, owed, np.inf, point_stock, value)
    _owe(e, hub, sums, 0, owed)
    best, best_stock = _behind(e, hub, price, owed, np.inf, point_stock, value), 0
    most = _most(hub, mean, variance, (NEAR * best - never - hub.line) / hub.holding if hub.holding > 0.0 else np.inf)
    open_intervals, count = np.empty((128, 2), np.int64), 0
    least = np.empty(most + 1)
    least[0] = best
    low, high, climbing = 0, min(1, most), most > 0
    while climbing or count > 0:
        if climbing:
            tried = high
        else:
            count -= 1
            low, high = open_intervals[count]
            narrow = high - low < max(2, low // _FINE)
            if narrow or hub.holding * (low + 1) + hub.line + least[high] >= NEAR * best:
                continue
            tried = (low + high) // 2
        kept = hub.holding * tried + hub.line
        _owe(e, hub, sums, tried, owed)
        least[tried] = _behind(e, hub, price, owed, best - kept, point_stock, value)
        if kept + least[tried] < best:
            best, best_stock = kept + least[tried], tried
        open_intervals[count] = low, tried
        count += 1
        if climbing:
            climbing = high < most and kept + never < NEAR * best
            low, high = high, min(high + max(high // 2, 1), most)
        else:
            open_intervals[count] = tried, high
            count += 1
    return best_stock


@kernel
def _place_all(
    first: int,
    last: int,
    e: TwoEchelons,
    hubs: Records,
    price: Floats,
    hub_stock: Ints,
    point_stock: Ints,
    value: Floats,
    owed: Floats,
) -> None:
    for i in range(first, last):
        if hubs[i].lead_weeks > 0.0:
            own = slice(hubs[i].first, hubs[i].last)
            hub_stock[i] = _place(e, hubs[i], price, point_stock, value, owed[own])


def place(e: TwoEchelons, hubs: Records, price: Floats) -> Ints:
    """The hub stock of least cost of every part, (parts,), given the prices of waiting (points,).

    Cost per week = holding and lines at hub, depots and points + Σ_p price_p · EBO_p. A hub without lead time is never
    out and keeps nothing.
    """
    hub_stock, point_stock = np.zeros(len(hubs), np.int64), np.zeros(len(e.points), np.int64)
    scratch = np.zeros(len(e.points)), np.zeros_like(e.owed)
    in_threads(_place_all, len(hubs), e, hubs, price, hub_stock, point_stock, *scratch)
    return hub_stock


@kernel
def _owe_all(first: int, last: int, e: TwoEchelons, hubs: Records, hub_stock: Ints, owed: Floats) -> None:
    for i in range(first, last):
        if hubs[i].lead_weeks > 0.0:
            _owe(e, hubs[i], _sums(e, hubs[i]), hub_stock[i], owed[hubs[i].first : hubs[i].last])


def owe(e: TwoEchelons, hubs: Records, hub_stock: Ints) -> Floats:
    """Mean and variance of what hubs that keep `hub_stock` (parts,) owe every depot, (leaves, 2, nodes)."""
    owed = np.zeros_like(e.owed)
    in_threads(_owe_all, len(hubs), e, hubs, hub_stock, owed)
    return owed


@kernel
def _serve_all(first: int, last: int, e: TwoEchelons, hubs: Records, hub_stock: Ints, served: Floats) -> None:
    for i in range(first, last):
        hub, sums = hubs[i], _sums(e, hubs[i])[-1]
        mean, variance = _pipeline(hub, sums[0], sums[1], sums[2])
        served[i, 0], served[i, 1], served[i, 2] = sums[0], 0.0, 1.0
        if hub.lead_weeks > 0.0:
            served[i, 1], _, served[i, 2] = backorders(mean, variance, hub_stock[i], hub.lot)


def hub_service(e: TwoEchelons, hubs: Records, hub_stock: Ints) -> Floats:
    """Units a week asked of every hub, its backorders and the share it ships at once, (parts, 3)."""
    served = np.zeros((len(hubs), 3))
    in_threads(_serve_all, len(hubs), e, hubs, hub_stock, served)
    return served
