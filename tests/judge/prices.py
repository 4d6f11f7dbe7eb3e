"""What one unit costs to move and to hold, lane by lane (decision 0003, "Flows")."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import isnan
from typing import Any

from domain.network import Network

from .calendar import Calendar
from .frames import rows


@dataclass(frozen=True)
class UnitCost:
    """Money per unit on a lane: carriage by chargeable kg, insurance by value, duty, and everything landed."""

    carriage: float
    insurance: float
    duty: float
    landed: float

    @property
    def freight(self) -> float:
        """Carriage and insurance."""
        return self.carriage + self.insurance


class Prices:
    """Unit costs, hubs and ordinary lanes of every part."""

    def __init__(self, network: Network, calendar: Calendar) -> None:
        self.calendar = calendar
        self.part: dict[str, Any] = {row.part: row for row in rows(network.parts)}
        origins = [row.site for row in rows(network.sites) if row.kind == "origin"]
        only = origins[0] if len(origins) == 1 else ""
        supplier_site = {row.supplier: row.site or only for row in rows(network.suppliers)}
        self.hub = {part: supplier_site.get(row.supplier, only) for part, row in self.part.items()}
        self._duties: dict[str, list[Any]] = defaultdict(list)
        for row in rows(network.duties):
            self._duties[row.country].append(row)
        self._network_rate = network.settings.holding_rate_per_year
        self.credit_share = 1.0 - network.settings.obsolescence_rate
        self.unit: Callable[[str, str], UnitCost] = cache(self._unit)
        self.duty_rates = cache(self._duty_rates)
        self._into: dict[str, list[str]] = defaultdict(list)
        for lane in calendar.supply_lanes:
            self._into[calendar.lane[lane].destination].append(lane)

    def holding_rate_per_week(self, site: str) -> float:
        """Share of a unit's value that one week in stock at the site costs."""
        rate = float(self.calendar.site[site].holding_rate_per_year)
        return (self._network_rate if isnan(rate) else rate) / 52.0

    def may_carry(self, part: str, lane: str) -> bool:
        """Whether the lane leaves the part's hub for a depot and takes it (dangerous goods)."""
        row = self.calendar.lane[lane]
        return (
            lane in self._into[row.destination]
            and row.origin == self.hub[part]
            and bool(row.dangerous_goods or not self.part[part].dangerous_goods)
        )

    def under_way(self, part: str, lane: str) -> float:
        """Capital of one unit on the lane, money: landed cost × holding rate of the destination × lead time."""
        rate = self.holding_rate_per_week(self.calendar.lane[lane].destination)
        return self.unit(part, lane).landed * rate * self.calendar.lead_days[lane] / 7.0

    def ordinary(self, part: str, depot: str) -> str | None:
        """The lane of lowest landed cost, capital under way included, that may carry the part; of equals the faster."""
        lanes = [lane for lane in self._into[depot] if self.may_carry(part, lane)]
        cost = {lane: self.unit(part, lane).landed + self.under_way(part, lane) for lane in lanes}
        return min(lanes, key=lambda lane: (cost[lane], self.calendar.lead_days[lane], lane), default=None)

    def _unit(self, part: str, lane: str) -> UnitCost:
        item, way = self.part[part], self.calendar.lane[lane]
        kg = max(item.weight_kg, item.volume_l / 1000.0 * way.volumetric_kg_per_m3)
        carriage, insurance = kg * way.cost_per_kg, way.insurance_rate * item.unit_cost
        countries = self.calendar.site[way.destination].country, self.calendar.site[way.origin].country
        duty_rate, vat_rate = self.duty_rates(item.hs_code, *countries)
        value = item.unit_cost + carriage + insurance
        duty = duty_rate * value + vat_rate * (value + duty_rate * value)
        return UnitCost(carriage, insurance, duty, value + duty)

    def _duty_rates(self, hs_code: str, country: str, origin_country: str) -> tuple[float, float]:
        """Duty and non-recoverable VAT: longest prefix first, then the row that names the origin country."""
        best, rank = None, (-1, -1)
        for row in self._duties[country]:
            fits = hs_code.startswith(row.hs_prefix) and row.origin_country in ("", origin_country)
            if fits and (len(row.hs_prefix), int(row.origin_country != "")) > rank:
                best, rank = row, (len(row.hs_prefix), int(row.origin_country != ""))
        if best is None:
            return 0.0, 0.0
        return best.duty_rate, 0.0 if best.vat_recoverable else best.vat_rate
