"""What a demo says of a city, a lane from the hub and a country."""

from dataclasses import dataclass


@dataclass(frozen=True)
class City:
    """A city: latitude and longitude in degrees, people in millions, hours by the IANA time zone."""

    code: str
    name: str
    latitude: float
    longitude: float
    people: float
    time_zone: str


@dataclass(frozen=True)
class Leg:
    """Hub → depot by one mode: days, their standard deviations, USD per kg, weekdays, dangerous goods or not."""

    mode: str
    carrier: str
    transit_days: float
    transit_days_sd: float
    customs_days: float
    customs_days_sd: float
    cost_per_kg: float
    departures: str
    dangerous_goods: bool


@dataclass(frozen=True)
class Country:
    """How goods enter a country and what holding them costs. express_customs_days: of a single parcel to a shop."""

    name: str
    currency: str
    customs_union: str
    vat_rate: float
    holding_rate_per_year: float
    express_customs_days: float
    legs: tuple[Leg, ...]
    cities: tuple[City, ...]
