"""The rules of a plan; each check yields what is broken, in words (decision 0003, "Calendar" and "Coupling rules")."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import isnan, nan

import numpy as np

from domain.network import Network

from .calendar import Calendar
from .frames import as_date, good_stock, rows
from .laws import Floats
from .leaves import Leaves
from .orders import Purchase, Shipment
from .prices import Prices

_SLACK = 1.0 + 1e-6


@dataclass(frozen=True)
class Orders:
    """All a check needs to look at."""

    network: Network
    calendar: Calendar
    prices: Prices
    shipments: list[Shipment]
    purchases: list[Purchase]


def broken_rules(orders: Orders) -> list[str]:
    """Every broken rule but storage and shelf life, in words."""
    checks = (_departures, _carriage, _capacity, _hub_balance, _purchases, _lots, _budget, _minimum_value)
    return [words for check in checks for words in check(orders)]


def _departures(orders: Orders) -> Iterator[str]:
    """Lines leave with the lane's only departure of the week, arrive when the calendar says, and by week K."""
    calendar, seen = orders.calendar, set()
    for line in orders.shipments:
        departure = calendar.departure(line.lane, line.week)
        if departure is None:
            yield f"{line}: the lane has no open day that week"
        elif line.departs != departure:
            yield f"{line}: the lane's departure of that week is on {departure}"
        if not calendar.frozen < line.week <= calendar.weeks:
            yield f"{line}: new departures are in weeks {calendar.frozen + 1}..{calendar.weeks}"
        if line.arrives != line.due:
            yield f"{line}: arrives on {line.due}, not {line.arrives}"
        if line.slot > calendar.weeks:
            yield f"{line}: arrives in week {line.slot}, after the last week {calendar.weeks}"
        if (line.part, line.lane, line.departs) in seen:
            yield f"{line}: listed twice"
        seen.add((line.part, line.lane, line.departs))


def _carriage(orders: Orders) -> Iterator[str]:
    """Lanes lead from the part's hub to a depot and take dangerous goods only where allowed; units are whole."""
    calendar, prices = orders.calendar, orders.prices
    for line in orders.shipments:
        lane = calendar.lane[line.lane]
        if line.lane not in calendar.supply_lanes:
            yield f"{line}: the lane does not lead from a hub to a depot"
        if lane.origin != prices.hub[line.part]:
            yield f"{line}: the part leaves from {prices.hub[line.part]}, the lane from {lane.origin}"
        if prices.part[line.part].dangerous_goods and not lane.dangerous_goods:
            yield f"{line}: the lane takes no dangerous goods"
        if line.quantity < 1 or line.quantity != round(line.quantity):
            yield f"{line}: the quantity {line.quantity} is no positive whole number"


def _capacity(orders: Orders) -> Iterator[str]:
    """Kilograms and litres leaving on a lane in a week."""
    calendar = orders.calendar
    load: dict[tuple[str, int], Floats] = defaultdict(lambda: np.zeros(2))
    for line in orders.shipments:
        item = orders.prices.part[line.part]
        load[line.lane, line.week] += line.quantity * np.array([item.weight_kg, item.volume_l])
    for (lane, week), (kg, litres) in load.items():
        row = calendar.lane[lane]
        if kg > row.capacity_kg_per_week * _SLACK:
            yield f"lane {lane}, week {week}: {kg:g} kg leave, {row.capacity_kg_per_week:g} kg may"
        if litres > row.capacity_m3_per_week * 1000.0 * _SLACK:
            yield f"lane {lane}, week {week}: {litres:g} litres leave, {row.capacity_m3_per_week * 1000.0:g} may"


def _hub_balance(orders: Orders) -> Iterator[str]:
    """A departure takes only what is at the hub by then: stock, inbound and purchases expected, less departures."""
    calendar, prices = orders.calendar, orders.prices
    moves: dict[str, list[tuple[date, int, float]]] = defaultdict(list)  # day, in before out, quantity
    for (part, site), on_hand in good_stock(orders.network).items():
        if site == prices.hub[part]:
            moves[part].append((date.min, 0, on_hand))
    for row in rows(orders.network.inbound):
        if row.destination == prices.hub[row.part]:
            on = as_date(row.expected)
            moves[row.part].append((on if on > calendar.monday else calendar.monday, 0, row.quantity))
    for purchase in orders.purchases:
        moves[purchase.part].append((purchase.due, 0, purchase.quantity))
    for line in orders.shipments:
        moves[line.part].append((line.departs, 1, -line.quantity))
    for part, changes in moves.items():
        balance = 0.0
        for day, _, quantity in sorted(changes):
            balance += quantity
            if quantity < 0 and balance < 0:
                yield f"{part}: by {day} the hub has sent {-balance:g} units more than it had"
                break


def _purchases(orders: Orders) -> Iterator[str]:
    """Purchases: on open Mondays of the weeks that may still change, with the right supplier, date and value."""
    calendar, prices = orders.calendar, orders.prices
    for purchase in orders.purchases:
        item = prices.part[purchase.part]
        if purchase.supplier != item.supplier:
            yield f"{purchase}: its supplier is {item.supplier or 'none'}, not {purchase.supplier or 'none'}"
        if purchase.ordered.weekday() != 0:
            yield f"{purchase}: not a Monday"
        if not calendar.may_order(item.supplier, purchase.ordered):
            yield f"{purchase}: the supplier is shut"
        if not calendar.frozen < purchase.week <= calendar.weeks:
            yield f"{purchase}: new purchases are in weeks {calendar.frozen + 1}..{calendar.weeks}"
        last = item.last_order_by
        if last == last and purchase.ordered > as_date(last):  # NaT is no limit
            yield f"{purchase}: the last order was possible on {as_date(last)}"
        if purchase.expected != purchase.due:
            yield f"{purchase}: expected on {purchase.due}, not {purchase.expected}"
        if abs(purchase.value - purchase.quantity * item.unit_cost) > 1e-6 * max(purchase.value, 1.0):
            yield f"{purchase}: {purchase.quantity:g} units at {item.unit_cost:g} are not worth {purchase.value:g}"


def _lots(orders: Orders) -> Iterator[str]:
    """Minimum order quantity and order multiple, per purchase; one purchase of a part a day."""
    seen = set()
    for purchase in orders.purchases:
        item = orders.prices.part[purchase.part]
        if purchase.quantity < max(item.moq, 1):
            yield f"{purchase}: {purchase.quantity:g} units are fewer than the minimum {item.moq:g}"
        if purchase.quantity % item.order_multiple != 0:
            yield f"{purchase}: {purchase.quantity:g} units are no multiple of {item.order_multiple:g}"
        if (purchase.part, purchase.ordered) in seen:
            yield f"{purchase}: listed twice"
        seen.add((purchase.part, purchase.ordered))


def budget_of_period(network: Network, calendar: Calendar, period: int) -> float:
    """Money of period 0, 1, …: the rows of `budgets` that start in it, else the amount per period; NaN is no limit."""
    weeks = network.settings.budget_period_weeks
    amounts = [
        row.amount
        for row in rows(network.budgets)
        if (max(calendar.week(as_date(row.start)), 1) - 1) // weeks == period
        and as_date(row.start) > network.settings.as_of
    ]
    if amounts:
        return float(sum(amounts))
    per_period = network.settings.budget_per_period
    return nan if per_period is None else per_period


def _budget(orders: Orders) -> Iterator[str]:
    """Value of the purchases ordered in each budget period."""
    calendar = orders.calendar
    spent: dict[int, float] = defaultdict(float)
    for purchase in orders.purchases:
        unit_cost = orders.prices.part[purchase.part].unit_cost
        period = (purchase.week - 1) // orders.network.settings.budget_period_weeks
        spent[period] += purchase.quantity * unit_cost
    for period, value in spent.items():
        amount = budget_of_period(orders.network, calendar, period)
        if not isnan(amount) and value > amount * _SLACK:
            yield f"budget period {period + 1}: {value:g} is ordered, {amount:g} may be"


def _minimum_value(orders: Orders) -> Iterator[str]:
    """What one supplier gets on one day is together worth its minimum order value."""
    value: dict[tuple[str, date], float] = defaultdict(float)
    for purchase in orders.purchases:
        value[purchase.supplier, purchase.ordered] += purchase.quantity * orders.prices.part[purchase.part].unit_cost
    suppliers = orders.network.suppliers
    minimum = dict(zip(suppliers["supplier"], suppliers["minimum_order_value"], strict=True))
    for (supplier, day), money in sorted(value.items()):
        if money * _SLACK < minimum.get(supplier, 0.0):
            yield f"supplier {supplier} gets {money:g} on {day}, less than its minimum {minimum[supplier]:g}"


def storage(
    calendar: Calendar, prices: Prices, leaves: Leaves, stock: Floats, without: Floats
) -> tuple[list[str], list[str]]:
    """Depot weeks over `storage_m3`, in words, and those of them that shipments caused.

    `stock` and `without` are the expected units at the depots with and without the plan's shipments, shape (leaves, K).
    """
    litres = np.array([prices.part[part].volume_l for part, _ in leaves.key])[:, None]
    over, caused = [], []
    for depot in sorted(set(leaves.depot)):
        at = [leaf for leaf, site in enumerate(leaves.depot) if site == depot]
        limit = calendar.site[depot].storage_m3 * 1000.0
        used, least = (litres[at] * stock[at]).sum(axis=0), (litres[at] * without[at]).sum(axis=0)
        for week in np.flatnonzero(used > limit * _SLACK):
            over.append(f"depot {depot}, week {week + 1}: {used[week]:g} litres stored, {limit:g} fit")
            if used[week] > max(limit, least[week]) * _SLACK:
                caused.append(over[-1])
    return over, caused
