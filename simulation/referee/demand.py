"""What repairs ask for: drawn from a law of demand (a forecast, or the demo's hidden truth), or from history."""

from dataclasses import dataclass
from typing import TypeVar
from zlib import crc32

# ruff: noqa: NPY002  (compiled code has a stream per thread, which every play of a part seeds anew)
import numba as nb
import numpy as np
import numpy.typing as npt

from simulation.referee.board import Demands, Floats, Ints
from simulation.referee.repairs import Habits, bundled

_Scalar = TypeVar("_Scalar", bound=np.generic)
DAYS = 7.0
NEW_PRIORITY = 3  # of a repair that comes in (DESIGN 3, repair_orders)
_TICKETS = 4  # stream of a replication


@dataclass(frozen=True)
class DemandLaw:
    """Demand of every leaf, the slices of its points, and how the rate is uncertain (MODEL 1).

    mean: units per week, (leaves, weeks). batch_index ψ, rate_shape a (inf: known), discount δ, drift ω: (leaves,).
    upto: share of the leaf's demand at its points up to each of them, (points,).
    """

    mean: Floats
    batch_index: Floats
    rate_shape: Floats
    discount: Floats
    drift: Floats
    upto: Floats


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
    seeds = seeds_of(places.key, seed, replication, 0)
    counts = np.zeros((len(law.mean), weeks), np.int64)
    _count(law.mean, law.batch_index, law.rate_shape, law.discount, law.drift, seeds, counts)
    ends = np.cumsum(counts.sum(axis=1))
    size = int(ends[-1]) if len(ends) else 0
    time, point, quantity = np.empty(size), np.empty(size, np.int64), np.empty(size, np.int64)
    seeds = seeds_of(places.key, seed, replication, 1)
    _fill(counts, ends, law.batch_index, places.point_start, law.upto, seeds, time, point, quantity)
    ticket = np.arange(size)
    if habits is not None:
        time, ticket = bundled(habits, point, time, np.random.default_rng([seed, replication, _TICKETS]))
    leaf_ends = np.concatenate([[0], ends])
    start = leaf_ends[places.leaf_start]
    order = np.empty(size, np.int64)
    _sort(start, time, order)
    point = point[order]
    return Demands(
        start=start,
        time=time[order],
        point=point,
        site=places.site[point],
        quantity=quantity[order],
        priority=np.full(size, NEW_PRIORITY),
        asked=np.ones(size, bool),
        ticket=ticket[order],
    )


@nb.njit(cache=True, parallel=True)
def _count(
    mean: Floats, batch_index: Floats, rate_shape: Floats, discount: Floats, drift: Floats, seeds: Ints, counts: Ints
) -> None:
    """Batches of each leaf and week. The rate is Θ ~ Gamma(a, a); where it drifts, Θ_t = Θ_{t−1}·B/δ with
    B ~ Beta(δa_{t−1}, (1 − δ)a_{t−1}), a_t = δ·a_{t−1}: then Θ_t ~ Gamma(a_t, a_t) and Cov(Θ_s, Θ_t) = Var Θ_min(s, t)
    (power-steady model, Smith 1979)."""
    for leaf in nb.prange(len(mean)):
        np.random.seed(seeds[leaf])
        shape, delta = rate_shape[leaf], discount[leaf]
        theta = np.random.gamma(shape, 1.0 / shape) if shape < 1e12 else 1.0
        batches_per_unit = 2.0 / (batch_index[leaf] + 1.0)
        for week in range(counts.shape[1]):
            if drift[leaf] > 0 and delta < 1.0 and shape < 1e12:
                kept, gone = np.random.gamma(delta * shape, 1.0), np.random.gamma((1.0 - delta) * shape, 1.0)
                theta *= kept / (kept + gone) / delta if kept + gone > 0.0 else 1.0
                shape *= delta
            expected = mean[leaf, min(week, mean.shape[1] - 1)] * theta * batches_per_unit
            counts[leaf, week] = np.random.poisson(expected) if expected > 0.0 else 0


@nb.njit(cache=True, parallel=True)
def _fill(
    counts: Ints,
    ends: Ints,
    batch_index: Floats,
    point_start: Ints,
    upto: Floats,
    seeds: Ints,
    time: Floats,
    point: Ints,
    quantity: Ints,
) -> None:
    """Moment, point and size of every batch."""
    for leaf in nb.prange(len(counts)):
        np.random.seed(seeds[leaf])
        first, end = point_start[leaf], point_start[leaf + 1]
        at = ends[leaf] - counts[leaf].sum()
        again = (batch_index[leaf] - 1.0) / (batch_index[leaf] + 1.0)
        for week in range(counts.shape[1]):
            for _ in range(counts[leaf, week]):
                time[at] = DAYS * (week + np.random.random())
                here = first + np.searchsorted(upto[first:end], np.random.random(), side="right")
                point[at] = min(here, end - 1)
                quantity[at] = 1 + int(np.log(1.0 - np.random.random()) / np.log(again)) if again > 0.0 else 1
                at += 1


@nb.njit(cache=True, parallel=True)
def _sort(start: Ints, time: Floats, order: Ints) -> None:
    """The rows of each part by time."""
    for part in nb.prange(len(start) - 1):
        first, end = start[part], start[part + 1]
        order[first:end] = first + np.argsort(time[first:end])


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
