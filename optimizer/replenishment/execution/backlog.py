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


@nb.njit(cache=True, error_model="numpy")
def fall_on_points(owed: Floats, most: int, old: float, fresh: float, points: LeafPoints) -> None:
    """Add to `points.backlog` and `points.owed` how what the depot owes, `owed` (2, units), falls on its points.

    Unit after unit goes to points: of today's backlog, the first `old` units, by what they lack today; of the `fresh`
    units asked since the last line came in by their share of demand; of those before by what their base stock could
    still lose, a line having been sent in order to fill it.
    """
    lack, base_stock, backlog, owed_units = points.lack, points.base_stock, points.backlog, points.owed
    spread_on, load, claims, stocked = points.spread_on, points.load, points.claim, points.stocked
    lacking, shelves = lack.sum(), base_stock.sum()
    counted = backlog.shape[2] - 1
    spread_on[:] = 0.0
    spread_on[:, 0] = 1.0
    load[:] = 0.0
    backlog[0, :, 0] += owed[0, 0]
    backlog[1, :, 0] += owed[1, 0]
    touched = True
    shared, shared_owed = 0, 0.0  # steps by share so far; Σ owed[b] × those up to b
    for b in range(1, most + 1):
        if not touched:
            load[points.bare] = shared * claims[points.bare]
            _owe_in_the_mean(owed[0], b, most, points)
            break
        touched = False
        today = b <= old and lacking > 0.0
        room = (lacking if today else float(shelves)) - b + 1.0
        by_room = (today or b > fresh) and room > 0.0
        shared += 0 if by_room else 1
        average, met = owed[0, b], owed[1, b]
        shared_owed += average * shared
        per_room = 1.0 / room if by_room else 0.0
        for p in stocked:
            space = lack[p] if today else float(base_stock[p])
            odds, arriving, gone, largest = claims[p], 0.0, 0.0, 0.0
            for m in range(min(base_stock[p], counted) + 1):
                if by_room:
                    odds = max(min((space - m) * per_room, 1.0), 0.0)
                going = odds * spread_on[p, m]
                here = (1.0 - odds) * spread_on[p, m] + arriving
                spread_on[p, m] = here
                backlog[0, p, m] += average * here
                backlog[1, p, m] += met * here
                gone += going
                arriving = going
                largest = max(largest, here)
            load[p] += gone if by_room else claims[p]
            owed_units[p] += average * load[p]
            touched |= largest > _NOTHING
    for p in points.bare:  # nothing to lose: all it can owe is a share of what falls by share
        owed_units[p] += shared_owed * claims[p]


@nb.njit(cache=True)
def _owe_in_the_mean(owed: Floats, first: int, most: int, points: LeafPoints) -> None:
    """Units first..most fall by claims once every point owes more than its base stock: only means matter then."""
    beyond = units = 0.0
    for b in range(first, most + 1):
        beyond += owed[b]
        units += owed[b] * (b - first + 1)
    points.owed[:] += beyond * points.load + units * points.claim
