"""Devices that wait for parts, day by day, and how long after a disruption they are as few again as without it."""

from dataclasses import dataclass

import numpy as np

from domain.calendar import DAYS_PER_WEEK
from simulation.referee.board import Demands, Floats, Played

DAYS_BACK = 28
"""A day's share is of the devices that came in on so many days up to it."""
BAND = 0.95
"""Of undisturbed plays so many have a lesser share on a day than its band."""


@dataclass(frozen=True)
class Waiting:
    """Devices by day of each play, shape (plays, days): waiting at the end of it, come in on it."""

    waiting: Floats
    came: Floats

    @property
    def share(self) -> Floats:
        """Devices waiting at the end of each day of all that came in in the DAYS_BACK days up to it, (plays, days)."""
        return self.waiting / np.maximum(_last_days(self.came), 1.0)

    @property
    def mean_share(self) -> Floats:
        """The same, of all plays together, (days,)."""
        return np.asarray(self.waiting.sum(axis=0) / np.maximum(_last_days(self.came).sum(axis=0), 1.0))

    @property
    def band(self) -> Floats:
        """Upper edge of the share on each day over plays, (days,)."""
        return np.asarray(np.quantile(self.share, BAND, axis=0))


def waiting_by_day(demands: Demands, played: Played, weeks: int, patience_days: float) -> tuple[Floats, Floats]:
    """Devices (repairs, by their ticket) that wait at the end of each day of weeks 1..`weeks`, and that come in on it.

    A device waits until its last part is in hand or its owner leaves; those that wait when the play begins came in on
    no day of it.
    """
    days = weeks * DAYS_PER_WEEK
    until = demands.time + np.where(np.isfinite(played.last), played.last, patience_days)
    order = np.lexsort((until, demands.ticket))
    ticket = demands.ticket[order]
    last = np.append(ticket[1:] != ticket[:-1], True)[: len(ticket)]
    first = np.append(True, last[:-1])[: len(ticket)]
    ends = until[order][last]
    began = np.minimum.reduceat(demands.time[order], np.flatnonzero(first)) if len(ticket) else ends
    new = demands.asked[order][last]
    begin, end = (np.clip(np.floor(moment), 0, days).astype(np.int64) for moment in (began, ends))
    change = np.bincount(begin, minlength=days + 1) - np.bincount(end, minlength=days + 1)
    came = np.bincount(begin[new], minlength=days + 1)[:days]
    return np.cumsum(change)[:days].astype(float), came.astype(float)


def recovery_days(usual: Waiting, disturbed: Waiting, begins: int) -> int | None:
    """Days from day `begins` until the share waiting (all plays together) is within the band of the undisturbed plays
    and stays there; 0 if it never leaves it, None if it is not back by the last day."""
    outside = np.flatnonzero(disturbed.mean_share[begins:] > usual.band[begins:])
    if not len(outside):
        return 0
    days = int(outside[-1]) + 1
    return None if begins + days >= disturbed.waiting.shape[1] else days


def _last_days(came: Floats) -> Floats:
    """Sum over the DAYS_BACK days up to each."""
    upto = np.cumsum(came, axis=1)
    before = np.zeros_like(upto)
    before[:, DAYS_BACK:] = upto[:, :-DAYS_BACK]
    return upto - before
