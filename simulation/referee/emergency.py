"""Emergency supply: a repair its region cannot help gets its unit from another point, else by express; compiled."""

import numpy as np

from simulation.referee import state as st
from simulation.referee.board import HUB
from simulation.referee.chance import days_of
from simulation.referee.moves import buy, distribute, review
from simulation.referee.state import NONE, State, lean, open_from, push, rare, take

_DAYS = 7


@rare
def help_out(state: State, site: int, time: float) -> None:
    """Send what repairs at a point wait for and nothing brings, when depot and lanes of its region are empty or the
    depot is shut: by the ways to the point in their order, laterals from points and depots with stock to spare, then
    express from the hub. A way that is shut today is passed over."""
    here = state.site[site]
    leaf = here.leaf
    reached = open_from(state, state.leaf[leaf].opens, time) <= time
    if reached and (state.site[1 + leaf].on_hand > 0 or state.leaf[leaf].under_way > 0):
        return
    for at in range(here.first_way, here.end_way):
        source = state.way[at].source
        if open_from(state, state.way[at].opens, time) > time:
            source = NONE
        while source != NONE and here.wait > here.transit and _spare(state, source, time) and state.total[0].full == 0:
            _send(state, at, source, site, time)


@rare
def help_all(state: State, time: float) -> None:
    """`help_out` at every point where repairs wait."""
    if len(state.way) > 0:
        for site in range(1 + len(state.leaf), len(state.site)):
            if state.site[site].wait > state.site[site].transit:
                help_out(state, site, time)


@lean
def _spare(state: State, source: int, time: float) -> bool:
    """Whether a place has a unit its own repairs do not wait for, or another region's depot one its points do not ask
    for; a hub that never runs out gets one."""
    if source == HUB and state.rule[0].unlimited > 0 and state.site[HUB].on_hand == 0:
        buy(state, 1, time, time)
    if HUB < source <= len(state.leaf):
        shut = open_from(state, state.leaf[source - 1].opens, time) > time
        return bool(not shut and state.site[source].on_hand > state.leaf[source - 1].owed_here)
    return bool(state.site[source].on_hand > state.site[source].wait)


@lean
def _send(state: State, way: int, source: int, site: int, time: float) -> None:
    """One unit, with the way's next departure. The cumulative shipments of both regions follow it, so that the plan
    replaces it where it came from."""
    leaf, lot = state.site[site].leaf, take(state, source, 1, time)
    state.leaf[leaf].shipped += 1
    origin = source - 1 if source <= len(state.leaf) else state.site[source].leaf
    if source == HUB:
        state.total[0].from_hub += 1
    else:
        state.leaf[origin].shipped -= 1
        if origin != leaf:
            state.lot[lot].reached = np.inf
    state.site[site].transit += 1
    if time < state.rule[0].until:
        state.way[way].sent += 1
    departs = _departure(state, way, time)
    arrives = departs + days_of(state, state.way[way].days, state.way[way].sd)
    push(state, open_from(state, state.site[site].opens, arrives), st.ARRIVE, lot, site)
    review(state, site)
    if source > len(state.leaf):
        review(state, source)
    if source != HUB:
        distribute(state, origin, time)


@lean
def _departure(state: State, way: int, time: float) -> float:
    """At once on an open weekday of departure (bit 0: Monday), else when the next one begins."""
    weekdays, departs = state.way[way].weekdays, time
    while True:
        opens = open_from(state, state.way[way].opens, departs)
        if weekdays >> (int(np.floor(opens)) % _DAYS) & 1:
            return float(opens)
        departs = np.floor(opens) + 1.0
