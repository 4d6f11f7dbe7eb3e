"""The consignments of a case by channel (lane or supplier): when they leave and may arrive, how long it takes."""

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, first_week
from domain.logistics import SupplyLanes
from domain.network import Network
from simulation.referee.board import AT_ONCE, Floats, Ints
from simulation.referee.lead_times import LeadTimeLaws, Voyages
from simulation.referee.openings import Openings
from simulation.referee.places import Map, day_number, rows_in

AS_EXPECTED = "as expected"
"""The channel of what travels neither by a known lane nor from a known supplier."""
_DAYS = 2.0**24  # twice more than any day number


def channels_of(network: Network, supply: SupplyLanes) -> pd.Index:
    lanes = [f"lane {name}" for name in supply.lanes["lane"]]
    return pd.Index([*lanes, *(f"supplier {name}" for name in network.suppliers["supplier"]), AS_EXPECTED])


def voyages_of(
    network: Network, channels: pd.Index, lots: pd.DataFrame, orders: pd.DataFrame, end_weeks: int
) -> Voyages:
    """Every consignment of lots and orders (channel, departs), each once."""
    leaving = [_keys(channels, frame["channel"], frame["departs"]) for frame in (lots, orders)]
    channel, departs = _of_key(np.unique(np.concatenate([key[key >= 0] for key in leaving])))
    monday = first_week(network.settings.as_of)
    return Voyages(
        channel=channel,
        departs=departs,
        today=float((network.settings.as_of - monday).days),
        opens=_opening_days(Openings.of(network, end_weeks), channels),
    )


def _opening_days(openings: Openings, channels: pd.Index) -> Ints:
    """For each channel and day the first day from then on at which its destination takes goods in."""
    opens = np.tile(np.arange(openings.days), (len(channels), 1))
    if not len(openings.shut.applies_to):
        return opens
    destination = openings.network.lanes.set_index("lane")["destination"]
    for row, channel in enumerate(channels):
        what, _, name = str(channel).partition(" ")
        keys = openings.of_supplier(name if what == "supplier" else "")
        if what == "lane":
            keys = openings.of_site(str(destination[name])) | openings.of_lane(name)
        opens[row] = openings.first_open(keys)
    return opens


def voyage_rows(
    voyages: Voyages, channels: pd.Index, channel: "pd.Series[str] | pd.Series[int]", departs: "pd.Series[float]"
) -> Ints:
    """The voyage by which each row travels by its channel (name or row); AT_ONCE without one and where nothing leaves
    then."""
    leaves = np.append(voyages.channel * _DAYS + voyages.departs + _DAYS / 2, np.inf)
    wanted = _keys(channels, channel, departs)
    at = np.searchsorted(leaves, wanted)
    return np.where(leaves[at] == wanted, at, AT_ONCE)


def _keys(channels: pd.Index, channel: "pd.Series[str] | pd.Series[int]", departs: "pd.Series[float]") -> Floats:
    """A number for each channel and day, in their order; −1 without a channel."""
    row = channel.to_numpy()
    if row.dtype == object:
        code, names = pd.factorize(channel)
        row = channels.get_indexer(pd.Index(names, dtype=object))[code]
    return np.where(row >= 0, row * _DAYS + departs.to_numpy(float) + _DAYS / 2, -1.0)


def _of_key(key: Floats) -> tuple[Ints, Floats]:
    row = np.floor(key / _DAYS)
    return row.astype(np.int64), key - row * _DAYS - _DAYS / 2


def laws_of(network: Network, supply: SupplyLanes, channels: pd.Index, laws: pd.DataFrame | None) -> LeadTimeLaws:
    lanes = true_lanes(supply.lanes, laws)
    mean, sd = np.zeros((len(channels), 2)), np.zeros((len(channels), 2))
    count, suppliers = len(lanes), network.suppliers
    mean[:count], sd[:count] = lanes[["transit_days", "customs_days"]], lanes[["transit_days_sd", "customs_days_sd"]]
    mean[count : count + len(suppliers), 0] = suppliers["lead_time_days"]
    sd[count : count + len(suppliers), 0] = suppliers["lead_time_days_sd"]
    return LeadTimeLaws(mean, sd)


def true_lanes(lanes: pd.DataFrame, laws: pd.DataFrame | None) -> pd.DataFrame:
    """The lanes with their true lead times where these are known."""
    if laws is None:
        return lanes
    columns = ["transit_days", "transit_days_sd", "customs_days", "customs_days_sd"]
    known = laws.set_index("lane")[columns].reindex(lanes["lane"])
    return lanes.assign(
        **{name: known[name].fillna(pd.Series(lanes[name].to_numpy(), known.index)).to_numpy() for name in columns}
    )


def courier_days(
    network: Network,
    depot: "np.ndarray[tuple[int], np.dtype[np.object_]]",
    site: "np.ndarray[tuple[int], np.dtype[np.object_]]",
    laws: pd.DataFrame | None,
) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the fastest way depot → point, of whatever mode; 0 at the depot itself and where
    no lane goes."""
    lanes = true_lanes(network.lanes, laws)
    days = lanes["transit_days"] + lanes["customs_days"]
    sd = np.hypot(lanes["transit_days_sd"], lanes["customs_days_sd"])
    quoted = network.lanes["transit_days"] + network.lanes["customs_days"]
    fastest = lanes.assign(days=days, sd=sd, quoted=quoted).sort_values(["quoted", "lane"], kind="stable")
    fastest = fastest.drop_duplicates(["origin", "destination"]).set_index(["origin", "destination"])
    found = fastest[["days", "sd"]].reindex(pd.MultiIndex.from_arrays([depot, site])).fillna(0.0)
    return found["days"].to_numpy(float), found["sd"].to_numpy(float)


def lots_of(
    network: Network,
    rows: Map,
    hub: "pd.Series[str]",
    supply: SupplyLanes,
    known: Network | None = None,
    end_weeks: int = 0,
) -> pd.DataFrame:
    """Today's good stock and what is inbound: part_row, site (code), quantity, expires (day), channel, departs.

    known: another network, whose calendar everybody took to hold.
    """
    good = network.stock[network.stock["condition"] == "good"]
    good = good[~(good["expires"] < pd.Timestamp(network.settings.as_of))]
    stock = pd.DataFrame(
        {
            "part_row": rows.part_row(good["part"]),
            "site": rows.site_code(network, hub, good["part"], good["site"]),
            "quantity": good["on_hand"].to_numpy(np.int64),
            "expires": day_number(network, good["expires"]) + 1.0,
            "channel": "",
            "departs": 0.0,
        }
    )
    coming = network.inbound
    lead = dict(zip(supply.lanes["lane"], supply.lead_days, strict=True))
    supplier_days = dict(
        zip(network.suppliers["supplier"], np.ceil(network.suppliers["lead_time_days"].to_numpy(float)), strict=True)
    )
    supplier = coming["part"].map(network.parts.set_index("part")["supplier"])
    site = rows.site_code(network, hub, coming["part"], coming["destination"])
    channel, days = [], []
    for lane, sold_by, code in zip(coming["lane"], supplier, site, strict=True):
        by_lane = lane in lead
        bought = not by_lane and code == 0 and sold_by in supplier_days
        channel.append(f"lane {lane}" if by_lane else f"supplier {sold_by}" if bought else AS_EXPECTED)
        days.append(lead[lane] if by_lane else supplier_days[sold_by] if bought else 0)
    inbound = pd.DataFrame(
        {
            "part_row": rows.part_row(coming["part"]),
            "site": site,
            "quantity": coming["quantity"].to_numpy(np.int64),
            "expires": np.inf,
            "channel": np.array(channel, dtype=object),
            "departs": day_number(network, coming["expected"]) - np.array(days, float),
        }
    )
    if known is not None:
        inbound["departs"] = _put_off(network, known, supply, inbound, end_weeks)
    both: pd.DataFrame = pd.concat([stock, inbound], ignore_index=True)
    both = both[(both["site"] >= 0) & (both["quantity"] > 0) & np.isfinite(both["departs"])]
    return both.sort_values(["part_row", "site", "expires", "departs"], kind="stable", ignore_index=True)


def _put_off(network: Network, known: Network, supply: SupplyLanes, inbound: pd.DataFrame, weeks: int) -> Floats:
    """When each inbound order leaves: where its departure is shut that nobody knew would be, with the lane's next."""
    departs = inbound["departs"].to_numpy(float)
    lane = rows_in(pd.Index("lane " + supply.lanes["lane"]), inbound["channel"])
    ahead = np.flatnonzero((lane >= 0) & (departs >= 0.0) & (departs < weeks * DAYS_PER_WEEK))
    leaves, calendars = departs.copy(), (Openings.of(network, weeks), Openings.of(known, weeks))
    for row in np.unique(lane[ahead]):
        name, origin = (str(supply.lanes[column].iloc[row]) for column in ("lane", "origin"))
        shut, foreseen = (one.closed(one.of_site(origin) | one.of_lane(name)) for one in calendars)
        late = ahead[(lane[ahead] == row) & (shut & ~foreseen)[departs[ahead].astype(np.int64)]]
        leaves[late] = calendars[0].next_departure(supply.lanes, lane[late], departs[late])
    return leaves
