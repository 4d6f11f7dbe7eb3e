"""Boards small enough for a closed form: one part many times over, each copy with streams of its own."""

from typing import Any

import numpy as np
import pandas as pd

from domain.forecast import Forecast
from domain.network import Network
from simulation.referee.board import (
    AT_ONCE,
    BASE_STOCK,
    SHIP,
    Board,
    Demands,
    Floats,
    Ints,
    Played,
    Rules,
    empty_results,
)
from simulation.referee.bursts import DemandLaw
from simulation.referee.demand import Places, draw_demand, seeds_of
from simulation.referee.engine import play
from simulation.referee.lead_times import LeadTimeLaws, Voyages, draw_arrivals
from simulation.referee.plan import PlanToJudge


def board(copies: int, points: int = 1, **changes: Any) -> Board:
    """One depot with some points; nothing in stock, nothing ordered, an inexhaustible hub, couriers of two days."""
    first = np.arange(copies + 1)
    per_point, per_part = np.ones(copies * points), np.ones(copies, np.int64)
    none, nothing = np.zeros(0, np.int64), np.zeros(0)
    plain: dict[str, Any] = {
        "leaf_start": first,
        "point_start": first * points,
        "depot_stock": 0 * per_part,
        "reorder_lot": per_part,
        "reorder_gap": per_part,
        "base_stock": np.zeros(copies * points, np.int64),
        "courier_days": 2.0 * per_point,
        "courier_days_sd": 0.0 * per_point,
        "unlimited": np.ones(copies, bool),
        "moq": per_part,
        "order_multiple": per_part,
        "life_days": np.full(copies, np.inf),
        "return_rate": np.zeros(copies),
        "repair_yield": np.zeros(copies),
        "repair_days": np.zeros(copies),
        "defective_start": 0 * first,
        "defective_site": none,
        "defective_units": none,
        "way_source": none,
        "way_days": nothing,
        "way_sd": nothing,
        "way_weekdays": none,
        "lot_start": 0 * first,
        "lot_site": none,
        "lot_quantity": none,
        "lot_expires": nothing,
        "lot_voyage": none,
        "order_start": 0 * first,
        "order_time": nothing,
        "order_kind": none,
        "order_leaf": none,
        "order_voyage": none,
        "order_rule": none,
        "order_level": nothing,
    }
    plain["way_start"] = np.zeros(len(changes.get("base_stock", plain["base_stock"])) + 1, np.int64)
    plain["order_lane"] = np.zeros(len(changes.get("order_time", nothing)), np.int64)
    return Board(**(plain | changes))


def stocked(copies: int, site: int, quantity: int) -> dict[str, Any]:
    """The same lot on one site of every copy, today."""
    return {
        "lot_start": np.arange(copies + 1),
        "lot_site": np.full(copies, site),
        "lot_quantity": np.full(copies, quantity),
        "lot_expires": np.full(copies, np.inf),
        "lot_voyage": np.full(copies, AT_ONCE),
    }


def shipping(copies: int, days: Floats) -> dict[str, Any]:
    """Base-stock shipments to the depot on these days: the n-th day is voyage n."""
    number = len(days)
    return {
        "order_start": np.arange(copies + 1) * number,
        "order_time": np.tile(days, copies),
        "order_kind": np.full(copies * number, SHIP),
        "order_leaf": np.zeros(copies * number, np.int64),
        "order_voyage": np.tile(np.arange(number), copies),
        "order_rule": np.full(copies * number, BASE_STOCK),
        "order_level": np.zeros(copies * number),
    }


def poisson(
    copies: int,
    weeks: int,
    weekly: float,
    points: int = 1,
    psi: float = 1.0,
    a: float = np.inf,
    seed: int = 1,
    leaves: int = 1,
) -> Demands:
    """Demand of so much a week at each leaf of each copy, spread evenly over its points."""
    number = copies * leaves
    law = DemandLaw(
        mean=np.full((number, weeks), weekly),
        batch_index=np.full(number, psi),
        rate_shape=np.full(number, a),
        discount=np.ones(number),
        drift=np.zeros(number),
        upto=np.tile(np.arange(1, points + 1) / points, number),
    )
    return draw_demand(law, places(copies, points, leaves), weeks, seed, 0)


def places(copies: int, points: int = 1, leaves: int = 1) -> Places:
    """Where the demand of a board arises."""
    site = 1 + leaves + np.arange(leaves * points)
    first = np.arange(copies * leaves + 1) * points
    return Places(np.arange(copies + 1) * leaves, first, np.tile(site, copies), np.arange(copies * leaves))


def rules(days: float, **changes: Any) -> Rules:
    """First come, first served; everything counts."""
    plain = Rules(fifo=True, defectives=False, patience_days=np.inf, count_days=days, end_days=days, check=False)
    return plain._replace(**changes)


def weekly_days(weeks: int) -> Floats:
    """The Mondays of these weeks."""
    return 7.0 * np.arange(weeks, dtype=np.float64)


def voyages(days: Floats) -> Voyages:
    """One lane that leaves on these days."""
    return Voyages(np.zeros(len(days), np.int64), days, today=-1.0, opens=np.zeros((1, 0), np.int64))


def arrivals(days: Floats, mean: float, sd: float, seed: int) -> Floats:
    """When these departures arrive, none before its predecessor."""
    law = LeadTimeLaws(np.array([[mean, 0.0]]), np.array([[sd, 0.0]]))
    return draw_arrivals(voyages(days), law, np.random.default_rng(seed))


def played(table: Board, demands: Demands, rule: Rules, arrives: Floats | None = None, seed: int = 1) -> Played:
    """One play of every copy."""
    out = empty_results(table, demands)
    seeds: Ints = seeds_of(np.arange(len(table.leaf_start) - 1), seed, 0, 2)
    play(table, demands, np.zeros(0) if arrives is None else arrives, rule, seeds, out)
    return out


def empty_plan(network: Network) -> PlanToJudge:
    """A plan of the tiny network that forecasts nothing, of `0001` in R1 alone, and orders nothing."""
    ids, one = np.array(["0001"], dtype=object), np.ones(1)
    forecast = Forecast(
        as_of=network.settings.as_of,
        part=ids,
        region=np.array(["R1"], dtype=object),
        mean=np.zeros((1, 20)),
        batch_index=one,
        rate_shape=one,
        discount=one,
        drift=0.0 * one,
        share_leaf=np.zeros(2, np.int64),
        share_site=np.array(["P11", "P12"], dtype=object),
        share=np.full(2, 0.5),
    )
    text, number = pd.Series(dtype=object), pd.Series(dtype=np.int64)
    day = pd.Series(dtype="datetime64[ns]")
    return PlanToJudge(
        forecast=forecast,
        targets=pd.DataFrame({"part": text, "site": text, "base_stock": number}),
        shipments=pd.DataFrame({"part": text, "lane": text, "departs": day, "quantity": number}),
        purchase_orders=pd.DataFrame({"supplier": text, "part": text, "quantity": number, "order_on": day}),
        promised={},
        waiting_price={},
    )
