"""How a unit can travel today: on one lane, or express and transfers by way of the destination's depot."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, departure_weekdays
from domain.departures import Shutdowns, shutdowns, site_keys
from domain.logistics import LITRES_PER_M3
from domain.network import Network
from domain.pegging import Duty, Site
from domain.promising import duty_rates
from optimizer.allocation.ids import Bools, Floats, Held, Ids, Ints

NO_LANE = -1
_PATIENCE_DAYS = 366  # a lane that is shut for longer does not run


class Kind(IntEnum):
    """Where a unit comes from, in the order in which equally good ones are taken."""

    SHELF = 0
    DEPOT = 1
    LATERAL = 2
    TRANSFER = 3
    EXPRESS = 4
    INBOUND = 5
    LATER = 6


class Timetable:
    """When a lane next leaves and arrives, as day numbers; the lanes table is sorted by lane."""

    def __init__(self, network: Network) -> None:
        self.lanes = network.lanes.sort_values("lane", ignore_index=True)
        days = self.lanes["transit_days"] + self.lanes["customs_days"]
        self.lead_days: Ints = np.ceil(days.to_numpy(float)).astype(np.int64)
        self._weekdays = [set(departure_weekdays(str(words))) for words in self.lanes["departures"]]
        self._shut: Shutdowns = shutdowns(network)
        closed_by = {str(site): site_keys(network, str(site)) for site in network.sites["site"]}
        own = [{f"lane:{lane}"} for lane in self.lanes["lane"]]
        self._leaving = [closed_by[str(s)] | lane for s, lane in zip(self.lanes["origin"], own, strict=True)]
        self._arriving = [closed_by[str(s)] | lane for s, lane in zip(self.lanes["destination"], own, strict=True)]
        self._known: dict[tuple[int, int], tuple[int, int] | None] = {}

    def next(self, lane: int, ready: int) -> tuple[int, int] | None:
        """Departure and arrival of what is ready on a day; None if the lane does not run for a year."""
        key = lane, ready
        if key not in self._known:
            self._known[key] = self._next(lane, ready)
        return self._known[key]

    def _next(self, lane: int, ready: int) -> tuple[int, int] | None:
        days = ready + np.arange(_PATIENCE_DAYS)
        runs = np.isin((days + 3) % DAYS_PER_WEEK, list(self._weekdays[lane]))  # 1970-01-01 was a Thursday
        runs &= ~self._shut.closed(days.astype("datetime64[D]"), self._leaving[lane])
        if not runs.any():
            return None
        ships = int(days[runs][0])
        arrives = self._shut.first_open(np.datetime64(ships + int(self.lead_days[lane]), "D"), self._arriving[lane])
        return ships, int(arrives.astype(np.int64))


@dataclass(frozen=True)
class Routes:
    """Ways to a site, sorted by destination; `first[s]` to `first[s + 1]` lead to site s. Day numbers.

    legs: rows of the timetable's lanes, NO_LANE where there is no second one, shape (routes, 2).
    last_leg: the fastest lane from its own depot to each site, NO_LANE for depots and sites without, shape (sites,).
    last_days: its days; a point no lane reaches gets the longest of these, so that its needs still wait.
    """

    first: Ints
    origin: Ints
    kind: Ints
    ships: Ints
    arrives: Ints
    legs: Ints
    carries_dangerous: Bools
    last_leg: Ints
    last_days: Ints


def routes(ids: Ids, timetable: Timetable) -> Routes:
    """All ways to every depot and repair point. Other lanes from an origin to a depot are the replenishment plan's."""
    lanes = timetable.lanes
    origin, destination = ids.sites(lanes["origin"]), ids.sites(lanes["destination"])
    supplies = ids.is_origin[origin] & ids.is_depot[destination] & (lanes["mode"] != "express").to_numpy(bool)
    usable = ~supplies & ~ids.is_origin[destination] & (origin != destination)
    dangerous = lanes["dangerous_goods"].to_numpy(bool)
    rows: list[tuple[int, int, int, int, int, int, int, bool]] = []
    last_leg = np.full(len(ids.site), NO_LANE)
    for site in np.flatnonzero(~ids.is_origin):
        direct = np.flatnonzero(usable & (destination == site))
        depot = int(ids.depot[site])
        last = direct[origin[direct] == depot]
        if len(last):
            last_leg[site] = last[
                np.lexsort((lanes["cost_per_kg"].to_numpy(float)[last], timetable.lead_days[last]))[0]
            ]
        beyond = ids.is_origin[origin] | ids.is_depot[origin]
        first = np.flatnonzero(usable & (destination == depot) & beyond) if len(last) else last
        ways = [(int(lane), NO_LANE) for lane in direct]
        ways += [(int(one), int(two)) for one in first for two in last if origin[one] != site]
        for one, two in ways:
            found = _journey(timetable, one, two, ids.today)
            if found is not None:
                kind = _kind(ids, int(origin[one]), depot)
                carries = bool(dangerous[one] and (two == NO_LANE or dangerous[two]))
                rows.append((int(site), int(origin[one]), kind, *found, one, two, carries))
    table = np.array(rows, dtype=np.int64).reshape(-1, 8)
    days = np.where(last_leg == NO_LANE, 0, timetable.lead_days[last_leg] if len(lanes) else 0)
    unreached = (last_leg == NO_LANE) & ~ids.is_origin & ~ids.is_depot
    return Routes(
        first=np.searchsorted(table[:, 0], np.arange(len(ids.site) + 1)),
        origin=table[:, 1],
        kind=table[:, 2],
        ships=table[:, 3],
        arrives=table[:, 4],
        legs=table[:, 5:7],
        carries_dangerous=table[:, 7].astype(bool),
        last_leg=last_leg,
        last_days=np.where(unreached, days.max(initial=0), days),
    )


def _journey(timetable: Timetable, one: int, two: int, today: int) -> tuple[int, int] | None:
    leg = timetable.next(one, today)
    if leg is None or two == NO_LANE:
        return leg
    second = timetable.next(two, leg[1])
    return None if second is None else (leg[0], second[1])


def _kind(ids: Ids, origin: int, depot: int) -> Kind:
    if ids.is_origin[origin]:
        return Kind.EXPRESS
    if origin == depot:
        return Kind.DEPOT
    return Kind.TRANSFER if ids.is_depot[origin] else Kind.LATERAL


@dataclass(frozen=True)
class Transport:
    """What moving one unit costs: per part and per lane, in the order of ids and timetable. Money per kg and unit.

    together_kg: weight of the consignment a unit travels in; 0 where it travels alone. Duty is by tariff code × lane.
    """

    unit_cost: Floats
    weight_kg: Floats
    litres: Floats
    dangerous: Bools
    tariff: Ints
    lanes: pd.DataFrame
    duty: Floats
    vat: Floats
    together_kg: Floats

    def per_unit(self, part: Ints, lane: Ints) -> Floats:
        """Money for one unit of each part on each lane, 0 for NO_LANE: freight, insurance, consignment, duty.

        Minimum charge and the cost of a consignment are borne by weight by all that travels together.
        """
        if not len(self.lanes):
            return np.zeros(len(part))
        row = {name: self.lanes[name].to_numpy(float)[lane] for name in _LANE_COSTS}
        kg = np.maximum(self.weight_kg[part], self.litres[part] / LITRES_PER_M3 * row["volumetric_kg_per_m3"])
        together = np.maximum(kg, self.together_kg[lane])
        share = np.divide(kg, together, out=np.ones_like(kg), where=together > 0)
        value = self.unit_cost[part]
        freight = np.maximum(kg * row["cost_per_kg"], row["minimum_charge"] * share) + row["insurance_rate"] * value
        size = np.where(np.isnan(row["consignment_kg"]), np.inf, row["consignment_kg"])
        consignments = np.maximum(np.ceil(together / size - 1e-9), 1.0)
        duty = self.duty[self.tariff[part], lane] * (value + freight)
        vat = self.vat[self.tariff[part], lane] * (value + freight + duty)
        cost = freight + row["cost_per_consignment"] * consignments * share + duty + vat
        return np.where(lane == NO_LANE, 0.0, cost)


_LANE_COSTS = (
    "cost_per_kg",
    "volumetric_kg_per_m3",
    "minimum_charge",
    "insurance_rate",
    "cost_per_consignment",
    "consignment_kg",
)


def transport(network: Network, ids: Ids, timetable: Timetable, short: Held) -> Transport:
    """Costs of moving. `short`: units each pair of part and site is short of: what the depot's courier takes today.

    Duty is charged where a lane from a depot or point crosses a border, for the unit has paid it once already; on an
    express parcel it is not, for whatever serves the need instead has to enter the country too.
    """
    parts = network.parts.set_index("part").loc[ids.part]
    tariffs, tariff = np.unique(parts["hs_code"].to_numpy(str), return_inverse=True)
    lanes = timetable.lanes
    origin, destination = ids.sites(lanes["origin"]), ids.sites(lanes["destination"])
    duty, vat = _duties(network, tariffs, lanes, ~ids.is_origin[origin])
    weight = parts["weight_kg"].to_numpy(float)
    wanted = np.bincount(ids.site_of(short.keys), short.values * weight[ids.part_of(short.keys)], len(ids.site))
    return Transport(
        unit_cost=parts["unit_cost"].to_numpy(float),
        weight_kg=weight,
        litres=parts["volume_l"].to_numpy(float),
        dangerous=parts["dangerous_goods"].to_numpy(bool),
        tariff=tariff.astype(np.int64),
        lanes=lanes,
        duty=duty,
        vat=vat,
        together_kg=np.where(origin == ids.depot[destination], wanted[destination], 0.0),
    )


def _duties(
    network: Network, tariffs: npt.NDArray[np.str_], lanes: pd.DataFrame, charged: Bools
) -> tuple[Floats, Floats]:
    """Duty and unrecovered VAT by tariff code × lane."""
    duty, vat = np.zeros((len(tariffs), len(lanes))), np.zeros((len(tariffs), len(lanes)))
    named = ("country", "hs_prefix", "origin_country", "duty_rate")
    unrecovered = network.duties["vat_rate"].where(~network.duties["vat_recoverable"], 0.0)
    columns = (*(network.duties[name].tolist() for name in named), unrecovered.tolist())
    rows = [Duty(*row) for row in zip(*columns, strict=True)]
    country = network.site_of["country"]
    for lane in np.flatnonzero(charged):
        origin, destination = (_site(country, lanes[end][lane]) for end in ("origin", "destination"))
        if origin.country != destination.country:
            for code, tariff in enumerate(tariffs):
                duty[code, lane], vat[code, lane] = duty_rates(rows, str(tariff), origin, destination)
    return duty, vat


def _site(country: "pd.Series[str]", site: str) -> Site:
    return Site(site, "", str(country[site]), "")
