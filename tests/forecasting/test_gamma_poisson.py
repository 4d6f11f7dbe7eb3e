"""The gamma–Poisson model: closed forms, invariances, hostile series, calibration."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from domain import counts as laws
from forecasting.gamma_poisson import gamma_poisson
from forecasting.law import DemandLaw
from forecasting.series import Series

Floats = npt.NDArray[np.float64]
AHEAD, LEAD = 12, 12


def fit(counts: Floats, starts: list[int] | None = None, exposure: Floats | None = None) -> DemandLaw:
    """The model with one class, exposure 1 and history from the beginning unless given."""
    leaves = len(counts)
    history = Series(
        counts=counts,
        exposure=np.ones_like(counts) if exposure is None else exposure,
        starts=np.zeros(leaves, np.int64) if starts is None else np.array(starts),
        classes=np.zeros((leaves, 1), np.int64),
    )
    return gamma_poisson(history, np.ones((leaves, AHEAD)), LEAD)


def slow_movers(leaves: int = 300, weeks: int = 78, seed: int = 0) -> Floats:
    """Single units at constant rates of Gamma(0.8, mean 0.4 a week)."""
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(0.8, 0.5, (leaves, 1)), (leaves, weeks)).astype(float)


def assert_sensible(law: DemandLaw) -> None:
    """Every number is finite, every mean and shape positive, ψ ≥ 1."""
    assert np.isfinite(law.mean).all()
    assert (law.mean > 0).all()
    assert (law.batch_index >= 1).all()
    assert (law.rate_shape > 0).all()
    assert np.isfinite(law.rate_shape).all()
    total = law.mean.sum(axis=1)
    assert (laws.quantile(total, law.batch_index * total + total**2 / law.rate_shape, 0.99) >= 0).all()


def test_posterior_by_hand() -> None:
    """Two leaves of a class differ by their evidence only: ψα by Σ δ^(n−s)·y, β by Σ δ^(n−s)·e, and m = ψα/β."""
    counts, exposure = slow_movers(), np.ones((300, 78))
    exposure[0, ::3] = 2.5
    law = fit(counts, exposure=exposure)
    weight = law.discount[0] ** np.arange(77, -1, -1)
    units = law.rate_shape * law.batch_index
    beta = units / law.mean[:, 0]
    assert units[0] - units[1] == pytest.approx((weight * (counts[0] - counts[1])).sum())
    assert beta[0] - beta[1] == pytest.approx((weight * (exposure[0] - exposure[1])).sum())
    assert (law.mean == law.mean[:, :1]).all()


def test_the_class_prior_is_recovered() -> None:
    """On simulated gamma–Poisson demand the prior's mean, shape and the batch index come out near the truth."""
    counts = slow_movers(2000)
    law = fit(counts)
    weight = law.discount[0] ** np.arange(77, -1, -1)
    prior_units = law.rate_shape * law.batch_index - counts @ weight
    prior_weeks = law.rate_shape * law.batch_index / law.mean[:, 0] - weight.sum()
    assert prior_units[0] / prior_weeks[0] == pytest.approx(0.4, rel=0.1)
    assert 0.4 <= prior_units[0] / law.batch_index[0] <= 1.6
    assert law.batch_index[0] == pytest.approx(1.0, abs=0.15)
    assert law.discount[0] >= 0.99


def test_calibrated_on_its_own_law() -> None:
    """Quantiles of lead-time demand cover what they say, and cost at most 2 % more than knowing the true prior."""
    everything = slow_movers(4000, 78 + AHEAD, seed=9)
    counts, future = everything[:, :78], everything[:, 78:].sum(axis=1)
    law = fit(counts)
    total = law.mean.sum(axis=1)
    alpha, beta = 0.8 + counts.sum(axis=1), 2.0 + 78
    loss = oracle_loss = 0.0
    for level in (0.5, 0.8, 0.9, 0.95, 0.99):
        quantile = laws.quantile(total, law.batch_index * total + total**2 / law.rate_shape, level)
        assert (future < quantile).mean() <= level + 0.02
        assert (future <= quantile).mean() >= level - 0.02
        oracle = stats.nbinom(alpha, beta / (beta + AHEAD)).ppf(level)
        loss += pinball(future, quantile, level)
        oracle_loss += pinball(future, oracle, level)
    assert loss <= 1.02 * oracle_loss
    assert total.sum() == pytest.approx(future.sum(), rel=0.03)


def pinball(future: Floats, quantile: npt.ArrayLike, level: float) -> float:
    """Sum of pinball losses."""
    error = future - np.asarray(quantile)
    return float(np.maximum(level * error, (level - 1) * error).sum())


def test_drift_is_noticed() -> None:
    """When rates wander the evidence is discounted, and the recent level counts for more than the old one."""
    rng = np.random.default_rng(3)
    steps = np.cumsum(0.15 * rng.standard_normal((400, 104)), axis=1)
    law = fit(rng.poisson(2.0 * np.exp(steps)).astype(float))
    assert law.discount[0] < 0.97


def test_batches_are_noticed() -> None:
    """Geometric batches with E[b²]/E[b] = 4 give a batch index near 4, and quantiles of the lead time that cover."""
    rng = np.random.default_rng(12)
    batches = slow_movers(3000, 78 + AHEAD)
    everything = batches + rng.negative_binomial(np.maximum(batches, 1), 0.4) * (batches > 0)
    law, future = fit(everything[:, :78]), everything[:, 78:].sum(axis=1)
    assert law.batch_index[0] == pytest.approx(4.0, rel=0.3)
    total = law.mean.sum(axis=1)
    for level in (0.8, 0.9, 0.95, 0.99):
        quantile = laws.quantile(total, law.batch_index * total + total**2 / law.rate_shape, level)
        assert (future < quantile).mean() <= level + 0.02
        assert (future <= quantile).mean() >= level - 0.02


def test_doubling_all_quantities_doubles_the_mean() -> None:
    """The mean is equivariant: two for every one doubles every mean."""
    counts = slow_movers() * np.random.default_rng(1).integers(1, 4, (300, 78))
    np.testing.assert_allclose(fit(2 * counts).mean, 2 * fit(counts).mean, rtol=1e-6)


def test_a_year_of_zeros_before_a_known_launch_changes_nothing() -> None:
    """Periods before the start are no evidence, for a leaf and for its class."""
    counts, starts = slow_movers(), np.random.default_rng(2).integers(0, 78, 300)
    earlier = np.hstack([np.zeros((300, 52)), counts])
    now, then = fit(earlier, starts=list(starts + 52)), fit(counts, starts=list(starts))
    np.testing.assert_allclose(now.mean, then.mean, rtol=1e-12)
    np.testing.assert_allclose(now.rate_shape, then.rate_shape, rtol=1e-12)


def test_a_gap_is_no_evidence() -> None:
    """What stands in a period without exposure changes nothing."""
    counts, exposure = slow_movers(), np.ones((300, 78))
    exposure[:, 30:36] = 0.0
    wild = counts.copy()
    wild[:, 30:36] = 999.0
    assert (fit(counts, exposure=exposure).mean == fit(wild, exposure=exposure).mean).all()


def test_the_order_of_leaves_does_not_matter() -> None:
    """Shuffled leaves get the same law."""
    counts, order = slow_movers(), np.random.default_rng(8).permutation(300)
    np.testing.assert_allclose(fit(counts[order]).mean, fit(counts).mean[order], rtol=1e-12)


def test_future_exposure_scales_the_mean() -> None:
    """A week with exposure 0 has mean 0, one with exposure 3 three times the mean of a plain one."""
    future = np.tile([0.0, 1.0, 3.0], (300, 1))
    law = gamma_poisson(
        Series(slow_movers(), np.ones((300, 78)), np.zeros(300, int), np.zeros((300, 1), int)), future, LEAD
    )
    assert (law.mean[:, 0] == 0).all()
    np.testing.assert_allclose(law.mean[:, 2], 3 * law.mean[:, 1])


@pytest.mark.parametrize(
    "counts",
    [
        np.zeros((4, 60)),
        np.zeros((1, 1)),
        np.ones((1, 1)),
        np.ones((3, 2)),
        np.eye(60)[:1],
        np.full((2, 60), 7.0),
        np.full((1, 60), 1e6),
        np.vstack([np.full((1, 60), 1e6), np.zeros((30, 60))]),
        np.zeros((3, 0)),
    ],
    ids=[
        "all zero",
        "one zero",
        "one demand in one week",
        "two weeks",
        "one demand",
        "no zeros, no variance",
        "a million",
        "a million among zeros",
        "no history",
    ],
)
def test_hostile_series_have_a_finite_law(counts: Floats) -> None:
    """Whatever the history, the law is finite and its mean lies between nothing and the largest demand seen."""
    law = fit(counts)
    assert_sensible(law)
    assert law.mean.max() <= max(1.05 * counts.max(initial=0.0), 1.0)


def test_no_leaves_no_law() -> None:
    """An empty network has an empty forecast."""
    assert fit(np.zeros((0, 50))).mean.shape == (0, AHEAD)


def test_a_constant_giant_is_forecast_closely_and_leaves_its_class_alone() -> None:
    """10⁶ a week stays 10⁶ within 1 %; the slow movers of its class keep their level within a factor of two."""
    slow = slow_movers(200)
    with_giant = fit(np.vstack([np.full((1, 78), 1e6), slow]))
    assert with_giant.mean[0, 0] == pytest.approx(1e6, rel=0.01)
    assert 0.5 < with_giant.mean[1:, 0].sum() / slow.mean(axis=1).sum() < 2.0


def test_a_newcomer_is_not_taken_for_a_fast_mover() -> None:
    """A part without history in a class whose mean a few fast movers make is expected to be like most of the class."""
    rng = np.random.default_rng(6)
    rates = np.concatenate([np.full(95, 0.1), np.full(5, 50.0), [0.0]])
    counts = rng.poisson(rates[:, None], (101, 78)).astype(float)
    newcomer = fit(counts, starts=[0] * 100 + [78]).mean[-1, 0]
    assert 0.02 < newcomer < 0.4


def test_a_part_on_sale_that_nobody_wanted_is_expected_below_its_class() -> None:
    """Zeros since the launch are evidence: the longer without demand, the lower the mean."""
    counts = np.vstack([slow_movers(), np.zeros((2, 78))])
    law = fit(counts, starts=[0] * 300 + [0, 50])
    assert 0 < law.mean[-2, 0] < law.mean[-1, 0] < law.mean[:300, 0].mean()


def test_a_small_class_leans_on_the_pool() -> None:
    """Two leaves of their own class get a law near the one they get inside the large class."""
    counts = slow_movers()
    classes = np.zeros((300, 1), np.int64)
    classes[-2:] = 1
    apart = gamma_poisson(Series(counts, np.ones((300, 78)), np.zeros(300, int), classes), np.ones((300, AHEAD)), LEAD)
    np.testing.assert_allclose(apart.mean[-2:], fit(counts).mean[-2:], rtol=0.15)


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    """Shapes must agree."""
    with pytest.raises(ValueError, match="same series"):
        fit(slow_movers(), starts=[0])
