"""What the tables say about failure by age: a sale × failure triangle, or demand to be traced back to sales.

Both answer with the counts to fit a curve to, given who is in warranty at which age; a triangle also tells how likely
each end of warranty is for each model. Only whole months that have ended count.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network
from domain.threads import in_threads, kernel
from forecasting.installed_base.cohorts import Cohorts, month_of
from forecasting.installed_base.intensity import Counts

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SERIES = 300  # of most demand: what a curve by age is read from
STRETCH = 3  # months over which the level of a series stands still
PAIRS = 900  # of series and model: the memory it may take


@dataclass(frozen=True)
class Triangle:
    """Failures by class of part, model and age at failure, (classes, models, lags), the devices under risk, (models,
    lags), and their level by class and model, (classes, models). Lag: month of failure − month of sale.

    A device at lag k is k or k − 1 whole months old, with equal odds.
    """

    failures: Floats
    devices: Floats
    levels: Floats

    def counts(self, covered: Floats) -> Counts:
        """Rows by class and lag; covered: share of each model in warranty by age, shape (models, ages)."""
        classes, _, lags = self.failures.shape
        rows = np.zeros((2, classes, lags, covered.shape[1]))
        lag = np.arange(lags)
        for back in (0, 1):
            some = lag >= back
            age = lag[some] - back
            under = self.devices[:, some]
            inside = 0.5 * self.levels @ (under * covered[:, age])
            rows[0][:, lag[some], age] += inside
            rows[1][:, lag[some], age] += 0.5 * self.levels @ under - inside
        flat = rows.reshape(2, classes * lags, -1)
        known = flat.sum(axis=(0, 2)) > 0
        series = np.repeat(np.arange(classes), lags)[known]
        units = self.failures.sum(axis=1).ravel()[known]
        return Counts(units, series, flat[0, known], flat[1, known], np.zeros_like(series))

    def ends(self, shape: Floats, after: Floats, covered: Floats) -> Floats:
        """Log likelihood of each end of warranty for every model, shape (models, ages); levels are profiled out.

        shape: intensity by class and age; after: ρ of every class.
        """
        models, ages, lags = len(self.devices), shape.shape[1], self.failures.shape[2]
        young = np.where(np.arange(lags) > 0, shape[:, np.maximum(np.arange(lags) - 1, 0)], 0.0)
        old = shape[:, :lags]
        held = [0.5 * self.devices * (self.levels.T @ part) for part in (young, old)]
        left = [0.5 * self.devices * (self.levels.T @ (after[:, None] * part)) for part in (young, old)]
        units = self.failures.sum(axis=0)
        result = np.zeros((models, ages))
        lag = np.arange(lags)
        for end in range(1, ages + 1):
            mean = np.where(lag - 1 < end, held[0], left[0]) + np.where(lag < end, held[1], left[1])
            result[:, end - 1] = _multinomial(units, mean, axis=1)
        return result


@dataclass(frozen=True)
class Traced:
    """Demand by month of series that hang on the sales of one model or more.

    units: shape (series, months). Pairs of series and model: pair_series ascending, pair_model, and the device-months
    under risk by month and age, shape (pairs, months, ages). classes: of every series.
    """

    units: Floats
    classes: Ints
    pair_series: Ints
    pair_model: Ints
    devices: Floats

    def counts(self, covered: Floats) -> Counts:
        """Rows by series and month; covered: share of each model in warranty by age, shape (models, ages)."""
        first = np.flatnonzero(np.diff(self.pair_series, prepend=-1, append=-1))
        months, ages = self.devices.shape[1:]
        inside, everything = np.zeros((2, len(self.units), months, ages))
        in_threads(_sum_up, len(self.units), self.devices, covered, first, self.pair_model, inside, everything)
        known = everything.sum(axis=2).ravel() > 0
        series = np.repeat(np.arange(len(self.units)), months)[known]
        outside = np.maximum(everything - inside, 0.0).reshape(-1, ages)[known]
        stretch = -np.tile(np.arange(months - 1, -1, -1) // STRETCH, len(self.units))[known]
        begun = np.flatnonzero(np.diff(series, prepend=-1))  # no level before a series' devices are in service
        stretch -= np.repeat(stretch[begun], np.diff(np.append(begun, len(series))))
        return Counts(self.units.ravel()[known], series, inside.reshape(-1, ages)[known], outside, stretch)


@kernel
def _sum_up(
    first: int,
    last: int,
    devices: Floats,
    covered: Floats,
    begin: Ints,
    pair_model: Ints,
    inside: Floats,
    everything: Floats,
) -> None:
    """Adds device-months of every series' pairs in warranty, and all of them, to shape (series, months, ages).

    begin: pair with which each series begins, and the number of pairs. Asked hundreds of times, for each end tried.
    """
    for one in range(first, last):
        for pair in range(begin[one], begin[one + 1]):
            share = covered[pair_model[pair]]
            for month in range(devices.shape[1]):
                for age in range(devices.shape[2]):
                    inside[one, month, age] += devices[pair, month, age] * share[age]
                    everything[one, month, age] += devices[pair, month, age]


def _multinomial(units: Floats, mean: Floats, axis: int) -> Floats:
    """Σ y·log μ − Y·log Σμ along an axis, over cells where something may be counted."""
    some = mean > 0
    y = np.where(some, units, 0.0)
    log = (y * np.log(np.where(some, mean, 1.0))).sum(axis=axis)
    total = mean.sum(axis=axis)
    value: Floats = log - y.sum(axis=axis) * np.log(np.where(total > 0, total, 1.0))
    return value


def triangle(network: Network, cohorts: Cohorts, class_of_part: "pd.Series[int]", last: int) -> Triangle | None:
    """The table `failures` up to month `last` against all devices sold; None if it says nothing."""
    table = network.failures
    sold, failed = (month_of(table[name].to_numpy("datetime64[D]")) for name in ("sold_month", "failed_month"))
    model = pd.Index(network.models["model"]).get_indexer(pd.Index(table["model"]))
    of = class_of_part.reindex(table["part"]).fillna(-1).to_numpy(np.int64)
    units = table["units"].to_numpy(np.float64)
    mine = (failed <= last) & (failed >= sold) & (sold >= cohorts.first) & (model >= 0) & (of >= 0) & (units > 0)
    if not mine.any():
        return None
    begun = int(failed[mine].min())
    devices = cohorts.window(cohorts.first, last).sum(axis=0)
    lags = last - cohorts.first + 1
    under = np.zeros((len(devices), lags))
    upto = np.concatenate([np.zeros((len(devices), 1)), np.cumsum(devices, axis=1)], axis=1)
    for lag in range(lags):
        low, high = max(begun - lag - cohorts.first, 0), lags - lag
        under[:, lag] = upto[:, high] - upto[:, min(low, high)]
    classes = int(class_of_part.max()) + 1
    failures = np.zeros((classes, len(devices), lags))
    np.add.at(failures, (of[mine], model[mine], (failed - sold)[mine]), units[mine])
    failures[:, under == 0] = 0.0
    seen = failures.sum(axis=2)
    each = under.sum(axis=1)
    rate = seen.sum(axis=1, keepdims=True) / max(each.sum(), 1.0)
    levels = (seen + 1.0) / (each + 1.0 / np.maximum(rate, 1e-12))
    return Triangle(failures, under, levels)


def traced(
    network: Network, cohorts: Cohorts, class_of_part: "pd.Series[int]", fits: pd.DataFrame, last: int, ages: int
) -> Traced | None:
    """Demand of the busiest series: by model and class where tickets name models, else by part and region.

    fits: model, part (codes), quantity. None if no demand hangs on sales.
    """
    usage = _monthly(network, last)
    if usage is None:
        return None
    first, frame = usage
    months = last - first + 1
    frame["class"] = class_of_part.to_numpy()[frame["part"]]
    named = frame.loc[frame["model"] >= 0, "quantity"].sum() >= 0.9 * frame["quantity"].sum()
    if named:
        frame = frame[frame["model"] >= 0]
        keys = ["class", "model"]
    else:
        keys = ["class", "part", "region"]
    units = frame.groupby(keys)["quantity"].sum()
    units = units[units > 0].sort_values(ascending=False, kind="stable")[:SERIES].sort_index()
    index = units.index.to_frame(index=False)
    pairs = _pairs(index, fits, named)
    sold = cohorts.units.sum(axis=2)
    region = pairs["region"].to_numpy() if not named else np.zeros(len(pairs), np.int64)
    has = sold.sum(axis=0)[pairs["model"]] > 0 if named else sold[region, pairs["model"]] > 0
    pairs = pairs[has][:PAIRS]
    kept = np.unique(pairs["series"])
    if len(kept) == 0:
        return None
    window = cohorts.window(first - ages, last)
    by_pair = window.sum(axis=0)[pairs["model"]] if named else window[pairs["region"], pairs["model"]]
    age_at = ages + np.arange(months)[:, None] - np.arange(ages)[None, :]
    devices = (
        0.5 * (by_pair[:, age_at] + by_pair[:, age_at - 1]) * pairs["quantity"].to_numpy(np.float64)[:, None, None]
    )
    place = index.reset_index().set_index(keys)["index"]
    row = place.reindex(pd.MultiIndex.from_frame(frame[keys])).fillna(-1).to_numpy(np.int64)
    cells = np.zeros((len(index), months))
    np.add.at(
        cells, (row[row >= 0], frame["month"].to_numpy()[row >= 0] - first), frame["quantity"].to_numpy()[row >= 0]
    )
    return Traced(
        units=np.maximum(cells[kept], 0.0),
        classes=index["class"].to_numpy(np.int64)[kept],
        pair_series=np.searchsorted(kept, pairs["series"].to_numpy()),
        pair_model=pairs["model"].to_numpy(np.int64),
        devices=devices,
    )


def _pairs(index: pd.DataFrame, fits: pd.DataFrame, named: bool) -> pd.DataFrame:
    """Series and the models they hang on: series, model, quantity and, by region, region."""
    index = index.assign(series=np.arange(len(index)))
    if named:
        return index.assign(quantity=1.0)
    pairs = index.merge(fits, on="part").sort_values(["series", "model"], kind="stable")
    return pairs[["series", "model", "region", "quantity"]].reset_index(drop=True)


def _monthly(network: Network, last: int) -> tuple[int, pd.DataFrame] | None:
    """First whole month of the history, and usage by codes: month, part, region, model, quantity."""
    usage = network.usage
    dates = usage["date"].to_numpy("datetime64[D]")
    if len(dates) == 0:
        return None
    start = dates.min()
    first = int(month_of(np.array([start]))[0])
    if network.settings.history_bucket != "month" and (start - np.datetime64(first, "M")).astype(int) > 6:
        first += 1
    regions = np.sort(np.array(list(network.depot_of_region), dtype=object))
    of_site = pd.Series(pd.Index(regions).get_indexer(pd.Index(network.sites["region"])), network.sites["site"])
    frame = pd.DataFrame(
        {
            "month": month_of(dates),
            "part": pd.Index(network.parts["part"]).get_indexer(pd.Index(usage["part"])),
            "region": of_site.reindex(usage["site"]).fillna(-1).to_numpy(np.int64),
            "model": pd.Index(network.models["model"]).get_indexer(pd.Index(usage["model"])),
            "quantity": usage["quantity"].to_numpy(np.float64),
        }
    )
    frame = frame[(frame["month"] >= first) & (frame["month"] <= last) & (frame["part"] >= 0) & (frame["region"] >= 0)]
    return (first, frame) if len(frame) and last >= first else None
