"""One part, one lane, one point: networks and plans small enough to judge by hand."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from domain.network import Network, Settings
from tests.judge import Judged, recompute
from tests.random_networks import AS_OF, MONDAY, network_of

Row = dict[str, Any]


def day(week: int, weekday: int = 0) -> date:
    """A day of a week of the plan; week 1 begins on Monday 2024-03-11."""
    return MONDAY + timedelta(days=7 * (week - 1) + weekday)


# One part of 100 money, 2 kg, 30 litres; hub, depot D1, point P1; a lane of ceil(4.5 + 2) = 7 days that leaves on
# Mondays; a supplier of 7 days. T = 2 and K = 2 + 1 + 1 + 1 = 5 weeks. A week of holding costs 1 % of landed value at
# depot and point (0.52 / 52) and 0.5 % at the hub.
SETTINGS = Settings(as_of=AS_OF, currency="USD", horizon_weeks=2, order_line_cost=4.0, obsolescence_rate=0.1)
SITES: list[Row] = [
    {"site": "HUB", "kind": "origin", "country": "CN", "holding_rate_per_year": 0.26},
    {"site": "D1", "kind": "depot", "country": "RU", "region": "R1", "holding_rate_per_year": 0.52},
    {"site": "P1", "kind": "repair_point", "country": "RU", "region": "R1", "holding_rate_per_year": 0.52},
]
LANE: Row = {
    "lane": "AIR",
    "origin": "HUB",
    "destination": "D1",
    "mode": "air",
    "transit_days": 4.5,
    "customs_days": 2.0,
    "cost_per_kg": 5.0,
    "volumetric_kg_per_m3": 100.0,
    "insurance_rate": 0.02,
    "minimum_charge": 100.0,
    "cost_per_consignment": 40.0,
    "consignment_kg": 5.0,
    "departures": "Mon",
}
PART: Row = {"part": "A", "unit_cost": 100.0, "weight_kg": 2.0, "volume_l": 30.0, "hs_code": "8517", "supplier": "S1"}
DUTIES: list[Row] = [{"country": "RU", "duty_rate": 0.1, "vat_rate": 0.2, "vat_recoverable": False}]
LANDED = 154.44  # 100 + freight 17 + duty 37.44, see test_every_flow_and_stock_is_priced


def build(settings: Settings = SETTINGS, lane: Row | None = None, part: Row | None = None, **tables: Any) -> Network:
    """The network above with what a test changes."""
    given: dict[str, Any] = {
        "sites": SITES,
        "lanes": [LANE | (lane or {})],
        "suppliers": [{"supplier": "S1", "lead_time_days": 7.0}],
        "parts": [PART | (part or {})],
        "duties": DUTIES,
    }
    return network_of(settings, **(given | tables))


def forecast(mean: float, weeks: int = 5, psi: float = 1.0, a: float = np.inf) -> pd.DataFrame:
    """The same mean every week."""
    law = {"dispersion": psi, "rate_shape": a, "discount": 1.0, "drift": 0.0}
    rows = [{"part": "A", "region": "R1", "week": day(t), "mean": mean} | law for t in range(1, weeks + 1)]
    return pd.DataFrame(rows)


def targets(base_stock: int = 1, group: str = "default") -> pd.DataFrame:
    """The target of P1."""
    return pd.DataFrame([{"part": "A", "site": "P1", "group": group, "base_stock": base_stock}])


SHARES = pd.DataFrame([{"part": "A", "site": "P1", "share": 1.0}])
NO_TARGETS = targets().iloc[:0]


def shipments(*lines: Row) -> pd.DataFrame:
    """Shipments of A by AIR, seven days under way unless said otherwise."""
    usual: Row = {"part": "A", "lane": "AIR", "quantity": 1}
    rows: list[Row] = [{"shipment": str(n)} | usual | line for n, line in enumerate(lines)]
    for row in rows:
        row.setdefault("arrives", row["departs"] + timedelta(days=7))
    return pd.DataFrame(rows, columns=["shipment", "part", "lane", "departs", "arrives", "quantity", "cost", "reason"])


def purchases(*lines: Row) -> pd.DataFrame:
    """Purchases of A from S1, expected a week later, unless said otherwise."""
    usual: Row = {"part": "A", "supplier": "S1", "quantity": 1}
    rows: list[Row] = [{"order": str(n)} | usual | line for n, line in enumerate(lines)]
    for row in rows:
        row.setdefault("expected", row["order_on"] + timedelta(days=7))
        row.setdefault("value", row["quantity"] * 100.0)
    columns = ["order", "supplier", "part", "quantity", "order_on", "expected", "value", "reason"]
    return pd.DataFrame(rows, columns=columns)


def judge(
    network: Network,
    demand: pd.DataFrame,
    stock_up_to: pd.DataFrame = NO_TARGETS,
    shipped: pd.DataFrame | None = None,
    bought: pd.DataFrame | None = None,
    price: float = 10.0,
) -> Judged:
    """The judgement of a plan for the one point with all of the demand."""
    shipped = shipments() if shipped is None else shipped
    bought = purchases() if bought is None else bought
    return recompute(network, demand, SHARES, stock_up_to, shipped, bought, {"default": price, "urgent": 10 * price})


def holding_of_depot(network: Network, demand: pd.DataFrame) -> float:
    """Σ E[x⁺] over weeks 1..T: holding in units of what one unit costs, with nothing on the shelf or at the hub."""
    return judge(network, demand, price=0.0).cost["holding"] / (0.01 * LANDED)


def free_hub() -> list[Row]:
    """The sites with a hub where holding costs nothing."""
    return [SITES[0] | {"holding_rate_per_year": 0.0}, *SITES[1:]]
