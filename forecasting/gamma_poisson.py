"""Gamma–Poisson demand with exposure: batches arrive at rate λ·e, λ ~ Gamma of the class, evidence is discounted.

    α = α₀ + Σ_s δ^(n−s)·y_s/ψ      β = β₀ + Σ_s δ^(n−s)·e_s      M = ψ·(α/β)·Σe

The prior α₀, β₀ is never discounted (MODEL 1; Smith 1979; Harvey & Fernandes 1989). Each class learns its parameters
from demand over the lead time after rolling origins inside the history (empirical Bayes):

- level (δ, α₀): by the quasi-likelihood of the number of batches y/ψ₀, ψ₀ the dispersion of successive periods. It
  sees quantities only in multiples of ψ₀, so doubling every quantity doubles the mean exactly;
- spread (ψ, ω): by the likelihood of the very law of `domain.counts` with mean M and variance ψM + κM².
"""

from math import lgamma, log, log1p

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.counts import log_pmf
from domain.threads import in_threads, kernel
from forecasting.classes import Classes
from forecasting.law import DemandLaw
from forecasting.series import Series
from forecasting.windows import Windows, dispersion, drift_growth, rolling_windows

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DISCOUNTS = np.array([1.0, 0.995, 0.99, 0.98, 0.97, 0.95, 0.92, 0.88, 0.8, 0.7])
SHAPES = 2.0 ** np.arange(-7.0, 6.0)  # α₀ at ψ₀: the squared variation of rates within a class is 1/α₀
SPREADS = 2.0 ** (np.arange(-6, 11) / 2.0)  # ψ as a multiple of ψ₀
BORROWED_WINDOWS = 50.0  # weight of the class above, in lead-time windows
BORROWED_EXPOSURE = 100.0  # the same for the class mean, in units of exposure (part-region weeks)
BORROWED_DEMANDS = 20.0  # the same for the dispersion, in periods with demand
FAST = 3.0  # a newcomer is compared with its class up to this multiple of the median rate
GIANT = 10.0  # the dispersion of a leaf counts up to this multiple of the median
ENOUGH = 10  # leaves whose rates make a class typical
OUTLIER = -30.0  # least log likelihood of one window: no single one decides for its class


def gamma_poisson(history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
    """Demand of the coming periods for every series of `history` (leaf).

    future_exposure: shape (leaves, periods ahead). lead: periods over which demand is judged. Raises ValueError when
    the future is not that of the same leaves or `lead` is below 1.
    """
    counts, exposure, classes = history.counts, history.exposure, history.classes
    leaves, periods = counts.shape
    history.require_future(future_exposure, lead)
    if leaves == 0:
        return DemandLaw(future_exposure, *np.zeros((4, 0)))
    starts = np.clip(history.starts, 0, periods)
    pool = Classes(np.column_stack([np.zeros(leaves, np.int64), classes]))
    windows = rolling_windows(counts, exposure, starts, DISCOUNTS, lead)
    pilot = pilot_dispersion(counts, exposure, starts, pool)
    rate = _class_rates(windows, pool, pilot)

    best = _best(_level_scores(windows, pool, pilot, rate), windows, pool, _level_habit())
    discount_at, shape_at = np.divmod(best, len(SHAPES))
    discount = DISCOUNTS[discount_at]
    units, weeks = _posterior(windows, pool, discount_at, SHAPES[shape_at] * pilot, rate, periods - starts)

    growth = drift_growth(exposure, windows.origins, windows.lead, discount[pool.finest])
    scores = _spread_scores(windows, pool, pilot, units, weeks, growth)
    spread_at, drift = np.divmod(_best(scores, windows, pool, _spread_habit()), 2)
    batch_index = np.maximum(SPREADS[spread_at] * pilot, 1.0)[pool.finest]
    return DemandLaw(
        mean=(units[-1] / weeks[-1])[:, None] * future_exposure,
        batch_index=batch_index,
        rate_shape=units[-1] / batch_index,
        discount=discount[pool.finest],
        drift=np.where(discount < 1, drift, 0)[pool.finest].astype(np.float64),
    )


def pilot_dispersion(counts: Floats, exposure: Floats, starts: Ints, pool: Classes) -> Floats:
    """ψ₀ of every class: that of its leaves weighted by periods with demand, none above `GIANT` medians of them."""
    ratio, demands = dispersion(counts, exposure, starts)
    ratio = np.minimum(ratio, GIANT * _weighted_median(ratio, demands))
    above, below = pool.sums(ratio * demands), pool.sums(demands.astype(np.float64))
    root = above.sum() / below.sum() if above.sum() > 0 else 1.0
    size = float(np.median(counts.sum(axis=1)[demands > 0] / demands[demands > 0])) if demands.any() else 1.0
    pilot: Floats = np.maximum(pool.ratios(above, below, np.array(root), BORROWED_DEMANDS), 1e-3 * size + 1e-9)
    return pilot


def _weighted_median(values: Floats, weights: Ints) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(reached, reached[-1] / 2)]]) if reached[-1] else 0.0


def _class_rates(windows: Windows, pool: Classes, pilot: Floats) -> Floats:
    """Mean units per exposure of every class at every origin, shape (discounts, origins, classes).

    Half a batch in one unit of exposure keeps a world without demand above zero.
    """
    units, exposure = pool.sums(windows.units), pool.sums(windows.exposure)
    root = (units.sum(axis=-1) + 0.5 * pilot.mean()) / (exposure.sum(axis=-1) + 1.0)
    return pool.ratios(units, exposure, root, BORROWED_EXPOSURE)


def _best(scores: Floats, windows: Windows, pool: Classes, habit: Floats) -> Ints:
    return pool.best(scores, pool.sums(windows.seen.astype(np.float64).sum(axis=0)), habit, BORROWED_WINDOWS)


def _level_habit() -> Floats:
    """Log prior of (δ, α₀), shape (candidates,): a faint wish for δ near 0.98 and α₀ near ½."""
    wish_discount = -0.5 * (np.log((1.004 - DISCOUNTS) / 0.024) / 1.5) ** 2
    wish_shape = -0.5 * (np.log(SHAPES / 0.5) / 2.0) ** 2
    habit: Floats = (wish_discount[:, None] + wish_shape[None, :]).ravel()
    return habit


def _spread_habit() -> Floats:
    """Log prior of (ψ/ψ₀, ω), shape (candidates,): a faint wish for ψ₀ and a constant rate."""
    wish_spread = -0.5 * (np.log(SPREADS) / 1.0) ** 2
    habit: Floats = (wish_spread[:, None] + np.array([0.0, -0.5])).ravel()
    return habit


def _level_scores(windows: Windows, pool: Classes, pilot: Floats, rate: Floats) -> Floats:
    """Quasi-likelihood of the windows' batches for every (δ, α₀) and class, shape (candidates, classes)."""
    scores = np.zeros((len(DISCOUNTS) * len(SHAPES), pool.number))
    in_threads(
        _score_levels,
        len(scores),
        windows.units,
        windows.exposure,
        windows.demand,
        windows.demand_exposure,
        windows.seen,
        pool.finest,
        pilot,
        rate,
        SHAPES,
        scores,
        few=1,
    )
    return scores


@kernel
def _score_levels(
    first: int,
    last: int,
    units: Floats,
    exposure: Floats,
    demand: Floats,
    demand_exposure: Floats,
    seen: npt.NDArray[np.bool_],
    finest: Ints,
    pilot: Floats,
    rate: Floats,
    shapes: Floats,
    scores: Floats,
) -> None:
    """log Γ(z+α) − log Γ(α) + α·log(β/(β+E)) + z·log(E/(β+E)), z = y/ψ₀: negative binomial without constants."""
    for candidate in range(first, last):
        d, shape = candidate // len(shapes), shapes[candidate % len(shapes)]
        for window in range(len(seen)):
            for leaf in range(len(finest)):
                if seen[window, leaf]:
                    c = finest[leaf]
                    alpha = shape + units[d, window, leaf] / pilot[c]
                    beta = shape * pilot[c] / rate[d, window, c] + exposure[d, window, leaf]
                    ahead = demand_exposure[window, leaf]
                    score = -alpha * log1p(ahead / beta)
                    if demand[window, leaf] > 0.0:
                        z = demand[window, leaf] / pilot[c]
                        score += lgamma(z + alpha) - lgamma(alpha) + z * log(ahead / (beta + ahead))
                    scores[candidate, c] += score


def _posterior(
    windows: Windows, pool: Classes, discount_at: Ints, prior_units: Floats, rate: Floats, history: Ints
) -> tuple[Floats, Floats]:
    """ψα (units) and β (exposure) of every leaf at every origin, shape (origins, leaves)."""
    of, leaf = pool.finest, np.arange(len(pool.finest))
    units, weeks = (known[discount_at[of], :, leaf].T for known in (windows.units, windows.exposure))
    class_rate = rate[discount_at, :, np.arange(pool.number)].T
    prior = np.broadcast_to(prior_units, class_rate.shape)[:, of].copy()
    weeks = weeks + (prior_units / class_rate)[:, of]
    newcomer = history <= windows.lead
    if newcomer.any():
        typical = _typical_rates(units[-1], windows.exposure[discount_at[of], -1, leaf], ~newcomer, pool)
        scale = np.clip(typical / class_rate[-1], 1e-3, 1.0)
        prior[-1, newcomer] *= scale[of[newcomer]]
    return units + prior, weeks


def _typical_rates(units: Floats, exposure: Floats, established: npt.NDArray[np.bool_], pool: Classes) -> Floats:
    """Mean rate of a class with its fast movers cut at `FAST` × the median rate of those with demand, shape (classes,).

    A part that only appears is rarely a fast mover, or it would have appeared before: the plain class mean, which a
    few fast movers make, is not its expectation. infinity where too few members are known to tell.
    """
    known = established & (exposure > 0)
    rate = pd.Series(units[known] / exposure[known])
    typical = np.full(1, np.inf)
    for level in range(pool.codes.shape[1]):
        if level:
            typical = typical[pool.parent(level)]
        code = pool.codes[known, level]
        median = rate.where(rate > 0).groupby(code).transform("median").fillna(0.0)
        seen = rate.clip(upper=FAST * median).groupby(code).agg(["mean", "size"])
        enough = seen[seen["size"] >= ENOUGH]
        typical[enough.index.to_numpy()] = enough["mean"].to_numpy()
    return typical


def _spread_scores(
    windows: Windows, pool: Classes, pilot: Floats, units: Floats, weeks: Floats, growth: Floats
) -> Floats:
    """Log likelihood of the windows' demand for every (ψ, ω) and class, shape (candidates, classes)."""
    scores = np.zeros((len(SPREADS) * 2, pool.number))
    mean = units[:-1] / weeks[:-1] * windows.demand_exposure
    judged = windows.demand, mean, units, growth, windows.seen, pool.finest, pilot
    in_threads(_score_spreads, len(scores), *judged, SPREADS, scores, few=1)
    return scores


@kernel
def _score_spreads(
    first: int,
    last: int,
    demand: Floats,
    mean: Floats,
    units: Floats,
    growth: Floats,
    seen: npt.NDArray[np.bool_],
    finest: Ints,
    pilot: Floats,
    spreads: Floats,
    scores: Floats,
) -> None:
    for candidate in range(first, last):
        spread, drifts = spreads[candidate // 2], candidate % 2 == 1
        for window in range(len(seen)):
            for leaf in range(len(finest)):
                if seen[window, leaf]:
                    c, m = finest[leaf], mean[window, leaf]
                    psi = max(spread * pilot[c], 1.0)
                    kappa = psi / units[window, leaf] * (growth[window, leaf] if drifts else 1.0)
                    n = int(round(demand[window, leaf]))
                    scores[candidate, c] += max(log_pmf(m, psi * m + kappa * m * m, n), OUTLIER)
