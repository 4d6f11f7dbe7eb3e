"""What the compiled engine reads and writes: flat arrays, every part a contiguous slice of each.

A site of a part has a local code: 0 the hub, 1..n the depots of its leaves, then their repair points in order.
Times are days since the Monday of week 1, as floats; quantities are pieces.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

HUB = 0
AT_ONCE = -1  # the voyage of what is on a shelf already
PURCHASE, SHIP, SET_BASE_STOCK = 0, 1, 2
PLANNED, BASE_STOCK, GIVEN, CATCH_UP, REORDER = 0, 1, 2, 3, 4
NEVER_SHUT = -1  # the row of `opens` of what is always open
_NONE, _NO_DAYS = np.zeros(0, np.int64), np.zeros((0, 0), np.int64)


class Board(NamedTuple):
    """The network and the plan of every part.

    Slices: leaf_start, lot_start, order_start (parts + 1), point_start (leaves + 1).
    Leaves: depot_stock S_d; reorder_lot Q and reorder_gap, 1 or more. Points: base_stock S_p, courier_days and
    courier_days_sd of the way depot → point. Parts: unlimited (the hub never runs out), moq, order_multiple, life_days
    (inf: none), return_rate, repair_yield, repair_days. Broken units of today, slices defective_start (parts + 1):
    defective_site (depot or point), defective_units. Emergency ways to a point in the order they are tried, slices
    way_start (points + 1): way_source (the hub or another point), way_days, way_sd, way_weekdays (bits, 0: Monday).
    Lots: lot_site (local code), lot_quantity, lot_expires (day, inf: never), lot_voyage (AT_ONCE: on the shelf today).
    Orders, sorted by time: order_kind (PURCHASE, SHIP; SET_BASE_STOCK: a point aims at order_level from now on),
    order_leaf (local, of a shipment; the site code of the point), order_lane (of a shipment: what is owed leaves by
    it), order_voyage (AT_ONCE: no time), order_rule.
    PLANNED: up to order_level = planned cumulative quantity less expected cumulative demand, plus actual demand;
    BASE_STOCK: up to the base stock of the depots; GIVEN: order_level units, whatever was asked for; CATCH_UP: what
    the hub owes of planned lines; REORDER: a depot whose inventory position is at most s = order_level gets the
    smallest multiple of Q that lifts it to s + gap or more, so that gap 1 is (s, nQ) and Q = 1 is (s, S = s + gap); a
    purchase brings hub and depots together up to order_level.
    Shutdowns, all empty where nothing is ever shut: opens (row, day): the first open day from that day on, a row for
    each thing that is shut at times; depot_opens (leaves), point_opens and courier_opens of the way to it (points),
    way_opens (ways): its row or NEVER_SHUT.
    """

    leaf_start: Ints
    point_start: Ints
    depot_stock: Ints
    reorder_lot: Ints
    reorder_gap: Ints
    base_stock: Ints
    courier_days: Floats
    courier_days_sd: Floats
    unlimited: Bools
    moq: Ints
    order_multiple: Ints
    life_days: Floats
    return_rate: Floats
    repair_yield: Floats
    repair_days: Floats
    defective_start: Ints
    defective_site: Ints
    defective_units: Ints
    way_start: Ints
    way_source: Ints
    way_days: Floats
    way_sd: Floats
    way_weekdays: Ints
    lot_start: Ints
    lot_site: Ints
    lot_quantity: Ints
    lot_expires: Floats
    lot_voyage: Ints
    order_start: Ints
    order_time: Floats
    order_kind: Ints
    order_leaf: Ints
    order_lane: Ints
    order_voyage: Ints
    order_rule: Ints
    order_level: Floats
    opens: Ints = _NO_DAYS
    depot_opens: Ints = _NONE
    point_opens: Ints = _NONE
    courier_opens: Ints = _NONE
    way_opens: Ints = _NONE


class Demands(NamedTuple):
    """What repairs ask for in one replication, sorted by (part, time), a slice of `start` (parts + 1) each.

    point: row of the board's points, site: its local code; priority: 1 first … 5 last; asked: False for a repair order
    open today, which is no new demand; ticket: shared by the parts of one repair.
    """

    start: Ints
    time: Floats
    point: Ints
    site: Ints
    quantity: Ints
    priority: Ints
    asked: Bools
    ticket: Ints


class Rules(NamedTuple):
    """How the network is run.

    fifo: depots serve requests in order of arrival, else waiting repairs go before shelves. defectives: broken parts
    come back and are repaired. patience_days: a case that has waited so long leaves (inf: never). count_days: costs and
    stock count until then. end_days: the play ends. check: prove at every event that no unit is lost.
    laterals, express: a repair whose region has nothing and gets nothing is helped by another point, else by the hub.
    """

    fifo: bool
    defectives: bool
    patience_days: float
    count_days: float
    end_days: float
    check: bool
    laterals: bool = False
    express: bool = False


class Played(NamedTuple):
    """What one replication led to.

    Per demand: at_once units served without wait, local units that were in the region when asked for; last: days until
    the last unit was in hand (until the end if never); waited: unit-days; counted_wait: those before count_days; left:
    units that never came; found: 1 where all that waits at the point is on its way to it once help was looked for, none
    of it from the hub. Per order: moved units. Unit-days of stock before count_days: hub_days (parts), depot_days
    (leaves), shelf_days (points); age_days: Σ age × units × days (parts). couriered: units sent depot → point (points).
    Per part before count_days: used, scrapped, repaired, bought units. Units at end_days: on_hand_hub (parts),
    on_hand_depot (leaves), on_hand_point and on_way to it (points). Per emergency way before count_days: helped, the
    units it brought. Per part: events; lost, the units the check missed (−1: not checked).
    """

    at_once: Ints
    local: Ints
    last: Floats
    waited: Floats
    counted_wait: Floats
    left: Ints
    moved: Ints
    hub_days: Floats
    depot_days: Floats
    shelf_days: Floats
    age_days: Floats
    couriered: Ints
    used: Ints
    scrapped: Ints
    repaired: Ints
    bought: Ints
    on_hand_hub: Ints
    on_hand_depot: Ints
    on_hand_point: Ints
    on_way: Ints
    helped: Ints
    events: Ints
    lost: Ints
    found: Ints


def empty_results(board: Board, demands: Demands) -> Played:
    """Zeros of the right shapes."""
    parts, leaves, points = len(board.leaf_start) - 1, len(board.point_start) - 1, len(board.base_stock)
    rows, orders = len(demands.time), len(board.order_time)
    return Played(
        at_once=np.zeros(rows, np.int64),
        local=np.zeros(rows, np.int64),
        last=np.zeros(rows),
        waited=np.zeros(rows),
        counted_wait=np.zeros(rows),
        left=np.zeros(rows, np.int64),
        moved=np.zeros(orders, np.int64),
        hub_days=np.zeros(parts),
        depot_days=np.zeros(leaves),
        shelf_days=np.zeros(points),
        age_days=np.zeros(parts),
        couriered=np.zeros(points, np.int64),
        used=np.zeros(parts, np.int64),
        scrapped=np.zeros(parts, np.int64),
        repaired=np.zeros(parts, np.int64),
        bought=np.zeros(parts, np.int64),
        on_hand_hub=np.zeros(parts, np.int64),
        on_hand_depot=np.zeros(leaves, np.int64),
        on_hand_point=np.zeros(points, np.int64),
        on_way=np.zeros(points, np.int64),
        helped=np.zeros(len(board.way_source), np.int64),
        events=np.zeros(parts, np.int64),
        lost=np.zeros(parts, np.int64),
        found=np.zeros(rows, np.int64),
    )
