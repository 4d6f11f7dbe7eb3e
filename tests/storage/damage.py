"""Ways to damage a network folder, one function each: they return what is done to the folder."""

import csv
from collections.abc import Callable
from pathlib import Path

Damage = Callable[[Path], object]


def cell(table: str, row: int, column: str, value: str) -> Damage:
    """Put `value` into a cell, adding the column if need be; row 1 is the header."""

    def damage(folder: Path) -> None:
        rows = _rows(folder / f"{table}.csv")
        if column not in rows[0]:
            rows = [[*cells, column if line == 0 else ""] for line, cells in enumerate(rows)]
        rows[row - 1][rows[0].index(column)] = value
        _save(folder / f"{table}.csv", rows)

    return damage


def header(table: str, old: str, new: str) -> Damage:
    """Rename a column."""
    return lambda folder: _save(
        folder / f"{table}.csv",
        [
            [new if line == 0 and name == old else name for name in cells]
            for line, cells in enumerate(_rows(folder / f"{table}.csv"))
        ],
    )


def without(table: str, column: str) -> Damage:
    """Drop a column."""

    def damage(folder: Path) -> None:
        rows = _rows(folder / f"{table}.csv")
        gone = rows[0].index(column)
        _save(folder / f"{table}.csv", [cells[:gone] + cells[gone + 1 :] for cells in rows])

    return damage


def append(table: str, *lines: str) -> Damage:
    """Add lines at the end; a new table needs its header first."""

    def damage(folder: Path) -> None:
        with (folder / f"{table}.csv").open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)

    return damage


def content(file: str, data: bytes) -> Damage:
    """Replace or add a file."""
    return lambda folder: (folder / file).write_bytes(data)


def recoded(table: str, encoding: str, old: str = "", new: str = "") -> Damage:
    """Save a table in another encoding, perhaps with other separators."""
    file = f"{table}.csv"
    return lambda folder: (folder / file).write_bytes(
        (folder / file).read_text(encoding="utf-8").replace(old, new).encode(encoding)
    )


def setting(line: str) -> Damage:
    """Put a line on top of network.toml."""
    return lambda folder: (folder / "network.toml").write_text(
        line + "\n" + (folder / "network.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )


def toml(old: str, new: str) -> Damage:
    """Replace text in network.toml."""
    return lambda folder: (folder / "network.toml").write_text(
        (folder / "network.toml").read_text(encoding="utf-8").replace(old, new), encoding="utf-8"
    )


def both(*damages: Damage) -> Damage:
    """One damage after the other."""
    return lambda folder: [damage(folder) for damage in damages]


def gone(file: str) -> Damage:
    """Remove a file."""
    return lambda folder: (folder / file).unlink()


def _rows(file: Path) -> list[list[str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.reader(lines))


def _save(file: Path, rows: list[list[str]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows(rows)
