"""Count distributions fitted to two moments: cumulative probability, expected backorders, quantile, draw.

Variance above the mean: negative binomial; equal: Poisson; below: the mixture of two binomials of Adan, van Eenige &
Resing (1995), "Fitting discrete distributions on the first two moments". Units are pieces.

The scalar kernels are compiled and shared by every room; the array functions broadcast over them.
"""

from math import ceil, exp, floor, inf, lgamma, log, log1p, pi, sqrt

import numba as nb
import numpy as np
import numpy.typing as npt

from domain.threads import in_threads, kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_SAME = 1e-9  # relative distance at which variance counts as equal to the mean
_FAR = 12.0  # standard deviations below the mean where the probability left out is under 1e-30
_STEPS = 5000  # counts added up one by one; a longer way is cut short by the incomplete beta function
_HALF_LOG_2PI = 0.5 * log(2.0 * pi)


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
    if a <= -1.0 + 1e-12:  # at most one unit: Bernoulli, where q is 0/0
        return 1, 1.0, min(mean, 1.0 - 1e-15)
    k = max(int(floor(-1.0 / a)), 1)
    q = (1.0 + a * (1.0 + k) + sqrt(max(-a * k * (1.0 + k) - k, 0.0))) / (1.0 + a)
    q = min(max(q, 0.0), 1.0)
    return k, q, min(mean / (k + 1.0 - q), 1.0 - 1e-15)


@nb.njit(cache=True)
def _stirling_error(z: float) -> float:
    """log z! − log(√(2πz)·(z/e)ᶻ), for z > 0."""
    if z <= 15.0:
        return lgamma(z + 1.0) - (z + 0.5) * log(z) + z - _HALF_LOG_2PI
    return (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / (1680.0 * z * z)) / (z * z)) / (z * z)) / z


@nb.njit(cache=True)
def _deviance(x: float, mean: float) -> float:
    """x·log(x/mean) + mean − x, without cancellation where x is near the mean."""
    d = x - mean
    if abs(d) >= 0.1 * (x + mean):
        return x * log(x / mean) - d
    v = d / (x + mean)
    total, term, j = d * v, 2.0 * x * v, 1
    while True:
        term *= v * v
        more = total + term / (2 * j + 1)
        if more == total:
            return total
        total, j = more, j + 1


@nb.njit(cache=True)
def log_pmf(mean: float, variance: float, n: int) -> float:
    """log P(N = n), −inf where N cannot be n; to 1e-13 at any size by the saddle-point expansion of Loader (2000)."""
    if mean <= 0.0:
        return 0.0 if n == 0 else -inf
    if variance > mean * (1.0 + _SAME):
        excess = variance / mean - 1.0
        r = mean / excess
        if n == 0:
            return -r * log1p(excess)
        error = _stirling_error(n + r) - _stirling_error(r) - _stirling_error(n)
        p, q = 1.0 / (1.0 + excess), excess / (1.0 + excess)
        distance = _deviance(r, (n + r) * p) + _deviance(n, (n + r) * q)
        return error - distance + 0.5 * log(r / ((n + r) * n)) - _HALF_LOG_2PI
    if variance >= mean * (1.0 - _SAME):
        return -mean if n == 0 else -_stirling_error(n) - _deviance(n, mean) - 0.5 * log(n) - _HALF_LOG_2PI
    k, q, p = mixture_of_binomials(mean, variance)
    total = 0.0
    if n <= k:
        total += q * exp(_log_binomial(k, n, p))
    if n <= k + 1:
        total += (1.0 - q) * exp(_log_binomial(k + 1, n, p))
    return log(total) if total > 0.0 else -inf


@nb.njit(cache=True)
def pmf(mean: float, variance: float, n: int) -> float:
    """P(N = n)."""
    return exp(log_pmf(mean, variance, n))


@nb.njit(cache=True, inline="always")
def next_pmf(mean: float, variance: float, n: int, probability: float) -> float:
    """P(N = n + 1) from P(N = n), for variance ≥ mean: one multiplication, no logarithm."""
    if variance > mean * (1.0 + _SAME):
        return probability * (mean + n * (variance / mean - 1.0)) / (variance / mean) / (n + 1.0)
    return probability * mean / (n + 1.0)


@nb.njit(cache=True)
def start(mean: float, variance: float) -> int:
    """The smallest count worth adding up: below it lies less than 1e-30."""
    return max(0, int(floor(mean - _FAR * sqrt(max(variance, mean)) - _FAR)))


@nb.njit(cache=True)
def _beta_fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function by Lentz's method (DLMF 8.17.22), O(√max(a, b)) terms."""
    c, d = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, 1_000_000):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d, c = 1.0 / (1.0 + even * d), 1.0 + even / c
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d, c = 1.0 / (1.0 + odd * d), 1.0 + odd / c
        value *= d * c
        if abs(d * c - 1.0) < 1e-14:
            break
    return value


@nb.njit(cache=True)
def _far_cdf(r: float, excess: float, n: int) -> float:
    """P(N ≤ n) of the negative binomial of shape r and mean r·excess: I_p(r, n + 1), p = 1/(1 + excess)."""
    p, q = 1.0 / (1.0 + excess), excess / (1.0 + excess)
    mean = r * excess
    front = pmf(mean, mean * (1.0 + excess), n) * (r + n) * q
    if p < (r + 1.0) / (r + n + 3.0):
        return front * _beta_fraction(r, n + 1.0, p) / r
    return 1.0 - front * _beta_fraction(n + 1.0, r, q) / (n + 1.0)


@nb.njit(cache=True)
def cdf_and_backorders(mean: float, variance: float, stock: int) -> tuple[float, float]:
    """P(N ≤ stock) and E[(N − stock)⁺]; for stock < 0 these are 0 and mean − stock."""
    if stock < 0:
        return 0.0, mean - stock
    if mean <= 0.0:
        return 1.0, 0.0
    first = start(mean, variance)
    if stock < first:
        return 0.0, mean - stock
    if stock - first > _STEPS and variance > mean * (1.0 + _SAME):
        excess = variance / mean - 1.0
        r = mean / excess
        cumulative = _far_cdf(r, excess, stock)
        below = mean * _far_cdf(r + 1.0, excess, stock - 1)  # E[N; N ≤ stock]
        return min(cumulative, 1.0), max(mean - below - stock * (1.0 - cumulative), 0.0)
    recursive = variance >= mean * (1.0 - _SAME)
    probability = pmf(mean, variance, first)
    cumulative = probability
    left = (stock - first) * probability  # E[(stock − N)⁺], summed without cancellation
    for n in range(first, stock):
        probability = next_pmf(mean, variance, n, probability) if recursive else pmf(mean, variance, n + 1)
        cumulative += probability
        left += (stock - n - 1) * probability
    return min(cumulative, 1.0), max(mean - stock + left, 0.0)


@nb.njit(cache=True)
def _far_quantile(mean: float, variance: float, level: float, least: int) -> int:
    """Quantile by halving an interval that starts at `least`."""
    low, width = least - 1, max(1, int(sqrt(variance)))  # P(N ≤ low) < level ≤ P(N ≤ high)
    while cdf_and_backorders(mean, variance, low + width)[0] < level - 1e-12:
        low, width = low + width, 2 * width
    high = low + width
    while high - low > 1:
        middle = (low + high) // 2
        if cdf_and_backorders(mean, variance, middle)[0] < level - 1e-12:
            low = middle
        else:
            high = middle
    return high


@nb.njit(cache=True)
def quantiles(mean: float, variance: float, levels: Floats, values: Ints) -> None:
    """Writes the smallest n with P(N ≤ n) ≥ level for ascending levels in (0, 1) into `values`: one walk for all."""
    if mean <= 0.0:
        values[:] = 0
        return
    recursive = variance >= mean * (1.0 - _SAME)
    n = first = start(mean, variance)
    probability = pmf(mean, variance, n)
    cumulative = probability
    end = int(ceil(mean + 60.0 * sqrt(max(variance, mean)) + 60.0))
    far = variance > mean * (1.0 + _SAME) and mean + 3.0 * sqrt(variance) - first > _STEPS
    for i in range(len(levels)):
        if far:
            values[i] = _far_quantile(mean, variance, levels[i], values[i - 1] if i else first)
        else:
            while cumulative < levels[i] - 1e-12 and n < end:
                probability = next_pmf(mean, variance, n, probability) if recursive else pmf(mean, variance, n + 1)
                n += 1
                cumulative += probability
            values[i] = n


@nb.njit(cache=True)
def quantile_one(mean: float, variance: float, level: float) -> int:
    """Smallest n with P(N ≤ n) ≥ level, for 0 < level < 1."""
    values = np.zeros(1, np.int64)
    quantiles(mean, variance, np.array([level]), values)
    return int(values[0])


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


@kernel
def _quantile_table(first: int, last: int, mean: Floats, variance: Floats, levels: Floats, values: Ints) -> None:
    for row in range(first, last):
        quantiles(mean[row], variance[row], levels, values[row])


def quantile_table(mean: Floats, variance: Floats, levels: Floats) -> Ints:
    """Quantiles at ascending levels in (0, 1), units, shape (pairs of moments, levels)."""
    values = np.zeros((len(mean), len(levels)), np.int64)
    in_threads(_quantile_table, len(mean), mean, variance, levels, values)
    return values


def draw(rng: np.random.Generator, mean: npt.ArrayLike, variance: npt.ArrayLike) -> Ints:
    """One draw per pair of moments, by inversion."""
    shape = np.broadcast(np.asarray(mean), np.asarray(variance)).shape
    uniform = np.clip(rng.random(shape), 1e-12, 1 - 1e-12)
    return quantile(mean, variance, uniform)
