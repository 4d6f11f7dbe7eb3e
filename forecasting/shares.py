"""How a region's demand falls on its points: Dirichlet with the region's own mix as prior (MODEL 1)."""

from math import lgamma

import numpy as np
import numpy.typing as npt

from domain.network import Network
from domain.threads import in_threads, kernel
from forecasting.history import History

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]

CONCENTRATIONS = 2.0 ** np.arange(-2.0, 14.0)


def point_shares(
    network: Network, history: History, batch_index: Floats, discount: Floats
) -> tuple[Ints, Objects, Floats]:
    """(leaf, site, share) sorted by leaf and site, every leaf with all points of its region; shares of a leaf add to 1.

    batch_index: ψ, discount: δ per period, shape (leaves,). A depot is a point where it repairs, or has no points. With
    x the discounted batches of a leaf at a point and w the region's mix, share = (c·w + x)/(c + Σx); the concentration
    c of a region maximises the Dirichlet-multinomial likelihood (empirical Bayes).
    """
    names = network.sites["site"].to_numpy(object)
    leaf, site, batches = _evidence(history, batch_index, discount, len(names))
    blocks: list[tuple[Ints, Ints, Floats]] = []
    for region, depot in sorted(network.depot_of_region.items()):
        members = np.flatnonzero(history.region == region)
        inside = network.sites["region"].to_numpy() == region
        points = np.flatnonzero(inside & (network.sites["kind"] == "repair_point").to_numpy())
        depot_row = int(np.flatnonzero(names == depot)[0])
        if len(members) == 0:
            continue
        if len(points) == 0 or batches[site == depot_row].sum() > 0:
            points = np.append(points, depot_row)
        points = points[np.argsort(names[points])]
        here = np.isin(site, points)
        column = np.full(len(names), -1)
        column[points] = np.arange(len(points))
        seen = np.zeros((len(members), len(points)))
        seen[np.searchsorted(members, leaf[here]), column[site[here]]] = batches[here]
        mix = (seen.sum(axis=0) + 0.5) / (seen.sum() + 0.5 * len(points))
        likelihood = np.zeros(len(CONCENTRATIONS))
        in_threads(_likelihood, len(likelihood), seen, mix, CONCENTRATIONS, likelihood, few=1)
        c = CONCENTRATIONS[likelihood.argmax()]
        share = (c * mix + seen) / (c + seen.sum(axis=1, keepdims=True))
        blocks.append((np.repeat(members, len(points)), np.tile(points, len(members)), share.ravel()))
    if not blocks:
        return np.zeros(0, np.int64), np.zeros(0, object), np.zeros(0)
    share_leaf, share_site, share_value = (np.concatenate(column) for column in zip(*blocks, strict=True))
    order = np.argsort(share_leaf, kind="stable")
    return share_leaf[order], names[share_site[order]], share_value[order]


def _evidence(history: History, batch_index: Floats, discount: Floats, sites: int) -> tuple[Ints, Ints, Floats]:
    """Discounted batches by leaf and site, where there are any."""
    rows = history.rows
    age = len(history.bounds) - 2 - rows.period
    weight = rows.quantity * discount[rows.leaf] ** age / batch_index[rows.leaf]
    pair, index = np.unique(rows.leaf * sites + rows.site, return_inverse=True)
    batches = np.bincount(index, weight, len(pair)).astype(np.float64, copy=False)
    some = batches > 0
    return pair[some] // sites, pair[some] % sites, batches[some]


@kernel
def _likelihood(first: int, last: int, seen: Floats, mix: Floats, concentrations: Floats, total: Floats) -> None:
    """Log Dirichlet-multinomial likelihood of all leaves for each concentration (Minka 2000), shape (candidates,)."""
    for candidate in range(first, last):
        c, score = concentrations[candidate], 0.0
        for leaf in range(len(seen)):
            known = seen[leaf].sum()
            if known > 0.0:
                score += lgamma(c) - lgamma(c + known)
                for point in range(len(mix)):
                    if seen[leaf, point] > 0.0:
                        score += lgamma(c * mix[point] + seen[leaf, point]) - lgamma(c * mix[point])
        total[candidate] = score
