"""The stock of least cost behind one price of waiting per point: every leaf's depot stock scanned, compiled."""

import numba as nb
import numpy as np

from domain.threads import in_threads, kernel
from optimizer.targets.two_echelons import (
    CDF,
    MEAN,
    ROWS,
    Bools,
    Floats,
    Ints,
    Record,
    Records,
    TwoEchelons,
    add_depot_unit,
    at_nodes,
    depot_demand,
    exact_units,
    fit_depot,
    fit_point,
    lean,
    own_pipeline,
    share_of,
    step,
)

CERTAIN = 1e-6  # chance of a stock-out too small to hold a unit against, however little that unit costs
SLACK = 1.005  # bounds must exceed the best cost by this factor
_FINE = 200  # stocks nearer to each other than 1/200 of them cost the same to within SLACK


@lean
def _best_at_point(law: Floats, weight: Floats, price: float, holding: float, line: float) -> tuple[int, float]:
    """Base stock of least holding, line and waiting cost, and that cost: raise S while price·P(N > S) > holding.

    The line cost is paid from the first unit on, so the best S > 0 is compared with 0.
    """
    waiting = 0.0
    out = 0.0
    for k in range(law.shape[1]):
        waiting += weight[k] * law[MEAN, k]
        out += weight[k] * (1.0 - law[CDF, k])
    empty = price * waiting
    if empty <= line:
        return 0, empty
    enough = max(holding / price, CERTAIN)
    stock = 0
    while out > enough:
        waiting -= out
        stock += 1
        out = 0.0
        for k in range(law.shape[1]):
            step(law, k, stock)
            out += weight[k] * (1.0 - law[CDF, k])
    cost = price * waiting + holding * stock + line
    if stock == 0 or empty <= cost:
        return 0, empty
    return stock, cost


@lean
def _points_cost(
    leaf: Record,
    points: Records,
    price: Floats,
    pipeline: Floats,
    theta: Floats,
    weight: Floats,
    metric: bool,
    short: Floats,
    depot_pays_line: bool,
    enough: float,
    stock: Ints,
    value: Floats,
    law: Floats,
) -> float:
    """Least cost of the points behind a depot with backorder moments `short`; their stock goes to `stock`, what it
    saves against an empty shelf to `value`.

    pipeline: rows m_p, f_p and least cost of the points from p on. Ends with a lower bound once that is `enough`.
    """
    cost: float = 0.0
    owed = 0.0
    for k in range(len(weight)):
        owed += weight[k] * short[0, k]
    for p in range(len(points)):
        at_least: float = cost + pipeline[2, p]
        if at_least >= enough:
            return at_least
        line = 0.0 if points[p].at_depot == 1 and depot_pays_line else points[p].line
        empty = price[p] * (pipeline[0, p] + pipeline[1, p] * owed)
        if empty <= points[p].holding + line:  # units cannot save more than all waiting, and the first costs as much
            stock[p], value[p] = 0, 0.0
            cost += empty
            continue
        fit_point(pipeline[0, p], pipeline[1, p], leaf.batch_index, metric, theta, short, law)
        stock[p], added = _best_at_point(law, weight, price[p], points[p].holding, line)
        value[p] = empty - added
        cost += added
    return cost


@nb.njit(cache=True, error_model="numpy")
def _pipelines(
    leaf: Record, points: Records, price: Floats, theta: Floats, weight: Floats, demand: float, law: Floats
) -> Floats:
    """m_p, f_p and the least cost of the points from p on behind a depot that is never out, shape (3, points + 1)."""
    pipeline, never = np.zeros((3, len(points) + 1)), np.zeros((2 + len(law) - ROWS, len(theta)))
    never[2:3] = 1.0
    for p in range(len(points) - 1, -1, -1):
        pipeline[0, p] = own_pipeline(points[p], 0.0)
        pipeline[1, p] = share_of(points[p], demand)
        line = 0.0 if points[p].at_depot == 1 else points[p].line
        least = price[p] * pipeline[0, p]
        if least > points[p].holding + line:
            fit_point(pipeline[0, p], 0.0, leaf.batch_index, False, theta, never, law)
            least = _best_at_point(law, weight, price[p], points[p].holding, line)[1]
        pipeline[2, p] = pipeline[2, p + 1] + least
    return pipeline


@nb.njit(cache=True, error_model="numpy")
def _depot_moments(leaf: Record, theta: Floats, owed: Floats, demand: float, worthwhile: float, law: Floats) -> Floats:
    """EBO_d and E[B_d²] for depot stock 0, 1, … while backorders are left and holding costs less than `worthwhile`."""
    short = np.empty((2 + len(law) - ROWS, len(theta)))
    fit_depot(leaf, theta, owed, demand, leaf.lead_weeks, law, short)
    table = np.empty((16, len(short), len(theta)))
    table[0] = short
    stock, left = 0, np.inf
    while CERTAIN * CERTAIN < short[0].max() < left and leaf.holding * (stock + 1) + leaf.line < worthwhile:
        left = short[0].max()  # where rounding stalls it, no unit helps any more
        add_depot_unit(law, short, stock)
        stock += 1
        if stock == len(table):
            longer = np.empty((2 * stock, len(short), len(theta)))
            longer[:stock] = table
            table = longer
        table[stock] = short
    return table[: stock + 1]


@nb.njit(cache=True, error_model="numpy")
def scan(
    leaf: Record,
    points: Records,
    price: Floats,
    theta: Floats,
    weight: Floats,
    owed: Floats,
    metric: bool,
    point_stock: Ints,
    value: Floats,
) -> tuple[int, float]:
    """Best depot stock of one leaf, every one tried that can be best, and the cost; that of the points goes to
    `point_stock`, what it saves them to `value`.

    Cost is not convex in the depot's stock, but what the points cost does not rise with it: between two stocks the
    cost is at least holding at the lower and the points' cost at the upper one, so intervals are halved until that
    bound proves them useless, or they are too narrow to matter. Fitted laws break the rule by some tenths of a percent
    (measured), so bounds have slack.
    """
    demand = depot_demand(points)
    law = np.empty((ROWS + exact_units(leaf, points, metric, theta, owed, demand), len(theta)))
    stock, saved = np.zeros(len(points), np.int64), np.zeros(len(points))
    pipeline = _pipelines(leaf, points, price, theta, weight, demand, law)
    short = np.empty((2 + len(law) - ROWS, len(theta)))
    fit_depot(leaf, theta, owed, demand, leaf.lead_weeks, law, short)
    best, best_stock = np.inf, 0
    best = _points_cost(
        leaf, points, price, pipeline, theta, weight, metric, short, False, best, point_stock, value, law
    )
    moments = _depot_moments(leaf, theta, owed, demand, SLACK * best - pipeline[2, 0], law)

    open_intervals, count = np.empty((128, 2), np.int64), 0
    least = np.empty(len(moments))  # points' cost at each depot stock tried, or a lower bound
    low, high, climbing = 0, min(1, len(moments) - 1), len(moments) > 1
    while climbing or count > 0:
        if climbing:
            tried = high
        else:
            count -= 1
            low, high = open_intervals[count]
            narrow = high - low < max(2, low // _FINE)
            if narrow or leaf.holding * (low + 1) + leaf.line + least[high] >= SLACK * best:
                continue
            tried = (low + high) // 2
        kept = leaf.holding * tried + leaf.line
        most = SLACK * best - kept
        least[tried] = _points_cost(
            leaf, points, price, pipeline, theta, weight, metric, moments[tried], True, most, stock, saved, law
        )
        if kept + least[tried] < best:
            best, best_stock = kept + least[tried], tried
            point_stock[:], value[:] = stock, saved
        open_intervals[count] = low, tried
        count += 1
        if climbing:
            climbing = high < len(moments) - 1 and kept + pipeline[2, 0] < SLACK * best
            low, high = high, min(high + max(high // 2, 1), len(moments) - 1)
        else:
            open_intervals[count] = tried, high
            count += 1
    return best_stock, best


@kernel
def _best_stock(
    first: int,
    last: int,
    e: TwoEchelons,
    price: Floats,
    active: Bools,
    metric: bool,
    depot_stock: Ints,
    point_stock: Ints,
    value: Floats,
) -> None:
    for i in range(first, last):
        if active[i]:
            leaf = e.leaves[i]
            own = slice(leaf.first, leaf.last)
            theta, weight, owed = at_nodes(e, i)
            depot_stock[i], _ = scan(
                leaf, e.points[own], price[own], theta, weight, owed, metric, point_stock[own], value[own]
            )


def best_stock(
    e: TwoEchelons, price: Floats, active: Bools, metric: bool, depot_stock: Ints, point_stock: Ints, value: Floats
) -> None:
    """Write the stock of least cost into `depot_stock` (leaves,) and `point_stock` (points,) for the `active` leaves,
    and what each point's saves against an empty shelf, money a week, into `value` (points,).

    Cost per week = holding and line cost at depot and points + Σ_p price_p · EBO_p, price (points,) in money per unit
    waiting per week. Given the prices every leaf, and given the depot's stock every point, stands alone (MODEL 2).
    `metric`: METRIC instead of VARI-METRIC.
    """
    in_threads(_best_stock, len(e.leaves), e, price, active, metric, depot_stock, point_stock, value)
