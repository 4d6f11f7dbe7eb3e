"""Network tables → demand per part × region and week."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from domain.network import Network
from forecasting.history import History, read_history
from tests.networks import tiny_network

AS_OF = date(2025, 6, 29)  # a Sunday


@pytest.fixture(scope="module")
def network() -> Network:
    """The tiny network with nothing that makes a leaf but its usage."""
    return replace(tiny_network(), sales=tiny_network().sales.iloc[:0])


def with_usage(network: Network, rows: Iterable[tuple[str, str, str, int]], bucket: str = "week") -> Network:
    """The network with this usage (date, site, part, quantity) and nothing else, all of it `used`."""
    usage = pd.DataFrame(list(rows), columns=["date", "site", "part", "quantity"])
    usage = usage.assign(date=pd.to_datetime(usage["date"]), model="", ticket="", kind="used")
    settings = replace(network.settings, history_bucket=bucket)
    return replace(network, usage=usage[network.usage.columns], settings=settings)


def unlaunched(network: Network) -> Network:
    """The network with no model's launch known."""
    return replace(
        network, models=network.models.assign(launched=network.models["launched"].where(network.models["model"] == ""))
    )


def counts_of(history: History, part: str, region: str) -> list[float]:
    """Weekly counts of a leaf."""
    return list(history.counts[(history.part == part) & (history.region == region)][0])


def start_of(history: History, part: str, region: str) -> int:
    """First period that counts as evidence for a leaf."""
    return int(history.starts[(history.part == part) & (history.region == region)][0])


def test_counts_agree_with_a_plain_group_by(network: Network) -> None:
    """Weekly demand of a leaf is the sum of everything used and unmet at the sites of its region."""
    history = read_history(network, 8)
    usage = network.usage.assign(region=network.usage["site"].map(network.site_of["region"]))
    monday = usage["date"] - pd.to_timedelta(usage["date"].dt.weekday, unit="D")
    table = usage.pivot_table(index=["part", "region"], columns=monday, values="quantity", aggfunc="sum", fill_value=0)
    assert list(zip(history.part, history.region, strict=True)) == list(table.index)
    assert (history.counts == table.to_numpy()).all()
    assert history.counts.shape == (6, 26)


def test_unmet_demand_is_demand(network: Network) -> None:
    """A case that was not served counts like one that was."""
    unmet = network.usage["kind"] == "unmet"
    assert unmet.sum() == 1
    without = read_history(replace(network, usage=network.usage[~unmet]), 8)
    assert read_history(network, 8).counts.sum() == without.counts.sum() + 1


def test_a_correction_reduces_its_week_then_those_before(network: Network) -> None:
    """A negative quantity eats the demand of its week and of the weeks before; no count is ever negative."""
    history = read_history(
        with_usage(
            network,
            [
                ("2025-06-02", "P11", "0001", 2),
                ("2025-06-09", "P11", "0001", 3),
                ("2025-06-16", "P12", "0001", 1),
                ("2025-06-18", "P11", "0001", -5),
                ("2025-06-23", "P11", "0001", 4),
                ("2025-06-02", "P11", "NA", 1),
                ("2025-06-10", "P11", "NA", -9),
            ],
        ),
        8,
    )
    assert counts_of(history, "0001", "R1") == [1, 0, 0, 4]
    assert counts_of(history, "NA", "R1") == [0, 0, 0, 0]


def test_demand_moved_between_points_of_a_region_changes_nothing(network: Network) -> None:
    """The region's history does not know at which of its points a part was wanted."""
    usage = network.usage
    moved = usage.assign(site=usage["site"].replace("P11", "P12"))
    assert (read_history(replace(network, usage=moved), 8).counts == read_history(network, 8).counts).all()


def test_the_last_week_ends_on_as_of_and_the_first_begins_with_the_data(network: Network) -> None:
    """Cut weeks count by their days; usage after `as_of` is not history."""
    rows = [("2025-06-12", "P11", "0001", 1), ("2025-06-25", "P11", "0001", 1), ("2025-06-26", "P11", "0001", 1)]
    wednesday = with_usage(network, rows)
    wednesday = replace(wednesday, settings=replace(wednesday.settings, as_of=date(2025, 6, 25)))
    history = read_history(wednesday, 8)
    assert counts_of(history, "0001", "R1") == [1, 0, 1]
    assert history.period_weeks.tolist() == [4 / 7, 1, 3 / 7]


def test_months_stay_months(network: Network) -> None:
    """A monthly history has a period per month whose exposure is the month's weeks; nothing is spread over weeks."""
    rows = [("2025-03-01", "P11", "0001", 9), ("2025-05-01", "P11", "0001", 4), ("2025-06-01", "P11", "0001", 2)]
    history = read_history(with_usage(network, rows, bucket="month"), 8)
    assert counts_of(history, "0001", "R1") == [9, 0, 4, 2]
    assert history.period_weeks.tolist() == [31 / 7, 30 / 7, 31 / 7, 29 / 7]


WEEKS = ("2025-05-05", "2025-05-12", "2025-05-19", "2025-05-26", "2025-06-02")
LATE = [(WEEKS[0], "P11", "22E1", 1), (WEEKS[2], "P11", "0001", 1), (WEEKS[4], "P21", "0001", 1)]


def test_history_starts_at_a_known_launch(network: Network) -> None:
    """With the launch known the history starts there, or with the data when that is later."""
    models = network.models.assign(launched=pd.to_datetime(["2025-05-14", "2025-05-20"]))
    history = read_history(replace(with_usage(network, LATE), models=models), 8)
    assert start_of(history, "0001", "R1") == 1
    assert start_of(history, "0001", "R2") == 1
    assert history.on_sale[0] == np.datetime64("2025-05-14")
    assert start_of(read_history(with_usage(network, LATE), 8), "0001", "R1") == 0


def test_a_launch_after_the_first_demand_is_not_believed(network: Network) -> None:
    """A part that was wanted before its launch was on sale before it."""
    models = network.models.assign(launched=pd.Timestamp("2025-06-10"))
    history = read_history(replace(with_usage(network, LATE), models=models), 8)
    assert start_of(history, "0001", "R1") == 3
    assert history.on_sale[0] < np.datetime64("2000-01-01")


def test_a_part_that_appears_later_starts_after_its_first_demand_anywhere(network: Network) -> None:
    """Without a launch, one part starts with the data, another in the week after its first demand in any region."""
    history = read_history(unlaunched(with_usage(network, LATE)), 8)
    assert start_of(history, "22E1", "R1") == 0
    assert start_of(history, "0001", "R1") == 3
    assert start_of(history, "0001", "R2") == 3


def test_the_start_after_the_first_demand_is_unbiased(network: Network) -> None:
    """Parts of one known rate, seen only once they are wanted, keep that rate on average from their start on."""
    rng = np.random.default_rng(1)
    demand = rng.poisson(0.05, (3000, 60))
    first = np.where(demand.any(axis=1), (demand > 0).argmax(axis=1), 60)
    after = np.where(first == 0, 0, first + 1)
    parts = np.array([f"N{i:04d}" for i in range(3000)], object)
    part, week = np.nonzero(demand)
    days = (pd.Timestamp("2024-05-06") + pd.to_timedelta(7 * week, unit="D")).strftime("%Y-%m-%d")
    usage = zip(days, ["P11"] * len(week), parts[part], demand[part, week].tolist(), strict=True)
    rows = pd.concat([network.parts.iloc[[0]]] * 3000, ignore_index=True).assign(part=parts)
    history = read_history(with_usage(replace(network, parts=rows, fitment=network.fitment.iloc[:0]), usage), 8)
    assert history.starts.tolist() == after[first < 60].tolist()
    known = np.arange(60) >= history.starts[:, None]
    assert (history.counts * known).sum() / known.sum() == pytest.approx(0.05, rel=0.05)


def test_parts_of_models_sold_there_are_leaves_without_demand(network: Network) -> None:
    """A part that fits a model sold in the region within its warranty may be wanted; of others nothing is expected."""
    sales = tiny_network().sales
    only_x2 = sales[(sales["model"] == "X2")].assign(region="R2")
    quiet = with_usage(network, LATE[:1])
    leaves = read_history(replace(quiet, sales=only_x2), 8)
    assert list(zip(leaves.part, leaves.region, strict=True)) == [("0001", "R2"), ("22E1", "R1"), ("NA", "R2")]
    long_ago = only_x2.assign(month=only_x2["month"] - pd.DateOffset(months=30))
    assert read_history(replace(quiet, sales=long_ago), 8).part.tolist() == ["22E1"]


def test_a_part_out_of_support_is_no_leaf(network: Network) -> None:
    """Support that has ended, the part's own or that of all its models, ends the expectation of demand."""
    own = network.parts["support_until"].where(network.parts["part"] != "NA", pd.Timestamp("2025-03-31"))
    assert "NA" not in read_history(replace(network, parts=network.parts.assign(support_until=own)), 8).part
    models = network.models.assign(support_until=pd.Timestamp("2025-03-31"))
    assert len(read_history(replace(network, models=models), 8).part) == 0


def test_no_usage_is_an_empty_history(network: Network) -> None:
    """Without any usage there are no periods and, without sales, no leaves."""
    history = read_history(with_usage(network, []), 8)
    assert history.counts.shape == (0, 0)
    assert read_history(replace(with_usage(network, []), sales=tiny_network().sales), 8).counts.shape[1] == 0
