"""An instance made from a network, its forecast and its targets: ids become indices here, once.

Parts, depots and lanes are ordered by their content and only then by id, so that renaming changes nothing but names.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, first_week, week_number
from domain.departures import departures, inner_weeks, supplier_calendar
from domain.forecast import Forecast
from domain.logistics import LITRES_PER_M3, WEEKS_PER_YEAR, SupplyLanes, hub_of_part, supply_lanes
from domain.network import Network
from domain.plan import PreviousPlan, StockTargets
from optimizer.replenishment.instance.arrays import (
    NEVER,
    Coupling,
    Departures,
    Floats,
    Instance,
    Ints,
    Leaves,
    Ordering,
    Parts,
    Texts,
    ten_digits,
)
from optimizer.replenishment.instance.demand_side import leaves_and_points
from optimizer.replenishment.instance.earlier import earlier_lines
from optimizer.replenishment.instance.today import frozen_inbound, good_stock
from optimizer.replenishment.slot_law import slot_law


def build_instance(
    network: Network, forecast: Forecast, targets: StockTargets, previous: PreviousPlan | None = None
) -> Instance:
    """Index the network, its forecast, its targets, and what the plan before ships where changes cost.

    Raises ValueError when the forecast holds fewer weeks than the inner horizon needs.
    """
    forecast = _without_noise(forecast)
    supply = _ordered_lanes(network, supply_lanes(network))
    weeks = inner_weeks(network, supply.lead_days)
    if forecast.weeks < weeks:
        raise ValueError(f"the forecast holds {forecast.weeks} weeks; planning needs {weeks}")
    depots = _ordered_depots(network, supply)
    parts_table = _ordered_parts(network, supply, forecast)
    suppliers = np.array(sorted(set(parts_table["supplier"]), key=_supplier_key(network)), dtype=object)
    sailings = _departures(network, supply, depots, weeks)
    good = good_stock(network)
    leaves, points, groups, leaf_start = leaves_and_points(
        network, good, forecast, targets, supply, depots, parts_table, weeks
    )
    parts = _parts(network, good, supply, parts_table, suppliers, leaf_start)
    return Instance(
        weeks=weeks,
        first_monday=int(np.datetime64(first_week(network.settings.as_of), "D").astype(np.int64)),
        published=network.settings.horizon_weeks,
        line_cost=network.settings.order_line_cost,
        lanes=supply,
        lane_ids=supply.lanes["lane"].to_numpy(object),
        depots=depots,
        suppliers=suppliers,
        supplier_lead_days=_of_suppliers(network, suppliers, "lead_time_days"),
        supplier_lead_days_sd=_of_suppliers(network, suppliers, "lead_time_days_sd"),
        groups=groups,
        parts=parts,
        leaves=leaves,
        points=points,
        departures=sailings,
        ordering=_ordering(network, suppliers, sailings, weeks),
        coupling=_coupling(network, supply, depots, suppliers, sailings, weeks),
        earlier=earlier_lines(network, previous, parts, leaves, sailings, supply.lanes["lane"].to_numpy(object)),
        slot_law=_slot_laws(supply, depots, leaves, weeks),
    )


# --- order by content, so that names do not matter ---------------------------------------------------------------


def _without_noise(forecast: Forecast) -> Forecast:
    """Ten digits of every figure: in which order of names points were added up shows in the sixteenth."""
    return replace(
        forecast,
        mean=ten_digits(forecast.mean),
        batch_index=ten_digits(forecast.batch_index),
        rate_shape=ten_digits(forecast.rate_shape),
        share=ten_digits(forecast.share),
    )


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


# --- the pieces --------------------------------------------------------------------------------------------------


def _of_suppliers(network: Network, suppliers: Texts, column: str) -> Floats:
    """A column of the suppliers' table, 0 for a part's supplier that has no row."""
    return network.suppliers.set_index("supplier")[column].reindex(suppliers).fillna(0.0).to_numpy(float)


def _day_numbers(days: "pd.Series[pd.Timestamp]") -> Ints:
    return days.to_numpy("datetime64[D]").astype(np.int64)


def _parts(
    network: Network, good: pd.DataFrame, supply: SupplyLanes, table: pd.DataFrame, suppliers: Texts, leaf_start: Ints
) -> Parts:
    settings = network.settings
    rows = table["_row"].to_numpy()
    unit_cost = table["unit_cost"].to_numpy(float)
    part_code = pd.Series(np.arange(len(table)), index=table["part"])
    hub = pd.Series(hub_of_part(network)[rows], index=table["part"])

    stock = good[good["part"].map(hub) == good["site"]]
    hub_stock = np.zeros(len(table), np.int64)
    np.add.at(hub_stock, part_code[stock["part"]].to_numpy(), stock["on_hand"].to_numpy())

    inbound = frozen_inbound(network)
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


def _coupling(
    network: Network, supply: SupplyLanes, depots: Texts, suppliers: Texts, sailings: Departures, weeks: int
) -> Coupling:
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
        storage=network.site_of["storage_m3"].reindex(depots).fillna(np.inf).to_numpy(float) * LITRES_PER_M3,
        minimum_value=_of_suppliers(network, suppliers, "minimum_order_value"),
    )


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
