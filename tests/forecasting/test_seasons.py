"""Seasonal indices: found where years agree, 1 where they do not."""

import numpy as np
import numpy.typing as npt
import pytest

from forecasting.gamma_poisson import gamma_poisson
from forecasting.seasons import seasonal, seasonal_indices
from forecasting.series import Series

Floats = npt.NDArray[np.float64]

MONTHS, SERIES = 48, 200
WAVE = 1.0 + 0.4 * np.sin(2 * np.pi * np.arange(12) / 12)


def panel(pattern: Floats, seed: int = 0, classes: int = 1) -> Series:
    """Poisson series whose mean follows the pattern through the year, and falls slowly over the years."""
    rng = np.random.default_rng(seed)
    mean = 3.0 * np.exp(-0.01 * np.arange(MONTHS)) * np.tile(pattern, MONTHS // 12)
    counts = rng.poisson(mean, (SERIES, MONTHS)).astype(np.float64)
    return Series(
        counts, np.ones_like(counts), np.zeros(SERIES, np.int64), (np.arange(SERIES) % classes)[:, None], season=12
    )


def test_a_season_is_found() -> None:
    """A wave of 40 % that all years share is recovered within 5 points in every month, ahead too."""
    index = seasonal_indices(panel(WAVE), MONTHS + 6)
    assert index is not None
    assert index.shape == (1, MONTHS + 6)
    np.testing.assert_allclose(index[0, :12], WAVE / WAVE.mean(), atol=0.05)
    np.testing.assert_array_equal(index[0, MONTHS:], index[0, :6])


@pytest.mark.parametrize("seed", range(5))
def test_without_a_season_nothing_moves(seed: int) -> None:
    """Where the months differ by chance alone every index is within 3 % of 1."""
    index = seasonal_indices(panel(np.ones(12), seed), MONTHS)
    assert index is None or np.abs(index - 1).max() < 0.03


def test_two_years_are_needed() -> None:
    """With less than two whole years, or no year at all, there is no season."""
    history = panel(WAVE)
    assert seasonal_indices(history.until(23), 30) is None
    assert seasonal_indices(Series(history.counts, history.exposure, history.starts, history.classes, 1), 60) is None


def test_doubled_quantities_have_the_same_season() -> None:
    """The index sees ratios only."""
    history = panel(WAVE)
    doubled = Series(2 * history.counts, history.exposure, history.starts, history.classes, history.season)
    first, second = seasonal_indices(history, MONTHS), seasonal_indices(doubled, MONTHS)
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(first, second, rtol=1e-12)


def test_a_small_class_has_the_season_of_all() -> None:
    """A class with too little demand of its own takes the index of all parts together."""
    history = panel(WAVE)
    classes = np.zeros((SERIES, 1), np.int64)
    classes[:3] = 1
    counts = history.counts.copy()
    counts[:3] = 0
    counts[0, 5] = 1
    index = seasonal_indices(Series(counts, history.exposure, history.starts, classes, 12), MONTHS)
    assert index is not None
    np.testing.assert_allclose(index[1], index[0], atol=0.02)


def test_the_forecast_follows_the_season() -> None:
    """With seasonal exposure the coming months differ as the months of the years before did."""
    history = panel(WAVE)
    law = seasonal(gamma_poisson)(history, np.ones((SERIES, 12)), 6)
    np.testing.assert_allclose(law.mean.sum(axis=0) / law.mean.sum(axis=0).mean(), WAVE / WAVE.mean(), atol=0.06)
