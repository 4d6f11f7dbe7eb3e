"""What a network holds today: good stock, frozen inbound, open repair orders."""

import numpy as np
import pandas as pd

from domain.calendar import week_number
from domain.network import Network
from optimizer.replenishment.instance.arrays import Floats, Ints, Texts


def good_stock(network: Network) -> pd.DataFrame:
    """Good stock by part and site, units; neither expired stock counts nor what another owner keeps there."""
    stock = network.stock[network.stock["condition"] == "good"]
    expired = stock["expires"].notna() & (stock["expires"] < pd.Timestamp(network.settings.as_of))
    stock = stock[~expired & ~_of_others(network, stock)]
    return stock.groupby(["part", "site"])["on_hand"].sum().reset_index()


def _of_others(network: Network, stock: pd.DataFrame) -> "pd.Series[bool]":
    """Rows of stock that belong to somebody else: not to the site's owner, at a hub not to the only owner of depots."""
    owner = network.site_of["owner"]
    depots = set(owner[network.site_of["kind"] == "depot"])
    only = next(iter(depots)) if len(depots) == 1 else ""
    at_hub = stock["site"].map(network.site_of["kind"]) == "origin"
    mine = stock["site"].map(owner).where(~at_hub, only)
    return (stock["owner"] != "") & (stock["owner"] != mine)


def frozen_inbound(network: Network) -> pd.DataFrame:
    """Frozen inbound with its week; what is late counts in week 1."""
    inbound = network.inbound[["part", "destination", "quantity", "expected"]]
    week = week_number(network.settings.as_of, inbound["expected"].to_numpy("datetime64[D]"))
    return inbound.assign(week=np.maximum(week, 1))


def net_stock_at(network: Network, good: pd.DataFrame, part: Texts, site: Texts) -> Floats:
    """Good stock (`good_stock`) less what open repair orders wait for, units, by pairs of part and site."""
    pairs = pd.MultiIndex.from_arrays([part, site])
    stock = good.set_index(["part", "site"])["on_hand"].reindex(pairs)
    wanted = network.repair_orders.groupby(["part", "site"])["quantity"].sum().reindex(pairs)
    net: Floats = stock.fillna(0.0).to_numpy(float) - wanted.fillna(0.0).to_numpy(float)
    return net


def _leaf_keys(part_code: "pd.Series[int]", region: Texts, part: Ints) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([part_code.index.to_numpy()[part], region])


def region_supply(
    network: Network, good: pd.DataFrame, part_code: "pd.Series[int]", region: Texts, part: Ints, weeks: int
) -> tuple[Floats, Floats]:
    """Good stock (`good_stock`) of depot and points, units (leaves,); frozen inbound by then, units (leaves, weeks)."""
    keys = _leaf_keys(part_code, region, part)
    region_of = network.site_of["region"].where(network.site_of["kind"] != "origin", "\0")
    on_hand = good.groupby(["part", good["site"].map(region_of)])["on_hand"].sum().reindex(keys).fillna(0.0)
    inbound = frozen_inbound(network)
    leaf = keys.get_indexer(pd.MultiIndex.from_arrays([inbound["part"], inbound["destination"].map(region_of)]))
    arriving = np.zeros((len(keys), weeks))
    use = (leaf >= 0) & (inbound["week"].to_numpy() <= weeks)
    np.add.at(arriving, (leaf[use], inbound["week"].to_numpy()[use] - 1), inbound["quantity"].to_numpy(float)[use])
    return on_hand.to_numpy(float), np.cumsum(arriving, axis=1)


def open_orders(network: Network, part_code: "pd.Series[int]", region: Texts, part: Ints) -> Floats:
    """Units that open repair orders of the region wait for, (leaves,)."""
    orders = network.repair_orders
    wanted = orders.groupby(["part", orders["site"].map(network.site_of["region"])])["quantity"].sum()
    return wanted.reindex(_leaf_keys(part_code, region, part)).fillna(0.0).to_numpy(float)
