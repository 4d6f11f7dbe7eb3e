"""How much is lost with the rows set aside, in pieces, in money and in products sold."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from domain.network import Settings
from domain.problems import Problem, SetAside
from storage.network_completion import rates
from storage.network_sheets import Sheet

_PIECES = {
    "usage": "quantity",
    "failures": "units",
    "stock": "on_hand",
    "inbound": "quantity",
    "repair_orders": "quantity",
    "overrides": "quantity_per_week",
}


def lost_share(sheets: dict[str, Sheet], settings: Settings) -> SetAside:
    """Shares of what all fact rows hold together; a row whose quantity or price is unknown counts as an average one.

    Pieces and their purchase value are added over usage, failures, stock, inbound, repair orders and overrides (one
    week's quantity); products sold stand apart, for they are not parts.
    """
    cost = _unit_cost(sheets["parts"], rates(sheets["rates"], settings.currency))
    pieces = [_lost_and_all(sheets[table], column, None) for table, column in _PIECES.items()]
    money = [_lost_and_all(sheets[table], column, cost) for table, column in _PIECES.items()]
    return SetAside(
        units=_share(pieces), money=_share(money), products=_share([_lost_and_all(sheets["sales"], "units", None)])
    )


def over_the_limit(share: SetAside, limit: float) -> list[Problem]:
    """The problem that stops the plan when too much was set aside."""
    if share.worst <= limit:
        return []
    says = (
        f"{share.units:.2%} of the pieces, {share.money:.2%} of their value and {share.products:.2%} of the products "
        f"sold cannot be read; mend the rows in set_aside.xlsx or raise set_aside_limit"
    )
    return [Problem("structure", "network", None, "set_aside_limit", f"{limit:g}", says)]


def _lost_and_all(sheet: Sheet, column: str, cost: "pd.Series[float] | None") -> tuple[float, float]:
    if sheet.text is None:
        return 0.0, 0.0
    frame, stands = sheet.frame, sheet.good
    amount = frame[column].abs().to_numpy(dtype=float)
    if cost is not None:
        price = frame["part"].map(cost).to_numpy(dtype=float)
        amount = amount * np.where(np.isnan(price), cost.mean() if len(cost) else 0.0, price)
    kept = amount[stands]
    average = kept.mean() if len(kept) else 1.0
    rejected = amount[sorted(sheet.errors)]
    lost = np.where(rejected > 0, rejected, average).sum() + len(sheet.text.ragged) * average
    return float(lost), float(kept.sum() + lost)


def _unit_cost(parts: Sheet, per_base: dict[str, float]) -> "pd.Series[float]":
    frame = parts.frame.drop_duplicates("part")
    rate = frame["currency"].map(per_base).astype(float).fillna(1.0)
    cost: pd.Series[float] = (frame["unit_cost"] / rate).set_axis(frame["part"])
    return cost.dropna()


def _share(pairs: Iterable[tuple[float, float]]) -> float:
    lost, everything = (sum(column) for column in zip(*pairs, strict=True))
    return lost / everything if everything else 0.0
