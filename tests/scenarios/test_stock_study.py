"""What stock targets achieve, what more or less money would do, and what to buy next, from network, forecast, plan."""

from dataclasses import replace
from math import inf, nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from domain.logistics import WEEKS_PER_YEAR
from domain.plan import StockTargets
from domain.problems import ZapasError
from domain.service import FillRate, MeanWait
from optimizer.targets import stock_targets
from scenarios.stock_study import MULTIPLES, StockStudy, by_demand, planned_stock, stock_study, studied
from tests.reports.workshop import empty_case, workshop

CASE = workshop()
BUDGET, BUY = 4000.0, 2500.0


@pytest.fixture(scope="module")
def found() -> StockStudy:
    """Everything asked of the workshop's plan."""
    return studied(CASE.network, CASE.forecast, CASE.plan.targets, budget=BUDGET, buy=BUY)


def whole(found: StockStudy) -> pd.DataFrame:
    return found.frontier[found.frontier["group"] == ""]


def test_money_is_base_stock_at_purchase_price(found: StockStudy) -> None:
    """Hub, depot and point money add up the table of targets; the groups share what lies behind the hubs."""
    table = CASE.plan.targets.table
    money = table["base_stock"] * table["part"].map(CASE.network.parts.set_index("part")["unit_cost"])
    kind = table["site"].map(CASE.network.sites.set_index("site")["kind"])
    by_kind = money.groupby(kind).sum()
    assert found.hub_money == pytest.approx(by_kind["origin"])
    assert (found.depot_money, found.point_money) == pytest.approx((by_kind["depot"], by_kind["repair_point"]))
    groups = found.groups.set_index("group")
    assert groups.loc[""]["stock_money"] == pytest.approx(found.depot_money + found.point_money)
    assert groups.drop(index="")["stock_money"].sum() == pytest.approx(found.depot_money + found.point_money)


def test_what_is_achieved_is_what_the_targets_say(found: StockStudy) -> None:
    """Fill rates and waits of the table, weighted by demand; achieved is in the measure of the group's promise, and the
    plan's stock keeps it."""
    table = CASE.plan.targets.table
    points = table[table["group"] != ""].assign(waiting=lambda rows: rows["expected_backorders"])
    for row in found.groups.to_dict("records"):
        of_group = points[points["group"] == row["group"]] if row["group"] else points
        assert row["devices_waiting"] == pytest.approx(of_group["waiting"].sum())
        if row["group"]:
            target = found.targets[row["group"]]
            if isinstance(target, MeanWait):
                assert row["achieved"] == pytest.approx(row["mean_wait_days"])
            if isinstance(target, FillRate):
                assert row["achieved"] == pytest.approx(row["fill_rate"])
            assert row["met"] is True
            assert row["price"] == CASE.plan.targets.waiting_price[row["group"]]


def test_no_stock_costs_less_than_the_bound(found: StockStudy) -> None:
    """The cost of the plan's stock is that of its groups, and the least proven is below it."""
    now = found.groups.iloc[-1]
    assert found.bound.cost * WEEKS_PER_YEAR == pytest.approx(now["kept_cost_a_year"] + now["waiting_cost_a_year"])
    assert 0.0 < found.bound.lower_bound <= found.bound.cost
    assert 0.0 <= found.bound.gap < 0.2


def test_more_money_is_better_service(found: StockStudy) -> None:
    """Along the frontier stock, its cost and service rise together; the plan's own stock stands once in every line."""
    table = whole(found)
    assert table["price"].tolist() == list(MULTIPLES)
    assert found.frontier.groupby("group")["planned"].sum().eq(1).all()
    others = table[~table["planned"]]
    for column in ("stock_money", "kept_cost_a_year", "fill_rate"):
        assert others[column].is_monotonic_increasing
    assert others["mean_wait_days"].is_monotonic_decreasing
    own = table[table["planned"]].iloc[0]
    assert own["stock_money"] == pytest.approx(found.groups.iloc[-1]["stock_money"])
    assert own["fill_rate"] == pytest.approx(found.groups.iloc[-1]["fill_rate"])


def test_a_budget_is_kept_and_its_service_grows_with_it(found: StockStudy) -> None:
    """No more is tied up than allowed, nothing without money, and more money leaves fewer devices waiting."""
    assert found.budgeted is not None
    assert 0.9 * BUDGET < found.budgeted.iloc[-1]["stock_money"] <= BUDGET
    none = studied(CASE.network, CASE.forecast, CASE.plan.targets, budget=0.0).budgeted
    assert none is not None
    assert none.iloc[-1]["stock_money"] == 0.0
    assert none.iloc[-1]["devices_waiting"] > found.budgeted.iloc[-1]["devices_waiting"]


def test_what_to_buy_begins_where_today_ends(found: StockStudy) -> None:
    """Ranked by saving per money within the money given; what a region has or awaits is not bought again."""
    buys = found.purchases
    assert buys is not None
    assert buys["cumulative_money"].tolist() == pytest.approx(buys["money"].cumsum().tolist())
    assert buys["money"].sum() <= BUY
    assert (buys["units"] >= 1).all()
    assert (buys["saved_a_year"] / buys["money"]).is_monotonic_decreasing
    more = CASE.network.stock.assign(on_hand=CASE.network.stock["on_hand"] + 400)
    full = studied(replace(CASE.network, stock=more), CASE.forecast, CASE.plan.targets, buy=BUY).purchases
    assert full is not None
    assert full.empty
    first = buys.iloc[0]
    broken = more.assign(condition=np.where(more["part"] == first["part"], "defective", more["condition"]))
    only = studied(replace(CASE.network, stock=broken), CASE.forecast, CASE.plan.targets, buy=BUY).purchases
    assert only is not None
    assert set(only["part"]) == {first["part"]}


def test_devices_are_money_over_the_price_of_waiting(found: StockStudy) -> None:
    """In regions of one group: money saved a year ÷ price of a device waiting a week ÷ weeks of a year."""
    assert found.purchases is not None
    assert (found.purchases["devices_fewer"] > 0.0).all()
    screens = CASE.network.parts.set_index("part")["part_class"] == "screen"
    rows = found.purchases[found.purchases["part"].map(screens)]
    weekly = rows["saved_a_year"] / rows["devices_fewer"] / WEEKS_PER_YEAR
    assert weekly.to_numpy() == pytest.approx(CASE.plan.targets.waiting_price["screens"])


def test_where_nothing_is_wanted_nothing_is_studied() -> None:
    """A network without demand has empty tables and costs nothing."""
    case = empty_case()
    found = studied(case.network, case.forecast, case.plan.targets, budget=100.0, buy=100.0)
    assert found.groups.empty
    assert found.frontier.empty
    assert (found.hub_money, found.depot_money, found.bound.cost) == (0.0, 0.0, 0.0)
    assert found.purchases is not None
    assert found.purchases.empty


def test_targets_of_something_else_are_refused() -> None:
    """A place with demand without target, a group without price: which one, in one sentence."""
    targets = CASE.plan.targets
    with pytest.raises(ZapasError, match="no stock target for part 0000 at "):
        planned_stock(
            CASE.network, CASE.forecast, replace(targets, table=targets.table[targets.table["part"] > "0000"])
        )
    with pytest.raises(ZapasError, match="no price of waiting for service group"):
        planned_stock(CASE.network, CASE.forecast, StockTargets(targets.table, {}))


def test_slow_movers_are_told_apart_by_demand_of_their_region() -> None:
    """Every part and region is in one class, the slowest first; shares of pieces add up; slow pieces last longest."""
    known = planned_stock(CASE.network, CASE.forecast, CASE.plan.targets)
    table = by_demand(known)
    assert table["places"].sum() == len(known.system.part)
    assert table[["at_points", "at_depots", "at_hub"]].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert table["points_with_stock"].between(0.0, 1.0).all()
    fastest = table.iloc[-1]
    assert fastest["wanted"] == "over 52 a year"
    assert fastest["days"] < table["days"].iloc[0]


@pytest.mark.parametrize("money", [-1.0, nan, inf])
def test_money_to_spend_is_an_amount(money: float) -> None:
    """Negative or endless money is refused before anything is read."""
    with pytest.raises(ZapasError, match=r"--budget .*: give an amount of money, 0 or more"):
        stock_study(Path("nowhere"), Path("nowhere"), budget=money)
    with pytest.raises(ZapasError, match=r"--buy .*: give an amount of money, 0 or more"):
        stock_study(Path("nowhere"), Path("nowhere"), buy=money)


def test_fresh_targets_are_studied_as_they_are() -> None:
    """The optimizer's own table needs nothing added: its stock is the plan's."""
    targets = stock_targets(CASE.network, CASE.forecast)
    known = planned_stock(CASE.network, CASE.forecast, targets)
    assert known.stock.point_stock.sum() + known.stock.depot_stock.sum() + known.system.hub_stock.sum() == (
        targets.table["base_stock"].sum()
    )
