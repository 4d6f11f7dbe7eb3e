"""Made-up panels for the tests of methods that learn across series."""

import numpy as np

from forecasting.series import Floats, Series, appeared

LEAD = 4


def counts(series: int = 600, periods: int = 44, seed: int = 3, dispersion: float = 1.0) -> Floats:
    """Negative binomial demand at rates from 0.1 to 8 that wander: shape (series, periods)."""
    rng = np.random.default_rng(seed)
    rate = np.exp(rng.uniform(np.log(0.1), np.log(8.0), (series, 1)))
    rate = rate * np.exp(np.cumsum(rng.normal(0.0, 0.08, (series, periods)), axis=1))
    made: Floats = rng.poisson(rng.gamma(1.0 / dispersion, dispersion * rate)).astype(np.float64)
    return made


def panel(made: Floats, classes: int = 1) -> Series:
    """The counts as series of exposure 1, in classes by turns."""
    exposure = np.ones_like(made)
    of = np.arange(len(made)) % classes
    return Series(made, exposure, appeared(made, exposure), of.reshape(-1, 1).astype(np.int64))
