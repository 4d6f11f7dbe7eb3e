"""Histories of demand: what was known at an origin, what is evidence, what is refused."""

import numpy as np
import pytest

from forecasting.series import Floats, Series


def history(counts: Floats, starts: list[int], exposure: Floats | None = None, season: int = 1) -> Series:
    """Series of one class with exposure 1 unless given."""
    exposure = np.ones_like(counts) if exposure is None else exposure
    return Series(counts, exposure, np.array(starts), np.zeros((len(counts), 1), np.int64), season)


def test_an_origin_hides_what_came_after_it() -> None:
    """Until an origin, a history is the same whatever the later periods hold, and everything else stays."""
    counts = np.arange(12.0).reshape(2, 6)
    other = counts.copy()
    other[:, 4:] = 99.0
    known, same = history(counts, [0, 1], season=12).until(4), history(other, [0, 1], season=12).until(4)
    assert known.periods == 4
    assert known.season == 12
    np.testing.assert_array_equal(known.counts, counts[:, :4])
    np.testing.assert_array_equal(known.counts, same.counts)
    np.testing.assert_array_equal(known.starts, [0, 1])


def test_gaps_and_what_lies_before_the_start_are_no_evidence() -> None:
    """Evidence are the periods with exposure from the start on."""
    exposure = np.ones((2, 4))
    exposure[0, 2] = 0.0
    evidence = history(np.zeros((2, 4)), [1, 4], exposure).evidence()
    np.testing.assert_array_equal(evidence, [[False, True, False, True], [False] * 4])


@pytest.mark.parametrize("wrong", ["exposure", "starts", "classes", "season"])
def test_arrays_of_different_series_are_refused(wrong: str) -> None:
    """Counts, exposure, starts and classes describe the same series, and a season has a period."""
    given: dict[str, object] = {
        "counts": np.zeros((3, 5)),
        "exposure": np.ones((3, 5)),
        "starts": np.zeros(3, np.int64),
        "classes": np.zeros((3, 1), np.int64),
        "season": 1,
    }
    given[wrong] = 0 if wrong == "season" else np.ones((2, 5))
    with pytest.raises(ValueError, match="season" if wrong == "season" else "same series"):
        Series(**given)  # type: ignore[arg-type]
