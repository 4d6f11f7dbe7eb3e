"""What changed between two plans: nothing invented, nothing lost, money adds up."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import pytest

from reports.changes import COLUMNS, diff, sentences, totals
from reports.tables import Frames, part_forecast, plan_frames
from tests.plans import tiny_frames, tiny_network
from tests.reports.workshop import workshop

NETWORK = tiny_network()
OLD = tiny_frames()
NEAR = date(2025, 6, 29)


def changed(name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {**OLD, name: change(OLD[name].copy())}


def with_value(name: str, column: str, value: Any, also: dict[str, Any] | None = None) -> Frames:
    return changed(name, lambda frame: frame.assign(**{column: value}, **(also or {})))


def only(found: pd.DataFrame) -> dict[Any, Any]:
    assert len(found) == 1
    row: dict[Any, Any] = found.iloc[0].to_dict()
    return row


def test_equal_plans_differ_in_nothing() -> None:
    """A plan compared with itself, or with itself shuffled, has no changes."""
    case = workshop()
    frames = plan_frames(case.plan)
    shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in frames.items()}
    found = diff(case.network, frames, shuffled)
    assert found.empty
    assert list(found.columns) == list(COLUMNS)
    assert sentences(found, "USD", NEAR) == ["Nothing has changed."]


def test_another_quantity_on_the_same_day_is_a_change() -> None:
    """The line keeps its day; quantity and money are told before and now."""
    row = only(diff(NETWORK, OLD, with_value("purchase_orders", "quantity", 25, {"value": 1500.0})))
    assert (row["what"], row["change"], row["quantity_before"], row["quantity_now"]) == (
        "purchase order", "changed", 20, 25,
    )  # fmt: skip
    assert row["money"] == 300.0
    assert row["reason"] == "the hub runs dry in week 9"


def test_another_day_is_a_move() -> None:
    """A line of the same part and supplier on another day is moved, not removed and added."""
    later = pd.Timestamp("2025-07-14")
    row = only(diff(NETWORK, OLD, with_value("purchase_orders", "order_on", later)))
    assert (row["change"], row["date_before"], row["date_now"]) == ("moved", pd.Timestamp("2025-06-30"), later)


def test_another_lane_to_the_same_depot_is_a_move() -> None:
    """Sea instead of air is told with both lanes."""
    row = only(diff(NETWORK, OLD, with_value("shipments", "lane", "HUB-D1-sea")))
    assert (row["change"], row["where_before"], row["where_now"]) == ("moved", "HUB-D1-air", "HUB-D1-sea")


def test_lines_come_and_go() -> None:
    """A line only the old plan has is removed, one only the new plan has is added; money has its sign."""
    without = changed("purchase_orders", lambda frame: frame.iloc[:0])
    gone = only(diff(NETWORK, OLD, without))
    new = only(diff(NETWORK, without, OLD))
    assert (gone["change"], gone["money"], gone["quantity_now"]) == ("removed", -1200.0, 0)
    assert (new["change"], new["money"], new["quantity_before"]) == ("added", 1200.0, 0)


def test_lines_of_the_past_do_not_count() -> None:
    """What the old plan had before the new plan's first week has been placed: it is not removed."""
    past = with_value("purchase_orders", "order_on", pd.Timestamp("2025-06-23"))
    new = changed("purchase_orders", lambda frame: frame.iloc[:0])
    assert diff(NETWORK, past, new).empty


def test_another_stock_up_to_is_priced_and_explained() -> None:
    """A target's change has no day, costs pieces times price, and is the reason its part's orders give."""
    more = changed("targets", lambda frame: frame.assign(base_stock=frame["base_stock"] + [3, 0, 0]))
    row = only(diff(NETWORK, OLD, more))
    assert (row["what"], row["where_now"], row["money"]) == ("stock up to", "D1", 180.0)
    assert pd.isna(row["date_now"])
    both = {**more, "purchase_orders": OLD["purchase_orders"].assign(quantity=40)}
    orders = diff(NETWORK, OLD, both)
    told = orders.loc[orders["what"] == "purchase order", "reason"].iloc[0]
    assert told == "the hub runs dry in week 9; stock up to 15 → 18"


def test_demand_that_moved_is_told_as_a_reason() -> None:
    """When both plans hold a forecast, a changed demand stands behind the change."""
    new = {**OLD, "forecast": OLD["forecast"].assign(mean=4.5)}
    new["purchase_orders"] = OLD["purchase_orders"].assign(quantity=30, reason="")
    assert only(diff(NETWORK, OLD, new))["reason"] == "demand of 13 weeks 1.5 → 4.5"


def test_money_of_all_changes_is_the_difference_of_the_plans() -> None:
    """Whatever is paired with whatever, the sum of the changes is new less old within the published weeks."""
    case = workshop()
    frames = plan_frames(case.plan)
    other = {
        **frames,
        "purchase_orders": frames["purchase_orders"].iloc[::2].assign(value=lambda frame: frame["value"] * 1.1),
        "shipments": frames["shipments"].iloc[5:].assign(quantity=lambda frame: frame["quantity"] + 1),
        "forecast": part_forecast(case.network, case.forecast, "0001"),
    }
    other["purchase_orders"] = other["purchase_orders"].assign(quantity=other["purchase_orders"]["quantity"] + 1)
    found = diff(case.network, frames, other)
    end = pd.Timestamp("2025-06-30") + pd.Timedelta(weeks=26)
    for what, name, day, money in (
        ("purchase order", "purchase_orders", "order_on", "value"),
        ("shipment", "shipments", "departs", "cost"),
    ):
        of_kind = found.loc[found["what"] == what, ["money", "quantity_now", "quantity_before"]].sum()
        now, before = (frame[frame[day] < end] for frame in (other[name], frames[name]))
        assert of_kind["quantity_now"] - of_kind["quantity_before"] == now["quantity"].sum() - before["quantity"].sum()
        unchanged_quantity = before.merge(now, on=["part", day], suffixes=("", "_now"))
        assert (unchanged_quantity["quantity"] != unchanged_quantity["quantity_now"]).any()
        assert of_kind["money"] == pytest.approx(now[money].sum() - before[money].sum())
    assert found["money"].abs().is_monotonic_decreasing
    assert totals(found)["lines"].sum() == len(found)


def test_changes_are_told_in_sentences() -> None:
    """Part, name, pieces, place, day, money and reason; the smallest are counted only."""
    later = with_value("purchase_orders", "order_on", pd.Timestamp("2025-07-14"), {"quantity": 25, "value": 1500.0})
    found = diff(NETWORK, OLD, later)
    assert sentences(found, "USD", NEAR) == [
        "Purchase order of 0001 Screen 6.1: 25 pieces from S1 on Mon 14 Jul, was 20 pieces from S1 on Mon 30 Jun "
        "(+$300). Why: the hub runs dry in week 9."
    ]
    many = pd.concat([found] * 5, ignore_index=True)
    assert sentences(many, "USD", NEAR, most=2)[-1] == "And 3 smaller changes."
