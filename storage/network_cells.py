"""From the text of a cell to its value, and back: one reading per kind of column, with words for what is wrong."""

import math
import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa

from domain.schemas import DTYPES, About, about

LARGEST_COUNT = 10**9
LARGEST_NUMBER = 1e12
BROKEN = ("\ufffd", "\x00")  # what a wrong encoding leaves behind
FIRST_YEAR, LAST_YEAR = 1900, 2200  # datetime64[ns] ends in 2262
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})([T ]00:00(:00(\.0+)?)?Z?)?", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})", re.ASCII)
_EXCEL_EPOCH = date(1899, 12, 30)


def parse_number(cell: str) -> float:
    """A finite float written with a decimal point. Raises ValueError saying what would be right."""
    if not _NUMBER.fullmatch(cell):
        raise ValueError(_why_no_number(cell))
    value = float(cell)
    if not abs(value) <= LARGEST_NUMBER:
        raise ValueError(f"implausibly large; at most {LARGEST_NUMBER:,.0f}")
    return value + 0.0  # no negative zero: equal values have equal bytes


def parse_count(cell: str) -> int:
    """A whole number. Raises ValueError saying what would be right."""
    value = parse_number(cell)
    if value != math.floor(value):
        raise ValueError("not a whole number of pieces")
    if abs(value) > LARGEST_COUNT:
        raise ValueError(f"implausibly large; at most {LARGEST_COUNT:,}")
    return int(value)


def parse_date(cell: str) -> np.datetime64:
    """An ISO date, a midnight behind it is let pass. Raises ValueError saying what would be right."""
    match = _DATE.fullmatch(cell)
    if not match:
        raise ValueError(_why_no_date(cell))
    try:
        day = date.fromisoformat(match[1])
    except ValueError:
        raise ValueError("no such day in the calendar") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"implausible year; between {FIRST_YEAR} and {LAST_YEAR}, or empty for none")
    return np.datetime64(day, "ns")


def parse_boolean(cell: str) -> bool:
    """True or false in any case. Raises ValueError saying what would be right."""
    word = cell.lower()
    if word not in ("true", "false"):
        raise ValueError("write true or false")
    return word == "true"


def parse_text(cell: str) -> str:
    """The text itself. Raises ValueError for the mark of a broken encoding."""
    if any(mark in cell for mark in BROKEN):
        raise ValueError("broken characters; save the file as UTF-8")
    return cell


_PARSERS: dict[str, Callable[[str], object]] = {
    "text": parse_text,
    "number": parse_number,
    "count": parse_count,
    "date": parse_date,
    "month": parse_date,
    "boolean": parse_boolean,
}
_NOTHING: dict[str, Any] = {
    "text": "",
    "number": math.nan,
    "count": 0,
    "date": np.datetime64("NaT", "ns"),
    "month": np.datetime64("NaT", "ns"),
    "boolean": False,
}


def parse_cells(column: pa.Column, cells: list[str]) -> tuple[npt.NDArray[np.generic], dict[int, str]]:
    """Values of distinct `cells`, of the column's dtype, and {position: what is wrong}; bad cells get a neutral value.

    An empty cell is the column's default. The column's own checks (ranges, allowed words) are part of the reading.
    """
    note = about(column)
    array, wrong = _parse_texts(cells) if note.kind == "text" and all(cells) else _parse_each(note, cells)
    given = [bool(cell) and row not in wrong for row, cell in enumerate(cells)] if column.checks else [False]
    for check in column.checks if any(given) else ():
        series = pd.Series(array)[given]
        for position in series.index[~check(series).check_output]:
            wrong.setdefault(position, f"must be {check.error}")
            array[position] = _NOTHING[note.kind]
    return array, wrong


def _parse_texts(cells: list[str]) -> tuple[npt.NDArray[np.generic], dict[int, str]]:
    """A million tickets at once: nothing to read, nothing to fill in, only broken characters to find."""
    wrong: dict[int, str] = {}
    if any(mark in "".join(cells) for mark in BROKEN):
        for position, cell in enumerate(cells):
            try:
                parse_text(cell)
            except ValueError as error:
                wrong[position] = str(error)
    return np.array(cells, dtype=object), wrong


def _parse_each(note: About, cells: list[str]) -> tuple[npt.NDArray[np.generic], dict[int, str]]:
    parse, nothing = _PARSERS[note.kind], _NOTHING[note.kind]
    values: list[object] = []
    wrong: dict[int, str] = {}
    for position, cell in enumerate(cells):
        value = nothing
        try:
            if cell or note.empty:
                value = parse(cell or note.empty)
            elif note.starred and not note.may_be_empty:
                raise ValueError("empty, but required")
        except ValueError as error:
            wrong[position] = f"{error}{_like(note.example)}"
        values.append(value)
    array = np.empty(len(values), dtype=DTYPES[note.kind])
    array[:] = values
    return array, wrong


def cell_text(value: object) -> str:
    """What a cell of a worksheet or frame says: whole floats without a point, ISO dates, "" for nothing."""
    if isinstance(value, str):
        return value
    if value is None or value is pd.NA or value != value:  # NaN and NaT differ from themselves
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return float_text(float(value))
    if isinstance(value, datetime | np.datetime64):
        stamp = pd.Timestamp(value)
        return f"{stamp:%Y-%m-%d}" if stamp == stamp.normalize() else stamp.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def float_text(value: float) -> str:
    """The shortest text that reads back as the same float; "" for NaN."""
    if math.isnan(value):
        return ""
    return str(int(value)) if value == math.floor(value) and abs(value) < 1e15 else repr(value)


def column_text(values: "pd.Series[Any]") -> list[str]:
    """`cell_text` of a whole column."""
    cells: Iterable[object] = values.to_numpy() if values.dtype.kind == "M" else values.tolist()
    return [cell_text(cell) for cell in cells]


def _like(example: str) -> str:
    return f", e.g. {example}" if example else ""


def _why_no_number(cell: str) -> str:
    bare = cell.replace(" ", "").replace("\u00a0", "").replace("\u202f", "")
    if bare.lower().lstrip("+-") in ("nan", "inf", "infinity", "#n/a", "n/a", "na", "none", "null", "-"):
        return "not a finite number; leave the cell empty for none"
    if bare.endswith("%") and _NUMBER.fullmatch(bare[:-1]):
        return f"a percentage; write the share {float(bare[:-1]) / 100:g}"
    if re.fullmatch(r"[+-]?\d+,\d+", bare):
        return f"a decimal comma; write {bare.replace(',', '.')}"
    if _NUMBER.fullmatch(bare.replace(",", "")):
        return f"a thousands separator; write {bare.replace(',', '')}"
    return "not a number"


def _why_no_date(cell: str) -> str:
    if re.fullmatch(r"\d{5}(\.0*)?", cell, re.ASCII):
        meant = _EXCEL_EPOCH + timedelta(days=int(cell[:5]))
        return f"an Excel serial number; write {meant.isoformat()}"
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:.*", cell, re.ASCII):
        return f"a date with a time; write {cell[:10]}"
    match = _DAY_FIRST.fullmatch(cell)
    if match and 12 < int(match[1]) <= 31 and 1 <= int(match[2]) <= 12:
        return f"not an ISO date; write {match[3]}-{int(match[2]):02d}-{int(match[1]):02d}"
    return "not an ISO date; write year-month-day"
