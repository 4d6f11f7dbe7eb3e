"""The chart of money against service: what more or less stock would do, by service group and all together."""

from math import ceil, floor, log10

import altair as alt
import pandas as pd

from reports import words
from reports.charts import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, WIDTH, Chart, styled

ALL = "all together"
MOST_GROUPS = 6
_COLOURS = [BLACK, BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY]


def frontier_chart(frontier: pd.DataFrame, currency: str) -> Chart:
    """Stock money and share of repairs that find their part, a line per group; circles: the plan's own stock.

    frontier: as `scenarios.stock_study.frontier` makes it. Groups beyond the MOST_GROUPS of most money are left out.
    """
    own = frontier[frontier["planned"]].set_index("group")["stock_money"]
    groups = own.drop(index="").sort_values(ascending=False, kind="stable").index[:MOST_GROUPS]
    name = {"": ALL} | {group: words.shortened(str(group), 24) for group in groups}
    shown = frontier[frontier["group"].isin(list(name) if len(groups) > 1 else [""])]
    data = shown.assign(what=shown["group"].map(name))[["what", "stock_money", "fill_rate", "planned"]]
    data = data[data["stock_money"] > 0.0]
    names = [text for group, text in name.items() if group in set(shown["group"])]
    colour = alt.Color(
        "what:N",
        title=None,
        scale=alt.Scale(domain=names, range=_COLOURS[: len(names)]),
        legend=alt.Legend(
            orient="top", labelLimit=150, columns=MOST_GROUPS + 1, symbolType="stroke", symbolStrokeWidth=2
        ),
    )
    x = alt.X(
        "stock_money:Q",
        title=f"stock at depots and repair points, {currency}, on a scale of ratios",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(format=",~f", values=_ticks(data["stock_money"]), labelOverlap=True),
    )
    y = alt.Y(
        "fill_rate:Q",
        title="repairs that find their part",
        scale=alt.Scale(domain=[0.0, 1.0]),
        axis=alt.Axis(labelExpr="format(100 * datum.value, '.0f') + ' %'", tickCount=6),
    )
    base = alt.Chart(data)
    line = base.mark_line(interpolate="monotone", strokeWidth=1.8, aria=False).encode(x, y, colour)
    mark = base.transform_filter("datum.planned").mark_circle(size=80, opacity=1, aria=False).encode(x, y, colour)
    return styled(alt.layer(line, mark).properties(width=WIDTH, height=230))


def _ticks(money: "pd.Series[float]") -> list[float]:
    """1, 2 and 5 times the powers of ten within the amounts."""
    if money.empty:
        return []
    powers = range(floor(log10(money.min())), ceil(log10(money.max())) + 1)
    ticks = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
    return [tick for tick in ticks if money.min() <= tick <= money.max()]
