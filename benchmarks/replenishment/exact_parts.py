"""Single parts planned exactly: how far a part's program is from the optimum, and how near its bound.

    python -m benchmarks.replenishment.exact_parts [--parts 200] [--seconds 1]

Parts of the small demo at the prices its plan found for budget and capacity, consignments priced by the kg; then every
tenth part again with minimum orders of half a year's demand. Each is a mixed-integer program of its own, solved to 1e-6
by HiGHS; where the seconds do not suffice, the optimum is known to lie between its bound and the best plan seen.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from benchmarks.replenishment.instances import small_demo
from benchmarks.replenishment.peer import peer
from benchmarks.replenishment.solving import solve_within
from optimizer.replenishment.coupling import coupling_rows, usage
from optimizer.replenishment.instance import Instance
from optimizer.replenishment.master import decompose
from optimizer.replenishment.params import Params
from optimizer.replenishment.program import Programs
from optimizer.replenishment.week_cost import CostTables

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PARTS, SECONDS = 200, 1.0
EQUAL = 1e-6  # of the optimum: what the solvers leave to rounding


@dataclass(frozen=True)
class ExactParts:
    """Money of single parts at given prices, (parts,): plan and bound of their programs, best seen and proven."""

    part: Ints
    plan: Floats
    bound: Floats
    best: Floats  # the cheapest plan seen by anybody
    least: Floats  # proven by the solver or by the program, the better

    @property
    def proven(self) -> npt.NDArray[np.bool_]:
        """Whether the optimum is known."""
        return np.asarray(self.best - self.least <= 2 * EQUAL * np.maximum(np.abs(self.best), 1.0))

    @property
    def excess(self) -> Floats:
        """Cost of the program's plan above the best seen, as a share of it."""
        return (self.plan - self.best) / np.maximum(np.abs(self.best), 1.0)

    @property
    def shortfall(self) -> Floats:
        """How far the program's bound is below the best plan seen, as a share of it."""
        return (self.best - self.bound) / np.maximum(np.abs(self.best), 1.0)

    @property
    def bounds_above(self) -> int:
        """Bounds above a plan that somebody found."""
        return int((self.shortfall < -EQUAL).sum())

    def lines(self) -> list[str]:
        """The figures in words."""
        excess, short, unknown = self.excess, self.shortfall, self._all(self.best, self.least)
        worst, weakest = int(np.argmax(excess)), int(np.argmax(short))
        return [
            f"{len(self.part)} parts, optimum proven to {EQUAL:g} of {int(self.proven.sum())}; "
            f"all optima together known to {unknown:.4%}",
            f"plan above the best seen:  {self._all(self.plan, self.best):.4%} of the money of all, "
            f"{excess.mean():.4%} on average, worst {excess[worst]:.3%} (part {self.part[worst]}), "
            f"optimal or unbeaten {np.mean(excess <= EQUAL):.1%}",
            f"bound below the best seen: {self._all(self.best, self.bound):.4%} of the money of all, "
            f"{short.mean():.4%} on average, worst {short[weakest]:.3%} (part {self.part[weakest]}), "
            f"tight {np.mean(short <= EQUAL):.1%}",
            f"bound above a plan seen: {self.bounds_above}",
        ]

    def _all(self, more: Floats, less: Floats) -> float:
        return float((more - less).sum() / self.best.sum())


def exact_parts(
    instance: Instance, tables: CostTables, price: Floats, part: Ints, seconds: float,
    tell: Callable[[str], None] = lambda text: None,
) -> ExactParts:  # fmt: skip
    """Programs and exact optima of `part` at these prices of the coupling rows, at most so many seconds for each."""
    rows = coupling_rows(instance, tables)
    terms = rows.terms(instance, price)
    plans = Programs(instance, tables).price(terms)
    plan = (plans.cost + usage(instance, rows, plans) @ price)[part]
    best, least = plan.copy(), np.empty(len(part))
    for n, i in enumerate(part):
        exact = peer(instance, tables, np.array([i]), terms, by_unit=True)
        found = solve_within(exact.program, "HiGHS", seconds)
        best[n] = min(plan[n], found.objective + exact.constant)
        least[n] = max(plans.bound[i], found.bound + exact.constant)
        if (n + 1) % 20 == 0:
            tell(f"{n + 1} parts")
    return ExactParts(part, plan, plans.bound[part], best, least)


def larger_orders(instance: Instance) -> Instance:
    """The same parts with minimum orders of half a year's demand, at least 2 units."""
    wanted = np.bincount(instance.leaves.part, instance.leaves.weekly_mean[:, :26].sum(axis=1))
    multiple = instance.parts.multiple
    moq = np.maximum(-(-np.ceil(wanted).astype(np.int64) // multiple) * multiple, 2)
    return replace(instance, parts=replace(instance.parts, moq=moq))


def samples(parts: int, seconds: float, tell: Callable[[str], None]) -> Iterator[tuple[str, ExactParts]]:
    """Both samples, with what each is."""
    instance = small_demo().instance()
    tables = CostTables(instance)
    tell("Pricing budget and capacity")
    price = decompose(instance, tables, Params()).price
    number = len(instance.parts.part)
    spread = (np.arange(parts) * number + number // 2) // parts
    yield "Parts of the small demo", exact_parts(instance, tables, price, spread, seconds, tell)
    large = larger_orders(instance)
    name = "Every tenth of them with minimum orders of half a year's demand"
    yield name, exact_parts(large, tables, price, spread[5::10], seconds, tell)


def main(arguments: list[str]) -> int:
    """Measure and print. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replenishment.exact_parts", description=__doc__)
    parser.add_argument("--parts", type=int, default=PARTS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="at most, for each part")
    asked = parser.parse_args(arguments)
    for name, found in samples(asked.parts, asked.seconds, lambda text: print(text, file=sys.stderr, flush=True)):
        print(name, *(f"  {line}" for line in found.lines()), sep="\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
