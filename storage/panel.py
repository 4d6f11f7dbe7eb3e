"""Long panels (series, period, quantity, perhaps part_class) as arrays: what `zapas backtest` reads."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.problems import BadData, Problem
from storage.network_cells import parse_date, parse_number, parse_text
from storage.network_source import Source, TextTable, misspelt, read_file

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]
Days = npt.NDArray[np.datetime64]
Spacing = Literal["day", "week", "month", "other"]

REQUIRED, OPTIONAL = ("series", "period", "quantity"), ("part_class",)
ENDINGS = (".csv", ".csv.gz", ".parquet")
UNKNOWN_CLASS = "other"
DAYS_PER_WEEK, DAYS_PER_YEAR, MONTHS_PER_YEAR = 7, 365.25, 12


@dataclass(frozen=True)
class Panel:
    """Demand of many series by period, as it was written down.

    series: ids as text, sorted, shape (series,). periods: dates, ascending and evenly spaced, shape (periods,).
    quantity: units, negative for corrections, NaN where there is no row, shape (series, periods). part_class: name of
    every series' class, "other" where none is given. spacing, season: what a period is, and periods in a year.
    left_out: columns that mean nothing here.
    """

    series: Objects
    periods: Days
    quantity: Floats
    part_class: Objects
    spacing: Spacing
    season: int
    left_out: tuple[str, ...] = ()

    @property
    def classes(self) -> Ints:
        """Codes of the part classes in order of their names, shape (series, 1)."""
        codes: Ints = np.unique(self.part_class.astype(str), return_inverse=True)[1].reshape(-1, 1).astype(np.int64)
        return codes

    def until(self, origin: int) -> "Panel":
        """The first `origin` periods: all that was known then."""
        return replace(self, periods=self.periods[:origin], quantity=self.quantity[:, :origin])

    @property
    def zeros_left_out(self) -> bool:
        """Whether rows are missing and none says 0: then the panel holds demand only."""
        return bool(np.isnan(self.quantity).any() and not (self.quantity == 0).any())

    @property
    def exposure(self) -> Floats:
        """1 where demand is known, 0 in a gap, shape (series, periods).

        A missing row is a gap, unless zeros are left out: then it is a zero from the series' first row on.
        """
        known: Bools = ~np.isnan(self.quantity)
        if self.zeros_left_out:
            known = np.logical_or.accumulate(known, axis=1)
        return known.astype(np.float64)

    @property
    def counts(self) -> Floats:
        """Units with 0 for no row, corrections not netted yet, shape (series, periods)."""
        return np.nan_to_num(self.quantity)

    def says(self) -> list[str]:
        """What was assumed of the panel, in sentences."""
        each = f"every {self.spacing}" if self.spacing != "other" else "evenly"
        lines = [
            f"{len(self.series):,} series of {len(self.periods):,} periods ({each}), "
            f"{self.season} of them in a year; {len(np.unique(self.part_class.astype(str))):,} classes."
        ]
        missing = int(np.isnan(self.quantity).sum())
        if self.zeros_left_out:
            lines.append(
                f"No row says 0, so the {missing:,} missing periods count as no demand from a series' first row on."
            )
        elif missing:
            lines.append(f"{missing:,} missing periods count as unknown, not as no demand.")
        if self.left_out:
            lines.append(f"Left out, for a panel has no such columns: {', '.join(self.left_out)}.")
        return lines


def read_panel(path: Path) -> Panel:
    """The panel in a .csv, .csv.gz or .parquet file.

    Raises BadData with every problem: columns, empty ids, unreadable dates and quantities, rows twice, two classes of
    one series.
    """
    name = path.name
    if not name.lower().endswith(ENDINGS) or not path.is_file():
        says = "there is no such file" if not path.is_file() else f"is no panel; it must end in {', '.join(ENDINGS)}"
        raise BadData([Problem("structure", str(path), None, "", "", says)])
    source = Source()
    read_file(source, name, path)
    if name not in source.tables:
        raise BadData(source.problems)
    return _panel(source.tables[name])


def _panel(table: TextTable) -> Panel:
    problems = [
        Problem("structure", table.name, line, "", text, "the row has another number of cells than the header")
        for line, text in table.ragged
    ]
    missing = [column for column in REQUIRED if column not in table.columns]
    for column in missing:
        alike = [other for other in table.columns if misspelt(other, [column])]
        says = f"is missing; rename {alike[0]}" if alike else "is missing; a panel has series, period and quantity"
        problems.append(Problem("structure", table.name, None, column, "", says))
    if missing:
        raise BadData(problems)
    problems += _wrong_cells(table, "series", _parse_id)
    problems += _wrong_cells(table, "period", parse_date)
    problems += _wrong_cells(table, "quantity", parse_number)
    if not len(table.lines):
        problems.append(Problem("structure", table.name, None, "", "", "has no rows"))
    if problems:
        raise BadData(problems)
    ids, id_at = _used(table, "series")
    series, rank = np.unique(np.array(ids, dtype=str), return_inverse=True)
    row = rank[id_at]
    texts, date_at = _used(table, "period")
    dates = np.array([parse_date(text) for text in texts], "datetime64[D]")
    periods, spacing, season = _calendar(np.unique(dates))
    period = np.searchsorted(periods, dates)[date_at]
    texts, value_at = _used(table, "quantity")
    values = np.array([parse_number(text) for text in texts])[value_at]
    part_class, problems = _part_classes(table, row, len(series))
    problems += _twice(table, row * len(periods) + period)
    if problems:
        raise BadData(problems)
    quantity = np.full((len(series), len(periods)), np.nan)
    quantity[row, period] = values
    left_out = tuple(sorted(set(table.columns) - {*REQUIRED, *OPTIONAL}))
    return Panel(series.astype(object), periods, quantity, part_class, spacing, season, left_out)


def _used(table: TextTable, column: str) -> tuple[list[str], Ints]:
    """Distinct texts of the rows, and which of them every row holds: rows without content have left theirs behind."""
    cells = table.columns[column]
    used, at = np.unique(cells.codes, return_inverse=True)
    return [cells.texts[code] for code in used], at


def _parse_id(cell: str) -> str:
    if not cell:
        raise ValueError("empty, but required")
    return parse_text(cell)


def _wrong_cells(table: TextTable, column: str, parse: Callable[[str], object]) -> list[Problem]:
    """A problem for every row whose cell cannot be read."""
    cells, wrong = table.columns[column], {}
    for code, text in enumerate(cells.texts):
        try:
            parse(text)
        except ValueError as error:
            wrong[code] = str(error)
    rows = np.flatnonzero(np.isin(cells.codes, list(wrong)))
    return [_problem(table, int(row), column, wrong[int(cells.codes[row])]) for row in rows]


def _problem(table: TextTable, row: int, column: str, says: str) -> Problem:
    return Problem("structure", table.name, int(table.lines[row]), column, table.columns[column].at(row), says)


def _twice(table: TextTable, key: Ints) -> list[Problem]:
    """A problem for every row whose series and period an earlier row has."""
    rows = np.flatnonzero(pd.Series(key).duplicated().to_numpy())
    if not len(rows):
        return []
    first = pd.Series(table.lines).groupby(key).transform("first").to_numpy()
    period = table.columns["period"]
    return [
        _problem(table, int(row), "series", f"is there twice in {period.at(int(row))} (first in row {first[row]})")
        for row in rows
    ]


def _part_classes(table: TextTable, series_row: Ints, number: int) -> tuple[Objects, list[Problem]]:
    """Class of every series, "other" where it has none, and a problem for every row with another one than before."""
    names = np.full(number, UNKNOWN_CLASS, object)
    cells = table.columns.get(OPTIONAL[0])
    if cells is None:
        return names, []
    texts = np.array([text or UNKNOWN_CLASS for text in cells.texts], object)
    first_row = np.full(number, len(series_row))
    np.minimum.at(first_row, series_row, np.arange(len(series_row)))
    names = texts[cells.codes[first_row]]
    other = np.flatnonzero(texts[cells.codes] != names[series_row])
    return names, [
        _problem(table, int(row), OPTIONAL[0], f"the series is of class {names[series_row[row]]} in an earlier row")
        for row in other
    ]


def _calendar(dates: Days) -> tuple[Days, Spacing, int]:
    """All periods from the first date to the last, evenly spaced, what one is, and how many make a year.

    Months: every date is the same day of its month, or the last one. Else the spacing is the greatest number of days
    that divides every distance between dates.
    """
    months = dates.astype("datetime64[M]")
    from_first, to_last = dates - months.astype("datetime64[D]"), (months + 1).astype("datetime64[D]") - dates
    steps = np.diff(months).astype(np.int64)
    if len(dates) > 1 and steps.min() > 0:
        step = math.gcd(*steps.tolist())
        every = np.arange(months[0], months[-1] + 1, step)
        spacing: Spacing = "month" if step == 1 else "other"
        season = max(round(MONTHS_PER_YEAR / step), 1)
        if (from_first == from_first[0]).all():
            return every.astype("datetime64[D]") + from_first[0], spacing, season
        if (to_last == to_last[0]).all():
            return (every + 1).astype("datetime64[D]") - to_last[0], spacing, season
    days = math.gcd(*np.diff(dates).astype(np.int64).tolist())
    if days == 0:
        return dates, "other", 1
    named: dict[int, Spacing] = {1: "day", DAYS_PER_WEEK: "week"}
    return np.arange(dates[0], dates[-1] + 1, days), named.get(days, "other"), max(round(DAYS_PER_YEAR / days), 1)
