"""Panels: ids stay text, missing rows keep their meaning, and everything wrong is reported at once."""

import gzip
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.problems import BadData
from storage.panel import Panel, read_panel

MONTHLY = """series,period,quantity,part_class
0001,2020-01-01,2,pump
0001,2020-02-01,0,pump
NA,2020-03-01,-1,
NA,2020-01-01,3,
22E1,2020-03-01,1,board
"""


def written(folder: Path, text: str, name: str = "panel.csv") -> Panel:
    """The panel of this text."""
    file = folder / name
    content = text.encode()
    file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return read_panel(file)


def assert_equal(one: Panel, other: Panel) -> None:
    """Two panels are the same."""
    np.testing.assert_array_equal(one.series, other.series)
    np.testing.assert_array_equal(one.periods, other.periods)
    np.testing.assert_array_equal(one.quantity, other.quantity)
    np.testing.assert_array_equal(one.part_class, other.part_class)
    assert (one.spacing, one.season) == (other.spacing, other.season)


def test_ids_are_text_and_a_missing_row_is_unknown(tmp_path: Path) -> None:
    """0001, NA and 22E1 keep their letters; months without a row are gaps, for the panel says 0 where it means 0."""
    panel = written(tmp_path, MONTHLY)
    assert list(panel.series) == ["0001", "22E1", "NA"]
    assert list(panel.part_class) == ["pump", "board", "other"]
    np.testing.assert_array_equal(panel.classes, [[2], [0], [1]])
    np.testing.assert_array_equal(panel.counts, [[2, 0, 0], [0, 0, 1], [3, 0, -1]])
    np.testing.assert_array_equal(panel.exposure, [[1, 1, 0], [0, 0, 1], [1, 0, 1]])
    assert (panel.spacing, panel.season) == ("month", 12)
    assert "4 missing periods count as unknown" in panel.says()[1]


def test_every_format_gives_the_same_panel(tmp_path: Path) -> None:
    """CSV, with BOM, gzipped, Parquet with typed columns, and rows in any order are one panel."""
    panel = written(tmp_path, MONTHLY)
    assert_equal(written(tmp_path, "\ufeff" + MONTHLY), panel)
    assert_equal(written(tmp_path, MONTHLY, "panel.csv.gz"), panel)
    header, *rows = MONTHLY.splitlines()
    assert_equal(written(tmp_path, "\n".join([header, *reversed(rows)])), panel)
    frame = pd.read_csv(tmp_path / "panel.csv", dtype={"series": str}, keep_default_na=False, parse_dates=["period"])
    frame.astype({"quantity": float}).to_parquet(tmp_path / "panel.parquet")
    assert_equal(read_panel(tmp_path / "panel.parquet"), panel)


def test_a_panel_without_any_zero_has_left_its_zeros_out(tmp_path: Path) -> None:
    """Then a missing row is no demand from the series' first row on, unknown before it, and the panel says so."""
    rows = "a,2020-01-06,2\nb,2020-01-13,1\na,2020-01-27,4\n"
    panel = written(tmp_path, "series,period,quantity\n" + rows)
    assert panel.zeros_left_out
    np.testing.assert_array_equal(panel.exposure, [[1, 1, 1, 1], [0, 1, 1, 1]])
    np.testing.assert_array_equal(panel.counts, [[2, 0, 0, 4], [0, 1, 0, 0]])
    assert (panel.spacing, panel.season) == ("week", 52)
    assert "No row says 0, so the 5 missing periods count as no demand" in panel.says()[1]


def test_what_came_after_an_origin_decides_nothing_at_it(tmp_path: Path) -> None:
    """Zeros written over the last periods do not change what missing rows before them mean."""
    rows = "series,period,quantity\na,2020-01-06,2\nb,2020-01-13,1\na,2020-01-27,4\nb,2020-02-03,{}\n"
    panel, blank = written(tmp_path, rows.format(5)), written(tmp_path, rows.format(0))
    assert not blank.zeros_left_out
    np.testing.assert_array_equal(panel.until(4).exposure, blank.until(4).exposure)
    np.testing.assert_array_equal(panel.until(4).counts, blank.until(4).counts)


@pytest.mark.parametrize(
    ("dates", "periods", "spacing", "season"),
    [
        (["2020-01-31", "2020-02-29", "2020-04-30"], 4, "month", 12),
        (["2020-01-15", "2020-03-15", "2020-02-15"], 3, "month", 12),
        (["2020-02-01", "2020-03-01"], 2, "month", 12),
        (["2020-01-01", "2020-04-01", "2020-10-01"], 4, "other", 4),
        (["2020-01-06", "2020-01-20", "2020-01-27"], 4, "week", 52),
        (["2020-01-06", "2020-01-07", "2020-01-09"], 4, "day", 365),
        (["2020-01-06", "2020-01-16", "2020-02-05"], 4, "other", 37),
        (["2019-01-01", "2020-01-01", "2021-01-01"], 3, "other", 1),
        (["2020-01-06"], 1, "other", 1),
    ],
)
def test_the_calendar_is_found(tmp_path: Path, dates: list[str], periods: int, spacing: str, season: int) -> None:
    """Months by their first, last or any one day, weeks, days and other even steps; holes are filled."""
    panel = written(tmp_path, "series,period,quantity\n" + "".join(f"a,{day},0\n" for day in dates))
    assert (len(panel.periods), panel.spacing, panel.season) == (periods, spacing, season)
    known = panel.periods[panel.exposure[0] > 0].astype(str)
    assert list(known) == sorted(dates)


def test_everything_wrong_is_reported_at_once(tmp_path: Path) -> None:
    """Unreadable dates and quantities and empty ids come in one report, each with its row and what would be right."""
    rows = 'a,01.02.2020,1\nb,2020-01-01,"1,5"\n,2020-01-01,1\nc,2020-13-01,x\nd,2020-01-01,1,9\n'
    with pytest.raises(BadData) as error:
        written(tmp_path, "series,period,quantity\n" + rows)
    found = {(problem.row, problem.column) for problem in error.value.problems}
    assert found == {(2, "period"), (3, "quantity"), (4, "series"), (5, "period"), (5, "quantity"), (6, "")}
    assert "a decimal comma; write 1.5" in str(error.value)


def test_a_row_that_stands_twice_is_reported_not_added_up(tmp_path: Path) -> None:
    """Equal series and period are a problem, as is a series of two classes."""
    rows = "a,2020-01-01,1,pump\na,2020-02-01,1,board\na,2020-01-01,1,pump\n"
    with pytest.raises(BadData) as error:
        written(tmp_path, "series,period,quantity,part_class\n" + rows)
    assert [problem.row for problem in error.value.problems] == [3, 4]
    assert "is there twice in 2020-01-01 (first in row 2)" in str(error.value)
    assert "the series is of class pump in an earlier row" in str(error.value)


def test_empty_lines_are_no_rows(tmp_path: Path) -> None:
    """Lines of commas, as spreadsheets leave them, change nothing."""
    assert_equal(written(tmp_path, MONTHLY + ",,,\n,,,\n"), written(tmp_path, MONTHLY))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Series_,period,quantity\na,2020-01-01,1\n", "rename Series_"),
        ("series,period\na,2020-01-01\n", "a panel has series, period and quantity"),
        ("series,period,quantity\n", "has no rows"),
        ("", "is empty"),
        ("series;period;quantity\na;2020-01-01;1\n", "save it with commas"),
    ],
)
def test_a_file_that_is_no_panel_says_why(tmp_path: Path, text: str, says: str) -> None:
    """A missing column, no rows, or another separator is one clear sentence."""
    with pytest.raises(BadData, match=says):
        written(tmp_path, text)


def test_no_file_and_no_known_ending_say_why(tmp_path: Path) -> None:
    """What is not there, or neither CSV nor Parquet, is refused."""
    with pytest.raises(BadData, match="no such file"):
        read_panel(tmp_path / "nowhere.csv")
    with pytest.raises(BadData, match="must end in"):
        written(tmp_path, MONTHLY, "panel.txt")


def test_other_columns_are_left_out_and_named(tmp_path: Path) -> None:
    """An unknown column changes nothing and is told."""
    panel = written(tmp_path, "series,colour,period,quantity\na,red,2020-01-01,1\n")
    assert panel.left_out == ("colour",)
    assert "colour" in panel.says()[-1]


@given(st.dictionaries(st.tuples(st.integers(0, 5), st.integers(0, 8)), st.integers(-3, 9), min_size=1))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, cells: dict[tuple[int, int], int]) -> None:
    """Every row's quantity stands at its series and period, and nothing else does."""
    weeks = np.datetime64("2021-03-01") + 7 * np.arange(9)
    rows = "".join(f"{row:03},{weeks[period]},{units}\n" for (row, period), units in cells.items())
    panel = written(tmp_path_factory.mktemp("panel"), "series,period,quantity\n" + rows)
    at = {name: k for k, name in enumerate(panel.series)}
    column = {day: k for k, day in enumerate(panel.periods)}
    assert np.isfinite(panel.quantity).sum() == len(cells)
    for (row, period), units in cells.items():
        assert panel.quantity[at[f"{row:03}"], column[weeks[period]]] == units


@pytest.mark.skipif("ZAPAS_REAL_DATA" not in os.environ, reason="no real data")
def test_the_car_parts_are_read_as_they_are() -> None:
    """2,674 series of 51 months, 165 of them with months unknown (Hyndman et al. 2008)."""
    panel = read_panel(Path(os.environ["ZAPAS_REAL_DATA"]) / "carparts.csv.gz")
    assert panel.quantity.shape == (2674, 51)
    assert (panel.spacing, panel.season, panel.zeros_left_out) == ("month", 12, False)
    assert (panel.exposure == 0).any(axis=1).sum() == 165
