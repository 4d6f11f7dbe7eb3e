"""Demand by bootstrap: whole weeks of the past are drawn again, tickets and all."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, week_number
from domain.network import Network
from simulation.referee.board import Demands, Floats, Ints
from simulation.referee.demand import NEW_PRIORITY
from simulation.referee.places import Map

WEEKS_BACK = 52  # the year before `as_of`


@dataclass(frozen=True)
class History:
    """Past demand by week, sorted by week: start (weeks + 1), day of the week, part (row), point (row), quantity,
    ticket (number)."""

    start: Ints
    day: Floats
    part: Ints
    point: Ints
    quantity: Ints
    ticket: Ints


def past_demand(network: Network, weeks_back: int = WEEKS_BACK) -> pd.DataFrame:
    """What the last whole weeks asked for, used or unmet, corrections taken off: week, day, site, part, ticket,
    quantity; a row without ticket is a ticket of its own."""
    usage = network.usage
    dates = usage["date"].to_numpy("datetime64[D]")
    week = week_number(network.settings.as_of, dates)
    last = 0 if network.settings.as_of.weekday() == DAYS_PER_WEEK - 1 else -1
    inside = (week > last - weeks_back) & (week <= last)
    rows = usage[inside].assign(week=week[inside] - last + weeks_back - 1, day=(dates[inside].astype(np.int64) + 3) % 7)
    keys = ["week", "day", "site", "part", "model", "ticket"]
    rows = rows.groupby(keys, sort=True)[["quantity"]].sum().reset_index()
    rows = rows[rows["quantity"] > 0].reset_index(drop=True)
    number = "row " + pd.Series(rows.index.astype(str))
    return rows.assign(ticket=number.where(rows["ticket"] == "", rows["ticket"]))


def history_of(past: pd.DataFrame, rows: Map, weeks_back: int = WEEKS_BACK) -> History:
    """`past_demand` by the rows of a map; what is not on the map is left out."""
    point = rows.point_row(past["part"], past["site"])
    past, point = past[point >= 0], point[point >= 0]
    return History(
        start=np.searchsorted(past["week"].to_numpy(), np.arange(weeks_back + 1)),
        day=past["day"].to_numpy(float),
        part=rows.part_row(past["part"]),
        point=point,
        quantity=past["quantity"].to_numpy(np.int64),
        ticket=pd.factorize(past["ticket"])[0].astype(np.int64),
    )


def draw_history(history: History, rows: Map, weeks: int, seed: int, replication: int) -> Demands:
    """Weeks 1..`weeks`, each a week of the past drawn at random; a ticket comes at one random moment of its day."""
    rng = np.random.default_rng([seed, replication, 3])
    source = rng.integers(0, len(history.start) - 1, weeks)
    length = history.start[source + 1] - history.start[source]
    week = np.repeat(np.arange(weeks), length)
    within = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    row = history.start[source][week] + within
    tickets = int(history.ticket.max(initial=-1)) + 1
    ticket, first = np.unique(week * tickets + history.ticket[row], return_inverse=True)
    time = DAYS_PER_WEEK * week + history.day[row] + rng.random(len(ticket))[first]
    order = np.lexsort((time, history.part[row]))
    row, point = row[order], history.point[row[order]]
    return Demands(
        start=np.searchsorted(history.part[row], np.arange(len(rows.parts) + 1)),
        time=time[order],
        point=point,
        site=rows.local_site[point],
        quantity=history.quantity[row],
        priority=np.full(len(row), NEW_PRIORITY),
        asked=np.ones(len(row), bool),
        ticket=first[order].astype(np.int64),
    )
