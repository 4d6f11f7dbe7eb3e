"""Declared events and the exposure they multiply."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from domain.network import Network
from forecasting.events import days_within, event_factors
from forecasting.history import History, read_history
from tests.networks import tiny_network

WEEKS = np.array(["2025-06-30", "2025-07-07", "2025-07-14"], "datetime64[D]")


@pytest.fixture(scope="module")
def network() -> Network:
    """The tiny network; X1 is named by all its usage."""
    return tiny_network()


def factors(network: Network, *events: tuple[str, str, str, float]) -> dict[tuple[str, str], list[float]]:
    """Factors per leaf and week of events (applies_to, start, end, factor)."""
    table = pd.DataFrame(list(events), columns=["applies_to", "start", "end", "factor"])
    table = table.assign(
        event="e", kind="promotion", start=pd.to_datetime(table["start"]), end=pd.to_datetime(table["end"])
    )
    history: History = read_history(network, 8)
    result = event_factors(replace(network, events=table[network.events.columns]), history, WEEKS)
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
