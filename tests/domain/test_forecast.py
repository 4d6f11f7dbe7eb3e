"""A Forecast value: moments of any interval."""

from datetime import date

import numpy as np
import pytest

from domain.forecast import Forecast, point_variance

SHAPE, DISCOUNT = 4.0, 0.9


def two_leaves() -> Forecast:
    """One leaf with a constant rate, one with a drifting rate and a mean that changes from week to week."""
    return Forecast(
        as_of=date(2025, 6, 29),
        part=np.array(["A", "A"], object),
        region=np.array(["R1", "R2"], object),
        mean=np.array([[2.0, 2.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.5]]),
        batch_index=np.array([1.0, 1.7]),
        rate_shape=np.array([np.inf, SHAPE]),
        discount=np.array([1.0, DISCOUNT]),
        drift=np.array([0.0, 1.0]),
        share_leaf=np.array([0, 1, 1]),
        share_site=np.array(["P1", "P2", "P3"], object),
        share=np.array([1.0, 0.25, 0.75]),
    )


def test_a_known_rate_is_a_poisson_stream() -> None:
    """With a known rate and single units the variance of any interval is its mean."""
    forecast = two_leaves()
    assert forecast.interval_mean(2, 3)[0] == 4.0
    assert forecast.interval_variance(2, 3)[0] == 4.0
    assert forecast.relative_variance(1, 4)[0] == 0.0


@pytest.mark.parametrize(("first", "last"), [(1, 1), (1, 4), (2, 3), (3, 4)])
def test_drift_by_the_double_sum(first: int, last: int) -> None:
    """κ of an interval is (1/a)·ΣᵤΣᵥ eᵤeᵥ δ^(−min(u,v)) / (Σe)², summed naively."""
    forecast = two_leaves()
    e = forecast.mean[1]
    weeks = range(first, last + 1)
    pairs = sum(e[u - 1] * e[v - 1] * DISCOUNT ** -min(u, v) for u in weeks for v in weeks)
    kappa = pairs / SHAPE / sum(e[u - 1] for u in weeks) ** 2
    assert forecast.relative_variance(first, last)[1] == pytest.approx(kappa, rel=1e-12)
    mean = forecast.interval_mean(first, last)[1]
    assert forecast.interval_variance(first, last)[1] == pytest.approx(1.7 * mean + kappa * mean**2, rel=1e-12)


def test_drift_matches_a_simulated_random_walk_of_the_rate() -> None:
    """A rate whose relative variance at week u is δ^−u / a, with independent growth, gives the variance of the sum."""
    rng = np.random.default_rng(5)
    runs, last = 400_000, 4
    growth = DISCOUNT ** -np.arange(1, last + 1) / 400.0  # small, so that the rate may be taken as normal
    steps = np.sqrt(np.diff(growth, prepend=0.0)) * rng.standard_normal((runs, last))
    total = ((1.0 + np.cumsum(steps, axis=1)) * two_leaves().mean[1]).sum(axis=1)
    kappa = two_leaves().relative_variance(1, last)[1] * SHAPE / 400.0
    assert total.var() / total.mean() ** 2 == pytest.approx(kappa, rel=0.02)


def test_an_interval_without_demand_has_no_variance() -> None:
    """A week of mean zero is zero for certain."""
    assert two_leaves().interval_variance(2, 2)[1] == 0.0


def test_points_of_a_simulated_region_have_the_law_of_points() -> None:
    """Θ drawn once, then batches at each point given Θ: variance of a point and of two together, within 2 %."""
    rng = np.random.default_rng(11)
    runs, mean, shape, psi = 400_000, 6.0, 3.0, 2.5
    share = np.array([0.2, 0.3, 0.5])
    theta = rng.gamma(shape, 1.0 / shape, runs)
    geometric = 2.0 / (psi + 1.0)  # E[b²]/E[b] of geometric batches is 2/p − 1
    batches = rng.poisson(theta[:, None] * share * mean * geometric)
    units = batches + rng.negative_binomial(np.maximum(batches, 1), geometric) * (batches > 0)
    variance = psi * mean + mean**2 / shape
    for points in ([0], [2], [0, 1], [0, 1, 2]):
        found = units[:, points].sum(axis=1)
        assert found.var() == pytest.approx(point_variance(share[points].sum(), mean, variance, psi), rel=0.02)
