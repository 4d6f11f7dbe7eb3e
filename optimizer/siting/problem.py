"""Facility location on aggregated demand: which depots serve which repair points at the least cost a year."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]


@dataclass(frozen=True)
class SitingProblem:
    """Every point is served by one depot of those with a way to it; money is a year's.

    depot: ids, candidate: whether opening it is the question, must: whether it has demand of its own and stays open,
    opening: money where it is open (0 where it is no candidate), most: units a year its room allows (inf: no limit),
    shape (depots,). point: ids, load: units a year, shape (points,). way_depot, way_point: rows in these, money:
    supply, last leg and shelf where the point is served this way, shape (ways,), sorted by (point, depot).
    line_depot: row, fixed, slope, shape (lines,): the stock a depot needs for load Λ costs the least of
    fixed + slope·Λ over its lines, a concave cost as the lower envelope of its tangents.
    """

    depot: Objects
    candidate: Bools
    must: Bools
    opening: Floats
    most: Floats
    point: Objects
    load: Floats
    way_depot: Ints
    way_point: Ints
    money: Floats
    line_depot: Ints
    fixed: Floats
    slope: Floats

    def cost(self, way: Ints, opened: Bools) -> float:
        """Money a year when point p is served by `way[p]` and the depots `opened` (depots,) are paid for.

        inf where a depot that is not open serves, a candidate is open for nobody, or a depot has not the room.
        """
        depot = self.way_depot[way]
        load = np.bincount(depot, self.load, len(self.depot))
        serves = np.bincount(depot, minlength=len(self.depot)) > 0
        idle = self.candidate & opened & ~serves
        if (serves & ~opened).any() or idle.any() or (load > self.most * (1 + 1e-9)).any():
            return np.inf
        stock = sum(self.stock_cost(int(d), float(load[d])) for d in np.flatnonzero(serves))
        return float(self.money[way].sum() + self.opening[opened].sum() + stock)

    def stock_cost(self, depot: int, load: float) -> float:
        """Money a year of the stock that `load` units a year need at a depot."""
        lines = self.line_depot == depot
        return float((self.fixed[lines] + self.slope[lines] * load).min(initial=np.inf)) if lines.any() else 0.0
