"""A set of scenarios: planned and played in parallel, each kept with what it was made of, so that it can be made again.

OUT holds set.json, the base plan under `base`, and for each scenario a plan folder of its name with scenario.json (what
it is and what it was made of) and `played`, what the referee saw.
"""

import json
import shutil
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky import get_reusable_executor

from domain.forecast import Forecast
from domain.forecast_tables import FORECAST_COLUMNS, SHARE_COLUMNS, forecast_blocks, forecast_from_frames, shares_frame
from domain.network import Network
from domain.problems import ZapasError
from scenarios.pipeline import Tell
from scenarios.run import Documents, run_plan
from scenarios.simulate import as_planned
from scenarios.what_if.making import Base, make_plan
from scenarios.what_if.patches import patched, worlds
from scenarios.what_if.plays import Candidate, Played, Table
from scenarios.what_if.reading import read_scenarios
from scenarios.what_if.scenario import Patch, Scenario, Worlds
from simulation.referee.verdict import Tally, total_cost
from storage.json_file import read_json
from storage.network_folder import read_network
from storage.parquet_folder import write_text
from storage.plan_folder import PartialPlan, PlanFolder, plan_folder, read_plan, remove_stale

BASE = "base"
PLAYED = "played"
SET, SCENARIO, PLAYS, REGRET = "set.json", "scenario.json", f"{PLAYED}/plays.json", "regret.json"


@dataclass(frozen=True)
class Effort:
    """How often each plan is played in its world (`replications`), and each in the others' (`crossed`; 0: not)."""

    replications: int = 12
    crossed: int = 4
    seed: int = 1


@dataclass(frozen=True)
class Ran:
    """A set that ran: all scenarios in the order asked for, and which of them were made now."""

    out: Path
    names: tuple[str, ...]
    made: tuple[str, ...]


def run_set(
    directory: Path,
    named: Sequence[str],
    out: Path,
    *,
    documents: Documents,
    plan: Path | None = None,
    jobs: int = 2,
    effort: Effort | None = None,
    tell: Tell = lambda text: None,
) -> Ran:
    """Plan and play scenarios (library names, YAML files) of the network folder `directory` into the folder `out`.

    plan: the base plan, of the same data; by default it is made, with `documents` for people. What is there already and
    would come out the same is kept. Whatever ends this leaves each scenario whole or absent.

    Raises BadScenario with every problem of the scenarios, ZapasError when `out` holds something else, when `plan` is
    of other data, or when it cannot be written.
    """
    effort = effort or Effort()
    tell("Reading the network")
    network = read_network(directory)[0]
    scenarios = read_scenarios(named, network)
    _refuse(out, scenarios)
    base = _base(directory, network, out, plan, documents, tell)
    if base.network is not network:
        scenarios = read_scenarios(named, base.network)
    _begin(out, directory, base, scenarios, effort)
    work = _Work(directory.resolve(), out.resolve(), base.mark, effort)
    todo = [one for one in scenarios if not _done(work, one, base)]
    made: list[str] = []
    try:
        tell("Playing the base plan")
        _play_base(work, base)
        with closing(_fanned_out(_scenario, [(work, one) for one in todo], jobs)) as each:
            for name in each:
                made.append(name)
                tell(f"Planning and playing scenarios, {len(made)} of {len(todo)} done: {name}")
        if effort.crossed:
            _cross(work, scenarios, jobs, tell)
    except BaseException:
        for one in todo:  # processes that were killed could not tidy up
            remove_stale(work.out / one.name)
        raise
    return Ran(out, tuple(one.name for one in scenarios), tuple(made))


def adopt(out: Path, name: str, plan: Path, *, documents: Documents, tell: Tell = lambda text: None) -> dict[str, Any]:
    """Make the plan of a scenario the plan folder `plan`; its plan.json says which scenario it is, and of what data.

    It is made again from network, base plan and patches, and must come out as it was compared. Raises ZapasError when
    there is no such scenario, or the network is no longer what it was.
    """
    told = set_json(out)
    kept, was = scenario_json(out, name), read_plan(out / name)
    base = _open(Path(told["directory"]), out.resolve())
    if base.mark != kept["base"]["mark"]:
        raise ZapasError(f"{out}: the base plan is another one now; run the scenario again first.")
    scenario = scenario_of(kept["asked"])
    tell(f"Making the plan of {name} again")
    with plan_folder(plan) as partial:
        origin = {"scenario": {**kept["asked"], "base": kept["base"], "snapshots": kept["snapshots"]}}
        content = make_plan(base, worlds(base.network, scenario).known, partial, documents, **origin)
        if content["cost"] != was.json["cost"] or content["snapshot"] != was.json["snapshot"]:
            raise ZapasError(f"{out}: {name} would be another plan today; run the scenario again first.")
        partial.finish()
    return content


def set_json(out: Path) -> dict[str, Any]:
    """What a folder of scenarios holds. Raises ZapasError when it is none."""
    return read_json(out / SET, f"{out}: this folder holds no scenarios; make them with  zapas scenario run.")


def scenario_json(out: Path, name: str) -> dict[str, Any]:
    """What a scenario is and what it was made of. Raises ZapasError when there is none of that name."""
    known = set_json(out)["scenarios"]
    return read_json(out / name / SCENARIO, f"{out}: no scenario {name} was run here; there are {', '.join(known)}.")


def scenario_of(asked: dict[str, Any]) -> Scenario:
    """The scenario that was asked, from its JSON."""
    patches = tuple(Patch(**patch) for patch in asked["patches"])
    return Scenario(asked["name"], asked["title"], patches, asked["weight"])


@dataclass(frozen=True)
class _Work:
    """What a process needs to know to do a scenario."""

    directory: Path
    out: Path
    mark: str
    effort: Effort


def _refuse(out: Path, scenarios: Iterable[Scenario]) -> None:
    if any(one.name == BASE for one in scenarios):
        raise ZapasError(f"A scenario may not be called {BASE}: that is the plan it is compared with.")
    odd = [one.name for one in scenarios if Path(one.name).name != one.name or one.name.startswith(".")]
    if odd:
        raise ZapasError(f"{odd[0]}: a scenario's name is a folder's; leave out slashes and dots before it.")
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / SET).is_file())):
        raise ZapasError(f"{out}: this exists and holds no scenarios; name another folder.")


def _base(directory: Path, network: Network, out: Path, plan: Path | None, documents: Documents, tell: Tell) -> Base:
    """The plan all are compared with: the one given, the one there, or a new one."""
    place, there = out / BASE, None
    if (place / "plan.json").is_file():
        there = read_plan(place)
        if there.json["snapshot"] != network.snapshot or there.json["version"] != version("zapas"):
            there = None
    if plan is not None:
        given = read_plan(plan)
        if given.json["snapshot"] != network.snapshot:
            raise ZapasError(f"{plan}: this plan was made of other data than {directory} holds now; plan again.")
        base = Base(as_planned(network, given), given)
        if there is None or Base(network, there).mark != base.mark:
            with plan_folder(place) as partial:
                partial.copy(given)
                partial.finish()
        return Base(base.network, read_plan(place))
    if there is None:
        tell("Planning the network as it stands")
        with suppress(FileNotFoundError):
            shutil.rmtree(place)  # a plan of other data would be begun with
        run_plan(directory, place, documents=documents, tell=tell)
        there = read_plan(place)
    return Base(as_planned(network, there), there)


def _begin(out: Path, directory: Path, base: Base, scenarios: Sequence[Scenario], effort: Effort) -> None:
    told = {
        "directory": str(directory.resolve()),
        "currency": base.network.settings.currency,
        "weeks": base.network.settings.horizon_weeks,
        "base": _base_json(base),
        "effort": asdict(effort),
        "scenarios": [one.name for one in scenarios],
    }
    write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", out / SET)


def _base_json(base: Base) -> dict[str, str]:
    return {"snapshot": base.network.snapshot, "mark": base.mark, "version": version("zapas")}


def _done(work: _Work, scenario: Scenario, base: Base) -> bool:
    """Whether the very scenario was planned and played on the very base; a new title or weight is noted."""
    file = work.out / scenario.name / SCENARIO
    kept = _json_or_none(file)
    if kept is None or (kept["base"], kept["effort"]) != (_base_json(base), _plays(work.effort)):
        return False
    if _question(kept["asked"]) != _question(scenario.json()):
        return False
    if kept["asked"] != scenario.json():
        write_text(json.dumps({**kept, "asked": scenario.json()}, ensure_ascii=False, indent=1) + "\n", file)
    return True


def _question(asked: dict[str, Any]) -> list[str]:
    """What decides the answer: not titles, weights, names of patches or their order."""
    whats = [{key: patch[key] for key in ("kind", "arguments", "announced")} for patch in asked["patches"]]
    return sorted(json.dumps(one, sort_keys=True) for one in whats)


def _plays(effort: Effort) -> dict[str, int]:
    return {"replications": effort.replications, "seed": effort.seed}


def _play_base(work: _Work, base: Base) -> None:
    """The base plan in the world it was made for."""
    kept = _json_or_none(work.out / BASE / PLAYS)
    if kept is not None and (kept["mark"], kept["effort"]) == (base.mark, _plays(work.effort)):
        return
    table = Table.of(base, work.effort.seed)
    found = table.play(
        table.candidate(base.network, base.folder), base.network, base.forecast, work.effort.replications
    )
    with plan_folder(base.folder.path) as partial:
        partial.copy(base.folder)
        _save_played(partial, found)
        _save_json(partial, PLAYS, {"mark": base.mark, "effort": _plays(work.effort), "own": _sums(found)})
        partial.write_json(base.folder.json)
        partial.finish()


def _scenario(work: _Work, scenario: Scenario) -> str:
    """Plan and play one scenario; its folder appears whole."""
    base, table = _opened(work)
    found = worlds(base.network, scenario)
    with plan_folder(work.out / scenario.name) as partial:
        content = make_plan(base, found.known, partial)
        folder = PlanFolder(partial.path, content)
        known = found.known is base.network
        own = table.candidate(found.known, folder)
        demand = own.plan.forecast if found.world is found.known else base.forecast_of(found.world)
        if found.world is not found.known and not (known and demand is base.forecast):
            partial.write_frame(f"{PLAYED}/forecast", forecast_blocks(demand, found.world.settings))
            partial.write_frame(f"{PLAYED}/shares", shares_frame(demand))
        plays = work.effort.replications
        played = table.play(own, found.world, demand, plays)
        surprised = surprise(base.network, scenario, found.world)
        idle = played if known else table.play(table.candidate(base.network, base.folder), surprised, demand, plays)
        _save_played(partial, played)
        _save_json(partial, PLAYS, {"own": _sums(played), "base_plan": _sums(idle)})
        snapshots = {"base": base.network.snapshot, "known": found.known.snapshot, "world": found.world.snapshot}
        told = {"asked": scenario.json(), "snapshots": snapshots, "base": _base_json(base)}
        _save_json(partial, SCENARIO, {**told, "own_plan": not known, "effort": _plays(work.effort)})
        partial.finish()
    return scenario.name


def surprise(network: Network, scenario: Scenario, world: Network) -> Network:
    """The world as a plan meets it that was not made for it: its lanes are there, though shut."""
    found = patched(network, [replace(patch, announced=False) for patch in scenario.patches])
    return world if found.snapshot == world.snapshot else found


def _cross(work: _Work, scenarios: Sequence[Scenario], jobs: int, tell: Tell) -> None:
    """Each plan in each world (`regret.json`): total cost of every replication, {world: {plan: [money]}}."""
    worlds_of = [Scenario(BASE), *scenarios]
    columns: dict[str, Any] = {}
    tasks = [(work, tuple(worlds_of), at) for at in range(len(worlds_of))]
    with closing(_fanned_out(_column, tasks, jobs)) as each:
        for name, column in each:
            columns[name] = column
            tell(f"Playing each plan in each world, {len(columns)} of {len(worlds_of)} worlds done: {name}")
    ordered = {one.name: columns[one.name] for one in worlds_of}
    text = json.dumps({"replications": work.effort.crossed, "worlds": ordered}, indent=1)
    write_text(text + "\n", work.out / REGRET)


def _column(work: _Work, scenarios: tuple[Scenario, ...], at: int) -> tuple[str, dict[str, list[float]]]:
    """Every plan in one world; what was played there already is not played again."""
    base, table = _opened(work)
    here, plays = scenarios[at], work.effort.crossed
    there = worlds(base.network, here)
    world, demand = surprise(base.network, here, there.world), _demand(work, base, here, there)
    known = _played_there(work, here, world is there.world)
    found = {}
    for one in scenarios:
        if one.name == BASE or scenario_json(work.out, one.name)["own_plan"]:
            if len(known.get(one.name, ())) < plays:
                known[one.name] = table.cost(_candidate(work, json.dumps(one.json())), world, demand, plays)
            found[one.name] = known[one.name][:plays]
    return here.name, found


def _played_there(work: _Work, here: Scenario, own: bool) -> dict[str, list[float]]:
    """Total cost by plan, play by play, of what the scenario's own plan (if `own`) and the base plan met there."""
    kept = read_json(work.out / here.name / PLAYS, f"{work.out / here.name}: it is damaged; run the scenarios again.")
    plans = {BASE: "own"} if here.name == BASE else {BASE: "base_plan"} | ({here.name: "own"} if own else {})
    return {name: total_cost(Tally(kept[what]["sums"])).tolist() for name, what in plans.items()}


def _demand(work: _Work, base: Base, here: Scenario, there: Worlds) -> Forecast:
    """What is expected in the world of a scenario that was played."""
    folder = read_plan(work.out / here.name)
    beside = f"{PLAYED}/" if (folder.path / PLAYED / "forecast.parquet").is_file() else ""
    forecast = folder.frame(f"{beside}forecast", FORECAST_COLUMNS)
    return forecast_from_frames(forecast, folder.frame(f"{beside}shares", SHARE_COLUMNS), there.world)


@lru_cache(maxsize=24)  # of a table of a dozen scenarios each process reads every plan once
def _candidate(work: _Work, asked: str) -> Candidate:
    base, table = _opened(work)
    scenario = scenario_of(json.loads(asked))
    return table.candidate(worlds(base.network, scenario).known, read_plan(work.out / scenario.name))


def _opened(work: _Work) -> tuple[Base, Table]:
    base, table = _at_hand(work.directory, work.out, work.effort.seed, work.mark)
    return base, table


@lru_cache(maxsize=1)
def _at_hand(directory: Path, out: Path, seed: int, mark: str) -> tuple[Base, Table]:
    """Network, base plan and table of this process. mark: of the base plan."""
    base = _open(directory, out)
    if base.mark != mark:
        raise ZapasError(f"{directory}: the data changed while its scenarios were run; run them again.")
    return base, Table.of(base, seed)


def _open(directory: Path, out: Path) -> Base:
    folder, network = read_plan(out / BASE), read_network(directory)[0]
    if network.snapshot != folder.json["snapshot"]:
        raise ZapasError(f"{directory}: the data are no longer those the scenarios were run on; run them again.")
    return Base(as_planned(network, folder), folder)


def _fanned_out(task: Callable[..., Any], each: Sequence[tuple[Any, ...]], jobs: int) -> Generator[Any, None, None]:
    """Results as they come: in processes of one thread each, or one after the other with all threads."""
    if min(jobs, len(each)) < 2:
        yield from (task(*one) for one in each)
        return
    try:
        with parallel_config(backend="loky", inner_max_num_threads=1):
            run = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1, pre_dispatch=jobs)
            yield from run(delayed(task)(*one) for one in each)
    except BaseException:  # also when nobody waits for the rest any more
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
        raise


def _sums(found: Played) -> dict[str, Any]:
    return {"sums": found.tally.sums, "groups": list(found.groups), "stock_value": found.stock_value}


def _save_played(partial: PartialPlan, found: Played) -> None:
    partial.write_frame(f"{PLAYED}/money", found.money)
    partial.write_frame(f"{PLAYED}/lanes", found.lanes)


def _save_json(partial: PartialPlan, name: str, content: dict[str, Any]) -> None:
    (partial.path / name).parent.mkdir(exist_ok=True)
    partial.write_bytes(name, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())


def _json_or_none(file: Path) -> dict[str, Any] | None:
    try:
        return read_json(file)
    except ZapasError:
        return None
