"""Any plan in any world, all on the draws the base plan would have met, money at the base plan's price of waiting."""

from dataclasses import dataclass, replace

import pandas as pd

from domain.forecast import Forecast
from domain.network import Network
from scenarios.in_world import Stage
from scenarios.simulate import moved, plan_to_judge, staged
from scenarios.what_if.making import Base
from simulation.referee.case import Case, case_of, forecast_law
from simulation.referee.history import habits_of
from simulation.referee.ledger import Ledger
from simulation.referee.plan import PlanToJudge
from simulation.referee.referee import DrawDemand, from_law, play_plan
from simulation.referee.verdict import Tally, total_cost
from storage.plan_folder import PlanFolder


@dataclass(frozen=True)
class Played:
    """What one plan led to in one world: sums of every replication, where the money went, what each lane carried."""

    tally: Tally
    groups: tuple[str, ...]
    money: pd.DataFrame
    lanes: pd.DataFrame
    stock_value: float


@dataclass(frozen=True)
class Candidate:
    """A plan as the referee executes it, with the folder that says which transfers are under way."""

    plan: PlanToJudge
    folder: PlanFolder


@dataclass(frozen=True)
class Table:
    """Where plans are played: the base plan on its stage, whose draws all share. prices: of waiting, by group."""

    on: Stage
    prices: dict[str, float]
    seed: int

    @staticmethod
    def of(base: Base, seed: int) -> "Table":
        """Set with the base plan."""
        return Table(staged(base.network, base.folder), base.folder.json["waiting_price"], seed)

    def candidate(self, known: Network, folder: PlanFolder) -> Candidate:
        """A plan made on `known`; groups the base plan does not have keep their own price."""
        plan = plan_to_judge(known, folder)
        return Candidate(replace(plan, waiting_price={**plan.waiting_price, **self.prices}), folder)

    def play(self, one: Candidate, world: Network, demand: Forecast, replications: int) -> Played:
        """A plan in a world, transfers under way as far as they can be; demand: to be expected there."""
        case, draw = self._case(one, world, demand)
        ledger = Ledger.of(case)
        tally = play_plan(case, draw, range(replications), self.seed, self.on.rules, ledger.look)
        money = ledger.money(float(total_cost(tally).mean()))
        return Played(tally, case.rows.groups, money, ledger.by_lane(), ledger.stock_value / replications)

    def cost(self, one: Candidate, world: Network, demand: Forecast, replications: int) -> list[float]:
        """Money of a plan in a world, play by play."""
        case, draw = self._case(one, world, demand)
        return [
            float(money) for money in total_cost(play_plan(case, draw, range(replications), self.seed, self.on.rules))
        ]

    def _case(self, one: Candidate, world: Network, demand: Forecast) -> tuple[Case, DrawDemand]:
        on = self.on
        asked = pd.DataFrame({"part": demand.part[demand.share_leaf], "site": demand.share_site})
        case = case_of(moved(world, one.folder), one.plan, on.case.weeks, asked, planned=on.case)
        habits = None if on.past is None else habits_of(on.past, case.network.fitment, case.rows)
        usual = forecast_law(case, on.case.plan.forecast)
        return case, from_law(case, forecast_law(case, demand), self.seed, habits, planned=usual)
