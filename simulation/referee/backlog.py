"""What the hub owes: planned shipments it could not fill, the earliest planned first; compiled.

They leave with the next departures of their lane once the hub has the goods, which nobody planned later can take.
"""

from simulation.referee import state as st
from simulation.referee.board import HUB
from simulation.referee.state import NONE, State, free_request, lean, new_request


@lean
def owe(state: State, leaf: int, lane: int, units: int) -> None:
    """Note units a leaf should have got by a lane."""
    line = new_request(state, leaf, units)
    state.request[line, st.VIA] = lane
    newest = state.total[st.NEWEST_OWED]
    if newest == NONE:
        state.total[st.OLDEST_OWED] = line
    else:
        state.request[newest, st.AFTER] = line
    state.total[st.NEWEST_OWED] = line
    state.leaf[leaf, st.OWED_BY_HUB] += units


@lean
def claim(state: State, leaf: int, lane: int) -> tuple[int, int]:
    """Units of the hub's stock that leave now, by this lane, for what is owed to the leaf, and those nobody claims."""
    free, now = state.site[HUB, st.ON_HAND], 0
    before, line = NONE, state.total[st.OLDEST_OWED]
    while line != NONE and free > 0:
        after, units = state.request[line, st.AFTER], min(free, state.request[line, st.UNITS])
        free -= units
        if state.request[line, st.POINT] == leaf and state.request[line, st.VIA] == lane:
            now += units
            before = _settle(state, before, line, units)
        else:
            before = line
        line = after
    return int(now), int(free)


@lean
def cancel(state: State, leaf: int, units: int) -> None:
    """Owe a leaf so much less, if anything is owed to it: less is wanted than was planned."""
    before, line = NONE, state.total[st.OLDEST_OWED]
    while line != NONE and units > 0:
        after, off = state.request[line, st.AFTER], min(units, state.request[line, st.UNITS])
        if state.request[line, st.POINT] == leaf:
            units -= off
            before = _settle(state, before, line, off)
        else:
            before = line
        line = after


@lean
def _settle(state: State, before: int, line: int, units: int) -> int:
    """Take units off a line, and the line out when nothing is left; returns the line before the next."""
    state.leaf[state.request[line, st.POINT], st.OWED_BY_HUB] -= units
    state.request[line, st.UNITS] -= units
    if state.request[line, st.UNITS] > 0:
        return line
    after = state.request[line, st.AFTER]
    if before == NONE:
        state.total[st.OLDEST_OWED] = after
    else:
        state.request[before, st.AFTER] = after
    if after == NONE:
        state.total[st.NEWEST_OWED] = before
    free_request(state, line)
    return before
