"""The count laws of the plan: negative binomial or Poisson by two moments, in scipy's closed forms.

For both laws n·P(N = n) = mean·P(N⁺ = n − 1), N⁺ with the same success probability and a shape larger by one (the same
law for Poisson), hence the partial expectations below. Variance is never below the mean here (ψ ≥ 1).
"""

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


def cdf(mean: Floats, variance: Floats, n: Floats, more: int = 0) -> Floats:
    """P(N ≤ n) of the law with these moments; `more` = 1 gives the law N⁺ of the module's docstring."""
    result = (n >= 0.0).astype(np.float64)  # right for mean 0
    wide = (mean > 0.0) & (variance > mean * (1.0 + 1e-9))
    poisson = (mean > 0.0) & ~wide
    m, v = mean[wide], variance[wide]
    result[wide] = stats.nbinom.cdf(n[wide], m * m / (v - m) + more, m / v)
    result[poisson] = stats.poisson.cdf(n[poisson], mean[poisson])
    return result


def left(mean: Floats, variance: Floats, z: Floats) -> Floats:
    """E[(z − N)⁺] for real z."""
    whole = np.floor(z)
    part = z * cdf(mean, variance, whole) - mean * cdf(mean, variance, whole - 1.0, more=1)
    return np.where(z > 0.0, np.maximum(part, 0.0), 0.0)


def backorders(mean: Floats, variance: Floats, stock: Floats) -> Floats:
    """E[(N − stock)⁺] = mean − stock + E[(stock − N)⁺]."""
    return np.maximum(mean - stock + left(mean, variance, stock), 0.0)


def quantile(mean: Floats, variance: Floats, level: float) -> Floats:
    """The least count n with P(N ≤ n) ≥ level."""
    result = np.zeros_like(mean)  # right for mean 0
    wide = (mean > 0.0) & (variance > mean * (1.0 + 1e-9))
    poisson = (mean > 0.0) & ~wide
    m, v = mean[wide], variance[wide]
    result[wide] = stats.nbinom.ppf(level, m * m / (v - m), m / v)
    result[poisson] = stats.poisson.ppf(level, mean[poisson])
    return result


def delays(sd_weeks: float) -> dict[int, float]:
    """P(ε = n), n = −2..4 weeks: the rounded normal of mean 0, cut off and renormalised."""
    if sd_weeks == 0.0:
        return {0: 1.0}
    weight = {
        n: float(stats.norm.cdf((n + 0.5) / sd_weeks) - stats.norm.cdf((n - 0.5) / sd_weeks)) for n in range(-2, 5)
    }
    total = sum(weight.values())
    return {n: w / total for n, w in weight.items()}


def last_slot(sd_weeks: float, weeks: int) -> Floats:
    """ρ_t(k) = P(k is the last slot in by week t), shape (weeks, weeks + 1): t = 1..weeks, k = 0..weeks.

    Slot weeks + 1 does not exist, so the last k holds everything that remains.
    """
    law = delays(sd_weeks)
    in_by = {n: sum(p for delay, p in law.items() if delay <= n) if n < max(law) else 1.0 for n in range(-weeks, weeks)}
    rho = np.zeros((weeks, weeks + 1))
    for t in range(1, weeks + 1):
        all_in = 1.0  # Π_{j ≤ k} F(t − j)
        for k in range(weeks + 1):
            further = all_in * in_by[t - k - 1] if k < weeks else 0.0
            rho[t - 1, k] = all_in - further
            all_in = further
    return rho
