"""The engine against a plain SimPy model of the same network."""

import numpy as np
import pytest

from simulation.referee.board import AT_ONCE, BASE_STOCK, HUB, PLANNED, PURCHASE, SHIP, Board, Demands, Floats
from tests.simulation.referee.boards import board, played, poisson, rules
from tests.simulation.referee.simpy_network import PartNetwork

WEEKS, PARTS, POINTS = 30, 12, 3


def network(seed: int, courier_sd: float) -> tuple[Board, Demands, Floats]:
    """Parts with a supplier or without, planned for half the time and on base stock after it."""
    rng = np.random.default_rng(seed)
    number = 2 * WEEKS
    # purchases on Mondays, shipments on Tuesdays: no two things happen at the same moment
    time = np.sort(np.concatenate([7.0 * np.arange(WEEKS), 7.0 * np.arange(WEEKS) + 1.0]))
    planned = np.tile(time < 7.0 * WEEKS / 2, PARTS)
    table = board(
        PARTS,
        POINTS,
        base_stock=rng.integers(0, 4, PARTS * POINTS),
        depot_stock=rng.integers(2, 12, PARTS),
        courier_days=rng.uniform(1.0, 4.0, PARTS * POINTS),
        courier_days_sd=np.full(PARTS * POINTS, courier_sd),
        unlimited=np.arange(PARTS) % 3 == 0,
        moq=rng.integers(1, 12, PARTS),
        order_multiple=rng.integers(1, 4, PARTS),
        lot_start=np.arange(PARTS + 1) * 3,
        lot_site=np.tile([HUB, 1, 2], PARTS),
        lot_quantity=rng.integers(1, 9, 3 * PARTS),
        lot_expires=np.full(3 * PARTS, np.inf),
        lot_voyage=np.full(3 * PARTS, AT_ONCE),
        order_start=np.arange(PARTS + 1) * number,
        order_time=np.tile(time, PARTS),
        order_kind=np.tile([PURCHASE, SHIP], PARTS * WEEKS),
        order_leaf=np.tile([-1, 0], PARTS * WEEKS),
        order_voyage=np.tile(np.arange(number), PARTS),
        order_rule=np.where(planned, PLANNED, BASE_STOCK),
        order_level=np.tile(4.0 + rng.normal(0.0, 1.0, number), PARTS),
    )
    demands = poisson(PARTS, WEEKS, 2.0, POINTS, psi=1.4, a=3.0, seed=seed)
    demands = demands._replace(priority=rng.integers(1, 6, len(demands.time)))
    days = np.where(np.arange(number) % 2 == 0, 9.3, 13.7)
    arrives = time + days + np.sort(rng.uniform(0.0, 3.0, number))
    return table, demands, arrives


@pytest.mark.parametrize("fifo", [True, False])
def test_with_fixed_couriers_every_demand_waits_exactly_as_long(fifo: bool) -> None:
    """Same demand, same arrivals, nothing else random: both models agree demand by demand."""
    for seed in range(3):
        table, demands, arrives = network(seed, courier_sd=0.0)
        rule = rules(7.0 * WEEKS, fifo=fifo)
        out = played(table, demands, rule, arrives)
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
