"""Uncertainty of a level that wanders, over the weeks ahead."""

import numpy as np
import pytest

from domain.forecast import relative_variance
from forecasting.installed_base.wandering import wandering


def test_the_year_is_as_uncertain_as_the_level_wanders() -> None:
    """κ of all weeks is 1/a + s²·ΣΣ min(u,v)/T² for even demand; of the first week it hardly changes."""
    mean, shape, step = np.full((1, 52), 3.0), np.array([100.0]), 0.04
    discount, drift = wandering(mean, shape, np.array([0.98]), np.array([0.0]), np.array([step]))
    lower = np.minimum.outer(np.arange(1, 53), np.arange(1, 53)).sum() / 52**2
    assert relative_variance(mean, shape, discount, drift)[0] == pytest.approx(0.01 + step**2 * lower, rel=1e-3)
    assert relative_variance(mean[:, :1], shape, discount, drift)[0] == pytest.approx(0.01, rel=0.1)


def test_what_already_grows_more_stays() -> None:
    """A drift that is wider than the wandering, and a level that does not wander, are left as they are."""
    mean, shape = np.ones((2, 26)), np.array([5.0, 50.0])
    discount, drift = np.array([0.8, 0.9]), np.array([1.0, 0.0])
    found = wandering(mean, shape, discount, drift, np.array([0.01, 0.0]))
    assert np.array_equal(found[0], discount)
    assert np.array_equal(found[1], drift)
