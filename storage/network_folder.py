"""A network folder (or workbook) read into a checked `Network`, with one report of everything that is wrong."""

from pathlib import Path

import pandas as pd

from domain.network import Network
from domain.problems import BadData, CheckReport, Problem, SetAside
from domain.schemas import TABLES
from storage.network_completion import complete
from storage.network_rules import apply_rules
from storage.network_set_aside import lost_share, over_the_limit
from storage.network_settings import read_settings
from storage.network_sheets import Sheet
from storage.network_source import Source, read_source, source_of_tables
from storage.network_warnings import look_for_warnings


def read_network(path: Path, strict: bool = False) -> tuple[Network, CheckReport]:
    """The network under `path` and what was found in it.

    Raises BadData with every problem when structure cannot be read as meant, when more facts than `set_aside_limit`
    cannot be read, and with `strict` when there is any problem at all.
    """
    return _insist(*check_network(path, strict))


def check_network(path: Path, strict: bool = False) -> tuple[Network | None, CheckReport]:
    """The same without raising for bad data: no network when the report is not ok.

    Raises BadData only when `path` is neither a folder nor a workbook.
    """
    return _check(read_source(Path(path)), strict)


def network_from_tables(
    tables: dict[str, pd.DataFrame], settings: dict[str, object], strict: bool = False
) -> tuple[Network, CheckReport]:
    """The same from raw tables in memory and the content of network.toml. Raises BadData."""
    return _insist(*_check(source_of_tables(tables, settings), strict))


def write_report(report: CheckReport, path: Path) -> None:
    """Write every problem, one a line, as a text file."""
    Path(path).write_text(report.text(lines_per_table=None) + "\n", encoding="utf-8")


def _insist(network: Network | None, report: CheckReport) -> tuple[Network, CheckReport]:
    if network is None:
        raise BadData(report.problems, report)
    return network, report


def _check(source: Source, strict: bool) -> tuple[Network | None, CheckReport]:
    settings, problems = read_settings(source)
    sheets = {
        name: Sheet(schema, source.tables.get(name), name in source.unreadable) for name, schema in TABLES.items()
    }
    problems = [*source.problems, *problems, *_missing_tables(source, sheets)]
    share = SetAside()
    if settings is not None:
        apply_rules(sheets, settings.as_of, settings.currency)
        look_for_warnings(sheets, settings)
        share = lost_share(sheets, settings)
        problems += over_the_limit(share, settings.set_aside_limit)
    problems += [problem for sheet in sheets.values() for problem in _by_line(sheet)]
    network = None if settings is None or _stops(problems, strict) else complete(sheets, settings)
    report = CheckReport(
        problems=problems,
        set_aside={name: sheet.set_aside() for name, sheet in sheets.items() if sheet.about.fact and sheet.has_rejects},
        share=share,
        counts={name: len(sheet.good) for name, sheet in sheets.items() if sheet.text is not None},
        assumed_weights=0 if network is None else int(network.parts["weight_assumed"].sum()),
        strict=strict,
    )
    return network, report


def _missing_tables(source: Source, sheets: dict[str, Sheet]) -> list[Problem]:
    found = []
    for name, sheet in sheets.items():
        if not sheet.about.needed or name in source.unreadable:
            continue
        if sheet.text is None:
            says = f"the table is missing; add {name}.csv"
            found.append(Problem("structure", name, None, "", "", says))
        elif not len(sheet.good) and not sheet.text.ragged:
            found.append(Problem("structure", name, None, "", "", "has no rows; the plan needs at least one"))
    return found


def _by_line(sheet: Sheet) -> list[Problem]:
    return sorted(sheet.problems, key=lambda problem: (problem.row or 0, problem.column))


def _stops(problems: list[Problem], strict: bool) -> bool:
    return any(strict or problem.severity == "structure" for problem in problems)
