"""How tight the network is: natural flows, lane capacities, consignments and the budget, all from expected demand."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulation.demo.catalogue import CLASS_NAMES, Catalogue
from simulation.demo.demand import Wanted
from simulation.demo.geography import COUNTRIES, DUTY_RATES
from simulation.demo.goods import Goods
from simulation.demo.network import INSURANCE_RATE, VOLUMETRIC_KG_PER_M3, legs
from simulation.demo.part_classes import CLASSES
from simulation.demo.sizes import BUDGET_PERIOD_WEEKS, HISTORY_WEEKS, HORIZON_WEEKS, Floats, Ints, Size

SAFETY = 2.0  # standard deviations of lead-time demand
RATE_DOUBT = 0.3  # relative variance of a rate that is only estimated
REVIEW_WEEKS = 1.0
_BOX_KG = np.array([5, 10, 20, 30, 50, 100, 200, 300, 500, 1_000, 2_000])
_BOX_CHARGE_PER_KG = {"air": 0.30, "rail": 0.16, "sea": 0.10, "road": 0.12}  # USD, of a full consignment
_LEAST_BOX_CHARGE = 3.0


@dataclass(frozen=True)
class Flow:
    """How goods would move without limits: the cheapest leg (row in `legs`) of each part, its lead time in weeks, shape
    (leaves,), and kg, m³, USD of duty a week on each leg over the horizon."""

    leg: Ints
    lead_weeks: Floats
    kg: Floats
    m3: Floats
    duty: Floats


def natural_flow(size: Size, found: Catalogue, made: Goods, wanted: Wanted) -> Flow:
    """Each part takes the leg of least freight + duty + capital under way, as if it had no limit (docs/decisions/0003).

    The flow is the mean of the horizon's weeks.
    """
    table, leaves = legs(size), wanted.leaves
    part = leaves.item
    duty = _duty_rates(size)[leaves.region, found.parts.part_class[part]]
    weight, volume, value = made.weight_kg[part], made.volume_l[part], made.unit_cost[part]
    least = np.full(len(part), np.inf)
    chosen = np.zeros(len(part), dtype=np.int64)
    for row, (region, leg) in enumerate(table):
        here = leaves.of(region)
        chargeable = np.maximum(weight[here], volume[here] / 1000 * VOLUMETRIC_KG_PER_M3[leg.mode])
        freight = chargeable * leg.cost_per_kg + value[here] * INSURANCE_RATE[leg.mode]
        landed = (value[here] + freight) * (1 + duty[here])
        holding = COUNTRIES[size.regions[region].country].holding_rate_per_year
        days = leg.transit_days + leg.customs_days
        allowed = ~found.parts.dangerous[part[here]] | leg.dangerous_goods
        cost = np.where(allowed, landed * (1 + holding / 52 * days / 7), np.inf)
        better = cost < least[here]
        chosen[here] = np.where(better, row, chosen[here])
        least[here] = np.where(better, cost, least[here])
    weekly = wanted.weekly(HISTORY_WEEKS, HORIZON_WEEKS)
    lead_days = np.array([leg.transit_days + leg.customs_days for _, leg in table])

    def on_legs(per_leaf: Floats) -> Floats:
        return np.bincount(chosen, per_leaf, minlength=len(table)).astype(float)

    return Flow(
        leg=chosen,
        lead_weeks=lead_days[chosen] / 7.0,
        kg=on_legs(weekly * weight),
        m3=on_legs(weekly * volume / 1000),
        duty=on_legs(weekly * duty * value),
    )


def with_limits(size: Size, table: pd.DataFrame, flow: Flow) -> pd.DataFrame:
    """The lanes table with consignments on the hub's lanes, and capacities that bind.

    Consignments: the standard size next above half the natural weekly kg, so that a departure takes one to three;
    charged by the kg of a full one. Capacity: `size.capacity_share` of the natural weekly kg and m³ of every air lane,
    and of the rail lane of the busiest region, where what no longer flies counts too.
    """
    rows = legs(size)
    frame = table.copy()
    for column in ("cost_per_consignment", "consignment_kg", "capacity_kg_per_week", "capacity_m3_per_week"):
        frame[column] = np.nan
    frame["cost_per_consignment"] = 0.0
    by_region = np.bincount([region for region, _ in rows], flow.kg)
    rail_kg, rail_m3 = flow.kg.copy(), flow.m3.copy()
    for row, (region, leg) in enumerate(rows):
        if leg.mode == "air":
            rail = next((other for other, (r, found) in enumerate(rows) if r == region and found.mode == "rail"), row)
            rail_kg[rail] += max(1 - size.capacity_share, 0.0) * flow.kg[row]
            rail_m3[rail] += max(1 - size.capacity_share, 0.0) * flow.m3[row]
    for row, (region, leg) in enumerate(rows):
        box = float(_BOX_KG[min(np.searchsorted(_BOX_KG, 0.5 * flow.kg[row]), len(_BOX_KG) - 1)])
        frame.loc[row, "consignment_kg"] = box
        frame.loc[row, "cost_per_consignment"] = max(round(box * _BOX_CHARGE_PER_KG[leg.mode], 1), _LEAST_BOX_CHARGE)
        if flow.kg[row] > 0 and (leg.mode == "air" or (leg.mode == "rail" and region == by_region.argmax())):
            kg, m3 = (flow.kg, flow.m3) if leg.mode == "air" else (rail_kg, rail_m3)
            frame.loc[row, "capacity_kg_per_week"] = round(size.capacity_share * kg[row], 1)
            frame.loc[row, "capacity_m3_per_week"] = round(size.capacity_share * m3[row], 3)
    return frame


def order_up_to(made: Goods, flow: Flow, wanted: Wanted, first: int) -> Floats:
    """Inventory position wanted in week `first` (0-based), shape (leaves,): mean demand of the lead time, review and
    supplier, plus SAFETY standard deviations of it (Poisson of an uncertain rate)."""
    weeks = flow.lead_weeks + made.lead_time_days[wanted.leaves.item] / 7.0 + REVIEW_WEEKS
    ahead = wanted.weekly(first, 13) * weeks
    return np.asarray(ahead + SAFETY * np.sqrt(ahead + RATE_DOUBT * ahead**2))


def unconstrained_purchases(made: Goods, flow: Flow, wanted: Wanted, position: Ints) -> Floats:
    """Money spent in each budget period of the horizon by ordering up to the target every week, with minimum orders
    and multiples but no budget. position: pieces on hand and on order today, hub included, shape (parts,)."""
    periods = HORIZON_WEEKS // BUDGET_PERIOD_WEEKS
    spent = np.zeros(periods)
    left = position.astype(float)
    for week in range(periods * BUDGET_PERIOD_WEEKS):
        missing = wanted.leaves.over_regions(order_up_to(made, flow, wanted, HISTORY_WEEKS + week)) - left
        lots = np.maximum(np.ceil(missing / made.multiple) * made.multiple, made.moq)
        bought = np.where(missing >= 1.0, lots, 0.0)
        spent[week // BUDGET_PERIOD_WEEKS] += float(bought @ made.unit_cost)
        left += bought - wanted.leaves.over_regions(wanted.mean[:, HISTORY_WEEKS + week])
    return spent


def budget(size: Size, spent: Floats) -> float:
    """`size.budget_share` of the mean of the demanding periods: those in which unconstrained ordering spends its median
    or more. Rounded to three digits."""
    demanding = spent[spent >= np.median(spent)]
    return float(f"{size.budget_share * demanding.mean():.3g}")


def calibration(lanes: pd.DataFrame, flow: Flow, spent: Floats) -> pd.DataFrame:
    """Hidden truth: what, value: natural kg and m³ a week of each hub lane, unconstrained purchases in each period."""
    names = lanes["lane"].tolist()[: len(flow.kg)]
    rows = [(f"{name} natural kg a week", value) for name, value in zip(names, flow.kg, strict=True)]
    rows += [(f"{name} natural m3 a week", value) for name, value in zip(names, flow.m3, strict=True)]
    rows += [(f"unconstrained purchases of period {number}, USD", value) for number, value in enumerate(spent, start=1)]
    return pd.DataFrame(rows, columns=["what", "value"])


def _duty_rates(size: Size) -> Floats:
    """Rate of duty, shape (regions, classes): the longest prefix wins."""
    codes = [CLASSES[name].hs_code for name in CLASS_NAMES]
    of_class = np.zeros((len(size.regions), len(codes)))
    for number, region in enumerate(size.regions):
        rates = DUTY_RATES[COUNTRIES[region.country].customs_union]
        of_class[number] = [
            rates[max((prefix for prefix in rates if code.startswith(prefix)), key=len)] for code in codes
        ]
    return of_class
