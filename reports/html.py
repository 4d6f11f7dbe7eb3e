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
from domain.problems import ZapasError
from reports import charts, words
from reports.changes import sentences
from reports.explain import explain
from reports.frontier_chart import frontier_chart
from reports.procurement import consignments
from reports.promise import DEMAND, kept, policies, sentences_of
from reports.rule_prices import NO_RULE_COSTS, dearest_rules
from reports.series import parts_at_risk
from reports.stock_study import steps
from reports.summary import Summary, change_lines
from reports.tables import part_forecast, plan_frames, until_week
from scenarios.stock_study import frontier, planned_stock

MOST_CONSIGNMENTS = 40
MOST_CHANGES = 15
MOST_LIMITS = 3
"""Limits told of each rule."""
MOST_LEAVES = 20_000
"""Parts and regions up to which the report draws money against service; beyond, `zapas targets` does."""
TEMPLATES = Environment(
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


def report_html(
    brief: Summary, network: Network, forecast: Forecast, plan: Plan, simulated: dict[str, Any] | None = None
) -> bytes:
    """The whole report, UTF-8; `brief` is the plan's summary, `simulated` the answer of the referee if it was asked.

    Same input, same bytes.
    """
    frames = plan_frames(plan)
    horizon, currency = network.settings.horizon_weeks, network.settings.currency
    soon = consignments(network, until_week(network, frames["shipments"], "departs", 2))
    sent = until_week(network, frames["shipments"], "departs", horizon)
    ordered = until_week(network, frames["purchase_orders"], "order_on", horizon)
    rules = dearest_rules(network, frames["rule_prices"])
    figures = Figures()
    content: dict[str, Any] = {
        "brief": brief,
        "title": f"Plan of {words.day(brief.as_of, brief.as_of)} {brief.as_of.year}",
        "service_chart": figures.svg(charts.service_chart(brief.service)) if brief.service else None,
        "simulated": simulated_section(simulated, currency),
        **_frontier(figures, network, forecast, plan),
        "cost_chart": figures.svg(charts.cost_chart(brief.cost, currency)) if brief.cost.total else None,
        "shipments_chart": figures.svg(charts.shipments_chart(network, frames["shipments"])) if len(sent) else None,
        "orders_chart": figures.svg(charts.orders_chart(network, frames["purchase_orders"])) if len(ordered) else None,
        "depot_chart": figures.svg(charts.depot_stock_chart(network, frames)) if len(frames["projection"]) else None,
        "consignments": _rows(soon.head(MOST_CONSIGNMENTS)),
        "consignments_left": max(len(soon) - MOST_CONSIGNMENTS, 0),
        "rules": _rows(rules.groupby("rule").head(MOST_LIMITS)),
        "rules_left": len(rules) - len(rules.groupby("rule").head(MOST_LIMITS)),
        "no_rule": NO_RULE_COSTS,
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
    return TEMPLATES.get_template("report.html").render(content).encode()


def simulated_section(found: dict[str, Any] | None, currency: str) -> Markup:
    """Promised and achieved beside what else could be done, by `zapas simulate`; without it how to get it."""
    content: dict[str, Any] = {
        "found": found,
        "chart": None,
        "number": words.number,
        "percent": lambda share: "–" if share is None else words.percent(share),
        "days": lambda days: "–" if days is None else f"{days:.1f}",
        "money": lambda amount: "–" if amount is None else words.price(amount, currency),
        "kept": lambda group: {None: "", True: "kept", False: "below"}[kept(group)],
    }
    if found is not None and found["service"]:
        content |= {"policies": policies(found), "said": sentences_of(found, currency)}
        content |= {"demand": DEMAND[found["demand"]]}
        content["chart"] = Figures("s").svg(charts.promise_chart(found["service"]))
    return Markup(TEMPLATES.get_template("simulated.html").render(content))


def with_simulated(report: bytes, found: dict[str, Any], currency: str) -> bytes:
    """A report with this answer of the referee in its place. Raises ZapasError where the report has no such place."""
    section = simulated_section(found, currency)
    text, places = re.subn(r'<section id="simulated">.*?</section>', lambda _: section, report.decode(), flags=re.S)
    if places != 1:
        raise ZapasError("report.html was written by another version of Zapas; plan again with --simulate.")
    return text.encode()


class Figures:
    """Charts as inline SVG, numbered so that no two share an id."""

    def __init__(self, letter: str = "f") -> None:
        self._letter, self._number = letter, 0

    def svg(self, chart: charts.Chart) -> Markup:
        """The chart's SVG, scaled to the page; its text was escaped when it was drawn."""
        self._number += 1
        text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", charts.svg(chart))
        name = f"{self._letter}{self._number}"
        text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
        return Markup(re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text))


def _frontier(figures: Figures, network: Network, forecast: Forecast, plan: Plan) -> dict[str, Any]:
    """Money against service around the plan's stock, where it is drawn in a second or two."""
    if len(forecast.part) > MOST_LEAVES:
        return {"frontier": None, "frontier_says": ["It is not drawn for so many parts; zapas targets has the table."]}
    found = frontier(planned_stock(network, forecast, plan.targets))
    if found.empty:
        return {"frontier": None, "frontier_says": ["No demand is expected, so nothing needs stock."]}
    currency = network.settings.currency
    return {"frontier": figures.svg(frontier_chart(found, currency)), "frontier_says": steps(found, currency)}


def _card(figures: Figures, network: Network, forecast: Forecast, plan: Plan, part: str) -> Card:
    told = {"forecast": part_forecast(network, forecast, part), "overrides": forecast.overrides}
    frames = {**plan_frames(plan), **told}
    known = (frames["projection"]["part"] == part).any()
    return Card(
        part=part,
        name=words.shortened(str(network.parts.set_index("part")["name"].get(part, ""))),
        sentences=explain(frames, network, part),
        demand=figures.svg(charts.demand_chart(network, forecast, part)),
        stock=figures.svg(charts.part_stock_chart(network, frames, part)) if known else None,
    )


def _rows(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict("records")
