"""What a scenario leaves as it is: the forecast where demand is the same, the targets where what they rest on is."""

from collections.abc import Iterable
from dataclasses import fields

import pandas as pd

from domain.departures import inner_weeks
from domain.forecast import Forecast
from domain.logistics import supply_lanes
from domain.network import Network, Settings
from optimizer.targets.stay import stays

_SUPPLY = (
    *("lanes", "suppliers", "duties", "budgets", "rates", "service", "stock", "inbound", "repair_orders"),
    *("substitutes", "past_consignments", "receipts"),
)
"""Tables of which demand knows nothing."""
_DEMAND_COLUMNS = {
    "parts": ("part", "part_class", "support_until"),
    "sites": ("site", "kind", "country", "region"),
}
_DEMAND_SETTINGS = ("as_of", "history_bucket", "horizon_weeks")
_TODAY = ("stock", "inbound", "repair_orders", "budgets", "events", "rates", "past_consignments", "receipts")
"""Tables of which stock targets know nothing once demand is forecast."""
_ORDERING = {"order_line_cost", "budget_per_period", "budget_period_weeks", "frozen_weeks", "churn_cost"}


def same_demand(base: Network, other: Network, forecast: Forecast) -> bool:
    """Whether the forecast made for `base` is the one of `other`, made by the same methods."""
    if _weeks(base) != _weeks(other) or _settings(base, _DEMAND_SETTINGS) != _settings(other, _DEMAND_SETTINGS):
        return False
    asked = set(forecast.share_site)
    return all(
        _demand_rows(base, name, asked).equals(_demand_rows(other, name, asked))
        for name in _tables(base)
        if name not in _SUPPLY
    )


def same_targets(base: Network, other: Network) -> bool:
    """Whether the targets set for one forecast in `base` are those of `other`; never where they may stay as before."""
    told = [name for name in Settings.__dataclass_fields__ if name not in _ORDERING]
    if stays(base.settings) or stays(other.settings) or _settings(base, told) != _settings(other, told):
        return False
    return all(getattr(base, name).equals(getattr(other, name)) for name in _tables(base) if name not in _TODAY)


def _demand_rows(network: Network, name: str, asked: set[str]) -> pd.DataFrame:
    """What demand depends on of a table; a closed place at which nobody asks for parts moves goods alone."""
    frame: pd.DataFrame = getattr(network, name)
    if name in _DEMAND_COLUMNS:
        return frame[list(_DEMAND_COLUMNS[name])]
    if name != "events":
        return frame
    place = frame["applies_to"].str.split(":", n=1)
    goods = place.str[0].isin(["lane", "supplier"]) | ((place.str[0] == "site") & ~place.str[1].isin(asked))
    return frame[~(goods & (frame["kind"] == "shutdown"))].reset_index(drop=True)


def _tables(network: Network) -> list[str]:
    return [one.name for one in fields(network) if isinstance(getattr(network, one.name), pd.DataFrame)]


def _settings(network: Network, names: Iterable[str]) -> list[object]:
    return [getattr(network.settings, name) for name in names]


def _weeks(network: Network) -> int:
    return inner_weeks(network, supply_lanes(network).lead_days)
