"""A table on its way from text to facts: typed columns, the rows that cannot be read, and what is wrong with them."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa

from domain.problems import Problem, Severity
from domain.schemas import about, about_table, empty_frame
from storage.network_cells import parse_cells
from storage.network_source import TextColumn, TextTable, misspelt

Rows = npt.NDArray[np.int64]


class Sheet:
    """One table: `frame` has every column of the schema and every row of the file, `good` says which rows stand.

    present: the table is there and has its columns; only then do rules about it make sense.
    absent: it was not given, or given without rows, and nothing is wrong with that.
    """

    def __init__(self, schema: pa.DataFrameSchema, text: TextTable | None, unreadable: bool) -> None:
        self.name: str = schema.name
        self.schema = schema
        self.about = about_table(schema)
        self.text = text
        self.present = text is not None
        self.absent = not (self.about.needed or unreadable or (text is not None and len(text.lines)))
        self.frame = empty_frame(schema)
        self.problems: list[Problem] = []
        self.errors: dict[int, list[str]] = {}
        self.good = np.ones(0 if text is None else len(text.lines), dtype=bool)
        if text is not None:
            self._read(text)

    @property
    def standing(self) -> pd.DataFrame:
        """The rows not rejected, indexed by their position in `frame`."""
        return self.frame if self.good.all() else self.frame[self.good]

    @property
    def has_rejects(self) -> bool:
        """Whether any row was rejected or torn apart."""
        return bool(self.errors) or (self.text is not None and bool(self.text.ragged))

    def reject(self, rows: Sequence[int] | Rows, column: str, says: str | Callable[[int], str]) -> None:
        """These rows cannot be read as meant; `says` what is wrong and what would be right."""
        severity: Severity = "fact" if self.about.fact else "structure"
        for row in map(int, rows):
            sentence = says if isinstance(says, str) else says(row)
            self.problems.append(Problem(severity, self.name, self.line(row), column, self.cell(row, column), sentence))
            self.errors.setdefault(row, []).append(f"{column}: {sentence}" if column else sentence)
        self.good[np.asarray(rows, dtype=np.int64)] = False

    def refuse(self, says: str, column: str = "") -> None:
        """The table as a whole cannot be read as meant."""
        self.problems.append(Problem("structure", self.name, None, column, "", says))

    def warn(self, says: str, column: str = "", row: int | None = None) -> None:
        """Something to look at that does not stop the plan."""
        line, cell = (None, "") if row is None else (self.line(row), self.cell(row, column))
        self.problems.append(Problem("warning", self.name, line, column, cell, says))

    def line(self, row: int) -> int:
        """Line of a row in its file."""
        return int(self.text.lines[row]) if self.text is not None else row + 2

    def cell(self, row: int, column: str) -> str:
        """What the file says there; "" where it has no such column."""
        found = self.text.columns.get(column) if self.text is not None else None
        return found.at(row) if found is not None else ""

    def set_aside(self) -> pd.DataFrame:
        """The rejected rows as they stand in the file, with `error`."""
        text = self.text
        if text is None:
            return pd.DataFrame()
        rows = np.array(sorted(self.errors), dtype=np.int64)
        columns = {name: [column.at(row) for row in rows] for name, column in text.columns.items()}
        torn = [
            f"line {line} does not have one cell per column: put texts that hold a comma in quotes"
            for line, _ in text.ragged
        ]
        frame = pd.DataFrame({**columns, "error": ["; ".join(self.errors[row]) for row in rows]}, dtype=object)
        first = next(iter(text.columns))
        extra = pd.DataFrame({first: [cells for _, cells in text.ragged], "error": torn}, dtype=object)
        return pd.concat([frame, extra], ignore_index=True).fillna("") if torn else frame

    def _read(self, text: TextTable) -> None:
        declared = {name: column for name, column in self.schema.columns.items() if not about(column).derived}
        self._name_strangers(text, declared)
        for line, cells in text.ragged:
            severity: Severity = "fact" if self.about.fact else "structure"
            says = f"not one cell for each of the {len(text.columns)} columns; put texts that hold a comma in quotes"
            self.problems.append(Problem(severity, self.name, line, "", cells, says))
        values: dict[str, npt.NDArray[np.generic]] = {}
        for name, column in self.schema.columns.items():
            note = about(column)
            cells_of = text.columns.get(name) if not note.derived else None
            if cells_of is None:
                if note.starred:
                    self.present = False
                    self.refuse(f"the column is missing{f', e.g. {note.example}' if note.example else ''}", name)
                values[name] = self._defaults(column)
            else:
                values[name] = self._typed(column, cells_of)
        self.frame = pd.DataFrame(values, copy=False)

    def _typed(self, column: pa.Column, cells: TextColumn) -> npt.NDArray[np.generic]:
        values, wrong = parse_cells(column, cells.texts)
        if wrong:
            bad = np.zeros(len(values), dtype=bool)
            bad[list(wrong)] = True
            self.reject(np.flatnonzero(bad[cells.codes]), column.name, lambda row: wrong[int(cells.codes[row])])
        typed: npt.NDArray[np.generic] = values[cells.codes]
        return typed

    def _defaults(self, column: pa.Column) -> npt.NDArray[np.generic]:
        value, _ = parse_cells(column, [""])
        return np.repeat(value, len(self.good))

    def _name_strangers(self, text: TextTable, declared: dict[str, pa.Column]) -> None:
        missing = [name for name in declared if name not in text.columns]
        for name in text.columns:
            if name in self.schema.columns or name == "error":
                continue
            meant = misspelt(name, missing)
            if meant:
                self.refuse(f"the column is not known; it looks like {meant}, rename it", name)
            else:
                self.warn("the column is not known and is left out", name)
