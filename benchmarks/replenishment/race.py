"""The decomposition and the solvers on the same problem: cost found, bound proven, seconds; everybody on one core."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter

import numba as nb
import numpy as np
import pandas as pd

from benchmarks.replenishment.instances import Problem, part_of
from benchmarks.replenishment.peer import peer
from benchmarks.replenishment.solving import SOLVERS, solve_within
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.master import decompose
from optimizer.replenishment.outlook import outlook, plan_cost
from optimizer.replenishment.params import Params
from optimizer.replenishment.program import PartPlans
from optimizer.replenishment.week_cost import CostTables

OURS = "decomposition"
PARTS = (5, 20, 50, 100, 200, 500)
LEAST_SECONDS, MOST_SECONDS, TIMES_OURS = 60.0, 120.0, 10.0


@dataclass(frozen=True)
class Entry:
    """What one planner found: recomputed cost and own bound, NaN where there is none, and what it took.

    written: seconds to build the program; rows, columns, pieces: its size and the parts of it that nothing connects.
    """

    planner: str
    cost: float
    bound: float
    seconds: float
    written: float = 0.0
    rows: int = 0
    columns: int = 0
    pieces: int = 1


def race(
    demo: Problem, parts: Sequence[int], seconds: float | None = None, solvers: Sequence[str] = tuple(SOLVERS),
    tell: Callable[[str], None] = lambda text: None,
) -> Iterator[pd.DataFrame]:  # fmt: skip
    """One frame per number of parts, a row per planner: `parts` and the fields of Entry.

    The solvers get ten times our seconds, at least LEAST_SECONDS and at most MOST_SECONDS; or `seconds`. Ours counts
    its cost tables, which the programs are given.
    """
    nb.set_num_threads(1)
    for number in parts:
        instance = part_of(demo, number).instance()
        tell(f"{number} parts: {OURS}")
        ours = _ours(instance)
        given = seconds or min(max(TIMES_OURS * ours.seconds, LEAST_SECONDS), MOST_SECONDS)
        rows = [ours]
        for solver in solvers:
            tell(f"{number} parts: {solver}, {given:.0f} s")
            rows.append(_theirs(instance, solver, given))
        yield pd.DataFrame([asdict(row) for row in rows]).assign(parts=number)


def warm_up(demo: Problem) -> float:
    """Seconds to compile or load what is compiled, measured by planning two parts."""
    begun = perf_counter()
    _ours(part_of(demo, 2).instance())
    return perf_counter() - begun


def total_cost(instance: Instance, plans: PartPlans) -> float:
    """Recomputed from what is shipped and bought alone."""
    return plan_cost(instance, plans, outlook(instance, plans)).total


def _ours(instance: Instance) -> Entry:
    begun = perf_counter()
    found = decompose(instance, CostTables(instance), Params())
    return Entry(OURS, total_cost(instance, found.plans), found.bound, perf_counter() - begun)


def _theirs(instance: Instance, solver: str, seconds: float) -> Entry:
    tables = CostTables(instance)
    begun = perf_counter()
    model = peer(instance, tables)
    written = perf_counter() - begun
    found = solve_within(model.program, solver, seconds)
    cost = float("nan") if found.x is None else total_cost(instance, model.plans(instance, found.x))
    bound = found.bound + model.constant if np.isfinite(found.bound) else float("nan")
    return Entry(solver, cost, bound, found.seconds, written, *model.program.matrix.shape, found.pieces)
