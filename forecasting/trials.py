"""Trials: origins inside the history, what was known at each, and what the lead after it brought."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network
from forecasting.exposure import exposures
from forecasting.history import History, read_history
from forecasting.series import Series, by_content, fingerprint

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TRIALS = 3  # origins, a lead apart
SERIES = 6_000  # of a panel that are tried
PARTS = 1_500  # of a network that are tried


@dataclass(frozen=True)
class Trial:
    """What was known at an origin, the exposure of the lead after it, shape (series, lead), and its total demand.

    names: of the classes in `history.classes[:, 0]`.
    """

    history: Series
    exposure: Floats
    demand: Floats
    names: Sequence[str]


def panel_trials(history: Series, names: Sequence[str], lead: int) -> list[Trial]:
    """Trials back to back from the end of history, each with two leads or more before it."""
    history = history.rows(_evenly(by_content(history), SERIES))
    made = []
    for origin in _origins(history.periods, lead):
        ahead = slice(origin, origin + lead)
        exposure = history.exposure[:, ahead]
        demand = np.where(exposure > 0, history.counts[:, ahead], 0.0).sum(axis=1)
        made.append(Trial(history.until(origin), exposure, demand, names))
    return made


def network_trials(network: Network, history: History, lead: int) -> list[Trial]:
    """The same for a network, whose exposures are those known at each origin; `history` is all that is known now."""
    chosen = _some_parts(history)
    sample = network.with_parts(chosen)
    now = read_history(sample, 1)
    leaf_now = pd.MultiIndex.from_arrays([now.part, now.region])
    made = []
    for origin in _origins(history.counts.shape[1], lead):
        bounds = history.bounds[origin : origin + lead + 1]
        day = (bounds[0] - 1).astype(object)
        then = sample.known_at(day)
        known = read_history(then, 1)
        exposure = exposures(then, known, bounds)
        row = leaf_now.get_indexer(pd.MultiIndex.from_arrays([known.part, known.region]))
        both = np.flatnonzero(row >= 0)
        last = now.counts.shape[1] - (history.counts.shape[1] - origin)
        demand = now.counts[row[both], last : last + lead].sum(axis=1)
        made.append(Trial(known.series(exposure.past).rows(both), exposure.future[both], demand, known.class_names))
    return made


def _origins(periods: int, lead: int) -> list[int]:
    return [periods - k * lead for k in range(1, TRIALS + 1) if periods - k * lead >= 2 * lead]


def _evenly(order: Ints, number: int) -> Ints:
    """Rows of at most `number` series, evenly along an order that depends on what they hold, not on names."""
    rows: Ints = np.sort(order[:: max(1, -(-len(order) // number))])
    return rows


def _some_parts(history: History) -> set[str]:
    """At most `PARTS` parts, evenly along the order of their demand."""
    parts, of = np.unique(history.part, return_inverse=True)
    total = np.bincount(of, history.counts.sum(axis=1), len(parts))
    order = np.lexsort((np.bincount(of, fingerprint(history.counts), len(parts)), total))
    return set(parts[_evenly(order.astype(np.int64), PARTS)])
