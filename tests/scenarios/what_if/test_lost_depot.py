"""A depot is lost: the answer, and what the referee says of it."""

import json
from pathlib import Path

import pytest

from domain.problems import ZapasError
from reports.lost_depot import lost_depot_lines
from scenarios.what_if.lost_depot import LostDepot, answer_to_lost_depot
from storage.network_folder import read_network
from tests.scenarios.folders import planned, slice_of_demo

PLAYS = 8


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slice of the small demo and its plan."""
    folder = tmp_path_factory.mktemp("lost")
    planned(slice_of_demo(12), folder)
    return folder


@pytest.fixture(scope="module")
def answers(demo: Path) -> list[LostDepot]:
    """By the lanes there are, and with other depots' charters of a day and a half."""
    return [
        answer_to_lost_depot(demo / "network", demo / "plan", charter_days=days, replications=PLAYS)
        for days in (None, 1.5)
    ]


def test_parts_in_stock_elsewhere_are_in_hand_within_48_hours_as_often_as_promised(answers: list[LostDepot]) -> None:
    """Of units that lie elsewhere when they are asked; the answer beats waiting in time and money, charters beat it."""
    for answer in answers:
        assert answer.restored
        assert answer.answered.of_found is not None
        assert answer.answered.of_found.value >= answer.promised
        assert answer.unanswered.in_time.value < answer.answered.in_time.value
        assert answer.unanswered.in_time.high < answer.undisturbed.in_time.low
        assert answer.cost.high < 0.0
    assert answers[0].answered.in_time.value < answers[1].answered.in_time.value
    assert answers[1].answered.in_time.value >= answers[1].promised


def test_nothing_is_sent_that_does_not_lie_there_or_by_no_lane_or_from_the_lost_depot(
    demo: Path, answers: list[LostDepot]
) -> None:
    """Every move by a lane between its places, of stock its giver has; what no lane brings in time is named."""
    network, _ = read_network(demo / "network")
    good = network.stock[network.stock["condition"] == "good"].groupby(["part", "site"])["on_hand"].sum()
    by_lanes = answers[0]
    lanes = network.lanes
    ends = dict(zip(lanes["lane"], zip(lanes["origin"], lanes["destination"], strict=True), strict=True))
    for answer in answers:
        assert answer.depot not in {*answer.moves["from_site"], *answer.standby["from_site"]}
        given = answer.moves.groupby(["part", "from_site"])["quantity"].sum()
        assert (given <= good.reindex(given.index)).all()
    for move in by_lanes.moves.to_dict("records"):
        assert ends[move["lane"]] == (move["from_site"], move["to_site"])
    assert len(by_lanes.unreached) > 0
    assert set(by_lanes.unreached["from_site"]) <= set(network.depot_of_region.values()) - {by_lanes.depot}
    assert answers[1].unreached.empty
    assert set(answers[1].slow["part"]) < set(by_lanes.slow["part"])


def test_the_answer_is_told_and_kept_and_an_unknown_depot_is_refused(demo: Path, answers: list[LostDepot]) -> None:
    """As JSON without anything infinite, in lines for people; a depot of another name in one sentence."""
    found = answers[0].json()
    assert "NaN" not in json.dumps(found)
    told = lost_depot_lines(found)
    assert any("this restores the promise" in line for line in told)
    assert sum(line.startswith("No lane leads from") for line in told) == len(found["unreached"])
    with pytest.raises(ZapasError, match="depot"):
        answer_to_lost_depot(demo / "network", demo / "plan", "NOWHERE")
