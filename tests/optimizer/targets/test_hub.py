"""The hub as third echelon: its law, what it owes the depots, the stock it keeps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from optimizer.targets import hub
from optimizer.targets.best_stock import best_stock
from optimizer.targets.performance import performance
from optimizer.targets.two_echelons import HUB, LEAF, POINT, Records, TwoEchelons, rate_nodes
from tests.optimizer.targets.cases import Floats, integers


@given(st.floats(0.05, 30), st.floats(1, 4), st.integers(0, 40), st.integers(1, 50))
@settings(max_examples=40, deadline=None)
def test_lots_average_over_inventory_positions(mean: float, index: float, stock: int, lot: int) -> None:
    """E B, E[B²] and P(at once) are the means over positions stock..stock + lot − 1 of the law of the pipeline."""
    variance = index * mean
    law = stats.nbinom(mean / (index - 1), 1 / index) if index > 1 + 1e-6 else stats.poisson(mean)
    n, position = np.arange(3000), np.arange(stock, stock + lot)
    short = np.maximum(n[:, None] - position[None, :], 0)
    p = law.pmf(n)
    found = hub.backorders(mean, max(variance, mean), stock, lot)
    expected = [(p @ short).mean(), (p @ short**2).mean(), law.cdf(position - 1).mean()]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def part(rng: np.random.Generator, leaves: int = 2, lot: int = 1) -> tuple[TwoEchelons, Records]:
    """One part with a hub, two points behind each depot."""
    hubs, table, points = np.zeros(1, HUB), np.zeros(leaves, LEAF), np.zeros(2 * leaves, POINT)
    hubs["last"], hubs["lead_weeks"], hubs["lead_variance"], hubs["lot"] = leaves, rng.uniform(1, 4), 0.3, lot
    hubs["holding"] = 0.5
    table["first"], table["last"] = 2 * np.arange(leaves), 2 * np.arange(leaves) + 2
    table["lead_weeks"], table["batch_index"], table["holding"] = rng.uniform(2, 5, leaves), 1.3, 1.0
    points["demand"], points["courier_weeks"] = rng.gamma(1.0, 0.3, 2 * leaves), 0.4
    points["holding"] = 1.0
    theta, weight = rate_nodes(rng.choice([1.5, np.inf], leaves))
    return TwoEchelons.behind_full_hub(table, points, theta, weight), hubs


def owed(e: TwoEchelons, hubs: Records, stock: int) -> Floats:
    return hub.owe(e, hubs, integers(stock))


@pytest.mark.parametrize("stock", [0, 1, 3])
def test_a_hub_without_stock_adds_its_lead_time(stock: int) -> None:
    """With a single depot all the hub owes is that depot's: behind an empty hub the pipeline is λ (L + L_supplier)."""
    e, hubs = part(np.random.default_rng(4), leaves=1)
    demand = e.points["demand"].sum()
    mean = owed(e, hubs, stock)[0, 0] @ e.weight[0]
    served = hub.hub_service(e, hubs, integers(stock))
    assert served[0, 0] == pytest.approx(demand)
    assert mean == pytest.approx(served[0, 1], rel=0.02)
    if stock == 0:
        assert mean == pytest.approx(demand * hubs["lead_weeks"][0])


def cost(e: TwoEchelons, hubs: Records, price: float, stock: int) -> float:
    """Least cost with this hub stock: holding everywhere and waiting."""
    behind = e._replace(owed=owed(e, hubs, stock))
    depot, point = np.zeros(len(e.leaves), np.int64), np.zeros(len(e.points), np.int64)
    best_stock(behind, np.full(len(point), price), np.ones(len(depot), bool), False, depot, point, np.zeros(len(point)))
    waiting = performance(behind, depot, point).backorders.sum()
    return float(hubs["holding"][0] * stock + depot.sum() + point.sum() + price * waiting)


@pytest.mark.parametrize("seed", range(8))
def test_the_hub_keeps_what_enumeration_would(seed: int) -> None:
    """Of all hub stocks, with depots and points at their best behind each, the choice is within 1 % of the cheapest."""
    rng = np.random.default_rng(seed)
    e, hubs = part(rng, lot=int(rng.choice([1, 4])))
    price = float(rng.uniform(3, 40))
    found = hub.place(e, hubs, np.full(len(e.points), price))
    least = min(cost(e, hubs, price, stock) for stock in range(16))
    assert cost(e, hubs, price, int(found[0])) <= least / hub.NEAR + 1e-9


def test_a_hub_without_lead_time_keeps_nothing() -> None:
    """What is bought when it leaves is never out at the hub, and none of it is kept there."""
    e, hubs = part(np.random.default_rng(1))
    hubs["lead_weeks"] = 0.0
    found = hub.place(e, hubs, np.full(len(e.points), 50.0))
    assert found[0] == 0
    assert not owed(e, hubs, 0).any()
