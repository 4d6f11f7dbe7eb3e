"""Transfers end to end: who has too much, what a unit is worth to whom, which units move, and what that saves."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from domain.calendar import DAYS_PER_WEEK
from domain.departures import inner_weeks
from domain.forecast import Forecast
from domain.logistics import LITRES_PER_M3, supply_lanes
from domain.network import Network
from domain.plan import StockTargets
from domain.transfers import Transfers
from optimizer.allocation.ids import Ids
from optimizer.replenishment.coupling import Rows, coupling_rows
from optimizer.replenishment.instance import Instance, build_instance
from optimizer.transfers.candidates import Lines, Regions, Ways, depot_lanes, lines, regions, ways
from optimizer.transfers.flow import Market, choose
from optimizer.transfers.problem import (
    forecast_of_parts,
    instance_of_parts,
    money_of_parts,
    network_of_parts,
    with_room,
)
from optimizer.transfers.values import Receipts, StockValues, Supply, slot_prices
from optimizer.transfers.words import Decided, no_transfers, table_of, unwanted

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


_CENT = 0.01  # money: what saves less is left alone


@dataclass(frozen=True)
class Params:
    """Limits are counts, never seconds."""

    most_parts: int = 2000  # parts looked at closely, those first for which it seems to be worth most
    most_units: int = 60  # units of a part one depot gives or takes


@dataclass(frozen=True)
class _Case:
    """Lines between leaves of an instance: way, giver, taker, money per unit moved, most units the taker wants."""

    instance: Instance
    rows: Rows
    price: Floats
    found: Ways
    way: Ints
    giver: Ints
    taker: Ints
    cost: Floats
    most: Ints
    values: StockValues
    branches: dict[Supply, Bools]

    @property
    def part(self) -> Ints:
        """Part of each line."""
        return self.instance.leaves.part[self.giver]


def decide_transfers(
    network: Network,
    forecast: Forecast,
    targets: StockTargets,
    params: Params | None = None,
    price: Floats | None = None,
) -> Transfers:
    """Move from depots with too much to depots with too little what that saves money (MODEL 4).

    A unit is worth what it changes in the least cost of its part's replenishment programs, so a transfer competes at
    its freight, duty and handling with buying anew and with waiting. A depot gives only what its points and open repair
    orders leave it. What the flow proposes is done where the part's whole program, planned again, says that it saves.
    price: of the rows parts share, in the order of `coupling_rows`. Without it they are taken to be free, and where
    there are any a depot gives only what is too much: beyond that it might not get back at these costs what it gave.
    """
    params = params or Params()
    between = depot_lanes(network)
    if not between.any():
        return no_transfers()
    ids, supply = Ids.of(network), supply_lanes(network)
    weeks = inner_weeks(network, supply.lead_days)
    found = ways(replace(network, lanes=network.lanes[between].reset_index(drop=True)), ids, weeks)
    held = regions(network, forecast, targets, ids, supply, weeks)
    dearest = max(targets.waiting_price.values(), default=0.0)
    line = lines(ids, found, held, params.most_parts, dearest) if len(found.lane) else None
    if line is None or not len(line.way):
        return Transfers(no_transfers().table, unwanted(network, ids, held, np.zeros(len(held.key)), weeks))
    case, line = _case(network, forecast, targets, ids, found, held, line, params, price)
    units, saves, cost = _worth_doing(case)
    decided = Decided(network, ids, found, case.instance, case.way, case.giver, case.taker, units, cost, saves)
    gone = np.zeros(len(held.key))
    np.add.at(gone, line.giver, units)
    return Transfers(table_of(decided), unwanted(network, ids, held, gone, weeks))


def _case(
    network: Network, forecast: Forecast, targets: StockTargets, ids: Ids, found: Ways, held: Regions, line: Lines,
    params: Params, price: Floats | None,
) -> tuple[_Case, Lines]:  # fmt: skip
    """The case and its lines, both in the order of the instance, which no name decides: so none decides a tie."""
    names = set(ids.part[np.unique(ids.part_of(held.key[line.giver]))])
    instance = with_room(build_instance(network_of_parts(network, names), forecast_of_parts(forecast, names), targets))
    leaves = instance.leaves
    key = ids.key(ids.parts(instance.parts.part)[leaves.part], ids.sites(instance.depots)[leaves.depot])
    order = np.argsort(key)
    giver, taker = (order[np.searchsorted(key, held.key[rows], sorter=order)] for rows in (line.giver, line.taker))
    sequence = np.lexsort((found.moving.per_unit(ids.part_of(held.key[line.giver]), found.lane[line.way]),
                           found.week[line.way], taker, giver))  # fmt: skip
    line, giver, taker = line.only(sequence), giver[sequence], taker[sequence]
    wanted = np.ceil(np.maximum(-held.left[line.taker], held.tight[line.taker])).astype(np.int64) + 1
    most = np.minimum(wanted, params.most_units)
    given = np.zeros(len(leaves.part), np.int64)
    np.add.at(given, giver, most)
    days = (found.arrives - found.ships)[line.way]
    cost = found.moving.per_unit(ids.part_of(held.key[line.giver]), found.lane[line.way])
    cost = cost + leaves.holding[taker] * days / DAYS_PER_WEEK
    rows = coupling_rows(instance)
    spare = held.spare[line.giver]
    if price is None and len(rows.limit):
        too_much = np.maximum(held.too_much[line.giver], np.floor(held.left[line.giver]))
        spare = np.minimum(spare, too_much.astype(np.int64))
    given[giver] = np.minimum(np.minimum(given[giver], spare), params.most_units)
    price = np.zeros(len(rows.limit)) if price is None else price
    short = np.zeros(len(ids.part))
    np.add.at(short, ids.part_of(held.key), np.maximum(-held.left, 0.0))
    branches = _branches(instance, short[ids.parts(instance.parts.part)])
    values = StockValues(instance, given)
    return _Case(instance, rows, price, found, line.way, giver, taker, cost, most, values, branches), line


def _worth_doing(case: _Case) -> tuple[Ints, Floats, Floats]:
    """(units, money saved net of cost, cost) of every line.

    A lane whose consignment costs more than its lines save is closed, and the flow decided once more without it.
    """
    closed = np.zeros(len(case.found.lane), bool)
    for _ in range(2):
        units, saves = _best(case, ~closed[case.way])
        _within_capacity(case, units, saves)
        extra = _consignments(case, units)
        by_lane = np.bincount(case.way, saves, minlength=len(closed))
        useless = (extra >= by_lane) & (by_lane > 0)
        if not useless.any():
            break
        closed |= useless
    else:
        _without(case, units, saves, useless)
        extra = _consignments(case, units)
    by_lane = np.bincount(case.way, saves, minlength=len(closed))
    share = extra[case.way] * saves / np.maximum(by_lane, _CENT)[case.way]  # who saves most bears most
    return units, saves - share, units * case.cost + (units > 0) * case.instance.line_cost + share


def _best(case: _Case, is_open: Bools) -> tuple[Ints, Floats]:
    """(units, money saved) of every line: per part the best of up to three proposals, its program planned again.

    They take the depots' other units to be bought one by one, to lie at the hub anyway, or not to come at all: the
    branches of a part's program, of which a minimum order beyond what is wanted makes any the right one (MODEL 3).
    """
    parts = len(case.instance.parts.part)
    best, saved, without = np.zeros(len(case.way), np.int64), np.zeros(parts), np.full(parts, np.nan)
    tried: list[Ints] = []
    for other, possible in case.branches.items():
        units = np.where(possible[case.part], _proposal(case, is_open, other), 0)
        new = np.zeros(parts, bool)
        new[case.part[units > 0]] = True
        for before in tried:
            differs = np.bincount(case.part, units != before, minlength=parts) > 0
            new &= differs
        tried.append(units)
        missing = new & np.isnan(without)
        without[missing] = _money(case, np.zeros_like(units), missing)
        after = np.full(parts, np.inf)
        after[new] = _money(case, units, new)
        paid = units * case.cost + (units > 0) * case.instance.line_cost
        saves = np.where(new, without, 0.0) - after - np.bincount(case.part, paid, minlength=parts)
        better = new & (saves > np.maximum(saved, _CENT))
        saved = np.where(better, saves, saved)
        best = np.where(better[case.part], units, best)
    moved = np.bincount(case.part, best, minlength=parts)
    return best, np.where(best > 0, saved[case.part] * best / np.maximum(moved[case.part], 1), 0.0)


def _branches(instance: Instance, wanted: Floats) -> dict[Supply, Bools]:
    """For which parts each branch may be the right one; wanted: units new supply is to bring, by part."""
    parts = instance.parts
    coming = np.repeat(np.arange(len(parts.part)), np.diff(parts.hub_inbound_start))
    at_hub = parts.hub_stock + np.bincount(coming, parts.hub_inbound_units, minlength=len(parts.part))
    minimum = -(-np.maximum(parts.moq, 1) // parts.multiple) * parts.multiple
    binding = minimum > wanted - at_hub
    return {Supply.BOUGHT: at_hub < wanted, Supply.AT_HUB: (at_hub > 0) | binding, Supply.NONE: binding}


def _proposal(case: _Case, is_open: Bools, other: Supply) -> Ints:
    week = case.found.week[case.way]
    pairs, receipt = np.unique(np.stack([case.taker, week]), axis=1, return_inverse=True)
    receipt = np.asarray(receipt).ravel()
    most = np.zeros(pairs.shape[1], np.int64)
    np.maximum.at(most, receipt, case.most)
    prices = slot_prices(case.instance, case.rows.terms(case.instance, case.price), other)
    loss, gain = case.values.marginal(Receipts(pairs[0], pairs[1], most), prices)
    units = np.zeros(len(case.way), np.int64)
    market = Market(loss, gain, pairs[0], case.giver[is_open], receipt[is_open], case.cost[is_open])
    units[is_open] = choose(market)
    return units


def _money(case: _Case, units: Ints, parts: Bools) -> Floats:
    """What the plans of some parts cost with these units moved, at the prices of the case."""
    if not parts.any():
        return np.empty(0)
    instance = case.instance
    leaves = len(instance.leaves.part)
    gone, came = np.zeros(leaves, np.int64), np.zeros((leaves, instance.weeks + 1), np.int64)
    np.add.at(gone, case.giver, units)
    np.add.at(came, (case.taker, case.found.week[case.way]), units)
    some = np.flatnonzero(parts[instance.leaves.part])
    tables = case.values.tables(some, gone, np.cumsum(came, axis=1))
    return money_of_parts(instance_of_parts(instance, parts), tables, case.rows, case.price)


def _without(case: _Case, units: Ints, saves: Floats, lanes: Bools) -> None:
    """Leave out every part that uses one of these lanes."""
    out = np.zeros(len(case.instance.parts.part), bool)
    out[case.part[lanes[case.way] & (units > 0)]] = True
    units[out[case.part]], saves[out[case.part]] = 0, 0.0


def _within_capacity(case: _Case, units: Ints, saves: Floats) -> None:
    """Where a lane carries no more leave out what saves least per kg; a part moves as decided or not at all."""
    lanes, parts = case.found.timetable.lanes.iloc[case.found.lane], case.instance.parts
    sizes = (parts.weight_kg[case.part] * units, parts.litres[case.part] * units)
    limits = (
        lanes["capacity_kg_per_week"].to_numpy(float),
        lanes["capacity_m3_per_week"].to_numpy(float) * LITRES_PER_M3,
    )
    worth = np.bincount(case.part, saves, minlength=len(parts.part))
    weight = np.bincount(case.part, sizes[0], minlength=len(parts.part))
    rank = np.argsort(np.argsort(-worth / np.maximum(weight, 1e-9), kind="stable"))[case.part]
    order = np.argsort(rank, kind="stable")
    for limit, size in zip(limits, sizes, strict=True):
        for way in np.flatnonzero(~np.isnan(limit)):
            here = order[case.way[order] == way]
            over = here[np.cumsum(size[here]) > limit[way]]
            out = np.isin(case.part, case.part[over[units[over] > 0]])
            units[out], saves[out] = 0, 0.0


def _chargeable(case: _Case) -> Floats:
    """Chargeable kg of one unit of each line."""
    parts, lane = case.instance.parts, case.found.timetable.lanes.iloc[case.found.lane]
    factor = lane["volumetric_kg_per_m3"].to_numpy(float)[case.way]
    kg: Floats = np.maximum(parts.weight_kg[case.part], parts.litres[case.part] / LITRES_PER_M3 * factor)
    return kg


def _consignments(case: _Case, units: Ints) -> Floats:
    """What each lane's consignments cost beyond what units pay by the kg: minimum charge, whole consignments."""
    lanes = case.found.timetable.lanes.iloc[case.found.lane]
    number = len(lanes)
    charged = np.bincount(case.way, _chargeable(case) * units, minlength=number)
    kg = np.bincount(case.way, case.instance.parts.weight_kg[case.part] * units, minlength=number)
    size = lanes["consignment_kg"].fillna(np.inf).to_numpy(float)
    whole = np.where(
        np.bincount(case.way, units, minlength=number) > 0, np.maximum(np.ceil(kg / size - 1e-9), 1.0), 0.0
    )
    each = lanes["cost_per_consignment"].to_numpy(float)
    paid = np.where(np.isfinite(size), charged / size * each, 0.0)
    carriage = charged * lanes["cost_per_kg"].to_numpy(float)
    short = np.maximum(lanes["minimum_charge"].to_numpy(float) * whole - carriage, 0.0)
    beyond: Floats = short + np.maximum(whole * each - paid, 0.0)
    return beyond
