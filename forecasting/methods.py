"""The forecasting methods that are mixed: those that the benchmarks let survive."""

from collections.abc import Mapping

from forecasting.boosted import boosted
from forecasting.gamma_poisson import gamma_poisson
from forecasting.seasons import seasonal
from forecasting.series import Contender

SURVIVORS: Mapping[str, Contender] = {
    "boosted": boosted,
    "gamma_poisson": gamma_poisson,
    "seasonal gamma_poisson": seasonal(gamma_poisson),
}
