"""An empty network explains itself and, once filled in, is read."""

import csv
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from domain.problems import ZapasError
from domain.schemas import SETTINGS, TABLES, about
from storage.network_folder import check_network, read_network
from storage.network_template import template
from storage.network_writing import toml
from tests.networks import tiny_network, tiny_tables

NEEDED = ["sites", "lanes", "parts", "usage", "stock"]


@pytest.mark.parametrize("name", ["network", "network.xlsx"])
def test_an_untouched_template_says_what_to_fill_in(tmp_path: Path, name: str) -> None:
    """The empty network is refused for exactly what is needed: two settings and the rows of five tables."""
    template(tmp_path / name)
    network, report = check_network(tmp_path / name)
    assert network is None
    assert [(problem.table, problem.column) for problem in report.problems] == [
        ("network", "as_of"),
        ("network", "currency"),
        *((table, "") for table in NEEDED),
    ]


def test_a_filled_folder_is_read(tmp_path: Path) -> None:
    """Rows written under the template's headers, and settings put into its network.toml, give the network."""
    path = tmp_path / "network"
    template(path)
    tables, settings = tiny_tables()
    for name, frame in tables.items():
        with (path / f"{name}.csv").open("r+", newline="", encoding="utf-8") as file:
            columns = next(csv.reader(file))
            file.seek(0, 2)
            frame.reindex(columns=columns).to_csv(file, index=False, header=False)
    (path / "network.toml").write_text(toml(settings), encoding="utf-8")
    network, report = read_network(path)
    assert report.problems == []
    assert network.snapshot == tiny_network().snapshot


def test_the_folder_explains_every_column(tmp_path: Path) -> None:
    """README.txt names every table and column with its star; network.toml names every setting."""
    template(tmp_path / "network")
    readme = (tmp_path / "network" / "README.txt").read_text(encoding="utf-8")
    settings = (tmp_path / "network" / "network.toml").read_text(encoding="utf-8")
    for name, schema in TABLES.items():
        section = readme.split(f"\n{name}.csv (")[1].split("\n\n")[0]
        for column in schema.columns.values():
            if not about(column).derived:
                assert f"\n  {column.name}{'*' if about(column).starred else ''}: " in section
    assert all(f"{name} = " in settings for name in SETTINGS.columns)


def test_the_workbook_explains_every_column(tmp_path: Path) -> None:
    """There is a sheet per table with its header, and a sheet `columns` with a line for every column."""
    template(tmp_path / "network.xlsx")
    book = CalamineWorkbook.from_path(tmp_path / "network.xlsx")
    guide = {(row[0], row[1]) for row in book.get_sheet_by_name("columns").to_python()[1:]}
    for name, schema in TABLES.items():
        header = book.get_sheet_by_name(name).to_python()[0]
        assert header == [column.name for column in schema.columns.values() if not about(column).derived]
        assert {(name, column) for column in header} <= guide


@pytest.mark.parametrize("name", ["network", "network.xlsx"])
def test_a_template_overwrites_nothing(tmp_path: Path, name: str) -> None:
    """Where something is already, the template is refused."""
    template(tmp_path / name)
    with pytest.raises(ZapasError, match="is there already"):
        template(tmp_path / name)


def test_the_same_template_has_the_same_bytes(tmp_path: Path) -> None:
    """A workbook made twice is the same file."""
    template(tmp_path / "one.xlsx")
    template(tmp_path / "two.xlsx")
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
