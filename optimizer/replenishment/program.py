"""Part programs: the cheapest plan of every part at given prices, and a lower bound on it (MODEL 3).

A leaf's program is a shortest path over arrival slots with its cumulative shipments as state; suffix minima make one
slot O(cap). Inside a part the hub's stock is priced by a multiplier (one row: units taken from the hub ≤ units there)
and the minimum order by two branches: no purchase, or at least one of MOQ.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from domain.threads import in_threads, kernel
from optimizer.replenishment.instance import NEVER, Instance
from optimizer.replenishment.week_cost import CostTables

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]

_SLACK = 1e-6  # kg, litres or money by which a limit counts as kept
_STEPS = 14  # bisection steps of a multiplier: it is then known to 1/16,000 of its range


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


class Terms(NamedTuple):
    """Prices of the rules parts share (≥ 0: money per money, per kg, per litre) and what is left of each limit."""

    budget_price: Floats
    kg_price: Floats
    litre_price: Floats
    budget_left: Floats
    kg_left: Floats
    litres_left: Floats


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

    def with_parts(
        self, instance: Instance, chosen: Ints, lines: list[tuple[int, int, int]], orders: list[tuple[int, int, int]]
    ) -> "PartPlans":
        """The parts `chosen` served by other lines (leaf, departure, units) and orders (part, week, units)."""
        keep = ~np.isin(instance.leaves.part[self.leaf], chosen)
        keep_order = ~np.isin(self.buyer, chosen)
        new, ordered = np.array(lines, np.int64).reshape(-1, 3), np.array(orders, np.int64).reshape(-1, 3)
        line = np.vstack([np.column_stack([self.leaf, self.departure, self.units])[keep], new])
        order = np.vstack([np.column_stack([self.buyer, self.week, self.bought])[keep_order], ordered])
        line, order = line[np.lexsort((line[:, 1], line[:, 0]))], order[np.lexsort((order[:, 1], order[:, 0]))]
        return PartPlans(
            line[:, 0], line[:, 1], line[:, 2], order[:, 0], order[:, 1], order[:, 2], self.cost, self.bound
        )


class Programs:
    """The part programs of one instance: price them all in parallel, or fill the shared limits part by part."""

    def __init__(self, instance: Instance, tables: CostTables) -> None:
        parts, leaves, sailings, ordering = instance.parts, instance.leaves, instance.departures, instance.ordering
        self.facts = Facts(
            instance.weeks, instance.first_monday, instance.line_cost, parts.hub_rate,
            tables.values, tables.offset, tables.cap, ordering.expected, ordering.expected_week, ordering.latest,
            sailings.lane, sailings.week, sailings.departs, sailings.slot, sailings.depot_start,
            parts.supplier, parts.unit_cost, parts.credit, parts.weight_kg, parts.litres, parts.moq, parts.multiple,
            parts.last_order_week, parts.hub_stock, parts.hub_inbound_start, parts.hub_inbound_day,
            parts.hub_inbound_units, parts.lane_cost, parts.leaf_start, leaves.depot,
            leaves.initial_stock + leaves.inbound[:, -1], instance.coupling.period_of_week,
            instance.coupling.consignment_price,
        )  # fmt: skip

    def price(self, terms: Terms) -> PartPlans:
        """The cheapest plan of every part at these prices, each as if it had the limits for itself."""
        quantity, departure, purchase, cost, bound = self._empty()
        in_threads(_price_all, len(cost), self.facts, terms, quantity, departure, purchase, cost, bound)
        return _sparse(quantity, departure, purchase, cost, bound)

    def relieve(self, terms: Terms, step: Terms, start: PartPlans, surcharges: tuple[float, ...]) -> PartPlans:
        """Bring `start` nearer to the limits it exceeds: who gains least from an exceeded limit leaves it first.

        In the k-th round an exceeded limit costs `surcharges[k]` × `step` more; a part that uses one is planned anew at
        that price. Of an exceeded lane it may at most keep what it has; budgets may shift, at their price.
        """
        state = self._state(start)
        left = _copied(terms)
        _book_all(self.facts, left, *state[:3])
        for surcharge in surcharges:
            _relieve_all(self.facts, left, step, surcharge, *state)
        return _sparse(*state)

    def fill(self, terms: Terms, start: PartPlans, rounds: tuple[float, ...]) -> PartPlans:
        """One plan per part within all limits, beginning with `start`, which may still exceed them.

        Parts take their turn, in the k-th round at `rounds[k]` of the prices. A part that uses an exceeded limit is
        planned anew within what the others leave; else it changes its plan only if that saves money at true cost.
        """
        state = self._state(start)
        left = _copied(terms)
        _book_all(self.facts, left, *state[:3])
        for share in rounds:
            priced = left._replace(
                budget_price=terms.budget_price * share,
                kg_price=terms.kg_price * share,
                litre_price=terms.litre_price * share,
            )
            _fill_all(self.facts, priced, *state)
        return _sparse(*state)

    def _state(self, plans: PartPlans) -> tuple[Counts, Counts, Ints, Floats, Floats]:
        """Plans as dense arrays: quantity and departure by leaf and slot − 1, purchase by part and week − 1."""
        quantity, departure, purchase, cost, bound = self._empty()
        slot = self.facts.slot[plans.departure] - 1
        quantity[plans.leaf, slot], departure[plans.leaf, slot] = plans.units, plans.departure
        purchase[plans.buyer, plans.week - 1] = plans.bought
        cost[:] = plans.cost
        return quantity, departure, purchase, cost, bound

    def _empty(self) -> tuple[Counts, Counts, Ints, Floats, Floats]:
        parts, leaves, weeks = len(self.facts.unit_cost), len(self.facts.depot), self.facts.weeks
        return (
            np.zeros((leaves, weeks), np.int32), np.zeros((leaves, weeks), np.int32),
            np.zeros((parts, weeks), np.int64), np.zeros(parts), np.zeros(parts),
        )  # fmt: skip


def _copied(terms: Terms) -> Terms:
    return Terms(*(array.copy() for array in terms))


def _sparse(quantity: Counts, departure: Counts, purchase: Ints, cost: Floats, bound: Floats) -> PartPlans:
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


@kernel
def _price_all(
    begin: int, end: int, facts: Facts, terms: Terms,
    quantity: Counts, departure: Counts, purchase: Ints, cost: Floats, bound: Floats,
) -> None:  # fmt: skip
    for i in range(begin, end):
        first, last = facts.leaf_start[i], facts.leaf_start[i + 1]
        cost[i], bound[i] = _plan_part(i, facts, terms, quantity[first:last], departure[first:last], purchase[i])


@nb.njit(cache=True)
def _book_all(facts: Facts, terms: Terms, quantity: Counts, departure: Counts, purchase: Ints) -> None:
    for i in range(len(facts.unit_cost)):
        first, last = facts.leaf_start[i], facts.leaf_start[i + 1]
        _book(i, facts, terms, quantity[first:last], departure[first:last], purchase[i], -1.0)


@nb.njit(cache=True)
def _fill_all(
    facts: Facts, terms: Terms, quantity: Counts, departure: Counts, purchase: Ints, cost: Floats, bound: Floats
) -> None:
    for i in range(len(facts.unit_cost)):
        first, last = facts.leaf_start[i], facts.leaf_start[i + 1]
        exceeded = _exceeds(i, facts, terms, quantity[first:last], departure[first:last], purchase[i])
        _book(i, facts, terms, quantity[first:last], departure[first:last], purchase[i], 1.0)
        new_quantity = np.zeros((last - first, facts.weeks), np.int32)
        new_departure = np.zeros((last - first, facts.weeks), np.int32)
        new_purchase = np.zeros(facts.weeks, np.int64)
        new_cost, bound[i] = _plan_part(i, facts, terms, new_quantity, new_departure, new_purchase)
        if exceeded or new_cost < cost[i] - 1e-9:
            quantity[first:last], departure[first:last], purchase[i] = new_quantity, new_departure, new_purchase
            cost[i] = new_cost
        _book(i, facts, terms, quantity[first:last], departure[first:last], purchase[i], -1.0)


@nb.njit(cache=True)
def _relieve_all(
    facts: Facts, terms: Terms, step: Terms, surcharge: float,
    quantity: Counts, departure: Counts, purchase: Ints, cost: Floats, bound: Floats,
) -> None:  # fmt: skip
    kg_own, litres_own = np.zeros(len(terms.kg_left)), np.zeros(len(terms.kg_left))
    budget_own, no_budget_limit = np.zeros(len(terms.budget_left)), np.full(len(terms.budget_left), np.inf)
    for i in range(len(facts.unit_cost)):
        first, last = facts.leaf_start[i], facts.leaf_start[i + 1]
        if not _exceeds(i, facts, terms, quantity[first:last], departure[first:last], purchase[i]):
            continue
        kg_own[:], litres_own[:], budget_own[:] = 0.0, 0.0, 0.0
        own = Terms(terms.budget_price, terms.kg_price, terms.litre_price, budget_own, kg_own, litres_own)
        _book(i, facts, own, quantity[first:last], departure[first:last], purchase[i], 1.0)
        _, budget_price = _charged(terms.budget_left, terms.budget_price, step.budget_price, own.budget_left, surcharge)
        kg_left, kg_price = _charged(terms.kg_left, terms.kg_price, step.kg_price, own.kg_left, surcharge)
        litres_left, litre_price = _charged(
            terms.litres_left, terms.litre_price, step.litre_price, own.litres_left, surcharge
        )
        charged = Terms(budget_price, kg_price, litre_price, no_budget_limit, kg_left, litres_left)
        _book(i, facts, terms, quantity[first:last], departure[first:last], purchase[i], 1.0)
        quantity[first:last], departure[first:last], purchase[i] = 0, 0, 0
        cost[i], bound[i] = _plan_part(i, facts, charged, quantity[first:last], departure[first:last], purchase[i])
        _book(i, facts, terms, quantity[first:last], departure[first:last], purchase[i], -1.0)


@nb.njit(cache=True)
def _charged(left: Floats, price: Floats, step: Floats, own: Floats, surcharge: float) -> tuple[Floats, Floats]:
    """Room and price one part sees: of an exceeded limit what it has already, dearer; else what is left and its own."""
    room, dearer = np.empty(len(left)), price.copy()
    for row in range(len(left)):
        if left[row] < -_SLACK:
            room[row] = own[row]
            dearer[row] += surcharge * step[row]
        else:
            room[row] = left[row] + own[row]
    return room, dearer


@nb.njit(cache=True)
def _exceeds(i: int, facts: Facts, terms: Terms, quantity: Counts, departure: Counts, purchase: Ints) -> bool:
    """Whether the plan of a part uses a limit that is exceeded."""
    for n in range(quantity.shape[0]):
        for k in range(facts.weeks):
            if quantity[n, k] > 0:
                j = departure[n, k]
                if facts.weight_kg[i] > 0 and terms.kg_left[j] < -_SLACK:
                    return True
                if facts.litres[i] > 0 and terms.litres_left[j] < -_SLACK:
                    return True
    over = False
    for o in np.flatnonzero(purchase):
        over |= terms.budget_left[facts.period_of_week[o + 1]] < -_SLACK
    return over


@nb.njit(cache=True)
def _book(i: int, facts: Facts, terms: Terms, quantity: Counts, departure: Counts, purchase: Ints, sign: float) -> None:
    """Give back (+1) or take (−1) what the plan of a part uses of the shared limits."""
    for n in range(quantity.shape[0]):
        for k in range(facts.weeks):
            if quantity[n, k] > 0:
                j = departure[n, k]
                terms.kg_left[j] += sign * quantity[n, k] * facts.weight_kg[i]
                terms.litres_left[j] += sign * quantity[n, k] * facts.litres[i]
    for o in range(facts.weeks):
        if purchase[o] > 0:
            terms.budget_left[facts.period_of_week[o + 1]] += sign * purchase[o] * facts.unit_cost[i]


@nb.njit(cache=True)
def _plan_part(
    i: int, facts: Facts, terms: Terms, quantity: Counts, departure: Counts, purchase: Ints
) -> tuple[float, float]:
    """Plan one part: (true cost, lower bound at these prices). The bound ignores what is left of the limits."""
    weeks = facts.weeks
    first, last = facts.leaf_start[i], facts.leaf_start[i + 1]
    leaves = last - first
    at_hub, constant = _hub_at_start(i, facts)
    for n in range(first, last):
        constant += facts.credit[i] * facts.held_at_start[n]
    value, order_week = _order_prices(i, facts, terms)
    buy, hub = np.full((leaves, weeks + 1), np.inf), np.full((leaves, weeks + 1), np.inf)
    buy_from, hub_from = np.zeros((leaves, weeks + 1), np.int64), np.zeros((leaves, weeks + 1), np.int64)
    buy_room, hub_room = np.zeros((leaves, weeks + 1), np.int64), np.zeros((leaves, weeks + 1), np.int64)
    for n in range(leaves):
        _slot_prices(
            i, facts.depot[first + n], facts, terms, value, order_week,
            buy[n], buy_from[n], buy_room[n], hub[n], hub_from[n], hub_room[n],
        )  # fmt: skip
    part = Part(first, last, at_hub, facts.unit_cost[i], buy, hub, buy_room, hub_room)
    path = np.zeros((leaves, weeks + 1), np.int32)

    minimum = -(-max(facts.moq[i], 1) // facts.multiple[i]) * facts.multiple[i]
    least, premium, bought = _hub_premium(facts, part, 0.0, True, path)
    discount, buying = 0.0, True
    if 0 < bought < minimum:
        latest = min(weeks, facts.last_order_week[i])
        spare_cost = facts.unit_cost[i] * (value[latest] + facts.hub_rate * (weeks + 1)) - facts.credit[i]
        least, premium, discount, buying = _minimum_order(facts, part, minimum, max(spare_cost, 0.0), path)
    _all_paths(facts, part, premium, discount, buying, path)
    from_hub = np.zeros((leaves, weeks + 1), np.bool_)
    for n in range(leaves):
        for k in range(1, weeks + 1):
            from_hub[n, k] = not (buying and buy[n, k] - discount < hub[n, k] + premium)
    cost = _serve(
        i, facts, terms, path, from_hub, buy_from, hub_from, order_week, minimum, quantity, departure, purchase
    )
    return cost + constant, least + constant + facts.hub_rate * facts.unit_cost[i] * _idle_weeks(i, facts) - (
        facts.credit[i] * at_hub
    )


class Part(NamedTuple):
    """One part's slot prices: money per unit bought or taken from the hub, and how many units there is room for."""

    first: int
    last: int
    at_hub: int
    unit_cost: float
    buy: Floats
    hub: Floats
    buy_room: Ints
    hub_room: Ints


@nb.njit(cache=True)
def _hub_at_start(i: int, facts: Facts) -> tuple[int, float]:
    """Units the hub holds or is sure to get by week K, and the credit the initial stock counts with."""
    last_day = facts.first_monday + 7 * facts.weeks - 1
    at_hub = _at_hub_by(i, last_day, facts)
    return at_hub, facts.credit[i] * at_hub


@nb.njit(cache=True)
def _at_hub_by(i: int, day: int, facts: Facts) -> int:
    """Units the hub has had by this day if nothing ever left it."""
    units: int = facts.hub_stock[i]
    for e in range(facts.hub_inbound_start[i], facts.hub_inbound_start[i + 1]):
        if facts.hub_inbound_day[e] <= day:
            units += facts.hub_inbound_units[e]
    return units


@nb.njit(cache=True)
def _received_week(day: int, facts: Facts) -> int:
    week: int = max((day - facts.first_monday) // 7 + 1, 1)
    return week


@nb.njit(cache=True)
def _idle_weeks(i: int, facts: Facts) -> float:
    """Unit-weeks at the hub if nothing ever left it."""
    total = float(facts.hub_stock[i] * facts.weeks)
    for e in range(facts.hub_inbound_start[i], facts.hub_inbound_start[i + 1]):
        received = _received_week(facts.hub_inbound_day[e], facts)
        if received <= facts.weeks:
            total += facts.hub_inbound_units[e] * (facts.weeks - received + 1)
    return total


@nb.njit(cache=True)
def _order_prices(i: int, facts: Facts, terms: Terms) -> tuple[Floats, Ints]:
    """Cheapest value of ordering by week o, per unit of unit cost, and its week, over o = 0..K (0: cannot be ordered).

    An order of week o received in week r and leaving in week w costs 1 + budget price − rate·r + rate·w per unit of
    unit cost, rate being the hub's holding rate per week. A period whose money is spent takes no order.
    """
    s, multiple = facts.supplier[i], facts.multiple[i]
    least_order = facts.unit_cost[i] * (-(-max(facts.moq[i], 1) // multiple) * multiple)
    best, week = np.full(facts.weeks + 1, np.inf), np.zeros(facts.weeks + 1, np.int64)
    for o in range(1, facts.weeks + 1):
        best[o], week[o] = best[o - 1], week[o - 1]
        period = facts.period_of_week[o]
        if facts.expected[s, o - 1] < NEVER and terms.budget_left[period] >= least_order * (1.0 - 1e-12):
            value = 1.0 + terms.budget_price[period] - facts.hub_rate * facts.expected_week[s, o - 1]
            if value <= best[o]:
                best[o], week[o] = value, o
    return best, week


@nb.njit(cache=True)
def _room(left: float, size: float) -> int:
    """Units of this size that fit into what is left."""
    if size <= 0.0 or left >= 1e9 * size:
        return 1 << 30
    return int(max(left, 0.0) * (1.0 + 1e-12) / size)


@nb.njit(cache=True)
def _slot_prices(
    i: int, depot: int, facts: Facts, terms: Terms, order_value: Floats, order_week: Ints,
    buy: Floats, buy_from: Ints, buy_room: Ints, hub: Floats, hub_from: Ints, hub_room: Ints,
) -> None:  # fmt: skip
    """Cheapest money per unit arriving in each slot, bought or from the hub's stock, less the credit at the end."""
    s = facts.supplier[i]
    for j in range(facts.depot_start[depot], facts.depot_start[depot + 1]):
        moved = facts.lane_cost[i, facts.lane[j]]
        room = min(_room(terms.kg_left[j], facts.weight_kg[i]), _room(terms.litres_left[j], facts.litres[i]))
        if not np.isfinite(moved) or room == 0:
            continue
        moved += facts.weight_kg[i] * (terms.kg_price[j] + facts.consignment_price[j])
        moved += facts.litres[i] * terms.litre_price[j]
        k = facts.slot[j]
        from_hub = moved - facts.hub_rate * facts.unit_cost[i] * (facts.weeks - facts.week[j] + 1)
        if from_hub < hub[k] and _at_hub_by(i, facts.departs[j], facts) > 0:
            hub[k], hub_from[k], hub_room[k] = from_hub, j, room
        latest = min(facts.latest[s, j], facts.last_order_week[i])
        value = order_value[latest]
        bought = moved + facts.unit_cost[i] * (value + facts.hub_rate * facts.week[j]) - facts.credit[i]
        if bought < buy[k]:
            payable = _room(terms.budget_left[facts.period_of_week[order_week[latest]]], facts.unit_cost[i])
            buy[k], buy_from[k], buy_room[k] = bought, j, min(room, payable)


@nb.njit(cache=True)
def _leaf_path(
    facts: Facts, part: Part, n: int, premium: float, discount: float, may_buy: bool, path: Counts
) -> tuple[float, int, int]:
    """Shortest path of one leaf: (money, units from the hub, units bought); `path[k]` = units arriving in slot k.

    f_k(x) = Ĝ_k(x) + min(f_{k−1}(x), K + u_k·x + min_{x−room ≤ y<x}(f_{k−1}(y) − u_k·y)), u_k = min(bought, from hub);
    the minimum over the window is kept in a queue of rising values.
    """
    weeks, leaf = facts.weeks, part.first + n
    columns = facts.cap[leaf] + 1
    table = facts.values[facts.offset[leaf] : facts.offset[leaf + 1]].reshape((weeks + 1, columns))
    value = np.full(columns, np.inf)
    before = np.zeros((weeks + 1, columns), np.int32)
    queue, queued = np.empty(columns, np.int64), np.empty(columns)
    value[0] = table[0, 0]
    for k in range(1, weeks + 1):
        price, room = part.hub[n, k] + premium, part.hub_room[n, k]
        if may_buy and part.buy[n, k] - discount < price:
            price, room = part.buy[n, k] - discount, part.buy_room[n, k]
        if price < np.inf:
            head = tail = 0
            for x in range(columns):
                old = value[x]
                while head < tail and queue[head] < x - room:
                    head += 1
                before[k, x] = x
                value[x] = old + table[k, x]
                if head < tail:
                    step = facts.line_cost + price * x + queued[head]
                    if step < old:
                        value[x] = step + table[k, x]
                        before[k, x] = queue[head]
                new = old - price * x
                while head < tail and queued[tail - 1] > new:
                    tail -= 1
                queue[tail], queued[tail] = x, new
                tail += 1
        else:
            for x in range(columns):
                value[x] += table[k, x]
                before[k, x] = x
    x = int(value.argmin())
    total = value[x]
    from_hub = bought = 0
    for k in range(weeks, 0, -1):
        y = before[k, x]
        path[k] = x - y
        if x > y:
            if may_buy and part.buy[n, k] - discount < part.hub[n, k] + premium:
                bought += x - y
            else:
                from_hub += x - y
        x = y
    return total, from_hub, bought


@nb.njit(cache=True)
def _all_paths(
    facts: Facts, part: Part, premium: float, discount: float, may_buy: bool, path: Counts
) -> tuple[float, int, int]:
    """All leaves of a part at one hub premium and one discount on purchases: (money, from the hub, bought)."""
    total = 0.0
    from_hub = bought = 0
    for n in range(part.last - part.first):
        money, taken, ordered = _leaf_path(facts, part, n, premium, discount, may_buy, path[n])
        total += money
        from_hub += taken
        bought += ordered
    return total, from_hub, bought


@nb.njit(cache=True)
def _hub_premium(facts: Facts, part: Part, discount: float, may_buy: bool, path: Counts) -> tuple[float, float, int]:
    """(best bound, premium that keeps the hub's stock, units bought there): max over π ≥ 0 of paths(π) − π·stock.

    Lagrangian of "units from the hub ≤ units at the hub"; concave in π, so bisection on the sign of its slope.
    """
    if part.at_hub == 0:
        total, _, bought = _all_paths(facts, part, np.inf, discount, may_buy, path)
        return total, np.inf, bought
    best, from_hub, bought = _all_paths(facts, part, 0.0, discount, may_buy, path)
    if from_hub <= part.at_hub:
        return best, 0.0, bought
    low, high = 0.0, max(part.unit_cost, 1e-6)
    for _ in range(60):
        total, from_hub, bought = _all_paths(facts, part, high, discount, may_buy, path)
        best = max(best, total - high * part.at_hub)
        if from_hub <= part.at_hub:
            break
        low, high = high, 2.0 * high
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        total, from_hub, bought = _all_paths(facts, part, middle, discount, may_buy, path)
        best = max(best, total - middle * part.at_hub)
        if from_hub == part.at_hub:
            return best, middle, bought
        if from_hub > part.at_hub:
            low = middle
        else:
            high = middle
    total, from_hub, bought = _all_paths(facts, part, high, discount, may_buy, path)
    return max(best, total - high * part.at_hub), high, bought


@nb.njit(cache=True)
def _minimum_order(
    facts: Facts, part: Part, minimum: int, spare_cost: float, path: Counts
) -> tuple[float, float, float, bool]:
    """(bound, premium, discount, may buy) when less than one minimum order is wanted: two branches (MODEL 3).

    No purchase; or at least `minimum` bought, a unit too many costing `spare_cost`: for every 0 ≤ θ ≤ spare cost
    paths(buy − θ) + θ·minimum is a lower bound, concave in θ.
    """
    none, none_premium, _ = _hub_premium(facts, part, 0.0, False, path)
    low, high = 0.0, spare_cost
    some, premium, bought = _hub_premium(facts, part, high, True, path)
    some += high * minimum
    discount = high
    if bought > minimum:
        for _ in range(_STEPS):
            middle = 0.5 * (low + high)
            bound, premium, bought = _hub_premium(facts, part, middle, True, path)
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


@nb.njit(cache=True)
def _serve(
    i: int, facts: Facts, terms: Terms, path: Counts, from_hub: npt.NDArray[np.bool_],
    buy_from: Ints, hub_from: Ints, order_week: Ints, minimum: int,
    quantity: Counts, departure: Counts, purchase: Ints,
) -> float:  # fmt: skip
    """Turn the paths of a part into shipments and purchases that its hub can serve, and return their true cost.

    Departures in order of date take the hub's stock if their price said so, else what earlier orders left over, else a
    purchase rounded up to the minimum order and the multiple within the budget left; what nothing can serve in time
    waits for the leaf's next line.
    """
    weeks, s, multiple = facts.weeks, facts.supplier[i], facts.multiple[i]
    lines = _by_date(facts, path, from_hub, buy_from, hub_from)
    change = np.zeros(weeks + 1)  # of the hub's stock, by week
    change[1] += facts.hub_stock[i]
    for e in range(facts.hub_inbound_start[i], facts.hub_inbound_start[i + 1]):
        received = _received_week(facts.hub_inbound_day[e], facts)
        if received <= weeks:
            change[received] += facts.hub_inbound_units[e]
    in_stock, next_in, left_over = facts.hub_stock[i], facts.hub_inbound_start[i], 0
    spent, waiting = np.zeros(len(terms.budget_left)), np.zeros(len(path), np.int64)
    total: float = 0.0
    for line in range(len(lines)):
        n, k, j, hub_first = lines[line]
        room = min(_room(terms.kg_left[j], facts.weight_kg[i]), _room(terms.litres_left[j], facts.litres[i]))
        wanted = min(path[n, k] + waiting[n], room)
        while next_in < facts.hub_inbound_start[i + 1] and facts.hub_inbound_day[next_in] <= facts.departs[j]:
            in_stock += facts.hub_inbound_units[next_in]
            next_in += 1
        served = min(wanted, in_stock) if hub_first else 0
        in_stock -= served
        take = min(wanted - served, left_over)
        left_over -= take
        served += take
        latest = min(facts.latest[s, j], facts.last_order_week[i])
        for attempt in range(latest + 1):  # the cheapest week, then any whose budget still has money, late ones first
            o = order_week[latest] if attempt == 0 else latest + 1 - attempt
            if served == wanted or order_week[latest] == 0:
                break
            if facts.expected[s, o - 1] >= NEVER:
                continue
            period = facts.period_of_week[o]
            least = minimum if purchase[o - 1] == 0 else multiple
            affordable = _room(terms.budget_left[period] - spent[period], facts.unit_cost[i])
            ordered = max(-(-(wanted - served) // multiple) * multiple, least)
            ordered = min(ordered, affordable // multiple * multiple)
            if ordered >= least:
                purchase[o - 1] += ordered
                spent[period] += facts.unit_cost[i] * ordered
                change[facts.expected_week[s, o - 1]] += ordered
                total += facts.unit_cost[i] * ordered
                take = min(wanted - served, ordered)
                left_over += ordered - take
                served += take
        if served < wanted:
            take = min(wanted - served, in_stock)
            in_stock -= take
            served += take
        waiting[n] += path[n, k] - served
        if served > 0:
            quantity[n, k - 1], departure[n, k - 1] = served, j
            change[facts.week[j]] -= served
            moved = facts.lane_cost[i, facts.lane[j]] + facts.weight_kg[i] * facts.consignment_price[j]
            total += facts.line_cost + (moved - facts.credit[i]) * served
    stock = 0.0
    for t in range(1, weeks + 1):
        stock += change[t]
        total += facts.hub_rate * facts.unit_cost[i] * stock
    total -= facts.credit[i] * stock
    for n in range(len(path)):
        leaf = facts.leaf_start[i] + n
        table = facts.values[facts.offset[leaf] : facts.offset[leaf + 1]].reshape((weeks + 1, facts.cap[leaf] + 1))
        x = 0
        total += table[0, 0]
        for k in range(1, weeks + 1):
            x += quantity[n, k - 1]
            total += table[k, x]
    return float(total)


@nb.njit(cache=True)
def _by_date(facts: Facts, path: Counts, from_hub: npt.NDArray[np.bool_], buy_from: Ints, hub_from: Ints) -> Ints:
    """Planned lines (leaf, slot, departure, from the hub?) in order of departure."""
    lines = np.empty((np.count_nonzero(path), 4), np.int64)
    days = np.empty(len(lines), np.int64)
    count = 0
    for n in range(path.shape[0]):
        for k in range(1, path.shape[1]):
            if path[n, k] > 0:
                j = hub_from[n, k] if from_hub[n, k] else buy_from[n, k]
                lines[count] = (n, k, j, 1 if from_hub[n, k] else 0)
                days[count] = facts.departs[j]
                count += 1
    return lines[np.argsort(days, kind="mergesort")]
