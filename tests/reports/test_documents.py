"""What a plan folder's readers get, and what can be told from a plan folder alone."""

from pathlib import Path

from reports.changes import diff
from reports.documents import compared, documents
from reports.explain import explain
from reports.tables import COMPARED, EXPLAINED, part_forecast, plan_frames, stored_frames, stored_network
from scenarios.run import plan_json
from storage.plan_folder import PlanFolder, read_plan, write_plan
from tests.reports.workshop import workshop

CASE = workshop()


def stored(folder: Path) -> PlanFolder:
    """The planned workshop as a plan folder."""
    forecast = part_forecast(CASE.network, CASE.forecast, "0010")
    shares = forecast.head(0)[["part"]].assign(site="", share=0.0)
    frames = {**plan_frames(CASE.plan), "forecast": forecast, "shares": shares, "overrides": CASE.forecast.overrides}
    write_plan(folder, plan_json(CASE.network, CASE.plan, 1.0), frames, {}, CASE.network)
    return read_plan(folder)


def test_a_plan_folder_explains_as_the_plan_does(tmp_path: Path) -> None:
    """From the stored frames and facts come the same sentences as from the plan in memory, targets included."""
    folder = stored(tmp_path / "plan")
    fresh = {**plan_frames(CASE.plan), "forecast": part_forecast(CASE.network, CASE.forecast, "0010")}
    for site in (None, "P11"):
        told = explain(stored_frames(folder, EXPLAINED), stored_network(folder), "0010", site)
        assert told == explain(fresh, CASE.network, "0010", site)


def test_a_plan_equals_itself_stored(tmp_path: Path) -> None:
    """Writing and reading changes nothing: no difference is found."""
    folder = stored(tmp_path / "plan")
    assert diff(stored_network(folder), stored_frames(folder, COMPARED), plan_frames(CASE.plan)).empty


def test_documents_are_the_two_files_and_know_the_plan_before(tmp_path: Path) -> None:
    """plan.xlsx and report.html; with an earlier plan they tell what changed."""
    before = stored(tmp_path / "plan")
    first = documents(CASE.network, CASE.forecast, CASE.plan, None)
    second = documents(CASE.network, CASE.forecast, CASE.plan, before)
    assert set(first) == set(second) == {"plan.xlsx", "report.html"}
    assert b"no earlier plan" in first["report.html"]
    assert b"no earlier plan" not in second["report.html"]
    assert compared(CASE.network, CASE.forecast, CASE.plan, before).changes is not None
