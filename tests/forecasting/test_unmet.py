"""Demand nobody wrote down: what part of it could be seen, and what the rest is estimated at."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from domain.network import Network
from forecasting.gamma_poisson import gamma_poisson
from forecasting.history import History, read_history
from forecasting.places import places, usual_shares
from forecasting.series import Series
from forecasting.unmet import observed_share, unmet_by_part
from storage.network_folder import network_from_tables
from tests.networks import tiny_tables

Floats = npt.NDArray[np.float64]
LEAF = ("0001", "R2")  # screens of R2: P21 used 13, P22 used 5 and missed 1
WEEK = 10  # Monday 2025-03-10 to Sunday 2025-03-16
DAYS = ("2025-03-10", "2025-03-16")


@pytest.fixture(scope="module")
def network() -> Network:
    """The tiny network without its unmet case: no point writes unmet cases down."""
    tables, settings = tiny_tables()
    tables["usage"] = tables["usage"][tables["usage"]["kind"] == "used"]
    return network_from_tables(tables, settings)[0]


def out(network: Network, *spells: tuple[str, str, str, str | None]) -> Network:
    """The network with stock-outs (site, part, start, end)."""
    table = pd.DataFrame(list(spells), columns=["site", "part", "start", "end"])
    return replace(
        network, stockouts=table.assign(start=pd.to_datetime(table["start"]), end=pd.to_datetime(table["end"]))
    )


def observed(network: Network) -> tuple[History, Floats, int]:
    """The history, what was seen of it, and the row of `LEAF`."""
    history = read_history(network, 8)
    leaf = list(zip(history.part, history.region, strict=True)).index(LEAF)
    return history, observed_share(network, history), leaf


def test_without_stockouts_everything_is_seen(network: Network) -> None:
    """No row in the table: every share is 1."""
    assert (observed(network)[1] == 1).all()


def test_an_empty_point_hides_its_share_of_its_days(network: Network) -> None:
    """P22 out for a week hides its share of R2's screens in that week, and nothing else."""
    history, seen, leaf = observed(out(network, ("P22", "0001", *DAYS)))
    assert 0.6 < seen[leaf, WEEK] < 0.8
    others = np.ones(seen.shape, bool)
    others[leaf, WEEK] = False
    assert (seen[others] == 1).all()
    given = (np.array([leaf, leaf]), np.array(["P21", "P22"], dtype=object), np.array([0.75, 0.25]))
    assert observed_share(out(network, ("P22", "0001", *DAYS)), history, given)[leaf, WEEK] == pytest.approx(0.75)


def test_when_every_point_is_empty_the_period_is_a_gap(network: Network) -> None:
    """All of a region's points out all week: exposure 0, not a small number."""
    quiet = [(site, "0001", "2025-03-11", "2025-03-23") for site in ("P21", "P22")]
    usage = network.usage[~network.usage["date"].between("2025-03-11", "2025-03-23")]
    _, seen, leaf = observed(out(replace(network, usage=usage), *quiet))
    assert seen[leaf, WEEK] == pytest.approx(1 / 7)
    assert seen[leaf, WEEK + 1] == 0


def test_overlapping_spells_count_once_and_open_ones_last_until_today(network: Network) -> None:
    """Two spells over the same days are one; without an end the shelf is still empty on as_of."""
    once = observed(out(network, ("P22", "0001", "2025-03-03", "2025-03-16")))[1]
    parts = [("P22", "0001", "2025-03-03", "2025-03-12"), ("P22", "0001", "2025-03-08", "2025-03-16")]
    assert (observed(out(network, *parts))[1] == once).all()
    still = observed(out(network, ("P22", "0001", "2025-06-02", None)))[1]
    ended = observed(out(network, ("P22", "0001", "2025-06-02", "2025-06-29")))[1]
    assert (still == ended).all()


@pytest.mark.parametrize(
    "spell",
    [
        ("P22", "0001", "2023-01-01", "2024-06-30"),  # before the first usage
        ("D2", "0001", *DAYS),  # a depot whose points repair
        ("P11", "0001", *DAYS),  # another region: see below
    ],
)
def test_spells_that_hide_nothing_of_the_leaf(network: Network, spell: tuple[str, str, str, str]) -> None:
    """A stock-out before the history, at a depot that repairs nothing, or in another region hides none of it."""
    _, seen, leaf = observed(out(network, spell))
    assert (seen[leaf] == 1).all()
    assert (seen == 1).all() == (spell[0] != "P11")


def test_a_depot_without_points_is_the_point_of_its_region() -> None:
    """Its stock-out hides all of the region's demand."""
    tables, settings = tiny_tables()
    for name in ("sites", "stock"):
        tables[name] = tables[name][~tables[name]["site"].isin(["P21", "P22"])]
    tables["lanes"] = tables["lanes"][~tables["lanes"]["destination"].isin(["P21", "P22"])]
    tables["usage"] = tables["usage"].assign(
        site=tables["usage"]["site"].replace({"P21": "D2", "P22": "D2"}), kind="used"
    )
    tables["usage"] = tables["usage"][~tables["usage"]["date"].between(*DAYS)]
    tables["stockouts"] = pd.DataFrame([("D2", "0001", *DAYS)], columns=["site", "part", "start", "end"])
    _, seen, leaf = observed(network_from_tables(tables, settings)[0])
    assert seen[leaf, WEEK] == 0


def test_a_day_of_use_or_a_point_that_writes_unmet_cases_hides_nothing(network: Network) -> None:
    """A part used that day was there; a point's unmet rows, from the first on, say what it missed."""
    with_spell = out(network, ("P22", "0001", *DAYS))
    day = pd.Timestamp("2025-03-12")
    row = network.usage.iloc[[0]].assign(site="P22", part="0001", date=day)
    used = replace(with_spell, usage=pd.concat([network.usage, row], ignore_index=True))
    _, seen, leaf = observed(with_spell)
    _, seen_used, _ = observed(used)
    assert 1 - seen_used[leaf, WEEK] == pytest.approx((1 - seen[leaf, WEEK]) * 6 / 7, rel=0.1)
    unmet = row.assign(kind="unmet", part="NA")
    _, seen_later, _ = observed(replace(with_spell, usage=pd.concat([network.usage, unmet], ignore_index=True)))
    assert 1 - seen_later[leaf, WEEK] == pytest.approx((1 - seen[leaf, WEEK]) * 2 / 7, rel=0.1)


def test_a_points_share_counts_against_the_days_it_could_be_seen(network: Network) -> None:
    """A point seen half of the time with half of another's demand has the same share."""
    history = read_history(network, 8)
    found = places(network, history)
    units = np.bincount(found.rows_of(history.rows.leaf, history.rows.site), history.rows.quantity, len(found.leaf))
    leaf = np.flatnonzero((history.part == "0001") & (history.region == "R2"))[0]
    pairs = np.flatnonzero(found.leaf == leaf)
    rows = replace(history.rows, quantity=history.rows.quantity * 1000)
    seen = np.ones(len(found.leaf))
    seen[pairs[1]] = units[pairs[1]] / units[pairs[0]]
    assert usual_shares(replace(history, rows=rows), found, seen)[pairs] == pytest.approx([0.5, 0.5], abs=0.01)


def test_demand_hidden_by_stockouts_is_found_again() -> None:
    """200 parts unseen 40 % of the time: corrected exposure gives their rate within 3 %, counts alone 60 % of it."""
    rng = np.random.default_rng(5)
    rate, weeks, leaves = 3.0, 104, 200
    empty = rng.random((leaves, weeks)) < 0.4
    counts = np.where(empty, 0, rng.poisson(rate, (leaves, weeks))).astype(float)
    told = Series(
        counts, np.where(empty, 0.0, 1.0), np.zeros(leaves, np.int64), np.zeros((leaves, 2), np.int64), season=1
    )
    ahead = np.ones((leaves, 1))
    assert gamma_poisson(told, ahead, 8).mean.mean() == pytest.approx(rate, rel=0.03)
    untold = replace(told, exposure=np.ones((leaves, weeks)))
    assert gamma_poisson(untold, ahead, 8).mean.mean() == pytest.approx(0.6 * rate, rel=0.05)


def test_unmet_units_are_estimated_at_the_rate_of_what_was_seen(network: Network) -> None:
    """R2's 22E1, once every 4 weeks at P21 only, unseen for 13 of 26 weeks: as many again."""
    half = ("2025-03-31", "2025-06-29")
    usage = network.usage[~((network.usage["part"] == "22E1") & network.usage["date"].between(*half))]
    row = network.usage.iloc[[0]].assign(
        site="P11", part="NA", kind="unmet", quantity=4, date=pd.Timestamp("2025-06-29")
    )
    spells = [(site, "22E1", *half) for site in ("P11", "P12", "P21", "P22")]
    changed = out(replace(network, usage=pd.concat([usage, row], ignore_index=True)), *spells)
    history = read_history(changed, 8)
    found = unmet_by_part(changed, history, observed_share(changed, history)).set_index("part")
    used = usage.loc[usage["part"] == "22E1", "quantity"].sum()
    assert found.loc["22E1", "used"] == used
    assert found.loc["22E1", "estimated_unmet"] == pytest.approx(used, rel=0.1)
    assert found.loc["22E1", "share"] == pytest.approx(0.5, abs=0.03)
    assert (found.loc["NA", "recorded_unmet"], found.loc["NA", "estimated_unmet"]) == (4, 0)
    assert found.loc["0001", "share"] == 0


def test_the_table_is_read_and_its_bad_rows_are_set_aside() -> None:
    """An empty end means not over yet; an end before the start, or a shelf of the origin, is set aside."""
    tables, settings = tiny_tables()
    tables["stockouts"] = pd.DataFrame(
        [
            ("P22", "0001", "2025-06-02", None),
            ("P21", "0001", "2025-06-02", "2025-06-01"),
            ("HUB", "0001", "2025-06-02", "2025-06-09"),
        ],
        columns=["site", "part", "start", "end"],
    )
    network, report = network_from_tables(tables, {**settings, "set_aside_limit": 1.0})
    assert network.stockouts["site"].tolist() == ["P22"]
    assert network.stockouts["end"].isna().all()
    assert {(problem.table, problem.row, problem.column) for problem in report.problems if problem.table} == {
        ("stockouts", 3, "end"),
        ("stockouts", 4, "site"),
    }
