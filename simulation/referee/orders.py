"""What the plan orders, as order-up-to levels: its published weeks, then base stock."""

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.departures import departures, supplier_calendar
from domain.logistics import SupplyLanes
from domain.network import Network
from simulation.referee.board import BASE_STOCK, CATCH_UP, PLANNED, PURCHASE, SHIP, Floats, Ints
from simulation.referee.places import Map, day_number
from simulation.referee.plan import PlanToJudge


def orders_of(network: Network, plan: PlanToJudge, rows: Map, supply: SupplyLanes, end_weeks: int) -> pd.DataFrame:
    """The plan's orders of its published weeks with the departures that catch up, then base stock; purchases before
    shipments of the same day."""
    planned_until = min(network.settings.horizon_weeks, end_weeks) * DAYS_PER_WEEK
    table = departures(network, supply.lanes, supply.lead_days, end_weeks)
    table = table.assign(time=day_number(network, table["departs"]))[["lane", "time"]]
    shipments = _planned_shipments(network, plan, rows, supply)
    parts = [shipments, _planned_purchases(network, plan, rows), _catch_ups(network, plan, rows, shipments, table)]
    planned = [frame[frame["time"] < planned_until] for frame in parts]
    later = []
    if end_weeks * DAYS_PER_WEEK > planned_until:
        later = [
            _base_stock_shipments(network, rows, supply, table),
            _base_stock_purchases(network, rows, end_weeks),
        ]
        later = [frame[frame["time"] >= planned_until] for frame in later]
    orders = pd.concat([*planned, *later], ignore_index=True)
    orders["departs"] = orders["time"]
    return orders.sort_values(["part_row", "time", "kind", "leaf_row", "lane"], kind="stable", ignore_index=True)


def _order_frame(
    part_row: Ints, leaf_row: Ints, time: Floats, kind: int, rule: int, level: Floats, lane: Ints, channel: object
) -> pd.DataFrame:
    columns = {"part_row": part_row, "leaf_row": leaf_row, "time": time, "kind": kind, "rule": rule, "level": level}
    return pd.DataFrame({**columns, "lane": lane, "channel": channel})


def _expected(mean: Floats, row: Ints, time: Floats) -> Floats:
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
    keys = pd.MultiIndex.from_arrays([plan.forecast.part, plan.forecast.region])
    of_leaf = keys.get_indexer(pd.MultiIndex.from_frame(rows.leaves[["part", "region"]]))
    level = upto - _expected(plan.forecast.mean, of_leaf[leaf], time)
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
    expected = _expected(mean, part, time)
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


def _base_stock_shipments(network: Network, rows: Map, supply: SupplyLanes, table: pd.DataFrame) -> pd.DataFrame:
    """Every departure (`table`: lane, time) of the lane that ordinarily serves the depot."""
    in_network = pd.Index(network.parts["part"]).get_indexer(rows.parts)
    lane = np.full(len(rows.leaves), -1)
    for depot, leaves in rows.leaves.groupby("depot").indices.items():
        lane[leaves] = supply.ordinary(str(depot))[0][in_network[rows.leaves["part_row"].to_numpy()[leaves]]]
    served = pd.DataFrame({"leaf_row": np.arange(len(lane)), "lane": lane})
    both = served.merge(table, on="lane")
    leaf, lane = both["leaf_row"].to_numpy(), both["lane"].to_numpy()
    part = rows.leaves["part_row"].to_numpy()[leaf]
    channel = "lane " + supply.lanes["lane"].to_numpy(object)[lane]
    return _order_frame(part, leaf, both["time"].to_numpy(), SHIP, BASE_STOCK, np.zeros(len(leaf)), lane, channel)


def _base_stock_purchases(network: Network, rows: Map, end_weeks: int) -> pd.DataFrame:
    """Every Monday on which the supplier is open."""
    supplier = network.parts.set_index("part")["supplier"].reindex(rows.parts).to_numpy(object)
    frames = []
    for name in sorted(set(supplier) - {""}):
        _, is_open = supplier_calendar(network, name, 0, end_weeks)
        mondays = np.flatnonzero(is_open) * float(DAYS_PER_WEEK)
        part = np.repeat(np.flatnonzero(supplier == name), len(mondays))
        time = np.tile(mondays, int((supplier == name).sum()))
        none = np.full(len(part), -1)
        frames.append(
            _order_frame(part, none, time, PURCHASE, BASE_STOCK, np.zeros(len(part)), none, f"supplier {name}")
        )
    empty = np.zeros(0, np.int64)
    nothing = _order_frame(empty, empty, np.zeros(0), PURCHASE, BASE_STOCK, np.zeros(0), empty, "")
    return pd.concat(frames, ignore_index=True) if frames else nothing


def _running_total(group: Ints, quantity: Floats) -> Floats:
    """Sum of `quantity` up to each row within its group; groups are contiguous."""
    return np.asarray(pd.Series(quantity).groupby(group, sort=False).cumsum(), float)
