"""The demo as a network folder: it reads without a problem that was not put there."""

from pathlib import Path

import numpy as np
import pytest

from domain.logistics import supply_lanes
from domain.problems import CheckReport
from simulation.demo import Demo, generate
from storage.network_folder import read_network
from storage.network_writing import write_tables


def read_back(demo: Demo, folder: Path) -> CheckReport:
    """Write the demo, read it, and check that no row was lost on the way."""
    write_tables(demo.tables, demo.settings, folder)
    network, report = read_network(folder)
    for name, frame in demo.tables.items():
        if name != "usage":  # bookings taken back have the keys of the rows they correct
            assert len(getattr(network, name)) == len(frame), name
    assert network.usage["quantity"].sum() == demo.tables["usage"]["quantity"].sum()
    return report


def only_the_late_consignment(report: CheckReport) -> bool:
    """Nothing is set aside, and every warning is about the one consignment that should be here by now."""
    late = [problem for problem in report.problems if "late" in problem.says]
    return not report.set_aside and 0 < len(late) == len(report.problems) <= 5


@pytest.mark.parametrize("seed", [0, 1])
def test_small_reads_with_no_warning_but_its_late_consignment(tmp_path: Path, seed: int) -> None:
    """Every table of the small demo is readable, complete and plausible."""
    assert only_the_late_consignment(read_back(generate("small", seed), tmp_path / "network"))


@pytest.mark.accept
def test_wisetech_reads_with_no_warning_but_its_late_consignment(tmp_path: Path) -> None:
    """The same for the million rows of wisetech."""
    assert only_the_late_consignment(read_back(generate("wisetech", 1), tmp_path / "network"))


def test_natural_lanes_are_the_ordinary_lanes_of_the_plan(tmp_path: Path) -> None:
    """Capacities are calibrated on the lanes that planning holds for ordinary: kg a week by lane agree to a gram."""
    demo = generate("small", seed=1)
    write_tables(demo.tables, demo.settings, tmp_path / "network")
    network, _ = read_network(tmp_path / "network")
    supply, truth = supply_lanes(network), demo.truth["demand"]
    ahead = truth[truth["week"].between("2026-06-29", "2026-12-27")]
    weekly = ahead.pivot_table(values="mean", index="part", columns="region", aggfunc="sum", observed=True) / 26
    value = demo.truth["calibration"].set_index("what")["value"]
    kg = np.zeros(len(supply.lanes))
    for region, depot in network.depot_of_region.items():
        lane, _ = supply.ordinary(depot)
        rate = weekly[region].reindex(supply.parts["part"]).fillna(0.0).to_numpy(dtype=float)
        kg += np.bincount(lane, rate * supply.parts["weight_kg"], minlength=len(kg))
    for row, lane in enumerate(supply.lanes["lane"]):
        assert kg[row] == pytest.approx(value[f"{lane} natural kg a week"], rel=1e-3, abs=1e-3)
