"""Selection: the better method wins, small classes lean on the whole, widths are found."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from domain.counts import draw, quantile_table
from forecasting.law import DemandLaw
from forecasting.mix import EVERY_CLASS, Methods, Mix
from forecasting.scores import LEVELS, mean_change, scaled_pinball_loss
from forecasting.selection import BORROWED, WIDTHS, blended, mixed, select
from forecasting.series import Contender, Floats, Ints, Series
from forecasting.trials import Trial, panel_trials
from tests.forecasting.panels import LEAD, panel

PSI, KAPPA = 3.0, 0.2  # of the made-up demand
SERIES = 900


def known_rate(history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
    """The true law of demand made by `trials`: the rate of a series stands in its first period."""
    number = np.ones(len(history))
    mean = history.counts[:, :1] / 100 * future_exposure
    return DemandLaw(mean, PSI * number, number / KAPPA, number, 0 * number)


def silly(history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
    """Five times the truth, and sure of it."""
    true = known_rate(history, future_exposure, lead)
    return replace(true, mean=5 * true.mean)


def halved(history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
    """The true mean with half the ψ − 1 and κ."""
    return known_rate(history, future_exposure, lead).spread_by(np.full(len(history), 0.5))


def narrow_for_some(history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
    """The truth, but half as wide for the second class."""
    return known_rate(history, future_exposure, lead).spread_by(np.where(history.classes[:, 0] == 1, 0.5, 1.0))


def tried(classes: Ints | None = None, trials: int = 3, seed: int = 1) -> list[Trial]:
    """Trials of negative binomial demand with variance ψM + κM², the rate × 100 in the first period of each past."""
    rng = np.random.default_rng(seed)
    classes = np.zeros(SERIES, np.int64) if classes is None else classes
    made = []
    for _ in range(trials):
        rate = rng.uniform(0.5, 6.0, len(classes))
        past = np.column_stack([np.round(100 * rate), rng.poisson(rate[:, None], (len(classes), 11))])
        mean = past[:, 0] / 100 * LEAD
        demand = draw(rng, mean, PSI * mean + KAPPA * mean**2).astype(float)
        series = Series(
            past, np.ones_like(past), np.zeros(len(classes), np.int64), classes.reshape(-1, 1).astype(np.int64)
        )
        made.append(Trial(series, np.ones((len(classes), LEAD)), demand, ("common", "rare")))
    return made


def test_a_good_method_beats_a_silly_one() -> None:
    """The truth gets all weight beside five times the truth, and its own width; the evidence says by how much."""
    found = select(tried(), {"silly": silly, "truth": known_rate}, LEAD)
    for mix in found.mixes.values():
        assert mix.weights == {"silly": 0.0, "truth": 1.0}
        assert mix.width == pytest.approx(1.0, abs=0.11)
    whole = found.evidence[found.evidence["part_class"] == EVERY_CLASS].set_index("method")
    assert whole["bias"]["silly"] == pytest.approx(4.0, abs=0.3)
    assert whole["bias"]["truth"] == pytest.approx(0.0, abs=0.05)
    assert whole["scaled_pinball_loss"].idxmax() == "silly"
    assert (whole["trials"] == 3 * SERIES).all()


def test_a_spread_half_too_narrow_is_widened(monkeypatch: pytest.MonkeyPatch) -> None:
    """ψ − 1 and κ halved are found out: the loss is least at width 2, and faith in the method's own goes part of it."""
    faithful = select(tried(), {"halved": halved}, LEAD).mixes[EVERY_CLASS].width
    monkeypatch.setattr("forecasting.selection.FAITH", 0.0)
    assert select(tried(), {"halved": halved}, LEAD).mixes[EVERY_CLASS].width == 2.0
    assert 1.1 < faithful < 2.0


def test_a_class_with_few_trials_leans_on_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class of n series × trials goes n / (n + 300) of the way to its own width, on a log scale."""
    monkeypatch.setattr("forecasting.selection.FAITH", 0.0)
    for rare in (5, 300):
        of = (np.arange(SERIES) >= SERIES - rare).astype(np.int64)
        mixes = select(tried(of), {"narrow": narrow_for_some, "silly": silly}, LEAD).mixes
        own = 3 * rare / (3 * rare + BORROWED)
        whole = np.log(mixes[EVERY_CLASS].width)
        wanted = np.exp((np.log(mixes["rare"].width) - (1 - own) * whole) / own)
        assert np.abs(WIDTHS - wanted).min() < 0.01 * wanted  # a width of the grid
        assert mixes["rare"].weights["narrow"] == 1.0
    assert mixes["rare"].width > 1.5 > 1.15 > mixes["common"].width


@pytest.mark.parametrize("trials", [[], tried(trials=1)])
def test_without_a_trial_that_counts_the_first_method_takes_all(trials: list[Trial]) -> None:
    """No origins, or none at which anything was ever wanted: the first contender, its own width, no figures."""
    silent = [
        replace(trial, history=replace(trial.history, counts=np.zeros_like(trial.history.counts))) for trial in trials
    ]
    found = select(silent, {"truth": known_rate, "silly": silly}, LEAD)
    assert found.mixes == {EVERY_CLASS: Mix({"truth": 1.0, "silly": 0.0}, 1.0)}
    assert found.evidence["trials"].sum() == 0
    assert found.evidence["scaled_pinball_loss"].isna().all()


def test_the_mix_is_at_least_as_good_as_its_methods() -> None:
    """On the very trials it was chosen at, the mix loses no more than the best method alone."""
    contenders: Mapping[str, Contender] = {"halved": halved, "silly": silly, "truth": known_rate}
    evidence = select(tried(seed=4), contenders, LEAD).evidence
    whole = evidence[evidence["part_class"] == EVERY_CLASS].set_index("method")["scaled_pinball_loss"]
    assert whole["mix"] <= whole.drop("mix").min() + 1e-12


def test_mixed_laws_average() -> None:
    """Means, ψ and κ of a mix are weighted averages; discount and drift are the heavier method's."""
    one = DemandLaw(np.full((2, 3), 2.0), np.array([1.0, 2.0]), np.array([4.0, 4.0]), np.full(2, 0.9), np.ones(2))
    two = DemandLaw(np.full((2, 3), 4.0), np.array([3.0, 4.0]), np.array([1.0, 1e9]), np.full(2, 1.0), np.zeros(2))
    law = mixed({"one": one, "two": two}, {"one": np.array([0.75, 0.25]), "two": np.array([0.25, 0.75])})
    np.testing.assert_allclose(law.mean, [[2.5] * 3, [3.5] * 3])
    np.testing.assert_allclose(law.batch_index, [1.5, 3.5])
    np.testing.assert_allclose(1 / law.rate_shape, [0.75 / 4 + 0.25, 0.25 / 4 + 0.75e-9])
    np.testing.assert_array_equal(law.discount, [0.9, 1.0])
    np.testing.assert_array_equal(law.drift, [1.0, 0.0])


def test_what_is_scored_is_what_is_handed_on() -> None:
    """The loss in the evidence is that of the quantiles of `blended` at that origin, classes and widths included."""
    made = (
        np.random.default_rng(2).poisson(np.random.default_rng(3).uniform(0.2, 4.0, (400, 1)), (400, 30)).astype(float)
    )
    history = panel(made, classes=2)
    names = ("common", "rare")
    trial = panel_trials(history, names, LEAD)[:1]
    found = select(trial, {"truth": known_rate, "halved": halved}, LEAD)
    handed = blended(found, {"truth": known_rate, "halved": halved}, names, trial[0].history, trial[0].exposure)
    levels = quantile_table(*handed.moments(LEAD), LEVELS).astype(float)
    past = trial[0].history.counts
    scale = mean_change(past, np.ones(past.shape, bool))
    evidence = found.evidence.set_index(["part_class", "method"])["scaled_pinball_loss"]
    for code, name in enumerate(names):
        rows = (trial[0].history.classes[:, 0] == code) & (scale > 0)
        loss = scaled_pinball_loss(trial[0].demand[rows], levels[rows], scale[rows], LEAD).mean()
        assert evidence[name, "mix"] == pytest.approx(loss, rel=1e-3)


def test_only_methods_with_weight_are_run() -> None:
    """A method that no class uses is not called."""

    def never(history: Series, future_exposure: Floats, lead: int) -> DemandLaw:
        raise AssertionError("called without weight")

    history = tried(trials=1)[0].history
    methods = Methods(LEAD, {EVERY_CLASS: Mix({"truth": 1.0, "never": 0.0}, 1.0)}, select([], {}, LEAD).evidence)
    law = blended(methods, {"truth": known_rate, "never": never}, ("common",), history, np.ones((len(history), LEAD)))
    np.testing.assert_allclose(law.mean, known_rate(history, np.ones((len(history), LEAD)), LEAD).mean)
