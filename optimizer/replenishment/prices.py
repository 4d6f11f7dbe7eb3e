"""Prices of the rules parts share, and the bound they prove: boxstep over a restricted master of single parts.

Where there are many parts, every so-manyth of them, with its share of the limits, tells where to look first.

Dantzig & Wolfe 1960; Lasdon & Terjung 1971; the box: Marsten, Hogan & Blankenship 1975.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimizer.replenishment.coupling import Rows, row_table, usage
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.params import Params
from optimizer.replenishment.program import PartPlans, Programs, picked
from optimizer.replenishment.restricted_master import Columns, restricted_master

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_EXCEEDED = 20.0  # times the best and the usual prices: what exceeding a limit costs a master over single parts


@dataclass(frozen=True)
class FoundPrices:
    """The best prices, what they prove, and plans that nearly keep the limits.

    bound, bound_at_zero: lower bounds on the cost of any plan, at the best prices and where nothing has one.
    alone: the parts' own plans at the best prices.
    """

    price: Floats
    bound: float
    bound_at_zero: float
    alone: PartPlans
    mixture: PartPlans


def search_prices(
    instance: Instance,
    programs: Programs,
    rows: Rows,
    params: Params,
    start: Floats | None,
    tell: Callable[[str], None],
) -> FoundPrices:
    """Maximise the bound over prices; `start`: where to look first."""
    free = programs.price(rows.terms(instance, np.zeros(len(rows.limit))))
    every = min(len(instance.parts.part) // params.sampled_parts, params.sampled_every)
    if every > 1 and (start is None or not start.any()):
        parts = np.arange(every // 2, len(instance.parts.part), every)
        limit = _share_of_limits(instance, rows, free, parts)
        start = _climb(instance, programs, rows, limit, parts, free, None, params, tell).price
    whole = np.arange(len(instance.parts.part))
    found = _climb(instance, programs, rows, rows.limit, whole, free, start, params, tell)
    mixture = _mixture(instance, found.passes, found.weight)
    return FoundPrices(found.price, found.bound, float(free.bound.sum()), found.passes[found.at_best], mixture)


def _share_of_limits(instance: Instance, rows: Rows, free: PartPlans, parts: Ints) -> Floats:
    """What some parts may use: what is there of them, and of the room for more as much as they take if it is free.

    Their share is that of all weeks together, by lane and depot; budgets are one.
    """
    table = row_table(instance, rows)
    place = table.groupby(["rule", "place"]).ngroup().to_numpy()
    there = usage(instance, rows, free.without_lines())
    more = usage(instance, rows, free) - there
    mine, whole = (np.bincount(place, np.asarray(one.sum(axis=0)).ravel()) for one in (more[parts], more))
    share = np.divide(mine, whole, out=np.full(len(whole), len(parts) / len(free.cost)), where=whole > 0)
    kept, all_kept = (np.asarray(one.sum(axis=0)).ravel() for one in (there[parts], there))
    return np.asarray(kept + (rows.limit - all_kept) * share[place])


@dataclass(frozen=True)
class _Climbed:
    """The best prices, their bound and pass; all passes and what share each part's plans have, (passes, parts)."""

    price: Floats
    bound: float
    at_best: int
    passes: list[PartPlans]
    weight: Floats


def _climb(
    instance: Instance,
    programs: Programs,
    rows: Rows,
    limit: Floats,
    parts: Ints,
    free: PartPlans,
    start: Floats | None,
    params: Params,
    tell: Callable[[str], None],
) -> _Climbed:
    """Maximise the bound of some parts that have these limits; `free`: plans where nothing has a price.

    The restricted master proposes prices in a box around the best so far. A row's side of the box doubles where it was
    reached and the row asks for more, and halves where the row tells that the price went too far.
    """
    best, at_best, bound = np.zeros(len(limit)), 0, -np.inf
    usual = np.where(rows.full, 0.0, usual_prices(instance, rows))
    trial, at_edge, radius = best, np.zeros(len(best), bool), usual
    columns = Columns()
    passes: list[PartPlans] = []
    quiet = 0
    for iteration in range(params.price_iterations):
        plans = programs.price(rows.terms(instance, trial), parts) if iteration else free
        taken = usage(instance, rows, plans, parts)
        passes.append(plans)
        columns.add(taken, plans.bound[parts] - taken @ trial)
        proven = float(plans.bound[parts].sum() - trial @ limit)
        quiet = 0 if proven > bound + params.tolerance * abs(bound) else quiet + 1
        short = np.asarray(taken.sum(axis=0)).ravel() > limit
        too_far = (trial != best) & np.where(trial > best, ~short, short)
        radius = np.where(too_far, 0.5 * radius, np.where(at_edge, 2.0 * radius, radius))
        if proven > bound:
            best, at_best, bound = trial, iteration, proven
        elif not too_far.any():
            radius = 0.5 * radius
        if iteration == 0 and start is not None and start.any():
            trial, radius = start, 0.5 * radius
            continue
        low, high = np.maximum(best - radius, 0.0), best + radius
        master = restricted_master(columns, limit, low, high, best, params.tolerance * abs(bound))
        trial = master.price
        at_edge = (trial >= high * (1 - 1e-9)) | ((trial <= low * (1 + 1e-9)) & (low > 0))
        promised = (master.promise - bound) / abs(bound)
        tell(f"Pricing budget and capacity, {len(parts):,} parts, round {iteration + 1}: {promised:.3%} to go")
        if promised <= params.tolerance and (quiet >= params.quiet_rounds or not (at_edge & (radius > usual)).any()):
            break
    return _Climbed(best, bound, at_best, passes, master.weight)


def _mixture(instance: Instance, passes: list[PartPlans], weight: Floats) -> PartPlans:
    """Each part's plan from one of the passes, so often from each as its group's weights (passes, parts) say.

    The golden-ratio sequence spreads the picks evenly over the parts of a group, whatever its size.
    """
    parts = weight.shape[1]
    spread = (np.arange(parts) * 0.6180339887498949 + 0.5) % 1.0
    pick = np.minimum((np.cumsum(weight, axis=0) < spread - 1e-9).sum(axis=0), len(passes) - 1)
    return picked(instance, passes, pick)


def usual_prices(instance: Instance, rows: Rows) -> Floats:
    """How far a price may move at first: 5 % of money, half a lane's rate per kg, the same for a litre's weight.

    A litre stored for a week: a quarter of that.
    """
    lanes, sailings = instance.lanes.lanes, instance.departures
    per_kg = 0.5 * lanes["cost_per_kg"].to_numpy(float)[sailings.lane]
    density = float(instance.parts.weight_kg.sum() / max(float(instance.parts.litres.sum()), 1e-9))
    stored = np.full(len(rows.storage), float(np.median(per_kg)) * min(density, 1.0) / 4.0 if len(per_kg) else 1.0)
    per_litre = per_kg[rows.litres] * min(density, 1.0)
    return np.concatenate([np.full(len(rows.budget), 0.05), per_kg[rows.kg], per_litre, stored])
