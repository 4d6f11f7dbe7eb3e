"""An outsider's judge of a plan: recomputes cost and rules from the network and the plan's tables alone."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from domain.network import Network
from domain.plan import PreviousShipments

from .calendar import Calendar
from .churn import Line, changed_lines
from .costs import arrivals, costs
from .leaves import leaves_of
from .orders import purchases_of, shipments_of
from .prices import Prices
from .rules import Orders, broken_rules, storage
from .shelf_life import most_shipped, too_old
from .states import outlook

__all__ = ["Judged", "recompute"]


@dataclass(frozen=True)
class Judged:
    """What the judge found.

    cost: the eight terms of decision 0003 and `total`, in the network's currency. broken: broken rules in words.
    over_storage: every depot week over its storage, caused by shipments (then also in `broken`) or not.
    changed: order lines that differ from the previous plan, as part, lane, day of departure.
    """

    cost: dict[str, float]
    broken: list[str]
    over_storage: list[str]
    changed: list[Line]


def recompute(
    network: Network,
    forecast: pd.DataFrame,
    shares: pd.DataFrame,
    targets: pd.DataFrame,
    shipments: pd.DataFrame,
    purchase_orders: pd.DataFrame,
    waiting_price: dict[str, float],
    previous: PreviousShipments | None = None,
) -> Judged:
    """Judges the tables of a plan folder; `waiting_price` is money per unit and week by group.

    `previous`: what the plan before had published; None: there is none, and no line counts as changed.

    Raises ValueError if the forecast misses a week or a shipment goes to a leaf it does not know, KeyError for an
    unknown id.
    """
    calendar = Calendar(network)
    prices = Prices(network, calendar)
    leaves = leaves_of(network, (forecast, shares, targets), waiting_price, calendar, prices)
    lines = shipments_of(shipments, calendar)
    purchases = purchases_of(purchase_orders, calendar, prices)

    arrived = arrivals(calendar, leaves, lines)
    expected = outlook(leaves, arrived)
    changed = [] if previous is None else changed_lines(calendar, lines, previous)
    cost = costs(network, calendar, prices, leaves, expected, lines, purchases, len(changed))
    orders = Orders(network, calendar, prices, lines, purchases)
    limited = any(not np.isnan(calendar.site[depot].storage_m3) for depot in leaves.depot)
    idle = outlook(leaves, np.zeros_like(arrived)) if limited else expected
    over_storage, caused = storage(calendar, prices, leaves, expected.depot, idle.depot)
    most = most_shipped(forecast, calendar, prices, leaves)
    return Judged(
        cost=cost,
        broken=broken_rules(orders) + caused + too_old(leaves, most, arrived),
        over_storage=over_storage,
        changed=changed,
    )
