"""Two depots with a road between them, one part or a few: networks on which every transfer can be tried."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from domain.forecast import Forecast
from domain.network import Network
from domain.plan import StockTargets
from domain.transfers import with_transfers
from optimizer.replenishment import Params, replenish
from tests.one_part import LANE, SETTINGS
from tests.random_networks import AS_OF, Case, network_of, random_network, table

Row = dict[str, Any]

WEEKS = 9  # K = 5 + 2 + 1 + 1
BY_PROGRAMS = Params(exact_leaves=0)


@dataclass(frozen=True)
class Pair:
    """Parts A, B, … at depots D1 and D2, each with one point.

    Demand per week is by part and depot, stock by part and site. The hub lies two
    weeks away by air, the other depot four days by road.
    """

    demand: dict[tuple[str, str], float] = field(default_factory=lambda: {("A", "D1"): 0.3, ("A", "D2"): 0.3})
    stock: dict[tuple[str, str], int] = field(default_factory=dict)
    base_stock: dict[tuple[str, str], int] = field(default_factory=dict)
    orders: dict[tuple[str, str], int] = field(default_factory=dict)
    road: Row = field(default_factory=dict)
    part: Row = field(default_factory=dict)
    more: dict[str, list[Row]] = field(default_factory=dict)
    owner: str = ""
    roads: tuple[tuple[str, str], ...] = (("D1", "D2"), ("D2", "D1"))
    settings: Row = field(default_factory=dict)
    price: float = 40.0

    @property
    def parts(self) -> list[str]:
        """Part numbers."""
        return sorted({part for part, _ in self.demand})

    def network(self) -> Network:
        """The network of the case."""
        sites: list[Row] = [{"site": "HUB", "kind": "origin", "country": "CN", "holding_rate_per_year": 0.26}]
        lanes: list[Row] = []
        air: Row = {name: LANE[name] for name in ("origin", "mode", "cost_per_kg", "departures")}
        for n in ("1", "2"):
            place: Row = {"country": "RU", "region": f"R{n}", "holding_rate_per_year": 0.52}
            sites.append({"site": f"D{n}", "kind": "depot", "owner": self.owner if n == "2" else ""} | place)
            sites.append({"site": f"P{n}", "kind": "repair_point"} | place)
            lanes.append(air | {"lane": f"AIR-{n}", "destination": f"D{n}", "transit_days": 14.0})
        for one, two in self.roads:
            ends: Row = {"lane": f"{one}-{two}", "origin": one, "destination": two}
            lanes.append(ends | {"mode": "road", "transit_days": 4.0, "cost_per_kg": 1.0} | self.road)
        part: Row = {"unit_cost": 100.0, "weight_kg": 2.0, "volume_l": 3.0, "supplier": "S1"}
        tables: dict[str, list[Row]] = {
            "sites": sites,
            "lanes": lanes,
            "suppliers": [{"supplier": "S1", "lead_time_days": 7.0}],
            "parts": [part | {"part": name} | self.part for name in self.parts],
            "stock": [
                {"site": site, "part": part, "condition": "good", "on_hand": units}
                for (part, site), units in self.stock.items()
            ],
            "repair_orders": [
                {"repair_order": f"RO-{part}", "part": part, "site": site, "quantity": units, "due": AS_OF}
                for (part, site), units in self.orders.items()
            ],
        }
        free: Row = {"horizon_weeks": 5, "order_line_cost": 0.0} | self.settings
        return network_of(replace(SETTINGS, **free), **(tables | self.more))

    def forecast(self) -> Forecast:
        """The same mean every week, ψ = 1.2, a = 5."""
        leaves = [(part, depot) for part in self.parts for depot in ("D1", "D2")]
        number = len(leaves)
        return Forecast(
            as_of=AS_OF,
            part=np.array([part for part, _ in leaves], dtype=object),
            region=np.array([f"R{depot[1]}" for _, depot in leaves], dtype=object),
            mean=np.array([[self.demand.get(leaf, 0.01)] * WEEKS for leaf in leaves]),
            batch_index=np.full(number, 1.2),
            rate_shape=np.full(number, 5.0),
            discount=np.ones(number),
            drift=np.zeros(number),
            share_leaf=np.arange(number),
            share_site=np.array([f"P{depot[1]}" for _, depot in leaves], dtype=object),
            share=np.ones(number),
        )

    def targets(self) -> StockTargets:
        """Base stock of the points, one group."""
        rows = [
            {"part": part, "site": site, "group": "default", "base_stock": self.base_stock.get((part, site), 0)}
            for part in self.parts
            for site in ("P1", "P2")
        ]
        return StockTargets(pd.DataFrame(rows), {"default": self.price})


def total(network: Network, forecast: Forecast, targets: StockTargets, moves: pd.DataFrame | None = None) -> float:
    """Cost of the replenishment planned with these transfers, without what they cost themselves."""
    moved = network if moves is None else with_transfers(network, moves)
    return replenish(moved, forecast, targets, BY_PROGRAMS).objective.total


def random_pair(seed: int) -> Case | None:
    """The random network of this seed with roads between its depots, much of a part at one; None with one depot."""
    case = random_network(seed)
    network = case.network
    if (network.sites["kind"] == "depot").sum() < 2:
        return None
    rng = np.random.default_rng([seed, 7])
    roads: list[Row] = [
        {
            "lane": f"{one}-{two}-road",
            "origin": one,
            "destination": two,
            "mode": "road",
            "transit_days": float(rng.integers(2, 12)),
            "cost_per_kg": float(rng.uniform(0.5, 3.0)),
            "minimum_charge": float(rng.choice([0.0, 8.0])),
            "departures": str(rng.choice(["", "Tue Fri"])),
            "dangerous_goods": bool(rng.random() < 0.7),
        }
        for one, two in (("D1", "D2"), ("D2", "D1"))
    ]
    plenty: Row = {
        "site": str(rng.choice(["D1", "D2"])),
        "part": str(rng.choice(network.parts["part"])),
        "condition": "good",
        "on_hand": int(rng.integers(4, 12)),
        "expires": pd.Timestamp(AS_OF + timedelta(days=400)),
    }
    lanes = pd.concat([network.lanes, table("lanes", roads)]).sort_values("lane", ignore_index=True)
    stock = pd.concat([network.stock, table("stock", [plenty])], ignore_index=True)
    return replace(case, network=replace(network, lanes=lanes, stock=stock))
