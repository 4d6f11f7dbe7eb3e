"""Service groups: which promise a part at a repair point belongs to, and the four ways to say what is promised."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]

DEFAULT_GROUP = "default"
_TARGET_COLUMNS = ("fill_rate", "mean_wait_days", "within_days", "share", "backorder_cost_per_day")


@dataclass(frozen=True)
class FillRate:
    """At least this share of units finds its part on the shelf."""

    share: float


@dataclass(frozen=True)
class MeanWait:
    """A unit waits at most this many days on average."""

    days: float


@dataclass(frozen=True)
class WithinDays:
    """At least this share of repairs has all its parts within so many days."""

    days: float
    share: float


@dataclass(frozen=True)
class BackorderCost:
    """A waiting unit costs this much a day: no target, a price."""

    per_day: float


ServiceTarget = FillRate | MeanWait | WithinDays | BackorderCost


def service_targets(network: Network) -> dict[str, ServiceTarget]:
    """What each group is promised, in the order of the `service` table; `default` comes last if no row defines it."""
    targets = {str(row["group"]): _target(row) for row in network.service.to_dict("records")}
    return targets if DEFAULT_GROUP in targets else targets | {DEFAULT_GROUP: FillRate(network.settings.fill_rate)}


def group_of(network: Network, part: Objects, site: Objects) -> Ints:
    """Position in `service_targets` of the group each pair of part and repair point belongs to, shape of `part`.

    The first row of `service` that fits by part class, criticality, brand (any fitted model's), region and country,
    where empty fits all; else `default`. Raises ValueError for a part or site the network does not have.
    """
    part_row = _rows(pd.Index(network.parts["part"]), part, "part")
    site_row = _rows(pd.Index(network.sites["site"]), site, "site")
    names = list(service_targets(network))
    group = np.full(len(part), names.index(DEFAULT_GROUP), dtype=np.int64)
    undecided = np.arange(len(part))
    for row in network.service.to_dict("records"):
        part_fits = _parts_that_fit(network, row)
        site_fits = _fits(network.sites["region"], row["region"]) & _fits(network.sites["country"], row["country"])
        fits = part_fits[part_row[undecided]] & site_fits[site_row[undecided]]
        group[undecided[fits]] = names.index(str(row["group"]))
        undecided = undecided[~fits]
    return group


def _target(row: dict[Any, Any]) -> ServiceTarget:
    given = {name: float(row[name]) for name in _TARGET_COLUMNS if not pd.isna(row[name])}
    if given.keys() == {"fill_rate"}:
        return FillRate(given["fill_rate"])
    if given.keys() == {"mean_wait_days"}:
        return MeanWait(given["mean_wait_days"])
    if given.keys() == {"within_days", "share"}:
        return WithinDays(given["within_days"], given["share"])
    if given.keys() == {"backorder_cost_per_day"}:
        return BackorderCost(given["backorder_cost_per_day"])
    raise ValueError(
        f"service group {row['group']}: give exactly one of fill_rate, mean_wait_days, within_days with share, "
        f"backorder_cost_per_day"
    )


def _parts_that_fit(network: Network, row: dict[Any, Any]) -> Bools:
    fits = _fits(network.parts["part_class"], row["part_class"]) & _fits(
        network.parts["criticality"], row["criticality"]
    )
    if row["brand"]:
        of_brand = network.models.loc[network.models["brand"] == row["brand"], "model"]
        fitted = network.fitment.loc[network.fitment["model"].isin(of_brand), "part"]
        fits &= network.parts["part"].isin(fitted).to_numpy(bool)
    return fits


def _fits(column: "pd.Series[str]", wanted: object) -> Bools:
    """Which rows a condition fits; an empty one fits all."""
    return np.ones(len(column), dtype=bool) if wanted == "" else (column == wanted).to_numpy(bool)


def _rows(index: "pd.Index[str]", ids: Objects, what: str) -> Ints:
    rows = index.get_indexer(pd.Index(ids))
    if (rows < 0).any():
        raise ValueError(f"{what} {ids[rows < 0][0]} is not in the network")
    return rows.astype(np.int64)
