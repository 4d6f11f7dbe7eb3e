"""The lower convex envelope of a cost of 0, 1, 2, … units."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_LEVEL = 1e-9  # of the dearest unit: a fall of the price by less is rounding


def rising(money: Floats) -> bool:
    """Whether each unit costs at least as much as the one before, but for rounding: whether the cost is convex."""
    price = np.diff(money)
    return len(price) < 2 or bool(np.diff(price).min() >= -_LEVEL * max(float(np.abs(price).max()), 1e-9))


def lower_envelope(money: Floats) -> Floats:
    """The greatest convex cost nowhere above `money`, at the same units (Andrew's monotone chain, 1979)."""
    hull: list[int] = []
    for x in range(len(money)):
        while len(hull) >= 2:
            a, b = hull[-2], hull[-1]
            if (money[b] - money[a]) * (x - b) < (money[x] - money[b]) * (b - a):
                break
            hull.pop()
        hull.append(x)
    return np.interp(np.arange(len(money)), hull, money[hull])
