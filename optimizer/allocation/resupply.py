"""When every part can next come to a site, if today's stock does not serve it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.logistics import hub_of_part, supply_lanes
from domain.network import Network
from optimizer.allocation.ids import Ints
from optimizer.allocation.routes import Routes, Timetable
from optimizer.allocation.stocks import Inbound, Stocks


@dataclass(frozen=True)
class Resupply:
    """Of every needy pair of part and site, as day numbers.

    later: an order placed today arrives by the part's ordinary lane and the depot's courier. next: the same, or the
    day on which inbound orders have brought what the region is short of, if that is earlier.
    """

    next: Ints
    later: Ints


def resupply(network: Network, timetable: Timetable, ways: Routes, stocks: Stocks, inbound: Inbound) -> Resupply:
    """When each needy pair of `stocks` is supplied next. What nobody can bring is waited for to the horizon."""
    ids, keys = stocks.ids, stocks.needy
    part, site = ids.part_of(keys), ids.site_of(keys)
    depot_keys = ids.key(part, ids.depot[site])
    pairs, row = np.unique(depot_keys, return_inverse=True)
    ordered = _ordered_today(network, timetable, stocks, pairs)
    lacking = stocks.short_of_region.at(pairs) - stocks.on_hand.at(pairs)
    filled = inbound.first_day_with(pairs, np.maximum(lacking, 1.0))
    own_lacking = np.maximum(stocks.short.at(keys), 1.0)
    own = inbound.first_day_with(keys, own_lacking)
    later = ordered[row] + ways.last_days[site]
    by_depot = np.minimum(filled, ordered)[row] + ways.last_days[site]
    return Resupply(next=np.minimum(by_depot, own), later=later)


def _ordered_today(network: Network, timetable: Timetable, stocks: Stocks, pairs: Ints) -> Ints:
    """Day on which what is ordered today reaches each pair of part and depot by the part's ordinary lane (MODEL 3)."""
    supply, ids = supply_lanes(network), stocks.ids
    row_of = pd.Series(np.arange(len(supply.parts)), index=supply.parts["part"])
    table_row = row_of[ids.part].to_numpy()
    lane_row = pd.Index(timetable.lanes["lane"]).get_indexer(pd.Index(supply.lanes["lane"]))
    ready = _ready_at_hub(network, stocks)
    horizon = ids.today + DAYS_PER_WEEK * network.settings.horizon_weeks
    day = np.full(len(pairs), horizon)
    part, depot = ids.part_of(pairs), ids.site_of(pairs)
    for site in np.unique(depot):
        here = np.flatnonzero(depot == site)
        lane, _ = supply.ordinary(str(ids.site[site]))
        lane = lane[table_row[part[here]]]
        here, lane = here[lane >= 0], lane_row[lane[lane >= 0]]
        journeys, row = np.unique(np.stack([lane, ready[part[here]]]), axis=1, return_inverse=True)
        found = [timetable.next(int(one), int(start)) if start >= 0 else None for one, start in journeys.T]
        arrives = np.array([horizon if one is None else one[1] for one in found], dtype=np.int64)
        day[here] = arrives[np.asarray(row).ravel()]
    return day


def _ready_at_hub(network: Network, stocks: Stocks) -> Ints:
    """Day on which a part can leave its hub: today if it lies there, else after the supplier's lead time; −1: never."""
    parts, ids = network.parts, stocks.ids
    position = ids.parts(parts["part"])
    hub = ids.site.get_indexer(pd.Index(hub_of_part(network)))
    lies_there = stocks.on_hand.at(ids.key(position, np.maximum(hub, 0))) > 0
    lead = parts["supplier"].map(network.suppliers.set_index("supplier")["lead_time_days"]).fillna(0.0)
    ready = ids.today + np.where(lies_there, 0, np.ceil(lead.to_numpy(float)).astype(np.int64))
    ended = (parts["last_order_by"] <= pd.Timestamp(network.settings.as_of)).to_numpy(bool) & ~lies_there
    found = np.empty(len(parts), np.int64)
    found[position] = np.where(ended | (hub < 0), -1, ready)
    return found
