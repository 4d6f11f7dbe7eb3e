"""The race as a table in Markdown and as a chart."""

import altair as alt
import numpy as np
import pandas as pd

from benchmarks.replenishment.race import OURS
from reports.charts import BLACK, BLUE, GREEN, VERMILION, Chart, styled

_COLOURS = {OURS: BLUE, "HiGHS": VERMILION, "SCIP": GREEN, "CP-SAT": BLACK}
_LEAST_SHOWN = 1e-6  # of the cost: a plan nearer to the bound is drawn here


def compared(found: pd.DataFrame) -> pd.DataFrame:
    """The rows with `above`: cost over the best bound anybody proved for so many parts, as a share of that bound.

    gap: (cost − the planner's own bound) / cost.
    """
    best = found.groupby("parts")["bound"].transform("max")
    return found.assign(above=(found["cost"] - best) / best.abs(), gap=(found["cost"] - found["bound"]) / found["cost"])


def table_text(found: pd.DataFrame) -> str:
    """Markdown, a row per number of parts and planner."""
    head = ["parts", "planner", "cost", "above the best bound", "own bound", "own gap", "s", "rows × columns"]
    lines = [f"| {' | '.join(head)} |", f"|{'---:|---|' + '---:|' * (len(head) - 2)}"]
    for row in compared(found).to_dict("records"):
        cells = [
            str(row["parts"]), str(row["planner"]), _money(row["cost"]), _percent(row["above"]), _money(row["bound"]),
            _percent(row["gap"]), f"{row['seconds'] + row['written']:.1f}",
            f"{row['rows']:,} × {row['columns']:,}" if row["rows"] else "",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def race_chart(found: pd.DataFrame) -> Chart:
    """Two panels over the number of parts: how far the plan is above the best bound, and the seconds it took."""
    data = compared(found)
    shown = data.assign(
        above=np.maximum(data["above"], _LEAST_SHOWN) * 100, seconds=data["seconds"] + data["written"]
    ).melt(["parts", "planner"], ["above", "seconds"], "what")
    titles = {"above": "cost above the best bound known, %", "seconds": "seconds"}
    shown = shown[shown["value"].notna()].assign(what=shown["what"].map(titles))
    names = [name for name in _COLOURS if name in set(shown["planner"])]
    colour = alt.Color(
        "planner:N",
        title=None,
        scale=alt.Scale(domain=names, range=[_COLOURS[name] for name in names]),
        legend=alt.Legend(orient="top"),
    )
    line = alt.Chart(shown, width=250, height=220).mark_line(point=True, aria=False)
    line = line.encode(
        x=alt.X(
            "parts:Q", title="parts", scale=alt.Scale(type="log"), axis=alt.Axis(values=sorted(set(found["parts"])))
        ),
        y=alt.Y("value:Q", title=None, scale=alt.Scale(type="log")),
        color=colour,
    )
    header = alt.Header(labelFontWeight="bold", labelAnchor="start", labelLimit=260)
    facet = alt.Facet("what:N", title=None, sort=list(titles.values()), header=header)
    chart: alt.FacetChart = line.facet(facet=facet).resolve_scale(y="independent")
    return styled(chart)


def _money(value: float) -> str:
    return "none" if np.isnan(value) else f"{value:,.0f}"


def _percent(share: float) -> str:
    return "" if np.isnan(share) else f"{share:.3%}"
