"""Prices of the rules parts share, and the bound they prove: boxstep over a restricted master of groups of parts.

Dantzig & Wolfe 1960; Lasdon & Terjung 1971; the box: Marsten, Hogan & Blankenship 1975.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from optimizer.linear_program import LinearProgram, solve
from optimizer.replenishment.coupling import Rows, usage
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.params import Params
from optimizer.replenishment.program import PartPlans, Programs

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_EXCEEDED = 20.0  # times the best and the usual prices: what exceeding a limit costs a master over single parts
_NEARLY = 0.8  # of its limit: a row that no pass has used so much stays out of the master, at price 0


@dataclass(frozen=True)
class FoundPrices:
    """The best prices, what they prove, and plans that nearly keep the limits.

    bound, bound_at_zero: lower bounds on the cost of any plan, at the best prices and where nothing has one.
    alone: the parts' own plans at the best prices.
    """

    price: Floats
    bound: float
    bound_at_zero: float
    alone: PartPlans
    mixture: PartPlans


def search_prices(
    instance: Instance,
    programs: Programs,
    rows: Rows,
    params: Params,
    start: Floats | None,
    tell: Callable[[str], None],
) -> FoundPrices:
    """Maximise the bound over prices; `start`: where to look first.

    A master over groups of parts proposes prices in a box around the best so far. The box moves to a price at which
    the bound is higher and grows where it was reached; it shrinks when the master promised too much. A column is a
    group's whole plan with its use, at the cost that its bound implies. The last master's weights mix the plans.
    """
    group = _groups(instance, params.groups)
    parts = len(group)
    gather = sp.csr_matrix((np.ones(parts), (group, np.arange(parts))))
    best, at_best, bound = np.zeros(len(rows.limit)), 0, -np.inf
    trial, promise, at_edge = best, np.inf, np.zeros(len(best), bool)
    radius = usual_prices(instance, rows)
    use: list[sp.csr_matrix] = []
    cost: list[Floats] = []
    passes: list[PartPlans] = []
    zero, weight, quiet = 0.0, np.ones(1), 0
    for iteration in range(params.price_iterations):
        plans = programs.price(rows.terms(instance, trial))
        passes.append(plans)
        taken = usage(instance, rows, plans)
        use.append(gather @ taken)
        cost.append(np.asarray(gather @ (plans.bound - taken @ trial)))
        proven = float(plans.bound.sum() - trial @ rows.limit)
        quiet = 0 if proven > bound + params.tolerance * abs(bound) else quiet + 1
        if proven > bound:
            if iteration > 0 and proven - bound > 0.5 * (promise - bound):
                radius = np.where(at_edge, 2.0 * radius, radius)
            best, at_best, bound = trial, iteration, proven
        else:
            radius = 0.5 * radius
        if iteration == 0:
            zero = bound
            if start is not None and start.any():
                trial, radius = start, 0.5 * radius
                continue
        low, high = np.maximum(best - radius, 0.0), best + radius
        promise, trial, weight = _restricted_master(
            sp.vstack(use).tocsr(), np.concatenate(cost), len(cost), rows.limit, low, high
        )
        at_edge = (trial >= high * (1 - 1e-9)) | ((trial <= low * (1 + 1e-9)) & (low > 0))
        tell(f"Pricing budget and capacity, round {iteration + 1}: {(promise - bound) / abs(bound):.3%} to go")
        promising = promise - bound > params.tolerance * abs(bound)
        if not promising and (quiet >= params.quiet_rounds or not at_edge.any()):
            break
    weight = weight.reshape(-1, group.max(initial=0) + 1)[:, group]
    if parts <= params.single_parts:
        passes, weight = _single_columns(instance, programs, rows, best, passes)
    mixture = _mixture(instance, passes, weight)
    return FoundPrices(best, bound, zero, passes[at_best], mixture)


def _single_columns(
    instance: Instance, programs: Programs, rows: Rows, best: Floats, passes: list[PartPlans]
) -> tuple[list[PartPlans], Floats]:
    """(passes, and more that avoid one budget period each; weights of a master over single parts, (passes, parts)).

    Manne 1958: all but as many parts as there are rows get one plan whole.
    """
    usual = usual_prices(instance, rows)
    of_budget = range(rows.runs[0].start, rows.runs[0].stop)
    avoiding = [best + usual * (np.arange(len(best)) == row) for row in of_budget]
    passes = passes + [programs.price(rows.terms(instance, price)) for price in avoiding]
    use = sp.vstack([usage(instance, rows, plans) for plans in passes]).tocsr()
    cost = np.concatenate([plans.cost for plans in passes])
    dearest = _EXCEEDED * (best + usual)
    weight = _restricted_master(use, cost, len(passes), rows.limit, np.zeros(len(best)), dearest)[2]
    return passes, weight.reshape(len(passes), -1)


def _groups(instance: Instance, most: int) -> Ints:
    """Group of every part, as even as may be; parts of the same depots together, so that columns touch few rows."""
    start, depot = instance.parts.leaf_start[:-1], instance.leaves.depot
    parts = len(start)
    last = instance.parts.leaf_start[1:] - 1
    order = np.lexsort((np.arange(parts), depot[last], depot[start])) if len(instance.depots) > 10 else np.arange(parts)
    group = np.empty(parts, np.int64)
    group[order] = np.arange(parts) * min(most, parts) // max(parts, 1)
    return group


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


def usual_prices(instance: Instance, rows: Rows) -> Floats:
    """How far a price may move at first: 5 % of money, half a lane's rate per kg, the same for a litre's weight.

    A litre stored for a week: a quarter of that.
    """
    lanes, sailings = instance.lanes.lanes, instance.departures
    per_kg = 0.5 * lanes["cost_per_kg"].to_numpy(float)[sailings.lane]
    density = float(instance.parts.weight_kg.sum() / max(float(instance.parts.litres.sum()), 1e-9))
    stored = np.full(len(rows.storage), float(np.median(per_kg)) * min(density, 1.0) / 4.0 if len(per_kg) else 1.0)
    per_litre = per_kg[rows.litres] * min(density, 1.0)
    return np.concatenate([np.full(len(rows.budget), 0.05), per_kg[rows.kg], per_litre, stored])


def _restricted_master(
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
