"""The ranked buy list: every prefix is the best use of its money."""

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest

from domain.service import FillRate
from optimizer.targets.buy_list import COLUMNS, buy_list
from optimizer.targets.performance import performance
from optimizer.targets.prices import find_prices
from optimizer.targets.response import PricedStock
from optimizer.targets.system import System
from tests.optimizer.targets.cases import system

WEEKS = 52


def least_waiting(of: System, price: float, units: int) -> npt.NDArray[np.float64]:
    """Least waiting at its price of every leaf with 0..units units in all, by trying every split, a week."""
    points = len(of.site) // len(of.part)
    least = np.full((len(of.part), units + 1), np.inf)
    for split in product(range(units + 1), repeat=1 + points):
        if sum(split) > units:
            continue
        stock = np.tile(np.array(split[1:]), len(of.part))
        now = performance(of.echelons, np.full(len(of.part), split[0]), stock)
        waiting = np.bincount(of.leaf, price * now.backorders)
        least[:, sum(split)] = np.minimum(least[:, sum(split)], waiting)
    return least


def test_every_unit_is_worth_what_enumeration_says() -> None:
    """Two points a leaf: money and savings along a leaf's rows are corners of the enumerated curve, none below it."""
    of = system(np.random.default_rng(1), {"g": FillRate(0.9)}, leaves=3, points=2)
    of.echelons.points["demand"] *= 0.3
    stock = find_prices(of)
    curve = least_waiting(of, float(stock.price[0]), 6)
    table = buy_list(of, stock, np.zeros(3, np.int64), np.ones(3))
    for leaf, part in enumerate(of.part):
        rows = table[table["part"] == part]
        units, saved = rows["units"].cumsum().to_numpy(), rows["saved_a_year"].cumsum().to_numpy() / WEEKS
        known = units <= 6
        assert known.any()
        np.testing.assert_allclose(curve[leaf, 0] - saved[known], curve[leaf, units[known]], rtol=1e-9, atol=1e-9)
        corners = np.concatenate([[0], units]), curve[leaf, 0] - np.concatenate([[0.0], saved])
        assert (curve[leaf] >= np.interp(np.arange(7), *corners) - 1e-9).all()


def test_the_list_falls_in_value_and_adds_up() -> None:
    """Best first, cumulative money is the sum, money is units times value; the same list every time."""
    of = system(np.random.default_rng(2), {"a": FillRate(0.9), "b": FillRate(0.95)}, leaves=30)
    value = np.linspace(1.0, 90.0, 30)
    table = buy_list(of, find_prices(of), np.zeros(30, np.int64), value)
    assert table.columns.tolist() == COLUMNS
    assert table["value_per_money"].is_monotonic_decreasing
    np.testing.assert_allclose(table["cumulative_money"], table["money"].cumsum())
    unit = dict(zip(of.part, value, strict=True))
    np.testing.assert_allclose(table["money"], table["units"] * table["part"].map(unit))
    assert (table["value_per_money"] >= 0.01).all()


def test_a_budget_cuts_the_list() -> None:
    """With less money the list is the beginning of the longer one."""
    of = system(np.random.default_rng(3), {"g": FillRate(0.9)}, leaves=10)
    whole = buy_list(of, find_prices(of), np.zeros(10, np.int64), np.full(10, 7.0))
    part = buy_list(of, find_prices(of), np.zeros(10, np.int64), np.full(10, 7.0), money=200.0)
    assert 0 < len(part) < len(whole)
    assert part["cumulative_money"].iloc[-1] <= 200.0 < whole["cumulative_money"][len(part)]
    assert part.equals(whole.head(len(part)))


def test_what_is_there_is_not_bought_again() -> None:
    """A region that has what its first rows would bring starts with the next; one with plenty buys nothing."""
    of = system(np.random.default_rng(4), {"g": FillRate(0.9)}, leaves=1)
    stock = find_prices(of)
    whole = buy_list(of, stock, np.zeros(1, np.int64), np.ones(1))
    there = int(whole["units"].head(3).sum())
    rest = buy_list(of, stock, np.array([there]), np.ones(1))
    np.testing.assert_allclose(rest["saved_a_year"], whole["saved_a_year"].iloc[3:])
    assert buy_list(of, stock, np.array([10_000]), np.ones(1)).empty


def test_a_point_that_may_not_keep_the_part_gets_none() -> None:
    """With its points shut a leaf is worth what its depot alone can save."""
    of = system(np.random.default_rng(5), {"g": FillRate(0.9)}, leaves=1, points=2)
    of.echelons.points["line"] = np.inf
    stock = PricedStock(np.array([5.0]), np.zeros(1, np.int64), np.zeros(2, np.int64))
    table = buy_list(of, stock, np.zeros(1, np.int64), np.ones(1))
    units = int(table["units"].sum())
    empty, full = (performance(of.echelons, np.array([n]), np.zeros(2, np.int64)).backorders.sum() for n in (0, units))
    assert table["saved_a_year"].sum() == pytest.approx(5.0 * WEEKS * (empty - full), rel=1e-9)
