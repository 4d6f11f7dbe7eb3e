"""A Forecast as the tables of a plan folder, and back: a planner's own forecast is as good as ours."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import week_starts
from domain.counts import quantiles
from domain.forecast import Forecast
from domain.network import Network, Settings
from domain.problems import BadData, Problem
from domain.threads import in_threads, kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEVELS = (0.10, 0.50, 0.80, 0.90, 0.95, 0.99)
_LAW = ("dispersion", "rate_shape", "discount", "drift")
_NEEDED = ("part", "region", "week", "mean", "dispersion", "rate_shape")
FORECAST_COLUMNS, SHARE_COLUMNS = (*_NEEDED, "discount", "drift"), ("part", "site", "share")
"""What `forecast_from_frames` reads."""
_SHOWN = 100  # problems of one kind that are spelt out
_SHARE_TOLERANCE = 1e-6
BLOCK_ROWS = 1 << 18
"""Rows of the table `forecast` made and written at a time: 40 MB."""


def forecast_frame(forecast: Forecast, settings: Settings) -> pd.DataFrame:
    """The table `forecast`: a row per part × region × week, weeks by their Monday, sorted by key.

    Quantiles are of cumulative demand D(1..t) under the law of `domain.counts` with mean M and variance ψM + κM², the
    very law the optimizer uses.
    """
    return _rows(forecast, settings, slice(None))


def forecast_blocks(forecast: Forecast, settings: Settings, rows: int = BLOCK_ROWS) -> Iterator[pd.DataFrame]:
    """The table `forecast` in blocks of about `rows` rows, whole leaves each, so that it need never exist at once.

    At least one block, which may be empty.
    """
    leaves = max(1, rows // max(forecast.weeks, 1))
    for first in range(0, max(len(forecast.part), 1), leaves):
        yield _rows(forecast, settings, slice(first, first + leaves))


def shares_frame(forecast: Forecast) -> pd.DataFrame:
    """The table `shares`: how the demand of a part falls on the repair points of each region, sorted by key."""
    part, _ = pd.factorize(forecast.part, sort=True)
    site, _ = pd.factorize(forecast.share_site, sort=True)
    order = np.lexsort((site, part[forecast.share_leaf]))
    return pd.DataFrame(
        {
            "part": forecast.part[forecast.share_leaf[order]],
            "site": forecast.share_site[order],
            "share": forecast.share[order],
        }
    )


def _rows(forecast: Forecast, settings: Settings, leaves: slice) -> pd.DataFrame:
    """The table `forecast` of these leaves."""
    mean = forecast.mean[leaves]
    law = [values[leaves] for values in (forecast.batch_index, forecast.rate_shape, forecast.discount, forecast.drift)]
    batch_index, rate_shape, discount, drift = law
    number, weeks = mean.shape
    weekly, cumulative, spread = (np.empty((number, weeks)) for _ in range(3))
    levels = np.empty((len(LEVELS), number, weeks), np.int64)
    growth = np.where(drift > 0, discount ** (-drift), 1.0)
    arguments = mean, batch_index, rate_shape, growth, np.array(LEVELS), weekly, cumulative, spread, levels
    in_threads(_fill, number, *arguments)
    return pd.DataFrame(
        {
            "part": np.repeat(forecast.part[leaves], weeks),
            "region": np.repeat(forecast.region[leaves], weeks),
            "week": np.tile(week_starts(settings.as_of, weeks).astype("datetime64[ns]"), number),
            "mean": mean.ravel(),
            "variance": weekly.ravel(),
            **{name: np.repeat(values, weeks) for name, values in zip(_LAW, law, strict=True)},
            "cumulative_mean": cumulative.ravel(),
            "cumulative_variance": spread.ravel(),
            **{f"q{round(100 * level)}": levels[k].ravel() for k, level in enumerate(LEVELS)},
        }
    )


@kernel
def _fill(
    first: int,
    last: int,
    mean: Floats,
    batch_index: Floats,
    rate_shape: Floats,
    growth: Floats,
    levels: Floats,
    weekly: Floats,
    cumulative: Floats,
    spread: Floats,
    values: Ints,
) -> None:
    """Variance of each week, mean, variance and quantiles of demand through it; values: (levels, leaves, weeks).

    Σᵤ Σᵥ eᵤeᵥ g^min(u,v) grows by 2e_t Σ_{u<t} eᵤ gᵘ + e_t² gᵗ from week to week (g = δ^−ω, MODEL 1).
    """
    for leaf in range(first, last):
        psi, kappa = batch_index[leaf], 1.0 / rate_shape[leaf]
        total, pairs, before, factor = 0.0, 0.0, 0.0, 1.0
        found = np.empty(len(levels), np.int64)
        for week in range(mean.shape[1]):
            factor *= growth[leaf]
            m = mean[leaf, week]
            total += m
            pairs += 2.0 * m * before + m * m * factor
            before += m * factor
            weekly[leaf, week] = psi * m + kappa * factor * m * m
            cumulative[leaf, week] = total
            spread[leaf, week] = psi * total + kappa * pairs
            quantiles(total, spread[leaf, week], levels, found)
            for level in range(len(levels)):
                values[level, leaf, week] = found[level]


def forecast_from_frames(table: pd.DataFrame, shares: pd.DataFrame, network: Network) -> Forecast:
    """A Forecast from the tables `forecast` and `shares`; the order of rows and columns does not matter.

    Only part, region, week, mean, dispersion and rate_shape are needed, discount is 1 and drift 0 where they are
    missing; variances and quantiles follow from these and are not read. Shares of a part in a region without forecast
    are not used. Raises BadData with every problem found: unknown or repeated keys, a missing week, a value out of
    range, a law that is not the same in all weeks of a part and region, shares that do not add up to 1.
    """
    table = table.assign(
        **{name: default for name, default in (("discount", 1.0), ("drift", 0.0)) if name not in table}
    )
    _refuse([*_missing("forecast", table, _NEEDED), *_missing("shares", shares, SHARE_COLUMNS)])
    table, leaf, problems = _checked_forecast(table, network)
    shares, more = _checked_shares(shares, network)
    _refuse([*problems, *more])

    weeks = table["week"].nunique()
    key = leaf.key * weeks + pd.factorize(table["week"], sort=True)[0]
    if (np.diff(key) < 0).any():
        order = np.argsort(key)
        table, key = table.iloc[order], key[order]
    first = table.iloc[::weeks].astype({"part": object, "region": object}) if weeks else table
    at = leaf.rows(key[::weeks] // weeks if weeks else key, shares["part"], shares["region"])
    order = np.flatnonzero(at >= 0)
    order = order[np.lexsort((_codes(shares["site"])[0][order], at[order]))]
    shares = shares[["site", "share"]].iloc[order].assign(leaf=at[order])
    _refuse(_share_sums(first, shares))
    law = {name: first[name].to_numpy(np.float64) for name in _LAW}
    return Forecast(
        as_of=network.settings.as_of,
        part=first["part"].to_numpy(object),
        region=first["region"].to_numpy(object),
        mean=table["mean"].to_numpy(np.float64).reshape(len(first), weeks),
        batch_index=law["dispersion"],
        rate_shape=law["rate_shape"],
        discount=law["discount"],
        drift=law["drift"],
        share_leaf=shares["leaf"].to_numpy(np.int64),
        share_site=np.asarray(shares["site"], object),
        share=shares["share"].to_numpy(np.float64),
    )


@dataclass(frozen=True)
class _Leaves:
    """Parts and regions by name, sorted, and a number for the leaf of each row of a table, in their order."""

    parts: npt.NDArray[np.object_]
    regions: npt.NDArray[np.object_]
    key: Ints

    def rows(self, keys: Ints, part: "pd.Series[str]", region: "pd.Series[str]") -> Ints:
        """Where the leaf of each part and region is among the sorted `keys`, −1 where it is not."""
        codes = (pd.Categorical(names, ids).codes for names, ids in ((part, self.parts), (region, self.regions)))
        part_row, region_row = (np.asarray(code, np.int64) for code in codes)
        wanted = np.where((part_row >= 0) & (region_row >= 0), _leaf_key(part_row, region_row, len(self.regions)), -1)
        at = np.searchsorted(keys, wanted)
        return np.where(np.append(keys, -2)[at] == wanted, at, -1)


def _codes(column: "pd.Series[str]") -> tuple[Ints, npt.NDArray[np.object_]]:
    """The row of each value among the distinct ones, sorted (−1: none), and these."""
    code, distinct = pd.factorize(column)
    names = np.asarray(distinct, object)
    order = np.argsort(names.astype(str), kind="stable")
    row = np.append(np.argsort(order), -1)
    return row[code], names[order]


def _leaf_key(part: Ints, region: Ints, regions: int) -> Ints:
    return (part + 1) * (regions + 1) + region + 1  # 0 where there is no name


def _leaves_of(table: pd.DataFrame) -> _Leaves:
    (part, parts), (region, regions) = _codes(table["part"]), _codes(table["region"])
    return _Leaves(parts, regions, _leaf_key(part, region, len(regions)))


def _checked_forecast(table: pd.DataFrame, network: Network) -> tuple[pd.DataFrame, _Leaves, list[Problem]]:
    """The forecast rows with their columns converted, their leaves, and everything wrong with them."""
    numbers = ("mean", *_LAW)
    table = table.reset_index(drop=True).assign(
        week=pd.to_datetime(table["week"], errors="coerce").to_numpy(),
        **{name: pd.to_numeric(table[name], errors="coerce").to_numpy(np.float64) for name in numbers},
    )
    leaf, weeks = _leaves_of(table), int(table["week"].nunique())
    again = pd.DataFrame({"leaf": leaf.key, "week": table["week"]}).duplicated()
    expected = week_starts(network.settings.as_of, weeks).astype("datetime64[ns]")
    ends = f"{expected[0]:.10} to {expected[-1]:.10}" if weeks else ""
    finite = np.isfinite(table["mean"].to_numpy())
    shape, discount, drift = (table[name].to_numpy() for name in ("rate_shape", "discount", "drift"))
    problems = [
        *_wrong("forecast", table, "part", ~table["part"].isin(network.parts["part"]), "is no part of the network"),
        *_wrong("forecast", table, "region", ~table["region"].isin(network.depot_of_region), "is no region"),
        *_wrong("forecast", table, "week", ~table["week"].isin(expected), f"must be one of the Mondays {ends}"),
        *_wrong("forecast", table, "week", again, "occurs twice for this part and region"),
        *_wrong("forecast", table, "mean", ~(finite & (table["mean"] >= 0)), "must be a number of pieces ≥ 0"),
        *_wrong("forecast", table, "dispersion", ~table["dispersion"].between(1, 1e12), "must be a number ≥ 1"),
        *_wrong("forecast", table, "rate_shape", ~(shape > 0), "must be above 0, inf when the rate is known"),
        *_wrong("forecast", table, "discount", ~((discount > 0) & (discount <= 1)), "must be above 0 and at most 1"),
        *_wrong("forecast", table, "drift", ~np.isin(drift, (0.0, 1.0)), "must be 0 or 1"),
    ]
    if not problems:
        number = np.bincount(leaf.key)
        first = np.zeros(len(number), np.int64)
        first[leaf.key[::-1]] = np.arange(len(table))[::-1]  # the last to be written stays
        few = number[leaf.key] != weeks
        problems = _wrong("forecast", table, "part", few, f"must have each of the {weeks} weeks {ends}")
        for name in _LAW:
            values = table[name].to_numpy()
            differs = values != values[first[leaf.key]]
            problems += _wrong("forecast", table, name, differs, "must be the same in all weeks of a part and region")
    return table, leaf, problems


def _checked_shares(shares: pd.DataFrame, network: Network) -> tuple[pd.DataFrame, list[Problem]]:
    """The share rows with the region of their site, and everything wrong with them."""
    site, sites = _codes(shares["site"])
    known = np.append(network.site_of["region"].reindex(sites).fillna("").to_numpy(object), "")
    share = pd.to_numeric(shares["share"], errors="coerce").to_numpy(np.float64)
    shares = shares.assign(region=pd.Categorical(known[site]), share=share).reset_index(drop=True)
    again = pd.DataFrame({"part": _codes(shares["part"])[0], "site": site}).duplicated()
    return shares, [
        *_wrong("shares", shares, "site", shares["region"] == "", "is no depot or repair point of the network"),
        *_wrong("shares", shares, "share", ~((share > 0) & (share <= 1)), "must be above 0 and at most 1"),
        *_wrong("shares", shares, "site", again, "occurs twice for this part"),
    ]


def _share_sums(first: pd.DataFrame, shares: pd.DataFrame) -> list[Problem]:
    """Leaves whose shares do not add up to 1; `first` holds a row per leaf."""
    total = np.bincount(shares["leaf"], shares["share"], len(first))
    wrong = np.flatnonzero(~(np.abs(total - 1.0) <= _SHARE_TOLERANCE))
    names = first.iloc[wrong[:_SHOWN]]
    return [
        Problem(
            "structure", "shares", None, "share", f"{row.part} in {row.region}", f"adds up to {found:.6g}, not to 1"
        )
        for row, found in zip(names.itertuples(index=False), total[wrong[:_SHOWN]], strict=True)
    ]


def _missing(name: str, table: pd.DataFrame, needed: tuple[str, ...]) -> list[Problem]:
    return [Problem("structure", name, None, column, "", "is missing") for column in needed if column not in table]


def _wrong(name: str, table: pd.DataFrame, column: str, bad: "pd.Series[bool] | Bools", says: str) -> list[Problem]:
    """A problem per bad row, the first of them only."""
    rows = np.flatnonzero(np.asarray(bad))[:_SHOWN]
    values = table[column].iloc[rows]
    return [
        Problem("structure", name, int(row) + 2, column, str(value), says)
        for row, value in zip(rows, values, strict=True)
    ]


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise BadData(problems)
