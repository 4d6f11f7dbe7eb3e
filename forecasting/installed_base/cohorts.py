"""Cohorts: what was sold by model, region and month, what is planned to be, and months as the periods of a history."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network
from forecasting.events import sales_factors

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]

OLDEST = 48  # months before the table of sales that are filled in
RECENT = 3  # months of sales that say how a model sells now


@dataclass(frozen=True)
class Cohorts:
    """Devices in service by month of sale, returns netted: units ≥ 0, shape (regions, models, months).

    first: number of the first month (months since 1970-01). Regions as in `Network.depot_of_region`, sorted; models as
    rows of the table.
    """

    first: int
    units: Floats

    def window(self, first: int, last: int) -> Floats:
        """Units of months `first`..`last` (numbers), 0 outside, shape (regions, models, months)."""
        shape = (*self.units.shape[:2], last - first + 1)
        units = np.zeros(shape)
        begin, end = max(first, self.first), min(last + 1, self.first + self.units.shape[2])
        if begin < end:
            units[:, :, begin - first : end - first] = self.units[:, :, begin - self.first : end - self.first]
        return units


def month_of(days: Days) -> Ints:
    """Number of the month in which each day lies."""
    return days.astype("datetime64[M]").astype(np.int64)


def complete_months(network: Network) -> int:
    """Number of the last month that has ended by `as_of`: later months are a plan, or known in part."""
    return int(month_of(np.array([network.settings.as_of], "datetime64[D]") + 1)[0]) - 1


def read_cohorts(network: Network, last: int) -> Cohorts:
    """Sales up to `as_of` and the plan after it, through month `last`; declared promotions lift the plan.

    A return takes back the latest devices sold before it. Months of sale without any plan go on as each model sold
    lately, fading as models have done (`_going_on`).
    """
    regions = np.sort(np.array(list(network.depot_of_region), dtype=object))
    sales = network.sales
    region = pd.Index(regions).get_indexer(pd.Index(sales["region"]))
    model = pd.Index(network.models["model"]).get_indexer(pd.Index(sales["model"]))
    month = month_of(sales["month"].to_numpy("datetime64[D]"))
    mine = (region >= 0) & (model >= 0) & (month <= last)
    shape = (len(regions), len(network.models))
    if not mine.any():
        return Cohorts(last, np.zeros((*shape, 1)))
    first = int(month[mine].min())
    units = np.zeros((*shape, last - first + 1))
    np.add.at(units, (region[mine], model[mine], month[mine] - first), sales["units"].to_numpy(np.float64)[mine])
    known = int(month_of(np.array([network.settings.as_of], "datetime64[D]"))[0]) - first + 1
    if known < units.shape[2]:
        if known > 0 and not units[:, :, known:].any():
            units[:, :, known:] = _going_on(network, units[:, :, :known], first + known, units.shape[2] - known)
        else:
            units *= sales_factors(network, np.datetime64(first, "M") + np.arange(units.shape[2]))
    return _begun(network, Cohorts(first, _moved(network, regions, _returned(units))))


def _begun(network: Network, cohorts: Cohorts) -> Cohorts:
    """Models launched before the table of sales begins have sold before, as in its first months (the nearest month
    counts as that of the launch)."""
    launched = network.models["launched"].to_numpy("datetime64[D]")
    known = ~np.isnat(launched)
    since = np.full(len(launched), cohorts.first)
    since[known] = month_of(launched[known] + 15)
    selling = cohorts.units[:, :, 0].sum(axis=0) > 0
    missing = np.where(selling, np.clip(cohorts.first - since, 0, OLDEST), 0)
    before = int(missing.max(initial=0))
    if before == 0:
        return cohorts
    usual = cohorts.units[:, :, :RECENT].mean(axis=2)[:, :, None]
    sold = np.where(np.arange(-before, 0) >= -missing[:, None], usual, 0.0)
    return Cohorts(cohorts.first - before, np.concatenate([sold, cohorts.units], axis=2))


def _moved(network: Network, regions: npt.NDArray[np.object_], units: Floats) -> Floats:
    """Devices sold where nothing is ever repaired count where they are: in regions that repair it but sold none."""
    site_region = pd.Series(pd.Index(regions).get_indexer(pd.Index(network.sites["region"])), network.sites["site"])
    before = network.usage["date"] <= pd.Timestamp(network.settings.as_of)
    repairing = np.isin(np.arange(len(regions)), site_region.reindex(network.usage.loc[before, "site"]).to_numpy())
    sold = units.sum(axis=2) > 0
    receiving = repairing[:, None] & ~sold
    if not receiving.any():
        return units
    moved = units.copy()
    homeless = np.where(~repairing[:, None, None], units, 0.0).sum(axis=0)
    takers = receiving.sum(axis=0)
    moved[np.broadcast_to(~repairing[:, None] & (takers > 0), sold.shape)] = 0.0
    moved += receiving[:, :, None] * (homeless / np.maximum(takers, 1)[:, None])
    return moved


def _returned(units: Floats) -> Floats:
    """Negative months carried back to the months before them; what nobody bought is dropped."""
    netted, debt = units.copy(), np.zeros(units.shape[:2])
    for month in range(units.shape[2] - 1, -1, -1):
        net = netted[:, :, month] + debt
        netted[:, :, month], debt = np.maximum(net, 0.0), np.minimum(net, 0.0)
    return netted


def _going_on(network: Network, sold: Floats, begins: int, ahead: int) -> Floats:
    """Sales of months without a plan: the last months' mean, fading by the ratio that models have shown.

    The ratio of a month to the next is that of all models' recent means `RECENT` months apart; no model grows, none
    sells after its last day of sales.
    """
    upto = np.concatenate([np.zeros((*sold.shape[:2], 1)), np.cumsum(sold, axis=2)], axis=2)
    span = min(RECENT, sold.shape[2])
    means = np.maximum(upto[:, :, span:] - upto[:, :, :-span], 0.0) / span
    before, after = means[:, :, :-span].sum(), means[:, :, span:].sum()
    fading = np.clip(after / before, 0.3, 1.0) ** (1.0 / span) if before > 0 else 1.0
    ends = network.models["sales_end"].to_numpy("datetime64[D]")
    last = np.where(np.isnat(ends), begins + ahead, month_of(np.where(np.isnat(ends), np.datetime64(0, "D"), ends)))
    on_sale = begins + np.arange(ahead) <= last[:, None]
    going: Floats = means[:, :, -1:] * fading ** (np.arange(ahead) + (span + 1) / 2.0) * on_sale
    return going


def months_in_periods(bounds: Days, first: int, months: int) -> Floats:
    """Weights that turn expected failures by age of whole months into those of periods, shape (periods, months).

    With sales even over a month, a device sold in month c is on a day in month k at share u of its length either k − c
    or k − c − 1 whole months old, with probabilities u and 1 − u. So a month's expected failures H(k) = Σ N(c) h(k−c)
    per device-month give a day u·H(k) + (1 − u)·H(k − 1) of them, over the days of its month.
    """
    weights: Floats = np.zeros((len(bounds) - 1, months))
    days = np.arange(bounds[0], bounds[-1]) if len(bounds) > 1 else np.zeros(0, "datetime64[D]")
    period = np.searchsorted(bounds, days, side="right") - 1
    start = days.astype("datetime64[M]")
    length = ((start + 1).astype("datetime64[D]") - start.astype("datetime64[D]")).astype(np.float64)
    share = ((days - start.astype("datetime64[D]")).astype(np.float64) + 0.5) / length
    month = start.astype(np.int64) - first
    for at, weight in ((month, share), (month - 1, 1.0 - share)):
        inside = (at >= 0) & (at < months)
        np.add.at(weights, (period[inside], at[inside]), (weight / length)[inside])
    return weights
