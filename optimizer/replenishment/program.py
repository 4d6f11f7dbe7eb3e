"""Part programs: the cheapest plan of every part at given prices, and a lower bound on it (MODEL 3).

A leaf's program is a shortest path over arrival slots with its cumulative shipments as state; suffix minima make one
slot O(cap). Inside a part the hub's stock is priced by a multiplier (one row: units taken from the hub ≤ units there)
and the minimum order by two branches: no purchase, or at least one of MOQ.
"""

from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt

from optimizer.replenishment.instance import NEVER, Instance
from optimizer.replenishment.week_cost import CostTables

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]

_STEPS = 14  # bisection steps of a multiplier: it is then known to 1/16,000 of its range


@dataclass(frozen=True)
class Prices:
    """Prices of the rules parts share, all ≥ 0: budget (money per money, by period), kg and litres (by departure)."""

    budget: Floats
    kg: Floats
    litres: Floats


@dataclass(frozen=True)
class PartPlans:
    """One plan for every part, as shipment lines and purchases sorted by part.

    leaf, departure, units: one row per shipment line. buyer (part), week (1-based), bought (units): one per purchase.
    cost: true money of the part's plan with consignments at their price per kg, (parts,). bound: the least any plan
    of the part can cost at the prices it was made for, (parts,).
    """

    leaf: Ints
    departure: Ints
    units: Ints
    buyer: Ints
    week: Ints
    bought: Ints
    cost: Floats
    bound: Floats

    def arrivals(self, instance: Instance) -> Counts:
        """Units by leaf and arrival slot − 1, shape (leaves, K)."""
        arriving = np.zeros((len(instance.leaves.part), instance.weeks), np.int32)
        np.add.at(arriving, (self.leaf, instance.departures.slot[self.departure] - 1), self.units)
        return arriving


def replaced(
    instance: Instance, plans: PartPlans, chosen: Ints, lines: list[tuple[int, int, int]],
    orders: list[tuple[int, int, int]],
) -> PartPlans:  # fmt: skip
    """`plans`, the parts `chosen` served by other lines (leaf, departure, units) and orders (part, week, units)."""
    keep = ~np.isin(instance.leaves.part[plans.leaf], chosen)
    keep_order = ~np.isin(plans.buyer, chosen)
    new, ordered = np.array(lines, np.int64).reshape(-1, 3), np.array(orders, np.int64).reshape(-1, 3)
    line = np.vstack([np.column_stack([plans.leaf, plans.departure, plans.units])[keep], new])
    order = np.vstack([np.column_stack([plans.buyer, plans.week, plans.bought])[keep_order], ordered])
    line, order = line[np.lexsort((line[:, 1], line[:, 0]))], order[np.lexsort((order[:, 1], order[:, 0]))]
    return PartPlans(*line.T, *order.T, cost=plans.cost, bound=plans.bound)


def order_prices(instance: Instance, budget_price: Floats) -> tuple[Floats, Ints]:
    """Cheapest value of ordering by week o, per unit of unit cost, and its week: prefix minima, (suppliers, K + 1).

    An order of week o received in week r and leaving in week w costs 1 + budget price − rate·r + rate·w per unit of
    unit cost, rate being the hub's holding rate per week. Column 0 means "cannot be ordered": inf.
    """
    ordering = instance.ordering
    value = 1.0 + budget_price[instance.coupling.period_of_week[1:]] - instance.parts.hub_rate * ordering.expected_week
    value = np.where(ordering.expected < NEVER, value, np.inf)
    best = np.minimum.accumulate(value, axis=1)
    attained = np.isfinite(value) & (value <= best)
    week = np.maximum.accumulate(np.where(attained, np.arange(1, instance.weeks + 1), 0), axis=1)
    rows = len(best)
    return (
        np.concatenate([np.full((rows, 1), np.inf), best], axis=1),
        np.concatenate([np.zeros((rows, 1), np.int64), week], axis=1),
    )


def price_parts(instance: Instance, tables: CostTables, prices: Prices, *, may_buy: bool = True) -> PartPlans:
    """The cheapest plan of every part at `prices`; with `may_buy=False` from the hub's stock only."""
    parts, leaves, sailings, ordering = instance.parts, instance.leaves, instance.departures, instance.ordering
    best_value, best_week = order_prices(instance, prices.budget)
    shape = (len(leaves.part), instance.weeks)
    quantity, departure = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    purchase = np.zeros((len(parts.part), instance.weeks), np.int64)
    cost, bound = np.empty(len(parts.part)), np.empty(len(parts.part))
    _price_all(
        quantity, departure, purchase, cost, bound, may_buy, instance.line_cost, instance.first_monday,
        tables.values, tables.offset, tables.cap,
        best_value, best_week, ordering.latest, ordering.expected_week,
        prices.kg + instance.coupling.consignment_price, prices.litres, instance.coupling.consignment_price,
        sailings.lane, sailings.week, sailings.departs, sailings.slot, sailings.depot_start,
        parts.supplier, parts.unit_cost, parts.credit, parts.weight_kg, parts.litres, parts.moq, parts.multiple,
        parts.last_order_week, parts.hub_stock, parts.hub_inbound_start, parts.hub_inbound_day,
        parts.hub_inbound_units, parts.hub_rate, parts.lane_cost, parts.leaf_start,
        leaves.depot, leaves.initial_stock + leaves.inbound[:, -1],
    )  # fmt: skip
    leaf, slot = np.nonzero(quantity)
    buyer, week = np.nonzero(purchase)
    return PartPlans(
        leaf=leaf,
        departure=departure[leaf, slot].astype(np.int64),
        units=quantity[leaf, slot].astype(np.int64),
        buyer=buyer,
        week=week + 1,
        bought=purchase[buyer, week],
        cost=cost,
        bound=bound,
    )


@nb.njit(cache=True)
def _slot_prices(
    part: int, depot: int, weeks: int, hub_rate: float,
    best_value: Floats, latest: Ints, kg_price: Floats, litre_price: Floats,
    lane: Ints, week: Ints, slot: Ints, depot_start: Ints,
    supplier: Ints, unit_cost: Floats, credit: Floats, weight_kg: Floats, litres: Floats,
    last_order_week: Ints, lane_cost: Floats,
    buy: Floats, buy_departure: Ints, hub: Floats, hub_departure: Ints,
) -> None:  # fmt: skip
    """Cheapest money per unit arriving in each slot, bought or from the hub's stock, less the credit at the end."""
    buy[:] = np.inf
    hub[:] = np.inf
    s = supplier[part]
    for j in range(depot_start[depot], depot_start[depot + 1]):
        moved = lane_cost[part, lane[j]]
        if not np.isfinite(moved):
            continue
        moved += weight_kg[part] * kg_price[j] + litres[part] * litre_price[j]
        k = slot[j]
        from_hub = moved - hub_rate * unit_cost[part] * (weeks - week[j] + 1)
        if from_hub < hub[k]:
            hub[k] = from_hub
            hub_departure[k] = j
        value = best_value[s, min(latest[s, j], last_order_week[part])]
        bought = moved + unit_cost[part] * (value + hub_rate * week[j]) - credit[part]
        if bought < buy[k]:
            buy[k] = bought
            buy_departure[k] = j


@nb.njit(cache=True)
def _leaf_path(
    table: Floats, weeks: int, columns: int, line_cost: float, buy: Floats, hub: Floats,
    premium: float, discount: float, may_buy: bool,
    value: Floats, before: Counts, path: Counts,
) -> tuple[float, int, int]:  # fmt: skip
    """Shortest path of one leaf: (money, units from the hub, units bought); `path[k]` = units arriving in slot k.

    f_k(x) = Ĝ_k(x) + min(f_{k−1}(x), K + u_k·x + min_{y<x}(f_{k−1}(y) − u_k·y)), u_k = min(bought, from the hub).
    """
    for x in range(1, columns):
        value[x] = np.inf
    value[0] = table[0, 0]
    for k in range(1, weeks + 1):
        price = hub[k] + premium
        if may_buy and buy[k] - discount < price:
            price = buy[k] - discount
        if price < np.inf:
            best, best_y = np.inf, 0  # over y < x
            for x in range(columns):
                old = value[x]
                step = line_cost + price * x + best
                if step < old:
                    value[x] = step + table[k, x]
                    before[k, x] = best_y
                else:
                    value[x] = old + table[k, x]
                    before[k, x] = x
                if old - price * x < best:
                    best, best_y = old - price * x, x
        else:
            for x in range(columns):
                value[x] += table[k, x]
                before[k, x] = x
    last = 0
    for x in range(1, columns):
        if value[x] < value[last]:
            last = x
    total = value[last]
    from_hub = bought = 0
    x = last
    for k in range(weeks, 0, -1):
        y = before[k, x]
        path[k] = x - y
        if x > y:
            if may_buy and buy[k] - discount < hub[k] + premium:
                bought += x - y
            else:
                from_hub += x - y
        x = y
    return total, from_hub, bought


@nb.njit(cache=True)
def _all_paths(
    first: int, last: int, values: Floats, offset: Ints, cap: Ints, weeks: int, line_cost: float,
    buy: Floats, hub: Floats, premium: float, discount: float, may_buy: bool, path: Counts,
) -> tuple[float, int, int]:  # fmt: skip
    """All leaves of a part at one hub premium and one discount on purchases: (money, from the hub, bought)."""
    total = 0.0
    from_hub = bought = 0
    for n in range(first, last):
        columns = cap[n] + 1
        table = values[offset[n] : offset[n + 1]].reshape((weeks + 1, columns))
        money, taken, ordered = _leaf_path(
            table, weeks, columns, line_cost, buy[n - first], hub[n - first], premium, discount, may_buy,
            np.empty(columns), np.zeros((weeks + 1, columns), np.int32), path[n - first],
        )  # fmt: skip
        total += money
        from_hub += taken
        bought += ordered
    return total, from_hub, bought


@nb.njit(cache=True)
def _hub_premium(
    first: int, last: int, values: Floats, offset: Ints, cap: Ints, weeks: int, line_cost: float,
    buy: Floats, hub: Floats, at_hub: int, scale: float, discount: float, may_buy: bool, path: Counts,
) -> tuple[float, float, int]:  # fmt: skip
    """(best bound, premium that keeps the hub's stock, units bought there): max over π ≥ 0 of paths(π) − π·stock.

    Lagrangian of "units from the hub ≤ units at the hub"; concave in π, so bisection on the sign of its slope.
    """
    if at_hub == 0:
        total, _, bought = _all_paths(
            first, last, values, offset, cap, weeks, line_cost, buy, hub, np.inf, discount, may_buy, path
        )
        return total, np.inf, bought
    total, from_hub, bought = _all_paths(
        first, last, values, offset, cap, weeks, line_cost, buy, hub, 0.0, discount, may_buy, path
    )
    if from_hub <= at_hub:
        return total, 0.0, bought
    best = total
    low, high = 0.0, max(scale, 1e-6)
    for _ in range(60):
        total, from_hub, bought = _all_paths(
            first, last, values, offset, cap, weeks, line_cost, buy, hub, high, discount, may_buy, path
        )
        best = max(best, total - high * at_hub)
        if from_hub <= at_hub:
            break
        low, high = high, 2.0 * high
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        total, from_hub, bought = _all_paths(
            first, last, values, offset, cap, weeks, line_cost, buy, hub, middle, discount, may_buy, path
        )
        best = max(best, total - middle * at_hub)
        if from_hub == at_hub:
            return best, middle, bought
        if from_hub > at_hub:
            low = middle
        else:
            high = middle
    total, from_hub, bought = _all_paths(
        first, last, values, offset, cap, weeks, line_cost, buy, hub, high, discount, may_buy, path
    )
    return max(best, total - high * at_hub), high, bought


@nb.njit(cache=True)
def _minimum_order(
    first: int, last: int, values: Floats, offset: Ints, cap: Ints, weeks: int, line_cost: float,
    buy: Floats, hub: Floats, at_hub: int, scale: float, minimum: int, leftover_cost: float, path: Counts,
) -> tuple[float, float, float, bool]:  # fmt: skip
    """(bound, premium, discount, may buy) when less than one minimum order is wanted: two branches (MODEL 3).

    No purchase; or at least `minimum` bought, a unit too many costing `leftover_cost`: for every 0 ≤ θ ≤ leftover cost
    paths(buy − θ) + θ·minimum is a lower bound, concave in θ.
    """
    none, none_premium, _ = _hub_premium(
        first, last, values, offset, cap, weeks, line_cost, buy, hub, at_hub, scale, 0.0, False, path
    )
    low, high = 0.0, leftover_cost
    some, premium, bought = _hub_premium(
        first, last, values, offset, cap, weeks, line_cost, buy, hub, at_hub, scale, high, True, path
    )
    some += high * minimum
    discount = high
    if bought > minimum:
        for _ in range(_STEPS):
            middle = 0.5 * (low + high)
            bound, premium, bought = _hub_premium(
                first, last, values, offset, cap, weeks, line_cost, buy, hub, at_hub, scale, middle, True, path
            )
            some, discount = max(some, bound + middle * minimum), middle
            if bought == minimum:
                break
            if bought > minimum:
                high = middle
            else:
                low = middle
    if none <= some:
        return none, none_premium, 0.0, False
    return some, premium, discount, True


@nb.njit(cache=True, parallel=True)
def _price_all(
    quantity: Counts, departure: Counts, purchase: Ints, cost: Floats, bound: Floats,
    may_buy: bool, line_cost: float, first_monday: int, values: Floats, offset: Ints, cap: Ints,
    best_value: Floats, best_week: Ints, latest: Ints, expected_week: Ints,
    kg_price: Floats, litre_price: Floats, consignment_price: Floats,
    lane: Ints, week: Ints, departs: Ints, slot: Ints, depot_start: Ints,
    supplier: Ints, unit_cost: Floats, credit: Floats, weight_kg: Floats, litres: Floats, moq: Ints, multiple: Ints,
    last_order_week: Ints, hub_stock: Ints, hub_inbound_start: Ints, hub_inbound_day: Ints, hub_inbound_units: Ints,
    hub_rate: float, lane_cost: Floats, leaf_start: Ints, depot: Ints, held_at_start: Floats,
) -> None:  # fmt: skip
    weeks = quantity.shape[1]
    for i in nb.prange(len(unit_cost)):
        first, last = leaf_start[i], leaf_start[i + 1]
        leaves = last - first
        buy, hub = np.empty((leaves, weeks + 1)), np.empty((leaves, weeks + 1))
        buy_departure = np.zeros((leaves, weeks + 1), np.int64)
        hub_departure = np.zeros((leaves, weeks + 1), np.int64)
        path = np.zeros((leaves, weeks + 1), np.int32)
        for n in range(first, last):
            _slot_prices(
                i, depot[n], weeks, hub_rate, best_value, latest, kg_price, litre_price,
                lane, week, slot, depot_start, supplier, unit_cost, credit, weight_kg, litres,
                last_order_week, lane_cost,
                buy[n - first], buy_departure[n - first], hub[n - first], hub_departure[n - first],
            )  # fmt: skip
        incoming = hub_inbound_units[hub_inbound_start[i] : hub_inbound_start[i + 1]]
        incoming_day = hub_inbound_day[hub_inbound_start[i] : hub_inbound_start[i + 1]]
        last_day = first_monday + 7 * weeks - 1
        at_hub = hub_stock[i]
        for e in range(len(incoming)):
            if incoming_day[e] <= last_day:
                at_hub += incoming[e]

        minimum = -(-max(moq[i], 1) // multiple[i]) * multiple[i]
        least, premium, bought = _hub_premium(
            first, last, values, offset, cap, weeks, line_cost, buy, hub, at_hub, unit_cost[i], 0.0, may_buy, path
        )
        discount, buying = 0.0, may_buy
        if may_buy and 0 < bought < minimum:
            s = supplier[i]
            order_value = best_value[s, min(weeks, last_order_week[i])]
            leftover_cost = max(unit_cost[i] * (order_value + hub_rate * (weeks + 1)) - credit[i], 0.0)
            least, premium, discount, buying = _minimum_order(
                first, last, values, offset, cap, weeks, line_cost, buy, hub, at_hub, unit_cost[i],
                minimum, leftover_cost, path,
            )  # fmt: skip
        _all_paths(first, last, values, offset, cap, weeks, line_cost, buy, hub, premium, discount, buying, path)

        kept = credit[i] * at_hub  # hub stock as if never used: held to the end, then credited
        constant = -kept + hub_rate * unit_cost[i] * hub_stock[i] * weeks
        for e in range(len(incoming)):
            if incoming_day[e] <= last_day:
                received = max((incoming_day[e] - first_monday) // 7 + 1, 1)
                constant += hub_rate * unit_cost[i] * incoming[e] * (weeks - received + 1)
        start_credit = kept
        for n in range(first, last):
            start_credit += credit[i] * held_at_start[n]
        bound[i] = least + constant + start_credit
        cost[i] = start_credit + _serve(
            i, first, last, weeks, first_monday, line_cost, premium, discount, buying, path,
            buy, buy_departure, hub, hub_departure, quantity, departure, purchase[i],
            values, offset, cap, best_week, latest, expected_week, consignment_price,
            lane, week, departs, supplier, unit_cost, credit, weight_kg, multiple, minimum, last_order_week,
            hub_stock, incoming, incoming_day, hub_rate, lane_cost,
        )  # fmt: skip


@nb.njit(cache=True)
def _serve(
    i: int, first: int, last: int, weeks: int, first_monday: int, line_cost: float,
    premium: float, discount: float, buying: bool, path: Counts,
    buy: Floats, buy_departure: Ints, hub: Floats, hub_departure: Ints,
    quantity: Counts, departure: Counts, purchase: Ints,
    values: Floats, offset: Ints, cap: Ints, best_week: Ints, latest: Ints, expected_week: Ints,
    consignment_price: Floats, lane: Ints, week: Ints, departs: Ints,
    supplier: Ints, unit_cost: Floats, credit: Floats, weight_kg: Floats, multiple: Ints, minimum: int,
    last_order_week: Ints, hub_stock: Ints, incoming: Ints, incoming_day: Ints, hub_rate: float, lane_cost: Floats,
) -> float:  # fmt: skip
    """Turn the paths of a part into shipments and purchases that its hub can serve, and return their true cost.

    Departures in order of date take the hub's stock if their price said so, else what earlier orders left over, else a
    purchase rounded up to the minimum order and the multiple; what nothing can serve in time is not shipped.
    """
    count = 0
    for n in range(first, last):
        for k in range(1, weeks + 1):
            if path[n - first, k] > 0:
                count += 1
    lines = np.empty((count, 4), np.int64)  # departs, leaf, slot, departure
    count = 0
    for n in range(first, last):
        for k in range(1, weeks + 1):
            if path[n - first, k] > 0:
                bought = buying and buy[n - first, k] - discount < hub[n - first, k] + premium
                j = buy_departure[n - first, k] if bought else hub_departure[n - first, k]
                lines[count] = (departs[j], n, k if bought else -k, j)
                count += 1
    order = np.argsort(lines[:, 0], kind="mergesort")

    stock_change = np.zeros(weeks + 2)  # of the hub, by week
    stock_change[1] += hub_stock[i]
    in_stock, next_in = hub_stock[i], 0
    for e in range(len(incoming)):
        received = max((incoming_day[e] - first_monday) // 7 + 1, 1)
        if received <= weeks:
            stock_change[received] += incoming[e]
    left_over = 0
    total = 0.0
    s = supplier[i]
    for line in order:
        day, n, signed_slot, j = lines[line]
        k = abs(signed_slot)
        wanted = path[n - first, k]
        while next_in < len(incoming) and incoming_day[next_in] <= day:
            in_stock += incoming[next_in]
            next_in += 1
        served = 0
        if signed_slot < 0:
            served = min(wanted, in_stock)
            in_stock -= served
        take = min(wanted - served, left_over)
        left_over -= take
        served += take
        order_week = best_week[s, min(latest[s, j], last_order_week[i])]
        if served < wanted and order_week > 0:
            ordered = -(-(wanted - served) // multiple[i]) * multiple[i]
            if purchase[order_week - 1] == 0:
                ordered = max(ordered, minimum)
            purchase[order_week - 1] += ordered
            stock_change[expected_week[s, order_week - 1]] += ordered
            total += unit_cost[i] * ordered
            left_over += ordered - (wanted - served)
            served = wanted
        if served < wanted:
            take = min(wanted - served, in_stock)
            in_stock -= take
            served += take
        if served > 0:
            quantity[n, k - 1] = served
            departure[n, k - 1] = j
            stock_change[week[j]] -= served
            per_unit = lane_cost[i, lane[j]] + weight_kg[i] * consignment_price[j] - credit[i]
            total += line_cost + per_unit * served
    stock = 0.0
    for t in range(1, weeks + 1):
        stock += stock_change[t]
        total += hub_rate * unit_cost[i] * stock
    total -= credit[i] * stock
    for n in range(first, last):
        table = values[offset[n] : offset[n + 1]].reshape((weeks + 1, cap[n] + 1))
        x = 0
        total += table[0, 0]
        for k in range(1, weeks + 1):
            x += quantity[n, k - 1]
            total += table[k, x]
    return total
