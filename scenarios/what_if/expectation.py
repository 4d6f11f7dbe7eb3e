"""What demand to expect where declared events are other than known, without forecasting again."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, week_number, week_starts
from domain.forecast import Forecast
from domain.network import Network
from forecasting.events import event_factors
from forecasting.history import History, read_history

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Expectation:
    """A forecast and the events it was made with.

    factors: what the known events multiply demand by, (leaves of the history, weeks); row: of each leaf of the forecast
    in the history; planners: where a planner's own figure stands, which no event moves, (leaves, weeks).
    """

    forecast: Forecast
    history: History
    factors: Floats
    row: npt.NDArray[np.int64]
    planners: npt.NDArray[np.bool_]

    @staticmethod
    def of(network: Network, forecast: Forecast, overrides: pd.DataFrame) -> "Expectation":
        """The forecast of a network; overrides: the artefact of that name.

        Raises ValueError for a forecast of another network.
        """
        history = read_history(network, forecast.weeks)
        leaves = pd.MultiIndex.from_arrays([history.part, history.region])
        ours = pd.MultiIndex.from_arrays([forecast.part, forecast.region])
        row = leaves.get_indexer(ours)
        if (row < 0).any():
            raise ValueError(f"there is no demand of {ours[row < 0][0]} in this network")
        touched = np.zeros(forecast.mean.shape, bool)
        week = week_number(network.settings.as_of, overrides["week"].to_numpy("datetime64[D]")) - 1
        leaf = ours.get_indexer(pd.MultiIndex.from_arrays([overrides["part"], overrides["region"]]))
        touched[leaf[leaf >= 0], week[leaf >= 0]] = True
        return Expectation(forecast, history, _factors(network, history, forecast.weeks), row, touched)

    def world(self, network: Network) -> Forecast:
        """The forecast where the same network has other events: each week's mean times how their factors differ.

        How the rate wanders and is known stays as forecast. Only holidays and shutdowns count, and factors declared as
        such; a promotion acts by the sales it brings, which takes a forecast of its own.
        """
        factors = _factors(network, self.history, self.forecast.weeks)
        moved = np.divide(factors, self.factors, out=np.ones(factors.shape), where=self.factors > 0)[self.row]
        if (moved[~self.planners] == 1.0).all():
            return self.forecast
        return replace(self.forecast, mean=self.forecast.mean * np.where(self.planners, 1.0, moved))


def _factors(network: Network, history: History, weeks: int) -> Floats:
    mondays = week_starts(network.settings.as_of, weeks)
    bounds = np.append(mondays, mondays[-1:] + DAYS_PER_WEEK)
    bounds[0] = np.datetime64(network.settings.as_of, "D") + 1
    return event_factors(network, history, bounds, promotions=False)
