"""report.html: one file that opens without network and prints on A4."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from domain.forecast import Forecast
from domain.network import Network
from domain.plan import Plan
from reports import charts, words
from reports.changes import sentences
from reports.explain import explain
from reports.series import parts_at_risk
from reports.summary import Summary, change_lines
from reports.tables import consignments, part_forecast, plan_frames, shipment_lines, until_week

MOST_CONSIGNMENTS = 40
MOST_CHANGES = 15
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=lambda value: value.replace(" %", "\u00a0%") if isinstance(value, str) else value,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Card:
    """One part: who it is, the sentences about it, its charts."""

    part: str
    name: str
    sentences: list[str]
    demand: Markup
    stock: Markup | None


def report_html(brief: Summary, network: Network, forecast: Forecast, plan: Plan) -> bytes:
    """The whole report, UTF-8; `brief` is the plan's summary. Same input, same bytes."""
    frames = plan_frames(plan)
    horizon, currency = network.settings.horizon_weeks, network.settings.currency
    soon = consignments(shipment_lines(network, until_week(network, frames["shipments"], "departs", 2)))
    sent = until_week(network, frames["shipments"], "departs", horizon)
    ordered = until_week(network, frames["purchase_orders"], "order_on", horizon)
    figures = _Figures()
    content: dict[str, Any] = {
        "brief": brief,
        "title": f"Plan of {words.day(brief.as_of, brief.as_of)} {brief.as_of.year}",
        "service_chart": figures.svg(charts.service_chart(brief.service)) if brief.service else None,
        "cost_chart": figures.svg(charts.cost_chart(brief.cost, currency)) if brief.cost.total else None,
        "shipments_chart": figures.svg(charts.shipments_chart(network, frames["shipments"])) if len(sent) else None,
        "orders_chart": figures.svg(charts.orders_chart(network, frames["purchase_orders"])) if len(ordered) else None,
        "depot_chart": figures.svg(charts.depot_stock_chart(network, frames)) if len(frames["projection"]) else None,
        "consignments": _rows(soon.head(MOST_CONSIGNMENTS)),
        "consignments_left": max(len(soon) - MOST_CONSIGNMENTS, 0),
        "exceptions": _rows(brief.exceptions),
        "exceptions_left": brief.counts["exceptions"] - len(brief.exceptions),
        "kinds": _rows(brief.exception_kinds),
        "change_lines": None if brief.changes is None else change_lines(brief.changes, currency),
        "changes": None if brief.changes is None else sentences(brief.changes, currency, brief.as_of, MOST_CHANGES),
        "cards": [_card(figures, network, forecast, plan, part) for part in parts_at_risk(network, forecast, frames)],
        "sites": network.site_of["name"].to_dict(),
        "money": lambda amount: words.money(amount, currency),
        "number": words.number,
        "percent": words.percent,
        "kind": words.kind,
        "day": lambda when: words.day(when, brief.as_of),
    }
    return _TEMPLATES.get_template("report.html").render(content).encode()


class _Figures:
    """Charts as inline SVG, numbered so that no two share an id."""

    def __init__(self) -> None:
        self._number = 0

    def svg(self, chart: charts.Chart) -> Markup:
        """The chart's SVG, scaled to the page; its text was escaped when it was drawn."""
        self._number += 1
        text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", charts.svg(chart))
        text = re.sub(r'\bid="([^"]+)"', rf'id="f{self._number}-\1"', text)
        return Markup(re.sub(r"url\(#([^)]+)\)", rf"url(#f{self._number}-\1)", text))


def _card(figures: _Figures, network: Network, forecast: Forecast, plan: Plan, part: str) -> Card:
    told = {"forecast": part_forecast(network, forecast, part), "overrides": forecast.overrides}
    frames = {**plan_frames(plan), **told}
    known = (frames["projection"]["part"] == part).any()
    return Card(
        part=part,
        name=words.shortened(str(network.parts.set_index("part")["name"].get(part, ""))),
        sentences=explain(frames, network, part, waiting_price=plan.targets.waiting_price),
        demand=figures.svg(charts.demand_chart(network, forecast, part)),
        stock=figures.svg(charts.part_stock_chart(network, frames, part)) if known else None,
    )


def _rows(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict("records")
