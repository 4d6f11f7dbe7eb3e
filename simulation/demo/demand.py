"""The hidden law of demand: who fails where and when, and what was wanted because of it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from simulation.demo.catalogue import CLASS_NAMES, Catalogue
from simulation.demo.lifecycle import LAWS, Sales, cohort_intensity
from simulation.demo.markets import Markets, Pairs
from simulation.demo.part_classes import CLASSES
from simulation.demo.sizes import HISTORY_WEEKS, WEEKS, Floats, Ints, Size, Texts, mondays, stream

COMPANION_SHARE = 0.15  # of repairs that need a second part
WITHOUT_PART = 0.22  # of repairs: settings, software, cleaning
RATE_SHAPE = 8.0  # of the hidden factor of a part in a region, Gamma(a, a)
DRIFT = 0.06  # standard deviation of its logarithm's steps every four weeks
DRIFT_MEMORY = 0.92
BAD_BATCH_SHARE = 0.004  # of fitments whose failures jump at some week of the history
BAD_BATCH_FACTOR = 2.5
_DRIFT_WEEKS = 4


@dataclass(frozen=True)
class Law:
    """The hidden law of demand.

    bad_from: the week in which a bad batch reached the field, WEEKS = never, per fitment row. still, path: the hidden
    factor of each leaf, shape (leaves,), and the logarithm of its drift every `_DRIFT_WEEKS`. calendar: season and
    events, shape (regions, categories, WEEKS).
    """

    bad_from: Ints
    still: Floats
    path: npt.NDArray[np.float32]
    calendar: Floats

    def factor(self, leaves: slice) -> Floats:
        """The hidden factor of these leaves, shape (leaves, WEEKS)."""
        return np.asarray(self.still[leaves, None] * np.repeat(np.exp(self.path[leaves]), _DRIFT_WEEKS, axis=1))

    def factor_in(self, week: int) -> Floats:
        """The hidden factor of all leaves in one week, shape (leaves,)."""
        return np.asarray(self.still * np.exp(self.path[:, week // _DRIFT_WEEKS]))


@dataclass(frozen=True)
class Wanted:
    """Expected demand in pieces of each leaf, shape (leaves, WEEKS), and its batch index ψ = E[b²]/E[b], (leaves,)."""

    leaves: Pairs
    mean: Floats
    batch_index: Floats

    def weekly(self, first: int, weeks: int) -> Floats:
        """Mean pieces a week over some weeks, shape (leaves,)."""
        return np.asarray(self.mean[:, first : first + weeks].mean(axis=1))


def law(size: Size, seed: int, found: Catalogue, sold_in: Markets, calendar: Floats) -> Law:
    """Draw the hidden factors: Gamma(a, a) per part and region with a slow mean-reverting drift of its logarithm."""
    rng = stream(seed, "law")
    leaves = len(sold_in.leaves.item)
    steps = WEEKS // _DRIFT_WEEKS
    path = np.zeros((leaves, steps), dtype=np.float32)
    level = rng.normal(0, DRIFT / np.sqrt(1 - DRIFT_MEMORY**2), leaves)
    for step in range(steps):
        level = DRIFT_MEMORY * level + rng.normal(0, DRIFT, leaves)
        path[:, step] = level
    still = rng.gamma(RATE_SHAPE, 1 / RATE_SHAPE, leaves)
    rows = len(found.fitment.part)
    turns = rng.integers(HISTORY_WEEKS // 3, HISTORY_WEEKS - 6, rows)
    bad_from = np.where(rng.random(rows) < BAD_BATCH_SHARE, turns, WEEKS)
    return Law(bad_from, still, path, calendar)


def expected_tickets(found: Catalogue, rows: Pairs, relative: Floats, calendar: Floats) -> float:
    """Expected repairs a week over the history that need a part, were `relative` the devices sold."""
    fitment, models = found.fitment, found.models
    laws = _laws(found)
    failures = [
        np.bincount(fitment.model[laws == number], fitment.failures[laws == number], minlength=rows.items)
        for number in range(len(LAWS))
    ]
    intensity = {(name, warranty): cohort_intensity(name, warranty) for name in LAWS for warranty in (12, 24)}
    total = 0.0
    for region in range(len(calendar)):
        here = rows.of(region)
        for number, name in enumerate(LAWS):
            for warranty in (12, 24):
                some = models.warranty_months[rows.item[here]] == warranty
                model = rows.item[here][some]
                base = (relative[here][some] * failures[number][model, None]) @ intensity[name, warranty]
                total += (base * calendar[region][models.category[model]])[:, :HISTORY_WEEKS].sum()
    return total / HISTORY_WEEKS


def repair_rates(found: Catalogue, sold: Sales, hidden: Law, sold_in: Markets, region: int) -> Floats:
    """Expected repairs caused by each of the region's fitment rows in each week, shape (fitment rows there, WEEKS).

    = devices sold by month × intensity at age × failures of the row × season and events × hidden factor of the part.
    """
    fitment, models = found.fitment, found.models
    row = sold_in.fitment.item[sold_in.fitment.of(region)]
    model = fitment.model[row]
    laws = _laws(found)[row]
    rates = np.empty((len(row), WEEKS))
    for number, name in enumerate(LAWS):
        for warranty in (12, 24):
            some = np.flatnonzero((laws == number) & (models.warranty_months[model] == warranty))
            wanted, position = np.unique(model[some], return_inverse=True)
            base = sold.sold[sold.rows.rows(region, wanted)] @ cohort_intensity(name, warranty)
            rates[some] = base[position]
    rates *= fitment.failures[row, None]
    rates *= hidden.calendar[region][models.category[model]]
    here = sold_in.leaves.of(region)
    rates *= hidden.factor(here)[np.searchsorted(sold_in.leaves.item[here], fitment.part[row])]
    bad_from = hidden.bad_from[row]
    for bad in np.flatnonzero(bad_from < WEEKS):
        rates[bad, bad_from[bad] :] *= BAD_BATCH_FACTOR
    return rates


def expected_demand(found: Catalogue, rates: Floats, sold_in: Markets, region: int) -> tuple[Floats, Floats]:
    """Mean pieces by week, shape (leaves, WEEKS), and batch index ψ, shape (leaves,), of one region.

    Every repair whose part is not the model's companion needs that too with probability COMPANION_SHARE.
    """
    fitment = found.fitment
    row = sold_in.fitment.item[sold_in.fitment.of(region)]
    companion, pieces = fitment.companion[row], fitment.pieces[row]
    models, model = np.unique(fitment.model[row], return_inverse=True)
    rows, leaves = len(row), len(sold_in.leaves.item[sold_in.leaves.of(region)])
    leaf = np.searchsorted(sold_in.leaves.item[sold_in.leaves.of(region)], fitment.part[row])
    primary = csr_matrix(
        (np.where(companion, 0.0, COMPANION_SHARE), (model, np.arange(rows))), shape=(len(models), rows)
    )
    with_companions = rates.copy()
    with_companions[companion] += (primary @ rates)[model[companion]]
    per_leaf = csr_matrix((pieces.astype(float), (leaf, np.arange(rows))), shape=(leaves, rows))
    mean = np.asarray(per_leaf @ with_companions)
    squares = np.bincount(leaf, pieces**2 * with_companions.sum(axis=1), minlength=leaves)
    units = mean.sum(axis=1)
    return mean, np.where(units > 0, squares / np.maximum(units, 1e-12), 1.0)


def companion_row(found: Catalogue) -> Ints:
    """The fitment row of each model's companion part, shape (models,)."""
    row = np.full(len(found.models.model), -1)
    row[found.fitment.model[found.fitment.companion]] = np.flatnonzero(found.fitment.companion)
    return row


def demand_table(size: Size, found: Catalogue, wanted: Wanted) -> pd.DataFrame:
    """Hidden truth: part, region, week (Monday), mean pieces; rows without demand left out, sorted by its key."""
    parts = found.parts.part
    by_name = np.argsort(parts.astype(str), kind="stable")
    regions = np.array([region.region for region in size.regions], dtype=object)
    region_order = np.argsort(regions.astype(str), kind="stable")
    part = np.argsort(by_name)[wanted.leaves.item]
    region = np.argsort(region_order)[wanted.leaves.region]
    order = np.lexsort((region, part))
    mean = wanted.mean[order, size.told_from :].astype(np.float32)
    told = mean > 0
    weeks = told.sum(axis=1)
    dates = mondays().astype("datetime64[ns]")[size.told_from :]
    columns = {
        "part": _categorical(np.repeat(part[order].astype(np.int32), weeks), parts[by_name]),
        "region": _categorical(np.repeat(region[order].astype(np.int32), weeks), regions[region_order]),
        "week": np.broadcast_to(dates, told.shape)[told],
        "mean": mean[told],
    }
    return pd.DataFrame(columns, copy=False)


def _categorical(codes: npt.NDArray[np.int32], names: Texts) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(names))  # type: ignore[arg-type]


def _laws(found: Catalogue) -> Ints:
    of_class = np.array([LAWS.index(CLASSES[name].fails) for name in CLASS_NAMES])
    return np.asarray(of_class[found.parts.part_class[found.fitment.part]])
