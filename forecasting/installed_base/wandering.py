"""How the uncertainty of a level grows over the weeks ahead, where windows of a lead are too short to show it."""

import numpy as np
import numpy.typing as npt

from domain.threads import in_threads, kernel

Floats = npt.NDArray[np.float64]

MOST_GROWTH = 0.7  # of κ's terms per week, in logarithms
BISECTIONS = 30


def wandering(
    mean: Floats, rate_shape: Floats, discount: Floats, drift: Floats, wander: Floats
) -> tuple[Floats, Floats]:
    """Weekly discount and drift with which κ over all weeks ahead is at least that of a level that wanders.

    mean: units, shape (leaves, weeks); the others: of every leaf, as the Forecast has them. A log level that moves by
    weekly steps of standard deviation s = `wander` has κ(1..t) = 1/a + s²·ΣᵤΣᵥ eᵤeᵥ min(u,v)/(Σe)² to first order; the
    growth δ^−min(u,v) that reaches it at the last week is found by bisection. wander 0 changes nothing.
    """
    growth = np.where(drift > 0, -np.log(discount), 0.0)
    wider = growth.copy()
    in_threads(_growth, len(mean), mean, rate_shape, growth, wander, wider)
    moved = wider > growth
    return np.where(moved, np.exp(-wider), discount), np.where(moved, 1.0, drift)


@kernel
def _growth(
    first: int, last: int, mean: Floats, rate_shape: Floats, growth: Floats, wander: Floats, wider: Floats
) -> None:
    """Log growth per week of κ's terms, at least `growth`, written to `wider` where the level wanders."""
    for leaf in range(first, last):
        after, total, linear = 0.0, mean[leaf].sum(), 0.0
        if wander[leaf] > 0.0 and total > 0.0:
            pairs = np.empty(mean.shape[1])
            for week in range(mean.shape[1] - 1, -1, -1):
                pairs[week] = mean[leaf, week] * (mean[leaf, week] + 2.0 * after) / total**2
                after += mean[leaf, week]
                linear += pairs[week] * (week + 1)
            wanted = 1.0 + rate_shape[leaf] * wander[leaf] ** 2 * linear
            low, high = growth[leaf], MOST_GROWTH
            for _ in range(BISECTIONS):
                middle = 0.5 * (low + high)
                found = 0.0
                for week in range(mean.shape[1]):
                    found += pairs[week] * np.exp(middle * (week + 1))
                if found < wanted:
                    low = middle
                else:
                    high = middle
            wider[leaf] = low
