"""What every forecasting method delivers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


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
