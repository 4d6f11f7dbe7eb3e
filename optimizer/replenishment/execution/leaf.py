"""The walk over one leaf's weeks: which line is the last one in, what the depot then owes, what its points find."""

from math import floor
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from optimizer.replenishment.execution.backlog import add_owed, fall_on_points
from optimizer.replenishment.execution.demand import Demand, Window, window, window_mean
from optimizer.replenishment.execution.expected import Execution
from optimizer.replenishment.execution.law import HubLack, add, hub_lack, law_end, rate_node, write_law
from optimizer.replenishment.execution.lines import Lines
from optimizer.replenishment.execution.points import LeafPoints, Points, find, points_of, use_own_stock

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_SMALL = 1e-5  # probability of a line being the last one in that does not count


class Supply(NamedTuple):
    """Supply by leaf, (leaves,). net_stock: O, units. inbound: cumulative frozen inbound, (leaves, K), units.

    holding: money per unit and week at the depot. mended: share of used units that comes back, mending_days later.
    """

    net_stock: Floats
    inbound: Floats
    holding: Floats
    mended: Floats
    mending_days: Floats


class Line(NamedTuple):
    """A depot at a moment when line k is the last one in, k = 0 standing for none.

    stock: units all demand since its departure is taken from; reaches: share of that demand that reaches the depot.
    since: that demand. old, fresh: units owed since today and since the line came in.
    """

    k: int
    probability: float
    stock: float
    reaches: float
    since: Window
    old: float
    fresh: float


class Desk(NamedTuple):
    """Room for laws, and for what the depot owes: owed[0] in an average time, owed[1] as a customer meets it."""

    law: Floats
    total: Floats
    owed: Floats


@nb.njit(cache=True)
def execute_leaf(
    n: int, times: Floats, lines: Lines, demand: Demand, supply: Supply, points: Points, result: Execution
) -> None:
    """Write the expectations of leaf n at `times`, the middles of weeks 1..T in days."""
    here = points_of(points, n)
    lack = hub_lack(lines, demand, n)
    levels, last_in = _levels(lines, demand, n), np.zeros(lines.start[n + 1] - lines.start[n] + 1)
    desk = Desk(np.zeros(64), np.zeros(64), np.zeros((2, 64)))
    fill, backorders = np.zeros(here.backlog.shape[2]), np.zeros(here.backlog.shape[2])
    for e in range(len(times)):
        _write_last_in(lines, n, e, last_in)
        left, reaches = use_own_stock(here, demand, n, times[e])
        here.backlog[:] = 0.0
        here.owed[:] = 0.0
        for k in range(len(levels)):
            if last_in[k] >= _SMALL:
                line = _line(k, last_in[k], levels[k] - left, reaches, lines, demand, supply, here, n, e, times[e])
                desk = _desk(line, demand.batch_index[n], lack, desk)
                on_hand, most = _owe(line, demand.batch_index[n], lack, desk)
                result.on_hand[n, e] += on_hand
                fall_on_points(desk.owed, most, line.old, line.fresh, here)
                desk.owed[:, : most + 1] = 0.0
        result.holding[n, e] += supply.holding[n] * result.on_hand[n, e]
        find(here, demand, n, e, times[e], points.start[n], fill, backorders, result)


@nb.njit(cache=True)
def _levels(lines: Lines, demand: Demand, n: int) -> Floats:
    """U_k: units planned through the k-th line less mean demand before it leaves, whole units, U_0 = 0."""
    first = lines.start[n]
    levels = np.zeros(lines.start[n + 1] - first + 1)
    planned = 0.0
    for k in range(1, len(levels)):
        planned += lines.units[first + k - 1]
        levels[k] = floor(planned - window_mean(demand, n, 0.0, lines.departs[first + k - 1]) + 0.5)
    return levels


@nb.njit(cache=True)
def _write_last_in(lines: Lines, n: int, e: int, last_in: Floats) -> None:
    """P(the k-th line is the last one in), k = 0 none: a line is in once all before it are."""
    last_in[0] = in_by = 1.0
    for k in range(1, len(last_in)):
        in_by = min(lines.in_by[lines.start[n] + k - 1, e], in_by)
        last_in[k - 1] -= in_by
        last_in[k] = in_by


@nb.njit(cache=True)
def _line(
    k: int, probability: float, level: float, reaches: float,
    lines: Lines, demand: Demand, supply: Supply, points: LeafPoints, n: int, e: int, time: float,
) -> Line:  # fmt: skip
    """Line k of leaf n as the last one in at `time`, seen from points that courier's days separate from the depot."""
    supplied = supply.net_stock[n] + 0.5 * (supply.inbound[n, e] + (supply.inbound[n, e - 1] if e > 0 else 0.0))
    courier = (points.share * points.courier_days).sum()
    at = max(time - courier, 0.0)
    departs = arrives = 0.0
    if k > 0:
        departs, arrives = lines.departs[lines.start[n] + k - 1], lines.arrives[lines.start[n] + k - 1]
    since = window(demand, n, departs, at)
    stock = supplied + level + reaches * since.mean - since.mean
    if supply.mended[n] > 0.0:
        lag = courier + supply.mending_days[n]
        stock += supply.mended[n] * window_mean(demand, n, max(departs - lag, 0.0), max(at - lag, 0.0))
    if k == 0:
        return Line(k, probability, stock, reaches, since, -supplied, np.inf)
    fresh = window_mean(demand, n, arrives, max(at, arrives)) + 0.5
    return Line(k, probability, stock, reaches, since, 0.0, fresh)


@nb.njit(cache=True)
def _desk(line: Line, batch_index: float, lack: HubLack, desk: Desk) -> Desk:
    """The desk, with room for every law of the line."""
    nodes = lack.nodes[line.k]
    theta = rate_node(lack.kappa[line.k], nodes - 1)[0] if nodes > 1 else 1.0
    most = theta * line.reaches * line.since.mean * (1.0 + max(line.since.bias, 0.0))
    end = law_end(most, batch_index * most + line.since.kappa * most * most) + lack.law.shape[2]
    size = max(end, end - int(floor(line.stock))) + 2
    if size <= len(desk.law):
        return desk
    return Desk(np.zeros(2 * size), np.zeros(2 * size), np.zeros((2, 2 * size)))


@nb.njit(cache=True)
def _owe(line: Line, batch_index: float, lack: HubLack, desk: Desk) -> tuple[float, int]:
    """(units on hand, most units owed): the laws of what the depot owes, averaged over what the hub lacks."""
    on_hand = 0.0
    most = 0
    nodes = lack.nodes[line.k]
    for i in range(nodes):
        theta, weight = rate_node(lack.kappa[line.k], i) if nodes > 1 else (1.0, 1.0)
        kappa = max(line.since.kappa - lack.kappa[line.k], 0.0)
        bias = max(line.since.bias - lack.kappa[line.k], 0.0)
        mean = theta * line.reaches * line.since.mean
        for biased in range(2):
            if biased == 1:
                mean, kappa, weight = mean * (1.0 + bias), kappa / (1.0 + kappa), weight * theta
            first, count = write_law(mean, batch_index * mean + kappa * mean * mean, desk.law)
            share = weight * line.probability
            if lack.values[line.k, i] > 1:
                count = add(desk.law, count, lack.law[line.k, i], lack.values[line.k, i], desk.total)
                held, deepest = add_owed(desk.total, first, count, line.stock, share, desk.owed[biased])
            else:
                held, deepest = add_owed(desk.law, first, count, line.stock, share, desk.owed[biased])
            most = max(most, deepest)
            if biased == 0:
                on_hand += share * held
    return on_hand, most
