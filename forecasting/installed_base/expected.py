"""Expected failures of the installed base: what the demand of every part × region is counted against."""

from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network
from domain.threads import in_threads, kernel
from forecasting.history import History
from forecasting.installed_base.cohorts import Cohorts, month_of, months_in_periods, read_cohorts
from forecasting.installed_base.hazards import Hazards, learn_hazards

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]

LEAST_SHAPE = 0.3  # of the gamma law of failure levels within a class
MOST_SHAPE = 20.0
NAMED = 0.9  # share of demand that names its model, from which models' own levels are learnt


@dataclass(frozen=True)
class Expected:
    """Expected failures of every leaf, in pieces: past, shape (leaves, periods), and future, shape (leaves, weeks).

    known: leaves that hang on sales, shape (leaves,). wander: standard deviation of their log level from one week to
    the next.
    """

    past: Floats
    future: Floats
    known: Bools
    wander: float


def expected_failures(network: Network, history: History, bounds: Days) -> Expected | None:
    """Expected failures by the installed base; None where nothing hangs on sales.

    The level of a part and region is what the class of the part fails at (and, where other regions know the part, they
    do): its own is left to the ratio of actual to expected demand. Between models of a part its own demand decides.
    """
    if network.sales.empty or len(history.part) == 0:
        return None
    ends = np.append(history.bounds, bounds)
    last = int(month_of(ends[-1:] - 1)[0])
    cohorts = read_cohorts(network, last)
    fits = _fits(network, history)
    classes = pd.factorize(network.parts["part_class"], sort=True)[0].astype(np.int64)
    hazards = learn_hazards(network, cohorts, classes, fits)
    if hazards is None:
        return None
    first = int(month_of(history.bounds[:1])[0]) - 1
    months = last - first + 1
    past, future = (months_in_periods(each, first, months) for each in (history.bounds, bounds))
    pairs = _pairs(network, history, fits, cohorts)
    monthly = _monthly(hazards, cohorts, history, pairs, first, months, past.sum(axis=0))
    known = (monthly @ (past.sum(axis=0) + future.sum(axis=0))) > 0
    return Expected(monthly @ past.T, monthly @ future.T, known, hazards.wander)


@dataclass(frozen=True)
class Pairs:
    """Leaves and the models they hang on, by leaf: leaf, model, region (codes), quantity, units: demand that names the
    model, −1 where tickets name none, shape (pairs,). part: of every leaf."""

    leaf: Ints
    model: Ints
    region: Ints
    quantity: Floats
    units: Floats
    part: Ints


def _fits(network: Network, history: History) -> pd.DataFrame:
    """Model and part (codes) and pieces per repair: the table `fitment` and what tickets show beside it."""
    model = pd.Index(network.models["model"]).get_indexer(pd.Index(network.fitment["model"]))
    part = pd.Index(network.parts["part"]).get_indexer(pd.Index(network.fitment["part"]))
    table = pd.DataFrame({"model": model, "part": part, "quantity": network.fitment["quantity"].to_numpy(np.float64)})
    row = pd.Index(network.parts["part"]).get_indexer(pd.Index(history.part))
    named = history.rows.model >= 0
    seen = pd.DataFrame({"model": history.rows.model[named], "part": row[history.rows.leaf[named]], "quantity": 1.0})
    both = pd.concat([table, seen.drop_duplicates()], ignore_index=True)
    both = both[(both["model"] >= 0) & (both["part"] >= 0)]
    return both.drop_duplicates(["model", "part"]).sort_values(["part", "model"], ignore_index=True)


def _pairs(network: Network, history: History, fits: pd.DataFrame, cohorts: Cohorts) -> Pairs:
    """Every leaf with every model that its part fits and that was or will be sold in its region."""
    regions = np.sort(np.array(list(network.depot_of_region), dtype=object))
    part = pd.Index(network.parts["part"]).get_indexer(pd.Index(history.part))
    region = pd.Index(regions).get_indexer(pd.Index(history.region))
    leaves = pd.DataFrame({"part": part, "region": region, "leaf": np.arange(len(part))})
    pairs = leaves.merge(fits, on="part").sort_values(["leaf", "model"], kind="stable")
    pairs = pairs[cohorts.units.sum(axis=2)[pairs["region"], pairs["model"]] > 0]
    leaf, model = pairs["leaf"].to_numpy(np.int64), pairs["model"].to_numpy(np.int64)
    rows = history.rows
    units = np.full(len(leaf), -1.0)
    named = rows.model >= 0
    if rows.quantity[named].sum() >= NAMED * rows.quantity.sum() > 0:
        models = len(network.models)
        keys = leaf * models + model
        seen = np.searchsorted(keys, rows.leaf[named] * models + rows.model[named])
        hit = np.append(keys, -1)[seen] == rows.leaf[named] * models + rows.model[named]
        units = np.maximum(np.bincount(seen[hit], rows.quantity[named][hit], len(keys)), 0.0)
    return Pairs(leaf, model, pairs["region"].to_numpy(np.int64), pairs["quantity"].to_numpy(np.float64), units, part)


def _monthly(
    hazards: Hazards, cohorts: Cohorts, history: History, pairs: Pairs, first: int, months: int, share_past: Floats
) -> Floats:
    """Expected failures of every leaf and month, in pieces, shape (leaves, months).

    share_past: what of each month's expected failures lies in the history, shape (months,).
    """
    ages = hazards.shape.shape[1]
    sold = cohorts.window(first - ages + 1, first + months - 1)
    monthly = np.zeros((len(history.part), months))
    of = hazards.classes[pairs.part[pairs.leaf]]
    for one in np.unique(of):
        mine = np.flatnonzero(of == one)
        models, place = np.unique(pairs.model[mine], return_inverse=True)
        covered = hazards.covered[models]
        intensity = hazards.shape[one] * (covered + hazards.after[one] * (1.0 - covered))
        failing = np.zeros((len(sold), len(models), months))
        in_threads(_convolve, len(models), sold[:, models], intensity, failing)
        known = (failing @ share_past)[pairs.region[mine], place] * pairs.quantity[mine]
        weight = _levels(pairs, mine, known, history.counts.sum(axis=1)) * pairs.quantity[mine]
        _add_up(monthly, pairs.leaf[mine], pairs.region[mine], place, weight, failing)
    return monthly


@kernel
def _convolve(first: int, last: int, sold: Floats, intensity: Floats, failing: Floats) -> None:
    """Adds Σ_a N(k − a)·h(a) by region, model and month k; sold starts `ages` − 1 months before the first of them."""
    ages, months = intensity.shape[1], failing.shape[2]
    for model in range(first, last):
        for region in range(len(sold)):
            for month in range(sold.shape[2]):
                units = sold[region, model, month]
                if units > 0.0:
                    for age in range(max(0, ages - 1 - month), min(ages, ages - 1 + months - month)):
                        failing[region, model, month + age - ages + 1] += units * intensity[model, age]


@nb.njit(cache=True)
def _add_up(monthly: Floats, leaf: Ints, region: Ints, model: Ints, weight: Floats, failing: Floats) -> None:
    for pair in range(len(leaf)):
        for month in range(monthly.shape[1]):
            monthly[leaf[pair], month] += weight[pair] * failing[region[pair], model[pair], month]


def _levels(pairs: Pairs, mine: Ints, known: Floats, demand: Floats) -> Floats:
    """Failures per unit of intensity of every pair of one class, shape of `mine`.

    known: expected at level 1 over the history. A pair's level is the class's, times what other regions show of the
    part (gamma posterior mean), times what sets this model apart among the part's.
    """
    leaf, at = np.unique(pairs.leaf[mine], return_inverse=True)
    seen = demand[leaf]
    exposed: Floats = np.bincount(at, known).astype(np.float64)
    usual = seen.sum() / exposed.sum() if exposed.sum() > 0 and seen.sum() > 0 else 1.0
    exposed = exposed * usual
    shape = _gamma_shape(seen, exposed)
    part = np.unique(pairs.part[leaf], return_inverse=True)[1]
    others_seen = np.bincount(part, seen)[part] - seen
    others_exposed = np.bincount(part, exposed)[part] - exposed
    elsewhere = (shape + others_seen) / (shape + others_exposed)
    level = usual * elsewhere[at]
    if (pairs.units[mine] < 0).any():
        return level
    return level * _apart(part[at], pairs.model[mine], known * usual, pairs.units[mine], at, shape)


def _apart(part: Ints, model: Ints, exposed: Floats, units: Floats, leaf: Ints, shape: float) -> Floats:
    """What sets each model of a part apart, all regions together; over a leaf's history it changes nothing."""
    pair = np.unique(part * (int(model.max()) + 1) + model, return_inverse=True)[1]
    of_part = (shape + np.bincount(part, units)) / (shape + np.bincount(part, exposed))
    own = (shape * of_part[part] + np.bincount(pair, units)[pair]) / (shape + np.bincount(pair, exposed)[pair])
    before, after = np.bincount(leaf, exposed), np.bincount(leaf, exposed * own)
    scale = np.where(
        after > 0, before / np.where(after > 0, after, 1.0), 1.0 / np.bincount(leaf, own) * np.bincount(leaf)
    )
    relative: Floats = own * scale[leaf]
    return relative


def _gamma_shape(seen: Floats, exposed: Floats) -> float:
    """Shape of the gamma law of actual to expected within a class, by moments: Var y = μ + μ²/shape."""
    excess = ((seen - exposed) ** 2 - np.maximum(seen, exposed)).sum()
    shape = (exposed**2).sum() / excess if excess > 0 else MOST_SHAPE
    return float(np.clip(shape, LEAST_SHAPE, MOST_SHAPE))
