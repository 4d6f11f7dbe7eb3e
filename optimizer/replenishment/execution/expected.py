"""What is expected of a plan that is carried out."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Execution(NamedTuple):
    """Expectations over weeks 1..T. asked, served: units of each point; waited: its unit-weeks waiting, (points,).

    on_hand, shelf, waiting: units at the depot, on the shelves and waiting of each leaf and week; holding, shortage:
    their money; (leaves, T).
    """

    asked: Floats
    served: Floats
    waited: Floats
    on_hand: Floats
    shelf: Floats
    waiting: Floats
    holding: Floats
    shortage: Floats
