"""A network that cannot be served is planned all the same, and its plan says why."""

import json
from pathlib import Path

import pandas as pd

from storage.network_writing import write_tables
from tests.cli.console import zapas
from tests.scenarios.folders import tiny


def test_without_a_budget_there_is_a_plan_that_says_so(tmp_path: Path) -> None:
    """`zapas plan` with a budget of 0 ends well: nothing is ordered, waiting is charged, plan.xlsx says why."""
    tables, settings = tiny()
    write_tables(tables, {**settings, "budget_per_period": 0.0}, tmp_path / "network")
    answer = zapas("plan", tmp_path / "network", "--out", tmp_path / "plan", "--only", "part=NA")
    assert answer.code == 0, answer.err
    told = json.loads((tmp_path / "plan" / "plan.json").read_text(encoding="utf-8"))
    assert told["cost"]["purchase"] == 0.0
    assert told["cost"]["shortage"] > 0.0
    assert len(pd.read_parquet(tmp_path / "plan" / "purchase_orders.parquet")) == 0
    sheet = pd.read_excel(tmp_path / "plan" / "plan.xlsx", sheet_name="Exceptions", header=None, engine="calamine")
    said = [text for text in sheet.to_numpy().ravel() if "the budget is 0" in str(text)]
    assert len(said) == 1
    assert said[0].startswith("Nothing can be ordered from 30 Jun 2025 to ")
    assert "1 part goes short (NA): up to " in said[0]
