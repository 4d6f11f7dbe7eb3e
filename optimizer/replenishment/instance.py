"""The replenishment problem as arrays: ids become indices here, once, and never leave this folder.

Parts, depots and lanes are ordered by their content and only then by id, so that renaming changes nothing but names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, first_week, week_number
from domain.departures import departures, inner_weeks, supplier_calendar
from domain.forecast import Forecast
from domain.logistics import LITRES_PER_M3, WEEKS_PER_YEAR, SupplyLanes, hub_of_part, supply_lanes
from domain.network import Network
from domain.plan import StockTargets
from domain.service import group_of, service_targets
from optimizer.replenishment.slot_law import slot_law

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

NEVER = np.iinfo(np.int64).max // 4  # a day number after every horizon


@dataclass(frozen=True)
class Parts:
    """Parts with a forecast, and what their hub holds. Money per unit, kg, litres, units, day numbers."""

    part: Texts
    supplier: Ints
    unit_cost: Floats
    credit: Floats  # what a unit left at the end is worth: unit cost less obsolescence
    weight_kg: Floats
    litres: Floats
    moq: Ints
    multiple: Ints
    mended: Floats  # share of used units that comes back and is repaired
    mending_days: Floats
    last_order_week: Ints
    hub_stock: Ints
    hub_inbound_start: Ints  # slice of hub_inbound_* per part, shape (parts + 1,)
    hub_inbound_day: Ints
    hub_inbound_units: Ints
    hub_rate: float  # holding rate per week at the hub
    lane_cost: Floats  # freight + duty + capital under way per unit, (parts, lanes), inf where not allowed
    freight: Floats  # (parts, lanes)
    duty: Floats  # (parts, lanes)
    transit: Floats  # capital under way, (parts, lanes)
    leaf_start: Ints  # leaves of a part are contiguous, shape (parts + 1,)


@dataclass(frozen=True)
class Leaves:
    """Part × depot with demand, sorted by part. Units and money per unit and week."""

    part: Ints
    depot: Ints
    region: Texts
    net_stock: Floats  # O: depot and points' good stock − points' base stock − open repair orders
    initial_stock: Floats  # good stock at depot and points, units
    depot_stock: Floats  # of it at the depot, units
    inbound: Floats  # cumulative frozen inbound, (leaves, K)
    late_mean: Floats  # M_t − M_w: demand taken as certain, (leaves, K)
    window_mean: Floats  # M_w, (leaves, K)
    window_variance: Floats  # (leaves, K)
    weekly_mean: Floats  # (leaves, K)
    batch_index: Floats
    kappa: Floats
    discount: Floats
    drift: Floats
    landed: Floats
    lead_weeks: Floats  # of the ordinary lane
    holding: Floats  # at the depot
    point_start: Ints  # slice of Points per leaf, (leaves + 1,)


@dataclass(frozen=True)
class Points:
    """Repair points of each leaf, in leaf order."""

    site: Texts
    group: Ints
    share: Floats
    base_stock: Ints
    on_hand: Floats  # good stock today less what open repair orders there wait for, units
    courier_weeks: Floats
    holding: Floats  # money per unit and week
    waiting: Floats  # b: money per unit waiting and week


@dataclass(frozen=True)
class Departures:
    """Departures whose arrival slot lies in the inner horizon, sorted by (depot, slot, lane). Day numbers."""

    lane: Ints
    depot: Ints
    week: Ints
    departs: Ints
    arrives: Ints
    slot: Ints
    depot_start: Ints  # slice per depot, (depots + 1,)


@dataclass(frozen=True)
class Ordering:
    """When each supplier takes orders: cheapest prefix first. (suppliers, K); week k is column k − 1."""

    expected: Ints  # day number on which an order of that Monday can leave the hub, NEVER where closed or frozen
    expected_week: Ints
    latest: Ints  # (suppliers, departures): last order week that still makes the departure, 0 if none


@dataclass(frozen=True)
class Coupling:
    """Rows that parts share: budget per period, then kg and litres per departure. NaN-free: only limited rows."""

    budget: Floats  # money, (periods,), inf = no limit
    period_of_week: Ints  # (K + 1,), by 1-based week
    kg: Floats  # (departures,), inf = no limit
    litres: Floats  # (departures,), inf = no limit
    consignment_price: Floats  # money per kg, (departures,): cost per consignment ÷ its size, a lower bound


@dataclass(frozen=True)
class Instance:
    """Everything the optimizer reads."""

    weeks: int  # K, inner horizon
    first_monday: int  # day number of the Monday of week 1
    published: int  # T
    line_cost: float
    lanes: SupplyLanes
    lane_ids: Texts
    depots: Texts
    suppliers: Texts
    supplier_days: Floats  # mean lead time, (suppliers,)
    supplier_days_sd: Floats
    groups: tuple[str, ...]
    parts: Parts
    leaves: Leaves
    points: Points
    departures: Departures
    ordering: Ordering
    coupling: Coupling
    slot_law: Floats  # ρ: (depots, K + 1 weeks, K + 1 slots)


def build_instance(network: Network, forecast: Forecast, targets: StockTargets) -> Instance:
    """Index the network, its forecast and its targets.

    Raises ValueError when the forecast holds fewer weeks than the inner horizon needs.
    """
    supply = _ordered_lanes(network, supply_lanes(network))
    weeks = inner_weeks(network, supply.lead_days)
    if forecast.weeks < weeks:
        raise ValueError(f"the forecast holds {forecast.weeks} weeks; planning needs {weeks}")
    depots = _ordered_depots(network, supply)
    parts_table = _ordered_parts(network, supply, forecast)
    suppliers = np.array(sorted(set(parts_table["supplier"]), key=_supplier_key(network)), dtype=object)
    sailings = _departures(network, supply, depots, weeks)
    leaves, points, groups, leaf_start = _leaves(network, forecast, targets, supply, depots, parts_table, weeks)
    parts = _parts(network, supply, parts_table, suppliers, leaf_start)
    return Instance(
        weeks=weeks,
        first_monday=int(np.datetime64(first_week(network.settings.as_of), "D").astype(np.int64)),
        published=network.settings.horizon_weeks,
        line_cost=network.settings.order_line_cost,
        lanes=supply,
        lane_ids=supply.lanes["lane"].to_numpy(object),
        depots=depots,
        suppliers=suppliers,
        supplier_days=_of_supplier(network, suppliers, "lead_time_days"),
        supplier_days_sd=_of_supplier(network, suppliers, "lead_time_days_sd"),
        groups=groups,
        parts=parts,
        leaves=leaves,
        points=points,
        departures=sailings,
        ordering=_ordering(network, suppliers, sailings, weeks),
        coupling=_coupling(network, supply, sailings, weeks),
        slot_law=_slot_laws(supply, depots, leaves, weeks),
    )


# --- order by content, so that names do not matter ---------------------------------------------------------------


def _ordered_lanes(network: Network, supply: SupplyLanes) -> SupplyLanes:
    keys = supply.lanes.assign(_lead=supply.lead_days)[
        ["_lead", "cost_per_kg", "transit_days_sd", "capacity_kg_per_week", "departures", "lane"]
    ]
    order = keys.sort_values(list(keys.columns), kind="stable").index.to_numpy()
    return SupplyLanes(
        lanes=supply.lanes.iloc[order].reset_index(drop=True),
        parts=supply.parts,
        lead_days=supply.lead_days[order],
        lead_days_sd=supply.lead_days_sd[order],
        chargeable_kg=supply.chargeable_kg[:, order],
        freight=supply.freight[:, order],
        duty=supply.duty[:, order],
        landed=supply.landed[:, order],
        transit_capital=supply.transit_capital[:, order],
        allowed=supply.allowed[:, order],
    )


def _ordered_depots(network: Network, supply: SupplyLanes) -> Texts:
    depots = network.sites[network.sites["kind"] == "depot"]
    first_lane = {site: n for n, site in reversed(list(enumerate(supply.lanes["destination"])))}
    key = {site: (first_lane.get(site, len(supply.lanes)), site) for site in depots["site"]}
    return np.array(sorted(depots["site"], key=lambda site: key[site]), dtype=object)


def _ordered_parts(network: Network, supply: SupplyLanes, forecast: Forecast) -> pd.DataFrame:
    demand = pd.Series(forecast.mean.sum(axis=1)).groupby(forecast.part).sum()
    table = supply.parts.assign(_row=np.arange(len(supply.parts)), _demand=supply.parts["part"].map(demand))
    table = table[table["_demand"].notna()].assign(_demand=lambda t: t["_demand"].round(9))
    return table.sort_values(
        ["_demand", "unit_cost", "weight_kg", "volume_l", "moq", "part"], kind="stable"
    ).reset_index(drop=True)


def _supplier_key(network: Network) -> Callable[[str], tuple[float, str]]:
    lead = dict(zip(network.suppliers["supplier"], network.suppliers["lead_time_days"], strict=True))
    return lambda supplier: (lead.get(supplier, 0.0), supplier)


def _of_supplier(network: Network, suppliers: Texts, column: str) -> Floats:
    return network.suppliers.set_index("supplier")[column].reindex(suppliers).fillna(0.0).to_numpy(float)


# --- the pieces --------------------------------------------------------------------------------------------------


def _day_numbers(days: "pd.Series[pd.Timestamp]") -> Ints:
    return days.to_numpy("datetime64[D]").astype(np.int64)


def _good_stock(network: Network) -> pd.DataFrame:
    """Good stock by part and site, units; expired stock does not count."""
    stock = network.stock[network.stock["condition"] == "good"]
    expired = stock["expires"].notna() & (stock["expires"] < pd.Timestamp(network.settings.as_of))
    return stock[~expired].groupby(["part", "site"])["on_hand"].sum().reset_index()


def _inbound(network: Network) -> pd.DataFrame:
    """Frozen inbound with its week; what is late counts in week 1."""
    inbound = network.inbound[["part", "destination", "quantity", "expected"]]
    week = week_number(network.settings.as_of, inbound["expected"].to_numpy("datetime64[D]"))
    return inbound.assign(week=np.maximum(week, 1))


def _parts(network: Network, supply: SupplyLanes, table: pd.DataFrame, suppliers: Texts, leaf_start: Ints) -> Parts:
    settings = network.settings
    rows = table["_row"].to_numpy()
    unit_cost = table["unit_cost"].to_numpy(float)
    part_code = pd.Series(np.arange(len(table)), index=table["part"])
    hub = pd.Series(hub_of_part(network)[rows], index=table["part"])

    stock = _good_stock(network)
    stock = stock[stock["part"].map(hub) == stock["site"]]
    hub_stock = np.zeros(len(table), np.int64)
    np.add.at(hub_stock, part_code[stock["part"]].to_numpy(), stock["on_hand"].to_numpy())

    inbound = _inbound(network)
    inbound = inbound[inbound["part"].map(hub) == inbound["destination"]]
    inbound = inbound.assign(code=part_code[inbound["part"]].to_numpy(), day=_day_numbers(inbound["expected"]))
    inbound = inbound.sort_values(["code", "day", "quantity"], kind="stable")

    hub_rate = network.sites.loc[network.sites["kind"] == "origin", "holding_rate_per_year"].max()
    last = table["last_order_by"]
    last_day = last.fillna(pd.Timestamp("2262-01-01")).to_numpy("datetime64[D]").astype(np.int64)
    mondays_left = (last_day - np.datetime64(first_week(settings.as_of), "D").astype(np.int64)) // DAYS_PER_WEEK
    last_week = np.where(last.notna(), np.maximum(mondays_left + 1, 0), NEVER)
    on_lanes = supply.allowed[rows]
    moved = supply.freight[rows] + supply.duty[rows] + supply.transit_capital[rows]
    return Parts(
        part=table["part"].to_numpy(object),
        supplier=pd.Series(np.arange(len(suppliers)), index=suppliers)[table["supplier"]].to_numpy(),
        unit_cost=unit_cost,
        credit=unit_cost * (1.0 - settings.obsolescence_rate),
        weight_kg=table["weight_kg"].to_numpy(float),
        litres=table["volume_l"].to_numpy(float),
        moq=table["moq"].to_numpy(np.int64),
        multiple=table["order_multiple"].to_numpy(np.int64),
        mended=(table["return_rate"] * table["repair_yield"]).to_numpy(float),
        mending_days=table["repair_days"].to_numpy(float),
        last_order_week=last_week.astype(np.int64),
        hub_stock=hub_stock,
        hub_inbound_start=np.searchsorted(inbound["code"].to_numpy(), np.arange(len(table) + 1)),
        hub_inbound_day=inbound["day"].to_numpy(np.int64),
        hub_inbound_units=inbound["quantity"].to_numpy(np.int64),
        hub_rate=float(hub_rate) / WEEKS_PER_YEAR,
        lane_cost=np.where(on_lanes, moved, np.inf),
        freight=supply.freight[rows],
        duty=supply.duty[rows],
        transit=supply.transit_capital[rows],
        leaf_start=leaf_start,
    )


def _departures(network: Network, supply: SupplyLanes, depots: Texts, weeks: int) -> Departures:
    frame = departures(network, supply.lanes, supply.lead_days, weeks)
    frame = frame[(frame["slot"] <= weeks) & (frame["week"] > network.settings.frozen_weeks)]
    depot_code = pd.Series(np.arange(len(depots)), index=depots)
    destination = supply.lanes["destination"].to_numpy(object)[frame["lane"].to_numpy(np.int64)]
    frame = frame.assign(depot=depot_code[destination].to_numpy()).sort_values(["depot", "slot", "lane", "week"])
    return Departures(
        lane=frame["lane"].to_numpy(np.int64),
        depot=frame["depot"].to_numpy(np.int64),
        week=frame["week"].to_numpy(np.int64),
        departs=_day_numbers(frame["departs"]),
        arrives=_day_numbers(frame["arrives"]),
        slot=frame["slot"].to_numpy(np.int64),
        depot_start=np.searchsorted(frame["depot"].to_numpy(), np.arange(len(depots) + 1)),
    )


def _ordering(network: Network, suppliers: Texts, sailings: Departures, weeks: int) -> Ordering:
    lead = dict(zip(network.suppliers["supplier"], network.suppliers["lead_time_days"], strict=True))
    expected = np.full((len(suppliers), weeks), NEVER, np.int64)
    week = np.full((len(suppliers), weeks), weeks + 1, np.int64)
    latest = np.zeros((len(suppliers), len(sailings.lane)), np.int64)
    for row, supplier in enumerate(suppliers):
        days, is_open = supplier_calendar(network, supplier, int(np.ceil(lead.get(supplier, 0.0))), weeks)
        received = week_number(network.settings.as_of, days)
        is_open &= (np.arange(1, weeks + 1) > network.settings.frozen_weeks) & (received <= weeks)
        expected[row, is_open] = days[is_open].astype(np.int64)
        week[row, is_open] = received[is_open]
        for order_week in np.flatnonzero(is_open) + 1:
            latest[row, sailings.departs >= expected[row, order_week - 1]] = order_week
    return Ordering(expected=expected, expected_week=week, latest=latest)


def _coupling(network: Network, supply: SupplyLanes, sailings: Departures, weeks: int) -> Coupling:
    settings = network.settings
    period_of_week = (np.arange(weeks + 1) - 1) // settings.budget_period_weeks
    period_of_week[0] = 0
    periods = int(period_of_week.max()) + 1
    limit = settings.budget_per_period if settings.budget_per_period is not None else np.inf
    budget = np.full(periods, float(limit))
    if len(network.budgets):
        week = week_number(settings.as_of, network.budgets["start"].to_numpy("datetime64[D]"))
        for period in range(periods):
            inside = (week >= 1) & ((week - 1) // settings.budget_period_weeks == period)
            if inside.any():
                budget[period] = float(network.budgets["amount"].to_numpy(float)[inside].sum())
    lanes = supply.lanes
    size = lanes["consignment_kg"].to_numpy(float)
    per_kg = np.where(np.isfinite(size), lanes["cost_per_consignment"].to_numpy(float) / size, 0.0)
    kg = lanes["capacity_kg_per_week"].fillna(np.inf).to_numpy(float)
    litres = lanes["capacity_m3_per_week"].fillna(np.inf).to_numpy(float) * LITRES_PER_M3
    return Coupling(
        budget=budget,
        period_of_week=period_of_week,
        kg=kg[sailings.lane],
        litres=litres[sailings.lane],
        consignment_price=per_kg[sailings.lane],
    )


def _leaves(
    network: Network,
    forecast: Forecast,
    targets: StockTargets,
    supply: SupplyLanes,
    depots: Texts,
    parts_table: pd.DataFrame,
    weeks: int,
) -> tuple[Leaves, Points, tuple[str, ...], Ints]:
    part_code = pd.Series(np.arange(len(parts_table)), index=parts_table["part"])
    depot_code = pd.Series(np.arange(len(depots)), index=depots)
    leaf_part = part_code.reindex(list(forecast.part)).to_numpy(np.int64)
    leaf_depot = depot_code[[network.depot_of_region[r] for r in forecast.region]].to_numpy()
    order = np.lexsort((leaf_depot, leaf_part))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    part, depot, region = leaf_part[order], leaf_depot[order], forecast.region[order]
    rows = parts_table["_row"].to_numpy()[part]

    landed = np.empty(len(order))
    lead_days = np.zeros(len(order))
    for code, site in enumerate(depots):
        here = depot == code
        lane, cost = supply.ordinary(site)
        lane, cost = lane[rows[here]], cost[rows[here]]
        landed[here] = np.where(lane >= 0, cost, supply.parts["unit_cost"].to_numpy(float)[rows[here]])
        lead_days[here] = np.append(supply.lead_days, 0)[lane]  # 0 where no lane may carry it

    points, groups = _points(network, forecast, targets, place, depots[depot], landed)
    leaf_of_point = place[forecast.share_leaf]
    leaf_of_point = np.sort(leaf_of_point)
    stock, inbound = _region_supply(network, part_code, region, part, weeks)
    base_stock = np.bincount(leaf_of_point, points.base_stock, minlength=len(order))
    backlog = _open_orders(network, part_code, region, part)

    hub = pd.Series(hub_of_part(network), index=network.parts["part"])
    good = _good_stock(network)
    at_hub = set(good.loc[(good["part"].map(hub) == good["site"]) & (good["on_hand"] > 0), "part"])
    supplier_lead = dict(zip(network.suppliers["supplier"], network.suppliers["lead_time_days"], strict=True))
    extra = np.array(
        [
            0.0 if p in at_hub else np.ceil(supplier_lead.get(s, 0.0))
            for p, s in zip(parts_table["part"], parts_table["supplier"], strict=True)
        ]
    )
    window = np.ceil((lead_days + DAYS_PER_WEEK + extra[part]) / DAYS_PER_WEEK).astype(np.int64)
    window_mean, window_variance = _window_moments(forecast, order, window, weeks)
    mean = forecast.mean[order][:, :weeks]
    holding_rate = network.site_of["holding_rate_per_year"]
    leaves = Leaves(
        part=part,
        depot=depot,
        region=region,
        net_stock=stock - base_stock - backlog,
        initial_stock=stock,
        depot_stock=_stock_at(network, parts_table["part"].to_numpy(object)[part], depots[depot]),
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
    )
    return leaves, points, groups, np.searchsorted(part, np.arange(len(parts_table) + 1))


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


def _points(
    network: Network, forecast: Forecast, targets: StockTargets, place: Ints, depot_of_leaf: Texts, landed: Floats
) -> tuple[Points, tuple[str, ...]]:
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
    prices = np.array([targets.waiting_price[g] for g in group_names])
    courier = _courier_days(network)
    depot_here = depot_of_leaf[leaf]
    days = np.array([0.0 if s == d else courier.get((d, s), 0.0) for d, s in zip(depot_here, site, strict=True)])
    rate = network.site_of["holding_rate_per_year"].reindex(list(site)).to_numpy(float)
    return Points(
        site=site,
        group=codes,
        share=share,
        base_stock=found["base_stock"].fillna(0).to_numpy(np.int64),
        on_hand=_stock_at(network, keys["part"].to_numpy(object), site) - _wanted_at(network, keys["part"].to_numpy(object), site),
        courier_weeks=days / DAYS_PER_WEEK,
        holding=landed[leaf] * rate / WEEKS_PER_YEAR,
        waiting=prices[codes],
    ), group_names


def _stock_at(network: Network, part: Texts, site: Texts) -> Floats:
    stock = _good_stock(network).set_index(["part", "site"])["on_hand"]
    return stock.reindex(pd.MultiIndex.from_arrays([part, site])).fillna(0.0).to_numpy(float)


def _wanted_at(network: Network, part: Texts, site: Texts) -> Floats:
    wanted = network.repair_orders.groupby(["part", "site"])["quantity"].sum()
    return wanted.reindex(pd.MultiIndex.from_arrays([part, site])).fillna(0.0).to_numpy(float)


def _courier_days(network: Network) -> dict[tuple[str, str], float]:
    """Days of the fastest lane from each depot to each of its points, customs included."""
    kind = network.site_of["kind"]
    lanes = network.lanes
    serves = (lanes["origin"].map(kind) == "depot") & (lanes["destination"].map(kind) == "repair_point")
    days = (lanes["transit_days"] + lanes["customs_days"])[serves]
    fastest: dict[Any, float] = days.groupby([lanes["origin"][serves], lanes["destination"][serves]]).min().to_dict()
    return fastest


def _leaf_keys(part_code: "pd.Series[int]", region: Texts, part: Ints) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([part_code.index.to_numpy()[part], region])


def _region_supply(
    network: Network, part_code: "pd.Series[int]", region: Texts, part: Ints, weeks: int
) -> tuple[Floats, Floats]:
    """Good stock of depot and points, units (leaves,), and cumulative frozen inbound, (leaves, weeks)."""
    keys = _leaf_keys(part_code, region, part)
    region_of = network.site_of["region"].where(network.site_of["kind"] != "origin", "\0")
    stock = _good_stock(network)
    on_hand = stock.groupby(["part", stock["site"].map(region_of)])["on_hand"].sum().reindex(keys).fillna(0.0)
    inbound = _inbound(network)
    leaf = keys.get_indexer(pd.MultiIndex.from_arrays([inbound["part"], inbound["destination"].map(region_of)]))
    arriving = np.zeros((len(keys), weeks))
    use = (leaf >= 0) & (inbound["week"].to_numpy() <= weeks)
    np.add.at(arriving, (leaf[use], inbound["week"].to_numpy()[use] - 1), inbound["quantity"].to_numpy(float)[use])
    return on_hand.to_numpy(float), np.cumsum(arriving, axis=1)


def _open_orders(network: Network, part_code: "pd.Series[int]", region: Texts, part: Ints) -> Floats:
    """Units that open repair orders of the region wait for, (leaves,)."""
    orders = network.repair_orders
    wanted = orders.groupby(["part", orders["site"].map(network.site_of["region"])])["quantity"].sum()
    return wanted.reindex(_leaf_keys(part_code, region, part)).fillna(0.0).to_numpy(float)


def _slot_laws(supply: SupplyLanes, depots: Texts, leaves: Leaves, weeks: int) -> Floats:
    """ρ of every depot: the delay has the sd of the lane that is ordinary for most of its parts."""
    laws = np.empty((len(depots), weeks + 1, weeks + 1))
    for code, site in enumerate(depots):
        lane, _ = supply.ordinary(site)
        lane = lane[lane >= 0]
        usual = int(np.bincount(lane).argmax()) if len(lane) else -1
        sd_weeks = supply.lead_days_sd[usual] / DAYS_PER_WEEK if usual >= 0 else 0.0
        laws[code] = slot_law(sd_weeks, weeks)
    return laws
