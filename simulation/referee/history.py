"""What the past says: whole weeks of demand to draw again, tickets and all; how many parts repairs need."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, week_number
from domain.network import Network
from simulation.referee.board import Demands, Floats, Ints
from simulation.referee.demand import NEW_PRIORITY
from simulation.referee.places import Map
from simulation.referee.repairs import Habits, Links

WEEKS_BACK = 52  # the year before `as_of`
MOST_PARTS = 8  # of one repair; a longer ticket says little about which parts go together


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


@dataclass(frozen=True)
class PastRepairs:
    """What the tickets of a network say.

    sizes: share of repairs that needed 1, 2, … different parts, the last `MOST_PARTS` or more. pairs: part, other,
    repairs that needed both.
    """

    sizes: Floats
    pairs: pd.DataFrame


def past_repairs(network: Network) -> PastRepairs | None:
    """How many parts the repairs in `usage` wanted, used or unmet, corrections taken off; None where no row names a
    ticket."""
    usage = network.usage[(network.usage["ticket"] != "").to_numpy()]
    tickets = pd.factorize(usage["ticket"])[0].astype(np.int64)
    parts, names = pd.factorize(usage["part"], sort=True)
    key, row = np.unique(tickets * max(len(names), 1) + parts, return_inverse=True)
    key = key[np.bincount(row, usage["quantity"], len(key)) > 0]
    if not len(key):
        return None
    ticket, part = np.divmod(key, len(names))
    number = np.bincount(ticket)
    sizes = np.bincount(np.minimum(number[number > 0], MOST_PARTS))[1:]
    found = []
    for step in range(1, MOST_PARTS):
        together = (ticket[step:] == ticket[:-step]) & (number[ticket[step:]] <= MOST_PARTS)
        found.append(part[:-step][together] * len(names) + part[step:][together])
    pair, repairs = np.unique(np.concatenate(found), return_counts=True)
    first, second = np.divmod(pair, len(names))
    pairs = pd.DataFrame({"part": names[first], "other": names[second], "repairs": repairs})
    return PastRepairs(sizes / sizes.sum(), pairs)


def habits_of(past: PastRepairs, fitment: pd.DataFrame, rows: Map) -> Habits:
    """`past_repairs` by the rows of a map: first those meet that did so before, most often first, then parts of one
    model."""
    ends = rows.part_row(past.pairs["part"]), rows.part_row(past.pairs["other"])
    known = (ends[0] >= 0) & (ends[1] >= 0)
    often = past.pairs["repairs"].to_numpy()[known]
    key = np.argsort(np.argsort(-often, kind="stable"), kind="stable")
    both = np.concatenate([ends[0][known], ends[1][known]])
    of_model, model = rows.part_row(fitment["part"]), pd.factorize(fitment["model"], sort=True)[0]
    fits = of_model >= 0
    return Habits(
        sizes=past.sizes,
        part=rows.leaves["part_row"].to_numpy()[rows.points["leaf_row"].to_numpy()],
        site=pd.factorize(rows.points["site"], sort=True)[0].astype(np.int64),
        links=(_links(both, np.tile(key, 2), rows), _links(of_model[fits], model[fits].astype(np.int64), rows)),
    )


def _links(part: Ints, key: Ints, rows: Map) -> Links:
    order = np.lexsort((key, part))
    return Links(np.searchsorted(part[order], np.arange(len(rows.parts) + 1)), key[order])
