"""Hazards: failure intensity by class of part and age, and each model's end of warranty, learnt from a network.

One curve for all, then one per class of part around it; one end of warranty for all models of which the table says the
same, then, where the ages of failed devices are known, one per model around those (empirical Bayes). Demand that must
be traced back to sales cannot tell models of shared parts apart. New parts and models get their class's curve by that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network
from forecasting.installed_base.cohorts import Cohorts, complete_months
from forecasting.installed_base.evidence import STRETCH, Traced, Triangle, traced, triangle
from forecasting.installed_base.intensity import (
    AFTER,
    Counts,
    Curve,
    Intensity,
    fit_intensity,
    misfit,
)
from forecasting.installed_base.warranty import (
    AS_WRITTEN,
    DEFAULT_MONTHS,
    SILENT,
    WarrantyEnd,
    end_prior,
    pooled_ends,
    posterior,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WEEKS_PER_MONTH = 365.25 / 12 / 7
YOUNGEST = 3  # months of age at which a warranty ends at the earliest
COMMON = 0.8  # belief that a model's warranty ends as that of its group
AGES = 84  # months of age after which intensity stands still
WALKS = (0.03, 0.08, 0.16, 0.3)  # of the log level of a series from one stretch of months to the next
STEPS = (0.05, 0.15, 0.4)  # standard deviations of log intensity from one month of age to the next
CLASSES = 24  # curves of their own; rarer classes of parts share the general one
CLASS_CURVE = (0.25, 1.0, 1.0)  # standard deviations of a class around all: per step, over all, of log ρ
ENOUGH = 30.0  # units that earn a class its curve
SWEEPS = 2  # over the groups of models whose common end is sought
HOPELESS = 20.0  # in log evidence: an end so far behind is not tried again
TURNS = 3  # of learning ends and curves from each other


@dataclass(frozen=True)
class Hazards:
    """Intensity (per device-month, up to a level of each part) by class of part and age, and who is covered when.

    classes: of every part, shape (parts,). shape: intensity in warranty, shape (classes, ages); after: share of it that
    comes after the warranty's end, shape (classes,). covered: share of a model's devices in warranty by age, shape
    (models, ages); ends: probability of each end. wander: standard deviation of a series' log
    level from one week to the next. source: "failures" or "usage".
    """

    classes: Ints
    shape: Floats
    after: Floats
    covered: Floats
    ends: WarrantyEnd
    curve: Intensity
    dispersion: float
    wander: float
    source: str


def learn_hazards(network: Network, cohorts: Cohorts, classes: Ints, fits: pd.DataFrame) -> Hazards | None:
    """Hazards of a network up to `as_of`; None where no demand hangs on any sales.

    classes: code of every part's class, shape (parts,). fits: model and part (codes) and quantity.
    """
    last = complete_months(network)
    ages = int(np.clip(cohorts.units.shape[2], YOUNGEST, max(AGES, last - cohorts.first + 1)))
    class_of_part = pd.Series(classes, index=network.parts["part"])
    source: Triangle | Traced | None = triangle(network, cohorts, class_of_part, last)
    source = source or traced(network, cohorts, class_of_part, fits, last, ages)
    if source is None:
        return None
    written, groups = np.unique(network.models["warranty_months"].to_numpy(np.float64), return_inverse=True)
    silent = len(written) == 1 and written[0] == DEFAULT_MONTHS  # every model has what an empty column means
    beliefs = np.stack([end_prior(months, ages, SILENT if silent else AS_WRITTEN) for months in written])
    number = int(classes.max()) + 1
    common, curve, dispersion, prior = _common_ends(source, written, groups, beliefs, ages)
    ends = WarrantyEnd(common[groups])
    covered = ends.covered
    shape, after = _repeated(curve, number)
    for _ in range(TURNS):
        source = _levelled(source, shape, after, covered)
        if isinstance(source, Triangle):
            fits_end = source.ends(shape, after, covered) / dispersion
            ends = pooled_ends(fits_end, groups, _group_beliefs(beliefs, common))
        covered = ends.covered
        counts = source.counts(covered)
        curve = fit_intensity(counts, prior, dispersion, curve)
        shape, after = _by_class(source, counts, curve, dispersion, prior.walk, number)
    name = "failures" if isinstance(source, Triangle) else "usage"
    wander = prior.walk / np.sqrt(STRETCH * WEEKS_PER_MONTH)
    return Hazards(classes, shape, after, covered, ends, curve, dispersion, wander, name)


def _group_beliefs(beliefs: Floats, ends: Floats) -> Floats:
    """What is believed of a model once the ends of its group's common warranty are known, or else what was believed."""
    found: Floats = COMMON * ends + (1.0 - COMMON) * beliefs
    return found


def _common_ends(
    source: Triangle | Traced, written: Floats, groups: Ints, beliefs: Floats, ages: int
) -> tuple[Floats, Intensity, float, Curve]:
    """Probability of each end of every group's warranty, shape (groups, ages), the smooth curve integrated out; the
    curve at the likeliest ends, its dispersion, and the prior of the roughness and the walk of levels it shows."""
    end = np.clip(np.round(written), 1, ages).astype(np.int64)
    flat = Curve(np.zeros(ages), AFTER[0], STEPS[1])

    def counts(tried: Ints) -> Counts:
        return source.counts((np.arange(ages)[None, :] < tried[groups][:, None]).astype(np.float64))

    def best(tried: Sequence[Curve], curve: Intensity) -> tuple[Curve, Intensity]:
        found = [fit_intensity(counts(end), each, dispersion, curve) for each in tried]
        which = int(np.argmax([each.evidence for each in found]))
        return tried[which], found[which]

    curve = fit_intensity(counts(end), flat)
    dispersion = misfit(counts(end), curve)
    if isinstance(source, Traced):
        flat, curve = best([replace(flat, walk=walk) for walk in WALKS], curve)
        dispersion = misfit(counts(end), curve)
    common = beliefs.copy()
    seen = np.flatnonzero((counts(end).inside + counts(end).outside).any(axis=0))
    oldest = max(int(seen.max(initial=0)) + 1, YOUNGEST)  # an end at a later age leaves no trace
    possible = np.tile(np.arange(1, ages + 1) >= YOUNGEST, (len(written), 1))
    for _ in range(SWEEPS if len(written) > 1 else 1):
        for group in range(len(written)):
            scores = np.full(ages, -np.inf)
            curves: dict[int, Intensity] = {}
            for months in (np.flatnonzero(possible[group]) + 1).tolist():
                tried = end.copy()
                tried[group] = months
                known = months > oldest and months - 1 in curves
                curves[months] = curves[months - 1] if known else fit_intensity(counts(tried), flat, dispersion, curve)
                scores[months - 1] = curves[months].evidence
            possible[group] = scores > scores.max() - HOPELESS
            common[group] = posterior(scores[None, :], beliefs[group])[0]
            end[group] = int(common[group].argmax()) + 1
            curve = curves[int(end[group])]
        dispersion = misfit(counts(end), curve)
    flat, curve = best([replace(flat, step=step) for step in STEPS], curve)
    return common, curve, dispersion, flat


def _levelled(source: Triangle | Traced, shape: Floats, after: Floats, covered: Floats) -> Triangle | Traced:
    """A triangle with the levels of its classes and models that these curves imply, rare ones drawn to their class."""
    if isinstance(source, Traced):
        return source
    lags = source.failures.shape[2]
    exposed = np.empty(source.levels.shape)
    for one in range(len(exposed)):
        intensity = shape[one] * (covered + after[one] * (1.0 - covered))
        younger = np.concatenate([np.zeros((len(covered), 1)), intensity[:, :-1]], axis=1)
        exposed[one] = (source.devices * 0.5 * (intensity + younger)[:, :lags]).sum(axis=1)
    seen = source.failures.sum(axis=2)
    usual = seen.sum(axis=1, keepdims=True) / np.maximum(exposed.sum(axis=1, keepdims=True), 1e-12)
    return replace(source, levels=(seen + 1.0) / (exposed + 1.0 / np.maximum(usual, 1e-12)))


def _repeated(curve: Intensity, number: int) -> tuple[Floats, Floats]:
    return np.tile(np.exp(curve.log_shape), (number, 1)), np.full(number, np.exp(curve.log_after))


def _by_class(
    source: Triangle | Traced, counts: Counts, curve: Intensity, dispersion: float, walk: float, number: int
) -> tuple[Floats, Floats]:
    """A curve per class of part around the common one, shape (classes, ages), and ρ of every class."""
    shape, after = _repeated(curve, number)
    of = np.arange(number) if isinstance(source, Triangle) else source.classes
    units = np.bincount(of[counts.series], counts.y, number)
    step, wide, after_sd = CLASS_CURVE
    around = Curve(curve.log_shape, curve.log_after, step, wide, after_sd, walk)
    single = (units > 0).sum() <= 1  # all that it knows is in the common curve
    for one in np.argsort(-units, kind="stable")[: 0 if single else CLASSES]:
        rows = of[counts.series] == one
        if units[one] >= ENOUGH:
            own = counts.of_series(rows)
            found = fit_intensity(own, around, 1.0, curve)
            found = fit_intensity(own, around, min(dispersion, misfit(own, found)), found)
            shape[one], after[one] = np.exp(found.log_shape), np.exp(found.log_after)
    return shape, after
