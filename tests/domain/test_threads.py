"""Kernels over slices of rows."""

from threading import Barrier

import numba as nb
import numpy as np
import numpy.typing as npt
import pytest

from domain.threads import in_threads, kernel


@kernel
def _squares(first: int, last: int, of: npt.NDArray[np.float64], into: npt.NDArray[np.float64]) -> None:
    for row in range(first, last):
        into[row] += of[row] ** 2


@pytest.mark.parametrize("rows", [0, 1, 199, 200, 201, 1_000, 12_345])
def test_every_row_is_done_once(rows: int) -> None:
    """However many rows and threads, each row is visited exactly once."""
    of, into = np.arange(rows, dtype=float), np.zeros(rows)
    in_threads(_squares, rows, of, into)
    np.testing.assert_array_equal(into, of**2)


def test_an_error_in_a_slice_is_heard() -> None:
    """What goes wrong in a thread is raised where the work was asked for."""

    def broken(first: int, last: int) -> None:
        raise ValueError(f"rows {first} to {last}")

    with pytest.raises(ValueError, match="rows 0"):
        in_threads(broken, 1_000)


def test_few_rows_of_much_work_are_shared_out() -> None:
    """With `few` = 1 as many rows as there are threads are worked on at the same time."""
    threads = nb.get_num_threads()
    together = Barrier(threads, timeout=10.0)

    def wait(first: int, last: int) -> None:
        together.wait()

    in_threads(wait, threads, few=1)
    assert not together.broken
