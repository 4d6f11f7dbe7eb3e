"""Patches of money: tariffs, exchange rates, budgets, a price on carbon. They hold for the whole plan."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from domain.schemas import TABLES, about
from scenarios.what_if.patches.change import Change, Choose, Drop, Write, added, rows_where, scaled
from scenarios.what_if.patches.choose import ALL, LANES, country_of, lanes_of
from scenarios.what_if.patches.kind import Argument, Kind, Request, Unfit

_KG_PER_TONNE = 1000.0


def _tariff(request: Request) -> list[Change]:
    country = country_of(request)
    countries = _importing(request) if country == ALL else [country]
    found = [change for country in countries for change in _tariff_of(request, country)]
    if not found:
        raise Unfit("", "no duty changes by this")
    return found


def _tariff_of(request: Request, country: str) -> list[Change]:
    """New rates of one country: rows at or below the prefix, and new rows where a shorter prefix has held so far."""
    duties, prefix, source = request.network.duties, request.text("hs_prefix"), request.text("origin_country")
    own = duties[duties["country"] == country]
    origins = [source] if source else sorted({"", *own["origin_country"]})
    new, rows, rates = [], [], []
    for origin in origins:
        held = own[own["origin_country"].isin(["", origin])]
        below = held.loc[held["hs_prefix"].str.startswith(prefix), "hs_prefix"]
        for one in sorted({prefix, *below}):
            row = _in_force(held, one)
            before = 0.0 if row is None else float(row["duty_rate"])
            rate = _changed(request, before)
            if row is not None and (row["hs_prefix"], row["origin_country"]) == (one, origin):
                rows.append(int(str(row.name)))
                rates.append(rate)
            elif rate != before and (source or row is None or not row["hs_prefix"].startswith(prefix)):
                vat = {} if row is None else {name: row[name] for name in ("vat_rate", "vat_recoverable")}
                key = {"country": country, "hs_prefix": one, "origin_country": origin}
                new.append({**key, "duty_rate": rate, **vat})
    found: list[Change] = [added("duties", new)] if new else []
    return [*found, Write("duties", "duty_rate", np.array(rows, np.int64), np.array(rates))] if rows else found


def _in_force(held: pd.DataFrame, prefix: str) -> "pd.Series[Any] | None":
    """The row that holds for goods of this prefix: the longest that fits, of equals the one that names the origin."""
    fits = held[[prefix.startswith(one) for one in held["hs_prefix"]]]
    if fits.empty:
        return None
    rank = fits["hs_prefix"].str.len() * 2 + (fits["origin_country"] != "")
    best: pd.Series[Any] = fits.iloc[int(rank.argmax())]
    return best


def _changed(request: Request, rate: float) -> float:
    for name, change in _RATES.items():
        if request.has(name):
            value = change(rate, request.number(name))
            if not 0 <= value <= 1:
                raise Unfit(name, f"makes a duty of {value:.0%}; duties lie between 0 and 100 %")
            return value
    raise ValueError("no rate is given")


_RATES: dict[str, Callable[[float, float], float]] = {
    "duty_rate": lambda now, given: given,
    "add": lambda now, given: now + given,
    "factor": lambda now, given: now * given,
}


def _importing(request: Request) -> list[str]:
    """Countries into which a lane comes from another."""
    where = request.network.site_of["country"]
    lanes = request.network.lanes
    origin, destination = lanes["origin"].map(where), lanes["destination"].map(where)
    return sorted(set(destination[origin != destination]))


def _exchange_rate(request: Request) -> list[Change]:
    """Amounts paid in a currency are worth 1/factor of what they were, in the network's."""
    network, currency, factor = request.network, request.text("currency"), request.number("factor")
    own, rates = network.settings.currency, network.rates
    foreign = (rates["currency"] != own).to_numpy(bool)
    if currency == own:
        moves, factor = foreign, 1.0 / factor
    else:
        moves = foreign if currency == ALL else (rates["currency"] == currency).to_numpy(bool)
    moved = set(rates["currency"][moves])
    found = scaled(network, "rates", ["per_base"], rows_where(moves), factor)
    for table, schema in TABLES.items():
        money = [name for name, column in schema.columns.items() if about(column).money]
        if money:
            paid = rows_where(getattr(network, table)["currency"].isin(moved))
            found += scaled(network, table, money, paid, 1.0 / factor) if len(paid) else []
    if not moved:
        raise Unfit("currency", "the network has only one currency")
    return found


def _budget(request: Request) -> list[Change]:
    network = request.network
    now, table = network.settings.budget_per_period, network.budgets
    if request.has("amount"):
        every = np.arange(len(table))
        return [Choose("budget_per_period", request.number("amount")), Drop("budgets", every)]
    if now is None and not len(table):
        raise Unfit("factor", "this network has no budget to multiply; give an amount")
    factor = request.number("factor")
    chosen: list[Change] = [Choose("budget_per_period", None if now is None else now * factor)]
    return chosen + scaled(network, "budgets", ["amount"], np.arange(len(table)), factor)


def _carbon(request: Request) -> list[Change]:
    lanes, rows = request.network.lanes, lanes_of(request)
    currency, money = request.text("currency"), request.number("per_tonne")
    if currency and currency != request.network.settings.currency:
        rates = request.network.rates
        money /= float(rates.loc[rates["currency"] == currency, "per_base"].iloc[0])
    charge = money / _KG_PER_TONNE * lanes["co2_kg_per_kg"].to_numpy(float)[rows]
    return [Write("lanes", "cost_per_kg", rows, lanes["cost_per_kg"].to_numpy(float)[rows] + charge)]


KINDS = (
    Kind(
        "tariff",
        "Duty on what enters a country: a new rate, points added, or times what it is.",
        (
            Argument("country", "country of import, or all", of="country", required=True),
            Argument("hs_prefix", "first digits of the tariff code, all goods if not given"),
            Argument("origin_country", "only goods from this country", of="country"),
            Argument("duty_rate", "the new rate", "number", "shares of 1", least=0, most=1),
            Argument("add", "points added to the rate, or taken off", "number", "shares of 1", least=-1, most=1),
            Argument("factor", "times the rate as it is", "number", "times", least=0, most=100),
        ),
        "{country: all, add: 0.10}",
        _tariff,
        one_of=(("duty_rate", "add", "factor"),),
    ),
    Kind(
        "exchange_rate",
        "Everything paid in a currency: unit and repair costs, freight, minimum values, budgets. The network's own "
        "currency falls or rises against all others. Settings, prices of waiting and past freight are in the network's "
        "currency and do not move.",
        (
            Argument("currency", "the currency, or all but the network's own", of="currency", required=True),
            Argument(
                "factor",
                "times as many of it one unit of the network's currency buys",
                "number",
                "times",
                required=True,
                above=0,
                most=1000,
            ),
        ),
        "{currency: RUB, factor: 1.25}",
        _exchange_rate,
        layer=1,
    ),
    Kind(
        "budget",
        "Purchase value allowed: an amount in every budget period instead of the table of budgets, or times as much.",
        (
            Argument("amount", "for each period", "number", "the network's currency", least=0),
            Argument("factor", "times what is allowed now", "number", "times", least=0, most=100),
        ),
        "{factor: 0.8}",
        _budget,
        one_of=(("amount", "factor"),),
    ),
    Kind(
        "carbon_price",
        "A price on the CO₂ of freight, added to what a chargeable kg costs on top of every other change.",
        (
            Argument("per_tonne", "price of a tonne of CO₂", "number", "money", required=True, least=0),
            Argument("currency", "currency of the price, the network's if not given", of="currency"),
            *LANES,
        ),
        "{per_tonne: 100}",
        _carbon,
        layer=3,
    ),
)
