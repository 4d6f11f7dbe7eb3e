"""The memory benchmark of large forecasts, tiny."""

from pathlib import Path

import pandas as pd

from benchmarks.acceptance.line import Bench, Figure
from benchmarks.forecasting.coherence import coherence, write_large
from domain.forecast_tables import forecast_frame, shares_frame
from domain.network import Settings

ROOT = Path(__file__).parents[2]


def test_every_figure_is_kept(tmp_path: Path) -> None:
    """At 20,000 leaves the peak of the process is far within the limit of 200,000, and what is written adds up."""
    figures = [found for found in coherence(Bench(ROOT, tmp_path, None), 20_000, 20, 2) if isinstance(found, Figure)]
    assert sum(figure.limited for figure in figures) == 4
    assert all(figure.kept for figure in figures), [str(figure) for figure in figures]


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    """pandas reads the files of a large forecast as the frames that were never made whole."""
    made = write_large(tmp_path, leaves=9_000, weeks=40, points=3)  # more than one block
    settings = Settings(made.as_of, "USD")
    for name, frame in (("forecast", forecast_frame(made, settings)), ("shares", shares_frame(made))):
        read = pd.read_parquet(tmp_path / f"{name}.parquet")
        read = read.assign(**{day: pd.to_datetime(read[day]) for day in ("week",) if day in read})
        pd.testing.assert_frame_equal(read, frame, check_dtype=False)
