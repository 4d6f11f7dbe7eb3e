"""Where the demo plays: real cities with rounded coordinates, and what each country asks of goods from China.

Rates of duty, charges and transit times are plausible for 2026, not quotations. VAT is the standard rate of the
country (Russia 22 %, Belarus 20 %, Kazakhstan 16 %, Germany 19 % in 2026).
"""

import numpy as np

from simulation.demo.alliance_countries import ALLIANCE_COUNTRIES
from simulation.demo.country import City, Country, Leg
from simulation.demo.sizes import Floats

HUB = City("SZX", "Shenzhen", 22.54, 114.06, 17.7, "Asia/Shanghai")
RATES = {"RUB": 82.0, "BYN": 3.05, "KZT": 515.0, "EUR": 0.87, "CNY": 7.15}  # of each for one USD

_MSK = "Europe/Moscow"
_RUSSIA = (
    City("MOW", "Moscow", 55.75, 37.62, 13.1, _MSK),
    City("LED", "Saint Petersburg", 59.94, 30.31, 5.6, _MSK),
    City("OVB", "Novosibirsk", 55.03, 82.92, 1.63, "Asia/Novosibirsk"),
    City("SVX", "Yekaterinburg", 56.84, 60.61, 1.54, "Asia/Yekaterinburg"),
    City("KZN", "Kazan", 55.80, 49.11, 1.31, _MSK),
    City("KRR", "Krasnodar", 45.04, 38.98, 1.14, _MSK),
    City("GOJ", "Nizhny Novgorod", 56.33, 44.00, 1.21, _MSK),
    City("CEK", "Chelyabinsk", 55.16, 61.40, 1.18, "Asia/Yekaterinburg"),
    City("KJA", "Krasnoyarsk", 56.01, 92.87, 1.20, "Asia/Krasnoyarsk"),
    City("KUF", "Samara", 53.20, 50.15, 1.16, "Europe/Samara"),
    City("UFA", "Ufa", 54.74, 55.97, 1.16, "Asia/Yekaterinburg"),
    City("ROV", "Rostov-on-Don", 47.24, 39.71, 1.14, _MSK),
    City("OMS", "Omsk", 54.99, 73.37, 1.10, "Asia/Omsk"),
    City("VOZ", "Voronezh", 51.67, 39.18, 1.05, _MSK),
    City("PEE", "Perm", 58.01, 56.25, 1.03, "Asia/Yekaterinburg"),
    City("VOG", "Volgograd", 48.71, 44.51, 1.02, "Europe/Volgograd"),
    City("RTW", "Saratov", 51.53, 46.03, 0.89, "Europe/Saratov"),
    City("TJM", "Tyumen", 57.15, 65.53, 0.86, "Asia/Yekaterinburg"),
    City("IJK", "Izhevsk", 56.85, 53.20, 0.62, "Europe/Samara"),
    City("BAX", "Barnaul", 53.35, 83.76, 0.62, "Asia/Barnaul"),
    City("IKT", "Irkutsk", 52.29, 104.28, 0.61, "Asia/Irkutsk"),
    City("KHV", "Khabarovsk", 48.48, 135.08, 0.62, "Asia/Vladivostok"),
    City("VVO", "Vladivostok", 43.12, 131.89, 0.59, "Asia/Vladivostok"),
    City("KGD", "Kaliningrad", 54.71, 20.51, 0.49, "Europe/Kaliningrad"),
    City("AER", "Sochi", 43.60, 39.73, 0.45, _MSK),
)
_BELARUS = (
    City("MSQ", "Minsk", 53.90, 27.57, 2.0, "Europe/Minsk"),
    City("GME", "Gomel", 52.42, 31.01, 0.50, "Europe/Minsk"),
    City("GNA", "Grodno", 53.68, 23.83, 0.36, "Europe/Minsk"),
    City("VTB", "Vitebsk", 55.19, 30.20, 0.36, "Europe/Minsk"),
    City("MVQ", "Mogilev", 53.90, 30.34, 0.35, "Europe/Minsk"),
    City("BQT", "Brest", 52.10, 23.69, 0.34, "Europe/Minsk"),
    City("BNV", "Baranovichi", 53.13, 26.01, 0.17, "Europe/Minsk"),
    City("TXC", "Orsha", 54.51, 30.43, 0.10, "Europe/Minsk"),
)
_KAZAKHSTAN = (
    City("ALA", "Almaty", 43.24, 76.89, 2.29, "Asia/Almaty"),
    City("NQZ", "Astana", 51.13, 71.43, 1.53, "Asia/Almaty"),
    City("CIT", "Shymkent", 42.34, 69.59, 1.25, "Asia/Almaty"),
    City("AKX", "Aktobe", 50.28, 57.21, 0.57, "Asia/Aqtobe"),
    City("KGF", "Karaganda", 49.80, 73.10, 0.53, "Asia/Almaty"),
    City("DMB", "Taraz", 42.90, 71.37, 0.43, "Asia/Almaty"),
    City("UKK", "Oskemen", 49.95, 82.63, 0.37, "Asia/Almaty"),
    City("GUW", "Atyrau", 47.11, 51.92, 0.30, "Asia/Atyrau"),
    City("PWQ", "Pavlodar", 52.29, 76.97, 0.36, "Asia/Almaty"),
    City("KSN", "Kostanay", 53.21, 63.62, 0.27, "Asia/Qostanay"),
)
_GERMANY = (
    City("LEJ", "Leipzig", 51.34, 12.37, 0.62, "Europe/Berlin"),
    City("BER", "Berlin", 52.52, 13.40, 3.68, "Europe/Berlin"),
    City("HAM", "Hamburg", 53.55, 9.99, 1.86, "Europe/Berlin"),
    City("MUC", "Munich", 48.14, 11.58, 1.51, "Europe/Berlin"),
    City("CGN", "Cologne", 50.94, 6.96, 1.09, "Europe/Berlin"),
    City("FRA", "Frankfurt am Main", 50.11, 8.68, 0.77, "Europe/Berlin"),
    City("STR", "Stuttgart", 48.78, 9.18, 0.63, "Europe/Berlin"),
)

_AIR, _RAIL, _SEA, _ROAD = "Heron Air Freight", "Silk Gauge Rail", "Amber Tide Line", "Long Steppe Haulage"
COUNTRIES: dict[str, Country] = {
    "RU": Country(
        "Russia", "RUB", "EAEU", 0.22, 0.38, 11.5,
        (
            Leg("air", _AIR, 6, 1.5, 4, 2.0, 7.4, "Tue Fri", True),
            Leg("rail", _RAIL, 22, 3.0, 7, 2.5, 3.0, "Wed", True),
            Leg("sea", _SEA, 43, 5.0, 7, 3.0, 1.5, "Sat", True),
        ),
        _RUSSIA,
    ),
    "BY": Country(
        "Belarus", "BYN", "EAEU", 0.20, 0.32, 11.0,
        (
            Leg("air", _AIR, 7, 1.5, 4, 2.0, 8.2, "Tue", False),
            Leg("rail", _RAIL, 23, 3.0, 8, 2.5, 3.2, "Wed", True),
            Leg("road", _ROAD, 37, 5.0, 8, 3.0, 1.9, "Sat", True),
        ),
        _BELARUS,
    ),
    "KZ": Country(
        "Kazakhstan", "KZT", "EAEU", 0.16, 0.36, 11.0,
        (
            Leg("air", _AIR, 5, 1.2, 4, 2.0, 6.8, "Mon Thu", False),
            Leg("rail", _RAIL, 21, 3.0, 8, 2.5, 2.7, "Wed", True),
            Leg("road", _ROAD, 34, 5.0, 9, 3.0, 1.6, "Sat", True),
        ),
        _KAZAKHSTAN,
    ),
    "DE": Country(
        "Germany", "EUR", "EU", 0.19, 0.24, 10.0,
        (
            Leg("air", _AIR, 5, 1.0, 3, 1.5, 6.3, "Tue Fri", True),
            Leg("rail", _RAIL, 25, 3.0, 5, 2.0, 3.4, "Wed", True),
            Leg("sea", _SEA, 45, 4.0, 6, 2.5, 1.2, "Sat", True),
        ),
        _GERMANY,
    ),
    **ALLIANCE_COUNTRIES,
}  # fmt: skip

# rate of duty on goods from China by heading; the longest prefix wins
DUTY_RATES: dict[str, dict[str, float]] = {
    "EAEU": {"": 0.05, "8517": 0.0, "8524": 0.03, "8525": 0.05, "8507": 0.06, "8534": 0.0, "3926": 0.065, "9603": 0.08},
    "EU": {"": 0.03, "8517": 0.0, "8524": 0.0, "8525": 0.0, "8507": 0.027, "8534": 0.0, "3926": 0.065, "9603": 0.037},
    "RS": {"": 0.05, "8517": 0.0},
    "GE": {"": 0.0},
    "UZ": {"": 0.05, "8517": 0.0, "8507": 0.10},
}


def distance_km(a: City, b: City) -> float:
    """Great-circle distance on a sphere of 6,371 km (haversine formula)."""
    lat_a, lon_a, lat_b, lon_b = np.radians([a.latitude, a.longitude, b.latitude, b.longitude])
    h = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return float(2 * 6371.0 * np.arcsin(np.sqrt(h)))


def cities_of(country: Country, depot: str, depots: set[str]) -> list[City]:
    """The cities of a country that its depot in city `depot` serves: all that are nearest to it of `depots`."""
    homes = [city for city in country.cities if city.code in depots]
    nearest = [min(homes, key=lambda home: distance_km(home, city)).code for city in country.cities]
    return [city for city, home in zip(country.cities, nearest, strict=True) if home == depot]


def points_of(cities: list[City], points: int) -> list[tuple[City, float]]:
    """The places of `points` repair points in these cities with each point's share of the work.

    Seats go to the cities by D'Hondt's highest quotient of the square root of their people: big cities get several
    points, but not in proportion.
    """
    weight: Floats = np.sqrt([city.people for city in cities])
    seats = np.zeros(len(weight), dtype=np.int64)
    for _ in range(points):
        seats[np.argmax(weight / (seats + 1))] += 1
    people = np.array([city.people for city in cities]) ** 0.7
    placed = [
        (city, people[number] / seats[number] ** 0.8)
        for number, city in enumerate(cities)
        for _ in range(seats[number])
    ]
    total = sum(share for _, share in placed)
    return [(city, float(share / total)) for city, share in placed]
