"""What one unit more or less of today's stock is worth to a depot's replenishment program (MODEL 3, 4).

A program is a shortest path over arrival slots whose state is what has come in so far. Stock given away today is a path
that starts lower, a unit from elsewhere a step that costs nothing, so one backward and one forward pass over the tables
of a leaf price every quantity at once.
"""

from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from domain.threads import in_threads, kernel
from optimizer.replenishment.instance import NEVER, Instance
from optimizer.replenishment.program import Terms
from optimizer.replenishment.week_cost import CostTables

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Receipts:
    """Where and when units could come in, sorted by leaf: leaf, week, most units."""

    leaf: Ints
    week: Ints
    most: Ints


class Supply(Enum):
    """Where a depot's other units come from: each bought for it, lying at the hub anyway, or from nowhere."""

    BOUGHT = "bought"
    AT_HUB = "at hub"
    NONE = "none"


def slot_prices(instance: Instance, terms: Terms, other: Supply) -> Floats:
    """Least money per unit that arrives in each slot, less the credit at the end, (leaves, K + 1); inf: nothing comes.

    What lies at the hub anyway costs only its way.
    """
    parts, leaves, sailings, weeks = instance.parts, instance.leaves, instance.departures, instance.weeks
    price = np.full((len(leaves.part), weeks + 1), np.inf)
    if other is Supply.NONE:
        return price
    order_value = np.full((len(instance.suppliers), weeks + 1), np.inf)
    for o in range(1, weeks + 1):
        open_now = instance.ordering.expected[:, o - 1] < NEVER
        value = 1.0 + terms.budget_price[instance.coupling.period_of_week[o]]
        value = value - parts.hub_rate * instance.ordering.expected_week[:, o - 1]
        order_value[:, o] = np.minimum(order_value[:, o - 1], np.where(open_now, value, np.inf))
    cost = parts.unit_cost[leaves.part]
    supplier, last = parts.supplier[leaves.part], np.minimum(parts.last_order_week[leaves.part], weeks)
    for depot in range(len(instance.depots)):
        here = np.flatnonzero(leaves.depot == depot)
        i = leaves.part[here]
        for j in range(sailings.depot_start[depot], sailings.depot_start[depot + 1]):
            moved = parts.lane_cost[i, sailings.lane[j]] + parts.litres[i] * terms.litre_price[j]
            moved += parts.weight_kg[i] * (terms.kg_price[j] + instance.coupling.consignment_price[j])
            if other is Supply.AT_HUB:
                moved -= parts.hub_rate * cost[here] * (weeks - sailings.week[j] + 1)
            else:
                latest = np.minimum(instance.ordering.latest[supplier[here], j], last[here])
                bought = order_value[supplier[here], latest] + parts.hub_rate * sailings.week[j]
                moved += cost[here] * bought - parts.credit[i]
            slot = sailings.slot[j]
            price[here, slot] = np.minimum(price[here, slot], moved)
    return price


class StockValues:
    """Marginal values of the stock of an instance of which up to `given` units per leaf might be given away."""

    def __init__(self, instance: Instance, given: Ints) -> None:
        leaves = instance.leaves
        self.instance, self.given = instance, given
        self._tables = CostTables(replace(instance, leaves=replace(leaves, net_stock=leaves.net_stock - given)))
        carried = instance.slot_law[leaves.depot, 1:, :].sum(axis=1)  # weeks charged to a slot
        self._slope = carried * leaves.holding[:, None]

    def tables(self, leaves: Ints, gone: Ints, came: Ints) -> CostTables:
        """Cost tables of some leaves once `gone` units have left each leaf and `came` have come in by slot, (K + 1).

        They are those of today's stock but for a constant: credit × given, the same whatever moves.
        """
        start, known = self.given - gone, self._tables
        cap = np.maximum(known.cap - start, 0)[leaves]
        offset = np.concatenate([[0], np.cumsum((cap + 1) * came.shape[1])])
        moved = _Moved(np.empty(offset[-1]), offset, cap)
        in_threads(
            _shifted, len(leaves), leaves, known.values, known.offset, known.cap, start[:, None] + came, self._slope,
            moved.values, moved.offset, moved.cap,
        )  # fmt: skip
        return moved

    def marginal(self, receipts: Receipts, price: Floats) -> tuple[list[Floats], list[Floats]]:
        """(loss of every leaf's first … given[n]-th unit given away, gain of each receipt's first … unit), in money.

        Both are of the convex envelope: losses rise, gains fall. The leaf's other supply adapts at these slot prices.
        """
        first_loss = np.concatenate([[0], np.cumsum(self.given)])
        first_gain = np.concatenate([[0], np.cumsum(receipts.most)])
        loss, gain = np.zeros(first_loss[-1]), np.zeros(first_gain[-1])
        rows = np.searchsorted(receipts.leaf, np.arange(len(self.given) + 1))
        tables = self._tables
        in_threads(
            _marginals, len(self.given), tables.values, tables.offset, tables.cap, self.given, self._slope, price,
            self.instance.line_cost, rows, receipts.week, receipts.most, first_loss, loss, first_gain, gain,
        )  # fmt: skip
        return (
            [_rising(loss[a:b]) for a, b in pairwise(first_loss)],
            [-_rising(-gain[a:b]) for a, b in pairwise(first_gain)],
        )


class _Moved(CostTables):
    """Tables read off others, of depots whose room is not limited."""

    def __init__(self, values: Floats, offset: Ints, cap: Ints) -> None:
        self.values, self.offset, self.cap = values, offset, cap
        self.stock, self.stock_offset = np.zeros(0), np.full(len(cap), -1)


def _rising(steps: Floats) -> Floats:
    """The steps of the lower convex envelope of their sums: neighbours that fall are pooled."""
    if not len(steps) or (np.diff(steps) >= 0).all():
        return steps
    mean: list[float] = []
    size: list[int] = []
    for step in steps:
        mean.append(float(step))
        size.append(1)
        while len(mean) > 1 and mean[-2] > mean[-1]:
            last, count = mean.pop(), size.pop()
            mean[-1] = (mean[-1] * size[-1] + last * count) / (size[-1] + count)
            size[-1] += count
    return np.repeat(mean, size)


@kernel
def _shifted(
    begin: int, end: int, leaves: Ints, values: Floats, offset: Ints, cap: Ints, shift: Ints, slope: Floats,
    out: Floats, out_offset: Ints, out_cap: Ints,
) -> None:  # fmt: skip
    """Write the tables of leaves begin..end − 1 of the list, row k read from column `shift[k]` on."""
    for m in range(begin, end):
        n = leaves[m]
        table = values[offset[n] : offset[n + 1]].reshape((-1, cap[n] + 1))
        new = out[out_offset[m] : out_offset[m + 1]].reshape((-1, out_cap[m] + 1))
        for k in range(len(new)):
            for x in range(out_cap[m] + 1):
                y = x + shift[n, k]
                new[k, x] = table[k, min(y, cap[n])] + slope[n, k] * max(y - cap[n], 0)


@kernel
def _marginals(
    begin: int, end: int, values: Floats, offset: Ints, cap: Ints, given: Ints, slope: Floats, price: Floats,
    line_cost: float, rows: Ints, week: Ints, most: Ints, first_loss: Ints, loss: Floats, first_gain: Ints,
    gain: Floats,
) -> None:  # fmt: skip
    """Write losses and gains of leaves begin..end − 1; tables start `given` units below today's stock.

    Beyond a table's last column nothing is short any more, and a unit costs its holding: `slope` per slot.
    """
    weeks = price.shape[1] - 1
    for n in range(begin, end):
        receive = 0
        for r in range(rows[n], rows[n + 1]):
            receive = max(receive, most[r])
        if given[n] == 0 and receive == 0:
            continue
        known = cap[n] + 1
        table = values[offset[n] : offset[n + 1]].reshape((weeks + 1, known))
        start = given[n]
        columns = max(known, start + 1) + receive
        cost = np.empty((weeks + 1, columns))
        for k in range(weeks + 1):
            for x in range(columns):
                cost[k, x] = table[k, min(x, known - 1)] + slope[n, k] * max(x - known + 1, 0)
        after = np.zeros((weeks + 2, columns))  # [k]: least money of slots k..K from x in before slot k
        for k in range(weeks, 0, -1):
            best, u = np.inf, price[n, k]  # best: min over z > x of money from z on, shipped by one line
            for x in range(columns - 1, -1, -1):
                stay = cost[k, x] + after[k + 1, x]
                after[k, x] = stay
                if u < np.inf:
                    after[k, x] = min(stay, line_cost - u * x + best)
                    best = min(best, stay + u * x)
        now = cost[0, start] + after[1, start]
        before = now
        for q in range(1, start + 1):
            less = cost[0, start - q] + after[1, start - q]
            loss[first_loss[n] + q - 1] = less - before
            before = less
        if receive == 0:
            continue
        so_far = np.full((weeks + 1, columns), np.inf)  # [k]: least money of slots 0..k with x in after slot k
        so_far[0, start] = cost[0, start]
        for k in range(1, weeks + 1):
            best, u = np.inf, price[n, k]
            for x in range(start, columns):
                money = so_far[k - 1, x]
                if u < np.inf:
                    money = min(money, line_cost + u * x + best)
                    best = min(best, so_far[k - 1, x] - u * x)
                so_far[k, x] = money + cost[k, x]
        for r in range(rows[n], rows[n + 1]):
            w, before = week[r], now
            for q in range(1, most[r] + 1):
                least = np.inf
                for x in range(start, columns - q):
                    least = min(least, so_far[w - 1, x] + after[w, x + q])
                gain[first_gain[r] + q - 1] = before - least
                before = least
