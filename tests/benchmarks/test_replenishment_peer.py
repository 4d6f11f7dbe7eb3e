"""The mixed-integer peer of the decomposition, and what is told of the race between them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.replenishment.__main__ import main
from benchmarks.replenishment.envelope import lower_envelope, rising
from benchmarks.replenishment.exact_parts import exact_parts
from benchmarks.replenishment.instances import Problem, part_of
from benchmarks.replenishment.peer import Peer, peer
from benchmarks.replenishment.race import race, total_cost
from benchmarks.replenishment.solving import SOLVERS, solve_within
from benchmarks.replenishment.table import table_text
from domain.plan import StockTargets
from optimizer.replenishment.coupling import coupling_rows
from optimizer.replenishment.instance import Instance, build_instance
from optimizer.replenishment.week_cost import CostTables
from tests.every_rule import every_rule_network
from tests.oracle import optimum
from tests.random_networks import Case, random_network

EQUAL = 1e-6
SECONDS = 30.0  # far more than they take
SEEDS = (1, 2, 6)
BUDGETED = 0  # a network of more than two parts with a budget


def arrays(case: Case) -> tuple[Instance, CostTables]:
    instance = build_instance(case.network, case.forecast, StockTargets(case.targets, case.waiting_price))
    return instance, CostTables(instance)


def written(case: Case, *, by_unit: bool) -> tuple[Instance, Peer]:
    instance, tables = arrays(case)
    return instance, peer(instance, tables, by_unit=by_unit)


def small() -> Problem:
    """A tiny network with a budget, as a problem to be cut."""
    case = random_network(BUDGETED)
    return Problem(case.network, case.forecast, StockTargets(case.targets, case.waiting_price))


def with_the_peer_s_rules(seed: int) -> Case:
    """Every rule but depot storage and churn, which the peer does not know."""
    case = every_rule_network(seed)
    network = replace(
        case.network,
        sites=case.network.sites.assign(storage_m3=np.nan),
        settings=replace(case.network.settings, churn_cost=0.0),
    )
    return replace(case, network=network, previous=None)


@pytest.mark.parametrize("by_unit", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_peer_finds_the_oracle_s_optimum(seed: int, by_unit: bool) -> None:
    """Either form has the optimum of a program that shares no code with it, and its plan costs that."""
    case = with_the_peer_s_rules(seed)
    best = optimum(case).total
    instance, model = written(case, by_unit=by_unit)
    found = solve_within(model.program, "HiGHS", SECONDS)
    assert found.x is not None
    assert found.objective + model.constant == pytest.approx(best, rel=EQUAL)
    assert total_cost(instance, model.plans(instance, found.x)) == pytest.approx(best, rel=EQUAL)


def test_the_peer_refuses_what_it_does_not_know() -> None:
    """Limited depot storage is an error, not a rule forgotten in silence."""
    with pytest.raises(ValueError, match="storage"):
        written(every_rule_network(1), by_unit=False)


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_finds_the_same_cost(solver: str) -> None:
    """By steps each solver finds the oracle's optimum where costs are convex, and no bound is above it."""
    case = random_network(3)
    instance, model = written(case, by_unit=False)
    found = solve_within(model.program, solver, SECONDS)
    assert found.x is not None
    assert model.convex
    best = optimum(case).total
    assert total_cost(instance, model.plans(instance, found.x)) == pytest.approx(best, rel=EQUAL)
    assert found.bound + model.constant <= best * (1 + EQUAL)


def test_what_nothing_couples_is_solved_apart() -> None:
    """At prices instead of limits every part is a piece of its own, and the pieces cost what they cost alone."""
    instance, tables = arrays(random_network(0))
    rows = coupling_rows(instance)
    terms = rows.terms(instance, np.full(len(rows.limit), 0.1))
    parts = np.arange(len(instance.parts.part))
    together = peer(instance, tables, parts, terms)
    found = solve_within(together.program, "HiGHS", SECONDS)
    assert found.pieces >= len(parts) > 1
    alone = [peer(instance, tables, np.array([i]), terms) for i in parts]
    costs = [solve_within(one.program, "HiGHS", SECONDS).objective + one.constant for one in alone]
    assert found.objective + together.constant == pytest.approx(sum(costs), rel=EQUAL)


@pytest.mark.parametrize("seed", [3, 7])
def test_a_part_s_program_stays_between_its_bound_and_what_is_proven(seed: int) -> None:
    """Bound of a part's program ≤ its exact optimum ≤ cost of the program's plan, at prices of every rule."""
    instance, tables = arrays(random_network(seed))
    price = np.random.default_rng(seed).uniform(0.0, 0.3, len(coupling_rows(instance).limit))
    found = exact_parts(instance, tables, price, np.arange(len(instance.parts.part)), SECONDS)
    assert found.proven.all()
    assert found.bounds_above == 0
    assert (found.excess >= 0.0).all()


def test_an_envelope_is_convex_and_nowhere_above() -> None:
    """The lower envelope touches the ends, never exceeds the cost, and leaves a convex cost as it is."""
    money = np.array([9.0, 8.0, 3.0, 4.0, 1.0, 2.0, 8.0])
    envelope = lower_envelope(money)
    assert not rising(money)
    assert rising(envelope)
    assert (envelope <= money + 1e-12).all()
    assert envelope[[0, -1]].tolist() == money[[0, -1]].tolist()
    assert lower_envelope(envelope) == pytest.approx(envelope)


def test_limits_shrink_with_the_parts() -> None:
    """Of a part of a problem budget and lanes are in proportion to the demand that is left, or let one unit pass."""
    whole = small()
    some = part_of(whole, 2)
    kept = set(some.network.parts["part"])
    assert len(kept) == 2 == len(set(some.forecast.part))
    cost = whole.network.parts.set_index("part")["unit_cost"].reindex(whole.forecast.part).to_numpy(float)
    value = pd.Series(whole.forecast.mean.sum(axis=1) * cost, whole.forecast.part)
    share = float(value[value.index.isin(kept)].sum() / value.sum())
    before, after = whole.network.settings.budget_per_period, some.network.settings.budget_per_period
    dearest = float((some.network.parts["unit_cost"] * some.network.parts["order_multiple"]).max())
    assert before is not None
    assert after == pytest.approx(max(before * share, dearest))
    capacity = some.network.lanes["capacity_kg_per_week"].dropna()
    assert (capacity >= some.network.parts["weight_kg"].max()).all()
    assert set(some.targets.table["part"]) <= kept
    assert np.bincount(some.forecast.share_leaf, some.forecast.share) == pytest.approx(1.0)


def test_the_race_tells_everybody_s_cost_bound_and_seconds(tmp_path: Path) -> None:
    """The benchmark runs tiny: a row per planner, no plan cheaper than a bound, and a page with its chart."""
    assert main(["--parts", "2", "--seconds", "5", "--solvers", "HiGHS", "--out", str(tmp_path)], small()) == 0
    page = (tmp_path / "peer.md").read_text(encoding="utf-8")
    assert "| 2 | decomposition |" in page
    assert "| 2 | HiGHS |" in page
    assert (tmp_path / "peer.svg").read_text(encoding="utf-8").startswith("<svg")
    found = next(race(small(), [2], 5.0, ["HiGHS"]))
    assert list(found["planner"]) == ["decomposition", "HiGHS"]
    assert found["cost"].min() >= found["bound"].max() * (1 - EQUAL)
    assert "%" in table_text(found)
