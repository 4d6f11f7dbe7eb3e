"""What sharing costs, kind by kind and point by point, from what a stock achieves."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from optimizer.targets.laterals.network import LateralNetwork
from optimizer.targets.laterals.stock import Sharing

Floats = npt.NDArray[np.float64]


class SharedCost(NamedTuple):
    """Money per week by kind, shape (points,): a lateral or express is paid by the point that asked for it.

    waiting: what units cost while they are waited for, on the way of a lateral or express too. The kinds add up to
    `Sharing.cost`.
    """

    holding: Floats
    line: Floats
    lateral: Floats
    express: Floats
    waiting: Floats

    @property
    def total(self) -> Floats:
        """All kinds together."""
        return np.asarray(sum(self), float)


def units_waited_for(network: LateralNetwork, found: Sharing) -> Floats:
    """Units an average point waits for on an average day: from the depot, by lateral and by express, (points,)."""
    by_lateral = _by_asker(network, network.ways.weeks * lateral_units(network, found))
    by_express = np.where(found.by_express, network.points.express_weeks * _expressed(network, found), 0.0)
    return np.asarray(found.waiting * ~found.by_express + by_lateral + by_express)


def costs_by_kind(network: LateralNetwork, found: Sharing) -> SharedCost:
    """Holding, lines, laterals, express and waiting of every point."""
    points = network.points
    express = np.where(found.by_express, points.express_money, 0.0)
    return SharedCost(
        holding=points.holding * found.stock,
        line=np.where(found.stock > 0, points.line, 0.0),
        lateral=_by_asker(network, network.ways.money * lateral_units(network, found)),
        express=express * _expressed(network, found),
        waiting=points.price * units_waited_for(network, found),
    )


def lateral_units(network: LateralNetwork, found: Sharing) -> Floats:
    """Units a week that go each way, shape (ways,)."""
    return np.asarray(network.points.demand[network.ways.asks] * found.given)


def _expressed(network: LateralNetwork, found: Sharing) -> Floats:
    return np.where(found.by_express, network.points.demand * found.unserved, 0.0)


def _by_asker(network: LateralNetwork, of_ways: Floats) -> Floats:
    return np.bincount(network.ways.asks, of_ways, len(network.points.demand)).astype(float)
