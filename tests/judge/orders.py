"""Shipments and purchase orders of a plan, with the weeks the calendar gives them."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from .calendar import Calendar
from .frames import as_date, rows
from .prices import Prices


@dataclass(frozen=True)
class Shipment:
    """One line: `week` of departure, `slot` of nominal arrival; `arrives` as the plan says it, `due` as it is."""

    part: str
    lane: str
    departs: date
    arrives: date
    due: date
    quantity: float
    week: int
    slot: int

    def __str__(self) -> str:
        return f"shipment of {self.part} by {self.lane} on {self.departs}"


@dataclass(frozen=True)
class Purchase:
    """One order: `week` of ordering; `expected` and `value` as the plan says them, `due` as the calendar has it."""

    part: str
    supplier: str
    ordered: date
    expected: date
    due: date
    quantity: float
    value: float
    week: int

    def __str__(self) -> str:
        return f"purchase of {self.part} on {self.ordered}"


def shipments_of(frame: pd.DataFrame, calendar: Calendar) -> list[Shipment]:
    """The rows of shipments.parquet."""
    shipments = []
    for row in rows(frame):
        lane, departs = str(row.lane), as_date(row.departs)
        due = calendar.arrival(lane, departs)
        shipments.append(
            Shipment(
                part=str(row.part),
                lane=lane,
                departs=departs,
                arrives=as_date(row.arrives),
                due=due,
                quantity=float(row.quantity),
                week=calendar.week(departs),
                slot=calendar.week(due),
            )
        )
    return shipments


def purchases_of(frame: pd.DataFrame, calendar: Calendar, prices: Prices) -> list[Purchase]:
    """The rows of purchase_orders.parquet."""
    purchases = []
    for row in rows(frame):
        part, ordered = str(row.part), as_date(row.order_on)
        purchases.append(
            Purchase(
                part=part,
                supplier=str(row.supplier),
                ordered=ordered,
                expected=as_date(row.expected),
                due=calendar.receipt(prices.part[part].supplier, ordered),
                quantity=float(row.quantity),
                value=float(row.value),
                week=calendar.week(ordered),
            )
        )
    return purchases
