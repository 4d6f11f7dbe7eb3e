"""Words for people: figures a hurried planner reads without a unit in doubt, and bounds that stay true."""

import re
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.service import BackorderCost, FillRate, MeanWait, WithinDays
from reports import words


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        (1234567.4, "USD", "$1,234,567"),
        (31.2, "USD", "$31"),
        (4.2, "EUR", "€4.20"),
        (-12.6, "RUB", "−₽13"),
        (-0.001, "USD", "$0"),
        (0, "USD", "$0"),
        (1200, "CNY", "1,200 CNY"),
        (float("nan"), "USD", "unknown"),
    ],
)
def test_money_has_a_currency_and_no_needless_cents(amount: float, currency: str, said: str) -> None:
    """Money is grouped by thousands, carries its currency, and shows cents only where they matter."""
    assert words.money(amount, currency) == said


def test_a_change_of_money_shows_its_sign() -> None:
    """More is +, less is −, nothing has no sign."""
    assert [words.more_money(x, "USD") for x in (120, -120, 0)] == ["+$120", "−$120", "$0"]


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0004, "no plan can be cheaper by more than 0.04 %"),
        (0.00041, "no plan can be cheaper by more than 0.041 %"),
        (0.12345, "no plan can be cheaper by more than 13 %"),
        (1.234, "no plan can be cheaper by more than 130 %"),
        (0.0, "no plan can be cheaper"),
        (float("inf"), "how much cheaper another plan could be is not known"),
    ],
)
def test_the_gap_is_said_in_words(share: float, said: str) -> None:
    """A gap is a sentence about other plans, with two digits."""
    assert words.gap(share) == said


@given(st.floats(min_value=1e-6, max_value=50, allow_nan=False))
def test_the_gap_in_words_never_promises_more_than_was_proven(share: float) -> None:
    """Rounding only ever makes the bound weaker, and by less than an eleventh."""
    figure = float(words.gap(share).split("than ")[1].removesuffix(" %").replace(",", ""))
    assert 100 * share * (1 - 1e-5) <= figure <= 110.1 * share


@given(st.floats(min_value=-1e9, max_value=1e9, allow_nan=False))
def test_a_number_in_words_is_the_number(value: float) -> None:
    """What is printed differs from the figure by less than 6 %, or 0.0001."""
    said = float(words.number(value).replace(",", ""))
    assert said == pytest.approx(value, rel=0.06, abs=1e-4)


@given(st.floats(min_value=0, max_value=1))
def test_a_share_in_words_is_the_share(share: float) -> None:
    """What is printed differs from the share by at most half of its last digit."""
    said = words.percent(share)
    figure = 0.0 if said.startswith("less") else float(re.sub(r" %$", "", said))
    assert abs(figure - 100 * share) <= 0.0501


def test_dates_show_the_year_only_when_it_is_another() -> None:
    """Mon 6 Jul of this year, and of the next one with its year."""
    near = date(2026, 6, 29)
    assert words.day(date(2026, 7, 6), near) == "Mon 6 Jul"
    assert words.day(pd.Timestamp("2027-01-04"), near) == "Mon 4 Jan 2027"


def test_the_terms_of_the_field_become_words() -> None:
    """Quantiles, marginal values and service targets are said without jargon."""
    assert words.enough(0.95) == "enough in 19 of 20 cases"
    assert words.next_unit(31.0, "USD") == "one more saves $31 a year"
    assert words.next_unit(-4.0, "USD") == "one more costs $4.00 a year more than it saves"
    assert words.service_target(FillRate(0.95), "USD") == "95 % of repairs find their part on the shelf"
    assert words.service_target(MeanWait(1.0), "USD") == "a part is waited for 1 day on average"
    assert words.service_target(WithinDays(3, 0.9), "USD") == "90 % of repairs have their parts within 3 days"
    assert words.service_target(BackorderCost(12.5), "EUR") == "a waiting device costs €12 a day"


def test_lists_name_the_first_and_count_the_rest() -> None:
    """Three things are named, more are counted."""
    assert words.listed(["A"]) == "A"
    assert words.listed(["A", "B", "C"]) == "A, B and C"
    assert words.listed(["A", "B", "C", "D", "E"]) == "A, B, C and 2 more"
    assert (words.count(1, "box", "boxes"), words.count(1200, "box", "boxes")) == ("1 box", "1,200 boxes")


def test_long_names_are_shortened_visibly() -> None:
    """A name keeps its beginning and shows that it goes on."""
    assert words.shortened("x" * 60) == "x" * 60
    assert words.shortened("x" * 61) == "x" * 59 + "…"
