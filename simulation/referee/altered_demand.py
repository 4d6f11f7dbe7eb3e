"""Demand by two laws on the same draws: they differ only in the weeks in which the laws do.

Where less is asked the demand drawn is thinned; where more is asked some is added at the same rate (`bursts`). Both are
exact: each law is met as if it were drawn alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from domain.threads import in_threads, kernel
from simulation.referee.board import Bools, Floats, Ints
from simulation.referee.bursts import Bursts, DemandLaw, count_batches, keeps, more_bursts, place_batches
from simulation.referee.repairs import Habits, bundled

_SAME = 1e-9  # relative difference of parameters that counts as none
_MORE_TICKETS = 7  # stream of a replication
THINNED, MORE, MORE_PLACED = 3, 5, 6
"""Purposes of the streams of a leaf."""


@dataclass(frozen=True)
class Batches:
    """Demand before it is sorted, leaf by leaf up to the row in `ends`: moment, row of the point, units, ticket."""

    ends: Ints
    time: Floats
    point: Ints
    quantity: Ints
    ticket: Ints


@dataclass(frozen=True)
class Altered:
    """How the law that is differs from the one drawn first.

    first: the law drawn first; it is the other one's own where the rate or the places differ. kept: share of its demand
    that is asked, more: units a week asked beyond it, (leaves, weeks).
    """

    first: DemandLaw
    law: DemandLaw
    kept: Floats
    more: Floats

    @staticmethod
    def of(first: DemandLaw, law: DemandLaw, point_start: Ints, weeks: int) -> "Altered":
        """From one law to another over weeks 1..`weeks`; rows of both are those of one map."""
        names = ("batch_index", "rate_shape", "discount", "drift")
        same = np.ones(len(law.mean), bool)
        for name in names:
            same &= np.isclose(getattr(first, name), getattr(law, name), rtol=_SAME, atol=0.0)
        leaf = np.repeat(np.arange(len(same)), np.diff(point_start))
        same[leaf[np.abs(first.upto - law.upto) > _SAME]] = False
        before, now = _through(first.mean, weeks), _through(law.mean, weeks)
        before = np.where(same[:, None], before, now)
        columns = {name: np.where(same, getattr(first, name), getattr(law, name)) for name in names}
        kept = np.divide(now, before, out=np.ones(before.shape), where=before > now)
        common = replace(first, mean=before, upto=np.where(same[leaf], first.upto, law.upto), **columns)
        return Altered(common, law, kept, np.maximum(now - before, 0.0))

    def applied(
        self, drawn: Batches, bursts: Bursts, point_start: Ints, seeds: Callable[[int], Ints], habits: Habits | None,
        number: tuple[int, int],
    ) -> Batches:  # fmt: skip
        """The demand that is, from what was drawn of the first law by `seeds(0)`; number: seed and replication."""
        keep = np.ones(len(drawn.time), np.bool_)
        in_threads(_thin, len(drawn.ends), drawn.ends, drawn.time, self.kept, seeds(THINNED), keep)
        extra = self._more(drawn, bursts, point_start, seeds, habits, number)
        leaves = np.arange(len(drawn.ends))
        leaf = np.append(
            np.repeat(leaves, np.diff(drawn.ends, prepend=0))[keep], np.repeat(leaves, np.diff(extra.ends, prepend=0))
        )
        order = np.argsort(leaf, kind="stable")
        time, point, quantity, ticket = (
            np.append(getattr(drawn, name)[keep], getattr(extra, name))[order]
            for name in ("time", "point", "quantity", "ticket")
        )
        return Batches(np.searchsorted(leaf[order], leaves, side="right"), time, point, quantity, ticket)

    def _more(
        self, drawn: Batches, bursts: Bursts, point_start: Ints, seeds: Callable[[int], Ints], habits: Habits | None,
        number: tuple[int, int],
    ) -> Batches:  # fmt: skip
        """What is asked beyond the first law, on tickets of its own."""
        added = more_bursts(self.first, bursts, seeds(0), self.more)
        ends = np.empty(len(drawn.ends), np.int64)
        count_batches(added, seeds(MORE), ends)
        np.cumsum(ends, out=ends)
        size = int(ends[-1]) if len(ends) else 0
        time, point, quantity = np.empty(size), np.empty(size, np.int64), np.empty(size, np.int64)
        columns = self.law.batch_index, point_start, self.law.upto, seeds(MORE), seeds(MORE_PLACED)
        place_batches(added, ends, *columns, time, point, quantity)
        ticket = np.arange(size)
        if habits is not None and size:
            time, ticket = bundled(habits, point, time, np.random.default_rng([*number, _MORE_TICKETS]))
        return Batches(ends, time, point, quantity, len(drawn.time) + ticket)


def _through(mean: Floats, weeks: int) -> Floats:
    """Means of weeks 1..`weeks`; the last one holds beyond the law's end."""
    return np.ascontiguousarray(mean[:, np.minimum(np.arange(weeks), mean.shape[1] - 1)])


@kernel
def _thin(first: int, last: int, ends: Ints, time: Floats, kept: Floats, seeds: Ints, keep: Bools) -> None:
    for leaf in range(first, last):
        begin = ends[leaf - 1] if leaf > 0 else 0
        for row in range(begin, ends[leaf]):
            week = min(int(time[row] / 7.0), kept.shape[1] - 1)
            keep[row] = keeps(np.uint64(seeds[leaf]), row - begin, kept[leaf, week])
