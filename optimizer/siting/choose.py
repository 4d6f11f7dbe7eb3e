"""The siting problem as an integer program: a depot and the tangent its stock cost follows are one facility.

min Σ (money_w + slope_k·load_p)·x_wk + Σ (fixed_k + opening_d)·z_k over points served once, x_wk ≤ z_k, one tangent a
depot: uncapacitated facility location in its strong form (Erlenkotter 1978; Daskin 2013, section 7), whose linear
relaxation is nearly integral; a concave cost needs no more, for the least of its tangents is chosen (Feldman, Lehrer &
Ray 1966).
"""

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from ortools.math_opt.python import mathopt

from optimizer.linear_program import LinearProgram, solve
from optimizer.siting.problem import SitingProblem

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_EXACT = 1e-9


def choose(problem: SitingProblem, opened: Bools | None = None) -> tuple[Ints, Bools]:
    """The cheapest way of every point (points,) and the depots that are open (depots,).

    opened: given, these depots are open and no others, and each candidate among them serves a point. Raises
    NoSolutionError when not every point can be served.
    """
    program, way_of_x = _program(problem, opened)
    found = solve(program, mathopt.SolverType.HIGHS, relative_gap=_EXACT).x
    taken = np.zeros(len(problem.money))
    np.add.at(taken, way_of_x, found[: len(way_of_x)])
    best = np.lexsort((problem.way_depot, -taken.round(6), problem.way_point))
    way = best[np.searchsorted(problem.way_point[best], np.arange(len(problem.point)))]
    if opened is not None:
        return way, opened
    serves = np.isin(np.arange(len(problem.depot)), problem.way_depot[way])
    return way, ~problem.candidate | problem.must | serves


def _program(problem: SitingProblem, opened: Bools | None) -> tuple[LinearProgram, Ints]:
    """The program over x (a column per way and line of its depot) and z (a column per line), and the way of each x."""
    lines = len(problem.line_depot)
    of_depot = [np.flatnonzero(problem.line_depot == d) for d in range(len(problem.depot))]
    way = np.concatenate([np.full(len(of_depot[d]), w) for w, d in enumerate(problem.way_depot)] or [np.empty(0, int)])
    line = np.concatenate([of_depot[d] for d in problem.way_depot] or [np.empty(0, int)])
    point, depot, x = problem.way_point[way], problem.way_depot[way], len(way)
    cost = np.concatenate(
        [
            problem.money[way] + problem.slope[line] * problem.load[point],
            problem.fixed + problem.opening[problem.line_depot],
        ]
    )
    columns, tangents, width = np.arange(x), x + np.arange(lines), x + lines
    room, depots, ones = np.isfinite(problem.most), len(problem.depot), np.ones(x)
    least, greatest = _open(problem, opened)
    once = _rows(point, columns, ones, len(problem.point), width)
    paid = _rows(np.tile(columns, 2), np.append(columns, x + line), np.repeat([1.0, -1.0], x), x, width)
    one_tangent = _rows(problem.line_depot, tangents, np.ones(lines), depots, width)
    used = _rows(depot, columns, ones, depots, width)
    stored = _rows(depot, columns, problem.load[point], depots, width)[room]
    served, stays = np.ones(len(problem.point)), np.full(depots, np.inf)
    return LinearProgram(
        cost=cost,
        matrix=sp.vstack([once, paid, one_tangent, used, stored], format="csr"),
        row_lower=np.concatenate([served, np.full(x, -np.inf), np.zeros(depots), least, np.full(room.sum(), -np.inf)]),
        row_upper=np.concatenate([served, np.zeros(x), greatest, stays, problem.most[room]]),
        upper=np.ones(width),
        integer=np.ones(width, bool),
    ), way


def _open(problem: SitingProblem, opened: Bools | None) -> tuple[Floats, Floats]:
    """Fewest points of each depot and most tangents: one point where opening is decided, none where it is closed."""
    if opened is None:
        return problem.must.astype(float), np.ones(len(problem.depot))
    return (problem.must | (opened & problem.candidate)).astype(float), (opened | problem.must).astype(float)


def _rows(row: Ints, column: Ints, value: Floats, rows: int, columns: int) -> sp.csr_matrix:
    return sp.csr_matrix((value, (row, column)), shape=(rows, columns))
