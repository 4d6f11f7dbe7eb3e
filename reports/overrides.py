"""Planners' overrides judged by what came: which figure was better, by how much money, author by author."""

from typing import Any

import pandas as pd

from domain.network import Network
from domain.problems import ZapasError
from forecasting.overrides import ONE, score_overrides
from reports import words
from storage.plan_folder import PlanFolder

_MOST = 20  # overrides told one by one


def scored(network: Network, plan: PlanFolder) -> pd.DataFrame:
    """`score_overrides` of a stored plan by the demand the network has seen since.

    Raises ZapasError when the plan is damaged or counted in another currency.
    """
    currency = plan.settings["currency"]
    if currency != network.settings.currency:
        raise ZapasError(f"{plan.path}: this plan counts in {currency}, the network in {network.settings.currency}.")
    prices = plan.json.get("waiting_price") or {}
    return score_overrides(network, plan.as_of, plan.frame("overrides"), plan.frame("forecast"), prices)


def not_scored(plan: PlanFolder, scores: pd.DataFrame) -> int:
    """How many overrides of the plan have no week that is over, or no part, region or price any more."""
    return len(plan.frame("overrides")[ONE].drop_duplicates()) - len(scores)


def by_author(scores: pd.DataFrame) -> pd.DataFrame:
    """author, overrides, better (how many saved money), worse, saved (money); sorted by author."""
    marked = scores.assign(better=scores["saved"] > 0, worse=scores["saved"] < 0)
    grouped = marked.groupby("author", as_index=False, sort=True)
    return grouped.agg(
        overrides=("part", "size"), better=("better", "sum"), worse=("worse", "sum"), saved=("saved", "sum")
    )


def as_json(scores: pd.DataFrame, currency: str, left: int) -> dict[str, Any]:
    """The scores, the totals by author and over all, as JSON values; dates are ISO text."""
    dates = {name: scores[name].dt.strftime("%Y-%m-%d") for name in ("created", "first")} if len(scores) else {}
    return {
        "currency": currency,
        "overrides": scores.assign(**dates).to_dict("records"),
        "authors": by_author(scores).to_dict("records"),
        "saved": float(scores["saved"].sum()),
        "not_scored": left,
    }


def sentences(scores: pd.DataFrame, network: Network, left: int) -> list[str]:
    """What each override was worth, the dearest first, and the total of each author, in words."""
    currency, as_of = network.settings.currency, network.settings.as_of
    if scores.empty:
        return ["No override of this plan can be judged yet." if left else "No planner overrode this plan's forecast."]
    dearest = scores.reindex(scores["saved"].abs().sort_values(ascending=False, kind="stable").index)
    lines = [
        f"{one['part']} in {one['region']}, {words.count(one['weeks'], 'week')} from {words.day(one['first'], as_of)}: "
        f"{one['author']} ({one['reason']}) expected {words.pieces(round(one['override'], 1))}, the system "
        f"{words.number(round(one['system'], 1))}; {words.number(one['demand'])} came. {_verdict(one, currency)}"
        for one in dearest.iloc[:_MOST].to_dict("records")
    ]
    if len(scores) > _MOST:
        lines.append(f"And {len(scores) - _MOST:,} more of less money.")
    lines += [
        f"In all {one['author']}: {words.count(one['overrides'], 'override')}, {one['better']:,} better and "
        f"{one['worse']:,} worse than the system, {_balance(one['saved'], currency)}."
        for one in by_author(scores).to_dict("records")
    ]
    return [*lines, f"{words.count(left, 'override')} cannot be judged yet."] if left else lines


def _verdict(one: dict[Any, Any], currency: str) -> str:
    if one["saved"] == 0:
        return "It made no difference."
    who = "The planner" if one["saved"] > 0 else "The system"
    return f"{who} was better by {words.money(abs(one['saved']), currency)}."


def _balance(saved: float, currency: str) -> str:
    if saved == 0:
        return "no money between them"
    return f"{words.money(abs(saved), currency)} {'saved' if saved > 0 else 'lost'}"
