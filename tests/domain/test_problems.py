"""Reports a person can act on: short on the console, complete in the file."""

import pytest

from domain.problems import BadData, CheckReport, Problem, Severity


def problems(severity: Severity, table: str, count: int) -> list[Problem]:
    """Some problems of one table."""
    return [Problem(severity, table, row, "quantity", f"x{row}", "not a number") for row in range(2, count + 2)]


def test_a_problem_is_one_sentence() -> None:
    """Place, value and what would be right stand in one line; a long value is cut, line ends vanish."""
    assert str(Problem("fact", "usage", 7, "date", "45658", "write 2025-01-01")) == (
        "usage, row 7, date “45658”: write 2025-01-01"
    )
    assert str(Problem("structure", "stock", None, "", "", "is missing")) == "stock: is missing"
    long = str(Problem("fact", "usage", 7, "", "a\n" * 100, "is torn"))
    assert "\n" not in long
    assert len(long) < 100


def test_the_console_shows_twenty_per_table_and_counts_the_rest() -> None:
    """The console lists at most twenty problems of a kind and table; the full text lists all."""
    report = CheckReport(problems("fact", "usage", 33) + problems("fact", "stock", 2))
    short, full = report.text(), report.text(lines_per_table=None)
    assert short.count("usage, row") == 20
    assert "… and 13 more in usage" in short
    assert short.count("stock, row") == 2
    assert full.count("usage, row") == 33


@pytest.mark.parametrize(
    ("severity", "strict", "ok"),
    [("structure", False, False), ("fact", False, True), ("warning", False, True), ("warning", True, False)],
)
def test_what_stops_a_plan(severity: Severity, strict: bool, ok: bool) -> None:
    """Structure always stops, facts and warnings only under strict."""
    assert CheckReport(problems(severity, "usage", 1), strict=strict).ok is ok
    assert CheckReport([], strict=strict).ok


def test_bad_data_speaks_for_itself() -> None:
    """The exception's text is the report, and it carries every problem."""
    found = problems("structure", "parts", 3)
    error = BadData(found)
    assert error.problems == found
    assert "3 errors, must be mended before planning" in str(error)
