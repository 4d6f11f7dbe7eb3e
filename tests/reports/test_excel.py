"""plan.xlsx: typed cells, what matters first, hostile text as text, the same bytes for the same plan."""

import re
import zipfile
from dataclasses import replace
from datetime import date
from io import BytesIO
from typing import Any

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from reports import excel, words
from reports.excel import plan_xlsx
from reports.procurement import consignments
from reports.rule_prices import dearest_rules
from reports.summary import summary
from reports.tables import Frames, plan_frames
from tests.reports.workshop import HOSTILE, Case, empty_case, limited, workshop

CASE = workshop()
FRAMES = plan_frames(CASE.plan)
END = pd.Timestamp("2025-06-30") + pd.Timedelta(weeks=26)
SHEETS = ["Today", "Orders", "Consignments", "Packing list", "Payments", "What the rules cost"]
SHEETS += ["Transfers", "Stock up to", "Exceptions", "Changes"]


def book(case: Case = CASE, previous: Frames | None = None) -> bytes:
    return plan_xlsx(summary(case.network, case.forecast, case.plan, previous), case.network, case.plan)


def rows(content: bytes, sheet: str) -> list[dict[str, Any]]:
    """The rows of a sheet by header, without the note under them."""
    head, *body = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_name(sheet).to_python()
    filled = body[: next((n for n, row in enumerate(body) if not any(row[1:])), len(body))]
    return [dict(zip(map(str, head), row, strict=True)) for row in filled]


def cells(content: bytes, sheet: str) -> list[Any]:
    return [
        cell
        for row in CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_name(sheet).to_python()
        for cell in row
    ]


BOOK = book()


def test_the_sheets_are_those_promised() -> None:
    """Ten sheets: what to do today, what to buy, send and pay, and what to look at."""
    assert CalamineWorkbook.from_filelike(BytesIO(BOOK)).sheet_names == SHEETS


def lines(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the sheet Orders that are lines, without those that head an order."""
    return [row for row in found if row["Part"]]


def test_orders_are_the_purchase_orders_typed() -> None:
    """Every line of weeks 1..T once: dates as dates, pieces and money as numbers, text as text, soonest first."""
    expected = FRAMES["purchase_orders"][FRAMES["purchase_orders"]["order_on"] < END]
    found = lines(rows(BOOK, "Orders"))
    assert len(found) == len(expected) > 0
    assert sum(row["Value, USD"] for row in found) == pytest.approx(expected["value"].sum())
    assert sum(row["Quantity, pieces"] for row in found) == expected["quantity"].sum()
    for row in found:
        assert isinstance(row["Order on"], date)
        assert isinstance(row["Value, USD"], float)
        assert isinstance(row["Part"], str)
    assert [row["Order on"] for row in found] == sorted(row["Order on"] for row in found)
    assert {row["key"] for row in found} == set(expected["order"] + " " + expected["part"])


def test_every_order_is_headed_by_its_totals() -> None:
    """Above its lines a row says lines, pieces and money of the order; totals stand in columns of their own."""
    found = rows(BOOK, "Orders")
    heads = [place for place, row in enumerate(found) if not row["Part"]]
    assert heads[0] == 0
    for begin, end in zip(heads, [*heads[1:], len(found)], strict=True):
        head, under = found[begin], found[begin + 1 : end]
        pieces = sum(row["Quantity, pieces"] for row in under)
        assert head["Name"] == f"{words.count(len(under), 'line')}, {words.pieces(pieces)}"
        assert head["Order in all, USD"] == pytest.approx(sum(row["Value, USD"] for row in under))
        assert {(row["Order on"], row["Supplier"], row["Order"]) for row in under} == {
            (head["Order on"], head["Supplier"], head["Order"])
        }
        assert (head["Quantity, pieces"], head["Value, USD"]) == ("", "")
    assert len({row["key"] for row in found}) == len(found)


def test_lines_fold_away_under_their_order() -> None:
    """Lines are one outline level below the row that heads them, which stands above."""
    with zipfile.ZipFile(BytesIO(BOOK)) as archive:
        sheet = archive.read("xl/worksheets/sheet2.xml").decode()
    assert sheet.count('outlineLevel="1"') == len(lines(rows(BOOK, "Orders")))
    assert 'summaryBelow="0"' in sheet


def test_a_minimum_order_is_kept_or_says_what_is_missing() -> None:
    """S1 wants $1,000,000 an order, S2 a dollar, the market nothing."""
    suppliers = CASE.network.suppliers.assign(minimum_order_value=[1e6, 1.0])
    found = rows(book(replace(CASE, network=replace(CASE.network, suppliers=suppliers))), "Orders")
    heads = {row["Supplier"]: row for row in found if not row["Part"]}
    short = 1e6 - heads["S1"]["Order in all, USD"]
    assert heads["S1"]["Missing to the supplier's minimum, USD"] == pytest.approx(short)
    assert heads["S1"]["Why"] == f"{words.money(short, 'USD')} missing to the minimum order of $1,000,000."
    assert heads["S2"]["Missing to the supplier's minimum, USD"] == 0
    assert heads["S2"]["Why"] == "The minimum order of $1.00 is reached."
    assert (heads["the market"]["Missing to the supplier's minimum, USD"], heads["the market"]["Why"]) == ("", "")


def test_consignments_are_what_a_forwarder_books() -> None:
    """A row for each lane and day of weeks 1..T; weight, cartons and money are those of `consignments`."""
    expected = consignments(CASE.network, FRAMES["shipments"][FRAMES["shipments"]["departs"] < END])
    found = rows(BOOK, "Consignments")
    assert len(found) == len(expected) > 0
    cost = CASE.plan.replenishment.cost
    assert sum(row["In all, USD"] for row in found) == pytest.approx(cost.freight + cost.consignment + cost.duty)
    for header, column in (
        ("Weight, kg", "kg"),
        ("Charged weight, kg", "chargeable_kg"),
        ("Cartons", "cartons"),
        ("Dangerous: cartons of their own", "dangerous_cartons"),
        ("Value to insure, USD", "value"),
        ("Consignment charges, USD", "charges"),
    ):
        assert [row[header] for row in found] == pytest.approx(expected[column].tolist())
    assert {row["By"] for row in found} <= {"air", "sea", "rail"}


def test_the_packing_list_is_the_shipments() -> None:
    """Every line of weeks 1..T with kg, mode and where it goes; of a departure, dangerous goods come last."""
    expected = FRAMES["shipments"][FRAMES["shipments"]["departs"] < END]
    found = rows(BOOK, "Packing list")
    assert len(found) == len(expected) > 0
    assert sum(row["Freight, duty, handling, USD"] for row in found) == pytest.approx(expected["cost"].sum())
    parts = CASE.network.parts.set_index("part")
    assert sum(row["Weight, kg"] for row in found) == pytest.approx(
        (expected["quantity"] * expected["part"].map(parts["weight_kg"])).sum()
    )
    order = [(row["Leaves"], row["Lane"], row["Goods"]) for row in found]
    assert order == sorted(order)
    for row in found:
        assert row["Goods"] == ("dangerous" if parts.at[row["Part"], "dangerous_goods"] else "")


def test_payments_are_the_money_of_the_plan() -> None:
    """Week by week and currency, adding up to what is bought, sent and cleared; the note has the sum."""
    found, cost = rows(BOOK, "Payments"), CASE.plan.replenishment.cost
    paid = cost.purchase + cost.freight + cost.consignment + cost.duty
    assert sum(row["The same in USD"] for row in found) == pytest.approx(paid)
    assert sum(row["Parts, when ordered"] for row in found) == pytest.approx(cost.purchase)
    assert [row["Week of"] for row in found] == sorted(row["Week of"] for row in found)
    assert any(f"together {words.money(paid, 'USD')}." in str(cell) for cell in cells(BOOK, "Payments"))


def test_rules_are_priced_in_words() -> None:
    """The limits that cost money, in words and numbers, the dearest first."""
    content, case = book(limited()), limited()
    expected = dearest_rules(case.network, plan_frames(case.plan)["rule_prices"])
    found = rows(content, "What the rules cost")
    assert [row["In words"] for row in found] == expected["says"].tolist()
    assert found[0]["1 % more saves, USD"] == ""
    assert [row["1 % more saves, USD"] for row in found[1:]] == pytest.approx(expected["hundredth"].tolist()[1:])
    assert any(str(cell).startswith("Of 7 limits these") for cell in cells(content, "What the rules cost"))
    for says in expected.groupby("rule")["says"].first():
        assert says in cells(content, "Today")


def test_transfers_serve_repairs_first() -> None:
    """Every move of the allocation once, those for a waiting repair above those for a shelf."""
    found = rows(BOOK, "Transfers")
    assert sum(row["Quantity, pieces"] for row in found) == FRAMES["allocations"]["quantity"].sum()
    for_shelf = [row["For repair"] == "" for row in found]
    assert for_shelf == sorted(for_shelf)
    assert not all(for_shelf)


def test_stock_up_to_shows_first_where_money_is_missing() -> None:
    """Missing is stock up to less shelf less what is under way to the site; dearest first; all targets are there."""
    found = rows(BOOK, "Stock up to")
    assert len(found) == len(FRAMES["targets"])
    missing = [row["Missing, USD"] for row in found]
    assert missing == sorted(missing, reverse=True)
    price = CASE.network.parts.set_index("part")["unit_cost"]
    for row in found:
        lack = max(row["Stock up to, pieces"] - row["On the shelf, pieces"] - row["Under way here, pieces"], 0)
        assert row["Missing, pieces"] == lack
        assert row["Missing, USD"] == pytest.approx(lack * price[row["Part"]])
    assert sum(row["Stock up to, pieces"] for row in found) == FRAMES["targets"]["base_stock"].sum()


def test_exceptions_are_sorted_by_money() -> None:
    """The cost of doing nothing decides the order."""
    money = [row["At risk, USD"] for row in rows(BOOK, "Exceptions")]
    assert money == sorted(money, reverse=True)
    assert sum(money) == pytest.approx(FRAMES["exceptions"]["money_at_risk"].sum())


def test_changes_are_listed_against_an_earlier_plan() -> None:
    """One order that was not there before is one row; without an earlier plan the sheet says so."""
    before = {**FRAMES, "purchase_orders": FRAMES["purchase_orders"].iloc[1:]}
    found = rows(book(previous=before), "Changes")
    assert [(row["What"], row["Change"], row["Before, pieces"]) for row in found] == [("purchase order", "added", 0)]
    assert found[0]["Now, pieces"] == FRAMES["purchase_orders"]["quantity"].iloc[0]
    assert "There is no earlier plan to compare with." in cells(BOOK, "Changes")
    assert "Nothing has changed." in cells(book(previous=FRAMES), "Changes")


def test_today_has_the_five_lines_and_the_money() -> None:
    """The first sheet says what the summary says; shares and money are numbers."""
    brief, found = summary(CASE.network, CASE.forecast, CASE.plan), cells(BOOK, "Today")
    for line in (*brief.today, *brief.certainty, *brief.assumptions):
        assert line in found
    numbers = [cell for cell in found if isinstance(cell, float)]
    for amount in (brief.cost.total, brief.cost.freight, *(group.promised for group in brief.service)):
        assert any(number == pytest.approx(amount) for number in numbers)


def test_every_table_has_a_frozen_filtered_header_and_hidden_keys() -> None:
    """Header frozen, filter over all rows, key and version hidden; no formula and no link anywhere."""
    with zipfile.ZipFile(BytesIO(BOOK)) as archive:
        assert not [name for name in archive.namelist() if "externalLink" in name or "rels/sheet" in name]
        for number, name in enumerate(SHEETS[1:], start=2):
            xml = archive.read(f"xl/worksheets/sheet{number}.xml").decode()
            assert 'ySplit="1"' in xml, name
            assert "<autoFilter" in xml, name
            assert xml.count('hidden="1"') >= 1, name
            assert "<f>" not in xml, name
            assert "<hyperlink" not in xml, name


@pytest.mark.parametrize("part", sorted(HOSTILE))
def test_hostile_text_is_text(part: str) -> None:
    """Part numbers and names that look like formulas, tags or other alphabets come back as they were."""
    found = [row for row in rows(BOOK, "Stock up to") if row["Part"] == part]
    assert found
    assert {row["Name"] for row in found} == {HOSTILE[part]}


def test_part_numbers_stay_text() -> None:
    """0001 stays 0001; digits are not numbers."""
    assert "0001" in {row["Part"] for row in rows(BOOK, "Stock up to")}


def test_too_long_text_is_cut_not_lost() -> None:
    """A reason longer than a cell can hold keeps its beginning."""
    orders = FRAMES["purchase_orders"].head(1).assign(reason="x" * 40_000)
    plan = replace(CASE.plan, replenishment=replace(CASE.plan.replenishment, purchase_orders=orders))
    assert len(lines(rows(book(replace(CASE, plan=plan)), "Orders"))[0]["Why"]) == 32_767


def test_the_same_plan_gives_the_same_bytes() -> None:
    """The file is created on the day of the data, whenever it is written."""
    assert book() == BOOK
    with zipfile.ZipFile(BytesIO(BOOK)) as archive:
        stamps = re.findall(r">(\d{4}-\d\d-\d\d)T", archive.read("docProps/core.xml").decode())
    assert set(stamps) == {"2025-06-29"}


def test_an_empty_plan_says_so_on_every_sheet() -> None:
    """Headers stay, and a sentence stands where rows would."""
    content = book(empty_case())
    told = {name: cells(content, name) for name in SHEETS}
    assert "Nothing to order." in told["Orders"]
    assert "Nothing leaves the hub." in told["Consignments"]
    assert "Nothing leaves the hub." in told["Packing list"]
    assert "Nothing has to be paid." in told["Payments"]
    assert any("No limit holds the plan back" in str(cell) for cell in told["What the rules cost"])
    assert "Nothing to move between sites today." in told["Transfers"]
    assert "No part has demand." in told["Stock up to"]
    assert "Nothing needs a person's look." in told["Exceptions"]
    assert "Order: nothing to order this week." in told["Today"]


def test_what_is_left_out_is_counted_and_placed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit a sheet keeps the first weeks and rows, and says how many are missing and where they are."""
    monkeypatch.setattr(excel, "MOST_ROWS", 10)
    content = book()
    near = FRAMES["shipments"][FRAMES["shipments"]["departs"] < pd.Timestamp("2025-06-30") + pd.Timedelta(weeks=8)]
    every = FRAMES["shipments"][FRAMES["shipments"]["departs"] < END]
    shown = rows(content, "Packing list")
    assert len(shown) == min(10, len(near))
    until = pd.Timestamp("2025-06-30") + pd.Timedelta(weeks=8)
    soon = FRAMES["purchase_orders"][FRAMES["purchase_orders"]["order_on"] < until]
    assert len(lines(rows(content, "Orders"))) == min(10, len(soon))
    left = f"{len(every) - len(shown):,} lines left out here, they are in shipments.parquet."
    assert any(left in str(cell) for cell in cells(content, "Packing list"))
    assert any(left in str(cell) for cell in cells(content, "Today"))
    targets = f"{len(FRAMES['targets']) - 10:,} rows left out here, in targets.parquet."
    assert any(targets in str(cell) for cell in cells(content, "Stock up to"))
