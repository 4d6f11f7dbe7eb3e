"""Every source that can serve a need, with what it costs and when it is there: the arcs of the flow."""

from dataclasses import dataclass

import numpy as np

from optimizer.allocation.flow import Gate, Problem
from optimizer.allocation.ids import Bools, Floats, Ids, Ints, expanded
from optimizer.allocation.needs import SHELF, Needs, kept_on_shelf
from optimizer.allocation.routes import NO_LANE, Kind, Routes, Transport
from optimizer.allocation.stocks import Inbound, Stocks

RESOLUTION = 1e-7  # money per unit of the flow's integer cost
TIE = 1e-5  # money that prefers, among equally good ones, the nearer kind of source
OLDER = 1e-7  # money per day that prefers, among equally urgent orders, the one overdue longer
_OLDEST = 999  # days
_DEAREST = 1e7  # money per unit; beyond it all waiting is alike


@dataclass(frozen=True)
class Sources:
    """Where units come from, sorted by (part, site, day): stock first, then inbound orders. day: there from then on."""

    key: Ints
    day: Ints
    is_stock: Bools
    units: Ints
    for_orders: Ints
    for_shelves: Ints


@dataclass(frozen=True)
class Offers:
    """Which source can serve which need: at most one route per pair, sorted by (need, source). Day numbers, money.

    route: NO_LANE from the need's own shelf and for inbound orders.
    """

    need: Ints
    source: Ints
    kind: Ints
    route: Ints
    arrives: Ints
    transport: Floats


def sources(stocks: Stocks, inbound: Inbound, needed: Needs) -> Sources:
    """Stock that is not kept back, of parts that are needed, and their inbound orders."""
    ids = stocks.ids
    with_orders, with_needs = np.zeros(len(ids.part), bool), np.zeros(len(ids.part), bool)
    with_orders[ids.part_of(needed.key[needed.order != SHELF])] = True
    with_needs[ids.part_of(needed.key)] = True
    keys, values = stocks.on_hand.keys, stocks.on_hand.values.astype(np.int64)
    left = values - kept_on_shelf(stocks, keys, with_orders)
    spare = np.stack([left, stocks.for_orders_elsewhere, stocks.for_shelves_elsewhere]).astype(np.int64)
    use = with_needs[ids.part_of(keys)] & (left > 0)
    coming = with_needs[ids.part_of(inbound.keys)]
    nothing = np.zeros(int(coming.sum()), np.int64)
    key = np.concatenate([keys[use], inbound.keys[coming]])
    day = np.concatenate([np.full(int(use.sum()), ids.today - 1), inbound.day[coming]])
    units = np.hstack([spare[:, use], np.stack([inbound.units[coming], nothing, nothing])])
    order = np.lexsort((day, key))
    units = units[:, order]
    is_stock = np.arange(len(key)) < use.sum()
    return Sources(key[order], day[order], is_stock[order], units[0], units[1], units[2])


def offers(ids: Ids, ways: Routes, moving: Transport, needed: Needs, found: Sources) -> Offers:
    """Own shelf, stock elsewhere by every route open to the part, and inbound orders that beat an order of today."""
    top_price = np.zeros(len(needed.key))
    np.maximum.at(top_price, needed.need, needed.price)
    parts = [_by_route(ids, ways, moving, needed, found), _own_shelf(ids, needed, found)]
    parts.append(_inbound(ids, ways, moving, needed, found))
    need, source, kind, route, arrives, transport = (np.concatenate(column) for column in zip(*parts, strict=True))
    late = np.maximum(arrives - needed.due[need], 0)
    cost = transport + top_price[need] * late
    order = np.lexsort((route, arrives, cost, source, need))
    need, source = need[order], source[order]
    best = np.ones(len(need), bool)
    best[1:] = (need[1:] != need[:-1]) | (source[1:] != source[:-1])
    order = order[best]
    return Offers(need[best], source[best], kind[order], route[order], arrives[order], transport[order])


_Columns = tuple[Ints, Ints, Ints, Ints, Ints, Floats]


def _by_route(ids: Ids, ways: Routes, moving: Transport, needed: Needs, found: Sources) -> _Columns:
    part, site = ids.part_of(needed.key), ids.site_of(needed.key)
    need, step = expanded(ways.first[site + 1] - ways.first[site])
    route = ways.first[site[need]] + step
    source = _stock_row(found, ids.key(part[need], ways.origin[route]))
    need, route, source = need[source >= 0], route[source >= 0], source[source >= 0]
    is_order = needed.order[need] != SHELF
    spare = np.where(is_order, found.for_orders[source], found.for_shelves[source])
    units = np.where(ways.kind[route] == Kind.DEPOT, found.units[source], spare)
    carried = ways.carries_dangerous[route] | ~moving.dangerous[part[need]]
    use = (units > 0) & carried & (is_order | (ways.kind[route] != Kind.EXPRESS))
    need, route, source = need[use], route[use], source[use]
    cost = moving.per_unit(part[need], ways.legs[route, 0]) + moving.per_unit(part[need], ways.legs[route, 1])
    return need, source, ways.kind[route], route, ways.arrives[route], cost


def _own_shelf(ids: Ids, needed: Needs, found: Sources) -> _Columns:
    source = _stock_row(found, needed.key)
    need = np.flatnonzero(source >= 0)
    none = np.full(len(need), NO_LANE)
    return (
        need,
        source[need],
        np.full(len(need), int(Kind.SHELF)),
        none,
        np.full(len(need), ids.today),
        np.zeros(len(need)),
    )


def _inbound(ids: Ids, ways: Routes, moving: Transport, needed: Needs, found: Sources) -> _Columns:
    """Inbound orders to the need's own site, and to its depot, whence the courier brings them on."""
    part, site = ids.part_of(needed.key), ids.site_of(needed.key)
    coming = np.flatnonzero(~found.is_stock)
    keys = found.key[coming]
    columns = []
    for place in (site, np.where(ids.depot[site] == site, -1, ids.depot[site])):
        wanted = np.where(place < 0, -1, ids.key(part, place))
        first = np.searchsorted(keys, wanted)
        need, step = expanded(np.searchsorted(keys, wanted, side="right") - first)
        source = coming[first[need] + step]
        onwards = place[need] != site[need]
        arrives = found.day[source] + np.where(onwards, ways.last_days[site[need]], 0)
        use = arrives < needed.later[need]
        need, source, onwards, arrives = need[use], source[use], onwards[use], arrives[use]
        leg = np.where(onwards, ways.last_leg[site[need]], NO_LANE)
        none, kind = np.full(len(need), NO_LANE), np.full(len(need), int(Kind.INBOUND))
        columns.append((need, source, kind, none, arrives, moving.per_unit(part[need], leg)))
    merged: _Columns = tuple(np.concatenate(column) for column in zip(*columns, strict=True))  # type: ignore[assignment]
    return merged


def problem(ids: Ids, ways: Routes, moving: Transport, needed: Needs, found: Sources, offered: Offers) -> Problem:
    """The flow's arcs, one per unit and offer, in whole units of RESOLUTION.

    Cost = transport + price of waiting × days late; a unit left to a later order of its part pays the courier too.
    """
    first = np.searchsorted(offered.need, np.arange(len(needed.key) + 1))
    unit, step = expanded((first[1:] - first[:-1])[needed.need])
    need = needed.need[unit]
    offer = first[need] + step
    kind = offered.kind[offer]
    late = np.maximum(offered.arrives[offer] - needed.due[need], 0)
    older = OLDER * np.minimum(needed.overdue, _OLDEST)
    waits = kind == Kind.INBOUND
    cost = offered.transport[offer] + needed.price[unit] * late + TIE * kind + np.where(waits, older[need], 0.0)
    is_order = needed.order[need] != SHELF
    elsewhere = (kind == Kind.LATERAL) | (kind == Kind.TRANSFER) | (kind == Kind.EXPRESS)
    gate = np.where(elsewhere, np.where(is_order, Gate.ORDERS, Gate.SHELVES), Gate.OWN)

    of_unit = needed.need
    courier = moving.per_unit(ids.part_of(needed.key), ways.last_leg[ids.site_of(needed.key)])
    days = np.maximum(needed.later - needed.due, 0)
    later = courier[of_unit] + needed.price * days[of_unit] + TIE * Kind.LATER + older[of_unit]
    return Problem(
        unit_part=ids.part_of(needed.key)[of_unit],
        later_cost=_whole(later),
        arc_unit=unit,
        arc_source=offered.source[offer],
        arc_cost=_whole(cost),
        arc_gate=gate.astype(np.int64),
        arc_is_own=kind == Kind.SHELF,
        arc_offer=offer,
        source_part=ids.part_of(found.key),
        units=found.units,
        for_orders=found.for_orders,
        for_shelves=found.for_shelves,
    )


def _whole(money: Floats) -> Ints:
    return np.round(np.minimum(money, _DEAREST) / RESOLUTION).astype(np.int64)


def _stock_row(found: Sources, keys: Ints) -> Ints:
    """Row of the stock of each pair among the sources, −1 without."""
    if not len(found.key):
        return np.full(len(keys), -1)
    row = np.minimum(np.searchsorted(found.key, keys), len(found.key) - 1)
    return np.where((found.key[row] == keys) & found.is_stock[row], row, -1)
