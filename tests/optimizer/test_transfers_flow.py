"""The flow of transfers against trying every combination of units."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.transfers.flow import RESOLUTION, Market, choose

CENTS = st.integers(-300, 900).map(lambda cents: cents / 100)


@st.composite
def markets(draw: st.DrawFn) -> Market:
    """Up to three leaves that give up to two units, two leaves that take up to three in one or two weeks."""
    givers, takers = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    units = st.lists(CENTS, max_size=2)
    loss = [np.array(sorted(draw(units))) for _ in range(givers)]
    taker = np.array(sorted(draw(st.lists(st.integers(0, takers - 1), min_size=1, max_size=2))))
    size = [draw(st.integers(1, 3)) for _ in range(takers)]
    gain = [np.array(sorted(draw(st.lists(CENTS, min_size=size[t], max_size=size[t])), reverse=True)) for t in taker]
    pairs = list(product(range(givers), range(len(taker))))
    some = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=3, unique=True))
    giver, receipt = np.array(sorted(some)).T
    return Market(loss, gain, taker, giver, receipt, np.array([draw(CENTS) for _ in giver]))


def net_loss(market: Market, units: tuple[int, ...]) -> float:
    """Losses + transport − gains of these units by line; infinite where a leaf gives more than it can.

    What reaches a leaf in several weeks takes its places in the best order.
    """
    given = np.bincount(market.giver, units, minlength=len(market.loss)).astype(int)
    came = np.bincount(market.receipt, units, minlength=len(market.gain)).astype(int)
    if any(number > len(market.loss[n]) for n, number in enumerate(given)):
        return np.inf
    total = float(np.dot(units, market.cost)) + sum(market.loss[n][:number].sum() for n, number in enumerate(given))
    for leaf in np.unique(market.taker):
        total -= most_gain([(market.gain[r], came[r]) for r in np.flatnonzero(market.taker == leaf)])
    return float(total)


def most_gain(weeks: list[tuple[np.ndarray, int]]) -> float:
    """The greatest sum when so many units of each week are put into places of their own."""
    if not weeks:
        return 0.0
    labels = [week for week, (_, number) in enumerate(weeks) for _ in range(number)]
    places = max(len(gain) for gain, _ in weeks)
    best = -np.inf
    for chosen in product(range(places), repeat=len(labels)):
        if len(set(chosen)) == len(chosen) and all(
            place < len(weeks[w][0]) for place, w in zip(chosen, labels, strict=True)
        ):
            best = max(best, sum(weeks[w][0][place] for place, w in zip(chosen, labels, strict=True)))
    return best


@settings(max_examples=150, deadline=None)
@given(markets())
def test_no_other_choice_of_units_is_better(market: Market) -> None:
    """Of all numbers of units on the lines none loses less than the flow's."""
    found = choose(market)
    most = [min(len(market.loss[n]), len(market.gain[r])) for n, r in zip(market.giver, market.receipt, strict=True)]
    least = min(net_loss(market, units) for units in product(*(range(number + 1) for number in most)))
    assert abs(net_loss(market, tuple(found)) - least) <= 10 * RESOLUTION
