"""Simulated triangles of sales × failures with a known hazard, warranty end and defective share: how often each lies in
its 95 % interval.

    python -m benchmarks.forecasting.triangles [RUNS]
"""

import sys
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.installed_base.life import WarrantedLife, fit_triangle

Floats = npt.NDArray[np.float64]

MONTHS = 48  # of sales and failures
CHECKED = 6  # the month of age whose hazard is compared; every end of warranty is later


@dataclass(frozen=True)
class Truth:
    """The law behind a triangle: Weibull shape k and scale η (months) of the defective share p, end of warranty
    (months), share of failures that still come after it, devices sold a month."""

    shape: float
    scale: float
    share: float
    end: int
    after: float
    sold: float

    def hazard(self, age: float) -> float:
        """Failures per device sold and month of age."""
        power = (age / self.scale) ** self.shape
        return float(self.share * self.shape / age * power * np.exp(-power))


@dataclass(frozen=True)
class Coverage:
    """Of so many triangles, those whose interval held the truth."""

    runs: int
    hazard: int
    end: int
    share: int


def draw_truth(rng: np.random.Generator) -> Truth:
    """A law as warranty data show it: 5 to 20 % defective, wearing in or out, 12 or 24 months of warranty."""
    end = int(rng.choice([12, 13, 18, 24]))
    return Truth(
        shape=float(rng.uniform(0.8, 2.2)),
        scale=float(rng.uniform(0.3, 0.8) * end),
        share=float(rng.uniform(0.05, 0.2)),
        end=end,
        after=float(rng.uniform(0.02, 0.3)),
        sold=float(rng.uniform(500, 1500)),
    )


def draw_triangle(truth: Truth, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Failures by lag and devices under risk, shape (MONTHS,), device by device: sold on any day of its month."""
    failures, devices = np.zeros(MONTHS), np.zeros(MONTHS)
    for month in range(MONTHS):
        sold = int(rng.poisson(truth.sold))
        devices[: MONTHS - month] += sold
        defective = int(rng.binomial(sold, truth.share))
        age = truth.scale * rng.weibull(truth.shape, defective)
        seen = (age < truth.end) | (rng.random(defective) < truth.after)
        lag = np.floor(rng.random(defective) + age)[seen]
        np.add.at(failures, lag[lag < MONTHS - month].astype(np.int64), 1.0)
    return failures, devices


def coverage(runs: int, seed: int = 1) -> Coverage:
    """How often the truth lies in the 95 % intervals of the product's own fit."""
    held = np.zeros(3, np.int64)
    for run in range(runs):
        rng = np.random.default_rng([seed, run])
        truth = draw_truth(rng)
        held += _held(truth, fit_triangle(*draw_triangle(truth, rng)))
    return Coverage(runs, *(int(one) for one in held))


def _held(truth: Truth, found: WarrantedLife) -> npt.NDArray[np.int64]:
    low, high = found.hazard_limits
    told = len(low) > CHECKED  # else an end was found too early to say anything of that month
    hazard = told and low[CHECKED] <= truth.hazard(CHECKED + 0.5) <= high[CHECKED]
    end = found.ends[0] <= truth.end <= found.ends[1]
    share = found.share[0] <= truth.share <= found.share[1]
    return np.array([hazard, end, share], np.int64)


if __name__ == "__main__":
    print(coverage(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
