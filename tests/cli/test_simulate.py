"""`zapas simulate` on the console."""

import json
from pathlib import Path

import pandas as pd

from storage.network_writing import write_tables
from tests.cli.console import contents, zapas
from tests.networks import tiny_tables


def test_simulate_says_promised_and_achieved_in_words_and_as_json(network: Path, plan: Path) -> None:
    """Words name every group; --json has the keys of the contract, for the plan and for what stands beside it."""
    told = zapas("simulate", network, "--plan", plan, "--replications", 3)
    assert told.code == 0
    answer = zapas("simulate", network, "--plan", plan, "--replications", 3, "--json")
    found = json.loads(answer.out)
    assert found["service"].keys() == {"screens", "batteries", "default"}
    assert all(name in told.out for name in found["service"])
    for policy in (found, found["status_quo"], found["clairvoyant"]):
        keys = {
            "service",
            "repairs_without_wait",
            "turnaround_days",
            "days_waiting_for_parts",
            "solved_locally",
            "cost",
        }
        assert keys <= policy.keys()
        assert "per_repair" in policy["cost"]
    assert all(row.keys() >= {"promised", "achieved", "low", "high"} for row in found["service"].values())


def test_beside_the_plan_stands_the_best_policy_of_each_mode(network: Path, plan: Path) -> None:
    """--yardstick: every mode with its figures, the cheapest that serves as well, what the plan saves; in words too."""
    asked = ("simulate", network, "--plan", plan, "--replications", 3, "--yardstick")
    found = json.loads(zapas(*asked, "--json").out)["single_mode"]
    assert found.keys() == {"air", "sea", "best", "saved"}
    for mode in ("air", "sea"):
        assert found[mode].keys() >= {"fill_rate", "cost", "level", "share_by_mode", "equal_fill"}
    equal = [mode for mode in ("air", "sea") if found[mode]["equal_fill"]]
    assert found["best"] == (min(equal, key=lambda mode: found[mode]["cost"]["total"]) if equal else None)
    told = zapas(*asked).out
    assert "By one mode only" in told
    assert ("The plan saves" in told or "The plan costs" in told) == bool(equal)


def test_another_point_or_express_helps_when_asked_to(network: Path, plan: Path, tmp_path: Path) -> None:
    """--emergency: repairs wait less than without, for money of its own kind; where no lane allows it, it says so."""
    asked = ("--plan", plan, "--replications", 3, "--weeks", 52)
    assert "nobody could be helped" in zapas("simulate", network, *asked, "--emergency").out
    tables, settings = tiny_tables()
    ways = [(a, b, "courier", 2, 9.0) for a in ("P11", "P22") for b in ("P12", "P21")]
    ways += [("HUB", point, "express", 3, 20.0) for point in ("P11", "P12", "P21", "P22")]
    names = ["origin", "destination", "mode", "transit_days", "cost_per_kg"]
    tables["lanes"] = pd.concat([tables["lanes"], pd.DataFrame(ways, columns=names)])
    write_tables(tables, settings, tmp_path / "helpful")
    runs = [zapas("simulate", tmp_path / "helpful", *asked, *more, "--json") for more in ((), ("--emergency",))]
    alone, helped = (json.loads(run.out) for run in runs)
    assert (alone["emergency"], helped["emergency"]) == (False, True)
    assert "emergency" not in alone["cost"]
    assert helped["cost"]["emergency"] > 0.0
    assert helped["mean_wait_days"] < alone["mean_wait_days"]


def test_what_simulate_cannot_do_is_one_sentence(network: Path, plan: Path, tmp_path: Path) -> None:
    """An unknown source of demand, a missing plan, a network without hidden truth: exit code 1 and why."""
    for wrong, why in (
        (("--plan", plan, "--demand", "dice"), "choose forecast, history, truth"),
        (("--plan", tmp_path / "nowhere"), "there is no plan folder"),
        (("--plan", plan, "--demand", "truth"), "only demo networks have one"),
    ):
        answer = zapas("simulate", network, *wrong, "--replications", 2)
        assert answer.code == 1
        assert why in answer.sentence


def test_an_answer_is_kept_when_asked_for(network: Path, plan: Path) -> None:
    """--save puts the answer that --json prints into plan.json and a section into report.html; without it nothing is
    written."""
    before = contents(plan)
    zapas("simulate", network, "--plan", plan, "--replications", 2)
    assert contents(plan) == before
    answer = zapas("simulate", network, "--plan", plan, "--replications", 2, "--patience", 4, "--save", "--json")
    assert answer.code == 0
    kept = json.loads((plan / "plan.json").read_text(encoding="utf-8"))
    assert kept["simulated"] == json.loads(answer.out)
    assert kept["simulated"]["patience_days"] == 4.0
    assert b"Played 2 times" in (plan / "report.html").read_bytes()


def test_a_plan_is_played_before_it_is_published(network: Path, tmp_path: Path) -> None:
    """`zapas plan --simulate` prints promised and achieved; once is no sample."""
    out = tmp_path / "played"
    done = zapas("plan", network, "--out", out, "--only", "part=NA", "--simulate", 2)
    assert done.code == 0
    assert "promised and achieved" in done.out
    assert json.loads((out / "plan.json").read_text(encoding="utf-8"))["simulated"]["replications"] == 2
    once = zapas("plan", network, "--out", out, "--simulate", 1)
    assert (once.code, "at least twice" in once.sentence) == (1, True)
