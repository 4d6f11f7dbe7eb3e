"""Why, in words for a planner and a depot clerk; and what nobody can serve today, with its money."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from domain import counts
from domain.network import Network
from optimizer.allocation.flow import NO_OFFER
from optimizer.allocation.ids import Floats, Ints
from optimizer.allocation.needs import SHELF
from optimizer.allocation.routes import Kind
from optimizer.allocation.table import Decision, Served, dates

_NAMED = 3  # repair orders named in one sentence
_KIND = "repair_order_waits"


def reasons(decision: Decision, served: Served) -> list[str]:
    """Why each row of the table is there."""
    shelf = decision.needed.order[served.need] == SHELF
    found = np.empty(len(shelf), dtype=object)
    found[shelf] = _shelf_reasons(decision, served, served.need[shelf])
    found[~shelf] = _order_reasons(decision, served, np.flatnonzero(~shelf))
    return [str(reason) for reason in found]


def _shelf_reasons(decision: Decision, served: Served, need: Ints) -> list[str]:
    ids, needed = decision.ids, decision.needed
    site = ids.site.to_numpy(object)[ids.site_of(needed.key[need])]
    holds, gets = served.holds[need], served.gets[need]
    target = decision.stocks.base_stock.at(needed.key[need]).astype(np.int64)
    mean, variance = needed.mean[need], needed.variance[need]
    without = 1.0 - counts.cdf(mean, variance, holds)
    filled = 1.0 - counts.cdf(mean, variance, holds + gets)
    return [
        f"Shelf of {name} holds {held} of {wanted}; left so, a repair finds it empty before the next delivery on {day} "
        f"with {percent(before)} probability; with {more} more it is {percent(after)}."
        for name, held, wanted, more, day, before, after in zip(
            site, holds, target, gets, _texts(needed.next[need]), without, filled, strict=True
        )
    ]


def _order_reasons(decision: Decision, served: Served, rows: Ints) -> list[str]:
    ids, needed, offered = decision.ids, decision.needed, decision.offered
    need, offer = served.need[rows], served.offer[rows]
    key = needed.key[need]
    site, sites = ids.site_of(key), ids.site.to_numpy(object)
    depot_key = ids.key(ids.part_of(key), ids.depot[site])
    held, left = decision.stocks.on_hand.at(depot_key), decision.left(served).at(depot_key)
    source = sites[ids.site_of(decision.found.key[offered.source[offer]])]
    who = _who(decision, need)
    arrives = offered.arrives[offer]
    late = np.where(needed.overdue[need] > 0, 0, np.maximum(arrives - needed.due[need], 0))
    found = []
    for row, day in enumerate(_texts(arrives)):
        kind, depot = offered.kind[offer[row]], sites[ids.depot[site[row]]]
        if kind == Kind.SHELF:
            found.append(f"{who[row]}: the part lies on the shelf of {source[row]}.")
            continue
        there = f"there on {day}" + (f", {_days(late[row])} late" if late[row] else "")
        if kind == Kind.DEPOT:
            found.append(f"{who[row]}: from its depot {depot}, {there}.")
            continue
        why = "holds none" if held[row] == 0 else "has none left" if left[row] <= 0 else "costs more"
        found.append(f"{who[row]}: its depot {depot} {why}; {source[row]} gives it, {there}.")
    return found


@dataclass(frozen=True)
class _Waiting:
    """Units of repair orders left to a delivery that comes too late: need, day it comes, money its wait costs."""

    need: Ints
    arrives: Ints
    money: Floats

    @classmethod
    def of(cls, decision: Decision) -> "_Waiting":
        needed, offered = decision.needed, decision.offered
        offer = np.append(decision.flow.arc_offer, NO_OFFER)[decision.chosen]  # LATER finds the last
        kind = np.append(offered.kind, Kind.LATER)[offer]
        unit = np.flatnonzero((kind >= Kind.INBOUND) & (needed.order[needed.need] != SHELF))
        need = needed.need[unit]
        inbound = np.append(offered.arrives, 0)[offer[unit]]
        arrives = np.where(kind[unit] == Kind.LATER, needed.later[need], inbound)
        money = needed.price[unit] * np.maximum(arrives - needed.due[need], 0)
        some = money > 0
        return cls(need[some], arrives[some], money[some])


def exceptions(decision: Decision, served: Served, network: Network) -> pd.DataFrame:
    """Repair orders that no stock serves today and that will be late, one row per part and site, dearest first.

    money_at_risk: Σ price of waiting × days late until inbound orders or an order placed today arrive.
    """
    ids, waiting = decision.ids, _Waiting.of(decision)
    key, row = np.unique(decision.needed.key[waiting.need], return_inverse=True)
    at_risk = np.bincount(row, waiting.money, len(key))
    quantity = np.bincount(row, minlength=len(key))
    first_day = np.full(len(key), np.iinfo(np.int64).max)
    np.minimum.at(first_day, row, waiting.arrives)
    names: defaultdict[int, list[str]] = defaultdict(list)
    for pair, name in sorted(set(zip(row.tolist(), decision.order_names()[waiting.need], strict=True))):
        names[pair].append(str(name))
    part, site = ids.part.to_numpy(object)[ids.part_of(key)], ids.site.to_numpy(object)[ids.site_of(key)]
    cause, hint = _causes(decision, key), _substitutes_at_hand(decision, served, network, key)
    says = [
        f"{site[pair]} is {quantity[pair]} short of {part[pair]} for {_list(names[pair])}: {cause[pair]}; the next "
        f"is expected on {day}, and waiting costs about {at_risk[pair]:,.2f} {network.settings.currency}.{hint[pair]}"
        for pair, day in enumerate(_texts(first_day))
    ]
    frame = pd.DataFrame({"kind": _KIND, "part": part, "site": site, "money_at_risk": at_risk, "says": says})
    frame = frame.astype({"kind": object, "part": object, "site": object, "money_at_risk": float, "says": object})
    return frame.sort_values(["money_at_risk", "part", "site"], ascending=[False, True, True], ignore_index=True)


def _causes(decision: Decision, keys: Ints) -> list[str]:
    """Why nothing serves each pair: no good stock of the part but at origins, or others need it more."""
    ids, on_hand = decision.ids, decision.stocks.on_hand
    abroad = on_hand.keys[(on_hand.values > 0) & ~ids.is_origin[ids.site_of(on_hand.keys)]]
    stocked = np.isin(ids.part_of(keys), ids.part_of(abroad))
    words = ("no depot or point has it", "what is in stock is needed more elsewhere or too dear to bring")
    return [words[int(one)] for one in stocked]


def _substitutes_at_hand(decision: Decision, served: Served, network: Network, keys: Ints) -> list[str]:
    """For each pair, what lies unused of its part's substitutes at the site or its depot; "" where nothing does."""
    ids, left = decision.ids, decision.left(served)
    rows = network.substitutes[~(network.substitutes["since"] > pd.Timestamp(network.settings.as_of))]
    of: defaultdict[int, set[int]] = defaultdict(set)
    parts, stand_ins = ids.parts(rows["part"]), ids.parts(rows["substitute"])
    for part, stand_in, both in zip(parts, stand_ins, rows["two_way"], strict=True):
        of[int(part)].add(int(stand_in))
        if both:
            of[int(stand_in)].add(int(part))
    hints = []
    for part, site in zip(ids.part_of(keys), ids.site_of(keys), strict=True):
        places = list(dict.fromkeys((int(site), int(ids.depot[site]))))
        lying = [
            (other, place, int(left.at(ids.key(np.array([other]), np.array([place])))[0]))
            for other in sorted(of[int(part)])
            for place in places
        ]
        found = [f"{units} of {ids.part[other]} at {ids.site[place]}" for other, place, units in lying if units > 0]
        hints.append(f" Substitute: {', '.join(found)}." if found else "")
    return hints


def _who(decision: Decision, need: Ints) -> list[str]:
    needed, orders = decision.needed, decision.orders.iloc[decision.needed.order[need]]
    found = []
    for name, priority, due, days in zip(
        orders["repair_order"], orders["priority"], orders["due"], needed.overdue[need], strict=True
    ):
        when = f"{_days(days)} overdue" if days > 0 else f"due {due.date()}"
        found.append(f"Repair order {name}, priority {priority}, {when}")
    return found


def percent(share: float) -> str:
    """A probability for people, in whole per cent."""
    if 0 < share < 0.005:
        return "under 1 %"
    return "over 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _texts(day_numbers: Ints) -> list[str]:
    return [str(day) for day in dates(day_numbers).astype("datetime64[D]")]


def _list(orders: list[str]) -> str:
    shown = ", ".join(orders[:_NAMED]) + (f" and {len(orders) - _NAMED} more" if len(orders) > _NAMED else "")
    return f"repair order {shown}" if len(orders) == 1 else f"repair orders {shown}"
