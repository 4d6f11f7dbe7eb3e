"""What books compute exactly and what the engine makes of it: small in the tests, a million events for acceptance."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binom, nbinom
from scipy.stats import poisson as poisson_law

from simulation.referee.board import Board, Demands, Floats, Ints, Played
from tests.simulation.referee.boards import arrivals, board, played, poisson, rules, shipping, stocked, weekly_days
from tests.simulation.referee.test_single_mode import HOLDING, SETUP, SHORTAGE, in_lumps, reordering

DEPOT, POINT = 1, 2
PLENTY = 10**7
PUBLISHED = ((10, 6, 40, 35.022), (15, 10, 49, 42.698), (20, 14, 62, 49.173), (25, 19, 56, 54.262))
"""Mean demand a period, s, S and cost a period at K = 64, h = 1, p = 9 (Zheng & Federgruen 1991)."""


@dataclass(frozen=True)
class Compared:
    """A figure of the engine with its standard error over independent copies, the exact one, and the events it took."""

    what: str
    found: float
    error: float
    exact: float
    events: int

    @property
    def distance(self) -> float:
        """Standard errors from the exact figure."""
        return abs(self.found - self.exact) / self.error


def ratio(top: Floats, bottom: Floats) -> tuple[float, float]:
    """Σ top ÷ Σ bottom over independent copies and its standard error (Cochran 1977, section 6.4)."""
    value = top.sum() / bottom.sum()
    spread = np.sqrt(((top - value * bottom) ** 2).sum() / (len(top) * (len(top) - 1)))
    return float(value), float(spread / bottom.mean())


def by_copy(demands: Demands, units: Floats | Ints, after: float = 0.0) -> Floats:
    """Sum over the demands of each copy from day `after` on."""
    copy = np.repeat(np.arange(len(demands.start) - 1), np.diff(demands.start))
    late = demands.time >= after
    return np.bincount(copy[late], units[late], len(demands.start) - 1).astype(float)


def fill_of(demands: Demands, out: Played, after: float) -> tuple[float, float]:
    """Share of units served at once from day `after` on, and its standard error over copies."""
    return ratio(by_copy(demands, out.at_once, after), by_copy(demands, demands.quantity, after))


def palm(copies: int) -> Compared:
    """M/G/∞ (Palm): with independent couriers, whatever their law, a shelf fills P(Poisson(λT) ≤ S − 1)."""
    weeks, weekly, days, shelf = 400, 12.0, 3.0, 8
    table = board(
        copies,
        base_stock=np.full(copies, shelf),
        courier_days=np.full(copies, days),
        courier_days_sd=np.full(copies, 2.0),
        **stocked(copies, DEPOT, PLENTY),
    )
    demands = poisson(copies, weeks, weekly)
    out = played(table, demands, rules(7.0 * weeks))
    exact = float(poisson_law.cdf(shelf - 1, weekly / 7.0 * days))
    return Compared("fill by couriers (M/G/∞)", *fill_of(demands, out, 70.0), exact, int(out.events.sum()))


def no_overtaking_window(days: Floats, due: Floats, at: Floats) -> Floats:
    """Days since the last departure that has arrived, at moments `at`."""
    return at - days[np.searchsorted(due, at, side="right") - 1]


def in_order(runs: int, copies: int) -> Compared:
    """Consignments of a lane in order (Zipkin): N is demand since the last departure that has arrived; a shelf of S
    fills P(N ≤ S − 1). The copies of a run share its consignments, so runs are what is independent."""
    weeks, weekly, mean, sd, stock = 250, 4.0, 30.0, 10.0, 24
    days = weekly_days(weeks)
    exact, fills, events = np.zeros(runs), np.zeros(runs), 0
    for seed in range(runs):
        due = arrivals(days, mean, sd, seed)
        demands = poisson(copies, weeks, weekly, seed=seed)
        out = played(_one_site(copies, stock, days), demands, rules(7.0 * weeks), due, seed)
        fills[seed], events = fill_of(demands, out, 210.0)[0], events + int(out.events.sum())
        moments = np.random.default_rng(seed).uniform(210.0, 7.0 * weeks, 20_000)
        exact[seed] = np.mean(poisson_law.cdf(stock - 1, weekly / 7.0 * no_overtaking_window(days, due, moments)))
    error = float((fills - exact).std(ddof=1) / np.sqrt(runs))
    return Compared("fill by consignments in order", float(fills.mean()), error, float(exact.mean()), events)


def newsvendor(copies: int, a: float) -> Compared:
    """One delivery of the quantity with P(D ≤ S) ≥ u / (u + o) costs o·E(S − D)⁺ + u·E(D − S)⁺; D is Poisson or, with
    an uncertain rate, negative binomial."""
    weeks, mean, over, under = 2, 10.0, 1.0, 4.0
    law = count_law(mean, a)
    stock = int(law.ppf(under / (under + over)))
    count = np.arange(400)
    exact = float(law.pmf(count) @ np.where(count > stock, under * (count - stock), over * (stock - count)))
    table = board(copies, courier_days=np.zeros(copies), **stocked(copies, DEPOT, stock))
    demands = poisson(copies, weeks, mean / weeks, a=a)
    out = played(table, demands, rules(7.0 * weeks))
    paid = over * out.on_hand_depot + under * by_copy(demands, out.left)
    what = f"newsvendor's cost, {'Poisson' if np.isinf(a) else 'negative binomial'}"
    return Compared(what, *ratio(paid, np.ones(copies)), exact, int(out.events.sum()))


def base_stock(copies: int, a: float) -> tuple[Compared, Compared, Compared]:
    """One site ordered up to S every Monday, arriving 17 days later, so that N is demand of the last 17 to 24 days.
    With a rate uncertain by Gamma(a, a), stock E(S − N)⁺ and backorders E(N − S)⁺ are means over it, the fill rate
    P(N ≤ S − 1) over Gamma(a + 1, a): times of high demand have more customers (MODEL 2)."""
    weeks, weekly, lead, stock, since = 150, 4.0, 17.0, 16, 70.0
    days = weekly_days(weeks)
    demands = poisson(copies, weeks, weekly, a=a)
    table = _one_site(copies, stock, days)
    early, out = (
        played(table, demands, rules(7.0 * weeks)._replace(count_days=upto), days + lead)
        for upto in (since, 7.0 * weeks)
    )
    span = np.full(copies, 7.0 * weeks - since)
    held = ratio(out.depot_days - early.depot_days, span)
    waited = ratio(by_copy(demands, out.counted_wait - early.counted_wait), span)
    served = fill_of(demands, out, since)

    window = lead + 7.0 * (np.arange(700) + 0.5) / 700
    count = np.arange(stock)[:, None]
    law, met = (count_law(weekly / 7.0 * window, a, more).pmf(count).mean(axis=1) for more in (0, 1))
    on_hand = float(law @ (stock - count[:, 0]))
    name, events = f"base stock, rate {'known' if np.isinf(a) else 'uncertain'}:", int(out.events.sum())
    return (
        Compared(f"{name} fill", *served, float(met.sum()), events),
        Compared(f"{name} units on hand", *held, on_hand, events),
        Compared(f"{name} units owed", *waited, on_hand - stock + weekly / 7.0 * float(window.mean()), events),
    )


def reorder(mean: int, point: int, upto: int, cost: float, copies: int) -> Compared:
    """(s, S) reviewed every week, from a stock of S on; cost a week after the first year."""
    weeks, since = 552, 52
    days = weekly_days(weeks)
    table = board(
        copies,
        courier_days=np.zeros(copies),
        **stocked(copies, DEPOT, upto),
        **reordering(copies, days, point, lot=1, gap=upto - point),
    )
    demands = in_lumps(poisson(copies, weeks, float(mean)))
    early, out = (played(table, demands, rules(7.0 * weeks)._replace(count_days=7.0 * n)) for n in (since, weeks))
    orders = (out.moved.reshape(copies, weeks)[:, since:] > 0).sum(axis=1)
    held = (out.depot_days - early.depot_days) / 7.0
    waited = by_copy(demands, out.counted_wait - early.counted_wait) / 7.0
    paid = SETUP * orders + HOLDING * held + SHORTAGE * waited
    found = ratio(paid, np.full(copies, float(weeks - since)))
    return Compared(f"(s, S) = ({point}, {upto}) cost a week", *found, cost, int(out.events.sum()))


def two_echelons(copies: int) -> Compared:
    """N_p = Binomial((N_d − S_d)⁺, f_p) + Poisson(λ_p T_p), N_d the demand over the lead time (Simon 1971)."""
    points, weeks, weekly, lead, courier, depot_stock, shelf = 3, 600, 9.0, 10.0, 3.0, 9, 3
    days = np.arange(7.0 * weeks)
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
    exact = _simon(weekly / 7.0, lead, courier, depot_stock, shelf, points)
    return Compared("two echelons: fill", *fill_of(demands, out, 70.0), exact, int(out.events.sum()))


def _simon(rate: float, lead: float, courier: float, depot_stock: int, shelf: int, points: int) -> float:
    """Fill rate of a shelf; shipments leave daily, so the depot waits lead + U(0, 1) days."""
    count = np.arange(80)
    window = lead + (np.arange(400) + 0.5) / 400
    at_depot = np.mean(poisson_law.pmf(count[None, :], rate * window[:, None]), axis=0)
    short = np.zeros(len(count))
    np.add.at(short, np.maximum(count - depot_stock, 0), at_depot)
    own = poisson_law.pmf(count, rate / points * courier)
    held_back = short @ np.asarray(binom.pmf(count[None, :], count[:, None], 1.0 / points))
    return float(np.convolve(held_back, own)[:shelf].sum())


def count_law(mean: Floats | float, a: float, more: int = 0) -> Any:
    """Demand of this mean: Poisson, or negative binomial where its rate is Gamma(a, a); `more` = 1: Gamma(a + 1, a),
    as those see it who ask."""
    return poisson_law(mean) if np.isinf(a) else nbinom(a + more, a / (a + np.asarray(mean)))


def _one_site(copies: int, stock: int, days: Floats) -> Board:
    """Everybody asks at the depot, which is ordered up to `stock` on these days."""
    return board(
        copies,
        courier_days=np.zeros(copies),
        depot_stock=np.full(copies, stock),
        **stocked(copies, DEPOT, stock),
        **shipping(copies, days),
    )
