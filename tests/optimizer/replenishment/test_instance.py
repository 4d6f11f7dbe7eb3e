"""The problem as arrays: what the decision on costs counts, and what the outsider counts (decision 0003)."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from domain.network import Network
from optimizer.replenishment.instance import build_instance
from tests.judge.calendar import Calendar
from tests.judge.leaves import leaves_of
from tests.judge.prices import Prices
from tests.one_part import LANE, PART, SETTINGS, SITES, build, day, purchases, shipments
from tests.optimizer.replenishment.cases import BY_PROGRAMS, arrays, judged, one_leaf, planned, stock_targets
from tests.random_networks import AS_OF, random_network

EIGHT_WEEKS = replace(SETTINGS, horizon_weeks=8)


@pytest.mark.parametrize("seed", range(8))
def test_every_leaf_is_the_outsiders(seed: int) -> None:
    """Stock, frozen inbound, windows of demand, holding, points and slot laws equal the judge's, leaf by leaf."""
    case = random_network(seed)
    instance = build_instance(case.network, case.forecast, stock_targets(case))
    calendar = Calendar(case.network)
    frames = (case.forecast_frame, case.shares, case.targets)
    leaves = leaves_of(case.network, frames, case.waiting_price, calendar, Prices(case.network, calendar))
    mine, points = instance.leaves, instance.points
    for n, region in enumerate(mine.region):
        leaf = leaves.key.index((str(instance.parts.part[mine.part[n]]), str(region)))
        net = mine.net_stock[n] + mine.inbound[n] - mine.late_mean[n]
        np.testing.assert_allclose(net, leaves.net[leaf], atol=1e-9)
        np.testing.assert_allclose(mine.window_mean[n], leaves.recent_mean[leaf])
        np.testing.assert_allclose(mine.window_variance[n], leaves.recent_variance[leaf])
        assert mine.initial_stock[n] == leaves.initial[leaf]
        assert mine.holding[n] == pytest.approx(leaves.holding[leaf])
        np.testing.assert_allclose(instance.slot_law[mine.depot[n]][1:], leaves.rho[leaf], atol=1e-12)
        here = np.arange(mine.point_start[n], mine.point_start[n + 1])
        here = here[np.argsort(points.site[here])]  # by content first, so that names decide nothing
        theirs = np.flatnonzero(leaves.points.leaf == leaf)
        assert points.site[here].tolist() == [leaves.points.site[p] for p in theirs]
        for found, expected in (
            (points.share, leaves.points.share),
            (points.base_stock, leaves.points.stock_up_to),
            (points.courier_weeks, leaves.points.courier_days / 7.0),
            (points.holding, leaves.points.holding),
            (points.waiting, leaves.points.price),
        ):
            np.testing.assert_allclose(found[here], expected[theirs])


def test_a_forecast_shorter_than_the_inner_horizon_is_refused() -> None:
    """The error says how many weeks there are and how many are needed."""
    case = one_leaf(build())
    short = replace(case.forecast, mean=case.forecast.mean[:, :4])
    with pytest.raises(ValueError, match="the forecast holds 4 weeks; planning needs 5"):
        build_instance(case.network, short, stock_targets(case))


def test_two_targets_of_one_part_at_one_point_are_refused() -> None:
    """The error names the part and the point."""
    case = one_leaf(build())
    targets = stock_targets(case)
    twice = replace(targets, table=pd.concat([targets.table, targets.table], ignore_index=True))
    with pytest.raises(ValueError, match="part A has two targets at P1"):
        build_instance(case.network, case.forecast, twice)


def test_stock_counts_up_to_the_day_it_expires() -> None:
    """At the hub and at the depot units that expire on `as_of` count, those that expired before do not."""
    stock = [
        {"site": site, "part": "A", "on_hand": units, "expires": AS_OF - timedelta(days=days)}
        for site in ("HUB", "D1")
        for days, units in ((0, 3), (1, 50))
    ]
    instance = arrays(one_leaf(build(stock=stock))).instance
    assert instance.parts.hub_stock.tolist() == [3]
    assert instance.leaves.initial_stock.tolist() == [3.0]


def test_stock_of_another_owner_serves_nobody_here() -> None:
    """A depot has its owner's stock and what names no owner; the hub what belongs to the only owner of depots."""
    stock = [
        {"site": site, "part": "A", "on_hand": units, "owner": owner}
        for site in ("HUB", "D1")
        for owner, units in (("", 3), ("ours", 20), ("theirs", 100))
    ]
    sites = [{**site, "owner": "ours" if site["kind"] == "depot" else ""} for site in SITES]
    instance = arrays(one_leaf(build(stock=stock, sites=sites))).instance
    assert instance.parts.hub_stock.tolist() == [23]
    assert instance.leaves.initial_stock.tolist() == [23.0]


def test_late_inbound_counts_in_week_1_and_what_comes_after_the_end_not_at_all() -> None:
    """Due long ago, in the days before week 1, in week 2, and after week K = 5."""
    dates = (day(1, -60), day(1, -1), day(2, 6), day(6))
    inbound = [
        {"order": str(n), "part": "A", "destination": "D1", "quantity": 10**n, "expected": on}
        for n, on in enumerate(dates)
    ]
    instance = arrays(one_leaf(build(inbound=inbound))).instance
    assert instance.leaves.inbound.tolist() == [[11.0, 111.0, 111.0, 111.0, 111.0]]


def budgets(network: Network) -> list[float]:
    """Money of every period."""
    limits: list[float] = arrays(one_leaf(network)).instance.coupling.budget.tolist()
    return limits


def test_budget_rows_of_one_period_add_up_and_replace_the_usual_amount() -> None:
    """Rows count in the period in which they start, be it on its first or its last day."""
    settings = replace(EIGHT_WEEKS, budget_per_period=500.0)
    rows = [{"start": start, "amount": amount} for start, amount in ((day(1), 1.0), (day(4, 6), 2.0), (day(5), 4.0))]
    assert budgets(build(settings, budgets=rows)) == [3.0, 4.0, 500.0]
    assert budgets(build(EIGHT_WEEKS, budgets=rows)) == [3.0, 4.0, np.inf]
    assert budgets(build(EIGHT_WEEKS)) == [np.inf] * 3


def test_a_budget_that_starts_before_week_1_counts_in_its_first_period() -> None:
    """The days between `as_of` and week 1 go into week 1, for budgets too."""
    rows = [{"start": AS_OF + timedelta(days=1), "amount": 7.0}]
    assert budgets(build(replace(EIGHT_WEEKS, budget_per_period=500.0), budgets=rows))[0] == 7.0


@pytest.mark.parametrize("days", [1, 4])
def test_a_last_order_day_before_week_1_leaves_no_monday_to_order(days: int) -> None:
    """Ordering ended between `as_of` and the Monday of week 1: nothing is bought."""
    case = one_leaf(build(EIGHT_WEEKS, part={"last_order_by": pd.Timestamp(AS_OF + timedelta(days=days))}))
    assert len(planned(case).purchase_orders) == 0
    assert len(planned(case, BY_PROGRAMS).purchase_orders) == 0


def test_a_last_order_day_long_ago_leaves_nothing_to_bound_but_waiting() -> None:
    """A part that can be neither bought nor sent has one plan, and the bound is its cost."""
    case = one_leaf(build(EIGHT_WEEKS, part={"last_order_by": pd.Timestamp(AS_OF - timedelta(days=14))}))
    given = arrays(case)
    assert given.at_zero_prices().bound[0] == pytest.approx(judged(case, shipments(), purchases()).cost["total"])


def test_stock_at_another_origin_cannot_leave_from_the_parts_hub() -> None:
    """A part leaves from the site of its supplier; what lies at a second origin does not serve its lanes."""
    sites = [*SITES, SITES[0] | {"site": "HUB2"}]
    suppliers = [{"supplier": "S1", "site": "HUB", "lead_time_days": 7.0}]
    stock = [{"site": "HUB2", "part": "A", "on_hand": 30}]
    case = one_leaf(build(EIGHT_WEEKS, sites=sites, suppliers=suppliers, stock=stock))
    assert arrays(case).instance.parts.hub_stock.tolist() == [0]


def test_names_decide_nothing_but_names() -> None:
    """Parts and lanes renamed so that their order turns round give the same orders under the new names."""
    lanes = [LANE, LANE | {"lane": "SLOW", "mode": "sea", "transit_days": 19.0, "cost_per_kg": 1.0}]
    turned = [row | {"lane": {"AIR": "Z", "SLOW": "B"}[str(row["lane"])]} for row in lanes]
    one, other = (planned(one_leaf(build(EIGHT_WEEKS, lanes=rows, parts=[PART]), mean=2.0)) for rows in (lanes, turned))
    assert one.cost == other.cost
    renamed = one.shipments.assign(lane=one.shipments["lane"].map({"AIR": "Z", "SLOW": "B"}))
    line = ["departs", "lane", "quantity"]
    assert sorted(renamed[line].itertuples(index=False)) == sorted(other.shipments[line].itertuples(index=False))
