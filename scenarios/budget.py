"""Money left in the budget period a rolling plan stands in: a period keeps its weeks however often one replans."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.network import Network
from simulation.referee.replay import Orders

Floats = npt.NDArray[np.float64]


def budget_left(network: Network, orders: Orders | None, monday: pd.Timestamp, week: int, weeks: int) -> Floats:
    """Money left in every budget period since `monday` (inf: no limit), shape (periods,), `weeks` and a year ahead.

    Rows of `budgets` count in the period in which they start (docs/decisions/0003), else `budget_per_period`.
    """
    length = network.settings.budget_period_weeks
    periods = (weeks + 104) // length + 2
    limit = network.settings.budget_per_period
    left = np.full(periods, np.inf if limit is None else float(limit))
    of_row = period_of(network, network.budgets["start"], monday)
    for period in np.unique(of_row[(of_row >= 0) & (of_row < periods)]):
        left[period] = float(network.budgets["amount"].to_numpy(float)[of_row == period].sum())
    if orders is not None and len(orders.purchase_orders):
        bought = orders.purchase_orders
        value = bought["quantity"] * bought["part"].map(network.parts.set_index("part")["unit_cost"])
        np.subtract.at(left, period_of(network, bought["order_on"], monday), value.to_numpy(float))
    return np.asarray(np.maximum(left, 0.0))


def period_of(network: Network, days: "pd.Series[pd.Timestamp]", monday: pd.Timestamp) -> npt.NDArray[np.int64]:
    """The budget period of each day, 0 begins on `monday`."""
    weeks = (days - monday).dt.days.to_numpy(np.int64) // DAYS_PER_WEEK
    return np.asarray(weeks // network.settings.budget_period_weeks, np.int64)


def with_budget(network: Network, left: Floats, week: int) -> Network:
    """The network with budgets for a plan that begins in `week` (0 first): its periods straddle those of the calendar
    and get their share of each; what is left of the present one all goes into the first."""
    length = network.settings.budget_period_weeks
    period, offset = divmod(week, length)
    mondays = pd.Timestamp(network.settings.as_of) + timedelta(days=1)
    weights = np.full(len(left) - period - 1, (length - offset) / length)
    weights[0] = 1.0
    with np.errstate(invalid="ignore"):
        amount = left[period:-1] * weights + (left[period + 1 :] * (offset / length) if offset else 0.0)
    limited = np.flatnonzero(np.isfinite(amount))
    rows = pd.DataFrame(
        {
            "start": [mondays + timedelta(days=int(n) * length * DAYS_PER_WEEK) for n in limited],
            "currency": network.settings.currency,
            "amount": amount[limited],
        }
    )
    budgets = rows.astype(network.budgets.dtypes.to_dict()) if len(rows) else network.budgets.iloc[:0]
    return replace(
        network, settings=replace(network.settings, budget_per_period=None), budgets=budgets.reset_index(drop=True)
    )


def affordable(network: Network, left: Floats) -> Callable[[pd.DataFrame, pd.Timestamp], pd.DataFrame]:
    """Keeps the purchase orders that what is left of their own period pays, in their order; the others wait."""
    unit_cost = network.parts.set_index("part")["unit_cost"]

    def pay(bought: pd.DataFrame, monday: pd.Timestamp) -> pd.DataFrame:
        bought = bought.sort_values(["order_on", "order"], kind="stable")
        money, kept = left * (1.0 + 1e-9), np.zeros(len(bought), bool)
        value = (bought["quantity"] * bought["part"].map(unit_cost)).to_numpy(float)
        for row, period in enumerate(period_of(network, bought["order_on"], monday)):
            kept[row] = value[row] <= money[period]
            money[period] -= value[row] if kept[row] else 0.0
        return bought[kept]

    return pay
