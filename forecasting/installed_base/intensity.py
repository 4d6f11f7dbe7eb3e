"""Intensity of failure by age, smooth but for a sharp drop at the end of the warranty: penalised Poisson likelihood.

    y_jt ~ Poisson(κ_j·Σ_a (in_jta + ρ·out_jta)·exp θ_a)

in and out are device-months at age a within and after the warranty, κ_j the level of a series, ρ the share of failures
that still come after its end. θ is a random walk over ages around a given curve: where no device has been yet, it goes
on as it was. Levels are profiled out (multinomial likelihood); the maximum is found by Fisher scoring, its evidence is
Laplace's (Eilers & Marx 1996; Tierney & Kadane 1986). This is the non-negative deconvolution of demand on sales, and
with ages known the estimate from a sale × failure triangle.
"""

from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STEPS = 30  # of Fisher scoring
CLOSE = 1e-3  # gain in log probability at which it stops
WIDE = 3.0  # standard deviation of the whole curve around the given one, in logarithms
AFTER = (np.log(0.10), 1.0)  # prior mean and standard deviation of log ρ
BLOCK = 1  # months over which misfit adds up before it is compared with chance


@dataclass(frozen=True)
class Counts:
    """What was counted, and out of what: y, shape (rows,); series of every row, ascending; inside, outside: device-
    months by age, shape (rows, ages)."""

    y: Floats
    series: Ints
    inside: Floats
    outside: Floats


@dataclass(frozen=True)
class Curve:
    """log intensity by age `log_shape`, shape (ages,), log ρ, and the standard deviations they may depart from this
    curve by: per step of age, over all, and of log ρ."""

    log_shape: Floats
    log_after: float
    step: float
    wide: float = WIDE
    after_sd: float = AFTER[1]


@dataclass(frozen=True)
class Intensity:
    """The estimate: parameters (θ, log ρ), their covariance, log evidence, and the level κ of every series."""

    log_shape: Floats
    log_after: float
    covariance: Floats
    evidence: float
    levels: Floats


def fit_intensity(counts: Counts, prior: Curve, dispersion: float = 1.0, start: Intensity | None = None) -> Intensity:
    """The most probable intensity given the counts; `dispersion` ≥ 1 divides their likelihood (quasi-Poisson)."""
    precision = _precision(prior)
    centre = np.append(prior.log_shape, prior.log_after)
    value = centre.copy() if start is None else np.append(start.log_shape, start.log_after)
    best, mean, slope = _likelihood(counts, value)
    best = best / dispersion - _penalty(value - centre, precision)
    for _ in range(STEPS):
        gradient, information = _derivatives(counts, mean, slope, dispersion)
        information = information + precision
        direction = np.linalg.solve(information, gradient - precision @ (value - centre))
        direction *= min(1.0, 2.0 / max(np.abs(direction).max(), 1e-12))
        for halving in range(8):
            tried = value + direction * 0.5**halving
            fit, tried_mean, tried_slope = _likelihood(counts, tried)
            fit = fit / dispersion - _penalty(tried - centre, precision)
            if fit >= best:
                break
        else:
            break
        gain, value, best, mean, slope = fit - best, tried, fit, tried_mean, tried_slope
        if gain <= CLOSE:
            break
    information = _derivatives(counts, mean, slope, dispersion)[1] + precision
    covariance = np.linalg.inv(information).astype(np.float64)
    evidence = best + 0.5 * (np.linalg.slogdet(precision)[1] - np.linalg.slogdet(information)[1])
    return Intensity(value[:-1], float(value[-1]), covariance, float(evidence), _levels(counts, mean))


def misfit(counts: Counts, found: Intensity) -> float:
    """Dispersion ≥ 1 of the counts around their fit, from sums over `BLOCK` rows: slow waves of a series count too."""
    mean = expected(counts, found) * found.levels[counts.series]
    first = np.flatnonzero(np.diff(counts.series, prepend=-1))
    within = np.arange(len(counts.y)) - np.repeat(first, np.diff(np.append(first, len(counts.y))))
    block = np.cumsum((within % BLOCK == 0) | (within == 0)) - 1
    seen, wanted = np.bincount(block, counts.y), np.bincount(block, mean)
    enough = wanted > 0.5
    if enough.sum() < 3:
        return 1.0
    freedom = max(1.0, enough.sum() - len(found.levels) - 2.0)
    return float(max(1.0, ((seen - wanted)[enough] ** 2 / wanted[enough]).sum() / freedom))


def expected(counts: Counts, found: Intensity) -> Floats:
    """Σ_a (in + ρ·out)·exp θ_a of every row, before the level of its series."""
    shape = np.exp(found.log_shape)
    total: Floats = counts.inside @ shape + np.exp(found.log_after) * (counts.outside @ shape)
    return total


def _precision(prior: Curve) -> Floats:
    """Inverse covariance of (θ, log ρ) around the prior curve."""
    ages = len(prior.log_shape)
    walk = np.diff(np.eye(ages), axis=0) / prior.step
    precision = np.zeros((ages + 1, ages + 1))
    precision[:ages, :ages] = walk.T @ walk + np.eye(ages) / (ages * prior.wide**2)
    precision[ages, ages] = prior.after_sd**-2
    return precision


def _penalty(departure: Floats, precision: Floats) -> float:
    return float(0.5 * departure @ precision @ departure)


def _levels(counts: Counts, mean: Floats) -> Floats:
    series = int(counts.series[-1]) + 1 if len(counts.series) else 0
    above, below = np.bincount(counts.series, counts.y, series), np.bincount(counts.series, mean, series)
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), 0.0)


def _likelihood(counts: Counts, value: Floats) -> tuple[float, Floats, Floats]:
    """Multinomial log likelihood, means before levels, and their slopes, shape (rows, ages + 1)."""
    shape, after = np.exp(np.clip(value[:-1], -40.0, 20.0)), np.exp(value[-1])
    outside = counts.outside * shape
    slope = np.empty((len(counts.y), len(value)))
    slope[:, :-1] = counts.inside * shape + after * outside
    slope[:, -1] = after * outside.sum(axis=1)
    mean = slope[:, :-1].sum(axis=1)
    level = _levels(counts, mean)[counts.series]
    some = (counts.y > 0) & (mean > 0)
    fit = float((counts.y[some] * np.log(level[some] * mean[some])).sum())
    return fit, mean, slope


def _derivatives(counts: Counts, mean: Floats, slope: Floats, dispersion: float) -> tuple[Floats, Floats]:
    """Gradient and Fisher information of the multinomial likelihood."""
    level = _levels(counts, mean)
    safe = np.maximum(mean, 1e-300)
    residual = np.where(mean > 0, counts.y / safe - level[counts.series], 0.0)
    weight = np.where(mean > 0, level[counts.series] / safe, 0.0)
    first = np.flatnonzero(np.diff(counts.series, prepend=-1))
    sums = np.add.reduceat(slope, first, axis=0)
    below = np.add.reduceat(mean, first)
    used = counts.series[first]
    share = np.where(below > 0, level[used] / np.maximum(below, 1e-300), 0.0)
    information = (_weighted_squares(slope, weight) - _weighted_squares(sums, share)) / dispersion
    return slope.T @ residual / dispersion, information


@nb.njit(cache=True)
def _weighted_squares(rows: Floats, weight: Floats) -> Floats:
    """Σ w·x·xᵀ over rows, most of whose cells may be 0: a triangle's rows know two ages each."""
    size = rows.shape[1]
    total = np.zeros((size, size))
    some = np.empty(size, np.int64)
    for row in range(len(rows)):
        number = 0
        for i in range(size):
            if rows[row, i] != 0.0:
                some[number] = i
                number += 1
        for i in range(number):
            left = weight[row] * rows[row, some[i]]
            for j in range(i + 1):
                total[some[i], some[j]] += left * rows[row, some[j]]
    for i in range(size):
        for j in range(i):
            total[j, i] = total[i, j]
    return total
