"""Stock targets of the alliance demo: seconds and memory of every step, in a fresh process that reads the network.

    python -m benchmarks.targets.alliance [--parts N]

The forecast is given: it is the demo's hidden truth. As programs, so that each is a process of its own:

    python -m benchmarks.targets.alliance make FOLDER --parts N
    python -m benchmarks.targets.alliance targets FOLDER
"""

import argparse
import json
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.acceptance.line import Figure
from benchmarks.machine import machine_facts, spend
from domain.forecast import Forecast
from domain.network import Network
from domain.plan import StockTargets
from optimizer.targets import stationary
from simulation.demo import SIZES, generate
from simulation.demo.demand import RATE_SHAPE
from simulation.demo.sizes import Size
from storage.network_folder import read_network
from storage.network_writing import write_tables
from storage.parquet_folder import write_frames

GB = 1e9
PARTS = 200_000
WEEKS = 39  # of a plan over 26: two months by sea and a month of the supplier are added
STEPS = {"build_system": "arrays built", "with_hubs": "hubs placed", "find_prices": "prices found"}
_NOT_FOR_TARGETS = ("sales", "failures", "receipts", "inbound", "repair_orders", "past_consignments", "substitutes")
_LEAF = ("part", "region")
_LAW = ("mean", "batch_index", "rate_shape", "discount", "drift")
_ROOT = Path(__file__).parents[2]


def make(folder: Path, size: Size, seed: int = 1, left_out: Collection[str] = _NOT_FOR_TARGETS) -> None:
    """Write a demo network of this size: what targets are made from, and the truth a forecast is made from.

    Of the history only the last day is written: the forecast is given, and targets read none. left_out: tables.
    """
    demo = generate(size, seed)
    tables = {name: frame for name, frame in demo.tables.items() if name not in left_out}
    usage = tables["usage"]
    tables["usage"] = usage[usage["date"] == usage["date"].max()]
    write_tables(tables, demo.settings, folder / "network")
    write_frames({name: demo.truth[name] for name in ("demand", "leaves", "shares")}, folder / "truth")


def true_forecast(network: Network, truth: Path, weeks: int = WEEKS) -> Forecast:
    """The hidden truth as a forecast: true means, batch indices and shares of the points, a rate known as well as the
    truth's factors are spread."""
    demand = pq.read_table(truth / "demand.parquet", read_dictionary=["part", "region"]).to_pandas()
    after = (demand["week"].to_numpy("datetime64[D]") - np.datetime64(network.settings.as_of, "D")).astype(
        np.int64
    ) // 7
    demand, after = demand[(after >= 0) & (after < weeks)], after[(after >= 0) & (after < weeks)]
    part, region = (demand[name].cat.reorder_categories(sorted(demand[name].cat.categories)).cat for name in _LEAF)
    pair = part.codes.to_numpy(np.int64) * len(region.categories) + region.codes.to_numpy(np.int64)
    leaf, row = np.unique(pair, return_inverse=True)  # both categories are sorted, and so are the pairs
    mean = np.zeros((len(leaf), weeks))
    mean[row, after] = demand["mean"].to_numpy()
    part_row, region_row = np.divmod(leaf, len(region.categories))
    names = part.categories.to_numpy(object)[part_row]
    regions = region.categories.to_numpy(object)[region_row]
    index = pd.read_parquet(truth / "leaves.parquet", columns=[*_LEAF, "batch_index"])
    index = index.merge(pd.DataFrame({"part": names, "region": regions}), on=_LEAF)

    shares = pd.read_parquet(truth / "shares.parquet").sort_values("site", kind="stable")
    home = region.categories.get_indexer(pd.Index(network.site_of["region"].reindex(shares["site"])))
    shares, home = shares[home >= 0], home[home >= 0]  # few parts: some regions want none
    order = np.argsort(home, kind="stable")
    count = np.bincount(home, minlength=len(region.categories))
    points = count[region_row]
    nth = np.arange(points.sum()) - np.repeat(np.cumsum(points) - points, points)
    point = order[np.repeat((np.cumsum(count) - count)[region_row], points) + nth]
    known = np.full(len(leaf), RATE_SHAPE)
    return Forecast(
        as_of=network.settings.as_of,
        part=names,
        region=regions,
        mean=mean,
        batch_index=np.maximum(index["batch_index"].to_numpy(float), 1.0),
        rate_shape=known,
        discount=np.ones_like(known),
        drift=np.zeros_like(known),
        share_leaf=np.repeat(np.arange(len(leaf)), points),
        share_site=shares["site"].to_numpy(object)[point],
        share=shares["share"].to_numpy(float)[point],
    )


@dataclass
class Steps:
    """Seconds, and peak and last resident bytes, of steps as they end; each begins its own peak."""

    begun: float = field(default_factory=perf_counter)
    figures: list[Figure] = field(default_factory=list)

    def ended(self, what: str) -> None:
        """Note what was done since the last step ended."""
        peak, now = _memory("VmHWM"), _memory("VmRSS")
        self.figures += [
            Figure(what, perf_counter() - self.begun, "s"),
            Figure(f"{what}: peak", peak / GB, "GB"),
            Figure(f"{what}: kept", now / GB, "GB"),
        ]
        Path("/proc/self/clear_refs").write_text("5")  # the peak is begun anew, proc(5)
        self.begun = perf_counter()

    def around(self, what: str, step: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, which notes when it has ended."""

        def noted(*arguments: Any) -> Any:
            result = step(*arguments)
            self.ended(what)
            return result

        return noted


def measured(network: Network, forecast: Forecast) -> tuple[StockTargets, list[Figure]]:
    """The stock targets, and what each step took. Two parts are planned first, so that nothing is left to compile."""
    _targets_of_two_parts(network, forecast)
    steps = Steps()
    steps.ended("network and forecast in memory")
    with ExitStack() as stack:
        for name, what in STEPS.items():
            if hasattr(stationary, name):
                stack.enter_context(patch.object(stationary, name, steps.around(what, getattr(stationary, name))))
        targets = stationary.stock_targets(network, forecast)
    steps.ended("table made")
    figures = steps.figures
    peak = max(figure.value for figure in figures if figure.what.endswith("peak"))
    total = sum(figure.value for figure in figures[3:] if figure.unit == "s")
    return targets, [*figures[1:], Figure("stock targets", total, "s"), Figure("memory", peak, "GB", at_most=8)]


def _targets_of_two_parts(network: Network, forecast: Forecast) -> None:
    leaves = np.flatnonzero(np.isin(forecast.part, forecast.part[[0, -1]]))
    shares = np.isin(forecast.share_leaf, leaves)
    few = replace(
        forecast,
        **{name: getattr(forecast, name)[leaves] for name in (*_LEAF, *_LAW)},
        share_leaf=np.searchsorted(leaves, forecast.share_leaf[shares]),
        share_site=forecast.share_site[shares],
        share=forecast.share[shares],
    )
    stationary.stock_targets(network.with_parts(set(few.part)), few)


def alliance(folder: Path, parts: int = PARTS) -> Iterator[Figure | str]:
    """Make the network and its targets, each in a process of its own."""
    made = _program("make", folder, "--parts", str(parts))
    yield Figure(f"network of {parts:,} parts made", made.seconds, "s")
    yield Figure("memory making it", made.peak_bytes / GB, "GB", at_most=8)
    spent = _program("targets", folder)
    for line in spent.said.splitlines():
        found = json.loads(line)
        yield found if isinstance(found, str) else Figure(**found)
    yield Figure("memory of the process, reading included", spent.peak_bytes / GB, "GB", at_most=8)


def _program(*words: str | Path) -> Any:
    return spend([sys.executable, "-m", "benchmarks.targets.alliance", *words], _ROOT)


def _report(folder: Path) -> Iterator[Figure | str]:
    """Figures of the targets of a network that `make` wrote."""
    begun = perf_counter()
    network, _ = read_network(folder / "network")
    yield Figure("network read", perf_counter() - begun, "s")
    begun = perf_counter()
    forecast = true_forecast(network, folder / "truth")
    yield Figure("forecast made from the truth", perf_counter() - begun, "s")
    pa.default_memory_pool().release_unused()
    targets, figures = measured(network, forecast)
    table = targets.table
    depots = np.unique(forecast.part.astype(str), return_counts=True)[1]
    yield f"{len(depots):,} parts wanted in {depots.min()} to {depots.max()} regions"
    yield Figure("points", len(pd.unique(forecast.share_site)))
    yield Figure("parts × depots", len(forecast.part))
    yield Figure("parts × points", len(forecast.share))
    yield Figure("rows with stock", int((table["base_stock"] > 0).sum()))
    yield from figures
    yield "price of waiting, USD a week: " + ", ".join(
        f"{group} {price:.0f}" for group, price in targets.waiting_price.items()
    )


def _memory(what: str) -> int:
    """A size in /proc/self/status, bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))


def main(arguments: list[str]) -> int:
    """Measure and print, or do one of the two parts. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.targets.alliance", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("make", "targets"))
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--parts", type=int, default=PARTS)
    chosen = parser.parse_args(arguments)
    if chosen.what == "make":
        make(chosen.folder, SIZES["alliance"].with_parts(chosen.parts))
    elif chosen.what == "targets":
        for found in _report(chosen.folder):
            print(json.dumps(found if isinstance(found, str) else vars(found), default=float), flush=True)
    else:
        print(", ".join(f"{name} {value}" for name, value in machine_facts().items()))
        with TemporaryDirectory() as folder:
            for found in alliance(Path(folder), chosen.parts):
                print(found, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
