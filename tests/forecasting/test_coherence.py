"""Part, region and point tell one story: means add up, and points share the rate of their region."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.forecast import Forecast, point_variance
from domain.network import Network
from forecasting.contenders.bootstrap import empirical_windows
from forecasting.contenders.point_methods import POINT_METHODS
from forecasting.gamma_poisson import gamma_poisson
from forecasting.series import Contender, Series
from tests.forecasting.forecasts import forecast
from tests.forecasting.small_networks import POINTS, WEEKS_KNOWN, network

WEEKS, LEAD = 13, 6
METHODS: dict[str, Contender] = {"gamma-Poisson": gamma_poisson, "windows": empirical_windows, **POINT_METHODS}


@pytest.fixture(scope="module")
def small() -> Network:
    """A dozen parts in two regions of five points."""
    return network([])


@pytest.fixture(scope="module")
def plain(small: Network) -> Forecast:
    """Its forecast."""
    return forecast(small, WEEKS, LEAD)


def assert_same_regions(one: Forecast, other: Forecast) -> None:
    """Everything but the shares is equal to the last bit."""
    for name in ("part", "region", "mean", "batch_index", "rate_shape", "discount", "drift"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


@given(
    week=st.integers(0, WEEKS_KNOWN - 1),
    region=st.sampled_from(sorted(POINTS)),
    order=st.permutations(range(3)),
    parts=st.integers(1, 12),
)
@settings(max_examples=15, deadline=None)
def test_a_week_moved_between_points_leaves_the_region(
    small: Network, plain: Forecast, week: int, region: str, order: list[int], parts: int
) -> None:
    """A week of demand at other points of its region changes no region's forecast, however many parts it is of."""
    points = POINTS[region]
    other = {point: points[order[at] % len(points)] for at, point in enumerate(points)}
    usage = small.usage
    last = pd.Timestamp(small.settings.as_of) - pd.Timedelta(days=7 * week)
    moved = usage["date"].between(last - pd.Timedelta(days=6), last) & (usage["part"] < f"{parts:04d}")
    site = usage["site"].where(~moved, usage["site"].replace(other))
    assert_same_regions(forecast(replace(small, usage=usage.assign(site=site)), WEEKS, LEAD), plain)


def test_a_week_moved_changes_the_points(small: Network, plain: Forecast) -> None:
    """What leaves the region alone is seen at its points: the one that gained has a larger share."""
    usage = small.usage
    moved = (
        (usage["part"] == "0011")
        & (usage["site"] == "P11")
        & (usage["date"] > usage["date"].max() - pd.Timedelta("70D"))
    )
    assert moved.any()
    found = forecast(replace(small, usage=usage.assign(site=usage["site"].where(~moved, "P12"))), WEEKS, LEAD)
    at = (plain.part[plain.share_leaf] == "0011") & (plain.share_site == "P12")
    assert found.share[at].item() > plain.share[at].item()


def test_means_add_up_from_point_to_part(plain: Forecast) -> None:
    """Point means add up to their region's in every week, so that a part's mean is the same counted either way."""
    at_points = np.zeros_like(plain.mean)
    np.add.at(at_points, plain.share_leaf, plain.share[:, None] * plain.mean[plain.share_leaf])
    np.testing.assert_allclose(at_points, plain.mean, rtol=1e-12)


def test_a_network_cut_to_one_region_keeps_shares_and_order(small: Network, plain: Forecast) -> None:
    """Leaves are sorted by part and region, and every leaf has all repair points of its region and only those."""
    leaves = list(zip(plain.part, plain.region, strict=True))
    assert leaves == sorted(set(leaves))
    for row, region in enumerate(plain.region):
        assert tuple(plain.share_site[plain.share_leaf == row]) == POINTS[region]


def test_shares_of_a_leaf_have_the_variance_of_the_leaf(plain: Forecast) -> None:
    """Variances of points with their covariances κ f g M² add up to the region's: they do not add up without."""
    mean, variance = plain.interval_mean(1, LEAD), plain.interval_variance(1, LEAD)
    kappa = plain.relative_variance(1, LEAD)
    for leaf in range(len(plain.part)):
        f = plain.share[plain.share_leaf == leaf]
        own = point_variance(f, mean[leaf], variance[leaf], plain.batch_index[leaf])
        np.testing.assert_allclose(own, plain.batch_index[leaf] * f * mean[leaf] + kappa[leaf] * (f * mean[leaf]) ** 2)
        shared = kappa[leaf] * mean[leaf] ** 2 * (np.outer(f, f).sum() - (f * f).sum())
        assert own.sum() + shared == pytest.approx(variance[leaf], rel=1e-12)
        assert own.sum() < variance[leaf]


@pytest.mark.parametrize("name", METHODS)
def test_doubling_all_quantities_doubles_the_mean(name: str) -> None:
    """Two for every one doubles total demand within 2 %, and nearly every mean, by every method that is no bootstrap.

    Willemain's jitter adds half a unit to each demand drawn, be it of one unit or of two.
    """
    rng = np.random.default_rng(8)
    counts = rng.poisson(np.geomspace(0.05, 8.0, 60)[:, None], (60, 60)).astype(float)
    past = Series(counts, np.ones_like(counts), np.zeros(60, np.int64), np.zeros((60, 1), np.int64))
    ahead = np.ones((60, LEAD))
    once = METHODS[name](past, ahead, LEAD).mean
    twice = METHODS[name](replace(past, counts=2.0 * counts), ahead, LEAD).mean
    assert twice.sum() == pytest.approx(2.0 * once.sum(), rel=0.02)
    assert np.mean(np.abs(twice / once - 2.0).max(axis=1) <= 0.04) >= 0.95


def test_doubling_a_network_doubles_its_forecast(small: Network, plain: Forecast) -> None:
    """Through the whole forecast: usage of twice the quantity has twice the mean in every leaf and week within 2 %."""
    doubled = replace(small, usage=small.usage.assign(quantity=2 * small.usage["quantity"]))
    np.testing.assert_allclose(forecast(doubled, WEEKS, LEAD).mean, 2.0 * plain.mean, rtol=0.02)
