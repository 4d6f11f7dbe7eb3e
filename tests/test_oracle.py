"""The oracle of tiny networks: its optimum is what the judge says it costs, and nothing nearby is cheaper."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from domain.forecast import Forecast
from domain.network import Settings
from tests.judge import recompute
from tests.judge.calendar import Calendar
from tests.oracle import Optimum, optimum
from tests.random_networks import AS_OF, Case, forecast_frame, network_of, random_network, shares_frame

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


def test_the_optimum_is_the_cheapest_of_all_plans() -> None:
    """Every plan of a micro network is listed and judged; none that keeps the rules is cheaper than the oracle's."""
    case = micro_case()
    calendar = Calendar(case.network)
    departs = [calendar.departure("AIR", week) for week in range(1, 5)]
    mondays = [calendar.start(week) for week in (1, 2, 3)]
    costs = []
    for first, second, *sent in product((0, 2, 4), (0, 2, 4), range(2), range(4), range(3), range(3)):
        if first + second > 4 or sum(sent) > 1 + first + second or sum(sent[:2]) > 1 + first:
            continue  # the budget allows no more, the hub has no more
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
        shipments = pd.DataFrame(lines, columns=SHIPMENT)
        purchases = pd.DataFrame(orders, columns=PURCHASE)
        cost, broken = total(case, Optimum(0.0, 0.0, shipments, purchases))
        assert broken == []
        costs.append(cost)
    best = optimum(case)
    assert best.shipments["quantity"].max() < 3  # the list goes further than the optimum
    assert len(best.purchase_orders) > 0
    assert min(costs) == pytest.approx(best.total, abs=1e-6)
