"""Variables and costs of the oracle's program.

The cumulative shipments of a leaf through a slot are coded in unary, so that any week cost is exact, convex or not.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from functools import cached_property
from itertools import pairwise
from math import ceil, isnan
from typing import Any

import numpy as np
import pandas as pd
from ortools.math_opt.python import mathopt

from domain.network import Network
from tests.judge.calendar import Calendar
from tests.judge.churn import Line, both_publish, published
from tests.judge.costs import hub_stock
from tests.judge.frames import as_date, rows
from tests.judge.laws import Floats
from tests.judge.leaves import Leaves, leaves_of
from tests.judge.prices import Prices
from tests.judge.states import evaluate
from tests.random_networks import Case

_MOST_UNITS = 60  # states to look at before a leaf counts as too large for this program
Departure = tuple[int, str, int]  # leaf, lane, week


class Program:
    """One case under the limits and charges of `limits`, which may differ from its own; stock and prices are its own.

    sent: units by leaf, lane and week of departure; lots: order multiples by part and week of ordering; in_by: one
    variable per unit in by a slot, by leaf and slot. `families` names what is charged.
    """

    def __init__(self, case: Case, limits: Network) -> None:
        self.case, self.network = case, limits
        self.calendar = Calendar(limits)
        self.item: dict[str, Any] = {row.part: row for row in rows(limits.parts)}
        self.may_carry = Prices(limits, self.calendar).may_carry
        own = Calendar(case.network)
        self.prices = Prices(case.network, own)
        frames = (case.forecast_frame, case.shares, case.targets)
        self.leaves: Leaves = leaves_of(case.network, frames, case.waiting_price, own, self.prices)
        self.model = mathopt.Model()
        self.weeks = range(self.calendar.frozen + 1, self.calendar.weeks + 1)
        self.tables = [self._slot_costs(leaf) for leaf in range(len(self.leaves.key))]
        self.sent = self._shipment_variables()
        self.lots = self._purchase_variables()
        self.in_by: dict[tuple[int, int], list[mathopt.Variable]] = {}
        self.families: tuple[Callable[[], None], ...] = (
            self.arrivals,
            self.shipment_costs,
            self.changed_lines,
            self.consignments,
            self.purchases_and_hub,
        )

    def _slot_costs(self, leaf: int) -> Floats:
        """Money of X = 0.. units in by slot k = 0..K, shape (K + 1, states); constants of the plan are left out.

        The states end where one unit more costs money in every slot, even if the hub no longer holds it; units sent to
        do again what the plan before did come on top.
        """
        weeks, units = self.calendar.weeks, _MOST_UNITS + 1
        week, shipped = (grid.ravel() for grid in np.meshgrid(np.arange(1, weeks + 1), np.arange(units), indexing="ij"))
        states = evaluate(self.leaves, np.full(len(week), leaf), week, shipped.astype(np.float64))
        money = (states.holding + states.shortage).reshape(weeks, units)
        part = self.leaves.key[leaf][0]
        held = (states.depot + states.shelves - shipped).reshape(weeks, units)[-1]
        money[-1] += states.late.reshape(weeks, units)[-1] - self._credit(part) * held
        rho = self.leaves.rho[leaf]
        table: Floats = rho.T @ money
        hub_saving = self._hub_holding(part) * rho.sum(axis=0)
        hub_saving[-1] += self._saved_under_way(leaf, hub_saving)
        dear = (np.diff(table, axis=1) >= hub_saving[:, None]).all(axis=0)
        cheap = np.flatnonzero(~dear)
        last = int(cheap[-1]) + 1 if len(cheap) else 0
        last += sum(self._before[key] for key in self._before if key[0] == part and key[1] in self._lanes(leaf))
        if last >= _MOST_UNITS:
            raise ValueError(f"leaf {self.leaves.key[leaf]} may want more than {_MOST_UNITS} units")
        return table[:, : last + 1]

    def _saved_under_way(self, leaf: int, hub_saving: Floats) -> float:
        """Most that a unit sent saves the hub beyond `hub_saving` and its own way, money: while it is under way."""
        part, saved = self.leaves.key[leaf][0], 0.0
        for lane in self._lanes(leaf):
            for week in self.weeks:
                if (slot := self.slot(lane, week)) <= self.calendar.weeks:
                    at_hub = (self.calendar.weeks - week + 1) * self._hub_holding(part)
                    saved = max(saved, at_hub - hub_saving[int(slot) :].sum() - self._way(part, lane))
        return saved

    def _way(self, part: str, lane: str) -> float:
        """Freight, duty and capital under way of one unit."""
        unit = self.prices.unit(part, lane)
        return unit.freight + unit.duty + self.prices.under_way(part, lane)

    def _credit(self, part: str) -> float:
        return float(self.prices.part[part].unit_cost * self.prices.credit_share)

    def _hub_holding(self, part: str) -> float:
        return float(self.prices.holding_rate_per_week(self.prices.hub[part]) * self.prices.part[part].unit_cost)

    def _lanes(self, leaf: int) -> list[str]:
        part, depot = self.leaves.key[leaf][0], self.leaves.depot[leaf]
        into = [lane for lane in self.calendar.supply_lanes if self.calendar.lane[lane].destination == depot]
        return [lane for lane in into if self.may_carry(part, lane)]

    def _shipment_variables(self) -> dict[Departure, mathopt.Variable]:
        return {
            (leaf, lane, week): self.count(self.most_on(leaf, lane))
            for leaf in range(len(self.leaves.key))
            for lane in self._lanes(leaf)
            for week in self.weeks
            if self.slot(lane, week) <= self.calendar.weeks
        }

    def _purchase_variables(self) -> dict[tuple[str, int], mathopt.Variable]:
        """Order multiples; no more than all depots may want, than the minimum order, than its supplier's minimum."""
        variables = {}
        least_value = dict(
            zip(self.network.suppliers["supplier"], self.network.suppliers["minimum_order_value"], strict=True)
        )
        for part in sorted({part for part, _ in self.leaves.key}):
            item = self.item[part]
            wanted = sum(self.most(leaf) for leaf, key in enumerate(self.leaves.key) if key[0] == part)
            most = max(wanted, item.moq, least_value.get(item.supplier, 0.0) / item.unit_cost)
            for week in self.weeks:
                monday, last = self.calendar.start(week), item.last_order_by
                in_time = pd.isna(last) or monday <= as_date(last)
                if in_time and self.calendar.may_order(item.supplier, monday):
                    variables[part, week] = self.count(ceil(most / item.order_multiple))
        return variables

    def arrivals(self) -> None:
        """Units in by slot k, in unary: one step says X_k ≥ x and costs its own difference."""
        for leaf, table in enumerate(self.tables):
            self.model.objective.offset += float(table[0, 0])
            for k in range(1, self.calendar.weeks + 1):
                money = np.diff(table[k])
                steps = self._steps(money)
                sent = [
                    quantity
                    for (of, lane, week), quantity in self.sent.items()
                    if of == leaf and self.slot(lane, week) <= k
                ]
                self.model.add_linear_constraint(mathopt.fast_sum(steps) == mathopt.fast_sum(sent))
                for step, difference in zip(steps, money, strict=True):
                    self._charge(step, float(difference))
                self.model.objective.offset += float(table[k, 0])
                self.in_by[leaf, k] = steps

    def _steps(self, money: Floats) -> list[mathopt.Variable]:
        """One variable per unit: 1 if X has that unit; where each costs more than the one before, no binary is needed.

        Of an integer X convex cost (and convex stored litres) takes the first units by itself.
        """
        if (np.diff(money) >= 0.0).all():
            return [self.model.add_variable(lb=0.0, ub=1.0) for _ in money]
        steps = [self.model.add_binary_variable() for _ in money]
        for low, high in pairwise(steps):
            self.model.add_linear_constraint(high <= low)
        return steps

    def shipment_costs(self) -> None:
        """Freight, duty, capital under way, and what each line costs."""
        for (leaf, lane, week), quantity in self.sent.items():
            self._charge(quantity, self._way(self.leaves.key[leaf][0], lane))
            if self.network.settings.order_line_cost > 0:
                self._charge(self._line(leaf, lane, week), self.network.settings.order_line_cost)

    def changed_lines(self) -> None:
        """What is not shipped as the plan before had it, where both plans publish the departure."""
        churn, previous = self.network.settings.churn_cost, self.case.previous
        if previous is None or churn == 0:
            return
        offered = {self._key(*departure): departure for departure in self.sent}
        self.model.objective.offset += churn * sum(key not in offered for key in self._before)
        for key, (leaf, lane, week) in offered.items():
            if not both_publish(self.calendar, previous.as_of, key[2]):
                continue
            sent, most, before = self.sent[leaf, lane, week], self.most_on(leaf, lane), self._before[key]
            if before == 0:
                self._charge(self._line(leaf, lane, week), churn)
            elif before > most:
                self.model.objective.offset += churn
            else:
                changed = self.model.add_binary_variable()
                self.model.add_linear_constraint(sent >= before * (1 - changed))
                self.model.add_linear_constraint(sent <= before + (most - before) * changed)
                self._charge(changed, churn)

    def _line(self, leaf: int, lane: str, week: int) -> mathopt.Variable:
        """1 if anything of the leaf leaves."""
        if (leaf, lane, week) not in self._lines:
            line = self._lines[leaf, lane, week] = self.model.add_binary_variable()
            self.model.add_linear_constraint(self.sent[leaf, lane, week] <= self.most_on(leaf, lane) * line)
        return self._lines[leaf, lane, week]

    def consignments(self) -> None:
        """Consignments of a lane's week: their charge, their size, and what carriage falls short of their minimum."""
        for (lane, _), lines in self.by_lane_and_week.items():
            way = self.calendar.lane[lane]
            if way.cost_per_consignment == 0 and way.minimum_charge == 0:
                continue
            kg = [self.prices.part[self.leaves.key[leaf][0]].weight_kg * sent for leaf, sent in lines]
            number: mathopt.Variable
            if isnan(way.consignment_kg):
                number = self.model.add_binary_variable()
            else:
                number = self.count(1000)
                self.model.add_linear_constraint(mathopt.fast_sum(kg) <= way.consignment_kg * number)
            for leaf, sent in lines:
                self.model.add_linear_constraint(sent <= self.most_on(leaf, lane) * number)
            self._charge(number, way.cost_per_consignment)
            if way.minimum_charge > 0:
                carriage = [self.prices.unit(self.leaves.key[leaf][0], lane).carriage * sent for leaf, sent in lines]
                short = self.model.add_variable(lb=0.0)
                self.model.add_linear_constraint(short >= way.minimum_charge * number - mathopt.fast_sum(carriage))
                self._charge(short, 1.0)

    def purchases_and_hub(self) -> None:
        """Purchase value, the credit for what is bought, and holding at the hub, at the end of every week."""
        for (part, week), lots in self.lots.items():
            item = self.item[part]
            received = self.calendar.week(self.calendar.receipt(item.supplier, self.calendar.start(week)))
            in_stock = max(self.calendar.weeks - received + 1, 0)
            credit = self._credit(part) if in_stock else 0.0
            self._charge(lots, item.order_multiple * (item.unit_cost - credit + in_stock * self._hub_holding(part)))
        for (leaf, _, week), quantity in self.sent.items():
            self._charge(quantity, -(self.calendar.weeks - week + 1) * self._hub_holding(self.leaves.key[leaf][0]))
        hub = hub_stock(self.network, self.calendar, self.prices, self.leaves, [], [])
        for part, stock in hub.items():
            self.model.objective.offset += self._hub_holding(part) * float(stock[1:].sum())
        for leaf, (part, _) in enumerate(self.leaves.key):
            initial = self.leaves.initial[leaf] + self.leaves.inbound[leaf].sum()
            self.model.objective.offset += self._credit(part) * float(initial)

    def shipments(self, values: dict[mathopt.Variable, float]) -> pd.DataFrame:
        """shipments.parquet of the solution."""
        lines = []
        for (leaf, lane, week), variable in self.sent.items():
            quantity = round(values[variable])
            if quantity > 0:
                part, departs = self.leaves.key[leaf][0], self.departs(lane, week)
                unit = self.prices.unit(part, lane)
                cost = quantity * (unit.freight + unit.duty) + self.network.settings.order_line_cost
                arrives = self.calendar.arrival(lane, departs)
                lines.append((f"{part}-{lane}-{week}", part, lane, departs, arrives, quantity, cost, "optimal"))
        columns = ["shipment", "part", "lane", "departs", "arrives", "quantity", "cost", "reason"]
        return pd.DataFrame(lines, columns=columns)

    def purchase_orders(self, values: dict[mathopt.Variable, float]) -> pd.DataFrame:
        """purchase_orders.parquet of the solution."""
        lines = []
        for (part, week), variable in self.lots.items():
            item = self.item[part]
            quantity = round(values[variable]) * item.order_multiple
            if quantity > 0:
                monday = self.calendar.start(week)
                expected = self.calendar.receipt(item.supplier, monday)
                value = quantity * item.unit_cost
                lines.append((f"{part}-{week}", item.supplier, part, quantity, monday, expected, value, "optimal"))
        columns = ["order", "supplier", "part", "quantity", "order_on", "expected", "value", "reason"]
        return pd.DataFrame(lines, columns=columns)

    @cached_property
    def _lines(self) -> dict[Departure, mathopt.Variable]:
        return {}

    @cached_property
    def _before(self) -> Counter[Line]:
        """Units by line of the plan before, where both plans publish."""
        return Counter() if self.case.previous is None else published(self.calendar, self.case.previous)

    def _key(self, leaf: int, lane: str, week: int) -> Line:
        return self.leaves.key[leaf][0], lane, self.departs(lane, week)

    @cached_property
    def by_lane_and_week(self) -> dict[tuple[str, int], list[tuple[int, mathopt.Variable]]]:
        lines: dict[tuple[str, int], list[tuple[int, mathopt.Variable]]] = defaultdict(list)
        for (leaf, lane, week), sent in self.sent.items():
            lines[lane, week].append((leaf, sent))
        return lines

    def most(self, leaf: int) -> int:
        return int(self.tables[leaf].shape[1]) - 1

    def most_on(self, leaf: int, lane: str) -> int:
        """Units of the leaf one departure can take: no more than wanted, than the lane carries."""
        item, way = self.item[self.leaves.key[leaf][0]], self.calendar.lane[lane]
        limits = ((way.capacity_kg_per_week, item.weight_kg), (way.capacity_m3_per_week * 1000.0, item.volume_l))
        fit = [int(limit / size + 1e-9) for limit, size in limits if size > 0 and not isnan(limit)]
        return min([self.most(leaf), *fit])

    def count(self, most: int) -> mathopt.Variable:
        return self.model.add_integer_variable(lb=0, ub=most)

    def _charge(self, variable: mathopt.Variable, money: float) -> None:
        now = self.model.objective.get_linear_coefficient(variable)
        self.model.objective.set_linear_coefficient(variable, now + money)

    def departs(self, lane: str, week: int) -> date:
        day = self.calendar.departure(lane, week)
        assert day is not None
        return day

    def slot(self, lane: str, week: int) -> float:
        """Week of nominal arrival; infinity where nothing departs."""
        day = self.calendar.departure(lane, week)
        return float("inf") if day is None else self.calendar.week(self.calendar.arrival(lane, day))
