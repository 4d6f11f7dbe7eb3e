"""Same network, same plan: to the byte when planned again or shuffled, in its bound when ids are renamed."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.folders import Raw, planned, shuffled, slice_of_demo, tiny

IDS = {
    "part": "parts", "substitute": "parts", "site": "sites", "origin": "sites", "destination": "sites",
    "lane": "lanes", "supplier": "suppliers",
}  # fmt: skip
"""Columns that hold ids, and the table that says which there are."""


def files(plan: Path) -> dict[str, bytes]:
    """Every file of a plan folder by name; plan.json without its `seconds`."""
    found = {str(file.relative_to(plan)): file.read_bytes() for file in plan.rglob("*") if file.is_file()}
    told = json.loads(found["plan.json"])
    steps = {"forecast", "targets", "transfers", "replenishment", "allocation"}
    assert told.pop("seconds").keys() == steps | {"total"}
    return found | {"plan.json": json.dumps(told).encode()}


def assert_equal_files(one: Path, other: Path) -> None:
    """Both plan folders hold the same bytes; else the names of the files that differ."""
    before, after = files(one), files(other)
    assert before.keys() == after.keys()
    assert [name for name in sorted(before) if before[name] != after[name]] == []


def renamed(raw: Raw, seed: int) -> Raw:
    """The same network in which every part, site, lane and supplier bears the name of another."""
    tables, settings = raw
    rng = np.random.default_rng(seed)
    new: dict[str, dict[str, str]] = {}
    for table in ("parts", "sites", "lanes", "suppliers"):
        names = tables[table][table[:-1]].astype(str).to_numpy()
        new[table] = dict(zip(names, rng.permutation(names), strict=True))
    prefixes = {f"{table[:-1]}:{old}": f"{table[:-1]}:{name}" for table in new for old, name in new[table].items()}
    changed = {}
    for name, frame in tables.items():
        columns = {
            column: frame[column].replace(new[IDS[column]]) for column in sorted(IDS.keys() & set(frame.columns))
        }
        if name == "events":
            columns["applies_to"] = frame["applies_to"].replace(prefixes)
        changed[name] = frame.assign(**columns)
    return changed, settings


@pytest.fixture(scope="module")
def tiny_plan(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """The plan of the tiny network, which the exact model makes, and its bound."""
    folder = tmp_path_factory.mktemp("tiny")
    return folder / "plan", planned(tiny(), folder, read_by_people=True).json["lower_bound"]


@pytest.fixture(scope="module")
def slice_plan(slice_folder: Path) -> tuple[Raw, Path, float]:
    """A slice of the demo, which the decomposition plans: its tables, its plan, the bound."""
    plan = slice_folder / "plan"
    return slice_of_demo(20), plan, json.loads((plan / "plan.json").read_text(encoding="utf-8"))["lower_bound"]


def test_planning_again_gives_the_same_bytes(tmp_path: Path, tiny_plan: tuple[Path, float]) -> None:
    """The same network planned again: every file, also report and workbook, is equal to the byte."""
    planned(tiny(), tmp_path, read_by_people=True)
    assert {"report.html", "plan.xlsx"} <= files(tmp_path / "plan").keys()
    assert_equal_files(tiny_plan[0], tmp_path / "plan")


def test_shuffled_tables_change_no_file(tmp_path: Path, tiny_plan: tuple[Path, float]) -> None:
    """Rows and columns of every table in another order: every file, also report and workbook, is equal to the byte."""
    planned(shuffled(tiny(), seed=3), tmp_path, read_by_people=True)
    assert_equal_files(tiny_plan[0], tmp_path / "plan")


def test_shuffled_tables_change_no_decision(tmp_path: Path, slice_plan: tuple[Raw, Path, float]) -> None:
    """The same where budget and lanes bind and parts compete."""
    raw, plan, _ = slice_plan
    planned(shuffled(raw, seed=1), tmp_path)
    assert_equal_files(plan, tmp_path / "plan")


def test_the_slice_is_worth_planning(slice_plan: tuple[Raw, Path, float]) -> None:
    """The slice buys, ships, moves stock and pays for what is shared: plans are not equal for want of choices."""
    _, plan, _ = slice_plan
    told = json.loads((plan / "plan.json").read_text(encoding="utf-8"))
    assert told["binding"]["budget"] > 0
    assert told["gap_at_zero_prices"] > told["gap"] + 0.001
    for name in ("purchase_orders", "shipments", "allocations", "exceptions"):
        assert len(pd.read_parquet(plan / f"{name}.parquet")) >= 10, name


def test_renamed_ids_leave_the_bound(tmp_path: Path, tiny_plan: tuple[Path, float]) -> None:
    """Parts, sites, lanes and suppliers under one another's names: the lower bound is equal to 1e-6."""
    assert planned(renamed(tiny(), seed=3), tmp_path).json["lower_bound"] == pytest.approx(tiny_plan[1], rel=1e-6)


def test_renamed_ids_leave_the_bound_of_the_decomposition(tmp_path: Path, slice_plan: tuple[Raw, Path, float]) -> None:
    """The same where the bound comes out of a search for prices."""
    raw, _, bound = slice_plan
    assert planned(renamed(raw, seed=2), tmp_path).json["lower_bound"] == pytest.approx(bound, rel=1e-6)
