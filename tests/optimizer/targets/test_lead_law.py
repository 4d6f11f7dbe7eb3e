"""Lead times of consignments that do not overtake."""

import numpy as np
import pytest

from optimizer.targets.lead_law import realised_lead


@pytest.mark.parametrize(
    ("mean", "sd", "every"), [(10.0, 4.0, 7.0), (30.0, 8.0, 7.0), (12.0, 9.0, 3.5), (5.0, 1.0, 7.0)]
)
def test_the_law_is_that_of_consignments_played_one_by_one(mean: float, sd: float, every: float) -> None:
    """Each arrives at the later of its own draw and its predecessor's: mean and variance over 300,000 of them."""
    rng = np.random.default_rng(17)
    own = rng.gamma((mean / sd) ** 2, sd**2 / mean, 300_000)
    leaves = np.arange(len(own)) * every
    lead = np.maximum.accumulate(leaves + own) - leaves
    found = realised_lead(mean, sd, every)
    assert found[0] == pytest.approx(lead.mean(), rel=5e-3)
    assert found[1] == pytest.approx(lead.var(), rel=3e-2)


def test_sure_lead_times_stay_as_they_are() -> None:
    """Nothing overtakes what always takes as long; no lead time is none."""
    assert realised_lead(20.0, 0.0, 7.0) == (20.0, 0.0)
    assert realised_lead(0.0, 3.0, 7.0) == (0.0, 0.0)
