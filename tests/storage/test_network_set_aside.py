"""What is lost is measured and can be mended: shares, the workbook of rows set aside, the full report."""

from pathlib import Path

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from domain.problems import BadData, CheckReport, Problem
from storage.network_folder import network_from_tables, write_report
from storage.network_set_aside import write_set_aside
from tests.networks import tiny_tables


def test_set_aside_rows_keep_their_columns_and_their_text(tmp_path: Path) -> None:
    """A sheet per table: original columns and `error`, every cell as written; no formula, link or number is made."""
    rows = pd.DataFrame(
        {
            "date": ["45658", "2025-01-01"],
            "part": ["0001", "22E1"],
            "note": ["=1+1", "http://x.y"],
            "error": ["date: write 2025-01-01", "part: no such part in parts"],
        }
    )
    write_set_aside(CheckReport([], {"usage": rows, "stock": rows.head(1)}), tmp_path / "set_aside.xlsx")
    book = CalamineWorkbook.from_path(tmp_path / "set_aside.xlsx")
    assert book.sheet_names == ["usage", "stock"]
    assert book.get_sheet_by_name("usage").to_python() == [list(rows), *rows.to_numpy().tolist()]


def test_the_file_lists_what_the_console_cuts(tmp_path: Path) -> None:
    """Every problem is a line of the file."""
    problems = [Problem("fact", "usage", row, "date", "", "no such day") for row in range(2, 102)]
    write_report(CheckReport(problems), tmp_path / "report.txt")
    assert (tmp_path / "report.txt").read_text(encoding="utf-8").count("no such day") == 100


def test_too_many_unreadable_facts_stop_the_plan() -> None:
    """Above set_aside_limit in pieces or money the plan stops and says the shares; below it the rows are set aside."""
    tables, settings = tiny_tables()
    tables["usage"].loc[0, "date"] = "yesterday"
    usage, cost = tables["usage"], tables["parts"].set_index("part")["unit_cost"]
    network, report = network_from_tables(tables, settings | {"set_aside_limit": 0.05})
    value = usage["quantity"] * usage["part"].map(cost)
    assert network.usage["quantity"].sum() == usage["quantity"][1:].sum()
    assert report.share.history_units == pytest.approx(usage["quantity"][0] / usage["quantity"].sum())
    assert report.share.history_money == pytest.approx(value[0] / value.sum())
    assert report.share.position_units == report.share.products == 0
    with pytest.raises(BadData, match="raise set_aside_limit") as stopped:
        network_from_tables(tables, settings | {"set_aside_limit": 0.0001})
    assert len(stopped.value.report.set_aside["usage"]) == 1


def test_a_short_table_is_not_hidden_behind_a_long_history() -> None:
    """Half of the stock unreadable stops the plan however much usage there is."""
    tables, settings = tiny_tables()
    tables["usage"] = tables["usage"].assign(quantity=900_000)
    tables["stock"] = tables["stock"].assign(on_hand=10).astype({"on_hand": object})
    tables["stock"].loc[:4, "on_hand"] = "ten"
    with pytest.raises(BadData, match="raise set_aside_limit") as stopped:
        network_from_tables(tables, settings)
    pieces = 10 * len(tables["stock"]) + 10 + 3  # stock, inbound, repair orders
    assert stopped.value.report.share.position_units == pytest.approx(5 * 10 / pieces)


def test_a_row_without_a_quantity_counts_as_an_average_one() -> None:
    """Of n equal sales one whose units cannot be read is 1/n of the products sold."""
    tables, settings = tiny_tables()
    tables["sales"] = tables["sales"].assign(units=100).astype({"units": object})
    tables["sales"].loc[3, "units"] = "many"
    _, report = network_from_tables(tables, settings | {"set_aside_limit": 0.5})
    assert report.share.products == pytest.approx(1 / len(tables["sales"]))
    assert report.share.history_units == report.share.money == 0
