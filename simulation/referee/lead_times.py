"""When consignments arrive: drawn once per lane and departure, the same for all parts; none overtakes another.

The second rule of MODEL 2, couriers and benches independent per unit, is kept where units move (`moves`).
"""

from dataclasses import dataclass

import numpy as np

from simulation.referee.board import Floats, Ints

_TRIES = 50  # draws after which a consignment long overdue is taken to arrive at once


@dataclass(frozen=True)
class LeadTimeLaws:
    """Days door to door of each channel (a lane or a supplier): the sum of two gamma laws, transit and customs.

    Means and standard deviations, shape (channels, 2).
    """

    mean: Floats
    sd: Floats


@dataclass(frozen=True)
class Voyages:
    """Every consignment that leaves or has left, sorted by (channel, departs).

    channel: row of the laws. departs: day since the Monday of week 1, negative in the past. today: what has left before
    it has not arrived by then. opens: for each channel the first day on which something can arrive, from that day on,
    shape (channels, days); later days are all open.
    """

    channel: Ints
    departs: Floats
    today: float
    opens: Ints


def draw_arrivals(voyages: Voyages, laws: LeadTimeLaws, rng: np.random.Generator) -> Floats:
    """The day each voyage arrives in one replication: the later of its own draw and its predecessor's (MODEL 2).

    What left before today is known not to have arrived: its law is conditional on that.
    """
    return in_order(voyages, draw_days(voyages, laws, rng).sum(axis=1))


def draw_days(voyages: Voyages, laws: LeadTimeLaws, rng: np.random.Generator) -> Floats:
    """Days of transit and customs of each voyage, shape (voyages, 2), before any waits for another or an opening."""
    days = _draw(laws, voyages.channel, rng)
    past = voyages.departs < voyages.today
    for _ in range(_TRIES):
        here = np.flatnonzero(past & (voyages.departs + days.sum(axis=1) <= voyages.today))
        if not len(here):
            break
        days[here] = _draw(laws, voyages.channel[here], rng)
    return days


def in_order(voyages: Voyages, days: Floats) -> Floats:
    """The day each voyage arrives that would take `days`: none before today, on a shut day or before its
    predecessor."""
    past = voyages.departs < voyages.today
    arrives = np.where(past, np.maximum(voyages.departs + days, voyages.today), voyages.departs + days)
    arrives = _after_shutdowns(arrives, voyages)
    first = np.flatnonzero(np.diff(voyages.channel, prepend=-1))
    for start, end in zip(first, [*first[1:], len(arrives)], strict=True):
        np.maximum.accumulate(arrives[start:end], out=arrives[start:end])
    return arrives


def _draw(laws: LeadTimeLaws, channel: Ints, rng: np.random.Generator) -> Floats:
    return gamma_days(laws.mean[channel], laws.sd[channel], rng)


def gamma_days(mean: Floats, sd: Floats, rng: np.random.Generator) -> Floats:
    """Gamma-distributed times with these means and standard deviations; the mean where it does not vary."""
    random = (mean > 0) & (sd > 0) & np.isfinite(mean)
    safe_mean, safe_sd = np.where(random, mean, 1.0), np.where(random, sd, 1.0)
    return np.where(random, rng.gamma((safe_mean / safe_sd) ** 2, safe_sd**2 / safe_mean), mean)


def _after_shutdowns(arrives: Floats, voyages: Voyages) -> Floats:
    """Arrivals on a closed day wait for the first open one."""
    day = np.floor(arrives).astype(np.int64)
    known = (day >= 0) & (day < voyages.opens.shape[1])
    opens = day.copy()
    opens[known] = voyages.opens[voyages.channel[known], day[known]]
    return np.where(opens > day, opens.astype(float), arrives)
