"""Weeks begin on Monday; week 1 takes the days between `as_of` and its own Monday."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import departure_weekdays, first_week, week_number, week_starts

DAYS = st.dates(date(2000, 1, 1), date(2090, 1, 1))


def weeks_of(as_of: date, *days: date) -> list[int]:
    """Week numbers of single days."""
    return [int(week) for week in week_number(as_of, np.array(days, dtype="datetime64[D]"))]


@given(DAYS)
def test_week_1_begins_on_the_first_monday_after_as_of(as_of: date) -> None:
    """It is a Monday, one to seven days later; a Monday as `as_of` gives the next one."""
    monday = first_week(as_of)
    assert monday.weekday() == 0
    assert 1 <= (monday - as_of).days <= 7


@given(DAYS, st.integers(1, 60))
def test_every_day_of_a_week_has_the_number_of_its_monday(as_of: date, week: int) -> None:
    """`week_number` and `week_starts` agree on all seven days."""
    monday = week_starts(as_of, week)[-1].item()
    assert weeks_of(as_of, *(monday + timedelta(days=n) for n in range(7))) == [week] * 7


def test_the_days_before_week_1_go_into_it() -> None:
    """After a Wednesday, Thursday to Sunday are week 1; the Wednesday itself is past, as is all before."""
    as_of = date(2024, 3, 6)
    days = [as_of + timedelta(days=n) for n in (-9, -3, -2, 0, 1, 4, 5, 11, 12)]
    assert weeks_of(as_of, *days) == [-1, -1, 0, 0, 1, 1, 1, 1, 2]


def test_on_a_sunday_no_day_is_left_before_week_1() -> None:
    """The Monday after a Sunday is the next day; the Sunday stays in the past."""
    assert weeks_of(date(2024, 3, 10), date(2024, 3, 10), date(2024, 3, 11)) == [0, 1]


def test_week_numbers_keep_the_shape_and_take_nanosecond_dates() -> None:
    """An array of any shape gives its own shape back, whatever its unit."""
    days = np.array([["2024-03-11", "2024-03-18"], ["2024-03-24", "2024-03-25"]], dtype="datetime64[ns]")
    assert week_number(date(2024, 3, 6), days).tolist() == [[1, 2], [2, 3]]


@pytest.mark.parametrize(
    ("words", "weekdays"),
    [("Mon Thu", (0, 3)), ("Thu Mon Thu", (0, 3)), ("Sun", (6,)), ("", (0, 1, 2, 3, 4, 5, 6)), ("  ", tuple(range(7)))],
)
def test_departure_weekdays_are_sorted_and_empty_means_any_day(words: str, weekdays: tuple[int, ...]) -> None:
    """Order and repetition in the text do not matter."""
    assert departure_weekdays(words) == weekdays


def test_a_word_that_is_no_weekday_is_named() -> None:
    """The error says which word and what would be right."""
    with pytest.raises(ValueError, match="Mo is no weekday; use Mon Tue Wed Thu Fri Sat Sun"):
        departure_weekdays("Mo Thu")
