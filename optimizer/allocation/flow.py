"""Who gets which unit, at least cost: part by part, by inspection where sources suffice, else by min-cost flow."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from optimizer.allocation.ids import Bools, Ints

LATER = -1
"""In place of an arc: the unit is left to a later order."""

NO_OFFER = -1
"""What LATER stands for."""


class Gate(IntEnum):
    """Through which of a source's limits a unit leaves it; each limit lies within the one before."""

    OWN = 0
    ORDERS = 1
    SHELVES = 2


@dataclass(frozen=True)
class Problem:
    """Units wanted, sources, and the arcs between them, in whole units of cost. All sorted by part.

    unit_part, later_cost (of being left unserved): shape (units wanted,). Arcs sorted by unit: arc_unit,
    arc_source, arc_cost, arc_gate, arc_is_own (from the unit's own shelf), arc_offer (what it stands for).
    Sources: source_part, units in all, for_orders of others, of these for_shelves of others.
    """

    unit_part: Ints
    later_cost: Ints
    arc_unit: Ints
    arc_source: Ints
    arc_cost: Ints
    arc_gate: Ints
    arc_is_own: Bools
    arc_offer: Ints
    source_part: Ints
    units: Ints
    for_orders: Ints
    for_shelves: Ints


def assign(problem: Problem) -> Ints:
    """The arc by which each unit is served, or LATER: least total cost within every limit, shape (units wanted,)."""
    chosen = cheapest(problem)
    for part in overdrawn_parts(problem, chosen):
        by_flow(problem, int(part), chosen)
    return chosen


def cheapest(problem: Problem) -> Ints:
    """The optimum if of all limits only those of own shelves counted: own units go where anything else costs most.

    This relaxation falls apart unit by unit, and where its answer keeps all limits it is the answer.
    """
    best, best_cost = _cheapest_arc(problem, ~problem.arc_is_own)
    later = (best == LATER) | (problem.later_cost <= best_cost)
    best, best_cost = np.where(later, LATER, best), np.where(later, problem.later_cost, best_cost)
    own, own_cost = _cheapest_arc(problem, problem.arc_is_own)
    saves = np.flatnonzero((own != LATER) & (own_cost < best_cost))
    source = problem.arc_source[own[saves]]
    order = np.lexsort((saves, own_cost[saves] - best_cost[saves], source))
    saves, source = saves[order], source[order]
    place = np.arange(len(saves)) - np.searchsorted(source, source)
    saves = saves[place < problem.units[source]]
    best[saves] = own[saves]
    return best


def overdrawn_parts(problem: Problem, chosen: Ints) -> Ints:
    """Parts of which some source gives more than it may."""
    arcs = chosen[chosen != LATER]
    over = np.zeros(len(problem.units), bool)
    for gate, limit in (
        (Gate.OWN, problem.units),
        (Gate.ORDERS, problem.for_orders),
        (Gate.SHELVES, problem.for_shelves),
    ):
        through = arcs[problem.arc_gate[arcs] >= gate]
        over |= np.bincount(problem.arc_source[through], minlength=len(limit)) > limit
    return np.unique(problem.source_part[over])


def by_flow(problem: Problem, part: int, chosen: Ints) -> None:
    """Solve one part exactly and write the arcs of its units into `chosen`.

    Nodes: its units, per source three (the source, its gate to orders elsewhere, its gate to shelves elsewhere), one
    that takes what is not given and one that gives what is left to later orders, so that every flow is feasible.
    Raises RuntimeError if the solver does not prove its optimum.
    """
    first, last = np.searchsorted(problem.unit_part, [part, part + 1])
    arc = np.arange(*np.searchsorted(problem.arc_unit, [first, last]))
    origin, end = np.searchsorted(problem.source_part, [part, part + 1])
    wanted, held = last - first, end - origin
    source = wanted + 3 * np.arange(held)
    rest, later = wanted + 3 * held, wanted + 3 * held + 1
    unit = np.arange(wanted)
    units = np.minimum(problem.units[origin:end], wanted)
    tails = wanted + 3 * (problem.arc_source[arc] - origin) + problem.arc_gate[arc]
    arcs = (
        (tails, problem.arc_unit[arc] - first, 1, problem.arc_cost[arc]),
        (np.full(wanted, later), unit, 1, problem.later_cost[first:last]),
        (source, source + Gate.ORDERS, np.minimum(problem.for_orders[origin:end], wanted), 0),
        (source + Gate.ORDERS, source + Gate.SHELVES, np.minimum(problem.for_shelves[origin:end], wanted), 0),
        (source, np.full(held, rest), units, 0),
        (np.array([later]), np.array([rest]), wanted, 0),
    )
    tail, head, capacity, cost = (
        np.concatenate([np.broadcast_to(one[column], len(one[0])) for one in arcs]) for column in range(4)
    )
    flow = SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
    flow.set_nodes_supplies(unit, np.full(wanted, -1))
    flow.set_nodes_supplies(source, units)
    flow.set_nodes_supplies(np.array([rest, later]), np.array([-units.sum(), wanted]))
    status = flow.solve()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"the allocation of one part ended with {status.name}")
    served = flow.flows(np.arange(len(arc))) > 0
    chosen[first:last] = LATER
    chosen[problem.arc_unit[arc[served]]] = arc[served]


def total_cost(problem: Problem, chosen: Ints) -> int:
    """What an assignment costs, in whole units of cost."""
    served = chosen != LATER
    return int(problem.arc_cost[chosen[served]].sum() + problem.later_cost[~served].sum())


def _cheapest_arc(problem: Problem, allowed: Bools) -> tuple[Ints, Ints]:
    """The cheapest allowed arc of each unit and its cost; LATER and the greatest number where there is none."""
    arc = np.flatnonzero(allowed)
    arc = arc[np.lexsort((arc, problem.arc_cost[arc], problem.arc_unit[arc]))]
    unit = problem.arc_unit[arc]
    leads = np.ones(len(arc), bool)
    leads[1:] = unit[1:] != unit[:-1]
    best = np.full(len(problem.later_cost), LATER)
    cost = np.full(len(best), np.iinfo(np.int64).max // 2)
    best[unit[leads]] = arc[leads]
    cost[unit[leads]] = problem.arc_cost[arc[leads]]
    return best, cost
