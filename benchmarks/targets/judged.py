"""Random small systems: the engine's backorders against the referee's, and against the exact law of Poisson demand.

python -m benchmarks.targets.judged
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from benchmarks.machine import machine_facts
from domain.calendar import DAYS_PER_WEEK
from optimizer.targets.lead_law import realised_lead
from optimizer.targets.performance import Performance, performance
from optimizer.targets.system import REVIEW_DAYS
from optimizer.targets.two_echelons import LEAF, POINT, TwoEchelons, rate_nodes
from simulation.referee.board import AT_ONCE, BASE_STOCK, SHIP, Board, Demands, Floats, Ints
from simulation.referee.bursts import DemandLaw
from simulation.referee.demand import Places, draw_demand
from simulation.referee.lead_times import LeadTimeLaws, Voyages, draw_arrivals
from simulation.referee.stationary import count_by_point
from tests.simulation.referee.boards import board, played, rules

DEPOT = 1  # local code


@dataclass(frozen=True)
class Small:
    """A depot and its points. demand: units a week, courier_days and point_stock: (points,). The lane to the depot
    leaves every seventh day and takes lead_days ± lead_days_sd; ψ and the shape of Θ; depot_stock."""

    demand: Floats
    courier_days: Floats
    lead_days: float
    lead_days_sd: float
    batch_index: float
    rate_shape: float
    depot_stock: int
    point_stock: Ints


def random_system(rng: np.random.Generator) -> Small:
    """Two to six points, ψ of 1 to 3, lead times that vary by up to 40 %, Θ from Gamma(1, 1) to a known rate."""
    points = int(rng.integers(2, 7))
    demand = rng.gamma(1.0, 0.4, points) + 0.02
    courier = rng.uniform(1.0, 6.0, points)
    lead = float(rng.uniform(7.0, 56.0))
    sd = lead * float(rng.uniform(0.0, 0.4))
    psi = float(rng.choice([1.0, rng.uniform(1.0, 3.0)]))
    shape = float(rng.choice([1.0, 2.0, 5.0, 15.0, np.inf]))
    return Small(demand, courier, lead, sd, psi, shape, *_stock(rng, demand, courier, lead + REVIEW_DAYS / 2, psi))


def _poisson_system(rng: np.random.Generator) -> Small:
    """Poisson demand, sure lead times; the lead time is what Simon's depot has, a departure every moment. Half of the
    systems have more points than are convolved exactly."""
    points = int(rng.integers(2, 11))
    demand = rng.gamma(1.0, 0.4, points) + 0.02
    courier, lead = rng.uniform(1.0, 6.0, points), float(rng.uniform(7.0, 56.0))
    return Small(demand, courier, lead - REVIEW_DAYS / 2, 0.0, 1.0, np.inf, *_stock(rng, demand, courier, lead, 1.0))


def _stock(rng: np.random.Generator, demand: Floats, courier: Floats, lead: float, psi: float) -> tuple[int, Ints]:
    """From nothing at the depot to one and a half of its pipeline; points two deviations either side of theirs."""
    at_depot = int(np.round(demand.sum() * lead / DAYS_PER_WEEK * rng.uniform(0.0, 1.5)))
    own = demand * courier / DAYS_PER_WEEK
    at_point = np.round(own + rng.uniform(-1.0, 2.0, len(own)) * np.sqrt(psi * own) + rng.uniform(0.0, 1.0, len(own)))
    return at_depot, np.maximum(at_point, 0).astype(np.int64)


def echelons_of(systems: Sequence[Small]) -> TwoEchelons:
    """The systems as leaves of the engine, in weeks, as `build_system` would."""
    sizes = np.array([len(one.demand) for one in systems])
    leaves, points = np.zeros(len(systems), LEAF), np.zeros(sizes.sum(), POINT)
    leaves["last"] = np.cumsum(sizes)
    leaves["first"] = leaves["last"] - sizes
    lead = np.array([realised_lead(one.lead_days, one.lead_days_sd, REVIEW_DAYS) for one in systems])
    leaves["lead_weeks"] = (lead[:, 0] + REVIEW_DAYS / 2) / DAYS_PER_WEEK
    leaves["lead_variance"] = (lead[:, 1] + REVIEW_DAYS**2 / 12) / DAYS_PER_WEEK**2
    leaves["batch_index"] = [one.batch_index for one in systems]
    points["demand"] = np.concatenate([one.demand for one in systems])
    points["courier_weeks"] = np.concatenate([one.courier_days for one in systems]) / DAYS_PER_WEEK
    return TwoEchelons.behind_full_hub(leaves, points, *rate_nodes(np.array([one.rate_shape for one in systems])))


def engine(systems: Sequence[Small], e: TwoEchelons, metric: bool = False) -> Performance:
    """What the engine says of their stock."""
    depot = np.array([one.depot_stock for one in systems])
    return performance(e, depot, np.concatenate([one.point_stock for one in systems]), metric=metric)


@dataclass(frozen=True)
class Play:
    """How the referee plays. Each run has its own consignments; `copies` of a system share them, their rates being one
    of each stratum of Θ; weeks that count."""

    runs: int = 48
    copies: int = 24
    weeks: int = 250
    fifo: bool = True


@dataclass(frozen=True)
class Found:
    """By point: units waiting on an average day with the 95 % half-width over runs, and the fill rate."""

    backorders: Floats
    half_width: Floats
    fill: Floats


def referee(systems: Sequence[Small], play: Play, seed: int) -> Found:
    """What the referee plays."""
    runs = [_run(systems, play, seed, run) for run in range(play.runs)]
    asked, served, waiting = (np.array(column) for column in zip(*runs, strict=True))
    wide = stats.t.ppf(0.975, play.runs - 1) / np.sqrt(play.runs)
    return Found(waiting.mean(axis=0), wide * waiting.std(axis=0, ddof=1), served.sum(axis=0) / asked.sum(axis=0))


def _run(systems: Sequence[Small], play: Play, seed: int, run: int) -> tuple[Floats, Floats, Floats]:
    """Units asked for and served at once, and units waiting on an average day, by point."""
    rng = np.random.default_rng([seed, run])
    settled = int(np.ceil(max(2 * one.lead_days + 6 * one.lead_days_sd for one in systems) / DAYS_PER_WEEK)) + 4
    weeks = 2 * settled + play.weeks
    table, start = _board(systems, play.copies, weeks)
    demands = _demands(systems, play.copies, weeks, table, rng, seed, run)
    departs = np.tile(float(DAYS_PER_WEEK) * np.arange(weeks), len(systems))
    none_shut = np.zeros((len(systems), 0), np.int64)
    voyages = Voyages(np.repeat(np.arange(len(systems)), weeks), departs, -1.0, none_shut)
    laws = np.zeros((2, len(systems), 2))
    laws[:, :, 0] = [[one.lead_days for one in systems], [one.lead_days_sd for one in systems]]
    arrives = draw_arrivals(voyages, LeadTimeLaws(*laws), rng)
    last = float(DAYS_PER_WEEK * weeks)
    out = played(table, demands, rules(last, fifo=play.fifo), arrives, seed * 1000 + run)
    first = float(DAYS_PER_WEEK * settled)
    counted = count_by_point(demands, out, len(table.base_stock), first, last - first)
    asked, served, waited = (np.bincount(start, units).astype(float) for units in counted)
    return asked, served, waited / (play.copies * (last - 2 * first))


def _board(systems: Sequence[Small], copies: int, weeks: int) -> tuple[Board, Ints]:
    """Every system `copies` times, all stock at its depot; and of each point the row it has among the systems."""
    parts = len(systems) * copies
    of_part = np.repeat(np.arange(len(systems)), copies)
    sizes = np.array([len(one.demand) for one in systems])
    first = np.cumsum(sizes) - sizes
    point = np.concatenate([first[row] + np.arange(sizes[row]) for row in of_part])
    stock = np.concatenate([one.point_stock for one in systems])
    total = np.array([one.depot_stock + one.point_stock.sum() for one in systems])
    table = board(
        parts,
        point_start=np.append(0, np.cumsum(sizes[of_part])),
        depot_stock=np.array([one.depot_stock for one in systems])[of_part],
        base_stock=stock[point],
        courier_days=np.concatenate([one.courier_days for one in systems])[point],
        courier_days_sd=0.3 * np.concatenate([one.courier_days for one in systems])[point],
        lot_start=np.arange(parts + 1),
        lot_site=np.full(parts, DEPOT),
        lot_quantity=total[of_part],
        lot_expires=np.full(parts, np.inf),
        lot_voyage=np.full(parts, AT_ONCE),
        order_start=np.arange(parts + 1) * weeks,
        order_time=np.tile(float(DAYS_PER_WEEK) * np.arange(weeks), parts),
        order_kind=np.full(parts * weeks, SHIP),
        order_leaf=np.zeros(parts * weeks, np.int64),
        order_voyage=(of_part[:, None] * weeks + np.arange(weeks)).ravel(),
        order_rule=np.full(parts * weeks, BASE_STOCK),
        order_level=np.zeros(parts * weeks),
    )
    return table, point


def _demands(
    systems: Sequence[Small], copies: int, weeks: int, table: Board, rng: np.random.Generator, seed: int, run: int
) -> Demands:
    """Each copy at a rate from its own stratum of Θ, so that few copies stand for the law."""
    shape = np.repeat([one.rate_shape for one in systems], copies)
    share = (np.tile(np.arange(copies), len(systems)) + rng.random(len(shape))) / copies
    known = np.isinf(shape)
    safe = np.where(known, 1.0, shape)
    rate = np.where(known, 1.0, special.gammaincinv(safe, share) / safe)
    weekly = np.repeat([one.demand.sum() for one in systems], copies)
    upto = [np.tile(np.cumsum(one.demand) / one.demand.sum(), copies) for one in systems]
    nothing = np.zeros(len(shape))
    law = DemandLaw(
        mean=(rate * weekly)[:, None],
        batch_index=np.repeat([one.batch_index for one in systems], copies),
        rate_shape=np.full(len(shape), np.inf),
        discount=nothing + 1.0,
        drift=nothing,
        upto=np.concatenate(upto),
    )
    within = np.arange(len(table.base_stock)) - np.repeat(table.point_start[:-1], np.diff(table.point_start))
    places = Places(np.arange(len(shape) + 1), table.point_start, DEPOT + 1 + within, np.arange(len(shape)))
    return draw_demand(law, places, weeks, seed, run)


def judged(systems: int, seed: int, play: Play | None = None) -> dict[str, float]:
    """As shares of Σ EBO over all points: error (Σ |engine − referee|), beyond (what of it lies outside the referee's
    interval), half_width of the referee, bias (Σ engine − referee); and the mean error of the fill rate, in points."""
    rng = np.random.default_rng(seed)
    some = [random_system(rng) for _ in range(systems)]
    return compared(engine(some, echelons_of(some)), referee(some, play or Play(), seed))


def compared(ours: Performance, found: Found) -> dict[str, float]:
    """The figures of `judged`."""
    error, total = np.abs(ours.backorders - found.backorders), found.backorders.sum()
    return {
        "error": float(error.sum() / total),
        "beyond": float(np.maximum(error - found.half_width, 0.0).sum() / total),
        "half_width": float(found.half_width.sum() / total),
        "bias": float((ours.backorders - found.backorders).sum() / total),
        "fill_error_points": float(100.0 * np.abs(ours.fill - found.fill).mean()),
    }


def simon(one: Small) -> tuple[Floats, Floats]:
    """Exact EBO and fill rate of every point (Simon 1971): N_p = Binomial((N_d − S_d)⁺, f_p) + Poisson(λ_p L_p)."""
    total, n = one.demand.sum(), np.arange(400)
    at_depot = stats.poisson.pmf(n, total * (one.lead_days + REVIEW_DAYS / 2) / DAYS_PER_WEEK)
    short = np.zeros(len(n))
    np.add.at(short, np.maximum(n - one.depot_stock, 0), at_depot)
    some = np.flatnonzero(short > 1e-15)
    waiting, fill = np.zeros(len(one.demand)), np.zeros(len(one.demand))
    for p, (demand, days, stock) in enumerate(zip(one.demand, one.courier_days, one.point_stock, strict=True)):
        held_back = short[some] @ stats.binom.pmf(n[None, :], some[:, None], demand / total)
        law = np.convolve(held_back, stats.poisson.pmf(n, demand * days / DAYS_PER_WEEK))
        waiting[p] = np.maximum(np.arange(len(law)) - stock, 0) @ law
        fill[p] = law[:stock].sum()
    return waiting, fill


def exact_law(systems: int, seed: int) -> dict[str, float]:
    """Poisson demand, sure lead times: Σ|ΔEBO| / ΣEBO of the engine and of METRIC, the mean error of the fill rate in
    points, and of the points where the two differ by more than 0.1 % how many METRIC is nearer to."""
    rng = np.random.default_rng(seed)
    some = [_poisson_system(rng) for _ in range(systems)]
    waiting, fill = (np.concatenate(column) for column in zip(*map(simon, some), strict=True))
    e = echelons_of(some)
    e.leaves["lead_variance"] = 0.0
    ours, metric = engine(some, e), engine(some, e, metric=True)
    error, others = (np.abs(one.backorders - waiting) for one in (ours, metric))
    differ = np.abs(ours.backorders - metric.backorders) > 0.001 * waiting
    return {
        "error": float(error.sum() / waiting.sum()),
        "error_of_metric": float(others.sum() / waiting.sum()),
        "differ": float(differ.sum()),
        "metric_nearer": float((differ & (others < error)).sum()),
        "fill_error_points": float(100.0 * np.abs(ours.fill - fill).mean()),
    }


if __name__ == "__main__":
    print(", ".join(f"{name} {value}" for name, value in machine_facts().items()))
    for title, found in (
        ("300 Poisson systems, sure lead times, against the exact law", exact_law(300, seed=1)),
        ("100 systems with batches, random lead times and Θ, against the referee", judged(100, seed=1)),
    ):
        print(f"{title}: " + ", ".join(f"{name} {value:.5g}" for name, value in found.items()))
