"""VARI-METRIC for a depot and the points it serves, the arrays and the compiled laws.

Sherbrooke (1968) METRIC; Slay (1984), Graves (1985) and Sherbrooke (1986) VARI-METRIC. Given the rate factor Θ = θ,
with λ_d = Σ(1−r_p)λ_p and f_p = (1−r_p)λ_p / λ_d:

    depot pipeline    E N = θλ_d L          Var N = ψθλ_d L + (θλ_d)² Var L       L: lead time plus wait for departure
    point pipeline    E N_p = θm_p + f_p EBO_d      m_p = λ_p (r_p T_p + (1−r_p) L_p)
                      Var N_p = ψθm_p + ψ f_p(1−f_p) EBO_d + f_p² VBO_d

A batch belongs to one point, so what the depot owes falls on points batch by batch: ψ f(1−f), exact behind an empty
depot and f(1−f) for single units. Each law is the negative binomial (or Poisson) of these two moments; results are
averages over the nodes of Θ.
"""

from math import exp, log1p
from typing import Any, NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from domain.counts import pmf, start

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Records = npt.NDArray[np.void]
Record = Any  # one row of a table, its fields are attributes in compiled code

# Rows of a scratch array that steps the laws of all nodes from one count to the next.
# TABLE: 1 where the probabilities stand in the rows from ROWS on instead of following from a and b.
MEAN, VARIANCE, A, B, FIRST, PROBABILITY, CDF, TABLE = range(8)
ROWS = 8
FEW = 5  # points behind a depot up to which single units are convolved exactly
_WIDEST = 250  # units of a depot's pipeline up to which that is done
_POISSON = 1e-9  # relative excess of the variance below which a law is Poisson
_SMALL = 12.0  # mean up to which every law is added up from 0

lean = nb.njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)  # type: ignore[call-overload]
"""For functions that allocate nothing: compiled into their caller, which is three times as fast as calls (measured)."""


LEAF = np.dtype(
    [
        ("first", np.int64),  # its points are rows first..last − 1 of the point table
        ("last", np.int64),
        ("lead_weeks", np.float64),  # mean of lead time plus wait for a departure
        ("lead_variance", np.float64),  # weeks²
        ("batch_index", np.float64),  # ψ ≥ 1
        ("holding", np.float64),  # at the depot, money per unit and week
        ("line", np.float64),  # keeping the part number at the depot, money per week
    ],
    align=True,
)
HUB = np.dtype(
    [
        ("first", np.int64),  # its depots are rows first..last − 1 of the leaf table
        ("last", np.int64),
        ("lead_weeks", np.float64),  # mean of supplier lead time plus wait for an ordering day; 0: the hub is never out
        ("lead_variance", np.float64),  # weeks²
        ("lot", np.int64),  # Q ≥ 1, units bought at a time
        ("holding", np.float64),  # at the hub, money per unit and week
        ("line", np.float64),
    ],
    align=True,
)
POINT = np.dtype(
    [
        ("demand", np.float64),  # λ_p, units per week
        ("local_share", np.float64),  # r_p
        ("repair_weeks", np.float64),  # T_p
        ("courier_weeks", np.float64),  # L_p
        ("holding", np.float64),
        ("line", np.float64),  # inf: the point may not keep the part
        ("at_depot", np.int64),  # 1: users of parts at the depot itself, which pays one line cost for both shelves
    ],
    align=True,
)


class TwoEchelons(NamedTuple):
    """All leaves (part × region) at once: tables of LEAF and POINT, and Gauss nodes of Θ with their weights.

    theta, weight: shape (leaves, nodes); a known rate has the single node 1 of weight 1, standing first. owed: mean and
    variance of the units the hub owes the depot in every node, shape (leaves, 2, nodes).
    """

    leaves: Records
    points: Records
    theta: Floats
    weight: Floats
    owed: Floats

    @staticmethod
    def behind_full_hub(leaves: Records, points: Records, theta: Floats, weight: Floats) -> "TwoEchelons":
        """Behind a hub that is never out."""
        return TwoEchelons(leaves, points, theta, weight, np.zeros((len(leaves), 2, theta.shape[1])))


def rate_nodes(rate_shape: Floats, count: int = 5) -> tuple[Floats, Floats]:
    """Gauss nodes and weights of Θ ~ Gamma(a, a), each of shape (leaves, count) (Golub & Welsch 1969, Laguerre).

    Weights times nodes are the size-biased weights of Gamma(a + 1, a). An infinite shape has one node, 1, of weight 1.
    """
    shape, k = rate_shape[:, None], np.arange(count)
    finite = np.isfinite(shape)
    a = np.where(finite, shape, 1.0)
    jacobi = np.zeros((len(rate_shape), count, count))
    jacobi[:, k, k] = (2 * k + a) / a
    jacobi[:, k[:-1], k[1:]] = jacobi[:, k[1:], k[:-1]] = np.sqrt(k[1:] * (k[1:] + a - 1)) / a
    theta, vectors = np.linalg.eigh(jacobi)
    weight = vectors[:, 0, :] ** 2
    return np.where(finite, theta, 1.0), np.where(finite, weight, (k == 0).astype(float))


@nb.njit(cache=True, error_model="numpy")
def at_nodes(e: TwoEchelons, i: int) -> tuple[Floats, Floats, Floats]:
    """θ, weights and what the hub owes in the nodes of leaf i that count: one where the rate is known."""
    nodes = 1 if e.weight[i, 0] == 1.0 else e.weight.shape[1]
    return e.theta[i, :nodes], e.weight[i, :nodes], e.owed[i, :, :nodes]


@lean
def fit(law: Floats, k: int, mean: float, variance: float) -> None:
    """Law of node k at count 0: pₙ = pₙ₋₁ (a + b/n) (Panjer 1981), from the first count worth adding up."""
    excess = max(variance - mean, 0.0) if mean > 0.0 else 0.0
    over = excess > _POISSON * mean
    size = mean * mean / excess if over else 0.0
    law[MEAN, k], law[VARIANCE, k] = mean, mean + excess
    law[A, k] = excess / (mean + excess) if over else 0.0
    law[B, k] = (size - 1.0) * excess / (mean + excess) if over else mean
    law[FIRST, k] = start(mean, mean + excess) if mean > _SMALL else 0.0
    law[PROBABILITY, k] = law[TABLE, k] = 0.0
    if law[FIRST, k] == 0.0:
        law[PROBABILITY, k] = exp(-size * log1p(excess / mean)) if over else exp(-mean)
    law[CDF, k] = law[PROBABILITY, k]


@lean
def step(law: Floats, k: int, n: int) -> None:
    """Move node k from count n − 1 to n."""
    if law[TABLE, k] > 0.0:
        last = law.shape[0] - ROWS - 1
        law[PROBABILITY, k] = law[ROWS + n, k] if n <= last else 0.0
        law[CDF, k] = law[CDF, k] + law[PROBABILITY, k] if n < last else 1.0
        return
    first = law[FIRST, k]
    if n > first:
        law[PROBABILITY, k] *= law[A, k] + law[B, k] / n
        law[CDF, k] += law[PROBABILITY, k]
    elif n == first:
        law[PROBABILITY, k] = pmf(law[MEAN, k], law[VARIANCE, k], n)
        law[CDF, k] = law[PROBABILITY, k]


@lean
def depot_demand(points: Records) -> float:
    """λ_d = Σ(1−r_p)λ_p, units per week."""
    total: float = 0.0
    for p in range(len(points)):
        total += (1.0 - points[p].local_share) * points[p].demand
    return total


@lean
def share_of(point: Record, demand: float) -> float:
    """f_p = (1−r_p)λ_p / λ_d, the point's share of a depot's `demand`."""
    share: float = (1.0 - point.local_share) * point.demand / demand if demand > 0.0 else 0.0
    return share


@lean
def own_pipeline(point: Record, window: float) -> float:
    """m_p of the units that will still be under way `window` weeks from now."""
    repair: float = max(point.repair_weeks - window, 0.0)
    courier: float = max(point.courier_weeks - window, 0.0)
    pipeline: float = point.demand * (point.local_share * repair + (1.0 - point.local_share) * courier)
    return pipeline


@nb.njit(cache=True, error_model="numpy")
def exact_units(leaf: Record, points: Records, metric: bool, theta: Floats, owed: Floats, demand: float) -> int:
    """Units up to which the laws of this leaf are written out, 0 where they are fitted to two moments.

    With few points and single units the depot's backorders fall on a point by a binomial: the law is a convolution
    (Simon 1971). A scratch array has so many rows more: `law` those of a point, `short` P(B_d = 0, 1, …) from row 2 on.
    """
    if metric or len(points) > FEW or leaf.batch_index > 1.0 + _POISSON or demand <= 0.0:
        return 0
    most = longest = 0.0
    for p in range(len(points)):
        longest = max(longest, own_pipeline(points[p], 0.0))
    for k in range(len(theta)):
        mean = theta[k] * (demand * leaf.lead_weeks + longest) + owed[0, k]
        variance = mean + owed[1, k] + (theta[k] * demand) ** 2 * leaf.lead_variance
        most = max(most, mean + 12.0 * np.sqrt(variance) + 24.0)
    return int(most) if most < _WIDEST else 0


@lean
def fit_depot(
    leaf: Record, theta: Floats, owed: Floats, demand: float, lead_weeks: float, law: Floats, short: Floats
) -> None:
    """The depot's pipeline in every node; `short` becomes EBO_d, E[B_d²] and the law of B_d of an empty depot."""
    for k in range(law.shape[1]):
        rate = theta[k] * demand
        mean = rate * lead_weeks + owed[0, k]
        variance = leaf.batch_index * rate * lead_weeks + owed[1, k]
        variance += rate * rate * leaf.lead_variance if lead_weeks > 0.0 else 0.0
        fit(law, k, mean, variance)
        short[0, k] = mean
        short[1, k] = variance + mean * mean
        if short.shape[0] > 2:
            for n in range(short.shape[0] - 2):
                if n > 0:
                    step(law, k, n)
                short[2 + n, k] = law[PROBABILITY, k]
            fit(law, k, mean, variance)


@lean
def add_depot_unit(law: Floats, short: Floats, stock: int) -> None:
    """Move EBO_d and E[B_d²] from `stock` to `stock` + 1: (x−1)⁺ = x − 1 and (x−1)² = x² − 2x + 1 for x ≥ 1."""
    for k in range(law.shape[1]):
        out = max(1.0 - law[CDF, k], 0.0)
        short[1, k] = max(short[1, k] - 2.0 * short[0, k] + out, 0.0)
        short[0, k] = max(short[0, k] - out, 0.0)
        if short.shape[0] > 2:
            short[2, k] += short[3, k]
            for n in range(3, short.shape[0] - 1):
                short[n, k] = short[n + 1, k]
            short[-1, k] = 0.0
        step(law, k, stock + 1)


@lean
def fit_point(
    own: float, share: float, batch_index: float, metric: bool, theta: Floats, short: Floats, law: Floats
) -> None:
    """A point's pipeline in every node: `own` m_p units of its own, and its `share` f_p of the depot's backorders.

    METRIC (Sherbrooke 1968) takes the depot's backorders for Poisson: VBO_d = EBO_d. Where `short` holds their law the
    point's is convolved: N_p = Binomial(B_d, f_p) + Poisson(θm_p) (Simon 1971).
    """
    if short.shape[0] > 2:
        for k in range(law.shape[1]):
            _convolve(theta[k] * own, share, short, law, k)
        return
    for k in range(law.shape[1]):
        mean = theta[k] * own
        waiting = short[0, k]
        spread = waiting if metric else max(short[1, k] - waiting * waiting, 0.0)
        variance = batch_index * (mean + share * (1.0 - share) * waiting) + share * share * spread
        fit(law, k, mean + share * waiting, variance)


@lean
def _convolve(own: float, share: float, short: Floats, law: Floats, k: int) -> None:
    """Law of Binomial(B_d, share) + Poisson(own) in node k, at count 0; generating functions by Horner's rule.

    That of the binomial part is G_B(1 − f + f z) = (…((P(b) (1 − f + f z) + P(b − 1)) …) + P(0).
    """
    width, top = law.shape[0] - ROWS, short.shape[0] - 3
    while top > 0 and short[2 + top, k] < 1e-14:
        top -= 1
    for n in range(width):
        law[ROWS + n, k] = 0.0
    for b in range(top, -1, -1):
        for n in range(min(top - b, width - 1), 0, -1):
            law[ROWS + n, k] = (1.0 - share) * law[ROWS + n, k] + share * law[ROWS + n - 1, k]
        law[ROWS, k] = (1.0 - share) * law[ROWS, k] + short[2 + b, k]
    if own > 0.0:
        for n in range(width - 1, -1, -1):
            total, poisson = 0.0, exp(-own)
            for j in range(n + 1):
                total += poisson * law[ROWS + n - j, k]
                poisson *= own / (j + 1.0)
                if poisson < 1e-18 and j > own:
                    break
            law[ROWS + n, k] = total
    law[MEAN, k], law[TABLE, k] = own + share * short[0, k], 1.0
    law[PROBABILITY, k] = law[CDF, k] = law[ROWS, k]
