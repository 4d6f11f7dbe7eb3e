"""What the company itself did: its stock at the beginning, what it served, bought and sent, and what that cost.

A *place* is a hub, or a region as a whole under its depot's name: moves inside a region need not be known.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.logistics import WEEKS_PER_YEAR, SupplyLanes, supply_lanes
from domain.network import Network
from simulation.referee.board import Floats
from simulation.referee.position import table_of

KNOWN_KINDS = ("purchase", "freight", "consignment", "duty", "order_line", "holding", "end")
"""Kinds of cost that receipts tell; waiting, couriers and repairs of the company are not known."""

FIRST_RECEIPT_DAYS = (
    31  # the first receipt on record comes that soon after the eve, or what came before it is not known
)


@dataclass(frozen=True)
class Books:
    """What came and went after a day.

    movements: part, place, day, quantity (what came in is positive), sorted by part, place, day. sent: part, lane (row
    of the supply lanes), day it left, received, quantity of goods from hub to region. bought: part, place, ordered,
    received, quantity. uncosted: units that came by ways no supply lane explains.
    """

    movements: pd.DataFrame
    sent: pd.DataFrame
    bought: pd.DataFrame
    uncosted: int


@dataclass(frozen=True)
class Opening:
    """Stock and inbound on the eve of a replay. arrived: channel, departs (days after the eve's Monday), arrives of
    inbound whose arrival the receipts tell. missing: units by which the books go below zero, taken as 0; known: whether
    receipts tell the stock, or today's is used instead."""

    stock: pd.DataFrame
    inbound: pd.DataFrame
    missing: int
    known: bool


def place_of(network: Network) -> "pd.Series[str]":
    """The place of every site, by id."""
    sites = network.site_of
    depot = sites["region"].map(network.depot_of_region)
    return depot.where(sites["kind"] != "origin", pd.Series(sites.index, sites.index))


def books_of(network: Network, eve: pd.Timestamp) -> Books:
    """Everything that came and went after `eve`, from usage, receipts and what is under way today.

    A receipt without lane from a hub came by the lane that ordinarily serves the depot. It left when the consignment
    on record that arrived by this lane that day had left, else the quoted days earlier. A receipt without origin was
    bought, and ordered its supplier's lead time earlier.
    """
    place = place_of(network)
    used = network.usage[(network.usage["date"] > eve) & (network.usage["kind"] == "used")]
    columns = ["part", "site", "origin", "lane", "quantity", "day", "received"]
    came = network.receipts[network.receipts["date"] > eve].rename(columns={"date": "day"}).assign(received=True)
    comes = network.inbound.rename(columns={"destination": "site", "expected": "day"}).assign(received=False)
    frames = [frame[columns] for frame in (came, comes) if len(frame)]
    moves = pd.concat(frames, ignore_index=True) if frames else came[columns]
    moves = moves.assign(to=moves["site"].map(place), out_of=moves["origin"].map(place).fillna(""))
    moves = moves[moves["to"] != moves["out_of"]].reset_index(drop=True)
    moves["lane_row"], days = _ways(network, supply_lanes(network), moves)
    moves["left"] = _shipped(network, moves, moves["day"] - pd.to_timedelta(days, unit="D"))
    bought = moves[moves["out_of"] == ""]
    sent = moves[moves["out_of"] != ""]
    left = sent[sent["left"] > eve]
    movements = pd.concat(
        [
            _movement(used["part"], used["site"].map(place), used["date"], -used["quantity"]),
            *(
                _movement(some["part"], some["to"], some["day"], some["quantity"])
                for some in [moves[moves["received"]]]
            ),
            _movement(left["part"], left["out_of"], left["left"], -left["quantity"]),
        ],
        ignore_index=True,
    )
    ways = sent["lane_row"].to_numpy(np.int64)
    return Books(
        movements=movements.sort_values(["part", "place", "day"], kind="stable", ignore_index=True),
        sent=sent.reset_index(drop=True),
        bought=bought.reset_index(drop=True),
        uncosted=int(sent["quantity"].to_numpy(np.int64)[ways < 0].sum()),
    )


def _movement(part: object, place: object, day: object, quantity: object) -> pd.DataFrame:
    return pd.DataFrame({"part": part, "place": place, "day": day, "quantity": quantity})


def _shipped(network: Network, moves: pd.DataFrame, quoted: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """The day each move left by the consignments on record, `quoted` where there is none."""
    past = network.past_consignments.groupby(["lane", "received"])["shipped"].max()
    keys = pd.MultiIndex.from_arrays([moves["lane"], moves["day"]])
    return pd.Series(past.reindex(keys).to_numpy(), moves.index, dtype="datetime64[ns]").fillna(quoted)


def _ways(network: Network, supply: SupplyLanes, moves: pd.DataFrame) -> tuple[Floats, Floats]:
    """Row of the supply lane each move came by (−1: none), and its days under way or its supplier's."""
    part = pd.Index(network.parts["part"]).get_indexer(pd.Index(moves["part"]))
    lane = pd.Index(supply.lanes["lane"]).get_indexer(pd.Index(moves["lane"]))
    for depot in network.depot_of_region.values():
        unsaid = ((moves["lane"] == "") & (moves["to"] == depot) & (moves["out_of"] != "")).to_numpy(bool)
        lane[unsaid] = supply.ordinary(depot)[0][part[unsaid]]
    lead = np.append(supply.lead_days, 0)[lane].astype(float)
    supplier = network.parts["supplier"].map(network.suppliers.set_index("supplier")["lead_time_days"])
    days = np.ceil(supplier.fillna(0.0).to_numpy(float))[part]
    return lane, np.where(moves["out_of"] == "", days, lead)


def opening(network: Network, eve: pd.Timestamp, books: Books) -> Opening:
    """What lay and travelled on `eve`: stock today + used since + sent on since − received since, by part and place.

    Points have what they have today as far as their region had it; the rest lay at the depot. Without receipts that go
    back so far the stock is today's, and what is under way today was under way as many days ago.
    """
    good = network.stock[network.stock["condition"] == "good"]
    if network.receipts.empty or network.receipts["date"].min() > eve + pd.Timedelta(days=FIRST_RECEIPT_DAYS):
        shift = pd.Timestamp(network.settings.as_of) - eve
        inbound = network.inbound.assign(expected=network.inbound["expected"] - shift)
        return Opening(good.reset_index(drop=True), inbound, 0, known=False)
    place = place_of(network)
    today = good.groupby(["part", "site"], as_index=False)["on_hand"].sum()
    today["place"] = today["site"].map(place)
    total = today.groupby(["part", "place"])["on_hand"].sum()
    then = total.sub(books.movements.groupby(["part", "place"])["quantity"].sum(), fill_value=0).astype(np.int64)
    missing = int(-then[then < 0].sum())
    then = then.clip(lower=0)
    points = today[today["site"] != today["place"]].copy()
    keys = pd.MultiIndex.from_frame(points[["part", "place"]])
    room = then.reindex(keys).to_numpy(np.int64)
    before = points.groupby(["part", "place"])["on_hand"].cumsum() - points["on_hand"]
    points["on_hand"] = np.clip(room - before.to_numpy(np.int64), 0, points["on_hand"].to_numpy(np.int64))
    at_points = points.groupby(["part", "place"])["on_hand"].sum()
    rest = then.sub(at_points, fill_value=0).rename("on_hand").reset_index().rename(columns={"place": "site"})
    lies = pd.concat([rest, points[["part", "site", "on_hand"]]], ignore_index=True)
    lies = lies[lies["on_hand"] > 0]
    stock = table_of(
        "stock", site=lies["site"], part=lies["part"], condition="good", on_hand=lies["on_hand"].astype(np.int64)
    )
    return Opening(stock, _inbound_then(network, eve, books), missing, known=True)


def _inbound_then(network: Network, eve: pd.Timestamp, books: Books) -> pd.DataFrame:
    """What had been sent or ordered by `eve` and came later, on the day it came."""
    lanes = supply_lanes(network).lanes["lane"].to_numpy(object)
    both = pd.concat([books.sent, books.bought], ignore_index=True)
    both = both[both["left"] <= eve]
    row = both["lane_row"].to_numpy(np.int64)
    lane = np.where(row >= 0, np.append(lanes, "")[row], "")
    coming = both.assign(lane=lane)[["part", "to", "out_of", "lane", "day", "quantity"]]
    coming = coming.groupby(["part", "to", "out_of", "lane", "day"])["quantity"].sum().reset_index()
    order = coming["lane"] + " " + coming["to"] + " " + coming["day"].dt.strftime("%Y-%m-%d")
    return table_of(
        "inbound",
        order=order,
        part=coming["part"],
        destination=coming["to"],
        origin=coming["out_of"],
        lane=coming["lane"],
        quantity=coming["quantity"],
        expected=coming["day"],
        status="shipped",
    )


def company_cost(network: Network, books: Books, before: Opening, eve: pd.Timestamp, weeks: int) -> dict[str, float]:
    """Money by kind of what the company ordered after `eve`, priced as the plan's orders are (docs/decisions/0003).

    Holding: of regions by the ordinary lane's landed cost and the depot's rate, under way like the plan's; `end`: units
    used beyond what was bought, at credit price. Discounted nothing; waiting, couriers and repairs are not in it.
    """
    supply = supply_lanes(network)
    last = eve + pd.Timedelta(days=weeks * DAYS_PER_WEEK)
    unit_cost = network.parts.set_index("part")["unit_cost"]
    bought = books.bought[(books.bought["left"] > eve) & (books.bought["left"] <= last)]
    sent = books.sent[(books.sent["left"] > eve) & (books.sent["left"] <= last) & (books.sent["lane_row"] >= 0)]
    part = pd.Index(network.parts["part"]).get_indexer(pd.Index(sent["part"]))
    lane, quantity = sent["lane_row"].to_numpy(np.int64), sent["quantity"].to_numpy(float)
    shortfall, consignments = _consignments(network, supply, sent, part)
    usage = network.usage[(network.usage["date"] > eve) & (network.usage["date"] <= last)]
    used = usage[usage["kind"] == "used"]
    consumed = (used["quantity"] * used["part"].map(unit_cost)).sum()
    purchase = float((bought["quantity"] * bought["part"].map(unit_cost)).sum())
    lines = sent[["part", "lane_row", "left"]].drop_duplicates()
    days_left = ((last - sent["left"]).dt.days + 1).to_numpy(float)
    share = np.minimum(days_left / np.maximum(supply.lead_days[lane], 1), 1.0)
    return {
        "purchase": purchase,
        "freight": float((quantity * supply.freight[part, lane]).sum()) + shortfall,
        "consignment": consignments,
        "duty": float((quantity * supply.duty[part, lane]).sum()),
        "order_line": len(lines) * network.settings.order_line_cost,
        "holding": _holding(network, supply, books, before, eve, last)
        + float((quantity * supply.transit_capital[part, lane] * share).sum()),
        "end": float((consumed - purchase) * (1.0 - network.settings.obsolescence_rate)),
    }


def _consignments(
    network: Network, supply: SupplyLanes, sent: pd.DataFrame, part: "np.ndarray[tuple[int], np.dtype[np.int64]]"
) -> tuple[float, float]:
    """What consignments fall short of the minimum charge, and their fixed cost; what left on one day is one lot."""
    lane, quantity = sent["lane_row"].to_numpy(np.int64), sent["quantity"].to_numpy(float)
    kg = quantity * supply.chargeable_kg[part, lane]
    weight = quantity * network.parts["weight_kg"].to_numpy(float)[part]
    total = pd.DataFrame({"lane": lane, "left": sent["left"].to_numpy(), "kg": kg, "weight": weight})
    total = total.groupby(["lane", "left"])[["kg", "weight"]].sum().reset_index()
    lanes = supply.lanes.iloc[total["lane"]].reset_index(drop=True)
    shortfall = (lanes["minimum_charge"] - total["kg"] * lanes["cost_per_kg"]).clip(lower=0.0).sum()
    number = np.ceil(total["weight"] / lanes["consignment_kg"].fillna(np.inf) - 1e-9).clip(lower=1.0)
    return float(shortfall), float((number * lanes["cost_per_consignment"]).sum())


def _holding(
    network: Network, supply: SupplyLanes, books: Books, before: Opening, eve: pd.Timestamp, last: pd.Timestamp
) -> float:
    """Capital in stock: unit-days of every part and place × its daily rate."""
    place = place_of(network)
    lies = before.stock.assign(place=before.stock["site"].map(place), days=float((last - eve).days))
    moved = books.movements[books.movements["day"] <= last]
    moved = moved.assign(on_hand=moved["quantity"], days=(last - moved["day"]).dt.days + 1.0)
    both = pd.concat([frame[["part", "place", "on_hand", "days"]] for frame in (lies, moved)], ignore_index=True)
    unit_days = (both["on_hand"] * both["days"]).groupby([both["part"], both["place"]]).sum().reset_index(name="days")
    daily = network.site_of["holding_rate_per_year"] / WEEKS_PER_YEAR / DAYS_PER_WEEK
    value = stock_value(network, supply, unit_days["part"], unit_days["place"])
    return float((unit_days["days"].to_numpy(float) * value * unit_days["place"].map(daily).to_numpy(float)).sum())


def stock_value(network: Network, supply: SupplyLanes, part: "pd.Series[str]", site: "pd.Series[str]") -> Floats:
    """Money per unit where it lies: unit cost at a hub, landed by the ordinary lane elsewhere."""
    row = pd.Index(network.parts["part"]).get_indexer(pd.Index(part))
    value = network.parts["unit_cost"].to_numpy(float)[row]
    depot = site.map(place_of(network)).to_numpy(object)
    for name in network.depot_of_region.values():
        here = depot == name
        landed = supply.ordinary(name)[1][row[here]]
        value[here] = np.where(np.isfinite(landed), landed, value[here])
    return np.asarray(value)
