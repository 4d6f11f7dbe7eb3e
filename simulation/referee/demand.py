"""What repairs ask for: drawn from a law of demand (a forecast, or the demo's hidden truth), or from history."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from zlib import crc32

import numpy as np
import numpy.typing as npt

from domain.threads import in_threads, kernel
from simulation.referee.altered_demand import Altered, Batches
from simulation.referee.board import Demands, Floats, Ints
from simulation.referee.bursts import DemandLaw, bursts_of, count_batches, place_batches
from simulation.referee.repairs import Habits, bundled

_Scalar = TypeVar("_Scalar", bound=np.generic)
NEW_PRIORITY = 3  # of a repair that comes in (DESIGN 3, repair_orders)
_TICKETS = 4  # stream of a replication


@dataclass(frozen=True)
class Places:
    """Where demand can arise. leaf_start (parts + 1), point_start (leaves + 1); site: local code of each point,
    (points,). key: a number of each leaf that its ids alone determine, so that a part draws the same in any network.
    """

    leaf_start: Ints
    point_start: Ints
    site: Ints
    key: Ints


@dataclass(frozen=True)
class OpenRepairs:
    """Repair orders open today, by (part, priority, due): rows of part and point, quantity, priority, ticket."""

    part: Ints
    point: Ints
    quantity: Ints
    priority: Ints
    ticket: Ints


def stream_keys(names: npt.NDArray[np.object_]) -> Ints:
    """A 32-bit number for each name."""
    return np.array([crc32(str(name).encode()) for name in names], dtype=np.int64)


def seeds_of(key: Ints, seed: int, replication: int, purpose: int) -> Ints:
    """A 32-bit seed per key: independent streams for every replication and purpose (mixing of SplitMix64)."""
    with np.errstate(over="ignore"):
        salt = (seed * 1_000_003 + replication) * 8 + purpose
        z = key.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15) * np.uint64(salt % 2**63 + 1)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z & np.uint64(0xFFFFFFFF)).astype(np.int64)


def draw_demand(
    law: DemandLaw, places: Places, weeks: int, seed: int, replication: int, habits: Habits | None = None
) -> Demands:
    """Demand of weeks 1..`weeks` in one replication, sorted by (part, time); the last mean holds beyond the law's end.

    Given the rate, batches arrive as a Poisson process and have geometric size with E[b²]/E[b] = ψ, so that a window of
    mean M has variance ψM; each batch falls on one point. By `habits` some are one repair; without, each is its own.
    """
    return drawer(law, places, weeks)(seed, replication, habits)


def drawer(
    law: DemandLaw, places: Places, weeks: int, planned: DemandLaw | None = None
) -> Callable[[int, int, Habits | None], Demands]:
    """`draw_demand` for many replications: what does not change between them is worked out once.

    planned: another law on whose draws the demand is that of `law`; who draws of `planned` alone meets the same where
    the two do not differ.
    """
    altered = None if planned is None else Altered.of(planned, law, places.point_start, weeks)
    first = law if altered is None else altered.first
    bursts = bursts_of(first, weeks)
    args = first.batch_index, places.point_start, first.upto

    def draw(seed: int, replication: int, habits: Habits | None) -> Demands:
        def seeds(purpose: int) -> Ints:
            return seeds_of(places.key, seed, replication, purpose)

        ends = np.empty(len(first.mean), np.int64)
        count_batches(bursts, seeds(0), ends)
        np.cumsum(ends, out=ends)
        size = int(ends[-1]) if len(ends) else 0
        time, point, quantity = np.empty(size), np.empty(size, np.int64), np.empty(size, np.int64)
        place_batches(bursts, ends, *args, seeds(0), seeds(1), time, point, quantity)
        ticket = np.arange(size)
        if habits is not None:
            time, ticket = bundled(habits, point, time, np.random.default_rng([seed, replication, _TICKETS]))
        drawn = Batches(ends, time, point, quantity, ticket)
        if altered is not None:
            drawn = altered.applied(drawn, bursts, places.point_start, seeds, habits, (seed, replication))
        return _sorted(drawn, places)

    return draw


def _sorted(drawn: Batches, places: Places) -> Demands:
    """The demand of new repairs, part by part in order of time."""
    size = len(drawn.time)
    start = np.concatenate([[0], drawn.ends])[places.leaf_start]
    order = np.empty(size, np.int64)
    in_threads(_sort, len(start) - 1, start, drawn.time, order)
    point = drawn.point[order]
    return Demands(
        start=start,
        time=drawn.time[order],
        point=point,
        site=places.site[point],
        quantity=drawn.quantity[order],
        priority=np.full(size, NEW_PRIORITY),
        asked=np.ones(size, bool),
        ticket=drawn.ticket[order],
    )


@kernel
def _sort(first: int, last: int, start: Ints, time: Floats, order: Ints) -> None:
    """The rows of each part by time."""
    for part in range(first, last):
        begin, end = start[part], start[part + 1]
        for rank, row in enumerate(np.argsort(time[begin:end])):
            order[begin + rank] = begin + row


def with_open_repairs(new: Demands, open_repairs: OpenRepairs, site: Ints) -> Demands:
    """The demands with the repair orders open today before them, part by part. site: local code of each point."""
    waiting = len(open_repairs.part)
    at = new.start[open_repairs.part]

    def merged(old: npt.NDArray[_Scalar], later: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
        return np.insert(later, at, old)

    tickets = int(new.ticket.max(initial=-1)) + 1
    return Demands(
        start=new.start + np.searchsorted(open_repairs.part, np.arange(len(new.start))),
        time=merged(np.zeros(waiting), new.time),
        point=merged(open_repairs.point, new.point),
        site=merged(site[open_repairs.point], new.site),
        quantity=merged(open_repairs.quantity, new.quantity),
        priority=merged(open_repairs.priority, new.priority),
        asked=merged(np.zeros(waiting, bool), new.asked),
        ticket=merged(tickets + open_repairs.ticket, new.ticket),
    )
