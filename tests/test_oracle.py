"""The oracle of tiny networks: its optimum is what the judge says it costs, and nothing nearby is cheaper."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ortools.math_opt.python import mathopt

from domain.forecast import Forecast
from domain.network import Settings
from domain.plan import PreviousPlan
from tests.every_rule import every_rule_network
from tests.judge import Judge, recompute
from tests.judge.calendar import Calendar
from tests.oracle import Optimum, optimum
from tests.random_networks import AS_OF, MONDAY, Case, forecast_frame, network_of, random_network, shares_frame, table

SEEDS = (0, 2, 3, 5, 7, 12, 14)
SHIPMENT = ["shipment", "part", "lane", "departs", "arrives", "quantity", "cost", "reason"]
PURCHASE = ["order", "supplier", "part", "quantity", "order_on", "expected", "value", "reason"]
NO_TARGETS = pd.DataFrame(columns=["part", "site", "group", "base_stock"])


def total(case: Case, plan: Optimum) -> tuple[float, list[str]]:
    """Cost and broken rules of a plan."""
    judged = recompute(
        case.network,
        case.forecast_frame,
        case.shares,
        case.targets,
        plan.shipments,
        plan.purchase_orders,
        case.waiting_price,
        case.previous,
    )
    return judged.cost["total"], judged.broken


@pytest.mark.parametrize("seed", SEEDS)
def test_the_optimum_is_feasible_and_costs_what_it_says(seed: int) -> None:
    """The judge finds no broken rule and the same total; the solver's bound meets it."""
    case = random_network(seed)
    best = optimum(case)
    cost, broken = total(case, best)
    assert broken == []
    assert cost == pytest.approx(best.total, rel=1e-9, abs=1e-6)
    assert best.bound == pytest.approx(best.total, rel=1e-8)


@pytest.mark.parametrize("seed", [22, 26])
def test_storage_binds_in_the_oracle_too(seed: int) -> None:
    """Where limited space at the depots costs money, the optimum keeps the rule and pays for it."""
    case = random_network(seed, storage=True)
    best = optimum(case)
    cost, broken = total(case, best)
    assert broken == []
    assert cost == pytest.approx(best.total, rel=1e-9, abs=1e-6)
    sites = case.network.sites.assign(storage_m3=np.nan)
    assert optimum(replace(case, network=replace(case.network, sites=sites))).total < cost - 1.0


@pytest.mark.parametrize("seed", SEEDS[:5])
def test_no_neighbour_of_the_optimum_is_cheaper(seed: int) -> None:
    """A line dropped, or one unit more or less of it, either breaks a rule or costs as much or more."""
    case = random_network(seed)
    best = optimum(case)
    tried = 0
    for line, change in product(range(len(best.shipments)), (-1, 1, None)):
        shipments = best.shipments.copy()
        shipments.loc[line, "quantity"] = 0 if change is None else best.shipments["quantity"].iloc[line] + change
        cost, broken = total(case, replace(best, shipments=shipments[shipments["quantity"] > 0]))
        assert broken or cost >= best.total - 1e-6
        tried += not broken
    assert tried > 0


def micro_case() -> Case:
    """One part, one lane, five weeks; purchases in lots of two, last ordered in week 2: all plans can be listed."""
    settings = Settings(as_of=AS_OF, currency="USD", horizon_weeks=2, order_line_cost=3.0, budget_per_period=170.0)
    place = {"country": "RU", "region": "R1"}
    lane = {"lane": "AIR", "origin": "HUB", "destination": "D1", "mode": "air", "transit_days": 7.0}
    network = network_of(
        settings,
        sites=[
            {"site": "HUB", "kind": "origin", "country": "CN", "holding_rate_per_year": 0.1},
            {"site": "D1", "kind": "depot", **place},
            {"site": "P1", "kind": "repair_point", **place},
        ],
        lanes=[lane | {"transit_days_sd": 4.0, "cost_per_kg": 5.0, "minimum_charge": 14.0, "departures": "Tue"}],
        suppliers=[{"supplier": "S1", "lead_time_days": 7.0}],
        parts=[
            {
                "part": "A",
                "unit_cost": 40.0,
                "weight_kg": 1.5,
                "supplier": "S1",
                "order_multiple": 2,
                "last_order_by": pd.Timestamp("2024-03-18"),
            }
        ],
        stock=[{"site": "HUB", "part": "A", "on_hand": 1}],
    )
    forecast = Forecast(
        as_of=AS_OF,
        part=np.array(["A"], dtype=object),
        region=np.array(["R1"], dtype=object),
        mean=np.array([[0.3, 0.5, 0.4, 0.3, 0.3]]),
        batch_index=np.array([1.5]),
        rate_shape=np.array([3.0]),
        discount=np.array([0.95]),
        drift=np.array([1.0]),
        share_leaf=np.array([0]),
        share_site=np.array(["P1"], dtype=object),
        share=np.array([1.0]),
    )
    return Case(network, forecast, forecast_frame(forecast), shares_frame(forecast), NO_TARGETS, {"default": 25.0})


Tables = tuple[pd.DataFrame, pd.DataFrame]  # shipments, purchase orders


@cache
def plans_of_micro_case() -> list[Tables]:
    """Every plan the budget and the hub allow, further than any optimum goes."""
    case = micro_case()
    calendar, plans = Calendar(case.network), []
    departs = [calendar.departure("AIR", week) for week in range(1, 5)]
    mondays = [calendar.start(week) for week in (1, 2, 3)]
    for first, second, *sent in product((0, 2, 4), (0, 2, 4), range(2), range(4), range(3), range(2)):
        if first + second > 4 or sum(sent) > 1 + first + second or sum(sent[:2]) > 1 + first:
            continue
        orders = [
            ("O", "S1", "A", quantity, mondays[n], mondays[n + 1], 40.0 * quantity, "")
            for n, quantity in enumerate((first, second))
            if quantity
        ]
        lines = [
            ("X", "A", "AIR", day, calendar.arrival("AIR", day), quantity, 0.0, "")
            for day, quantity in zip(departs, sent, strict=True)
            if quantity and day
        ]
        plans.append((pd.DataFrame(lines, columns=SHIPMENT), pd.DataFrame(orders, columns=PURCHASE)))
    return plans


def cheapest(case: Case, plans: list[Tables]) -> tuple[float, int]:
    """Least cost of the plans that break no rule, and how many break one."""
    judge = Judge(case.network, case.forecast_frame, case.shares, case.targets, case.waiting_price, case.previous)
    judged = [judge.judge(*plan) for plan in plans]
    kept = [one.cost["total"] for one in judged if not one.broken]
    return min(kept), len(judged) - len(kept)


def test_the_optimum_is_the_cheapest_of_all_plans() -> None:
    """Every plan of a micro network is listed and judged; none is cheaper than the oracle's."""
    best = optimum(micro_case())
    assert best.shipments["quantity"].max() < 3  # the list goes further than the optimum
    assert len(best.purchase_orders) > 0
    least, broken = cheapest(micro_case(), plans_of_micro_case())
    assert broken == 0
    assert least == pytest.approx(best.total, abs=1e-6)


def with_rule(
    part: dict[str, Any] | None = None,
    before: tuple[int, ...] | None = None,
    *,
    storage_m3: float = np.nan,
    minimum_order_value: float = 0.0,
    stock: int = 0,
) -> Case:
    """The micro case with one rule more; `before`: what a plan of the week before had sent in weeks 1, 2, ..."""
    case = micro_case()
    network = case.network
    calendar = Calendar(network)
    lines = [("A", "AIR", calendar.departure("AIR", week + 1), units) for week, units in enumerate(before or ())]
    sites = network.sites.assign(storage_m3=np.where(network.sites["kind"] == "depot", storage_m3, np.nan))
    there: dict[str, Any] = {"site": ["HUB", "D1"], "on_hand": [1, stock]}
    return replace(
        case,
        network=replace(
            network,
            settings=replace(network.settings, churn_cost=0.0 if before is None else 6.0),
            sites=sites,
            parts=network.parts.assign(**(part or {})),
            suppliers=network.suppliers.assign(minimum_order_value=minimum_order_value),
            stock=pd.concat([network.stock] * 2, ignore_index=True).assign(**there),
        ),
        previous=PreviousPlan(pd.DataFrame(lines, columns=["part", "lane", "departs", "quantity"]), AS_OF),
    )


RULES: dict[str, Case] = {
    "storage for one": with_rule({"volume_l": 10.0}, storage_m3=0.010),
    "storage for less than one": with_rule({"volume_l": 10.0}, storage_m3=0.004),
    "storage that is full": with_rule({"volume_l": 10.0}, storage_m3=0.001, stock=2),
    "minimum value": with_rule(minimum_order_value=100.0),
    "minimum value beyond the budget": with_rule(minimum_order_value=200.0),
    "minimum order": with_rule({"moq": 3}),
    "shelf life of a day": replace(with_rule({"shelf_life_days": 1.0}, stock=1), waiting_price={"default": 90.0}),
    "shelf life of a week": replace(with_rule({"shelf_life_days": 7.0}, stock=1), waiting_price={"default": 90.0}),
    "another line before": with_rule(before=(1, 3)),
    "no line before": with_rule(before=()),
    "weeks not published": with_rule(before=(0, 1, 2, 2)),
    "all together": with_rule({"volume_l": 10.0, "moq": 3, "shelf_life_days": 13.0}, (0, 2), storage_m3=0.02),
}


@pytest.mark.parametrize("case", RULES.values(), ids=RULES.keys())
def test_the_optimum_under_each_rule_is_the_cheapest_of_all_plans_that_keep_it(case: Case) -> None:
    """Every plan of a micro network with one rule more is judged; the oracle's is the cheapest that keeps it."""
    best = optimum(case)
    cost, broken = total(case, best)
    assert broken == []
    assert cost == pytest.approx(best.total, abs=1e-6)
    assert cheapest(case, plans_of_micro_case())[0] == pytest.approx(best.total, abs=1e-6)


TWO = ("A", "B")


def two_parts() -> tuple[Case, list[Tables]]:
    """Two parts that share a supplier's minimum value, a depot's room, consignments and kilograms; all their plans.

    The lane leaves in weeks 1 and 2 alone, the supplier takes orders on the first Monday alone.
    """
    case = micro_case()
    usual = {"supplier": "S1", "weight_kg": 1.0, "last_order_by": pd.Timestamp(MONDAY)}
    parts = [{"part": "A", "unit_cost": 40.0, "volume_l": 5.0}, {"part": "B", "unit_cost": 25.0, "volume_l": 8.0}]
    shut = {"event": "e", "kind": "shutdown", "applies_to": "site:HUB", "start": MONDAY + timedelta(days=14)}
    forecast = Forecast(
        as_of=AS_OF,
        part=np.array(TWO, dtype=object),
        region=np.array(["R1", "R1"], dtype=object),
        mean=np.array([[0.3, 0.5, 0.4, 0.3, 0.3], [0.6, 0.2, 0.2, 0.5, 0.1]]),
        batch_index=np.array([1.5, 1.0]),
        rate_shape=np.array([3.0, np.inf]),
        discount=np.array([0.95, 1.0]),
        drift=np.array([1.0, 0.0]),
        share_leaf=np.array([0, 1]),
        share_site=np.array(["P1", "P1"], dtype=object),
        share=np.array([1.0, 1.0]),
    )
    network = replace(
        case.network,
        settings=replace(case.network.settings, budget_per_period=None, churn_cost=4.0),
        parts=table("parts", [part | usual for part in parts]),
        suppliers=case.network.suppliers.assign(minimum_order_value=120.0),
        lanes=case.network.lanes.assign(consignment_kg=2.0, cost_per_consignment=3.0, capacity_kg_per_week=4.0),
        sites=case.network.sites.assign(storage_m3=np.where(case.network.sites["kind"] == "depot", 0.014, np.nan)),
        events=table("events", [shut | {"end": MONDAY + timedelta(days=60)}]),
    )
    calendar = Calendar(network)
    days = [calendar.departure("AIR", week) for week in (1, 2)]
    plans = []
    for a, b, first, second, other in product(range(4), range(4), range(2), range(4), range(4)):
        if first + second > 1 + a or other > b or second + other > 4:
            continue
        sent = [("A", days[0], first), ("A", days[1], second), ("B", days[1], other)]
        lines = [
            ("X", part, "AIR", day, calendar.arrival("AIR", day), n, 0.0, "") for part, day, n in sent if n and day
        ]
        bought = [
            ("O", "S1", part, n, MONDAY, MONDAY + timedelta(days=7), n * money, "")
            for part, n, money in (("A", a, 40.0), ("B", b, 25.0))
            if n
        ]
        plans.append((pd.DataFrame(lines, columns=SHIPMENT), pd.DataFrame(bought, columns=PURCHASE)))
    before = pd.DataFrame([("B", "AIR", days[1], 1)], columns=["part", "lane", "departs", "quantity"])
    frames = forecast_frame(forecast), shares_frame(forecast), NO_TARGETS
    return Case(network, forecast, *frames, {"default": 60.0}, PreviousPlan(before, AS_OF)), plans


def test_what_parts_share_is_shared_at_the_optimum() -> None:
    """Two parts with a common minimum value, room, consignments and kilograms: no listed plan is cheaper."""
    case, plans = two_parts()
    best = optimum(case)
    cost, broken = total(case, best)
    assert broken == []
    assert cost == pytest.approx(best.total, abs=1e-6)
    assert set(best.purchase_orders["part"]) == set(TWO)
    assert cheapest(case, plans)[0] == pytest.approx(best.total, abs=1e-6)


@pytest.mark.parametrize("seed", [1, 3, 5, 28, 33])
def test_two_solvers_find_the_same_optimum(seed: int) -> None:
    """SCIP and HiGHS share no code: with every rule on, both prove the same least cost, and the judge agrees."""
    case = every_rule_network(seed)
    best = optimum(case)
    assert optimum(case, mathopt.SolverType.HIGHS).total == pytest.approx(best.total, rel=1e-7)
    cost, broken = total(case, best)
    assert broken == []
    assert cost == pytest.approx(best.total, rel=1e-9, abs=1e-6)
