"""What it costs and how long it takes to bring a part from its hub to a depot, lane by lane."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.network import Network

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

LITRES_PER_M3 = 1000.0
WEEKS_PER_YEAR = 52


@dataclass(frozen=True)
class SupplyLanes:
    """Hub → depot lanes and every part's cost on each.

    lanes: their rows of the lanes table, reset index. lead_days, lead_days_sd: door to door, transit and customs,
    shape (lanes,). Per part × lane, money per unit in the network's currency: freight (chargeable kg × rate, insurance
    by value), duty (on unit cost + freight, VAT where it is not recoverable), landed = unit cost + freight + duty.
    transit_capital: landed × holding rate of the destination for the days under way.
    chargeable_kg: max(weight, m³ × volumetric factor), shape (parts, lanes). allowed: the lane leaves the part's hub
    and may carry it (dangerous goods).
    """

    lanes: pd.DataFrame
    parts: pd.DataFrame
    lead_days: Ints
    lead_days_sd: Floats
    chargeable_kg: Floats
    freight: Floats
    duty: Floats
    landed: Floats
    transit_capital: Floats
    allowed: Bools

    def ordinary(self, depot: str) -> tuple[Ints, Floats]:
        """Lane index that ordinarily serves each part at `depot`, −1 where none may, and its landed unit cost (inf).

        The ordinary lane is the one of lowest landed cost with the capital under way (MODEL 3).
        """
        to_depot = (self.lanes["destination"] == depot).to_numpy()
        cost = np.where(self.allowed & to_depot[None, :], self.landed + self.transit_capital, np.inf)
        if cost.shape[1] == 0:
            return np.full(len(self.parts), -1), np.full(len(self.parts), np.inf)
        best = cost.argmin(axis=1)
        rows = np.arange(len(cost))
        reached = np.isfinite(cost[rows, best])
        return np.where(reached, best, -1), np.where(reached, self.landed[rows, best], np.inf)


def hub_of_part(network: Network) -> npt.NDArray[np.object_]:
    """The origin each part leaves from: its supplier's site, else the only origin ("" when there are several)."""
    origins = network.sites.loc[network.sites["kind"] == "origin", "site"].tolist()
    only = origins[0] if len(origins) == 1 else ""
    site_of_supplier = dict(zip(network.suppliers["supplier"], network.suppliers["site"], strict=True))
    return np.array([site_of_supplier.get(s, "") or only for s in network.parts["supplier"]], dtype=object)


def courier_days(network: Network) -> "pd.Series[float]":
    """Mean days from its depot to every site, by site: the fastest lane of any mode with its customs; a depot 0.

    NaN for origins and for points no lane reaches.
    """
    sites = network.site_of
    depot = sites["region"].map(network.depot_of_region)
    lanes = network.lanes[network.lanes["origin"] == network.lanes["destination"].map(depot)]
    days = (lanes["transit_days"] + lanes["customs_days"]).groupby(lanes["destination"]).min()
    found = days.reindex(sites.index).astype(float)
    found[sites["kind"] == "depot"] = 0.0
    return found


def supply_lanes(network: Network) -> SupplyLanes:
    """Cost and lead time of every part on every hub → depot lane (MODEL 3, "what the gap means")."""
    kind = network.site_of["kind"]
    lanes = network.lanes
    supplies = (lanes["origin"].map(kind) == "origin") & (lanes["destination"].map(kind) == "depot")
    lanes = lanes[supplies].reset_index(drop=True)
    parts = network.parts.reset_index(drop=True)

    litres = parts["volume_l"].to_numpy()[:, None]
    volumetric_kg = litres / LITRES_PER_M3 * lanes["volumetric_kg_per_m3"].to_numpy()[None, :]
    chargeable_kg = np.maximum(parts["weight_kg"].to_numpy()[:, None], volumetric_kg)
    unit_cost = parts["unit_cost"].to_numpy()[:, None]
    freight = chargeable_kg * lanes["cost_per_kg"].to_numpy() + unit_cost * lanes["insurance_rate"].to_numpy(float)
    rate, vat = _duty_rates(network, parts, lanes)
    duty = rate * (unit_cost + freight)
    duty += vat * (unit_cost + freight + duty)

    landed = unit_cost + freight + duty
    lead_days = np.ceil((lanes["transit_days"] + lanes["customs_days"]).to_numpy(float)).astype(np.int64)
    yearly_rate = lanes["destination"].map(network.site_of["holding_rate_per_year"]).to_numpy(float)

    leaves_hub = hub_of_part(network)[:, None] == lanes["origin"].to_numpy()[None, :]
    may_carry = ~parts["dangerous_goods"].to_numpy()[:, None] | lanes["dangerous_goods"].to_numpy()[None, :]
    return SupplyLanes(
        lanes=lanes,
        parts=parts,
        lead_days=lead_days,
        lead_days_sd=np.hypot(lanes["transit_days_sd"].to_numpy(float), lanes["customs_days_sd"].to_numpy(float)),
        chargeable_kg=chargeable_kg,
        freight=freight,
        duty=duty,
        landed=landed,
        transit_capital=landed * yearly_rate / WEEKS_PER_YEAR * lead_days / DAYS_PER_WEEK,
        allowed=leaves_hub & may_carry,
    )


def _duty_rates(network: Network, parts: pd.DataFrame, lanes: pd.DataFrame) -> tuple[Floats, Floats]:
    """Duty rate and non-recoverable VAT rate, shape (parts, lanes): the longest matching hs_prefix wins.

    A row for the lane's origin country goes before one for any country at the same length of prefix.
    """
    country = network.site_of["country"]
    duty, vat = np.zeros((len(parts), len(lanes))), np.zeros((len(parts), len(lanes)))
    codes, row_of_part = np.unique(parts["hs_code"].to_numpy(str), return_inverse=True)
    rows: list[dict[Any, Any]] = network.duties.to_dict("records")
    for lane, (origin, destination) in enumerate(zip(lanes["origin"], lanes["destination"], strict=True)):
        ranked = sorted(
            (r for r in rows if r["country"] == country[destination] and r["origin_country"] in ("", country[origin])),
            key=lambda r: (len(r["hs_prefix"]), r["origin_country"] != ""),
        )
        for position, code in enumerate(codes):
            fitting = [r for r in ranked if code.startswith(r["hs_prefix"])]
            if fitting:
                duty[row_of_part == position, lane] = fitting[-1]["duty_rate"]
                vat[row_of_part == position, lane] = 0.0 if fitting[-1]["vat_recoverable"] else fitting[-1]["vat_rate"]
    return duty, vat
