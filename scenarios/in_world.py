"""A plan made on the network its planner knew, played in the network that is."""

from dataclasses import dataclass
from math import inf

import numpy as np
import pandas as pd

from domain.forecast import Forecast
from domain.network import Network
from domain.transfers import with_transfers
from simulation.referee.board import Rules
from simulation.referee.case import Case, case_of, forecast_law
from simulation.referee.history import PastRepairs, habits_of
from simulation.referee.openings import Openings
from simulation.referee.places import day_number
from simulation.referee.plan import PlanToJudge
from simulation.referee.referee import DrawDemand, from_law, play_plan, rules_of
from simulation.referee.verdict import Tally

_WEEKS = 104  # a transfer that cannot leave within so many does not


@dataclass(frozen=True)
class World:
    """What is: the network, and the demand to expect in it."""

    network: Network
    forecast: Forecast


@dataclass(frozen=True)
class Stage:
    """A plan as it was meant to be played; every world it is played in shares its draws.

    case: of the network the plan was made for. past: which parts its repairs need together, None where no one knows.
    """

    case: Case
    past: PastRepairs | None
    emergencies: bool
    patience_days: float

    @property
    def rules(self) -> Rules:
        """By which it is played, here and in every world."""
        return rules_of(self.case, self.patience_days, laterals=self.emergencies, express=self.emergencies)


def stage(
    known: Network, plan: PlanToJudge, weeks: int, past: PastRepairs | None, emergencies: bool = False,
    patience_days: float | None = None,
) -> Stage:  # fmt: skip
    """The plan in the network it was made for, its transfers under way."""
    case = case_of(known, plan, weeks, emergencies=emergencies)
    return Stage(case, past, emergencies, inf if patience_days is None else patience_days)


def in_world(on: Stage, world: World, seed: int) -> tuple[Case, DrawDemand]:
    """The same plan in a world, transfers under way there too: the case, and its demand on the stage's draws."""
    forecast, plan = world.forecast, on.case.plan
    asked = pd.DataFrame({"part": forecast.part[forecast.share_leaf], "site": forecast.share_site})
    case = case_of(world.network, plan, on.case.weeks, asked, emergencies=on.emergencies, planned=on.case)
    habits = None if on.past is None else habits_of(on.past, case.network.fitment, case.rows)
    return case, from_law(case, forecast_law(case, forecast), seed, habits, planned=forecast_law(case))


def as_known(on: Stage, seed: int) -> tuple[Case, DrawDemand]:
    """The plan as it was meant to be played, and its demand."""
    habits = None if on.past is None else habits_of(on.past, on.case.network.fitment, on.case.rows)
    return on.case, from_law(on.case, seed=seed, habits=habits)


def played(on: Stage, world: World | None, replications: int, seed: int = 1) -> Tally:
    """Sums of every replication of the plan in a world, or as it was meant to be (None); the n-th of each meets the
    same luck wherever the worlds are alike."""
    case, draw = as_known(on, seed) if world is None else in_world(on, world, seed)
    return play_plan(case, draw, range(replications), seed, on.rules)


def moved_in_world(network: Network, moves: pd.DataFrame) -> Network:
    """A world with the plan's transfers under way: as many units as their giver has there, on the day a lane that is
    shut leaves next; those no lane takes any more do not leave. moves: as `with_transfers`."""
    lane = pd.Index(network.lanes["lane"]).get_indexer(pd.Index(moves["lane"]))
    moves, lane = moves[lane >= 0], lane[lane >= 0]
    planned = day_number(network, moves["departs"])
    late = Openings.of(network, _WEEKS).next_departure(network.lanes, lane, planned) - planned
    moves, late = moves[np.isfinite(late)], late[np.isfinite(late)]
    shift = pd.to_timedelta(late, unit="D")
    moves = moves.assign(departs=moves["departs"] + shift, arrives=moves["arrives"] + shift)
    good = network.stock[
        (network.stock["condition"] == "good") & ~(network.stock["expires"] <= pd.Timestamp(network.settings.as_of))
    ]
    held = good.groupby(["part", "site"])["on_hand"].sum()
    keys = pd.MultiIndex.from_frame(moves[["part", "from_site"]])
    has = held.reindex(keys).fillna(0).to_numpy(np.int64)
    before = moves.groupby(["part", "from_site"])["quantity"].cumsum() - moves["quantity"]
    gives = np.clip(has - before.to_numpy(np.int64), 0, moves["quantity"].to_numpy(np.int64))
    return with_transfers(network, moves.assign(quantity=gives)[gives > 0])
