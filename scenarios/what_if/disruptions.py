"""What may go wrong: the single disruptions of a network, how often each is taken to come, and their draws."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp

import numpy as np

from domain.logistics import WEEKS_PER_YEAR
from domain.network import Network
from scenarios.what_if.patches.choose import across_the_border
from scenarios.what_if.scenario import Patch, Value
from simulation.referee.demand import seeds_of, stream_keys

_DRAWN, _BEGINS = 1, 2  # purposes of a disruption's stream


@dataclass(frozen=True)
class Frequencies:
    """How often a year each single disruption is taken to come: an assumption, not a measurement.

    Lanes of one mode to one depot, or of one courier from a depot, closed for two or four weeks; a depot out for two or
    four weeks, an origin for two; a supplier shut for four; customs of a country a week slower for as long as is
    planned; demand of a region or a category 30 % higher for eight weeks.
    """

    lane_two_weeks: float = 0.10
    lane_four_weeks: float = 0.05
    depot_two_weeks: float = 0.04
    depot_four_weeks: float = 0.02
    origin_two_weeks: float = 0.04
    supplier_four_weeks: float = 0.05
    customs_week: float = 0.10
    region_surge: float = 0.10
    category_surge: float = 0.10


@dataclass(frozen=True)
class Disruption:
    """One thing that may go wrong: a patch (`patches.KINDS`) nobody announces, and how often a year.

    weeks: how long it lasts; 0: from the first day to the last, whenever it is drawn.
    """

    name: str
    title: str
    kind: str
    arguments: tuple[tuple[str, Value], ...]
    weeks: int
    per_year: float

    def patch(self, from_week: int) -> Patch:
        """What it changes when it begins with a week of the plan."""
        when: dict[str, Value] = {"from_week": from_week, "weeks": self.weeks} if self.weeks else {}
        return Patch(self.name, self.kind, {**dict(self.arguments), **when}, announced=False)

    def likely(self, weeks: int) -> float:
        """P(it begins within so many weeks) when it comes as a Poisson process."""
        return 1.0 - exp(-self.per_year * weeks / WEEKS_PER_YEAR)


def catalogue(network: Network, often: Frequencies | None = None) -> tuple[Disruption, ...]:
    """Every single disruption of a network, sorted by name; those that never come (0 a year) are left out."""
    often = often or Frequencies()
    found = [*_lanes(network, often), *_sites(network, often), *_supply(network, often), *_demand(network, often)]
    return tuple(sorted((one for one in found if one.per_year > 0.0), key=lambda one: one.name))


def drawn(every: tuple[Disruption, ...], weeks: int, seed: int, replication: int) -> list[tuple[Disruption, int]]:
    """What goes wrong in one replication and with which week it begins; each disruption comes at most once.

    Every disruption has a stream of its own, so that another one in the catalogue changes nothing for it.
    """
    key = stream_keys(np.array([one.name for one in every], dtype=object))
    comes, begins = ((seeds_of(key, seed, replication, purpose) + 0.5) / 2.0**32 for purpose in (_DRAWN, _BEGINS))
    return [
        (one, 1 + int(begin * weeks))
        for one, chance, begin in zip(every, comes, begins, strict=True)
        if chance < one.likely(weeks)
    ]


def _lanes(network: Network, often: Frequencies) -> Iterator[Disruption]:
    """Modes of supply by depot, couriers by the depot they leave."""
    kind, lanes = network.site_of["kind"], network.lanes
    for name in sorted(network.depot_of_region.values()):
        to = sorted(set(lanes.loc[(lanes["destination"] == name) & (lanes["origin"].map(kind) == "origin"), "mode"]))
        out = sorted(set(lanes.loc[(lanes["origin"] == name) & (lanes["destination"] != name), "mode"]))
        ways = [(mode, "destination", f"{mode} to {name}") for mode in to]
        ways += [(mode, "origin", f"{mode} from {name}") for mode in out]
        for mode, end, says in ways:
            for weeks, per_year in ((2, often.lane_two_weeks), (4, often.lane_four_weeks)):
                asked: tuple[tuple[str, Value], ...] = (("mode", mode), (end, name))
                title = _upper(f"{says} closed for {weeks} weeks")
                yield Disruption(f"{says} closed {weeks} weeks", title, "lane_closed", asked, weeks, per_year)


def _sites(network: Network, often: Frequencies) -> Iterator[Disruption]:
    """Depots and origins out."""
    durations = {
        "depot": ((2, often.depot_two_weeks), (4, often.depot_four_weeks)),
        "origin": ((2, often.origin_two_weeks),),
    }
    for what, lasting in durations.items():
        for name in sorted(network.sites.loc[network.sites["kind"] == what, "site"]):
            for weeks, per_year in lasting:
                says = f"{what} {name} out {weeks} weeks"
                title = f"{_upper(what)} {name} out for {weeks} weeks"
                yield Disruption(says, title, "site_out", ((what, name),), weeks, per_year)


def _supply(network: Network, often: Frequencies) -> Iterator[Disruption]:
    """Suppliers that somebody buys from, and customs of the countries that lanes enter."""
    for name in sorted(set(network.suppliers["supplier"]) & set(network.parts["supplier"])):
        title = f"Supplier {name} shut for 4 weeks"
        yield Disruption(
            f"supplier {name} shut 4 weeks", title, "supplier_shut", (("supplier", name),), 4, often.supplier_four_weeks
        )
    for name in sorted(set(network.sites["country"])):
        if across_the_border(network, name).any():
            asked: tuple[tuple[str, Value], ...] = (("country", name), ("days", 7))
            title = f"Customs of {name} take a week longer"
            yield Disruption(f"customs {name} a week longer", title, "customs_delay", asked, 0, often.customs_week)


def _demand(network: Network, often: Frequencies) -> Iterator[Disruption]:
    """Demand of regions and of categories of products."""
    groups = [("region", name, often.region_surge) for name in sorted(network.depot_of_region)]
    categories = sorted(set(network.models["category"]) - {""})
    groups += [("category", name, often.category_surge) for name in categories]
    for what, name, per_year in groups:
        asked: tuple[tuple[str, Value], ...] = ((what, name), ("factor", 1.3))
        title = f"Demand of {what} {name} 30 % higher for 8 weeks"
        yield Disruption(f"demand {what} {name} +30 %", title, "demand_surge", asked, 8, per_year)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
