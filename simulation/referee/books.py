"""What a policy served and cost between two Mondays of a replication, so that a start need not count."""

from dataclasses import dataclass, replace

import numpy as np

from domain.calendar import DAYS_PER_WEEK
from simulation.referee.board import Demands, Floats, Ints, Played, Rules
from simulation.referee.case import Case
from simulation.referee.money import Prices, costs, express_duty, holdings, logistics_cost
from simulation.referee.rolling import Draw, played_until


@dataclass(frozen=True)
class Window:
    """Weeks `first` + 1 .. `last` of a play."""

    first: int
    last: int


@dataclass(frozen=True)
class Books:
    """One replication in a window. cost: money by kind; duty_of_express: part of `emergency`; holding: by place (hub,
    depot, point, under way); waited: unit-days of repairs without their part, asked,
    served: units; by group."""

    cost: dict[str, float]
    duty_of_express: float
    holding: dict[str, float]
    waited: Floats
    asked: Ints
    served: Ints

    @property
    def logistics(self) -> float:
        """Logistics cost, money."""
        return logistics_cost(self.cost, self.duty_of_express)


def books(case: Case, prices: Prices, drawn: Draw, rules: Rules, window: Window) -> Books:
    """The books of the window: those of the play until its end less those until its beginning."""
    cost_before, holding_before, before = _until(case, prices, drawn, rules, window.first)
    cost, holding, played = _until(case, prices, drawn, rules, window.last)
    asked, served = service(case, drawn.demands, played, window)
    return Books(
        cost={kind: money - cost_before[kind] for kind, money in cost.items()},
        duty_of_express=express_duty(prices, played) - express_duty(prices, before),
        holding={place: money - holding_before[place] for place, money in holding.items()},
        waited=waited(case, drawn.demands, played, before),
        asked=asked,
        served=served,
    )


def _until(
    case: Case, prices: Prices, drawn: Draw, rules: Rules, weeks: int
) -> tuple[dict[str, float], dict[str, float], Played]:
    until, short = float(weeks * DAYS_PER_WEEK), replace(case, weeks=weeks)
    played = played_until(case, drawn, rules, until, until)
    demands, arrives = drawn.demands, np.minimum(drawn.arrives, until)
    return costs(short, prices, demands, played, arrives), holdings(short, prices, played, arrives), played


def service(case: Case, demands: Demands, played: Played, window: Window) -> tuple[Ints, Ints]:
    """Units asked for in the window and those of them served at once, (groups,) each."""
    first, last = window.first * DAYS_PER_WEEK, window.last * DAYS_PER_WEEK
    new = demands.asked & (demands.time >= first) & (demands.time < last)
    group = case.rows.points["group"].to_numpy()[demands.point[new]]
    groups = len(case.rows.groups)
    asked, served = (np.bincount(group, units[new], groups) for units in (demands.quantity, played.at_once))
    return asked.astype(np.int64), served.astype(np.int64)


def waited(case: Case, demands: Demands, played: Played, before: Played) -> Floats:
    """Unit-days without their part by group, those counted `before` taken off, (groups,)."""
    group = case.rows.points["group"].to_numpy()[demands.point]
    return np.asarray(np.bincount(group, played.counted_wait - before.counted_wait, len(case.rows.groups)))


def per_unit(asked: Ints | Floats, what: Ints | Floats) -> Floats:
    """Of each group the share of units asked for, or days a unit; NaN where nothing was asked."""
    return np.asarray(np.divide(what, asked, out=np.full(len(asked), np.nan), where=asked > 0))
