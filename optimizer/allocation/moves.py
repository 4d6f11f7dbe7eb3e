"""Transfers decided before replenishment, among the rows of today's allocation."""

import pandas as pd

from domain.plan import Allocation
from domain.transfers import Transfers

_KEY = ["part", "to_site", "for_repair_order", "from_site"]


def with_moves(allocation: Allocation, transfers: Transfers) -> Allocation:
    """The allocation with a row for each transfer and what is to be told of excess stock.

    Where both send the same part from the same depot to the same depot, the row counts the units of both, leaves with
    the first and arrives with the last.
    """
    if not len(transfers.table) and not len(transfers.exceptions):
        return allocation
    moves = transfers.table.rename(columns={"departs": "ships_on", "arrives": "arrives_on"})
    moves = moves.assign(for_repair_order="")[list(allocation.table.columns)]
    together = pd.concat([allocation.table, moves], ignore_index=True) if len(allocation.table) else moves
    if together.duplicated(_KEY).any():
        merged = together.groupby(_KEY, sort=False, as_index=False).agg(
            {"quantity": "sum", "ships_on": "min", "arrives_on": "max", "reason": " ".join}
        )
        together = merged[list(allocation.table.columns)]
    told = [frame for frame in (allocation.exceptions, transfers.exceptions) if len(frame)]
    exceptions = pd.concat(told, ignore_index=True) if told else allocation.exceptions
    exceptions = exceptions.sort_values(
        ["money_at_risk", "part", "site"], ascending=[False, True, True], ignore_index=True
    )
    return Allocation(together.sort_values(_KEY, ignore_index=True), exceptions)
