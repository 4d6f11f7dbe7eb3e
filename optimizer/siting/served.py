"""The network and the forecast once other depots serve the points: demand stays where it is, stock follows it."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.forecast import Forecast
from domain.network import Network

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_WHOLE = 1e-12


def served_today(network: Network) -> dict[str, str]:
    """The depot of every repair point's region, by point."""
    points = network.sites[network.sites["kind"] == "repair_point"]
    depot = points["region"].map(network.depot_of_region)
    return dict(zip(points["site"], depot, strict=True))


def served(network: Network, forecast: Forecast, depot_of: Mapping[str, str]) -> tuple[Network, Forecast]:
    """Network and forecast when these depots serve these points; a point not named keeps its depot.

    A point belongs to the region of its depot, so only regions change. Stock and inbound orders of a depot are divided
    among those that now serve the demand behind it, part by part: the choices differ in their places and not in what
    the company owns. What nobody wants stays. Raises KeyError for a site the network does not have.
    """
    pieces = _pieces(network, forecast, depot_of)
    if (pieces["depot"] == pieces["before"]).all():
        return _in_regions(network, depot_of), forecast
    moved = replace(
        _in_regions(network, depot_of),
        stock=_divided(network.stock, "site", "on_hand", pieces),
        inbound=_inbound(network.inbound, pieces),
        repair_orders=_repair_orders(network.repair_orders, pieces),
    )
    return moved, _forecast(forecast, pieces, network)


def stock_moved(network: Network, forecast: Forecast, depot_of: Mapping[str, str]) -> int:
    """Pieces of stock that change their depot."""
    stock = network.stock.assign(_before=network.stock["site"])
    divided = _divided(stock, "site", "on_hand", _pieces(network, forecast, depot_of))
    return int(divided.loc[divided["site"] != divided["_before"], "on_hand"].sum())


def _in_regions(network: Network, depot_of: Mapping[str, str]) -> Network:
    region = network.site_of["region"]
    own = network.sites["region"].to_numpy(object)
    now = [
        region[depot_of[site]] if kind == "repair_point" and site in depot_of else here
        for site, kind, here in zip(network.sites["site"], network.sites["kind"], own, strict=True)
    ]
    return replace(network, sites=network.sites.assign(region=np.array(now, object)))


def _pieces(network: Network, forecast: Forecast, depot_of: Mapping[str, str]) -> pd.DataFrame:
    """What each leaf's demand divides into: a row per share, sorted by leaf.

    Columns: leaf, part, before and depot (that served and serves it), site, share (of the leaf; they add up to 1).
    """
    leaf = forecast.share_leaf
    before = np.array([network.depot_of_region[str(name)] for name in forecast.region], dtype=object)[leaf]
    kind = network.site_of["kind"]
    depot = [
        depot_of.get(site, here) if kind[site] == "repair_point" else here
        for site, here in zip(forecast.share_site, before, strict=True)
    ]
    rows = pd.DataFrame(
        {"leaf": leaf, "part": forecast.part[leaf], "before": before, "depot": np.array(depot, object)}
    ).assign(site=forecast.share_site, share=forecast.share)
    rows = rows.sort_values(["leaf", "site"], kind="stable", ignore_index=True)
    return rows.assign(share=rows["share"] / rows.groupby("leaf")["share"].transform("sum"))


def _forecast(forecast: Forecast, pieces: pd.DataFrame, network: Network) -> Forecast:
    """The same demand by new regions: means add up; the law has the moments of the sum of independent leaves (MODEL 1).

    A piece of a leaf keeps ψ and κ, for its points share the rate; of several, ψ = Σ ψ m / Σ m and
    κ = Σ κ m² / (Σ m)². Discount and drift are those of the largest.
    """
    parts = _parts_of_leaves(forecast, pieces.assign(region=pieces["depot"].map(network.site_of["region"])))
    new, old = parts["new"].to_numpy(np.int64), parts["leaf"].to_numpy(np.int64)
    share, size = parts["share"].to_numpy(float), parts["size"].to_numpy(float)
    first = np.flatnonzero(np.diff(new, prepend=-1))
    weight = size / np.bincount(new, size)[new]
    batch_index = np.bincount(new, weight * forecast.batch_index[old]).astype(float)
    with np.errstate(divide="ignore"):
        rate_shape = 1.0 / np.bincount(new, weight**2 / forecast.rate_shape[old])
    largest = old[np.lexsort((old, -size, new))[first]]
    mean = np.zeros((len(first), forecast.weeks))
    np.add.at(mean, new, share[:, None] * forecast.mean[old])

    found = pieces.assign(region=pieces["depot"].map(network.site_of["region"])).merge(
        parts[["leaf", "region", "new", "size", "share"]], on=["leaf", "region"], suffixes=("", "_of_leaf"), sort=False
    )
    units = found["share"] * found["size"] / found["share_of_leaf"]
    shares = found.assign(units=units).groupby(["new", "site"], sort=True)["units"].sum().reset_index()
    total = shares.groupby("new")["units"].transform("sum")
    return replace(
        forecast,
        part=parts["part"].to_numpy(object)[first],
        region=parts["region"].to_numpy(object)[first],
        mean=mean,
        batch_index=batch_index,
        rate_shape=np.where(np.bincount(new) == 1, forecast.rate_shape[largest], rate_shape),
        discount=forecast.discount[largest],
        drift=forecast.drift[largest],
        share_leaf=shares["new"].to_numpy(np.int64),
        share_site=shares["site"].to_numpy(object),
        share=(shares["units"] / total).to_numpy(float),
    )


def _parts_of_leaves(forecast: Forecast, pieces: pd.DataFrame) -> pd.DataFrame:
    """What of each old leaf goes to each region: part, region, leaf, share of the leaf, size (units), new (its row in
    the new forecast), sorted by (part, region, leaf). A leaf without shares stays where it is."""
    parts = pieces.groupby(["part", "region", "leaf"], sort=True)["share"].sum().reset_index()
    parts["share"] = parts["share"].where((parts["share"] - 1.0).abs() > _WHOLE, 1.0)
    still = np.setdiff1d(np.arange(len(forecast.part)), parts["leaf"])
    stay = pd.DataFrame({"part": forecast.part[still], "region": forecast.region[still], "leaf": still, "share": 1.0})
    parts = pd.concat([frame for frame in (parts, stay) if len(frame)], ignore_index=True)
    parts = parts.sort_values(["part", "region", "leaf"], kind="stable", ignore_index=True)
    units = forecast.mean[parts["leaf"].to_numpy(np.int64)].sum(axis=1)
    parts["size"] = parts["share"] * np.maximum(units, _WHOLE)
    return parts.assign(new=parts.groupby(["part", "region"], sort=False).ngroup())


def _divided(frame: pd.DataFrame, site: str, units: str, pieces: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table of units at depots, each divided among the depots that now serve the demand of its part.

    Units stay whole: the depots get the differences of the rounded running total.
    """
    share = pieces.groupby(["part", "before", "depot"], sort=True)["share"].sum().reset_index()
    share["share"] /= share.groupby(["part", "before"])["share"].transform("sum")
    share["upto"] = share.groupby(["part", "before"])["share"].cumsum()
    share["from"] = share["upto"] - share["share"]
    rows = frame.reset_index(drop=True).rename_axis("row").reset_index()
    found = rows.merge(share, left_on=["part", site], right_on=["part", "before"], how="left", sort=False)
    stays = found["depot"].isna().to_numpy(bool)
    quantity = found[units].to_numpy(float)
    last, first = (np.rint(quantity * found[edge].fillna(0.0).to_numpy(float)) for edge in ("upto", "from"))
    found[units] = np.where(stays, quantity, last - first).astype(np.int64)
    found[site] = found["depot"].where(~stays, found[site])
    found = found[(found[units] != 0).to_numpy(bool) | stays | (quantity == 0)]
    kept: pd.DataFrame = found[list(frame.columns)].reset_index(drop=True).astype(frame.dtypes.to_dict())
    return kept


def _inbound(inbound: pd.DataFrame, pieces: pd.DataFrame) -> pd.DataFrame:
    """Inbound orders divided like stock; what changes its destination is an order of its own and names no lane."""
    divided = _divided(inbound.assign(_before=inbound["destination"]), "destination", "quantity", pieces)
    other = (divided["destination"] != divided["_before"]).to_numpy(bool)
    orders = divided["order"].where(~other, divided["order"] + " to " + divided["destination"])
    divided = divided.assign(order=orders, lane=divided["lane"].where(~other, ""))
    divided = divided.drop(columns="_before")
    return divided.sort_values(["order", "part"], kind="stable", ignore_index=True)


def _repair_orders(orders: pd.DataFrame, pieces: pd.DataFrame) -> pd.DataFrame:
    """Open needs at a depot go where most of the part's demand behind it goes."""
    share = pieces.groupby(["part", "before", "depot"], sort=True)["share"].sum().reset_index()
    share = share.sort_values(["part", "before", "share", "depot"], ascending=[True, True, False, True], kind="stable")
    most = share.drop_duplicates(["part", "before"]).set_index(["part", "before"])["depot"]
    to = most.reindex(pd.MultiIndex.from_frame(orders[["part", "site"]])).to_numpy(object)
    return orders.assign(site=np.where(pd.isna(to), orders["site"].to_numpy(object), to))
