"""Sampled lead-time demand: against a naive bootstrap, a naive loop over windows, and a chain known in closed form."""

from math import floor, sqrt

import numpy as np
import pytest

from forecasting.contenders.bootstrap import REPLICATIONS, empirical_windows, willemain
from forecasting.series import Floats, Series


def history(counts: Floats) -> Series:
    """Series with exposure 1 from the beginning, of one class."""
    return Series(counts, np.ones_like(counts), np.zeros(len(counts), np.int64), np.zeros((len(counts), 1), np.int64))


def naive_bootstrap(past: list[float], lead: int, seed: int) -> Floats:
    """Willemain, Smart & Schwarz (2004), section 2.3, step by step, with the same random numbers."""
    rng = np.random.default_rng(seed)
    uniform, normal = rng.random((REPLICATIONS, lead, 2)), rng.standard_normal((REPLICATIONS, lead))
    wanted = [y > 0 for y in past]
    moves = {(a, b): 1 / 6 + sum(p == (a, b) for p in zip(wanted, wanted[1:])) for a in (0, 1) for b in (0, 1)}  # noqa: B905, RUF007
    sizes = [y for y in past if y > 0]
    totals = []
    for u, z in zip(uniform, normal, strict=True):
        state, total = wanted[-1], 0.0
        for t in range(lead):
            state = u[t, 0] < moves[state, 1] / (moves[state, 0] + moves[state, 1])
            if state:
                x = sizes[floor(u[t, 1] * len(sizes))]
                jittered = 1 + floor(x + z[t] * sqrt(x))
                total += jittered if jittered > 0 else x
        totals.append(total)
    return np.array(totals)


@pytest.mark.parametrize("seed", [0, 7])
def test_the_bootstrap_equals_a_naive_one(seed: int) -> None:
    """The law has the mean and the variance of a loop written from the paper, drawing the same numbers."""
    past = 2.0 * np.random.default_rng(3).poisson(0.7, 50).astype(np.float64)
    totals = naive_bootstrap(list(past), 5, seed)
    law = willemain(history(past[None, :]), np.ones((1, 5)), 5, seed)
    mean = float(law.mean.sum())
    assert mean == pytest.approx(totals.mean(), rel=1e-9)
    assert law.batch_index[0] * mean + mean**2 / law.rate_shape[0] == pytest.approx(totals.var(), rel=1e-5)


def test_demand_that_comes_in_runs_is_sampled_in_runs() -> None:
    """With equal demand in half of all periods, long runs vary more over a lead time than turn by turn."""
    runs, turns = np.tile([1.0] * 10 + [0.0] * 10, 6), np.tile([1.0, 0.0], 60)
    law = willemain(history(np.vstack([runs, turns])), np.ones((2, 6)), 6)
    mean = law.mean.sum(axis=1)
    variance = law.batch_index * mean + mean**2 / law.rate_shape
    assert variance[0] > 1.5 * variance[1]
    assert mean[0] < mean[1]  # the runs end in one without demand


def test_another_seed_is_another_sample() -> None:
    """Randomness is an argument: equal seeds give equal laws, different ones differ by sampling error only."""
    past = history(np.random.default_rng(3).poisson(0.7, (20, 50)).astype(float))
    one, again, other = (willemain(past, np.ones((20, 5)), 5, seed).mean for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).all()
    np.testing.assert_allclose(one, other, rtol=0.3)


def test_windows_equal_a_naive_loop() -> None:
    """Mean and variance of the totals of all overlapping windows, corrected for windows that share periods."""
    past, lead = 3.0 * np.random.default_rng(6).poisson(1.5, 40).astype(np.float64), 4
    totals = np.array([past[t : t + lead].sum() for t in range(40 - lead + 1)])
    law = empirical_windows(history(past[None, :]), np.ones((1, lead)), lead)
    mean, apart = float(law.mean.sum()), len(totals) / lead
    assert mean == pytest.approx(totals.mean())
    variance = law.batch_index[0] * mean + mean**2 / law.rate_shape[0]
    assert variance == pytest.approx(totals.var() * apart / (apart - 1), rel=1e-4)
