"""Nested classes and how a small one leans on the one above."""

import numpy as np
import pytest

from forecasting.classes import Classes

CODES = np.array([[0, 0], [0, 0], [0, 1], [0, 1]])


def test_sums_are_those_of_the_members() -> None:
    """The total of a class is the sum over its leaves, for any leading dimensions."""
    values = np.arange(8.0).reshape(2, 1, 4)
    assert Classes(CODES).sums(values).tolist() == [[[1.0, 5.0]], [[9.0, 13.0]]]


def test_a_ratio_leans_on_its_parent() -> None:
    """A class's ratio is (own + borrowed × the parent's) / (own weight + borrowed); without own weight the parent's."""
    ratio = Classes(CODES).ratios(np.array([6.0, 0.0]), np.array([2.0, 0.0]), np.array(1.5), borrowed=4.0)
    assert ratio.tolist() == [(6 + 4 * 1.5) / (2 + 4), 1.5]


def test_a_class_without_observations_chooses_as_its_parent() -> None:
    """Where a class saw nothing, the candidate its parent prefers wins; where nobody saw anything, the habit."""
    scores = np.array([[-9.0, 0.0], [-1.0, 0.0], [-5.0, 0.0]])
    habit = np.array([0.0, 0.0, 0.5])
    assert Classes(CODES).best(scores, np.array([10.0, 0.0]), habit, borrowed=5.0).tolist() == [1, 1]
    assert Classes(CODES).best(np.zeros((3, 2)), np.zeros(2), habit, borrowed=5.0).tolist() == [2, 2]


def test_a_large_class_decides_for_itself() -> None:
    """Much evidence of its own outweighs what the class above says."""
    scores = np.array([[-9000.0, -400.0], [-1000.0, -500.0]])
    assert Classes(CODES).best(scores, np.array([5000.0, 400.0]), np.zeros(2), borrowed=5.0).tolist() == [1, 0]


def test_classes_that_are_not_nested_are_refused() -> None:
    """One class cannot lie in two classes of the level above."""
    with pytest.raises(ValueError, match="not nested"):
        Classes(np.array([[0, 0, 0], [0, 1, 0]]))
