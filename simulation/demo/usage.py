"""What the repair points wrote down: tickets, parts used and parts missed, failures by month of sale."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulation.demo.catalogue import CLASS_NAMES, Catalogue
from simulation.demo.demand import COMPANION_SHARE, WITHOUT_PART, companion_row
from simulation.demo.lifecycle import LAWS, Sales, cohort_intensity
from simulation.demo.markets import Markets
from simulation.demo.part_classes import CLASSES
from simulation.demo.sizes import HISTORY_WEEKS, Bools, Days, Floats, Ints, Size, Texts, mondays, months, stream

_CHUNK = 50_000
MISBOOKED_SHARE = 0.001  # of usage rows: booked twice, then corrected
UNMET_ALWAYS = 0.01  # share of demand missed whatever the stock
UNMET_IN_SHORTAGE = 0.7  # and while the part is short in the region
SHORTAGE_SHARE = 0.75  # of part-regions short once in the history
SHORTAGE_WEEKS = (3, 8)
EARLY_WEEKS = 26  # in which a network may have opened with empty shelves


@dataclass(frozen=True)
class Shortages:
    """The one spell in which each part was short: first week of the history, weeks (0 = none), (leaves,).

    early: least share of demand missed in the history's first `EARLY_WEEKS`.
    """

    start: Ints
    weeks: Ints
    early: float

    def missed(self, leaf: Ints, week: Ints) -> Floats:
        """Probability that a demand finds nothing, shape of `leaf`."""
        since = week - self.start[leaf]
        short = (since >= 0) & (since < self.weeks[leaf])
        missed = np.where(short, UNMET_IN_SHORTAGE, UNMET_ALWAYS)
        return np.maximum(missed, np.where(week < EARLY_WEEKS, self.early, 0.0))


@dataclass(frozen=True)
class Tickets:
    """One row per part that a repair wanted, in the order of dates: fitment row, month sold (number), site (number in
    the list of points), day, number of the ticket, found on the shelf or not."""

    region: Ints
    row: Ints
    sold_month: Ints
    site: Ints
    day: Days
    ticket: Ints
    unmet: Bools


def shortages(seed: int, leaves: int, early: float) -> Shortages:
    """Draw when each part was short in each region."""
    rng = stream(seed, "shortages")
    weeks = np.where(rng.random(leaves) < SHORTAGE_SHARE, rng.integers(*SHORTAGE_WEEKS, leaves), 0)
    return Shortages(rng.integers(0, HISTORY_WEEKS, leaves), weeks, early)


def draw_region(
    found: Catalogue,
    sold: Sales,
    sold_in: Markets,
    rates: Floats,
    daily: Floats,
    share: Floats,
    short: Shortages,
    region: int,
    seed: int,
) -> Tickets:
    """Draw the history of one region from its repair rates (fitment rows there, WEEKS).

    daily: factors (categories, WEEKS, 7). share: of each of the region's points. Ticket numbers and sites count from 0
    within the region; repairs that need no part take numbers too and leave no row.
    """
    rng = stream(seed, f"tickets {region}")
    counts = rng.poisson(rates[:, :HISTORY_WEEKS])
    row, week = np.nonzero(counts)
    times = counts[row, week]
    row, week = sold_in.fitment.item[sold_in.fitment.of(region)][np.repeat(row, times)], np.repeat(week, times)
    nothing = rng.poisson(len(row) * WITHOUT_PART / (1 - WITHOUT_PART))
    site = np.searchsorted(np.cumsum(share)[:-1], rng.random(len(row)), side="right")
    weekday = _weekdays(rng, daily[found.models.category[found.fitment.model[row]], week])
    day = mondays()[week] + weekday
    month = _months_sold(rng, found, sold, region, row, week)

    # numbers run with the date; repairs without a part lie in between
    moment = (day - mondays()[0]).astype(float) + rng.random(len(row))
    numbers = np.argsort(np.argsort(np.concatenate([moment, rng.uniform(0, 7 * HISTORY_WEEKS, nothing)])))[: len(row)]
    second = (rng.random(len(row)) < COMPANION_SHARE) & ~found.fitment.companion[row]
    rows = np.concatenate([row, companion_row(found)[found.fitment.model[row[second]]]])
    same = np.concatenate([np.arange(len(row)), np.flatnonzero(second)])
    missed = short.missed(sold_in.leaves.rows(region, found.fitment.part[rows]), week[same])
    unmet = rng.random(len(rows)) < missed
    order = np.lexsort((rows, numbers[same]))
    rows, same, unmet = rows[order], same[order], unmet[order]
    return Tickets(
        region=np.full(len(rows), region),
        row=rows,
        sold_month=month[same],
        site=site[same],
        day=day[same],
        ticket=numbers[same] + 1,
        unmet=unmet,
    )


def _weekdays(rng: np.random.Generator, factors: Floats) -> Ints:
    """A day of the week per row of daily factors, shape (rows, 7)."""
    upto = np.cumsum(factors, axis=1)
    return np.asarray((rng.random(len(factors))[:, None] * upto[:, -1:] > upto).sum(axis=1).clip(max=6))


def _months_sold(rng: np.random.Generator, found: Catalogue, sold: Sales, region: int, row: Ints, week: Ints) -> Ints:
    """The month in which each failed device was sold: P ∝ devices sold that month × intensity at their age."""
    model = found.fitment.model[row]
    devices = sold.rows.rows(region, model)
    of_class = np.array([LAWS.index(CLASSES[name].fails) for name in CLASS_NAMES])
    kind = 2 * of_class[found.parts.part_class[found.fitment.part[row]]] + (found.models.warranty_months[model] == 24)
    intensity = np.stack([cohort_intensity(law, warranty).T for law in LAWS for warranty in (12, 24)])
    uniform = rng.random(len(row))
    month = np.empty(len(row), dtype=np.int64)
    for start in range(0, len(row), _CHUNK):
        part = slice(start, start + _CHUNK)
        upto = np.cumsum(sold.sold[devices[part]] * intensity[kind[part], week[part]], axis=1)
        month[part] = (uniform[part, None] * upto[:, -1:] >= upto).sum(axis=1)
    return month


def usage_table(
    found: Catalogue, drawn: list[Tickets], points: list[Texts], regions: list[str], seed: int
) -> pd.DataFrame:
    """The table `usage`, sorted by date, site and ticket; a few rows are booked twice and taken back."""
    rng = stream(seed, "bookings")
    frames = []
    for tickets, sites in zip(drawn, points, strict=True):
        fitment = found.fitment
        name = regions[tickets.region[0]] if len(tickets.region) else ""
        frames.append(
            pd.DataFrame(
                {
                    "date": tickets.day.astype("datetime64[ns]"),
                    "site": sites[tickets.site],
                    "part": found.parts.part[fitment.part[tickets.row]],
                    "model": found.models.model[fitment.model[tickets.row]],
                    "ticket": np.array([f"{name}{number:07d}" for number in tickets.ticket.tolist()], dtype=object),
                    "kind": np.array(["used", "unmet"], dtype=object)[tickets.unmet.astype(np.int64)],
                    "quantity": fitment.pieces[tickets.row],
                }
            )
        )
    usage = pd.concat(frames, ignore_index=True)
    wrong = usage.iloc[np.flatnonzero(rng.random(len(usage)) < MISBOOKED_SHARE)]
    usage = pd.concat([usage, wrong, wrong.assign(quantity=-wrong["quantity"])], ignore_index=True)
    return usage.sort_values(["date", "ticket", "part"], kind="stable", ignore_index=True)


def failures_table(found: Catalogue, drawn: list[Tickets]) -> pd.DataFrame:
    """The table `failures`: devices by month sold, month failed, model and part, over all regions, sorted by key."""
    row = np.concatenate([tickets.row for tickets in drawn])
    sold = np.concatenate([tickets.sold_month for tickets in drawn])
    day = np.concatenate([tickets.day for tickets in drawn])
    failed = (day.astype("datetime64[M]") - months()[0].astype("datetime64[M]")).astype(np.int64)
    width = len(months())
    keys, units = np.unique((row * width + failed) * width + sold, return_counts=True)
    row, failed, sold = keys // width // width, keys // width % width, keys % width
    dates = months().astype("datetime64[ns]")
    frame = pd.DataFrame(
        {
            "sold_month": dates[sold],
            "failed_month": dates[failed],
            "model": found.models.model[found.fitment.model[row]],
            "part": found.parts.part[found.fitment.part[row]],
            "units": units,
        }
    )
    return frame.sort_values(["model", "part", "sold_month", "failed_month"], ignore_index=True)


def tickets_table(size: Size, drawn: list[Tickets]) -> pd.DataFrame:
    """Hidden truth: region, repairs over the history, repairs that needed a part, demands, demands missed."""
    return pd.DataFrame(
        {
            "region": [region.region for region in size.regions],
            "repairs": [int(tickets.ticket.max(initial=0)) for tickets in drawn],
            "repairs_with_part": [len(np.unique(tickets.ticket)) for tickets in drawn],
            "demands": [len(tickets.row) for tickets in drawn],
            "unmet": [int(tickets.unmet.sum()) for tickets in drawn],
        }
    )
