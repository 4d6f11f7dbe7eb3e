"""Scores against naive loops, against the backtest's own judge, and on forecasts whose quality is known."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from domain import counts as laws
from forecasting import scores
from forecasting.scores import LEVELS, Bools, Floats

SCRIPT = Path(os.environ.get("ZAPAS_REAL_DATA", "")).parent / "score_backtest.py"


def panel(series: int = 40, periods: int = 30, seed: int = 0) -> Floats:
    """Poisson demand, some of it very slow."""
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(0.7, 1.5, (series, 1)), (series, periods)).astype(float)


def everything(past: Floats) -> Bools:
    """No gaps."""
    return np.ones(past.shape, np.bool_)


def quantiles_of(mean: Floats, variance: Floats) -> Floats:
    """Quantiles of the law at all levels."""
    return laws.quantile(mean[:, None], variance[:, None], LEVELS).astype(np.float64)


def test_losses_equal_a_naive_loop() -> None:
    """SPL, wPL, below and covered are what a loop over series and levels gives."""
    demands, horizon = panel(), 4
    past, demand = demands[:, :-horizon], demands[:, -horizon:].sum(axis=1)
    mean = horizon * (past.mean(axis=1) + 0.1)
    quantiles, use = quantiles_of(mean, 1.5 * mean), scores.scored(past, everything(past))
    spl, loss, under, at_most = 0.0, [0.0] * 5, [0] * 5, [0] * 5
    for row in np.flatnonzero(use):
        scale = sum(abs(b - a) for a, b in zip(past[row], past[row, 1:], strict=False)) / (past.shape[1] - 1)
        for k, q in enumerate(LEVELS):
            error = demand[row] - quantiles[row, k]
            pinball = q * error if error > 0 else (q - 1) * error
            spl += pinball / 5 / (horizon * scale) / use.sum()
            loss[k] += 2 * pinball / demand[use].sum()
            under[k] += demand[row] < quantiles[row, k]
            at_most[k] += demand[row] <= quantiles[row, k]
    scale = scores.mean_change(past, everything(past))[use]
    losses = scores.scaled_pinball_loss(demand[use], quantiles[use], scale, horizon)
    assert losses.mean() == pytest.approx(spl)
    np.testing.assert_allclose(scores.weighted_pinball_loss(demand[use], quantiles[use]), loss)
    np.testing.assert_allclose(scores.below(demand[use], quantiles[use]), np.array(under) / use.sum())
    np.testing.assert_allclose(scores.covered(demand[use], quantiles[use]), np.array(at_most) / use.sum())


def judge() -> ModuleType:
    """The script that judges a backtest from outside."""
    spec = importlib.util.spec_from_file_location("score_backtest", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not SCRIPT.is_file(), reason="the judge is not at hand")
def test_numbers_equal_the_judges() -> None:
    """The script that judges a backtest gives the same SPL, wPL, below and covered."""
    demands, horizon = panel(seed=4), 6
    demands[3] = 0.0
    past, demand = demands[:, :-horizon], demands[:, -horizon:].sum(axis=1)
    mean = horizon * (past.mean(axis=1) + 0.1)
    quantiles, use = quantiles_of(mean, 2 * mean), scores.scored(past, everything(past))
    dates = pd.date_range("2020-01-01", periods=demands.shape[1], freq="MS")
    names = np.array([f"{row:04}" for row in range(len(demands))])
    rows = pd.DataFrame(
        {"series": names.repeat(len(dates)), "period": np.tile(dates, len(names)), "quantity": demands.ravel()}
    )
    table = pd.DataFrame(
        {
            "series": names.repeat(5),
            "origin": dates[-horizon - 1],
            "quantile": np.tile(LEVELS, len(names)),
            "value": quantiles.ravel(),
        }
    )
    result = judge().score(rows, table, horizon)
    scale = scores.mean_change(past, everything(past))[use]
    assert result["series_origins"] == use.sum() < len(demands)
    assert result["SPL"] == pytest.approx(
        scores.scaled_pinball_loss(demand[use], quantiles[use], scale, horizon).mean(), rel=1e-12
    )
    for name, ours in (
        ("wPL", scores.weighted_pinball_loss(demand[use], quantiles[use])),
        ("below", scores.below(demand[use], quantiles[use])),
        ("covered", scores.covered(demand[use], quantiles[use])),
    ):
        np.testing.assert_allclose(list(result[name].values()), ours, atol=5.1e-5)


def test_a_gap_is_no_change() -> None:
    """Only neighbouring known periods change; a series without any is not scored."""
    past = np.array([[1.0, 99.0, 2.0, 5.0], [1.0, 99.0, 2.0, 99.0], [3.0, 3.0, 3.0, 3.0], [0.0, 99.0, 0.0, 0.0]])
    known = past < 99
    np.testing.assert_array_equal(scores.mean_change(past, known), [3.0, np.nan, 0.0, 0.0])
    np.testing.assert_array_equal(scores.scored(past, known), [True, False, False, False])


def test_bias_and_rmsse_by_hand() -> None:
    """Bias is the surplus over what came; RMSSE 1 is an error as large as the changes before the origin."""
    assert scores.bias(np.array([4.0, 6.0]), np.array([5.0, 7.0])) == pytest.approx(0.2)
    past = np.array([[0.0, 2.0, 0.0], [1.0, 1.0, 1.0]])
    future, mean = np.array([[3.0, 1.0], [1.0, 1.0]]), np.array([[1.0, 3.0], [1.0, 1.0]])
    np.testing.assert_array_equal(scores.rmsse(future, mean, past, everything(past)), [1.0, np.nan])


def test_pit_equals_a_naive_loop() -> None:
    """Czado, Gneiting & Held (2009), equation 2: for every u the mean of the conditional PIT of each count."""
    rng = np.random.default_rng(1)
    mean = rng.gamma(1.0, 3.0, 50)
    variance, demand = 1.8 * mean, rng.poisson(mean).astype(float)
    at = []
    for u in np.linspace(0, 1, 11):
        total = 0.0
        for y, m, v in zip(demand, mean, variance, strict=True):
            low, high = float(laws.cdf(m, v, y - 1)), float(laws.cdf(m, v, y))
            total += 0.0 if u <= low else 1.0 if u >= high else (u - low) / (high - low)
        at.append(total / len(demand))
    np.testing.assert_allclose(scores.pit_deciles(demand, mean, variance), np.diff(at), atol=1e-12)


def test_pit_is_flat_for_the_true_law_and_not_for_a_narrow_one() -> None:
    """Counts drawn from the law fall into every decile alike; half the variance piles them up at both ends."""
    mean = np.random.default_rng(2).gamma(1.0, 4.0, 20_000) + 0.05
    drawn = laws.draw(np.random.default_rng(3), mean, 3 * mean).astype(float)
    true = scores.pit_deciles(drawn, mean, 3 * mean)
    narrow = scores.pit_deciles(drawn, mean, 1.5 * mean)
    assert true.sum() == pytest.approx(1.0)
    assert abs(true - 0.1).max() <= 0.01
    assert narrow[-1] > 0.13


def test_impossible_demand_falls_beyond_the_law() -> None:
    """A demand the law gives no chance counts as its top, not as nothing."""
    mass = scores.pit_deciles(np.array([5.0]), np.array([0.0]), np.array([0.0]))
    np.testing.assert_array_equal(mass, [0.0] * 9 + [1.0])
