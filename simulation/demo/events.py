"""Holidays, promotions and shutdowns: what the company declares, and what they do to repairs."""

from datetime import date

import numpy as np
import pandas as pd

from simulation.demo.catalogue import CATEGORY_NAMES
from simulation.demo.geography import HUB
from simulation.demo.part_classes import CATEGORIES
from simulation.demo.sizes import WEEKS, Days, Floats, Size, mondays

_WEEKDAY = np.array([1.30, 1.15, 1.08, 1.05, 1.12, 0.85, 0.45])  # repairs by weekday; the mean is 1
_YEARS = (2024, 2025, 2026, 2027)
# (country or category, name, first and last day as (month, day), factor)
_YEARLY = (
    ("country:RU", "new-year", (1, 1), (1, 8), 0.35),
    ("country:RU", "may-holidays", (5, 1), (5, 9), 0.65),
    ("country:BY", "new-year", (1, 1), (1, 2), 0.30),
    ("country:KZ", "new-year", (1, 1), (1, 2), 0.30),
    ("country:KZ", "nauryz", (3, 21), (3, 23), 0.50),
    ("country:DE", "christmas", (12, 24), (12, 31), 0.50),
    ("category:phone", "11-november", (11, 9), (11, 15), 1.30),
    ("category:robot_vacuum", "spring-cleaning", (4, 6), (4, 19), 1.20),
)
# the hub and its suppliers close around the Spring Festival (29 January 2025, 17 February 2026, 6 February 2027)
# and for the October holidays
_SHUTDOWNS = (
    ("october-holidays-2024", date(2024, 10, 1), date(2024, 10, 7)),
    ("spring-festival-2025", date(2025, 1, 26), date(2025, 2, 7)),
    ("october-holidays-2025", date(2025, 10, 1), date(2025, 10, 7)),
    ("spring-festival-2026", date(2026, 2, 13), date(2026, 2, 26)),
    ("october-holidays-2026", date(2026, 10, 1), date(2026, 10, 7)),
    ("spring-festival-2027", date(2027, 2, 2), date(2027, 2, 17)),
)


def events(size: Size, suppliers: list[str]) -> pd.DataFrame:
    """The table of events within the history and the year ahead."""
    weeks = mondays()
    first, last = weeks[0].astype(date), (weeks[-1] + 6).astype(date)
    countries = {f"country:{region.country}" for region in size.regions}
    rows: list[tuple[str, str, str, date, date, float | None]] = []
    for year in _YEARS:
        for applies_to, name, start, end, factor in _YEARLY:
            if applies_to in countries or applies_to.startswith("category:"):
                kind = "holiday" if applies_to.startswith("country:") else "promotion"
                event = f"{name}-{applies_to.split(':')[1]}-{year}"
                rows.append((event, kind, applies_to, date(year, *start), date(year, *end), factor))
    for name, start_day, end_day in _SHUTDOWNS:
        rows.append((f"{name}-{HUB.code}", "shutdown", f"site:{HUB.code}", start_day, end_day, None))
        if start_day.year >= 2026 and "spring" in name:
            for supplier in suppliers:
                rows.append((f"{name}-{supplier}", "shutdown", f"supplier:{supplier}", start_day, end_day, None))
    frame: pd.DataFrame = pd.DataFrame(rows, columns=["event", "kind", "applies_to", "start", "end", "factor"])
    inside = (frame["start"] >= first) & (frame["end"] <= last)
    frame["start"], frame["end"] = pd.to_datetime(frame["start"]), pd.to_datetime(frame["end"])
    kept: pd.DataFrame = frame[inside]
    return kept.sort_values(["start", "event"], ignore_index=True)


def daily_factors(size: Size, declared: pd.DataFrame) -> Floats:
    """Repairs by day relative to an ordinary day, from weekday and events: (regions, categories, WEEKS, 7)."""
    days = mondays()[:, None] + np.arange(7)
    factors = np.ones((len(size.regions), len(CATEGORY_NAMES), WEEKS, 7)) * _WEEKDAY
    felt = declared[declared["kind"] != "shutdown"]
    starts, ends = felt["start"].to_numpy("datetime64[D]"), felt["end"].to_numpy("datetime64[D]")
    for start, end, applies_to, factor in zip(starts, ends, felt["applies_to"], felt["factor"], strict=True):
        inside = (days >= start) & (days <= end)
        kind, name = applies_to.split(":")
        for r, region in enumerate(size.regions):
            for c, category in enumerate(CATEGORY_NAMES):
                if (kind == "country" and region.country == name) or (kind == "category" and category == name):
                    factors[r, c][inside] *= factor
    return np.asarray(factors)


def seasons() -> Floats:
    """Yearly swing of repairs by category, shape (categories, WEEKS), mean 1 over a year."""
    week_of_year = (mondays() - mondays().astype("datetime64[Y]")).astype(np.int64) / 7.0
    swings = [CATEGORIES[name].season for name in CATEGORY_NAMES]
    return np.array([1.0 + size * np.cos(2 * np.pi * (week_of_year - peak) / 52.18) for size, peak in swings])


def shut(days: Days) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which days the hub is shut, shape of `days`."""
    closed = np.zeros(days.shape, dtype=np.bool_)
    for _, start, end in _SHUTDOWNS:
        closed |= (days >= np.datetime64(start, "D")) & (days <= np.datetime64(end, "D"))
    return closed
