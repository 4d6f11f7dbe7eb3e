"""Targets that stay: what an earlier plan keeps changes only where that pays, and lines stay a while (decision 0009).

Prices of waiting move a little from plan to plan, and with them many base stocks by a unit that saves next to nothing.
The earlier stock is held where the new one does not save `target_change_cost`; a part number stays, or stays away, for
`minimum_stay_weeks`; groups keep their targets and sites their `max_lines` all the same.
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.network import Settings
from optimizer.targets.goals import Goal, by_group
from optimizer.targets.local_search import sites_kept_cost
from optimizer.targets.performance import performance
from optimizer.targets.prices import with_hub_stock
from optimizer.targets.response import PricedStock, respond
from optimizer.targets.system import TARGET_WEEKS, System
from optimizer.targets.trades import of_leaves, same, with_leaves

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]
Dates = npt.NDArray[np.datetime64]

ROUNDING = 1e-9  # share of an allowance, or of a cost, that is left to rounding


@dataclass(frozen=True)
class Previous:
    """An earlier plan's targets: part, site, group, base_stock and, where it has it, since; and the day it is of."""

    table: pd.DataFrame
    as_of: date

    def rows(self, part: Objects, site: Objects, at_point: Bools) -> Ints:
        """Row of the table for each part and site, at a point or (group "") behind the points; −1: none."""
        names = [pd.Index(self.table[name].astype(object).unique()) for name in ("part", "site")]
        own = _keys(names, self.table["part"], self.table["site"], (self.table["group"] != "").to_numpy(bool))
        asked = _keys(names, pd.Series(part, dtype=object), pd.Series(site, dtype=object), at_point)
        return pd.Index(own).get_indexer(pd.Index(asked)).astype(np.int64)

    def base_stock(self, row: Ints, unknown: Ints) -> Ints:
        """Units of these rows, `unknown` where there is none."""
        return (
            np.where(row >= 0, self.table["base_stock"].to_numpy(np.int64)[row], unknown)
            if len(self.table)
            else unknown
        )

    def since(self, row: Ints) -> Dates:
        """Day since which a part number is kept, or away; a plan that does not say has kept its own since its day."""
        if not len(self.table):
            return np.full(len(row), np.datetime64("NaT"), "datetime64[ns]")
        kept = self.table["base_stock"].to_numpy() > 0
        told = (
            self.table["since"].to_numpy("datetime64[ns]")
            if "since" in self.table
            else np.full(len(kept), "NaT", "M8[ns]")
        )
        told = np.where(kept & np.isnat(told), np.datetime64(self.as_of, "ns"), told)
        return np.where(row >= 0, told[row], np.datetime64("NaT"))


def stays(settings: Settings) -> bool:
    """Whether the network asks targets to stay at all."""
    return settings.minimum_stay_weeks > 0 or settings.target_change_cost > 0


def since(table: pd.DataFrame, previous: Previous | None, settings: Settings) -> Dates:
    """Day since which each row of targets keeps its part number, or no longer does; NaT where it never did.

    NaT everywhere where nothing is asked to stay.
    """
    kept, never = (table["base_stock"] > 0).to_numpy(bool), np.datetime64("NaT", "ns")
    if not stays(settings):
        return np.full(len(table), never)
    today = np.datetime64(settings.as_of, "ns")
    if previous is None:
        return np.where(kept, today, never)
    row = previous.rows(table["part"].to_numpy(), table["site"].to_numpy(), (table["group"] != "").to_numpy(bool))
    kept_before = previous.base_stock(row, np.zeros(len(row), np.int64)) > 0
    return np.where(kept == kept_before, previous.since(row), today)


def settle_hubs(system: System, price: Floats, previous: Previous, settings: Settings) -> System:
    """The system whose hubs keep what they kept before, where the new stock does not save `target_change_cost`.

    price: (groups,), at which depots and points adapt to either stock of their hub.
    """
    row = previous.rows(system.part[system.hubs["first"]], system.hub, np.zeros(len(system.hub), bool))
    before = previous.base_stock(row, system.hub_stock)
    parts = np.flatnonzero(before != system.hub_stock)
    if len(parts) == 0 or settings.target_change_cost == 0:
        return system
    part_of_leaf = system.part_of_leaf
    leaves = np.flatnonzero(np.isin(part_of_leaf, parts))
    none = PricedStock(price, np.zeros(len(system.part), np.int64), np.zeros(len(system.leaf), np.int64))
    cost = []
    for stock in (before, system.hub_stock):
        behind, _ = of_leaves(with_hub_stock(system, stock), none, leaves)
        free = replace(behind, line_limit=np.full(len(behind.leaf), np.inf))
        at_depots, at_points = _weekly(free, respond(free, price, None))
        by_leaf = at_depots + np.bincount(free.leaf, at_points, len(leaves))
        kept = system.hubs["holding"] * stock + np.where(stock > 0, system.hubs["line"], 0.0)
        cost.append(kept + np.bincount(part_of_leaf[leaves], by_leaf, len(system.hubs)))
    pays = TARGET_WEEKS * (cost[0] - cost[1]) > settings.target_change_cost
    return with_hub_stock(system, np.where(pays, system.hub_stock, before))


def settle(system: System, stock: PricedStock, previous: Previous, settings: Settings) -> PricedStock:
    """The new stock of depots and points as far as it pays to change what they kept before.

    Sites where the part is new keep the new stock. Groups that meet their targets with the new stock do so with this.
    """
    point_row = previous.rows(system.part[system.leaf], system.site, np.ones(len(system.leaf), bool))
    depot_row = previous.rows(system.part, system.depot, np.zeros(len(system.part), bool))
    before = replace(
        stock,
        depot_stock=previous.base_stock(depot_row, stock.depot_stock),
        point_stock=previous.base_stock(point_row, stock.point_stock),
    )
    staying = _staying(previous.since(point_row), settings)
    to_keep = staying & (before.point_stock > 0) & (stock.point_stock == 0)
    wanted = replace(stock, point_stock=np.where(to_keep, 1, stock.point_stock))
    wanted = _within_lines(system, wanted, stock)
    away = _stays_away(system, wanted, staying & (before.point_stock == 0), previous.since(point_row), settings)
    while True:  # every change is one towards `wanted`; until none follows from those made
        chosen = _where_it_pays(system, before, wanted, away & (before.point_stock == 0), settings.target_change_cost)
        fitting = _within_lines(system, chosen, wanted)
        held = _meeting_targets(system, fitting, wanted, settings.target_change_cost)
        if same(held, before):
            return held
        before = held


def _keys(names: "list[pd.Index[str]]", part: "pd.Series[str]", site: "pd.Series[str]", at_point: Bools) -> Ints:
    """One number per part, site and level; negative where part or site is not among `names`."""
    codes = []
    for index, column in zip(names, (part, site), strict=True):
        code, distinct = pd.factorize(column)
        codes.append(index.get_indexer(pd.Index(distinct.astype(object)))[code].astype(np.int64))
    key = 2 * (codes[0] * len(names[1]) + codes[1]) + at_point
    return np.where((codes[0] >= 0) & (codes[1] >= 0), key, -1)


def _staying(begun: Dates, settings: Settings) -> Bools:
    """Which began to be kept, or to be away, less than the minimum stay ago."""
    return _weeks_left(begun, settings) > 0.0


def _weeks_left(begun: Dates, settings: Settings) -> Floats:
    """Weeks until the minimum stay is over; 0 where it is, or where none began."""
    days = (np.datetime64(settings.as_of, "D") - begun.astype("datetime64[D]")).astype(np.float64)
    return np.where(np.isnat(begun), 0.0, np.maximum(settings.minimum_stay_weeks - days / DAYS_PER_WEEK, 0.0))


def _stays_away(system: System, wanted: PricedStock, away: Bools, begun: Dates, settings: Settings) -> Bools:
    """Points whose part number does not come back yet: what it saves until it may is no more than a change costs."""
    back = away & (wanted.point_stock > 0)
    if not back.any():
        return back
    without = replace(wanted, point_stock=np.where(back, 0, wanted.point_stock))
    saved = _weekly(system, without)[1] - _weekly(system, wanted)[1]
    return back & (_weeks_left(begun, settings) * saved <= settings.target_change_cost)


def _weekly(system: System, stock: PricedStock) -> tuple[Floats, Floats]:
    """Money per week of every depot (holding, line) and of every point (holding, line, priced waiting)."""
    at_depots, at_points = sites_kept_cost(system, stock.depot_stock, stock.point_stock)
    waiting = performance(system.echelons, stock.depot_stock, stock.point_stock).backorders
    return at_depots, at_points + stock.price[system.group] * waiting


def _where_it_pays(
    system: System, before: PricedStock, wanted: PricedStock, away: Bools, change_cost: float
) -> PricedStock:
    """Of `before` and `wanted` what costs least over TARGET_WEEKS weeks, changes paid; only leaves that differ count.

    Given the depot's stock the points choose each for itself, so both stocks of a depot with the best of its points
    are all there is to compare.
    """
    wanted = replace(wanted, point_stock=np.where(away, 0, wanted.point_stock))
    differ = before.depot_stock != wanted.depot_stock
    differ[system.leaf[before.point_stock != wanted.point_stock]] = True
    rows = np.flatnonzero(differ)
    if change_cost == 0 or len(rows) == 0:
        return wanted
    part, old = of_leaves(system, before, rows)
    new = of_leaves(system, wanted, rows)[1]
    moved = change_cost * (old.point_stock != new.point_stock)
    totals, points = [], []
    for depot in (old, new):
        at_depots, kept = _weekly(part, replace(old, depot_stock=depot.depot_stock))
        changed = _weekly(part, replace(new, depot_stock=depot.depot_stock))[1]
        pays = TARGET_WEEKS * kept > TARGET_WEEKS * changed + moved
        cost = TARGET_WEEKS * np.where(pays, changed, kept) + np.where(pays, moved, 0.0)
        totals.append(TARGET_WEEKS * at_depots + np.bincount(part.leaf, cost, len(rows)))
        points.append(np.where(pays, new.point_stock, old.point_stock))
    pays = totals[0] > totals[1] + change_cost * (old.depot_stock != new.depot_stock)
    depot_stock = np.where(pays, new.depot_stock, old.depot_stock)
    return with_leaves(system, wanted, rows, depot_stock, np.where(pays[part.leaf], points[1], points[0]))


def _within_lines(system: System, held: PricedStock, wanted: PricedStock) -> PricedStock:
    """Where a site has more part numbers than it may, those that `wanted` does not keep go, the least valued first."""
    limited = np.isfinite(system.line_limit)
    names, of_site = np.unique(system.site[limited].astype(str), return_inverse=True)
    kept = np.bincount(of_site, held.point_stock[limited] > 0, len(names))
    limit = np.full(len(names), np.inf)
    np.minimum.at(limit, of_site, system.line_limit[limited])
    over = np.maximum(kept - limit, 0.0)
    if not over.any():
        return held
    may_go = limited & (held.point_stock > 0) & (wanted.point_stock == 0)
    without = replace(held, point_stock=np.where(may_go, 0, held.point_stock))
    value = _weekly(system, without)[1] - _weekly(system, held)[1]
    point_stock = held.point_stock.copy()
    site = np.full(len(limited), -1)
    site[limited] = of_site
    for number in np.flatnonzero(over):
        here = np.flatnonzero(may_go & (site == number))
        point_stock[here[np.argsort(value[here], kind="stable")[: int(over[number])]]] = 0
    return replace(held, point_stock=point_stock)


def _meeting_targets(system: System, held: PricedStock, wanted: PricedStock, change_cost: float) -> PricedStock:
    """Changes made after all until every group meets its target, or misses it by no more than with `wanted`.

    First single points that get more, then whole leaves: those that bring a group nearest to its target for the money.
    """
    goal = Goal.of(system)
    residual = goal.residual(system, held)
    if (goal.is_fixed | (residual >= 0.0)).all():
        return held
    enough = np.minimum(goal.residual(system, wanted), 0.0) - ROUNDING
    short, after = _short(system, goal, held), _short(system, goal, wanted)
    more = replace(held, point_stock=np.maximum(held.point_stock, wanted.point_stock))
    cost = TARGET_WEEKS * (_weekly(system, more)[1] - _weekly(system, held)[1]) + change_cost
    missing = _missing(system, goal, short, residual - enough)
    chosen = _enough(short - _short(system, goal, more), cost, system.group, missing)
    held = replace(held, point_stock=np.where(chosen, more.point_stock, held.point_stock))
    whole, leaves = np.add(*_by_leaf(system, _weekly(system, wanted))), len(system.part)
    while True:
        short = _short(system, goal, held)
        missing = _missing(system, goal, short, goal.residual(system, held) - enough)
        if (missing <= 0.0).all():
            return held
        group = int(np.argmax(missing))
        gain = np.bincount(system.leaf, np.where(system.group == group, short - after, 0.0), leaves).astype(float)
        moved = np.bincount(system.leaf, held.point_stock != wanted.point_stock, leaves)
        moved = moved + (held.depot_stock != wanted.depot_stock)
        cost = TARGET_WEEKS * (whole - np.add(*_by_leaf(system, _weekly(system, held)))) + change_cost * moved
        gain[moved == 0] = 0.0
        chosen = _enough(gain, cost, np.zeros(leaves, np.int64), missing[[group]])
        if not chosen.any():  # what the group lacks lies with parts of other groups that its repairs need
            return wanted
        held = replace(
            held,
            depot_stock=np.where(chosen, wanted.depot_stock, held.depot_stock),
            point_stock=np.where(chosen[system.leaf], wanted.point_stock, held.point_stock),
        )


def _short(system: System, goal: Goal, stock: PricedStock) -> Floats:
    """Units a week late at every point, or waiting there, as its group counts; 0 where the price is given."""
    counted = goal.shortfall(system, goal.achieved(system, stock))
    return np.where(goal.is_fixed[system.group], 0.0, counted)


def _missing(system: System, goal: Goal, short: Floats, residual: Floats) -> Floats:
    """How much less every group's `short` has to be, from the log of allowed ÷ actual."""
    missing: Floats = -np.expm1(np.minimum(residual, 0.0)) * by_group(system, short)
    return np.where(goal.is_fixed, 0.0, missing)


def _by_leaf(system: System, cost: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    return cost[0], np.bincount(system.leaf, cost[1], len(system.part)).astype(float)


def _enough(gain: Floats, cost: Floats, group: Ints, missing: Floats) -> Bools:
    """The rows of every group that cost least for what they gain, as many as gain what the group is missing."""
    rows = np.flatnonzero((gain > 0.0) & (missing[group] > 0.0))
    rows = rows[np.lexsort((cost[rows] / gain[rows], group[rows]))]
    chosen = np.zeros(len(gain), bool)
    for each in np.unique(group[rows]):
        of_group = rows[group[rows] == each]
        before = np.cumsum(gain[of_group]) - gain[of_group]
        chosen[of_group[before < missing[each]]] = True
    return chosen
