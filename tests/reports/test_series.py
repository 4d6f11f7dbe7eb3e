"""The figures behind the charts are the plan's own, summed up."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from domain.counts import quantile
from reports.series import (
    depot_stock,
    ordered_by_week,
    part_fan,
    part_history,
    part_stock,
    parts_at_risk,
    shipped_by_week,
)
from reports.tables import plan_frames, shipment_lines
from tests.reports.workshop import workshop

CASE = workshop()
NETWORK, FRAMES = CASE.network, plan_frames(CASE.plan)
END = pd.Timestamp("2025-06-30") + pd.Timedelta(weeks=26)
COST = NETWORK.parts.set_index("part")["unit_cost"]


def test_what_leaves_by_week_and_mode_adds_up_to_the_shipments() -> None:
    """Cost and kilograms of weeks 1..T, by the Monday of the week and the lane's mode."""
    weekly = shipped_by_week(NETWORK, FRAMES["shipments"])
    sent = FRAMES["shipments"][FRAMES["shipments"]["departs"] < END]
    assert weekly["cost"].sum() == pytest.approx(sent["cost"].sum())
    assert weekly["kg"].sum() == pytest.approx((sent["quantity"] * sent["part"].map(weights())).sum())
    assert set(weekly["mode"]) == {lane.split("-")[-1] for lane in sent["lane"]}
    assert (weekly["week"].dt.weekday == 0).all()


def test_purchases_by_week_add_up_to_the_orders() -> None:
    """Value of the orders placed in weeks 1..T."""
    orders = FRAMES["purchase_orders"][FRAMES["purchase_orders"]["order_on"] < END]
    assert ordered_by_week(NETWORK, FRAMES["purchase_orders"])["value"].sum() == pytest.approx(orders["value"].sum())


def test_what_is_under_way_has_left_and_not_arrived() -> None:
    """At every week's end, by depot: shipments and inbound one by one, counted by their dates."""
    found = depot_stock(NETWORK, FRAMES).set_index(["depot", "week"])
    lines = shipment_lines(NETWORK, FRAMES["shipments"])
    inbound = NETWORK.inbound[NETWORK.inbound["destination"] != "HUB"]
    for depot, week in found.index:
        end = week + pd.Timedelta(days=7)
        on_road = lines[(lines["destination"] == depot) & (lines["departs"] < end) & (lines["arrives"] >= end)]
        frozen = inbound[(inbound["destination"] == depot) & (inbound["expected"] >= end)]
        value = on_road["value"].sum() + (frozen["quantity"] * frozen["part"].map(COST)).sum()
        assert found.loc[(depot, week), "under_way"] == pytest.approx(value), (depot, week)
    shelf = FRAMES["projection"]["on_hand"] * FRAMES["projection"]["part"].map(COST)
    assert found["on_shelf"].sum() == pytest.approx(shelf.sum())


def test_the_fan_is_the_law_of_each_week() -> None:
    """Mean and quantiles of a part's week follow from its regions' moments; the last step is drawn to its end."""
    fan = part_fan(NETWORK, CASE.forecast, "0010")
    mine = CASE.forecast.part == "0010"
    for week in (1, 13, 26):
        mean = CASE.forecast.interval_mean(week, week)[mine].sum()
        variance = CASE.forecast.interval_variance(week, week)[mine].sum()
        row = fan.iloc[week - 1]
        assert row["mean"] == pytest.approx(mean)
        for level in (10, 50, 90, 99):
            assert row[f"q{level}"] == quantile(mean, variance, level / 100)
    assert (len(fan), fan["start"].iloc[-1]) == (27, END)


def test_history_counts_what_was_wanted_and_not_there() -> None:
    """A year of weeks; unmet pieces stand on top of the used ones, and both add up to the usage table."""
    history = part_history(NETWORK, "0010")
    usage = NETWORK.usage[NETWORK.usage["part"] == "0010"]
    usage = usage[usage["date"] >= pd.Timestamp("2025-06-30") - pd.Timedelta(weeks=52)]
    pieces = (history["high"] - history["low"]).groupby(history["kind"]).sum()
    assert pieces.to_dict() == usage.groupby("kind")["quantity"].sum().to_dict()
    assert (history["start"].dt.weekday == 0).all()


def test_a_monthly_history_is_shown_per_week() -> None:
    """One column per month, as high as its mean week, so that it compares with the forecast."""
    days = pd.to_datetime(["2025-02-01", "2025-05-01"])
    usage = NETWORK.usage.head(2).assign(date=days, part="0010", kind="used", quantity=[28, 31])
    monthly = replace(NETWORK, usage=usage, settings=replace(NETWORK.settings, history_bucket="month"))
    history = part_history(monthly, "0010")
    assert history["high"].tolist() == pytest.approx([7.0, 7.0])
    assert history["end"].dt.date.tolist() == [date(2025, 2, 28), date(2025, 5, 31)]


def test_a_part_is_shown_at_its_largest_depots() -> None:
    """The rows are the projection's own, with the depot's own stock up to beside them."""
    found = part_stock(NETWORK, FRAMES, "0010")
    projection = FRAMES["projection"][FRAMES["projection"]["part"] == "0010"]
    assert found["on_hand"].sum() == pytest.approx(projection["on_hand"].sum())
    targets = FRAMES["targets"]
    for depot, target in found.groupby("depot")["target"].first().items():
        own = targets[(targets["part"] == "0010") & (targets["site"] == depot) & (targets["group"] == "")]
        assert target == own["base_stock"].item()


def test_cards_are_of_the_parts_with_most_at_risk() -> None:
    """Parts by the money of their exceptions; without exceptions by the money of their demand."""
    risk = FRAMES["exceptions"].groupby("part")["money_at_risk"].sum().drop("", errors="ignore")
    assert parts_at_risk(NETWORK, CASE.forecast, FRAMES) == risk.nlargest(3).index.tolist()
    calm = {**FRAMES, "exceptions": FRAMES["exceptions"].iloc[:0]}
    worth = pd.Series(CASE.forecast.mean.sum(axis=1) * COST.loc[list(CASE.forecast.part)].to_numpy()).groupby(
        CASE.forecast.part
    )
    assert parts_at_risk(NETWORK, CASE.forecast, calm) == worth.sum().nlargest(3).index.tolist()
    assert np.isfinite(worth.sum()).all()


def weights() -> "pd.Series[float]":
    return NETWORK.parts.set_index("part")["weight_kg"]
