"""How many batches are asked for, when and where: the law of MODEL 1, drawn without drawing the rate; compiled.

The rate is Θ_0 ~ Gamma(a, a); where it drifts, Θ_t = Θ_{t−1}·B/δ with B ~ Beta(δa_{t−1}, (1 − δ)a_{t−1}) and
a_t = δa_{t−1} (power-steady model, Smith 1979), so that Θ_t ~ Gamma(a_t, a_t), Cov(Θ_s, Θ_t) = Var Θ_min(s, t).
Then a_tΘ_t is a gamma process read backwards (Lukacs 1955): a_tΘ_t = Σ_{j ≥ t} H_j, H_j ~ Gamma(h_j, 1) independent,
h_j = a_j − a_{j+1}, of the last week a_T. With c_t batches expected in week t per unit of a_tΘ_t, those that owe
themselves to H_j are Poisson with mean C_jH_j, C_j = Σ_{t ≤ j} c_t. So they are negative binomial:
Poisson(h_j ln(1 + C_j)) bursts of logarithmic size (Quenouille 1949), each batch in week t ≤ j with probability
c_t / C_j. A rate that is known is the limit: bursts of one batch.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numba as nb
import numpy as np

from domain.threads import in_threads, kernel
from simulation.referee.board import Bools, Floats, Ints

_DAYS = 7.0
_KNOWN = 1e12  # a rate of so large a shape does not vary
_STEP = np.uint64(0x9E3779B97F4A7C15)


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


class Bursts(NamedTuple):
    """The law for drawing. upto: bursts expected of H_1..H_j; batches: C_j, at any scale for those that are placed;
    odds: the parameter of a burst's size, p/(1 − p) of its logarithmic law; shape (leaves, weeks).

    single: the rate is known, a burst is one batch, (leaves,).
    """

    upto: Floats
    batches: Floats
    single: Bools
    odds: Floats


def bursts_of(law: DemandLaw, weeks: int) -> Bursts:
    """The bursts of weeks 1..`weeks`; the last mean holds beyond the law's end."""
    shape = len(law.mean), weeks
    upto, batches, single = np.empty(shape), np.empty(shape), np.empty(shape[0], np.bool_)
    columns = law.mean, law.batch_index, law.rate_shape, law.discount, law.drift
    in_threads(_prepare, shape[0], *columns, upto, batches, single)
    return Bursts(upto, batches, single, batches)


def more_bursts(law: DemandLaw, bursts: Bursts, seeds: Ints, more: Floats) -> Bursts:
    """The bursts of demand beyond those drawn of `bursts` by `seeds`, of so many units a week more, (leaves, weeks).

    The rate is the same: given the n_j batches that owe themselves to H_j, H_j ~ Gamma(h_j + n_j, 1/(1 + C_j)), so that
    those of X_j = Σ_{t ≤ j} x_t more are negative binomial again: Poisson((h_j + n_j) ln(1 + X_j/(1 + C_j))) bursts.
    """
    upto, batches, odds = np.empty(more.shape), np.empty(more.shape), np.empty(more.shape)
    columns = law.batch_index, law.rate_shape, law.discount, law.drift
    in_threads(_prepare_more, len(more), *columns, bursts, seeds, more, upto, batches, odds)
    return Bursts(upto, batches, bursts.single, odds)


@kernel
def _prepare_more(
    first: int,
    last: int,
    batch_index: Floats,
    rate_shape: Floats,
    discount: Floats,
    drift: Floats,
    bursts: Bursts,
    seeds: Ints,
    more: Floats,
    upto: Floats,
    batches: Floats,
    odds: Floats,
) -> None:
    weeks = more.shape[1]
    drawn = np.empty(weeks, np.int64)
    for leaf in range(first, last):
        drawn[:] = 0
        counter = np.uint64(seeds[leaf])
        at, week, size = _next_burst(bursts, leaf, 0.0, counter)
        while size > 0 and not bursts.single[leaf]:
            drawn[week] += size
            counter += np.uint64(3) * _STEP
            at, week, size = _next_burst(bursts, leaf, at, counter)
        drifts, shape = drift[leaf] > 0.0 and discount[leaf] < 1.0, rate_shape[leaf]
        number, due = 0.0, 0.0
        for week in range(weeks):
            expected = 2.0 / (batch_index[leaf] + 1.0) * more[leaf, week]
            if bursts.single[leaf]:
                number += expected
                due = number
                odds[leaf, week] = number
            else:
                shape *= discount[leaf] if drifts else 1.0
                number += expected / shape
                ends = 1.0 if week == weeks - 1 else 1.0 - discount[leaf] if drifts else 0.0
                odds[leaf, week] = number / (1.0 + bursts.batches[leaf, week])
                due += (shape * ends + drawn[week]) * np.log1p(odds[leaf, week])
            upto[leaf, week] = due
            batches[leaf, week] = number


@kernel
def _prepare(
    first: int,
    last: int,
    mean: Floats,
    batch_index: Floats,
    rate_shape: Floats,
    discount: Floats,
    drift: Floats,
    upto: Floats,
    batches: Floats,
    single: Bools,
) -> None:
    weeks = upto.shape[1]
    for leaf in range(first, last):
        known, shape = rate_shape[leaf] >= _KNOWN, rate_shape[leaf]
        drifts = drift[leaf] > 0.0 and discount[leaf] < 1.0
        single[leaf] = known
        per_unit, number, due = 2.0 / (batch_index[leaf] + 1.0), 0.0, 0.0
        for week in range(weeks):
            expected = per_unit * mean[leaf, min(week, mean.shape[1] - 1)]
            if known:
                number += expected
                due = number
            else:
                shape *= discount[leaf] if drifts else 1.0
                number += expected / shape
                ends = 1.0 if week == weeks - 1 else 1.0 - discount[leaf] if drifts else 0.0
                due += shape * ends * np.log1p(number)
            upto[leaf, week] = due
            batches[leaf, week] = number


@nb.njit(cache=True)
def _uniform(counter: np.uint64) -> float:
    """A number of (0, 1) for a state of the stream: SplitMix64 (Steele, Lea & Flood 2014), its upper 53 bits."""
    z = (counter ^ (counter >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (float(np.int64(z >> np.uint64(11))) + 0.5) * 2.0**-53


@nb.njit(cache=True)
def keeps(seed: np.uint64, number: int, share: float) -> bool:
    """Whether the `number`-th of a stream belongs to a share of all: those of a lesser share belong to a greater."""
    return share >= 1.0 or _uniform(seed + np.uint64(number + 1) * _STEP) < share


@nb.njit(cache=True)
def _next_burst(bursts: Bursts, leaf: int, at: float, counter: np.uint64) -> tuple[float, int, int]:
    """Where the burst after `at` lies on the axis of expected bursts, the last week it may fall into, its batches.

    Bursts are a Poisson process of unit rate on that axis. Uses three numbers of the stream. Sizes: Kemp 1981, LK.
    """
    at -= np.log(_uniform(counter + _STEP))
    if at >= bursts.upto[leaf, -1]:
        return at, 0, 0
    week = int(np.searchsorted(bursts.upto[leaf], at, side="right"))
    if bursts.single[leaf]:
        return at, week, 1
    rest = np.exp(-_uniform(counter + np.uint64(2) * _STEP) * np.log1p(bursts.odds[leaf, week]))
    return at, week, 1 + int(np.log(_uniform(counter + np.uint64(3) * _STEP)) / np.log1p(-rest))


def count_batches(bursts: Bursts, seeds: Ints, count: Ints) -> None:
    """Batches of each leaf."""
    in_threads(_count_batches, len(seeds), bursts, seeds, count)


@kernel
def _count_batches(first: int, last: int, bursts: Bursts, seeds: Ints, count: Ints) -> None:
    for leaf in range(first, last):
        counter, total = np.uint64(seeds[leaf]), 0
        at, _, size = _next_burst(bursts, leaf, 0.0, counter)
        while size > 0:
            total += size
            counter += np.uint64(3) * _STEP
            at, _, size = _next_burst(bursts, leaf, at, counter)
        count[leaf] = total


def place_batches(
    bursts: Bursts,
    ends: Ints,
    batch_index: Floats,
    point_start: Ints,
    upto: Floats,
    burst_seeds: Ints,
    seeds: Ints,
    time: Floats,
    point: Ints,
    quantity: Ints,
) -> None:
    """Moment, point and size of every batch of the bursts that were counted; ends: rows up to each leaf's last."""
    arguments = bursts, ends, batch_index, point_start, upto, burst_seeds, seeds, time, point, quantity
    in_threads(_place_batches, len(ends), *arguments)


@kernel
def _place_batches(
    first: int,
    last: int,
    bursts: Bursts,
    ends: Ints,
    batch_index: Floats,
    point_start: Ints,
    upto: Floats,
    burst_seeds: Ints,
    seeds: Ints,
    time: Floats,
    point: Ints,
    quantity: Ints,
) -> None:
    for leaf in range(first, last):
        begin, end = point_start[leaf], point_start[leaf + 1]
        row = ends[leaf - 1] if leaf > 0 else 0
        again = (batch_index[leaf] - 1.0) / (batch_index[leaf] + 1.0)
        counter, stream = np.uint64(burst_seeds[leaf]), np.uint64(seeds[leaf])
        at, latest, size = _next_burst(bursts, leaf, 0.0, counter)
        while size > 0:
            within = bursts.batches[leaf, : latest + 1]
            for _ in range(size):
                if bursts.single[leaf]:
                    week = latest
                else:
                    week = np.searchsorted(within, within[latest] * _uniform(stream + _STEP), side="right")
                time[row] = _DAYS * (min(week, latest) + _uniform(stream + np.uint64(2) * _STEP))
                here = begin + np.searchsorted(upto[begin:end], _uniform(stream + np.uint64(3) * _STEP), side="right")
                point[row] = min(here, end - 1)
                chance = _uniform(stream + np.uint64(4) * _STEP)
                quantity[row] = 1 + int(np.log(chance) / np.log(again)) if again > 0.0 else 1
                stream += np.uint64(4) * _STEP
                row += 1
            counter += np.uint64(3) * _STEP
            at, latest, size = _next_burst(bursts, leaf, at, counter)
