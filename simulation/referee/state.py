"""The state of one part in play: shelves of lots, goods under way, requests and waiting repairs; compiled."""

from typing import NamedTuple

import numba as nb
import numpy as np

from simulation.referee.board import Floats, Ints

NONE = -1
_SLACK = 8  # what one step may still take after FULL is set; every loop looks at FULL
# columns of State.site
FIRST, LAST, ON_HAND, OWED, TRANSIT, WAITING, LAST_WAITING, WAIT, LEAF, UP_TO, SENT, SKIP = range(12)
# columns of State.place; its last row holds age × unit-days
WAY_DAYS, WAY_SD, UNIT_DAYS = range(3)
# columns of State.leaf
UNDER_WAY, SHIPPED, WANTED, REPAIRED, OWED_HERE, OLDEST, NEWEST, FIRST_POINT, END_POINT, DEPOT_STOCK = range(10)
OWED_BY_HUB, REORDER_LOT, REORDER_GAP = range(10, 13)
# columns of State.lot and State.lot_time
NEXT, QUANTITY = range(2)
BORN, SINCE, EXPIRES, REACHED = range(4)
# columns of State.event; its kinds
KIND, WHAT, WHERE = range(3)
ARRIVE, MENDED, EXPIRE, GIVE_UP = range(4)
# columns of State.request: of a point at its depot, or of a leaf (POINT) at the hub by a lane (VIA)
AFTER, POINT, UNITS, VIA = range(4)
# columns of State.need and State.served
LEFT, AT_ONCE_UNITS, LOCAL_UNITS, BEHIND, PRIORITY, SITE, NEW = range(7)
ASKED_AT, LAST_DAYS, WAITED, COUNTED = range(4)
# rows of State.rule
FIFO, PATIENCE, UNTIL, END, UNLIMITED, MOQ, MULTIPLE, LIFE, MENDS, MEND_DAYS = range(10)
# rows of State.total
EVENTS, FREE_LOT, LOTS, FREE_REQUEST, REQUESTS, FULL, BOUGHT, ON_ORDER, USED, SCRAPPED, RECEIVED = range(11)
USED_COUNTED, SCRAPPED_COUNTED, MENDED_COUNTED, BOUGHT_COUNTED = range(11, 15)
OLDEST_OWED, NEWEST_OWED = range(15, 17)


lean = nb.njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)  # type: ignore[call-overload]
"""For functions that allocate nothing: compiled into their caller and without reference counts. A call would pass every
table of the state, column by column, and took twice as long; with its tables counted, ten times."""


class State(NamedTuple):
    """Tables of one part; the column names above say what is in them.

    place: the way from the depot to each site and its unit-days of stock. need, served: each demand and what became of
    it. rule: numbers that hold for the whole play.
    """

    site: Ints
    place: Floats
    leaf: Ints
    lot: Ints
    lot_time: Floats
    event: Ints
    event_time: Floats
    request: Ints
    need: Ints
    served: Floats
    total: Ints
    rule: Floats


@nb.njit(cache=True, error_model="numpy")
def new_state(sites: int, leaves: int, demands: int, room: "int | np.int64") -> State:
    """An empty state with `room` for lots, events and requests."""
    site = np.zeros((sites, 12), np.int64)
    site[:, FIRST] = site[:, LAST] = site[:, WAITING] = site[:, LAST_WAITING] = NONE
    leaf = np.zeros((leaves, 13), np.int64)
    leaf[:, OLDEST] = leaf[:, NEWEST] = NONE
    count = np.zeros(17, np.int64)
    count[FREE_LOT] = count[FREE_REQUEST] = count[OLDEST_OWED] = count[NEWEST_OWED] = NONE
    return State(
        site,
        np.zeros((sites + 1, 3)),
        leaf,
        np.empty((room, 2), np.int64),
        np.empty((room, 4), np.float64),
        np.empty((room, 3), np.int64),
        np.empty(room, np.float64),
        np.empty((room, 4), np.int64),
        np.zeros((demands, 7), np.int64),
        np.zeros((demands, 4)),
        count,
        np.zeros(10),
    )


@lean
def push(state: State, time: float, kind: int, what: int, where: int) -> None:
    """Put an event into the binary heap; sets FULL when room runs out."""
    at = state.total[EVENTS]
    if at >= len(state.event_time) - _SLACK:
        state.total[FULL] = 1
    state.total[EVENTS] = at + 1
    while at > 0:
        parent = (at - 1) >> 1
        if state.event_time[parent] <= time:
            break
        state.event_time[at] = state.event_time[parent]
        state.event[at, KIND], state.event[at, WHAT] = state.event[parent, KIND], state.event[parent, WHAT]
        state.event[at, WHERE] = state.event[parent, WHERE]
        at = parent
    state.event_time[at] = time
    state.event[at, KIND], state.event[at, WHAT], state.event[at, WHERE] = kind, what, where


@lean
def pop(state: State) -> tuple[float, int, int, int]:
    """Take the earliest event: time, kind, what, where."""
    events, times = state.event, state.event_time
    time, kind, what, where = times[0], events[0, KIND], events[0, WHAT], events[0, WHERE]
    last = state.total[EVENTS] - 1
    state.total[EVENTS] = last
    moved = times[last]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= last:
            break
        if child + 1 < last and times[child + 1] < times[child]:
            child += 1
        if times[child] >= moved:
            break
        times[at] = times[child]
        events[at, KIND], events[at, WHAT], events[at, WHERE] = (
            events[child, KIND],
            events[child, WHAT],
            events[child, WHERE],
        )
        at = child
    times[at] = moved
    events[at, KIND], events[at, WHAT], events[at, WHERE] = (
        events[last, KIND],
        events[last, WHAT],
        events[last, WHERE],
    )
    return time, kind, what, where


@lean
def new_lot(state: State, quantity: int, born: float, expires: float, reached: float) -> int:
    """A lot that lies nowhere yet; sets FULL when room runs out."""
    lot = state.total[FREE_LOT]
    if lot != NONE:
        state.total[FREE_LOT] = state.lot[lot, NEXT]
    else:
        lot = state.total[LOTS]
        state.total[LOTS] = lot + 1
        if lot >= len(state.lot) - _SLACK:
            state.total[FULL] = 1
    state.lot[lot, NEXT], state.lot[lot, QUANTITY] = NONE, quantity
    state.lot_time[lot, BORN], state.lot_time[lot, EXPIRES] = born, expires
    state.lot_time[lot, SINCE], state.lot_time[lot, REACHED] = 0.0, reached
    return int(lot)


@lean
def free_lot(state: State, lot: int) -> None:
    """Forget a lot that is used up."""
    state.lot[lot, NEXT] = state.total[FREE_LOT]
    state.total[FREE_LOT] = lot


@lean
def put(state: State, site: int, lot: int, time: float) -> None:
    """Lay a lot on a shelf: what expires first lies first, then what came first."""
    state.lot_time[lot, SINCE] = time
    state.site[site, ON_HAND] += state.lot[lot, QUANTITY]
    expires = state.lot_time[lot, EXPIRES]
    last = state.site[site, LAST]
    if last == NONE or state.lot_time[last, EXPIRES] <= expires:
        state.lot[lot, NEXT] = NONE
        if last == NONE:
            state.site[site, FIRST] = lot
        else:
            state.lot[last, NEXT] = lot
        state.site[site, LAST] = lot
    else:
        before, at = NONE, state.site[site, FIRST]
        while state.lot_time[at, EXPIRES] <= expires:
            before, at = at, state.lot[at, NEXT]
        state.lot[lot, NEXT] = at
        if before == NONE:
            state.site[site, FIRST] = lot
        else:
            state.lot[before, NEXT] = lot
    if expires < np.inf:
        push(state, max(expires, time), EXPIRE, 0, site)


@lean
def take(state: State, site: int, quantity: int, time: float) -> int:
    """Take at most `quantity` units of the first lot from a shelf that has some: a lot of their own.

    Their stay counts as stock, Σ units × days, and with age: Σ units × ½(age² at the end − age² at the start).
    """
    lot = state.site[site, FIRST]
    held = state.lot[lot, QUANTITY]
    taken = min(held, quantity)
    state.site[site, ON_HAND] -= taken
    until = state.rule[UNTIL]
    first, last = min(state.lot_time[lot, SINCE], until), min(time, until)
    born = state.lot_time[lot, BORN]
    state.place[site, UNIT_DAYS] += taken * (last - first)
    state.place[-1, UNIT_DAYS] += 0.5 * taken * ((last - born) ** 2 - (first - born) ** 2)
    if taken == held:
        state.site[site, FIRST] = state.lot[lot, NEXT]
        if state.lot[lot, NEXT] == NONE:
            state.site[site, LAST] = NONE
        return int(lot)
    state.lot[lot, QUANTITY] = held - taken
    return int(new_lot(state, taken, born, state.lot_time[lot, EXPIRES], state.lot_time[lot, REACHED]))


@lean
def new_request(state: State, where: int, units: int) -> int:
    """A request nobody stands behind; sets FULL when room runs out."""
    request = state.total[FREE_REQUEST]
    if request != NONE:
        state.total[FREE_REQUEST] = state.request[request, AFTER]
    else:
        request = state.total[REQUESTS]
        state.total[REQUESTS] = request + 1
        if request >= len(state.request) - _SLACK:
            state.total[FULL] = 1
    state.request[request, AFTER], state.request[request, POINT], state.request[request, UNITS] = NONE, where, units
    return int(request)


@lean
def free_request(state: State, request: int) -> None:
    """Forget a request that is met."""
    state.request[request, AFTER] = state.total[FREE_REQUEST]
    state.total[FREE_REQUEST] = request


@lean
def ask(state: State, leaf: int, site: int, units: int) -> None:
    """Queue a request of a repair point at its depot."""
    request = new_request(state, site, units)
    if state.leaf[leaf, NEWEST] == NONE:
        state.leaf[leaf, OLDEST] = request
    else:
        state.request[state.leaf[leaf, NEWEST], AFTER] = request
    state.leaf[leaf, NEWEST] = request
    state.site[site, OWED] += units
    state.leaf[leaf, OWED_HERE] += units


@lean
def oldest_request(state: State, leaf: int) -> int:
    """The point whose request is the oldest. Units a point has got out of turn, or no longer wants (SKIP), come off its
    oldest requests."""
    while True:
        request = state.leaf[leaf, OLDEST]
        site = state.request[request, POINT]
        skipped = min(state.site[site, SKIP], state.request[request, UNITS])
        state.site[site, SKIP] -= skipped
        state.request[request, UNITS] -= skipped
        if state.request[request, UNITS] > 0:
            return int(site)
        state.leaf[leaf, OLDEST] = state.request[request, AFTER]
        if state.request[request, AFTER] == NONE:
            state.leaf[leaf, NEWEST] = NONE
        free_request(state, request)


@lean
def stand_in_line(state: State, site: int, demand: int) -> None:
    """Let a demand wait at its point, behind those of its priority."""
    need = state.need
    before, at = state.site[site, LAST_WAITING], NONE
    if before != NONE and need[before, PRIORITY] > need[demand, PRIORITY]:
        before, at = NONE, state.site[site, WAITING]
        while at != NONE and need[at, PRIORITY] <= need[demand, PRIORITY]:
            before, at = at, state.need[at, BEHIND]
    state.need[demand, BEHIND] = at
    if before == NONE:
        state.site[site, WAITING] = demand
    else:
        state.need[before, BEHIND] = demand
    if at == NONE:
        state.site[site, LAST_WAITING] = demand
    state.site[site, WAIT] += state.need[demand, LEFT]


@lean
def step_out(state: State, site: int, demand: int) -> None:
    """Take a demand out of the line of its point."""
    before, at = NONE, state.site[site, WAITING]
    while at != demand:
        before, at = at, state.need[at, BEHIND]
    after = state.need[demand, BEHIND]
    if before == NONE:
        state.site[site, WAITING] = after
    else:
        state.need[before, BEHIND] = after
    if after == NONE:
        state.site[site, LAST_WAITING] = before
    state.site[site, WAIT] -= state.need[demand, LEFT]


@lean
def units_lost(state: State) -> int:
    """|received − used − scrapped − on hand − moving| units, counted lot by lot; 0 when every unit is accounted for."""
    found = state.total[USED] + state.total[SCRAPPED]
    wrong = 0
    for site in range(len(state.site)):
        here, lot = 0, state.site[site, FIRST]
        while lot != NONE:
            here += state.lot[lot, QUANTITY]
            lot = state.lot[lot, NEXT]
        found += here
        wrong += abs(here - state.site[site, ON_HAND])
        waiting, demand = 0, state.site[site, WAITING]
        while demand != NONE:
            waiting += state.need[demand, LEFT]
            demand = state.need[demand, BEHIND]
        wrong += abs(waiting - state.site[site, WAIT])
    for at in range(state.total[EVENTS]):
        if state.event[at, KIND] == ARRIVE:
            found += state.lot[state.event[at, WHAT], QUANTITY]
    return int(wrong + abs(state.total[RECEIVED] - found))
