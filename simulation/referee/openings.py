"""What is shut in a play and when it opens: sites, courier lanes, emergency ways, suppliers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, departure_weekdays, first_week
from domain.departures import Shutdowns, shutdowns, site_keys
from domain.network import Network
from simulation.referee.board import NEVER_SHUT, Bools, Floats, Ints
from simulation.referee.places import Map

Objects = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Openings:
    """The declared shutdowns of a network over the days of a play, counted from the Monday of week 1."""

    network: Network
    shut: Shutdowns
    days: int

    @staticmethod
    def of(network: Network, end_weeks: int) -> "Openings":
        """The shutdowns in weeks 1..`end_weeks`."""
        return Openings(network, shutdowns(network), end_weeks * DAYS_PER_WEEK)

    def closed(self, keys: set[str]) -> Bools:
        """Whether something of these names is shut on each day, (days,)."""
        monday = np.datetime64(first_week(self.network.settings.as_of), "D")
        return self.shut.closed(monday + np.arange(self.days), keys)

    def first_open(self, keys: set[str]) -> Ints:
        """The first open day from each day on, (days,); the day after the last where it does not open again."""
        return first_open(self.closed(keys))

    def of_site(self, site: str) -> set[str]:
        """By which names a shutdown may shut a site."""
        return site_keys(self.network, site)

    def of_lane(self, lane: str) -> set[str]:
        """By which names a shutdown may shut a lane itself."""
        return {f"lane:{lane}"}

    def of_supplier(self, supplier: str) -> set[str]:
        """By which names a shutdown may shut a supplier ("": the market)."""
        return {"all", f"supplier:{supplier}"} if supplier else {"all"}

    def sails(self, lane: str, origin: str, departures: str) -> Bools:
        """Whether a lane leaves on each day: one of its weekdays, neither it nor its origin shut, (days,)."""
        weekday = np.isin(np.arange(self.days) % DAYS_PER_WEEK, departure_weekdays(departures))
        return weekday & ~self.closed(self.of_site(origin) | self.of_lane(lane))

    def next_departure(self, lanes: pd.DataFrame, lane: Ints, time: Floats) -> Floats:
        """For each row of `lanes` and day the first day from then on on which the lane leaves, inf where it does not
        in these weeks; a day that lies outside of them stays."""
        leaves = time.copy()
        for row in np.unique(lane):
            name, origin, weekdays = (str(lanes[column].iloc[row]) for column in ("lane", "origin", "departures"))
            here = np.flatnonzero((lane == row) & (time >= 0.0) & (time < self.days))
            leaves[here] = first_open(~self.sails(name, origin, weekdays))[time[here].astype(np.int64)]
        return np.where((leaves >= self.days) & (time < self.days), np.inf, leaves)


def first_open(closed: Bools) -> Ints:
    """The first day that is not closed from each day on; one past the last where there is none."""
    days = np.where(closed, len(closed), np.arange(len(closed)))
    return np.minimum.accumulate(days[::-1])[::-1]


def opening_columns(openings: Openings, rows: Map, ways: pd.DataFrame) -> dict[str, Any]:
    """What the board knows of shutdowns: nothing where neither a site abroad, nor a courier, nor a way is ever shut.

    Nothing leaves a depot that is shut. A courier leaves when its lane is open and arrives when the point is; an
    emergency way leaves when its lane and its origin are open.
    """
    if not len(openings.shut.applies_to):
        return {}
    lanes = openings.network.lanes
    origin_of = dict(zip(lanes["lane"], lanes["origin"], strict=True))
    depots, sites = rows.leaves["depot"].to_numpy(object), rows.points["site"].to_numpy(object)
    couriers = courier_lanes(openings.network, depots[rows.leaf_of_point], sites)
    way = lanes["lane"].to_numpy(object)[ways["lane"].to_numpy(np.int64)]
    table: list[Ints] = []
    columns = {
        "depot_opens": _rows(table, openings, depots, openings.of_site),
        "point_opens": _rows(table, openings, sites, openings.of_site),
        "courier_opens": _rows(table, openings, couriers, openings.of_lane),
        "way_opens": _rows(
            table, openings, way, lambda lane: openings.of_lane(lane) | openings.of_site(origin_of[lane])
        ),
    }
    return {**columns, "opens": np.array(table)} if table else {}


def courier_lanes(network: Network, depot: Objects, site: Objects) -> Objects:
    """The fastest lane depot → point of each pair, of whatever mode; "" where none goes."""
    days = network.lanes["transit_days"] + network.lanes["customs_days"]
    lanes = network.lanes.assign(days=days).sort_values(["days", "lane"], kind="stable")
    fastest = lanes.drop_duplicates(["origin", "destination"]).set_index(["origin", "destination"])["lane"]
    return fastest.reindex(pd.MultiIndex.from_arrays([depot, site])).fillna("").to_numpy(object)


def _rows(table: list[Ints], openings: Openings, names: Objects, keys: Callable[[str], set[str]]) -> Ints:
    """The row of `table` that says when each of these opens, NEVER_SHUT where it always is; adds the rows it needs."""
    code, distinct = pd.factorize(names)
    row_of = np.full(len(distinct) + 1, NEVER_SHUT)
    for number, name in enumerate(distinct):
        closed = openings.closed(keys(str(name)))
        if closed.any():
            row_of[number] = len(table)
            table.append(first_open(closed))
    return np.asarray(row_of[code])
