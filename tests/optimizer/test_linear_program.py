"""Linear and integer programs over arrays: textbook answers, duals, bounds, honest failures."""

import numpy as np
import pytest
import scipy.sparse as sp
from ortools.math_opt.python import mathopt
from scipy.optimize import linprog

from optimizer.linear_program import LinearProgram, NoSolutionError, solve

FREE = np.inf


def program(
    cost: list[float], rows: list[list[float]], limits: list[tuple[float, float]], upper: float = FREE,
    integer: bool = False,
) -> LinearProgram:  # fmt: skip
    """A program from plain lists; every column has the same upper bound and kind."""
    lower, most = zip(*limits, strict=True)
    return LinearProgram(
        cost=np.array(cost),
        matrix=sp.csr_matrix(np.array(rows, dtype=float)),
        row_lower=np.array(lower),
        row_upper=np.array(most),
        upper=np.full(len(cost), upper),
        integer=np.full(len(cost), integer),
    )


# Hillier & Lieberman, Introduction to Operations Research, ch. 3: the Wyndor Glass Co. problem.
WYNDOR: tuple[list[float], list[list[float]], list[tuple[float, float]]] = (
    [-3.0, -5.0],
    [[1.0, 0.0], [0.0, 2.0], [3.0, 2.0]],
    [(-FREE, 4.0), (-FREE, 12.0), (-FREE, 18.0)],
)


def test_a_textbook_program_has_its_textbook_answer() -> None:
    """Wyndor Glass: x = (2, 6), profit 36, shadow prices 0, 3/2 and 1; here as a minimum with the sign turned."""
    solution = solve(program(*WYNDOR))
    assert solution.x == pytest.approx([2.0, 6.0])
    assert solution.objective == pytest.approx(-36.0)
    assert solution.bound == pytest.approx(-36.0)
    assert solution.duals == pytest.approx([0.0, -1.5, -1.0])


@pytest.mark.parametrize("seed", range(10))
def test_random_programs_agree_with_scipy(seed: int) -> None:
    """The optimum equals scipy's, and the duals prove it: objective = Σ dual × limit when no column is at its bound."""
    rng = np.random.default_rng(seed)
    matrix, need = rng.uniform(0.0, 1.0, (6, 4)), rng.uniform(1.0, 3.0, 6)
    cost = rng.uniform(1.0, 2.0, 4)
    ours = solve(program(cost.tolist(), matrix.tolist(), [(float(n), FREE) for n in need]))
    theirs = linprog(cost, A_ub=-matrix, b_ub=-need)
    assert ours.objective == pytest.approx(theirs.fun)
    assert float(ours.duals @ need) == pytest.approx(theirs.fun)
    assert (matrix @ ours.x >= need - 1e-6).all()


@pytest.mark.parametrize("solver", [mathopt.SolverType.HIGHS, mathopt.SolverType.GSCIP])
def test_integer_columns_take_whole_values(solver: mathopt.SolverType) -> None:
    """A knapsack of weights 5, 4, 3 and room 10 holds the first two once: 5 + 4 ≤ 10, value 10 + 7, not 17.5."""
    knapsack = program([-10.0, -7.0, -4.0], [[5.0, 4.0, 3.0]], [(-FREE, 10.0)], upper=1.0, integer=True)
    solution = solve(knapsack, solver)
    assert solution.x.round(6).tolist() == [1.0, 1.0, 0.0]
    assert solution.objective == pytest.approx(-17.0)
    assert solution.bound <= solution.objective + 1e-6
    assert len(solution.duals) == 0


def test_a_row_keeps_both_of_its_limits() -> None:
    """2 ≤ x + y ≤ 3: the cheapest is at the lower limit, the dearest at the upper."""
    rows, limits = [[1.0, 1.0]], [(2.0, 3.0)]
    assert solve(program([1.0, 2.0], rows, limits)).objective == pytest.approx(2.0)
    assert solve(program([-1.0, -2.0], rows, limits)).objective == pytest.approx(-6.0)


def test_a_loose_gap_still_gives_a_bound() -> None:
    """Whatever gap is allowed, bound ≤ optimum ≤ objective."""
    rng = np.random.default_rng(3)
    weight, value = rng.integers(5, 40, (3, 25)).astype(float), rng.integers(5, 40, 25).astype(float)
    limits = [(-FREE, float(total) / 3) for total in weight.sum(axis=1)]
    knapsack = program((-value).tolist(), weight.tolist(), limits, upper=1.0, integer=True)
    best = solve(knapsack, mathopt.SolverType.HIGHS)
    loose = solve(knapsack, mathopt.SolverType.HIGHS, relative_gap=0.2)
    assert loose.bound - 1e-6 <= best.objective <= loose.objective + 1e-6


@pytest.mark.parametrize("integer", [False, True])
def test_a_program_without_solution_is_an_error(integer: bool) -> None:
    """x ≤ 1 and x ≥ 2 cannot be; the error names the solver."""
    impossible = program([1.0], [[1.0], [1.0]], [(-FREE, 1.0), (2.0, FREE)], integer=integer)
    with pytest.raises(NoSolutionError, match="GSCIP found no solution" if integer else "GLOP found no solution"):
        solve(impossible, mathopt.SolverType.GSCIP if integer else mathopt.SolverType.GLOP)


def test_a_program_without_rows_is_solved_by_its_bounds() -> None:
    """Columns that save money go to their upper bound, the others to 0."""
    none = LinearProgram(
        np.array([-1.0, 2.0]), sp.csr_matrix((0, 2)), np.zeros(0), np.zeros(0), np.array([3.0, 3.0]), np.zeros(2, bool)
    )
    assert solve(none).x.tolist() == [3.0, 0.0]


def test_the_same_program_has_the_same_answer_to_the_last_bit() -> None:
    """Also where entries are given twice, in another order or as explicit zeros."""
    cost, rows, limits = WYNDOR
    once = program(cost, rows, limits)
    entries = [(2, 1, 1.0), (2, 1, 1.0), (2, 0, 3.0), (1, 1, 2.0), (0, 1, 0.0), (0, 0, 1.0)]
    row, column, value = (np.array(given) for given in zip(*entries, strict=True))
    again = LinearProgram(
        once.cost, sp.coo_matrix((value, (row, column)), shape=(3, 2)).tocsr(), once.row_lower, once.row_upper,
        once.upper, once.integer,
    )  # fmt: skip
    assert solve(once).x.tobytes() == solve(again).x.tobytes()
    assert solve(once).objective == solve(again).objective
