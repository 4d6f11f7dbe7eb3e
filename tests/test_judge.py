"""The judge of plans, judged by cases small enough to work out by hand."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from math import exp, lgamma, log
from typing import Any

import numpy as np
import pytest

from tests.judge import laws, recompute
from tests.judge.calendar import Calendar
from tests.judge.leaves import leaves_of
from tests.judge.prices import Prices
from tests.one_part import (
    LANDED,
    LANE,
    NO_TARGETS,
    SETTINGS,
    SHARES,
    build,
    day,
    forecast,
    free_hub,
    holding_of_depot,
    judge,
    purchases,
    shipments,
    targets,
)
from tests.random_networks import AS_OF, random_network


def test_every_flow_and_stock_is_priced() -> None:
    """Without demand every term is arithmetic."""
    # One unit on AIR: chargeable max(2, 0.03 · 100) = 3 kg, carriage 15, insurance 2, freight 17;
    # duty 0.1 · 117 = 11.7, VAT 0.2 · (117 + 11.7) = 25.74, together 37.44; landed 154.44.
    network = build(
        stock=[
            {"site": "HUB", "part": "A", "on_hand": 1},
            {"site": "D1", "part": "A", "on_hand": 2},
            {"site": "P1", "part": "A", "on_hand": 1},
            {"site": "D1", "part": "A", "on_hand": 9, "condition": "defective"},
        ],
        inbound=[{"order": "I", "part": "A", "destination": "P1", "quantity": 1, "expected": day(2, 3)}],
    )
    judged = judge(
        network,
        forecast(0.0),
        targets(1),
        shipments({"departs": day(2), "quantity": 3}),
        purchases({"order_on": day(1), "quantity": 3}),
    )
    assert judged.broken == []
    # O = 2 + (1 − 1); at the depot 2, 3, 6, 6, 6 units, on the shelf 1, at the hub 1 at the end of every week.
    # 6 kg in consignments of 5 kg: two, which carry 45 of 200 money of minimum charge.
    under_way = 3 * LANDED * 0.01 * 7 / 7
    weeks_after = 3 * (7 * 0.01 * LANDED + 0.5)
    assert judged.cost == pytest.approx(
        {
            "purchase": 300.0,
            "freight": 3 * 17 + (200 - 45),
            "consignment": 80.0,
            "duty": 3 * 37.44,
            "order_line": 4.0,
            "holding": (3 + 4) * 0.01 * LANDED + 2 * 0.5 + under_way,
            "shortage": 0.0,
            "end": weeks_after + 90.0 * ((1 + 2 + 1) + 1 - (1 + 6 + 1)),
            "total": 482.6964,
        }
    )


def test_a_plentiful_depot_leaves_only_the_courier_wait() -> None:
    """With stock at the depot a point waits for its fastest lane: N ~ Poisson(1 week · 1 unit), S = 1."""
    truck = {
        "lane": "C",
        "origin": "D1",
        "destination": "P1",
        "mode": "road",
        "transit_days": 6.5,
        "customs_days": 0.5,
    }
    truck |= {"cost_per_kg": 1.0}
    slower_courier = truck | {"lane": "C2", "mode": "courier", "transit_days": 6.9}
    network = build(stock=[{"site": "D1", "part": "A", "on_hand": 1000}], lanes=[LANE, truck, slower_courier])
    judged = judge(network, forecast(1.0), targets(1))
    # E[(N − 1)⁺] = 1 − 1 + e⁻¹, E[shelf] = 1 − 1 + e⁻¹, fill P(N ≤ 0) = e⁻¹; O = 1000 − 1.
    assert judged.cost["shortage"] == pytest.approx(2 * 10.0 * exp(-1))
    assert judged.cost["holding"] == pytest.approx(0.01 * LANDED * (998 + 997 + 2 * exp(-1)))
    # End: weeks 3..5, credit for 1000 − (994 + e⁻¹) units that customers took, landed + b · 7/7 per waiting unit.
    weeks_after = 0.01 * LANDED * (996 + 995 + 994 + 3 * exp(-1)) + 3 * 10.0 * exp(-1)
    credit = 90.0 * (1000 - 994 - exp(-1))
    assert judged.cost["end"] == pytest.approx(weeks_after + credit + (LANDED + 10.0) * exp(-1))


def test_an_empty_depot_passes_its_shortage_on() -> None:
    """Without stock the pipeline of the only point is everything owed: the shelf to fill, open orders, demand."""
    network = build(
        repair_orders=[{"repair_order": "R", "part": "A", "site": "P1", "quantity": 2, "due": AS_OF}],
    )
    # O = −1 − 2, μ_t = 3 + t, E[(N − 1)⁺] = μ − 1 + e^−μ, fill e^−μ.
    judged = judge(network, forecast(1.0), targets(1))
    assert judged.cost["shortage"] == pytest.approx(10.0 * (3 + exp(-4) + 4 + exp(-5)))
    assert judged.cost["holding"] == pytest.approx(0.01 * LANDED * (exp(-4) + exp(-5)))


def test_only_demand_of_the_lead_time_is_uncertain() -> None:
    """W = ceil((7 + 7) / 7) = 2 weeks where the hub holds the part, 3 with the supplier's week where it does not."""
    three_weeks = replace(SETTINGS, horizon_weeks=3)
    depot = {"site": "D1", "part": "A", "on_hand": 2}
    without = build(three_weeks, stock=[depot])
    # t = 1: E[(2 − Poisson(1))⁺] = 3e⁻¹; t = 2: 4e⁻²; t = 3: W = 3 gives E[(2 − Poisson(3))⁺] = 5e⁻³.
    assert holding_of_depot(without, forecast(1.0, 6)) == pytest.approx(3 * exp(-1) + 4 * exp(-2) + 5 * exp(-3))
    # With W = 2, one of three weeks is certain: E[(1 − Poisson(2))⁺] = e⁻².
    holds_one = build(three_weeks, stock=[depot, {"site": "HUB", "part": "A", "on_hand": 1}], sites=free_hub())
    assert holding_of_depot(holds_one, forecast(1.0, 6)) == pytest.approx(3 * exp(-1) + 4 * exp(-2) + exp(-2))


def test_late_inbound_comes_in_week_one() -> None:
    """Frozen inbound due before week 1 is there in week 1, what is due after week K counts nowhere."""
    inbound = [
        {"order": "late", "part": "A", "destination": "D1", "quantity": 5, "expected": AS_OF - timedelta(days=9)},
        {"order": "far", "part": "A", "destination": "D1", "quantity": 7, "expected": day(6)},
    ]
    cost = judge(build(inbound=inbound), forecast(0.0)).cost
    assert cost["holding"] == pytest.approx(2 * 5 * 0.01 * LANDED)
    assert cost["end"] == pytest.approx(3 * 5 * 0.01 * LANDED)


def test_stock_counts_up_to_the_day_it_expires() -> None:
    """Good stock that expires before `as_of` does not count, at the hub or at a depot; on `as_of` it still does."""
    for expires, held in ((AS_OF, 2.0 * (0.01 * LANDED + 0.005 * 100.0)), (AS_OF - timedelta(days=1), 0.0)):
        stock = [{"site": site, "part": "A", "on_hand": 1, "expires": expires} for site in ("HUB", "D1")]
        judged = judge(build(stock=stock), forecast(0.0))
        assert judged.cost["holding"] == pytest.approx(held)
        gone = judge(build(stock=stock), forecast(0.0), shipped=shipments({"departs": day(1)})).broken
        assert gone == ([] if held else ["A: by 2024-03-11 the hub has sent 1 units more than it had"])


def test_only_points_with_a_share_have_shelves() -> None:
    """A target at a point that no demand comes from fills no shelf: its stock stays the depot's."""
    nobody = SHARES.assign(site="D1")
    network = build(stock=[{"site": "P1", "part": "A", "on_hand": 1}])
    tables = (forecast(0.0), nobody, targets(1), shipments(), purchases(), {"default": 10.0})
    assert recompute(network, *tables).cost["holding"] == pytest.approx(2 * 0.01 * LANDED)


def test_a_point_without_target_takes_its_group_from_the_service_table() -> None:
    """The first fitting row of `service` names the group, and its price is charged."""
    service = [{"group": "urgent", "part_class": "other", "country": "RU", "fill_rate": 0.9}]
    judged = judge(build(service=service), forecast(1.0))
    # O = 0, S = 0: EBO_t = μ = t; the price of `urgent` is 100.
    assert judged.cost["shortage"] == pytest.approx(100.0 * (1 + 2))


def test_the_longest_tariff_prefix_wins() -> None:
    """A longer prefix goes before a shorter one, a named origin country before any at the same length."""
    duties = [
        {"country": "RU", "duty_rate": 0.9},
        {"country": "RU", "hs_prefix": "85", "duty_rate": 0.5},
        {"country": "RU", "hs_prefix": "85", "origin_country": "CN", "duty_rate": 0.25},
        {"country": "RU", "hs_prefix": "85", "origin_country": "DE", "duty_rate": 0.7},
        {"country": "KZ", "hs_prefix": "8517", "duty_rate": 0.8},
    ]
    network = build(duties=duties, stock=[{"site": "HUB", "part": "A", "on_hand": 1}])
    assert judge(network, forecast(0.0), shipped=shipments({"departs": day(1)})).cost["duty"] == pytest.approx(29.25)


def test_the_ordinary_lane_counts_the_capital_under_way() -> None:
    """A slow lane that lands a little cheaper is not the ordinary one if the way costs more than it saves."""
    # Landed on AIR 154.44 and 1.5444 under way; by sea, with 2.9 less carriage and 28 days, 150.612 and 6.02448:
    # 154.44 + 1.5444 = 155.9844 < 150.612 + 6.02448 = 156.63648. Holding at the depot is at the landed cost of AIR.
    sea = LANE | {"lane": "SEA", "mode": "sea", "transit_days": 26.0, "cost_per_kg": 15.0 / 3 - 2.9 / 3}
    stock = [{"site": "D1", "part": "A", "on_hand": 1}]
    cost = judge(build(lanes=[LANE, sea], stock=stock), forecast(0.0, 8)).cost
    assert cost["holding"] == pytest.approx(2 * 0.01 * LANDED)


def test_departures_and_arrivals_avoid_shutdowns() -> None:
    """A lane leaves on its first open weekday; arrivals and receipts wait for the end of a shutdown."""
    events = [
        {"event": "1", "applies_to": "site:HUB", "start": day(1), "end": day(1)},
        {"event": "2", "applies_to": "country:RU", "start": day(2, 3), "end": day(2, 5)},
        {"event": "3", "applies_to": "lane:AIR", "start": day(3), "end": day(3, 6)},
        {"event": "4", "applies_to": "supplier:S1", "start": day(4), "end": day(4)},
        {"event": "5", "applies_to": "lane:AIR", "start": day(4), "end": day(4), "kind": "holiday"},
    ]
    network = build(lane={"departures": "Mon Thu"}, events=[{"kind": "shutdown"} | event for event in events])
    calendar = Calendar(network)
    assert calendar.weeks == 5
    assert [calendar.departure("AIR", week) for week in range(1, 5)] == [day(1, 3), day(2), None, day(4)]
    assert calendar.arrival("AIR", day(1, 3)) == day(2, 6)
    assert calendar.arrival("AIR", day(2)) == day(4)
    assert [calendar.may_order("S1", day(week)) for week in (3, 4)] == [True, False]
    assert calendar.receipt("S1", day(3)) == day(4, 1)


def test_slots_that_do_not_overtake_have_the_law_of_the_formula() -> None:
    """ρ_t(k) equals the share of all delays in which k is the last slot in by week t, none before its predecessor."""
    law = laws.delays(1.3)
    assert sum(law.values()) == pytest.approx(1.0)
    counted = np.zeros((4, 5))
    for delays in product(law, repeat=4):
        probability = float(np.prod([law[delay] for delay in delays]))
        arrived = np.maximum.accumulate([k + 1 + delay for k, delay in enumerate(delays)])
        for t in range(1, 5):
            counted[t - 1, np.count_nonzero(arrived <= t)] += probability
    np.testing.assert_allclose(laws.last_slot(1.3, 4), counted, atol=1e-12)


def test_slots_mix_the_cost_of_a_week() -> None:
    """Where slots come early or late, a week costs the average over what is in."""
    # σ = 7 days = 1 week. One unit in slot 3, no demand: in by week t with P(max over j ≤ 3 of arrivals ≤ t).
    network = build(lane={"transit_days_sd": 7.0}, stock=[{"site": "HUB", "part": "A", "on_hand": 1}], sites=free_hub())
    judged = judge(network, forecast(0.0), shipped=shipments({"departs": day(2)}))
    law = laws.delays(1.0)
    by = {n: sum(p for delay, p in law.items() if delay <= n) for n in range(-3, 5)}
    is_in = [by[t - 1] * by[t - 2] * by[t - 3] for t in range(1, 6)]
    assert judged.cost["holding"] == pytest.approx(0.01 * LANDED * (1 + sum(is_in[:2])))
    # What is not in at the end of week 5 is under way and credited all the same: 1 − is_in − (1 − is_in) = 0.
    assert judged.cost["end"] == pytest.approx(0.01 * LANDED * sum(is_in[2:]))


def brute(mean: float, variance: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """P(N = n) for n = 0..3999 by the textbook formulas."""
    if variance == mean:
        return np.array([exp(n * log(mean) - mean - lgamma(n + 1)) for n in range(4000)])
    r, p = mean**2 / (variance - mean), mean / variance
    return np.array([exp(lgamma(n + r) - lgamma(r) - lgamma(n + 1) + r * log(p) + n * log(1 - p)) for n in range(4000)])


@pytest.mark.parametrize(("mean", "ratio"), [(0.03, 1.0), (0.4, 2.7), (6.0, 1.0), (6.0, 1.2), (80.0, 9.0)])
def test_partial_expectations_equal_the_sum_over_counts(mean: float, ratio: float) -> None:
    """E[(z − N)⁺] for real z and E[(N − S)⁺] equal the sums over all counts."""
    pmf, n = brute(mean, mean * ratio), np.arange(4000)
    for z in (-2.0, 0.0, 0.3, 1.0, 5.7, 90.25):
        moments = np.array([mean]), np.array([mean * ratio]), np.array([z])
        assert laws.left(*moments)[0] == pytest.approx(float(pmf @ np.maximum(z - n, 0)), abs=1e-10)
        assert laws.backorders(*moments)[0] == pytest.approx(float(pmf @ np.maximum(n - z, 0)), rel=1e-9)


def test_a_drifting_rate_makes_distant_weeks_more_uncertain() -> None:
    """κ of a window is (1/a) ΣΣ e_u e_v δ^(−min(u, v)) / (Σ e)², with weeks counted from now."""
    demand = forecast(0.0, 6, psi=1.5, a=4.0).assign(mean=[1.0, 2.0, 0.0, 3.0, 1.0, 1.0], discount=0.9, drift=1.0)
    network = build(replace(SETTINGS, horizon_weeks=3))
    calendar = Calendar(network)
    leaves = leaves_of(network, (demand, SHARES, NO_TARGETS), {"default": 1.0}, calendar, Prices(network, calendar))
    window = {2: 2.0, 3: 0.0, 4: 3.0}  # the last W = 3 weeks of t = 4
    spread = sum(e * f * 0.9 ** -min(u, v) for (u, e), (v, f) in product(window.items(), repeat=2)) / 4.0
    assert leaves.recent_mean[0, 3] == 5.0
    assert leaves.recent_variance[0, 3] == pytest.approx(1.5 * 5.0 + spread)


def test_a_gap_in_the_forecast_is_refused() -> None:
    """A leaf without one of the weeks 1..K is an error that names it."""
    with pytest.raises(ValueError, match=r"forecast of A in R1 does not cover weeks 1\.\.5"):
        judge(build(), forecast(1.0, 4))


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    """Shuffled tables of a plan get the same judgement, to the last bit."""
    case = random_network(seed)
    tables = (case.forecast_frame, case.shares, case.targets)
    forecasts, shares, stock = (table.sample(frac=1.0, random_state=seed) for table in tables)
    nothing = (shipments(), purchases(), case.waiting_price)
    assert recompute(case.network, forecasts, shares, stock, *nothing) == recompute(case.network, *tables, *nothing)
