"""A Forecast value: the demand distribution of every part × region over any interval.

Given the rate factor Θ ~ Gamma(a, a), points and weeks are independent, so any window, region or point follows from
weekly means, a batch index ψ and a rate shape a: mean f·M, variance ψ f M + κ f² M² (MODEL 1). Points of a region share
Θ, so their variances do not add up to the region's. Each leaf has its own Θ: over the regions of a part means and
variances both add up, as in the optimizer.
"""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.schemas import ARTEFACTS, empty_frame

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Forecast:
    """Demand by part × region ("leaf") and week, with its uncertainty and the shares of the repair points.

    as_of: last day of the history. part, region: ids, shape (leaves,), sorted by (part, region), each pair once.
    mean: units per week, shape (leaves, weeks), week 1 first. batch_index ψ ≥ 1, rate_shape a > 0 (inf: the rate is
    known), discount δ in (0, 1], drift ω in {0, 1}: shape (leaves,). Shares: `share_leaf` (row in the arrays above),
    `share_site` (repair point id), `share` > 0; they add up to 1 over the points of a leaf.
    overrides: the artefact of that name, a row per leaf and week a planner has touched: `mean` is the planner's there,
    and `system` keeps what it would have been.
    """

    as_of: date
    part: npt.NDArray[np.object_]
    region: npt.NDArray[np.object_]
    mean: Floats
    batch_index: Floats
    rate_shape: Floats
    discount: Floats
    drift: Floats
    share_leaf: Ints
    share_site: npt.NDArray[np.object_]
    share: Floats
    overrides: pd.DataFrame = field(default_factory=lambda: empty_frame(ARTEFACTS["overrides"]))

    @property
    def weeks(self) -> int:
        """Number of weeks ahead."""
        return int(self.mean.shape[1])

    def interval_mean(self, first: int, last: int) -> Floats:
        """Mean demand of weeks `first`..`last` (1-based, inclusive), units, shape (leaves,)."""
        total: Floats = self.mean[:, first - 1 : last].sum(axis=1)
        return total

    def relative_variance(self, first: int, last: int) -> Floats:
        """κ of weeks `first`..`last`: (1/a)·ΣᵤΣᵥ eᵤeᵥ δ^(−ω·min(u,v)) / (Σe)², shape (leaves,) (MODEL 1).

        Exposure e is proportional to the weekly mean; with ω = 0 this is 1/a whatever the weeks.
        """
        return relative_variance(self.mean[:, first - 1 : last], self.rate_shape, self.discount, self.drift, first)

    def interval_variance(self, first: int, last: int) -> Floats:
        """Variance of demand of weeks `first`..`last`: ψM + κM², units², shape (leaves,) (MODEL 1)."""
        mean = self.interval_mean(first, last)
        return self.batch_index * mean + self.relative_variance(first, last) * mean**2


def relative_variance(exposure: Floats, rate_shape: Floats, discount: Floats, drift: Floats, first: int = 1) -> Floats:
    """κ of demand over periods `first`, `first` + 1, … : (1/a)·ΣᵤΣᵥ eᵤeᵥ δ^(−ω·min(u,v)) / (Σe)² (MODEL 1).

    exposure: of those periods, at any scale, shape (leaves, periods); the others and κ: shape (leaves,).
    """
    total = exposure.sum(axis=1)
    kappa = 1.0 / rate_shape
    drifting = (drift > 0) & (discount < 1) & (total > 0)
    if drifting.any():
        e, w, d = exposure[drifting], drift[drifting, None], discount[drifting, None]
        growth = d ** (-w * np.arange(first, first + e.shape[1])[None, :])
        after = np.cumsum(e[:, ::-1], axis=1)[:, ::-1] - e
        kappa[drifting] *= (growth * (e * e + 2 * e * after)).sum(axis=1) / total[drifting] ** 2
    return kappa


def point_variance(
    share: npt.ArrayLike, mean: npt.ArrayLike, variance: npt.ArrayLike, batch_index: npt.ArrayLike
) -> Floats:
    """Variance at points that together have `share` f of a leaf with mean M and variance V: f²V + f(1 − f)ψM, units².

    It is ψ f M + κ f² M² with V = ψM + κM² (MODEL 1); broadcast.
    """
    f, psi = np.asarray(share, float), np.asarray(batch_index, float)
    return np.asarray(f * f * np.asarray(variance, float) + f * (1.0 - f) * psi * np.asarray(mean, float))
