"""Who can help whom with a part: lanes from point to point and by express from the hub, with their money and weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from domain.calendar import DAYS_PER_WEEK, departure_weekdays
from domain.logistics import LITRES_PER_M3, hub_of_part
from domain.network import Network
from domain.pegging import Duty, Site
from domain.promising import duty_rates
from optimizer.targets.performance import performance
from optimizer.targets.response import PricedStock
from optimizer.targets.system import System

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class SharedPoints(NamedTuple):
    """One part at one point a row, in the order of the system's points; each column of shape (points,).

    demand: units a week. lead_weeks: of a unit ordered from the depot, courier and the depot's mean delay. price:
    money per unit waiting per week. holding: money per unit and week. line: money per week once the part is kept, inf
    where it may not be. express_money, express_weeks: of one unit from the hub, inf and 0 where none comes.
    """

    demand: Floats
    lead_weeks: Floats
    price: Floats
    holding: Floats
    line: Floats
    express_money: Floats
    express_weeks: Floats


class Ways(NamedTuple):
    """Laterals, sorted by the point that asks and by cost with waiting priced: a demand tries them in this order.

    asks, source: rows of the points. money: of moving one unit. weeks: on the way, with the wait for a departure.
    """

    asks: Ints
    source: Ints
    money: Floats
    weeks: Floats

    def some(self, rows: Ints | Bools) -> "Ways":
        """These rows of it."""
        return Ways(self.asks[rows], self.source[rows], self.money[rows], self.weeks[rows])


@dataclass(frozen=True)
class LateralNetwork:
    """Points, the laterals between them, and the clusters they fall into.

    members: rows of the points cluster after cluster; first: where each cluster begins, shape (clusters + 1,).
    first_way: the ways of point p are rows first_way[p]..first_way[p + 1] − 1.
    """

    points: SharedPoints
    ways: Ways
    members: Ints
    first: Ints
    first_way: Ints

    @classmethod
    def of(cls, points: SharedPoints, ways: Ways) -> "LateralNetwork":
        """Sorted ways, each pair of points once by the cheapest, and the clusters: what laterals connect."""
        cost = ways.money + points.price[ways.asks] * ways.weeks
        order = np.lexsort((ways.source, cost, ways.asks))
        pair = pd.MultiIndex.from_arrays([ways.asks[order], ways.source[order]])
        order = order[~pair.duplicated()]
        ways = ways.some(order)
        count = len(points.demand)
        graph = coo_array((np.ones(len(order)), (ways.asks, ways.source)), shape=(count, count))
        cluster = connected_components(graph, directed=False)[1] if count else np.zeros(0, np.int64)
        sizes = np.bincount(cluster) if count else np.zeros(0, np.int64)
        return cls(
            points=points,
            ways=ways,
            members=np.argsort(cluster, kind="stable").astype(np.int64),
            first=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            first_way=np.searchsorted(ways.asks, np.arange(count + 1)).astype(np.int64),
        )

    def part(self, rows: Ints) -> "LateralNetwork":
        """These points, ascending, with the ways between them."""
        ways = self.ways.some(np.isin(self.ways.asks, rows) & np.isin(self.ways.source, rows))
        inside = ways._replace(asks=np.searchsorted(rows, ways.asks), source=np.searchsorted(rows, ways.source))
        return LateralNetwork.of(SharedPoints(*(column[rows] for column in self.points)), inside)

    def only(self, kept: Bools) -> "LateralNetwork":
        """The same points with these of the ways, a boolean (ways,)."""
        return LateralNetwork.of(self.points, self.ways.some(kept))


def lateral_network(network: Network, system: System, stock: PricedStock) -> LateralNetwork:
    """The laterals inside every part × region behind the depots' stock of `stock`, at its prices of waiting.

    A way is left out where it costs more, waiting priced, than waiting for the depot or express does. At a site that
    keeps as many part numbers as it may, only those of `stock` may be kept.
    """
    e = system.echelons
    late = performance(e, stock.depot_stock, stock.point_stock).depot_backorders
    demand = np.bincount(system.leaf, (1.0 - e.points["local_share"]) * e.points["demand"], len(e.leaves))
    delay = np.divide(late, demand, out=np.zeros_like(late), where=demand > 0)
    at_kept_depot = (e.points["at_depot"] == 1) & (stock.depot_stock[system.leaf] > 0)
    line = np.where(at_kept_depot, 0.0, e.points["line"])
    moves = _moves(network, system)
    price = stock.price[system.group]
    express_money, express_weeks = _express(moves[moves["kind"] == "origin"], price)
    points = SharedPoints(
        demand=e.points["demand"].copy(),
        lead_weeks=e.points["courier_weeks"] + delay[system.leaf],
        price=price,
        holding=e.points["holding"].copy(),
        line=np.where(_full(system, stock) & (stock.point_stock == 0), np.inf, line),
        express_money=express_money,
        express_weeks=express_weeks,
    )
    lateral = moves[(moves["kind"] == "repair_point") & (moves["source"] >= 0)]
    ways = Ways(
        asks=lateral["row"].to_numpy(np.int64),
        source=lateral["source"].to_numpy(np.int64),
        money=lateral["money"].to_numpy(float),
        weeks=lateral["weeks"].to_numpy(float),
    )
    return LateralNetwork.of(points, ways.some(_worthwhile(points, ways)))


def among(network: LateralNetwork, label: npt.NDArray[Any]) -> LateralNetwork:
    """Laterals only between points of one label, shape (points,)."""
    return network.only(label[network.ways.asks] == label[network.ways.source])


def with_mains(network: LateralNetwork, system: System, count: int) -> LateralNetwork:
    """Laterals only from main points: the `count` of each depot's points that give laterals and have most demand."""
    mains = main_points(network, system, count)
    return network.only(np.isin(system.site[network.ways.source].astype(str), np.array(mains, dtype=str)))


def main_points(network: LateralNetwork, system: System, count: int) -> list[str]:
    """Sites of most demand, `count` per depot, among those some lateral leaves from, the most demand first."""
    gives = np.unique(system.site[network.ways.source].astype(str))
    table = pd.DataFrame(
        {"depot": system.depot[system.leaf], "site": system.site, "demand": network.points.demand}
    ).astype({"depot": str, "site": str})
    totals = table[table["site"].isin(gives)].groupby(["depot", "site"])["demand"].sum().reset_index()
    ranked = totals.sort_values(["demand", "site"], ascending=[False, True])
    return [str(site) for site in ranked.groupby("depot", sort=False).head(count)["site"]]


def _worthwhile(points: SharedPoints, ways: Ways) -> Bools:
    """Whether a lateral is better than the next best thing when nothing is on the shelf."""
    price = points.price[ways.asks]
    wait = price * points.lead_weeks[ways.asks]
    express = points.express_money[ways.asks] + price * points.express_weeks[ways.asks]
    better: Bools = ways.money + price * ways.weeks < np.minimum(wait, express)
    return better


def _moves(network: Network, system: System) -> pd.DataFrame:
    """Every lane from a point or the part's hub to a point that has demand and that may carry the part.

    Columns row (of the system's points), kind of origin, source (row of its point in the same leaf, −1 for none),
    money of one unit travelling alone (minimum charge and consignment borne in full), weeks with the wait for a
    departure. Duty is charged where a lateral crosses a border, as in allocation: whatever else serves the need than
    express has to enter the country too.
    """
    lanes = network.lanes.assign(
        site=network.lanes["destination"],
        kind=network.lanes["origin"].map(network.site_of["kind"]),
        departure_wait=[_departure_wait(str(days)) for days in network.lanes["departures"]],
    )
    lanes = lanes[lanes["kind"].isin(["origin", "repair_point"]) & (lanes["origin"] != lanes["destination"])]
    lanes = lanes.rename(columns={"dangerous_goods": "carries_dangerous"}).drop(columns="currency")
    columns = ["part", "unit_cost", "weight_kg", "volume_l", "hs_code", "dangerous_goods"]
    parts = network.parts[columns].assign(hub=hub_of_part(network))
    points = pd.DataFrame(
        {"row": np.arange(len(system.leaf)), "leaf": system.leaf, "part": system.part[system.leaf], "site": system.site}
    )
    moves = points.merge(parts, on="part").merge(lanes, on="site")
    moves = moves[moves["carries_dangerous"] | ~moves["dangerous_goods"]]
    moves = moves[(moves["kind"] != "origin") | (moves["origin"] == moves["hub"])].reset_index(drop=True)
    at = pd.MultiIndex.from_arrays([points["leaf"], points["site"]])
    moves["source"] = at.get_indexer(pd.MultiIndex.from_arrays([moves["leaf"], moves["origin"]]))
    days = moves[["transit_days", "customs_days", "departure_wait"]].to_numpy(float).sum(axis=1)
    return moves.assign(money=_money(network, moves), weeks=days / DAYS_PER_WEEK)


def _money(network: Network, moves: pd.DataFrame) -> Floats:
    volumetric_kg = (moves["volume_l"] / LITRES_PER_M3 * moves["volumetric_kg_per_m3"]).to_numpy(float)
    chargeable_kg = np.maximum(moves["weight_kg"].to_numpy(float), volumetric_kg)
    value = moves["unit_cost"].to_numpy(float)
    freight = np.maximum(chargeable_kg * moves["cost_per_kg"].to_numpy(float), moves["minimum_charge"].to_numpy(float))
    freight += moves["insurance_rate"].to_numpy(float) * value
    size = moves["consignment_kg"].fillna(np.inf).to_numpy(float)
    consignments = np.maximum(np.ceil(chargeable_kg / size - 1e-9), 1.0)
    duty, vat = _duties(network, moves)
    duty *= value + freight
    return np.asarray(
        freight + moves["cost_per_consignment"].to_numpy(float) * consignments + duty + vat * (value + freight + duty)
    )


def _duties(network: Network, moves: pd.DataFrame) -> tuple[Floats, Floats]:
    """Duty and unrecovered VAT rate of every move: 0 but for laterals that cross a border."""
    duty, vat = np.zeros(len(moves)), np.zeros(len(moves))
    country = network.site_of["country"]
    ends = [moves[end].map(country).to_numpy(str) for end in ("origin", "destination")]
    crossing = np.flatnonzero((moves["kind"] == "repair_point").to_numpy(bool) & (ends[0] != ends[1]))
    borders = np.stack([moves["hs_code"].to_numpy(str), *ends])[:, crossing]
    distinct, border = np.unique(borders, axis=1, return_inverse=True)
    tariff = _tariff(network)
    for number, (code, leaves, enters) in enumerate(distinct.T):
        here = crossing[border == number]
        sites = (Site("", "", str(leaves), ""), Site("", "", str(enters), ""))
        duty[here], vat[here] = duty_rates(tariff, str(code), *sites)
    return duty, vat


def _tariff(network: Network) -> Sequence[Duty]:
    unrecovered = network.duties["vat_rate"].where(~network.duties["vat_recoverable"], 0.0)
    named = [network.duties[name] for name in ("country", "hs_prefix", "origin_country", "duty_rate")]
    return [Duty(*row) for row in zip(*named, unrecovered, strict=True)]


def _express(moves: pd.DataFrame, price: Floats) -> tuple[Floats, Floats]:
    """Money and weeks of the express lane that is best for each point, waiting priced."""
    money, weeks = np.full(len(price), np.inf), np.zeros(len(price))
    cost = moves["money"] + price[moves["row"].to_numpy()] * moves["weeks"]
    best = moves.assign(cost=cost).sort_values(["row", "cost", "lane"]).drop_duplicates("row")
    money[best["row"].to_numpy()] = best["money"].to_numpy(float)
    weeks[best["row"].to_numpy()] = best["weeks"].to_numpy(float)
    return money, weeks


def _departure_wait(departures: str) -> float:
    """Mean days until the next departure, over the days of the week on which a need can arise."""
    weekdays = departure_weekdays(departures)
    return float(np.mean([min((day - now) % DAYS_PER_WEEK for day in weekdays) for now in range(DAYS_PER_WEEK)]))


def _full(system: System, stock: PricedStock) -> Bools:
    """Whether a point's site keeps as many part numbers as it may."""
    names, site = np.unique(system.site.astype(str), return_inverse=True)
    lines = np.bincount(site, stock.point_stock > 0, len(names))
    full: Bools = lines[site] >= system.line_limit
    return full


def alone(network: LateralNetwork) -> LateralNetwork:
    """The same points, every one by itself."""
    return network.only(np.zeros(len(network.ways.asks), bool))
