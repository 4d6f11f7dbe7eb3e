"""Promised and achieved for people: what the referee's answer (`zapas simulate --json`) means."""

from typing import Any

from reports import words

DEMAND = {
    "forecast": "the forecast the plan was made with",
    "history": "the weeks of the past year, drawn again",
    "truth": "the hidden truth of the demo",
}
POLICIES = {
    "plan": "This plan",
    "status_quo": "No stock abroad, each part by express from the hub after the fault",
    "single_mode": "All by {mode} with reorder points, as many parts at once",
    "clairvoyant": "Perfect foresight, which nobody can beat",
}
"""What may stand side by side, in this order."""


def policies(found: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for the plan and for each policy beside it.

    says; at_once: share of repairs; waiting, turnaround: days; paid, waiting_price, total: money per repair, where
    `paid` is everything but the price put on waiting. None where it is not known.
    """
    rows = []
    for name, says in POLICIES.items():
        policy = found if name == "plan" else found.get(name, {})
        mode = policy.get("best") if name == "single_mode" else ""
        policy = policy[mode] if mode else policy
        if mode is None or not policy:
            continue
        cost, repairs = policy["cost"], policy.get("repairs")
        waiting = cost["shortage"] / repairs if repairs else None
        never = policy.get("given_up") or 0.0
        left = f"; {words.percent(never)} of repairs never get their parts" if never and name != "plan" else ""
        rows.append(
            {
                "name": name,
                "says": says.format(mode=mode) + left,
                "at_once": policy["repairs_without_wait"],
                "waiting": policy["days_waiting_for_parts"],
                "turnaround": policy["turnaround_days"],
                "paid": None if waiting is None else cost["per_repair"] - waiting,
                "waiting_price": waiting,
                "total": cost["per_repair"],
            }
        )
    return rows


def kept(group: dict[str, Any]) -> bool | None:
    """Whether a group's promise lies within or below what was achieved; None where there is none, or no interval."""
    return None if group["promised"] is None or group["high"] is None else group["high"] >= group["promised"]


def sentences_of(found: dict[str, Any], currency: str) -> list[str]:
    """What a hurried reader must know: how long repairs take and what that costs, beside doing without the plan."""
    rows = {row["name"]: row for row in policies(found)}
    plan, express = rows["plan"], rows["status_quo"]
    said = []
    if plan["turnaround"] is not None:
        bench = _days(plan["turnaround"] - plan["waiting"])
        said.append(
            f"A repair takes {_days(plan['turnaround'])} from the fault to the finished device: "
            f"{_days(plan['waiting'])} waiting for parts and {bench} on the bench."
        )
    said.append(
        f"{words.percent(plan['at_once'])} of repairs find all their parts on the shelf; "
        f"{words.percent(found['solved_locally'])} of parts are in their region already when they are asked for."
    )
    if plan["turnaround"] is not None and express["turnaround"] is not None:
        more = plan["paid"] - express["paid"]
        ours, theirs = words.price(plan["paid"], currency), words.price(express["paid"], currency)
        said.append(
            f"With no stock abroad and each part sent by express it would take {_days(express['turnaround'])}. The "
            f"plan spends {ours} a repair on parts, transport, duty and stock instead of {theirs}: "
            f"{words.price(abs(more), currency)} {'more' if more > 0 else 'less'}."
        )
    if found["patience_days"] is not None:
        said.append(
            f"{words.percent(found['given_up'])} of repairs are given up after "
            f"{_days(found['patience_days'])} of waiting; times are those of the others. Beside the plan "
            "nobody gives up."
        )
    return said


def _days(days: float) -> str:
    figure = f"{days:.1f}".removesuffix(".0")
    return f"{figure} {'day' if figure == '1' else 'days'}"
