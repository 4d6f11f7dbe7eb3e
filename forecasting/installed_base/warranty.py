"""The end of the warranty, learnt: what is expected of it before the data, and what each model's demand says.

Ends are whole months of age 1..ages; the last stands for "none within the ages". The table's `warranty_months` is only
where belief begins: warranties are usually whole years, sales are counted when devices leave for the shops, and a
table's default may be wrong.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DEFAULT_MONTHS = 12  # what a table that does not tell its warranties says of all models
AS_WRITTEN = 0.6  # belief in the table
SILENT = 0.2  # belief in a table that says the default of all models
YEARS = {12: 0.10, 24: 0.16, 36: 0.08, 48: 0.01}  # odds of whole years otherwise
ANYTHING = 0.04  # in any other end, the rest is for none at all
DELAY = np.array([0.55, 0.20, 0.15, 0.10])  # months by which an end comes late: 0, 1, 2, 3
OWN = 6.0  # models' worth of belief that a model ends as its group's curve says before its group is known
ROUNDS = 30  # of the group's distribution


@dataclass(frozen=True)
class WarrantyEnd:
    """Probability of each end of warranty, shape (models, ages): column a is the end at age a + 1 months."""

    probability: Floats

    @property
    def covered(self) -> Floats:
        """Share in warranty during month of age a, shape (models, ages): the chance that it ends later than a."""
        upto = np.cumsum(self.probability, axis=1)
        share: Floats = np.clip(1.0 - np.concatenate([np.zeros((len(upto), 1)), upto[:, :-1]], axis=1), 0.0, 1.0)
        return share


def end_prior(written: float, ages: int, faith: float = AS_WRITTEN) -> Floats:
    """Belief in each end of warranty given the table's months and the faith in them, shape (ages,), adding up to 1."""
    belief = np.full(ages, ANYTHING / ages)
    others = (1.0 - faith) / (1.0 - AS_WRITTEN)
    beliefs = {months: odds * others for months, odds in YEARS.items()}
    beliefs[round(written)] = beliefs.get(round(written), 0.0) + faith
    for end, weight in beliefs.items():
        for late, share in enumerate(DELAY):
            if 1 <= end + late <= ages:
                belief[end + late - 1] += weight * share
    belief[-1] += max(0.0, 1.0 - belief.sum())
    probability: Floats = belief / belief.sum()
    return probability


def posterior(log_likelihood: Floats, belief: Floats) -> Floats:
    """Probability of each end, shape (models, ages), given log likelihoods of that shape and a belief, (ages,)."""
    log = log_likelihood + np.log(belief)
    odds = np.exp(log - log.max(axis=1, keepdims=True))
    probability: Floats = odds / odds.sum(axis=1, keepdims=True)
    return probability


def pooled_ends(log_likelihood: Floats, groups: Ints, beliefs: Floats) -> WarrantyEnd:
    """Ends of all models of which those of a group lean on each other (empirical Bayes by expectation–maximisation).

    log_likelihood: shape (models, ages). groups: code of every model. beliefs: of every group, shape (groups, ages).
    """
    probability = np.empty_like(log_likelihood)
    for group, belief in enumerate(beliefs):
        members = groups == group
        pooled = belief
        for _ in range(ROUNDS if members.any() else 0):
            found = posterior(log_likelihood[members], pooled)
            pooled = (OWN * belief + found.sum(axis=0)) / (OWN + members.sum())
        if members.any():
            probability[members] = posterior(log_likelihood[members], pooled)
    return WarrantyEnd(probability)


def credible_ends(probability: Floats, level: float = 0.95) -> tuple[int, int]:
    """First and last end (months) of the narrowest set of ends that holds `level` of the probability, shape (ages,)."""
    order = np.argsort(-probability, kind="stable")
    held = order[: int(np.searchsorted(np.cumsum(probability[order]), level)) + 1]
    return int(held.min()) + 1, int(held.max()) + 1
