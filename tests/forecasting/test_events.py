"""Declared events and the exposure they multiply."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.network import Network
from forecasting.events import CATCH_UP_DAYS, Floats, caught_up, days_within, event_factors, sales_factors
from forecasting.history import History, read_history
from tests.networks import tiny_network

WEEKS = np.array(["2025-06-30", "2025-07-07", "2025-07-14"], "datetime64[D]")
EIGHT_WEEKS = np.datetime64("2025-06-30") + 7 * np.arange(9)


@pytest.fixture(scope="module")
def network() -> Network:
    """The tiny network; X1 is named by all its usage."""
    return tiny_network()


def with_events(network: Network, *events: tuple[str, str, str, str, float]) -> Network:
    """The network with events (kind, applies_to, start, end, factor)."""
    table = pd.DataFrame(list(events), columns=["kind", "applies_to", "start", "end", "factor"])
    table = table.assign(event="e", start=pd.to_datetime(table["start"]), end=pd.to_datetime(table["end"]))
    return replace(network, events=table[network.events.columns])


def felt(network: Network, *events: tuple[str, str, str, str, float], promotions: bool = True) -> Floats:
    """Factors of eight weeks, shape (leaves, weeks)."""
    history: History = read_history(network, 8)
    return event_factors(with_events(network, *events), history, EIGHT_WEEKS, promotions)


def factors(network: Network, *events: tuple[str, str, str, float]) -> dict[tuple[str, str], list[float]]:
    """Factors per leaf and week of promotions (applies_to, start, end, factor)."""
    history: History = read_history(network, 8)
    result = event_factors(with_events(network, *(("promotion", *event) for event in events)), history, WEEKS)
    return dict(zip(zip(history.part, history.region, strict=True), result.tolist(), strict=True))


def test_days_of_an_event_within_weeks() -> None:
    """Sunday to Tuesday lies with one day in one week and two in the next."""
    assert days_within(WEEKS, np.datetime64("2025-07-06"), np.datetime64("2025-07-09")).tolist() == [1.0, 2.0]


def test_an_event_counts_by_its_days(network: Network) -> None:
    """Factor 3 on one day of seven gives 1 + 2/7 in that week, nothing in the next."""
    for values in factors(network, ("all", "2025-07-06", "2025-07-06", 3.0)).values():
        assert values == pytest.approx([1 + 2 / 7, 1.0])


@pytest.mark.parametrize("target", ["region:R2", "country:KZ"])
def test_an_event_of_a_region_or_country_stays_there(network: Network, target: str) -> None:
    """Kazakhstan's holiday changes Kazakhstan's demand."""
    for (_, region), values in factors(network, (target, "2025-06-30", "2025-07-06", 0.5)).items():
        assert values == ([0.5, 1.0] if region == "R2" else [1.0, 1.0])


def test_an_event_of_a_model_acts_on_its_share_of_demand(network: Network) -> None:
    """Usage names the models: half of a part's demand from the model on promotion feels half of it."""
    usage = network.usage.sort_values(["part", "site", "date"], ignore_index=True)
    usage["model"] = np.where(usage.groupby("part").cumcount() % 2 == 0, "X1", "X2")
    usage = usage[(usage["part"] == "NA") & (usage["site"] == "P22")].iloc[:4].assign(quantity=1)
    found = factors(replace(network, usage=usage), ("model:X2", "2025-06-30", "2025-07-13", 2.0))
    assert found["NA", "R2"] == pytest.approx([1.5, 1.5])
    assert found["0001", "R2"] == pytest.approx([1.5, 1.5])  # no usage: one of the two models it fits
    assert found["22E1", "R1"] == [1.0, 1.0]  # fits X1 only


def test_events_multiply_and_those_of_lanes_do_nothing(network: Network) -> None:
    """Two events of a week multiply; a closed lane moves goods, not demand."""
    whole = ("2025-06-30", "2025-07-06")
    found = factors(network, ("all", *whole, 2.0), ("category:phone", *whole, 1.5), ("lane:HUB-D1-sea", *whole, 9.0))
    assert all(values == pytest.approx([3.0, 1.0]) for values in found.values())


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40))
def test_no_case_is_lost_on_closed_days(openness: list[float]) -> None:
    """However days are closed, all cases come in the end; open days get theirs and what was postponed, never less."""
    days = np.array([*openness, *np.ones(CATCH_UP_DAYS)])
    demand = caught_up(days)
    assert demand.sum() == pytest.approx(len(days))
    assert (demand >= days).all()
    assert (demand[days < 1] == days[days < 1]).all()


def test_a_closed_week_is_caught_up_in_the_next(network: Network) -> None:
    """A region shut from Monday to Sunday sees nothing that week, then twice its demand, then what it always saw."""
    found = felt(network, ("shutdown", "region:R2", "2025-07-07", "2025-07-13", 1.0))
    shut = read_history(network, 8).region == "R2"
    assert (found[~shut] == 1).all()
    assert found[shut] == pytest.approx(np.tile([1, 0, 2, 1, 1, 1, 1, 1], (shut.sum(), 1)))


@pytest.mark.parametrize("target", ["all", "region:R1", "country:KZ", "site:P21"])
@pytest.mark.parametrize(("kind", "factor"), [("shutdown", 1.0), ("holiday", 0.35)])
def test_closed_days_move_demand_and_keep_its_sum(network: Network, kind: str, target: str, factor: float) -> None:
    """Total exposure over the weeks around a holiday or a shutdown is what it is without one."""
    found = felt(network, (kind, target, "2025-07-10", "2025-07-18", factor))
    assert found.sum(axis=1) == pytest.approx(8)
    assert found.min() < 1 < found.max()


def test_a_shut_point_moves_only_its_own_share(network: Network) -> None:
    """Screens of R2 come from both its points: with one shut the week keeps the other's share."""
    history = read_history(network, 8)
    found = felt(network, ("shutdown", "site:P21", "2025-07-07", "2025-07-13", 1.0))
    kept = dict(zip(zip(history.part, history.region, strict=True), found[:, 1], strict=True))
    assert kept["22E1", "R2"] < 0.2 < kept["0001", "R2"] < 0.8 < kept["NA", "R2"] < 1
    assert kept["0001", "R1"] == 1


@pytest.mark.parametrize("target", ["lane:HUB-D1-sea", "supplier:S1", "site:HUB", "model:X1"])
def test_a_shutdown_without_repairs_moves_no_demand(network: Network, target: str) -> None:
    """A lane, a supplier or the hub at rest moves goods; a model cannot be shut."""
    assert (felt(network, ("shutdown", target, "2025-07-07", "2025-07-20", 1.0)) == 1).all()


@pytest.mark.parametrize("kind", ["promotion", "holiday"])
@pytest.mark.parametrize("target", ["all", "country:RU", "site:P11", "category:phone", "model:X2"])
def test_an_event_of_factor_one_changes_nothing(network: Network, kind: str, target: str) -> None:
    """Factor 1 is no event."""
    assert (felt(network, (kind, target, "2025-07-01", "2025-07-20", 1.0)) == 1).all()


@pytest.mark.parametrize(("kind", "factor"), [("shutdown", 1.0), ("holiday", 0.5), ("holiday", 1.5), ("promotion", 2)])
def test_two_adjacent_events_are_one_long_event(network: Network, kind: str, factor: float) -> None:
    """Splitting an event within a week or at a week's end changes nothing."""
    long = felt(network, (kind, "region:R1", "2025-07-07", "2025-07-27", factor))
    for before, after in (("2025-07-13", "2025-07-14"), ("2025-07-16", "2025-07-17")):
        halves = (("2025-07-07", before), (after, "2025-07-27"))
        assert felt(network, *((kind, "region:R1", *days, factor) for days in halves)) == pytest.approx(long)


def test_a_closed_day_is_closed_once(network: Network) -> None:
    """A holiday within a shutdown, or the same shutdown named for country and region, closes no more."""
    once = felt(network, ("shutdown", "region:R1", "2025-07-07", "2025-07-13", 1.0))
    again = [
        ("shutdown", "region:R1", "2025-07-07", "2025-07-13", 1.0),
        ("shutdown", "country:RU", "2025-07-08", "2025-07-10", 1.0),
        ("holiday", "region:R1", "2025-07-08", "2025-07-09", 0.5),
    ]
    assert felt(network, *again) == pytest.approx(once)


def test_promotions_lift_the_plan_of_sales_or_demand_but_not_both(network: Network) -> None:
    """With the installed base a promotion lifts planned months by its days, not demand; past sales are known."""
    event = ("promotion", "model:X1", "2025-06-01", "2025-07-31", 3.0)
    assert (felt(network, event, promotions=False) == 1).all()
    months = np.array(["2025-06-01", "2025-07-01", "2025-08-01"], "datetime64[D]")
    found = sales_factors(with_events(network, event), months)
    assert found.shape == (2, 2, 3)
    assert found[:, 0].tolist() == [[1, 3, 1]] * 2
    assert (found[:, 1] == 1).all()
    half = sales_factors(with_events(network, ("promotion", "country:KZ", "2025-08-01", "2025-08-31", 1.5)), months)
    assert half[:, :, 2].tolist() == [[1, 1], [1.5, 1.5]]
