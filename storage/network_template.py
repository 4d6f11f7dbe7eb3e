"""An empty network to fill in, explained column by column from the same declarations that read it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pandera.pandas as pa
import xlsxwriter

from domain.problems import ZapasError
from domain.schemas import SETTINGS, TABLES, about, about_table
from storage.network_source import GUIDE, SETTINGS_FILE

AS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
MADE = datetime(2025, 1, 1)  # a workbook's date of creation, fixed: same content, same bytes
_GUIDE_HEADER = ("table", "column", "required", "type", "unit", "empty means", "must be", "example", "meaning")
_README = "README.txt"


def template(path: Path) -> None:
    """Empty tables with headers under `path`: a folder with README.txt, or a workbook with notes on every column.

    Raises ZapasError when something is there already.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise ZapasError(f"{path} is there already; name a new folder or workbook")
    if path.suffix.lower() == ".xlsx":
        _write_workbook(path)
    else:
        _write_folder(path)


def explain(schema: pa.DataFrameSchema, column: pa.Column) -> tuple[str, ...]:
    """One line of the guide, in the order of its header: table, column, required, type, unit, …"""
    note = about(column)
    rules = [str(check.error) for check in column.checks]
    if note.refers:
        rules.append(f"in {note.refers}")
    words = note.empty_means.removeprefix("filled: ") or note.empty or ("" if note.starred else "nothing")
    required = "yes" if note.starred else "no"
    kind = "whole number" if note.kind == "count" else note.kind
    meaning = column.description or ""
    return schema.name, column.name, required, kind, note.unit, words, ", ".join(rules), note.example, meaning


def _columns(schema: pa.DataFrameSchema) -> Iterator[pa.Column]:
    return (column for column in schema.columns.values() if not about(column).derived)


def _write_folder(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    for name, schema in TABLES.items():
        header = ",".join(column.name for column in _columns(schema))
        (path / f"{name}.csv").write_text(f"{header}\n", encoding="utf-8")
    (path / SETTINGS_FILE).write_text(_settings_template(), encoding="utf-8")
    (path / _README).write_text(_readme(), encoding="utf-8")


def _settings_template() -> str:
    lines = ["# Fill in what is required; take away the # before a line to change its default."]
    for column in _columns(SETTINGS):
        note = about(column)
        _, name, _, _, unit, _, rules, example, meaning = explain(SETTINGS, column)
        value = '""' if note.starred or not note.empty else note.empty if unit else f'"{note.empty}"'
        said = "; ".join(filter(None, [meaning, unit, rules, f"e.g. {example}" if note.starred else ""]))
        if name == "fill_rate":
            lines.append("\n[service]")
        lines.append(f"{'' if note.starred else '# '}{name} = {value}  # {'required: ' if note.starred else ''}{said}")
    return "\n".join(lines) + "\n"


def _readme() -> str:
    lines = [
        "One CSV file per table (UTF-8, comma); the order of columns and rows is free, a file that is optional may be",
        "left out. Part numbers and other ids are text and stay as written. Dates: 2025-06-30. Numbers: 1234.5.",
        "Shares: 0.25. * = required column.",
    ]
    for schema in (SETTINGS, *TABLES.values()):
        note = about_table(schema)
        needed = "needed" if note.needed or schema is SETTINGS else "optional"
        file = SETTINGS_FILE if schema is SETTINGS else f"{schema.name}.csv"
        lines += ["", f"{file} ({needed}): {schema.description}."]
        if schema is not SETTINGS:
            repeats = "rows with equal keys add up" if note.adds_up else "each key once"
            lines.append(f"  key: {', '.join(note.key)}; {repeats}")
        for column in _columns(schema):
            _, name, required, kind, unit, words, rules, example, meaning = explain(schema, column)
            star = "*" if required == "yes" else ""
            facts = [f"{kind}, {unit}" if unit and unit not in ("date", kind) else kind, rules]
            facts += [f"empty: {words}" if words else "", f"e.g. {example}" if example else ""]
            lines.append(f"  {name}{star}: {meaning} ({'; '.join(filter(None, facts))})")
    return "\n".join(lines) + "\n"


def _write_workbook(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path), AS_TEXT) as book:
        book.set_properties({"created": MADE})
        bold = book.add_format({"bold": True})
        formats = {"text": book.add_format({"num_format": "@"})}
        formats |= {kind: book.add_format({"num_format": "yyyy-mm-dd"}) for kind in ("date", "month")}
        settings = book.add_worksheet(SETTINGS.name)
        settings.write_row(0, 0, ["key", "value"], bold)
        settings.set_column(0, 0, 24)
        for row, column in enumerate(_columns(SETTINGS), start=1):
            settings.write_string(row, 0, column.name)
            settings.write_string(row, 1, about(column).empty, formats["text"])
            settings.write_comment(row, 0, _note(SETTINGS, column))
        for schema in TABLES.values():
            sheet = book.add_worksheet(schema.name)
            sheet.freeze_panes(1, 0)
            for position, column in enumerate(_columns(schema)):
                sheet.set_column(position, position, max(12, len(column.name) + 2), formats.get(about(column).kind))
                sheet.write_string(0, position, column.name, bold)
                sheet.write_comment(0, position, _note(schema, column))
        guide = book.add_worksheet(GUIDE)
        guide.write_row(0, 0, _GUIDE_HEADER, bold)
        guide.freeze_panes(1, 0)
        guide.set_column(0, len(_GUIDE_HEADER) - 1, 20)
        told = [explain(schema, column) for schema in (SETTINGS, *TABLES.values()) for column in _columns(schema)]
        for row, cells in enumerate(told, start=1):
            guide.write_row(row, 0, cells)


def _note(schema: pa.DataFrameSchema, column: pa.Column) -> str:
    cells = dict(zip(_GUIDE_HEADER, explain(schema, column), strict=True))
    lines = [cells["meaning"], *(f"{name}: {cells[name]}" for name in _GUIDE_HEADER[2:8] if cells[name])]
    return "\n".join(lines)
