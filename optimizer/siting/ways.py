"""The last leg: how parts travel from a depot to the repair points its lanes reach, and what a unit costs on it."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.logistics import LITRES_PER_M3
from domain.network import Network
from domain.pegging import Duty, Site
from domain.promising import duty_rates

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def ways_to_points(network: Network) -> pd.DataFrame:
    """The fastest lane from every depot to every repair point it reaches.

    Columns: depot, point, days (transit and customs), lane (row of the lanes table); sorted by (point, depot).
    """
    kind, lanes = network.site_of["kind"], network.lanes
    last = (lanes["origin"].map(kind) == "depot") & (lanes["destination"].map(kind) == "repair_point")
    found = pd.DataFrame(
        {
            "depot": lanes["origin"],
            "point": lanes["destination"],
            "days": lanes["transit_days"] + lanes["customs_days"],
            "lane": np.arange(len(lanes)),
            "name": lanes["lane"],
        }
    )[last.to_numpy(bool)]
    found = found.sort_values(["point", "depot", "days", "name"], kind="stable")
    return found.drop_duplicates(["point", "depot"]).drop(columns="name").reset_index(drop=True)


def last_leg(network: Network, lane: Ints, part: Ints) -> Floats:
    """Money of one unit on a lane depot → point: freight by chargeable kg, insurance by value, duty across a border.

    lane: rows of the lanes table, −1 where the unit does not travel; part: rows of the parts table; shape (pairs,). No
    minimum charge and no consignment: parts of a day travel together, and the referee counts couriers in the same way.
    """
    if not len(network.lanes):
        return np.zeros(len(part))
    lanes, parts = network.lanes.iloc[np.maximum(lane, 0)], network.parts.iloc[part]
    unit_cost = parts["unit_cost"].to_numpy(float)
    volumetric_kg = parts["volume_l"].to_numpy(float) / LITRES_PER_M3 * lanes["volumetric_kg_per_m3"].to_numpy(float)
    kg = np.maximum(parts["weight_kg"].to_numpy(float), volumetric_kg)
    freight = kg * lanes["cost_per_kg"].to_numpy(float) + lanes["insurance_rate"].to_numpy(float) * unit_cost
    duty, vat = _rates_across(network, lane, part)
    border = duty * (unit_cost + freight)
    return np.asarray(np.where(lane < 0, 0.0, freight + border + vat * (unit_cost + freight + border)))


def _rates_across(network: Network, lane: Ints, part: Ints) -> tuple[Floats, Floats]:
    """Duty rate and unrecovered VAT rate of each pair; 0 inside a country."""
    country = network.site_of["country"]
    ends = [network.lanes[end].map(country).to_numpy(object) for end in ("origin", "destination")]
    codes, code = np.unique(network.parts["hs_code"].to_numpy(str), return_inverse=True)
    abroad = np.flatnonzero((lane >= 0) & (ends[0][lane] != ends[1][lane]))
    rates = np.zeros((2, len(lane)))
    if not len(abroad):
        return rates[0], rates[1]
    duties = [
        Duty(
            country=str(row["country"]),
            hs_prefix=str(row["hs_prefix"]),
            origin_country=str(row["origin_country"]),
            duty_rate=float(row["duty_rate"]),
            vat_rate=0.0 if row["vat_recoverable"] else float(row["vat_rate"]),
        )
        for row in network.duties.to_dict("records")
    ]
    keys = pd.DataFrame({"from": ends[0][lane[abroad]], "to": ends[1][lane[abroad]], "code": code[part[abroad]]})
    kinds, kind = np.unique(keys.astype(str).agg("\n".join, axis=1), return_inverse=True)
    for number, name in enumerate(kinds):
        origin, destination, of_code = str(name).split("\n")
        ends_of = Site(origin, "depot", origin, ""), Site(destination, "depot", destination, "")
        rates[:, abroad[kind == number]] = np.array(duty_rates(duties, str(codes[int(of_code)]), *ends_of))[:, None]
    return rates[0], rates[1]
