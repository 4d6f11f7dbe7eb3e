"""Replenishment end to end: index, price, choose, and say what was decided."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.forecast import Forecast
from domain.network import Network
from domain.plan import Cost, PreviousPlan, ReplenishmentPlan, StockTargets
from optimizer.replenishment.coupling import row_table, usage
from optimizer.replenishment.exceptions import plan_exceptions
from optimizer.replenishment.execution import Execution, execution
from optimizer.replenishment.instance import Instance, build_instance
from optimizer.replenishment.master import Decomposition, decompose
from optimizer.replenishment.outlook import Outlook, consignment_surplus, outlook, plan_cost
from optimizer.replenishment.params import Params
from optimizer.replenishment.reasons import purchase_reasons, shipment_reasons
from optimizer.replenishment.week_cost import CostTables

Floats = npt.NDArray[np.float64]

RULES = (
    "budget",
    "lane kg and litres",
    "departures, calendars and shutdowns",
    "dangerous goods",
    "supplier lead time and last order date",
    "hub stock",
    "minimum order and multiple, of all purchases of a part together",
    "frozen inbound and weeks",
    "consignments at their price per kg",
    "depot storage",
    "shelf life",
    "changes to the plan before",
)  # what the lower bound includes


def replenish(
    network: Network,
    forecast: Forecast,
    targets: StockTargets,
    params: Params | None = None,
    previous: PreviousPlan | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> ReplenishmentPlan:
    """The cheapest plan found, with the bound that proves how near it is (MODEL 3, decision 0003).

    previous: the plan before, to begin with; what it ships stays where changing it costs more than it saves. `tell`
    hears how far the search is.
    Raises ValueError when the forecast is shorter than the inner horizon.
    """
    instance = build_instance(network, forecast, targets, previous)
    found = decompose(instance, CostTables(instance), params or Params(), previous, tell)
    expected, carried_out = outlook(instance, found.plans), execution(instance, found.plans)
    objective = plan_cost(instance, found.plans, expected)
    return ReplenishmentPlan(
        status="complete",
        shipments=_shipments(network, instance, found, expected),
        purchase_orders=_purchase_orders(network, instance, found),
        exceptions=plan_exceptions(network, instance, found.plans, expected),
        projection=_projection(instance, found, expected),
        cost=_cost_carried_out(objective, instance, expected, carried_out),
        objective=objective,
        lower_bound=found.bound,
        bound_at_zero_prices=found.bound_at_zero_prices,
        rules=RULES,
        binding=_binding(instance, found),
        service=_promised(instance, carried_out),
        point_service=_point_service(instance, carried_out),
        rule_prices=_rule_prices(instance, found),
        gap_owed_to=_gap_owed_to(instance, found, objective),
    )


def _cost_carried_out(objective: Cost, instance: Instance, expected: Outlook, carried_out: Execution) -> Cost:
    """Holding of depots and shelves and shortage as carried out; holding at the hub and under way as planned."""
    at_depots = float(expected.holding[:, : instance.published].sum())
    holding = objective.holding - at_depots + float(carried_out.holding.sum())
    return objective.carried_out(holding, float(carried_out.shortage.sum()))


def _promised(instance: Instance, expected: Execution) -> dict[str, float]:
    """Units served at once ÷ units asked at repair points over weeks 1..T, by group with demand."""
    asked = np.bincount(instance.points.group, expected.asked, minlength=len(instance.groups))
    served = np.bincount(instance.points.group, expected.served, minlength=len(instance.groups))
    return {name: float(served[g] / asked[g]) for g, name in enumerate(instance.groups) if asked[g] > 0}


def _dates(days: npt.NDArray[np.int64]) -> npt.NDArray[np.datetime64]:
    return days.astype("datetime64[D]").astype("datetime64[ns]")


def _shipments(network: Network, instance: Instance, found: Decomposition, expected: Outlook) -> pd.DataFrame:
    parts, leaves, sailings = instance.parts, instance.leaves, instance.departures
    units, j = found.plans.units, found.plans.departure
    part, lane = leaves.part[found.plans.leaf], sailings.lane[j]
    departs = _dates(sailings.departs[j])
    lane_id = instance.lane_ids[lane]
    frame = pd.DataFrame(
        {
            "shipment": [f"{name}/{day}" for name, day in zip(lane_id, departs.astype("datetime64[D]"), strict=True)],
            "part": parts.part[part],
            "lane": lane_id,
            "departs": departs,
            "arrives": _dates(sailings.arrives[j]),
            "quantity": units,
            "cost": units * (parts.freight[part, lane] + parts.duty[part, lane]) + instance.line_cost,
            "reason": shipment_reasons(network, instance, found.plans, expected),
        }
    ).astype({"shipment": object, "reason": object})  # text, also where there are no lines
    return frame.sort_values(["departs", "lane", "part"], kind="stable").reset_index(drop=True)


def _purchase_orders(network: Network, instance: Instance, found: Decomposition) -> pd.DataFrame:
    parts, ordering = instance.parts, instance.ordering
    buyer, week, quantity = found.plans.buyer, found.plans.week - 1, found.plans.bought
    ordered = _dates(instance.first_monday + 7 * week)
    supplier = instance.suppliers[parts.supplier[buyer]]
    frame = pd.DataFrame(
        {
            "order": [
                f"{name or 'market'}/{day}" for name, day in zip(supplier, ordered.astype("datetime64[D]"), strict=True)
            ],
            "supplier": supplier,
            "part": parts.part[buyer],
            "quantity": quantity,
            "order_on": ordered,
            "expected": _dates(ordering.expected[parts.supplier[buyer], week]),
            "value": quantity * parts.unit_cost[buyer],
            "reason": purchase_reasons(instance, found.plans),
        }
    ).astype({"order": object, "reason": object})
    return frame.sort_values(["order_on", "supplier", "part"], kind="stable").reset_index(drop=True)


def _projection(instance: Instance, found: Decomposition, expected: Outlook) -> pd.DataFrame:
    """Expected stock, backorders and arrivals of every leaf in weeks 1..T, by part and region."""
    leaves, weeks = instance.leaves, instance.published
    part, region = instance.parts.part[leaves.part], leaves.region
    order = np.lexsort((region.astype(str), part.astype(str)))
    arrivals = found.plans.arrivals(instance)[:, :weeks] + np.diff(leaves.inbound[:, :weeks], axis=1, prepend=0.0)
    series = {
        "on_hand": expected.on_hand, "backorders": expected.backorders, "waiting": expected.waiting,
        "arrivals": arrivals,
    }  # fmt: skip
    return pd.DataFrame(
        {
            "part": np.repeat(part[order], weeks),
            "region": np.repeat(region[order], weeks),
            "week": np.tile(_dates(instance.first_monday + 7 * np.arange(weeks)), len(order)),
            **{name: array[order, :weeks].ravel() for name, array in series.items()},
        },
        copy=False,
    )


def _point_service(instance: Instance, expected: Execution) -> pd.DataFrame:
    """Promised share of units served at once by part and repair point; NaN where nothing is asked."""
    leaf = np.repeat(np.arange(len(instance.leaves.part)), np.diff(instance.leaves.point_start))
    asked = expected.asked
    return pd.DataFrame(
        {
            "part": instance.parts.part[instance.leaves.part[leaf]],
            "site": instance.points.site,
            "promised": np.divide(expected.served, asked, out=np.full(len(asked), np.nan), where=asked > 0),
        }
    )


def _binding(instance: Instance, found: Decomposition) -> dict[str, float]:
    """Share of the published weeks' rows used to 99 % or more: budget periods, lane-weeks by kg, litres or either.

    And weeks of depots whose room is limited, where there are any.
    """
    rows = found.rows
    full = np.array(found.use >= 0.99 * rows.limit, dtype=bool)
    of_budget, of_kg, of_litres, of_storage = rows.runs
    period = instance.coupling.period_of_week[instance.published]
    week = instance.departures.week
    by_departure = np.zeros((2, len(week)), bool)
    limited = np.zeros(len(week), bool)
    by_departure[0, rows.kg], by_departure[1, rows.litres] = full[of_kg], full[of_litres]
    limited[rows.kg] = limited[rows.litres] = True
    inside = limited & (week <= instance.published)
    binding = {
        "budget": _mean(full[of_budget][rows.budget <= period]),
        "lane_kg": _mean(by_departure[0][inside]),
        "lane_litres": _mean(by_departure[1][inside]),
        "lane_capacity": _mean(np.logical_or(*by_departure)[inside]),
    }
    if len(rows.storage):
        binding["storage"] = _mean(full[of_storage][rows.storage % (instance.weeks + 1) <= instance.published])
    return binding


def _rule_prices(instance: Instance, found: Decomposition) -> pd.DataFrame:
    """Every limited row with what one unit more of it is worth; sorted by rule, place and day."""
    frame = row_table(instance, found.rows).assign(limit=found.rows.limit, used=found.use, price=found.price)
    return frame.sort_values(["rule", "place", "start"], kind="stable").reset_index(drop=True)


def _gap_owed_to(instance: Instance, found: Decomposition, cost: Cost) -> dict[str, float]:
    """Money of the gap: to lots (minimum orders, multiples, the hub's dates), whole consignments, and splits.

    Lots: what the cheaper of a part's plan and its own plan at the prices costs above its bound there. Splits: the
    rest, what parts give up for the shared limits and what is left of limits that have a price.
    """
    priced, alone = (
        plans.cost + usage(instance, found.rows, plans) @ found.price for plans in (found.plans, found.alone)
    )
    lots = float((np.minimum(priced, alone) - found.alone.bound).sum())
    whole = consignment_surplus(instance, found.plans)
    gap = cost.total - found.bound
    lots = min(lots, max(gap - whole, 0.0))  # the bound may be that of other prices, or of the exact model
    return {"lots": lots, "consignments": whole, "splits": gap - lots - whole}


def _mean(flags: npt.NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else 0.0
