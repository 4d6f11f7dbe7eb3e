"""Which forecasting methods, in what mix, and how wide: learnt per class of parts by rolling origins.

Each trial is an origin inside the history; all methods forecast the lead after it from what was known then. A class
gets the mix with the least scaled pinball loss of total demand over the lead, found by adding the best method ten times
over (Caruana et al. 2004), then the width, a factor on ψ − 1 and κ, with the least loss of that mix. A class with few
trials leans on all parts together. What is scored is the very law that is handed on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.counts import quantile_table
from forecasting.law import DemandLaw
from forecasting.mix import EVERY_CLASS, Methods, Mix
from forecasting.scores import LEVELS, mean_change, scaled_pinball_loss, scored
from forecasting.series import Contender, Series
from forecasting.trials import Trial

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

STEPS = 10  # a mix comes in tenths
WORTH = 0.005  # share of the loss that a mix must save: at later origins smaller gains were none
WIDTHS = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.4, 1.6, 2.0, 2.5])
FAITH = 0.1  # a width must lower the loss by this share of its squared logarithm: the methods' own is the habit
BORROWED = 300.0  # weight of all parts together in a class, in series × trials


def select(tried: Sequence[Trial], contenders: Mapping[str, Contender], lead: int) -> Methods:
    """The best mix and width for every class of parts, and for all together.

    Without a trial that counts, the first contender takes all.
    """
    laws = {
        name: [contender(trial.history, trial.exposure, lead) for trial in tried]
        for name, contender in contenders.items()
    }
    outcome = _outcome(tried)
    table = _Table(outcome, {name: _joined(parts, outcome.use) for name, parts in laws.items()}, lead)
    whole = table.best_mix(np.ones(len(outcome.demand), np.bool_), None)
    mixes = {EVERY_CLASS: whole}
    evidence = [table.evidence(EVERY_CLASS, whole, np.ones(len(outcome.demand), np.bool_))]
    for name in np.unique(outcome.part_class):
        rows = outcome.part_class == name
        mixes[str(name)] = table.best_mix(rows, whole)
        evidence.append(table.evidence(str(name), mixes[str(name)], rows))
    return Methods(lead, mixes, pd.concat(evidence, ignore_index=True))


def blended(
    methods: Methods,
    contenders: Mapping[str, Contender],
    names: Sequence[str],
    history: Series,
    future_exposure: Floats,
) -> DemandLaw:
    """The law of every series as the mix of its class: means, ψ − 1 and κ are averaged, then widened.

    Discount and drift are those of the heaviest method.
    """
    mixes = [methods.of(name) for name in names]
    of = history.classes[:, 0]
    laws = {name: contenders[name](history, future_exposure, methods.lead) for name in methods.used}
    weights = {name: np.array([mix.weights.get(name, 0.0) for mix in mixes])[of] for name in laws}
    return mixed(laws, weights).spread_by(np.array([mix.width for mix in mixes])[of])


def mixed(laws: Mapping[str, DemandLaw], weights: Mapping[str, Floats]) -> DemandLaw:
    """Average of laws with the weights of every series, shape (series,) each, adding up to 1."""
    names = list(laws)
    heaviest = np.argmax([weights[name] for name in names], axis=0)

    def average(values: Mapping[str, Floats]) -> Floats:
        total: Floats = sum((weights[name] * values[name] for name in names), start=np.zeros(len(heaviest)))
        return total

    mean = sum((weights[name][:, None] * laws[name].mean for name in names), start=np.zeros_like(laws[names[0]].mean))
    return DemandLaw(
        mean=mean,
        batch_index=average({name: law.batch_index for name, law in laws.items()}),
        rate_shape=1.0 / average({name: 1.0 / law.rate_shape for name, law in laws.items()}),
        discount=np.choose(heaviest, [laws[name].discount for name in names]),
        drift=np.choose(heaviest, [laws[name].drift for name in names]),
    )


@dataclass(frozen=True)
class _Outcome:
    """What happened in all trials, joined: demand, scale, class of the rows that count; `use`: which of all."""

    demand: Floats
    scale: Floats
    part_class: npt.NDArray[np.str_]
    use: Bools


def _outcome(tried: Sequence[Trial]) -> _Outcome:
    use, scale, part_class = [np.zeros(0, np.bool_)], [np.zeros(0)], [np.zeros(0, str)]
    for trial in tried:
        past, known = trial.history.counts, trial.history.exposure > 0
        use.append(scored(past, known) & (trial.exposure.sum(axis=1) > 0))
        scale.append(mean_change(past, known))
        part_class.append(np.array(trial.names, str)[trial.history.classes[:, 0]])
    counts = np.concatenate(use)
    return _Outcome(
        demand=np.concatenate([np.zeros(0), *(trial.demand for trial in tried)])[counts],
        scale=np.concatenate(scale)[counts],
        part_class=np.concatenate(part_class)[counts],
        use=counts,
    )


def _joined(laws: Sequence[DemandLaw], use: Bools) -> DemandLaw:
    """One law over the rows of all trials that count."""
    if not laws:
        return DemandLaw(np.zeros((0, 1)), *np.zeros((4, 0)))
    columns = (column.name for column in fields(DemandLaw))
    return DemandLaw(**{name: np.concatenate([getattr(law, name) for law in laws]) for name in columns}).rows(use)


@dataclass(frozen=True)
class _Table:
    """All methods' laws of the rows that count, and their scores."""

    outcome: _Outcome
    laws: Mapping[str, DemandLaw]
    lead: int

    def best_mix(self, rows: Bools, whole: Mix | None) -> Mix:
        """The mix of these rows, leaning on that of all parts together where one is given."""
        if not rows.any():
            return Mix({name: float(k == 0) for k, name in enumerate(self.laws)}, 1.0)
        weights = self._best_weights(rows)
        own = rows.sum() / (rows.sum() + BORROWED) if whole else 1.0
        if whole:
            weights = {name: own * weight + (1 - own) * whole.weights[name] for name, weight in weights.items()}
        width = self._best_width(rows, weights)
        if whole:
            width = float(np.exp(own * np.log(width) + (1 - own) * np.log(whole.width)))
        return Mix({name: round(weight, 4) for name, weight in weights.items()}, round(width, 4))

    def loss(self, rows: Bools, weights: Mapping[str, float], width: float = 1.0) -> float:
        """Mean scaled pinball loss of a mix over these rows."""
        law = self._law(rows, weights, width)
        mean, variance = law.moments(self.lead)
        levels = quantile_table(mean, variance, LEVELS).astype(np.float64)
        return float(scaled_pinball_loss(self.outcome.demand[rows], levels, self.outcome.scale[rows], self.lead).mean())

    def evidence(self, name: str, mix: Mix, rows: Bools) -> pd.DataFrame:
        """A row per method and one for the mix."""
        alone = {method: {method: 1.0} for method in self.laws}
        candidates = {**alone, "mix": mix.weights}
        demand = float(self.outcome.demand[rows].sum())
        return pd.DataFrame(
            {
                "part_class": name,
                "method": list(candidates),
                "trials": int(rows.sum()),
                "scaled_pinball_loss": [
                    self.loss(rows, weights, mix.width if method == "mix" else 1.0) if rows.any() else np.nan
                    for method, weights in candidates.items()
                ],
                "bias": [
                    float(self._law(rows, weights, 1.0).mean.sum()) / demand - 1.0 if demand else np.nan
                    for weights in candidates.values()
                ],
                "weight": [*(mix.weights.get(method, 0.0) for method in self.laws), 1.0],
                "width": mix.width,
            }
        )

    def _law(self, rows: Bools, weights: Mapping[str, float], width: float) -> DemandLaw:
        some = {name: weight for name, weight in weights.items() if weight > 0}
        total = sum(some.values())
        number = int(rows.sum())
        law = mixed(
            {name: self.laws[name].rows(rows) for name in some},
            {name: np.full(number, weight / total) for name, weight in some.items()},
        )
        return law.spread_by(np.full(number, width))

    def _best_weights(self, rows: Bools) -> dict[str, float]:
        """Greedy ensemble: the method whose tenth lowers the loss most is added, ten times; the first wins a tie. The
        best method alone is kept where the ensemble does not gain `WORTH` on it."""
        alone = {name: self.loss(rows, {name: 1.0}) for name in self.laws}
        best = min(alone, key=alone.__getitem__)
        count = {name: int(name == best) for name in self.laws}
        for _ in range(STEPS - 1):
            losses = {name: self.loss(rows, {**count, name: count[name] + 1}) for name in count}
            count[min(losses, key=losses.__getitem__)] += 1
        if self.loss(rows, count) > (1.0 - WORTH) * alone[best]:
            return {name: float(name == best) for name in self.laws}
        return {name: number / STEPS for name, number in count.items()}

    def _best_width(self, rows: Bools, weights: Mapping[str, float]) -> float:
        losses = [self.loss(rows, weights, float(width)) * (1.0 + FAITH * np.log(width) ** 2) for width in WIDTHS]
        return float(WIDTHS[int(np.argmin(losses))])
