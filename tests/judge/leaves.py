"""Every leaf (part × region) as arrays: stock, frozen inbound, demand, repair points, money (decision 0003)."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from math import ceil, hypot
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network

from .calendar import Calendar
from .frames import as_date, good_stock, rows
from .laws import Floats, last_slot
from .prices import Prices

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Points:
    """Repair points of all leaves, flat and sorted by leaf: shape (points,).

    stock_up_to S_p, share of the leaf's demand, courier_days c_p, holding money per unit and week, price b_g of a unit
    waiting a week, late_price = landed + b_g · lead / 7, the end charge of a backorder; group by name.
    """

    leaf: Ints
    site: list[str]
    group: list[str]
    stock_up_to: Floats
    share: Floats
    courier_days: Floats
    holding: Floats
    price: Floats
    late_price: Floats


@dataclass(frozen=True)
class Leaves:
    """Leaves by row, sorted by (part, region); weekly arrays have shape (leaves, K).

    initial: good stock at depot and points; position: O + frozen inbound through week t; net: the same − the certain
    part of demand (M_t − M_w); recent_mean, recent_variance: moments of D_w; inbound: frozen units due in each
    week; rho: the depot's ρ_t(k), shape (K, K + 1); holding: money per unit at the depot and week.
    """

    key: list[tuple[str, str]]
    depot: list[str]
    initial: Floats
    inbound: Floats
    position: Floats
    net: Floats
    weekly_mean: Floats
    recent_mean: Floats
    recent_variance: Floats
    batch_index: Floats
    kappa: Floats
    holding: Floats
    rho: list[Floats]
    points: Points


def leaves_of(
    network: Network,
    frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    waiting_price: dict[str, float],
    calendar: Calendar,
    prices: Prices,
) -> Leaves:
    """The leaves of the forecast; `frames` are forecast, shares and targets of the plan."""
    forecast, shares, targets = frames
    mean, law = weekly_means(forecast, calendar, calendar.weeks)
    key = [(str(part), str(region)) for part, region in mean.index]
    depot = [network.depot_of_region[region] for _, region in key]
    ordinary = [prices.ordinary(part, site) for (part, _), site in zip(key, depot, strict=True)]
    lead = [0 if lane is None else calendar.lead_days[lane] for lane in ordinary]
    landed = [
        prices.part[part].unit_cost if lane is None else prices.unit(part, lane).landed
        for (part, _), lane in zip(key, ordinary, strict=True)
    ]
    stock, inbound = good_stock(network), _frozen_inbound(network, calendar)
    points = _points(network, key, shares, targets, calendar, prices, waiting_price, (landed, lead))
    initial, net = np.zeros(len(key)), np.zeros(len(key))
    due = np.zeros((len(key), calendar.weeks))
    sites = {region: [site] for region, site in network.depot_of_region.items()}
    for row in rows(network.sites):
        if row.kind == "repair_point":
            sites[row.region].append(row.site)
    waiting = _open_repair_orders(network, sites)
    for leaf, (part, region) in enumerate(key):
        initial[leaf] = sum(stock[part, site] for site in sites[region])
        net[leaf] = initial[leaf] - waiting[part, region]
        for site in sites[region]:
            for week, quantity in inbound[part, site].items():
                due[leaf, week - 1] += quantity
    net -= np.bincount(points.leaf, weights=points.stock_up_to, minlength=len(key))

    window = [
        ceil((days + 7 + _supplier_days(part, stock, calendar, prices)) / 7)
        for (part, _), days in zip(key, lead, strict=True)
    ]
    weekly = mean.to_numpy(dtype=np.float64)
    recent, variance = demand_moments(weekly, law, np.array(window, dtype=np.int64))
    certain = np.cumsum(weekly, axis=1) - recent
    position = net[:, None] + np.cumsum(due, axis=1)
    return Leaves(
        key=key,
        depot=depot,
        initial=initial,
        inbound=due,
        position=position,
        net=position - certain,
        weekly_mean=weekly,
        recent_mean=recent,
        recent_variance=variance,
        batch_index=law["dispersion"],
        kappa=1.0 / law["rate_shape"],
        holding=np.array([prices.holding_rate_per_week(d) * c for d, c in zip(depot, landed, strict=True)]),
        rho=_slot_laws(depot, calendar, prices),
        points=points,
    )


def weekly_means(
    forecast: pd.DataFrame, calendar: Calendar, weeks: int | None
) -> tuple[pd.DataFrame, dict[str, Floats]]:
    """Weekly means by (part, region) of weeks 1..`weeks` (None: all there are), and ψ, a, δ, ω of each.

    Raises ValueError for a missing week.
    """
    frame = forecast.assign(week=[calendar.week(as_date(day)) for day in forecast["week"]])
    last = int(frame["week"].max()) if weeks is None else weeks
    frame = frame[(frame["week"] >= 1) & (frame["week"] <= last)]
    mean = frame.pivot(index=["part", "region"], columns="week", values="mean").sort_index()
    mean = mean.reindex(columns=range(1, last + 1))
    if mean.isna().to_numpy().any():
        part, region = mean.index[mean.isna().any(axis=1)][0]
        raise ValueError(f"the forecast of {part} in {region} does not cover weeks 1..{last}")
    first = frame.groupby(["part", "region"], sort=True)[["dispersion", "rate_shape", "discount", "drift"]].first()
    first = first.reindex(mean.index)
    return mean, {str(name): first[name].to_numpy(dtype=np.float64) for name in first.columns}


def demand_moments(weekly: Floats, law: dict[str, Floats], window: Ints) -> tuple[Floats, Floats]:
    """Mean and variance ψM + κM² of the last min(t, W) weeks of demand, shape (leaves, K).

    κM² = (1/a)·ΣᵤΣᵥ eᵤeᵥ δ^(−ω·min(u, v)) with eᵤ the weekly means.
    """
    leaves, weeks = weekly.shape
    mean, spread = np.zeros((leaves, weeks)), np.zeros((leaves, weeks))
    growth = law["discount"][:, None] ** (-law["drift"][:, None] * np.arange(1, weeks + 1)[None, :])
    for width in np.unique(window):
        same = np.flatnonzero(window == width)
        for t in range(1, weeks + 1):
            span = slice(max(t - width, 0), t)
            e = weekly[same, span]
            later = e[:, ::-1].cumsum(axis=1)[:, ::-1] - e
            mean[same, t - 1] = e.sum(axis=1)
            spread[same, t - 1] = (growth[same, span] * e * (e + 2.0 * later)).sum(axis=1)
    return mean, law["dispersion"][:, None] * mean + spread / law["rate_shape"][:, None]


def _frozen_inbound(network: Network, calendar: Calendar) -> dict[tuple[str, str], dict[int, int]]:
    """Units by week 1..K for every (part, site)."""
    inbound: dict[tuple[str, str], dict[int, int]] = defaultdict(Counter)
    for row in rows(network.inbound):
        week = calendar.due_week(row.expected)
        if week <= calendar.weeks:
            inbound[row.part, row.destination][week] += row.quantity
    return inbound


def _open_repair_orders(network: Network, sites: dict[str, list[str]]) -> Counter[tuple[str, str]]:
    region_of = {site: region for region, all_sites in sites.items() for site in all_sites}
    waiting: Counter[tuple[str, str]] = Counter()
    for row in rows(network.repair_orders):
        waiting[row.part, region_of.get(row.site, "")] += row.quantity
    return waiting


def _supplier_days(part: str, stock: Counter[tuple[str, str]], calendar: Calendar, prices: Prices) -> int:
    """Supplier lead days where the hub holds none of the part."""
    supplier = prices.part[part].supplier
    return 0 if supplier == "" or stock[part, prices.hub[part]] > 0 else calendar.supplier_days[supplier]


def _slot_laws(depot: list[str], calendar: Calendar, prices: Prices) -> list[Floats]:
    """ρ of each leaf's depot, by the lane that is ordinary for most parts (of equals the faster)."""
    rho = {}
    for site in set(depot):
        votes = Counter(lane for lane in (prices.ordinary(part, site) for part in prices.part) if lane is not None)
        sd_days = 0.0
        if votes:
            lane = min(votes, key=lambda lane: (-votes[lane], calendar.lead_days[lane], lane))
            sd_days = hypot(calendar.lane[lane].transit_days_sd, calendar.lane[lane].customs_days_sd)
        rho[site] = last_slot(sd_days / 7.0, calendar.weeks)
    return [rho[site] for site in depot]


def _points(
    network: Network,
    key: list[tuple[str, str]],
    shares: pd.DataFrame,
    targets: pd.DataFrame,
    calendar: Calendar,
    prices: Prices,
    waiting_price: dict[str, float],
    ordinary: tuple[list[float], list[int]],
) -> Points:
    """The points of every leaf that have a share; the depot itself counts as a point without a shelf."""
    leaf_of, region_of = {pair: row for row, pair in enumerate(key)}, dict(network.site_of["region"])
    kind = dict(network.site_of["kind"])
    share = {(str(row.part), str(row.site)): float(row.share) for row in rows(shares)}
    target: dict[tuple[str, str], Any] = {(str(row.part), str(row.site)): row for row in rows(targets)}
    on_shelf = {(part, site) for part, site in target if kind[site] == "repair_point"}
    where = sorted(
        (leaf_of[part, region_of[site]], part, site)
        for (part, site), value in share.items()
        if value > 0 and (part, region_of[site]) in leaf_of
    )
    landed, lead = ordinary
    groups = _Groups(network, calendar, prices)
    group = [target[p, s].group if (p, s) in target and target[p, s].group else groups.of(p, s) for _, p, s in where]
    price = np.array([waiting_price[name] for name in group], dtype=np.float64)
    index = np.array([leaf for leaf, _, _ in where], dtype=np.int64)
    unit = np.array(landed, dtype=np.float64)[index]
    return Points(
        leaf=index,
        site=[site for _, _, site in where],
        group=group,
        stock_up_to=np.array([target[p, s].base_stock if (p, s) in on_shelf else 0 for _, p, s in where], np.float64),
        share=np.array([share[p, s] for _, p, s in where], np.float64),
        courier_days=_courier_days([s for _, _, s in where], network, calendar),
        holding=np.array([prices.holding_rate_per_week(s) for _, _, s in where], np.float64) * unit,
        price=price,
        late_price=unit + price * np.array(lead, dtype=np.float64)[index] / 7.0,
    )


def _courier_days(sites: list[str], network: Network, calendar: Calendar) -> Floats:
    """Mean days of the fastest lane depot → point, of whatever mode; 0 at the depot and where no lane goes."""
    days: dict[str, float] = {}
    for site in set(sites):
        depot = network.depot_of_region[calendar.site[site].region]
        lanes = [row for row in calendar.lane.values() if (row.origin, row.destination) == (depot, site)]
        days[site] = min((row.transit_days + row.customs_days for row in lanes), default=0.0)
    return np.array([days[site] for site in sites], dtype=np.float64)


class _Groups:
    """The first row of `service` that fits a part at a point, else `default`."""

    def __init__(self, network: Network, calendar: Calendar, prices: Prices) -> None:
        self._rows = list(rows(network.service))
        self._calendar, self._prices = calendar, prices
        brand = dict(zip(network.models["model"], network.models["brand"], strict=True))
        self._brands: dict[str, set[str]] = defaultdict(set)
        for row in rows(network.fitment):
            self._brands[row.part].add(brand[row.model])

    def of(self, part: str, site: str) -> str:
        item, place = self._prices.part[part], self._calendar.site[site]
        for row in self._rows:
            if (
                row.part_class in ("", item.part_class)
                and row.criticality in ("", item.criticality)
                and (row.brand == "" or row.brand in self._brands[part])
                and row.region in ("", place.region)
                and row.country in ("", place.country)
            ):
                return str(row.group)
        return "default"
