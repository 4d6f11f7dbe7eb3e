"""What a buyer and a forwarder need of a plan: orders by supplier and day, consignments, payments, cash by week."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.logistics import supply_lanes
from domain.network import Network
from domain.packing import cartons
from reports.tables import mondays, shipment_lines

Floats = npt.NDArray[np.float64]

GOODS = "goods"
PAID_FOR = (GOODS, "freight", "consignment", "duty")
"""What money goes out for, as columns of `payments`."""
_WEIGHT_MARGIN = 1e-9  # of a consignment: kg that add up to a whole number of consignments need no further one


def order_lines(network: Network, purchase_orders: pd.DataFrame) -> pd.DataFrame:
    """Purchase orders with the currency each line is paid in (the part's) and its amount in that currency."""
    own = network.settings.currency
    currency = purchase_orders["part"].map(network.parts.set_index("part")["currency"]).replace("", own)
    return purchase_orders.assign(currency=currency, amount=purchase_orders["value"] * _per_base(network, currency))


def supplier_orders(network: Network, purchase_orders: pd.DataFrame) -> pd.DataFrame:
    """What is ordered from a supplier on one day, a row for each currency it is paid in, by day and supplier.

    order, order_on, supplier ("": the market), currency, lines, units, value (network's currency), amount (in
    `currency`), expected (at the hub, the last of it), minimum (the supplier's minimum order value) and missing (what
    the order, in all its currencies, falls short of it; 0 where it is kept), both in the network's currency.
    """
    key = ["order_on", "supplier", "currency"]
    found = order_lines(network, purchase_orders).groupby(key, as_index=False, sort=True)
    orders = found.agg(
        order=("order", "first"),
        lines=("part", "size"),
        units=("quantity", "sum"),
        value=("value", "sum"),
        amount=("amount", "sum"),
        expected=("expected", "max"),
    )
    least = network.suppliers.set_index("supplier")["minimum_order_value"]
    minimum = orders["supplier"].map(least).astype(float).fillna(0.0)
    placed = orders.groupby(["order_on", "supplier"])["value"].transform("sum")
    short = (minimum - placed).clip(lower=0.0)
    return orders.assign(minimum=minimum, missing=short.where(short > 1e-6 * minimum, 0.0))


def consignment_lines(network: Network, shipments: pd.DataFrame) -> pd.DataFrame:
    """Shipments with what carrier, insurer and customs ask of each line.

    The columns of `shipment_lines`, and dangerous_goods, chargeable_kg, carriage (chargeable kg × rate), insurance (of
    value) and duty (with tax that is not recovered); money in the network's currency.
    """
    lines = shipment_lines(network, shipments)
    chargeable, duty = _of_lane(network, shipments)
    lanes, parts = network.lanes.set_index("lane"), network.parts.set_index("part")
    quantity, charged = lines["quantity"], lines["quantity"] * chargeable
    return lines.assign(
        dangerous_goods=parts["dangerous_goods"].reindex(lines["part"]).to_numpy(bool),
        chargeable_kg=charged,
        carriage=charged * lanes["cost_per_kg"].reindex(lines["lane"]).to_numpy(float),
        insurance=lines["value"] * lanes["insurance_rate"].reindex(lines["lane"]).to_numpy(float),
        duty=quantity * duty,
    )


def consignments(network: Network, shipments: pd.DataFrame) -> pd.DataFrame:
    """What leaves on one lane on one day, in order of departure; all money in the network's currency.

    departs, lane, consignment, mode, origin, destination, arrives, lines, pieces, cartons, kg, m3, chargeable_kg; of
    these dangerous_pieces, dangerous_cartons and dangerous_kg, in cartons of their own; number (consignments, by
    kg); value (to insure), insurance, carriage, shortfall (what carriage falls short of the minimum charge of the
    consignments), charges (cost per consignment × number), duty; freight = carriage + insurance + shortfall, cost =
    freight + charges + duty (decision 0003).
    """
    lines = consignment_lines(network, shipments)
    grouped = lines.groupby(["departs", "lane"], as_index=False, sort=True)
    found = grouped.agg(
        **{name: (name, "first") for name in ("consignment", "mode", "origin", "destination")},
        arrives=("arrives", "max"),
        lines=("part", "size"),
        pieces=("quantity", "sum"),
        **{name: (name, "sum") for name in ("kg", "m3", "chargeable_kg", "value", "insurance", "carriage", "duty")},
    )
    found = found.assign(**_packed(network, lines, np.asarray(grouped.ngroup(), np.int64), len(found)))
    rates = network.lanes.set_index("lane").reindex(found["lane"])
    number = np.ceil(found["kg"].to_numpy() / rates["consignment_kg"].to_numpy(float) - _WEIGHT_MARGIN)
    number = np.where(np.isnan(number), 1, np.maximum(number, 1)).astype(np.int64)
    shortfall = np.maximum(number * rates["minimum_charge"].to_numpy(float) - found["carriage"].to_numpy(), 0.0)
    found = found.assign(
        number=number, shortfall=shortfall, charges=number * rates["cost_per_consignment"].to_numpy(float)
    )
    freight = found["carriage"] + found["insurance"] + found["shortfall"]
    return found.assign(freight=freight, cost=freight + found["charges"] + found["duty"])


def payments(network: Network, orders: pd.DataFrame, sent: pd.DataFrame) -> pd.DataFrame:
    """What must be paid by week and currency, for `supplier_orders` and `consignments`.

    week (Monday), currency, goods (when ordered, in the part's currency), freight and consignment (with insurance and
    minimum charges; when they leave, in the lane's currency), duty (when they arrive, in the network's currency) and
    their sum `amount`, all in `currency`; value: the same in the network's. Assumed: no credit terms.
    """
    own = network.settings.currency
    carrier = sent["lane"].map(network.lanes.set_index("lane")["currency"]).replace("", own)
    bills = [
        _bills(network, GOODS, orders["order_on"], orders["currency"], orders["value"]),
        _bills(network, "freight", sent["departs"], carrier, sent["freight"]),
        _bills(network, "consignment", sent["departs"], carrier, sent["charges"]),
        _bills(network, "duty", sent["arrives"], pd.Series(own, index=sent.index), sent["duty"]),
    ]
    due = pd.concat(bills, ignore_index=True)
    due = due[due["value"] != 0]
    by_week = due.groupby(["week", "currency"], as_index=False, sort=True).agg(
        **{name: (name, "sum") for name in (*PAID_FOR, "value")}
    )
    return by_week.assign(amount=by_week[list(PAID_FOR)].sum(axis=1))


def _bills(
    network: Network, what: str, day: "pd.Series[pd.Timestamp]", currency: "pd.Series[str]", value: "pd.Series[float]"
) -> pd.DataFrame:
    amount = value * _per_base(network, currency)
    bills = pd.DataFrame({"week": mondays(network, day), "currency": currency, "value": value})
    return bills.assign(**{name: amount if name == what else 0.0 for name in PAID_FOR})


def _per_base(network: Network, currency: "pd.Series[str]") -> "pd.Series[float]":
    """How many of each currency one unit of the network's buys. Raises ValueError for a currency without a rate."""
    known = dict(zip(network.rates["currency"], network.rates["per_base"], strict=True))
    rate = currency.map({**known, network.settings.currency: 1.0}).astype(float)
    if rate.isna().any():
        raise ValueError(f"there is no rate for {', '.join(sorted(currency[rate.isna()].unique()))}")
    return rate


def _of_lane(network: Network, shipments: pd.DataFrame) -> tuple[Floats, Floats]:
    """Chargeable kg and duty of one unit of each line, lane by lane: only what is sent is priced."""
    chargeable, duty = np.zeros(len(shipments)), np.zeros(len(shipments))
    lanes, parts = network.lanes.set_index("lane", drop=False), network.parts.set_index("part", drop=False)
    for lane, rows in shipments.groupby("lane", sort=False).indices.items():
        names, row_of_part = np.unique(shipments["part"].to_numpy(object)[rows], return_inverse=True)
        one = supply_lanes(replace(network, lanes=lanes.loc[[lane]], parts=parts.loc[names]))
        chargeable[rows], duty[rows] = one.chargeable_kg[row_of_part, 0], one.duty[row_of_part, 0]
    return chargeable, duty


def _packed(
    network: Network, lines: pd.DataFrame, departure: npt.NDArray[np.int64], departures: int
) -> dict[str, npt.NDArray[np.int64] | Floats]:
    """Cartons of every departure, and what of it is dangerous goods."""
    parts = network.parts.set_index("part").reindex(lines["part"])
    quantity = lines["quantity"].to_numpy(np.int64)
    dangerous = lines["dangerous_goods"].to_numpy(bool)
    packed = cartons(
        2 * departure + dangerous,
        2 * departures,
        quantity,
        parts["order_multiple"].to_numpy(np.int64),
        parts["volume_l"].to_numpy(float),
        parts["weight_kg"].to_numpy(float),
    )
    return {
        "cartons": packed[::2] + packed[1::2],
        "dangerous_cartons": packed[1::2],
        "dangerous_pieces": np.bincount(departure, quantity * dangerous, minlength=departures).astype(np.int64),
        "dangerous_kg": np.bincount(departure, lines["kg"].to_numpy(float) * dangerous, minlength=departures),
    }
