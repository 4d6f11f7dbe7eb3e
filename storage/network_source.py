"""The files of a network folder or workbook as tables of text: no meaning yet, every cell a trimmed string."""

import csv
import gzip
import io
import re
import tomllib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook

from domain.problems import BadData, Problem, Severity
from domain.schemas import SETTINGS, TABLES
from storage.network_cells import cell_text, column_text

Ints = npt.NDArray[np.int64]

SETTINGS_FILE = "network.toml"
SET_ASIDE_FILE = "set_aside.xlsx"
GUIDE = "columns"  # the sheet of a template workbook that explains the others
_TABLE_FILE = re.compile(r"(?P<stem>.+)\.(?P<format>csv|csv\.gz|parquet)", re.IGNORECASE)
_OURS = re.compile(r"[.~].*|README.*|.*\.md|" + re.escape(SET_ASIDE_FILE), re.IGNORECASE)
_BLOCK_BYTES = 1 << 24
_ALIKE = 0.75  # difflib ratio from which a name counts as a misspelling
_STEM = 5  # letters from which the beginning of a name counts as one


@dataclass(frozen=True)
class TextColumn:
    """Distinct texts and, for each row, which of them it holds."""

    texts: list[str]
    codes: npt.NDArray[np.int32]

    def at(self, row: int) -> str:
        """The text of one row."""
        return self.texts[int(self.codes[row])]


@dataclass
class TextTable:
    """One table as text. lines: line of each row in its file, header = 1. ragged: (line, text) of rows torn apart."""

    name: str
    columns: dict[str, TextColumn]
    lines: Ints
    ragged: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Source:
    """All that was found: settings as text (None: there are none), tables, problems of the files themselves."""

    settings: dict[str, str] | None = None
    tables: dict[str, TextTable] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)

    def note(self, severity: Severity, table: str, says: str, *, row: int | None = None, column: str = "") -> None:
        """Add a problem of a file."""
        self.problems.append(Problem(severity, table, row, column, "", says))

    def refuse(self, table: str, says: str, row: int | None = None) -> None:
        """Add a problem that makes a whole table unreadable."""
        self.note("structure", table, says, row=row)
        self.unreadable.add(table)


def read_source(path: Path) -> Source:
    """Everything readable under `path`, a folder or a workbook. Raises BadData when it is neither."""
    if path.is_dir():
        return _read_folder(path)
    if not path.exists():
        raise BadData([Problem("structure", str(path), None, "", "", "there is no such folder or workbook")])
    if path.suffix.lower() != ".xlsx":
        raise BadData([Problem("structure", str(path), None, "", "", "neither a folder nor an .xlsx workbook")])
    return _read_workbook(path)


def source_of_tables(tables: dict[str, pd.DataFrame], settings: dict[str, object]) -> Source:
    """The same for tables already in memory; rows count as lines 2, 3, …"""
    source = Source(settings=_flat(settings))
    for name, frame in tables.items():
        if name in TABLES:
            header = [str(column) for column in frame.columns]
            columns = [pa.array(column_text(frame.iloc[:, k]), pa.string()) for k in range(len(header))]
            _add_table(source, name, header, columns, np.arange(2, len(frame) + 2))
        else:
            _unknown_name(source, name, name, set(tables))
    return source


def misspelt(name: str, missing: Iterable[str]) -> str:
    """The missing name that `name` is probably meant to be, or ""."""
    by_lower = {known.lower(): known for known in missing}
    word = name.lower()
    close = get_close_matches(word, list(by_lower), n=1, cutoff=_ALIKE)
    close += [known for known in by_lower if len(word) >= _STEM and known.startswith(word)]
    return by_lower[close[0]] if close else ""


def _read_folder(path: Path) -> Source:
    source = Source()
    files: dict[str, list[Path]] = {}
    strangers: list[Path] = []
    for file in sorted(path.iterdir()):
        match = _TABLE_FILE.fullmatch(file.name)
        if file.name == SETTINGS_FILE:
            source.settings = _read_settings(source, file)
        elif match and match["stem"] in TABLES and file.is_file():
            files.setdefault(match["stem"], []).append(file)
        elif not _OURS.fullmatch(file.name):
            strangers.append(file)
    for file in strangers:
        _unknown_name(source, file.name, file.name.split(".")[0], set(files))
    for name, found in files.items():
        if len(found) > 1:
            names = " and ".join(file.name for file in found)
            source.refuse(name, f"there are several files of this table, {names}; keep one")
        else:
            read_file(source, name, found[0])
    return source


def read_file(source: Source, name: str, file: Path) -> None:
    """Read one .csv, .csv.gz or .parquet file as the table `name` of `source`."""
    if file.name.lower().endswith(".parquet"):
        _read_parquet(source, name, file)
    else:
        _read_csv(source, name, file)


def _read_workbook(path: Path) -> Source:
    source = Source()
    try:
        book = CalamineWorkbook.from_path(path)
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except (CalamineError, OSError, ValueError) as error:
        raise BadData(
            [Problem("structure", path.name, None, "", "", f"the workbook is corrupt or no .xlsx ({error})")]
        ) from error
    for name, rows in sheets.items():
        if name == SETTINGS.name:
            pairs = {cell_text(row[0]).strip(): row[1] if len(row) > 1 else "" for row in rows if row}
            source.settings = _flat({key: value for key, value in pairs.items() if key not in ("", "key")})
        elif name in TABLES:
            texts = [[cell_text(cell) for cell in row] for row in rows]
            if not texts:
                continue
            columns = [pa.array(cells, pa.string()) for cells in zip(*texts[1:], strict=True)]
            columns = columns or [pa.array([], pa.string()) for _ in texts[0]]
            _add_table(source, name, texts[0], columns, np.arange(2, len(texts) + 1))
        elif name != GUIDE:
            _unknown_name(source, f"sheet {name}", name, set(sheets))
    return source


def _read_settings(source: Source, file: Path) -> dict[str, str] | None:
    try:
        return _flat(tomllib.loads(file.read_bytes().decode("utf-8-sig")))
    except OSError as error:
        source.refuse(SETTINGS.name, f"{file.name} cannot be read ({error.strerror})")
    except UnicodeDecodeError:
        source.refuse(SETTINGS.name, f"{file.name} is not UTF-8; save it as UTF-8")
    except tomllib.TOMLDecodeError as error:
        source.refuse(SETTINGS.name, f'{file.name} is not TOML: {error}; write lines like currency = "USD"')
    return None


def _flat(settings: dict[str, object]) -> dict[str, str]:
    """Settings as text; those of a section as `section.key`, the ones of [service] we know without the section."""
    flat: dict[str, object] = {}
    for key, value in settings.items():
        flat |= {f"{key}.{inner}": v for inner, v in value.items()} if isinstance(value, dict) else {key: value}
    return {key.removeprefix("service."): cell_text(value).strip() for key, value in flat.items()}


def _read_csv(source: Source, name: str, file: Path) -> None:
    try:
        content = file.read_bytes()
        if file.name.lower().endswith(".gz"):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        return source.refuse(name, f"{file.name} cannot be read ({error}); write it again")
    content = content.removeprefix(b"\xef\xbb\xbf")
    if not _is_text(source, name, file, content):
        return None
    header = next(csv.reader(io.StringIO(content[:_BLOCK_BYTES].decode(errors="ignore"), newline="")))
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        between = "semicolons" if ";" in header[0] else "tabs"
        return source.refuse(name, f"{file.name} has {between} between its columns; save it with commas")
    ragged: list[tuple[int, str]] = []

    def set_ragged_aside(row: "pyarrow.csv.InvalidRow") -> str:
        if row.text.strip():
            ragged.append((row.number, row.text))
        skipped.append(row.number)
        return "skip"

    skipped: list[int] = []
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(content),
            pyarrow.csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
            pyarrow.csv.ParseOptions(
                newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=set_ragged_aside
            ),
            pyarrow.csv.ConvertOptions(
                column_types={column: pa.string() for column in header}, null_values=[], strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        return source.refuse(name, f"{file.name} is not readable as CSV ({error}); is a quote left open?")
    for line, text in ragged:
        if text.count('"') % 2:  # the quote swallows every row behind it
            return source.refuse(name, f"{file.name} has a quote left open; close it", line)
    lines = np.arange(2, table.num_rows + len(skipped) + 2)
    _add_table(source, name, header, table.columns, lines[~np.isin(lines, skipped)], ragged)
    return None


def _is_text(source: Source, name: str, file: Path, content: bytes) -> bool:
    if not content.strip():
        source.refuse(name, f"{file.name} is empty; its first line names the columns")
    elif content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        source.refuse(name, f"{file.name} is UTF-16; save it as CSV UTF-8")
    elif b"\x00" in content:
        source.refuse(name, f"{file.name} holds binary data; save it as CSV UTF-8")
    else:
        try:
            content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            source.refuse(name, f"{file.name} is not UTF-8; save it as CSV UTF-8", line)
    return name not in source.unreadable


def _read_parquet(source: Source, name: str, file: Path) -> None:
    try:
        table = pq.read_table(file, use_threads=False)
        columns = [_as_text(column) for column in table.columns]
    except (pa.ArrowException, OSError) as error:
        says = str(error).split("\n")[0]
        return source.refuse(name, f"{file.name} cannot be read ({says}); write it again")
    _add_table(source, name, table.column_names, columns, np.arange(2, table.num_rows + 2))
    return None


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type):
        column = pa.compute.if_else(pa.compute.is_nan(column), None, column)
    return column.cast(pa.string())


def _add_table(
    source: Source,
    name: str,
    header: list[str],
    columns: list[pa.Array],
    lines: Ints,
    ragged: list[tuple[int, str]] | None = None,
) -> None:
    """Keep a table unless its header is broken; rows without any content are left out."""
    names = [column.strip() for column in header]
    twice = sorted({column for column in names if column and names.count(column) > 1})
    if twice:
        return source.refuse(name, f"the column {', '.join(twice)} is there twice; keep one")
    if not any(names):
        return source.refuse(name, "has no header; its first line names the columns")
    coded = {column: _text_column(cells) for column, cells in zip(names, columns, strict=True)}
    filled = np.zeros(len(lines), dtype=bool)
    for column in coded.values():
        filled |= np.array([text != "" for text in column.texts], dtype=bool)[column.codes]
    if not filled.all():
        coded = {key: TextColumn(column.texts, column.codes[filled]) for key, column in coded.items()}
    if any(any(_text_column(cells).texts) for column, cells in zip(names, columns, strict=True) if not column):
        source.note("warning", name, "a column without a name is left out; name it")
    coded.pop("", None)
    source.tables[name] = TextTable(name, coded, lines[filled], ragged or [])
    return None


def _text_column(cells: pa.Array) -> TextColumn:
    encoded = cells.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    texts = [text.strip() for text in encoded.dictionary.to_numpy(zero_copy_only=False).tolist()]
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    if encoded.null_count:
        codes = np.where(np.isnan(codes), len(texts), codes)
        texts.append("")
    return TextColumn(texts, codes.astype(np.int32))


def _unknown_name(source: Source, shown: str, stem: str, present: set[str]) -> None:
    meant = misspelt(stem, (table for table in TABLES if table not in present))
    if meant:
        source.refuse(meant, f"{shown} looks like the table {meant}; rename it to {meant} (.csv, .csv.gz or .parquet)")
    else:
        source.note("warning", shown, "is no table of a network and is left out")
