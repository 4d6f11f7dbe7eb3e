"""The yardstick: the best single-mode (s, Q) policy at the fill rate of the plan."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson as poisson_law

from domain.forecast import Forecast
from domain.network import Network
from domain.schemas import ARTEFACTS, empty_frame
from simulation.referee.board import AT_ONCE, REORDER, SHIP, Demands, Floats, Ints
from simulation.referee.case import Case, case_of
from simulation.referee.money import costs, prices_of
from simulation.referee.plan import PlanToJudge
from simulation.referee.referee import from_law, judge, replicate, rules_of
from simulation.referee.single_mode import policy_of, with_level, yardstick
from simulation.referee.verdict import Tally, tally_service
from storage.network_folder import network_from_tables
from tests.networks import tiny_tables
from tests.simulation.referee.boards import board, played, poisson, rules, stocked, weekly_days

SETUP, HOLDING, SHORTAGE = 64.0, 1.0, 9.0


def period_cost(mean: float, upto: int) -> Floats:
    """E[h (y − D)⁺ + p (D − y)⁺] for positions y = −60..`upto`, the row of y being y + 60."""
    units, y = np.arange(int(mean + 30.0 * np.sqrt(mean) + 30.0)), np.arange(-60, upto + 1)
    left = y[:, None] - units[None, :]
    cost = np.where(left > 0, HOLDING * left, -SHORTAGE * left)
    return np.asarray(cost @ poisson_law.pmf(units, mean))


def renewal_costs(mean: float, upto: int) -> Floats:
    """Average cost per period of (S − n, S), n = 1, 2, …: [K + Σ_{j<n} m(j)·G(S − j)] / Σ_{j<n} m(j), with
    m(0) = 1 / (1 − p₀), m(j) = Σ_{l≤j} p_l·m(j − l) (Zheng & Federgruen 1991, equations 1–3)."""
    law, number = poisson_law.pmf(np.arange(upto + 60), mean), upto + 60
    m = np.zeros(number)
    m[0] = 1.0 / (1.0 - law[0])
    for j in range(1, number):
        m[j] = law[1 : j + 1] @ m[j - 1 :: -1] / (1.0 - law[0])
    cost = period_cost(mean, upto)[::-1][:number]
    return np.asarray((SETUP + np.cumsum(m * cost)) / np.cumsum(m))


def reordering(copies: int, days: Floats, point: int, lot: int, gap: int) -> dict[str, Any]:
    """On these days, at once: (s, S) with lot 1, (s, nQ) with gap 1."""
    number = len(days)
    return {
        "order_start": np.arange(copies + 1) * number,
        "order_time": np.tile(days, copies),
        "order_kind": np.full(copies * number, SHIP),
        "order_leaf": np.zeros(copies * number, np.int64),
        "order_voyage": np.full(copies * number, AT_ONCE),
        "order_rule": np.full(copies * number, REORDER),
        "order_level": np.full(copies * number, float(point)),
        "reorder_lot": np.full(copies, lot),
        "reorder_gap": np.full(copies, gap),
    }


def in_lumps(demands: Demands) -> Demands:
    """A week's demand all at once, right after the Monday's review."""
    return demands._replace(time=7.0 * np.floor(demands.time / 7.0) + 1e-6)


@pytest.mark.parametrize(
    ("mean", "point", "upto", "cost"),
    [(10, 6, 40, 35.022), (15, 10, 49, 42.698), (20, 14, 62, 49.173), (25, 19, 56, 54.262)],
)
def test_an_order_up_to_policy_costs_what_the_textbook_says(mean: int, point: int, upto: int, cost: float) -> None:
    """Zheng & Federgruen (1991), K = 64, h = 1, p = 9: the published policy is the best of all, and costs so much when
    played week by week."""
    best = min(float(renewal_costs(mean, level).min()) for level in range(mean, 5 * mean))
    assert best == pytest.approx(cost, abs=6e-4)
    assert float(renewal_costs(mean, upto)[upto - point - 1]) == pytest.approx(best, abs=1e-9)
    copies, weeks = 60, 500
    table = board(
        copies,
        courier_days=np.zeros(copies),
        **stocked(copies, 1, upto),
        **reordering(copies, weekly_days(weeks), point, lot=1, gap=upto - point),
    )
    demands = in_lumps(poisson(copies, weeks, float(mean)))
    out = played(table, demands, rules(7.0 * weeks))
    waited = np.add.reduceat(out.counted_wait, demands.start[:-1])
    orders = (out.moved.reshape(copies, weeks) > 0).sum(axis=1)
    found = (SETUP * orders + HOLDING * out.depot_days / 7.0 + SHORTAGE * waited / 7.0) / weeks
    assert abs(found.mean() - cost) < 4.0 * found.std() / np.sqrt(copies) + 0.05
    assert found.std() / np.sqrt(copies) < 0.005 * cost


def test_a_depot_at_its_reorder_point_gets_lots_and_above_it_nothing() -> None:
    """(s, nQ) with s = 3, Q = 4: 4 units from 3, 8 from −2 (all owed), none from 4."""
    for stock, asked, sent in ((3, 0, 4), (0, 2, 8), (4, 0, 0)):
        table = board(1, courier_days=np.zeros(1), **stocked(1, 1, stock), **reordering(1, np.array([7.0]), 3, 4, 1))
        demands = poisson(1, 1, 0.0)
        if asked:
            one = np.ones(1, np.int64)
            demands = Demands(np.array([0, 1]), np.array([1.0]), 0 * one, 2 * one, asked * one, one, one > 0, one)
        assert played(table, demands, rules(70.0)).moved.tolist() == [sent]


PARTS, WEEKS = 40, 20


def network() -> Network:
    """The tiny network with forty parts, from rare to asked for daily; every fifth, dangerous, flies to D1 only."""
    tables, settings = tiny_tables()
    number = np.arange(PARTS)
    tables["parts"] = pd.DataFrame(
        {
            "part": [f"P{n:02}" for n in number],
            "part_class": "screen",
            "unit_cost": 2.0 + 7.0 * (number % 9),
            "weight_kg": 0.05 + 0.02 * (number % 7),
            "dangerous_goods": number % 5 == 0,
            "supplier": np.where(number % 4 == 0, "", "S1"),
            "moq": 1 + number % 6,
        }
    )
    sites = pd.DataFrame({"site": ["HUB", "D1", "D2"], "on_hand": [60, 25, 12]})
    tables["stock"] = tables["parts"][["part"]].merge(sites, how="cross").assign(condition="good")
    tables["usage"] = tables["usage"].iloc[:1].assign(part="P00")
    for name in ("fitment", "models", "sales", "inbound", "repair_orders", "service"):
        tables[name] = tables[name].iloc[:0]
    return network_from_tables(tables, {**settings, "horizon_weeks": WEEKS})[0]


def case() -> Case:
    """No plan yet: repair points want two units each, nothing is ordered."""
    made = network()
    part, region = np.repeat(made.parts["part"].to_numpy(object), 2), np.tile(np.array(["R1", "R2"], object), PARTS)
    leaves = len(part)
    weekly = 0.2 + 1.5 * np.repeat(np.arange(PARTS) % 8, 2)
    sites = np.array([["P11", "P12"], ["P21", "P22"]], object)[np.tile([0, 1], PARTS)]
    forecast = Forecast(
        as_of=made.settings.as_of,
        part=part,
        region=region,
        mean=np.tile(weekly[:, None], (1, WEEKS + 12)),
        batch_index=np.full(leaves, 1.2),
        rate_shape=np.full(leaves, 9.0),
        discount=np.ones(leaves),
        drift=np.zeros(leaves),
        share_leaf=np.repeat(np.arange(leaves), 2),
        share_site=sites.ravel(),
        share=np.tile([0.6, 0.4], leaves),
    )
    targets = pd.DataFrame({"part": np.repeat(part, 2), "site": sites.ravel(), "base_stock": 2})
    shipments = empty_frame(ARTEFACTS["shipments"])
    purchases = empty_frame(ARTEFACTS["purchase_orders"])
    plan = PlanToJudge(forecast, targets, shipments, purchases, {}, {"default": 20.0})
    return case_of(made, plan, WEEKS)


@pytest.fixture(scope="module")
def by_air() -> Case:
    """A plan that is the policy by air at a level of 0.7, where the fill rate still rises with the level."""
    return with_level(policy_of(case(), "air"), 0.7, cover=True)


def test_a_plan_that_is_such_a_policy_saves_nothing_against_its_own_mode(by_air: Case) -> None:
    """Tuned to the same fill rate, the yardstick by air finds the plan again and costs the same within 1 %. Sea is too
    slow for the stock at hand, and so no yardstick. Twice the same."""
    found = judge(by_air, from_law(by_air), 8, single_mode=True)
    beside = found.single_mode
    assert beside is not None
    assert beside.saved is not None
    assert (beside.best, beside.by_mode["sea"].equal) == ("air", False)
    air, plan = beside.by_mode["air"], found.plan
    assert air.equal
    assert air.cover
    assert air.level == pytest.approx(0.7, abs=0.02)
    assert air.verdict.figures["fill_rate"].value == pytest.approx(plan.figures["fill_rate"].value, abs=1e-3)
    assert beside.saved.value == pytest.approx(air.verdict.cost["total"].value - plan.cost["total"].value)
    assert abs(beside.saved.value) < 0.01 * plan.cost["total"].value
    assert found == judge(by_air, from_law(by_air), 8, single_mode=True)


def test_what_a_mode_may_not_carry_comes_by_the_ordinary_lane() -> None:
    """Dangerous goods do not fly to D2: they go by sea there; all else flies."""
    policy = policy_of(case(), "air")
    orders, rows = policy.case.orders, policy.case.rows
    sent = orders[orders["kind"] == SHIP]
    mode = policy.case.supply.lanes["mode"].to_numpy(object)[sent["lane"].to_numpy(np.int64)]
    leaf = rows.leaves.iloc[sent["leaf_row"]]
    dangerous = leaf["part"].map(policy.case.network.parts.set_index("part")["dangerous_goods"]).to_numpy(bool)
    banned = dangerous & (leaf["region"] == "R2").to_numpy(bool)
    assert set(mode[banned]) == {"sea"}
    assert set(mode[~banned]) == {"air"}
    weekly = 0.2 + 1.5 * (np.arange(PARTS) % 8)
    assert policy.share == pytest.approx(1.0 - weekly[::5].sum() / (2.0 * weekly.sum()))


def test_lots_are_the_cheapest_of_all(by_air: Case) -> None:
    """K·D/Q + h·Q/2 is nowhere lower by more than rounding; no consignment costs anything by air, so K is the line."""
    prices, lots = prices_of(by_air), by_air.board.reorder_lot
    daily = by_air.plan.forecast.mean[:, 0] / 7.0
    holding = prices.leaf["holding"].to_numpy(float)
    number = np.arange(1, 400)
    cost = by_air.network.settings.order_line_cost * daily[:, None] / number + holding[:, None] * number / 2.0
    flown = by_air.supply.lanes["mode"].to_numpy(object)[_lane_of(by_air)] == "air"
    best = np.minimum(number[cost.argmin(axis=1)], np.rint(7.0 * WEEKS * daily))
    assert flown.sum() == 72
    assert (abs(lots - np.maximum(best, 1))[flown] <= 1).all()


def _lane_of(policy: Case) -> Ints:
    sent = policy.orders[policy.orders["kind"] == SHIP].drop_duplicates("leaf_row").sort_values("leaf_row")
    return sent["lane"].to_numpy(np.int64)


def test_higher_levels_order_more_and_serve_more() -> None:
    """The level is what the bisection may rely on."""
    policy = policy_of(case(), "sea")
    fills, bought = [], []
    for level in (0.05, 0.5, 0.9, 0.99):
        one = with_level(policy, level, cover=False)
        demands, _, out = replicate(one, from_law(one), rules_of(one, check=True), 1, 0)
        assert (out.lost == 0).all()
        new = demands.asked & (demands.time < 7.0 * WEEKS)
        fills.append(out.at_once[new].sum() / demands.quantity[new].sum())
        bought.append(out.bought.sum())
    assert fills == sorted(fills)
    assert bought == sorted(bought)
    assert fills[-1] > fills[0] + 0.05


def test_a_fill_rate_nobody_reaches_leaves_no_yardstick(by_air: Case) -> None:
    """Against a plan that serves everything at once no mode counts, and nothing is said to be saved."""
    draw, rule, prices = from_law(by_air), rules_of(by_air), prices_of(by_air)
    demands, arrives, out = replicate(by_air, draw, rule, 1, 0)
    tally = Tally()
    tally_service(tally, by_air, demands, out.at_once, out.local, out.last)
    tally.add(**costs(by_air, prices, demands, out, arrives))
    tally.sums["served"] = tally.sums["asked"]
    found = yardstick(by_air, tally, lambda other, plays: 0.9, lambda other, prices, plays: tally, lambda text: None)
    assert (found.best, found.saved) == ("", None)
    assert not any(one.equal for one in found.by_mode.values())
