"""A plan small enough to check by hand, over the tiny network, shared by the tests of storage and api."""

from datetime import date
from typing import Any

import pandas as pd
import pandera.pandas as pa

from domain.network import Network, Settings
from domain.schemas import ARTEFACTS, DTYPES, TABLES, about
from tests.networks import tiny_tables

Frames = dict[str, pd.DataFrame]


def tiny_network() -> Network:
    """The tiny network of `tests.networks` with a lateral, a transfer, express, a substitute and quarantined stock."""
    tables, _ = tiny_tables()
    add(tables, "lanes", origin="P12", destination="P11", mode="courier", transit_days=1, cost_per_kg=2.0)
    add(tables, "lanes", origin="D2", destination="D1", mode="road", transit_days=6, transit_days_sd=1, cost_per_kg=1.0)
    add(tables, "lanes", origin="HUB", destination="P11", mode="express", transit_days=4, cost_per_kg=20.0)
    add(tables, "parts", part="0001-B", name="Screen 6.1 (second source)", unit_cost=55.0, weight_kg=0.3)
    add(tables, "stock", site="D1", part="0001-B", condition="good", on_hand=2)
    add(tables, "stock", site="P11", part="0001", condition="quarantine", on_hand=7)
    tables["substitutes"] = pd.DataFrame([{"part": "0001", "substitute": "0001-B"}])
    ends = zip(*(tables["lanes"][name] for name in ("origin", "destination", "mode")), strict=True)
    tables["lanes"]["lane"] = ["-".join(names) for names in ends]
    tables["parts"]["weight_kg"] = tables["parts"]["weight_kg"].fillna(0.02)
    filled = {name: conform(tables.get(name, pd.DataFrame()), schema) for name, schema in TABLES.items()}
    return Network(settings=Settings(as_of=date(2025, 6, 29), currency="USD"), snapshot="tiny", **filled)


def add(tables: Frames, table: str, **row: Any) -> None:
    """One more row of a raw table."""
    tables[table] = pd.concat([tables[table], pd.DataFrame([row])], ignore_index=True)


def conform(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """`frame` with every column of `schema` in its dtype, empty cells filled by the declared default."""
    columns: dict[str, Any] = {}
    for name, column in schema.columns.items():
        note = about(column)
        empty: Any = {"text": note.empty, "boolean": note.empty == "true"}.get(note.kind, note.empty or None)
        given = frame[name].tolist() if name in frame else [None] * len(frame)
        values = [(0 if note.kind == "count" and empty is None else empty) if pd.isna(one) else one for one in given]
        columns[name] = pd.Series(values, dtype=object).astype(DTYPES[note.kind])  # type: ignore[call-overload]
    return pd.DataFrame(columns)


def tiny_frames() -> Frames:
    """The artefacts of a plan of the tiny network: a repair order served, a shelf filled, a shipment, a purchase."""
    week = pd.Timestamp("2025-06-30")
    rows: dict[str, list[dict[str, Any]]] = {
        "forecast": [
            {"part": "0001", "region": "R1", "week": week, "mean": 1.5, "variance": 2.0, "dispersion": 1.0}
            | {"rate_shape": 4.0, "discount": 0.98, "drift": 0, "cumulative_mean": 1.5, "cumulative_variance": 2.0}
            | {"q10": 0, "q50": 1, "q80": 3, "q90": 3, "q95": 4, "q99": 6}
        ],
        "shares": [{"part": "0001", "site": "P11", "share": 0.6}, {"part": "0001", "site": "P12", "share": 0.4}],
        "overrides": [
            {"part": "0001", "region": "R1", "week": week, "system": 7.0, "override": 12.0}
            | {"author": "A. Petrova", "reason": "campaign", "created": "2025-06-25"},
        ],
        "targets": [
            {"part": "0001", "site": "D1", "group": "screens", "base_stock": 12, "expected_backorders": 0.1},
            {"part": "0001", "site": "P11", "group": "screens", "base_stock": 3, "fill_rate": 0.95, "promised": 0.94}
            | {"expected_backorders": 0.02, "mean_wait_days": 0.1, "value_of_next_unit": 31.0},
            {"part": "22E1", "site": "P11", "group": "batteries", "base_stock": 1, "fill_rate": 0.9, "promised": 0.9}
            | {"expected_backorders": 0.1, "mean_wait_days": 0.4, "value_of_next_unit": 2.5},
        ],
        "shipments": [
            {"shipment": "S-1", "part": "0001", "lane": "HUB-D1-air", "departs": "2025-07-03", "arrives": "2025-07-10"}
            | {"quantity": 5, "cost": 14.0, "reason": "without it 2 devices wait from week 3"},
        ],
        "purchase_orders": [
            {"order": "B-1", "supplier": "S1", "part": "0001", "quantity": 20, "order_on": "2025-06-30"}
            | {"expected": "2025-07-14", "value": 1200.0, "reason": "the hub runs dry in week 9"},
        ],
        "allocations": [
            {"part": "22E1", "from_site": "D1", "to_site": "P11", "quantity": 1, "for_repair_order": "RO-1"}
            | {"ships_on": "2025-06-29", "arrives_on": "2025-06-30", "reason": "due 2025-07-02"},
            {"part": "0001", "from_site": "D1", "to_site": "P11", "quantity": 1, "for_repair_order": ""}
            | {"ships_on": "2025-06-29", "arrives_on": "2025-06-30", "reason": "shelf below 3"},
        ],
        "exceptions": [
            {"kind": "late_inbound", "part": "0001", "site": "D1", "money_at_risk": 40.0, "says": "PO-7 is late."}
        ],
    }
    frames = {name: conform(pd.DataFrame(found), ARTEFACTS[name]) for name, found in rows.items()}
    frames["projection"] = pd.DataFrame(
        {"part": ["0001"], "region": ["R1"], "week": [week], "on_hand": [9.5], "backorders": [0.0], "arrivals": [0.0]}
    )
    return frames


def tiny_plan() -> dict[str, Any]:
    """plan.json of the tiny plan."""
    return {"status": "optimal", "snapshot": "tiny", "version": "0.1.0", "gap": 0.0004, "service": {"screens": 0.94}}
