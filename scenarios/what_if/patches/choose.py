"""What patches speak of: ids of this network, words that choose one on any network, lanes, sites, periods."""

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, first_week
from domain.network import Network
from scenarios.what_if.patches.change import Add, Ints, added, rows_where
from scenarios.what_if.patches.kind import SPRING_FESTIVAL, Argument, Request, Unfit

Bools = npt.NDArray[np.bool_]

ALL = "all"
MOST = {"depot": "busiest", "point": "busiest", "site": "busiest", "country": "busiest"} | dict.fromkeys(
    ("supplier", "brand", "category", "part_class", "model", "part"), "largest"
)
"""The word that chooses one of a noun on any network: where most parts are used, or what most is used of, in the last
year, by value for suppliers; of equals the first by id."""
_YEAR_DAYS = 365
_LONG_WEEKS = 104  # beyond the published weeks: later than any plan looks
_FESTIVALS = (
    (2024, 2, 10), (2025, 1, 29), (2026, 2, 17), (2027, 2, 6), (2028, 1, 26), (2029, 2, 13), (2030, 2, 3),
    (2031, 1, 23), (2032, 2, 11), (2033, 1, 31), (2034, 2, 19), (2035, 2, 8), (2036, 1, 28), (2037, 2, 15),
    (2038, 2, 4), (2039, 1, 24), (2040, 2, 12),
)  # fmt: skip
"""First day of the Chinese lunar year (Hong Kong Observatory, conversion tables)."""

PERIOD = (
    Argument("from_week", "first week of the plan in which it holds, 1 if not given", "count", "weeks", least=1),
    Argument("weeks", "how many weeks it holds, to the end if not given", "count", "weeks", least=1, most=260),
    Argument("start", f"first day instead of from_week: a date, 11-11 (the next one) or {SPRING_FESTIVAL}", "date"),
    Argument("end", "last day instead of weeks", "date"),
)


def ids(network: Network, noun: str) -> list[str]:
    """The ids a noun may name on this network, sorted, without the words `MOST` and `ALL`."""
    sites = network.sites
    found: Iterable[str]
    if noun == "currency":
        found = [*network.rates["currency"], network.settings.currency]
    elif noun == "group":
        found = [*network.service["group"], "default"]
    elif noun in ("depot", "point", "origin", "site"):
        kind = {"point": "repair_point"}.get(noun, noun)
        found = sites["site"] if noun == "site" else sites.loc[sites["kind"] == kind, "site"]
    else:
        table, column = _WHERE[noun]
        found = getattr(network, table)[column]
    return sorted({name for name in found if name})


_WHERE = {
    "mode": ("lanes", "mode"),
    "lane": ("lanes", "lane"),
    "destination": ("lanes", "destination"),
    "country": ("sites", "country"),
    "region": ("sites", "region"),
    "supplier": ("suppliers", "supplier"),
    "part": ("parts", "part"),
    "part_class": ("parts", "part_class"),
    "model": ("models", "model"),
    "brand": ("models", "brand"),
    "category": ("models", "category"),
}


def named(request: Request, argument: str, noun: str) -> str:
    """The id an argument stands for; a word of `MOST` is looked up in last year's usage. Raises Unfit."""
    word, known = request.text(argument), ids(request.network, noun)
    if word in known:
        return word
    if word != MOST.get(noun):
        raise Unfit(argument, f"no such {noun} in this network")
    weight = _used(request.network, noun)
    weight = weight[weight.index.isin(known)].sort_index()
    if weight.empty:
        raise Unfit(argument, f"nothing is used here that tells which {noun} is {word}; name one")
    return str(weight.idxmax())


def _used(network: Network, noun: str) -> "pd.Series[float]":
    """Pieces used in the last year by what `noun` means; their value for suppliers; every one 0 where none is known."""
    usage = network.usage[network.usage["date"] > pd.Timestamp(network.settings.as_of - timedelta(days=_YEAR_DAYS))]
    pieces = usage["quantity"].astype(float)
    by: npt.ArrayLike
    if noun in ("depot", "point", "site", "country"):
        by = usage["site"]
        if noun in ("depot", "site"):  # of all sites a depot is the busiest
            by = usage["site"].map(network.site_of["region"]).map(network.depot_of_region)
        elif noun == "country":
            by = usage["site"].map(network.site_of["country"])
    elif noun in ("supplier", "part_class", "part"):
        parts = network.parts.set_index("part")
        by = usage["part"] if noun == "part" else usage["part"].map(parts[noun])
        pieces = pieces * usage["part"].map(parts["unit_cost"]) if noun == "supplier" else pieces
    else:
        by = usage["model"].map(network.models.assign(key=network.models["model"]).set_index("key")[noun])
    found = pieces.groupby(by).sum()
    none = pd.Series(0.0, index=pd.Index(ids(network, noun), dtype=object))
    return none.add(found, fill_value=0.0)


LANES = (
    Argument("mode", "air, express, rail, sea, road or courier", of="mode"),
    Argument("origin", "lanes that leave this site", of="site"),
    Argument("destination", "lanes that go to this site", of="site"),
    Argument("country", "lanes that end in this country, coming from another", of="country"),
    Argument("lane", "one lane", of="lane"),
)


def lanes_of(request: Request) -> Ints:
    """Rows of the lanes that fit every argument of `LANES` given. Raises Unfit when none does."""
    lanes = request.network.lanes
    fits: Bools = np.ones(len(lanes), bool)
    for name in ("mode", "lane"):
        if request.has(name):
            fits &= (lanes[name] == request.text(name)).to_numpy(bool)
    for name in ("origin", "destination"):
        if request.has(name):
            fits &= (lanes[name] == named(request, name, "site")).to_numpy(bool)
    if request.has("country"):
        fits &= across_the_border(request.network, country_of(request))
    if not fits.any():
        asked = " and ".join(
            f"{name} {request.text(name)}" for name in (one.name for one in LANES) if request.has(name)
        )
        raise Unfit("", f"no lane has {asked}")
    return rows_where(fits)


def country_of(request: Request) -> str:
    """The country an argument `country` stands for, or "all". Raises Unfit."""
    return ALL if request.text("country") == ALL else named(request, "country", "country")


def across_the_border(network: Network, country: str) -> Bools:
    """Which lanes come into a country ("all": into any) from another."""
    where = network.site_of["country"]
    origin, destination = network.lanes["origin"].map(where), network.lanes["destination"].map(where)
    into = destination == country if country != ALL else pd.Series(True, index=destination.index)
    return (into & (origin != destination)).to_numpy(bool)


PARTS = (
    Argument("part_class", "parts of this class", of="part_class"),
    Argument("model", "parts that fit this model", of="model"),
    Argument("supplier", "parts of this supplier", of="supplier"),
    Argument("part", "one part", of="part"),
)


def parts_of(request: Request) -> set[str]:
    """The parts that fit every argument of `PARTS` given. Raises Unfit when none does."""
    parts, fitment = request.network.parts, request.network.fitment
    fits: Bools = np.ones(len(parts), bool)
    for name in ("part_class", "supplier", "part"):
        if request.has(name):
            fits &= (parts[name] == named(request, name, name)).to_numpy(bool)
    if request.has("model"):
        model = named(request, "model", "model")
        fits &= parts["part"].isin(fitment.loc[fitment["model"] == model, "part"]).to_numpy(bool)
    if not fits.any():
        raise Unfit("", "no part fits")
    return set(parts.loc[fits, "part"])


def period(request: Request) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day of a patch's period. Raises Unfit when it ends before it starts or says it twice."""
    network = request.network
    monday = first_week(network.settings.as_of)
    for one, other in (("from_week", "start"), ("weeks", "end")):
        if request.has(one) and request.has(other):
            raise Unfit(other, f"give {one} or {other}, not both")
    first = monday + timedelta(days=DAYS_PER_WEEK * (int(request.number("from_week", 1)) - 1))
    if request.has("start"):
        first = _next(request.text("start"), network.settings.as_of, "start")
    last = monday + timedelta(days=DAYS_PER_WEEK * (network.settings.horizon_weeks + _LONG_WEEKS) - 1)
    if request.has("weeks"):
        last = first + timedelta(days=DAYS_PER_WEEK * int(request.number("weeks")) - 1)
    elif request.has("end"):
        last = _next(request.text("end"), first - timedelta(days=1), "end")
    if last < first:
        raise Unfit("end" if request.has("end") else "from_week", f"ends on {last}, before it starts on {first}")
    return pd.Timestamp(first), pd.Timestamp(last)


def _next(day: str, after: date, argument: str) -> date:
    """The day written, or the next one of its kind after `after`."""
    if day == SPRING_FESTIVAL:
        coming = [one for one in (date(*day) for day in _FESTIVALS) if one > after]
        if not coming:
            raise Unfit(argument, f"no {SPRING_FESTIVAL} is known after {after}; write a date")
        return coming[0]
    if day.count("-") == 2:
        return date.fromisoformat(day)
    for year in range(after.year, after.year + 9):  # 29 February comes within eight years
        try:
            found = date.fromisoformat(f"{year}-{day}")
        except ValueError:
            continue
        if found > after:
            return found
    raise Unfit(argument, f"no {day} follows {after}")


def events(kind: str, targets: Iterable[str], days: tuple[pd.Timestamp, pd.Timestamp], factor: float = 1.0) -> Add:
    """An event on each target (`all`, or country:, site:, lane:, supplier:, category:, model: and an id)."""
    start, end = days
    return added(
        "events",
        [
            {
                "event": f"what-if {kind} {target} {start:%Y-%m-%d} {end:%Y-%m-%d}",
                "kind": kind,
                "applies_to": target,
                "start": start,
                "end": end,
                "factor": factor,
            }
            for target in targets
        ],
    )
