"""The stock of least cost at given prices of waiting: part by part, within the part numbers a site may keep."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from optimizer.targets.best_stock import best_stock
from optimizer.targets.system import System

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PricedStock:
    """Prices (groups,), money per unit waiting per week, and the stock they led to: (leaves,) and (points,), units.

    unlimited: the same before sites were held to the part numbers they may keep, where any is; line_value (points,):
    what the shelf saves a week, all its costs paid.
    """

    price: Floats
    depot_stock: Ints
    point_stock: Ints
    line_value: Floats | None = None
    unlimited: "PricedStock | None" = None


def respond(system: System, price: Floats, before: PricedStock | None) -> PricedStock:
    """The stock of least cost at these prices; only leaves with a group whose price moved since `before` change."""
    start = _nothing(system, price) if before is None else before.unlimited or before
    moved = np.zeros(len(system.part), bool)
    moved[system.leaf[(price != start.price)[system.group]]] = True
    free = _scanned(system, price, moved | (before is None), start, system.echelons.points)
    if not np.isfinite(system.line_limit).any():
        return free
    barred = _barred(system, free)
    points = system.echelons.points.copy()
    points["line"][barred] = np.inf
    crowded = np.zeros(len(system.part), bool)
    crowded[system.leaf[barred & (free.point_stock > 0)]] = True
    return replace(_scanned(system, price, crowded, free, points), unlimited=free)


def _nothing(system: System, price: Floats) -> PricedStock:
    """No stock anywhere."""
    none = np.zeros(len(system.leaf), np.int64)
    return PricedStock(price, np.zeros(len(system.part), np.int64), none, np.zeros(len(none)))


def _scanned(
    system: System, price: Floats, active: "npt.NDArray[np.bool_]", start: PricedStock, points: "npt.NDArray[np.void]"
) -> PricedStock:
    """The best stock of the `active` leaves, that of `start` for the others."""
    depot, point = start.depot_stock.copy(), start.point_stock.copy()
    value = np.zeros(len(point)) if start.line_value is None else start.line_value.copy()
    best_stock(system.echelons._replace(points=points), price[system.group], active, False, depot, point, value)
    return PricedStock(price, depot, point, value)


def _barred(system: System, stock: PricedStock) -> "npt.NDArray[np.bool_]":
    """Points that may not keep the part: where a site has more part numbers than it may, all but the most valuable."""
    assert stock.line_value is not None
    barred = np.zeros(len(stock.point_stock), bool)
    limited = np.flatnonzero(np.isfinite(system.line_limit))
    names, of_site = np.unique(system.site[limited].astype(str), return_inverse=True)
    for number in range(len(names)):
        here = limited[of_site == number]
        kept = here[stock.point_stock[here] > 0]
        best = kept[np.argsort(-stock.line_value[kept], kind="stable")[: int(system.line_limit[here[0]])]]
        barred[here] = True
        barred[best] = False
    return barred
