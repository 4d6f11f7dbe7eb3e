"""The long run: base stock in place, demand at a constant mean, nothing published; what stationary figures claim.

Every departure of the lane that ordinarily serves a leaf brings its depot up to base stock. A part whose hub has a base
stock of its own is bought every Monday up to it, in the supplier's lots; any other hub never runs out. Nothing expires,
nothing is shut, nothing repaired comes back: the assumptions of the target, not of the plan.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.forecast import Forecast
from domain.network import Network
from simulation.referee.board import HUB, REORDER, SHIP, Board, Bools, Demands, Floats, Ints, Played
from simulation.referee.case import Case, case_of, with_orders
from simulation.referee.plan import PlanToJudge
from simulation.referee.position import table_of
from simulation.referee.referee import from_law, replicate, rules_of
from simulation.referee.verdict import Interval, ratio_interval

_TWO_SIDED = 1.96  # standard errors, 95 %
_LOTS = 7  # stream of a replication
_SURE = 3.0  # standard deviations by which a lead time may exceed its mean before what it does is left out


@dataclass(frozen=True)
class LongRun:
    """A case to be played in the long run: of its weeks, `warm_up` pass before `weeks` count; the rest lets what asked
    last get its units. hub: base stock of each part's hub, NaN where it never runs out, (parts,)."""

    case: Case
    warm_up: int
    weeks: int
    hub: Floats


@dataclass(frozen=True)
class Steady:
    """What was played, over the weeks that count.

    points: part, site, group, asked (units a replication), fill_rate and backorders (units waiting on an average day),
    each with its 95 % half-width. service: fill rate by group. asked: units by group, all replications.
    """

    points: pd.DataFrame
    service: dict[str, Interval]
    asked: dict[str, float]


def long_run(network: Network, forecast: Forecast, targets: pd.DataFrame, weeks: int) -> LongRun:
    """The case in which shelves start at `targets` (part, site, group, base_stock; group "": a depot's or hub's own
    stock) and demand stays at the mean of the forecast's first week, its rate Θ drawn once a replication."""
    constant = replace(
        forecast,
        mean=forecast.mean[:, :1],
        discount=np.ones(len(forecast.part)),
        drift=np.zeros(len(forecast.part)),
    )
    targets = targets[targets["part"].isin(forecast.part)]
    network = _at_base_stock(network, targets)
    warm_up = _warm_up(network, targets)
    nothing_planned = PlanToJudge(
        forecast=constant,
        targets=targets,
        shipments=pd.DataFrame({"part": [], "lane": [], "departs": _NO_DAYS, "quantity": []}),
        purchase_orders=pd.DataFrame({"supplier": [], "part": [], "quantity": [], "order_on": _NO_DAYS}),
        promised={},
        waiting_price={},
    )
    case = case_of(network, nothing_planned, 2 * warm_up + weeks)
    hub = _hub_stock(case, targets)
    case = replace(case, board=_lasting(case, targets, np.isnan(hub)))
    return LongRun(with_orders(case, _up_to(case, hub)), warm_up, weeks, hub)


def settle(
    run: LongRun,
    replications: int,
    seed: int = 1,
    fifo: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> Steady:
    """Play it. fifo: depots serve in order of request, as the target assumes; else repairs that wait go first."""
    draw = from_law(run.case, seed=seed)
    rules = rules_of(run.case, defectives=False)._replace(fifo=fifo)
    points = len(run.case.rows.points)
    asked, served, waited = (np.zeros((replications, points)) for _ in range(3))
    for play in range(replications):
        tell(f"Playing the long run, replication {play + 1} of {replications}")
        demands, _, played = replicate(_begun(run, np.random.default_rng([seed, play, _LOTS])), draw, rules, seed, play)
        asked[play], served[play], waited[play] = count_by_point(
            demands, played, points, DAYS_PER_WEEK * run.warm_up, DAYS_PER_WEEK * (run.warm_up + run.weeks)
        )
    return _steady(run, asked, served, waited)


def count_by_point(
    demands: Demands, played: Played, points: int, first_day: float, end_day: float
) -> tuple[Floats, Floats, Floats]:
    """Units asked for on these days, those of them served at once, and the days they waited, by point of the board."""
    counts = (demands.time >= first_day) & (demands.time < end_day) & demands.asked
    point = demands.point[counts]
    asked, served, waited = (
        np.bincount(point, units[counts], points) for units in (demands.quantity, played.at_once, played.waited)
    )
    return asked.astype(float), served.astype(float), waited.astype(float)


def mean_with_half_width(top: Floats, bottom: Floats) -> tuple[Floats, Floats]:
    """Σ top ÷ Σ bottom over replications (rows) and its 95 % half-width, by column (Cochran 1977, section 6.4)."""
    n = len(top)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = top.sum(axis=0) / bottom.sum(axis=0)
        spread = np.sqrt(((top - value * bottom) ** 2).sum(axis=0) / (n * max(n - 1, 0)))
        return value, np.asarray(_TWO_SIDED * spread / bottom.mean(axis=0))


_NO_DAYS = np.zeros(0, "datetime64[ns]")


def _at_base_stock(network: Network, targets: pd.DataFrame) -> Network:
    """The network with its shelves at base stock, nothing under way, no repair waiting, no event."""
    stock = targets.groupby(["site", "part"], as_index=False)["base_stock"].sum()
    at_hub = stock["site"].map(network.site_of["kind"]) == "origin"
    stock["base_stock"] += at_hub  # room for a unit of the lot a play begins with
    stock = stock[stock["base_stock"] > 0]
    return replace(
        network,
        settings=replace(network.settings, horizon_weeks=0),
        stock=table_of("stock", site=stock["site"], part=stock["part"], condition="good", on_hand=stock["base_stock"]),
        inbound=network.inbound.iloc[:0],
        repair_orders=network.repair_orders.iloc[:0],
        events=network.events.iloc[:0],
    )


def _warm_up(network: Network, targets: pd.DataFrame) -> int:
    """Weeks after which nothing is left of the start: twice the longest way from supplier to repair, three standard
    deviations above its mean; inventories of one base stock forget all but demand of one lead time."""
    lanes = network.lanes
    kind = network.site_of["kind"]
    days = lanes["transit_days"] + lanes["customs_days"]
    days += _SURE * np.hypot(lanes["transit_days_sd"], lanes["customs_days_sd"])
    to_depot = lanes["destination"].map(kind) == "depot"
    longest = days[to_depot].max() + days[lanes["destination"].map(kind) == "repair_point"].max()
    if (targets["site"].map(kind) == "origin").any():
        suppliers = network.suppliers
        longest += (suppliers["lead_time_days"] + _SURE * suppliers["lead_time_days_sd"]).max() + DAYS_PER_WEEK
    return 2 * int(np.ceil(np.nan_to_num(longest) / DAYS_PER_WEEK) + 1)


def _hub_stock(case: Case, targets: pd.DataFrame) -> Floats:
    """Base stock of each part's hub, NaN where it has none and never runs out, (parts,)."""
    at_hub = targets[targets["site"].map(case.network.site_of["kind"]) == "origin"]
    stock = at_hub.set_index("part")["base_stock"].reindex(case.rows.parts)
    bought = case.network.parts.set_index("part")["supplier"].reindex(case.rows.parts) != ""
    return stock.where(bought).to_numpy(float)


def _lasting(case: Case, targets: pd.DataFrame, unlimited: Bools) -> Board:
    """The board of a case whose goods do not spoil; a depot's users have a shelf of their own beside the depot's."""
    own = (targets["group"] == "").to_numpy(bool)
    region = targets["site"].map(case.network.site_of["region"])
    leaf = case.rows.leaf_row(targets["part"][own], region[own])
    point = case.rows.point_row(targets["part"][~own], targets["site"][~own])
    stock = targets["base_stock"].to_numpy(np.int64)
    at_depot, at_point = np.zeros(len(case.rows.leaves), np.int64), np.zeros(len(case.rows.points), np.int64)
    at_depot[leaf[leaf >= 0]] = stock[own][leaf >= 0]
    at_point[point[point >= 0]] = stock[~own][point >= 0]
    return case.board._replace(
        depot_stock=at_depot,
        base_stock=at_point,
        life_days=np.full(len(case.rows.parts), np.inf),
        unlimited=unlimited,
    )


def _begun(run: LongRun, rng: np.random.Generator) -> Case:
    """The case somewhere in the cycle of its hubs' purchases, which may last for years: positions of a hub that buys
    lots of Q are uniform on S..S + Q − 1."""
    board = run.case.board
    at_hub = board.lot_site == HUB
    quantity = board.lot_quantity.copy()
    part = np.repeat(np.arange(len(run.hub)), np.diff(board.lot_start))[at_hub]
    quantity[at_hub] = run.hub[part] + rng.integers(0, np.maximum(board.moq, 1))[part]
    some = quantity > 0
    lots = board._replace(
        lot_start=np.append(0, np.cumsum(some))[board.lot_start],
        lot_site=board.lot_site[some],
        lot_quantity=quantity[some],
        lot_expires=board.lot_expires[some],
        lot_voyage=board.lot_voyage[some],
    )
    return replace(run.case, board=lots)


def _up_to(case: Case, hub: Floats) -> pd.DataFrame:
    """Shipments of the case, and purchases where the hub has a base stock: hub and depots together are brought up to
    theirs, which brings the hub's own inventory position up to `hub`."""
    orders = case.orders
    part = orders["part_row"].to_numpy(np.int64)
    shipment = (orders["kind"] == SHIP).to_numpy(bool)
    upto = hub + np.add.reduceat(case.board.depot_stock, case.rows.leaf_start[:-1])
    orders = orders.assign(
        rule=np.where(shipment, orders["rule"], REORDER), level=np.where(shipment, orders["level"], upto[part])
    )
    kept: pd.DataFrame = orders[shipment | ~np.isnan(hub)[part]].reset_index(drop=True)
    return kept


def _steady(run: LongRun, asked: Floats, served: Floats, waited: Floats) -> Steady:
    rows = run.case.rows
    group: Ints = rows.points["group"].to_numpy(np.int64)
    fill, fill_half = mean_with_half_width(served, asked)
    # Little: units waiting on an average day = days waited by those who ask in a day
    days = np.full_like(waited, float(DAYS_PER_WEEK * run.weeks))
    waiting, waiting_half = mean_with_half_width(waited, days)
    points = pd.DataFrame(
        {
            "part": rows.points["part"],
            "site": rows.points["site"],
            "group": np.array(rows.groups, dtype=object)[group],
            "asked": asked.mean(axis=0),
            "fill_rate": fill,
            "fill_half_width": fill_half,
            "backorders": waiting,
            "backorders_half_width": waiting_half,
        }
    )
    service, total = {}, {}
    for row, name in enumerate(rows.groups):
        here = group == row
        total[name] = float(asked[:, here].sum())
        if total[name] > 0:
            service[name] = ratio_interval(served[:, here].sum(axis=1), asked[:, here].sum(axis=1))
    return Steady(points, service, total)
