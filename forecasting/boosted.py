"""Boosted forecast: what all series together teach about each, on top of its own discounted rate (LightGBM).

    log M = log(b·E) + f(x)        V = M·(1 + φ),  log φ = g(x)

Every origin inside the history is an example: the features x then, the demand of the lead after it. f maximises the
Poisson quasi-likelihood of that demand with weight 1/scale, which makes it a mean whatever the law and blind to the
scale of a series (Wedderburn 1974); g the negative binomial likelihood, at means that f gave without having seen the
series (cross-fitting), so that over-fit is not taken for precision. How φ splits into batches and an uncertain rate,
and how that drifts, is the gamma–Poisson's. Global models of this kind lead on sparse demand (Makridakis, Spiliotis &
Assimakopoulos 2022, M5).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import lightgbm as lgb
import numba as nb
import numpy as np
import numpy.typing as npt
from scipy.special import digamma

from forecasting.features import features
from forecasting.gamma_poisson import gamma_poisson
from forecasting.law import DemandLaw
from forecasting.series import Series, by_content

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ORIGINS = 20  # at most this many origins, spread over the history
EXAMPLES = 100_000  # at most about this many examples
ENOUGH = 5_000  # with fewer examples nothing is learnt across series
FOLDS = 4
MEAN_TREES, SPREAD_TREES = 150, 75
TREES = {
    "learning_rate": 0.06, "num_leaves": 15, "min_data_in_leaf": 200, "feature_fraction": 0.3, "max_bin": 127,
    "poisson_max_delta_step": 0.7, "seed": 1, "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip
USUAL_EXCESS = 1.5  # φ from which g starts
LOG_EXCESS = (-6.0, 8.0)  # bounds of log φ
CURVATURE = 0.3  # of the negative log likelihood in log φ: sets the length of g's steps


@dataclass(frozen=True)
class _Examples:
    """Features, demand of the lead, log of the base forecast, scale and fold of every example."""

    x: Floats
    demand: Floats
    log_base: Floats
    scale: Floats
    fold: Ints


def boosted(history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
    """Demand of the coming periods for every series (the protocol of `forecasting.series`).

    The correction learnt for the lead holds for all periods ahead. A series without demand so far, and all of them
    where there are too few examples, keep the law of the gamma–Poisson.
    """
    law = gamma_poisson(history, future_exposure, lead)
    if len(history) == 0:
        return law
    history = replace(history, starts=np.zeros_like(history.starts))  # what came before a first demand teaches too
    order = by_content(history)
    rank = np.argsort(order)
    x, rate, scale = features(history, np.arange(len(history)), np.full(len(history), history.periods), lead)
    x = steady(x)
    examples = _examples(history, order, rank, lead)
    ahead = future_exposure[:, :lead].sum(axis=1)
    learnable = (scale > 0) & (ahead > 0)
    if len(examples.demand) < ENOUGH or not learnable.any():
        return law
    mean_at, mean_seen = _mean_model(examples, x)
    mean = rate * ahead * np.exp(mean_at)
    excess = _spread_model(examples, mean_seen, np.column_stack([x, steady(np.log(np.maximum(mean, 1e-12)))]))
    return law.corrected(
        mean=np.where(learnable[:, None], (rate * np.exp(mean_at))[:, None] * future_exposure, law.mean),
        excess=np.where(learnable, excess, np.nan),
        lead=lead,
    )


def _examples(history: Series, order: Ints, rank: Ints, lead: int) -> _Examples:
    """Origins spread over the history; where that is too much, every n-th series, other ones at each origin."""
    first = max(2, min(2 * lead, history.periods // 4))
    origins = np.arange(history.periods - lead, first - 1, -1)
    origins = origins[:: -(-len(origins) // ORIGINS) or 1]
    stride = max(1, -(-len(origins) * len(history) // EXAMPLES))
    chosen = [order[k % stride :: stride] for k in range(len(origins))]
    row = np.concatenate([*chosen, np.zeros(0, np.int64)]).astype(np.int64)
    origin = np.repeat(origins, [len(some) for some in chosen])
    x, rate, scale = features(history, row, origin, lead)
    evidence = np.where(history.evidence(), history.exposure, 0.0)
    ahead = _window_sums(evidence, row, origin, lead)
    demand = _window_sums(np.where(evidence > 0, history.counts, 0.0), row, origin, lead)
    use = (scale > 0) & (ahead > 0)
    log_base = steady(np.log(rate[use] * ahead[use]))
    return _Examples(steady(x[use]), demand[use], log_base, scale[use], rank[row[use]] // stride % FOLDS)


def steady(values: Floats) -> Floats:
    """Values in single precision: the last digits of a sum, which depend on its order, must not turn a tree."""
    return values.astype(np.float32).astype(np.float64)


def _window_sums(values: Floats, row: Ints, origin: Ints, lead: int) -> Floats:
    """Sum over the `lead` periods after each origin, shape (rows,)."""
    through = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=through[:, 1:])
    sums: Floats = through[row, origin + lead] - through[row, origin]
    return sums


def _mean_model(examples: _Examples, x: Floats) -> tuple[Floats, Floats]:
    """f at the features x, averaged over the folds' models, and the mean of every example by a model blind to it."""
    weight = 1.0 / examples.scale
    weight /= weight.mean()
    seen, at = np.empty(len(examples.demand)), np.zeros(len(x))

    def predicted(fold: int) -> tuple[npt.NDArray[np.bool_], Floats, Floats]:
        out = examples.fold == fold
        data = lgb.Dataset(
            examples.x[~out], examples.demand[~out], weight=weight[~out], init_score=examples.log_base[~out]
        )
        model = lgb.train(_parameters("poisson"), data, MEAN_TREES)
        blind, everywhere = (model.predict(some, raw_score=True, num_threads=1) for some in (examples.x[out], x))
        return out, np.exp(np.asarray(blind) + examples.log_base[out]), np.asarray(everywhere)

    with ThreadPoolExecutor(nb.get_num_threads()) as threads:
        for out, mean, everywhere in threads.map(predicted, range(FOLDS)):
            seen[out] = mean
            at += everywhere
    return at / FOLDS, seen


def _spread_model(examples: _Examples, mean: Floats, x: Floats) -> Floats:
    """φ at the features x (the last one: log of the mean)."""
    weight = 1.0 / np.sqrt(examples.scale)
    weight /= weight.mean()

    def objective(log_excess: Floats, _: lgb.Dataset) -> tuple[Floats, Floats]:
        return -weight * _slope(log_excess, examples.demand, mean), weight * CURVATURE

    start = np.log(USUAL_EXCESS)
    data = lgb.Dataset(
        np.column_stack([examples.x, np.log(mean)]), examples.demand, init_score=np.full(len(mean), start)
    )
    model = lgb.train(_parameters(objective), data, SPREAD_TREES)
    excess: Floats = np.exp(np.clip(np.asarray(model.predict(x)) + start, *LOG_EXCESS))
    return excess


def _slope(log_excess: Floats, demand: Floats, mean: Floats) -> Floats:
    """d log P(demand) / d log φ of the negative binomial with this mean and variance mean·(1 + φ)."""
    excess = np.exp(np.clip(log_excess, *LOG_EXCESS))
    shape = mean / excess
    by_shape = digamma(demand + shape) - digamma(shape) - np.log1p(excess)
    slope: Floats = (demand / excess - shape) / (1.0 + excess) * excess - by_shape * shape
    return slope


def _parameters(objective: str | Callable[..., tuple[Floats, Floats]]) -> dict[str, object]:
    """One thread a model: two that meet at every split of a tree wait for each other many times longer than they work
    as soon as another process wants a core."""
    return {**TREES, "objective": objective, "num_threads": 1}
