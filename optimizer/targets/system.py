"""From network and forecast to the arrays of the two-echelon engine: every part × region with demand and its points."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.forecast import Forecast
from domain.logistics import WEEKS_PER_YEAR, hub_of_part, supply_lanes
from domain.network import Network
from domain.service import ServiceTarget, group_of, service_targets
from optimizer.targets.two_echelons import LEAF, POINT, TwoEchelons, rate_nodes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]

REVIEW_DAYS = 7  # the plan lets every lane depart weekly
TARGET_WEEKS = 13  # the target speaks of the quarter that today's orders will serve


@dataclass(frozen=True)
class System:
    """The engine's arrays with the names that belong to their rows.

    part, depot: ids, shape (leaves,), sorted by (part, region). leaf: row in these, site: id, group: position in
    `targets`, line_limit: most part numbers the site may keep (inf: no limit), shape (points,), sorted by (leaf, site).
    """

    echelons: TwoEchelons
    part: Objects
    depot: Objects
    leaf: Ints
    site: Objects
    group: Ints
    line_limit: Floats
    targets: dict[str, ServiceTarget]


@dataclass(frozen=True)
class _Supply:
    """Of every leaf: lead time in days with its standard deviation, and the landed unit cost."""

    lead_days: Floats
    lead_days_sd: Floats
    landed: Floats


def build_system(network: Network, forecast: Forecast) -> System:
    """Every leaf with demand, in the units of the engine (weeks, money per week).

    The demand rate is the forecast's weekly mean over the 13 weeks that begin when what is ordered today has arrived
    (the last 13 of a shorter forecast), so parts that phase out or ramp up are stocked for what is coming.
    """
    parts = pd.Index(network.parts["part"])
    sites = network.site_of
    depots = np.array([network.depot_of_region[str(region)] for region in forecast.region], dtype=object)
    part_row = parts.get_indexer(pd.Index(forecast.part))
    supply = _supply(network, part_row, depots)
    rate = _rate_after(forecast, supply.lead_days)

    order, leaf, demand = _points_with_demand(forecast, rate, sites.index)
    kept, leaf = np.unique(leaf, return_inverse=True)
    site = forecast.share_site[order]
    per_week = sites[["holding_rate_per_year", "line_cost_per_year"]].to_numpy(float) / WEEKS_PER_YEAR
    row = sites.index.get_indexer(pd.Index(site))
    depot_row = sites.index.get_indexer(pd.Index(depots[kept]))
    landed = supply.landed[kept]
    theta, weight = rate_nodes(forecast.rate_shape[kept])
    at_depot = site == depots[kept][leaf]
    leaves = np.zeros(len(kept), LEAF)
    leaves["first"], leaves["last"] = _spans(leaf, len(kept))
    leaves["lead_weeks"] = (supply.lead_days[kept] + REVIEW_DAYS / 2) / DAYS_PER_WEEK
    leaves["lead_variance"] = (supply.lead_days_sd[kept] ** 2 + REVIEW_DAYS**2 / 12) / DAYS_PER_WEEK**2
    leaves["batch_index"] = forecast.batch_index[kept]
    leaves["holding"] = per_week[depot_row, 0] * landed
    leaves["line"] = per_week[depot_row, 1]
    points = np.zeros(len(site), POINT)  # nothing repaired there: what repair gives back is supply (MODEL 7)
    points["demand"] = demand
    points["courier_weeks"] = courier_days(network).to_numpy(float)[row] / DAYS_PER_WEEK
    points["holding"] = per_week[row, 0] * landed[leaf]
    points["line"] = per_week[row, 1]
    points["at_depot"] = at_depot
    part = forecast.part[kept]
    return System(
        echelons=TwoEchelons(leaves, points, theta, weight),
        part=part,
        depot=depots[kept],
        leaf=leaf,
        site=site,
        group=group_of(network, part[leaf], site),
        line_limit=np.where(at_depot, np.inf, sites["max_lines"].fillna(np.inf).to_numpy(float)[row]),
        targets=service_targets(network),
    )


def every(system: System, step: int) -> System:
    """The system of every `step`-th leaf: a sample that is the same each time."""
    e = system.echelons
    rows = np.flatnonzero(system.leaf % step == 0)
    leaf = system.leaf[rows] // step
    leaves = e.leaves[::step].copy()
    leaves["first"], leaves["last"] = _spans(leaf, len(leaves))
    return replace(
        system,
        echelons=TwoEchelons(leaves, e.points[rows], e.theta[::step].copy(), e.weight[::step].copy()),
        part=system.part[::step],
        depot=system.depot[::step],
        leaf=leaf,
        site=system.site[rows],
        group=system.group[rows],
        line_limit=system.line_limit[rows],
    )


def _spans(leaf: Ints, leaves: int) -> tuple[Ints, Ints]:
    """First and one past the last row of every leaf in the sorted column `leaf`."""
    numbers = np.arange(leaves)
    return np.searchsorted(leaf, numbers), np.searchsorted(leaf, numbers, side="right")


def courier_days(network: Network) -> "pd.Series[float]":
    """Mean days from its depot to every point: the fastest courier lane, else the fastest of any mode; depots 0.

    A point no lane reaches is given the longest of these, so that its stock is planned and the warning stands alone.
    """
    sites = network.site_of
    depot = sites["region"].map(network.depot_of_region)
    lanes = network.lanes[network.lanes["origin"] == network.lanes["destination"].map(depot)]
    lanes = lanes.assign(days=lanes["transit_days"] + lanes["customs_days"])
    fastest = lanes.groupby("destination")["days"].min()
    by_courier = lanes[lanes["mode"] == "courier"].groupby("destination")["days"].min()
    found = by_courier.combine_first(fastest).reindex(sites.index).astype(float)
    found[sites["kind"] == "depot"] = 0.0
    return found.fillna(found.max())


def _supply(network: Network, part_row: Ints, depots: Objects) -> _Supply:
    """The ordinary lane's lead time and landed cost; the supplier's lead time on top where the hub holds none.

    A part no lane may carry to its depot is stocked as if the slowest lane there brought it at its purchase price.
    """
    lanes = supply_lanes(network)
    wait, wait_sd = _supplier_lead(network)
    lead, sd, landed = np.zeros(len(part_row)), np.zeros(len(part_row)), np.zeros(len(part_row))
    unit_cost = network.parts["unit_cost"].to_numpy(float)
    for depot in sorted(set(depots)):
        here = np.flatnonzero(depots == depot)
        parts = part_row[here]
        lane, cost = (column[parts] for column in lanes.ordinary(depot))
        slowest = lanes.lead_days[(lanes.lanes["destination"] == depot).to_numpy(bool)].max(initial=0)
        lead[here] = np.append(lanes.lead_days, slowest)[lane] + wait[parts]  # lane −1: none may carry it
        sd[here] = np.hypot(np.append(lanes.lead_days_sd, 0.0)[lane], wait_sd[parts])
        landed[here] = np.where(lane >= 0, cost, unit_cost[parts])
    return _Supply(lead, sd, landed)


def _supplier_lead(network: Network) -> tuple[Floats, Floats]:
    """Days and their standard deviation until the supplier delivers to the hub, 0 where the hub holds the part."""
    good = network.stock[(network.stock["condition"] == "good") & (network.stock["on_hand"] > 0)]
    held = set(zip(good["site"], good["part"], strict=True))
    at_hub = np.array([pair in held for pair in zip(hub_of_part(network), network.parts["part"], strict=True)], bool)
    suppliers = network.suppliers.set_index("supplier")[["lead_time_days", "lead_time_days_sd"]]
    days = suppliers.reindex(network.parts["supplier"]).fillna(0.0).to_numpy(float)
    days[at_hub] = 0.0
    return days[:, 0], days[:, 1]


def _rate_after(forecast: Forecast, lead_days: Floats) -> Floats:
    """Mean units per week over TARGET_WEEKS weeks after lead time and review, as far as the forecast goes."""
    arrived = np.ceil((lead_days + REVIEW_DAYS) / DAYS_PER_WEEK).astype(np.int64)
    span = min(TARGET_WEEKS, forecast.weeks)
    first = np.minimum(arrived, forecast.weeks - span)
    cumulative = np.pad(np.cumsum(forecast.mean, axis=1), ((0, 0), (1, 0)))
    rows = np.arange(len(first))
    mean: Floats = (cumulative[rows, first + span] - cumulative[rows, first]) / span
    return np.maximum(mean, 0.0)


def _points_with_demand(forecast: Forecast, rate: Floats, sites: "pd.Index[str]") -> tuple[Ints, Ints, Floats]:
    """Rows of the shares whose point has demand, sorted by (leaf, site), with their leaf and units per week."""
    demand = forecast.share * rate[forecast.share_leaf]
    site_order = sites.sort_values().get_indexer(pd.Index(forecast.share_site))
    order = np.lexsort((site_order, forecast.share_leaf))
    order = order[demand[order] > 0.0]
    return order, forecast.share_leaf[order], demand[order]
