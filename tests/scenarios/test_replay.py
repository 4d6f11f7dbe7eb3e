"""Replays of a network small enough to follow by hand: one hub, one depot, one point, one part."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from domain.forecast import Forecast
from domain.network import Network, Settings
from domain.problems import ZapasError
from scenarios.budget import affordable, budget_left, with_budget
from scenarios.replay import Planner, Rolled, past_of, roll
from scenarios.replay_figures import lines, replay_json
from simulation.referee.board import PURCHASE
from simulation.referee.company import books_of, company_cost, opening
from simulation.referee.plan import PlanToJudge
from simulation.referee.position import with_position
from simulation.referee.replay import Orders, Past, replayed
from tests.random_networks import network_of

Row = dict[str, Any]

AS_OF = date(2025, 6, 29)  # a Sunday
EVE = date(2025, 5, 4)  # the Sunday eight weeks before
MONDAY = pd.Timestamp(EVE + timedelta(days=1))


def day(week: int, weekday: int = 2) -> pd.Timestamp:
    """A day (Wednesday) of a week of the replay, 0 the first."""
    return MONDAY + timedelta(days=7 * week + weekday)


def one_a_week(weeks: Any = range(8)) -> list[Row]:
    """One piece each Wednesday of these weeks, and one long before."""
    rows = [{"date": day(week), "site": "P1", "part": "A", "ticket": f"T{week}", "quantity": 1} for week in weeks]
    return [{"date": day(-8), "site": "P1", "part": "A", "quantity": 1}, *rows]


def network(usage: list[Row], sd: float = 0.0, settings: Row | None = None, **tables: list[Row]) -> Network:
    """Air leaves the hub on Mondays and takes five days, the courier one day; a kg costs 3, a piece weighs 2 kg."""
    air = {"lane": "air", "origin": "HUB", "destination": "D1", "mode": "air", "transit_days": 5.0, "cost_per_kg": 3.0}
    courier = {"lane": "van", "origin": "D1", "destination": "P1", "mode": "courier", "transit_days": 1.0}
    plain: dict[str, list[Row]] = {
        "sites": [
            {"site": "HUB", "kind": "origin", "country": "CN"},
            {"site": "D1", "kind": "depot", "country": "RU", "region": "R1"},
            {"site": "P1", "kind": "repair_point", "country": "RU", "region": "R1"},
        ],
        "lanes": [
            {**air, "transit_days_sd": sd, "departures": "Mon"},
            {**courier, "cost_per_kg": 0.0, "transit_days_sd": sd / 4},
        ],
        "suppliers": [{"supplier": "S1", "site": "HUB", "lead_time_days": 14.0, "lead_time_days_sd": sd}],
        "parts": [{"part": "A", "unit_cost": 10.0, "weight_kg": 2.0, "supplier": "S1"}],
        "usage": usage,
        "stock": [
            {"site": "P1", "part": "A", "on_hand": 2, "condition": "good"},
            {"site": "HUB", "part": "A", "on_hand": 100, "condition": "good"},
        ],
    }
    return network_of(Settings(as_of=AS_OF, currency="USD", **(settings or {})), **(plain | tables))


def plan_of(known: Network, base_stock: int, shipped: int, bought: int = 0) -> PlanToJudge:
    """Ship and buy so much on the first Monday and again on the next, which a weekly plan never comes to."""
    monday = pd.Timestamp(known.settings.as_of) + timedelta(days=1)
    both = [monday, monday + timedelta(days=7)]
    one, ids = np.ones(1), np.array(["A"], dtype=object)
    forecast = Forecast(
        known.settings.as_of, ids, np.array(["R1"], dtype=object), np.ones((1, 30)), one, one, one, 0 * one,
        np.zeros(1, np.int64), np.array(["P1"], dtype=object), one,
    )  # fmt: skip
    return PlanToJudge(
        forecast=forecast,
        targets=pd.DataFrame({"part": "A", "site": ["D1", "P1"], "base_stock": [0, base_stock]}),
        shipments=pd.DataFrame({"part": "A", "lane": "air", "departs": both, "quantity": shipped}),
        purchase_orders=pd.DataFrame(
            {"order": ["B1", "B2"], "supplier": "S1", "part": "A", "order_on": both, "quantity": bought}
        ),
        promised={},
        waiting_price={"default": 7.0},
    )


def steady(known: Network) -> PlanToJudge:
    """Two on the shelf, one shipped a week."""
    return plan_of(known, base_stock=2, shipped=1)


def follower(known: Network) -> PlanToJudge:
    """Ships and buys what was used in the week before, and one more; the base stock grows with use."""
    last = known.usage["date"] > pd.Timestamp(known.settings.as_of) - timedelta(days=7)
    used = int(known.usage.loc[last, "quantity"].sum())
    return plan_of(known, base_stock=used + 1, shipped=used + 1, bought=used + 2)


def rolled(found: Network, plan: Planner, weeks: int = 8) -> tuple[Past, Rolled]:
    """So many of the last eight weeks replayed."""
    _, _, past = past_of(found, EVE, weeks)
    return past, roll(found, past, plan)


def figures(found: Network, plan: Planner = steady, weeks: int = 8) -> dict[str, Any]:
    """What the replay of so many of the last eight weeks says."""
    books, before, past = past_of(found, EVE, weeks)
    made = roll(found, past, plan)
    return {"plans": made.plans, **replay_json(found, past, books, before, made.orders, made.replay)}


def test_a_replay_counts_as_one_would_by_hand() -> None:
    """One used and one shipped a week, two on the shelf: all is served at once and the shelf is full at the end."""
    found = network(one_a_week(), settings={"order_line_cost": 2.0})
    said = figures(found)
    ours = said["ours"]
    assert (said["weeks"], said["repairs"], said["asked"]) == (8, 8, 8)
    assert ours["fill_rate"] == ours["served_at_all"] == ours["repairs_without_wait"] == 1.0
    assert ours["days_waiting_for_parts"] == 0.0
    assert (ours["shipments"], ours["pieces_shipped"], ours["purchase_orders"]) == (8, 8, 8)
    assert ours["cost"]["freight"] == pytest.approx(8 * 2 * 3)
    assert ours["cost"]["order_line"] == pytest.approx(8 * 2)
    assert ours["stock_value_end"] == pytest.approx(92 * 10 + 2 * (10 + 6))
    assert ours["under_way_end"] == 0.0


def test_a_late_part_waits_as_long_as_it_takes() -> None:
    """With an empty shelf and one shipped on Monday, Wednesday's repair waits for Saturday and the courier: 3.5 days
    from noon."""
    found = network(one_a_week([0]), stock=[{"site": "HUB", "part": "A", "on_hand": 1, "condition": "good"}])
    ours = figures(found, lambda known: plan_of(known, base_stock=0, shipped=1), weeks=2)["ours"]
    assert (ours["fill_rate"], ours["served_at_all"]) == (0.0, 1.0)
    assert ours["days_waiting_for_parts"] == pytest.approx(3.5)
    assert ours["cost"]["shortage"] == pytest.approx(3.5 * 7.0 / 7)


def test_orders_know_nothing_of_what_comes_later() -> None:
    """Other usage from week 5 on changes no order before it, and no plan sees a day after its own."""
    seen: list[tuple[date, pd.Timestamp]] = []

    def watching(known: Network) -> PlanToJudge:
        seen.append((known.settings.as_of, known.usage["date"].max()))
        return follower(known)

    more = [{"date": day(week), "site": "P1", "part": "A", "ticket": "X", "quantity": 5} for week in (5, 6, 7)]
    _, one = rolled(network(one_a_week(), sd=2.0), watching)
    _, other = rolled(network([*one_a_week(), *more], sd=2.0), watching)
    for name, column in (("shipments", "departs"), ("purchase_orders", "order_on"), ("base_stock", "since")):
        before, after = getattr(one.orders, name), getattr(other.orders, name)
        early = before[column] <= day(5, 0)
        pd.testing.assert_frame_equal(before[early], after[after[column] <= day(5, 0)])
        assert not before.equals(after)
    assert all(last <= pd.Timestamp(as_of) for as_of, last in seen)


def test_the_position_a_plan_sees_does_not_depend_on_later_weeks() -> None:
    """A longer replay begins like a shorter one, random lead times included."""
    found = network(one_a_week(), sd=2.0)
    past, made = rolled(found, follower)
    short = Orders(
        made.orders.shipments[made.orders.shipments["departs"] < day(4, 0)],
        made.orders.purchase_orders[made.orders.purchase_orders["order_on"] < day(4, 0)],
        made.orders.base_stock[made.orders.base_stock["since"] < day(4, 0)],
    )
    plan = follower(past.eve)
    one, other = (with_position(found, past, replayed(past, orders, plan, 4)) for orders in (short, made.orders))
    for name in ("stock", "inbound", "repair_orders"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))


def test_every_piece_is_somewhere() -> None:
    """Stock then + bought = used + in stock + under way at the end of every week; the engine loses nothing; who asked
    and got nothing waits."""
    found = network(one_a_week([*range(8), 2, 2, 3]), sd=2.0)
    past, made = rolled(found, follower)
    for weeks in range(1, 9):
        play = replayed(past, made.orders, follower(past.eve), weeks, check=True)
        end = with_position(found, past, play)
        bought = int(play.played.moved[play.case.orders["kind"].to_numpy() == PURCHASE].sum())
        there = int(end.stock["on_hand"].sum() + end.inbound["quantity"].sum())
        assert 102 + bought == play.played.used.sum() + there
        assert play.played.lost.sum() == 0
        asked = past.demand.loc[past.demand["date"] < day(weeks, 0), "quantity"].sum()
        assert play.played.used.sum() + end.repair_orders["quantity"].sum() == asked


def test_weeks_without_demand_are_weeks_too() -> None:
    """Plans go on while nobody asks; a replay in which nobody asks has no fill rate and says so."""
    said = figures(network(one_a_week([0, 4])), weeks=5)
    assert (said["plans"], said["repairs"], said["ours"]["fill_rate"]) == (5, 2, 1.0)
    silent = figures(network(one_a_week([])), weeks=2)
    assert (silent["repairs"], silent["ours"]["fill_rate"], silent["company"]["served_at_all"]) == (0, None, None)
    assert any("not known" in line for line in lines(silent))


def test_a_new_base_stock_counts_from_its_day() -> None:
    """Shelves are filled on the Monday on which a plan first wants something there, not before."""
    found = network(one_a_week([]), stock=[{"site": "D1", "part": "A", "on_hand": 3, "condition": "good"}])

    def later(known: Network) -> PlanToJudge:
        return plan_of(known, base_stock=2 if known.settings.as_of >= day(2, -1).date() else 0, shipped=0)

    past, made = rolled(found, later, weeks=3)
    for weeks, at_point in ((2, 0), (3, 2)):
        lies = with_position(found, past, replayed(past, made.orders, later(past.eve), weeks)).stock
        assert lies.loc[lies["site"] == "P1", "on_hand"].sum() == at_point
        assert lies["on_hand"].sum() == 3


def test_recorded_lead_times_are_played() -> None:
    """The consignment of week 0 that arrived twelve days later brings its part twelve days later."""
    late = [{"consignment": "C", "lane": "air", "shipped": day(0, 0), "received": day(1, 5)}]
    found = network(one_a_week([]), past_consignments=late)
    past, made = rolled(found, steady, weeks=2)
    under_way = [with_position(found, past, replayed(past, made.orders, steady(past.eve), week)) for week in (1, 2)]
    assert [one.inbound["quantity"].sum() for one in under_way] == [1, 0]


@pytest.mark.parametrize(
    ("since", "why"), [(date(2025, 6, 26), "no whole week"), (date(2025, 3, 1), "usage begins 2025-03-12")]
)
def test_a_date_outside_the_history_is_refused(since: date, why: str) -> None:
    """There must be a whole week to replay and some history before it."""
    with pytest.raises(ZapasError, match=why):
        past_of(network(one_a_week()), since)


def receipts() -> list[Row]:
    """Three pieces reached the depot in week 2 and two in week 0, four the hub in week 3."""
    sent = {"site": "D1", "part": "A", "origin": "HUB", "lane": "air", "order": "C"}
    return [
        {**sent, "date": day(2, 5), "quantity": 3},
        {**sent, "date": day(0, 1), "quantity": 2},
        {"site": "HUB", "part": "A", "date": day(3, 0), "order": "PO", "quantity": 4},
    ]


def test_receipts_tell_the_stock_of_then() -> None:
    """Then = today + used + sent on − received: the region had 2 + 8 − 5 = 5, the hub 100 + 3 − 4 = 99; two pieces that
    left before were under way."""
    found = network(one_a_week(), receipts=receipts())
    eve = pd.Timestamp(EVE)
    before = opening(found, eve, books_of(found, eve))
    lies = before.stock.set_index("site")["on_hand"]
    assert lies.to_dict() == {"D1": 3, "HUB": 99, "P1": 2}
    assert before.inbound[["destination", "quantity", "expected"]].to_numpy().tolist() == [["D1", 2, day(0, 1)]]
    assert (before.missing, before.known) == (0, True)


def test_stock_below_zero_is_none_and_counted() -> None:
    """A region that got nine pieces more than it used and has is taken to have had none."""
    more = [*receipts(), {"site": "D1", "part": "A", "origin": "HUB", "lane": "air", "date": day(4), "quantity": 14}]
    found = network(one_a_week(), receipts=more)
    eve = pd.Timestamp(EVE)
    before = opening(found, eve, books_of(found, eve))
    assert "D1" not in set(before.stock["site"])
    assert before.missing == 9


def test_the_company_is_priced_like_a_plan() -> None:
    """Four pieces bought at 10, three flown for 6 each in one line; 8 used less 4 bought is stock used up at 9 each."""
    found = network(one_a_week(), receipts=receipts(), settings={"order_line_cost": 2.0})
    eve = pd.Timestamp(EVE)
    books = books_of(found, eve)
    cost = company_cost(found, books, opening(found, eve, books), eve, 8)
    known = {"purchase": 40, "freight": 18, "consignment": 0, "duty": 0, "order_line": 2, "end": 36}
    assert {kind: cost[kind] for kind in known} == pytest.approx(known)
    region = 56 * 5 + 2 * 55 + 3 * 37 - sum(54 - 7 * week for week in range(8))
    hub = 56 * 99 - 3 * 42 + 4 * 35
    daily = 0.25 / 52 / 7
    assert cost["holding"] == pytest.approx(daily * (16 * region + 10 * hub + 3 * 16 * 5))


def test_without_receipts_only_service_is_compared() -> None:
    """The company's cost is null, its stock then is today's, and the first sentence says so."""
    unmet = {"date": day(3), "site": "P1", "part": "A", "ticket": "U", "kind": "unmet", "quantity": 1}
    said = figures(network([*one_a_week(), unmet]), weeks=4)
    own = said["company"]
    assert own["cost"] is own["comparable_cost"] is own["purchase_orders"] is None
    assert own["served_at_all"] == own["repairs_served"] == pytest.approx(4 / 5)
    assert own["stock_value_end"] is None
    assert "no receipts" in said["says"][0]
    assert said["intervals"] is None


def test_replanning_does_not_renew_the_budget() -> None:
    """In the third week of four, 70 of 100 spent: 30 are left now; the plan's first period has them and half the next
    period's; only orders worth 30 are taken over."""
    found = network(one_a_week(), settings={"budget_per_period": 100.0})
    nothing = Orders(*(pd.DataFrame(columns=["part", "since"]) for _ in range(3)))
    spent = pd.DataFrame({"part": ["A"], "supplier": "S1", "order_on": [day(1, 0)], "quantity": [7]})
    left = budget_left(found, replace(nothing, purchase_orders=spent), MONDAY, 2, 8)
    assert left[:3].tolist() == [30.0, 100.0, 100.0]
    known = with_budget(found.known_at(day(2, -1).date()), left, 2)
    assert known.settings.budget_per_period is None
    assert known.budgets[["start", "amount"]].head(2).to_numpy().tolist() == [[day(2, 0), 80.0], [day(6, 0), 100.0]]
    wanted = pd.DataFrame({"order": ["1", "2", "3"], "part": "A", "order_on": day(2, 0), "quantity": [2, 2, 1]})
    assert affordable(found, left)(wanted, MONDAY)["order"].tolist() == ["1", "3"]
