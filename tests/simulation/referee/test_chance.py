"""The engine's own random numbers follow the laws they claim."""

import numpy as np
import pytest
from scipy import stats

from simulation.referee.chance import days_of, seed_chance, uniform
from simulation.referee.state import State, new_state

DRAWS = 20_000


def begun(seed: int) -> State:
    """An empty play with its stream."""
    state = new_state(1, 0, 0, 0, np.int64(8), np.zeros((0, 0), np.int64))
    seed_chance(state, seed)
    return state


@pytest.mark.parametrize(("mean", "sd"), [(3.0, 1.5), (2.0, 4.0)])
def test_days_are_gamma_distributed(mean: float, sd: float) -> None:
    """Shapes 4 and ¼: Kolmogorov–Smirnov."""
    state = begun(7)
    days = [days_of(state, mean, sd) for _ in range(DRAWS)]
    assert stats.kstest(days, stats.gamma((mean / sd) ** 2, scale=sd**2 / mean).cdf).pvalue > 0.01
    assert abs(np.corrcoef(days[1:], days[:-1])[0, 1]) < 4 / np.sqrt(DRAWS)


def test_streams_are_uniform_and_of_their_own() -> None:
    """Neighbouring seeds share nothing; the same seed repeats."""
    one, two, again = (np.array([uniform(state) for _ in range(DRAWS)]) for state in map(begun, (1, 2, 1)))
    assert stats.kstest(one, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(one, two)[0, 1]) < 4 / np.sqrt(DRAWS)
    assert (one == again).all()
