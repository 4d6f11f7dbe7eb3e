"""The console's what-ifs: scenarios run, killed, gone on with, compared and adopted; risk, siting, calendar, depots."""

import json
import shutil
import signal
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from scenarios.what_if.patches import KINDS
from scenarios.what_if.reading import library
from tests.cli.console import contents, process, read_until, zapas

FILE = """
patches:
  duty_up: {tariff: {country: all, add: 0.10}}
  air_shut: {lane_closed: {mode: air, from_week: 2, weeks: 3}, announced: false}
  dearer: {lane_dearer: {mode: air, factor: 1.5}}
scenarios:
  duty: {title: "What if duties rise by 10 points?", patches: [duty_up]}
  surprise: [air_shut]
  dear-air: [dearer]
"""
BROKEN = """
patches:
  closed: {lane_closd: {mode: air}}
  depot: {site_out: {depot: D9, from_week: 1, weeks: 4}}
scenarios:
  all: [closed, depot]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Three scenarios."""
    (tmp_path / "mine.yaml").write_text(FILE, encoding="utf-8")
    return tmp_path / "mine.yaml"


def test_a_set_that_was_ended_goes_on(network: Path, plan: Path, file: Path, tmp_path: Path) -> None:
    """Ctrl-C, here of two processes, leaves what is done, whole, and no rest; run again, it does what is missing; made
    anew by one process a scenario comes out the same."""
    out = tmp_path / "what-if"
    asked = ("scenario", "run", network, file, "--out", out, "--plan", plan, "--replications", 2, "--crossed", 2)
    with process(*asked, "--jobs", 2) as running:
        read_until(running, "Planning and playing scenarios")
        running.send_signal(signal.SIGINT)
        _, rest = running.communicate()
    assert running.returncode == 130
    assert "what is done is kept, run again to go on" in rest
    assert "Traceback" not in rest
    assert not (out / "regret.json").exists()
    assert not list(out.glob("*.partial-*"))
    done = {path.parent.name: contents(path.parent) for path in out.glob("*/scenario.json")}
    assert done
    told = zapas(*asked, "--jobs", 1, "--json")
    assert told.code == 0, told.err
    assert {name: contents(out / name) for name in done} == done
    found = json.loads(told.out)
    assert [one["name"] for one in found["scenarios"]] == ["duty", "surprise", "dear-air"]
    for name in done:
        shutil.rmtree(out / name)
    assert json.loads(zapas(*asked, "--jobs", 1, "--json").out) == found
    for name, files in done.items():
        again = contents(out / name)
        assert [file for file in files if again[file] != files[file]] in ([], ["plan.json"])  # seconds


def test_a_set_is_compared_and_a_scenario_made_the_plan(network: Path, plan: Path, file: Path, tmp_path: Path) -> None:
    """In words, JSON, Excel and a report; the plan names its patches."""
    out = tmp_path / "what-if"
    asked = ("--out", out, "--plan", plan, "--replications", 2, "--crossed", 2, "--jobs", 1)
    assert zapas("scenario", "run", network, file, *asked).code == 0
    said = zapas("scenario", "compare", out, "--xlsx", tmp_path / "all.xlsx")
    assert said.out.startswith("If duties rise by 10 points, ")
    assert "in the worst case" in said.out
    assert "Regret" in CalamineWorkbook.from_path(tmp_path / "all.xlsx").sheet_names
    assert len(json.loads(zapas("scenario", "compare", out, "--json").out)["scenarios"]) == 3
    assert (out / "report.html").read_bytes().count(b"<svg") == 3
    adopted = zapas("scenario", "adopt", out, "duty", "--as", tmp_path / "new")
    assert adopted.code == 0, adopted.err
    kept = json.loads((tmp_path / "new" / "plan.json").read_text(encoding="utf-8"))
    assert kept["scenario"]["patches"][0]["arguments"] == {"country": "all", "add": 0.1}
    assert (tmp_path / "new" / "report.html").is_file()


def test_a_broken_scenario_file_names_every_problem_with_its_line(network: Path, tmp_path: Path) -> None:
    """Exit 2, nothing written; a name of no scenario is one sentence."""
    (tmp_path / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    answer = zapas("scenario", "run", network, tmp_path / "broken.yaml", "--out", tmp_path / "out")
    assert answer.code == 2
    assert "row 3" in answer.err
    assert "lane_closed" in answer.err
    assert "row 4" in answer.err
    assert "D9" in answer.err
    assert not (tmp_path / "out").exists()
    answer = zapas("scenario", "run", network, "tarif-10", "--out", tmp_path / "out")
    assert (answer.code, "tariff-10" in answer.sentence) == (1, True)


def test_what_there_is_to_ask_is_listed() -> None:
    """Every scenario of the library with its question, every kind of patch with an example."""
    told = zapas("scenario", "list").out.splitlines()
    assert [line.split()[0] for line in told] == list(library())
    assert all(line.endswith("?") for line in told)
    assert json.loads(zapas("scenario", "list", "--json").out).keys() == set(library())
    told = zapas("scenario", "kinds").out.splitlines()
    assert {line.partition(":")[0] for line in told if line and not line.startswith(" ")} == set(KINDS)
    assert sum(line.startswith("  e.g. ") for line in told) == len(KINDS)


def test_risk_calendar_and_a_lost_depot_answer_in_words_and_json(network: Path, plan: Path) -> None:
    """Each says what it found; nothing of the plan is changed."""
    before = contents(plan)
    for command, words, key in (
        (("risk", "--plays", 2, "--weeks", 4), "undisturbed", "value_at_risk"),
        (("calendar", "--quick"), "No peak and no shutdown", "ahead"),
        (("depot-lost", "--depot", "D1", "--replications", 2), "Depot D1 out for 4 weeks", "restored"),
    ):
        name, *options = command
        told = zapas(name, network, "--plan", plan, *options)
        assert (told.code, words in told.out) == (0, True), told
        assert key in json.loads(zapas(name, network, "--plan", plan, *options, "--json").out)
    assert contents(plan) == before


def test_siting_asks_for_a_candidate(network: Path) -> None:
    """No depot of the network may be opened: one sentence that says what to fill in; money that is none is refused."""
    answer = zapas("siting", network)
    assert (answer.code, "opening_cost_per_year" in answer.sentence) == (1, True)
    answer = zapas("siting", network, "--once", "D1")
    assert (answer.code, "SITE=MONEY" in answer.sentence) == (1, True)
