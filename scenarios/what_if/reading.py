"""Scenarios from YAML files and from the library, every problem of all of them named at once, with its line.

A file holds `patches`, each a name with one kind and its arguments (and `announced`), and `scenarios`, each a name with
a list of patches, or with `title`, `patches` and `weight`:

    patches:
      rouble_falls: {exchange_rate: {currency: RUB, factor: 1.25}}
      air_shut:     {lane_closed: {mode: air, from_week: 3, weeks: 4}, announced: false}
    scenarios:
      rouble-20: {title: "What if the rouble falls by 20 %?", patches: [rouble_falls]}
      rouble-and-air: [rouble_falls, air_shut]

What a cell says is read by the argument it stands for, not by YAML's own guesses: `NO` is a country, `0010` a part.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import yaml

from domain.network import Network
from domain.problems import BadData, Problem, ZapasError
from scenarios.what_if.patches import KINDS, complaints
from scenarios.what_if.patches.choose import ALL, MOST, ids
from scenarios.what_if.patches.kind import Argument, Kind
from scenarios.what_if.scenario import Patch, Scenario, Value

LIBRARY = Path(__file__).parent / "library"
MAX_BYTES = 256 * 1024
_DEEPEST = 8
_SCENARIO_KEYS = ("title", "patches", "weight")
_WEIGHT = Argument("weight", "how much the scenario counts", "number", above=0, most=1e6)
_PLAIN = {"tag:yaml.org,2002:" + name for name in ("str", "int", "float", "bool", "null", "timestamp")}
_MOST_SHOWN = 5


class BadScenario(BadData):
    """Scenarios that cannot be run on this network; its text is one line for every problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__(problems)
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        self.args = (f"{count} {'problem' if count == 1 else 'problems'} in the scenarios:\n{lines}",)


def library() -> tuple[str, ...]:
    """Names of the scenarios that come with Zapas."""
    return tuple(sorted(path.stem for path in LIBRARY.glob("*.yaml")))


@cache
def titles() -> dict[str, str]:
    """What each scenario of the library asks, by name."""
    found = {}
    for name in library():
        document = yaml.safe_load((LIBRARY / f"{name}.yaml").read_text(encoding="utf-8"))
        found[name] = str(document["scenarios"][name]["title"])
    return found


def read_scenarios(named: Sequence[str], network: Network) -> tuple[Scenario, ...]:
    """The scenarios of library names and YAML files, in that order.

    Raises BadScenario with every problem of all of them: what is no YAML, unknown keys, kinds and ids, values out of
    their limits, patches that do not fit this network or clash; ZapasError for a name that is neither.
    """
    found: list[Scenario] = []
    problems: list[Problem] = []
    for name in dict.fromkeys(named):
        reader = _Reader(_path_of(name), network)
        found += reader.scenarios()
        problems += reader.problems
    first: set[str] = set()
    for scenario in found:
        if scenario.name in first:
            problems.append(
                Problem("structure", "scenarios", None, scenario.name, "", "stands in two files; rename one")
            )
        first.add(scenario.name)
    if problems:
        raise BadScenario(problems)
    return tuple(found)


def _path_of(name: str) -> Path:
    if name in library():
        return LIBRARY / f"{name}.yaml"
    path = Path(name)
    if path.is_file():
        return path
    if path.suffix in (".yaml", ".yml"):
        raise ZapasError(f"{name}: there is no such file.")
    raise ZapasError(f"{name}: no scenario of the library{_hint(name, library())}.")


@dataclass(frozen=True)
class _Cell:
    """A key with its value and line."""

    key: str
    node: yaml.Node
    line: int


class _Reader:
    """One file on its way to scenarios; `problems` grows as it is read."""

    def __init__(self, path: Path, network: Network) -> None:
        self.path, self.network = path, network
        self.problems: list[Problem] = []
        self._lines: dict[tuple[str, str], int] = {}

    def scenarios(self) -> list[Scenario]:
        """The scenarios that can be read; what cannot is among the problems."""
        root = self._document()
        if root is None:
            return []
        top = {cell.key: cell for cell in self._entries(root, "", ("patches", "scenarios"))}
        patches: dict[str, Patch | None] = {}
        if "patches" in top:
            patches = {cell.key: self._patch(cell) for cell in self._entries(top["patches"].node, "patches")}
        if "scenarios" not in top:
            self._wrong(1, "scenarios", "", "is missing; list the names of patches under the name of a scenario")
            return []
        cells = list(self._entries(top["scenarios"].node, "scenarios"))
        found = [scenario for cell in cells if (scenario := self._scenario(cell, patches)) is not None]
        for scenario in found:
            self._put_to_the_network(scenario)
        return found

    def _document(self) -> yaml.Node | None:
        """The root of the file, if it is YAML of a kind and size that can hold scenarios."""
        if self.path.stat().st_size > MAX_BYTES:
            self._wrong(None, "", "", f"is larger than {MAX_BYTES // 1024} KiB; scenarios are short")
            return None
        try:
            text = self.path.read_text(encoding="utf-8-sig")
            if self._is_plain(text):
                return yaml.compose(text, Loader=yaml.SafeLoader)
        except UnicodeDecodeError:
            self._wrong(None, "", "", "is no UTF-8 text; save it as UTF-8")
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            says = getattr(error, "problem", None) or "cannot be read"
            self._wrong(None if mark is None else mark.line + 1, "", "", f"is no YAML: {says}")
        return None

    def _is_plain(self, text: str) -> bool:
        """Whether there is one document without aliases and of little depth, seen before anything is built of it."""
        depth, documents, before = 0, 0, len(self.problems)
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            line = event.start_mark.line + 1 if event.start_mark else None
            if isinstance(event, yaml.AliasEvent):
                self._wrong(line, "", f"*{event.anchor}", "is an alias; write it out")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            documents += isinstance(event, yaml.DocumentStartEvent)
            if depth > _DEEPEST or documents > 1:
                says = (
                    "is nested too deep for a scenario" if documents < 2 else "starts a second document; leave it out"
                )
                self._wrong(line, "", "", says)
                break
        if not documents:
            self._wrong(1, "", "", "is empty; write patches and scenarios")
        return len(self.problems) == before

    def _entries(self, node: yaml.Node, what: str, known: Sequence[str] = ()) -> Iterator[_Cell]:
        """Keys and values of a mapping; a key twice, and with `known` an unknown one, is a problem."""
        if not isinstance(node, yaml.MappingNode):
            self._wrong(_line(node), what, _raw(node), "must be keys with values, key: value")
            return
        seen: dict[str, int] = {}
        for key_node, value in node.value:
            key, line = _raw(key_node), _line(key_node)
            if not isinstance(key_node, yaml.ScalarNode) or not key.strip():
                self._wrong(line, what, key, "is no name")
            elif key in seen:
                self._wrong(line, what, key, f"stands twice, first in line {seen[key]}")
            elif known and key not in known:
                self._wrong(line, what, key, f"no key that is known{_hint(key, known)}")
            else:
                seen[key] = line
                yield _Cell(key, value, line)

    def _patch(self, cell: _Cell) -> Patch | None:
        name, before = cell.key, len(self.problems)
        entries = {one.key: one for one in self._entries(cell.node, name, [*KINDS, "announced"])}
        announced = self._announced(name, entries.pop("announced", None))
        if len(self.problems) == before and len(entries) != 1:
            many = " and ".join(entries) or "nothing"
            self._wrong(cell.line, name, "", f"must be of exactly one kind, e.g. {_example()}; it has {many}")
        if len(self.problems) > before or not entries:
            return None
        (entry,) = entries.values()
        kind = KINDS[entry.key]
        cells = list(self._entries(entry.node, f"{name}.{kind.name}", [one.name for one in kind.arguments]))
        if len(self.problems) == before:  # else a misspelt one would be missed too
            for says in kind.missing([one.key for one in cells]):
                self._wrong(entry.line, f"{name}.{kind.name}", "", f"{says}, e.g. {kind.example}")
        given = {one.key: value for one in cells if (value := self._value(name, kind, one)) is not None}
        self._lines |= {(name, ""): cell.line, **{(name, one.key): one.line for one in cells}}
        return Patch(name, kind.name, given, announced, cell.line) if len(self.problems) == before else None

    def _announced(self, name: str, cell: _Cell | None) -> bool:
        if cell is not None and _raw(cell.node) not in ("true", "false"):
            self._wrong(cell.line, f"{name}.announced", _raw(cell.node), "write true or false")
        return cell is None or _raw(cell.node) == "true"

    def _value(self, name: str, kind: Kind, cell: _Cell) -> Value | None:
        """The value of an argument, None when it cannot be read as meant."""
        argument = kind.argument(cell.key)
        text = self._text(cell, f"{name}.{cell.key}")
        if argument is None or text is None:
            return None
        try:
            value = argument.read(text)
        except ValueError as error:
            self._wrong(cell.line, f"{name}.{cell.key}", text, str(error))
            return None
        if argument.of and text not in (ALL, MOST.get(argument.of)):
            known = ids(self.network, argument.of)
            if text not in known:
                words = [MOST[argument.of]] if argument.of in MOST else []
                says = f"no such {argument.of.replace('_', ' ')} in this network{_hint(text, [*known, *words])}"
                self._wrong(cell.line, f"{name}.{cell.key}", text, says)
                return None
        return value

    def _text(self, cell: _Cell, what: str) -> str | None:
        node = cell.node
        if not isinstance(node, yaml.ScalarNode):
            self._wrong(cell.line, what, "", "must be one value, not a list or keys with values")
            return None
        if node.tag not in _PLAIN:
            self._wrong(cell.line, what, node.tag, "a tag that is not known here; leave it out")
            return None
        if not node.value.strip():
            self._wrong(cell.line, what, "", "has no value")
            return None
        return str(node.value).strip()

    def _scenario(self, cell: _Cell, patches: dict[str, Patch | None]) -> Scenario | None:
        before, title, weight = len(self.problems), "", 1.0
        listed: yaml.Node | None = cell.node
        if isinstance(cell.node, yaml.MappingNode):
            own = {one.key: one for one in self._entries(cell.node, cell.key, _SCENARIO_KEYS)}
            listed = own["patches"].node if "patches" in own else None
            title = (self._text(own["title"], f"{cell.key}.title") or "") if "title" in own else ""
            text = self._text(own["weight"], f"{cell.key}.weight") if "weight" in own else None
            try:
                weight = weight if text is None else float(_WEIGHT.read(text))
            except ValueError as error:
                self._wrong(own["weight"].line, f"{cell.key}.weight", text or "", str(error))
        chosen = [] if listed is None else self._chosen(listed, cell.key, patches)
        if len(self.problems) > before or None in chosen:
            return None
        return Scenario(cell.key, title or cell.key, tuple(one for one in chosen if one is not None), weight)

    def _chosen(self, node: yaml.Node, name: str, patches: dict[str, Patch | None]) -> list[Patch | None]:
        if not isinstance(node, yaml.SequenceNode):
            self._wrong(_line(node), name, _raw(node), "must be a list of patches, [one, other]")
            return []
        found: dict[str, Patch | None] = {}
        for item in node.value:
            key = _raw(item)
            if key in found:
                self._wrong(_line(item), name, key, "stands twice in the list")
            elif key not in patches:
                self._wrong(_line(item), name, key, f"no patch of this file{_hint(key, list(patches))}")
            else:
                found[key] = patches[key]
        return list(found.values())

    def _put_to_the_network(self, scenario: Scenario) -> None:
        for one in complaints(self.network, scenario.patches):
            line = self._lines.get((one.patch.name, one.argument), one.patch.line)
            where = f"{one.patch.name}.{one.argument or one.patch.kind}"
            problem = self._problem(line, where, str(one.patch.arguments.get(one.argument, "")), one.says)
            if problem not in self.problems:
                self.problems.append(problem)

    def _wrong(self, line: int | None, where: str, value: str, says: str) -> None:
        self.problems.append(self._problem(line, where, value, says))

    def _problem(self, line: int | None, where: str, value: str, says: str) -> Problem:
        return Problem("structure", self.path.name, line, where, value, says)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _raw(node: yaml.Node) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _hint(word: str, known: Sequence[str]) -> str:
    """The nearest of what is known, else what there is, as the end of a sentence."""
    near = get_close_matches(word.lower(), [one.lower() for one in known], n=1, cutoff=0.6)
    if near:
        return f"; {next(one for one in known if one.lower() == near[0])} is"
    shown = ", ".join(known[:_MOST_SHOWN])
    return f"; there are {shown}{' and more' if len(known) > _MOST_SHOWN else ''}" if known else "; there is none"


def _example() -> str:
    kind = next(iter(KINDS.values()))
    return f"{kind.name}: {kind.example}"
