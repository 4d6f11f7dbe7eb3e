"""How seconds and memory of replenishment grow with the parts, and the alliance's 200,000 parts at 50 depots.

    python -m benchmarks.replenishment.scale [--parts 1000 3000 10000 30000 100000] [--alliance]

The networks that grow are the wisetech demo with fewer or more parts: models, brands, suppliers, repairs, budget, what
lanes carry and what a consignment holds and costs in proportion, so that limits bind alike at the same three depots.
The forecast is the demo's hidden truth; stock targets are made from it before the clock starts. As programs, so that
each is a process of its own:

    python -m benchmarks.replenishment.scale make FOLDER --like wisetech --parts N
    python -m benchmarks.replenishment.scale plan FOLDER …
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa

from benchmarks.acceptance.line import Figure
from benchmarks.machine import Spent, machine_facts, spend
from benchmarks.replenishment.instances import Problem
from benchmarks.targets.alliance import GB, Steps, make, true_forecast
from optimizer.replenishment import plan as replenishment
from optimizer.targets import stock_targets
from simulation.demo import SIZES
from simulation.demo.sizes import HISTORY_WEEKS
from storage.network_folder import read_network

PARTS = (1_000, 3_000, 10_000, 30_000, 100_000)
LIKE, ALLIANCE = "wisetech", "alliance"
WEEKS = 48  # at least the inner horizon: 26 weeks, two months by sea, and the slowest supplier
TWICE = 10_000  # networks up to so many parts are planned twice, and the faster time counts
LEFT_OUT = ("sales", "failures", "receipts", "past_consignments", "substitutes")  # replenishment reads none of them
STEPS = {
    "build_instance": "instance built",
    "CostTables": "week costs",
    "decompose": "plans chosen",
    "execution": "carried out",
}  # of `replenish`, by the names it calls them; the rest is the plan's tables
_CONSIGNMENT = ("minimum_charge", "cost_per_consignment", "consignment_kg")
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Planned:
    """One network planned. gap: of the total; peak_bytes: most resident while it was planned; steps: their figures."""

    parts: int
    leaves: int
    seconds: float
    processor_seconds: float
    gap: float
    gap_controllable: float
    binding: dict[str, float]
    owed: dict[str, float]
    peak_bytes: float
    steps: list[Figure]


def make_network(folder: Path, like: str, parts: int) -> None:
    """Write a demo of so many parts, its limits in proportion; the truth is told from the first week ahead on."""
    size = SIZES[like]
    scaled = size.with_parts(parts)
    brands = min(scaled.brands, SIZES[ALLIANCE].brands)  # the demo has names for not many more
    make(folder, replace(scaled, brands=brands, told_from=HISTORY_WEEKS), left_out=LEFT_OUT)
    (folder / "share.txt").write_text(str(parts / size.parts))


def problem(folder: Path) -> Problem:
    """The network `make_network` wrote with consignments in proportion, its true forecast and its stock targets."""
    network, _ = read_network(folder / "network")
    share = float((folder / "share.txt").read_text())
    lanes = network.lanes.assign(**{name: network.lanes[name] * share for name in _CONSIGNMENT})
    network = replace(network, lanes=lanes)
    forecast = true_forecast(network, folder / "truth", WEEKS)
    pa.default_memory_pool().release_unused()
    return Problem(network, forecast, stock_targets(network, forecast))


def planned(of: Problem) -> Planned:
    """Plan it, with the seconds and the peak of every step."""
    steps = Steps()
    steps.ended("network, forecast and targets in memory")
    prices = _EndOfPrices(steps)
    with ExitStack() as stack:
        for name, what in STEPS.items():
            step = steps.around(what, getattr(replenishment, name))
            stack.enter_context(patch.object(replenishment, name, step))
        wall, cpu = perf_counter(), process_time()
        plan = replenishment.replenish(of.network, of.forecast, of.targets, tell=prices)
        wall, cpu = perf_counter() - wall, process_time() - cpu
    steps.ended("tables of the plan")
    return Planned(
        parts=len(np.unique(of.forecast.part.astype(str))),
        leaves=len(of.forecast.part),
        seconds=wall,
        processor_seconds=cpu,
        gap=plan.gap,
        gap_controllable=plan.gap_controllable,
        binding=plan.binding,
        owed=plan.gap_owed_to,
        peak_bytes=GB * max(figure.value for figure in steps.figures if figure.what.endswith("peak")),
        steps=steps.figures[1:],
    )


@dataclass
class _EndOfPrices:
    """Hears what the search tells; when plans are to be chosen, prices are found."""

    steps: Steps
    over: bool = False

    def __call__(self, text: str) -> None:
        if text.startswith("Choosing") and not self.over:
            self.over = True
            self.steps.ended("prices found")


def scale(folder: Path, sizes: Sequence[int] = PARTS) -> Iterator[Figure | str]:
    """Networks of these sizes, planned in one process one after another. Seconds ∝ parts^exponent."""
    for parts in sizes:
        _program("make", folder / str(parts), "--like", LIKE, "--parts", str(parts))
    found = _told(_program("plan", *(folder / str(parts) for parts in sizes)))
    for one in found:
        yield Figure(f"{one['parts']:,} parts, {one['leaves']:,} × depots: planned in", one["seconds"], "s")
        yield Figure("  processor", one["processor_seconds"], "s")
        yield Figure("  gap", 100 * one["gap"], "%")
        yield Figure("  gap of what can be controlled", 100 * one["gap_controllable"], "%")
        yield Figure("  peak memory", one["peak_bytes"] / GB, "GB")
        yield "  rows that bind: " + ", ".join(f"{rule} {100 * share:.0f} %" for rule, share in one["binding"].items())
    sizes = [one["parts"] for one in found]
    yield Figure("exponent of seconds in parts", exponent(sizes, [one["seconds"] for one in found]), at_most=1.1)
    yield Figure("exponent of processor time", exponent(sizes, [one["processor_seconds"] for one in found]))


def exponent(parts: Sequence[float], seconds: Sequence[float]) -> float:
    """Slope of log seconds in log parts by least squares: 1 is linear."""
    return float(np.polyfit(np.log(parts), np.log(seconds), 1)[0])


def alliance(folder: Path, parts: int = SIZES[ALLIANCE].parts) -> Iterator[Figure | str]:
    """The alliance planned in a fresh process, by steps."""
    _program("make", folder, "--like", ALLIANCE, "--parts", str(parts))
    spent = _program("plan", folder)
    (one,) = _told(spent)
    yield Figure("parts", one["parts"], at_least=0.99 * parts)
    yield Figure("parts × depots", one["leaves"])
    yield Figure("planned in", one["seconds"] / 60, "min", at_most=20)
    yield Figure("processor", one["processor_seconds"] / 60, "min")
    yield Figure("gap", 100 * one["gap"], "%", at_most=1)
    yield Figure("gap of what can be controlled", 100 * one["gap_controllable"], "%")
    yield Figure("memory of the process, reading and stock targets included", spent.peak_bytes / GB, "GB", at_most=16)
    yield "rows that bind: " + ", ".join(f"{rule} {100 * share:.0f} %" for rule, share in one["binding"].items())
    yield from (Figure(**figure) for figure in one["steps"])


def _program(*words: str | Path) -> Spent:
    return spend([sys.executable, "-m", "benchmarks.replenishment.scale", *words], _ROOT)


def _told(spent: Spent) -> list[dict[str, Any]]:
    """What the program `plan` measured, network by network; whatever else was said is passed over."""
    return [json.loads(line) for line in spent.said.splitlines() if line.startswith("{")]


def _plan(folders: Sequence[Path]) -> Iterator[Planned]:
    """Each network planned; the first once before, so that nothing is left to compile."""
    for number, folder in enumerate(folders):
        of = problem(folder)
        if number == 0 and len(folders) > 1:
            planned(of)
        found = planned(of)
        if found.parts <= TWICE:
            found = min(found, planned(of), key=lambda one: one.seconds)
        yield found


def main(arguments: list[str]) -> int:
    """Measure and print, or do one of the two parts. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replenishment.scale", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("make", "plan"))
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--parts", type=int, nargs="+", default=list(PARTS))
    parser.add_argument("--like", default=LIKE, choices=tuple(SIZES))
    parser.add_argument("--alliance", action="store_true")
    chosen = parser.parse_args(arguments)
    if chosen.what == "make":
        make_network(chosen.folders[0], chosen.like, chosen.parts[0])
        return 0
    if chosen.what == "plan":
        for found in _plan(chosen.folders):
            print(json.dumps(found, default=lambda one: one.item() if hasattr(one, "item") else vars(one)), flush=True)
        return 0
    print(", ".join(f"{name} {value}" for name, value in machine_facts().items()))
    with TemporaryDirectory() as folder:
        measured = alliance(Path(folder)) if chosen.alliance else scale(Path(folder), chosen.parts)
        for figure in measured:
            print(figure, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
