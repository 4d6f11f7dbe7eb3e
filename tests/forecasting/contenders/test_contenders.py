"""What every method a planner could pick instead must keep to: the protocol, hostile series, no look ahead."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from domain import counts as laws
from forecasting import scores
from forecasting.contenders.bootstrap import empirical_windows, willemain
from forecasting.contenders.point_methods import POINT_METHODS
from forecasting.law import DemandLaw
from forecasting.series import Contender, Floats, Series

CONTENDERS: dict[str, Contender] = {**POINT_METHODS, "windows": empirical_windows, "Willemain": willemain}
LEAD = 4

every_contender = pytest.mark.parametrize("contender", CONTENDERS.values(), ids=CONTENDERS)


def history(counts: Floats, exposure: Floats | None = None, starts: list[int] | None = None) -> Series:
    """Series of one class with exposure 1 from the beginning unless given."""
    number = len(counts)
    exposure = np.ones_like(counts) if exposure is None else exposure
    return Series(counts, exposure, np.array(starts or [0] * number), np.zeros((number, 1), np.int64))


def mixed(series: int = 60, periods: int = 48, seed: int = 5) -> Floats:
    """Slow movers to fast ones: Poisson at constant rates from 0.05 to 20."""
    rates = np.geomspace(0.05, 20.0, series)
    return np.random.default_rng(seed).poisson(rates[:, None], (series, periods)).astype(float)


def forecast(contender: Contender, past: Series, ahead: int = LEAD) -> DemandLaw:
    """The law of `ahead` periods of exposure 1."""
    return contender(past, np.ones((len(past), ahead)), LEAD)


def assert_equal(one: DemandLaw, other: DemandLaw) -> None:
    """Two laws are the same."""
    for name in ("mean", "batch_index", "rate_shape", "discount", "drift"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-12, err_msg=name)


@every_contender
@pytest.mark.parametrize(
    "counts",
    [
        np.zeros((4, 60)),
        np.zeros((1, 1)),
        np.ones((1, 1)),
        np.ones((3, 2)),
        np.eye(60)[:1],
        np.eye(60)[59:],
        np.full((2, 60), 7.0),
        np.vstack([np.full((1, 60), 1e6), np.zeros((30, 60))]),
        np.zeros((3, 0)),
        np.zeros((0, 50)),
    ],
    ids=["zeros", "a zero", "a one", "two periods", "old", "new", "constant", "a million", "no history", "no series"],
)
def test_hostile_series_have_a_finite_law(contender: Contender, counts: Floats) -> None:
    """Whatever the history, the law is finite, ψ ≥ 1, and its mean lies between nothing and twice the most seen."""
    law = forecast(contender, history(counts))
    assert law.mean.shape == (len(counts), LEAD)
    assert np.isfinite(law.mean).all()
    assert (law.mean > 0).all()
    assert (law.batch_index >= 1).all()
    assert ((law.rate_shape > 0) & np.isfinite(law.rate_shape)).all()
    assert law.mean.max(initial=0.0) <= max(2 * counts.max(initial=0.0), 1.0)


@every_contender
def test_a_constant_giant_is_forecast_closely(contender: Contender) -> None:
    """10⁶ in every period is expected to go on, within the 5 % by which SBA corrects."""
    law = forecast(contender, history(np.full((1, 60), 1e6)))
    np.testing.assert_allclose(law.mean, 1e6, rtol=0.0501)


@every_contender
def test_the_order_of_series_does_not_matter(contender: Contender) -> None:
    """Shuffled series get the same law, and the same input twice the same law."""
    counts, order = mixed(), np.random.default_rng(1).permutation(60)
    law, shuffled = forecast(contender, history(counts)), forecast(contender, history(counts[order]))
    np.testing.assert_allclose(shuffled.mean, law.mean[order], rtol=1e-12)
    np.testing.assert_allclose(shuffled.rate_shape, law.rate_shape[order], rtol=1e-9)
    assert_equal(law, forecast(contender, history(counts)))


@every_contender
def test_nothing_after_the_origin_is_used(contender: Contender) -> None:
    """Zeros over the periods after an origin change no law of that origin."""
    counts = mixed()
    blank = counts.copy()
    blank[:, 40:] = 0.0
    assert_equal(forecast(contender, history(counts).until(40)), forecast(contender, history(blank).until(40)))


@every_contender
def test_gaps_and_periods_before_the_start_are_no_evidence(contender: Contender) -> None:
    """What stands in a gap, or before a series' start, changes nothing."""
    counts, exposure = mixed(), np.ones((60, 48))
    exposure[:, 20:24] = 0.0
    wild = counts.copy()
    wild[:, 20:24] = 999.0
    wild[:, :6] = 777.0
    starts = [6] * 60
    assert_equal(
        forecast(contender, history(counts, exposure, starts)), forecast(contender, history(wild, exposure, starts))
    )


@every_contender
def test_demand_is_counted_against_exposure(contender: Contender) -> None:
    """Ten times the exposure with ten times the demand is the same rate, and a period's mean follows its exposure."""
    counts = np.random.default_rng(3).poisson(4.0, (60, 60)).astype(float)
    exposure = np.tile([1.0, 1.0, 1.0, 10.0], (60, 15))
    busy = np.random.default_rng(3).poisson(4.0 * exposure).astype(float)
    future = np.tile([0.0, 1.0, 10.0, 1.0], (60, 1))
    law = contender(history(busy, exposure), future, LEAD)
    assert (law.mean[:, 0] == 0).all()
    assert law.mean[:, 1].mean() == pytest.approx(forecast(contender, history(counts)).mean[:, 1].mean(), rel=0.15)
    np.testing.assert_allclose(law.mean[:, 2], 10 * law.mean[:, 1], rtol=0.1)


@every_contender
def test_doubling_all_quantities_doubles_the_mean(contender: Contender) -> None:
    """The mean is equivariant within 2 %: two for every one doubles the total, and nearly every mean."""
    counts = (mixed() + 1.0) * (100.0 if contender is willemain else 1.0)  # its jitter adds half a unit to a demand
    once, twice = forecast(contender, history(counts)).mean, forecast(contender, history(2 * counts)).mean
    assert twice.sum() == pytest.approx(2 * once.sum(), rel=0.02)
    np.testing.assert_allclose(twice, 2 * once, rtol=0.1)


@every_contender
def test_futures_of_other_series_and_no_lead_are_refused(contender: Contender) -> None:
    """The future must have the same series, and a lead has a period."""
    with pytest.raises(ValueError, match="same series"):
        contender(history(mixed()), np.ones((3, LEAD)), LEAD)
    with pytest.raises(ValueError, match="lead"):
        contender(history(mixed()), np.ones((60, LEAD)), 0)


@pytest.mark.skipif("ZAPAS_REAL_DATA" not in os.environ, reason="no real data")
@pytest.mark.parametrize(
    ("panel", "horizon", "best", "limit"), [("carparts", 6, "IMAPA", 0.2336), ("auto", 3, "SBA", 0.1790)]
)
def test_real_parts_are_forecast_as_well_as_these_methods_can(
    panel: str, horizon: int, best: str, limit: float, record_property: Callable[[str, object], None]
) -> None:
    """The best of them, with a law learnt from the past, has no greater scaled pinball loss than bare methods have."""
    rows = pd.read_csv(Path(os.environ["ZAPAS_REAL_DATA"]) / f"{panel}.csv.gz", dtype={"series": str})
    wide = rows.pivot(index="series", columns="period", values="quantity").dropna().to_numpy(np.float64)
    past, demand = wide[:, :-horizon], wide[:, -horizon:].sum(axis=1)
    first = (past > 0).argmax(axis=1)
    starts = np.where(first == 0, 0, first + 1)  # nothing before the first demand of a part that appears later
    law = CONTENDERS[best](history(past, starts=list(starts)), np.ones((len(past), horizon)), horizon)
    mean = law.mean.sum(axis=1)
    variance = law.batch_index * mean + mean**2 / law.rate_shape
    known = np.ones(past.shape, np.bool_)
    use = scores.scored(past, known)
    quantiles = laws.quantile(mean[use, None], variance[use, None], scores.LEVELS)
    scale = scores.mean_change(past, known)[use]
    loss = float(scores.scaled_pinball_loss(demand[use], quantiles.astype(float), scale, horizon).mean())
    record_property("scaled_pinball_loss", loss)
    assert loss <= limit
