"""The plan's lines as orders of the play."""

from dataclasses import replace

import pandas as pd
import pytest

from simulation.referee.board import CATCH_UP, PLANNED, SHIP
from simulation.referee.case import case_of
from tests.networks import tiny_network
from tests.simulation.referee.boards import empty_plan


@pytest.mark.parametrize("bought", [True, False])
def test_every_departure_after_a_planned_line_can_catch_up_on_it(bought: bool) -> None:
    """A line on the air lane of Monday in week 2 of 8: Mondays 3 to 8 follow, unless nothing ever comes to the hub."""
    network = replace(tiny_network(), inbound=tiny_network().inbound.iloc[:0])
    plan = empty_plan(network)
    lane = network.lanes["lane"][(network.lanes["mode"] == "air") & (network.lanes["destination"] == "D1")].iloc[0]
    line = {"part": ["0001"], "lane": [lane], "departs": pd.to_datetime(["2025-07-07"]), "quantity": [4]}
    order = {"supplier": ["S1"], "part": ["0001"], "quantity": [5], "order_on": pd.to_datetime(["2025-06-30"])}
    plan = replace(plan, shipments=pd.DataFrame(line))
    if bought:
        plan = replace(plan, purchase_orders=pd.DataFrame(order))
    orders = case_of(network, plan, weeks=8).orders
    sent = orders[(orders["kind"] == SHIP) & orders["rule"].isin([PLANNED, CATCH_UP])]
    later = [14.0, 21.0, 28.0, 35.0, 42.0, 49.0] if bought else []
    assert sent["time"].tolist() == [7.0, *later]
    assert sent["rule"].tolist() == [PLANNED, *[CATCH_UP] * len(later)]
