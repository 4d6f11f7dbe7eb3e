"""One plan for every part: shipment lines, purchases, what they cost and the least any plan could cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.replenishment.instance import Instance
from optimizer.replenishment.program.facts import Counts, Floats, Ints


@dataclass(frozen=True)
class PartPlans:
    """One plan for every part, as shipment lines and purchases sorted by part.

    leaf, departure, units: one row per shipment line. buyer (part), week (1-based), bought (units): one per purchase.
    cost: true money of the part's plan with consignments at their price per kg, (parts,). bound: the least any plan
    of the part can cost at the prices it was made for, (parts,).
    """

    leaf: Ints
    departure: Ints
    units: Ints
    buyer: Ints
    week: Ints
    bought: Ints
    cost: Floats
    bound: Floats

    def arrivals(self, instance: Instance) -> Counts:
        """Units by leaf and arrival slot − 1, shape (leaves, K)."""
        arriving = np.zeros((len(instance.leaves.part), instance.weeks), np.int32)
        np.add.at(arriving, (self.leaf, instance.departures.slot[self.departure] - 1), self.units)
        return arriving

    def without_lines(self) -> "PartPlans":
        """Nothing shipped or bought; cost and bound stay those of before."""
        none = np.zeros(0, np.int64)
        return PartPlans(none, none, none, none, none, none, self.cost, self.bound)

    def with_parts(
        self, instance: Instance, chosen: Ints, lines: list[tuple[int, int, int]], orders: list[tuple[int, int, int]]
    ) -> "PartPlans":
        """The parts `chosen` served by other lines (leaf, departure, units) and orders (part, week, units)."""
        keep = ~np.isin(instance.leaves.part[self.leaf], chosen)
        keep_order = ~np.isin(self.buyer, chosen)
        new, ordered = np.array(lines, np.int64).reshape(-1, 3), np.array(orders, np.int64).reshape(-1, 3)
        line = np.vstack([np.column_stack([self.leaf, self.departure, self.units])[keep], new])
        order = np.vstack([np.column_stack([self.buyer, self.week, self.bought])[keep_order], ordered])
        line, order = line[np.lexsort((line[:, 1], line[:, 0]))], order[np.lexsort((order[:, 1], order[:, 0]))]
        return PartPlans(
            line[:, 0], line[:, 1], line[:, 2], order[:, 0], order[:, 1], order[:, 2], self.cost, self.bound
        )


def picked(instance: Instance, choices: Sequence[PartPlans], pick: Ints) -> PartPlans:
    """Every part's plan from the choice whose number `pick` (parts,) says."""
    part = instance.leaves.part
    lines = [pick[part[plans.leaf]] == number for number, plans in enumerate(choices)]
    orders = [pick[plans.buyer] == number for number, plans in enumerate(choices)]
    leaf, departure, units = (
        np.concatenate([getattr(plans, name)[mine] for plans, mine in zip(choices, lines, strict=True)])
        for name in ("leaf", "departure", "units")
    )
    buyer, week, bought = (
        np.concatenate([getattr(plans, name)[mine] for plans, mine in zip(choices, orders, strict=True)])
        for name in ("buyer", "week", "bought")
    )
    cost, bound = (
        np.stack([getattr(p, name) for p in choices])[pick, np.arange(len(pick))] for name in ("cost", "bound")
    )
    return PartPlans(leaf, departure, units, buyer, week, bought, cost, bound)
