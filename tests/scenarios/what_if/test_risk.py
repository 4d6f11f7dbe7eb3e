"""What a plan risks: disruptions drawn and played one by one."""

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from domain.network import Network
from forecasting.forecast import forecast
from forecasting.methods import SURVIVORS
from forecasting.mix import methods_from_text
from reports.charts import svg
from reports.risk import cost_chart, risk_lines, worst_chart
from scenarios.pipeline import lead_weeks
from scenarios.simulate import as_planned
from scenarios.what_if.alternatives import alternative
from scenarios.what_if.disruptions import Disruption, Frequencies, catalogue, drawn
from scenarios.what_if.patches import KINDS, patched
from scenarios.what_if.risk import Effort, Risk, Sandbox, risk_of
from scenarios.what_if.waiting import Waiting, recovery_days, waiting_by_day
from simulation.referee.board import Demands, empty_results
from storage.network_folder import read_network
from storage.plan_folder import read_plan
from tests.scenarios.folders import planned, slice_of_demo
from tests.simulation.referee.boards import board

SMALL = Effort(plays=4, glances=1, candidates=2, repeats=3, worst=3, remedies=1)
NEVER = Frequencies(**{one.name: 0.0 for one in fields(Frequencies)})
SELDOM = replace(NEVER, lane_four_weeks=0.5, depot_four_weeks=0.2)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slice of the small demo and its plan."""
    folder = tmp_path_factory.mktemp("risk")
    planned(slice_of_demo(30), folder)
    return folder


@pytest.fixture(scope="module")
def network(demo: Path) -> Network:
    """The network planned."""
    return as_planned(read_network(demo / "network")[0], read_plan(demo / "plan"))


@pytest.fixture(scope="module")
def sandbox(demo: Path, network: Network) -> Sandbox:
    """Where its plan is played."""
    return Sandbox.of(network, read_plan(demo / "plan"))


@pytest.fixture(scope="module")
def risk(demo: Path) -> Risk:
    """What it risks of what seldom comes, at little effort."""
    return risk_of(demo / "network", demo / "plan", frequencies=SELDOM, effort=SMALL)


def one_of(network: Network, start: str) -> Disruption:
    """The first disruption whose name begins so."""
    return next(one for one in catalogue(network) if one.name.startswith(start))


def test_the_catalogue_names_every_lane_group_depot_supplier_border_and_market_once(network: Network) -> None:
    """All of known kinds, each with its own name, each a network that can be made; what never comes is left out."""
    every = catalogue(network)
    assert len({one.name for one in every}) == len(every)
    assert {one.kind for one in every} <= KINDS.keys()
    depots = set(network.depot_of_region.values())
    assert {dict(one.arguments).get("depot") for one in every if one.kind == "site_out"} - {None} == depots
    assert sum(one.kind == "supplier_shut" for one in every) == network.parts["supplier"].nunique() - (
        (network.parts["supplier"] == "").any()
    )
    for one in every[::9]:
        assert patched(network, [one.patch(3)]).snapshot != network.snapshot
    rare = catalogue(network, replace(NEVER, category_surge=0.1))
    assert {dict(one.arguments)["category"] for one in rare} == set(network.models["category"])


def test_each_disruption_comes_as_often_as_its_frequency_says_whatever_else_is_in_the_catalogue(
    network: Network,
) -> None:
    """Within three standard errors over 2,000 draws of 26 weeks; leaving others out changes no draw of those left."""
    every = catalogue(network)
    draws = [drawn(every, 26, 1, number) for number in range(2000)]
    expected = sum(one.likely(26) for one in every)
    variance = sum(one.likely(26) * (1 - one.likely(26)) for one in every)
    mean = np.mean([len(found) for found in draws])
    assert abs(mean - expected) < 3 * np.sqrt(variance / 2000)
    weeks = [week for found in draws for _, week in found]
    assert min(weeks) == 1
    assert max(weeks) == 26
    some = every[::3]
    assert [drawn(some, 26, 1, n) for n in range(50)] == [
        [(one, week) for one, week in found if one in some] for found in draws[:50]
    ]


def test_demand_expected_of_other_events_is_that_of_a_forecast_made_with_them(
    demo: Path, network: Network, sandbox: Sandbox
) -> None:
    """A surge of a category: the means of a whole new forecast with the same methods; without change the very value."""
    assert sandbox.expected.world(network) is sandbox.expected.forecast
    there = patched(network, [one_of(network, "demand category").patch(3)])
    methods = methods_from_text((demo / "plan" / "methods.json").read_text(encoding="utf-8"), SURVIVORS)
    anew = forecast(there, sandbox.expected.forecast.weeks, lead_weeks(there), methods).forecast
    found = sandbox.expected.world(there)
    assert found.part.tolist() == anew.part.tolist()
    assert found.mean == pytest.approx(anew.mean, rel=1e-6, abs=1e-9)
    assert found.mean.sum() > 1.01 * sandbox.expected.forecast.mean.sum()


def test_the_risk_of_a_plan_is_complete_and_the_same_again(demo: Path, risk: Risk) -> None:
    """Quantiles in order, shortfall beyond the value at risk, the worst first, money a year = frequency × money."""
    again = risk_of(demo / "network", demo / "plan", frequencies=SELDOM, effort=SMALL).json()
    assert json.dumps(again) == json.dumps(risk.json())
    for spread in (risk.cost, risk.service, risk.undisturbed_cost, risk.undisturbed_service):
        assert spread.low <= spread.median <= spread.high
    assert risk.value_at_risk <= risk.expected_shortfall
    money = [one.money.value for one in risk.worst]
    assert money == sorted(money, reverse=True)
    assert all(one.yearly == one.per_year * one.money.value for one in risk.worst)
    assert {one.instead.split()[0] for one in risk.remedies} <= {"a", "by"}
    assert len(risk.remedies) > 0
    found = risk.json()
    assert len(risk_lines(found)) == 8 + len(found["worst"]) + 1 + len(found["remedies"])
    assert all("<svg" in svg(chart) for chart in (cost_chart(found), worst_chart(found)))


def test_what_never_comes_costs_nothing(demo: Path) -> None:
    """All frequencies 0: no disruption is known, every play is the undisturbed one."""
    found = risk_of(demo / "network", demo / "plan", frequencies=NEVER, effort=SMALL)
    assert found.costs == found.undisturbed
    assert found.worst == ()
    assert found.known_disruptions == 0
    assert risk_lines(found.json())


def test_a_spare_depot_saves_and_a_second_route_is_another_lane_to_the_same_depot(sandbox: Sandbox) -> None:
    """A depot back after a week costs less than after four; what the shut air lane was to carry goes by another one
    that is open, no later than air would."""
    lost = one_of(sandbox.network, "depot DMOW out 4")
    world, other = sandbox.world([lost.patch(2)]), None
    other = alternative(sandbox.on, world, lost, 2)
    assert other is not None
    assert other.patch is not None
    without, helped = (sandbox.play(there, range(4)) for there in (world, sandbox.world([other.patch])))
    assert helped.net.mean() < without.net.mean()
    shut = Disruption("x", "x", "lane_closed", (("mode", "air"),), 26, 0.1)
    other = alternative(sandbox.on, sandbox.world([shut.patch(1)]), shut, 1)
    assert other is not None
    assert other.on is not None
    before, after = sandbox.on.case.plan.shipments, other.on.case.plan.shipments
    moved = (before["lane"] != after["lane"]).to_numpy()
    assert moved.any()
    assert before["lane"][moved].str.endswith("-air").all()
    assert not after["lane"][moved].str.endswith("-air").any()
    ends = [lanes.str.rsplit("-", n=1).str[0].tolist() for lanes in (before["lane"], after["lane"])]
    assert ends[0] == ends[1]
    assert (after["departs"] >= before["departs"])[moved].all()


def test_a_device_waits_from_its_case_until_its_last_part() -> None:
    """A repair of two parts waits for the later one, one without wait never counts, an old one did not come in."""
    time, last = np.array([0.0, 1.5, 1.5, 2.25, 3.0]), np.array([2.5, 0.0, 3.0, 0.0, np.inf])
    demands = Demands(
        start=np.array([0, 5]), time=time, point=np.zeros(5, np.int64), site=np.full(5, 2), quantity=np.ones(5, int),
        priority=np.full(5, 3), asked=np.array([False, True, True, True, True]), ticket=np.array([3, 0, 0, 1, 2]),
    )  # fmt: skip
    played = empty_results(board(1), demands)._replace(last=last)
    waiting, came = waiting_by_day(demands, played, 1, patience_days=2.0)
    assert waiting.tolist() == [1.0, 2.0, 1.0, 2.0, 1.0, 0.0, 0.0]
    assert came.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]


def test_recovery_ends_with_the_last_day_above_the_band() -> None:
    """Share within the band all along: 0 days; above it on days 3 and 5 after the beginning: 6; on the last: never."""
    came = np.full((20, 40), 10.0)
    usual = Waiting(np.tile(np.arange(20.0)[:, None], (1, 40)), came)
    disturbed = usual.waiting.mean() * np.ones((20, 40))
    assert recovery_days(usual, Waiting(disturbed, came), 7) == 0
    disturbed[:, [10, 12]] = 30.0
    assert recovery_days(usual, Waiting(disturbed, came), 7) == 6
    disturbed[:, 39] = 30.0
    assert recovery_days(usual, Waiting(disturbed, came), 7) is None
    assert recovery_days(usual, replace(usual, waiting=usual.waiting * 0.0), 0) == 0
