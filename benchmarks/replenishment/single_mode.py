"""The plan, made anew every week, against the best (s, nQ) of every depot by one mode of transport, at equal fill.

Both meet the same demand, drawn from the plan's own forecast, and the same voyages; nobody learns. Both open with the
same stock (repair points at the plan's base stock, depots and hub empty), keep MOQ, multiples and calendars, pay the
same for lines and whole consignments and send by express what a region without stock is asked for. Budgets and
capacities, of which reorder points know nothing, bind neither. The first weeks, in which both fill their depots, are
played but not counted. The peer's level of each service group is tuned on the very plays in which the plan's fill rate
was measured; its lanes, stock at the hub and lots are those of lowest cost there, which favours the peer.

Fill rates do not see how long a repair waits that finds nothing: a part no point keeps may as well not be at the depot.
The plan prices waiting, so the last reading gives the peer a second level for such parts and the plan's mean waits too.

    python -m benchmarks.replenishment.single_mode NETWORK PLAN [NETWORK PLAN ...] [--plays N] [--every WEEKS]
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from domain.network import Network
from domain.plan import StockTargets
from optimizer.replenishment import Params
from scenarios.rolling import opening, replanning, without_shared_limits
from scenarios.simulate import plan_to_judge
from simulation.referee.board import Floats
from simulation.referee.books import Books, Window, books, per_unit
from simulation.referee.money import LOGISTICS, prices_of
from simulation.referee.plan import PlanToJudge
from simulation.referee.referee import from_law, rules_of
from simulation.referee.reorder import EQUAL, Trial, Tuned, as_soon, best_by_depot, best_by_leaf, best_of_modes
from simulation.referee.rolling import arena_of, draw_of, rolled
from simulation.referee.verdict import Interval, ratio_interval
from storage.network_folder import read_network
from storage.plan_folder import read_plan

SEED = 1
WEEKS = Window(26, 52)
QUICK = Params(price_iterations=1)  # no rule is shared, so that there is no price to find
PLAN = "plan"
READINGS = {
    "one mode": "one mode for all depots",
    "one mode a depot": "the better mode for each depot",
    "one lane a part": "the better lane for each part at each depot",
    "as soon": "one lane a part, waits as short as the plan's",
}


@dataclass(frozen=True)
class Contest:
    """Books of every play of the plan and of the peer in each reading of `READINGS`; groups: of the fill rates."""

    groups: tuple[str, ...]
    books: dict[str, tuple[Books, ...]]
    peers: dict[str, Tuned]

    def logistics(self, who: str) -> Floats:
        """Logistics cost of each play, money."""
        return np.array([one.logistics for one in self.books[who]])

    def fill(self, who: str) -> Floats:
        """Fill rate of each group over all plays."""
        return per_unit(*(np.sum([getattr(one, units) for one in self.books[who]], axis=0) for units in _UNITS))


_UNITS = ("asked", "served")


def contest(
    network: Network, plan: PlanToJudge, targets: StockTargets, plays: int, window: Window = WEEKS, every: int = 1,
    tell: Callable[[str], None] = lambda text: None,
) -> Contest:  # fmt: skip
    """Play the replanned plan `plays` times, then tune the peer to it in every reading."""
    open_network = opening(without_shared_limits(network), targets)
    arena = arena_of(open_network, plan, window.last, emergencies=True)
    rules = rules_of(arena.case, defectives=False, laterals=True, express=True)
    draw, prices = from_law(arena.case, seed=SEED), prices_of(arena.case)
    decide = replanning(plan.forecast, targets, QUICK)
    draws = [draw_of(arena, draw, SEED, number) for number in range(plays)]
    kept = []
    for number, drawn in enumerate(draws):
        tell(f"Replanning {window.last} weeks, play {number + 1} of {plays}")
        case = rolled(arena, drawn, rules, decide, every)
        kept.append(books(case, prices, drawn, rules, window))
    asked, served = (np.sum([getattr(one, units) for one in kept], axis=0) for units in _UNITS)
    trial = Trial(arena, draws, rules, window, per_unit(asked, served))
    tell("Tuning the single-mode policies")
    best = best_of_modes(trial)
    by_depot = best_by_depot(trial, best)
    waits = per_unit(asked, np.sum([one.waited for one in kept], axis=0))
    found = best, by_depot, best_by_leaf(trial, by_depot), as_soon(trial, by_depot, waits)
    peers = dict(zip(READINGS, found, strict=True))
    return Contest(arena.case.rows.groups, {PLAN: tuple(kept), **{name: p.books for name, p in peers.items()}}, peers)


def saved(contests: Sequence[Contest], reading: str) -> Interval:
    """What the plan's logistics cost is lower than the peer's, share of the peer's, over all plays together."""
    ours, theirs = (np.concatenate([one.logistics(who) for one in contests]) for who in (PLAN, reading))
    return ratio_interval(theirs - ours, theirs)


def farthest(contests: Sequence[Contest], reading: str) -> float:
    """The largest difference of a group's fill rate from the plan's."""
    return max(one.peers[reading].farthest for one in contests)


def table(found: Contest) -> pd.DataFrame:
    """Logistics cost by kind, what is beside it, and fill rates: a column for the plan and for each peer; means of the
    plays."""
    columns = {}
    for who, plays in found.books.items():
        asked = sum(int(one.asked.sum()) for one in plays)
        kinds = {kind: [one.cost.get(kind, 0.0) for one in plays] for kind in LOGISTICS}
        places = {f"  capital {place}": [one.holding[place] for one in plays] for place in plays[0].holding}
        money = {"logistics": [one.logistics for one in plays], **kinds, **places}
        columns[who] = {
            **{name: float(np.mean(values)) for name, values in money.items()},
            "waiting, at its price": float(np.mean([one.cost["shortage"] for one in plays])),
            "mean wait, days": sum(float(one.waited.sum()) for one in plays) / max(asked, 1),
            **{f"fill {name}, %": 100 * share for name, share in zip(found.groups, found.fill(who), strict=True)},
        }
    return pd.DataFrame(columns)


def of_folders(folder: Path, out: Path, plays: int, every: int = 1, tell: Callable[[str], None] = print) -> Contest:
    """The contest on a network folder, with forecast and stock targets of its plan folder."""
    network, kept = read_network(folder)[0], read_plan(out)
    plan = plan_to_judge(network, kept)
    return contest(network, plan, StockTargets(kept.frame("targets"), plan.waiting_price), plays, WEEKS, every, tell)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table for each network and the pooled difference. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replenishment.single_mode")
    parser.add_argument("folders", nargs="+", type=Path, metavar="NETWORK PLAN")
    parser.add_argument("--plays", type=int, default=4)
    parser.add_argument("--every", type=int, default=1)
    chosen = parser.parse_args(arguments)
    if len(chosen.folders) % 2:
        parser.error("name a plan folder after each network folder")
    contests = []
    for folder, out in zip(chosen.folders[::2], chosen.folders[1::2], strict=True):
        found = of_folders(folder, out, chosen.plays, chosen.every)
        contests.append(found)
        print(f"{folder}\n{table(found).round(1).to_string()}")
        for reading in READINGS:
            print(_line([found], reading))
    if len(contests) > 1:
        print("All together")
        for reading in READINGS:
            print(_line(contests, reading))
    return 0


def _line(contests: Sequence[Contest], reading: str) -> str:
    share, far = saved(contests, reading), farthest(contests, reading)
    equal = "" if far <= EQUAL else f"; fill rates differ by up to {100 * far:.1f} points"
    return (
        f"against {READINGS[reading]}: {100 * share.value:.1f} % saved, "
        f"95 % interval {100 * share.low:.1f} to {100 * share.high:.1f}{equal}"
    )


if __name__ == "__main__":
    sys.exit(main())
