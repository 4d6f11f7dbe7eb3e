"""How units and requests move between point, depot, hub and supplier: the rules of the network, compiled."""

import numpy as np

from simulation.referee import state as st
from simulation.referee.backlog import cancel, claim, owe
from simulation.referee.board import CATCH_UP, GIVEN, HUB, PLANNED, PURCHASE, REORDER, SET_BASE_STOCK
from simulation.referee.chance import days_of, uniform
from simulation.referee.state import (
    NONE,
    State,
    ask,
    free_lot,
    lean,
    new_lot,
    oldest_request,
    open_from,
    push,
    put,
    rare,
    take,
)


@lean
def hand_over(state: State, demand: int, lot: int, units: int, time: float) -> None:
    """Use `units` of a lot, which lies on no shelf, for a demand; what was replaced may come back."""
    state.lot[lot].quantity -= units
    asked, until = state.need[demand].asked_at, state.rule[0].until
    state.need[demand].left -= units
    if time <= asked:
        state.need[demand].at_once_units += units
    if state.lot[lot].reached <= asked:
        state.need[demand].local_units += units
    state.need[demand].waited += units * (time - asked)
    state.need[demand].counted += units * (min(time, until) - min(asked, until))
    state.need[demand].last_days = time - asked
    state.total[0].used += units
    if time < until:
        state.total[0].used_counted += units
    if state.lot[lot].quantity == 0:
        free_lot(state, lot)
    if state.rule[0].mends > 0.0:
        mend(state, state.need[demand].site, units, state.rule[0].mends, time)


@rare
def mend(state: State, site: int, units: int, chance: float, time: float) -> None:
    """Broken units of a depot or a point that come back and can be repaired are as good as new at the depot later."""
    leaf = site - 1 if site <= len(state.leaf) else state.site[site].leaf
    for _ in range(units):
        if uniform(state) < chance and state.total[0].full == 0:
            back = days_of(state, state.site[site].way_days, state.site[site].way_sd)
            push(state, time + back + state.rule[0].mend_days, st.MENDED, leaf, 0)


@lean
def review(state: State, site: int) -> None:
    """Ask the depot for what the point's inventory position lacks of its base stock; take back what it has too much."""
    rows = state.site
    position = rows[site].on_hand + rows[site].owed + rows[site].transit - rows[site].wait
    lacks = rows[site].up_to - position
    if lacks > 0:
        ask(state, rows[site].leaf, site, lacks)
    elif lacks < 0 and rows[site].owed > 0:
        back = min(rows[site].owed, -lacks)
        rows[site].owed -= back
        rows[site].skip += back
        state.leaf[rows[site].leaf].owed_here -= back


@lean
def distribute(state: State, leaf: int, time: float) -> None:
    """Send what the depot has to the points that ask, unit by unit.

    In shortage repairs that wait go first, by priority and then by age, unless FIFO; then the oldest request.
    Nothing leaves while the depot is shut.
    """
    if open_from(state, state.leaf[leaf].opens, time) > time:
        return
    depot = 1 + leaf
    while state.leaf[leaf].owed_here > 0 and state.site[depot].on_hand > 0 and state.total[0].full == 0:
        site = NONE
        if state.rule[0].fifo == 0.0 and state.site[depot].on_hand < state.leaf[leaf].owed_here:
            site = _most_urgent(state, leaf)
        if site == NONE:
            site = oldest_request(state, leaf)
            state.request[state.leaf[leaf].oldest].units -= 1
        else:
            state.site[site].skip += 1
        lot = take(state, depot, 1, time)
        state.site[site].owed -= 1
        state.leaf[leaf].owed_here -= 1
        state.site[site].transit += 1
        if time < state.rule[0].until:
            state.site[site].sent += 1
        days = days_of(state, state.site[site].way_days, state.site[site].way_sd)
        push(state, _delivered(state, site, time, days), st.ARRIVE, lot, site)


@lean
def _delivered(state: State, site: int, time: float, days: float) -> float:
    """When what a depot gives its courier at `time` is at the point: both wait while they are shut."""
    leaves = open_from(state, state.site[site].courier_opens, time)
    return float(open_from(state, state.site[site].opens, leaves + days))


@rare
def _most_urgent(state: State, leaf: int) -> int:
    """The point with the most urgent repair for which no unit is on its way yet; NONE if there is none."""
    best, best_priority, best_asked = NONE, 0, 0.0
    for site in range(state.leaf[leaf].first_point, state.leaf[leaf].end_point):
        covered = state.site[site].transit
        if state.site[site].owed > 0 and state.site[site].wait > covered:
            demand = state.site[site].waiting
            while covered >= state.need[demand].left:
                covered -= state.need[demand].left
                demand = state.need[demand].behind
            priority, asked = state.need[demand].priority, state.need[demand].asked_at
            if best == NONE or priority < best_priority or (priority == best_priority and asked < best_asked):
                best, best_priority, best_asked = site, priority, asked
    return best


@rare
def scrap(state: State, lot: int, time: float) -> None:
    """Throw away a lot that lies on no shelf."""
    units = state.lot[lot].quantity
    state.total[0].scrapped += units
    if time < state.rule[0].until:
        state.total[0].scrapped_counted += units
    free_lot(state, lot)


@lean
def execute(state: State, kind: int, rule: int, leaf: int, lane: int, level: float, time: float, due: float) -> int:
    """Carry out an order of the plan, as an order-up-to level (MODEL 3) unless GIVEN; returns the units moved."""
    if kind == PURCHASE:
        return int(buy(state, _purchase_wanted(state, rule, level), time, due))
    if kind == SET_BASE_STOCK:
        state.site[leaf].up_to = int(level)
        review(state, leaf)
        distribute(state, state.site[leaf].leaf, time)
        return 0
    if rule == GIVEN:
        wanted = int(level)
    elif rule in (PLANNED, CATCH_UP):
        wanted = _planned(state, rule, leaf, lane, level)
    elif rule == REORDER:
        wanted = _reorder(state, leaf, int(np.floor(level)))
    else:
        wanted = _depot_lacks(state, leaf)
    if state.rule[0].unlimited > 0.0 and wanted > state.site[HUB].on_hand:
        buy(state, wanted - state.site[HUB].on_hand, time, time)
    shipped = min(wanted, state.site[HUB].on_hand)
    if shipped <= 0:
        return 0
    state.leaf[leaf].shipped += shipped
    state.leaf[leaf].under_way += shipped
    left = shipped
    while left > 0 and state.total[0].full == 0:
        lot = take(state, HUB, left, time)
        left -= state.lot[lot].quantity
        push(state, due, st.ARRIVE, lot, 1 + leaf)
    return int(shipped)


@lean
def _planned(state: State, rule: int, leaf: int, lane: int, level: float) -> int:
    """Units that leave by a lane now: what is owed by it and, on a planned line, up to the level; the hub owes the
    rest.

    Levels are planned cumulative shipments, corrected by how demand differed.
    """
    wanted = 0
    if rule == PLANNED:
        actual = state.leaf[leaf].wanted - state.leaf[leaf].repaired
        promised = state.leaf[leaf].shipped + state.leaf[leaf].owed_by_hub
        wanted = int(np.floor(level + actual - promised + 0.5))
    if wanted < 0:
        cancel(state, leaf, -wanted)
    late, free = claim(state, leaf, lane)
    if wanted <= 0 or state.rule[0].unlimited > 0.0:
        return int(late + max(wanted, 0))
    if wanted > free:
        owe(state, leaf, lane, wanted - free)
    return int(late + min(wanted, free))


@lean
def _depot_lacks(state: State, leaf: int) -> int:
    """Units the depot's inventory position lacks of its base stock."""
    return int(state.leaf[leaf].depot_stock - _position(state, leaf))


@lean
def _position(state: State, leaf: int) -> int:
    """Inventory position of a depot: on hand + under way − owed to its points."""
    return int(state.site[1 + leaf].on_hand + state.leaf[leaf].under_way - state.leaf[leaf].owed_here)


@lean
def _reorder(state: State, leaf: int, point: int) -> int:
    """Nothing above the reorder point, else the multiple of the lot that lifts the position to the point + gap."""
    position, lot = _position(state, leaf), state.leaf[leaf].reorder_lot
    if position > point:
        return 0
    return int(-((position - point - state.leaf[leaf].reorder_gap) // lot) * lot)


@lean
def _purchase_wanted(state: State, rule: int, level: float) -> int:
    """Given: so many. Planned: cumulative purchases and how demand differed. Base stock: what depots lack and the hub
    does not have. Reorder: what hub and depots together lack of `level`, their echelon stock."""
    if rule == GIVEN:
        return int(level)
    actual, lacks, held = 0, 0, 0
    for leaf in range(len(state.leaf)):
        actual += state.leaf[leaf].wanted - state.leaf[leaf].repaired
        lacks += max(_depot_lacks(state, leaf), 0)
        held += _position(state, leaf)
    if rule == PLANNED:
        return int(np.floor(level + actual - state.total[0].bought + 0.5))
    at_hub = state.site[HUB].on_hand + state.total[0].on_order
    return int((np.floor(level) - held if rule == REORDER else lacks) - at_hub)


@rare
def buy(state: State, wanted: int, time: float, due: float) -> int:
    """Order at least `wanted` units, MOQ and multiples kept; they are at the hub on day `due`."""
    if wanted <= 0:
        return 0
    moq, multiple = int(state.rule[0].moq), int(state.rule[0].multiple)
    units = moq + max(-((moq - wanted) // multiple), 0) * multiple
    state.total[0].bought += units
    state.total[0].received += units
    if time < state.rule[0].until:
        state.total[0].bought_counted += units
    lot = new_lot(state, units, due, due + state.rule[0].life, np.inf)
    if due <= time:
        put(state, HUB, lot, time)
    else:
        state.total[0].on_order += units
        push(state, due, st.ARRIVE, lot, HUB)
    return int(units)
