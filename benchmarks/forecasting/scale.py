"""60,000 series × 104 weeks: what the forecast with methods given costs, what choosing them costs, and how both grow.

As a program, so that each measurement is a process of its own, from the panel's file to the quantiles' file:

    python -m benchmarks.forecasting.scale panel FILE.parquet SERIES WEEKS
    python -m benchmarks.forecasting.scale select FILE.parquet LEAD FOLDER       (writes methods.json)
    python -m benchmarks.forecasting.scale forecast FILE.parquet LEAD FOLDER     (reads it, writes quantiles.parquet)
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.acceptance.line import Bench, Figure
from benchmarks.machine import Spent, spend
from domain.counts import quantile_table
from forecasting.methods import SURVIVORS
from forecasting.mix import methods_from_text, methods_text
from forecasting.scores import LEVELS
from forecasting.selection import blended, select
from forecasting.trials import panel_trials
from scenarios.backtest import known_series
from storage.panel import Panel, read_panel
from storage.parquet_folder import write_frames, write_text

Floats = npt.NDArray[np.float64]

GB = 1e9
SERIES, WEEKS, LEAD = 60_000, 104, 8
CLASSES = 20


def weekly_demand(rng: np.random.Generator, series: int, weeks: int) -> Floats:
    """Mostly slow movers, units, shape (series, weeks): log-normal rates, batches, drift, a yearly wave; one in ten
    appears late."""
    rate = rng.lognormal(-1.5, 1.5, series)
    drift = np.exp(np.cumsum(rng.normal(0.0, 0.03, (series, weeks)), axis=1))
    wave = 1.0 + 0.3 * np.sin(2 * np.pi * (np.arange(weeks) / 52 + rng.random((series, 1))))
    shape = rng.uniform(0.2, 3.0, (series, 1))
    demand = rng.poisson(rate[:, None] * drift * wave * rng.gamma(shape, 1.0 / shape, (series, weeks)))
    launch = np.where(rng.random(series) < 0.1, rng.integers(0, weeks, series), 0)
    return np.where(np.arange(weeks) >= launch[:, None], demand, 0).astype(np.float64)


def write_panel(file: Path, series: int, weeks: int, seed: int = 1) -> None:
    """A long panel with every zero, as `zapas backtest` reads it; the series of a class share their part class."""
    demand = weekly_demand(np.random.default_rng(seed), series, weeks)
    row = np.repeat(np.arange(series), weeks)
    weekdays = pd.date_range("2023-01-02", periods=weeks, freq="7D").strftime("%Y-%m-%d").to_numpy(object)
    names = np.array([f"S{number:06d}" for number in range(series)], object)
    classes = np.array([f"class {number:02d}" for number in range(CLASSES)], object)
    columns = {
        "series": names[row], "period": np.tile(weekdays, series), "quantity": demand.ravel().astype(np.int64),
        "part_class": classes[row % CLASSES],
    }  # fmt: skip
    pd.DataFrame(columns).to_parquet(file, index=False)


def choose(file: Path, lead: int, folder: Path) -> None:
    """Choose the methods of a panel by trials: methods.json."""
    panel = read_panel(file)
    tried = panel_trials(known_series(panel, panel.season), _names(panel), lead)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(methods_text(select(tried, SURVIVORS, lead)), folder / "methods.json")


def forecast(file: Path, lead: int, folder: Path) -> None:
    """Forecast the `lead` after a panel with the methods of methods.json: quantiles.parquet."""
    methods = methods_from_text((folder / "methods.json").read_text(encoding="utf-8"), SURVIVORS)
    panel = read_panel(file)
    history = known_series(panel, panel.season)
    law = blended(methods, SURVIVORS, _names(panel), history, np.ones((len(history), lead)))
    quantiles = quantile_table(*law.moments(lead), LEVELS)
    columns = {f"q{100 * level:.0f}": quantiles[:, at] for at, level in enumerate(LEVELS)}
    write_frames({"quantiles": pd.DataFrame({"series": panel.series, **columns})}, folder)


def _names(panel: Panel) -> list[str]:
    return sorted(set(panel.part_class.astype(str)))


def scale(
    bench: Bench, series: int = SERIES, weeks: int = WEEKS, lead: int = LEAD, parts: Sequence[int] = (4, 2, 1)
) -> Iterator[Figure | str]:
    """Time a quarter, a half and all of the series; the limits are those of all. Cost ∝ series^exponent."""
    sizes = [series // part for part in parts]
    chosen, made = [], []
    for number in sizes:
        file, folder = bench.folder / f"{number}.parquet", bench.folder / str(number)
        write_panel(file, number, weeks)
        chosen.append(_program(bench, "select", file, lead, folder))
        made.append(_program(bench, "forecast", file, lead, folder))
    yield Figure(f"{series:,} series × {weeks} weeks forecast", made[-1].seconds, "s", at_most=60)
    yield Figure("memory forecasting", made[-1].peak_bytes / GB, "GB", at_most=3)
    yield Figure("methods chosen", chosen[-1].seconds, "s", at_most=900)
    yield Figure("memory choosing", chosen[-1].peak_bytes / GB, "GB", at_most=3)
    for what, spent in (("forecasting", made), ("choosing", chosen)):
        seconds = ", ".join(f"{number:,} series {one.seconds:.1f} s" for number, one in zip(sizes, spent, strict=True))
        yield f"{what}: {seconds}"
    yield Figure("exponent of forecasting in series", exponent(sizes, made), at_most=1.1)
    yield Figure("exponent of choosing in series", exponent(sizes, chosen), at_most=1.1)


def exponent(sizes: list[int], spent: list[Spent]) -> float:
    """Slope of log seconds in log size by least squares: 1 is linear."""
    return float(np.polyfit(np.log(sizes), np.log([one.seconds for one in spent]), 1)[0])


def _program(bench: Bench, *words: str | int | Path) -> Spent:
    return spend([sys.executable, "-m", "benchmarks.forecasting.scale", *map(str, words)], bench.root)


if __name__ == "__main__":
    what, panel_file, first, second = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    if what == "panel":
        write_panel(panel_file, first, int(second))
    elif what == "select":
        choose(panel_file, first, Path(second))
    else:
        forecast(panel_file, first, Path(second))
