"""A planner's quantity per week replaces the system's mean on its days; later the two are compared in money."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, week_number, week_starts
from domain.counts import quantile_one
from domain.logistics import WEEKS_PER_YEAR, supply_lanes
from domain.network import Network
from domain.schemas import ARTEFACTS
from domain.service import group_of, service_targets
from forecasting.events import days_within
from forecasting.history import History

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]

ONE = ["part", "region", "author", "reason", "created"]
"""What rows of the artefact `overrides` have in common when they are one override."""
_LAW = ["part", "region", "dispersion", "rate_shape", "discount", "drift"]


def overridden(network: Network, history: History, mean: Floats, bounds: Days) -> tuple[Floats, pd.DataFrame]:
    """Means in which the planner's quantity per week holds on the days of an override, and the artefact `overrides`.

    mean: the system's, shape (leaves, weeks). bounds: first day of each week and the day after the last. Of overrides
    that meet, the latest written wins; a week is told under the latest that touches it.
    """
    rows = network.overrides.sort_values(["created", "part", "region", "start", "end"], kind="stable")
    leaves = pd.MultiIndex.from_arrays([history.part, history.region])
    leaf = leaves.get_indexer(pd.MultiIndex.from_arrays([rows["part"], rows["region"]]))
    starts, ends = rows["start"].to_numpy("datetime64[D]"), rows["end"].to_numpy("datetime64[D]") + 1
    days = np.diff(bounds).astype(np.float64)
    result = mean.copy()
    told: dict[tuple[int, int], int] = {}  # leaf and week → row of the override that names it
    for n, (row, start, end) in enumerate(zip(leaf, starts, ends, strict=True)):
        if row >= 0:
            share = days_within(bounds, start, end) / days
            result[row] += share * (rows["quantity_per_week"].iloc[n] * days / DAYS_PER_WEEK - result[row])
            told |= {(int(row), int(week)): n for week in np.flatnonzero(share)}
    at = np.array(sorted(told), np.int64).reshape(-1, 2)
    written = rows.iloc[[told[row, week] for row, week in at]]
    mondays = week_starts(network.settings.as_of, len(days)).astype("datetime64[ns]")
    touched = {
        "part": history.part[at[:, 0]],
        "region": history.region[at[:, 0]],
        "week": mondays[at[:, 1]],
        "system": mean[at[:, 0], at[:, 1]],
        "override": result[at[:, 0], at[:, 1]],
        **{name: written[name].to_numpy() for name in ("author", "reason", "created")},
    }
    return result, pd.DataFrame(touched)[list(ARTEFACTS["overrides"].columns)]


def score_overrides(
    network: Network, made: date, overrides: pd.DataFrame, forecast: pd.DataFrame, waiting_price: Mapping[str, float]
) -> pd.DataFrame:
    """What following the system or the planner would have cost in the weeks of each override that are over by now.

    network: with usage up to its `as_of`. made: `as_of` of the plan. overrides, forecast: its artefacts. waiting_price:
    money per unit waiting and week by service group. An override's n weeks count as one newsvendor period (Arrow,
    Harris & Marschak 1951): the stock S for demand D is the quantile of its law at the critical ratio b/(b + h), and

        cost = n·h·(S − D)⁺ + n·b·(D − S)⁺

    with h holding a unit for a week at the region's depot (money of the network) and b the price of waiting. Both laws
    are that of the forecast table, variance ψM + κM², with the one mean or the other; a part and region the planner
    left without demand are in no forecast table and taken as single units at a known rate.

    A row per override (`ONE`): first (Monday), weeks, demand, system, override (units expected), system_stock,
    override_stock, system_cost, override_cost, saved = system_cost − override_cost; sorted by part, region, first. A
    part, region or price that is not known any more gives no row.
    """
    over = overrides["week"] + pd.Timedelta(days=DAYS_PER_WEEK - 1) <= pd.Timestamp(network.settings.as_of)
    rows = overrides[over & overrides["part"].isin(network.parts["part"])]
    rows = rows[rows["region"].isin(network.depot_of_region)]
    laws = forecast[_LAW].drop_duplicates(["part", "region"])
    rows = rows.merge(laws, on=["part", "region"], how="left")
    rows = rows.fillna({"dispersion": 1.0, "rate_shape": np.inf, "discount": 1.0, "drift": 0.0})
    rows = _with_prices(network, _with_demand(network, made, rows), waiting_price)
    scored = [_score(made, dict(zip(ONE, key, strict=True)), one) for key, one in rows.groupby(ONE, sort=True)]
    names = [*ONE, "first", "weeks", "demand", *(f"{law}{figure}" for law in _BOTH for figure in _FIGURES), "saved"]
    return pd.DataFrame(scored, columns=names).sort_values(["part", "region", "first", "author"], ignore_index=True)


_BOTH = ("system", "override")
_FIGURES = ("", "_stock", "_cost")


def _with_demand(network: Network, made: date, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with `demand`: units wanted in the region in that week, served or not, corrections netted."""
    usage = network.usage[network.usage["part"].isin(rows["part"])]
    usage = usage[usage["date"].between(pd.Timestamp(made), pd.Timestamp(network.settings.as_of), inclusive="right")]
    number = week_number(made, usage["date"].to_numpy("datetime64[D]"))
    monday = week_starts(made, int(number.max(initial=1))).astype("datetime64[ns]")[number - 1]
    usage = usage.assign(region=usage["site"].map(network.site_of["region"]), week=monday)
    wanted = usage.groupby(["part", "region", "week"])["quantity"].sum().astype(float)
    keys = pd.MultiIndex.from_frame(rows[["part", "region", "week"]])
    return rows.assign(demand=wanted.reindex(keys).fillna(0.0).to_numpy())


def _with_prices(network: Network, rows: pd.DataFrame, waiting_price: Mapping[str, float]) -> pd.DataFrame:
    """Rows with `holding` and `waiting`: money per unit and week at the depot; rows without a price are left out."""
    supply = supply_lanes(network)
    part = pd.Index(supply.parts["part"]).get_indexer(pd.Index(rows["part"]))
    unit_cost = supply.parts["unit_cost"].to_numpy()
    depots = rows["region"].map(network.depot_of_region).to_numpy(object)
    holding = np.zeros(len(rows))
    for depot in np.unique(depots):
        landed = supply.ordinary(str(depot))[1]
        landed = np.where(np.isfinite(landed), landed, unit_cost)
        rate = float(network.site_of.loc[depot, "holding_rate_per_year"]) / WEEKS_PER_YEAR
        holding = np.where(depots == depot, rate * landed[part], holding)
    group = np.array(list(service_targets(network)), object)[group_of(network, rows["part"].to_numpy(), depots)]
    rows = rows.assign(holding=holding, waiting=[waiting_price.get(name, np.nan) for name in group])
    return rows[(rows["waiting"] > 0) & (rows["holding"] >= 0)]


def _score(made: date, names: dict[str, object], one: pd.DataFrame) -> dict[str, object]:
    """The figures of one override; `one` holds its weeks."""
    one = one.sort_values("week")
    weeks, demand = len(one), max(float(one["demand"].sum()), 0.0)
    number = week_number(made, one["week"].to_numpy("datetime64[D]"))
    first = one.iloc[0]
    h, b = weeks * float(first["holding"]), weeks * float(first["waiting"])
    found: dict[str, object] = {**names, "first": first["week"], "weeks": weeks, "demand": demand}
    cost = {}
    for law in _BOTH:
        weekly = one[law].to_numpy(float)
        mean, growth = float(weekly.sum()), float(first["discount"]) ** (-float(first["drift"]))
        pairs = np.outer(weekly, weekly) * growth ** np.minimum.outer(number, number)
        variance = float(first["dispersion"]) * mean + float(pairs.sum()) / float(first["rate_shape"])
        stock = quantile_one(mean, variance, min(max(b / (b + h), 1e-9), 1.0 - 1e-9))
        cost[law] = h * max(stock - demand, 0.0) + b * max(demand - stock, 0.0)
        found |= {law: mean, f"{law}_stock": stock, f"{law}_cost": cost[law]}
    return found | {"saved": cost["system"] - cost["override"]}
