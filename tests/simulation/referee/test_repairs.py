"""Repairs of several parts: as frequent as in the past, and the law of each part and point stays as it was."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from simulation.referee.board import Demands, Ints
from simulation.referee.bursts import DemandLaw
from simulation.referee.demand import draw_demand
from simulation.referee.history import MOST_PARTS, habits_of, past_repairs
from simulation.referee.places import map_of
from simulation.referee.repairs import Habits, Links
from tests.networks import tiny_network
from tests.simulation.referee.boards import places

PARTS, POINTS, WEEKS, OF_A_MODEL = 60, 3, 20, 4
SIZES = np.array([0.7, 0.2, 0.1])


def drawn(habits: Habits | None, weekly: float = 3.0, seed: int = 1) -> Demands:
    """Demand of 60 parts at three points, 1.8 units a batch."""
    one = np.ones(PARTS)
    upto = np.tile(np.arange(1, POINTS + 1) / POINTS, PARTS)
    law = DemandLaw(np.full((PARTS, WEEKS), weekly), 1.8 * one, 4.0 * one, one, 0 * one, upto)
    return draw_demand(law, places(PARTS, POINTS), WEEKS, seed, 0, habits)


def habits(sizes: npt.NDArray[np.float64] = SIZES, of_a_model: int = OF_A_MODEL) -> Habits:
    """Four parts to a model, no repair seen yet."""
    part = np.repeat(np.arange(PARTS), POINTS)
    nothing = Links(np.zeros(PARTS + 1, np.int64), np.zeros(0, np.int64))
    models = Links(np.arange(PARTS + 1), np.arange(PARTS) // of_a_model)
    return Habits(sizes, part, np.tile(np.arange(POINTS), PARTS), (nothing, models))


def counted(demands: Demands) -> list[list[int]]:
    """Point, week and quantity of every demand, in an order of their own."""
    rows: Ints = np.column_stack([demands.point, (demands.time // 7).astype(np.int64), demands.quantity])
    return sorted(rows.tolist())


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000), st.sampled_from([0.05, 0.5, 3.0]), st.integers(1, 10))
def test_what_each_part_and_point_is_asked_for_in_each_week_does_not_change(
    seed: int, weekly: float, of_a_model: int
) -> None:
    """With and without tickets the same batches fall on the same points and weeks, sorted by part and time."""
    found = drawn(habits(of_a_model=of_a_model), weekly, seed)
    assert counted(found) == counted(drawn(None, weekly, seed))
    part = np.repeat(np.arange(PARTS), np.diff(found.start))
    assert (part == found.point // POINTS).all()
    assert ((np.diff(found.time) >= 0) | (np.diff(part) > 0)).all()


def test_repairs_need_as_many_parts_as_in_the_past() -> None:
    """Of enough demand for the same models, 70, 20 and 10 % of repairs need one, two and three parts, to one repair."""
    found = drawn(habits(), weekly=12.0)
    number = np.bincount(np.unique(found.ticket, return_counts=True)[1], minlength=4)
    assert number[1:] == pytest.approx(SIZES * number.sum(), abs=2.0)
    assert len(number) == 4


def test_parts_of_a_repair_differ_fit_one_model_and_come_together() -> None:
    """One moment, one point, no part twice, and every part shares a model with the first."""
    found = drawn(habits())
    table = pd.DataFrame({"ticket": found.ticket, "time": found.time, "part": found.point // POINTS})
    table = table.assign(point=found.point % POINTS, model=table["part"] // OF_A_MODEL)
    repairs = table.groupby("ticket")
    assert (repairs[["time", "point", "model"]].nunique() == 1).all(axis=None)
    assert (repairs["part"].nunique() == repairs.size()).all()


def test_moments_stay_uniform_within_the_week() -> None:
    """Of repairs of one part and of several alike (test of Kolmogorov and Smirnov)."""
    found = drawn(habits(np.array([0.2, 0.8])), weekly=100.0)
    _, first, parts = np.unique(found.ticket, return_index=True, return_counts=True)
    for some in (first, first[parts > 1], first[parts == 1]):
        assert kstest(found.time[some] % 7.0 / 7.0, "uniform").pvalue > 0.01


def test_parts_that_never_meet_make_repairs_of_their_own() -> None:
    """No model in common, no ticket in common: every demand is a repair."""
    found = drawn(habits(of_a_model=1))
    assert len(np.unique(found.ticket)) == len(found.ticket)


def test_the_past_says_how_many_parts_a_repair_needs_and_which() -> None:
    """Tickets are counted by different parts, unmet ones too; what was taken back counts no more; the pair seen most
    often meets first, and parts of one model may meet."""
    network = tiny_network()
    row = {"date": pd.Timestamp("2025-06-24"), "site": "P11", "model": "X1", "kind": "used", "quantity": 1}
    said = [("T1", "0001", 1), ("T1", "NA", 1), ("T2", "0001", 1), ("T2", "NA", 2), ("T3", "22E1", 1), ("T3", "NA", 1)]
    said += [("T4", "NA", 1), ("T5", "NA", 1), ("T5", "0001", 1), ("T5", "0001", -1)]
    usage = pd.DataFrame([{**row, "ticket": ticket, "part": part, "quantity": n} for ticket, part, n in said])
    usage.loc[3, "kind"] = "unmet"
    past = past_repairs(replace(network, usage=pd.concat([usage, network.usage.assign(ticket="")])))
    assert past is not None
    assert past.sizes.tolist() == [0.4, 0.6]
    assert past.pairs.to_numpy().tolist() == [["0001", "NA", 2], ["22E1", "NA", 1]]
    rows = map_of(network, pd.DataFrame({"part": ["NA", "22E1", "0001", "NA"], "site": ["P11", "P12", "P12", "P21"]}))
    found = habits_of(past, network.fitment, rows)
    assert rows.parts.tolist() == ["0001", "22E1", "NA"]
    seen, fitted = found.links
    assert (seen.start.tolist(), seen.key.tolist()) == ([0, 1, 2, 4], [0, 1, 0, 1])
    assert (fitted.start.tolist(), fitted.key.tolist()) == ([0, 2, 3, 5], [0, 1, 0, 0, 1])
    assert rows.points["site"].tolist() == ["P12", "P12", "P11", "P21"]
    assert found.site.tolist() == [1, 1, 0, 2]


def test_without_tickets_the_past_says_nothing_and_long_ones_only_that_they_are_long() -> None:
    """None without a ticket; a ticket of many parts counts as the largest size and names no pairs."""
    network = tiny_network()
    assert past_repairs(replace(network, usage=network.usage.assign(ticket=""))) is None
    parts = [f"{n:02d}" for n in range(MOST_PARTS + 3)]
    long = pd.DataFrame({"part": parts, "ticket": "T1", "quantity": 1})
    past = past_repairs(replace(network, usage=long))
    assert past is not None
    assert past.sizes.tolist() == [0.0] * (MOST_PARTS - 1) + [1.0]
    assert past.pairs.empty
