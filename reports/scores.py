"""The scores of a backtest as a table for the console."""

from collections.abc import Sequence

import pandas as pd
from rich.table import Table

WORDS = ("origin", "method", "part class")


def scores_table(scores: pd.DataFrame) -> Table:
    """Methods by scaled pinball loss, best first; the mix is what plans are made with."""
    columns = ("origin", "method", "series", "scaled loss", "too high", "enough in 80 %", "95 %", "99 %", "PIT off by")
    rows = [
        (
            f"{row['origin']:%Y-%m-%d}",
            row["method"],
            f"{row['series']:,}",
            f"{row['scaled_pinball_loss']:.4f}",
            f"{row['bias']:+.0%}",
            *(f"{row[f'covered_{level}']:.1%}" for level in (80, 95, 99)),
            f"{row['pit_distance']:.3f}",
        )
        for row in scores.sort_values(["origin", "scaled_pinball_loss", "method"]).to_dict("records")
    ]
    return _table("How good the forecasts were (demand over the horizon; lower loss is better)", columns, rows)


def evidence_table(evidence: pd.DataFrame) -> Table:
    """The methods of every class of parts, with what they scored at earlier origins."""
    columns = ("part class", "method", "series judged", "scaled loss", "too high", "weight", "spread")
    rows = [
        (
            row["part_class"] or "all parts",
            row["method"],
            f"{row['trials']:,}",
            f"{row['scaled_pinball_loss']:.4f}",
            f"{row['bias']:+.0%}",
            "" if row["method"] == "mix" else f"{row['weight']:.0%}",
            f"×\u00a0{row['width']:.2f}" if row["method"] == "mix" else "",
        )
        for row in evidence[(evidence["method"] == "mix") | (evidence["weight"] > 0)].to_dict("records")
    ]
    return _table("Forecasting methods, judged at earlier origins over the lead time", columns, rows)


def _table(title: str, columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
    """On a narrow console headings and names break between words, never within one."""
    table = Table(title=title, box=None, padding=(0, 1, 0, 0))
    for column, name in enumerate(columns):
        longest = max(len(word) for text in (name, *(row[column] for row in rows)) for word in text.split(" "))
        if name in WORDS:
            table.add_column(name, min_width=longest)
        else:
            table.add_column(name, justify="right", width=longest)
    for row in rows:
        table.add_row(*row, style="bold" if "mix" in row else "")
    return table
