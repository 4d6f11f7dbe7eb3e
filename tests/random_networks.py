"""Random tiny networks whose optimal plan can be proven: up to 3 parts, 2 depots, 2 modes, 8 weeks."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from domain.forecast import Forecast
from domain.network import Network, Settings
from domain.plan import PreviousPlan
from domain.schemas import DTYPES, TABLES, About, about, about_table, empty_frame
from domain.schemas.columns import Kind

AS_OF = date(2024, 3, 6)  # a Wednesday: the days until Monday 2024-03-11 go into week 1
MONDAY = date(2024, 3, 11)
WEEKS = 8
NONE = float("nan")
NO_DAY = pd.NaT
_FILLED: dict[str, Any] = {  # what the reader of a folder computes
    "currency": "USD", "site": "HUB", "holding_rate_per_year": 0.25, "co2_kg_per_kg": 0.0, "weight_kg": 1.0,
}  # fmt: skip
_EMPTY: dict[Kind, Any] = {"text": "", "number": NONE, "date": NO_DAY, "month": NO_DAY}


def table(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A complete table of the network from rows that name only what differs from the default."""
    columns = TABLES[name].columns
    unknown = {column for row in rows for column in row} - set(columns)
    if unknown:
        raise KeyError(f"{name} has no column {', '.join(sorted(unknown))}")
    if not rows:
        return empty_frame(TABLES[name])
    data = {}
    for column, schema in columns.items():
        values = pd.Series([row.get(column, _default(column, about(schema))) for row in rows], dtype=object)
        dtype: Any = DTYPES[about(schema).kind]
        data[column] = values.astype(dtype)
    frame = pd.DataFrame(data).sort_values(list(about_table(TABLES[name]).key), ignore_index=True)
    return TABLES[name].validate(frame)


def _default(column: str, note: About) -> Any:
    if note.kind == "boolean":
        return note.empty == "true"
    if note.starred:
        return "" if note.may_be_empty else None
    return note.empty or _FILLED.get(column, _EMPTY.get(note.kind))


def network_of(settings: Settings, **tables: list[dict[str, Any]]) -> Network:
    """A network of the given rows; every other table is empty."""
    frames: dict[str, Any] = {name: table(name, tables.get(name, [])) for name in TABLES}
    return Network(settings=settings, **frames)


def forecast_frame(forecast: Forecast) -> pd.DataFrame:
    """The rows of forecast.parquet for a Forecast value."""
    rows = []
    weekly = [forecast.interval_variance(t, t) for t in range(1, forecast.weeks + 1)]
    for leaf in range(len(forecast.part)):
        for t in range(1, forecast.weeks + 1):
            mean = float(forecast.interval_mean(1, t)[leaf])
            variance = float(forecast.interval_variance(1, t)[leaf])
            rows.append(
                {
                    "part": forecast.part[leaf],
                    "region": forecast.region[leaf],
                    "week": pd.Timestamp(MONDAY + timedelta(days=7 * (t - 1))),
                    "mean": forecast.mean[leaf, t - 1],
                    "variance": weekly[t - 1][leaf],
                    "dispersion": forecast.batch_index[leaf],
                    "rate_shape": forecast.rate_shape[leaf],
                    "discount": forecast.discount[leaf],
                    "drift": forecast.drift[leaf],
                    "cumulative_mean": mean,
                    "cumulative_variance": variance,
                    **{f"q{level}": _quantile(mean, variance, level / 100) for level in (10, 50, 80, 90, 95, 99)},
                }
            )
    return pd.DataFrame(rows)


def _quantile(mean: float, variance: float, level: float) -> float:
    if mean == 0:
        return 0.0
    if variance > mean * (1 + 1e-9):
        return float(stats.nbinom.ppf(level, mean**2 / (variance - mean), mean / variance))
    return float(stats.poisson.ppf(level, mean))


def shares_frame(forecast: Forecast) -> pd.DataFrame:
    """The rows of shares.parquet for a Forecast value."""
    return pd.DataFrame(
        {"part": forecast.part[forecast.share_leaf], "site": forecast.share_site, "share": forecast.share}
    )


@dataclass(frozen=True)
class Case:
    """A planning problem: the network, its forecast as value and as frames, stock targets and prices of waiting.

    previous: what the plan before had published, None if there was none.
    """

    network: Network
    forecast: Forecast
    forecast_frame: pd.DataFrame
    shares: pd.DataFrame
    targets: pd.DataFrame
    waiting_price: dict[str, float]
    previous: PreviousPlan | None = None


def random_network(seed: int, *, storage: bool = False) -> Case:
    """The tiny problem of this seed; with `storage` the depots' space is limited too."""
    rng = np.random.default_rng(seed)
    parts = [f"P{i + 1}" for i in range(rng.integers(1, 4))]
    regions = [f"R{i + 1}" for i in range(rng.integers(1, 3))]
    suppliers = [{"supplier": "S1", "lead_time_days": float(rng.integers(3, 14))}]
    sites, lanes = _sites(rng, regions, storage), _lanes(rng, regions)
    part_rows = [_part(rng, part) for part in parts]
    points = [(row["site"], row["region"]) for row in sites if row["kind"] == "repair_point"]
    weeks = _weeks(lanes, suppliers)
    forecast = _forecast(rng, parts, regions, points, weeks)
    settings, budgets = _money(rng, part_rows, forecast)
    network = network_of(
        settings,
        sites=sites,
        lanes=lanes + _courier_lanes(rng, points),
        suppliers=suppliers,
        parts=part_rows,
        service=[{"group": "urgent", "criticality": "high", "fill_rate": 0.95}],
        duties=_duties(rng),
        budgets=budgets,
        events=_events(rng),
        **_supply(rng, parts, regions, points),
    )
    return Case(
        network=network,
        forecast=forecast,
        forecast_frame=forecast_frame(forecast),
        shares=shares_frame(forecast),
        targets=_targets(rng, part_rows, points),
        waiting_price={"urgent": float(rng.uniform(30, 90)), "default": float(rng.uniform(3, 30))},
    )


def _sites(rng: np.random.Generator, regions: list[str], storage: bool) -> list[dict[str, Any]]:
    sites: list[dict[str, Any]] = [{"site": "HUB", "kind": "origin", "country": "CN", "holding_rate_per_year": 0.15}]
    for region, country in zip(regions, ("RU", "KZ"), strict=False):
        space = float(rng.uniform(0.01, 0.1)) if storage else NONE
        place = {"country": country, "region": region}
        sites.append({"site": f"D{region[1]}", "kind": "depot", "storage_m3": space, **place})
        for point in range(rng.integers(1, 3)):
            rate = float(rng.choice([0.25, 0.4]))
            site = f"D{region[1]}-{point + 1}"
            sites.append({"site": site, "kind": "repair_point", "holding_rate_per_year": rate, **place})
    return sites


def _lanes(rng: np.random.Generator, regions: list[str]) -> list[dict[str, Any]]:
    """A fast and a slow lane to every depot; the slow one may be missing."""
    lanes = []
    for region in regions:
        fast = {"mode": "air", "transit_days": 3.0, "customs_days": float(rng.integers(0, 4)), "cost_per_kg": 6.0}
        slow = {"mode": "rail", "transit_days": 9.0, "customs_days": float(rng.integers(0, 6)), "cost_per_kg": 1.5}
        for row in (fast, slow)[: rng.choice([1, 2], p=[0.2, 0.8])]:
            lanes.append(
                {
                    "lane": f"HUB-D{region[1]}-{row['mode']}",
                    "origin": "HUB",
                    "destination": f"D{region[1]}",
                    "transit_days_sd": float(rng.choice([0.0, 2.0, 5.0])),
                    "customs_days_sd": float(rng.choice([0.0, 1.5])),
                    "volumetric_kg_per_m3": float(rng.choice([0.0, 167.0])),
                    "insurance_rate": float(rng.choice([0.0, 0.01])),
                    "minimum_charge": float(rng.choice([0.0, 15.0])),
                    "cost_per_consignment": float(rng.choice([0.0, 0.0, 12.0])),
                    "consignment_kg": float(rng.choice([NONE, 4.0])),
                    "capacity_kg_per_week": float(rng.choice([NONE, rng.uniform(3, 12)])),
                    "capacity_m3_per_week": float(rng.choice([NONE, NONE, rng.uniform(0.004, 0.02)])),
                    "departures": str(rng.choice(["", "Mon Thu", "Wed", "Fri"])),
                    "dangerous_goods": bool(row["mode"] == "rail" or rng.random() < 0.6),
                    **row,
                }
            )
    return lanes


def _courier_lanes(rng: np.random.Generator, points: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {
            "lane": f"D{region[1]}-{site}-{number}",
            "origin": f"D{region[1]}",
            "destination": site,
            "mode": "courier",
            "transit_days": float(rng.integers(2, 10)) / 2,
            "cost_per_kg": 2.0,
            "dangerous_goods": True,
        }
        for site, region in points
        for number in range(1, rng.integers(2, 4))
    ]


def _part(rng: np.random.Generator, part: str) -> dict[str, Any]:
    return {
        "part": part,
        "unit_cost": float(np.round(np.exp(rng.uniform(np.log(5), np.log(300))), 2)),
        "weight_kg": float(np.round(rng.uniform(0.1, 2.5), 2)),
        "volume_l": float(np.round(rng.uniform(0.2, 6.0), 2)),
        "dangerous_goods": bool(rng.random() < 0.3),
        "hs_code": str(rng.choice(["", "8517", "851762", "8471"])),
        "supplier": str(rng.choice(["S1", "S1", "S1", ""])),
        "order_multiple": int(rng.integers(1, 4)),
        "criticality": str(rng.choice(["", "high"])),
        "last_order_by": pd.Timestamp(MONDAY + timedelta(days=21)) if rng.random() < 0.15 else NO_DAY,
    }


def _duties(rng: np.random.Generator) -> list[dict[str, Any]]:
    return [
        {
            "country": "RU",
            "hs_prefix": "",
            "duty_rate": 0.05,
            "vat_rate": 0.2,
            "vat_recoverable": bool(rng.integers(2)),
        },
        {"country": "RU", "hs_prefix": "8517", "duty_rate": 0.0},
        {"country": "KZ", "hs_prefix": "85", "origin_country": "CN", "duty_rate": 0.1},
        {"country": "KZ", "hs_prefix": "85", "duty_rate": 0.02},
    ]


def _events(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Half of the networks know a shutdown of up to two weeks."""
    if rng.random() < 0.5:
        return []
    start = MONDAY + timedelta(days=int(rng.integers(0, 35)))
    end = start + timedelta(days=int(rng.integers(0, 12)))
    who = str(rng.choice(["all", "site:HUB", "lane:HUB-D1-air", "country:RU", "supplier:S1", "region:R1"]))
    return [{"event": "break", "kind": "shutdown", "applies_to": who, "start": start, "end": end}]


def _weeks(lanes: list[dict[str, Any]], suppliers: list[dict[str, Any]]) -> int:
    """K = T + longest lane + longest supplier + 1, each in whole weeks."""
    lane = max(row["transit_days"] + row["customs_days"] for row in lanes)
    supplier = max(row["lead_time_days"] for row in suppliers)
    return WEEKS + int(np.ceil(lane / 7) + np.ceil(supplier / 7)) + 1


def _forecast(
    rng: np.random.Generator, parts: list[str], regions: list[str], points: list[tuple[str, str]], weeks: int
) -> Forecast:
    """Level 0.05..3 units a week; busy leaves fade out, so that the states stay few."""
    leaves = [(part, region) for part in parts for region in regions]
    level = np.exp(rng.uniform(np.log(0.05), np.log(3.0), len(leaves)))
    fade = np.where(level > 0.6, rng.uniform(0.6, 0.8, len(leaves)), rng.uniform(0.9, 1.05, len(leaves)))
    shares = []
    for leaf, (_, region) in enumerate(leaves):
        sites = [site for site, of in points if of == region]
        shares += [
            (leaf, site, share) for site, share in zip(sites, rng.dirichlet(np.full(len(sites), 3.0)), strict=True)
        ]
    return Forecast(
        as_of=AS_OF,
        part=np.array([part for part, _ in leaves], dtype=object),
        region=np.array([region for _, region in leaves], dtype=object),
        mean=level[:, None] * fade[:, None] ** np.arange(weeks)[None, :],
        batch_index=np.where(rng.random(len(leaves)) < 0.3, 1.0, rng.uniform(1.0, 3.0, len(leaves))),
        rate_shape=np.where(rng.random(len(leaves)) < 0.3, np.inf, rng.uniform(0.8, 10.0, len(leaves))),
        discount=rng.choice([1.0, 0.98], len(leaves)),
        drift=rng.choice([0.0, 1.0], len(leaves)),
        share_leaf=np.array([leaf for leaf, _, _ in shares], dtype=np.int64),
        share_site=np.array([site for _, site, _ in shares], dtype=object),
        share=np.array([share for _, _, share in shares], dtype=np.float64),
    )


def _money(
    rng: np.random.Generator, parts: list[dict[str, Any]], forecast: Forecast
) -> tuple[Settings, list[dict[str, Any]]]:
    """Settings; a budget of about what a period uses in two networks of three, sometimes one period has its own."""
    cost = {row["part"]: row["unit_cost"] for row in parts}
    value = sum(cost[part] * mean for part, mean in zip(forecast.part, forecast.mean.sum(axis=1), strict=True))
    per_period = float(value * 4 / forecast.weeks * rng.uniform(0.4, 1.6)) if rng.random() < 0.67 else None
    settings = Settings(
        as_of=AS_OF,
        currency="USD",
        horizon_weeks=WEEKS,
        order_line_cost=float(rng.choice([0.0, 4.0])),
        obsolescence_rate=0.1,
        budget_per_period=per_period,
        budget_period_weeks=4,
        frozen_weeks=int(rng.choice([0, 0, 1])),
    )
    own = [{"start": MONDAY + timedelta(days=28), "amount": float(value * rng.uniform(0.05, 0.4))}]
    return settings, own if rng.random() < 0.3 else []


def _supply(
    rng: np.random.Generator, parts: list[str], regions: list[str], points: list[tuple[str, str]]
) -> dict[str, list[dict[str, Any]]]:
    """Stock, frozen inbound (some of it late) and open repair orders."""
    places = ["HUB", *(f"D{region[1]}" for region in regions), *(site for site, _ in points)]
    stock = [
        {"site": site, "part": part, "on_hand": int(rng.integers(1, 5 if site == "HUB" else 3)), "condition": condition}
        for site in places
        for part in parts
        for condition, chance in (("good", 0.5), ("defective", 0.2))
        if rng.random() < chance
    ]
    inbound = [
        {
            "order": f"IN-{part}-{site}",
            "part": part,
            "destination": site,
            "quantity": int(rng.integers(1, 4)),
            "expected": AS_OF + timedelta(days=int(rng.integers(-10, 60))),
        }
        for site in places
        for part in parts
        if rng.random() < 0.15
    ]
    repairs = [
        {"repair_order": f"RO-{part}-{site}", "part": part, "site": site, "quantity": 1, "due": AS_OF}
        for site, _ in points
        for part in parts
        if rng.random() < 0.2
    ]
    return {"stock": stock, "inbound": inbound, "repair_orders": repairs}


def _targets(rng: np.random.Generator, parts: list[dict[str, Any]], points: list[tuple[str, str]]) -> pd.DataFrame:
    """Base stocks 0..2 at the points; every fourth point has no target."""
    rows = [
        {
            "part": row["part"],
            "site": site,
            "group": "urgent" if row["criticality"] == "high" else "default",
            "base_stock": int(rng.integers(0, 3)),
        }
        for row in parts
        for site, _ in points
        if rng.random() < 0.75
    ]
    frame = pd.DataFrame(rows, columns=["part", "site", "group", "base_stock"]).astype({"base_stock": "int64"})
    unknown = ("fill_rate", "promised", "expected_backorders", "mean_wait_days", "value_of_next_unit")
    return frame.assign(**dict.fromkeys(unknown, NONE))
