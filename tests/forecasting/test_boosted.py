"""The boosted forecast: what it learns is free of scale, names and threads, and where it cannot learn it is silent."""

from dataclasses import replace

import numba as nb
import numpy as np
import pytest

from domain.counts import quantile_table
from forecasting import boosted as module
from forecasting.boosted import ENOUGH, boosted
from forecasting.gamma_poisson import gamma_poisson
from forecasting.law import DemandLaw
from forecasting.scores import LEVELS, mean_change, scaled_pinball_loss
from forecasting.series import Ints, Series, by_content
from tests.forecasting.panels import LEAD, counts, panel


def law_of(history: Series) -> DemandLaw:
    """The boosted law of the lead ahead."""
    return boosted(history, np.ones((len(history), LEAD)), LEAD)


@pytest.fixture(scope="module")
def history() -> Series:
    """600 series of 44 periods in two classes: 12,000 examples."""
    return panel(counts(), classes=2)


@pytest.fixture(scope="module")
def law(history: Series) -> DemandLaw:
    """The boosted law of `history`."""
    return law_of(history)


def assert_same(one: DemandLaw, other: DemandLaw, rtol: float = 1e-9) -> None:
    """Two laws are the same."""
    for name in ("mean", "batch_index", "rate_shape", "discount", "drift"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=rtol, err_msg=name)


def rows_of(law: DemandLaw, rows: Ints) -> DemandLaw:
    """The law of these rows."""
    return DemandLaw(law.mean[rows], law.batch_index[rows], law.rate_shape[rows], law.discount[rows], law.drift[rows])


def test_doubling_quantities_doubles_means(history: Series, law: DemandLaw) -> None:
    """Twice the quantities give twice the mean: in total within 2 %, and of nine series in ten within 2 %."""
    doubled = law_of(replace(history, counts=2 * history.counts))
    ratio = doubled.mean.sum(axis=1) / law.mean.sum(axis=1)
    assert doubled.mean.sum() / law.mean.sum() == pytest.approx(2.0, rel=0.02)
    assert np.quantile(np.abs(ratio / 2 - 1), 0.9) <= 0.02


def test_order_and_names_do_not_matter(history: Series, law: DemandLaw) -> None:
    """Shuffled series and renumbered classes change nothing."""
    rows = np.random.default_rng(9).permutation(len(history))
    shuffled = replace(history.rows(rows), classes=1 - history.classes[rows])
    assert_same(law_of(shuffled), rows_of(law, rows))


def test_the_number_of_threads_does_not_matter(history: Series, law: DemandLaw) -> None:
    """One thread finds, to the last bit, what all of them find."""
    before = nb.get_num_threads()
    nb.set_num_threads(1)
    try:
        assert_same(law_of(history), law, rtol=0)
    finally:
        nb.set_num_threads(before)


def test_too_few_examples_keep_the_gamma_poisson() -> None:
    """With fewer examples than `ENOUGH` the law is exactly that of the gamma–Poisson."""
    few = panel(counts(series=100, periods=30))
    assert len(module._examples(few, by_content(few), np.arange(100), LEAD).demand) < ENOUGH
    ahead = np.ones((len(few), LEAD))
    assert_same(boosted(few, ahead, LEAD), gamma_poisson(few, ahead, LEAD), rtol=0)


def test_series_without_demand_keep_the_gamma_poisson(history: Series) -> None:
    """A series in which nothing was ever wanted gives the features nothing to work on: its mean stays."""
    silent = history.counts.copy()
    silent[::50] = 0.0
    mixed = panel(silent, classes=2)
    ahead = np.ones((len(mixed), LEAD))
    learnt, core = law_of(mixed), gamma_poisson(mixed, ahead, LEAD)
    np.testing.assert_array_equal(learnt.mean[::50], core.mean[::50])
    np.testing.assert_allclose(learnt.batch_index[::50], core.batch_index[::50], rtol=1e-12)
    np.testing.assert_allclose(learnt.rate_shape[::50], core.rate_shape[::50], rtol=1e-12)
    assert (learnt.mean != core.mean).any()


def test_gaps_ahead_forecast_nothing(history: Series, law: DemandLaw) -> None:
    """Periods without exposure expect nothing, and halved exposure halves the mean."""
    ahead = np.ones((len(history), LEAD))
    ahead[0], ahead[1] = 0.0, 0.5
    found = boosted(history, ahead, LEAD)
    assert (found.mean[0] == 0).all()
    np.testing.assert_allclose(found.mean[1], 0.5 * law.mean[1], rtol=0.1)
    assert np.isfinite(found.moments(LEAD)).all()


def test_what_all_series_share_is_learnt() -> None:
    """Demand that stops for good after a long silence is nowhere in the gamma–Poisson; trees find it and score better.

    Each part dies with 3 % a period: the longer it was silent, the surer it is dead.
    """
    rng = np.random.default_rng(7)
    alive = np.cumsum(rng.random((700, 48)) < 0.03, axis=1) == 0
    made = np.where(alive, rng.poisson(rng.uniform(0.8, 4.0, (700, 1)), alive.shape), 0).astype(float)
    past, future = made[:, :-LEAD], made[:, -LEAD:].sum(axis=1)
    history, ahead = panel(past), np.ones((700, LEAD))
    scale = mean_change(past, np.ones(past.shape, bool))
    use = scale > 0
    loss = {}
    for contender in (boosted, gamma_poisson):
        levels = quantile_table(*contender(history, ahead, LEAD).moments(LEAD), LEVELS).astype(float)
        loss[contender] = scaled_pinball_loss(future[use], levels[use], scale[use], LEAD).mean()
    assert loss[boosted] < 0.9 * loss[gamma_poisson]
