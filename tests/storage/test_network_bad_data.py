"""One tiny network damaged in one way at a time: the report names place and value, and says what would be right."""

import gzip
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.problems import BadData, Problem
from storage.network_folder import check_network, read_network
from storage.network_writing import write_tables
from tests.networks import tiny_tables
from tests.storage.damage import Damage, append, both, cell, content, gone, header, recoded, setting, toml, without


@dataclass(frozen=True)
class Kind:
    """A kind of damage and the one problem the report must hold for it."""

    name: str
    damage: Damage
    at: str  # severity, table, row, column; - for none
    words: str

    @property
    def severity(self) -> str:
        """What it does to the plan."""
        return self.at.split()[0]

    @property
    def table(self) -> str:
        """Where it is found."""
        return self.at.split()[1]

    def explains(self, problem: Problem) -> bool:
        """Whether this is the problem to be found."""
        at = f"{problem.severity} {problem.table} {problem.row or '-'} {problem.column or '-'}"
        return at == self.at and self.words in problem.says


_USAGE = "date,site,part,model,kind,quantity"
_SHUT = "event,kind,applies_to,start,end"

CELLS: dict[str, tuple[tuple[str, int, str, str, str], ...]] = {
    "structure": (
        ("parts", 2, "unit_cost", "", "empty, but required"),
        ("parts", 2, "unit_cost", "60,5", "decimal comma; write 60.5"),
        ("parts", 3, "unit_cost", "1,060.50", "write 1060.50"),
        ("parts", 3, "weight_kg", "NaN", "leave the cell empty"),
        ("lanes", 3, "cost_per_kg", "inf", "not a finite number"),
        ("parts", 2, "unit_cost", "1e300", "implausibly large"),
        ("lanes", 2, "transit_days", "five", "not a number, e.g. 5"),
        ("parts", 2, "unit_cost", "-1", "must be 0 or more"),
        ("parts", 2, "moq", "2.5", "not a whole number"),
        ("parts", 2, "order_multiple", "0", "1 or more"),
        ("duties", 2, "duty_rate", "5", "must be 1 or less"),
        ("duties", 2, "duty_rate", "5%", "write the share 0.05"),
        ("parts", 2, "dangerous_goods", "yes", "true or false"),
        ("lanes", 2, "mode", "plane", "one of air, express, rail"),
        ("parts", 2, "name", "Экра�", "save the file as UTF-8"),
        ("parts", 3, "part", "0001", "the same part as row 2"),
        ("sites", 5, "region", "", "belong to a region"),
        ("sites", 4, "region", "R1", "depots D1 and D2; exactly one"),
        ("sites", 5, "region", "R9", "this region has no depot"),
        ("lanes", 2, "destination", "D7", "no such site in sites; "),
        ("lanes", 2, "destination", "HUB", "the same site as origin"),
        ("lanes", 2, "departures", "Mon Thr", "Thr is no weekday"),
        ("suppliers", 2, "site", "D1", "no origin"),
        ("parts", 2, "supplier", "S9", "no such supplier"),
        ("parts", 2, "currency", "CNY", "add it to the table rates"),
        ("fitment", 3, "part", "XX", "no such part in parts"),
    ),
    "fact": (
        ("usage", 2, "quantity", "", "empty, but required"),
        ("usage", 5, "quantity", "1,5", "decimal comma; write 1.5"),
        ("usage", 5, "date", "45658", "Excel serial number; write 2025-01-01"),
        ("usage", 5, "date", "31.12.2024", "write 2024-12-31"),
        ("usage", 5, "date", "03/04/2025", "year-month-day"),
        ("usage", 5, "date", "2025-02-30", "no such day"),
        ("usage", 5, "date", "2025-02-03 14:00:00", "write 2025-02-03"),
        ("stock", 2, "expires", "9999-12-31", "implausible year"),
        ("usage", 2, "part", "1", "no such part in parts; 0001 is"),
        ("usage", 2, "site", "P99", "no such site in sites"),
        ("usage", 2, "model", "Q5", "no such model in models"),
        ("usage", 2, "site", "HUB", "an origin"),
        ("usage", 2, "kind", "lost", "one of used, unmet"),
        ("sales", 2, "month", "2025-01-15", "first day of the month"),
        ("sales", 2, "region", "R7", "no such region in sites"),
        ("stock", 3, "on_hand", "-4", "0 or more"),
        ("inbound", 2, "quantity", "0", "1 or more"),
        ("inbound", 2, "lane", "HUB-D1-rail", "no such lane in lanes"),
        ("repair_orders", 2, "priority", "7", "5 or less"),
    ),
    "warning": (
        ("parts", 2, "weight_kg", "900", "grams?"),
        ("parts", 2, "weight_kg", "30", "denser than any metal"),
        ("parts", 2, "unit_cost", "0", "is the price missing?"),
        ("inbound", 2, "expected", "2025-06-01", "late: expected before 2025-06-29"),
        ("stock", 2, "expires", "2025-06-01", "expired before"),
        ("usage", 89, "date", "2025-07-01", "1 rows after as_of"),
        ("service", 2, "part_class", "screeen", "the group is empty"),
        ("duties", 2, "country", "RUS", "no site is in this country"),
    ),
}
"""Cells that are wrong where they stand: table, row, column, what is written there, what the report says."""

KINDS = (
    Kind("no settings", gone("network.toml"), "structure network - -", "as_of and currency are required"),
    Kind("settings no TOML", content("network.toml", b"as_of: x"), "structure network - -", "is not TOML"),
    Kind("settings in cp1251", content("network.toml", "# Склад".encode("cp1251")), "structure network - -", "UTF-8"),
    Kind("missing table", gone("stock.csv"), "structure stock - -", "missing; add stock.csv"),
    Kind("empty file", content("stock.csv", b""), "structure stock - -", "empty; its first line names the columns"),
    Kind("no rows", content("usage.csv", f"{_USAGE}\n".encode()), "structure usage - -", "has no rows"),
    Kind("misspelt file", lambda f: (f / "usage.csv").rename(f / "usages.csv"), "structure usage - -", "rename it"),
    Kind("wrong format", lambda f: (f / "sales.csv").rename(f / "sales.xls"), "structure sales - -", "rename it"),
    Kind("stray file", content("notes.docx", b"hello"), "warning notes.docx - -", "is left out"),
    Kind("two files", content("usage.parquet", b"PAR1"), "structure usage - -", "several files"),
    Kind("cp1251", recoded("parts", "cp1251", "Screen", "Экран"), "structure parts 2 -", "not UTF-8"),
    Kind("UTF-16", recoded("parts", "utf-16"), "structure parts - -", "UTF-16; save it as CSV UTF-8"),
    Kind("binary", content("stock.csv", b"site,part\n\x00\x01,2\n"), "structure stock - -", "binary data"),
    Kind("semicolons", recoded("stock", "utf-8", ",", ";"), "structure stock - -", "save it with commas"),
    Kind("tabs", recoded("stock", "utf-8", ",", "\t"), "structure stock - -", "tabs between its columns"),
    Kind("open quote", append("usage", '2025-06-01,"P11,0001,X1,used,1'), "structure usage 90 -", "quote left open"),
    Kind(
        "corrupt parquet",
        both(gone("stock.csv"), content("stock.parquet", b"PAR1xxxx")),
        "structure stock - -",
        "cannot be read",
    ),
    Kind(
        "corrupt gz",
        both(gone("stock.csv"), content("stock.csv.gz", b"\x1f\x8b\x08rubbish")),
        "structure stock - -",
        "cannot be read",
    ),
    Kind(
        "cut gz",
        both(gone("stock.csv"), content("stock.csv.gz", gzip.compress(b"a,b\n" * 99)[:20])),
        "structure stock - -",
        "cannot be read",
    ),
    Kind("column twice", header("stock", "condition", "part"), "structure stock - -", "column part is there twice"),
    Kind("no header", content("stock.csv", b",,,\nD1,0001,good,1\n"), "structure stock - -", "no header"),
    Kind("column missing", without("parts", "unit_cost"), "structure parts - unit_cost", "column is missing"),
    Kind("misspelt column", header("parts", "weight_kg", "wieght_kg"), "structure parts - wieght_kg", "like weight_kg"),
    Kind("unknown column", header("parts", "name", "farbe"), "warning parts - farbe", "left out"),
    Kind(
        "misspelt setting", setting("holding_rate = 0.3"), "structure network - holding_rate", "holding_rate_per_year"
    ),
    Kind("unknown setting", setting("colour = 3"), "warning network - colour", "left out"),
    Kind("no as_of", toml("as_of", "# as_of"), "structure network - as_of", "empty, but required"),
    Kind("bad as_of", toml("2025-06-29", "29.06.2025"), "structure network - as_of", "write 2025-06-29"),
    Kind("bad bucket", setting('history_bucket = "day"'), "structure network - history_bucket", "one of week, month"),
    Kind(
        "negative horizon",
        toml("horizon_weeks = 8", "horizon_weeks = -8"),
        "structure network - horizon_weeks",
        "1 or more",
    ),
    Kind("torn row", append("parts", "0009,Lens"), "structure parts 5 -", "put texts that hold a comma in quotes"),
    Kind("lane twice", cell("lanes", 3, "mode", "air"), "structure lanes 3 lane", "the same lane as row 2"),
    Kind("no origin", cell("sites", 2, "kind", "depot"), "structure sites - kind", "no site is an origin"),
    Kind("no suppliers", gone("suppliers.csv"), "structure parts - supplier", "there is no table suppliers"),
    Kind("rate zero", append("rates", "currency,per_base", "CNY,0"), "structure rates 2 per_base", "more than 0"),
    Kind("own rate", append("rates", "currency,per_base", "USD,2"), "structure rates 2 per_base", "must be 1"),
    Kind(
        "itself",
        append("substitutes", "part,substitute", "0001,0001"),
        "structure substitutes 2 substitute",
        "the part itself",
    ),
    Kind(
        "two targets",
        cell("service", 2, "mean_wait_days", "2"),
        "structure service 2 group",
        "exactly one of fill_rate",
    ),
    Kind("no target", cell("service", 2, "fill_rate", ""), "structure service 2 group", "exactly one of fill_rate"),
    Kind(
        "half a target",
        both(cell("service", 2, "fill_rate", ""), cell("service", 2, "within_days", "3")),
        "structure service 2 group",
        "within_days with share",
    ),
    Kind(
        "event kind",
        append("events", _SHUT, "e,strike,all,2025-07-01,2025-07-02"),
        "structure events 2 kind",
        "one of promotion",
    ),
    Kind(
        "event where",
        append("events", _SHUT, "e,holiday,KZ,2025-07-01,2025-07-02"),
        "structure events 2 applies_to",
        "write all, or one of country:",
    ),
    Kind(
        "event unknown",
        append("events", _SHUT, "e,holiday,site:D9,2025-07-01,2025-07-02"),
        "structure events 2 applies_to",
        "no such site",
    ),
    Kind(
        "event backwards",
        append("events", _SHUT, "e,holiday,all,2025-07-05,2025-07-02"),
        "structure events 2 end",
        "earlier than start",
    ),
    Kind(
        "alias twice",
        both(cell("models", 2, "aliases", "X9"), cell("models", 3, "aliases", "X9")),
        "structure models 3 aliases",
        "an alias belongs to one model",
    ),
    Kind(
        "torn fact", append("usage", "2025-06-01,P11,0001"), "fact usage 90 -", "put texts that hold a comma in quotes"
    ),
    Kind("stock twice", cell("stock", 3, "part", "0001"), "fact stock 3 site", "as row 2; each may occur once"),
    Kind(
        "override unsigned",
        append(
            "overrides",
            "part,region,start,end,quantity_per_week,author,reason,created",
            "0001,R1,2025-07-07,2025-07-13,4,,x,2025-06-01",
        ),
        "fact overrides 2 author",
        "empty, but required",
    ),
    Kind(
        "failure before sale",
        append("failures", "sold_month,failed_month,model,part,units", "2025-03-01,2025-02-01,X1,0001,2"),
        "fact failures 2 failed_month",
        "earlier than sold_month",
    ),
    Kind(
        "arrived before it left",
        append("past_consignments", "consignment,lane,shipped,received", "C1,HUB-D1-sea,2025-03-01,2025-02-01"),
        "fact past_consignments 2 received",
        "earlier than shipped",
    ),
    Kind(
        "no lane to point", cell("lanes", 9, "destination", "P11"), "warning sites 8 site", "no lane reaches this site"
    ),
    Kind("other depot's lane", cell("lanes", 9, "origin", "D1"), "warning sites 8 site", "no lane from its depot D2"),
    Kind(
        "depot unsupplied",
        both(cell("lanes", 4, "origin", "D1"), cell("lanes", 5, "origin", "D1")),
        "warning sites 4 site",
        "no lane from an origin",
    ),
    Kind(
        "nobody carries it",
        both(
            cell("lanes", 2, "dangerous_goods", "false"),
            cell("lanes", 3, "dangerous_goods", "false"),
            cell("lanes", 5, "dangerous_goods", "false"),
        ),
        "warning parts 3 dangerous_goods",
        "no lane from HUB",
    ),
    Kind(
        "not to this depot",
        cell("lanes", 5, "dangerous_goods", "false"),
        "warning sites 4 site",
        "carries dangerous goods here; 1 parts",
    ),
    Kind(
        "never leaves",
        append("events", _SHUT, "e,shutdown,country:CN,2025-06-30,2025-08-24"),
        "warning lanes 2 lane",
        "no departure in the 8 weeks",
    ),
    Kind("retired", cell("parts", 2, "support_until", "2025-01-05"), "warning usage 11 part", "retired 2025-01-05"),
    Kind(
        "over-corrected",
        append("usage", "2025-06-01,P12,22E1,X1,used,-3"),
        "warning usage - quantity",
        "nets -3 pieces",
    ),
    *(
        Kind(f"{table} {column} {value}", cell(table, row, column, value), f"{severity} {table} {row} {column}", words)
        for severity, rows in CELLS.items()
        for table, row, column, value, words in rows
    ),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny network on disk, lenient enough that one bad row among few does not stop it."""
    path = tmp_path_factory.mktemp("whole") / "network"
    tables, settings = tiny_tables()
    write_tables(tables, settings | {"set_aside_limit": 0.9}, path)
    return path


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of it to damage."""
    return Path(shutil.copytree(whole, tmp_path / "network"))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_of_bad_data_is_named(folder: Path, kind: Kind) -> None:
    """The report names the table, line, column and value of the damage, and says what would be right."""
    kind.damage(folder)
    network, report = check_network(folder)
    found = [problem for problem in report.problems if kind.explains(problem)]
    assert found, report.text(None)
    assert str(found[0]) in report.text(None)
    stops = any(problem.severity == "structure" for problem in report.problems)
    assert report.ok is (network is not None) is not stops
    assert stops is (kind.severity == "structure")
    assert (kind.table in report.set_aside) is (kind.severity == "fact")


@pytest.mark.parametrize("name", ["torn fact", "retired", "stray file", "unknown column"])
def test_strict_stops_at_anything(folder: Path, name: str) -> None:
    """With strict a row set aside or a warning stops the plan as an error does."""
    next(kind for kind in KINDS if kind.name == name).damage(folder)
    assert read_network(folder)[1].ok
    with pytest.raises(BadData) as stopped:
        read_network(folder, strict=True)
    assert len(stopped.value.problems) == 1


def test_all_problems_come_in_one_report(folder: Path) -> None:
    """Damages of different tables and severities are all in the one report, nothing hides behind the first."""
    chosen = [kind for kind in KINDS if kind.name in {"torn row", "torn fact", "no as_of", "semicolons", "stray file"}]
    for kind in chosen:
        kind.damage(folder)
    _, report = check_network(folder)
    assert len(chosen) == 5
    for kind in chosen:
        assert any(kind.explains(problem) for problem in report.problems), kind.name


def test_one_error_is_not_reported_twice(folder: Path) -> None:
    """A site whose row is unreadable still exists: lanes and usage that name it are not to blame."""
    cell("sites", 3, "latitude", "north")(folder)
    _, report = check_network(folder)
    assert [str(problem) for problem in report.problems] == ["sites, row 3, latitude “north”: not a number, e.g. 55.75"]


@pytest.mark.parametrize(
    ("path", "words"), [("nowhere", "there is no such folder"), ("network/sites.csv", "neither a folder nor an .xlsx")]
)
def test_what_is_no_network_is_refused(folder: Path, path: str, words: str) -> None:
    """A path that is missing or something else is bad data, said in one sentence."""
    with pytest.raises(BadData, match=words):
        read_network(folder.parent / path)


def test_a_corrupt_workbook_is_refused(tmp_path: Path) -> None:
    """A workbook that is none is bad data, not a traceback."""
    (tmp_path / "network.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(BadData, match=r"corrupt or no \.xlsx"):
        read_network(tmp_path / "network.xlsx")
