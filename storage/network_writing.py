"""Networks and raw tables written as a network folder, whole or not at all."""

import json
import math
import os
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.parquet as pq

from domain.network import Network
from domain.problems import ZapasError
from domain.schemas import SETTINGS, TABLES, about
from storage.network_cells import column_text, float_text
from storage.network_completion import money_columns
from storage.network_source import SETTINGS_FILE

Floats = npt.NDArray[np.float64]

PARQUET_ROWS = 100_000  # from here on a table is written as Parquet
_SECTION = {"fill_rate": "service"}
_ULPS = 4


def write_network(network: Network, path: Path) -> None:
    """Write `network` so that reading the folder gives the same network back, with the same snapshot.

    Raises ZapasError when `path` holds something other than a network.
    """
    settings: dict[str, object] = {}
    for name in SETTINGS.columns:
        value = getattr(network.settings, name)
        if value is not None:
            section = _SECTION.get(name)
            settings |= {section: {name: value}} if section else {name: value}
    rate = {network.settings.currency: 1.0} | dict(
        zip(network.rates["currency"], network.rates["per_base"], strict=True)
    )
    tables = {name: _as_written(schema, getattr(network, name), rate) for name, schema in TABLES.items()}
    write_tables({name: frame for name, frame in tables.items() if len(frame)}, settings, path)


def write_tables(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, object], path: Path) -> None:
    """Write raw tables as NAME.csv (NAME.parquet above 100,000 rows) and `settings` as network.toml, all at once.

    Dates and numbers are written so that they read back exactly. Raises ZapasError when `path` holds something other
    than a network.
    """
    path = Path(path).resolve()
    if path.exists() and not (path.is_dir() and ((path / SETTINGS_FILE).is_file() or not any(path.iterdir()))):
        raise ZapasError(f"{path} is there already and is no network folder; name another place")
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for name, frame in tables.items():
            _write_table(frame, partial / name)
        (partial / SETTINGS_FILE).write_text(toml(settings), encoding="utf-8")
        _exchange(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def toml(settings: Mapping[str, object]) -> str:
    """`settings` as TOML: values first, then one section per mapping; None is left out."""
    texts = {key: _toml_value(value) for key, value in settings.items() if not isinstance(value, Mapping)}
    lines = [f"{key} = {text}\n" for key, text in texts.items() if text]
    sections = [f"\n[{key}]\n{toml(value)}" for key, value in settings.items() if isinstance(value, Mapping)]
    return "".join(lines + sections)


def _toml_value(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | np.floating):
        return float_text(float(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | np.integer):
        return str(value)
    return json.dumps(str(value), ensure_ascii=False)


def _write_table(frame: pd.DataFrame, stem: Path) -> None:
    if len(frame) <= PARQUET_ROWS:
        text = pd.DataFrame({name: column_text(frame[name]) for name in frame.columns}, columns=frame.columns)
        text.to_csv(stem.with_name(f"{stem.name}.csv"), index=False, lineterminator="\n")
        return
    columns = {}
    for name, column in frame.items():
        if column.dtype == object:
            columns[str(name)] = pa.array(column_text(column), pa.string())
        else:
            array = pa.array(column, from_pandas=True)
            columns[str(name)] = array.cast(pa.date32()) if pa.types.is_timestamp(array.type) else array
    pq.write_table(pa.table(columns), stem.with_name(f"{stem.name}.parquet"), compression="zstd")


def _exchange(new: Path, place: Path) -> None:
    """Put `new` where `place` is; what was there goes only when the new one stands."""
    old = place.with_name(f".{place.name}.old-{os.getpid()}")
    if place.exists():
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _as_written(schema: pandera.DataFrameSchema, frame: pd.DataFrame, rate: Mapping[str, float]) -> pd.DataFrame:
    """A table as its file says it: money in the row's currency, nothing that the reader makes itself."""
    written = frame.copy()
    if "weight_assumed" in written:
        written["weight_kg"] = written["weight_kg"].mask(written["weight_assumed"])
    money = money_columns(schema)
    if money:
        per_base = np.asarray(written["currency"].map(rate), dtype=np.float64)
        for name in money:
            written[name] = _undivided(np.asarray(written[name], dtype=np.float64), per_base)
    return written[[name for name, column in schema.columns.items() if not about(column).derived]]


def _undivided(amount: Floats, rate: Floats) -> Floats:
    """Amounts that divided by `rate` give exactly `amount`; the product itself may be a rounding away."""
    written = amount * rate
    for step in range(1, _ULPS + 1):
        for direction in (-np.inf, np.inf):
            candidate = amount * rate
            for _ in range(step):
                candidate = np.nextafter(candidate, direction)
            better = (written / rate != amount) & (candidate / rate == amount)
            written = np.where(better, candidate, written)
    return written
