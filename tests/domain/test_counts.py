"""Count laws against textbook distributions, enumeration and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from domain import counts

MEANS = st.floats(0.01, 300.0)
RATIOS = st.floats(1.001, 60.0)  # variance over mean
UNHURRIED = settings(deadline=None)  # the first call of a kernel compiles it


def shape_and_stop(mean: float, variance: float) -> tuple[float, float]:
    """Parameters of the textbook negative binomial of these two moments."""
    return mean**2 / (variance - mean), mean / variance


@UNHURRIED
@given(MEANS, RATIOS, st.integers(0, 400))
def test_above_poisson_is_the_negative_binomial(mean: float, ratio: float, n: int) -> None:
    """With variance above the mean, probability and cumulative probability are those of the negative binomial."""
    law = stats.nbinom(*shape_and_stop(mean, ratio * mean))
    assert counts.pmf(mean, ratio * mean, n) == pytest.approx(law.pmf(n), rel=1e-7, abs=1e-300)
    assert counts.cdf(mean, ratio * mean, n) == pytest.approx(law.cdf(n), rel=1e-9, abs=1e-12)


@UNHURRIED
@given(MEANS, st.integers(0, 400))
def test_variance_equal_to_mean_is_poisson(mean: float, n: int) -> None:
    """With variance equal to the mean the law is Poisson."""
    assert counts.pmf(mean, mean, n) == pytest.approx(stats.poisson(mean).pmf(n), rel=1e-9, abs=1e-300)
    assert counts.cdf(mean, mean, n) == pytest.approx(stats.poisson(mean).cdf(n), rel=1e-9, abs=1e-12)


@UNHURRIED
@given(MEANS, st.floats(1e-10, 1e-6), st.integers(0, 400))
def test_nearly_poisson_is_nearly_poisson(mean: float, excess: float, n: int) -> None:
    """A variance a hair above the mean changes no probability by more than that hair calls for."""
    distance = 1e-9 + excess * (1 + (n - mean) ** 2 / mean + n / mean)
    poisson = counts.pmf(mean, mean, n)
    assert counts.pmf(mean, mean * (1 + excess), n) == pytest.approx(poisson, rel=min(2 * distance, 1), abs=1e-280)


@UNHURRIED
@given(st.floats(0.01, 60.0), st.floats(0.0, 0.999))
def test_below_poisson_reproduces_both_moments(mean: float, ratio: float) -> None:
    """The mixture of two binomials has the given mean, and the variance an integer law of that mean can have."""
    frac = mean - np.floor(mean)
    variance = max(ratio * mean, frac * (1 - frac))
    support = np.arange(int(mean + 60 * np.sqrt(mean) + 60))
    probability = np.array([counts.pmf(mean, ratio * mean, int(n)) for n in support])
    assert probability.sum() == pytest.approx(1, abs=1e-9)
    assert (support * probability).sum() == pytest.approx(mean, rel=1e-8)
    assert ((support - mean) ** 2 * probability).sum() == pytest.approx(variance, abs=1e-7 * (1 + mean))


@UNHURRIED
@given(MEANS, st.floats(0.2, 60.0), st.integers(0, 300))
def test_backorders_and_cdf_by_enumeration(mean: float, ratio: float, stock: int) -> None:
    """P(N ≤ S) and E[(N − S)⁺] are the sums over all counts, term by term."""
    variance = ratio * mean
    below = np.arange(stock + 1)
    probability = np.array([counts.pmf(mean, variance, int(n)) for n in below])
    assert counts.cdf(mean, variance, stock) == pytest.approx(min(probability.sum(), 1.0), abs=1e-10)
    expected = mean - stock + ((stock - below) * probability).sum()
    assert counts.expected_backorders(mean, variance, stock) == pytest.approx(expected, abs=1e-9 * (1 + mean))


@UNHURRIED
@given(MEANS, st.floats(0.2, 60.0), st.floats(0.001, 0.999))
def test_quantile_is_the_smallest_count_that_reaches_the_level(mean: float, ratio: float, level: float) -> None:
    """P(N ≤ q) reaches the level and P(N ≤ q − 1) does not."""
    q = int(counts.quantile(mean, ratio * mean, level))
    assert counts.cdf(mean, ratio * mean, q) >= level - 2e-12
    assert counts.cdf(mean, ratio * mean, q - 1) < level


@UNHURRIED
@given(st.floats(0.0, 1e7), RATIOS)
def test_one_walk_gives_all_quantiles(mean: float, ratio: float) -> None:
    """The quantiles of one walk are integers, ascend with the level, and are those asked one by one."""
    levels = np.array([0.1, 0.5, 0.8, 0.9, 0.95, 0.99])
    values = np.zeros(len(levels), np.int64)
    counts.quantiles(mean, mean * ratio, levels, values)
    assert (np.diff(values) >= 0).all()
    assert values.tolist() == counts.quantile(mean, mean * ratio, levels).tolist()


@pytest.mark.parametrize("shape", [0.2, 3.0, 100.0, 144.0, 160.0, 1e6])
@pytest.mark.parametrize("mean", [3e4, 1e6, 4e7])
def test_a_million_units_cost_no_walk_and_no_precision(mean: float, shape: float) -> None:
    """At any size the law agrees with the incomplete beta function, also where P(N = 0) underflows; E[N; N > S] is
    m·P(N' ≥ S) with N' of shape r + 1."""
    variance = mean + mean**2 / shape
    law, biased = stats.nbinom(*shape_and_stop(mean, variance)), stats.nbinom(shape + 1, mean / variance)
    for level in (0.1, 0.5, 0.9, 0.99):
        q = int(counts.quantile(mean, variance, level))
        assert q == pytest.approx(law.ppf(level), abs=1 + 1e-7 * mean)
        assert counts.cdf(mean, variance, q) == pytest.approx(law.cdf(q), abs=1e-8)
        expected = mean * biased.sf(q - 1) - q * law.sf(q)
        assert counts.expected_backorders(mean, variance, q) == pytest.approx(expected, rel=1e-6)


def test_nothing_is_wanted_when_the_mean_is_zero() -> None:
    """Mean 0 is the count 0; a negative stock is short by itself."""
    assert counts.quantile(0.0, 0.0, 0.99) == 0
    assert counts.cdf(0.0, 0.0, 0) == 1
    assert counts.expected_backorders(0.0, 0.0, 0) == 0
    assert counts.expected_backorders(2.5, 3.0, -2) == pytest.approx(4.5)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, float("nan")])
def test_a_level_outside_zero_and_one_is_refused(level: float) -> None:
    """Quantiles exist strictly between 0 and 1."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        counts.quantile(1.0, 2.0, level)


def test_draws_repeat_with_the_seed_and_have_the_moments() -> None:
    """The same generator gives the same draws, whose mean and variance are those asked for."""
    moments = np.full(200_000, 3.0), np.full(200_000, 9.0)
    first, again = (counts.draw(np.random.default_rng(7), *moments) for _ in range(2))
    assert (first == again).all()
    assert first.mean() == pytest.approx(3, rel=0.02)
    assert first.var() == pytest.approx(9, rel=0.04)


@pytest.mark.parametrize(("mean", "kappa", "stock"), [(0.5, 0.2, 1), (2.0, 0.5, 4), (6.0, 1.0, 9), (6.0, 0.05, 6)])
def test_fill_rate_weighs_busy_times_by_their_customers(mean: float, kappa: float, stock: int) -> None:
    """With single units, fill is ∫ P(Poisson(μθ) ≤ S − 1) over the size-biased law Gamma(a + 1, a) of the rate."""
    busy = stats.gamma(1 / kappa + 1, scale=kappa)
    by_quadrature, _ = integrate.quad(lambda theta: stats.poisson(mean * theta).cdf(stock - 1) * busy.pdf(theta), 0, 60)
    assert counts.fill_rate(mean, 1.0, kappa, stock) == pytest.approx(by_quadrature, abs=1e-7)


@pytest.mark.parametrize(
    ("mean", "psi", "kappa", "stock"), [(3.0, 3.0, 0.0, 6), (2.0, 2.0, 0.3, 5), (8.0, 4.0, 0.2, 12)]
)
def test_fill_rate_of_batches_by_simulation(mean: float, psi: float, kappa: float, stock: int) -> None:
    """Units of geometric batches that find a pipeline of geometric batches are filled at this rate, within 0.015."""
    rng = np.random.default_rng(11)
    size, stop = 200_000, 2 / (psi + 1)  # E[b²]/E[b] = (2 − p)/p
    theta = rng.gamma(1 / kappa + 1, kappa, size) if kappa else np.ones(size)
    batches = rng.poisson(mean * stop * theta)
    pipeline = batches + rng.negative_binomial(np.maximum(batches, 1), stop) * (batches > 0)
    position = rng.geometric(stop, size)  # of a random unit in its batch
    simulated = (pipeline <= stock - position).mean()
    assert counts.fill_rate(mean, psi, kappa, stock) == pytest.approx(simulated, abs=0.015)


@pytest.mark.parametrize("psi", [1.0, 1.1, 2.0, 5.0, 20.0])
def test_backorders_are_convex_in_the_mean(psi: float) -> None:
    """μ → E[(N(μ, ψμ + κμ²) − S)⁺] has no falling slope anywhere on a wide grid: the optimizer's bound rests on it."""
    mean = np.concatenate([np.linspace(0.01, 5, 250), np.linspace(5.1, 60, 400), np.linspace(62, 600, 200)])
    kappa = np.array([0, 0.01, 0.05, 0.2, 0.5, 1, 2, 5, 20, 100])[:, None, None]
    stock = np.array([0, 1, 2, 3, 5, 8, 12, 20, 40, 100, 300])[None, :, None]
    backorders = counts.expected_backorders(mean, psi * mean + kappa * mean**2, stock)
    slopes = np.diff(backorders, axis=2) / np.diff(mean)
    assert np.diff(slopes, axis=2).min() > -1e-9
