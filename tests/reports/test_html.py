"""report.html: one file that loads nothing, shows hostile text as text, and is the same for the same plan."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from reports import words
from reports.charts import depot_stock_chart, part_stock_chart, svg
from reports.html import report_html
from reports.summary import summary
from reports.tables import Frames, plan_frames
from tests.reports.workshop import HOSTILE, Case, empty_case, limited, workshop

CASE = workshop()
FRAMES = plan_frames(CASE.plan)
_VOID = {"meta", "br", "img", "hr", "link", "input"}


class Page(HTMLParser):
    """Tags, attributes and visible text of a page; tags must close in order."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(content.decode())
        assert self._open == []
        self.text = " ".join(" ".join(self.words).replace("\u00a0", " ").split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.words.append(data)


def report(case: Case = CASE, previous: Frames | None = None) -> bytes:
    brief = summary(case.network, case.forecast, case.plan, previous)
    return report_html(brief, case.network, case.forecast, case.plan)


REPORT = report()


def test_the_report_says_what_the_summary_says() -> None:
    """The five lines, the groups, the money, the certainty and the assumptions stand in the page as text."""
    page, brief = Page(REPORT), summary(CASE.network, CASE.forecast, CASE.plan)
    told = [*brief.today, *brief.certainty, *brief.assumptions, words.money(brief.cost.total, "USD")]
    told += [f"{group.group} {words.number(group.asked)}" for group in brief.service]
    told += [str(says) for says in brief.exceptions["says"]]
    for sentence in told:
        assert " ".join(sentence.split()) in page.text, sentence


def test_the_report_has_its_charts_inside() -> None:
    """Service, more or less stock, money, orders, shipments, depots, and two charts for each of three parts, as SVG."""
    page = Page(REPORT)
    assert page.tags.count("svg") == 6 + 2 * 3
    assert page.tags.count("figure") == page.tags.count("svg")
    for title in (
        "stock at depots and repair points, USD",
        "leaves the hub, kg",
        "ordered from suppliers, USD",
        "pieces a week",
    ):
        assert title in page.text


def test_the_report_loads_nothing() -> None:
    """No script, no link, no image, no address in any attribute or style: it opens without network."""
    page = Page(REPORT)
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form", "image"} & set(page.tags)
    for tag, name, value in page.attributes:
        assert not name.startswith("on")
        assert name not in {"src", "srcset", "action", "data", "poster"}
        assert not re.search(r"https?:|//|javascript:", value), (tag, name, value)
        assert name not in {"href", "xlink:href"} or value.startswith("#")
    styles = re.findall(rb"<style>(.*?)</style>", REPORT, re.S)
    assert len(styles) == 1
    assert b"@import" not in styles[0]
    assert b"url(" not in styles[0]


def test_every_reference_inside_a_chart_is_its_own() -> None:
    """Ids are unique across the charts, and what a chart refers to exists."""
    ids = re.findall(rb'\bid="([^"]+)"', REPORT)
    assert len(ids) == len(set(ids))
    assert set(re.findall(rb"url\(#([^)]+)\)", REPORT)) <= set(ids)


def test_hostile_names_are_shown_as_text() -> None:
    """A part named like a tag, in the words and in the charts, opens no element."""
    risky = replace(
        CASE.plan.replenishment,
        exceptions=CASE.plan.replenishment.exceptions.head(5).assign(
            part=list(HOSTILE), says="<b>bold</b> & <svg onload=alert(1)>", money_at_risk=[9e5, 8e5, 7e5, 6e5, 5e5]
        ),
    )
    page = Page(report(replace(CASE, plan=replace(CASE.plan, replenishment=risky))))
    assert not {"script", "img"} & set(page.tags)
    assert page.tags.count("svg") == 6 + 2 * 3
    assert "<b>bold</b> & <svg onload=alert(1)>" in page.text
    for part, name in HOSTILE.items():
        assert part in page.text
        assert name[:30] in page.text


def test_hostile_depots_are_text_in_charts() -> None:
    """Names that reach a chart are escaped in its SVG."""
    evil = "<script>alert(1)</script>"
    network = replace(CASE.network, sites=CASE.network.sites.replace({"site": {"D1": evil}}))
    frames = {**FRAMES, "targets": FRAMES["targets"].replace({"site": {"D1": evil}})}
    for drawing in (depot_stock_chart(network, frames), part_stock_chart(network, frames, "0010")):
        text = svg(drawing)
        assert "<script" not in text
        assert "&lt;script&gt;alert(1)" in text


def test_the_same_plan_gives_the_same_bytes() -> None:
    """No clock, no run time, no counter: two reports are equal, and so are those of other run times."""
    assert report() == REPORT
    slow = replace(CASE, plan=replace(CASE.plan, seconds={"total": 1234.5}))
    assert report(slow) == REPORT


def test_an_empty_plan_is_said_in_words() -> None:
    """Every section is there and says what there is not; no chart is drawn of nothing."""
    page = Page(report(empty_case()))
    assert "svg" not in page.tags
    assert page.tags.count("h2") == Page(REPORT).tags.count("h2")
    for sentence in (
        "Order: nothing to order this week.",
        "No demand is expected, so nothing is promised.",
        "No demand is expected, so nothing needs stock.",
        "This plan costs nothing.",
        "Nothing is ordered from suppliers in these weeks.",
        "Nothing leaves the hub in these weeks.",
        "No consignment leaves in the next two weeks.",
        "No depot has demand or stock.",
        "No limit holds the plan back",
        "Nothing needs a person's look.",
        "There is no earlier plan to compare with.",
        "No part has demand.",
    ):
        assert sentence in page.text
    assert not re.search(r"\b(nan|inf|None|NaT)\b", page.text)


def test_the_dearest_limits_are_told() -> None:
    """Each rule's dearest limits stand in the page as sentences, with what 1 % more of them saves."""
    page = Page(report(limited()))
    for sentence in (
        "One more dollar of budget in the 4 weeks from Mon 28 Jul saves $2.50. –",
        "One more dollar of budget in the 4 weeks from Mon 30 Jun saves $0.12. $11",
        "One more kg on Tuesday's flight to Moscow of 1 Jul saves $3.40. $1.36",
        "One more m³ of storage at Almaty in the week of Mon 7 Jul saves $20. $0.30",
    ):
        assert sentence in page.text
    assert "No limit holds the plan back" not in page.text


def test_what_changed_is_told_with_money() -> None:
    """Against an earlier plan the report lists the changes; against the same one it says that nothing changed."""
    before = {**FRAMES, "purchase_orders": FRAMES["purchase_orders"].iloc[1:]}
    page = Page(report(previous=before))
    assert "1 purchase order line added (+" in page.text
    assert "Nothing has changed." in Page(report(previous=FRAMES)).text


@pytest.mark.parametrize("column", ["name", "name_zh"])
def test_missing_names_leave_no_trace(column: str) -> None:
    """Parts and sites without a name are shown by their id alone."""
    network = replace(CASE.network, parts=CASE.network.parts.assign(**{column: ""}))
    assert not re.search(r"\b(nan|None)\b", Page(report(replace(CASE, network=network))).text)
