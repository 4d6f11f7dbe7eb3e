"""The optimal plan of a tiny network, proven: the problem of decision 0003 as one exact mixed-integer program."""

from dataclasses import dataclass

import pandas as pd
from ortools.math_opt.python import mathopt

from domain.network import Network
from tests.random_networks import Case

from .program import Program
from .rules import RULES

__all__ = ["Optimum", "cheaper_without", "optimum"]


@dataclass(frozen=True)
class Optimum:
    """The cheapest plan: total cost, the solver's own lower bound of it, and the plan's tables."""

    total: float
    bound: float
    shipments: pd.DataFrame
    purchase_orders: pd.DataFrame


def optimum(case: Case, solver: mathopt.SolverType = mathopt.SolverType.GSCIP) -> Optimum:
    """Solves the case to proven optimality. Raises ValueError if it is too large, RuntimeError if it is not solved."""
    program = _program(case, case.network)
    result = mathopt.solve(program.model, solver, params=_parameters())
    if result.termination.reason != mathopt.TerminationReason.OPTIMAL:
        raise RuntimeError(f"the oracle's program ended as {result.termination.reason.name}")
    values = result.variable_values()
    return Optimum(
        total=result.objective_value(),
        bound=result.best_objective_bound(),
        shipments=program.shipments(values),
        purchase_orders=program.purchase_orders(values),
    )


def cheaper_without(case: Case, limits: Network, total: float) -> bool:
    """Whether a plan that need only keep the limits and charges of another network costs less than `total`.

    Stock, demand and prices stay the case's own; less means by more than a hundred-thousandth.
    """
    program = _program(case, limits)
    cost = program.model.objective.as_linear_expression()
    program.model.add_linear_constraint(cost <= total - 1e-5 * abs(total))
    result = mathopt.solve(program.model, mathopt.SolverType.GSCIP, params=_parameters(solution_limit=1))
    return bool(result.has_primal_feasible_solution())


def _program(case: Case, limits: Network) -> Program:
    program = Program(case, limits)
    for add in (*program.families, *(lambda rule=rule: rule(program) for rule in RULES)):
        add()
    return program


def _parameters(solution_limit: int | None = None) -> mathopt.SolveParameters:
    return mathopt.SolveParameters(
        relative_gap_tolerance=1e-9,
        absolute_gap_tolerance=1e-7,
        heuristics=mathopt.Emphasis.LOW,
        solution_limit=solution_limit,
    )
