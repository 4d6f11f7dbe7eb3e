"""Memory of a large forecast from the value to its files: as a program, so that the peak is that of one process."""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.acceptance.line import Bench, Figure
from benchmarks.machine import spend
from domain.forecast import Forecast
from domain.forecast_tables import forecast_blocks, shares_frame
from domain.network import Settings
from storage.parquet_folder import write_frames

GB = 1e9
LEAVES, WEEKS, POINTS = 200_000, 40, 20
_REGIONS = 4


def large_forecast(rng: np.random.Generator, leaves: int, weeks: int, points: int) -> Forecast:
    """Slow movers, mostly: demand of `leaves` part × regions, each shared by the `points` points of its region."""
    row = np.arange(leaves)
    part = np.array([f"P{number:07d}" for number in range(-(-leaves // _REGIONS))], object)[row // _REGIONS]
    region = np.array([f"R{number}" for number in range(_REGIONS)], object)[row % _REGIONS]
    site = np.array([f"S{number:04d}" for number in range(_REGIONS * points)], object)
    share = rng.dirichlet(np.full(points, 2.0), leaves)
    return Forecast(
        as_of=date(2025, 6, 29),
        part=part,
        region=region,
        mean=rng.gamma(0.5, 2.0, (leaves, 1)) * rng.uniform(0.8, 1.2, (1, weeks)),
        batch_index=1.0 + rng.gamma(1.0, 0.5, leaves),
        rate_shape=rng.gamma(2.0, 2.0, leaves) + 0.1,
        discount=np.full(leaves, 0.98),
        drift=(row % 2).astype(np.float64),
        share_leaf=np.repeat(row, points),
        share_site=site[((row % _REGIONS)[:, None] * points + np.arange(points)).ravel()],
        share=np.maximum(share, 1e-12).ravel(),
    )


def write_large(folder: Path, leaves: int, weeks: int, points: int, seed: int = 1) -> Forecast:
    """Make the forecast and write its tables as a plan does."""
    made = large_forecast(np.random.default_rng(seed), leaves, weeks, points)
    blocks = forecast_blocks(made, Settings(made.as_of, "USD"))
    write_frames({"forecast": blocks, "shares": shares_frame(made), "overrides": made.overrides}, folder)
    return made


def coherence(bench: Bench, leaves: int = LEAVES, weeks: int = WEEKS, points: int = POINTS) -> Iterator[Figure | str]:
    """200,000 leaves: peak memory of value, tables and files together, and that means add up in what was written."""
    program = [sys.executable, "-m", "benchmarks.forecasting.coherence", bench.folder, leaves, weeks, points]
    spent = spend([str(word) for word in program], bench.root)
    yield Figure("peak memory", spent.peak_bytes / GB, "GB", at_most=2)
    yield Figure("seconds", spent.seconds, "s")
    yield from _added_up(bench.folder, leaves, weeks)


def _added_up(folder: Path, leaves: int, weeks: int) -> Iterator[Figure | str]:
    table = pq.read_table(folder / "forecast.parquet", columns=["mean", "cumulative_mean"])
    mean, cumulative = (table.column(name).to_numpy().reshape(leaves, weeks) for name in table.column_names)
    yield Figure("rows of forecast", mean.size, at_least=leaves * weeks)
    off = np.abs(mean.cumsum(axis=1) / cumulative - 1.0).max()
    yield Figure("means of weeks against cumulative means", float(off), at_most=1e-12)
    shares = (
        pq.read_table(folder / "shares.parquet", columns=["part", "share"])
        .group_by("part")
        .aggregate([("share", "sum")])
    )
    off = np.abs(shares.column("share_sum").to_numpy() / _REGIONS - 1.0).max()
    yield Figure("shares of a part against its regions", float(off), at_most=1e-9)


if __name__ == "__main__":
    write_large(Path(sys.argv[1]), *(int(number) for number in sys.argv[2:5]))
