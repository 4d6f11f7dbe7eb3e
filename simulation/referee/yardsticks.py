"""Beside the plan, on the same demand: how it is done without one, and what nobody can beat (MODEL 6).

Status quo: nothing abroad; each part comes by express from the hub after the fault, customs included. Clairvoyant: who
knows every demand has each unit there just in time by the cheapest lane fast enough, without fixed charges or
capacities: a sum, no search.
"""

from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, departure_weekdays
from domain.logistics import LITRES_PER_M3, hub_of_part
from simulation.referee.board import HUB, Bools, Demands, Floats, Ints
from simulation.referee.case import Case
from simulation.referee.consignments import courier_days, true_lanes
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

    way: row of the way of each point, freight and duty: money per unit, (points,). Of the ways: sure days, inf where
    no lane goes, and gamma laws of transit, customs and courier as shape (0: not random) and scale, (ways, 3); wait:
    days until the lane leaves again after each weekday, (ways, 7); minimum and fixed: money per parcel.
    """

    way: Ints
    freight: Floats
    duty: Floats
    sure: Floats
    shape: Floats
    scale: Floats
    wait: Ints
    minimum: Floats
    fixed: Floats


def express_of(case: Case, prices: Prices) -> Express:
    """An express lane that may carry the part, else the fastest lane to the depot and the courier from there."""
    network, rows = case.network, case.rows
    part = prices.in_network[rows.part_of_leaf[rows.leaf_of_point]]
    hub_row, hubs = pd.factorize(hub_of_part(network))
    dangerous = network.parts["dangerous_goods"].to_numpy(bool)
    way = ((2 * hub_row + dangerous)[part] * len(rows.sites) + rows.site_of_point).astype(np.int32)
    kind, here = np.divmod(np.arange(2 * len(hubs) * len(rows.sites)), max(len(rows.sites), 1))
    hub, site, risky = hubs[kind // 2], rows.sites.to_numpy(object)[here], kind % 2 == 1
    depot = network.site_of["region"].map(network.depot_of_region).reindex(rows.sites).to_numpy(object)[here]
    direct = _fastest(network.lanes, hub, site, risky)
    lane = np.where(direct >= 0, direct, _fastest(network.lanes, hub, depot, risky))
    used = true_lanes(network.lanes, case.true_lead_times)[_LANE].iloc[lane].reset_index(drop=True)
    courier, courier_sd = courier_days(network, depot, site, case.true_lead_times)
    mean = np.column_stack([used["transit_days"], used["customs_days"], np.where(direct < 0, courier, 0.0)])
    sd = np.column_stack([used["transit_days_sd"], used["customs_days_sd"], np.where(direct < 0, courier_sd, 0.0)])
    mean[lane < 0] = np.inf
    random = (mean > 0) & (sd > 0) & np.isfinite(mean)
    safe_mean, safe_sd = np.where(random, mean, 1.0), np.where(random, sd, 1.0)
    waits = {text: _days_to_departure(str(text)) for text in network.lanes["departures"].unique()}
    cost, kg, litres = (network.parts[name].to_numpy(float)[part] for name in ("unit_cost", "weight_kg", "volume_l"))
    per_kg, volumetric, insured = (
        used[name].to_numpy(float)[way] for name in ("cost_per_kg", "volumetric_kg_per_m3", "insurance_rate")
    )
    freight = np.maximum(kg, litres / LITRES_PER_M3 * volumetric) * per_kg + insured * cost
    freight += np.where(direct[way] < 0, prices.point["courier"].to_numpy(float), 0.0)
    return Express(
        way=way,
        freight=freight,
        duty=duty_share(case)[rows.leaf_of_point] * (cost + freight),
        sure=np.where(random, 0.0, mean).sum(axis=1),
        shape=np.where(random, (safe_mean / safe_sd) ** 2, 0.0),
        scale=safe_sd**2 / safe_mean,
        wait=np.array(list(waits.values()))[pd.Index(list(waits)).get_indexer(pd.Index(used["departures"]))],
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
    way = express.way[point]
    today = np.floor(time).astype(np.int64)
    days = (rng.standard_gamma(express.shape[way]) * express.scale[way]).sum(axis=1)
    wait = today + express.wait[way, today % DAYS_PER_WEEK] - time + express.sure[way] + days
    last = np.zeros(len(demands.time))
    last[new] = wait
    nothing = np.zeros(len(last), np.int64)
    tally_service(tally, case, demands, nothing, nothing, last)
    part = case.rows.part_of_leaf[case.rows.leaf_of_point[point]]
    counted = np.minimum(wait, inside - time)
    tally.add(
        purchase=(quantity * prices.part["unit_cost"].to_numpy()[part]).sum(),
        freight=np.maximum(quantity * express.freight[point], express.minimum[way]).sum(),
        consignment=express.fixed[way].sum(),
        duty=(quantity * express.duty[point]).sum(),
        order_line=len(point) * case.network.settings.order_line_cost,
        holding=0.0,
        shortage=(quantity * counted * prices.point["waiting"].to_numpy()[point]).sum(),
    )


@dataclass(frozen=True)
class Foresight:
    """What a clairvoyant needs of every leaf: lanes to its depot by what a unit costs on them (freight, duty, capital
    under way), cheapest first, (leaves, lanes), 0 where none; days: door to door, inf where none. at_home: units in the
    region today or inbound to it, (leaves,); at_hub: units there or inbound, (parts,)."""

    freight: Floats
    duty: Floats
    capital: Floats
    days: Floats
    at_home: Ints
    at_hub: Ints


def foresight_of(case: Case) -> Foresight:
    """The lanes and the stock of a case."""
    rows, supply, board = case.rows, case.supply, case.board
    leaves = rows.leaves
    part = pd.Index(case.network.parts["part"]).get_indexer(rows.parts)[rows.part_of_leaf]
    to_depot = leaves["depot"].to_numpy(object)[:, None] == supply.lanes["destination"].to_numpy(object)[None, :]
    cost = supply.freight + supply.duty + supply.transit_capital
    cost = np.where(supply.allowed[part] & to_depot, cost[part], np.inf)
    kept = max(int(np.isfinite(cost).sum(axis=1).max(initial=0)), 1)
    lane = np.argsort(cost, axis=1, kind="stable")[:, :kept]
    fits = np.isfinite(np.take_along_axis(cost, lane, axis=1))
    freight, duty, capital = (
        np.where(fits, table[part[:, None], lane], 0.0)
        for table in (supply.freight, supply.duty, supply.transit_capital)
    )
    days = np.where(fits, supply.lead_days[lane], np.inf)
    of_part = np.repeat(np.arange(len(rows.parts)), np.diff(board.lot_start))
    at_hub = np.bincount(of_part, np.where(board.lot_site == HUB, board.lot_quantity, 0), len(rows.parts))
    first, number = rows.leaf_start[of_part], np.diff(rows.leaf_start)[of_part]
    point = rows.point_start[first] + board.lot_site - 1 - number
    at_depot, abroad = board.lot_site <= number, board.lot_site > HUB
    leaf = np.where(at_depot, first + board.lot_site - 1, 0)
    leaf[~at_depot] = rows.leaf_of_point[point[~at_depot]]
    at_home = np.bincount(leaf[abroad], board.lot_quantity[abroad], len(leaves))
    return Foresight(freight, duty, capital, days, at_home.astype(np.int64), at_hub.astype(np.int64))


def tally_clairvoyant(tally: Tally, case: Case, prices: Prices, known: Foresight, demands: Demands) -> None:
    """One replication: stock of the region goes to its first demands, every other unit comes just in time."""
    rows, size = case.rows, len(demands.time)
    new = demands.asked & (demands.time < case.weeks * DAYS_PER_WEEK)
    leaf = rows.leaf_of_point[demands.point]
    at_once, local, wait = np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size)
    sent, used = np.zeros(len(rows.leaves), np.int64), np.zeros(len(rows.leaves), np.int64)
    left, waiting = known.at_home.copy(), prices.point["waiting"].to_numpy()[demands.point]
    freight, duty, capital, shortage = _foresee(
        new, leaf, demands.quantity, demands.time, waiting, float(case.weeks * DAYS_PER_WEEK), left,
        (known.days, known.freight, known.duty, known.capital), (at_once, local, wait, sent, used),
    )  # fmt: skip
    tally_service(tally, case, demands, at_once, local, wait)
    sent, used = (np.add.reduceat(units, rows.leaf_start[:-1]) for units in (sent, used))
    bought = np.maximum(sent - known.at_hub, 0)
    tally.add(
        purchase=(bought * prices.part["unit_cost"]).sum(),
        freight=freight,
        consignment=0.0,
        duty=duty,
        order_line=0.0,
        holding=capital,
        shortage=shortage,
        end=((used - bought) * prices.part["credit"]).sum(),
    )


@nb.njit(cache=True)
def _foresee(
    new: Bools,
    leaf: Ints,
    quantity: Ints,
    time: Floats,
    waiting: Floats,
    inside: float,
    left: Ints,
    lanes: tuple[Floats, Floats, Floats, Floats],
    out: tuple[Ints, Ints, Floats, Ints, Ints],
) -> tuple[float, float, float, float]:
    """Money for freight, duty, capital under way and waiting; demands of a leaf come in order of time. left: units in
    the region, used up. lanes: days, freight, duty, capital. out: at_once, local, wait by demand, units sent and used
    by leaf."""
    days, freight, duty, capital = lanes
    at_once, local, wait, sent, used = out
    paid, taxed, bound, short = 0.0, 0.0, 0.0, 0.0
    for row in range(len(leaf)):
        if not new[row]:
            continue
        here, units = leaf[row], quantity[row]
        home = min(left[here], units)
        left[here] -= home
        local[row] = at_once[row] = home
        used[here] += units
        fresh = units - home
        if fresh == 0:
            continue
        sent[here] += fresh
        fastest = np.min(days[here])
        if fastest == np.inf:
            wait[row] = inside - time[row]
        else:
            lane = 0
            while days[here, lane] > max(time[row], fastest):
                lane += 1
            wait[row] = max(fastest - time[row], 0.0)
            paid += fresh * freight[here, lane]
            taxed += fresh * duty[here, lane]
            bound += fresh * capital[here, lane]
        if wait[row] == 0.0:
            at_once[row] = units
        short += fresh * min(wait[row], inside - time[row]) * waiting[row]
    return paid, taxed, bound, short


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
