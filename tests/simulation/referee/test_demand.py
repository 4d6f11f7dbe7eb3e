"""Demand drawn from a law has the moments of MODEL 1; history keeps tickets whole."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from domain.forecast import Forecast
from simulation.referee.bursts import DemandLaw
from simulation.referee.demand import OpenRepairs, draw_demand, seeds_of, with_open_repairs
from simulation.referee.history import draw_history, history_of, past_demand
from simulation.referee.places import map_of
from tests.networks import tiny_network
from tests.simulation.referee.boards import places, poisson

COPIES, WEEKS = 40_000, 8


@pytest.mark.parametrize(
    ("psi", "a", "delta", "drift"), [(1.0, np.inf, 1.0, 0.0), (1.8, 3.0, 0.9, 0.0), (1.3, 4.0, 0.9, 1.0)]
)
def test_drawn_demand_has_the_mean_and_variance_of_the_forecast(
    psi: float, a: float, delta: float, drift: float
) -> None:
    """Any window has mean M and variance ψM + κM², rate constant or drifting."""
    mean = np.tile(np.linspace(0.5, 2.0, WEEKS), (COPIES, 1))
    one, nobody = np.ones(COPIES), np.zeros(0, object)
    law = DemandLaw(mean, psi * one, a * one, delta * one, drift * one, one)
    drawn = draw_demand(law, places(COPIES), WEEKS, 3, 0)
    part = np.repeat(np.arange(COPIES), np.diff(drawn.start))
    expected = Forecast(
        as_of=date(2025, 6, 29),
        part=nobody,
        region=nobody,
        mean=mean[:1],
        batch_index=law.batch_index[:1],
        rate_shape=law.rate_shape[:1],
        discount=law.discount[:1],
        drift=law.drift[:1],
        share_leaf=np.zeros(0, np.int64),
        share_site=nobody,
        share=np.zeros(0),
    )
    for first, last in ((1, 1), (1, WEEKS), (5, 7)):
        inside = (drawn.time >= 7.0 * (first - 1)) & (drawn.time < 7.0 * last)
        units = np.bincount(part[inside], drawn.quantity[inside], COPIES)
        assert units.mean() == pytest.approx(expected.interval_mean(first, last)[0], rel=0.03)
        assert units.var() == pytest.approx(expected.interval_variance(first, last)[0], rel=0.06)


@pytest.mark.parametrize(("a", "delta", "drift"), [(np.inf, 1.0, 0.0), (0.4, 1.0, 0.0), (0.7, 0.8, 1.0)])
def test_batches_follow_the_law_of_a_rate_drawn_week_by_week(a: float, delta: float, drift: float) -> None:
    """Batches of the first two weeks and of all: as many as where Θ itself is drawn (Kolmogorov–Smirnov)."""
    weekly, one = np.array([0.8, 0.0, 1.5, 0.3, 1.0, 0.6]), np.ones(COPIES)
    law = DemandLaw(np.tile(weekly, (COPIES, 1)), one, a * one, delta * one, drift * one, one)
    drawn = draw_demand(law, places(COPIES), len(weekly), 5, 0)
    part = np.repeat(np.arange(COPIES), np.diff(drawn.start))
    rng, shape = np.random.default_rng(2), a
    rate = one if np.isinf(a) else rng.gamma(a, 1 / a, COPIES)
    naive = np.zeros((COPIES, len(weekly)))
    for week, mean in enumerate(weekly):
        if drift > 0:
            rate = rate * rng.beta(delta * shape, (1 - delta) * shape, COPIES) / delta
            shape *= delta
        naive[:, week] = rng.poisson(mean * rate)
    for weeks in (2, len(weekly)):
        found = np.bincount(part[drawn.time < 7 * weeks], minlength=COPIES)
        assert stats.ks_2samp(found, naive[:, :weeks].sum(axis=1)).statistic < 0.012


def test_demand_is_sorted_and_falls_on_points_by_their_shares() -> None:
    """Time rises within a part; three points of equal share get a third each."""
    drawn = poisson(50, 100, 6.0, points=3)
    part = np.repeat(np.arange(50), np.diff(drawn.start))
    assert ((np.diff(drawn.time) >= 0) | (np.diff(part) > 0)).all()
    assert np.bincount(drawn.point % 3) / len(drawn.point) == pytest.approx([1 / 3] * 3, abs=0.01)
    assert (drawn.point // 3 == part).all()
    assert (drawn.site == 2 + drawn.point % 3).all()


def test_a_part_draws_the_same_whatever_stands_beside_it() -> None:
    """Streams come from the ids, not from the rows."""
    law = DemandLaw(np.full((5, 4), 3.0), np.ones(5), np.full(5, 2.0), np.ones(5), np.zeros(5), np.ones(5))
    whole = draw_demand(law, places(5), 4, 1, 0)
    some = replace(places(3), key=np.array([1, 3, 4]))
    few = DemandLaw(*(getattr(law, name)[[1, 3, 4]] for name in law.__dataclass_fields__))
    alone = draw_demand(few, some, 4, 1, 0)
    assert whole.time[whole.start[3] : whole.start[4]].tolist() == alone.time[alone.start[1] : alone.start[2]].tolist()


def test_replications_and_purposes_have_streams_of_their_own() -> None:
    """No two seeds of a few thousand streams are equal but by the chance 32 bits leave."""
    seeds = np.concatenate(
        [seeds_of(np.arange(500), seed, rep, use) for seed in (1, 2) for rep in range(5) for use in (0, 1)]
    )
    assert len(np.unique(seeds)) > len(seeds) - 5


def test_open_repair_orders_come_before_everything_else_of_their_part() -> None:
    """They are no new demand, keep their order, and have tickets of their own."""
    drawn = poisson(3, 4, 3.0)
    waiting = OpenRepairs(
        np.array([0, 2, 2]), np.array([0, 2, 2]), np.array([1, 2, 1]), np.array([3, 1, 5]), np.array([0, 0, 1])
    )
    both = with_open_repairs(drawn, waiting, np.full(3, 2))
    assert len(both.time) == len(drawn.time) + 3
    assert both.priority[both.start[2] : both.start[2] + 2].tolist() == [1, 5]
    assert both.asked.sum() == len(drawn.time)
    assert (np.diff(both.start) - np.diff(drawn.start)).tolist() == [1, 0, 2]
    assert not set(both.ticket[~both.asked].tolist()) & set(both.ticket[both.asked].tolist())


def test_history_draws_whole_weeks_and_keeps_what_belongs_together() -> None:
    """Every drawn week is a week of the past: the same parts at the same points; parts of a ticket come together."""
    network = tiny_network()
    usage = network.usage.assign(ticket="")
    pair = pd.DataFrame(
        {
            "date": pd.Timestamp("2025-06-24"),
            "site": "P11",
            "part": ["0001", "NA"],
            "model": "X1",
            "ticket": "T1",
            "kind": "used",
            "quantity": 1,
        }
    )
    past = past_demand(replace(network, usage=pd.concat([usage, pair], ignore_index=True)), weeks_back=26)
    rows = map_of(network, past)
    history = history_of(past, rows, weeks_back=26)
    assert history.quantity.sum() == usage["quantity"].sum() + 2
    drawn = draw_history(history, rows, 40, seed=1, replication=0)
    _, together = np.unique(drawn.ticket, return_counts=True)
    assert sorted(set(together.tolist())) == [1, 2]
    weekly = np.bincount((drawn.time // 7).astype(int), drawn.quantity, 40)
    assert set(weekly) <= set(past.groupby("week")["quantity"].sum().reindex(range(26), fill_value=0))
    for ticket in np.flatnonzero(together == 2):
        assert np.ptp(drawn.time[drawn.ticket == ticket]) == 0.0
