"""What a plan risks, for people: lines for the console and charts. `found` is `scenarios.what_if.risk.Risk.json()`."""

from typing import Any

import altair as alt
import pandas as pd

from reports import words
from reports.charts import BLUE, GREY, VERMILION, WIDTH, Chart, styled

_MONEY_AXIS = ",~f"


def risk_lines(found: dict[str, Any]) -> list[str]:
    """The risk of a plan, a line each."""
    currency, usual = found["currency"], found["undisturbed_cost"]["mean"]
    told = [
        f"{found['plays']} plays of {found['weeks']} weeks with what may go wrong "
        f"({found['disruptions_a_play']:.1f} of {found['known_disruptions']} disruptions in a play):",
        _spread("Cost", found["cost"], lambda value: words.money(value, currency)),
        _spread("  undisturbed", found["undisturbed_cost"], lambda value: words.money(value, currency)),
        _spread("Parts found on the shelf", found["service"], words.percent),
        _spread("  undisturbed", found["undisturbed_service"], words.percent),
        f"In 19 of 20 plays the plan costs no more than {words.money(found['value_at_risk'], currency)} above the "
        f"undisturbed {words.money(usual, currency)}; in the others "
        f"{words.money(found['expected_shortfall'], currency)} above it on average.",
        f"What hurts most, each alone from week {found['begins']} and unannounced:",
    ]
    told += [_hurt(one, currency) for one in found["worst"]]
    if found["remedies"]:
        told.append("What could be done about some of it, and what that is worth:")
        told += [_remedy(one, currency) for one in found["remedies"]]
    return [*told, "How often each comes a year is an assumption; give your own if you know better."]


def _spread(name: str, found: dict[str, float], says: Any) -> str:
    mean, median, low, high = (says(found[key]) for key in ("mean", "median", "low", "high"))
    return f"{name}: {mean} on average, half the plays below {median}, 9 of 10 between {low} and {high}."


def _hurt(one: dict[str, Any], currency: str) -> str:
    money, service = one["money"], one["service"]["value"]
    points = f"{'+' if service > 0 else '−' if service < 0 else ''}{abs(100 * service):.1f} points of service"
    back = {None: "not back to normal within the plan", 0: "no more devices wait than usual"}.get(
        one["recovery_days"], f"back to normal after {one['recovery_days']} days"
    )
    return (
        f"  {one['title']}: {words.money(money['value'], currency)} "
        f"({words.money(money['low'], currency)} to {words.money(money['high'], currency)}), {points}, {back}; "
        f"{words.number(one['per_year'])} a year: {words.money(one['yearly'], currency)} a year."
    )


def _remedy(one: dict[str, Any], currency: str) -> str:
    return (
        f"  {one['title']}, {one['instead']}: saves {words.money(one['saved']['value'], currency)} each time, "
        f"{words.money(one['yearly_worth'], currency)} a year."
    )


def cost_chart(found: dict[str, Any]) -> Chart:
    """Share of plays that cost no more than so much, with disruptions and without; a rule at the value at risk."""
    series = {"with disruptions": found["costs"], "undisturbed": found["undisturbed"]}
    data = pd.DataFrame(
        {"what": what, "cost": cost, "share": (rank + 1) / len(costs)}
        for what, costs in series.items()
        for rank, cost in enumerate(sorted(costs))
    )
    colour = alt.Color(
        "what:N",
        title=None,
        scale=alt.Scale(domain=list(series), range=[VERMILION, BLUE]),
        legend=alt.Legend(orient="top", symbolType="stroke", symbolStrokeWidth=2),
    )
    x = alt.X(
        "cost:Q",
        title=f"cost of {found['weeks']} weeks, {found['currency']}",
        scale=alt.Scale(zero=False),
        axis=alt.Axis(format=_MONEY_AXIS),
    )
    y = alt.Y(
        "share:Q",
        title="plays that cost no more",
        scale=alt.Scale(domain=[0.0, 1.0]),
        axis=alt.Axis(labelExpr="format(100 * datum.value, '.0f') + ' %'", tickCount=5),
    )
    line = alt.Chart(data).mark_line(interpolate="step-after", aria=False).encode(x, y, colour)
    at_risk = pd.DataFrame({"cost": [found["undisturbed_cost"]["mean"] + found["value_at_risk"]]})
    rule = alt.Chart(at_risk).mark_rule(color=GREY, strokeDash=[4, 3], aria=False).encode(alt.X("cost:Q"))
    return styled(alt.layer(rule, line).properties(width=WIDTH, height=170))


def worst_chart(found: dict[str, Any]) -> Chart:
    """Money lost by each of the worst disruptions, bars, with their 95 % intervals."""
    rows = [
        {"what": words.shortened(one["title"], 60), **{name: one["money"][name] for name in ("value", "low", "high")}}
        for one in found["worst"]
    ]
    data = pd.DataFrame(rows, columns=["what", "value", "low", "high"])
    y = alt.Y("what:N", sort=None, title=None, axis=alt.Axis(labelLimit=320))
    x = alt.X("value:Q", title=f"money lost, {found['currency']}", axis=alt.Axis(format=_MONEY_AXIS))
    bars = alt.Chart(data).mark_bar(color=VERMILION, aria=False).encode(x, y)
    rules = alt.Chart(data).mark_rule(color=GREY, strokeWidth=2, aria=False).encode(alt.X("low:Q"), alt.X2("high:Q"), y)
    return styled(alt.layer(bars, rules).properties(width=WIDTH - 240, height=22 * max(len(rows), 1)))
