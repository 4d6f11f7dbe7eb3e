"""network.toml as `Settings`."""

import numpy as np

from domain.network import Settings
from domain.problems import Problem
from domain.schemas import SETTINGS
from storage.network_cells import parse_cells
from storage.network_source import SETTINGS_FILE, Source, misspelt


def read_settings(source: Source) -> tuple[Settings | None, list[Problem]]:
    """The settings, or None if one cannot be read, and what is wrong with them."""
    given = source.settings
    if given is None:
        says = f"there is no {SETTINGS_FILE} (in a workbook: no sheet {SETTINGS.name}); as_of and currency are required"
        unreadable = SETTINGS.name in source.unreadable
        return None, [] if unreadable else [Problem("structure", SETTINGS.name, None, "", "", says)]
    problems: list[Problem] = []
    missing = [name for name in SETTINGS.columns if name not in given]
    for name in given:
        if name not in SETTINGS.columns:
            meant = misspelt(name.rpartition(".")[2], missing)
            says = f"is not known; it looks like {meant}, rename it" if meant else "is not known and is left out"
            problems.append(Problem("structure" if meant else "warning", SETTINGS.name, None, name, given[name], says))
    values: dict[str, object] = {}
    for name, column in SETTINGS.columns.items():
        cell = given.get(name, "")
        array, wrong = parse_cells(column, [cell])
        if wrong:
            problems.append(Problem("structure", SETTINGS.name, None, name, cell, wrong[0]))
        values[name] = _plain(array[0])
    if any(problem.severity == "structure" for problem in problems):
        return None, problems
    return Settings(**values), problems  # type: ignore[arg-type]


def _plain(value: np.generic | str) -> object:
    """A Python value: dates as date, NaN as None."""
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else value.astype("datetime64[D]").item()
    item = value if isinstance(value, str) else value.item()
    return None if item != item else item
