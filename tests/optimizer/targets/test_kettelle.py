"""Four parts at one site under a budget: Barlow & Proschan (1965), Mathematical Theory of Reliability, after Kettelle.

Kettelle (1962), "Least-Cost Allocations of Reliability Investment", enumerates the undominated allocations. With
Poisson failures and ample repair a part's pipeline is Poisson of mean rate × turnaround (Palm 1938).
"""

import csv
import os
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from domain.service import BackorderCost
from optimizer.targets.buy_list import buy_list
from optimizer.targets.frontier import UnitValue, with_budget
from optimizer.targets.performance import performance
from optimizer.targets.response import PricedStock, respond
from optimizer.targets.system import System
from optimizer.targets.two_echelons import LEAF, POINT
from tests.optimizer.targets.cases import system

Floats = npt.NDArray[np.float64]
RATE = np.array([0.01, 0.02, 0.03, 0.01])  # failures per unit of time
TURNAROUND = np.array([100.0, 150.0, 60.0, 200.0])
COST = np.array([200.0, 100.0, 300.0, 250.0])
MOST = 9  # of each part, enumerated
EQUAL = np.ones(1)


def four_parts() -> System:
    """A point each, whose courier takes the turnaround from a depot that is never out."""
    of = system(np.random.default_rng(0), {"g": BackorderCost(1.0)}, leaves=4, points=1)
    leaves, points = np.zeros(4, LEAF), np.zeros(4, POINT)
    leaves["first"], leaves["last"], leaves["batch_index"] = np.arange(4), np.arange(1, 5), 1.0
    points["demand"], points["courier_weeks"] = RATE, TURNAROUND
    leaves["holding"] = points["holding"] = COST
    theta, weight = np.ones((4, 5)), np.eye(5)[[0, 0, 0, 0]]
    echelons = of.echelons._replace(leaves=leaves, points=points, theta=theta, weight=weight)
    return System(**vars(of) | {"echelons": echelons})


def backorders() -> Floats:
    """E[(N − s)⁺] of every part with s = 0..MOST spares, by scipy, shape (parts, MOST + 1)."""
    n = np.arange(80)
    beyond = np.maximum(n[None, :] - np.arange(MOST + 1)[:, None], 0)
    return np.array([beyond @ stats.poisson.pmf(n, mean) for mean in RATE * TURNAROUND])


def sequence() -> Floats:
    """Cost and expected backorders of the undominated allocations by cost, of all (MOST + 1)⁴, up to the first that
    might have wanted more than MOST of a part."""
    waiting = backorders()
    every = np.array(list(product(range(MOST + 1), repeat=4)))
    both = np.column_stack([every @ COST, sum(waiting[part][every[:, part]] for part in range(4))])
    order = np.lexsort((both[:, 1], both[:, 0]))
    both, full = both[order], (every[order] == MOST).any(axis=1)
    undominated = both[:, 1] < np.minimum.accumulate(np.concatenate([[np.inf], both[:-1, 1]])) - 1e-12
    both, full = both[undominated], full[undominated]
    kept: Floats = both[: int(np.argmax(full))]
    return kept


def corners(both: Floats) -> Floats:
    """The lower convex hull of cost and backorders."""
    hull: list[Floats] = []
    for row in both:
        while len(hull) > 1 and np.linalg.det(np.array([hull[-1] - hull[-2], row - hull[-2]])) <= 1e-9:
            hull.pop()
        hull.append(row)
    return np.array(hull[:-1])  # the last is only where the sequence was cut


def spent_and_waiting(of: System, stock: PricedStock) -> tuple[float, float]:
    now = performance(of.echelons, stock.depot_stock, stock.point_stock)
    return float(COST @ (stock.depot_stock + stock.point_stock)), float(now.backorders.sum())


def nothing() -> PricedStock:
    return PricedStock(EQUAL, np.zeros(4, np.int64), np.zeros(4, np.int64))


def test_the_data_are_the_books() -> None:
    """The four rows are those of the published data set."""
    if "ZAPAS_REAL_DATA" not in os.environ:
        pytest.skip("no real data")
    path = Path(os.environ["ZAPAS_REAL_DATA"]) / "metric" / "barlow_proschan_kettelle_4parts.csv"
    with path.open() as file:
        rows = [[float(row[column]) for column in ("Lam", "TAT", "C")] for row in csv.DictReader(file)]
    np.testing.assert_array_equal(np.array(rows).T, [RATE, TURNAROUND, COST])


def test_expected_backorders_are_poisson() -> None:
    """Every part with 0..9 spares waits as Palm's theorem says, to 1e-9."""
    of = four_parts()
    found = [performance(of.echelons, np.zeros(4, np.int64), np.full(4, s)).backorders for s in range(MOST + 1)]
    np.testing.assert_allclose(np.array(found).T, backorders(), atol=1e-9)


def test_the_buy_list_is_the_hull_of_the_optimal_sequence() -> None:
    """Unit by unit its money and backorders are the corners of the enumerated sequence: none is dominated."""
    hull = corners(sequence())
    assert len(hull) > 15
    table = buy_list(four_parts(), nothing(), np.zeros(4, np.int64), COST, least=0.0)
    waiting = backorders()[:, 0].sum() - np.cumsum(table["saved_a_year"].to_numpy()) / 52
    listed = np.column_stack([table["cumulative_money"], waiting])
    listed = np.concatenate([[[0.0, backorders()[:, 0].sum()]], listed])
    np.testing.assert_allclose(listed[: len(hull)], hull, atol=1e-6)


def test_a_price_sweep_gives_exactly_the_corners() -> None:
    """With a price of waiting between the slopes on both sides of a corner the engine's stock is that corner."""
    of, hull = four_parts(), corners(sequence())
    slope = -np.diff(hull[:, 0]) / np.diff(hull[:, 1])
    for corner, price in zip(hull[1:-1], np.sqrt(slope[:-1] * slope[1:]), strict=True):
        np.testing.assert_allclose(spent_and_waiting(of, respond(of, np.array([price]), None)), corner, atol=1e-6)


def test_every_budget_of_the_sequence_is_spent_best() -> None:
    """With the money of an undominated allocation the waiting is that of the enumeration, to 1e-6; the one of the 56
    where all four parts would have to trade at once is 1.2 % above it."""
    of, above = four_parts(), []
    for money, least in sequence()[1::5].tolist():
        spent, waiting = spent_and_waiting(of, with_budget(of, EQUAL, money, UnitValue(COST, COST)))
        assert spent <= money
        assert waiting >= least - 1e-9
        above.append(waiting / least - 1.0)
    assert max(above) <= 0.012
    assert sum(excess > 1e-6 for excess in above) <= 1
