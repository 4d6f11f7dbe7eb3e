"""A run: from a network folder to a plan folder, whole or not at all."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from domain.problems import ZapasError
from optimizer.targets import stock_targets
from scenarios.run import restricted, run_forecast, run_plan
from storage.network_folder import read_network
from storage.network_writing import write_tables
from storage.plan_folder import read_plan
from tests.networks import tiny_network
from tests.scenarios.folders import no_documents, planned, tiny

REPORTED = {"status", "cost", "lower_bound", "gap", "gap_controllable", "gap_at_zero_prices", "gap_owed_to", "rules",
            "binding", "replanning_saves", "service", "waiting_price", "seconds", "snapshot", "version"}  # fmt: skip


def test_the_folder_says_what_the_run_found(tmp_path: Path) -> None:
    """plan.json and the tables on disk are those of the Run, its costs add up, and the snapshot is the network's."""
    run = planned(tiny(), tmp_path)
    folder = read_plan(tmp_path / "plan")
    assert folder.json == json.loads(json.dumps(run.json))
    assert folder.json.keys() == REPORTED
    cost = dict(folder.json["cost"])
    total, controllable = cost.pop("total"), cost.pop("controllable")
    assert sum(cost.values()) == pytest.approx(total)
    kinds = ("freight", "consignment", "order_line", "holding", "shortage")
    assert sum(cost[kind] for kind in kinds) == pytest.approx(controllable)
    assert folder.json["gap"] == pytest.approx((total - folder.json["lower_bound"]) / total)
    assert folder.json["snapshot"] == read_network(tmp_path / "network")[0].snapshot
    shipments = run.plan.replenishment.shipments
    pd.testing.assert_frame_equal(folder.frame("shipments"), shipments, check_dtype=False)
    risk = folder.frame("exceptions")["money_at_risk"]
    assert risk.is_monotonic_decreasing


def test_a_document_that_fails_leaves_no_plan(tmp_path: Path) -> None:
    """What goes wrong after the last step leaves neither plan nor partial folder."""
    write_tables(*tiny(), tmp_path / "network")

    def torn(*_: object) -> dict[str, bytes]:
        raise ZapasError("The printer is on fire.")

    with pytest.raises(ZapasError, match="on fire"):
        run_plan(tmp_path / "network", tmp_path / "plan", documents=torn, only={"part": "NA"})
    assert [path.name for path in tmp_path.iterdir()] == ["network"]


def test_rows_set_aside_travel_with_the_plan(tmp_path: Path) -> None:
    """Fact rows that cannot be read are left out, and the plan folder holds them with what is wrong."""
    tables, settings = tiny()
    tables["usage"].loc[0, "date"] = "2025-02-30"
    write_tables(tables, {**settings, "set_aside_limit": 0.05}, tmp_path / "network")
    run = run_plan(tmp_path / "network", tmp_path / "plan", documents=no_documents, only={"part": "NA"})
    assert len(run.network.usage) > 0
    aside = pd.read_excel(tmp_path / "plan" / "set_aside.xlsx", sheet_name="usage", dtype=str, engine="calamine")
    assert "2025-02-30" in aside.to_string()


def test_a_forecast_covers_the_inner_horizon(tmp_path: Path) -> None:
    """`run_forecast` writes a row for every part, region and week, and keeps how it was made."""
    write_tables(*tiny(), tmp_path / "network")
    rows = run_forecast(tmp_path / "network", tmp_path / "forecast").forecast.mean.size
    made = pd.read_parquet(tmp_path / "forecast" / "forecast.parquet")
    assert len(made) == rows == made.groupby(["part", "region"]).ngroups * made["week"].nunique()


@pytest.mark.parametrize(
    ("only", "parts"),
    [
        ({}, {"0001", "22E1", "NA"}),
        ({"brand": "Orbit"}, {"0001", "22E1", "NA"}),
        ({"part_class": "screen"}, {"0001"}),
        ({"brand": "Orbit", "part": "22E1"}, {"22E1"}),
    ],
)
def test_only_leaves_the_parts_that_fit_all_keys(only: dict[str, str], parts: set[str]) -> None:
    """--only keeps the parts that fit every key, in every table, and the sites and lanes as they are."""
    whole = tiny_network()
    network = restricted(whole, only)
    assert set(network.parts["part"]) == parts
    assert set(network.usage["part"]) == parts
    assert len(network.lanes) == len(whole.lanes)


def test_only_that_fits_nothing_is_refused() -> None:
    """Keys that no part fits together are an error, not an empty plan."""
    with pytest.raises(ZapasError, match="no part of the network fits"):
        restricted(tiny_network(), {"part_class": "screen", "part": "NA"})


def test_targets_stay_as_the_plan_before_had_them(tmp_path: Path) -> None:
    """Where changes cost, the next plan is handed the targets before it and says since when they are kept."""
    tables, settings = tiny()
    write_tables(tables, {**settings, "target_change_cost": 1e6, "service": {"fill_rate": 0.97}}, tmp_path / "network")
    run_plan(tmp_path / "network", tmp_path / "plan", documents=no_documents, only={"part": "NA"})
    before = read_plan(tmp_path / "plan").frame("targets")
    looser = {**settings, "target_change_cost": 1e6, "service": {"fill_rate": 0.6}}
    write_tables(tables, looser, tmp_path / "network")
    run = run_plan(tmp_path / "network", tmp_path / "plan", documents=no_documents, only={"part": "NA"})
    held = read_plan(tmp_path / "plan").frame("targets")
    pd.testing.assert_frame_equal(held[["base_stock", "since"]], before[["base_stock", "since"]])
    assert before["since"].notna().any()
    careless = replace(run.network, settings=replace(run.network.settings, target_change_cost=0.0))
    assert stock_targets(careless, run.forecast).table["base_stock"].sum() < before["base_stock"].sum()


def test_lines_stay_as_the_plan_before_had_them(tmp_path: Path) -> None:
    """Where changed order lines cost, the plan that OUT holds keeps its lines though two more repairs wait."""
    tables, settings = tiny()
    lines = {}
    for churn_cost in (0.0, 500.0):
        out = tmp_path / f"plan {churn_cost}"
        write_tables(tables, {**settings, "churn_cost": churn_cost}, tmp_path / "network")
        run_plan(tmp_path / "network", out, documents=no_documents, only={"part": "NA"})
        before = read_plan(out).frame("shipments")
        more = tables["repair_orders"].assign(repair_order="RO-2", quantity=2)
        both = pd.concat([tables["repair_orders"], more], ignore_index=True)
        write_tables({**tables, "repair_orders": both}, {**settings, "churn_cost": churn_cost}, tmp_path / "network")
        run_plan(tmp_path / "network", out, documents=no_documents, only={"part": "NA"})
        published = before["departs"] < before["departs"].min() + pd.Timedelta(weeks=20)
        key = ["part", "lane", "departs", "quantity"]
        lines[churn_cost] = (before[published], read_plan(out).frame("shipments")[key].merge(before[published][key]))
    assert len(lines[0.0][0]) == len(lines[500.0][0]) > 0
    assert len(lines[500.0][1]) == len(lines[500.0][0])
    assert len(lines[0.0][1]) < len(lines[0.0][0])


def test_the_same_data_planned_again_keeps_its_plan_before(tmp_path: Path) -> None:
    """A plan made again over itself is charged for what the plan before it published, and so decides the same."""
    tables, settings = tiny()
    out, dear = tmp_path / "plan", {**settings, "churn_cost": 3.0}
    write_tables(tables, dear, tmp_path / "network")
    run_plan(tmp_path / "network", out, documents=no_documents, only={"part": "NA"})
    more = pd.concat([tables["repair_orders"], tables["repair_orders"].assign(repair_order="RO-2")], ignore_index=True)
    write_tables({**tables, "repair_orders": more}, dear, tmp_path / "network")
    made = []
    for _ in range(3):
        run_plan(tmp_path / "network", out, documents=no_documents, only={"part": "NA"})
        made.append({file.name: file.read_bytes() for file in out.glob("*.parquet")})
    assert "earlier_shipments.parquet" in made[0]
    assert made[0] == made[1] == made[2]
