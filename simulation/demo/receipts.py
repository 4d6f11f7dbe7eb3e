"""What the company received in its last year: a plain monthly buyer, worked out backwards from today's stock."""

import numpy as np
import pandas as pd

from simulation.demo.catalogue import Catalogue
from simulation.demo.geography import HUB
from simulation.demo.goods import Goods
from simulation.demo.markets import Pairs
from simulation.demo.network import Geography, legs
from simulation.demo.sizes import AS_OF, Days, Ints, Size
from simulation.demo.supply import Flow

YEAR_DAYS = 371  # a year and a week, so that 52 whole weeks are covered
EVERY = 4  # consignments of a lane, or weeks of the hub, from one to the next that carries a part


def receipts_table(
    size: Size,
    found: Catalogue,
    made: Goods,
    flow: Flow,
    leaves: Pairs,
    placed: Geography,
    facts: dict[str, pd.DataFrame],
) -> pd.DataFrame:
    """The table `receipts`: every fourth consignment brings each region what it used since the one before.

    facts: usage, stock, inbound and past_consignments of the same network. Worked out backwards from today's stock, so
    that it is never negative, and stock then + received − used − sent on = stock now, part by part. The hub buys in its
    suppliers' lots. Nothing is drawn.
    """
    today = np.datetime64(AS_OF, "D")
    parts = pd.Index(found.parts.part)
    good = facts["stock"][facts["stock"]["condition"] == "good"]
    used = facts["usage"][facts["usage"]["kind"] == "used"]
    used = used[used["date"] > today - YEAR_DAYS]
    past = facts["past_consignments"]
    here, held = (_by_region(rows, placed) for rows in (used, good))
    frames = []
    for row, (region, leg) in enumerate(legs(size)):
        lane = f"{HUB.code}-{placed.depot[region]}-{leg.mode}"
        came = past[(past["lane"] == lane) & (past["received"] > today - YEAR_DAYS)].drop_duplicates("received")
        came = came.sort_values("received").iloc[::EVERY]
        mine = leaves.of(region).start + np.flatnonzero(flow.leg[leaves.of(region)] == row)
        names = parts[leaves.item[mine]]
        days = came["received"].to_numpy("datetime64[D]")
        gone = here[region]
        went = _binned(names, gone["part"], gone["date"].to_numpy("datetime64[D]"), gone["quantity"], days)
        least = np.ones(len(names), np.int64)
        got = _backwards(_total(names, held[region]), went, least, least)
        part, number = np.nonzero(got)
        chosen = came.iloc[number]
        frames.append(
            pd.DataFrame(
                {
                    "date": chosen["received"].to_numpy(),
                    "site": placed.depot[region],
                    "part": names.to_numpy(object)[part],
                    "order": chosen["consignment"].to_numpy(object),
                    "origin": HUB.code,
                    "lane": lane,
                    "quantity": got[part, number],
                    "shipped": chosen["shipped"].to_numpy(),
                }
            )
        )
    sent = pd.concat(frames, ignore_index=True)
    bought = _purchases(parts, made, good[good["site"] == HUB.code], sent, facts["inbound"])
    both = pd.concat([sent.drop(columns="shipped"), bought], ignore_index=True)
    return both.sort_values(["date", "site", "part", "order"], ignore_index=True)


def _by_region(rows: pd.DataFrame, placed: Geography) -> list[pd.DataFrame]:
    """The rows at the depot and the points of each region."""
    region_of = {site: region for region, depot in enumerate(placed.depot) for site in [depot, *placed.points[region]]}
    region = rows["site"].map(region_of).fillna(-1).to_numpy(np.int64)
    return [rows[region == number] for number in range(len(placed.depot))]


def _purchases(
    parts: "pd.Index[str]",
    made: Goods,
    held: pd.DataFrame,
    sent: pd.DataFrame,
    inbound: pd.DataFrame,
) -> pd.DataFrame:
    """What suppliers brought to the hub every fourth Tuesday, for what it sent since."""
    today = np.datetime64(AS_OF, "D")
    days = today - YEAR_DAYS + 2 + 7 * EVERY * np.arange(YEAR_DAYS // (7 * EVERY))
    under_way = inbound[inbound["origin"] == HUB.code]
    left = pd.to_datetime(under_way["order"].str[-10:])  # consignments are named after the day they left
    part = pd.concat([sent["part"], under_way["part"]])
    day = np.concatenate([sent["shipped"].to_numpy("datetime64[D]"), left.to_numpy("datetime64[D]")])
    went = _binned(parts, part, day, pd.concat([sent["quantity"], under_way["quantity"]]), days)
    got = _backwards(_total(parts, held), went, made.moq, made.multiple)
    row, number = np.nonzero(got)
    on = days[number]
    return pd.DataFrame(
        {
            "date": on.astype("datetime64[ns]"),
            "site": HUB.code,
            "part": parts.to_numpy(object)[row],
            "order": np.array([f"PO-{day}" for day in on.astype(str)], dtype=object),
            "origin": "",
            "lane": "",
            "quantity": got[row, number],
        }
    )


def _binned(parts: "pd.Index[str]", part: "pd.Series[str]", day: Days, quantity: "pd.Series[int]", days: Days) -> Ints:
    """Pieces that went from each of `days` until the next, shape (parts, days); earlier ones, others are left out."""
    went = np.zeros((len(parts), len(days)), np.int64)
    number = np.searchsorted(days, day, side="right") - 1
    rows = parts.get_indexer(pd.Index(part))
    kept = (number >= 0) & (rows >= 0)
    np.add.at(went, (rows[kept], number[kept]), quantity.to_numpy(np.int64)[kept])
    return went


def _total(parts: "pd.Index[str]", held: pd.DataFrame) -> Ints:
    return held.groupby("part")["on_hand"].sum().reindex(parts, fill_value=0).to_numpy(np.int64)


def _backwards(lies: Ints, went: Ints, moq: Ints, multiple: Ints) -> Ints:
    """Pieces received on each day, shape of `went`: what went in the time before, in lots, as far as stock allows.

    lies: pieces today; went: pieces that went from each day until the next.
    """
    got = np.zeros_like(went)
    before = np.roll(went, 1, axis=1)
    before[:, :1] = went[:, :1]
    after, owed = lies.astype(np.int64), np.zeros(len(lies), np.int64)
    for number in range(went.shape[1] - 1, -1, -1):
        level = after + went[:, number]
        owed += before[:, number]
        most = np.minimum(owed, level)
        got[:, number] = np.where(most >= moq, moq + np.maximum(most - moq, 0) // multiple * multiple, 0)
        owed -= got[:, number]
        after = level - got[:, number]
    return got
