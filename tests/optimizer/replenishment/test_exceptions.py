"""What cannot be served: the plan has its shortage priced, and an exception says why in words."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from domain.network import Network
from domain.plan import ReplenishmentPlan
from optimizer.replenishment import Params
from tests.one_part import LANE, PART, SETTINGS, SITES, Row, build, day
from tests.optimizer.replenishment.cases import BY_PROGRAMS, judged, one_leaf, planned
from tests.random_networks import AS_OF, Case

EIGHT_WEEKS = replace(SETTINGS, horizon_weeks=8)
BOTH = pytest.mark.parametrize("params", [Params(), BY_PROGRAMS], ids=["exact", "programs"])
DEAR: Row = {"suppliers": [{"supplier": "S1", "lead_time_days": 7.0, "minimum_order_value": 1e6}]}


def shut(*what: str) -> list[Row]:
    """Shutdowns of these from long ago until 10 April 2025."""
    days = {"start": AS_OF - timedelta(days=90), "end": AS_OF + timedelta(days=400)}
    return [{"event": one, "kind": "shutdown", "applies_to": one, **days} for one in what]


MONDAYS: list[Row] = [
    {"event": str(week), "kind": "shutdown", "applies_to": "lane:AIR", "start": day(week), "end": day(week)}
    for week in range(1, 14)
]
SEA = LANE | {"lane": "SEA", "mode": "sea", "transit_days": 20.0, "capacity_kg_per_week": 0.0}
UNSERVED: dict[str, tuple[dict[str, Any], str, str]] = {
    "lane shut for good": ({"events": shut("lane:AIR")}, "closed lane", "Lane AIR is shut until 10 Apr 2025"),
    "lane shut on its days": ({"events": MONDAYS}, "closed lane", "Lane AIR never leaves in the 8 weeks of the plan"),
    "depot shut for good": ({"events": shut("site:D1")}, "closed lane", "Lane AIR stands still: D1, where it ends, is"),
    "lane without room": ({"lane": {"capacity_kg_per_week": 0.0}}, "closed lane", "Lane AIR has no room"),
    "no lane open": (
        {"lanes": [LANE, SEA], "events": shut("lane:AIR")},
        "no open lane",
        "No open lane reaches D1 (AIR is shut until 10 Apr 2025, SEA has no room: its capacity is 0)",
    ),
    "no lane": ({"lanes": []}, "no lane", "No lane leads to D1"),
    "dangerous goods": ({"part": {"dangerous_goods": True}}, "no lane", "No lane to D1 may carry dangerous goods"),
    "weeks frozen": ({"settings": {"frozen_weeks": 11}}, "frozen weeks", "All 8 weeks of the plan are frozen"),
    "supplier shut for good": ({"events": shut("supplier:S1")}, "closed supplier", "S1 is shut until 10 Apr 2025"),
    "last order date past": (
        {"part": {"last_order_by": AS_OF}},
        "last order date",
        "Past their last order date, parts",
    ),
    "minimum value": (DEAR, "minimum value", "Nothing is ordered from S1: its minimum order of 1,000,000 USD is not"),
    "budget of zero": (
        {"settings": {"budget_per_period": 0.0}},
        "budget",
        "Nothing can be ordered from 11 Mar 2024 to 05 May 2024: the budget is 0; 1 part goes short (A): up to",
    ),
    "hardly any budget": (
        {"settings": {"budget_per_period": 99.0}},
        "budget",
        "Nothing can be ordered from 11 Mar 2024 to 05 May 2024: the budget of 99.00 USD does not buy the cheapest lot",
    ),
}


def network_with(changes: dict[str, Any]) -> Network:
    """The one-part network with these changes."""
    settings = replace(EIGHT_WEEKS, **changes.get("settings", {}))
    return build(settings, **{name: rows for name, rows in changes.items() if name != "settings"})


def nothing_moves(case: Case, found: ReplenishmentPlan) -> pd.DataFrame:
    """Asserts that the plan is empty, judged right and exactly bounded; returns its exceptions."""
    assert len(found.shipments) == len(found.purchase_orders) == 0
    outside = judged(case, found.shipments, found.purchase_orders)
    assert outside.broken == []
    assert found.cost.total == pytest.approx(outside.cost["total"])
    assert found.cost.shortage > 100.0
    assert found.lower_bound <= found.cost.total * (1.0 + 1e-9)
    return found.exceptions


@BOTH
@pytest.mark.parametrize(("changes", "kind", "words"), UNSERVED.values(), ids=UNSERVED)
def test_what_cannot_be_served_is_priced_and_said(
    changes: dict[str, Any], kind: str, words: str, params: Params
) -> None:
    """No plan is infeasible: waiting is charged, and one exception says what stops supply and what waiting costs."""
    case = one_leaf(network_with(changes))
    found = planned(case, params)
    exceptions = nothing_moves(case, found)
    first = exceptions.iloc[0]
    assert (first["kind"], first["part"]) == (kind, "A")
    assert first["says"].startswith(words)
    assert "1 part goes short (A): up to " in first["says"]
    assert first["money_at_risk"] == pytest.approx(found.objective.shortage)
    assert "shortage" not in set(exceptions["kind"])


def test_a_network_that_can_be_served_has_no_cause() -> None:
    """Nothing is said where nothing stops supply."""
    found = planned(one_leaf(build(EIGHT_WEEKS)))
    assert set(found.exceptions["kind"]) <= {"shortage"}
    assert len(found.purchase_orders) > 0


def test_a_part_that_spoils_on_the_way_is_named() -> None:
    """A shelf life shorter than every lane to the depot is said even where nobody waits."""
    plenty = [{"site": "D1", "part": "A", "on_hand": 40}]
    found = planned(one_leaf(build(EIGHT_WEEKS, part={"shelf_life_days": 6.0}, stock=plenty)))
    says = found.exceptions.set_index("kind")["says"]
    assert says["shelf life"] == "1 part keeps fewer days than every lane to D1 takes and would spoil on the way."
    kept = planned(one_leaf(build(EIGHT_WEEKS, part={"shelf_life_days": 7.0}, stock=plenty)))
    assert "shelf life" not in set(kept.exceptions["kind"])


def test_a_period_without_money_is_said_with_its_days() -> None:
    """Only the periods of budget 0 are named; what runs short before money could help is not their fault."""
    money = [{"start": day(1), "amount": 0.0}, {"start": day(5), "amount": 1e6}]
    found = planned(one_leaf(build(EIGHT_WEEKS, budgets=money)))
    budget = found.exceptions[found.exceptions["kind"] == "budget"]
    assert len(budget) == 1
    assert budget["says"].iloc[0].startswith("Nothing can be ordered from 11 Mar 2024 to 07 Apr 2024: the budget is 0")
    assert found.purchase_orders["order_on"].min() >= pd.Timestamp(day(5))


def of_parts(network: Network, means: dict[str, float]) -> Case:
    """These parts at P1, each with its mean a week."""
    one, number = one_leaf(network, 1.0), len(means)
    forecast = replace(
        one.forecast,
        part=np.array(list(means), dtype=object),
        region=np.repeat(one.forecast.region, number),
        mean=np.array(list(means.values()))[:, None] * one.forecast.mean,
        discount=np.ones(number),
        drift=np.zeros(number),
        share_leaf=np.arange(number),
        share_site=np.repeat(one.forecast.share_site, number),
        share=np.ones(number),
        batch_index=np.repeat(one.forecast.batch_index, number),
        rate_shape=np.repeat(one.forecast.rate_shape, number),
    )
    return replace(one, forecast=forecast)


def test_a_cause_is_said_once_for_all_its_parts() -> None:
    """Five parts behind one closed lane are one line with their number, the first names and all of their money."""
    names = ["A", "B", "C", "D", "E"]
    closed = build(EIGHT_WEEKS, events=shut("lane:AIR"), parts=[PART | {"part": name} for name in names])
    found = planned(of_parts(closed, dict.fromkeys(names, 0.7)), BY_PROGRAMS)
    assert len(found.exceptions) == 1
    only = found.exceptions.iloc[0]
    assert (only["kind"], only["part"], only["site"]) == ("closed lane", "", "D1")
    assert "5 parts go short (A, B, C and 2 more): up to " in only["says"]
    assert only["money_at_risk"] == pytest.approx(found.objective.shortage)


def test_a_depot_that_is_full_is_said_with_what_goes_short() -> None:
    """60 B that hardly move take 1.8 m³ where 0.5 m³ are let: A goes short, and the reason is the room."""
    full = build(
        EIGHT_WEEKS,
        sites=[SITES[0], SITES[1] | {"storage_m3": 0.5}, SITES[2]],
        parts=[PART, PART | {"part": "B"}],
        stock=[{"site": "D1", "part": "B", "on_hand": 60}],
    )
    found = planned(of_parts(full, {"A": 0.7, "B": 1e-4}), BY_PROGRAMS)
    says = found.exceptions.set_index("kind")["says"]
    assert says["full depot"].startswith("D1 is full until 05 May 2024: 1.80 of its 0.50 m³")
    assert "are taken in the first week; 1 part goes short (A): up to " in says["full depot"]
