"""The optimal plan of a tiny network, proven: the problem of decision 0003 as one exact mixed-integer program.

The cumulative shipments of a leaf through a slot are coded in unary, so that any week cost is exact, convex or not.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from math import isnan

import numpy as np
import pandas as pd
from ortools.math_opt.python import mathopt

from tests.judge.calendar import Calendar
from tests.judge.costs import hub_stock
from tests.judge.frames import as_date, good_stock, rows
from tests.judge.laws import Floats
from tests.judge.leaves import Leaves, leaves_of
from tests.judge.prices import Prices
from tests.judge.rules import budget_of_period
from tests.judge.states import evaluate
from tests.random_networks import Case

_MOST_UNITS = 60  # states to look at before a leaf counts as too large for this program


@dataclass(frozen=True)
class Optimum:
    """The cheapest plan: total cost, the solver's own lower bound of it, and the plan's tables."""

    total: float
    bound: float
    shipments: pd.DataFrame
    purchase_orders: pd.DataFrame


def optimum(case: Case) -> Optimum:
    """Solves the case to proven optimality. Raises ValueError if it is too large, RuntimeError if it is not solved."""
    program = _Program(case)
    for add in program.families:
        add()
    parameters = mathopt.SolveParameters(
        relative_gap_tolerance=1e-9, absolute_gap_tolerance=1e-7, threads=1, heuristics=mathopt.Emphasis.LOW
    )
    result = mathopt.solve(program.model, mathopt.SolverType.GSCIP, params=parameters)
    if result.termination.reason != mathopt.TerminationReason.OPTIMAL:
        raise RuntimeError(f"the oracle's program ended as {result.termination.reason.name}")
    values = result.variable_values()
    return Optimum(
        total=result.objective_value(),
        bound=result.best_objective_bound(),
        shipments=program.shipments(values),
        purchase_orders=program.purchase_orders(values),
    )


class _Program:
    """Variables and constraint families of one case; `families` names them all."""

    def __init__(self, case: Case) -> None:
        self.network = case.network
        self.calendar = Calendar(case.network)
        self.prices = Prices(case.network, self.calendar)
        frames = (case.forecast_frame, case.shares, case.targets)
        self.leaves: Leaves = leaves_of(case.network, frames, case.waiting_price, self.calendar, self.prices)
        self.model = mathopt.Model()
        self.tables = [self._slot_costs(leaf) for leaf in range(len(self.leaves.key))]
        self.weeks = range(self.calendar.frozen + 1, self.calendar.weeks + 1)
        self.sent = self._shipment_variables()
        self.lots = self._purchase_variables()
        self.families: tuple[Callable[[], None], ...] = (
            self.arrivals,
            self.shipment_costs,
            self.consignments,
            self.purchases_and_hub,
            self.hub_balance,
            self.budget,
            self.capacity,
            self.storage,
        )

    def _slot_costs(self, leaf: int) -> Floats:
        """Money of X = 0.. units in by slot k = 0..K, shape (K + 1, states); constants of the plan are left out.

        The states end where one unit more costs money in every slot, even if the hub no longer holds it.
        """
        weeks, units = self.calendar.weeks, _MOST_UNITS + 1
        week, shipped = (grid.ravel() for grid in np.meshgrid(np.arange(1, weeks + 1), np.arange(units), indexing="ij"))
        states = evaluate(self.leaves, np.full(len(week), leaf), week, shipped.astype(np.float64))
        money = (states.holding + states.shortage).reshape(weeks, units)
        part = self.prices.part[self.leaves.key[leaf][0]]
        held = (states.depot + states.shelves - shipped).reshape(weeks, units)[-1]
        money[-1] += states.late.reshape(weeks, units)[-1] - self._credit(part.part) * held
        rho = self.leaves.rho[leaf]
        table: Floats = rho.T @ money
        hub_saving = self._hub_holding(part.part) * rho.sum(axis=0)
        dear = (np.diff(table, axis=1) >= hub_saving[:, None]).all(axis=0)
        cheap = np.flatnonzero(~dear)
        last = int(cheap[-1]) + 1 if len(cheap) else 0
        if last == _MOST_UNITS:
            raise ValueError(f"leaf {self.leaves.key[leaf]} may want more than {_MOST_UNITS} units")
        return table[:, : last + 1]

    def _credit(self, part: str) -> float:
        return float(self.prices.part[part].unit_cost * self.prices.credit_share)

    def _hub_holding(self, part: str) -> float:
        return float(self.prices.holding_rate_per_week(self.prices.hub[part]) * self.prices.part[part].unit_cost)

    def _shipment_variables(self) -> dict[tuple[int, str, int], mathopt.Variable]:
        """Units by leaf, lane and week of departure."""
        variables = {}
        for leaf, (part, _) in enumerate(self.leaves.key):
            for lane in self.calendar.supply_lanes:
                if self.calendar.lane[lane].destination != self.leaves.depot[leaf]:
                    continue
                for week in self.weeks:
                    if self.prices.may_carry(part, lane) and self._slot(lane, week) <= self.calendar.weeks:
                        variables[leaf, lane, week] = self._count(self._most_on(leaf, lane))
        return variables

    def _purchase_variables(self) -> dict[tuple[str, int], mathopt.Variable]:
        """Order multiples by part and week of ordering."""
        variables = {}
        for part, item in self.prices.part.items():
            if item.moq > item.order_multiple:
                raise ValueError(f"{part} has a minimum of {item.moq}; the oracle knows multiples only")
            most = sum(self._most(leaf) for leaf, key in enumerate(self.leaves.key) if key[0] == part)
            for week in self.weeks:
                monday, last = self.calendar.start(week), item.last_order_by
                in_time = pd.isna(last) or monday <= as_date(last)
                if in_time and self.calendar.may_order(item.supplier, monday):
                    variables[part, week] = self._count(-(-most // item.order_multiple))
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
                    if of == leaf and self._slot(lane, week) <= k
                ]
                self.model.add_linear_constraint(mathopt.fast_sum(steps) == mathopt.fast_sum(sent))
                for step, difference in zip(steps, money, strict=True):
                    self._charge(step, float(difference))
                self.model.objective.offset += float(table[k, 0])
                self._in_by[leaf, k] = steps

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
        line_cost = self.network.settings.order_line_cost
        for (leaf, lane, _), quantity in self.sent.items():
            unit = self.prices.unit(self.leaves.key[leaf][0], lane)
            self._charge(quantity, unit.freight + unit.duty + self.prices.under_way(self.leaves.key[leaf][0], lane))
            if line_cost > 0:
                line = self.model.add_binary_variable()
                self.model.add_linear_constraint(quantity <= self._most_on(leaf, lane) * line)
                self._charge(line, line_cost)

    def consignments(self) -> None:
        """Consignments of a lane's week: their charge, their size, and what carriage falls short of their minimum."""
        for (lane, _), lines in self._by_lane_and_week.items():
            way = self.calendar.lane[lane]
            if way.cost_per_consignment == 0 and way.minimum_charge == 0:
                continue
            kg = [self.prices.part[self.leaves.key[leaf][0]].weight_kg * sent for leaf, sent in lines]
            number: mathopt.Variable
            if isnan(way.consignment_kg):
                number = self.model.add_binary_variable()
            else:
                number = self._count(1000)
                self.model.add_linear_constraint(mathopt.fast_sum(kg) <= way.consignment_kg * number)
            for leaf, sent in lines:
                self.model.add_linear_constraint(sent <= self._most_on(leaf, lane) * number)
            self._charge(number, way.cost_per_consignment)
            if way.minimum_charge > 0:
                carriage = [self.prices.unit(self.leaves.key[leaf][0], lane).carriage * sent for leaf, sent in lines]
                short = self.model.add_variable(lb=0.0)
                self.model.add_linear_constraint(short >= way.minimum_charge * number - mathopt.fast_sum(carriage))
                self._charge(short, 1.0)

    def purchases_and_hub(self) -> None:
        """Purchase value, the credit for what is bought, and holding at the hub, at the end of every week."""
        for (part, week), lots in self.lots.items():
            item = self.prices.part[part]
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

    def hub_balance(self) -> None:
        """What has left by a day is no more than was there, has come in, and was bought and received by then."""
        for part in self.prices.part:
            leaving: dict[date, list[mathopt.Variable]] = defaultdict(list)
            for (leaf, lane, week), sent in self.sent.items():
                if self.leaves.key[leaf][0] == part:
                    leaving[self._departs(lane, week)].append(sent)
            supplier, multiple = self.prices.part[part].supplier, self.prices.part[part].order_multiple
            for day in sorted(leaving):
                gone = [sent for other, lines in leaving.items() if other <= day for sent in lines]
                bought = [
                    multiple * lots
                    for (of, week), lots in self.lots.items()
                    if of == part and self.calendar.receipt(supplier, self.calendar.start(week)) <= day
                ]
                stock = self._frozen_at_hub(part, day)
                self.model.add_linear_constraint(mathopt.fast_sum(gone) <= stock + mathopt.fast_sum(bought))

    def budget(self) -> None:
        """Value of the purchases ordered in each period."""
        ordered: dict[int, list[mathopt.LinearProduct]] = defaultdict(list)
        for (part, week), lots in self.lots.items():
            item = self.prices.part[part]
            period = (week - 1) // self.network.settings.budget_period_weeks
            ordered[period].append(item.unit_cost * item.order_multiple * lots)
        for period, values in ordered.items():
            amount = budget_of_period(self.network, self.calendar, period)
            if not isnan(amount):
                self.model.add_linear_constraint(mathopt.fast_sum(values) <= amount)

    def capacity(self) -> None:
        """Kilograms and litres leaving on a lane in a week."""
        for (lane, _), lines in self._by_lane_and_week.items():
            way = self.calendar.lane[lane]
            items = [(self.prices.part[self.leaves.key[leaf][0]], sent) for leaf, sent in lines]
            if not isnan(way.capacity_kg_per_week):
                kg = mathopt.fast_sum(item.weight_kg * sent for item, sent in items)
                self.model.add_linear_constraint(kg <= way.capacity_kg_per_week)
            if not isnan(way.capacity_m3_per_week):
                litres = mathopt.fast_sum(item.volume_l * sent for item, sent in items)
                self.model.add_linear_constraint(litres <= way.capacity_m3_per_week * 1000.0)

    def storage(self) -> None:
        """Litres expected at a depot at the end of a week: within its storage, or no more than without shipments."""
        for depot in sorted(set(self.leaves.depot)):
            limit = self.calendar.site[depot].storage_m3 * 1000.0
            if isnan(limit):
                continue
            at = [leaf for leaf, site in enumerate(self.leaves.depot) if site == depot]
            for week in range(1, self.calendar.weeks + 1):
                stored, least = [], 0.0
                for leaf in at:
                    litres = self.prices.part[self.leaves.key[leaf][0]].volume_l * self._depot_stock(leaf, week)
                    least += float(litres[0])
                    for k in range(1, self.calendar.weeks + 1):
                        steps = np.diff(litres) * self.leaves.rho[leaf][week - 1, k]
                        stored += [float(size) * step for size, step in zip(steps, self._in_by[leaf, k], strict=True)]
                self.model.add_linear_constraint(mathopt.fast_sum(stored) <= max(limit - least, 0.0))

    def shipments(self, values: dict[mathopt.Variable, float]) -> pd.DataFrame:
        """shipments.parquet of the solution."""
        lines = []
        for (leaf, lane, week), variable in self.sent.items():
            quantity = round(values[variable])
            if quantity > 0:
                part, departs = self.leaves.key[leaf][0], self._departs(lane, week)
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
            item = self.prices.part[part]
            quantity = round(values[variable]) * item.order_multiple
            if quantity > 0:
                monday = self.calendar.start(week)
                expected = self.calendar.receipt(item.supplier, monday)
                value = quantity * item.unit_cost
                lines.append((f"{part}-{week}", item.supplier, part, quantity, monday, expected, value, "optimal"))
        columns = ["order", "supplier", "part", "quantity", "order_on", "expected", "value", "reason"]
        return pd.DataFrame(lines, columns=columns)

    @cached_property
    def _in_by(self) -> dict[tuple[int, int], list[mathopt.Variable]]:
        return {}

    @cached_property
    def _by_lane_and_week(self) -> dict[tuple[str, int], list[tuple[int, mathopt.Variable]]]:
        lines: dict[tuple[str, int], list[tuple[int, mathopt.Variable]]] = defaultdict(list)
        for (leaf, lane, week), sent in self.sent.items():
            lines[lane, week].append((leaf, sent))
        return lines

    def _most(self, leaf: int) -> int:
        return int(self.tables[leaf].shape[1]) - 1

    def _most_on(self, leaf: int, lane: str) -> int:
        """Units of the leaf one departure can take: no more than wanted, than the lane carries."""
        item, way = self.prices.part[self.leaves.key[leaf][0]], self.calendar.lane[lane]
        limits = ((way.capacity_kg_per_week, item.weight_kg), (way.capacity_m3_per_week * 1000.0, item.volume_l))
        fit = [int(limit / size + 1e-9) for limit, size in limits if size > 0 and not isnan(limit)]
        return min([self._most(leaf), *fit])

    def _count(self, most: int) -> mathopt.Variable:
        return self.model.add_integer_variable(lb=0, ub=most)

    def _charge(self, variable: mathopt.Variable, money: float) -> None:
        now = self.model.objective.get_linear_coefficient(variable)
        self.model.objective.set_linear_coefficient(variable, now + money)

    def _departs(self, lane: str, week: int) -> date:
        day = self.calendar.departure(lane, week)
        assert day is not None
        return day

    def _slot(self, lane: str, week: int) -> float:
        """Week of nominal arrival; infinity where nothing departs."""
        day = self.calendar.departure(lane, week)
        return float("inf") if day is None else self.calendar.week(self.calendar.arrival(lane, day))

    def _frozen_at_hub(self, part: str, day: date) -> float:
        """Good stock and frozen inbound at the hub by a day; late inbound counts."""
        hub = self.prices.hub[part]
        due = sum(
            row.quantity
            for row in rows(self.network.inbound)
            if (row.part, row.destination) == (part, hub) and as_date(row.expected) <= day
        )
        return float(good_stock(self.network)[part, hub] + due)

    def _depot_stock(self, leaf: int, week: int) -> Floats:
        """Expected units at the depot at the end of the week for every state of the leaf."""
        units = np.arange(self._most(leaf) + 1)
        same = np.ones(len(units), dtype=np.int64)
        return evaluate(self.leaves, leaf * same, week * same, units.astype(np.float64)).depot
