"""Transfers as facts: what leaves one depot's stock is under way to another's, unit for unit."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.network import Network
from domain.transfers import with_transfers
from tests import one_part

TO_COME = date(2024, 3, 12)


def network(*lots: tuple[int, str | None]) -> Network:
    """Good stock of A at D1 in lots of (units, last day), some of it defective besides."""
    rows = [
        {"site": "D1", "part": "A", "condition": "good", "on_hand": units}
        | ({} if last is None else {"expires": pd.Timestamp(last)})
        for units, last in lots
    ]
    broken = [{"site": "D1", "part": "A", "condition": "defective", "on_hand": 5}]
    depot = {"site": "D2", "kind": "depot", "country": "RU", "region": "R2"}
    return one_part.build(sites=[*one_part.SITES, depot], stock=rows + broken)


def moves(quantity: int) -> pd.DataFrame:
    """So many units of A from D1 to D2."""
    row = {"part": "A", "from_site": "D1", "to_site": "D2", "lane": "D1-D2-road", "quantity": quantity}
    return pd.DataFrame([row | {"departs": pd.Timestamp("2024-03-08"), "arrives": pd.Timestamp(TO_COME)}])


def lots_of(found: Network) -> list[int]:
    """Good units at D1, lot by lot in order of their last day."""
    good = found.stock[found.stock["condition"] == "good"].sort_values("expires")
    return [int(units) for units in good["on_hand"]]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=3), st.data())
def test_no_unit_is_lost_and_none_appears(lots: list[int], data: st.DataObject) -> None:
    """Good stock and what is under way add up to the good stock there was."""
    days = ("2025-01-01", "2025-06-01", None)
    before = network(*zip(lots, days, strict=False))
    quantity = data.draw(st.integers(0, sum(lots)))
    after = with_transfers(before, moves(quantity)) if quantity else before
    assert sum(lots_of(after)) + int(after.inbound["quantity"].sum()) == sum(lots)
    assert (after.stock["on_hand"] >= 0).all()
    pd.testing.assert_frame_equal(after.stock.drop(columns="on_hand"), before.stock.drop(columns="on_hand"))


def test_what_keeps_longest_leaves_first() -> None:
    """Units without a last day go before those with a late one, and these before those with an early one."""
    before = network((3, "2024-05-01"), (3, "2024-09-01"), (2, None))
    assert lots_of(with_transfers(before, moves(4))) == [3, 1, 0]


def test_a_site_gives_no_more_than_it_has() -> None:
    """Defective, expired and missing units cannot leave."""
    with pytest.raises(ValueError, match="D1 is to give 4 units of A"):
        with_transfers(network((3, None), (9, "2024-03-06")), moves(4))


def test_without_transfers_the_network_stays_itself() -> None:
    """No transfers, no new network."""
    before = network((3, None))
    assert with_transfers(before, moves(1).iloc[:0]) is before


def test_a_transfer_is_inbound_at_its_taker() -> None:
    """It comes to the taker on the day it arrives, by the lane it travels, from the site that gave it."""
    (row,) = with_transfers(network((3, None)), moves(2)).inbound.to_dict("records")
    assert (row["part"], row["origin"], row["destination"], row["quantity"]) == ("A", "D1", "D2", 2)
    assert (row["expected"], row["lane"], row["status"]) == (pd.Timestamp(TO_COME), "D1-D2-road", "confirmed")
