"""What a planner would see on a Monday of a replay: stock, what is under way and what waits, as network tables."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from domain.calendar import first_week
from domain.logistics import hub_of_part
from domain.network import Network
from domain.schemas import TABLES, empty_frame
from simulation.referee.board import HUB
from simulation.referee.demand import NEW_PRIORITY
from simulation.referee.replay import Past, Replay, under_way


def with_position(network: Network, past: Past, found: Replay) -> Network:
    """The network with the position a replay has reached, in place of its own stock, inbound and repair orders.

    What is under way is expected on its quoted day: when it will really arrive, nobody knows yet. Shelf life of what
    lies on shelves is not told.
    """
    return replace(
        network,
        stock=_stock(found),
        inbound=_inbound(network, past, found),
        repair_orders=_repair_orders(past, found),
    )


def table_of(name: str, **columns: Any) -> pd.DataFrame:
    """A table of the network with these columns, the others empty, sorted by key."""
    schema = TABLES[name]
    frame = pd.DataFrame(columns)
    whole = {
        column: frame[column].astype(kind) if column in frame else pd.Series(_empty(kind), frame.index, dtype=kind)
        for column, kind in empty_frame(schema).dtypes.items()
    }
    keys = list(schema.metadata["about"].key)
    return pd.DataFrame(whole).sort_values(keys, ignore_index=True)


def _empty(kind: Any) -> Any:
    return "" if kind.kind == "O" else pd.NaT if kind.kind == "M" else np.nan if kind.kind == "f" else 0


def hubs(network: Network, parts: "pd.Index[str]") -> "np.ndarray[Any, np.dtype[np.object_]]":
    """The hub of each of `parts`."""
    return pd.Series(hub_of_part(network), index=network.parts["part"]).reindex(parts).to_numpy(object)


def _stock(found: Replay) -> pd.DataFrame:
    rows, played = found.case.rows, found.played
    leaf = rows.points["leaf_row"].to_numpy(np.int64)
    lies = pd.DataFrame(
        {
            "site": np.concatenate([hubs(found.case.network, rows.parts), rows.leaves["depot"], rows.points["site"]]),
            "part": np.concatenate([rows.parts, rows.leaves["part"], rows.leaves["part"].to_numpy(object)[leaf]]),
            "on_hand": np.concatenate([played.on_hand_hub, played.on_hand_depot, played.on_hand_point]),
        }
    )
    lies = lies[lies["on_hand"] > 0].groupby(["site", "part"])["on_hand"].sum().reset_index()
    return table_of("stock", site=lies["site"], part=lies["part"], condition="good", on_hand=lies["on_hand"])


def _inbound(network: Network, past: Past, found: Replay) -> pd.DataFrame:
    rows, supply = found.case.rows, found.case.supply
    monday = pd.Timestamp(first_week(past.eve.settings.as_of))
    moving = under_way(found)
    part = rows.parts.to_numpy(object)[moving["part_row"].to_numpy(np.int64)]
    lanes = supply.lanes.set_index("lane")
    supplier_days = dict(zip(past.eve.suppliers["supplier"], past.eve.suppliers["lead_time_days"], strict=True))
    kind, name = (pd.Series([text.partition(" ")[at] for text in moving["channel"]], dtype=object) for at in (0, 2))
    lane = name.where(kind == "lane", "")
    by_lane = lane.map(dict(zip(supply.lanes["lane"], supply.lead_days, strict=True)))
    by_supplier = name.where(kind == "supplier", "").map(supplier_days)
    days = np.ceil(moving["departs"] + by_lane.fillna(by_supplier).fillna(0.0).astype(float))
    left = monday + pd.to_timedelta(moving["departs"], unit="D")
    site = _sites(found, moving)
    coming = pd.DataFrame(
        {
            "order": moving["channel"] + " " + left.dt.strftime("%Y-%m-%d") + " " + site,
            "part": part,
            "destination": site,
            "origin": lane.map(lanes["origin"]).fillna(""),
            "lane": lane,
            "quantity": moving["quantity"],
            "expected": (monday + pd.to_timedelta(days, unit="D")),
        }
    )
    carried = np.flatnonzero(found.played.on_way > 0)
    leaf = rows.points["leaf_row"].to_numpy(np.int64)[carried]
    point = rows.points["site"].to_numpy(object)[carried]
    quoted = np.ceil(found.case.board.courier_days[carried]).clip(1)
    couriers = pd.DataFrame(
        {
            "order": "courier " + pd.Series(point, dtype=object),
            "part": rows.leaves["part"].to_numpy(object)[leaf],
            "destination": point,
            "origin": rows.leaves["depot"].to_numpy(object)[leaf],
            "lane": "",
            "quantity": found.played.on_way[carried],
            "expected": pd.Timestamp(network.settings.as_of) + pd.to_timedelta(quoted, unit="D"),
        }
    )
    both = pd.concat([frame for frame in (coming, couriers) if len(frame)] or [coming], ignore_index=True)
    keys = [column for column in both.columns if column != "quantity"]
    both = both.groupby(keys)["quantity"].sum().reset_index()
    return table_of("inbound", **{str(name): both[name] for name in both}, status="shipped")


def _sites(found: Replay, moving: pd.DataFrame) -> "pd.Series[str]":
    """The site of each part's local code: hub, depots, points."""
    rows = found.case.rows
    part, code = moving["part_row"].to_numpy(np.int64), moving["code"].to_numpy(np.int64)
    leaves = rows.leaf_start[part + 1] - rows.leaf_start[part]
    site = hubs(found.case.network, rows.parts)[part]
    at_depot, at_point = (code > HUB) & (code <= leaves), code > leaves
    site[at_depot] = rows.leaves["depot"].to_numpy(object)[(rows.leaf_start[part] + code - 1)[at_depot]]
    first = rows.point_start[rows.leaf_start[part]]
    site[at_point] = rows.points["site"].to_numpy(object)[(first + code - 1 - leaves)[at_point]]
    return pd.Series(site, dtype=object)


def _repair_orders(past: Past, found: Replay) -> pd.DataFrame:
    """Repairs that have asked and still wait, under the name of their ticket."""
    demands, left, rows = found.demands, found.played.left, found.case.rows
    waits = np.flatnonzero((left > 0) & (demands.time < found.until))
    point = demands.point[waits]
    monday = pd.Timestamp(first_week(past.eve.settings.as_of))
    names = np.concatenate([found.tickets.to_numpy(object), past.eve.repair_orders["repair_order"].unique()])
    frame = pd.DataFrame(
        {
            "repair_order": names[demands.ticket[waits]],
            "part": rows.leaves["part"].to_numpy(object)[rows.points["leaf_row"].to_numpy(np.int64)[point]],
            "site": rows.points["site"].to_numpy(object)[point],
            "due": monday + pd.to_timedelta(np.floor(demands.time[waits]), unit="D"),
            "quantity": left[waits],
        }
    )
    frame = frame.groupby(["repair_order", "part", "site"], as_index=False).agg({"due": "min", "quantity": "sum"})
    return table_of("repair_orders", **{str(name): frame[name] for name in frame}, priority=NEW_PRIORITY)
