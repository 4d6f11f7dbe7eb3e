"""Beside the plan, on the same demand: how it is done without one, and what nobody can beat (MODEL 6).

Status quo: nothing abroad; each part comes by express from the hub after the fault, customs included. Clairvoyant: who
knows every demand has each unit there just in time by the cheapest lane fast enough, without fixed charges or
capacities: a sum, no search.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, departure_weekdays
from domain.logistics import LITRES_PER_M3, hub_of_part
from simulation.referee.board import HUB, Demands, Floats, Ints
from simulation.referee.case import Case
from simulation.referee.consignments import courier_days, true_lanes
from simulation.referee.lead_times import gamma_days
from simulation.referee.money import Prices, duty_share
from simulation.referee.verdict import Tally, tally_service

Objects = npt.NDArray[np.object_]

_LANE = [
    "transit_days", "transit_days_sd", "customs_days", "customs_days_sd", "cost_per_kg", "volumetric_kg_per_m3",
    "minimum_charge", "cost_per_consignment", "insurance_rate", "departures",
]  # fmt: skip


@dataclass(frozen=True)
class Express:
    """The fastest way hub → point of every point.

    mean, sd: days of transit, customs and courier, (points, 3); inf where no lane goes. wait: days until the lane
    leaves again after each weekday, (points, 7). freight, duty: money per unit; minimum, fixed: per parcel. (points,).
    """

    mean: Floats
    sd: Floats
    wait: Ints
    freight: Floats
    duty: Floats
    minimum: Floats
    fixed: Floats


def express_of(case: Case, prices: Prices) -> Express:
    """An express lane that may carry the part, else the fastest lane to the depot and the courier from there."""
    network, rows = case.network, case.rows
    leaf = rows.points["leaf_row"].to_numpy()
    part = pd.Index(network.parts["part"]).get_indexer(rows.parts)[rows.leaves["part_row"].to_numpy()[leaf]]
    parts = network.parts[["unit_cost", "weight_kg", "volume_l", "dangerous_goods"]].iloc[part].reset_index(drop=True)
    hub, dangerous = hub_of_part(network)[part], parts["dangerous_goods"].to_numpy(bool)
    depot, site = rows.leaves["depot"].to_numpy(object)[leaf], rows.points["site"].to_numpy(object)
    direct = _fastest(network.lanes, hub, site, dangerous)
    lane = np.where(direct >= 0, direct, _fastest(network.lanes, hub, depot, dangerous))
    used = true_lanes(network.lanes, case.true_lead_times)[_LANE].iloc[lane].reset_index(drop=True)
    courier, courier_sd = courier_days(network, depot, site, case.true_lead_times)
    kg = np.maximum(parts["weight_kg"], parts["volume_l"] / LITRES_PER_M3 * used["volumetric_kg_per_m3"])
    freight = (kg * used["cost_per_kg"] + used["insurance_rate"] * parts["unit_cost"]).to_numpy(float)
    freight += np.where(direct < 0, prices.point["courier"].to_numpy(float), 0.0)
    mean = np.column_stack([used["transit_days"], used["customs_days"], np.where(direct < 0, courier, 0.0)])
    mean[lane < 0] = np.inf
    waits = {text: _days_to_departure(str(text)) for text in network.lanes["departures"].unique()}
    return Express(
        mean=mean,
        sd=np.column_stack([used["transit_days_sd"], used["customs_days_sd"], np.where(direct < 0, courier_sd, 0.0)]),
        wait=np.array(list(waits.values()))[pd.Index(list(waits)).get_indexer(pd.Index(used["departures"]))],
        freight=freight,
        duty=duty_share(case)[leaf] * (parts["unit_cost"].to_numpy(float) + freight),
        minimum=used["minimum_charge"].to_numpy(float),
        fixed=used["cost_per_consignment"].to_numpy(float),
    )


def tally_status_quo(
    tally: Tally, case: Case, prices: Prices, express: Express, demands: Demands, rng: np.random.Generator
) -> None:
    """One replication: each new demand is a parcel that leaves the day after the fault or later."""
    inside = case.weeks * DAYS_PER_WEEK
    new = demands.asked & (demands.time < inside)
    point, quantity, time = demands.point[new], demands.quantity[new], demands.time[new]
    today = np.floor(time).astype(np.int64)
    leaves = today + express.wait[point, today % DAYS_PER_WEEK]
    wait = leaves - time + gamma_days(express.mean[point], express.sd[point], rng).sum(axis=1)
    last = np.zeros(len(demands.time))
    last[new] = wait
    nothing = np.zeros(len(last), np.int64)
    tally_service(tally, case, demands, nothing, nothing, last)
    part = case.rows.leaves["part_row"].to_numpy()[case.rows.points["leaf_row"].to_numpy()[point]]
    counted = np.minimum(wait, inside - time)
    tally.add(
        purchase=(quantity * prices.part["unit_cost"].to_numpy()[part]).sum(),
        freight=np.maximum(quantity * express.freight[point], express.minimum[point]).sum(),
        consignment=express.fixed[point].sum(),
        duty=(quantity * express.duty[point]).sum(),
        order_line=len(point) * case.network.settings.order_line_cost,
        holding=0.0,
        shortage=(quantity * counted * prices.point["waiting"].to_numpy()[point]).sum(),
    )


@dataclass(frozen=True)
class Foresight:
    """What a clairvoyant needs of every leaf: lanes to its depot by what a unit costs on them (freight, duty, capital
    under way), cheapest first, (leaves, lanes), inf where none; days: door to door. at_home: units in the region today
    or inbound to it, (leaves,); at_hub: units there or inbound, (parts,)."""

    freight: Floats
    duty: Floats
    capital: Floats
    days: Floats
    at_home: Ints
    at_hub: Ints


def foresight_of(case: Case) -> Foresight:
    """The lanes and the stock of a case."""
    leaves, supply = case.rows.leaves, case.supply
    part = pd.Index(case.network.parts["part"]).get_indexer(case.rows.parts)[leaves["part_row"].to_numpy()]
    to_depot = leaves["depot"].to_numpy(object)[:, None] == supply.lanes["destination"].to_numpy(object)[None, :]
    cost = supply.freight + supply.duty + supply.transit_capital
    cost = np.where(supply.allowed[part] & to_depot, cost[part], np.inf)
    kept = max(int(np.isfinite(cost).sum(axis=1).max(initial=0)), 1)
    lane = np.argsort(cost, axis=1, kind="stable")[:, :kept]
    fits = np.isfinite(np.take_along_axis(cost, lane, axis=1))
    freight, duty, capital = (
        np.where(fits, table[part[:, None], lane], np.inf)
        for table in (supply.freight, supply.duty, supply.transit_capital)
    )
    days = np.where(fits, supply.lead_days[lane], np.inf)
    board = case.board
    of_part = np.repeat(np.arange(len(case.rows.parts)), np.diff(board.lot_start))
    at_hub = np.bincount(of_part, np.where(board.lot_site == HUB, board.lot_quantity, 0), len(case.rows.parts))
    leaf_codes = pd.DataFrame(
        {"part": leaves["part_row"], "code": 1 + np.arange(len(leaves)) - board.leaf_start[leaves["part_row"]]}
    )
    point_leaf = case.rows.points["leaf_row"].to_numpy()
    codes = pd.MultiIndex.from_arrays(
        [
            np.concatenate([leaf_codes["part"], leaves["part_row"].to_numpy()[point_leaf]]),
            np.concatenate([leaf_codes["code"], case.rows.local_site]),
        ]
    )
    row = codes.get_indexer(pd.MultiIndex.from_arrays([of_part, board.lot_site]))
    of_leaf = np.concatenate([np.arange(len(leaves)), point_leaf])
    at_home = np.bincount(of_leaf[row[row >= 0]], board.lot_quantity[row >= 0], len(leaves))
    return Foresight(freight, duty, capital, days, at_home.astype(np.int64), at_hub.astype(np.int64))


def tally_clairvoyant(tally: Tally, case: Case, prices: Prices, known: Foresight, demands: Demands) -> None:
    """One replication: stock of the region goes to its first demands, every other unit comes just in time."""
    inside = case.weeks * DAYS_PER_WEEK
    new = np.flatnonzero(demands.asked & (demands.time < inside))
    leaf = case.rows.points["leaf_row"].to_numpy()[demands.point[new]]
    new = new[np.lexsort((demands.time[new], leaf))]
    point, quantity, time = demands.point[new], demands.quantity[new], demands.time[new]
    leaf = case.rows.points["leaf_row"].to_numpy()[point]
    upto = np.cumsum(quantity)
    first = np.searchsorted(leaf, leaf)
    upto = upto - (upto[first] - quantity[first]) if len(leaf) else upto
    fresh = np.clip(upto - known.at_home[leaf], 0, quantity)
    fastest = known.days[leaf].min(axis=1, initial=np.inf)
    in_time = known.days[leaf] <= np.maximum(time, fastest)[:, None]
    lane = in_time.argmax(axis=1)
    reached = np.isfinite(fastest)
    wait = np.where((fresh > 0) & reached, np.maximum(fastest - time, 0.0), np.where(fresh > 0, inside - time, 0.0))
    last = np.zeros(len(demands.time))
    at_once, local = np.zeros(len(last), np.int64), np.zeros(len(last), np.int64)
    last[new], at_once[new], local[new] = wait, np.where(wait > 0, quantity - fresh, quantity), quantity - fresh
    tally_service(tally, case, demands, at_once, local, last)
    part = case.rows.leaves["part_row"].to_numpy()[leaf]
    sent = np.bincount(part, fresh, len(case.rows.parts))
    bought = np.maximum(sent - known.at_hub, 0)
    consumed = np.bincount(part, quantity, len(case.rows.parts)) - bought
    come = np.where(reached, fresh, 0)
    freight, duty, capital = (
        float(np.where(come > 0, come * np.where(np.isfinite(table[leaf, lane]), table[leaf, lane], 0.0), 0.0).sum())
        for table in (known.freight, known.duty, known.capital)
    )
    counted = np.minimum(wait, inside - time)
    tally.add(
        purchase=(bought * prices.part["unit_cost"]).sum(),
        freight=freight,
        consignment=0.0,
        duty=duty,
        order_line=0.0,
        holding=capital,
        shortage=(fresh * counted * prices.point["waiting"].to_numpy()[point]).sum(),
        end=(consumed * prices.part["credit"]).sum(),
    )


def _fastest(lanes: pd.DataFrame, origin: Objects, destination: Objects, dangerous: npt.NDArray[np.bool_]) -> Ints:
    """Row of the fastest lane origin → destination that may carry each part, −1 where there is none."""
    days = (lanes["transit_days"] + lanes["customs_days"]).to_numpy(float)
    order = np.lexsort((np.arange(len(lanes)), days))
    found = np.full(len(origin), -1, np.int64)
    for some, allowed in (
        (~dangerous, np.ones(len(lanes), bool)),
        (dangerous, lanes["dangerous_goods"].to_numpy(bool)),
    ):
        kept = order[allowed[order]]
        ways = lanes.iloc[kept][["origin", "destination"]].assign(row=kept).drop_duplicates(["origin", "destination"])
        keys = pd.MultiIndex.from_frame(ways[["origin", "destination"]])
        at = keys.get_indexer(pd.MultiIndex.from_arrays([origin[some], destination[some]]))
        found[some] = np.where(at >= 0, ways["row"].to_numpy()[at], -1) if len(ways) else -1
    return found


def _days_to_departure(departures: str) -> Ints:
    """Days from each weekday to the next departure, tomorrow at the earliest."""
    leaves = departure_weekdays(departures)
    today = range(DAYS_PER_WEEK)
    return np.array([min((day - now - 1) % DAYS_PER_WEEK for day in leaves) + 1 for now in today], dtype=np.int64)
