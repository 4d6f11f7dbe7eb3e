"""The benchmark of how replenishment grows, in small."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.replenishment.scale import STEPS, exponent, make_network, planned, problem
from simulation.demo import SIZES
from storage.network_folder import read_network


def test_a_network_of_few_parts_has_limits_in_proportion_and_every_step_is_measured(tmp_path: Path) -> None:
    """Consignments hold and cost the parts' share, the plan is bounded, and its steps add up to its seconds."""
    make_network(tmp_path, "wisetech", 150)
    of = problem(tmp_path)
    written, _ = read_network(tmp_path / "network")
    share = 150 / SIZES["wisetech"].parts
    for name in ("minimum_charge", "cost_per_consignment", "consignment_kg"):
        assert of.network.lanes[name].to_numpy() == pytest.approx(written.lanes[name].to_numpy() * share, nan_ok=True)
    found = planned(of)
    assert found.parts == len(np.unique(of.forecast.part.astype(str))) <= 150
    assert 0.0 <= found.gap < 1.0
    seconds = {one.what: one.value for one in found.steps if one.unit == "s"}
    assert set(STEPS.values()) | {"prices found"} <= set(seconds)
    assert sum(seconds.values()) == pytest.approx(found.seconds, abs=0.5)


def test_the_exponent_is_the_slope_between_logarithms() -> None:
    """Three times the seconds at three times the parts is 1, nine times is 2."""
    assert exponent([1000, 3000, 9000], [1.0, 3.0, 9.0]) == pytest.approx(1.0)
    assert exponent([1000, 3000], [1.0, 9.0]) == pytest.approx(2.0)
