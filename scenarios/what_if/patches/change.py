"""Changes of tables, each computed on the network as it stands: the order in which they are made is no matter."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.departures import shutdowns, site_keys
from domain.network import Network
from domain.schemas import DTYPES, TABLES, About, about, about_table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Write:
    """New values of one column in some rows (positions)."""

    table: str
    column: str
    rows: Ints
    values: npt.NDArray[Any]


@dataclass(frozen=True)
class Choose:
    """A new value of one of the settings."""

    setting: str
    value: object


@dataclass(frozen=True)
class Add:
    """New rows, every column of the table there; keys are new unless equal keys add up."""

    table: str
    frame: pd.DataFrame


@dataclass(frozen=True)
class Drop:
    """Rows (positions) that are gone."""

    table: str
    rows: Ints


@dataclass(frozen=True)
class Delay:
    """Days by which rows (positions) of `inbound` come later; delays of several patches add up."""

    rows: Ints
    days: float


Change = Write | Choose | Add | Drop | Delay


def clashes(changes: Sequence[Sequence[Change]]) -> list[tuple[int, int, str]]:
    """Pairs of patches (positions) that write the same cell differently, and where: "table.column"."""
    cells = [_cells(own) for own in changes]
    found = []
    for one, other in combinations(range(len(cells)), 2):
        shared = sorted(cells[one].keys() & cells[other].keys())
        where = next((at for at in shared if _differs(cells[one][at], cells[other][at])), None)
        if where is not None:
            found.append((one, other, ".".join(filter(None, where))))
    return found


def there_already(network: Network, changes: Iterable[Change]) -> str:
    """A row that is to be new and has its key in the network, as "table key"; "" when all are new."""
    for change in changes:
        if isinstance(change, Add) and not _adds_up(change.table):
            key = list(about_table(TABLES[change.table]).key)
            known = pd.MultiIndex.from_frame(getattr(network, change.table)[key])
            again = pd.MultiIndex.from_frame(change.frame[key]).isin(known)
            if again.any():
                return f"{change.table} {' '.join(map(str, change.frame.loc[again, key].iloc[0]))}"
    return ""


def applied(network: Network, changes: Iterable[Change]) -> Network:
    """The network with all changes made; the snapshot is left as it was."""
    todo = list(changes)
    frames: dict[str, pd.DataFrame] = {}
    for name in ("rates", *(other for other in TABLES if other != "rates")):
        own = [change for change in todo if not isinstance(change, Choose | Delay) and change.table == name]
        late = [change for change in todo if isinstance(change, Delay)] if name == "inbound" else []
        if own or late:
            rates = frames.get("rates", network.rates)
            frames[name] = _table(name, getattr(network, name), own, late, rates)
    chosen: dict[str, Any] = {change.setting: change.value for change in todo if isinstance(change, Choose)}
    settings = replace(network.settings, **chosen)
    changed = replace(network, settings=settings, **frames)  # type: ignore[arg-type]  # frames by their own names
    return _wait_for_opening(changed, [change for change in todo if isinstance(change, Add)])


def rows_where(mask: "pd.Series[bool] | npt.NDArray[np.bool_]") -> Ints:
    """Positions of the rows for which `mask` holds."""
    return np.flatnonzero(np.asarray(mask, bool)).astype(np.int64)


def scaled(network: Network, table: str, columns: Iterable[str], rows: Ints, factor: float) -> list[Change]:
    """These columns times `factor` in these rows."""
    frame: pd.DataFrame = getattr(network, table)
    return [Write(table, column, rows, frame[column].to_numpy(float)[rows] * factor) for column in columns]


def written(table: str, column: str, rows: Ints, value: object) -> Write:
    """One value in all these rows."""
    values = np.empty(len(rows), DTYPES[about(TABLES[table].columns[column]).kind])
    values[:] = value
    return Write(table, column, rows, values)


def _table(name: str, frame: pd.DataFrame, changes: list[Any], late: list[Delay], rates: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, npt.NDArray[Any]] = {}
    for change in changes:
        if isinstance(change, Write):
            values = columns.setdefault(change.column, frame[change.column].to_numpy(copy=True))
            money = about(TABLES[name].columns[change.column]).money
            paid = frame["currency"].iloc[change.rows] if money else None
            values[change.rows] = change.values if paid is None else _payable(change.values, paid, rates)
    for delay in late:
        values = columns.setdefault("expected", frame["expected"].to_numpy(copy=True))
        values[delay.rows] += np.timedelta64(round(delay.days), "D")
    result = frame.assign(**columns)
    dropped = [change.rows for change in changes if isinstance(change, Drop)]
    if dropped:
        result = result.drop(index=result.index[np.unique(np.concatenate(dropped))])
    added = [change.frame for change in changes if isinstance(change, Add)]
    if added:
        new = pd.concat(added, ignore_index=True)
        new = new if _adds_up(name) else new.drop_duplicates(list(about_table(TABLES[name]).key))
        result = pd.concat([result, new.astype(frame.dtypes.to_dict())], ignore_index=True)
    if name == "service":
        return result.reset_index(drop=True)
    return _ordered(name, result)


def _ordered(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Sorted by key; where rows may have come to share one, their quantity is added up."""
    key = list(about_table(TABLES[name]).key)
    frame = frame.sort_values(key, kind="stable", ignore_index=True)
    if _adds_up(name) and frame.duplicated(key).any():
        quantity = {"stock": "on_hand", "sales": "units", "failures": "units"}.get(name, "quantity")
        total = frame.groupby(key, dropna=False, sort=False)[quantity].transform("sum")
        frame = frame.assign(**{quantity: total}).drop_duplicates(key, ignore_index=True)
    return frame


def added(table: str, rows: Sequence[Mapping[str, object]]) -> Add:
    """New rows that name only some columns; the others get what an empty cell means.

    Raises ValueError for a column the table has not.
    """
    unknown = {name for row in rows for name in row} - TABLES[table].columns.keys()
    if unknown:
        raise ValueError(f"{table} has no column {min(unknown)}")
    columns = {name: _empty(about(column)) for name, column in TABLES[table].columns.items()}
    frame = pd.DataFrame([{**columns, **row} for row in rows], columns=list(columns))
    return Add(table, frame.astype({name: DTYPES[about(c).kind] for name, c in TABLES[table].columns.items()}))


def _empty(note: About) -> object:
    if note.kind == "boolean":
        return note.empty == "true"
    if note.kind == "text":
        return note.empty
    if note.kind in ("number", "count"):
        return float(note.empty) if note.empty else np.nan
    return pd.NaT


def _adds_up(table: str) -> bool:
    """Whether rows with equal keys are one row with the sum: also stock that two changes put in one place."""
    return about_table(TABLES[table]).adds_up or table == "stock"


def _payable(values: Floats, currency: "pd.Series[str]", rates: pd.DataFrame) -> Floats:
    """Amounts as they come of one in the row's currency, x/rate: rounded as they are when they are read."""
    per_base = dict(zip(rates["currency"], rates["per_base"], strict=True))
    rate = currency.map(per_base).fillna(1.0).to_numpy(float)  # the network's own currency has rate 1
    return np.asarray(values * rate / rate)


def _wait_for_opening(network: Network, added: list[Add]) -> Network:
    """What was expected in a shutdown these changes bring arrives on the first open day after it."""
    events = [add.frame for add in added if add.table == "events"]
    if not events or not len(network.inbound):
        return network
    new, every = shutdowns(replace(network, events=pd.concat(events))), shutdowns(network)
    inbound = network.inbound
    supplier = inbound["part"].map(network.parts.set_index("part")["supplier"])
    seller = np.where(inbound["origin"] == "", "supplier:" + supplier, "")
    expected = inbound["expected"].to_numpy("datetime64[D]")
    keys_of = {site: site_keys(network, site) for site in inbound["destination"].unique()}
    opens: dict[tuple[str, str, str, np.datetime64], np.datetime64] = {}  # thousands of rows share a few ends and days
    for way in zip(inbound["destination"], inbound["lane"], seller, expected, strict=True):
        if way not in opens:
            site, lane, sold_by, day = way
            keys = keys_of[site] | {f"lane:{lane}", sold_by}
            opens[way] = every.first_open(day, keys) if new.closed(np.array([day]), keys)[0] else day
    if all(day == way[-1] for way, day in opens.items()):
        return network
    moved = [opens[way] for way in zip(inbound["destination"], inbound["lane"], seller, expected, strict=True)]
    return replace(network, inbound=inbound.assign(expected=np.array(moved, "datetime64[ns]")))


Cells = dict[tuple[str, str], "pd.Series[Any]"]


def _cells(changes: Sequence[Change]) -> Cells:
    """What a patch writes: by table and column the values by row; rows added by their key."""
    found: dict[tuple[str, str], list[pd.Series[Any]]] = {}
    for change in changes:
        if isinstance(change, Write):
            where = change.table, change.column
            found.setdefault(where, []).append(pd.Series(change.values, index=change.rows))
        elif isinstance(change, Choose):
            found.setdefault(("network", change.setting), []).append(pd.Series([change.value], index=[0], dtype=object))
        elif isinstance(change, Add) and not _adds_up(change.table):
            rows = change.frame.astype(str)
            key = rows[list(about_table(TABLES[change.table]).key)]
            index = pd.Index([" ".join(cells) for cells in key.itertuples(index=False)], dtype=object)
            said = [" ".join(cells) for cells in rows.itertuples(index=False)]
            found.setdefault((change.table, ""), []).append(pd.Series(said, index=index, dtype=object))
    return {where: pd.concat(series) if len(series) > 1 else series[0] for where, series in found.items()}


def _differs(one: "pd.Series[Any]", other: "pd.Series[Any]") -> bool:
    """Whether both write a cell, and differently."""
    shared = one.index.intersection(other.index)
    mine, theirs = one.loc[shared].to_numpy(object), other.loc[shared].to_numpy(object)
    return bool(((mine != theirs) & ~(pd.isna(mine) & pd.isna(theirs))).any())
