"""The demo's parts of models in ramp-up and phase-out, half a year ahead: the forecast that knows the devices sold
against the best of the methods that only know the past demand.

    python -m benchmarks.forecasting.installed_base [SEED ...]
"""

import sys
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import week_starts
from domain.counts import quantile_table
from domain.network import Network
from forecasting.boosted import boosted
from forecasting.contenders.bootstrap import empirical_windows, willemain
from forecasting.contenders.point_methods import POINT_METHODS
from forecasting.exposure import exposures
from forecasting.forecast import forecast
from forecasting.gamma_poisson import gamma_poisson
from forecasting.history import History, read_history
from forecasting.scores import LEVELS, mean_change, scaled_pinball_loss, scored
from forecasting.series import Contender
from simulation.demo import generate
from storage.network_folder import network_from_tables

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

WEEKS = 26  # held out, and the lead
RAMP_UP = timedelta(weeks=52)  # since launch
PHASE_OUT = timedelta(weeks=8)  # to the last day of sales, at most
RIVALS: dict[str, Contender] = {
    "boosted": boosted,
    "gamma_poisson": gamma_poisson,
    "empirical_windows": empirical_windows,
    "willemain": willemain,
    **POINT_METHODS,
}


@dataclass(frozen=True)
class Comparison:
    """Mean scaled pinball loss of the held-out weeks: ours, and of every method that counts against time."""

    seed: int
    series: int
    ours: float
    rivals: dict[str, float]

    @property
    def ratio(self) -> float:
        """Ours over the best rival's."""
        return self.ours / min(self.rivals.values())


def compare(seed: int) -> Comparison:
    """The small demo of this seed, cut back `WEEKS` weeks; parts most of whose models ramp up or phase out then."""
    made = generate("small", seed)
    network = network_from_tables(made.tables, made.settings)[0]
    then = network.known_at(network.settings.as_of - timedelta(weeks=WEEKS))
    history, now = read_history(then, WEEKS), read_history(network, 1)
    row = pd.MultiIndex.from_arrays([now.part, now.region]).get_indexer(_leaves(history.part, history.region))
    actual = np.where(row >= 0, now.counts[row, -WEEKS:].sum(axis=1), 0.0)
    judged = scored(history.counts, np.ones(history.counts.shape, np.bool_)) & _changing(then, history)
    rivals = _rivals(then, history)

    def loss(mean: Floats, variance: Floats) -> float:
        levels = quantile_table(mean[judged], variance[judged], LEVELS).astype(np.float64)
        scale = mean_change(history.counts, np.ones(history.counts.shape, np.bool_))[judged]
        return float(scaled_pinball_loss(actual[judged], levels, scale, WEEKS).mean())

    found = forecast(then, WEEKS, WEEKS).forecast
    place = _leaves(found.part, found.region).get_indexer(_leaves(history.part, history.region))
    mean = np.where(place >= 0, found.interval_mean(1, WEEKS)[place], 0.0)
    variance = np.where(place >= 0, found.interval_variance(1, WEEKS)[place], 0.0)
    losses = {name: loss(*moments) for name, moments in rivals.items()}
    return Comparison(seed, int(judged.sum()), loss(mean, variance), losses)


def _leaves(part: npt.NDArray[np.object_], region: npt.NDArray[np.object_]) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([part, region])


def _changing(network: Network, history: History) -> Bools:
    """Leaves of parts most of whose models were launched within a year, or stop being sold."""
    as_of = pd.Timestamp(network.settings.as_of)
    models = network.models
    ramps = models["launched"] > as_of - RAMP_UP
    ends = models["sales_end"] < as_of + PHASE_OUT
    told = models.assign(ramps=ramps, ends=ends)[["model", "ramps", "ends"]]
    share = network.fitment.merge(told, on="model").groupby("part")[["ramps", "ends"]].mean().reindex(history.part)
    changing: Bools = (share > 0.5).any(axis=1).to_numpy()
    return changing


def _rivals(network: Network, history: History) -> dict[str, tuple[Floats, Floats]]:
    """Mean and variance of every leaf's demand by the methods that count against weeks and declared events."""
    as_of = network.settings.as_of
    bounds = np.append(week_starts(as_of, WEEKS), week_starts(as_of, WEEKS + 1)[-1])
    time = exposures(replace(network, sales=network.sales.iloc[:0]), history, bounds)
    series = history.series(time.past)
    return {name: rival(series, time.future, WEEKS).moments(WEEKS) for name, rival in RIVALS.items()}


if __name__ == "__main__":
    for chosen in [int(each) for each in sys.argv[1:]] or [1, 2, 3]:
        found = compare(chosen)
        print(f"seed {found.seed}: {found.series} series, ratio {found.ratio:.3f}, ours {found.ours:.4f}")
        for rival, score in sorted(found.rivals.items(), key=lambda item: item[1]):
            print(f"  {rival:20s} {score:.4f}  {found.ours / score:.3f}")
