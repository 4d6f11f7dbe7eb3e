"""What every forecasting method delivers."""

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from domain.forecast import relative_variance

Floats = npt.NDArray[np.float64]

SURE = 1e9  # rate shape above which the rate counts as known


@dataclass(frozen=True)
class DemandLaw:
    """Mean m, batch index ψ and rate shape a of each leaf's demand (MODEL 1).

    mean: units, shape (leaves, periods ahead); batch_index ≥ 1, rate_shape > 0, discount per period in (0, 1],
    drift 0 or 1: shape (leaves,).
    """

    mean: Floats
    batch_index: Floats
    rate_shape: Floats
    discount: Floats
    drift: Floats

    def moments(self, periods: int) -> tuple[Floats, Floats]:
        """Mean and variance ψM + κM² of the demand of the first `periods`, shapes (leaves,)."""
        mean = self.mean[:, :periods].sum(axis=1)
        kappa = relative_variance(self.mean[:, :periods], self.rate_shape, self.discount, self.drift)
        return mean, self.batch_index * mean + kappa * mean**2

    def rows(self, rows: npt.NDArray[np.bool_]) -> "DemandLaw":
        """The law of some of the leaves."""
        return DemandLaw(**{column.name: getattr(self, column.name)[rows] for column in fields(self)})

    def corrected(self, mean: Floats, excess: Floats, lead: int) -> "DemandLaw":
        """This law with another mean, and with variance mean·(1 + excess) over the lead; NaN keeps ψ and a.

        ψ − 1 and κ are scaled alike.
        """
        moved = replace(self, mean=mean)
        total, variance = moved.moments(lead)
        now = variance / np.where(total > 0, total, 1.0) - 1.0
        factor = np.where(np.isfinite(excess) & (now > 0), excess / np.where(now > 0, now, 1.0), 1.0)
        return moved.spread_by(factor)

    def spread_by(self, factor: Floats) -> "DemandLaw":
        """This law with ψ − 1 and κ times `factor`, shape (leaves,)."""
        return replace(
            self,
            batch_index=1.0 + (self.batch_index - 1.0) * factor,
            rate_shape=np.minimum(self.rate_shape / np.maximum(factor, 1e-300), SURE),
        )
