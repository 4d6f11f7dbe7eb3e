"""What the hub owes: planned shipments it could not fill, the earliest planned first; compiled.

They leave with the next departures of their lane once the hub has the goods, which nobody planned later can take.
"""

from simulation.referee.board import HUB
from simulation.referee.state import NONE, State, free_request, lean, new_request, rare


@rare
def owe(state: State, leaf: int, lane: int, units: int) -> None:
    """Note units a leaf should have got by a lane."""
    line = new_request(state, leaf, units)
    state.request[line].via = lane
    newest = state.total[0].newest_owed
    if newest == NONE:
        state.total[0].oldest_owed = line
    else:
        state.request[newest].after = line
    state.total[0].newest_owed = line
    state.leaf[leaf].owed_by_hub += units


@rare
def claim(state: State, leaf: int, lane: int) -> tuple[int, int]:
    """Units of the hub's stock that leave now, by this lane, for what is owed to the leaf, and those nobody claims."""
    free, now = state.site[HUB].on_hand, 0
    before, line = NONE, state.total[0].oldest_owed
    while line != NONE and free > 0:
        after, units = state.request[line].after, min(free, state.request[line].units)
        free -= units
        if state.request[line].point == leaf and state.request[line].via == lane:
            now += units
            before = _settle(state, before, line, units)
        else:
            before = line
        line = after
    return int(now), int(free)


@rare
def cancel(state: State, leaf: int, units: int) -> None:
    """Owe a leaf so much less, if anything is owed to it: less is wanted than was planned."""
    before, line = NONE, state.total[0].oldest_owed
    while line != NONE and units > 0:
        after, off = state.request[line].after, min(units, state.request[line].units)
        if state.request[line].point == leaf:
            units -= off
            before = _settle(state, before, line, off)
        else:
            before = line
        line = after


@lean
def _settle(state: State, before: int, line: int, units: int) -> int:
    """Take units off a line, and the line out when nothing is left; returns the line before the next."""
    state.leaf[state.request[line].point].owed_by_hub -= units
    state.request[line].units -= units
    if state.request[line].units > 0:
        return line
    after = state.request[line].after
    if before == NONE:
        state.total[0].oldest_owed = after
    else:
        state.request[before].after = after
    if after == NONE:
        state.total[0].newest_owed = before
    free_request(state, line)
    return before
