"""Voyages of two networks on the same draws: who leaves as planned meets the same luck.

A consignment on a lane that is as quick as known takes as long as planned; on another law it takes the quantile of that
law which it drew of the known one. One that leaves on another day draws by its lane and day alone.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammainc, gammaincinv

from simulation.referee.board import AT_ONCE, Floats, Ints
from simulation.referee.consignments import voyage_rows
from simulation.referee.demand import seeds_of, stream_keys
from simulation.referee.lead_times import LeadTimeLaws, Voyages, draw_days, in_order

_PURPOSES = (3, 5)  # of a voyage's stream: transit, customs


@dataclass(frozen=True)
class Planned:
    """The voyages that were planned and their laws. row: of each voyage that is, AT_ONCE where it was not planned;
    key: a number that its lane or supplier and its day alone determine."""

    voyages: Voyages
    laws: LeadTimeLaws
    row: Ints
    key: Ints

    @staticmethod
    def of(
        voyages: Voyages, laws: LeadTimeLaws, channels: "pd.Index[str]", then: Voyages, now: "pd.Index[str]"
    ) -> "Planned":
        """What was planned with `channels`, for the voyages `then` with the channels `now`."""
        name, departs = pd.Series(now.to_numpy(object)[then.channel], dtype=object), pd.Series(then.departs)
        key = stream_keys((name + " " + departs.astype(str)).to_numpy(object))
        return Planned(voyages, laws, voyage_rows(voyages, channels, name, departs), key)

    def arrivals(
        self, voyages: Voyages, laws: LeadTimeLaws, seed: int, replication: int, rng: np.random.Generator
    ) -> Floats:
        """The day each voyage arrives in one replication; `rng` as for the voyages that were planned."""
        drawn = draw_days(self.voyages, self.laws, rng)
        found, channel = self.row != AT_ONCE, self.voyages.channel[self.row]
        days = np.empty((len(self.row), 2))
        for column, purpose in enumerate(_PURPOSES):
            chance = (seeds_of(self.key, seed, replication, purpose) + 0.5) / 2.0**32
            before = self.laws.mean[channel, column], self.laws.sd[channel, column]
            mean, sd = laws.mean[voyages.channel, column], laws.sd[voyages.channel, column]
            took = drawn[self.row, column]
            chance = np.where(found & _random(*before), _chance_of(took, *before), chance)
            same = found & (mean == before[0]) & (sd == before[1])
            days[:, column] = np.where(same, took, _quantile(np.asarray(chance, float), mean, sd))
        return in_order(voyages, days.sum(axis=1))


def _random(mean: Floats, sd: Floats) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return (mean > 0) & (sd > 0) & np.isfinite(mean)


def _chance_of(days: Floats, mean: Floats, sd: Floats) -> Floats:
    """P(gamma law ≤ days); a law that does not vary gives what nobody looks at."""
    mean, sd = (np.where(_random(mean, sd), one, 1.0) for one in (mean, sd))
    return np.asarray(gammainc((mean / sd) ** 2, days * mean / sd**2))


def _quantile(chance: Floats, mean: Floats, sd: Floats) -> Floats:
    """The quantile of the gamma law; the mean where it does not vary."""
    random = _random(mean, sd)
    safe_mean, safe_sd = np.where(random, mean, 1.0), np.where(random, sd, 1.0)
    inside = np.clip(chance, 1e-12, 1 - 1e-12)
    return np.where(random, gammaincinv((safe_mean / safe_sd) ** 2, inside) * safe_sd**2 / safe_mean, mean)
