"""Cohorts: returns, regions that repair nothing, sales before the table and after it, months as periods."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from domain.network import Network
from forecasting.installed_base.cohorts import months_in_periods, read_cohorts
from tests.networks import tiny_network


def selling(*rows: tuple[str, str, str, int], launched: str | None = None) -> Network:
    """The tiny network with these sales (month, region, model, units)."""
    network = tiny_network()
    sales = pd.DataFrame(list(rows), columns=["month", "region", "model", "units"])
    models = network.models.assign(launched=pd.Series([launched] * len(network.models), dtype="datetime64[ns]"))
    return replace(network, sales=sales.assign(month=pd.to_datetime(sales["month"])), models=models)


def month(text: str) -> int:
    """Number of a month."""
    return int(np.datetime64(text, "M").astype(np.int64))


def test_a_return_takes_back_the_latest_devices() -> None:
    """Ten returned in March after eight sold in February: February's eight and two of January's are gone."""
    sold = selling(("2025-01-01", "R1", "X1", 20), ("2025-02-01", "R1", "X1", 8), ("2025-03-01", "R1", "X1", -10))
    units = read_cohorts(sold, month("2025-06")).units[0, 0]
    assert units.tolist()[:3] == [18.0, 0.0, 0.0]


def test_months_of_a_period_share_their_age() -> None:
    """A whole month counts half at the lower and half at the higher age; weeks add up to months."""
    months = np.array(["2025-03-01", "2025-04-01", "2025-05-01"], "datetime64[D]")
    weights = months_in_periods(months, month("2025-02"), 4)
    np.testing.assert_allclose(weights, [[0.5, 0.5, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0]])
    days = np.arange(np.datetime64("2025-03-01"), np.datetime64("2025-05-02"))
    np.testing.assert_allclose(months_in_periods(days, month("2025-02"), 4).sum(axis=0), weights.sum(axis=0))


def test_devices_sold_where_nothing_is_repaired_come_to_those_who_repair() -> None:
    """All sold in R2, all repaired in R1: R1 has the devices, and none is lost."""
    network = selling(("2025-01-01", "R2", "X1", 30))
    network = replace(network, usage=network.usage[network.usage["site"] == "P11"])
    units = read_cohorts(network, month("2025-06")).units
    assert units[0, 0].sum() == 30.0
    assert units[1].sum() == 0.0


def test_sales_before_the_table_are_those_of_its_first_months() -> None:
    """Launched a year before the table begins: that year sold as its first months did."""
    rows = [(f"2025-{m:02d}-01", "R1", "X1", 40) for m in range(1, 7)]
    cohorts = read_cohorts(selling(*rows, launched="2024-01-15"), month("2025-06"))
    assert cohorts.first == month("2024-01")
    assert cohorts.units[0, 0].tolist() == [40.0] * 18


def test_without_a_plan_sales_go_on() -> None:
    """Constant sales go on constant; falling ones go on falling; a plan is taken as it is."""
    steady = selling(*[(f"2025-{m:02d}-01", "R1", "X1", 40) for m in range(1, 7)])
    np.testing.assert_allclose(read_cohorts(steady, month("2025-12")).units[0, 0], 40.0)
    falling = selling(*[(f"2025-{m:02d}-01", "R1", "X1", round(800 * 0.8**m)) for m in range(1, 7)])
    ahead = read_cohorts(falling, month("2025-12")).units[0, 0, 6:]
    assert ahead[0] == pytest.approx(800 * 0.8**7, rel=0.15)
    assert (np.diff(ahead) < 0).all()
    planned = selling(("2025-06-01", "R1", "X1", 40), ("2025-08-01", "R1", "X1", 7))
    assert read_cohorts(planned, month("2025-09")).units[0, 0].tolist() == [40.0, 0.0, 7.0, 0.0]
