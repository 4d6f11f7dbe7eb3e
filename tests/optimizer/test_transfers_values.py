"""Marginal values of stock against planning again with one unit more or less."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.replenishment.coupling import coupling_rows
from optimizer.replenishment.instance import Instance, build_instance
from optimizer.replenishment.week_cost import CostTables
from optimizer.transfers.problem import money_of_parts
from optimizer.transfers.values import Receipts, StockValues, Supply, slot_prices
from tests.optimizer.transfer_networks import Pair

CASES = [
    Pair(demand={("A", "D1"): 0.4, ("A", "D2"): 0.0}, stock={("A", "D1"): 6}),
    Pair(demand={("A", "D1"): 1.5, ("A", "D2"): 0.2}, stock={("A", "D1"): 12}, base_stock={("A", "P1"): 1}),
    Pair(demand={("A", "D1"): 0.8, ("A", "D2"): 0.1}, price=400.0),
    Pair(demand={("A", "D1"): 0.05, ("A", "D2"): 0.0}, stock={("A", "D1"): 9}),
]
MOST = 6


def arrays(case: Pair) -> Instance:
    """The case as the optimizer computes with it."""
    return build_instance(case.network(), case.forecast(), case.targets())


def money(instance: Instance, units: int, week: int) -> float:
    """Cost of the part with so many units more at its first depot: today if fewer, under way until `week` if more."""
    leaves, rows = instance.leaves, coupling_rows(instance)
    change = np.zeros(len(leaves.part))
    change[0] = units
    if units < 0:
        changed = replace(leaves, net_stock=leaves.net_stock + change, initial_stock=leaves.initial_stock + change)
    else:
        arriving = np.zeros_like(leaves.inbound)
        arriving[0, week - 1 :] = units
        changed = replace(leaves, inbound=leaves.inbound + arriving)
    instance = replace(instance, leaves=changed)
    return float(money_of_parts(instance, CostTables(instance), rows, np.zeros(len(rows.limit)))[0])


@pytest.mark.parametrize("case", CASES)
def test_values_are_what_planning_again_costs(case: Pair) -> None:
    """Without fixed costs the sum of the first q marginal values is the change of the least cost, to the cent."""
    instance = arrays(case)
    rows = coupling_rows(instance)
    prices = slot_prices(instance, rows.terms(instance, np.zeros(len(rows.limit))), Supply.BOUGHT)
    given = np.array([MOST, 0])
    receipts = Receipts(np.array([0, 0]), np.array([1, 3]), np.array([MOST, MOST]))
    loss, gain = StockValues(instance, given).marginal(receipts, prices)
    before = money(instance, 0, 1)
    for q in range(1, MOST + 1):
        assert loss[0][:q].sum() == pytest.approx(money(instance, -q, 1) - before, abs=0.01)
        for row, week in enumerate((1, 3)):
            assert gain[row][:q].sum() == pytest.approx(before - money(instance, q, week), abs=0.01)


def test_losses_rise_and_gains_fall() -> None:
    """With a cost per order line, too, each unit given costs no less than the one before, each taken saves no more."""
    instance = arrays(replace(CASES[1], settings={"order_line_cost": 30.0}))
    rows = coupling_rows(instance)
    prices = slot_prices(instance, rows.terms(instance, np.zeros(len(rows.limit))), Supply.BOUGHT)
    receipts = Receipts(np.array([0, 1]), np.array([2, 1]), np.array([9, 4]))
    loss, gain = StockValues(instance, np.array([9, 0])).marginal(receipts, prices)
    assert [len(one) for one in (*loss, *gain)] == [9, 0, 9, 4]
    assert (np.diff(loss[0]) >= -1e-9).all()
    assert all((np.diff(one) <= 1e-9).all() for one in gain)


def test_a_unit_from_the_hub_spares_only_its_way() -> None:
    """What lies at the hub anyway costs less than what is bought for it: slot prices are lower in every slot."""
    instance = arrays(CASES[0])
    rows = coupling_rows(instance)
    terms = rows.terms(instance, np.zeros(len(rows.limit)))
    bought, moved = (slot_prices(instance, terms, other) for other in (Supply.BOUGHT, Supply.AT_HUB))
    reached = np.isfinite(bought)
    assert reached.any()
    assert (moved[reached] < bought[reached]).all()


@pytest.mark.parametrize("case", CASES)
def test_tables_of_moved_stock_are_those_of_other_stock(case: Pair) -> None:
    """Read from other columns, the tables of today's stock give the costs of stock given away and of stock to come."""
    instance = arrays(case)
    rows, leaves = coupling_rows(instance), instance.leaves
    values = StockValues(instance, np.array([MOST, 0]))
    free = np.zeros(len(rows.limit))

    def shifted(gone: int, week: int, units: int) -> float:
        came = np.zeros((2, instance.weeks + 1), np.int64)
        came[0, week:] = units
        tables = values.tables(np.arange(2), np.array([gone, 0]), came)
        return float(money_of_parts(instance, tables, rows, free)[0])

    before = shifted(0, 1, 0)
    assert before - money(instance, 0, 1) == pytest.approx(MOST * instance.parts.credit[leaves.part[0]])
    for units in (1, 3, MOST):
        assert shifted(units, 1, 0) - before == pytest.approx(money(instance, -units, 1) - money(instance, 0, 1))
        for week in (1, 4):
            assert shifted(0, week, units) - before == pytest.approx(
                money(instance, units, week) - money(instance, 0, 1)
            )
