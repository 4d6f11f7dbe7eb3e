"""A realistic network that can be given away, and the truth behind it: the steps, and the tables they make."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulation.demo import demand, events, goods, lifecycle, network, pipeline, position, receipts, supply, usage
from simulation.demo.catalogue import CATEGORY_NAMES, CLASS_NAMES, Catalogue, catalogue
from simulation.demo.markets import Markets, markets
from simulation.demo.part_classes import CLASSES
from simulation.demo.sizes import (
    AS_OF,
    BUDGET_PERIOD_WEEKS,
    HISTORY_WEEKS,
    HORIZON_WEEKS,
    SIZES,
    WEEKS,
    Floats,
    Size,
    Texts,
    mondays,
    months,
    stream,
)

ORDER_LINE_COST = 0.8  # USD
OVERRIDES_PER_PART = 0.002


@dataclass(frozen=True)
class Demo:
    """A network folder in memory. settings: what network.toml says. tables: raw values as a user would write them.

    truth: the hidden laws behind the tables: demand (part, region, week, mean pieces; history and a year ahead, of an
    alliance the year ahead), leaves
    (part, region, batch index, hidden factor today, spell of shortage), shares (site, share of its region), lead_times
    (lane, gamma laws in days), hazards (law, warranty_months, age_weeks, intensity), faults (model, part, failures per
    device in its first year, law, bad batch), models (model, sold ÷ planned), tickets (region, repairs), calibration.
    """

    settings: dict[str, object]
    tables: dict[str, pd.DataFrame]
    truth: dict[str, pd.DataFrame]


def generate(size: str | Size, seed: int, early_unserved: float = 0.0) -> Demo:
    """Draw the demo network of a `size` ("small", "wisetech", "alliance", or one's own); same seed, same bytes.

    early_unserved: least share of the demand of the history's first half year that finds no part, as in a repair
    network that opens with empty shelves; what is wanted stays the same.

    Devices are sold and age; their repairs want parts (`lifecycle`, `demand`); points write down which (`usage`).
    Budget and lane capacities are then set from expected demand, so that they bind (`supply.budget`,
    `supply.with_limits`) whatever the size. Raises ValueError for an unknown size, or
    unless 0 ≤ early_unserved ≤ 1.
    """
    if not 0.0 <= early_unserved <= 1.0:
        raise ValueError("early_unserved is a share between 0 and 1")
    plan = _size(size)
    found = catalogue(plan, seed)
    placed = network.geography(plan, seed)
    draft = events.events(plan, [])
    daily = events.daily_factors(plan, draft)
    calendar = daily.mean(axis=3) * events.seasons()[None, :, :]
    sold_in = markets(plan, seed, found)
    relative = lifecycle.relative_sales(plan, seed, found.models, sold_in.models)
    repairs = plan.tickets_per_week * (1 - demand.WITHOUT_PART)
    scale = repairs / demand.expected_tickets(found, sold_in.models, relative, calendar)
    sold = lifecycle.sales(sold_in.models, relative, scale, seed)
    hidden = demand.law(plan, seed, found, sold_in, calendar)
    short = usage.shortages(seed, len(sold_in.leaves.item), early_unserved)

    wanted, drawn = _history(plan, seed, found, placed, sold_in, sold, hidden, short, daily)
    history = usage.usage_table(found, drawn, placed.points, [region.region for region in plan.regions], seed)
    made = goods.goods(plan, seed, found, _half_year(wanted))
    flow = supply.natural_flow(plan, found, made, wanted)
    held = position.shelves(plan, seed, found, made, flow, wanted, placed)
    inbound = pipeline.inbound_table(plan, seed, found, made, flow, wanted, placed)
    spent = supply.unconstrained_purchases(made, flow, wanted, held.position + pipeline.on_order(inbound, found))
    lanes = supply.with_limits(plan, network.lanes(plan, seed, placed), flow)
    lead_times = network.true_lead_times(seed, lanes)
    tables = {
        "sites": placed.sites,
        "lanes": lanes,
        "suppliers": made.suppliers,
        "parts": goods.parts_table(seed, found, made),
        "models": goods.models_table(seed, found),
        "fitment": _fitment(found),
        "substitutes": _substitutes(found, seed),
        "sales": _sales(plan, found, sold),
        "usage": history,
        "failures": usage.failures_table(found, drawn),
        "stock": position.stock_table(seed, found, held, placed, wanted),
        "inbound": inbound,
        "repair_orders": pipeline.repair_orders(plan, seed, history),
        "service": _service(plan),
        "duties": network.duties(plan),
        "events": events.events(plan, made.suppliers["supplier"].tolist()),
        "overrides": _overrides(plan, found, wanted, seed),
        "past_consignments": pipeline.past_consignments(plan, seed, lanes, lead_times, flow),
        "rates": network.rates(),
    }
    tables["receipts"] = receipts.receipts_table(plan, found, made, flow, wanted.leaves, placed, tables)
    truth = {
        "demand": demand.demand_table(plan, found, wanted),
        "leaves": _leaves(plan, found, hidden, wanted, short),
        "shares": pd.DataFrame({"site": np.concatenate(placed.points), "share": np.concatenate(placed.share)}),
        "lead_times": lead_times,
        "hazards": lifecycle.hazards(),
        "faults": _faults(found, hidden),
        "models": pd.DataFrame({"model": found.models.model, "sold_to_planned": sold.plan_factor}),
        "tickets": usage.tickets_table(plan, drawn),
        "calibration": supply.calibration(lanes, flow, spent),
    }
    return Demo(_settings(plan, supply.budget(plan, spent)), tables, truth)


def _size(size: str | Size) -> Size:
    if isinstance(size, Size):
        return size
    if size not in SIZES:
        raise ValueError(f"there is no demo of size {size}; choose {' or '.join(SIZES)}")
    return SIZES[size]


def _history(
    size: Size,
    seed: int,
    found: Catalogue,
    placed: network.Geography,
    sold_in: Markets,
    sold: lifecycle.Sales,
    hidden: demand.Law,
    short: usage.Shortages,
    daily: Floats,
) -> tuple[demand.Wanted, list[usage.Tickets]]:
    """Expected demand of every region and what was drawn from it, one region at a time to keep memory low."""
    leaves, drawn = sold_in.leaves, []
    mean, batch_index = np.empty((len(leaves.item), WEEKS)), np.empty(len(leaves.item))
    for region in range(len(size.regions)):
        rates = demand.repair_rates(found, sold, hidden, sold_in, region)
        here = leaves.of(region)
        mean[here], batch_index[here] = demand.expected_demand(found, rates, sold_in, region)
        share = placed.share[region]
        drawn.append(usage.draw_region(found, sold, sold_in, rates, daily[region], share, short, region, seed))
    return demand.Wanted(leaves, mean, batch_index), drawn


def _settings(size: Size, budget: float) -> dict[str, object]:
    return {
        "as_of": AS_OF.isoformat(),
        "currency": "USD",
        "horizon_weeks": HORIZON_WEEKS,
        "holding_rate_per_year": 0.25,
        "obsolescence_rate": 0.10,
        "order_line_cost": ORDER_LINE_COST,
        "budget_per_period": budget,
        "budget_period_weeks": BUDGET_PERIOD_WEEKS,
        "service": {"fill_rate": size.service.fill_rate},
    }


def _half_year(wanted: demand.Wanted) -> Floats:
    """Pieces of half a year of all regions, the larger of the last one and the next, shape (parts,)."""
    weekly = np.zeros((wanted.leaves.items, WEEKS))
    for region in range(len(wanted.leaves.start) - 1):
        here = wanted.leaves.of(region)
        weekly[wanted.leaves.item[here]] += wanted.mean[here]
    last = weekly[:, HISTORY_WEEKS - HORIZON_WEEKS : HISTORY_WEEKS].sum(axis=1)
    following = weekly[:, HISTORY_WEEKS : HISTORY_WEEKS + HORIZON_WEEKS].sum(axis=1)
    return np.asarray(np.maximum(last, following))


def _fitment(found: Catalogue) -> pd.DataFrame:
    fitment = found.fitment
    frame = pd.DataFrame(
        {
            "model": found.models.model[fitment.model],
            "part": found.parts.part[fitment.part],
            "quantity": fitment.pieces,
        }
    )
    return frame.sort_values(["model", "part"], ignore_index=True)


def _substitutes(found: Catalogue, seed: int) -> pd.DataFrame:
    """A colour stands in for another both ways; a new revision replaces the one before it."""
    rng = stream(seed, "substitutes")
    rows = np.flatnonzero(found.parts.twin >= 0)
    colour = [CLASSES[CLASS_NAMES[c]].variants == "colour" for c in found.parts.part_class[rows]]
    since = np.datetime64(AS_OF, "D") - rng.integers(30, 700, len(rows))
    return pd.DataFrame(
        {
            "part": found.parts.part[found.parts.twin[rows]],
            "substitute": found.parts.part[rows],
            "two_way": colour,
            "since": since.astype("datetime64[ns]"),
        }
    )


def _sales(size: Size, found: Catalogue, sold: lifecycle.Sales) -> pd.DataFrame:
    row, month = np.nonzero(sold.plan)
    frame = pd.DataFrame(
        {
            "month": months().astype("datetime64[ns]")[month],
            "region": _region_names(size)[sold.rows.region[row]],
            "model": found.models.model[sold.rows.item[row]],
            "units": sold.plan[row, month],
        }
    )
    return frame.sort_values(["month", "region", "model"], ignore_index=True)


def _service(size: Size) -> pd.DataFrame:
    """Screens and what else is promised by class, other critical parts by country and everywhere, the countries with
    fewest repairs by their mean wait; the rest falls to the default."""
    promised = size.service
    repairs: dict[str, float] = {}
    for region in size.regions:
        repairs[region.country] = repairs.get(region.country, 0.0) + region.share
    near = sorted(repairs, key=lambda country: repairs[country])[: promised.near_countries]
    rows: list[dict[str, object]] = [
        {"group": "screens", "part_class": "screen", "mean_wait_days": promised.screen_wait_days},
        *(
            {"group": CLASSES[name].name.lower().replace(" ", "-"), "part_class": name, how: promise}
            for how, promises in (
                ("fill_rate", promised.class_fill_rates),
                ("mean_wait_days", promised.class_wait_days),
            )
            for name, promise in promises
        ),
        *(
            {"group": f"critical-{country}", "criticality": "A", "country": country, "mean_wait_days": days}
            for country, days in promised.country_wait_days
            if country in repairs
        ),
        {"group": "critical", "criticality": "A", "fill_rate": promised.critical_fill_rate},
        *(
            {"group": f"short-wait-{country}", "country": country, "mean_wait_days": promised.near_wait_days}
            for country in near
        ),
    ]
    return pd.DataFrame(rows, columns=["group", "part_class", "criticality", "country", "fill_rate", "mean_wait_days"])


def _region_names(size: Size) -> Texts:
    return np.array([region.region for region in size.regions], dtype=object)


def _overrides(size: Size, found: Catalogue, wanted: demand.Wanted, seed: int) -> pd.DataFrame:
    """Planners who know of a campaign and are roughly right about it."""
    rng = stream(seed, "overrides")
    ahead, leaves = wanted.weekly(HISTORY_WEEKS + 4, 6), wanted.leaves
    most = np.zeros(leaves.items)
    np.maximum.at(most, leaves.item, ahead)
    busy = np.argsort(most, kind="stable")[-max(20, leaves.items // 20) :]
    part = np.sort(rng.choice(busy, max(3, round(OVERRIDES_PER_PART * leaves.items)), replace=False))
    busiest_first = np.lexsort((leaves.region, -ahead, leaves.item))
    leaf = busiest_first[np.searchsorted(leaves.item[busiest_first], part)]
    start = np.datetime64(AS_OF, "ns") + np.timedelta64(1 + 4 * 7, "D")
    return pd.DataFrame(
        {
            "part": found.parts.part[part],
            "region": _region_names(size)[leaves.region[leaf]],
            "start": start,
            "end": start + np.timedelta64(6 * 7 - 1, "D"),
            "quantity_per_week": np.round(ahead[leaf] * rng.uniform(0.9, 1.25, len(part)), 1),
            "author": "planning desk",
            "reason": "service campaign announced by the brand",
            "created": np.datetime64(AS_OF, "ns") - np.timedelta64(5, "D"),
        }
    )


def _leaves(
    size: Size, found: Catalogue, hidden: demand.Law, wanted: demand.Wanted, short: usage.Shortages
) -> pd.DataFrame:
    first = short.start.clip(0, HISTORY_WEEKS - 1)
    from_week = mondays()[first].astype("datetime64[ns]")
    frame = pd.DataFrame(
        {
            "part": found.parts.part[wanted.leaves.item],
            "region": _region_names(size)[wanted.leaves.region],
            "batch_index": wanted.batch_index,
            "factor": hidden.factor_in(HISTORY_WEEKS),
            "short_from": np.where(short.weeks > 0, from_week, np.datetime64("NaT")),
            "short_weeks": short.weeks,
        }
    )
    return frame.sort_values(["part", "region"], ignore_index=True)


def _faults(found: Catalogue, hidden: demand.Law) -> pd.DataFrame:
    fitment = found.fitment
    turned = hidden.bad_from.clip(max=HISTORY_WEEKS - 1)
    bad = mondays()[turned].astype("datetime64[ns]")
    frame = pd.DataFrame(
        {
            "model": found.models.model[fitment.model],
            "part": found.parts.part[fitment.part],
            "category": np.array(CATEGORY_NAMES, dtype=object)[found.models.category[fitment.model]],
            "law": [CLASSES[CLASS_NAMES[c]].fails for c in found.parts.part_class[fitment.part]],
            "failures_per_device_year": fitment.failures,
            "companion": fitment.companion,
            "bad_batch_from": np.where(hidden.bad_from < HISTORY_WEEKS, bad, np.datetime64("NaT")),
        }
    )
    return frame.sort_values(["model", "part"], ignore_index=True)
