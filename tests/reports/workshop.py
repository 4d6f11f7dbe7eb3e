"""A phone repair network of 30 parts planned by the real pipeline, shared by the tests of reports."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from domain.forecast import Forecast
from domain.network import Network, Settings
from domain.plan import Allocation, Cost, Plan, ReplenishmentPlan, StockTargets
from domain.schemas import ARTEFACTS, empty_frame
from reports.tables import NO_RULE_PRICES
from scenarios.pipeline import run_pipeline
from tests.random_networks import network_of

AS_OF = date(2025, 6, 29)  # a Sunday: week 1 begins the day after
HOSTILE = {
    "=1+1": '=HYPERLINK("https://example.invalid";"pay")',
    "<script>alert(1)</script>": "<img src=x onerror=alert(1)>",
    "屏-77": "液晶屏总成",
    "ЭКР-5": "Экран 6.1 с рамкой и клеем",
    "L" * 70: "A very long name " * 12,
}
_CLASSES = {"screen": (70.0, 0.35, 1.0), "battery": (16.0, 0.12, 0.2), "camera": (28.0, 0.03, 0.05)}
_CLASSES |= {"connector": (2.5, 0.01, 0.02), "housing": (11.0, 0.2, 0.9)}
_POINTS = {"D1": ("P11", "P12", "P13"), "D2": ("P21", "P22", "P23")}
_WEEKS_KNOWN = 78


@dataclass(frozen=True)
class Case:
    """A network, its forecast and its plan."""

    network: Network
    forecast: Forecast
    plan: Plan


@cache
def workshop() -> Case:
    """The network planned by the real pipeline."""
    done = run_pipeline(_network(np.random.default_rng(7)))
    assert done.forecast is not None
    return Case(done.network, done.forecast, done.plan)


def limited() -> Case:
    """The same plan with limits that cost money, one that does not, and one beyond the published weeks."""
    limits = pd.DataFrame(
        [
            ("budget", "", "2025-06-30", 9000.0, 9000.0, 0.12),
            ("budget", "", "2025-07-28", 0.0, 0.0, 2.5),
            ("budget", "", "2025-08-25", 9000.0, 400.0, 0.0),
            ("lane kg", "HUB-D1-air", "2025-07-01", 40.0, 39.9, 3.4),
            ("lane litres", "HUB-D2-rail", "2025-07-02", 200.0, 200.0, 0.001),
            ("storage", "D2", "2025-07-07", 1500.0, 1500.0, 0.02),
            ("lane kg", "HUB-D1-air", "2026-03-03", 40.0, 40.0, 99.0),
        ],
        columns=["rule", "place", "start", "limit", "used", "price"],
    )
    case = workshop()
    replenishment = replace(case.plan.replenishment, rule_prices=limits.astype({"start": "datetime64[ns]"}))
    return replace(case, plan=replace(case.plan, replenishment=replenishment))


def empty_plan(network: Network) -> Plan:
    """A plan that orders, sends and moves nothing, of a network without demand."""
    nothing = {name: empty_frame(ARTEFACTS[name]) for name in ("targets", "shipments", "purchase_orders", "exceptions")}
    projection = pd.DataFrame(columns=["part", "region", "week", "on_hand", "backorders", "arrivals"])
    return Plan(
        StockTargets(nothing["targets"], {}),
        ReplenishmentPlan(
            status="complete",
            shipments=nothing["shipments"],
            purchase_orders=nothing["purchase_orders"],
            exceptions=nothing["exceptions"],
            projection=projection.astype({"week": "datetime64[ns]", "on_hand": float, "backorders": float}),
            cost=Cost(0, 0, 0, 0, 0, 0, 0, 0),
            objective=Cost(0, 0, 0, 0, 0, 0, 0, 0),
            lower_bound=0.0,
            bound_at_zero_prices=0.0,
            rules=(),
            binding={},
            service={},
            point_service=pd.DataFrame(columns=["part", "site", "promised"]),
            rule_prices=NO_RULE_PRICES,
            gap_owed_to={},
        ),
        Allocation(empty_frame(ARTEFACTS["allocations"]), nothing["exceptions"]),
    )


def empty_case() -> Case:
    """A network of sites and parts in which nothing ever happened."""
    known = workshop().network
    quiet = {name: getattr(known, name).iloc[:0] for name in ("usage", "stock", "inbound", "repair_orders")}
    network = replace(known, **quiet)
    nothing = np.zeros(0)
    names = np.array([], dtype=object)
    rows = np.zeros(0, np.int64)
    return Case(
        network,
        Forecast(AS_OF, names, names, np.zeros((0, 40)), nothing, nothing, nothing, nothing, rows, names, nothing),
        empty_plan(network),
    )


def _network(rng: np.random.Generator) -> Network:
    settings = Settings(
        as_of=AS_OF,
        currency="USD",
        horizon_weeks=26,
        order_line_cost=2.0,
        budget_per_period=9000.0,
        budget_period_weeks=4,
    )
    parts = _parts(rng)
    return network_of(
        settings,
        sites=_sites(),
        lanes=_lanes(),
        suppliers=[
            {"supplier": "S1", "lead_time_days": 14.0, "lead_time_days_sd": 3.0},
            {"supplier": "S2", "lead_time_days": 28.0, "lead_time_days_sd": 5.0},
        ],
        parts=parts,
        usage=_usage(rng, parts),
        stock=_stock(rng, parts),
        inbound=[
            _inbound("PO-7", parts[0], "D1", 10, 12),
            _inbound("PO-8", parts[6], "D2", 20, -4),
            _inbound("PO-9", parts[2], "HUB", 30, 20),
        ],
        repair_orders=[
            {"repair_order": f"RO-{n}", "part": parts[n * 3]["part"], "site": site, "quantity": 1, "due": AS_OF}
            for n, site in enumerate(("P11", "P12", "P21", "P23"))
        ],
        service=[
            {"group": "screens", "part_class": "screen", "fill_rate": 0.95},
            {"group": "batteries", "part_class": "battery", "mean_wait_days": 1.0},
            {"group": "small parts", "part_class": "connector", "fill_rate": 0.97},
        ],
        duties=[
            {"country": "RU", "hs_prefix": "", "duty_rate": 0.05},
            {"country": "KZ", "hs_prefix": "", "duty_rate": 0.03},
        ],
    )


def _sites() -> list[dict[str, Any]]:
    place = {"D1": ("RU", "R1", "Moscow"), "D2": ("KZ", "R2", "Almaty")}
    rows: list[dict[str, Any]] = [{"site": "HUB", "kind": "origin", "country": "CN", "name": "Shenzhen"}]
    for depot, (country, region, name) in place.items():
        rows.append({"site": depot, "kind": "depot", "country": country, "region": region, "name": name})
        for point in _POINTS[depot]:
            rows.append({"site": point, "kind": "repair_point", "country": country, "region": region})
    return rows


def _lanes() -> list[dict[str, Any]]:
    rows = []
    for depot, slow in (("D1", "sea"), ("D2", "rail")):
        fast = {"mode": "air", "transit_days": 5.0, "customs_days": 2.0, "cost_per_kg": 8.0, "departures": "Mon Thu"}
        late = {"mode": slow, "transit_days": 24.0, "customs_days": 4.0, "cost_per_kg": 1.2, "departures": "Wed"}
        late |= {"cost_per_consignment": 60.0, "capacity_kg_per_week": 40.0}
        for lane in (fast, late):
            way = {"lane": f"HUB-{depot}-{lane['mode']}", "origin": "HUB", "destination": depot}
            rows.append({**way, "transit_days_sd": 2.0, "dangerous_goods": True, **lane})
        for days, point in enumerate(_POINTS[depot], start=1):
            courier = {"mode": "courier", "transit_days": float(days), "cost_per_kg": 1.5, "dangerous_goods": True}
            rows.append({"lane": f"{depot}-{point}", "origin": depot, "destination": point, **courier})
    return rows


def _parts(rng: np.random.Generator) -> list[dict[str, Any]]:
    classes, hostile = list(_CLASSES), list(HOSTILE.items())
    rows = []
    for n in range(30):
        part_class = classes[n % len(classes)]
        price, kg, litres = _CLASSES[part_class]
        part, name = hostile[n // 6] if n % 6 == 5 else (f"{n:04d}", f"{part_class.capitalize()} {n // 5 + 1}")
        rows.append(
            {
                "part": part,
                "name": name,
                "part_class": part_class,
                "unit_cost": round(price * float(rng.uniform(0.6, 1.5)), 2),
                "weight_kg": kg,
                "weight_assumed": n % 10 == 0,
                "volume_l": litres,
                "dangerous_goods": part_class == "battery",
                "supplier": ("S1", "S2", "")[n % 3],
                "moq": int(rng.choice([1, 5, 20])),
                "order_multiple": int(rng.choice([1, 5])),
            }
        )
    return rows


def _usage(rng: np.random.Generator, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for part in parts:
        level = float(np.exp(rng.uniform(np.log(0.1), np.log(2.5))))
        for points in _POINTS.values():
            for point in points:
                used = rng.poisson(level * rng.uniform(0.1, 0.6), _WEEKS_KNOWN)
                for week in np.flatnonzero(used):
                    when = AS_OF - timedelta(days=7 * int(_WEEKS_KNOWN - week) - 3)
                    kind = "unmet" if rng.random() < 0.05 else "used"
                    row = {"date": pd.Timestamp(when), "site": point, "part": part["part"], "kind": kind}
                    rows.append(row | {"quantity": int(used[week])})
    return rows


def _stock(rng: np.random.Generator, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    most = {"HUB": 40, "D1": 12, "D2": 8} | {point: 3 for points in _POINTS.values() for point in points}
    return [
        {"site": site, "part": part["part"], "on_hand": int(rng.integers(0, high))}
        for site, high in most.items()
        for part in parts
    ]


def _inbound(order: str, part: dict[str, Any], site: str, quantity: int, days: int) -> dict[str, Any]:
    when = pd.Timestamp(AS_OF + timedelta(days=days))
    return {"order": order, "part": part["part"], "destination": site, "quantity": quantity, "expected": when}
