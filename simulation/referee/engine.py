"""The engine of the referee: every event of every part, one part at a time, compiled; parts run side by side (MODEL 6).

Requests go up (point → depot → hub → supplier), units come down. Couriers and benches are independent per unit;
consignments take the days drawn for their lane and departure, the same for all parts (`lead_times`).
"""

import numba as nb
import numpy as np

from domain.threads import in_threads, kernel
from simulation.referee import state as st
from simulation.referee.board import AT_ONCE, CATCH_UP, HUB, NEVER_SHUT, Board, Demands, Floats, Ints, Played, Rules
from simulation.referee.chance import seed_chance
from simulation.referee.emergency import help_all, help_out
from simulation.referee.moves import distribute, execute, hand_over, mend, review, scrap
from simulation.referee.state import (
    NONE,
    State,
    lean,
    new_lot,
    new_state,
    pop,
    push,
    put,
    rare,
    stand_in_line,
    step_out,
    take,
)

_ROOM = np.int64(128)  # lots, events and requests to begin with; doubled until a part fits


def play(board: Board, demands: Demands, arrives: Floats, rules: Rules, seeds: Ints, out: Played) -> None:
    """One replication of every part. arrives: the day each voyage arrives; seeds: one per part."""
    in_threads(_play, len(board.leaf_start) - 1, board, demands, arrives, rules, seeds, out)


@kernel
def _play(
    first: int, last: int, board: Board, demands: Demands, arrives: Floats, rules: Rules, seeds: Ints, out: Played
) -> None:
    for part in range(first, last):
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
    state = _set_up(board, demands, arrives, rules, part, seed, room)
    demand, end_demand = _open(state), len(state.need)
    order, end_order = board.order_start[part], board.order_start[part + 1]
    events, lost = 0, 0
    while state.total[0].full == 0:
        while order < end_order and board.order_rule[order] == CATCH_UP and state.total[0].oldest_owed == NONE:
            order += 1
        at_event = state.event[0].time if state.total[0].events else np.inf
        at_order = board.order_time[order] if order < end_order else np.inf
        at_demand = state.need[demand].asked_at if demand < end_demand else np.inf
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
    if state.total[0].full:
        return False
    out.events[part], out.lost[part] = events, lost if rules.check else -1
    first_leaf = board.leaf_start[part]
    _take_stock(first_leaf, board.point_start[first_leaf], part, state, out)
    _close(state)
    first_point = board.point_start[first_leaf]
    for way in range(len(state.way)):
        out.helped[board.way_start[first_point] + way] = state.way[way].sent
    _write(first_leaf, first_point, demands.start[part], part, state, out)
    return True


@nb.njit(cache=True, error_model="numpy")
def _set_up(
    board: Board, demands: Demands, arrives: Floats, rules: Rules, part: np.int64, seed: np.int64, room: np.int64
) -> State:
    """Stock on its shelves, what is under way in the heap."""
    first_leaf, end_leaf = board.leaf_start[part], board.leaf_start[part + 1]
    leaves = end_leaf - first_leaf
    sites = 1 + leaves + board.point_start[end_leaf] - board.point_start[first_leaf]
    first_demand, end_demand = demands.start[part], demands.start[part + 1]
    first_point = board.point_start[first_leaf]
    first_way, end_way = board.way_start[first_point], board.way_start[board.point_start[end_leaf]]
    if not (rules.laterals or rules.express):
        end_way = first_way
    state = new_state(sites, leaves, end_demand - first_demand, end_way - first_way, room, board.opens)
    seed_chance(state, seed)
    for demand in range(end_demand - first_demand):
        row = first_demand + demand
        state.need[demand].left, state.need[demand].priority = demands.quantity[row], demands.priority[row]
        state.need[demand].site, state.need[demand].asked_at = demands.site[row], demands.time[row]
        state.need[demand].new = demands.asked[row]
    rule = state.rule[0]
    rule.fifo, rule.patience = rules.fifo, rules.patience_days
    rule.until, rule.end, rule.life = rules.count_days, rules.end_days, board.life_days[part]
    rule.unlimited, rule.moq = board.unlimited[part], board.moq[part]
    rule.multiple, rule.mend_days = board.order_multiple[part], board.repair_days[part]
    rule.mends = board.return_rate[part] * board.repair_yield[part] if rules.defectives else 0.0
    site = 1 + leaves
    for leaf in range(leaves):
        state.leaf[leaf].depot_stock = board.depot_stock[first_leaf + leaf]
        state.leaf[leaf].reorder_lot = board.reorder_lot[first_leaf + leaf]
        state.leaf[leaf].reorder_gap = board.reorder_gap[first_leaf + leaf]
        state.leaf[leaf].first_point = site
        for point in range(board.point_start[first_leaf + leaf], board.point_start[first_leaf + leaf + 1]):
            state.site[site].leaf, state.site[site].up_to = leaf, board.base_stock[point]
            state.site[site].way_days = board.courier_days[point]
            state.site[site].way_sd = board.courier_days_sd[point]
            if end_way > first_way:
                state.site[site].first_way = board.way_start[point] - first_way
                state.site[site].end_way = board.way_start[point + 1] - first_way
            site += 1
        state.leaf[leaf].end_point = site
    for row in range(board.lot_start[part], board.lot_start[part + 1]):
        voyage = board.lot_voyage[row]
        due = -1.0 if voyage == AT_ONCE else max(arrives[voyage], 0.0)
        if state.total[0].full == 0:
            _lay(state, board.lot_site[row], board.lot_quantity[row], board.lot_expires[row], due)
    for row in range(end_way - first_way):
        _open_way(state, row, first_way + row, board, rules)
    if len(board.opens):
        _shut(state, first_leaf, board)
    if rules.defectives:
        for row in range(board.defective_start[part], board.defective_start[part + 1]):
            mend(state, board.defective_site[row], board.defective_units[row], board.repair_yield[part], 0.0)
    return state


@rare
def _open_way(state: State, row: int, at: int, board: Board, rules: Rules) -> None:
    way, source = state.way[row], board.way_source[at]
    way.source = source if (rules.express if source == HUB else rules.laterals) else NONE
    way.days, way.sd, way.weekdays = board.way_days[at], board.way_sd[at], board.way_weekdays[at]
    way.opens = board.way_opens[at] if len(board.opens) else NEVER_SHUT


@rare
def _shut(state: State, first_leaf: int, board: Board) -> None:
    """When depots, points and ways of a part are shut: a depot that shuts or opens and a way that opens are events."""
    first_point, leaves = board.point_start[first_leaf], len(state.leaf)
    for site in range(1 + leaves, len(state.site)):
        point = first_point + site - 1 - leaves
        state.site[site].opens, state.site[site].courier_opens = board.point_opens[point], board.courier_opens[point]
    for leaf in range(leaves):
        state.leaf[leaf].opens = board.depot_opens[first_leaf + leaf]
        _announce(state, state.leaf[leaf].opens, st.OPEN, leaf)
        if len(state.way) > 0:
            _announce(state, state.leaf[leaf].opens, st.HELP, leaf)
    for way in range(len(state.way)):
        _announce(state, state.way[way].opens, st.HELP, NONE)


@rare
def _announce(state: State, row: int, kind: int, leaf: int) -> None:
    """An event for each day on which something opens (or, to HELP a leaf, shuts)."""
    for day in range(state.days.shape[1] if row != NEVER_SHUT else 0):
        is_open = state.days[row, day] <= day
        was_open = day == 0 or state.days[row, day - 1] < day
        shuts = kind == st.HELP and leaf != NONE
        if is_open != was_open and is_open != shuts and state.total[0].full == 0:
            push(state, float(day), kind, leaf, 0)


@rare
def _lay(state: State, site: int, units: int, expires: float, due: float) -> None:
    """A lot of today's stock (`due` < 0), taken to be 0 days old and at home in its region, or one under way."""
    state.total[0].received += units
    if due < 0.0:
        put(state, site, new_lot(state, units, 0.0, expires, np.inf if site == HUB else -np.inf), 0.0)
        return
    push(state, due, st.ARRIVE, new_lot(state, units, due, min(expires, due + state.rule[0].life), np.inf), site)
    if site == HUB:
        state.total[0].on_order += units
    elif site <= len(state.leaf):
        state.leaf[site - 1].under_way += units
    else:
        state.site[site].transit += units


@lean
def _open(state: State) -> int:
    """Repairs open today take what is on their shelf, then shelves are filled; returns how many were open."""
    demand = 0
    while demand < len(state.need) and state.need[demand].new == 0:
        site = state.need[demand].site
        _serve_from_shelf(state, site, demand, 0.0)
        if state.need[demand].left > 0:
            stand_in_line(state, site, demand)
        demand += 1
    for site in range(1 + len(state.leaf), len(state.site)):
        review(state, site)
    for leaf in range(len(state.leaf)):
        distribute(state, leaf, 0.0)
    help_all(state, 0.0)
    return demand


@lean
def _serve_from_shelf(state: State, site: int, demand: int, time: float) -> None:
    while state.need[demand].left > 0 and state.site[site].on_hand > 0 and state.total[0].full == 0:
        lot = take(state, site, state.need[demand].left, time)
        hand_over(state, demand, lot, state.lot[lot].quantity, time)


@lean
def _demand(state: State, demand: int) -> None:
    """A repair asks for units: from the shelf if it can, else it waits."""
    site, time = state.need[demand].site, state.need[demand].asked_at
    leaf = state.site[site].leaf
    state.leaf[leaf].wanted += state.need[demand].left
    _serve_from_shelf(state, site, demand, time)
    if state.need[demand].left > 0:
        stand_in_line(state, site, demand)
        if state.rule[0].patience < np.inf:
            push(state, time + state.rule[0].patience, st.GIVE_UP, demand, site)
    review(state, site)
    distribute(state, leaf, time)
    from_hub = state.total[0].from_hub
    if state.site[site].wait > state.site[site].transit and len(state.way) > 0:
        help_out(state, site, time)
    if state.site[site].wait <= state.site[site].transit and state.total[0].from_hub == from_hub:
        state.need[demand].found = 1


@lean
def _happen(state: State) -> None:
    """The earliest event."""
    time, kind, what, where = pop(state)
    if kind == st.ARRIVE:
        _arrive(state, time, what, where)
    elif kind == st.EXPIRE:
        _expire(state, time, where)
    elif kind == st.MENDED:
        state.total[0].received += 1
        state.leaf[what].repaired += 1
        if time < state.rule[0].until:
            state.total[0].mended_counted += 1
        put(state, 1 + what, new_lot(state, 1, time, np.inf, time), time)
        distribute(state, what, time)
    elif kind == st.OPEN:
        distribute(state, what, time)
    elif kind == st.HELP:
        help_all(state, time)
    elif state.need[what].left > 0:  # a case that has waited long enough leaves
        step_out(state, where, what)
        _still_waiting(state, what, time)
        state.need[what].last_days = np.inf
        review(state, where)


@lean
def _still_waiting(state: State, demand: int, time: float) -> None:
    """Count the wait of units that have not come."""
    units, asked, until = state.need[demand].left, state.need[demand].asked_at, state.rule[0].until
    state.need[demand].waited += units * (time - asked)
    state.need[demand].counted += units * (min(time, until) - min(asked, until))
    state.need[demand].last_days = time - asked


@rare
def _expire(state: State, time: float, site: int) -> None:
    """Scrap what has reached the end of its shelf life."""
    some = False
    while state.site[site].first != NONE and state.lot[state.site[site].first].expires <= time:
        scrap(state, take(state, site, state.site[site].on_hand, time), time)
        some = True
    if some and site > len(state.leaf):
        review(state, site)
        distribute(state, state.site[site].leaf, time)


@lean
def _arrive(state: State, time: float, lot: int, site: int) -> None:
    """A lot reaches the hub, a depot or a point; on arrival at a point those who wait are served first."""
    units = state.lot[lot].quantity
    if site != HUB and state.lot[lot].reached == np.inf:
        state.lot[lot].reached = time
    expired = state.lot[lot].expires <= time
    if site > len(state.leaf):
        state.site[site].transit -= units
        if not expired:
            _deliver(state, time, lot, site)
            return
        scrap(state, lot, time)
        review(state, site)
        distribute(state, state.site[site].leaf, time)
        return
    if expired:
        scrap(state, lot, time)
    else:
        put(state, site, lot, time)
    if site == HUB:
        state.total[0].on_order -= units
        help_all(state, time)
    else:
        state.leaf[site - 1].under_way -= units
        distribute(state, site - 1, time)


@lean
def _deliver(state: State, time: float, lot: int, site: int) -> None:
    """Units at a repair point: those who wait get theirs, the rest goes on the shelf."""
    units = state.lot[lot].quantity
    while units > 0 and state.site[site].waiting != NONE:
        demand = state.site[site].waiting
        given = min(units, state.need[demand].left)
        if given == state.need[demand].left:
            step_out(state, site, demand)
        else:
            state.site[site].wait -= given
        hand_over(state, demand, lot, given, time)
        units -= given
    if units > 0:
        put(state, site, lot, time)


@lean
def _take_stock(first_leaf: int, first_point: int, part: int, state: State, out: Played) -> None:
    """What lies where, and what couriers are carrying."""
    leaves = len(state.leaf)
    out.on_hand_hub[part] = state.site[HUB].on_hand
    for leaf in range(leaves):
        out.on_hand_depot[first_leaf + leaf] = state.site[1 + leaf].on_hand
    for site in range(1 + leaves, len(state.site)):
        point = first_point + site - 1 - leaves
        out.on_hand_point[point] = state.site[site].on_hand
        out.on_way[point] = state.site[site].transit


@lean
def _close(state: State) -> None:
    """Close the books: what still lies or waits counts until the end."""
    end = state.rule[0].end
    for site in range(len(state.site)):
        while state.site[site].on_hand > 0:
            st.free_lot(state, take(state, site, state.site[site].on_hand, end))
    for demand in range(len(state.need)):
        gave_up = state.need[demand].last_days == np.inf
        if state.need[demand].left > 0 and not gave_up and state.need[demand].asked_at < end:
            _still_waiting(state, demand, end)


@lean
def _write(first_leaf: int, first_point: int, first_demand: int, part: int, state: State, out: Played) -> None:
    """The books of a part into the results."""
    for demand in range(len(state.need)):
        row = first_demand + demand
        out.at_once[row], out.local[row] = state.need[demand].at_once_units, state.need[demand].local_units
        out.found[row] = state.need[demand].found
        out.left[row], out.last[row] = state.need[demand].left, state.need[demand].last_days
        out.waited[row], out.counted_wait[row] = state.need[demand].waited, state.need[demand].counted
    leaves = len(state.leaf)
    out.hub_days[part], out.age_days[part] = state.site[HUB].unit_days, state.total[0].age_days
    for leaf in range(leaves):
        out.depot_days[first_leaf + leaf] = state.site[1 + leaf].unit_days
    for site in range(1 + leaves, len(state.site)):
        point = first_point + site - 1 - leaves
        out.shelf_days[point], out.couriered[point] = state.site[site].unit_days, state.site[site].sent
    out.used[part], out.scrapped[part] = state.total[0].used_counted, state.total[0].scrapped_counted
    out.repaired[part], out.bought[part] = state.total[0].mended_counted, state.total[0].bought_counted
