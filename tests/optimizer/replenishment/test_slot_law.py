"""Arrival slots that do not overtake (MODEL 3, "Random lead times, exactly")."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from optimizer.replenishment.slot_law import EARLIEST, LATEST, delay_law, slot_law
from tests.judge.laws import last_slot

SDS = st.just(0.0) | st.floats(0.01, 30.0)


@given(SDS)
def test_delays_are_a_distribution_with_its_mode_at_no_delay(sd_weeks: float) -> None:
    """Probabilities of −2..4 weeks add up to 1; none is likelier than 0, and ±n are equally likely."""
    law = delay_law(sd_weeks)
    assert law.shape == (LATEST - EARLIEST + 1,)
    assert law.sum() == pytest.approx(1.0)
    assert law.argmax() == -EARLIEST or np.isclose(law.max(), law[-EARLIEST])
    np.testing.assert_allclose(law[:2], law[4:2:-1], atol=1e-12)


@pytest.mark.parametrize("sd_weeks", [0.3, 1.0, 3.5])
def test_delays_are_the_rounded_normal_cut_off(sd_weeks: float) -> None:
    """P(ε = n) is proportional to the normal's mass between n − ½ and n + ½."""
    edges = np.arange(EARLIEST, LATEST + 2) - 0.5
    mass = np.diff(stats.norm.cdf(edges, scale=sd_weeks))
    np.testing.assert_allclose(delay_law(sd_weeks), mass / mass.sum(), atol=1e-12)


@given(SDS, st.integers(1, 30))
def test_some_slot_is_always_the_last_one_in(sd_weeks: float, weeks: int) -> None:
    """Every row is a distribution over slots 0..K; no slot is in more than two weeks early."""
    law = slot_law(sd_weeks, weeks)
    assert law.shape == (weeks + 1, weeks + 1)
    assert (law >= -1e-15).all()
    np.testing.assert_allclose(law.sum(axis=1), 1.0)
    week, slot = np.indices(law.shape)
    assert (law[slot > week - EARLIEST] == 0.0).all()


@given(SDS, st.integers(1, 30))
def test_later_weeks_have_more_slots_in(sd_weeks: float, weeks: int) -> None:
    """P(at least k slots in) never falls with time."""
    at_least = slot_law(sd_weeks, weeks)[:, ::-1].cumsum(axis=1)
    assert (np.diff(at_least, axis=0) >= -1e-12).all()


@pytest.mark.parametrize("weeks", [1, 6, 30])
def test_certain_lead_times_put_every_slot_in_its_own_week(weeks: int) -> None:
    """Standard deviation 0 gives the identity."""
    np.testing.assert_array_equal(slot_law(0.0, weeks), np.eye(weeks + 1))


@pytest.mark.parametrize("sd_weeks", [0.4, 1.3, 4.0])
def test_the_law_equals_the_enumeration_of_all_delays(sd_weeks: float) -> None:
    """ρ_t(k) is the share of all combinations of delays in which slot k is the last one in by week t."""
    weeks, delays = 4, range(EARLIEST, LATEST + 1)
    counted = np.zeros((weeks + 1, weeks + 1))
    for combination in product(range(len(delays)), repeat=weeks):
        probability = float(np.prod(delay_law(sd_weeks)[list(combination)]))
        arrival = np.maximum.accumulate([k + 1 + delays[code] for k, code in enumerate(combination)])
        for t in range(weeks + 1):
            counted[t, np.count_nonzero(arrival <= t)] += probability
    np.testing.assert_allclose(slot_law(sd_weeks, weeks), counted, atol=1e-12)


@pytest.mark.parametrize("sd_weeks", [0.0, 0.2, 1.0, 2.7])
def test_the_law_is_the_outsiders(sd_weeks: float) -> None:
    """Weeks 1..K equal the judge's own computation."""
    np.testing.assert_allclose(slot_law(sd_weeks, 15)[1:], last_slot(sd_weeks, 15), atol=1e-12)
