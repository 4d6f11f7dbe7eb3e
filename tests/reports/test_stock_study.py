"""The study of stock targets in words, as a workbook and as a chart."""

from dataclasses import replace
from io import BytesIO

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from reports.charts import svg
from reports.frontier_chart import ALL, frontier_chart
from reports.stock_study import lines, steps, study_xlsx
from scenarios.stock_study import StockStudy, studied
from tests.reports.workshop import HOSTILE, empty_case, workshop

CASE = workshop()


@pytest.fixture(scope="module")
def found() -> StockStudy:
    """What to buy for 2,500; the budget is told of the plan's own stock."""
    study = studied(CASE.network, CASE.forecast, CASE.plan.targets, buy=2500.0)
    return replace(study, budget=1234567.0, budgeted=study.groups)


def test_people_are_told_promise_money_and_proof(found: StockStudy) -> None:
    """Every group by name with its promise, all together, the gap with what it leaves out, and no field's terms."""
    told = "\n".join(lines(found))
    for group in [*found.groups["group"][:-1], ALL]:
        assert sum(line.startswith(f"  {group}  ") for line in lines(found)) == 2
    for words in (
        "97 % on the shelf",
        "1 days' wait",
        "kept",
        "behind the hubs as they stand",
        "no stock can be cheaper",
    ):
        assert words in told
    for term in ("fill rate", "backorder", "base stock", "EBO", "nan", "None"):
        assert term not in told
    assert "$1,234,567 of stock" in told


def test_a_little_more_and_a_little_less_are_sentences(found: StockStudy) -> None:
    """The plan's neighbours on the frontier, with money and share; the plan's own row says now."""
    more, less = steps(found.frontier, "USD")
    whole = found.frontier[found.frontier["group"] == ""]
    now = whole[whole["planned"]].iloc[0]
    after = whole[whole["price"] > 1.0].iloc[0]
    assert more.startswith(f"With ${after['stock_money'] - now['stock_money']:,.0f} more in stock ")
    assert " less in stock " in less
    assert sum(" now " in line for line in lines(found) if line.startswith("  $")) == 1


def test_purchases_are_told_by_part_and_depot(found: StockStudy) -> None:
    """Fifteen lines at most, what saves most first; the sums are of all of them."""
    assert found.purchases is not None
    told = lines(found)
    rows = told[next(n for n, line in enumerate(told) if line.startswith("What to buy next for $2,500")) :]
    each = found.purchases.groupby(["part", "site"])["saved_a_year"].sum()
    assert str(each.sort_values().index.get_level_values("part")[-1])[:16] in next(
        line for line in rows if " D1 " in line or " D2 " in line
    )
    assert sum(" D1 " in line or " D2 " in line for line in rows) == min(len(each), 15)
    assert any(line.startswith(f"In all {found.purchases['units'].sum():,} pieces for $") for line in rows)
    nothing = replace(found, purchases=found.purchases.iloc[:0])
    assert "For $2,500 nothing more is worth buying: what is on hand or on its way is enough." in lines(nothing)


def test_without_demand_there_is_one_sentence() -> None:
    """Nobody asks for anything: one sentence, sheets that say so, no line in the chart."""
    case = empty_case()
    found = studied(case.network, case.forecast, case.plan.targets, buy=100.0)
    assert lines(found) == ["No demand is expected, so nothing needs stock."]
    sheets = CalamineWorkbook.from_filelike(BytesIO(study_xlsx(found)))
    assert sheets.get_sheet_by_name("Buy next").to_python()[-1][0] == "Nothing more is worth buying."


def test_the_workbook_holds_the_tables_as_text_and_numbers(found: StockStudy) -> None:
    """Every row of the frontier and of the list; a part called =1+1 stays text; the same bytes again."""
    content = study_xlsx(found)
    assert study_xlsx(found) == content
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    assert book.sheet_names == ["Service groups", "Money against service", "With the budget", "Buy next"]
    assert len(book.get_sheet_by_name("Money against service").to_python()) == 1 + len(found.frontier)
    assert found.purchases is not None
    head, *rows = book.get_sheet_by_name("Buy next").to_python()
    assert [row[0] for row in rows] == found.purchases["part"].tolist()
    assert [row[head.index("Value, USD")] for row in rows] == pytest.approx(found.purchases["money"].tolist())
    hostile = found.purchases.iloc[:1].assign(part="=1+1", name=HOSTILE["=1+1"])
    again = CalamineWorkbook.from_filelike(BytesIO(study_xlsx(replace(found, purchases=hostile))))
    assert again.get_sheet_by_name("Buy next").to_python()[1][:2] == ["=1+1", HOSTILE["=1+1"]]


def test_the_chart_has_a_line_for_every_group_and_marks_the_plan(found: StockStudy) -> None:
    """Group names and the axis in words; with one group only the line of all; hostile names are text."""
    text = svg(frontier_chart(found.frontier, "USD"))
    for name in [*found.groups["group"][:-1], ALL]:
        assert f">{name}</text>" in text
    assert "stock at depots and repair points, USD" in text
    one = found.frontier[found.frontier["group"].isin(["", "screens"])]
    assert ">screens</text>" not in svg(frontier_chart(one, "USD"))
    hostile = found.frontier.assign(group=found.frontier["group"].replace("screens", "<b>&"))
    assert "<b>" not in svg(frontier_chart(pd.DataFrame(hostile), "USD"))
