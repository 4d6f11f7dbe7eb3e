"""What a stock achieves, against textbook, exact laws and closed forms."""

import os
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from domain import counts
from optimizer.targets.performance import performance
from optimizer.targets.two_echelons import FEW, TwoEchelons
from tests.optimizer.targets.cases import echelons, gamma_nodes, integers, naive_backorders, random_case

REAL_DATA = os.environ.get("ZAPAS_REAL_DATA")

# Sherbrooke (2004), Optimal Inventory Modeling of Systems, ch. 3: five bases with 23.2 demands a year each, 20 %
# repaired at the base in 0.01 years, order and ship time 0.01, depot turnaround 0.02531 years. Time is in years here.
SHERBROOKE_BASE = {"demand": 23.2, "local_share": 0.2, "repair_weeks": 0.01, "courier_weeks": 0.01}
# total stock: depot stock, expected base backorders (the METRIC equations solved)
SHERBROOKE_OPTIMUM = {0: (0, 3.508768), 3: (3, 1.507167), 6: (1, 0.574329), 8: (3, 0.205952), 12: (2, 0.039317)}


def metric_optimum(e: TwoEchelons, total: int) -> tuple[int, list[int], float]:
    """Best split of `total` units: every depot stock, and marginal analysis at the bases, convex given that."""
    bases = len(e.points)
    found = []
    for depot in range(total + 1):
        stock = np.zeros(bases, np.int64)
        for _ in range(total - depot):
            out = performance(e, integers(depot), stock, metric=True).out
            stock[int(np.argmax(out.round(12)))] += 1
        backorders = performance(e, integers(depot), stock, metric=True).backorders.sum()
        found.append((float(backorders), depot, stock.tolist()))
    best = min(found)
    return best[1], best[2], best[0]


@pytest.mark.parametrize(("total", "depot", "backorders"), [(t, d, b) for t, (d, b) in SHERBROOKE_OPTIMUM.items()])
def test_metric_is_the_special_case_of_poisson_backorders(total: int, depot: int, backorders: float) -> None:
    """With METRIC's variance the engine gives Sherbrooke's optimal split and backorders to 1e-6."""
    e = echelons(*[SHERBROOKE_BASE] * 5, lead_weeks=0.02531)
    split, _, achieved = metric_optimum(e, total)
    assert split == depot
    assert achieved == pytest.approx(backorders, abs=1e-6)


@pytest.mark.skipif(REAL_DATA is None, reason="ZAPAS_REAL_DATA names the folder of published data")
def test_metric_agrees_with_the_whole_published_curve() -> None:
    """Every row of the computed optimal allocation, 0..12 spares: split, backorders, depot backorders and pipeline."""
    folder = Path(str(REAL_DATA)) / "metric"
    bases = pd.read_csv(folder / "sherbrooke_5base_1lru.csv")
    columns = {"bLam": "demand", "Pbr": "local_share", "brT": "repair_weeks", "transp": "courier_weeks"}
    points: list[dict[Any, Any]] = bases.rename(columns=columns)[list(columns.values())].to_dict("records")
    e = echelons(*points, lead_weeks=float(bases["dTAT"].iloc[0]))
    rows: list[dict[Any, Any]] = pd.read_csv(folder / "sherbrooke_optimal_allocation_computed.csv").to_dict("records")
    for row in rows:
        depot, stock, backorders = metric_optimum(e, row["total_stock"])
        assert (depot, "/".join(str(s) for s in stock)) == (row["depot_stock"], row["base_stocks"])
        assert backorders == pytest.approx(row["expected_base_backorders"], abs=1e-6)
        achieved = performance(e, integers(depot), np.array(stock), metric=True)
        assert achieved.depot_backorders[0] == pytest.approx(row["depot_EBO"], abs=1e-6)


def simon(e: TwoEchelons, depot_stock: int) -> npt.NDArray[np.float64]:
    """Exact law of the first point's N (Simon 1971): Binomial(B_d, f) + Poisson(λ_p L_p), B_d = (N_d − S_d)⁺."""
    points = e.points
    total = points["demand"].sum()
    n = np.arange(60)
    pipeline = stats.poisson.pmf(n, total * e.leaves["lead_weeks"][0])
    backorders = np.append(pipeline[: depot_stock + 1].sum(), pipeline[depot_stock + 1 :])
    here = stats.binom.pmf(n[None, :], np.arange(len(backorders))[:, None], points["demand"][0] / total)
    return np.convolve(backorders @ here, stats.poisson.pmf(n, points["demand"][0] * points["courier_weeks"][0]))


@pytest.mark.parametrize(("fewest", "most"), [(2, FEW), (FEW + 1, 9)])
def test_vari_metric_comes_within_one_percent_of_the_exact_law(fewest: int, most: int) -> None:
    """Σ|ΔEBO|/ΣEBO over 20 Poisson systems against the exact law (Simon 1971): nothing with few points, whose law is
    convolved, 0.4 % for VARI-METRIC behind more, 3 % for METRIC."""
    rng = np.random.default_rng(1971)
    error, exact_sum = {False: 0.0, True: 0.0}, 0.0
    for _ in range(20):
        count = int(rng.integers(fewest, most + 1))
        points = [{"demand": rng.uniform(0.05, 0.5), "courier_weeks": rng.uniform(0.2, 1)} for _ in range(count)]
        e = echelons(*points, lead_weeks=rng.uniform(1, 6))
        for depot in range(6):
            law = simon(e, depot)
            for stock in range(4):
                exact = float(np.maximum(np.arange(len(law)) - stock, 0) @ law)
                exact_sum += exact
                for metric in error:
                    at = performance(e, integers(depot), np.full(count, stock), metric=metric)
                    error[metric] += abs(float(at.backorders[0]) - exact)
    assert error[False] / exact_sum < (1e-9 if most <= FEW else 0.01)
    assert error[True] > 2 * error[False]


@given(st.integers(0, 10_000), st.integers(0, 6), st.tuples(st.integers(0, 4), st.integers(0, 4)))
@settings(max_examples=60, deadline=None)
def test_backorders_follow_the_formulas(seed: int, depot: int, stock: tuple[int, int]) -> None:
    """The compiled engine equals MODEL 2 written out in scipy, with every feature switched on."""
    e = random_case(np.random.default_rng(seed))
    achieved = performance(e, integers(depot), integers(*stock)).backorders
    np.testing.assert_allclose(achieved, naive_backorders(e, depot, stock), rtol=1e-7, atol=1e-9)


@given(st.floats(0.01, 40), st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_a_single_site_is_the_palm_base_stock_model(pipeline: float, stock: int) -> None:
    """One point behind a depot that is never out: fill = P(N ≤ S − 1), EBO = E[(N − S)⁺], N Poisson(λL) (Palm 1938)."""
    e = echelons({"demand": pipeline, "courier_weeks": 1.0}, lead_weeks=0.0)
    achieved = performance(e, integers(0), integers(stock))
    n = np.arange(200)
    assert achieved.fill[0] == pytest.approx(stats.poisson.cdf(stock - 1, pipeline), abs=1e-9)
    assert achieved.backorders[0] == pytest.approx(np.maximum(n - stock, 0) @ stats.poisson.pmf(n, pipeline), abs=1e-8)
    assert achieved.out[0] == pytest.approx(stats.poisson.sf(stock, pipeline), abs=1e-9)


@given(st.floats(0.05, 20), st.floats(1, 4), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_fill_counts_the_units_of_a_batch(pipeline: float, batch_index: float, stock: int) -> None:
    """With a known rate the fill rate is that of `domain.counts.fill_rate`: the j-th unit needs N ≤ S − j."""
    e = echelons({"demand": pipeline, "courier_weeks": 1.0}, lead_weeks=0.0, batch_index=batch_index)
    expected = counts.fill_rate(pipeline, batch_index, 0.0, stock)
    assert performance(e, integers(0), integers(stock)).fill[0] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(("shape", "near"), [(1.0, 0.06), (3.0, 0.01), (8.0, 0.001)])
def test_five_nodes_stand_for_the_uncertain_rate(shape: float, near: float) -> None:
    """EBO over Gamma(a, a) and fill over its size-biased law agree with the integral (pipeline 6)."""
    point = {"demand": 1.0, "courier_weeks": 2.0}
    e = echelons(point, point, lead_weeks=3.0, rate_shape=shape)
    theta, weight = gamma_nodes(shape)
    fine = TwoEchelons.behind_full_hub(e.leaves, e.points, theta[None, :], weight[None, :])
    for depot, stock in product((0, 4, 8), (1, 3, 6)):
        five, integral = (performance(x, integers(depot), integers(stock, stock)) for x in (e, fine))
        assert five.backorders[0] == pytest.approx(integral.backorders[0], abs=near)
        assert five.fill[0] == pytest.approx(integral.fill[0], abs=near)


def test_a_known_rate_promises_too_much() -> None:
    """Times of high demand have more customers: with a = 5 the stock that fills 95 % at a known rate fills far less."""
    point = {"demand": 4.0, "courier_weeks": 2.0}
    stock = integers(int(stats.poisson.ppf(0.95, 8.0)) + 1)
    known, uncertain = (
        performance(echelons(point, lead_weeks=0.0, rate_shape=a), integers(0), stock).fill[0] for a in (np.inf, 5.0)
    )
    assert known > 0.95
    assert 0.75 < uncertain < 0.88


@given(st.integers(0, 10_000), st.floats(0.1, 5))
@settings(max_examples=40, deadline=None)
def test_a_longer_lead_time_never_lowers_backorders(seed: int, weeks: float) -> None:
    """Longer to the depot or on the courier: as many devices wait, or more."""
    e = random_case(np.random.default_rng(seed))
    leaves, points = e.leaves.copy(), e.points.copy()
    leaves["lead_weeks"] += weeks
    points["courier_weeks"] += weeks
    before = performance(e, integers(2), integers(1, 2)).backorders.sum()
    for slower in (e._replace(leaves=leaves), e._replace(points=points)):
        assert performance(slower, integers(2), integers(1, 2)).backorders.sum() >= before - 1e-9


def test_users_at_the_depot_are_served_from_its_stock() -> None:
    """With no shelf of its own the depot's user finds a unit whenever the depot has one: P(N_d ≤ S_d − 1)."""
    e = echelons({"demand": 0.5, "courier_weeks": 0.0, "at_depot": 1}, {"demand": 0.5}, lead_weeks=4.0)
    for depot in range(6):
        achieved = performance(e, integers(depot), integers(0, 0))
        assert achieved.fill[0] == pytest.approx(stats.poisson.cdf(depot - 1, 4.0))
        assert achieved.fill[0] == pytest.approx(achieved.depot_fill[0])
        assert achieved.fill[1] == 0.0


def test_a_kept_shelf_at_the_depot_serves_its_user_longer() -> None:
    """A unit kept back at the depot fills its own user as long as none of the depot's backorders is his."""
    e = echelons({"demand": 0.5, "courier_weeks": 0.0, "at_depot": 1}, {"demand": 0.5}, lead_weeks=4.0)
    kept, shared = (performance(e, integers(d), integers(s, 0)).fill[0] for d, s in ((2, 1), (3, 0)))
    assert kept > shared


def test_service_within_days_counts_what_arrives_in_time() -> None:
    """P(wait ≤ w) with Poisson demand and sure lead times: S = 0 everywhere needs lead + courier; the courier alone
    needs a unit at the depot; a unit ordered within w of the end of its courier time frees the shelf."""
    e = echelons({"demand": 0.5, "courier_weeks": 1.0}, lead_weeks=4.0)

    def within(weeks: float, depot: int, stock: int) -> float:
        return float(performance(e, integers(depot), integers(stock), np.array([weeks])).fill[0])

    assert within(0.0, 3, 0) == 0.0
    assert within(5.0, 0, 0) == pytest.approx(0.0)
    assert within(1.0, 2, 0) == pytest.approx(stats.poisson.cdf(1, 2.0))
    assert within(3.0, 2, 0) == pytest.approx(stats.poisson.cdf(1, 1.0))
    assert within(0.4, 500, 2) == pytest.approx(stats.poisson.cdf(1, 0.3))
    waits = [within(w, 2, 1) for w in (0.0, 0.5, 1.0, 2.0, 4.0)]
    assert waits == sorted(waits)
