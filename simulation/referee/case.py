"""A plan and its network as the referee plays them: board, voyages, laws, demand."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.forecast import Forecast
from domain.logistics import SupplyLanes, hub_of_part, supply_lanes
from domain.network import Network
from simulation.referee.board import Board, Ints
from simulation.referee.bursts import DemandLaw
from simulation.referee.consignments import channels_of, courier_days, laws_of, lots_of, voyage_rows, voyages_of
from simulation.referee.demand import OpenRepairs
from simulation.referee.lead_times import LeadTimeLaws, Voyages
from simulation.referee.openings import Openings, opening_columns
from simulation.referee.orders import orders_of
from simulation.referee.places import Map, map_of, rows_in, shares_upto
from simulation.referee.plan import PlanToJudge
from simulation.referee.same_voyages import Planned
from simulation.referee.ways import NO_WAYS, way_columns, ways_of


@dataclass(frozen=True)
class Case:
    """Everything one play needs but the demand. Costs count in weeks 1..`weeks`, the play ends with `end_weeks`.

    orders: as `orders_of`, with the voyage.
    ways: as `ways_of`. planned: in another network than the plan's, the voyages that were planned there.
    """

    network: Network
    plan: PlanToJudge
    rows: Map
    supply: SupplyLanes
    board: Board
    orders: pd.DataFrame
    ways: pd.DataFrame
    voyages: Voyages
    laws: LeadTimeLaws
    open_repairs: OpenRepairs
    true_lead_times: pd.DataFrame | None
    weeks: int
    end_weeks: int
    planned: Planned | None = None


def case_of(
    network: Network,
    plan: PlanToJudge,
    weeks: int,
    wanted: pd.DataFrame | None = None,
    laws: pd.DataFrame | None = None,
    emergencies: bool = False,
    planned: "Case | None" = None,
) -> Case:
    """The case of a plan over weeks 1..`weeks`.

    wanted: part × site pairs where demand may arise besides those of the forecast. laws: true lead times by lane
    (transit_days, transit_days_sd, customs_days, customs_days_sd); those of the lanes table where it says nothing.
    emergencies: with the ways of laterals and express, which the rules may then allow. planned: the case of the
    plan in the network it was made for, where it is played in another: the play ends when that one does
    and voyages meet the same luck.
    """
    supply = supply_lanes(network)
    end_weeks = weeks + -(-int(supply.lead_days.max(initial=0)) // DAYS_PER_WEEK) + 1
    end_weeks = end_weeks if planned is None else planned.end_weeks
    rows = map_of(network, *_pairs(network, plan, wanted))
    ways = ways_of(network, rows, laws) if emergencies else NO_WAYS
    hub = pd.Series(hub_of_part(network), index=network.parts["part"])
    lots = lots_of(network, rows, hub, supply, None if planned is None else planned.network, end_weeks)
    orders = orders_of(network, plan, rows, supply, end_weeks)
    channels = channels_of(network, supply)
    voyages = voyages_of(network, channels, lots, orders.rename(columns={"time": "departs"}, copy=False), end_weeks)
    lots["voyage"] = voyage_rows(voyages, channels, lots["channel"], lots["departs"])
    orders["voyage"] = voyage_rows(voyages, channels, orders["channel"], orders["time"])
    before = None
    if planned is not None:
        known = channels_of(planned.network, planned.supply)
        before = Planned.of(planned.voyages, planned.laws, known, voyages, channels)
    return Case(
        network=network,
        plan=plan,
        rows=rows,
        supply=supply,
        board=_board(network, plan, rows, lots, orders, ways, laws, Openings.of(network, end_weeks)),
        orders=orders,
        ways=ways,
        voyages=voyages,
        laws=laws_of(network, supply, channels, laws),
        open_repairs=_open_repairs(network, rows),
        true_lead_times=laws,
        weeks=weeks,
        end_weeks=end_weeks,
        planned=before,
    )


def with_orders(case: Case, orders: pd.DataFrame) -> Case:
    """The same case with these orders instead."""
    network, rows, supply = case.network, case.rows, case.supply
    hub = pd.Series(hub_of_part(network), index=network.parts["part"])
    lots, channels = lots_of(network, rows, hub, supply), channels_of(network, supply)
    departing = orders.rename(columns={"time": "departs"}, copy=False)
    voyages = voyages_of(network, channels, lots, departing, case.end_weeks)
    of_lot = voyage_rows(voyages, channels, lots["channel"], lots["departs"])
    orders = orders.assign(voyage=voyage_rows(voyages, channels, orders["channel"], orders["time"]))
    board = case.board._replace(lot_voyage=of_lot, **order_columns(rows, orders))
    return replace(case, board=board, orders=orders, voyages=voyages)


def forecast_law(case: Case, forecast: Forecast | None = None) -> DemandLaw:
    """Demand as a forecast sees it, by default the plan's own; leaves that are not in play are left out."""
    forecast = case.plan.forecast if forecast is None else forecast
    leaf = case.rows.leaf_row(pd.Series(forecast.part), pd.Series(forecast.region))
    known, leaf = np.flatnonzero(leaf >= 0), leaf[leaf >= 0]
    shape = (len(case.rows.leaves), forecast.weeks)
    mean, psi, a = np.zeros(shape), np.ones(shape[0]), np.full(shape[0], np.inf)
    discount, drift = np.ones(shape[0]), np.zeros(shape[0])
    mean[leaf], psi[leaf], a[leaf] = forecast.mean[known], forecast.batch_index[known], forecast.rate_shape[known]
    discount[leaf], drift[leaf] = forecast.discount[known], forecast.drift[known]
    part = pd.Series(forecast.part[forecast.share_leaf])
    upto = shares_upto(case.rows, part, pd.Series(forecast.share_site), forecast.share)
    return DemandLaw(mean, psi, a, discount, drift, upto)


def _pairs(network: Network, plan: PlanToJudge, wanted: pd.DataFrame | None) -> list[pd.DataFrame]:
    """Every part × repair point with demand, a target, stock, something inbound or an open repair order."""
    forecast = plan.forecast
    asked = pd.DataFrame({"part": forecast.part[forecast.share_leaf], "site": forecast.share_site})
    kinds = network.site_of["kind"]
    shelves = [
        frame[["part", "site"]]
        for frame in (
            network.stock[(network.stock["condition"] == "good") & network.stock["part"].isin(asked["part"])],
            network.inbound[network.inbound["part"].isin(asked["part"])].rename(columns={"destination": "site"}),
            plan.targets,
        )
    ]
    point = kinds.index[kinds == "repair_point"]
    points = [frame[frame["site"].isin(point)] for frame in shelves]
    more = [] if wanted is None else [wanted[["part", "site"]]]
    return [asked, *points, network.repair_orders[["part", "site"]], *more]


def _board(
    network: Network,
    plan: PlanToJudge,
    rows: Map,
    lots: pd.DataFrame,
    orders: pd.DataFrame,
    ways: pd.DataFrame,
    laws: pd.DataFrame | None,
    openings: Openings,
) -> Board:
    part = network.parts.set_index("part").loc[rows.parts]
    at_depot, at_point = _base_stock(network, plan, rows)
    days, sd = courier_days(network, *rows.depot_and_site, laws)
    first = np.arange(len(rows.parts) + 1)
    return Board(
        leaf_start=rows.leaf_start,
        point_start=rows.point_start,
        depot_stock=at_depot,
        reorder_lot=np.ones(len(at_depot), np.int64),
        reorder_gap=np.ones(len(at_depot), np.int64),
        base_stock=at_point,
        courier_days=days,
        courier_days_sd=sd,
        unlimited=(part["supplier"] == "").to_numpy(bool),
        moq=part["moq"].to_numpy(np.int64),
        order_multiple=part["order_multiple"].to_numpy(np.int64),
        life_days=part["shelf_life_days"].fillna(np.inf).to_numpy(float),
        return_rate=part["return_rate"].to_numpy(float),
        repair_yield=part["repair_yield"].to_numpy(float),
        repair_days=part["repair_days"].to_numpy(float),
        lot_start=np.searchsorted(lots["part_row"].to_numpy(), first),
        lot_site=lots["site"].to_numpy(np.int64),
        lot_quantity=lots["quantity"].to_numpy(np.int64),
        lot_expires=lots["expires"].to_numpy(float),
        lot_voyage=lots["voyage"].to_numpy(np.int64),
        **order_columns(rows, orders),
        **way_columns(ways, len(rows.points)),
        **_defectives(network, rows),
        **opening_columns(openings, rows, ways),
    )


def _base_stock(network: Network, plan: PlanToJudge, rows: Map) -> tuple[Ints, Ints]:
    """Of the depot of each leaf and of each point, 0 where the plan names none; a depot that repairs has but one."""
    targets, every = plan.targets, network.site_of
    at = rows_in(every.index, targets["site"])
    targets, at = targets[at >= 0], at[at >= 0]
    at_depot, at_point = np.zeros(len(rows.leaves), np.int64), np.zeros(len(rows.points), np.int64)
    stock, kind = targets["base_stock"].to_numpy(np.int64), every["kind"].to_numpy(str)[at]
    depot, shelf = kind == "depot", kind == "repair_point"
    leaf = rows.leaf_row(targets["part"][depot], every["region"].iloc[at[depot]])
    point = rows.point_row(targets["part"][shelf], targets["site"][shelf])
    at_depot[leaf[leaf >= 0]] = stock[depot][leaf >= 0]
    at_point[point[point >= 0]] = stock[shelf][point >= 0]
    return at_depot, at_point


def _defectives(network: Network, rows: Map) -> dict[str, Any]:
    """Today's broken units, at their point where it is in play, else at the depot of its region."""
    broken = network.stock[(network.stock["condition"] == "defective") & (network.stock["on_hand"] > 0)]
    leaf = rows.leaf_row(broken["part"], broken["site"].map(network.site_of["region"]).fillna(""))
    broken, leaf = broken[leaf >= 0], leaf[leaf >= 0]
    part, point = rows.part_row(broken["part"]), rows.point_row(broken["part"], broken["site"])
    site = 1 + leaf - rows.leaf_start[part]
    site[point >= 0] = rows.local_site[point[point >= 0]]
    units = broken["on_hand"].to_numpy(np.int64)
    order = np.lexsort((units, site, part))
    return {
        "defective_start": np.searchsorted(part[order], np.arange(len(rows.parts) + 1)),
        "defective_site": site[order],
        "defective_units": units[order],
    }


def order_columns(rows: Map, orders: pd.DataFrame) -> dict[str, Any]:
    """The orders as the board has them."""
    part, leaf = orders["part_row"].to_numpy(np.int64), orders["leaf_row"].to_numpy(np.int64)
    return {
        "order_start": np.searchsorted(part, np.arange(len(rows.parts) + 1)),
        "order_time": orders["time"].to_numpy(float),
        "order_kind": orders["kind"].to_numpy(np.int64),
        "order_leaf": np.where(leaf >= 0, leaf - rows.leaf_start[part], -1),
        "order_lane": orders["lane"].to_numpy(np.int64),
        "order_voyage": orders["voyage"].to_numpy(np.int64),
        "order_rule": orders["rule"].to_numpy(np.int64),
        "order_level": orders["level"].to_numpy(float),
    }


def _open_repairs(network: Network, rows: Map) -> OpenRepairs:
    waiting = network.repair_orders
    point = rows.point_row(waiting["part"], waiting["site"])
    waiting = waiting.assign(point=point, part_row=rows.part_row(waiting["part"]))[point >= 0]
    waiting = waiting.sort_values(["part_row", "priority", "due", "repair_order"], kind="stable")
    return OpenRepairs(
        part=waiting["part_row"].to_numpy(np.int64),
        point=waiting["point"].to_numpy(np.int64),
        quantity=waiting["quantity"].to_numpy(np.int64),
        priority=waiting["priority"].to_numpy(np.int64),
        ticket=pd.factorize(waiting["repair_order"])[0].astype(np.int64),
    )
