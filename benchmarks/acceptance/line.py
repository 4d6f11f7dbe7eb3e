"""A "done" line as a value, what was measured for it, and the verdict."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import rmtree
from time import perf_counter


@dataclass(frozen=True)
class Figure:
    """One measured number and what was asked of it; NaN keeps no limit, no limit at all means for information."""

    what: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def limited(self) -> bool:
        """Whether anything was asked of it."""
        return self.at_most is not None or self.at_least is not None

    @property
    def kept(self) -> bool:
        """Whether it is within its limits."""
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )

    def __str__(self) -> str:
        limits = (("≤", self.at_most), ("≥", self.at_least))
        asked = " and ".join(f"{sign} {_number(limit)}" for sign, limit in limits if limit is not None)
        unit = f" {self.unit}" if self.unit else ""
        text = f"{self.what} {_number(self.value)}{unit}"
        if asked:
            text += f" ({asked})"
        return text if self.kept else f"{text} ✗"


@dataclass(frozen=True)
class Bench:
    """Where a line works: the checkout, an empty folder, the real data (None: there are none), the caller's choices.

    networks: how many random networks. notes: what was seen when the documents were looked at. tell: hears progress.
    """

    root: Path
    folder: Path
    real_data: Path | None
    networks: int = 200
    notes: str = ""
    tell: Callable[[str], None] = lambda text: None


Measure = Callable[[Bench], Iterator[Figure | str]]


@dataclass(frozen=True)
class Line:
    """A "done" line: `measure` yields figures, and remarks as plain text; `repeat` is how to do the same by hand."""

    issue: int
    name: str
    asked: str
    measure: Measure
    repeat: str


@dataclass(frozen=True)
class Outcome:
    """What came out: all that was measured before the end, and the error that ended it early, if any."""

    line: Line
    figures: list[Figure] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Something was asked and measured, every limit was kept, and nothing went wrong."""
        return not self.error and any(f.limited for f in self.figures) and all(f.kept for f in self.figures)


class NotMeasuredError(Exception):
    """The line cannot be measured here; the message says why."""


def run(lines: Iterable[Line], bench: Bench) -> list[Outcome]:
    """Measure the lines one after another, each in a folder of its own; one that raises has failed, the rest go on."""
    outcomes = []
    for line in lines:
        bench.tell(f"\n{line.name} (issue {line.issue})\n  asked     {line.asked}")
        own = replace(bench, folder=bench.folder / line.name)
        own.folder.mkdir()
        outcomes.append(_measured(line, own))
        rmtree(own.folder, ignore_errors=True)
        bench.tell(f"  verdict   {verdict(outcomes[-1])}, {outcomes[-1].seconds:.0f} s")
    return outcomes


def _measured(line: Line, bench: Bench) -> Outcome:
    figures: list[Figure] = []
    remarks: list[str] = []
    error, begun = "", perf_counter()
    try:
        for found in line.measure(bench):
            if isinstance(found, Figure):
                figures.append(found)
            else:
                remarks.append(_without_places(bench, found))
            bench.tell(f"  measured  {found}")
    except Exception as raised:  # whatever went wrong is this line's verdict, and the other lines still run
        text = str(raised) if isinstance(raised, NotMeasuredError) else f"{type(raised).__name__}: {raised}"
        error = one_line(_without_places(bench, text))
        bench.tell(f"  failed    {error}")
    return Outcome(line, figures, remarks, error, perf_counter() - begun)


def _without_places(bench: Bench, text: str) -> str:
    """The text in words that hold on every machine."""
    for place, name in ((bench.folder, "FOLDER"), (bench.real_data, "DATA"), (bench.root, ".")):
        text = text.replace(str(place), name) if place else text
    return text


def verdict(outcome: Outcome) -> str:
    """The verdict as a word."""
    return "passed" if outcome.passed else "FAILED"


def one_line(text: str, longest: int = 300) -> str:
    """The text without line breaks, cut off where it grows too long for a table."""
    joined = " ".join(text.split())
    return joined if len(joined) <= longest else joined[: longest - 1] + "…"


def chosen(lines: Sequence[Line], names: Sequence[str]) -> list[Line]:
    """The lines of these names in the order of the table, all where none is named. Raises KeyError for an unknown."""
    known = {line.name for line in lines}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise KeyError(f"no line is called {', '.join(unknown)}; there are {', '.join(line.name for line in lines)}")
    return [line for line in lines if not names or line.name in names]


def _number(value: float) -> str:
    """Whole numbers whole, others with four digits that count."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"
