"""What every service group is promised, as numbers that can be compared with what a stock achieves."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from domain.calendar import DAYS_PER_WEEK
from domain.service import BackorderCost, FillRate, MeanWait, ServiceTarget, WithinDays
from optimizer.targets.performance import Performance, performance
from optimizer.targets.repairs import Repairs
from optimizer.targets.response import PricedStock
from optimizer.targets.system import System
from optimizer.targets.trades import of_leaves, points_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FIRST_GUESS = 20.0  # weekly holding costs, where the target does not suggest a price itself


class RepairPromise(NamedTuple):
    """A group promised repairs within days: the repairs that need a part of it, and of them the parts of groups with
    another window, (points,)."""

    group: int
    repairs: Repairs
    elsewhere: Bools


InTime = tuple[Floats, ...]
"""For every promise of repairs the share of units there within its window, (points,), where its repairs need them."""


@dataclass(frozen=True)
class Goal:
    """Targets of all groups as arrays (groups,): shortfall allowed (share of units, of repairs, or units waiting per
    unit a week).

    demand: units a week, or repairs. first_guess: price in weekly holding costs. fixed_price: money per unit waiting
    per week where it is given (0 for a group nobody belongs to), else NaN. promises: of the groups promised repairs
    within days, where the system says which parts repairs need; without that every unit is a repair.
    """

    allowed: Floats
    by_wait: Bools
    window_weeks: Floats
    first_guess: Floats
    fixed_price: Floats
    demand: Floats
    promises: tuple[RepairPromise, ...] = ()

    @classmethod
    def of(cls, system: System) -> "Goal":
        rows = np.array([_numbers(target) for target in system.targets.values()], dtype=float)
        allowed, by_wait, window, guess, fixed = rows.T
        demand = by_group(system, system.echelons.points["demand"])
        promises = _repair_promises(system, window)
        for promise in promises:
            demand[promise.group] = promise.repairs.weight.sum()
        fixed = np.where(np.isnan(fixed) & (demand == 0), 0.0, fixed)
        return cls(allowed, by_wait > 0, window, guess, fixed, demand, promises)

    @property
    def is_fixed(self) -> Bools:
        return ~np.isnan(self.fixed_price)

    def price(self, log_price: Floats) -> Floats:
        return np.where(self.is_fixed, self.fixed_price, np.exp(log_price))

    def achieved(self, system: System, stock: PricedStock) -> Performance:
        window = self.window_weeks[system.group]
        return performance(system.echelons, stock.depot_stock, stock.point_stock, window)

    def in_time(
        self, system: System, stock: PricedStock, achieved: Performance, points: Ints | slice = slice(None)
    ) -> InTime:
        """What repairs wait for, of the whole system, or of the part of it that these of its points make up."""
        return tuple(
            _within(system, stock, achieved, promise.elsewhere[points], self.window_weeks[promise.group])
            for promise in self.promises
        )

    def unit_weight(self, system: System, in_time: InTime) -> Floats:
        """What a unit served late counts at every point (points,): its demand, or the repairs it makes late.

        The latter to first order: as if the other parts of a repair stayed as they are.
        """
        weight = system.echelons.points["demand"]
        for promise, there in zip(self.promises, in_time, strict=True):
            weight = np.where(system.group == promise.group, promise.repairs.unit_weight(there), weight)
        return np.asarray(weight)

    def shortfall(self, system: System, achieved: Performance, weight: Floats | None = None) -> Floats:
        """Units a week not served in time, or units waiting: what adds up over a group's points, shape (points,).

        Of repairs only changes add up, and only near the stock whose `unit_weight` is given.
        """
        late = (system.echelons.points["demand"] if weight is None else weight) * (1.0 - achieved.fill)
        return np.where(self.by_wait[system.group], achieved.backorders, late)

    def slack(self, system: System, achieved: Performance, in_time: InTime) -> Floats:
        """Shortfall still allowed; 0 where the price is fixed."""
        return np.where(self.is_fixed, 0.0, self.allowed * self.demand - self.short(system, achieved, in_time))

    def repair_slack(self, in_time: InTime) -> Floats:
        """Late repairs a week still allowed, by promise of repairs."""
        of = zip(self.promises, in_time, strict=True)
        return np.array([self.allowed[one.group] * self.demand[one.group] - one.repairs.late(t) for one, t in of])

    def residual(self, system: System, stock: PricedStock) -> Floats:
        """log(allowed / shortfall): 0 or more where the target is met."""
        achieved = self.achieved(system, stock)
        short = self.short(system, achieved, self.in_time(system, stock, achieved))
        share = np.divide(short, self.demand, out=np.zeros_like(short), where=self.demand > 0)
        residual: Floats = np.log(np.maximum(self.allowed, 1e-9) / np.maximum(share, 1e-9))
        return residual

    def short(self, system: System, achieved: Performance, in_time: InTime) -> Floats:
        """Units or repairs a week not served in time, or units waiting, by group."""
        short = by_group(system, self.shortfall(system, achieved))
        for promise, there in zip(self.promises, in_time, strict=True):
            short[promise.group] = promise.repairs.late(there)
        return short


def _repair_promises(system: System, window: Floats) -> tuple[RepairPromise, ...]:
    promises = []
    for group, target in enumerate(system.targets.values()):
        if isinstance(target, WithinDays) and system.repairs is not None:
            repairs = system.repairs.touching(system.group == group)
            elsewhere = np.zeros(len(system.group), bool)
            elsewhere[repairs.point] = window[system.group[repairs.point]] != window[group]
            if len(repairs.start) > 0:
                promises.append(RepairPromise(group, repairs, elsewhere))
    return tuple(promises)


def _within(system: System, stock: PricedStock, achieved: Performance, elsewhere: Bools, weeks: float) -> Floats:
    """Share of units there within so many weeks, computed anew where what was achieved counts another window."""
    if not elsewhere.any():
        return achieved.fill
    leaves = np.unique(system.leaf[elsewhere])
    part, chosen = of_leaves(system, stock, leaves)
    window = np.full(len(part.leaf), weeks)
    again = performance(part.echelons, chosen.depot_stock, chosen.point_stock, window).fill
    points = points_of(system, leaves)
    in_time = achieved.fill.copy()
    in_time[points] = np.where(elsewhere[points], again, in_time[points])
    return in_time


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
