"""Trials: what was known at an origin is what a folder of that day would have said."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from domain.network import Network
from forecasting.exposure import exposures
from forecasting.history import read_history
from forecasting.trials import TRIALS, Trial, network_trials, panel_trials
from storage.network_folder import network_from_tables
from tests.forecasting.panels import LEAD, counts, panel
from tests.scenarios.folders import slice_of_demo


@pytest.fixture(scope="module")
def network() -> Network:
    """Every sixtieth part of the small demo: sales, failures, models, events."""
    return network_from_tables(*slice_of_demo(every=60))[0]


@pytest.fixture(scope="module")
def trials(network: Network) -> list[Trial]:
    """Its trials over a lead of four weeks."""
    return network_trials(network, read_history(network, 1), LEAD)


def cut_back(network: Network, day: pd.Timestamp) -> Network:
    """The network as its folder stood at the end of `day`, table by table; sales after it are the plan."""
    return replace(
        network,
        settings=replace(network.settings, as_of=day.date()),
        usage=network.usage[network.usage["date"] <= day],
        failures=network.failures[network.failures["failed_month"] + pd.offsets.MonthEnd(0) <= day],
        stockouts=network.stockouts[network.stockouts["start"] <= day],
        overrides=network.overrides[network.overrides["created"] <= day],
    )


def test_a_trial_knows_what_the_network_of_that_day_knew(network: Network, trials: list[Trial]) -> None:
    """Counts, starts and exposures, past and ahead, equal those of a network cut back by hand; demand is what came."""
    now = read_history(network, 1)
    assert len(trials) == TRIALS
    for back, trial in enumerate(trials, start=1):
        bounds = now.bounds[len(now.bounds) - 1 - back * LEAD :][: LEAD + 1]
        then = cut_back(network, pd.Timestamp(bounds[0]) - pd.Timedelta(days=1))
        known = read_history(then, 1)
        exposure = exposures(then, known, bounds)
        leaf = pd.MultiIndex.from_arrays([now.part, now.region])
        row = leaf.get_indexer(pd.MultiIndex.from_arrays([known.part, known.region]))
        np.testing.assert_array_equal(trial.history.counts, known.counts[row >= 0])
        np.testing.assert_array_equal(trial.history.starts, known.starts[row >= 0])
        np.testing.assert_allclose(trial.history.exposure, exposure.past[row >= 0], rtol=1e-12)
        np.testing.assert_allclose(trial.exposure, exposure.future[row >= 0], rtol=1e-12)
        site = network.sites.set_index("site")["region"]
        usage = network.usage[network.usage["date"].between(bounds[0], bounds[-1] - np.timedelta64(1, "D"))]
        came = usage.groupby([usage["part"], usage["site"].map(site)])["quantity"].sum()
        wanted = [came.get((now.part[i], now.region[i]), 0) for i in row[row >= 0]]
        np.testing.assert_array_equal(trial.demand, wanted)
        assert trial.demand.sum() > 0


def test_nothing_after_the_origin_matters_to_a_network_trial(network: Network, trials: list[Trial]) -> None:
    """Tripling the usage of the last lead triples the demand of the latest trial, and changes nothing it knew."""
    day = pd.Timestamp(read_history(network, 1).bounds[-1 - LEAD])
    late = network.usage["date"] >= day
    changed = replace(
        network,
        usage=network.usage.assign(quantity=network.usage["quantity"] * np.where(late, 3, 1)),
        failures=network.failures[network.failures["failed_month"] + pd.offsets.MonthEnd(0) < day],
    )
    found = network_trials(changed, read_history(changed, 1), LEAD)[0]
    np.testing.assert_array_equal(found.history.counts, trials[0].history.counts)
    np.testing.assert_allclose(found.history.exposure, trials[0].history.exposure, rtol=1e-12)
    np.testing.assert_allclose(found.exposure, trials[0].exposure, rtol=1e-12)
    np.testing.assert_array_equal(found.demand, 3 * trials[0].demand)


def test_panel_trials_lie_back_to_back() -> None:
    """Origins step back by a lead from the end; each trial holds the past before it and the total of the lead after."""
    history = panel(counts(series=50, periods=30))
    found = panel_trials(history, ("other",), LEAD)
    assert [trial.history.periods for trial in found] == [26, 22, 18]
    for trial in found:
        at = trial.history.periods
        np.testing.assert_array_equal(trial.history.counts, history.counts[:, :at])
        np.testing.assert_array_equal(trial.demand, history.counts[:, at : at + LEAD].sum(axis=1))


@pytest.mark.parametrize(("periods", "number"), [(5, 0), (11, 0), (12, 1), (16, 2), (100, 3)])
def test_every_trial_has_two_leads_to_learn_from(periods: int, number: int) -> None:
    """A short history has fewer trials, a very short one none."""
    history = panel(np.ones((3, periods)))
    assert len(panel_trials(history, ("other",), LEAD)) == number


def test_a_gap_is_neither_demand_nor_exposure() -> None:
    """What stands in a period without exposure is not counted, and the trial's exposure says so."""
    history = panel(np.full((2, 30), 5.0))
    exposure = history.exposure.copy()
    exposure[0, 27] = 0.0
    trial = panel_trials(replace(history, exposure=exposure), ("other",), LEAD)[0]
    assert sorted(trial.demand.tolist()) == [15.0, 20.0]
    assert sorted(trial.exposure.sum(axis=1).tolist()) == [3.0, 4.0]


def test_a_large_panel_is_tried_on_a_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit the series tried are spread evenly by what they hold, whatever their order."""
    monkeypatch.setattr("forecasting.trials.SERIES", 100)
    history = panel(counts(series=450, periods=30))
    rows = np.random.default_rng(1).permutation(450)
    found, shuffled = (panel_trials(some, ("other",), LEAD)[0] for some in (history, history.rows(rows)))
    assert len(found.history) == 90
    np.testing.assert_array_equal(np.sort(found.demand), np.sort(shuffled.demand))
    whole = panel_trials(history.rows(np.arange(0)), ("other",), LEAD)
    assert len(whole[0].history) == 0
    assert found.demand.mean() == pytest.approx(history.counts[:, -LEAD:].sum(axis=1).mean(), rel=0.3)
