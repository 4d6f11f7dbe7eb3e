"""An outsider's judge of a plan: recomputes cost and rules from the network and the plan's tables alone."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from domain.network import Network

from .calendar import Calendar
from .costs import arrivals, costs
from .leaves import leaves_of
from .orders import purchases_of, shipments_of
from .prices import Prices
from .rules import Orders, below_minimum_value, broken_rules, storage
from .states import outlook

__all__ = ["Judged", "recompute"]


@dataclass(frozen=True)
class Judged:
    """What the judge found.

    cost: the eight terms of decision 0003 and `total`, in the network's currency. broken: broken rules in words.
    over_storage: every depot week over its storage, caused by shipments (then also in `broken`) or not.
    below_minimum_value: supplier orders under the minimum value.
    """

    cost: dict[str, float]
    broken: list[str]
    over_storage: list[str]
    below_minimum_value: list[str]


def recompute(
    network: Network,
    forecast: pd.DataFrame,
    shares: pd.DataFrame,
    targets: pd.DataFrame,
    shipments: pd.DataFrame,
    purchase_orders: pd.DataFrame,
    waiting_price: dict[str, float],
) -> Judged:
    """Judges the tables of a plan folder; `waiting_price` is money per unit and week by group.

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
    cost = costs(network, calendar, prices, leaves, expected, lines, purchases)
    orders = Orders(network, calendar, prices, lines, purchases)
    limited = any(not np.isnan(calendar.site[depot].storage_m3) for depot in leaves.depot)
    idle = outlook(leaves, np.zeros_like(arrived)) if limited else expected
    over_storage, caused = storage(calendar, prices, leaves, expected.depot, idle.depot)
    return Judged(
        cost=cost,
        broken=broken_rules(orders) + caused,
        over_storage=over_storage,
        below_minimum_value=below_minimum_value(orders),
    )
