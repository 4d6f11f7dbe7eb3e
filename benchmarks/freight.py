"""Lane rates and lead times from real international shipments, by robust fits: USAID, SCMS delivery history 2006-2012.

The rows are dirty: weight and freight are numbers in about 60 % of them, order dates in a quarter, and a few goods
"arrive" before they were ordered. Each figure is a median or another quantile of the rows in which it can be read.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

SHIPMENTS = "scms_shipments_to_2012.csv.gz"
MODES = {"Air": "air", "Ocean": "sea", "Truck": "road"}
READY = 0.05  # the fastest twentieth of orders found the goods ready: what they took is transport alone
OUTLIERS = 0.99  # days late beyond this quantile count as this quantile


@dataclass(frozen=True)
class ModeFreight:
    """One mode of transport: USD per kg, door-to-door calendar days and their standard deviation."""

    cost_per_kg: float
    days: float
    days_sd: float


@dataclass(frozen=True)
class Freight:
    """What moving goods costs and takes: modes by name; insurance as a share of value; days from an order to readiness
    at a quick, a usual and a slow supplier (quartiles)."""

    modes: dict[str, ModeFreight]
    insurance_rate: float
    supplier_days: tuple[float, float, float]


def read_shipments(real_data: Path) -> pd.DataFrame:
    """mode, kg, freight (USD), insured (premium as a share of value), days (PO sent to delivered), late (delivered
    less scheduled); NaN where a cell says something else. One row per consignment line; modes outside MODES are left
    out."""
    raw = pd.read_csv(real_data / SHIPMENTS, dtype=str, keep_default_na=False)
    raw = raw[raw["Shipment Mode"].isin(MODES)].reset_index(drop=True)
    delivered = _day(raw["Delivered to Client Date"], "%d-%b-%y")
    value = _number(raw["Line Item Value"])
    days = (delivered - _day(raw["PO Sent to Vendor Date"], "%m/%d/%y")).dt.days
    return pd.DataFrame(
        {
            "mode": raw["Shipment Mode"].map(MODES),
            "kg": _positive(_number(raw["Weight (Kilograms)"])),
            "freight": _positive(_number(raw["Freight Cost (USD)"])),
            "insured": _positive(_number(raw["Line Item Insurance (USD)"])) / _positive(value),
            "days": _positive(days.astype(float)),
            "late": (delivered - _day(raw["Scheduled Delivery Date"], "%d-%b-%y")).dt.days,
        }
    )


def fit_freight(shipments: pd.DataFrame) -> Freight:
    """Robust fits to `read_shipments`.

    cost_per_kg: median of freight / kg. days: order to delivery of the fastest twentieth, when the goods were ready.
    days_sd: root mean square of days late, cut off at their 99 % quantile (an early delivery is an appointment moved,
    not a fast ship). Suppliers: quartiles of order to delivery by air, less the transport.
    """
    modes = {}
    for mode, rows in shipments.groupby("mode"):
        late = rows["late"].clip(lower=0)
        late = late.clip(upper=late.quantile(OUTLIERS))
        modes[str(mode)] = ModeFreight(
            cost_per_kg=round(float((rows["freight"] / rows["kg"]).median()), 2),
            days=float(np.ceil(rows["days"].quantile(READY))),
            days_sd=round(float((late**2).mean() ** 0.5), 1),
        )
    by_air = shipments.loc[shipments["mode"] == "air", "days"].quantile([0.25, 0.5, 0.75]) - modes["air"].days
    quick, usual, slow = (float(np.ceil(days)) for days in by_air)
    return Freight(modes, round(float(shipments["insured"].median()), 5), (quick, usual, slow))


def _number(cells: "pd.Series[str]") -> "pd.Series[float]":
    """Numbers where the cell is one; "See DN-304 (ID#:10589)" and its like are NaN."""
    return pd.to_numeric(cells, errors="coerce").astype(float)


def _positive(values: "pd.Series[float]") -> "pd.Series[float]":
    return values.where(values > 0)


def _day(cells: "pd.Series[str]", written: str) -> "pd.Series[pd.Timestamp]":
    return pd.to_datetime(cells.str.replace("Sept", "Sep"), format=written, errors="coerce")
