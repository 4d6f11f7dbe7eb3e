"""The plan of a scenario, made on what is known in it: begun with the base plan, what nothing changed taken from it."""

from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from json import dumps
from time import perf_counter
from typing import Any

from domain.forecast import Forecast
from domain.forecast_tables import FORECAST_COLUMNS, SHARE_COLUMNS, forecast_from_frames
from domain.network import Network
from domain.plan import StockTargets
from forecasting.forecast import Forecasting
from forecasting.methods import SURVIVORS
from forecasting.mix import Methods, methods_from_text
from scenarios.pipeline import STEPS, Planning, run_step
from scenarios.run import Documents, earlier_targets, moved_json, plan_before, plan_json, save_step
from scenarios.what_if.reuse import same_demand, same_targets
from storage.plan_folder import PartialPlan, PlanFolder

_FAILING = "quality"  # kind of the exceptions that the forecast finds
_PASSING = ("seconds", "simulated")  # of plan.json: not what was planned


@dataclass(frozen=True)
class Base:
    """The network as it stands and the plan of it."""

    network: Network
    folder: PlanFolder

    @cached_property
    def mark(self) -> str:
        """Tells this plan from any other."""
        told = {name: value for name, value in self.folder.json.items() if name not in _PASSING}
        return sha256(dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    @cached_property
    def forecast(self) -> Forecast:
        """As the plan has it."""
        frames = self.folder.frame("forecast", FORECAST_COLUMNS), self.folder.frame("shares", SHARE_COLUMNS)
        return replace(forecast_from_frames(*frames, self.network), overrides=self.folder.frame("overrides"))

    @cached_property
    def methods(self) -> Methods | None:
        """What forecast it; None where the forecast was given."""
        file = self.folder.path / "methods.json"
        return methods_from_text(file.read_text(encoding="utf-8"), SURVIVORS) if file.is_file() else None

    def planning(self, network: Network) -> Planning:
        """Where planning another network begins.

        The methods are the base plan's: chosen anew they would compare methods. Its forecast is kept where demand is
        the same, its targets where they would come out the same.
        """
        told = Planning(
            network,
            methods=self.methods,
            previous=earlier_targets(self.folder, network),
            before=plan_before(self.folder, network),
        )
        if not same_demand(self.network, network, self.forecast):
            return told
        told = replace(told, forecast=self.forecast, forecasting=self._forecasting(network))
        if not same_targets(self.network, network):
            return told
        return replace(told, targets=StockTargets(self.folder.frame("targets"), self.folder.json["waiting_price"]))

    def forecast_of(self, world: Network) -> Forecast:
        """The demand to expect in a world."""
        planning = run_step(STEPS[0], self.planning(world), lambda text: None)
        if planning.forecast is None:
            raise ValueError("the pipeline made no forecast")
        return planning.forecast

    def _forecasting(self, network: Network) -> Forecasting | None:
        if self.methods is None:
            return None
        found = self.folder.frame("exceptions")
        failing = found[found["kind"] == _FAILING]
        costs = (one.parts.set_index("part")["unit_cost"].reindex(failing["part"]) for one in (network, self.network))
        now, before = (cost.to_numpy(float) for cost in costs)
        failing = failing.assign(money_at_risk=failing["money_at_risk"] * now / before)
        return Forecasting(self.forecast, self.methods, self.folder.frame("basis"), failing)


def make_plan(
    base: Base, known: Network, partial: PartialPlan, documents: Documents | None = None, **told: Any
) -> dict[str, Any]:
    """Plan `known` into a plan folder that is not finished yet; its plan.json, with what is `told` besides.

    Where nothing is changed for the planner, the base plan is the plan. documents: of the files for people.
    """
    begun = perf_counter()
    if known is base.network:
        partial.copy(base.folder)
        partial.write_json({**base.folder.json, **told})
        return {**base.folder.json, **told}
    planning = base.planning(known)
    for step in STEPS:
        if step.name != "targets" or planning.targets is None:
            planning = run_step(step, planning, lambda text: None)
        save_step(step.name, planning, partial)
    if documents is not None and planning.forecast is not None:
        for name, file in documents(known, planning.forecast, planning.plan, base.folder, None).items():
            partial.write_bytes(name, file)
    partial.write_facts(known)
    seconds = perf_counter() - begun
    content = {**plan_json(known, planning.plan, seconds), **moved_json(planning.transfers), **told}
    partial.write_json(content)
    return content
