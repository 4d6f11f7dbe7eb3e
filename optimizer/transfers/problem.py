"""The replenishment problem of a few parts, and what each of them costs."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from domain.forecast import Forecast
from domain.network import Network
from optimizer.replenishment.coupling import Rows, usage
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.program import Programs
from optimizer.replenishment.week_cost import CostTables

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def network_of_parts(network: Network, parts: set[str]) -> Network:
    """The network with only these parts and none of the history that replenishment does not read."""
    past = ("usage", "stockouts", "failures", "receipts", "overrides")
    bare = replace(network, **{name: getattr(network, name).iloc[:0] for name in past})
    return bare.with_parts(parts)


def forecast_of_parts(forecast: Forecast, parts: set[str]) -> Forecast:
    """The forecast of these parts."""
    keep = np.array([part in parts for part in forecast.part], bool)
    row = np.cumsum(keep) - 1
    shares = keep[forecast.share_leaf]
    leaf = {name: getattr(forecast, name)[keep] for name in _LEAF}
    return replace(
        forecast,
        **leaf,
        share_leaf=row[forecast.share_leaf[shares]],
        share_site=forecast.share_site[shares],
        share=forecast.share[shares],
    )


_LEAF = ("part", "region", "mean", "batch_index", "rate_shape", "discount", "drift")


def instance_of_parts(instance: Instance, keep: Bools) -> Instance:
    """The instance with only the parts `keep`: their leaves, points, hub stock and lines; what parts share stays."""
    parts, leaves = instance.parts, instance.leaves
    leaf = keep[leaves.part]
    point = np.repeat(leaf, np.diff(leaves.point_start))
    inbound = np.repeat(keep, np.diff(parts.hub_inbound_start))
    chosen = _rows(parts, keep, {"leaf_start": _starts(parts.leaf_start, keep),
                                 "hub_inbound_start": _starts(parts.hub_inbound_start, keep),
                                 "hub_inbound_day": parts.hub_inbound_day[inbound],
                                 "hub_inbound_units": parts.hub_inbound_units[inbound]})  # fmt: skip
    number = np.cumsum(keep) - 1
    some = _rows(leaves, leaf, {"part": number[leaves.part[leaf]], "point_start": _starts(leaves.point_start, leaf),
                                "shelf_limit": leaves.shelf_limit})  # fmt: skip
    earlier = instance.earlier
    line = np.repeat(leaf, np.diff(earlier.start))
    lines = replace(
        earlier, start=_starts(earlier.start, leaf), departure=earlier.departure[line], units=earlier.units[line]
    )
    return replace(instance, parts=chosen, leaves=some, points=_rows(instance.points, point, {}), earlier=lines)


def with_room(instance: Instance) -> Instance:
    """The instance as if the depots had room without limit: what moves between them is there anyway."""
    coupling = instance.coupling
    return replace(instance, coupling=replace(coupling, storage=np.full(len(coupling.storage), np.inf)))


def _rows(table: Any, keep: Bools, given: dict[str, Any]) -> Any:
    """Some rows of a record of arrays; what is no array stays."""
    columns = {field.name: getattr(table, field.name) for field in fields(table) if field.name not in given}
    cut = {name: array[keep] for name, array in columns.items() if isinstance(array, np.ndarray)}
    return replace(table, **cut, **given)


def _starts(start: Ints, keep: Bools) -> Ints:
    return np.concatenate([[0], np.cumsum(np.diff(start)[keep])])


def money_of_parts(instance: Instance, tables: CostTables, rows: Rows, price: Floats) -> Floats:
    """What each part's plan costs at these prices of the rows that parts share, (parts,)."""
    plans = Programs(instance, tables).price(rows.terms(instance, price))
    money: Floats = plans.cost + usage(instance, rows, plans) @ price
    return money
