"""The contest of the replanned plan with single-mode (s, nQ), tiny."""

import numpy as np
import pytest

from benchmarks.replenishment.single_mode import PLAN, READINGS, Contest, contest, farthest, saved, table
from domain.plan import StockTargets
from simulation.referee.books import Window
from simulation.referee.reorder import LOT_SCALES
from tests.simulation.referee.test_single_mode import case


@pytest.fixture(scope="module")
def found() -> Contest:
    """Forty parts, two depots, two plays of ten weeks of which four count, replanned every fifth week."""
    made = case()
    plan = made.plan
    targets = plan.targets.assign(group="default")
    return contest(made.network, plan, StockTargets(targets, plan.waiting_price), 2, Window(6, 10), every=5)


def test_the_contest_is_played_on_equal_terms(found: Contest) -> None:
    """Plan and peers are asked for the same units; what is saved is the paired difference of all plays; a better
    choice of lanes never costs the peer more at the same fill rate."""
    asked = {who: [one.asked.tolist() for one in plays] for who, plays in found.books.items()}
    assert set(asked) == {PLAN, *READINGS}
    assert all(units == asked[PLAN] for units in asked.values())
    assert sum(map(sum, asked[PLAN])) > 500
    one, by_depot, *_ = (found.logistics(name).sum() for name in READINGS)
    assert by_depot <= one
    ours, theirs = found.logistics(PLAN), found.logistics("one mode")
    assert saved([found], "one mode").value == pytest.approx((theirs - ours).sum() / theirs.sum())
    assert farthest([found], "one mode") == pytest.approx(np.nanmax(abs(found.fill("one mode") - found.fill(PLAN))))
    assert all(peer.lot_scale in LOT_SCALES for peer in found.peers.values())


def test_the_table_adds_up(found: Contest) -> None:
    """Kinds add up to the logistics cost (no duty of express where no express goes), places to the capital."""
    shown = table(found)
    kinds = shown.loc[["freight", "consignment", "order_line", "holding", "emergency"]].sum()
    assert kinds.to_numpy() == pytest.approx(shown.loc["logistics"].to_numpy())
    places = shown[shown.index.str.startswith("  capital")].sum()
    assert places.to_numpy() == pytest.approx(shown.loc["holding"].to_numpy())
