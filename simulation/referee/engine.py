"""The engine of the referee: every event of every part, one part at a time, compiled; parts run side by side (MODEL 6).

Requests go up (point → depot → hub → supplier), units come down. Couriers and benches are independent per unit;
consignments take the days drawn for their lane and departure, the same for all parts (`lead_times`).
"""

# ruff: noqa: NPY002  (compiled code has a stream per thread, which every play of a part seeds anew)

import numba as nb
import numpy as np

from simulation.referee import state as st
from simulation.referee.board import AT_ONCE, CATCH_UP, HUB, Board, Demands, Floats, Ints, Played, Rules
from simulation.referee.moves import distribute, execute, hand_over, review, scrap
from simulation.referee.state import (
    NONE,
    State,
    lean,
    new_lot,
    new_state,
    pop,
    push,
    put,
    stand_in_line,
    step_out,
    take,
)

_ROOM = np.int64(128)  # lots, events and requests to begin with; doubled until a part fits


@nb.njit(cache=True, error_model="numpy", parallel=True)
def play(board: Board, demands: Demands, arrives: Floats, rules: Rules, seeds: Ints, out: Played) -> None:
    """One replication of every part. arrives: the day each voyage arrives; seeds: one per part."""
    for part in nb.prange(len(board.leaf_start) - 1):
        _play_until_it_fits(board, demands, arrives, rules, np.int64(part), seeds[part], out)


@nb.njit(cache=True, error_model="numpy")
def _play_until_it_fits(
    board: Board, demands: Demands, arrives: Floats, rules: Rules, part: np.int64, seed: np.int64, out: Played
) -> None:
    room = _ROOM  # of one type from the start, or everything is compiled twice
    while not _play_part(board, demands, arrives, rules, part, seed, room, out):
        room = room + room


@nb.njit(cache=True, error_model="numpy")
def _play_part(
    board: Board,
    demands: Demands,
    arrives: Floats,
    rules: Rules,
    part: np.int64,
    seed: np.int64,
    room: np.int64,
    out: Played,
) -> bool:
    """One replication of one part; False when `room` did not suffice and what was written is not to be read."""
    np.random.seed(seed)
    state = _set_up(board, demands, arrives, rules, part, room)
    demand, end_demand = _open(state), len(state.need)
    order, end_order = board.order_start[part], board.order_start[part + 1]
    events, lost = 0, 0
    while state.total[st.FULL] == 0:
        while order < end_order and board.order_rule[order] == CATCH_UP and state.total[st.OLDEST_OWED] == NONE:
            order += 1
        at_event = state.event_time[0] if state.total[st.EVENTS] else np.inf
        at_order = board.order_time[order] if order < end_order else np.inf
        at_demand = state.served[demand, st.ASKED_AT] if demand < end_demand else np.inf
        time = min(at_event, at_order, at_demand)
        if time >= rules.end_days:
            break
        events += 1
        if at_event <= time:
            _happen(state)
        elif at_order <= time:
            voyage = board.order_voyage[order]
            due = time if voyage == AT_ONCE else max(arrives[voyage], time)
            kind, rule, leaf = board.order_kind[order], board.order_rule[order], board.order_leaf[order]
            lane = board.order_lane[order]
            out.moved[order] = execute(state, kind, rule, leaf, lane, board.order_level[order], time, due)
            order += 1
        else:
            _demand(state, demand)
            demand += 1
        if rules.check:
            lost += st.units_lost(state)
    if state.total[st.FULL]:
        return False
    out.events[part], out.lost[part] = events, lost if rules.check else -1
    first_leaf = board.leaf_start[part]
    _take_stock(first_leaf, board.point_start[first_leaf], part, state, out)
    _close(state)
    _write(first_leaf, board.point_start[first_leaf], demands.start[part], part, state, out)
    return True


@nb.njit(cache=True, error_model="numpy")
def _set_up(board: Board, demands: Demands, arrives: Floats, rules: Rules, part: np.int64, room: np.int64) -> State:
    """Stock on its shelves, what is under way in the heap."""
    first_leaf, end_leaf = board.leaf_start[part], board.leaf_start[part + 1]
    leaves = end_leaf - first_leaf
    sites = 1 + leaves + board.point_start[end_leaf] - board.point_start[first_leaf]
    first_demand, end_demand = demands.start[part], demands.start[part + 1]
    state = new_state(sites, leaves, end_demand - first_demand, room)
    for demand in range(end_demand - first_demand):
        row = first_demand + demand
        state.need[demand, st.LEFT], state.need[demand, st.PRIORITY] = demands.quantity[row], demands.priority[row]
        state.need[demand, st.SITE], state.served[demand, st.ASKED_AT] = demands.site[row], demands.time[row]
        state.need[demand, st.NEW] = demands.asked[row]
    rule = state.rule
    rule[st.FIFO], rule[st.PATIENCE] = rules.fifo, rules.patience_days
    rule[st.UNTIL], rule[st.END], rule[st.LIFE] = rules.count_days, rules.end_days, board.life_days[part]
    rule[st.UNLIMITED], rule[st.MOQ] = board.unlimited[part], board.moq[part]
    rule[st.MULTIPLE], rule[st.MEND_DAYS] = board.order_multiple[part], board.repair_days[part]
    rule[st.MENDS] = board.return_rate[part] * board.repair_yield[part] if rules.defectives else 0.0
    site = 1 + leaves
    for leaf in range(leaves):
        state.leaf[leaf, st.DEPOT_STOCK] = board.depot_stock[first_leaf + leaf]
        state.leaf[leaf, st.REORDER_LOT] = board.reorder_lot[first_leaf + leaf]
        state.leaf[leaf, st.REORDER_GAP] = board.reorder_gap[first_leaf + leaf]
        state.leaf[leaf, st.FIRST_POINT] = site
        for point in range(board.point_start[first_leaf + leaf], board.point_start[first_leaf + leaf + 1]):
            state.site[site, st.LEAF], state.site[site, st.UP_TO] = leaf, board.base_stock[point]
            state.place[site, st.WAY_DAYS] = board.courier_days[point]
            state.place[site, st.WAY_SD] = board.courier_days_sd[point]
            site += 1
        state.leaf[leaf, st.END_POINT] = site
    for row in range(board.lot_start[part], board.lot_start[part + 1]):
        voyage = board.lot_voyage[row]
        due = -1.0 if voyage == AT_ONCE else max(arrives[voyage], 0.0)
        if state.total[st.FULL] == 0:
            _lay(state, board.lot_site[row], board.lot_quantity[row], board.lot_expires[row], due)
    return state


@lean
def _lay(state: State, site: int, units: int, expires: float, due: float) -> None:
    """A lot of today's stock (`due` < 0), taken to be 0 days old and at home in its region, or one under way."""
    state.total[st.RECEIVED] += units
    if due < 0.0:
        put(state, site, new_lot(state, units, 0.0, expires, np.inf if site == HUB else -np.inf), 0.0)
        return
    push(state, due, st.ARRIVE, new_lot(state, units, due, min(expires, due + state.rule[st.LIFE]), np.inf), site)
    if site == HUB:
        state.total[st.ON_ORDER] += units
    elif site <= len(state.leaf):
        state.leaf[site - 1, st.UNDER_WAY] += units
    else:
        state.site[site, st.TRANSIT] += units


@lean
def _open(state: State) -> int:
    """Repairs open today take what is on their shelf, then shelves are filled; returns how many were open."""
    demand = 0
    while demand < len(state.need) and state.need[demand, st.NEW] == 0:
        site = state.need[demand, st.SITE]
        _serve_from_shelf(state, site, demand, 0.0)
        if state.need[demand, st.LEFT] > 0:
            stand_in_line(state, site, demand)
        demand += 1
    for site in range(1 + len(state.leaf), len(state.site)):
        review(state, site)
    for leaf in range(len(state.leaf)):
        distribute(state, leaf, 0.0)
    return demand


@lean
def _serve_from_shelf(state: State, site: int, demand: int, time: float) -> None:
    while state.need[demand, st.LEFT] > 0 and state.site[site, st.ON_HAND] > 0 and state.total[st.FULL] == 0:
        lot = take(state, site, state.need[demand, st.LEFT], time)
        hand_over(state, demand, lot, state.lot[lot, st.QUANTITY], time)


@lean
def _demand(state: State, demand: int) -> None:
    """A repair asks for units: from the shelf if it can, else it waits."""
    site, time = state.need[demand, st.SITE], state.served[demand, st.ASKED_AT]
    leaf = state.site[site, st.LEAF]
    state.leaf[leaf, st.WANTED] += state.need[demand, st.LEFT]
    _serve_from_shelf(state, site, demand, time)
    if state.need[demand, st.LEFT] > 0:
        stand_in_line(state, site, demand)
        if state.rule[st.PATIENCE] < np.inf:
            push(state, time + state.rule[st.PATIENCE], st.GIVE_UP, demand, site)
    review(state, site)
    distribute(state, leaf, time)


@lean
def _happen(state: State) -> None:
    """The earliest event."""
    time, kind, what, where = pop(state)
    if kind == st.ARRIVE:
        _arrive(state, time, what, where)
    elif kind == st.EXPIRE:
        _expire(state, time, where)
    elif kind == st.MENDED:
        state.total[st.RECEIVED] += 1
        state.leaf[what, st.REPAIRED] += 1
        if time < state.rule[st.UNTIL]:
            state.total[st.MENDED_COUNTED] += 1
        put(state, 1 + what, new_lot(state, 1, time, np.inf, time), time)
        distribute(state, what, time)
    elif state.need[what, st.LEFT] > 0:  # a case that has waited long enough leaves
        step_out(state, where, what)
        _still_waiting(state, what, time)
        state.served[what, st.LAST_DAYS] = np.inf
        review(state, where)


@lean
def _still_waiting(state: State, demand: int, time: float) -> None:
    """Count the wait of units that have not come."""
    units, asked, until = state.need[demand, st.LEFT], state.served[demand, st.ASKED_AT], state.rule[st.UNTIL]
    state.served[demand, st.WAITED] += units * (time - asked)
    state.served[demand, st.COUNTED] += units * (min(time, until) - min(asked, until))
    state.served[demand, st.LAST_DAYS] = time - asked


@lean
def _expire(state: State, time: float, site: int) -> None:
    """Scrap what has reached the end of its shelf life."""
    some = False
    while state.site[site, st.FIRST] != NONE and state.lot_time[state.site[site, st.FIRST], st.EXPIRES] <= time:
        scrap(state, take(state, site, state.site[site, st.ON_HAND], time), time)
        some = True
    if some and site > len(state.leaf):
        review(state, site)
        distribute(state, state.site[site, st.LEAF], time)


@lean
def _arrive(state: State, time: float, lot: int, site: int) -> None:
    """A lot reaches the hub, a depot or a point; on arrival at a point those who wait are served first."""
    units = state.lot[lot, st.QUANTITY]
    if site != HUB and state.lot_time[lot, st.REACHED] == np.inf:
        state.lot_time[lot, st.REACHED] = time
    expired = state.lot_time[lot, st.EXPIRES] <= time
    if site > len(state.leaf):
        state.site[site, st.TRANSIT] -= units
        if not expired:
            _deliver(state, time, lot, site)
            return
        scrap(state, lot, time)
        review(state, site)
        distribute(state, state.site[site, st.LEAF], time)
        return
    if expired:
        scrap(state, lot, time)
    else:
        put(state, site, lot, time)
    if site == HUB:
        state.total[st.ON_ORDER] -= units
    else:
        state.leaf[site - 1, st.UNDER_WAY] -= units
        distribute(state, site - 1, time)


@lean
def _deliver(state: State, time: float, lot: int, site: int) -> None:
    """Units at a repair point: those who wait get theirs, the rest goes on the shelf."""
    units = state.lot[lot, st.QUANTITY]
    while units > 0 and state.site[site, st.WAITING] != NONE:
        demand = state.site[site, st.WAITING]
        given = min(units, state.need[demand, st.LEFT])
        if given == state.need[demand, st.LEFT]:
            step_out(state, site, demand)
        else:
            state.site[site, st.WAIT] -= given
        hand_over(state, demand, lot, given, time)
        units -= given
    if units > 0:
        put(state, site, lot, time)


@lean
def _take_stock(first_leaf: int, first_point: int, part: int, state: State, out: Played) -> None:
    """What lies where, and what couriers are carrying."""
    leaves = len(state.leaf)
    out.on_hand_hub[part] = state.site[HUB, st.ON_HAND]
    for leaf in range(leaves):
        out.on_hand_depot[first_leaf + leaf] = state.site[1 + leaf, st.ON_HAND]
    for site in range(1 + leaves, len(state.site)):
        point = first_point + site - 1 - leaves
        out.on_hand_point[point] = state.site[site, st.ON_HAND]
        out.on_way[point] = state.site[site, st.TRANSIT]


@lean
def _close(state: State) -> None:
    """Close the books: what still lies or waits counts until the end."""
    end = state.rule[st.END]
    for site in range(len(state.site)):
        while state.site[site, st.ON_HAND] > 0:
            st.free_lot(state, take(state, site, state.site[site, st.ON_HAND], end))
    for demand in range(len(state.need)):
        gave_up = state.served[demand, st.LAST_DAYS] == np.inf
        if state.need[demand, st.LEFT] > 0 and not gave_up and state.served[demand, st.ASKED_AT] < end:
            _still_waiting(state, demand, end)


@lean
def _write(first_leaf: int, first_point: int, first_demand: int, part: int, state: State, out: Played) -> None:
    """The books of a part into the results."""
    for demand in range(len(state.need)):
        row = first_demand + demand
        out.at_once[row], out.local[row] = state.need[demand, st.AT_ONCE_UNITS], state.need[demand, st.LOCAL_UNITS]
        out.left[row], out.last[row] = state.need[demand, st.LEFT], state.served[demand, st.LAST_DAYS]
        out.waited[row], out.counted_wait[row] = state.served[demand, st.WAITED], state.served[demand, st.COUNTED]
    leaves = len(state.leaf)
    out.hub_days[part], out.age_days[part] = state.place[HUB, st.UNIT_DAYS], state.place[-1, st.UNIT_DAYS]
    for leaf in range(leaves):
        out.depot_days[first_leaf + leaf] = state.place[1 + leaf, st.UNIT_DAYS]
    for site in range(1 + leaves, len(state.site)):
        point = first_point + site - 1 - leaves
        out.shelf_days[point], out.couriered[point] = state.place[site, st.UNIT_DAYS], state.site[site, st.SENT]
    out.used[part], out.scrapped[part] = state.total[st.USED_COUNTED], state.total[st.SCRAPPED_COUNTED]
    out.repaired[part], out.bought[part] = state.total[st.MENDED_COUNTED], state.total[st.BOUGHT_COUNTED]
