"""The rows to mend are a workbook of plain text, the report a file of every problem."""

from pathlib import Path

import pandas as pd
from python_calamine import CalamineWorkbook

from domain.problems import CheckReport, Problem
from storage.network_report import write_report, write_set_aside


def test_set_aside_rows_keep_their_columns_and_their_text(tmp_path: Path) -> None:
    """A sheet per table: original columns and `error`, every cell as written; no formula, link or number is made."""
    rows = pd.DataFrame(
        {
            "date": ["45658", "2025-01-01"],
            "part": ["0001", "22E1"],
            "note": ["=1+1", "http://x.y"],
            "error": ["date: write 2025-01-01", "part: no such part in parts"],
        }
    )
    write_set_aside(CheckReport([], {"usage": rows, "stock": rows.head(1)}), tmp_path / "set_aside.xlsx")
    book = CalamineWorkbook.from_path(tmp_path / "set_aside.xlsx")
    assert book.sheet_names == ["usage", "stock"]
    assert book.get_sheet_by_name("usage").to_python() == [list(rows), *rows.to_numpy().tolist()]


def test_the_file_lists_what_the_console_cuts(tmp_path: Path) -> None:
    """Every problem is a line of the file."""
    problems = [Problem("fact", "usage", row, "date", "", "no such day") for row in range(2, 102)]
    write_report(CheckReport(problems), tmp_path / "report.txt")
    assert (tmp_path / "report.txt").read_text(encoding="utf-8").count("no such day") == 100
