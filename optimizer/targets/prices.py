"""The price of waiting of every service group: the least at which its stock keeps what the group is promised."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from domain.calendar import DAYS_PER_WEEK
from domain.service import BackorderCost, FillRate, MeanWait, ServiceTarget, WithinDays
from optimizer.targets.best_stock import best_stock
from optimizer.targets.hub import owe, place
from optimizer.targets.performance import Performance, performance
from optimizer.targets.system import System, every

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ROUNDS = 20
TOLERANCE = 0.01  # of the shortfall allowed: 0.95 is met between 0.95 and 0.9505
NARROW = 0.01  # relative width of a bracket in which nothing is left to find
FIRST_GUESS = 20.0  # weekly holding costs, where the target does not suggest a price itself
SAMPLE_PARTS, PLACINGS = 600, 2  # parts in the sample that prices hubs, and rounds of prices and hubs
SAMPLE_FROM, SAMPLE_STEP = 10_000, 8  # leaves from which a sample of every 8th finds the start
DEAREST, CHEAPEST = 1e5, 1e-4  # weekly holding costs: no promise is bought dearer or sought below


@dataclass(frozen=True)
class PricedStock:
    """Prices (groups,), money per unit waiting per week, and the stock they led to: (leaves,) and (points,), units."""

    price: Floats
    depot_stock: Ints
    point_stock: Ints


def find_prices(system: System) -> PricedStock:
    """The prices at which every group keeps its target, and their stock; a sample of a large system finds the start."""
    log_price = np.log(_Goal.of(system).first_guess * _mean_holding(system))
    if len(system.part) >= SAMPLE_FROM:
        log_price = _bisect(every(system, SAMPLE_STEP), log_price)[0]
    return without_overshoot(system, _bisect(system, log_price)[1])


def with_hubs(system: System) -> System:
    """The system with its hubs' stock in place, at the prices that a sample of its parts asks for."""
    if not (system.hubs["lead_weeks"] > 0.0).any():
        return system
    sample = every(system, max(len(system.hubs) // SAMPLE_PARTS, 1))
    log_price = np.log(_Goal.of(sample).first_guess * _mean_holding(sample))
    for _ in range(PLACINGS):
        log_price, found = _bisect(sample, log_price)
        sample = _placed(sample, found.price)
    return _placed(system, found.price)


def _placed(system: System, price: Floats) -> System:
    """Hub stock of least cost at these prices, and what the hubs then owe the depots."""
    stock = np.zeros(len(system.hubs), np.int64)
    place(system.echelons, system.hubs, price[system.group], stock)
    return with_hub_stock(system, stock)


def with_hub_stock(system: System, hub_stock: Ints) -> System:
    """The system whose hubs keep so much (parts,), with what they then owe the depots."""
    e = system.echelons
    owed = np.zeros_like(e.owed)
    owe(e, system.hubs, hub_stock, owed)
    return replace(system, hub_stock=hub_stock, echelons=e._replace(owed=owed))


def _bisect(system: System, log_price: Floats) -> tuple[Floats, PricedStock]:
    """Bisect on log price, all groups at once, until each group's shortfall is at most what its target allows.

    The residual log(allowed / shortfall) is nearly linear in log price, so steps interpolate and every third one
    halves. Groups that share a leaf move each other; a bracket proved wrong is opened again. A fixed price stays.
    """
    goal = _Goal.of(system)
    scale = _mean_holding(system)
    floor, ceiling = np.log(CHEAPEST * scale), np.log(DEAREST * scale)
    bracket = _Bracket.empty(len(scale))
    stock = respond(system, goal.price(log_price), None)
    for turn in range(ROUNDS):
        residual = goal.residual(system, stock)
        bracket = bracket.narrowed(log_price, residual)
        settled = goal.is_fixed | bracket.settled(residual)
        settled |= np.where(residual < 0, log_price >= ceiling, log_price <= floor)
        if settled.all():
            break
        following = bracket.following(log_price, residual, halve=turn % 3 == 2)
        log_price = np.where(settled, log_price, np.clip(following, floor, ceiling))
        stock = respond(system, goal.price(log_price), stock)
    else:
        log_price = np.where(settled | np.isinf(bracket.high), log_price, bracket.high)
        stock = respond(system, goal.price(log_price), stock)
    return log_price, stock


def respond(system: System, price: Floats, before: PricedStock | None) -> PricedStock:
    """The stock of least cost at these prices; only leaves with a group whose price moved since `before` change."""
    e = system.echelons
    of_point = price[system.group]
    limited = bool(np.isfinite(system.line_limit).any())
    active = np.full(len(e.leaves), before is None or limited)
    if before is not None:
        active[system.leaf[(price != before.price)[system.group]]] = True
    depot = np.zeros(len(active), np.int64) if before is None else before.depot_stock.copy()
    point = np.zeros(len(of_point), np.int64) if before is None else before.point_stock.copy()
    best_stock(e, of_point, active, False, depot, point)
    stock = PricedStock(price, depot, point)
    return _within_line_limits(system, stock) if limited else stock


def without_overshoot(system: System, stock: PricedStock) -> PricedStock:
    """Take single units from points, least waiting per money first, as long as every group keeps its target.

    At the price found a whole step of stock may flip at once; given the depots' stock the points are independent, so
    the losses of single units add up exactly.
    """
    goal, e = _Goal.of(system), system.echelons
    one_less = replace(stock, point_stock=np.maximum(stock.point_stock - 1, 0))
    now, less = goal.achieved(system, stock), goal.achieved(system, one_less)
    slack = goal.slack(system, now)
    loss = goal.shortfall(system, less) - goal.shortfall(system, now)
    waiting = stock.price[system.group] * (less.backorders - now.backorders)
    saved = e.points["holding"] + np.where(stock.point_stock == 1, e.points["line"], 0.0)
    rows = np.flatnonzero((stock.point_stock > 0) & (saved > 0) & (slack[system.group] > 0))
    rows = rows[np.lexsort((waiting[rows] / saved[rows], system.group[rows]))]
    point = stock.point_stock.copy()
    for group in np.unique(system.group[rows]):
        of_group = rows[system.group[rows] == group]
        point[of_group[np.cumsum(loss[of_group]) <= slack[group]]] -= 1
    return replace(stock, point_stock=point)


@dataclass(frozen=True)
class _Goal:
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
    def of(cls, system: System) -> "_Goal":
        rows = np.array([_goal(target) for target in system.targets.values()], dtype=float)
        allowed, by_wait, window, guess, fixed = rows.T
        demand = _by_group(system, system.echelons.points["demand"])
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
        short = _by_group(system, self.shortfall(system, achieved))
        return np.where(self.is_fixed, 0.0, self.allowed * self.demand - short)

    def residual(self, system: System, stock: PricedStock) -> Floats:
        """log(allowed / shortfall): 0 or more where the target is met."""
        short = _by_group(system, self.shortfall(system, self.achieved(system, stock)))
        share = np.divide(short, self.demand, out=np.zeros_like(short), where=self.demand > 0)
        residual: Floats = np.log(np.maximum(self.allowed, 1e-9) / np.maximum(share, 1e-9))
        return residual


def _by_group(system: System, of_points: Floats) -> Floats:
    total: Floats = np.bincount(system.group, of_points, len(system.targets)).astype(float)
    return total


def _goal(target: ServiceTarget) -> tuple[float, float, float, float, float]:
    match target:
        case FillRate(share):
            return 1.0 - share, 0.0, 0.0, 1.0 / max(1.0 - share, 1e-4), np.nan
        case WithinDays(days, share):
            return 1.0 - share, 0.0, days / DAYS_PER_WEEK, 1.0 / max(1.0 - share, 1e-4), np.nan
        case MeanWait(days):
            return days / DAYS_PER_WEEK, 1.0, 0.0, FIRST_GUESS, np.nan
        case BackorderCost(per_day):
            return 0.0, 1.0, 0.0, FIRST_GUESS, per_day * DAYS_PER_WEEK


@dataclass(frozen=True)
class _Bracket:
    """Highest log price known to miss each target and lowest known to meet it, with their residuals."""

    low: Floats
    high: Floats
    residual_low: Floats
    residual_high: Floats

    @classmethod
    def empty(cls, groups: int) -> "_Bracket":
        return cls(np.full(groups, -np.inf), np.full(groups, np.inf), np.zeros(groups), np.zeros(groups))

    def narrowed(self, log_price: Floats, residual: Floats) -> "_Bracket":
        met = residual >= 0
        return _Bracket(
            low=np.where(met, np.where(self.low < log_price, self.low, -np.inf), log_price),
            high=np.where(met, log_price, np.where(self.high > log_price, self.high, np.inf)),
            residual_low=np.where(met, self.residual_low, residual),
            residual_high=np.where(met, residual, self.residual_high),
        )

    def settled(self, residual: Floats) -> Bools:
        met: Bools = (residual >= 0) & ((residual <= TOLERANCE) | (self.high - self.low < NARROW))
        return met

    def following(self, log_price: Floats, residual: Floats, halve: bool) -> Floats:
        """Interpolate inside the bracket, step outwards while one side is open, end at the side that meets."""
        step = np.clip(1.3 * np.abs(residual) + 0.02, 0.0, 3.0)
        outwards = log_price - np.sign(residual + 1e-300) * step
        both = np.isfinite(self.low) & np.isfinite(self.high)
        low, high = np.where(both, self.low, 0.0), np.where(both, self.high, 0.0)
        rise = np.where(both, self.residual_high - self.residual_low, 1.0)
        aimed = (0.5 * TOLERANCE - self.residual_low) / np.where(rise > 0, rise, 1.0)
        share = np.full_like(low, 0.5) if halve else np.clip(aimed, 0.05, 0.95)
        inside = np.where(high - low < NARROW, high, low + share * (high - low))
        return np.where(both, inside, outwards)


def _mean_holding(system: System) -> Floats:
    """Weekly holding cost of a unit, weighted by demand, by group; 1 where a group has neither."""
    weight = _by_group(system, system.echelons.points["demand"])
    cost = _by_group(system, system.echelons.points["demand"] * system.echelons.points["holding"])
    return np.where(cost > 0, cost / np.where(weight > 0, weight, 1.0), 1.0)


def _within_line_limits(system: System, stock: PricedStock) -> PricedStock:
    """Where a site keeps more part numbers than it may, only the lines of highest value stay; their leaves adapt."""
    e = system.echelons
    of_point = stock.price[system.group]
    empty = performance(e, stock.depot_stock, np.zeros_like(stock.point_stock)).backorders
    kept = performance(e, stock.depot_stock, stock.point_stock).backorders
    value = of_point * (empty - kept) - e.points["holding"] * stock.point_stock - e.points["line"]
    barred = np.zeros(len(value), bool)
    for site in np.unique(system.site[np.isfinite(system.line_limit)].astype(str)):
        here = np.flatnonzero(system.site == site)
        kept_here = here[stock.point_stock[here] > 0]
        best = kept_here[np.argsort(-value[kept_here], kind="stable")[: int(system.line_limit[here[0]])]]
        barred[here] = ~np.isin(here, best)
    points = e.points.copy()
    points["line"][barred] = np.inf
    active = np.zeros(len(e.leaves), bool)
    active[system.leaf[barred & (stock.point_stock > 0)]] = True
    depot, point = stock.depot_stock.copy(), stock.point_stock.copy()
    best_stock(e._replace(points=points), of_point, active, False, depot, point)
    return replace(stock, depot_stock=depot, point_stock=point)
