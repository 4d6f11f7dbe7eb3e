"""Laws of counts, written out: demand of a window, and what the hub could not send (MODEL 2)."""

from math import floor, sqrt
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from domain.counts import cdf_and_backorders, pmf, start
from optimizer.replenishment.execution.demand import Demand, window
from optimizer.replenishment.execution.lines import Lines

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NODES = 5
_NODE = (-2.8569700, -1.3556262, 0.0, 1.3556262, 2.8569700)  # Gauss-Hermite, standard normal
_WEIGHT = (0.01125741, 0.22207592, 0.53333333, 0.22207592, 0.01125741)
_COMPLETE = 1.0 - 1e-9
_OWN_RATE_MATTERS = 0.02  # share of the variance below which a leaf's own rate says nothing about the hub's lack
_HUB_ALMOST_SURE = 1.0 - 1e-3  # P(the hub lacks nothing) from which a line counts as sure
_SHARED_DAYS = 28.0  # demand of the four weeks after a line's departure is taken to share the rate of those before


class HubLack(NamedTuple):
    """Units the hub lacks for each line of a leaf at each node of the leaf's rate; line 0 stands for no line.

    nodes: how many nodes count, (lines,); kappa: relative variance of the rate they stand for, (lines,).
    law: probability of 0, 1, … units, (lines, nodes, units); values: how many of each law, (lines, nodes).
    """

    nodes: Ints
    kappa: Floats
    law: Floats
    values: Ints


@nb.njit(cache=True)
def rate_node(kappa: float, i: int) -> tuple[float, float]:
    """(value, weight) of the i-th of 5 nodes of Θ, gamma of mean 1 and variance κ, by its cube root being near normal.

    Wilson & Hilferty (1931), "The distribution of chi-square".
    """
    ninth = kappa / 9.0
    return max(1.0 - ninth + _NODE[i] * sqrt(ninth), 0.0) ** 3, _WEIGHT[i]


@nb.njit(cache=True)
def law_end(mean: float, variance: float) -> int:
    """The value at which a law is cut at the latest: a gamma tail ends before."""
    return int(24.0 + mean + 12.0 * sqrt(max(variance, mean)) + 24.0 * variance / mean) if mean > 0.0 else 0


@nb.njit(cache=True)
def write_law(mean: float, variance: float, law: Floats) -> tuple[int, int]:
    """(first, count): P(N = first + i) = law[i], i < count, until 1e-9 is left; `law` has room for `law_end` + 1."""
    if mean <= 0.0:
        law[0] = 1.0
        return 0, 1
    first = n = start(mean, variance)
    ratio = variance / mean
    end = law_end(mean, variance)
    probability = cumulative = law[0] = pmf(mean, variance, n)
    recursive, step, growth = ratio >= 1.0 - 1e-9, mean / ratio, 1.0 - 1.0 / ratio
    while cumulative < _COMPLETE and n < end:
        if recursive:  # P(N = n + 1) = P(N = n)·(r + n)·q / (n + 1), written so that it holds for Poisson too
            probability *= (step + growth * n) / (n + 1.0)
        else:
            probability = pmf(mean, variance, n + 1)
        n += 1
        law[n - first] = probability
        cumulative += probability
    return first, n - first + 1


@nb.njit(cache=True)
def add(law: Floats, count: int, lack: Floats, lacks: int, total: Floats) -> int:
    """Write the law of the sum of two independent counts, both counted from their first value; its number of values."""
    total[: count + lacks - 1] = 0.0
    for y in range(lacks):
        if lack[y] > 0.0:
            for x in range(count):
                total[x + y] += lack[y] * law[x]
    return count + lacks - 1


@nb.njit(cache=True)
def hub_lack(lines: Lines, demand: Demand, n: int) -> HubLack:
    """What the hub lacks for the lines of leaf n; the entries of line 0, none, lack nothing."""
    before = lines.start[n] - 1
    size = lines.start[n + 1] - before
    nodes, kappa, count = np.ones(size, np.int64), np.zeros(size), np.ones((size, NODES), np.int64)
    lacks = np.zeros(size, np.bool_)
    most = 0
    for k in range(1, size):
        lacks[k] = _may_lack(lines, before + k, demand.kappa[n])
        if lacks[k]:
            most = max(most, int(lines.units[before + k]))
            shared = window(demand, n, lines.ordered[before + k], lines.departs[before + k] + _SHARED_DAYS).kappa
            if shared * lines.own[before + k] ** 2 > _OWN_RATE_MATTERS * lines.variance[before + k]:
                nodes[k], kappa[k] = NODES, shared
    law = np.zeros((size, NODES, most + 1))
    for k in range(1, size):
        for i in range(nodes[k] if lacks[k] else 0):
            theta = rate_node(kappa[k], i)[0] if nodes[k] > 1 else 1.0
            mean = lines.answered[before + k] + (theta - 1.0) * lines.own[before + k]
            units, at_hub = int(lines.units[before + k]), _at_hub(lines, before + k)
            count[k, i] = _write_lack(mean, lines.variance[before + k], at_hub, units, law[k, i])
    return HubLack(nodes, kappa, law, count)


@nb.njit(cache=True)
def _at_hub(lines: Lines, line: int) -> int:
    return int(floor(lines.answered[line] + lines.spare[line] + 0.5))


@nb.njit(cache=True)
def _may_lack(lines: Lines, line: int, kappa: float) -> bool:
    mean = lines.answered[line]
    variance = max(lines.variance[line] + kappa * lines.own[line] ** 2, mean)
    return mean > 0.0 and cdf_and_backorders(mean, variance, _at_hub(lines, line))[0] < _HUB_ALMOST_SURE


@nb.njit(cache=True)
def _write_lack(mean: float, variance: float, at_hub: int, units: int, law: Floats) -> int:
    """Write the law of min((N − at hub)⁺, units) and return how many values it has."""
    law[0] = 1.0
    if mean <= 0.0 or units <= 0:
        return 1
    variance = max(variance, mean)
    below, _ = cdf_and_backorders(mean, variance, at_hub)
    if below > 1.0 - 1e-4:
        return 1
    law[0] = below
    for y in range(1, units):
        upto, _ = cdf_and_backorders(mean, variance, at_hub + y)
        law[y] = upto - below
        below = upto
        if below > _COMPLETE:
            return y + 1
    law[units] = 1.0 - below
    return units + 1
