"""Lives with a defective fraction, against lifelines and against the laws that triangles were drawn from."""

import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.forecasting.triangles import coverage
from forecasting.installed_base.life import fit_life

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import lifelines

REAL = os.environ.get("ZAPAS_REAL_DATA", "")


def lives(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, failed, weights of a file of lives."""
    table = pd.read_csv(Path(REAL) / "life" / f"{name}.csv")
    failed = (table["category"] == "F" if "category" in table else table["event"] == "failure").to_numpy()
    weights = table["quantity"].to_numpy(float) if "quantity" in table else np.ones(len(table))
    return table["time"].to_numpy(float), failed, weights


@pytest.mark.skipif(not REAL, reason="needs ZAPAS_REAL_DATA")
@pytest.mark.parametrize("name", ["defective_sample", "mixture", "automotive", "electronics"])
def test_real_lives_equal_lifelines(name: str) -> None:
    """On real lives the fit is lifelines' maximum of the same likelihood, or better where lifelines stops early."""
    times, failed, weights = lives(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = lifelines.WeibullFitter().fit(times, failed, weights=weights)
        cured = lifelines.MixtureCureFitter(base_fitter=lifelines.WeibullFitter()).fit(times, failed, weights=weights)
    ours = fit_life(times, failed, weights)
    assert fit_life(times, failed, weights, defective=False).log_likelihood >= plain.log_likelihood_ - 1e-4
    assert ours.log_likelihood >= cured.log_likelihood_ - 1e-4
    assert ours.share == pytest.approx(1 - cured.cured_fraction_, abs=1e-4)
    assert ours.shape == pytest.approx(cured.rho_, rel=1e-3)
    assert ours.scale == pytest.approx(cured.lambda_, rel=1e-3)


def test_a_drawn_life_equals_lifelines() -> None:
    """One device in eight defective, most seen too briefly: share, shape and scale are those of lifelines."""
    rng = np.random.default_rng(7)
    dies = np.where(rng.random(4000) < 0.125, 100 * rng.weibull(1.4, 4000), np.inf)
    watched = rng.uniform(10, 400, 4000)
    times, failed = np.minimum(dies, watched), dies <= watched
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cured = lifelines.MixtureCureFitter(base_fitter=lifelines.WeibullFitter()).fit(times, failed)
    ours = fit_life(times, failed)
    assert ours.share == pytest.approx(1 - cured.cured_fraction_, abs=1e-4)
    assert ours.shape == pytest.approx(cured.rho_, rel=1e-3)
    assert ours.failed_by(np.array([50.0]))[0] == pytest.approx(0.125 * (1 - np.exp(-(0.5**1.4))), rel=0.15)


def test_a_life_needs_a_failure() -> None:
    """Nothing failed: nothing to fit."""
    with pytest.raises(ValueError, match="at least one failure"):
        fit_life(np.array([3.0, 5.0]), np.array([False, False]))


def test_triangles_hold_their_law() -> None:
    """Hazard, warranty end and defective share of drawn triangles lie in their 95 % intervals, nearly always."""
    found = coverage(5, seed=2)
    assert min(found.hazard, found.end, found.share) >= 4
