"""A plan played in a world that is not what its planner knew."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from domain.network import Network
from scenarios.in_world import Stage, World, in_world, played
from scenarios.simulate import judged, moved, plan_to_judge, staged
from scenarios.what_if.patches import patched
from scenarios.what_if.scenario import Patch
from simulation.referee.board import PURCHASE, SHIP
from simulation.referee.referee import replicate
from simulation.referee.verdict import differences
from storage.network_folder import read_network
from storage.plan_folder import PlanFolder, read_plan

PLAYS, SEED = 4, 1
WEEK_3, WEEK_7 = 14.0, 42.0


@pytest.fixture(scope="module")
def demo(slice_folder: Path) -> Path:
    """A slice of the small demo and its plan."""
    return slice_folder


@pytest.fixture(scope="module")
def network(demo: Path) -> Network:
    """The network planned."""
    return read_network(demo / "network")[0]


@pytest.fixture(scope="module")
def folder(demo: Path) -> PlanFolder:
    """Its plan."""
    return read_plan(demo / "plan")


@pytest.fixture(scope="module")
def on(network: Network, folder: PlanFolder) -> Stage:
    """The plan ready to be played anywhere."""
    return staged(network, folder, emergency=True)


def world(on: Stage, network: Network, folder: PlanFolder, kind: str = "", **arguments: object) -> World:
    """The network with one change nobody announced, demand as expected."""
    changes = [Patch("it", kind, arguments, announced=False)] if kind else []  # type: ignore[arg-type]
    return World(moved(patched(network, changes), folder), on.case.plan.forecast)


@pytest.mark.parametrize("emergency", [False, True])
def test_a_world_that_is_what_was_known_gives_the_very_verdict(
    demo: Path, network: Network, folder: PlanFolder, emergency: bool
) -> None:
    """Byte for byte, with and without emergency supply."""
    forecast = plan_to_judge(network, folder).forecast
    known, there = (
        judged(network, folder, demo / "network", PLAYS, emergency=emergency, world=other)
        for other in (None, World(network, forecast))
    )
    assert json.dumps(known) == json.dumps(there)


def test_nothing_leaves_or_arrives_on_lanes_that_are_shut(on: Stage, network: Network, folder: PlanFolder) -> None:
    """Air shut in weeks 3 to 6: no departure in them, no arrival in them, and what was planned leaves right after."""
    there = world(on, network, folder, "lane_closed", mode="air", from_week=3, weeks=4)
    case, draw = in_world(on, there, SEED)
    air = (case.supply.lanes["mode"] == "air").to_numpy()
    inside = (case.voyages.departs >= WEEK_3) & (case.voyages.departs < WEEK_7)
    by_air = (case.voyages.channel < len(air)) & np.append(air, [False] * 99)[case.voyages.channel]
    assert by_air.sum() > 10
    assert not (by_air & inside).any()
    _, arrives, out = replicate(case, draw, on.rules._replace(check=True), SEED, 0)
    assert not (by_air & (arrives >= WEEK_3) & (arrives < WEEK_7)).any()
    assert (out.lost == 0).all()
    orders = case.orders[(case.orders["kind"] == SHIP) & (case.orders["time"] < 7 * case.weeks)]
    known = on.case.orders[(on.case.orders["kind"] == SHIP) & (on.case.orders["time"] < 7 * case.weeks)]
    assert not (air[orders["lane"]] & orders["time"].between(WEEK_3, WEEK_7, inclusive="left")).any()
    assert (air[known["lane"]] & known["time"].between(WEEK_3, WEEK_7, inclusive="left")).any()


def test_an_order_to_a_supplier_that_is_shut_starts_when_it_opens(
    on: Stage, network: Network, folder: PlanFolder
) -> None:
    """All suppliers shut in weeks 1 and 2: what was ordered then is ordered on the first day of week 3."""
    there = world(on, network, folder, "supplier_shut", supplier="all", from_week=1, weeks=2)
    bought = [case.orders[case.orders["kind"] == PURCHASE]["time"] for case in (on.case, in_world(on, there, SEED)[0])]
    early = int((bought[0] < WEEK_3).sum())
    assert early > 0
    assert not (bought[1] < WEEK_3).any()
    assert (bought[1] == WEEK_3).sum() == early + (bought[0] == WEEK_3).sum()


def test_more_demand_is_never_asked_for_less(on: Stage, network: Network) -> None:
    """The more is expected of a leaf and week, the more is asked, play by play; elsewhere it is the same demand."""
    forecast = on.case.plan.forecast
    more, part = forecast.mean.copy(), forecast.part == forecast.part[0]
    more[part, 4:8] *= 2.0
    asked = []
    for mean in (0.5 * forecast.mean, forecast.mean, more, 2.0 * more):
        _, draw = in_world(on, World(on.case.network, replace(forecast, mean=mean)), SEED)
        asked.append([draw(number) for number in range(PLAYS)])
    totals = np.array([[demand.quantity.sum() for demand in draws] for draws in asked])
    assert (np.diff(totals, axis=0) > 0).all()
    rest = slice(asked[1][0].start[1], None)
    others = slice(asked[2][0].start[1], None)
    assert (asked[1][0].time[rest] == asked[2][0].time[others]).all()
    weeks = [np.floor(draws[0].time[: draws[0].start[1]] / 7.0) for draws in asked[1:3]]
    outside = [week[(week < 4) | (week >= 8)].tolist() for week in weeks]
    assert outside[0] == outside[1]


def test_worlds_differ_only_where_they_differ(on: Stage, network: Network, folder: PlanFolder) -> None:
    """A supplier nobody buys from is shut: every sum of every replication is as known. A depot out makes its region
    wait for longer, for the same demand, where nobody helps."""
    nobody = network.events.iloc[:1].assign(event="x", kind="shutdown", applies_to="supplier:NOBODY")
    same = replace(network, events=pd.concat([network.events, nobody], ignore_index=True))
    there = World(moved(same, folder), on.case.plan.forecast)
    assert played(on, there, PLAYS).sums == played(on, None, PLAYS).sums
    alone = replace(on, emergencies=False)
    many = 16 * PLAYS
    known = played(alone, None, many)
    out = played(alone, world(on, network, folder, "site_out", depot="busiest", from_week=2, weeks=4), many)
    assert out.sums["asked"] == known.sums["asked"]
    assert differences(out, known, on.case.rows.groups)["shortage"].low > 0.0
    assert differences(out, known, on.case.rows.groups)["fill_rate"].high < 0.0
