"""The referee: plays a case again and again and says what the plan achieves."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from domain.calendar import DAYS_PER_WEEK
from simulation.referee.board import Demands, Floats, Played, Rules, empty_results
from simulation.referee.bursts import DemandLaw
from simulation.referee.case import Case, forecast_law
from simulation.referee.demand import drawer, seeds_of, with_open_repairs
from simulation.referee.engine import play
from simulation.referee.lead_times import draw_arrivals
from simulation.referee.money import Prices, co2_kg, costs, express_duty, logistics_cost, prices_of
from simulation.referee.repairs import Habits
from simulation.referee.single_mode import Yardstick, plays_to_tune, yardstick
from simulation.referee.verdict import Tally, Verdict, tally_service, tally_stock, verdict
from simulation.referee.yardsticks import express_of, foresight_of, tally_clairvoyant, tally_status_quo

DrawDemand = Callable[[int], Demands]
"""New demand of one replication, by its number."""

_AT_LEAST = 4  # replications before a half-width is believed
_VOYAGES, _PARCELS = 5, 6  # streams of a replication


@dataclass(frozen=True)
class Judgement:
    """The plan, and what its demand would have met otherwise, on the same draws; single_mode only where asked for."""

    plan: Verdict
    status_quo: Verdict
    clairvoyant: Verdict
    single_mode: Yardstick | None = None


def rules_of(
    case: Case,
    patience_days: float = np.inf,
    defectives: bool = True,
    check: bool = False,
    laterals: bool = False,
    express: bool = False,
) -> Rules:
    """The ordinary rules: waiting repairs before shelves. laterals, express: in a case with emergencies."""
    inside, end = case.weeks * DAYS_PER_WEEK, case.end_weeks * DAYS_PER_WEEK
    return Rules(False, defectives, patience_days, float(inside), float(end), check, laterals, express)


def from_law(
    case: Case,
    law: DemandLaw | None = None,
    seed: int = 1,
    habits: Habits | None = None,
    planned: DemandLaw | None = None,
) -> DrawDemand:
    """Demand drawn from a law, by default the plan's own forecast; by `habits` some of it is one repair.

    planned: the law that was expected: who draws of that one meets the same demand where the two do not differ.
    """
    draw = drawer(forecast_law(case) if law is None else law, case.rows.places(), case.end_weeks, planned)
    return lambda replication: draw(seed, replication, habits)


def replicate(
    case: Case, draw: DrawDemand, rules: Rules, seed: int, replication: int
) -> tuple[Demands, Floats, Played]:
    """One replication: demand, the day each voyage arrives, and what they led to."""
    demands = with_open_repairs(draw(replication), case.open_repairs, case.rows.local_site)
    arrives = _arrivals(case, seed, replication)
    seeds = seeds_of(case.rows.part_keys, seed, replication, 2)
    played = empty_results(case.board, demands)
    play(case.board, demands, arrives, rules, seeds, played)
    return demands, arrives, played


def _arrivals(case: Case, seed: int, replication: int) -> Floats:
    rng = np.random.default_rng([seed, replication, _VOYAGES])
    if case.planned is None:
        return draw_arrivals(case.voyages, case.laws, rng)
    return case.planned.arrivals(case.voyages, case.laws, seed, replication, rng)


def judge(
    case: Case,
    draw: DrawDemand,
    replications: int,
    seed: int = 1,
    rules: Rules | None = None,
    half_width: float | None = None,
    tell: Callable[[str], None] = lambda text: None,
    single_mode: bool = False,
) -> Judgement:
    """Play up to `replications` times, fewer where every group's fill rate is known to ± `half_width` before.

    single_mode: tune the best single-mode policies too, which takes about a hundred plays of each mode.
    """
    rules = rules_of(case) if rules is None else rules
    groups, prices = case.rows.groups, prices_of(case)
    express, known = express_of(case, prices), foresight_of(case)
    plan, status_quo, clairvoyant = Tally(), Tally(), Tally()
    for replication in range(replications):
        tell(f"Playing the plan, replication {replication + 1} of {replications}")
        demands, arrives, played = replicate(case, draw, rules, seed, replication)
        _add(plan, case, prices, demands, arrives, played)
        tally_status_quo(
            status_quo, case, prices, express, demands, np.random.default_rng([seed, replication, _PARCELS])
        )
        tally_clairvoyant(clairvoyant, case, prices, known, demands)
        if half_width is not None and replication >= _AT_LEAST and _known(plan, groups, half_width):
            break

    beside = _beside(case, plan, draw, rules, seed, tell) if single_mode else None
    return Judgement(verdict(plan, groups), verdict(status_quo, groups), verdict(clairvoyant, groups), beside)


def play_plan(
    case: Case,
    draw: DrawDemand,
    replications: Iterable[int],
    seed: int = 1,
    rules: Rules | None = None,
    look: Callable[[Demands, Played], None] = lambda demands, played: None,
) -> Tally:
    """The plan alone in these replications (their numbers), without what else could have been done, each of them kept;
    `look` sees what happened."""
    rules, prices, plan = rules_of(case) if rules is None else rules, prices_of(case), Tally()
    for replication in replications:
        demands, arrives, played = replicate(case, draw, rules, seed, replication)
        _add(plan, case, prices, demands, arrives, played)
        look(demands, played)
    return plan


def _beside(
    case: Case, plan: Tally, draw: DrawDemand, rules: Rules, seed: int, tell: Callable[[str], None]
) -> Yardstick:
    """The single-mode policies on the plan's draws; those they are tuned by are drawn once."""
    draw = lru_cache(plays_to_tune(plan))(draw)

    def fill_rate(other: Case, plays: int) -> float:
        served, asked = 0, 0
        for replication in range(plays):
            demands, _, played = replicate(other, draw, rules, seed, replication)
            new = demands.asked & (demands.time < other.weeks * DAYS_PER_WEEK)
            served, asked = served + played.at_once[new].sum(), asked + demands.quantity[new].sum()
        return served / max(asked, 1)

    def play_all(other: Case, prices: Prices, plays: int) -> Tally:
        tally = Tally()
        for replication in range(plays):
            _add(tally, other, prices, *replicate(other, draw, rules, seed, replication))
        return tally

    return yardstick(case, plan, fill_rate, play_all, tell)


def _add(tally: Tally, case: Case, prices: Prices, demands: Demands, arrives: Floats, played: Played) -> None:
    tally_service(tally, case, demands, played.at_once, played.local, played.last)
    tally_stock(tally, case, played)
    kinds = costs(case, prices, demands, played, arrives)
    logistics = logistics_cost(kinds, express_duty(prices, played))
    tally.add(co2=co2_kg(case, prices, played), events=played.events.sum(), logistics=logistics, **kinds)


def _known(tally: Tally, groups: tuple[str, ...], half_width: float) -> bool:
    asked = [name for name in groups if sum(tally.sums[f"asked {name}"]) > 0]
    return all(tally.ratio(f"served {name}", f"asked {name}").half_width <= half_width for name in asked)
