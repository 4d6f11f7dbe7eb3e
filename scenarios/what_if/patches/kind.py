"""What a kind of patch is: its arguments with units and limits, an example, and the function that says what changes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from domain.network import Network
from scenarios.what_if.patches.change import Change
from scenarios.what_if.scenario import Value

Form = Literal["text", "number", "count", "date"]


class Unfit(ValueError):  # noqa: N818 - the patch is understood and does not fit this network
    """A patch asks for what the network has not; `argument` is to blame ("" when all of it is)."""

    def __init__(self, argument: str, says: str) -> None:
        super().__init__(says)
        self.argument, self.says = argument, says


@dataclass(frozen=True)
class Argument:
    """One key of a patch. of: what its text names (`choose.NOUNS`), checked against the network.

    least, most: limits of a number, inclusive; above: exclusive.
    """

    name: str
    says: str
    form: Form = "text"
    unit: str = ""
    of: str = ""
    required: bool = False
    least: float | None = None
    above: float | None = None
    most: float | None = None

    def read(self, text: str) -> Value:
        """The value a cell of text stands for. Raises ValueError that says what would be right."""
        if self.form == "text":
            return text
        if self.form == "date":
            return _day(text)
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"no number; write it plainly{f', in {self.unit}' if self.unit else ''}") from None
        if self.form == "count" and value != int(value if abs(value) < 1e9 else 0):
            raise ValueError("no whole number")
        if not self._within(value):
            raise ValueError(f"must be {self._limits()}{f' {self.unit}' if self.unit else ''}")
        return int(value) if self.form == "count" else value

    def _within(self, value: float) -> bool:
        return (
            value - value == 0.0  # finite
            and (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
        )

    def _limits(self) -> str:
        limits = ((self.least, "{:g} or more"), (self.above, "more than {:g}"), (self.most, "{:g} or less"))
        return " and ".join(words.format(limit) for limit, words in limits if limit is not None) or "finite"


@dataclass(frozen=True)
class Request:
    """A patch put to a network: `given` holds arguments already read and within their limits."""

    network: Network
    given: Mapping[str, Value]
    announced: bool = True

    def has(self, name: str) -> bool:
        """Whether the argument is given."""
        return name in self.given

    def text(self, name: str) -> str:
        """A text argument, "" when it is not given."""
        return str(self.given.get(name, ""))

    def number(self, name: str, default: float = 0.0) -> float:
        """A number, `default` when it is not given."""
        return float(self.given.get(name, default))


@dataclass(frozen=True)
class Kind:
    """A kind of patch. example: its arguments as one would write them in YAML.

    one_of: groups of arguments of which exactly one is given; some_of: at least one of these is. layer: kinds of a
    lower layer are applied first, whatever the order of the patches: places, then exchange rates, then choices and
    quotes, then charges on top.
    """

    name: str
    says: str
    arguments: tuple[Argument, ...]
    example: str
    changes: Callable[[Request], list[Change]]
    one_of: tuple[tuple[str, ...], ...] = ()
    some_of: tuple[str, ...] = ()
    layer: int = 2

    def argument(self, name: str) -> Argument | None:
        """The argument of this name, if the kind has it."""
        return next((one for one in self.arguments if one.name == name), None)

    def missing(self, given: Sequence[str]) -> list[str]:
        """What is wrong with which arguments are given, in sentences."""
        says = [
            f"{one.name} is missing: {one.says}" for one in self.arguments if one.required and one.name not in given
        ]
        for group in self.one_of:
            if sum(name in given for name in group) != 1:
                says.append(f"give exactly one of {', '.join(group)}")
        if self.some_of and not set(self.some_of) & set(given):
            says.append(f"give at least one of {', '.join(self.some_of)}")
        return says

    def help(self) -> list[str]:
        """The kind for people: what it is, each argument with its unit, an example; a line each."""
        lines = [f"{self.name}: {self.says}"]
        for one in self.arguments:
            unit = f" ({one.unit})" if one.unit else ""
            lines.append(f"  {one.name}{'*' if one.required else ''}{unit}: {one.says}")
        return [*lines, f"  e.g. {self.name}: {self.example}"]


def _day(text: str) -> str:
    """ISO date, month and day (the next one after `as_of`), or the name of a moving feast."""
    if text == SPRING_FESTIVAL:
        return text
    try:
        return date.fromisoformat(text if text.count("-") == 2 else f"2024-{text}").isoformat()[-len(text) :]
    except ValueError:
        says = f"no day; write 2026-11-11, 11-11 for the next one, or {SPRING_FESTIVAL}"
        raise ValueError(says) from None


SPRING_FESTIVAL = "spring-festival"
