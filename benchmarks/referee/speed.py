"""Time per event: the compiled engine and the tests' SimPy model side by side (python -m benchmarks.referee.speed)."""

from time import perf_counter

import numpy as np

from benchmarks.machine import machine_facts
from simulation.referee.board import Board, Demands, Floats
from tests.simulation.referee.boards import board, played, poisson, rules, shipping, stocked, weekly_days
from tests.simulation.referee.simpy_network import PartNetwork

POINTS, WEEKLY, LEAD_DAYS = 6, 12.0, 21.0


def network(parts: int, weeks: int) -> tuple[Board, Demands, Floats]:
    """Parts with a depot on base stock and six points, a dozen units a week."""
    days = weekly_days(weeks)
    table = board(
        parts,
        POINTS,
        base_stock=np.full(parts * POINTS, 2),
        depot_stock=np.full(parts, 60),
        courier_days_sd=np.full(parts * POINTS, 1.0),
        **stocked(parts, 1, 60),
        **shipping(parts, days),
    )
    return table, poisson(parts, weeks, WEEKLY, POINTS), days + LEAD_DAYS


def measure(parts: int, weeks: int, simpy_parts: int) -> dict[str, float]:
    """Microseconds per event of both, on the same network; an event is a demand, an order, an arrival."""
    table, demands, arrives = network(parts, weeks)
    rule = rules(7.0 * weeks)
    played(table, demands, rule, arrives)  # compiled, or read from the cache
    begun = perf_counter()
    out = played(table, demands, rule, arrives)
    engine = (perf_counter() - begun) / out.events.sum()
    begun = perf_counter()
    for part in range(simpy_parts):
        PartNetwork(table, demands, arrives, rule, part, seed=1).run()
    plain = (perf_counter() - begun) / out.events[:simpy_parts].sum()
    return {"engine_us": 1e6 * engine, "simpy_us": 1e6 * plain, "times_faster": plain / engine}


if __name__ == "__main__":
    print(", ".join(f"{name} {value}" for name, value in machine_facts().items()))
    found = measure(parts=2000, weeks=52, simpy_parts=40)
    print(", ".join(f"{name} {value:,.2f}" for name, value in found.items()))
