"""A case played week by week: who decides sees where everything is, and only the next weeks are carried out (MODEL 6).

Every departure of every lane has its draw from the beginning, used or not, so that what is decided changes no lead
time: two policies of one case meet the same demand and the same voyages.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, first_week
from domain.logistics import hub_of_part
from domain.network import Network
from simulation.referee.board import Demands, Floats, Ints, Played, Rules, empty_results
from simulation.referee.case import Case, case_of, order_columns
from simulation.referee.consignments import channels_of, lots_of, voyage_rows, voyages_of
from simulation.referee.demand import seeds_of, with_open_repairs
from simulation.referee.engine import play
from simulation.referee.lead_times import draw_arrivals
from simulation.referee.plan import PlanToJudge
from simulation.referee.position import with_position
from simulation.referee.referee import DrawDemand
from simulation.referee.replay import Orders, Past, Replay, all_departures, given_columns, orders_table

_VOYAGES = 5  # stream of a replication

Decide = Callable[[Network, int], tuple[pd.DataFrame, pd.DataFrame]]
"""Shipments (part, lane, departs, quantity) and purchase orders (part, supplier, order_on, quantity) of who sees the
network as it is on the eve of a week (0 first); those of weeks not yet due are not carried out."""


@dataclass(frozen=True)
class Arena:
    """A case without orders, with every voyage there can be. lots: today's stock and inbound, as `lots_of`."""

    case: Case
    channels: "pd.Index[str]"
    lots: pd.DataFrame


@dataclass(frozen=True)
class Draw:
    """One replication: what is asked for, when each voyage arrives, a seed for each part's couriers."""

    demands: Demands
    arrives: Floats
    seeds: Ints


def arena_of(network: Network, plan: PlanToJudge, weeks: int, emergencies: bool = False) -> Arena:
    """The network with the plan's base stock at points and its forecast; nothing of what the plan orders.

    emergencies: with the ways of laterals and express, which the rules may then allow.
    """
    nothing = replace(plan, shipments=plan.shipments.iloc[:0], purchase_orders=plan.purchase_orders.iloc[:0])
    endless = replace(network, settings=replace(network.settings, horizon_weeks=weeks + 10**4))
    case = replace(case_of(endless, nothing, weeks, emergencies=emergencies), network=network)
    channels = channels_of(network, case.supply)
    hub = pd.Series(hub_of_part(network), index=network.parts["part"])
    lots = lots_of(network, case.rows, hub, case.supply)
    voyages = voyages_of(network, channels, lots, all_departures(case), case.end_weeks)
    lots = lots.assign(voyage=voyage_rows(voyages, channels, lots["channel"], lots["departs"]))
    board = case.board._replace(lot_voyage=lots["voyage"].to_numpy(np.int64))
    return Arena(replace(case, board=board, voyages=voyages), channels, lots)


def with_policy(arena: Arena, orders: pd.DataFrame) -> Case:
    """The case with these orders (as `orders_of`), travelling by the arena's voyages."""
    case = arena.case
    orders = orders.assign(voyage=voyage_rows(case.voyages, arena.channels, orders["channel"], orders["time"]))
    return replace(case, orders=orders, board=case.board._replace(**order_columns(case.rows, orders)))


def draw_of(arena: Arena, draw: DrawDemand, seed: int, replication: int) -> Draw:
    """One replication, the same for every policy of the arena."""
    case = arena.case
    return Draw(
        demands=with_open_repairs(draw(replication), case.open_repairs, case.rows.local_site),
        arrives=draw_arrivals(case.voyages, case.laws, np.random.default_rng([seed, replication, _VOYAGES])),
        seeds=seeds_of(case.rows.part_keys, seed, replication, 2),
    )


def played_until(case: Case, drawn: Draw, rules: Rules, days: float, count_days: float) -> Played:
    """The replication until day `days`, costs and stock counted until `count_days`."""
    result = empty_results(case.board, drawn.demands)
    rules = rules._replace(count_days=count_days, end_days=days)
    play(case.board, drawn.demands, drawn.arrives, rules, drawn.seeds, result)
    return result


def rolled(
    arena: Arena, drawn: Draw, rules: Rules, decide: Decide, every: int = 1,
    tell: Callable[[int], None] = lambda week: None,
) -> Case:  # fmt: skip
    """The case with what `decide` orders, asked on the eve of every `every`-th week.

    Each time the replication is played again from its beginning: the same draws, so that it begins as before.
    """
    case, network = arena.case, arena.case.network
    monday = first_week(network.settings.as_of)
    past = Past(network, pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), case.weeks, 0)
    tickets = pd.Index([f"repair {n}" for n in range(_new_tickets(case, drawn.demands))], dtype=object)
    orders = Orders(*_none(arena))
    for week in range(0, case.weeks, every):
        tell(week)
        until = float(week * DAYS_PER_WEEK)
        known = network
        if week:
            result = played_until(case, drawn, rules, until, until)
            found = Replay(case, arena.lots, tickets, drawn.demands, drawn.arrives, result, until)
            as_of = monday + timedelta(days=DAYS_PER_WEEK * week - 1)
            known = replace(network, settings=replace(network.settings, as_of=as_of))
            known = with_position(known, past, found)
        due = pd.Timestamp(monday + timedelta(days=DAYS_PER_WEEK * min(week + every, case.weeks)))
        sent, bought = decide(known, week)
        orders = replace(
            orders,
            shipments=_more(orders.shipments, sent.assign(departs=pd.to_datetime(sent["departs"])), "departs", due),
            purchase_orders=_more(
                orders.purchase_orders, bought.assign(order_on=pd.to_datetime(bought["order_on"])), "order_on", due
            ),
        )
        case = _with_given(arena, orders)
    return case


def _new_tickets(case: Case, demands: Demands) -> int:
    """Tickets of new repairs; those open today come after them."""
    return int(demands.ticket[demands.asked].max(initial=-1)) + 1


def _none(arena: Arena) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    day = pd.Timestamp(first_week(arena.case.network.settings.as_of))
    return (
        pd.DataFrame({"part": [], "lane": [], "departs": pd.to_datetime([]), "quantity": []}),
        pd.DataFrame({"part": [], "supplier": [], "order_on": pd.to_datetime([]), "quantity": []}),
        arena.case.plan.targets[["part", "site", "base_stock"]].assign(since=day),
    )


def _more(old: pd.DataFrame, new: pd.DataFrame, date: str, due: pd.Timestamp) -> pd.DataFrame:
    new = new.loc[new[date] < due, old.columns]
    return pd.concat([old, new], ignore_index=True) if len(old) else new.reset_index(drop=True)


def _with_given(arena: Arena, orders: Orders) -> Case:
    case = arena.case
    table = orders_table(case.network, orders, case.rows, case.supply.lanes)
    table = table.assign(voyage=voyage_rows(case.voyages, arena.channels, table["channel"], table["departs"]))
    return replace(case, orders=table, board=case.board._replace(**given_columns(case.rows, table)))
