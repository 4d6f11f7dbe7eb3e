"""How plans answer to small changes: the same data again, one repair order more, one limit wider."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from benchmarks.replenishment.instances import Problem
from domain.calendar import DAYS_PER_WEEK, first_week
from domain.logistics import LITRES_PER_M3, hub_of_part
from domain.network import Network
from domain.plan import PreviousPlan, ReplenishmentPlan
from scenarios.pipeline import STEPS, Planning, run_step

SHIPMENT = ["part", "lane", "departs"]
PURCHASE = ["supplier", "part", "order_on"]
FROZEN = 2  # weeks


@dataclass(frozen=True)
class Change:
    """What one repair order more changes: published lines, and new lines in frozen weeks."""

    shipments: int
    purchases: int
    frozen: int


def planned(problem: Problem, network: Network, before: ReplenishmentPlan | None = None) -> Planning:
    """Transfers and replenishment of the network with the problem's forecast and targets, which repairs leave alone."""
    earlier = None
    if before is not None:
        earlier = PreviousPlan(before.shipments, network.settings.as_of, before.purchase_orders, before.rule_prices)
    planning = Planning(network, forecast=problem.forecast, targets=problem.targets, before=earlier)
    for step in STEPS[2:4]:
        planning = run_step(step, planning, lambda text: None)
    return planning


def plan_of(planning: Planning) -> ReplenishmentPlan:
    """The replenishment of a planning. Raises ValueError before there is one."""
    if planning.replenishment is None:
        raise ValueError("the pipeline made no replenishment plan")
    return planning.replenishment


def in_the_books(problem: Problem) -> Network:
    """The network once what its plan orders and ships in the first weeks is approved: these weeks are frozen then.

    Approved orders stand in `inbound`; what has left is gone from the hub, what is bought from the budget.
    """
    first = planned(problem, problem.network)
    network, plan = first.moved, plan_of(first)
    settings = network.settings
    monday = pd.Timestamp(first_week(settings.as_of))
    until = monday + pd.Timedelta(weeks=FROZEN)
    lines = plan.shipments[plan.shipments["departs"] < until]
    orders = plan.purchase_orders[plan.purchase_orders["order_on"] < until]
    hub = pd.Series(hub_of_part(network), index=network.parts["part"])
    depot = network.lanes.set_index("lane")["destination"]
    bought = orders[["order", "part", "quantity", "expected"]].assign(
        destination=hub.reindex(orders["part"]).to_numpy(), lane=""
    )
    known = network.inbound
    coming = pd.concat([known, bought.reindex(columns=known.columns)], ignore_index=True)
    coming = coming.assign(origin=coming["origin"].fillna(""), status=coming["status"].fillna("confirmed"))
    stock, owed = _less(network.stock, "on_hand", network.stock["condition"] == "good", hub, "site", lines)
    coming, owed = _less(coming, "quantity", coming["quantity"] > 0, hub, "destination", owed)
    if owed["quantity"].sum() > 0:
        raise ValueError("the plan ships what its hub does not have")
    sent = pd.DataFrame(
        {
            "order": lines["shipment"],
            "part": lines["part"],
            "destination": depot.reindex(lines["lane"]).to_numpy(),
            "origin": hub.reindex(lines["part"]).to_numpy(),
            "lane": lines["lane"],
            "quantity": lines["quantity"],
            "expected": lines["arrives"],
            "status": "confirmed",
        }
    )
    inbound = pd.concat([coming[coming["quantity"] > 0], sent.reindex(columns=known.columns)], ignore_index=True)
    budgets = network.budgets
    if settings.budget_per_period is not None and not len(budgets):
        left = settings.budget_per_period - float(orders["value"].sum())
        row = pd.DataFrame([{"start": monday, "currency": settings.currency, "amount": left}])
        budgets = row.reindex(columns=budgets.columns).astype(budgets.dtypes.to_dict())
    return replace(
        network,
        settings=replace(settings, frozen_weeks=FROZEN),
        stock=stock,
        inbound=inbound.astype(known.dtypes.to_dict()).sort_values(["order", "part"], ignore_index=True),
        budgets=budgets,
    )


def _less(
    table: pd.DataFrame, column: str, usable: "pd.Series[bool]", hub: "pd.Series[str]", place: str, taken: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(the table without what is taken from each part's hub, row after row; what it could not give)."""
    wanted = taken.groupby("part")["quantity"].sum()
    here = table[usable & (table[place] == hub.reindex(table["part"]).to_numpy())]
    before = here.groupby("part")[column].cumsum() - here[column]
    asked = wanted.reindex(here["part"]).fillna(0).to_numpy()
    gone = np.clip(asked - before.to_numpy(), 0, here[column].to_numpy()).astype(np.int64)
    left = table[column].copy()
    left.loc[here.index] -= gone
    missing = wanted.sub(pd.Series(gone, here["part"].to_numpy()).groupby(level=0).sum(), fill_value=0)
    return table.assign(**{column: left}), missing.rename_axis("part").reset_index(name="quantity")


def repairs(problem: Problem, number: int, seed: int = 6) -> Iterator[tuple[str, str]]:
    """So many different pairs of part and repair point where the part is wanted."""
    forecast = problem.forecast
    wanted = np.flatnonzero(forecast.share * forecast.mean.sum(axis=1)[forecast.share_leaf] > 0)
    for row in np.sort(np.random.default_rng(seed).choice(wanted, number, replace=False)):
        yield str(forecast.part[forecast.share_leaf[row]]), str(forecast.share_site[row])


def one_more_repair(network: Network, part: str, site: str) -> Network:
    """The network with a repair order for one unit."""
    known = network.repair_orders
    row = {"repair_order": "one more", "part": part, "site": site, "quantity": 1, "priority": 3, "model": ""}
    due = pd.Timestamp(network.settings.as_of) + pd.Timedelta(days=3)
    together = pd.concat([known, pd.DataFrame([row | {"due": due}]).reindex(columns=known.columns)], ignore_index=True)
    return replace(network, repair_orders=together.astype(known.dtypes.to_dict()))


def change(network: Network, one: ReplenishmentPlan, other: ReplenishmentPlan) -> Change:
    """Published lines whose quantity differs (0 included), and lines of `other` in frozen weeks."""
    monday = pd.Timestamp(first_week(network.settings.as_of))
    frozen = monday + pd.Timedelta(weeks=network.settings.frozen_weeks)
    early = (other.shipments["departs"] < frozen).sum() + (other.purchase_orders["order_on"] < frozen).sum()
    end = monday + pd.Timedelta(days=DAYS_PER_WEEK * network.settings.horizon_weeks)
    return Change(
        _differing(one.shipments, other.shipments, SHIPMENT, end),
        _differing(one.purchase_orders, other.purchase_orders, PURCHASE, end),
        int(early),
    )


def _differing(one: pd.DataFrame, other: pd.DataFrame, key: list[str], end: pd.Timestamp) -> int:
    units = [frame[frame[key[-1]] < end].groupby(key)["quantity"].sum() for frame in (one, other)]
    return int((units[0].sub(units[1], fill_value=0) != 0).sum())


def with_rooms(network: Network) -> Network:
    """The network with room at its depots for a twentieth more than lies there, where none is limited."""
    litres = network.parts.set_index("part")["volume_l"]
    there = network.stock["on_hand"] * litres.reindex(network.stock["part"]).to_numpy()
    room = 1.05 * there.groupby(network.stock["site"]).sum() / LITRES_PER_M3
    depots = network.sites["kind"] == "depot"
    known = network.sites["storage_m3"]
    return replace(
        network,
        sites=network.sites.assign(storage_m3=known.where(~depots, known.fillna(network.sites["site"].map(room)))),
    )


def enlarged(network: Network, rng: np.random.Generator) -> tuple[str, Network]:
    """(what was enlarged, the network): up to twice the room on some lanes, at some depots, or money."""
    factor = float(rng.uniform(1.05, 2.0))
    kind = ("lanes", "depots", "budget")[rng.integers(3)]
    if kind == "budget" and network.settings.budget_per_period is not None:
        more = replace(network.settings, budget_per_period=factor * network.settings.budget_per_period)
        return f"budget × {factor:.2f}", replace(network, settings=more)
    if kind == "depots":
        sites = network.sites.assign(storage_m3=np.where(rng.random(len(network.sites)) < 0.5, factor, 1.0))
        return f"rooms × {factor:.2f}", replace(
            network, sites=sites.assign(storage_m3=sites["storage_m3"] * network.sites["storage_m3"])
        )
    scale = np.where(rng.random(len(network.lanes)) < 0.5, factor, 1.0)
    limits = ["capacity_kg_per_week", "capacity_m3_per_week"]
    return f"half of the lanes × {factor:.2f}", replace(
        network, lanes=network.lanes.assign(**{name: network.lanes[name] * scale for name in limits})
    )
