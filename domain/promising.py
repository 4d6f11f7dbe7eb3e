"""Availability to promise: which units can serve a need, from where, when, how surely and at what cost (MODEL 5).

Pure functions over supply and pegs. Good stock, inbound orders and the plan's own shipments are supply; the plan's
allocations and the open repair orders it could not serve are commitments, and no promise eats an earlier one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil, hypot, prod
from statistics import NormalDist
from typing import Literal

from domain.calendar import DAYS_PER_WEEK
from domain.logistics import LITRES_PER_M3
from domain.pegging import Duty, Facts, Lane, Site, pegged
from domain.supply import Ledger, Supply

PROMISE_LEVEL = 0.95
"""A date is promised if it is kept in 19 of 20 cases."""


@dataclass(frozen=True)
class Request:
    """`quantity` units wanted at a depot or point, by `need_by` if a day is given."""

    site: str
    quantity: int
    need_by: date | None = None


@dataclass(frozen=True)
class Option:
    """Units from one supply by one route: there on `available_on` with at least the promise level.

    `probability` that they are there by the day asked for (without one: by `available_on`); `cost` of moving all of
    `quantity` now, in the network's currency: freight and duty of the lanes still to be travelled.
    """

    part: str
    quantity: int
    supply: Supply
    route: tuple[Lane, ...]
    available_on: date
    probability: float
    cost: float


@dataclass(frozen=True)
class Promise:
    """Ranked options, each on its own, and the lines that together confirm as much as possible.

    `probability` that all lines are there in time: the product over distinct supplies and departures.
    """

    confirmation: Literal["full", "partial", "none"]
    lines: tuple[Option, ...]
    probability: float
    options: tuple[Option, ...]


def promise(facts: Facts, request: Request, level: float = PROMISE_LEVEL) -> Promise:
    """Answer a request from everything that is not committed already."""
    ledger = pegged(facts)
    ranked = ranked_options(facts, ledger, request, level)
    lines, left = [], request.quantity
    for option in ranked:
        quantity = min(left, option.quantity, ledger.room(option.supply))
        if quantity > 0:
            ledger = ledger.take(option.supply, quantity)
            lines.append(
                replace(option, quantity=quantity, cost=_move_cost(facts, option.route, option.part, quantity))
            )
            left -= quantity
    together = {(line.supply.site, line.supply.on, line.route): line.probability for line in lines}
    return Promise(
        confirmation="full" if left == 0 else "partial" if lines else "none",
        lines=tuple(lines),
        probability=prod(together.values()) if lines else 0.0,
        options=tuple(ranked),
    )


def ranked_options(facts: Facts, ledger: Ledger, request: Request, level: float = PROMISE_LEVEL) -> list[Option]:
    """Every way to serve the request, best first.

    In time come first the confirmed, the part itself before its substitutes, the cheapest; then the earliest.
    """
    options = []
    ways = routes(facts, request.site)
    for part in facts.parts:
        sources = {route[0].origin if route else request.site for route in ways}
        offers = {site: _offers(ledger, part.part, site) for site in sources}
        for route in ways:
            if part.dangerous_goods and not all(lane.dangerous_goods for lane in route):
                continue
            for supply, quantity in offers[route[0].origin if route else request.site]:
                options.append(_option(facts, request, level, supply, min(quantity, request.quantity), route))
    rank = {part.part: number for number, part in enumerate(facts.parts)}

    def order(option: Option) -> tuple[object, ...]:
        in_time = request.need_by is None or option.available_on <= request.need_by
        planned, place = option.supply.planned, rank[option.part]
        by_money = in_time and request.need_by is not None
        return (
            not in_time,
            (planned, place, option.cost) if by_money else (option.available_on, planned, place, option.cost),
            option.available_on,
            option.supply.site,
            option.supply.reference,
            [lane.lane for lane in option.route],
        )

    return sorted(options, key=order)


def routes(facts: Facts, site: str) -> list[tuple[Lane, ...]]:
    """How units reach `site`: they are there (no lane), one lane, or express and transfers by way of its depot.

    Other lanes from an origin to a depot are the plan's own: their units appear as its shipments.
    """
    depot = facts.sites[site].depot
    kind = {name: place.kind for name, place in facts.sites.items()}
    usable = [
        lane
        for lane in facts.lanes
        if kind[lane.origin] != "origin" or kind[lane.destination] == "repair_point" or lane.mode == "express"
    ]
    direct = [lane for lane in usable if lane.destination == site]
    last = [lane for lane in direct if lane.origin == depot]
    first = [lane for lane in usable if lane.destination == depot and lane.origin != site and last]
    return [(), *((lane,) for lane in direct), *((lane, courier) for lane in first for courier in last)]


def _offers(ledger: Ledger, part: str, site: str) -> list[tuple[Supply, int]]:
    """Each supply of a position with the units it adds to what earlier ones can promise."""
    position = ledger.position(part, site)
    offers: list[tuple[Supply, int]] = []
    offered = {False: 0, True: 0}
    for supply in sorted(position.supply, key=lambda one: (one.on, -one.quantity, one.reference)):
        promisable = position.planned(supply.on) if supply.planned else position.firm(supply.on)
        quantity = min(promisable - offered[supply.planned], ledger.room(supply))
        if quantity > 0:
            offers.append((supply, quantity))
            offered[supply.planned] += quantity
    return offers


def _option(
    facts: Facts, request: Request, level: float, supply: Supply, quantity: int, route: tuple[Lane, ...]
) -> Option:
    days, sd = _arrival(facts.as_of, supply, route)
    law = NormalDist(days, sd) if sd > 0 else None
    promised = ceil((law.inv_cdf(level) if law else days) - 1e-9)
    available_on = facts.as_of + timedelta(days=max(promised, 0))
    asked = ((request.need_by or available_on) - facts.as_of).days
    probability = law.cdf(asked) if law else float(asked >= days - 1e-9)
    if supply.source == "on_hand" and route:
        supply = replace(supply, source="transfer")
    cost = _move_cost(facts, route, supply.part, quantity)
    return Option(supply.part, quantity, supply, route, available_on, probability, cost)


def _arrival(as_of: date, supply: Supply, route: Sequence[Lane]) -> tuple[float, float]:
    """Mean and standard deviation of the days from `as_of` to arrival; every leg waits for its next departure.

    The sum of independent lead times is taken as normal.
    """
    days, sd = float((supply.on - as_of).days), supply.sd_days
    for lane in route:
        ready = as_of + timedelta(days=ceil(days - 1e-9))
        wait = min((weekday - ready.weekday()) % DAYS_PER_WEEK for weekday in lane.departures)
        days = (ready - as_of).days + wait + lane.lead_days
        sd = hypot(sd, lane.lead_days_sd)
    return days, sd


def _move_cost(facts: Facts, route: Sequence[Lane], part_id: str, quantity: int) -> float:
    """Freight on max(kg, m³ × volumetric factor) with minimum charge, consignments, insurance by value, and duty."""
    part = next(part for part in facts.parts if part.part == part_id)
    cost, value = 0.0, part.unit_cost * quantity
    for lane in route:
        kg = quantity * max(part.weight_kg, part.volume_l / LITRES_PER_M3 * lane.volumetric_kg_per_m3)
        consignments = max(1, ceil(kg / lane.consignment_kg - 1e-9)) if lane.consignment_kg else 1
        freight = max(kg * lane.cost_per_kg, lane.minimum_charge) + lane.insurance_rate * value
        duty, vat = duty_rates(facts.duties, part.hs_code, facts.sites[lane.origin], facts.sites[lane.destination])
        duty *= value + freight
        cost += freight + lane.cost_per_consignment * consignments + duty + vat * (value + freight + duty)
    return cost


def duty_rates(duties: Iterable[Duty], hs_code: str, origin: Site, destination: Site) -> tuple[float, float]:
    """Duty and unrecovered VAT rate across a border: the longest prefix wins, then the row that names the origin."""
    if origin.country == destination.country:
        return 0.0, 0.0
    fits = [
        (len(row.hs_prefix), row.origin_country != "", row.duty_rate, row.vat_rate)
        for row in duties
        if row.country == destination.country
        and row.origin_country in ("", origin.country)
        and hs_code.startswith(row.hs_prefix)
    ]
    return max(fits)[2:] if fits else (0.0, 0.0)
