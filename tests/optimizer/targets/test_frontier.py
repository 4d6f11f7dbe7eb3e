"""The frontier of money against waiting, and the best stock within a budget."""

from dataclasses import replace

import numpy as np
import pytest

from domain.service import FillRate, MeanWait
from optimizer.targets.frontier import COLUMNS, UnitValue, frontier, with_budget
from optimizer.targets.local_search import kept_cost
from optimizer.targets.performance import performance
from optimizer.targets.prices import find_prices
from optimizer.targets.response import PricedStock, respond
from optimizer.targets.system import System
from tests.optimizer.targets.cases import system
from tests.optimizer.targets.test_local_search import tiny_system

TARGETS: dict[str, FillRate | MeanWait] = {"a": FillRate(0.9), "b": MeanWait(1.0)}


def value_of(of: System) -> UnitValue:
    """A unit is worth a year's holding cost times four, 52 weeks at 25 %."""
    return UnitValue(208 * of.echelons.leaves["holding"], 208 * of.echelons.points["holding"])


def waiting(of: System, stock: PricedStock) -> float:
    return float(performance(of.echelons, stock.depot_stock, stock.point_stock).backorders.sum())


def test_the_frontier_runs_from_no_stock_to_full_service() -> None:
    """Dearer waiting never means more of it at less money: columns rise and fall together, from nothing to all."""
    of = system(np.random.default_rng(1), dict(TARGETS), leaves=20)
    stock = find_prices(of)
    table = frontier(of, stock, (np.geomspace(1e-4, 1e4, 25) * 1.5).tolist(), value_of(of))
    assert table.columns.tolist() == COLUMNS
    assert table["group"].value_counts().to_dict() == {"": 25, "a": 25, "b": 25}
    assert not table["planned"].any()
    for _, rows in table.groupby("group"):
        assert rows["price"].is_monotonic_increasing
        assert (rows["mean_wait_days"].diff().dropna() <= 1e-6).all()
        assert (rows["kept_cost_a_year"].diff().dropna() >= -1e-9).all()
        assert rows["stock_money"].iloc[0] == 0.0
        assert rows["fill_rate"].iloc[-1] > 0.999


def test_the_groups_add_up_to_the_whole() -> None:
    """Money, kept cost and waiting of the groups sum to those of all; a row is the stock of its price."""
    of = system(np.random.default_rng(2), dict(TARGETS), leaves=12)
    of = replace(of, group=np.arange(len(of.group)) % 2)
    own = respond(of, np.array([2.0, 1.0]), None)
    table = frontier(of, own, (0.1, 0.5, 1.0, 3.0), value_of(of))
    money = table.pivot_table(index=table.groupby("group").cumcount(), columns="group", values="stock_money")
    np.testing.assert_allclose(money["a"] + money["b"], money[""])
    prices = [table.loc[table["group"] == group, "price"].iloc[3] for group in ("a", "b")]
    stock = respond(of, np.array(prices), None)
    row = table[table["group"] == ""].iloc[3]
    assert prices == pytest.approx([6.0, 3.0])
    assert table.loc[table["planned"], "stock_money"].max() == pytest.approx(value_of(of).of(own))
    assert row["stock_money"] == pytest.approx(value_of(of).of(stock))
    assert row["kept_cost_a_year"] == pytest.approx(52 * kept_cost(of, stock))
    assert row["mean_wait_days"] == pytest.approx(7 * waiting(of, stock) / of.echelons.points["demand"].sum())


def test_a_budget_is_kept_and_used() -> None:
    """Never above the money, less than the cheapest useful unit below it, and less waiting with more of it."""
    of = system(np.random.default_rng(3), {"g": FillRate(0.9)}, leaves=30)
    value = value_of(of)
    all_money = value.of(respond(of, np.array([50.0]), None))
    before = waiting(of, with_budget(of, np.ones(1), 0.0, value))
    for share in (0.1, 0.4, 0.7, 1.0):
        stock = with_budget(of, np.ones(1), share * all_money, value)
        left = share * all_money - value.of(stock)
        assert 0.0 <= left < value.depot.min()
        assert waiting(of, stock) < before
        before = waiting(of, stock)


def test_a_budget_does_as_well_as_a_price() -> None:
    """Given the money of a stock that minds holding, lines and a price, waiting is no longer than with it by 0.3 %."""
    of = system(np.random.default_rng(4), {"g": FillRate(0.9)}, leaves=30)
    priced = find_prices(of)
    stock = with_budget(of, priced.price, value_of(of).of(priced), value_of(of))
    assert waiting(of, stock) <= 1.003 * waiting(of, priced)


@pytest.mark.parametrize("seed", [1, 5, 9])
def test_a_tiny_budget_is_spent_nearly_as_well_as_can_be(seed: int) -> None:
    """One to three leaves: no stock of the same money or less waits less by more than 1 %."""
    of = tiny_system(np.random.default_rng(seed), "wait")
    value = value_of(of)
    money = 1.05 * value.of(find_prices(of)) + value.depot.max()
    found = waiting(of, with_budget(of, np.ones(1), money, value))
    rng = np.random.default_rng(seed)
    for _ in range(100):
        stock = PricedStock(np.ones(1), rng.integers(0, 4, len(of.part)), rng.integers(0, 3, len(of.site)))
        if value.of(stock) <= money:
            assert waiting(of, stock) >= 0.99 * found


def test_without_money_nothing_is_kept() -> None:
    """A budget of 0, and one below the cheapest unit, buy nothing."""
    of = system(np.random.default_rng(5), {"g": FillRate(0.9)}, leaves=5)
    for money in (0.0, 0.99 * value_of(of).depot.min()):
        stock = with_budget(of, np.ones(1), money, value_of(of))
        assert stock.depot_stock.sum() == stock.point_stock.sum() == 0
