"""Transfers: what one depot gives another today, before anything is bought, and the network once they have left."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from domain.network import Network

COLUMNS = (
    "part", "from_site", "to_site", "lane", "quantity", "departs", "arrives", "cost", "saves", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Transfers:
    """Depot → depot moves decided today; to everything decided later they are facts, like frozen inbound orders.

    table: part, from_site, to_site, lane, quantity, departs, arrives (dates), cost (freight, duty, handling, capital
    under way) and saves (net of that cost) in the network's currency, reason; sorted by (part, from_site, to_site,
    lane).
    exceptions: kind, part, site, money_at_risk, says: stock too much that no depot needs.
    """

    table: pd.DataFrame
    exceptions: pd.DataFrame


def with_transfers(network: Network, table: pd.DataFrame) -> Network:
    """The network with these transfers under way: the givers' good stock less, an inbound order for each at its taker.

    What keeps longest leaves first, so that nothing runs out of date on the way that need not. Raises ValueError when a
    site has not as many good units as it is to give.
    """
    if not len(table):
        return network
    return replace(network, stock=_stock_left(network, table), inbound=_inbound_with(network, table))


def _stock_left(network: Network, table: pd.DataFrame) -> pd.DataFrame:
    stock = network.stock
    good = stock[(stock["condition"] == "good") & ~(stock["expires"] <= pd.Timestamp(network.settings.as_of))]
    given = table.groupby(["part", "from_site"])["quantity"].sum()
    wanted = given.reindex(pd.MultiIndex.from_frame(good[["part", "site"]]))
    rows = good.assign(_wanted=wanted.to_numpy())[wanted.notna().to_numpy()]
    rows = rows.sort_values(
        ["part", "site", "expires"], ascending=[True, True, False], na_position="first", kind="stable"
    )
    before = rows.groupby(["part", "site"])["on_hand"].cumsum() - rows["on_hand"]
    taken = np.clip(rows["_wanted"] - before, 0, rows["on_hand"]).astype(np.int64)
    short = given.sub(taken.groupby([rows["part"], rows["site"]]).sum(), fill_value=0)
    if (short > 0).any():
        part, site = short[short > 0].index[0]
        raise ValueError(f"{site} is to give {given[part, site]} units of {part} and has not so many")
    left = stock["on_hand"].copy()
    left.loc[taken.index] -= taken
    return stock.assign(on_hand=left)


def _inbound_with(network: Network, table: pd.DataFrame) -> pd.DataFrame:
    departs = table["departs"].dt.strftime("%Y-%m-%d")
    orders = pd.DataFrame(
        {
            "order": "transfer " + table["lane"] + "/" + departs,
            "part": table["part"],
            "destination": table["to_site"],
            "origin": table["from_site"],
            "lane": table["lane"],
            "quantity": table["quantity"],
            "expected": table["arrives"],
            "status": "confirmed",
        }
    )
    known = network.inbound
    together = pd.concat([known, orders.reindex(columns=known.columns)], ignore_index=True).astype(
        known.dtypes.to_dict()
    )
    return together.sort_values(["order", "part"], kind="stable", ignore_index=True)
