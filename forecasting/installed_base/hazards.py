"""Hazards: failure intensity by class of part and age, and each model's end of warranty, learnt from a network.

One curve for all, then one per class of part around it; one end of warranty for all models of which the table says the
same, then one per model around those (empirical Bayes). New parts and models get their class's curve by that.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.network import Network
from forecasting.installed_base.cohorts import Cohorts, complete_months
from forecasting.installed_base.evidence import Traced, Triangle, traced, triangle
from forecasting.installed_base.intensity import (
    AFTER,
    Counts,
    Curve,
    Intensity,
    fit_intensity,
    misfit,
)
from forecasting.installed_base.warranty import WarrantyEnd, end_prior, pooled_ends

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

AGES = 84  # months of age after which intensity stands still
STEPS = (0.05, 0.15, 0.4)  # standard deviations of log intensity from one month of age to the next
CLASSES = 24  # curves of their own; rarer classes of parts share the general one
CLASS_CURVE = (0.15, 1.0, 1.0)  # standard deviations of a class around all: per step, over all, of log ρ
ENOUGH = 30.0  # units that earn a class its curve
TURNS = 3  # of learning ends and curves from each other


@dataclass(frozen=True)
class Hazards:
    """Intensity (per device-month, up to a level of each part) by class of part and age, and who is covered when.

    classes: of every part, shape (parts,). shape: intensity in warranty, shape (classes, ages); after: share of it that
    comes after the warranty's end, shape (classes,). covered: share of a model's devices in warranty by age, shape
    (models, ages); ends: probability of each end. source: "failures", "usage" or "" where nothing hangs on sales.
    """

    classes: Ints
    shape: Floats
    after: Floats
    covered: Floats
    ends: WarrantyEnd
    curve: Intensity
    dispersion: float
    source: str


def learn_hazards(network: Network, cohorts: Cohorts, classes: Ints, fits: pd.DataFrame) -> Hazards | None:
    """Hazards of a network up to `as_of`; None where no demand hangs on any sales.

    classes: code of every part's class, shape (parts,). fits: model and part (codes) and quantity.
    """
    last = complete_months(network)
    ages = int(np.clip(last - cohorts.first + 1, 1, AGES))
    class_of_part = pd.Series(classes, index=network.parts["part"])
    known = triangle(network, cohorts, class_of_part, last)
    if known is not None:
        ages = known.failures.shape[2]
    source = known or traced(network, cohorts, class_of_part, fits, last, ages)
    if source is None:
        return None
    written, groups = np.unique(network.models["warranty_months"].to_numpy(np.float64), return_inverse=True)
    beliefs = np.stack([end_prior(months, ages) for months in written])
    number = int(classes.max()) + 1
    end, curve, dispersion, step = _common_ends(source, written, groups, beliefs, ages)
    covered = (np.arange(ages)[None, :] < end[groups][:, None]).astype(np.float64)
    ends = WarrantyEnd(beliefs[groups])
    prior = Curve(np.zeros(ages), AFTER[0], step)
    shape, after = _repeated(curve, number)
    for _ in range(TURNS):
        source = _levelled(source, shape, after, covered)
        ends = pooled_ends(source.ends(shape, after, covered) / dispersion, groups, _group_beliefs(beliefs, end))
        covered = ends.covered
        counts = source.counts(covered)
        curve = fit_intensity(counts, prior, dispersion, curve)
        shape, after = _by_class(source, counts, curve, dispersion, number)
    name = "failures" if isinstance(source, Triangle) else "usage"
    return Hazards(classes, shape, after, covered, ends, curve, dispersion, name)


def _group_beliefs(beliefs: Floats, end: Ints) -> Floats:
    """What is believed of the models of a group once its common end is known: that end, or else what was believed."""
    found = 0.5 * beliefs
    found[np.arange(len(end)), end - 1] += 0.5
    return found


def _common_ends(
    source: Triangle | Traced, written: Floats, groups: Ints, beliefs: Floats, ages: int
) -> tuple[Ints, Intensity, float, float]:
    """The end of warranty of every group by evidence (all smooth curves integrated out), the curve, its dispersion, and
    its roughness."""
    end = np.clip(np.round(written), 1, ages).astype(np.int64)
    flat = Curve(np.zeros(ages), AFTER[0], STEPS[1])

    def counts(tried: Ints) -> Counts:
        return source.counts((np.arange(ages)[None, :] < tried[groups][:, None]).astype(np.float64))

    curve = fit_intensity(counts(end), flat)
    dispersion = misfit(counts(end), curve)
    for _ in range(TURNS):
        for group in range(len(written)):
            scores = np.full(ages, -np.inf)
            curves: list[Intensity] = []
            for months in range(1, ages + 1):
                tried = end.copy()
                tried[group] = months
                curves.append(fit_intensity(counts(tried), flat, dispersion, curve))
                scores[months - 1] = curves[-1].evidence + np.log(beliefs[group, months - 1])
            end[group] = int(scores.argmax()) + 1
            curve = curves[end[group] - 1]
        dispersion = misfit(counts(end), curve)
    found = [fit_intensity(counts(end), replace(flat, step=step), dispersion, curve) for step in STEPS]
    best = int(np.argmax([each.evidence for each in found]))
    return end, found[best], dispersion, STEPS[best]


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
    source: Triangle | Traced, counts: Counts, curve: Intensity, dispersion: float, number: int
) -> tuple[Floats, Floats]:
    """A curve per class of part around the common one, shape (classes, ages), and ρ of every class."""
    shape, after = _repeated(curve, number)
    of = np.arange(number) if isinstance(source, Triangle) else source.classes
    units = np.bincount(of[counts.series], counts.y, number)
    step, wide, after_sd = CLASS_CURVE
    around = Curve(curve.log_shape, curve.log_after, step, wide, after_sd)
    for one in np.argsort(-units, kind="stable")[:CLASSES]:
        rows = of[counts.series] == one
        if units[one] >= ENOUGH:
            series = np.unique(counts.series[rows], return_inverse=True)[1]
            own = Counts(counts.y[rows], series, counts.inside[rows], counts.outside[rows])
            found = fit_intensity(own, around, 1.0, curve)
            found = fit_intensity(own, around, min(dispersion, misfit(own, found)), found)
            shape[one], after[one] = np.exp(found.log_shape), np.exp(found.log_after)
    return shape, after
