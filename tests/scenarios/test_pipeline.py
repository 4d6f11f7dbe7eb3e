"""The pipeline: named steps in order, each adding one value, timed, without touching what is there."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from domain.calendar import DAYS_PER_WEEK
from domain.forecast import Forecast
from scenarios.pipeline import STEPS, Planning, lead_weeks, run_pipeline
from storage.network_folder import network_from_tables
from tests.networks import tiny_network, tiny_tables


@pytest.fixture(scope="module")
def planning() -> Planning:
    """The tiny network, planned."""
    return run_pipeline(tiny_network())


def test_every_step_is_told_and_timed() -> None:
    """People read what each step does, in the order of the steps, and each step has its seconds."""
    told: list[str] = []
    done = run_pipeline(tiny_network(), tell=told.append)
    assert [text for text in told if text in {step.says for step in STEPS}] == [step.says for step in STEPS]
    assert list(done.seconds) == [step.name for step in STEPS]
    assert all(seconds > 0 for seconds in done.seconds.values())


def test_a_given_forecast_is_planned_as_given() -> None:
    """A planner's own forecast is used as it is: a tenth of the demand costs less than all of it."""
    usual = run_pipeline(tiny_network().with_parts({"NA"}))
    assert isinstance(usual.forecast, Forecast)
    tenth = replace(usual.forecast, mean=0.1 * usual.forecast.mean)
    again = run_pipeline(usual.network, given=tenth)
    assert again.forecast is tenth
    assert again.plan.replenishment.lower_bound < usual.plan.replenishment.lower_bound


def test_targets_carry_the_promise_of_the_plan(planning: Planning) -> None:
    """`promised` of a repair point is what the replenishment promises there, and empty where nobody asks."""
    targets, points = planning.plan.targets.table, planning.plan.replenishment.point_service
    promised = points.set_index(["part", "site"])["promised"]
    for part, site, group, share in targets[["part", "site", "group", "promised"]].itertuples(index=False):
        if group != "" and (part, site) in promised.index:
            assert share == promised.loc[(part, site)]
        else:
            assert np.isnan(share)
    assert targets["promised"].notna().any()


def test_planning_leaves_the_network_as_it_was(planning: Planning) -> None:
    """The steps are pure: no table of the network has changed."""
    fresh = tiny_network()
    for name in ("parts", "stock", "usage", "lanes", "inbound", "repair_orders"):
        pd.testing.assert_frame_equal(getattr(planning.network, name), getattr(fresh, name))


def test_an_unfinished_pipeline_has_no_plan() -> None:
    """Asking for the plan before all steps have run is an error, not half a plan."""
    with pytest.raises(ValueError, match="not run to its end"):
        _ = Planning(tiny_network()).plan
    with pytest.raises(ValueError, match="no forecast yet"):
        STEPS[1].run(Planning(tiny_network()), print)


def test_lead_weeks_add_supplier_lane_and_a_week_of_review() -> None:
    """A forecast is judged over supplier lead time + ordinary lane + one week, and never less than a week."""
    network = tiny_network()
    slower = replace(network, suppliers=network.suppliers.assign(lead_time_days=14.0 + 5 * DAYS_PER_WEEK))
    assert lead_weeks(slower) == lead_weeks(network) + 5
    assert 1 + 2 + 1 <= lead_weeks(network) <= 2 + 6 + 1  # supplier 14 days; lanes 7 to 38 days


def test_a_transfer_is_counted_once(planning: Planning) -> None:
    """What one depot gives another is gone there, under way to the other, and a row of today's allocation."""
    tables, settings = tiny_tables()
    more = pd.DataFrame([{"site": "D1", "part": "0001", "condition": "good", "on_hand": 60, "expires": "2027-01-01"}])
    road = {"origin": "D1", "destination": "D2", "mode": "road", "transit_days": 3, "cost_per_kg": 1.0}
    tables["stock"] = pd.concat([tables["stock"], more], ignore_index=True)
    tables["lanes"] = pd.concat([tables["lanes"], pd.DataFrame([road])], ignore_index=True)
    done = run_pipeline(network_from_tables(tables, settings)[0], given=planning.forecast)
    assert done.transfers is not None
    assert done.allocation is not None
    moved = done.transfers.table[done.transfers.table["part"] == "0001"]
    quantity = int(moved["quantity"].sum())
    assert quantity > 0
    assert set(moved["to_site"]) == {"D2"}
    before, after = (network.stock.groupby(["part", "site"])["on_hand"].sum() for network in (done.network, done.moved))
    assert before["0001", "D1"] - after["0001", "D1"] == quantity
    coming = done.moved.inbound
    assert int(coming.loc[coming["destination"] == "D2", "quantity"].sum()) == quantity
    rows = done.allocation.table
    listed = rows[(rows["part"] == "0001") & (rows["from_site"] == "D1") & (rows["to_site"] == "D2")]
    assert list(listed["quantity"]) == [quantity]
    assert list(listed["reason"]) == list(moved["reason"])
    elsewhere = rows[(rows["part"] == "0001") & (rows["from_site"] == "D1")]
    assert int(elsewhere["quantity"].sum()) <= before["0001", "D1"]
    assert list(done.plan.exceptions["kind"]).count("excess") == len(done.transfers.exceptions)


def test_without_lanes_between_depots_nothing_is_moved(planning: Planning) -> None:
    """Where no depot can reach another, the plan is of the network as it is."""
    assert planning.moved is planning.network
    assert planning.transfers is not None
    assert not len(planning.transfers.table)
    assert not len(planning.transfers.exceptions)
