"""Solving a peer by HiGHS, SCIP or CP-SAT through MathOpt within a time limit, decomposed where nothing couples.

CP-SAT knows integers alone. MathOpt hands it the program as it is: integer columns as they are, continuous ones that
are integer whenever the others are (all steps and stocks here) likewise; rows and objective are scaled to integers that
keep them to 1e-6. Only what carriage falls short of a minimum charge is then rounded up to whole money.
"""

from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from ortools.math_opt.python import mathopt
from scipy.sparse.csgraph import connected_components

from optimizer.linear_program import LinearProgram, as_model

Floats = npt.NDArray[np.float64]

SOLVERS = {"HiGHS": mathopt.SolverType.HIGHS, "SCIP": mathopt.SolverType.GSCIP, "CP-SAT": mathopt.SolverType.CP_SAT}
_ONE_THREAD = ("SCIP", "CP-SAT")  # HiGHS through MathOpt takes no number of threads; it uses one


@dataclass(frozen=True)
class Solved:
    """The best solution found (None: none), its objective (inf), the proven bound (-inf) and the seconds it took."""

    x: Floats | None
    objective: float
    bound: float
    seconds: float
    pieces: int


def solve_within(program: LinearProgram, solver: str, seconds: float, relative_gap: float = 1e-6) -> Solved:
    """Solve the pieces that no row connects one after another, each in its share of the time left."""
    begun = perf_counter()
    pieces = _pieces(program)
    x, objective, bound = np.zeros(len(program.cost)), 0.0, 0.0
    for done, (rows, columns) in enumerate(pieces):
        left = seconds - (perf_counter() - begun)
        piece = _piece(program, rows, columns)
        found = _solve(piece, solver, max(left / (len(pieces) - done), 0.1), relative_gap)
        if found.x is not None:
            x[columns] = found.x
        objective, bound = objective + found.objective, bound + found.bound
    whole = x if np.isfinite(objective) else None
    return Solved(whole, objective, bound, perf_counter() - begun, len(pieces))


def _pieces(program: LinearProgram) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Rows and columns of the connected components of the program."""
    rows, columns = program.matrix.shape
    entries = program.matrix.tocoo()
    ends_of_entries = (entries.row, rows + entries.col)
    graph = sp.coo_matrix((np.ones(entries.nnz), ends_of_entries), shape=(rows + columns, rows + columns))
    number, label = connected_components(graph, directed=False)
    order = np.argsort(label, kind="stable")
    ends = np.searchsorted(label[order], np.arange(number + 1))
    members = [order[ends[k] : ends[k + 1]] for k in range(number)]
    return [(one[one < rows], one[one >= rows] - rows) for one in members]


def _piece(program: LinearProgram, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> LinearProgram:
    return LinearProgram(
        program.cost[columns],
        program.matrix[rows][:, columns],
        program.row_lower[rows],
        program.row_upper[rows],
        program.upper[columns],
        program.integer[columns],
    )


def _solve(program: LinearProgram, solver: str, seconds: float, relative_gap: float) -> Solved:
    begun = perf_counter()
    parameters = mathopt.SolveParameters(
        time_limit=timedelta(seconds=seconds), threads=1 if solver in _ONE_THREAD else None,
        relative_gap_tolerance=relative_gap, absolute_gap_tolerance=1e-9,
    )  # fmt: skip
    model = as_model(program)
    result = mathopt.solve(model, SOLVERS[solver], params=parameters)
    bound, took = result.dual_bound(), perf_counter() - begun
    if not result.has_primal_feasible_solution():
        return Solved(None, np.inf, bound, took, 1)
    values = result.variable_values(list(model.variables()))
    return Solved(np.array(values), result.objective_value(), bound, took, 1)
