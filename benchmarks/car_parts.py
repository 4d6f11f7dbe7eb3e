"""A network of real demand: 2,674 car parts by month, 1998-2002, moved at the rates and lead times of real shipments.

Real: monthly demand of every part (Hyndman et al. 2008, expsmooth, `carparts`); freight per kg, days and delays by
mode, insurance and supplier lead times (`benchmarks.freight`). **Assumed**, for neither source has them: unit costs,
weights, volumes, dangerous goods, minimum orders and multiples, the map (one hub, three depots, six repair points),
duties, stock, inbound, repair orders, budget and capacities. Each follows a law written below, drawn from a generator
seeded by the part's own number: a smaller network holds the same parts.

    python -m benchmarks.car_parts OUT [PARTS]     (the real data in the folder ZAPAS_REAL_DATA)
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.freight import Freight, fit_freight, read_shipments
from storage.network_writing import write_tables

Tables = dict[str, pd.DataFrame]
Ints = npt.NDArray[np.int64]

HISTORY = "carparts.csv.gz"
AS_OF = pd.Timestamp("2002-03-31")
WEEKS_PER_MONTH = 365.25 / 12 / 7
SEED = 20020331

HUB, DEPOTS = "HUB", {"R1": "D1", "R2": "D2", "R3": "D3"}
POINTS = {"P11": 0.26, "P12": 0.14, "P21": 0.20, "P22": 0.10, "P31": 0.18, "P32": 0.12}  # share of a part's demand
COUNTRY = {"R1": "BR", "R2": "ZA", "R3": "KR", "": "CN"}
DUTY = {"BR": 0.14, "ZA": 0.10, "KR": 0.05}
LANES = (("R1", "sea"), ("R1", "air"), ("R2", "sea"), ("R2", "air"), ("R3", "road"), ("R3", "air"))
DANGEROUS_BY_AIR = {"R2"}  # elsewhere dangerous goods go by land or sea
DEPARTURES = {"sea": "Wed", "air": "Tue Fri", "road": "Mon Thu"}
VOLUMETRIC = {"sea": 1000.0, "air": 167.0, "road": 333.0}  # kg per m3, usual in the trade
SUPPLIERS = ("quick", "usual", "slow")
FILL_RATE = {"fast": 0.85, "medium": 0.75, "slow": 0.65}  # by criticality
FAST, MEDIUM = 0.75, 0.25  # pieces a month
IN_STOCK = 0.9  # chance of a piece that a planner wants at a site to be there
BUDGET_WEEKS, BUDGET_SHARE = 4, 0.45  # of the expected demand's value: most of it is in stock
CAPACITY_SHARE = 0.9  # of the expected weekly kg and litres of a depot, on each of its lanes: orders come in lots


@dataclass(frozen=True)
class Part:
    """One part: demand by month and point, shape (months, points), and what is assumed of it."""

    part: str
    months: npt.NDArray[np.object_]
    demand: Ints
    unit_cost: float
    weight_kg: float
    volume_l: float
    dangerous_goods: bool
    supplier: str
    moq: int
    order_multiple: int
    rng: np.random.Generator

    @property
    def per_week(self) -> npt.NDArray[np.float64]:
        """Mean demand of all its months in pieces a week, shape (points,)."""
        return np.asarray(self.demand.mean(axis=0) / WEEKS_PER_MONTH, dtype=np.float64)

    @property
    def criticality(self) -> str:
        """How often it is wanted, in words."""
        per_month = float(self.demand.sum(axis=1).mean())
        return "fast" if per_month >= FAST else "medium" if per_month >= MEDIUM else "slow"


def car_parts_network(real_data: Path, parts: int | None = None) -> tuple[Tables, dict[str, object]]:
    """The raw tables and settings of the network, of all parts or of `parts` taken evenly from the sorted list.

    History is monthly and never spread over weeks. A month without a record has no row; a folder cannot say "unknown",
    so the 165 parts whose records end early look retired. Raises FileNotFoundError when the data are not there.
    """
    history = pd.read_csv(real_data / HISTORY, dtype={"series": str})
    found = [part_of(str(series), rows) for series, rows in _chosen(history, parts).groupby("series")]
    freight = fit_freight(read_shipments(real_data))
    stock, inbound, repair_orders = _position(found, freight)
    tables = {
        "sites": _sites(),
        "lanes": _lanes(found, freight),
        "suppliers": pd.DataFrame({"supplier": SUPPLIERS, "lead_time_days": freight.supplier_days}),
        "parts": _parts(found),
        "usage": _usage(found),
        "stock": stock,
        "inbound": inbound,
        "repair_orders": repair_orders,
        "service": pd.DataFrame(
            [{"group": name, "criticality": name, "fill_rate": share} for name, share in FILL_RATE.items()]
        ),
        "duties": pd.DataFrame([{"country": c, "hs_prefix": "", "duty_rate": rate} for c, rate in DUTY.items()]),
        "events": _events(),
    }
    value = sum(part.unit_cost * float(part.per_week.sum()) for part in found)
    settings: dict[str, object] = {
        "as_of": AS_OF.date(),
        "currency": "USD",
        "horizon_weeks": 26,
        "history_bucket": "month",
        "order_line_cost": 1.0,
        "budget_per_period": round(BUDGET_SHARE * value * BUDGET_WEEKS, 2),
        "budget_period_weeks": BUDGET_WEEKS,
        "frozen_weeks": 1,
    }
    return tables, settings


def part_of(series: str, rows: pd.DataFrame) -> Part:
    """A part from its months; the generator is seeded by its number.

    Demand of a month falls on the points by a multinomial with the shares POINTS. unit_cost: lognormal, median 40 USD,
    σ 1. weight_kg: lognormal, median 1.5, σ 0.9, and dearer parts weigh more (exponent 0.3 of the cost). Litres per
    kg: lognormal, median 5, σ 0.4. 15 % dangerous goods. Suppliers: 30 % each of quick, usual and slow; 10 % none. 30 %
    have a minimum order of half a year's demand, 40 % come in fives or tens.
    """
    rng = np.random.default_rng([SEED, int(series)])
    rows = rows.sort_values("period")
    demand = rng.multinomial(rows["quantity"].to_numpy(np.int64), list(POINTS.values()))
    cost, weight, bulk = np.exp(rng.normal(0.0, [1.0, 0.9, 0.4]))
    weight_kg = 1.5 * weight * cost**0.3
    half_year = 6 * float(rows["quantity"].mean())
    return Part(
        part=series,
        months=rows["period"].to_numpy(object),
        demand=np.asarray(demand, dtype=np.int64),
        unit_cost=round(40.0 * cost, 2),
        weight_kg=round(weight_kg, 3),
        volume_l=round(5.0 * bulk * weight_kg, 2),
        dangerous_goods=bool(rng.random() < 0.15),
        supplier=str(rng.choice([*SUPPLIERS, ""], p=[0.3, 0.3, 0.3, 0.1])),
        moq=max(round(half_year), 2) if rng.random() < 0.3 else 1,
        order_multiple=int(rng.choice([1, 5, 10], p=[0.6, 0.3, 0.1])),
        rng=rng,
    )


def _chosen(history: pd.DataFrame, parts: int | None) -> pd.DataFrame:
    every = np.sort(history["series"].unique())
    if parts is None or parts >= len(every):
        return history
    return history[history["series"].isin(every[np.linspace(0, len(every) - 1, parts).astype(int)])]


def _sites() -> pd.DataFrame:
    regions = {depot: region for region, depot in DEPOTS.items()} | {point: f"R{point[1]}" for point in POINTS}
    rows = [{"site": HUB, "kind": "origin", "country": COUNTRY[""], "region": ""}]
    for site, region in regions.items():
        kind = "depot" if site in DEPOTS.values() else "repair_point"
        rows.append({"site": site, "kind": kind, "country": COUNTRY[region], "region": region})
    return pd.DataFrame(rows)


def _lanes(parts: list[Part], freight: Freight) -> pd.DataFrame:
    """Hub → depot lanes at fitted rates, limited to a share of what the region is expected to need, so that they bind.

    Assumed: consignments of half a week's goods, each charged a tenth of its freight; couriers of one or two days.
    """
    regions = np.array([f"R{point[1]}" for point in POINTS])
    rows: list[dict[str, object]] = []
    for region, mode in LANES:
        here, fit = regions == region, freight.modes[mode]
        units = np.array([float(part.per_week[here].sum()) for part in parts])
        kg = float(units @ np.array([part.weight_kg for part in parts]))
        litres = float(units @ np.array([part.volume_l for part in parts]))
        box = max(round(kg / 2, 1), 1.0)
        rows.append(
            {"origin": HUB, "destination": DEPOTS[region], "mode": mode, "transit_days": fit.days}
            | {"transit_days_sd": fit.days_sd, "cost_per_kg": fit.cost_per_kg, "insurance_rate": freight.insurance_rate}
            | {"volumetric_kg_per_m3": VOLUMETRIC[mode], "minimum_charge": 10.0, "consignment_kg": box}
            | {"cost_per_consignment": round(0.1 * fit.cost_per_kg * box, 2), "departures": DEPARTURES[mode]}
            | {"capacity_kg_per_week": round(CAPACITY_SHARE * kg, 2)}
            | {"capacity_m3_per_week": round(CAPACITY_SHARE * litres / 1000, 4)}
            | {"dangerous_goods": mode != "air" or region in DANGEROUS_BY_AIR}
        )  # fmt: skip
    for point in POINTS:
        ends = {"origin": DEPOTS[f"R{point[1]}"], "destination": point, "mode": "courier"}
        rows.append(ends | {"transit_days": int(point[2]), "cost_per_kg": 1.5, "dangerous_goods": True})
    return pd.DataFrame(rows)


def _parts(parts: list[Part]) -> pd.DataFrame:
    columns = ["part", "criticality", "unit_cost", "weight_kg", "volume_l", "dangerous_goods", "supplier"]
    columns += ["moq", "order_multiple"]
    frame = pd.DataFrame([[getattr(part, name) for name in columns] for part in parts], columns=columns)
    return frame.assign(part_class="car part", hs_code="8708")


def _usage(parts: list[Part]) -> pd.DataFrame:
    """Units of a month on its first day, where there are any."""
    sites = np.array(list(POINTS), dtype=object)
    blocks = []
    for part in parts:
        month, point = np.nonzero(part.demand)
        quantity = part.demand[month, point]
        blocks.append(
            pd.DataFrame({"date": part.months[month], "site": sites[point], "part": part.part, "quantity": quantity})
        )
    return pd.concat(blocks, ignore_index=True)


def _position(parts: list[Part], freight: Freight) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Stock, inbound and open repair orders.

    What a planner wants at a site is μ + 2√μ rounded up, of which each piece is there with chance IN_STOCK: μ is the
    demand of the cheapest lane's lead time at a depot, of the supplier's (none: 0) at the hub, and of two weeks at a
    point. A tenth of the parts have an order under way to the hub, a tenth to a depot (one in ten of all late); one in
    twenty has a repair waiting.
    """
    stock: list[tuple[str, str, int]] = []
    inbound: list[tuple[str, str, str, int, pd.Timestamp]] = []
    repairs: list[tuple[str, str, str, int, pd.Timestamp]] = []
    points, depots = list(POINTS), list(DEPOTS.values())
    for part in parts:
        rng, per_point = part.rng, part.per_week
        at_depot = per_point.reshape(len(depots), -1).sum(axis=1)
        days = np.array([freight.modes[mode].days for _, mode in LANES[::2]])
        wait = dict(zip(SUPPLIERS, freight.supplier_days, strict=True)).get(part.supplier, 0.0)
        mean = np.array([at_depot.sum() * wait / 7, *(at_depot * days / 7), *(per_point * 2)])
        on_hand = rng.binomial(np.ceil(mean + 2 * np.sqrt(mean)).astype(np.int64), IN_STOCK)
        stock += [(site, part.part, int(n)) for site, n in zip([HUB, *depots, *points], on_hand, strict=True) if n]
        for chance, places in ((0.1, [HUB]), (0.1, depots)):
            if rng.random() < chance:
                due = AS_OF + pd.Timedelta(days=int(rng.integers(-10, 90)))
                size = int(rng.integers(1, 6))
                inbound.append((f"PO-{part.part}-{len(places)}", part.part, str(rng.choice(places)), size, due))
        if rng.random() < 0.05:
            due = AS_OF + pd.Timedelta(days=int(rng.integers(1, 15)))
            repairs.append((f"RO-{part.part}", part.part, str(rng.choice(points, p=list(POINTS.values()))), 1, due))
    return (
        pd.DataFrame(stock, columns=["site", "part", "on_hand"]),
        pd.DataFrame(inbound, columns=["order", "part", "destination", "quantity", "expected"]),
        pd.DataFrame(repairs, columns=["repair_order", "part", "site", "quantity", "due"]),
    )


def _events() -> pd.DataFrame:
    """Shutdowns: the hub's country for a week in May, the slow supplier in August, a lane in June, a depot in July."""
    rows = (
        ("golden-week", "country:CN", "2002-05-01", "2002-05-07"),
        ("strike", f"lane:{HUB}-D2-sea", "2002-06-10", "2002-06-23"),
        ("inventory", "site:D3", "2002-07-01", "2002-07-05"),
        ("summer", "supplier:slow", "2002-08-05", "2002-08-18"),
    )
    frame = pd.DataFrame(rows, columns=["event", "applies_to", "start", "end"])
    return frame.assign(kind="shutdown")


def main(arguments: list[str]) -> int:
    """Write the network folder named first, of as many parts as named second (all). Returns the exit code."""
    real_data = os.environ.get("ZAPAS_REAL_DATA")
    if real_data is None or len(arguments) not in (1, 2):
        print("usage: ZAPAS_REAL_DATA=folder python -m benchmarks.car_parts OUT [PARTS]", file=sys.stderr)
        return 1
    parts = int(arguments[1]) if len(arguments) == 2 else None
    tables, settings = car_parts_network(Path(real_data), parts)
    write_tables(tables, settings, Path(arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
