"""Two regions of five points and a dozen ordinary parts, to which a test adds the part it is about."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from domain.network import Network, Settings
from tests.random_networks import network_of

Row = dict[str, Any]

AS_OF = date(2025, 6, 29)  # a Sunday
WEEKS_KNOWN = 60
POINTS = {"R1": ("P11", "P12", "P13"), "R2": ("P21", "P22")}


def used(part: str, weeks_ago: int, quantity: int, site: str = "P11") -> Row:
    """Usage in the middle of the week that many weeks before `as_of`, 0 the last."""
    return {"date": pd.Timestamp(AS_OF - timedelta(days=7 * weeks_ago + 3)), "site": site, "part": part} | {
        "quantity": quantity
    }


def network(usage: list[Row], parts: list[Row] | None = None, ordinary: int = 12, **tables: list[Row]) -> Network:
    """A network with this usage beside that of the ordinary parts; parts that are used need not be named."""
    names = sorted({row["part"] for row in usage} - {row["part"] for row in parts or []})
    more = [{"part": name, "part_class": "screen", "unit_cost": 20.0} for name in names]
    return network_of(
        Settings(as_of=AS_OF, currency="USD"),
        sites=_sites(),
        parts=[*_ordinary_parts(ordinary), *more, *(parts or [])],
        usage=_summed([*_ordinary_usage(ordinary), *usage]),
        **tables,
    )


def _sites() -> list[Row]:
    rows: list[Row] = [{"site": "HUB", "kind": "origin", "country": "CN"}]
    for region, points in POINTS.items():
        at = {"country": "RU", "region": region}
        rows.append({"site": f"D{region[1]}", "kind": "depot", **at})
        rows += [{"site": point, "kind": "repair_point", **at} for point in points]
    return rows


def _ordinary_parts(number: int) -> list[Row]:
    return [{"part": f"{n:04d}", "part_class": "screen", "unit_cost": 20.0} for n in range(number)]


def _ordinary_usage(number: int) -> list[Row]:
    rng = np.random.default_rng(4)
    rates = np.geomspace(0.05, 2.0, number)
    return [
        used(f"{n:04d}", week, int(quantity), site)
        for n in range(number)
        for points in POINTS.values()
        for site in points
        for week, quantity in enumerate(rng.poisson(rates[n] * rng.uniform(0.5, 1.5), WEEKS_KNOWN))
        if quantity
    ]


def _summed(usage: list[Row]) -> list[Row]:
    """Equal keys add up, as the reader of a folder does."""
    total: Counter[tuple[pd.Timestamp, str, str]] = Counter()
    for row in usage:
        total[row["date"], row["site"], row["part"]] += row["quantity"]
    names = ("date", "site", "part", "quantity")
    return [dict(zip(names, (*key, quantity), strict=True)) for key, quantity in total.items()]
