"""Depot siting: which candidates to open, rent or share, found on aggregated demand and proved by full plans."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import ceil, inf, isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from domain.departures import inner_weeks
from domain.forecast import Forecast
from domain.logistics import WEEKS_PER_YEAR, supply_lanes
from domain.network import Network
from domain.problems import ZapasError
from domain.service import service_targets
from optimizer.linear_program import NoSolutionError
from optimizer.siting import (
    SitingProblem,
    aggregate,
    choose,
    last_leg,
    served,
    served_today,
    stock_moved,
    ways_to_points,
)
from scenarios.pipeline import STEPS, Planning, Tell, run_step
from storage.network_folder import read_network

PLAN_KINDS = ("purchase", "freight", "consignment", "duty", "order_line", "holding", "shortage", "end")
KINDS = (*PLAN_KINDS, "transfers", "last_leg", "lines", "opening")
_DAYS = 7
_SAME = 1e-9


@dataclass(frozen=True)
class Planned:
    """A set of candidates planned in full: who serves whom, and what a year costs by kind.

    opened: candidates paid for; depot_of: point → depot; cost: money a year by KINDS; service: promised by group;
    unproved: money a year, no plan for the same depots is cheaper by more (distance from its lower bound).
    """

    opened: tuple[str, ...]
    depot_of: dict[str, str]
    cost: dict[str, float]
    service: dict[str, float]
    unproved: float

    @property
    def total(self) -> float:
        """Money a year."""
        return sum(self.cost.values())


@dataclass(frozen=True)
class Siting:
    """Which candidates to open, what that saves, and what every single swap of the choice would cost.

    candidates: site, name, country, owner, opening (money a year), once (money paid once), today and chosen (whether it
    is open), points (it would serve). today, chosen: in full. swaps: change (`open`, `close`, `exchange`), opens,
    closes (ids or ""), cost (money a year by full plan; inf where the depots left cannot serve every point), more (than
    the choice). first: what the integer program chose before full plans were made; plans: how many were made.
    payback_weeks: weeks of savings that pay what is paid once and the opening a year in advance; None: nothing is newly
    opened, or it never does. moved: pieces of stock that change their depot.
    """

    currency: str
    candidates: pd.DataFrame
    today: Planned
    chosen: Planned
    swaps: pd.DataFrame
    first: tuple[str, ...]
    plans: int
    moved: int
    payback_weeks: float | None
    waiting_price: dict[str, float] = field(default_factory=dict)

    @property
    def saves(self) -> float:
        """Money a year, opening paid."""
        return self.today.total - self.chosen.total

    @property
    def changes(self) -> list[tuple[str, str]]:
        """What is to be done: (`open` or `close`, site)."""
        before, after = set(self.today.opened), set(self.chosen.opened)
        return [("open", s) for s in sorted(after - before)] + [("close", s) for s in sorted(before - after)]

    def json(self) -> dict[str, Any]:
        """The same as plain values; what is not known is None."""
        moves = {p: (d, self.chosen.depot_of[p]) for p, d in self.today.depot_of.items()}
        return {
            "currency": self.currency,
            "open": list(self.chosen.opened),
            "changes": [{"change": change, "site": site} for change, site in self.changes],
            "saves": self.saves,
            "payback_weeks": self.payback_weeks,
            "pieces_moved": self.moved,
            "cost": [
                {"kind": kind, "today": self.today.cost[kind], "chosen": self.chosen.cost[kind]} for kind in KINDS
            ],
            "unproved": {"today": self.today.unproved, "chosen": self.chosen.unproved},
            "service": {"today": self.today.service, "chosen": self.chosen.service},
            "points": [{"point": p, "today": a, "chosen": b} for p, (a, b) in sorted(moves.items()) if a != b],
            "candidates": _plain(self.candidates),
            "swaps": _plain(self.swaps),
            "first": list(self.first),
            "plans": self.plans,
        }


def siting(where: Path | Network, *, once: Mapping[str, float] | None = None, tell: Tell = lambda text: None) -> Siting:
    """Which candidates of a network (folder) to open (decision 0012).

    once: money paid once for opening a candidate, by site, beside its opening_cost_per_year. Raises ZapasError when
    there is no candidate, when `once` names another site, or when the depots cannot serve every point.
    """
    network = where if isinstance(where, Network) else read_network(where)[0]
    once = dict(once or {})
    _check(network, once)
    study = Study.of(network, tell)
    today = study.plan(study.opened_today)
    first = study.first()
    chosen = min((today, study.plan(first)), key=_by_cost)
    while True:
        better = min((planned for _, _, planned in study.swaps(chosen)), key=_by_cost, default=chosen)
        if _by_cost(better) >= _by_cost(chosen):
            break
        chosen = better
    return Siting(
        currency=network.settings.currency,
        candidates=_candidates(network, study, once, today, chosen),
        today=today,
        chosen=chosen,
        swaps=_swaps(study, chosen),
        first=tuple(sorted(first)),
        plans=len(study.made),
        moved=stock_moved(network, study.forecast, chosen.depot_of),
        payback_weeks=payback_weeks(today, chosen, once),
        waiting_price=study.waiting_price,
    )


def payback_weeks(today: Planned, chosen: Planned, once: Mapping[str, float]) -> float | None:
    """Weeks until savings have paid what is paid once and, each year in advance, the opening.

    The least t, in years, with g·t ≥ F + c·⌈t⌉: g saved a year before opening, F paid once, c more opening a year.
    """
    newly = set(chosen.opened) - set(today.opened)
    paid = sum(once.get(site, 0.0) for site in newly)
    yearly = chosen.cost["opening"] - today.cost["opening"]
    gross = today.total - chosen.total + yearly
    if not newly:
        return None
    if paid + yearly <= 0:
        return 0.0 if today.total >= chosen.total else None
    years = 1 if gross >= paid + yearly else ceil(paid / (gross - yearly) - _SAME) if gross > yearly else 0
    return (paid + yearly * years) / gross * WEEKS_PER_YEAR if years else None


@dataclass
class Study:
    """Full plans of sets of candidates, each made once and from nothing: same forecast, same prices of waiting."""

    network: Network
    forecast: Forecast
    waiting_price: dict[str, float]
    problem: SitingProblem
    tell: Tell
    made: dict[tuple[str, ...], Planned | None] = field(default_factory=dict)

    @classmethod
    def of(cls, network: Network, tell: Tell) -> "Study":
        """The study of a network: its demand is forecast once, and its service targets say what waiting costs."""
        planning = Planning(network)
        for step in STEPS[:2]:
            planning = run_step(step, planning, tell)
        if planning.forecast is None or planning.targets is None:
            raise ValueError("the pipeline made no forecast or no targets")
        price = planning.targets.waiting_price
        problem = aggregate(network, planning.forecast, price)
        return cls(_at_prices(network, price), planning.forecast, price, problem, tell)

    @property
    def candidates(self) -> list[str]:
        """Sites whose opening is the question and that need not stay open, sorted."""
        free = self.problem.candidate & ~self.problem.must
        return sorted(map(str, self.problem.depot[free]))

    @property
    def opened_today(self) -> tuple[str, ...]:
        """Candidates that serve a point today, or have demand of their own."""
        serving = set(served_today(self.network).values())
        serving |= set(map(str, self.problem.depot[self.problem.must & self.problem.candidate]))
        return tuple(sorted(serving & set(map(str, self.problem.depot[self.problem.candidate]))))

    def first(self) -> tuple[str, ...]:
        """The candidates the integer program opens. Raises ZapasError when the depots cannot serve every point."""
        try:
            _, opened = choose(self.problem)
        except NoSolutionError as error:
            raise ZapasError(
                "The depots and candidates have not the room or the lanes to serve every point."
            ) from error
        return tuple(sorted(map(str, self.problem.depot[opened & self.problem.candidate])))

    def plan(self, opened: tuple[str, ...]) -> Planned:
        """The plan of a set that can serve every point. Raises ZapasError when it cannot."""
        planned = self.try_plan(opened)
        if planned is None:
            raise ZapasError(f"With {', '.join(opened) or 'no candidate'} open, not every point can be served.")
        return planned

    def try_plan(self, opened: tuple[str, ...]) -> Planned | None:
        """The plan of a set of candidates, made once; None where it cannot serve every point."""
        if opened not in self.made:
            self.tell(f"Planning with {', '.join(opened) or 'no candidate'} open")
            depot_of = self.depot_of(opened)
            self.made[opened] = None if depot_of is None else self._planned(opened, depot_of)
        return self.made[opened]

    def depot_of(self, opened: tuple[str, ...]) -> dict[str, str] | None:
        """Who serves whom when these candidates are open: today's regions where they are open today, else the cheapest
        by the integer program; None where not every point can be served."""
        today = served_today(self.network)
        if opened == self.opened_today:
            return today
        problem = self.problem
        try:
            way, _ = choose(problem, ~problem.candidate | np.isin(problem.depot.astype(str), opened))
        except NoSolutionError:
            return None
        found = dict(zip(map(str, problem.point), map(str, problem.depot[problem.way_depot[way]]), strict=True))
        return {point: found.get(point, depot) for point, depot in today.items()}

    def swaps(self, chosen: Planned) -> Iterator[tuple[str, str, Planned]]:
        """Every single swap that can serve all points: what it opens, what it closes ("" none), and its plan."""
        for opens, closes in self.single_swaps(chosen.opened):
            planned = self.try_plan(_swapped(chosen.opened, opens, closes))
            if planned is not None:
                yield opens, closes, planned

    def single_swaps(self, opened: tuple[str, ...]) -> list[tuple[str, str]]:
        """(opens, closes): one more, one less, one for another."""
        more = [site for site in self.candidates if site not in opened]
        less = [site for site in self.candidates if site in opened]
        return [(a, "") for a in more] + [("", b) for b in less] + [(a, b) for a in more for b in less]

    def _planned(self, opened: tuple[str, ...], depot_of: dict[str, str]) -> Planned:
        network, forecast = served(self.network, self.forecast, depot_of)
        planning = Planning(network, forecast=forecast)
        for step in STEPS:
            if step.name not in ("forecast", "allocation"):  # today's allocation has no part in the cost of a year
                planning = run_step(step, planning, self.tell)
        if planning.replenishment is None or planning.targets is None or planning.transfers is None:
            raise ValueError("the pipeline has not run to its end")
        years = inner_weeks(network, supply_lanes(network).lead_days) / WEEKS_PER_YEAR
        cost = {kind: getattr(planning.replenishment.objective, kind) / years for kind in PLAN_KINDS}
        moved = float(planning.transfers.table["cost"].sum()) / years
        return Planned(
            opened=opened,
            depot_of=depot_of,
            cost={
                **cost,
                "transfers": moved,
                "last_leg": _last_legs(network, forecast, depot_of),
                "lines": _kept_lines(network, planning.targets.table),
                "opening": float(network.site_of["opening_cost_per_year"].reindex(list(opened)).sum()),
            },
            service=planning.replenishment.service,
            unproved=(planning.replenishment.objective.total - planning.replenishment.lower_bound) / years,
        )


def _check(network: Network, once: Mapping[str, float]) -> None:
    depots = network.sites[network.sites["kind"] == "depot"]
    candidates = set(depots.loc[depots["opening_cost_per_year"].notna(), "site"])
    if not candidates:
        raise ZapasError(
            "The network has no candidate: give a depot an opening_cost_per_year in sites, a region of its own, lanes "
            "from its origin and lanes to the points it could serve."
        )
    if strangers := sorted(once.keys() - candidates):
        raise ZapasError(f"{strangers[0]} is no candidate; the candidates are {', '.join(sorted(candidates))}.")


def _at_prices(network: Network, price: Mapping[str, float]) -> Network:
    """The network whose groups pay for waiting what their targets were found to be worth today."""
    service = network.service.set_index("group")
    service = service.reindex(pd.Index(list(service_targets(network)), name="group"))
    texts = [name for name in ("part_class", "criticality", "brand", "region", "country") if name in service]
    service[texts] = service[texts].fillna("")
    service[["fill_rate", "mean_wait_days", "within_days", "share"]] = np.nan
    service["backorder_cost_per_day"] = [price[str(name)] / _DAYS for name in service.index]
    return replace(network, service=service.reset_index()[list(network.service.columns)])


def _last_legs(network: Network, forecast: Forecast, depot_of: Mapping[str, str]) -> float:
    """Money a year from depots to points for the forecast's mean demand."""
    leaf, site = forecast.share_leaf, forecast.share_site
    ways = ways_to_points(network).set_index(["point", "depot"])["lane"]
    keys = pd.MultiIndex.from_arrays([site, [depot_of.get(str(name), str(name)) for name in site]])
    lane = ways.reindex(keys).fillna(-1).to_numpy(np.int64)
    part = pd.Index(network.parts["part"]).get_indexer(pd.Index(forecast.part[leaf]))
    units = forecast.share * forecast.mean.mean(axis=1)[leaf] * WEEKS_PER_YEAR
    return float((units * last_leg(network, lane, part.astype(np.int64))).sum())


def _kept_lines(network: Network, targets: pd.DataFrame) -> float:
    """Money a year for the part numbers kept at each site."""
    kept = targets.loc[targets["base_stock"] > 0, "site"]
    return float(kept.map(network.site_of["line_cost_per_year"]).sum())


def _swapped(opened: tuple[str, ...], opens: str, closes: str) -> tuple[str, ...]:
    return tuple(sorted((set(opened) | {opens}) - {closes, ""}))


def _by_cost(planned: Planned) -> tuple[float, int, tuple[str, ...]]:
    return round(planned.total, 6), len(planned.opened), planned.opened


def _swaps(study: Study, chosen: Planned) -> pd.DataFrame:
    rows = []
    for opens, closes in study.single_swaps(chosen.opened):
        planned = study.try_plan(_swapped(chosen.opened, opens, closes))
        change = "exchange" if opens and closes else "open" if opens else "close"
        rows.append((change, opens, closes, inf if planned is None else planned.total))
    table = pd.DataFrame(rows, columns=["change", "opens", "closes", "cost"])
    table = table.assign(cost=table["cost"].astype(float), more=table["cost"].astype(float) - chosen.total)
    return table.sort_values(["cost", "opens", "closes"], kind="stable", ignore_index=True)


def _candidates(
    network: Network, study: Study, once: Mapping[str, float], today: Planned, chosen: Planned
) -> pd.DataFrame:
    sites = network.sites[network.sites["site"].isin(study.problem.depot[study.problem.candidate])]
    serves = pd.Series(list(chosen.depot_of.values()), dtype=object).value_counts()
    return pd.DataFrame(
        {
            "site": sites["site"],
            "name": sites["name"].where(sites["name"] != "", sites["site"]),
            "country": sites["country"],
            "owner": sites["owner"],
            "opening": sites["opening_cost_per_year"],
            "once": sites["site"].map(once).fillna(0.0).astype(float),
            "today": sites["site"].isin(today.opened),
            "chosen": sites["site"].isin(chosen.opened),
            "points": sites["site"].map(serves).fillna(0).astype(int),
        }
    ).reset_index(drop=True)


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): None if isinstance(value, float) and not isfinite(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]
