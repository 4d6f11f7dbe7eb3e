"""The same network as a plain SimPy model: processes and lists, no cleverness, an oracle for the engine."""

from collections.abc import Generator
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import simpy

from simulation.referee.board import CATCH_UP, PLANNED, PURCHASE, Board, Demands, Floats, Rules

Process = Generator[simpy.Event, None, None]


@dataclass
class Case:
    """A demand: units it still waits for."""

    row: int
    asked: float
    priority: int
    left: int


@dataclass
class Point:
    """A repair point. coming: units on their way to it; owed: units it has asked for and the depot has not sent."""

    up_to: int
    days: float
    sd: float
    on_hand: int = 0
    coming: int = 0
    owed: int = 0
    line: list[Case] = field(default_factory=list)

    @property
    def waits(self) -> int:
        """Units its cases wait for."""
        return sum(case.left for case in self.line)


@dataclass
class Owed:
    """Units of a planned line the hub has not sent yet."""

    leaf: int
    lane: int
    units: int


class PartNetwork:
    """One part of a board: hub, depots, points, and what became of each demand in `last`, `waited` and `at_once`."""

    def __init__(self, board: Board, demands: Demands, arrives: Floats, rules: Rules, part: int, seed: int) -> None:
        self.env = simpy.Environment()
        self.board, self.rules, self.part, self.arrives = board, rules, part, arrives
        self.rng = np.random.default_rng([seed, part])
        self.first_leaf, end_leaf = board.leaf_start[part], board.leaf_start[part + 1]
        leaves = range(self.first_leaf, end_leaf)
        self.points = [
            [
                Point(int(board.base_stock[row]), board.courier_days[row], board.courier_days_sd[row])
                for row in range(board.point_start[leaf], board.point_start[leaf + 1])
            ]
            for leaf in leaves
        ]
        self.site = {}
        code = count(1 + len(leaves))
        for leaf, points in enumerate(self.points):
            for point in points:
                self.site[next(code)] = (leaf, point)
        self.hub, self.on_order, self.bought = 0, 0, 0
        self.depot, self.under_way = [0] * len(leaves), [0] * len(leaves)
        self.shipped, self.wanted = [0] * len(leaves), [0] * len(leaves)
        self.owed: list[Owed] = []
        self.requests: list[list[Point]] = [[] for _ in leaves]
        rows = range(demands.start[part], demands.start[part + 1])
        self.last, self.waited, self.at_once = (dict.fromkeys(rows, 0.0) for _ in range(3))
        self._stock()
        for leaf, points in enumerate(self.points):
            for point in points:
                self._request(leaf, point)
            self._send(leaf)
        for row in range(board.order_start[part], board.order_start[part + 1]):
            self.env.process(self._order(row))
        for row in rows:
            self.env.process(self._demand(demands, row))

    def run(self) -> None:
        """Play to the end; those who still wait have waited until then."""
        self.env.run(until=self.rules.end_days)
        for points in self.points:
            for case in (case for point in points for case in point.line):
                self.last[case.row] = self.rules.end_days - case.asked
                self.waited[case.row] += case.left * (self.rules.end_days - case.asked)

    def _stock(self) -> None:
        board = self.board
        for row in range(board.lot_start[self.part], board.lot_start[self.part + 1]):
            site, units = int(board.lot_site[row]), int(board.lot_quantity[row])
            if site == 0:
                self.hub += units
            elif site <= len(self.points):
                self.depot[site - 1] += units
            else:
                self.site[site][1].on_hand += units

    def _demand(self, demands: Demands, row: int) -> Process:
        yield self.env.timeout(demands.time[row])
        leaf, point = self.site[int(demands.site[row])]
        case = Case(row, self.env.now, int(demands.priority[row]), int(demands.quantity[row]))
        self.wanted[leaf] += case.left
        point.line.append(case)
        point.line.sort(key=lambda one: (one.priority, one.asked))
        units, point.on_hand = point.on_hand, 0
        if point.line[0] is case:
            units = self._hand_out(point, units)
        point.on_hand += units
        self._ask(leaf, point)

    def _hand_out(self, point: Point, units: int) -> int:
        while units and point.line:
            case = point.line[0]
            given = min(units, case.left)
            case.left -= given
            units -= given
            wait = self.env.now - case.asked
            self.waited[case.row] += given * wait
            self.at_once[case.row] += given if wait == 0 else 0
            self.last[case.row] = wait
            if case.left == 0:
                point.line.pop(0)
        return units

    def _ask(self, leaf: int, point: Point) -> None:
        self._request(leaf, point)
        self._send(leaf)

    def _request(self, leaf: int, point: Point) -> None:
        lacks = point.up_to - (point.on_hand + point.owed + point.coming - point.waits)
        point.owed += max(lacks, 0)
        self.requests[leaf] += [point] * max(lacks, 0)

    def _send(self, leaf: int) -> None:
        while self.depot[leaf] and self.requests[leaf]:
            point = self.requests[leaf][0]
            if not self.rules.fifo and self.depot[leaf] < len(self.requests[leaf]):
                urgent = [self._uncovered(one) for one in self.points[leaf] if one.owed and one.waits > one.coming]
                if urgent:
                    point = min(urgent, key=lambda pair: pair[0])[1]
            self.requests[leaf].remove(point)
            self.depot[leaf] -= 1
            point.owed -= 1
            point.coming += 1
            self.env.process(self._courier(point))

    def _uncovered(self, point: Point) -> tuple[tuple[int, float], Point]:
        """The first case of a point for which nothing is on its way."""
        covered = point.coming
        for case in point.line:
            if covered < case.left:
                return (case.priority, case.asked), point
            covered -= case.left
        raise AssertionError("every case is covered")

    def _courier(self, point: Point) -> Process:
        days = point.days if point.sd == 0 else self.rng.gamma((point.days / point.sd) ** 2, point.sd**2 / point.days)
        yield self.env.timeout(days)
        point.coming -= 1
        point.on_hand += self._hand_out(point, 1)

    def _order(self, row: int) -> Process:
        board = self.board
        yield self.env.timeout(board.order_time[row])
        due = float(self.arrives[board.order_voyage[row]])
        if board.order_kind[row] == PURCHASE:
            units = self._purchase(row)
            self.on_order += units
            yield self.env.timeout(due - self.env.now)
            self.on_order -= units
            self.hub += units
            return
        leaf = int(board.order_leaf[row])
        if board.order_rule[row] in (PLANNED, CATCH_UP):
            units = self._planned(row, leaf, int(board.order_lane[row]))
        else:
            units = self._lacks(leaf)
        if board.unlimited[self.part]:
            self.hub += self._lot(units - self.hub)
        units = max(min(units, self.hub), 0)
        self.hub -= units
        self.shipped[leaf] += units
        self.under_way[leaf] += units
        yield self.env.timeout(due - self.env.now)
        self.under_way[leaf] -= units
        self.depot[leaf] += units
        self._send(leaf)

    def _planned(self, row: int, leaf: int, lane: int) -> int:
        """What a planned line lacks of its level, and what earlier lines of this leaf and lane are owed; who has waited
        longest has a claim on what the hub has."""
        if self.board.order_rule[row] == PLANNED:
            owed = sum(line.units for line in self.owed if line.leaf == leaf)
            level = self.board.order_level[row] + self.wanted[leaf]
            wanted = int(np.floor(level - self.shipped[leaf] - owed + 0.5))
            if wanted > 0 and self.board.unlimited[self.part]:
                return wanted
            for line in self.owed:
                if line.leaf == leaf and wanted < 0:
                    off = min(line.units, -wanted)
                    line.units, wanted = line.units - off, wanted + off
            if wanted > 0:
                self.owed.append(Owed(leaf, lane, wanted))
        free, leaving = self.hub, 0
        for line in self.owed:
            units = min(line.units, free)
            free -= units
            if line.leaf == leaf and line.lane == lane:
                line.units, leaving = line.units - units, leaving + units
        self.owed = [line for line in self.owed if line.units]
        return leaving

    def _lacks(self, leaf: int) -> int:
        position = self.depot[leaf] + self.under_way[leaf] - len(self.requests[leaf])
        return int(self.board.depot_stock[self.first_leaf + leaf]) - position

    def _purchase(self, row: int) -> int:
        if self.board.order_rule[row] == PLANNED:
            return self._lot(int(np.floor(self.board.order_level[row] + sum(self.wanted) - self.bought + 0.5)))
        return self._lot(sum(max(self._lacks(leaf), 0) for leaf in range(len(self.points))) - self.hub - self.on_order)

    def _lot(self, wanted: int) -> int:
        """MOQ and multiples."""
        if wanted <= 0:
            return 0
        units, multiple = int(self.board.moq[self.part]), int(self.board.order_multiple[self.part])
        while units < wanted:
            units += multiple
        self.bought += units
        return units
