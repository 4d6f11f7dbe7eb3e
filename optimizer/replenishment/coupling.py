"""The rules parts share, as rows: money per budget period, kg and litres per departure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from optimizer.replenishment.instance import Instance
from optimizer.replenishment.program import PartPlans, Terms

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """The coupling rows that are limited: their limits, and how prices split into budget, kg and litres."""

    limit: Floats
    budget: Ints  # period of each budget row
    kg: Ints  # departure of each kg row
    litres: Ints  # departure of each litre row

    def terms(self, instance: Instance, price: Floats, *, limited: bool = False) -> Terms:
        """Row prices, and with `limited` the rows' limits, as arrays over periods and departures."""
        coupling = instance.coupling
        budget = np.zeros(len(coupling.budget))
        kg, litres = np.zeros(len(coupling.kg)), np.zeros(len(coupling.litres))
        first, second = len(self.budget), len(self.budget) + len(self.kg)
        budget[self.budget], kg[self.kg], litres[self.litres] = price[:first], price[first:second], price[second:]
        if limited:
            return Terms(budget, kg, litres, coupling.budget, coupling.kg, coupling.litres)
        return Terms(budget, kg, litres, *(np.full(len(row), np.inf) for row in (budget, kg, litres)))


def coupling_rows(instance: Instance) -> Rows:
    """Every limited budget period, and the kg and litres of every limited departure."""
    coupling = instance.coupling
    budget, kg, litres = (
        np.flatnonzero(np.isfinite(limit)) for limit in (coupling.budget, coupling.kg, coupling.litres)
    )
    limit = np.concatenate([coupling.budget[budget], coupling.kg[kg], coupling.litres[litres]])
    return Rows(limit, budget, kg, litres)


def usage(instance: Instance, rows: Rows, plans: PartPlans) -> sp.csr_matrix:
    """What every part's plan takes of every row, (parts, rows)."""
    parts, coupling = instance.parts, instance.coupling
    row_of_period = np.full(len(coupling.budget), -1)
    row_of_period[rows.budget] = np.arange(len(rows.budget))
    row_of_kg, row_of_litres = np.full(len(coupling.kg), -1), np.full(len(coupling.kg), -1)
    row_of_kg[rows.kg] = len(rows.budget) + np.arange(len(rows.kg))
    row_of_litres[rows.litres] = len(rows.budget) + len(rows.kg) + np.arange(len(rows.litres))

    part, departure = instance.leaves.part[plans.leaf], plans.departure
    row = np.concatenate(
        [row_of_period[coupling.period_of_week[plans.week]], row_of_kg[departure], row_of_litres[departure]]
    )
    taken = np.concatenate(
        [
            plans.bought * parts.unit_cost[plans.buyer],
            plans.units * parts.weight_kg[part],
            plans.units * parts.litres[part],
        ]
    )
    who = np.concatenate([plans.buyer, part, part])
    limited = row >= 0
    shape = (len(parts.part), len(rows.limit))
    return sp.coo_matrix((taken[limited], (who[limited], row[limited])), shape=shape).tocsr()
