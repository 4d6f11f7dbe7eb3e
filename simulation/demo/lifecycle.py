"""Devices sold, month by month, and how often they fail at each age."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulation.demo.catalogue import Models
from simulation.demo.markets import Pairs
from simulation.demo.part_classes import Wear
from simulation.demo.sizes import MONTHS, MONTHS_SOLD, WEEKS, Floats, Ints, Size, mondays, months, stream

LAWS: tuple[Wear, ...] = ("accident", "wear", "defect")
# share of failures that still come to the network once the warranty is over
AFTER_WARRANTY: dict[Wear, float] = {"accident": 0.40, "wear": 0.25, "defect": 0.12}
WEEKS_PER_MONTH = 365.25 / 12 / 7
# of a year's sales by month: 11 November, New Year, then a trough
_MONTH_FACTOR = np.array([0.92, 0.78, 0.92, 0.90, 0.92, 0.98, 0.93, 1.00, 1.03, 1.02, 1.55, 1.35])


@dataclass(frozen=True)
class Sales:
    """Devices by region and model (`rows`) and month, shape (rows, MONTHS). sold: what is sold, also after AS_OF,
    float. plan: what the company writes: sales until AS_OF, then its own plan. plan_factor: sold ÷ planned, (models,).
    """

    rows: Pairs
    sold: Floats
    plan: Ints
    plan_factor: Floats


def intensity(law: Wear, age_weeks: Floats) -> Floats:
    """Failures per device and week at an age, before the warranty's end; its sum over the first 52 weeks is 1.

    accident: constant. wear: Weibull intensity of shape 2.2. defect: the bathtub of a defective fraction that fails
    early (mean 8 weeks), a constant and an aging part. Devices leave use after two years (mean 80 weeks more).
    """
    age = np.maximum(age_weeks, 0.0)
    shape: dict[Wear, Floats] = {
        "accident": np.ones_like(age),
        "wear": 0.05 + (age / 52.0) ** 1.2,
        "defect": 4.0 * np.exp(-age / 8.0) + 1.0 + 0.5 * (age / 104.0) ** 2,
    }
    first_year: dict[Wear, float] = {
        "accident": 52.0,
        "wear": 52.0 * (0.05 + 1.0 / 2.2),
        "defect": 32.0 * (1.0 - np.exp(-6.5)) + 52.0 + 52.0 / 24.0,
    }
    in_use = np.exp(-np.maximum(age - 104.0, 0.0) / 80.0)
    return np.asarray(np.where(age_weeks > 0, shape[law] * in_use / first_year[law], 0.0))


def with_warranty(law: Wear, warranty_months: int, age_weeks: Floats) -> Floats:
    """`intensity` with the sharp drop at the end of the warranty."""
    covered = age_weeks < warranty_months * WEEKS_PER_MONTH
    return np.asarray(intensity(law, age_weeks) * np.where(covered, 1.0, AFTER_WARRANTY[law]))


def cohort_intensity(law: Wear, warranty_months: int) -> Floats:
    """Failures per week of a device sold in each month, shape (MONTHS, WEEKS); sales are even over the month."""
    middle = mondays() + np.timedelta64(3, "D")
    starts = months()
    days = (starts.astype("datetime64[M]") + 1).astype("datetime64[D]") - starts
    total = np.zeros((MONTHS, WEEKS))
    for quarter in (0.125, 0.375, 0.625, 0.875):
        sold = starts.astype(float) + quarter * days.astype(float)
        age: Floats = (middle.astype(np.float64)[None, :] - sold[:, None]) / 7.0
        total += with_warranty(law, warranty_months, age) / 4.0
    return total


def hazards() -> pd.DataFrame:
    """The hidden laws of failure as a table: law, warranty_months, age_weeks, intensity (1 a year without its end)."""
    ages: Floats = np.arange(0, 4 * 52, dtype=np.float64) + 0.5
    kinds = [(law, warranty) for law in LAWS for warranty in (12, 24)]
    return pd.DataFrame(
        {
            "law": np.repeat([law for law, _ in kinds], len(ages)),
            "warranty_months": np.repeat([warranty for _, warranty in kinds], len(ages)),
            "age_weeks": np.tile(ages, len(kinds)),
            "intensity": np.concatenate([with_warranty(law, warranty, ages) for law, warranty in kinds]),
        }
    )


def relative_sales(size: Size, seed: int, models: Models, rows: Pairs) -> Floats:
    """Expected sales by region and model (`rows`) and month before scaling, shape (rows, MONTHS).

    A launch ramps up in two or three months and fades; the last month is launch + life. Where every region sells every
    brand, a few models are missing in some.
    """
    rng = stream(seed, "sales")
    age = np.arange(MONTHS)[None, :] - models.launch[:, None]
    curve = (1 - np.exp(-(age + 1) / 1.6)) * np.exp(-age / (models.life[:, None] / 1.5))
    curve = np.where((age >= 0) & (age < models.life[:, None]), curve, 0.0)
    curve *= _MONTH_FACTOR[(months().astype("datetime64[M]").astype(np.int64)) % 12][None, :]
    curve /= curve.sum(axis=1, keepdims=True) + 1e-12
    taste = rng.lognormal(0, 0.30, len(rows.item))
    if size.regions_of_a_brand is None:
        absent = rng.random(len(taste)) < 0.015
        sellers = np.bincount(rows.item, ~absent, rows.items)
        taste[absent & (sellers[rows.item] > 0)] = 0.0
    share = np.array([region.share for region in size.regions])[rows.region] * taste
    relative: Floats = share[:, None] * (models.volume[:, None] * curve)[rows.item]
    return relative


def sales(rows: Pairs, relative: Floats, scale: float, seed: int) -> Sales:
    """Draw sales around `relative` × `scale` devices; after AS_OF the plan misses them by a factor per model."""
    rng = stream(seed, "sold")
    mean = np.asarray(relative * scale, dtype=float)
    sold: Floats = np.asarray(rng.poisson(rng.gamma(12.0, 1 / 12.0, mean.shape) * mean), dtype=float)
    plan_factor = np.asarray(rng.lognormal(0, 0.15, rows.items), dtype=float)
    sold[:, MONTHS_SOLD:] = mean[:, MONTHS_SOLD:] * plan_factor[rows.item, None]
    plan = sold.copy()
    plan[:, MONTHS_SOLD:] = np.round(mean[:, MONTHS_SOLD:])
    return Sales(rows, sold, plan.astype(np.int64), plan_factor)
