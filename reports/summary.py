"""A plan in brief: what to do today, what is promised, what it costs, how sure we are, what changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from math import isnan

import pandas as pd

from domain.forecast import Forecast
from domain.network import Network
from domain.plan import Cost, Plan, ReplenishmentPlan
from domain.service import FillRate, service_targets
from reports import words
from reports.changes import diff, totals
from reports.procurement import consignments
from reports.tables import (
    Frames,
    group_demand,
    named,
    plan_frames,
    quarter_demand,
    until_week,
)

MOST_EXCEPTIONS = 15


@dataclass(frozen=True)
class GroupService:
    """What one service group is promised: shares of units; asked: pieces in weeks 1..T.

    `wanted` is the target fill rate, None for groups promised something else; `target` says either in words.
    """

    group: str
    asked: float
    promised: float
    wanted: float | None
    target: str

    @property
    def met(self) -> bool | None:
        """Whether the coming weeks reach the target; None where the two cannot be compared."""
        return None if self.wanted is None or isnan(self.promised) else self.promised >= self.wanted - 0.0005


@dataclass(frozen=True)
class Summary:
    """Everything the first page of a report says; every figure is traced back to a frame or to the plan's cost.

    today: five lines. service: by group, in the order of the `service` table. cost: as the plan has it. certainty and
    assumptions: sentences. binding: rule in words, share of its rows that bind. counts: by name. exceptions: the first
    MOST_EXCEPTIONS by money, with part names; exception_kinds: kind, count, money. changes: as `changes.diff`, None
    without an earlier plan.
    """

    as_of: date
    currency: str
    horizon_weeks: int
    snapshot: str
    version: str
    status: str
    today: tuple[str, ...]
    service: tuple[GroupService, ...]
    cost: Cost
    certainty: tuple[str, ...]
    binding: tuple[tuple[str, float], ...]
    counts: dict[str, int]
    exceptions: pd.DataFrame
    exception_kinds: pd.DataFrame
    changes: pd.DataFrame | None
    assumptions: tuple[str, ...]

    @property
    def promised(self) -> float:
        """Share of all pieces asked for in weeks 1..T that are served at once; NaN without demand."""
        return overall(self.service)


def summary(network: Network, forecast: Forecast, plan: Plan, previous: Frames | None = None) -> Summary:
    """The summary of a plan; `previous` holds the frames of the plan before it, for what changed."""
    settings = network.settings
    frames = plan_frames(plan)
    week = consignments(network, until_week(network, frames["shipments"], "departs", 1))
    orders = until_week(network, frames["purchase_orders"], "order_on", 1)
    exceptions = frames["exceptions"]
    service = _service(network, forecast, plan)
    kinds = exceptions.groupby("kind", as_index=False).agg(count=("says", "size"), money=("money_at_risk", "sum"))
    return Summary(
        as_of=settings.as_of,
        currency=settings.currency,
        horizon_weeks=settings.horizon_weeks,
        snapshot=network.snapshot,
        version=version("zapas"),
        status=plan.replenishment.status,
        today=(
            _to_order(orders, settings.currency),
            _to_send(week, settings.currency, settings.as_of),
            _to_move(frames["allocations"]),
            _to_look_at(exceptions, settings.currency),
            _promise(service, settings.horizon_weeks),
        ),
        service=service,
        cost=plan.replenishment.cost,
        certainty=_certainty(plan.replenishment, settings.currency),
        binding=tuple((words.kind(rule), share) for rule, share in sorted(plan.replenishment.binding.items())),
        counts=_counts(network, frames, orders, week),
        exceptions=named(network, exceptions.head(MOST_EXCEPTIONS)),
        exception_kinds=kinds.sort_values(["money", "kind"], ascending=[False, True], ignore_index=True),
        changes=_changes(network, forecast, frames, previous),
        assumptions=_assumptions(network),
    )


def overall(service: Iterable[GroupService]) -> float:
    """The promise over all groups, weighted by what they ask for; NaN where nothing is asked."""
    known = [group for group in service if not isnan(group.promised)]
    asked = sum(group.asked for group in known)
    return sum(group.promised * group.asked for group in known) / asked if asked > 0 else float("nan")


def cost_lines(cost: Cost) -> list[tuple[str, str, float]]:
    """Money by kind: name in plan.json, words, amount; `end` last, without the total."""
    return [(name, said, float(getattr(cost, name))) for name, said in words.COST_WORDS.items()]


def change_lines(changes: pd.DataFrame, currency: str) -> list[str]:
    """How much changed, a line per kind of change: `12 purchase orders added (+$3,400)`."""
    lines = []
    for what, change, count, amount in totals(changes).itertuples(index=False, name=None):
        lines.append(f"{words.count(count, f'{what} line')} {change} ({words.more_money(amount, currency)})")
    return lines


def _service(network: Network, forecast: Forecast, plan: Plan) -> tuple[GroupService, ...]:
    asked = group_demand(network, forecast)
    currency = network.settings.currency
    return tuple(
        GroupService(
            group=name,
            asked=float(asked[name]),
            promised=float(plan.replenishment.service.get(name, float("nan"))),
            wanted=target.share if isinstance(target, FillRate) else None,
            target=words.service_target(target, currency),
        )
        for name, target in service_targets(network).items()
        if asked[name] > 0
    )


def _to_order(orders: pd.DataFrame, currency: str) -> str:
    if orders.empty:
        return "Order: nothing to order this week."
    by_supplier = orders.groupby("supplier")["value"].sum().sort_values(ascending=False, kind="stable")
    shares = [f"{name or 'the market'} {words.money(value, currency)}" for name, value in by_supplier.items()]
    parts, pieces = orders["part"].nunique(), int(orders["quantity"].sum())
    return (
        f"Order {words.count(parts, 'part')} this week, {words.pieces(pieces)} "
        f"for {words.money(float(orders['value'].sum()), currency)}: {words.listed(shares)}."
    )


def _to_send(found: pd.DataFrame, currency: str, as_of: date) -> str:
    if found.empty:
        return "Send: nothing leaves the hub this week."
    modes = [f"{number:,} by {mode}" for mode, number in found.groupby("mode")["number"].sum().items()]
    first, number = found.iloc[0], int(found["number"].sum())
    return (
        f"Send {words.count(number, 'consignment')} this week, {words.number(float(found['kg'].sum()))} kg for "
        f"{words.money(float(found['cost'].sum()), currency)}: {words.listed(modes, 6)}; "
        f"the first leaves {words.day(first['departs'], as_of)} ({first['lane']})."
    )


def _to_move(allocations: pd.DataFrame) -> str:
    if allocations.empty:
        return "Move: nothing to move between sites today."
    waiting = int(allocations.loc[allocations["for_repair_order"] != "", "quantity"].sum())
    repairs = f"{waiting:,} of them for repairs that wait" if waiting else "none of them for a repair that waits"
    pieces, sites = int(allocations["quantity"].sum()), allocations["to_site"].nunique()
    return f"Move {words.pieces(pieces)} to {words.count(sites, 'site')} today, {repairs}."


def _to_look_at(exceptions: pd.DataFrame, currency: str) -> str:
    if exceptions.empty:
        return "Look at: no exceptions."
    first = exceptions.iloc[0]
    about = f"{first['part']} at {first['site']}" if first["part"] and first["site"] else first["part"] or first["site"]
    return (
        f"Look at {words.count(len(exceptions), 'exception')} with "
        f"{words.money(float(exceptions['money_at_risk'].sum()), currency)} at risk, first "
        f"{words.kind(first['kind']).lower()}{f' of {about}' if about else ''} "
        f"({words.money(float(first['money_at_risk']), currency)})."
    )


def _promise(service: tuple[GroupService, ...], weeks: int) -> str:
    promised = overall(service)
    if not service:
        return f"Promise: no demand is expected in the next {weeks} weeks."
    if isnan(promised):
        return "Promise: the plan does not say which share of repairs finds its part on the shelf."
    short = sorted((g for g in service if g.met is False), key=lambda g: g.promised - (g.wanted or 0.0))
    told = [f"{g.group} {words.percent(g.promised)} of {words.percent(g.wanted or 0.0)}" for g in short]
    below = f"below target: {words.listed(told)}" if told else "no group is below its target"
    said = f"{words.percent(promised)} of repairs in the next {weeks} weeks find their part on the shelf"
    return f"Promise: {said}; {below}."


def _certainty(plan: ReplenishmentPlan, currency: str) -> tuple[str, ...]:
    total, controllable = words.money(plan.cost.total, currency), words.money(plan.cost.controllable, currency)
    said = words.gap(plan.gap)
    lines = [
        f"{said[0].upper()}{said[1:]}: this one costs {total} with all that is bought, and the proven least is "
        f"{words.money(plan.lower_bound, currency)}.",
        f"Of the {controllable} that planning can change without buying less (freight, consignments, handling, "
        f"holding, waiting): {words.gap(plan.gap_controllable)}.",
        f"Without prices for the rules that parts share the proof would only say: "
        f"{words.gap(plan.gap_at_zero_prices)}.",
    ]
    if plan.rules:
        lines.append(f"The proof counts these rules: {words.listed([words.kind(r).lower() for r in plan.rules], 99)}.")
    if plan.status == "interrupted":
        lines.insert(
            0, "Planning was interrupted: the plan can be carried out, but a longer run may find a cheaper one."
        )
    return tuple(lines)


def _counts(network: Network, frames: Frames, orders: pd.DataFrame, week: pd.DataFrame) -> dict[str, int]:
    horizon = network.settings.horizon_weeks
    return {
        "parts with demand": int(frames["targets"]["part"].nunique()),
        "sites with demand": int(frames["targets"]["site"].nunique()),
        "order lines this week": len(orders),
        f"order lines in {horizon} weeks": len(until_week(network, frames["purchase_orders"], "order_on", horizon)),
        "consignments this week": int(week["number"].sum()),
        "shipment lines this week": int(week["lines"].sum()),
        f"shipment lines in {horizon} weeks": len(until_week(network, frames["shipments"], "departs", horizon)),
        "moves today": len(frames["allocations"]),
        "exceptions": len(frames["exceptions"]),
    }


def _changes(network: Network, forecast: Forecast, frames: Frames, previous: Frames | None) -> pd.DataFrame | None:
    if previous is None:
        return None
    demand = quarter_demand(forecast)
    start = pd.Timestamp(network.settings.as_of)
    ahead = pd.DataFrame({"part": demand.index, "week": start, "mean": demand.to_numpy()})
    return diff(network, previous, {**frames, "forecast": ahead})


def _assumptions(network: Network) -> tuple[str, ...]:
    settings, lines = network.settings, []
    assumed = int(network.parts["weight_assumed"].sum())
    if assumed:
        of = words.count(len(network.parts), "part")
        lines.append(f"The weight of {assumed:,} of {of} is not known and taken from the part's class.")
    late = int((network.inbound["expected"] <= pd.Timestamp(settings.as_of)).sum())
    if late:
        lines.append(f"Counted on for week 1 though late: {words.count(late, 'order line')} under way.")
    lines.append(
        f"Holding a part costs {words.percent(settings.holding_rate_per_year)} of its landed value a year, unless its "
        f"site says otherwise; what is left at the end is credited at its price less "
        f"{words.percent(settings.obsolescence_rate)}."
    )
    if network.sales.empty:
        lines.append("No sales are known: demand is foreseen from past usage alone.")
    if network.past_consignments.empty:
        lines.append("No past consignments are known: transit times and freight are those declared for each lane.")
    return tuple(lines)
