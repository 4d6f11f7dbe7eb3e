"""What the rules cost: the next dollar of budget, the next kg on a departure, the next m³ of storage, in words."""

from datetime import date
from typing import Any

import pandas as pd

from domain.logistics import LITRES_PER_M3
from domain.network import Network
from reports import words
from reports.tables import until_week

RULES = {"budget": "Budget", "lane kg": "Weight of a departure", "lane litres": "Volume of a departure"}
RULES |= {"storage": "Storage of a depot"}
NO_RULE_COSTS = "No limit holds the plan back: neither budget, nor departures, nor storage are used to the full."
_UNIT = {"lane kg": "kg", "lane litres": "litres", "storage": "litres"}
_VEHICLES = {
    "air": "flight",
    "express": "express",
    "rail": "train",
    "sea": "ship",
    "road": "truck",
    "courier": "courier",
}
_LEAST_PRICE = 1e-6  # money per unit of a row: below it the row costs nothing


def dearest_rules(network: Network, rule_prices: pd.DataFrame) -> pd.DataFrame:
    """The limits of weeks 1..T that cost money, the dearest first: rule_prices' columns, and unit, hundredth, says.

    hundredth: what 1 % more of the limit saves, which makes rules of different units comparable; a limit of nothing
    has none and comes first. Prices are those of the bound, true of a small change. says: the sentence for people.
    """
    ahead = until_week(network, rule_prices, "start", network.settings.horizon_weeks)
    dear = ahead[ahead["price"] > _LEAST_PRICE]
    saved = dear["price"] * dear["limit"] / 100
    dear = dear.assign(
        unit=dear["rule"].map(_UNIT).fillna(network.settings.currency).astype(object),
        hundredth=saved.where(dear["limit"] > 0),
    )
    by = ["hundredth", "price", "rule", "place", "start"]
    ascending = [False, False, True, True, True]
    dear = dear.sort_values(by, ascending=ascending, na_position="first", ignore_index=True)
    return dear.assign(says=pd.Series([_says(network, row) for row in dear.to_dict("records")], dtype=object))


def _says(network: Network, row: dict[Any, Any]) -> str:
    near, currency = network.settings.as_of, network.settings.currency
    start, price = row["start"], float(row["price"])
    match row["rule"]:
        case "budget":
            weeks = network.settings.budget_period_weeks
            period = f"{weeks} weeks" if weeks > 1 else "week"
            more = f"{words.coin(currency)} of budget in the {period} from {words.day(start, near)}"
        case "storage":
            more = f"m³ of storage at {_name(network, row['place'])} in the week of {words.day(start, near)}"
            price *= LITRES_PER_M3
        case rule:
            more = f"{'litre' if rule == 'lane litres' else 'kg'} on {_departure(network, row['place'], start, near)}"
    return f"One more {more} saves {words.saving(price, currency)}."


def _departure(network: Network, lane: str, departs: pd.Timestamp, near: date) -> str:
    ((mode, destination),) = network.lanes.loc[network.lanes["lane"] == lane, ["mode", "destination"]].to_numpy(str)
    day = words.day(departs, near).split(maxsplit=1)[1]
    return f"{departs.day_name()}'s {_VEHICLES[mode]} to {_name(network, destination)} of {day}"


def _name(network: Network, site: str) -> str:
    return words.shortened(str(network.site_of.at[site, "name"] or site))
