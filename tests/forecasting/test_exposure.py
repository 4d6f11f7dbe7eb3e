"""Exposure: weeks where no sales are known, expected failures of the installed base where they are."""

from dataclasses import replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from domain.calendar import week_starts
from domain.network import Network
from forecasting.exposure import INSTALLED_BASE, TIME, Exposure, exposures
from forecasting.gamma_poisson import gamma_poisson
from forecasting.history import History, read_history
from simulation.demo import generate
from storage.network_folder import network_from_tables
from tests.forecasting.installed_base.laptops import at_origin, laptops
from tests.networks import tiny_network

WEEKS = 26
Floats = npt.NDArray[np.float64]


def exposed(network: Network, weeks: int = WEEKS) -> tuple[History, Exposure]:
    """History and exposure of the coming weeks."""
    history = read_history(network, weeks)
    as_of = network.settings.as_of
    bounds = np.append(week_starts(as_of, weeks), week_starts(as_of, weeks + 1)[-1])
    return history, exposures(network, history, bounds)


def test_without_sales_exposure_is_time() -> None:
    """No sales: a week is a week for every part, and the basis says so."""
    network = tiny_network()
    history, found = exposed(replace(network, sales=network.sales.iloc[:0]))
    assert set(found.basis) == {TIME}
    assert np.array_equal(found.past, np.broadcast_to(history.period_weeks, found.past.shape))
    assert (found.future == 1.0).all()


def test_parts_without_sales_stand_beside_those_with() -> None:
    """A part of no model keeps its weeks beside others that hang on sales; both show like demand per exposure."""
    network = tiny_network()
    alone = replace(network, fitment=network.fitment[network.fitment["part"] != "22E1"])
    alone = replace(
        alone, usage=alone.usage.assign(model=alone.usage["model"].where(alone.usage["part"] != "22E1", ""))
    )
    history, found = exposed(alone)
    basis = {part: set(found.basis[history.part == part]) for part in history.part}
    assert basis == {"0001": {INSTALLED_BASE}, "NA": {INSTALLED_BASE}, "22E1": {TIME}}
    ratio = history.counts.sum(axis=1) / found.past.sum(axis=1)
    assert ratio[history.part == "22E1"].mean() == pytest.approx(ratio[history.part != "22E1"].mean(), rel=0.5)


def test_doubled_sales_ahead_raise_exposure_later_only() -> None:
    """Twice the planned sales raise future exposure, more so the later; the past stays as it is."""
    network = tiny_network()
    planned = network.sales["month"] > pd.Timestamp(network.settings.as_of)
    units = network.sales["units"] * np.where(planned, 3, 1)
    _, plain = exposed(network)
    _, found = exposed(replace(network, sales=network.sales.assign(units=units)))
    assert np.array_equal(found.past, plain.past)
    more = found.future.sum(axis=0) / plain.future.sum(axis=0)
    assert more[0] == pytest.approx(1.0, abs=0.02)
    assert more[9] > 1.02


def test_a_year_of_zeros_before_a_known_launch_changes_nothing() -> None:
    """Data of another part that begin a year before the models' launch change no exposure since."""
    network = tiny_network()
    launched = replace(network, models=network.models.assign(launched=pd.Timestamp("2024-12-30")))
    retired = network.parts.iloc[[0]].assign(part="OLD", support_until=pd.Timestamp("2024-06-30"))
    parts = pd.concat([network.parts, retired], ignore_index=True)
    first = network.usage.iloc[[0]].assign(date=pd.Timestamp("2024-01-01"), part="OLD", model="")
    usage = pd.concat([first, network.usage], ignore_index=True)
    (_, then), (_, now) = (exposed(each) for each in (launched, replace(launched, parts=parts, usage=usage)))
    np.testing.assert_allclose(now.future, then.future, rtol=1e-9)
    np.testing.assert_allclose(now.past[:, -then.past.shape[1] :], then.past, rtol=1e-9)
    assert now.past[:, : -then.past.shape[1]].sum() == 0.0


def test_what_comes_later_is_not_known() -> None:
    """Tables that go on after as_of give the exposures known then: later usage and failures are not read."""
    tables, demand = laptops(2, parts=6, models=3, named=True)
    early, late = (at_origin(tables, demand, origin).network for origin in (30, 60))
    _, honest = exposed(early)
    _, leaking = exposed(replace(late, settings=early.settings))
    assert np.array_equal(honest.past, leaking.past)
    assert np.array_equal(honest.future, leaking.future)


def test_demand_falls_when_a_warranty_ends() -> None:
    """Sold for a year, covered for two: once the second year is over, exposure falls to what comes after warranty."""
    tables, demand = laptops(4, warranty=24, wander=0.0, dispersion=1.0, named=True, columns=True)
    history, found = exposed(at_origin(tables, demand, 40).network, 104)
    yearly = found.future[:, :52].sum(axis=1), found.future[:, 52:].sum(axis=1)
    actual = demand[:, 40:52].sum(), demand[:, 52:64].sum()
    ratio = (yearly[1] * history.counts.sum(axis=1)).sum() / (yearly[0] * history.counts.sum(axis=1)).sum()
    assert ratio == pytest.approx(actual[1] / actual[0], rel=0.5)


@pytest.fixture(scope="module")
def demo() -> tuple[Network, pd.DataFrame]:
    """The small demo as known 26 weeks before its date, and what it hides of demand."""
    made = generate("small", 1)
    network = network_from_tables(made.tables, made.settings)[0]
    before = date.fromordinal(network.settings.as_of.toordinal() - 7 * WEEKS)
    return replace(network, settings=replace(network.settings, as_of=before)), made.truth["demand"]


def test_exposure_follows_the_hidden_demand_of_the_demo(demo: tuple[Network, pd.DataFrame]) -> None:
    """Half a year ahead against the half year before: exposure tells most of how hidden demand changes."""
    network, truth = demo
    history, found = exposed(network)
    now = np.datetime64(network.settings.as_of, "D") + 1
    weeks = truth["week"].to_numpy("datetime64[D]")
    leaves = pd.MultiIndex.from_arrays([history.part, history.region])

    def hidden(first: int, last: int) -> Floats:
        rows = truth[(weeks >= now + 7 * first) & (weeks < now + 7 * last)]
        keys = [rows["part"].astype(str), rows["region"].astype(str)]
        return rows.groupby(keys)["mean"].sum().reindex(leaves).fillna(0.0).to_numpy(np.float64)

    before, after = hidden(-WEEKS, 0), hidden(0, WEEKS)
    past, future = found.past[:, -WEEKS:].sum(axis=1), found.future.sum(axis=1)
    told = (before > 0.5) & (after > 0.5) & (past > 0) & (future > 0)
    change = np.log(after[told] / before[told])
    missed = change - np.log(future[told] / past[told])
    assert set(found.basis) == {INSTALLED_BASE}
    assert np.average(missed**2, weights=after[told]) <= 0.35 * np.average(change**2, weights=after[told])


def test_the_installed_base_beats_time(demo: tuple[Network, pd.DataFrame]) -> None:
    """Half a year ahead, parts whose demand changes by half or more: counted against expected failures, Σ|error| of the
    same method is at most 0.8 times that against weeks."""
    network, truth = demo
    history, base = exposed(network)
    starts = week_starts(network.settings.as_of, WEEKS + 1)
    time = exposures(replace(network, sales=network.sales.iloc[:0]), history, starts)
    now = np.datetime64(network.settings.as_of, "D") + 1
    weeks = truth["week"].to_numpy("datetime64[D]")
    ahead = truth[(weeks >= now) & (weeks < now + 7 * WEEKS)]
    keys = [ahead["part"].astype(str), ahead["region"].astype(str)]
    leaves = pd.MultiIndex.from_arrays([history.part, history.region])
    actual = ahead.groupby(keys)["mean"].sum().reindex(leaves).fillna(0.0).to_numpy(np.float64)
    change = base.future.sum(axis=1) / np.maximum(base.past[:, -WEEKS:].sum(axis=1), 1e-9)
    changing = (np.abs(np.log(change)) > np.log(1.5)) & (actual > 0)
    errors = []
    for found in (base, time):
        mean = gamma_poisson(history.series(found.past), found.future, WEEKS).mean.sum(axis=1)
        errors.append(np.abs(mean - actual)[changing].sum())
    assert changing.sum() > 100
    assert errors[0] <= 0.8 * errors[1]
