"""Bounds are below the optimum of all stocks, and near it."""

from dataclasses import replace

import numpy as np
import pytest

from domain.service import FillRate, MeanWait
from optimizer.targets.best_stock import SLACK
from optimizer.targets.bound import kept_cost_bound, waiting_bound
from optimizer.targets.local_search import local_search
from optimizer.targets.prices import find_prices
from optimizer.targets.response import respond
from tests.optimizer.targets.cases import system
from tests.optimizer.targets.test_local_search import least_kept_cost, priced, tiny_system


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_is_never_above_the_optimum(seed: int) -> None:
    """No stock enumerated is below the waiting bound at a given price, nor below the bound of a mean wait."""
    at_price = tiny_system(np.random.default_rng(seed), "price")
    best = least_kept_cost(at_price)
    bound = waiting_bound(at_price, find_prices(at_price))
    assert best / SLACK - 1e-9 <= bound.lower_bound <= best
    assert kept_cost_bound(at_price, find_prices(at_price)).lower_bound == pytest.approx(bound.lower_bound)
    by_wait = tiny_system(np.random.default_rng(seed), "wait")
    stock = local_search(by_wait, find_prices(by_wait))
    assert kept_cost_bound(by_wait, stock).lower_bound <= least_kept_cost(by_wait)


def test_the_gap_of_a_response_is_what_the_scan_leaves_open() -> None:
    """The stock of least cost has the gap 1 − 1/SLACK and no less: what is not proved is not claimed."""
    of = system(np.random.default_rng(1), {"g": FillRate(0.9)})
    stock = respond(of, find_prices(of).price, None)
    bound = waiting_bound(of, stock)
    assert bound.cost == pytest.approx(priced(of, stock))
    assert bound.gap == pytest.approx(1 - 1 / SLACK, abs=1e-12)
    more = replace(stock, depot_stock=stock.depot_stock + 1)
    assert waiting_bound(of, more).gap > bound.gap


def test_a_mean_wait_is_kept_near_its_bound() -> None:
    """With many leaves the integer gap is small: kept cost within a few percent of what any stock must cost."""
    of = system(np.random.default_rng(2), {"g": MeanWait(1.0)})
    bound = kept_cost_bound(of, local_search(of, find_prices(of)))
    assert 0.0 < bound.gap < 0.03


def test_limits_on_lines_do_not_raise_the_bound() -> None:
    """A site that may keep fewer lines costs more; the bound stays that of the system without limits."""
    of = system(np.random.default_rng(3), {"g": FillRate(0.9)}, leaves=20)
    limited = replace(of, line_limit=np.where(of.site == "Q0", 3.0, np.inf))
    stock = find_prices(limited)
    assert waiting_bound(limited, stock).lower_bound == waiting_bound(of, stock).lower_bound


def test_nothing_to_keep_has_no_gap() -> None:
    """A target met without stock costs nothing and is proved best."""
    of = system(np.random.default_rng(4), {"g": MeanWait(500.0)}, leaves=3)
    assert kept_cost_bound(of, find_prices(of)).gap == 0.0
