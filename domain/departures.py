"""When lanes leave and arrive, and when suppliers take orders: weekdays and declared shutdowns."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, departure_weekdays, week_number, week_starts
from domain.network import Network

Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Shutdowns:
    """Declared shutdowns: on these days nothing leaves or arrives at what they apply to."""

    applies_to: tuple[str, ...]
    start: Days
    end: Days

    def closed(self, days: Days, keys: set[str]) -> npt.NDArray[np.bool_]:
        """Which of `days` fall into a shutdown applied to one of `keys`, shape of `days`."""
        shut = np.zeros(days.shape, dtype=bool)
        for applies_to, start, end in zip(self.applies_to, self.start, self.end, strict=True):
            if applies_to in keys:
                shut |= (days >= start) & (days <= end)
        return shut

    def first_open(self, day: np.datetime64, keys: set[str]) -> np.datetime64:
        """The first day from `day` on that is not shut for `keys`."""
        while self.closed(np.array([day]), keys)[0]:
            day = day + 1
        return day


def shutdowns(network: Network) -> Shutdowns:
    """The shutdowns among the network's events."""
    rows = network.events[network.events["kind"] == "shutdown"]
    return Shutdowns(
        applies_to=tuple(rows["applies_to"]),
        start=rows["start"].to_numpy("datetime64[D]"),
        end=rows["end"].to_numpy("datetime64[D]"),
    )


def site_keys(network: Network, site: str) -> set[str]:
    """What a shutdown may name to close this site."""
    row = network.site_of.loc[site]
    return {"all", f"site:{site}", f"country:{row['country']}", f"region:{row['region']}"}


def departures(network: Network, lanes: pd.DataFrame, lead_days: npt.NDArray[np.int64], weeks: int) -> pd.DataFrame:
    """One departure per lane and week: the first of its weekdays on which lane and origin are open.

    Returns lane (row of `lanes`), week (1-based), departs, arrives (datetime64[D], after `lead_days`, moved past
    shutdowns of lane and destination), slot (week of arrival), sorted by (lane, week).
    """
    shut = shutdowns(network)
    mondays = week_starts(network.settings.as_of, weeks)
    found = []
    for number, lane in enumerate(lanes.itertuples(index=False)):
        leaving = site_keys(network, str(lane.origin)) | {f"lane:{lane.lane}"}
        arriving = site_keys(network, str(lane.destination)) | {f"lane:{lane.lane}"}
        weekdays = np.array(departure_weekdays(str(lane.departures)))
        days = mondays[:, None] + weekdays[None, :]
        is_open = ~shut.closed(days, leaving)
        for week in np.flatnonzero(is_open.any(axis=1)):
            departs = days[week, is_open[week].argmax()]
            arrives = shut.first_open(departs + lead_days[number], arriving)
            found.append((number, int(week) + 1, departs, arrives))
    frame = pd.DataFrame(found, columns=["lane", "week", "departs", "arrives"])
    days_in = frame["arrives"].to_numpy("datetime64[D]")
    frame["slot"] = week_number(network.settings.as_of, days_in) if len(frame) else np.zeros(0, np.int64)
    return frame


def supplier_calendar(
    network: Network, supplier: str, lead_days: int, weeks: int
) -> tuple[Days, npt.NDArray[np.bool_]]:
    """When an order placed on each week's Monday is expected at the hub, and whether the supplier is open that day."""
    shut = shutdowns(network)
    keys = {"all", f"supplier:{supplier}"} if supplier else {"all"}
    mondays = week_starts(network.settings.as_of, weeks)
    expected = np.array([shut.first_open(day + lead_days, keys) for day in mondays], dtype="datetime64[D]")
    return expected, ~shut.closed(mondays, keys)


def inner_weeks(network: Network, lane_lead_days: npt.NDArray[np.int64]) -> int:
    """Weeks of the inner horizon: T + longest lane + longest supplier lead time + 1 (MODEL, indices)."""
    lane_weeks = -(-int(lane_lead_days.max(initial=0)) // DAYS_PER_WEEK)
    supplier_days = network.suppliers["lead_time_days"].max() if len(network.suppliers) else 0.0
    return network.settings.horizon_weeks + lane_weeks + int(np.ceil(supplier_days / DAYS_PER_WEEK)) + 1
