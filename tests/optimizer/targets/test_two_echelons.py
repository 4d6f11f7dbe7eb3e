"""Gauss nodes of the rate factor."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from optimizer.targets.two_echelons import rate_nodes


@given(st.floats(0.05, 500))
def test_nodes_have_the_moments_of_the_rate_factor(shape: float) -> None:
    """Five Gauss nodes of Gamma(a, a) have its moments up to the ninth: E θⁿ = a(a+1)…(a+n−1)/aⁿ."""
    theta, weight = rate_nodes(np.array([shape]))
    powers = np.arange(10)
    exact = np.exp(special.gammaln(shape + powers) - special.gammaln(shape) - powers * np.log(shape))
    np.testing.assert_allclose(
        (weight[0][None, :] * theta[0][None, :] ** powers[:, None]).sum(axis=1), exact, rtol=1e-8
    )


def test_size_biased_weights_are_those_of_the_customers() -> None:
    """Weights × nodes are the law Gamma(a + 1, a) that customers meet: mean 1 + 1/a."""
    theta, weight = rate_nodes(np.array([0.7, 4.0]))
    np.testing.assert_allclose((weight * theta).sum(axis=1), 1.0)
    np.testing.assert_allclose((weight * theta * theta).sum(axis=1), 1 + 1 / np.array([0.7, 4.0]))


def test_a_known_rate_has_one_node() -> None:
    """An infinite rate shape is the single node 1."""
    theta, weight = rate_nodes(np.array([np.inf]))
    assert theta[0, 0] == 1.0
    assert weight[0].tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]
