"""What every forecasting method is given, and the protocol they share."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from forecasting.law import DemandLaw

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Series:
    """Histories of demand that end together.

    counts: units per period, exposure: what they are counted against, shape (series, periods); a gap has exposure 0.
    starts: first period that counts as evidence, shape (series,). classes: codes of nested classes, coarsest first,
    shape (series, levels). season: periods in a year, 1 for none. Raises ValueError when the arrays do not describe the
    same series.
    """

    counts: Floats
    exposure: Floats
    starts: Ints
    classes: Ints
    season: int = 1

    def __post_init__(self) -> None:
        number = len(self.counts)
        same = self.exposure.shape == self.counts.shape and self.starts.shape == (number,)
        if not same or self.counts.ndim != 2 or self.classes.ndim != 2 or len(self.classes) != number:
            raise ValueError("counts, exposure, starts and classes must describe the same series")
        if self.season < 1:
            raise ValueError("a season has at least 1 period")

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def periods(self) -> int:
        """How many periods are known."""
        return int(self.counts.shape[1])

    def until(self, origin: int) -> "Series":
        """What was known after the first `origin` periods."""
        return replace(self, counts=self.counts[:, :origin], exposure=self.exposure[:, :origin])

    def require_future(self, future_exposure: Floats, lead: int) -> None:
        """Raises ValueError when the future is not that of the same series, or the lead has no period."""
        if len(future_exposure) != len(self) or future_exposure.ndim != 2 or lead < 1:
            raise ValueError("future exposure must describe the same series, and lead must be ≥ 1")

    def rows(self, rows: Ints) -> "Series":
        """Some of the series."""
        return replace(
            self,
            counts=self.counts[rows],
            exposure=self.exposure[rows],
            starts=self.starts[rows],
            classes=self.classes[rows],
        )

    def evidence(self) -> npt.NDArray[np.bool_]:
        """Which periods are evidence: from the start on, without the gaps; shape (series, periods)."""
        return (self.exposure > 0) & (np.arange(self.periods) >= self.starts[:, None])


def fingerprint(values: Floats) -> Floats:
    """One number that tells histories apart, of values by period, shape (series, periods) → (series,)."""
    weights = np.modf(np.arange(1, values.shape[1] + 1) * np.sqrt(2.0))[0] + 0.5
    return np.asarray(values @ weights)


def by_content(history: Series) -> Ints:
    """Order of the series by what they hold, so that neither names nor the order of rows matter."""
    keys = (fingerprint(history.exposure), history.starts, history.counts.sum(axis=1), fingerprint(history.counts))
    order: Ints = np.lexsort(keys)
    return order


def appeared(counts: Floats, exposure: Floats) -> Ints:
    """First period that is evidence for series whose launch nobody knows, shape (series,).

    The first known one, or the one after the first demand of a series that appears later: the waiting time for that
    demand is a stopping time, what follows it is unbiased (MODEL 1).
    """
    known = exposure > 0
    first_known = np.where(known.any(axis=1), known.argmax(axis=1), 0)
    wanted = known & (counts > 0)
    first = np.where(wanted.any(axis=1), wanted.argmax(axis=1), first_known)
    starts: Ints = np.where(first == first_known, first_known, np.minimum(first + 1, counts.shape[1] - 1))
    return starts


Contender = Callable[[Series, Floats, int], DemandLaw]
"""(history, future exposure of shape (series, periods ahead), periods over which demand is judged) → demand's law."""
