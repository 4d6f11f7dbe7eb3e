"""What a depot owes its points, and whose units those are."""

from math import floor

import numba as nb
import numpy as np
import numpy.typing as npt

from optimizer.replenishment.execution.points import LeafPoints

Floats = npt.NDArray[np.float64]

SURE = 1.0 - 1e-6
_NOTHING = 1e-9  # probability that does not count


@nb.njit(cache=True)
def add_owed(law: Floats, first: int, count: int, stock: float, weight: float, owed: Floats) -> tuple[float, int]:
    """(E[(stock − D)⁺], most): `owed[b]` grows by weight × P(the depot owes b units), b = 0..most.

    D = first + i with probability law[i]. A stock between integers is either, with the odds that keep its mean.
    """
    whole = int(floor(stock))
    upper = stock - whole
    on_hand = none = 0.0
    for i in range(min(whole + 1 - first, count)):
        on_hand += law[i] * (stock - first - i)
        none += law[i]
    edge = whole + 1 - first
    if edge >= count:
        none = 1.0
    elif edge >= 0:
        none += upper * law[edge]
    none = min(none, 1.0)
    if none > SURE:
        owed[0] += weight
        return on_hand, 0
    owed[0] += weight * none
    most = first + count - whole
    for b in range(max(first - whole - 1, 1), most + 1):
        i = b + whole - first
        p = (1.0 - upper) * law[i] if 0 <= i < count else 0.0
        if -1 <= i < count - 1:
            p += upper * law[i + 1]
        owed[b] += weight * p
    return on_hand, most


@nb.njit(cache=True)
def fall_on_points(owed: Floats, most: int, old: float, fresh: float, points: LeafPoints) -> None:
    """Add to `points.backlog` and `points.owed` how what the depot owes, `owed` (2, units), falls on its points.

    Unit after unit goes to points: of today's backlog, the first `old` units, by what they lack today; of the `fresh`
    units asked since the last line came in by their share of demand; of those before by what their base stock could
    still lose, a line having been sent in order to fill it.
    """
    lacking, shelves = points.lack.sum(), points.base_stock.sum()
    counted = points.backlog.shape[2] - 1
    spread_on, load = points.spread_on, points.load
    spread_on[:] = 0.0
    spread_on[:, 0] = 1.0
    load[:] = 0.0
    points.backlog[0, :, 0] += owed[0, 0]
    points.backlog[1, :, 0] += owed[1, 0]
    touched = True
    shared, shared_owed = 0, 0.0  # steps by share so far; Σ owed[b] × those up to b
    for b in range(1, most + 1):
        if not touched:
            load[points.bare] = shared * points.claim[points.bare]
            _owe_in_the_mean(owed[0], b, most, points)
            break
        touched = False
        today = b <= old and lacking > 0.0
        room = (lacking if today else float(shelves)) - b + 1.0
        by_room = (today or b > fresh) and room > 0.0
        shared += 0 if by_room else 1
        shared_owed += owed[0, b] * shared
        for p in points.stocked:
            law, claim = spread_on[p], points.claim[p]
            last = min(points.base_stock[p], counted)
            space = points.lack[p] if today else float(points.base_stock[p])
            if by_room:
                for m in range(last + 1):
                    load[p] += law[m] * _odds(space - m, room)
            else:
                load[p] += claim
            points.owed[p] += owed[0, b] * load[p]
            _owe_one_more(law, last, space, room, by_room, claim)
            touched |= law[: last + 1].max() > _NOTHING
            for biased in range(2):
                if owed[biased, b] > 0.0:
                    for m in range(last + 1):
                        points.backlog[biased, p, m] += owed[biased, b] * law[m]
    for p in points.bare:  # nothing to lose: all it can owe is a share of what falls by share
        points.owed[p] += shared_owed * points.claim[p]


@nb.njit(cache=True)
def _owe_one_more(law: Floats, last: int, space: float, room: float, by_room: bool, claim: float) -> None:
    """The law of a point's units, 0..last, when the depot owes one unit more."""
    for m in range(last, 0, -1):
        if by_room:
            law[m] = (1.0 - _odds(space - m, room)) * law[m] + _odds(space - m + 1.0, room) * law[m - 1]
        else:
            law[m] = (1.0 - claim) * law[m] + claim * law[m - 1]
    law[0] *= 1.0 - (_odds(space, room) if by_room else claim)


@nb.njit(cache=True)
def _owe_in_the_mean(owed: Floats, first: int, most: int, points: LeafPoints) -> None:
    """Units first..most fall by claims once every point owes more than its base stock: only means matter then."""
    beyond = units = 0.0
    for b in range(first, most + 1):
        beyond += owed[b]
        units += owed[b] * (b - first + 1)
    for p in range(len(points.load)):
        points.owed[p] += beyond * points.load[p] + units * points.claim[p]


@nb.njit(cache=True, inline="always")
def _odds(space: float, room: float) -> float:
    return max(min(space / room, 1.0), 0.0)
