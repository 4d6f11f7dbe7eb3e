"""Replenishment of the wisetech demo's 20,000 parts: with the rules that come per unit, then with every rule.

    python -m benchmarks.replenishment.wisetech FOLDER

FOLDER is what `python -m benchmarks.replenishment.scale make FOLDER --like wisetech --parts 20000` wrote.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.acceptance.line import Figure
from benchmarks.machine import spend
from benchmarks.replenishment.instances import Problem
from benchmarks.replenishment.scale import Planned, planned, problem
from benchmarks.targets.alliance import GB
from domain.logistics import LITRES_PER_M3
from domain.network import Network

PARTS = 20_000
SPOILS = 10  # every tenth part does, within this many days
SHELF_LIFE_DAYS = 400.0
_ROOT = Path(__file__).parents[2]


def per_unit(network: Network) -> Network:
    """Budget, capacity, storage, multiples, calendars and dangerous goods; nothing that comes whole but multiples."""
    lanes = network.lanes.assign(minimum_charge=0.0, cost_per_consignment=0.0)
    parts = network.parts.assign(moq=1)
    suppliers = network.suppliers.assign(minimum_order_value=0.0)
    return with_storage(replace(network, lanes=lanes, parts=parts, suppliers=suppliers))


def every_rule(network: Network) -> Network:
    """All of it: minimum orders and values, consignments, minimum charges, shelf life, frozen weeks, storage."""
    spoils = np.arange(len(network.parts)) % SPOILS == 0
    parts = network.parts.assign(shelf_life_days=np.where(spoils, SHELF_LIFE_DAYS, network.parts["shelf_life_days"]))
    lanes = network.lanes.assign(minimum_charge=np.maximum(network.lanes["minimum_charge"], 20.0))
    settings = replace(network.settings, frozen_weeks=1)
    return with_storage(replace(network, parts=parts, lanes=lanes, settings=settings))


def with_storage(network: Network) -> Network:
    """Every depot has room for what it holds today and what is on its way to it: for more, it must sell first."""
    volume = network.parts.set_index("part")["volume_l"]
    there = network.stock[["site", "part", "on_hand"]].set_axis(["site", "part", "units"], axis=1)
    coming = network.inbound[["destination", "part", "quantity"]].set_axis(["site", "part", "units"], axis=1)
    held = pd.concat([there, coming])
    litres = (held["units"] * held["part"].map(volume)).groupby(held["site"]).sum()
    room = (network.sites["site"].map(litres) / LITRES_PER_M3).where(network.sites["kind"] == "depot")
    return replace(network, sites=network.sites.assign(storage_m3=room))


CASES = {"per unit": per_unit, "every rule": every_rule}


def measured(folder: Path) -> Iterator[tuple[str, Planned]]:
    """Each case planned; the first once before, so that nothing is left to compile."""
    given = problem(folder)
    for number, (name, rules) in enumerate(CASES.items()):
        case = Problem(rules(given.network), given.forecast, given.targets)
        if number == 0:
            planned(case)
        yield name, planned(case)


def wisetech(folder: Path) -> Iterator[Figure | str]:
    """Both cases in one fresh process."""
    spend(
        [sys.executable, "-m", "benchmarks.replenishment.scale", "make", folder, "--like", "wisetech",
         "--parts", str(PARTS)], _ROOT,
    )  # fmt: skip
    spent = spend([sys.executable, "-m", "benchmarks.replenishment.wisetech", folder], _ROOT)
    limits = {"per unit": (30, 0.1, 1), "every rule": (120, 0.5, 5)}
    for line in spent.said.splitlines():
        one = json.loads(line)
        seconds, gap, controllable = limits[one["name"]]
        yield Figure(f"{one['name']}: planned in", one["seconds"], "s", at_most=seconds)
        yield Figure("  processor", one["processor_seconds"], "s")
        yield Figure("  gap", 100 * one["gap"], "%", at_most=gap)
        yield Figure("  gap of what can be controlled", 100 * one["gap_controllable"], "%", at_most=controllable)
        yield "  money of the gap owed to " + ", ".join(f"{to} {money:,.0f}" for to, money in one["owed"].items())
        yield "  rows that bind: " + ", ".join(f"{rule} {100 * share:.0f} %" for rule, share in one["binding"].items())
        yield "  " + ", ".join(f"{step['what']} {step['value']:.1f}" for step in one["steps"] if step["unit"] == "s")
    yield Figure("memory of the process", spent.peak_bytes / GB, "GB", at_most=4)


def main(arguments: list[str]) -> int:
    """Plan both cases of a folder, one line of JSON each. Returns the exit code."""
    for name, one in measured(Path(arguments[0])):
        print(json.dumps({"name": name, **asdict(one)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
