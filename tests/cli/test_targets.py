"""`zapas targets` and `zapas pooling` on the console."""

import json
from pathlib import Path

import pandas as pd
from python_calamine import CalamineWorkbook

from tests.cli.console import contents, zapas


def test_targets_says_money_against_service_in_words_json_and_excel(network: Path, plan: Path, tmp_path: Path) -> None:
    """Words name every group; --json holds the same tables; the workbook is written where told, the plan untouched."""
    before, file = contents(plan), tmp_path / "targets.xlsx"
    told = zapas("targets", network, "--plan", plan)
    assert told.code == 0
    answer = zapas("targets", network, "--plan", plan, "--budget", 500, "--buy", 300, "--out", file, "--json")
    assert answer.code == 0
    found = json.loads(answer.out)
    groups = [row["group"] for row in found["groups"]]
    targets = pd.read_parquet(plan / "targets.parquet")
    assert set(groups) == set(targets["group"])
    assert all(f"  {group}  " in told.out for group in groups if group)
    assert "Money against service" in told.out
    assert 0.0 < found["budgeted"][-1]["stock_money"] <= 500.0
    assert 0.0 < sum(row["money"] for row in found["purchases"]) <= 300.0
    assert "Buy next" in CalamineWorkbook.from_path(file).sheet_names
    assert contents(plan) == before


def test_what_targets_cannot_do_is_one_sentence(network: Path, plan: Path, tmp_path: Path) -> None:
    """Negative money, no workbook, no plan, a place that cannot be written, another day: exit code 1 and why."""
    for wrong, why in (
        (("--plan", plan, "--buy", -5), "--buy -5: give an amount of money, 0 or more"),
        (("--plan", plan, "--out", "targets.csv"), "name a file that ends in .xlsx"),
        (("--plan", tmp_path / "nowhere"), "there is no plan folder"),
        (("--plan", plan, "--out", tmp_path / "no" / "targets.xlsx"), "it cannot be written"),
    ):
        answer = zapas("targets", network, *wrong)
        assert (answer.code, why in answer.sentence) == (1, True), answer
    settings = network / "network.toml"
    settings.write_text(settings.read_text().replace("2025-06-29", "2025-06-22"))
    for command in ("targets", "pooling"):
        answer = zapas(command, network, "--plan", plan)
        assert (answer.code, "2025-06-29" in answer.sentence) == (1, True), answer


def test_pooling_says_what_helping_each_other_saves(network: Path, plan: Path) -> None:
    """In words and as JSON; no lane of this network goes from point to point."""
    told = zapas("pooling", network, "--plan", plan)
    assert told.code == 0
    assert "Points helping each other saves nothing" in told.out
    found = json.loads(zapas("pooling", network, "--plan", plan, "--json").out)
    assert found.keys() == {"currency", "by_owner", "sharing", "cost", "exchanges", "mains"}
