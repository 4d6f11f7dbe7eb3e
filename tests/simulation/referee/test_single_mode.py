"""The yardstick: the best single-mode (s, Q) policy at the fill rate of the plan."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import poisson as poisson_law

from simulation.referee.board import AT_ONCE, REORDER, SHIP, Demands, Floats
from tests.simulation.referee.boards import board, played, poisson, rules, stocked, weekly_days

SETUP, HOLDING, SHORTAGE = 64.0, 1.0, 9.0


def period_cost(mean: float, upto: int) -> Floats:
    """E[h (y − D)⁺ + p (D − y)⁺] for positions y = −60..`upto`, the row of y being y + 60."""
    units, y = np.arange(int(mean + 30.0 * np.sqrt(mean) + 30.0)), np.arange(-60, upto + 1)
    left = y[:, None] - units[None, :]
    cost = np.where(left > 0, HOLDING * left, -SHORTAGE * left)
    return np.asarray(cost @ poisson_law.pmf(units, mean))


def renewal_costs(mean: float, upto: int) -> Floats:
    """Average cost per period of (S − n, S), n = 1, 2, …: [K + Σ_{j<n} m(j)·G(S − j)] / Σ_{j<n} m(j), with
    m(0) = 1 / (1 − p₀), m(j) = Σ_{l≤j} p_l·m(j − l) (Zheng & Federgruen 1991, equations 1–3)."""
    law, number = poisson_law.pmf(np.arange(upto + 60), mean), upto + 60
    m = np.zeros(number)
    m[0] = 1.0 / (1.0 - law[0])
    for j in range(1, number):
        m[j] = law[1 : j + 1] @ m[j - 1 :: -1] / (1.0 - law[0])
    cost = period_cost(mean, upto)[::-1][:number]
    return np.asarray((SETUP + np.cumsum(m * cost)) / np.cumsum(m))


def reordering(copies: int, days: Floats, point: int, lot: int, gap: int) -> dict[str, Any]:
    """On these days, at once: (s, S) with lot 1, (s, nQ) with gap 1."""
    number = len(days)
    return {
        "order_start": np.arange(copies + 1) * number,
        "order_time": np.tile(days, copies),
        "order_kind": np.full(copies * number, SHIP),
        "order_leaf": np.zeros(copies * number, np.int64),
        "order_voyage": np.full(copies * number, AT_ONCE),
        "order_rule": np.full(copies * number, REORDER),
        "order_level": np.full(copies * number, float(point)),
        "reorder_lot": np.full(copies, lot),
        "reorder_gap": np.full(copies, gap),
    }


def in_lumps(demands: Demands) -> Demands:
    """A week's demand all at once, right after the Monday's review."""
    return demands._replace(time=7.0 * np.floor(demands.time / 7.0) + 1e-6)


@pytest.mark.parametrize(
    ("mean", "point", "upto", "cost"),
    [(10, 6, 40, 35.022), (15, 10, 49, 42.698), (20, 14, 62, 49.173), (25, 19, 56, 54.262)],
)
def test_an_s_S_policy_costs_what_the_textbook_says(mean: int, point: int, upto: int, cost: float) -> None:
    """Zheng & Federgruen (1991), K = 64, h = 1, p = 9: the published policy is the best of all, and costs so much when
    played week by week."""
    best = min(float(renewal_costs(mean, level).min()) for level in range(mean, 5 * mean))
    assert best == pytest.approx(cost, abs=6e-4)
    assert float(renewal_costs(mean, upto)[upto - point - 1]) == pytest.approx(best, abs=1e-9)
    copies, weeks = 60, 500
    table = board(
        copies,
        courier_days=np.zeros(copies),
        **stocked(copies, 1, upto),
        **reordering(copies, weekly_days(weeks), point, lot=1, gap=upto - point),
    )
    demands = in_lumps(poisson(copies, weeks, float(mean)))
    out = played(table, demands, rules(7.0 * weeks))
    waited = np.add.reduceat(out.counted_wait, demands.start[:-1])
    orders = (out.moved.reshape(copies, weeks) > 0).sum(axis=1)
    found = (SETUP * orders + HOLDING * out.depot_days / 7.0 + SHORTAGE * waited / 7.0) / weeks
    assert abs(found.mean() - cost) < 4.0 * found.std() / np.sqrt(copies) + 0.05
    assert found.std() / np.sqrt(copies) < 0.005 * cost
