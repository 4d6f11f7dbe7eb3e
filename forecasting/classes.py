"""Nested classes of leaves (all > part class > part class × region): a small class leans on the one above it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Classes:
    """codes: class of every leaf per level, shape (leaves, levels); level 0 holds one class, codes count from 0.

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
        summed = np.zeros((*values.shape[:-1], self.number))
        for index in np.ndindex(values.shape[:-1]):
            summed[index] = np.bincount(self.finest, values[index], self.number)
        return summed

    def _levels(self, totals: Floats) -> list[Floats]:
        """Totals of the finest classes added up to every level, coarsest first."""
        levels = [totals]
        for level in range(self.codes.shape[1] - 1, 0, -1):
            parent = self.parent(level)
            above = np.zeros((*totals.shape[:-1], int(parent.max()) + 1))
            for code, code_above in enumerate(parent):
                above[..., code_above] += levels[0][..., code]
            levels.insert(0, above)
        return levels

    def ratios(self, above: Floats, below: Floats, root: Floats, borrowed: float) -> Floats:
        """Σ above / Σ below per finest class, each class leaning on its parent with weight `borrowed` (of `below`).

        above, below: totals of the finest classes, shape (…, classes). root: value at the top, shape (…).
        """
        above_at, below_at = self._levels(above), self._levels(below)
        value = root[..., None]
        for level in range(1, len(above_at)):
            parent = value[..., self.parent(level)]
            value = (above_at[level] + borrowed * parent) / (below_at[level] + borrowed)
        return value

    def best(self, scores: Floats, weights: Floats, habit: Floats, borrowed: float) -> Ints:
        """Row of the best score per finest class; a parent's mean score counts as `borrowed` observations.

        scores: log likelihood, shape (candidates, classes). weights: number of observations behind it, shape
        (classes,). habit: log prior of the candidates, shape (candidates,), which decides where nothing is known.
        """
        score_at, weight_at = self._levels(scores), self._levels(weights)
        total = score_at[0] + habit[:, None]
        for level in range(1, len(score_at)):
            mean_above = total / (weight_at[level - 1] + borrowed)
            total = score_at[level] + borrowed * mean_above[:, self.parent(level)]
        best: Ints = total.argmax(axis=0)
        return best
