"""Where demand arises: leaves (part × depot) and the repair points each of them serves."""

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.counts import quantile_table
from domain.forecast import Forecast, relative_variance
from domain.logistics import WEEKS_PER_YEAR, SupplyLanes, courier_days, hub_of_part
from domain.network import Network
from domain.plan import StockTargets
from domain.service import group_of, service_targets
from optimizer.replenishment.instance.arrays import Floats, Ints, Leaves, Points, Texts, ten_digits
from optimizer.replenishment.instance.today import net_stock_at, open_orders, region_supply

_USED_BEFORE_IT_SPOILS = 0.9  # probability with which what is there is used within its shelf life (MODEL 3)


def leaves_and_points(
    network: Network,
    good: pd.DataFrame,
    forecast: Forecast,
    targets: StockTargets,
    supply: SupplyLanes,
    depots: Texts,
    parts_table: pd.DataFrame,
    weeks: int,
) -> tuple[Leaves, Points, tuple[str, ...], Ints]:
    """(leaves sorted by part and depot, their points, names of the points' groups, first leaf of each part).

    good: what `good_stock` says.
    """
    part_code = pd.Series(np.arange(len(parts_table)), index=parts_table["part"])
    depot_code = pd.Series(np.arange(len(depots)), index=depots)
    leaf_part = part_code.reindex(list(forecast.part)).to_numpy(np.int64)
    leaf_depot = depot_code[[network.depot_of_region[r] for r in forecast.region]].to_numpy()
    order = np.lexsort((leaf_depot, leaf_part))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    part, depot, region = leaf_part[order], leaf_depot[order], forecast.region[order]
    rows = parts_table["_row"].to_numpy()[part]

    landed, lead_days = _ordinary_lanes(supply, depots, depot, rows)
    points, groups = _points(network, good, forecast, targets, place, depots[depot], landed)
    leaf_of_point = np.sort(place[forecast.share_leaf])
    stock, inbound = region_supply(network, good, part_code, region, part, weeks)
    base_stock = np.bincount(leaf_of_point, points.base_stock, minlength=len(order))
    backlog = open_orders(network, part_code, region, part)

    window = _uncertain_weeks(network, good, parts_table, part, lead_days)
    window_mean, window_variance = _window_moments(forecast, order, window, weeks)
    mean = np.ascontiguousarray(forecast.mean[order][:, :weeks])  # one layout: kernels compile once
    holding_rate = network.site_of["holding_rate_per_year"]
    net_stock = stock - base_stock - backlog
    shelf_row, shelf_limit = _shelf_limits(forecast, order, supply, rows, net_stock, inbound)
    leaves = Leaves(
        part=part,
        depot=depot,
        region=region,
        net_stock=net_stock,
        initial_stock=stock,
        inbound=inbound,
        late_mean=np.maximum(np.cumsum(mean, axis=1) - window_mean, 0.0),
        window_mean=window_mean,
        window_variance=window_variance,
        weekly_mean=mean,
        batch_index=forecast.batch_index[order],
        kappa=1.0 / forecast.rate_shape[order],
        discount=forecast.discount[order],
        drift=forecast.drift[order],
        landed=landed,
        lead_weeks=lead_days / DAYS_PER_WEEK,
        holding=landed * holding_rate[depots[depot]].to_numpy(float) / WEEKS_PER_YEAR,
        point_start=np.searchsorted(leaf_of_point, np.arange(len(order) + 1)),
        shelf_row=shelf_row,
        shelf_limit=shelf_limit,
    )
    return leaves, points, groups, np.searchsorted(part, np.arange(len(parts_table) + 1))


def _ordinary_lanes(supply: SupplyLanes, depots: Texts, depot: Ints, rows: Ints) -> tuple[Floats, Floats]:
    """(landed unit cost, lead days) of each leaf's ordinary lane; unit cost and 0 days where no lane may carry it."""
    landed, lead_days = np.empty(len(depot)), np.zeros(len(depot))
    for code, site in enumerate(depots):
        here = depot == code
        lane, cost = supply.ordinary(site)
        lane, cost = lane[rows[here]], cost[rows[here]]
        landed[here] = np.where(lane >= 0, cost, supply.parts["unit_cost"].to_numpy(float)[rows[here]])
        lead_days[here] = np.append(supply.lead_days, 0)[lane]
    return landed, lead_days


def _uncertain_weeks(
    network: Network, good: pd.DataFrame, parts_table: pd.DataFrame, part: Ints, lead_days: Floats
) -> Ints:
    """W: weeks within which new shipments cannot answer demand, supplier lead added where the hub holds none."""
    hub = pd.Series(hub_of_part(network), index=network.parts["part"])
    at_hub = set(good.loc[(good["part"].map(hub) == good["site"]) & (good["on_hand"] > 0), "part"])
    supplier_lead = dict(zip(network.suppliers["supplier"], network.suppliers["lead_time_days"], strict=True))
    extra = np.array(
        [
            0.0 if p in at_hub else np.ceil(supplier_lead.get(s, 0.0))
            for p, s in zip(parts_table["part"], parts_table["supplier"], strict=True)
        ]
    )
    weeks: Ints = np.ceil((lead_days + DAYS_PER_WEEK + extra[part]) / DAYS_PER_WEEK).astype(np.int64)
    return weeks


def _window_moments(forecast: Forecast, order: Ints, window: Ints, weeks: int) -> tuple[Floats, Floats]:
    """Mean and variance of demand over the last min(t, window) weeks before the end of week t, (leaves, weeks)."""
    mean, variance = np.empty((len(order), weeks)), np.empty((len(order), weeks))
    for width in np.unique(window):
        rows = np.flatnonzero(window == width)
        leaf = order[rows]
        weekly, shape, psi = forecast.mean[leaf], forecast.rate_shape[leaf], forecast.batch_index[leaf]
        discount, drift = forecast.discount[leaf], forecast.drift[leaf]
        cumulative = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(weekly, axis=1)], axis=1)
        for t in range(1, weeks + 1):
            first = max(t - int(width), 0)
            units = cumulative[:, t] - cumulative[:, first]
            kappa = relative_variance(weekly[:, first:t], shape, discount, drift, first + 1)
            mean[rows, t - 1], variance[rows, t - 1] = units, psi * units + kappa * units**2
    return mean, variance


def _shelf_limits(
    forecast: Forecast, order: Ints, supply: SupplyLanes, rows: Ints, net_stock: Floats, inbound: Floats
) -> tuple[Ints, Ints]:
    """(row of each leaf in the limits or −1, most units shipped by slot k = 0..K that will be used before they spoil).

    O + A_k ≤ 90 % quantile of demand until the shelf life after week k ends (MODEL 3), or the forecast does.
    """
    life = supply.parts["shelf_life_days"].to_numpy(float)[rows]
    spoils = np.flatnonzero(np.isfinite(life))
    row = np.full(len(rows), -1)
    row[spoils] = np.arange(len(spoils))
    limit = np.zeros((len(spoils), inbound.shape[1] + 1), np.int64)
    if len(spoils) == 0:
        return row, limit
    weeks = (life[spoils] // DAYS_PER_WEEK).astype(np.int64)
    variances: dict[int, Floats] = {}
    means = np.cumsum(forecast.mean[order][spoils], axis=1)
    for k in range(1, limit.shape[1]):
        last = np.minimum(k + weeks, forecast.weeks)
        mean, variance = np.zeros(len(spoils)), np.zeros(len(spoils))
        for until in np.unique(last):
            if until not in variances:
                variances[until] = forecast.interval_variance(1, int(until))[order][spoils]
            here = last == until
            mean[here], variance[here] = means[here, until - 1], variances[until][here]
        used = quantile_table(mean, variance, np.array([_USED_BEFORE_IT_SPOILS]))[:, 0]
        limit[:, k] = np.maximum(np.floor(used - net_stock[spoils] - inbound[spoils, k - 1] + 1e-9), 0)
    return row, limit


def _points(
    network: Network,
    good: pd.DataFrame,
    forecast: Forecast,
    targets: StockTargets,
    place: Ints,
    depot_of_leaf: Texts,
    landed: Floats,
) -> tuple[Points, tuple[str, ...]]:
    """The points of every leaf, ordered by content and only then by name; names of their groups."""
    leaf = place[forecast.share_leaf]
    name, sites = pd.factorize(forecast.share_site, sort=True)
    order = np.lexsort((name, leaf))
    leaf, name, share = leaf[order], name[order], forecast.share[order]
    parts, of_part = pd.factorize(forecast.part)[::-1]
    part, site = of_part[forecast.share_leaf[order]], sites[name]
    target = _rows_of_targets(targets, parts, sites, part * len(sites) + name)
    group_name = np.append(targets.table["group"].to_numpy(object), "")[target]
    names = np.array(list(service_targets(network)), dtype=object)
    missing = target < 0
    group_name[missing] = names[group_of(network, parts[part[missing]], site[missing])]
    group_names = tuple(sorted(targets.waiting_price))
    codes = pd.Series(np.arange(len(group_names)), index=list(group_names))[group_name].to_numpy()
    prices = ten_digits(np.array([targets.waiting_price[g] for g in group_names]))
    days = courier_days(network).fillna(0.0).reindex(sites).to_numpy(float)[name]
    rate = network.site_of["holding_rate_per_year"].reindex(sites).to_numpy(float)[name]
    base_stock = np.append(targets.table["base_stock"].fillna(0).to_numpy(np.int64), 0)[target]
    net_stock = net_stock_at(network, good, parts[part], site)
    points = Points(
        site=site,
        group=codes,
        share=share,
        base_stock=base_stock,
        # what a depot holds beyond the base stock of its own customers is there for every point
        net_stock=np.where(site == depot_of_leaf[leaf], np.minimum(net_stock, base_stock), net_stock),
        courier_weeks=days / DAYS_PER_WEEK,
        holding=landed[leaf] * rate / WEEKS_PER_YEAR,
        waiting=prices[codes],
    )
    content = (name, points.net_stock, points.holding, points.waiting, points.courier_weeks)
    by_content = np.lexsort((*content, points.base_stock, points.share, leaf))
    return Points(**{name: column[by_content] for name, column in vars(points).items()}), group_names


def _rows_of_targets(targets: StockTargets, parts: Texts, sites: Texts, wanted: Ints) -> Ints:
    """Row of the targets of every pair in `wanted`, part × number of sites + site; −1 where it has none.

    Raises ValueError when a pair has two.
    """
    table = targets.table
    part, site = (
        pd.Index(parts).get_indexer(pd.Index(table["part"])),
        pd.Index(sites).get_indexer(pd.Index(table["site"])),
    )
    rows = np.flatnonzero((table["group"] != "").to_numpy() & (part >= 0) & (site >= 0))
    pair = pd.Index(part[rows] * len(sites) + site[rows])
    if not pair.is_unique:
        twice = table.iloc[rows[pair.duplicated()][0]]
        raise ValueError(f"part {twice['part']} has two targets at {twice['site']}")
    found: Ints = np.append(rows, -1)[pair.get_indexer(pd.Index(wanted))]
    return found
