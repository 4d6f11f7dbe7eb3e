"""Scenario files: what they say, and every problem of a broken one with its line."""

from pathlib import Path

import pytest

from domain.problems import ZapasError
from scenarios.what_if.patches import KINDS, worlds
from scenarios.what_if.reading import MAX_BYTES, BadScenario, library, read_scenarios, titles
from scenarios.what_if.scenario import Patch
from tests.networks import tiny_network
from tests.scenarios.what_if.networks import rich_network

RICH = rich_network()

GOOD = """
patches:
  rouble_falls: {exchange_rate: {currency: RUB, factor: 1.25}}
  air_shut:
    lane_closed: {mode: air, from_week: 3, weeks: 4}
    announced: false
scenarios:
  rouble-20: {title: The rouble falls by 20 %, patches: [rouble_falls], weight: 0.5}
  rouble-and-air: [rouble_falls, air_shut]
  base: []
"""


def _file(folder: Path, text: str, name: str = "what.yaml") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def _problems(folder: Path, text: str) -> list[tuple[int | None, str, str]]:
    with pytest.raises(BadScenario) as caught:
        read_scenarios([_file(folder, text)], RICH)
    return sorted((one.row or 0, one.column, one.says) for one in caught.value.problems)


def test_a_file_says_patches_and_scenarios(tmp_path: Path) -> None:
    """Patches keep their arguments, their line and whether they are announced; scenarios their title and weight."""
    one, other, base = read_scenarios([_file(tmp_path, GOOD)], RICH)
    falls = Patch("rouble_falls", "exchange_rate", {"currency": "RUB", "factor": 1.25}, True, 3)
    shut = Patch("air_shut", "lane_closed", {"mode": "air", "from_week": 3, "weeks": 4}, False, 4)
    assert (one.title, one.weight, one.patches) == ("The rouble falls by 20 %", 0.5, (falls,))
    assert (other.name, other.title, other.patches) == ("rouble-and-air", "rouble-and-air", (falls, shut))
    assert base.patches == ()


def test_every_scenario_of_the_library_reads_and_can_be_made() -> None:
    """Every name of the library has a title that asks something, and two networks, at least one of them changed."""
    assert len(library()) >= 12
    for scenario in read_scenarios(library(), RICH):
        assert titles()[scenario.name] == scenario.title
        assert scenario.title.endswith("?")
        found = worlds(RICH, scenario)
        assert found.world.snapshot != RICH.snapshot
        assert found.known.snapshot == (found.world if scenario.all_announced else RICH).snapshot


def test_every_problem_is_named_with_its_line(tmp_path: Path) -> None:
    """One reading finds unknown keys, kinds and ids, wrong units, missing and surplus arguments, each with its line."""
    text = """patches:
  a: {lane_closd: {mode: air}}
  b: {lane_closed: {mode: ari, weeks: 4}}
  c: {lane_closed: {mood: air, weeks: 4}}
  d:
    tariff:
      country: RUS
      add: 10%
  e: {demand_surge: {category: phone, country: KZ, factor: 2}}
  f: {lane_slower: {mode: rail}}
  g: {supplier_late: {supplier: S1, days: -3}}
  h: {lane_closed: {mode: air}, budget: {factor: 1}}
  i: {budget: {factor: 0.5}, announced: maybe}
  k: {supplier_shut: {supplier: S1, start: 30-02}}
  k: {budget: {factor: 0.7}}
  l: {lane_closed: {mode: air, weeks: 1.5}}
  m: {lane_closed: {weeks: 2}}
  n: {lane_closed: {mode: [air], weeks: 2}}
  o: {demand_surge: {category: all, factor: inf}}
scenarios:
  one: {title: x, patchs: [a]}
  two: [a, z]
  three: {patches: [i, i], weight: heavy}
  four: 7
scenario: {}
"""
    found = _problems(tmp_path, text)
    says = {(row, column): text for row, column, text in found}
    wanted = {
        (2, "a"): "lane_closed is",
        (3, "b.mode"): "no such mode in this network; air is",
        (4, "c.lane_closed"): "mode is",
        (7, "d.country"): "no such country in this network; RU is",
        (8, "d.add"): "no number; write it plainly, in shares of 1",
        (9, "e.demand_surge"): "exactly one of category, model, country, region, site, brand",
        (10, "f.lane_slower"): "days is missing",
        (11, "g.days"): "must be more than 0",
        (12, "h"): "exactly one kind",
        (13, "i.announced"): "write true or false",
        (14, "k.start"): "no day",
        (15, "patches"): "stands twice, first in line 14",
        (16, "l.weeks"): "no whole number",
        (17, "m.lane_closed"): "give at least one of mode, origin",
        (18, "n.mode"): "one value, not a list",
        (19, "o.factor"): "must be more than 1",
        (21, "one"): "patches is",
        (22, "two"): "no patch of this file",
        (23, "three"): "stands twice in the list",
        (23, "three.weight"): "no number",
        (24, "four"): "must be a list of patches",
        (25, ""): "scenarios is",
    }
    assert says.keys() == wanted.keys()
    assert [key for key, words in wanted.items() if words not in says[key]] == []


def test_what_does_not_fit_the_network_or_clashes_has_a_line_too(tmp_path: Path) -> None:
    """A period that ends before it starts, a choice of no lane and two patches that disagree are named at once."""
    text = """patches:
  back: {lane_closed: {mode: air, start: 2025-08-02, end: 2025-08-01}}
  none: {lane_closed: {mode: sea, origin: D1, weeks: 2}}
  twice: {lane_dearer: {mode: air, factor: 2}}
  more: {lane_dearer: {mode: air, factor: 3}}
scenarios:
  all: [back, none, twice, more]
  again: [twice, more]
"""
    back, none, clash = _problems(tmp_path, text)
    assert back[:2] == (2, "back.end")
    assert "no lane has mode sea and origin D1" in none[2]
    assert clash[0] in (4, 5)
    assert "clashes with" in clash[2]
    assert "lanes.cost_per_kg" in clash[2]


def test_the_text_of_the_refusal_names_file_line_and_cure(tmp_path: Path) -> None:
    """Each problem is one line of text a person can act on."""
    path = _file(tmp_path, "patches:\n  a: {budget: {factr: 1}}\nscenarios:\n  a: [a]\n")
    with pytest.raises(BadScenario) as caught:
        read_scenarios([path], RICH)
    assert "1 problem in the scenarios:" in str(caught.value)
    assert "what.yaml, row 2, a.budget “factr”: no key that is known; factor is" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "is empty"),
        ("[1, 2]", 1, "must be keys with values"),
        ("patches: {}\n", 1, "is missing"),
        ("a: [", 1, "is no YAML"),
        ("patches: &p {a: {budget: {factor: 1}}}\nscenarios: {a: *p}\n", 2, "is an alias"),
        ("a: &a [x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n", 2, "is an alias"),
        ("[" * 5000, 1, "nested too deep"),
        ("patches: {}\n---\nscenarios: {}\n", 2, "second document"),
        ("patches:\n  a: {budget: {factor: !!python/object:os.system 1}}\nscenarios: {a: [a]}\n", 2, "a tag"),
        ("? [a, b]\n: 1\n", 1, "is no name"),
        ("patches: {a: {budget: {factor: }}}\nscenarios: {a: [a]}\n", 1, "has no value"),
        ("a" * (MAX_BYTES + 1), 0, "is larger than"),
        ("a: \x00\n", 0, "is no YAML"),
    ],
)
def test_hostile_files_are_refused_in_a_sentence(tmp_path: Path, text: str, line: int, says: str) -> None:
    """Aliases, depth, tags, size and what is no YAML never get as far as being built, nor give a traceback."""
    assert any(row == line and says in words for row, _, words in _problems(tmp_path, text))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A file in another encoding is named as such."""
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(BadScenario, match="UTF-8"):
        read_scenarios([str(tmp_path / "x.yaml")], RICH)


def test_ids_are_text_whatever_they_look_like(tmp_path: Path) -> None:
    """`0001`, `22E1` and `NA` are part numbers, not numbers or nothing."""
    text = "patches:\n" + "".join(
        f"  p{part}: {{part_recalled: {{part: {part}}}}}\n" for part in ("0001", "22E1", "NA")
    )
    (found,) = read_scenarios([_file(tmp_path, text + "scenarios: {all: [p0001, p22E1, pNA]}\n")], RICH)
    assert [patch.arguments["part"] for patch in found.patches] == ["0001", "22E1", "NA"]


def test_a_name_that_is_neither_file_nor_library_is_refused(tmp_path: Path) -> None:
    """The nearest name of the library is offered; a file that is not there is named."""
    with pytest.raises(ZapasError, match=r"rouble20: no scenario of the library; rouble-20 is\."):
        read_scenarios(["rouble20"], RICH)
    with pytest.raises(ZapasError, match="there is no such file"):
        read_scenarios([str(tmp_path / "none.yaml")], RICH)


def test_two_files_may_not_name_a_scenario_alike(tmp_path: Path) -> None:
    """Results are kept by name, so that a name is one scenario."""
    with pytest.raises(BadScenario, match="stands in two files"):
        read_scenarios([_file(tmp_path, GOOD), _file(tmp_path, GOOD, "other.yaml")], RICH)


def test_the_library_says_what_a_network_lacks() -> None:
    """On a network without roubles the question about them does not arise, and that is said with what there is."""
    with pytest.raises(BadScenario, match="no such currency in this network"):
        read_scenarios(["rouble-20"], tiny_network())


def test_every_kind_has_help_with_an_example_that_reads(tmp_path: Path) -> None:
    """What the help of a kind shows as its example is understood on the rich network."""
    for name, kind in KINDS.items():
        assert kind.help()[-1] == f"  e.g. {name}: {kind.example}"
        text = f"patches:\n  p: {{{name}: {kind.example}}}\nscenarios: {{s: [p]}}\n"
        (found,) = read_scenarios([_file(tmp_path, text)], RICH)
        assert found.patches[0].kind == name
