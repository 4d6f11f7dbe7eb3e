"""What the stocked points of a leaf cost a week: for one state of their depot point by point, for many as a series.

Points behind couriers that take equally long have pipelines that are fixed shares of y = weekly demand × courier weeks
+ backorders at the depot. Their holding and waiting is one analytic function of y, whatever the week; its Chebyshev
series is cut where it has fallen to rounding (Trefethen 2013, "Approximation Theory and Approximation Practice").
"""

from math import cos, exp, log1p, pi
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from domain.counts import cdf_and_backorders

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_SMALL_STOCK, _SMALL_MEAN = 64, 100.0
_TERMS = (16, 32, 64)  # tried in turn
_ROUNDING = 2e-15  # of the largest value: a series whose last terms are below it is complete


class StockedPoints(NamedTuple):
    """Points with stock by leaf and courier, `start` the first of each leaf, (leaves + 1,); holding, waiting: money."""

    start: Ints
    share: Floats
    base_stock: Ints
    courier_weeks: Floats
    holding: Floats
    waiting: Floats


@nb.njit(cache=True, error_model="numpy")
def waiting_units(mean: float, psi: float, kappa: float, stock: int) -> float:
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


@nb.njit(cache=True, error_model="numpy")
def shelves_and_waiting(
    backorders: float, weekly_mean: float, psi: float, kappa: float, first: int, last: int,
    share: Floats, base_stock: Ints, courier_weeks: Floats, holding: Floats, waiting: Floats,
    per_point: Floats,
) -> tuple[float, float, float, float]:  # fmt: skip
    """(holding money, waiting money, units on shelves, units waiting) per week at the points of one leaf.

    Pipeline of point p: mean λ_p·c_p + f_p·E[x⁻], variance ψμ + κμ² (MODEL 3). `per_point` receives EBO_p.
    """
    held = waited = shelf_units = waiting_total = 0.0
    for p in range(first, last):
        mean = share[p] * (weekly_mean * courier_weeks[p] + backorders)
        short = waiting_units(mean, psi, kappa, base_stock[p])
        shelf = base_stock[p] - mean + short
        per_point[p - first] = short
        held += holding[p] * shelf
        waited += waiting[p] * short
        shelf_units += shelf
        waiting_total += short
    return held, waited, shelf_units, waiting_total


@nb.njit(cache=True, error_model="numpy")
def add_weekly_money(
    points: StockedPoints, n: int, psi: float, kappa: float, weekly_mean: Floats, backorders: Floats, money: Floats
) -> None:
    """Add holding and waiting of leaf n's stocked points to `money`; states of its depot: (states,) each."""
    first, end = points.start[n], points.start[n + 1]
    series, y = np.empty(_TERMS[-1]), np.empty(len(money))
    while first < end:
        last, courier = first, points.courier_weeks[first]
        while last < end and points.courier_weeks[last] == courier:
            last += 1
        low, high = np.inf, -np.inf
        for i in range(len(y)):
            y[i] = weekly_mean[i] * courier + backorders[i]
            low, high = min(low, y[i]), max(high, y[i])
        terms = 0
        if len(y) > 2 * _TERMS[0] and high > low:
            terms = _fit(points, first, last, psi, kappa, low, high, series)
        if terms > 0:
            _add_series(series, terms, low, high, y, money)
        else:
            for i in range(len(y)):
                money[i] += _money(points, first, last, psi, kappa, y[i])
        first = last


@nb.njit(cache=True, error_model="numpy")
def _money(points: StockedPoints, first: int, last: int, psi: float, kappa: float, y: float) -> float:
    """Holding and waiting a week of points first..last, whose pipelines are their shares of y."""
    money = 0.0
    for p in range(first, last):
        mean = points.share[p] * y
        short = waiting_units(mean, psi, kappa, points.base_stock[p])
        money += points.holding[p] * (points.base_stock[p] - mean + short) + points.waiting[p] * short
    return money


@nb.njit(cache=True, error_model="numpy")
def _fit(
    points: StockedPoints, first: int, end: int, psi: float, kappa: float, low: float, high: float, series: Floats
) -> int:
    """Write the Chebyshev series of the money on [low, high]; how many terms it has, 0 where 64 do not do."""
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    for terms in _TERMS:
        x, value, before, here = np.empty(terms), np.empty(terms), np.empty(terms), np.empty(terms)
        largest = 0.0
        for i in range(terms):
            x[i] = here[i] = cos(pi * (i + 0.5) / terms)
            before[i] = 1.0
            value[i] = _money(points, first, end, psi, kappa, middle + half * x[i])
            largest = max(largest, abs(value[i]))
        for j in range(terms):
            total = 0.0
            for i in range(terms):
                total += value[i] * before[i]
                before[i], here[i] = here[i], 2.0 * x[i] * here[i] - before[i]
            series[j] = total * 2.0 / terms
        series[0] *= 0.5
        last = max(abs(series[terms - 3]), abs(series[terms - 2]), abs(series[terms - 1]))
        if last <= _ROUNDING * largest:
            return terms
    return 0


@nb.njit(cache=True, error_model="numpy")
def _add_series(series: Floats, terms: int, low: float, high: float, y: Floats, money: Floats) -> None:
    """Add the series at each y by the recurrence of Clenshaw (1955), all y side by side."""
    x, above, here = np.empty(len(y)), np.zeros(len(y)), np.zeros(len(y))
    for i in range(len(y)):
        x[i] = (2.0 * y[i] - (low + high)) / (high - low)
    for j in range(terms - 1, 0, -1):
        term = series[j]
        for i in range(len(y)):
            value = 2.0 * x[i] * here[i] - above[i] + term
            above[i] = here[i]
            here[i] = value
    for i in range(len(y)):
        money[i] += x[i] * here[i] - above[i] + series[0]
