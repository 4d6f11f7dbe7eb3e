"""What was decided, as rows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimizer.allocation.flow import LATER, Problem
from optimizer.allocation.ids import Held, Ids, Ints
from optimizer.allocation.needs import SHELF, Needs
from optimizer.allocation.offers import Offers, Sources
from optimizer.allocation.routes import Kind, Routes
from optimizer.allocation.stocks import Stocks

Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Decision:
    """The problem as it was posed and the arc chosen for every unit needed."""

    ids: Ids
    ways: Routes
    orders: pd.DataFrame
    stocks: Stocks
    needed: Needs
    found: Sources
    offered: Offers
    flow: Problem
    chosen: Ints

    def order_names(self) -> Texts:
        """The repair order of each need, "" for a shelf."""
        names: Texts = np.append(self.orders["repair_order"].to_numpy(object), "")
        return names[self.needed.order]

    def served(self) -> "Served":
        """What leaves stock: units by offer. Inbound orders and what stays on its own shelf are left out."""
        offer, quantity = np.unique(self.flow.arc_offer[self.chosen[self.chosen != LATER]], return_counts=True)
        need, kind = self.offered.need[offer], self.offered.kind[offer]
        stays = (self.needed.order[need] == SHELF) & (kind == Kind.SHELF)
        first = np.searchsorted(self.needed.need, np.arange(len(self.needed.key)))
        holds = self.needed.number[first] - 1
        np.add.at(holds, need[stays], quantity[stays])
        moved = ~stays & (kind != Kind.INBOUND)
        gets = np.bincount(need[moved], quantity[moved], len(holds)).astype(np.int64)
        return Served(offer[moved], quantity[moved].astype(np.int64), need[moved], holds, gets)

    def left(self, served: "Served") -> Held:
        """Stock by part and site that nobody is given."""
        source = self.found.key[self.offered.source[served.offer]]
        given = Held.summed(source, served.quantity)
        on_hand = self.stocks.on_hand
        return Held(on_hand.keys, on_hand.values - given.at(on_hand.keys))


@dataclass(frozen=True)
class Served:
    """Per offer taken: its row, its units, its need. Per need: what its shelf holds without, and what it gets."""

    offer: Ints
    quantity: Ints
    need: Ints
    holds: Ints
    gets: Ints


def table(decision: Decision, served: Served, reasons: list[str]) -> pd.DataFrame:
    """One row per source and need, sorted by (part, to_site, for_repair_order, from_site); `reasons` row by row."""
    ids, needed, offered = decision.ids, decision.needed, decision.offered
    key = needed.key[served.need]
    route = offered.route[served.offer]
    ships = np.append(decision.ways.ships, ids.today)[route]  # NO_LANE finds the last: given where it lies
    frame = pd.DataFrame(
        {
            "part": ids.part.to_numpy(object)[ids.part_of(key)],
            "from_site": ids.site.to_numpy(object)[ids.site_of(decision.found.key[offered.source[served.offer]])],
            "to_site": ids.site.to_numpy(object)[ids.site_of(key)],
            "quantity": served.quantity,
            "for_repair_order": decision.order_names()[served.need],
            "ships_on": dates(ships),
            "arrives_on": dates(offered.arrives[served.offer]),
            "reason": np.array(reasons, dtype=object),
        }
    )
    return frame.sort_values(["part", "to_site", "for_repair_order", "from_site"], ignore_index=True)


def dates(day_numbers: Ints) -> npt.NDArray[np.datetime64]:
    """Days since 1970-01-01 as the dates of a table."""
    return day_numbers.astype("datetime64[D]").astype("datetime64[ns]")
