"""Quality signals of a network: a hidden bad batch of the demo is found, dated, put in words and in money."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from domain.network import Network
from forecasting.history import History, read_history
from forecasting.quality_of_parts import (
    class_expectation,
    fitted_parts,
    quality_exceptions,
    quality_signals,
)
from simulation.demo import generate
from storage.network_folder import network_from_tables
from tests.networks import tiny_network

TURN = pd.Timestamp("2026-01-05")


@pytest.fixture(scope="module")
def network() -> Network:
    """The small demo; in its truth part USB00007A of model ORY005-T01 fails 2.5 × as often from 2026-01-05 on."""
    demo = generate("small", seed=1)
    bad = demo.truth["faults"].set_index(["part", "model"])["bad_batch_from"]
    assert bad["USB00007A", "ORY005-T01"] == TURN
    return network_from_tables(demo.tables, demo.settings)[0]


@pytest.fixture(scope="module")
def history(network: Network) -> History:
    return read_history(network, 26)


def test_a_bad_batch_is_found_and_dated(network: Network, history: History) -> None:
    """The batch that turned is named, with the week it turned, to a month."""
    found = quality_signals(network, history).set_index(["part", "model"])
    signal = found.loc[("USB00007A", "ORY005-T01"), :]
    assert signal["ratio"] > 2
    assert signal["probability"] > 0.99
    assert abs((pd.Timestamp(str(signal["since"])) - TURN).days) <= 28


def test_expectations_given_from_outside_take_the_place_of_the_class_mean(network: Network, history: History) -> None:
    """If the installed base explains a part's failures it is no signal: expected = actual leaves nothing to name."""
    found = fitted_parts(network, history)
    explained = quality_signals(network, history, expected=found.cases + 1e-6)
    assert len(explained) == 0
    assert len(quality_signals(network, history)) > 0


def test_cases_are_repairs_and_add_up(network: Network, history: History) -> None:
    """Pieces are divided by what one repair uses; class means add up to the cases of each category."""
    found = fitted_parts(network, history)
    assert (found.cases.sum(axis=1) * found.pieces).sum() == pytest.approx(history.rows.quantity.sum(), rel=0.01)
    expected, category = class_expectation(network, history, found)
    assert np.bincount(category, expected.sum(axis=1)) == pytest.approx(
        np.bincount(category, found.cases.sum(axis=1)), rel=0.01
    )


def test_an_exception_says_it_in_words_and_money(network: Network, history: History) -> None:
    """One row per part; ratio, week, cases and models; money is the extra pieces over the horizon at purchase price."""
    signals = quality_signals(network, history)
    rows = quality_exceptions(network, signals)
    assert rows.columns.tolist() == ["kind", "part", "site", "money_at_risk", "says"]
    assert rows["part"].is_unique
    assert set(rows["part"]) == set(signals["part"])
    one = signals[signals["part"] == "USB00007A"]
    row = rows.set_index("part").loc["USB00007A"]
    assert f"Fails {one['ratio'].iloc[0]:.1f} × as often in ORY005-T01 as its category since the week of" in row["says"]
    extra = ((one["actual"] - one["expected"]).clip(lower=0) / one["weeks"]).sum() * network.settings.horizon_weeks
    cost = network.parts.set_index("part").loc["USB00007A", "unit_cost"]
    assert row["money_at_risk"] == pytest.approx(float(extra) * float(str(cost)))


def test_small_and_empty_networks_have_no_signals() -> None:
    """Two models are no category to stand out from; no fitment, usage or sales is no error."""
    network = tiny_network()
    assert len(quality_signals(network, read_history(network, 8))) == 0
    for table in ("fitment", "usage", "sales"):
        bare = replace(network, **{table: getattr(network, table).iloc[:0]})
        signals = quality_signals(bare, read_history(bare, 8))
        assert len(quality_exceptions(bare, signals)) == 0
