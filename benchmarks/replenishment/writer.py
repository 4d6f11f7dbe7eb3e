"""A linear program written family by family, each as arrays."""

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from optimizer.linear_program import LinearProgram

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Writer:
    """Columns, rows and entries so far."""

    def __init__(self) -> None:
        self.cost: list[Floats] = []
        self.upper: list[Floats] = []
        self.integer: list[npt.NDArray[np.bool_]] = []
        self.lower_limit: list[Floats] = []
        self.upper_limit: list[Floats] = []
        self.entries: list[tuple[Ints, Ints, Floats]] = []
        self.whole: list[Ints] = []
        self._columns = self._rows = 0

    def columns(self, cost: Floats, upper: Floats, *, integer: bool) -> Ints:
        """New columns 0 ≤ x ≤ upper; their numbers."""
        self.cost.append(cost)
        self.upper.append(upper)
        self.integer.append(np.full(len(cost), integer))
        self._columns += len(cost)
        return np.arange(self._columns - len(cost), self._columns)

    def integral(self, columns: Ints) -> None:
        """Make columns integer."""
        self.whole.append(columns)

    def rows(self, lower: Floats, upper: Floats) -> Ints:
        """New rows lower ≤ a·x ≤ upper, empty so far; their numbers."""
        self.lower_limit.append(lower)
        self.upper_limit.append(upper)
        self._rows += len(lower)
        return np.arange(self._rows - len(lower), self._rows)

    def enter(self, row: "npt.ArrayLike", column: Ints, value: "npt.ArrayLike") -> None:
        """Coefficients; `row` and `value` may be one for all columns."""
        shape = column.shape
        self.entries.append(
            (np.broadcast_to(np.asarray(row), shape), column, np.broadcast_to(np.asarray(value, float), shape))
        )

    def program(self) -> LinearProgram:
        """All of it."""
        nothing = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        row, column, value = (np.concatenate(arrays) for arrays in zip(nothing, *self.entries, strict=True))
        matrix = sp.coo_matrix((value, (row, column)), shape=(self._rows, self._columns)).tocsr()
        empty = np.empty(0)
        integer = np.concatenate([np.empty(0, np.bool_), *self.integer])
        integer[np.concatenate([np.empty(0, np.int64), *self.whole])] = True
        return LinearProgram(
            np.concatenate([empty, *self.cost]),
            matrix,
            np.concatenate([empty, *self.lower_limit]),
            np.concatenate([empty, *self.upper_limit]),
            np.concatenate([empty, *self.upper]),
            integer,
        )
