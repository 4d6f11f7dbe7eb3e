"""From readable rows to the tables a Network promises: money in one currency, defaults, equal keys added up, order."""

import dataclasses
import hashlib

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa
import pyarrow

from domain.network import Network, Settings
from domain.schemas import TABLES, about, about_table
from storage.network_sheets import Sheet

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CO2_KG_PER_KG = {"air": 4.2, "express": 4.2, "road": 0.7, "rail": 0.3, "sea": 0.3, "courier": 0.1}
"""Assumed when a lane does not say: kg CO2 per tonne-km (air 0.6, road 0.1, rail 0.03, sea 0.016; orders of magnitude
of the GLEC Framework) × a typical China-to-depot distance (7,000 km by air, road; 9,000 rail; 18,000 sea); courier:
500 km by van at 0.2."""
ASSUMED_WEIGHT_KG = 0.1  # when no part of the network has a weight


def complete(sheets: dict[str, Sheet], settings: Settings) -> Network:
    """The network of all rows that stand, every default filled in, money in the network's currency."""
    per_base = rates(sheets["rates"], settings.currency)
    frames: dict[str, pd.DataFrame] = {}
    for name, sheet in sheets.items():
        frame = _in_one_currency(sheet.schema, sheet.standing, per_base)
        if sheet.about.adds_up:
            frames[name] = _add_up(sheet.schema, frame)
        elif name == "service":
            frames[name] = frame.iloc[_service_order(frame)].reset_index(drop=True)
        else:
            frames[name] = frame.sort_values(list(sheet.about.key), ignore_index=True)
    sites, lanes = frames["sites"], frames["lanes"]
    own_rate = sites["holding_rate_per_year"]
    sites["holding_rate_per_year"] = own_rate.fillna(settings.holding_rate_per_year)
    lanes["co2_kg_per_kg"] = lanes["co2_kg_per_kg"].fillna(lanes["mode"].map(CO2_KG_PER_KG).astype(float))
    _assume_weights(frames["parts"])
    network = Network(settings, **frames)  # type: ignore[arg-type]  # the fields of Network are the tables
    return dataclasses.replace(network, snapshot=snapshot(network))


def snapshot(network: Network) -> str:
    """SHA-256 over the settings and every table: the same content gives the same hash whatever the files were."""
    digest = hashlib.sha256(repr(dataclasses.astuple(network.settings)).encode())
    for name, schema in TABLES.items():
        frame: pd.DataFrame = getattr(network, name)
        digest.update(f"{name} {len(frame)}".encode())
        for column in schema.columns:
            digest.update(column.encode())
            digest.update(_bytes(frame[column]))
    return digest.hexdigest()


def money_columns(schema: pa.DataFrameSchema) -> list[str]:
    """Columns with amounts in the row's currency."""
    return [name for name, column in schema.columns.items() if about(column).money]


def _bytes(column: "pd.Series[str]") -> bytes:
    if column.dtype == object:
        if column.empty:
            return b""
        _, ends, text = pyarrow.array(column, pyarrow.large_string()).buffers()
        return b"".join(map(bytes, (memoryview(ends)[: 8 * (len(column) + 1)], memoryview(text or b""))))
    values = column.to_numpy()
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.nan, values + 0.0)  # one NaN, one zero
    return values.tobytes()


def rates(sheet: Sheet, currency: str) -> dict[str, float]:
    """How many of each currency one unit of the network's buys."""
    frame = sheet.standing
    return {**dict(zip(frame["currency"], frame["per_base"], strict=True)), currency: 1.0}


def _in_one_currency(schema: pa.DataFrameSchema, frame: pd.DataFrame, per_base: dict[str, float]) -> pd.DataFrame:
    money = money_columns(schema)
    if not money:
        return frame
    rate = frame["currency"].map(per_base).astype(float)
    return frame.assign(**{name: frame[name] / rate for name in money})


def _add_up(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> pd.DataFrame:
    """Sum the one quantity of rows with equal keys, sorted by key."""
    key = list(about_table(schema).key)
    (quantity,) = (name for name in schema.columns if name not in key)
    order, repeats = _order(frame, key)
    ordered = frame.take(order)
    if repeats.any():
        first = np.flatnonzero(~repeats)
        total = np.add.reduceat(ordered[quantity].to_numpy(), first)
        ordered = ordered.iloc[first].assign(**{quantity: total})
    return ordered.reset_index(drop=True)


def _order(frame: pd.DataFrame, key: list[str]) -> tuple[Ints, Bools]:
    """Positions that sort `frame` by `key`, and which of the sorted rows repeat the key before them.

    A history has millions of rows: the leading columns are packed into one integer and sorted as such; only rows that
    tie there are compared in the columns left over (tickets, mostly).
    """
    packed, size, rest = np.zeros(len(frame), np.int64), 1, list(key)
    while rest:
        codes, distinct = pd.factorize(frame[rest[0]], use_na_sentinel=False)
        if size * len(distinct) >= 2**62:
            break
        size *= max(len(distinct), 1)
        packed = packed * len(distinct) + np.argsort(np.argsort(distinct))[codes]
        rest.pop(0)
    order = np.argsort(packed, kind="stable")
    repeats = np.append(False, packed[order][1:] == packed[order][:-1])[: len(frame)]
    tied = repeats | np.append(repeats[1:], False)[: len(frame)]
    if rest and tied.any():
        left = frame[rest].take(order[tied]).assign(packed=packed[order[tied]]).reset_index(drop=True)
        sorted_left = left.sort_values(["packed", *rest], kind="stable")
        order[tied] = order[tied][sorted_left.index]
        repeats[tied] = sorted_left.duplicated().to_numpy()
    return order, repeats


def _service_order(frame: pd.DataFrame) -> list[int]:
    """Groups by name, except that of two that can fit the same part and point the earlier row stays first.

    The first row that fits counts, so their order has a meaning; the order of groups that never meet has none.
    """
    conditions = frame[["part_class", "criticality", "region", "country"]].to_numpy(dtype=str)
    apart = ((conditions[:, None] != conditions[None]) & (conditions[:, None] != "") & (conditions[None] != "")).any(2)
    names = frame["group"].tolist()
    waiting = list(range(len(frame)))
    order: list[int] = []
    while waiting:
        free = [row for row in waiting if all(apart[row, other] for other in waiting if other < row)]
        order.append(min(free, key=lambda row: names[row]))
        waiting.remove(order[-1])
    return order


def _assume_weights(parts: pd.DataFrame) -> None:
    """Where a weight is missing, the median of the part's class (else of all parts), marked in `weight_assumed`."""
    known = parts["weight_kg"]
    parts["weight_assumed"] = known.isna()
    fallback = known.median() if known.notna().any() else ASSUMED_WEIGHT_KG
    of_class = known.groupby(parts["part_class"]).transform("median") if len(parts) else known
    parts["weight_kg"] = known.fillna(of_class).fillna(fallback)
