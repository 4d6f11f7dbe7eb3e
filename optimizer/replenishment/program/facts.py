"""What the compiled part programs read: the instance as flat arrays, and the prices and limits parts share."""

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from optimizer.replenishment.instance import Instance
from optimizer.replenishment.week_cost import CostTables

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]

UNLIMITED = 1 << 30  # units


class Facts(NamedTuple):
    """What the compiled programs read of an instance; see `instance` for shapes and units."""

    weeks: int
    first_monday: int
    line_cost: float
    hub_rate: float
    values: Floats
    offset: Ints
    cap: Ints
    expected: Ints
    expected_week: Ints
    latest: Ints
    lane: Ints
    week: Ints
    departs: Ints
    slot: Ints
    depot_start: Ints
    supplier: Ints
    unit_cost: Floats
    credit: Floats
    weight_kg: Floats
    litres: Floats
    moq: Ints
    multiple: Ints
    last_order_week: Ints
    hub_stock: Ints
    hub_inbound_start: Ints
    hub_inbound_day: Ints
    hub_inbound_units: Ints
    lane_cost: Floats
    leaf_start: Ints
    depot: Ints
    held_at_start: Floats
    period_of_week: Ints
    consignment_price: Floats
    shelf_row: Ints
    shelf_limit: Ints
    stock: Floats
    stock_offset: Ints
    slot_law: Floats
    churn_cost: float
    published: npt.NDArray[np.bool_]
    earlier_start: Ints
    earlier_departure: Ints
    earlier_units: Ints


class Terms(NamedTuple):
    """Prices of the rules parts share (≥ 0) and what is left of each limit.

    Money by budget period, kg and litres by departure, litres stored by depot and week (depots, K + 1).
    """

    budget_price: Floats
    kg_price: Floats
    litre_price: Floats
    storage_price: Floats
    budget_left: Floats
    kg_left: Floats
    litres_left: Floats
    storage_left: Floats


def facts_of(instance: Instance, tables: CostTables) -> Facts:
    """The instance and its cost tables as the compiled programs read them."""
    parts, leaves, sailings, ordering = instance.parts, instance.leaves, instance.departures, instance.ordering
    return Facts(
        instance.weeks, instance.first_monday, instance.line_cost, parts.hub_rate,
        tables.values, tables.offset, tables.cap, ordering.expected, ordering.expected_week, ordering.latest,
        sailings.lane, sailings.week, sailings.departs, sailings.slot, sailings.depot_start,
        parts.supplier, parts.unit_cost, parts.credit, parts.weight_kg, parts.litres, parts.moq, parts.multiple,
        parts.last_order_week, parts.hub_stock, parts.hub_inbound_start, parts.hub_inbound_day,
        parts.hub_inbound_units, parts.lane_cost, parts.leaf_start, leaves.depot,
        leaves.initial_stock + leaves.inbound[:, -1], instance.coupling.period_of_week,
        instance.coupling.consignment_price, leaves.shelf_row, leaves.shelf_limit,
        tables.stock, tables.stock_offset, instance.slot_law, instance.earlier.churn_cost, instance.earlier.published,
        instance.earlier.start, instance.earlier.departure, instance.earlier.units,
    )  # fmt: skip


@nb.njit(cache=True, error_model="numpy")
def lot(units: int, minimum: int, multiple: int) -> int:
    """The smallest purchase of at least so many units: none, or the minimum order and multiples above it."""
    if units <= 0:
        return 0
    return max(-(-units // multiple) * multiple, minimum)


@nb.njit(cache=True, error_model="numpy")
def minimum_lot(i: int, facts: Facts) -> int:
    """The part's minimum order, rounded up to its multiple, units."""
    least: int = -(-max(facts.moq[i], 1) // facts.multiple[i]) * facts.multiple[i]
    return least


@nb.njit(cache=True, error_model="numpy")
def room(left: float, size: float) -> int:
    """Units of this size that fit into what is left."""
    if size <= 0.0 or left >= 1e9 * size:
        return UNLIMITED
    return int(max(left, 0.0) * (1.0 + 1e-12) / size)


@nb.njit(cache=True, error_model="numpy")
def at_hub_by(i: int, day: int, facts: Facts) -> int:
    """Units the hub has had by this day if nothing ever left it."""
    units: int = facts.hub_stock[i]
    for e in range(facts.hub_inbound_start[i], facts.hub_inbound_start[i + 1]):
        if facts.hub_inbound_day[e] <= day:
            units += facts.hub_inbound_units[e]
    return units


@nb.njit(cache=True, error_model="numpy")
def received_week(day: int, facts: Facts) -> int:
    """The week of a day number, 1 for days before the first."""
    week: int = max((day - facts.first_monday) // 7 + 1, 1)
    return week


@nb.njit(cache=True, error_model="numpy")
def idle_weeks(i: int, facts: Facts) -> float:
    """Unit-weeks at the hub if nothing ever left it."""
    total = float(facts.hub_stock[i] * facts.weeks)
    for e in range(facts.hub_inbound_start[i], facts.hub_inbound_start[i + 1]):
        received = received_week(facts.hub_inbound_day[e], facts)
        if received <= facts.weeks:
            total += facts.hub_inbound_units[e] * (facts.weeks - received + 1)
    return total
