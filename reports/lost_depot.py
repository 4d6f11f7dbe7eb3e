"""What to do when a depot is lost, for people: lines for the console."""

from typing import Any

from reports import words

_MOVES, _PLACES = 12, 6


def lost_depot_lines(found: dict[str, Any]) -> list[str]:
    """The answer to a lost depot, a line each. found: `scenarios.what_if.lost_depot.LostDepot.json()`."""
    currency, answer, moves = found["currency"], found["answered"], found["moves"]
    cost, saved = sum(move["cost"] for move in moves), -found["cost"]["value"]
    told = [
        f"Depot {found['depot']} out for {found['weeks']} weeks ({found['plays']} plays, "
        f"{words.number(found['asked'])} units asked at its points meanwhile):",
        f"Send {words.count(sum(move['quantity'] for move in moves), 'unit')} today for "
        f"{words.money(cost, currency)}, then help each repair from the nearest place that has its part:",
    ]
    told += [
        f"  {move['quantity']} of {move['part']} from {move['from_site']} to {move['to_site']}, there on "
        f"{move['arrives_on']}, {words.money(move['cost'], currency)}"
        for move in moves[:_MOVES]
    ]
    if len(moves) > _MOVES:
        told.append(f"  and {words.count(len(moves) - _MOVES, 'more line', 'more lines')}")
    rows = (("with the depot", "undisturbed"), ("without it", "unanswered"), ("with this answer", "answered"))
    told += [
        f"In hand within 48 hours {name}: {words.percent(found[key]['in_time']['value'])} of units "
        f"({words.percent(found[key]['at_once']['value'])} on the shelf)."
        for name, key in rows
    ]
    verdict = "restores" if found["restored"] else "does not restore"
    told.append(
        f"Of units that lie elsewhere within reach {words.percent(answer['of_found']['value'])} are in hand within "
        f"48 hours; promised are {words.percent(found['promised'])}: this {verdict} the promise for them."
    )
    told.append(
        f"It {'saves' if saved >= 0 else 'costs'} {words.money(abs(saved), currency)} against waiting for the depot."
    )
    slow: dict[str, int] = {}
    for row in found["slow"]:
        slow[row["from_site"]] = slow.get(row["from_site"], 0) + 1
    for site, number in sorted(slow.items(), key=lambda row: (-row[1], row[0]))[:_PLACES]:
        told.append(
            f"Too far for 48 hours: {words.count(number, 'part at a point', 'parts at points')} served from {site}."
        )
    told += [
        f"No lane leads from {row['from_site']}, which holds {words.count(row['units'], 'unit')} of "
        f"{words.count(row['parts'], 'part')} wanted there."
        for row in found["unreached"]
    ]
    return told
