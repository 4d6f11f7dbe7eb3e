"""`zapas replay`: the company's own past against ours, planned week by week with what was known then."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, first_week
from domain.logistics import supply_lanes
from domain.network import Network
from domain.problems import ZapasError
from forecasting.mix import Methods
from scenarios.budget import affordable, budget_left, with_budget
from scenarios.pipeline import Planning, Tell, run_pipeline
from scenarios.replay_figures import replay_json
from simulation.referee.company import Books, Opening, books_of, opening
from simulation.referee.plan import PlanToJudge
from simulation.referee.position import with_position
from simulation.referee.replay import Orders, Past, Replay, replayed
from storage.network_folder import read_network

Planner = Callable[[Network], PlanToJudge]
"""What is ordered by who knows this network: its targets, shipments and purchase orders from week 1 on."""

_KEYS = ["date", "site", "part", "model", "ticket"]


@dataclass(frozen=True)
class Rolled:
    """The orders of a rolling plan, what came of them, and how often was planned."""

    orders: Orders
    replay: Replay
    plans: int


def replay(
    directory: Path, since: date, *, every: int = 1, weeks: int | None = None, seed: int = 1,
    tell: Tell = lambda text: None,
) -> dict[str, Any]:  # fmt: skip
    """Replan the network folder every so many weeks from the first Monday after `since` until its `as_of` (or for so
    many `weeks`), and set what that had cost and served beside what the company did.

    Raises BadData, and ZapasError when there is no whole week of history after `since` or none before it.
    """
    tell("Reading the network")
    network, _ = read_network(directory)
    books, before, past = past_of(network, since, weeks, seed)
    began = perf_counter()
    rolled = roll(network, past, our_planner(tell), every, lambda week: tell(_progress(past, week, began)))
    return {
        "every": every,
        "plans": rolled.plans,
        **replay_json(network, past, books, before, rolled.orders, rolled.replay),
    }


def our_planner(tell: Tell = lambda text: None) -> Planner:
    """The whole pipeline; forecasting methods are chosen at the first date and kept."""
    chosen: list[Methods] = []

    def plan(network: Network) -> PlanToJudge:
        made = run_pipeline(network, methods=chosen[0] if chosen else None)
        if made.forecasting is not None and not chosen:
            chosen.append(made.forecasting.methods)
        return _to_judge(made)

    return plan


def _to_judge(made: Planning) -> PlanToJudge:
    plan = made.plan
    if made.forecast is None:
        raise ValueError("the pipeline made no forecast")
    return PlanToJudge(
        forecast=made.forecast,
        targets=plan.targets.table,
        shipments=plan.replenishment.shipments,
        purchase_orders=plan.replenishment.purchase_orders,
        promised=plan.replenishment.service,
        waiting_price=plan.targets.waiting_price,
    )


def past_of(network: Network, since: date, weeks: int | None = None, seed: int = 1) -> tuple[Books, Opening, Past]:
    """What the company did and had, and what happened whoever orders, from the first Monday after `since` on."""
    monday = first_week(since)
    whole = (network.settings.as_of + timedelta(days=1) - monday).days // DAYS_PER_WEEK
    began = network.usage["date"].min()
    if whole < 1:
        raise ZapasError(
            f"--from {since}: there is no whole week between it and {network.settings.as_of}, the last day."
        )
    if pd.isna(began) or began >= pd.Timestamp(monday):
        raise ZapasError(
            f"--from {since}: usage begins {began:%Y-%m-%d}; a plan needs some history before its first week."
        )
    weeks = whole if weeks is None else min(weeks, whole)
    eve = pd.Timestamp(monday - timedelta(days=1))
    books = books_of(network, eve)
    before = opening(network, eve, books)
    known = network.known_at(eve.date())
    at_eve = replace(known, stock=before.stock, inbound=before.inbound, repair_orders=network.repair_orders.iloc[:0])
    points = [
        network.usage,
        network.repair_orders,
        before.stock,
        before.inbound.rename(columns={"destination": "site"}),
    ]
    pairs = pd.concat([frame[["part", "site"]] for frame in points], ignore_index=True).drop_duplicates()
    pairs = pairs[pairs["site"].map(network.site_of["kind"]) == "repair_point"]
    demand = past_demand(network, eve, weeks)
    pairs = pd.concat([pairs, demand[["part", "site"]]], ignore_index=True).drop_duplicates()
    return books, before, Past(at_eve, demand, _arrivals(network, before, monday), pairs, weeks, seed)


def past_demand(network: Network, eve: pd.Timestamp, weeks: int) -> pd.DataFrame:
    """What was asked for after `eve`, corrections taken off: date, site, part, model, ticket, quantity, used.

    used: the pieces of it that the company served. A row without ticket is a ticket of its own.
    """
    usage = network.usage
    inside = (usage["date"] > eve) & (usage["date"] <= eve + timedelta(days=DAYS_PER_WEEK * weeks))
    rows = usage[inside]
    rows = rows.assign(used=rows["quantity"].where(rows["kind"] == "used", 0))
    rows = rows.groupby(_KEYS, sort=True)[["quantity", "used"]].sum().reset_index()
    rows = rows[rows["quantity"] > 0].reset_index(drop=True)
    number = "row " + pd.Series(rows.index.astype(str), dtype=object)
    used = rows["used"].clip(0, rows["quantity"])
    return rows.assign(ticket=number.where(rows["ticket"] == "", rows["ticket"]), used=used)


def _arrivals(network: Network, before: Opening, monday: date) -> pd.DataFrame:
    """Arrivals that are on record: of past consignments since, and of what was under way on the eve."""
    sent = network.past_consignments
    began = pd.Timestamp(monday)
    sent = sent[sent["shipped"] >= began]
    frames = [_arrived("lane " + sent["lane"], sent["shipped"] - began, sent["received"] - began)]
    if before.known:
        lanes, inbound = supply_lanes(network), before.inbound
        lead = inbound["lane"].map(dict(zip(lanes.lanes["lane"], lanes.lead_days, strict=True)))
        by = inbound["part"].map(network.parts.set_index("part")["supplier"])
        quoted = np.ceil(network.suppliers["lead_time_days"].to_numpy(float))
        days = by.map(dict(zip(network.suppliers["supplier"], quoted, strict=True)))
        channel = ("lane " + inbound["lane"]).where(lead.notna(), "supplier " + by)
        day = inbound["expected"] - began
        left = day - pd.to_timedelta(lead.fillna(days).fillna(0.0), unit="D")
        frames.append(_arrived(channel, left, day))
    return pd.concat(frames, ignore_index=True).drop_duplicates(["channel", "departs"], ignore_index=True)


def _arrived(channel: Any, left: "pd.Series[pd.Timedelta]", came: "pd.Series[pd.Timedelta]") -> pd.DataFrame:
    departs, arrives = left.dt.days.astype(float), came.dt.days.astype(float)
    return pd.DataFrame({"channel": channel, "departs": departs, "arrives": arrives})


def roll(
    network: Network, past: Past, plan: Planner, every: int = 1, tell: Callable[[int], None] = lambda week: None
) -> Rolled:
    """Plan on the eve of every `every`-th Monday with what was known and where everything was; keep the orders of the
    weeks until the next plan; play what came of it."""
    monday = pd.Timestamp(first_week(past.eve.settings.as_of))
    orders, found, plans = None, None, []
    for week in range(0, past.weeks, every):
        tell(week)
        eve = (monday + timedelta(days=DAYS_PER_WEEK * week - 1)).date()
        known = past.eve if found is None else with_position(network.known_at(eve), past, found)
        left = budget_left(network, orders, monday, week, past.weeks)
        made = plan(with_budget(_unfrozen(known), left, week))
        plans.append(made)
        orders = _taken_over(orders, made, monday, week, min(every, past.weeks - week), affordable(network, left))
        found = replayed(past, orders, _priced(plans), min(week + every, past.weeks))
    if orders is None or found is None:
        raise ValueError("there is no week to replay")
    return Rolled(orders, found, len(plans))


def _unfrozen(network: Network) -> Network:
    """Every plan decides on its first week: nothing before it is kept back."""
    return replace(network, settings=replace(network.settings, frozen_weeks=0))


def _priced(plans: list[PlanToJudge]) -> PlanToJudge:
    """The first plan with the mean price of waiting of all."""
    groups = plans[0].waiting_price
    price = {name: float(np.mean([plan.waiting_price.get(name, groups[name]) for plan in plans])) for name in groups}
    return replace(plans[0], waiting_price=price)


def _taken_over(
    orders: Orders | None, plan: PlanToJudge, monday: pd.Timestamp, week: int, weeks: int,
    pay: Callable[[pd.DataFrame, pd.Timestamp], pd.DataFrame],
) -> Orders:  # fmt: skip
    """The orders so far and those of this plan that fall into its first `weeks`."""
    begin = monday + timedelta(days=DAYS_PER_WEEK * week)
    end = begin + timedelta(days=DAYS_PER_WEEK * weeks)
    sent, bought = plan.shipments, plan.purchase_orders
    departs, order_on = pd.to_datetime(sent["departs"]), pd.to_datetime(bought["order_on"])
    sent = sent.assign(departs=departs)[(departs >= begin) & (departs < end)]
    bought = bought.assign(order_on=order_on)[(order_on >= begin) & (order_on < end)]
    new = Orders(
        shipments=sent[["part", "lane", "departs", "quantity"]],
        purchase_orders=pay(bought, monday)[["part", "supplier", "order_on", "quantity"]],
        base_stock=plan.targets.assign(since=begin)[["since", "part", "site", "base_stock"]],
    )
    if orders is None:
        return new
    return Orders(*(pd.concat([getattr(orders, name), getattr(new, name)], ignore_index=True) for name in _ORDERS))


_ORDERS = ("shipments", "purchase_orders", "base_stock")


def _progress(past: Past, week: int, began: float) -> str:
    monday = first_week(past.eve.settings.as_of) + timedelta(days=DAYS_PER_WEEK * week)
    return f"Planning week {week + 1} of {past.weeks} as of {monday} ({perf_counter() - began:.0f} s so far)"
