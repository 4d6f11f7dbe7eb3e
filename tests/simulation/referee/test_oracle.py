"""The engine against a plain SimPy model of the same network."""

import numpy as np
import pytest

from simulation.referee.board import AT_ONCE, BASE_STOCK, CATCH_UP, HUB, PLANNED, PURCHASE, SHIP, Board, Demands, Floats
from tests.simulation.referee.boards import board, played, poisson, rules, weekly_days
from tests.simulation.referee.simpy_network import PartNetwork

WEEKS, PARTS, LEAVES, POINTS = 30, 8, 2, 2


def network(seed: int, courier_sd: float) -> tuple[Board, Demands, Floats]:
    """Parts with a supplier or without, planned for half the time and on base stock after it; two depots share a hub,
    each with two lanes."""
    rng = np.random.default_rng(seed)
    # purchases on Mondays, shipments on Tuesdays and Wednesdays: no two things happen at the same moment
    time: Floats = (weekly_days(WEEKS)[:, None] + np.arange(1 + LEAVES)).ravel()
    number, every = len(time), PARTS * len(time)
    kind = np.tile([PURCHASE, *[SHIP] * LEAVES], PARTS * WEEKS)
    planned = np.where((rng.random(every) < 0.4) & (kind == SHIP), CATCH_UP, PLANNED)
    leaves, points = PARTS * LEAVES, PARTS * LEAVES * POINTS
    table = board(
        PARTS,
        leaf_start=np.arange(PARTS + 1) * LEAVES,
        point_start=np.arange(leaves + 1) * POINTS,
        base_stock=rng.integers(0, 4, points),
        depot_stock=rng.integers(2, 12, leaves),
        courier_days=rng.uniform(1.0, 4.0, points),
        courier_days_sd=np.full(points, courier_sd),
        unlimited=np.arange(PARTS) % 4 == 0,
        moq=rng.integers(1, 12, PARTS),
        order_multiple=rng.integers(1, 4, PARTS),
        lot_start=np.arange(PARTS + 1) * 4,
        lot_site=np.tile([HUB, 1, 2, 3], PARTS),
        lot_quantity=rng.integers(1, 9, 4 * PARTS),
        lot_expires=np.full(4 * PARTS, np.inf),
        lot_voyage=np.full(4 * PARTS, AT_ONCE),
        order_start=np.arange(PARTS + 1) * number,
        order_time=np.tile(time, PARTS),
        order_kind=kind,
        order_leaf=np.tile([-1, *range(LEAVES)], PARTS * WEEKS),
        order_lane=rng.integers(0, 2, every),
        order_voyage=np.tile(np.arange(number), PARTS),
        order_rule=np.where(np.tile(time < 7.0 * WEEKS / 2, PARTS), planned, BASE_STOCK),
        order_level=np.tile(4.0 + rng.normal(0.0, 1.0, number), PARTS),
    )
    demands = poisson(PARTS, WEEKS, 2.0, POINTS, psi=1.4, a=3.0, seed=seed, leaves=LEAVES)
    demands = demands._replace(priority=rng.integers(1, 6, len(demands.time)))
    days = np.where(np.arange(number) % (1 + LEAVES) == 0, 9.3, 13.7)
    arrives = time + days + np.sort(rng.uniform(0.0, 3.0, number))
    return table, demands, arrives


@pytest.mark.parametrize("fifo", [True, False])
def test_with_fixed_couriers_every_demand_waits_exactly_as_long(fifo: bool) -> None:
    """Same demand, same arrivals, nothing else random: both models agree demand by demand."""
    for seed in range(3):
        table, demands, arrives = network(seed, courier_sd=0.0)
        rule = rules(7.0 * WEEKS, fifo=fifo)
        out = played(table, demands, rule, arrives)
        assert out.moved[table.order_rule == CATCH_UP].sum() > 20
        for part in range(PARTS):
            naive = PartNetwork(table, demands, arrives, rule, part, seed)
            naive.run()
            rows = slice(demands.start[part], demands.start[part + 1])
            assert out.waited[rows] == pytest.approx(list(naive.waited.values()), abs=1e-6)
            assert out.last[rows] == pytest.approx(list(naive.last.values()), abs=1e-6)
            assert out.at_once[rows].tolist() == list(naive.at_once.values())


def test_with_random_couriers_the_means_agree_within_their_interval() -> None:
    """Each model draws its own couriers: mean wait and fill rate differ by noise only."""
    difference = []
    for seed in range(12):
        table, demands, arrives = network(seed, courier_sd=1.5)
        rule = rules(7.0 * WEEKS)
        out = played(table, demands, rule, arrives, seed)
        for part in range(PARTS):
            naive = PartNetwork(table, demands, arrives, rule, part, seed)
            naive.run()
            rows = slice(demands.start[part], demands.start[part + 1])
            units = max(int(demands.quantity[rows].sum()), 1)
            wait = (out.waited[rows].sum() - sum(naive.waited.values())) / units
            difference.append((wait, (out.at_once[rows].sum() - sum(naive.at_once.values())) / units))
    mean, error = np.mean(difference, axis=0), np.std(difference, axis=0) / np.sqrt(len(difference))
    assert (abs(mean) < 3.5 * error).all()
    assert error[0] < 0.1
    assert error[1] < 0.01
