"""What a plan achieves when it is carried out: departures and modes fixed, quantities following demand (MODEL 3).

A shipment is ordered up to a level that answers all demand before its departure; between departures nothing answers.
So while line j is the last one in, a depot's net stock is O + inbound + U_j − D(s_j, τ], with s_j the departure of the
line and U_j = planned units through j − mean demand before s_j. Around that:

- goods that lie at points above their base stock serve these points alone until they are used up;
- a line whose goods are still to be bought leaves with the first departure after they reach the hub, and is short by
  what demand after the purchase exceeded its mean, beyond what the hub has to spare;
- a backlog at the depot falls on points by their share of demand, a backlog of today by what they lack today;
- a customer meets the size-biased law of the rate, an average day the plain one (MODEL 2).
"""

from dataclasses import dataclass
from math import floor
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt
from scipy.stats import gamma

from domain.calendar import DAYS_PER_WEEK
from domain.counts import cdf_and_backorders, next_pmf, pmf, quantile_one, start
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.program import PartPlans

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_SURE = 1.0 - 1e-6
_SMALL = 1e-5  # probability of a line being the last one in that does not count
_MOST = 60  # units of base stock beyond which a point's law is cut: its backlog is then all but normal


@dataclass(frozen=True)
class Execution:
    """Expectations over weeks 1..T. asked, served: units of each point, (points,).

    on_hand, shelf, waiting: units at the depot, on the shelves and waiting of each leaf and week; holding, shortage:
    their money; (leaves, T).
    """

    asked: Floats
    served: Floats
    waited: Floats
    on_hand: Floats
    shelf: Floats
    waiting: Floats
    holding: Floats
    shortage: Floats


class Lines(NamedTuple):
    """Shipment lines by leaf, then departure. start: (leaves + 1,); departs: day; units; hub_mean, hub_variance,
    hub_spare: what may be missing at the hub is (N − mean − spare)⁺, N of these moments; in_by: P(arrived by each time).
    """

    start: Ints
    departs: Floats
    units: Floats
    hub_mean: Floats
    hub_variance: Floats
    hub_spare: Floats
    hub_own: Floats
    since_order: Floats
    arrives: Floats
    in_by: Floats


def execution(instance: Instance, plans: PartPlans) -> Execution:
    """Average over which line is the last one in, in the middle of each week."""
    leaves, points = instance.leaves, instance.points
    times = (np.arange(instance.published) + 0.5) * DAYS_PER_WEEK
    shape = (len(leaves.part), instance.published)
    result = Execution(*(np.zeros(len(points.share)) for _ in range(3)), *(np.zeros(shape) for _ in range(5)))
    _execute(
        times, _lines(instance, plans, times), leaves.net_stock, leaves.inbound, leaves.initial_stock,
        leaves.weekly_mean, leaves.batch_index, leaves.kappa, leaves.discount, leaves.drift, leaves.holding,
        instance.parts.mended[leaves.part], instance.parts.mending_days[leaves.part],
        leaves.point_start, points.share, points.base_stock, points.net_stock, points.courier_weeks * DAYS_PER_WEEK,
        points.holding, points.waiting,
        result.asked, result.served, result.waited, result.on_hand, result.shelf, result.waiting, result.holding, result.shortage,
    )  # fmt: skip
    return result


def _lines(instance: Instance, plans: PartPlans, times: Floats) -> Lines:
    leaves, sailings, parts = instance.leaves, instance.departures, instance.parts
    day = (sailings.departs - instance.first_monday).astype(float)
    order = np.lexsort((day[plans.departure], plans.leaf))
    leaf, sailing, units = plans.leaf[order], plans.departure[order], plans.units[order].astype(float)
    in_by = _in_by(instance, day, times)
    next_sailing = _next_of_lane(sailings.lane, day)
    # purchases
    buyer, week, bought = plans.buyer, plans.week, plans.bought.astype(float)
    ordered = (week - 1) * 7.0
    planned_in = (instance.ordering.expected[parts.supplier[buyer], week - 1] - instance.first_monday).astype(float)
    buy_start = np.searchsorted(buyer, np.arange(len(parts.part) + 1))
    mean, sd = _supplier_law(instance)
    found = Lines(np.searchsorted(leaf, np.arange(len(leaves.part) + 1)), day[sailing], units, *(np.zeros(len(leaf)) for _ in range(5)), (sailings.arrives[sailing] - instance.first_monday).astype(float), in_by[sailing])
    by_part = np.lexsort((leaf, day[sailing], leaves.part[leaf]))
    part_lines = np.searchsorted(leaves.part[leaf][by_part], np.arange(len(parts.part) + 1))
    source = np.full(len(leaf), -1)
    _hub(by_part, part_lines, leaf, found.departs, units, buy_start, ordered, planned_in, bought, parts.hub_stock.astype(float),
         parts.hub_inbound_start, (parts.hub_inbound_day - instance.first_monday).astype(float), parts.hub_inbound_units.astype(float),
         parts.leaf_start, leaves.weekly_mean, leaves.batch_index, leaves.kappa, leaves.discount, leaves.drift, parts.multiple.astype(float),
         source, found.hub_mean, found.hub_variance, found.hub_spare, found.hub_own, found.since_order)
    late = np.flatnonzero(source >= 0)
    if len(late):
        sup = parts.supplier[buyer[source[late]]]
        at, lead = ordered[source[late]], None
        found.in_by[late] = _in_by_after_purchase(in_by, sailing[late], next_sailing, day, at, mean[sup], sd[sup])
    return found


def _supplier_law(instance: Instance):
    return instance.supplier_lead_days, instance.supplier_lead_days_sd


def _next_of_lane(lane: Ints, day: Floats) -> Ints:
    """The departure of the same lane that follows each, −1 for the last."""
    order = np.lexsort((day, lane))
    following = np.full(len(lane), -1)
    same = lane[order][1:] == lane[order][:-1]
    following[order[:-1][same]] = order[1:][same]
    return following


def _in_by_after_purchase(in_by, sailing, following, day, ordered, mean, sd):
    """P(arrived): the goods leave with the first departure, from the planned one on, after they reach the hub."""
    def received(upto):
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = gamma.cdf(upto - ordered, (mean / sd) ** 2, scale=sd**2 / mean)
        return np.where((sd > 0) & (mean > 0), drawn, (upto >= ordered + mean).astype(float))
    found = np.zeros((len(sailing), in_by.shape[1]))
    at, before = sailing.copy(), np.zeros(len(sailing))
    while True:
        now = received(day[at])
        found += (now - before)[:, None] * in_by[at]
        before = now
        go = (following[at] >= 0) & (before < 1 - 1e-6)
        if not go.any():
            return found
        at = np.where(go, following[at], at)
        before = np.where(go, before, now)
        if (~go).any():
            # finished ones add nothing more
            done = ~go
            before[done] = received(day[at])[done]


def _in_by(instance: Instance, day: Floats, times: Floats) -> Floats:
    """P(a departure has arrived by each time), none of a lane overtaking, (departures, times)."""
    lanes, sailings = instance.lanes.lanes, instance.departures
    mean = (lanes["transit_days"] + lanes["customs_days"]).to_numpy(float)
    sd = instance.lanes.lead_days_sd
    found = np.ones((len(day), len(times)))
    for lane in range(len(lanes)):
        here = np.flatnonzero(sailings.lane == lane)
        here = here[np.argsort(day[here], kind="stable")]
        since = times[None, :] - day[here][:, None]
        if sd[lane] > 0 and mean[lane] > 0:
            arrived = gamma.cdf(since, (mean[lane] / sd[lane]) ** 2, scale=sd[lane] ** 2 / mean[lane])
        else:
            arrived = (since >= mean[lane]).astype(float)
        found[here] = np.cumprod(arrived, axis=0)
    return found


@nb.njit(cache=True)
def _window(weekly, first, last, kappa, discount, drift):
    """(mean, κ, bias) of demand between two days: 1 + bias times the mean is what a customer of the last day met."""
    total = pairs = run = 0.0
    drifting = drift > 0.0 and discount < 1.0
    week = max(int(first // 7), 0)
    while week < len(weekly) and 7.0 * week < last:
        e = weekly[week] * max(min(last, 7.0 * (week + 1)) - max(first, 7.0 * week), 0.0) / 7.0
        g = discount ** (-drift * (week + 1)) if drifting else 1.0
        pairs += g * e * e + 2.0 * e * run
        run += g * e
        total += e
        week += 1
    if total <= 0.0:
        return total, kappa, kappa
    return total, kappa * pairs / (total * total), kappa * run / total


@nb.njit(cache=True, parallel=True)
def _hub(by_part, part_lines, leaf, departs, units, buy_start, ordered, planned_in, bought, hub_stock, inbound_start, inbound_day, inbound_units,
         leaf_start, weekly, psi, kappa, discount, drift, multiple, source, hub_mean, hub_variance, hub_spare, hub_own, since_order):
    for i in nb.prange(len(hub_stock)):
        first, last = part_lines[i], part_lines[i + 1]
        since = np.zeros(leaf_start[i + 1] - leaf_start[i])
        shipped = 0.0
        o = buy_start[i]
        for row in range(first, last):
            line = by_part[row]
            n = leaf[line]
            since[n - leaf_start[i]] = departs[line]
            supply = hub_stock[i]
            for e in range(inbound_start[i], inbound_start[i + 1]):
                if inbound_day[e] <= departs[line]:
                    supply += inbound_units[e]
            shipped += units[line]
            at = -1
            sure = supply
            last_order = 0.0
            for b in range(buy_start[i], buy_start[i + 1]):
                if planned_in[b] <= departs[line]:
                    if supply < shipped:
                        at = b
                    supply += bought[b]
                    last_order = ordered[b]
            if at < 0:
                # from stock: nothing late; short only if hub spare is eaten
                pass
            source[line] = at
            o_day = ordered[at] if at >= 0 else last_order
            mean = variance = 0.0
            for m in range(leaf_start[i], leaf_start[i + 1]):
                s = since[m - leaf_start[i]]
                if s > o_day:
                    a, k, _ = _window(weekly[m], o_day, s, kappa[m], discount[m], drift[m])
                    mean += a
                    variance += psi[m] * a
                    if m == n: hub_own[line] = a
                    else: variance += k * a * a
                elif s < o_day:
                    a, k, _ = _window(weekly[m], s, o_day, kappa[m], discount[m], drift[m])
                    variance += psi[m] * a + k * a * a
            since_order[line] = o_day
            hub_mean[line] = mean
            hub_variance[line] = variance
            hub_spare[line] = max(supply - shipped, 0.0) + (0.5 * (multiple[i] - 1.0) if at >= 0 else 0.0)


@nb.njit(cache=True)
def _node(kappa, i):
    """(value, weight) of the i-th of 5 Gauss-Hermite nodes of Θ of mean 1 and variance κ (Wilson & Hilferty 1931)."""
    x = (-2.8569700, -1.3556262, 0.0, 1.3556262, 2.8569700)[i]
    w = (0.01125741, 0.22207592, 0.53333333, 0.22207592, 0.01125741)[i]
    c = kappa / 9.0
    root = 1.0 - c + x * c ** 0.5
    return max(root, 0.0) ** 3, w


@nb.njit(cache=True)
def _law(mean, variance, out):
    """P(N = 0..) until nothing is left; returns number of entries."""
    out[:] = 0.0
    if mean <= 0.0:
        out[0] = 1.0
        return 1
    n = start(mean, variance)
    p = pmf(mean, variance, n)
    cumulative = p
    if n < len(out): out[n] = p
    recursive = variance >= mean * (1.0 - 1e-9)
    while n + 1 < len(out) and cumulative < 1.0 - 1e-9:
        p = next_pmf(mean, variance, n, p) if recursive else pmf(mean, variance, n + 1)
        n += 1
        out[n] = p
        cumulative += p
    return n + 1


@nb.njit(cache=True)
def _with_hub(law, count, mean, variance, base, units, out):
    """Law of demand plus what the hub could not send, (N − mean − spare)⁺ at most units."""
    cap = int(units)
    if mean <= 0.0 or cap <= 0:
        return count
    none, _ = cdf_and_backorders(mean, max(variance, mean), base)
    if none > 1.0 - 1e-4:
        return count
    out[:] = 0.0
    total = count
    before = 0.0
    for y in range(cap + 1):
        upto = cdf_and_backorders(mean, max(variance, mean), base + y)[0] if y < cap else 1.0
        p = upto - before
        before = upto
        if p <= 1e-9:
            continue
        for x in range(count):
            if x + y < len(out):
                out[x + y] += p * law[x]
        total = max(total, min(count + y, len(out)))
        if before > 1.0 - 1e-9: break
    law[:] = out
    return total


@nb.njit(cache=True, parallel=True)
def _execute(times, lines, net_stock, inbound, at_points, weekly_mean, psi, kappa, discount, drift, holding, mended, mending_days,
    point_start, share, base_stock, stock_today, courier, point_holding, waiting,
    out_asked, out_served, out_waited, out_on_hand, out_shelf, out_waiting, out_holding, out_shortage):
    for n in nb.prange(len(net_stock)):
        _leaf(n, times, lines, net_stock, inbound, at_points, weekly_mean, psi, kappa, discount, drift, holding, mended, mending_days, point_start, share, base_stock, stock_today, courier, point_holding, waiting, out_asked, out_served, out_waited, out_on_hand, out_shelf, out_waiting, out_holding, out_shortage)


@nb.njit(cache=True)
def _leaf(n, times, lines, net_stock, inbound, at_points, weekly_mean, psi, kappa, discount, drift, holding, mended, mending_days,
    point_start, share, base_stock, stock_today, courier, point_holding, waiting,
    out_asked, out_served, out_waited, out_on_hand, out_shelf, out_waiting, out_holding, out_shortage):
    weekly = weekly_mean[n]
    first, last = point_start[n], point_start[n + 1]
    P = last - first
    excess = np.zeros(P); active = np.ones(P); left = np.zeros(P); inside = np.zeros(P); lack = np.zeros(P)
    way = 0.0; most = 0; lacking = 0.0
    for p in range(P):
        excess[p] = stock_today[first + p] - base_stock[first + p]
        lack[p] = max(-excess[p], 0.0)
        lacking += lack[p]
        way += share[first + p] * courier[first + p]
        most = max(most, base_stock[first + p])
    most = min(most, _MOST)
    shelves = 0.0
    for p in range(P): shelves += base_stock[first + p]
    a, b = lines.start[n], lines.start[n + 1]
    L = b - a
    level = np.zeros(L + 1); since = np.zeros(L + 1); prob = np.zeros(L + 1)
    total = 0.0
    for k in range(L):
        total += lines.units[a + k]
        level[k + 1] = floor(total - _window(weekly, 0.0, lines.departs[a + k], 1.0, 1.0, 0.0)[0] + 0.5)
        since[k + 1] = lines.departs[a + k]
    size = 64
    law = np.zeros(size); other = np.zeros(size); load = np.zeros(P); owed = np.zeros(P)
    backlog = np.zeros((P, most + 1)); binom = np.zeros((P, most + 1))
    for e in range(len(times)):
        at = max(times[e] - way, 0.0)
        prob[0] = 1.0
        seen = 1.0
        for k in range(L):
            now = min(lines.in_by[a + k, e], seen)
            prob[k] -= now
            prob[k + 1] = now
            seen = now
        m0, k0, b0 = _window(weekly, 0.0, times[e], kappa[n], discount[n], drift[n])
        mb = m0 * (1.0 + b0); kb = k0 / (1.0 + k0)
        q = (psi[n] - 1.0) / (psi[n] + 1.0)
        rest = act = 0.0
        for p in range(P):
            s = share[first + p]
            active[p] = 1.0; left[p] = 0.0
            if excess[p] > 0:
                c, ebo = cdf_and_backorders(s * m0, psi[n] * s * m0 + k0 * (s * m0) ** 2, int(excess[p]))
                active[p] = 1.0 - c
                left[p] = excess[p] - s * m0 + ebo
            rest += left[p]
            act += s * active[p]
            i = int(max(stock_today[first + p], 0))
            inside[p] = 0.0
            if excess[p] > 0 or times[e] < courier[first + p]:
                w = 1.0 - q
                for u in range(1, i + 1):
                    inside[p] += w * cdf_and_backorders(s * mb, psi[n] * s * mb + kb * (s * mb) ** 2, i - u)[0]
                    w *= q
                    if w < 1e-9: break
        asked_leaf = weekly[e]
        kt = kappa[n] * discount[n] ** (-drift[n] * (e + 1)) if discount[n] < 1.0 else kappa[n]
        supply = net_stock[n] + (inbound[n, e] + (inbound[n, e - 1] if e > 0 else 0.0)) * 0.5
        for biased in range(2):
            backlog[:] = 0.0
            owed[:] = 0.0
            on_hand = short = 0.0
            for k in range(L + 1):
                if prob[k] < _SMALL:
                    continue
                mw, kw, bw = _window(weekly, since[k], at, kappa[n], discount[n], drift[n]) if since[k] < at else (0.0, kappa[n], kappa[n])
                z = supply + level[k] - (mw + rest - act * mw)
                if mended[n] > 0.0:
                    lag = way + mending_days[n]
                    z += mended[n] * _window(weekly, max(since[k] - lag, 0.0), max(at - lag, 0.0), 1.0, 1.0, 0.0)[0]
                nodes = 1
                kc = 0.0
                if k > 0:
                    l = a + k - 1
                    base = int(floor(lines.hub_mean[l] + lines.hub_spare[l] + 0.5))
                    vh = lines.hub_variance[l] + kappa[n] * lines.hub_own[l] ** 2
                    if lines.hub_mean[l] > 0 and cdf_and_backorders(lines.hub_mean[l], max(vh, lines.hub_mean[l]), base)[0] < 1.0 - 1e-3:
                        nodes = 5
                        kc = _window(weekly, lines.since_order[l], since[k] + 28.0, kappa[n], discount[n], drift[n])[1]
                for i in range(nodes):
                    if nodes == 1:
                        theta, weight, ke, be = 1.0, 1.0, kw, bw
                    else:
                        theta, weight = _node(kc, i)
                        ke, be = max(kw - kc, 0.0), max(bw - kc, 0.0)
                        if biased == 1: weight *= theta
                    mean, kk = theta * act * mw, ke
                    if biased == 1:
                        mean, kk = mean * (1.0 + be), ke / (1.0 + ke)
                    variance = psi[n] * mean + kk * mean * mean
                    zf = int(floor(z)); fr = z - zf
                    far = quantile_one(mean, variance, _SURE) + 2 if mean > 0 else 1
                    if k > 0: far += int(lines.units[a + k - 1])
                    if far + 2 > size:
                        size = 2 * far + 2
                        law = np.zeros(size); other = np.zeros(size)
                    count = _law(mean, variance, law)
                    if nodes > 1:
                        mh = lines.hub_mean[l] + (theta - 1.0) * lines.hub_own[l]
                        count = _with_hub(law, count, mh, lines.hub_variance[l], base, lines.units[l], other)
                    weight *= prob[k]
                    none = 0.0
                    for x in range(count):
                        if biased == 0: on_hand += weight * law[x] * max(z - x, 0.0)
                        if x <= zf: none += law[x]
                    if zf + 1 < count and zf + 1 >= 0:
                        none += fr * law[zf + 1]
                    if count <= zf + 1:
                        none = 1.0
                    none = min(none, 1.0)
                    if none > _SURE:
                        for p in range(P): backlog[p, 0] += weight
                        continue
                    for p in range(P):
                        binom[p, :] = 0.0
                        binom[p, 0] = 1.0
                        load[p] = 0.0
                        backlog[p, 0] += weight * none
                    old = -supply if k == 0 else 0.0
                    fresh = 1e9
                    if k > 0:
                        fresh = _window(weekly, lines.arrives[a + k - 1], max(at, lines.arrives[a + k - 1]), 1.0, 1.0, 0.0)[0] + 0.5
                    touched = True
                    for bb in range(1, count - zf + 1):
                        x = zf + bb
                        pb = 0.0
                        if x >= 0 and x < count: pb += (1.0 - fr) * law[x]
                        if x + 1 >= 0 and x + 1 < count: pb += fr * law[x + 1]
                        if biased == 0: short += weight * pb * bb
                        if not touched:
                            if biased == 1: break
                            for p in range(P):
                                load[p] += share[first + p] * active[p] / act if act > 0 else 0.0
                                owed[p] += weight * pb * load[p]
                            continue
                        touched = False
                        today = bb <= old and lacking > 0
                        room = (lacking if today else shelves) - bb + 1.0
                        for p in range(P):
                            f = share[first + p] * active[p] / act if act > 0 else 0.0
                            S = min(base_stock[first + p], most)
                            spread = (today or bb > fresh) and room > 0.0
                            cap = lack[p] if today else float(base_stock[first + p])
                            if spread:
                                some = 0.0
                                for m in range(S + 1):
                                    some += binom[p, m] * max(min((cap - m) / room, 1.0), 0.0)
                                load[p] += some
                            else:
                                load[p] += f
                            owed[p] += weight * pb * load[p]
                            for m in range(S, 0, -1):
                                if spread:
                                    out, come = max(min((cap - m) / room, 1.0), 0.0), max(min((cap - m + 1.0) / room, 1.0), 0.0)
                                else:
                                    out, come = f, f
                                binom[p, m] = (1.0 - out) * binom[p, m] + come * binom[p, m - 1]
                                if binom[p, m] > 1e-9: touched = True
                            binom[p, 0] *= 1.0 - (min(cap / room, 1.0) if spread else f)
                            if binom[p, 0] > 1e-9: touched = True
                            if pb > 0.0:
                                for m in range(S + 1):
                                    backlog[p, m] += weight * pb * binom[p, m]
            for p in range(P):
                S = base_stock[first + p]
                s = share[first + p]
                lam = s * weekly[e] * min(courier[first + p], times[e]) / 7.0
                mean, kk = lam, kt
                if biased == 1:
                    mean, kk = lam * (1.0 + kt), kt / (1.0 + kt)
                variance = psi[n] * mean + kk * mean * mean
                St = min(S, most)
                if biased == 1:
                    phi = 0.0
                    w = 1.0 - q
                    for u in range(1, St + 1):
                        c = 0.0
                        for m in range(St - u + 1):
                            c += backlog[p, m] * cdf_and_backorders(mean, variance, St - u - m)[0]
                        phi += w * c
                        w *= q
                        if w < 1e-9: break
                    fill = phi
                    if times[e] < courier[first + p]:
                        fill = inside[p]
                    elif excess[p] > 0:
                        fill = inside[p] + (1.0 - inside[p]) * phi
                    out_asked[first + p] += s * asked_leaf
                    out_served[first + p] += s * asked_leaf * fill
                else:
                    f = share[first + p] * active[p] / act if act > 0 else 0.0
                    below = 0.0
                    for m in range(St):
                        below += backlog[p, m] * (St - m - mean + cdf_and_backorders(mean, variance, St - m)[1])
                    en = mean + owed[p]
                    if excess[p] <= 0:
                        shelf = below
                        wait = max(en - S + below, 0.0)
                    else:
                        shelf = left[p] + active[p] * below + (1 - active[p]) * S
                        wait = active[p] * max(en / max(active[p], 1e-9) - S + below, 0.0)
                    out_shelf[n, e] += shelf
                    out_waiting[n, e] += wait
                    out_waited[first + p] += wait
                    out_holding[n, e] += point_holding[first + p] * shelf
                    out_shortage[n, e] += waiting[first + p] * wait
            if biased == 0:
                out_on_hand[n, e] += on_hand
                out_holding[n, e] += holding[n] * on_hand
