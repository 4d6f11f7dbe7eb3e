"""The hidden law of demand: who fails where and when, and what was wanted because of it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from simulation.demo.catalogue import CLASS_NAMES, Catalogue
from simulation.demo.lifecycle import LAWS, Sales, cohort_intensity
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

    failures: per fitment row what `Fitment.failures` says. bad_from: the week in which a bad batch reached the field,
    WEEKS = never, per fitment row. factor: hidden factor of each part, shape (regions, parts, WEEKS). calendar: season
    and events, shape (regions, categories, WEEKS).
    """

    bad_from: Ints
    factor: Floats
    calendar: Floats


@dataclass(frozen=True)
class Wanted:
    """Expected demand in pieces, (regions, parts, WEEKS), and its batch index ψ = E[b²]/E[b], (regions, parts)."""

    mean: Floats
    batch_index: Floats


def law(size: Size, seed: int, found: Catalogue, calendar: Floats) -> Law:
    """Draw the hidden factors: Gamma(a, a) per part and region with a slow mean-reverting drift of its logarithm."""
    rng = stream(seed, "law")
    shape = (len(size.regions), len(found.parts.part))
    steps = WEEKS // _DRIFT_WEEKS
    path = np.zeros((*shape, steps), dtype=np.float32)
    level = rng.normal(0, DRIFT / np.sqrt(1 - DRIFT_MEMORY**2), shape)
    for step in range(steps):
        level = DRIFT_MEMORY * level + rng.normal(0, DRIFT, shape)
        path[:, :, step] = level
    still = rng.gamma(RATE_SHAPE, 1 / RATE_SHAPE, shape)
    factor = still[:, :, None] * np.repeat(np.exp(path), _DRIFT_WEEKS, axis=2)
    rows = len(found.fitment.part)
    turns = rng.integers(HISTORY_WEEKS // 3, HISTORY_WEEKS - 6, rows)
    bad_from = np.where(rng.random(rows) < BAD_BATCH_SHARE, turns, WEEKS)
    return Law(bad_from, factor, calendar)


def expected_tickets(found: Catalogue, relative: Floats, calendar: Floats) -> float:
    """Expected repairs a week over the history that need a part, were `relative` the devices sold."""
    fitment, models = found.fitment, found.models
    laws = _laws(found)
    total = 0.0
    for region in range(len(relative)):
        for number, name in enumerate(LAWS):
            failures = np.bincount(
                fitment.model[laws == number], fitment.failures[laws == number], minlength=len(models.model)
            )
            for warranty in (12, 24):
                some = models.warranty_months == warranty
                base = (relative[region, some] * failures[some, None]) @ cohort_intensity(name, warranty)
                total += (base * calendar[region][models.category[some]])[:, :HISTORY_WEEKS].sum()
    return total / HISTORY_WEEKS


def repair_rates(found: Catalogue, sold: Sales, hidden: Law, region: int) -> Floats:
    """Expected repairs caused by each fitment row in each week, shape (fitment rows, WEEKS).

    = devices sold by month × intensity at age × failures of the row × season and events × hidden factor of the part.
    """
    fitment, models = found.fitment, found.models
    laws = _laws(found)
    rates = np.empty((len(fitment.part), WEEKS))
    for number, name in enumerate(LAWS):
        for warranty in (12, 24):
            rows = np.flatnonzero((laws == number) & (models.warranty_months[fitment.model] == warranty))
            wanted, position = np.unique(fitment.model[rows], return_inverse=True)
            base = sold.sold[region, wanted] @ cohort_intensity(name, warranty)
            rates[rows] = base[position]
    rates *= fitment.failures[:, None]
    rates *= hidden.calendar[region][models.category[fitment.model]]
    rates *= hidden.factor[region][fitment.part]
    for row in np.flatnonzero(hidden.bad_from < WEEKS):
        rates[row, hidden.bad_from[row] :] *= BAD_BATCH_FACTOR
    return rates


def expected_demand(found: Catalogue, rates: Floats) -> tuple[Floats, Floats]:
    """Mean pieces by part and week, shape (parts, WEEKS), and batch index ψ, shape (parts,), of one region.

    Every repair whose part is not the model's companion needs that too with probability COMPANION_SHARE.
    """
    fitment = found.fitment
    rows, parts = len(fitment.part), len(found.parts.part)
    primary = csr_matrix(
        (np.where(fitment.companion, 0.0, COMPANION_SHARE), (fitment.model, np.arange(rows))),
        shape=(len(found.models.model), rows),
    )
    with_companions = rates.copy()
    with_companions[fitment.companion] += (primary @ rates)[fitment.model[fitment.companion]]
    pieces = csr_matrix((fitment.pieces.astype(float), (fitment.part, np.arange(rows))), shape=(parts, rows))
    mean = np.asarray(pieces @ with_companions)
    squares = np.bincount(fitment.part, fitment.pieces**2 * with_companions.sum(axis=1), minlength=parts)
    units = mean.sum(axis=1)
    return mean, np.where(units > 0, squares / np.maximum(units, 1e-12), 1.0)


def companion_row(found: Catalogue) -> Ints:
    """The fitment row of each model's companion part, shape (models,)."""
    row = np.full(len(found.models.model), -1)
    row[found.fitment.model[found.fitment.companion]] = np.flatnonzero(found.fitment.companion)
    return row


def demand_table(size: Size, found: Catalogue, wanted: Wanted) -> pd.DataFrame:
    """Hidden truth: part, region, week (Monday), mean pieces; rows without demand left out, sorted by its key."""
    order = np.argsort(found.parts.part.astype(str), kind="stable")
    regions = sorted(range(len(size.regions)), key=lambda r: size.regions[r].region)
    mean = wanted.mean[regions][:, order].transpose(1, 0, 2).astype(np.float32)
    part, region, week = np.nonzero(mean > 0)
    return pd.DataFrame(
        {
            "part": _categorical(part, found.parts.part[order]),
            "region": _categorical(region, np.array([size.regions[r].region for r in regions], dtype=object)),
            "week": mondays().astype("datetime64[ns]")[week],
            "mean": mean[part, region, week],
        }
    )


def _categorical(codes: Ints, names: Texts) -> pd.Categorical:
    return pd.Categorical.from_codes(codes.astype(np.int16), dtype=pd.CategoricalDtype(names))  # type: ignore[arg-type]


def _laws(found: Catalogue) -> Ints:
    of_class = np.array([LAWS.index(CLASSES[name].fails) for name in CLASS_NAMES])
    return np.asarray(of_class[found.parts.part_class[found.fitment.part]])
