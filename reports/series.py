"""The figures behind the charts: a plan summed up by week, depot and mode, and one part's past and future."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, first_week
from domain.counts import quantile
from domain.forecast import Forecast
from domain.network import Network
from reports.tables import Frames, mondays, only_part, shipment_lines, until_week, weeks_ahead

FAN = (0.1, 0.5, 0.9, 0.99)
"""Quantiles of a week's demand that the fan shows."""
_HISTORY_WEEKS = 52


def shipped_by_week(network: Network, shipments: pd.DataFrame) -> pd.DataFrame:
    """What leaves the hub in weeks 1..T by mode: week (Monday), mode, kg, cost."""
    lines = shipment_lines(network, until_week(network, shipments, "departs", network.settings.horizon_weeks))
    lines = lines.assign(week=mondays(network, lines["departs"]))
    return lines.groupby(["week", "mode"], as_index=False)[["kg", "cost"]].sum()


def ordered_by_week(network: Network, purchase_orders: pd.DataFrame) -> pd.DataFrame:
    """Purchase value in weeks 1..T: week (Monday), value."""
    orders = until_week(network, purchase_orders, "order_on", network.settings.horizon_weeks)
    orders = orders.assign(week=mondays(network, orders["order_on"]))
    return orders.groupby("week", as_index=False)[["value"]].sum()


def depot_stock(network: Network, frames: Frames) -> pd.DataFrame:
    """Stock of every depot at the end of weeks 1..T at purchase price: week, depot, on_shelf, under_way, target.

    on_shelf is the plan's expectation; under_way are its shipments and the frozen inbound to the depot and its points
    that have left but not arrived; target is the depot's own stock up to, which counts both.
    """
    price = network.parts.set_index("part")["unit_cost"]
    depots = pd.Index(sorted(network.depot_of_region.values()), name="depot")
    weeks = pd.Index(weeks_ahead(network), name="week")
    projection = frames["projection"]
    shelf = projection.assign(
        depot=projection["region"].map(network.depot_of_region),
        value=projection["on_hand"] * projection["part"].map(price),
    )
    on_shelf = shelf.pivot_table(index="week", columns="depot", values="value", aggfunc="sum", observed=True)
    targets = frames["targets"]
    targets = targets[(targets["group"] == "") & targets["site"].isin(depots)]
    wanted = (targets["base_stock"] * targets["part"].map(price)).groupby(targets["site"]).sum()
    tables = {
        "on_shelf": on_shelf.reindex(index=weeks, columns=depots, fill_value=0.0),
        "under_way": _under_way(network, frames["shipments"], depots, weeks),
    }
    long = pd.concat({name: table.stack() for name, table in tables.items()}, axis=1).reset_index()
    found = long.assign(target=long["depot"].map(wanted).fillna(0.0).astype(float))
    idle = found.groupby("depot")[["on_shelf", "under_way", "target"]].transform("sum").sum(axis=1) == 0
    return found[~idle].sort_values(["depot", "week"], ignore_index=True)


def _under_way(network: Network, shipments: pd.DataFrame, depots: pd.Index, weeks: pd.Index) -> pd.DataFrame:
    """Value at the end of each week of what has left for a depot and not arrived: (weeks, depots)."""
    lines = shipment_lines(network, until_week(network, shipments, "departs", network.settings.horizon_weeks))
    region = network.site_of["region"]
    inbound = network.inbound.assign(depot=network.inbound["destination"].map(region).map(network.depot_of_region))
    inbound = inbound.dropna(subset="depot")
    worth = inbound["quantity"] * inbound["part"].map(network.parts.set_index("part")["unit_cost"])
    start = pd.Series(weeks[0], index=inbound.index) if len(weeks) else inbound["expected"]
    changes = pd.concat(
        [
            pd.DataFrame({"week": mondays(network, days), "depot": depot, "value": sign * value})
            for days, depot, sign, value in (
                (lines["departs"], lines["destination"], 1.0, lines["value"]),
                (lines["arrives"], lines["destination"], -1.0, lines["value"]),
                (start, inbound["depot"], 1.0, worth),
                (inbound["expected"], inbound["depot"], -1.0, worth),
            )
        ]
    )
    change = changes.pivot_table(index="week", columns="depot", values="value", aggfunc="sum")
    left: pd.DataFrame = change.reindex(index=weeks, columns=depots).astype(float).fillna(0.0).cumsum()
    return left.where(left.abs() > 1e-6, 0.0)


def part_history(network: Network, part: str) -> pd.DataFrame:
    """Pieces repairs needed over the last year, stacked: start, end (dates of the week or month), kind, low, high.

    low and high are pieces a week; a month is spread over its weeks, so that it shares an axis with the forecast.
    """
    settings = network.settings
    usage = network.usage[network.usage["part"] == part]
    since = first_week(settings.as_of) - timedelta(days=DAYS_PER_WEEK * _HISTORY_WEEKS)
    usage = usage[usage["date"] >= pd.Timestamp(since)]
    monthly = settings.history_bucket == "month"
    period = usage["date"].dt.to_period("M" if monthly else "W-SUN").dt
    table = usage.assign(start=period.start_time, end=period.end_time.dt.normalize())
    pieces = table.pivot_table(index=["start", "end"], columns="kind", values="quantity", aggfunc="sum", fill_value=0)
    pieces = pieces.reindex(columns=["used", "unmet"], fill_value=0).clip(lower=0).reset_index().astype({"used": float})
    weeks = ((pieces["end"] - pieces["start"]).dt.days + 1) / DAYS_PER_WEEK
    used, both = pieces["used"] / weeks, (pieces["used"] + pieces["unmet"]) / weeks
    span = pieces[["start", "end"]]
    stacked = (span.assign(kind="used", low=0.0, high=used), span.assign(kind="unmet", low=used, high=both))
    every = pd.concat(stacked, ignore_index=True)
    return every[every["high"] > every["low"]].reset_index(drop=True)


def part_fan(network: Network, forecast: Forecast, part: str) -> pd.DataFrame:
    """Demand of one part in all regions, week by week: start (Monday), mean, q10, q50, q90, q99 of the week's pieces.

    The last row repeats the last week at its end, so that steps are drawn to it. Regions are independent: means and
    variances add up, and a count distribution is fitted to both.
    """
    own = only_part(forecast, part)
    weeks = min(network.settings.horizon_weeks, own.weeks)
    mean = own.mean[:, :weeks].sum(axis=0)
    variance = np.array([own.interval_variance(t, t).sum() for t in range(1, weeks + 1)])
    levels: npt.NDArray[np.int64] = quantile(mean[:, None], variance[:, None], np.array(FAN)[None, :])
    frame = pd.DataFrame({f"q{100 * level:.0f}": levels[:, n].astype(float) for n, level in enumerate(FAN)})
    frame = frame.assign(start=weeks_ahead(network)[:weeks], mean=mean)
    last = frame.tail(1).assign(start=frame["start"].tail(1) + pd.Timedelta(days=DAYS_PER_WEEK))
    return pd.concat([frame, last], ignore_index=True)


def part_stock(network: Network, frames: Frames, part: str) -> pd.DataFrame:
    """One part at its depots in weeks 1..T: week, depot, on_hand, backorders, arrivals (pieces), target (stock up to).

    The depots with the most stock, arrivals and backorders come first, four at most.
    """
    found = frames["projection"][frames["projection"]["part"] == part]
    found = found.assign(depot=found["region"].map(network.depot_of_region).astype(object))
    targets = frames["targets"]
    own = targets[(targets["part"] == part) & (targets["group"] == "")]
    found = found.assign(target=found["depot"].map(own.set_index("site")["base_stock"]).fillna(0).astype(float))
    figures = ["on_hand", "backorders", "arrivals"]
    size = found.groupby("depot")[figures].sum().sum(axis=1).sort_values(ascending=False, kind="stable")
    depots = list(size.index[:4])
    shown = found[found["depot"].isin(depots)]
    order = shown["depot"].map({depot: place for place, depot in enumerate(depots)})
    shown = shown.assign(_order=order).sort_values(["_order", "week"], ignore_index=True)
    return shown[["week", "depot", *figures, "target"]]


def parts_at_risk(network: Network, forecast: Forecast, frames: Frames, most: int = 3) -> list[str]:
    """The parts a report shows a card of: most money at risk first, then the most money of expected demand."""
    exceptions = frames["exceptions"]
    risk = exceptions[exceptions["part"] != ""].groupby("part")["money_at_risk"].sum()
    price = network.parts.set_index("part")["unit_cost"]
    demand = pd.Series(forecast.interval_mean(1, forecast.weeks)).groupby(forecast.part).sum()
    worth = (demand * price.reindex(demand.index)).sort_values(ascending=False, kind="stable")
    first = risk.sort_values(ascending=False, kind="stable").index.tolist()
    return list(dict.fromkeys([*first[:most], *worth.index.tolist()]))[:most]
