"""Cost tables of leaves: against enumeration, the judge's states, and the outlook of whole plans."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.replenishment.outlook import outlook
from optimizer.replenishment.program import PartPlans
from optimizer.replenishment.week_cost import on_hand_table
from tests.judge.calendar import Calendar
from tests.judge.leaves import Leaves, leaves_of
from tests.judge.prices import Prices
from tests.judge.states import evaluate
from tests.optimizer.replenishment.cases import Arrays, arrays, probabilities
from tests.random_networks import Case, random_network

SEEDS = (0, 7, 12, 23, 33, 41)


@settings(deadline=None)  # the first example compiles
@given(st.floats(-30.0, 60.0), st.floats(0.05, 40.0), st.floats(1.0, 6.0))
def test_stock_on_hand_is_the_mean_over_all_demands(first: float, mean: float, ratio: float) -> None:
    """E[(z + x − D)⁺] equals the sum over the counts D, for any real z and every unit x more."""
    found = np.empty(12)
    on_hand_table(first, 12, mean, mean * ratio, found)
    demand = np.arange(2000)
    left = np.maximum(first + np.arange(12)[:, None] - demand[None, :], 0.0)
    np.testing.assert_allclose(found, left @ probabilities(mean, mean * ratio), rtol=1e-9, atol=1e-9)


def judges_leaves(case: Case) -> Leaves:
    """The leaves of a case as the judge sees them."""
    calendar = Calendar(case.network)
    prices = Prices(case.network, calendar)
    frames = (case.forecast_frame, case.shares, case.targets)
    return leaves_of(case.network, frames, case.waiting_price, calendar, prices)


def judges_table(
    leaves: Leaves, leaf: int, credit: float, units: int
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Money of X = 0..units − 1 in by slot k = 0..K, from the judge's states, end terms included."""
    weeks = leaves.net.shape[1]
    week, shipped = (grid.ravel() for grid in np.meshgrid(np.arange(1, weeks + 1), np.arange(units), indexing="ij"))
    states = evaluate(leaves, np.full(len(week), leaf), week, shipped.astype(float))
    money = (states.holding + states.shortage).reshape(weeks, units)
    held = (states.depot + states.shelves - shipped).reshape(weeks, units)
    money[-1] += states.late.reshape(weeks, units)[-1] - credit * held[-1]
    table: np.ndarray[tuple[int, int], np.dtype[np.float64]] = leaves.rho[leaf].T @ money
    return table


@pytest.mark.parametrize("seed", SEEDS)
def test_tables_are_the_outsiders(seed: int) -> None:
    """Every entry of every leaf's table is what the judge's states cost, averaged over which slot is the last in."""
    case = random_network(seed)
    given, leaves = arrays(case), judges_leaves(case)
    instance = given.instance
    for n in range(len(instance.leaves.part)):
        i = int(instance.leaves.part[n])
        leaf = leaves.key.index((str(instance.parts.part[i]), str(instance.leaves.region[n])))
        table = given.tables.of(n)
        expected = judges_table(leaves, leaf, float(instance.parts.credit[i]), table.shape[1])
        np.testing.assert_allclose(table, expected, rtol=1e-8, atol=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_unit_beyond_a_table_would_be_worth_its_place(seed: int) -> None:
    """One unit more than the table holds saves less than a ten-thousandth of money in every slot."""
    case = random_network(seed)
    given, leaves = arrays(case), judges_leaves(case)
    instance = given.instance
    for n, cap in enumerate(given.tables.cap):
        i = int(instance.leaves.part[n])
        leaf = leaves.key.index((str(instance.parts.part[i]), str(instance.leaves.region[n])))
        beyond = judges_table(leaves, leaf, float(instance.parts.credit[i]), int(cap) + 6)[:, cap:]
        assert (np.diff(beyond, axis=1) >= -1e-4).all()


def random_plans(given: Arrays, rng: np.random.Generator) -> PartPlans:
    """Random shipments within the tables, at most one line per leaf and slot."""
    lines = []
    for n, depot in enumerate(given.instance.leaves.depot):
        sailings = given.instance.departures
        first, last = int(sailings.depot_start[depot]), int(sailings.depot_start[depot + 1])
        left = int(given.tables.cap[n])
        for slot in np.unique(sailings.slot[first:last]):
            units = int(rng.integers(0, min(left, 2) + 1))
            j = int(rng.choice(first + np.flatnonzero(sailings.slot[first:last] == slot)))
            left -= units
            if units > 0:
                lines.append((n, j, units))
    leaf, departure, units_of = np.array(lines, dtype=np.int64).reshape(-1, 3).T
    none, parts = np.zeros(0, np.int64), np.zeros(len(given.instance.parts.part))
    return PartPlans(leaf, departure, units_of, none, none, none, cost=parts, bound=parts)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_outlook_costs_what_the_tables_say_along_the_path(seed: int) -> None:
    """Holding, waiting and end terms of any plan add up to Σ_k Ĝ_k(X_k), leaf by leaf."""
    given = arrays(random_network(seed))
    instance = given.instance
    plans = random_plans(given, np.random.default_rng(seed))
    assert plans.units.sum() > 0
    expected = outlook(instance, plans)
    arrived = np.cumsum(plans.arrivals(instance), axis=1)
    for n in range(len(instance.leaves.part)):
        table, path = given.tables.of(n), np.concatenate([[0], arrived[n]])
        credit = instance.parts.credit[instance.leaves.part[n]]
        money = expected.holding[n].sum() + expected.shortage[n].sum() + expected.late[n]
        money += credit * (path[-1] - expected.end_held[n])
        assert money == pytest.approx(float(table[np.arange(len(path)), path].sum()), rel=1e-9, abs=1e-5)
