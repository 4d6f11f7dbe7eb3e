"""The price of waiting of every service group: the least at which its stock keeps what the group is promised."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from optimizer.targets.goals import Goal, mean_holding
from optimizer.targets.hub import owe, place
from optimizer.targets.local_search import local_search
from optimizer.targets.response import PricedStock, respond
from optimizer.targets.system import System, coarse, every

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ROUNDS = 20
TOLERANCE = 0.01  # of the shortfall allowed: 0.95 is met between 0.95 and 0.9505
NARROW = 0.01  # relative width of a bracket in which nothing is left to find
SAMPLE_PARTS, PLACINGS = 600, 2  # parts in the sample that prices hubs, and rounds of prices and hubs
SAMPLE_FROM, SAMPLE_STEP = 10_000, 8  # leaves from which a sample of every 8th finds the start
DEAREST, CHEAPEST = 1e5, 1e-4  # weekly holding costs: no promise is bought dearer or sought below


def find_prices(system: System, near: Floats | None = None) -> PricedStock:
    """The prices at which every group keeps its target, and their stock; a sample of a large system finds the start.

    near: prices (groups,) to begin with, where some are known.
    """
    log_price = np.log(Goal.of(system).first_guess * mean_holding(system) if near is None else near)
    if len(system.part) >= SAMPLE_FROM:
        log_price = _bisect(every(system, SAMPLE_STEP), log_price)[0]
    return local_search(system, _bisect(system, log_price)[1])


def with_hubs(system: System) -> tuple[System, Floats]:
    """The system with its hubs' stock in place, and the prices (groups,) at which a sample of its parts chose it."""
    rough = coarse(system)
    sample = every(rough, max(len(system.hubs) // SAMPLE_PARTS, 1))
    log_price = np.log(Goal.of(sample).first_guess * mean_holding(sample))
    for _ in range(PLACINGS):
        log_price, found = _bisect(sample, log_price)
        sample = with_hub_stock(sample, place(sample.echelons, sample.hubs, found.price[sample.group]))
    return with_hub_stock(system, place(rough.echelons, rough.hubs, found.price[rough.group])), np.exp(log_price)


def with_hub_stock(system: System, hub_stock: Ints) -> System:
    """The system whose hubs keep so much (parts,), with what they then owe the depots."""
    owed = owe(system.echelons, system.hubs, hub_stock)
    return replace(system, hub_stock=hub_stock, echelons=system.echelons._replace(owed=owed))


def _bisect(system: System, log_price: Floats) -> tuple[Floats, PricedStock]:
    """Bisect on log price, all groups at once, until each group's shortfall is at most what its target allows.

    The residual log(allowed / shortfall) is nearly linear in log price, so steps interpolate and every third one
    halves. Groups that share a leaf move each other; a bracket proved wrong is opened again. A fixed price stays.
    """
    goal = Goal.of(system)
    scale = mean_holding(system)
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
