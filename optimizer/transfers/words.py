"""Transfers as tables, with reasons and exceptions in words."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network
from domain.schemas import ARTEFACTS, empty_frame
from domain.transfers import COLUMNS, Transfers
from optimizer.allocation.ids import Ids
from optimizer.allocation.table import dates
from optimizer.replenishment.instance import Instance
from optimizer.transfers.candidates import Regions, Ways

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_NAMED = 20  # parts named at a depot that has too much of them
_KIND = "excess"


@dataclass(frozen=True)
class Decided:
    """Lines between leaves of an instance, with units, money paid and money saved net of it."""

    network: Network
    ids: Ids
    found: Ways
    instance: Instance
    way: Ints
    giver: Ints
    taker: Ints
    units: Ints
    cost: Floats
    saves: Floats


def no_transfers() -> Transfers:
    """Nothing moves and nobody is told."""
    empty: dict[str, object] = dict.fromkeys(COLUMNS, np.array([], object))
    empty |= {"quantity": np.array([], np.int64), **dict.fromkeys(("cost", "saves"), np.array([], float))}
    empty |= dict.fromkeys(("departs", "arrives"), np.array([], "datetime64[ns]"))
    table = pd.DataFrame(empty)
    return Transfers(table, empty_frame(ARTEFACTS["exceptions"]))


def table_of(decided: Decided) -> pd.DataFrame:
    """The lines that move something, sorted by (part, from_site, to_site, lane)."""
    moved = np.flatnonzero(decided.units > 0)
    if not len(moved):
        return no_transfers().table
    found, instance, way = decided.found, decided.instance, decided.way[moved]
    leaves, depots = instance.leaves, instance.depots
    frame = pd.DataFrame(
        {
            "part": instance.parts.part[leaves.part[decided.giver[moved]]],
            "from_site": depots[leaves.depot[decided.giver[moved]]],
            "to_site": depots[leaves.depot[decided.taker[moved]]],
            "lane": found.timetable.lanes["lane"].to_numpy(object)[found.lane[way]],
            "quantity": decided.units[moved],
            "departs": dates(found.ships[way]),
            "arrives": dates(found.arrives[way]),
            "cost": decided.cost[moved],
            "saves": decided.saves[moved],
            "reason": np.array(_reasons(decided, moved), dtype=object),
        }
    )
    return frame.sort_values(["part", "from_site", "to_site", "lane"], ignore_index=True)


def _reasons(decided: Decided, moved: Ints) -> list[str]:
    """What waits at the taker without it, what buying would cost, when the giver would have used it."""
    instance, leaves = decided.instance, decided.instance.leaves
    giver, taker, units = decided.giver[moved], decided.taker[moved], decided.units[moved]
    given = np.bincount(giver, units, minlength=len(leaves.part))
    left = leaves.net_stock[:, None] + leaves.inbound - leaves.late_mean - leaves.window_mean
    short, used = _first_below(left[taker], 0.0), _first_below(left[giver], given[giver].astype(float))
    currency = decided.network.settings.currency
    to, by = (instance.depots[leaves.depot[rows]] for rows in (taker, giver))
    found = []
    for row in range(len(moved)):
        lacks = (
            f"{to[row]} expects to run short of it in the week of {_monday(instance, short[row])}"
            if short[row] < instance.weeks
            else f"{to[row]} has little of it to spare"
        )
        idle = (
            f"{by[row]} would not use it before the week of {_monday(instance, used[row])}"
            if used[row] < instance.weeks
            else f"{by[row]} would not use it within {instance.weeks} weeks"
        )
        each = decided.cost[moved[row]] / units[row]
        found.append(
            f"{lacks}; {idle}. Bringing one costs {each:,.2f} {currency}, buying one for {to[row]} "
            f"{leaves.landed[taker[row]]:,.2f}; in all this saves {decided.saves[moved[row]]:,.2f}."
        )
    return found


def _first_below(left: Floats, level: "float | Floats") -> Ints:
    """First week, from 0, in which expected stock has fallen below the level; the number of weeks if it never does."""
    below = left < np.broadcast_to(np.asarray(level, float), len(left))[:, None]
    found: Ints = np.where(below.any(axis=1), below.argmax(axis=1), left.shape[1])
    return found


def _monday(instance: Instance, week: int) -> str:
    return str(np.datetime64(int(instance.first_monday + 7 * week), "D"))


def unwanted(network: Network, ids: Ids, held: Regions, gone: Floats, weeks: int) -> pd.DataFrame:
    """Depot stock beyond the 99 % quantile of K weeks' demand that no depot takes: the dearest parts of each depot."""
    cost = network.parts.set_index("part")["unit_cost"].reindex(ids.part).to_numpy(float)
    part, depot = ids.part_of(held.key), ids.site_of(held.key)
    units = np.minimum(np.floor(held.excess - gone), held.spare - gone)
    money = units * cost[part]
    order = np.lexsort((part, -money, depot))
    order = order[(units[order] >= 1) & (money[order] > 0)]
    place = np.arange(len(order)) - np.searchsorted(depot[order], depot[order])
    order = order[place < _NAMED]
    if not len(order):
        return no_transfers().exceptions
    sites, parts = ids.site.to_numpy(object)[depot[order]], ids.part.to_numpy(object)[part[order]]
    says = [
        f"{site} holds {count:,.0f} units more than demand of {weeks} weeks will want even in 99 of 100 cases, "
        "and bringing them to another depot saves nothing: sell back or scrap."
        for site, count in zip(sites, units[order], strict=True)
    ]
    frame = pd.DataFrame(
        {
            "kind": _KIND,
            "part": parts,
            "site": sites,
            "money_at_risk": money[order],
            "says": np.array(says, dtype=object),
        }
    )
    return frame.sort_values(["money_at_risk", "part", "site"], ascending=[False, True, True], ignore_index=True)
