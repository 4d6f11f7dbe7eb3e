"""Weeks, departures and shutdowns: plain dates at the site, weeks begin on Monday."""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAYS_PER_WEEK = 7


def first_week(as_of: date) -> date:
    """The Monday on which week 1 begins: the first one after `as_of`."""
    return as_of + timedelta(days=DAYS_PER_WEEK - as_of.weekday())


def week_starts(as_of: date, weeks: int) -> npt.NDArray[np.datetime64]:
    """Mondays of weeks 1..`weeks`, shape (weeks,), datetime64[D]."""
    return np.datetime64(first_week(as_of), "D") + DAYS_PER_WEEK * np.arange(weeks)


def week_number(as_of: date, days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """The week in which each day lies; the days between `as_of` and week 1 go into week 1, earlier ones are ≤ 0.

    `days` is any shape of datetime64; NaT is not allowed.
    """
    offset = (days.astype("datetime64[D]") - np.datetime64(first_week(as_of), "D")).astype(np.int64)
    number: npt.NDArray[np.int64] = offset // DAYS_PER_WEEK + 1
    between = (number <= 0) & (days.astype("datetime64[D]") > np.datetime64(as_of, "D"))
    return np.where(between, 1, number)


def departure_weekdays(departures: str) -> tuple[int, ...]:
    """Weekday numbers (Monday 0) of a lane's `departures`, e.g. "Mon Thu"; empty means any day.

    Raises ValueError naming the word that is no weekday.
    """
    words = departures.split()
    unknown = [word for word in words if word not in WEEKDAYS]
    if unknown:
        raise ValueError(f"{' '.join(unknown)} is no weekday; use {' '.join(WEEKDAYS)}")
    return tuple(sorted({WEEKDAYS.index(word) for word in words})) or tuple(range(DAYS_PER_WEEK))
