"""What sharing between points saves, and whom, in plain words."""

from math import isnan
from typing import Any

import pandas as pd

from reports import words
from scenarios.pooling import Pooling

_ENOUGH = (0.5, 0.9)  # of the whole saving
_LEAST = 0.5  # money a year below which nobody gains or loses


def lines(found: Pooling) -> list[str]:
    """The study for people, a line each: what sharing saves, each owner's part in it, and how few main points do."""
    cost = found.cost[["alone", "within", "together"]].sum()
    told = [
        f"With every repair point by itself, stock at points and what it does not cover cost "
        f"{words.money(cost['alone'], found.currency)} a year."
    ]
    if cost["alone"] - cost["together"] < _LEAST:
        return [
            *told,
            "Points helping each other saves nothing: waiting for the depot costs less than a lateral, or no lane goes "
            "from point to point.",
        ]
    told += _savings(found, cost)
    told += [_who(row, found) for row in found.sharing.to_dict("records")]
    if found.by_owner:
        told += _compensations(found)
    return [*told, *_main_points(found)]


def _savings(found: Pooling, cost: "pd.Series[float]") -> list[str]:
    inside, between = cost["alone"] - cost["within"], cost["within"] - cost["together"]
    if not found.by_owner:
        return [
            f"Points of a region helping each other saves {_saving(cost['alone'] - cost['together'], cost, found)}."
        ]
    return [
        f"Sharing inside each owner saves {_saving(inside, cost, found)}.",
        f"Sharing between the owners saves {_saving(between, cost, found)}"
        f"{' more' if inside >= _LEAST else ''}: {_pieces(found.exchanges['units'].sum())} a year change hands.",
    ]


def _saving(amount: float, cost: "pd.Series[float]", found: Pooling) -> str:
    return f"{words.money(amount, found.currency)} a year ({words.percent(amount / cost['alone'])})"


def _who(row: dict[Any, Any], found: Pooling) -> str:
    def money(amount: float) -> str:
        return words.money(amount, found.currency)

    saved = row["cost_alone"] - row["cost_together"]
    outcome = f"saves {money(saved)}" if saved >= 0 else f"pays {money(-saved)} more"
    moves = f"gives {_pieces(row['given'])} and receives {_pieces(row['received'])} a year"
    if not found.by_owner:
        moves = f"{_pieces(row['inside'])} a year go from point to point"
    return (
        f"  {row['who']}: stock {money(row['stock_alone'])} alone, {money(row['stock_together'])} together; a part is "
        f"waited for {words.number(row['wait_days_alone'])} days alone, {words.number(row['wait_days_together'])} "
        f"together; {moves}; {outcome} a year."
    )


def _compensations(found: Pooling) -> list[str]:
    """Who gains or loses by sharing with other owners before anything is paid, and what would make it fair."""
    told = []
    for row in found.sharing.to_dict("records"):
        if isnan(row["fair_saving"]) or max(abs(row["saving"]), abs(row["compensation"])) >= _LEAST:
            told.append(_compensation(row, found.currency))
    head = "Sharing between the owners, takers paying the freight of laterals, money a year:"
    return [head, *told] if told else []


def _compensation(row: dict[Any, Any], currency: str) -> str:
    saving, fair, due = row["saving"], row["fair_saving"], row["compensation"]
    before = f"  {row['who']} {'gains' if saving >= 0 else 'loses'} {words.money(abs(saving), currency)}"
    if isnan(fair):
        return f"{before}; with so many owners no fair share was computed."
    pays = f"{'receives' if due >= 0 else 'pays'} {words.money(abs(due), currency)}"
    return f"{before} before compensation; a fair share (Shapley) is {words.money(fair, currency)}, so it {pays}."


def _main_points(found: Pooling) -> list[str]:
    """How few points that give are enough for most of the saving."""
    most, told = int(found.mains["mains"].max()), {}
    for enough in _ENOUGH:
        first = found.mains[found.mains["share"] >= enough].iloc[0]
        if int(first["mains"]) < most:
            told[int(first["mains"])] = words.percent(first["share"]) if first["share"] < 1 else "all"
    if not told:
        return [f"Main points: most of it is saved only if all points give parts away, up to {most} a depot."]
    (count, share), *more = told.items()
    busiest = f"the {count} busiest points" if count > 1 else "the busiest point"
    then = "".join(f"; with {further}, {so_much}" for further, so_much in more)
    return [f"Main points: if only {busiest} of each depot gave parts away, {share} of it would be saved{then}."]


def _pieces(units: float) -> str:
    return words.pieces(round(units, 1) if units < 10 else round(units))
