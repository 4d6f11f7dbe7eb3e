"""Which parts, leaves (part × region) and repair points are in play, and their rows in the arrays."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import first_week
from domain.network import Network
from domain.service import group_of, service_targets
from simulation.referee.board import HUB, Floats, Ints
from simulation.referee.demand import Places, stream_keys

Pairs = pd.DataFrame
Ids = pd.Series | pd.Index | npt.NDArray[np.object_]
"""Ids of parts, sites or regions: text, or categories of it."""


def rows_in(index: "pd.Index[str]", ids: Ids) -> Ints:
    """Row of each id in `index`, −1 where it has none."""
    if isinstance(ids, pd.Series) and isinstance(ids.dtype, pd.CategoricalDtype):
        of_category = np.append(index.get_indexer(pd.Index(ids.cat.categories)), -1)
        return np.asarray(of_category[ids.cat.codes.to_numpy(np.int64)], np.int64)
    return np.asarray(index.get_indexer(pd.Index(ids, dtype=object)), np.int64)


@dataclass(frozen=True)
class Map:
    """Rows of the arrays by id.

    parts: ids, sorted. leaves: part, region, depot, part_row. points: part, site, leaf_row, group (position in
    `groups`), sorted by leaf, then site. sites: ids of the depots and repair points by region, and their row in it.
    """

    parts: "pd.Index[str]"
    leaves: pd.DataFrame
    points: pd.DataFrame
    groups: tuple[str, ...]
    leaf_start: Ints
    point_start: Ints
    regions: "pd.Index[str]"
    sites: "pd.Index[str]"
    leaf_key: Ints
    point_key: Ints

    @cached_property
    def leaf_of_point(self) -> Ints:
        """Row of the leaf of each point."""
        return np.ascontiguousarray(self.points["leaf_row"].to_numpy(np.int64))

    @cached_property
    def part_of_leaf(self) -> Ints:
        """Row of the part of each leaf."""
        return np.ascontiguousarray(self.leaves["part_row"].to_numpy(np.int64))

    @cached_property
    def site_of_point(self) -> Ints:
        """Row of the site of each point."""
        return np.asarray(self.point_key % max(len(self.sites), 1))

    @property
    def depot_and_site(self) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
        """Ids of the depot and of the site of each point."""
        return self.leaves["depot"].to_numpy(object)[self.leaf_of_point], self.points["site"].to_numpy(object)

    @cached_property
    def local_site(self) -> Ints:
        """The code of each point within its part (`board`)."""
        leaf = self.leaf_of_point
        part = self.part_of_leaf[leaf]
        first_point = self.point_start[self.leaf_start[part]]
        leaves = self.leaf_start[part + 1] - self.leaf_start[part]
        return np.asarray(1 + leaves + np.arange(len(leaf)) - first_point)

    @cached_property
    def part_keys(self) -> Ints:
        """A number of each part that its id alone determines."""
        return stream_keys(self.parts.to_numpy(object))

    def places(self) -> Places:
        """What drawing demand needs."""
        key = stream_keys((self.leaves["part"] + "|" + self.leaves["region"]).to_numpy(object))
        return Places(self.leaf_start, self.point_start, self.local_site, key)

    def part_row(self, part: Ids) -> Ints:
        """Row of each part, −1 where it is not in play."""
        return rows_in(self.parts, part)

    def leaf_row(self, part: Ids, region: Ids) -> Ints:
        """Row of each leaf, −1 where it is not in play."""
        return _found(self.leaf_key, self.part_row(part), rows_in(self.regions, region), len(self.regions))

    def point_row(self, part: Ids, site: Ids) -> Ints:
        """Row of each point, −1 where it is not in play."""
        return _found(self.point_key, self.part_row(part), rows_in(self.sites, site), len(self.sites))

    def site_code(
        self, network: Network, hub: "pd.Series[str]", part: "pd.Series[str]", site: "pd.Series[str]"
    ) -> Ints:
        """Local code of each site as a place for stock, −1 where it is none: hub of the part, depot, repair point."""
        every = network.site_of
        at = rows_in(every.index, site)
        kind = np.append(every["kind"].to_numpy(object), "")[at]
        region = np.append(rows_in(self.regions, every["region"]), -1)[at]
        row = self.part_row(part)
        leaf = _found(self.leaf_key, row, region, len(self.regions))
        point = _found(self.point_key, row, rows_in(self.sites, every.index)[at], len(self.sites))
        first_leaf = self.leaf_start[row.clip(0)]
        code = np.full(len(site), -1, np.int64)
        at_depot = (kind == "depot") & (leaf >= 0)
        code[at_depot] = (1 + leaf - first_leaf)[at_depot]
        at_point = (kind == "repair_point") & (point >= 0)
        code[at_point] = self.local_site[point[at_point]] if len(self.points) else 0
        code[(kind == "origin") & (part.map(hub).to_numpy(object) == site.to_numpy(object))] = HUB
        code[row < 0] = -1
        return code


def map_of(network: Network, *pairs: Pairs) -> Map:
    """The map of every part × site in any of `pairs` (columns part, site; regions by their sites)."""
    served = network.sites[network.sites["region"].isin(network.depot_of_region) & (network.sites["region"] != "")]
    served = served.sort_values(["region", "site"], ignore_index=True)
    every, sites = pd.Index(np.sort(network.parts["part"].to_numpy(str)).astype(object)), pd.Index(served["site"])
    region_of_site, regions = pd.factorize(served["region"])
    keys = [_keys(rows_in(every, frame["part"]), rows_in(sites, frame["site"]), len(sites)) for frame in pairs]
    key, _ = _runs(np.sort(np.concatenate([_runs(np.sort(one[one >= 0]))[0] for one in keys])))
    in_every, site = np.divmod(key, max(len(sites), 1))
    part_rows, part = _runs(in_every)
    leaf_key, leaf = _runs(part * len(regions) + region_of_site[site])
    parts = every[part_rows]
    part_of_leaf, region = np.divmod(leaf_key, max(len(regions), 1))
    leaves = pd.DataFrame({"part": parts.to_numpy(object)[part_of_leaf], "region": regions.to_numpy(object)[region]})
    leaves["depot"] = leaves["region"].map(network.depot_of_region)
    leaves["part_row"] = part_of_leaf
    names = parts.to_numpy(object)[part], sites.to_numpy(object)[site]
    points = pd.DataFrame({"part": names[0], "site": names[1], "leaf_row": leaf, "group": group_of(network, *names)})
    return Map(
        parts=parts,
        leaves=leaves,
        points=points,
        groups=tuple(service_targets(network)),
        leaf_start=np.searchsorted(part_of_leaf, np.arange(len(parts) + 1)),
        point_start=np.searchsorted(leaf, np.arange(len(leaves) + 1)),
        regions=regions,
        sites=sites,
        leaf_key=leaf_key,
        point_key=part * len(sites) + site,
    )


def _runs(numbers: Ints) -> tuple[Ints, Ints]:
    """The distinct ones of sorted numbers, and the row of each among them."""
    fresh = np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)]
    return numbers[fresh], np.cumsum(fresh) - 1


def _keys(part: Ints, other: Ints, others: int) -> Ints:
    """A number for each pair of rows, in their order; −1 where one is missing."""
    return np.where((part >= 0) & (other >= 0), part * others + other, -1)


def _found(keys: Ints, part: Ints, other: Ints, others: int) -> Ints:
    """Where each pair is among the sorted `keys`, −1 where it is not."""
    wanted = _keys(part, other, others)
    at = np.searchsorted(keys, wanted)
    found = np.append(keys, -1)[at] == wanted
    return np.where(found & (wanted >= 0), at, -1)


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
