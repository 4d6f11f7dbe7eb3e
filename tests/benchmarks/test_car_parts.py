"""Planning real demand: the plan of the car-parts network before a judge that shares no code with the planner."""

import os
from dataclasses import asdict
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.car_parts import AS_OF, FILL_RATE, HISTORY, Tables, car_parts_network, main
from domain.forecast_tables import forecast_frame, shares_frame
from domain.network import Network
from scenarios.pipeline import Planning, run_pipeline
from storage.network_folder import network_from_tables, read_network
from tests.judge import recompute

pytestmark = pytest.mark.skipif("ZAPAS_REAL_DATA" not in os.environ, reason="no real data")

PARTS = 300


def real_data() -> Path:
    """The folder of the real data."""
    return Path(os.environ["ZAPAS_REAL_DATA"])


@cache
def small() -> tuple[Tables, Network]:
    """The network of every ninth part: its raw tables, and read."""
    tables, settings = car_parts_network(real_data(), PARTS)
    return tables, network_from_tables(tables, settings)[0]


@cache
def small_plan() -> Planning:
    """Its plan."""
    return run_pipeline(small()[1])


def assert_judged_right(planning: Planning) -> None:
    """No rule is broken, each cost term and promise is the judge's own, and the bound is one."""
    network, plan = planning.network, planning.plan.replenishment
    assert planning.forecast is not None
    judged = recompute(
        network,
        forecast_frame(planning.forecast, network.settings),
        shares_frame(planning.forecast),
        planning.plan.targets.table,
        plan.shipments,
        plan.purchase_orders,
        planning.plan.targets.waiting_price,
    )
    assert judged.broken == []
    assert asdict(plan.objective) | {"total": plan.cost.total} == pytest.approx(judged.cost, rel=1e-6)
    assert plan.lower_bound <= plan.cost.total
    assert plan.bound_at_zero_prices <= plan.lower_bound


def assert_rules_were_felt(planning: Planning) -> None:
    """The limits bind, and there were lots, minimum orders and dangerous goods to go wrong with."""
    network, plan = planning.network, planning.plan.replenishment
    assert plan.binding["budget"] >= 0.5
    assert plan.binding["lane_capacity"] >= 0.1
    bought = plan.purchase_orders.merge(network.parts, on="part")
    assert (bought["moq"] > 1).sum() > PARTS / 20
    assert (bought["order_multiple"] > 1).sum() > PARTS / 20
    shipped = plan.shipments.merge(network.parts, on="part").merge(network.lanes, on="lane", suffixes=("", "_lane"))
    assert set(shipped["mode"]) == {"air", "sea", "road"}
    assert shipped["dangerous_goods"].sum() > PARTS / 20
    assert (bought["supplier_x"] == "").any()


def test_a_plan_for_real_demand_breaks_no_rule() -> None:
    """Lots, minimum orders, capacities, budget, calendar, dangerous goods: all kept; the costs are the judge's."""
    assert_judged_right(small_plan())


def test_the_rules_of_the_network_matter() -> None:
    """Budget and lanes bind, and lots, minimum orders and dangerous goods occur in what is planned."""
    assert_rules_were_felt(small_plan())


def test_prices_of_waiting_are_sane() -> None:
    """A device waiting a week costs 10 to 200 USD in each of the three groups."""
    price = small_plan().plan.targets.waiting_price
    assert all(10 <= price[group] <= 200 for group in FILL_RATE)


@pytest.mark.accept
def test_a_plan_for_all_the_real_demand_breaks_no_rule() -> None:
    """The same of all 2,674 parts."""
    network, _ = network_from_tables(*car_parts_network(real_data()))
    assert len(network.parts) == 2674
    planning = run_pipeline(network)
    assert_judged_right(planning)
    assert_rules_were_felt(planning)


def test_usage_is_the_recorded_demand() -> None:
    """Points together used exactly what was recorded, month by month; months without a record have no row."""
    tables, network = small()
    history = pd.read_csv(real_data() / HISTORY, dtype={"series": str})
    history = history[history["series"].isin(tables["parts"]["part"]) & (history["quantity"] > 0)]
    recorded = history.set_index(["series", "period"])["quantity"]
    used = tables["usage"].groupby(["part", "date"])["quantity"].sum()
    assert used.to_dict() == recorded.to_dict()
    assert network.usage["date"].max() <= AS_OF
    assert (tables["usage"]["quantity"] > 0).all()


def test_a_part_is_the_same_in_a_smaller_network() -> None:
    """What is assumed of a part and its demand by point depends on the part alone, not on the others."""
    few, _ = car_parts_network(real_data(), 2)
    for table in ("parts", "usage", "stock"):
        many = small()[0][table]
        same = many[many["part"].isin(few["parts"]["part"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(few[table], same)


def test_about_one_part_in_seven_is_dangerous_goods() -> None:
    """15 % of the parts, within two standard errors and a half."""
    share = small()[0]["parts"]["dangerous_goods"].mean()
    assert share == pytest.approx(0.15, abs=2.5 * (0.15 * 0.85 / PARTS) ** 0.5)


def test_the_folder_is_the_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the command writes reads back as the same network, with no warning but for late orders."""
    assert main([str(tmp_path / "network"), str(PARTS)]) == 0
    network, report = read_network(tmp_path / "network")
    assert network.snapshot == small()[1].snapshot
    assert all("late" in problem.says for problem in report.problems)
    assert main([]) == 1
    assert "usage" in capsys.readouterr().err
