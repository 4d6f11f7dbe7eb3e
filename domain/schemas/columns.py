"""The vocabulary in which tables are declared: one constructor per kind of column.

A column is a pandera Column (dtype, nullability, checks) that carries what pandera has no word for in an `About`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import pandera.pandas as pa

Kind = Literal["text", "number", "count", "date", "month", "boolean"]
DTYPES: dict[Kind, str] = {
    "text": "object",
    "number": "float64",
    "count": "int64",
    "date": "datetime64[ns]",
    "month": "datetime64[ns]",
    "boolean": "bool",
}


@dataclass(frozen=True)
class About:
    """What a column means to a person and to the reader.

    starred: the column must be there and, unless `may_be_empty`, filled. empty: the text an empty cell stands for;
    empty_means: the same in words where the value is computed ("class median"). refers: `table.column` whose values
    it names. money: an amount in the row's `currency`. derived: made by the reader, not found in the folder.
    """

    kind: Kind
    starred: bool
    empty: str
    empty_means: str
    unit: str
    example: str
    refers: str
    money: bool
    may_be_empty: bool
    derived: bool


@dataclass(frozen=True)
class AboutTable:
    """What a table means: its key, whether it is needed, and what becomes of a row that cannot be read.

    key: columns that identify a row. fact: a bad row is set aside; otherwise it stops the plan.
    adds_up: rows with equal keys are added up; otherwise a key occurs once.
    """

    key: tuple[str, ...]
    needed: bool
    fact: bool
    adds_up: bool


def about(column: pa.Column) -> About:
    """The `About` of a column declared here."""
    found: About = column.metadata["about"]
    return found


def about_table(schema: pa.DataFrameSchema) -> AboutTable:
    """The `AboutTable` of a table declared here."""
    found: AboutTable = schema.metadata["about"]
    return found


def table(
    name: str,
    says: str,
    key: str,
    *columns: pa.Column,
    needed: bool = False,
    fact: bool = False,
    adds_up: bool = False,
) -> pa.DataFrameSchema:
    """A table: `key` names its key columns, separated by spaces; they come first and order the rows."""
    return pa.DataFrameSchema(
        {column.name: column for column in columns},
        name=name,
        description=says,
        strict=True,
        metadata={"about": AboutTable(tuple(key.split()), needed, fact, adds_up)},
    )


def text(
    name: str,
    says: str,
    example: str = "",
    *,
    star: bool = False,
    empty: str = "",
    means: str = "",
    allowed: Iterable[str] = (),
    refers: str = "",
    may_be_empty: bool = False,
) -> pa.Column:
    """Text, never null: an id, a name, or one of the `allowed` words."""
    words = list(allowed)
    checks = [pa.Check.isin(words, error=f"one of {', '.join(words)}")] if words else []
    note = About("text", star, empty, means, "", example, refers, False, may_be_empty, False)
    return _column(name, says, note, checks, nullable=False)


def number(
    name: str,
    says: str,
    unit: str,
    example: str = "",
    *,
    star: bool = False,
    empty: str = "",
    means: str = "",
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    money: bool = False,
) -> pa.Column:
    """A float; an empty cell without a default is NaN unless `means` says how it is filled."""
    note = About("number", star, empty, means, unit, example, "", money, False, False)
    nullable = not star and not empty and not means.startswith("filled:")
    return _column(name, says, note, _bounds(least, above, most), nullable=nullable)


def count(
    name: str,
    says: str,
    unit: str,
    example: str = "",
    *,
    star: bool = False,
    empty: str = "",
    least: float | None = 0,
    most: float | None = None,
) -> pa.Column:
    """A whole number, int64, never null."""
    note = About("count", star, empty, "", unit, example, "", False, False, False)
    return _column(name, says, note, _bounds(least, None, most), nullable=False)


def day(name: str, says: str, example: str = "", *, star: bool = False, means: str = "") -> pa.Column:
    """A date; empty is NaT."""
    note = About("date", star, "", means, "date", example or "2025-06-30", "", False, False, False)
    return _column(name, says, note, [], nullable=not star)


def month(name: str, says: str) -> pa.Column:
    """A month, required, written as its first day."""
    first = pa.Check(lambda dates: dates.dt.day == 1, error="the first day of the month", name="first_of_month")
    note = About("month", True, "", "", "month, by its first day", "2025-06-01", "", False, False, False)
    return _column(name, says, note, [first], nullable=False)


def boolean(name: str, says: str, *, empty: str = "false", derived: bool = False) -> pa.Column:
    """True or false, never null."""
    note = About("boolean", False, empty, "", "true/false", "true", "", False, False, derived)
    return _column(name, says, note, [], nullable=False)


def _column(name: str, says: str, note: About, checks: list[pa.Check], nullable: bool) -> pa.Column:
    dtype = DTYPES[note.kind]
    return pa.Column(dtype, checks, name=name, nullable=nullable, description=says, metadata={"about": note})


def _bounds(least: float | None, above: float | None, most: float | None) -> list[pa.Check]:
    checks = []
    if least is not None:
        checks.append(pa.Check.ge(least, error=f"{least:g} or more"))
    if above is not None:
        checks.append(pa.Check.gt(above, error=f"more than {above:g}"))
    if most is not None:
        checks.append(pa.Check.le(most, error=f"{most:g} or less"))
    return checks


def empty_frame(schema: pa.DataFrameSchema) -> pd.DataFrame:
    """The table without rows, every column of its dtype."""
    return pd.DataFrame({name: pd.Series(dtype=DTYPES[about(c).kind]) for name, c in schema.columns.items()})
