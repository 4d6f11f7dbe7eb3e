"""The countries that only an alliance of repair networks reaches: the European Union and neighbours.

Coordinates and people are rounded; rates of duty, charges and transit times are plausible for 2026, not quotations.
VAT is the standard rate of the country. Their couriers bill in euro, outside the Union in dollars.
"""

from simulation.demo.country import City, Country, Leg

_Place = tuple[str, str, float, float, float]  # a city without its time zone

_AIR, _RAIL, _SEA, _ROAD = "Heron Air Freight", "Silk Gauge Rail", "Amber Tide Line", "Long Steppe Haulage"


def _by_sea(further_days: int) -> tuple[Leg, ...]:
    """Lanes of a country with a port, or near one; further_days: by rail and sea, beyond the nearest of them."""
    dearer = 1.0 + 0.02 * further_days
    return (
        Leg("air", _AIR, 5, 1.0, 3, 1.5, round(6.3 * dearer, 2), "Tue Fri", True),
        Leg("rail", _RAIL, 23 + further_days, 3.0, 5, 2.0, round(3.2 * dearer, 2), "Wed", True),
        Leg("sea", _SEA, 40 + further_days, 4.0, 6, 2.5, round(1.2 * dearer, 2), "Sat", True),
    )


def _overland(rail_days: int, road_days: int) -> tuple[Leg, ...]:
    """Lanes of a country far from the sea: no dangerous goods by air."""
    return (
        Leg("air", _AIR, 6, 1.5, 4, 2.0, 7.1, "Mon Thu", False),
        Leg("rail", _RAIL, rail_days, 3.0, 8, 2.5, 2.8, "Wed", True),
        Leg("road", _ROAD, road_days, 5.0, 8, 3.0, 1.7, "Sat", True),
    )


def _member(name: str, vat_rate: float, further_days: int, time_zone: str, *cities: _Place) -> Country:
    """A member of the European Union."""
    return Country(name, "EUR", "EU", vat_rate, 0.25, 10.0, _by_sea(further_days), _cities(time_zone, cities))


def _neighbour(
    name: str, customs: str, vat_rate: float, legs: tuple[Leg, ...], time_zone: str, *cities: _Place
) -> Country:
    """A country outside the Union, with the duties of its customs union or its own."""
    return Country(name, "USD", customs, vat_rate, 0.33, 11.0, legs, _cities(time_zone, cities))


def _cities(time_zone: str, rows: tuple[_Place, ...]) -> tuple[City, ...]:
    return tuple(City(*row, time_zone) for row in rows)


ALLIANCE_COUNTRIES: dict[str, Country] = {
    "PL": _member("Poland", 0.23, 0, "Europe/Warsaw",
        ("WAW", "Warsaw", 52.23, 21.01, 1.86), ("KRK", "Krakow", 50.06, 19.94, 0.80),
        ("LCJ", "Lodz", 51.76, 19.46, 0.66), ("WRO", "Wroclaw", 51.11, 17.04, 0.67),
        ("POZ", "Poznan", 52.41, 16.93, 0.54), ("GDN", "Gdansk", 54.35, 18.65, 0.49),
        ("KTW", "Katowice", 50.26, 19.02, 0.28)),
    "CZ": _member("Czechia", 0.21, 1, "Europe/Prague",
        ("PRG", "Prague", 50.08, 14.44, 1.36), ("BRQ", "Brno", 49.20, 16.61, 0.40),
        ("OSR", "Ostrava", 49.83, 18.28, 0.28)),
    "SK": _member("Slovakia", 0.23, 2, "Europe/Bratislava",
        ("BTS", "Bratislava", 48.15, 17.11, 0.48), ("KSC", "Kosice", 48.72, 21.26, 0.23),
        ("ILZ", "Zilina", 49.22, 18.74, 0.08)),
    "HU": _member("Hungary", 0.27, 2, "Europe/Budapest",
        ("BUD", "Budapest", 47.50, 19.04, 1.69), ("DEB", "Debrecen", 47.53, 21.63, 0.20),
        ("PEV", "Pecs", 46.07, 18.23, 0.14)),
    "AT": _member("Austria", 0.20, 2, "Europe/Vienna",
        ("VIE", "Vienna", 48.21, 16.37, 2.0), ("GRZ", "Graz", 47.07, 15.44, 0.30),
        ("LNZ", "Linz", 48.31, 14.29, 0.21), ("SZG", "Salzburg", 47.80, 13.04, 0.16)),
    "RO": _member("Romania", 0.21, 3, "Europe/Bucharest",
        ("OTP", "Bucharest", 44.43, 26.10, 1.72), ("CLJ", "Cluj-Napoca", 46.77, 23.59, 0.29),
        ("IAS", "Iasi", 47.16, 27.59, 0.27), ("TSR", "Timisoara", 45.75, 21.23, 0.25),
        ("CND", "Constanta", 44.18, 28.63, 0.26)),
    "BG": _member("Bulgaria", 0.20, 3, "Europe/Sofia",
        ("SOF", "Sofia", 42.70, 23.32, 1.24), ("PDV", "Plovdiv", 42.14, 24.75, 0.32),
        ("VAR", "Varna", 43.21, 27.92, 0.31)),
    "GR": _member("Greece", 0.24, 1, "Europe/Athens",
        ("ATH", "Athens", 37.98, 23.73, 3.04), ("SKG", "Thessaloniki", 40.64, 22.94, 0.81),
        ("GPA", "Patras", 38.25, 21.73, 0.17), ("HER", "Heraklion", 35.34, 25.14, 0.18)),
    "HR": _member("Croatia", 0.25, 2, "Europe/Zagreb",
        ("ZAG", "Zagreb", 45.81, 15.98, 0.77), ("SPU", "Split", 43.51, 16.44, 0.16),
        ("RJK", "Rijeka", 45.33, 14.44, 0.11)),
    "SI": _member("Slovenia", 0.22, 1, "Europe/Ljubljana",
        ("LJU", "Ljubljana", 46.06, 14.51, 0.29), ("MBX", "Maribor", 46.56, 15.65, 0.10),
        ("CEJ", "Celje", 46.24, 15.27, 0.04)),
    "IT": _member("Italy", 0.22, 2, "Europe/Rome",
        ("MXP", "Milan", 45.46, 9.19, 1.37), ("FCO", "Rome", 41.89, 12.49, 2.75),
        ("NAP", "Naples", 40.85, 14.27, 0.91), ("TRN", "Turin", 45.07, 7.69, 0.85),
        ("BLQ", "Bologna", 44.49, 11.34, 0.39), ("PMO", "Palermo", 38.12, 13.36, 0.63),
        ("BRI", "Bari", 41.12, 16.87, 0.32)),
    "FR": _member("France", 0.20, 3, "Europe/Paris",
        ("CDG", "Paris", 48.86, 2.35, 2.10), ("LYS", "Lyon", 45.76, 4.84, 0.52),
        ("MRS", "Marseille", 43.30, 5.37, 0.87), ("TLS", "Toulouse", 43.60, 1.44, 0.50),
        ("LIL", "Lille", 50.63, 3.06, 0.24), ("NTE", "Nantes", 47.22, -1.55, 0.32),
        ("SXB", "Strasbourg", 48.57, 7.75, 0.29)),
    "ES": _member("Spain", 0.21, 4, "Europe/Madrid",
        ("MAD", "Madrid", 40.42, -3.70, 3.33), ("BCN", "Barcelona", 41.39, 2.17, 1.66),
        ("VLC", "Valencia", 39.47, -0.38, 0.81), ("SVQ", "Seville", 37.39, -5.98, 0.68),
        ("BIO", "Bilbao", 43.26, -2.93, 0.35), ("ZAZ", "Zaragoza", 41.65, -0.89, 0.68)),
    "PT": _member("Portugal", 0.23, 5, "Europe/Lisbon",
        ("LIS", "Lisbon", 38.72, -9.14, 0.57), ("OPO", "Porto", 41.15, -8.61, 0.25),
        ("CBP", "Coimbra", 40.21, -8.43, 0.14)),
    "NL": _member("Netherlands", 0.21, 1, "Europe/Amsterdam",
        ("AMS", "Amsterdam", 52.37, 4.90, 0.93), ("RTM", "Rotterdam", 51.92, 4.48, 0.67),
        ("EIN", "Eindhoven", 51.44, 5.47, 0.25), ("GRQ", "Groningen", 53.22, 6.57, 0.24)),
    "BE": _member("Belgium", 0.21, 1, "Europe/Brussels",
        ("BRU", "Brussels", 50.85, 4.35, 1.24), ("ANR", "Antwerp", 51.22, 4.40, 0.55),
        ("LGG", "Liege", 50.63, 5.57, 0.20)),
    "DK": _member("Denmark", 0.25, 2, "Europe/Copenhagen",
        ("CPH", "Copenhagen", 55.68, 12.57, 1.38), ("AAR", "Aarhus", 56.16, 10.20, 0.30),
        ("ODE", "Odense", 55.40, 10.39, 0.18)),
    "SE": _member("Sweden", 0.25, 3, "Europe/Stockholm",
        ("ARN", "Stockholm", 59.33, 18.07, 0.99), ("GOT", "Gothenburg", 57.71, 11.97, 0.61),
        ("MMX", "Malmo", 55.60, 13.00, 0.37), ("UME", "Umea", 63.83, 20.26, 0.13)),
    "FI": _member("Finland", 0.255, 3, "Europe/Helsinki",
        ("HEL", "Helsinki", 60.17, 24.94, 0.68), ("TMP", "Tampere", 61.50, 23.76, 0.26),
        ("TKU", "Turku", 60.45, 22.27, 0.21), ("OUL", "Oulu", 65.01, 25.47, 0.22)),
    "EE": _member("Estonia", 0.24, 2, "Europe/Tallinn",
        ("TLL", "Tallinn", 59.44, 24.75, 0.46), ("TAY", "Tartu", 58.38, 26.73, 0.10),
        ("EPU", "Parnu", 58.39, 24.50, 0.04)),
    "LV": _member("Latvia", 0.21, 2, "Europe/Riga",
        ("RIX", "Riga", 56.95, 24.11, 0.59), ("DGP", "Daugavpils", 55.87, 26.53, 0.08),
        ("LPX", "Liepaja", 56.51, 21.01, 0.07)),
    "LT": _member("Lithuania", 0.21, 1, "Europe/Vilnius",
        ("VNO", "Vilnius", 54.69, 25.28, 0.60), ("KUN", "Kaunas", 54.90, 23.90, 0.30),
        ("KLJ", "Klaipeda", 55.71, 21.13, 0.16)),
    "IE": _member("Ireland", 0.23, 6, "Europe/Dublin",
        ("DUB", "Dublin", 53.35, -6.26, 0.59), ("ORK", "Cork", 51.90, -8.47, 0.22),
        ("SNN", "Limerick", 52.66, -8.63, 0.10)),
    "RS": _neighbour("Serbia", "RS", 0.20, _by_sea(4), "Europe/Belgrade",
        ("BEG", "Belgrade", 44.79, 20.45, 1.20), ("QND", "Novi Sad", 45.25, 19.85, 0.26),
        ("INI", "Nis", 43.32, 21.90, 0.18)),
    "TR": _neighbour("Turkey", "EU", 0.20, _by_sea(0), "Europe/Istanbul",
        ("IST", "Istanbul", 41.01, 28.98, 15.7), ("ESB", "Ankara", 39.93, 32.86, 5.8),
        ("ADB", "Izmir", 38.42, 27.14, 4.5), ("AYT", "Antalya", 36.90, 30.70, 2.7)),
    "GE": _neighbour("Georgia", "GE", 0.18, _by_sea(3), "Asia/Tbilisi",
        ("TBS", "Tbilisi", 41.72, 44.78, 1.24), ("BUS", "Batumi", 41.65, 41.64, 0.18),
        ("KUT", "Kutaisi", 42.27, 42.70, 0.13)),
    "AM": _neighbour("Armenia", "EAEU", 0.20, _overland(26, 38), "Asia/Yerevan",
        ("EVN", "Yerevan", 40.18, 44.51, 1.09), ("LWN", "Gyumri", 40.79, 43.85, 0.11),
        ("VZR", "Vanadzor", 40.81, 44.49, 0.08)),
    "UZ": _neighbour("Uzbekistan", "UZ", 0.12, _overland(20, 32), "Asia/Tashkent",
        ("TAS", "Tashkent", 41.30, 69.24, 3.04), ("SKD", "Samarkand", 39.65, 66.96, 0.57),
        ("FEG", "Fergana", 40.39, 71.78, 0.31), ("BHK", "Bukhara", 39.77, 64.42, 0.28)),
    "KG": _neighbour("Kyrgyzstan", "EAEU", 0.12, _overland(20, 31), "Asia/Bishkek",
        ("FRU", "Bishkek", 42.87, 74.59, 1.15), ("OSS", "Osh", 40.53, 72.80, 0.32),
        ("IKU", "Karakol", 42.49, 78.39, 0.08)),
}  # fmt: skip
