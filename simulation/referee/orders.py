"""What the plan orders, as order-up-to levels: its published weeks, then base stock. What a reorder policy orders."""

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.departures import departures, supplier_calendar
from domain.logistics import SupplyLanes
from domain.network import Network
from simulation.referee.board import BASE_STOCK, CATCH_UP, PLANNED, PURCHASE, REORDER, SHIP, Floats, Ints
from simulation.referee.places import Map, day_number
from simulation.referee.plan import PlanToJudge


def orders_of(network: Network, plan: PlanToJudge, rows: Map, supply: SupplyLanes, end_weeks: int) -> pd.DataFrame:
    """The plan's orders of its published weeks with the departures that catch up, then base stock; purchases before
    shipments of the same day."""
    planned_until = min(network.settings.horizon_weeks, end_weeks) * DAYS_PER_WEEK
    table = _timetable(network, supply, end_weeks)
    shipments = _planned_shipments(network, plan, rows, supply)
    parts = [shipments, _planned_purchases(network, plan, rows), _catch_ups(network, plan, rows, shipments, table)]
    planned = [frame[frame["time"] < planned_until] for frame in parts]
    later = []
    if end_weeks * DAYS_PER_WEEK > planned_until:
        later = [
            _every_departure(rows, supply, _ordinary_lanes(network, rows, supply), table, BASE_STOCK),
            _every_monday(network, rows, end_weeks, BASE_STOCK),
        ]
        later = [frame[frame["time"] >= planned_until] for frame in later]
    return _in_order([*planned, *later])


def reorders_of(network: Network, rows: Map, supply: SupplyLanes, lane: Ints, end_weeks: int) -> pd.DataFrame:
    """Every departure of the lane (row of the supply lanes, −1: none) of each leaf and every Monday of a supplier once
    the frozen weeks are over, to order by reorder points yet unknown (level 0)."""
    frames = [
        _every_departure(rows, supply, lane, _timetable(network, supply, end_weeks), REORDER),
        _every_monday(network, rows, end_weeks, REORDER),
    ]
    free_from = network.settings.frozen_weeks * DAYS_PER_WEEK
    return _in_order([frame[frame["time"] >= free_from] for frame in frames])


def _timetable(network: Network, supply: SupplyLanes, end_weeks: int) -> pd.DataFrame:
    """Every departure: lane (row of the supply lanes), time."""
    table = departures(network, supply.lanes, supply.lead_days, end_weeks)
    return table.assign(time=day_number(network, table["departs"]))[["lane", "time"]]


def _in_order(frames: list[pd.DataFrame]) -> pd.DataFrame:
    orders = pd.concat(frames, ignore_index=True)
    orders["departs"] = orders["time"]
    return orders.sort_values(["part_row", "time", "kind", "leaf_row", "lane"], kind="stable", ignore_index=True)


def _order_frame(
    part_row: Ints, leaf_row: Ints, time: Floats, kind: int, rule: int, level: Floats, lane: Ints, channel: object
) -> pd.DataFrame:
    columns = {"part_row": part_row, "leaf_row": leaf_row, "time": time, "kind": kind, "rule": rule, "level": level}
    return pd.DataFrame({**columns, "lane": lane, "channel": channel})


def expected_demand(mean: Floats, row: Ints, time: Floats) -> Floats:
    """Expected demand of rows of weekly means before a day; it goes on at the last week's mean."""
    upto = np.concatenate([np.zeros((len(mean), 1)), np.cumsum(mean, axis=1)], axis=1)
    week = np.clip(np.floor(time / DAYS_PER_WEEK).astype(np.int64), 0, mean.shape[1] - 1)
    total: Floats = upto[row, week] + mean[row, week] * (time / DAYS_PER_WEEK - week)
    return total


def _planned_shipments(network: Network, plan: PlanToJudge, rows: Map, supply: SupplyLanes) -> pd.DataFrame:
    shipments = plan.shipments
    lane = pd.Index(supply.lanes["lane"]).get_indexer(pd.Index(shipments["lane"]))
    region = supply.lanes["destination"].map(network.site_of["region"]).to_numpy(object)[lane]
    leaf = rows.leaf_row(shipments["part"], pd.Series(region))
    time = day_number(network, shipments["departs"])
    order = np.lexsort((lane, time, leaf))
    leaf, time, lane = leaf[order], time[order], lane[order]
    upto = _running_total(leaf, shipments["quantity"].to_numpy(float)[order])
    row = np.full(len(rows.leaves), -1)
    row[rows.leaf_row(plan.forecast.part, plan.forecast.region)] = np.arange(len(plan.forecast.part))
    level = upto - expected_demand(plan.forecast.mean, row[leaf], time)
    part = rows.leaves["part_row"].to_numpy()[leaf]
    channel = "lane " + supply.lanes["lane"].to_numpy(object)[lane]
    return _order_frame(part, leaf, time, SHIP, PLANNED, level, lane, channel)


def _planned_purchases(network: Network, plan: PlanToJudge, rows: Map) -> pd.DataFrame:
    orders = plan.purchase_orders
    part = rows.part_row(orders["part"])
    orders, part = orders[part >= 0], part[part >= 0]
    time = day_number(network, orders["order_on"])
    order = np.lexsort((time, part))
    part, time = part[order], time[order]
    upto = _running_total(part, orders["quantity"].to_numpy(float)[order])
    mean = np.zeros((len(rows.parts), plan.forecast.weeks))
    np.add.at(mean, rows.part_row(pd.Series(plan.forecast.part)), plan.forecast.mean)
    expected = expected_demand(mean, part, time)
    supplier = orders["supplier"].to_numpy(object)[order]
    channel = np.array([f"supplier {name}" if name else "" for name in supplier], dtype=object)
    none = np.full(len(part), -1)
    return _order_frame(part, none, time, PURCHASE, PLANNED, upto - expected, none, channel)


def _catch_ups(
    network: Network, plan: PlanToJudge, rows: Map, shipments: pd.DataFrame, table: pd.DataFrame
) -> pd.DataFrame:
    """Every departure of a lane after the first line planned on it: what the hub could not fill leaves with them.

    Only of parts whose hub gets something: elsewhere what is missing never comes.
    """
    comes = np.union1d(plan.purchase_orders["part"].to_numpy(str), network.inbound["part"].to_numpy(str))
    can_wait = pd.Index(rows.parts.to_numpy(str)).isin(comes)[shipments["part_row"].to_numpy(np.int64)]
    keys = ["part_row", "leaf_row", "kind", "lane", "channel"]
    first = shipments[can_wait].groupby(keys, sort=False)["time"].min().rename("first").reset_index()
    both: pd.DataFrame = first.merge(table, on="lane")
    both = both[both["time"] > both["first"]].drop(columns="first")
    lines = pd.MultiIndex.from_frame(shipments[["leaf_row", "lane", "time"]])
    both = both[~pd.MultiIndex.from_frame(both[["leaf_row", "lane", "time"]]).isin(lines)]
    return both.assign(rule=CATCH_UP, level=0.0)


def _ordinary_lanes(network: Network, rows: Map, supply: SupplyLanes) -> Ints:
    """The lane that ordinarily serves each leaf, −1 where none does."""
    in_network = pd.Index(network.parts["part"]).get_indexer(rows.parts)
    lane = np.full(len(rows.leaves), -1)
    for depot, leaves in rows.leaves.groupby("depot").indices.items():
        lane[leaves] = supply.ordinary(str(depot))[0][in_network[rows.leaves["part_row"].to_numpy()[leaves]]]
    return lane


def _every_departure(rows: Map, supply: SupplyLanes, lane: Ints, table: pd.DataFrame, rule: int) -> pd.DataFrame:
    """Every departure (`table`: lane, time) of the lane of each leaf."""
    served = pd.DataFrame({"leaf_row": np.arange(len(lane)), "lane": lane})
    both = served.merge(table, on="lane")
    leaf, lane = both["leaf_row"].to_numpy(), both["lane"].to_numpy()
    part = rows.leaves["part_row"].to_numpy()[leaf]
    channel = "lane " + supply.lanes["lane"].to_numpy(object)[lane]
    return _order_frame(part, leaf, both["time"].to_numpy(), SHIP, rule, np.zeros(len(leaf)), lane, channel)


def _every_monday(network: Network, rows: Map, end_weeks: int, rule: int) -> pd.DataFrame:
    """Every Monday on which the supplier is open."""
    supplier = network.parts.set_index("part")["supplier"].reindex(rows.parts).to_numpy(object)
    frames = []
    for name in sorted(set(supplier) - {""}):
        _, is_open = supplier_calendar(network, name, 0, end_weeks)
        mondays = np.flatnonzero(is_open) * float(DAYS_PER_WEEK)
        part = np.repeat(np.flatnonzero(supplier == name), len(mondays))
        time = np.tile(mondays, int((supplier == name).sum()))
        none = np.full(len(part), -1)
        frames.append(_order_frame(part, none, time, PURCHASE, rule, np.zeros(len(part)), none, f"supplier {name}"))
    empty = np.zeros(0, np.int64)
    nothing = _order_frame(empty, empty, np.zeros(0), PURCHASE, rule, np.zeros(0), empty, "")
    return pd.concat(frames, ignore_index=True) if frames else nothing


def _running_total(group: Ints, quantity: Floats) -> Floats:
    """Sum of `quantity` up to each row within its group; groups are contiguous."""
    return np.asarray(pd.Series(quantity).groupby(group, sort=False).cumsum(), float)
