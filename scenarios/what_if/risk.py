"""What one plan risks: played with lead times, customs, demand and disruptions drawn at random, and one by one."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from domain.calendar import DAYS_PER_WEEK
from domain.network import Network
from scenarios.in_world import Stage, World, as_known, in_world
from scenarios.pipeline import Tell
from scenarios.simulate import as_planned, moved, staged
from scenarios.what_if.alternatives import ABOUT, Alternative, alternative
from scenarios.what_if.disruptions import Disruption, Frequencies, catalogue, drawn
from scenarios.what_if.expectation import Expectation
from scenarios.what_if.patches import patched
from scenarios.what_if.scenario import Patch
from scenarios.what_if.waiting import Waiting, recovery_days, waiting_by_day
from simulation.referee.board import Demands, Floats, Played
from simulation.referee.case import Case
from simulation.referee.referee import DrawDemand, play_plan
from simulation.referee.verdict import Interval, ratio_interval, total_cost
from storage.network_folder import read_network
from storage.plan_folder import PlanFolder, read_plan

LEVEL = 0.95
"""Of value at risk and expected shortfall."""


@dataclass(frozen=True)
class Effort:
    """How much is played. plays: with everything drawn at random; glances: of every single disruption, to find the
    `candidates` that are then played `repeats` times, of which the `worst` are told, and the first
    `remedies` of each kind about which something can be done; begins: week they begin in."""

    plays: int = 50
    glances: int = 2
    candidates: int = 10
    repeats: int = 12
    worst: int = 10
    remedies: int = 2
    begins: int = 2


@dataclass(frozen=True)
class Spread:
    """A figure over plays: mean, median, 5 % and 95 % quantile."""

    mean: float
    median: float
    low: float
    high: float

    @staticmethod
    def of(values: Floats) -> "Spread":
        """Of one number a play."""
        low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
        return Spread(float(values.mean()), float(median), float(low), float(high))


@dataclass(frozen=True)
class Hurt:
    """What one disruption does when it begins with week `begins` and nobody saw it coming.

    money: cost beyond the undisturbed plays and the value of the parts asked for, with its 95 % interval; service:
    change of the share of units found on the shelf; recovery_days: as `waiting.recovery_days`, None: not within the
    plan; yearly: per_year × money. instead: what was done otherwise, saved: money less lost by it, yearly_worth:
    per_year × saved.
    """

    name: str
    title: str
    per_year: float
    weeks: int
    money: Interval
    service: Interval
    recovery_days: int | None
    instead: str = ""
    saved: Interval | None = None

    @property
    def yearly(self) -> float:
        """Expected money lost a year."""
        return self.per_year * self.money.value

    @property
    def yearly_worth(self) -> float | None:
        """Money a year the alternative is expected to save."""
        return None if self.saved is None else self.per_year * self.saved.value

    def json(self) -> dict[str, Any]:
        """As written to JSON."""
        return asdict(self) | {"yearly": self.yearly, "yearly_worth": self.yearly_worth}


@dataclass(frozen=True)
class Risk:
    """One plan's risk over weeks 1..`weeks`.

    cost, service: over plays with disruptions; undisturbed_cost, undisturbed_service: over the same plays without.
    value_at_risk: cost not exceeded in 95 % of the plays, expected_shortfall: mean cost of the worst 5 % of them, both
    less the mean undisturbed cost. costs, undisturbed: of every play, for a chart. worst: by money, the most first.
    remedies: those looked at closely about which something could be done, by what that is worth a year.
    """

    currency: str
    weeks: int
    plays: int
    seed: int
    cost: Spread
    service: Spread
    undisturbed_cost: Spread
    undisturbed_service: Spread
    value_at_risk: float
    expected_shortfall: float
    disruptions_a_play: float
    known_disruptions: int
    worst: tuple[Hurt, ...]
    remedies: tuple[Hurt, ...]
    costs: tuple[float, ...] = field(repr=False)
    undisturbed: tuple[float, ...] = field(repr=False)
    frequencies: Frequencies = field(default_factory=Frequencies)
    begins: int = 2

    def json(self) -> dict[str, Any]:
        """As written to JSON."""
        told = {name: [one.json() for one in getattr(self, name)] for name in ("worst", "remedies")}
        return {**asdict(self), **told}


def risk_of(
    directory: Path,
    plan_folder: Path,
    *,
    frequencies: Frequencies | None = None,
    effort: Effort | None = None,
    weeks: int | None = None,
    seed: int = 1,
    emergency: bool = False,
    tell: Tell = lambda text: None,
) -> Risk:
    """What the plan `plan_folder` of the network `directory` risks; frequencies are assumptions, to be changed.

    Raises ZapasError when the plan is of another network.
    """
    tell("Reading the network and the plan")
    folder = read_plan(plan_folder)
    network = as_planned(read_network(directory)[0], folder)
    sandbox = Sandbox.of(network, folder, weeks, seed, emergency)
    return _risk(sandbox, frequencies or Frequencies(), effort or Effort(), tell)


@dataclass(frozen=True)
class Plays:
    """What some replications led to, one number each: total cost, the same less the value of the parts asked for, units
    asked for and served at once; devices by day."""

    cost: Floats
    net: Floats
    asked: Floats
    served: Floats
    waiting: Waiting

    def some(self, number: int) -> "Plays":
        """The first of them."""
        waiting = Waiting(self.waiting.waiting[:number], self.waiting.came[:number])
        return Plays(self.cost[:number], self.net[:number], self.asked[:number], self.served[:number], waiting)

    @property
    def fill_rate(self) -> Floats:
        """Share of units found on the shelf, play by play."""
        return np.asarray(self.served / np.maximum(self.asked, 1.0))


@dataclass(frozen=True)
class Sandbox:
    """A plan on its stage, and what disrupted worlds are made of: the network before transfers, and the demand."""

    network: Network
    folder: PlanFolder
    on: Stage
    expected: Expectation
    seed: int

    @staticmethod
    def of(
        network: Network, folder: PlanFolder, weeks: int | None = None, seed: int = 1, emergency: bool = False
    ) -> "Sandbox":
        """A plan of exactly this network."""
        on = staged(network, folder, weeks, emergency)
        expected = Expectation.of(network, on.case.plan.forecast, folder.frame("overrides"))
        past = {name: getattr(on.case.network, name) for name in ("usage", "sales", "failures", "past_consignments")}
        return Sandbox(replace(network, **past), folder, on, expected, seed)

    def world(self, patches: Sequence[Patch]) -> World:
        """The world in which these patches came true."""
        network = patched(self.network, patches)
        return World(moved(network, self.folder), self.expected.world(network))

    def undisturbed(self, numbers: Iterable[int]) -> Plays:
        """Replications of the plan as it was meant to be."""
        return self._plays(*as_known(self.on, self.seed), numbers)

    def play(self, world: World, numbers: Iterable[int], on: Stage | None = None) -> Plays:
        """Replications in a world; on: of another plan on the same stage."""
        return self._plays(*in_world(on or self.on, world, self.seed), numbers)

    def _plays(self, case: Case, draw: DrawDemand, numbers: Iterable[int]) -> Plays:
        unit_cost = case.network.parts.set_index("part")["unit_cost"].reindex(case.rows.parts).to_numpy(float)
        value = unit_cost * (1.0 - case.network.settings.obsolescence_rate)
        worth: list[float] = []
        days: list[tuple[Floats, Floats]] = []

        def look(demands: Demands, played: Played) -> None:
            inside = demands.time < case.weeks * DAYS_PER_WEEK
            units = np.where(inside, demands.quantity, 0)
            upto = np.concatenate([[0], np.cumsum(units)])[demands.start]
            worth.append(float((np.diff(upto) * value).sum()))
            days.append(waiting_by_day(demands, played, case.weeks, self.on.patience_days))

        tally = play_plan(case, draw, numbers, self.seed, self.on.rules, look)
        cost = total_cost(tally)
        asked, served = (np.array(tally.sums[name]) for name in ("asked", "served"))
        waiting, came = (np.array([day[at] for day in days]) for at in (0, 1))
        return Plays(cost, cost - np.array(worth), asked, served, Waiting(waiting, came))


def _risk(sandbox: Sandbox, often: Frequencies, effort: Effort, tell: Tell) -> Risk:
    every, weeks = catalogue(sandbox.network, often), sandbox.on.case.weeks
    tell("Playing the plan undisturbed")
    usual = sandbox.undisturbed(range(max(effort.plays, effort.repeats, effort.glances)))
    cost, service, number = usual.cost[: effort.plays].copy(), usual.fill_rate[: effort.plays].copy(), 0
    for play in range(effort.plays):
        tell(f"Playing with disruptions, {play + 1} of {effort.plays}")
        comes = drawn(every, weeks, sandbox.seed, play)
        number += len(comes)
        if comes:
            found = sandbox.play(sandbox.world([one.patch(begins) for one, begins in comes]), [play])
            cost[play], service[play] = found.cost[0], found.fill_rate[0]
    before = usual.some(effort.plays)
    at_risk = float(np.quantile(cost, LEVEL))
    looked_at = _looked_at(sandbox, every, usual, effort, tell)
    return Risk(
        currency=sandbox.network.settings.currency,
        weeks=weeks,
        plays=effort.plays,
        seed=sandbox.seed,
        cost=Spread.of(cost),
        service=Spread.of(service),
        undisturbed_cost=Spread.of(before.cost),
        undisturbed_service=Spread.of(before.fill_rate),
        value_at_risk=at_risk - float(before.cost.mean()),
        expected_shortfall=float(cost[cost >= at_risk].mean() - before.cost.mean()),
        disruptions_a_play=number / effort.plays,
        known_disruptions=len(every),
        worst=tuple(looked_at[: effort.worst]),
        remedies=tuple(
            sorted((one for one in looked_at if one.saved), key=lambda one: (-(one.yearly_worth or 0.0), one.name))
        ),
        costs=tuple(map(float, cost)),
        undisturbed=tuple(map(float, before.cost)),
        frequencies=often,
        begins=effort.begins,
    )


def _looked_at(sandbox: Sandbox, every: tuple[Disruption, ...], usual: Plays, effort: Effort, tell: Tell) -> list[Hurt]:
    """The disruptions that cost most, each played alone: all of them at a glance, the worst of these again, and the
    worst about which something can be done."""
    glanced: list[tuple[float, str, Disruption, World]] = []
    for number, one in enumerate(every):
        tell(f"Playing each disruption alone, {number + 1} of {len(every)}")
        world = sandbox.world([one.patch(effort.begins)])
        found = sandbox.play(world, range(effort.glances))
        glanced.append((float((found.net - usual.some(effort.glances).net).mean()), one.name, one, world))
    hurt, helped = [], dict.fromkeys(ABOUT, 0)
    for number, (_, _, one, world) in enumerate(sorted(glanced, key=lambda row: (-row[0], row[1]))):
        other = None
        if number < effort.candidates or helped.get(one.kind, effort.remedies) < effort.remedies:
            other = alternative(sandbox.on, world, one, effort.begins)
        if number < effort.candidates or other is not None:
            tell(f"Looking closely: {one.title}")
            hurt.append(_hurt(sandbox, one, world, other, usual, effort))
            helped[one.kind] = helped.get(one.kind, 0) + (other is not None)
    return sorted(hurt, key=lambda one: (-one.money.value, one.name))


def _hurt(
    sandbox: Sandbox, one: Disruption, world: World, other: Alternative | None, usual: Plays, effort: Effort
) -> Hurt:
    """One disruption against the undisturbed plays on the same draws, and what an alternative would have saved."""
    numbers, each = range(effort.repeats), np.ones(effort.repeats)
    known, found = usual.some(effort.repeats), sandbox.play(world, numbers)
    hurt = Hurt(
        name=one.name,
        title=one.title,
        per_year=one.per_year,
        weeks=one.weeks,
        money=ratio_interval(found.net - known.net, each),
        service=ratio_interval(found.fill_rate - known.fill_rate, each),
        recovery_days=recovery_days(
            usual.waiting, found.waiting, DAYS_PER_WEEK * (effort.begins - 1) if one.weeks else 0
        ),
    )
    if other is None:
        return hurt
    there = world if other.patch is None else sandbox.world([other.patch])
    helped = sandbox.play(there, numbers, other.on)
    return replace(hurt, instead=other.says, saved=ratio_interval(found.net - helped.net, each))
