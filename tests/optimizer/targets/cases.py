"""Small two-echelon cases by name, and the same mathematics once more in plain scipy."""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from domain.service import ServiceTarget
from optimizer.targets.system import System
from optimizer.targets.two_echelons import FEW, HUB, LEAF, POINT, TwoEchelons, rate_nodes

Floats = npt.NDArray[np.float64]

MOST = 400  # units owed at most that the exact law counts

LEAF_DEFAULTS = {"lead_weeks": 6.0, "lead_variance": 0.0, "batch_index": 1.0, "holding": 1.0, "line": 0.0}
POINT_DEFAULTS = {
    "demand": 0.3,
    "local_share": 0.0,
    "repair_weeks": 0.0,
    "courier_weeks": 0.5,
    "holding": 1.0,
    "line": 0.0,
    "at_depot": 0,
}


def echelons(*points: dict[str, Any], rate_shape: float = np.inf, **leaf: float) -> TwoEchelons:
    """One leaf with these points; what is not named has the default above."""
    leaves, table = np.zeros(1, LEAF), np.zeros(len(points), POINT)
    leaves["last"] = len(points)
    for name, value in (LEAF_DEFAULTS | leaf).items():
        leaves[name] = value
    for row, point in enumerate(points):
        for name, value in (POINT_DEFAULTS | point).items():
            table[name][row] = value
    return TwoEchelons.behind_full_hub(leaves, table, *rate_nodes(np.array([rate_shape])))


def random_case(rng: np.random.Generator, points: int = 2) -> TwoEchelons:
    """A slow or moderate mover with every feature of the model switched on at random."""
    return echelons(
        *(
            {
                "demand": rng.gamma(1.0, 0.25),
                "local_share": rng.choice([0.0, 0.3]),
                "repair_weeks": rng.uniform(0.5, 2),
                "courier_weeks": rng.uniform(0.0, 1.0),
                "holding": rng.uniform(0.5, 2),
                "line": rng.choice([0.0, 0.2]),
            }
            for _ in range(points)
        ),
        rate_shape=rng.choice([np.inf, 0.6, 4.0]),
        lead_weeks=rng.uniform(2, 7),
        lead_variance=rng.choice([0.0, 1.5]),
        batch_index=rng.choice([1.0, 1.7]),
        holding=rng.uniform(0.5, 2),
        line=rng.choice([0.0, 0.3]),
    )


def integers(*values: int) -> npt.NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def naive_backorders(e: TwoEchelons, depot_stock: int, point_stock: tuple[int, ...]) -> Floats:
    """EBO of every point by the formulas of MODEL 2, one node of Θ after the other, with scipy's distributions.

    With up to FEW points and single units the exact law of Simon (1971), else that of the two moments.
    """
    leaf, points = e.leaves[0], e.points
    to_depot = (1 - points["local_share"]) * points["demand"]
    share = to_depot / to_depot.sum()
    own = points["demand"] * (
        points["local_share"] * points["repair_weeks"] + (1 - points["local_share"]) * points["courier_weeks"]
    )
    total = np.zeros(len(points))
    for theta, weight in zip(e.theta[0], e.weight[0], strict=True):
        rate = theta * to_depot.sum()
        mean = rate * leaf["lead_weeks"]
        spread = leaf["batch_index"] * mean + rate**2 * leaf["lead_variance"]
        short, square = loss_moments(mean, spread, depot_stock)
        for p, stock in enumerate(point_stock):
            m = theta * own[p]
            if len(points) <= FEW and leaf["batch_index"] == 1.0:
                n = np.arange(MOST)
                owed = law_of(mean, spread).pmf(np.arange(depot_stock, depot_stock + len(n)))
                owed[0] = law_of(mean, spread).cdf(depot_stock)
                here = owed @ thinned(float(share[p]))
                beyond = np.maximum(np.arange(2 * len(n) - 1) - stock, 0)
                total[p] += weight * float(beyond @ np.convolve(here, stats.poisson.pmf(n, m)))
                continue
            variance = leaf["batch_index"] * (m + share[p] * (1 - share[p]) * short) + share[p] ** 2 * square
            total[p] += weight * loss_moments(m + share[p] * short, variance, stock)[0]
    return total


@lru_cache(maxsize=4)
def thinned(share: float) -> Floats:
    """P(k of n units owed are this point's), (n, k), each being its with probability `share`."""
    n = np.arange(MOST)
    return np.asarray(stats.binom.pmf(n[None, :], n[:, None], share), float)


def law_of(mean: float, variance: float) -> Any:
    """The negative binomial or Poisson law of these moments."""
    poisson = variance <= mean * (1 + 1e-9)
    return stats.poisson(mean) if poisson else stats.nbinom(mean**2 / (variance - mean), mean / variance)


def loss_moments(mean: float, variance: float, stock: int) -> tuple[float, float]:
    """Mean and variance of (N − stock)⁺ for the negative binomial or Poisson law of these moments."""
    law = law_of(mean, variance)
    n = np.arange(int(mean + 60 * np.sqrt(variance) + 60))
    beyond = np.maximum(n - stock, 0)
    probability = law.pmf(n)
    first = float(beyond @ probability)
    return first, float(beyond**2 @ probability) - first**2


def gamma_nodes(shape: float, count: int = 4000) -> tuple[Floats, Floats]:
    """Nodes and weights of Gamma(shape, shape) fine enough to stand for the integral."""
    u = (np.arange(count) + 0.5) / count
    return np.asarray(special.gammaincinv(shape, u) / shape, float), np.full(count, 1.0 / count)


def system(rng: np.random.Generator, targets: dict[str, ServiceTarget], leaves: int = 60, points: int = 4) -> System:
    """Leaves of one depot with points Q0, Q1, …; groups are dealt out by leaf in turn."""
    table, rows = np.zeros(leaves, LEAF), np.zeros(leaves * points, POINT)
    table["first"] = np.arange(leaves) * points
    table["last"] = table["first"] + points
    table["lead_weeks"] = rng.uniform(3, 7, leaves)
    table["lead_variance"] = 0.4
    table["batch_index"] = rng.choice([1.0, 1.4], leaves)
    table["holding"] = np.exp(rng.normal(-2, 1, leaves))
    leaf = np.repeat(np.arange(leaves), points)
    rows["demand"] = rng.gamma(0.6, 0.5, len(rows)) + 1e-3
    rows["courier_weeks"] = np.tile(rng.choice([1, 2, 3], points) / 7, leaves)
    rows["holding"] = table["holding"][leaf]
    rows["line"] = 0.01
    rate_shape = rng.choice([2.0, 8.0, np.inf], leaves)
    theta, weight = rate_nodes(rate_shape)
    return System(
        rate_shape=rate_shape,
        **full_hubs(leaves),
        echelons=TwoEchelons.behind_full_hub(table, rows, theta, weight),
        part=np.array([f"P{i:03d}" for i in range(leaves)], dtype=object),
        depot=np.full(leaves, "D1", dtype=object),
        leaf=leaf,
        site=np.array([f"Q{i % points}" for i in range(len(rows))], dtype=object),
        group=leaf % len(targets),
        line_limit=np.full(len(rows), np.inf),
        targets=targets,
    )


def full_hubs(leaves: int) -> dict[str, Any]:
    """The hub fields of a system of `leaves` parts, one leaf each, whose hubs are never out."""
    hubs = np.zeros(leaves, HUB)
    hubs["first"], hubs["last"] = np.arange(leaves), np.arange(leaves) + 1
    hubs["lot"] = 1
    return {"hubs": hubs, "hub": np.full(leaves, "H", dtype=object), "hub_stock": np.zeros(leaves, np.int64)}
