"""One linear or integer program over arrays, solved by MathOpt."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt

Floats = npt.NDArray[np.float64]

_SAFETY = timedelta(minutes=10)  # only against a solver that hangs; results never depend on it


class NoSolutionError(Exception):
    """The solver stopped without a solution."""


@dataclass(frozen=True)
class LinearProgram:
    """min cost·x subject to row_lower ≤ A x ≤ row_upper, 0 ≤ x ≤ upper; `integer` marks integer columns."""

    cost: Floats
    matrix: sp.csr_matrix
    row_lower: Floats
    row_upper: Floats
    upper: Floats
    integer: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Solution:
    """x, the row duals (empty for integer programs), objective and bound in the program's money."""

    x: Floats
    duals: Floats
    objective: float
    bound: float


def solve(
    program: LinearProgram, solver: mathopt.SolverType = mathopt.SolverType.GLOP, node_limit: int | None = None,
    relative_gap: float | None = None,
) -> Solution:  # fmt: skip
    """Solve to optimality or to the node limit; where GLOP is not precise enough, by HiGHS.

    Raises NoSolutionError when the solver finds no solution.
    """
    integer = bool(program.integer.any())
    parameters = mathopt.SolveParameters(
        time_limit=_SAFETY, threads=1 if solver == mathopt.SolverType.GSCIP else None,
        node_limit=node_limit, relative_gap_tolerance=relative_gap,
    )  # fmt: skip
    model = as_model(program)
    result = mathopt.solve(model, solver, params=parameters)
    if result.termination.reason == mathopt.TerminationReason.IMPRECISE and solver == mathopt.SolverType.GLOP:
        return solve(program, mathopt.SolverType.HIGHS, node_limit, relative_gap)
    if not result.has_primal_feasible_solution():
        raise NoSolutionError(f"{solver.name} found no solution: {result.termination.reason.name}")
    values = result.variable_values()
    x = np.fromiter((values[v] for v in model.variables()), float, len(program.cost))
    duals = np.empty(0)
    if not integer and result.has_dual_feasible_solution():
        dual = result.dual_values()
        duals = np.fromiter((dual[c] for c in model.linear_constraints()), float, len(program.row_upper))
    return Solution(x, duals, result.objective_value(), result.dual_bound())


def as_model(program: LinearProgram) -> mathopt.Model:
    """The program as MathOpt's model, its columns and rows in the same order."""
    model: mathopt.Model = mathopt.Model.from_model_proto(_proto(program))
    return model


def _proto(program: LinearProgram) -> model_pb2.ModelProto:
    rows, columns = program.matrix.shape
    proto = model_pb2.ModelProto()
    proto.variables.ids.extend(range(columns))
    proto.variables.lower_bounds.extend(np.zeros(columns))
    proto.variables.upper_bounds.extend(program.upper)
    proto.variables.integers.extend(program.integer.tolist())
    used = np.flatnonzero(program.cost)
    proto.objective.linear_coefficients.ids.extend(used)
    proto.objective.linear_coefficients.values.extend(program.cost[used])
    proto.linear_constraints.ids.extend(range(rows))
    proto.linear_constraints.lower_bounds.extend(program.row_lower)
    proto.linear_constraints.upper_bounds.extend(program.row_upper)
    entries = program.matrix.tocsr()
    entries.sort_indices()
    entries.eliminate_zeros()
    coo = entries.tocoo()
    proto.linear_constraint_matrix.row_ids.extend(coo.row)
    proto.linear_constraint_matrix.column_ids.extend(coo.col)
    proto.linear_constraint_matrix.coefficients.extend(coo.data)
    return proto
