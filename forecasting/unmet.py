"""Demand that nobody wrote down: cases sent away from an empty shelf (censoring).

Demand is every case that wanted the part: `used`, and `unmet` where a point writes its unmet cases down. Open repair
orders are demand too, but of the coming days: the replenishment charges them in week 1, so the history must not hold
them again. A point that writes no unmet cases sends people away unseen while its shelf is empty. What can be seen then
is the rest of the region: the exposure of the period shrinks by the empty points' share of its demand and days, and
gamma–Poisson with exposure needs nothing else (the likelihood of a Poisson process seen part of the time).
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network
from forecasting.history import History
from forecasting.places import Places, places, usual_shares

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]

NEVER_SEEN = 1e-9  # observed share below which a period is a gap
PRIOR_CASES = 1.0  # weight of a part's mean rate in that of a leaf


def observed_share(
    network: Network, history: History, shares_of_points: tuple[Ints, Objects, Floats] | None = None
) -> Floats:
    """Share of each period's demand that could be seen, in [0, 1], shape (leaves, periods); 0 is a gap.

    shares_of_points: (leaf, site id, share), as `point_shares` gives it; by default the shares of past demand, where a
    point's own demand counts against the days on which it could be seen. A day of a stock-out counts as unseen unless
    the point used the part that day (its shelf was not empty), or has begun to write unmet cases down.
    """
    observed: Floats = np.ones(history.counts.shape)
    if network.stockouts.empty or not observed.size:
        return observed
    found = places(network, history)
    pair, period = _unseen_days(network, history, found)
    days = np.diff(history.bounds).astype(np.float64)
    if shares_of_points is None:
        share = usual_shares(history, found, _seen(history, found, pair, period))
    else:
        leaf, site, given = shares_of_points
        row = found.rows_of(leaf, pd.Index(network.sites["site"]).get_indexer(pd.Index(site)).astype(np.int64))
        share = np.bincount(row[row >= 0], given[row >= 0], len(found.leaf)).astype(np.float64)
    np.subtract.at(observed, (found.leaf[pair], period), share[pair] / days[period])
    return np.where(observed < NEVER_SEEN, 0.0, observed)


def unmet_by_part(network: Network, history: History, observed: Floats) -> pd.DataFrame:
    """What each part's unmet demand is: part, used, recorded_unmet, estimated_unmet (units), share of all its demand.

    observed: as `observed_share` gives it. What was not seen is estimated at the rate of what was, y/Σe·observed per
    leaf since the part is wanted, leaning on the part's mean rate with the weight of one case.
    """
    wanted = np.arange(history.counts.shape[1]) >= history.starts[:, None]
    weeks = history.period_weeks * wanted
    units = np.where(observed > 0, history.counts * wanted, 0.0).sum(axis=1)
    seen, unseen = (weeks * observed).sum(axis=1), (weeks * (1.0 - observed)).sum(axis=1)
    parts = len(network.parts)
    rows = pd.Index(network.parts["part"]).get_indexer(pd.Index(history.part))
    units_of_part, seen_of_part = (np.bincount(rows, values, parts)[rows] for values in (units, seen))
    mean = np.where(seen_of_part > 0, units_of_part / np.where(seen_of_part > 0, seen_of_part, 1.0), 0.0)
    prior_weeks = PRIOR_CASES / np.where(mean > 0, mean, np.inf)
    rate = np.where(mean > 0, (units + PRIOR_CASES) / np.where(mean > 0, seen + prior_weeks, 1.0), 0.0)

    known = network.usage[network.usage["date"] <= pd.Timestamp(network.settings.as_of)]
    by_kind = known.groupby(["part", "kind"])["quantity"].sum().unstack(fill_value=0)
    by_kind = by_kind.reindex(index=network.parts["part"], columns=["used", "unmet"], fill_value=0).astype(float)
    frame = pd.DataFrame(
        {
            "part": network.parts["part"].to_numpy(object),
            "used": by_kind["used"].to_numpy(),
            "recorded_unmet": by_kind["unmet"].to_numpy(),
            "estimated_unmet": np.bincount(rows, rate * unseen, parts),
        }
    )
    unmet = frame["recorded_unmet"] + frame["estimated_unmet"]
    total = frame["used"] + unmet
    frame["share"] = (unmet / total.where(total > 0)).fillna(0.0)
    return frame.sort_values("part", ignore_index=True)


def _unseen_days(network: Network, history: History, found: Places) -> tuple[Ints, Ints]:
    """(pair, period) of every day on which a pair's cases were sent away unseen, each day once."""
    spells = network.stockouts
    pair = _pairs(network, history, found, spells)
    first, end = history.bounds[0], history.bounds[-1]
    start = np.maximum(spells["start"].to_numpy("datetime64[D]"), first)
    last = spells["end"].fillna(pd.Timestamp(network.settings.as_of)).to_numpy("datetime64[D]")
    length = (np.minimum(last + 1, end) - start).astype(np.int64).clip(min=0) * (pair >= 0)
    day = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    day += np.repeat((start - first).astype(np.int64), length)
    number = int((end - first).astype(np.int64))
    keys = np.unique(np.repeat(pair, length) * number + day)

    used = network.usage[(network.usage["kind"] == "used") & (network.usage["quantity"] > 0)]
    used = used[used["part"].isin(spells["part"].unique())]
    used_pair = _pairs(network, history, found, used)
    used_day = (used["date"].to_numpy("datetime64[D]") - first).astype(np.int64)
    keys = np.setdiff1d(keys, (used_pair * number + used_day)[used_pair >= 0], assume_unique=False)

    records_from = network.usage[network.usage["kind"] == "unmet"].groupby("site")["date"].min()
    from_day = records_from.reindex(network.sites["site"]).to_numpy("datetime64[D]")
    writes = ~np.isnat(from_day[found.site[keys // number]])
    writes &= first + keys % number >= from_day[found.site[keys // number]]
    keys = keys[~writes]
    period = np.searchsorted(history.bounds, first + keys % number, side="right") - 1
    return keys // number, period.astype(np.int64)


def _pairs(network: Network, history: History, found: Places, rows: pd.DataFrame) -> Ints:
    """The pair of each row's part and site, −1 where there is none."""
    sites = network.sites.set_index("site")["region"]
    leaves = pd.MultiIndex.from_arrays([history.part, history.region])
    leaf = leaves.get_indexer(pd.MultiIndex.from_arrays([rows["part"], rows["site"].map(sites)])).astype(np.int64)
    site = pd.Index(network.sites["site"]).get_indexer(pd.Index(rows["site"])).astype(np.int64)
    return np.where(leaf >= 0, found.rows_of(leaf, site), -1)


def _seen(history: History, found: Places, pair: Ints, period: Ints) -> Floats:
    """Share of the days since the part is wanted on which each pair's demand could be seen, shape (pairs,)."""
    wanted = (history.bounds[-1] - history.bounds[history.starts]).astype(np.float64)
    unseen = np.bincount(pair[period >= history.starts[found.leaf[pair]]], minlength=len(found.leaf))
    share: Floats = 1.0 - unseen / np.maximum(wanted, 1.0)[found.leaf]
    return share
