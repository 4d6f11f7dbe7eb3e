"""Price-directed decomposition: prices of the rules parts share, the bound they prove, one plan per part.

Manne 1958, Dantzig & Wolfe 1960, Lasdon & Terjung 1971. Prices are found by a master over groups of parts with
smoothed prices (Wentges 1997), then a restricted master over single parts picks one plan for almost every part; the few
that it splits are chosen by a small integer program.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from ortools.math_opt.python import mathopt

from optimizer.linear_program import LinearProgram, solve
from optimizer.replenishment.coupling import Rows, coupling_rows, usage
from optimizer.replenishment.exact import plan_exactly
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.outlook import outlook, plan_cost
from optimizer.replenishment.program import PartPlans, Prices, price_parts
from optimizer.replenishment.week_cost import CostTables

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Params:
    """Limits are counts, never seconds."""

    groups: int = 100  # parts are priced together in so many groups while prices are searched
    price_iterations: int = 40
    tolerance: float = 2e-4  # of the total: when master and bound are this near, prices are good enough
    part_rounds: int = 4
    exact_leaves: int = 50  # so many part × depots are planned by the exact model
    exact_nodes: int = 5000
    keep: int = 8  # passes whose plans the part master may choose from
    smoothing: float = 0.6


@dataclass(frozen=True)
class Decomposition:
    """One plan per part within every shared rule, the bound and what the rules' prices were."""

    plans: PartPlans
    bound: float
    bound_at_zero_prices: float
    prices: Prices
    rows: Rows
    use: Floats


def decompose(instance: Instance, tables: CostTables, params: Params) -> Decomposition:
    """Search prices, then choose one plan per part: bound and plan of the whole network."""
    rows = coupling_rows(instance)
    pool = _Pool(instance, rows, params.keep)
    free = pool.add(price_parts(instance, tables, rows.prices(instance, np.zeros(len(rows.limit)))))
    zero = float(free.bound.sum())
    idle = price_parts(instance, tables, _closed(instance, rows), may_buy=False)
    price, bound = _search_prices(instance, tables, rows, pool, idle, zero, params)
    pool.add(idle, keep_always=True)
    plans, bound, price = _choose(instance, tables, rows, pool, bound, price, params)
    plans, bound = _settle(instance, tables, rows, plans, bound, params)
    use = np.asarray(usage(instance, rows, plans).sum(axis=0)).ravel()
    return Decomposition(plans, bound, zero, rows.prices(instance, price), rows, use)


def _settle(
    instance: Instance, tables: CostTables, rows: Rows, plans: PartPlans, bound: float, params: Params
) -> tuple[PartPlans, float]:
    """A network small enough is planned whole by the exact model, which then also proves the better bound."""
    if len(instance.leaves.part) > params.exact_leaves:
        return plans, bound
    everything = np.arange(len(instance.parts.part))
    exact = plan_exactly(instance, tables, rows, plans, everything, params.exact_nodes)
    if exact is None:
        return plans, bound
    now = plan_cost(instance, plans, outlook(instance, plans)).total
    return (exact.plans if exact.cost < now else plans), max(bound, exact.bound)


def _closed(instance: Instance, rows: Rows) -> Prices:
    """Prices so high that nothing takes of a limited row: the plan that is always allowed."""
    high = 1e9 * max(float(instance.points.waiting.max(initial=0.0)), float(instance.parts.unit_cost.max()), 1.0)
    price = np.full(len(rows.limit), high)
    return rows.prices(instance, price)


class _Pool:
    """The part plans found so far; per part only distinct ones count."""

    def __init__(self, instance: Instance, rows: Rows, keep: int) -> None:
        self._instance, self._rows, self._keep = instance, rows, keep
        self.passes: list[PartPlans] = []
        self.use: list[sp.csr_matrix] = []

    def add(self, plans: PartPlans, *, keep_always: bool = False) -> PartPlans:
        """Remember a pass; the oldest is forgotten unless it is to be kept always (it then stands first)."""
        place = 0 if keep_always else len(self.passes)
        self.passes.insert(place, plans)
        self.use.insert(place, usage(self._instance, self._rows, plans))
        if len(self.passes) > self._keep:
            del self.passes[1], self.use[1]
        return plans

    def use_of_last(self) -> Floats:
        """Total use of each row by the newest pass."""
        return np.asarray(self.use[-1].sum(axis=0)).ravel()


def _search_prices(
    instance: Instance, tables: CostTables, rows: Rows, pool: _Pool, idle: PartPlans, zero: float, params: Params
) -> tuple[Floats, float]:
    """Maximise the bound over prices: Dantzig–Wolfe over groups of parts, prices smoothed towards the best so far."""
    parts = len(instance.parts.part)
    group = np.arange(parts) * min(params.groups, parts) // parts
    gather = sp.csr_matrix((np.ones(parts), (group, np.arange(parts))))
    use = [gather @ usage(instance, rows, idle), gather @ pool.use[-1]]
    cost = [gather @ idle.cost, gather @ pool.passes[-1].cost]
    best_price, best_bound = np.zeros(len(rows.limit)), zero
    for _ in range(params.price_iterations):
        master, price = _master(sp.vstack(use).tocsr(), np.concatenate(cost), len(use), rows.limit)
        if master - best_bound <= params.tolerance * abs(master):
            break
        trial = params.smoothing * best_price + (1 - params.smoothing) * price
        plans = pool.add(price_parts(instance, tables, rows.prices(instance, trial)))
        bound = float(plans.bound.sum() - trial @ rows.limit)
        if bound > best_bound:
            best_price, best_bound = trial, bound
        use.append(gather @ pool.use[-1])
        cost.append(gather @ plans.cost)
    return best_price, best_bound


def _master(use: sp.csr_matrix, cost: Floats, copies: int, limit: Floats) -> tuple[float, Floats]:
    """min Σ cost λ with use within limits and one convex combination per group: (objective, row prices ≥ 0)."""
    groups = len(cost) // copies
    convexity = sp.hstack([sp.identity(groups, format="csr")] * copies)
    scale = np.maximum(limit, 1e-9)
    matrix = sp.vstack([sp.diags(1 / scale) @ use.T, convexity]).tocsr()
    lower = np.concatenate([np.full(len(limit), -np.inf), np.ones(groups)])
    upper = np.concatenate([limit / scale, np.ones(groups)])
    program = LinearProgram(cost, matrix, lower, upper, np.full(len(cost), np.inf), np.zeros(len(cost), bool))
    solution = solve(program)
    return solution.objective, np.maximum(-solution.duals[: len(limit)] / scale, 0.0)


def _choose(
    instance: Instance, tables: CostTables, rows: Rows, pool: _Pool, bound: float, price: Floats, params: Params
) -> tuple[PartPlans, float, Floats]:
    """The restricted master over single parts, priced again until it finds nothing new, then made integer."""
    best_price = price
    for _ in range(params.part_rounds):
        part, source, use, cost = _distinct(pool)
        weights, objective, price = _part_master(part, use, cost, rows.limit)
        if objective - bound <= params.tolerance * abs(objective) / 10:
            break
        trial = 0.5 * best_price + 0.5 * price
        plans = pool.add(price_parts(instance, tables, rows.prices(instance, trial)))
        found = float(plans.bound.sum() - trial @ rows.limit)
        if found > bound:
            bound, best_price = found, trial
    part, source, use, cost = _distinct(pool)
    weights, _, _ = _part_master(part, use, cost, rows.limit)
    chosen = _round(part, use, cost, weights, rows.limit)
    return _assemble(instance, pool, part[chosen], source[chosen]), bound, best_price


def _distinct(pool: _Pool) -> tuple[Ints, Ints, sp.csr_matrix, Floats]:
    """Distinct plans over all passes, told apart by cost and use: (part, pass, use, cost), sorted by part."""
    parts = len(pool.passes[0].cost)
    mark = np.cos(np.arange(1, pool.use[0].shape[1] + 1) * 0.7391)  # a fixed direction that tells uses apart
    cost = np.concatenate([plans.cost for plans in pool.passes])
    key = np.concatenate([use @ mark for use in pool.use])
    part = np.tile(np.arange(parts), len(pool.passes))
    order = np.lexsort((np.round(key, 7), np.round(cost, 7), part))
    same = (np.diff(part[order]) == 0) & (np.abs(np.diff(cost[order])) < 1e-6) & (np.abs(np.diff(key[order])) < 1e-6)
    keep = np.sort(order[np.concatenate([[True], ~same])])
    keep = keep[np.argsort(part[keep], kind="stable")]
    use = sp.vstack(pool.use).tocsr()[keep]
    return part[keep], keep // parts, use, cost[keep]


def _part_master(part: Ints, use: sp.csr_matrix, cost: Floats, limit: Floats) -> tuple[Floats, float, Floats]:
    """Convex combination of plans per part at least cost: (weights, objective, row prices)."""
    parts = int(part[-1]) + 1
    scale = np.maximum(limit, 1e-9)
    convexity = sp.csr_matrix((np.ones(len(part)), (part, np.arange(len(part)))), shape=(parts, len(part)))
    matrix = sp.vstack([sp.diags(1 / scale) @ use.T, convexity]).tocsr()
    lower = np.concatenate([np.full(len(limit), -np.inf), np.ones(parts)])
    upper = np.concatenate([limit / scale, np.ones(parts)])
    program = LinearProgram(cost, matrix, lower, upper, np.full(len(cost), np.inf), np.zeros(len(cost), bool))
    solution = solve(program)
    return solution.x, solution.objective, np.maximum(-solution.duals[: len(limit)] / scale, 0.0)


def _round(part: Ints, use: sp.csr_matrix, cost: Floats, weights: Floats, limit: Floats) -> Ints:
    """One plan per part: whole ones stay, split parts are chosen by an integer program within what is left."""
    whole = weights > 1 - 1e-7
    decided = np.zeros(int(part[-1]) + 1, bool)
    decided[part[whole]] = True
    open_columns = np.flatnonzero(~decided[part])
    chosen = np.flatnonzero(whole)
    if len(open_columns) == 0:
        return chosen
    left = limit - np.asarray(use[chosen].sum(axis=0)).ravel()
    names, row = np.unique(part[open_columns], return_inverse=True)
    convexity = sp.csr_matrix((np.ones(len(row)), (row, np.arange(len(row)))))
    scale = np.maximum(limit, 1e-9)
    matrix = sp.vstack([sp.diags(1 / scale) @ use[open_columns].T, convexity]).tocsr()
    program = LinearProgram(
        cost[open_columns],
        matrix,
        np.concatenate([np.full(len(limit), -np.inf), np.ones(len(names))]),
        np.concatenate([np.maximum(left, 0.0) / scale, np.ones(len(names))]),
        np.ones(len(open_columns)),
        np.ones(len(open_columns), bool),
    )
    solution = solve(program, mathopt.SolverType.GSCIP, node_limit=2000, relative_gap=1e-5)
    return np.sort(np.concatenate([chosen, open_columns[solution.x > 0.5]]))


def _assemble(instance: Instance, pool: _Pool, part: Ints, source: Ints) -> PartPlans:
    """Put the chosen plan of every part together."""
    pick = np.empty(len(instance.parts.part), np.int64)
    pick[part] = source
    pieces = [_of_parts(instance, plans, pick == number) for number, plans in enumerate(pool.passes)]
    leaf, departure, units, buyer, week, bought = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
    lines, orders = np.lexsort((departure, leaf)), np.lexsort((week, buyer))
    rows = np.arange(len(pick))
    return PartPlans(
        leaf[lines], departure[lines], units[lines], buyer[orders], week[orders], bought[orders],
        cost=np.stack([plans.cost for plans in pool.passes])[pick, rows],
        bound=np.stack([plans.bound for plans in pool.passes])[pick, rows],
    )  # fmt: skip


def _of_parts(instance: Instance, plans: PartPlans, mine: npt.NDArray[np.bool_]) -> tuple[Ints, ...]:
    """Shipment lines and purchases of some parts."""
    line, order = mine[instance.leaves.part[plans.leaf]], mine[plans.buyer]
    return (
        plans.leaf[line], plans.departure[line], plans.units[line],
        plans.buyer[order], plans.week[order], plans.bought[order],
    )  # fmt: skip
