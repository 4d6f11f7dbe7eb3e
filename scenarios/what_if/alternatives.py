"""What could be done about a disruption: a second route where a lane is closed, a spare depot where one is out."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.network import Network
from scenarios.in_world import Stage, World
from scenarios.what_if.disruptions import Disruption
from scenarios.what_if.scenario import Patch
from simulation.referee.board import Floats, Ints
from simulation.referee.openings import Openings
from simulation.referee.places import day_number

SPARE_READY_WEEKS = 1
"""After so many weeks a spare depot stands in for the lost one, with its stock and with what arrives for it."""

ABOUT = ("lane_closed", "site_out")
"""Kinds of patches about which something can be done."""


@dataclass(frozen=True)
class Alternative:
    """What is done instead. on: the stage with the plan changed, None: the plan as it is; patch: what happens then,
    None: what happens anyway."""

    says: str
    on: Stage | None = None
    patch: Patch | None = None


def alternative(on: Stage, world: World, disruption: Disruption, begins: int) -> Alternative | None:
    """What to do about a disruption that begins with a week; None where there is neither another route nor a depot to
    spare."""
    if disruption.kind == "lane_closed":
        return _second_route(on, world)
    if disruption.kind == "site_out" and disruption.arguments[0][0] == "depot" and disruption.weeks > SPARE_READY_WEEKS:
        shorter = replace(disruption, weeks=SPARE_READY_WEEKS)
        return Alternative(f"a spare depot ready after {SPARE_READY_WEEKS} week", patch=shorter.patch(begins))
    return None


def _second_route(on: Stage, world: World) -> Alternative | None:
    """Shipments whose departure is shut go by whichever lane to the same depot is there first. Room on that lane is
    taken to be found at its rate."""
    plan, supply, network = on.case.plan, on.case.supply, world.network
    shipments = plan.shipments
    lane = pd.Index(supply.lanes["lane"]).get_indexer(pd.Index(shipments["lane"]))
    part = pd.Index(on.case.network.parts["part"]).get_indexer(pd.Index(shipments["part"]))
    openings = Openings.of(network, on.case.end_weeks)
    planned = day_number(network, shipments["departs"])
    leaves = openings.next_departure(supply.lanes, lane, planned)
    late = np.flatnonzero((leaves > planned) & (planned < on.case.weeks * DAYS_PER_WEEK))
    if not len(late):
        return None
    best = leaves[late] + supply.lead_days[lane[late]]
    chosen, departs = lane[late].copy(), leaves[late].copy()
    for other in range(len(supply.lanes)):
        goes, day = _by(network, openings, supply.lanes, other, planned[late], lane[late])
        arrives = np.where(goes & supply.allowed[part[late], other], day + supply.lead_days[other], np.inf)
        sooner = arrives < best
        chosen[sooner], departs[sooner], best = other, day[sooner], np.minimum(arrives, best)
    moved = chosen != lane[late]
    if not moved.any():
        return None
    modes = " and ".join(sorted(set(supply.lanes["mode"].to_numpy(object)[chosen[moved]])))
    by = shipments["lane"].to_numpy(object).copy()
    when = shipments["departs"].to_numpy("datetime64[ns]").copy()
    rows = late[moved]
    by[rows] = supply.lanes["lane"].to_numpy(object)[chosen[moved]]
    when[rows] += (departs[moved] - planned[rows]).astype("timedelta64[D]")
    other_plan = replace(plan, shipments=shipments.assign(lane=by, departs=when))
    return Alternative(f"by {modes} instead", on=replace(on, case=replace(on.case, plan=other_plan)))


def _by(
    network: Network, openings: Openings, lanes: pd.DataFrame, other: int, planned: Floats, lane: Ints
) -> tuple["np.ndarray[tuple[int], np.dtype[np.bool_]]", Floats]:
    """Whether a lane joins the same places as those planned, and when it leaves next."""
    ends = lanes[["origin", "destination"]].to_numpy(object)
    same = (ends[lane] == ends[other]).all(axis=1) & (lane != other)
    return same, openings.next_departure(lanes, np.full(len(planned), other), planned)
