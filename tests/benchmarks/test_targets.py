"""The lines of stock targets, tiny: they must not rot, and they must be able to fail."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.acceptance import targets
from benchmarks.acceptance.line import Bench, Figure
from benchmarks.targets import scale
from optimizer.targets.local_search import kept_cost
from optimizer.targets.performance import performance
from optimizer.targets.prices import find_prices
from tests.optimizer.targets.test_rules import RULES, Rule


def bench(folder: Path) -> Bench:
    """A bench in this folder, without real data."""
    return Bench(Path(__file__).parents[2], folder, None)


def test_engine_and_enumeration_agree_on_few_systems(tmp_path: Path) -> None:
    """Sixty systems against the exact law and four against all stocks: every limit is kept."""
    for found in (*targets.exact(bench(tmp_path), systems=60), *targets.tiny(bench(tmp_path), systems=4)):
        assert isinstance(found, str) or found.kept, found


def test_broken_rules_are_counted_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that half of the systems break, and one that raises, fail the line and name the seed."""

    def no_even_seed(rng: np.random.Generator) -> str:
        return "even" if rng.integers(1 << 30) % 2 == 0 else ""

    def raises(rng: np.random.Generator) -> str:
        raise ZeroDivisionError("no demand")

    tried: dict[str, Rule] = {"odd": no_even_seed, "raises": raises}
    monkeypatch.setattr(targets, "RULES", tried)
    monkeypatch.setattr(targets, "EXAMPLES", {"odd": 10, "raises": 1})
    found = list(targets.rules(bench(tmp_path), more=2))
    violations = [one.value for one in found if isinstance(one, Figure) and one.what == "violations"]
    assert 0 < violations[0] < 20
    assert violations[1] == 2
    assert "seed 0: ZeroDivisionError: no demand" in found
    assert RULES


def test_the_peer_finds_the_same_costs_as_the_engine() -> None:
    """Of a few parts the peer's cost is the engine's, and no stock is cheaper than its best."""
    of = scale.system(12, suppliers=False)
    stock = find_prices(of)
    price = stock.price[of.group]
    waiting = performance(of.echelons, stock.depot_stock, stock.point_stock).backorders
    engine = kept_cost(of, stock) + float(price @ waiting)
    rows = range(len(of.part))
    peer = sum(
        scale.cost_by_numpy(of.echelons, row, price, int(stock.depot_stock[row]), stock.point_stock) for row in rows
    )
    assert peer == pytest.approx(engine, rel=1e-6)
    assert sum(scale.best_by_numpy(of.echelons, row, price) for row in rows) <= peer * (1 + 1e-9)


def test_speed_is_measured_in_small() -> None:
    """Every figure of sixty parts is there and finite, and no group misses its target."""
    found = [one for one in scale.speed(parts=60, seconds=60.0) if isinstance(one, Figure)]
    assert {"prices and stock found", "times faster", "with suppliers, hubs placed too"} <= {one.what for one in found}
    assert all(np.isfinite(one.value) for one in found)
    assert [one for one in found if not one.kept] == []
