"""`zapas simulate`: a plan folder judged on its network."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from domain.calendar import first_week
from domain.problems import ZapasError
from reports.documents import documents
from reports.html import with_simulated
from scenarios.run import run_plan
from scenarios.simulate import DemandSource, lines, plan_to_judge, simulate
from simulation.referee.board import SHIP
from simulation.referee.case import case_of
from simulation.referee.history import past_repairs
from simulation.referee.money import KINDS
from simulation.referee.referee import from_law, replicate, rules_of
from storage.network_folder import read_network
from storage.network_writing import write_tables
from storage.plan_folder import read_plan
from tests.cli.console import contents
from tests.scenarios.folders import planned, shuffled, tiny

PLAYS = 6


@pytest.fixture(scope="module")
def demo(slice_folder: Path) -> Path:
    """A slice of the small demo, its plan and its truth."""
    return slice_folder


@pytest.fixture(scope="module")
def usual(demo: Path) -> dict[str, Any]:
    """Its judgement on demand of the forecast."""
    return judged(demo)


@pytest.fixture(scope="module")
def ticketed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny network, in which what a point used was one repair in every fourth week; its plan, played before it was
    published."""
    folder = tmp_path_factory.mktemp("ticketed")
    tables, settings = tiny()
    usage = tables["usage"]
    week = pd.to_datetime(usage["date"]).dt.to_period("W-SUN").dt.start_time
    together = (week - week.min()).dt.days // 7 % 4 == 0
    ticket = week.astype(str) + usage["site"]
    tables["usage"] = usage.assign(
        date=usage["date"].where(~together, week.dt.strftime("%Y-%m-%d")),
        ticket=ticket.where(together, ticket + usage["part"]),
    )
    write_tables(tables, settings, folder / "network")
    run_plan(folder / "network", folder / "plan", documents=documents, simulate=3)
    return folder


def judged(folder: Path, demand: DemandSource = DemandSource.forecast, **changes: Any) -> dict[str, Any]:
    """The judgement of the plan in `folder`."""
    return simulate(folder / "network", folder / "plan", PLAYS, demand=demand, **changes)


@pytest.mark.parametrize("demand", list(DemandSource))
def test_every_group_has_its_promise_and_what_was_achieved(demo: Path, demand: DemandSource) -> None:
    """From each source of demand: shares within their interval, repairs and costs complete, nothing infinite."""
    found = judged(demo, demand)
    assert found["replications"] == PLAYS
    promised = read_plan(demo / "plan").json["service"]
    for name, row in found["service"].items():
        assert row["promised"] == promised.get(name)
        assert 0.0 <= row["low"] <= row["achieved"] <= row["high"] <= 1.0
    for policy in (found, found["status_quo"], found["clairvoyant"]):
        cost = dict(policy["cost"])
        total, per_repair = cost.pop("total"), cost.pop("per_repair")
        assert cost.keys() <= set(KINDS)
        assert total == pytest.approx(sum(cost.values()))
        assert per_repair == pytest.approx(total / policy["repairs"])
        assert policy["turnaround_days"] == pytest.approx(policy["days_waiting_for_parts"] + 1.0)
    assert "NaN" not in json.dumps(found)
    assert "Infinity" not in json.dumps(found)
    assert any("Each part by express" in line for line in lines(found))


def test_nobody_beats_foresight_and_the_status_quo_waits_for_every_part(usual: dict[str, Any]) -> None:
    """On the same demand the clairvoyant waits no longer and pays no more; without stock abroad nothing is at once."""
    found = usual
    best, worst = found["clairvoyant"], found["status_quo"]
    assert best["days_waiting_for_parts"] <= found["days_waiting_for_parts"] <= worst["days_waiting_for_parts"]
    assert best["cost"]["total"] <= found["cost"]["total"] - found["cost"]["courier"] - found["cost"]["repair"]
    assert worst["fill_rate"] == 0.0
    assert worst["cost"]["holding"] == 0.0


def test_the_same_seed_gives_the_same_answer_and_order_of_rows_changes_nothing(
    tmp_path: Path, demo: Path, usual: dict[str, Any]
) -> None:
    """Byte for byte, also from shuffled tables."""
    assert json.dumps(usual) == json.dumps(judged(demo))
    assert judged(demo, seed=2)["service"] != usual["service"]
    planned(tiny(), tmp_path / "one")
    planned(shuffled(tiny(), 3), tmp_path / "two")
    found = judged(tmp_path / "one")
    assert json.dumps(found) == json.dumps(judged(tmp_path / "two"))
    assert not found["tickets"]
    assert any("names no tickets" in line for line in lines(found))


def test_where_nothing_differs_from_the_plan_the_referee_ships_what_it_says(demo: Path) -> None:
    """No demand expected or asked, suppliers and lanes as quoted: order-up-to levels are the planned quantities."""
    network, _ = read_network(demo / "network")
    quoted = replace(
        network,
        suppliers=network.suppliers.assign(lead_time_days_sd=0.0),
        lanes=network.lanes.assign(transit_days_sd=0.0, customs_days_sd=0.0),
        repair_orders=network.repair_orders.iloc[:0],
    )
    plan = plan_to_judge(network, read_plan(demo / "plan"))
    plan = replace(plan, forecast=replace(plan.forecast, mean=0.0 * plan.forecast.mean))
    case = case_of(quoted, plan, network.settings.horizon_weeks)
    _, _, out = replicate(case, from_law(case), rules_of(case, defectives=False, check=True), 1, 0)
    assert (out.lost == 0).all()
    sent = ((case.orders["kind"] == SHIP) & (case.orders["time"] < 7 * case.weeks)).to_numpy()
    days = np.datetime64(first_week(network.settings.as_of), "D") + 7 * case.weeks
    said = plan.shipments[plan.shipments["departs"] < pd.Timestamp(days)]
    lines = said.groupby(["part", "lane", "departs"])["quantity"].sum()
    moved = out.moved[sent]
    assert sorted(moved[moved > 0]) == sorted(lines)


def test_plays_stop_once_the_fill_rates_are_known_well_enough(demo: Path) -> None:
    """A half-width of 30 points needs the least number of plays."""
    assert simulate(demo / "network", demo / "plan", 40, half_width=0.3)["replications"] == 5


def test_a_plan_played_before_it_is_published_says_what_simulate_says(tmp_path: Path, ticketed: Path) -> None:
    """The section of plan.json is the answer of `zapas simulate`, and keeping that answer changes no byte; an answer
    of other plays replaces it in plan.json and report.html alone."""
    network, out = ticketed / "network", shutil.copytree(ticketed / "plan", tmp_path / "plan")
    before = contents(out)
    found = simulate(network, out, 3, retold=with_simulated)
    assert read_plan(out).json["simulated"] == found
    assert contents(out) == before
    other = simulate(network, out, 2, seed=9, patience_days=5.0, retold=with_simulated)
    after = contents(out)
    assert {name for name in after if after[name] != before[name]} == {"plan.json", "report.html"}
    assert read_plan(out).json == {**json.loads(before["plan.json"]), "simulated": other}
    assert b"Played 2 times" in after["report.html"]


def test_a_plan_replaced_while_it_was_played_keeps_no_answer_of_the_old_one(tmp_path: Path, ticketed: Path) -> None:
    """The answer belongs to the plan that was played: the new plan stays as it is."""
    out = shutil.copytree(ticketed / "plan", tmp_path / "plan")
    replaced = {**read_plan(out).json, "version": "next"}

    def tell(text: str) -> None:
        if text.startswith("Writing"):
            (out / "plan.json").write_text(json.dumps(replaced), encoding="utf-8")

    with pytest.raises(ZapasError, match="replaced while it was played"):
        simulate(ticketed / "network", out, 2, retold=with_simulated, tell=tell)
    assert read_plan(out).json == replaced


def test_who_has_no_patience_gives_up(demo: Path) -> None:
    """Without patience nobody leaves; the shorter it is the more do, and those who stay have waited no longer."""
    never, long, short = (judged(demo, patience_days=days) for days in (None, 10.0, 2.0))
    assert never["given_up"] == 0.0 < long["given_up"] < short["given_up"] < 1.0
    assert short["days_waiting_for_parts"] < long["days_waiting_for_parts"] < never["days_waiting_for_parts"]
    assert short["wait_days_p95"] <= 2.0
    assert any("left after 2 days" in line for line in lines(short))
    assert not any("left after" in line for line in lines(never))


@pytest.mark.parametrize("demand", [DemandSource.forecast, DemandSource.history])
def test_repairs_of_several_parts_are_as_frequent_as_the_tickets_say(ticketed: Path, demand: DemandSource) -> None:
    """Also where demand is not the history itself, and the answer says that there are tickets."""
    network, _ = read_network(ticketed / "network")
    past = past_repairs(network)
    assert past is not None
    several = 1.0 - past.sizes[0]
    assert 0.1 < several < 0.5
    found = simulate(ticketed / "network", ticketed / "plan", 20, demand=demand)
    assert found["tickets"]
    assert found["repairs_of_several_parts"] == pytest.approx(several, rel=0.2)
    assert any("needed more than one part" in line for line in lines(found))


def test_a_plan_of_another_network_and_a_missing_truth_are_refused_in_a_sentence(tmp_path: Path, demo: Path) -> None:
    """No guessing: the plan must know only parts of the network; only demos have a truth."""
    planned(tiny(), tmp_path)
    with pytest.raises(ZapasError, match="was not made for this network"):
        simulate(tmp_path / "network", demo / "plan", 2)
    with pytest.raises(ZapasError, match=re.escape("only demo networks have one")):
        judged(tmp_path, DemandSource.truth)
