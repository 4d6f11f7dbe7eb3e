"""The rules of the oracle's program: each function adds one family of constraints."""

from collections import defaultdict
from datetime import date
from math import ceil, isnan

import numpy as np
from ortools.math_opt.python import mathopt

from tests.judge.frames import as_date, good_stock, rows
from tests.judge.laws import Floats
from tests.judge.prices import Prices
from tests.judge.rules import budget_of_period
from tests.judge.shelf_life import most_shipped
from tests.judge.states import evaluate

from .program import Departure, Program


def hub_balance(program: Program) -> None:
    """What has left by a day is no more than was there, has come in, and was bought and received by then."""
    for part in program.prices.part:
        leaving: dict[date, list[mathopt.Variable]] = defaultdict(list)
        for (leaf, lane, week), sent in program.sent.items():
            if program.leaves.key[leaf][0] == part:
                leaving[program.departs(lane, week)].append(sent)
        supplier, multiple = program.prices.part[part].supplier, program.prices.part[part].order_multiple
        for day in sorted(leaving):
            gone = [sent for other, lines in leaving.items() if other <= day for sent in lines]
            bought = [
                multiple * lots
                for (of, week), lots in program.lots.items()
                if of == part and program.calendar.receipt(supplier, program.calendar.start(week)) <= day
            ]
            stock = _frozen_at_hub(program, part, day)
            program.model.add_linear_constraint(mathopt.fast_sum(gone) <= stock + mathopt.fast_sum(bought))


def budget(program: Program) -> None:
    """Value of the purchases ordered in each period."""
    ordered: dict[int, list[mathopt.LinearProduct]] = defaultdict(list)
    for (part, week), lots in program.lots.items():
        item = program.prices.part[part]
        period = (week - 1) // program.network.settings.budget_period_weeks
        ordered[period].append(item.unit_cost * item.order_multiple * lots)
    for period, values in ordered.items():
        amount = budget_of_period(program.network, program.calendar, period)
        if not isnan(amount):
            program.model.add_linear_constraint(mathopt.fast_sum(values) <= amount)


def capacity(program: Program) -> None:
    """Kilograms and litres leaving on a lane in a week."""
    for (lane, _), lines in program.by_lane_and_week.items():
        way = program.calendar.lane[lane]
        items = [(program.prices.part[program.leaves.key[leaf][0]], sent) for leaf, sent in lines]
        if not isnan(way.capacity_kg_per_week):
            kg = mathopt.fast_sum(item.weight_kg * sent for item, sent in items)
            program.model.add_linear_constraint(kg <= way.capacity_kg_per_week)
        if not isnan(way.capacity_m3_per_week):
            litres = mathopt.fast_sum(item.volume_l * sent for item, sent in items)
            program.model.add_linear_constraint(litres <= way.capacity_m3_per_week * 1000.0)


def storage(program: Program) -> None:
    """Litres expected at a depot at the end of a week: within its storage, or no more than without shipments."""
    for depot in sorted(set(program.leaves.depot)):
        limit = program.calendar.site[depot].storage_m3 * 1000.0
        if isnan(limit):
            continue
        at = [leaf for leaf, site in enumerate(program.leaves.depot) if site == depot]
        for week in range(1, program.calendar.weeks + 1):
            stored, least = [], 0.0
            for leaf in at:
                litres = program.prices.part[program.leaves.key[leaf][0]].volume_l * _depot_stock(program, leaf, week)
                least += float(litres[0])
                for k in range(1, program.calendar.weeks + 1):
                    steps = np.diff(litres) * program.leaves.rho[leaf][week - 1, k]
                    stored += [float(size) * step for size, step in zip(steps, program.in_by[leaf, k], strict=True)]
            program.model.add_linear_constraint(mathopt.fast_sum(stored) <= max(limit - least, 0.0))


def lots(program: Program) -> None:
    """A purchase is nothing or at least the minimum order quantity."""
    for (part, _), bought in program.lots.items():
        item = program.item[part]
        least = ceil(item.moq / item.order_multiple)
        if least > 1:
            placed = program.model.add_binary_variable()
            program.model.add_linear_constraint(bought >= least * placed)
            program.model.add_linear_constraint(bought <= bought.upper_bound * placed)


def minimum_value(program: Program) -> None:
    """A supplier's orders of one Monday are together nothing or worth its minimum."""
    for supplier in rows(program.network.suppliers):
        if supplier.minimum_order_value == 0:
            continue
        for week in program.weeks:
            orders = [
                (lots, program.item[part])
                for (part, of), lots in program.lots.items()
                if of == week and program.item[part].supplier == supplier.supplier
            ]
            if orders:
                placed = program.model.add_binary_variable()
                value = mathopt.fast_sum(item.unit_cost * item.order_multiple * lots for lots, item in orders)
                program.model.add_linear_constraint(value >= supplier.minimum_order_value * placed)
                for lots, _ in orders:
                    program.model.add_linear_constraint(lots <= lots.upper_bound * placed)


def shelf_life(program: Program) -> None:
    """Where anything arrives, no more is there than is wanted with 90 % probability before it expires."""
    calendar = program.calendar
    most = most_shipped(program.case.forecast_frame, calendar, Prices(program.network, calendar), program.leaves)
    arriving: dict[tuple[int, int], list[Departure]] = defaultdict(list)
    for leaf, lane, week in program.sent:
        arriving[leaf, int(program.slot(lane, week))].append((leaf, lane, week))
    for (leaf, slot), departures in arriving.items():
        limit, steps = most[leaf, slot], program.in_by[leaf, slot]
        if limit >= len(steps):
            continue
        comes = program.model.add_binary_variable()
        for departure in departures:
            sent = program.sent[departure]
            program.model.add_linear_constraint(sent <= min(sent.upper_bound, max(limit, 0.0)) * comes)
        over = len(steps) - max(limit, 0.0)
        program.model.add_linear_constraint(mathopt.fast_sum(steps) <= max(limit, 0.0) + over * (1 - comes))


RULES = (hub_balance, lots, minimum_value, budget, capacity, storage, shelf_life)


def _frozen_at_hub(program: Program, part: str, day: date) -> float:
    """Good stock and frozen inbound at the hub by a day; late inbound counts."""
    hub = program.prices.hub[part]
    due = sum(
        row.quantity
        for row in rows(program.network.inbound)
        if (row.part, row.destination) == (part, hub) and as_date(row.expected) <= day
    )
    return float(good_stock(program.network)[part, hub] + due)


def _depot_stock(program: Program, leaf: int, week: int) -> Floats:
    """Expected units at the depot at the end of the week for every state of the leaf."""
    units = np.arange(program.most(leaf) + 1)
    same = np.ones(len(units), dtype=np.int64)
    return evaluate(program.leaves, leaf * same, week * same, units.astype(np.float64)).depot
