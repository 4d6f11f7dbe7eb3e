"""The benchmark of the alliance's targets, in small."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.targets.alliance import make, measured, true_forecast
from simulation.demo import SIZES
from storage.network_folder import read_network


def test_the_truth_becomes_a_forecast_and_every_step_is_measured(tmp_path: Path) -> None:
    """Means are the truth's week by week, shares of a leaf are its points', and targets cover every leaf's demand."""
    alliance = SIZES["alliance"]
    make(tmp_path, replace(alliance.with_parts(300), models=30, brands=8, regions=alliance.regions[::7]))
    network, _ = read_network(tmp_path / "network")
    forecast = true_forecast(network, tmp_path / "truth")
    told = pd.read_parquet(tmp_path / "truth" / "demand.parquet")
    first = told[told["week"] == told["week"].min()].set_index(["part", "region"])["mean"]
    leaves = pd.MultiIndex.from_arrays([forecast.part, forecast.region])
    assert leaves.is_monotonic_increasing
    assert forecast.mean[:, 0] == pytest.approx(first.reindex(leaves).fillna(0.0).to_numpy(float))
    assert np.bincount(forecast.share_leaf, forecast.share) == pytest.approx(1.0)
    home = network.site_of["region"].reindex(forecast.share_site).to_numpy()
    assert (home == forecast.region[forecast.share_leaf]).all()
    targets, figures = measured(network, forecast)
    assert set(targets.table["part"]) == set(forecast.part)
    assert {"arrays built", "prices found", "table made", "stock targets", "memory"} <= {one.what for one in figures}
    assert all(one.value >= 0 for one in figures)
