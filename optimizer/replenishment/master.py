"""Price-directed decomposition: prices of the rules parts share, the bound they prove, one plan per part.

Manne 1958, Dantzig & Wolfe 1960, Lasdon & Terjung 1971. A restricted master over groups of parts finds the prices;
at these prices the parts then take their turn within what the others leave, so that every rule is kept. A network small
enough is planned whole by the exact model.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from optimizer.linear_program import LinearProgram, solve
from optimizer.replenishment.coupling import Rows, coupling_rows, usage
from optimizer.replenishment.exact import plan_exactly
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.minimum_value import (
    below_minimum,
    meet_minimum_values,
    unused_weeks,
    weeks_to_join,
)
from optimizer.replenishment.outlook import outlook, plan_cost
from optimizer.replenishment.program import PartPlans, Programs
from optimizer.replenishment.week_cost import CostTables

Floats = npt.NDArray[np.float64]

_NEARLY = 0.8  # of its limit: a row that no pass has used so much stays out of the master, at price 0


@dataclass(frozen=True)
class Params:
    """Limits are counts, never seconds."""

    groups: int = 50  # parts are priced together in so many groups
    price_iterations: int = 24
    tolerance: float = 1e-4  # of the bound: when the master promises no more, prices are good enough
    quiet_rounds: int = 3  # that raised the bound by no more than that, before the search ends
    surcharges: tuple[float, ...] = tuple(0.1 * 2.0**k for k in range(10))  # on the price of exceeded rows
    rounds: tuple[float, ...] = (1.0, 0.5, 0.0)  # shares of the prices at which parts take their turn
    order_week_rounds: int = 4  # of joining the order weeks that stay below a supplier's minimum value
    exact_leaves: int = 50  # so many part × depots are planned by the exact model
    exact_nodes: int = 2000


@dataclass(frozen=True)
class Decomposition:
    """One plan per part within every shared rule, the bound, and what the rules' rows cost and carry."""

    plans: PartPlans
    bound: float
    bound_at_zero_prices: float
    rows: Rows
    price: Floats
    use: Floats


def decompose(
    instance: Instance, tables: CostTables, params: Params, tell: Callable[[str], None] = lambda text: None
) -> Decomposition:
    """Search prices, then one plan per part: bound and plan of the whole network."""
    rows = coupling_rows(instance, tables)
    programs = Programs(instance, tables)
    price, bound, zero, mixture = _search_prices(instance, programs, rows, params, tell)
    tell("Choosing one plan per part")
    plans = _choose(instance, programs, rows, price, mixture, params)
    plans, bound = _settle(instance, tables, rows, plans, bound, params, tell)
    use = np.asarray(usage(instance, rows, plans).sum(axis=0), dtype=float).ravel()
    return Decomposition(plans, bound, zero, rows, price, use)


def _choose(
    instance: Instance, programs: Programs, rows: Rows, price: Floats, plans: PartPlans, params: Params
) -> PartPlans:
    """Plans within every limit and every supplier's minimum order value, beginning with plans that nearly are."""
    limits = rows.terms(instance, price, limited=True)
    step = rows.terms(instance, np.maximum(price, _usual_prices(instance, rows)))
    closed = np.zeros((len(instance.suppliers), instance.weeks), bool)
    for number in range(params.order_week_rounds):
        last = number == params.order_week_rounds - 1 or not below_minimum(instance, plans).any()
        closed |= weeks_to_join(instance, plans)
        open_weeks = programs.without_orders(closed | (unused_weeks(instance, plans) if number > 0 else False))
        plans = open_weeks.relieve(limits, step, plans, params.surcharges)
        plans = open_weeks.fill(limits, plans, params.rounds if last else params.rounds[:1])
        if last:
            break
    return meet_minimum_values(instance, programs, closed, limits, plans)


def _search_prices(
    instance: Instance, programs: Programs, rows: Rows, params: Params, tell: Callable[[str], None]
) -> tuple[Floats, float, float, PartPlans]:
    """Maximise the bound over prices: (prices, bound, bound at zero prices, plans that nearly keep the limits).

    A master over groups of parts proposes prices in a box around the best so far. Boxstep (Marsten, Hogan &
    Blankenship 1975): the box moves to a price at which the parts' plans are worth more and grows where it was reached;
    it shrinks when the master promised too much. A column is a group's whole plan at its true cost and use.
    """
    parts = len(instance.parts.part)
    group = np.arange(parts) * min(params.groups, parts) // parts
    gather = sp.csr_matrix((np.ones(parts), (group, np.arange(parts))))
    best, worth, bound = np.zeros(len(rows.limit)), -np.inf, -np.inf
    trial, promise, at_edge = best, np.inf, np.zeros(len(best), bool)
    radius = _usual_prices(instance, rows)
    use: list[sp.csr_matrix] = []
    cost: list[Floats] = []
    passes: list[PartPlans] = []
    zero, weight, quiet = 0.0, np.ones(1), 0
    for iteration in range(params.price_iterations):
        plans = programs.price(rows.terms(instance, trial))
        passes.append(plans)
        taken = usage(instance, rows, plans)
        use.append(gather @ taken)
        cost.append(np.asarray(gather @ plans.cost))
        proven = float(plans.bound.sum() - trial @ rows.limit)
        quiet = 0 if proven > bound + params.tolerance * abs(bound) else quiet + 1
        bound = max(bound, proven)
        found = float(plans.cost.sum() + (taken @ trial).sum() - trial @ rows.limit)
        if iteration == 0:
            zero, worth = bound, found
        elif found > worth:
            if found - worth > 0.5 * (promise - worth):
                radius = np.where(at_edge, 2.0 * radius, radius)
            best, worth = trial, found
        else:
            radius = 0.5 * radius
        low, high = np.maximum(best - radius, 0.0), best + radius
        promise, trial, weight = _master(sp.vstack(use).tocsr(), np.concatenate(cost), len(cost), rows.limit, low, high)
        at_edge = (trial >= high * (1 - 1e-9)) | ((trial <= low * (1 + 1e-9)) & (low > 0))
        tell(f"Pricing budget and capacity, round {iteration + 1}: {(promise - worth) / abs(worth):.3%} to go")
        promising = promise - worth > params.tolerance * abs(worth)
        if not promising and (quiet >= params.quiet_rounds or not at_edge.any()):
            break
    return best, bound, zero, _mixture(instance, passes, weight.reshape(len(cost), -1)[:, group])


def _mixture(instance: Instance, passes: list[PartPlans], weight: Floats) -> PartPlans:
    """Each part's plan from one of the passes, so often from each as its group's weights (passes, parts) say.

    The golden-ratio sequence spreads the picks evenly over the parts of a group, whatever its size.
    """
    parts = weight.shape[1]
    spread = (np.arange(parts) * 0.6180339887498949 + 0.5) % 1.0
    pick = np.minimum((np.cumsum(weight, axis=0) < spread - 1e-9).sum(axis=0), len(passes) - 1)
    pieces = [_of_parts(instance, plans, pick == number) for number, plans in enumerate(passes)]
    leaf, departure, units, buyer, week, bought = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
    cost, bound = (np.stack([getattr(p, name) for p in passes])[pick, np.arange(parts)] for name in ("cost", "bound"))
    return PartPlans(leaf, departure, units, buyer, week, bought, cost, bound)


def _of_parts(instance: Instance, plans: PartPlans, mine: npt.NDArray[np.bool_]) -> "tuple[npt.NDArray[np.int64], ...]":
    """Shipment lines and purchases of some parts."""
    line, order = mine[instance.leaves.part[plans.leaf]], mine[plans.buyer]
    return (
        plans.leaf[line], plans.departure[line], plans.units[line],
        plans.buyer[order], plans.week[order], plans.bought[order],
    )  # fmt: skip


def _usual_prices(instance: Instance, rows: Rows) -> Floats:
    """How far a price may move at first: 5 % of money, half a lane's rate per kg, the same for a litre's weight.

    A litre stored for a week: a quarter of that.
    """
    lanes, sailings = instance.lanes.lanes, instance.departures
    per_kg = 0.5 * lanes["cost_per_kg"].to_numpy(float)[sailings.lane]
    density = float(instance.parts.weight_kg.sum() / max(float(instance.parts.litres.sum()), 1e-9))
    stored = np.full(len(rows.storage), float(np.median(per_kg)) * min(density, 1.0) / 4.0 if len(per_kg) else 1.0)
    per_litre = per_kg[rows.litres] * min(density, 1.0)
    return np.concatenate([np.full(len(rows.budget), 0.05), per_kg[rows.kg], per_litre, stored])


def _master(
    use: sp.csr_matrix, cost: Floats, copies: int, limit: Floats, low: Floats, high: Floats
) -> tuple[float, Floats, Floats]:
    """The best price of the linear model within a box: (what it promises for the bound, prices, column weights).

    min Σ cost λ over one convex combination per group, where a row may be exceeded at price `high` and what is left
    of it is paid at price `low`: so its price stays between.
    """
    groups = len(cost) // copies
    taken = np.zeros(len(limit))
    for copy in range(copies):
        taken = np.maximum(taken, np.asarray(use[copy * groups : (copy + 1) * groups].sum(axis=0)).ravel())
    active = np.flatnonzero((taken > _NEARLY * limit) | (high > low) & (low > 0))
    use, limit, low_all, low, high = use[:, active], limit[active], low, low[active], high[active]
    convexity = sp.hstack([sp.identity(groups, format="csr")] * copies)
    number = len(limit)
    scale = np.where(limit > 0, limit, 1.0)
    slack = sp.hstack([-sp.identity(number), sp.identity(number)])
    matrix = sp.vstack(
        [
            sp.hstack([sp.diags(1 / scale) @ use.T, slack]),
            sp.hstack([convexity, sp.csr_matrix((groups, 2 * number))]),
        ]
    ).tocsr()
    lower = np.concatenate([np.full(number, -np.inf), np.ones(groups)])
    upper = np.concatenate([limit / scale, np.ones(groups)])
    money = np.concatenate([cost, high * scale, -low * scale])
    program = LinearProgram(money, matrix, lower, upper, np.full(len(money), np.inf), np.zeros(len(money), bool))
    solution = solve(program)
    price = low_all * 0.0
    price[active] = np.clip(-solution.duals[:number] / scale, low, high)
    return solution.objective, price, solution.x[: len(cost)]


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
    if len(instance.leaves.part) > params.exact_leaves:
        return plans, bound
    tell("Proving the plan of this small network")
    everything = np.arange(len(instance.parts.part))
    exact = plan_exactly(instance, tables, rows, plans, everything, params.exact_nodes)
    if exact is None:
        return plans, bound
    now = plan_cost(instance, plans, outlook(instance, plans)).total
    return (exact.plans if exact.cost < now else plans), max(bound, exact.bound)
