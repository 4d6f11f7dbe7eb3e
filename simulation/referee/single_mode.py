"""The yardstick for savings: the best reorder-point policy by one mode of transport, at the fill rate of the plan.

At every departure of its lane a depot whose inventory position is at most s gets lots of Q: (s, nQ). Q is the economic
order quantity; s + 1 the quantile, at one level for all, of demand over lead time and review. The hub buys up to what
its depots order up to once the goods have come, so that its minimum orders are its lots; with `cover` also what is
asked until then, at the same level. Repair points keep the base stock of the plan. The referee tunes the level until
the policy serves as many units at once as the plan, with cover and without, and the cheaper one counts. Budgets and
capacities, which bind the plan, do not bind the yardstick.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.counts import quantile_table
from domain.forecast import relative_variance
from simulation.referee.board import SHIP, Bools, Floats, Ints
from simulation.referee.bursts import DemandLaw
from simulation.referee.case import Case, forecast_law, with_orders
from simulation.referee.money import KINDS, Prices, prices_of
from simulation.referee.orders import expected_demand, reorders_of
from simulation.referee.verdict import Interval, Tally, Verdict, ratio_interval, verdict

_ENOUGH_UNITS = 300_000  # asked for in the plays a policy is tuned with
_LEAST_PLAYS = 3
_LOWEST, _HIGHEST = -6.0, 9.0  # log odds of the level
_STEPS = 10
_NEAR = 0.0005  # of the plan's fill rate: good enough to stop
EQUAL = 0.001  # of the plan's fill rate: counts as equal

FillRate = Callable[[Case, int], float]
"""Share of units served at once in the first so many replications of a case."""
PlayCase = Callable[[Case, Prices, int], Tally]
"""All there is to say of them."""


@dataclass(frozen=True)
class SingleMode:
    """What the policy by one mode came to.

    level: probability that demand over lead time and review is met. cover: the hub has stock for its supplier's lead
    time. share: of expected demand that goes by the mode; the rest, where the mode does not go or may not carry it,
    comes by the ordinary lane. equal: the fill rate is the plan's; a policy that could not reach it is no yardstick.
    """

    verdict: Verdict
    level: float
    cover: bool
    share: float
    equal: bool


@dataclass(frozen=True)
class Yardstick:
    """The policy of each mode, the cheapest of those that serve as the plan does ("" if none), and what the plan saves
    against it: money over the weeks played, and its share of the policy's cost."""

    by_mode: dict[str, SingleMode]
    best: str
    saved: Interval | None
    saved_share: float | None


@dataclass(frozen=True)
class Moments:
    """Mean and variance of demand over a window that begins on each Monday, (rows, weeks)."""

    mean: Floats
    variance: Floats

    def where(self, rows: Bools) -> "Moments":
        """Those of some rows."""
        return Moments(self.mean[rows], self.variance[rows])

    def quantile(self, level: float) -> Ints:
        """Units enough with probability `level`, (rows, weeks)."""
        found = quantile_table(self.mean.ravel(), self.variance.ravel(), np.array([level]))
        return np.asarray(found[:, 0].reshape(self.mean.shape))


@dataclass(frozen=True)
class Policy:
    """A policy but for its level. at_depot: demand of a leaf over lead time and review; at_hub: of a part over its
    supplier's. supplier_weeks: (parts,)."""

    case: Case
    prices: Prices
    at_depot: Moments
    at_hub: Moments
    supplier_weeks: Ints
    share: float


@dataclass(frozen=True)
class Tuned:
    """A policy with its level, and how far its fill rate is from the plan's."""

    case: Case
    level: float
    cover: bool
    distance: float


def plays_to_tune(plan: Tally) -> int:
    """How many replications of the plan ask for enough units to tune by."""
    asked = np.cumsum(plan.sums["asked"])
    return min(max(int(np.searchsorted(asked, _ENOUGH_UNITS)) + 1, _LEAST_PLAYS), len(asked))


def yardstick(case: Case, plan: Tally, fill_rate: FillRate, play: PlayCase, tell: Callable[[str], None]) -> Yardstick:
    """The best policy of every mode by which hubs supply depots, on the demand the plan was played with."""
    found: dict[str, SingleMode] = {}
    costs: dict[str, Floats] = {}
    plays = len(plan.sums["asked"])
    for mode in sorted(case.supply.lanes["mode"].unique()):
        tell(f"Tuning the best single-mode policy, {mode}")
        policy = policy_of(case, mode)
        best = tuned(policy, plan, fill_rate, play)
        tally = play(best.case, policy.prices, plays)
        costs[mode] = total_cost(tally)
        told = verdict(tally, case.rows.groups)
        found[mode] = SingleMode(told, best.level, best.cover, policy.share, bool(best.distance <= EQUAL))
    equal = [mode for mode in found if found[mode].equal]
    if not equal:
        return Yardstick(found, "", None, None)
    cheapest = min(equal, key=lambda mode: costs[mode].sum())
    saved = ratio_interval(costs[cheapest] - total_cost(plan), np.ones(plays))
    return Yardstick(found, cheapest, saved, float(saved.value / costs[cheapest].mean()))


def policy_of(case: Case, mode: str) -> Policy:
    """The orders of the policy by one mode, with lots but without levels."""
    lane, reached = lanes_by_mode(case, mode)
    orders = reorders_of(case.network, case.rows, case.supply, lane, case.end_weeks)
    inside = forecast_law(case).mean[:, : case.weeks].sum(axis=1)
    share = float(inside[reached].sum() / max(inside.sum(), 1e-12))
    return policy_by_lanes(with_orders(case, orders), lane, share)


def policy_by_lanes(ordering: Case, lane: Ints, share: float) -> Policy:
    """The policy by the lane of each leaf (row of the supply lanes, −1: none), in a case that has its orders."""
    case, law, prices = ordering, forecast_law(ordering), prices_of(ordering)
    rows, supply = case.rows, case.supply
    quoted = (supply.lanes["transit_days"] + supply.lanes["customs_days"]).to_numpy(float)
    days, sd = (np.where(lane >= 0, numbers[lane], 0.0) for numbers in (quoted, supply.lead_days_sd))
    suppliers = case.network.suppliers.set_index("supplier")[["lead_time_days", "lead_time_days_sd"]]
    sold_by = case.network.parts.set_index("part")["supplier"].reindex(rows.parts)
    supplier_days, supplier_sd = suppliers.reindex(sold_by).fillna(0.0).to_numpy(float).T
    part = rows.leaves["part_row"].to_numpy(np.int64)
    at_leaf = demand_over(law, supplier_days[part] + DAYS_PER_WEEK, np.zeros(len(part)), case.end_weeks)
    mean, variance = (np.add.reduceat(table, rows.leaf_start[:-1]) for table in (at_leaf.mean, at_leaf.variance))
    variance += (mean * (supplier_sd / (supplier_days + DAYS_PER_WEEK))[:, None]) ** 2
    inside = law.mean[:, : case.weeks].sum(axis=1)
    return Policy(
        case=replace(case, board=case.board._replace(reorder_lot=economic_lots(case, prices, lane, inside))),
        prices=prices,
        at_depot=demand_over(law, days + DAYS_PER_WEEK, sd, case.end_weeks),
        at_hub=Moments(mean, variance),
        supplier_weeks=np.ceil(supplier_days / DAYS_PER_WEEK).astype(np.int64),
        share=share,
    )


def with_level(policy: Policy, level: float, cover: bool) -> Case:
    """The case of the policy at a level of 0 to 1."""
    case, rows = policy.case, policy.case.rows
    upto = policy.at_depot.quantile(level)
    last = upto.shape[1] - 1
    here = policy.supplier_weeks[rows.leaves["part_row"].to_numpy(np.int64)]
    later = np.minimum(np.arange(last + 1) + here[:, None], last)
    at_hub = np.add.reduceat(np.take_along_axis(upto, later, axis=1), rows.leaf_start[:-1])
    if cover:
        at_hub = at_hub + policy.at_hub.quantile(level)
    orders = case.orders
    week = np.clip(orders["time"].to_numpy(float) // DAYS_PER_WEEK, 0, last).astype(np.int64)
    part, leaf = orders["part_row"].to_numpy(np.int64), orders["leaf_row"].to_numpy(np.int64)
    levels = np.where(orders["kind"] == SHIP, upto[leaf, week] - 1, at_hub[part, week])
    return replace(case, board=case.board._replace(order_level=levels.astype(float)))


def tuned(policy: Policy, plan: Tally, fill_rate: FillRate, play: PlayCase) -> Tuned:
    """The cheaper of the hub with cover and without, each at the level that comes nearest to the plan's fill rate in
    the same plays."""
    plays = plays_to_tune(plan)
    wanted = sum(plan.sums["served"][:plays]) / max(sum(plan.sums["asked"][:plays]), 1.0)
    found = [_at_fill(policy, cover, wanted, lambda case: fill_rate(case, plays)) for cover in (False, True)]
    near = [one for one in found if one.distance <= max(EQUAL, min(each.distance for each in found))]
    return min(near, key=lambda one: float(total_cost(play(one.case, policy.prices, plays)).sum()))


def _at_fill(policy: Policy, cover: bool, wanted: float, fill_rate: Callable[[Case], float]) -> Tuned:
    """Bisection of the level's log odds; the nearest of all levels tried."""

    def tried(log_odds: float) -> tuple[Tuned, bool]:
        level = float(1.0 / (1.0 + np.exp(-log_odds)))
        case = with_level(policy, level, cover)
        achieved = fill_rate(case)
        return Tuned(case, level, cover, abs(achieved - wanted)), achieved < wanted

    low, high = _LOWEST, _HIGHEST
    best, too_low = tried(high)
    for _ in range(0 if too_low else _STEPS):
        if best.distance <= _NEAR:
            break
        middle = 0.5 * (low + high)
        one, too_low = tried(middle)
        low, high = (middle, high) if too_low else (low, middle)
        best = min(best, one, key=lambda each: each.distance)
    return best


def total_cost(tally: Tally) -> Floats:
    """Money of each replication."""
    return np.asarray(np.sum([tally.sums[kind] for kind in KINDS if kind in tally.sums], axis=0))


def lanes_by_mode(case: Case, mode: str) -> tuple[Ints, Bools]:
    """The lane of each leaf (row of the supply lanes, −1: none) and whether it is of the mode.

    The one of lowest landed cost with the capital under way, of the mode if one of its lanes may carry the part.
    """
    supply, leaves, part = case.supply, case.rows.leaves, _part_of_leaf(case)
    lane, reached = np.full(len(leaves), -1), np.zeros(len(leaves), bool)
    for depot, here in leaves.groupby("depot").indices.items():
        to_depot = np.flatnonzero(supply.lanes["destination"] == depot)
        if not len(to_depot):
            continue
        cell = np.ix_(part[here], to_depot)
        cost = np.where(supply.allowed[cell], supply.landed[cell] + supply.transit_capital[cell], np.inf)
        by_mode = np.where(supply.lanes["mode"].to_numpy()[to_depot] == mode, cost, np.inf)
        reached[here] = np.isfinite(by_mode.min(axis=1))
        best = np.where(reached[here], by_mode.argmin(axis=1), cost.argmin(axis=1))
        lane[here] = np.where(np.isfinite(cost.min(axis=1)), to_depot[best], -1)
    return lane, reached


def demand_over(law: DemandLaw, days: Floats, sd: Floats, weeks: int) -> Moments:
    """Demand of each leaf in the `days` after each Monday, itself known to ± `sd`: ψM + κM² + (M/days)²·sd²."""
    leaves = len(days)
    row, start = np.repeat(np.arange(leaves), weeks), np.tile(DAYS_PER_WEEK * np.arange(weeks, dtype=float), leaves)
    mean = expected_demand(law.mean, row, start + days[row]) - expected_demand(law.mean, row, start)
    mean = np.maximum(mean.reshape(leaves, weeks), 0.0)
    long, kappa = np.ceil(days / DAYS_PER_WEEK).astype(np.int64), np.zeros(leaves)
    for number in np.unique(long):
        at = long == number
        kappa[at] = relative_variance(law.mean[at, :number], law.rate_shape[at], law.discount[at], law.drift[at])
    spread = kappa + (sd / days) ** 2
    return Moments(mean, law.batch_index[:, None] * mean + spread[:, None] * mean**2)


def economic_lots(case: Case, prices: Prices, lane: Ints, inside: Floats) -> Ints:
    """Economic order quantity √(2KD/h) of each leaf, no more than the demand of the weeks played (`inside`) and no less
    than one (Harris 1913).

    K is the order line and its share of a consignment: what the consignments of a departure cost, divided by its lines
    if each were the lot of the order line alone.
    """
    lanes, daily = case.supply.lanes, inside / (case.weeks * DAYS_PER_WEEK)
    holding = np.maximum(prices.leaf["holding"].to_numpy(float), 1e-12)
    line_cost = case.network.settings.order_line_cost

    def lots(setup: Floats) -> Floats:
        economic = np.rint(np.sqrt(2.0 * setup * daily / holding))
        return np.asarray(np.maximum(np.minimum(economic, np.rint(inside)), 1.0))

    alone, served = lots(np.full(len(lane), line_cost)), lane >= 0
    kg = daily * DAYS_PER_WEEK * case.supply.parts["weight_kg"].to_numpy(float)[_part_of_leaf(case)]
    lines, weight = (
        np.bincount(lane[served], numbers[served], len(lanes))
        for numbers in (np.minimum(daily * DAYS_PER_WEEK / alone, 1.0), kg)
    )
    number = np.ceil(weight / lanes["consignment_kg"].fillna(np.inf).to_numpy(float)).clip(min=1.0)
    shared = lanes["cost_per_consignment"].to_numpy(float) * number / np.maximum(lines, 1.0)
    return lots(line_cost + np.where(served, shared[lane], 0.0)).astype(np.int64)


def _part_of_leaf(case: Case) -> Ints:
    """Row of the supply lanes' parts."""
    row = pd.Index(case.supply.parts["part"]).get_indexer(case.rows.parts)
    return np.asarray(row[case.rows.leaves["part_row"].to_numpy(np.int64)])
