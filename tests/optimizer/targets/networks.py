"""A network of two regions with its forecast, for the targets from end to end."""

from dataclasses import replace
from typing import Any

import numpy as np

from domain.forecast import Forecast
from domain.network import Network, Settings
from tests.random_networks import AS_OF, network_of

WEEKS = 30
POINTS = {"R1": ["A1", "A2"], "R2": ["B1", "B2"]}
PARTS = ["p1", "p2", "p3"]


def two_regions(**tables: list[dict[str, Any]]) -> Network:
    """One hub, depots D1 and D2 with two points each, three parts from a supplier; named tables replace the rows."""
    rows: dict[str, list[dict[str, Any]]] = {
        "sites": [
            {"site": "HUB", "kind": "origin", "country": "CN", "region": ""},
            {"site": "D1", "kind": "depot", "country": "RU", "region": "R1", "holding_rate_per_year": 0.2},
            {"site": "D2", "kind": "depot", "country": "KZ", "region": "R2", "holding_rate_per_year": 0.2},
            {"site": "A1", "kind": "repair_point", "country": "RU", "region": "R1", "holding_rate_per_year": 0.3},
            {"site": "A2", "kind": "repair_point", "country": "RU", "region": "R1", "line_cost_per_year": 2.6},
            {"site": "B1", "kind": "repair_point", "country": "KZ", "region": "R2"},
            {"site": "B2", "kind": "repair_point", "country": "KZ", "region": "R2"},
        ],
        "lanes": [
            lane("HUB", "D1", "air", 5, 9.0, customs_days=2, transit_days_sd=1.0),
            lane("HUB", "D1", "sea", 33, 1.0, customs_days=2, transit_days_sd=3.0, customs_days_sd=4.0),
            lane("HUB", "D2", "sea", 28, 1.0),
            lane("D1", "A1", "courier", 1.5, 2.0),
            lane("D1", "A1", "road", 1, 2.0),
            lane("D1", "A2", "road", 4, 2.0),
            lane("D2", "B1", "courier", 2, 2.0),
            lane("D2", "B2", "courier", 3, 2.0),
            lane("D1", "B2", "courier", 1, 2.0),
        ],
        "suppliers": [{"supplier": "S1", "site": "HUB", "lead_time_days": 21.0, "lead_time_days_sd": 2.0}],
        "parts": [part("p1", 20.0), part("p2", 5.0, part_class="screen"), part("p3", 1.0)],
        "stock": [{"site": "HUB", "part": name, "condition": "good", "on_hand": 5} for name in PARTS],
        "service": [{"group": "screens", "part_class": "screen", "fill_rate": 0.95}],
    }
    return network_of(Settings(as_of=AS_OF, currency="USD", fill_rate=0.9), **(rows | tables))


def lane(
    origin: str, destination: str, mode: str, transit_days: float, cost_per_kg: float, **more: Any
) -> dict[str, Any]:
    return {
        "lane": f"{origin}-{destination}-{mode}",
        "origin": origin,
        "destination": destination,
        "mode": mode,
        "transit_days": transit_days,
        "cost_per_kg": cost_per_kg,
        **more,
    }


def part(name: str, unit_cost: float, **more: Any) -> dict[str, Any]:
    return {"part": name, "unit_cost": unit_cost, "weight_kg": 1.0, "supplier": "S1", **more}


def demand(weekly: dict[tuple[str, str], float], **changes: Any) -> Forecast:
    """A forecast of constant weekly means by part and region, shared 3 : 1 by the points."""
    leaves = sorted(weekly)
    rows = [(i, POINTS[leaf[1]][p], share) for i, leaf in enumerate(leaves) for p, share in enumerate((0.75, 0.25))]
    count = len(leaves)
    forecast = Forecast(
        as_of=AS_OF,
        part=np.array([key[0] for key in leaves], dtype=object),
        region=np.array([key[1] for key in leaves], dtype=object),
        mean=np.repeat(np.array([[weekly[key]] for key in leaves]), WEEKS, axis=1),
        batch_index=np.full(count, 1.2),
        rate_shape=np.full(count, 5.0),
        discount=np.ones(count),
        drift=np.zeros(count),
        share_leaf=np.array([row[0] for row in rows]),
        share_site=np.array([row[1] for row in rows], dtype=object),
        share=np.array([row[2] for row in rows]),
    )
    return replace(forecast, **changes)
