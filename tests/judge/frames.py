"""Rows, dates and good stock out of frames, untyped by nature."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd

from domain.network import Network


def rows(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows of a frame by attribute."""
    return iter(frame.itertuples(index=False))


def as_date(value: Any) -> date:
    """A plain date from whatever a frame holds."""
    stamp = pd.Timestamp(value)
    return date(stamp.year, stamp.month, stamp.day)


def good_stock(network: Network) -> Counter[tuple[str, str]]:
    """Good units by part and site; what expired before `as_of` does not count."""
    stock: Counter[tuple[str, str]] = Counter()
    for row in rows(network.stock):
        expired = row.expires == row.expires and as_date(row.expires) < network.settings.as_of  # NaT never expires
        if row.condition == "good" and not expired:
            stock[row.part, row.site] += row.on_hand
    return stock
