"""Network tables → demand per part × region and period, what counts as evidence, and the classes of parts.

Demand is every case that wanted the part, served or not (`usage.kind` used and unmet). A period is a week or, where the
history only knows months, a month: a monthly count is never spread over weeks, its exposure is the month's weeks.
"""

from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, week_starts
from domain.network import Network
from forecasting.series import Series

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]
Days = npt.NDArray[np.datetime64]

EVER = (np.datetime64("0001-01-01", "D"), np.datetime64("9999-12-31", "D"))


@dataclass(frozen=True)
class Rows:
    """Usage rows of the history: leaf, site (row of sites), period, model (row of models, −1 unknown), units."""

    leaf: Ints
    site: Ints
    period: Ints
    model: Ints
    quantity: Floats


@dataclass(frozen=True)
class History:
    """Demand of every part × region ("leaf") that has or may have demand, sorted by (part, region).

    part, region: ids, shape (leaves,); part_row: row of the parts table. counts: units ≥ 0, shape (leaves, periods).
    bounds: first day of each period and the day after the last, shape (periods + 1,). starts: first period that counts
    as evidence. classes: part class and part class × region, shape (leaves, 2); class_names: of the part classes.
    on_sale, retires: first and last day
    on which the part can be wanted, shape (leaves,).
    """

    part: Objects
    region: Objects
    part_row: Ints
    counts: Floats
    bounds: Days
    starts: Ints
    classes: Ints
    class_names: tuple[str, ...]
    on_sale: Days
    retires: Days
    rows: Rows

    @property
    def period_weeks(self) -> Floats:
        """Weeks in every period, shape (periods,)."""
        return np.diff(self.bounds).astype(np.float64) / DAYS_PER_WEEK

    def series(self, exposure: Floats) -> Series:
        """The leaves as series, counted against this exposure, shape (leaves, periods)."""
        return Series(self.counts, exposure, self.starts, self.classes, self.season)

    @property
    def season(self) -> int:
        """Periods in a year: 12 when they are months, else 52."""
        days = np.diff(self.bounds).astype(np.int64)
        return 12 if len(days) and np.median(days) > DAYS_PER_WEEK else 52


def read_history(network: Network, weeks: int) -> History:
    """History of all leaves up to `as_of`, and of those that may be wanted in the coming `weeks`.

    A leaf is a part × region with demand, one that fits a model sold there within its warranty (or planned to be), or
    one with a planner's override; a part whose support has ended is none. History starts at the launch of the part's
    first model if known, else at the data's start, or in the period after the first demand of a part that appears
    later: the waiting time for that demand is a stopping time, what follows it is unbiased (MODEL 1).
    """
    parts = np.sort(network.parts["part"].to_numpy(object))
    regions = np.sort(np.array(list(network.depot_of_region), dtype=object))
    usage = _usage(network, parts, regions)
    bounds = _period_bounds(network, usage["date"].to_numpy("datetime64[D]"))
    usage["period"] = np.searchsorted(bounds, usage["date"].to_numpy("datetime64[D]"), side="right") - 1

    on_sale, retires = _lifetimes(network, parts)
    as_of = pd.Timestamp(network.settings.as_of)
    planned = _keys(network.overrides[network.overrides["end"] > as_of], parts, regions)
    supported = retires > as_of.to_datetime64()
    wanted = np.concatenate([_demanded(usage), _fitting(network, parts, regions, weeks)])
    leaves = np.union1d(wanted[supported[wanted // len(regions)]], planned)
    part_row, region_row = np.divmod(leaves, max(len(regions), 1))

    first = np.full(len(parts), len(bounds))  # period of a part's first demand anywhere
    np.minimum.at(first, usage["part"].to_numpy(), usage["period"].to_numpy())
    launched = np.searchsorted(bounds, on_sale, side="right") - 1
    known = (on_sale > EVER[0]) & (launched <= first)
    appeared = np.where((first == 0) | (first == len(bounds)), 0, first + 1)
    starts = np.clip(np.where(known, launched, appeared), 0, len(bounds) - 1)

    usage["leaf"] = np.searchsorted(leaves, usage["key"])
    mine = usage["leaf"] < len(leaves)
    usage = usage[mine & (np.append(leaves, -1)[usage["leaf"].to_numpy()] == usage["key"].to_numpy())]
    leaf, site, period, model = (usage[name].to_numpy(np.int64) for name in ("leaf", "site", "period", "model"))
    rows = Rows(leaf, site, period, model, usage["quantity"].to_numpy(np.float64))
    part_class = network.parts.set_index("part")["part_class"].reindex(parts[part_row])
    class_names, class_code = np.unique(part_class.to_numpy(str), return_inverse=True)
    region_class = np.unique(class_code * len(regions) + region_row, return_inverse=True)[1]
    return History(
        part=parts[part_row],
        region=regions[region_row],
        part_row=part_row,
        counts=_net(rows, len(leaves), len(bounds) - 1),
        bounds=bounds,
        starts=starts[part_row],
        classes=np.column_stack([class_code.astype(np.int64), region_class.astype(np.int64)]),
        class_names=tuple(str(name) for name in class_names),
        on_sale=np.where(known, on_sale, EVER[0])[part_row],
        retires=retires[part_row],
        rows=rows,
    )


def _usage(network: Network, parts: Objects, regions: Objects) -> pd.DataFrame:
    """Usage up to `as_of` by codes: date, part, site, model, key = part × regions + region, quantity."""
    usage = network.usage[network.usage["date"] <= pd.Timestamp(network.settings.as_of)]
    site = _rows_of(usage["site"], network.sites["site"].to_numpy(object))
    region_of_site = _rows_of(network.sites["region"], regions)
    coded = pd.DataFrame(
        {
            "date": usage["date"].to_numpy(),
            "part": _rows_of(usage["part"], parts),
            "site": site,
            "region": np.append(region_of_site, -1)[site],
            "model": _rows_of(usage["model"], network.models["model"].to_numpy(object)),
            "quantity": usage["quantity"].to_numpy(),
        }
    )
    coded = coded[(coded["part"] >= 0) & (coded["region"] >= 0)]
    return coded.assign(key=coded["part"] * len(regions) + coded["region"])


def _period_bounds(network: Network, dates: Days) -> Days:
    """First days of the periods from the first usage to `as_of`, and the day after; cut at both ends to the data."""
    end = np.datetime64(network.settings.as_of, "D") + 1
    if len(dates) == 0:
        return np.array([end])
    start = dates.min()
    if network.settings.history_bucket == "month":
        inner = np.arange(start.astype("datetime64[M]"), end.astype("datetime64[M]") + 1).astype("datetime64[D]")
    else:
        monday = start - (start.astype(np.int64) + 3) % DAYS_PER_WEEK  # 1970-01-01 was a Thursday
        inner = np.arange(monday, end, DAYS_PER_WEEK)
    return np.concatenate([[start], inner[(inner > start) & (inner < end)], [end]])


def _lifetimes(network: Network, parts: Objects) -> tuple[Days, Days]:
    """First and last day of every part: its first model's launch and its own, or its last model's, end of support.

    A model without the date leaves the part's date unknown (the ends of time).
    """
    fits = network.fitment[["model", "part"]].merge(network.models[["model", "launched", "support_until"]], on="model")
    fits["launched"] = fits["launched"].to_numpy("datetime64[D]")
    by_part = fits.groupby("part")
    known = by_part[["launched", "support_until"]].count().eq(by_part.size(), axis=0)
    launched = by_part["launched"].min().where(known["launched"]).reindex(parts)
    ended = by_part["support_until"].max().where(known["support_until"]).reindex(parts)
    own = network.parts.set_index("part")["support_until"].reindex(parts)
    retires = own.fillna(ended)
    return (
        np.where(launched.isna(), EVER[0], launched.to_numpy("datetime64[D]")),
        np.where(retires.isna(), EVER[1], retires.to_numpy("datetime64[D]")),
    )


def _demanded(usage: pd.DataFrame) -> Ints:
    keys: Ints = np.unique(usage.loc[usage["quantity"] > 0, "key"].to_numpy())
    return keys


def _fitting(network: Network, parts: Objects, regions: Objects, weeks: int) -> Ints:
    """Keys of parts that fit a model sold in the region within warranty, or planned to be within the horizon."""
    as_of = pd.Timestamp(network.settings.as_of)
    horizon_end = pd.Timestamp(week_starts(network.settings.as_of, weeks + 1)[-1])
    columns = ["model", "warranty_months"]
    sold = network.sales[network.sales["units"] > 0].merge(network.models[columns], on="model")
    age_months = (as_of.year - sold["month"].dt.year) * 12 + as_of.month - sold["month"].dt.month
    sold = sold[(age_months <= sold["warranty_months"]) & (sold["month"] < horizon_end)]
    pairs = sold[["model", "region"]].drop_duplicates().merge(network.fitment[["model", "part"]], on="model")
    return _keys(pairs, parts, regions)


def _keys(table: pd.DataFrame, parts: Objects, regions: Objects) -> Ints:
    part, region = _rows_of(table["part"], parts), _rows_of(table["region"], regions)
    both = (part >= 0) & (region >= 0)
    keys: Ints = np.unique(part[both] * len(regions) + region[both])
    return keys


def _rows_of(names: "pd.Series[str]", ids: Objects) -> Ints:
    """Position of every name among the ids, −1 where it is none of them."""
    return pd.Index(ids).get_indexer(pd.Index(names)).astype(np.int64)


def _net(rows: Rows, leaves: int, periods: int) -> Floats:
    """Units per leaf and period, corrections netted, shape (leaves, periods)."""
    cells = np.bincount(rows.leaf * periods + rows.period, rows.quantity, leaves * periods)
    counts = cells.astype(np.float64, copy=False).reshape(leaves, periods)
    carry_back(counts)
    return counts


@nb.njit(cache=True)
def carry_back(counts: Floats) -> None:
    """A correction larger than its period's demand reduces the periods before it; what then is left is dropped."""
    for leaf in range(len(counts)):
        debt = 0.0
        for period in range(counts.shape[1] - 1, -1, -1):
            net = counts[leaf, period] + debt
            counts[leaf, period], debt = max(net, 0.0), min(net, 0.0)
