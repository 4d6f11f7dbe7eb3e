"""Suppliers' minimum order values: what a supplier gets on one Monday is worth nothing or its minimum.

The bound leaves this rule out. Plans are brought to it by closing the order weeks that stay below, joined with the
week before; what is still short at the end is topped up, or not ordered at all.
"""

import numpy as np
import numpy.typing as npt

from optimizer.replenishment.instance import Instance
from optimizer.replenishment.program import PartPlans, Programs, Terms

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_SLACK = 1e-9  # of a minimum


def below_minimum(instance: Instance, plans: PartPlans) -> Bools:
    """Order weeks in which a supplier gets something, but less than its minimum, (suppliers, K)."""
    value, least = _ordered_value(instance, plans), instance.coupling.minimum_value[:, None]
    short: Bools = (value > 0) & (value < least * (1.0 - _SLACK))
    return short


def unused_weeks(instance: Instance, plans: PartPlans) -> Bools:
    """Weeks in which a supplier with a minimum gets nothing: an order more there would hardly be worth it."""
    unused: Bools = (_ordered_value(instance, plans) == 0) & (instance.coupling.minimum_value[:, None] > 0)
    return unused


def weeks_to_join(instance: Instance, plans: PartPlans) -> Bools:
    """Order weeks to close, so that the others are worth the minimum once they take over: earlier weeks stay open."""
    value, short = _ordered_value(instance, plans), below_minimum(instance, plans)
    minimum, closed = instance.coupling.minimum_value, np.zeros_like(short)
    for supplier in np.flatnonzero(short.any(axis=1)):
        weeks = np.flatnonzero(value[supplier] > 0)
        opened, gathered = weeks[0], 0.0
        for week in weeks:
            if gathered >= minimum[supplier]:
                opened, gathered = week, 0.0
            elif week > opened:
                closed[supplier, week] = True
            gathered += value[supplier, week]
        if gathered < minimum[supplier] and opened > weeks[0]:
            closed[supplier, opened] = True  # the last ones are too few: the week before takes them over
    return closed


def meet_minimum_values(
    instance: Instance, programs: Programs, closed: Bools, terms: Terms, plans: PartPlans
) -> PartPlans:
    """Top up what is still below a minimum, or do not order it; within the limits of `terms`."""
    for _ in range(instance.weeks):
        plans = _topped_up(instance, terms, plans)
        short = below_minimum(instance, plans)
        if not short.any():
            break
        closed = closed | short
        plans = programs.without_orders(closed).mend(terms, plans)
    return plans


def _ordered_value(instance: Instance, plans: PartPlans) -> Floats:
    """Money ordered by supplier and week − 1, (suppliers, K)."""
    value = np.zeros((len(instance.suppliers), instance.weeks))
    supplier = instance.parts.supplier[plans.buyer]
    np.add.at(value, (supplier, plans.week - 1), plans.bought * instance.parts.unit_cost[plans.buyer])
    return value


def _topped_up(instance: Instance, terms: Terms, plans: PartPlans) -> PartPlans:
    """More of what is bought most in every short week, where the budget allows and it is at most as much again."""
    parts, bought, cost = instance.parts, plans.bought.copy(), plans.cost.copy()
    value, spent = _ordered_value(instance, plans), np.zeros(len(terms.budget_left))
    np.add.at(spent, instance.coupling.period_of_week[plans.week], plans.bought * parts.unit_cost[plans.buyer])
    for supplier, week in np.argwhere(below_minimum(instance, plans)):
        rows = np.flatnonzero((parts.supplier[plans.buyer] == supplier) & (plans.week == week + 1))
        row = rows[np.argmax(bought[rows] * parts.unit_cost[plans.buyer[rows]])]
        part = plans.buyer[row]
        lot_value = parts.unit_cost[part] * parts.multiple[part]
        missing = instance.coupling.minimum_value[supplier] - value[supplier, week]
        lots = int(np.ceil(missing / lot_value - _SLACK)) if lot_value > 0 else 0
        period = instance.coupling.period_of_week[week + 1]
        if lots * lot_value <= min(terms.budget_left[period] - spent[period], value[supplier, week]):
            bought[row] += lots * parts.multiple[part]
            spent[period] += lots * lot_value
            weeks = instance.weeks - instance.ordering.expected_week[supplier, week] + 1
            kept = parts.unit_cost[part] * (1.0 + parts.hub_rate * weeks) - parts.credit[part]
            cost[part] += lots * parts.multiple[part] * kept
    return PartPlans(plans.leaf, plans.departure, plans.units, plans.buyer, plans.week, bought, cost, plans.bound)
