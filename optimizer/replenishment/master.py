"""Price-directed decomposition: prices of the rules parts share, the bound they prove, one plan per part.

Manne 1958, Dantzig & Wolfe 1960, Lasdon & Terjung 1971. At the prices found the parts take their turn within what the
others leave, so that every rule is kept. A network small enough is planned whole by the exact model.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.plan import PreviousPlan
from optimizer.replenishment.coupling import Rows, coupling_rows, prices_of, usage
from optimizer.replenishment.exact import plan_exactly
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.minimum_value import (
    below_minimum,
    meet_minimum_values,
    unused_weeks,
    weeks_to_join,
)
from optimizer.replenishment.outlook import outlook, plan_cost
from optimizer.replenishment.params import Params
from optimizer.replenishment.prices import search_prices, usual_prices
from optimizer.replenishment.program import PartPlans, Programs
from optimizer.replenishment.stay import staying
from optimizer.replenishment.week_cost import CostTables

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Decomposition:
    """One plan per part within every shared rule, the bound, and what the rules' rows cost and carry."""

    plans: PartPlans
    bound: float
    bound_at_zero_prices: float
    rows: Rows
    price: Floats
    use: Floats
    alone: PartPlans  # the parts' own plans at these prices


def decompose(
    instance: Instance,
    tables: CostTables,
    params: Params,
    previous: PreviousPlan | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> Decomposition:
    """Search prices, then one plan per part: bound and plan of the whole network.

    previous: the plan before; the search begins with its prices, and what it decided stays where little is lost.
    """
    rows = coupling_rows(instance, tables)
    programs = Programs(instance, tables)
    known = None if previous is None else previous.rule_prices
    start = None if known is None else prices_of(instance, rows, known)
    found = search_prices(instance, programs, rows, params, start, tell)
    tell("Choosing one plan per part")
    plans = found.mixture
    if previous is not None and previous.purchase_orders is not None:
        plans, programs.reluctance = staying(instance, programs, rows, found, previous)
    plans = _choose(instance, programs, rows, found.price, plans, params)
    plans, bound = _settle(instance, tables, rows, plans, found.bound, params, tell)
    use = np.asarray(usage(instance, rows, plans).sum(axis=0), dtype=float).ravel()
    return Decomposition(plans, bound, found.bound_at_zero, rows, found.price, use, found.alone)


def _choose(
    instance: Instance, programs: Programs, rows: Rows, price: Floats, plans: PartPlans, params: Params
) -> PartPlans:
    """Plans within every limit and every supplier's minimum order value, beginning with plans that nearly are."""
    limits = rows.terms(instance, price, limited=True)
    step = rows.terms(instance, np.maximum(price, usual_prices(instance, rows)))
    closed = np.zeros((len(instance.suppliers), instance.weeks), bool)
    best, least = plans, np.inf
    for number in range(params.order_week_rounds):
        whole = not below_minimum(instance, plans).any()
        closed |= weeks_to_join(instance, plans)
        open_weeks = programs.without_orders(closed | (unused_weeks(instance, plans) if whole or number > 0 else False))
        plans = open_weeks.relieve(limits, step, plans, params.surcharges)
        plans = open_weeks.fill(limits, plans, params.rounds)
        found = meet_minimum_values(instance, programs, closed, limits, plans)
        if found.cost.sum() < least and not below_minimum(instance, found).any():
            best, least = found, found.cost.sum()
        if whole:
            break
    return best if np.isfinite(least) else found


def _settle(
    instance: Instance,
    tables: CostTables,
    rows: Rows,
    plans: PartPlans,
    bound: float,
    params: Params,
    tell: Callable[[str], None],
) -> tuple[PartPlans, float]:
    """A network small enough is planned whole by the exact model, which then also proves the better bound."""
    states = len(tables.values)
    if len(instance.leaves.part) > params.exact_leaves or states > params.exact_states:
        return plans, bound
    tell("Proving the plan of this small network")
    everything = np.arange(len(instance.parts.part))
    exact = plan_exactly(instance, tables, rows, plans, everything, params.exact_nodes)
    if exact is None:
        return plans, bound
    now = plan_cost(instance, plans, outlook(instance, plans)).total
    keeps_rules = not below_minimum(instance, plans).any()
    return (plans if keeps_rules and now <= exact.cost else exact.plans), max(bound, exact.bound)
