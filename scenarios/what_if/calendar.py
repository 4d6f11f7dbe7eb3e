"""Peaks and shutdowns ahead: what they add, what stands still, what must leave and be ordered when, what is moved."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK, first_week, week_starts
from domain.departures import departures, inner_weeks, site_keys, supplier_calendar
from domain.forecast import Forecast
from domain.forecast_tables import FORECAST_COLUMNS, SHARE_COLUMNS, forecast_from_frames
from domain.logistics import SupplyLanes, supply_lanes
from domain.network import Network
from domain.plan import ReplenishmentPlan
from domain.problems import ZapasError
from forecasting.forecast import Forecasting
from optimizer.targets.stay import stays
from scenarios.pipeline import STEPS, Planning, Tell, run_step
from storage.plan_folder import PlanFolder, read_plan

WEEKS_AFTER = 8
"""Weeks after the published ones in which a peak or shutdown is still looked for."""
_SURE = 1.645  # standard deviations that cover 19 of 20 cases
_FIRST = "forecast"
_LANE_DAYS = ("last_departure", "arrives", "sure_departure", "next_departure")

Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Happening:
    """A peak or shutdown: events of one name, kind, time and factor.

    kind: `peak` or `shutdown`; applies_to: as in the table events; events: their ids; end is its last day.
    """

    title: str
    kind: str
    start: date
    end: date
    factor: float
    applies_to: tuple[str, ...]
    events: tuple[str, ...]

    @property
    def days(self) -> int:
        """How long it lasts."""
        return (self.end - self.start).days + 1


@dataclass(frozen=True)
class Ahead:
    """What one happening means; dates NaT where none is left.

    lanes: lane, origin, destination, mode, last_departure (the last that leaves, and where the destination is shut or
    has the peak also arrives, before it), arrives, sure_departure (the last that does so in 19 of 20 cases),
    next_departure (the first after it begins that a shutdown does not hold up): lanes that stand still, of a peak those
    to depots that need more. suppliers: supplier, last_order (the last Monday whose order is delivered before a
    shutdown of the supplier), next_order. orders: supplier, lane, order_by (the last Monday whose order reaches the hub
    for the lane's last departure). extra: depot, part_class, pieces, money (at unit cost): demand a peak adds. moved:
    depot, mode, part_class, pieces, money: what the plan sends earlier than it would without the happening; bought:
    supplier, pieces, money: what it orders earlier. cost: money the happening costs in the whole plan; it lies between
    the ends of cost_range, for neither plan is proved the very cheapest. None where no plan without it was made.
    """

    what: Happening
    lanes: pd.DataFrame
    suppliers: pd.DataFrame
    orders: pd.DataFrame
    extra: pd.DataFrame
    moved: pd.DataFrame | None
    bought: pd.DataFrame | None
    cost: float | None
    cost_range: tuple[float, float] | None


@dataclass(frozen=True)
class CalendarAhead:
    """Everything declared for the published weeks and WEEKS_AFTER more, by date."""

    as_of: date
    until: date
    currency: str
    ahead: tuple[Ahead, ...]

    def json(self) -> dict[str, Any]:
        """The same as plain values, dates in ISO form; what is not known is None."""
        return {
            "as_of": self.as_of.isoformat(),
            "until": self.until.isoformat(),
            "currency": self.currency,
            "ahead": [_json(one) for one in self.ahead],
        }


def calendar_ahead(
    network: Network, folder: Path | PlanFolder, *, compare: bool = True, tell: Tell = lambda text: None
) -> CalendarAhead:
    """What the peaks and shutdowns ahead mean for the plan in `folder`.

    compare: plan once more without each of them, to say what the plan moves ahead because of it and what it costs; of a
    peak, the same forecast less what the peak adds. Raises ZapasError when the plan is of another network or day.
    """
    plan = folder if isinstance(folder, PlanFolder) else read_plan(folder)
    if plan.as_of != network.settings.as_of:
        raise ZapasError(f"{plan.path}: this plan is of {plan.as_of}, the network of {network.settings.as_of}.")
    network = network.with_parts(set(plan.fact("parts")["part"]))
    study = Study(network, plan, tell)
    return CalendarAhead(
        as_of=network.settings.as_of,
        until=_until(network),
        currency=network.settings.currency,
        ahead=tuple(study.ahead(one, compare) for one in happenings(network)),
    )


def happenings(network: Network) -> list[Happening]:
    """Peaks (promotions and holidays of a factor above 1) and shutdowns that begin after `as_of` and before the end of
    the published weeks and WEEKS_AFTER more, by start; events of one name and time are one happening."""
    rows = network.events
    peak = rows["kind"].isin(["promotion", "holiday"]) & (rows["factor"] > 1)
    begins, last = pd.Timestamp(network.settings.as_of), pd.Timestamp(_until(network))
    rows = rows[(peak | (rows["kind"] == "shutdown")) & (rows["start"] > begins) & (rows["start"] <= last)]
    found: dict[tuple[Any, ...], list[tuple[str, str]]] = {}
    for row in rows.sort_values(["start", "end", "event"], kind="stable").to_dict("records"):
        kind = "shutdown" if row["kind"] == "shutdown" else "peak"
        factor = 1.0 if kind == "shutdown" else float(row["factor"])
        key = row["start"].date(), row["end"].date(), kind, factor, _title(row)
        found.setdefault(key, []).append((str(row["applies_to"]), str(row["event"])))
    return [
        Happening(title, kind, start, end, factor, tuple(a for a, _ in of), tuple(e for _, e in of))
        for (start, end, kind, factor, title), of in found.items()
    ]


def without(network: Network, what: Happening) -> Network:
    """The network in which it is not declared."""
    events = network.events
    return replace(network, events=events[~events["event"].isin(what.events)].reset_index(drop=True))


@dataclass
class Study:
    """One plan and what is made only once for all happenings."""

    network: Network
    plan: PlanFolder
    tell: Tell
    supply: SupplyLanes = field(init=False)
    weeks: int = field(init=False)
    _forecasting: Forecasting | None = None
    _as_planned: tuple[pd.DataFrame, pd.DataFrame, float, float] | None = None

    def __post_init__(self) -> None:
        self.supply = supply_lanes(self.network)
        self.weeks = inner_weeks(self.network, self.supply.lead_days)

    def ahead(self, what: Happening, compare: bool) -> Ahead:
        """Everything about one happening."""
        self.tell(f"Looking at {what.title}")
        other = without(self.network, what)
        lanes, suppliers = self._lanes(what, other), self._suppliers(what)
        extra, forecast = self._extra(what, other) if what.kind == "peak" else (_no_extra(), None)
        if what.kind == "peak":
            lanes = lanes[lanes["destination"].isin(extra["depot"])].reset_index(drop=True)
        moved = bought = cost = bounds = None
        if compare and pd.Timestamp(what.start) < self._mondays[-1]:
            moved, bought, cost, bounds = self._compared(what, other, forecast or self._published)
        return Ahead(what, lanes, suppliers, self._orders(lanes), extra, moved, bought, cost, bounds)

    @property
    def _mondays(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(week_starts(self.network.settings.as_of, self.weeks))

    @property
    def _published(self) -> Forecast:
        tables = self.plan.frame("forecast", FORECAST_COLUMNS), self.plan.frame("shares", SHARE_COLUMNS)
        return forecast_from_frames(*tables, self.network)

    def _lanes(self, what: Happening, other: Network) -> pd.DataFrame:
        """Lanes that lose or delay a departure; of a peak, all."""
        lanes, weeks = self.supply.lanes, max(self.weeks, _week_after(self.network, what))
        now, usual = (departures(one, lanes, self.supply.lead_days, weeks) for one in (self.network, other))
        days = ["departs", "arrives"]
        both = usual.merge(now, on=["lane", "week"], how="left", suffixes=("", "_now"))
        late = (both[[f"{name}_now" for name in days]].to_numpy() != both[days].to_numpy()).any(axis=1)
        touched = range(len(lanes)) if what.kind == "peak" else sorted(set(both.loc[late, "lane"]))
        rows = [self._lane(what, lane, now[now["lane"] == lane]) for lane in touched]
        columns = ["lane", "origin", "destination", "mode", *_LANE_DAYS]
        return _dated(pd.DataFrame(rows, columns=columns), *_LANE_DAYS)

    def _lane(self, what: Happening, number: int, sailings: pd.DataFrame) -> tuple[Any, ...]:
        lane, start, end = self.supply.lanes.iloc[number], pd.Timestamp(what.start), pd.Timestamp(what.end)
        must_arrive = what.kind == "peak" or bool(site_keys(self.network, lane["destination"]) & set(what.applies_to))
        day = "arrives" if must_arrive else "departs"
        in_time = sailings[sailings[day] < start]
        spare = pd.Timedelta(days=_SURE * self.supply.lead_days_sd[number] if must_arrive else 0)
        after = sailings.loc[(sailings["departs"] >= start) & (sailings["arrives"] > end), "departs"].min()
        ends = in_time["departs"].max(), in_time["arrives"].max()
        sure = in_time.loc[in_time[day] + spare < start, "departs"].max()
        days = (*ends, sure, pd.NaT if what.kind == "peak" else after)
        return (lane["lane"], lane["origin"], lane["destination"], lane["mode"], *days)

    def _suppliers(self, what: Happening) -> pd.DataFrame:
        """Suppliers it shuts: their last order delivered before, their first after."""
        named = self.network.suppliers
        shut = named["supplier"].map(lambda name: bool({"all", f"supplier:{name}"} & set(what.applies_to)))
        rows = []
        for name, lead in named.loc[shut.to_numpy(bool), ["supplier", "lead_time_days"]].itertuples(index=False):
            mondays, expected, is_open = self._order_days(str(name), float(lead), what)
            before = mondays[is_open & (expected < np.datetime64(what.start, "D"))]
            after = mondays[is_open & (mondays > np.datetime64(what.end, "D"))]
            rows.append((name, before.max() if len(before) else pd.NaT, after.min() if len(after) else pd.NaT))
        return _dated(pd.DataFrame(rows, columns=["supplier", "last_order", "next_order"]), "last_order", "next_order")

    def _orders(self, lanes: pd.DataFrame) -> pd.DataFrame:
        """The last order day of every supplier for the last departure of each lane from its hub."""
        rows = []
        for name, site, lead in self.network.suppliers[["supplier", "site", "lead_time_days"]].itertuples(index=False):
            mondays, expected, is_open = self._order_days(str(name), float(lead))
            for lane in lanes[lanes["origin"] == site].itertuples(index=False):
                last = lane.last_departure
                kept = mondays[is_open & (expected <= np.datetime64(last, "D"))] if not pd.isna(last) else mondays[:0]
                rows.append((name, lane.lane, kept.max() if len(kept) else pd.NaT))
        return _dated(pd.DataFrame(rows, columns=["supplier", "lane", "order_by"]), "order_by")

    def _order_days(
        self, supplier: str, lead: float, what: Happening | None = None
    ) -> tuple[Days, Days, npt.NDArray[np.bool_]]:
        """Mondays, when an order placed then is expected, and whether the supplier takes it."""
        weeks = max(self.weeks, _week_after(self.network, what) if what else 0)
        expected, is_open = supplier_calendar(self.network, supplier, int(np.ceil(lead)), weeks)
        return week_starts(self.network.settings.as_of, weeks), expected, is_open

    def _extra(self, what: Happening, other: Network) -> tuple[pd.DataFrame, Forecast]:
        """Demand it adds by depot and class, and the published forecast without it."""
        with_it, usual = self._forecasts(other)
        share = np.divide(usual.mean, with_it.mean, out=np.ones_like(usual.mean), where=with_it.mean > 0)
        published, known = self._published, pd.MultiIndex.from_arrays([with_it.part, with_it.region])
        row = known.get_indexer(pd.MultiIndex.from_arrays([published.part, published.region]))
        kept = np.where(row[:, None] >= 0, share[row][:, : published.weeks], 1.0)
        added = published.mean * (1.0 - kept)
        parts = self.network.parts.set_index("part").loc[list(published.part)]
        frame = pd.DataFrame(
            {
                "depot": [self.network.depot_of_region[str(name)] for name in published.region],
                "part_class": parts["part_class"].to_numpy(object),
                "pieces": added.sum(axis=1),
                "money": added.sum(axis=1) * parts["unit_cost"].to_numpy(float),
            }
        )
        table = frame[frame["pieces"].abs() > 1e-9].groupby(["depot", "part_class"]).sum().reset_index()
        return table, replace(published, mean=published.mean * kept)

    def _forecasts(self, other: Network) -> tuple[Forecast, Forecast]:
        """The forecast with every event, made once, and that of `other` by the same methods."""
        self._forecasting = self._forecasting or _forecasting(Planning(self.network), self.tell)
        usual = _forecasting(Planning(other, methods=self._forecasting.methods), self.tell)
        return self._forecasting.forecast, usual.forecast

    def _compared(
        self, what: Happening, other: Network, forecast: Forecast
    ) -> tuple[pd.DataFrame, pd.DataFrame, float, tuple[float, float]]:
        """What the plan sends and orders earlier than one made without it, what it costs more, at least and at most."""
        if self._as_planned is None:
            self._as_planned = self._with_everything()
        shipments, purchases, total, bound = self._as_planned
        usual = _planned(other, forecast, self.tell)
        lanes = self.supply.lanes.set_index("lane")
        part = self.network.parts.set_index("part")
        day = "arrives" if what.kind == "peak" else "departs"
        sent = _earlier(shipments, usual.shipments, day, ["part", "lane"], what.start)
        sent = sent.assign(depot=sent["lane"].map(lanes["destination"]), mode=sent["lane"].map(lanes["mode"]))
        sent = _only_more(sent, ["part", "depot"])
        bought = _earlier(purchases, usual.purchase_orders, "order_on", ["part", "supplier"], what.start)
        bought = _only_more(bought, ["part"])
        tables = []
        for frame, keys in ((sent, ["depot", "mode", "part_class"]), (bought, ["supplier"])):
            frame["part_class"] = frame["part"].map(part["part_class"])
            frame["money"] = frame["pieces"] * frame["part"].map(part["unit_cost"])
            table = frame.groupby(keys, sort=True)[["pieces", "money"]].sum().reset_index()
            tables.append(table[table["pieces"].abs() > 0].reset_index(drop=True))
        other_total, other_bound = usual.objective.total, usual.lower_bound
        return tables[0], tables[1], total - other_total, (bound - other_total, total - other_bound)

    def _with_everything(self) -> tuple[pd.DataFrame, pd.DataFrame, float, float]:
        """Shipments, purchases, total and lower bound of the plan.

        It is made again where the one published holds on to a plan before it.
        """
        settings, told = self.network.settings, self.plan.json
        if settings.churn_cost == 0 and not stays(settings):
            lines = self.plan.frame("shipments"), self.plan.frame("purchase_orders")
            return *lines, float(told["cost"]["total"]), float(told["lower_bound"])
        made = _planned(self.network, self._published, self.tell)
        return made.shipments, made.purchase_orders, made.objective.total, made.lower_bound


def _forecasting(planning: Planning, tell: Tell) -> Forecasting:
    made = run_step(STEPS[0], planning, tell).forecasting
    if made is None:
        raise ValueError("the pipeline made no forecast")
    return made


def _planned(network: Network, forecast: Forecast, tell: Tell) -> ReplenishmentPlan:
    planning = Planning(network, forecast=forecast)
    for step in STEPS:
        if step.name not in (_FIRST, "allocation"):
            planning = run_step(step, planning, tell)
    if planning.replenishment is None:
        raise ValueError("the pipeline has not run to its end")
    return planning.replenishment


def _earlier(plan: pd.DataFrame, usual: pd.DataFrame, day: str, keys: list[str], start: date) -> pd.DataFrame:
    """Pieces of each key before `start`, more than usual (below 0: less)."""
    both = [
        frame[pd.to_datetime(frame[day]) < pd.Timestamp(start)].groupby(keys)["quantity"].sum()
        for frame in (plan, usual)
    ]
    return both[0].sub(both[1], fill_value=0).rename("pieces").reset_index()


def _only_more(pieces: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Rows of keys that have more in sum: what goes by another lane or supplier instead is not earlier."""
    return pieces[pieces.groupby(keys)["pieces"].transform("sum") > 0].copy()


def _title(row: dict[Any, Any]) -> str:
    """`spring-festival-2027-S001` of supplier S001 in 2027 → `Spring festival`."""
    said = {str(row["applies_to"]).partition(":")[2].lower(), str(row["start"].year), str(row["end"].year)}
    spoken = re.sub(
        rf"(?<![^\W_])({'|'.join(map(re.escape, sorted(said - {''})))})(?![^\W_])", " ", row["event"], flags=re.I
    )
    words = [word for word in re.split(r"[-_\s]+", spoken) if word]
    return " ".join(words)[:1].upper() + " ".join(words)[1:] or str(row["event"])


def _until(network: Network) -> date:
    weeks = network.settings.horizon_weeks + WEEKS_AFTER
    return first_week(network.settings.as_of) + timedelta(days=DAYS_PER_WEEK * weeks - 1)


def _week_after(network: Network, what: Happening) -> int:
    """Weeks through the second after its end, in which everything has begun again."""
    return (what.end - first_week(network.settings.as_of)).days // DAYS_PER_WEEK + 3


def _no_extra() -> pd.DataFrame:
    return pd.DataFrame(columns=["depot", "part_class", "pieces", "money"])


def _dated(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return frame.assign(**{name: pd.to_datetime(frame[name]) for name in columns})


def _json(one: Ahead) -> dict[str, Any]:
    what = one.what
    told: dict[str, Any] = {
        "title": what.title,
        "kind": what.kind,
        "start": what.start.isoformat(),
        "end": what.end.isoformat(),
        "days": what.days,
        "factor": what.factor if what.kind == "peak" else None,
        "applies_to": list(what.applies_to),
        "events": list(what.events),
        "cost": one.cost,
        "cost_range": None if one.cost_range is None else list(one.cost_range),
    }
    for name in ("lanes", "suppliers", "orders", "extra", "moved", "bought"):
        table = getattr(one, name)
        told[name] = None if table is None else list(_records(table))
    return told


def _records(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for row in table.to_dict("records"):
        yield {
            str(name): None
            if pd.isna(value)
            else value.date().isoformat()
            if isinstance(value, pd.Timestamp)
            else value
            for name, value in row.items()
        }
