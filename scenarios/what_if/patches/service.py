"""Patches of what is promised."""

import numpy as np

from domain.service import DEFAULT_GROUP
from scenarios.what_if.patches.change import Change, Choose, added, rows_where, written
from scenarios.what_if.patches.choose import ALL
from scenarios.what_if.patches.kind import Argument, Kind, Request, Unfit

_TARGETS = ("fill_rate", "mean_wait_days", "within_days", "backorder_cost_per_day")


def _target(request: Request) -> list[Change]:
    service, group = request.network.service, request.text("group")
    if request.has("within_days") != request.has("share"):
        raise Unfit("share", "within_days and share belong together")
    target = {name: request.number(name) for name in (*_TARGETS, "share") if request.has(name)}
    rows = np.arange(len(service)) if group == ALL else rows_where(service["group"] == group)
    changes: list[Change] = [
        written("service", name, rows, target.get(name, np.nan)) for name in (*_TARGETS, "share") if len(rows)
    ]
    if group in (ALL, DEFAULT_GROUP) and not (service["group"] == DEFAULT_GROUP).any():
        if "fill_rate" in target:
            return [*changes, Choose("fill_rate", target["fill_rate"])]
        kept = Choose("fill_rate", request.network.settings.fill_rate)  # nobody else may promise the rest something
        return [*changes, kept, added("service", [{"group": DEFAULT_GROUP, **target}])]
    return changes


KINDS = (
    Kind(
        "service_target",
        "What a service group, the rest (default) or all of them are promised, instead of what they are promised now.",
        (
            Argument("group", "service group, default or all", of="group", required=True),
            Argument("fill_rate", "units served at once", "number", "shares of 1", above=0, most=0.9999),
            Argument("mean_wait_days", "mean wait for a part", "number", "days", above=0),
            Argument("within_days", "with share: wait that so many repairs keep", "number", "days", least=0),
            Argument("share", "with within_days: repairs in time", "number", "shares of 1", above=0, most=0.9999),
            Argument("backorder_cost_per_day", "price of a day a piece is waited for", "number", "money", above=0),
        ),
        "{group: all, fill_rate: 0.95}",
        _target,
        one_of=(_TARGETS,),
    ),
)
