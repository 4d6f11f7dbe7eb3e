"""Nested classes of leaves (all > part class > part class × region): a small class leans on the one above it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Classes:
    """codes: class of every leaf per level, coarsest first, shape (leaves, levels); codes are 0..k−1 at each level.

    Raises ValueError when a class spreads over two classes of the level above.
    """

    codes: Ints

    def __post_init__(self) -> None:
        for level in range(1, self.codes.shape[1]):
            if (self.parent(level)[self.codes[:, level]] != self.codes[:, level - 1]).any():
                raise ValueError(f"classes of level {level} are not nested in those above")

    @property
    def finest(self) -> Ints:
        """Code of every leaf at the finest level, shape (leaves,)."""
        return self.codes[:, -1]

    @cached_property
    def number(self) -> int:
        """How many finest classes there are."""
        return int(self.finest.max()) + 1

    def parent(self, level: int) -> Ints:
        """Code at `level` − 1 of every class of `level`."""
        parent = np.zeros(int(self.codes[:, level].max()) + 1, np.int64)
        parent[self.codes[:, level]] = self.codes[:, level - 1]
        return parent

    def sums(self, values: Floats) -> Floats:
        """Sum of leaf values, shape (…, leaves), over the finest classes: shape (…, classes)."""
        flat = values.reshape(-1, values.shape[-1])
        summed = np.stack([np.bincount(self.finest, row, self.number) for row in flat])
        return summed.reshape(*values.shape[:-1], self.number)

    def _levels(self, totals: Floats) -> list[Floats]:
        """Totals of the finest classes added up to every level, coarsest first."""
        levels = [totals]
        for level in range(self.codes.shape[1] - 1, 0, -1):
            parent = self.parent(level)
            above = np.zeros((*totals.shape[:-1], int(parent.max()) + 1))
            np.add.at(above, (..., parent), levels[0])
            levels.insert(0, above)
        return levels

    def ratios(self, above: Floats, below: Floats, root: Floats, borrowed: float) -> Floats:
        """Σ above / Σ below per finest class, each class leaning on its parent with weight `borrowed` (of `below`).

        above, below: totals of the finest classes, shape (…, classes). root: value at the top, shape (…).
        """
        value = root[..., None]
        for level, (top, bottom) in enumerate(zip(self._levels(above), self._levels(below), strict=True)):
            if level:
                value = (top + borrowed * value[..., self.parent(level)]) / (bottom + borrowed)
        return value

    def best(self, scores: Floats, weights: Floats, habit: Floats, borrowed: float) -> Ints:
        """Row of the best score per finest class; a parent's mean score counts as `borrowed` observations.

        scores: log likelihood, shape (candidates, classes). weights: number of observations behind it, shape
        (classes,). habit: log prior of the candidates, shape (candidates,), which decides where nothing is known.
        """
        total = habit[:, None]
        for level, (score, weight) in enumerate(zip(self._levels(scores), self._levels(weights), strict=True)):
            if level:
                total = score + (total * borrowed / (behind + borrowed))[:, self.parent(level)]
            else:
                total = score + total
            behind = weight
        best: Ints = total.argmax(axis=0)
        return best
