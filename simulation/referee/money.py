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


LOGISTICS = ("freight", "consignment", "order_line", "holding", "emergency")
"""What moving and keeping stock costs: freight with minimum charges, consignments, lines, capital in stock and under
way, expediting; neither purchase value nor duty, nor what every policy pays alike (couriers to points)."""


@dataclass(frozen=True)
class Prices:
    """Money per unit of every row of a case.

    part: unit_cost, credit, repair, hub_holding (per day). leaf: landed by the ordinary lane, holding per day, lead
    weeks. point: shelf_holding per day, waiting per day, courier. way: money, duty in it and kg CO₂ by
    emergency way.
    in_network: row of each part in the supply lanes' tables, which price what is shipped.
    """

    part: pd.DataFrame
    leaf: pd.DataFrame
    point: pd.DataFrame
    way: pd.DataFrame
    in_network: Ints
    co2_of_courier: Floats


def prices_of(case: Case) -> Prices:
    """The prices of a case."""
    network, rows = case.network, case.rows
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
    return Prices(part, leaf, point, _way_prices(case, row), row, co2)


@dataclass(frozen=True)
class Sent:
    """What left hubs in weeks 1..T: rows of the orders, units, rows of part and lane in the supply lanes."""

    order: Ints
    units: Ints
    part: Ints
    lane: Ints

    def priced(self, per_unit: Floats) -> Floats:
        """Units × a price by part × lane."""
        return np.asarray(self.units * per_unit[self.part, self.lane])


def _sent(case: Case, prices: Prices, played: Played) -> Sent:
    board = case.board
    order = np.flatnonzero(played.moved)
    order = order[(board.order_kind[order] == SHIP) & (board.order_time[order] < case.weeks * DAYS_PER_WEEK)]
    part = np.searchsorted(board.order_start, order, side="right") - 1
    return Sent(order, played.moved[order], prices.in_network[part], board.order_lane[order])


def costs(case: Case, prices: Prices, demands: Demands, played: Played, arrives: Floats) -> dict[str, float]:
    """Money by kind of one replication."""
    part, point, supply = prices.part, prices.point, case.supply
    sent = _sent(case, prices, played)
    shortfall, consignments = _consignments(case, sent)
    waiting = float((played.counted_wait * point["waiting"].to_numpy()[demands.point]).sum())
    return {
        "purchase": float((played.bought * part["unit_cost"]).sum()),
        "freight": float(sent.priced(supply.freight).sum()) + shortfall,
        "consignment": consignments,
        "duty": float(sent.priced(supply.duty).sum()),
        "order_line": len(sent.order) * case.network.settings.order_line_cost,
        "holding": sum(holdings(case, prices, played, arrives).values()),
        "shortage": waiting,
        "courier": float((played.couriered * point["courier"]).sum()),
        **({"emergency": float((played.helped * prices.way["money"]).sum())} if len(case.ways) else {}),
        "repair": float((played.repaired * part["repair"]).sum()),
        "end": _end(case, prices, demands, played),
    }


def logistics_cost(kinds: dict[str, float], express_duty: float) -> float:
    """The kinds of `LOGISTICS`, less the duty that `emergency` pays."""
    return sum(kinds.get(kind, 0.0) for kind in LOGISTICS) - express_duty


def express_duty(prices: Prices, played: Played) -> float:
    """Duty in the cost of emergency supply."""
    return float((played.helped * prices.way["duty"]).sum())


def holdings(case: Case, prices: Prices, played: Played, arrives: Floats) -> dict[str, float]:
    """Capital in stock by place: at hubs, depots and points, and under way from hub to depot."""
    part, leaf, point = prices.part, prices.leaf, prices.point
    return {
        "hub": float((played.hub_days * part["hub_holding"]).sum()),
        "depot": float((played.depot_days * leaf["holding"]).sum()),
        "point": float((played.shelf_days * point["shelf_holding"]).sum()),
        "under way": _under_way(case, _sent(case, prices, played), arrives),
    }


def co2_kg(case: Case, prices: Prices, played: Played) -> float:
    """Emission of what was sent in weeks 1..T, kg."""
    sent = _sent(case, prices, played)
    weight, rate = (
        table.to_numpy(float) for table in (case.supply.parts["weight_kg"], case.supply.lanes["co2_kg_per_kg"])
    )
    emergency = float((played.helped * prices.way["co2"]).sum())
    courier = float((played.couriered * prices.co2_of_courier).sum())
    return emergency + courier + float((sent.units * weight[sent.part] * rate[sent.lane]).sum())


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
    """Money and kg CO₂ of a unit by each emergency way: a consignment of its own, duty where it comes from the hub or
    another country."""
    leaf = case.rows.points["leaf_row"].to_numpy()[case.ways["point_row"].to_numpy(np.int64)]
    part = row[case.rows.leaves["part_row"].to_numpy()[leaf]]
    lane = case.network.lanes.iloc[case.ways["lane"].to_numpy(np.int64)].reset_index(drop=True)
    parts = case.network.parts.iloc[part].reset_index(drop=True)
    kg = np.maximum(parts["weight_kg"], parts["volume_l"] / LITRES_PER_M3 * lane["volumetric_kg_per_m3"])
    insurance = lane["insurance_rate"] * parts["unit_cost"]
    freight = np.maximum(kg * lane["cost_per_kg"], lane["minimum_charge"]) + insurance
    country = case.network.site_of["country"]
    abroad = (lane["origin"].map(country) != lane["destination"].map(country)).to_numpy(bool)
    enters = abroad | (case.ways["source"] == HUB).to_numpy(bool)
    duty = np.where(enters, duty_share(case)[leaf] * (parts["unit_cost"] + freight), 0.0)
    money = freight + lane["cost_per_consignment"] + duty
    return pd.DataFrame({"money": money, "duty": duty, "co2": parts["weight_kg"] * lane["co2_kg_per_kg"]})


def _under_way(case: Case, sent: Sent, arrives: Floats) -> float:
    """Capital under way: landed value × days × holding rate of the destination."""
    supply, board = case.supply, case.board
    daily = case.network.site_of["holding_rate_per_year"] / WEEKS_PER_YEAR / DAYS_PER_WEEK
    rate = supply.lanes["destination"].map(daily).to_numpy(float)
    voyage = board.order_voyage[sent.order]
    days = np.where(voyage >= 0, arrives[voyage] - board.order_time[sent.order], 0.0)
    return float((sent.priced(supply.landed) * rate[sent.lane] * days).sum())


def _consignments(case: Case, sent: Sent) -> tuple[float, float]:
    """What consignments fall short of the minimum charge, and their fixed cost; a departure of a lane is one lot of
    consignments of the lane's size."""
    frame = pd.DataFrame({"lane": sent.lane, "time": case.board.order_time[sent.order]})
    frame["kg"] = sent.priced(case.supply.chargeable_kg)
    frame["weight"] = sent.units * case.supply.parts["weight_kg"].to_numpy(float)[sent.part]
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
    row = np.flatnonzero(played.left)
    row = row[(demands.time[row] < inside) & (demands.time[row] + played.last[row] >= inside)]
    point, late = demands.point[row], played.left[row]
    leaf = case.rows.leaf_of_point[point]
    weekly = prices.point["waiting"].to_numpy()[point] * DAYS_PER_WEEK
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
