"""The small demo where something stops supply: no money, closed lanes, parts no lane carries, shut suppliers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from domain.network import Network

Change = Callable[[Network], Network]


def _settings(**values: Any) -> Change:
    return lambda network: replace(network, settings=replace(network.settings, **values))


def _supply(network: Network) -> "pd.Series[bool]":
    """Which lanes lead from a hub to a depot."""
    kind = network.site_of["kind"]
    return (network.lanes["origin"].map(kind) == "origin") & (network.lanes["destination"].map(kind) == "depot")


def _shut(*what: str) -> Change:
    """These are shut for good."""

    def change(network: Network) -> Network:
        day = pd.Timestamp(network.settings.as_of)
        rows = pd.DataFrame({"event": [f"shut {one}" for one in what], "applies_to": what})
        rows = rows.assign(kind="shutdown", start=day, end=day + pd.Timedelta(days=700), factor=1.0)
        known = network.events
        together = pd.concat([known, rows.reindex(columns=known.columns)], ignore_index=True)
        return replace(network, events=together.astype(known.dtypes.to_dict()))

    return change


def _first_depot(network: Network) -> str:
    return str(network.sites.loc[network.sites["kind"] == "depot", "site"].min())


def _lanes_to(network: Network) -> list[str]:
    lanes = network.lanes[_supply(network)]
    return [f"lane:{lane}" for lane in lanes.loc[lanes["destination"] == _first_depot(network), "lane"]]


def _first_period_without_money(network: Network) -> Network:
    row = {"start": pd.Timestamp(network.settings.as_of) + pd.Timedelta(days=7), "amount": 0.0}
    row |= {"currency": network.settings.currency}
    table = pd.DataFrame([row]).reindex(columns=network.budgets.columns)
    return replace(network, budgets=table.astype(network.budgets.dtypes.to_dict()))


def _without_departures(network: Network) -> Network:
    """Every weekday on which the lanes to the first depot leave is a holiday."""
    lanes = network.lanes.assign(
        departures=np.where(
            "lane:" + network.lanes["lane"] == _lanes_to(network)[0], "Mon", network.lanes["departures"]
        )
    )
    mondays = pd.date_range(network.settings.as_of, periods=60, freq="W-MON")
    rows = pd.DataFrame({"event": [f"holiday {day:%Y-%m-%d}" for day in mondays], "start": mondays, "end": mondays})
    rows = rows.assign(kind="shutdown", applies_to=_lanes_to(network)[0], factor=1.0)
    known = network.events
    together = pd.concat([known, rows.reindex(columns=known.columns)], ignore_index=True)
    return replace(network, lanes=lanes, events=together.astype(known.dtypes.to_dict()))


def _parts(**values: Any) -> Change:
    return lambda network: replace(network, parts=network.parts.assign(**values))


def _nothing_at_the_hub(network: Network) -> Network:
    hubs = network.sites.loc[network.sites["kind"] == "origin", "site"]
    stock = network.stock[~network.stock["site"].isin(hubs)].reset_index(drop=True)
    inbound = network.inbound[~network.inbound["destination"].isin(hubs)].reset_index(drop=True)
    return replace(network, stock=stock, inbound=inbound)


def _no_room(network: Network) -> Network:
    return replace(network, sites=network.sites.assign(storage_m3=network.sites["storage_m3"].fillna(0.001)))


def _no_dangerous_goods(network: Network) -> Network:
    return replace(network, lanes=network.lanes.assign(dangerous_goods=~_supply(network)))


def _no_capacity(network: Network) -> Network:
    lanes = network.lanes
    return replace(
        network, lanes=lanes.assign(capacity_kg_per_week=lanes["capacity_kg_per_week"].where(~_supply(network), 0.0))
    )


def _no_lane(network: Network) -> Network:
    gone = _supply(network) & (network.lanes["destination"] == _first_depot(network))
    return replace(network, lanes=network.lanes[~gone].reset_index(drop=True))


def _dear_minimum(network: Network) -> Network:
    suppliers = network.suppliers.assign(minimum_order_value=1e7)
    return replace(_nothing_at_the_hub(network), suppliers=suppliers)


SITUATIONS: dict[str, tuple[Change, str]] = {
    "a budget of 0 in every period": (_settings(budget_per_period=0.0), "budget"),
    "a budget of 0 in the first period": (
        lambda network: _nothing_at_the_hub(_first_period_without_money(network)),
        "budget",
    ),
    "every lane to a depot closed": (lambda network: _shut(*_lanes_to(network))(network), "no open lane"),
    "one lane closed": (lambda network: _shut(_lanes_to(network)[0])(network), "closed lane"),
    "a lane without a departure": (_without_departures, "closed lane"),
    "lanes without room": (_no_capacity, "no open lane"),
    "a depot no lane reaches": (_no_lane, "no lane"),
    "dangerous goods no lane carries": (_no_dangerous_goods, "no lane"),
    "every week frozen": (_settings(frozen_weeks=60), "frozen weeks"),
    "a supplier shut": (
        lambda network: _shut(f"supplier:{network.suppliers['supplier'].min()}")(_nothing_at_the_hub(network)),
        "closed supplier",
    ),
    "last order dates past": (
        lambda network: _parts(last_order_by=pd.Timestamp(network.settings.as_of))(_nothing_at_the_hub(network)),
        "last order date",
    ),
    "minimum order values out of reach": (_dear_minimum, "minimum value"),
    "depots full today": (_no_room, "full depot"),
    "parts that spoil on the way": (_parts(shelf_life_days=3.0), "shelf life"),
}
"""What stops supply: the change to the network, and the kind of the exception that must say so."""
