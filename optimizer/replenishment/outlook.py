"""What a plan that is made anew every week leads to, by leaf and week: expected stock, waiting, and its cost."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.plan import Cost
from domain.threads import in_threads, kernel
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.program import PartPlans
from optimizer.replenishment.shelf_money import shelves_and_waiting
from optimizer.replenishment.week_cost import on_hand_table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Outlook:
    """Expectations of a plan. on_hand, backorders: units at the depot, (leaves, K); waiting: units at points, same.

    holding, shortage: money per leaf and week, (leaves, K). end_held: units at depot, shelves and under way at the end.
    late: money for those still waiting at the end.
    """

    on_hand: Floats
    backorders: Floats
    waiting: Floats
    holding: Floats
    shortage: Floats
    end_held: Floats
    late: Floats


def outlook(instance: Instance, plans: PartPlans) -> Outlook:
    """Average over which slot is the last one in, exactly as the week costs do."""
    leaves, points = instance.leaves, instance.points
    quantity = plans.arrivals(instance)
    shape = quantity.shape
    result = Outlook(
        *(np.zeros(shape) for _ in range(5)),
        *(np.zeros(shape[0]) for _ in range(2)),
    )
    in_threads(
        _expect, len(quantity), quantity, instance.slot_law, leaves.depot,
        leaves.net_stock, leaves.inbound, leaves.late_mean, leaves.window_mean, leaves.window_variance,
        leaves.weekly_mean, leaves.batch_index, leaves.kappa, leaves.landed, leaves.lead_weeks, leaves.holding,
        leaves.point_start, points.share, points.base_stock, points.courier_weeks, points.holding, points.waiting,
        result.on_hand, result.backorders, result.waiting, result.holding, result.shortage,
        result.end_held, result.late,
    )  # fmt: skip
    return result


def plan_cost(instance: Instance, plans: PartPlans, result: Outlook) -> Cost:
    """Every term of the plan's cost (decision 0003), weeks 1..T and `end`."""
    weeks, inside = instance.weeks, instance.published
    parts, leaves, sailings = instance.parts, instance.leaves, instance.departures
    week = {name: np.zeros(weeks) for name in ("purchase", "freight", "consignment", "duty", "order_line")}
    holding, shortage = result.holding.sum(axis=0), result.shortage.sum(axis=0)

    units, j = plans.units.astype(float), plans.departure
    part, lane, left = leaves.part[plans.leaf], sailings.lane[j], sailings.week[j] - 1
    np.add.at(week["freight"], left, units * parts.freight[part, lane])
    np.add.at(week["duty"], left, units * parts.duty[part, lane])
    np.add.at(week["order_line"], left, instance.line_cost)
    np.add.at(week["order_line"], changed_weeks(instance, plans) - 1, instance.earlier.churn_cost)
    np.add.at(holding, left, units * parts.transit[part, lane])

    charge, shortfall, _ = consignment_charges(instance, plans)
    np.add.at(week["consignment"], sailings.week - 1, charge)
    np.add.at(week["freight"], sailings.week - 1, shortfall)

    np.add.at(week["purchase"], plans.week - 1, plans.bought * parts.unit_cost[plans.buyer])
    hub = hub_stock(instance, plans)
    holding += parts.hub_rate * (hub * parts.unit_cost[:, None]).sum(axis=0)
    at_start = np.bincount(leaves.part, leaves.initial_stock + leaves.inbound[:, -1] - result.end_held, len(hub))
    credit = float((parts.credit * (at_start + hub_in_all(instance) - hub[:, -1])).sum())
    terms = {name: float(money[:inside].sum()) for name, money in week.items()}
    end = sum(float(money[inside:].sum()) for money in week.values())
    end += float(holding[inside:].sum() + shortage[inside:].sum() + result.late.sum()) + credit
    return Cost(**terms, holding=float(holding[:inside].sum()), shortage=float(shortage[:inside].sum()), end=end)


def consignment_charges(instance: Instance, plans: PartPlans) -> tuple[Floats, Floats, Floats]:
    """By departure: money for whole consignments, what freight is below their minimum charges, kg on board."""
    parts, sailings, lanes = instance.parts, instance.departures, instance.lanes.lanes
    units, j, number = plans.units.astype(float), plans.departure, len(sailings.lane)
    part, lane = instance.leaves.part[plans.leaf], sailings.lane[j]
    kg = np.bincount(j, units * parts.weight_kg[part], minlength=number)
    insurance = parts.unit_cost[part] * lanes["insurance_rate"].to_numpy(float)[lane]
    carriage = np.bincount(j, units * (parts.freight[part, lane] - insurance), minlength=number)
    used = np.bincount(j, minlength=number) > 0
    size = lanes["consignment_kg"].to_numpy(float)[sailings.lane]
    whole = np.where(used, np.where(np.isfinite(size), np.maximum(np.ceil(kg / size - 1e-9), 1), 1), 0)
    short = np.maximum(whole * _of(lanes["minimum_charge"], sailings.lane) - carriage, 0.0)
    charge: Floats = whole * _of(lanes["cost_per_consignment"], sailings.lane)
    return charge, np.where(used, short, 0.0), kg.astype(float)


def consignment_surplus(instance: Instance, plans: PartPlans) -> float:
    """Money that whole consignments and minimum charges cost beyond their price per kg, over all inner weeks."""
    charge, shortfall, kg = consignment_charges(instance, plans)
    return float((charge + shortfall - kg * instance.coupling.consignment_price).sum())


def changed_weeks(instance: Instance, plans: PartPlans) -> Ints:
    """Week of every departure, published by both plans, on which the plan before ships another quantity of a part."""
    earlier, sailings = instance.earlier, instance.departures
    number = len(sailings.lane)
    leaf = np.repeat(np.arange(len(instance.leaves.part)), np.diff(earlier.start))
    here = earlier.published[plans.departure]
    line = np.concatenate([plans.leaf[here] * number + plans.departure[here], leaf * number + earlier.departure])
    units = np.concatenate([plans.units[here], -earlier.units])
    lines, row = np.unique(line, return_inverse=True)
    changed = np.bincount(row, units, len(lines)) != 0
    return np.asarray(sailings.week[lines[changed] % max(number, 1)], dtype=np.int64)


def hub_in_all(instance: Instance) -> Floats:
    """Hub stock today and everything frozen that reaches the hub by the end of week K, units per part."""
    parts = instance.parts
    owner = np.repeat(np.arange(len(parts.part)), np.diff(parts.hub_inbound_start))
    in_time = parts.hub_inbound_day <= instance.first_monday + 7 * instance.weeks - 1
    incoming = np.bincount(owner[in_time], parts.hub_inbound_units[in_time], minlength=len(parts.part))
    return np.asarray(parts.hub_stock + incoming, dtype=float)


def hub_stock(instance: Instance, plans: PartPlans) -> Floats:
    """Units at the hub at the end of weeks 1..K, (parts, K)."""
    parts, weeks = instance.parts, instance.weeks
    change = np.zeros((len(parts.part), weeks))
    change[:, 0] += parts.hub_stock
    owner = np.repeat(np.arange(len(parts.part)), np.diff(parts.hub_inbound_start))
    week = np.maximum((parts.hub_inbound_day - instance.first_monday) // 7, 0)
    in_time = week < weeks
    np.add.at(change, (owner[in_time], week[in_time]), parts.hub_inbound_units[in_time])
    received = instance.ordering.expected_week[parts.supplier[plans.buyer], plans.week - 1] - 1
    np.add.at(change, (plans.buyer, received), plans.bought)
    left = instance.departures.week[plans.departure] - 1
    np.subtract.at(change, (instance.leaves.part[plans.leaf], left), plans.units)
    return np.cumsum(change, axis=1)


def _of(column: "npt.ArrayLike", lane: Ints) -> Floats:
    return np.asarray(column, dtype=float)[lane]


@kernel
def _expect(
    begin: int, end: int, quantity: npt.NDArray[np.int32], slot_law: Floats, depot: Ints,
    net_stock: Floats, inbound: Floats, late_mean: Floats, window_mean: Floats, window_variance: Floats,
    weekly_mean: Floats, psi: Floats, kappa: Floats, landed: Floats, lead_weeks: Floats, holding: Floats,
    point_start: Ints, share: Floats, base_stock: Ints, courier_weeks: Floats, point_holding: Floats, waiting: Floats,
    out_on_hand: Floats, out_backorders: Floats, out_waiting: Floats, out_holding: Floats, out_shortage: Floats,
    out_end: Floats, out_late: Floats,
) -> None:  # fmt: skip
    weeks = quantity.shape[1]
    for n in range(begin, end):
        arrived = np.zeros(weeks + 1)
        for k in range(1, weeks + 1):
            arrived[k] = arrived[k - 1] + quantity[n, k - 1]
        first, last = point_start[n], point_start[n + 1]
        short = np.empty(max(last - first, 1))
        on_hand = np.empty(1)
        law = slot_law[depot[n]]
        for t in range(1, weeks + 1):
            slots = np.flatnonzero(law[t])
            at = 0
            while at < len(slots):
                x, weight = arrived[slots[at]], 0.0
                while at < len(slots) and arrived[slots[at]] == x:
                    weight += law[t, slots[at]]
                    at += 1
                z = net_stock[n] + inbound[n, t - 1] - late_mean[n, t - 1] + x
                on_hand_table(z, 1, window_mean[n, t - 1], window_variance[n, t - 1], on_hand)
                backorders = max(on_hand[0] - z + window_mean[n, t - 1], 0.0)
                held, waited, shelf, count = shelves_and_waiting(
                    backorders, weekly_mean[n, t - 1], psi[n], kappa[n], first, last,
                    share, base_stock, courier_weeks, point_holding, waiting, short,
                )  # fmt: skip
                out_on_hand[n, t - 1] += weight * on_hand[0]
                out_backorders[n, t - 1] += weight * backorders
                out_waiting[n, t - 1] += weight * count
                out_holding[n, t - 1] += weight * (holding[n] * on_hand[0] + held)
                out_shortage[n, t - 1] += weight * waited
                if t == weeks:
                    out_end[n] += weight * (on_hand[0] + shelf + arrived[weeks] - x)
                    for p in range(first, last):
                        out_late[n] += weight * (landed[n] + waiting[p] * lead_weeks[n]) * short[p - first]
