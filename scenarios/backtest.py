"""`zapas backtest`: a panel in, quantiles and scores of every origin out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from domain.problems import ZapasError
from forecasting.backtest import Backtest, backtest
from forecasting.contenders.bootstrap import willemain
from forecasting.contenders.point_methods import POINT_METHODS
from forecasting.history import carry_back
from forecasting.methods import SURVIVORS
from forecasting.mix import methods_text
from forecasting.scores import LEVELS
from forecasting.series import Series, appeared
from storage.panel import Panel, read_panel
from storage.parquet_folder import write_frames, write_text

Tell = Callable[[str], None]


@dataclass(frozen=True)
class BacktestRun:
    """What was assumed of the panel, in sentences, and the scores: a row per origin and method."""

    says: list[str]
    scores: pd.DataFrame


def run_backtest(
    file: Path, out: Path, horizon: int, season: int | None = None, origins: int = 1, tell: Tell = lambda text: None
) -> BacktestRun:
    """Write quantiles.parquet, scores.parquet, evidence.parquet and methods.json (of the latest origin) to `out`.

    The latest origin leaves `horizon` periods; the others step back by as many. Quantiles of an origin use nothing
    after it. season: periods in a year (default: from the dates). Raises BadData, and ZapasError when the panel is too
    short.
    """
    panel = read_panel(file)
    latest = len(panel.periods) - horizon
    if horizon < 1 or origins < 1 or latest - (origins - 1) * horizon < 1:
        raise ZapasError(
            f"{file}: {len(panel.periods)} periods are too few for {origins} origins, each followed by {horizon}."
        )
    made: dict[int, Backtest] = {}
    for origin in range(latest, latest - origins * horizon, -horizon):
        day = str(panel.periods[origin - 1])

        def tell_origin(text: str, day: str = day) -> None:
            tell(f"Origin {day}: {text[0].lower()}{text[1:]}")

        made[origin] = backtest(
            known_series(panel.until(origin), season or panel.season),
            known_future(panel, origin, horizon),
            horizon,
            sorted(set(panel.part_class.astype(str))),
            SURVIVORS,
            {**POINT_METHODS, "Willemain": willemain},
            tell_origin,
        )
    scores = pd.concat([result.scores.assign(origin=_date(panel, origin)) for origin, result in made.items()])
    evidence = pd.concat(
        [result.methods.evidence.assign(origin=_date(panel, origin)) for origin, result in made.items()]
    )
    quantiles = pd.concat([_quantiles(panel, origin, result) for origin, result in sorted(made.items())])
    frames = {"quantiles": quantiles, "scores": scores, "evidence": evidence}
    write_frames({name: frame.reset_index(drop=True) for name, frame in frames.items()}, out)
    write_text(methods_text(made[latest].methods), out / "methods.json")
    return BacktestRun(panel.says(), scores)


def known_series(panel: Panel, season: int) -> Series:
    """A panel as known at its end: corrections netted, each series from its appearance on."""
    counts, exposure = panel.counts, panel.exposure
    carry_back(counts)
    return Series(counts, exposure, appeared(counts, exposure), panel.classes, season)


def known_future(panel: Panel, origin: int, horizon: int) -> Series:
    """What the `horizon` after an origin brought; a panel without zeros holds all of them."""
    ahead = slice(origin, origin + horizon)
    counts, exposure = panel.counts[:, ahead], panel.exposure[:, ahead]
    return Series(counts, exposure, np.zeros(len(counts), np.int64), panel.classes)


def _quantiles(panel: Panel, origin: int, result: Backtest) -> pd.DataFrame:
    """series, origin (the last known period), quantile, value; sorted."""
    return pd.DataFrame(
        {
            "series": np.repeat(panel.series, len(LEVELS)),
            "origin": _date(panel, origin),
            "quantile": np.tile(LEVELS, len(panel.series)),
            "value": result.quantiles.ravel(),
        }
    )


def _date(panel: Panel, origin: int) -> pd.Timestamp:
    return pd.Timestamp(panel.periods[origin - 1])
