"""What replications cost, part by part and site by site, and what left by which lane: where money comes from."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.calendar import DAYS_PER_WEEK
from domain.logistics import hub_of_part
from simulation.referee.board import SHIP, Demands, Floats, Played
from simulation.referee.case import Case
from simulation.referee.money import Prices, prices_of

TOGETHER = ""
"""Part and site of what many parts pay together: consignments, minimum charges, capital under way."""


@dataclass
class Ledger:
    """Sums over the replications it has looked at (`play_plan(look=ledger.look)`).

    by_part, by_leaf, by_point: money by kind, rows as of the case's map. lanes: kg, kg CO₂ by supply lane, (lanes, 2).
    """

    case: Case
    prices: Prices
    by_part: dict[str, Floats] = field(default_factory=dict)
    by_leaf: dict[str, Floats] = field(default_factory=dict)
    by_point: dict[str, Floats] = field(default_factory=dict)
    lanes: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    stock_value: float = 0.0
    plays: int = 0

    @staticmethod
    def of(case: Case) -> "Ledger":
        """An empty one."""
        return Ledger(case, prices_of(case), lanes=np.zeros((len(case.supply.lanes), 2)))

    def look(self, demands: Demands, played: Played) -> None:
        """Add one replication; kinds and weeks as of `money.costs`."""
        part, leaf, point = self.prices.part, self.prices.leaf, self.prices.point
        self.plays += 1
        consumed = played.used + played.scrapped - played.bought - played.repaired
        _add(self.by_part, "purchase", played.bought * part["unit_cost"].to_numpy())
        _add(self.by_part, "repair", played.repaired * part["repair"].to_numpy())
        _add(self.by_part, "holding", played.hub_days * part["hub_holding"].to_numpy())
        _add(self.by_part, "end", consumed * part["credit"].to_numpy())
        _add(self.by_leaf, "holding", played.depot_days * leaf["holding"].to_numpy())
        _add(self.by_point, "holding", played.shelf_days * point["shelf_holding"].to_numpy())
        _add(self.by_point, "courier", played.couriered * point["courier"].to_numpy())
        wait = played.counted_wait * point["waiting"].to_numpy()[demands.point]
        _add(self.by_point, "shortage", np.bincount(demands.point, wait, len(point)))
        _add(self.by_point, "end", self._late(demands, played))
        self._shipped(played)
        at_point = leaf["landed"].to_numpy()[self.case.rows.leaf_of_point]
        worth = (played.hub_days * part["unit_cost"]).sum() + (played.depot_days * leaf["landed"]).sum()
        self.stock_value += float(worth + (played.shelf_days * at_point).sum()) / (self.case.weeks * DAYS_PER_WEEK)

    def money(self, total: float) -> pd.DataFrame:
        """part, site, kind, money of a replication on average, and as a last row what is left of its `total`."""
        rows = self.case.rows
        hub = pd.Series(hub_of_part(self.case.network), index=self.case.network.parts["part"]).reindex(rows.parts)
        depot, leaf = rows.leaves["depot"].to_numpy(object), rows.leaf_of_point
        part = np.asarray(rows.parts, dtype=object)
        named = (
            (self.by_part, part, hub.fillna(TOGETHER).to_numpy(object)),
            (self.by_leaf, part[rows.part_of_leaf], depot),
            (self.by_point, part[rows.part_of_leaf[leaf]], rows.points["site"].to_numpy(object)),
        )
        frames = [
            pd.DataFrame({"part": parts, "site": sites, "kind": kind, "money": money / self.plays})[money != 0.0]
            for table, parts, sites in named
            for kind, money in table.items()
        ]
        found = pd.concat(frames, ignore_index=True)
        found = found.groupby(["part", "site", "kind"], sort=True)["money"].sum().reset_index()
        rest = {"part": TOGETHER, "site": TOGETHER, "kind": "together", "money": total - float(found["money"].sum())}
        return pd.concat([found, pd.DataFrame([rest])], ignore_index=True)

    def by_lane(self) -> pd.DataFrame:
        """lane, mode, kg and kg CO₂ that left hubs by it in a replication on average."""
        lanes = self.case.supply.lanes
        return pd.DataFrame(
            {
                "lane": lanes["lane"].to_numpy(object),
                "mode": lanes["mode"].to_numpy(object),
                "kg": self.lanes[:, 0] / self.plays,
                "co2_kg": self.lanes[:, 1] / self.plays,
            }
        )

    def _shipped(self, played: Played) -> None:
        board, supply, rows = self.case.board, self.case.supply, self.case.rows
        order = np.flatnonzero(played.moved)
        within = board.order_time[order] < self.case.weeks * DAYS_PER_WEEK
        order = order[(board.order_kind[order] == SHIP) & within]
        of_part = np.searchsorted(board.order_start, order, side="right") - 1
        leaf = rows.leaf_start[of_part] + board.order_leaf[order]
        part, lane, units = self.prices.in_network[of_part], board.order_lane[order], played.moved[order]
        leaves = len(rows.leaves)
        for kind, price in (("freight", supply.freight), ("duty", supply.duty)):
            _add(self.by_leaf, kind, np.bincount(leaf, units * price[part, lane], leaves))
        line = self.case.network.settings.order_line_cost
        _add(self.by_leaf, "order_line", np.bincount(leaf, np.full(len(leaf), line), leaves))
        kg = units * supply.parts["weight_kg"].to_numpy(float)[part]
        by_lane = np.bincount(lane, kg, len(supply.lanes))
        self.lanes += np.stack([by_lane, by_lane * supply.lanes["co2_kg_per_kg"].to_numpy(float)], axis=1)

    def _late(self, demands: Demands, played: Played) -> Floats:
        """What repairs that wait at the end of week T are charged, by point."""
        inside = self.case.weeks * DAYS_PER_WEEK
        row = np.flatnonzero(played.left)
        row = row[(demands.time[row] < inside) & (demands.time[row] + played.last[row] >= inside)]
        point = demands.point[row]
        leaf, prices = self.case.rows.leaf_of_point[point], self.prices
        weekly = prices.point["waiting"].to_numpy()[point] * DAYS_PER_WEEK
        price = prices.leaf["landed"].to_numpy()[leaf] + weekly * prices.leaf["lead_weeks"].to_numpy()[leaf]
        return np.asarray(np.bincount(point, played.left[row] * price, len(prices.point)), float)


def _add(table: dict[str, Floats], kind: str, money: npt.ArrayLike) -> None:
    table[kind] = table.get(kind, 0.0) + np.asarray(money, float)
