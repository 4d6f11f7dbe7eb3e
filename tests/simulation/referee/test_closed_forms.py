"""The engine against what books can compute exactly."""

import numpy as np
import pytest
from scipy.stats import poisson as poisson_law

from domain.counts import expected_backorders
from simulation.referee.board import AT_ONCE, BASE_STOCK, PURCHASE, SHIP, Demands, Floats, Played
from tests.simulation.referee.boards import arrivals, board, played, poisson, rules, shipping, stocked, weekly_days

DEPOT, POINT = 1, 2
PLENTY = 10**7


def fill_of(demands: Demands, out: Played, after: float, clusters: int) -> tuple[float, float]:
    """Share of units served at once from day `after` on, and its standard error over `clusters` of copies."""
    late = demands.time >= after
    part = np.repeat(np.arange(len(demands.start) - 1), np.diff(demands.start))
    of = part[late] * clusters // (len(demands.start) - 1)
    asked = np.bincount(of, demands.quantity[late], clusters)
    served = np.bincount(of, out.at_once[late], clusters)
    fill = served.sum() / asked.sum()
    error = np.sqrt(((served - fill * asked) ** 2).sum() / (clusters * (clusters - 1))) / asked.mean()
    return fill, error


def test_a_pipeline_of_independent_couriers_is_poisson_whatever_their_law() -> None:
    """M/G/∞ (Palm): with independent couriers the fill rate of a shelf is P(Poisson(λT) ≤ S − 1), a million units."""
    copies, weeks, weekly = 240, 400, 12.0
    table = board(
        copies,
        base_stock=np.full(copies, 8),
        courier_days=np.full(copies, 3.0),
        courier_days_sd=np.full(copies, 2.0),
        **stocked(copies, DEPOT, PLENTY),
    )
    demands = poisson(copies, weeks, weekly)
    out = played(table, demands, rules(7.0 * weeks))
    fill, error = fill_of(demands, out, after=70.0, clusters=copies)
    assert demands.quantity.sum() > 9e5
    assert error < 0.001
    assert abs(fill - poisson_law.cdf(7, weekly / 7.0 * 3.0)) < 4 * error


def no_overtaking_window(days: Floats, due: Floats, at: Floats) -> Floats:
    """Days since the last departure that has arrived, at moments `at`."""
    return at - days[np.searchsorted(due, at, side="right") - 1]


def test_a_pipeline_without_overtaking_follows_the_realised_lead_time() -> None:
    """Consignments of a lane in order (Zipkin): N is demand since the last departure that has arrived, with mean
    λ(L + R/2) and variance λ(L + R/2) + λ²(Var L + R²/12); a shelf of S there fills P(N ≤ S − 1)."""
    copies, weeks, weekly, mean, sd, stock = 100, 250, 4.0, 30.0, 10.0, 24
    days = weekly_days(weeks)
    exact, fills = [], []
    for seed in range(40):
        due = arrivals(days, mean, sd, seed)
        table = board(
            copies,
            courier_days=np.zeros(copies),
            depot_stock=np.full(copies, stock),
            **stocked(copies, DEPOT, stock),
            **shipping(copies, days),
        )
        demands = poisson(copies, weeks, weekly, seed=seed)
        out = played(table, demands, rules(7.0 * weeks), due, seed)
        fills.append(fill_of(demands, out, after=210.0, clusters=2)[0])
        moments = np.random.default_rng(seed).uniform(210.0, 7.0 * weeks, 20_000)
        exact.append(np.mean(poisson_law.cdf(stock - 1, weekly / 7.0 * no_overtaking_window(days, due, moments))))
    difference = np.array(fills) - np.array(exact)
    assert abs(difference.mean()) < 4 * difference.std(ddof=1) / np.sqrt(len(fills))
    assert difference.std(ddof=1) / np.sqrt(len(fills)) < 0.001


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
def test_what_one_delivery_leaves_unmet_is_the_loss_function(a: float) -> None:
    """Newsvendor: from S units and no more, E[(D − S)⁺] go unmet, D Poisson or negative binomial."""
    copies, weeks, mean, stock = 60_000, 2, 10.0, 11
    table = board(copies, courier_days=np.zeros(copies), **stocked(copies, DEPOT, stock))
    demands = poisson(copies, weeks, mean / weeks, a=a)
    out = played(table, demands, rules(7.0 * weeks))
    unmet = np.add.reduceat(np.append(out.left, 0), demands.start[:-1]) * (np.diff(demands.start) > 0)
    expected = float(expected_backorders(mean, mean + mean**2 / a, stock))
    assert abs(unmet.mean() - expected) < 4 * unmet.std() / np.sqrt(copies)
    assert unmet.std() / np.sqrt(copies) < 0.02 * expected


def test_two_echelons_meet_simons_convolution() -> None:
    """N_p = Binomial((N_d − S_d)⁺, f_p) + Poisson(λ_p T_p) with N_d the demand over the lead time (Simon 1971)."""
    copies, points, weeks, weekly, lead, courier = 200, 3, 600, 9.0, 10.0, 3.0
    depot_stock, shelf = 9, 3
    days = np.arange(7.0 * weeks, dtype=np.float64)
    table = board(
        copies,
        points,
        base_stock=np.full(copies * points, shelf),
        courier_days=np.full(copies * points, courier),
        depot_stock=np.full(copies, depot_stock),
        **stocked(copies, DEPOT, depot_stock + points * shelf),
        **shipping(copies, days),
    )
    demands = poisson(copies, weeks, weekly, points)
    out = played(table, demands, rules(7.0 * weeks), days + lead)
    fill, error = fill_of(demands, out, after=70.0, clusters=copies)
    assert demands.quantity.sum() > 1e6
    assert error < 0.0015
    assert abs(fill - _simon(weekly / 7.0, lead, courier, depot_stock, shelf, points)) < 4 * error


def _simon(rate: float, lead: float, courier: float, depot_stock: int, shelf: int, points: int) -> float:
    """Fill rate of a shelf; shipments leave daily, so the depot waits lead + U(0, 1) days."""
    count = np.arange(80)
    window = lead + (np.arange(400) + 0.5) / 400
    at_depot = np.mean(poisson_law.pmf(count[None, :], rate * window[:, None]), axis=0)
    short = np.zeros(len(count))
    np.add.at(short, np.maximum(count - depot_stock, 0), at_depot)
    own = poisson_law.pmf(count, rate / points * courier)
    held_back = np.zeros(len(count))
    for number, probability in enumerate(short):
        shares = np.zeros(len(count))
        shares[: number + 1] = _binomial(number, 1.0 / points)
        held_back += probability * shares
    return float(np.convolve(held_back, own)[:shelf].sum())


def _binomial(number: int, share: float) -> Floats:
    law = np.ones(1)
    for _ in range(number):
        law = np.convolve(law, [1.0 - share, share])
    return law


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
    fill, error = fill_of(demands, out, after=350.0, clusters=copies)
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
