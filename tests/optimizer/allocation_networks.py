"""One part among five sites, small enough to allocate by hand, and the yardstick that does it by trying everything.

HUB supplies depot D1 (points A, B) and depot D2 (point C); A and B can help each other, D2 can help D1, and HUB can
send express to A. Every lane leaves daily, a piece weighs 1 kg, so freight per piece is the lane's rate.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from domain.forecast import Forecast
from domain.network import Network, Settings
from domain.plan import Allocation, StockTargets
from tests.random_networks import network_of

AS_OF = date(2024, 3, 6)
TODAY = AS_OF + timedelta(days=1)
WEEKLY_PRICE = 14.0  # money per unit waiting: 2 a day
FACTOR = {1: 4.0, 2: 2.0, 3: 1.0, 4: 0.8, 5: 0.6}
DEPOT = {"A": "D1", "B": "D1", "C": "D2", "D1": "D1", "D2": "D2"}
LANES = {  # days, money per piece
    ("D1", "A"): (1, 1.0),
    ("D1", "B"): (2, 1.0),
    ("D2", "C"): (1, 1.0),
    ("A", "B"): (1, 2.0),
    ("B", "A"): (1, 2.0),
    ("D2", "D1"): (4, 3.0),
    ("HUB", "A"): (6, 12.0),
}
SUPPLY_DAYS = 20  # HUB to a depot
WEEKS = 12

Row = tuple[str, str, str]  # from, to, repair order


@dataclass(frozen=True)
class Order:
    """A repair order: site, pieces, days until it is due (counted from the first day of the plan), priority."""

    site: str
    quantity: int = 1
    due: int = 0
    priority: int = 3


@dataclass(frozen=True)
class Case:
    """Stock, base stock and demand a week by site, open orders, and inbound pieces as (site, days, quantity)."""

    stock: dict[str, int] = field(default_factory=dict)
    base_stock: dict[str, int] = field(default_factory=dict)
    demand: dict[str, float] = field(default_factory=lambda: {"A": 0.5, "B": 0.5, "C": 0.5})
    orders: dict[str, Order] = field(default_factory=dict)
    inbound: tuple[tuple[str, int, int], ...] = ()
    without: tuple[tuple[str, str], ...] = ()
    more: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def network(self) -> Network:
        """The case as a network."""
        kinds = {"HUB": "origin", "D1": "depot", "D2": "depot"}
        region = {site: "R" + depot[1] for site, depot in DEPOT.items()} | {"HUB": ""}
        lanes = [
            {
                "lane": f"{a}-{b}",
                "origin": a,
                "destination": b,
                "transit_days": days,
                "cost_per_kg": rate,
                "mode": "road",
            }
            for (a, b), (days, rate) in LANES.items()
            if (a, b) not in self.without
        ] + [
            {"lane": f"HUB-{d}", "origin": "HUB", "destination": d, "transit_days": SUPPLY_DAYS, "cost_per_kg": 0.5}
            | {"mode": "rail"}
            for d in ("D1", "D2")
        ]
        tables: dict[str, list[dict[str, Any]]] = {
            "sites": [
                {"site": site, "kind": kinds.get(site, "repair_point"), "country": "RU", "region": region[site]}
                for site in ("HUB", *DEPOT)
            ],
            "lanes": lanes,
            "suppliers": [{"supplier": "S", "site": "HUB", "lead_time_days": 0.0}],
            "parts": [{"part": "X", "unit_cost": 40.0, "weight_kg": 1.0, "supplier": "S"}],
            "stock": [{"site": s, "part": "X", "condition": "good", "on_hand": n} for s, n in self.stock.items() if n],
            "repair_orders": [
                {
                    "repair_order": name,
                    "part": "X",
                    "site": one.site,
                    "quantity": one.quantity,
                    "priority": one.priority,
                }
                | {"due": TODAY + timedelta(days=one.due)}
                for name, one in self.orders.items()
            ],
            "inbound": [
                {"order": f"I{n}", "part": "X", "destination": site, "quantity": units}
                | {"expected": TODAY + timedelta(days=days)}
                for n, (site, days, units) in enumerate(self.inbound)
            ],
        }
        for name, rows in self.more.items():
            tables[name] = tables.get(name, []) + rows
        return network_of(Settings(as_of=AS_OF, currency="USD", horizon_weeks=WEEKS), **tables)

    def targets(self) -> StockTargets:
        """Base stock of the points, and behind them of a depot; one group, one price."""
        rows = [
            {"part": "X", "site": s, "group": "" if s in ("D1", "D2") else "default", "base_stock": units}
            for s, units in self.base_stock.items()
        ]
        frame = pd.DataFrame(rows, columns=["part", "site", "group", "base_stock"])
        return StockTargets(frame.astype({"base_stock": "int64"}), {"default": WEEKLY_PRICE})

    def forecast(self) -> Forecast:
        """Poisson demand at a constant rate."""
        regions = {"R1": ("A", "B"), "R2": ("C",)}
        total = {region: sum(self.demand[s] for s in sites) for region, sites in regions.items()}
        points = [
            (leaf, s, self.demand[s] / total[r]) for leaf, (r, sites) in enumerate(regions.items()) for s in sites
        ]
        return Forecast(
            as_of=AS_OF,
            part=np.array(["X", "X"], dtype=object),
            region=np.array(list(regions), dtype=object),
            mean=np.array([[total[r]] * WEEKS for r in regions]),
            batch_index=np.ones(2),
            rate_shape=np.full(2, np.inf),
            discount=np.ones(2),
            drift=np.zeros(2),
            share_leaf=np.array([leaf for leaf, _, _ in points], dtype=np.int64),
            share_site=np.array([s for _, s, _ in points], dtype=object),
            share=np.array([share for _, _, share in points]),
        )


@dataclass(frozen=True)
class _Unit:
    site: str
    order: str
    price: float
    due: int


@dataclass(frozen=True)
class _Way:
    source: tuple[str, int]  # site, day of arrival of an inbound order (−1: stock)
    kind: str  # stock, elsewhere, later
    arrives: int
    cost: float


def cost_by_decision(case: Case) -> dict[tuple[tuple[Row, int], ...], float]:
    """Every way to serve the case with its least cost: rows (from, to, order) with their pieces, sorted."""
    units, limits = _units(case), _limits(case)
    found: dict[tuple[tuple[Row, int], ...], float] = {}
    for ways, cost in _assignments(case, units, limits):
        rows = sorted(
            (way.source[0], unit.site, unit.order)
            for unit, way in zip(units, ways, strict=True)
            if way.kind != "later" and not (way.source[0] == unit.site and not unit.order)
        )
        key = tuple((row, len(list(same))) for row, same in groupby(rows))
        found[key] = min(found.get(key, np.inf), cost)
    return found


def decision_of(allocation: Allocation) -> tuple[tuple[Row, int], ...]:
    """The rows of an allocation as `cost_by_decision` writes them."""
    table = allocation.table
    columns = (table[name] for name in ("from_site", "to_site", "for_repair_order", "quantity"))
    return tuple(sorted(((a, b, order), int(units)) for a, b, order, units in zip(*columns, strict=True)))


def _assignments(
    case: Case, units: list[_Unit], limits: dict[tuple[str, str], int]
) -> Iterator[tuple[tuple[_Way, ...], float]]:
    def extend(number: int, used: dict[tuple[str, str], int]) -> Iterator[tuple[tuple[_Way, ...], float]]:
        if number == len(units):
            yield (), 0.0
            return
        unit = units[number]
        for way in _ways(case, unit):
            gates = _gates(way, unit)
            if all(used.get(gate, 0) < limits.get(gate, 0) for gate in gates):
                more = used | {gate: used.get(gate, 0) + 1 for gate in gates}
                cost = way.cost + unit.price * max(0, way.arrives - unit.due)
                for rest, of_rest in extend(number + 1, more):
                    yield (way, *rest), cost + of_rest

    yield from extend(0, {})


def _gates(way: _Way, unit: _Unit) -> list[tuple[str, str]]:
    site, day = way.source
    if way.kind == "later":
        return [(site, f"inbound {day}")] if day >= 0 else []
    if way.kind == "stock":
        return [(site, "all")]
    return [(site, "all"), (site, "orders")] + ([] if unit.order else [(site, "shelves")])


def _ways(case: Case, unit: _Unit) -> list[_Way]:
    site, depot = unit.site, DEPOT[unit.site]
    found = [_Way((site, -1), "stock", 0, 0.0)]
    for (origin, destination), (days, rate) in LANES.items():
        if destination == site and (origin, destination) not in case.without and (origin != "HUB" or unit.order):
            found.append(_Way((origin, -1), "stock" if origin == depot else "elsewhere", days, rate))
    last_days, last_rate = LANES.get((depot, site), (0, 0.0))
    if depot == "D1" and site != "D1" and ("D2", "D1") not in case.without:
        days, rate = LANES["D2", "D1"]
        found.append(_Way(("D2", -1), "elsewhere", days + last_days, rate + last_rate))
    later = SUPPLY_DAYS + last_days
    found.append(_Way(("HUB", -1), "later", later, last_rate))
    for place, days, _ in case.inbound:
        if place in (site, depot):
            onwards, rate = (last_days, last_rate) if place != site else (0, 0.0)
            if days + onwards < later:
                found.append(_Way((place, days), "later", days + onwards, rate))
    return found


def _units(case: Case) -> list[_Unit]:
    per_day = WEEKLY_PRICE / 7
    units = [
        _Unit(one.site, name, per_day * FACTOR[one.priority], max(one.due, 0))
        for name, one in case.orders.items()
        for _ in range(one.quantity)
    ]
    for site in ("A", "B", "C"):
        law = stats.poisson(case.demand[site] * _days_until_next(case, site) / 7)
        for number in range(1, case.base_stock.get(site, 0) + 1):
            units.append(_Unit(site, "", per_day * 0.5 * float(law.sf(number - 1)), 0))
    return units


def _short(case: Case, site: str) -> int:
    wanted = sum(one.quantity for one in case.orders.values() if one.site == site)
    if site in ("D1", "D2"):
        return wanted
    return max(0, case.base_stock.get(site, 0) + wanted - case.stock.get(site, 0))


def _days_until_next(case: Case, site: str) -> int:
    depot = DEPOT[site]
    courier = LANES[depot, site][0]
    lacking = sum(_short(case, s) for s, of in DEPOT.items() if of == depot) - case.stock.get(depot, 0)
    at_depot = min(SUPPLY_DAYS, _first_day(case, depot, max(lacking, 1)))
    return min(at_depot + courier, _first_day(case, site, max(_short(case, site), 1)))


def _first_day(case: Case, site: str, units: int) -> int:
    came = 0
    for days, quantity in sorted((days, quantity) for place, days, quantity in case.inbound if place == site):
        came += quantity
        if came >= units:
            return days
    return 10**6


def _limits(case: Case) -> dict[tuple[str, str], int]:
    limits = {}
    for site, units in case.stock.items():
        limits[site, "all"] = units
        if site == "HUB":
            limits[site, "orders"] = units
        elif site in ("D1", "D2"):
            spare = max(0, units - sum(_short(case, s) for s, of in DEPOT.items() if of == site))
            limits[site, "orders"] = spare
            limits[site, "shelves"] = max(0, spare - case.base_stock.get(site, 0))
        else:
            own = sum(one.quantity for one in case.orders.values() if one.site == site)
            limits[site, "orders"] = units
            limits[site, "shelves"] = max(0, units - case.base_stock.get(site, 0) - own)
    for place, days, quantity in case.inbound:
        limits[place, f"inbound {days}"] = limits.get((place, f"inbound {days}"), 0) + quantity
    return limits
