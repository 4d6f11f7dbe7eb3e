"""Quality signals against a known truth: false discoveries, parts found, false alarms a year, weeks to an alarm.

Categories of parts whose ratios vary naturally (Gamma of shape 8), a few of them faulty, counted by week. A discovery
is false when the part's true ratio is not above 1.2 × its category's mean.

    python -m benchmarks.forecasting.quality_signals [SEED]
"""

import sys
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.quality import ABOVE, ALARM_WEEKS, cusum, failing_sets

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NATURAL_SHAPE = 8.0
WEEKS_PER_YEAR = 52


@dataclass(frozen=True)
class Found:
    """discoveries; false: share of them that are false; detected: share of the faulty parts among them."""

    discoveries: int
    false: float
    detected: float


@dataclass(frozen=True)
class Alarms:
    """per_year: false alarms of a part in control a year. weeks: median from a doubling to its alarm (NaN: none).

    detected: share of doublings with an alarm within half a year. error_weeks: median distance of the estimated week of
    the change from the true one.
    """

    per_year: float
    weeks: float
    detected: float
    error_weeks: float


def discoveries(
    rng: np.random.Generator,
    parts: int = 2000,
    categories: int = 20,
    mean: float = 20.0,
    faulty: float = 0.05,
    ratio: float = 2.0,
) -> Found:
    """One window of counts, expectations log-normal around `mean` cases; a share `faulty` fails `ratio` × as often."""
    category = np.arange(parts) % categories
    expected = mean * rng.lognormal(-0.5, 1.0, parts)
    bad = rng.random(parts) < faulty
    true = rng.gamma(NATURAL_SHAPE, 1 / NATURAL_SHAPE, parts) * np.where(bad, ratio, 1.0)
    level = rng.lognormal(0.0, 0.3, categories)
    actual = rng.poisson(expected * level[category] * true).astype(np.float64)
    failing = failing_sets(actual, expected, category).failing
    usual = np.bincount(category, true) / np.bincount(category)
    wrong = true <= ABOVE * usual[category]
    return Found(
        discoveries=int(failing.sum()),
        false=float((failing & wrong).sum() / max(failing.sum(), 1)),
        detected=float((failing & bad).sum() / max(bad.sum(), 1)),
    )


def alarms(rng: np.random.Generator, per_week: float, ratio: float = 2.0, parts: int = 500, years: int = 10) -> Alarms:
    """Parts of known mean: `years` in control, then as many that double after a year in control."""
    weeks = years * WEEKS_PER_YEAR
    calm = rng.poisson(per_week, (parts, weeks)).astype(np.float64)
    false = sum(
        _first_alarms(calm[:, year : year + WEEKS_PER_YEAR], per_week) for year in range(0, weeks, WEEKS_PER_YEAR)
    )
    turned, seen = WEEKS_PER_YEAR, WEEKS_PER_YEAR // 2
    mean = np.where(np.arange(turned + seen) < turned, per_week, per_week * ratio)
    counts = rng.poisson(mean, (parts, turned + seen)).astype(np.float64)
    first, since = np.full(parts, -1), np.full(parts, -1)
    for week in range(turned + 1, turned + seen + 1):
        found = cusum(counts[:, :week], np.full((parts, week), per_week))
        new = (first < 0) & (found.alarm >= turned)
        first[new], since[new] = found.alarm[new], found.since[new]
    known = first >= 0
    return Alarms(
        per_year=float(false / (parts * years)),
        weeks=float(np.median(first[known] - turned + 1)) if known.any() else float("nan"),
        detected=float(known.mean()),
        error_weeks=float(np.median(np.abs(since[known] - turned))) if known.any() else float("nan"),
    )


def _first_alarms(counts: Floats, per_week: float) -> int:
    """How many series alarm at some time within their weeks."""
    ever = np.zeros(len(counts), bool)
    for week in range(1, counts.shape[1] + 1):
        ever |= cusum(counts[:, :week], np.full((len(counts), week), per_week)).alarm >= 0
    return int(ever.sum())


if __name__ == "__main__":
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    print("cases expected   discoveries   false   faulty (2 ×) found")
    for mean in (5.0, 20.0, 80.0):
        runs = [discoveries(np.random.default_rng([seed, run]), mean=mean) for run in range(40)]
        number, false, detected = (np.mean([getattr(r, k) for r in runs]) for k in ("discoveries", "false", "detected"))
        print(f"{mean:14.0f} {number:13.0f} {false:7.1%} {detected:20.0%}")
    print(
        f"\ncases a week   false alarms a part-year (limit {WEEKS_PER_YEAR / ALARM_WEEKS:.3f})   "
        "doublings found in 26 weeks   weeks to alarm   weeks off"
    )
    for per_week in (0.25, 0.5, 1.0, 2.0, 5.0):
        a = alarms(np.random.default_rng([seed, 99]), per_week)
        print(f"{per_week:12.2f} {a.per_year:44.4f} {a.detected:29.0%} {a.weeks:16.0f} {a.error_weeks:11.0f}")
