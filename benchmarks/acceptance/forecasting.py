"""How good the forecasts are: quantiles of real demand before an outside judge, and known laws found again."""

import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.forecasting import backblaze as disks
from benchmarks.forecasting import installed_base as demos_ahead
from benchmarks.forecasting import quality_signals as simulated
from benchmarks.forecasting import triangles as drawn
from benchmarks.forecasting import unmet_loop as loop
from benchmarks.machine import spend
from forecasting.installed_base.life import Life, fit_life
from forecasting.quality import ALARM_WEEKS, FALSE_SHARE
from forecasting.scores import LEVELS, below, covered

from .demos import zapas
from .line import Bench, Figure, NotMeasuredError
from .robustness import pytest_counts

Floats = npt.NDArray[np.float64]

PANELS = {"carparts": (6, 0.208), "auto": (3, 0.172)}  # horizon, most scaled pinball loss
JUDGED = LEVELS[1:]  # whose calibration is asked for
SLACK, PIT_SLACK = 0.02, 0.03
LIVES = ("defective_sample", "mixture", "automotive", "electronics")
EQUAL = 1e-3
CASES = tuple(f"tests/forecasting/test_{name}.py" for name in ("edge_cases", "coherence", "gamma_poisson"))


def real_data(bench: Bench) -> Path:
    """The folder of the real data. Raises NotMeasuredError where there is none."""
    if bench.real_data is None:
        raise NotMeasuredError("no real data")
    return bench.real_data


def loss(bench: Bench) -> Iterator[Figure | str]:
    """`zapas backtest` on both panels; its own scaled pinball loss, and the judge's where it lies beside the data."""
    data = real_data(bench)
    judge = data.parent / "score_backtest.py"
    for name, (horizon, most) in PANELS.items():
        panel, out = data / f"{name}.csv.gz", bench.folder / name
        spent = _backtest(bench, panel, horizon, out)
        yield Figure(f"{name}: scaled pinball loss", _mix(out, "scaled_pinball_loss"), at_most=most)
        if judge.is_file():
            words = [sys.executable, str(judge), str(panel), str(out / "quantiles.parquet"), "--horizon", str(horizon)]
            said = re.findall(r"^(\w+): (\S+)", spend(words, bench.root).said, re.MULTILINE)
            told = {what: value for what, value in said if what in ("SPL", "missing")}
            yield Figure(f"{name}: the judge's", float(told["SPL"]), at_most=most)
            yield Figure("series without a forecast", float(told["missing"]), at_most=0)
        yield Figure("seconds", spent, "s")
    if not judge.is_file():
        yield "score_backtest.py does not lie beside the data: the loss is the product's own"


def calibration(bench: Bench) -> Iterator[Figure | str]:
    """Below, covered and PIT of held-out totals; quantiles whole, in order, and the same when the end is wiped."""
    for name, (horizon, _) in PANELS.items():
        panel, out = real_data(bench) / f"{name}.csv.gz", bench.folder / name
        _backtest(bench, panel, horizon, out)
        history = pd.read_csv(panel, dtype={"series": str}, keep_default_na=False)
        long = pd.read_parquet(out / "quantiles.parquet")
        demand, quantiles = outcomes(history, long, horizon)
        yield Figure(f"{name}: series", len(demand), at_least=1)
        for level, under, within in zip(LEVELS, below(demand, quantiles), covered(demand, quantiles), strict=True):
            if level in JUDGED:
                yield Figure(f"below {level:g}", float(under), at_most=level + SLACK)
                yield Figure(f"covered {level:g}", float(within), at_least=level - SLACK)
        yield Figure("PIT: most that a decile departs", _mix(out, "pit_distance"), at_most=PIT_SLACK)
        whole = pd.api.types.is_integer_dtype(long["value"]) and len(long) > 0
        yield Figure("quantiles are integers", float(whole), at_least=1)
        falling = (np.diff(long["value"].to_numpy().reshape(-1, len(LEVELS)), axis=1) < 0).sum()
        yield Figure("quantiles below a lower level's", int(falling), at_most=0)
        wiped = bench.folder / f"{name}-wiped.csv"
        end = np.sort(history["period"].unique())[-horizon:]
        history.assign(quantity=history["quantity"].where(~history["period"].isin(end), 0)).to_csv(wiped, index=False)
        _backtest(bench, wiped, horizon, bench.folder / "wiped")
        changed = (pd.read_parquet(bench.folder / "wiped" / "quantiles.parquet") != long).to_numpy().sum()
        yield Figure("quantiles changed by zeros in the end", int(changed), at_most=0)


def outcomes(history: pd.DataFrame, long: pd.DataFrame, horizon: int) -> tuple[Floats, Floats]:
    """Total demand of the last `horizon` periods and its quantiles, shape (series, levels), of the series judged: no
    period missing, and some demand and change before."""
    wide = history.pivot(index="series", columns="period", values="quantity").dropna()
    past, future = (
        wide[columns].to_numpy(np.float64) for columns in (wide.columns[:-horizon], wide.columns[-horizon:])
    )
    use = (past > 0).any(axis=1) & (np.diff(past, axis=1) != 0).any(axis=1)
    table = long.pivot(index="series", columns="quantile", values="value").loc[wide.index[use]]
    return future[use].sum(axis=1), table.to_numpy(np.float64)


def _backtest(bench: Bench, panel: Path, horizon: int, out: Path) -> float:
    """Seconds of `zapas backtest`."""
    return zapas(bench, "backtest", panel, "--horizon", str(horizon), "--out", out).seconds


def _mix(out: Path, score: str) -> float:
    """A score of the mix, whose quantiles are written."""
    scores = pd.read_parquet(out / "scores.parquet")
    return float(scores.loc[scores["method"] == "mix", score].iloc[0])


def installed_base(bench: Bench, seeds: Sequence[int] = (1, 2, 3)) -> Iterator[Figure | str]:
    """Parts of models in ramp-up and phase-out on demos, half a year ahead: the loss over the best rival's."""
    for seed in seeds:
        found = demos_ahead.compare(seed)
        best = min(found.rivals, key=lambda name: found.rivals[name])
        yield Figure(f"demo {seed}: loss over that of {best}", found.ratio, at_most=0.75)
        yield Figure("series", found.series, at_least=1)


def triangles(bench: Bench, runs: int = 100) -> Iterator[Figure | str]:
    """Triangles drawn from laws known; how often each of three truths lies in its 95 % interval."""
    found = drawn.coverage(runs)
    for what, held in (("hazard", found.hazard), ("warranty end", found.end), ("defective share", found.share)):
        yield Figure(f"{what} in its interval", held, f"of {runs} triangles", at_least=0.9 * runs)


def life(bench: Bench) -> Iterator[Figure | str]:
    """Four sets of real lives: share, shape and scale against lifelines' maximum of the same likelihood."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lifelines  # not above: it takes seconds and warns

        for name in LIVES:
            table = pd.read_csv(real_data(bench) / "life" / f"{name}.csv")
            failed = (table["category"] == "F" if "category" in table else table["event"] == "failure").to_numpy()
            weights = table["quantity"].to_numpy(np.float64) if "quantity" in table else np.ones(len(table))
            times = table["time"].to_numpy(np.float64)
            weibull = lifelines.WeibullFitter()
            theirs = lifelines.MixtureCureFitter(base_fitter=weibull).fit(times, failed, weights=weights)
            law = Life(theirs.rho_, theirs.lambda_, 1 - theirs.cured_fraction_, theirs.log_likelihood_)
            yield from _compared(name, fit_life(times, failed, weights), law)


def _compared(name: str, ours: Life, theirs: Life) -> Iterator[Figure]:
    pairs = ((ours.shape, theirs.shape), (ours.scale, theirs.scale), (ours.share, theirs.share))
    relative = max(abs(one / other - 1) for one, other in pairs)
    yield Figure(f"{name}: greatest relative difference", float(relative), at_most=EQUAL)
    yield Figure("log likelihood above lifelines'", ours.log_likelihood - theirs.log_likelihood, at_least=-1e-4)


def backblaze(bench: Bench) -> Iterator[Figure | str]:
    """Failures of every disk model in the interval after each snapshot."""
    found = disks.coverage(*disks.intervals(real_data(bench)))
    yield Figure("model-intervals", found.intervals, at_least=100)
    yield Figure("in the 80 % interval", 100 * found.covered, "%", at_least=70)
    yield Figure("strictly inside", 100 * found.inside, "%", at_most=90)


def unmet(bench: Bench, every: int = 1) -> Iterator[Figure | str]:
    """A demo that opens with 40 % of early cases unserved, planned from `used` alone and from `used` + `unmet`."""
    wanted, policy = loop.demo_demand(0.4, seed=1, every=every), loop.Policy()
    filled = {
        planner: 100 * loop.fill(wanted, units, policy.year_one)
        for planner, units in loop.year_one(wanted, policy).items()
    }
    for planner, share in filled.items():
        yield Figure(f"fill of year one from {planner}", share, "%")
    gain = filled["used + unmet"] - filled["used"]
    yield Figure("gained by counting unmet demand", gain, "points", at_least=10)


def quality_signals(bench: Bench, runs: int = 20, parts: int = 500, years: int = 10) -> Iterator[Figure | str]:
    """False discoveries and parts found at 20 cases expected; false alarms and doublings found at one case a week."""
    made = [simulated.discoveries(np.random.default_rng([1, run])) for run in range(runs)]
    number, false, detected = (
        float(np.mean([getattr(one, name) for one in made])) for name in ("discoveries", "false", "detected")
    )
    yield Figure("discoveries a run of 2,000 parts", number, at_least=1)
    yield Figure("false among them", 100 * false, "%", at_most=100 * FALSE_SHARE)
    yield Figure("parts failing twice as often found", 100 * detected, "%")
    alarms = simulated.alarms(np.random.default_rng([1, 99]), 1.0, parts=parts, years=years)
    limit = simulated.WEEKS_PER_YEAR / ALARM_WEEKS
    yield Figure("false alarms a part and year", alarms.per_year, at_most=limit)
    yield Figure("doublings found within half a year", 100 * alarms.detected, "%")
    yield Figure("from a doubling to its alarm, median", alarms.weeks, "weeks")


def edge_cases(bench: Bench) -> Iterator[Figure | str]:
    """The tests of odd histories, of demand moved or doubled, and of zeros before a launch."""
    yield from pytest_counts(bench, *CASES)
