"""What a plan achieves when carried out: closed forms, draws of the process itself, and what must add up."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from domain.calendar import DAYS_PER_WEEK
from domain.forecast import Forecast
from domain.plan import StockTargets
from optimizer.replenishment.execution import Execution, execution
from optimizer.replenishment.execution.demand import demand_of
from optimizer.replenishment.execution.lines import shipment_lines
from optimizer.replenishment.instance import Instance, build_instance
from optimizer.replenishment.program import PartPlans
from tests.judge.calendar import Calendar
from tests.one_part import SETTINGS, SITES, build, targets
from tests.random_networks import AS_OF

Floats = npt.NDArray[np.float64]

WEEKS = 8
MIDDLES = np.arange(WEEKS) + 0.5  # the middles of weeks 1..T, weeks
DRAWS = 20_000
RUNS_LATE = 6.5 / DAYS_PER_WEEK  # transit and customs of the only lane, weeks


@dataclass(frozen=True)
class Leaf:
    """Part A in region R1: mean units a week, how sure the rate is, and by site share, base stock and stock today."""

    mean: float = 2.0
    rate_shape: float = np.inf
    share: dict[str, float] = field(default_factory=lambda: {"D1": 1.0})
    base_stock: dict[str, int] = field(default_factory=dict)
    stock: dict[str, int] = field(default_factory=dict)
    batch_index: float = 1.0
    tables: dict[str, Any] = field(default_factory=dict)


def instance_of(leaf: Leaf) -> Instance:
    """The arrays of a leaf whose hub has more than enough."""
    stock = [{"site": site, "part": "A", "on_hand": units} for site, units in ({"HUB": 900} | leaf.stock).items()]
    network = build(
        replace(SETTINGS, horizon_weeks=WEEKS),
        sites=[*SITES, SITES[2] | {"site": "P2"}],
        **({"stock": stock} | leaf.tables),
    )
    forecast = Forecast(
        as_of=AS_OF,
        part=np.array(["A"], dtype=object),
        region=np.array(["R1"], dtype=object),
        mean=np.full((1, Calendar(network).weeks), leaf.mean),
        batch_index=np.array([leaf.batch_index]),
        rate_shape=np.array([leaf.rate_shape]),
        discount=np.array([1.0]),
        drift=np.array([0.0]),
        share_leaf=np.zeros(len(leaf.share), np.int64),
        share_site=np.array(list(leaf.share), dtype=object),
        share=np.array(list(leaf.share.values())),
    )
    rows = (
        targets()
        .iloc[[0] * len(leaf.share)]
        .assign(site=list(leaf.share), base_stock=[leaf.base_stock.get(site, 0) for site in leaf.share])
    )
    return build_instance(network, forecast, StockTargets(rows, {"default": 100.0}))


def plan(instance: Instance, *lines: tuple[int, int], bought: tuple[int, int] | None = None) -> PartPlans:
    """Shipments (week of departure, units) of the leaf, and one purchase (week of order, units)."""
    week = np.array([week for week, _ in lines], np.int64)
    departure = np.array([int(np.flatnonzero(instance.departures.week == w)[0]) for w in week], np.int64)
    units, nobody = np.array([units for _, units in lines], np.int64), np.zeros(1)
    buyer = np.zeros(0 if bought is None else 1, np.int64)
    orders = np.array([bought or (0, 0)], np.int64)[: len(buyer)]
    return PartPlans(
        np.zeros(len(lines), np.int64), departure, units, buyer, orders[:, 0], orders[:, 1], nobody, nobody
    )


def carried_out(leaf: Leaf, *lines: tuple[int, int]) -> Execution:
    """What lines from the hub's stock achieve."""
    instance = instance_of(leaf)
    return execution(instance, plan(instance, *lines))


@pytest.mark.parametrize("stock", [1, 3, 12])
def test_without_shipments_a_unit_is_served_while_demand_stays_below_stock(stock: int) -> None:
    """One point beside the depot's stock, Poisson demand: the share served in week t is P(D(0, t) < S)."""
    found = carried_out(Leaf(base_stock={"D1": stock}, stock={"D1": stock}))
    expected = 2.0 * np.asarray(stats.poisson.cdf(stock - 1, 2.0 * MIDDLES))
    assert found.asked[0] == pytest.approx(2.0 * WEEKS)
    assert found.served[0] == pytest.approx(expected.sum(), abs=1e-7)
    n = np.arange(200)
    waiting = stats.poisson.pmf(n, 2.0 * MIDDLES[:, None]) @ np.maximum(n - stock, 0)
    np.testing.assert_allclose(found.waiting[0], waiting, atol=1e-5)


@pytest.mark.parametrize("rate_shape", [np.inf, 2.0])
def test_a_line_lifts_stock_to_its_level_whatever_was_asked_before_it_left(rate_shape: float) -> None:
    """Every week's stock on hand, shelf and waiting, and the share served, are those of a drawn process.

    Week 2's line of 8 units, planned for a mean demand of 2 before it leaves, carries what demand differed from that.
    """
    leaf = Leaf(rate_shape=rate_shape, share={"P1": 1.0}, base_stock={"P1": 2}, stock={"D1": 3, "P1": 2})
    found = carried_out(leaf, (2, 8))
    rng = np.random.default_rng(1)
    rate = rng.gamma(rate_shape, 1.0 / rate_shape, DRAWS) if np.isfinite(rate_shape) else np.ones(DRAWS)
    before = rng.poisson(2.0 * rate)
    net = np.empty((WEEKS, DRAWS))
    for week, time in enumerate(MIDDLES):
        if time < 1.0 + RUNS_LATE:
            first = rng.binomial(before, time) if time < 1.0 else before
            net[week] = 5 - first - rng.poisson(2.0 * rate * max(time - 1.0, 0.0))
        else:
            net[week] = 5 + (8 + before - 2) - before - rng.poisson(2.0 * rate * (time - 1.0))
    served = (2.0 * rate * (net > 0)).sum(axis=0)
    assert found.served[0] == pytest.approx(served.mean(), abs=4.0 * served.std() / np.sqrt(DRAWS))
    for units, drawn in ((found.on_hand + found.shelf, np.maximum(net, 0)), (found.waiting, np.maximum(-net, 0))):
        error = 4.0 * drawn.std(axis=1) / np.sqrt(DRAWS) + 1e-4
        assert (np.abs(units[0] - drawn.mean(axis=1)) < error).all()


def test_stock_above_base_stock_serves_its_own_point_alone() -> None:
    """Three units too many at P1 serve P1 until they are used up, and never P2."""
    leaf = Leaf(share={"P1": 0.25, "P2": 0.75}, stock={"P1": 3})
    found = carried_out(leaf)
    expected = 0.5 * np.asarray(stats.poisson.cdf(2, 0.5 * MIDDLES))
    assert found.served[0] == pytest.approx(expected.sum(), abs=1e-7)
    assert found.served[1] == 0.0
    assert found.waited[1] == pytest.approx(1.5 * MIDDLES.sum(), rel=0.05)  # backlog is shared out by mean demand


def test_stock_at_the_depot_serves_every_point_even_where_the_depot_is_one() -> None:
    """Of six units at the depot beyond base stock its own customers have no more than those of P1."""
    leaf = Leaf(share={"D1": 0.5, "P1": 0.5}, base_stock={"D1": 1, "P1": 1}, stock={"D1": 7, "P1": 1})
    found = carried_out(leaf)
    assert found.served[0] == pytest.approx(found.served[1])
    assert found.waited[0] == pytest.approx(found.waited[1])


def test_who_does_not_know_the_rate_serves_less() -> None:
    """With the same mean, customers of an uncertain rate find less: most of them come when it is high."""
    leaf = Leaf(share={"P1": 0.5, "P2": 0.5}, base_stock={"P1": 2, "P2": 3}, stock={"D1": 9})
    fill = [carried_out(replace(leaf, rate_shape=a), (1, 6)).served.sum() for a in (np.inf, 20.0, 4.0, 1.0)]
    assert (np.diff(fill) < -0.01).all()


def test_goods_leave_with_the_first_departure_after_they_reach_the_hub() -> None:
    """P(a line bought in week 1 has arrived) follows draws of the supplier's lead time, mean 20 and sd 9 days."""
    supplier = [{"supplier": "S1", "lead_time_days": 20.0, "lead_time_days_sd": 9.0}]
    instance = instance_of(Leaf(tables={"stock": [], "suppliers": supplier}))
    plans = plan(instance, (4, 5), bought=(1, 5))
    times = np.asarray(DAYS_PER_WEEK * MIDDLES, dtype=np.float64)
    lines = shipment_lines(instance, plans, demand_of(instance.leaves), times)
    at_hub = np.random.default_rng(2).gamma((20.0 / 9.0) ** 2, 81.0 / 20.0, DRAWS)
    departs = DAYS_PER_WEEK * np.maximum(np.ceil(at_hub / DAYS_PER_WEEK), 3)
    arrived = (departs[:, None] + 6.5 <= times).mean(axis=0)
    assert 0.2 < arrived[4] < 0.8
    assert lines.ordered[0] == 0.0
    np.testing.assert_allclose(lines.in_by[0], arrived, atol=4.0 * 0.5 / np.sqrt(DRAWS))


leaves = st.builds(
    lambda mean, a, psi, share, base, stock: Leaf(
        mean, a, {"P1": share, "P2": 1.0 - share}, dict(zip(("P1", "P2"), base, strict=True)),
        dict(zip(("D1", "P1", "P2"), stock, strict=True)), psi,
    ),
    st.floats(0.02, 4.0), st.sampled_from((np.inf, 8.0, 0.7)), st.floats(1.0, 2.5), st.floats(0.05, 0.95),
    st.tuples(*[st.integers(0, 4)] * 2), st.tuples(*[st.integers(0, 7)] * 3),
)  # fmt: skip


@settings(deadline=None, max_examples=20)
@given(leaves, st.integers(1, 12))
def test_units_are_neither_made_nor_lost(leaf: Leaf, units: int) -> None:
    """On hand + shelf − waiting = stock today + arrived − asked, in every week; and nobody is served who did not ask.

    The line leaves at the start of week 1, before any demand, and is in from the middle of week 2 on.
    """
    found = carried_out(leaf, (1, units))
    arrived = np.where(MIDDLES >= RUNS_LATE, units, 0)
    expected = sum(leaf.stock.values()) + arrived - leaf.mean * MIDDLES
    scale = 1e-5 * (1.0 + leaf.mean * WEEKS * (1.0 + 1.0 / leaf.rate_shape))
    np.testing.assert_allclose((found.on_hand + found.shelf - found.waiting)[0], expected, atol=10 * scale)
    assert (found.served >= 0.0).all()
    assert (found.served <= found.asked * (1.0 + 1e-9)).all()
    assert min(array.min() for array in found) >= 0.0
