"""Quality signals: sets of failing parts with few false ones, and the week in which a part turned."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.forecasting.quality_signals import alarms, discoveries
from forecasting.quality import FALSE_SHARE, category_prior, cusum, failing_sets


def test_few_discoveries_are_false_and_most_strong_faults_are_found() -> None:
    """Over 8 runs of 2,000 parts at most 5 % of the discoveries are false, within noise; a doubling is mostly found."""
    runs = [discoveries(np.random.default_rng(run), mean=40.0) for run in range(8)]
    found = sum(run.discoveries for run in runs)
    false = sum(run.discoveries * run.false for run in runs) / found
    assert found > 1000
    assert false <= FALSE_SHARE + 2 * (FALSE_SHARE / found) ** 0.5
    assert np.mean([run.detected for run in runs]) >= 0.5


def test_where_all_parts_are_alike_next_to_nothing_is_found() -> None:
    """Parts that all fail exactly as their category: their scatter is Poisson noise, and no set is named."""
    rng = np.random.default_rng(1)
    actual = rng.poisson(20.0, 2000).astype(float)
    result = failing_sets(actual, np.full(2000, 20.0), np.zeros(2000, np.int64))
    assert result.failing.sum() <= 2
    assert np.quantile(np.abs(result.ratio - 1.0), 0.95) < 0.12
    assert np.abs(actual / 20.0 - 1.0).max() > 0.6


def test_the_expected_share_of_false_discoveries_is_kept_and_the_set_is_the_largest() -> None:
    """The mean probability in the set is at most the limit; one more part would break it."""
    rng = np.random.default_rng(2)
    actual = rng.poisson(10.0 * rng.gamma(3.0, 1 / 3, 500)).astype(float)
    result = failing_sets(actual, np.full(500, 10.0), np.zeros(500, np.int64), false_share=0.1)
    inside, outside = result.below[result.failing], result.below[~result.failing]
    assert inside.mean() <= 0.1 < np.append(inside, outside.min()).mean()
    assert inside.max() <= outside.min()


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 50.0), st.permutations(range(40)))
def test_the_scale_of_expectations_and_the_order_of_parts_do_not_matter(scale: float, order: list[int]) -> None:
    """What is to be expected is known up to a factor per category, and rows come in any order."""
    rng = np.random.default_rng(3)
    expected = rng.uniform(5, 50, 40)
    actual = rng.poisson(expected * rng.gamma(3.0, 1 / 3, 40)).astype(float)
    category = np.zeros(40, np.int64)
    known = failing_sets(actual, expected, category)
    scaled = failing_sets(actual[order], (expected * scale)[order], category)
    assert scaled.ratio == pytest.approx(known.ratio[order], rel=0.02)
    assert scaled.below == pytest.approx(known.below[order], abs=0.02)


def test_a_part_of_which_nothing_is_expected_is_never_named() -> None:
    """No exposure, no verdict; a world without failures is no reason to fail."""
    actual, expected = np.array([5.0, 0.0, 0.0]), np.array([0.0, 10.0, 0.0])
    assert not failing_sets(actual, expected, np.zeros(3, np.int64)).failing.any()
    nothing = failing_sets(np.zeros(3), np.zeros(3), np.zeros(3, np.int64))
    assert np.isfinite(nothing.ratio).all()
    assert not failing_sets(np.zeros(0), np.zeros(0), np.zeros(0, np.int64)).failing.size


def test_a_category_learns_its_level_and_how_varied_it_is() -> None:
    """2,000 parts at 1.5 × what was expected, ratios Gamma(4): the level within 3 %, most weight on shapes 2 to 8."""
    rng = np.random.default_rng(4)
    expected = rng.uniform(5, 100, 2000)
    actual = rng.poisson(1.5 * expected * rng.gamma(4.0, 0.25, 2000)).astype(float)
    prior = category_prior(actual, expected, np.zeros(2000, np.int64))
    assert prior.level[0] == pytest.approx(1.5, rel=0.03)
    assert prior.weight[2:5, 0].sum() > 0.8


def test_alarms_are_rare_in_control_and_quick_after_a_doubling() -> None:
    """One case a week: at most 1 false alarm in 20 part-years; 3 of 4 doublings found in half a year, to 3 weeks."""
    found = alarms(np.random.default_rng(5), per_week=1.0, parts=200, years=5)
    assert found.per_year <= 1 / 20
    assert found.detected >= 0.75
    assert found.error_weeks <= 3
    quick = alarms(np.random.default_rng(5), per_week=5.0, parts=200, years=2)
    assert quick.detected == 1
    assert quick.weeks <= 6


def test_the_week_of_a_plain_turn_is_found_exactly() -> None:
    """Two cases a week, five from week 30 on, without noise: dated to week 30; before it there is no alarm."""
    counts = np.where(np.arange(60) < 30, 2.0, 5.0)[None, :]
    assert cusum(counts, np.full((1, 60), 2.0)).since[0] == 30
    assert cusum(counts[:, :30], np.full((1, 30), 2.0)).alarm[0] == -1


def test_an_alarm_ends_when_failures_have_long_been_normal_again() -> None:
    """A bad batch of ten weeks that was taken back is no signal a year later."""
    counts = np.full((1, 100), 2.0)
    counts[0, 10:20] = 5.0
    assert cusum(counts, np.full((1, 100), 2.0)).alarm[0] == -1
    assert cusum(counts[:, :22], np.full((1, 22), 2.0)).since[0] == 10


def test_impossible_limits_are_refused() -> None:
    """A rise by the factor 1 is none."""
    with pytest.raises(ValueError, match="above 1"):
        cusum(np.ones((1, 3)), np.ones((1, 3)), ratio=1.0)
