"""How far a stock may be from the best: lower bounds by the price of waiting, and the gaps they prove."""

from dataclasses import dataclass, replace

import numpy as np

from domain.service import BackorderCost, MeanWait
from optimizer.targets.best_stock import SLACK
from optimizer.targets.goals import Goal
from optimizer.targets.local_search import kept_cost
from optimizer.targets.performance import performance
from optimizer.targets.response import Floats, PricedStock, respond
from optimizer.targets.system import System


@dataclass(frozen=True)
class Bound:
    """Cost of a stock, what no stock can cost less than, money per week; gap as a share of the cost, 0 at cost 0."""

    cost: float
    lower_bound: float

    @property
    def gap(self) -> float:
        return (self.cost - self.lower_bound) / self.cost if self.cost > 0.0 else 0.0


def waiting_bound(system: System, stock: PricedStock) -> Bound:
    """Cost of holding, lines and waiting at the groups' prices, against the least of all stocks behind these hubs.

    The least is scanned for, and the scan passes over depot stock that its own bounds prove useless up to SLACK: the
    bound is the least found divided by SLACK, so no gap is below 1 − 1/SLACK. Limits on lines are left out of it.
    """
    least = respond(without_line_limits(system), stock.price, None)
    waiting = stock.price[system.group]
    return Bound(_priced_cost(system, stock, waiting), _priced_cost(system, least, waiting) / SLACK)


def kept_cost_bound(system: System, stock: PricedStock) -> Bound:
    """Kept cost, and waiting where it has a given price, against the least of all stocks that keep their mean waits.

    Lagrangian (Everett 1963): min over stocks of H + Σ b·W, less Σ b·(W allowed), at the prices of the stock. Mean wait
    is the only target priced by what it limits: the bound asks nothing of groups with a fill rate or a share within
    days, which makes it weak where there are such groups, never wrong.
    """
    goal = Goal.of(system)
    targets = list(system.targets.values())
    fixed = np.array([isinstance(target, BackorderCost) for target in targets])
    by_wait = np.array([isinstance(target, MeanWait) for target in targets])
    price = np.where(fixed | by_wait, stock.price, 0.0)
    least = respond(without_line_limits(system), price, None)
    allowed = float(np.where(by_wait, price * goal.allowed * goal.demand, 0.0).sum())
    lower = _priced_cost(system, least, price[system.group]) / SLACK - allowed
    return Bound(_priced_cost(system, stock, np.where(fixed, stock.price, 0.0)[system.group]), max(lower, 0.0))


def without_line_limits(system: System) -> System:
    """The system whose sites may keep any number of lines: whatever it can do costs no more."""
    return replace(system, line_limit=np.full(len(system.line_limit), np.inf))


def _priced_cost(system: System, stock: PricedStock, price: Floats) -> float:
    waiting = performance(system.echelons, stock.depot_stock, stock.point_stock).backorders
    return kept_cost(system, stock) + float(price @ waiting)
