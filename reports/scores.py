"""The scores of a backtest as a table for the console."""

import pandas as pd
from rich.table import Table


def scores_table(scores: pd.DataFrame) -> Table:
    """Methods by scaled pinball loss, best first; the mix is what plans are made with."""
    table = Table(title="How good the forecasts were (demand over the horizon; lower loss is better)", box=None)
    columns = ("origin", "method", "series", "scaled loss", "too high", "enough in 80 %", "95 %", "99 %", "PIT off by")
    for name in columns:
        table.add_column(name, justify="left" if name in ("origin", "method") else "right")
    for row in scores.sort_values(["origin", "scaled_pinball_loss", "method"]).to_dict("records"):
        table.add_row(
            f"{row['origin']:%Y-%m-%d}",
            row["method"],
            f"{row['series']:,}",
            f"{row['scaled_pinball_loss']:.4f}",
            f"{row['bias']:+.0%}",
            *(f"{row[f'covered_{level}']:.1%}" for level in (80, 95, 99)),
            f"{row['pit_distance']:.3f}",
            style="bold" if row["method"] == "mix" else "",
        )
    return table


def evidence_table(evidence: pd.DataFrame) -> Table:
    """The methods of every class of parts, with what they scored at earlier origins."""
    table = Table(title="Forecasting methods, judged at earlier origins over the lead time", box=None)
    for name in ("part class", "method", "series judged", "scaled loss", "too high", "weight", "spread"):
        table.add_column(name, justify="left" if name in ("part class", "method") else "right")
    for row in evidence[(evidence["method"] == "mix") | (evidence["weight"] > 0)].to_dict("records"):
        table.add_row(
            row["part_class"] or "all parts",
            row["method"],
            f"{row['trials']:,}",
            f"{row['scaled_pinball_loss']:.4f}",
            f"{row['bias']:+.0%}",
            "" if row["method"] == "mix" else f"{row['weight']:.0%}",
            f"× {row['width']:.2f}" if row["method"] == "mix" else "",
            style="bold" if row["method"] == "mix" else "",
        )
    return table
