"""A plain folder of Parquet tables: a forecast alone, or the hidden truth of a demo."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from domain.problems import ZapasError
from storage.plan_folder import PartialPlan


def write_text(text: str, file: Path) -> None:
    """Write a text file, whole or not at all. Raises ZapasError when the disk refuses."""
    fresh = file.with_name(f"{file.name}.new-{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, file)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise ZapasError(f"{file}: it cannot be written ({error.strerror or error}).") from error


def write_frames(frames: Mapping[str, pd.DataFrame | Iterable[pd.DataFrame]], out: Path) -> None:
    """Write the tables, whole or in blocks, into the folder `out`, each whole or not at all.

    Raises ZapasError when the disk refuses.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        writer = PartialPlan(out, out)
        for name, frame in frames.items():
            fresh = f"{name}.new-{os.getpid()}"
            try:
                writer.write_frame(fresh, frame)
                os.replace(out / f"{fresh}.parquet", out / f"{name}.parquet")
            finally:
                (out / f"{fresh}.parquet").unlink(missing_ok=True)
    except OSError as error:
        raise ZapasError(f"{out}: the tables cannot be written ({error.strerror or error}).") from error
