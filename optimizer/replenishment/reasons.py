"""Why every line is there, in words: what waits without it, and why by this lane."""

import numpy as np
import numpy.typing as npt

from domain.network import Network
from domain.threads import in_threads, kernel
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.outlook import Outlook
from optimizer.replenishment.program import PartPlans
from optimizer.replenishment.shelf_money import shelves_and_waiting
from optimizer.replenishment.week_cost import on_hand_table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Texts = list[str]

_NOTABLE = 0.005  # devices waiting on average below which a line only rebuilds stock


def shipment_reasons(network: Network, instance: Instance, plans: PartPlans, expected: Outlook) -> Texts:
    """One sentence or two per shipment line."""
    leaves, points, sailings = instance.leaves, instance.points, instance.departures
    lines = len(plans.leaf)
    week, without, with_it = np.ones(lines, np.int64), np.zeros(lines), np.zeros(lines)
    in_threads(
        _without_line, lines,
        plans.arrivals(instance), plans.leaf, sailings.slot[plans.departure] - 1, plans.units, instance.published,
        instance.slot_law, leaves.depot,
        leaves.net_stock, leaves.inbound, leaves.late_mean, leaves.window_mean, leaves.window_variance,
        leaves.weekly_mean, leaves.batch_index, leaves.kappa, expected.waiting,
        leaves.point_start, points.share, points.base_stock, points.courier_weeks, points.holding, points.waiting,
        week, without, with_it,
    )  # fmt: skip
    monday = np.array(instance.first_monday + 7 * (week - 1), dtype="datetime64[D]")
    lane = sailings.lane[plans.departure]
    why_lane = _lane_words(network, instance, leaves.part[plans.leaf], leaves.depot[plans.leaf], lane)
    return [
        (
            f"From {day:%d %b %Y} on {more:.2f} devices would wait on average without it, {less:.2f} with it. {how}"
            if more - less >= _NOTABLE
            else f"Keeps stock ahead of demand after the published weeks. {how}"
        )
        for day, more, less, how in zip(monday.tolist(), without, with_it, why_lane, strict=True)
    ]


def _lane_words(network: Network, instance: Instance, part: Ints, depot: Ints, lane: Ints) -> Texts:
    """Why this lane: the cheapest, or how much dearer and how many days sooner than the cheapest."""
    lanes, money = instance.lanes.lanes, instance.parts.freight + instance.parts.duty
    reachable = np.isfinite(instance.parts.lane_cost)
    position = {site: code for code, site in enumerate(instance.depots)}
    lane_depot = np.array([position[site] for site in lanes["destination"]])
    cheapest = np.empty(len(part), np.int64)
    for code in range(len(instance.depots)):
        here = depot == code
        cost = np.where(reachable & (lane_depot == code)[None, :], money, np.inf)
        cheapest[here] = cost.argmin(axis=1)[part[here]] if len(lanes) else -1
    extra = money[part, lane] - money[part, cheapest]
    sooner = instance.lanes.lead_days[cheapest] - instance.lanes.lead_days[lane]
    mode = lanes["mode"].to_numpy(object)
    currency = network.settings.currency
    return [
        f"By {mode[used]}, the cheapest lane."
        if used == best
        else f"By {mode[used]}: {dearer:.2f} {currency} a unit more than {mode[best]}, {days} days sooner."
        for used, best, dearer, days in zip(lane, cheapest, extra, sooner, strict=True)
    ]


def purchase_reasons(instance: Instance, plans: PartPlans) -> Texts:
    """What leaves the hub before the next purchase, and what the minimum order or multiple adds."""
    parts = instance.parts
    total = np.bincount(instance.leaves.part[plans.leaf], plans.units, minlength=len(parts.part))
    bought = np.bincount(plans.buyer, plans.bought, minlength=len(parts.part))
    spare = np.maximum(bought + parts.hub_stock - total, 0).astype(np.int64)
    words = []
    for i, units in zip(plans.buyer, plans.bought, strict=True):
        lot = f"minimum order {parts.moq[i]}" if units <= max(parts.moq[i], 1) and parts.moq[i] > 1 else ""
        sentence = f"Depots need {int(total[i])} in the plan, the hub holds {int(parts.hub_stock[i])}."
        if lot:
            sentence += f" Ordered the {lot}."
        elif parts.multiple[i] > 1:
            sentence += f" In multiples of {parts.multiple[i]}."
        if spare[i] > 0:
            sentence += f" {spare[i]} stay at the hub at the end."
        words.append(sentence)
    return words


@kernel
def _without_line(
    begin: int, end: int,
    quantity: npt.NDArray[np.int32], leaf: Ints, slot: Ints, units: Ints, published: int, slot_law: Floats, depot: Ints,
    net_stock: Floats, inbound: Floats, late_mean: Floats, window_mean: Floats, window_variance: Floats,
    weekly_mean: Floats, psi: Floats, kappa: Floats, waiting_with: Floats,
    point_start: Ints, share: Floats, base_stock: Ints, courier_weeks: Floats, point_holding: Floats, waiting: Floats,
    first_week: Ints, without: Floats, with_it: Floats,
) -> None:  # fmt: skip
    """Write the first published week a line helps, and the mean of devices waiting from then on without and with it."""
    weeks = quantity.shape[1]
    for line in range(begin, end):
        n = leaf[line]
        arrived = np.zeros(weeks + 1)
        for k in range(1, weeks + 1):
            arrived[k] = arrived[k - 1] + quantity[n, k - 1] - (units[line] if k - 1 == slot[line] else 0)
        first, last = point_start[n], point_start[n + 1]
        short = np.empty(max(last - first, 1))
        on_hand = np.empty(1)
        law = slot_law[depot[n]]
        count, found = 0, False
        for t in range(max(slot[line] - 1, 1), published + 1):
            total = 0.0
            slots = np.flatnonzero(law[t])
            at = 0
            while at < len(slots):
                x, weight = arrived[slots[at]], 0.0
                while at < len(slots) and arrived[slots[at]] == x:
                    weight += law[t, slots[at]]
                    at += 1
                z = net_stock[n] + inbound[n, t - 1] - late_mean[n, t - 1] + x
                on_hand_table(z, 1, window_mean[n, t - 1], window_variance[n, t - 1], on_hand)
                backorders = max(on_hand[0] - z + window_mean[n, t - 1], 0.0)
                total += weight * shelves_and_waiting(
                    backorders, weekly_mean[n, t - 1], psi[n], kappa[n], first, last,
                    share, base_stock, courier_weeks, point_holding, waiting, short,
                )[3]  # fmt: skip
            if not found and total - waiting_with[n, t - 1] > 0.005:
                found, first_week[line] = True, t
            if found:
                without[line] += total
                with_it[line] += waiting_with[n, t - 1]
                count += 1
        if count > 0:
            without[line] /= count
            with_it[line] /= count
