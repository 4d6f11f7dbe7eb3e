"""The rules parts share, as rows: money per budget period, kg and litres per departure, litres stored per week."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from domain.threads import in_threads, kernel
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.program import PartPlans, Terms
from optimizer.replenishment.week_cost import CostTables

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """The coupling rows that are limited: their limits, and what each is about.

    Rows come in four runs: budget periods, kg of departures, litres of departures, litres stored at depots (flat index
    of depot and week, (depots, K + 1)), told by `tables` where there are any. full: rows used up by what is there: no
    part may use more of them than if nothing were shipped, so that no price is needed.
    """

    limit: Floats
    full: npt.NDArray[np.bool_]
    budget: Ints
    kg: Ints
    litres: Ints
    storage: Ints
    tables: CostTables | None

    @property
    def runs(self) -> tuple[slice, slice, slice, slice]:
        """Where each run lies among the rows."""
        ends = np.cumsum([0, len(self.budget), len(self.kg), len(self.litres), len(self.storage)])
        budget, kg, litres, storage = (slice(int(first), int(last)) for first, last in pairwise(ends))
        return budget, kg, litres, storage

    def terms(self, instance: Instance, price: Floats, *, limited: bool = False) -> Terms:
        """Row prices, and with `limited` the rows' limits, as arrays over periods, departures, depots and weeks."""
        coupling = instance.coupling
        stored = (len(coupling.storage), instance.weeks + 1)
        sizes = (len(coupling.budget), len(coupling.kg), len(coupling.litres), stored[0] * stored[1])
        prices = [np.zeros(size) for size in sizes]
        limits = [np.full(size, np.inf) for size in sizes]
        for run, index, charged, limit in zip(
            self.runs, (self.budget, self.kg, self.litres, self.storage), prices, limits, strict=True
        ):
            charged[index] = price[run]
            limit[index] = self.limit[run] if limited else np.where(self.full[run], 0.0, np.inf)
        return Terms(
            prices[0], prices[1], prices[2], prices[3].reshape(stored),
            limits[0], limits[1], limits[2], limits[3].reshape(stored),
        )  # fmt: skip


def coupling_rows(instance: Instance, tables: CostTables | None = None) -> Rows:
    """Every limited budget period, the kg and litres of every limited departure, every week of a limited depot.

    A depot that is too full already has room for what is there. Without tables no room at depots is limited.
    """
    coupling = instance.coupling
    budget, kg, litres = (
        np.flatnonzero(np.isfinite(limit)) for limit in (coupling.budget, coupling.kg, coupling.litres)
    )
    storage, room, there = _storage_rows(instance, tables)
    limit = np.concatenate([coupling.budget[budget], coupling.kg[kg], coupling.litres[litres], np.maximum(room, there)])
    full = np.concatenate([np.zeros(len(limit) - len(room), bool), there >= room])
    return Rows(limit, full, budget, kg, litres, storage, tables if len(storage) else None)


def _storage_rows(instance: Instance, tables: CostTables | None) -> tuple[Ints, Floats, Floats]:
    """(flat depot and week, litres of room, litres there if nothing is shipped) of every week of a limited depot."""
    limited, week = np.isfinite(instance.coupling.storage), np.arange(instance.weeks + 1)
    if tables is None or not limited.any():
        return np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
    rows = np.flatnonzero(limited[:, None] & (week > 0)[None, :])
    nothing = np.zeros((len(instance.leaves.part), instance.weeks), np.int32)
    there: Floats = np.asarray(stored_litres(instance, tables, nothing).sum(axis=0), dtype=float).ravel()[rows]
    room: Floats = np.repeat(instance.coupling.storage, len(week))[rows]
    return rows.astype(np.int64), room, there


def row_table(instance: Instance, rows: Rows) -> pd.DataFrame:
    """rule, place (lane or depot, "" of budgets), start (first day) of every row."""
    sailings, weeks = instance.departures, instance.weeks + 1
    lane, departs = instance.lane_ids[sailings.lane], sailings.departs
    first_week = np.searchsorted(instance.coupling.period_of_week[1:], rows.budget)
    kinds = (
        ("budget", np.full(len(rows.budget), "", object), instance.first_monday + 7 * first_week),
        ("lane kg", lane[rows.kg], departs[rows.kg]),
        ("lane litres", lane[rows.litres], departs[rows.litres]),
        ("storage", instance.depots[rows.storage // weeks], instance.first_monday + 7 * (rows.storage % weeks - 1)),
    )
    return pd.DataFrame(
        {
            "rule": np.repeat(np.array([name for name, _, _ in kinds], object), [len(place) for _, place, _ in kinds]),
            "place": np.concatenate([place for _, place, _ in kinds]),
            "start": np.concatenate([day for _, _, day in kinds]).astype("datetime64[D]").astype("datetime64[ns]"),
        }
    )


def prices_of(instance: Instance, rows: Rows, earlier: pd.DataFrame) -> Floats:
    """Prices that an earlier plan found, for these rows: those of the same place and of the latest day not after."""
    mine = row_table(instance, rows).reset_index(names="row").sort_values("start", kind="stable")
    known = earlier[["rule", "place", "start", "price"]].sort_values("start", kind="stable")
    joined = pd.merge_asof(mine, known, on="start", by=["rule", "place"])
    price = np.zeros(len(rows.limit))
    price[joined["row"]] = joined["price"].fillna(0.0)
    return price


def usage(instance: Instance, rows: Rows, plans: PartPlans, some: Ints | None = None) -> sp.csr_matrix:
    """What the plan of every part, or of `some`, takes of every row, (parts, rows)."""
    parts, coupling = instance.parts, instance.coupling
    of_budget, of_kg, of_litres, _ = rows.runs
    row_of_period = np.full(len(coupling.budget), -1)
    row_of_period[rows.budget] = np.arange(len(rows.limit))[of_budget]
    row_of_kg, row_of_litres = np.full(len(coupling.kg), -1), np.full(len(coupling.kg), -1)
    row_of_kg[rows.kg] = np.arange(len(rows.limit))[of_kg]
    row_of_litres[rows.litres] = np.arange(len(rows.limit))[of_litres]

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
    shape = (len(parts.part), len(rows.limit) - len(rows.storage))
    moved = sp.coo_matrix((taken[limited], (who[limited], row[limited])), shape=shape).tocsr()
    if rows.tables is None:
        return moved if some is None else moved[some]
    stored = stored_litres(instance, rows.tables, plans.arrivals(instance), some)[:, rows.storage]
    taken_of_all = sp.hstack([moved, stored]).tocsr()
    return taken_of_all if some is None else taken_of_all[some]


def stored_litres(
    instance: Instance, tables: CostTables, arrivals: npt.NDArray[np.int32], some: Ints | None = None
) -> sp.csr_matrix:
    """Expected litres at depots of limited room by part, depot and week, (parts, depots × (K + 1)).

    some: parts; the others count as nothing.
    """
    leaves, weeks = instance.leaves, instance.weeks + 1
    part = np.arange(len(instance.parts.part))
    asked = np.isin(part, part if some is None else some)
    kept = np.flatnonzero((tables.stock_offset >= 0) & asked[leaves.part])
    litres = np.zeros((len(kept), weeks))
    shipped = np.concatenate([np.zeros((len(kept), 1), np.int64), np.cumsum(arrivals[kept], axis=1)], axis=1)
    in_threads(
        _stored, len(kept), kept, shipped, tables.stock, tables.stock_offset, tables.cap, instance.slot_law,
        leaves.depot, instance.parts.litres[leaves.part], litres,
    )  # fmt: skip
    row = np.repeat(leaves.part[kept], weeks)
    column = (leaves.depot[kept, None] * weeks + np.arange(weeks)[None, :]).ravel()
    shape = (len(instance.parts.part), len(instance.depots) * weeks)
    return sp.coo_matrix((litres.ravel(), (row, column)), shape=shape).tocsr()


@kernel
def _stored(
    begin: int, end: int, kept: Ints, shipped: Ints, stock: Floats, offset: Ints, cap: Ints, slot_law: Floats,
    depot: Ints, size: Floats, litres: Floats,
) -> None:  # fmt: skip
    for row in range(begin, end):
        n = kept[row]
        columns = cap[n] + 1
        law = slot_law[depot[n]]
        for t in range(1, len(law)):
            for k in range(len(law)):
                if law[t, k] > 0.0:
                    litres[row, t] += size[n] * law[t, k] * stock[offset[n] + t * columns + shipped[row, k]]
