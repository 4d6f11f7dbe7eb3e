"""What a unit costs that arrives at a depot in each slot, taken from the hub's stock or bought for it."""

from typing import NamedTuple

import numba as nb
import numpy as np

from optimizer.replenishment.instance import NEVER
from optimizer.replenishment.program.facts import Facts, Floats, Ints, Terms, at_hub_by, minimum_lot, room


class Orders(NamedTuple):
    """When a part may be bought, over weeks o = 0..K (0: never). Value: money per unit of unit cost.

    value[o]: of an order of week o received in week r: 1 + budget price − rate·r (leaving in week w adds rate·w), inf
    where it cannot be placed. cheapest[o]: the lowest value of weeks 1..o; week[o]: its week. premium[o]: what a unit
    bought by week o costs more than one that the hub holds already, money.
    """

    value: Floats
    cheapest: Floats
    week: Ints
    premium: Floats


class Slots(NamedTuple):
    """Cheapest money per unit by leaf and arrival slot 0..K, its departure and the units there is room for.

    From the hub's stock (less what it would cost to stay there) and bought (less the credit a unit has at the end).
    Where changes to the plan before cost: what it adds to send nothing, or another line than the earlier one
    (`unsent`, `changed`: money), and the units, money per unit and departure of the earlier line, which adds nothing.
    """

    hub: Floats
    hub_from: Ints
    hub_room: Ints
    buy: Floats
    buy_from: Ints
    buy_room: Ints
    unsent: Floats
    changed: Floats
    earlier_units: Ints
    earlier_hub: Floats
    earlier_buy: Floats
    earlier_from: Ints


@nb.njit(cache=True, error_model="numpy")
def order_prices(i: int, facts: Facts, terms: Terms) -> Orders:
    """What ordering a part costs week by week; a period whose money is spent takes no order."""
    supplier, unit_cost, weeks = facts.supplier[i], facts.unit_cost[i], facts.weeks
    least_order = unit_cost * minimum_lot(i, facts)
    orders = Orders(
        np.full(weeks + 1, np.inf),
        np.full(weeks + 1, np.inf),
        np.zeros(weeks + 1, np.int64),
        np.full(weeks + 1, np.inf),
    )
    for o in range(1, weeks + 1):
        orders.cheapest[o], orders.week[o] = orders.cheapest[o - 1], orders.week[o - 1]
        period = facts.period_of_week[o]
        affordable = terms.budget_left[period] >= least_order * (1.0 - 1e-12)
        if o <= facts.last_order_week[i] and facts.expected[supplier, o - 1] < NEVER and affordable:
            orders.value[o] = 1.0 + terms.budget_price[period] - facts.hub_rate * facts.expected_week[supplier, o - 1]
            if orders.value[o] <= orders.cheapest[o]:
                orders.cheapest[o], orders.week[o] = orders.value[o], o
        orders.premium[o] = unit_cost * (orders.cheapest[o] + facts.hub_rate * (weeks + 1)) - facts.credit[i]
    return orders


@nb.njit(cache=True, error_model="numpy")
def slot_prices(i: int, facts: Facts, terms: Terms, orders: Orders, early: float, before: int) -> Slots:
    """The cheapest departures of every leaf and slot, where the hub's stock is dearer by `early` before a day."""
    first, last = facts.leaf_start[i], facts.leaf_start[i + 1]
    shape = (last - first, facts.weeks + 1)
    changes = shape if facts.churn_cost > 0.0 else (0, 0)
    slots = Slots(
        np.full(shape, np.inf), np.zeros(shape, np.int64), np.zeros(shape, np.int64),
        np.full(shape, np.inf), np.zeros(shape, np.int64), np.zeros(shape, np.int64),
        np.zeros(changes), np.zeros(changes), np.zeros(changes, np.int64),
        np.zeros(changes), np.zeros(changes), np.zeros(changes, np.int64),
    )  # fmt: skip
    first_day = _first_day_at_hub(i, facts)
    for n in range(last - first):
        depot = facts.depot[first + n]
        for j in range(facts.depot_start[depot], facts.depot_start[depot + 1]):
            from_hub, bought, fits, payable = _of_departure(i, j, facts, terms, orders, early, before)
            k = facts.slot[j]
            if fits == 0:
                continue
            if from_hub < slots.hub[n, k] and first_day <= facts.departs[j]:
                slots.hub[n, k], slots.hub_from[n, k], slots.hub_room[n, k] = from_hub, j, fits
            if bought < slots.buy[n, k]:
                slots.buy[n, k], slots.buy_from[n, k], slots.buy_room[n, k] = bought, j, min(fits, payable)
        if facts.churn_cost > 0.0:
            _price_changes(i, n, first_day, facts, terms, orders, early, before, slots)
    return slots


@nb.njit(cache=True, error_model="numpy")
def _of_departure(
    i: int, j: int, facts: Facts, terms: Terms, orders: Orders, early: float, before: int
) -> tuple[float, float, int, int]:
    """(money per unit from the hub, bought; units with room on the departure, units the budget still pays)."""
    moved = facts.lane_cost[i, facts.lane[j]]
    if not np.isfinite(moved):
        return np.inf, np.inf, 0, 0
    moved += facts.weight_kg[i] * (terms.kg_price[j] + facts.consignment_price[j])
    moved += facts.litres[i] * terms.litre_price[j]
    from_hub = moved - facts.hub_rate * facts.unit_cost[i] * (facts.weeks - facts.week[j] + 1)
    latest = facts.latest[facts.supplier[i], j]
    fits = min(room(terms.kg_left[j], facts.weight_kg[i]), room(terms.litres_left[j], facts.litres[i]))
    payable = room(terms.budget_left[facts.period_of_week[orders.week[latest]]], facts.unit_cost[i])
    dearer = early if facts.departs[j] < before else 0.0
    return from_hub + dearer, from_hub + orders.premium[latest], fits, payable


@nb.njit(cache=True, error_model="numpy")
def _price_changes(
    i: int, n: int, first_day: int, facts: Facts, terms: Terms, orders: Orders, early: float, before: int, slots: Slots
) -> None:
    """What changing the earlier plan of a leaf costs, never too much: where it has several lines in a slot, nothing."""
    leaf = facts.leaf_start[i] + n
    lines, unpublished = np.zeros(facts.weeks + 1, np.int64), np.zeros(facts.weeks + 1, np.bool_)
    depot = facts.depot[leaf]
    for j in range(facts.depot_start[depot], facts.depot_start[depot + 1]):
        unpublished[facts.slot[j]] |= not facts.published[j]
    for e in range(facts.earlier_start[leaf], facts.earlier_start[leaf + 1]):
        j, units = facts.earlier_departure[e], facts.earlier_units[e]
        k = facts.slot[j]
        lines[k] += 1
        from_hub, bought, fits, payable = _of_departure(i, j, facts, terms, orders, early, before)
        slots.earlier_units[n, k], slots.earlier_from[n, k] = units, j
        slots.earlier_hub[n, k] = from_hub if first_day <= facts.departs[j] and units <= fits else np.inf
        slots.earlier_buy[n, k] = bought if units <= min(fits, payable) else np.inf
    for k in range(1, facts.weeks + 1):
        slots.unsent[n, k] = facts.churn_cost * lines[k]
        if lines[k] == 1 or (lines[k] == 0 and not unpublished[k]):
            slots.changed[n, k] = facts.churn_cost
        if lines[k] != 1:
            slots.earlier_units[n, k] = 0


@nb.njit(cache=True, error_model="numpy")
def _first_day_at_hub(i: int, facts: Facts) -> int:
    """The first day number on which the hub holds a unit that nobody has yet to buy; NEVER where it gets none."""
    day: int = NEVER
    if facts.hub_stock[i] > 0:
        return 0
    for e in range(facts.hub_inbound_start[i], facts.hub_inbound_start[i + 1]):
        if facts.hub_inbound_units[e] > 0:
            day = min(day, facts.hub_inbound_day[e])
    return day


@nb.njit(cache=True, error_model="numpy")
def hub_in_all(i: int, facts: Facts) -> int:
    """Units the hub holds or is sure to get by the end of week K."""
    return at_hub_by(i, facts.first_monday + 7 * facts.weeks - 1, facts)


@nb.njit(cache=True, error_model="numpy")
def credit_of_start(i: int, facts: Facts) -> float:
    """Money that everything there or under way at first is credited with at the end."""
    units = float(hub_in_all(i, facts))
    for leaf in range(facts.leaf_start[i], facts.leaf_start[i + 1]):
        units += facts.held_at_start[leaf]
    return float(facts.credit[i] * units)


@nb.njit(cache=True, error_model="numpy")
def next_inbound(i: int, facts: Facts) -> int:
    """The day number on which more comes to a hub that holds stock today; 0 where it holds none or nothing comes."""
    if facts.hub_stock[i] == 0 or facts.hub_inbound_start[i] == facts.hub_inbound_start[i + 1]:
        return 0
    day: int = facts.hub_inbound_day[facts.hub_inbound_start[i]]
    return day
