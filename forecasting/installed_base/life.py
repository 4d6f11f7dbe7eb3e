"""Lives with a defective fraction: a share p of devices fails by a Weibull law, the others never (limited failure
population, Meeker 1987).

    P(T ≤ t) = p·(1 − exp(−(t/η)^k))

Fitted by maximum likelihood to failure and right-censored times, or to a sale × failure triangle with a warranty that
ends at an age to be found; intervals are those of the likelihood ratio, for estimates of p are far from normal.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Interval = tuple[float, float]

HALF_WIDTH = 1.920729  # of log likelihood: half the 95 % quantile of chi-squared with 1 degree of freedom
SURE = 30.0  # logit beyond which a share is 0 or 1
NEAR = 4  # ends of warranty whose limits of the share are united
REACH = 12.0  # how far from the estimate a limit is looked for, on the scale of the parameter


@dataclass(frozen=True)
class Life:
    """A Weibull law of `share` of the devices: shape k, scale η in the unit of the times; log likelihood."""

    shape: float
    scale: float
    share: float
    log_likelihood: float

    def failed_by(self, age: Floats) -> Floats:
        """Share of all devices failed by an age, shape of `age`."""
        failed: Floats = self.share * -np.expm1(-((np.maximum(age, 0.0) / self.scale) ** self.shape))
        return failed


def fit_life(
    times: Floats, failed: npt.NDArray[np.bool_], weights: Floats | None = None, defective: bool = True
) -> Life:
    """Maximum-likelihood life of devices that failed at, or were seen alive until, `times` > 0, shape (devices,).

    weights: devices of every row. defective: whether a share may never fail; without it the plain Weibull law. Raises
    ValueError where nothing failed.
    """
    weight = np.ones(len(times)) if weights is None else weights
    if not (weight[failed] > 0).any():
        raise ValueError("a life needs at least one failure")
    log_times = np.log(times)

    def loss(value: Floats) -> float:
        shape, scale = np.exp(value[0]), np.exp(value[1])
        share = _share(value[2]) if defective else 1.0
        power = np.exp(np.clip(shape * (log_times - value[1]), -700.0, 700.0))
        density = np.log(share) + value[0] - np.log(scale) + (shape - 1.0) * (log_times - value[1]) - power
        alive = np.log(np.maximum(1.0 - share + share * np.exp(-power), 1e-300))
        return -float((weight * np.where(failed, density, alive)).sum())

    found = weight[failed].sum() / weight.sum()
    typical = np.log(np.average(times[failed], weights=weight[failed]))
    starts = [
        [0.0, typical - np.log(min(found, 0.99)) * far, odds] for far in (0.0, 1.0) for odds in (_odds(found), 2.0, 6.0)
    ]
    best = _least(loss, [np.array(start[: 3 if defective else 2]) for start in starts])
    share = _share(best[2]) if defective else 1.0
    return Life(float(np.exp(best[0])), float(np.exp(best[1])), share, -loss(best))


@dataclass(frozen=True)
class WarrantedLife:
    """Life, end of warranty (months) and share of failures that come after it, from a triangle; 95 % intervals.

    hazard: intensity per month at each age within the warranty, shape (ages,), with limits, shape (2, ages).
    """

    life: Life
    share: Interval
    end: int
    ends: tuple[int, int]
    after: float
    hazard: Floats
    hazard_limits: Floats


def fit_triangle(failures: Floats, devices: Floats) -> WarrantedLife:
    """Life with a defective fraction and a warranty end, from failures by lag and devices under risk, shape (lags,).

    Lag: month of failure − month of sale; sales are even over a month, so a device at lag k fails at an age between
    k − 1 and k + 1 months: the chance is the mean over its day of sale. Failures are Poisson; one in a small share of
    devices changes nothing.
    """
    best = _least(_triangle_loss(failures, devices, len(failures)), _triangle_starts(failures, devices))
    fits: dict[int, tuple[Floats, float]] = {}
    for months in [*range(len(failures), 1, -1), *range(2, len(failures) + 1)]:
        loss = _triangle_loss(failures, devices, months)
        best = _descended(loss, np.append(best[:3], -2.0))
        if months not in fits or -loss(best) > fits[months][1]:
            fits[months] = (best, -loss(best))
    end = max(fits, key=lambda months: fits[months][1])
    loss = _triangle_loss(failures, devices, end)
    best = _least(loss, [fits[end][0]])
    top = -loss(best)
    near = sorted((months for months in fits if fits[months][1] >= top - HALF_WIDTH), key=lambda m: -fits[m][1])
    limits = []
    for months in near[:NEAR]:  # any of these ends may be the true one
        given = _triangle_loss(failures, devices, months), fits[months][0], top
        limits.append((_limit(*given, -1.0), _limit(*given, 1.0)))
    ages = np.arange(end, dtype=np.float64) + 0.5
    hazard = np.asarray(_hazard(best, ages), np.float64)
    width = 1.959964 * _log_hazard_sd(loss, best, ages)
    return WarrantedLife(
        life=Life(float(np.exp(best[0])), float(np.exp(best[1])), _share(best[2]), top),
        share=(_share(min(low for low, _ in limits)), _share(max(high for _, high in limits))),
        end=end,
        ends=(min(near), max(near)),
        after=_share(best[3]),
        hazard=hazard,
        hazard_limits=np.stack([hazard * np.exp(-width), hazard * np.exp(width)]),
    )


def _share(odds: float) -> float:
    return float(1.0 / (1.0 + np.exp(-np.clip(odds, -SURE, SURE))))


def _odds(share: float) -> float:
    return float(np.log(share / (1.0 - share))) if 0.0 < share < 1.0 else SURE


def _hazard(value: Floats, ages: Floats) -> Floats:
    """Failures per device sold and month of age: p·k/η·(t/η)^(k−1)·exp(−(t/η)^k)."""
    shape, scale = np.exp(value[0]), np.exp(value[1])
    power = (ages / scale) ** shape
    density: Floats = _share(value[2]) * shape / ages * power * np.exp(-power)
    return density


def _log_hazard_sd(loss: Callable[[Floats], float], best: Floats, ages: Floats) -> Floats:
    """Standard deviation of the log hazard at each age, by the information at the maximum (delta method)."""
    step = 1e-3 * np.eye(3)
    information = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            signs = ((1, 1, 1.0), (1, -1, -1.0), (-1, 1, -1.0), (-1, -1, 1.0))
            moved = [sign * loss(best + np.append(a * step[i] + b * step[j], 0.0)) for a, b, sign in signs]
            information[i, j] = sum(moved) / 4e-6
    slope = np.stack(
        [
            (np.log(_hazard(best + np.append(d, 0.0), ages)) - np.log(_hazard(best - np.append(d, 0.0), ages))) / 2e-3
            for d in step
        ]
    )
    covariance = np.linalg.pinv(information, hermitian=True)
    return np.asarray(np.sqrt(np.maximum(np.einsum("ia,ij,ja->a", slope, covariance, slope), 0.0)))


def _descended(loss: Callable[[Floats], float], start: Floats) -> Floats:
    found = minimize(loss, start, method="BFGS", options={"gtol": 1e-4, "maxiter": 60}).x
    return np.asarray(found if loss(found) <= loss(start) else start)


def _least(loss: Callable[[Floats], float], starts: list[Floats]) -> Floats:
    """The best end of descents from several starts: by simplex, then by gradient."""
    best: Floats = starts[0]
    for start in starts:
        rough = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8, "maxiter": 2000})
        if loss(rough.x) < loss(best):
            best = rough.x
    return best


def _triangle_starts(failures: Floats, devices: Floats) -> list[Floats]:
    rate = failures.sum() / max(devices.sum(), 1.0)
    usual = min(0.5, rate * len(failures))
    return [
        np.array([shape, np.log(scale), _odds(usual * more), -2.0])
        for shape, scale, more in ((0.0, 6.0, 1.0), (0.5, 15.0, 2.0))
    ]


def _triangle_loss(failures: Floats, devices: Floats, end: int) -> Callable[[Floats], float]:
    """Minus the Poisson log likelihood of (log k, log η, logit p, logit ρ) for a warranty of `end` months."""
    lags = len(failures)
    steps = 4  # of a month of age, in each of which failures are even
    edges = np.arange(lags * steps + 1) / steps
    share = (np.arange(steps) + 0.5) / steps  # of devices that fail a calendar month later than they are months old

    def loss(value: Floats) -> float:
        with np.errstate(over="ignore"):  # all of the defective have failed then
            power = (edges / np.exp(np.clip(value[1], -SURE, SURE))) ** np.exp(np.clip(value[0], -SURE, 5.0))
        failed = _share(value[2]) * -np.expm1(-power)
        each = np.diff(failed) * np.where(edges[:-1] < end, 1.0, _share(value[3]))
        at = each.reshape(lags, steps)
        mean = at @ (1.0 - share) + np.append(0.0, at[:-1] @ share)
        some = devices > 0
        expected = np.maximum(mean * devices, 1e-300)[some]
        return float(expected.sum() - (failures[some] * np.log(expected)).sum())

    return loss


def _limit(loss: Callable[[Floats], float], best: Floats, top: float, side: float) -> float:
    """Log odds of the defective share where its profile likelihood has fallen by `HALF_WIDTH`, on one side."""
    rest = np.delete(best, 2)

    def short(odds: float) -> float:
        nonlocal rest
        rest = _descended(lambda others: loss(np.insert(others, 2, odds)), rest)
        return top - HALF_WIDTH + loss(np.insert(rest, 2, odds))

    near, far = 0.0, 0.25
    while short(best[2] + side * far) < 0.0:
        near, far = far, 2.0 * far
        if far > REACH:
            return SURE * side
    while far - near > 1e-3:
        middle = 0.5 * (near + far)
        near, far = (middle, far) if short(best[2] + side * middle) < 0.0 else (near, middle)
    return float(best[2] + side * far)
