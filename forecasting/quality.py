"""Quality signals: which parts fail above their category, and since when (MODEL 1).

A part's failures are Poisson around ratio × expected; ratios of a category follow a mixture of gammas of mean m, learnt
by empirical Bayes. Reported is the largest set whose mean posterior probability of a ratio *below* 1.2 × m is ≤ 5 %:
the expected share of false discoveries (Bayesian FDR: Newton, Noueiry, Sarkar & Ahlquist 2004, "Detecting differential
gene expression with a semiparametric hierarchical mixture method"). A CUSUM dates the turn.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc, gammaln

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ABOVE = 1.2  # times its category: what counts as failing
FALSE_SHARE = 0.05  # expected share of false discoveries
SHAPES = 2.0 ** np.arange(-1.0, 11.0)  # α: the squared variation of ratios within a category is 1/α
ALARM_WEEKS = 20 * 52  # weeks between false alarms of one CUSUM, at least
FAINT = np.exp(-0.5 * (np.log(SHAPES / 4.0) / 1.5) ** 2)  # which α to expect of a category not yet known
FAINT /= FAINT.sum()
_ROUNDS = 30  # of expectation-maximisation


@dataclass(frozen=True)
class Failing:
    """level: mean ratio of the category; usual: failures at that level; ratio: posterior mean of actual ÷ usual.

    below: posterior probability that the ratio is below `above`; failing: members of the set. Shape (series,).
    """

    level: Floats
    usual: Floats
    ratio: Floats
    below: Floats
    failing: Bools


@dataclass(frozen=True)
class Turned:
    """What a CUSUM found, −1 where nothing: alarm, the week in which it crossed its limit; since, the estimated first
    week of the change. Shape (series,)."""

    alarm: Ints
    since: Ints


def failing_sets(
    actual: Floats, expected: Floats, category: Ints, above: float = ABOVE, false_share: float = FALSE_SHARE
) -> Failing:
    """The largest set of failing series whose expected share of false discoveries is at most `false_share`.

    actual: failures, expected: failures to be expected > 0 or 0 where the series says nothing, category: codes from 0;
    shape (series,). above: times the category's mean ratio. Given α the posterior is Gamma(α + actual, α + usual).
    """
    prior = category_prior(actual, expected, category)
    usual = prior.level[category] * expected
    weight = prior.weight[:, category] * _likelihood(actual, usual, _rising(actual))
    weight /= weight.sum(axis=0)
    alpha = SHAPES[:, None]
    below: Floats = (weight * gammainc(alpha + actual, (alpha + usual) * above)).sum(axis=0)
    order = np.lexsort((np.arange(len(below)), below))
    running = np.cumsum(below[order]) / np.arange(1, len(below) + 1)
    failing = np.zeros(len(below), bool)
    failing[order[running <= false_share]] = True
    ratio = (weight * (alpha + actual) / (alpha + usual)).sum(axis=0)
    return Failing(prior.level[category], usual, ratio, below, failing & (expected > 0))


@dataclass(frozen=True)
class Prior:
    """level: mean ratio m of each category, shape (categories,); weight of each of `SHAPES`, (shapes, categories)."""

    level: Floats
    weight: Floats


def category_prior(actual: Floats, expected: Floats, category: Ints) -> Prior:
    """The law of ratios in every category: a mixture of Gamma(α, α/m) over `SHAPES`, by expectation-maximisation.

    A mixture, for a few faulty parts must not make their sound neighbours look varied. m solves Σ (y − m·E)·w = 0,
    w = α/(α + m·E), and leans on the mean of all with the weight of one case; the weights of the gammas lean on `FAINT`
    with that of one part.
    """
    number = int(category.max(initial=0)) + 1
    overall = (actual.sum() + 0.5) / (expected.sum() + 0.5)
    level, weight = np.full(number, overall), np.tile(FAINT[:, None], number)
    rising = _rising(actual)
    for _ in range(_ROUNDS):
        usual = level[category] * expected
        member = weight[:, category] * _likelihood(actual, usual, rising)
        member *= (expected > 0) / member.sum(axis=0)
        parts = np.stack([np.bincount(category, each, number) for each in member])
        weight = (parts + FAINT[:, None]) / (parts.sum(axis=0) + 1.0)
        trust = (member * SHAPES[:, None] / (SHAPES[:, None] + usual)).sum(axis=0)
        units = np.bincount(category, trust * actual, number) + 1.0
        level = units / (np.bincount(category, trust * expected, number) + 1.0 / overall)
    return Prior(level, weight)


def _rising(actual: Floats) -> Floats:
    """log of α^α·Γ(α + actual)/Γ(α), shape (shapes, series)."""
    alpha = SHAPES[:, None]
    logarithm: Floats = gammaln(actual + alpha) - gammaln(alpha) + alpha * np.log(alpha)
    return logarithm


def _likelihood(actual: Floats, usual: Floats, rising: Floats) -> Floats:
    """P(actual) when the ratio is Gamma(α, α), divided by the largest over α; shape (shapes, series)."""
    alpha = SHAPES[:, None]
    score = rising - (alpha + actual) * np.log(alpha + usual)
    likelihood: Floats = np.exp(score - score.max(axis=0))
    return likelihood


def cusum(actual: Floats, expected: Floats, ratio: float = 2.0, alarm_weeks: float = ALARM_WEEKS) -> Turned:
    """Poisson CUSUM of a rise from `expected` to `ratio` × `expected` (Lucas 1985), one per series.

    actual: failures, expected: their known in-control mean, shape (series, weeks). The statistic max(0, S + y·log ρ −
    (ρ − 1)·μ) is Lucas's with means that change by week; its limit is log(alarm_weeks), for then the mean number of
    weeks to a false alarm is at least `alarm_weeks` (Lorden 1971). `since` is the week after it last stood at 0 (Page
    1954). Only an alarm that still stands at the end counts. Raises ValueError unless ratio and alarm_weeks are > 1.
    """
    if ratio <= 1.0 or alarm_weeks <= 1.0:
        raise ValueError("ratio and alarm_weeks must be above 1")
    series, weeks = actual.shape
    statistic = np.zeros(series)
    alarm, since = np.full(series, -1), np.zeros(series, np.int64)
    for week in range(weeks):
        statistic = np.maximum(statistic + actual[:, week] * np.log(ratio) - (ratio - 1.0) * expected[:, week], 0.0)
        calm = statistic <= 0.0
        alarm[calm], since[calm] = -1, week + 1
        alarm = np.where((alarm < 0) & (statistic > np.log(alarm_weeks)), week, alarm)
    return Turned(alarm, np.where(alarm >= 0, since, -1))
