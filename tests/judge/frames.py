"""Rows and dates out of frames, untyped by nature."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd


def rows(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows of a frame by attribute."""
    return iter(frame.itertuples(index=False))


def as_date(value: Any) -> date:
    """A plain date from whatever a frame holds."""
    stamp = pd.Timestamp(value)
    return date(stamp.year, stamp.month, stamp.day)
