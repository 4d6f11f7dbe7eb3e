"""What the referee says: promised and achieved, with intervals over replications."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from domain.calendar import DAYS_PER_WEEK
from simulation.referee.board import Demands, Floats, Ints, Played
from simulation.referee.case import Case
from simulation.referee.money import KINDS

BENCH_DAYS = 1.0  # a repair on the bench once its last part is in hand (MODEL 6)
_RESAMPLES = 1000
_LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of the interval."""
        return 0.5 * (self.high - self.low)

    def json(self) -> dict[str, float]:
        """As written to JSON."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass
class Tally:
    """Sums of every replication: {name: [one number per replication]}; a ratio divides two of them."""

    sums: dict[str, list[float]] = field(default_factory=dict)

    def add(self, **numbers: float) -> None:
        """Numbers of one replication."""
        for name, number in numbers.items():
            self.sums.setdefault(name, []).append(float(number))

    def ratio(self, above: str, below: str | None = None) -> Interval:
        """Σ above ÷ Σ below (replications if None) with its interval."""
        top = np.array(self.sums[above])
        return ratio_interval(top, np.ones(len(top)) if below is None else np.array(self.sums[below]))


def ratio_interval(top: Floats, bottom: Floats) -> Interval:
    """Σ top ÷ Σ bottom over replications with a cluster-bootstrap interval: whole replications are drawn again.

    Percentiles of 1,000 resamples, spread by √(n / (n − 1)): a bootstrap of few clusters is too narrow by that much
    (Davison & Hinkley 1997, section 3.8). The draws are always the same.
    """
    n = len(top)
    value = _divide(top.sum(), bottom.sum())
    if n < 2:
        return Interval(value, float("-inf"), float("inf"))
    drawn = np.random.default_rng(0).integers(0, n, (_RESAMPLES, n))
    ratios = _divide(top[drawn].sum(axis=1), bottom[drawn].sum(axis=1))
    low, high = np.quantile(ratios, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    spread = np.sqrt(n / (n - 1))
    return Interval(value, float(value - spread * (value - low)), float(value + spread * (high - value)))


def _divide(top: Any, bottom: Any) -> Any:
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(bottom != 0, top / bottom, np.nan)
    return found if found.ndim else float(found)


def tally_service(tally: Tally, case: Case, demands: Demands, at_once: Ints, local: Ints, last: Floats) -> None:
    """Service of the repairs that asked in weeks 1..T.

    at_once, local: units per demand served without wait, and from their own region; last: days until its last unit.
    """
    new = demands.asked & (demands.time < case.weeks * DAYS_PER_WEEK)
    group = case.rows.points["group"].to_numpy()[demands.point]
    number = len(case.rows.groups)
    asked = np.bincount(group[new], demands.quantity[new], number)
    served = np.bincount(group[new], at_once[new], number)
    for row, name in enumerate(case.rows.groups):
        tally.add(**{f"asked {name}": asked[row], f"served {name}": served[row]})
    parts = np.bincount(demands.ticket[new])  # of each repair; sorting tickets would cost more than playing them
    repair = np.cumsum(parts > 0) - 1
    wait = np.zeros(int((parts > 0).sum()))
    np.maximum.at(wait, repair[demands.ticket[new]], last[new])
    ended = wait[np.isfinite(wait)]
    tally.add(
        asked=asked.sum(),
        served=served.sum(),
        local=local[new].sum(),
        repairs=len(wait),
        of_several=int((parts > 1).sum()),
        without_wait=int((wait <= 0).sum()),
        given_up=len(wait) - len(ended),
        ended=len(ended),
        wait=ended.sum(),
        wait_p95=float(np.quantile(ended, 0.95)) if len(ended) else 0.0,
    )


def service_by_part(case: Case, demands: Demands, at_once: Ints) -> tuple[Ints, Ints]:
    """Units asked for in weeks 1..T of one replication, and those of them served without wait, (parts,) each."""
    new = demands.asked & (demands.time < case.weeks * DAYS_PER_WEEK)
    parts = len(demands.start) - 1
    part = np.repeat(np.arange(parts), np.diff(demands.start))[new]
    asked, served = (np.bincount(part, units[new], parts) for units in (demands.quantity, at_once))
    return asked.astype(np.int64), served.astype(np.int64)


def tally_stock(tally: Tally, case: Case, played: Played) -> None:
    """Units in stock and their age, weeks 1..T."""
    days = case.weeks * DAYS_PER_WEEK
    stock = float(played.hub_days.sum() + played.depot_days.sum() + played.shelf_days.sum())
    tally.add(stock=stock / days, stock_days=stock, age_days=played.age_days.sum(), scrapped=played.scrapped.sum())


@dataclass(frozen=True)
class Verdict:
    """The figures of one policy. service: achieved fill rate by group; cost: by kind, `total`, `per_repair`."""

    service: dict[str, Interval]
    asked: dict[str, float]
    figures: dict[str, Interval]
    cost: dict[str, Interval]
    replications: int


def verdict(tally: Tally, groups: tuple[str, ...]) -> Verdict:
    """Read the tally."""
    waits = {"mean_wait_days": tally.ratio("wait", "ended"), "wait_days_p95": tally.ratio("wait_p95")}
    waiting = tally.ratio("wait", "ended")
    figures = {
        "fill_rate": tally.ratio("served", "asked"),
        "repairs_without_wait": tally.ratio("without_wait", "repairs"),
        **waits,
        "turnaround_days": Interval(waiting.value + BENCH_DAYS, waiting.low + BENCH_DAYS, waiting.high + BENCH_DAYS),
        "days_waiting_for_parts": waiting,
        "solved_locally": tally.ratio("local", "asked"),
        "repairs": tally.ratio("repairs"),
        "repairs_of_several_parts": tally.ratio("of_several", "repairs"),
        "given_up": tally.ratio("given_up", "repairs"),
    }
    if "stock" in tally.sums:
        figures["stock_units"] = tally.ratio("stock")
        figures["stock_age_days"] = tally.ratio("age_days", "stock_days")
        figures["scrapped_units"] = tally.ratio("scrapped")
    if "logistics" in tally.sums:
        figures["logistics_cost"] = tally.ratio("logistics")
    if "co2" in tally.sums:
        figures["co2_kg"] = tally.ratio("co2")
    cost = {kind: tally.ratio(kind) for kind in KINDS if kind in tally.sums}
    tally.sums["total"] = total_cost(tally).tolist()
    cost |= {"total": tally.ratio("total"), "per_repair": tally.ratio("total", "repairs")}
    asked = {name: float(np.mean(tally.sums[f"asked {name}"])) for name in groups}
    service = {name: tally.ratio(f"served {name}", f"asked {name}") for name in groups if asked[name] > 0}
    return Verdict(service, asked, figures, cost, len(tally.sums["asked"]))


def total_cost(tally: Tally) -> Floats:
    """Money of all kinds, replication by replication."""
    kinds = [tally.sums[kind] for kind in KINDS if kind in tally.sums]
    return np.array([sum(numbers) for numbers in zip(*kinds, strict=True)], float)


def differences(one: Tally, other: Tally, groups: tuple[str, ...]) -> dict[str, Interval]:
    """What `one` has more than `other` of the same plays, in pairs: money of each kind and in total, share of units
    served at once (`fill_rate`, and by group as `service …`), days a repair waited, kg of CO₂."""
    plays = len(one.sums["asked"])
    found = {
        kind: ratio_interval(np.array(one.sums[kind]) - np.array(other.sums[kind]), np.ones(plays))
        for kind in (*KINDS, "co2", "stock")
        if kind in one.sums and kind in other.sums
    }
    found["total"] = ratio_interval(total_cost(one) - total_cost(other), np.ones(plays))
    ratios = {"fill_rate": ("served", "asked"), "wait_days": ("wait", "ended")}
    ratios |= {f"service {name}": (f"served {name}", f"asked {name}") for name in groups}
    for name, (above, below) in ratios.items():
        tops = [np.array(tally.sums[above]) for tally in (one, other)]
        bottoms = [np.array(tally.sums[below]) for tally in (one, other)]
        if all(bottom.sum() > 0 for bottom in bottoms):
            found[name] = _ratio_difference(tops, bottoms)
    return found


def _ratio_difference(tops: list[Floats], bottoms: list[Floats]) -> Interval:
    """Difference of two ratios over the same plays; whole plays are drawn again, both sides together."""
    n = len(tops[0])
    value = tops[0].sum() / bottoms[0].sum() - tops[1].sum() / bottoms[1].sum()
    if n < 2:
        return Interval(float(value), float("-inf"), float("inf"))
    drawn = np.random.default_rng(0).integers(0, n, (_RESAMPLES, n))
    each = [
        _divide(top[drawn].sum(axis=1), bottom[drawn].sum(axis=1)) for top, bottom in zip(tops, bottoms, strict=True)
    ]
    low, high = np.quantile(each[0] - each[1], [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    spread = np.sqrt(n / (n - 1))
    return Interval(float(value), float(value - spread * (value - low)), float(value + spread * (high - value)))
