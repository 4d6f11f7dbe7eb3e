"""Who holds which units already: the facts promising reads, and every earlier need pegged to supply (MODEL 5)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from domain.calendar import first_week
from domain.supply import UNLIMITED, Commitment, Ledger, Supply

_UNCONFIRMED = "ordered"


@dataclass(frozen=True)
class Site:
    """A place and the depot that serves it ("" for an origin, itself for a depot)."""

    site: str
    kind: str
    country: str
    depot: str


@dataclass(frozen=True)
class Part:
    """What moving and pricing a part needs; money in the network's currency."""

    part: str
    unit_cost: float
    weight_kg: float
    volume_l: float
    dangerous_goods: bool
    hs_code: str
    hub: str
    supplier: str

    @property
    def endless(self) -> bool:
        """Without a supplier the part never runs out at its hub."""
        return not self.supplier


@dataclass(frozen=True)
class Lane:
    """A connection, door to door; `departures` are weekdays (Monday 0), money in the network's currency."""

    lane: str
    origin: str
    destination: str
    mode: str
    lead_days: float
    lead_days_sd: float
    cost_per_kg: float
    volumetric_kg_per_m3: float
    minimum_charge: float
    cost_per_consignment: float
    consignment_kg: float | None
    insurance_rate: float
    departures: tuple[int, ...]
    dangerous_goods: bool


@dataclass(frozen=True)
class Duty:
    """Duty rate and the VAT that is not recovered, of goods with an HS prefix entering a country."""

    country: str
    hs_prefix: str
    origin_country: str
    duty_rate: float
    vat_rate: float


@dataclass(frozen=True)
class Substitute:
    """`substitute` serves where `part` is wanted, and the other way round if `two_way`."""

    part: str
    substitute: str
    two_way: bool
    since: date | None


@dataclass(frozen=True)
class Stock:
    """Counted units; only `good` ones that do not expire by the date of the data can be promised."""

    part: str
    site: str
    condition: str
    quantity: int
    expires: date | None


@dataclass(frozen=True)
class Inbound:
    """An order under way to `site`; its supply is firm unless the status is `ordered`."""

    order: str
    part: str
    site: str
    quantity: int
    expected: date
    status: str
    sd_days: float


@dataclass(frozen=True)
class Shipment:
    """A shipment the plan proposes, hub to depot."""

    shipment: str
    part: str
    origin: str
    site: str
    quantity: int
    departs: date
    arrives: date
    sd_days: float


@dataclass(frozen=True)
class Purchase:
    """A purchase the plan proposes, expected at the hub `site`."""

    order: str
    part: str
    site: str
    quantity: int
    expected: date
    sd_days: float


@dataclass(frozen=True)
class Allocated:
    """Units the plan gives to a repair order ("" = to a shelf)."""

    part: str
    from_site: str
    to_site: str
    quantity: int
    repair_order: str
    ships_on: date
    arrives_on: date


@dataclass(frozen=True)
class RepairOrder:
    """An open need; 1 is the most urgent priority."""

    repair_order: str
    part: str
    site: str
    quantity: int
    due: date
    priority: int


@dataclass(frozen=True)
class Facts:
    """What promising reads: `parts` is the interchangeability chain, the part asked for first."""

    as_of: date
    parts: tuple[Part, ...]
    sites: dict[str, Site]
    lanes: tuple[Lane, ...]
    duties: tuple[Duty, ...] = ()
    stock: tuple[Stock, ...] = ()
    inbound: tuple[Inbound, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    purchases: tuple[Purchase, ...] = ()
    allocations: tuple[Allocated, ...] = ()
    repair_orders: tuple[RepairOrder, ...] = ()


def interchangeability_chain(part: str, substitutes: Iterable[Substitute], as_of: date) -> tuple[str, ...]:
    """The part and everything that may stand in for it, nearest first; substitutes of substitutes count."""
    rows = [row for row in substitutes if row.since is None or row.since <= as_of]
    pairs = {(row.part, row.substitute) for row in rows}
    pairs |= {(row.substitute, row.part) for row in rows if row.two_way}
    chain, frontier = [part], {part}
    while frontier:
        frontier = {stand_in for wanted, stand_in in pairs if wanted in frontier} - set(chain)
        chain += sorted(frontier)
    return tuple(chain)


def pegged(facts: Facts) -> Ledger:
    """All supply with every earlier need pegged to it: allocations, then open repair orders by priority and due date.

    What an open order has no allocation for is owed by its own site as far as that can give, else by its depot; what
    the depot can never cover takes the first planned shipments to come.
    """
    ledger = Ledger.of(_supplies(facts), _allocated(facts))
    served = [(row.repair_order, row.part) for row in facts.allocations]
    for order in sorted(facts.repair_orders, key=lambda row: (row.priority, row.due, row.repair_order, row.part)):
        key = order.repair_order, order.part
        given = sum(row.quantity for row, of in zip(facts.allocations, served, strict=True) if of == key)
        left, due = max(0, order.quantity - given), max(order.due, facts.as_of)
        here = min(left, ledger.position(order.part, order.site).firm(due))
        reference = f"repair order {order.repair_order}"
        ledger = ledger.commit(Commitment(order.part, order.site, here, due, reference))
        depot = facts.sites[order.site].depot or order.site
        ledger = ledger.commit(Commitment(order.part, depot, left - here, due, reference))
    return _peg_shipments(ledger)


def _peg_shipments(ledger: Ledger) -> Ledger:
    for position in list(ledger.positions.values()):
        shortage = position.shortage()
        for supply in sorted(position.supply, key=lambda one: (one.on, one.reference)):
            if supply.ships_on is not None and shortage > 0:
                quantity = min(shortage, supply.quantity)
                ledger = ledger.release_from_hub(supply, quantity)
                shortage -= quantity
    return ledger


def _supplies(facts: Facts) -> Iterator[Supply]:
    for part in facts.parts:
        if part.endless and part.hub:
            yield Supply(part.part, part.hub, UNLIMITED, facts.as_of, "on_hand", "origin")
    for stock in facts.stock:
        if stock.condition == "good" and stock.quantity > 0 and (stock.expires is None or stock.expires > facts.as_of):
            yield Supply(stock.part, stock.site, stock.quantity, facts.as_of, "on_hand", "stock")
    late = first_week(facts.as_of)  # an order that is overdue is expected in week 1
    for order in facts.inbound:
        on = order.expected if order.expected >= facts.as_of else late
        source: Literal["planned", "inbound"] = "planned" if order.status == _UNCONFIRMED else "inbound"
        yield Supply(order.part, order.site, order.quantity, on, source, f"inbound {order.order}", order.sd_days)
    for row in facts.allocations:
        if row.to_site != row.from_site and not row.repair_order:
            on = max(row.arrives_on, facts.as_of)
            yield Supply(row.part, row.to_site, row.quantity, on, "transfer", f"transfer from {row.from_site}")
    for purchase in facts.purchases:
        yield Supply(
            purchase.part,
            purchase.site,
            purchase.quantity,
            max(purchase.expected, facts.as_of),
            "planned",
            f"purchase {purchase.order}",
            purchase.sd_days,
        )
    for shipment in facts.shipments:
        yield Supply(
            shipment.part,
            shipment.site,
            shipment.quantity,
            max(shipment.arrives, facts.as_of),
            "planned",
            f"shipment {shipment.shipment}",
            shipment.sd_days,
            ships_from=shipment.origin,
            ships_on=max(shipment.departs, facts.as_of),
        )


def _allocated(facts: Facts) -> Iterator[Commitment]:
    for row in facts.allocations:
        if row.repair_order or row.to_site != row.from_site:
            reference = f"repair order {row.repair_order}" if row.repair_order else f"shelf of {row.to_site}"
            yield Commitment(row.part, row.from_site, row.quantity, max(row.ships_on, facts.as_of), reference)
