"""Who serves whom changes places and nothing else: demand, its uncertainty and stock add up to what they were."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.forecast import Forecast
from domain.network import Network
from optimizer.siting import served, served_today, stock_moved
from tests.optimizer.targets.networks import demand, two_regions

FORECAST = demand(
    {("p1", "R1"): 4.0, ("p1", "R2"): 2.0, ("p2", "R1"): 3.0, ("p3", "R2"): 1.0},
    rate_shape=np.array([5.0, 2.0, np.inf, 8.0]),
    batch_index=np.array([1.2, 2.0, 1.0, 1.5]),
)
POINTS = ["A1", "A2", "B1", "B2"]


def network() -> Network:
    """Two regions and a candidate D3 without points; stock at depots, points and under way."""
    plain = two_regions()
    sites = pd.concat([plain.sites, plain.sites[plain.sites["site"] == "D2"].assign(site="D3", region="R3")])
    stock = [("D1", "p1", 11), ("D1", "p2", 7), ("D2", "p1", 5), ("D2", "p2", 3), ("A1", "p1", 2), ("D2", "p3", 1)]
    rows = plain.stock.iloc[:1].loc[[0] * len(stock)].reset_index(drop=True)
    rows = rows.assign(**dict(zip(("site", "part", "on_hand"), zip(*stock, strict=True), strict=True)))
    inbound = pd.DataFrame([{"order": "O1", "part": "p1", "destination": "D1", "origin": "HUB", "lane": "HUB-D1-air"}])
    inbound = inbound.assign(quantity=9, expected=pd.Timestamp("2024-03-20"), status="shipped")
    sites = sites.sort_values("site", ignore_index=True)
    return replace(plain, sites=sites, stock=rows, inbound=inbound[plain.inbound.columns])


def test_todays_depots_change_nothing() -> None:
    """Serving everybody as today gives the same tables and the very same forecast."""
    plain = network()
    same, forecast = served(plain, FORECAST, served_today(plain))
    assert forecast is FORECAST
    for name in ("sites", "stock", "inbound", "repair_orders"):
        pd.testing.assert_frame_equal(getattr(same, name), getattr(plain, name))
    assert stock_moved(plain, FORECAST, served_today(plain)) == 0


@given(st.lists(st.sampled_from(["D1", "D2", "D3"]), min_size=4, max_size=4))
@settings(max_examples=15, deadline=None)
def test_demand_and_stock_add_up(depots: list[str]) -> None:
    """Whoever serves whom, every point keeps its mean demand, every part its pieces at all depots and under way."""
    plain, depot_of = network(), dict(zip(POINTS, depots, strict=True))
    moved, forecast = served(plain, FORECAST, depot_of)
    assert _by_point(forecast) == pytest.approx(_by_point(FORECAST))
    assert list(zip(forecast.part, forecast.region, strict=True)) == sorted(
        set(zip(forecast.part, forecast.region, strict=True))
    )
    regions = moved.site_of["region"]
    assert (regions.loc[list(forecast.share_site)].to_numpy() == forecast.region[forecast.share_leaf]).all()
    assert np.bincount(forecast.share_leaf, forecast.share) == pytest.approx(1.0)
    for name, units in (("stock", "on_hand"), ("inbound", "quantity")):
        before, after = (getattr(one, name).groupby("part")[units].sum() for one in (plain, moved))
        pd.testing.assert_series_equal(before, after)
    assert moved.stock["on_hand"].min() >= 0
    assert not moved.inbound.duplicated(["order", "part"]).any()


def _by_point(forecast: Forecast) -> dict[tuple[str, str], float]:
    mean = forecast.share * forecast.mean[forecast.share_leaf].sum(axis=1)
    return dict(zip(zip(forecast.part[forecast.share_leaf], forecast.share_site, strict=True), mean, strict=True))


def test_a_piece_of_a_region_keeps_its_law() -> None:
    """Where a point leaves its region alone, ψ and κ stay: its points share the rate (MODEL 1)."""
    _, forecast = served(network(), FORECAST, {"A2": "D3"})
    new = (forecast.part == "p1") & (forecast.region == "R3")
    assert forecast.mean[new] == pytest.approx(0.25 * FORECAST.mean[:1])
    assert (forecast.rate_shape[new], forecast.batch_index[new]) == (5.0, 1.2)


def test_regions_that_merge_have_the_variance_of_their_sum() -> None:
    """Two regions behind one depot: means and variances of the independent leaves both add up."""
    _, forecast = served(network(), FORECAST, dict.fromkeys(POINTS, "D3"))
    one = (forecast.part == "p1").nonzero()[0]
    assert len(one) == 1
    variances = FORECAST.interval_variance(1, 10)[FORECAST.part == "p1"]
    assert forecast.interval_variance(1, 10)[one[0]] == pytest.approx(variances.sum())


def test_stock_follows_the_demand_behind_its_depot() -> None:
    """A1 has three quarters of R1: with A2 gone, 8 of the 11 pieces of p1 stay, as does what nobody behind D2 wants."""
    plain = network()
    moved, _ = served(plain, FORECAST, {"A2": "D3", "B1": "D1", "B2": "D1"})
    held = moved.stock.groupby(["site", "part"])["on_hand"].sum()
    assert (held["D1", "p1"], held["D3", "p1"]) == (8 + 5, 3)
    assert held["D2", "p2"] == 3
    assert stock_moved(plain, FORECAST, {"A2": "D3", "B1": "D1", "B2": "D1"}) == 3 + 2 + 5 + 1
    assert moved.inbound.set_index("order")["quantity"].to_dict() == {"O1": 7, "O1 to D3": 2}
