"""How large a demo network is, the calendar it lives in, and its streams of random numbers."""

from dataclasses import dataclass, replace
from datetime import date
from zlib import crc32

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]
Texts = npt.NDArray[np.object_]

AS_OF = date(2026, 6, 28)  # a Sunday: week 1 begins the next day; 11 November and the Spring Festival lie ahead
HISTORY_WEEKS = 104
AHEAD_WEEKS = 52
WEEKS = HISTORY_WEEKS + AHEAD_WEEKS
HORIZON_WEEKS = 26
BUDGET_PERIOD_WEEKS = 4
FIRST_MONTH = np.datetime64("2022-01", "M")  # the oldest models' first sales
MONTHS = 66  # until 2027-06, the end of the sales plan
MONTHS_SOLD = 54  # those not after AS_OF


@dataclass(frozen=True)
class Region:
    """One depot and the repair points it serves. share: of all repairs, before a model's own taste for regions."""

    region: str
    country: str
    depot_city: str
    points: int
    share: float


@dataclass(frozen=True)
class Service:
    """What a company of this size promises: all worth 20 to 40 USD per waiting repair and week.

    Mean days a screen is waited for; share of other critical parts on the shelf; mean wait in the countries with fewest
    repairs, and how many these are; share of the rest on the shelf. Then what only some promise: shares on the shelf
    and mean waits of other classes, mean waits for critical parts in some countries.
    """

    screen_wait_days: float
    critical_fill_rate: float
    near_wait_days: float
    fill_rate: float
    near_countries: int = 1
    class_fill_rates: tuple[tuple[str, float], ...] = ()
    class_wait_days: tuple[tuple[str, float], ...] = ()
    country_wait_days: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Size:
    """What a demo of this size counts, and how tight its budget and its lanes are.

    models_per_platform: models that share screens, batteries and the like, on average. tickets_per_week: repairs, those
    that need no part included. service: what is promised; the more part numbers a point sees for its repairs, the fewer
    can lie on its shelf. budget_share: of what unconstrained ordering buys in a
    demanding budget period. capacity_share: of the weekly kg and m³ that a lane would carry if every part took its
    cheapest lane. regions_of_a_brand: least and most regions that sell a brand (none: all do, but for a few models).
    told_from: first week of which the hidden truth tells the demand.
    """

    models: int
    brands: int
    parts: int
    models_per_platform: float
    suppliers: int
    tickets_per_week: float
    open_repairs: int
    service: Service
    regions: tuple[Region, ...]
    budget_share: float
    capacity_share: float
    regions_of_a_brand: tuple[int, int] | None = None
    told_from: int = 0

    @property
    def parts_of_a_region(self) -> float:
        """Expected part numbers that a region's repairs may want."""
        if self.regions_of_a_brand is None:
            return self.parts
        return self.parts * sum(self.regions_of_a_brand) / 2 / len(self.regions)

    def with_parts(self, parts: int) -> "Size":
        """The same network with fewer or more parts, and models, brands and repairs in proportion."""
        factor = parts / self.parts
        return replace(
            self,
            parts=parts,
            models=round(self.models * factor),
            brands=max(round(self.brands * factor), 4),
            suppliers=max(round(self.suppliers * factor), 8),
            tickets_per_week=self.tickets_per_week * factor,
            open_repairs=max(round(self.open_repairs * factor), 20),
        )


# country, its weight among the repairs, the cities of its depots
_ALLIANCE = (
    ("RU", 24, "MOW LED SVX OVB KRR KUF KJA KHV"),
    ("BY", 5, "MSQ BQT"),
    ("KZ", 8, "ALA NQZ CIT AKX"),
    ("DE", 9, "LEJ HAM MUC"),
    ("PL", 6, "WAW WRO"),
    ("IT", 5, "MXP FCO"),
    ("FR", 5, "CDG LYS"),
    ("ES", 5, "MAD BCN"),
    *((country, 2, city) for country, city in (
        ("CZ", "PRG"), ("SK", "BTS"), ("HU", "BUD"), ("AT", "VIE"), ("RO", "OTP"), ("BG", "SOF"), ("GR", "ATH"),
        ("HR", "ZAG"), ("SI", "LJU"), ("PT", "LIS"), ("NL", "AMS"), ("BE", "BRU"), ("DK", "CPH"), ("SE", "ARN"),
        ("FI", "HEL"), ("EE", "TLL"), ("LV", "RIX"), ("LT", "VNO"), ("IE", "DUB"), ("RS", "BEG"), ("TR", "IST"),
        ("GE", "TBS"), ("AM", "EVN"), ("UZ", "TAS"), ("KG", "FRU"),
    )),
)  # fmt: skip
_POINTS_OF_A_DEPOT = 20


def _alliance_regions() -> tuple[Region, ...]:
    """A region per depot, named after country and city; the depots of a country share its repairs evenly."""
    total = sum(weight for _, weight, _ in _ALLIANCE)
    return tuple(
        Region(f"{country}-{city}", country, city, _POINTS_OF_A_DEPOT, weight / total / len(cities.split()))
        for country, weight, cities in _ALLIANCE
        for city in cities.split()
    )


SIZES = {
    "small": Size(
        models=60,
        brands=12,
        parts=600,
        models_per_platform=1.2,
        suppliers=14,
        tickets_per_week=520.0,
        open_repairs=60,
        service=Service(screen_wait_days=0.6, critical_fill_rate=0.90, near_wait_days=0.12, fill_rate=0.93),
        regions=(
            Region("RU", "RU", "MOW", 10, 0.44),
            Region("BY", "BY", "MSQ", 4, 0.14),
            Region("KZ", "KZ", "ALA", 5, 0.18),
            Region("DE", "DE", "LEJ", 5, 0.24),
        ),
        budget_share=0.86,
        capacity_share=1.1,
    ),
    "wisetech": Size(
        models=5_000,
        brands=350,
        parts=20_000,
        models_per_platform=3.1,
        suppliers=90,
        tickets_per_week=13_000.0,
        open_repairs=1_500,
        service=Service(screen_wait_days=1.5, critical_fill_rate=0.70, near_wait_days=0.3, fill_rate=0.80),
        regions=(
            Region("RU", "RU", "MOW", 45, 0.50),
            Region("BY", "BY", "MSQ", 16, 0.22),
            Region("KZ", "KZ", "ALA", 19, 0.28),
        ),
        budget_share=0.8,
        capacity_share=2.2,
    ),
    "alliance": Size(
        models=50_000,
        brands=1_500,
        parts=200_000,
        models_per_platform=3.1,
        suppliers=400,
        tickets_per_week=40_000.0,
        open_repairs=6_000,
        service=Service(
            screen_wait_days=1.6,
            critical_fill_rate=0.25,
            near_wait_days=0.5,
            fill_rate=0.66,
            near_countries=5,
            class_fill_rates=(("battery", 0.60), ("charging_port", 0.50), ("power_supply", 0.55)),
            class_wait_days=(("main_board", 3.0), ("rear_camera", 1.5)),
            country_wait_days=(
                ("RU", 1.2), ("BY", 1.2), ("KZ", 1.4), ("DE", 0.9), ("PL", 0.9), ("IT", 1.2), ("FR", 1.0),
            ),
        ),
        regions=_alliance_regions(),
        budget_share=0.8,
        capacity_share=2.2,
        regions_of_a_brand=(2, 5),
        told_from=HISTORY_WEEKS,
    ),
}  # fmt: skip


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Random numbers of one purpose: changing one part of the generator leaves the others as they were."""
    return np.random.default_rng([seed, crc32(purpose.encode())])


def mondays() -> Days:
    """Mondays of all weeks, history first, shape (WEEKS,); week HISTORY_WEEKS is the first one ahead."""
    first_ahead = np.datetime64(AS_OF, "D") + 1
    return first_ahead + 7 * (np.arange(WEEKS) - HISTORY_WEEKS)


def months() -> Days:
    """First days of all months of sales, shape (MONTHS,)."""
    return (FIRST_MONTH + np.arange(MONTHS)).astype("datetime64[D]")
