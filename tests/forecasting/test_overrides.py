"""A planner's override beside the system's figure, and which of the two cost less."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import counts
from domain.forecast import Forecast
from domain.forecast_tables import forecast_frame
from domain.logistics import supply_lanes
from domain.network import Network
from domain.schemas import ARTEFACTS
from forecasting.overrides import score_overrides
from tests.forecasting.forecasts import forecast
from tests.networks import tiny_network

WEEKS, LEAD = 8, 5
MADE = date(2025, 6, 29)
PRICES = {"screens": 5.0, "batteries": 3.0, "default": 1.0}
NETWORK = tiny_network()
DEPOT_HOLDING_R1 = 0.25


@cache
def plain() -> Forecast:
    """The forecast without overrides."""
    return forecast(NETWORK, WEEKS, LEAD)


def override(*rows: tuple[str, str, str, str, float, str, str]) -> Network:
    """The tiny network with overrides (part, region, start, end, quantity per week, author, created)."""
    names = ["part", "region", "start", "end", "quantity_per_week", "author", "created"]
    table = pd.DataFrame(list(rows), columns=names).assign(reason="campaign")
    dates = {name: pd.to_datetime(table[name]) for name in ("start", "end", "created")}
    return replace(NETWORK, overrides=table.assign(**dates)[NETWORK.overrides.columns])


def later(network: Network, as_of: str, *usage: tuple[str, str, str, int]) -> Network:
    """The network some weeks on, with more usage (date, site, part, quantity)."""
    rows = pd.DataFrame(list(usage), columns=["date", "site", "part", "quantity"])
    rows = rows.assign(date=pd.to_datetime(rows["date"]), model="X1", ticket="", kind="used")[network.usage.columns]
    return replace(
        network,
        settings=replace(network.settings, as_of=date.fromisoformat(as_of)),
        usage=pd.concat([network.usage, rows], ignore_index=True),
    )


@pytest.fixture(scope="module")
def campaign() -> tuple[Network, Forecast]:
    """Six a week of 0001 in R1 for the first three weeks, and the forecast with it."""
    network = override(("0001", "R1", "2025-06-30", "2025-07-20", 6.0, "A. Petrova", "2025-06-25"))
    return network, forecast(network, WEEKS, LEAD)


def scores(made: tuple[Network, Forecast], now: Network) -> pd.DataFrame:
    """The overrides of the forecast judged by a later network."""
    network, found = made
    return score_overrides(now, MADE, found.overrides, forecast_frame(found, network.settings), PRICES)


def test_the_system_is_kept_beside_the_planner(campaign: tuple[Network, Forecast]) -> None:
    """Of each touched week the table holds the mean in force, and the mean there would be without the override."""
    _, found = campaign
    rows = ARTEFACTS["overrides"].validate(found.overrides)
    assert list(rows) == list(ARTEFACTS["overrides"].columns)
    assert plain().overrides.empty
    assert rows["week"].dt.strftime("%m-%d").tolist() == ["06-30", "07-07", "07-14"]
    assert rows["system"].tolist() == plain().mean[0, :3].tolist()
    assert rows["override"].tolist() == found.mean[0, :3].tolist() == [6.0] * 3
    assert set(rows["author"]) == {"A. Petrova"}


def test_a_week_is_told_under_the_latest_that_touches_it() -> None:
    """Where two planners meet, the week bears the name of the one who wrote later; the system's figure stays."""
    early = ("0001", "R1", "2025-06-30", "2025-07-13", 3.0, "A. Petrova", "2025-06-01")
    late = ("0001", "R1", "2025-07-10", "2025-07-20", 8.0, "B. Omarov", "2025-06-09")
    for rows in ((early, late), (late, early)):
        found = forecast(override(*rows), WEEKS, LEAD)
        assert found.overrides["author"].tolist() == ["A. Petrova", "B. Omarov", "B. Omarov"]
        assert found.overrides["override"].to_numpy() == pytest.approx([3.0, 3 * 3 / 7 + 8 * 4 / 7, 8.0])
        assert found.overrides["system"].tolist() == plain().mean[0, :3].tolist()


def test_an_override_is_judged_as_a_newsvendor(campaign: tuple[Network, Forecast]) -> None:
    """Stock, cost and saving are those of the formula written out, from usage of the region's points in its weeks."""
    network, found = campaign
    used = [("2025-07-01", "P11", "0001", 4), ("2025-07-09", "P12", "0001", 9), ("2025-07-20", "D1", "0001", 1)]
    elsewhere = [("2025-07-02", "P21", "0001", 50), ("2025-07-02", "P11", "NA", 50), ("2025-07-21", "P11", "0001", 9)]
    [row] = scores(campaign, later(network, "2025-07-27", *used, *elsewhere)).to_dict("records")
    assert (row["author"], row["weeks"], row["demand"]) == ("A. Petrova", 3, 14.0)
    landed = supply_lanes(network).ordinary("D1")[1][list(network.parts["part"]).index("0001")]
    h, b = 3 * DEPOT_HOLDING_R1 / 52 * landed, 3 * PRICES["screens"]
    system = replace(found, mean=plain().mean)
    for law, made in (("override", found), ("system", system)):
        mean, variance = made.interval_mean(1, 3)[0], made.interval_variance(1, 3)[0]
        stock = int(counts.quantile(mean, variance, b / (b + h)))
        assert row[law] == pytest.approx(mean)
        assert row[f"{law}_stock"] == stock
        assert row[f"{law}_cost"] == pytest.approx(h * max(stock - 14, 0) + b * max(14 - stock, 0))
    assert row["saved"] == pytest.approx(row["system_cost"] - row["override_cost"])
    assert row["saved"] > 0


def test_who_was_right_saves_money(campaign: tuple[Network, Forecast]) -> None:
    """When what the planner said comes true the override is the cheaper; when nothing comes the system is."""
    network, _ = campaign
    right = [(f"2025-07-{day:02d}", "P11", "0001", 6) for day in (2, 9, 16)]
    assert scores(campaign, later(network, "2025-07-20", *right))["saved"].item() > 0
    assert scores(campaign, later(network, "2025-07-20"))["saved"].item() < 0


def test_only_weeks_that_are_over_count(campaign: tuple[Network, Forecast]) -> None:
    """A week counts from its Sunday on; before the first there is nothing to judge."""
    network, _ = campaign
    assert scores(campaign, network).empty
    assert scores(campaign, later(network, "2025-07-05")).empty
    assert scores(campaign, later(network, "2025-07-06"))["weeks"].tolist() == [1]
    assert scores(campaign, later(network, "2025-07-19"))["weeks"].tolist() == [2]
    assert scores(campaign, later(network, "2025-09-30"))["weeks"].tolist() == [3]


def test_corrections_and_unmet_demand_count(campaign: tuple[Network, Forecast]) -> None:
    """What came is everything wanted, served or not, less corrections, never below nothing."""
    network, _ = campaign
    now = later(network, "2025-07-20", ("2025-07-02", "P11", "0001", 5), ("2025-07-08", "P11", "0001", -2))
    now = replace(now, usage=now.usage.assign(kind=now.usage["kind"].where(now.usage["quantity"] != 5, "unmet")))
    assert scores(campaign, now)["demand"].item() == 3.0
    assert scores(campaign, later(network, "2025-07-20", ("2025-07-02", "P11", "0001", -5)))["demand"].item() == 0.0


def test_a_part_emptied_by_the_planner_is_judged_too() -> None:
    """A leaf overridden to nothing is in no forecast table; its override is still compared with the system's figure."""
    network = override(("0001", "R1", "2025-06-30", "2025-12-31", 0.0, "A. Petrova", "2025-06-25"))
    found = forecast(network, WEEKS, LEAD)
    assert ("0001", "R1") not in set(zip(found.part, found.region, strict=True))
    [row] = scores((network, found), later(network, "2025-07-27", ("2025-07-02", "P11", "0001", 3))).to_dict("records")
    assert (row["override"], row["override_stock"]) == (0.0, 0)
    assert row["system"] == pytest.approx(plain().mean[0, :4].sum())
    assert row["saved"] < 0


def test_what_is_not_known_any_more_is_not_judged(campaign: tuple[Network, Forecast]) -> None:
    """A part that left the network, or a group without a price, gives no row instead of a guess."""
    network, found = campaign
    now, table = later(network, "2025-07-27"), forecast_frame(found, network.settings)
    gone = replace(now, parts=now.parts[now.parts["part"] != "0001"].reset_index(drop=True))
    assert score_overrides(gone, MADE, found.overrides, table, PRICES).empty
    assert score_overrides(now, MADE, found.overrides, table, {"default": 1.0}).empty


IN_ORDER = (
    ("0001", "R1", "2025-06-30", "2025-07-13", 4.0, "A. Petrova", "2025-06-25"),
    ("0001", "R2", "2025-06-30", "2025-07-13", 2.0, "B. Omarov", "2025-06-25"),
    ("NA", "R1", "2025-06-30", "2025-07-06", 1.0, "A. Petrova", "2025-06-20"),
    ("0001", "R1", "2025-07-14", "2025-07-20", 9.0, "A. Petrova", "2025-06-26"),
)


@given(order=st.permutations(range(4)), seed=st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_the_order_of_rows_changes_nothing(order: list[int], seed: int) -> None:
    """Overrides, usage and forecast in any order of rows: the same scores, sorted by part, region and first week."""
    expected = _scored(range(4), None)
    pd.testing.assert_frame_equal(_scored(order, seed), expected)
    assert expected[["part", "region"]].to_numpy().tolist() == [
        ["0001", "R1"],
        ["0001", "R1"],
        ["0001", "R2"],
        ["NA", "R1"],
    ]


@cache
def _planned(order: tuple[int, ...]) -> tuple[Network, Forecast]:
    """The network with the rows in this order, and its forecast."""
    network = override(*(IN_ORDER[at] for at in order))
    return network, forecast(network, WEEKS, LEAD)


def _scored(order: Iterable[int], seed: int | None) -> pd.DataFrame:
    network, found = _planned(tuple(order))
    used = [("2025-07-02", "P11", "0001", 4), ("2025-07-09", "P22", "0001", 3), ("2025-07-02", "P12", "NA", 2)]
    now = later(network, "2025-07-27", *used)
    tables = [found.overrides, forecast_frame(found, network.settings)]
    if seed is not None:
        tables = [table.sample(frac=1, random_state=seed) for table in tables]
        now = replace(now, usage=now.usage.sample(frac=1, random_state=seed))
    return score_overrides(now, MADE, tables[0], tables[1], PRICES)


def test_an_override_before_the_horizon_touches_nothing() -> None:
    """Weeks that are over, and weeks beyond the horizon, are in no table."""
    found = forecast(
        override(("0001", "R1", "2025-05-01", "2025-06-29", 99.0, "A. Petrova", "2025-04-25")), WEEKS, LEAD
    )
    assert found.overrides.empty
    assert np.array_equal(found.mean, plain().mean)
