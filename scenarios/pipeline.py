"""Planning as named steps, pure: Snapshot → Forecast → StockTargets → Transfers → ReplenishmentPlan → Allocation."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.departures import inner_weeks
from domain.forecast import Forecast
from domain.logistics import supply_lanes
from domain.network import Network
from domain.plan import Allocation, Plan, PreviousPlan, ReplenishmentPlan, StockTargets
from domain.transfers import Transfers, with_transfers
from forecasting.forecast import Forecasting, forecast
from forecasting.mix import Methods
from optimizer.allocation import allocate, with_moves
from optimizer.replenishment import replenish
from optimizer.targets import Previous, stock_targets
from optimizer.transfers import decide_transfers

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Planning:
    """What is known so far: each step fills in one value.

    previous: targets of the plan before where they are to stay. before: what it orders and ships, to begin with.
    """

    network: Network
    methods: Methods | None = None
    forecasting: Forecasting | None = None
    forecast: Forecast | None = None
    previous: Previous | None = None
    before: PreviousPlan | None = None
    targets: StockTargets | None = None
    transfers: Transfers | None = None
    replenishment: ReplenishmentPlan | None = None
    allocation: Allocation | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def moved(self) -> Network:
        """The network once the transfers have left. Raises ValueError before they are decided."""
        if self.transfers is None:
            raise ValueError("no transfers are decided yet")
        return with_transfers(self.network, self.transfers.table)

    @property
    def plan(self) -> Plan:
        """The finished plan. Raises ValueError while a step is missing."""
        if self.targets is None or self.replenishment is None or self.allocation is None:
            raise ValueError("the pipeline has not run to its end")
        signals = self.forecasting.signals if self.forecasting else None
        return Plan(self.targets, self.replenishment, self.allocation, self.seconds, signals)


@dataclass(frozen=True)
class Step:
    """A named step; `says` is what a person reads while it runs."""

    name: str
    says: str
    run: Callable[[Planning, Tell], Planning]


def run_pipeline(
    network: Network,
    given: Forecast | None = None,
    methods: Methods | None = None,
    tell: Tell = lambda text: None,
) -> Planning:
    """All steps in order; with a forecast given, that step is left out."""
    planning = Planning(network, methods=methods, forecast=given)
    for step in STEPS:
        planning = run_step(step, planning, tell)
    return planning


def run_step(step: Step, planning: Planning, tell: Tell) -> Planning:
    """One step, timed."""
    tell(step.says)
    begun = perf_counter()
    done = step.run(planning, tell)
    return replace(done, seconds={**planning.seconds, step.name: perf_counter() - begun})


def lead_weeks(network: Network) -> int:
    """Weeks from ordering to arrival by ordinary lanes, one week of review added: what a forecast is judged over."""
    supply = supply_lanes(network)
    leads = []
    for depot in network.sites.loc[network.sites["kind"] == "depot", "site"]:
        lane, _ = supply.ordinary(depot)
        leads.append(supply.lead_days[lane[lane >= 0]])
    days = np.concatenate(leads) if leads else np.empty(0)
    supplier = float(network.suppliers["lead_time_days"].median()) if len(network.suppliers) else 0.0
    typical = float(np.median(days)) if len(days) else 0.0
    return max(1, round((typical + supplier + DAYS_PER_WEEK) / DAYS_PER_WEEK))


def _forecast(planning: Planning, tell: Tell) -> Planning:
    if planning.forecast is not None:
        return planning
    network = planning.network
    weeks = inner_weeks(network, supply_lanes(network).lead_days)
    made = forecast(network, weeks, lead_weeks(network), planning.methods)
    return replace(planning, forecasting=made, forecast=made.forecast)


def _targets(planning: Planning, tell: Tell) -> Planning:
    return replace(planning, targets=stock_targets(planning.network, _forecast_of(planning), planning.previous))


def _transfers(planning: Planning, tell: Tell) -> Planning:
    found = decide_transfers(planning.network, _forecast_of(planning), _targets_of(planning))
    return replace(planning, transfers=found)


def _replenishment(planning: Planning, tell: Tell) -> Planning:
    targets = _targets_of(planning)
    plan = replenish(planning.moved, _forecast_of(planning), targets, previous=planning.before, tell=tell)
    promised = plan.point_service.set_index(["part", "site"])["promised"]
    at_point = targets.table["group"] != ""
    keys = pd.MultiIndex.from_frame(targets.table.loc[at_point, ["part", "site"]])
    table = targets.table.copy()
    table.loc[at_point, "promised"] = promised.reindex(keys).to_numpy()
    return replace(planning, replenishment=plan, targets=replace(targets, table=table))


def _allocation(planning: Planning, tell: Tell) -> Planning:
    if planning.transfers is None:
        raise ValueError("no transfers are decided yet")
    found = allocate(planning.moved, _targets_of(planning), _forecast_of(planning))
    return replace(planning, allocation=with_moves(found, planning.transfers))


def _forecast_of(planning: Planning) -> Forecast:
    if planning.forecast is None:
        raise ValueError("there is no forecast yet")
    return planning.forecast


def _targets_of(planning: Planning) -> StockTargets:
    if planning.targets is None:
        raise ValueError("there are no stock targets yet")
    return planning.targets


STEPS = (
    Step("forecast", "Forecasting demand", _forecast),
    Step("targets", "Setting stock targets", _targets),
    Step("transfers", "Moving excess between depots", _transfers),
    Step("replenishment", "Planning orders and shipments", _replenishment),
    Step("allocation", "Allocating today's stock", _allocation),
)
