"""The peer of a rolling plan: the best (s, nQ) of every depot, each service group at the plan's fill rate.

One lane for each part at each depot, s + 1 the quantile of demand over lead time and review at the level of the leaf's
service group, Q the economic order quantity; the hub buys what lifts hub and depots together to what they order up to
once the goods have come, with stock of its own at a level of its own. Levels are tuned to equal fill on the plan's
draws, in the plan's weeks; hub level and size of lots are those of lowest logistics cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from domain.calendar import DAYS_PER_WEEK
from simulation.referee.board import SHIP, Floats, Ints, Rules
from simulation.referee.books import Books, Window, books, per_unit, service, waited
from simulation.referee.case import Case, forecast_law
from simulation.referee.money import prices_of
from simulation.referee.orders import reorders_of
from simulation.referee.rolling import Arena, Draw, played_until, with_policy
from simulation.referee.single_mode import Policy, lanes_by_mode, policy_by_lanes

_LOWEST, _HIGHEST = -6.0, 9.0  # log odds of a level
_FIRST = 0.92  # level
_STEPS = 14
_OF_A_WAIT = 0.05  # a tenth of a mean wait counts as much as half a point of a fill rate
_SHORT = 1e-6  # days
EQUAL = 0.005  # of the fill rate of every group: counts as equal
_NEAR = 0.001  # of the wanted fill rate of every group: good enough to stop
HUB_LEVELS = (None, 0.5, 0.8, 0.95, 0.99)  # stock of the hub for its supplier's lead time; None: none
LOT_SCALES = (0.7, 1.0, 1.4)  # of the economic order quantity
_USUAL = 0.8, 1.0  # hub level and lot scale with which modes are compared


@dataclass(frozen=True)
class Tuned:
    """A policy at the wanted fill rates. levels: by class of leaves. distance: of its fill rate from the wanted, by
    group (NaN where nothing was asked); sooner: share by which waits are shorter, if asked for. books: of each draw."""

    case: Case
    levels: Floats
    hub_level: float | None
    lot_scale: float
    distance: Floats
    sooner: Floats
    books: tuple[Books, ...]

    @property
    def farthest(self) -> float:
        """The largest distance of a group."""
        return float(np.nanmax(np.abs(self.distance)))

    @property
    def logistics(self) -> float:
        """Logistics cost of all draws together, money."""
        return sum(one.logistics for one in self.books)


@dataclass(frozen=True)
class Trial:
    """What the policies of an arena are tuned to over these draws in this window: `wanted`, the fill rates by group;
    with `waits` (days by group) mean waits too, by a level of their own for leaves none of whose points has the part.
    """

    arena: Arena
    draws: Sequence[Draw]
    rules: Rules
    window: Window
    wanted: Floats
    waits: Floats | None = None

    @property
    def classes(self) -> int:
        """How many levels a policy has."""
        return len(self.wanted) * (1 if self.waits is None else 2)

    def distance(self, case: Case) -> Floats:
        """Fill rates less the wanted ones, then what waits are shorter, as a share of the wanted (× `_OF_A_WAIT`)."""
        begin, end = (float(week * DAYS_PER_WEEK) for week in (self.window.first, self.window.last))
        asked, served, late = (np.zeros(len(self.wanted)) for _ in range(3))
        for drawn in self.draws:
            played = played_until(case, drawn, self.rules, end, end)
            more = service(case, drawn.demands, played, self.window)
            asked, served = asked + more[0], served + more[1]
            if self.waits is not None:
                before = played_until(case, drawn, self.rules, begin, begin)
                late += waited(case, drawn.demands, played, before)
        fill = per_unit(asked, served) - self.wanted
        if self.waits is None:
            return fill
        return np.append(fill, _OF_A_WAIT * (1.0 - per_unit(asked, late) / np.maximum(self.waits, _SHORT)))


def group_of_leaf(case: Case) -> Ints:
    """The service group most points of each leaf belong to, (leaves,); points of a region mostly share one."""
    groups, leaf = len(case.rows.groups), case.rows.leaf_of_point
    votes = np.bincount(leaf * groups + case.rows.points["group"].to_numpy(), minlength=len(case.rows.leaves) * groups)
    return np.asarray(votes.reshape(-1, groups).argmax(axis=1))


def class_of_leaf(case: Case, classes: int) -> Ints:
    """The level each leaf follows, (leaves,): that of its group; in twice as many classes, leaves none of whose points
    has the part follow their own."""
    group, groups = group_of_leaf(case), len(case.rows.groups)
    bare = np.bincount(case.rows.leaf_of_point, case.board.base_stock, len(group)) == 0
    return np.asarray(group + groups * (bare & (classes > groups)))


def modes_of(case: Case) -> list[str]:
    """The modes by which hubs supply depots."""
    return sorted(case.supply.lanes["mode"].unique())


def by_mode(case: Case, mode: str) -> Ints:
    """The lane of each leaf by one mode, by the ordinary lane where the mode does not go or may not carry it."""
    return lanes_by_mode(case, mode)[0]


def policy(arena: Arena, lane: Ints, lot_scale: float) -> Policy:
    """The policy by these lanes, without levels."""
    case = arena.case
    ordering = with_policy(arena, reorders_of(case.network, case.rows, case.supply, lane, case.end_weeks))
    found = policy_by_lanes(ordering, lane, 1.0)
    lots = np.maximum(np.rint(found.case.board.reorder_lot * lot_scale), 1).astype(np.int64)
    return replace(found, case=replace(found.case, board=found.case.board._replace(reorder_lot=lots)))


def at_levels(policy: Policy, levels: Floats, hub_level: float | None) -> Case:
    """The case of the policy at a level of each class of leaves."""
    case, rows = policy.case, policy.case.rows
    of_leaf = levels[class_of_leaf(case, len(levels))]
    upto = np.zeros_like(policy.at_depot.mean, np.int64)
    for level in np.unique(of_leaf):
        here = of_leaf == level
        upto[here] = policy.at_depot.where(here).quantile(float(level))
    last = upto.shape[1] - 1
    weeks_ahead = policy.supplier_weeks[rows.part_of_leaf]
    later = np.minimum(np.arange(last + 1) + weeks_ahead[:, None], last)
    at_hub = np.add.reduceat(np.take_along_axis(upto, later, axis=1), rows.leaf_start[:-1])
    if hub_level is not None:
        at_hub = at_hub + policy.at_hub.quantile(hub_level)
    orders = case.orders
    week = np.clip(orders["time"].to_numpy(float) // DAYS_PER_WEEK, 0, last).astype(np.int64)
    part, leaf = orders["part_row"].to_numpy(np.int64), orders["leaf_row"].to_numpy(np.int64)
    level = np.where(orders["kind"] == SHIP, upto[leaf, week] - 1, at_hub[part, week])
    return replace(case, board=case.board._replace(order_level=level.astype(float)))


def tuned(trial: Trial, lane: Ints, hub_level: float | None, lot_scale: float, levels: Floats | None = None) -> Tuned:
    """Search of every group's level at once, from `levels` on; of all that was tried the nearest in its farthest group.

    A group's log odds go up where it serves too little, else down, by steps that halve when they turn.
    """
    found, groups, classes = policy(trial.arena, lane, lot_scale), len(trial.wanted), trial.classes
    levels = np.full(classes, _FIRST) if levels is None else np.resize(levels, classes)
    odds, step, last = np.log(levels / (1.0 - levels)), np.ones(classes), np.zeros(classes)
    best: tuple[float, Case, Floats, Floats] | None = None
    for _ in range(_STEPS):
        tried = 1.0 / (1.0 + np.exp(-odds))
        case = at_levels(found, tried, hub_level)
        distance = trial.distance(case)
        farthest = float(np.nanmax(np.abs(distance)))
        if best is None or farthest < best[0]:
            best = farthest, case, tried, distance
        if farthest <= _NEAR:
            break
        way = -np.sign(np.nan_to_num(distance))
        step = np.where(way * last < 0, 0.5 * step, np.where(way * last > 0, 1.4 * step, step))
        odds, last = np.clip(odds + way * step, _LOWEST, _HIGHEST), way
    assert best is not None
    _, case, tried, distance = best
    kept = tuple(books(case, found.prices, drawn, trial.rules, trial.window) for drawn in trial.draws)
    return Tuned(case, tried, hub_level, lot_scale, distance[:groups], distance[groups:] / _OF_A_WAIT, kept)


def by_leaf(arena: Arena, levels: Floats) -> Ints:
    """The cheapest lane of each leaf at these levels of the groups: λ·(freight + capital under way) + h·safety stock a
    week, with λ the mean weekly demand and safety stock s + 1 less the mean demand of lead time and review."""
    case = arena.case
    law, prices, supply = forecast_law(case), prices_of(case), case.supply
    weekly, holding = law.mean[:, : case.weeks].mean(axis=1), prices.leaf["holding"].to_numpy(float) * DAYS_PER_WEEK
    part = prices.in_network[case.rows.part_of_leaf]
    depot = case.rows.leaves["depot"].to_numpy(object)
    cheapest, best = np.full(len(depot), np.inf), np.full(len(depot), -1)
    for number in range(len(supply.lanes)):
        goes = (depot == supply.lanes["destination"].iloc[number]) & supply.allowed[part, number]
        moments = policy(arena, np.where(goes, number, -1), 1.0).at_depot
        safety = np.zeros(len(depot))
        for number_of_class, level in enumerate(levels):
            here = goes & (class_of_leaf(case, len(levels)) == number_of_class)
            some = moments.where(here)
            safety[here] = (some.quantile(float(level)) - some.mean)[:, : case.weeks].mean(axis=1)
        moving = weekly * (supply.freight[part, number] + supply.transit_capital[part, number])
        cost = np.where(goes, moving + holding * safety, np.inf)
        best, cheapest = np.where(cost < cheapest, number, best), np.minimum(cost, cheapest)
    return best


def best_of_modes(trial: Trial) -> Tuned:
    """One mode for all depots."""
    lanes = (by_mode(trial.arena.case, mode) for mode in modes_of(trial.arena.case))
    return refined(trial, min((tuned(trial, lane, *_USUAL) for lane in lanes), key=_rank))


def best_by_depot(trial: Trial, best: Tuned) -> Tuned:
    """One mode for each depot: from the best mode for all, each depot in turn takes the mode that costs least."""
    case = trial.arena.case
    depot, lane = case.rows.leaves["depot"].to_numpy(object), lane_of(best.case)
    for name in sorted(set(depot)):
        for mode in modes_of(case):
            other = np.where(depot == name, by_mode(case, mode), lane)
            if (other != lane).any():
                best = min(best, tuned(trial, other, best.hub_level, best.lot_scale, best.levels), key=_rank)
        lane = lane_of(best.case)
    return refined(trial, best)


def best_by_leaf(trial: Trial, best: Tuned) -> Tuned:
    """One lane for each part and depot: the cheapest at the levels of another policy, or that policy's own."""
    lane = by_leaf(trial.arena, best.levels)
    found = refined(trial, tuned(trial, lane, best.hub_level, best.lot_scale, best.levels))
    return min(best, found, key=_rank)


def as_soon(trial: Trial, best: Tuned, waits: Floats) -> Tuned:
    """A policy whose waits are no longer than these, by its own lanes and by the cheapest for each part and depot."""
    both = replace(trial, waits=waits)
    same = refined(both, tuned(both, lane_of(best.case), best.hub_level, best.lot_scale, best.levels))
    return best_by_leaf(both, same)


def refined(trial: Trial, best: Tuned) -> Tuned:
    """The same lanes with the stock of the hub and then the lots that cost least."""
    lane = lane_of(best.case)
    for level in HUB_LEVELS:
        if level != best.hub_level:
            best = min(best, tuned(trial, lane, level, best.lot_scale, best.levels), key=_rank)
    for scale in LOT_SCALES:
        if scale != best.lot_scale:
            best = min(best, tuned(trial, lane, best.hub_level, scale, best.levels), key=_rank)
    return best


def lane_of(case: Case) -> Ints:
    """The lane of each leaf of a policy, −1 where none."""
    sent = case.orders[case.orders["kind"] == SHIP]
    lane = np.full(len(case.rows.leaves), -1)
    lane[sent["leaf_row"].to_numpy(np.int64)] = sent["lane"].to_numpy(np.int64)
    return lane


def _rank(one: Tuned) -> tuple[bool, float]:
    """Policies at equal fill first and as soon, then the cheapest."""
    late = bool((one.sooner < -EQUAL / _OF_A_WAIT).any())
    return one.farthest > EQUAL or late, one.logistics
