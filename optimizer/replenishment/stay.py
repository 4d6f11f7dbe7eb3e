"""Plans that stay: choosing begins with the plan before, where most of it is still right."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.plan import PreviousPlan
from optimizer.replenishment.coupling import Rows, usage
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.instance.earlier import lines_of
from optimizer.replenishment.prices import FoundPrices
from optimizer.replenishment.program import PartPlans, Programs, picked

Floats = npt.NDArray[np.float64]

_MOST = 0.5  # of the parts


def staying(
    instance: Instance, programs: Programs, rows: Rows, found: FoundPrices, previous: PreviousPlan
) -> tuple[PartPlans, Floats]:
    """(plans to begin with; money that a change of each part's plan must save).

    A part's plan is still right if, at the prices found, it costs less than an order line above the part's cheapest.
    If that holds for most parts, all begin with what the plan before decided, where it still can be; and no part's plan
    changes for less than an order line costs. Else choosing begins with the mixture.
    """
    before = programs.again(rows.terms(instance, np.zeros(len(rows.limit))), _of_before(instance, previous))
    mine, cheapest = (plans.cost + usage(instance, rows, plans) @ found.price for plans in (before, found.alone))
    if np.mean(mine < cheapest + instance.line_cost) < _MOST:
        return found.mixture, np.zeros(len(mine))
    stays = np.isfinite(mine)
    plans = picked(instance, [found.mixture, before], stays.astype(np.int64))
    return plans, np.where(stays, instance.line_cost, 0.0)


def _of_before(instance: Instance, previous: PreviousPlan) -> PartPlans:
    """The lines and purchases of the plan before whose departures and order weeks there still are."""
    parts, nothing = instance.parts, np.zeros(len(instance.parts.part))
    leaf, departure, units = lines_of(previous, parts, instance.leaves, instance.departures, instance.lane_ids)
    slot = instance.departures.slot[departure]
    first = np.flatnonzero(np.diff(leaf * (instance.weeks + 1) + slot, prepend=-1))  # one line a slot
    orders = previous.purchase_orders
    if orders is None or not len(orders):
        empty = np.zeros(0, np.int64)
        return PartPlans(leaf[first], departure[first], units[first], empty, empty, empty, nothing, nothing)
    buyer = pd.Series(np.arange(len(parts.part)), parts.part).reindex(orders["part"]).to_numpy()
    day = orders["order_on"].to_numpy("datetime64[D]").astype(np.int64)
    week = (day - instance.first_monday) // 7 + 1
    known = np.flatnonzero(~np.isnan(buyer) & (week >= 1) & (week <= instance.weeks))
    return PartPlans(
        leaf[first], departure[first], units[first], buyer[known].astype(np.int64), week[known],
        orders["quantity"].to_numpy(np.int64)[known], nothing, nothing,
    )  # fmt: skip
