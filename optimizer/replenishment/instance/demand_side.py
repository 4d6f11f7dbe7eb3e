"""Where demand arises: leaves (part × depot) and the repair points each of them serves."""

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.counts import quantile_table
from domain.forecast import Forecast
from domain.logistics import WEEKS_PER_YEAR, SupplyLanes, courier_days, hub_of_part
from domain.network import Network
from domain.plan import StockTargets
from domain.service import group_of, service_targets
from optimizer.replenishment.instance.arrays import Floats, Ints, Leaves, Points, Texts, ten_digits
from optimizer.replenishment.instance.today import good_stock, net_stock_at, open_orders, region_supply

_USED_BEFORE_IT_SPOILS = 0.9  # probability with which what is there is used within its shelf life (MODEL 3)


def leaves_and_points(
    network: Network,
    forecast: Forecast,
    targets: StockTargets,
    supply: SupplyLanes,
    depots: Texts,
    parts_table: pd.DataFrame,
    weeks: int,
) -> tuple[Leaves, Points, tuple[str, ...], Ints]:
    """(leaves sorted by part and depot, their points, names of the points' groups, first leaf of each part)."""
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
    points, groups = _points(network, forecast, targets, place, depots[depot], landed)
    leaf_of_point = np.sort(place[forecast.share_leaf])
    stock, inbound = region_supply(network, part_code, region, part, weeks)
    base_stock = np.bincount(leaf_of_point, points.base_stock, minlength=len(order))
    backlog = open_orders(network, part_code, region, part)

    window = _uncertain_weeks(network, parts_table, part, lead_days)
    window_mean, window_variance = _window_moments(forecast, order, window, weeks)
    mean = forecast.mean[order][:, :weeks]
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


def _uncertain_weeks(network: Network, parts_table: pd.DataFrame, part: Ints, lead_days: Floats) -> Ints:
    """W: weeks within which new shipments cannot answer demand, supplier lead added where the hub holds none."""
    hub = pd.Series(hub_of_part(network), index=network.parts["part"])
    good = good_stock(network)
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
    cumulative = np.concatenate([np.zeros((len(order), 1)), np.cumsum(forecast.mean[order], axis=1)], axis=1)
    drifting = bool(((forecast.drift > 0) & (forecast.discount < 1)).any())
    kappa = 1.0 / forecast.rate_shape[order]
    psi = forecast.batch_index[order]
    for t in range(1, weeks + 1):
        first = np.maximum(t - window, 0)
        mean[:, t - 1] = cumulative[:, t] - cumulative[np.arange(len(order)), first]
        if drifting:
            kappa = np.empty(len(order))
            for start in np.unique(first):
                rows = first == start
                kappa[rows] = forecast.relative_variance(int(start) + 1, t)[order][rows]
        variance[:, t - 1] = psi * mean[:, t - 1] + kappa * mean[:, t - 1] ** 2
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
    network: Network, forecast: Forecast, targets: StockTargets, place: Ints, depot_of_leaf: Texts, landed: Floats
) -> tuple[Points, tuple[str, ...]]:
    """The points of every leaf, ordered by content and only then by name; names of their groups."""
    leaf = place[forecast.share_leaf]
    order = np.lexsort((forecast.share_site.astype(str), leaf))
    leaf, site, share = leaf[order], forecast.share_site[order], forecast.share[order]
    keys = pd.DataFrame({"part": forecast.part[forecast.share_leaf][order], "site": site})
    table = targets.table.loc[targets.table["group"] != "", ["part", "site", "group", "base_stock"]]
    found = keys.merge(table, on=["part", "site"], how="left", validate="one_to_one")
    names = np.array(list(service_targets(network)), dtype=object)
    missing = found["base_stock"].isna().to_numpy()
    group_name = found["group"].to_numpy(object)
    group_name[missing] = names[group_of(network, keys["part"].to_numpy(object)[missing], site[missing])]
    group_names = tuple(sorted(targets.waiting_price))
    codes = pd.Series(np.arange(len(group_names)), index=list(group_names))[group_name].to_numpy()
    prices = ten_digits(np.array([targets.waiting_price[g] for g in group_names]))
    depot_here = depot_of_leaf[leaf]
    days = courier_days(network).fillna(0.0).reindex(list(site)).to_numpy(float)
    rate = network.site_of["holding_rate_per_year"].reindex(list(site)).to_numpy(float)
    base_stock = found["base_stock"].fillna(0).to_numpy(np.int64)
    net_stock = net_stock_at(network, keys["part"].to_numpy(object), site)
    points = Points(
        site=site,
        group=codes,
        share=share,
        base_stock=base_stock,
        # what a depot holds beyond the base stock of its own customers is there for every point
        net_stock=np.where(site == depot_here, np.minimum(net_stock, base_stock), net_stock),
        courier_weeks=days / DAYS_PER_WEEK,
        holding=landed[leaf] * rate / WEEKS_PER_YEAR,
        waiting=prices[codes],
    )
    content = (points.site.astype(str), points.net_stock, points.holding, points.waiting, points.courier_weeks)
    by_content = np.lexsort((*content, points.base_stock, points.share, leaf))
    return Points(**{name: column[by_content] for name, column in vars(points).items()}), group_names
