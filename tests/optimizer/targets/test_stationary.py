"""Stock targets from end to end: the table a planner sees."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from domain.forecast import Forecast
from domain.network import Network
from optimizer.targets import stock_targets
from optimizer.targets.performance import performance
from optimizer.targets.prices import with_hub_stock
from optimizer.targets.system import build_system
from tests.optimizer.targets.networks import PARTS, demand, two_regions

COLUMNS = ["part", "site", "group", "base_stock", "fill_rate", "promised"]
COLUMNS += ["expected_backorders", "mean_wait_days", "wait_95_days", "pipeline"]
COLUMNS += ["value_of_last_unit", "value_of_next_unit", "since"]
WEEKLY = {(part, region): 0.4 * (i + 1) for i, part in enumerate(PARTS) for region in ("R1", "R2")}


def points_of(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["group"] != ""]


def test_every_part_has_its_points_its_depots_and_its_hub() -> None:
    """A row for every point with demand and, of group "", for each depot and the hub; integers, sorted, complete."""
    table = stock_targets(two_regions(), demand(WEEKLY)).table
    assert table.columns.tolist() == COLUMNS
    assert len(table) == 3 * (4 + 2 + 1)
    assert table["base_stock"].dtype == np.int64
    assert table["group"].value_counts().to_dict() == {"default": 8, "": 9, "screens": 4}
    pd.testing.assert_frame_equal(table, table.sort_values(["part", "site", "group"], ignore_index=True))
    numbers = table.drop(columns=["part", "site", "group", "promised", "wait_95_days", "value_of_last_unit", "since"])
    assert np.isfinite(numbers).all(axis=None)
    assert (table["value_of_last_unit"].isna() == (table["base_stock"] == 0)).all()
    assert (table["wait_95_days"].isna() == (table["site"] == "HUB")).all()
    assert table["promised"].isna().all()


def test_the_groups_keep_their_targets() -> None:
    """Weighted by demand, the stationary fill rates of the table are those promised; every group has a price."""
    targets = stock_targets(two_regions(), demand(WEEKLY))
    points = points_of(targets.table)
    shares = {"A1": 0.75, "A2": 0.25, "B1": 0.75, "B2": 0.25}
    units = points["part"].map({part: 0.4 * (i + 1) for i, part in enumerate(PARTS)}) * points["site"].map(shares)
    for group, share in (("screens", 0.95), ("default", 0.9)):
        rows = points["group"] == group
        assert np.average(points.loc[rows, "fill_rate"], weights=units[rows]) >= share - 1e-12
    assert targets.waiting_price.keys() == {"screens", "default"}
    assert min(targets.waiting_price.values()) > 0


def test_mean_wait_is_backorders_over_demand() -> None:
    """Little's law at points and depots: days = 7 × units waiting / units a week."""
    table = stock_targets(two_regions(), demand({("p1", "R1"): 0.8})).table.set_index("site")
    weekly = pd.Series({"A1": 0.6, "A2": 0.2, "D1": 0.8})
    np.testing.assert_allclose(
        table["mean_wait_days"][weekly.index], 7 * table["expected_backorders"][weekly.index] / weekly
    )


def yearly_cost(network: Network, forecast: Forecast, table: pd.DataFrame, price: float) -> float:
    """Holding, lines and waiting a year at the table's stock, for one leaf with the points A1 and A2."""
    stock = table.set_index("site")["base_stock"]
    system = with_hub_stock(build_system(network, forecast), stock[["HUB"]].to_numpy())
    e = system.echelons
    point = stock[["A1", "A2"]].to_numpy()
    waiting = performance(e, stock[["D1"]].to_numpy(), point).backorders.sum()
    kept = e.leaves["holding"][0] * stock["D1"] + e.points["holding"] @ point + e.points["line"] @ (point > 0)
    return float(52 * (kept + system.hubs["holding"][0] * stock["HUB"] + price * waiting))


def test_the_values_of_units_are_what_they_save_in_a_year() -> None:
    """One unit more at any site, the hub too, lowers the yearly cost of holding, lines and waiting by its value, one
    less raises it by the value of the last."""
    network, forecast = two_regions(), demand({("p1", "R1"): 0.8})
    targets = stock_targets(network, forecast)
    price = targets.waiting_price["default"]
    cost = yearly_cost(network, forecast, targets.table, price)
    for row, unit in product(range(4), (1, -1)):
        stock = targets.table["base_stock"] + unit * (targets.table.index == row)
        if (stock >= 0).all():
            added = yearly_cost(network, forecast, targets.table.assign(base_stock=stock), price) - cost
            column, sign = ("value_of_next_unit", -1) if unit == 1 else ("value_of_last_unit", 1)
            assert targets.table[column][row] == pytest.approx(sign * added, rel=1e-6, abs=1e-6)


def test_a_phase_out_shrinks_the_stock() -> None:
    """A part whose demand fades over the lead time is stocked for what is left."""
    falling = 2.0 * 0.8 ** np.arange(30)[None, :]
    steady, fading = (
        stock_targets(two_regions(), forecast).table["base_stock"].sum()
        for forecast in (demand({("p1", "R1"): 2.0}), demand({("p1", "R1"): 2.0}, mean=falling))
    )
    assert fading < 0.5 * steady


def test_without_demand_there_are_no_targets() -> None:
    """Zero demand gets zero stock: no rows, and prices of zero."""
    targets = stock_targets(two_regions(), demand({("p1", "R1"): 0.0}))
    assert targets.table.empty
    assert targets.table.columns.tolist() == COLUMNS
    assert targets.waiting_price == {"screens": 0.0, "default": 0.0}


def test_users_at_the_depot_have_a_row_of_their_own() -> None:
    """A depot whose own users need parts has its own row and theirs; they are served from its stock."""
    forecast = demand({("p1", "R1"): 1.0})
    forecast = replace(forecast, share_site=np.array(["D1", "A1"], dtype=object))
    table = stock_targets(two_regions(), forecast).table
    assert table[["site", "group"]].to_numpy().tolist() == [
        ["A1", "default"],
        ["D1", ""],
        ["D1", "default"],
        ["HUB", ""],
    ]
    units = np.array([0.25, 0.75])
    assert np.average(table.loc[[0, 2], "fill_rate"], weights=units) >= 0.9


def test_the_order_of_rows_changes_nothing() -> None:
    """Shuffled shares, sites and parts give the same table, to the last bit."""
    network, forecast = two_regions(), demand(WEEKLY)
    order = np.random.default_rng(0).permutation(len(forecast.share))
    shuffled = replace(
        forecast,
        share_leaf=forecast.share_leaf[order],
        share_site=forecast.share_site[order],
        share=forecast.share[order],
    )
    other = replace(
        network,
        parts=network.parts.sample(frac=1, random_state=1, ignore_index=True),
        sites=network.sites.sample(frac=1, random_state=2, ignore_index=True),
        lanes=network.lanes.sample(frac=1, random_state=3, ignore_index=True),
    )
    pd.testing.assert_frame_equal(
        stock_targets(network, forecast).table, stock_targets(other, shuffled).table, check_exact=True
    )


def test_a_longer_way_needs_more_stock() -> None:
    """A supplier that takes 60 days instead of 21 needs more stock in all; one who delivers at once none at the hub."""

    def kept(days: float) -> "pd.Series[int]":
        suppliers = [{"supplier": "S1", "site": "HUB", "lead_time_days": days}]
        table = stock_targets(two_regions(suppliers=suppliers), demand(WEEKLY)).table
        return table.groupby(table["site"] == "HUB")["base_stock"].sum()

    assert kept(60).sum() > kept(21).sum()


def test_nineteen_of_twenty_are_there_within_the_wait_told() -> None:
    """The 95th percentile is 0 where the shelf fills 95 %, the courier's days where the depot alone serves, never below
    what a window of so many days achieves."""
    network, forecast = two_regions(), demand(WEEKLY)
    table = points_of(stock_targets(network, forecast).table)
    assert (table.loc[table["fill_rate"] >= 0.95, "wait_95_days"] == 0).all()
    bare = table[(table["base_stock"] == 0)]
    couriers = bare["site"].map({"A1": 2, "A2": 4, "B1": 2, "B2": 3})
    assert (bare["wait_95_days"] >= couriers).all()
