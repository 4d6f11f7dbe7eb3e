"""Where the demand of a leaf arises: its region's repair points, and each one's usual share."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.network import Network
from forecasting.history import History

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PRIOR_CASES = 2.0  # cases that the region's mix counts for in a leaf's own shares


@dataclass(frozen=True)
class Places:
    """Every leaf × place at which its region's demand can arise, sorted by leaf and row of the sites table.

    leaf, site: rows of the history and of the sites table, shape (pairs,). A depot is a place where it repairs, or has
    no points.
    """

    leaf: Ints
    site: Ints

    def rows_of(self, leaf: Ints, site: Ints) -> Ints:
        """The pair of each leaf and site, −1 where there is none."""
        sites = int(max(self.site.max(initial=0), site.max(initial=0))) + 1
        keys, wanted = self.leaf * sites + self.site, leaf * sites + site
        row = np.searchsorted(keys, wanted).clip(max=max(len(keys) - 1, 0))
        if len(keys) == 0:
            return np.full(len(wanted), -1)
        return np.where(keys[row] == wanted, row, -1)


def places(network: Network, history: History) -> Places:
    """All places of the history's leaves."""
    kind, region = network.sites["kind"].to_numpy(object), network.sites["region"].to_numpy(object)
    used = np.bincount(history.rows.site, minlength=len(network.sites)) > 0
    leaf, site = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for name in sorted(network.depot_of_region):
        members = np.flatnonzero(history.region == name)
        points = np.flatnonzero((region == name) & (kind == "repair_point"))
        depot = np.flatnonzero((region == name) & (kind == "depot"))
        inside = np.sort(np.concatenate([points, depot[used[depot] | (len(points) == 0)]]))
        leaf.append(np.repeat(members, len(inside)))
        site.append(np.tile(inside, len(members)))
    leaves, sites = np.concatenate(leaf), np.concatenate(site)
    order = np.lexsort((sites, leaves))
    return Places(leaves[order], sites[order])


def usual_shares(history: History, found: Places, seen: Floats | None = None) -> Floats:
    """Share of each pair in its leaf's demand, shape (pairs,); the shares of a leaf add up to 1.

    seen: share of the history in which demand of the pair could be seen, in [0, 1], shape (pairs,); 1 by default. With
    x units seen at a point, X in the leaf and w the region's mix, the point's rate is (x + c·w) / (seen + c/X): the
    mean of a gamma posterior whose prior is the mix, worth c = `PRIOR_CASES` cases.
    """
    rows, leaves = history.rows, len(history.part)
    pair = found.rows_of(rows.leaf, rows.site)
    units = np.bincount(pair[pair >= 0], rows.quantity[pair >= 0], len(found.leaf)).clip(min=0.0)
    known = np.ones(len(found.leaf)) if seen is None else seen
    at_site = np.bincount(found.site, units, minlength=1) + 0.5
    mix = at_site[found.site]
    mix = mix / np.bincount(found.leaf, mix, leaves)[found.leaf]
    total = np.bincount(found.leaf, units, leaves)[found.leaf]
    rate = np.where(total > 0, total, 1.0) * (units + PRIOR_CASES * mix) / (known * total + PRIOR_CASES)
    share: Floats = rate / np.bincount(found.leaf, rate, leaves)[found.leaf]
    return share
