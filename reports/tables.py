"""The tables reports read: a plan's frames cut to the published weeks and joined with names, weights and modes."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, first_week, week_number, week_starts
from domain.forecast import Forecast
from domain.forecast_tables import forecast_frame
from domain.logistics import LITRES_PER_M3
from domain.network import Network, Settings
from domain.plan import Plan
from domain.schemas import TABLES, empty_frame
from domain.service import group_of, service_targets
from storage.plan_folder import NETWORK_FACTS, PlanFolder

Frames = Mapping[str, pd.DataFrame]
"""A plan's artefacts by name, as a plan folder holds them."""

WAITING_PRICE = "waiting_price"
"""Columns group and price (money per unit waiting per week): of plan.json, read as a table."""
COMPARED = ("targets", "shipments", "purchase_orders", "forecast", WAITING_PRICE)
"""What `changes.diff` reads."""
EXPLAINED = (*COMPARED, "shares", "overrides", "allocations", "exceptions")
"""What `explain` reads."""
NO_RULE_PRICES = pd.DataFrame(columns=["rule", "place", "start", "limit", "used", "price"], dtype=object).astype(
    {"start": "datetime64[ns]", "limit": float, "used": float, "price": float}
)
"""A plan without a limit that parts share."""
DEMAND_WEEKS = 13
"""A quarter: how far ahead demand is summed up when two plans are compared."""


def plan_frames(plan: Plan) -> dict[str, pd.DataFrame]:
    """The frames of a Plan value by the names of the plan folder; exceptions of all steps, the dearest first."""
    replenishment = plan.replenishment
    return {
        "targets": plan.targets.table,
        "shipments": replenishment.shipments,
        "purchase_orders": replenishment.purchase_orders,
        "allocations": plan.allocation.table,
        "exceptions": plan.exceptions,
        "projection": replenishment.projection,
        "rule_prices": replenishment.rule_prices,
        WAITING_PRICE: _prices(plan.targets.waiting_price),
    }


def stored_frames(folder: PlanFolder, names: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Frames of a plan folder by name, e.g. EXPLAINED or COMPARED. Raises ZapasError if one is missing or damaged."""
    return {name: _prices(folder.json.get(name, {})) if name == WAITING_PRICE else folder.frame(name) for name in names}


def _prices(by_group: Mapping[str, float | None]) -> pd.DataFrame:
    return pd.DataFrame({"group": list(by_group), "price": pd.Series(list(by_group.values()), dtype=float)})


def stored_network(folder: PlanFolder) -> Network:
    """The network as far as a plan folder keeps it; every other table is empty. Raises ZapasError if damaged."""
    facts = {name: folder.fact(name)[list(TABLES[name].columns)] for name in NETWORK_FACTS}
    rest = {name: empty_frame(schema) for name, schema in TABLES.items() if name not in facts}
    told = folder.settings
    settings = Settings(
        as_of=folder.as_of,
        currency=told["currency"],
        horizon_weeks=int(told["horizon_weeks"]),
        fill_rate=float(told["fill_rate"]),
    )
    return Network(settings=settings, snapshot=str(folder.json["snapshot"]), **facts, **rest)


def week_end(network: Network, week: int) -> pd.Timestamp:
    """The Monday after week `week` (1-based): what lies before it is in that week or earlier."""
    return pd.Timestamp(first_week(network.settings.as_of) + timedelta(days=DAYS_PER_WEEK * week))


def until_week(network: Network, frame: pd.DataFrame, column: str, week: int) -> pd.DataFrame:
    """The rows whose date in `column` lies in weeks 1..`week`."""
    return frame[frame[column] < week_end(network, week)]


def mondays(network: Network, dates: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """The Monday of the week each date belongs to; the days before week 1 go into it."""
    as_of = network.settings.as_of
    number = np.maximum(week_number(as_of, dates.to_numpy("datetime64[D]")), 1)
    start = np.datetime64(first_week(as_of), "ns") + (number - 1) * np.timedelta64(DAYS_PER_WEEK, "D")
    return pd.Series(start, index=dates.index)


def weeks_ahead(network: Network) -> pd.DatetimeIndex:
    """Mondays of the published weeks 1..T."""
    return pd.DatetimeIndex(week_starts(network.settings.as_of, network.settings.horizon_weeks)).as_unit("ns")


def shipment_lines(network: Network, shipments: pd.DataFrame) -> pd.DataFrame:
    """Shipments with name, mode, origin, destination, kg, m3, value (purchase price) and their consignment."""
    lanes = network.lanes.set_index("lane")[["mode", "origin", "destination"]]
    lines = shipments.join(lanes, on="lane").join(_goods(network), on="part")
    quantity = lines["quantity"]
    return lines.assign(
        kg=quantity * lines["weight_kg"],
        m3=quantity * lines["volume_l"] / LITRES_PER_M3,
        value=quantity * lines["unit_cost"],
        consignment=lines["lane"] + " " + lines["departs"].dt.strftime("%Y-%m-%d"),
    ).drop(columns=["weight_kg", "volume_l", "unit_cost"])


def named(network: Network, frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with the parts' `name` beside `part`; "" where the part has none."""
    names = network.parts.set_index("part")["name"]
    return frame.assign(name=frame["part"].map(names).fillna(""))


def good_stock(network: Network) -> pd.DataFrame:
    """Good pieces that are not expired by part and site: part, site, on_hand."""
    stock = network.stock[network.stock["condition"] == "good"]
    expired = stock["expires"] < pd.Timestamp(network.settings.as_of)
    return stock[~expired].groupby(["part", "site"], as_index=False).agg(on_hand=("on_hand", "sum"))


def group_demand(network: Network, forecast: Forecast) -> "pd.Series[float]":
    """Pieces asked for in weeks 1..T by service group, every group of `service_targets` in its order."""
    ahead = forecast.interval_mean(1, min(network.settings.horizon_weeks, forecast.weeks))
    asked: npt.NDArray[np.float64] = forecast.share * ahead[forecast.share_leaf]
    groups = list(service_targets(network))
    position = group_of(network, forecast.part[forecast.share_leaf], forecast.share_site)
    return pd.Series(np.bincount(position, weights=asked, minlength=len(groups)), index=groups)


def part_forecast(network: Network, forecast: Forecast, part: str) -> pd.DataFrame:
    """The rows of the artefact `forecast` for one part."""
    return forecast_frame(only_part(forecast, part), network.settings)


def only_part(forecast: Forecast, part: str) -> Forecast:
    """The forecast of one part alone."""
    rows = np.flatnonzero(forecast.part == part)
    number = np.full(len(forecast.part), -1, np.int64)
    number[rows] = np.arange(len(rows))
    shares = np.flatnonzero(number[forecast.share_leaf] >= 0) if len(forecast.part) else np.zeros(0, np.int64)
    by_leaf = ("part", "region", "mean", "batch_index", "rate_shape", "discount", "drift")
    return replace(
        forecast,
        **{name: getattr(forecast, name)[rows] for name in by_leaf},
        share_leaf=number[forecast.share_leaf[shares]],
        share_site=forecast.share_site[shares],
        share=forecast.share[shares],
    )


def quarter_demand(forecast: Forecast) -> "pd.Series[float]":
    """Mean pieces asked for by part over the next DEMAND_WEEKS weeks."""
    ahead = forecast.interval_mean(1, min(DEMAND_WEEKS, forecast.weeks))
    return pd.Series(ahead).groupby(forecast.part).sum()


def _goods(network: Network) -> pd.DataFrame:
    return network.parts.set_index("part")[["name", "weight_kg", "volume_l", "unit_cost"]]
