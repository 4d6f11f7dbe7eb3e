"""Shipment lines: when each arrives, and what the hub may lack for it."""

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt
from scipy.stats import gamma

from domain.calendar import DAYS_PER_WEEK
from domain.threads import in_threads, kernel
from optimizer.replenishment.execution.demand import Demand, window
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.program import PartPlans

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_CERTAIN = 1.0 - 1e-6


class Lines(NamedTuple):
    """Shipment lines by leaf, then departure; days count from the Monday of week 1, quantities are units.

    start: first line of each leaf, (leaves + 1,). departs, arrives: planned days. in_by: P(arrived), (lines, times).
    The hub lacks (N − answered − spare)⁺ for a line: N is demand since the `ordered` day of the purchase its goods come
    from, `answered` its mean, `variance` its variance but for the uncertain rate of the line's own leaf, `own` that
    leaf's share of the mean, and `spare` what the hub has beyond this line.
    """

    start: Ints
    departs: Floats
    arrives: Floats
    units: Floats
    in_by: Floats
    ordered: Floats
    answered: Floats
    variance: Floats
    own: Floats
    spare: Floats


class Hubs(NamedTuple):
    """The hub's stock, arrivals and purchases by part; slices start at `*_start`, (parts + 1,)."""

    stock: Ints
    multiple: Ints
    inbound_start: Ints
    inbound_day: Ints
    inbound_units: Ints
    purchase_start: Ints
    ordered: Floats  # day of the order
    expected: Floats  # day from which it can leave the hub
    bought: Ints
    leaf_start: Ints


def shipment_lines(instance: Instance, plans: PartPlans, demand: Demand, times: Floats) -> Lines:
    """The lines of a plan in order of leaf and departure; `times` are days."""
    leaves, sailings, parts = instance.leaves, instance.departures, instance.parts
    day = (sailings.departs - instance.first_monday).astype(float)
    order = np.lexsort((day[plans.departure], plans.leaf))
    leaf, sailing = plans.leaf[order], plans.departure[order]
    arrived = departures_in_by(instance, day, times)
    lines = Lines(
        start=np.searchsorted(leaf, np.arange(len(leaves.part) + 1)),
        departs=day[sailing],
        arrives=(sailings.arrives[sailing] - instance.first_monday).astype(float),
        units=plans.units[order].astype(float),
        in_by=arrived[sailing],
        ordered=np.zeros(len(leaf)),
        answered=np.zeros(len(leaf)),
        variance=np.zeros(len(leaf)),
        own=np.zeros(len(leaf)),
        spare=np.zeros(len(leaf)),
    )
    by_part = np.lexsort((leaf, lines.departs, leaves.part[leaf]))
    part_start = np.searchsorted(leaves.part[leaf][by_part], np.arange(len(parts.part) + 1))
    source = np.full(len(leaf), -1)
    hubs = _hubs(instance, plans)
    in_threads(_draw_on_hubs, len(hubs.stock), hubs, demand, by_part, part_start, leaf, lines, source)
    bought = np.flatnonzero(source >= 0)
    purchase = source[bought]
    supplier = parts.supplier[plans.buyer[purchase]]
    lines.in_by[bought] = _in_by_after_purchase(instance, day, arrived, sailing[bought], supplier, plans.week[purchase])
    return lines


def departures_in_by(instance: Instance, day: Floats, times: Floats) -> Floats:
    """P(a departure has arrived by each time), (departures, times): of one lane none overtakes the one before it."""
    lanes, sailings = instance.lanes.lanes, instance.departures
    mean = (lanes["transit_days"] + lanes["customs_days"]).to_numpy(float)
    in_by = np.ones((len(day), len(times)))
    for lane, here in _by_lane(sailings.lane, day):
        since = times[None, :] - day[here][:, None]
        in_by[here] = np.cumprod(_over_by(since, mean[lane], instance.lanes.lead_days_sd[lane]), axis=0)
    return in_by


def _in_by_after_purchase(
    instance: Instance, day: Floats, arrived: Floats, sailing: Ints, supplier: Ints, week: Ints
) -> Floats:
    """P(arrived) of lines whose goods are bought in `week`, (lines, times).

    They leave with the first departure, from the planned one on, after they reach the hub.
    """
    cases, case = np.unique(np.column_stack([sailing, supplier, week]), axis=0, return_inverse=True)
    in_by = np.zeros((len(cases), arrived.shape[1]))
    mean, sd = instance.supplier_lead_days, instance.supplier_lead_days_sd
    for _, here in _by_lane(instance.departures.lane, day):
        for row in np.flatnonzero(np.isin(cases[:, 0], here)):
            planned, source, ordered = cases[row]
            later = here[np.searchsorted(day[here], day[planned]) :]
            at_hub = _over_by(day[later] - DAYS_PER_WEEK * (ordered - 1), mean[source], sd[source])
            leaves_with = np.diff(at_hub, prepend=0.0)
            leaves_with[1:][at_hub[:-1] >= _CERTAIN] = 0.0
            in_by[row] = leaves_with @ arrived[later]
    found: Floats = in_by[case.ravel()]
    return found


def _by_lane(lane: Ints, day: Floats) -> list[tuple[int, Ints]]:
    """Departures of each lane in order of date."""
    order = np.lexsort((day, lane))
    used, first = np.unique(lane[order], return_index=True)
    return list(zip(used.tolist(), np.split(order, first[1:]), strict=False))


def _over_by(days: Floats, mean: float, sd: float) -> Floats:
    """P(a lead time has ended within `days`): gamma of this mean and sd, certain where one of them is 0."""
    if sd > 0.0 and mean > 0.0:
        return np.asarray(gamma.cdf(days, (mean / sd) ** 2, scale=sd**2 / mean))
    return (days >= mean).astype(float)


def _hubs(instance: Instance, plans: PartPlans) -> Hubs:
    parts = instance.parts
    expected = instance.ordering.expected[parts.supplier[plans.buyer], plans.week - 1]
    return Hubs(
        stock=parts.hub_stock,
        multiple=parts.multiple,
        inbound_start=parts.hub_inbound_start,
        inbound_day=parts.hub_inbound_day - instance.first_monday,
        inbound_units=parts.hub_inbound_units,
        purchase_start=np.searchsorted(plans.buyer, np.arange(len(parts.part) + 1)),
        ordered=(DAYS_PER_WEEK * (plans.week - 1)).astype(float),
        expected=(expected - instance.first_monday).astype(float),
        bought=plans.bought,
        leaf_start=parts.leaf_start,
    )


@kernel
def _draw_on_hubs(
    begin: int, end: int, hubs: Hubs, demand: Demand, by_part: Ints, part_start: Ints, leaf: Ints, lines: Lines,
    source: Ints,
) -> None:  # fmt: skip
    for i in range(begin, end):
        _draw_on_hub(i, hubs, demand, by_part[part_start[i] : part_start[i + 1]], leaf, lines, source)


@nb.njit(cache=True)
def _draw_on_hub(i: int, hubs: Hubs, demand: Demand, rows: Ints, leaf: Ints, lines: Lines, source: Ints) -> None:
    """Write where the goods of part i's lines come from (a purchase, or −1: stock) and what the hub may lack for them.

    Lines take the hub's goods in order of departure. A purchase is made up to a level too: it answers demand before its
    day, and lines through the present one have answered the mean of demand since.
    """
    first = hubs.leaf_start[i]
    last_departure = np.zeros(hubs.leaf_start[i + 1] - first)
    shipped = 0.0
    for line in rows:
        n, departs = leaf[line], lines.departs[line]
        last_departure[n - first] = departs
        shipped += lines.units[line]
        supply = float(hubs.stock[i])
        for e in range(hubs.inbound_start[i], hubs.inbound_start[i + 1]):
            if hubs.inbound_day[e] <= departs:
                supply += hubs.inbound_units[e]
        ordered = 0.0
        for b in range(hubs.purchase_start[i], hubs.purchase_start[i + 1]):
            if hubs.expected[b] <= departs:
                if supply < shipped:
                    source[line] = b
                supply += hubs.bought[b]
                ordered = hubs.ordered[b]
        if source[line] >= 0:
            ordered = hubs.ordered[source[line]]
        lines.ordered[line] = ordered
        for m in range(len(last_departure)):
            since = window(demand, first + m, min(ordered, last_departure[m]), max(ordered, last_departure[m]))
            if last_departure[m] > ordered:
                lines.answered[line] += since.mean
            if last_departure[m] > ordered and first + m == n:
                lines.own[line] = since.mean
            else:
                lines.variance[line] += since.kappa * since.mean**2
            lines.variance[line] += demand.batch_index[first + m] * since.mean
        rounding = 0.5 * (hubs.multiple[i] - 1.0) if source[line] >= 0 else 0.0
        lines.spare[line] = max(supply - shipped, 0.0) + rounding
