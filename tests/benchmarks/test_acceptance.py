"""The acceptance runner: verdicts, what is measured of a command, the page, and tiny runs of real lines."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.acceptance.__main__ import ROOT, main
from benchmarks.acceptance.line import Bench, Figure, Line, NotMeasuredError, Outcome, chosen, run
from benchmarks.acceptance.lines import LINES
from benchmarks.acceptance.optimality import difference, metric, random_networks
from benchmarks.acceptance.robustness import contents, looked_at, pytest_counts, renamed, shuffled
from benchmarks.acceptance.table import rows_of, table
from benchmarks.machine import CommandError, machine_facts, spend, watch
from domain.plan import Cost

MIB = 2**20


def bench(folder: Path, **chosen_by_caller: int | str) -> Bench:
    """A bench in this folder, without real data."""
    return Bench(ROOT, folder, None, **chosen_by_caller)  # type: ignore[arg-type]


def outcome_of(folder: Path, *found: Figure | str | Exception) -> Outcome:
    """What comes out of a line that yields these, in order, or raises them."""

    def measure(where: Bench) -> Iterator[Figure | str]:
        (where.folder / "scratch").write_text("mine")
        for one in found:
            if isinstance(one, Exception):
                raise one
            yield one

    (outcome,) = run([Line(2, "line", "what was asked", measure, "do it")], bench(folder))
    return outcome


@pytest.mark.parametrize(
    ("figure", "kept"),
    [
        (Figure("x", 1.0, at_most=1), True),
        (Figure("x", 1.0000001, at_most=1), False),
        (Figure("x", 1.0, at_least=1), True),
        (Figure("x", 0.9999999, at_least=1), False),
        (Figure("x", 3, at_most=3, at_least=3), True),
        (Figure("x", float("nan"), at_most=1), False),
        (Figure("x", float("nan"), at_least=1), False),
        (Figure("x", float("inf"), at_most=1), False),
        (Figure("x", 7.0), True),
    ],
)
def test_a_figure_is_kept_within_its_limits_and_no_number_is_within_none(figure: Figure, kept: bool) -> None:
    """Limits belong to what is allowed; NaN is outside every limit; the text marks what is outside."""
    assert figure.kept == kept
    assert str(figure).endswith("✗") != kept


def test_numbers_are_written_with_unit_and_limit() -> None:
    """Whole numbers whole, others with four digits."""
    assert str(Figure("planned", 123.456, "s", at_most=180)) == "planned 123.5 s (≤ 180)"
    assert str(Figure("rows", 1_000_000, at_least=30_000)) == "rows 1,000,000 (≥ 30,000)"


def test_a_line_passes_only_when_something_was_asked_and_every_limit_kept(tmp_path: Path) -> None:
    """One figure outside its limit, nothing asked at all, or an error after good figures: each fails the line."""
    good, bad = Figure("good", 1, at_most=2), Figure("bad", 3, at_most=2)
    assert outcome_of(tmp_path, good, "a remark", Figure("for information", 9)).passed
    for found in ((good, bad), (Figure("for information", 9),), (), ("a remark",), (good, ValueError("late"))):
        assert not outcome_of(tmp_path, *found).passed, found


def test_an_error_keeps_what_was_measured_before_and_is_one_line_without_places(tmp_path: Path) -> None:
    """The figures stay, the message has one line, says which error it was, and names no folder of the machine."""
    outcome = outcome_of(tmp_path, Figure("good", 1, at_most=2), OSError(f"no\n room in {tmp_path / 'line'}/x"))
    assert [figure.what for figure in outcome.figures] == ["good"]
    assert outcome.error == "OSError: no room in FOLDER/x"
    assert outcome_of(tmp_path, NotMeasuredError("no real data")).error == "no real data"
    assert list(tmp_path.iterdir()) == []


def test_the_next_line_runs_after_one_that_failed(tmp_path: Path) -> None:
    """Every line has its verdict, and each is told as it goes."""

    def fails(where: Bench) -> Iterator[Figure | str]:
        yield from ()
        raise RuntimeError("broken")

    def works(where: Bench) -> Iterator[Figure | str]:
        yield Figure("seen", float((where.folder.parent / "fails").exists()), at_most=0)

    told: list[str] = []
    lines = [Line(2, "fails", "a", fails, ""), Line(3, "works", "b", works, "")]
    outcomes = run(lines, Bench(ROOT, tmp_path, None, tell=told.append))
    assert [outcome.passed for outcome in outcomes] == [False, True]
    assert [text.split()[1] for text in told if "verdict" in text] == ["FAILED,", "passed,"]


def test_the_page_has_a_row_per_line_and_cells_that_cannot_break_it(tmp_path: Path) -> None:
    """Figures, remarks and errors stand in one cell; pipes, tags and line breaks in them do no harm."""
    outcome = outcome_of(tmp_path, Figure("a | b", 1, at_most=2), "<b>two\nlines", ValueError("x | y"))
    page = table([outcome.line], [outcome], {"cores": "2"}, "2026-01-02, commit abc", {})
    figures = "a \\| b 1 (≤ 2)<br>&lt;b>two lines<br>**ValueError: x \\| y**"
    assert f"| 2 | line | what was asked | {figures} | FAILED | 2026-01-02, commit abc |" in page.splitlines()
    assert "0 of 1 lines passed." in page
    assert "Measured last on: cores 2." in page
    assert "- **line**: do it" in page


def test_a_line_keeps_its_row_until_it_is_measured_again(tmp_path: Path) -> None:
    """Rows of a page stay with their day and verdict, in the order of the lines; what was never measured is named."""
    outcome = outcome_of(tmp_path, Figure("a | b", 1, at_most=2))
    lines = [replace(outcome.line, name=name) for name in ("first", "line", "last")]
    first, line = (replace(outcome, line=one) for one in lines[:2])
    old = table(lines, [line], {"cores": "2"}, "Monday", {})
    assert "Not measured: first, last." in old
    new = table(lines, [first], {"cores": "2"}, "Tuesday", rows_of(old))
    assert list(rows_of(new)) == ["first", "line"]
    assert [row.split(" | ")[-1] for row in rows_of(new).values()] == ["Tuesday |", "Monday |"]
    assert "2 of 2 lines passed." in new
    assert table(lines, [line], {"cores": "2"}, "Monday", rows_of(old)) == old


def test_lines_are_chosen_by_name_and_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The order is the table's, no name means all, a wrong one is told the right ones and nothing runs."""
    names = [line.name for line in LINES]
    assert len(set(names)) == len(names)
    assert [line.name for line in chosen(LINES, ["api", "metric"])] == ["metric", "api"]
    assert chosen(LINES, []) == list(LINES)
    assert main(["--only", "metrik"]) == 2
    assert "metric" in capsys.readouterr().err


def test_a_line_run_alone_renews_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--only` prints, says by its exit code whether all passed, and writes the row of that line."""
    page = tmp_path / "page.md"
    monkeypatch.setattr("benchmarks.acceptance.__main__.PAGE", page)
    assert main(["--only", "looked-at", "--note", "report.html is calm"]) == 1
    assert "FAILED" in rows_of(page.read_text("utf-8"))["looked-at"]
    assert main(["--only", "looked-at", "--note", "report.html, plan.xlsx, terminal summary: calm"]) == 0
    assert "1 of 1 lines passed" in capsys.readouterr().out
    assert "passed" in rows_of(page.read_text("utf-8"))["looked-at"]


def test_a_command_is_charged_for_the_memory_of_its_children(tmp_path: Path) -> None:
    """100 MiB held by a grandchild count, together with what its parents hold."""
    child = "import time; b = bytearray(100 * 2**20); time.sleep(1)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    assert 100 * MIB < spend([sys.executable, "-c", parent], tmp_path).peak_bytes < 300 * MIB


def test_a_command_can_be_stopped_by_a_signal(tmp_path: Path) -> None:
    """The signal comes after its time, and the exit code tells which it was."""
    stopped = watch(["sleep", "600"], tmp_path, stop=(0.3, signal.SIGTERM))
    assert stopped.exit_code == -signal.SIGTERM
    assert 0.3 <= stopped.seconds < 60


def test_no_process_of_a_command_outlives_it(tmp_path: Path) -> None:
    """What the command left running in the background is ended with it."""
    spent = spend(["sh", "-c", "tail -f /dev/null & echo $!"], tmp_path)
    state = subprocess.run(["ps", "-o", "stat=", "-p", spent.last_words], capture_output=True, text=True)
    assert state.stdout.strip() in ("", "Z", "Zs")


def test_a_failed_command_says_its_last_line(tmp_path: Path) -> None:
    """The error holds the exit code and what was said last; `watch` returns both instead."""
    with pytest.raises(CommandError, match="ended with 3: so be it"):
        spend(["sh", "-c", "echo first; echo so be it >&2; exit 3"], tmp_path)
    assert watch(["sh", "-c", "exit 3"], tmp_path).exit_code == 3


def test_the_machine_is_described() -> None:
    """Cores, memory and versions are there, and none is empty."""
    facts = machine_facts()
    assert {"cores", "memory", "Python", "numpy", "ortools"} <= facts.keys()
    assert int(facts["cores"]) >= 1
    assert all(facts.values())


def test_random_networks_are_compared_with_their_optimum(tmp_path: Path) -> None:
    """Of two networks every figure is right, except that two are too few."""
    found = [one for one in random_networks(bench(tmp_path, networks=2)) if isinstance(one, Figure)]
    assert [figure.what for figure in found if not figure.kept] == ["random networks planned"]
    assert sum(figure.limited for figure in found) == 6


def test_a_line_without_its_real_data_fails(tmp_path: Path) -> None:
    """Unlike a test, acceptance is not skipped."""
    with pytest.raises(NotMeasuredError, match="no real data"):
        next(metric(bench(tmp_path)))


def test_a_wrong_cost_term_is_seen() -> None:
    """The greatest relative difference is that of the worst term; a missing term is never equal."""
    cost = Cost(100.0, 10.0, 0.0, 5.0, 0.0, 20.0, 30.0, 1000.0)
    judged = {**cost.__dict__, "total": cost.total}
    assert difference(cost, judged) == 0
    assert difference(cost, {**judged, "freight": 11.0}) == pytest.approx(1 / 11)
    assert difference(cost, {**judged, "consignment": 1e-3}) == pytest.approx(1e-3)
    assert np.isnan(difference(cost, {"total": cost.total}))


def test_tests_are_counted_by_outcome(tmp_path: Path) -> None:
    """A file with one test passed, one failed and one skipped gives these counts; a file that is missing is named."""
    file = tmp_path / "test_three.py"
    file.write_text(
        "import pytest\ndef test_a(): pass\ndef test_b(): assert False\n@pytest.mark.skip\ndef test_c(): pass\n"
    )
    found = [one for one in pytest_counts(bench(tmp_path), str(file)) if isinstance(one, Figure)]
    assert {figure.what: figure.value for figure in found} == {
        "tests run": 3,
        "failed": 1,
        "skipped": 1,
        "exit code of pytest": 1,
    }
    with pytest.raises(NotMeasuredError, match="there is no tests/nowhere"):
        next(pytest_counts(bench(tmp_path), "tests/nowhere"))


TABLES = {
    "parts": pd.DataFrame({"part": ["A1", "B2", "C3"], "supplier": ["S", "", "S"], "unit_cost": ["1", "2", "3"]}),
    "stock": pd.DataFrame({"site": ["X", "X"], "part": ["C3", "A1"], "on_hand": ["4", "5"]}),
    "service": pd.DataFrame({"group": ["b", "a"], "part_class": ["screen", ""]}),
    "events": pd.DataFrame({"event": ["e", "f"], "applies_to": ["site:X", "category:phone"]}),
}


def test_shuffling_moves_rows_and_columns_and_keeps_every_row() -> None:
    """Sorted again the tables are the same; rows of `service` stay in their order, for the first that fits counts."""
    moved = shuffled(TABLES)
    assert any(list(moved[name].columns) != list(frame.columns) for name, frame in TABLES.items())
    assert moved["service"]["group"].tolist() == ["b", "a"]
    for name, frame in TABLES.items():
        again = moved[name][frame.columns].sort_values(frame.columns[0], ignore_index=True)
        pd.testing.assert_frame_equal(again, frame.sort_values(frame.columns[0], ignore_index=True))


def test_renaming_follows_an_id_through_every_table() -> None:
    """The same id has the same new name everywhere, also in `applies_to`; empty cells and other columns stay."""
    new = renamed(TABLES)
    assert not set(new["parts"]["part"]) & set(TABLES["parts"]["part"])
    assert new["stock"]["part"].tolist() == [new["parts"]["part"][2], new["parts"]["part"][0]]
    assert new["parts"]["supplier"][1] == ""
    assert new["parts"]["supplier"][0] == new["parts"]["supplier"][2] != "S"
    assert new["events"]["applies_to"].tolist() == [f"site:{new['stock']['site'][0]}", "category:phone"]
    assert new["parts"]["unit_cost"].tolist() == ["1", "2", "3"]


def test_contents_ignore_only_the_seconds_of_a_plan(tmp_path: Path) -> None:
    """Another duration is the same plan; any other byte is not."""
    (tmp_path / "plan.json").write_text('{"gap": 0.1, "seconds": {"total": 1}}')
    first = contents(tmp_path)
    (tmp_path / "plan.json").write_text('{"gap": 0.1, "seconds": {"total": 2}}')
    assert contents(tmp_path) == first
    (tmp_path / "plan.json").write_text('{"gap": 0.2, "seconds": {"total": 2}}')
    assert contents(tmp_path) != first


def test_what_nobody_looked_at_is_not_passed(tmp_path: Path) -> None:
    """Without a note the line fails; a note has to speak of all three documents."""
    with pytest.raises(NotMeasuredError, match="nobody wrote down"):
        next(looked_at(Bench(tmp_path, tmp_path, None)))
    (figure, _) = looked_at(bench(tmp_path, notes="report.html and plan.xlsx are clear"))
    assert isinstance(figure, Figure)
    assert not figure.kept
