"""Which units, lines and steps of price can matter to a plan: what tightens a program before it is solved."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimizer.replenishment.instance.arrays import Departures

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_SAME_PRICE = 1e-9  # of the dearest step: two steps that differ by less are one


def worth_shipping(table: Floats, money: Floats, slot: Ints) -> int:
    """Units beyond which one more, on whichever departure, costs at least what it saves in all later slots.

    Then the first departure to exceed them may leave the excess at the hub: nothing gets dearer, no rule is broken.
    """
    if not len(money) or table.shape[1] < 2:
        return 0
    least = np.minimum.accumulate(np.diff(table, axis=1)[:, ::-1], axis=1)[:, ::-1]
    later = np.cumsum(least[::-1], axis=0)[::-1]  # (slots, units)
    dear = (money[:, None] + later[slot] >= 0.0).all(axis=0)
    return int(np.argmax(dear)) if dear.any() else table.shape[1] - 1


def worth_using(leaf: Ints, j: Ints, money: Floats, sailings: Departures) -> npt.NDArray[np.bool_]:
    """Lines no other line of the leaf beats that arrives in the same slot, leaves no sooner and costs no more a unit.

    Where no departure is limited nothing is lost: what the hub has for the one it still has for the other.
    """
    order = np.lexsort((money, -sailings.departs[j], sailings.slot[j], leaf))
    slots = pd.DataFrame({"leaf": leaf[order], "slot": sailings.slot[j[order]], "money": money[order]})
    cheapest = slots.groupby(["leaf", "slot"])["money"].cummin()
    first = ~slots.duplicated(["leaf", "slot"])
    use = np.empty(len(order), np.bool_)
    use[order] = first | (slots["money"] < cheapest.shift(fill_value=np.inf))
    return use


def merged(money: Floats) -> tuple[Ints, Floats]:
    """(start of each piece and the end of the last, price of a unit in each) of a convex cost of 0, 1, … units."""
    price = np.diff(money)
    if not len(price):
        return np.zeros(1, np.int64), price
    scale = max(float(np.abs(price).max()), 1e-9)
    start = np.concatenate([[0], np.flatnonzero(np.diff(price) > _SAME_PRICE * scale) + 1, [len(price)]])
    return start, np.diff(money[start]) / np.diff(start)
