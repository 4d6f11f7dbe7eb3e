"""Runs the pipeline on a network folder and saves each step's result; the plan appears whole or not at all."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd

from domain.forecast import Forecast
from domain.forecast_tables import forecast_blocks, forecast_from_frames, shares_frame
from domain.network import Network
from domain.plan import Plan, PreviousPlan
from domain.problems import CheckReport, ZapasError
from domain.transfers import Transfers
from forecasting.forecast import Forecasting
from forecasting.methods import SURVIVORS
from forecasting.mix import Methods, methods_from_text, methods_text
from optimizer.targets import Previous
from optimizer.targets.stay import stays
from scenarios.pipeline import STEPS, Planning, Tell, run_step
from scenarios.simulate import judged
from storage.network_folder import read_network
from storage.network_set_aside import write_set_aside
from storage.parquet_folder import write_frames, write_text
from storage.plan_folder import PartialPlan, PlanFolder, plan_folder, read_plan

_EARLIER = {
    "shipments": ["part", "lane", "departs", "quantity"],
    "purchase_orders": ["part", "order_on", "quantity"],
    "rule_prices": ["rule", "place", "start", "price"],
}
"""Tables of a plan from which the next plan begins; it keeps them as earlier_… beside its own."""

Simulated = dict[str, Any]
"""What the referee says of a plan, as `zapas simulate --json` prints it."""
Documents = Callable[[Network, Forecast, Plan, PlanFolder | None, Simulated | None], Mapping[str, bytes]]


@dataclass(frozen=True)
class Run:
    """A finished run: what was read, found and written."""

    network: Network
    report: CheckReport
    forecast: Forecast
    plan: Plan
    previous: PlanFolder | None
    json: dict[str, Any]


def run_plan(
    directory: Path,
    out: Path,
    *,
    documents: Documents,
    previous: Path | None = None,
    forecast_file: Path | None = None,
    methods_file: Path | None = None,
    only: Mapping[str, str] | None = None,
    strict: bool = False,
    simulate: int = 0,
    tell: Tell = lambda text: None,
) -> Run:
    """Plan the network folder and write the plan folder `out`; `documents` makes the files people read.

    simulate: how often the referee plays the plan before it is published (0: not at all).

    Raises BadData when the folder cannot be planned, ZapasError when `out` cannot be written.
    """
    begun = perf_counter()
    with plan_folder(out) as partial:
        before = read_plan(previous) if previous else _earlier(out)
        tell("Reading the network")
        whole, report = read_network(directory, strict=strict)
        network = restricted(whole, only or {})
        given = _given_forecast(forecast_file, whole, network) if forecast_file else None
        planning = Planning(
            network,
            methods=_given_methods(methods_file),
            forecast=given,
            previous=earlier_targets(before, network),
            before=plan_before(before, network),
        )
        for step in STEPS:
            planning = run_step(step, planning, tell)
            save_step(step.name, planning, partial)
        if planning.forecast is None:
            raise ValueError("the pipeline made no forecast")
        made = PlanFolder(partial.path, plan_json(network, planning.plan, 0.0))
        simulated = judged(network, made, directory, simulate, tell=tell) if simulate else None
        tell("Writing the report")
        for name, document in documents(network, planning.forecast, planning.plan, before, simulated).items():
            partial.write_bytes(name, document)
        if report.set_aside:
            write_set_aside(report, partial.path / "set_aside.xlsx")
        partial.write_facts(network)
        content = plan_json(network, planning.plan, perf_counter() - begun, simulated) | moved_json(planning.transfers)
        partial.write_json(content)
        partial.finish()
    return Run(network, report, planning.forecast, planning.plan, before, content)


def run_forecast(
    directory: Path,
    out: Path,
    *,
    methods_file: Path | None = None,
    strict: bool = False,
    tell: Tell = lambda text: None,
) -> Forecasting:
    """Forecast the network folder into `out`: forecast, shares, overrides, basis and methods.json."""
    methods = _given_methods(methods_file)
    tell("Reading the network")
    network, _ = read_network(directory, strict=strict)
    planning = run_step(STEPS[0], Planning(network, methods=methods), tell)
    if planning.forecasting is None:
        raise ValueError("the pipeline made no forecast")
    made = planning.forecasting
    write_frames({**_forecast_tables(made.forecast, network), "basis": made.basis}, out)
    write_text(methods_text(made.methods), out / "methods.json")
    return made


def restricted(network: Network, only: Mapping[str, str]) -> Network:
    """The network with the parts of one brand, part class or part number only. Raises ZapasError for other keys."""
    parts = set(network.parts["part"])
    for key, value in only.items():
        if key == "brand":
            models = set(network.models.loc[network.models["brand"] == value, "model"])
            parts &= set(network.fitment.loc[network.fitment["model"].isin(models), "part"])
        elif key in ("part_class", "part"):
            parts &= set(network.parts.loc[network.parts[key] == value, "part"])
        else:
            raise ZapasError(f"--only knows brand, part_class and part, not {key}.")
        if not parts:
            raise ZapasError(f"--only {key}={value}: no part of the network fits.")
    return network.with_parts(parts) if only else network


def plan_json(network: Network, plan: Plan, seconds: float, simulated: Simulated | None = None) -> dict[str, Any]:
    """The content of plan.json (DESIGN 4), with what the referee says where it was asked."""
    replenishment = plan.replenishment
    cost = {name: getattr(replenishment.cost, name) for name in replenishment.cost.__dataclass_fields__}
    return {
        "status": replenishment.status,
        "cost": {**cost, "total": replenishment.cost.total, "controllable": replenishment.cost.controllable},
        "replanning_saves": replenishment.replanning_saves,
        "lower_bound": replenishment.lower_bound,
        "gap": replenishment.gap,
        "gap_controllable": replenishment.gap_controllable,
        "gap_at_zero_prices": replenishment.gap_at_zero_prices,
        "gap_owed_to": replenishment.gap_owed_to,
        "rules": list(replenishment.rules),
        "binding": replenishment.binding,
        "service": replenishment.service,
        "waiting_price": plan.targets.waiting_price,
        "seconds": {**plan.seconds, "total": seconds},
        "snapshot": network.snapshot,
        "version": version("zapas"),
        **({} if simulated is None else {"simulated": simulated}),
    }


def moved_json(transfers: Transfers | None) -> dict[str, Any]:
    """What transfers between depots move, cost and save, beside the plan's own cost; nothing where none are made."""
    if transfers is None or not len(transfers.table):
        return {}
    moved = {"units": int(transfers.table["quantity"].sum()), "lines": len(transfers.table)}
    return {"transfers": moved | {name: float(transfers.table[name].sum()) for name in ("cost", "saves")}}


def _earlier(out: Path) -> PlanFolder | None:
    """The plan that OUT holds now, to say what changed."""
    return read_plan(out) if (out / "plan.json").is_file() else None


def earlier_targets(before: PlanFolder | None, network: Network) -> Previous | None:
    """The targets of the plan before, where the settings ask them to stay."""
    if before is None or not stays(network.settings):
        return None
    return Previous(before.frame("targets", ["part", "site", "group", "base_stock", "since"]), before.as_of)


def plan_before(before: PlanFolder | None, network: Network) -> PreviousPlan | None:
    """What the plan before orders and ships, and what the rules cost in it.

    A plan of the very same data is no plan before: it is made again from what it was itself made from.
    """
    if before is None:
        return None
    again = before.json.get("snapshot") == network.snapshot
    names = {name: f"earlier_{name}" if again else name for name in _EARLIER}
    if not all((before.path / f"{name}.parquet").is_file() for name in names.values()):
        return None
    frames = {name: _as_text(before.frame(names[name], columns)) for name, columns in _EARLIER.items()}
    as_of = before.frame("earlier_as_of")["as_of"].iloc[0].date() if again else before.as_of
    return PreviousPlan(as_of=as_of, **frames)


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({name: object for name in frame.columns if name in ("part", "lane", "rule", "place")})


def _given_forecast(file: Path, whole: Network, network: Network) -> Forecast:
    """The planner's own forecast for `network`, which is a part of the `whole` that it may speak of."""
    shares = file.with_name("shares.parquet")
    for needed in (file, shares):
        if not needed.is_file():
            raise ZapasError(f"{needed}: there is no such file; a forecast is forecast.parquet with shares.parquet.")
    try:
        tables = pd.read_parquet(file), pd.read_parquet(shares)
    except (OSError, ValueError) as error:
        raise ZapasError(f"{file}: this is no readable Parquet file ({error}).") from error
    left_out = set(whole.parts["part"]) - set(network.parts["part"])
    forecast, share = (table[~table["part"].isin(left_out)] if "part" in table else table for table in tables)
    return forecast_from_frames(forecast, share, network)


def _given_methods(file: Path | None) -> Methods | None:
    """The methods chosen earlier, as `zapas forecast` and `zapas backtest` keep them."""
    if file is None:
        return None
    try:
        return methods_from_text(file.read_text(encoding="utf-8"), SURVIVORS)
    except OSError as error:
        raise ZapasError(f"{file}: the methods cannot be read ({error.strerror or error}).") from error
    except ValueError as error:
        raise ZapasError(f"{file}: {error}.") from error


def _forecast_tables(forecast: Forecast, network: Network) -> dict[str, pd.DataFrame | Iterable[pd.DataFrame]]:
    return {
        "forecast": forecast_blocks(forecast, network.settings),
        "shares": shares_frame(forecast),
        "overrides": forecast.overrides,
    }


def save_step(step: str, planning: Planning, partial: PartialPlan) -> None:
    """Save what a step has made as soon as it is made."""
    if step == "forecast" and planning.forecast is not None:
        for name, frame in _forecast_tables(planning.forecast, planning.network).items():
            partial.write_frame(name, frame)
        if planning.forecasting is not None:
            partial.write_frame("basis", planning.forecasting.basis)
            partial.write_bytes("methods.json", methods_text(planning.forecasting.methods).encode())
    elif step == "transfers" and planning.transfers is not None and len(planning.transfers.table):
        partial.write_frame("transfers", planning.transfers.table)
    elif step == "replenishment" and planning.replenishment is not None and planning.targets is not None:
        partial.write_frame("targets", planning.targets.table)
        partial.write_frame("shipments", planning.replenishment.shipments)
        partial.write_frame("purchase_orders", planning.replenishment.purchase_orders)
        partial.write_frame("projection", planning.replenishment.projection)
        partial.write_frame("rule_prices", planning.replenishment.rule_prices)
        _save_earlier(planning.before, partial)
    elif step == "allocation" and planning.allocation is not None:
        partial.write_frame("allocations", planning.allocation.table)
        partial.write_frame("exceptions", planning.plan.exceptions)


def _save_earlier(before: PreviousPlan | None, partial: PartialPlan) -> None:
    if before is None:
        return
    for name in _EARLIER:
        partial.write_frame(f"earlier_{name}", getattr(before, name))
    partial.write_frame("earlier_as_of", pd.DataFrame({"as_of": [pd.Timestamp(before.as_of)]}))
