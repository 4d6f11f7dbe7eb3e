"""From what depots should get to what the hub can serve: purchases, shipments in order of date, and their true cost."""

import numba as nb
import numpy as np

from optimizer.replenishment.instance import NEVER
from optimizer.replenishment.program.facts import (
    Counts,
    Facts,
    Floats,
    Ints,
    Terms,
    lot,
    minimum_lot,
    received_week,
    room,
)
from optimizer.replenishment.program.slots import Orders, credit_of_start


@nb.njit(cache=True, error_model="numpy")
def serve(
    i: int, facts: Facts, terms: Terms, orders: Orders, path: Counts, chosen: Counts, may_buy: bool,
    quantity: Counts, departure: Counts, purchase: Ints,
) -> float:  # fmt: skip
    """Write the shipments and purchases nearest to `path` that the hub can serve, and return their true cost.

    The hub's own stock goes to the earliest departures; for the rest lots are bought. What nothing can serve in time
    waits for the leaf's next line. path, chosen: units and departure by leaf and slot.
    """
    lines = _by_date(facts, path, chosen)
    if may_buy:
        _buy(i, facts, terms, orders, lines, len(path), purchase)
    _ship(i, facts, terms, lines, len(path), purchase, quantity, departure)
    return true_cost(i, facts, quantity, departure, purchase)


@nb.njit(cache=True, error_model="numpy")
def serve_again(i: int, facts: Facts, terms: Terms, quantity: Counts, departure: Counts, purchase: Ints) -> float:
    """Ship what a plan made earlier ships, as far as the hub can today, and return its true cost; inf where no rule
    allows it now."""
    supplier, least = facts.supplier[i], minimum_lot(i, facts)
    for o in np.flatnonzero(purchase):
        if o + 1 > facts.last_order_week[i] or facts.expected[supplier, o] >= NEVER:
            return np.inf
        if purchase[o] < least or purchase[o] % facts.multiple[i] != 0:
            return np.inf
    path = np.zeros((len(quantity), facts.weeks + 1), np.int32)
    chosen = np.zeros((len(quantity), facts.weeks + 1), np.int32)
    path[:, 1:], chosen[:, 1:] = quantity, departure
    for n in range(len(quantity)):
        if path[n].sum() > facts.cap[facts.leaf_start[i] + n]:
            return np.inf
        for k in np.flatnonzero(path[n]):
            if not np.isfinite(facts.lane_cost[i, facts.lane[chosen[n, k]]]):
                return np.inf
    quantity[:], departure[:] = 0, 0
    _ship(i, facts, terms, _by_date(facts, path, chosen), len(path), purchase, quantity, departure)
    return true_cost(i, facts, quantity, departure, purchase) + credit_of_start(i, facts)


@nb.njit(cache=True, error_model="numpy")
def _by_date(facts: Facts, path: Counts, chosen: Counts) -> Ints:
    """Planned lines (leaf, slot, departure, units) in order of departure."""
    lines = np.empty((np.count_nonzero(path), 4), np.int64)
    days = np.empty(len(lines), np.int64)
    count = 0
    for n in range(path.shape[0]):
        for k in range(1, path.shape[1]):
            if path[n, k] > 0:
                lines[count, 0], lines[count, 1], lines[count, 2], lines[count, 3] = n, k, chosen[n, k], path[n, k]
                days[count] = facts.departs[chosen[n, k]]
                count += 1
    return lines[np.argsort(days, kind="mergesort")]


@nb.njit(cache=True, error_model="numpy")
def _buy(i: int, facts: Facts, terms: Terms, orders: Orders, lines: Ints, leaves: int, purchase: Ints) -> None:
    """Lots that cover what the hub's own stock does not: cumulative needs by the last week that is early enough.

    Needs are joined to lots so that each is worth the minimum order, at least money (Wagner & Whitin 1958, a lot being
    a run of needs); only the last lot may exceed what is needed by more than its multiple.
    """
    deadline, needed = _needs(i, facts, terms, orders, lines, leaves)
    number = len(deadline)
    minimum, multiple = minimum_lot(i, facts), facts.multiple[i]
    rounded = np.zeros(number + 1, np.int64)
    for m in range(number):
        rounded[m + 1] = -(-needed[m] // multiple) * multiple
    cost, start, week = np.full(number + 1, np.inf), np.zeros(number + 1, np.int64), np.zeros(number + 1, np.int64)
    cost[0] = 0.0
    for begin in range(number):
        if cost[begin] == np.inf:
            continue
        for end in range(begin + 1, number + 1):
            size = rounded[end] - rounded[begin]
            if 0 < size < minimum and end < number:
                continue
            size = lot(size, minimum, multiple)
            best, at = (0.0, 0) if size == 0 else (np.inf, 0)
            for o in range(1, deadline[begin] + 1 if size > 0 else 0):
                payable = room(terms.budget_left[facts.period_of_week[o]], facts.unit_cost[i])
                if orders.value[o] * size <= best and size <= payable:
                    best, at = orders.value[o] * size, o
            if cost[begin] + best < cost[end]:
                cost[end], start[end], week[end] = cost[begin] + best, begin, at
    if not _place(i, facts, terms, cost, start, week, rounded, purchase):
        purchase[:] = 0
        _buy_what_is_affordable(i, facts, terms, orders, deadline, needed, purchase)


@nb.njit(cache=True, error_model="numpy")
def _place(
    i: int, facts: Facts, terms: Terms, cost: Floats, start: Ints, week: Ints, rounded: Ints, purchase: Ints
) -> bool:
    """Order the chosen lots; whether all of them can be paid together."""
    end = len(start) - 1
    if cost[end] == np.inf:
        return False
    spent = np.zeros(len(terms.budget_left))
    while end > 0:
        if week[end] > 0:
            size = lot(rounded[end] - rounded[start[end]], minimum_lot(i, facts), facts.multiple[i])
            period = facts.period_of_week[week[end]]
            if size > room(terms.budget_left[period] - spent[period], facts.unit_cost[i]):
                return False
            purchase[week[end] - 1] += size
            spent[period] += size * facts.unit_cost[i]
        end = start[end]
    return True


@nb.njit(cache=True, error_model="numpy")
def _buy_what_is_affordable(
    i: int, facts: Facts, terms: Terms, orders: Orders, deadline: Ints, needed: Ints, purchase: Ints
) -> None:
    """Where the budget does not pay whole lots in time: for each need in the cheapest week, then in any, as it can."""
    minimum, multiple = minimum_lot(i, facts), facts.multiple[i]
    spent, bought = np.zeros(len(terms.budget_left)), 0
    for m in range(len(deadline)):
        for attempt in range(deadline[m] + 1):
            o = orders.week[deadline[m]] if attempt == 0 else deadline[m] + 1 - attempt
            missing = needed[m] - bought
            if missing <= 0:
                break
            if orders.value[o] == np.inf:
                continue
            period = facts.period_of_week[o]
            least = minimum if purchase[o - 1] == 0 else multiple
            affordable = room(terms.budget_left[period] - spent[period], facts.unit_cost[i])
            ordered = max(-(-missing // multiple) * multiple, least)
            ordered = min(ordered, affordable // multiple * multiple)
            if ordered >= least:
                purchase[o - 1] += ordered
                spent[period] += facts.unit_cost[i] * ordered
                bought += ordered


@nb.njit(cache=True, error_model="numpy")
def _needs(i: int, facts: Facts, terms: Terms, orders: Orders, lines: Ints, leaves: int) -> tuple[Ints, Ints]:
    """(last week in which to order, units needed by then in all) beyond the hub's own stock, weeks rising."""
    wanted, waiting = np.zeros(facts.weeks + 1, np.int64), np.zeros(leaves, np.int64)
    in_stock, next_in = facts.hub_stock[i], facts.hub_inbound_start[i]
    for line in range(len(lines)):
        n, _, j, units = lines[line]
        while next_in < facts.hub_inbound_start[i + 1] and facts.hub_inbound_day[next_in] <= facts.departs[j]:
            in_stock += facts.hub_inbound_units[next_in]
            next_in += 1
        units += waiting[n]
        moving = min(units, _fits(i, j, facts, terms))
        own = min(moving, in_stock)
        in_stock -= own
        latest, waiting[n] = facts.latest[facts.supplier[i], j], units - own
        if orders.week[latest] > 0:
            wanted[latest] += moving - own
            waiting[n] = units - moving
    deadline = np.flatnonzero(wanted)
    return deadline, np.cumsum(wanted[deadline])


@nb.njit(cache=True, error_model="numpy")
def _ship(
    i: int, facts: Facts, terms: Terms, lines: Ints, leaves: int, purchase: Ints, quantity: Counts, departure: Counts
) -> None:
    """Serve the lines in order of departure from what is at the hub by then."""
    waiting = np.zeros(leaves, np.int64)
    ordered = np.flatnonzero(purchase)
    in_stock, next_in, next_order = facts.hub_stock[i], facts.hub_inbound_start[i], 0
    for line in range(len(lines)):
        n, k, j, units = lines[line]
        day = facts.departs[j]
        while next_in < facts.hub_inbound_start[i + 1] and facts.hub_inbound_day[next_in] <= day:
            in_stock += facts.hub_inbound_units[next_in]
            next_in += 1
        while next_order < len(ordered) and facts.expected[facts.supplier[i], ordered[next_order]] <= day:
            in_stock += purchase[ordered[next_order]]
            next_order += 1
        units += waiting[n]
        served = min(units, in_stock, _fits(i, j, facts, terms))
        in_stock -= served
        waiting[n] = units - served
        if served > 0:
            quantity[n, k - 1], departure[n, k - 1] = served, j


@nb.njit(cache=True, error_model="numpy")
def _fits(i: int, j: int, facts: Facts, terms: Terms) -> int:
    """Units of a part that a departure still has room for."""
    return min(room(terms.kg_left[j], facts.weight_kg[i]), room(terms.litres_left[j], facts.litres[i]))


@nb.njit(cache=True, error_model="numpy")
def true_cost(i: int, facts: Facts, quantity: Counts, departure: Counts, purchase: Ints) -> float:
    """Money of one part's plan, consignments at their price per kg, without the credit of what is there at first."""
    weeks, unit_cost, total = facts.weeks, facts.unit_cost[i], 0.0
    change = np.zeros(weeks + 1)  # of the hub's stock, by week
    change[1] += facts.hub_stock[i]
    for e in range(facts.hub_inbound_start[i], facts.hub_inbound_start[i + 1]):
        received = received_week(facts.hub_inbound_day[e], facts)
        if received <= weeks:
            change[received] += facts.hub_inbound_units[e]
    for o in range(weeks):
        if purchase[o] > 0:
            change[facts.expected_week[facts.supplier[i], o]] += purchase[o]
            total += unit_cost * purchase[o]
    for n in range(len(quantity)):
        leaf = facts.leaf_start[i] + n
        table = facts.values[facts.offset[leaf] : facts.offset[leaf + 1]].reshape((weeks + 1, facts.cap[leaf] + 1))
        x = 0
        total += table[0, 0]
        for k in range(1, weeks + 1):
            units = quantity[n, k - 1]
            if units > 0:
                j = departure[n, k - 1]
                moved = facts.lane_cost[i, facts.lane[j]] + facts.weight_kg[i] * facts.consignment_price[j]
                total += facts.line_cost + (moved - facts.credit[i]) * units
                change[facts.week[j]] -= units
                x += units
            total += table[k, x]
    if facts.churn_cost > 0.0:
        total += facts.churn_cost * _changed_lines(i, facts, quantity, departure)
    stock = 0.0
    for t in range(1, weeks + 1):
        stock += change[t]
        total += facts.hub_rate * unit_cost * stock
    return float(total - facts.credit[i] * stock)


@nb.njit(cache=True, error_model="numpy")
def _changed_lines(i: int, facts: Facts, quantity: Counts, departure: Counts) -> int:
    """Departures published by both plans on which the earlier plan of the part ships another quantity."""
    changed: int = 0
    for n in range(len(quantity)):
        leaf = facts.leaf_start[i] + n
        begin, end = facts.earlier_start[leaf], facts.earlier_start[leaf + 1]
        for k in range(facts.weeks):
            if quantity[n, k] > 0 and facts.published[departure[n, k]]:
                changed += 1
        for e in range(begin, end):
            j = facts.earlier_departure[e]
            k = facts.slot[j] - 1
            if quantity[n, k] == 0 or departure[n, k] != j:
                changed += 1
            elif quantity[n, k] == facts.earlier_units[e]:
                changed -= 1
    return changed
