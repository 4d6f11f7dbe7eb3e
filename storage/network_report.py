"""What the check of a network found, as files: the full report, and the rows to mend."""

from pathlib import Path

import pandas as pd
import xlsxwriter

from domain.problems import CheckReport
from storage.network_template import AS_TEXT, MADE

_ROWS_PER_SHEET = 1_000_000
_CHARACTERS_PER_CELL = 32_767


def write_report(report: CheckReport, path: Path) -> None:
    """Every problem, one a line, as a text file."""
    Path(path).write_text(report.text(lines_per_table=None) + "\n", encoding="utf-8")


def write_set_aside(report: CheckReport, path: Path) -> None:
    """The rows set aside, a sheet per table with its own columns and `error`: mend them and put them back.

    Every cell is text: part numbers stay as they are and nothing becomes a formula or a link.
    """
    with xlsxwriter.Workbook(str(path), {**AS_TEXT, "constant_memory": True}) as book:
        book.set_properties({"created": MADE})
        for name, frame in report.set_aside.items():
            for part, first in enumerate(range(0, max(len(frame), 1), _ROWS_PER_SHEET), start=1):
                title = name if part == 1 else f"{name} {part}"
                _write_sheet(book.add_worksheet(title), frame.iloc[first : first + _ROWS_PER_SHEET])


def _write_sheet(sheet: xlsxwriter.worksheet.Worksheet, frame: pd.DataFrame) -> None:
    for column, name in enumerate(frame.columns):
        sheet.write_string(0, column, name)
    for row, cells in enumerate(frame.itertuples(index=False), start=1):
        for column, cell in enumerate(cells):
            sheet.write_string(row, column, str(cell)[:_CHARACTERS_PER_CELL])
