"""The exact model of a few parts within what the others leave: a mixed-integer program with every rule.

Small networks are planned by it whole; large ones use it for the parts that the restricted master splits.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from ortools.math_opt.python import mathopt

from optimizer.linear_program import LinearProgram, NoSolutionError, solve
from optimizer.replenishment.coupling import Rows, usage
from optimizer.replenishment.instance import NEVER, Instance
from optimizer.replenishment.program import PartPlans
from optimizer.replenishment.week_cost import CostTables

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass
class _Columns:
    """Columns and rows of the program while it is being written."""

    cost: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    integer: list[bool] = field(default_factory=list)
    entries: list[tuple[int, int, float]] = field(default_factory=list)
    lower_limit: list[float] = field(default_factory=list)
    upper_limit: list[float] = field(default_factory=list)

    def column(self, cost: float, upper: float, integer: bool) -> int:
        self.cost.append(cost)
        self.upper.append(upper)
        self.integer.append(integer)
        return len(self.cost) - 1

    def row(self, terms: list[tuple[int, float]], lower: float, upper: float) -> None:
        number = len(self.upper_limit)
        self.entries.extend((number, column, value) for column, value in terms)
        self.lower_limit.append(lower)
        self.upper_limit.append(upper)

    def program(self) -> LinearProgram:
        entries = np.array(self.entries, dtype=float).reshape(-1, 3)
        row, column, value = entries[:, 0].astype(np.int64), entries[:, 1].astype(np.int64), entries[:, 2]
        shape = (len(self.upper_limit), len(self.cost))
        return LinearProgram(
            np.array(self.cost),
            sp.coo_matrix((value, (row, column)), shape=shape).tocsr(),
            np.array(self.lower_limit),
            np.array(self.upper_limit),
            np.array(self.upper),
            np.array(self.integer),
        )


@dataclass(frozen=True)
class Exact:
    """The plan found, the cost of the chosen parts and all consignments in it, and a lower bound on that cost."""

    plans: PartPlans
    cost: float
    bound: float


def plan_exactly(
    instance: Instance, tables: CostTables, rows: Rows, plans: PartPlans, chosen: Ints, node_limit: int
) -> Exact | None:
    """Plan the parts `chosen` anew by the exact model, all others staying as in `plans`; None if it found nothing."""
    model = _Model(instance, tables, rows, plans, chosen)
    for add in (model.paths, model.shelf_lives, model.changes, model.hubs, model.consignments, model.coupling):
        add()
    try:
        solution = solve(model.columns.program(), mathopt.SolverType.HIGHS, node_limit=node_limit, relative_gap=1e-3)
    except NoSolutionError:
        return None
    return Exact(model.read(solution.x), solution.objective + model.constant, solution.bound + model.constant)


class _Model:
    """Variables and rows of the exact model; each method adds one family."""

    def __init__(self, instance: Instance, tables: CostTables, rows: Rows, plans: PartPlans, chosen: Ints) -> None:
        self.instance, self.tables, self.rows, self.plans, self.chosen = instance, tables, rows, plans, chosen
        self.columns = _Columns()
        self.constant = 0.0
        self.ship: dict[tuple[int, int], int] = {}  # leaf, departure → column
        self.buy: dict[tuple[int, int], int] = {}  # part, order week → column, in multiples
        self.levels: dict[tuple[int, int], list[int]] = {}  # leaf, slot → a column per unit shipped by then
        self.leaves = np.flatnonzero(np.isin(instance.leaves.part, chosen))

    def paths(self) -> None:
        """Cumulative shipments of each leaf in unary: exact for any week cost, continuous where it is convex."""
        for n in self.leaves:
            self._path(int(n))

    def _path(self, n: int) -> None:
        instance, columns = self.instance, self.columns
        cap = int(self.tables.cap[n])
        table = self.tables.of(n)
        self.constant += float(table[:, 0].sum())
        arriving = self._departures(n, cap)
        before: list[int] = []
        for k in range(1, instance.weeks + 1):
            step = np.diff(table[k])
            convex = bool((np.diff(step) >= -1e-9).all())
            level = [columns.column(float(money), 1.0, not convex) for money in step]
            if not convex:
                for one, more in pairwise(level):
                    columns.row([(one, 1.0), (more, -1.0)], 0.0, np.inf)
            terms = [(z, 1.0) for z in level] + [(z, -1.0) for z in before] + [(q, -1.0) for q in arriving[k]]
            if terms:
                columns.row(terms, 0.0, 0.0)
            before = self.levels[n, k] = level

    def _departures(self, n: int, cap: int) -> list[list[int]]:
        """Quantities on each departure of the leaf, by slot, and what they cost to move."""
        instance, columns = self.instance, self.columns
        parts, sailings = instance.parts, instance.departures
        i, depot = int(instance.leaves.part[n]), int(instance.leaves.depot[n])
        arriving: list[list[int]] = [[] for _ in range(instance.weeks + 1)]
        for j in range(int(sailings.depot_start[depot]), int(sailings.depot_start[depot + 1])):
            moved = float(parts.lane_cost[i, sailings.lane[j]])
            if cap == 0 or not np.isfinite(moved):
                continue
            held = parts.hub_rate * parts.unit_cost[i] * (instance.weeks - sailings.week[j] + 1)
            q = columns.column(moved - held, float(cap), True)
            self.ship[n, j] = q
            arriving[int(sailings.slot[j])].append(q)
            if instance.line_cost > 0:
                line = columns.column(instance.line_cost, 1.0, True)
                columns.row([(q, 1.0), (line, -float(cap))], -np.inf, 0.0)
        return arriving

    def shelf_lives(self) -> None:
        """Where something arrives, no more has been shipped than is used before it spoils."""
        instance, columns = self.instance, self.columns
        for n in self.leaves:
            row = int(instance.leaves.shelf_row[n])
            if row < 0:
                continue
            for k in range(1, instance.weeks + 1):
                level = self.levels[int(n), k]
                arriving = [q for (leaf, j), q in self.ship.items() if leaf == n and instance.departures.slot[j] == k]
                most = int(instance.leaves.shelf_limit[row, k])
                if not arriving or most >= len(level):
                    continue
                comes = columns.column(0.0, 1.0, True)
                for q in arriving:
                    columns.row([(q, 1.0), (comes, -float(most))], -np.inf, 0.0)
                columns.row([(z, 1.0) for z in level] + [(comes, float(len(level) - most))], -np.inf, float(len(level)))

    def changes(self) -> None:
        """Every departure both plans publish on which the earlier plan ships another quantity costs."""
        instance, columns, earlier = self.instance, self.columns, self.instance.earlier
        if earlier.churn_cost == 0:
            return
        leaf = np.repeat(np.arange(len(instance.leaves.part)), np.diff(earlier.start))
        units = {(int(n), int(j)): int(u) for n, j, u in zip(leaf, earlier.departure, earlier.units, strict=True)}
        mine = set(self.leaves.tolist())
        gone = sum((n, j) not in self.ship for n, j in units if n in mine)
        self.constant += earlier.churn_cost * gone
        for (n, j), q in self.ship.items():
            if earlier.published[j]:
                before, most = units.get((n, j), 0), columns.upper[q]
                changed = columns.column(earlier.churn_cost, 1.0, True)
                columns.row([(q, 1.0), (changed, -max(most - before, 0.0))], -np.inf, float(before))
                columns.row([(q, 1.0), (changed, float(before))], float(before), np.inf)

    def hubs(self) -> None:
        """Purchases in multiples from the minimum order up; nothing leaves the hub before it is there."""
        for i in self.chosen:
            self._hub(int(i))

    def _hub(self, i: int) -> None:
        instance, columns, parts = self.instance, self.columns, self.instance.parts
        weeks, rate, unit_cost, s = instance.weeks, parts.hub_rate, float(parts.unit_cost[i]), int(parts.supplier[i])
        incoming = slice(int(parts.hub_inbound_start[i]), int(parts.hub_inbound_start[i + 1]))
        in_day, in_units = parts.hub_inbound_day[incoming], parts.hub_inbound_units[incoming]
        in_time = in_day <= instance.first_monday + 7 * weeks - 1
        in_week = np.maximum((in_day - instance.first_monday) // 7 + 1, 1)
        self.constant += rate * unit_cost * float(parts.hub_stock[i]) * weeks
        self.constant += rate * unit_cost * float((in_units * (weeks - in_week + 1))[in_time].sum())
        mine = [n for n in self.leaves if instance.leaves.part[n] == i]
        at_start = instance.leaves.initial_stock[mine] + instance.leaves.inbound[mine, -1]
        self.constant += float(parts.credit[i] * at_start.sum())

        multiple, minimum = int(parts.multiple[i]), -(-max(int(parts.moq[i]), 1) // int(parts.multiple[i]))
        least_value = float(instance.coupling.minimum_value[s])
        most = sum(int(self.tables.cap[n]) for n in mine) // multiple + minimum + 1
        most = max(most, int(least_value / max(unit_cost * multiple, 1e-9)) + 1 if unit_cost > 0 else 0)
        for o in range(1, min(weeks, int(parts.last_order_week[i])) + 1):
            received = int(instance.ordering.expected_week[s, o - 1])
            if instance.ordering.expected[s, o - 1] >= NEVER:
                continue
            price = unit_cost * (1.0 + rate * (weeks - received + 1)) - float(parts.credit[i])
            m = self.buy[i, o] = columns.column(price * multiple, float(most), True)
            if minimum > 1:
                placed = columns.column(0.0, 1.0, True)
                columns.row([(m, 1.0), (placed, -float(minimum))], 0.0, np.inf)
                columns.row([(m, 1.0), (placed, -float(most))], -np.inf, 0.0)
        sent = [(int(instance.departures.departs[j]), q) for (n, j), q in self.ship.items() if n in set(mine)]
        bought = [(int(instance.ordering.expected[s, o - 1]), m) for (part, o), m in self.buy.items() if part == i]
        for day in sorted({day for day, _ in sent}):
            terms = [(q, 1.0) for left, q in sent if left <= day]
            terms += [(m, -float(multiple)) for came, m in bought if came <= day]
            here = float(parts.hub_stock[i]) + float(in_units[in_day <= day].sum())
            columns.row(terms, -np.inf, here)

    def consignments(self) -> None:
        """Whole consignments and minimum charges of every departure, with what the other parts already load."""
        instance, columns = self.instance, self.columns
        lanes, sailings, parts = instance.lanes.lanes, instance.departures, instance.parts
        kg, carriage = self._others_load()
        by_departure: dict[int, list[tuple[int, int]]] = {}
        for (n, j), q in self.ship.items():
            by_departure.setdefault(j, []).append((n, q))
        for j, lines in sorted(by_departure.items()):
            lane = int(sailings.lane[j])
            charge, least = float(lanes["cost_per_consignment"].iloc[lane]), float(lanes["minimum_charge"].iloc[lane])
            size = float(lanes["consignment_kg"].iloc[lane])
            if charge <= 0 and least <= 0:
                continue
            weight = [(q, float(parts.weight_kg[instance.leaves.part[n]])) for n, q in lines]
            most = kg[j] + sum(w * columns.upper[q] for q, w in weight)
            number = columns.column(charge, float(np.ceil(most / size) + 1) if np.isfinite(size) else 1.0, True)
            for q, _ in weight:
                columns.row([(q, 1.0), (number, -columns.upper[q])], -np.inf, 0.0)
            columns.row([(number, 1.0)], 1.0 if kg[j] > 0 else 0.0, np.inf)
            if np.isfinite(size):
                columns.row([(number, size)] + [(q, -w) for q, w in weight], kg[j], np.inf)
            if least > 0:
                short = columns.column(1.0, np.inf, False)
                fare = [(q, self._carriage(int(instance.leaves.part[n]), lane)) for n, q in lines]
                columns.row([(short, 1.0), (number, -least), *fare], -carriage[j], np.inf)

    def _carriage(self, i: int, lane: int) -> float:
        insurance = float(self.instance.lanes.lanes["insurance_rate"].iloc[lane]) * float(
            self.instance.parts.unit_cost[i]
        )
        return float(self.instance.parts.freight[i, lane]) - insurance

    def _others_load(self) -> tuple[Floats, Floats]:
        """kg and carriage that the parts staying as they are put on each departure."""
        instance = self.instance
        other = ~np.isin(instance.leaves.part[self.plans.leaf], self.chosen)
        j, part = self.plans.departure[other], instance.leaves.part[self.plans.leaf[other]]
        units, lane = self.plans.units[other].astype(float), instance.departures.lane[j]
        insurance = instance.lanes.lanes["insurance_rate"].to_numpy(float)[lane] * instance.parts.unit_cost[part]
        size = len(instance.departures.lane)
        kg = np.bincount(j, units * instance.parts.weight_kg[part], minlength=size)
        carriage = np.bincount(j, units * (instance.parts.freight[part, lane] - insurance), minlength=size)
        return np.asarray(kg, dtype=float), np.asarray(carriage, dtype=float)

    def coupling(self) -> None:
        """Budget, kg, litres and room at depots within what the other parts leave; suppliers' minimum values."""
        instance, rows, columns = self.instance, self.rows, self.columns
        use = usage(instance, rows, self.plans)
        others = np.setdiff1d(np.arange(use.shape[0]), self.chosen)
        left = np.maximum(rows.limit - np.asarray(use[others].sum(axis=0)).ravel(), 0.0)
        terms: list[list[tuple[int, float]]] = [[] for _ in rows.limit]
        of_budget, of_kg, of_litres, of_storage = (range(run.start, run.stop) for run in rows.runs)
        period = dict(zip(rows.budget.tolist(), of_budget, strict=True))
        kg, litres = (
            dict(zip(index.tolist(), run, strict=True)) for index, run in ((rows.kg, of_kg), (rows.litres, of_litres))
        )
        for (i, o), m in self.buy.items():
            row = period.get(int(instance.coupling.period_of_week[o]))
            if row is not None:
                terms[row].append((m, float(instance.parts.unit_cost[i] * instance.parts.multiple[i])))
        for (n, j), q in self.ship.items():
            i = int(instance.leaves.part[n])
            for rows_of, amount in ((kg, instance.parts.weight_kg[i]), (litres, instance.parts.litres[i])):
                if j in rows_of and amount > 0:
                    terms[rows_of[j]].append((q, float(amount)))
        for row, place in zip(of_storage, rows.storage.tolist(), strict=True):
            least = self._stored(terms[row], *divmod(place, instance.weeks + 1))
            left[row] = max(left[row] - least, 0.0)
        for row, entries in enumerate(terms):
            if entries:
                columns.row(entries, -np.inf, float(left[row]))
        self._minimum_values()

    def _stored(self, terms: list[tuple[int, float]], depot: int, week: int) -> float:
        """Add the litres that every unit shipped stores at the depot in the week; returns those there anyway."""
        instance, tables, least = self.instance, self.tables, 0.0
        for n in self.leaves:
            if instance.leaves.depot[n] != depot or tables.stock_offset[n] < 0:
                continue
            columns = int(tables.cap[n]) + 1
            at = int(tables.stock_offset[n]) + week * columns
            litres = float(instance.parts.litres[instance.leaves.part[n]]) * tables.stock[at : at + columns]
            least += float(litres[0])
            for k in range(1, instance.weeks + 1):
                share = float(instance.slot_law[depot, week, k])
                if share > 0:
                    steps = zip(self.levels[int(n), k], np.diff(litres), strict=True)
                    terms.extend((level, share * float(step)) for level, step in steps)
        return least

    def _minimum_values(self) -> None:
        """What a supplier gets on one Monday is worth nothing or its minimum, with what the other parts order."""
        instance, columns, parts = self.instance, self.columns, self.instance.parts
        others = ~np.isin(self.plans.buyer, self.chosen)
        ordered = np.zeros((len(instance.suppliers), instance.weeks + 1))
        buyer, week = self.plans.buyer[others], self.plans.week[others]
        np.add.at(ordered, (parts.supplier[buyer], week), self.plans.bought[others] * parts.unit_cost[buyer])
        orders: dict[tuple[int, int], list[tuple[int, float]]] = {}
        for (i, o), m in self.buy.items():
            value = float(parts.unit_cost[i] * parts.multiple[i])
            orders.setdefault((int(parts.supplier[i]), o), []).append((m, value))
        for (s, o), entries in orders.items():
            least = float(instance.coupling.minimum_value[s])
            if least > ordered[s, o]:
                placed = columns.column(0.0, 1.0, True)
                columns.row([*entries, (placed, -least)], -float(ordered[s, o]), np.inf)
                for m, _ in entries:
                    columns.row([(m, 1.0), (placed, -columns.upper[m])], -np.inf, 0.0)

    def read(self, x: Floats) -> PartPlans:
        """The plans with the chosen parts replaced by the solution."""
        units = np.rint(x).astype(np.int64)
        multiple = self.instance.parts.multiple
        lines = [(n, j, int(units[q])) for (n, j), q in self.ship.items() if units[q] > 0]
        orders = [(i, o, int(units[m] * multiple[i])) for (i, o), m in self.buy.items() if units[m] > 0]
        return self.plans.with_parts(self.instance, self.chosen, lines, orders)
