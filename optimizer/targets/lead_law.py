"""Lead times as goods meet them: of consignments that leave in turn, none overtakes another."""

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]

_GRID = 2_000  # points of the integral over time
_FAR = 8.0  # standard deviations beyond the mean where the integral ends


def realised_lead(mean_days: float, sd_days: float, every_days: float) -> tuple[float, float]:
    """Mean and variance, days and days², of the lead time of consignments that leave every so many days.

    The draws are gamma of this mean and standard deviation; a consignment arrives at the later of its own draw and its
    predecessor's arrival, so P(lead ≤ x) = Π_k F(x + k·every), k = 0, 1, … (MODEL 2; Zipkin 1986, exogenous sequential
    lead times).
    """
    if mean_days <= 0.0 or sd_days <= 0.0:
        return max(mean_days, 0.0), 0.0
    end = mean_days + _FAR * sd_days
    x = np.linspace(0.0, end, _GRID + 1)
    before = np.arange(int(end / every_days) + 1) * every_days
    law = stats.gamma((mean_days / sd_days) ** 2, scale=sd_days**2 / mean_days)
    later = 1.0 - law.cdf(x[:, None] + before[None, :]).prod(axis=1)
    mean = float(np.trapezoid(later, x))
    return mean, max(2.0 * float(np.trapezoid(x * later, x)) - mean**2, 0.0)
