"""A folder or workbook becomes the same network whatever its shape, and the network what its docstring promises."""

import dataclasses
import gzip
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.network import Network, Settings
from domain.schemas import TABLES
from storage.network_cells import cell_text
from storage.network_folder import check_network, network_from_tables, read_network
from storage.network_writing import write_tables
from tests.networks import Tables, tiny_network, tiny_tables


def same(one: Network, other: Network) -> None:
    """Both networks are equal to the last bit."""
    assert one.settings == other.settings
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True, obj=name)
    assert one.snapshot == other.snapshot


def with_rows(tables: Tables, table: str, **columns: list[object]) -> Tables:
    """The tables with rows appended to one of them."""
    rows = pd.DataFrame(columns)
    return tables | {table: pd.concat([tables.get(table, rows.iloc[:0]), rows], ignore_index=True)}


def read(tables: Tables, **changes: object) -> Network:
    """The network of raw tables."""
    return network_from_tables(tables, tiny_tables()[1] | changes)[0]


@pytest.mark.parametrize("form", ["csv", "bom", "csv.gz", "parquet", "xlsx"])
def test_every_form_of_file_gives_the_same_network(tmp_path: Path, form: str) -> None:
    """CSV, CSV with BOM, gzip, Parquet with typed columns and a workbook give equal frames and the same snapshot."""
    tables, given_settings = tiny_tables()
    path = tmp_path / "network"
    write_tables(tables, given_settings, path)
    if form == "xlsx":
        path = tmp_path / "network.xlsx"
        _write_workbook(tables, given_settings, path)
    for file in path.glob("*.csv"):
        name = file.stem
        if form == "bom":
            file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
        elif form == "csv.gz":
            (path / f"{name}.csv.gz").write_bytes(gzip.compress(file.read_bytes()))
            file.unlink()
        elif form == "parquet":
            dates = [column for column in ("date", "month", "due", "expected", "launched") if column in tables[name]]
            tables[name].astype(dict.fromkeys(dates, "datetime64[ns]")).to_parquet(path / f"{name}.parquet")
            file.unlink()
    network, report = read_network(path)
    assert report.problems == []
    same(network, tiny_network())


@given(st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_the_order_of_rows_columns_and_tables_means_nothing(shuffle: Random) -> None:
    """Shuffled rows, columns and tables give equal frames and the same snapshot."""
    tables, given_settings = tiny_tables()
    mixed = {}
    for name in shuffle.sample(list(tables), len(tables)):
        frame = tables[name]
        rows = shuffle.sample(range(len(frame)), len(frame))
        mixed[name] = frame.iloc[rows][shuffle.sample(list(frame), frame.shape[1])]
    same(network_from_tables(mixed, given_settings)[0], tiny_network())


def test_ids_are_text() -> None:
    """Part numbers that look like numbers or nothing stay as written; a whole number in Excel loses its point."""
    assert tiny_network().parts["part"].tolist() == ["0001", "22E1", "NA"]
    assert cell_text(1.0) == "1"
    assert cell_text(0.1) == "0.1"
    assert cell_text(None) == cell_text(np.nan) == cell_text(pd.NaT) == ""


def test_equal_keys_add_up() -> None:
    """Usage of the same day, place, part, model, ticket and kind is one row with the sum; a negative row corrects."""
    tables, _ = tiny_tables()
    for quantity in (5, -2):
        tables = with_rows(tables, "usage", date=["2025-06-20"], site=["P22"], part=["0001"], model=["X1"],
                           kind=["unmet"], quantity=[quantity])  # fmt: skip
    usage = read(tables).usage
    row = usage[(usage["site"] == "P22") & (usage["kind"] == "unmet")]
    assert row["quantity"].tolist() == [1 + 5 - 2]
    assert len(usage) == len(tiny_network().usage)


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("ab"), st.sampled_from(["", "T1", "T2"]),
                          st.integers(-3, 9)), min_size=1, max_size=40))  # fmt: skip
@settings(max_examples=12, deadline=None)
def test_adding_up_agrees_with_a_loop(rows: list[tuple[int, str, str, int]]) -> None:
    """The sum by key is that of a dictionary filled row by row, sorted by key."""
    tables, _ = tiny_tables()
    keys = [
        (f"2025-06-0{day + 1}", f"P1{'12'['ab'.index(who)]}", "0001", "", ticket, "used")
        for day, who, ticket, _ in rows
    ]
    names = ["date", "site", "part", "model", "ticket", "kind"]
    usage = pd.DataFrame(keys, columns=names).assign(quantity=[row[-1] for row in rows])
    expected: dict[tuple[str, ...], int] = {}
    for key, (*_, quantity) in zip(keys, rows, strict=True):
        expected[key] = expected.get(key, 0) + quantity
    got = read(tables | {"usage": usage}).usage
    got = got.assign(date=got["date"].dt.strftime("%Y-%m-%d"))
    assert [(*row[:6], row[6]) for row in got.itertuples(index=False)] == [
        (*key, total) for key, total in sorted(expected.items())
    ]


def test_money_is_converted_once() -> None:
    """Amounts are divided by what one unit of the network's currency buys; the currency of payment is kept."""
    tables, _ = tiny_tables()
    tables["parts"] = tables["parts"].assign(currency=["CNY", "", "USD"])
    tables["rates"] = pd.DataFrame({"currency": ["CNY"], "per_base": [8.0]})
    parts = read(tables).parts.set_index("part")
    assert parts["unit_cost"].to_dict() == {"0001": 60.0 / 8.0, "22E1": 15.0, "NA": 2.5}
    assert parts["currency"].to_dict() == {"0001": "CNY", "22E1": "USD", "NA": "USD"}


def test_defaults_come_from_where_they_are_declared() -> None:
    """Holding rate from the settings, CO2 by mode, weight from the class (marked), lane and supplier names filled."""
    tables, _ = tiny_tables()
    tables = with_rows(tables, "parts", part=["0002", "0003"], part_class=["screen", ""], unit_cost=[1.0, 1.0])
    tables["suppliers"] = tables["suppliers"].drop(columns="site")
    network = read(tables, holding_rate_per_year=0.3)
    parts, lanes = network.parts.set_index("part"), network.lanes.set_index("lane")
    assert parts["weight_kg"].to_dict() == {"0001": 0.3, "0002": 0.3, "0003": 0.2, "22E1": 0.1, "NA": 0.2}
    assert parts.index[parts["weight_assumed"]].tolist() == ["0002", "0003", "NA"]
    assert parts.loc["0003", "part_class"] == "other"
    assert network.site_of["holding_rate_per_year"].to_dict() == {"HUB": 0.20, "D1": 0.25} | dict.fromkeys(
        ["D2", "P11", "P12", "P21", "P22"], 0.3
    )
    co2 = lanes["co2_kg_per_kg"].to_dict()
    assert co2["HUB-D1-air"] > co2["HUB-D1-sea"] > 0
    assert network.suppliers["site"].tolist() == ["HUB"]


def test_the_six_needed_tables_suffice() -> None:
    """Without the optional tables the network is complete, every other table empty with its columns."""
    tables, given_settings = tiny_tables()
    needed = {name: tables[name] for name in ("sites", "lanes", "parts", "usage", "stock")}
    needed["parts"] = needed["parts"].drop(columns="supplier")
    network, report = network_from_tables(needed, given_settings)
    assert report.problems == []
    for name in set(TABLES) - set(needed):
        assert getattr(network, name).empty
        TABLES[name].validate(getattr(network, name))


def test_an_alias_is_the_model() -> None:
    """Facts may call a model by any of its aliases."""
    tables, _ = tiny_tables()
    tables["models"] = tables["models"].assign(aliases=["Orbit One; O-1", ""])
    tables["usage"] = tables["usage"].assign(model="O-1")
    tables["fitment"] = tables["fitment"].replace({"model": {"X1": "Orbit One"}})
    network = read(tables)
    assert set(network.usage["model"]) == {"X1"}
    assert set(network.fitment["model"]) == {"X1", "X2"}


def test_the_first_service_row_that_fits_stays_first() -> None:
    """Groups that can meet keep the order of the file, groups that cannot are ordered by name."""
    tables, _ = tiny_tables()
    rows = pd.DataFrame(
        [("z", "screen", "", 0.95), ("everything", "", "", 0.9), ("a", "screen", "R1", 0.8), ("b", "battery", "", 0.8)],
        columns=["group", "part_class", "region", "fill_rate"],
    )
    assert read(tables | {"service": rows}).service["group"].tolist() == ["z", "everything", "a", "b"]
    assert read(tables | {"service": rows.iloc[[3, 0, 2]]}).service["group"].tolist() == ["b", "z", "a"]


def test_mended_rows_come_back() -> None:
    """The rows set aside, mended and added to their table with the error column still there, restore the network."""
    tables, given_settings = tiny_tables()
    bad = tables["usage"].astype(object)
    bad.loc[4, "date"] = "45658"
    _, report = network_from_tables(tables | {"usage": bad}, given_settings | {"set_aside_limit": 0.5})
    mended = report.set_aside["usage"].replace({"date": {"45658": tables["usage"].loc[4, "date"]}})
    together = pd.concat([bad.drop(index=4), mended], ignore_index=True).fillna({"error": ""})
    network, report = network_from_tables(tables | {"usage": together}, given_settings)
    assert report.problems == []
    same(network, tiny_network())


def test_our_own_files_are_not_strangers(tmp_path: Path) -> None:
    """set_aside.xlsx, README files and hidden files in the folder are passed over in silence."""
    write_tables(*tiny_tables(), tmp_path / "network")
    for name in ("set_aside.xlsx", "README.txt", ".DS_Store", "~$usage.xlsx"):
        (tmp_path / "network" / name).write_bytes(b"anything")
    assert check_network(tmp_path / "network")[1].problems == []


def test_line_numbers_hold_behind_blank_and_quoted_lines(tmp_path: Path) -> None:
    """Blank lines are no rows but count as lines; a quoted line end belongs to its row."""
    write_tables(*tiny_tables(), tmp_path / "network")
    (tmp_path / "network" / "models.csv").write_bytes(
        b'model,brand,category,aliases\r\nX1,"Or\r\nbit",phone,\r\n\r\nX2,Orbit,phone\r\n,,,\r\nX3,Orbit,,\r\n'
    )
    _, report = check_network(tmp_path / "network")
    found = [(problem.row, problem.column) for problem in report.problems if problem.table == "models"]
    assert found == [(4, ""), (6, "category")]


def test_settings_are_read_from_both_places() -> None:
    """[service] fill_rate and every other setting reach Settings; what is not given has its default."""
    network, _ = network_from_tables(
        tiny_tables()[0],
        {"as_of": "2025-06-29", "currency": "USD", "budget_per_period": 5000, "service": {"fill_rate": 0.8}},
    )
    default = Settings(as_of=network.settings.as_of, currency="USD")
    assert network.settings == dataclasses.replace(default, budget_per_period=5000.0, fill_rate=0.8)


def test_the_snapshot_is_of_the_content() -> None:
    """Changing one cell or one setting changes the snapshot."""
    tables, _ = tiny_tables()
    tables["stock"].loc[0, "on_hand"] = 41
    changed = {read(tables).snapshot, read(tiny_tables()[0], churn_cost=1).snapshot, tiny_network().snapshot}
    assert len(changed) == 3


def _write_workbook(tables: Tables, given_settings: dict[str, object], path: Path) -> None:
    """A workbook as a person makes it: numbers as numbers, dates as dates, ids as text."""
    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        network = book.add_worksheet("network")
        network.write_row(0, 0, ["key", "value"])
        flat = {key: value for key, value in given_settings.items() if not isinstance(value, dict)} | {
            "service.fill_rate": 0.9
        }
        for row, (key, value) in enumerate(flat.items(), start=1):
            network.write_row(row, 0, [key, value])
        for name, frame in tables.items():
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, list(frame))
            for row, cells in enumerate(frame.itertuples(index=False), start=1):
                for column, value in enumerate(cells):
                    if frame.columns[column] in ("date", "month", "due", "expected", "launched"):
                        sheet.write_datetime(row, column, pd.Timestamp(value).to_pydatetime(), day)
                    elif isinstance(value, str):
                        sheet.write_string(row, column, value)
                    elif not pd.isna(value):
                        sheet.write(row, column, value)
