"""Plays the company's past again: the demand that came, orders given week by week, and what lies where on a Monday."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, first_week
from domain.departures import departures
from domain.logistics import hub_of_part
from domain.network import Network
from simulation.referee.board import (
    AT_ONCE,
    GIVEN,
    PURCHASE,
    SET_BASE_STOCK,
    SHIP,
    Demands,
    Floats,
    Ints,
    Played,
    empty_results,
)
from simulation.referee.case import Case, case_of
from simulation.referee.consignments import channels_of, lots_of, voyage_rows, voyages_of
from simulation.referee.demand import NEW_PRIORITY, seeds_of, stream_keys, with_open_repairs
from simulation.referee.engine import play
from simulation.referee.lead_times import draw_arrivals
from simulation.referee.places import Map, day_number
from simulation.referee.plan import PlanToJudge
from simulation.referee.referee import rules_of

_NOON = 0.5  # usage tells the day, not the hour; what arrives that morning serves it


@dataclass(frozen=True)
class Past:
    """What happened whatever was ordered.

    eve: the network as of the day before the first Monday, with what lay and travelled then. demand: date, site, part,
    model, ticket, quantity of weeks 1..`weeks`. arrived: channel, departs, arrives (days since the first Monday) of
    consignments whose arrival is known; the others are drawn from the lanes' laws by `seed`. pairs: part, site where
    there ever was demand or stock.
    """

    eve: Network
    demand: pd.DataFrame
    arrived: pd.DataFrame
    pairs: pd.DataFrame
    weeks: int
    seed: int


@dataclass(frozen=True)
class Orders:
    """What was decided so far. shipments: part, lane, departs, quantity; purchase_orders: part, supplier, order_on,
    quantity; base_stock: since (day), part, site, base_stock (a point that a later decision does not name aims at 0).
    """

    shipments: pd.DataFrame
    purchase_orders: pd.DataFrame
    base_stock: pd.DataFrame


@dataclass(frozen=True)
class Replay:
    """The past with these orders until a Monday: day `until` since the first one."""

    case: Case
    lots: pd.DataFrame
    tickets: "pd.Index[str]"
    demands: Demands
    arrives: Floats
    played: Played
    until: float


def replayed(past: Past, orders: Orders, plan: PlanToJudge, weeks: int, check: bool = False) -> Replay:
    """The first `weeks` weeks of the past with `orders`.

    plan: gives the prices of waiting; it is not executed. Courier times and unknown arrivals are drawn once and for
    all: a longer replay begins like a shorter one. Defectives do not come back: no table tells which did.
    """
    case, lots, extra = _case(past, orders, plan)
    new, tickets = _demands(past, case.rows)
    demands = with_open_repairs(new, case.open_repairs, case.rows.local_site)
    arrives = draw_arrivals(case.voyages, case.laws, np.random.default_rng([past.seed, 0]))
    arrives[extra[extra >= 0]] = past.arrived["arrives"].to_numpy(float)[extra >= 0]
    end = float(weeks * DAYS_PER_WEEK)
    rules = rules_of(case, defectives=False, check=check)._replace(count_days=end, end_days=end)
    played = empty_results(case.board, demands)
    play(case.board, demands, arrives, rules, _seeds(case, past.seed), played)
    return Replay(case, lots, tickets, demands, arrives, played, end)


def _seeds(case: Case, seed: int) -> Ints:
    return seeds_of(stream_keys(case.rows.parts.to_numpy(object)), seed, 0, 2)


def _case(past: Past, orders: Orders, plan: PlanToJudge) -> tuple[Case, pd.DataFrame, Ints]:
    """The case with the orders, its lots, and the voyage of each row of `past.arrived` (−1: none).

    Voyages are all departures of the past, used or not, so that later orders change no draw.
    """
    eve, first = past.eve, orders.base_stock["since"] == orders.base_stock["since"].min()
    targets = orders.base_stock[first][["part", "site", "base_stock"]]
    nothing = replace(
        plan,
        targets=targets,
        shipments=plan.shipments.iloc[:0],
        purchase_orders=plan.purchase_orders.iloc[:0],
    )
    no_end = replace(eve, settings=replace(eve.settings, horizon_weeks=past.weeks + 10**4))
    case = case_of(no_end, nothing, past.weeks, _wanted(past, orders))
    network, rows, supply = case.network, case.rows, case.supply
    channels = channels_of(network, supply)
    hub = pd.Series(hub_of_part(network), index=network.parts["part"])
    lots = lots_of(network, rows, hub, supply)
    table = orders_table(network, orders, rows, supply.lanes)
    voyages = voyages_of(network, channels, lots, all_departures(case), case.end_weeks)
    lots = lots.assign(voyage=voyage_rows(voyages, channels, lots["channel"], lots["departs"]))
    table = table.assign(voyage=voyage_rows(voyages, channels, table["channel"], table["departs"]))
    lost = table[(table["voyage"] < 0) & (table["channel"] != "")]
    if len(lost):
        raise ValueError(f"nothing leaves by {lost['channel'].iloc[0]} on day {lost['departs'].iloc[0]:.0f}")
    board = case.board._replace(lot_voyage=lots["voyage"].to_numpy(np.int64), **given_columns(rows, table))
    known = voyage_rows(voyages, channels, past.arrived["channel"], past.arrived["departs"])
    return replace(case, board=board, orders=table, voyages=voyages), lots, known


def _wanted(past: Past, orders: Orders) -> pd.DataFrame:
    """Part × point in play: every part at one point of each region at least, so that every part has its stock."""
    sites = past.eve.sites[past.eve.sites["kind"] != "origin"].sort_values(["kind", "site"], ascending=[False, True])
    one = sites.drop_duplicates("region")[["site"]]
    everywhere = past.eve.parts[["part"]].merge(one, how="cross")
    targets = orders.base_stock[orders.base_stock["base_stock"] > 0][["part", "site"]]
    return pd.concat([everywhere, past.pairs, targets], ignore_index=True).drop_duplicates()


def all_departures(case: Case) -> pd.DataFrame:
    """Every departure of every supply lane, every Monday of every supplier."""
    network, supply = case.network, case.supply
    table = departures(network, supply.lanes, supply.lead_days, case.end_weeks)
    by_lane = pd.DataFrame(
        {
            "channel": "lane " + supply.lanes["lane"].to_numpy(object)[table["lane"].to_numpy(np.int64)],
            "departs": day_number(network, table["departs"]),
        }
    )
    mondays = pd.DataFrame({"departs": DAYS_PER_WEEK * np.arange(case.end_weeks, dtype=float)})
    suppliers = pd.DataFrame({"channel": [f"supplier {name}" for name in network.suppliers["supplier"]]}, dtype=object)
    return pd.concat([by_lane, suppliers.merge(mondays, how="cross")], ignore_index=True)


def orders_table(network: Network, orders: Orders, rows: Map, lanes: pd.DataFrame) -> pd.DataFrame:
    """Orders by (part_row, time): part_row, leaf_row, code (board), time, kind, lane, level, channel, departs."""
    sent, bought = orders.shipments, orders.purchase_orders
    lane = pd.Index(lanes["lane"]).get_indexer(pd.Index(sent["lane"]))
    region = lanes["destination"].map(network.site_of["region"]).to_numpy(object)[lane]
    leaf = rows.leaf_row(sent["part"], pd.Series(region, dtype=object))
    shipments = pd.DataFrame(
        {
            "part_row": rows.part_row(sent["part"]),
            "leaf_row": leaf,
            "code": leaf - rows.leaf_start[rows.part_row(sent["part"])],
            "time": day_number(network, sent["departs"]),
            "kind": SHIP,
            "lane": lane,
            "level": sent["quantity"].to_numpy(float),
            "channel": "lane " + sent["lane"].to_numpy(object),
        }
    )
    supplier = bought["supplier"].to_numpy(object)
    purchases = pd.DataFrame(
        {
            "part_row": rows.part_row(bought["part"]),
            "leaf_row": -1,
            "code": -1,
            "time": day_number(network, bought["order_on"]),
            "kind": PURCHASE,
            "lane": -1,
            "level": bought["quantity"].to_numpy(float),
            "channel": np.array([f"supplier {name}" if name else "" for name in supplier], dtype=object),
        }
    )
    table = pd.concat([purchases, shipments, _changes(network, orders.base_stock, rows)], ignore_index=True)
    keys = ["part_row", "time", "kind", "code", "lane"]
    return table.assign(departs=table["time"]).sort_values(keys, kind="stable", ignore_index=True)


def given_columns(rows: Map, table: pd.DataFrame) -> dict[str, Any]:
    """`orders_table` with its voyages as the board has it."""
    return {
        "order_start": np.searchsorted(table["part_row"].to_numpy(), np.arange(len(rows.parts) + 1)),
        "order_time": table["time"].to_numpy(float),
        "order_kind": table["kind"].to_numpy(np.int64),
        "order_leaf": table["code"].to_numpy(np.int64),
        "order_lane": table["lane"].to_numpy(np.int64),
        "order_voyage": table["voyage"].to_numpy(np.int64),
        "order_rule": np.full(len(table), GIVEN),
        "order_level": table["level"].to_numpy(float),
    }


def _changes(network: Network, base_stock: pd.DataFrame, rows: Map) -> pd.DataFrame:
    """A row for every point and day on which its base stock changes, but for the first day."""
    row = rows.point_row(base_stock["part"], base_stock["site"])
    kept = base_stock.assign(row=row)[row >= 0]
    depot = rows.leaves["depot"].to_numpy(object)[rows.points["leaf_row"].to_numpy(np.int64)[kept["row"]]]
    level = kept["base_stock"].where(kept["site"].to_numpy(object) != depot, 0)
    days = pd.Index(base_stock["since"].unique()).sort_values()
    wide = kept.assign(level=level).pivot_table(index="since", columns="row", values="level", aggfunc="sum")
    wide = wide.reindex(days).fillna(0.0)
    changed = (wide.diff() != 0.0) & (np.arange(len(wide)) > 0)[:, None]
    when, column = np.nonzero(changed.to_numpy(bool))
    point = wide.columns.to_numpy(np.int64)[column] if len(column) else np.zeros(0, np.int64)
    return pd.DataFrame(
        {
            "part_row": rows.leaves["part_row"].to_numpy(np.int64)[rows.points["leaf_row"].to_numpy(np.int64)[point]],
            "leaf_row": -1,
            "code": rows.local_site[point] if len(point) else point,
            "time": day_number(network, pd.Series(days[when], dtype="datetime64[ns]")),
            "kind": SET_BASE_STOCK,
            "lane": -1,
            "level": wide.to_numpy(float)[when, column],
            "channel": "",
        }
    )


def _demands(past: Past, rows: Map) -> tuple[Demands, "pd.Index[str]"]:
    """The demand that came, and the name of each ticket number; each at noon of its day."""
    wanted = past.demand
    monday = np.datetime64(first_week(past.eve.settings.as_of), "D")
    time = (wanted["date"].to_numpy("datetime64[D]") - monday).astype(float) + _NOON
    point, part = rows.point_row(wanted["part"], wanted["site"]), rows.part_row(wanted["part"])
    if (point < 0).any():
        raise ValueError(f"part {wanted['part'].to_numpy()[point < 0][0]} is wanted where it is not in play")
    ticket, names = pd.factorize(wanted["site"] + " " + wanted["ticket"], sort=True)
    order = np.lexsort((ticket, point, time, part))
    return (
        Demands(
            start=np.searchsorted(part[order], np.arange(len(rows.parts) + 1)),
            time=time[order],
            point=point[order],
            site=rows.local_site[point[order]] if len(rows.points) else point[order],
            quantity=wanted["quantity"].to_numpy(np.int64)[order],
            priority=np.full(len(wanted), NEW_PRIORITY),
            asked=np.ones(len(wanted), bool),
            ticket=ticket[order].astype(np.int64),
        ),
        pd.Index(names),
    )


def under_way(found: Replay) -> pd.DataFrame:
    """What suppliers and lanes owe on the last Monday: part_row, code (site), quantity, channel, departs."""
    orders, lots, played = found.case.orders, found.lots, found.played
    columns = ["part_row", "code", "quantity", "channel", "departs"]
    sent = orders.assign(quantity=played.moved)
    sent = sent[(sent["quantity"] > 0) & (sent["voyage"] != AT_ONCE) & (sent["time"] < found.until)]
    sent = sent[found.arrives[sent["voyage"].to_numpy(np.int64)] >= found.until]
    sent = sent.assign(code=sent["code"] + 1)  # the hub is 0, the depots follow
    old = lots[lots["voyage"] != AT_ONCE].rename(columns={"site": "code"})
    old = old[found.arrives[old["voyage"].to_numpy(np.int64)] >= found.until]
    both: pd.DataFrame = pd.concat([old[columns], sent[columns]], ignore_index=True)
    return both
