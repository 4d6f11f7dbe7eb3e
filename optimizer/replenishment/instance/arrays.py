"""The replenishment problem as arrays: what each holds, its shape and its unit."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.logistics import SupplyLanes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

NEVER = np.iinfo(np.int64).max // 4  # a day number after every horizon
_BITS = 34  # of a mantissa: ten decimal digits


def ten_digits(figures: Floats) -> Floats:
    """`figures` rounded to 34 binary, about ten decimal digits."""
    mantissa, exponent = np.frexp(figures)
    return np.asarray(np.ldexp(np.round(np.ldexp(mantissa, _BITS)), exponent - _BITS))


@dataclass(frozen=True)
class Parts:
    """Parts with a forecast, and what their hub holds. Money per unit, kg, litres, units, day numbers."""

    part: Texts
    supplier: Ints
    unit_cost: Floats
    credit: Floats  # what a unit left at the end is worth: unit cost less obsolescence
    weight_kg: Floats
    litres: Floats
    moq: Ints
    multiple: Ints
    mended: Floats  # share of used units that comes back and is repaired
    mending_days: Floats  # from use to repaired
    last_order_week: Ints
    hub_stock: Ints
    hub_inbound_start: Ints  # slice of hub_inbound_* per part, shape (parts + 1,)
    hub_inbound_day: Ints
    hub_inbound_units: Ints
    hub_rate: float  # holding rate per week at the hub
    lane_cost: Floats  # freight + duty + capital under way per unit, (parts, lanes), inf where not allowed
    freight: Floats  # (parts, lanes)
    duty: Floats  # (parts, lanes)
    transit: Floats  # capital under way, (parts, lanes)
    leaf_start: Ints  # leaves of a part are contiguous, shape (parts + 1,)


@dataclass(frozen=True)
class Leaves:
    """Part × depot with demand, sorted by part. Units and money per unit and week."""

    part: Ints
    depot: Ints
    region: Texts
    net_stock: Floats  # O: depot and points' good stock − points' base stock − open repair orders
    initial_stock: Floats  # good stock at depot and points, units
    inbound: Floats  # cumulative frozen inbound, (leaves, K)
    late_mean: Floats  # M_t − M_w: demand taken as certain, (leaves, K)
    window_mean: Floats  # M_w, (leaves, K)
    window_variance: Floats  # (leaves, K)
    weekly_mean: Floats  # (leaves, K)
    batch_index: Floats
    kappa: Floats
    discount: Floats  # δ of the rate's evidence per week
    drift: Floats  # ω: 0 for a constant rate, 1 for one that drifts (MODEL 1)
    landed: Floats
    lead_weeks: Floats  # of the ordinary lane
    holding: Floats  # at the depot
    point_start: Ints  # slice of Points per leaf, (leaves + 1,)
    shelf_row: Ints  # row of `shelf_limit`, −1 where the part does not spoil
    shelf_limit: (
        Ints  # most units shipped in all by a shipment that arrives in slot k = 0..K, (leaves that spoil, K + 1)
    )


@dataclass(frozen=True)
class Points:
    """Repair points of each leaf, in leaf order."""

    site: Texts
    group: Ints
    share: Floats
    base_stock: Ints
    net_stock: Floats  # good stock today less what open repair orders there wait for, units
    courier_weeks: Floats
    holding: Floats  # money per unit and week
    waiting: Floats  # b: money per unit waiting and week


@dataclass(frozen=True)
class Departures:
    """Departures whose arrival slot lies in the inner horizon, sorted by (depot, slot, lane). Day numbers."""

    lane: Ints
    depot: Ints
    week: Ints
    departs: Ints
    arrives: Ints
    slot: Ints
    depot_start: Ints  # slice per depot, (depots + 1,)


@dataclass(frozen=True)
class EarlierLines:
    """What the plan before ships on departures that both plans publish, sorted by leaf and slot."""

    churn_cost: float  # money per changed order line
    published: npt.NDArray[np.bool_]  # by both plans, (departures,)
    start: Ints  # slice per leaf, (leaves + 1,)
    departure: Ints
    units: Ints


@dataclass(frozen=True)
class Ordering:
    """When each supplier takes orders: cheapest prefix first. (suppliers, K); week k is column k − 1."""

    expected: Ints  # day number on which an order of that Monday can leave the hub, NEVER where closed or frozen
    expected_week: Ints
    latest: Ints  # (suppliers, departures): last order week that still makes the departure, 0 if none


@dataclass(frozen=True)
class Coupling:
    """Rows that parts share: budget per period, then kg and litres per departure. NaN-free: only limited rows."""

    budget: Floats  # money, (periods,), inf = no limit
    period_of_week: Ints  # (K + 1,), by 1-based week
    kg: Floats  # (departures,), inf = no limit
    litres: Floats  # (departures,), inf = no limit
    consignment_price: Floats  # money per kg, (departures,): cost per consignment ÷ its size, a lower bound
    storage: Floats  # litres, (depots,), inf = no limit
    minimum_value: Floats  # money per order day, (suppliers,)


@dataclass(frozen=True)
class Instance:
    """Everything the optimizer reads."""

    weeks: int  # K, inner horizon
    first_monday: int  # day number of the Monday of week 1
    published: int  # T
    line_cost: float
    lanes: SupplyLanes
    lane_ids: Texts
    depots: Texts
    suppliers: Texts
    supplier_lead_days: Floats  # mean, (suppliers,)
    supplier_lead_days_sd: Floats
    groups: tuple[str, ...]
    parts: Parts
    leaves: Leaves
    points: Points
    departures: Departures
    ordering: Ordering
    coupling: Coupling
    earlier: EarlierLines
    slot_law: Floats  # ρ: (depots, K + 1 weeks, K + 1 slots)
