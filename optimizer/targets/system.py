"""From network and forecast to the arrays of the two-echelon engine: every part × region with demand and its points."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.forecast import Forecast
from domain.logistics import WEEKS_PER_YEAR, courier_days, hub_of_part, supply_lanes
from domain.network import Network
from domain.service import ServiceTarget, WithinDays, group_of, service_targets
from optimizer.targets.lead_law import realised_lead
from optimizer.targets.repairs import Repairs, repairs_of
from optimizer.targets.two_echelons import HUB, LEAF, POINT, Records, TwoEchelons, rate_nodes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]

REVIEW_DAYS = 7  # the plan lets every lane depart weekly
_FEW_NODES = 3
TARGET_WEEKS = 13  # the target speaks of the quarter that today's orders will serve


@dataclass(frozen=True)
class System:
    """The engine's arrays with the names that belong to their rows.

    hubs, hub, hub_stock: records, site ids and base stock of the hub of every part, shape (parts,), sorted by part; a
    part without supplier has a hub that is never out. part, depot: ids, rate_shape: a of Θ ~ Gamma(a, a), shape
    (leaves,), sorted by (part, region). leaf: row in these, site: id, group: position in `targets`, line_limit: most
    part numbers the site may keep (inf: no limit), shape (points,), sorted by (leaf, site). repairs: which points are
    needed together, for groups promised repairs within days; None: every unit is a repair of its own.
    """

    hubs: Records
    hub: Objects
    hub_stock: Ints
    echelons: TwoEchelons
    part: Objects
    depot: Objects
    rate_shape: Floats
    leaf: Ints
    site: Objects
    group: Ints
    line_limit: Floats
    targets: dict[str, ServiceTarget]
    repairs: Repairs | None = None

    @property
    def part_of_leaf(self) -> Ints:
        """Row of its part among the hubs, (leaves,)."""
        return np.repeat(np.arange(len(self.hubs)), self.hubs["last"] - self.hubs["first"])


@dataclass(frozen=True)
class _Supply:
    """Of every leaf: the lead time hub → depot, nominal and as realised (days, with its variance in days²), and the
    landed unit cost."""

    nominal_days: Floats
    lead_days: Floats
    lead_variance: Floats
    landed: Floats


def build_system(network: Network, forecast: Forecast) -> System:
    """Every leaf with demand, in the units of the engine (weeks, money per week).

    The demand rate is the forecast's weekly mean over the 13 weeks that begin when what leaves the hub today has
    arrived (the last 13 of a shorter forecast), so parts that phase out or ramp up are stocked for what is coming.
    """
    parts = pd.Index(network.parts["part"])
    sites = network.site_of
    depots = np.array([network.depot_of_region[str(region)] for region in forecast.region], dtype=object)
    part_row = parts.get_indexer(pd.Index(forecast.part))
    supply = _supply(network, part_row, depots)
    rate = _rate_after(forecast, supply.nominal_days)

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
    leaves["lead_weeks"], leaves["lead_variance"] = _reviewed(supply.lead_days[kept], supply.lead_variance[kept])
    leaves["batch_index"] = forecast.batch_index[kept]
    leaves["holding"] = per_week[depot_row, 0] * landed
    leaves["line"] = per_week[depot_row, 1]
    points = np.zeros(len(site), POINT)  # nothing repaired there: what repair gives back is supply (MODEL 7)
    points["demand"] = demand
    days = courier_days(network)  # of a point no lane reaches the longest, so that it is planned and the warning stands
    points["courier_weeks"] = days.fillna(days.max()).to_numpy(float)[row] / DAYS_PER_WEEK
    points["holding"] = per_week[row, 0] * landed[leaf]
    points["line"] = per_week[row, 1]
    points["at_depot"] = at_depot
    part = forecast.part[kept]
    hubs, hub = _hubs(network, part)
    group, targets = group_of(network, part[leaf], site), service_targets(network)
    promised = np.array([isinstance(target, WithinDays) for target in targets.values()])[group]
    return System(
        hubs=hubs,
        hub=hub,
        hub_stock=np.zeros(len(hubs), np.int64),
        echelons=TwoEchelons.behind_full_hub(leaves, points, theta, weight),
        part=part,
        depot=depots[kept],
        rate_shape=forecast.rate_shape[kept],
        leaf=leaf,
        site=site,
        group=group,
        line_limit=np.where(at_depot, np.inf, sites["max_lines"].fillna(np.inf).to_numpy(float)[row]),
        targets=targets,
        repairs=repairs_of(network, part, leaf, site, demand, promised) if promised.any() else None,
    )


def every(system: System, step: int) -> System:
    """The system of every `step`-th part in order of demand: a sample that is the same whatever parts are called."""
    e = system.echelons
    of_part = system.part_of_leaf
    demand, dearest = np.zeros((2, len(system.hubs)))
    np.add.at(demand, of_part[system.leaf], e.points["demand"])
    np.maximum.at(dearest, of_part, e.leaves["holding"])
    kept = np.zeros(len(demand), bool)
    kept[np.lexsort((dearest, demand.round(9)))[::step]] = True
    leaves_kept, rows = np.flatnonzero(kept[of_part]), np.flatnonzero(kept[of_part[system.leaf]])
    leaf = np.searchsorted(leaves_kept, system.leaf[rows])
    leaves, hubs = e.leaves[leaves_kept].copy(), system.hubs[kept].copy()
    leaves["first"], leaves["last"] = _spans(leaf, len(leaves))
    hubs["first"], hubs["last"] = _spans(np.searchsorted(np.flatnonzero(kept), of_part[leaves_kept]), len(hubs))
    return replace(
        system,
        hubs=hubs,
        hub=system.hub[kept],
        hub_stock=system.hub_stock[kept],
        echelons=TwoEchelons(leaves, e.points[rows], e.theta[leaves_kept], e.weight[leaves_kept], e.owed[leaves_kept]),
        part=system.part[leaves_kept],
        depot=system.depot[leaves_kept],
        rate_shape=system.rate_shape[leaves_kept],
        leaf=leaf,
        site=system.site[rows],
        group=system.group[rows],
        line_limit=np.ceil(system.line_limit[rows] / step),
        repairs=None if system.repairs is None else system.repairs.sampled(rows, len(system.leaf)),
    )


def coarse(system: System) -> System:
    """The same with fewer nodes of Θ: near enough to choose the hubs' stock by, at half the work."""
    theta, weight = rate_nodes(system.rate_shape, _FEW_NODES)
    e = system.echelons
    return replace(system, echelons=TwoEchelons.behind_full_hub(e.leaves, e.points, theta, weight))


def _spans(leaf: Ints, leaves: int) -> tuple[Ints, Ints]:
    """First and one past the last row of every leaf in the sorted column `leaf`."""
    numbers = np.arange(leaves)
    return np.searchsorted(leaf, numbers), np.searchsorted(leaf, numbers, side="right")


def _supply(network: Network, part_row: Ints, depots: Objects) -> _Supply:
    """The ordinary lane's realised lead time and landed cost.

    A part no lane may carry to its depot is stocked as if the slowest lane there brought it at its purchase price.
    """
    lanes = supply_lanes(network)
    days = (lanes.lanes["transit_days"] + lanes.lanes["customs_days"]).to_numpy(float)
    mean, variance = _realised(days, lanes.lead_days_sd)
    nominal, lead, spread, landed = np.zeros((4, len(part_row)))
    unit_cost = network.parts["unit_cost"].to_numpy(float)
    for depot in sorted(set(depots)):
        here = np.flatnonzero(depots == depot)
        parts = part_row[here]
        lane, cost = (column[parts] for column in lanes.ordinary(depot))
        slowest = days[(lanes.lanes["destination"] == depot).to_numpy(bool)].max(initial=0.0)
        nominal[here] = np.append(days, slowest)[lane]  # lane −1: none may carry it
        lead[here] = np.append(mean, slowest)[lane]
        spread[here] = np.append(variance, 0.0)[lane]
        landed[here] = np.where(lane >= 0, cost, unit_cost[parts])
    return _Supply(nominal, lead, spread, landed)


def _hubs(network: Network, part: Objects) -> tuple[Records, Objects]:
    """The hub of every part of the sorted leaves: its record and its site."""
    names, first = np.unique(part.astype(str), return_index=True)
    parts = network.parts.set_index("part").loc[names]
    site = pd.Series(hub_of_part(network), index=network.parts["part"]).reindex(names).to_numpy(object)
    suppliers = network.suppliers.set_index("supplier")[["lead_time_days", "lead_time_days_sd"]].astype(float)
    row = suppliers.index.get_indexer(pd.Index(parts["supplier"]))
    mean, variance = _realised(*suppliers.to_numpy().T.reshape(2, -1))
    weeks, spread = _reviewed(np.append(mean, 0.0)[row], np.append(variance, 0.0)[row])
    per_week = network.site_of[["holding_rate_per_year", "line_cost_per_year"]].reindex(site).to_numpy(float)
    hubs = np.zeros(len(names), HUB)
    hubs["first"], hubs["last"] = first, np.append(first[1:], len(part))
    hubs["lead_weeks"], hubs["lead_variance"] = np.where(row >= 0, (weeks, spread), 0.0)
    hubs["lot"] = parts["moq"]
    hubs["holding"] = per_week[:, 0] / WEEKS_PER_YEAR * parts["unit_cost"].to_numpy(float)
    hubs["line"] = per_week[:, 1] / WEEKS_PER_YEAR
    return hubs, site


def _realised(days: Floats, days_sd: Floats) -> tuple[Floats, Floats]:
    """Mean and variance, days and days², of lead times of what leaves weekly and does not overtake."""
    found = [realised_lead(mean, sd, REVIEW_DAYS) for mean, sd in zip(days, days_sd, strict=True)]
    return np.array([mean for mean, _ in found], float), np.array([variance for _, variance in found], float)


def _reviewed(lead_days: Floats, lead_variance: Floats) -> tuple[Floats, Floats]:
    """Mean (weeks) and variance (weeks²) of a lead time and the wait for a departure, uniform over REVIEW_DAYS."""
    weeks = (lead_days + REVIEW_DAYS / 2) / DAYS_PER_WEEK
    return weeks, (lead_variance + REVIEW_DAYS**2 / 12) / DAYS_PER_WEEK**2


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
