"""The eight cost terms of a plan, week by week (decision 0003)."""

from collections import defaultdict
from math import ceil

import numpy as np

from domain.network import Network

from .calendar import Calendar
from .frames import good_stock, rows
from .laws import Floats
from .leaves import Leaves
from .orders import Purchase, Shipment
from .prices import Prices
from .states import Outlook

TERMS = ("purchase", "freight", "consignment", "duty", "order_line", "holding", "shortage")


def costs(
    network: Network,
    calendar: Calendar,
    prices: Prices,
    leaves: Leaves,
    outlook: Outlook,
    shipments: list[Shipment],
    purchases: list[Purchase],
    changed_lines: int = 0,
) -> dict[str, float]:
    """Money by term over weeks 1..T, `end` for weeks T + 1..K with the end credit and charge, and `total`.

    changed_lines: order lines within weeks 1..T that differ from the previous plan.
    """
    weekly = {term: np.zeros(calendar.weeks) for term in TERMS}
    weekly["holding"] += outlook.holding.sum(axis=0)
    weekly["shortage"] += outlook.shortage.sum(axis=0)
    hub = hub_stock(network, calendar, prices, leaves, shipments, purchases)
    for part, stock in hub.items():
        weekly["holding"] += prices.holding_rate_per_week(prices.hub[part]) * prices.part[part].unit_cost * stock[1:]
    for purchase in purchases:
        weekly["purchase"][_at(purchase.week, calendar)] += purchase.quantity * prices.part[purchase.part].unit_cost
    _add_shipments(weekly, network, calendar, prices, shipments)
    _add_consignments(weekly, calendar, prices, shipments)

    inside = calendar.horizon
    cost = {term: float(money[:inside].sum()) for term, money in weekly.items()}
    cost["order_line"] += network.settings.churn_cost * changed_lines
    cost["end"] = float(sum(money[inside:].sum() for money in weekly.values()) + outlook.late.sum())
    cost["end"] += _credit(network, calendar, prices, leaves, outlook, shipments, hub)
    cost["total"] = sum(cost.values())
    return cost


def hub_stock(
    network: Network,
    calendar: Calendar,
    prices: Prices,
    leaves: Leaves,
    shipments: list[Shipment],
    purchases: list[Purchase],
) -> dict[str, Floats]:
    """Units at the hub of every part of the forecast, today (index 0) and at the end of weeks 1..K."""
    moves = {part: np.zeros(calendar.weeks + 1) for part in sorted({part for part, _ in leaves.key})}

    def move(part: str, week: int, quantity: float) -> None:
        if part in moves and week <= calendar.weeks:
            moves[part][week] += quantity

    for (part, site), on_hand in good_stock(network).items():
        if site == prices.hub[part]:
            move(part, 0, on_hand)
    for row in rows(network.inbound):
        if row.destination == prices.hub[row.part]:
            move(row.part, calendar.due_week(row.expected), row.quantity)
    for purchase in purchases:
        move(purchase.part, calendar.week(purchase.due), purchase.quantity)
    for shipment in shipments:
        move(shipment.part, shipment.week, -shipment.quantity)
    return {part: np.cumsum(change) for part, change in moves.items()}


def consignments(calendar: Calendar, prices: Prices, lane: str, lines: list[Shipment]) -> int:
    """Consignments that carry these lines: by weight, one where the lane has no consignment size."""
    size = calendar.lane[lane].consignment_kg
    kg = sum(line.quantity * prices.part[line.part].weight_kg for line in lines)
    return 1 if np.isnan(size) else max(ceil(kg / size - 1e-9), 1)


def _at(week: int, calendar: Calendar) -> int:
    """Index of a week; what a faulty plan does outside 1..K is charged at the nearest week."""
    return min(max(week, 1), calendar.weeks) - 1


def _add_shipments(
    weekly: dict[str, Floats], network: Network, calendar: Calendar, prices: Prices, shipments: list[Shipment]
) -> None:
    for line in shipments:
        week, unit = _at(line.week, calendar), prices.unit(line.part, line.lane)
        weekly["freight"][week] += line.quantity * unit.freight
        weekly["duty"][week] += line.quantity * unit.duty
        weekly["order_line"][week] += network.settings.order_line_cost
        weekly["holding"][week] += line.quantity * prices.under_way(line.part, line.lane)


def _add_consignments(weekly: dict[str, Floats], calendar: Calendar, prices: Prices, shipments: list[Shipment]) -> None:
    """Consignment charges, and under freight what the carriage of a lane's week falls short of their minimum charge."""
    leaving: dict[tuple[str, int], list[Shipment]] = defaultdict(list)
    for line in shipments:
        leaving[line.lane, line.week].append(line)
    for (lane, week), lines in leaving.items():
        number = consignments(calendar, prices, lane, lines)
        carriage = sum(line.quantity * prices.unit(line.part, lane).carriage for line in lines)
        row, at = calendar.lane[lane], _at(week, calendar)
        weekly["consignment"][at] += number * row.cost_per_consignment
        weekly["freight"][at] += max(number * row.minimum_charge - carriage, 0.0)


def _credit(
    network: Network,
    calendar: Calendar,
    prices: Prices,
    leaves: Leaves,
    outlook: Outlook,
    shipments: list[Shipment],
    hub: dict[str, Floats],
) -> float:
    """Credit price × (initial stock + frozen inbound − stock at the end of week K, under way too)."""
    units = {part: float(stock[0] - stock[-1]) for part, stock in hub.items()}
    for row in rows(network.inbound):
        at_hub = row.destination == prices.hub[row.part]
        if at_hub and row.part in units and calendar.due_week(row.expected) <= calendar.weeks:
            units[row.part] += row.quantity
    arrived = arrivals(calendar, leaves, shipments)
    shipped = np.zeros(len(leaves.key))
    row_of = {key: row for row, key in enumerate(leaves.key)}
    for line in shipments:
        shipped[row_of[line.part, calendar.site[calendar.lane[line.lane].destination].region]] += line.quantity
    for leaf, (part, _) in enumerate(leaves.key):
        under_way = shipped[leaf] - leaves.rho[leaf][-1] @ arrived[leaf]
        held = outlook.depot[leaf, -1] + outlook.shelves[leaf, -1] + under_way
        units[part] += leaves.initial[leaf] + leaves.inbound[leaf].sum() - held
    return float(sum(count * prices.part[part].unit_cost * prices.credit_share for part, count in units.items()))


def arrivals(calendar: Calendar, leaves: Leaves, shipments: list[Shipment]) -> Floats:
    """X_k: units shipped to each leaf with slot ≤ k, shape (leaves, K + 1), k = 0..K.

    Raises ValueError for a shipment to a leaf the forecast does not know.
    """
    row_of = {key: row for row, key in enumerate(leaves.key)}
    slots = np.zeros((len(leaves.key), calendar.weeks + 1))
    for line in shipments:
        leaf = line.part, calendar.site[calendar.lane[line.lane].destination].region
        if leaf not in row_of:
            raise ValueError(f"{line} goes where the forecast expects no demand: it has no row for {leaf}")
        if line.slot <= calendar.weeks:
            slots[row_of[leaf], line.slot] += line.quantity
    return np.cumsum(slots, axis=1)
