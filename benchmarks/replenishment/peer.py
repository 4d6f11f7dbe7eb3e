"""Replenishment as a well-written mixed-integer program: the peer of the decomposition in quality and time.

It reads the arrays of an instance and its cost tables, and has the same coupling rows. What each leaf's cumulative
shipments cost at a slot is a step per unit at rising prices, the dual form of a tangent at every integer: the same
relaxation with one row instead of one per tangent; steps of equal price are one column. Where the cost is not convex
the steps are those of its lower convex envelope. `by_unit` says of each unit which line brings it: many more columns,
a much tighter relaxation where lines cost money, and exact whatever the cost. Depot storage and churn are left out.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.replenishment.envelope import lower_envelope, rising
from benchmarks.replenishment.worth import merged, worth_shipping, worth_using
from benchmarks.replenishment.writer import Writer
from optimizer.linear_program import LinearProgram
from optimizer.replenishment.instance import NEVER, Instance
from optimizer.replenishment.program import PartPlans, Terms
from optimizer.replenishment.week_cost import CostTables

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MANY = 1 << 30


@dataclass(frozen=True)
class Peer:
    """The program, the money that no plan changes, and which column is which shipment line or purchase."""

    program: LinearProgram
    constant: float
    convex: bool  # whether every cost was; if not and not by unit, the program's optimum is a lower bound
    line: Ints  # column of each line
    leaf: Ints
    departure: Ints
    order: Ints  # column of each purchase, in multiples
    buyer: Ints
    week: Ints

    def plans(self, instance: Instance, x: Floats) -> PartPlans:
        """The solution as shipment lines and purchases; what each part costs is left 0."""
        units = np.rint(x[self.line]).astype(np.int64)
        bought = np.rint(x[self.order]).astype(np.int64) * instance.parts.multiple[self.buyer]
        sent, placed = np.flatnonzero(units > 0), np.flatnonzero(bought > 0)
        sent = sent[np.lexsort((self.departure[sent], self.leaf[sent]))]
        placed = placed[np.lexsort((self.week[placed], self.buyer[placed]))]
        nothing = np.zeros(len(instance.parts.part))
        return PartPlans(
            self.leaf[sent], self.departure[sent], units[sent],
            self.buyer[placed], self.week[placed], bought[placed], nothing, nothing,
        )  # fmt: skip


def peer(
    instance: Instance,
    tables: CostTables,
    chosen: Ints | None = None,
    prices: Terms | None = None,
    by_unit: bool = False,
) -> Peer:
    """The program of the parts `chosen`, all by default.

    With `prices` they pay for the rules parts share, and for consignments by the kg, instead of keeping them: what the
    program of a part solves. Raises ValueError where depot storage is limited.
    """
    if np.isfinite(instance.coupling.storage).any():
        raise ValueError("the peer knows no limits of depot storage")
    parts = np.arange(len(instance.parts.part)) if chosen is None else chosen
    model = _Model(instance, tables, parts, prices, by_unit)
    model.lines()
    model.line_charges()
    model.week_costs()
    for i in parts:
        model.hub(int(i))
    if prices is None:
        model.consignments()
        model.coupling()
    return model.finished()


class _Model:
    """Columns and rows while they are written; each method adds one family."""

    def __init__(
        self, instance: Instance, tables: CostTables, parts: Ints, prices: Terms | None, by_unit: bool
    ) -> None:
        self.instance, self.tables, self.parts, self.prices, self.by_unit = instance, tables, parts, prices, by_unit
        self.writer = Writer()
        self.constant, self.convex = 0.0, True
        self.most = np.zeros(len(instance.leaves.part), np.int64)  # units worth shipping to each leaf
        self.orders: list[tuple[Ints, Ints, Ints]] = []  # columns, part, week

    def lines(self) -> None:
        """Units by leaf and departure, in what the hub can have by then and the departure can carry."""
        instance, parts, sailings = self.instance, self.instance.parts, self.instance.departures
        leaf = np.flatnonzero(np.isin(instance.leaves.part, self.parts))
        depot = instance.leaves.depot[leaf]
        count = sailings.depot_start[depot + 1] - sailings.depot_start[depot]
        n = np.repeat(leaf, count)
        j = np.arange(len(n)) - np.repeat(np.cumsum(count) - count - sailings.depot_start[depot], count)
        i, lane = instance.leaves.part[n], sailings.lane[j]
        money = parts.lane_cost[i, lane]
        can = np.isfinite(money)
        can[can] = self._supplied(i[can], j[can])
        n, j, i, money = n[can], j[can], i[can], money[can]
        money = money - parts.hub_rate * parts.unit_cost[i] * (instance.weeks - sailings.week[j] + 1)
        first = np.searchsorted(n, np.arange(len(self.most) + 1))
        for one in leaf:
            mine = slice(first[one], first[one + 1])
            self.most[one] = worth_shipping(self.tables.of(int(one)), money[mine], sailings.slot[j[mine]])
        upper = np.minimum(self.most[n], np.minimum(self._fit("kg", i, j), self._fit("litres", i, j)))
        upper = np.minimum(upper, self._shelf(n, j))
        if self.prices is not None:
            per_kg = self.prices.kg_price + instance.coupling.consignment_price
            money = money + parts.weight_kg[i] * per_kg[j] + parts.litres[i] * self.prices.litre_price[j]
        use = (upper > 0) & (True if self.prices is None else worth_using(n, j, money, sailings))
        self.n, self.j, self.i, self.upper = n[use], j[use], i[use], upper[use].astype(float)
        self.q = self.writer.columns(money[use], self.upper, integer=True)

    def _supplied(self, i: Ints, j: Ints) -> npt.NDArray[np.bool_]:
        """Whether the hub can have the part when the departure leaves."""
        parts, sailings = self.instance.parts, self.instance.departures
        expected = self.instance.ordering.expected
        opens = np.argmax(expected < NEVER, axis=1)  # weeks before the first in which each supplier takes orders
        first = expected[np.arange(len(opens)), opens][parts.supplier[i]]
        first_in = np.where(parts.last_order_week[i] > opens[parts.supplier[i]], first, NEVER)
        held = parts.hub_stock[i] > 0
        owner = np.repeat(np.arange(len(parts.part)), np.diff(parts.hub_inbound_start))
        comes = np.full(len(parts.part), NEVER)
        np.minimum.at(comes, owner, parts.hub_inbound_day)
        there: npt.NDArray[np.bool_] = held | (np.minimum(first_in, comes[i]) <= sailings.departs[j])
        return there

    def _fit(self, rule: str, i: Ints, j: Ints) -> Ints:
        """Units of a part that fit into a departure by kg or litres; without limit a great many."""
        parts, coupling = self.instance.parts, self.instance.coupling
        size, limit = (parts.weight_kg, coupling.kg) if rule == "kg" else (parts.litres, coupling.litres)
        if self.prices is not None:
            limit = np.full(len(limit), np.inf)
        fit = np.divide(limit[j], size[i], out=np.full(len(i), np.inf), where=size[i] > 0)
        units: Ints = np.minimum(np.floor(fit * (1 + 1e-12)), 1e9).astype(np.int64)
        return units

    def _shelf(self, n: Ints, j: Ints) -> Ints:
        """Most units shipped in all through the slot of each line, so that none spoils; many where nothing spoils."""
        leaves, row = self.instance.leaves, self.instance.leaves.shelf_row[n]
        most = np.full(len(n), _MANY)
        spoils = row >= 0
        most[spoils] = leaves.shelf_limit[row[spoils], self.instance.departures.slot[j[spoils]]]
        return most

    def week_costs(self) -> None:
        """Σ steps of a slot − Σ steps of the slot before = what arrives; a slot costs what it holds until the next."""
        instance, writer = self.instance, self.writer
        slot = instance.departures.slot[self.j]
        by_slot = np.lexsort((slot, self.n))
        first = np.searchsorted(self.n, np.arange(len(self.most) + 1))
        for one in np.flatnonzero(np.isin(instance.leaves.part, self.parts)):
            table = self.tables.of(int(one))
            self.constant += float(table[:, 0].sum())
            mine = by_slot[first[one] : first[one + 1]]
            if not len(mine):
                continue
            slots, stage = np.unique(slot[mine], return_inverse=True)
            total = np.vstack([np.zeros(self.most[one] + 1), np.cumsum(table[:, : self.most[one] + 1], axis=0)])
            money = total[np.append(slots[1:], instance.weeks + 1)] - total[slots]
            if self.by_unit:
                self._spoilage(self._by_unit(money, mine, stage), mine, stage)
                continue
            row = writer.rows(np.zeros(len(slots)), np.zeros(len(slots)))
            writer.enter(row[stage], self.q[mine], -1.0)
            steps = [self._steps(one) for one in money]
            for s, step in enumerate(steps):
                writer.enter(row[s], step, 1.0)
                if s + 1 < len(slots):
                    writer.enter(row[s + 1], step, -1.0)
            self._spoilage(steps, mine, stage)

    def _spoilage(self, steps: "list[Ints]", mine: Ints, stage: Ints) -> None:
        """A line whose slot may hold no more than so many units, lest some spoil, goes only if it does not."""
        limit, most = self._shelf(self.n[mine], self.j[mine]), self.most[self.n[mine]]
        for one in np.flatnonzero(limit < most):
            row = self.writer.rows(np.full(1, -np.inf), np.full(1, float(most[one])))
            self.writer.enter(row[0], steps[stage[one]], 1.0)
            self.writer.enter(row, self.used[mine[one] : mine[one] + 1], float(most[one] - limit[one]))

    def _by_unit(self, money: Floats, mine: Ints, stage: Ints) -> list[Ints]:
        """Which line brings each unit: the tight form of lot sizing (Krarup & Bilde 1977), a line's charge per unit.

        money: of each slot and of 0, 1, … units; mine: the leaf's lines; stage: the slot of each.
        """
        writer, slots, units = self.writer, len(money), money.shape[1] - 1
        whole = np.array([not rising(one) for one in money])
        self.convex &= not whole.any()
        there = writer.columns(np.diff(money).ravel(), np.ones(slots * units), integer=False).reshape(slots, units)
        brought = writer.columns(np.zeros(len(mine) * units), np.ones(len(mine) * units), integer=False)
        brought = brought.reshape(len(mine), units)
        row = writer.rows(np.zeros(slots * units), np.zeros(slots * units)).reshape(slots, units)
        writer.enter(row.ravel(), there.ravel(), 1.0)
        writer.enter(row[1:].ravel(), there[:-1].ravel(), -1.0)
        writer.enter(row[stage].ravel(), brought.ravel(), -1.0)
        sent = writer.rows(np.zeros(len(mine)), np.zeros(len(mine)))
        writer.enter(sent, self.q[mine], 1.0)
        writer.enter(np.repeat(sent, units), brought.ravel(), -1.0)
        if len(self.used):
            charged = writer.rows(np.full(brought.size, -np.inf), np.zeros(brought.size))
            writer.enter(charged, brought.ravel(), 1.0)
            writer.enter(charged, np.repeat(self.used[mine], units), -1.0)
        for s in np.flatnonzero(whole):
            writer.integral(there[s])
            row = writer.rows(np.zeros(units - 1), np.full(units - 1, np.inf))
            writer.enter(row, there[s, :-1], 1.0)
            writer.enter(row, there[s, 1:], -1.0)
        return list(there)

    def _steps(self, money: Floats) -> Ints:
        """Columns that together are the units there, at what each of them costs more."""
        if rising(money):
            start, price = merged(money)
            return self.writer.columns(price, np.diff(start).astype(float), integer=False)
        self.convex = False
        return self._steps(lower_envelope(money))

    def line_charges(self) -> None:
        """A binary per line where a line costs money or may make stock spoil."""
        spoils = bool((self._shelf(self.n, self.j) < self.most[self.n]).any())
        count = len(self.q) if self.instance.line_cost > 0 or spoils else 0
        self.used = self.writer.columns(np.full(count, self.instance.line_cost), np.ones(count), integer=True)
        if count:
            row = self.writer.rows(np.full(count, -np.inf), np.zeros(count))
            self.writer.enter(row, self.q, 1.0)
            self.writer.enter(row, self.used, -self.upper)

    def hub(self, i: int) -> None:
        """Purchases, and a row of stock for every stretch of departures between two receipts."""
        instance, parts, writer = self.instance, self.instance.parts, self.writer
        leaf = slice(int(parts.leaf_start[i]), int(parts.leaf_start[i + 1]))
        here = slice(*np.searchsorted(self.n, [leaf.start, leaf.stop]))
        self.constant += self._held_at_hub(i) + float(
            parts.credit[i] * (instance.leaves.initial_stock[leaf] + instance.leaves.inbound[leaf, -1]).sum()
        )
        day, q = instance.departures.departs[self.j[here]], self.q[here]
        if not len(q):
            return
        days = np.unique(day)
        week, into = self._order_weeks(i, days)
        multiple = int(parts.multiple[i])
        least, wanted = -(-max(int(parts.moq[i]), 1) // multiple), -(-int(self.most[leaf].sum()) // multiple)
        padded = 0  # what a supplier's minimum value may make one buy beyond
        if self.prices is None:
            value = float(instance.coupling.minimum_value[parts.supplier[i]])
            padded = int(np.ceil(value / max(float(parts.unit_cost[i]) * multiple, 1e-9)))
        most = max(least, wanted) + padded
        lots = self._purchases(i, week, least, most)
        incoming = slice(int(parts.hub_inbound_start[i]), int(parts.hub_inbound_start[i + 1]))
        units = np.append(parts.hub_inbound_units[incoming], parts.hub_stock[i])
        received = np.append(np.searchsorted(days, parts.hub_inbound_day[incoming]), 0)
        given = np.bincount(received, units, minlength=len(days) + 1)[: len(days)]
        stretch = np.union1d(into, np.flatnonzero(given > 0))  # departure days before which something comes in
        row = writer.rows(given[stretch].astype(float), given[stretch].astype(float))
        ceiling = float(given.sum() + (wanted + most) * multiple)
        stock = writer.columns(np.zeros(len(stretch)), np.full(len(stretch), ceiling), integer=False)
        writer.enter(row, stock, 1.0)
        writer.enter(row[1:], stock[:-1], -1.0)
        writer.enter(row[np.searchsorted(stretch, into)], lots, -float(multiple))
        writer.enter(row[np.searchsorted(stretch, np.searchsorted(days, day), side="right") - 1], q, 1.0)

    def _held_at_hub(self, i: int) -> float:
        """Holding money at the hub if nothing frozen there ever left it."""
        parts, weeks = self.instance.parts, self.instance.weeks
        incoming = slice(int(parts.hub_inbound_start[i]), int(parts.hub_inbound_start[i + 1]))
        week = np.maximum((parts.hub_inbound_day[incoming] - self.instance.first_monday) // 7 + 1, 1)
        lasting = parts.hub_inbound_units[incoming] * np.maximum(weeks - week + 1, 0)
        return float(parts.hub_rate * parts.unit_cost[i] * (parts.hub_stock[i] * weeks + lasting.sum()))

    def _order_weeks(self, i: int, days: Ints) -> tuple[Ints, Ints]:
        """Order weeks that can matter, and the first departure day each can serve.

        Of the weeks of one budget period that serve the same departures the last holds stock for the shortest time.
        """
        instance, parts = self.instance, self.instance.parts
        s = int(parts.supplier[i])
        week = np.arange(1, min(instance.weeks, int(parts.last_order_week[i])) + 1)
        expected = instance.ordering.expected[s, week - 1]
        into = np.searchsorted(days, expected)
        week, into = week[into < len(days)], into[into < len(days)]
        period = instance.coupling.period_of_week[week]
        if self.prices is None and instance.coupling.minimum_value[s] > 0:
            return week, into  # what others order on a Monday may matter
        last = np.append((into[1:] != into[:-1]) | (period[1:] != period[:-1]), True)[: len(week)]
        return week[last], into[last]

    def _purchases(self, i: int, week: Ints, least: int, most: int) -> Ints:
        """Columns of purchases in multiples, each 0 or from the minimum order up."""
        instance, parts, writer = self.instance, self.instance.parts, self.writer
        received = instance.ordering.expected_week[parts.supplier[i], week - 1]
        money = parts.unit_cost[i] * (1.0 + parts.hub_rate * (instance.weeks - received + 1)) - parts.credit[i]
        if self.prices is not None:
            money = money + parts.unit_cost[i] * self.prices.budget_price[instance.coupling.period_of_week[week]]
        count = len(week)
        lots = writer.columns(money * parts.multiple[i], np.full(count, float(most)), integer=True)
        if least > 1:
            placed = writer.columns(np.zeros(count), np.ones(count), integer=True)
            for lower, upper, bound in ((0.0, np.inf, least), (-np.inf, 0.0, most)):
                row = writer.rows(np.full(count, lower), np.full(count, upper))
                writer.enter(row, lots, 1.0)
                writer.enter(row, placed, -float(bound))
        self.orders.append((lots, np.full(count, i), week))
        return lots

    def consignments(self) -> None:
        """Whole consignments of each departure, and what carriage falls short of their minimum charge."""
        instance, parts, writer, lanes = self.instance, self.instance.parts, self.writer, self.instance.lanes.lanes
        lane = instance.departures.lane
        charge, least, size = (
            lanes[name].to_numpy(float)[lane] for name in ("cost_per_consignment", "minimum_charge", "consignment_kg")
        )
        kg = np.bincount(self.j, self.upper * parts.weight_kg[self.i], minlength=len(lane))
        number = np.where(np.isfinite(size), np.ceil(np.minimum(kg, instance.coupling.kg) / size - 1e-9), 1.0)
        cost = np.flatnonzero((np.bincount(self.j, minlength=len(lane)) > 0) & ((charge > 0) | (least > 0)))
        column = np.full(len(lane), -1)
        column[cost] = writer.columns(charge[cost], np.maximum(number[cost], 1.0), integer=True)
        on = np.flatnonzero(column[self.j] >= 0)
        row = writer.rows(np.full(len(on), -np.inf), np.zeros(len(on)))
        if len(self.used):
            writer.enter(row, self.used[on], 1.0)
            writer.enter(row, column[self.j[on]], -1.0)
        else:
            writer.enter(row, self.q[on], 1.0)
            writer.enter(row, column[self.j[on]], -self.upper[on])
        self._per_departure(cost[np.isfinite(size[cost])], column, parts.weight_kg[self.i], -size, -np.inf, 0.0)
        priced = cost[least[cost] > 0]
        insurance = lanes["insurance_rate"].to_numpy(float)[lane[self.j]] * parts.unit_cost[self.i]
        carriage = parts.freight[self.i, lane[self.j]] - insurance
        row = self._per_departure(priced, column, carriage, -least, 0.0, np.inf)
        writer.enter(row, writer.columns(np.ones(len(priced)), least[priced] * number[priced], integer=False), 1.0)

    def _per_departure(
        self, departures: Ints, column: Ints, of_line: Floats, of_column: Floats, lower: float, upper: float
    ) -> Ints:
        """Rows lower ≤ Σ of_line·q + of_column·column ≤ upper, one per departure."""
        row = self.writer.rows(np.full(len(departures), lower), np.full(len(departures), upper))
        row_of = np.full(len(column), -1)
        row_of[departures] = row
        on = np.flatnonzero(row_of[self.j] >= 0)
        self.writer.enter(row_of[self.j[on]], self.q[on], of_line[on])
        self.writer.enter(row, column[departures], of_column[departures])
        return row

    def coupling(self) -> None:
        """Budget of each period, kg and litres of each departure; a limit that nothing can exceed is no row."""
        parts, coupling = self.instance.parts, self.instance.coupling
        lots, buyer, week = self._ordered()
        upper = np.concatenate([np.empty(0), *self.writer.upper])
        value = parts.unit_cost[buyer] * parts.multiple[buyer]
        self._limits(coupling.period_of_week[week], lots, value, upper[lots], coupling.budget)
        self._minimum_values(lots, buyer, week, value, upper[lots])
        self._limits(self.j, self.q, parts.weight_kg[self.i], self.upper, coupling.kg)
        self._limits(self.j, self.q, parts.litres[self.i], self.upper, coupling.litres)

    def _minimum_values(self, lots: Ints, buyer: Ints, week: Ints, value: Floats, upper: Floats) -> None:
        """What one supplier is ordered on one Monday is worth nothing, or its minimum at least."""
        writer, least = self.writer, self.instance.coupling.minimum_value
        supplier = self.instance.parts.supplier[buyer]
        on = np.flatnonzero(least[supplier] > 0)
        day, of = np.unique(np.column_stack([supplier[on], week[on]]), axis=0, return_inverse=True)
        placed = writer.columns(np.zeros(len(day)), np.ones(len(day)), integer=True)
        row = writer.rows(np.zeros(len(day)), np.full(len(day), np.inf))
        writer.enter(row[of.ravel()], lots[on], value[on])
        writer.enter(row, placed, -least[day[:, 0]])
        row = writer.rows(np.full(len(on), -np.inf), np.zeros(len(on)))
        writer.enter(row, lots[on], 1.0)
        writer.enter(row, placed[of.ravel()], -upper[on])

    def _limits(self, of: Ints, column: Ints, size: Floats, upper: Floats, limit: Floats) -> None:
        most = np.bincount(of, size * upper, minlength=len(limit))
        tight = np.flatnonzero(most > limit)
        row_of = np.full(len(limit), -1)
        row_of[tight] = self.writer.rows(np.full(len(tight), -np.inf), limit[tight])
        on = np.flatnonzero((row_of[of] >= 0) & (size > 0))
        self.writer.enter(row_of[of[on]], column[on], size[on])

    def _ordered(self) -> tuple[Ints, Ints, Ints]:
        nothing = np.empty(0, np.int64)
        lots, buyer, week = (
            (np.concatenate([nothing, *arrays]) for arrays in zip(*self.orders, strict=True))
            if (self.orders)
            else (nothing, nothing, nothing)
        )
        return lots, buyer, week

    def finished(self) -> Peer:
        """What has been written."""
        return Peer(self.writer.program(), self.constant, self.convex, self.q, self.n, self.j, *self._ordered())
