"""Whatever a part's history, its forecast is a finite and sensible distribution, and its neighbours keep theirs."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.forecast import Forecast
from domain.forecast_tables import LEVELS, forecast_frame
from domain.network import Network
from tests.forecasting.forecasts import forecast
from tests.forecasting.small_networks import AS_OF, WEEKS_KNOWN, Row, network, used

WEEKS, LEAD = 13, 6
SINCE = pd.Timestamp(AS_OF)
SOLD = [
    {"month": month, "region": "R1", "model": "X1", "units": 300}
    for month in pd.date_range("2024-01-01", SINCE, freq="MS")
]
FITS = [{"model": "X1", "part": "ODD"}]


def with_model(usage: list[Row], launched: str = "", support_until: str = "") -> Network:
    """The part ODD fits a model that is sold in R1, from its launch on and until its end of support if given."""
    model: Row = {"model": "X1", "brand": "Orbit", "category": "phone", "warranty_months": 12}
    dates = {"launched": launched, "support_until": support_until}
    model |= {name: pd.Timestamp(day) for name, day in dates.items() if day}
    odd = {"part": "ODD", "part_class": "screen", "unit_cost": 20.0}
    return network(usage, parts=[odd], models=[model], fitment=FITS, sales=SOLD)


def assert_sensible(found: Forecast, of: Network) -> None:
    """A distribution, whose 99 % quantile is above its mean."""
    quantiles = assert_distribution(found, of)
    assert (quantiles[:, -1, -1] >= np.floor(found.interval_mean(1, found.weeks))).all()


def assert_distribution(found: Forecast, of: Network) -> npt.NDArray[np.int64]:
    """Finite moments, ψ ≥ 1, shares that add up; quantiles whole and never falling, shape (leaves, weeks, levels)."""
    assert np.isfinite(found.mean).all()
    assert (found.mean >= 0).all()
    assert np.isfinite(found.batch_index).all()
    assert (found.batch_index >= 1).all()
    assert (found.rate_shape > 0).all()
    shares = np.bincount(found.share_leaf, found.share, len(found.part))
    np.testing.assert_allclose(shares, 1.0)
    table = forecast_frame(found, of.settings)
    assert np.isfinite(table["cumulative_variance"]).all()
    columns = [f"q{round(100 * level)}" for level in LEVELS]
    quantiles = table[columns].to_numpy().reshape(len(found.part), found.weeks, len(columns))
    assert quantiles.dtype == np.int64
    assert (quantiles >= 0).all()
    assert (np.diff(quantiles, axis=2) >= 0).all()
    return quantiles


def odd(found: Forecast) -> float:
    """Weekly mean of the part ODD in R1, 0 where it has no forecast."""
    return float(found.mean[(found.part == "ODD") & (found.region == "R1")].sum()) / found.weeks


PLAIN = forecast(network([]), WEEKS, LEAD)
EVERY_WEEK = range(WEEKS_KNOWN)
HISTORIES: dict[str, tuple[list[Row], float, float]] = {  # usage of ODD, then least and most of its weekly mean
    "one demand at first": ([used("ODD", 59, 1)], 1e-4, 0.2),
    "one demand in the middle": ([used("ODD", 30, 1)], 1e-3, 0.2),
    "one demand at last": ([used("ODD", 0, 1)], 1e-3, 1.5),
    "first demand is large": ([used("ODD", 30, 1_000_000)], 1e-4, 0.2),
    "no zeros": ([used("ODD", week, 3) for week in EVERY_WEEK], 2.4, 3.3),
    "every second week": ([used("ODD", week, 2) for week in EVERY_WEEK if week % 2], 0.7, 1.3),
    "a gap of forty weeks": ([used("ODD", week, 3) for week in EVERY_WEEK if not 10 < week < 50], 0.5, 3.2),
    "all corrected": ([used("ODD", week, (-1) ** week) for week in EVERY_WEEK], 0.0, 0.4),
    "corrected by far": ([used("ODD", 30, 2), used("ODD", 20, -1000)], 0.0, 0.2),
    "corrected in advance": ([used("ODD", 59, -5), *(used("ODD", week, 2) for week in range(20))], 0.5, 2.2),
    "only a correction": ([used("ODD", 10, -3)], 0.0, 0.0),
    "at the depot only": ([used("ODD", week, 1, "D1") for week in EVERY_WEEK], 0.8, 1.1),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_odd_histories(name: str) -> None:
    """A part's weekly mean stays in the range its history allows; the dozen others keep theirs within a factor of two.

    The class learns from its parts, and one of thirteen counts. A first demand is no evidence of what follows.
    """
    usage, least, most = HISTORIES[name]
    of = network(usage)
    found = forecast(of, WEEKS, LEAD)
    assert_sensible(found, of)
    assert least <= odd(found) <= most
    ordinary = found.mean[found.part != "ODD"].sum(axis=1)
    ratio = ordinary / PLAIN.mean.sum(axis=1)
    assert (ratio > 0.5).all()
    assert (ratio < 2.0).all()


GIANTS: dict[str, tuple[list[Row], float, float]] = {
    "a million every week": ([used("ODD", week, 1_000_000) for week in EVERY_WEEK], 0.98e6, 1.02e6),
    "a million once": ([used("ODD", 59, 1), used("ODD", 30, 1_000_000)], 1.0, 1e5),
    "a million last week": ([used("ODD", 59, 1), used("ODD", 0, 1_000_000)], 1.0, 1e6),
}


@pytest.mark.parametrize("name", GIANTS)
def test_giants(name: str) -> None:
    """A million units, every week or once, give a finite distribution whose mean lies within what was seen."""
    usage, least, most = GIANTS[name]
    of = network(usage)
    found = forecast(of, WEEKS, LEAD)
    assert_sensible(found, of)
    assert least <= odd(found) <= most


def test_a_giant_leaves_its_neighbours_alone() -> None:
    """A part of a million a week in a class of a dozen changes no other forecast by more than a factor of two."""
    found = forecast(network(GIANTS["a million every week"][0]), WEEKS, LEAD)
    ratio = found.mean[found.part != "ODD"].sum(axis=1) / PLAIN.mean.sum(axis=1)
    assert ratio.min() > 0.5
    assert ratio.max() < 2.0
    assert found.batch_index[found.part != "ODD"].max() < 3.0


def test_a_part_nobody_wanted_yet() -> None:
    """A part of a model on sale without a single demand is expected rarely, yet not never, and 0 is its median."""
    of = with_model([])
    found = forecast(of, WEEKS, LEAD)
    assert_sensible(found, of)
    assert 0 < odd(found) < 0.2
    table = forecast_frame(found, of.settings)
    assert table.loc[table["part"] == "ODD", "q50"].max() <= 1


@pytest.mark.parametrize("usage", [[], [used("ODD", 0, 1)], [used("ODD", 0, 500), used("ODD", 0, 3, "P12")]])
def test_a_new_part(usage: list[Row]) -> None:
    """A part launched a week ago has a finite forecast, above nothing, below its few days or the mean of its class."""
    of = with_model(usage, launched="2025-06-23")
    of = replace(of, sales=of.sales[of.sales["month"] >= pd.Timestamp("2025-06-01")])
    found = forecast(of, WEEKS, LEAD)
    assert_sensible(found, of)
    assert 0 < odd(found) <= max(1.5, sum(row["quantity"] for row in usage))


def test_a_retired_part() -> None:
    """A part out of support is not wanted; one whose support ends in the horizon is wanted until then."""
    usage = [used("ODD", week, 2) for week in EVERY_WEEK]
    assert odd(forecast(with_model(usage, support_until="2025-06-01"), WEEKS, LEAD)) == 0.0
    ending = with_model(usage, support_until="2025-07-20")
    found = forecast(ending, WEEKS, LEAD)
    assert_sensible(found, ending)
    mean = found.mean[(found.part == "ODD") & (found.region == "R1")][0]
    assert (mean[:3] > 0.5).all()
    assert (mean[3:] == 0.0).all()


@pytest.mark.parametrize("bucket", ["week", "month"])
def test_a_history_of_one_period(bucket: str) -> None:
    """When all usage is of the last week, even of the last day, there is a forecast near it."""
    rows = [used("A", 0, 3), used("B", 0, 1, "P21")]
    for day in (rows[0]["date"], SINCE):
        bare = network(
            [], ordinary=0, parts=[{"part": name, "part_class": "screen", "unit_cost": 9.0} for name in "AB"]
        )
        dated = network([row | {"date": day} for row in rows], ordinary=0)
        of = replace(bare, usage=dated.usage, settings=replace(bare.settings, history_bucket=bucket))
        found = forecast(of, WEEKS, LEAD)
        assert_sensible(found, of)
        assert found.part.tolist() == ["A", "B"]
        assert (found.mean.mean(axis=1) > 0).all()
        assert found.mean.max() <= 30.0


def test_weeks_in_which_nothing_could_be_wanted() -> None:
    """Demand halted by a declared event of factor 0 is a gap: the forecast is that of the weeks around it."""
    usage = [used("ODD", week, 4) for week in EVERY_WEEK if not 20 <= week < 40]
    start, end = (pd.Timestamp(AS_OF) - pd.Timedelta(days=7 * weeks - 1) for weeks in (40, 20))
    halt = {"event": "halt", "kind": "holiday", "applies_to": "region:R1", "start": start, "factor": 0.0}
    of = network(usage, events=[halt | {"end": end - pd.Timedelta(days=1)}])
    found = forecast(of, WEEKS, LEAD)
    assert_sensible(found, of)
    assert 3.2 <= odd(found) <= 4.4


@given(
    st.lists(
        st.tuples(
            st.integers(0, WEEKS_KNOWN - 1), st.integers(-1000, 100_000), st.sampled_from(["P11", "P12", "D1", "P21"])
        ),
        max_size=12,
    ),
    st.integers(1, 60),
)
@settings(max_examples=25, deadline=None)
def test_any_history(rows: list[tuple[int, int, str]], lead: int) -> None:
    """Any mixture of demands, corrections and sites, any lead time: the distribution is finite.

    Its 99 % quantile may be below its mean: one batch of 100,000 makes that law right for its class.
    """
    of = network([used("ODD", week, quantity, site) for week, quantity, site in rows], ordinary=3)
    found = forecast(of, WEEKS, lead)
    assert_distribution(found, of)
    assert odd(found) <= max(1, sum(max(quantity, 0) for _, quantity, _ in rows))
