"""Room at depots: what storing costs at its price, and what still fits, as part of a leaf's table."""

import numba as nb
import numpy as np

from optimizer.replenishment.program.facts import Counts, Facts, Floats, Terms

EXCEEDED = 1e-6  # kg, litres or money by which a limit counts as exceeded
_SLACK = 1e-9  # litres


@nb.njit(cache=True, error_model="numpy")
def stores(depot: int, terms: Terms) -> bool:
    """Whether room at the depot has a price or a limit."""
    for t in range(1, terms.storage_price.shape[1]):
        if terms.storage_price[depot, t] > 0.0 or terms.storage_left[depot, t] < np.inf:
            return True
    return False


@nb.njit(cache=True, error_model="numpy")
def with_storage(i: int, facts: Facts, terms: Terms) -> Floats:
    """The tables of a part's leaves, flat, with the price of room; infinite where stock would not fit.

    Σ_t ρ_t(k)·price_t·litres·E[stock of week t at X units] is added to entry [k, X]. What is there if nothing is
    shipped always fits.
    """
    begin, end = facts.leaf_start[i], facts.leaf_start[i + 1]
    cost = facts.values[facts.offset[begin] : facts.offset[end]].copy()
    for leaf in range(begin, end):
        depot, columns = facts.depot[leaf], facts.cap[leaf] + 1
        if facts.stock_offset[leaf] < 0 or not stores(depot, terms):
            continue
        table = cost[facts.offset[leaf] - facts.offset[begin] :][: (facts.weeks + 1) * columns]
        table = table.reshape((facts.weeks + 1, columns))
        law = facts.slot_law[depot]
        for t in range(1, facts.weeks + 1):
            price, left = terms.storage_price[depot, t] * facts.litres[i], terms.storage_left[depot, t]
            if price == 0.0 and left == np.inf:
                continue
            at = facts.stock_offset[leaf] + t * columns
            room = max(left / facts.litres[i], facts.stock[at]) + _SLACK
            for k in range(facts.weeks + 1):
                if law[t, k] > 0.0:
                    for x in range(columns):
                        stock = facts.stock[at + x]
                        table[k, x] += law[t, k] * price * stock if stock <= room else np.inf
    return cost


@nb.njit(cache=True, error_model="numpy")
def stores_more(i: int, n: int, facts: Facts, quantity: Counts, left: Floats) -> bool:
    """Whether leaf n of a part stores more than if nothing were shipped in a week whose room `left` is exceeded."""
    leaf = facts.leaf_start[i] + n
    if facts.stock_offset[leaf] < 0 or left[facts.depot[leaf], 1:].min() >= -EXCEEDED or quantity.sum() == 0:
        return False
    columns, law = facts.cap[leaf] + 1, facts.slot_law[facts.depot[leaf]]
    x = 0
    for k in range(1, facts.weeks + 1):
        x += quantity[k - 1]
        if x > 0:
            for t in range(1, facts.weeks + 1):
                at = facts.stock_offset[leaf] + t * columns
                if left[facts.depot[leaf], t] < -EXCEEDED and law[t, k] * (facts.stock[at + x] - facts.stock[at]) > 0.0:
                    return True
    return False


@nb.njit(cache=True, error_model="numpy")
def stored(i: int, n: int, facts: Facts, quantity: Counts, litres: Floats) -> None:
    """Write the expected litres that leaf n of a part stores by week into `litres`, (K + 1,)."""
    leaf = facts.leaf_start[i] + n
    columns, law = facts.cap[leaf] + 1, facts.slot_law[facts.depot[leaf]]
    litres[:] = 0.0
    x = 0
    for k in range(facts.weeks + 1):
        if k > 0:
            x += quantity[k - 1]
        for t in range(1, facts.weeks + 1):
            if law[t, k] > 0.0:
                litres[t] += facts.litres[i] * law[t, k] * facts.stock[facts.stock_offset[leaf] + t * columns + x]
