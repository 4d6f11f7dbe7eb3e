"""Scenarios beside the plan they are compared with: service, money, CO₂, stock, orders, and what drives the difference.

Money is what the referee saw in weeks 1..T on common draws, waiting at the base plan's price throughout; differences
are of pairs of plays. What the planner foresaw of these weeks stands beside it, with how far it may be from the best.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scenarios.what_if.study import BASE, PLAYED, PLAYS, REGRET, scenario_json, set_json
from simulation.referee.ledger import TOGETHER
from simulation.referee.money import KINDS
from simulation.referee.verdict import Interval, Tally, differences, ratio_interval, total_cost
from storage.json_file import read_json
from storage.plan_folder import PlanFolder, read_plan

WAITING = "shortage"
"""The kind of money nobody is paid."""
MOST = 10
_LINE = {"purchase_orders": ["part", "supplier", "order_on"], "shipments": ["part", "lane", "departs"]}
_PLANNED = ("purchase", "freight", "consignment", "duty", "order_line", "holding", "shortage")


@dataclass(frozen=True)
class Figure:
    """A figure of the base plan and of the scenario, and the scenario's less the base's with its 95 % interval."""

    base: float
    scenario: float
    difference: Interval

    @property
    def sure(self) -> bool:
        """Whether the difference is more than chance."""
        return self.difference.low > 0.0 or self.difference.high < 0.0

    def json(self) -> dict[str, Any]:
        """As written to JSON."""
        return {"base": self.base, "scenario": self.scenario, "difference": self.difference.json(), "sure": self.sure}


@dataclass(frozen=True)
class Compared:
    """One scenario against the plan of the network as it stands.

    own_plan: whether it was planned for (else the base plan met it). spent: all money but the price of waiting; total:
    with it; money: by kind. fill_rate, service (by group): shares of units found on the shelf; wait_days, co2_kg.
    stock_value: base and scenario, landed, on an average day. planned: what the planners foresaw of weeks 1..T, by
    kind, base and scenario; unproved: money by which the dearer plan's total may be above the cheapest there is.
    ignored: what the base plan costs in this world beyond its own; reacting: what the scenario's plan saves of it.
    lines: order and shipment lines of the base, the scenario, and how many differ. lanes: lane, mode, kg and kg CO₂ a
    shipped kg, base and scenario. parts, sites: those that make most of the difference (money), with the kind and the
    place or part that does. chief_class, chief_site: of each kind the class of parts and the site that make most of
    its difference, name and share.
    """

    name: str
    title: str
    weight: float
    own_plan: bool
    spent: Figure
    total: Figure
    money: dict[str, Figure]
    fill_rate: Figure
    service: dict[str, Figure]
    wait_days: Figure
    co2_kg: Figure
    stock_value: tuple[float, float]
    planned: dict[str, tuple[float, float]]
    unproved: float
    ignored: Interval
    reacting: Interval
    lines: dict[str, dict[str, int]]
    lanes: pd.DataFrame
    parts: pd.DataFrame
    sites: pd.DataFrame
    chief_class: dict[str, dict[str, Any]]
    chief_site: dict[str, dict[str, Any]]
    snapshots: dict[str, str]
    patches: list[dict[str, Any]]

    def json(self) -> dict[str, Any]:
        """As written to JSON."""
        figures = {name: getattr(self, name).json() for name in ("spent", "total", "fill_rate", "wait_days", "co2_kg")}
        groups = {name: {k: v.json() for k, v in getattr(self, name).items()} for name in ("money", "service")}
        tables = {name: getattr(self, name).to_dict("records") for name in ("lanes", "parts", "sites")}
        return {
            **{name: getattr(self, name) for name in ("name", "title", "weight", "own_plan", "unproved", "lines")},
            **figures,
            **groups,
            "stock_value": list(self.stock_value),
            "planned": {kind: list(both) for kind, both in self.planned.items()},
            "ignored": self.ignored.json(),
            "reacting": self.reacting.json(),
            **tables,
            "chief_class": self.chief_class,
            "chief_site": self.chief_site,
            "snapshots": self.snapshots,
            "patches": self.patches,
        }


@dataclass(frozen=True)
class Regret:
    """Each plan in each world. cost: money of `plays` plays on average, regret: beyond the best plan for that world,
    both (plans, worlds). weight: of the worlds. worst: the plan whose largest regret is least, average: the one of the
    least weighted mean. unproved: money by which the base plan may be off the best.
    """

    plays: int
    plans: tuple[str, ...]
    worlds: tuple[str, ...]
    weight: tuple[float, ...]
    cost: tuple[tuple[float, ...], ...]
    regret: tuple[tuple[float, ...], ...]
    worst: str
    average: str
    unproved: float

    def json(self) -> dict[str, Any]:
        """As written to JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Comparison:
    """All scenarios of a set."""

    currency: str
    weeks: int
    plays: int
    snapshot: str
    version: str
    scenarios: tuple[Compared, ...]
    regret: Regret | None

    def json(self) -> dict[str, Any]:
        """As written to JSON."""
        plain = {name: getattr(self, name) for name in ("currency", "weeks", "plays", "snapshot", "version")}
        scenarios = [one.json() for one in self.scenarios]
        return {**plain, "scenarios": scenarios, "regret": None if self.regret is None else self.regret.json()}


def compare(out: Path) -> Comparison:
    """The set in the folder `out`. Raises ZapasError when it holds none, or one that is not finished."""
    told = set_json(out)
    base = _Side.of(out, BASE, told["weeks"])
    return Comparison(
        currency=told["currency"],
        weeks=told["weeks"],
        plays=told["effort"]["replications"],
        snapshot=told["base"]["snapshot"],
        version=told["base"]["version"],
        scenarios=tuple(_compared(out, name, base) for name in told["scenarios"]),
        regret=_regret(out, told["scenarios"], base),
    )


@dataclass(frozen=True)
class _Side:
    """A plan in its world."""

    folder: PlanFolder
    tally: Tally
    idle: Tally | None
    groups: tuple[str, ...]
    stock_value: float
    money: pd.DataFrame
    lanes: pd.DataFrame
    weeks: int

    @staticmethod
    def of(out: Path, name: str, weeks: int) -> "_Side":
        folder = read_plan(out / name)
        kept = read_json(folder.path / PLAYS)
        own = kept["own"]
        return _Side(
            folder=folder,
            tally=Tally(own["sums"]),
            idle=Tally(kept["base_plan"]["sums"]) if "base_plan" in kept else None,
            groups=tuple(own["groups"]),
            stock_value=own["stock_value"],
            money=folder.frame(f"{PLAYED}/money"),
            lanes=folder.frame(f"{PLAYED}/lanes"),
            weeks=weeks,
        )


def _compared(out: Path, name: str, base: _Side) -> Compared:
    kept, side = scenario_json(out, name), _Side.of(out, name, base.weeks)
    both, asked = (base.tally, side.tally), kept["asked"]
    groups = tuple(group for group in side.groups if group in base.groups)
    found = differences(side.tally, base.tally, groups)
    spent = [total_cost(tally) - np.array(tally.sums[WAITING]) for tally in both]
    idle = side.tally if side.idle is None else side.idle
    driving = _driving(base, side)
    return Compared(
        name=name,
        title=asked["title"],
        weight=asked["weight"],
        own_plan=kept["own_plan"],
        spent=_figure(*spent),
        total=_figure(*(total_cost(tally) for tally in both)),
        money={kind: _figure(*(np.array(t.sums[kind]) for t in both)) for kind in KINDS if kind in found},
        fill_rate=_ratio("served", "asked", both, found["fill_rate"]),
        service={
            one: _ratio(f"served {one}", f"asked {one}", both, found[f"service {one}"])
            for one in groups
            if f"service {one}" in found
        },
        wait_days=_ratio("wait", "ended", both, found["wait_days"]),
        co2_kg=_figure(*(np.array(tally.sums["co2"]) for tally in both)),
        stock_value=(base.stock_value, side.stock_value),
        planned={kind: (base.folder.json["cost"][kind], side.folder.json["cost"][kind]) for kind in _PLANNED},
        unproved=_unproved(side if float(_money(side).mean()) > float(_money(base).mean()) else base),
        ignored=_mean(total_cost(idle) - total_cost(base.tally)),
        reacting=_mean(total_cost(idle) - total_cost(side.tally)),
        lines={table: _lines(table, base, side) for table in _LINE},
        lanes=_lanes(base, side),
        parts=_drivers(driving, "part", "site", side.folder),
        sites=_drivers(driving, "site", "part", side.folder),
        chief_class=_chief(driving, "part", _named(base, side, "parts", "part", "part_class")),
        chief_site=_chief(driving, "site", _named(base, side, "sites", "site", "name")),
        snapshots=kept["snapshots"],
        patches=asked["patches"],
    )


def _money(side: _Side) -> Any:
    return total_cost(side.tally)


def _unproved(side: _Side) -> float:
    """Of weeks 1..T and what lies beyond."""
    return float(side.folder.json["cost"]["total"] * side.folder.json["gap"])


def _figure(base: Any, scenario: Any) -> Figure:
    return Figure(float(base.mean()), float(scenario.mean()), _mean(scenario - base))


def _mean(each: Any) -> Interval:
    return ratio_interval(each, np.ones(len(each)))


def _ratio(above: str, below: str, both: Sequence[Tally], difference: Interval) -> Figure:
    base, scenario = (tally.ratio(above, below).value for tally in both)
    return Figure(base, scenario, difference)


def _lines(table: str, base: _Side, side: _Side) -> dict[str, int]:
    """Lines of weeks 1..T that the two plans have, and those whose quantity differs, none counting as 0."""
    keys = _LINE[table]
    told = []
    for one in (base, side):
        frame = one.folder.frame(table)
        until = pd.Timestamp(base.folder.as_of) + pd.Timedelta(days=7 * base.weeks + 7)
        told.append(frame[frame[keys[-1]] < until].groupby(keys)["quantity"].sum())
    changed = told[1].sub(told[0], fill_value=0)
    return {"base": len(told[0]), "scenario": len(told[1]), "changed": int((changed != 0).sum())}


def _lanes(base: _Side, side: _Side) -> pd.DataFrame:
    """lane, mode, base_kg, scenario_kg that leave hubs, base_co2, scenario_co2: kg CO₂ by kg shipped."""
    frame = base.lanes.merge(side.lanes, on=["lane", "mode"], how="outer", suffixes=("_base", "_scenario")).fillna(0.0)
    told: dict[str, Any] = {name: frame[name] for name in ("lane", "mode")}
    for which in ("base", "scenario"):
        kg = frame[f"kg_{which}"].to_numpy(float)
        told[f"{which}_kg"] = kg
        told[f"{which}_co2"] = np.divide(frame[f"co2_kg_{which}"], kg, out=np.zeros(len(kg)), where=kg > 0)
    return pd.DataFrame(told).sort_values("lane", ignore_index=True)


def _driving(base: _Side, side: _Side) -> pd.DataFrame:
    """part, site, kind, money: what the scenario costs more."""
    keys = ["part", "site", "kind"]
    money = [one.money.set_index(keys)["money"] for one in (base, side)]
    return money[1].sub(money[0], fill_value=0.0).rename("money").reset_index()


def _drivers(driving: pd.DataFrame, by: str, other: str, folder: PlanFolder) -> pd.DataFrame:
    """The MOST parts (sites) by money either way: id, name, money, and the kind and the other that make most of it."""
    driving = driving[driving[by] != TOGETHER]
    whole = driving.groupby(by)["money"].sum()
    whole = whole.reindex(whole.abs().sort_values(ascending=False, kind="stable").index)[:MOST]
    names = folder.fact(f"{by}s").set_index(by)["name"]
    rows = []
    for one, money in whole.items():
        own = driving[driving[by] == one]
        own = own.assign(money=own["money"] * np.sign(money))
        chief = {what: own.groupby(what)["money"].sum().idxmax() for what in ("kind", other)}
        rows.append({by: one, "name": str(names.get(one, "")), "money": float(money), **chief})
    return pd.DataFrame(rows, columns=[by, "name", "money", "kind", other])


def _chief(driving: pd.DataFrame, by: str, named: "pd.Series[str]") -> dict[str, dict[str, Any]]:
    """Of each kind the group of parts or sites that makes most of its difference, and its share of that."""
    found = {}
    for kind, rows in driving[driving[by] != TOGETHER].groupby("kind"):
        whole = float(rows["money"].sum())
        by_name = rows.groupby(rows[by].map(named).fillna(rows[by]))["money"].sum() * np.sign(whole)
        if whole != 0.0:
            share = float(by_name.max()) / abs(whole)
            found[str(kind)] = {"name": str(by_name.idxmax()), "share": share}
    return found


def _named(base: _Side, side: _Side, table: str, key: str, name: str) -> "pd.Series[str]":
    both = pd.concat([one.folder.fact(table)[[key, name]] for one in (side, base)]).drop_duplicates(key)
    return both[both[name] != ""].set_index(key)[name]


def _regret(out: Path, names: Sequence[str], base: _Side) -> Regret | None:
    """Of the table of plays that was kept; None where it is of other scenarios or was not made."""
    if not (out / REGRET).is_file():
        return None
    kept = read_json(out / REGRET)
    worlds = kept["worlds"]
    if list(worlds) != [BASE, *names]:
        return None
    plans = list(worlds[BASE])
    cost = np.array([[np.mean(worlds[world][plan]) for world in worlds] for plan in plans])
    regret = cost - cost.min(axis=0)
    weight = np.array([1.0, *(scenario_json(out, name)["asked"]["weight"] for name in names)])
    return Regret(
        plays=kept["replications"],
        plans=tuple(plans),
        worlds=tuple(worlds),
        weight=tuple(map(float, weight)),
        cost=tuple(tuple(map(float, row)) for row in cost),
        regret=tuple(tuple(map(float, row)) for row in regret),
        worst=plans[int(regret.max(axis=1).argmin())],
        average=plans[int((regret @ weight).argmin())],
        unproved=_unproved(base),
    )
