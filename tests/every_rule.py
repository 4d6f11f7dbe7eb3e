"""Random tiny networks with every rule on, and the same networks with one rule taken away."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from domain.network import Network
from domain.plan import PreviousPlan
from tests.judge.calendar import Calendar
from tests.judge.leaves import leaves_of
from tests.judge.prices import Prices
from tests.judge.states import outlook
from tests.random_networks import AS_OF, MONDAY, NONE, Case, random_network, table

HORIZON = 5  # weeks; the forecast is longer than the inner horizon, as shelf life may look further ahead
NAMES = ["part", "lane", "departs", "quantity"]


def every_rule_network(seed: int) -> Case:
    """The tiny problem of this seed with every rule on, each as tight as it may well be, and a plan made before."""
    case, rng = random_network(seed, storage=True), np.random.default_rng([seed, 1])
    parts = _parts(rng, case)
    network = replace(
        case.network,
        settings=replace(
            case.network.settings,
            horizon_weeks=HORIZON,
            order_line_cost=float(rng.uniform(1.0, 6.0)),
            churn_cost=float(rng.uniform(1.0, 8.0)),
            frozen_weeks=int(rng.integers(0, 3)),
            budget_per_period=_value(case, parts) * float(rng.uniform(2.0, 8.0))
            + float(rng.uniform(0.0, 2.0)) * parts["unit_cost"].max(),
        ),
        parts=parts,
        suppliers=_suppliers(rng, case, parts),
        lanes=_lanes(rng, case.network.lanes),
        events=_events(rng, case.network),
    )
    waiting_price = {group: 2.5 * price for group, price in case.waiting_price.items()}
    case = replace(case, network=network, waiting_price=waiting_price)
    case = replace(case, network=replace(network, sites=_sites(rng, case)))
    return replace(case, previous=_previous(rng, case))


def _value(case: Case, parts: pd.DataFrame) -> float:
    """Money of an average week's demand."""
    cost = dict(zip(parts["part"], parts["unit_cost"], strict=True))
    return float(
        sum(cost[part] * mean for part, mean in zip(case.forecast.part, case.forecast.mean.mean(axis=1), strict=True))
    )


def _parts(rng: np.random.Generator, case: Case) -> pd.DataFrame:
    parts = case.network.parts
    number = len(parts)
    return parts.assign(
        supplier=rng.choice(["S1", "S1", "S1", "S2", ""], number),
        dangerous_goods=rng.random(number) < 0.4,
        moq=rng.choice([1, 2, 3, 5, 8], number),
        order_multiple=rng.integers(1, 4, number),
        shelf_life_days=rng.choice([NONE, NONE, 6.0, 6.0, 13.0, 20.0], number),
        last_order_by=pd.Series(
            [
                pd.Timestamp(MONDAY + timedelta(days=int(days))) if rng.random() < 0.6 else pd.NaT
                for days in rng.integers(0, 21, number)
            ]
        ),
    )


def _suppliers(rng: np.random.Generator, case: Case, parts: pd.DataFrame) -> pd.DataFrame:
    """The one of the network and a faster one, each with a minimum worth some weeks of demand."""
    lead = float(case.network.suppliers["lead_time_days"].iloc[0])
    value = _value(case, parts)
    rows = [
        {"supplier": name, "lead_time_days": days, "minimum_order_value": value * float(rng.uniform(0.5, 4.0))}
        for name, days in (("S1", lead), ("S2", min(lead, 4.0)))
    ]
    return table("suppliers", rows)


def _lanes(rng: np.random.Generator, lanes: pd.DataFrame) -> pd.DataFrame:
    """Every supply lane has a minimum charge, consignments of limited size, kg and litres a week."""
    number = len(lanes)
    supply = (lanes["origin"] == "HUB").to_numpy()

    def on_supply(values: Any, otherwise: Any) -> Any:
        return np.where(supply, values, otherwise)

    return lanes.assign(
        minimum_charge=on_supply(rng.uniform(3, 15, number), 0.0),
        cost_per_consignment=on_supply(rng.uniform(2, 10, number), 0.0),
        consignment_kg=on_supply(rng.uniform(2, 6, number), NONE),
        capacity_kg_per_week=on_supply(rng.uniform(2, 8, number), NONE),
        capacity_m3_per_week=on_supply(rng.uniform(0.004, 0.02, number), NONE),
        dangerous_goods=np.where(supply & (lanes["mode"] == "air"), rng.random(number) < 0.3, True),
    )


def _sites(rng: np.random.Generator, case: Case) -> pd.DataFrame:
    """Room at a depot for a few units and weeks of demand more than is there and on its way.

    Where what is there needs more than the room, the least chance that a shipment is early breaks the rule: optima of
    such networks hang on a solver's tolerance.
    """
    litres = dict(zip(case.network.parts["part"], case.network.parts["volume_l"], strict=True))
    sites = case.network.sites.copy()
    calendar = Calendar(case.network)
    prices = Prices(case.network, calendar)
    frames = (case.forecast_frame, case.shares, case.targets)
    leaves = leaves_of(case.network, frames, case.waiting_price, calendar, prices)
    idle = outlook(leaves, np.zeros((len(leaves.key), calendar.weeks + 1))).depot
    volume = np.array([litres[part] for part, _ in leaves.key])[:, None]
    for row in sites.index[sites["kind"] == "depot"]:
        here = np.array(leaves.depot) == sites.at[row, "site"]
        there = float((volume * idle)[here].sum(axis=0).max())
        week = float((volume[:, 0] * leaves.weekly_mean[:, 0])[here].sum())
        more = max(litres.values()) * rng.uniform(0.3, 1.5) + week * rng.uniform(0.0, 2.0)
        sites.at[row, "storage_m3"] = (1.02 * there + float(more)) / 1000.0
    return sites


def _events(rng: np.random.Generator, network: Network) -> pd.DataFrame:
    """The Spring Festival: a supplier shuts for one to two weeks, and about then a lane or the whole hub."""
    start = MONDAY + timedelta(days=int(rng.integers(3, 21)))
    lanes = network.lanes.loc[network.lanes["origin"] == "HUB", "lane"]
    rows = []
    for number, who in enumerate(
        (f"supplier:S{rng.integers(1, 3)}", str(rng.choice(["site:HUB", *(f"lane:{lane}" for lane in lanes)])))
    ):
        first = start + timedelta(days=int(rng.integers(0, 7)))
        end = first + timedelta(days=int(rng.integers(6, 14)))
        rows.append({"event": f"festival {number}", "kind": "shutdown", "applies_to": who, "start": first, "end": end})
    return table("events", rows)


def _previous(rng: np.random.Generator, case: Case) -> PreviousPlan:
    """What a plan one or two weeks older might have sent: now and then a week's or two weeks' demand, rounded."""
    calendar = Calendar(case.network)
    rows = []
    for leaf, (part, region) in enumerate(zip(case.forecast.part, case.forecast.region, strict=True)):
        for lane in calendar.supply_lanes:
            if calendar.site[calendar.lane[lane].destination].region != region:
                continue
            for week in range(calendar.frozen + 1, HORIZON + 1):
                departs = calendar.departure(lane, week)
                quantity = int(rng.poisson(2.0 * case.forecast.mean[leaf, week - 1]))
                if departs is not None and quantity and rng.random() < 0.4:
                    rows.append((part, lane, pd.Timestamp(departs), quantity))
    return PreviousPlan(pd.DataFrame(rows, columns=NAMES), AS_OF - timedelta(days=7 * int(rng.integers(1, 3))))


def _parts_without(**values: Any) -> Callable[[Network], Network]:
    return lambda network: replace(network, parts=network.parts.assign(**values))


def _lanes_without(**values: Any) -> Callable[[Network], Network]:
    return lambda network: replace(network, lanes=network.lanes.assign(**values))


def _settings_without(**values: Any) -> Callable[[Network], Network]:
    return lambda network: replace(network, settings=replace(network.settings, **values))


WITHOUT: dict[str, Callable[[Network], Network]] = {
    "depot storage": lambda network: replace(network, sites=network.sites.assign(storage_m3=NONE)),
    "minimum order value": lambda n: replace(n, suppliers=n.suppliers.assign(minimum_order_value=0.0)),
    "minimum order quantity": _parts_without(moq=1),
    "order multiple": _parts_without(order_multiple=1),
    "shelf life": _parts_without(shelf_life_days=NONE),
    "last order date": _parts_without(last_order_by=pd.NaT),
    "dangerous goods": _lanes_without(dangerous_goods=True),
    "lane kg": _lanes_without(capacity_kg_per_week=NONE),
    "lane litres": _lanes_without(capacity_m3_per_week=NONE),
    "consignments": _lanes_without(cost_per_consignment=0.0, consignment_kg=NONE),
    "minimum charge": _lanes_without(minimum_charge=0.0),
    "budget": _settings_without(budget_per_period=None),
    "churn": _settings_without(churn_cost=0.0),
    "order line cost": _settings_without(order_line_cost=0.0),
    "frozen weeks": _settings_without(frozen_weeks=0),
    "shutdowns": lambda network: replace(network, events=network.events.iloc[:0]),
}  # fmt: skip
