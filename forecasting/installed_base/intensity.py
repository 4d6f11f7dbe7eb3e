"""Intensity of failure by age, smooth but for a sharp drop at the end of the warranty: penalised Poisson likelihood.

    y_jt ~ Poisson(exp(u_jb(t))·Σ_a (in_jta + ρ·out_jta)·exp θ_a)

in and out are device-months at age a within and after the warranty, ρ the share of failures that still come after its
end. θ is a random walk over ages around a given curve: where no device has been yet, it goes on as it was. u, the level
of a series, is a random walk in calendar time over stretches of months: what moves a series by itself must not pass for
its devices' age, nor hide the end of their warranty. The joint maximum is found by Fisher scoring, the levels
eliminated series by series (Schur complement); its evidence is Laplace's (Eilers & Marx 1996; Tierney & Kadane 1986;
Rue, Martino & Chopin 2009). This is the non-negative deconvolution of demand on sales, and with ages known the estimate
from a sale × failure triangle.
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


@dataclass(frozen=True)
class Counts:
    """What was counted, and out of what: y, shape (rows,); series of every row, ascending; inside, outside: device-
    months by age, shape (rows, ages). stretch: of every row within its series, ascending from 0: rows of one share a
    level."""

    y: Floats
    series: Ints
    inside: Floats
    outside: Floats
    stretch: Ints

    def of_series(self, rows: npt.NDArray[np.bool_]) -> "Counts":
        """Whole series, numbered anew."""
        series = np.unique(self.series[rows], return_inverse=True)[1].astype(np.int64)
        return Counts(self.y[rows], series, self.inside[rows], self.outside[rows], self.stretch[rows])


@dataclass(frozen=True)
class Curve:
    """log intensity by age `log_shape`, shape (ages,), log ρ, and the standard deviations they may depart from this
    curve by: per step of age, over all, and of log ρ; `walk`: of a series' log level from one stretch to the next."""

    log_shape: Floats
    log_after: float
    step: float
    wide: float = WIDE
    after_sd: float = AFTER[1]
    walk: float = 0.1


@dataclass(frozen=True)
class Intensity:
    """The estimate: parameters (θ, log ρ), log evidence, log levels by series and stretch, shape (series, stretches),
    and how many free levels those are worth."""

    log_shape: Floats
    log_after: float
    evidence: float
    log_levels: Floats
    freedom: float


@dataclass(frozen=True)
class _State:
    """Parameters (θ, log ρ) and log levels, what they imply by row and by (series, stretch), and the log posterior."""

    value: Floats
    log_levels: Floats
    mean: Floats
    slope: Floats
    expected: Floats
    posterior: float


def fit_intensity(counts: Counts, prior: Curve, dispersion: float = 1.0, start: Intensity | None = None) -> Intensity:
    """The most probable intensity given the counts; `dispersion` ≥ 1 divides their likelihood (quasi-Poisson)."""
    problem = _Problem.of(counts, prior, dispersion)
    value = problem.centre.copy() if start is None else np.append(start.log_shape, start.log_after)
    levels = problem.usual
    if start is not None and start.log_levels.shape == levels.shape:
        levels = start.log_levels
    at = problem.state(value, levels)
    for _ in range(STEPS):
        step, level_step, _, _ = problem.direction(at)
        shorter = min(1.0, 2.0 / max(np.abs(step).max(), np.abs(level_step).max(initial=0.0), 1e-12))
        for halving in range(8):
            length = shorter * 0.5**halving
            tried = problem.state(at.value + length * step, at.log_levels + length * level_step)
            if tried.posterior >= at.posterior:
                break
        else:
            break
        gain, at = tried.posterior - at.posterior, tried
        if gain <= CLOSE:
            break
    _, _, evidence, freedom = problem.direction(at)
    return Intensity(at.value[:-1], float(at.value[-1]), at.posterior + evidence, at.log_levels, freedom)


@dataclass(frozen=True)
class _Problem:
    """Counts with the priors of their curve and levels as precisions: of (θ, log ρ), shape (ages + 1, ages + 1), and of
    the levels of every series, shape (series, stretches, stretches)."""

    counts: Counts
    dispersion: float
    centre: Floats
    precision: Floats
    walk: Floats
    usual: Floats
    units: Floats
    cell: Ints
    first: Ints

    @classmethod
    def of(cls, counts: Counts, prior: Curve, dispersion: float) -> "_Problem":
        series = int(counts.series[-1]) + 1 if len(counts.series) else 0
        stretches = int(counts.stretch.max(initial=-1)) + 1
        cell = counts.series * stretches + counts.stretch
        units = np.bincount(cell, counts.y, series * stretches).astype(np.float64).reshape(series, stretches)
        devices = np.bincount(counts.series, (counts.inside + counts.outside).sum(axis=1), series)
        usual = np.log((units.sum(axis=1) + 0.5) / np.maximum(devices, 1e-12))
        walking = np.diff(np.eye(stretches), axis=0) / prior.walk
        walk = walking.T @ walking
        walk[0, 0] += WIDE**-2 if stretches else 0.0
        return cls(
            counts=counts,
            dispersion=dispersion,
            centre=np.append(prior.log_shape, prior.log_after),
            precision=_precision(prior),
            walk=walk,
            usual=np.repeat(usual[:, None], stretches, axis=1),
            units=units,
            cell=cell,
            first=np.flatnonzero(np.diff(cell, prepend=-1)),
        )

    def state(self, value: Floats, log_levels: Floats) -> _State:
        counts = self.counts
        shape, after = np.exp(np.clip(value[:-1], -40.0, 20.0)), np.exp(value[-1])
        outside = counts.outside * shape
        slope = np.empty((len(counts.y), len(value)))
        slope[:, :-1] = counts.inside * shape + after * outside
        slope[:, -1] = after * outside.sum(axis=1)
        mean = slope[:, :-1].sum(axis=1)
        level = np.exp(np.clip(log_levels, -60.0, 40.0))
        below = np.bincount(self.cell, mean, level.size).reshape(level.shape)
        some = (counts.y > 0) & (mean > 0)
        fit = (counts.y[some] * np.log(mean[some])).sum() + (self.units * log_levels).sum() - (level * below).sum()
        away, moved = value - self.centre, log_levels - self.usual
        penalty = 0.5 * (away @ self.precision @ away + (moved * (moved @ self.walk)).sum())
        return _State(value, log_levels, mean, slope, level * below, float(fit / self.dispersion - penalty))

    def direction(self, at: _State) -> tuple[Floats, Floats, float, float]:
        """Fisher scoring's step of (θ, log ρ) and of the levels; what Laplace's evidence adds to the posterior; the
        number of levels learnt, that is the trace of prior-free to full information."""
        counts, parts = self.counts, self.dispersion
        level = np.exp(np.clip(at.log_levels, -60.0, 40.0)).ravel()[self.cell]
        safe = np.maximum(at.mean, 1e-300)
        residual = np.where(at.mean > 0, counts.y / safe - level, 0.0)
        gradient = at.slope.T @ residual / parts - self.precision @ (at.value - self.centre)
        weight = np.where(at.mean > 0, level / safe, 0.0)
        information = _weighted_squares(at.slope, weight) / parts + self.precision
        number, size = at.expected.shape
        crossed = np.zeros((number * size, len(at.value)))
        crossed[self.cell[self.first]] = np.add.reduceat(at.slope * level[:, None], self.first, axis=0) / parts
        crossed = crossed.reshape(number, size, -1)
        level_gradient = (self.units - at.expected) / parts - (at.log_levels - self.usual) @ self.walk
        own = np.zeros((number, size, size))
        own[:, np.arange(size), np.arange(size)] = at.expected / parts
        inverse = np.linalg.inv(own + self.walk)
        through = inverse @ crossed
        reduced = information - np.einsum("jba,jbc->ac", crossed, through, optimize=True)
        step = np.linalg.solve(reduced, gradient - np.einsum("jba,jb->a", through, level_gradient))
        level_step = np.einsum("jbc,jc->jb", inverse, level_gradient) - through @ step
        volume = np.linalg.slogdet(self.precision)[1] + number * np.linalg.slogdet(self.walk)[1]
        volume += np.linalg.slogdet(inverse)[1].sum() - np.linalg.slogdet(reduced)[1]
        freedom = (np.einsum("jbb->jb", inverse) * at.expected).sum() / parts
        return step, level_step, float(0.5 * volume), float(freedom)


def misfit(counts: Counts, found: Intensity) -> float:
    """Dispersion ≥ 1 of the counts around their fit."""
    shape = np.exp(found.log_shape)
    mean = counts.inside @ shape + np.exp(found.log_after) * (counts.outside @ shape)
    mean *= np.exp(found.log_levels[counts.series, counts.stretch])
    enough = mean > 0.5
    if enough.sum() < 3:
        return 1.0
    freedom = max(1.0, 0.1 * enough.sum(), enough.sum() - found.freedom - 2.0)
    return float(max(1.0, ((counts.y - mean)[enough] ** 2 / mean[enough]).sum() / freedom))


def _precision(prior: Curve) -> Floats:
    """Inverse covariance of (θ, log ρ) around the prior curve."""
    ages = len(prior.log_shape)
    walk = np.diff(np.eye(ages), axis=0) / prior.step
    precision = np.zeros((ages + 1, ages + 1))
    precision[:ages, :ages] = walk.T @ walk + np.eye(ages) / (ages * prior.wide**2)
    precision[ages, ages] = prior.after_sd**-2
    return precision


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
