"""`zapas simulate`: a plan folder judged on its network."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from domain.calendar import first_week
from domain.problems import ZapasError
from scenarios.simulate import DemandSource, lines, plan_to_judge, simulate
from simulation.demo import generate
from simulation.referee.board import SHIP
from simulation.referee.case import case_of
from simulation.referee.referee import from_law, replicate, rules_of
from storage.network_folder import read_network
from storage.parquet_folder import write_frames
from storage.plan_folder import read_plan
from tests.scenarios.folders import planned, shuffled, slice_of_demo, tiny

COSTS = {"purchase", "freight", "consignment", "duty", "order_line", "holding", "shortage", "courier", "repair", "end"}
PLAYS = 6


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slice of the small demo, its plan and its truth."""
    folder = tmp_path_factory.mktemp("demo")
    planned(slice_of_demo(20), folder)
    write_frames(generate("small", seed=1).truth, folder / "network.truth")
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
        assert cost.keys() <= COSTS
        assert total == pytest.approx(sum(cost.values()))
        assert per_repair == pytest.approx(total / policy["repairs"])
        assert policy["turnaround_days"] == pytest.approx(policy["days_waiting_for_parts"] + 1.0)
    assert "NaN" not in json.dumps(found)
    assert "Infinity" not in json.dumps(found)
    assert any("Each part by express" in line for line in lines(found))


def test_nobody_beats_foresight_and_the_status_quo_waits_for_every_part(demo: Path) -> None:
    """On the same demand the clairvoyant waits no longer and pays no more; without stock abroad nothing is at once."""
    found = judged(demo)
    best, worst = found["clairvoyant"], found["status_quo"]
    assert best["days_waiting_for_parts"] <= found["days_waiting_for_parts"] <= worst["days_waiting_for_parts"]
    assert best["cost"]["total"] <= found["cost"]["total"] - found["cost"]["courier"] - found["cost"]["repair"]
    assert worst["fill_rate"] == 0.0
    assert worst["cost"]["holding"] == 0.0


def test_the_same_seed_gives_the_same_answer_and_order_of_rows_changes_nothing(tmp_path: Path, demo: Path) -> None:
    """Byte for byte, also from shuffled tables."""
    assert json.dumps(judged(demo)) == json.dumps(judged(demo))
    assert judged(demo, seed=2)["service"] != judged(demo)["service"]
    planned(tiny(), tmp_path / "one")
    planned(shuffled(tiny(), 3), tmp_path / "two")
    assert json.dumps(judged(tmp_path / "one")) == json.dumps(judged(tmp_path / "two"))


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
    assert sorted(out.moved[sent]) == sorted(lines)


def test_plays_stop_once_the_fill_rates_are_known_well_enough(demo: Path) -> None:
    """A half-width of 30 points needs the least number of plays."""
    assert simulate(demo / "network", demo / "plan", 40, half_width=0.3)["replications"] == 5


def test_a_plan_of_another_network_and_a_missing_truth_are_refused_in_a_sentence(tmp_path: Path, demo: Path) -> None:
    """No guessing: the plan must know only parts of the network; only demos have a truth."""
    planned(tiny(), tmp_path)
    with pytest.raises(ZapasError, match="was not made for this network"):
        simulate(tmp_path / "network", demo / "plan", 2)
    with pytest.raises(ZapasError, match=re.escape("only demo networks have one")):
        judged(tmp_path, DemandSource.truth)
