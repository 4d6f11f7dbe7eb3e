"""Ids become positions here, once: parts and sites by their order in the network, a pair of them by one number."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Ids:
    """Parts and sites, both sorted; per site its kind and the position of the depot that serves it (−1: an origin).

    today: day number (since 1970-01-01) of the first day on which anything can happen, the one after `as_of`.
    """

    part: "pd.Index[str]"
    site: "pd.Index[str]"
    is_origin: Bools
    is_depot: Bools
    depot: Ints
    today: int

    @classmethod
    def of(cls, network: Network) -> "Ids":
        """The ids of a network."""
        sites = network.sites.sort_values("site", ignore_index=True)
        site = pd.Index(sites["site"])
        is_origin = (sites["kind"] == "origin").to_numpy(bool)
        depot_of_region = pd.Series(network.depot_of_region, dtype=object)
        depot = sites["region"].map(depot_of_region).where(~is_origin)
        return cls(
            part=pd.Index(np.sort(network.parts["part"].to_numpy(object))),
            site=site,
            is_origin=is_origin,
            is_depot=(sites["kind"] == "depot").to_numpy(bool),
            depot=site.get_indexer(pd.Index(depot)).astype(np.int64),
            today=int(np.datetime64(network.settings.as_of, "D").astype(np.int64)) + 1,
        )

    def parts(self, labels: "pd.Series[str] | npt.NDArray[np.object_]") -> Ints:
        """Positions of parts. Raises ValueError for one the network does not have."""
        return _positions(self.part, labels, "part")

    def sites(self, labels: "pd.Series[str] | npt.NDArray[np.object_]") -> Ints:
        """Positions of sites. Raises ValueError for one the network does not have."""
        return _positions(self.site, labels, "site")

    def keys(self, frame: pd.DataFrame, site: str = "site") -> Ints:
        """One number per row for its `part` and its site, in the column named `site`."""
        return self.key(self.parts(frame["part"]), self.sites(frame[site]))

    def key(self, part: Ints, site: Ints) -> Ints:
        """One number per pair, ordered by part and then site."""
        found: Ints = part * len(self.site) + site
        return found

    def part_of(self, key: Ints) -> Ints:
        """The part of a pair."""
        return key // len(self.site)

    def site_of(self, key: Ints) -> Ints:
        """The site of a pair."""
        return key % len(self.site)


@dataclass(frozen=True)
class Held:
    """A number per pair of part and site; pairs without one count as 0. keys are sorted, each once."""

    keys: Ints
    values: Floats

    @classmethod
    def summed(cls, keys: Ints, values: npt.ArrayLike) -> "Held":
        """Equal pairs add up."""
        unique, row = np.unique(keys, return_inverse=True)
        return cls(unique, np.bincount(row, np.asarray(values, float), len(unique)).astype(float))

    def at(self, keys: Ints) -> Floats:
        """The values of these pairs."""
        if not len(self.keys):
            return np.zeros(len(keys))
        row = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[row] == keys, self.values[row], 0.0)


def day_numbers(days: "pd.Series[pd.Timestamp]") -> Ints:
    """Days since 1970-01-01."""
    return days.to_numpy("datetime64[D]").astype(np.int64)


def expanded(counts: Ints) -> tuple[Ints, Ints]:
    """Rows repeated by `counts`, and the number of each within its row: (0, 0), (0, 1), (1, 0), …"""
    row = np.repeat(np.arange(len(counts)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    return row, np.arange(len(row)) - first


def _positions(index: "pd.Index[str]", labels: "pd.Series[str] | npt.NDArray[np.object_]", what: str) -> Ints:
    rows = index.get_indexer(pd.Index(labels)).astype(np.int64)
    if (rows < 0).any():
        raise ValueError(f"{what} {np.asarray(labels)[rows < 0][0]} is not in the network")
    return rows
