"""From a mean to a law: batch index and rate shape are found again, and nothing is believed to be never wanted."""

import numpy as np
import pytest

from domain import counts as laws
from forecasting.contenders.spread import fitted_law, law_of_samples
from forecasting.series import Floats, Series

LEAD = 6


def history(counts: Floats, classes: list[int] | None = None) -> Series:
    """Series with exposure 1 from the beginning."""
    number = len(counts)
    codes = np.array(classes or [0] * number)[:, None]
    return Series(counts, np.ones_like(counts), np.zeros(number, np.int64), codes)


def five_a_period(past: Series, ahead: int) -> Floats:
    """A method that always says 5."""
    return np.full((len(past), ahead), 5.0)


def test_the_variance_is_that_of_what_came() -> None:
    """Around a method that knows the mean, ψM + M²/a is the variance of lead-time demand, and its quantiles cover."""
    rng = np.random.default_rng(2)
    factor = np.repeat(rng.gamma(4.0, 0.25, (2000, 6)), LEAD, axis=1)  # a fresh rate in every window: 1/a = 1/4
    everything = rng.poisson(5.0 * factor).astype(float)
    law = fitted_law(five_a_period, history(everything[:, :-LEAD]), np.ones((2000, LEAD)), LEAD)
    mean, future = law.mean.sum(axis=1), everything[:, -LEAD:].sum(axis=1)
    variance = law.batch_index * mean + mean**2 / law.rate_shape
    assert variance[0] == pytest.approx(future.var(), rel=0.35)
    for level in (0.8, 0.9, 0.95, 0.99):
        quantile = laws.quantile(mean, variance, level)
        assert (future < quantile).mean() <= level + 0.03
        assert (future <= quantile).mean() >= level - 0.03


def test_a_small_class_leans_on_the_pool() -> None:
    """Three steady series among wild ones of another class keep nearly the wild ones' spread; 300 find their own."""
    rng = np.random.default_rng(4)
    wild = rng.negative_binomial(0.5, 0.5 / 5.5, (300, 48)).astype(float)
    steady = rng.poisson(5.0, (300, 48)).astype(float)

    def variance(count: int) -> float:
        past = history(np.vstack([wild, steady[:count]]), [0] * 300 + [1] * count)
        law = fitted_law(five_a_period, past, np.ones((300 + count, LEAD)), LEAD)
        return float(law.batch_index[-1] * 30.0 + 900.0 / law.rate_shape[-1])

    assert variance(3) > 1.5 * variance(300)


@pytest.mark.parametrize("nothing", [0.0, np.nan, -1.0])
def test_nothing_is_believed_to_be_never_wanted(nothing: float) -> None:
    """A method that says 0, less or nothing is raised to half a unit in the periods known and one more."""
    counts = np.vstack([np.zeros((1, 59)), np.ones((5, 59))])
    law = fitted_law(
        lambda past, ahead: np.full((len(past), ahead), nothing), history(counts), np.ones((6, LEAD)), LEAD
    )
    assert 0 < law.mean[0, 0] <= 0.5 / 60


def test_without_evidence_a_series_is_like_its_class() -> None:
    """A series that starts now has the rate of its class, whatever the method says of it."""
    counts = np.random.default_rng(0).poisson(3.0, (101, 200)).astype(float)
    starts = np.array([0] * 100 + [200])
    past = Series(counts, np.ones_like(counts), starts, np.zeros((101, 1), np.int64))
    assert fitted_law(five_a_period, past, np.ones((101, LEAD)), LEAD).mean[-1, 0] == pytest.approx(3.0, rel=0.02)


def test_samples_keep_their_two_moments() -> None:
    """Mean and variance of the lead-time total are the sample's; a variance below the mean is raised to it."""
    counts = np.random.default_rng(1).poisson(2.0, (3, 40)).astype(float)
    rate, ratio = np.array([2.0, 3.0, 4.0]), np.array([0.4, 1.0, 9.0])
    law = law_of_samples(rate, ratio, history(counts), np.ones((3, 10)), LEAD)
    mean = law.mean[:, :LEAD].sum(axis=1)
    np.testing.assert_allclose(mean, LEAD * rate)
    variance = law.batch_index * mean + mean**2 / law.rate_shape
    np.testing.assert_allclose(variance / mean, [1.0, 1.0, 9.0], rtol=1e-3)
