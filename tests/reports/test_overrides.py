"""Judged overrides in words and as JSON, from a stored plan and a later network."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from domain.network import Network
from domain.problems import ZapasError
from reports import words
from reports.overrides import as_json, by_author, not_scored, scored, sentences
from storage.plan_folder import PlanFolder, read_plan, write_plan
from tests.networks import tiny_network
from tests.plans import tiny_frames, tiny_plan

NETWORK = tiny_network()


@pytest.fixture
def plan(tmp_path: Path) -> PlanFolder:
    """The tiny plan as a folder, with a price of waiting; its override expects 12 of 0001 in R1 in week 1, not 7."""
    priced = {**tiny_plan(), "waiting_price": {"screens": 2.0}}
    write_plan(tmp_path / "plan", priced, tiny_frames(), {}, NETWORK)
    return read_plan(tmp_path / "plan")


def a_week_later(quantity: int) -> Network:
    """The network on the Sunday after week 1, in which so many were used in R1."""
    usage = pd.DataFrame([{"date": pd.Timestamp("2025-07-01"), "site": "P11", "part": "0001", "quantity": quantity}])
    usage = usage.assign(model="", ticket="", kind="used")[NETWORK.usage.columns]
    return replace(NETWORK, settings=replace(NETWORK.settings, as_of=date(2025, 7, 6)), usage=usage)


@pytest.mark.parametrize(("came", "who"), [(30, "The planner"), (4, "The system")])
def test_the_better_figure_is_named_with_its_money(plan: PlanFolder, came: int, who: str) -> None:
    """An override is told with author, reason, both figures, what came, and who was better by how much."""
    network = a_week_later(came)
    scores = scored(network, plan)
    money = words.money(abs(scores["saved"].item()), "USD")
    assert sentences(scores, network, 0) == [
        f"0001 in R1, 1 week from Mon 30 Jun: A. Petrova (campaign) expected 12 pieces, the system 7; {came} came. "
        f"{who} was better by {money}.",
        f"In all A. Petrova: 1 override, {int(came == 30)} better and {int(came == 4)} worse than the system, "
        f"{money} {'saved' if came == 30 else 'lost'}.",
    ]


def test_totals_by_author_are_sums_of_the_rows(plan: PlanFolder) -> None:
    """An author's total counts and adds up their overrides; ties are neither better nor worse."""
    one = scored(a_week_later(30), plan)
    scores = pd.concat(
        [one.assign(saved=saved, author=author) for author, saved in (("A", 5.0), ("A", -2.0), ("B", 0.0))]
    )
    found = by_author(scores)
    assert found.to_numpy().tolist() == [["A", 2, 1, 1, 3.0], ["B", 1, 0, 0, 0.0]]
    lines = sentences(scores, NETWORK, 2)
    assert [line.rsplit(". ", 1)[-1] for line in lines[:3]] == [
        "The planner was better by $5.00.", "The system was better by $2.00.", "It made no difference."
    ]  # fmt: skip
    assert lines[3:] == [
        "In all A: 2 overrides, 1 better and 1 worse than the system, $3.00 saved.",
        "In all B: 1 override, 0 better and 0 worse than the system, no money between them.",
        "2 overrides cannot be judged yet.",
    ]


def test_json_holds_the_same_figures(plan: PlanFolder) -> None:
    """The JSON is plain values: every row, totals by author and over all, what is left."""
    scores = scored(a_week_later(30), plan)
    read = json.loads(json.dumps(as_json(scores, "USD", not_scored(plan, scores))))
    [row] = read["overrides"]
    assert (row["first"], row["created"], row["override"], row["demand"]) == ("2025-06-30", "2025-06-25", 12.0, 30.0)
    assert read["saved"] == row["saved"] == read["authors"][0]["saved"]
    assert (read["currency"], read["not_scored"]) == ("USD", 0)


def test_nothing_to_judge_is_said(plan: PlanFolder) -> None:
    """Weeks still ahead, and a plan without overrides, each have their sentence and an empty JSON."""
    scores = scored(NETWORK, plan)
    assert not_scored(plan, scores) == 1
    assert sentences(scores, NETWORK, 1) == ["No override of this plan can be judged yet."]
    assert sentences(scores, NETWORK, 0) == ["No planner overrode this plan's forecast."]
    assert as_json(scores, "USD", 1) == {
        "currency": "USD",
        "overrides": [],
        "authors": [],
        "saved": 0.0,
        "not_scored": 1,
    }


def test_another_currency_is_refused(plan: PlanFolder) -> None:
    """Prices of the plan and of the network must be the same money."""
    with pytest.raises(ZapasError, match="counts in USD, the network in EUR"):
        scored(replace(NETWORK, settings=replace(NETWORK.settings, currency="EUR")), plan)
