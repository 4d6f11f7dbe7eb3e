"""The network: what a company has and owes, as checked tables."""

from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

MODES = ("air", "express", "rail", "sea", "road", "courier")


@dataclass(frozen=True)
class Settings:
    """network.toml: the date of the data, the currency, and the planner's choices."""

    as_of: date
    currency: str
    horizon_weeks: int = 26
    history_bucket: str = "week"
    holding_rate_per_year: float = 0.25
    obsolescence_rate: float = 0.10
    order_line_cost: float = 0.0
    budget_per_period: float | None = None
    budget_period_weeks: int = 4
    frozen_weeks: int = 0
    churn_cost: float = 0.0
    target_change_cost: float = 0.0
    minimum_stay_weeks: int = 0
    set_aside_limit: float = 0.01
    fill_rate: float = 0.90


@dataclass(frozen=True)
class Network:
    """Every table of the network folder, checked, complete and sorted by key.

    Each frame has all columns of its schema (`domain.schemas`), defaults filled in: text is "" when empty, numbers
    are float64 with NaN for "none", counts int64, dates datetime64[ns] with NaT, booleans bool. Money is already in
    the network's currency; `currency` says in which it is paid.
    """

    settings: Settings
    sites: pd.DataFrame
    lanes: pd.DataFrame
    suppliers: pd.DataFrame
    parts: pd.DataFrame
    models: pd.DataFrame
    fitment: pd.DataFrame
    substitutes: pd.DataFrame
    sales: pd.DataFrame
    usage: pd.DataFrame
    stockouts: pd.DataFrame
    failures: pd.DataFrame
    stock: pd.DataFrame
    inbound: pd.DataFrame
    receipts: pd.DataFrame
    repair_orders: pd.DataFrame
    service: pd.DataFrame
    duties: pd.DataFrame
    budgets: pd.DataFrame
    events: pd.DataFrame
    overrides: pd.DataFrame
    past_consignments: pd.DataFrame
    rates: pd.DataFrame
    snapshot: str = field(default="")

    def with_parts(self, parts: set[str]) -> "Network":
        """The same network with only these parts in every table that names a part."""
        kept: dict[str, Any] = {}
        for table in fields(self):
            frame = getattr(self, table.name)
            if isinstance(frame, pd.DataFrame) and "part" in frame:
                kept[table.name] = frame[frame["part"].isin(parts)].reset_index(drop=True)
        return replace(self, **kept)

    def known_at(self, day: date) -> "Network":
        """The network as of an earlier day: facts dated later are gone, sales after it are the plan of sales."""
        moment = pd.Timestamp(day)
        dated = {
            "usage": self.usage["date"],
            "failures": self.failures["failed_month"] + pd.offsets.MonthEnd(),  # a month is known when it is over
            "stockouts": self.stockouts["start"],
            "overrides": self.overrides["created"],
            "receipts": self.receipts["date"],
            "past_consignments": self.past_consignments["received"],
        }
        known = {name: getattr(self, name)[days <= moment].reset_index(drop=True) for name, days in dated.items()}
        return replace(self, settings=replace(self.settings, as_of=day), **known)

    @cached_property
    def site_of(self) -> pd.DataFrame:
        """Sites by id."""
        return self.sites.set_index("site")

    @cached_property
    def depot_of_region(self) -> dict[str, str]:
        """The one depot that serves each region."""
        depots = self.sites[self.sites["kind"] == "depot"]
        return dict(zip(depots["region"], depots["site"], strict=True))
