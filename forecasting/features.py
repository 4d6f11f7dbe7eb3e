"""What a series looked like at an origin, in numbers free of its scale: the inputs of the boosted forecast.

Rates are measured against the series' own discounted rate b, sizes against its mean demand, spans of time against the
lead, so that doubling every quantity, or counting in months instead of weeks, changes (almost) nothing.
"""

import numpy as np
import numpy.typing as npt

from domain.threads import in_threads, kernel
from forecasting.series import Series

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HALF_LIVES = np.array([0.5, 1.0, 2.0, 4.0, 8.0])  # of the discounted rates, in leads
BASE = 2  # which of them the base rate uses
WINDOWS = np.array([0.25, 0.5, 1.0, 2.0, 4.0, 8.0])  # of the plain rates, in leads
BORROWED_LEADS = 0.5  # weight of the class rate in a discounted rate, in leads of exposure
BORROWED_EXPOSURE = 100.0  # weight of all series in a class rate, in units of exposure
SINGLE = 13  # features that are neither discounted rates nor windows
NUMBER = 2 * len(HALF_LIVES) + len(WINDOWS) + SINGLE


def features(history: Series, row: Ints, origin: Ints, lead: int) -> tuple[Floats, Floats, Floats]:
    """Features, base rate b and scale of series `row[k]` as known after `origin[k]` periods.

    Features: discounted rates over b (log) and shares of periods with demand at five half-lives; rates over b in six
    windows; periods since the last demand, since the start, and since the last demand in mean intervals; demands so
    far; squared variation and greatest size of a demand; demands expected in a lead; mean absolute change, class rate,
    last and mean rate over b; share of periods with demand; last year's rate over the coming lead's season over b.
    Shape (rows, NUMBER); unknown is NaN. Base rate: units per exposure. Scale: mean absolute change from period to
    period, before the start too, units, which scores are divided by; 0 where nothing ever changed. Shapes (rows,).
    """
    made = np.empty((len(row), NUMBER)), np.empty(len(row)), np.empty(len(row))
    rate = _class_rates(history, lead)
    in_threads(
        _fill,
        len(row),
        history.counts,
        history.exposure,
        history.starts,
        rate[:, history.classes[:, -1]],
        row,
        origin,
        lead,
        history.season,
        0.5 ** (1.0 / (HALF_LIVES * lead)),
        np.maximum(np.round(WINDOWS * lead), 1.0).astype(np.int64),
        *made,
    )
    return made


def _class_rates(history: Series, lead: int) -> Floats:
    """Discounted units per exposure of every finest class after 0, 1, … periods, shape (periods + 1, classes).

    A class leans on all series together; half a unit in one unit of exposure keeps a world without demand above zero.
    """
    of = history.classes[:, -1]
    evidence = history.evidence()
    classes = int(of.max()) + 1
    units, exposure = np.zeros((history.periods + 1, classes)), np.zeros((history.periods + 1, classes))
    keep = 0.5 ** (1.0 / (HALF_LIVES[BASE] * lead))
    for period in range(history.periods):
        known = evidence[:, period]
        new = np.bincount(of[known], history.counts[known, period], classes)
        units[period + 1] = keep * units[period] + new
        exposure[period + 1] = keep * exposure[period] + np.bincount(
            of[known], history.exposure[known, period], classes
        )
    root = (units.sum(axis=1) + 0.5) / (exposure.sum(axis=1) + 1.0)
    rates: Floats = (units + BORROWED_EXPOSURE * root[:, None]) / (exposure + BORROWED_EXPOSURE)
    return rates


@kernel
def _fill(
    first: int,
    end: int,
    counts: Floats,
    exposure: Floats,
    starts: Ints,
    class_rate: Floats,
    row: Ints,
    origin: Ints,
    lead: int,
    season: int,
    keep: Floats,
    windows: Ints,
    out: Floats,
    base: Floats,
    scale: Floats,
) -> None:
    K, W = len(keep), len(windows)
    for k in range(first, end):
        i, o = row[k], origin[k]
        start = starts[i]
        units, known, wanted = np.zeros(K), np.zeros(K), np.zeros(K)  # discounted
        recent, recent_exposure = np.zeros(W), np.zeros(W)
        total, weeks, squares, largest, change, last = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        periods, changes, demands, first_demand, last_demand = 0, -1, 0, -1, -1
        for t in range(o):
            y, e = counts[i, t], exposure[i, t]
            if e > 0.0:
                change += abs(y - last) if changes >= 0 else 0.0
                changes, last = changes + 1, y
            if t < start:
                continue
            for j in range(K):
                units[j] *= keep[j]
                known[j] *= keep[j]
                wanted[j] *= keep[j]
            if e <= 0.0:
                continue
            for j in range(K):
                units[j] += y
                known[j] += e
                wanted[j] += e if y > 0.0 else 0.0
            for j in range(W):
                if o - t <= windows[j]:
                    recent[j] += y
                    recent_exposure[j] += e
            total, weeks, periods = total + y, weeks + e, periods + 1
            if y > 0.0:
                demands, squares, largest, last_demand = demands + 1, squares + y * y, max(largest, y), t
                if first_demand < 0:
                    first_demand = t
        year, year_exposure = 0.0, 0.0
        if season > 1:
            for t in range(max(start, o - season), min(o, o - season + lead)):
                year += counts[i, t] if exposure[i, t] > 0.0 else 0.0
                year_exposure += exposure[i, t]

        prior = class_rate[o, i]
        weight = BORROWED_LEADS * lead
        b = (units[BASE] + weight * prior) / (known[BASE] + weight)
        base[k], scale[k] = b, change / max(changes, 1)
        x = out[k]
        x[:] = np.nan
        for j in range(K):
            x[j] = np.log((units[j] + weight * prior) / (known[j] + weight) / b)
            if known[j] > 0.0:
                x[K + j] = wanted[j] / known[j]
        for j in range(W):
            if recent_exposure[j] > 0.0:
                x[2 * K + j] = recent[j] / (recent_exposure[j] * b)
        at = 2 * K + W
        x[at + 1] = (o - start) / lead
        x[at + 3] = demands
        x[at + 8] = prior / b
        if demands > 0:
            size = total / demands
            x[at] = (o - last_demand) / lead
            x[at + 5] = largest / size
            x[at + 6] = b * lead / size
        if demands > 1:
            x[at + 2] = (o - last_demand) * (demands - 1) / max(last_demand - first_demand, 1)
            x[at + 4] = squares / demands / (total / demands) ** 2 - 1.0
        if periods > 0:
            x[at + 7] = scale[k] / b
            x[at + 9] = last / b
            x[at + 10] = total / (weeks * b)
            x[at + 11] = demands / periods
        if year_exposure > 0.0:
            x[at + 12] = year / (year_exposure * b)
