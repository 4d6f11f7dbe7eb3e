"""The tables `forecast` and `shares`, and the way back from a planner's own."""

import tracemalloc
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from domain import counts
from domain.forecast import Forecast
from domain.forecast_tables import LEVELS, forecast_blocks, forecast_frame, forecast_from_frames, shares_frame
from domain.network import Network
from domain.problems import BadData
from domain.schemas import ARTEFACTS
from tests.networks import tiny_network


@pytest.fixture(scope="module")
def network() -> Network:
    """The tiny network."""
    return tiny_network()


@pytest.fixture(scope="module")
def forecast(network: Network) -> Forecast:
    """Three leaves over six weeks: drifting, constant, and known rate; the second begins with a week of nothing."""
    rng = np.random.default_rng(3)
    mean = rng.gamma(2.0, 1.5, (3, 6))
    mean[1, 0] = 0.0
    return Forecast(
        as_of=network.settings.as_of,
        part=np.array(["0001", "0001", "NA"], object),
        region=np.array(["R1", "R2", "R2"], object),
        mean=mean,
        batch_index=np.array([1.0, 1.0 / 0.7, 2.5]),
        rate_shape=np.array([3.3, 0.4, np.inf]),
        discount=np.array([0.97, 0.9, 1.0]),
        drift=np.array([1.0, 0.0, 0.0]),
        share_leaf=np.array([0, 0, 1, 1, 2]),
        share_site=np.array(["P11", "P12", "P21", "P22", "P21"], object),
        share=np.array([0.3, 0.7, 1 / 3, 2 / 3, 1.0]),
    )


def test_columns_are_those_of_the_contract(network: Network, forecast: Forecast) -> None:
    """Both tables have the declared columns, types and ranges, sorted by key."""
    table, shares = forecast_frame(forecast, network.settings), shares_frame(forecast)
    ARTEFACTS["forecast"].validate(table)
    ARTEFACTS["shares"].validate(shares)
    assert list(table) == list(ARTEFACTS["forecast"].columns)
    assert list(shares) == list(ARTEFACTS["shares"].columns)
    assert table["week"].iloc[:6].dt.strftime("%a").tolist() == ["Mon"] * 6
    assert not shares.duplicated(["part", "site"]).any()


def test_rows_carry_the_law_of_the_forecast(network: Network, forecast: Forecast) -> None:
    """Means, variances and quantiles of a row are those of the Forecast and of the count law, computed one by one."""
    table = forecast_frame(forecast, network.settings)
    for week in range(1, forecast.weeks + 1):
        rows = table.iloc[week - 1 :: forecast.weeks]
        mean, variance = forecast.interval_mean(1, week), forecast.interval_variance(1, week)
        np.testing.assert_allclose(rows["mean"], forecast.mean[:, week - 1])
        np.testing.assert_allclose(rows["variance"], forecast.interval_variance(week, week), atol=1e-14)
        np.testing.assert_allclose(rows["cumulative_mean"], mean)
        np.testing.assert_allclose(rows["cumulative_variance"], variance, atol=1e-14)
        for level in LEVELS:
            assert rows[f"q{round(100 * level)}"].tolist() == counts.quantile(mean, variance, level).tolist()


@pytest.mark.parametrize("rows", [1, 6, 12, 17, 100])
def test_blocks_are_the_table_piece_by_piece(network: Network, forecast: Forecast, rows: int) -> None:
    """Whatever their size, blocks hold whole leaves and one after the other they are the table."""
    blocks = list(forecast_blocks(forecast, network.settings, rows))
    assert [len(block) % forecast.weeks for block in blocks] == [0] * len(blocks)
    assert max(len(block) for block in blocks) <= max(rows, forecast.weeks)
    pd.testing.assert_frame_equal(pd.concat(blocks, ignore_index=True), forecast_frame(forecast, network.settings))


def test_a_forecast_of_nothing_is_one_empty_block(network: Network) -> None:
    """Without leaves there is one block, with every column and no row."""
    nobody, nothing, rows = np.array([], object), np.zeros(0), np.zeros(0, np.int64)
    law = (nothing, nothing, nothing, nothing)
    empty = Forecast(network.settings.as_of, nobody, nobody, np.zeros((0, 6)), *law, rows, nobody, nothing)
    [block] = forecast_blocks(empty, network.settings)
    ARTEFACTS["forecast"].validate(block)
    assert len(block) == len(shares_frame(empty)) == 0


def test_memory_of_blocks_does_not_grow_with_leaves(network: Network) -> None:
    """Making the table of 20,000 leaves block by block takes no more memory at a time than that of 5,000."""
    peaks = [_peak_of_blocks(network, leaves) for leaves in (5_000, 20_000)]
    assert peaks[1] <= 1.1 * peaks[0]
    assert peaks[1] <= 32e6


def _peak_of_blocks(network: Network, leaves: int) -> int:
    """Most bytes held while the blocks of a forecast of 40 weeks are made one after the other."""
    rng = np.random.default_rng(2)
    ones, nothing = np.ones(leaves), np.zeros(0, np.int64)
    large = Forecast(
        network.settings.as_of, np.full(leaves, "0001", object), np.full(leaves, "R1", object),
        rng.gamma(1.0, 1.0, (leaves, 40)), ones, ones, ones, 0.0 * ones, nothing, np.array([], object), np.zeros(0),
    )  # fmt: skip
    tracemalloc.start()
    for block in forecast_blocks(large, network.settings, rows=1 << 16):
        assert len(block)
        del block
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("text", ["object", "category"])
def test_round_trip_is_exact_in_any_order(network: Network, forecast: Forecast, text: str) -> None:
    """A forecast written and read again, rows and columns shuffled, is the same to the last bit."""
    table = forecast_frame(forecast, network.settings).sample(frac=1, random_state=1)
    shares = shares_frame(forecast).sample(frac=1, random_state=2)
    table, shares = table.astype({"part": text, "region": text}), shares.astype({"part": text, "site": text})
    again = forecast_from_frames(table[table.columns[::-1]], shares[shares.columns[::-1]], network)
    for field in fields(forecast):
        assert np.array_equal(getattr(again, field.name), getattr(forecast, field.name)), field.name


def test_a_planner_needs_only_the_law(network: Network, forecast: Forecast) -> None:
    """Variances, quantiles, discount and drift may be missing: the first two follow, the rate is then constant."""
    table = forecast_frame(forecast, network.settings)[["part", "region", "week", "mean", "dispersion", "rate_shape"]]
    own = forecast_from_frames(
        table.assign(week=table["week"].dt.strftime("%Y-%m-%d")), shares_frame(forecast), network
    )
    assert own.drift.tolist() == [0.0, 0.0, 0.0]
    assert own.discount.tolist() == [1.0, 1.0, 1.0]
    assert np.array_equal(own.mean, forecast.mean)


def test_shares_of_a_leaf_without_forecast_are_not_used(network: Network, forecast: Forecast) -> None:
    """A planner may leave a part out of a region: its shares then have nothing to share."""
    table = forecast_frame(forecast, network.settings)
    own = forecast_from_frames(table[table["region"] == "R2"], shares_frame(forecast), network)
    assert own.part.tolist() == ["0001", "NA"]
    assert own.share_site.tolist() == ["P21", "P22", "P21"]


@pytest.mark.parametrize(
    ("row", "column", "value", "says"),
    [
        (7, "part", "0002", "forecast, row 9, part “0002”: is no part of the network"),
        (0, "region", "R9", "forecast, row 2, region “R9”: is no region"),
        (3, "week", pd.Timestamp("2025-07-22"), "must be one of the Mondays"),
        (3, "week", pd.Timestamp("2025-07-28"), "occurs twice"),
        (2, "mean", -1.0, "forecast, row 4, mean “-1.0”: must be a number of pieces ≥ 0"),
        (2, "mean", np.inf, "must be a number of pieces ≥ 0"),
        (2, "mean", np.nan, "must be a number of pieces ≥ 0"),
        (5, "dispersion", 0.5, "must be a number ≥ 1"),
        (5, "dispersion", 1.2, "must be the same in all weeks"),
        (5, "rate_shape", 0.0, "must be above 0"),
        (5, "discount", 1.5, "must be above 0 and at most 1"),
        (5, "drift", 0.5, "must be 0 or 1"),
    ],
)
def test_what_cannot_be_meant_is_named(
    network: Network, forecast: Forecast, row: int, column: str, value: float | str | pd.Timestamp, says: str
) -> None:
    """A value out of range, an unknown id, a repeated or foreign week is reported with its row and what is right."""
    table = forecast_frame(forecast, network.settings)
    table.loc[row, column] = value
    with pytest.raises(BadData) as refused:
        forecast_from_frames(table, shares_frame(forecast), network)
    assert says in str(refused.value)


def test_all_problems_of_both_tables_come_in_one_round(network: Network, forecast: Forecast) -> None:
    """Wrong rows of forecast and shares are reported together."""
    table, shares = forecast_frame(forecast, network.settings), shares_frame(forecast)
    table.loc[1, "mean"], table.loc[2, "drift"] = -2.0, 7.0
    shares.loc[0, "site"], shares.loc[1, "share"] = "P99", 0.0
    with pytest.raises(BadData) as refused:
        forecast_from_frames(table, shares, network)
    assert [problem.column for problem in refused.value.problems] == ["mean", "drift", "site", "share"]


def test_a_missing_column_week_or_share_is_named(network: Network, forecast: Forecast) -> None:
    """A table without a needed column, a leaf without one of the weeks, shares that do not add up: each is said."""
    table, shares = forecast_frame(forecast, network.settings), shares_frame(forecast)
    for bad_table, bad_shares, says in (
        (table.drop(columns="mean"), shares, "forecast, mean: is missing"),
        (table, shares.drop(columns="share"), "shares, share: is missing"),
        (table.drop(index=4), shares, "must have each of the 6 weeks 2025-06-30 to 2025-08-04"),
        (table, shares.drop(index=0), "0001 in R1”: adds up to 0.7, not to 1"),
    ):
        with pytest.raises(BadData) as refused:
            forecast_from_frames(bad_table, bad_shares, network)
        assert says in str(refused.value)


def test_a_million_units_a_week_have_their_quantiles(network: Network, forecast: Forecast) -> None:
    """Cumulative quantiles of a giant are those of the count law too."""
    giant = replace(forecast, mean=forecast.mean * 1e6)
    last = forecast_frame(giant, network.settings).iloc[forecast.weeks - 1 :: forecast.weeks]
    mean, variance = giant.interval_mean(1, giant.weeks), giant.interval_variance(1, giant.weeks)
    assert np.abs(last["q95"] - counts.quantile(mean, variance, 0.95)).max() <= 1
    assert (last["q99"] > last["q95"]).all()
