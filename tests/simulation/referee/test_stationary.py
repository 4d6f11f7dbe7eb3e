"""The long run, against the exact law of two echelons."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.targets.judged import Play, Small, exact_law, referee, simon
from domain.calendar import DAYS_PER_WEEK
from domain.forecast import Forecast
from domain.network import Network, Settings
from simulation.referee.stationary import Steady, long_run, settle
from tests.optimizer.targets.networks import lane, part
from tests.random_networks import AS_OF, network_of

PARTS = [f"p{number:02d}" for number in range(24)]  # all alike: each is one more draw
COURIER = {"A1": 2.0, "A2": 4.0, "D1": 0.0}
DEMAND = {"A1": 0.6, "A2": 0.3, "D1": 0.3}  # units a week
LEAD_DAYS, SUPPLIER_DAYS = 14.0, 21.0
PLAYS, WEEKS = 25, 60


def network(**tables: list[dict[str, Any]]) -> Network:
    """A depot with users of its own and two points; sure lead times, departures on Mondays."""
    rows: dict[str, list[dict[str, Any]]] = {
        "sites": [
            {"site": "HUB", "kind": "origin", "country": "CN", "region": ""},
            {"site": "D1", "kind": "depot", "country": "RU", "region": "R1"},
            *({"site": name, "kind": "repair_point", "country": "RU", "region": "R1"} for name in ("A1", "A2")),
        ],
        "lanes": [
            lane("HUB", "D1", "air", LEAD_DAYS, 1.0),
            *(lane("D1", name, "courier", COURIER[name], 1.0) for name in ("A1", "A2")),
        ],
        "suppliers": [{"supplier": "S1", "site": "HUB", "lead_time_days": SUPPLIER_DAYS}],
        "parts": [part(name, 10.0, shelf_life_days=20, return_rate=0.9, repair_yield=0.9) for name in PARTS],
    }
    return network_of(Settings(as_of=AS_OF, currency="USD"), **(rows | tables))


def forecast(rate_shape: float = np.inf) -> Forecast:
    """The demand above of every part in the first week, none later."""
    leaves, weekly = len(PARTS), sum(DEMAND.values())
    return Forecast(
        as_of=AS_OF,
        part=np.array(PARTS, dtype=object),
        region=np.full(leaves, "R1", dtype=object),
        mean=np.outer(np.full(leaves, weekly), [1.0, 0.0]),
        batch_index=np.ones(leaves),
        rate_shape=np.full(leaves, rate_shape),
        discount=np.full(leaves, 0.9),
        drift=np.ones(leaves),
        share_leaf=np.repeat(np.arange(leaves), len(DEMAND)),
        share_site=np.tile(np.array(list(DEMAND), dtype=object), leaves),
        share=np.tile(np.array(list(DEMAND.values())) / weekly, leaves),
    )


def targets(depot: int, hub: int | None = None, **points: int) -> pd.DataFrame:
    """The same base stock for every part."""
    rows = [("D1", "", depot), *((site, "default", stock) for site, stock in points.items())]
    rows += [] if hub is None else [("HUB", "", hub)]
    table = pd.DataFrame(rows, columns=["site", "group", "base_stock"])
    return table.merge(pd.DataFrame({"part": PARTS}), how="cross")


def exact(depot: int, lead_days: float, **points: int) -> pd.DataFrame:
    """EBO and fill rate by site (Simon 1971), averaged over the wait for a departure, uniform on a week."""
    found = []
    for wait in DAYS_PER_WEEK * (np.arange(40) + 0.5) / 40:
        demand, courier = (np.array([values[site] for site in points]) for values in (DEMAND, COURIER))
        shifted = lead_days + wait - DAYS_PER_WEEK / 2  # `simon` adds the mean wait
        found.append(simon(Small(demand, courier, shifted, 0.0, 1.0, np.inf, depot, np.array(list(points.values())))))
    waiting, fill = np.mean(found, axis=0)
    return pd.DataFrame({"backorders": waiting, "fill_rate": fill}, index=list(points))


def by_site(steady: Steady) -> pd.DataFrame:
    """The played figures over all parts, with standard errors: parts are alike and independent."""
    columns = steady.points.groupby("site")[["backorders", "fill_rate"]]
    return columns.mean().join(columns.sem(), rsuffix="_error")


def close(steady: Steady, law: pd.DataFrame) -> None:
    """Every figure of every site within four standard errors, which are small."""
    found = by_site(steady)
    for figure in ("backorders", "fill_rate"):
        error = found[f"{figure}_error"]
        assert (error < 0.02).all()
        assert ((found[figure] - law[figure]).abs() <= 4 * error).all(), (found, law)


def test_the_long_run_is_the_exact_law() -> None:
    """Hub never out, Poisson demand, sure lead times: fill and EBO of points and of the depot's own users are Simon's;
    neither shelf life nor repair nor the drift of the forecast shows."""
    shelves = {"A1": 1, "A2": 0, "D1": 1}
    run = long_run(network(), forecast(), targets(3, **shelves), WEEKS)
    close(settle(run, PLAYS, fifo=True), exact(3, LEAD_DAYS, **shelves))


def test_a_hub_with_a_base_stock_waits_for_its_supplier() -> None:
    """An empty hub adds the supplier's lead time to the lane's; a full one is never out."""
    shelves = {"A1": 1, "A2": 1, "D1": 1}
    for hub, lead in ((0, SUPPLIER_DAYS + LEAD_DAYS), (60, LEAD_DAYS)):
        run = long_run(network(), forecast(), targets(5, hub, **shelves), WEEKS)
        close(settle(run, PLAYS, fifo=True), exact(5, lead, **shelves))


def test_a_hub_that_buys_lots_has_every_position_equally_often() -> None:
    """A hub of base stock 0 that buys sixes serves like hubs of base stock 0 to 5 that buy single units, on average."""
    shelves, lot = {"A1": 1, "A2": 1, "D1": 1}, 6
    sixes = network(parts=[part(name, 10.0, moq=lot, order_multiple=lot) for name in PARTS])
    found = by_site(settle(long_run(sixes, forecast(), targets(2, 0, **shelves), 20), 50, fifo=True))
    single = [
        by_site(settle(long_run(network(), forecast(), targets(2, hub, **shelves), 20), 12, fifo=True))
        for hub in range(lot)
    ]
    for figure in ("backorders", "fill_rate"):
        expected = np.mean([table[figure] for table in single], axis=0)
        spread = np.sqrt(sum(table[f"{figure}_error"] ** 2 for table in single)) / lot
        error = np.hypot(found[f"{figure}_error"], spread)
        assert (error < 0.03).all()
        assert ((found[figure] - expected).abs() <= 4 * error).all(), (found, expected)
    low, high = single[0]["fill_rate"], single[-1]["fill_rate"]
    assert (high - low > 0.1).all()


def test_only_base_stock_and_demand_count() -> None:
    """Today's stock, what is under way, open repairs and shutdowns change nothing; a seed is a seed."""
    busy = network(
        stock=[{"site": "D1", "part": "p00", "condition": "good", "on_hand": 90}],
        inbound=[{"order": "o", "part": "p01", "destination": "D1", "quantity": 90, "expected": pd.Timestamp(AS_OF)}],
        repair_orders=[{"repair_order": "r", "part": "p02", "site": "A1", "quantity": 9, "due": pd.Timestamp(AS_OF)}],
        events=[
            {
                "event": "e", "kind": "shutdown", "applies_to": "all",
                "start": pd.Timestamp(AS_OF), "end": pd.Timestamp(AS_OF) + pd.Timedelta(days=90),
            }
        ],
    )  # fmt: skip
    plain, same, other = (
        settle(long_run(some, forecast(2.0), targets(3, A1=1), 10), 2, seed).points
        for some, seed in ((network(), 1), (busy, 1), (network(), 2))
    )
    pd.testing.assert_frame_equal(plain, same)
    assert not plain["asked"].equals(other["asked"])


def test_an_uncertain_rate_lowers_what_a_group_achieves() -> None:
    """The same mean demand and stock, but Θ from Gamma(1, 1): busy times have more customers, and more of them wait."""
    served = [
        settle(long_run(network(), forecast(a), targets(4, A1=1, A2=1, D1=1), 40), 20).service["default"]
        for a in (np.inf, 1.0)
    ]
    assert served[1].high < served[0].low


def test_a_referee_of_strata_plays_the_exact_law() -> None:
    """Systems without anything random but demand, as the comparison plays them, against Simon's law."""
    one = Small(np.array([0.5, 1.0]), np.array([2.0, 3.0]), 21.0, 0.0, 1.0, np.inf, 3, np.array([1, 2]))
    found = referee([one], Play(runs=12, copies=16, weeks=150), seed=3)
    waits = DAYS_PER_WEEK * (np.arange(40) + 0.5) / 40 - DAYS_PER_WEEK / 2
    shifted = [Small(one.demand, one.courier_days, 21.0 + w, 0.0, 1.0, np.inf, 3, one.point_stock) for w in waits]
    waiting, fill = np.mean([simon(late) for late in shifted], axis=0)
    assert found.backorders == pytest.approx(waiting, abs=2 * found.half_width.max())
    assert found.fill == pytest.approx(fill, abs=0.02)


def test_the_engine_is_nearer_to_the_exact_law_than_metric() -> None:
    """Poisson demand, sure lead times: Σ|ΔEBO| ≤ 1 % of ΣEBO, METRIC never nearer, fill within half a point."""
    found = exact_law(30, seed=2)
    assert found["error"] <= 0.01 < found["error_of_metric"]
    assert found["metric_nearer"] == 0 < found["differ"]
    assert found["fill_error_points"] <= 0.5
