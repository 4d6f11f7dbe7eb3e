"""What stops supply: each rule said once per place, with the parts it leaves short and what their waiting costs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, week_starts
from domain.departures import shutdowns, site_keys
from domain.logistics import LITRES_PER_M3, hub_of_part
from domain.network import Network
from optimizer.replenishment.instance import NEVER, Instance
from optimizer.replenishment.outlook import Outlook, hub_in_all
from optimizer.replenishment.program import PartPlans

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_NAMED = 3  # parts named in a sentence
_FULL = 0.99  # of its room: a depot that takes no more


@dataclass(frozen=True)
class Cause:
    """A rule that leaves parts short: the leaves it may explain, whether it is worth a line without any."""

    kind: str
    site: str
    leaves: Bools
    says: str
    always: bool = False


def causes(
    network: Network, instance: Instance, plans: PartPlans, expected: Outlook, short: Bools
) -> tuple[pd.DataFrame, Bools]:
    """(exceptions, the leaves of `short` that none of them explains); a leaf counts for the first cause that fits."""
    left, rows = short.copy(), []
    for find in (_lanes, _suppliers, _budgets, _minimum_values, _room, _shelf_life):
        for cause in find(network, instance, plans, expected, left):
            mine = np.flatnonzero(left & cause.leaves)
            if len(mine) or cause.always:
                left[mine] = False
                rows.append(_row(network, instance, expected, cause, mine))
    return pd.DataFrame(rows, columns=["kind", "part", "site", "money_at_risk", "says"]), left


def _row(
    network: Network, instance: Instance, expected: Outlook, cause: Cause, leaf: npt.NDArray[np.int64]
) -> tuple[str, str, str, float, str]:
    money = float(expected.shortage[leaf][:, : instance.published].sum())
    parts = sorted(set(instance.parts.part[instance.leaves.part[leaf]]))
    if not parts:
        return cause.kind, "", cause.site, money, f"{cause.says}."
    units = float(expected.waiting[leaf][:, : instance.published].sum(axis=0).max(initial=0.0))
    named = ", ".join(parts[:_NAMED]) + (f" and {len(parts) - _NAMED:,} more" if len(parts) > _NAMED else "")
    short = "1 part goes short" if len(parts) == 1 else f"{len(parts):,} parts go short"
    waiting = f"up to {units:,.1f} units wait, which costs {money:,.0f} {network.settings.currency}"
    says = f"{cause.says}; {short} ({named}): {waiting}."
    return cause.kind, parts[0] if len(parts) == 1 else "", cause.site, money, says


# --- lanes -------------------------------------------------------------------------------------------------------


def _lanes(network: Network, instance: Instance, plans: PartPlans, expected: Outlook, short: Bools) -> Iterator[Cause]:
    """No lane, none that may carry the part, none that leaves or has room, one lane that does neither."""
    leaves, lanes = instance.leaves, instance.lanes.lanes
    hub = pd.Series(hub_of_part(network), index=network.parts["part"]).reindex(instance.parts.part).to_numpy(object)
    destination = lanes["destination"].to_numpy(object)
    rows = np.flatnonzero(short)
    here = instance.depots[leaves.depot[rows]][:, None] == destination[None, :]
    leads = here & (hub[leaves.part[rows]][:, None] == lanes["origin"].to_numpy(object)[None, :])
    may = here & np.isfinite(instance.parts.lane_cost)[leaves.part[rows]]
    idle = _idle(instance)

    def among(which: Bools) -> Bools:
        found = np.zeros(len(short), bool)
        found[rows[which]] = True
        return found

    for code, depot in enumerate(instance.depots):
        at = leaves.depot[rows] == code
        yield Cause("no lane", depot, among(at & ~leads.any(axis=1)), f"No lane leads to {depot}")
        forbidden = among(at & ~may.any(axis=1))
        yield Cause("no lane", depot, forbidden, f"No lane to {depot} may carry dangerous goods")
    stopped = may.any(axis=1) & ~(may & ~idle).any(axis=1)
    if network.settings.frozen_weeks >= instance.published:
        says = f"All {instance.published} weeks of the plan are frozen, so that nothing new is ordered or leaves"
        yield Cause("frozen weeks", "", among(stopped), says)
        return
    why = {int(lane): _why_idle(network, instance, int(lane)) for lane in np.flatnonzero(idle)}
    for lane, says in why.items():
        only = among(stopped & may[:, lane] & (may.sum(axis=1) == 1))
        yield Cause("closed lane", destination[lane], only, f"Lane {instance.lane_ids[lane]} {says}", always=True)
    for code, depot in enumerate(instance.depots):
        together = ", ".join(f"{instance.lane_ids[n]} {says}" for n, says in why.items() if destination[n] == depot)
        none_open = among(stopped & (leaves.depot[rows] == code))
        yield Cause("no open lane", depot, none_open, f"No open lane reaches {depot} ({together})")


def _idle(instance: Instance) -> Bools:
    """Lanes without a departure in weeks 1..T that has room."""
    sailings, coupling = instance.departures, instance.coupling
    usable = (sailings.week <= instance.published) & (coupling.kg > 0) & (coupling.litres > 0)
    return np.asarray(np.bincount(sailings.lane[usable], minlength=len(instance.lane_ids)) == 0)


def _why_idle(network: Network, instance: Instance, lane: int) -> str:
    row = instance.lanes.lanes.iloc[lane]
    inside = (instance.departures.lane == lane) & (instance.departures.week <= instance.published)
    if inside.any():
        return "has no room: its capacity is 0"
    shut = shutdowns(network)
    days = week_starts(network.settings.as_of, instance.published)[:, None] + np.arange(DAYS_PER_WEEK)
    ends = {str(row["origin"]): "where it begins", str(row["destination"]): "where it ends"}
    for keys, what in (
        ({"all", f"lane:{row['lane']}"}, "is shut"),
        *((site_keys(network, site), f"stands still: {site}, {which}, is shut") for site, which in ends.items()),
    ):
        if shut.closed(days, keys).all():
            last = shut.first_open(days.max(), keys) - 1
            return f"{what} until {_day(last)}"
    weekdays = row["departures"] or "any day"
    return f"never leaves in the {instance.published} weeks of the plan: it is shut on its days ({weekdays})"


# --- supply to the hub -------------------------------------------------------------------------------------------


def _exhausted(instance: Instance, plans: PartPlans) -> Bools:
    """Leaves of parts of which the hub has nothing left."""
    number = len(instance.parts.part)
    there = hub_in_all(instance) + np.bincount(plans.buyer, plans.bought, number)
    empty = there - np.bincount(instance.leaves.part[plans.leaf], plans.units, number) < 1
    return np.asarray(empty[instance.leaves.part])


def _suppliers(
    network: Network, instance: Instance, plans: PartPlans, expected: Outlook, short: Bools
) -> Iterator[Cause]:
    """A supplier shut for the whole plan, last order dates that are past."""
    parts, first_day = instance.parts, np.datetime64(instance.first_monday, "D")
    shut, waiting = shutdowns(network), short & _exhausted(instance, plans)
    for code, supplier in enumerate(instance.suppliers):
        mine = waiting & (parts.supplier == code)[instance.leaves.part]
        name = supplier or "the market"
        weeks = np.flatnonzero(instance.ordering.expected[code, : instance.published] < NEVER) + 1
        if len(weeks) == 0:
            keys = {"all", f"supplier:{supplier}"}
            last = shut.first_open(first_day + DAYS_PER_WEEK * (instance.published - 1), keys) - 1
            until = f"{name[0].upper()}{name[1:]} is shut until {_day(last)}"
            yield Cause("closed supplier", "", mine, f"{until} and takes no order in the whole plan")
            continue
        past = mine & (parts.last_order_week < weeks[0])[instance.leaves.part]
        yield Cause("last order date", "", past, f"Past their last order date, parts can no longer be bought of {name}")


def _minimum_values(
    network: Network, instance: Instance, plans: PartPlans, expected: Outlook, short: Bools
) -> Iterator[Cause]:
    """Suppliers with a minimum order value from whom nothing is ordered in weeks 1..T."""
    supplier, minimum = instance.parts.supplier, instance.coupling.minimum_value
    early = plans.week <= instance.published
    ordered = np.bincount(supplier[plans.buyer[early]], minlength=len(minimum)) > 0
    waiting = short & _exhausted(instance, plans)
    for code in np.flatnonzero((minimum > 0) & ~ordered):
        mine = waiting & (supplier == code)[instance.leaves.part]
        least = f"{minimum[code]:,.0f} {network.settings.currency}"
        says = f"Nothing is ordered from {instance.suppliers[code]}: its minimum order of {least} is not reached"
        yield Cause("minimum value", "", mine, says)


def _budgets(
    network: Network, instance: Instance, plans: PartPlans, expected: Outlook, short: Bools
) -> Iterator[Cause]:
    """Runs of periods whose budget buys nothing; they explain shortage from when their orders would have come."""
    parts, published = instance.parts, instance.published
    lot = np.maximum(parts.moq, 1) * parts.unit_cost
    cheapest = float(lot[lot > 0].min(initial=np.inf))
    budget = instance.coupling.budget[: instance.coupling.period_of_week[published] + 1]
    poor = np.concatenate([[False], budget < cheapest, [False]])
    edges = np.flatnonzero(np.diff(poor.astype(np.int64)))
    exhausted, length = _exhausted(instance, plans), network.settings.budget_period_weeks
    last_short = published - (expected.backorders[:, :published] >= 0.5)[:, ::-1].argmax(axis=1)
    supplier_weeks = instance.supplier_lead_days[parts.supplier] / DAYS_PER_WEEK
    lead = supplier_weeks[instance.leaves.part] + instance.leaves.lead_weeks
    for first, after in list(pairwise(edges.tolist()))[::2]:
        begin, end = first * length + 1, min(after * length, published)
        start = np.datetime64(instance.first_monday + DAYS_PER_WEEK * (begin - 1), "D")
        until = np.datetime64(instance.first_monday + DAYS_PER_WEEK * end - 1, "D")
        most = float(budget[first:after].max())
        amount = "is 0" if most == 0 else f"of {most:,.2f} {network.settings.currency} does not buy the cheapest lot"
        says = f"Nothing can be ordered from {_day(start)} to {_day(until)}: the budget {amount}"
        yield Cause("budget", "", exhausted & (begin + lead <= last_short), says, always=most == 0)


# --- at the depot ------------------------------------------------------------------------------------------------


def _room(network: Network, instance: Instance, plans: PartPlans, expected: Outlook, short: Bools) -> Iterator[Cause]:
    """Depots that are full from the first week on."""
    leaves, room = instance.leaves, instance.coupling.storage
    litres = instance.parts.litres[leaves.part]
    for code in np.flatnonzero(np.isfinite(room)):
        here = leaves.depot == code
        used = (litres[here, None] * expected.on_hand[here][:, : instance.published]).sum(axis=0)
        full = used >= _FULL * room[code]
        if not full[0]:
            continue
        weeks = len(full) if full.all() else int(full.argmin())
        until = np.datetime64(instance.first_monday + DAYS_PER_WEEK * weeks - 1, "D")
        taken = f"{used[0] / LITRES_PER_M3:,.2f} of its {room[code] / LITRES_PER_M3:,.2f} m³ are taken"
        says = f"{instance.depots[code]} is full until {_day(until)}: {taken} in the first week"
        yield Cause("full depot", str(instance.depots[code]), here & (litres > 0), says, always=True)


def _shelf_life(
    network: Network, instance: Instance, plans: PartPlans, expected: Outlook, short: Bools
) -> Iterator[Cause]:
    """Parts that keep fewer days than every lane takes that may carry them."""
    leaves = instance.leaves
    life = network.parts.set_index("part")["shelf_life_days"].reindex(instance.parts.part).to_numpy(float)
    spoils = np.flatnonzero(leaves.shelf_row >= 0)
    destination = instance.lanes.lanes["destination"].to_numpy(object)
    may = np.isfinite(instance.parts.lane_cost)[leaves.part[spoils]]
    may &= instance.depots[leaves.depot[spoils]][:, None] == destination[None, :]
    fastest = np.where(may, instance.lanes.lead_days, np.inf).min(axis=1, initial=np.inf)
    too_old = spoils[(life[leaves.part[spoils]] < fastest) & np.isfinite(fastest)]
    for code in np.unique(leaves.depot[too_old]):
        depot, mine = instance.depots[code], too_old[leaves.depot[too_old] == code]
        parts = len(np.unique(leaves.part[mine]))
        which = "1 part keeps" if parts == 1 else f"{parts:,} parts keep"
        yield Cause(
            "shelf life",
            depot,
            np.isin(np.arange(len(short)), mine),
            f"{which} fewer days than every lane to {depot} takes and would spoil on the way",
            always=True,
        )


def _day(day: "np.datetime64 | date") -> str:
    return f"{pd.Timestamp(day):%d %b %Y}"
