"""From a mean to a law: the batch index ψ and the rate shape a of methods that give no distribution of their own.

    Var D = ψM + M²/a

Point methods learn ψ and a per class from how far their forecasts missed after rolling origins inside the history;
methods that sample demand have a variance of their own, which is split by the dispersion of successive periods.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from domain.counts import log_pmf
from domain.threads import in_threads, kernel
from forecasting.classes import Classes
from forecasting.gamma_poisson import BORROWED_EXPOSURE, BORROWED_WINDOWS, OUTLIER, SPREADS, pilot_dispersion
from forecasting.law import DemandLaw
from forecasting.series import Series
from forecasting.windows import rolling_windows

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PointMethod = Callable[[Series, int], Floats]
"""(history, periods ahead) → units per exposure of every series and period ahead; NaN or 0 where it knows nothing."""

ROOT_ONE = np.ones(1)  # discounts: all evidence counts in full
VARIATIONS = 4.0 ** np.arange(-4.0, 2.0)  # 1/a: squared variation of what is wanted around what was forecast
NO_VARIATION = 1e-6  # 1/a where noise explains all
HALF_A_BATCH = 0.5


def fitted_law(method: PointMethod, history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
    """The law around a point method's mean; ψ and 1/a of a class have the greatest likelihood of its past windows.

    future_exposure: shape (series, periods ahead). lead: periods of a window. Raises ValueError when the future is not
    that of the same series or `lead` is below 1.
    """
    history.require_future(future_exposure, lead)
    if len(history) == 0:
        return DemandLaw(future_exposure, *np.zeros((4, 0)))
    pool, pilot = _pool(history)
    windows = rolling_windows(history.counts, history.exposure, _starts(history), ROOT_ONE, lead)
    rates = [
        _believable(method, history.until(int(origin)), windows.lead, pool, pilot) for origin in windows.origins[:-1]
    ]
    mean = np.array(
        [
            (rate * history.exposure[:, origin : origin + windows.lead]).sum(axis=1)
            for rate, origin in zip(rates, windows.origins, strict=False)
        ]
    ).reshape(windows.demand.shape)
    seen = windows.seen & (mean > 0)
    scores = np.zeros((len(SPREADS) * len(VARIATIONS), pool.number))
    judged = windows.demand, mean, seen, pool.finest, pilot
    in_threads(_score, len(scores), *judged, SPREADS, VARIATIONS, scores, few=1)
    weights = pool.sums(seen.astype(np.float64).sum(axis=0))
    best = pool.best(scores, weights, _habit(), BORROWED_WINDOWS)
    spread_at, variation_at = np.divmod(best, len(VARIATIONS))
    return DemandLaw(
        mean=_believable(method, history, future_exposure.shape[1], pool, pilot) * future_exposure,
        batch_index=np.maximum(SPREADS[spread_at] * pilot, 1.0)[pool.finest],
        rate_shape=1.0 / VARIATIONS[variation_at][pool.finest],
        discount=np.ones(len(history)),
        drift=np.zeros(len(history)),
    )


def law_of_samples(
    rate: Floats, overdispersion: Floats, history: Series, future_exposure: Floats, lead: int
) -> DemandLaw:
    """The law with the two moments of sampled demand over the coming `lead` periods.

    rate: mean units per exposure, overdispersion: variance over mean of the lead-time total, shape (series,); NaN or 0
    where nothing is known. ψ is the class's dispersion of successive periods, or less where the sample varies less;
    what the sample varies more makes 1/a. Raises ValueError as `fitted_law`.
    """
    history.require_future(future_exposure, lead)
    if len(history) == 0:
        return DemandLaw(future_exposure, *np.zeros((4, 0)))
    pool, pilot = _pool(history)
    rate = _floored(rate[:, None], history, pool, pilot)[:, 0]
    mean = rate * future_exposure[:, :lead].sum(axis=1)
    ratio = np.maximum(np.nan_to_num(overdispersion), 1.0)
    batch_index = np.minimum(np.maximum(pilot, 1.0)[pool.finest], ratio)
    variation = (ratio - batch_index) / np.where(mean > 0, mean, 1.0)
    return DemandLaw(
        mean=rate[:, None] * future_exposure,
        batch_index=batch_index,
        rate_shape=1.0 / np.maximum(variation, NO_VARIATION),
        discount=np.ones(len(history)),
        drift=np.zeros(len(history)),
    )


def _pool(history: Series) -> tuple[Classes, Floats]:
    """The classes below one root, and the dispersion of successive periods of the finest."""
    pool = Classes(np.column_stack([np.zeros(len(history), np.int64), history.classes]))
    return pool, pilot_dispersion(history.counts, history.exposure, _starts(history), pool)


def _starts(history: Series) -> Ints:
    return np.clip(history.starts, 0, history.periods)


def _believable(method: PointMethod, history: Series, ahead: int, pool: Classes, pilot: Floats) -> Floats:
    return _floored(method(history, ahead), history, pool, pilot)


def _floored(rates: Floats, history: Series, pool: Classes, pilot: Floats) -> Floats:
    """Rates that are finite and above zero, shape of `rates`.

    Without evidence a series is like its class. With it, "never wanted" means at most half a batch (Jeffreys' prior for
    a Poisson rate) in the exposure known and one period more.
    """
    evidence = history.evidence()
    units, known = (np.where(evidence, values, 0.0).sum(axis=1) for values in (history.counts, history.exposure))
    class_units, class_known = pool.sums(units), pool.sums(known)
    root = (class_units.sum() + HALF_A_BATCH * pilot.mean()) / (class_known.sum() + 1.0)
    class_rate = pool.ratios(class_units, class_known, np.array(root), BORROWED_EXPOSURE)[pool.finest]
    period = known / np.maximum(evidence.sum(axis=1), 1)
    least = HALF_A_BATCH * pilot[pool.finest] / np.where(known > 0, known + period, 1.0)
    rates = np.where((known > 0)[:, None], np.nan_to_num(rates, posinf=0.0, neginf=0.0), class_rate[:, None])
    floored: Floats = np.maximum(rates, np.minimum(least, class_rate)[:, None])
    return floored


def _habit() -> Floats:
    """Log prior of (ψ/ψ₀, 1/a), shape (candidates,): a faint wish for ψ₀ and 1/a near ¼."""
    wish_spread = -0.5 * np.log(SPREADS) ** 2
    wish_variation = -0.5 * (np.log(VARIATIONS / 0.25) / 2.0) ** 2
    habit: Floats = (wish_spread[:, None] + wish_variation[None, :]).ravel()
    return habit


@kernel
def _score(
    first: int,
    last: int,
    demand: Floats,
    mean: Floats,
    seen: Bools,
    finest: Ints,
    pilot: Floats,
    spreads: Floats,
    variations: Floats,
    scores: Floats,
) -> None:
    """Log likelihood of the windows' demand for every (ψ, 1/a) and class, written to shape (candidates, classes)."""
    for candidate in range(first, last):
        spread, variation = spreads[candidate // len(variations)], variations[candidate % len(variations)]
        for window in range(len(seen)):
            for one in range(len(finest)):
                if seen[window, one]:
                    c, m = finest[one], mean[window, one]
                    variance = max(spread * pilot[c], 1.0) * m + variation * m * m
                    n = int(round(demand[window, one]))
                    scores[candidate, c] += max(log_pmf(m, variance, n), OUTLIER)
