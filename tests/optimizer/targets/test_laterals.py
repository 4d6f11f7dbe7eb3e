"""Laterals and express when stock is set: exact chains, textbook values, enumeration, and rules that must hold."""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse import coo_array, csr_array, diags_array, vstack
from scipy.sparse.linalg import spsolve

from domain.network import Network
from optimizer.targets.laterals.network import (
    LateralNetwork,
    SharedPoints,
    Ways,
    alone,
    among,
    lateral_network,
    main_points,
    with_mains,
)
from optimizer.targets.laterals.stock import Sharing, best_shared_stock, evaluate
from optimizer.targets.response import PricedStock
from optimizer.targets.system import System, build_system
from tests.optimizer.targets.cases import integers
from tests.optimizer.targets.networks import demand, lane, part, two_regions

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PRICE, LATERAL, EXPRESS = 10.0, 1.0, 8.0
Lists = list[list[int]]


def points(rates: Any, lead_weeks: Any, sources: Lists, **more: Any) -> LateralNetwork:
    """Points with the sources each asks in turn; a lateral costs a little more further down the list."""
    count = len(rates)
    values = {"price": PRICE, "holding": 1.0, "line": 0.0, "express_money": EXPRESS, "express_weeks": 0.0} | more
    columns = {name: np.broadcast_to(np.asarray(value, float), count).copy() for name, value in values.items()}
    lateral = columns.pop("lateral", np.full(count, LATERAL))
    rows = [(i, q, lateral[i] + 1e-3 * turn) for i, asked in enumerate(sources) for turn, q in enumerate(asked)]
    asks, source, money = (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.zeros(0),) * 3
    ways = Ways(asks.astype(np.int64), source.astype(np.int64), money.astype(float), np.zeros(len(rows)))
    own = SharedPoints(demand=np.asarray(rates, float), lead_weeks=np.asarray(lead_weeks, float), **columns)
    return LateralNetwork.of(own, ways)


def everybody(count: int) -> Lists:
    return [[q for q in range(count) if q != i] for i in range(count)]


def random_points(rng: np.random.Generator, **more: Any) -> LateralNetwork:
    """Two or three points, who ask all others or, in a star, the middle one."""
    count = int(rng.integers(2, 4))
    sources = [[1, 2], [0], [0]] if count == 3 and rng.random() < 0.4 else everybody(count)
    return points(rng.uniform(0.05, 0.8, count), rng.uniform(0.3, 2.0, count), sources, **more)


def exact(network: LateralNetwork, stock: Ints, express: npt.NDArray[np.bool_]) -> Floats:
    """Weekly cost of each point, without holding, by the stationary law of the chain of all pipelines.

    Lead times are exponential; a demand takes a unit of the first point of its list that has one, and where none has
    leaves (express) or waits at its own point, which may have seven waiting.
    """
    p, ways, count = network.points, network.ways, len(stock)
    shape = [int(s) + (1 if by_express else 8) for s, by_express in zip(stock, express, strict=True)]
    state = np.stack(np.unravel_index(np.arange(np.prod(shape)), shape))
    stride = [int(np.prod(shape[i + 1 :])) for i in range(count)]
    size = state.shape[1]
    moves: list[tuple[Ints, Ints, Floats]] = []
    paid = np.zeros((count, size))
    for i in range(count):
        left = np.ones(size, bool)
        own = ways.asks == i
        for q, money in [(i, 0.0), *zip(ways.source[own], ways.money[own], strict=True)]:
            taken = np.flatnonzero(left & (state[q] < stock[q]))
            moves.append((taken, taken + stride[q], np.full(len(taken), p.demand[i])))
            paid[i, taken] += p.demand[i] * money
            left[taken] = False
        waits = np.flatnonzero(left & (state[i] < shape[i] - 1) & ~express[i])
        moves.append((waits, waits + stride[i], np.full(len(waits), p.demand[i])))
        paid[i, left] += p.demand[i] * p.express_money[i] if express[i] else 0.0
        paid[i] += p.price[i] * np.maximum(state[i] - stock[i], 0)
        back = np.flatnonzero(state[i] > 0)
        moves.append((back, back - stride[i], state[i, back] / p.lead_weeks[i]))
    before, after, rate = (np.concatenate(column) for column in zip(*moves, strict=True))
    into = coo_array((rate, (after, before)), shape=(size, size)).tocsr()
    balance = into - diags_array(np.asarray(into.sum(axis=0)))
    whole = vstack([balance[:-1], csr_array(np.ones((1, size)))])  # one balance follows from the others
    law = spsolve(whole.tocsc(), np.append(np.zeros(size - 1), 1.0))
    return np.asarray(paid @ law)


def copies(network: LateralNetwork, count: int) -> LateralNetwork:
    """So many copies of a network that have nothing to do with each other."""
    size, p, w = len(network.points.demand), network.points, network.ways
    shift = np.repeat(np.arange(count) * size, len(w.asks))
    ways = Ways(np.tile(w.asks, count) + shift, np.tile(w.source, count) + shift, *(np.tile(c, count) for c in w[2:]))
    return LateralNetwork.of(SharedPoints(*(np.tile(column, count) for column in p)), ways)


def holding(network: LateralNetwork, stock: Ints) -> float:
    return float((network.points.holding * stock + np.where(stock > 0, network.points.line, 0.0)).sum())


def test_one_point_with_express_is_erlangs_loss_system() -> None:
    """Five erlangs on ten units lose 1.84 % (Erlang's tables), which express brings."""
    found = evaluate(points([5.0], [1.0], [[]], express_money=0.01), integers(10))
    assert found.by_express[0]
    assert found.unserved[0] == pytest.approx(0.018385, abs=1e-6)
    assert found.served[0] + found.unserved[0] == pytest.approx(1.0)


def test_one_point_that_waits_has_a_poisson_pipeline() -> None:
    """Without express and laterals the units waiting are E[(N − S)⁺] of N ~ Poisson(λL), as in METRIC (Palm)."""
    found = evaluate(points([0.7], [3.0], [[]], express_money=np.inf), integers(3))
    n = np.arange(80)
    law = stats.poisson(2.1)
    assert found.waiting[0] == pytest.approx(float(np.maximum(n - 3, 0) @ law.pmf(n)))
    assert found.served[0] == pytest.approx(law.cdf(2))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0.05, 1.0), st.integers(0, 3)), min_size=2, max_size=4))
def test_full_pooling_of_equal_lead_times_loses_what_one_shelf_would(rows: list[tuple[float, int]]) -> None:
    """Where all points help each other and nobody waits, the share nobody can serve is Erlang B of the whole."""
    rates, stock = np.array([row[0] for row in rows]), integers(*(row[1] for row in rows))
    network = points(rates, np.ones(len(rows)), everybody(len(rows)), express_money=1e-3, lateral=0.0)
    found = evaluate(network, stock)
    whole = evaluate(points([rates.sum()], [1.0], [[]], express_money=1e-3), integers(int(stock.sum())))
    assert found.by_express.all()
    assert found.unserved == pytest.approx(np.full(len(rows), whole.unserved[0]), abs=1e-6)


def test_cost_is_near_that_of_the_exact_chain() -> None:
    """Random points, full pooling or a star, waiting or express: 1.6 % off the shortage cost, 0.3 % off the total."""
    rng, shortage, total = np.random.default_rng(2), [], []
    for _ in range(60):
        network = random_points(rng, express_money=rng.choice([EXPRESS, np.inf]))
        stock = rng.integers(0, 3, len(network.points.demand))
        found = evaluate(network, stock)
        truth = exact(network, stock, found.by_express).sum()
        held = holding(network, stock)
        shortage.append(abs(found.cost.sum() - held - truth) / truth)
        total.append(abs(found.cost.sum() - held - truth) / (held + truth))
    assert np.mean(shortage) <= 0.03
    assert np.mean(total) <= 0.01


def test_greedy_stock_is_near_the_best_by_enumeration() -> None:
    """Adding, taking off and moving single units ends ≤ 0.5 % above the best of all on average, ≤ 5 % at worst."""
    rng, above = np.random.default_rng(7), []
    for _ in range(12):
        network = random_points(rng, line=rng.choice([0.0, 0.4]), holding=rng.uniform(0.5, 2.0))
        count = len(network.points.demand)
        every = np.array(list(product(range(5), repeat=count)))
        cost = evaluate(copies(network, len(every)), every.ravel()).cost.reshape(every.shape).sum(axis=1)
        apart = best_shared_stock(alone(network)).cost.sum()
        above.append(best_shared_stock(network).cost.sum() / min(cost.min(), apart) - 1.0)
    assert min(above) >= -1e-9
    assert np.mean(above) <= 0.005
    assert max(above) <= 0.05


def test_together_never_costs_more_than_alone_and_saves_on_average() -> None:
    """A cluster that would lose by helping does not help; where laterals cost 1 against 8 or more, helping saves."""
    rng, saved = np.random.default_rng(11), []
    for _ in range(40):
        network = random_points(rng, line=rng.choice([0.0, 0.4]))
        apart, shared = best_shared_stock(alone(network)).cost.sum(), best_shared_stock(network).cost.sum()
        assert shared <= apart * (1 + 1e-9)
        saved.append(1.0 - shared / apart)
    assert np.mean(saved) > 0.05


def test_without_lanes_every_point_keeps_its_own_best_stock() -> None:
    """No laterals: exactly the cheapest stock of each point by itself, Poisson pipeline against a plain scan."""
    rng = np.random.default_rng(3)
    rates, leads = rng.uniform(0.05, 1.5, 12), rng.uniform(0.2, 3.0, 12)
    network = points(rates, leads, [[] for _ in rates], express_money=np.inf, line=0.3)
    found = best_shared_stock(network)
    n = np.arange(60)
    for p, load in enumerate(rates * leads):
        waiting = [np.maximum(n - s, 0) @ stats.poisson(load).pmf(n) for s in range(20)]
        cost = [PRICE * w + s + (0.3 if s else 0.0) for s, w in enumerate(waiting)]
        assert found.stock[p] == np.argmin(cost)
        assert found.cost[p] == pytest.approx(min(cost))
    assert _same(best_shared_stock(alone(network)), found)


@pytest.mark.parametrize("express", [1e-2, np.inf])
def test_free_and_instant_laterals_make_identical_points_one(express: float) -> None:
    """With free help two points come near one with the demand of both: as good where express brings the rest.

    Who waits does so at his own point, so that with waiting two shelves stay a little worse than one.
    """
    two = points([0.4, 0.4], [1.5, 1.5], everybody(2), lateral=0.0, express_money=express)
    one = points([0.8], [1.5], [[]], express_money=express)
    for units in range(5):
        stock = integers((units + 1) // 2, units // 2)
        merged, shared = evaluate(one, integers(units)).cost.sum(), evaluate(two, stock).cost.sum()
        assert shared == pytest.approx(merged, rel=1e-3) if express < 1 else shared >= merged * (1 - 1e-6)
        assert shared <= evaluate(alone(two), stock).cost.sum() * (1 + 1e-6)
    best = [best_shared_stock(network).cost.sum() for network in (one, two, alone(two))]
    assert best[0] * (1 - 1e-3) <= best[1] <= best[2] * (1 + 1e-9)
    assert best[1] - best[0] <= 0.5 * (best[2] - best[0])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_every_demand_is_served_somehow(seed: int) -> None:
    """Own shelf, laterals and the unserved share are chances that add up to 1, whatever the numbering of points."""
    rng = np.random.default_rng(seed)
    network = random_points(rng, express_money=rng.choice([EXPRESS, np.inf]))
    count = len(network.points.demand)
    stock = rng.integers(0, 4, count)
    found = evaluate(network, stock)
    helped = np.bincount(network.ways.asks, found.given, count)
    assert found.served + helped + found.unserved == pytest.approx(np.ones(count), abs=1e-6)
    assert min(found.served.min(), found.given.min(), found.unserved.min()) >= 0.0
    place = rng.permutation(count)
    renamed = SharedPoints(*(np.empty_like(column) for column in network.points))
    for column, before in zip(renamed, network.points, strict=True):
        column[place] = before
    ways = network.ways._replace(asks=place[network.ways.asks], source=place[network.ways.source])
    moved = np.empty_like(stock)
    moved[place] = stock
    again = evaluate(LateralNetwork.of(renamed, ways), moved)
    assert again.cost[place] == pytest.approx(found.cost, rel=1e-6)


def _same(one: Sharing, other: Sharing) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def with_laterals(**tables: list[dict[str, Any]]) -> Network:
    """Two regions in which A1 and A2, and B1 and B2, have laterals, and express lanes reach A1 and A2."""
    plain = two_regions()
    kept = plain.lanes.drop(columns=["co2_kg_per_kg"]).to_dict("records")
    lanes = [{str(k): v for k, v in row.items()} for row in kept] + [
        lane("A1", "A2", "courier", 1, 3.0, minimum_charge=0.1, insurance_rate=0.01, dangerous_goods=False),
        lane("A2", "A1", "courier", 2, 3.0, volumetric_kg_per_m3=200, dangerous_goods=True),
        lane("A2", "A1", "road", 3, 9.0, dangerous_goods=True),
        lane("B1", "B2", "courier", 1, 0.2, cost_per_consignment=0.5, consignment_kg=0.4, departures="Mon Thu"),
        lane("A1", "B1", "courier", 1, 0.1),
        lane("HUB", "A1", "express", 4, 9.0, customs_days=1),
        lane("HUB", "A2", "express", 4, 9.0, customs_days=1),
    ]
    return two_regions(**({"lanes": lanes} | tables))


def priced(network: Network, price: float = 200.0) -> tuple[System, PricedStock]:
    """Its system at one price of waiting, with no stock at depots and one unit at every point."""
    forecast = demand({("p1", "R1"): 0.8, ("p1", "R2"): 0.8, ("p2", "R1"): 0.5})
    system = build_system(network, forecast)
    depots, rows = np.zeros(len(system.part), np.int64), np.ones(len(system.leaf), np.int64)
    return system, PricedStock(np.full(len(system.targets), price), depots, rows)


def test_lanes_between_points_become_laterals_inside_their_region() -> None:
    """Money is max(kg, m³ × factor) × rate with minimum, insurance and consignments; weeks wait for a departure."""
    network = with_laterals(parts=[part("p1", 20.0, volume_l=10.0), part("p2", 5.0, dangerous_goods=True)], stock=[])
    system, stock = priced(network)
    found = lateral_network(network, system, stock)
    site, name = system.site, system.part[system.leaf]
    ways = {
        (name[i], site[q], site[i]): (money, 7 * weeks)
        for i, q, money, weeks in zip(
            found.ways.asks, found.ways.source, found.ways.money, found.ways.weeks, strict=True
        )
    }
    wait = np.mean([0, 2, 1, 0, 3, 2, 1])  # Monday to Sunday, until Monday or Thursday
    assert ways == {
        ("p1", "A1", "A2"): pytest.approx((3.0 + 0.2, 1.0)),
        ("p1", "A2", "A1"): pytest.approx((6.0, 2.0)),  # 10 litres × 200 kg/m³: two kilograms
        ("p2", "A2", "A1"): pytest.approx((3.0, 2.0)),  # the lane back takes no dangerous goods
        ("p1", "B1", "B2"): pytest.approx((0.2 + 3 * 0.5, 1.0 + wait)),
    }
    by_express = np.isfinite(found.points.express_money)
    assert set(zip(name[by_express], site[by_express], strict=True)) == {("p1", "A1"), ("p1", "A2")}
    assert found.points.express_money[by_express] == pytest.approx(9.0)
    assert found.points.express_weeks[by_express] == pytest.approx(5 / 7)


def test_a_lateral_across_a_border_pays_duty_of_its_destination() -> None:
    """10 % duty and 20 % unrecovered VAT on value and freight, where the two points are in different countries."""
    sites = [{str(k): v for k, v in row.items()} for row in with_laterals().sites.to_dict("records")]
    for row in sites:
        row["country"] = "BY" if row["site"] == "A2" else row["country"]
    duties = [
        {"country": "BY", "hs_prefix": "", "duty_rate": 0.5},
        {"country": "BY", "hs_prefix": "85", "duty_rate": 0.1, "vat_rate": 0.2, "vat_recoverable": False},
    ]
    network = with_laterals(sites=sites, duties=duties, parts=[part("p1", 20.0, hs_code="8529"), part("p2", 5.0)])
    system, stock = priced(network)
    found = lateral_network(network, system, stock)
    asked = system.site[found.ways.asks] == "A2"
    assert found.ways.money[asked & (system.part[system.leaf[found.ways.asks]] == "p1")] == pytest.approx(
        3.2 + 0.1 * 23.2 + 0.2 * 1.1 * 23.2
    )


def test_laterals_that_cost_more_than_waiting_are_not_offered() -> None:
    """At a price of waiting near nothing no lane is worth its freight."""
    network = with_laterals()
    assert len(lateral_network(network, *priced(network, price=0.01)).ways.asks) == 0


def test_a_full_site_takes_no_part_number_more() -> None:
    """Where a site keeps as many part numbers as it may, sharing may change their units but not add one."""
    sites = [{str(k): v for k, v in row.items()} for row in with_laterals().sites.to_dict("records")]
    for row in sites:
        row["max_lines"] = 1 if row["site"] == "A1" else row["max_lines"]
    network = with_laterals(sites=sites)
    system, stock = priced(network)
    stock.point_stock[(system.site == "A1") & (system.part[system.leaf] == "p1")] = 0
    found = best_shared_stock(lateral_network(network, system, stock))
    at_full = system.site == "A1"
    assert (found.stock[at_full & (system.part[system.leaf] == "p1")] == 0).all()
    assert (found.stock[at_full & (system.part[system.leaf] == "p2")] > 0).all()


def test_main_points_are_those_of_most_demand_that_can_give() -> None:
    """One main per depot: A1 has three quarters of the demand; B2 gives nothing, so B1 it is; only mains give."""
    network = with_laterals()
    system, stock = priced(network)
    found = lateral_network(network, system, stock)
    assert main_points(found, system, 1) == ["A1", "B1"]
    assert set(system.site[with_mains(found, system, 1).ways.source]) == {"A1", "B1"}
    assert _same(best_shared_stock(with_mains(found, system, 2)), best_shared_stock(found))
    assert len(with_mains(found, system, 0).ways.asks) == 0


def test_laterals_stay_among_points_of_one_label() -> None:
    """Pooling within owners keeps only the lanes between points of the same owner."""
    network = points([0.3] * 4, [1.0] * 4, everybody(4))
    found = among(network, integers(0, 1, 0, 1))
    assert set(zip(found.ways.asks.tolist(), found.ways.source.tolist(), strict=True)) == {
        (0, 2),
        (2, 0),
        (1, 3),
        (3, 1),
    }
    assert len(found.first) - 1 == 2
