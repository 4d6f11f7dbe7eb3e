"""What a replication cost, by kind (docs/decisions/0003), over weeks 1..T."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.logistics import LITRES_PER_M3, WEEKS_PER_YEAR, hub_of_part
from simulation.referee.board import HUB, SHIP, Demands, Floats, Ints, Played
from simulation.referee.case import Case

KINDS = (
    "purchase", "freight", "consignment", "duty", "order_line", "holding", "shortage", "courier", "emergency", "repair",
    "end",
)  # fmt: skip
"""Those of plan.json, and three a plan does not price: `courier` depot → point, `emergency` (laterals and express, if
allowed), and `repair` of defectives. `end` is the credit for stock that grew (charge for stock that shrank) and for
repairs that still wait."""


@dataclass(frozen=True)
class Prices:
    """Money per unit of every row of a case.

    part: unit_cost, credit, repair, hub_holding (per day). leaf: landed by the ordinary lane, holding per day, lead
    weeks. point: shelf_holding per day, waiting per day, courier. order: freight, duty, capital per day, kg, weight.
    way: money and kg CO₂ by emergency way.
    """

    part: pd.DataFrame
    leaf: pd.DataFrame
    point: pd.DataFrame
    order: pd.DataFrame
    way: pd.DataFrame
    co2_of_order: Floats
    co2_of_courier: Floats


def prices_of(case: Case) -> Prices:
    """The prices of a case."""
    network, supply, rows = case.network, case.supply, case.rows
    row = pd.Index(network.parts["part"]).get_indexer(rows.parts)
    parts = network.parts.iloc[row].reset_index(drop=True)
    daily = network.site_of["holding_rate_per_year"] / WEEKS_PER_YEAR / DAYS_PER_WEEK
    unit_cost = parts["unit_cost"].to_numpy(float)
    hub_rate = pd.Series(hub_of_part(network)[row]).map(daily).fillna(0.0).to_numpy(float)
    part = pd.DataFrame(
        {
            "unit_cost": unit_cost,
            "credit": unit_cost * (1.0 - network.settings.obsolescence_rate),
            "repair": parts["repair_cost"].to_numpy(float),
            "hub_holding": hub_rate * unit_cost,
        }
    )
    leaf = _leaf_prices(case, row, daily)
    point_leaf = rows.points["leaf_row"].to_numpy()
    price = np.array([case.plan.waiting_price.get(name, 0.0) for name in rows.groups])
    courier, co2 = _courier_prices(case, row)
    point = pd.DataFrame(
        {
            "shelf_holding": rows.points["site"].map(daily).to_numpy(float) * leaf["landed"].to_numpy()[point_leaf],
            "waiting": price[rows.points["group"].to_numpy()] / DAYS_PER_WEEK,
            "courier": courier,
        }
    )
    lane, of_part = case.orders["lane"].to_numpy(np.int64), row[case.orders["part_row"].to_numpy(np.int64)]
    by_lane = {name: getattr(supply, name)[of_part, lane] for name in ("freight", "duty", "landed", "chargeable_kg")}
    rate = supply.lanes["destination"].map(daily).to_numpy(float)[lane] if len(supply.lanes) else np.zeros(len(lane))
    weight = network.parts["weight_kg"].to_numpy(float)[of_part]
    order = pd.DataFrame(
        {
            "freight": by_lane["freight"],
            "duty": by_lane["duty"],
            "capital": by_lane["landed"] * rate,
            "kg": by_lane["chargeable_kg"],
            "weight": weight,
        }
    )
    way = _way_prices(case, row)
    return Prices(part, leaf, point, order, way, weight * supply.lanes["co2_kg_per_kg"].to_numpy(float)[lane], co2)


def costs(case: Case, prices: Prices, demands: Demands, played: Played, arrives: Floats) -> dict[str, float]:
    """Money by kind of one replication."""
    inside = case.weeks * DAYS_PER_WEEK
    orders, part, leaf, point = case.orders, prices.part, prices.leaf, prices.point
    moved = np.where((orders["kind"] == SHIP) & (orders["time"] < inside), played.moved, 0)
    days = (arrives[case.board.order_voyage] - case.board.order_time) * (case.board.order_voyage >= 0)
    shortfall, consignments = _consignments(case, prices, moved)
    at = demands.point
    waiting = float((played.counted_wait * point["waiting"].to_numpy()[at]).sum())
    holding = float((played.hub_days * part["hub_holding"]).sum() + (played.depot_days * leaf["holding"]).sum())
    holding += float(
        (played.shelf_days * point["shelf_holding"]).sum() + (moved * days * prices.order["capital"]).sum()
    )
    return {
        "purchase": float((played.bought * part["unit_cost"]).sum()),
        "freight": float((moved * prices.order["freight"]).sum()) + shortfall,
        "consignment": consignments,
        "duty": float((moved * prices.order["duty"]).sum()),
        "order_line": float((moved > 0).sum()) * case.network.settings.order_line_cost,
        "holding": holding,
        "shortage": waiting,
        "courier": float((played.couriered * point["courier"]).sum()),
        **({"emergency": float((played.helped * prices.way["money"]).sum())} if len(case.ways) else {}),
        "repair": float((played.repaired * part["repair"]).sum()),
        "end": _end(case, prices, demands, played),
    }


def co2_kg(case: Case, prices: Prices, played: Played) -> float:
    """Emission of what was sent in weeks 1..T, kg."""
    sent = (case.orders["kind"] == SHIP) & (case.orders["time"] < case.weeks * DAYS_PER_WEEK)
    emergency = float((played.helped * prices.way["co2"]).sum())
    courier = float((played.couriered * prices.co2_of_courier).sum())
    return emergency + courier + float((played.moved * sent * prices.co2_of_order).sum())


def _leaf_prices(case: Case, row: Ints, daily: "pd.Series[float]") -> pd.DataFrame:
    """Landed unit cost and lead time by the lane that ordinarily serves the depot; bare unit cost where none does."""
    leaves, supply = case.rows.leaves, case.supply
    part = row[leaves["part_row"].to_numpy()]
    landed = case.network.parts["unit_cost"].to_numpy(float)[part]
    lead = np.zeros(len(leaves))
    for depot, here in leaves.groupby("depot").indices.items():
        lane, cost = supply.ordinary(str(depot))
        known = lane[part[here]] >= 0
        landed[here[known]] = cost[part[here[known]]]
        lead[here[known]] = supply.lead_days[lane[part[here[known]]]] / DAYS_PER_WEEK
    return pd.DataFrame(
        {"landed": landed, "holding": landed * leaves["depot"].map(daily).to_numpy(float), "lead_weeks": lead}
    )


def _courier_prices(case: Case, row: Ints) -> tuple[Floats, Floats]:
    """Money and kg CO₂ per unit of the fastest way depot → point: freight by kg and insurance by value."""
    network, rows = case.network, case.rows
    lanes = network.lanes.assign(days=network.lanes["transit_days"] + network.lanes["customs_days"])
    lanes = lanes.sort_values(["days", "lane"], kind="stable").drop_duplicates(["origin", "destination"])
    lanes = lanes.set_index(["origin", "destination"])
    leaf = rows.points["leaf_row"].to_numpy()
    ways = pd.MultiIndex.from_arrays([rows.leaves["depot"].to_numpy(object)[leaf], rows.points["site"]])
    columns = ["cost_per_kg", "volumetric_kg_per_m3", "insurance_rate", "co2_kg_per_kg"]
    lane = lanes[columns].reindex(ways).fillna(0.0).reset_index(drop=True)
    of_part = row[rows.leaves["part_row"].to_numpy()[leaf]]
    parts = network.parts[["unit_cost", "weight_kg", "volume_l"]].iloc[of_part].reset_index(drop=True)
    kg = np.maximum(parts["weight_kg"], parts["volume_l"] / LITRES_PER_M3 * lane["volumetric_kg_per_m3"])
    money = kg * lane["cost_per_kg"] + lane["insurance_rate"] * parts["unit_cost"]
    return money.to_numpy(float), (parts["weight_kg"] * lane["co2_kg_per_kg"]).to_numpy(float)


def _way_prices(case: Case, row: Ints) -> pd.DataFrame:
    """Money and kg CO₂ of a unit by each emergency way: a consignment of its own, duty where it comes from the hub."""
    leaf = case.rows.points["leaf_row"].to_numpy()[case.ways["point_row"].to_numpy(np.int64)]
    part = row[case.rows.leaves["part_row"].to_numpy()[leaf]]
    lane = case.network.lanes.iloc[case.ways["lane"].to_numpy(np.int64)].reset_index(drop=True)
    parts = case.network.parts.iloc[part].reset_index(drop=True)
    kg = np.maximum(parts["weight_kg"], parts["volume_l"] / LITRES_PER_M3 * lane["volumetric_kg_per_m3"])
    insurance = lane["insurance_rate"] * parts["unit_cost"]
    freight = np.maximum(kg * lane["cost_per_kg"], lane["minimum_charge"]) + insurance
    from_hub = (case.ways["source"] == HUB).to_numpy()
    duty = np.where(from_hub, duty_share(case)[leaf] * (parts["unit_cost"] + freight), 0.0)
    money = freight + lane["cost_per_consignment"] + duty
    return pd.DataFrame({"money": money, "co2": parts["weight_kg"] * lane["co2_kg_per_kg"]})


def _consignments(case: Case, prices: Prices, moved: Ints) -> tuple[float, float]:
    """What consignments fall short of the minimum charge, and their fixed cost; a departure of a lane is one lot of
    consignments of the lane's size."""
    sent = np.flatnonzero(moved > 0)
    lane = case.orders["lane"].to_numpy(np.int64)[sent]
    frame = pd.DataFrame({"lane": lane, "time": case.orders["time"].to_numpy()[sent]})
    frame["kg"] = moved[sent] * prices.order["kg"].to_numpy()[sent]
    frame["weight"] = moved[sent] * prices.order["weight"].to_numpy()[sent]
    total = frame.groupby(["lane", "time"])[["kg", "weight"]].sum().reset_index()
    lanes = case.supply.lanes.iloc[total["lane"]].reset_index(drop=True)
    shortfall = (lanes["minimum_charge"] - total["kg"] * lanes["cost_per_kg"]).clip(lower=0.0).sum()
    number = np.ceil(total["weight"] / lanes["consignment_kg"].fillna(np.inf) - 1e-9).clip(lower=1.0)
    return float(shortfall), float((number * lanes["cost_per_consignment"]).sum())


def _end(case: Case, prices: Prices, demands: Demands, played: Played) -> float:
    """Stock consumed beyond what was bought, at credit price, and repairs that wait at the end, by the cheapest lane.

    Initial stock + inbound − stock at the end = used + scrapped − bought − repaired, unit by unit.
    """
    inside = case.weeks * DAYS_PER_WEEK
    consumed = played.used + played.scrapped - played.bought - played.repaired
    late = np.where((demands.time < inside) & (demands.time + played.last >= inside), played.left, 0)
    leaf = case.rows.points["leaf_row"].to_numpy()[demands.point]
    weekly = prices.point["waiting"].to_numpy()[demands.point] * DAYS_PER_WEEK
    late_price = prices.leaf["landed"].to_numpy()[leaf] + weekly * prices.leaf["lead_weeks"].to_numpy()[leaf]
    return float((consumed * prices.part["credit"]).sum() + (late * late_price).sum())


def duty_share(case: Case) -> Floats:
    """Duty and unrecovered VAT as a share of unit cost and freight, by any lane to the leaf's depot, (leaves,)."""
    leaves, supply, network = case.rows.leaves, case.supply, case.network
    part = pd.Index(network.parts["part"]).get_indexer(case.rows.parts)[leaves["part_row"].to_numpy()]
    share = np.zeros(len(leaves))
    for depot, here in leaves.groupby("depot").indices.items():
        lanes = np.flatnonzero(supply.lanes["destination"] == depot)
        if len(lanes):
            base = network.parts["unit_cost"].to_numpy(float) + supply.freight[:, lanes[0]]
            rate = np.divide(supply.duty[:, lanes[0]], base, out=np.zeros(len(base)), where=base > 0)
            share[here] = rate[part[here]]
    return share
