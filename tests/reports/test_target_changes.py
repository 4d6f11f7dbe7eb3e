"""Why a stock up to changed: only what moved its way, in figures both plans know."""

from typing import Any

import pandas as pd

from reports.tables import WAITING_PRICE, Frames
from reports.target_changes import moved_targets, target_reasons
from tests.plans import tiny_network

NETWORK = tiny_network()


def target(site: str, base_stock: int, **more: Any) -> dict[str, Any]:
    """A part's target with 0.5 units a week of demand that are 14 days on the way to it."""
    row = {"part": "0001", "site": site, "group": "screens", "base_stock": base_stock, "fill_rate": 0.9}
    return row | {"expected_backorders": 0.05, "mean_wait_days": 0.7, "pipeline": 1.0} | more


def plan(*targets: dict[str, Any], price: float = 20.0) -> Frames:
    prices = pd.DataFrame({"group": ["screens", "default"], "price": [price, 10.0]})
    return {"targets": pd.DataFrame(list(targets)), WAITING_PRICE: prices}


def reason(old: Frames, new: Frames, site: str = "P11") -> str:
    told = target_reasons(NETWORK, old, new).set_index("site")["reason"]
    return str(told[site])


def test_only_what_asks_for_the_change_is_a_reason() -> None:
    """More demand, a longer way and dearer waiting explain more stock, not less; the effect is told either way."""
    old = plan(target("P11", 3))
    more = {"expected_backorders": 0.1, "mean_wait_days": 0.7, "pipeline": 3.0, "fill_rate": 0.95}
    up = reason(old, plan(target("P11", 5, **more), price=30.0))
    assert up == (
        "demand 0.5 → 1 a week, 14 → 21 days on the way to it, a waiting device costs $20 → $30 a week; "
        "90 % → 95 % of repairs find their part on the shelf"
    )
    down = reason(old, plan(target("P11", 2, **more), price=15.0))
    assert down.startswith("a waiting device costs $20 → $15 a week; 90 %")


def test_a_change_without_a_cause_is_called_close() -> None:
    """Where nothing behind it moved its way by 1 %, that is said, unless the part's stock went elsewhere."""
    old = plan(target("P11", 3), target("P12", 1))
    alone = reason(old, plan(target("P11", 4, fill_rate=0.93), target("P12", 1), price=20.1))
    assert alone.startswith("no figure behind it has moved this way by 1 %: it was a close call; 90 % → 93 %")
    traded = plan(target("P11", 4), target("P12", 0))
    assert reason(old, traded) == "1 fewer of it elsewhere"
    assert reason(old, traded, "P12") == "no longer kept here, 1 more of it elsewhere"


def test_lines_that_come_and_go_are_told() -> None:
    """A part number newly kept, no longer kept and since when, of another group, or without demand."""
    none, some = target("P11", 0), target("P11", 2)
    close = "no figure behind it has moved this way by 1 %: it was a close call"
    assert reason(plan(none), plan(some)) == f"from now on kept here, {close}"
    kept = plan(some | {"since": pd.Timestamp("2025-03-02")})
    assert reason(kept, plan(none)) == f"no longer kept here, as it was since 2025-03-02, {close}"
    other = target("P12", 1)
    new, gone = reason(plan(other), plan(other, some)), reason(plan(other, some), plan(other))
    assert new == "from now on kept here, no demand was expected here before"
    assert gone == "no longer kept here, no demand is expected here any more"
    moved = plan(target("P11", 3, group="default"))
    assert reason(plan(some), moved) == "now of group default, was screens"


def test_behind_the_points_the_price_is_that_of_the_parts_groups() -> None:
    """A depot's row has no group: its price of waiting is that of its points by their demand; a hub sets a level."""
    points = [target("P11", 3), target("P12", 1, group="default")]
    old = plan(*points, target("D1", 5, group=""), target("HUB", 8, group=""))
    new = plan(*points, target("D1", 6, group=""), target("HUB", 9, group="", fill_rate=0.95), price=40.0)
    assert reason(old, new, "D1") == "a waiting device costs $15 → $25 a week"
    level = (
        "the hub orders again below this level, a waiting device costs $15 → $25 a week; 90 % → 95 % sent on at once"
    )
    assert reason(old, new, "HUB") == level


def test_plans_that_know_less_still_compare() -> None:
    """Without prices and the newer columns the change is there, only its reasons are fewer; users at a depot add up."""
    few = ["part", "site", "group", "base_stock"]
    old = {"targets": plan(target("D1", 3, group=""), target("D1", 1))["targets"][few]}
    new = {"targets": plan(target("D1", 3, group=""), target("D1", 2))["targets"][few]}
    assert reason(old, new, "D1") == ""
    assert [len(rows) for rows in moved_targets(old["targets"], new["targets"])] == [2, 2]
    same = {"targets": plan(target("D1", 2, group=""), target("D1", 2))["targets"][few]}
    assert [len(rows) for rows in moved_targets(old["targets"], same["targets"])] == [0, 0]
