"""Which parts have too much at one depot and too little at another, read off expected demand.

A quick look at every part × depot, from the tables alone; the few lines it finds are then priced exactly.
"""

from dataclasses import dataclass

import numpy as np

from domain import counts
from domain.calendar import DAYS_PER_WEEK, week_number
from domain.forecast import Forecast
from domain.logistics import SupplyLanes
from domain.network import Network
from domain.plan import StockTargets
from optimizer.allocation.ids import Bools, Floats, Held, Ids, Ints
from optimizer.allocation.routes import Timetable, Transport, transport
from optimizer.allocation.stocks import Inbound, Stocks

_PLENTY = 0.99  # a depot has too much beyond this quantile of demand until new supply can arrive
_TIGHT = 0.90  # a depot may run short when it has less than this quantile
_CONSIGNMENT_KG = 1e9  # in a consignment so heavy a unit pays by the kg: minimum charges are the lane's, not the unit's


@dataclass(frozen=True)
class Ways:
    """Depot → depot lanes between depots of one owner: the next departure of each, and what a unit costs on it.

    lane: row of the timetable's lanes; giver, taker: sites; ships, arrives: day numbers; week of arrival, from 1.
    """

    timetable: Timetable
    moving: Transport
    lane: Ints
    giver: Ints
    taker: Ints
    ships: Ints
    arrives: Ints
    week: Ints


@dataclass(frozen=True)
class Regions:
    """What every part × depot with demand has and wants, in the order of the forecast's leaves. Units.

    key: pair of part and depot. spare: good units at the depot beyond open repair orders and the points' base stocks.
    net: stock of depot and points less base stocks and open orders. inbound: frozen, by the end of week K. mean: demand
    of K weeks. too_much: beyond the 99 % quantile of demand until new supply can arrive. excess: beyond that of all K
    weeks. left: net + inbound − mean of K weeks. tight: what it lacks to the 90 % quantile until new supply can arrive.
    """

    key: Ints
    spare: Ints
    net: Floats
    too_much: Floats
    excess: Floats
    left: Floats
    tight: Floats


def depot_lanes(network: Network) -> Bools:
    """Which rows of the lanes table lead from a depot to another depot of the same owner."""
    kind, owner = network.site_of["kind"], network.site_of["owner"]
    origin, destination = network.lanes["origin"], network.lanes["destination"]
    between = (origin.map(kind) == "depot") & (destination.map(kind) == "depot") & (origin != destination)
    found: Bools = (between & (origin.map(owner) == destination.map(owner))).to_numpy(bool)
    return found


def ways(network: Network, ids: Ids, weeks: int) -> Ways:
    """The next departure of every depot → depot lane of `network` that arrives within `weeks` weeks."""
    timetable = Timetable(network)
    moving = transport(network, ids, timetable, Held.summed(np.empty(0, np.int64), np.empty(0)))
    journeys = [timetable.next(lane, ids.today) for lane in range(len(timetable.lanes))]
    runs = np.array([lane for lane, found in enumerate(journeys) if found is not None], np.int64)
    days = np.array([found for found in journeys if found is not None], np.int64).reshape(-1, 2)
    week = np.maximum(week_number(network.settings.as_of, days[:, 1].astype("datetime64[D]")), 1)
    runs, days, week = runs[week <= weeks], days[week <= weeks], week[week <= weeks]
    lanes = timetable.lanes.iloc[runs]
    giver, taker = ids.sites(lanes["origin"]), ids.sites(lanes["destination"])
    together = Transport(**{**vars(moving), "together_kg": np.full(len(timetable.lanes), _CONSIGNMENT_KG)})
    return Ways(timetable, together, runs, giver, taker, days[:, 0], days[:, 1], week)


def regions(
    network: Network, forecast: Forecast, targets: StockTargets, ids: Ids, supply: SupplyLanes, weeks: int
) -> Regions:
    """What every leaf of the forecast has and wants over `weeks` weeks. New supply comes by the fastest lane."""
    stocks, coming = Stocks.of(network, targets, ids), Inbound.of(network, ids)
    depot = ids.sites(np.array([network.depot_of_region[region] for region in forecast.region], dtype=object))
    key = ids.key(ids.parts(forecast.part), depot)
    abroad = ~ids.is_origin[ids.site_of(stocks.on_hand.keys)]
    on_hand = _by_depot(ids, stocks.on_hand.keys[abroad], stocks.on_hand.values[abroad])
    base = _by_depot(ids, stocks.base_stock.keys, stocks.base_stock.values)
    wanted = _by_depot(ids, stocks.wanted.keys, stocks.wanted.values)
    net = on_hand.at(key) - base.at(key) - wanted.at(key)
    spare = Held(stocks.on_hand.keys, stocks.for_orders_elsewhere).at(key).astype(np.int64)

    arrives = np.maximum(week_number(network.settings.as_of, coming.day.astype("datetime64[D]")), 1)
    window = _weeks_to_supply(ids, supply, weeks)[depot]
    by_end = _inbound_by(ids, coming, arrives, np.full(len(ids.site), weeks)).at(key)
    soon = _inbound_by(ids, coming, arrives, _weeks_to_supply(ids, supply, weeks)).at(key)
    mean, variance = _demand(forecast, np.full(len(key), weeks))
    near, spread = _demand(forecast, window)
    plenty, tight = (counts.quantile(near, spread, level) for level in (_PLENTY, _TIGHT))
    return Regions(
        key=key,
        spare=spare,
        net=net,
        too_much=np.floor(net + soon - plenty),
        excess=np.floor(np.minimum(net + by_end - counts.quantile(mean, variance, _PLENTY), spare)),
        left=net + by_end - mean,
        tight=np.maximum(tight - net - soon, 0.0),
    )


def _by_depot(ids: Ids, keys: Ints, values: Floats) -> Held:
    return Held.summed(ids.key(ids.part_of(keys), ids.depot[ids.site_of(keys)]), values)


def _inbound_by(ids: Ids, coming: Inbound, week: Ints, last: Ints) -> Held:
    depot = ids.depot[ids.site_of(coming.keys)]
    due = week <= last[depot]
    return Held.summed(ids.key(ids.part_of(coming.keys), depot)[due], coming.units[due])


def _weeks_to_supply(ids: Ids, supply: SupplyLanes, weeks: int) -> Ints:
    """Weeks until what leaves the hub with the next departure of its fastest lane is at each depot; K without lane."""
    days = np.full(len(ids.site), DAYS_PER_WEEK * weeks)
    np.minimum.at(days, ids.sites(supply.lanes["destination"]), supply.lead_days + DAYS_PER_WEEK)
    found: Ints = np.minimum(-(-days // DAYS_PER_WEEK), weeks)
    return found


def _demand(forecast: Forecast, weeks: Ints) -> tuple[Floats, Floats]:
    """Mean and variance of each leaf's demand over its first so many weeks."""
    mean, variance = np.zeros(len(weeks)), np.zeros(len(weeks))
    for last in np.unique(weeks):
        rows = weeks == last
        mean[rows] = forecast.interval_mean(1, int(last))[rows]
        variance[rows] = forecast.interval_variance(1, int(last))[rows]
    return mean, variance


@dataclass(frozen=True)
class Lines:
    """Possible moves, sorted by (part, giver, taker, lane): way = row of the ways; giver, taker = rows of regions."""

    way: Ints
    giver: Ints
    taker: Ints

    def only(self, keep: Bools | Ints) -> "Lines":
        """Some of them, or all in another order."""
        return Lines(self.way[keep], self.giver[keep], self.taker[keep])


def lines(ids: Ids, found: Ways, held: Regions, most_parts: int, price: float) -> Lines:
    """Moves from where there is too much to where new supply is wanted or stock is tight, of at most so many parts.

    Where more parts qualify, those go first for which it seems to be worth most: what the plan's last units spare of
    purchases, what tight stock spares of waiting at `price` per unit and week.
    """
    order = np.argsort(held.key)
    gives = (held.spare >= 1) & (held.too_much >= 1)
    takes = (held.left < 0) | (held.tight >= 1)
    rows = []
    for way, (origin, destination) in enumerate(zip(found.giver, found.taker, strict=True)):
        here = np.flatnonzero(gives & (ids.site_of(held.key) == origin))
        wanted = ids.key(ids.part_of(held.key[here]), np.full(len(here), destination))
        place = order[np.minimum(np.searchsorted(held.key, wanted, sorter=order), len(order) - 1)]
        dangerous = found.moving.dangerous[ids.part_of(wanted)]
        fits = (held.key[place] == wanted) & takes[place]
        fits &= ~dangerous | found.timetable.lanes["dangerous_goods"].to_numpy(bool)[found.lane[way]]
        rows.append((np.full(int(fits.sum()), way), here[fits], place[fits]))
    ways_in, givers, takers = (np.concatenate(column) for column in zip(*rows, strict=True))
    sequence = np.lexsort((ways_in, held.key[takers], held.key[givers]))
    line = Lines(ways_in[sequence], givers[sequence], takers[sequence])
    return line.only(_worthwhile(ids, found, held, line, most_parts, price))


def _worthwhile(ids: Ids, found: Ways, held: Regions, line: Lines, most_parts: int, price: float) -> Bools:
    part = ids.part_of(held.key[line.giver])
    lasting = np.minimum(np.maximum(held.left[line.giver], 0.0), np.maximum(-held.left[line.taker], 0.0))
    urgent = np.minimum(held.too_much[line.giver], held.tight[line.taker])
    worth = np.zeros(len(ids.part))
    np.maximum.at(worth, part, lasting * found.moving.unit_cost[part] + urgent * price)
    if np.count_nonzero(worth) <= most_parts:
        return worth[part] > 0
    best = np.argsort(-worth, kind="stable")[:most_parts]
    return np.isin(part, best)
