"""Supply and pegs of one part at one site: what is promised already, and what may still be (MODEL 5)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate
from typing import Literal

Source = Literal["on_hand", "inbound", "transfer", "planned"]

UNLIMITED = 10**9
"""Units at an origin that never runs out."""


@dataclass(frozen=True)
class Supply:
    """Units that are at a site from a day on; `sd_days` is the uncertainty of that day.

    `planned` supply is a proposal nobody has confirmed. A planned shipment also names the hub it leaves and when.
    """

    part: str
    site: str
    quantity: int
    on: date
    source: Source
    reference: str
    sd_days: float = 0.0
    ships_from: str = ""
    ships_on: date | None = None

    @property
    def planned(self) -> bool:
        """Whether the supply is only proposed."""
        return self.source == "planned"


@dataclass(frozen=True)
class Commitment:
    """Units owed from a site on a day, to `reference`; `planned` ones were promised on planned supply only."""

    part: str
    site: str
    quantity: int
    on: date
    reference: str
    planned: bool = False


def available_to_promise(supply: Iterable[tuple[date, int]], commitments: Iterable[tuple[date, int]], on: date) -> int:
    """ATP(t) = min over τ ≥ t of [supply(τ) − commitments(τ)], cumulative, units; negative when already overdrawn."""
    return min(_balances(supply, commitments, on).values())


def _balances(supply: Iterable[tuple[date, int]], commitments: Iterable[tuple[date, int]], on: date) -> dict[date, int]:
    """Cumulative supply less commitments on day `on` and at the end of every later day on which it changes."""
    change: defaultdict[date, int] = defaultdict(int, {on: 0})
    for day, quantity in supply:
        change[max(day, on)] += quantity
    for day, quantity in commitments:
        change[max(day, on)] -= quantity
    days = sorted(change)
    return dict(zip(days, accumulate(change[day] for day in days), strict=True))


@dataclass(frozen=True)
class Position:
    """One part at one site: its supply and its commitments."""

    supply: tuple[Supply, ...] = ()
    commitments: tuple[Commitment, ...] = ()

    def firm(self, on: date) -> int:
        """Units that may be promised for day `on` from supply that exists or is confirmed."""
        return max(0, available_to_promise(*self._layer(planned=False), on))

    def planned(self, on: date) -> int:
        """Units that may be promised for `on` from planned supply: what firm commitments in default do not need.

        min over τ ≥ t of [planned supply − promises on it − (firm commitments − firm supply)⁺].
        """
        firm = _balances(*self._layer(planned=False), on)
        planned = _balances(*self._layer(planned=True), on)
        now_firm = now_planned = 0
        least = UNLIMITED
        for day in sorted(firm.keys() | planned.keys()):
            now_firm, now_planned = firm.get(day, now_firm), planned.get(day, now_planned)
            least = min(least, now_planned + min(now_firm, 0))
        return max(0, least)

    def shortage(self) -> int:
        """Firm commitments that no firm supply will ever cover, units."""
        firm, owed = self._layer(planned=False)
        return max(0, sum(quantity for _, quantity in owed) - sum(quantity for _, quantity in firm))

    def _layer(self, planned: bool) -> tuple[list[tuple[date, int]], list[tuple[date, int]]]:
        return (
            [(one.on, one.quantity) for one in self.supply if one.planned == planned],
            [(one.on, one.quantity) for one in self.commitments if one.planned == planned],
        )


_EMPTY = Position()


@dataclass(frozen=True)
class Ledger:
    """Every position, by part and site. Taking units gives a new ledger; none takes what another holds."""

    positions: Mapping[tuple[str, str], Position] = field(default_factory=dict)

    @classmethod
    def of(cls, supply: Iterable[Supply], commitments: Iterable[Commitment]) -> "Ledger":
        """A ledger of these supplies and commitments."""
        held: defaultdict[tuple[str, str], list[Supply]] = defaultdict(list)
        owed: defaultdict[tuple[str, str], list[Commitment]] = defaultdict(list)
        for one in supply:
            held[one.part, one.site].append(one)
        for other in commitments:
            owed[other.part, other.site].append(other)
        return cls({key: Position(tuple(held[key]), tuple(owed[key])) for key in [*held, *owed]})

    def position(self, part: str, site: str) -> Position:
        """The position of a part at a site, empty if nothing is known of it."""
        return self.positions.get((part, site), _EMPTY)

    def commit(self, commitment: Commitment) -> "Ledger":
        """This ledger with one more commitment (none if its quantity is 0)."""
        if commitment.quantity <= 0:
            return self
        key = commitment.part, commitment.site
        before = self.position(*key)
        return Ledger({**self.positions, key: Position(before.supply, (*before.commitments, commitment))})

    def room(self, supply: Supply) -> int:
        """Units that may still be promised from `supply`, on its day.

        A planned shipment gives no more than is left of it, and no more than its hub can still let go when it leaves.
        """
        position = self.position(supply.part, supply.site)
        if not supply.planned:
            return position.firm(supply.on)
        room = min(supply.quantity, position.planned(supply.on))
        if supply.ships_on is None:
            return room
        hub = self.position(supply.part, supply.ships_from)
        taken = sum(one.quantity for one in hub.commitments if one.reference == supply.reference)
        return max(0, min(room, supply.quantity - taken, hub.firm(supply.ships_on) + hub.planned(supply.ships_on)))

    def take(self, supply: Supply, quantity: int) -> "Ledger":
        """The ledger after `quantity` units of `supply` are promised; the caller asks for no more than its room."""
        ledger = self.commit(
            Commitment(supply.part, supply.site, quantity, supply.on, supply.reference, supply.planned)
        )
        return ledger.release_from_hub(supply, quantity)

    def release_from_hub(self, supply: Supply, quantity: int) -> "Ledger":
        """Peg `quantity` units of a planned shipment at its hub: the day it leaves before later, firm before planned.

        What the hub will never have is not pegged: there is no unit to keep for it.
        """
        if supply.ships_on is None:
            return self
        ledger, left, where = self, quantity, (supply.part, supply.ships_from)
        later = {one.on for one in self.position(*where).supply if one.on > supply.ships_on}
        for day in sorted({supply.ships_on, *later}):
            for planned in (False, True):
                hub = ledger.position(*where)
                given = min(left, hub.planned(day) if planned else hub.firm(day))
                ledger = ledger.commit(Commitment(*where, given, day, supply.reference, planned))
                left -= given
        return ledger
