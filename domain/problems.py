"""What can be wrong, in one clear sentence; and the report of everything that is wrong with a network."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # the console names these errors and must not wait for pandas
    import pandas as pd

Severity = Literal["structure", "fact", "warning"]
_TITLES: dict[Severity, str] = {
    "structure": "must be mended before planning",
    "fact": "set aside",
    "warning": "worth a look",
}
LINES_PER_TABLE = 20


class ZapasError(Exception):
    """A failure the user can understand: its text is one sentence, shown without a traceback."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where it stands and what would be right.

    row: line of the file, header included, counted from 1; None when no single row is to blame.
    """

    severity: Severity
    table: str
    row: int | None
    column: str
    value: str
    says: str

    def __str__(self) -> str:
        where = f"{self.table}, row {self.row}" if self.row is not None else self.table
        if self.column:
            where += f", {self.column}"
        value = " ".join(self.value.split())
        value = value if len(value) <= 60 else f"{value[:57]}..."
        return f"{where} “{value}”: {self.says}" if value else f"{where}: {self.says}"


@dataclass(frozen=True)
class SetAside:
    """Shares of the facts that could not be read, in pieces and in their money.

    The history (usage, failures) is years long and the position (stock, inbound, repair orders, overrides) a day's, so
    each is a whole of its own; products sold are a third.
    """

    history_units: float = 0.0
    history_money: float = 0.0
    position_units: float = 0.0
    position_money: float = 0.0
    products: float = 0.0

    @property
    def units(self) -> float:
        """Share in units of the whole that lost most."""
        return max(self.history_units, self.position_units, self.products)

    @property
    def money(self) -> float:
        """Share in money of the whole that lost most."""
        return max(self.history_money, self.position_money)

    def __str__(self) -> str:
        return (
            f"{self.history_units:.2%} of the pieces used and {self.history_money:.2%} of their value, "
            f"{self.position_units:.2%} of the pieces in stock and on order and {self.position_money:.2%} of their "
            f"value, {self.products:.2%} of the products sold"
        )


@dataclass(frozen=True)
class CheckReport:
    """Everything found in a network: problems, rows set aside (original columns and `error`), rows read per table.

    strict: warnings and set-aside rows are errors too.
    """

    problems: list[Problem]
    set_aside: "dict[str, pd.DataFrame]" = field(default_factory=dict)
    share: SetAside = SetAside()
    counts: dict[str, int] = field(default_factory=dict)
    assumed_weights: int = 0
    strict: bool = False

    @property
    def ok(self) -> bool:
        """Whether the network can be planned."""
        return not (self.problems if self.strict else self._of("structure"))

    def text(self, lines_per_table: int | None = LINES_PER_TABLE) -> str:
        """The report for the console, at most `lines_per_table` problems of one kind and table (None: all)."""
        parts = [self._summary()]
        for severity, title in _TITLES.items():
            found = self._of(severity)
            if found:
                parts.append(f"{len(found):,} {_plural(len(found), severity)}, {title}:")
                parts.extend(_listing(found, lines_per_table))
        return "\n".join(parts)

    def _of(self, severity: Severity) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == severity]

    def _summary(self) -> str:
        rows = ", ".join(f"{table} {count:,}" for table, count in self.counts.items())
        lines = [f"Rows read: {rows or 'none'}."]
        aside = sum(len(frame) for frame in self.set_aside.values())
        if aside:
            lines.append(f"Set aside: {aside:,} {_plural(aside, 'row')}: {self.share}.")
        if self.assumed_weights:
            lines.append(f"Weights assumed (class median): {self.assumed_weights:,} of {self.counts['parts']:,} parts.")
        if not self.problems:
            lines.append("No problems found.")
        return "\n".join(lines)


class BadData(ZapasError):  # noqa: N818 - the name says what is wrong, with the data and not with us
    """The data cannot be planned as it is; its text lists the problems, `report` holds all of them if there is one."""

    def __init__(self, problems: Iterable[Problem], report: CheckReport | None = None) -> None:
        self.problems = list(problems)
        self.report = report or CheckReport(self.problems)
        super().__init__(self.report.text())


def _listing(problems: list[Problem], limit: int | None) -> list[str]:
    lines: list[str] = []
    tables = dict.fromkeys(problem.table for problem in problems)
    for table in tables:
        of_table = [problem for problem in problems if problem.table == table]
        shown = of_table[:limit]
        lines.extend(f"  {problem}" for problem in shown)
        if len(of_table) > len(shown):
            lines.append(f"  … and {len(of_table) - len(shown):,} more in {table}")
    return lines


def _plural(count: int, severity: str) -> str:
    noun = {"structure": "error", "fact": "unreadable cell", "warning": "warning"}.get(severity, severity)
    return noun if count == 1 else f"{noun}s"
