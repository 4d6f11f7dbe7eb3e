"""The usual point forecasts: their own numbers come through, and AutoETS keeps to smooth series."""

import numpy as np
import pytest

from forecasting.contenders.point_methods import POINT_METHODS, TREND_LIMIT, TSB_DEMAND, TSB_PROBABILITY
from forecasting.series import Floats, Series


def rate(method: str, past: Floats, ahead: int = 4) -> Floats:
    """Mean of every period ahead of one series."""
    one = Series(past[None, :], np.ones((1, len(past))), np.zeros(1, np.int64), np.zeros((1, 1), np.int64))
    mean: Floats = POINT_METHODS[method](one, np.ones((1, ahead)), 4).mean[0]
    return mean


def intermittent() -> Floats:
    """Demand of 1 to 4 units in two periods of five."""
    rng = np.random.default_rng(11)
    past: Floats = rng.binomial(1, 0.4, 60) * rng.integers(1, 5, 60).astype(float)
    return past


def smoothed(values: Floats, constant: float) -> float:
    """Simple exponential smoothing from the first value on."""
    level = float(values[0])
    for value in values[1:]:
        level += constant * (float(value) - level)
    return level


def test_sba_by_hand() -> None:
    """0.95 × smoothed size / smoothed interval, both with constant 0.1 (Syntetos & Boylan 2005)."""
    past = intermittent()
    at = np.flatnonzero(past)
    expected = 0.95 * smoothed(past[at], 0.1) / smoothed(np.diff(at, prepend=-1).astype(float), 0.1)
    np.testing.assert_allclose(rate("SBA", past), expected)


def test_tsb_by_hand() -> None:
    """Smoothed size × smoothed probability (Teunter, Syntetos & Babai 2011)."""
    past = intermittent()
    expected = smoothed(past[past > 0], TSB_DEMAND) * smoothed((past > 0).astype(float), TSB_PROBABILITY)
    np.testing.assert_allclose(rate("TSB", past), expected)


@pytest.mark.parametrize("method", ["ADIDA", "IMAPA", "SES"])
def test_smoothed_methods_stay_within_what_was_seen(method: str) -> None:
    """Smoothing gives a flat path between the least and the greatest period."""
    path = rate(method, intermittent())
    assert (path == path[0]).all()
    assert 0 < path[0] < 4


def test_auto_ets_follows_a_trend_of_smooth_series_only() -> None:
    """A steady rise goes on, but not without limit; with many zeros it is simple exponential smoothing."""
    rise = np.arange(10.0, 70.0)
    path = rate("AutoETS", rise, 400)
    assert path[0] > 69
    assert path.max() <= TREND_LIMIT * 69
    np.testing.assert_array_equal(rate("AutoETS", intermittent()), rate("SES", intermittent()))
