"""Features of the boosted forecast against a plain reading of their definitions."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.features import BASE, BORROWED_EXPOSURE, BORROWED_LEADS, HALF_LIVES, NUMBER, WINDOWS, features
from forecasting.series import Floats, Series


def series(counts: Floats, exposure: Floats, starts: list[int], classes: list[int], season: int = 1) -> Series:
    """Series of one level of classes."""
    return Series(counts, exposure, np.array(starts), np.array(classes).reshape(-1, 1), season)


def naive_class_rate(history: Series, group: int, origin: int, keep: float) -> float:
    """Discounted units per exposure of a class, leaning on all series with 100 units of exposure."""

    def discounted(rows: list[int]) -> tuple[float, float]:
        units = exposure = 0.0
        for i in rows:
            for t in range(history.starts[i], origin):
                if history.exposure[i, t] > 0:
                    units += keep ** (origin - 1 - t) * history.counts[i, t]
                    exposure += keep ** (origin - 1 - t) * history.exposure[i, t]
        return units, exposure

    units, exposure = discounted(list(range(len(history))))
    root = (units + 0.5) / (exposure + 1)
    units, exposure = discounted([i for i in range(len(history)) if history.classes[i, -1] == group])
    return (units + BORROWED_EXPOSURE * root) / (exposure + BORROWED_EXPOSURE)


def naive_features(history: Series, i: int, origin: int, lead: int) -> tuple[list[float], float, float]:
    """Features, base rate and scale of one series at one origin, by the definitions in the docstring of `features`."""
    nan, start = float("nan"), int(history.starts[i])
    y, e = history.counts[i, :origin], history.exposure[i, :origin]
    ever = [t for t in range(origin) if e[t] > 0]
    known = [t for t in ever if t >= start]
    wanted = [t for t in known if y[t] > 0]
    keeps = [0.5 ** (1 / (half * lead)) for half in HALF_LIVES]
    prior = naive_class_rate(history, int(history.classes[i, -1]), origin, keeps[BASE])
    weight = BORROWED_LEADS * lead

    def discounted(keep: float, values: Floats, periods: list[int]) -> float:
        return float(sum(keep ** (origin - 1 - t) * values[t] for t in periods))

    def rate(keep: float) -> float:
        return (discounted(keep, y, known) + weight * prior) / (discounted(keep, e, known) + weight)

    def ratio(above: float, below: float) -> float:
        return above / below if below > 0 else nan

    b = rate(keeps[BASE])
    changes = [abs(y[t] - y[s]) for s, t in pairwise(ever)]
    scale = sum(changes) / max(len(changes), 1)
    windows = [[t for t in known if origin - t <= max(1, round(span * lead))] for span in WINDOWS]
    year = range(max(start, origin - history.season), min(origin, origin - history.season + lead))
    last_year = [t for t in year if e[t] > 0] if history.season > 1 else []
    sizes = [float(y[t]) for t in wanted]
    size = ratio(sum(sizes), len(sizes))
    since = origin - wanted[-1] if wanted else nan
    interval = max(wanted[-1] - wanted[0], 1) / (len(wanted) - 1) if len(wanted) > 1 else nan
    x = [
        *(float(np.log(rate(keep) / b)) for keep in keeps),
        *(ratio(discounted(keep, e, wanted), discounted(keep, e, known)) for keep in keeps),
        *(ratio(sum(y[t] for t in window), b * sum(e[t] for t in window)) for window in windows),
        since / lead,
        (origin - start) / lead,
        since / interval,
        len(wanted),
        sum(s**2 for s in sizes) / len(sizes) / size**2 - 1 if len(sizes) > 1 else nan,
        max(sizes) / size if sizes else nan,
        b * lead / size,
        scale / b if known else nan,
        prior / b,
        y[known[-1]] / b if known else nan,
        ratio(sum(y[t] for t in known), b * sum(e[t] for t in known)),
        ratio(len(wanted), len(known)),
        ratio(sum(y[t] for t in last_year), b * sum(e[t] for t in last_year)),
    ]
    return x, b, scale


@st.composite
def ragged(draw: st.DrawFn) -> tuple[Series, int]:
    """Up to four series of up to 14 periods with gaps, late starts and a season, and a lead."""
    number, periods = draw(st.integers(1, 4)), draw(st.integers(1, 14))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    counts = rng.poisson(rng.choice([0.0, 0.4, 5.0], (number, 1)), (number, periods)).astype(float)
    exposure = rng.choice([0.0, 0.5, 1.0, 1.0, 1.0], (number, periods))
    counts[exposure == 0] = 0.0
    starts = rng.integers(0, periods, number)
    classes = np.unique(rng.integers(0, 2, number), return_inverse=True)[1]
    season = draw(st.sampled_from([1, 4, 7]))
    return series(counts, exposure, starts.tolist(), classes.tolist(), season), draw(st.integers(1, 6))


@given(ragged())
@settings(max_examples=60, deadline=None)
def test_features_are_what_their_definitions_say(case: tuple[Series, int]) -> None:
    """Every feature, base rate and scale equals a naive loop over its definition, whatever gaps and starts."""
    history, lead = case
    row, origin = (axis.ravel() for axis in np.indices((len(history), history.periods + 1)))
    x, base, scale = features(history, row, origin, lead)
    assert x.shape == (len(row), NUMBER)
    for k, (i, o) in enumerate(zip(row.tolist(), origin.tolist(), strict=True)):
        expected, b, change = naive_features(history, i, o, lead)
        np.testing.assert_allclose(x[k], expected, rtol=1e-9, atol=1e-12, err_msg=f"series {i}, origin {o}")
        np.testing.assert_allclose([base[k], scale[k]], [b, change], rtol=1e-9)


@given(ragged(), st.integers(0, 14))
@settings(max_examples=30, deadline=None)
def test_nothing_after_the_origin_matters(case: tuple[Series, int], at: int) -> None:
    """Features at an origin are those of the history cut there."""
    history, lead = case
    at = min(at, history.periods)
    row, origin = np.arange(len(history)), np.full(len(history), at)
    for whole, cut in zip(
        features(history, row, origin, lead), features(history.until(at), row, origin, lead), strict=True
    ):
        np.testing.assert_allclose(whole, cut, rtol=1e-12)


def test_features_are_free_of_scale() -> None:
    """Counts times 1,000 change no feature of a series that has its own evidence by more than a percent, only the base
    rate and the scale."""
    counts = np.random.default_rng(1).poisson(3.0, (3, 40)).astype(float)
    row, origin = np.arange(3), np.full(3, 40)
    x, base, scale = features(series(counts, np.ones((3, 40)), [0, 0, 0], [0, 0, 0]), row, origin, 4)
    y, base_of, scale_of = features(series(1000 * counts, np.ones((3, 40)), [0, 0, 0], [0, 0, 0]), row, origin, 4)
    np.testing.assert_allclose(y, x, rtol=0.01, atol=0.001)
    np.testing.assert_allclose(base_of, 1000 * base, rtol=0.01)
    np.testing.assert_allclose(scale_of, 1000 * scale, rtol=1e-12)


@pytest.mark.parametrize("periods", [0, 1])
def test_a_history_of_no_or_one_period(periods: int) -> None:
    """Where nothing or one period is known, rates are finite and above zero, and what is unknown is NaN, never inf."""
    history = series(np.full((2, periods), 3.0), np.ones((2, periods)), [0, 0], [0, 0])
    x, base, scale = features(history, np.arange(2), np.full(2, periods), 3)
    assert not np.isinf(x).any()
    assert (base > 0).all()
    assert (scale == 0).all()
