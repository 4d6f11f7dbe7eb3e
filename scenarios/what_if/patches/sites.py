"""Patches of places: a site out for a time, a depot that opens, a country that is entered."""

import numpy as np
import pandas as pd

from domain.network import Network
from scenarios.what_if.patches.change import Add, Change, Floats, Write, added, rows_where, written
from scenarios.what_if.patches.choose import PERIOD, events, named, period
from scenarios.what_if.patches.kind import Argument, Kind, Request, Unfit

_YEAR = pd.Timedelta(days=365)


def _out(request: Request) -> list[Change]:
    what = next(name for name in _PLACES if request.has(name))
    return [events("shutdown", [f"site:{named(request, what, what)}"], period(request))]


def _new_depot(request: Request) -> list[Change]:
    """Points of a country or region change to the depot; their share of what is sold, planned and kept goes along."""
    network, depot = request.network, request.text("depot")
    sites, known = network.sites, network.site_of
    if depot in known.index and known.loc[depot, "kind"] != "depot":
        raise Unfit("depot", "is a site of another kind; give a new id or that of a candidate depot")
    what = "country" if request.has("country") else "region"
    points = sites[(sites["kind"] == "repair_point") & (sites[what] == named(request, what, what))]
    region = str(known.loc[depot, "region"]) if depot in known.index else depot
    if depot not in known.index and region in set(sites["region"]):
        raise Unfit("depot", "is a region's name already; give another id")
    points = points[points["region"] != region]
    if points.empty:
        raise Unfit(what, "no repair point here is served by another depot")
    old = points["region"].value_counts().sort_index().idxmax()
    like = named(request, "like", "depot") if request.has("like") else network.depot_of_region[str(old)]
    changes: list[Change] = [
        written("sites", "region", rows_where(sites["site"].isin(points["site"])), region),
        *_moved_share(network, points, region),
        *_moved_goods(network, points, depot),
    ]
    if depot in known.index:
        changes.append(written("sites", "opening_cost_per_year", rows_where(sites["site"] == depot), np.nan))
    else:
        twin = {**known.loc[like].to_dict(), "site": depot, "name": depot, "region": region}
        where = points[["latitude", "longitude"]].mean().to_dict()
        limits = dict.fromkeys(("storage_m3", "max_lines", "opening_cost_per_year"), np.nan)
        changes.append(added("sites", [twin | limits | where | {"country": points["country"].mode()[0]}]))
    return [*changes, *_lanes_to(request, depot, like, points)]


def _lanes_to(request: Request, depot: str, like: str, points: pd.DataFrame) -> list[Change]:
    """The lanes the depot has not yet: to it those of the depot it is like, from it couriers to its points."""
    lanes = request.network.lanes
    have = set(zip(lanes["origin"], lanes["destination"], strict=True))
    kind = request.network.site_of["kind"]
    rows = (
        []
        if depot in set(lanes["destination"])
        else _copies(lanes[(lanes["destination"] == like) & (lanes["origin"].map(kind) == "origin")], destination=depot)
    )
    days = request.number("courier_days")
    for point, region in zip(points["site"], points["region"], strict=True):
        served = lanes[(lanes["origin"] == request.network.depot_of_region[region]) & (lanes["destination"] == point)]
        if (depot, point) not in have:
            quick = {"transit_days": days, "customs_days": 0.0, "customs_days_sd": 0.0}
            rows += _copies(served, origin=depot, **quick)
    return [added("lanes", rows)] if rows else []


def _moved_share(network: Network, points: pd.DataFrame, region: str) -> list[Change]:
    """Sales and overrides of the regions the points leave: the points' share of last year's usage goes with them."""
    usage = network.usage[network.usage["date"] > pd.Timestamp(network.settings.as_of) - _YEAR]
    pieces = usage.groupby("site")["quantity"].sum().reindex(network.sites["site"], fill_value=0)
    by_region = pieces.groupby(network.site_of["region"]).sum()
    leaving = pieces[points["site"]].groupby(points.set_index("site")["region"]).sum()
    changes: list[Change] = []
    forecasts = []
    for old in map(str, leaving.index):
        share = float(leaving[old]) / max(float(by_region[old]), 1.0)
        rows = rows_where(network.sales["region"] == old)
        units = network.sales["units"].to_numpy()[rows]
        gone = np.rint(units * share).astype(np.int64)
        changes += [
            Write("sales", "units", rows, units - gone),
            Add("sales", network.sales.iloc[rows].assign(region=region, units=gone)[gone != 0]),
        ]
        rows = rows_where(network.overrides["region"] == old)
        weekly = network.overrides["quantity_per_week"].to_numpy(float)[rows]
        changes.append(Write("overrides", "quantity_per_week", rows, weekly * (1.0 - share)))
        forecasts.append(network.overrides.iloc[rows].assign(region=region, quantity_per_week=weekly * share))
    together = pd.concat(forecasts)
    key = ["part", "region", "start", "end"]
    total = together.groupby(key)["quantity_per_week"].transform("sum")
    return [*changes, Add("overrides", together.assign(quantity_per_week=total).drop_duplicates(key))]


def _moved_goods(network: Network, points: pd.DataFrame, depot: str) -> list[Change]:
    """Good stock of the depots left goes along in the points' share of each part's usage last year (of all usage, for a
    part nobody used), and what is under way to these depots where that share is half or more."""
    stock, inbound = network.stock, network.inbound
    usage = network.usage[network.usage["date"] > pd.Timestamp(network.settings.as_of) - _YEAR]
    left = usage["site"].map(network.site_of["region"]).map(network.depot_of_region)
    pieces = usage.assign(left=left, gone=usage["quantity"].where(usage["site"].isin(points["site"]), 0))

    def share(depots: "pd.Series[str]", parts: "pd.Series[str]") -> Floats:
        by_part = pieces.groupby(["left", "part"])[["gone", "quantity"]].sum()
        of_all = pieces.groupby("left")[["gone", "quantity"]].sum()
        found = by_part.reindex(pd.MultiIndex.from_arrays([depots, parts])).to_numpy(float)
        found = np.where(np.isnan(found), of_all.reindex(depots).fillna(0.0).to_numpy(float), found)
        return np.asarray(np.clip(found[:, 0] / np.maximum(found[:, 1], 1.0), 0.0, 1.0))

    ours = share(stock["site"], stock["part"])
    rows = rows_where((ours > 0) & (stock["condition"] == "good").to_numpy())
    kept = stock["on_hand"].to_numpy()[rows]
    gone = np.rint(kept * ours[rows]).astype(np.int64)
    diverted = rows_where(share(inbound["destination"], inbound["part"]) >= 0.5)
    return [
        Write("stock", "on_hand", rows, kept - gone),
        Add("stock", stock.iloc[rows].assign(site=depot, on_hand=gone)[gone > 0]),
        written("inbound", "destination", diverted, depot),
        written("inbound", "lane", diverted, ""),
    ]


def _copies(lanes: pd.DataFrame, **changed: object) -> list[dict[str, object]]:
    """These lanes with some cells changed, under the name that follows from their ends."""
    rows = [{**row, **changed} for row in lanes.to_dict("records")]
    return [{**row, "lane": f"{row['origin']}-{row['destination']}-{row['mode']}"} for row in rows]


def _new_country(request: Request) -> list[Change]:
    """A country like another times a factor: its points, lanes, repairs and sales, as if it had long been served.

    Nothing is known of the new country's own history, so it is given that of the other, thinned evenly; the forecast
    then sees a demand that is as steady as there. Failures by month of sale are the model's, not a country's.
    """
    network, country, factor = request.network, request.text("country"), request.number("factor")
    if country in set(network.sites["country"]):
        raise Unfit("country", "is served already; give a new one")
    like = named(request, "like", "country")
    sites = network.sites
    points = sites[(sites["kind"] == "repair_point") & (sites["country"] == like)]
    if points.empty:
        raise Unfit("like", "has no repair points")
    depot = named(request, "depot", "depot") if request.has("depot") else ""
    ids = {str(site): f"{country}-{site}" for site in points["site"]}
    region = points["region"] if not depot else str(network.site_of.loc[depot, "region"])
    added_sites = points.assign(
        site=points["site"].map(ids), name=(country + " " + points["name"]).str.strip(), country=country
    )
    usage = network.usage[network.usage["site"].isin(points["site"])]
    thinned = _thinned(usage, "quantity", ["part", "site", "date"], factor)
    ticket = thinned["ticket"].where(thinned["ticket"] == "", country + "-" + thinned["ticket"])
    return [
        Add("sites", added_sites.assign(region=region, owner="")),
        *_lanes_of_twins(request, points, ids, depot),
        *_duties_like(network, country, like),
        Add("usage", thinned.assign(site=thinned["site"].map(ids), ticket=ticket)),
        *_sales_like(network, points, region, factor),
    ]


def _lanes_of_twins(request: Request, points: pd.DataFrame, ids: dict[str, str], depot: str) -> list[Change]:
    """Lanes to the new points, as to those they are like; from `depot` instead of their own where one is given."""
    network, lanes = request.network, request.network.lanes
    hubs = sorted(network.sites.loc[network.sites["kind"] == "origin", "site"])
    days = {"transit_days": request.number("courier_days")} if request.has("courier_days") else {}
    rows = []
    for point, region in zip(points["site"], points["region"], strict=True):
        to_point = lanes[lanes["destination"] == point]
        own = network.depot_of_region[region]
        rows += _copies(to_point[to_point["origin"] == own], origin=depot or own, destination=ids[point], **days)
        rows += _copies(to_point[to_point["origin"].isin(hubs)], destination=ids[point])
    return [added("lanes", rows)] if rows else []


def _duties_like(network: Network, country: str, like: str) -> list[Change]:
    own = network.duties[network.duties["country"] == like]
    known = (network.duties["country"] == country).any()
    return [] if known or own.empty else [Add("duties", own.assign(country=country))]


def _sales_like(network: Network, points: pd.DataFrame, region: "pd.Series[str] | str", factor: float) -> list[Change]:
    """Sales of the points' regions in the share of usage that is theirs, times the factor."""
    usage = network.usage[network.usage["date"] > pd.Timestamp(network.settings.as_of) - _YEAR]
    pieces = usage.groupby("site")["quantity"].sum().reindex(network.sites["site"], fill_value=0)
    by_region = pieces.groupby(network.site_of["region"]).sum()
    changes: list[Change] = []
    for old, own in points.groupby("region"):
        share = float(pieces[own["site"]].sum()) / max(float(by_region[old]), 1.0)
        sold = _thinned(network.sales[network.sales["region"] == old], "units", ["model", "month"], share * factor)
        changes.append(Add("sales", sold.assign(region=region if isinstance(region, str) else str(old))))
    return changes


def _thinned(table: pd.DataFrame, quantity: str, order: list[str], factor: float) -> pd.DataFrame:
    """The table with its quantities times a factor, rounded so that sums along `order` stay right; no zeros."""
    rows = table.sort_values(order, kind="stable")
    upto = np.rint(rows[quantity].cumsum() * factor).astype(np.int64)
    rows = rows.assign(**{quantity: upto.diff().fillna(upto).astype(np.int64)})
    return rows[rows[quantity] != 0]


_PLACES = ("depot", "point", "origin")

KINDS = (
    Kind(
        "site_out",
        "A depot, repair point or origin out for a time: nothing leaves or arrives; a point's repairs come afterwards.",
        (
            Argument("depot", "the depot, or busiest", of="depot"),
            Argument("point", "the repair point, or busiest", of="point"),
            Argument("origin", "the origin", of="origin"),
            *PERIOD,
        ),
        "{depot: busiest, from_week: 2, weeks: 4}",
        _out,
        one_of=(_PLACES,),
    ),
    Kind(
        "new_depot",
        "A depot that opens, a candidate or a new one, and serves the points of a country or region, with their share "
        "of the stock that served them so far.",
        (
            Argument("depot", "id of a candidate depot, or a new id", required=True),
            Argument("country", "it serves the points of this country", of="country"),
            Argument("region", "it serves the points of this region", of="region"),
            Argument("courier_days", "days from it to its points", "number", "days", required=True, least=0, most=60),
            Argument("like", "depot whose lanes a new one copies, by default the one it relieves", of="depot"),
        ),
        "{depot: DNEW, country: busiest, courier_days: 2}",
        _new_depot,
        one_of=(("country", "region"),),
        layer=0,
    ),
    Kind(
        "new_country",
        "A country entered: points, lanes and demand like those of another country times a factor.",
        (
            Argument("country", "code of the new country", required=True),
            Argument("like", "the country it is like, or busiest", of="country", required=True),
            Argument("factor", "times that country's demand", "number", "times", required=True, above=0, most=100),
            Argument("depot", "depot that serves it, by default the one of the country it is like", of="depot"),
            Argument("courier_days", "days from the depot to its points", "number", "days", least=0, most=60),
        ),
        "{country: PL, like: busiest, factor: 0.3, depot: busiest, courier_days: 3}",
        _new_country,
        layer=0,
    ),
)
