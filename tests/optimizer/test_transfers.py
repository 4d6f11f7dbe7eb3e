"""Transfers between depots: excess first, never at a loss, chosen as trying all of them would."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from domain.transfers import Transfers
from optimizer.transfers import Params, decide_transfers
from tests.optimizer.replenishment.cases import stock_targets
from tests.optimizer.transfer_networks import Pair, random_pair, total

PLENTY = Pair(
    demand={("A", "D1"): 0.05, ("A", "D2"): 0.8},
    stock={("A", "D1"): 9, ("A", "P2"): 1},
    base_stock={("A", "P1"): 1, ("A", "P2"): 1},
)
RANDOM = (0, 5, 7, 39)


def decided(case: Pair, params: Params | None = None) -> Transfers:
    return decide_transfers(case.network(), case.forecast(), case.targets(), params)


def units(case: Pair) -> dict[tuple[str, str, str], int]:
    """Units by part, giver and taker."""
    rows = decided(case).table.to_dict("records")
    return {(row["part"], row["from_site"], row["to_site"]): row["quantity"] for row in rows}


def move(quantity: int, way: tuple[str, str], cost: float, days: int = 4) -> pd.DataFrame:
    """So many units of A by road on the day after the data, which is a Thursday."""
    row: dict[str, Any] = {"part": "A", "from_site": way[0], "to_site": way[1], "lane": "-".join(way)}
    row |= {"departs": pd.Timestamp("2024-03-07"), "arrives": pd.Timestamp("2024-03-07") + pd.Timedelta(days=days)}
    return pd.DataFrame([row | {"quantity": quantity, "cost": quantity * cost}])


@pytest.mark.parametrize(
    "case",
    [
        PLENTY,
        replace(PLENTY, price=300.0),
        replace(PLENTY, demand={("A", "D1"): 0.4, ("A", "D2"): 0.5}),
        replace(PLENTY, road={"cost_per_kg": 4.0}),
        replace(PLENTY, road={"cost_per_kg": 40.0}),
        replace(PLENTY, stock={("A", "D1"): 9, ("A", "D2"): 3, ("A", "HUB"): 4}),
        replace(PLENTY, part={"moq": 20}),
        replace(PLENTY, road={"transit_days": 20.0}),
    ],
)
def test_the_choice_is_the_best_of_all_transfers(case: Pair) -> None:
    """Of every number of units either way, each replanned in full, none costs less than what was decided."""
    network, forecast, targets = case.network(), case.forecast(), case.targets()
    found = decide_transfers(network, forecast, targets)
    cost = 2.0 * {"cost_per_kg": 1.0, **case.road}["cost_per_kg"]
    days = int(case.road.get("transit_days", 4))
    landed = 100.0 + 2.0 * 5.0
    cost += landed * 0.52 / 52 * days / 7
    nothing = total(network, forecast, targets)
    tried = {0: nothing}
    for quantity in range(1, case.stock["A", "D1"]):  # one stays for the shelf of P1
        tried[quantity] = total(network, forecast, targets, move(quantity, ("D1", "D2"), cost, days)) + quantity * cost
    moved = int(found.table["quantity"].sum())
    assert set(found.table["from_site"]) <= {"D1"}
    assert tried[moved] == pytest.approx(min(tried.values()), abs=0.02)
    assert found.table["cost"].sum() == pytest.approx(moved * cost)
    assert found.table["saves"].sum() == pytest.approx(nothing - tried[moved], abs=0.02)


@pytest.mark.parametrize("seed", RANDOM)
def test_a_plan_with_transfers_costs_no_more(seed: int) -> None:
    """On random networks with every rule, replenishment with the transfers and their cost is not above that without."""
    case = random_pair(seed)
    assert case is not None
    targets = stock_targets(case)
    found = decide_transfers(case.network, case.forecast, targets)
    assert len(found.table)
    without = total(case.network, case.forecast, targets)
    assert total(case.network, case.forecast, targets, found.table) + found.table["cost"].sum() <= without * (1 + 1e-6)


@pytest.mark.parametrize("seed", RANDOM)
def test_closing_a_road_never_saves(seed: int) -> None:
    """Without one of its roads a network's transfers save no more than with all."""
    case = random_pair(seed)
    assert case is not None
    targets = stock_targets(case)
    saved = decide_transfers(case.network, case.forecast, targets).table["saves"].sum()
    for lane in ("D1-D2-road", "D2-D1-road"):
        lanes = case.network.lanes[case.network.lanes["lane"] != lane].reset_index(drop=True)
        closed = decide_transfers(replace(case.network, lanes=lanes), case.forecast, targets)
        assert closed.table["saves"].sum() <= saved + 0.01


def test_excess_goes_before_buying() -> None:
    """A depot with nine units nobody there wants gives to one that runs short before the next flight, and says why."""
    (row,) = decided(PLENTY).table.to_dict("records")
    assert (row["from_site"], row["to_site"], row["lane"]) == ("D1", "D2", "D1-D2")
    assert (row["departs"], row["arrives"]) == (pd.Timestamp("2024-03-07"), pd.Timestamp("2024-03-11"))
    assert "D2 expects to run short of it in the week of 2024-03-" in row["reason"]
    assert "D1 would not use it within 9 weeks" in row["reason"]
    assert "buying one for D2 110.00" in row["reason"]


def test_shelves_and_open_repairs_of_the_giver_come_first() -> None:
    """What the giver's points lack for their base stocks and open repair orders stays."""
    richer = units(PLENTY)["A", "D1", "D2"]
    tight = replace(PLENTY, base_stock={("A", "P1"): 3, ("A", "P2"): 1}, orders={("A", "P1"): 2})
    assert richer > 4
    assert units(tight)["A", "D1", "D2"] == 9 - 3 - 2


@pytest.mark.parametrize(
    "case",
    [
        replace(PLENTY, roads=()),
        replace(PLENTY, roads=(("D2", "D1"),)),
        replace(PLENTY, owner="somebody else"),
        replace(PLENTY, road={"dangerous_goods": False}, part={"dangerous_goods": True}),
        replace(PLENTY, road={"minimum_charge": 5000.0}),
        replace(PLENTY, road={"cost_per_consignment": 5000.0}),
        replace(PLENTY, road={"capacity_kg_per_week": 1.0}),
        replace(PLENTY, road={"transit_days": 300.0}),
        replace(PLENTY, stock={("A", "D1"): 1}),
        replace(PLENTY, settings={"order_line_cost": 5000.0}),
    ],
)
def test_nothing_moves_where_it_cannot_or_does_not_pay(case: Pair) -> None:
    """No road, a foreign owner, goods it may not carry, a dear consignment, no room, a long way, nothing to spare."""
    assert not units(case)


def test_a_minimum_charge_is_shared_by_all_that_travels() -> None:
    """What one part cannot pay for, two parts on the same road pay together; the charge is in the lines' cost."""
    both = replace(
        PLENTY,
        demand={(part, depot): mean for part in "AB" for (_, depot), mean in PLENTY.demand.items()},
        stock={(part, site): units for part in "AB" for (_, site), units in PLENTY.stock.items()},
        base_stock={(part, site): units for part in "AB" for (_, site), units in PLENTY.base_stock.items()},
    )
    free = decided(both).table
    charge = 1.5 * float(free["saves"].max())
    together = decided(replace(both, road={"minimum_charge": charge})).table
    assert not units(replace(PLENTY, road={"minimum_charge": charge}))
    assert list(together["quantity"]) == list(free["quantity"])
    kg = 2.0 * together["quantity"].sum()
    assert together["cost"].sum() - free["cost"].sum() == pytest.approx(charge - kg)
    assert free["saves"].sum() - together["saves"].sum() == pytest.approx(charge - kg)


def test_only_the_parts_worth_most_are_looked_at() -> None:
    """With room for one part the dearer of two alike is moved."""
    both = replace(
        PLENTY,
        demand={(part, depot): mean for part in "AB" for (_, depot), mean in PLENTY.demand.items()},
        stock={(part, site): units for part in "AB" for (_, site), units in PLENTY.stock.items()},
    )
    network = both.network()
    parts = network.parts.assign(unit_cost=network.parts["unit_cost"].where(network.parts["part"] != "B", 300.0))
    found = decide_transfers(replace(network, parts=parts), both.forecast(), both.targets(), Params(most_parts=1))
    assert set(found.table["part"]) == {"B"}


def test_excess_nobody_takes_is_told_with_its_money() -> None:
    """Units beyond all demand that no transfer takes are worth selling back or scrapping; what moved is not."""
    found = decided(replace(PLENTY, stock={("A", "D1"): 40, ("A", "P2"): 1}))
    (row,) = found.exceptions.to_dict("records")
    moved = int(found.table["quantity"].sum())
    assert 0 < moved < 39
    assert (row["kind"], row["part"], row["site"]) == ("excess", "A", "D1")
    assert "sell back or scrap" in row["says"]
    assert 30 - moved <= row["money_at_risk"] / 100.0 <= 39 - moved


def test_without_roads_nothing_is_said_either() -> None:
    """A network without depot → depot lanes has neither transfers nor exceptions of excess."""
    found = decided(replace(PLENTY, roads=()))
    assert not len(found.table)
    assert not len(found.exceptions)


def test_shuffled_tables_decide_the_same() -> None:
    """The order of rows does not matter."""
    network, forecast, targets = PLENTY.network(), PLENTY.forecast(), PLENTY.targets()
    shuffled = replace(
        network,
        **{name: getattr(network, name).iloc[::-1].reset_index(drop=True) for name in ("stock", "lanes", "sites")},
    )
    usual, other = (decide_transfers(one, forecast, targets) for one in (network, shuffled))
    pd.testing.assert_frame_equal(usual.table, other.table)
    pd.testing.assert_frame_equal(usual.exceptions, other.exceptions)
