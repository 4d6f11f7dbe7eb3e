"""The charts of reports, notebooks and web pages: Altair, colour-blind safe (Okabe & Ito 2008), an A4 page wide."""

from math import isnan
from typing import Any

import altair as alt
import pandas as pd
import vl_convert

from domain.forecast import Forecast
from domain.network import MODES, Network
from domain.plan import Cost
from reports import words
from reports.series import depot_stock, ordered_by_week, part_fan, part_history, part_stock, shipped_by_week
from reports.summary import GroupService, cost_lines
from reports.tables import Frames, weeks_ahead

WIDTH = 620  # px: with axis and legend an A4 page between its margins
BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, GREY, PALE, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#9A9A9A", "#C9E4F5", "#222222",
)  # fmt: skip
MODE_COLOURS = dict(zip(MODES, (VERMILION, PURPLE, GREEN, BLUE, ORANGE, SKY), strict=True))
_DAY_AND_MONTH = "utcFormat(toDate(datum.value), '%-d %b')"
_LABEL_EVERY = 4  # weeks
_MONEY_AXIS = ",~f"
_PERCENT_AXIS = alt.Axis(labelExpr="format(100 * datum.value, '.0f') + ' %'", tickCount=8)

Chart = alt.Chart | alt.LayerChart | alt.FacetChart


def svg(chart: Chart) -> str:
    """The chart as SVG text; same chart, same text. Nothing is loaded from elsewhere."""
    text: str = vl_convert.vegalite_to_svg(chart.to_dict(), allowed_base_urls=[])
    return text


def shipments_chart(network: Network, shipments: pd.DataFrame) -> Chart:
    """Kilograms leaving the hub by week and mode, stacked bars."""
    data = shipped_by_week(network, shipments)
    modes = [mode for mode in MODES if mode in set(data["mode"])]
    colour = alt.Color(
        "mode:N",
        title="sent by",
        scale=alt.Scale(domain=modes, range=[MODE_COLOURS[mode] for mode in modes]),
        legend=alt.Legend(orient="top"),
    )
    bars = alt.Chart(_dated(data, "week"), width=WIDTH, height=150).mark_bar(aria=False)
    return styled(bars.encode(_weeks(network), alt.Y("kg:Q", title="leaves the hub, kg"), colour))


def orders_chart(network: Network, purchase_orders: pd.DataFrame) -> Chart:
    """Purchase value by the week of ordering, bars."""
    data = ordered_by_week(network, purchase_orders)
    title = f"ordered from suppliers, {network.settings.currency}"
    bars = alt.Chart(_dated(data, "week"), width=WIDTH, height=130).mark_bar(color=BLUE, aria=False)
    return styled(bars.encode(_weeks(network), alt.Y("value:Q", title=title, axis=alt.Axis(format=_MONEY_AXIS))))


def depot_stock_chart(network: Network, frames: Frames, depots: int = 8) -> Chart:
    """Stock on the shelf and under way against stock up to, a panel for each of the `depots` largest."""
    data = depot_stock(network, frames)
    size = data.groupby("depot")["target"].max().sort_values(ascending=False, kind="stable")
    shown = data[data["depot"].isin(size.index[:depots])]
    names = {"on_shelf": "on the shelf", "under_way": "under way", "target": "stock up to"}
    long = shown.melt(["week", "depot"], list(names), var_name="what", value_name="money")
    long = long.assign(what=long["what"].map(names), order=long["what"].map({name: n for n, name in enumerate(names)}))
    colour = _series(list(names.values()), [BLUE, SKY, BLACK])
    x, y = _time("week"), alt.Y("money:Q", title=network.settings.currency, axis=alt.Axis(format=_MONEY_AXIS))
    base = alt.Chart().properties(width=(WIDTH - 50) / 2, height=110)
    target = f"datum.what == '{names['target']}'"
    area = base.transform_filter(f"!({target})").mark_area(interpolate="step-after", aria=False)
    rule = base.transform_filter(target).mark_line(strokeDash=[5, 3], strokeWidth=1.5, aria=False)
    stacked = area.encode(x, y, colour, alt.Order("order:Q"))
    layers = alt.layer(stacked, rule.encode(x, y, colour), data=_dated(long, "week"))
    return styled(layers.facet(_panels("depot"), columns=2))


def service_chart(service: tuple[GroupService, ...]) -> Chart:
    """Promised share of repairs that find their part on the shelf by group, and the target where it is one."""
    known = [group for group in service if not isnan(group.promised)]
    names = [f"{words.shortened(group.group, 30)}  {words.percent(group.promised)}" for group in known]
    columns = {"promised": [group.promised for group in known], "target": [group.wanted for group in known]}
    data = pd.DataFrame({"group": names, **columns}).astype({"promised": float, "target": float})
    long = data.melt("group", ["promised", "target"], var_name="what", value_name="share").dropna()
    lowest = max(min(long["share"].min() - 0.03, 0.9), 0.0) if len(long) else 0.0
    y = alt.Y("group:N", title=None, sort=names, axis=alt.Axis(labelLimit=260, grid=True))
    scale = alt.Scale(domain=[lowest, 1.0], nice=False)
    x = alt.X("share:Q", title="repairs that find their part on the shelf", scale=scale, axis=_PERCENT_AXIS)
    colour = _series(["promised", "target"], [BLUE, VERMILION])
    base = alt.Chart(long)
    target = base.transform_filter("datum.what == 'target'").mark_tick(thickness=3, height=16, opacity=1, aria=False)
    promised = base.transform_filter("datum.what == 'promised'").mark_circle(size=90, opacity=1, aria=False)
    layers = alt.layer(target.encode(x, y, colour), promised.encode(x, y, colour))
    return styled(layers.properties(width=WIDTH - 160, height=24 * max(len(data), 1)))


def promise_chart(service: dict[str, Any]) -> Chart:
    """Promised and achieved share of parts found on the shelf by group, the latter with its interval.

    service: by group `promised` (or None), `achieved`, `low`, `high`, as `zapas simulate --json` has them.
    """
    rows = pd.DataFrame([{"group": group, **row} for group, row in service.items()])
    long = rows.melt("group", ["promised", "achieved"], var_name="what", value_name="share").dropna()
    ends = rows[["group", "low", "high"]].astype({"low": float, "high": float}).dropna()
    ends = ends.assign(what="achieved", high=ends["high"].clip(upper=1.0))
    least = min(long["share"].min(), ends["low"].min()) if len(ends) else long["share"].min()
    scale = alt.Scale(domain=[max(min(float(least) - 0.02, 0.9), 0.0), 1.0], nice=False)
    y = alt.Y("group:N", title=None, sort=list(service), axis=alt.Axis(labelLimit=260, grid=True))
    x = alt.X("share:Q", title="repairs that found their part on the shelf", scale=scale, axis=_PERCENT_AXIS)
    colour = _series(["promised", "achieved"], [BLUE, ORANGE])
    base = alt.Chart(long)
    promised = base.transform_filter("datum.what == 'promised'").mark_tick(
        thickness=3, height=18, opacity=1, aria=False
    )
    achieved = base.transform_filter("datum.what == 'achieved'").mark_circle(size=70, opacity=1, aria=False)
    rule = alt.Chart(ends).mark_rule(strokeWidth=3, aria=False)
    interval = rule.encode(alt.X("low:Q", scale=scale), y, colour, alt.X2("high:Q"))
    layers = alt.layer(interval, achieved.encode(x, y, colour), promised.encode(x, y, colour))
    return styled(layers.properties(width=WIDTH - 160, height=26 * len(service)))


def cost_chart(cost: Cost, currency: str) -> Chart:
    """Money by kind over the published weeks, with the figures; what lies beyond them is set apart by colour."""
    lines = cost_lines(cost)
    data = pd.DataFrame(lines, columns=["name", "kind", "amount"])
    data = data.assign(label=[words.money(amount, currency) for amount in data["amount"]])
    y = alt.Y("kind:N", title=None, sort=None, axis=alt.Axis(labelLimit=220))
    base = alt.Chart(data)
    colour = alt.condition("datum.name == 'end'", alt.value(GREY), alt.value(BLUE))
    high = max(float(data["amount"].max()), 1.0) * 1.2
    scale = alt.Scale(domain=[min(float(data["amount"].min()) * 1.2, 0.0), high], nice=False)
    x = alt.X("amount:Q", title=currency, scale=scale, axis=alt.Axis(format=_MONEY_AXIS, tickCount=6))
    bar = base.mark_bar(height={"band": 0.6}, aria=False).encode(x, y, color=colour)
    label = base.mark_text(align="left", dx=4, aria=False).encode(alt.X("amount:Q"), y, alt.Text("label:N"))
    return styled(alt.layer(bar, label).properties(width=WIDTH - 180, height=170))


def demand_chart(network: Network, forecast: Forecast, part: str) -> Chart:
    """One part: pieces a week needed over the last year, and what the weeks ahead may need."""
    used, fan = part_history(network, part), part_fan(network, forecast, part)
    names = ["used", "wanted, not there", "expected", "9 of 10 weeks stay below", "99 of 100 weeks stay below"]
    colour = _series(names, [GREY, VERMILION, BLACK, SKY, PALE])
    x, pieces = _time("start", "%b %Y"), alt.Y("high:Q", title="pieces a week")
    past = alt.Chart(_dated(used.assign(what=used["kind"].map({"used": names[0], "unmet": names[1]})), "start", "end"))
    layers = [past.mark_rect(aria=False).encode(x, alt.X2("end:T"), alt.Y("low:Q"), alt.Y2("high:Q"), colour)]
    for low, high, name in (("q90", "q99", names[4]), ("q10", "q90", names[3])):
        band = fan[["start"]].assign(low=fan[low], high=fan[high], what=name)
        area = alt.Chart(_dated(band, "start")).mark_area(interpolate="step-after", aria=False)
        layers.append(area.encode(x, pieces, alt.Y2("low:Q"), colour))
    mean = fan[["start"]].assign(high=fan["mean"], what=names[2])
    line = alt.Chart(_dated(mean, "start")).mark_line(interpolate="step-after", strokeWidth=1.5, aria=False)
    layers.append(line.encode(x, pieces, colour))
    return styled(alt.layer(*layers).properties(width=WIDTH, height=120))


def part_stock_chart(network: Network, frames: Frames, part: str) -> Chart:
    """One part at its depots: expected stock, arrivals, and the stock up to."""
    data = part_stock(network, frames, part)
    names = {"on_hand": "expected on the shelf", "arrivals": "arrives", "target": "stock up to, with what is under way"}
    long = data.melt(["week", "depot"], list(names), var_name="what", value_name="pieces")
    long["what"] = long["what"].map(names)
    colour = _series(list(names.values()), [BLUE, GREEN, BLACK])
    x, y = _time("week"), alt.Y("pieces:Q", title="pieces")
    base = alt.Chart().properties(width=(WIDTH - 50) / 2, height=90)
    stock, arrives, target = (base.transform_filter(f"datum.what == '{name}'") for name in names.values())
    layers = (
        arrives.mark_bar(width=6, aria=False).encode(x, y, colour),
        stock.mark_line(interpolate="step-after", aria=False).encode(x, y, colour),
        target.mark_line(strokeDash=[5, 3], strokeWidth=1.5, aria=False).encode(x, y, colour),
    )
    depots = list(dict.fromkeys(data["depot"]))
    return styled(alt.layer(*layers, data=_dated(long, "week")).facet(_panels("depot", depots), columns=2))


def _weeks(network: Network) -> alt.X:
    """Weeks 1..T as bands, every fourth one labelled by its Monday."""
    weeks = [f"{week:%Y-%m-%d}" for week in weeks_ahead(network)]
    axis = alt.Axis(values=weeks[::_LABEL_EVERY], labelExpr=_DAY_AND_MONTH, labelAngle=0)
    return alt.X("week:O", title="week that begins on", scale=alt.Scale(domain=weeks), axis=axis)


def _time(column: str, form: str = "%-d %b") -> alt.X:
    """A time axis that reads the same in every time zone."""
    axis = alt.Axis(format=form, labelOverlap=True, tickCount=6)
    return alt.X(f"{column}:T", title=None, scale=alt.Scale(type="utc"), axis=axis)


def _series(names: list[str], colours: list[str]) -> alt.Color:
    """Colour of the column `what`, explained above the chart."""
    legend = alt.Legend(orient="top", labelLimit=260, columns=len(names))
    return alt.Color("what:N", title=None, scale=alt.Scale(domain=names, range=colours), legend=legend)


def _panels(column: str, order: list[str] | None = None) -> alt.Facet:
    header = alt.Header(labelFontWeight="bold", labelAnchor="start", labelLimit=260)
    return alt.Facet(f"{column}:N", title=None, sort=order, header=header)


def _dated(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Dates as ISO text, which Vega reads as UTC."""
    return frame.assign(**{column: frame[column].dt.strftime("%Y-%m-%d") for column in columns})


def styled(chart: Chart) -> Chart:
    styled: Chart = chart.configure(
        font="sans-serif",
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            labelFontSize=11, titleFontSize=11, titleFontWeight="normal", gridColor="#E6E6E6", domainColor="#888888"
        ),
        legend=alt.LegendConfig(labelFontSize=11, titleFontSize=11, titleFontWeight="normal"),
    )
    return styled
