"""Rolling origins inside a history: what was known at each, and what the lead time after it brought."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.threads import in_threads, kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MAX_WINDOWS = 4


@dataclass(frozen=True)
class Windows:
    """Discounted evidence at each origin and the demand of the window after it.

    lead: periods in a window. origins: number of periods known, ascending, the last is the end of history and has no
    window. units, exposure: Σ δ^(n−s)·y and Σ δ^(n−s)·e, shape (discounts, origins, leaves). demand, demand_exposure,
    seen: shape (origins − 1, leaves); a window counts where `seen`: the leaf had a history before it.
    """

    lead: int
    origins: Ints
    units: Floats
    exposure: Floats
    demand: Floats
    demand_exposure: Floats
    seen: Bools


def rolling_windows(counts: Floats, exposure: Floats, starts: Ints, discounts: Floats, lead: int) -> Windows:
    """Windows of `lead` periods, back to back from the end of history, at most `MAX_WINDOWS` of them.

    counts, exposure: shape (leaves, periods); starts: first period that counts, shape (leaves,). A history shorter
    than two windows is judged over half of it.
    """
    leaves, periods = counts.shape
    longest = int(periods - starts.min()) if leaves else 0
    lead = max(1, min(lead, longest // 2))
    number = min(MAX_WINDOWS, max(longest - 1, 0) // lead)
    origins = periods - lead * np.arange(number, -1, -1)
    units, known = np.zeros((2, len(discounts), len(origins), leaves))
    in_threads(_evidence, leaves, counts, exposure, starts, discounts, origins, units, known)
    ahead = origins[:-1, None] + np.arange(lead)
    demand_exposure = exposure[:, ahead].sum(axis=2).T
    return Windows(
        lead=lead,
        origins=origins,
        units=units,
        exposure=known,
        demand=np.where(exposure > 0, counts, 0.0)[:, ahead].sum(axis=2).T,
        demand_exposure=demand_exposure,
        seen=(known[0, :-1] > 0) & (demand_exposure > 0),
    )


@kernel
def _evidence(
    first: int,
    last: int,
    counts: Floats,
    exposure: Floats,
    starts: Ints,
    discounts: Floats,
    origins: Ints,
    units: Floats,
    known: Floats,
) -> None:
    """Discounted units and exposure, shape (discounts, origins, leaves); a period without exposure is a gap."""
    for leaf in range(first, last):
        for d in range(len(discounts)):
            y, e, at = 0.0, 0.0, 0
            for period in range(counts.shape[1] + 1):
                if at < len(origins) and period == origins[at]:
                    units[d, at, leaf], known[d, at, leaf] = y, e
                    at += 1
                if period < counts.shape[1]:
                    y *= discounts[d]
                    e *= discounts[d]
                    if period >= starts[leaf] and exposure[leaf, period] > 0.0:
                        y += counts[leaf, period]
                        e += exposure[leaf, period]


def drift_growth(exposure: Floats, origins: Ints, lead: int, discount: Floats) -> Floats:
    """κ(window)·α under the power-steady model: Σᵤ Σᵥ eᵤ eᵥ δ^(−min(u,v)) / (Σe)², shape (origins − 1, leaves)."""
    growth = np.ones((len(origins) - 1, len(exposure)))
    in_threads(_drift_growth, len(exposure), exposure, origins, lead, discount, growth)
    return growth


@kernel
def _drift_growth(
    first: int, last: int, exposure: Floats, origins: Ints, lead: int, discount: Floats, growth: Floats
) -> None:
    for leaf in range(first, last):
        for window in range(len(origins) - 1):
            total, after, factor = 0.0, 0.0, discount[leaf] ** (-lead)
            for u in range(lead - 1, -1, -1):
                e = exposure[leaf, origins[window] + u]
                total += factor * e * (e + 2.0 * after)
                after += e
                factor *= discount[leaf]
            if after > 0.0:
                growth[window, leaf] = total / after**2


def dispersion(counts: Floats, exposure: Floats, starts: Ints) -> tuple[Floats, Ints]:
    """Variance of successive periods over their mean, units, and the number of periods with demand: shape (leaves,).

    E (y/e − y'/e')² = ψλ(1/e + 1/e') when the rate stands still, so slow drift does not count (von Neumann 1941).
    """
    ratio, periods = np.zeros(len(counts)), np.zeros(len(counts), np.int64)
    in_threads(_dispersion, len(counts), counts, exposure, starts, ratio, periods)
    return ratio, periods


@kernel
def _dispersion(
    first: int, last: int, counts: Floats, exposure: Floats, starts: Ints, ratio: Floats, periods: Ints
) -> None:
    for leaf in range(first, last):
        squares, rates = 0.0, 0.0
        for t in range(max(starts[leaf], 0), counts.shape[1]):
            y, e = counts[leaf, t], exposure[leaf, t]
            if e > 0.0 and y > 0.0:
                periods[leaf] += 1
            if t > starts[leaf] and t > 0 and e > 0.0 and exposure[leaf, t - 1] > 0.0:
                before, e_before = counts[leaf, t - 1], exposure[leaf, t - 1]
                squares += (y / e - before / e_before) ** 2 / (1.0 / e + 1.0 / e_before)
                rates += (y + before) / (e + e_before)
        if rates > 0.0:
            ratio[leaf] = squares / rates
