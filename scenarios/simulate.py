"""Plays a plan folder on its network and says what it achieves: promised and achieved side by side."""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from math import inf, isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from domain.forecast_tables import FORECAST_COLUMNS, SHARE_COLUMNS, forecast_from_frames
from domain.network import Network
from domain.problems import ZapasError
from domain.transfers import with_transfers
from scenarios.in_world import Stage, World, in_world, moved_in_world, stage
from scenarios.pipeline import Tell
from simulation.referee.case import Case, case_of
from simulation.referee.history import PastRepairs, draw_history, habits_of, history_of, past_demand, past_repairs
from simulation.referee.plan import PlanToJudge
from simulation.referee.referee import DrawDemand, Judgement, from_law, judge, rules_of
from simulation.referee.repairs import Habits
from simulation.referee.single_mode import Yardstick
from simulation.referee.truth import true_law, true_places
from simulation.referee.verdict import Interval, Verdict
from storage.network_folder import read_network
from storage.plan_folder import PlanFolder, plan_folder, read_plan

_PAST = ("sales", "failures", "past_consignments", "receipts")
_TRUTH = ("demand", "leaves", "shares", "lead_times")

Retold = Callable[[bytes, dict[str, Any], str], bytes]
"""report.html with this judgement, from the old one, the judgement and the currency."""


class DemandSource(StrEnum):
    """Where the demand of a play comes from."""

    forecast = "forecast"
    history = "history"
    truth = "truth"


def simulate(
    directory: Path,
    out: Path,
    replications: int,
    *,
    demand: DemandSource = DemandSource.forecast,
    weeks: int | None = None,
    seed: int = 1,
    half_width: float | None = None,
    patience_days: float | None = None,
    emergency: bool = False,
    single_mode: bool = False,
    retold: Retold | None = None,
    tell: Tell = lambda text: None,
) -> dict[str, Any]:
    """Judge the plan `out` of the network `directory` (DESIGN 4); with `retold` the plan folder keeps the judgement.

    Raises ZapasError when the plan is of another network, or there is no truth beside the folder, or the plan cannot be
    written.
    """
    tell("Reading the network and the plan")
    folder = read_plan(out)
    found = judged(  # nobody else holds the network, so that its past is let go
        as_planned(read_network(directory)[0], folder), folder, directory, replications, demand=demand, weeks=weeks,
        seed=seed, half_width=half_width, patience_days=patience_days, emergency=emergency, single_mode=single_mode,
        tell=tell,
    )  # fmt: skip
    if retold is not None:
        tell("Writing the plan folder")
        _keep(folder, found, retold)
    return found


def judged(
    network: Network,
    folder: PlanFolder,
    directory: Path,
    replications: int,
    *,
    demand: DemandSource = DemandSource.forecast,
    weeks: int | None = None,
    seed: int = 1,
    half_width: float | None = None,
    patience_days: float | None = None,
    emergency: bool = False,
    single_mode: bool = False,
    world: World | None = None,
    tell: Tell = lambda text: None,
) -> dict[str, Any]:
    """Judge a plan of exactly this network; stops early once every fill rate is known to ± `half_width`.

    patience_days: after so many days a case that waits for a part leaves; None: never. emergency: a repair whose region
    has nothing is helped by another point or by express from the hub. single_mode: set the best single-mode (s, Q)
    policies beside it, at the plan's fill rate. world: play it there, with the demand forecast there, on the draws it
    would meet in `network`; where the two are alike the judgement is the same.
    """
    if world is not None:
        return _judged_in_world(
            network,
            folder,
            replications,
            world,
            demand=demand,
            weeks=weeks,
            seed=seed,
            half_width=half_width,
            patience_days=patience_days,
            emergency=emergency,
            tell=tell,
        )
    tell("Setting up the referee")
    past = None if demand is DemandSource.history else past_repairs(network)
    tickets = past is not None or bool((network.usage["ticket"] != "").any())
    network = _without_the_past(network, keep_usage=demand is DemandSource.history)
    network = as_moved(network, folder)
    plan = plan_to_judge(network, folder)
    weeks = weeks or network.settings.horizon_weeks
    case, draw = _case_and_demand(directory, network, plan, demand, weeks, seed, past, emergency)
    patience = inf if patience_days is None else patience_days
    rules = rules_of(case, patience, laterals=emergency, express=emergency)
    found = judge(case, draw, replications, seed, rules, half_width, tell, single_mode)
    told = {"patience_days": patience_days, "tickets": tickets, "emergency": emergency}
    return {**judgement_json(found, plan, demand, weeks), **told}


def _judged_in_world(
    network: Network,
    folder: PlanFolder,
    replications: int,
    world: World,
    *,
    demand: DemandSource,
    weeks: int | None,
    seed: int,
    half_width: float | None,
    patience_days: float | None,
    emergency: bool,
    tell: Tell,
) -> dict[str, Any]:
    if demand is not DemandSource.forecast:
        raise ValueError(f"demand of another world is drawn from its forecast, not from the {demand.value}")
    tell("Setting up the referee")
    on = staged(network, folder, weeks, emergency, patience_days)
    there = replace(world, network=moved(_without_the_past(world.network, keep_usage=False), folder))
    case, draw = in_world(on, there, seed)
    found = judge(case, draw, replications, seed, on.rules, half_width, tell)
    tickets = on.past is not None or bool((network.usage["ticket"] != "").any())
    told = {"patience_days": patience_days, "tickets": tickets, "emergency": emergency}
    return {**judgement_json(found, case.plan, demand, case.weeks), **told}


def staged(
    network: Network,
    folder: PlanFolder,
    weeks: int | None = None,
    emergency: bool = False,
    patience_days: float | None = None,
) -> Stage:
    """A plan of exactly this network, ready to be played in any world (`in_world.played`)."""
    past = past_repairs(network)
    known = as_moved(_without_the_past(network, keep_usage=False), folder)
    plan, weeks = plan_to_judge(known, folder), weeks or network.settings.horizon_weeks
    return stage(known, plan, weeks, past, emergency, patience_days)


def moved(world: Network, folder: PlanFolder) -> Network:
    """A world with the plan's transfers between depots under way, as far as they can be."""
    moves = folder.path / "transfers.parquet"
    return moved_in_world(world, folder.frame(moves.stem)) if moves.is_file() else world


def _keep(folder: PlanFolder, found: dict[str, Any], retold: Retold) -> None:
    """Write the judgement into plan.json and report.html; the folder is exchanged as a whole."""
    with plan_folder(folder.path) as partial:
        partial.copy(folder)
        if read_plan(folder.path).json != folder.json:
            raise ZapasError(f"{folder.path}: the plan was replaced while it was played; play the new one.")
        report = partial.path / "report.html"
        if report.is_file():
            partial.write_bytes(report.name, retold(report.read_bytes(), found, folder.settings["currency"]))
        partial.write_json({**folder.json, "simulated": found})
        partial.finish()


def plan_to_judge(network: Network, folder: PlanFolder) -> PlanToJudge:
    """What the referee executes of a plan folder."""
    return PlanToJudge(
        forecast=forecast_from_frames(
            folder.frame("forecast", FORECAST_COLUMNS), folder.frame("shares", SHARE_COLUMNS), network
        ),
        targets=folder.frame("targets", ["part", "site", "base_stock"]),
        shipments=folder.frame("shipments"),
        purchase_orders=folder.frame("purchase_orders"),
        promised=folder.json["service"],
        waiting_price=folder.json["waiting_price"],
    )


def judgement_json(found: Judgement, plan: PlanToJudge, demand: DemandSource, weeks: int) -> dict[str, Any]:
    """The judgement as `zapas simulate --json` prints it."""
    return {
        "demand": demand.value,
        "weeks": weeks,
        "replications": found.plan.replications,
        **_verdict_json(found.plan, plan.promised),
        "status_quo": _verdict_json(found.status_quo),
        "clairvoyant": _verdict_json(found.clairvoyant),
        **({} if found.single_mode is None else {"single_mode": _yardstick_json(found.single_mode)}),
    }


def _yardstick_json(found: Yardstick) -> dict[str, Any]:
    by_mode = {
        mode: {
            **_verdict_json(one.verdict),
            "level": one.level,
            "hub_cover": one.cover,
            "share_by_mode": one.share,
            "equal_fill": one.equal,
        }
        for mode, one in found.by_mode.items()
    }
    saved = None if found.saved is None else {**found.saved.json(), "share": found.saved_share}
    return {**by_mode, "best": found.best or None, "saved": saved}


def _verdict_json(verdict: Verdict, promised: dict[str, float] | None = None) -> dict[str, Any]:
    service = {
        name: {
            **({} if promised is None else {"promised": promised.get(name)}),
            "achieved": _known(found.value),
            "low": _known(found.low),
            "high": _known(found.high),
            "asked": verdict.asked[name],
        }
        for name, found in verdict.service.items()
    }
    others = {name: _known(found.value) for name, found in verdict.figures.items()}
    intervals = {name: _ends(found) for name, found in {**verdict.figures, **_named(verdict.cost)}.items()}
    cost = {kind: _known(found.value) for kind, found in verdict.cost.items()}
    return {"service": service, **others, "cost": cost, "intervals": intervals}


def _known(value: float) -> float | None:
    """None where nothing was asked, or nobody can say."""
    return value if isfinite(value) else None


def _named(cost: dict[str, Interval]) -> dict[str, Interval]:
    return {f"cost {kind}": found for kind, found in cost.items()}


def _ends(found: Interval) -> list[float | None]:
    return [_known(found.low), _known(found.high)]


def as_planned(network: Network, folder: PlanFolder) -> Network:
    """The network with the parts the plan was made for. Raises ZapasError when the plan knows parts it does not have or
    was made for another day."""
    parts = set(folder.fact("parts")["part"])
    unknown = parts - set(network.parts["part"])
    if unknown or folder.as_of != network.settings.as_of:
        why = f"it knows part {min(unknown)}" if unknown else f"it is of {folder.as_of}, not {network.settings.as_of}"
        raise ZapasError(f"{folder.path}: this plan was not made for this network, {why}.")
    return network if len(parts) == len(network.parts) else network.with_parts(parts)


def as_moved(network: Network, folder: PlanFolder) -> Network:
    """The network with the plan's transfers between depots under way, as the plan's own orders take it to be."""
    moves = folder.path / "transfers.parquet"
    return with_transfers(network, folder.frame(moves.stem)) if moves.is_file() else network


def _without_the_past(network: Network, keep_usage: bool) -> Network:
    """The network without the long tables no play looks at: they are most of its memory."""
    usage = network.usage if keep_usage else network.usage.iloc[:0].copy()
    past = {name: getattr(network, name).iloc[:0].copy() for name in _PAST}
    return replace(network, usage=usage, **past)


def _case_and_demand(
    directory: Path,
    network: Network,
    plan: PlanToJudge,
    demand: DemandSource,
    weeks: int,
    seed: int,
    past: PastRepairs | None,
    emergency: bool,
) -> tuple[Case, DrawDemand]:
    if demand is DemandSource.truth:
        truth = _truth(directory)
        case = case_of(network, plan, weeks, true_places(network, truth), truth["lead_times"], emergency)
        return case, from_law(case, true_law(case, truth), seed, _habits(past, case))
    if demand is DemandSource.history:
        weekly = past_demand(network)
        if weekly.empty:
            raise ZapasError(
                f"{directory}: there is no usage in the year before {network.settings.as_of} to draw from."
            )
        case = case_of(network, plan, weeks, weekly, emergencies=emergency)
        history = history_of(weekly, case.rows)
        return case, lambda number: draw_history(history, case.rows, case.end_weeks, seed, number)
    case = case_of(network, plan, weeks, emergencies=emergency)
    return case, from_law(case, seed=seed, habits=_habits(past, case))


def _habits(past: PastRepairs | None, case: Case) -> Habits | None:
    return None if past is None else habits_of(past, case.network.fitment, case.rows)


def _truth(directory: Path) -> dict[str, pd.DataFrame]:
    folder = directory.with_name(directory.name + ".truth")
    missing = [name for name in _TRUTH if not (folder / f"{name}.parquet").is_file()]
    if missing:
        raise ZapasError(
            f"{folder}: there is no hidden truth here ({missing[0]}.parquet); only demo networks have one."
        )
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in _TRUTH}


def lines(found: dict[str, Any]) -> list[str]:
    """The judgement for people, a line each."""
    told = [
        f"{found['replications']} plays of {found['weeks']} weeks, demand from the {found['demand']}:",
        "Repairs that found their part on the shelf, promised and achieved (95 % interval):",
    ]
    for name, row in found["service"].items():
        share = [_percent(row.get(what)) for what in ("promised", "achieved", "low", "high")]
        told.append(f"  {name:20} {share[0]:>6}  {share[1]:>6}  ({share[2]} to {share[3]})")
    told.append(
        f"{_percent(found['repairs_without_wait'])} of repairs found all their parts at once; a repair took "
        f"{_days(found['turnaround_days'])} days, {_days(found['days_waiting_for_parts'])} of them waiting for parts; "
        f"{_percent(found['solved_locally'])} of parts were in their region already."
    )
    if found["tickets"]:
        told.append(f"{_percent(found['repairs_of_several_parts'])} of repairs needed more than one part.")
    else:
        told.append("The usage names no tickets: every part asked for counts as a repair of its own.")
    if found["patience_days"] is not None:
        told.append(f"{_percent(found['given_up'])} of repairs left after {found['patience_days']:g} days of waiting.")
    if found["emergency"] and "emergency" not in found["cost"]:
        told.append("No lane goes point to point or hub to point, so nobody could be helped in an emergency.")
    kinds = ", ".join(f"{kind} {money:,.0f}" for kind, money in found["cost"].items() if kind != "per_repair")
    told.append(f"Cost: {kinds}; {_money(found['cost']['per_repair'])} a repair.")
    for name, says in (
        ("status_quo", "Each part by express after the fault"),
        ("clairvoyant", "With perfect foresight"),
    ):
        other = found[name]
        told.append(
            f"{says}: {_days(other['turnaround_days'])} days a repair, cost {other['cost']['total']:,.0f}, "
            f"{_money(other['cost']['per_repair'])} a repair."
        )
    return [*told, *_yardstick_lines(found["single_mode"])] if "single_mode" in found else told


def _yardstick_lines(found: dict[str, Any]) -> list[str]:
    modes = {name: one for name, one in found.items() if name not in ("best", "saved")}
    told = ["By one mode only, reorder points and lots tuned to the same share of parts on the shelf:"]
    for mode, one in modes.items():
        short = "" if one["equal_fill"] else f"; it gets no nearer than {_percent(one['fill_rate'])}"
        told.append(
            f"  {mode:8} {_days(one['turnaround_days'])} days a repair, cost {one['cost']['total']:,.0f}, "
            f"{_percent(one['share_by_mode'])} of parts by {mode}{short}"
        )
    if found["best"] is None:
        return [*told, "None of them serves as the plan does."]
    money, share, best = found["saved"]["value"], found["saved"]["share"], found["best"]
    worth = f"saves {money:,.0f} against {best}" if money >= 0 else f"costs {-money:,.0f} more than {best}"
    return [*told, f"The plan {worth} ({abs(share):.1%})."]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _days(days: float | None) -> str:
    return "–" if days is None else f"{days:.1f}"


def _money(money: float | None) -> str:
    return "–" if money is None else f"{money:,.2f}"
