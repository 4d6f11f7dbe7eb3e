"""What is under way on AS_OF, what once was, and the repairs that wait."""

import numpy as np
import pandas as pd

from domain.calendar import departure_weekdays
from simulation.demo.catalogue import Catalogue
from simulation.demo.demand import Wanted
from simulation.demo.events import shut
from simulation.demo.geography import HUB
from simulation.demo.goods import Goods
from simulation.demo.network import Geography, legs
from simulation.demo.sizes import AS_OF, HISTORY_WEEKS, Days, Floats, Ints, Size, mondays, stream
from simulation.demo.supply import Flow

UNDER_WAY = 0.92  # of the pieces that demand over the lead time would keep under way
_LATE_LINES = 3  # of the one consignment that should be here by now
_PO_PROBABILITY = 0.6  # at most, that a supplier owes a part


def inbound_table(
    size: Size, seed: int, found: Catalogue, made: Goods, flow: Flow, wanted: Wanted, placed: Geography
) -> pd.DataFrame:
    """The table `inbound`: consignments to depots, one of them late, and suppliers' orders to the hub.

    Consignments left on their lane's days and arrive its quoted time later.
    """
    rng = stream(seed, "inbound")
    rate = wanted.weekly(HISTORY_WEEKS - 6, 8)
    today = np.datetime64(AS_OF, "D")
    frames = []
    for row, (region, leg) in enumerate(legs(size)):
        leaf = wanted.leaves.start[region] + np.flatnonzero(flow.leg[wanted.leaves.of(region)] == row)
        quantity = rng.poisson(UNDER_WAY * rate[leaf] * flow.lead_weeks[leaf])
        part, quantity = wanted.leaves.item[leaf[quantity > 0]], quantity[quantity > 0]
        lead = round(leg.transit_days + leg.customs_days)
        departs = _departures(leg.departures, today - 7 * (lead // 7 + 2), today)
        under_way = departs[departs + lead > today]
        late = departs[departs + lead <= today][-1:]
        lines = np.where(quantity < 4, 1, np.where(quantity < 12, 2, 3))
        line = np.repeat(np.arange(len(part)), lines)
        left = under_way[rng.integers(0, len(under_way), len(line))]
        if row == 0:
            left[rng.choice(len(line), min(_LATE_LINES, len(line)), replace=False)] = late[0]
        pieces = -(-quantity[line] // lines[line])
        arrives = left + lead
        # what left longer ago than the journey takes stands in customs
        status = np.where(left + round(leg.transit_days) <= today, "customs", "shipped").astype(object)
        lane = f"{HUB.code}-{placed.depot[region]}-{leg.mode}"
        frames.append(
            pd.DataFrame(
                {
                    "order": np.array(
                        [f"C-{lane[len(HUB.code) + 1 :]}-{day}" for day in left.astype(str)], dtype=object
                    ),
                    "part": found.parts.part[part[line]],
                    "destination": placed.depot[region],
                    "origin": HUB.code,
                    "lane": lane,
                    "quantity": pieces,
                    "expected": arrives.astype("datetime64[ns]"),
                    "status": status,
                }
            )
        )
    frames.append(_purchases(rng, found, made, wanted.leaves.over_regions(rate)))
    both = pd.concat(frames, ignore_index=True)
    keys = [column for column in both.columns if column != "quantity"]
    added: pd.DataFrame = both.groupby(keys, sort=True)["quantity"].sum().reset_index()
    return added.sort_values(["order", "part"], ignore_index=True)


def _purchases(rng: np.random.Generator, found: Catalogue, made: Goods, weekly: Floats) -> pd.DataFrame:
    """Suppliers' orders to the hub: one lot of a part is owed with the probability demand makes likely."""
    today = np.datetime64(AS_OF, "D")
    owed = weekly * made.lead_time_days / 7.0 / made.moq
    part = np.flatnonzero((made.supplier >= 0) & (rng.random(len(owed)) < np.minimum(owed, _PO_PROBABILITY)))
    batch = rng.integers(0, 3, len(part))  # a supplier has up to three orders open
    days = np.ceil(made.lead_time_days[part] * (batch + 1) / 3.0).astype(np.int64)
    names = made.supplier_name[part]
    return pd.DataFrame(
        {
            "order": np.array(
                [f"PO-{name}-{number + 1}" for name, number in zip(names, batch, strict=True)], dtype=object
            ),
            "part": found.parts.part[part],
            "destination": HUB.code,
            "origin": "",
            "lane": "",
            "quantity": made.moq[part] * np.where(owed[part] > 1.5, np.round(owed[part]), 1).astype(np.int64),
            "expected": (today + days).astype("datetime64[ns]"),
            "status": np.where(batch == 0, "confirmed", "ordered").astype(object),
        }
    )


def on_order(inbound: pd.DataFrame, found: Catalogue) -> Ints:
    """Pieces under way and owed, shape (parts,)."""
    pieces = inbound.groupby("part")["quantity"].sum()
    return pieces.reindex(found.parts.part, fill_value=0).to_numpy(dtype=np.int64)


def _departures(weekdays: str, first: np.datetime64, last: np.datetime64) -> Days:
    """Days on which a lane left the open hub, one per week at most, first..last."""
    weekday = departure_weekdays(weekdays)[0]
    days = np.arange(first, last + 1)
    days = days[(days.astype(np.int64) + 3) % 7 == weekday]  # 1970-01-01 was a Thursday
    return np.asarray(days[~shut(days)])


def past_consignments(size: Size, seed: int, lanes: pd.DataFrame, truth: pd.DataFrame, flow: Flow) -> pd.DataFrame:
    """The table `past_consignments`: two years of the hub's lanes, drawn from their true laws; none overtakes another.

    Weight, freight and duty follow the lane's natural flow. Some express parcels to points are among them.
    """
    rng = stream(seed, "past")
    today = np.datetime64(AS_OF, "D")
    frames = []
    main = len(legs(size))
    few = main + np.flatnonzero(lanes["mode"].to_numpy()[main:] == "express")
    for row in [*range(main), *few.tolist()]:
        lane, law = lanes.iloc[row], truth.iloc[row]
        shipped = _departures(str(lane["departures"]), mondays()[0], today)
        if row >= main:
            shipped = shipped[rng.random(len(shipped)) < 0.05]
        days = _gamma(rng, law["transit_days"], law["transit_days_sd"], len(shipped))
        days = days + _gamma(rng, law["customs_days"], law["customs_days_sd"], len(shipped))
        received = np.maximum.accumulate(shipped + np.ceil(days).astype(np.int64)) if len(shipped) else shipped
        natural = flow.kg[row] if row < main else 1.2
        kg = np.round(np.maximum(natural, 0.5) * rng.gamma(6.0, 1 / 6.0, len(shipped)) + 0.1, 1)
        duty_per_kg = flow.duty[row] / max(flow.kg[row], 1e-9) if row < main else 2.0
        freight = np.maximum(kg * float(lane["cost_per_kg"]) * 1.04, float(lane["minimum_charge"]))
        frames.append(
            pd.DataFrame(
                {
                    "lane": lane["lane"],
                    "shipped": shipped.astype("datetime64[ns]"),
                    "received": received.astype("datetime64[ns]"),
                    "kg": kg,
                    "freight": np.round(freight + float(lane["cost_per_consignment"]), 2),
                    "duty": np.round(kg * duty_per_kg, 2),
                }
            )[received <= today]
        )
    frame = pd.concat(frames, ignore_index=True).sort_values(["shipped", "lane"], ignore_index=True)
    frame.insert(0, "consignment", [f"C{number:06d}" for number in range(1, len(frame) + 1)])
    return frame


def _gamma(rng: np.random.Generator, mean: float, sd: float, n: int) -> Floats:
    """Days of a gamma law with this mean and standard deviation."""
    if mean <= 0 or sd <= 0:
        return np.full(n, float(mean))
    return np.asarray(rng.gamma((mean / sd) ** 2, sd**2 / mean, n))


def repair_orders(size: Size, seed: int, usage: pd.DataFrame) -> pd.DataFrame:
    """The table `repair_orders`: repairs like those of the last four weeks, still without their parts."""
    rng = stream(seed, "open repairs")
    today = np.datetime64(AS_OF, "D")
    recent = usage[(usage["date"] > today - 28) & (usage["quantity"] > 0)]
    recent = recent.drop_duplicates(["site", "ticket", "part"])
    tickets = np.sort(recent["ticket"].unique().astype(str))
    like = rng.choice(tickets, min(size.open_repairs, len(tickets)), replace=False)
    number = pd.Series(np.arange(len(like)), index=like)
    rows = recent[recent["ticket"].isin(like)]
    order = number[rows["ticket"]].to_numpy()
    due = (today + rng.integers(-3, 12, len(like))).astype("datetime64[ns]")
    priority = rng.choice([1, 2, 3, 4, 5], len(like), p=[0.06, 0.14, 0.55, 0.15, 0.10])
    return pd.DataFrame(
        {
            "repair_order": np.array([f"RO-{n + 1:05d}" for n in order], dtype=object),
            "part": rows["part"].to_numpy(),
            "site": rows["site"].to_numpy(),
            "quantity": rows["quantity"].to_numpy(),
            "due": due[order],
            "priority": priority[order],
            "model": rows["model"].to_numpy(),
        }
    ).sort_values(["repair_order", "part"], ignore_index=True)
