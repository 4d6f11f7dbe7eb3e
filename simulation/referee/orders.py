"""What the plan orders, as order-up-to levels: its published weeks, then base stock. What a reorder policy orders."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.departures import departures
from domain.logistics import SupplyLanes
from domain.network import Network
from simulation.referee.board import BASE_STOCK, CATCH_UP, PLANNED, PURCHASE, REORDER, SHIP, Floats, Ints
from simulation.referee.openings import Openings
from simulation.referee.places import Map, day_number, rows_in
from simulation.referee.plan import PlanToJudge


def orders_of(network: Network, plan: PlanToJudge, rows: Map, supply: SupplyLanes, end_weeks: int) -> pd.DataFrame:
    """The plan's orders of its published weeks with the departures that catch up, then base stock; purchases before
    shipments of the same day.

    What was planned for a day on which its lane does not leave or its supplier is shut, because the network is not what
    the plan took it to be, goes with the next departure or when the supplier opens; what no lane may carry now stays.

    Sorted by part_row: part_row, leaf_row (−1: the hub's), time, kind, rule, level, lane, channel (row of
    `channels_of`, −1 none); a play may have millions.
    """
    planned_until = float(min(network.settings.horizon_weeks, end_weeks) * DAYS_PER_WEEK)
    timetable, openings = Timetable.of(network, supply, end_weeks), Openings.of(network, end_weeks)
    shipments = _planned_shipments(network, plan, rows, supply, openings)
    caught_up = _catch_ups(network, plan, rows, shipments, timetable.between(0.0, planned_until))
    planned = [shipments, _planned_purchases(network, plan, rows, supply, openings), caught_up]
    later = timetable.between(planned_until, np.inf)
    return _in_order(
        rows,
        [
            *(lines.where(lines.time < planned_until) for lines in planned),
            _every_departure(rows, _ordinary_lanes(network, rows, supply), later, BASE_STOCK),
            *_every_monday(network, rows, supply, planned_until, openings, BASE_STOCK),
        ],
    )


def reorders_of(network: Network, rows: Map, supply: SupplyLanes, lane: Ints, end_weeks: int) -> pd.DataFrame:
    """Every departure of the lane (row of the supply lanes, −1: none) of each leaf and every Monday of a supplier once
    the frozen weeks are over, to order by reorder points yet unknown (level 0)."""
    free_from = float(network.settings.frozen_weeks * DAYS_PER_WEEK)
    timetable = Timetable.of(network, supply, end_weeks).between(free_from, np.inf)
    departures_of_leaves = _every_departure(rows, lane, timetable, REORDER)
    mondays = _every_monday(network, rows, supply, free_from, Openings.of(network, end_weeks), REORDER)
    return _in_order(rows, [departures_of_leaves, *mondays])


@dataclass(frozen=True)
class Timetable:
    """When each lane leaves: times by lane and time, a slice of `start` (supply lanes + 1) each."""

    start: Ints
    time: Floats

    @staticmethod
    def of(network: Network, supply: SupplyLanes, end_weeks: int) -> "Timetable":
        """Every departure of every supply lane."""
        table = departures(network, supply.lanes, supply.lead_days, end_weeks)
        start = np.searchsorted(table["lane"].to_numpy(np.int64), np.arange(len(supply.lanes) + 1))
        return Timetable(start, day_number(network, table["departs"]))

    def between(self, first: float, end: float) -> "Timetable":
        """The departures of these days, `end` not among them."""
        inside = (self.time >= first) & (self.time < end)
        return Timetable(np.append(0, np.cumsum(inside))[self.start], self.time[inside])

    def by(self, lane: Ints) -> tuple[Ints, Floats]:
        """Every departure of each of these lanes (−1: none): its row in `lane`, and when."""
        number = np.where(lane >= 0, np.diff(self.start)[lane], 0)
        row = np.repeat(np.arange(len(lane)), number)
        within = np.arange(len(row)) - np.repeat(np.cumsum(number) - number, number)
        return row, self.time[self.start[lane[row]] + within]


@dataclass(frozen=True)
class Lines:
    """Orders of one kind and rule, as the columns of `orders_of`."""

    part_row: Ints
    leaf_row: Ints
    time: Floats
    kind: int
    rule: int
    level: Floats
    lane: Ints
    channel: Ints

    def where(self, kept: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> "Lines":
        """Some of them."""
        of_part, of_leaf, lane, channel = (row[kept] for row in (self.part_row, self.leaf_row, self.lane, self.channel))
        return Lines(of_part, of_leaf, self.time[kept], self.kind, self.rule, self.level[kept], lane, channel)


def _in_order(rows: Map, lines: Iterable[Lines]) -> pd.DataFrame:
    """By part, day, kind (purchases first), leaf and lane, packed into one number: times are whole days."""
    every = list(lines)

    def column(name: str) -> Ints:
        return np.concatenate([np.broadcast_to(getattr(one, name), len(one.time)) for one in every])

    part, leaf, lane, day = column("part_row"), column("leaf_row"), column("lane"), column("time").astype(np.int64)
    day -= day.min(initial=0)
    key = part * (int(day.max(initial=0)) + 1) + day
    key = key * 2 + column("kind")
    key = key * (int(np.diff(rows.leaf_start).max(initial=0)) + 1) + np.where(
        leaf < 0, 0, 1 + leaf - rows.leaf_start[part]
    )
    order = np.argsort(key * (int(lane.max(initial=-1)) + 2) + lane + 1, kind="stable")
    del key, day
    narrow = {"part_row": part, "leaf_row": leaf, "channel": column("channel")}
    wide = {name: column(name)[order] for name in ("time", "kind", "rule", "level", "lane")}
    return pd.DataFrame(
        {**{name: values[order].astype(np.int32) for name, values in narrow.items()}, **wide}, copy=False
    )


def expected_demand(mean: Floats, row: Ints, time: Floats) -> Floats:
    """Expected demand of rows of weekly means before a day; it goes on at the last week's mean."""
    upto = np.concatenate([np.zeros((len(mean), 1)), np.cumsum(mean, axis=1)], axis=1)
    week = np.clip(np.floor(time / DAYS_PER_WEEK).astype(np.int64), 0, mean.shape[1] - 1)
    total: Floats = upto[row, week] + mean[row, week] * (time / DAYS_PER_WEEK - week)
    return total


def _planned_shipments(
    network: Network, plan: PlanToJudge, rows: Map, supply: SupplyLanes, openings: Openings
) -> Lines:
    shipments = plan.shipments
    lane = pd.Index(supply.lanes["lane"]).get_indexer(pd.Index(shipments["lane"]))
    region = supply.lanes["destination"].map(network.site_of["region"]).to_numpy(object)[lane]
    leaf = rows.leaf_row(shipments["part"], pd.Series(region))
    part = pd.Index(network.parts["part"]).get_indexer(pd.Index(shipments["part"]))
    goes = np.flatnonzero((lane >= 0) & (leaf >= 0) & supply.allowed[part, lane])
    quantity, time = shipments["quantity"].to_numpy(float)[goes], day_number(network, shipments["departs"])[goes]
    leaf, lane = leaf[goes], lane[goes]
    time = openings.next_departure(supply.lanes, lane, time)
    order = np.lexsort((lane, time, leaf))
    order = order[np.isfinite(time[order])]
    leaf, time, lane = leaf[order], time[order], lane[order]
    upto = _running_total(leaf, quantity[order])
    row = np.full(len(rows.leaves) + 1, -1)
    row[rows.leaf_row(plan.forecast.part, plan.forecast.region)] = np.arange(len(plan.forecast.part))
    level = upto - expected_demand(plan.forecast.mean, row[leaf], time)
    return Lines(rows.part_of_leaf[leaf], leaf, time, SHIP, PLANNED, level, lane, lane)


def _planned_purchases(
    network: Network, plan: PlanToJudge, rows: Map, supply: SupplyLanes, openings: Openings
) -> Lines:
    orders = plan.purchase_orders
    part = rows.part_row(orders["part"])
    known = orders["supplier"].isin(["", *network.suppliers["supplier"]]).to_numpy(bool)
    orders, part = orders[(part >= 0) & known], part[(part >= 0) & known]
    time = _taken(openings, orders["supplier"].to_numpy(object), day_number(network, orders["order_on"]))
    order = np.lexsort((time, part))
    order = order[np.isfinite(time[order])]
    part, time = part[order], time[order]
    upto = _running_total(part, orders["quantity"].to_numpy(float)[order])
    mean = np.zeros((len(rows.parts) + 1, plan.forecast.weeks))
    np.add.at(mean, rows.part_row(plan.forecast.part), plan.forecast.mean)
    level = upto - expected_demand(mean, part, time)
    none = np.full(len(part), -1)
    channel = _channel_of_supplier(network, supply, orders["supplier"].to_numpy(object)[order])
    return Lines(part, none, time, PURCHASE, PLANNED, level, none, channel)


def _taken(openings: Openings, supplier: "np.ndarray[tuple[int], np.dtype[np.object_]]", time: Floats) -> Floats:
    """When each supplier takes an order that is placed on a day: at once, or when it opens; inf where it does not in
    these weeks."""
    taken = time.copy()
    for name in sorted(set(supplier)):
        here = np.flatnonzero((supplier == name) & (time >= 0.0) & (time < openings.days))
        opens = openings.first_open(openings.of_supplier(name))[time[here].astype(np.int64)]
        taken[here] = np.where(opens < openings.days, opens, np.inf)
    return taken


def _channel_of_supplier(
    network: Network, supply: SupplyLanes, supplier: "np.ndarray[tuple[int], np.dtype[np.object_]]"
) -> Ints:
    row = rows_in(pd.Index(network.suppliers["supplier"]), supplier)
    return np.where(row >= 0, len(supply.lanes) + row, -1)


def _catch_ups(network: Network, plan: PlanToJudge, rows: Map, shipments: Lines, timetable: Timetable) -> Lines:
    """Every departure of a lane after the first line planned on it: what the hub could not fill leaves with them.

    Only of parts whose hub gets something: elsewhere what is missing never comes.
    """
    comes = np.zeros(len(rows.parts) + 1, bool)
    comes[rows.part_row(plan.purchase_orders["part"])] = comes[rows.part_row(network.inbound["part"])] = True
    comes[-1] = False
    late = shipments.where(comes[shipments.part_row])
    lanes = len(timetable.start) - 1
    order = np.lexsort((late.time, late.leaf_row * lanes + late.lane))
    way, first = np.unique((late.leaf_row * lanes + late.lane)[order], return_index=True)
    row, time = timetable.by(way % max(lanes, 1))
    after = time > late.time[order][first[row]]
    way, time = way[row[after]], time[after]
    days = int(max(time.max(initial=0.0), late.time.max(initial=0.0))) + 1
    lines = (late.leaf_row * lanes + late.lane) * days + late.time.astype(np.int64)
    fresh = ~np.isin(way * days + time.astype(np.int64), lines)
    way, time = way[fresh], time[fresh]
    leaf, lane = np.divmod(way, max(lanes, 1))
    return Lines(rows.part_of_leaf[leaf], leaf, time, SHIP, CATCH_UP, np.zeros(len(way)), lane, lane)


def _ordinary_lanes(network: Network, rows: Map, supply: SupplyLanes) -> Ints:
    """The lane that ordinarily serves each leaf, −1 where none does."""
    in_network = pd.Index(network.parts["part"]).get_indexer(rows.parts)
    lane = np.full(len(rows.leaves), -1)
    for depot, leaves in rows.leaves.groupby("depot").indices.items():
        lane[leaves] = supply.ordinary(str(depot))[0][in_network[rows.part_of_leaf[leaves]]]
    return lane


def _every_departure(rows: Map, lane: Ints, timetable: Timetable, rule: int) -> Lines:
    """Every departure of the lane of each leaf."""
    leaf, time = timetable.by(lane)
    return Lines(rows.part_of_leaf[leaf], leaf, time, SHIP, rule, np.zeros(len(leaf)), lane[leaf], lane[leaf])


def _every_monday(
    network: Network, rows: Map, supply: SupplyLanes, first: float, openings: Openings, rule: int
) -> Iterable[Lines]:
    """Every Monday from day `first` on on which the supplier is open."""
    supplier = network.parts.set_index("part")["supplier"].reindex(rows.parts).to_numpy(object)
    for name in sorted(set(supplier) - {""}):
        is_open = ~openings.closed(openings.of_supplier(name))[::DAYS_PER_WEEK]
        mondays = np.flatnonzero(is_open) * float(DAYS_PER_WEEK)
        mondays, buys = mondays[mondays >= first], np.flatnonzero(supplier == name)
        part, time = np.repeat(buys, len(mondays)), np.tile(mondays, len(buys))
        none = np.full(len(part), -1)
        channel = _channel_of_supplier(network, supply, np.array([name], object)).repeat(len(part))
        yield Lines(part, none, time, PURCHASE, rule, np.zeros(len(part)), none, channel)


def _running_total(group: Ints, quantity: Floats) -> Floats:
    """Sum of `quantity` up to each row within its group; groups are contiguous."""
    return np.asarray(pd.Series(quantity).groupby(group, sort=False).cumsum(), float)
