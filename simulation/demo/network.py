"""Sites and lanes: a hub in China, depots, repair points, and how goods travel between them."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pandas as pd

from simulation.demo.country import City, Leg
from simulation.demo.geography import COUNTRIES, DUTY_RATES, HUB, RATES, cities_of, distance_km, points_of
from simulation.demo.sizes import Floats, Size, Texts, stream

VOLUMETRIC_KG_PER_M3 = {"air": 167.0, "express": 200.0, "rail": 250.0, "sea": 250.0, "road": 250.0, "courier": 200.0}
INSURANCE_RATE = {"air": 0.003, "express": 0.005, "rail": 0.004, "sea": 0.004, "road": 0.004, "courier": 0.002}
LATERAL_KM = 600.0
EXPRESS_CARRIER, COURIER, HAULIER = "Swallow Express", "Green Lantern Couriers", "Birch Line Haulage"
_TRUE_DELAY = 0.12  # carriers are late by up to this share of what they quote


@dataclass(frozen=True)
class Geography:
    """Sites of the demo. depots and points by region; share: of each point in its region's work."""

    sites: pd.DataFrame
    city: dict[str, City]
    depot: list[str]
    points: list[Texts]
    share: list[Floats]


def geography(size: Size, seed: int) -> Geography:
    """Place the hub, a depot per region and its points."""
    rng = stream(seed, "sites")
    rows: list[dict[str, object]] = [_site(HUB.code, f"{HUB.name} hub", "origin", "CN", "", HUB, 0.18)]
    city = {HUB.code: HUB}
    depots, points, shares = [], [], []
    for region in size.regions:
        country = COUNTRIES[region.country]
        home = next(found for found in country.cities if found.code == region.depot_city)
        depot = f"D{home.code}"
        holding = country.holding_rate_per_year
        rows.append(_site(depot, f"{home.name} depot", "depot", region.country, region.region, home, holding))
        city[depot] = home
        depots.append(depot)
        ids: list[str] = []
        share: list[float] = []
        homes = {other.depot_city for other in size.regions}
        for place, part in points_of(cities_of(country, region.depot_city, homes), region.points):
            number = 1 + sum(site.startswith(place.code) for site in ids)
            site = f"{place.code}{number}"
            row = _site(site, f"{place.name} {number}", "repair_point", region.country, region.region, place, holding)
            row |= {
                "latitude": round(place.latitude + rng.normal(0, 0.03), 4),
                "longitude": round(place.longitude + rng.normal(0, 0.05), 4),
                "owner": "" if rng.random() < 0.6 else f"partner {place.name}",
                "line_cost_per_year": 1.0 if rng.random() < 0.5 else 2.0,
                "max_lines": float(round(size.parts_of_a_region * 0.6, -1)) if rng.random() < 0.15 else None,
            }
            rows.append(row)
            city[site] = place
            ids.append(site)
            share.append(part * rng.uniform(0.8, 1.25))
        points.append(np.array(ids, dtype=object))
        shares.append(np.array(share) / sum(share))
    return Geography(pd.DataFrame(rows), city, depots, points, shares)


def _site(site: str, name: str, kind: str, country: str, region: str, place: City, holding: float) -> dict[str, object]:
    return {
        "site": site,
        "name": name,
        "kind": kind,
        "country": country,
        "region": region,
        "owner": "",
        "latitude": place.latitude,
        "longitude": place.longitude,
        "time_zone": place.time_zone,
        "holding_rate_per_year": holding,
        "line_cost_per_year": 0.0,
        "max_lines": None,
    }


def legs(size: Size) -> list[tuple[int, Leg]]:
    """Hub → depot lanes: number of the region and leg, in the order of the lanes table."""
    return [(number, leg) for number, region in enumerate(size.regions) for leg in COUNTRIES[region.country].legs]


def lanes(size: Size, seed: int, placed: Geography) -> pd.DataFrame:
    """The table `lanes` without capacities and consignments of the hub's lanes; money in the row's currency."""
    rng = stream(seed, "lanes")
    rows = [_supply(placed.depot[number], leg) for number, leg in legs(size)]
    for number, region in enumerate(size.regions):
        country = COUNTRIES[region.country]
        depot, points = placed.depot[number], placed.points[number]
        for point in points:
            rows.append(_express(point, country.express_customs_days, rng))
            rows.append(_domestic(placed, depot, point, "courier", country.currency, 1.0, rng))
        for a, b in _neighbours(placed, points):
            rows.append(_domestic(placed, a, b, "courier", country.currency, 1.25, rng))
    for (a, first), (b, second) in permutations(zip(placed.depot, size.regions, strict=True), 2):
        if COUNTRIES[first.country].customs_union == COUNTRIES[second.country].customs_union:
            rows.append(_domestic(placed, a, b, "road", "USD", 1.0, rng))
    frame = pd.DataFrame(rows)
    frame.insert(0, "lane", frame["origin"] + "-" + frame["destination"] + "-" + frame["mode"])
    return frame


def _supply(depot: str, leg: Leg) -> dict[str, object]:
    return {
        "origin": HUB.code,
        "destination": depot,
        "mode": leg.mode,
        "carrier": leg.carrier,
        "transit_days": leg.transit_days,
        "transit_days_sd": leg.transit_days_sd,
        "customs_days": leg.customs_days,
        "customs_days_sd": leg.customs_days_sd,
        "cost_per_kg": leg.cost_per_kg,
        "volumetric_kg_per_m3": VOLUMETRIC_KG_PER_M3[leg.mode],
        "minimum_charge": 0.0,
        "insurance_rate": INSURANCE_RATE[leg.mode],
        "departures": leg.departures,
        "dangerous_goods": leg.dangerous_goods,
        "currency": "USD",
    }


def _express(point: str, customs_days: float, rng: np.random.Generator) -> dict[str, object]:
    leg = Leg(
        "express",
        EXPRESS_CARRIER,
        float(rng.integers(5, 9)),
        1.5,
        customs_days,
        4.0,
        round(rng.uniform(15, 20), 1),
        "Mon Tue Wed Thu Fri",
        False,
    )
    return _supply(point, leg) | {"minimum_charge": 25.0}


def _domestic(
    placed: Geography, a: str, b: str, mode: str, currency: str, dearer: float, rng: np.random.Generator
) -> dict[str, object]:
    """Courier or road: one day and one more for every 900 km, four at most by courier; dearer with the distance."""
    km = distance_km(placed.city[a], placed.city[b])
    days = min(1 + round(km / 900), 4) if mode == "courier" else 2 + round(km / 600)
    leg = Leg(
        mode,
        COURIER if mode == "courier" else HAULIER,
        float(days),
        round(0.25 * days, 1),
        0.0,
        0.0,
        round((1.1 + km / 2500) * dearer * rng.uniform(0.9, 1.1) * RATES.get(currency, 1.0), 2),
        "Mon Tue Wed Thu Fri Sat" if mode == "courier" else "Tue Fri",
        True,
    )
    minimum = 2.5 * dearer if mode == "courier" else 20.0
    return _supply(b, leg) | {
        "origin": a,
        "minimum_charge": round(minimum * RATES.get(currency, 1.0), 2),
        "currency": currency,
    }


def _neighbours(placed: Geography, points: Texts) -> list[tuple[str, str]]:
    """Laterals, both ways: every point and its nearest one of the region, when it is not too far."""
    pairs: set[tuple[str, str]] = set()
    for a in points:
        others = [(distance_km(placed.city[a], placed.city[b]), b) for b in points if b != a]
        km, b = min(others)
        if km <= LATERAL_KM:
            pairs |= {(a, b), (b, a)}
    return sorted(pairs)


def duties(size: Size) -> pd.DataFrame:
    """The table `duties`: the customs union's rates by heading, the country's VAT, which comes back."""
    return pd.DataFrame(
        [
            {
                "country": code,
                "hs_prefix": prefix,
                "origin_country": "CN",
                "duty_rate": rate,
                "vat_rate": COUNTRIES[code].vat_rate,
                "vat_recoverable": True,
            }
            for code in sorted({region.country for region in size.regions})
            for prefix, rate in DUTY_RATES[COUNTRIES[code].customs_union].items()
        ]
    )


def rates() -> pd.DataFrame:
    """The table `rates`."""
    return pd.DataFrame({"currency": list(RATES), "per_base": list(RATES.values())})


def true_lead_times(seed: int, table: pd.DataFrame) -> pd.DataFrame:
    """Hidden truth of each lane, in days: gamma laws whose means are somewhat longer than the carrier quotes."""
    rng = stream(seed, "lead times")
    late = 1.0 + _TRUE_DELAY * rng.random(len(table))
    return pd.DataFrame(
        {
            "lane": table["lane"],
            "distribution": "gamma",
            "transit_days": np.round(table["transit_days"] * late, 3),
            "transit_days_sd": np.round(table["transit_days_sd"] * late, 3),
            "customs_days": np.round(table["customs_days"] * late, 3),
            "customs_days_sd": np.round(table["customs_days_sd"] * late, 3),
        }
    )
