"""Promised and achieved in the report: the answer of the referee in words, a chart and tables."""

import re
from typing import Any

import pytest

from domain.problems import ZapasError
from reports.charts import promise_chart, svg
from reports.html import report_html, simulated_section, with_simulated
from reports.promise import kept, policies, sentences_of
from reports.summary import summary
from tests.reports.test_html import Page
from tests.reports.workshop import workshop

CASE = workshop()


def policy(**changes: Any) -> dict[str, Any]:
    """What the referee says of one policy: 1,000 repairs for 20,000, of which 4,000 are the price of waiting."""
    plain: dict[str, Any] = {
        "repairs_without_wait": 0.9,
        "days_waiting_for_parts": 1.5,
        "turnaround_days": 2.5,
        "solved_locally": 0.97,
        "repairs": 1000.0,
        "repairs_of_several_parts": 0.14,
        "given_up": 0.0,
        "cost": {"purchase": 16000.0, "shortage": 4000.0, "total": 20000.0, "per_repair": 20.0},
    }
    return plain | changes


def answer(**changes: Any) -> dict[str, Any]:
    """An answer of `zapas simulate --json`: a kept promise, a broken one, and a group promised nothing."""
    express = policy(
        repairs_without_wait=0.0,
        days_waiting_for_parts=19.0,
        turnaround_days=20.0,
        cost={"purchase": 30000.0, "shortage": 90000.0, "total": 120000.0, "per_repair": 120.0},
    )
    service = {
        "screens": {"promised": 0.9, "achieved": 0.91, "low": 0.905, "high": 0.915, "asked": 1234.5},
        "<b>rest</b>": {"promised": 0.95, "achieved": 0.92, "low": 0.91, "high": 0.93, "asked": 60.0},
        "new": {"promised": None, "achieved": 0.5, "low": 0.3, "high": 0.7, "asked": 2.0},
    }
    told = {"demand": "forecast", "weeks": 26, "replications": 20, "patience_days": None, "tickets": True}
    plain = {**told, "service": service, **policy(), "status_quo": express, "clairvoyant": policy()}
    return plain | changes


def report(found: dict[str, Any] | None) -> bytes:
    brief = summary(CASE.network, CASE.forecast, CASE.plan)
    return report_html(brief, CASE.network, CASE.forecast, CASE.plan, found)


def test_money_paid_and_the_price_of_waiting_stand_apart() -> None:
    """16 of the plan's 20 a repair are paid; by express 30 are paid and 90 are waiting."""
    rows = {row["name"]: row for row in policies(answer())}
    assert list(rows) == ["plan", "status_quo", "clairvoyant"]
    assert (rows["plan"]["paid"], rows["plan"]["waiting_price"], rows["plan"]["total"]) == (16.0, 4.0, 20.0)
    assert (rows["status_quo"]["paid"], rows["status_quo"]["waiting_price"]) == (30.0, 90.0)


def test_of_the_policies_by_one_mode_the_best_is_shown() -> None:
    """It stands before perfect foresight with its mode; where none serves as the plan does there is no row."""
    modes = {"air": policy(), "sea": policy(turnaround_days=3.0)}
    rows = policies(answer(single_mode={**modes, "best": "sea", "saved": {}}))
    assert [row["name"] for row in rows] == ["plan", "status_quo", "single_mode", "clairvoyant"]
    assert (rows[2]["says"], rows[2]["turnaround"]) == ("All by sea with reorder points, as many parts at once", 3.0)
    assert len(policies(answer(single_mode={**modes, "best": None, "saved": None}))) == 3


def test_the_words_say_how_long_a_repair_takes_and_what_that_costs() -> None:
    """Turnaround with waiting apart, parts at once, the way without stock and the difference in money."""
    text = " ".join(sentences_of(answer(), "USD"))
    assert "2.5 days from the fault to the finished device: 1.5 days waiting for parts and 1 day on the bench" in text
    assert "90 % of repairs find all their parts on the shelf" in text
    assert "would take 20 days" in text
    assert "$16.00 a repair on parts, transport, duty and stock instead of $30.00: $14.00 less." in text
    assert "given up" not in text
    left = " ".join(sentences_of(answer(patience_days=14.0, given_up=0.031), "USD"))
    assert "3.1 % of repairs are given up after 14 days of waiting" in left


def test_a_promise_is_kept_unless_all_of_the_interval_lies_below_it() -> None:
    """Kept, below, and nothing to say where nothing was promised."""
    assert [kept(group) for group in answer()["service"].values()] == [True, False, None]


def test_the_report_shows_chart_tables_and_what_was_played() -> None:
    """One chart more, every group with its shares and verdict, hostile names as text, nothing loaded from elsewhere."""
    page = Page(report(answer()))
    assert page.tags.count("svg") == Page(report(None)).tags.count("svg") + 1
    assert "b" not in Page(str(simulated_section(answer(), "USD")).encode()).tags
    for text in (
        "screens 1,234 90 % 91 % 90.5 % to 91.5 % kept",
        "<b>rest</b> 60 95 % 92 % 91 % to 93 % below",
        "new 2 – 50 % 30 % to 70 %",
        "Played 20 times over 26 weeks; demand from the forecast the plan was made with.",
        "14 % of repairs need more than one part",
    ):
        assert text in page.text
    ids = re.findall(rb'\bid="([^"]+)"', report(answer()))
    assert len(ids) == len(set(ids))


def test_what_is_missing_is_said() -> None:
    """No referee asked: how to ask it. No demand, no tickets, no way to reach a point: a sentence each."""
    assert "--simulate 20" in Page(report(None)).text
    empty = Page(str(simulated_section(answer(service={}), "USD")).encode()).text
    assert "there is nothing to compare" in empty
    single = Page(str(simulated_section(answer(tickets=False), "USD")).encode()).text
    assert "counts as a repair of its own" in single
    never = policy(turnaround_days=None, days_waiting_for_parts=None, given_up=1.0)
    lost = Page(str(simulated_section(answer(status_quo=never), "USD")).encode()).text
    assert "100 % of repairs never get their parts" in lost
    assert not re.search(r"\b(nan|inf|None)\b", lost)


def test_a_report_takes_a_later_answer_as_if_it_had_been_there_from_the_start() -> None:
    """Byte for byte, whatever stood there before; a file without the place is refused in a sentence."""
    assert with_simulated(report(None), answer(), "USD") == report(answer())
    assert with_simulated(report(answer(weeks=3)), answer(), "USD") == report(answer())
    with pytest.raises(ZapasError, match="another version"):
        with_simulated(b"<html></html>", answer(), "USD")


def test_the_chart_holds_every_share_within_its_axis() -> None:
    """An interval may end above 100 % by its spread; it is drawn to 100 %, and low groups move the axis."""
    wide = {"all": {"promised": 0.2, "achieved": 0.99, "low": 0.97, "high": 1.01, "asked": 9.0}}
    drawing = promise_chart(wide).to_dict()
    assert drawing["layer"][1]["encoding"]["x"]["scale"]["domain"] == pytest.approx([0.18, 1.0])
    assert "achieved" in svg(promise_chart(wide))
    unknown = {"all": {"promised": 0.9, "achieved": 0.95, "low": None, "high": None, "asked": 9.0}}
    assert "promised" in svg(promise_chart(unknown))
