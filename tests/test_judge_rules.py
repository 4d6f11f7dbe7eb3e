"""Every rule of a plan: broken, it is named; kept to the limit, it is not."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from domain.plan import PreviousPlan
from tests.judge import recompute
from tests.one_part import (
    NO_TARGETS,
    PART,
    SETTINGS,
    SHARES,
    SITES,
    Row,
    build,
    day,
    forecast,
    judge,
    purchases,
    shipments,
)
from tests.random_networks import AS_OF

STOCKED: list[Row] = [{"site": "HUB", "part": "A", "on_hand": 5}]
FIRST_MONDAY: Row = {"event": "e", "kind": "shutdown", "start": day(1), "end": day(1)}
BREACHES: dict[str, tuple[Row, list[Row], list[Row], str]] = {
    "weekday": ({}, [{"departs": day(1, 1)}], [], "the lane's departure of that week is on 2024-03-11"),
    "shut week": (
        {"events": [FIRST_MONDAY | {"applies_to": "all"}]},
        [{"departs": day(1)}],
        [],
        "the lane has no open day",
    ),
    "not the first open day": (
        {"lane": {"departures": "Mon Thu"}},
        [{"departs": day(1, 3)}],
        [],
        "the lane's departure of that week is on 2024-03-11",
    ),
    "arrival": ({}, [{"departs": day(1), "arrives": day(2, 1)}], [], "arrives on 2024-03-18, not 2024-03-19"),
    "after the last slot": ({}, [{"departs": day(5)}], [], "arrives in week 6, after the last week 5"),
    "listed twice": ({}, [{"departs": day(1)}, {"departs": day(1)}], [], "listed twice"),
    "dangerous goods": ({"part": {"dangerous_goods": True}}, [{"departs": day(1)}], [], "no dangerous goods"),
    "half a unit": ({}, [{"departs": day(1), "quantity": 0.5}], [], "no positive whole number"),
    "frozen departure": ({"settings": {"frozen_weeks": 1}}, [{"departs": day(1)}], [], "departures are in weeks 2..5"),
    "kilograms": ({"lane": {"capacity_kg_per_week": 3.9}}, [{"departs": day(1), "quantity": 2}], [], "4 kg leave"),
    "litres": ({"lane": {"capacity_m3_per_week": 0.05}}, [{"departs": day(1), "quantity": 2}], [], "60 litres leave"),
    "empty hub": ({}, [{"departs": day(1), "quantity": 6}], [], "the hub has sent 1 units more than it had"),
    "hub before receipt": (
        {},
        [{"departs": day(1), "quantity": 6}],
        [{"order_on": day(1)}],
        "by 2024-03-11 the hub has sent 1 units more",
    ),
    "not a Monday": ({}, [], [{"order_on": day(1, 1)}], "not a Monday"),
    "supplier shut": (
        {"events": [FIRST_MONDAY | {"applies_to": "supplier:S1"}]},
        [],
        [{"order_on": day(1)}],
        "the supplier is shut",
    ),
    "wrong supplier": ({}, [], [{"order_on": day(1), "supplier": "S2"}], "its supplier is S1, not S2"),
    "frozen purchase": ({"settings": {"frozen_weeks": 1}}, [], [{"order_on": day(1)}], "purchases are in weeks 2..5"),
    "too late": ({}, [], [{"order_on": day(6)}], "new purchases are in weeks 1..5"),
    "last order": (
        {"part": {"last_order_by": pd.Timestamp(day(1, 4))}},
        [],
        [{"order_on": day(2)}],
        "the last order was possible on 2024-03-15",
    ),
    "receipt": ({}, [], [{"order_on": day(1), "expected": day(1, 6)}], "expected on 2024-03-18, not 2024-03-17"),
    "value": ({}, [], [{"order_on": day(1), "value": 99.0}], "are not worth 99"),
    "minimum": ({"part": {"moq": 3}}, [], [{"order_on": day(1), "quantity": 2}], "fewer than the minimum 3"),
    "multiple": ({"part": {"order_multiple": 2}}, [], [{"order_on": day(1), "quantity": 3}], "no multiple of 2"),
    "budget": (
        {"settings": {"budget_per_period": 150.0, "budget_period_weeks": 2}},
        [],
        [{"order_on": day(1)}, {"order_on": day(2)}],
        "budget period 1: 200 is ordered, 150 may be",
    ),
    "a period's own budget": (
        {"settings": {"budget_per_period": 500.0}, "budgets": [{"start": day(1), "amount": 50.0}]},
        [],
        [{"order_on": day(1)}],
        "budget period 1: 100 is ordered, 50 may be",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "shipped", "bought", "words"), BREACHES.values(), ids=BREACHES.keys())
def test_a_broken_rule_is_named(changes: Row, shipped: list[Row], bought: list[Row], words: str) -> None:
    """A plan that breaks one rule is told so, and nothing else."""
    settings = replace(SETTINGS, **changes.get("settings", {}))
    network = build(settings, stock=STOCKED, **{name: rows for name, rows in changes.items() if name != "settings"})
    (broken,) = judge(network, forecast(0.0), shipped=shipments(*shipped), bought=purchases(*bought)).broken
    assert words in broken


@pytest.mark.parametrize(
    ("changes", "shipped", "bought"),
    [
        ({"lane": {"capacity_kg_per_week": 4.0}}, [{"departs": day(1), "quantity": 2}], []),
        ({}, [{"departs": day(2), "quantity": 6}], [{"order_on": day(1)}]),
        ({"part": {"last_order_by": day(2)}}, [], [{"order_on": day(2)}]),
        (
            {"settings": {"budget_per_period": 150.0, "budget_period_weeks": 2}},
            [],
            [{"order_on": day(2)}, {"order_on": day(3)}],
        ),
        (
            {"part": {"supplier": "", "order_multiple": 2}},
            [{"departs": day(1), "quantity": 6}],
            [{"order_on": day(1), "supplier": "", "expected": day(1), "quantity": 4}],
        ),
    ],
)
def test_a_rule_kept_to_the_limit_is_not_broken(changes: Row, shipped: list[Row], bought: list[Row]) -> None:
    """A full lane, a purchase that arrives on the day, the last day for orders, two periods, a purchase
    without supplier that leaves the same day or never: all allowed."""
    settings = replace(SETTINGS, **changes.get("settings", {}))
    network = build(settings, stock=STOCKED, **{name: rows for name, rows in changes.items() if name != "settings"})
    assert judge(network, forecast(0.0), shipped=shipments(*shipped), bought=purchases(*bought)).broken == []


def test_storage_is_broken_only_by_what_is_sent() -> None:
    """A depot over its space is always listed, but only shipments break the rule."""
    full = [SITES[0], SITES[1] | {"storage_m3": 0.04}, SITES[2]]
    stock = [{"site": "D1", "part": "A", "on_hand": 2}, {"site": "HUB", "part": "A", "on_hand": 5}]
    idle = judge(build(sites=full, stock=stock), forecast(0.0))
    assert len(idle.over_storage) == 5
    assert idle.broken == []
    sent = judge(build(sites=full, stock=stock), forecast(0.0), shipped=shipments({"departs": day(2)}))
    assert sent.broken == [f"depot D1, week {week}: 90 litres stored, 40 fit" for week in (3, 4, 5)]


def test_the_minimum_value_of_a_supplier_counts_the_orders_of_a_day_together() -> None:
    """What a supplier gets on one Monday is worth its minimum value; two parts may reach it together."""
    suppliers = [{"supplier": "S1", "lead_time_days": 7.0, "minimum_order_value": 150.0}]
    parts = [PART, PART | {"part": "B", "unit_cost": 50.0}]
    network = build(suppliers=suppliers, parts=parts)
    bought = purchases({"order_on": day(1)}, {"order_on": day(2), "quantity": 2}, {"order_on": day(3)})
    together = purchases({"order_on": day(3)}, {"order_on": day(3), "part": "B", "value": 50.0}).iloc[1:]
    judged = judge(network, forecast(0.0), bought=pd.concat([bought, together]))
    assert judged.broken == ["supplier S1 gets 100 on 2024-03-11, less than its minimum 150"]


def test_shelf_life_limits_what_is_there_where_something_arrives() -> None:
    """O + A_k is within the 90 % quantile of demand until what arrives in week k expires."""
    # Demand is Poisson with mean 1 a week; what arrives in week 2 and lives 13 days is wanted in weeks 1..3. By
    # P(N ≤ 4) = 0.815, P(N ≤ 5) = 0.916 five units may be there; in weeks 4 and 5 the forecast ends with week 5:
    # P(N ≤ 7) = 0.867, P(N ≤ 8) = 0.932, eight units.
    stock = [{"site": "HUB", "part": "A", "on_hand": 9}, {"site": "D1", "part": "A", "on_hand": 2}]
    inbound = [{"order": "I", "part": "A", "destination": "P1", "quantity": 1, "expected": day(4)}]

    def broken(*lines: Row) -> list[str]:
        network = build(part={"shelf_life_days": 13.0}, stock=stock, inbound=inbound)
        return judge(network, forecast(1.0), shipped=shipments(*lines)).broken

    assert broken({"departs": day(1), "quantity": 3}, {"departs": day(3), "quantity": 2}) == []
    words = "A in R1, week {}: {} units are there, only {} are wanted before they expire"
    assert broken({"departs": day(1), "quantity": 4}) == [words.format(2, 6, 5)]
    assert broken({"departs": day(4), "quantity": 6}) == [words.format(5, 9, 8)]


def test_changed_lines_cost_where_both_plans_publish() -> None:
    """A line more, a line less, another quantity: each costs once, in the weeks that both plans publish."""
    before = [(day(1), 2), (day(2), 1), (day(3), 5)]  # T = 2: week 3 is published by none
    table = pd.DataFrame([("A", "AIR", *line) for line in before], columns=["part", "lane", "departs", "quantity"])
    network = build(replace(SETTINGS, churn_cost=7.0), stock=STOCKED)
    shipped = shipments({"departs": day(1)}, {"departs": day(2)}, {"departs": day(3)})

    def lines(as_of: date, sent: pd.DataFrame = shipped) -> tuple[float, int]:
        tables = (forecast(0.0), SHARES, NO_TARGETS, sent, purchases(), {"default": 10.0})
        judged = recompute(network, *tables, PreviousPlan(table, as_of))
        assert judged.broken == []
        return judged.cost["order_line"], len(judged.changed)

    assert lines(AS_OF) == (2 * 4.0 + 7.0, 1)  # one line is the same, the other is not
    assert lines(AS_OF, shipments()) == (2 * 7.0, 2)
    assert lines(AS_OF - timedelta(days=7)) == (2 * 4.0 + 7.0, 1)  # that plan's weeks 1..2 end with week 1 of this
    assert lines(AS_OF - timedelta(days=14)) == (2 * 4.0, 0)
    assert judge(network, forecast(0.0), shipped=shipped).cost["order_line"] == 2 * 4.0
