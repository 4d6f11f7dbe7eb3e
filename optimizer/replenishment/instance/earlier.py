"""What the plan before ships on departures that both plans publish: changing it costs."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import first_week, week_number
from domain.network import Network
from domain.plan import PreviousPlan
from optimizer.replenishment.instance.arrays import Departures, EarlierLines, Leaves, Parts, Texts

Ints = npt.NDArray[np.int64]


def earlier_lines(
    network: Network,
    previous: PreviousPlan | None,
    parts: Parts,
    leaves: Leaves,
    sailings: Departures,
    lane_ids: Texts,
) -> EarlierLines:
    """Lines of `previous` by leaf; none where there is no plan before or changes cost nothing."""
    settings = network.settings
    published = np.zeros(len(sailings.lane), dtype=bool)
    nothing = np.zeros(0, np.int64)
    if previous is None or settings.churn_cost == 0:
        return EarlierLines(0.0, published, np.zeros(len(leaves.part) + 1, np.int64), nothing, nothing)
    ahead = (week_number(previous.as_of, np.array([first_week(settings.as_of)], "datetime64[D]"))[0]) - 1
    published = sailings.week <= settings.horizon_weeks - max(int(ahead), 0)
    leaf, departure, units = lines_of(previous, parts, leaves, sailings, lane_ids)
    known = published[departure]
    start = np.searchsorted(leaf[known], np.arange(len(leaves.part) + 1))
    return EarlierLines(settings.churn_cost, published, start, departure[known], units[known])


def lines_of(
    previous: PreviousPlan, parts: Parts, leaves: Leaves, sailings: Departures, lane_ids: Texts
) -> tuple[Ints, Ints, Ints]:
    """(leaf, departure, units) of the lines of `previous` whose departure there still is, sorted."""
    leaf_of = pd.Series(np.arange(len(leaves.part)), pd.MultiIndex.from_arrays([parts.part[leaves.part], leaves.depot]))
    departure_of = pd.Series(
        np.arange(len(sailings.lane)), pd.MultiIndex.from_arrays([lane_ids[sailings.lane], sailings.departs])
    )
    table = previous.shipments
    day = table["departs"].to_numpy("datetime64[D]").astype(np.int64)
    departure = departure_of.reindex(pd.MultiIndex.from_arrays([table["lane"], day])).to_numpy()
    known = np.flatnonzero(~np.isnan(departure))
    j = departure[known].astype(np.int64)
    keys = pd.MultiIndex.from_arrays([table["part"].to_numpy(object)[known], sailings.depot[j]])
    leaf = leaf_of.reindex(keys).to_numpy()
    known, j, leaf = known[~np.isnan(leaf)], j[~np.isnan(leaf)], leaf[~np.isnan(leaf)].astype(np.int64)
    order = np.lexsort((j, leaf))
    return leaf[order], j[order], table["quantity"].to_numpy(np.int64)[known[order]]
