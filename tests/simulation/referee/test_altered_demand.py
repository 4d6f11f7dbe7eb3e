"""Demand of one law on the draws of another."""

from dataclasses import replace

import numpy as np
import pytest

from simulation.referee.board import Floats
from simulation.referee.bursts import DemandLaw
from simulation.referee.demand import drawer
from tests.simulation.referee.boards import places

COPIES, WEEKS = 6000, 8


def law(factor: Floats, a: float, drift: float) -> DemandLaw:
    """Two units a week times a factor by week, in batches, at one point."""
    one = np.ones(COPIES)
    return DemandLaw(
        mean=2.0 * one[:, None] * factor,
        batch_index=1.6 * one,
        rate_shape=a * one,
        discount=0.9 * one,
        drift=drift * one,
        upto=one,
    )


def weekly(table: DemandLaw, planned: DemandLaw | None = None) -> Floats:
    """Units of every copy and week."""
    demands = drawer(table, places(COPIES), WEEKS, planned)(1, 0, None)
    copy = np.repeat(np.arange(COPIES), np.diff(demands.start))
    week = (demands.time / 7.0).astype(np.int64)
    units = np.bincount(copy * WEEKS + week, demands.quantity, COPIES * WEEKS)
    return np.asarray(units.reshape(COPIES, WEEKS), float)


@pytest.mark.parametrize(("a", "drift"), [(3.0, 0.0), (3.0, 1.0), (np.inf, 0.0)])
def test_each_law_is_met_as_if_it_were_drawn_alone(a: float, drift: float) -> None:
    """More in some weeks, less in others: means, variances and the covariance between weeks are those of the law."""
    factor = np.array([1.0, 1.0, 2.0, 2.0, 0.3, 0.3, 1.0, 0.0])
    known = law(np.ones(WEEKS), a, drift)
    found, alone = weekly(law(factor, a, drift), known), weekly(law(factor, a, drift))
    error = np.sqrt(alone.var(axis=0) / COPIES)
    assert (np.abs(found.mean(axis=0) - 2.0 * factor) < 4.0 * error + 1e-12).all()
    for some in ([2], [2, 3], [1, 2], [3, 4], list(range(WEEKS))):
        assert found[:, some].sum(axis=1).var() == pytest.approx(alone[:, some].sum(axis=1).var(), rel=0.12)


def test_only_the_weeks_that_differ_differ() -> None:
    """Twice in week 3 and half in week 6: the other weeks are the same to the unit, those never less and never more."""
    factor = np.array([1.0, 1.0, 2.0, 1.0, 1.0, 0.5, 1.0, 1.0])
    known = law(np.ones(WEEKS), 3.0, 1.0)
    before, now = weekly(known), weekly(law(factor, 3.0, 1.0), known)
    assert (now[:, factor == 1.0] == before[:, factor == 1.0]).all()
    assert (now[:, 2] >= before[:, 2]).all()
    assert (now[:, 5] <= before[:, 5]).all()
    other = replace(known, batch_index=1.2 * np.ones(COPIES))
    assert (weekly(other, known) == weekly(other)).all()
