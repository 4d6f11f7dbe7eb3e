"""What is needed today, unit by unit, and what a day of waiting for each unit costs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain import counts
from domain.calendar import DAYS_PER_WEEK
from domain.forecast import Forecast
from domain.network import Network
from domain.plan import StockTargets
from domain.service import group_of, service_targets
from optimizer.allocation.ids import Floats, Held, Ids, Ints, day_numbers, expanded
from optimizer.allocation.resupply import Resupply
from optimizer.allocation.stocks import Stocks

SHELF = -1

PRIORITY_FACTOR = {1: 4.0, 2: 2.0, 3: 1.0, 4: 0.8, 5: 0.6}
"""A day of waiting of a repair order, in units of its service group's price of waiting, by priority."""

SHELF_FACTOR = 0.5
"""The same for a unit a shelf lacks, times the probability that it is wanted before the next arrival: demand comes
evenly, so such a customer waits half of the time on average. No shelf goes before an order of the same group."""

UNPRICED = 1.0
"""Money per unit waiting per week where no group has a price."""


@dataclass(frozen=True)
class Needs:
    """Units needed, sorted by (part, site, order, unit), with the need each belongs to.

    Of a need (an open repair order line, or the shelf of a point for a part): pair of part and site, order = row of
    the repair orders or SHELF, due (day number, not before today), overdue (days, 0 for a shelf), resupply by day
    number, and for shelves the moments of demand until the next arrival. Of a unit: its need, its number within it
    counted from 1, and the price of waiting in money per day.
    """

    key: Ints
    order: Ints
    due: Ints
    overdue: Ints
    next: Ints
    later: Ints
    mean: Floats
    variance: Floats
    need: Ints
    number: Ints
    price: Floats


def needs(
    network: Network,
    targets: StockTargets,
    forecast: Forecast,
    orders: pd.DataFrame,
    stocks: Stocks,
    supplied: Resupply,
) -> Needs:
    """All units needed; `supplied` is the resupply of the needy pairs, `orders` are the repair orders.

    Where a part has no open orders its points keep what they have up to their base stock, which nobody may take, and
    only units beyond it are needs.
    """
    ids = stocks.ids
    order_keys = ids.keys(orders)
    with_orders = np.zeros(len(ids.part), bool)
    with_orders[ids.part_of(order_keys)] = True
    shelf_keys = stocks.base_stock.keys
    kept = kept_on_shelf(stocks, shelf_keys, with_orders)
    lacking = stocks.base_stock.values.astype(np.int64) - kept

    key = np.concatenate([shelf_keys[lacking > 0], order_keys])
    order = np.concatenate([np.full(int((lacking > 0).sum()), SHELF), np.arange(len(orders))])
    units = np.concatenate([lacking[lacking > 0], orders["quantity"].to_numpy(np.int64)])
    already = np.concatenate([kept[lacking > 0], np.zeros(len(orders), np.int64)])
    promised = np.concatenate([np.full(int((lacking > 0).sum()), ids.today), day_numbers(orders["due"])])
    factor = np.concatenate(
        [np.zeros(int((lacking > 0).sum())), orders["priority"].map(PRIORITY_FACTOR).to_numpy(float)]
    )
    sequence = np.lexsort((order, key))
    key, order, units, already, promised, factor = (
        column[sequence] for column in (key, order, units, already, promised, factor)
    )
    row = np.searchsorted(stocks.needy, key)
    until = supplied.next[row] - ids.today
    mean, variance = demand_until(forecast, ids, key, np.where(order == SHELF, until, 0))
    need, step = expanded(units)
    number = already[need] + step + 1
    wanted = np.where(order[need] == SHELF, 1.0 - counts.cdf(mean[need], variance[need], number - 1), 0.0)
    per_day = prices(network, targets, ids, key) / DAYS_PER_WEEK
    return Needs(
        key=key,
        order=order,
        due=np.maximum(promised, ids.today),
        overdue=np.maximum(ids.today - promised, 0),
        next=supplied.next[row],
        later=supplied.later[row],
        mean=mean,
        variance=variance,
        need=need,
        number=number,
        price=per_day[need] * (factor[need] + SHELF_FACTOR * wanted),
    )


def kept_on_shelf(stocks: Stocks, keys: Ints, with_orders: npt.NDArray[np.bool_]) -> Ints:
    """Units at points that stay for their own shelf whatever happens: stock up to base stock, if no order wants any."""
    ids = stocks.ids
    free = with_orders[ids.part_of(keys)] | ids.is_depot[ids.site_of(keys)]
    return np.where(free, 0.0, np.minimum(stocks.on_hand.at(keys), stocks.base_stock.at(keys))).astype(np.int64)


def prices(network: Network, targets: StockTargets, ids: Ids, keys: Ints) -> Floats:
    """Money per unit waiting per week at each pair: its service group's; a group without one has the least of all."""
    known = {group: price for group, price in targets.waiting_price.items() if price > 0}
    least = min(known.values(), default=UNPRICED)
    table = targets.table[targets.table["group"] != ""]
    table_keys = ids.keys(table)
    listed = Held.summed(table_keys, table["group"].map(known).fillna(least).to_numpy(float)).at(keys)
    missing = np.flatnonzero(listed == 0.0)
    if len(missing):
        names = list(service_targets(network))
        part = ids.part[ids.part_of(keys[missing])].to_numpy(object)
        site = ids.site[ids.site_of(keys[missing])].to_numpy(object)
        of_group = np.array([known.get(name, least) for name in names])
        listed[missing] = of_group[group_of(network, part, site)]
    return listed


def demand_until(forecast: Forecast, ids: Ids, keys: Ints, days: Ints) -> tuple[Floats, Floats]:
    """Mean and variance of the demand of each pair over its number of days from today: f·M, ψfM + κf²M² (MODEL 1).

    A part of a week counts in proportion; a forecast that is too short goes on as in its last week.
    """
    mean, variance = np.zeros(len(keys)), np.zeros(len(keys))
    leaf_of = pd.Series(
        forecast.share_leaf,
        index=ids.key(ids.parts(forecast.part[forecast.share_leaf]), ids.sites(forecast.share_site)),
    )
    row = leaf_of.index.get_indexer(pd.Index(keys))
    some = np.flatnonzero((row >= 0) & (days > 0))
    leaf, share = forecast.share_leaf[row[some]], forecast.share[row[some]]
    weeks = days[some] / DAYS_PER_WEEK
    whole = np.minimum(np.floor(weeks).astype(np.int64), forecast.weeks - 1)
    cumulative = np.pad(np.cumsum(forecast.mean, axis=1), ((0, 0), (1, 0)))
    of_leaf = cumulative[leaf, whole] + (weeks - whole) * forecast.mean[leaf, whole]
    kappa = np.zeros(len(some))
    last = np.minimum(np.ceil(weeks).astype(np.int64), forecast.weeks)
    for week in np.unique(last):
        kappa[last == week] = forecast.relative_variance(1, int(week))[leaf[last == week]]
    mean[some] = share * of_leaf
    variance[some] = forecast.batch_index[leaf] * mean[some] + kappa * mean[some] ** 2
    return mean, variance
