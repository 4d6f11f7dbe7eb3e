"""The summary: every figure is found again in the frames; what is empty is said in words."""

import math
from dataclasses import replace

import pandas as pd
import pytest
from rich.console import Console

from reports import words
from reports.procurement import consignments
from reports.summary import Summary, overall, summary
from reports.tables import plan_frames
from reports.terminal import terminal
from tests.reports.workshop import AS_OF, Case, empty_case, workshop

CASE = workshop()
FRAMES = plan_frames(CASE.plan)
MONDAY_AFTER = pd.Timestamp("2025-07-07")  # the Monday after week 1
HORIZON_END = pd.Timestamp("2025-06-30") + pd.Timedelta(weeks=26)


def brief(case: Case = CASE) -> Summary:
    return summary(case.network, case.forecast, case.plan)


def printed(what: Summary, width: int = 100) -> str:
    console = Console(width=width, no_color=True, force_terminal=False)
    with console.capture() as capture:
        console.print(terminal(what))
    return capture.get()


def test_what_to_order_is_what_the_orders_of_week_one_say() -> None:
    """Parts, pieces and money of the first line are those of the purchase orders before the second Monday."""
    orders = FRAMES["purchase_orders"]
    orders = orders[orders["order_on"] < MONDAY_AFTER]
    assert len(orders) > 0
    line = brief().today[0]
    assert words.count(orders["part"].nunique(), "part") in line
    assert words.pieces(int(orders["quantity"].sum())) in line
    assert words.money(float(orders["value"].sum()), "USD") in line
    for supplier in orders["supplier"].unique():
        assert (supplier or "the market") in line


def test_what_to_send_is_what_leaves_in_week_one() -> None:
    """Consignments are counted lane by lane, kilograms are pieces times weight, cost is that of the consignments."""
    week = FRAMES["shipments"][FRAMES["shipments"]["departs"] < MONDAY_AFTER]
    kg = (week["quantity"] * week["part"].map(CASE.network.parts.set_index("part")["weight_kg"])).sum()
    line = brief().today[1]
    assert words.count(len(week[["lane", "departs"]].drop_duplicates()), "consignment") in line
    assert f"{words.number(float(kg))} kg" in line
    assert words.money(float(consignments(CASE.network, week)["cost"].sum()), "USD") in line


def test_heavy_departures_are_several_consignments() -> None:
    """Where a lane takes a kilogram at a time, what leaves in week 1 is counted as that many consignments."""
    network = replace(CASE.network, lanes=CASE.network.lanes.assign(consignment_kg=1.0))
    week = FRAMES["shipments"][FRAMES["shipments"]["departs"] < MONDAY_AFTER]
    number = int(consignments(network, week)["number"].sum())
    assert number > len(week[["lane", "departs"]].drop_duplicates())
    found = brief(replace(CASE, network=network))
    assert words.count(number, "consignment") in found.today[1]
    assert found.counts["consignments this week"] == number


def test_what_to_move_is_the_allocation() -> None:
    """Pieces, sites and the repairs served are those of the allocation table."""
    table = FRAMES["allocations"]
    line = brief().today[2]
    assert words.pieces(int(table["quantity"].sum())) in line
    assert words.count(table["to_site"].nunique(), "site") in line
    served = int(table.loc[table["for_repair_order"] != "", "quantity"].sum())
    assert served > 0
    assert f"{served:,} of them for repairs" in line


def test_exceptions_come_with_count_and_money_the_dearest_first() -> None:
    """Count, total and the first exception are those of both steps' exceptions."""
    every = pd.concat([CASE.plan.replenishment.exceptions, CASE.plan.allocation.exceptions])
    found = brief()
    assert words.count(len(every), "exception") in found.today[3]
    assert words.money(float(every["money_at_risk"].sum()), "USD") in found.today[3]
    assert found.exceptions["money_at_risk"].is_monotonic_decreasing
    assert found.exceptions["money_at_risk"].iloc[0] == every["money_at_risk"].max()
    assert found.exception_kinds["money"].sum() == pytest.approx(every["money_at_risk"].sum())
    assert found.exception_kinds["count"].sum() == len(every)


def test_service_is_weighted_by_what_is_asked() -> None:
    """Pieces asked add up to the forecast of weeks 1..T, and the overall promise is their weighted mean."""
    found = brief()
    assert sum(group.asked for group in found.service) == pytest.approx(CASE.forecast.interval_mean(1, 26).sum())
    assert {group.group: group.promised for group in found.service} == pytest.approx(CASE.plan.replenishment.service)
    weighted = sum(group.asked * group.promised for group in found.service)
    assert found.promised == pytest.approx(weighted / sum(group.asked for group in found.service))
    assert words.percent(found.promised) in found.today[4]


def test_groups_below_their_target_are_named() -> None:
    """A group is called below when its promise misses its fill rate; other kinds of target are not compared."""
    found = brief()
    verdicts = {group.group: group.met for group in found.service}
    assert verdicts["batteries"] is None
    for group in found.service:
        if group.wanted is not None:
            assert group.met == (group.promised >= group.wanted - 0.0005)
            assert (group.group in found.today[4]) == (not group.met)


def test_certainty_repeats_gap_and_bound_of_the_plan() -> None:
    """The sentences carry the plan's own total, bound, gaps and rules."""
    plan, text = CASE.plan.replenishment, " ".join(brief().certainty)
    assert words.money(plan.cost.total, "USD") in text
    assert words.money(plan.lower_bound, "USD") in text
    assert words.money(plan.cost.controllable, "USD") in text
    for share in (plan.gap, plan.gap_controllable, plan.gap_at_zero_prices):
        assert words.gap(share)[3:] in text
    for rule in plan.rules:
        assert rule.lower() in text


def test_an_interrupted_plan_says_so_first() -> None:
    """Whoever reads a plan cut short learns it before the gap."""
    cut = replace(CASE.plan, replenishment=replace(CASE.plan.replenishment, status="interrupted"))
    assert "interrupted" in summary(CASE.network, CASE.forecast, cut).certainty[0]
    assert "interrupted" not in " ".join(brief().certainty)


def test_counts_are_those_of_the_frames() -> None:
    """Orders, consignments, moves and parts are counted within weeks 1..T, as the names say."""
    orders, shipments = FRAMES["purchase_orders"], FRAMES["shipments"]
    counts = brief().counts
    assert counts["parts with demand"] == FRAMES["targets"]["part"].nunique()
    assert counts["order lines in 26 weeks"] == (orders["order_on"] < HORIZON_END).sum()
    assert counts["shipment lines in 26 weeks"] == (shipments["departs"] < HORIZON_END).sum()
    assert counts["shipment lines this week"] == (shipments["departs"] < MONDAY_AFTER).sum()
    assert counts["moves today"] == len(FRAMES["allocations"])


def test_assumptions_name_what_the_data_does_not_say() -> None:
    """Assumed weights, late orders and missing tables are told with their number."""
    text = " ".join(brief().assumptions)
    assert f"weight of {int(CASE.network.parts['weight_assumed'].sum())} of 30 parts" in text
    assert "1 order line under way" in text
    assert "No sales are known" in text


def test_without_an_earlier_plan_nothing_is_said_to_have_changed() -> None:
    """No earlier plan is not the same as an equal one."""
    assert brief().changes is None
    assert "Changed since" not in printed(brief())
    same = summary(CASE.network, CASE.forecast, CASE.plan, FRAMES)
    assert same.changes is not None
    assert same.changes.empty
    assert "Changed since the plan before: nothing." in printed(same)


def test_an_empty_plan_is_said_in_words() -> None:
    """Nothing to order, send, move or look at: five sentences, no figure that looks like an error."""
    found = brief(empty_case())
    assert len(found.today) == 5
    assert all("nothing" in line.lower() or "no " in line for line in found.today)
    assert math.isnan(overall(found.service))
    text = printed(found)
    assert "nan" not in text.lower()
    assert "inf" not in text.lower().replace("information", "")


def test_the_terminal_shows_the_summary_within_its_width() -> None:
    """At 100 columns every line fits, the five lines and the total are there, and no markup is read."""
    risky = brief()
    marked = risky.exceptions.assign(name="[red]not markup[/red] [/]", says="[bold]as written")
    text = printed(replace(risky, exceptions=marked))
    assert max(map(len, text.splitlines())) <= 100
    flat = " ".join(text.split())
    for line in risky.today:
        assert line in flat
    assert words.money(risky.cost.total, "USD") in flat
    assert "[bold]as written" in flat
    assert str(AS_OF.year) in flat
