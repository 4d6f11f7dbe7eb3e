"""An outsider's judge of a plan: recomputes cost and rules from the network and the plan's tables alone."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from domain.network import Network
from domain.plan import PreviousPlan

from .calendar import Calendar
from .churn import Line, changed_lines
from .costs import arrivals, costs
from .laws import Floats
from .leaves import leaves_of
from .orders import purchases_of, shipments_of
from .prices import Prices
from .rules import Orders, broken_rules, storage
from .shelf_life import most_shipped, too_old
from .states import outlook

__all__ = ["Judge", "Judged", "recompute"]


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


class Judge:
    """Knows one planning problem, and judges any number of plans of it; `waiting_price` is by group.

    `previous`: what the plan before had published; None: there is none, and no line counts as changed.
    """

    def __init__(
        self,
        network: Network,
        forecast: pd.DataFrame,
        shares: pd.DataFrame,
        targets: pd.DataFrame,
        waiting_price: dict[str, float],
        previous: PreviousPlan | None = None,
    ) -> None:
        self._network, self._previous = network, previous
        self._calendar = Calendar(network)
        self._prices = Prices(network, self._calendar)
        frames = (forecast, shares, targets)
        self._leaves = leaves_of(network, frames, waiting_price, self._calendar, self._prices)
        self._most_shipped = most_shipped(forecast, self._calendar, self._prices, self._leaves)

    def judge(self, shipments: pd.DataFrame, purchase_orders: pd.DataFrame) -> Judged:
        """What the two tables cost and which rules they break. Raises as `recompute`."""
        network, calendar, prices, leaves = self._network, self._calendar, self._prices, self._leaves
        lines = shipments_of(shipments, calendar)
        purchases = purchases_of(purchase_orders, calendar, prices)
        arrived = arrivals(calendar, leaves, lines)
        expected = outlook(leaves, arrived)
        changed = [] if self._previous is None else changed_lines(calendar, lines, self._previous)
        over_storage, caused = storage(calendar, prices, leaves, expected.depot, self._stock_if_idle)
        broken = broken_rules(Orders(network, calendar, prices, lines, purchases))
        return Judged(
            cost=costs(network, calendar, prices, leaves, expected, lines, purchases, len(changed)),
            broken=broken + caused + too_old(leaves, self._most_shipped, arrived),
            over_storage=over_storage,
            changed=changed,
        )

    @cached_property
    def _stock_if_idle(self) -> Floats:
        """Expected units at the depots had nothing been shipped; zero where no depot has a limit."""
        nothing = np.zeros((len(self._leaves.key), self._calendar.weeks + 1))
        if all(np.isnan(self._calendar.site[depot].storage_m3) for depot in self._leaves.depot):
            return nothing[:, 1:]
        return outlook(self._leaves, nothing).depot


def recompute(
    network: Network,
    forecast: pd.DataFrame,
    shares: pd.DataFrame,
    targets: pd.DataFrame,
    shipments: pd.DataFrame,
    purchase_orders: pd.DataFrame,
    waiting_price: dict[str, float],
    previous: PreviousPlan | None = None,
) -> Judged:
    """Judges the tables of a plan folder; `waiting_price` is money per unit and week by group, `previous` as in Judge.

    Raises ValueError if the forecast misses a week or a shipment goes to a leaf it does not know, KeyError for an
    unknown id.
    """
    return Judge(network, forecast, shares, targets, waiting_price, previous).judge(shipments, purchase_orders)
