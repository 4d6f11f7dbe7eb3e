"""The plan folder on disk: written beside its place, exchanged at the end, so a reader meets a whole plan or none."""

import ctypes
import errno
import fcntl
import json
import math
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from domain.logistics import hub_of_part
from domain.network import Network
from domain.problems import ZapasError

NETWORK_FACTS = (
    "sites",
    "lanes",
    "suppliers",
    "parts",
    "models",
    "fitment",
    "substitutes",
    "stock",
    "inbound",
    "repair_orders",
    "service",
    "duties",
)
"""The network's tables the service needs; a plan folder keeps them under `network/`."""

_FACTS = "network"
_SETTINGS = {"as_of", "currency", "horizon_weeks", "fill_rate"}
_PLAN = "plan.json"
_MARKS = {"status", "snapshot"}  # what every plan.json says and no other JSON file is likely to
_PARTIAL = re.compile(r"\.partial-(\d+)(-old)?$")
_AT_FDCWD, _RENAME_NOREPLACE, _RENAME_EXCHANGE = -100, 1, 2
_UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True)
class PartialPlan:
    """A plan folder under construction: save artefacts as they are made into `path`, then `finish`."""

    out: Path
    path: Path

    def write_frame(self, name: str, frame: pd.DataFrame | Iterable[pd.DataFrame]) -> None:
        """Save `frame` as NAME.parquet: zstd, text dictionary-encoded, dates as date32; same frame, same bytes.

        A large table may come in blocks, at least one, each written before the next is made.
        """
        target = self.path / f"{name}.parquet"
        target.parent.mkdir(exist_ok=True)
        tables = map(_arrow, [frame] if isinstance(frame, pd.DataFrame) else frame)
        first = next(tables)
        text = [column.name for column in first.schema if pa.types.is_string(column.type)]
        with (
            open(target, "wb") as file,
            pq.ParquetWriter(file, first.schema, compression="zstd", use_dictionary=text) as writer,
        ):
            for table in chain([first], tables):
                writer.write_table(table)

    def write_bytes(self, name: str, content: bytes) -> None:
        """Save a finished file, e.g. plan.xlsx or report.html."""
        (self.path / name).write_bytes(content)

    def copy(self, folder: "PlanFolder") -> None:
        """Begin with every file of a finished plan."""
        shutil.copytree(folder.path, self.path, dirs_exist_ok=True)

    def write_json(self, plan: Mapping[str, Any]) -> None:
        """Save plan.json; numbers that are not finite become null."""
        text = json.dumps(_finite(plan), ensure_ascii=False, indent=1, allow_nan=False)
        (self.path / _PLAN).write_text(text + "\n", encoding="utf-8")

    def write_facts(self, network: Network) -> None:
        """Save what the service must know of the network: NETWORK_FACTS and settings.json, parts with their hub."""
        for name in NETWORK_FACTS:
            frame: pd.DataFrame = getattr(network, name)
            self.write_frame(f"{_FACTS}/{name}", frame.assign(hub=hub_of_part(network)) if name == "parts" else frame)
        told = network.settings
        settings = {"as_of": told.as_of.isoformat(), "currency": told.currency}
        settings |= {"horizon_weeks": str(told.horizon_weeks), "fill_rate": str(told.fill_rate)}
        (self.path / _FACTS / "settings.json").write_text(json.dumps(settings) + "\n", encoding="utf-8")

    def finish(self) -> None:
        """Put the folder in its place in one step; the plan that was there is removed when the block ends.

        Raises ZapasError without a plan.json, or when something other than a plan has appeared at OUT.
        """
        if not _is_plan(self.path):
            raise ZapasError(f"{self.out}: the plan has no {_PLAN} yet and cannot be finished.")
        _sync(self.path)
        _refuse_foreign(self.out)
        _exchange(self.path, self.out)
        _sync_folder(self.out.parent)


@contextmanager
def plan_folder(out: Path) -> Iterator[PartialPlan]:
    """A new plan for OUT, built in `OUT.partial-<pid>`; whatever ends the block before `finish` leaves OUT as it was.

    Folders left behind by killed runs are removed. Raises ZapasError when OUT is something other than a plan, when
    this process already writes there, and when the disk is full or refuses.
    """
    out = Path(out).resolve()
    try:
        _refuse_foreign(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        remove_stale(out)
        partial = PartialPlan(out, out.with_name(f"{out.name}.partial-{os.getpid()}"))
        partial.path.mkdir()
    except OSError as error:
        raise ZapasError(_sentence(out, error)) from error
    lock = os.open(partial.path, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield partial
    except OSError as error:
        ours = str(error.filename or "").startswith(str(partial.path))
        if not ours and error.errno not in _FULL:
            raise
        raise ZapasError(_sentence(out, error)) from error
    finally:
        shutil.rmtree(partial.path, ignore_errors=True)
        os.close(lock)


def write_plan(
    out: Path,
    plan_json: Mapping[str, Any],
    frames: Mapping[str, pd.DataFrame],
    files: Mapping[str, bytes],
    network: Network,
) -> None:
    """Write a whole plan at once: every frame, every file, the network's facts, plan.json. Raises as `plan_folder`."""
    with plan_folder(out) as partial:
        for name, frame in frames.items():
            partial.write_frame(name, frame)
        for name, content in files.items():
            partial.write_bytes(name, content)
        partial.write_facts(network)
        partial.write_json(plan_json)
        partial.finish()


@dataclass(frozen=True)
class PlanFolder:
    """A finished plan: `json` is plan.json; frames are read when asked for."""

    path: Path
    json: dict[str, Any]

    def frame(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """An artefact, e.g. `targets`; text as str, dates as datetime64[ns]. Raises ZapasError if it is damaged.

        columns: only these of them, as far as there are any, and their text as categories: a fraction of the memory.
        """
        file = self.path / f"{name}.parquet"
        try:
            with open(file, "rb") as source:
                some = None if columns is None else [name for name in pq.read_schema(file).names if name in columns]
                frame: pd.DataFrame = (
                    pq.ParquetFile(source, read_dictionary=some).read(some).to_pandas(date_as_object=False)
                )
        except FileNotFoundError as error:
            raise ZapasError(f"{self.path}: the plan folder is damaged, {file.name} is missing.") from error
        except (OSError, pa.ArrowException) as error:
            raise ZapasError(f"{self.path}: the plan folder is damaged, {file.name} cannot be read.") from error
        dates = frame.select_dtypes("datetime").columns
        return frame.astype(dict.fromkeys(dates, "datetime64[ns]"))

    def fact(self, name: str) -> pd.DataFrame:
        """A table of NETWORK_FACTS as the plan saw it. Raises as `frame`."""
        return self.frame(f"{_FACTS}/{name}")

    @cached_property
    def settings(self) -> dict[str, str]:
        """`as_of` (ISO date), `currency`, `horizon_weeks`, `fill_rate` of the network planned, as text.

        Raises ZapasError if missing or damaged.
        """
        settings = _read_json(self.path / _FACTS / "settings.json")
        if settings is None or not settings.keys() >= _SETTINGS:
            raise ZapasError(f"{self.path}: the plan folder is damaged, {_FACTS}/settings.json cannot be read.")
        return {name: str(value) for name, value in settings.items()}

    @property
    def as_of(self) -> date:
        """The date of the data planned."""
        return date.fromisoformat(self.settings["as_of"])


def read_plan(out: Path) -> PlanFolder:
    """Open a finished plan folder. Raises ZapasError when OUT does not exist, is no plan folder or is damaged."""
    path = Path(out)
    if not path.is_dir():
        raise ZapasError(f"{out}: there is no plan folder.")
    if not (path / _PLAN).is_file():
        raise ZapasError(f"{out}: this folder is no plan, it has no {_PLAN}.")
    content = _read_json(path / _PLAN)
    if content is None or not content.keys() >= _MARKS:
        raise ZapasError(f"{out}: the plan folder is damaged, {_PLAN} cannot be read.")
    return PlanFolder(path, content)


def _arrow(frame: pd.DataFrame) -> pa.Table:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    types = [_stored_as(column.type) for column in table.schema]
    return table.cast(pa.schema(list(zip(table.column_names, types, strict=True))))


def _stored_as(kind: pa.DataType) -> pa.DataType:
    """Dates without time of day, text as plain strings, also where a column is categorical or wholly empty."""
    if pa.types.is_timestamp(kind):
        return pa.date32()
    if pa.types.is_dictionary(kind):
        return _stored_as(kind.value_type)
    return pa.string() if pa.types.is_null(kind) or pa.types.is_large_string(kind) else kind


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _read_json(file: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _is_plan(path: Path) -> bool:
    return (_read_json(path / _PLAN) or {}).keys() >= _MARKS


def _refuse_foreign(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise ZapasError(f"{out}: a file of this name exists; name a folder for the plan.")
    if out.is_dir() and not _is_plan(out):
        raise ZapasError(f"{out}: this folder exists and is no plan; name another, so that nothing in it is lost.")


def remove_stale(out: Path) -> None:
    """Remove the partial folders whose writer is gone: its process is dead (or was ours) and holds no lock."""
    for path in out.parent.glob(f"{_literal(out.name)}.partial-*"):
        match = _PARTIAL.search(path.name)
        if match and path.is_dir() and not _alive(int(match[1])) and not _locked(path):
            shutil.rmtree(path, ignore_errors=True)


def _literal(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


def _alive(pid: int) -> bool:
    if pid == os.getpid():  # a container starts with the same number again; a live writer of ours holds the lock
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _locked(path: Path) -> bool:
    folder = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(folder)
    return False


def _exchange(partial: Path, out: Path) -> None:
    """Swap the finished folder into place; afterwards `partial` holds the old plan, if there was one."""
    swap = out.exists()
    try:
        _rename(partial, out, _RENAME_EXCHANGE if swap else _RENAME_NOREPLACE)
        return
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    if swap:  # this file system cannot swap: between the two renames there is no plan, never half of one
        old = partial.with_name(f"{partial.name}-old")
        os.rename(out, old)
        os.rename(partial, out)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.rename(partial, out)


def _rename(source: Path, target: Path, flags: int) -> None:
    """renameat2(2) of Linux 3.15, glibc 2.28. Raises OSError, ENOSYS where the system has no such call."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if renameat2(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), ctypes.c_uint(flags)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(target))


def _sync(folder: Path) -> None:
    for parent, _, files in os.walk(folder):
        for name in files:
            descriptor = os.open(Path(parent) / name, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        _sync_folder(Path(parent))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sentence(out: Path, error: OSError) -> str:
    if error.errno in _FULL:
        return f"{out}: the disk is full; the plan was not written and what was there before is untouched."
    if isinstance(error, FileExistsError):
        return f"{out}: another plan is being written there right now."
    return f"{out}: the plan was not written, {(error.strerror or str(error)).lower()}."
