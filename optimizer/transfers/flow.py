"""Which units move: one min-cost flow over all parts, its arcs the marginal values of the replenishment programs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

RESOLUTION = 1e-4  # money per unit of the flow's integer cost
_DEAREST = 1e8  # money; beyond it all units are worth alike


@dataclass(frozen=True)
class Market:
    """Who can give what to whom. Leaves are part × depot.

    loss[n]: what giving its first, second, … unit costs leaf n, rising. gain[r]: what the first, second, … unit saves
    at (leaf, week of arrival) r, falling; taker[r]: its leaf. Lines: giver (leaf), receipt (r), cost per unit in money.
    """

    loss: list[Floats]
    gain: list[Floats]
    taker: Ints
    giver: Ints
    receipt: Ints
    cost: Floats


def choose(market: Market) -> Ints:
    """Units of each line that make losses + transport − gains least.

    Arcs: source → each unit a leaf can give → line → receipt → each unit a leaf can use → sink; what does not move goes
    straight from source to sink. Units that reach a leaf in different weeks fill the same places, so that none counts
    twice. Raises RuntimeError if the solver does not prove its optimum.
    """
    units = np.zeros(len(market.cost), np.int64)
    first_gain = np.array([gain[0] if len(gain) else -np.inf for gain in market.gain])
    first_loss = np.array([loss[0] if len(loss) else np.inf for loss in market.loss])
    pays = np.flatnonzero(first_gain[market.receipt] > market.cost + first_loss[market.giver])
    if not len(pays):
        return units
    givers, giver = np.unique(market.giver[pays], return_inverse=True)
    receipts, receipt = np.unique(market.receipt[pays], return_inverse=True)
    takers, taker = np.unique(market.taker[receipts], return_inverse=True)
    offered = np.array([len(market.loss[n]) for n in givers])
    usable = np.array([len(market.gain[r]) for r in receipts])
    places = np.zeros(len(takers), np.int64)
    np.maximum.at(places, taker, usable)
    first_place = 2 + len(givers) + len(receipts) + np.concatenate([[0], np.cumsum(places)])
    give_node, receipt_node = 2 + np.arange(len(givers)), 2 + len(givers) + np.arange(len(receipts))
    of_receipt = np.repeat(np.arange(len(receipts)), usable)
    nth = np.arange(len(of_receipt)) - np.repeat(np.cumsum(usable) - usable, usable)
    place = np.arange(2 + len(givers) + len(receipts), first_place[-1])
    total = int(offered.sum())
    arcs = (
        (give_node[giver], receipt_node[receipt], np.minimum(offered[giver], usable[receipt]), market.cost[pays]),
        (np.zeros(total), np.repeat(give_node, offered), 1, np.concatenate([market.loss[n] for n in givers])),
        (receipt_node[of_receipt], first_place[taker[of_receipt]] + nth, 1,
         -np.concatenate([market.gain[r] for r in receipts])),
        (place, np.ones(len(place)), 1, 0.0),
        (np.zeros(1), np.ones(1), total, 0.0),
    )  # fmt: skip
    tail, head, capacity, cost = (
        np.concatenate([np.broadcast_to(one[column], len(one[0])) for one in arcs]) for column in range(4)
    )
    flow = SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(
        tail.astype(np.int32), head.astype(np.int32), capacity.astype(np.int64),
        np.round(np.clip(cost, -_DEAREST, _DEAREST) / RESOLUTION).astype(np.int64),
    )  # fmt: skip
    flow.set_nodes_supplies(np.array([0, 1], np.int32), np.array([total, -total]))
    status = flow.solve()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"the flow of transfers ended with {status.name}")
    units[pays] = flow.flows(np.arange(len(pays)))
    return units
