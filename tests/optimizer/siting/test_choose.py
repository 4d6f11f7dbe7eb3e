"""The siting program against enumeration of its own objective."""

from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.linear_program import NoSolutionError
from optimizer.siting import SitingProblem, choose

Bools = npt.NDArray[np.bool_]


def random_problem(seed: int, *, room: bool = False) -> SitingProblem:
    """Up to four depots, at least one of them open, up to five points; every open depot reaches every point."""
    rng = np.random.default_rng(seed)
    depots, points = int(rng.integers(2, 5)), int(rng.integers(1, 6))
    candidate = rng.random(depots) < 0.7
    candidate[0] = False
    pairs = [(d, p) for p in range(points) for d in range(depots) if not candidate[d] or rng.random() < 0.8]
    lines = [(d, k) for d in range(depots) for k in range(int(rng.integers(1, 4)))]
    load = rng.integers(1, 50, points).astype(float)
    most = np.where(candidate & room, rng.uniform(20, 100, depots), np.inf)
    return SitingProblem(
        depot=np.array([f"D{d}" for d in range(depots)], dtype=object),
        candidate=candidate,
        must=np.zeros(depots, bool),
        opening=np.where(candidate, rng.uniform(0, 120, depots), 0.0),
        most=most,
        point=np.array([f"P{p}" for p in range(points)], dtype=object),
        load=load,
        way_depot=np.array([d for d, _ in pairs]),
        way_point=np.array([p for _, p in pairs]),
        money=rng.uniform(0, 100, len(pairs)),
        line_depot=np.array([d for d, _ in lines]),
        fixed=np.array([0.0 if k == 0 else 30.0 * k * rng.random() for _, k in lines]),
        slope=np.array([rng.uniform(1, 3) / (k + 1) for _, k in lines]),
    )


def cheapest(problem: SitingProblem, opened: Bools | None = None) -> float:
    """The least cost over all sets of candidates and all ways of all points, one by one."""
    ways = [np.flatnonzero(problem.way_point == p) for p in range(len(problem.point))]
    sets = [np.where(problem.candidate, choice, True) for choice in product([False, True], repeat=len(problem.depot))]
    sets = sets if opened is None else [opened]
    return min((problem.cost(np.array(way), open_) for open_ in sets for way in product(*ways)), default=np.inf)


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_program_costs_what_enumeration_finds(seed: int, room: bool) -> None:
    """No set of depots and no way of serving the points is cheaper than the program's, and it pays what it says."""
    problem = random_problem(seed, room=room)
    way, opened = choose(problem)
    assert (problem.way_point[way] == np.arange(len(problem.point))).all()
    assert problem.cost(way, opened) == pytest.approx(cheapest(problem), rel=1e-7)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_a_given_set_is_served_at_least_cost(seed: int) -> None:
    """With the open depots given, each candidate among them serves somebody, and no way of serving is cheaper."""
    problem = random_problem(seed)
    opened = ~problem.candidate | (np.random.default_rng(seed).random(len(problem.depot)) < 0.5)
    least = cheapest(problem, opened)
    if np.isinf(least):
        with pytest.raises(NoSolutionError):
            choose(problem, opened)
        return
    way, same = choose(problem, opened)
    assert (same == opened).all()
    assert problem.cost(way, opened) == pytest.approx(least, rel=1e-7)


def test_a_point_without_a_way_is_no_solution() -> None:
    """A point that no depot reaches is said, not left out."""
    problem = random_problem(3)
    some = problem.way_point != 0
    cut = replace(
        problem, way_depot=problem.way_depot[some], way_point=problem.way_point[some], money=problem.money[some]
    )
    with pytest.raises(NoSolutionError):
        choose(cut)


def test_a_depot_with_demand_of_its_own_stays_open() -> None:
    """However dear it is, a depot that has to serve itself is paid for."""
    problem = random_problem(5)
    last = len(problem.depot) - 1
    must = np.arange(len(problem.depot)) == last
    dear = np.where(must, 1e6, problem.opening)
    kept = replace(problem, candidate=problem.candidate | must, must=must, opening=dear)
    ways = np.append(kept.way_depot, last), np.append(kept.way_point, len(kept.point)), np.append(kept.money, 0.0)
    kept = replace(
        kept,
        point=np.append(kept.point, "own"),
        load=np.append(kept.load, 5.0),
        way_depot=ways[0],
        way_point=ways[1],
        money=ways[2],
    )
    way, opened = choose(kept)
    assert opened[last]
    assert kept.cost(way, opened) >= 1e6


@given(st.integers(0, 2_000))
@settings(max_examples=25, deadline=None)
def test_dearer_opening_never_costs_less(seed: int) -> None:
    """The least cost does not fall when opening becomes dearer, and rises by no more than all candidates together."""
    problem = random_problem(seed)
    base = problem.cost(*choose(problem))
    dearer = replace(problem, opening=problem.opening + np.where(problem.candidate, 10.0, 0.0))
    assert base - 1e-6 <= dearer.cost(*choose(dearer)) <= base + 10.0 * problem.candidate.sum() + 1e-6
