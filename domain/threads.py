"""Compiled kernels over slices of rows, in all threads at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba as nb

kernel = nb.njit(cache=True, error_model="numpy", nogil=True)
"""For functions of (first row, one past the last, …): compiled in a third of the time `prange` takes (measured)."""

_FEW = 200  # rows of little work that are not worth a thread
_SLICES = 16  # per thread, so that none waits long for another


def in_threads(run: Callable[..., None], rows: int, *arguments: Any, few: int = _FEW) -> None:
    """Call `run(first, last, *arguments)` over slices that cover rows 0..rows − 1; slices must not share results.

    few: so many rows are not worth a thread; 1 where each is much work.
    """
    threads = nb.get_num_threads()
    if rows <= few or threads == 1:
        run(0, rows, *arguments)
        return
    step = max(-(-rows // (threads * _SLICES)), 1)
    pool = ThreadPoolExecutor(threads)
    try:
        slices = [pool.submit(run, first, min(first + step, rows), *arguments) for first in range(0, rows, step)]
        for one in slices:
            one.result()
    finally:  # somebody who interrupts waits for the slices in hand, not for all
        pool.shutdown(cancel_futures=True)
