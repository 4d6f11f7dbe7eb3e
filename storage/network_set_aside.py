"""The rows set aside: how much is lost with them, and the workbook in which to mend them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import xlsxwriter

from domain.network import Settings
from domain.problems import CheckReport, Problem, SetAside
from storage.network_completion import rates
from storage.network_sheets import Sheet
from storage.network_template import AS_TEXT, MADE

_HISTORY = {"usage": "quantity", "failures": "units"}
_POSITION = {
    "stock": "on_hand",
    "inbound": "quantity",
    "repair_orders": "quantity",
    "overrides": "quantity_per_week",
}
_ROWS_PER_SHEET = 1_000_000
_CHARACTERS_PER_CELL = 32_767


def lost_share(sheets: dict[str, Sheet], settings: Settings) -> SetAside:
    """Shares of what the fact rows hold; a row whose quantity or price is unknown counts as an average one.

    Pieces and their purchase value are added over the tables of the history and of the position.
    """
    cost = _unit_cost(sheets["parts"], rates(sheets["rates"], settings.currency))

    def share(columns: dict[str, str], price: "pd.Series[float] | None") -> float:
        return _share(_lost_and_all(sheets[table], column, price) for table, column in columns.items())

    return SetAside(
        history_units=share(_HISTORY, None),
        history_money=share(_HISTORY, cost),
        position_units=share(_POSITION, None),
        position_money=share(_POSITION, cost),
        products=share({"sales": "units"}, None),
    )


def over_the_limit(share: SetAside, limit: float) -> list[Problem]:
    """The problem that stops the plan when too much was set aside."""
    if max(share.units, share.money) <= limit:
        return []
    says = f"{share} cannot be read; mend the rows in set_aside.xlsx or raise set_aside_limit"
    return [Problem("structure", "network", None, "set_aside_limit", f"{limit:g}", says)]


def write_set_aside(report: CheckReport, path: Path) -> None:
    """Write the rows set aside, a sheet per table with its own columns and `error`: mend them and put them back.

    Every cell is text: part numbers stay as they are and nothing becomes a formula or a link.
    """
    with xlsxwriter.Workbook(str(path), {**AS_TEXT, "constant_memory": True}) as book:
        book.set_properties({"created": MADE})
        for name, frame in report.set_aside.items():
            for part, first in enumerate(range(0, max(len(frame), 1), _ROWS_PER_SHEET), start=1):
                title = name if part == 1 else f"{name} {part}"
                _write_sheet(book.add_worksheet(title), frame.iloc[first : first + _ROWS_PER_SHEET])


def _write_sheet(sheet: xlsxwriter.worksheet.Worksheet, frame: pd.DataFrame) -> None:
    for column, name in enumerate(frame.columns):
        sheet.write_string(0, column, name)
    for row, cells in enumerate(frame.itertuples(index=False), start=1):
        for column, cell in enumerate(cells):
            sheet.write_string(row, column, str(cell)[:_CHARACTERS_PER_CELL])


def _lost_and_all(sheet: Sheet, column: str, cost: "pd.Series[float] | None") -> tuple[float, float]:
    if sheet.text is None:
        return 0.0, 0.0
    frame, stands = sheet.frame, sheet.good
    amount = frame[column].abs().to_numpy(dtype=float)
    if cost is not None:
        price = frame["part"].map(cost).to_numpy(dtype=float)
        amount = amount * np.where(np.isnan(price), cost.mean() if len(cost) else 0.0, price)
    kept = amount[stands]
    average = kept.mean() if len(kept) else 1.0
    rejected = amount[sorted(sheet.errors)]
    lost = np.where(rejected > 0, rejected, average).sum() + len(sheet.text.ragged) * average
    return float(lost), float(kept.sum() + lost)


def _unit_cost(parts: Sheet, per_base: dict[str, float]) -> "pd.Series[float]":
    frame = parts.frame.drop_duplicates("part")
    rate = frame["currency"].map(per_base).astype(float).fillna(1.0)
    cost: pd.Series[float] = (frame["unit_cost"] / rate).set_axis(frame["part"])
    return cost.dropna()


def _share(pairs: Iterable[tuple[float, float]]) -> float:
    lost, everything = (sum(column) for column in zip(*pairs, strict=True))
    return lost / everything if everything else 0.0
