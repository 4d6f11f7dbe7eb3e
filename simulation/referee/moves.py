"""How units and requests move between point, depot, hub and supplier: the rules of the network, compiled."""

# ruff: noqa: NPY002  (compiled code has a stream per thread, which every play of a part seeds anew)

import numpy as np

from simulation.referee import state as st
from simulation.referee.backlog import cancel, claim, owe
from simulation.referee.board import CATCH_UP, GIVEN, HUB, PLANNED, PURCHASE, REORDER, SET_BASE_STOCK
from simulation.referee.state import NONE, State, ask, free_lot, lean, new_lot, oldest_request, push, put, take


@lean
def days_of(mean: float, sd: float) -> float:
    """A gamma-distributed time with this mean and standard deviation, days."""
    if sd <= 0.0 or mean <= 0.0:
        return mean
    return float(np.random.gamma((mean / sd) ** 2, sd * sd / mean))


@lean
def hand_over(state: State, demand: int, lot: int, units: int, time: float) -> None:
    """Use `units` of a lot, which lies on no shelf, for a demand; what was replaced may come back."""
    state.lot[lot, st.QUANTITY] -= units
    asked, until = state.served[demand, st.ASKED_AT], state.rule[st.UNTIL]
    state.need[demand, st.LEFT] -= units
    if time <= asked:
        state.need[demand, st.AT_ONCE_UNITS] += units
    if state.lot_time[lot, st.REACHED] <= asked:
        state.need[demand, st.LOCAL_UNITS] += units
    state.served[demand, st.WAITED] += units * (time - asked)
    state.served[demand, st.COUNTED] += units * (min(time, until) - min(asked, until))
    state.served[demand, st.LAST_DAYS] = time - asked
    state.total[st.USED] += units
    if time < until:
        state.total[st.USED_COUNTED] += units
    if state.lot[lot, st.QUANTITY] == 0:
        free_lot(state, lot)
    if state.rule[st.MENDS] > 0.0:
        _mend(state, state.need[demand, st.SITE], units, time)


@lean
def _mend(state: State, site: int, units: int, time: float) -> None:
    """Defectives that come back and can be repaired are as good as new at the depot later."""
    for _ in range(units):
        if np.random.random() < state.rule[st.MENDS] and state.total[st.FULL] == 0:
            back = days_of(state.place[site, st.WAY_DAYS], state.place[site, st.WAY_SD])
            push(state, time + back + state.rule[st.MEND_DAYS], st.MENDED, state.site[site, st.LEAF], 0)


@lean
def review(state: State, site: int) -> None:
    """Ask the depot for what the point's inventory position lacks of its base stock; take back what it has too much."""
    rows = state.site
    position = rows[site, st.ON_HAND] + rows[site, st.OWED] + rows[site, st.TRANSIT] - rows[site, st.WAIT]
    lacks = rows[site, st.UP_TO] - position
    if lacks > 0:
        ask(state, rows[site, st.LEAF], site, lacks)
    elif lacks < 0 and rows[site, st.OWED] > 0:
        back = min(rows[site, st.OWED], -lacks)
        rows[site, st.OWED] -= back
        rows[site, st.SKIP] += back
        state.leaf[rows[site, st.LEAF], st.OWED_HERE] -= back


@lean
def distribute(state: State, leaf: int, time: float) -> None:
    """Send what the depot has to the points that ask, unit by unit.

    In shortage repairs that wait go first, by priority and then by age, unless FIFO; then the oldest request.
    """
    depot = 1 + leaf
    while state.leaf[leaf, st.OWED_HERE] > 0 and state.site[depot, st.ON_HAND] > 0 and state.total[st.FULL] == 0:
        site = NONE
        if state.rule[st.FIFO] == 0.0 and state.site[depot, st.ON_HAND] < state.leaf[leaf, st.OWED_HERE]:
            site = _most_urgent(state, leaf)
        if site == NONE:
            site = oldest_request(state, leaf)
            state.request[state.leaf[leaf, st.OLDEST], st.UNITS] -= 1
        else:
            state.site[site, st.SKIP] += 1
        lot = take(state, depot, 1, time)
        state.site[site, st.OWED] -= 1
        state.leaf[leaf, st.OWED_HERE] -= 1
        state.site[site, st.TRANSIT] += 1
        if time < state.rule[st.UNTIL]:
            state.site[site, st.SENT] += 1
        days = days_of(state.place[site, st.WAY_DAYS], state.place[site, st.WAY_SD])
        push(state, time + days, st.ARRIVE, lot, site)


@lean
def _most_urgent(state: State, leaf: int) -> int:
    """The point with the most urgent repair for which no unit is on its way yet; NONE if there is none."""
    best, best_priority, best_asked = NONE, 0, 0.0
    for site in range(state.leaf[leaf, st.FIRST_POINT], state.leaf[leaf, st.END_POINT]):
        covered = state.site[site, st.TRANSIT]
        if state.site[site, st.OWED] > 0 and state.site[site, st.WAIT] > covered:
            demand = state.site[site, st.WAITING]
            while covered >= state.need[demand, st.LEFT]:
                covered -= state.need[demand, st.LEFT]
                demand = state.need[demand, st.BEHIND]
            priority, asked = state.need[demand, st.PRIORITY], state.served[demand, st.ASKED_AT]
            if best == NONE or priority < best_priority or (priority == best_priority and asked < best_asked):
                best, best_priority, best_asked = site, priority, asked
    return best


@lean
def scrap(state: State, lot: int, time: float) -> None:
    """Throw away a lot that lies on no shelf."""
    units = state.lot[lot, st.QUANTITY]
    state.total[st.SCRAPPED] += units
    if time < state.rule[st.UNTIL]:
        state.total[st.SCRAPPED_COUNTED] += units
    free_lot(state, lot)


@lean
def execute(state: State, kind: int, rule: int, leaf: int, lane: int, level: float, time: float, due: float) -> int:
    """Carry out an order of the plan, as an order-up-to level (MODEL 3) unless GIVEN; returns the units moved."""
    if kind == PURCHASE:
        return int(buy(state, _purchase_wanted(state, rule, level), time, due))
    if kind == SET_BASE_STOCK:
        state.site[leaf, st.UP_TO] = int(level)
        review(state, leaf)
        distribute(state, state.site[leaf, st.LEAF], time)
        return 0
    if rule == GIVEN:
        wanted = int(level)
    elif rule in (PLANNED, CATCH_UP):
        wanted = _planned(state, rule, leaf, lane, level)
    elif rule == REORDER:
        wanted = _reorder(state, leaf, int(np.floor(level)))
    else:
        wanted = _depot_lacks(state, leaf)
    if state.rule[st.UNLIMITED] > 0.0 and wanted > state.site[HUB, st.ON_HAND]:
        buy(state, wanted - state.site[HUB, st.ON_HAND], time, time)
    shipped = min(wanted, state.site[HUB, st.ON_HAND])
    if shipped <= 0:
        return 0
    state.leaf[leaf, st.SHIPPED] += shipped
    state.leaf[leaf, st.UNDER_WAY] += shipped
    left = shipped
    while left > 0 and state.total[st.FULL] == 0:
        lot = take(state, HUB, left, time)
        left -= state.lot[lot, st.QUANTITY]
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
        actual = state.leaf[leaf, st.WANTED] - state.leaf[leaf, st.REPAIRED]
        promised = state.leaf[leaf, st.SHIPPED] + state.leaf[leaf, st.OWED_BY_HUB]
        wanted = int(np.floor(level + actual - promised + 0.5))
    if wanted < 0:
        cancel(state, leaf, -wanted)
    late, free = claim(state, leaf, lane)
    if wanted <= 0 or state.rule[st.UNLIMITED] > 0.0:
        return int(late + max(wanted, 0))
    if wanted > free:
        owe(state, leaf, lane, wanted - free)
    return int(late + min(wanted, free))


@lean
def _depot_lacks(state: State, leaf: int) -> int:
    """Units the depot's inventory position lacks of its base stock."""
    return int(state.leaf[leaf, st.DEPOT_STOCK] - _position(state, leaf))


@lean
def _position(state: State, leaf: int) -> int:
    """Inventory position of a depot: on hand + under way − owed to its points."""
    return int(state.site[1 + leaf, st.ON_HAND] + state.leaf[leaf, st.UNDER_WAY] - state.leaf[leaf, st.OWED_HERE])


@lean
def _reorder(state: State, leaf: int, point: int) -> int:
    """Nothing above the reorder point, else the multiple of the lot that lifts the position to the point + gap."""
    position, lot = _position(state, leaf), state.leaf[leaf, st.REORDER_LOT]
    if position > point:
        return 0
    return int(-((position - point - state.leaf[leaf, st.REORDER_GAP]) // lot) * lot)


@lean
def _purchase_wanted(state: State, rule: int, level: float) -> int:
    """Given: so many. Planned: cumulative purchases and how demand differed. Base stock: what depots lack and the hub
    does not have. Reorder: what hub and depots together lack of `level`, their echelon stock."""
    if rule == GIVEN:
        return int(level)
    actual, lacks, held = 0, 0, 0
    for leaf in range(len(state.leaf)):
        actual += state.leaf[leaf, st.WANTED] - state.leaf[leaf, st.REPAIRED]
        lacks += max(_depot_lacks(state, leaf), 0)
        held += _position(state, leaf)
    if rule == PLANNED:
        return int(np.floor(level + actual - state.total[st.BOUGHT] + 0.5))
    at_hub = state.site[HUB, st.ON_HAND] + state.total[st.ON_ORDER]
    return int((np.floor(level) - held if rule == REORDER else lacks) - at_hub)


@lean
def buy(state: State, wanted: int, time: float, due: float) -> int:
    """Order at least `wanted` units, MOQ and multiples kept; they are at the hub on day `due`."""
    if wanted <= 0:
        return 0
    moq, multiple = int(state.rule[st.MOQ]), int(state.rule[st.MULTIPLE])
    units = moq + max(-((moq - wanted) // multiple), 0) * multiple
    state.total[st.BOUGHT] += units
    state.total[st.RECEIVED] += units
    if time < state.rule[st.UNTIL]:
        state.total[st.BOUGHT_COUNTED] += units
    lot = new_lot(state, units, due, due + state.rule[st.LIFE], np.inf)
    if due <= time:
        put(state, HUB, lot, time)
    else:
        state.total[st.ON_ORDER] += units
        push(state, due, st.ARRIVE, lot, HUB)
    return int(units)
