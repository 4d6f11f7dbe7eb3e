"""The engine against what books can compute exactly."""

import numpy as np
import pytest

from simulation.referee.board import AT_ONCE, BASE_STOCK, PURCHASE, SHIP
from tests.simulation.referee.boards import arrivals, board, played, poisson, rules, stocked, weekly_days
from tests.simulation.referee.closed_forms import (
    POINT,
    PUBLISHED,
    base_stock,
    fill_of,
    in_order,
    newsvendor,
    no_overtaking_window,
    palm,
    reorder,
    two_echelons,
)


def test_a_pipeline_of_independent_couriers_is_poisson_whatever_their_law() -> None:
    """M/G/∞ (Palm): with independent couriers the fill rate of a shelf is P(Poisson(λT) ≤ S − 1)."""
    found = palm(copies=100)
    assert found.error < 0.002
    assert found.distance < 4


def test_a_pipeline_without_overtaking_follows_the_realised_lead_time() -> None:
    """Consignments of a lane in order (Zipkin): N is demand since the last departure that has arrived, with mean
    λ(L + R/2) and variance λ(L + R/2) + λ²(Var L + R²/12); a shelf of S there fills P(N ≤ S − 1)."""
    found = in_order(runs=20, copies=60)
    assert found.error < 0.002
    assert found.distance < 4


def test_the_two_rules_of_lead_times_differ_in_the_moments_of_the_pipeline() -> None:
    """The window of a lane without overtaking has mean E L + R/2 and variance Var L + R²/12 of the realised L."""
    days = weekly_days(200_000)
    due = arrivals(days, 30.0, 10.0, 3)
    moments = np.random.default_rng(1).uniform(1000.0, days[-1], 400_000)
    window = no_overtaking_window(days, due, moments)
    # L of the consignment that brings a unit ordered at a random moment, first departure after it included
    realised = due - days
    assert window.mean() == pytest.approx(realised.mean() + 3.5, rel=0.01)
    assert window.var() == pytest.approx(realised.var() + 49.0 / 12.0, rel=0.05)
    assert realised.mean() > 30.0 + 1.0


@pytest.mark.parametrize("a", [np.inf, 2.0])
def test_one_delivery_costs_what_the_newsvendor_pays(a: float) -> None:
    """From the quantity of the critical ratio and no more, E(D − S)⁺ go unmet and E(S − D)⁺ are left over."""
    found = newsvendor(copies=20_000, a=a)
    assert found.error < 0.02 * found.exact
    assert found.distance < 4


@pytest.mark.parametrize("a", [np.inf, 4.0])
def test_one_site_on_base_stock_holds_owes_and_serves_what_its_pipeline_leaves(a: float) -> None:
    """(S − N)⁺ on hand, (N − S)⁺ owed, served while N < S: where the rate is uncertain, as those see it who ask."""
    for found in base_stock(copies=600, a=a):
        assert found.error < 0.1 * found.exact
        assert found.distance < 4


def test_a_reorder_policy_costs_what_was_published() -> None:
    """The first of Zheng & Federgruen's policies, from its second year on."""
    found = reorder(*PUBLISHED[0], copies=20)
    assert found.error < 0.005 * found.exact
    assert found.distance < 4


def test_two_echelons_meet_simons_convolution() -> None:
    """N_p = Binomial((N_d − S_d)⁺, f_p) + Poisson(λ_p T_p) with N_d the demand over the lead time (Simon 1971)."""
    found = two_echelons(copies=80)
    assert found.error < 0.003
    assert found.distance < 4


def test_one_unit_that_is_repaired_again_and_again_is_a_queue_with_one_server() -> None:
    """Pollaczek–Khinchine: P(wait) = ρ and mean wait λE[S²] / 2(1 − ρ), S: back, bench, courier."""
    copies, weeks, weekly = 400, 1000, 0.4
    one = np.ones(copies)
    table = board(
        copies,
        base_stock=np.ones(copies, np.int64),
        courier_days=2.0 * one,
        courier_days_sd=1.0 * one,
        return_rate=one,
        repair_yield=one,
        repair_days=5.0 * one,
        **stocked(copies, POINT, 1),
    )
    demands = poisson(copies, weeks, weekly)
    out = played(table, demands, rules(7.0 * weeks, defectives=True))
    fill, error = fill_of(demands, out, after=350.0)
    busy = weekly / 7.0 * 9.0
    assert error < 0.005
    assert abs(fill - (1.0 - busy)) < 4 * error
    settled = (demands.time > 350.0) & (demands.time < 7.0 * weeks - 200.0)
    wait = out.waited[settled].mean()
    assert wait == pytest.approx(weekly / 7.0 * (81.0 + 2.0) / (2.0 * (1.0 - busy)), rel=0.04)


def test_the_hub_holds_half_a_lot_on_average() -> None:
    """Order multiples: what is left of lots of Q is uniform on 0..Q − 1 (Zipkin 2000, section 3.3.3)."""
    copies, weeks, weekly, lot = 300, 300, 5.0, 24
    days = np.repeat(7.0 * np.arange(weeks), 2)
    table = board(
        copies,
        courier_days=np.zeros(copies),
        unlimited=np.zeros(copies, bool),
        moq=np.full(copies, lot),
        order_multiple=np.full(copies, lot),
        order_start=np.arange(copies + 1) * len(days),
        order_time=np.tile(days, copies),
        order_kind=np.tile([PURCHASE, SHIP], copies * weeks),
        order_leaf=np.tile([-1, 0], copies * weeks),
        order_voyage=np.full(copies * len(days), AT_ONCE),
        order_rule=np.full(copies * len(days), BASE_STOCK),
        order_level=np.zeros(copies * len(days)),
    )
    out = played(table, poisson(copies, weeks, weekly), rules(7.0 * weeks))
    stock = out.hub_days / (7.0 * weeks)
    assert abs(stock.mean() - (lot - 1) / 2) < 4 * stock.std() / np.sqrt(copies) + 0.1
    assert (out.bought % lot == 0).all()
