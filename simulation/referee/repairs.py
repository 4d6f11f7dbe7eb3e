"""Which drawn demands are one repair: several parts on one ticket, as often as the past shows it."""

from dataclasses import dataclass
from typing import NamedTuple

import numba as nb
import numpy as np

from simulation.referee.board import Floats, Ints

_NONE = -1
_DAYS = 7.0


class Links(NamedTuple):
    """What a part may be wanted for: its keys, a slice of `start` (parts + 1). Parts with a key in common may meet."""

    start: Ints
    key: Ints


@dataclass(frozen=True)
class Habits:
    """How repairs use parts.

    sizes: share of repairs that need 1, 2, … different parts. part, site: row of the part and number of the repair
    point of each row of points. links: the best reason to meet first (seen on one ticket, then fitted to one model).
    """

    sizes: Floats
    part: Ints
    site: Ints
    links: tuple[Links, ...]


def bundled(habits: Habits, point: Ints, time: Floats, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Moment and ticket of every demand, shape of `time`: demands of one repair point and week are put on one ticket
    until repairs of 2, 3, … parts are as frequent as `sizes`, or no two are left that may meet.

    Repairs are matched without a look at the moments, and all take that of one of them: moments stay independent and
    uniform within the week for every part and point, and which week they fall into does not change.
    """
    week = np.floor(time / _DAYS).astype(np.int64)
    cell = habits.site[point] * (int(week.max(initial=0)) + 1) + week
    order = np.argsort(cell + rng.random(len(time)))
    cell, part = cell[order], habits.part[point[order]]
    ticket, after, size = np.arange(len(time)), np.full(len(time), _NONE), np.ones(len(time), np.int64)
    repairs = len(time) / float((np.arange(1, len(habits.sizes) + 1) * habits.sizes).sum())
    for parts in range(2, len(habits.sizes) + 1):
        missing = round(repairs * float(habits.sizes[parts - 1 :].sum()))
        for links in habits.links:
            leader, joiner = _meet(cell, part, size, after, parts - 1, links)
            kept = rng.permutation(len(leader))[: max(missing, 0)]
            leader, joiner = leader[kept], joiner[kept]
            missing -= len(kept)
            ticket[joiner] = leader
            after[joiner], after[leader] = after[leader], joiner
            size[leader], size[joiner] = parts, 0
    of_row = np.empty(len(time), np.int64)
    of_row[order] = order[ticket]
    return time[of_row], of_row


@nb.njit(cache=True)
def _meet(cell: Ints, part: Ints, size: Ints, after: Ints, wanted: int, links: Links) -> tuple[Ints, Ints]:
    """Rows that may meet, each at most once: leaders of tickets with `wanted` parts, and single demands to join them.

    Rows are sorted by cell: who finds nobody waiting under one of its keys waits under all of them.
    """
    keys = links.key.max() + 1 if len(links.key) else 0
    waiting = np.full((keys, 2), _NONE, np.int32)
    seen = np.full(keys, _NONE, np.int32)  # the cell a key was last used in
    room = _most_entries(cell, part, links)
    who, behind = np.empty(room, np.int32), np.empty(room, np.int32)
    taken = np.zeros(len(cell), np.bool_)
    leader, joiner = np.empty(len(cell), np.int64), np.empty(len(cell), np.int64)
    met, entry, here = 0, 0, _NONE
    for row in range(len(cell)):
        if cell[row] != here:
            here, entry = cell[row], 0
        if size[row] != wanted and size[row] != 1:
            continue
        side = 0 if size[row] == wanted else 1
        other = 0 if wanted == 1 else 1 - side
        first, end = links.start[part[row]], links.start[part[row] + 1]
        for at in range(first, end):
            key = links.key[at]
            if seen[key] != here:
                seen[key] = here
                waiting[key, 0] = waiting[key, 1] = _NONE
            while waiting[key, other] != _NONE and taken[who[waiting[key, other]]]:
                waiting[key, other] = behind[waiting[key, other]]
            if waiting[key, other] == _NONE:
                continue
            found = int(who[waiting[key, other]])
            head, last = (found, row) if other == 0 else (row, found)
            if _lacks(part, after, head, part[last]):
                taken[row] = taken[found] = True
                leader[met], joiner[met] = head, last
                met += 1
                break
        if not taken[row]:
            for at in range(first, end):
                key = links.key[at]
                who[entry], behind[entry] = row, waiting[key, side]
                waiting[key, side] = entry
                entry += 1
    return leader[:met], joiner[:met]


@nb.njit(cache=True)
def _most_entries(cell: Ints, part: Ints, links: Links) -> int:
    """Keys of all demands of the cell that has most."""
    most, entries, here = 0, 0, _NONE
    for row in range(len(cell)):
        if cell[row] != here:
            here, entries = cell[row], 0
        entries += links.start[part[row] + 1] - links.start[part[row]]
        most = max(most, entries)
    return most


@nb.njit(cache=True)
def _lacks(part: Ints, after: Ints, leader: int, wanted: int) -> bool:
    """Whether a ticket does not have the part yet."""
    row = leader
    while row != _NONE:
        if part[row] == wanted:
            return False
        row = after[row]
    return True
