"""The list of methods as a value and as a file."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.mix import EVERY_CLASS, Methods, Mix, methods_from_text, methods_text

KNOWN = {"boosted": None, "gamma_poisson": None}
WHOLE = Mix({"boosted": 0.7, "gamma_poisson": 0.3}, 0.9)
EVIDENCE = pd.DataFrame([{"part_class": "", "method": "mix", "trials": 3, "scaled_pinball_loss": 0.2, "width": 0.9}])


@given(st.dictionaries(st.text(max_size=8), st.tuples(st.integers(0, 10), st.floats(0.1, 4.0)), max_size=4))
def test_methods_survive_their_file(classes: dict[str, tuple[int, float]]) -> None:
    """What is written reads back as it was, whatever the classes are called, and is written alike again."""
    mixes = {name: Mix({"boosted": n / 10, "gamma_poisson": 1 - n / 10}, width) for name, (n, width) in classes.items()}
    methods = Methods(6, {**mixes, EVERY_CLASS: WHOLE}, EVIDENCE)
    text = methods_text(methods)
    found = methods_from_text(text, KNOWN)
    assert (found.lead, found.mixes) == (methods.lead, methods.mixes)
    pd.testing.assert_frame_equal(found.evidence, EVIDENCE)
    assert methods_text(found) == text


def test_an_unknown_class_uses_the_mix_of_all() -> None:
    """A class without trials of its own is forecast as all parts together; methods without weight are not used."""
    methods = Methods(6, {EVERY_CLASS: Mix({"boosted": 1.0, "gamma_poisson": 0.0}, 1.0), "a": WHOLE}, EVIDENCE)
    assert methods.of("a") == WHOLE
    assert methods.of("b") == methods.mixes[EVERY_CLASS]
    assert methods.used == ("boosted", "gamma_poisson")
    assert Methods(6, {EVERY_CLASS: methods.of("b")}, EVIDENCE).used == ("boosted",)


def changed(**changes: object) -> str:
    """A good file with some of its content changed."""
    return json.dumps({"lead": 6, "classes": {"": {"weights": {"boosted": 1.0}, "width": 1.0}}} | changes)


def of_all(weights: object, width: object = 1.0) -> dict[str, object]:
    """Classes with this mix for all parts."""
    return {"": {"weights": weights, "width": width}}


REFUSED = {
    "no JSON": ("methods", "no list of methods"),
    "a list": ("[1]", "no list of methods"),
    "no lead": (json.dumps({"classes": of_all({"boosted": 1})}), "no list of methods"),
    "lead is a word": (changed(lead="long"), "no list of methods"),
    "lead of 0": (changed(lead=0), "a lead of at least 1"),
    "classes are a list": (changed(classes=[]), "no list of methods"),
    "no class for all": (changed(classes={"a": of_all({"boosted": 1})[""]}), "which stands for all parts"),
    "unknown method": (changed(classes=of_all({"oracle": 1.0})), 'class "" names unknown methods: oracle'),
    "weights are a number": (changed(classes=of_all(1)), "no list of methods"),
    "no weights": (changed(classes=of_all({})), "add up to 1"),
    "weights add up to 2": (changed(classes=of_all({"boosted": 1, "gamma_poisson": 1})), "add up to 1"),
    "negative weight": (changed(classes=of_all({"boosted": 2, "gamma_poisson": -1})), "at least 0"),
    "weight NaN": (changed(classes=of_all({"boosted": float("nan")})), "add up to 1"),
    "width of 0": (changed(classes=of_all({"boosted": 1.0}, 0)), "its width be above 0"),
    "width infinite": (changed(classes=of_all({"boosted": 1.0}, float("inf"))), "its width be above 0"),
    "width NaN": (changed(classes=of_all({"boosted": 1.0}, float("nan"))), "its width be above 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_file_is_refused(case: str) -> None:
    """Whatever is wrong is said in one sentence."""
    text, says = REFUSED[case]
    with pytest.raises(ValueError, match=says) as error:
        methods_from_text(text, KNOWN)
    assert "\n" not in str(error.value)
