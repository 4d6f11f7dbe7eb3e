"""Sheets of typed cells: what every Excel file of ours has in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from math import ceil, isnan
from typing import Any, Literal

import pandas as pd
import xlsxwriter

Kind = Literal["text", "count", "number", "measure", "money", "share", "date"]
_FORMATS: dict[Kind, str] = {
    "text": "@",
    "count": "#,##0",
    "number": "#,##0.0##",
    "measure": "#,##0.000",
    "money": "#,##0.00",
    "share": "0.0%",
    "date": "ddd d mmm yyyy",
}
_WIDTHS: dict[Kind, int] = {"text": 14, "count": 10, "number": 10, "measure": 10, "money": 13, "share": 11, "date": 16}
_READ_FROM_LEFT = ("text", "date")
_LEFT = {"align": "left", "indent": 1}
_LONGEST_TEXT = 32_767  # characters a cell can hold
_LINE_POINTS = 15  # height of a line of text
_EPOCH = pd.Timestamp("1899-12-30")


@dataclass(frozen=True)
class Column:
    """A column of a sheet: the frame's column, the header people read (with its unit), how it is typed and shown."""

    name: str
    header: str
    kind: Kind = "text"
    width: int = 0
    hidden: bool = False


@dataclass(frozen=True)
class Sheet:
    """A table: header frozen and filtered; `note` stands under the rows, outside the filter.

    heads: a column of `frame` (bool), true of rows in bold that head a group; the rows under them fold away.
    """

    name: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame
    note: str = ""
    heads: str = ""


@dataclass(frozen=True)
class Figure:
    """A number on a page and how it is shown."""

    value: float
    kind: Kind


Line = tuple[str | Figure, ...]


@dataclass(frozen=True)
class Page:
    """A sheet for reading: blocks of lines one under the other; the first line of a block is its heading.

    A line of one text is a sentence and runs across the page. widths: of the columns, in characters.
    """

    name: str
    blocks: tuple[list[Line], ...]
    widths: tuple[int, ...]


def workbook(sheets: Sequence[Sheet | Page], created: date) -> bytes:
    """An .xlsx file. Text stays text whatever it begins with; same sheets and `created`, same bytes."""
    buffer = BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": datetime(created.year, created.month, created.day)})
        formats = {kind: book.add_format(_look(kind)) for kind in _FORMATS}
        strong = {kind: book.add_format({**_look(kind), "bold": True, "top": 4}) for kind in _FORMATS}
        sentence = book.add_format({"text_wrap": True, "valign": "top", **_LEFT})
        look = {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E8EEF4"}
        heads = (book.add_format({**look, **_LEFT}), book.add_format({**look, "align": "right"}))
        for sheet in sheets:
            target = book.add_worksheet(sheet.name)
            target.set_landscape()
            target.set_paper(9)  # A4
            target.fit_to_pages(1, 0)
            if isinstance(sheet, Page):
                _write_page(target, sheet, {**formats, "text": sentence}, heads)
            else:
                _write_table(target, sheet, formats, strong, heads)
    return buffer.getvalue()


def _look(kind: Kind) -> dict[str, Any]:
    """How cells of a kind look: text and dates stand clear of the numbers to their left."""
    return {"num_format": _FORMATS[kind], "valign": "top"} | (_LEFT if kind in _READ_FROM_LEFT else {})


def _write_table(
    target: Any, sheet: Sheet, formats: dict[Kind, Any], strong: dict[Kind, Any], heads: tuple[Any, Any]
) -> None:
    for place, column in enumerate(sheet.columns):
        hidden = {"hidden": True} if column.hidden else {}
        target.set_column(place, place, column.width or _WIDTHS[column.kind], formats[column.kind], hidden)
    target.set_row(0, 3 * _LINE_POINTS)
    target.freeze_panes(1, 0)
    target.repeat_rows(0)
    target.autofilter(0, 0, len(sheet.frame), len(sheet.columns) - 1)
    for place, column in enumerate(sheet.columns):
        target.write_string(0, place, column.header, heads[column.kind not in _READ_FROM_LEFT])
    writers = [
        (place, target.write_string if column.kind == "text" else target.write_number, column.kind)
        for place, column in enumerate(sheet.columns)
    ]
    columns = [_cells(sheet.frame[column.name], column.kind) for column in sheet.columns]
    leads = sheet.frame[sheet.heads].tolist() if sheet.heads else [False] * len(sheet.frame)
    if sheet.heads:
        target.outline_settings(symbols_below=False)
    for row, (lead, *cells) in enumerate(zip(leads, *columns, strict=True), start=1):
        if sheet.heads and not lead:
            target.set_row(row, None, None, {"level": 1})
        look = strong if lead else formats
        for (place, write, kind), cell in zip(writers, cells, strict=True):
            if cell is not None:
                write(row, place, cell, look[kind])
            elif lead:
                target.write_blank(row, place, None, look[kind])
    if sheet.note:
        target.write_string(len(sheet.frame) + 2, 0, sheet.note)


def _write_page(target: Any, page: Page, formats: dict[Kind, Any], heads: tuple[Any, Any]) -> None:
    for place, width in enumerate(page.widths):
        target.set_column(place, place, width)
    row = 0
    for heading, *lines in page.blocks:
        for place, text in enumerate(heading):
            target.write_string(row, place, str(text), heads[place > 0])
        for cells in lines:
            row += 1
            if len(cells) == 1 and len(page.widths) > 1:
                text = str(cells[0])[:_LONGEST_TEXT]
                target.set_row(row, _LINE_POINTS * ceil(len(text) / (1.1 * sum(page.widths))))
                target.merge_range(row, 0, row, len(page.widths) - 1, text, formats["text"])
                continue
            for place, cell in enumerate(cells):
                if isinstance(cell, Figure):
                    if not isnan(cell.value):
                        target.write_number(row, place, cell.value, formats[cell.kind])
                elif cell:
                    target.write_string(row, place, cell[:_LONGEST_TEXT], formats["text"])
        row += 2


def _cells(column: "pd.Series[Any]", kind: Kind) -> list[Any]:
    """Values as xlsxwriter wants them; None stays empty."""
    if kind == "text":
        return [text[:_LONGEST_TEXT] or None for text in column.astype(str)]
    if kind == "date":
        days = (pd.to_datetime(column) - _EPOCH).dt.days
        return [None if day != day else int(day) for day in days.tolist()]
    return [None if value != value else value for value in column.tolist()]
