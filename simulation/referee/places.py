"""Which parts, leaves (part × region) and repair points are in play, and their rows in the arrays."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from domain.calendar import first_week
from domain.network import Network
from domain.service import group_of, service_targets
from simulation.referee.board import HUB, Floats, Ints
from simulation.referee.demand import Places, stream_keys

Pairs = pd.DataFrame


@dataclass(frozen=True)
class Map:
    """Rows of the arrays by id.

    parts: ids, sorted. leaves: part, region, depot, part_row. points: part, site, leaf_row, group (position in
    `groups`), sorted by leaf, then site.
    """

    parts: pd.Index
    leaves: pd.DataFrame
    points: pd.DataFrame
    groups: tuple[str, ...]
    leaf_start: Ints
    point_start: Ints

    @property
    def local_site(self) -> Ints:
        """The code of each point within its part (`board`)."""
        leaf = self.points["leaf_row"].to_numpy()
        part = self.leaves["part_row"].to_numpy()[leaf]
        first_point = self.point_start[self.leaf_start[part]]
        leaves = self.leaf_start[part + 1] - self.leaf_start[part]
        return np.asarray(1 + leaves + np.arange(len(leaf)) - first_point)

    def places(self) -> Places:
        """What drawing demand needs."""
        key = stream_keys((self.leaves["part"] + "|" + self.leaves["region"]).to_numpy(object))
        return Places(self.leaf_start, self.point_start, self.local_site, key)

    def part_row(self, part: "pd.Series[str]") -> Ints:
        """Row of each part, −1 where it is not in play."""
        return np.asarray(self.parts.get_indexer(pd.Index(part)), np.int64)

    def leaf_row(self, part: "pd.Series[str]", region: "pd.Series[str]") -> Ints:
        """Row of each leaf, −1 where it is not in play."""
        keys = pd.MultiIndex.from_frame(self.leaves[["part", "region"]])
        return np.asarray(keys.get_indexer(pd.MultiIndex.from_arrays([part, region])), np.int64)

    def point_row(self, part: "pd.Series[str]", site: "pd.Series[str]") -> Ints:
        """Row of each point, −1 where it is not in play."""
        keys = pd.MultiIndex.from_frame(self.points[["part", "site"]])
        return np.asarray(keys.get_indexer(pd.MultiIndex.from_arrays([part, site])), np.int64)

    def site_code(
        self, network: Network, hub: "pd.Series[str]", part: "pd.Series[str]", site: "pd.Series[str]"
    ) -> Ints:
        """Local code of each site as a place for stock, −1 where it is none: hub of the part, depot, repair point."""
        kind = site.map(network.site_of["kind"]).to_numpy(object)
        leaf = self.leaf_row(part, site.map(network.site_of["region"]).fillna(""))
        point = self.point_row(part, site)
        first_leaf = self.leaf_start[self.part_row(part).clip(0)]
        code = np.full(len(site), -1, np.int64)
        at_depot = (kind == "depot") & (leaf >= 0)
        code[at_depot] = (1 + leaf - first_leaf)[at_depot]
        at_point = (kind == "repair_point") & (point >= 0)
        code[at_point] = self.local_site[point[at_point]] if len(self.points) else 0
        code[(kind == "origin") & (part.map(hub).to_numpy(object) == site.to_numpy(object))] = HUB
        code[self.part_row(part) < 0] = -1
        return code


def map_of(network: Network, pairs: Pairs) -> Map:
    """The map of every part × site in `pairs` (columns part, site; regions by their sites)."""
    pairs = pairs.drop_duplicates(["part", "site"])
    pairs = pairs.assign(region=pairs["site"].map(network.site_of["region"]))
    pairs = pairs[pairs["region"].isin(network.depot_of_region) & pairs["part"].isin(network.parts["part"])]
    leaves = pairs[["part", "region"]].drop_duplicates().sort_values(["part", "region"], ignore_index=True)
    parts = pd.Index(leaves["part"].unique())
    leaves["depot"] = leaves["region"].map(network.depot_of_region)
    leaves["part_row"] = parts.get_indexer(pd.Index(leaves["part"]))
    keys = pd.MultiIndex.from_frame(leaves[["part", "region"]])
    points = pairs.assign(leaf_row=keys.get_indexer(pd.MultiIndex.from_frame(pairs[["part", "region"]])))
    points = points.sort_values(["leaf_row", "site"], ignore_index=True)[["part", "site", "leaf_row"]]
    points["group"] = group_of(network, points["part"].to_numpy(object), points["site"].to_numpy(object))
    return Map(
        parts=parts,
        leaves=leaves,
        points=points,
        groups=tuple(service_targets(network)),
        leaf_start=np.searchsorted(leaves["part_row"].to_numpy(), np.arange(len(parts) + 1)),
        point_start=np.searchsorted(points["leaf_row"].to_numpy(), np.arange(len(leaves) + 1)),
    )


def shares_upto(rows: Map, part: "pd.Series[str]", site: "pd.Series[str]", share: Floats) -> Floats:
    """Share of the leaf's demand at its points up to each of them, (points,); a leaf without shares uses its first
    point for all."""
    of_point = np.zeros(len(rows.points))
    at = rows.point_row(part, site)
    of_point[at[at >= 0]] = share[at >= 0]
    leaf = rows.points["leaf_row"].to_numpy()
    total = np.bincount(leaf, of_point, len(rows.leaves))
    upto = np.cumsum(of_point)
    before = upto[rows.point_start[:-1]] - of_point[rows.point_start[:-1]] if len(leaf) else upto
    return np.asarray((upto - before[leaf]) / np.where(total > 0, total, 1.0)[leaf])


def day_number(network: Network, days: "pd.Series[pd.Timestamp]") -> Floats:
    """Days since the Monday of week 1; inf where there is no date."""
    monday = np.datetime64(first_week(network.settings.as_of), "D")
    found = days.to_numpy("datetime64[D]")
    number = (found - monday).astype(np.float64)
    return np.where(np.isnat(found), np.inf, number)
