"""The restricted master: the best prices, and shares of plans, as far as the plans found so far tell.

Every part has the plans that the passes found for it, the columns (Dantzig & Wolfe 1960). A small master is a linear
program for MathOpt. A large one is solved by its dual, which has one price per row and splits into parts: the least of
a part's columns is smoothed (Nesterov 2005), so that L-BFGS-B (Byrd et al. 1995) climbs it.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.optimize import minimize

from optimizer.linear_program import LinearProgram, solve

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_FEW = 4  # columns of a part in a master: the cheapest at the best prices so far
_SMALL = 4_000  # columns of a master that is solved as a linear program
_SHARPER = (30.0, 1.0)  # times the smoothing asked for, one after another
_STEPS = 30  # of L-BFGS-B at each


@dataclass
class Columns:
    """The plans the passes found: use (parts, rows) and cost (parts,) of every pass.

    A plan a part had before is told once, at the least cost told: elsewhere its cost is infinite.
    """

    use: list[sp.csr_matrix] = field(default_factory=list)
    cost: list[Floats] = field(default_factory=list)
    _mark: list[Floats] = field(default_factory=list)

    def add(self, use: sp.csr_matrix, cost: Floats) -> None:
        """The plans of one more pass, one per part."""
        mark = use @ np.cos(np.arange(use.shape[1]))  # parts whose plans use the same have the same mark
        known = np.zeros(len(cost), bool)
        for earlier, of_earlier in zip(self._mark, self.cost, strict=True):
            same = (earlier == mark) & np.isfinite(of_earlier)
            of_earlier[same] = np.minimum(of_earlier[same], cost[same])
            known |= same
        self.use.append(use)
        self.cost.append(np.where(known, np.inf, cost))
        self._mark.append(mark)

    def best(self, price: Floats, most: int) -> tuple[sp.csr_matrix, Floats, Ints, Ints]:
        """(use, cost, pass, part) of the cheapest columns at a price, at most so many of a part, ordered by part."""
        value = np.stack([cost + use @ price for use, cost in zip(self.use, self.cost, strict=True)])
        passes, parts = value.shape
        least = np.partition(value, most - 1, axis=0)[most - 1] if passes > most else np.full(parts, np.inf)
        number, part = np.nonzero(np.isfinite(value) & (value <= least))
        ends = np.searchsorted(number, np.arange(passes + 1))
        use = sp.vstack([one[part[ends[n] : ends[n + 1]]] for n, one in enumerate(self.use)]).tocsr()
        order = np.argsort(part, kind="stable")
        return use[order], np.stack(self.cost)[number, part][order], number[order], part[order]


@dataclass(frozen=True)
class Master:
    """What it promises for the bound, the prices (rows) and each part's shares of its columns (passes, parts)."""

    promise: float
    price: Floats
    weight: Floats


def restricted_master(columns: Columns, limit: Floats, low: Floats, high: Floats, near: Floats, loose: float) -> Master:
    """max_λ Σ_parts min_columns (cost + use·λ) − limit·λ over low ≤ λ ≤ high.

    near: prices to begin at. loose: money by which the smoothed sum may be off.
    """
    use, cost, number, part = columns.best(near, _FEW)
    by = _by_linear_program if len(cost) <= _SMALL else _by_smoothing
    promise, price, share = by(use, cost, part, limit, low, high, near, loose)
    weight = np.zeros((len(columns.cost), len(columns.cost[0])))
    weight[number, part] = share
    return Master(promise, price, weight)


def _by_smoothing(
    use: sp.csr_matrix, cost: Floats, part: Ints, limit: Floats, low: Floats, high: Floats, near: Floats, loose: float
) -> tuple[float, Floats, Floats]:
    """The smoothed least of n values v is −τ ln Σ exp(−v / τ), at most τ ln n below it; its slopes are the shares."""
    scale = np.maximum(high - low, 1e-12)  # prices are measured in widths of their box
    first = np.flatnonzero(np.diff(part, prepend=-1))
    which = np.cumsum(np.diff(part, prepend=-1) > 0) - 1
    use = (use @ sp.diags(scale)).tocsr()
    room, base, back = limit * scale, cost + use @ (low / scale), use.T.tocsr()
    finest = loose / (len(first) * np.log(_FEW))

    def shares(position: Floats, width: float) -> tuple[Floats, Floats, Floats]:
        value = base + use @ position
        least = np.minimum.reduceat(value, first)
        weight = np.exp((least[which] - value) / width)
        total = np.add.reduceat(weight, first)
        return least, total, weight / total[which]

    def falling(position: Floats, width: float) -> tuple[float, Floats]:
        least, total, weight = shares(position, width)
        return float(room @ position - (least - width * np.log(total)).sum()), room - back @ weight

    position = np.clip((near - low) / scale, 0.0, 1.0)
    for times in _SHARPER:
        position = minimize(
            falling, position, (times * finest,), jac=True, method="L-BFGS-B", bounds=[(0.0, 1.0)] * len(limit),
            options={"maxiter": _STEPS, "ftol": 1e-9},
        ).x  # fmt: skip
    least, _, weight = shares(position, finest)
    return float(least.sum() - room @ position - low @ limit), low + scale * position, weight


def _by_linear_program(
    use: sp.csr_matrix, cost: Floats, part: Ints, limit: Floats, low: Floats, high: Floats, near: Floats, loose: float
) -> tuple[float, Floats, Floats]:
    """min Σ cost λ over one convex combination per part, where a row may be exceeded at price `high` and what is left
    of it is paid at price `low`: so its price stays between."""
    active = np.flatnonzero(high > 0)
    scale = np.where(limit[active] > 0, limit[active], 1.0)
    number, columns, parts = len(active), len(cost), int(part.max(initial=-1)) + 1
    slack = sp.hstack([-sp.identity(number), sp.identity(number)])
    convexity = sp.csr_matrix((np.ones(columns), (part, np.arange(columns))), shape=(parts, columns))
    matrix = sp.vstack(
        [
            sp.hstack([sp.diags(1 / scale) @ use[:, active].T, slack]),
            sp.hstack([convexity, sp.csr_matrix((parts, 2 * number))]),
        ]
    ).tocsr()
    lower = np.concatenate([np.full(number, -np.inf), np.ones(parts)])
    upper = np.concatenate([limit[active] / scale, np.ones(parts)])
    money = np.concatenate([cost, high[active] * scale, -low[active] * scale])
    program = LinearProgram(money, matrix, lower, upper, np.full(len(money), np.inf), np.zeros(len(money), bool))
    solution = solve(program)
    price = np.zeros(len(limit))
    price[active] = np.clip(-solution.duals[:number] / scale, low[active], high[active])
    return solution.objective, price, solution.x[:columns]
