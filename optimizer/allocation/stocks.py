"""What lies where today, what each site is to hold, and what it can spare for others."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from domain.calendar import first_week
from domain.logistics import hub_of_part
from domain.network import Network
from domain.plan import StockTargets
from optimizer.allocation.ids import Bools, Floats, Held, Ids, Ints, day_numbers, expanded

ENDLESS = 1e9
"""Units at an origin that never runs out."""


@dataclass(frozen=True)
class Stocks:
    """Units by part and site.

    ids: what the pairs mean. on_hand: good, not expired; an endless origin holds ENDLESS. base_stock: what a shelf is
    filled up to (a depot's: that of its own users). behind: what a depot keeps behind its points. wanted: open repair
    orders.
    """

    ids: Ids
    on_hand: Held
    base_stock: Held
    behind: Held
    wanted: Held

    @classmethod
    def of(cls, network: Network, targets: StockTargets, ids: Ids) -> "Stocks":
        """Today's stock, targets and open repair orders. Raises ValueError if an origin is to hold or repair."""
        table, orders = targets.table, network.repair_orders
        shelf = (table["group"] != "") & (table["base_stock"] > 0)
        behind = (table["group"] == "") & (table["base_stock"] > 0)
        found = cls(
            ids=ids,
            on_hand=_on_hand(network, ids),
            base_stock=Held.summed(ids.keys(table[shelf]), table["base_stock"][shelf]),
            behind=Held.summed(ids.keys(table[behind]), table["base_stock"][behind]),
            wanted=Held.summed(ids.keys(orders), orders["quantity"]),
        )
        site = ids.site_of(found.needy)
        if ids.is_origin[site].any():
            raise ValueError(f"{ids.site[site[ids.is_origin[site]][0]]} is an origin: nothing is repaired there")
        return found

    @cached_property
    def needy(self) -> Ints:
        """Every pair that has a shelf to fill or a repair order open."""
        found: Ints = np.union1d(self.base_stock.keys, self.wanted.keys)
        return found

    @cached_property
    def short(self) -> Held:
        """Units every point lacks for its shelf and its repair orders; at a depot, what its own users are to find."""
        keys, ids = self.needy, self.ids
        own = np.where(ids.is_depot[ids.site_of(keys)], 0.0, self.on_hand.at(keys))
        return Held(keys, np.maximum(self.base_stock.at(keys) + self.wanted.at(keys) - own, 0.0))

    @cached_property
    def short_of_region(self) -> Held:
        """The same added up by part and depot."""
        short, ids = self.short, self.ids
        depot = ids.depot[ids.site_of(short.keys)]
        return Held.summed(ids.key(ids.part_of(short.keys), depot), short.values)

    @cached_property
    def for_orders_elsewhere(self) -> Floats:
        """Units of each `on_hand` pair that may leave for repair orders of others.

        A point may give all it has, at the price of its own needs; a depot what its own points leave it.
        """
        at_depot = self.ids.is_depot[self.ids.site_of(self.on_hand.keys)]
        needed = np.where(at_depot, self.short_of_region.at(self.on_hand.keys), 0.0)
        return np.maximum(self.on_hand.values - needed, 0.0)

    @cached_property
    def for_shelves_elsewhere(self) -> Floats:
        """Units of each `on_hand` pair that may leave for shelves of others: only what is too much at home.

        That is what exceeds base stock and open orders, and at a depot also the stock it keeps behind its points; an
        origin fills no shelves, the replenishment plan does.
        """
        keys, ids = self.on_hand.keys, self.ids
        site = ids.site_of(keys)
        at_home = np.where(ids.is_depot[site], self.behind.at(keys), self.base_stock.at(keys) + self.wanted.at(keys))
        return np.where(ids.is_origin[site], 0.0, np.maximum(self.for_orders_elsewhere - at_home, 0.0))


def _on_hand(network: Network, ids: Ids) -> Held:
    stock = network.stock
    expired = stock["expires"] <= pd.Timestamp(network.settings.as_of)
    good = stock[(stock["condition"] == "good") & ~expired & (stock["on_hand"] > 0)]
    hub = hub_of_part(network)
    endless = (network.parts["supplier"] == "").to_numpy(bool) & (hub != "")
    at_hub = ids.key(ids.parts(network.parts["part"][endless]), ids.sites(hub[endless]))
    keys = np.concatenate([ids.keys(good), at_hub])
    return Held.summed(keys, np.concatenate([good["on_hand"].to_numpy(float), np.full(len(at_hub), ENDLESS)]))


@dataclass(frozen=True)
class Inbound:
    """Frozen orders under way: pair of part and destination, day number of arrival, units; sorted by pair and day."""

    keys: Ints
    day: Ints
    units: Ints

    @classmethod
    def of(cls, network: Network, ids: Ids) -> "Inbound":
        """The inbound table; what is overdue is expected when week 1 begins."""
        table = network.inbound
        late = int(np.datetime64(first_week(network.settings.as_of), "D").astype(np.int64))
        day = day_numbers(table["expected"])
        rows = pd.DataFrame(
            {
                "key": ids.keys(table, "destination"),
                "day": np.where(day < ids.today, late, day),
                "units": table["quantity"],
            }
        )
        rows = rows[~ids.is_origin[ids.site_of(rows["key"].to_numpy())]]
        units = rows.groupby(["key", "day"])["units"].sum()
        key, day = (units.index.get_level_values(name).to_numpy(np.int64) for name in ("key", "day"))
        return cls(key, day, units.to_numpy(np.int64))

    def between(self, keys: Ints) -> tuple[Ints, Ints]:
        """First row and number of rows of each pair."""
        first = np.searchsorted(self.keys, keys)
        return first, np.searchsorted(self.keys, keys, side="right") - first

    def first_day_with(self, keys: Ints, units: Floats) -> Ints:
        """Day on which, for each pair, `units` have arrived in all; a day after all days if they never do."""
        never = np.iinfo(np.int64).max
        first, count = self.between(keys)
        row, step = expanded(count)
        step = step + first[row]
        total = np.concatenate([[0], np.cumsum(self.units)])
        enough: Bools = total[step + 1] - total[first[row]] >= units[row]
        day = np.full(len(keys), never)
        np.minimum.at(day, row[enough], self.day[step[enough]])
        return day
