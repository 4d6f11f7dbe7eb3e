"""Peaks and shutdowns ahead of a plan: dates by hand, what they add, and what a plan without them does later."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from domain.network import Network
from domain.problems import ZapasError
from reports.calendar_ahead import calendar_lines, calendar_table
from scenarios.what_if.calendar import Ahead, CalendarAhead, Happening, Study, calendar_ahead, happenings, without
from storage.network_folder import network_from_tables, read_network
from storage.plan_folder import read_plan
from tests.networks import Settings, Tables
from tests.optimizer.siting.networks import candidate_tables
from tests.scenarios.folders import planned

EVENTS = [
    ("harvest-festival-2025-HUB", "shutdown", "site:HUB", "2025-07-28", "2025-08-10", None),
    ("harvest-festival-2025-S1", "shutdown", "supplier:S1", "2025-07-28", "2025-08-10", None),
    ("school-sale-RU-2025", "promotion", "country:RU", "2025-08-18", "2025-08-31", 2.0),
    ("summer-lull-2025-KZ", "holiday", "country:KZ", "2025-07-14", "2025-07-20", 0.5),
    ("harvest-festival-2024-HUB", "shutdown", "site:HUB", "2024-07-28", "2024-08-10", None),
    ("harvest-festival-2026-HUB", "shutdown", "site:HUB", "2026-07-28", "2026-08-10", None),
]


def raw() -> tuple[Tables, Settings]:
    """Screens alone, by air, over eight weeks from Monday 30 June 2025; every part comes from S1 in 14 days."""
    tables, settings = candidate_tables(["0001"], {})
    tables["events"] = pd.DataFrame(EVENTS, columns=["event", "kind", "applies_to", "start", "end", "factor"])
    at_depot = tables["stock"]["site"].isin(["D1", "D2"])
    tables["stock"] = tables["stock"].assign(on_hand=tables["stock"]["on_hand"].where(~at_depot, 2))
    return tables, settings | {"horizon_weeks": 8, "order_line_cost": 0.0, "holding_rate_per_year": 0.9}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network and its plan."""
    place = tmp_path_factory.mktemp("calendar")
    planned(raw(), place)
    return place


@pytest.fixture(scope="module")
def network(folder: Path) -> Network:
    return read_network(folder / "network")[0]


@pytest.fixture(scope="module")
def found(network: Network, folder: Path) -> CalendarAhead:
    return calendar_ahead(network, folder / "plan")


def by_title(found: CalendarAhead) -> dict[str, Ahead]:
    """Each happening by its title."""
    return {one.what.title: one for one in found.ahead}


def test_events_of_one_name_and_time_are_one_happening(network: Network) -> None:
    """Ids lose year and place; what is over, far off, or lowers demand is not ahead."""
    told = [(one.title, one.kind, one.start, one.days, one.applies_to) for one in happenings(network)]
    assert told == [
        ("Harvest festival", "shutdown", date(2025, 7, 28), 14, ("site:HUB", "supplier:S1")),
        ("School sale", "peak", date(2025, 8, 18), 14, ("country:RU",)),
    ]


def test_a_shutdown_says_what_stands_still_and_when(found: CalendarAhead) -> None:
    """The hub's lanes leave last in the week before and first on the day after; S1 delivers what it took by 7 July."""
    shut = by_title(found)["Harvest festival"]
    lanes = shut.lanes.set_index("lane")
    assert list(lanes.index) == ["HUB-D1-air", "HUB-D2-air"]
    last, after = (
        {lane: f"{day:%m-%d}" for lane, day in lanes[name].items()} for name in ("last_departure", "next_departure")
    )
    assert last == {"HUB-D1-air": "07-21", "HUB-D2-air": "07-22"}
    assert after == {"HUB-D1-air": "08-11", "HUB-D2-air": "08-12"}
    assert shut.suppliers.to_dict("records") == [
        {"supplier": "S1", "last_order": pd.Timestamp("2025-07-07"), "next_order": pd.Timestamp("2025-08-11")}
    ]
    assert set(shut.orders["order_by"]) == {pd.Timestamp("2025-07-07")}
    assert not len(shut.extra)


def test_a_peak_counts_the_shutdown_before_it(found: CalendarAhead) -> None:
    """What leaves D1's hub on 11 August arrives on the 18th, too late: the last in time leaves before the shutdown."""
    peak = by_title(found)["School sale"]
    lane = peak.lanes.set_index("lane").to_dict("index")["HUB-D1-air"]
    assert (lane["last_departure"], lane["arrives"]) == (pd.Timestamp("2025-07-21"), pd.Timestamp("2025-07-28"))
    assert lane["next_departure"] is pd.NaT
    assert list(peak.lanes["destination"]) == ["D1"]


def test_a_peak_adds_what_its_factor_says(found: CalendarAhead, folder: Path) -> None:
    """A factor of 2 over two whole weeks: half of what the plan expects in them is extra, in Russia alone."""
    peak = by_title(found)["School sale"]
    forecast = pd.read_parquet(folder / "plan" / "forecast.parquet")
    weeks = pd.to_datetime(forecast["week"]).between("2025-08-18", "2025-08-31")
    usual = forecast.loc[weeks & (forecast["region"] == "R1"), "mean"].sum()
    assert list(peak.extra["depot"]) == ["D1"]
    assert peak.extra["pieces"].sum() == pytest.approx(usual / 2)
    assert peak.extra["money"].sum() == pytest.approx(usual / 2 * 60.0)


def test_the_plan_moves_ahead_what_a_plan_without_the_shutdown_sends_later(found: CalendarAhead, folder: Path) -> None:
    """Pieces moved forward left before the shutdown, are no more than left then, and their cost lies in its range."""
    shut = by_title(found)["Harvest festival"]
    assert shut.moved is not None
    assert shut.cost is not None
    assert shut.cost_range is not None
    shipments = pd.read_parquet(folder / "plan" / "shipments.parquet")
    before = shipments[pd.to_datetime(shipments["departs"]) < pd.Timestamp("2025-07-28")]["quantity"].sum()
    assert 0 < shut.moved["pieces"].sum() <= before
    assert shut.cost_range[0] - 1e-6 <= shut.cost <= shut.cost_range[1] + 1e-6
    assert shut.cost_range[1] > 0


def test_what_touches_nothing_changes_nothing(network: Network, folder: Path) -> None:
    """A shutdown of a courier no shipment goes by moves nothing, costs nothing and holds no lane up."""
    idle = network.events.iloc[:1].assign(
        event="idle", applies_to="lane:D2-P22-courier", start=pd.Timestamp("2025-07-28")
    )
    events = pd.concat([network.events, idle], ignore_index=True)
    study = Study(replace(network, events=events), read_plan(folder / "plan"), lambda text: None)
    one = study.ahead(
        Happening("Idle", "shutdown", date(2025, 7, 28), date(2025, 8, 10), 1.0, ("lane:D2-P22-courier",), ("idle",)),
        True,
    )
    assert one.moved is not None
    assert not len(one.lanes) + len(one.moved)
    assert one.cost == pytest.approx(0.0, abs=1e-6)


def test_lines_say_dates_pieces_and_money(found: CalendarAhead) -> None:
    """A heading with what is shut and by when to order, what the peak adds, and JSON without surprises."""
    text = "\n".join(calendar_lines(found))
    assert "Harvest festival shuts HUB and S1 from Mon 28 Jul for 2 weeks: order by Mon 7 Jul." in text
    assert "School sale lifts country RU by 100 % from Mon 18 Aug to Sun 31 Aug" in text
    assert len(calendar_table(found)) == 4
    told = json.loads(json.dumps(found.json(), allow_nan=False))
    assert [one["title"] for one in told["ahead"]] == ["Harvest festival", "School sale"]
    assert told["ahead"][0]["lanes"][0]["last_departure"] == "2025-07-21"


def test_nothing_ahead_is_said(network: Network, folder: Path) -> None:
    """Without events ahead one line says until when; a plan of another day is refused."""
    quiet = network
    for one in happenings(network):
        quiet = without(quiet, one)
    assert calendar_lines(calendar_ahead(quiet, folder / "plan")) == [
        "No peak and no shutdown is declared until Sun 19 Oct."
    ]
    tables, settings = raw()
    later = network_from_tables(tables, settings | {"as_of": "2025-07-06"})[0]
    with pytest.raises(ZapasError, match="2025-06-29"):
        calendar_ahead(later, folder / "plan")
