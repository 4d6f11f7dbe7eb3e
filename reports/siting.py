"""Depot siting in plain words: what to open or close, what it saves, when it pays, what every swap would cost."""

from math import isfinite
from typing import Any

import pandas as pd

from reports import words
from scenarios.what_if.siting import Siting

_USED = "parts"
_KINDS = (
    {_USED: "Parts used, and what lies beyond the last week"}
    | words.COST_WORDS
    | {
        "transfers": "Moves between depots",
        "last_leg": "Couriers from depot to repair points",
        "lines": "Keeping part numbers on shelves",
        "opening": "Opening depots",
    }
)
_BOUGHT = ("purchase", "end")
_LEAST = 0.5  # money a year that is worth a word
_FEW_WEEKS, _WEEKS_A_MONTH, _MANY_MONTHS = 8, 52 / 12, 24


def siting_lines(found: Siting) -> list[str]:
    """The study for people, the answer first."""
    told = [siting_sentence(found)]
    if found.changes:
        told += [_where_from(found), *_moves(found), *_service(found)]
    told += [f"  {_swap(row, found)}" for row in found.swaps.to_dict("records")]
    slack = max(found.today.unproved, found.chosen.unproved)
    told.append(f"{found.plans:,} full plans were made, all with the same demand and the same price of waiting.")
    more = f" by more than {words.money(slack, found.currency)} a year" if slack >= _LEAST else ""
    return [*told, f"With the same depots no plan could be cheaper{more}."]


def siting_sentence(found: Siting) -> str:
    """The answer in one sentence with money in it."""
    if not found.changes:
        possible = found.swaps[[isfinite(cost) for cost in found.swaps["cost"]]]
        if not len(possible):
            return "Keep the depots as they are: no candidate can be opened or closed."
        best = possible.iloc[0].to_dict()
        more = words.money(best["more"], found.currency)
        return f"Keep the depots as they are: the best single change, {_doing(best, found)}, costs {more} a year more."
    names = found.candidates.set_index("site").to_dict("index")
    what = [_verb(change, names[site]) for change, site in found.changes]
    sentence = words.listed([what[0], *(text[0].lower() + text[1:] for text in what[1:])], most=len(what))
    return f"{sentence}: saves {words.money(found.saves, found.currency)} a year{_payback(found.payback_weeks)}."


def siting_table(found: Siting) -> pd.DataFrame:
    """What a year costs today and as chosen, by kind, with the total; what is bought beyond need comes off the end."""
    both = [
        {_USED: one.cost["purchase"] + one.cost["end"]} | {k: v for k, v in one.cost.items() if k not in _BOUGHT}
        for one in (found.today, found.chosen)
    ]
    kinds = list(both[0])
    today, chosen = ([cost[kind] for kind in kinds] for cost in both)
    table = pd.DataFrame({"cost": [_KINDS[kind] for kind in kinds], "today": today, "chosen": chosen})
    total = pd.DataFrame([{"cost": "Together", "today": found.today.total, "chosen": found.chosen.total}])
    table = pd.concat([table, total], ignore_index=True)
    return table.assign(saves=table["today"] - table["chosen"])


def _verb(change: str, candidate: dict[Any, Any]) -> str:
    """`Open`, `Rent` where it costs by the year alone, `Share` where another owns it, `Close`."""
    if change == "close":
        return f"Close {candidate['name']}"
    if candidate["owner"]:
        return f"Share {candidate['name']} with {candidate['owner']}"
    return f"{'Rent' if candidate['opening'] > 0 and candidate['once'] == 0 else 'Open'} {candidate['name']}"


def _payback(weeks: float | None) -> str:
    if weeks is None:
        return ""
    if weeks <= 0:
        return ", pays back at once"
    if weeks < _FEW_WEEKS:
        return f", pays back in {words.number(weeks)} weeks"
    months = weeks / _WEEKS_A_MONTH
    return f", pays back in {words.number(months)} months" if months < _MANY_MONTHS else (
        f", pays back in {words.number(months / 12)} years"
    )  # fmt: skip


def _where_from(found: Siting) -> str:
    """The kinds that change most."""
    table = siting_table(found).iloc[:-1]
    table = table[table["saves"].abs() >= _LEAST]
    table = table.reindex(table["saves"].abs().sort_values(ascending=False, kind="stable").index).head(4)
    said = [
        f"{row['cost'].lower()} {words.more_money(-row['saves'], found.currency)}" for row in table.to_dict("records")
    ]
    return f"What changes a year: {', '.join(said)}." if said else "Nothing else changes."


def _moves(found: Siting) -> list[str]:
    table = found.candidates[found.candidates["chosen"] & (found.candidates["points"] > 0)]
    told = [
        f"  {row['name']} serves {words.count(int(row['points']), 'repair point')} for "
        f"{words.money(row['opening'], found.currency)} a year."
        for row in table.to_dict("records")
    ]
    return [*told, f"  {words.count(found.moved, 'piece')} of stock would change the depot."] if found.moved else told


def _service(found: Siting) -> list[str]:
    return [
        f"  {group}: {words.percent(before)} of repairs find their part on the shelf today, "
        f"{words.percent(found.chosen.service[group])} then."
        for group, before in sorted(found.today.service.items())
        if group in found.chosen.service
    ]


def _doing(row: dict[Any, Any], found: Siting) -> str:
    name = found.candidates.set_index("site")["name"].to_dict()
    today = set(found.today.opened)
    if row["change"] == "exchange":
        opening = "keeping" if row["opens"] in today else "opening"
        return f"{opening} {name[row['opens']]} instead of {name[row['closes']]}"
    if row["change"] == "open":
        return f"keeping {name[row['opens']]}" if row["opens"] in today else f"opening {name[row['opens']]} too"
    return f"closing {name[row['closes']]}" if row["closes"] in today else f"not opening {name[row['closes']]}"


def _swap(row: dict[Any, Any], found: Siting) -> str:
    doing = _doing(row, found)
    doing = doing[0].upper() + doing[1:]
    if not isfinite(row["cost"]):
        return f"{doing} leaves points that no depot can serve."
    return f"{doing} costs {words.money(row['more'], found.currency)} a year more."
