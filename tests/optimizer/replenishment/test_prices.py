"""Prices found from some of the parts: their share of the limits, and bounds that stay bounds."""

import numpy as np
import pytest

from optimizer.replenishment import Params
from optimizer.replenishment.coupling import usage
from optimizer.replenishment.prices import _share_of_limits
from tests.optimizer.replenishment.cases import BY_PROGRAMS, arrays, planned
from tests.oracle import optimum
from tests.random_networks import random_network

SEEDS = (3, 14, 16, 18, 21, 25)
FROM_SOME = Params(exact_leaves=0, sampled_parts=1, sampled_every=2)


@pytest.mark.parametrize("seed", SEEDS)
def test_shares_of_the_limits_add_up(seed: int) -> None:
    """All parts have all of every limit; two halves of the parts have it together, each no less than what is there."""
    given = arrays(random_network(seed, storage=True))
    free, whole = given.at_zero_prices(), np.arange(len(given.instance.parts.part))
    there = usage(given.instance, given.rows, free.without_lines())
    assert _share_of_limits(given.instance, given.rows, free, whole) == pytest.approx(given.rows.limit)
    halves = [_share_of_limits(given.instance, given.rows, free, whole[first::2]) for first in (0, 1)]
    assert sum(halves) == pytest.approx(given.rows.limit)
    for first, share in enumerate(halves):
        assert (share >= np.asarray(there[whole[first::2]].sum(axis=0)).ravel() - 1e-9).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_what_some_take_is_what_they_take_of_all(seed: int) -> None:
    """Parts priced alone have the plans, and take what they take, when all are priced."""
    given = arrays(random_network(seed, storage=True))
    terms = given.rows.terms(given.instance, np.full(len(given.rows.limit), 0.01))
    some = np.arange(len(given.instance.parts.part))[::2]
    of_all, of_some = given.programs.price(terms), given.programs.price(terms, some)
    assert of_some.cost[some] == pytest.approx(of_all.cost[some])
    taken = usage(given.instance, given.rows, of_some, some).toarray()
    assert taken == pytest.approx(usage(given.instance, given.rows, of_all)[some].toarray())


@pytest.mark.parametrize("seed", SEEDS)
def test_prices_from_some_parts_prove_no_less_and_never_too_much(seed: int) -> None:
    """Where to look first changes neither that the bound is one nor that it is found."""
    found, usual = planned(random_network(seed), FROM_SOME), planned(random_network(seed), BY_PROGRAMS)
    best = optimum(random_network(seed)).total
    assert found.lower_bound <= best * (1.0 + 1e-6)
    assert found.lower_bound >= usual.lower_bound - 2e-3 * abs(usual.lower_bound)
