"""The plan the referee is asked about."""

from dataclasses import dataclass

import pandas as pd

from domain.forecast import Forecast


@dataclass(frozen=True)
class PlanToJudge:
    """The frames of a plan folder the referee executes, and what the plan promises of them.

    targets: part, site, base_stock. promised: share of units served at once, by group.
    waiting_price: money per unit and week, by group.
    """

    forecast: Forecast
    targets: pd.DataFrame
    shipments: pd.DataFrame
    purchase_orders: pd.DataFrame
    promised: dict[str, float]
    waiting_price: dict[str, float]
