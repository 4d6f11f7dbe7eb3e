"""Inspection and min-cost flow answer alike, and both as trying everything does."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.plan import StockTargets
from optimizer.allocation.flow import LATER, Gate, Problem, assign, by_flow, cheapest, overdrawn_parts, total_cost
from optimizer.allocation.today import pose
from tests.random_networks import random_network


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Up to two parts, each with up to four units wanted and three sources, some of them a unit's own shelf."""
    arcs: list[tuple[int, int, int, int, bool]] = []
    unit_part: list[int] = []
    source_part: list[int] = []
    cost = st.integers(0, 9)
    for part in range(draw(st.integers(1, 2))):
        held = draw(st.integers(1, 3))
        first = len(source_part)
        source_part += [part] * held
        for _ in range(draw(st.integers(1, 4))):
            own = draw(st.integers(-1, held - 1))
            for source in range(held):
                gate = Gate.OWN if source == own else draw(st.sampled_from(list(Gate)))
                if source == own or draw(st.booleans()):
                    arcs.append((len(unit_part), first + source, draw(cost), int(gate), source == own))
            unit_part.append(part)
    limits = [sorted(draw(st.tuples(*[st.integers(0, 3)] * 3)), reverse=True) for _ in source_part]
    later = draw(st.lists(cost, min_size=len(unit_part), max_size=len(unit_part)))
    columns = np.array(arcs, dtype=np.int64).reshape(-1, 5).T
    units, for_orders, for_shelves = np.array(limits, dtype=np.int64).T
    return Problem(
        unit_part=np.array(unit_part),
        later_cost=np.array(later),
        arc_unit=columns[0],
        arc_source=columns[1],
        arc_cost=columns[2],
        arc_gate=columns[3],
        arc_is_own=columns[4].astype(bool),
        arc_offer=np.arange(len(arcs)),
        source_part=np.array(source_part),
        units=units,
        for_orders=for_orders,
        for_shelves=for_shelves,
    )


def within_limits(problem: Problem, chosen: np.ndarray) -> bool:
    """Whether no source gives more than it may, counted one by one."""
    for source in range(len(problem.units)):
        arcs = [arc for arc in chosen if arc != LATER and problem.arc_source[arc] == source]
        elsewhere = sum(problem.arc_gate[arc] >= Gate.ORDERS for arc in arcs)
        shelves = sum(problem.arc_gate[arc] == Gate.SHELVES for arc in arcs)
        limits = problem.units[source], problem.for_orders[source], problem.for_shelves[source]
        if len(arcs) > limits[0] or elsewhere > limits[1] or shelves > limits[2]:
            return False
    return True


@settings(max_examples=150, deadline=None)
@given(problems())
def test_least_cost_of_all_assignments(problem: Problem) -> None:
    """No assignment within the limits is cheaper than the one found, and each unit is served by an arc of its own."""
    choices = [[LATER, *np.flatnonzero(problem.arc_unit == unit)] for unit in range(len(problem.later_cost))]
    every = (np.array(one) for one in product(*choices))
    least = min(total_cost(problem, one) for one in every if within_limits(problem, one))
    found = assign(problem)
    served = np.flatnonzero(found != LATER)
    assert within_limits(problem, found)
    assert (problem.arc_unit[found[served]] == served).all()
    assert total_cost(problem, found) == least


@settings(max_examples=150, deadline=None)
@given(problems())
def test_inspection_is_a_bound_and_exact_within_the_limits(problem: Problem) -> None:
    """What inspection finds costs at most what the flow finds, and as much where it overdraws no source."""
    seen = cheapest(problem)
    flown = seen.copy()
    for part in np.unique(problem.unit_part):
        by_flow(problem, int(part), flown)
    assert total_cost(problem, seen) <= total_cost(problem, flown)
    if not len(overdrawn_parts(problem, seen)):
        assert total_cost(problem, seen) == total_cost(problem, flown)


def test_the_flow_alone_gives_the_same_allocation() -> None:
    """On whole networks, solving every part by flow leads to the same cost as inspecting first."""
    inspected = 0
    for seed in range(20):
        case = random_network(seed)
        problem = pose(case.network, StockTargets(case.targets, case.waiting_price), case.forecast).flow
        mixed, flown = assign(problem), assign(problem)
        for part in np.unique(problem.unit_part):
            by_flow(problem, int(part), flown)
        assert total_cost(problem, mixed) == total_cost(problem, flown)
        inspected += len(np.unique(problem.unit_part)) - len(overdrawn_parts(problem, cheapest(problem)))
    assert inspected >= 10
