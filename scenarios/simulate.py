"""Plays a plan folder on its network and says what it achieves: promised and achieved side by side."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd

from domain.forecast_tables import forecast_from_frames
from domain.network import Network
from domain.problems import ZapasError
from scenarios.pipeline import Tell
from simulation.referee.case import Case, case_of
from simulation.referee.history import draw_history, history_of, past_demand
from simulation.referee.plan import PlanToJudge
from simulation.referee.referee import DrawDemand, Judgement, from_law, judge
from simulation.referee.truth import true_law, true_places
from simulation.referee.verdict import Interval, Verdict
from storage.network_folder import read_network
from storage.plan_folder import PlanFolder, read_plan

_TRUTH = ("demand", "leaves", "shares", "lead_times")
_FIGURES = ("repairs_without_wait", "turnaround_days", "days_waiting_for_parts", "solved_locally")


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
    tell: Tell = lambda text: None,
) -> dict[str, Any]:
    """Judge the plan `out` of the network `directory` (DESIGN 4); stops early once every fill rate is known to
    ± `half_width`.

    Raises ZapasError when the plan is of another network, or there is no truth beside the folder.
    """
    tell("Reading the network and the plan")
    network, _ = read_network(directory)
    folder = read_plan(out)
    network = _without_the_past(_as_planned(network, folder), keep_usage=demand is DemandSource.history)
    plan = plan_to_judge(network, folder)
    weeks = weeks or network.settings.horizon_weeks
    tell("Setting up the referee")
    case, draw = _case_and_demand(directory, network, plan, demand, weeks, seed)
    found = judge(case, draw, replications, seed, half_width=half_width, tell=tell)
    return judgement_json(found, plan, demand, weeks)


def plan_to_judge(network: Network, folder: PlanFolder) -> PlanToJudge:
    """What the referee executes of a plan folder."""
    return PlanToJudge(
        forecast=forecast_from_frames(folder.frame("forecast"), folder.frame("shares"), network),
        targets=folder.frame("targets"),
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
    }


def _verdict_json(verdict: Verdict, promised: dict[str, float] | None = None) -> dict[str, Any]:
    service = {
        name: {
            **({} if promised is None else {"promised": promised.get(name)}),
            "achieved": found.value,
            "low": found.low,
            "high": found.high,
            "asked": verdict.asked[name],
        }
        for name, found in verdict.service.items()
    }
    others = {name: found.value for name, found in verdict.figures.items()}
    intervals = {name: _ends(found) for name, found in {**verdict.figures, **_named(verdict.cost)}.items()}
    cost = {kind: found.value for kind, found in verdict.cost.items()}
    return {"service": service, **others, "cost": cost, "intervals": intervals}


def _named(cost: dict[str, Interval]) -> dict[str, Interval]:
    return {f"cost {kind}": found for kind, found in cost.items()}


def _ends(found: Interval) -> list[float]:
    return [found.low, found.high]


def _as_planned(network: Network, folder: PlanFolder) -> Network:
    """The network with the parts the plan was made for. Raises ZapasError when the plan knows parts it does not have or
    was made for another day."""
    parts = set(folder.fact("parts")["part"])
    unknown = parts - set(network.parts["part"])
    if unknown or folder.as_of != network.settings.as_of:
        why = f"it knows part {min(unknown)}" if unknown else f"it is of {folder.as_of}, not {network.settings.as_of}"
        raise ZapasError(f"{folder.path}: this plan was not made for this network, {why}.")
    return network if len(parts) == len(network.parts) else network.with_parts(parts)


def _without_the_past(network: Network, keep_usage: bool) -> Network:
    """The network without the long tables no play looks at: they are most of its memory."""
    usage = network.usage if keep_usage else network.usage.iloc[:0].copy()
    sales, failures, sent = (
        table.iloc[:0].copy() for table in (network.sales, network.failures, network.past_consignments)
    )
    return replace(network, usage=usage, sales=sales, failures=failures, past_consignments=sent)


def _case_and_demand(
    directory: Path, network: Network, plan: PlanToJudge, demand: DemandSource, weeks: int, seed: int
) -> tuple[Case, DrawDemand]:
    if demand is DemandSource.truth:
        truth = _truth(directory)
        case = case_of(network, plan, weeks, true_places(network, truth), truth["lead_times"])
        return case, from_law(case, true_law(case, truth), seed)
    if demand is DemandSource.history:
        past = past_demand(network)
        if past.empty:
            raise ZapasError(
                f"{directory}: there is no usage in the year before {network.settings.as_of} to draw from."
            )
        case = case_of(network, plan, weeks, past)
        history = history_of(past, case.rows)
        return case, lambda number: draw_history(history, case.rows, case.end_weeks, seed, number)
    case = case_of(network, plan, weeks)
    return case, from_law(case, seed=seed)


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
        promised = "     –" if row.get("promised") is None else f"{row['promised']:6.1%}"
        told.append(f"  {name:20} {promised}  {row['achieved']:6.1%}  ({row['low']:.1%} to {row['high']:.1%})")
    told.append(
        f"{found['repairs_without_wait']:.1%} of repairs found all their parts at once; a repair took "
        f"{found['turnaround_days']:.1f} days, {found['days_waiting_for_parts']:.1f} of them waiting for parts; "
        f"{found['solved_locally']:.1%} of parts were in their region already."
    )
    kinds = ", ".join(f"{kind} {money:,.0f}" for kind, money in found["cost"].items() if kind != "per_repair")
    told.append(f"Cost: {kinds}; {found['cost']['per_repair']:,.2f} a repair.")
    for name, says in (
        ("status_quo", "Each part by express after the fault"),
        ("clairvoyant", "With perfect foresight"),
    ):
        other = found[name]
        told.append(
            f"{says}: {other['turnaround_days']:.1f} days a repair, cost {other['cost']['total']:,.0f}, "
            f"{other['cost']['per_repair']:,.2f} a repair."
        )
    return told
