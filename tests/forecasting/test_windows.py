"""Rolling origins, against naive loops."""

import numpy as np
import pytest

from forecasting.windows import dispersion, drift_growth, rolling_windows


def test_evidence_and_windows_by_naive_sums() -> None:
    """Evidence is Σ δ^(n−s)·y from a leaf's start to the origin, a window is what came next; gaps count nothing."""
    rng = np.random.default_rng(1)
    counts = rng.poisson(1.5, (5, 23)).astype(float)
    exposure = rng.uniform(0.5, 2.0, (5, 23)) * (rng.random((5, 23)) > 0.2)
    starts, discounts = np.array([0, 3, 7, 20, 23]), np.array([1.0, 0.8])
    windows = rolling_windows(counts, exposure, starts, discounts, lead=4)
    assert windows.origins.tolist() == [7, 11, 15, 19, 23]
    for leaf in range(5):
        for at, origin in enumerate(windows.origins):
            known = [s for s in range(starts[leaf], origin) if exposure[leaf, s] > 0]
            for d, discount in enumerate(discounts):
                weight = {s: discount ** (origin - 1 - s) for s in known}
                assert windows.units[d, at, leaf] == pytest.approx(sum(weight[s] * counts[leaf, s] for s in known))
                assert windows.exposure[d, at, leaf] == pytest.approx(sum(weight[s] * exposure[leaf, s] for s in known))
            if origin < 23:
                ahead = [s for s in range(origin, origin + 4) if exposure[leaf, s] > 0]
                assert windows.demand[at, leaf] == sum(counts[leaf, s] for s in ahead)
                assert windows.seen[at, leaf] == (len(known) > 0 and len(ahead) > 0)


def test_a_short_history_is_judged_over_half_of_it() -> None:
    """Three periods leave windows of one; one period leaves none."""
    ones = np.ones((2, 3))
    short = rolling_windows(ones, ones, np.zeros(2, np.int64), np.ones(1), lead=12)
    assert (short.lead, short.origins.tolist()) == (1, [1, 2, 3])
    assert rolling_windows(ones[:, :1], ones[:, :1], np.zeros(2, np.int64), np.ones(1), lead=12).origins.tolist() == [1]


def test_growth_of_a_drifting_rate_by_the_double_sum() -> None:
    """Growth is ΣᵤΣᵥ eᵤeᵥ δ^(−min(u,v)) / (Σe)² over the window."""
    rng = np.random.default_rng(2)
    exposure, lead, discount = rng.uniform(0, 2, (1, 9)), 4, 0.85
    growth = drift_growth(exposure, np.array([5, 9]), lead, np.array([discount]))
    e = exposure[0, 5:9]
    pairs = sum(e[u] * e[v] * discount ** -(min(u, v) + 1) for u in range(lead) for v in range(lead))
    assert growth[0, 0] == pytest.approx(pairs / e.sum() ** 2)


@pytest.mark.parametrize("psi", [1.0, 3.0])
def test_dispersion_finds_the_batch_index_despite_trend(psi: float) -> None:
    """Geometric batches with index ψ give ψ, although the rate doubles over the history and exposure varies."""
    rng = np.random.default_rng(4)
    exposure = rng.uniform(0.5, 2.0, (3000, 60))
    rate, stop = np.linspace(1.0, 2.0, 60), 2 / (psi + 1)
    batches = rng.poisson(exposure * rate)
    counts = (batches + rng.negative_binomial(np.maximum(batches, 1), stop) * (batches > 0)) if psi > 1 else batches
    ratio, periods = dispersion(counts.astype(float), exposure, np.zeros(3000, np.int64))
    assert ratio.mean() == pytest.approx(psi, rel=0.03)
    assert (periods == (counts > 0).sum(axis=1)).all()
