"""Quality signals of a network: the parts of models that fail above their category, in figures and in words."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network
from forecasting.history import History
from forecasting.quality import cusum, failing_sets

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WINDOWS_WEEKS = (8, 26)  # a fresh turn shows in the short window, a steady fault in the long one
DATED_WEEKS = 52  # the CUSUM looks this far back; what came before is the pair's own level
_ROUNDS = 50  # of the rates of devices within and beyond warranty
COLUMNS = ["part", "model", "actual", "expected", "ratio", "probability", "weeks", "since"]


@dataclass(frozen=True)
class FittedParts:
    """Every model × part of the fitment, sorted by part and model.

    part, model: rows of their tables; pieces: one repair uses; category: code of model category × part class, shape
    (pairs,). cases: repairs that wanted the part, served or not, shape (pairs, periods).
    """

    part: Ints
    model: Ints
    pieces: Floats
    category: Ints
    cases: Floats


def fitted_parts(network: Network, history: History) -> FittedParts:
    """The pairs and their cases; usage that names no model, or a model the part does not fit, is left out."""
    fitment = network.fitment.sort_values(["part", "model"], ignore_index=True)
    part = pd.Index(network.parts["part"]).get_indexer(pd.Index(fitment["part"])).astype(np.int64)
    model = pd.Index(network.models["model"]).get_indexer(pd.Index(fitment["model"])).astype(np.int64)
    names = network.models["category"].to_numpy(object)[model], network.parts["part_class"].to_numpy(object)[part]
    category = pd.MultiIndex.from_arrays(names)
    periods = len(history.bounds) - 1
    rows = history.rows
    parts_of_leaves = pd.Index(network.parts["part"]).get_indexer(pd.Index(history.part))
    pairs = pd.MultiIndex.from_arrays([part, model])
    pair = pairs.get_indexer(pd.MultiIndex.from_arrays([parts_of_leaves[rows.leaf], rows.model]))
    known = pair >= 0
    pieces = fitment["quantity"].to_numpy(np.float64)
    cases = np.bincount(
        pair[known] * periods + rows.period[known], rows.quantity[known] / pieces[pair[known]], len(part) * periods
    ).reshape(len(part), periods)
    codes = pd.factorize(category, sort=True)[0].astype(np.int64)
    return FittedParts(part, model, pieces, codes, cases.clip(min=0.0))


def class_expectation(network: Network, history: History, found: FittedParts) -> tuple[Floats, Ints]:
    """(cases to be expected, shape (pairs, periods); categories) at the mean rate of the category.

    A model counts by its devices within and beyond warranty (sales before the period), each at a rate of its own, or
    by time where no sales are known; the two kinds are categories apart.
    """
    covered, sold = _devices(network, history)
    known = np.asarray(sold.any(axis=1))[found.model]
    weeks = history.period_weeks
    exposure = np.stack(
        [np.where(known[:, None], covered[found.model], 1.0) * weeks, (sold - covered)[found.model] * weeks]
    )
    category = np.unique(2 * found.category + known, return_inverse=True)[1].ravel().astype(np.int64)
    rates = _rates(found.cases.sum(axis=1), exposure.sum(axis=2), category)
    return np.einsum("kc,kcp->cp", rates[:, category], exposure), category


def _rates(cases: Floats, exposure: Floats, category: Ints) -> Floats:
    """Cases per unit of each kind of exposure, shape (kinds, categories); exposure: shape (kinds, pairs).

    The likeliest, by expectation-maximisation: a Poisson mean linear in rates ≥ 0 (Richardson 1972; Lucy 1974).
    """
    number = int(category.max(initial=0)) + 1
    total = np.stack([np.bincount(category, kind, number) for kind in exposure])
    rates = np.where(total > 0, np.bincount(category, cases, number) / np.maximum(total, 1e-300), 0.0)
    for _ in range(_ROUNDS):
        mean = np.einsum("kc,kc->c", rates[:, category], exposure)
        share = np.where(mean > 0, cases / np.where(mean > 0, mean, 1.0), 0.0)
        gain = np.stack([np.bincount(category, share * kind, number) for kind in exposure])
        rates = np.where(total > 0, rates * gain / np.where(total > 0, total, 1.0), 0.0)
    return rates


def quality_signals(network: Network, history: History, expected: Floats | None = None) -> pd.DataFrame:
    """Parts of models that fail above 1.2 × their category today, the surest first.

    expected: cases of each pair of `fitted_parts` and period that the installed base lets expect, at any common scale
    within a category; None: the class mean. Columns: part, model, actual, expected (cases of the last `weeks`, the
    latter at the category's level), ratio (to the category), probability (that it is above 1.2), weeks, since (Monday
    of the week it turned; NaT where it has long been so or the week cannot be told).
    """
    if network.fitment.empty or not len(history.rows.leaf):
        return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})
    found = fitted_parts(network, history)
    category = found.category
    if expected is None:
        expected, category = class_expectation(network, history, found)
    frames = []
    weeks_back = np.cumsum(history.period_weeks[::-1])[::-1]
    for weeks in WINDOWS_WEEKS:
        recent = weeks_back <= weeks + 0.5
        actual, level = found.cases[:, recent].sum(axis=1), expected[:, recent].sum(axis=1)
        result = failing_sets(actual, level, category)
        known = np.flatnonzero(result.failing)
        figures = {"actual": actual, "expected": result.usual, "ratio": result.ratio, "probability": 1.0 - result.below}
        frames.append(pd.DataFrame({"pair": known, "weeks": weeks, **{k: v[known] for k, v in figures.items()}}))
    both = pd.concat(frames, ignore_index=True).sort_values(["pair", "probability"], ascending=[True, False])
    table = both.drop_duplicates("pair")
    pair = table["pair"].to_numpy()
    since = _turned(history, found.cases, expected, category, weeks_back)[pair]
    table = table.assign(
        part=network.parts["part"].to_numpy(object)[found.part[pair]],
        model=network.models["model"].to_numpy(object)[found.model[pair]],
        since=since.astype("datetime64[ns]"),
    )
    return table[COLUMNS].sort_values(
        ["probability", "ratio", "part", "model"], ascending=[False, False, True, True], ignore_index=True
    )


def quality_exceptions(network: Network, signals: pd.DataFrame) -> pd.DataFrame:
    """Rows of the plan's exceptions, one per part: kind, part, site, money_at_risk, says.

    Money at risk: what the cases above the category's level cost in parts over the horizon, if they go on.
    """
    pieces = network.fitment.set_index(["part", "model"])["quantity"]
    cost = network.parts.set_index("part")["unit_cost"]
    horizon = network.settings.horizon_weeks
    rows = []
    for part, group in signals.groupby("part", sort=True):
        worst = group.iloc[0]
        more = f", and in {len(group) - 1} more models" if len(group) > 1 else ""
        since = "" if pd.isna(worst["since"]) else f" since the week of {worst['since']:%Y-%m-%d}"
        says = (
            f"Fails {worst['ratio']:.1f} × as often in {worst['model']} as its category{since}: "
            f"{worst['actual']:.0f} cases in {worst['weeks']} weeks, {worst['expected']:.1f} were to be expected{more}."
        )
        extra = (group["actual"] - group["expected"]).clip(lower=0) / group["weeks"] * horizon
        used = pieces.reindex(pd.MultiIndex.from_frame(group[["part", "model"]])).to_numpy(float)
        rows.append(("quality", part, "", float((extra.to_numpy(float) * used).sum() * cost[part]), says))
    return pd.DataFrame(rows, columns=["kind", "part", "site", "money_at_risk", "says"])


def _turned(
    history: History, cases: Floats, expected: Floats, category: Ints, weeks_back: Floats
) -> npt.NDArray[np.datetime64]:
    """Monday of the week in which each pair left its own level of the time before the last year; NaT where it did not.

    The level is the posterior mean of the pair's ratio then: where little was known, the category's.
    """
    year = weeks_back <= DATED_WEEKS + 0.5
    own = failing_sets(cases[:, ~year].sum(axis=1), expected[:, ~year].sum(axis=1), category)
    weeks = expected[:, year] * (own.ratio * own.level)[:, None]
    since = cusum(cases[:, year], weeks).since
    starts = history.bounds[:-1][year]
    turned = np.full(len(cases), np.datetime64("NaT"), "datetime64[D]")
    dated = since > 0  # 0: before the year began, if ever
    turned[dated] = starts[since[dated]]
    return turned


def _devices(network: Network, history: History) -> tuple[Floats, Floats]:
    """Devices of every model in warranty, and all sold, at the start of each period, shapes (models, periods)."""
    sales = network.sales[network.sales["month"] <= pd.Timestamp(network.settings.as_of)]
    model = pd.Index(network.models["model"]).get_indexer(pd.Index(sales["model"])).astype(np.int64)
    month = sales["month"].to_numpy("datetime64[M]").astype(np.int64)
    now = history.bounds[:-1].astype("datetime64[M]").astype(np.int64)
    first, width = int(min(month.min(initial=now.min(initial=0)), now.min(initial=0))), len(network.models)
    months = int(max(month.max(initial=first), now.max(initial=first))) - first + 2  # `as_of` may begin a new month
    ends = month + 1 + np.ceil(network.models["warranty_months"].to_numpy(float)[model]).astype(np.int64)
    sold, ended = np.zeros((width, months)), np.zeros((width, months))
    units = sales["units"].to_numpy(np.float64)
    np.add.at(sold, (model, month + 1 - first), units)
    over = ends - first < months
    np.add.at(ended, (model[over], ends[over] - first), units[over])
    at = now - first
    everything = np.cumsum(sold, axis=1)[:, at].clip(min=0.0)
    covered = np.cumsum(sold - ended, axis=1)[:, at]
    return np.clip(covered, 0.0, everything), everything
