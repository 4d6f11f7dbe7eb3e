"""Rolling replanning, the books of a window, and the (s, nQ) peer tuned to the same fill rates."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from domain.network import Network
from simulation.referee.board import SHIP
from simulation.referee.books import Window, books, per_unit, service
from simulation.referee.case import Case
from simulation.referee.money import LOGISTICS, costs, prices_of
from simulation.referee.referee import from_law, rules_of
from simulation.referee.reorder import EQUAL, Trial, at_levels, by_mode, lane_of, policy, tuned
from simulation.referee.rolling import Arena, Draw, arena_of, draw_of, played_until, rolled
from tests.simulation.referee.test_single_mode import case

WEEKS = 12


@pytest.fixture(scope="module")
def arena() -> Arena:
    """Forty parts, two depots, nothing ordered."""
    made = case()
    return arena_of(made.network, made.plan, WEEKS)


@pytest.fixture(scope="module")
def drawn(arena: Arena) -> Draw:
    return draw_of(arena, from_law(arena.case), 1, 0)


def given(arena: Arena) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two units of every part that may fly to D1 each week and a purchase in week 2, decided once and for all."""
    parts, monday = arena.case.network.parts, pd.Timestamp(arena.case.network.settings.as_of) + pd.Timedelta(days=1)
    lane = arena.case.supply.lanes.query("destination == 'D1' and mode == 'air'")["lane"].iloc[0]
    weeks = [monday + timedelta(days=7 * week) for week in range(WEEKS)]
    sent = pd.concat([pd.DataFrame({"part": parts["part"], "departs": day}) for day in weeks], ignore_index=True)
    bought = parts.loc[parts["supplier"] != "", ["part", "supplier"]].assign(order_on=weeks[1], quantity=30)
    return sent.assign(lane=lane, quantity=2), bought


@pytest.mark.parametrize("every", [1, 3])
def test_only_what_is_due_before_the_next_decision_is_carried_out(arena: Arena, drawn: Draw, every: int) -> None:
    """Who decides the same whatever happens has those orders carried out once each, however often he is asked; who
    stops after the first answer has only its first weeks."""
    sent, bought = given(arena)
    seen = []

    def decide(network: Network, week: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        seen.append((week, network.settings.as_of))
        begins = pd.Timestamp(network.settings.as_of)
        return sent[sent["departs"] > begins], bought[bought["order_on"] > begins]

    rules = rules_of(arena.case, defectives=False, check=True)
    found = rolled(arena, drawn, rules, decide, every)
    assert [week for week, _ in seen] == list(range(0, WEEKS, every))
    assert all((day - seen[0][1]).days == 7 * week for week, day in seen)
    orders = found.orders
    assert (orders["kind"] == SHIP).sum() == len(sent)
    assert orders.loc[orders["kind"] != SHIP, "level"].sum() == bought["quantity"].sum()
    once = rolled(
        arena, drawn, rules, lambda network, week: (sent, bought) if week == 0 else (sent[:0], bought[:0]), every
    )
    assert (once.orders["kind"] == SHIP).sum() == len(arena.case.network.parts) * every
    assert (played_until(found, drawn, rules, 7.0 * WEEKS, 7.0 * WEEKS).lost == 0).all()


def test_who_decides_sees_every_unit(arena: Arena, drawn: Draw) -> None:
    """On each eve stock + inbound = what there was + bought − used, part by part."""
    sent, bought = given(arena)
    network, rules = arena.case.network, rules_of(arena.case, defectives=False)
    begun = network.stock.groupby("part")["on_hand"].sum()
    seen: dict[int, pd.Series[int]] = {}

    def decide(network: Network, week: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        stock, coming = (frame.groupby("part") for frame in (network.stock, network.inbound))
        seen[week] = stock["on_hand"].sum().add(coming["quantity"].sum(), fill_value=0)
        begins = pd.Timestamp(network.settings.as_of)
        return sent[sent["departs"] > begins], bought[bought["order_on"] > begins]

    found = rolled(arena, drawn, rules, decide)
    for week in (1, 5, WEEKS - 1):
        played = played_until(found, drawn, rules, 7.0 * week, 7.0 * week)
        expected = begun.reindex(found.rows.parts) + played.bought - played.used
        assert (seen[week].reindex(found.rows.parts).fillna(0.0) == expected).all()


def test_the_books_of_two_windows_add_up_to_the_whole(arena: Arena, drawn: Draw) -> None:
    """Weeks 1..5 and 6..12 together cost and serve what weeks 1..12 do; the whole is the referee's own account."""
    found, rules, prices = _by_air(arena, 0.9), rules_of(arena.case, defectives=False), prices_of(arena.case)
    first, second, whole = (books(found, prices, drawn, rules, Window(*w)) for w in ((0, 5), (5, WEEKS), (0, WEEKS)))
    for kind, money in whole.cost.items():
        assert first.cost[kind] + second.cost[kind] == pytest.approx(money, abs=1e-6)
    assert (first.asked + second.asked == whole.asked).all()
    assert (first.served + second.served == whole.served).all()
    until = 7.0 * WEEKS
    played = played_until(found, drawn, rules, until, until)
    own = costs(found, prices, drawn.demands, played, np.minimum(drawn.arrives, until))
    assert whole.cost == pytest.approx(own)
    assert whole.logistics == pytest.approx(sum(own.get(kind, 0.0) for kind in LOGISTICS))
    assert sum(whole.holding.values()) == pytest.approx(own["holding"])


def _by_air(arena: Arena, level: float) -> Case:
    groups = len(arena.case.rows.groups)
    return at_levels(policy(arena, by_mode(arena.case, "air"), 1.0), np.full(groups, level), 0.8)


def test_a_policy_is_found_again_by_its_fill_rate(arena: Arena, drawn: Draw) -> None:
    """Tuned to what the policy by air at level 0.7 serves, the peer by air costs the same within 1 %."""
    rules, window = rules_of(arena.case, defectives=False), Window(2, WEEKS)
    known = _by_air(arena, 0.7)
    kept = books(known, prices_of(known), drawn, rules, window)
    trial = Trial(arena, [drawn], rules, window, per_unit(kept.asked, kept.served))
    found = tuned(trial, by_mode(arena.case, "air"), 0.8, 1.0)
    assert found.farthest <= EQUAL
    assert found.logistics == pytest.approx(kept.logistics, rel=0.01)
    assert (lane_of(found.case) == by_mode(arena.case, "air")).all()
    played = played_until(known, drawn, rules, 7.0 * WEEKS, 7.0 * WEEKS)
    asked, served = service(known, drawn.demands, played, window)
    assert trial.distance(known) + trial.wanted == pytest.approx(served / asked, nan_ok=True)
