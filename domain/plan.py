"""What planning decides: stock targets, shipments and purchases, today's allocation."""

from dataclasses import dataclass, field, replace
from datetime import date

import pandas as pd


@dataclass(frozen=True)
class StockTargets:
    """Base stock of every part × site and the price of waiting that led to it.

    table: part, site, group ("" at hubs and behind the points at depots), base_stock (units; of a hub the level below
    which it orders), fill_rate (stationary, share of units), promised (filled by the plan's own promise; NaN where the
    group is ""), expected_backorders (units on an average day), mean_wait_days, wait_95_days (19 of 20 units are there
    within so long; NaN at hubs), pipeline (mean units under way or owed), value_of_last_unit (NaN without stock) and
    value_of_next_unit (money per year), since (day since which the part number is kept there, or no longer is; NaT
    where it never was and where the settings let targets change freely); sorted by (part, site), only rows with demand.
    waiting_price: money per unit waiting per week, by service group.
    """

    table: pd.DataFrame
    waiting_price: dict[str, float]


@dataclass(frozen=True)
class Cost:
    """Expected cost of a plan in the network's currency: weeks 1..T, and `end` for what lies beyond (MODEL 3)."""

    purchase: float
    freight: float
    consignment: float
    duty: float
    order_line: float
    holding: float
    shortage: float
    end: float

    @property
    def controllable(self) -> float:
        """What planning can change without buying less: freight, consignments, lines, holding, shortage."""
        return self.freight + self.consignment + self.order_line + self.holding + self.shortage

    @property
    def total(self) -> float:
        """All of it; the bound and the gaps are of this figure."""
        return self.purchase + self.duty + self.controllable + self.end

    def carried_out(self, holding: float, shortage: float) -> "Cost":
        """The same total with other holding and shortage; the difference is taken off `end`."""
        saved = holding + shortage - self.holding - self.shortage
        return replace(self, holding=holding, shortage=shortage, end=self.end - saved)


@dataclass(frozen=True)
class ReplenishmentPlan:
    """Shipments and purchase orders of the inner horizon with their cost and its lower bound.

    shipments: shipment, part, lane, departs, arrives (dates), quantity, cost, reason.
    purchase_orders: order, supplier, part, quantity, order_on, expected (dates), value, reason.
    exceptions: kind, part, site, money_at_risk, says.
    projection: part, region, week (Monday), on_hand and backorders expected at the depot, arrivals (units).
    binding: {rule: share of its rows that bind}. service: promised fill rate by group over weeks 1..T.
    point_service: part, site, promised.
    rule_prices: rule ("budget", "lane kg", "lane litres", "storage"), place (lane or depot, "" of budgets), start
    (date), limit, used, price (money one unit more of the limit saves): every limit that parts share.
    cost: holding and shortage as the plan is carried out, departures fixed; objective: as replanned every week, what
    was minimised. Both have the same total: what replanning is expected to save is taken off `end` (decision 0003).
    """

    status: str
    shipments: pd.DataFrame
    purchase_orders: pd.DataFrame
    exceptions: pd.DataFrame
    projection: pd.DataFrame
    cost: Cost
    objective: Cost
    lower_bound: float
    bound_at_zero_prices: float
    rules: tuple[str, ...]
    binding: dict[str, float]
    service: dict[str, float]
    point_service: pd.DataFrame
    rule_prices: pd.DataFrame
    gap_owed_to: dict[str, float]

    @property
    def replanning_saves(self) -> float:
        """Holding and shortage of weeks 1..T that planning again every week is expected to save."""
        return self.objective.end - self.cost.end

    @property
    def gap(self) -> float:
        """(total − lower bound) / total: no plan can be cheaper by more than this share."""
        return _share(self.cost.total - self.lower_bound, self.cost.total)

    @property
    def gap_controllable(self) -> float:
        """The same difference as a share of the controllable cost."""
        return _share(self.cost.total - self.lower_bound, self.cost.controllable)

    @property
    def gap_at_zero_prices(self) -> float:
        """The gap had every rule that parts share been ignored in the bound."""
        return _share(self.cost.total - self.bound_at_zero_prices, self.cost.total)


@dataclass(frozen=True)
class PreviousPlan:
    """The plan before: what it published costs `churn_cost` per order line to change; where little is lost, it stays.

    shipments: part, lane, departs (date), quantity (units). as_of: the day that plan was made of. purchase_orders:
    part, order_on (date), quantity (units). rule_prices: as of `ReplenishmentPlan`, where the search for prices begins.
    """

    shipments: pd.DataFrame
    as_of: date
    purchase_orders: pd.DataFrame | None = None
    rule_prices: pd.DataFrame | None = None


@dataclass(frozen=True)
class Allocation:
    """Who gets today's stock.

    table: part, from_site, to_site, quantity, for_repair_order ("" for a shelf), ships_on, arrives_on (dates), reason.
    exceptions: kind, part, site, money_at_risk, says.
    """

    table: pd.DataFrame
    exceptions: pd.DataFrame


@dataclass(frozen=True)
class Plan:
    """One planning run: everything a plan folder holds."""

    targets: StockTargets
    replenishment: ReplenishmentPlan
    allocation: Allocation
    seconds: dict[str, float] = field(default_factory=dict)
    signals: pd.DataFrame | None = None

    @property
    def exceptions(self) -> pd.DataFrame:
        """Exceptions of all steps, the most money at risk first; `signals`: those of parts that fail too often."""
        frames = [self.signals, self.replenishment.exceptions, self.allocation.exceptions]
        found = [frame for frame in frames if frame is not None and len(frame)] or [self.allocation.exceptions]
        order = ["money_at_risk", "kind", "part", "site", "says"]
        together = pd.concat(found, ignore_index=True)
        return together.sort_values(order, ascending=[False, True, True, True, True], ignore_index=True)


def _share(difference: float, whole: float) -> float:
    if whole == 0:
        return 0.0 if difference == 0 else float("inf")
    return difference / whole
