"""The commands of `zapas`: what they print, write and return, and what they say when something is wrong."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pandas as pd
import pytest

from storage.network_folder import read_network
from storage.network_writing import write_tables
from tests.cli.console import ROOT, Answer, contents, process, read_until, zapas
from tests.networks import tiny_tables

HEAVY = ("pandas", "numpy", "numba", "ortools", "sqlalchemy", "fastapi", "altair")


def test_help_loads_nothing_heavy() -> None:
    """`zapas --help` answers before any of the large libraries is imported."""
    program = (
        "import sys; from cli.main import main; sys.argv = ['zapas', '--help']\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 0\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(command in done.stdout for command in ("demo", "check", "plan", "explain", "serve"))
    assert done.stdout.splitlines()[-1] == "[]"


def test_demo_writes_the_network_and_its_truth(tmp_path: Path) -> None:
    """`zapas demo` writes a network folder that reads back, its truth beside it, and says how large it is."""
    done = zapas("demo", tmp_path / "network", "--seed", 3)
    assert done.code == 0
    network, report = read_network(tmp_path / "network")
    assert report.ok
    assert f"{len(network.parts):,} parts, {len(network.sites):,} sites" in done.out
    assert (tmp_path / "network.truth" / "demand.parquet").is_file()


@pytest.mark.parametrize("name", ["empty", "empty.xlsx"])
def test_template_can_be_checked(tmp_path: Path, name: str) -> None:
    """A template is written where asked; unfilled it is bad data, and the report names the empty tables."""
    assert zapas("template", tmp_path / name).code == 0
    done = zapas("check", tmp_path / name)
    assert done.code == 2
    assert "parts: has no rows" in done.out


def test_check_passes_a_good_network(network: Path) -> None:
    """A network without problems is told so and exits 0."""
    done = zapas("check", network)
    assert (done.code, "No problems found." in done.out) == (0, True)


def test_check_sets_aside_rows_to_mend(network: Path) -> None:
    """A fact row that cannot be read is reported with its row and value and written to set_aside.xlsx."""
    with open(network / "usage.csv", "a", encoding="utf-8") as file:
        file.write("2025-13-45,P11,0001,X1,used,1\n")
    done = zapas("check", network)
    assert "2025-13-45" in done.out
    assert (network / "set_aside.xlsx").is_file()
    assert done.code == 2  # one row of 89 is more than set_aside_limit


def test_plan_says_what_to_do_and_writes_the_folder(planning: tuple[Path, Answer]) -> None:
    """`zapas plan` prints the summary, tells its steps on stderr and writes every artefact."""
    plan, done = planning
    assert done.code == 0
    assert "Promise:" in done.out
    assert "No plan can be cheaper" in done.out
    assert done.err.splitlines()[0] == "Reading the network …"
    made = json.loads((plan / "plan.json").read_text(encoding="utf-8"))
    assert 0 < made["lower_bound"] <= made["cost"]["total"]
    tables = {"forecast", "shares", "overrides", "targets", "shipments", "purchase_orders", "allocations", "exceptions"}
    assert {f"{name}.parquet" for name in tables} | {"plan.xlsx", "report.html"} <= contents(plan).keys()


def test_plan_as_json_takes_a_forecast_and_a_part(network: Path, planning: tuple[Path, Answer]) -> None:
    """--json prints plan.json alone; --forecast is planned as given; --only leaves the other parts out."""
    given, out = planning[0] / "forecast.parquet", network.with_name("plan")
    done = zapas("plan", network, "--out", out, "--forecast", given, "--only", "part=NA", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == json.loads((out / "plan.json").read_text(encoding="utf-8"))
    before, after = pd.read_parquet(given), pd.read_parquet(out / "forecast.parquet")
    pd.testing.assert_frame_equal(after, before[before["part"] == "NA"].reset_index(drop=True))
    told = zapas("diff", planning[0], out)
    assert (told.code, "0001" in told.out) == (0, True)


def test_explain_tells_of_the_part_asked_for(plan: Path) -> None:
    """An explanation names the part, its price and the stock up to at the site."""
    everywhere, here = zapas("explain", "0001", "--plan", plan), zapas("explain", "0001", "D1", "--plan", plan)
    assert everywhere.code == here.code == 0
    assert everywhere.out.startswith("0001 Screen 6.1 (screen): $60 a piece")
    assert "at D1" in here.out


def test_a_plan_does_not_differ_from_itself(plan: Path) -> None:
    """`zapas diff` of equal plans says that nothing has changed."""
    done = zapas("diff", plan, plan)
    assert (done.code, "Nothing" in done.out) == (0, True)


def test_forecast_writes_the_tables_of_the_plan(network: Path, planning: tuple[Path, Answer]) -> None:
    """`zapas forecast` writes, to the byte, the forecast and what it was made of as planning writes them."""
    out = network.with_name("forecast")
    assert zapas("forecast", network, "--out", out).code == 0
    made = contents(planning[0])
    tables = {f"{name}.parquet" for name in ("forecast", "shares", "overrides", "basis")}
    assert contents(out) == {name: made[name] for name in {*tables, "methods.json"}}


def test_overrides_are_judged_by_a_later_network(tmp_path: Path) -> None:
    """`zapas overrides` tells in words or JSON what an override of an earlier plan was worth; explain names it."""
    tables, settings = tiny_tables()
    campaign = {"part": "0001", "region": "R1", "start": "2025-06-30", "end": "2025-07-13", "quantity_per_week": 12}
    tables["overrides"] = pd.DataFrame([campaign | {"author": "A. Petrova", "reason": "fair", "created": "2025-06-25"}])
    write_tables(tables, settings, tmp_path / "june")
    assert zapas("plan", tmp_path / "june", "--out", tmp_path / "plan").code == 0
    told = zapas("explain", "0001", "--plan", tmp_path / "plan").out
    assert "For 2 weeks from Mon 30 Jun the planner (A. Petrova, fair) expects 12 a week in R1, the system" in told
    early = zapas("overrides", tmp_path / "june", "--plan", tmp_path / "plan")
    assert (early.code, early.out) == (0, "No override of this plan can be judged yet.\n")
    write_tables(tables, {**settings, "as_of": "2025-07-13"}, tmp_path / "july")
    words = zapas("overrides", tmp_path / "july", "--plan", tmp_path / "plan")
    assert (words.code, "The system was better by $" in words.out) == (0, True)
    found = json.loads(zapas("overrides", tmp_path / "july", "--plan", tmp_path / "plan", "--json").out)
    assert found["overrides"][0]["override"] == pytest.approx(24.0)
    assert found["saved"] < 0


def test_load_and_serve_answer_from_the_plan(plan: Path, tmp_path: Path) -> None:
    """A loaded plan is answered over HTTP at once; Ctrl-C ends the service with 130 and no traceback."""
    database = f"sqlite:///{tmp_path / 'zapas.db'}"
    assert "Plan run 1 is published." in zapas("load", plan, "--database", database).out
    with process("serve", "--database", database, "--port", 0) as server:
        found = re.search(r"http://\S+:\d+", read_until(server, "Zapas answers on"))
        assert found is not None
        read_until(server, "startup complete")
        with urlopen(f"{found[0]}/v1/parts") as answer:
            assert {row["part"] for row in json.load(answer)["items"]} == {"0001", "22E1", "NA"}
        server.send_signal(signal.SIGINT)
        _, rest = server.communicate()
    assert (server.returncode, "Traceback" in rest) == (130, False)


def test_serve_refuses_a_taken_port(plan: Path, tmp_path: Path) -> None:
    """A port that somebody listens on is one sentence with its number."""
    database = f"sqlite:///{tmp_path / 'zapas.db'}"
    zapas("load", plan, "--database", database)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = zapas("serve", "--database", database, "--port", port)
    assert (done.code, str(port) in done.sentence) == (1, True)


def test_bad_data_stops_the_plan_and_leaves_the_old_one(network: Path, plan: Path) -> None:
    """A structure error exits 2, names table and value, and writes nothing."""
    before = contents(plan.parent)
    lanes = (network / "lanes.csv").read_text(encoding="utf-8").replace("sea", "submarine")
    (network / "lanes.csv").write_text(lanes, encoding="utf-8")
    done = zapas("plan", network, "--out", plan)
    assert done.code == 2
    assert re.search(r"lanes.*submarine", done.err)
    assert "Traceback" not in done.err
    (network / "lanes.csv").write_bytes(before["network/lanes.csv"])
    assert contents(plan.parent) == before


WRONG = {
    "network missing": (2, ["plan", "nowhere", "--out", "new"], "nowhere: there is no such folder or workbook"),
    "OUT is a file": (1, ["plan", "network", "--out", "file"], "a file of this name exists"),
    "OUT is foreign": (1, ["plan", "network", "--out", "foreign"], "this folder exists and is no plan"),
    "OUT is the network": (1, ["plan", "network", "--out", "network"], "this folder exists and is no plan"),
    "--only without value": (1, ["plan", "network", "--out", "new", "--only", "red"], "write it as key=value"),
    "--only unknown key": (1, ["plan", "network", "--out", "new", "--only", "colour=red"], "not colour."),
    "--only no part": (1, ["plan", "network", "--out", "new", "--only", "part=1"], "no part of the network fits."),
    "--forecast missing": (1, ["plan", "network", "--out", "new", "--forecast", "no.parquet"], "no such file"),
    "--forecast damaged": (1, ["plan", "network", "--out", "new", "--forecast", "file"], "no such file"),
    "--previous missing": (1, ["plan", "network", "--out", "new", "--previous", "no"], "no: there is no plan folder."),
    "explain unknown part": (1, ["explain", "0002", "--plan", "plan"], "did you mean 0001?"),
    "explain unknown site": (1, ["explain", "0001", "P13", "--plan", "plan"], "did you mean P1"),
    "explain no plan": (1, ["explain", "0001", "--plan", "network"], "this folder is no plan, it has no plan.json."),
    "overrides no plan": (1, ["overrides", "network", "--plan", "foreign"], "this folder is no plan"),
    "overrides no network": (2, ["overrides", "nowhere", "--plan", "plan"], "nowhere: there is no such folder"),
    "diff missing": (1, ["diff", "plan", "no"], "no: there is no plan folder."),
    "load missing": (1, ["load", "no", "--database", "sqlite:///a.db"], "no: there is no plan folder."),
    "load nowhere": (1, ["load", "plan", "--database", "paper"], "The database address must be"),
    "serve nothing": (1, ["serve", "--database", "sqlite:///no.db"], "there is no database; load a plan first."),
    "demo onto a file": (1, ["demo", "file"], "name another place"),
    "template onto a folder": (1, ["template", "foreign"], "name a new folder"),
    "check a file": (2, ["check", "file"], "neither a folder nor an .xlsx workbook"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_one_sentence(case: str, network: Path, plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong is said in one sentence, without a traceback, and nothing is written or changed."""
    code, arguments, says = WRONG[case]
    (network.parent / "file").write_text("mine", encoding="utf-8")
    (network.parent / "foreign").mkdir()
    (network.parent / "foreign" / "letter.txt").write_text("mine", encoding="utf-8")
    before = contents(network.parent)
    monkeypatch.chdir(network.parent)
    done = zapas(*arguments)
    assert done.code == code
    assert says in done.sentence
    assert contents(network.parent) == before


def test_a_damaged_forecast_is_one_sentence(network: Path, tmp_path: Path) -> None:
    """A forecast file that is no Parquet, or lacks a column, is named."""
    for name in ("forecast.parquet", "shares.parquet"):
        (tmp_path / name).write_text("no table", encoding="utf-8")
    done = zapas("plan", network, "--out", tmp_path / "new", "--forecast", tmp_path / "forecast.parquet")
    assert (done.code, "forecast.parquet" in done.sentence) == (1, True)
    for name in ("forecast.parquet", "shares.parquet"):
        pd.DataFrame({"part": ["0001"]}).to_parquet(tmp_path / name)
    done = zapas("plan", network, "--out", tmp_path / "new", "--forecast", tmp_path / "forecast.parquet")
    assert (done.code, "region" in done.err, "Traceback" in done.err) == (2, True, False)
    assert not (tmp_path / "new").exists()


def test_a_damaged_plan_is_one_sentence(plan: Path) -> None:
    """A plan folder that lost a table says which."""
    (plan / "targets.parquet").unlink()
    done = zapas("explain", "0001", "--plan", plan)
    assert (done.code, "targets.parquet is missing" in done.sentence) == (1, True)
    shutil.rmtree(plan / "network")
    assert zapas("diff", plan, plan).code == 1
