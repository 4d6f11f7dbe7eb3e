"""What points that help each other save, and whom: alone, inside each owner, and all together."""

from dataclasses import dataclass
from itertools import combinations
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from domain.calendar import DAYS_PER_WEEK
from domain.forecast import Forecast
from domain.logistics import WEEKS_PER_YEAR
from domain.network import Network
from domain.problems import ZapasError
from optimizer.targets.laterals.costs import SharedCost, costs_by_kind, lateral_units, units_waited_for
from optimizer.targets.laterals.network import LateralNetwork, alone, among, lateral_network, main_points, with_mains
from optimizer.targets.laterals.stock import Sharing, best_shared_stock
from optimizer.targets.response import respond
from optimizer.targets.system import System, build_system
from scenarios.pipeline import Tell
from scenarios.simulate import plan_to_judge
from storage.network_folder import read_network
from storage.plan_folder import read_plan

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Strings = npt.NDArray[np.str_]

OWN_COMPANY = "own company"
MOST_OWNERS = 6  # of points that can help each other: 64 coalitions
_TRIED = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)


@dataclass(frozen=True)
class Pooling:
    """What sharing does; money a year in `currency`, units a year, waits in days per unit.

    by_owner: rows of `sharing` are owners ("" is said as own company), else regions, where no site has an owner.
    sharing: who, points, stock_alone, stock_together (purchase value), wait_days_alone, wait_days_together, given,
    received (laterals to and from others), inside (between own points), cost_alone (no laterals), cost_within (own
    points help each other), cost_together, saving (cost_within − cost_together, the taker paying the lateral),
    fair_saving (Shapley value; NaN where more than six owners can help each other), compensation (received from
    the others so that each has its fair saving; negative: paid).
    cost: kind, alone, within, together. exchanges: giver, taker, units, money. mains: mains (main points per depot),
    cost, share (of what all points sharing saves; above 1 where a point that has to help loses more than it gives).
    """

    currency: str
    by_owner: bool
    sharing: pd.DataFrame
    cost: pd.DataFrame
    exchanges: pd.DataFrame
    mains: pd.DataFrame

    def json(self) -> dict[str, Any]:
        """The same as plain values; what is not known is None."""
        told: dict[str, Any] = {"currency": self.currency, "by_owner": self.by_owner}
        for name in ("sharing", "cost", "exchanges", "mains"):
            told[name] = [
                {str(column): None if pd.isna(value) else value for column, value in row.items()}
                for row in getattr(self, name).to_dict("records")
            ]
        return told


def pooling(directory: Path, out: Path, *, tell: Tell = lambda text: None) -> Pooling:
    """What laterals between the points of network `directory` save at the prices of waiting of plan `out`.

    Raises ZapasError when the plan was not made for this network.
    """
    tell("Reading the network and the plan")
    network, folder = read_network(directory)[0], read_plan(out)
    if folder.as_of != network.settings.as_of:
        raise ZapasError(f"{out}: this plan is of {folder.as_of}, the network of {network.settings.as_of}.")
    plan = plan_to_judge(network, folder)
    return pooled(network, plan.forecast, plan.waiting_price, tell=tell)


def pooled(
    network: Network, forecast: Forecast, waiting_price: dict[str, float], *, tell: Tell = lambda text: None
) -> Pooling:
    """What laterals save at these prices, money per unit waiting per week by service group.

    Depots keep the stock that is best without laterals; points choose theirs anew. Raises ZapasError when a group has
    no price.
    """
    tell("Setting up the points and the lanes between them")
    system = build_system(network, forecast)
    unpriced = [name for name in system.targets if name not in waiting_price]
    if unpriced:
        raise ZapasError(f"The plan has no price of waiting for service group {unpriced[0]}; plan again.")
    price = np.array([waiting_price[name] for name in system.targets])
    whole = lateral_network(network, system, respond(system, price, None))
    by_owner, who = _whose(network, system)
    tell("Setting stock alone, inside each owner and together")
    networks = {"alone": alone(whole), "within": among(whole, who), "together": whole}
    found = {name: best_shared_stock(one) for name, one in networks.items()}
    cost = {name: costs_by_kind(networks[name], one) for name, one in found.items()}
    tell("Sharing out the saving")
    fair = _fair_savings(whole, system, who, cost["within"].total)
    tell("Trying a few main points")
    return Pooling(
        currency=network.settings.currency,
        by_owner=by_owner,
        sharing=_sharing(network, system, who, networks, found, cost, fair),
        cost=pd.DataFrame(
            {"kind": SharedCost._fields, **{name: _a_year(np.array([k.sum() for k in c])) for name, c in cost.items()}}
        ),
        exchanges=_exchanges(whole, found["together"], who),
        mains=_mains(whole, system, cost["alone"].total.sum(), cost["together"].total.sum()),
    )


def _whose(network: Network, system: System) -> tuple[bool, Strings]:
    """Whether sites have owners, and every point's owner or region."""
    sites = network.site_of.reindex(pd.Index(system.site))
    owner, region = sites["owner"].to_numpy(str), sites["region"].to_numpy(str)
    by_owner = bool((owner != "").any())
    return by_owner, np.where(owner == "", OWN_COMPANY, owner) if by_owner else region


def _sharing(
    network: Network,
    system: System,
    who: Strings,
    networks: dict[str, LateralNetwork],
    found: dict[str, Sharing],
    cost: dict[str, SharedCost],
    fair: dict[str, float],
) -> pd.DataFrame:
    names, row = np.unique(who, return_inverse=True)

    def total(of_points: Floats) -> Floats:
        return np.bincount(row, of_points, len(names)).astype(float)

    unit_cost = network.parts.set_index("part")["unit_cost"].reindex(pd.Index(system.part[system.leaf])).to_numpy(float)
    demand = total(networks["alone"].points.demand)
    wait = {name: total(units_waited_for(networks[name], one)) / demand for name, one in found.items()}
    ways = networks["together"].ways
    units = _a_year(lateral_units(networks["together"], found["together"]))
    giver, taker = row[ways.source], row[ways.asks]
    between = giver != taker
    yearly = {name: _a_year(total(one.total)) for name, one in cost.items()}
    saving = yearly["within"] - yearly["together"]
    fair_saving = np.array([fair[str(name)] for name in names])
    return pd.DataFrame(
        {
            "who": names.astype(object),
            "points": [len(set(system.site[row == number])) for number in range(len(names))],
            "stock_alone": total(unit_cost * found["alone"].stock),
            "stock_together": total(unit_cost * found["together"].stock),
            "wait_days_alone": wait["alone"] * DAYS_PER_WEEK,
            "wait_days_together": wait["together"] * DAYS_PER_WEEK,
            "given": np.bincount(giver[between], units[between], len(names)),
            "received": np.bincount(taker[between], units[between], len(names)),
            "inside": np.bincount(giver[~between], units[~between], len(names)),
            **{f"cost_{name}": money for name, money in yearly.items()},
            "saving": saving,
            "fair_saving": fair_saving,
            "compensation": fair_saving - saving,
        }
    )


def _exchanges(whole: LateralNetwork, found: Sharing, who: Strings) -> pd.DataFrame:
    """Laterals between different owners or regions, units and freight a year."""
    units = _a_year(lateral_units(whole, found))
    table = pd.DataFrame(
        {
            "giver": who[whole.ways.source].astype(object),
            "taker": who[whole.ways.asks].astype(object),
            "units": units,
            "money": units * whole.ways.money,
        }
    )
    table = table[(table["giver"] != table["taker"]) & (table["units"] > 0)]
    return table.groupby(["giver", "taker"])[["units", "money"]].sum().reset_index()


def _mains(whole: LateralNetwork, system: System, apart: float, together: float) -> pd.DataFrame:
    """Cost a year by number of main points per depot, up to all that can give."""
    givers = pd.Series(main_points(whole, system, len(system.site)), dtype=object)
    depot = dict(zip(system.site, system.depot[system.leaf], strict=True))
    most = int(givers.map(depot).value_counts().max()) if len(givers) else 0
    rows = []
    for count in sorted({*(tried for tried in _TRIED if tried < most), most}):
        cost = best_shared_stock(with_mains(whole, system, count)).cost.sum() if 0 < count < most else together
        cost = apart if count == 0 else cost
        share = (apart - cost) / (apart - together) if apart > together else float("nan")
        rows.append((count, cost * WEEKS_PER_YEAR, share))
    return pd.DataFrame(rows, columns=["mains", "cost", "share"])


def _fair_savings(whole: LateralNetwork, system: System, who: Strings, within: Floats) -> dict[str, float]:
    """Shapley value of every owner's part in what pooling saves, money a year (Shapley 1953).

    A coalition's points help each other, those of other owners only their own owner's. Sites no lateral connects save
    nothing through each other, so the game is the sum of one game per connected part of the map, and so is its value;
    all parts are played at once. NaN for the owners of a part that has more than MOST_OWNERS.
    """
    value = dict.fromkeys((str(name) for name in np.unique(who)), 0.0)
    part = _connected_sites(whole, system)
    touched = np.unique(part[whole.ways.asks[who[whole.ways.asks] != who[whole.ways.source]]])
    rows = np.flatnonzero(np.isin(part, touched))
    if not len(rows):
        return value
    within = within[rows]
    network, who, part = whole.part(rows), who[rows], np.searchsorted(touched, part[rows])
    owners = [np.unique(who[part == number]) for number in range(len(touched))]
    small = np.array([len(names) <= MOST_OWNERS for names in owners])
    bit = np.array([np.searchsorted(owners[number], name) for number, name in zip(part, who, strict=True)])
    saved = _saved_by_coalition(network, who, part, np.where(small[part], bit, -1), within)
    for number, names in enumerate(owners):
        shares = _shapley(saved[:, number], len(names)) if small[number] else np.full(len(names), np.nan)
        for name, share in zip(names, shares, strict=True):
            value[str(name)] += share * WEEKS_PER_YEAR
    return value


def _saved_by_coalition(network: LateralNetwork, who: Strings, part: Ints, bit: Ints, within: Floats) -> Floats:
    """Money a week each coalition (a number, its bits the owners of a part) saves in each part of the map."""
    asks, source = network.ways.asks, network.ways.source
    saved = np.zeros((1 << (int(bit.max()) + 1), int(part.max()) + 1))
    for coalition in range(1, len(saved)):
        if coalition & (coalition - 1):  # one owner by itself saves nothing
            joined = (bit >= 0) & ((coalition >> np.maximum(bit, 0)) & 1 == 1)
            kept = (who[asks] == who[source]) | (joined[asks] & joined[source])
            cost = best_shared_stock(network.only(kept)).cost
            saved[coalition] = np.bincount(part, within - cost, saved.shape[1])
    return saved


def _shapley(saved: Floats, owners: int) -> Floats:
    """Σ over coalitions C without o of |C|! (n − |C| − 1)! / n! · (v(C ∪ o) − v(C)), v by the bits of C."""
    value = np.zeros(owners)
    for owner in range(owners):
        others = [1 << other for other in range(owners) if other != owner]
        for size in range(owners):
            weight = factorial(size) * factorial(owners - size - 1) / factorial(owners)
            for members in combinations(others, size):
                value[owner] += weight * (saved[sum(members) | 1 << owner] - saved[sum(members)])
    return value


def _connected_sites(whole: LateralNetwork, system: System) -> Ints:
    """Number of the part of the map every point's site belongs to: sites connected by laterals of any part."""
    names, site = np.unique(system.site.astype(str), return_inverse=True)
    ends = (site[whole.ways.asks], site[whole.ways.source])
    graph = coo_array((np.ones(len(ends[0])), ends), shape=(len(names), len(names)))
    return np.asarray(connected_components(graph, directed=False)[1][site], np.int64)


def _a_year(a_week: Floats) -> Floats:
    return a_week * WEEKS_PER_YEAR
