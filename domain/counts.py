"""Count distributions fitted to two moments: cumulative probability, expected backorders, quantile, draw.

Variance above the mean: negative binomial; equal: Poisson; below: the mixture of two binomials of Adan, van Eenige &
Resing (1995), "Fitting discrete distributions on the first two moments". Units are pieces.

The scalar kernels are compiled and shared by every room; the array functions broadcast over them.
"""

from math import ceil, exp, floor, lgamma, log, log1p, sqrt

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_SAME = 1e-9  # relative distance at which variance counts as equal to the mean
_FAR = 12.0  # standard deviations below the mean where the probability left out is under 1e-30


@nb.njit(cache=True, inline="always")
def _log_binomial(n: int, k: int, p: float) -> float:
    return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) + k * log(p) + (n - k) * log1p(-p)


@nb.njit(cache=True)
def mixture_of_binomials(mean: float, variance: float) -> tuple[int, float, float]:
    """(k, q, p): Binomial(k, p) with probability q, else Binomial(k + 1, p); needs variance < mean (Adan et al. 1995).

    With integer support no variance is below frac(1 − frac); a smaller one is raised to it.
    """
    frac = mean - floor(mean)
    a = max(variance, frac * (1.0 - frac)) / mean**2 - 1.0 / mean
    k = max(int(floor(-1.0 / a)), 1)
    q = (1.0 + a * (1.0 + k) + sqrt(max(-a * k * (1.0 + k) - k, 0.0))) / (1.0 + a)
    q = min(max(q, 0.0), 1.0)
    return k, q, min(mean / (k + 1.0 - q), 1.0 - 1e-15)


@nb.njit(cache=True)
def pmf(mean: float, variance: float, n: int) -> float:
    """P(N = n)."""
    if mean <= 0.0:
        return 1.0 if n == 0 else 0.0
    if variance > mean * (1.0 + _SAME):
        r = mean * mean / (variance - mean)
        p = mean / variance
        return exp(lgamma(n + r) - lgamma(r) - lgamma(n + 1.0) + r * log(p) + n * log1p(-p))
    if variance >= mean * (1.0 - _SAME):
        return exp(n * log(mean) - mean - lgamma(n + 1.0))
    k, q, p = mixture_of_binomials(mean, variance)
    total = 0.0
    if n <= k:
        total += q * exp(_log_binomial(k, n, p))
    if n <= k + 1:
        total += (1.0 - q) * exp(_log_binomial(k + 1, n, p))
    return total


@nb.njit(cache=True, inline="always")
def next_pmf(mean: float, variance: float, n: int, probability: float) -> float:
    """P(N = n + 1) from P(N = n), for variance ≥ mean: one multiplication, no logarithm."""
    if variance > mean * (1.0 + _SAME):
        return probability * (1.0 - mean / variance) * (mean * mean / (variance - mean) + n) / (n + 1.0)
    return probability * mean / (n + 1.0)


@nb.njit(cache=True)
def start(mean: float, variance: float) -> int:
    """The smallest count worth adding up: below it lies less than 1e-30."""
    return max(0, int(floor(mean - _FAR * sqrt(max(variance, mean)) - _FAR)))


@nb.njit(cache=True)
def cdf_and_backorders(mean: float, variance: float, stock: int) -> tuple[float, float]:
    """P(N ≤ stock) and E[(N − stock)⁺]; for stock < 0 these are 0 and mean − stock."""
    if stock < 0:
        return 0.0, mean - stock
    if mean <= 0.0:
        return 1.0, 0.0
    recursive = variance >= mean * (1.0 - _SAME)
    first = start(mean, variance)
    if stock < first:
        return 0.0, mean - stock
    probability = pmf(mean, variance, first)
    cumulative = probability
    left = (stock - first) * probability  # E[(stock − N)⁺], summed without cancellation
    for n in range(first, stock):
        probability = next_pmf(mean, variance, n, probability) if recursive else pmf(mean, variance, n + 1)
        cumulative += probability
        left += (stock - n - 1) * probability
    return min(cumulative, 1.0), max(mean - stock + left, 0.0)


@nb.njit(cache=True)
def quantile_one(mean: float, variance: float, level: float) -> int:
    """Smallest n with P(N ≤ n) ≥ level, for 0 < level < 1."""
    if mean <= 0.0:
        return 0
    recursive = variance >= mean * (1.0 - _SAME)
    n = start(mean, variance)
    probability = pmf(mean, variance, n)
    cumulative = probability
    far = int(ceil(mean + 60.0 * sqrt(max(variance, mean)) + 60.0))
    while cumulative < level - 1e-12 and n < far:
        probability = next_pmf(mean, variance, n, probability) if recursive else pmf(mean, variance, n + 1)
        n += 1
        cumulative += probability
    return n


@nb.njit(cache=True)
def fill_rate(mean: float, batch_index: float, kappa: float, stock: int) -> float:
    """Share of units served at once from base stock `stock` when the pipeline has this mean given Θ = 1.

    Times of high demand have more customers: Θ has the size-biased law Gamma(a + 1, a), a = 1/κ, so the pipeline a
    customer meets has mean μ(1 + κ) and relative variance κ/(1 + κ). The j-th unit of a batch is filled if
    N ≤ stock − j; batches are geometric with E[b²]/E[b] = ψ, whose j is geometric too (MODEL 2).
    """
    met = mean * (1.0 + kappa)
    variance = batch_index * met + kappa / (1.0 + kappa) * met * met
    if stock <= 0:
        return 0.0
    q = (batch_index - 1.0) / (batch_index + 1.0)
    fill = 0.0
    weight = 1.0 - q
    for j in range(1, stock + 1):
        fill += weight * cdf_and_backorders(met, variance, stock - j)[0]
        weight *= q
        if weight < 1e-12:
            break
    return fill


@nb.vectorize(cache=True)
def _cdf(mean, variance, n):  # type: ignore[no-untyped-def]
    return cdf_and_backorders(mean, variance, int(n))[0]


@nb.vectorize(cache=True)
def _backorders(mean, variance, stock):  # type: ignore[no-untyped-def]
    return cdf_and_backorders(mean, variance, int(stock))[1]


@nb.vectorize(cache=True)
def _quantile(mean, variance, level):  # type: ignore[no-untyped-def]
    return quantile_one(mean, variance, level)


def cdf(mean: npt.ArrayLike, variance: npt.ArrayLike, n: npt.ArrayLike) -> Floats:
    """P(N ≤ n), broadcast."""
    return np.asarray(_cdf(np.asarray(mean, float), np.asarray(variance, float), np.asarray(n, float)))


def expected_backorders(mean: npt.ArrayLike, variance: npt.ArrayLike, stock: npt.ArrayLike) -> Floats:
    """E[(N − stock)⁺], broadcast, units."""
    return np.asarray(_backorders(np.asarray(mean, float), np.asarray(variance, float), np.asarray(stock, float)))


def quantile(mean: npt.ArrayLike, variance: npt.ArrayLike, level: npt.ArrayLike) -> Ints:
    """Smallest n with P(N ≤ n) ≥ level, broadcast, units. Raises ValueError unless 0 < level < 1."""
    levels = np.asarray(level, float)
    if not ((levels > 0) & (levels < 1)).all():
        raise ValueError("a quantile level lies strictly between 0 and 1")
    return np.asarray(_quantile(np.asarray(mean, float), np.asarray(variance, float), levels)).astype(np.int64)


def draw(rng: np.random.Generator, mean: npt.ArrayLike, variance: npt.ArrayLike) -> Ints:
    """One draw per pair of moments, by inversion."""
    shape = np.broadcast(np.asarray(mean), np.asarray(variance)).shape
    uniform = np.clip(rng.random(shape), 1e-12, 1 - 1e-12)
    return quantile(mean, variance, uniform)
