"""The state of one part in play: shelves of lots, goods under way, requests and waiting repairs; compiled."""

from typing import Any, NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from simulation.referee.board import NEVER_SHUT, Ints

Table = npt.NDArray[Any]  # of records

NONE = -1
_SLACK = 8  # what one step may still take after `full` is set; every loop looks at it
ARRIVE, MENDED, EXPIRE, GIVE_UP, OPEN, HELP = range(6)  # kinds of events


def _record(integers: str, floats: str = "") -> "np.dtype[np.void]":
    fields = [(name, np.int64) for name in integers.split()] + [(name, np.float64) for name in floats.split()]
    return np.dtype(fields)


# A shelf and who waits there: lots by `first` and `last`, repairs by `waiting` and `last_waiting`, and their units
_SITE = _record(
    "first last on_hand owed transit waiting last_waiting wait leaf up_to sent skip first_way end_way opens"
    " courier_opens",
    "way_days way_sd unit_days",
)
_LEAF = _record(
    "under_way shipped wanted repaired owed_here oldest newest first_point end_point depot_stock owed_by_hub"
    " reorder_lot reorder_gap opens"
)
_LOT = _record("next quantity", "born since expires reached")
_EVENT = np.dtype([("time", np.float64), ("what", np.int32), ("where", np.int32), ("kind", np.int64)])
# of a point at its depot, or of a leaf (`point`) at the hub by a lane (`via`)
_REQUEST = _record("after point units via")
_NEED = _record("left at_once_units local_units behind priority site new found", "asked_at last_days waited counted")
_WAY = _record("source weekdays sent opens", "days sd")
_CHANCE = np.dtype([("counter", np.uint64), ("has_spare", np.int64), ("spare", np.float64)])
_RULE = _record("moq multiple fifo unlimited", "patience until end life mends mend_days")
_TOTAL = _record(
    "events free_lot lots free_request requests full bought on_order used scrapped received used_counted"
    " scrapped_counted mended_counted bought_counted oldest_owed newest_owed from_hub",
    "age_days",
)

lean = nb.njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)  # type: ignore[call-overload]
"""For functions that allocate nothing: compiled into their caller and without reference counts. A call would pass every
table of the state, column by column, and took twice as long; with its tables counted, ten times."""

rare = nb.njit(cache=True, error_model="numpy", _nrt=False)  # type: ignore[call-overload]
"""The same for what seldom happens: called, not compiled in."""


class State(NamedTuple):
    """Tables of one part, a record a row; `rule` (numbers that hold for the whole play), `total` and `chance`
    have one. days: `opens` of the board."""

    site: Table
    leaf: Table
    lot: Table
    event: Table
    request: Table
    need: Table
    way: Table
    total: Table
    rule: Table
    chance: Table
    days: Ints


@nb.njit(cache=True, error_model="numpy")
def new_state(sites: int, leaves: int, demands: int, ways: int, room: "int | np.int64", days: Ints) -> State:
    """An empty state with `room` for lots, events and requests."""
    site, leaf, total = np.zeros(sites, _SITE), np.zeros(leaves, _LEAF), np.zeros(1, _TOTAL)
    for at in range(sites):
        site[at].opens = site[at].courier_opens = NEVER_SHUT
        site[at].first = site[at].last = site[at].waiting = site[at].last_waiting = NONE
    for at in range(leaves):
        leaf[at].opens = NEVER_SHUT
        leaf[at].oldest = leaf[at].newest = NONE
    total[0].free_lot = total[0].free_request = total[0].oldest_owed = total[0].newest_owed = NONE
    lot, event, request = np.empty(room, _LOT), np.empty(room, _EVENT), np.empty(room, _REQUEST)
    need, way, rule = np.zeros(demands, _NEED), np.zeros(ways, _WAY), np.zeros(1, _RULE)
    return State(site, leaf, lot, event, request, need, way, total, rule, np.zeros(1, _CHANCE), days)


@lean
def push(state: State, time: float, kind: int, what: int, where: int) -> None:
    """Put an event into the binary heap; sets `full` when room runs out."""
    event, total = state.event, state.total[0]
    at = total.events
    if at >= len(event) - _SLACK:
        total.full = 1
    total.events = at + 1
    while at > 0:
        parent = (at - 1) >> 1
        if event[parent].time <= time:
            break
        event[at] = event[parent]
        at = parent
    event[at].time, event[at].kind, event[at].what, event[at].where = time, kind, what, where


@lean
def pop(state: State) -> tuple[float, int, int, int]:
    """Take the earliest event: time, kind, what, where."""
    event, total = state.event, state.total[0]
    time, kind, what, where = event[0].time, event[0].kind, event[0].what, event[0].where
    last = total.events - 1
    total.events = last
    moved, at = event[last].time, 0
    while True:
        child = 2 * at + 1
        if child >= last:
            break
        if child + 1 < last and event[child + 1].time < event[child].time:
            child += 1
        if event[child].time >= moved:
            break
        event[at] = event[child]
        at = child
    event[at] = event[last]
    return time, kind, what, where


@lean
def open_from(state: State, opens: int, time: float) -> float:
    """The moment from `time` on at which something is open: at once, or when the first open day begins."""
    day = int(np.floor(time))
    if opens == NEVER_SHUT or day < 0 or day >= state.days.shape[1]:
        return time
    return max(time, float(state.days[opens, day]))


@lean
def new_lot(state: State, quantity: int, born: float, expires: float, reached: float) -> int:
    """A lot that lies nowhere yet; sets `full` when room runs out."""
    lot = state.total[0].free_lot
    if lot != NONE:
        state.total[0].free_lot = state.lot[lot].next
    else:
        lot = state.total[0].lots
        state.total[0].lots = lot + 1
        if lot >= len(state.lot) - _SLACK:
            state.total[0].full = 1
    state.lot[lot].next, state.lot[lot].quantity = NONE, quantity
    state.lot[lot].born, state.lot[lot].expires = born, expires
    state.lot[lot].since, state.lot[lot].reached = 0.0, reached
    return int(lot)


@lean
def free_lot(state: State, lot: int) -> None:
    """Forget a lot that is used up."""
    state.lot[lot].next = state.total[0].free_lot
    state.total[0].free_lot = lot


@lean
def put(state: State, site: int, lot: int, time: float) -> None:
    """Lay a lot on a shelf: what expires first lies first, then what came first."""
    state.lot[lot].since = time
    state.site[site].on_hand += state.lot[lot].quantity
    expires = state.lot[lot].expires
    last = state.site[site].last
    if last == NONE or state.lot[last].expires <= expires:
        state.lot[lot].next = NONE
        if last == NONE:
            state.site[site].first = lot
        else:
            state.lot[last].next = lot
        state.site[site].last = lot
    else:
        before, at = NONE, state.site[site].first
        while state.lot[at].expires <= expires:
            before, at = at, state.lot[at].next
        state.lot[lot].next = at
        if before == NONE:
            state.site[site].first = lot
        else:
            state.lot[before].next = lot
    if expires < np.inf:
        push(state, max(expires, time), EXPIRE, 0, site)


@lean
def take(state: State, site: int, quantity: int, time: float) -> int:
    """Take at most `quantity` units of the first lot from a shelf that has some: a lot of their own.

    Their stay counts as stock, Σ units × days, and with age: Σ units × ½(age² at the end − age² at the start).
    """
    lot = state.site[site].first
    held = state.lot[lot].quantity
    taken = min(held, quantity)
    state.site[site].on_hand -= taken
    until = state.rule[0].until
    first, last = min(state.lot[lot].since, until), min(time, until)
    born = state.lot[lot].born
    state.site[site].unit_days += taken * (last - first)
    state.total[0].age_days += 0.5 * taken * ((last - born) ** 2 - (first - born) ** 2)
    if taken == held:
        state.site[site].first = state.lot[lot].next
        if state.lot[lot].next == NONE:
            state.site[site].last = NONE
        return int(lot)
    state.lot[lot].quantity = held - taken
    return int(new_lot(state, taken, born, state.lot[lot].expires, state.lot[lot].reached))


@lean
def new_request(state: State, where: int, units: int) -> int:
    """A request nobody stands behind; sets `full` when room runs out."""
    request = state.total[0].free_request
    if request != NONE:
        state.total[0].free_request = state.request[request].after
    else:
        request = state.total[0].requests
        state.total[0].requests = request + 1
        if request >= len(state.request) - _SLACK:
            state.total[0].full = 1
    state.request[request].after, state.request[request].point, state.request[request].units = NONE, where, units
    return int(request)


@lean
def free_request(state: State, request: int) -> None:
    """Forget a request that is met."""
    state.request[request].after = state.total[0].free_request
    state.total[0].free_request = request


@lean
def ask(state: State, leaf: int, site: int, units: int) -> None:
    """Queue a request of a repair point at its depot."""
    request = new_request(state, site, units)
    if state.leaf[leaf].newest == NONE:
        state.leaf[leaf].oldest = request
    else:
        state.request[state.leaf[leaf].newest].after = request
    state.leaf[leaf].newest = request
    state.site[site].owed += units
    state.leaf[leaf].owed_here += units


@lean
def oldest_request(state: State, leaf: int) -> int:
    """The point whose request is the oldest. Units a point has got out of turn, or no longer wants (`skip`), come off
    its oldest requests."""
    while True:
        request = state.leaf[leaf].oldest
        site = state.request[request].point
        skipped = min(state.site[site].skip, state.request[request].units)
        state.site[site].skip -= skipped
        state.request[request].units -= skipped
        if state.request[request].units > 0:
            return int(site)
        state.leaf[leaf].oldest = state.request[request].after
        if state.request[request].after == NONE:
            state.leaf[leaf].newest = NONE
        free_request(state, request)


@lean
def stand_in_line(state: State, site: int, demand: int) -> None:
    """Let a demand wait at its point, behind those of its priority."""
    need = state.need
    before, at = state.site[site].last_waiting, NONE
    if before != NONE and need[before].priority > need[demand].priority:
        before, at = NONE, state.site[site].waiting
        while at != NONE and need[at].priority <= need[demand].priority:
            before, at = at, state.need[at].behind
    state.need[demand].behind = at
    if before == NONE:
        state.site[site].waiting = demand
    else:
        state.need[before].behind = demand
    if at == NONE:
        state.site[site].last_waiting = demand
    state.site[site].wait += state.need[demand].left


@lean
def step_out(state: State, site: int, demand: int) -> None:
    """Take a demand out of the line of its point."""
    before, at = NONE, state.site[site].waiting
    while at != demand:
        before, at = at, state.need[at].behind
    after = state.need[demand].behind
    if before == NONE:
        state.site[site].waiting = after
    else:
        state.need[before].behind = after
    if after == NONE:
        state.site[site].last_waiting = before
    state.site[site].wait -= state.need[demand].left


@rare
def units_lost(state: State) -> int:
    """|received − used − scrapped − on hand − moving| units, counted lot by lot; 0 when every unit is accounted for."""
    found = state.total[0].used + state.total[0].scrapped
    wrong = 0
    for site in range(len(state.site)):
        here, lot = 0, state.site[site].first
        while lot != NONE:
            here += state.lot[lot].quantity
            lot = state.lot[lot].next
        found += here
        wrong += abs(here - state.site[site].on_hand)
        waiting, demand = 0, state.site[site].waiting
        while demand != NONE:
            waiting += state.need[demand].left
            demand = state.need[demand].behind
        wrong += abs(waiting - state.site[site].wait)
    for at in range(state.total[0].events):
        if state.event[at].kind == ARRIVE:
            found += state.lot[state.event[at].what].quantity
    return int(wrong + abs(state.total[0].received - found))
