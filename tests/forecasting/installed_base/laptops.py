"""A simulator of laptop parts: monthly sales by model, monthly demand by part, a warranty end that no table tells."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network
from storage.network_folder import network_from_tables

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MONTHS = 72
FIRST = np.datetime64("2005-01", "M")


@dataclass(frozen=True)
class Laptops:
    """What the judge of such a set knows: a network up to an origin, and demand by part and month, shape (parts,
    MONTHS)."""

    network: Network
    demand: Floats
    origin: int


def hazard(kind: str, ages: int) -> Floats:
    """Intensity per month of age within warranty: wearing in, constant, wearing out or a bathtub."""
    age = np.arange(ages) + 0.5
    shapes = {
        "early": 3.0 * np.exp(-age / 4.0) + 0.6,
        "constant": np.ones(ages),
        "wear": 0.1 + (age / 12.0) ** 1.3,
        "bathtub": 2.0 * np.exp(-age / 3.0) + 0.6 + 0.4 * (age / 18.0) ** 2,
    }
    return np.asarray(shapes[kind] / shapes[kind][:12].mean())


def laptops(
    seed: int,
    parts: int = 24,
    models: int = 8,
    warranty: int = 24,
    wander: float = 0.10,
    dispersion: float = 2.0,
    after: float = 0.06,
    named: bool = False,
    regions: int = 1,
    columns: bool = False,
    scale: float = 25.0,
) -> tuple[dict[str, pd.DataFrame], Floats]:
    """Raw tables of the whole life of a set of laptops, and demand by part, shape (parts, MONTHS).

    wander: standard deviation of monthly steps of each part's log level. dispersion: variance over mean of counts.
    after: share of failures that come after the warranty. columns: whether models tell launch and warranty.
    """
    rng = np.random.default_rng(seed)
    month = np.arange(MONTHS)
    launch = rng.integers(0, 16, models)
    launch[0] = 0
    life = rng.integers(10, 26, models)
    age = month - launch[:, None]
    curve = (1 - np.exp(-(age + 1) / 2.5)) * np.exp(-age / (life[:, None] / 1.3)) * ((age >= 0) & (age < life[:, None]))
    season = 1 + 0.2 * np.sin(2 * np.pi * (month - 2) / 12)
    volume = rng.lognormal(0, 0.6, models)[:, None] * 4000
    mean_sales = volume * season * np.where(curve > 0, curve, 0)
    sales = rng.poisson(mean_sales * rng.gamma(20, 1 / 20, mean_sales.shape))
    kinds = rng.choice(["early", "constant", "wear", "bathtub"], parts)
    fits = rng.random((models, parts)) < 0.35
    fits[rng.integers(0, models, parts), np.arange(parts)] = True
    demand = np.zeros((models, parts, MONTHS))
    covered = np.where(np.arange(MONTHS) < warranty, 1.0, after)
    for part in range(parts):
        intensity = hazard(kinds[part], MONTHS) * covered
        level = rng.lognormal(0, 0.9)
        path = np.exp(np.cumsum(rng.normal(0, wander, MONTHS)))
        for model in np.flatnonzero(fits[:, part]):
            base = np.convolve(sales[model], intensity)[:MONTHS]
            base = 0.5 * (base + np.append(0.0, base[:-1]))
            demand[model, part] = base * path * level * rng.lognormal(0, 0.4)
    usual = demand.sum(axis=0)
    demand *= scale / np.maximum(usual[usual > 0].mean(), 1e-9)
    excess = max(dispersion - 1.0, 1e-6)
    counts = rng.poisson(rng.gamma(np.maximum(demand / excess, 1e-9), excess))
    share = rng.dirichlet(np.full(regions, 5.0)) if regions > 1 else np.ones(1)
    split = np.stack([np.round(sales * s) for s in share])
    return _tables(counts, split, fits, columns, named, launch), counts.sum(axis=0).astype(np.float64)


def _tables(
    counts: Ints, split: Floats, fits: npt.NDArray[np.bool_], columns: bool, named: bool, launch: Ints
) -> dict[str, pd.DataFrame]:
    models, parts, _ = counts.shape
    model = np.array([f"M{m}" for m in range(models)])
    part = np.array([f"P{p:03d}" for p in range(parts)])
    days = (FIRST + np.arange(MONTHS)).astype("datetime64[D]").astype(str)
    region, m, month = np.nonzero(split)
    sales: dict[str, object] = {"month": days[month], "region": [f"R{r}" for r in region], "model": model[m]}
    sales["units"] = split[region, m, month].astype(np.int64)
    wanted = counts if named else counts.sum(axis=0, keepdims=True)
    m, p, month = np.nonzero(wanted)
    usage: dict[str, object] = {"date": days[month], "site": "S0", "part": part[p], "model": model[m] if named else ""}
    usage["quantity"] = wanted[m, p, month]
    m, p = np.nonzero(fits)
    sites = [("HUB", "origin", "CN", ""), *((f"S{r}", "depot", "RU", f"R{r}") for r in range(len(split)))]
    lanes = [("HUB", f"S{r}", "air", 20, 5.0) for r in range(len(split))]
    told = {"launched": days[launch], "warranty_months": 12} if columns else {}
    return {
        "sites": pd.DataFrame(sites, columns=["site", "kind", "country", "region"]),
        "lanes": pd.DataFrame(lanes, columns=["origin", "destination", "mode", "transit_days", "cost_per_kg"]),
        "parts": pd.DataFrame({"part": part, "unit_cost": 30.0, "weight_kg": 0.3}),
        "models": pd.DataFrame({"model": model, "category": "laptop", **told}),
        "fitment": pd.DataFrame({"model": model[m], "part": part[p]}),
        "sales": pd.DataFrame(sales),
        "usage": pd.DataFrame(usage),
        "stock": pd.DataFrame({"site": ["HUB"], "part": [part[0]], "on_hand": [0]}),
    }


def at_origin(tables: dict[str, pd.DataFrame], demand: Floats, origin: int, plan: bool = True) -> Laptops:
    """The set as known after `origin` months; plan: whether later sales are told as a plan."""
    end = str((FIRST + origin).astype("datetime64[D]") - 1)
    known = dict(tables)
    known["usage"] = tables["usage"][tables["usage"]["date"] <= end]
    if not plan:
        known["sales"] = tables["sales"][tables["sales"]["month"] <= end]
    settings = {"as_of": end, "currency": "USD", "history_bucket": "month", "horizon_weeks": 52}
    return Laptops(network_from_tables(known, settings)[0], demand, origin)
