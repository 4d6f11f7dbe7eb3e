"""Hard disks of a data centre: is the next interval's number of failures of each model in the 80 % interval?

Snapshots of Backblaze's drive statistics at eight dates 2021–2024 (zachmayer/backblaze_analysis, Apache-2.0; data free
with citation): per model drive-days and failures so far. Exposure is drive-days between two dates, the forecast the
product's own gamma–Poisson from earlier intervals only, all models pooled.

    python -m benchmarks.forecasting.backblaze      (the real data in the folder ZAPAS_REAL_DATA)
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.counts import quantiles
from forecasting.gamma_poisson import gamma_poisson
from forecasting.series import Series

Floats = npt.NDArray[np.float64]

FILE = Path("life") / "backblaze_model_snapshots.csv"
LEVELS = np.array([0.1, 0.9])
LEAST_KNOWN = 2  # intervals before a forecast
SHORT_DAYS = 45  # snapshots closer together are one


@dataclass(frozen=True)
class Coverage:
    """Share of model-intervals in the 80 % interval, strictly inside it, and how many there were."""

    covered: float
    inside: float
    intervals: int


def intervals(folder: Path) -> tuple[Floats, Floats]:
    """Failures and drive-days per model and interval, shape (models, intervals); 0 where a model is not followed."""
    table = pd.read_csv(folder / FILE).rename(columns={"snapshot_commit_date": "date"})
    table = table.groupby(["model", "date"], as_index=False)[["drive_days", "failed"]].max()
    dates = pd.to_datetime(np.sort(table["date"].unique()))
    kept = [dates[0]]
    for date in dates[1:]:
        if (date - kept[-1]).days >= SHORT_DAYS:
            kept.append(date)
    names = [f"{date:%Y-%m-%d}" for date in kept]
    days, failed = (table.pivot(index="model", columns="date", values=name)[names] for name in ("drive_days", "failed"))
    exposure, failures = (np.diff(each.to_numpy(np.float64), axis=1) for each in (days, failed))
    known = np.isfinite(exposure) & (exposure > 0) & (failures >= 0)
    return np.where(known, failures, 0.0), np.where(known, exposure, 0.0)


def coverage(failures: Floats, exposure: Floats) -> Coverage:
    """One interval ahead, from every number of intervals known; models without drive-days then do not count."""
    low, high, seen = [], [], []
    for known in range(LEAST_KNOWN, failures.shape[1]):
        ahead = exposure[:, known] > 0
        unit = exposure[:, :known].sum() / (exposure[:, :known] > 0).sum()  # drive-days of a usual model and interval
        classes = np.zeros((int(ahead.sum()), 1), np.int64)
        past = Series(
            failures[ahead, :known], exposure[ahead, :known] / unit, np.zeros(len(classes), np.int64), classes
        )
        law = gamma_poisson(past, exposure[ahead, known : known + 1] / unit, 1)
        for row, (mean, variance) in enumerate(zip(*law.moments(1), strict=True)):
            values = np.zeros(2, np.int64)
            quantiles(float(mean), float(variance), LEVELS, values)
            low.append(values[0])
            high.append(values[1])
            seen.append(failures[ahead, known][row])
    actual, least, most = np.array(seen), np.array(low), np.array(high)
    covered = (least <= actual) & (actual <= most)
    inside = (least < actual) & (actual < most)
    return Coverage(float(covered.mean()), float(inside.mean()), len(actual))


if __name__ == "__main__":
    print(coverage(*intervals(Path(os.environ["ZAPAS_REAL_DATA"]))))
