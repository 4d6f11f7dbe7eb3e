"""Patches of lanes: closed, slower, dearer, held up in customs, a mode forbidden.

Transit, customs and freight are one figure a lane in the tables, so these changes hold for the whole plan; a lane may
be closed for a time.
"""

import numpy as np
import pandas as pd

from scenarios.what_if.patches.change import Change, Delay, Drop, Ints, Write, rows_where, scaled, written
from scenarios.what_if.patches.choose import LANES, PERIOD, across_the_border, country_of, events, lanes_of, period
from scenarios.what_if.patches.kind import Argument, Kind, Request, Unfit

_QUOTED = ("cost_per_kg", "minimum_charge", "cost_per_consignment")


def _closed(request: Request) -> list[Change]:
    lanes = request.network.lanes["lane"].iloc[lanes_of(request)]
    return [events("shutdown", [f"lane:{lane}" for lane in lanes], period(request))]


def _slower(request: Request) -> list[Change]:
    rows, days = lanes_of(request), request.number("days")
    return [_longer(request, "transit_days", rows, days), *_under_way(request, rows, days)]


def _dearer(request: Request) -> list[Change]:
    return scaled(request.network, "lanes", _QUOTED, lanes_of(request), request.number("factor"))


def _customs(request: Request) -> list[Change]:
    rows, days = rows_where(across_the_border(request.network, country_of(request))), request.number("days")
    if not len(rows):
        raise Unfit("country", "no lane crosses this border")
    sd = request.number("sd")
    spread = np.hypot(request.network.lanes["customs_days_sd"].to_numpy(float)[rows], sd)
    more = [Write("lanes", "customs_days_sd", rows, spread)] if sd else []
    return [_longer(request, "customs_days", rows, days), *more, *_under_way(request, rows, days)]


def _forbidden(request: Request) -> list[Change]:
    """Known beforehand the lanes are gone; a planner who does not know goes on using lanes on which nothing moves."""
    network, rows = request.network, lanes_of(request)
    lanes = network.lanes["lane"].iloc[rows]
    if not request.announced:
        return [events("shutdown", [f"lane:{lane}" for lane in lanes], period(request))]
    past = rows_where(network.past_consignments["lane"].isin(lanes))
    named = {name: rows_where(getattr(network, name)["lane"].isin(lanes)) for name in ("inbound", "receipts")}
    return [
        Drop("lanes", rows),
        Drop("past_consignments", past),
        Drop("events", rows_where(network.events["applies_to"].isin("lane:" + lanes))),
        *(written(name, "lane", where, "") for name, where in named.items()),
    ]


def _longer(request: Request, column: str, rows: Ints, days: float) -> Write:
    return Write("lanes", column, rows, request.network.lanes[column].to_numpy(float)[rows] + days)


def _under_way(request: Request, rows: Ints, days: float) -> list[Change]:
    """What is under way on these lanes arrives as much later."""
    lanes: pd.Series[str] = request.network.lanes["lane"].iloc[rows]
    return [Delay(rows_where(request.network.inbound["lane"].isin(lanes)), days)]


_ANY = tuple(one.name for one in LANES)
_DAYS = Argument("days", "how many days longer it takes", "number", "days", required=True, above=0, most=365)
_COUNTRY = Argument("country", "country of arrival, or all", of="country", required=True)

KINDS = (
    Kind(
        "lane_closed",
        "Lanes on which nothing leaves or arrives for a time; what is expected then comes on the first day after.",
        (*LANES, *PERIOD),
        "{mode: air, from_week: 3, weeks: 4}",
        _closed,
        some_of=_ANY,
    ),
    Kind(
        "lane_slower",
        "Lanes that take more days; what is under way on them comes later too.",
        (*LANES, _DAYS),
        "{mode: rail, days: 10}",
        _slower,
        some_of=_ANY,
    ),
    Kind(
        "lane_dearer",
        "Lanes whose rate, minimum charge and cost per consignment are multiplied.",
        (*LANES, Argument("factor", "times what they cost now", "number", "times", required=True, above=0, most=100)),
        "{mode: air, destination: busiest, factor: 1.4}",
        _dearer,
        some_of=_ANY,
    ),
    Kind(
        "customs_delay",
        "Customs that takes more days, for lanes that enter a country from another; what is under way comes later too.",
        (
            _COUNTRY,
            _DAYS,
            Argument("sd", "standard deviation of the delay, added in squares", "number", "days", least=0, most=365),
        ),
        "{country: all, days: 7, sd: 2}",
        _customs,
    ),
    Kind(
        "mode_forbidden",
        "A mode nobody may use, for the whole plan; unannounced, nothing planned on it moves.",
        (Argument("mode", "the mode", of="mode", required=True), *LANES[1:]),
        "{mode: air}",
        _forbidden,
    ),
)
