"""Which parts repairs need together: a repair of several parts is done when all of them are there."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.network import Network

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

HISTORY_WEEKS = 52


@dataclass(frozen=True)
class Repairs:
    """Distinct parts lists ("kits") of repairs, and how often a week each is wanted.

    start: first entry of every kit in `point`, (kits,). point: rows of the system's points, sorted within a kit, each
    kit at one site. weight: repairs a week, (kits,). power: parts of the kit per part that is in the system, (kits,):
    1 but for samples of parts, where the parts left out are taken to be there as often as those kept.
    """

    start: Ints
    point: Ints
    weight: Floats
    power: Floats

    def touching(self, points: Bools) -> "Repairs":
        """The repairs that need a part at one of these points, with all their parts."""
        return self._only(np.logical_or.reduceat(points[self.point], self.start)) if len(self.start) else self

    def sampled(self, rows: Ints, points: int) -> "Repairs":
        """The repairs in a system of `points` points of which only `rows` (sorted) are kept."""
        row = np.full(points, -1)
        row[rows] = np.arange(len(rows))
        kept = row[self.point] >= 0
        left = np.bincount(self._kit()[kept], minlength=len(self.start))
        share = left / np.maximum(self._sizes(), 1)
        some = left > 0
        start = np.cumsum(left[some]) - left[some]
        return Repairs(start, row[self.point[kept]], (self.weight * share)[some], self.power[some] / share[some])

    def late(self, in_time: Floats) -> float:
        """Repairs a week that lack a part after the window, given the share of units there in time (points,).

        Parts are independent: a repair has all of them in time with the product of their shares.
        """
        return float(self.weight @ (1.0 - self._complete(in_time) ** self.power))

    def unit_weight(self, in_time: Floats) -> Floats:
        """Repairs a week that are late per share of units late at each point (points,): the derivative of `late`.

        Σ over the repairs through a point of their weight times the product of their other parts' shares.
        """
        kit, share = self._kit(), in_time[self.point]
        absent = share <= 0.0
        present = np.multiply.reduceat(np.where(absent, 1.0, share), self.start)[kit]
        absent_others = np.bincount(kit, absent, len(self.start))[kit] - absent
        others = np.where(absent_others > 0.0, 0.0, present / np.where(absent, 1.0, share))
        slope = self.weight * self.power * self._complete(in_time) ** (self.power - 1.0)
        return np.bincount(self.point, slope[kit] * others, len(in_time)).astype(float)

    def _complete(self, in_time: Floats) -> Floats:
        return np.asarray(np.multiply.reduceat(in_time[self.point], self.start), float)

    def _sizes(self) -> Ints:
        return np.diff(np.append(self.start, len(self.point)))

    def _kit(self) -> Ints:
        return np.repeat(np.arange(len(self.start)), self._sizes())

    def _only(self, kits: Bools) -> "Repairs":
        size = self._sizes()[kits]
        entries = self.point[kits[self._kit()]]
        return replace(
            self, start=np.cumsum(size) - size, point=entries, weight=self.weight[kits], power=self.power[kits]
        )


def repairs_of(network: Network, part: Objects, leaf: Ints, site: Objects, demand: Floats, promised: Bools) -> Repairs:
    """The repairs of the last 52 weeks that need a part `promised` within days, at the forecast's demand.

    part: of the leaves; leaf, site, demand (units a week), promised: of the points. A ticket at a site is a repair of
    all its parts that are points, whatever the quantity of each; what has no ticket is a repair per unit. A repair seen
    n times is wanted n · mean over its parts of (demand / units used in those weeks) times a week; a promised point
    without use, as of a new model, counts as repairs of one part, one per unit of its demand.
    """
    count = len(leaf)
    point, ticket, quantity = _lines(network, part, leaf, site)
    loose = np.maximum(np.bincount(point[ticket < 0], quantity[ticket < 0], count), 0.0)
    lines, row = np.unique((ticket * count + point)[ticket >= 0], return_inverse=True)
    units = np.bincount(row, quantity[ticket >= 0], len(lines))
    ticket, point = np.divmod(lines[units > 0], count)
    used = loose + np.bincount(point, units[units > 0], count)
    rate = np.divide(demand, used, out=np.zeros(count), where=used > 0)
    return _merged(ticket, point, loose, rate, np.where(used > 0, 0.0, demand), promised)


def _lines(network: Network, part: Objects, leaf: Ints, site: Objects) -> tuple[Ints, Ints, Ints]:
    """Point, number of the ticket at its site (−1: none) and units of the last 52 weeks' rows of usage at points."""
    since = pd.Timestamp(network.settings.as_of) - pd.Timedelta(days=HISTORY_WEEKS * DAYS_PER_WEEK)
    usage = network.usage.loc[network.usage["date"] > since, ["part", "site", "ticket", "quantity"]]
    part_of_leaf, parts = pd.factorize(part)
    of_point, sites = pd.factorize(site)
    of_part, of_site = (
        pd.Index(names).get_indexer(pd.Index(usage[column])) for names, column in ((parts, "part"), (sites, "site"))
    )
    known = part_of_leaf[leaf] * len(sites) + of_point
    order = np.argsort(known, kind="stable")
    asked = of_part * len(sites) + of_site
    found = np.minimum(np.searchsorted(known[order], asked), len(order) - 1)
    here = (of_part >= 0) & (of_site >= 0) & (known[order][found] == asked)
    name = usage["ticket"].to_numpy(object)[here]
    ticket = np.where(name == "", -1, pd.factorize(name)[0] * len(sites) + of_site[here])
    return order[found[here]], ticket.astype(np.int64), usage["quantity"].to_numpy(np.int64)[here]


def _merged(repair: Ints, point: Ints, loose: Floats, rate: Floats, unseen: Floats, promised: Bools) -> Repairs:
    """Equal kits as one: lines of (repair, point), sorted; `loose` repairs of one part and `unseen` ones by point."""
    first = np.flatnonzero(np.diff(repair, prepend=-1))
    size = np.diff(np.append(first, len(repair)))
    single = loose + np.bincount(point[first[size == 1]], minlength=len(loose))
    alone = promised & ((single > 0) | (unseen > 0))
    points, weights, sizes = [np.flatnonzero(alone)], [(single * rate + unseen)[alone]], [np.ones(alone.sum(), int)]
    for parts in np.unique(size[size > 1]):
        kits = point[first[size == parts][:, None] + np.arange(parts)]
        kits, seen = np.unique(kits[promised[kits].any(axis=1)], axis=0, return_counts=True)
        points.append(kits.ravel())
        weights.append(seen * rate[kits].mean(axis=1))
        sizes.append(np.full(len(kits), parts))
    length, weight = np.concatenate(sizes), np.concatenate(weights)
    return Repairs(np.cumsum(length) - length, np.concatenate(points), weight, np.ones(len(weight)))
