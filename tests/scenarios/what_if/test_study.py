"""A set of scenarios planned, played, kept and compared: the whole library on a slice of the small demo."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from domain.problems import ZapasError
from forecasting.forecast import forecast
from optimizer.targets import stock_targets
from reports.scenarios import choice, scenario_lines, scenarios_html, sentence
from scenarios.in_world import played
from scenarios.pipeline import lead_weeks
from scenarios.simulate import staged
from scenarios.what_if.comparison import Comparison, compare
from scenarios.what_if.making import Base
from scenarios.what_if.patches import patched, worlds
from scenarios.what_if.plays import Table
from scenarios.what_if.reading import library, read_scenarios
from scenarios.what_if.reuse import same_demand, same_targets
from scenarios.what_if.study import BASE, PLAYED, SCENARIO, Effort, Ran, adopt, run_set
from simulation.referee.ledger import TOGETHER
from simulation.referee.verdict import Tally, total_cost
from storage.network_folder import read_network
from storage.network_writing import write_tables
from storage.plan_folder import read_plan
from tests.scenarios.folders import no_documents, slice_of_demo

PLAYS = 3
OWN = """
patches:
  duty_up: {tariff: {country: all, add: 0.10}}
  no_trains: {lane_closed: {mode: rail, from_week: 4, weeks: 6}}
  rouble_falls: {exchange_rate: {currency: RUB, factor: 1.25}}
scenarios:
  nothing: []
  rail-closed: [no_trains]
  one-way: [duty_up, rouble_falls]
  other-way: [rouble_falls, duty_up]
"""
FEW = ("tariff-10", "depot-lost", "no-air")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slice of the small demo under `network`, and a file of scenarios of its own."""
    place = tmp_path_factory.mktemp("study")
    write_tables(*slice_of_demo(60), place / "network")
    (place / "own.yaml").write_text(OWN, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def ran(folder: Path) -> Ran:
    """The whole library and the file, played a few times."""
    named = [*library(), str(folder / "own.yaml")]
    return run_set(
        folder / "network", named, folder / "out", documents=no_documents, jobs=1, effort=Effort(PLAYS, crossed=0)
    )


@pytest.fixture(scope="module")
def base(folder: Path, ran: Ran) -> Base:
    """What all are compared with."""
    return Base(read_network(folder / "network")[0], read_plan(ran.out / BASE))


@pytest.fixture(scope="module")
def compared(ran: Ran) -> Comparison:
    """The comparison."""
    return compare(ran.out)


@pytest.fixture(scope="module")
def copied(folder: Path, ran: Ran, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the set that later tests may run on with."""
    return Path(shutil.copytree(ran.out, tmp_path_factory.mktemp("copied") / "out"))


def plan_files(plan: Path) -> dict[str, bytes]:
    """Every file of a plan folder but what the referee saw; seconds left out."""
    beside = {SCENARIO, "plan.json"}
    files = {str(file.relative_to(plan)): file for file in sorted(plan.rglob("*")) if file.is_file()}
    kept = {name: file.read_bytes() for name, file in files.items() if not name.startswith(PLAYED)}
    told = {**json.loads(kept["plan.json"]), "seconds": None}
    return {name: kept[name] for name in kept.keys() - beside} | {"plan.json": json.dumps(told).encode()}


def test_every_scenario_of_the_library_is_planned_and_played(ran: Ran, base: Base, compared: Comparison) -> None:
    """Each leaves a plan of what is known in it; what nobody announced is met by the base plan; the money adds up."""
    assert {*library()} < {*ran.names} == {*ran.made}
    found = compared.json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    for one in compared.scenarios:
        plan = read_plan(ran.out / one.name)
        assert plan.json["snapshot"] == one.snapshots["known"]
        assert one.own_plan == (one.snapshots["known"] != base.network.snapshot)
        parts = sum(figure.difference.value for figure in one.money.values())
        assert parts == pytest.approx(one.total.difference.value, abs=1e-6 * one.total.base)
        assert one.own_plan or one.reacting.value == 0.0
        assert one.name == "nothing" or one.snapshots["world"] != base.network.snapshot


def test_an_empty_scenario_is_the_base_plan_to_the_byte(ran: Ran, compared: Comparison) -> None:
    """Every file; and it plays as the base plan plays, so that nothing differs."""
    assert plan_files(ran.out / "nothing") == plan_files(ran.out / BASE)
    (nothing,) = (one for one in compared.scenarios if one.name == "nothing")
    differences = [*nothing.money.values(), nothing.total, nothing.wait_days, nothing.co2_kg, *nothing.service.values()]
    assert all(figure.difference.value == 0.0 and not figure.sure for figure in differences)
    assert (nothing.lines["shipments"]["changed"], len(nothing.parts)) == (0, 10)


def test_two_patches_in_either_order_give_the_same_plan(ran: Ran) -> None:
    """Every file of it."""
    assert plan_files(ran.out / "one-way") == plan_files(ran.out / "other-way")


def test_a_surge_that_is_announced_costs_less_than_the_same_unannounced(compared: Comparison) -> None:
    """Of the same repairs, play by play; and what going on as planned costs is what the surprise costs."""
    known, surprise = (
        next(one for one in compared.scenarios if one.name == name) for name in ("singles-day", "singles-day-surprise")
    )
    assert known.total.scenario < surprise.total.scenario
    assert known.reacting.value > 0.0
    assert known.ignored.value == pytest.approx(surprise.total.difference.value)


def test_a_closed_lane_never_costs_less_than_the_bound_with_it_open(ran: Ran, base: Base) -> None:
    """As planned. Closed from week 4 on: earlier, what is on its way would come later and be held for less."""
    for name in ("air-closed", "rail-closed"):
        assert read_plan(ran.out / name).json["cost"]["total"] >= base.folder.json["lower_bound"]


def test_what_a_scenario_leaves_as_it_is_comes_out_the_same_when_made_anew(base: Base) -> None:
    """The forecast where demand is the same, the targets where theirs is: against both made from nothing."""
    network = base.network
    of_supply = ("tariff-10", "rouble-20", "service-95", "air-closed", "carbon-price", "depot-lost", "supplier-shut")
    patches = [patch for one in read_scenarios(of_supply, network) for patch in one.patches]
    other = patched(network, patches)
    assert same_demand(network, other, base.forecast)
    made = forecast(other, base.forecast.weeks, lead_weeks(other), base.methods).forecast
    for name in ("part", "region", "share_site"):
        assert (getattr(made, name) == getattr(base.forecast, name)).all()
    for name in ("mean", "batch_index", "rate_shape", "discount", "drift", "share"):
        assert getattr(made, name) == pytest.approx(getattr(base.forecast, name), rel=1e-12)
    today = ("budget-cut", "new-year", "air-closed", "recall")
    other = patched(network, [patch for one in read_scenarios(today, network) for patch in one.patches])
    assert same_targets(network, other)
    assert not same_targets(network, patched(network, patches))
    kept = base.planning(other).targets
    assert kept is not None
    fresh, columns = stock_targets(other, base.forecast), ["part", "site", "group", "base_stock", "fill_rate"]
    pd.testing.assert_frame_equal(fresh.table[columns], kept.table[columns], check_dtype=False)
    assert fresh.waiting_price == kept.waiting_price


@pytest.mark.parametrize("name", ["singles-day", "model-fails", "supplier-late", "brand-leaves"])
def test_a_forecast_is_kept_only_where_demand_is_the_same(name: str, base: Base) -> None:
    """More repairs, fewer, or more weeks ahead: it is made again."""
    (scenario,) = read_scenarios([name], base.network)
    assert not same_demand(base.network, worlds(base.network, scenario).world, base.forecast)


def test_the_base_plan_is_played_as_it_always_is_and_every_part_of_its_money_found(base: Base) -> None:
    """The same sums as the referee's own; by part and site they add up to each kind, but for what many parts share."""
    table = Table.of(base, seed=1)
    found = table.play(table.candidate(base.network, base.folder), base.network, base.forecast, PLAYS)
    assert found.tally.sums == played(staged(base.network, base.folder), None, PLAYS).sums
    by_kind = found.money.groupby("kind")["money"].sum()
    for kind in ("purchase", "duty", "order_line", "courier", "repair", "shortage", "end"):
        expected = float(np.mean(found.tally.sums[kind]))
        assert by_kind.get(kind, 0.0) == pytest.approx(expected, rel=1e-9, abs=1e-6)
    assert by_kind.sum() == pytest.approx(float(total_cost(found.tally).mean()))
    together = found.money[found.money["part"] == TOGETHER]["money"]
    assert len(together) == 1
    assert together.iloc[0] >= 0.0
    kg = float(found.lanes["co2_kg"].sum())
    assert 0.0 < kg <= float(np.mean(found.tally.sums["co2"]))


def test_a_set_goes_on_where_it_was_stopped_and_does_anew_what_changed(folder: Path, copied: Path) -> None:
    """What is there and would come out the same is not touched; a changed patch, a damaged folder is done again."""

    def run(text: str, effort: Effort | None = None) -> tuple[str, ...]:
        file = copied.parent / "own.yaml"
        file.write_text(text, encoding="utf-8")
        named = [*FEW, str(file)]
        arguments: dict[str, Any] = {"documents": no_documents, "jobs": 1, "effort": effort or Effort(PLAYS, 0)}
        return run_set(folder / "network", named, copied, **arguments).made

    before = {path: path.stat().st_mtime_ns for path in copied.rglob("*.parquet")}
    assert run(OWN) == ()
    assert {path: path.stat().st_mtime_ns for path in copied.rglob("*.parquet")} == before
    shutil.rmtree(copied / "depot-lost")
    assert run(OWN.replace("nothing: []", "nothing: {title: New words, patches: [], weight: 2}")) == ("depot-lost",)
    assert compare(copied).scenarios[3].title == "New words"
    assert run(OWN.replace("one-way: [duty_up, rouble_falls]", "one-way: []")) == ("one-way",)


def test_regret_is_of_each_plan_in_each_world(folder: Path, copied: Path) -> None:
    """Nothing negative, a best plan for each world, worst case and weighted mean as by hand; all told."""
    run_set(folder / "network", FEW, copied, documents=no_documents, jobs=1, effort=Effort(PLAYS, 2))
    found = compare(copied)
    regret = found.regret
    assert regret is not None
    assert (regret.plans, regret.worlds) == ((BASE, "tariff-10", "no-air"), (BASE, *FEW))
    money = np.array(regret.regret)
    assert (money >= 0.0).all()
    assert (money.min(axis=0) == 0.0).all()
    assert regret.worst == regret.plans[int(money.max(axis=1).argmin())]
    assert regret.average == regret.plans[int((money @ np.array(regret.weight)).argmin())]
    sums = json.loads((copied / "tariff-10" / PLAYED / "plays.json").read_text(encoding="utf-8"))["own"]["sums"]
    assert regret.cost[1][1] == pytest.approx(float(total_cost(Tally(sums))[:2].mean()))
    told = found.json()
    assert len(choice(told)) == 2
    page = scenarios_html(told).decode()
    assert page.count("<svg") == 3
    assert all(f"<h3>{name}</h3>" in page for name in FEW)


def test_the_answer_is_one_sentence_with_money_in_it(compared: Comparison) -> None:
    """Of every scenario: one full stop at its end, an amount, and over how long."""
    found = compared.json()
    for one in found["scenarios"]:
        text = sentence(one, found)
        assert "$" in text
        assert f"over {compared.weeks} weeks" in text
        assert text.endswith(".")
        assert ". " not in text
    assert len(scenario_lines(found)) >= 2 * len(found["scenarios"])


def test_a_scenario_becomes_the_plan_and_says_where_it_comes_from(folder: Path, copied: Path, tmp_path: Path) -> None:
    """The same tables, made again; scenario, patches and base data in plan.json; refused on other data."""
    adopt(copied, "tariff-10", tmp_path / "plan", documents=no_documents)
    was, now = plan_files(copied / "tariff-10"), plan_files(tmp_path / "plan")
    assert {name: now[name] for name in was.keys() - {"plan.json"}} == {n: was[n] for n in was.keys() - {"plan.json"}}
    told = read_plan(tmp_path / "plan").json["scenario"]
    assert (told["name"], told["patches"][0]["kind"]) == ("tariff-10", "tariff")
    assert told["snapshots"]["base"] == told["base"]["snapshot"] == read_plan(copied / BASE).json["snapshot"]
    with pytest.raises(ZapasError, match=r"no scenario nobody was run here; there are .*tariff-10"):
        adopt(copied, "nobody", tmp_path / "plan", documents=no_documents)
    elsewhere = tmp_path / "network"
    shutil.copytree(folder / "network", elsewhere)
    text = (elsewhere / "network.toml").read_text(encoding="utf-8")
    (elsewhere / "network.toml").write_text(text.replace("order_line_cost = ", "order_line_cost = 1"), encoding="utf-8")
    moved = json.loads((copied / "set.json").read_text(encoding="utf-8"))
    (copied / "set.json").write_text(json.dumps({**moved, "directory": str(elsewhere)}), encoding="utf-8")
    with pytest.raises(ZapasError, match="the data are no longer those"):
        adopt(copied, "tariff-10", tmp_path / "plan", documents=no_documents)


def test_what_cannot_be_a_set_is_refused(folder: Path, ran: Ran, tmp_path: Path) -> None:
    """A folder of something else, a base plan of other data, a scenario called base, a name that leaves the folder."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine", encoding="utf-8")
    arguments: dict[str, Any] = {"documents": no_documents, "jobs": 1}
    with pytest.raises(ZapasError, match="holds no scenarios; name another"):
        run_set(folder / "network", ["tariff-10"], tmp_path / "full", **arguments)
    with pytest.raises(ZapasError, match="made of other data"):
        run_set(folder / "network", ["tariff-10"], tmp_path / "new", plan=ran.out / "tariff-10", **arguments)
    for name, why in ((BASE, "may not be called base"), ("../out", "leave out slashes")):
        (tmp_path / "odd.yaml").write_text(f"scenarios: {{{name}: []}}", encoding="utf-8")
        with pytest.raises(ZapasError, match=why):
            run_set(folder / "network", [str(tmp_path / "odd.yaml")], tmp_path / "new", **arguments)
    with pytest.raises(ZapasError, match="holds no scenarios"):
        compare(tmp_path / "full")
