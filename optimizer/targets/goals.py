"""What every service group is promised, as numbers that can be compared with what a stock achieves."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.calendar import DAYS_PER_WEEK
from domain.service import BackorderCost, FillRate, MeanWait, ServiceTarget, WithinDays
from optimizer.targets.performance import Performance, performance
from optimizer.targets.response import PricedStock
from optimizer.targets.system import System

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FIRST_GUESS = 20.0  # weekly holding costs, where the target does not suggest a price itself


@dataclass(frozen=True)
class Goal:
    """Targets of all groups as arrays (groups,): shortfall allowed (share of units, or units waiting per unit a week).

    demand: units a week. first_guess: price in weekly holding costs. fixed_price: money per unit waiting per week
    where it is given (0 for a group nobody belongs to), else NaN.
    """

    allowed: Floats
    by_wait: Bools
    window_weeks: Floats
    first_guess: Floats
    fixed_price: Floats
    demand: Floats

    @classmethod
    def of(cls, system: System) -> "Goal":
        rows = np.array([_numbers(target) for target in system.targets.values()], dtype=float)
        allowed, by_wait, window, guess, fixed = rows.T
        demand = by_group(system, system.echelons.points["demand"])
        fixed = np.where(np.isnan(fixed) & (demand == 0), 0.0, fixed)
        return cls(allowed, by_wait > 0, window, guess, fixed, demand)

    @property
    def is_fixed(self) -> Bools:
        return ~np.isnan(self.fixed_price)

    def price(self, log_price: Floats) -> Floats:
        return np.where(self.is_fixed, self.fixed_price, np.exp(log_price))

    def achieved(self, system: System, stock: PricedStock) -> Performance:
        window = self.window_weeks[system.group]
        return performance(system.echelons, stock.depot_stock, stock.point_stock, window)

    def shortfall(self, system: System, achieved: Performance) -> Floats:
        """Units a week not served in time, or units waiting: what adds up over a group's points, shape (points,)."""
        late = system.echelons.points["demand"] * (1.0 - achieved.fill)
        return np.where(self.by_wait[system.group], achieved.backorders, late)

    def slack(self, system: System, achieved: Performance) -> Floats:
        """Shortfall still allowed; 0 where the price is fixed."""
        short = by_group(system, self.shortfall(system, achieved))
        return np.where(self.is_fixed, 0.0, self.allowed * self.demand - short)

    def residual(self, system: System, stock: PricedStock) -> Floats:
        """log(allowed / shortfall): 0 or more where the target is met."""
        short = by_group(system, self.shortfall(system, self.achieved(system, stock)))
        share = np.divide(short, self.demand, out=np.zeros_like(short), where=self.demand > 0)
        residual: Floats = np.log(np.maximum(self.allowed, 1e-9) / np.maximum(share, 1e-9))
        return residual


def by_group(system: System, of_points: Floats) -> Floats:
    total: Floats = np.bincount(system.group, of_points, len(system.targets)).astype(float)
    return total


def _numbers(target: ServiceTarget) -> tuple[float, float, float, float, float]:
    match target:
        case FillRate(share):
            return 1.0 - share, 0.0, 0.0, 1.0 / max(1.0 - share, 1e-4), np.nan
        case WithinDays(days, share):
            return 1.0 - share, 0.0, days / DAYS_PER_WEEK, 1.0 / max(1.0 - share, 1e-4), np.nan
        case MeanWait(days):
            return days / DAYS_PER_WEEK, 1.0, 0.0, FIRST_GUESS, np.nan
        case BackorderCost(per_day):
            return 0.0, 1.0, 0.0, FIRST_GUESS, per_day * DAYS_PER_WEEK


def mean_holding(system: System) -> Floats:
    """Weekly holding cost of a unit, weighted by demand, by group; 1 where a group has neither."""
    weight = by_group(system, system.echelons.points["demand"])
    cost = by_group(system, system.echelons.points["demand"] * system.echelons.points["holding"])
    return np.where(cost > 0, cost / np.where(weight > 0, weight, 1.0), 1.0)
