"""The charts of scenarios compared. `found`: `scenarios.what_if.comparison`'s JSON."""

from typing import Any

import altair as alt
import pandas as pd

from reports import words
from reports.charts import BLUE, GREY, VERMILION, WIDTH, Chart, styled

KIND_WORDS = words.COST_WORDS | {
    "courier": "Couriers to repair points",
    "emergency": "Emergency supply",
    "repair": "Repair of returned parts",
    "end": "Stock drawn down, waiting at the end",
}
_MONEY_AXIS = ",~f"


def change_chart(found: dict[str, Any]) -> Chart:
    """What each scenario costs more with waiting, bars with 95 % intervals."""
    rows = [
        {"scenario": one["name"], "what": what, **one[key]["difference"]}
        for one in found["scenarios"]
        for what, key in (("spent", "spent"), ("with waiting", "total"))
    ]
    data = pd.DataFrame(rows)
    names = [one["name"] for one in found["scenarios"]]
    y = alt.Y("scenario:N", sort=names, title=None, axis=alt.Axis(labelLimit=180))
    x = alt.X("value:Q", title=f"more than the base plan, {found['currency']}", axis=alt.Axis(format=_MONEY_AXIS))
    colour = alt.Color(
        "what:N",
        title=None,
        scale=alt.Scale(domain=["spent", "with waiting"], range=[BLUE, VERMILION]),
        legend=alt.Legend(orient="top"),
    )
    offset = alt.YOffset("what:N", sort=["spent", "with waiting"])
    bars = alt.Chart(data).mark_bar(aria=False).encode(x, y, colour, offset)
    rules = alt.Chart(data).mark_rule(color=GREY, strokeWidth=2, aria=False)
    ends = rules.encode(alt.X("low:Q"), alt.X2("high:Q"), y, offset)
    return styled(alt.layer(bars, ends).properties(width=WIDTH - 150, height=34 * len(names)))


def kinds_chart(found: dict[str, Any]) -> Chart:
    """The differences by kind, stacked bars per scenario."""
    kinds = [kind for kind in KIND_WORDS if any(kind in one["money"] for one in found["scenarios"])]
    rows = [
        {"scenario": one["name"], "kind": KIND_WORDS[kind], "money": one["money"][kind]["difference"]["value"]}
        for one in found["scenarios"]
        for kind in kinds
        if kind in one["money"]
    ]
    names = [one["name"] for one in found["scenarios"]]
    y = alt.Y("scenario:N", sort=names, title=None, axis=alt.Axis(labelLimit=180))
    x = alt.X("sum(money):Q", title=f"more than the base plan, {found['currency']}", axis=alt.Axis(format=_MONEY_AXIS))
    legend = alt.Legend(orient="top", columns=3, labelLimit=200)
    order = [KIND_WORDS[kind] for kind in kinds]
    colour = alt.Color("kind:N", title=None, sort=order, scale=alt.Scale(scheme="tableau20"), legend=legend)
    bars = alt.Chart(pd.DataFrame(rows)).mark_bar(aria=False).encode(x, y, colour)
    return styled(bars.properties(width=WIDTH - 150, height=26 * len(names)))


def regret_chart(found: dict[str, Any]) -> Chart:
    """Each plan in each world: money beyond the best plan for it, the darker the more."""
    regret = found["regret"]
    rows = [
        {"plan": plan, "world": world, "money": money, "label": _brief(money)}
        for plan, row in zip(regret["plans"], regret["regret"], strict=True)
        for world, money in zip(regret["worlds"], row, strict=True)
    ]
    data = pd.DataFrame(rows)
    x = alt.X("world:N", sort=list(regret["worlds"]), title="what comes", axis=alt.Axis(labelAngle=-40, labelLimit=140))
    y = alt.Y("plan:N", sort=list(regret["plans"]), title="the plan made for", axis=alt.Axis(labelLimit=140))
    scale = alt.Scale(range=["#FFFFFF", VERMILION], type="sqrt", interpolate="rgb")
    base = alt.Chart(data)
    cells = base.mark_rect(aria=False).encode(x, y, alt.Color("money:Q", scale=scale, legend=None))
    text = base.mark_text(fontSize=9, aria=False).encode(x, y, alt.Text("label:N"))
    size = len(regret["worlds"])
    width = min(WIDTH - 130, 60 * size)
    return styled(alt.layer(cells, text).properties(width=width, height=22 * len(regret["plans"])))


def _brief(money: float) -> str:
    if money < 1000:
        return f"{money:,.0f}"
    return f"{money / 1000:,.1f}k" if money < 100_000 else f"{money / 1000:,.0f}k"
