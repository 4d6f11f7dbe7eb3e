"""The files of a plan folder that people read."""

from typing import Any

from domain.forecast import Forecast
from domain.network import Network
from domain.plan import Plan
from reports.excel import plan_xlsx
from reports.html import report_html
from reports.summary import Summary, summary
from reports.tables import COMPARED, stored_frames
from storage.plan_folder import PlanFolder


def documents(
    network: Network,
    forecast: Forecast,
    plan: Plan,
    before: PlanFolder | None,
    simulated: dict[str, Any] | None = None,
) -> dict[str, bytes]:
    """plan.xlsx and report.html, with what changed since the plan `before`. Raises ZapasError if that is damaged."""
    return written(compared(network, forecast, plan, before), network, forecast, plan, simulated)


def compared(network: Network, forecast: Forecast, plan: Plan, before: PlanFolder | None) -> Summary:
    """The summary of a plan against the stored one before it. Raises ZapasError if that is damaged."""
    return summary(network, forecast, plan, stored_frames(before, COMPARED) if before else None)


def written(
    brief: Summary, network: Network, forecast: Forecast, plan: Plan, simulated: dict[str, Any] | None = None
) -> dict[str, bytes]:
    """plan.xlsx and report.html of a plan, its summary, and what the referee says of it if it was asked."""
    return {
        "plan.xlsx": plan_xlsx(brief, network, plan),
        "report.html": report_html(brief, network, forecast, plan, simulated),
    }
