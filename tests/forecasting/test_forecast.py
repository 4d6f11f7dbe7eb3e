"""From a network to its Forecast."""

from dataclasses import fields, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from domain.forecast import Forecast
from domain.forecast_tables import forecast_frame, forecast_from_frames, shares_frame
from domain.network import Network
from tests.forecasting.forecasts import forecast
from tests.networks import tiny_network

WEEKS, LEAD = 8, 5


@pytest.fixture(scope="module")
def network() -> Network:
    """The tiny network without sales: its forecast is that of a time series."""
    whole = tiny_network()
    return replace(whole, sales=whole.sales.iloc[:0])


@pytest.fixture(scope="module")
def plain(network: Network) -> Forecast:
    """Its forecast."""
    return forecast(network, WEEKS, LEAD)


def mean_of(found: Forecast, part: str, region: str) -> npt.NDArray[np.float64]:
    """Weekly means of a leaf, shape (weeks,)."""
    row: npt.NDArray[np.float64] = found.mean[(found.part == part) & (found.region == region)][0]
    return row


def override(network: Network, *rows: tuple[str, str, str, str, float, str]) -> Network:
    """The network with overrides (part, region, start, end, quantity per week, created)."""
    names = ["part", "region", "start", "end", "quantity_per_week", "created"]
    table = pd.DataFrame(list(rows), columns=names).assign(author="A. Petrova", reason="campaign")
    dates = {name: pd.to_datetime(table[name]) for name in ("start", "end", "created")}
    return replace(network, overrides=table.assign(**dates)[network.overrides.columns])


def test_the_forecast_is_near_what_was_wanted(network: Network, plain: Forecast) -> None:
    """A steady rhythm of demand is expected to go on: within 15 % of the history's weekly mean, region by region."""
    usage = network.usage.assign(region=network.usage["site"].map(network.site_of["region"]))
    weekly = usage.groupby(["part", "region"])["quantity"].sum() / 26
    for part, region in weekly.index:
        rate = weekly[part, region]
        assert mean_of(plain, part, region)[0] == pytest.approx(rate, rel=0.15)


def test_points_add_up_to_their_region(plain: Forecast) -> None:
    """Means add from point to region; leaves are sorted, each once."""
    points = np.bincount(plain.share_leaf, plain.share * plain.interval_mean(1, WEEKS)[plain.share_leaf])
    np.testing.assert_allclose(points, plain.interval_mean(1, WEEKS), rtol=1e-12)
    leaves = list(zip(plain.part, plain.region, strict=True))
    assert leaves == sorted(set(leaves))


def test_same_input_same_forecast_through_its_tables(network: Network, plain: Forecast) -> None:
    """Run twice, and written and read again, the forecast is the same to the last bit."""
    again = forecast(network, WEEKS, LEAD)
    read = forecast_from_frames(forecast_frame(plain, network.settings), shares_frame(plain), network)
    for field in fields(plain):
        for other in (again, read):
            assert np.array_equal(getattr(other, field.name), getattr(plain, field.name)), field.name


def test_doubled_quantities_double_the_forecast(network: Network, plain: Forecast) -> None:
    """Twice the quantities, twice the mean, within 2 %."""
    doubled = replace(network, usage=network.usage.assign(quantity=2 * network.usage["quantity"]))
    np.testing.assert_allclose(forecast(doubled, WEEKS, LEAD).mean, 2 * plain.mean, rtol=0.02)


def test_demand_moved_between_points_leaves_the_region(network: Network, plain: Forecast) -> None:
    """A week of demand at another point of the region changes shares, not the region."""
    week = network.usage["date"].between("2025-06-02", "2025-06-08")
    site = network.usage["site"].where(~week, network.usage["site"].replace("P11", "P12"))
    moved = forecast(replace(network, usage=network.usage.assign(site=site)), WEEKS, LEAD)
    assert np.array_equal(moved.mean, plain.mean)
    assert not np.array_equal(moved.share, plain.share)


def test_a_year_of_zeros_before_a_known_launch_changes_nothing(network: Network) -> None:
    """Data that begins a year earlier, with a part long retired, changes no forecast of parts launched since."""
    launched = replace(network, models=network.models.assign(launched=pd.Timestamp("2024-12-30")))
    retired = network.parts.iloc[[0]].assign(part="OLD", support_until=pd.Timestamp("2024-06-30"))
    parts = pd.concat([network.parts, retired], ignore_index=True)
    first = network.usage.iloc[[0]].assign(date=pd.Timestamp("2024-01-01"), part="OLD")
    usage = pd.concat([first, network.usage], ignore_index=True)
    then, now = (forecast(each, WEEKS, LEAD) for each in (launched, replace(launched, parts=parts, usage=usage)))
    np.testing.assert_allclose(now.mean, then.mean, rtol=1e-12)
    np.testing.assert_allclose(now.rate_shape, then.rate_shape, rtol=1e-12)
    np.testing.assert_allclose(now.share, then.share, rtol=1e-12)


def test_days_before_week_one_go_into_it(network: Network) -> None:
    """As of a Wednesday, week 1 holds four days more than the others."""
    midweek = replace(network, settings=replace(network.settings, as_of=date(2025, 6, 25)))
    found = forecast(midweek, WEEKS, LEAD)
    np.testing.assert_allclose(found.mean[:, 0], found.mean[:, 1] * 11 / 7)


def test_months_forecast_weeks(network: Network) -> None:
    """A monthly history of 30 units gives about 30 in the coming 30.4 days, and a discount per week."""
    days = pd.date_range("2024-01-01", "2025-05-01", freq="MS")
    usage = (
        network.usage.iloc[:0]
        .reindex(range(len(days)))
        .assign(date=days, site="P11", part="0001", model="X1", ticket="", kind="used", quantity=30)
    )
    settings = replace(network.settings, history_bucket="month", as_of=date(2025, 5, 31))
    found = forecast(replace(network, usage=usage, settings=settings, sales=network.sales.iloc[:0]), WEEKS, LEAD)
    assert mean_of(found, "0001", "R1")[1] * 365.25 / 12 / 7 == pytest.approx(30, rel=0.05)
    assert 0.9 < found.discount[0] <= 1


def test_a_promotion_raises_its_weeks_only(network: Network, plain: Forecast) -> None:
    """Factor 1.4 in the third week raises that week by it, and no other; the past is read without it."""
    event = {"event": "sale", "kind": "promotion", "applies_to": "region:R1", "factor": 1.4}
    dates = {"start": pd.Timestamp("2025-07-14"), "end": pd.Timestamp("2025-07-20")}
    found = forecast(replace(network, events=pd.DataFrame([{**event, **dates}])), WEEKS, LEAD)
    expected = plain.mean.copy()
    expected[plain.region == "R1", 2] *= 1.4
    np.testing.assert_allclose(found.mean, expected)


def test_a_past_promotion_explains_its_demand(network: Network) -> None:
    """Twice the demand in a declared promotion of factor 2 leaves the coming weeks as if neither had been."""
    usage, inside = network.usage, network.usage["date"].between("2025-05-05", "2025-05-18")
    boosted = usage.assign(quantity=usage["quantity"] * np.where(inside, 2, 1))
    event = {"event": "sale", "kind": "promotion", "applies_to": "all", "factor": 2.0}
    dates = {"start": pd.Timestamp("2025-05-05"), "end": pd.Timestamp("2025-05-18")}
    explained = forecast(replace(network, usage=boosted, events=pd.DataFrame([{**event, **dates}])), WEEKS, LEAD)
    surprised = forecast(replace(network, usage=boosted), WEEKS, LEAD)
    plain = forecast(network, WEEKS, LEAD)
    assert explained.mean.sum() == pytest.approx(plain.mean.sum(), rel=0.03)
    assert surprised.mean.sum() > 1.04 * plain.mean.sum()


def test_an_override_replaces_the_mean_of_its_days(network: Network, plain: Forecast) -> None:
    """The planner's quantity holds on the days it covers, in whole weeks and in parts; the rest is the system's."""
    found = forecast(override(network, ("0001", "R1", "2025-07-07", "2025-07-17", 70.0, "2025-06-01")), WEEKS, LEAD)
    before, after = mean_of(plain, "0001", "R1"), mean_of(found, "0001", "R1")
    assert after[1] == pytest.approx(70.0)
    assert after[2] == pytest.approx(70.0 * 4 / 7 + before[2] * 3 / 7)
    assert np.array_equal(after[[0, *range(3, WEEKS)]], before[[0, *range(3, WEEKS)]])


def test_the_latest_override_wins(network: Network) -> None:
    """Of two overrides of the same weeks the one written later holds, whatever their order in the table."""
    span = ("0001", "R1", "2025-06-30", "2025-08-24")
    for rows in (((3.0, "2025-06-01"), (8.0, "2025-06-09")), ((8.0, "2025-06-09"), (3.0, "2025-06-01"))):
        found = forecast(override(network, *((*span, *row) for row in rows)), WEEKS, LEAD)
        assert mean_of(found, "0001", "R1").tolist() == [8.0] * WEEKS


def test_a_retired_part_is_wanted_until_its_support_ends(network: Network) -> None:
    """Support that ends in the horizon cuts the mean to its days; a part out of support has none, unless overridden."""
    ends = network.parts.assign(support_until=pd.to_datetime(pd.Series(["2025-07-09", "2025-05-31", None])))
    found = forecast(replace(network, parts=ends), WEEKS, LEAD)
    mean = mean_of(found, "0001", "R1")
    assert mean[1] == pytest.approx(mean[0] * 3 / 7)
    assert mean[2:].tolist() == [0.0] * (WEEKS - 2)
    assert "22E1" not in found.part
    wanted = override(replace(network, parts=ends), ("22E1", "R1", "2025-06-30", "2025-07-06", 5.0, "2025-06-01"))
    assert mean_of(forecast(wanted, WEEKS, LEAD), "22E1", "R1").tolist() == [5.0] + [0.0] * (WEEKS - 1)


def test_a_part_of_a_coming_model_is_wanted_from_its_launch() -> None:
    """A part that fits only a model on sale from the third week on has a mean from then on, near that of its peers."""
    network = tiny_network()
    new_part = network.parts.iloc[[0]].assign(part="NEW")
    model = network.models.iloc[[0]].assign(model="X3", launched=pd.Timestamp("2025-07-14"))
    fits = network.fitment.iloc[[0]].assign(model="X3", part="NEW")
    sales = network.sales.iloc[[0]].assign(month=pd.Timestamp("2025-07-01"), region="R1", model="X3", units=100)
    grown = replace(
        network,
        parts=pd.concat([network.parts, new_part], ignore_index=True),
        models=pd.concat([network.models, model], ignore_index=True),
        fitment=pd.concat([network.fitment, fits], ignore_index=True),
        sales=pd.concat([network.sales, sales], ignore_index=True),
    )
    mean = mean_of(forecast(grown, WEEKS, LEAD), "NEW", "R1")
    assert mean[:2].tolist() == [0.0, 0.0]
    assert 0 < mean[2] <= 1.5 * max(mean_of(forecast(network, WEEKS, LEAD), "0001", "R1"))


def test_a_network_without_usage_is_forecast_from_nothing() -> None:
    """No history: parts of models on sale have a small finite mean; no sales either, no leaves."""
    network = tiny_network()
    bare = replace(network, usage=network.usage.iloc[:0])
    found = forecast(bare, WEEKS, LEAD)
    assert len(found.part) == 6
    assert np.isfinite(found.mean).all()
    assert found.mean.max() <= 1.0
    assert len(forecast(replace(bare, sales=network.sales.iloc[:0]), WEEKS, LEAD).part) == 0


@pytest.mark.parametrize(("weeks", "lead"), [(0, 4), (8, 0)])
def test_a_horizon_and_a_lead_time_are_needed(network: Network, weeks: int, lead: int) -> None:
    """Both are at least one week."""
    with pytest.raises(ValueError, match="at least 1"):
        forecast(network, weeks, lead)
