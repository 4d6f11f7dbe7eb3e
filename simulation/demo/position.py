"""What lies on the shelves and on the way on AS_OF: base stock with noise, bare shelves, dead stock, defectives."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulation.demo.catalogue import CLASS_NAMES, Catalogue
from simulation.demo.demand import Wanted
from simulation.demo.geography import COUNTRIES, HUB
from simulation.demo.goods import Goods
from simulation.demo.markets import Pairs
from simulation.demo.network import Geography
from simulation.demo.part_classes import CLASSES
from simulation.demo.sizes import AS_OF, HISTORY_WEEKS, HORIZON_WEEKS, Bools, Floats, Ints, Size, Texts, stream
from simulation.demo.supply import RATE_DOUBT, SAFETY, Flow

DEPOT_COVER = 1.5  # of an ordinary planner's aim: these depots are used to long customs
HUB_SHARE = 0.30  # of parts kept at the hub
BARE_SHARE = 0.05  # of part-regions out of stock today
DEAD_SHARE = 0.25  # of part-regions hardly wanted any more that still have stock
SLOW_PER_WEEK = 0.05
SLOW_BARE_SHARE = 0.17
SCREEN_PRICE, CRITICAL_PRICE, OTHER_PRICE = 40.0, 40.0, 25.0  # USD per waiting repair and week, for points' base stock
LINE_COST = 1.5  # USD a year, of keeping one part number at a point
POINT_WEEKS = 0.5  # courier and an occasional wait for the depot
_NO_DATE = np.datetime64("NaT", "D")


@dataclass(frozen=True)
class Shelves:
    """Good stock today: hub (parts,), depots (leaves,), points one (points, leaves of the region) per region, and the
    base stock those points aim at."""

    leaves: Pairs
    hub: Ints
    depot: Ints
    point: list[Ints]
    point_target: list[Ints]

    @property
    def position(self) -> Ints:
        """Pieces of each part above what fills the points up to their base stock, shape (parts,)."""
        above = [(held - target).sum(axis=0) for held, target in zip(self.point, self.point_target, strict=True)]
        total = self.leaves.over_regions(self.depot + np.concatenate(above))
        return np.asarray(self.hub + total.astype(np.int64))


def shelves(
    size: Size, seed: int, found: Catalogue, made: Goods, flow: Flow, wanted: Wanted, placed: Geography
) -> Shelves:
    """Draw today's stock around what an ordinary planner would aim at."""
    rng = stream(seed, "stock")
    part = wanted.leaves.item
    rate = wanted.weekly(HISTORY_WEEKS, 8)
    weeks = flow.lead_weeks + made.lead_time_days[part] / 7.0 + 1.0
    pipeline = rate * weeks
    aim = SAFETY * np.sqrt(pipeline + RATE_DOUBT * pipeline**2) + rate
    depot = np.floor(DEPOT_COVER * aim * rng.lognormal(0.0, 0.25, aim.shape) + rng.random(aim.shape)).astype(np.int64)
    depot[rng.random(aim.shape) < np.where(rate < SLOW_PER_WEEK, SLOW_BARE_SHARE, BARE_SHARE)] = 0
    coming = wanted.mean[:, HISTORY_WEEKS : HISTORY_WEEKS + HORIZON_WEEKS].sum(axis=1)
    once = wanted.mean[:, :HISTORY_WEEKS].sum(axis=1)
    dead = (coming < 1.0) & (once > coming) & (rng.random(aim.shape) < DEAD_SHARE)
    depot[dead] += rng.integers(3, 25, int(dead.sum()))

    weekly = wanted.leaves.over_regions(rate)
    lot = np.where(
        made.moq > HORIZON_WEEKS * weekly, made.moq * rng.random(len(weekly)), weekly * rng.uniform(1, 5, len(weekly))
    )
    hub = np.where(rng.random(len(weekly)) < HUB_SHARE, np.maximum(np.round(lot), 1), 0).astype(np.int64)

    price = _waiting_price(found)
    point, target = [], []
    for number, region in enumerate(size.regions):
        holding = COUNTRIES[region.country].holding_rate_per_year
        here = wanted.leaves.of(number)
        pipeline_at_point = POINT_WEEKS * np.outer(placed.share[number], rate[here])
        worth = (holding * made.unit_cost[part[here]] + LINE_COST) / 52.0 / price[part[here]]
        base = point_base_stock(pipeline_at_point, worth)
        gone = np.where(rng.random(base.shape) < BARE_SHARE, base, rng.poisson(pipeline_at_point))
        target.append(base)
        point.append(np.maximum(base - gone, 0))
    return Shelves(wanted.leaves, hub, depot, point, target)


def _waiting_price(found: Catalogue) -> Floats:
    """USD per waiting repair and week, shape (parts,)."""
    price = {"A": CRITICAL_PRICE, "B": OTHER_PRICE, "C": OTHER_PRICE}
    of_class = [SCREEN_PRICE if name == "screen" else price[CLASSES[name].criticality] for name in CLASS_NAMES]
    return np.asarray(np.array(of_class)[found.parts.part_class])


def point_base_stock(pipeline: Floats, worth: Floats) -> Ints:
    """Largest S for which the S-th piece still pays: P(N ≥ S) > cost of holding it ÷ price of waiting, N Poisson.

    pipeline: E N, shape (points, parts). worth: that ratio, shape (parts,).
    """
    worth = np.broadcast_to(worth, pipeline.shape)
    stock = np.zeros(pipeline.shape, dtype=np.int64)
    left = np.flatnonzero(1.0 - np.exp(-pipeline) > worth)
    m, worth_left = pipeline.ravel()[left], worth.ravel()[left]
    probability = np.exp(-m)
    beyond = 1.0 - probability
    flat = stock.ravel()
    while len(left):
        flat[left] += 1
        probability = probability * m / flat[left]
        beyond = beyond - probability
        more = beyond > worth_left
        left = left[more]
        m, worth_left, probability, beyond = m[more], worth_left[more], probability[more], beyond[more]
    return stock


def stock_table(seed: int, found: Catalogue, held: Shelves, placed: Geography, wanted: Wanted) -> pd.DataFrame:
    """The table `stock`: good stock, batteries at depots with their date, defectives and what is in quarantine."""
    rng = stream(seed, "count")
    today = np.datetime64(AS_OF, "D")
    life = np.array([CLASSES[name].shelf_life_days or 0 for name in CLASS_NAMES])[found.parts.part_class]
    frames = [_rows(found, np.full(len(held.hub), HUB.code, object), np.arange(len(held.hub)), held.hub, "good")]
    for number, depot in enumerate(placed.depot):
        here = wanted.leaves.of(number)
        part, at_depot = wanted.leaves.item[here], np.full(here.stop - here.start, depot, object)
        good = _rows(found, at_depot, part, held.depot[here], "good")
        days = life[part[held.depot[here] > 0]]
        expires = today + (days * rng.uniform(0.35, 0.9, len(days))).astype(np.int64)
        good["expires"] = np.where(days > 0, expires, _NO_DATE).astype("datetime64[ns]")
        frames.append(good)
        site, column = np.nonzero(held.point[number])
        frames.append(_rows(found, placed.points[number][site], part[column], held.point[number][site, column], "good"))
        used = wanted.mean[here, HISTORY_WEEKS - 4 : HISTORY_WEEKS].sum(axis=1)
        worn = rng.poisson(0.2 * used)
        held_back = rng.poisson(0.01 * used)
        broken_at = rng.choice(placed.points[number], len(used), p=placed.share[number])
        frames.append(_rows(found, broken_at, part, worn, "defective"))
        frames.append(_rows(found, at_depot, part, held_back, "quarantine"))
    stock = pd.concat(frames, ignore_index=True)
    counted = today - rng.integers(0, 28, len(stock))
    stock["counted_on"] = counted.astype("datetime64[ns]")
    return stock.sort_values(["site", "part", "condition"], ignore_index=True)


def _rows(found: Catalogue, site: Texts, part: Ints, on_hand: Ints, condition: str) -> pd.DataFrame:
    some: Bools = on_hand > 0
    return pd.DataFrame(
        {
            "site": site[some],
            "part": found.parts.part[part[some]],
            "condition": condition,
            "on_hand": on_hand[some],
            "expires": np.full(int(some.sum()), np.datetime64("NaT"), "datetime64[ns]"),
        }
    )
