"""From network, forecast and prices of waiting to the siting problem: parts added up by point and depot."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.counts import expected_backorders, quantile
from domain.forecast import Forecast
from domain.logistics import LITRES_PER_M3, WEEKS_PER_YEAR, SupplyLanes, supply_lanes
from domain.network import Network
from domain.service import group_of, service_targets
from optimizer.siting.problem import SitingProblem
from optimizer.siting.served import served_today
from optimizer.siting.ways import last_leg, ways_to_points

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]

REVIEW_DAYS = 7.0
LEVELS = 8
"""Loads at which a depot's stock cost is computed, in equal ratios from the smallest point to all of them."""
_UNREACHED_WEEKS = 26.0  # what no lane may bring is missing until the year ends, on average half of it
_EDGE = 1e-9


@dataclass(frozen=True)
class _Wanted:
    """A row per part and point with demand: rows of the tables, units a week, money per unit waiting per week."""

    part: Ints
    site: Objects
    units: Floats
    waiting: Floats
    kappa: Floats
    batch: Floats


@dataclass(frozen=True)
class _Supply:
    """Of every part × depot: money of a unit from hub to shelf beyond its unit cost, landed unit cost (inf: no lane may
    bring it), days and their variance, by the ordinary lane."""

    money: Floats
    landed: Floats
    days: Floats
    variance: Floats


def aggregate(network: Network, forecast: Forecast, waiting_price: Mapping[str, float]) -> SitingProblem:
    """The siting problem of a network with candidates: a point stays with its depot, goes to a candidate, or, where a
    candidate serves it today, to any depot with a lane to it.

    waiting_price: money per unit waiting per week, by service group.
    """
    depots = network.sites.loc[network.sites["kind"] == "depot", "site"].to_numpy(object)
    opening = network.site_of["opening_cost_per_year"].reindex(depots).to_numpy(float)
    wanted, supply = _wanted(network, forecast, waiting_price), _supply(network, depots)
    points, point = np.unique(wanted.site.astype(str), return_inverse=True)
    load = np.bincount(point, wanted.units, len(points)).astype(float) * WEEKS_PER_YEAR
    ways = _ways(network, depots, points.astype(object), ~np.isnan(opening))
    line_depot, fixed, slope, most = _stock_lines(network, depots, supply, wanted, load)
    today = pd.Series(served_today(network))
    now = np.array([today.get(name, name) for name in points], object)
    kept = np.array([load[now == depot].sum() for depot in depots])
    return SitingProblem(
        depot=depots,
        candidate=~np.isnan(opening),
        must=np.isin(depots, points.astype(object)),
        opening=np.nan_to_num(opening),
        most=np.maximum(most, kept),
        point=points.astype(object),
        load=load,
        way_depot=ways["depot"].to_numpy(np.int64),
        way_point=ways["point"].to_numpy(np.int64),
        money=_money(network, depots, ways, wanted, point, supply),
        line_depot=line_depot,
        fixed=fixed,
        slope=slope,
    )


def _wanted(network: Network, forecast: Forecast, waiting_price: Mapping[str, float]) -> _Wanted:
    leaf = forecast.share_leaf
    units = forecast.share * forecast.mean.mean(axis=1)[leaf]
    rows = np.flatnonzero(units > 0)
    rows = rows[np.lexsort((forecast.share_site[rows].astype(str), leaf[rows]))]
    leaf = leaf[rows]
    part, site = forecast.part[leaf], forecast.share_site[rows]
    price = np.array([waiting_price[name] for name in service_targets(network)])
    return _Wanted(
        part=pd.Index(network.parts["part"]).get_indexer(pd.Index(part)).astype(np.int64),
        site=site,
        units=units[rows],
        waiting=price[group_of(network, part, site)],
        kappa=1.0 / forecast.rate_shape[leaf],
        batch=forecast.batch_index[leaf],
    )


def _ways(network: Network, depots: Objects, points: Objects, candidate: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """depot and point (rows), days, lane (−1: the demand is the depot's own); sorted by (point, depot).

    Today's way is one even where no lane leads there: the plan of today stands on it.
    """
    today, found = served_today(network), ways_to_points(network)
    ends = zip(found["point"], found["depot"], strict=True)
    lanes = dict(zip(ends, zip(found["days"].astype(float), found["lane"].astype(int), strict=True), strict=True))
    rows = []
    for number, point in enumerate(points):
        now = today.get(point, point)
        free = bool(candidate[depots == now][0])
        for row, depot in enumerate(depots):
            way = (point, depot)
            if point not in today:
                if depot == point:
                    rows.append((row, number, 0.0, -1))
            elif way in lanes and (depot == now or candidate[row] or free):
                rows.append((row, number, *lanes[way]))
            elif depot == now:
                rows.append((row, number, 0.0, -1))
    return pd.DataFrame(rows, columns=["depot", "point", "days", "lane"])


def _supply(network: Network, depots: Objects) -> _Supply:
    lanes = supply_lanes(network)
    found = [_supply_of(lanes, str(depot)) for depot in depots]
    money, landed, days, variance = (np.stack(values, axis=1) for values in zip(*found, strict=True))
    return _Supply(money, landed, days, variance)


def _supply_of(lanes: SupplyLanes, depot: str) -> tuple[Floats, Floats, Floats, Floats]:
    lane, landed = lanes.ordinary(depot)
    rows, at = np.arange(len(lane)), np.maximum(lane, 0)
    if not len(lanes.lanes):
        return landed, landed, np.zeros(len(lane)), np.zeros(len(lane))
    a_kg = (lanes.lanes["cost_per_consignment"] / lanes.lanes["consignment_kg"]).fillna(0.0).to_numpy(float)
    boxed = a_kg[at] * lanes.parts["weight_kg"].to_numpy(float)
    money = landed - lanes.parts["unit_cost"].to_numpy(float) + lanes.transit_capital[rows, at] + boxed
    return np.where(lane < 0, np.inf, money), landed, lanes.lead_days[at].astype(float), lanes.lead_days_sd[at] ** 2


def _money(
    network: Network, depots: Objects, ways: pd.DataFrame, wanted: _Wanted, point: Ints, supply: _Supply
) -> Floats:
    """Supply, last leg and shelf of all parts of a point served one way, money a year, shape (ways,)."""
    keys = pd.DataFrame({"point": point, "row": np.arange(len(point))})
    pairs = ways.rename_axis("way").reset_index().merge(keys, on="point", sort=False)
    row, way = pairs["row"].to_numpy(np.int64), pairs["way"].to_numpy(np.int64)
    depot, part, units, waiting = (
        pairs["depot"].to_numpy(np.int64),
        wanted.part[row],
        wanted.units[row],
        wanted.waiting[row],
    )
    reached = np.isfinite(supply.landed[part, depot])
    unit = np.where(reached, supply.money[part, depot], _UNREACHED_WEEKS * waiting)
    unit = unit + last_leg(network, pairs["lane"].to_numpy(np.int64), part)
    sites = network.site_of.reindex(wanted.site[row])
    bare = network.parts["unit_cost"].to_numpy(float)[part]
    value = np.where(reached, supply.landed[part, depot], bare)
    mean = units * pairs["days"].to_numpy(float) / DAYS_PER_WEEK
    shelf, _ = _stock(
        mean,
        wanted.batch[row] * mean + wanted.kappa[row] * mean**2,
        sites["holding_rate_per_year"].to_numpy(float) / WEEKS_PER_YEAR * value,
        waiting,
        sites["line_cost_per_year"].to_numpy(float) / WEEKS_PER_YEAR,
    )
    return np.bincount(way, (units * unit + shelf) * WEEKS_PER_YEAR, len(ways)).astype(float)


def _stock(mean: Floats, variance: Floats, holding: Floats, waiting: Floats, line: Floats) -> tuple[Floats, Floats]:
    """Least money a week of one part on one shelf, and the units on it: the newsvendor's level, or nothing at all.

    Pipeline N has these moments; level S costs h·E(S − N)⁺ + b·E(N − S)⁺ + the line where S > 0; S is the b/(b + h)
    quantile (Zipkin 2000, section 6.5).
    """
    both = waiting + holding
    level = np.clip(np.divide(waiting, both, out=np.full_like(both, 0.5), where=both > 0), _EDGE, 1 - _EDGE)
    stock = quantile(mean, variance, level)
    short = expected_backorders(mean, variance, stock)
    on_hand = stock - mean + short
    kept = holding * on_hand + waiting * short + line * (stock > 0)
    nothing = waiting * mean
    return np.minimum(kept, nothing), np.where(kept < nothing, on_hand, 0.0)


def _stock_lines(
    network: Network, depots: Objects, supply: _Supply, wanted: _Wanted, load: Floats
) -> tuple[Ints, Floats, Floats, Floats]:
    """Depot (row), fixed and slope of the lines of every depot's stock cost, and the load its room allows (depots,).

    The mix of parts is taken to be the same everywhere; so the cost is a concave function of the load alone, computed
    at LEVELS loads, and lines join its upper envelope.
    """
    total = float(load.sum())
    loads = np.concatenate([[0.0], np.geomspace(max(float(load.min(initial=total)), total / 1e4), total, LEVELS)])
    mix = _Mix.of(wanted, len(network.parts))
    room = network.site_of["storage_m3"].reindex(depots).to_numpy(float) * LITRES_PER_M3
    lines: list[tuple[int, float, float]] = []
    most = np.full(len(depots), np.inf)
    for depot, name in enumerate(depots):
        money, litres = np.array([_at_load(network, str(name), supply, depot, mix, one) for one in loads]).T
        lines += [(depot, *line) for line in _envelope(loads, money)]
        if np.isfinite(room[depot]) and litres[-1] > room[depot]:
            most[depot] = float(np.interp(room[depot], np.maximum.accumulate(litres), loads))
    found = np.array(lines, float).reshape(-1, 3)
    return found[:, 0].astype(np.int64), found[:, 1], found[:, 2], most


@dataclass(frozen=True)
class _Mix:
    """What a unit of load is made of, over the parts wanted: their rows, share, law and price of waiting."""

    part: Ints
    share: Floats
    batch: Floats
    kappa: Floats
    waiting: Floats

    @classmethod
    def of(cls, wanted: _Wanted, parts: int) -> "_Mix":
        units = np.bincount(wanted.part, wanted.units, parts)
        rows = np.flatnonzero(units > 0)

        def typical(values: Floats) -> Floats:
            return np.asarray(np.bincount(wanted.part, wanted.units * values, parts)[rows] / units[rows])

        return cls(
            rows, units[rows] / units.sum(), typical(wanted.batch), typical(wanted.kappa), typical(wanted.waiting)
        )


def _at_load(network: Network, depot: str, supply: _Supply, row: int, mix: _Mix, load: float) -> tuple[float, float]:
    """Money a year and litres of the stock that `load` units a year need at a depot: safety stock and lots.

    Lots: n shipments a year of a part, at most weekly and of a unit at least, cost K·n + H·(D/n − 1)/2 (Harris 1913).
    """
    reached = np.isfinite(supply.landed[mix.part, row])
    part, week = mix.part[reached], load * mix.share[reached] / WEEKS_PER_YEAR
    site, value = network.site_of.loc[depot], supply.landed[part, row]
    lead = (supply.days[part, row] + REVIEW_DAYS) / DAYS_PER_WEEK
    mean = week * lead
    variance = mix.batch[reached] * mean + mix.kappa[reached] * mean**2
    variance += week**2 * supply.variance[part, row] / DAYS_PER_WEEK**2
    yearly = float(site["holding_rate_per_year"]) * value
    line = np.full(len(part), float(site["line_cost_per_year"]) / WEEKS_PER_YEAR)
    money, units = _stock(mean, variance, yearly / WEEKS_PER_YEAR, mix.waiting[reached], line)
    demand, handling = week * WEEKS_PER_YEAR, network.settings.order_line_cost
    often = np.minimum(demand, WEEKS_PER_YEAR)
    if handling > 0:
        often = np.minimum(often, np.sqrt(yearly * demand / (2 * handling)))
    lot = np.divide(demand, often, out=np.ones_like(demand), where=often > 0)
    lots = handling * often + yearly * (lot - 1) / 2
    litres = network.parts["volume_l"].to_numpy(float)[part] * (units + (lot - 1) / 2)
    return float((money * WEEKS_PER_YEAR + lots).sum()), float(litres.sum())


def _envelope(loads: Floats, money: Floats) -> list[tuple[float, float]]:
    """(fixed, slope) of the lines that join the upper concave envelope of these points, the first from the origin."""
    kept = [0]
    for number in range(1, len(loads)):
        while len(kept) > 1 and _slope(loads, money, kept[-2], kept[-1]) <= _slope(loads, money, kept[-1], number):
            kept.pop()
        kept.append(number)
    lines = []
    for first, last in pairwise(kept):
        slope = _slope(loads, money, first, last)
        lines.append((max(float(money[last] - slope * loads[last]), 0.0), slope))
    return lines


def _slope(loads: Floats, money: Floats, first: int, last: int) -> float:
    return float((money[last] - money[first]) / max(loads[last] - loads[first], 1e-12))
