"""A depot is lost for some weeks: which part goes from where to which of its points instead, and what that restores."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import gammainc

from domain.calendar import DAYS_PER_WEEK
from domain.network import Network
from domain.plan import StockTargets
from domain.transfers import with_transfers
from optimizer.allocation import allocate
from scenarios.in_world import Stage, World, as_known, in_world
from scenarios.pipeline import Tell
from scenarios.simulate import as_planned, moved, staged
from scenarios.what_if.patches import patched
from scenarios.what_if.patches.choose import MOST
from scenarios.what_if.scenario import Patch
from simulation.referee.board import HUB, Demands, Floats, Played
from simulation.referee.case import Case
from simulation.referee.money import prices_of
from simulation.referee.referee import DrawDemand, play_plan
from simulation.referee.verdict import Interval, ratio_interval, total_cost
from storage.network_folder import read_network
from storage.plan_folder import PlanFolder, read_plan

IN_TIME_DAYS = 2.0
"""Within so many days of asking promised service is to be restored: 48 hours."""
SURE = 0.9
"""A lane is quick that keeps them so often."""
_COLUMNS = ["part", "from_site", "to_site", "lane", "quantity", "ships_on", "arrives_on", "cost", "reason"]


@dataclass(frozen=True)
class Served:
    """Of the units asked at the depot's points while it is out: share found on the shelf, and in hand within 48 hours
    of asking.

    found: share of units asked that the shelf lacked and another place with a quick lane to the point had, free, when
    they were asked; of_found: share of these in hand within 48 hours. Both None without an answer. Which lanes are
    quick: `slow`.
    """

    at_once: Interval
    in_time: Interval
    found: Interval | None = None
    of_found: Interval | None = None


@dataclass(frozen=True)
class LostDepot:
    """A depot out from the first Monday for some weeks, decided that day.

    moves: what leaves on the decision (part, from_site, to_site, lane, quantity, ships_on, arrives_on, cost, reason).
    standby: where each further repair of a part at a point gets its unit, the first place that has one (part, to_site,
    from_site, lane, units there, days, chance of 48 hours, cost a unit, expected units asked); slow: its rows of parts
    that lie elsewhere but that no lane brings to the point within 48 hours in 9 of 10 cases; unreached: depots from
    which no lane leads to any of the points, and what they hold of the parts asked for there (from_site, parts, units).
    promised: of the units asked, by the plan. cost: money the answer costs more than waiting (negative: it saves),
    moves and waiting of devices counted.
    """

    depot: str
    weeks: int
    plays: int
    currency: str
    moves: pd.DataFrame
    standby: pd.DataFrame
    slow: pd.DataFrame
    unreached: pd.DataFrame
    asked: float
    promised: float
    undisturbed: Served
    unanswered: Served
    answered: Served
    cost: Interval

    @property
    def restored(self) -> bool:
        """Whether units that lie elsewhere are in hand within 48 hours as often as the plan promises to have them."""
        return self.answered.of_found is not None and self.answered.of_found.value >= self.promised

    def json(self) -> dict[str, Any]:
        """As written to JSON; dates as text."""
        tables = {name: getattr(self, name) for name in ("moves", "standby", "slow", "unreached")}
        rows = {name: _records(frame) for name, frame in tables.items()}
        figures = {name: asdict(getattr(self, name)) for name in ("undisturbed", "unanswered", "answered", "cost")}
        plain = {name: getattr(self, name) for name in ("depot", "weeks", "plays", "currency", "asked", "promised")}
        return {**plain, **figures, **rows, "restored": self.restored}


def answer_to_lost_depot(
    directory: Path,
    plan_folder: Path,
    depot: str = MOST["depot"],
    *,
    weeks: int = 4,
    charter_days: float | None = None,
    replications: int = 12,
    seed: int = 1,
    tell: Tell = lambda text: None,
) -> LostDepot:
    """What to do when a depot (an id, or "busiest") is lost tomorrow for some weeks, shown by the referee.

    charter_days: other depots may send to its points too, on any day at the price of the courier they lost, in so many
    days door to door; None: only by lanes there are.

    Raises ZapasError when the plan is of another network or there is no such depot.
    """
    tell("Reading the network and the plan")
    folder = read_plan(plan_folder)
    network = as_planned(read_network(directory)[0], folder)
    lost = patched(network, [Patch("lost", "site_out", {"depot": depot, "from_week": 1, "weeks": weeks}, False)])
    name = str(lost.events.loc[~lost.events["event"].isin(network.events["event"]), "applies_to"].iloc[0])
    found = name.partition(":")[2]
    if charter_days is not None:
        lost = replace(lost, lanes=_with_charters(lost, found, charter_days))
    return _answer(network, folder, lost, found, weeks, replications, seed, tell)


def _with_charters(network: Network, depot: str, days: float) -> pd.DataFrame:
    """The lanes and one from every other depot to each point the depot has a courier to."""
    lanes = network.lanes
    own = lanes[(lanes["origin"] == depot) & (lanes["mode"] == "courier")]
    rows = [
        own.assign(
            lane=other + "-" + own["destination"] + "-charter",
            origin=other,
            departures="",
            transit_days=days,
            transit_days_sd=0.0,
        )
        for other in sorted(set(network.depot_of_region.values()) - {depot})
    ]
    return pd.concat([lanes, *rows], ignore_index=True).astype(lanes.dtypes.to_dict())


def _answer(
    network: Network, folder: PlanFolder, lost: Network, depot: str, weeks: int, plays: int, seed: int, tell: Tell
) -> LostDepot:
    on = staged(network, folder, emergency=True)
    alone = replace(on, emergencies=False)
    forecast = on.case.plan.forecast
    out = moved(lost, folder)
    tell("Deciding what leaves today")
    there, _ = in_world(on, World(out, forecast), seed)
    moves = _moves(out, there, folder, depot)
    answer = World(
        with_transfers(out, moves.rename(columns={"ships_on": "departs", "arrives_on": "arrives"})), forecast
    )
    tell("Playing the plan with the depot, without it, and with the answer")
    case, draw = in_world(on, answer, seed)
    standby, slow = _standby(case, depot, weeks)
    known = _play(*as_known(alone, seed), alone, depot, weeks, plays, seed)
    waits = _play(*in_world(alone, World(out, forecast), seed), alone, depot, weeks, plays, seed)
    helped = _play(case, draw, on, depot, weeks, plays, seed)
    return LostDepot(
        depot=depot,
        weeks=weeks,
        plays=plays,
        currency=network.settings.currency,
        moves=moves,
        standby=standby,
        slow=slow,
        unreached=_unreached(case, depot),
        asked=float(known.units["asked"].mean()),
        promised=float(known.units["promised"].sum() / max(known.units["asked"].sum(), 1.0)),
        undisturbed=known.served(False),
        unanswered=waits.served(False),
        answered=helped.served(True),
        cost=ratio_interval(helped.cost + float(moves["cost"].sum()) - waits.cost, np.ones(plays)),
    )


@dataclass(frozen=True)
class _Plays:
    """Total cost of every replication, and units asked at the depot's points while it is out: asked, promised,
    at_once, in_time, found, of_found."""

    cost: Floats
    units: dict[str, Floats]

    def served(self, answered: bool) -> Served:
        """The shares."""
        asked = self.units["asked"]
        at_once, in_time, found = (ratio_interval(self.units[one], asked) for one in ("at_once", "in_time", "found"))
        if not answered:
            return Served(at_once, in_time)
        return Served(at_once, in_time, found, ratio_interval(self.units["of_found"], self.units["found"]))


def _play(case: Case, draw: DrawDemand, on: Stage, depot: str, weeks: int, plays: int, seed: int) -> _Plays:
    rows = case.rows
    here = (rows.leaves["depot"] == depot).to_numpy(bool)[rows.leaf_of_point]
    promised = np.array([case.plan.promised.get(name, 0.0) or 0.0 for name in rows.groups])
    of_point = promised[rows.points["group"].to_numpy(np.int64)]
    quick = np.zeros(len(here), bool)
    quick[case.ways["point_row"].to_numpy(np.int64)[_chance(case) >= SURE]] = True
    counted: dict[str, list[float]] = {}

    def look(demands: Demands, played: Played) -> None:
        ours = demands.asked & (demands.time < weeks * DAYS_PER_WEEK) & here[demands.point]
        units, at_once = demands.quantity[ours].astype(float), played.at_once[ours].astype(float)
        in_time = np.where(played.last[ours] <= IN_TIME_DAYS, units, at_once)
        found = (played.found[ours] > 0) & quick[demands.point[ours]]
        told = {
            "asked": units,
            "promised": units * of_point[demands.point[ours]],
            "at_once": at_once,
            "in_time": in_time,
            "found": (units - at_once)[found],
            "of_found": (in_time - at_once)[found],
        }
        for name, each in told.items():
            counted.setdefault(name, []).append(float(each.sum()))

    tally = play_plan(case, draw, range(plays), seed, on.rules, look)
    return _Plays(total_cost(tally), {name: np.array(each) for name, each in counted.items()})


def _moves(out: Network, case: Case, folder: PlanFolder, depot: str) -> pd.DataFrame:
    """What the allocation of today's stock sends to the depot's points when nothing leaves it: by a lane of their own,
    from wherever it is not wanted as much."""
    good = (out.stock["site"] == depot) & (out.stock["condition"] == "good")
    without = replace(out, stock=out.stock[~good].reset_index(drop=True))
    targets = StockTargets(folder.frame("targets"), folder.json["waiting_price"])
    table = allocate(without, targets, case.plan.forecast).table
    points = out.sites.loc[(out.sites["kind"] == "repair_point"), ["site", "region"]]
    ours = set(points.loc[points["region"].map(out.depot_of_region) == depot, "site"])
    table = table[
        table["to_site"].isin(ours) & (table["from_site"] != table["to_site"]) & (table["from_site"] != depot)
    ]
    keys = ["part", "from_site", "to_site"]
    priced = _ways(case).drop_duplicates(keys)
    found = table.merge(priced, on=keys)
    found["cost"] = found["quantity"] * found["cost"]
    return found[_COLUMNS].sort_values(["part", "to_site", "from_site"], ignore_index=True)


def _ways(case: Case) -> pd.DataFrame:
    """Every way of a part to a point, in the order in which they are tried: part, to_site, from_site, lane, days, cost
    a unit, depot of the point."""
    rows, ways, lanes = case.rows, case.ways, case.network.lanes
    point, lane = ways["point_row"].to_numpy(np.int64), ways["lane"].to_numpy(np.int64)
    return pd.DataFrame(
        {
            "part": rows.points["part"].to_numpy(object)[point],
            "to_site": rows.points["site"].to_numpy(object)[point],
            "from_site": lanes["origin"].to_numpy(object)[lane],
            "lane": lanes["lane"].to_numpy(object)[lane],
            "days": ways["days"].to_numpy(float),
            "chance": _chance(case),
            "cost": prices_of(case).way["money"].to_numpy(float),
            "depot": rows.leaves["depot"].to_numpy(object)[rows.leaf_of_point[point]],
            "hub": (ways["source"] == HUB).to_numpy(bool),
        }
    )


def _chance(case: Case) -> Floats:
    """P(a unit is there within 48 hours of leaving) by each way."""
    mean, sd = case.ways["days"].to_numpy(float), case.ways["sd"].to_numpy(float)
    varies = (mean > 0) & (sd > 0)
    safe_mean, safe_sd = np.where(varies, mean, 1.0), np.where(varies, sd, 1.0)
    chance = gammainc((safe_mean / safe_sd) ** 2, IN_TIME_DAYS * safe_mean / safe_sd**2)
    return np.where(varies, chance, (mean <= IN_TIME_DAYS).astype(float))


def _standby(case: Case, depot: str, weeks: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Where repairs of the parts asked for at the depot's points get their unit from while it is out, and those of
    which something lies elsewhere but no way brings it within 48 hours."""
    forecast = case.plan.forecast
    weekly = forecast.mean[:, :weeks].sum(axis=1)[forecast.share_leaf] * forecast.share
    asked = pd.DataFrame(
        {"part": forecast.part[forecast.share_leaf], "to_site": forecast.share_site, "expected": weekly}
    )
    stock = case.network.stock[case.network.stock["condition"] == "good"]
    held = stock.groupby(["part", "site"])["on_hand"].sum().rename("units").reset_index()
    ways = _ways(case)
    ways = ways[ways["depot"] == depot].merge(asked, on=["part", "to_site"])
    ways = ways.merge(held.rename(columns={"site": "from_site"}), on=["part", "from_site"])
    ways = ways[ways["units"] > 0]
    columns = ["part", "to_site", "from_site", "lane", "units", "days", "chance", "cost", "expected"]
    quick = ways[ways["chance"] >= SURE]
    standby = ways.sort_values(["part", "to_site", "hub", "days", "lane"], kind="stable")
    standby = standby.drop_duplicates(["part", "to_site"])[columns].reset_index(drop=True)
    kept = pd.MultiIndex.from_frame(quick[["part", "to_site"]])
    slow = standby[~pd.MultiIndex.from_frame(standby[["part", "to_site"]]).isin(kept)]
    return standby, slow.reset_index(drop=True)


def _unreached(case: Case, depot: str) -> pd.DataFrame:
    """Depots without a lane to the points of this one, and what they hold of the parts in demand there."""
    rows, network = case.rows, case.network
    asked = set(rows.leaves.loc[rows.leaves["depot"] == depot, "part"])
    points = network.sites.loc[network.sites["region"].map(network.depot_of_region) == depot, "site"]
    leads = set(network.lanes.loc[network.lanes["destination"].isin(points), "origin"])
    others = set(network.depot_of_region.values()) - {depot} - leads
    stock = network.stock[(network.stock["condition"] == "good") & (network.stock["on_hand"] > 0)]
    held = stock[stock["site"].isin(others) & stock["part"].isin(asked)]
    found = held.groupby("site").agg(parts=("part", "nunique"), units=("on_hand", "sum")).reset_index()
    return found.rename(columns={"site": "from_site"})


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    dates = frame.select_dtypes("datetime").columns
    told = frame.assign(**{str(name): frame[name].dt.strftime("%Y-%m-%d") for name in dates})
    return [{str(name): value for name, value in row.items()} for row in told.to_dict("records")]
