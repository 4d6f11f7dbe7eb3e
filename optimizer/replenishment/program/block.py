"""One part: its leaves' paths, joined by what the hub holds and by whole lots, as branches on whether it is bought.

Had the hub unlimited stock, its leaves would be shortest paths of their own. Label units so that the hub's own leave
first; then a unit shipped costs its move less what it would have cost to stay, and every unit bought by week o costs
`premium[o]` more, which never rises with o. So with H units at the hub, U shipped and B bought

    no purchase: U ≤ H, paths at the hub's price;
    a purchase:  U > H, paths at min(hub + π, bought) − π·H + (B − (U − H))·(lowest premium),  B a whole lot,

is a lower bound on the cost of any plan, for any π. Paths tell the least cost for every number of units, and leaves
add up by convolution, so U and B are chosen exactly. Departures before the hub's next inbound may take no more than it
holds today: another premium on them. What the bound leaves out are further inbounds, and that every single purchase,
not only their sum, is a lot.
"""

from typing import NamedTuple

import numba as nb
import numpy as np

from optimizer.replenishment.program.facts import (
    UNLIMITED,
    Counts,
    Facts,
    Floats,
    Ints,
    Terms,
    idle_weeks,
    lot,
    minimum_lot,
)
from optimizer.replenishment.program.path import Way, combine, leaf_values, split, trace
from optimizer.replenishment.program.search import new_search, next_trial
from optimizer.replenishment.program.serve import serve
from optimizer.replenishment.program.slots import (
    Orders,
    Slots,
    credit_of_start,
    hub_in_all,
    next_inbound,
    order_prices,
    slot_prices,
)
from optimizer.replenishment.program.storage import stores, with_storage

_TRIES = 12  # premiums tried for the hub's stock


class Work(NamedTuple):
    """Memory of one part while it is planned.

    columns: units + 1 by leaf; cost: their tables one after the other, from `first` on. value: leaves × units; before:
    leaves × slots × units; choice: leaves × units of all leaves; path, chosen: units and departure by leaf and slot.
    quantity, departure, purchase: the plan being tried.
    """

    columns: Ints
    cost: Floats
    first: Ints
    value: Floats
    before: Counts
    choice: Counts
    path: Counts
    chosen: Counts
    quantity: Counts
    departure: Counts
    purchase: Ints


@nb.njit(cache=True, error_model="numpy")
def plan_part(
    i: int, facts: Facts, terms: Terms, start: Floats, quantity: Counts, departure: Counts, purchase: Ints
) -> tuple[float, float]:
    """Plan one part: (true cost, lower bound at these prices). The bound ignores what is left of the limits.

    `start[i]` remembers the premium that was right, where the next search begins.
    """
    orders, work = order_prices(i, facts, terms), _work(i, facts, terms)
    before = next_inbound(i, facts)
    search, early, best, cost = new_search(facts.unit_cost[i]), 0.0, -np.inf, np.inf
    for _ in range(_TRIES):
        slots = slot_prices(i, facts, terms, orders, early, before)
        bound, cost, left = _branches(
            i, facts, terms, orders, slots, before, early, start, cost, quantity, departure, purchase, work
        )
        bound -= early * facts.hub_stock[i] if early > 0.0 else 0.0
        best = max(best, bound)
        early = next_trial(search, early, bound, left - facts.hub_stock[i], 0.0)
        if before == 0 or np.isnan(early):
            break
    idle = facts.hub_rate * facts.unit_cost[i] * idle_weeks(i, facts) - facts.credit[i] * hub_in_all(i, facts)
    there = credit_of_start(i, facts)
    return cost + there, best + idle + there


@nb.njit(cache=True, error_model="numpy")
def _branches(
    i: int, facts: Facts, terms: Terms, orders: Orders, slots: Slots, before: int, early: float, start: Floats,
    cost: float, quantity: Counts, departure: Counts, purchase: Ints, work: Work,
) -> tuple[float, float, int]:  # fmt: skip
    """(bound of the better branch, cost of the cheapest plan so far, units its path takes at the hub before a day).

    Nobody buys what the hub holds from the first day on, at no premium; what only comes later may be bought earlier.
    """
    at_hub = hub_in_all(i, facts)
    bound, enough = _from_hub(i, facts, slots, at_hub, work)
    left = _taken_before(i, facts, slots, np.inf, before, work)
    cost = _serve_if_cheaper(i, facts, terms, orders, False, cost, quantity, departure, purchase, work)
    needless = enough and facts.hub_stock[i] > 0 and early == 0.0
    if not needless and orders.week[facts.weeks] > 0:
        buying, cost, premium = _buying(
            i, facts, terms, orders, slots, at_hub, start, cost, quantity, departure, purchase, work
        )
        if buying < bound:
            bound, left = buying, _taken_before(i, facts, slots, premium, before, work)
    return bound, cost, left


@nb.njit(cache=True, error_model="numpy")
def _taken_before(i: int, facts: Facts, slots: Slots, premium: float, before: int, work: Work) -> int:
    """Units the path takes from the hub's stock on departures before a day; premium: inf where nothing is bought."""
    taken: int = 0
    for n in range(len(work.path)):
        for k in range(1, facts.weeks + 1):
            soon = work.path[n, k] > 0 and facts.departs[work.chosen[n, k]] < before
            if soon and (np.isinf(premium) or slots.hub[n, k] + premium < slots.buy[n, k]):
                taken += work.path[n, k]
    return taken


@nb.njit(cache=True, error_model="numpy")
def _serve_if_cheaper(
    i: int, facts: Facts, terms: Terms, orders: Orders, may_buy: bool,
    cost: float, quantity: Counts, departure: Counts, purchase: Ints, work: Work,
) -> float:  # fmt: skip
    """Serve the path; the plan is kept where it costs less than `cost`. Returns the lower cost."""
    work.quantity[:], work.departure[:], work.purchase[:] = 0, 0, 0
    found = serve(
        i, facts, terms, orders, work.path, work.chosen, may_buy, work.quantity, work.departure, work.purchase
    )
    if found < cost:
        quantity[:], departure[:], purchase[:] = work.quantity, work.departure, work.purchase
    return min(found, cost)


@nb.njit(cache=True, error_model="numpy")
def _work(i: int, facts: Facts, terms: Terms) -> Work:
    begin, end = facts.leaf_start[i], facts.leaf_start[i + 1]
    columns = facts.cap[begin:end] + 1
    leaves, widest, slots = end - begin, columns.max(), facts.weeks + 1
    cost = facts.values[facts.offset[begin] : facts.offset[end]]
    for leaf in range(begin, end):
        if facts.stock_offset[leaf] >= 0 and stores(facts.depot[leaf], terms):
            cost = with_storage(i, facts, terms)
            break
    return Work(
        columns,
        cost,
        facts.offset[begin : end + 1] - facts.offset[begin],
        np.empty((leaves, widest)),
        np.empty((leaves, slots, widest), np.int32),
        np.empty((leaves, columns.sum() - leaves + 1), np.int32),
        np.empty((leaves, slots), np.int32),
        np.zeros((leaves, slots), np.int32),
        np.empty((leaves, facts.weeks), np.int32),
        np.empty((leaves, facts.weeks), np.int32),
        np.empty(facts.weeks, np.int64),
    )


@nb.njit(cache=True, error_model="numpy")
def _from_hub(i: int, facts: Facts, slots: Slots, at_hub: int, work: Work) -> tuple[float, bool]:
    """(bound when nothing is bought, whether the hub has all that is wanted at its price)."""
    if at_hub == 0:
        work.path[:] = 0
        total = slots.unsent.sum()
        for n in range(len(work.columns)):
            total += work.cost[work.first[n] : work.first[n + 1] : work.columns[n]].sum()
        return total, False
    total, wanted = _leaf_values(i, facts, slots, 0.0, False, work)
    enough = wanted.sum() <= at_hub
    if not enough:
        together = combine(work.value, work.columns, at_hub, work.choice)
        units = int(together.argmin())
        total, wanted = together[units], split(work.choice, units)
    _trace(wanted, slots, work)
    return total, enough


@nb.njit(cache=True, error_model="numpy")
def _leaf_values(i: int, facts: Facts, slots: Slots, premium: float, may_buy: bool, work: Work) -> tuple[float, Ints]:
    """Paths of all leaves at a premium on the hub's stock: (least money of all, units of each leaf then)."""
    wanted, total = np.zeros(len(work.columns), np.int64), 0.0
    for n in range(len(wanted)):
        columns = work.columns[n]
        way = _way(facts, facts.leaf_start[i] + n, n, slots, premium, may_buy, work.chosen[n])
        cost = work.cost[work.first[n] : work.first[n + 1]].reshape((facts.weeks + 1, columns))
        leaf_values(facts.line_cost, cost, way, work.value[n, :columns], work.before[n])
        wanted[n] = work.value[n, :columns].argmin()
        total += work.value[n, wanted[n]]
    return total, wanted


@nb.njit(cache=True, error_model="numpy")
def _way(facts: Facts, leaf: int, n: int, slots: Slots, premium: float, may_buy: bool, chosen: Counts) -> Way:
    """The cheaper of hub and purchase in every slot of a leaf; the departure goes to `chosen`."""
    weeks = facts.weeks
    price, room = np.full(weeks + 1, np.inf), np.zeros(weeks + 1, np.int64)
    most = np.full(weeks + 1, UNLIMITED)
    if facts.shelf_row[leaf] >= 0:
        most[:] = facts.shelf_limit[facts.shelf_row[leaf]]
    for k in range(1, weeks + 1):
        from_hub = slots.hub[n, k] + premium
        if from_hub < slots.buy[n, k] or not may_buy:
            price[k], room[k], chosen[k] = from_hub, slots.hub_room[n, k], slots.hub_from[n, k]
        else:
            price[k], room[k], chosen[k] = slots.buy[n, k], slots.buy_room[n, k], slots.buy_from[n, k]
    if len(slots.changed) == 0:
        nothing = np.zeros(0)
        return Way(price, room, most, nothing, nothing, np.zeros(0, np.int64), nothing)
    earlier = slots.earlier_hub[n] + premium
    if may_buy:
        earlier = np.minimum(earlier, slots.earlier_buy[n])
    return Way(price, room, most, slots.unsent[n], slots.changed[n], slots.earlier_units[n], earlier)


@nb.njit(cache=True, error_model="numpy")
def _trace(wanted: Ints, slots: Slots, work: Work) -> None:
    nothing = np.zeros(0, np.int64)
    for n in range(len(wanted)):
        earlier_from = slots.earlier_from[n] if len(slots.earlier_from) > 0 else nothing
        trace(work.before[n], int(wanted[n]), earlier_from, work.path[n], work.chosen[n])


@nb.njit(cache=True, error_model="numpy")
def _buying(
    i: int, facts: Facts, terms: Terms, orders: Orders, slots: Slots, at_hub: int, start: Floats,
    cost: float, quantity: Counts, departure: Counts, purchase: Ints, work: Work,
) -> tuple[float, float, float]:  # fmt: skip
    """(bound when something is bought, cost of the cheapest plan so far, last premium π on the hub's stock).

    The bound is concave in π, its slope what is taken at the hub beyond its stock.
    """
    lowest, best = orders.premium[facts.weeks], -np.inf
    premium = last = max(start[i], lowest)
    search = new_search(facts.unit_cost[i])
    for _ in range(_TRIES if at_hub > 0 else 1):
        bound, beyond = _at_premium(i, facts, orders, slots, at_hub, premium, work)
        if bound > best:
            best, start[i] = bound, premium
        cost = _serve_if_cheaper(i, facts, terms, orders, True, cost, quantity, departure, purchase, work)
        last, premium = premium, next_trial(search, premium, bound, beyond, lowest)
        if np.isnan(premium):
            break
    return best, cost, last


@nb.njit(cache=True, error_model="numpy")
def _at_premium(
    i: int, facts: Facts, orders: Orders, slots: Slots, at_hub: int, premium: float, work: Work
) -> tuple[float, int]:
    """(bound at a premium on the hub's stock, units taken there beyond it); 0 where ties can make up what is left."""
    total, wanted = _leaf_values(i, facts, slots, premium, True, work)
    minimum, multiple = minimum_lot(i, facts), facts.multiple[i]
    if at_hub > 0 or minimum > 1 or wanted.sum() == 0:
        total, units = _in_lots(work, at_hub, minimum, multiple, orders.premium[facts.weeks])
        wanted = split(work.choice, units)
    _trace(wanted, slots, work)
    if at_hub == 0:
        return total, 0
    taken = tied = 0
    for n in range(len(wanted)):
        for k in range(1, facts.weeks + 1):
            difference = slots.hub[n, k] + premium - slots.buy[n, k]
            if difference < -1e-9:
                taken += work.path[n, k]
            elif difference < 1e-9:
                tied += work.path[n, k]
    beyond = max(taken - at_hub, 0) + min(taken + tied - at_hub, 0)
    return total - premium * at_hub, beyond


@nb.njit(cache=True, error_model="numpy")
def _in_lots(work: Work, at_hub: int, minimum: int, multiple: int, spare_cost: float) -> tuple[float, int]:
    """(least money of shipping something when a lot is bought, with what then is too much; units shipped)."""
    most = work.choice.shape[1] - 1
    together = combine(work.value, work.columns, most, work.choice)
    best, units = np.inf, 0
    for u in range(min(1, most), most + 1):
        spare = lot(max(u - at_hub, 1), minimum, multiple) - (u - at_hub)
        if together[u] + spare_cost * spare < best:
            best, units = together[u] + spare_cost * spare, u
    return best, units
